//! Servers of a few lines.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{Response, StatusCode};
use confperm::confluence::retry::RetryPolicy;
use confperm::confluence::{Cloud, Credentials, Settings};
use serde_json::{Value, json};

pub(crate) const TOKEN: &str = "ATATT3xFfGF0secretSECRET";

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Value,
    pub(crate) headers: axum::http::HeaderMap,
}

impl Seen {
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.path.strip_prefix("/wiki").unwrap_or(&self.path))
    }

    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// One answer.
pub(crate) struct Reply(u16, Vec<(&'static str, String)>, String);

impl Reply {
    pub(crate) fn json(body: &Value) -> Self {
        Self::text(200, "application/json", &body.to_string())
    }

    pub(crate) fn status(status: u16, body: &Value) -> Self {
        Self::text(status, "application/json", &body.to_string())
    }

    pub(crate) fn text(status: u16, content_type: &str, body: &str) -> Self {
        Self(status, vec![("content-type", content_type.to_owned())], body.to_owned())
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.1.push((name, value.to_owned()));
        self
    }
}

/// A server that answers what a function says, and remembers what it was asked.
pub(crate) struct Server {
    pub(crate) address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    pub(crate) async fn start(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (log, answer) = (Arc::clone(&seen), Arc::new(answer));
        let app = Router::new().fallback(move |request: Request| {
            let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
            async move {
                let (parts, body) = request.into_parts();
                let body = to_bytes(body, usize::MAX).await.unwrap();
                let query = parts.uri.query().unwrap_or_default();
                let seen = Seen {
                    method: parts.method.to_string(),
                    path: parts.uri.path().to_owned(),
                    query: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
                    body: serde_json::from_slice(&body).unwrap_or(Value::Null),
                    headers: parts.headers,
                };
                let Reply(status, headers, text) = answer(&seen);
                log.lock().unwrap().push(seen);
                let mut response = Response::builder().status(StatusCode::from_u16(status).unwrap());
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                response.body(Body::from(text)).unwrap()
            }
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/wiki", listener.local_addr().unwrap());
        drop(tokio::spawn(async move { axum::serve(listener, app).await }));
        Self { address, seen }
    }

    pub(crate) fn cloud(&self) -> Cloud {
        cloud(&self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// `GET /api/v2/spaces`, in the order of arrival.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen().iter().map(Seen::line).collect()
    }
}

/// A server below HTTP: sends the same bytes to every client and hangs up.
pub(crate) struct Raw {
    pub(crate) address: String,
    pub(crate) connections: Arc<AtomicUsize>,
}

impl Raw {
    pub(crate) fn start(bytes: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/wiki", listener.local_addr().unwrap());
        let connections: Arc<AtomicUsize> = Arc::default();
        let count = Arc::clone(&connections);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                let mut request = [0; 8192];
                let _ = stream.read(&mut request).unwrap_or_default();
                let _ = stream.write_all(bytes.as_bytes()).is_ok();
            }
        });
        Self { address, connections }
    }

    pub(crate) fn count(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// A client with short waits.
pub(crate) fn cloud(address: &str) -> Cloud {
    let credentials = Credentials::Basic { email: "ann@example.com".to_owned(), token: TOKEN.into() };
    let retry = RetryPolicy { start: Duration::from_millis(2), ..RetryPolicy::default() };
    let settings = Settings { retry, ..Settings::default() };
    Cloud::new(address.parse().unwrap(), &credentials, &settings).unwrap()
}

/// A client that waits a moment only for an answer.
pub(crate) fn impatient(address: &str) -> Cloud {
    let credentials = Credentials::Basic { email: "ann@example.com".to_owned(), token: TOKEN.into() };
    let retry = RetryPolicy { start: Duration::from_millis(2), ..RetryPolicy::default() };
    let settings = Settings { retry, read_timeout: Duration::from_millis(50), ..Settings::default() };
    Cloud::new(address.parse().unwrap(), &credentials, &settings).unwrap()
}

/// A site that knows the caller, in the mode that is given, and nothing else.
pub(crate) fn home(seen: &Seen, mode: &str) -> Option<Reply> {
    Some(Reply::json(&match seen.line().as_str() {
        "GET /rest/api/user/current" => json!({"type": "known", "accountId": "me", "displayName": "Me"}),
        "GET /rest/api/settings/systemInfo" => {
            json!({"cloudId": "c1", "commitHash": "x", "baseUrl": "https://acme.atlassian.net/wiki", "edition": "standard"})
        }
        "GET /api/v2/space-role-mode" => json!({"mode": mode}),
        "GET /rest/api/user/memberof" => v1(&[json!({"type": "group", "id": "g1", "name": "eng"})]),
        _ => return None,
    }))
}

/// The last page of a v1 list.
pub(crate) fn v1(results: &[Value]) -> Value {
    json!({"results": results, "start": 0, "limit": 200, "size": results.len(), "_links": {}})
}

/// The last page of a v2 list.
pub(crate) fn v2(results: &[Value]) -> Value {
    json!({"results": results, "_links": {"base": "https://acme.atlassian.net/wiki"}})
}

/// An error as v1 writes it.
pub(crate) fn v1_error(status: u16, class: &str, message: &str) -> Reply {
    let message = format!("com.atlassian.confluence.api.service.exceptions.{class}: {message}");
    let data = json!({"authorized": false, "valid": true, "errors": [], "successful": false});
    Reply::status(status, &json!({"statusCode": status, "data": data, "message": message}))
}

/// An error as v2 writes it.
pub(crate) fn v2_error(status: u16, title: &str) -> Reply {
    Reply::status(
        status,
        &json!({"errors": [{"status": status, "code": "X", "title": title, "detail": null}]}),
    )
}
