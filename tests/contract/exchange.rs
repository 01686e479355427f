//! A sandbox behind a proxy that writes down what is sent and what is answered.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::Response;
use confperm::sandbox::{self, Options, Running, Site};
use serde_json::Value;
use tokio::runtime::Runtime;

/// A request and its answer.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) sender: Sender,
    /// What it was sent for, such as `apply, pre-roles`.
    pub(crate) scene: String,
    pub(crate) method: String,
    /// From `/wiki` on.
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) sent: Vec<u8>,
    pub(crate) status: u16,
    pub(crate) answered: Vec<u8>,
}

/// Which program a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    /// confperm: every request has to be right.
    Client,
    /// The tests themselves: requests may be wrong on purpose.
    Test,
}

/// A served site and the proxy before it.
pub(crate) struct Recorder {
    runtime: Runtime,
    running: Running,
    /// The address of the proxy, without `/wiki`.
    origin: String,
    scene: Arc<Mutex<(Sender, String)>>,
    exchanges: Arc<Mutex<Vec<Exchange>>>,
    http: reqwest::Client,
}

impl Recorder {
    pub(crate) fn before(state: &str) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let site = Site::from_yaml(state).unwrap_or_else(|error| panic!("{error}\n{state}"));
        let running = runtime.block_on(sandbox::serve(site, Options::default())).unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let scene = Arc::new(Mutex::new((Sender::Test, String::new())));
        let exchanges: Arc<Mutex<Vec<Exchange>>> = Arc::default();
        let behind = format!("http://{}", running.address());
        let parts = (Arc::clone(&scene), Arc::clone(&exchanges), http.clone());
        let app = Router::new().fallback(move |request: Request| {
            let (scene, exchanges, http) = parts.clone();
            let behind = behind.clone();
            async move {
                let scene = scene.lock().unwrap().clone();
                let (exchange, response) = pass(&http, &behind, scene, request).await;
                exchanges.lock().unwrap().push(exchange);
                response
            }
        });
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        drop(runtime.spawn(async move { axum::serve(listener, app).await }));
        Self { runtime, running, origin, scene, exchanges, http }
    }

    /// What the following requests are sent for.
    pub(crate) fn scene(&self, sender: Sender, scene: impl Into<String>) {
        *self.scene.lock().unwrap() = (sender, scene.into());
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// What the site's caller signs in with.
    pub(crate) fn credentials(&self) -> sandbox::Credentials {
        self.running.credentials().unwrap()
    }

    /// Sends a request of the test as a user, or without signing in for `""`.
    pub(crate) fn send(&self, who: &str, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let method = method.parse().unwrap();
        let mut request = self.http.request(method, format!("{}{path}", self.origin));
        if !who.is_empty() {
            let (user, token) = who.split_once('/').unwrap_or((who, who));
            request = request.basic_auth(format!("{user}@x.com"), Some(format!("token-{token}")));
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        self.runtime.block_on(async {
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            let bytes = response.bytes().await.unwrap();
            (status, serde_json::from_slice(&bytes).unwrap_or_default())
        })
    }

    /// Everything so far.
    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        self.exchanges.lock().unwrap().clone()
    }
}

async fn pass(
    http: &reqwest::Client,
    behind: &str,
    (sender, scene): (Sender, String),
    request: Request,
) -> (Exchange, Response<Body>) {
    let (parts, body) = request.into_parts();
    let sent = to_bytes(body, usize::MAX).await.unwrap().to_vec();
    let address = format!("{behind}{}", parts.uri.path_and_query().unwrap());
    let mut headers = parts.headers;
    headers.remove("host");
    let asked = http.request(parts.method.clone(), address).headers(headers).body(sent.clone());
    let response = asked.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let answered = response.bytes().await.unwrap().to_vec();
    let mut passed = Response::builder().status(status);
    *passed.headers_mut().unwrap() = headers;
    let exchange = Exchange {
        sender,
        scene,
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        sent,
        status: status.as_u16(),
        answered: answered.clone(),
    };
    (exchange, passed.body(Body::from(answered)).unwrap())
}
