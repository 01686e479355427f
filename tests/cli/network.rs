//! A network of made-up hosts: a proxy that ends TLS with certificates of its own, writes down every request with
//! the host that it was meant for, and leads it to a sandbox.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use assert_cmd::Command;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::Response;
use axum::http::header::{AUTHORIZATION, HOST};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::server::TlsStream;

/// A request as it arrived at a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) host: String,
    pub(crate) path: String,
    /// Whether credentials came with it.
    pub(crate) signed: bool,
}

/// Hosts that a run can reach, and no others.
pub(crate) struct Network {
    address: SocketAddr,
    /// The certificate that a run has to trust.
    authority: NamedTempFile,
    seen: Arc<Mutex<Vec<Seen>>>,
    _runtime: Runtime,
}

impl Network {
    /// Each host is a name and the origin of the server that answers for it. `mute` hosts do not tell what
    /// `settings/systemInfo` holds.
    pub(crate) fn of(hosts: &[(&str, &str)], mute: &[&str]) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let names: Vec<String> = hosts.iter().map(|(name, _)| (*name).to_owned()).collect();
        let (config, certificate) = certified(names);
        let mut authority = NamedTempFile::new().unwrap();
        authority.write_all(certificate.as_bytes()).unwrap();

        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let log = Arc::clone(&seen);
        let hosts: BTreeMap<String, String> =
            hosts.iter().map(|(name, origin)| ((*name).to_owned(), (*origin).to_owned())).collect();
        let mute: BTreeSet<String> = mute.iter().map(|name| (*name).to_owned()).collect();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let app = Router::new().fallback(move |request: Request| {
            let (log, http) = (Arc::clone(&log), http.clone());
            let host = request.headers()[HOST].to_str().unwrap().to_owned();
            let (origin, is_mute) = (hosts[&host].clone(), mute.contains(&host));
            async move { pass_on(request, host, &origin, is_mute, &http, &log).await }
        });
        let tcp = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = tcp.local_addr().unwrap();
        let tunnels = Tunnels { tcp, tls: TlsAcceptor::from(Arc::new(config)) };
        drop(runtime.spawn(async move { axum::serve(tunnels, app).await }));
        Self { address, authority, seen, _runtime: runtime }
    }

    /// Puts a run into this network.
    pub(crate) fn around(&self, command: &mut Command) {
        command
            .env("HTTPS_PROXY", format!("http://{}", self.address))
            .env("SSL_CERT_FILE", self.authority.path());
    }

    /// Every request since this was asked last.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

async fn pass_on(
    request: Request,
    host: String,
    origin: &str,
    is_mute: bool,
    http: &reqwest::Client,
    log: &Mutex<Vec<Seen>>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let signed = parts.headers.contains_key(AUTHORIZATION);
    log.lock().unwrap().push(Seen { host, path: path.clone(), signed });
    if is_mute && path.ends_with("/settings/systemInfo") {
        return Response::builder().status(403).body(Body::from("{\"message\": \"no\"}")).unwrap();
    }
    let url = format!("{origin}{}", parts.uri.path_and_query().unwrap());
    let mut headers = parts.headers;
    headers.remove(HOST);
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let answer = http.request(parts.method, url).headers(headers).body(body).send().await.unwrap();
    let mut passed = Response::builder().status(answer.status());
    *passed.headers_mut().unwrap() = answer.headers().clone();
    passed.body(Body::from(answer.bytes().await.unwrap())).unwrap()
}

/// A server's certificate for all names, and the certificate of its issuer.
fn certified(names: Vec<String>) -> (ServerConfig, String) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "an authority for tests");
    let authority_key = KeyPair::generate().unwrap();
    let certificate = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    (config, certificate)
}

/// What a proxy accepts: a CONNECT, and then TLS for the host in it.
struct Tunnels {
    tcp: TcpListener,
    tls: TlsAcceptor,
}

impl Tunnels {
    async fn open(&self, mut stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.ok()?);
        }
        assert!(head.starts_with(b"CONNECT "), "{}", String::from_utf8_lossy(&head));
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
        self.tls.accept(stream).await.ok()
    }
}

impl axum::serve::Listener for Tunnels {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            if let Ok((stream, peer)) = self.tcp.accept().await
                && let Some(tunnel) = self.open(stream).await
            {
                return (tunnel, peer);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}
