//! A network of made-up hosts: a proxy that ends TLS with certificates of its own, writes down every request with
//! the host that it was meant for, and leads it to a sandbox. As at Confluence Cloud, HTTP/2 is spoken with those who
//! can.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use assert_cmd::Command;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::extract::connect_info::{ConnectInfo, Connected};
use axum::http::header::{AUTHORIZATION, HOST};
use axum::http::request::Parts;
use axum::http::{Response, Version};
use axum::serve::IncomingStream;
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
    pub(crate) version: Version,
    pub(crate) connection: Connection,
}

/// One of those that a host accepted, by where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Connection(SocketAddr);

impl Connected<IncomingStream<'_, Tunnels>> for Connection {
    fn connect_info(stream: IncomingStream<'_, Tunnels>) -> Self {
        Self(*stream.remote_addr())
    }
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
        let app = Router::new().fallback(move |connection: ConnectInfo<Connection>, request: Request| {
            let (log, http) = (Arc::clone(&log), http.clone());
            let (parts, body) = request.into_parts();
            let seen = Seen::of(&parts, connection.0);
            log.lock().unwrap().push(seen.clone());
            let (origin, is_mute) = (hosts[&seen.host].clone(), mute.contains(&seen.host));
            async move { pass_on(parts, body, &origin, is_mute, &http).await }
        });
        let tcp = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = tcp.local_addr().unwrap();
        let tunnels = Tunnels { tcp, tls: TlsAcceptor::from(Arc::new(config)) };
        let app = app.into_make_service_with_connect_info::<Connection>();
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

impl Seen {
    fn of(parts: &Parts, connection: Connection) -> Self {
        // HTTP/2 has the host in the address of a request, HTTP/1.1 in a header.
        let host = match parts.uri.authority() {
            Some(authority) => authority.as_str().to_owned(),
            None => parts.headers[HOST].to_str().unwrap().to_owned(),
        };
        let path = parts.uri.path().to_owned();
        let signed = parts.headers.contains_key(AUTHORIZATION);
        Self { host, path, signed, version: parts.version, connection }
    }
}

async fn pass_on(
    parts: Parts,
    body: Body,
    origin: &str,
    is_mute: bool,
    http: &reqwest::Client,
) -> Response<Body> {
    if is_mute && parts.uri.path().ends_with("/settings/systemInfo") {
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
    let mut config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    config.alpn_protocols = [&b"h2"[..], b"http/1.1"].map(<[u8]>::to_vec).to_vec();
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
