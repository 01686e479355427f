//! The token comes out nowhere: no error, no `Debug`, no log at any level.

use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex};

use confperm::confluence::{Error, Read as _, Write as _, WriteError};
use confperm::model::WriteRequest;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::server::{Raw, Reply, Server, TOKEN, cloud, home};

/// `ann@example.com:TOKEN` as the header has it.
const ENCODED: &str = "YW5uQGV4YW1wbGUuY29tOkFUQVRUM3hGZkdGMHNlY3JldFNFQ1JFVA==";

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl io::Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Buffer {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Everything that an error can be made to say.
fn all_of(error: &Error) -> String {
    let mut text = format!("{error}\n{error:?}\n{error:#?}\n{:?}\n", error.hint());
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        writeln!(text, "{error} {error:?}").unwrap();
        cause = error.source();
    }
    text
}

#[tokio::test]
async fn the_token_is_in_no_output_at_any_log_level() {
    let log = Buffer::default();
    // For the whole process, and for the `log` crate too: the other tests sign in with the same token.
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .with_ansi(false)
        .init();

    // Servers that send back what they were sent, in each place where we would quote it.
    let mut said = String::new();
    let echoes: [fn(&str) -> Reply; 8] = [
        |auth| Reply::text(200, "text/html", &format!("<title>{auth} {TOKEN}</title>")),
        |auth| Reply::status(403, &json!({"message": format!("no {auth} {TOKEN}")})),
        |auth| Reply::status(401, &json!({"errors": [{"title": auth, "detail": TOKEN}]})),
        |auth| Reply::text(302, "text/plain", "").with("location", &format!("/x/{auth}/{TOKEN}?{TOKEN}")),
        |_| Reply::json(&json!({"type": "known", "accountId": {"x": TOKEN}})),
        |_| Reply::json(&json!({"type": TOKEN})),
        |auth| Reply::status(500, &json!({"message": auth})),
        |_| Reply::status(429, &json!({})).with("retry-after", "9999").with("ratelimit-reason", TOKEN),
    ];
    for echo in echoes {
        let server = Server::start(move |seen| {
            let sent = seen.headers.get("authorization").unwrap().to_str().unwrap();
            assert_eq!(sent, format!("Basic {ENCODED}"));
            echo(sent)
        })
        .await;
        let cloud = server.cloud();
        said += &all_of(&cloud.site().await.unwrap_err());
        let call = WriteRequest::Revoke {
            space: "ENG".parse().unwrap(),
            principal: "group:g1".parse().unwrap(),
            permission: "read/space".parse().unwrap(),
            row: "1".parse().unwrap(),
        };
        match cloud.perform(&call).await {
            Err(WriteError::Refused(error) | WriteError::Ambiguous(error)) => said += &all_of(&error),
            Ok(()) => {}
            Err(other) => panic!("{other:?}"),
        }
        write!(said, "{cloud:?} {cloud:#?}").unwrap();
    }
    for bytes in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", "nonsense\r\n\r\n"] {
        let server = Raw::start(bytes);
        said += &all_of(&cloud(&server.address).site().await.unwrap_err());
    }
    let good = Server::start(|seen| home(seen, "PRE_ROLES").unwrap()).await;
    write!(said, "{:?}", good.cloud().site().await.unwrap()).unwrap();

    let logged = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("answered"), "the log is on");
    for (name, text) in [("said", said), ("logged", logged)] {
        for secret in [TOKEN, ENCODED, &TOKEN[5..20]] {
            let at = text.find(secret);
            let around = at.map(|at| &text[at.saturating_sub(200)..at]);
            assert!(at.is_none(), "{name}: {around:?}");
        }
    }
}
