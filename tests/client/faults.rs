//! Each way to fail: the sentence, what to do, and how often the site was asked.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use confperm::confluence::{Error, Read as _, Write as _, WriteError};
use confperm::model::WriteRequest;
use serde_json::json;
use tokio::time::Instant;

use crate::server::{Raw, Reply, Seen, Server, cloud, home, impatient, v1_error, v2_error};

/// What the first call of every run says, and how many requests that took.
async fn says(
    answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    sentence: &str,
    hint: &str,
    requests: usize,
) {
    let server = Server::start(answer).await;
    let error = server.cloud().site().await.unwrap_err();
    let asked = server.seen().len();
    assert_eq!(error.to_string().replace(&server.address, "ADDRESS"), sentence);
    let given = error.hint().unwrap_or_default();
    assert!(given.contains(hint), "{given}");
    assert_eq!(asked, requests, "{sentence}");
}

#[tokio::test]
async fn a_login_page_where_json_belongs() {
    says(
        |_| Reply::text(200, "text/html", "<!doctype html><html><head><title>Log in with Atlassian</title></head></html>"),
        "`GET /wiki/rest/api/user/current` answered 200 with a web page (\"Log in with Atlassian\"), not JSON",
        "a login page or a proxy",
        1,
    )
    .await;
    says(
        |_| Reply::text(200, "application/json", "  <html></html>"),
        "`GET /wiki/rest/api/user/current` answered 200 with a web page (\"untitled\"), not JSON",
        "a login page or a proxy",
        1,
    )
    .await;
}

#[tokio::test]
async fn a_site_that_does_not_exist() {
    says(
        |_| Reply::text(404, "text/html", "<html><title>Your Atlassian Cloud site is unavailable</title>"),
        "`GET /wiki/rest/api/user/current` answered 404 with a web page \
         (\"Your Atlassian Cloud site is unavailable\"), not JSON",
        "check the site's address",
        1,
    )
    .await;
}

#[tokio::test]
async fn plain_text_where_json_belongs() {
    says(
        |_| Reply::text(200, "text/plain", "it works"),
        "`GET /wiki/rest/api/user/current` answered 200 with something else, not JSON",
        "a proxy",
        1,
    )
    .await;
}

#[tokio::test]
async fn the_content_type_does_not_matter_when_the_json_is_good() {
    let server = Server::start(|seen| {
        let reply = home(seen, "PRE_ROLES").unwrap();
        let Some(()) = (seen.line() == "GET /rest/api/user/current").then_some(()) else { return reply };
        Reply::text(200, "text/plain", r#"{"type":"known","accountId":"me"}"#)
    })
    .await;
    assert_eq!(server.cloud().site().await.unwrap().caller.name.raw(), "me");
}

#[tokio::test]
async fn bad_credentials_and_missing_scopes_are_told_apart() {
    says(
        |_| v1_error(401, "UnauthorizedException", "Client must be authenticated"),
        "Confluence does not accept these credentials: `GET /wiki/rest/api/user/current` answered 401: \
         Client must be authenticated",
        "check the e-mail address and the API token",
        1,
    )
    .await;
    says(
        |_| {
            Reply::status(401, &json!({"code": 401, "message": "Unauthorized; scope does not match"}))
                .with("x-failure-category", "FAILURE_CLIENT_SCOPE_CHECK")
        },
        "the token lacks the scope `read:content-details:confluence`: `GET /wiki/rest/api/user/current` answered 401: \
         Unauthorized; scope does not match",
        "`confperm doctor --scopes`",
        1,
    )
    .await;
    says(
        |_| {
            v1_error(403, "Forbidden", "The request requires higher privileges")
                .with("www-authenticate", "Bearer error=\"insufficient_scope\"")
        },
        "the token lacks the scope `read:content-details:confluence`: `GET /wiki/rest/api/user/current` answered 403: \
         The request requires higher privileges",
        "`confperm doctor --scopes`",
        1,
    )
    .await;
}

#[tokio::test]
async fn an_anonymous_answer_is_a_failure_not_an_empty_site() {
    for body in [json!({"type": "anonymous", "displayName": "Anonymous"}), json!({"type": "known"})] {
        says(
            move |_| Reply::json(&body),
            "Confluence treats these credentials as anonymous",
            "nothing was read or written",
            1,
        )
        .await;
    }
}

#[tokio::test]
async fn refusals_keep_confluences_own_words() {
    says(
        |_| v1_error(403, "PermissionException", "Not permitted to use Confluence"),
        "not permitted: `GET /wiki/rest/api/user/current` answered 403: Not permitted to use Confluence",
        "another account",
        1,
    )
    .await;
    says(
        |_| v2_error(404, "Not Found"),
        "there is no Confluence at `ADDRESS`: `GET /wiki/rest/api/user/current` answered 404: Not Found",
        "check the site's address",
        1,
    )
    .await;
    let server = Server::start(|seen| match seen.line().as_str() {
        "GET /rest/api/group" => v2_error(404, "Not Found"),
        _ => home(seen, "ROLES").unwrap(),
    })
    .await;
    let error = server.cloud().groups().await.unwrap_err();
    let words = "not found, or hidden from this account: `GET /wiki/rest/api/group` answered 404: Not Found";
    assert_eq!(error.to_string(), words);
    assert!(error.hint().unwrap().contains("Confluence answers the same in both cases"));
    says(
        |_| {
            Reply::status(404, &json!({"timestamp": "2026-01-01T00:00:00Z", "status": 404, "error": "Not Found",
                                       "path": "/ex/confluence/x", "message": "No message available"}))
        },
        "the gateway knows no such address: `GET /wiki/rest/api/user/current` answered 404: No message available",
        "cloud id",
        1,
    )
    .await;
    says(
        |_| v1_error(410, "GoneException", "This deprecated endpoint has been removed."),
        "Confluence has removed this part of its API: `GET /wiki/rest/api/user/current` answered 410: \
         This deprecated endpoint has been removed.",
        "update confperm",
        1,
    )
    .await;
    says(
        |_| v1_error(409, "ConflictException", "A transition is running"),
        "Confluence is busy with something that stands in the way: `GET /wiki/rest/api/user/current` answered 409: \
         A transition is running",
        "wait",
        1,
    )
    .await;
    says(
        |_| Reply::text(413, "text/html", "<html><title>Too large</title>"),
        "`GET /wiki/rest/api/user/current` answered 413 with a web page (\"Too large\"), not JSON",
        "",
        1,
    )
    .await;
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    says(
        |_| Reply::text(302, "text/html", "").with("location", "https://id.atlassian.com/login?continue=x"),
        "`GET /wiki/rest/api/user/current` was redirected to `id.atlassian.com/login`",
        "login page",
        1,
    )
    .await;
}

#[tokio::test]
async fn json_of_another_shape_names_the_field() {
    says(
        |_| Reply::json(&json!({"type": "known", "accountId": ["me"]})),
        "`GET /wiki/rest/api/user/current` answered with JSON that does not fit at `accountId`: \
         invalid type: sequence, expected a text or a number at line 1 column 14",
        "check that the address is a Confluence site",
        1,
    )
    .await;
}

#[tokio::test]
async fn a_failing_server_is_asked_five_times() {
    says(
        |_| Reply::text(502, "text/html", "<html><title>Bad Gateway</title></html>"),
        "Confluence failed: `GET /wiki/rest/api/user/current` answered 502: Bad Gateway; \
         gave up after 5 attempts in 1 s",
        "run the same command again",
        5,
    )
    .await;
}

#[tokio::test]
async fn a_server_that_recovers_is_not_a_failure() {
    let calls = AtomicUsize::new(0);
    let server = Server::start(move |seen| match calls.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => v2_error(503, "Service Unavailable"),
        _ => home(seen, "ROLES").unwrap(),
    })
    .await;
    assert!(server.cloud().site().await.unwrap().mode.has_roles());
    assert_eq!(server.seen().len(), 6);
}

#[tokio::test]
async fn a_rate_limit_is_waited_for_as_long_as_asked() {
    let calls = AtomicUsize::new(0);
    let server = Server::start(move |seen| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::status(429, &json!({})).with("retry-after", "1"),
        _ => home(seen, "PRE_ROLES").unwrap(),
    })
    .await;
    let began = Instant::now();
    server.cloud().site().await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1));
    assert_eq!(server.seen().len(), 5);
}

#[tokio::test]
async fn a_rate_limit_without_an_end_is_given_up() {
    says(
        |_| {
            Reply::status(429, &json!({}))
                .with("retry-after", "3600")
                .with("ratelimit-reason", "confluence-quota-tenant-based")
        },
        "the site's rate limit did not let the call through (it asks to wait 60 min): \
         `GET /wiki/rest/api/user/current` answered 429: confluence-quota-tenant-based",
        "again in 60 min",
        1,
    )
    .await;
}

#[tokio::test]
async fn a_truncated_answer_is_asked_for_again_and_then_named() {
    for bytes in [
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{\"type\":\"kno",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\nconnection: close\r\n\r\n{\"type\":\"kno",
    ] {
        let server = Raw::start(bytes);
        let error = cloud(&server.address).site().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the answer to `GET /wiki/rest/api/user/current` stops in the middle; gave up after 5 attempts in 1 s"
        );
        assert!(error.hint().unwrap().contains("again"));
        assert_eq!(server.count(), 5);
    }
}

#[tokio::test]
async fn a_broken_connection_is_tried_again_and_then_named() {
    let server = Raw::start("");
    let error = cloud(&server.address).site().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the connection broke during `GET /wiki/rest/api/user/current`; gave up after 5 attempts in 1 s"
    );
    assert_eq!(server.count(), 5);
}

#[tokio::test]
async fn a_server_that_never_answers() {
    // Connections are accepted by the system, and never read.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let cloud = impatient(&format!("http://{}/wiki", listener.local_addr().unwrap()));
    let error = cloud.site().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`GET /wiki/rest/api/user/current` was not answered in time; gave up after 5 attempts in 1 s"
    );
    let call = WriteRequest::Revoke {
        space: "ENG".parse().unwrap(),
        principal: "anonymous".parse().unwrap(),
        permission: "read/space".parse().unwrap(),
        row: "1".parse().unwrap(),
    };
    assert!(matches!(cloud.perform(&call).await, Err(WriteError::Ambiguous(Error::Timeout { .. }))));
}

#[tokio::test]
async fn without_a_listener() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = cloud(&format!("http://127.0.0.1:{port}/wiki")).site().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot reach `127.0.0.1`: the connection was refused; gave up after 3 attempts in 1 s"
    );
    assert!(error.hint().unwrap().contains("port"));
}

#[tokio::test]
async fn a_server_without_tls_where_tls_belongs() {
    let server = Raw::start("HTTP/1.1 400 Bad Request\r\n\r\n");
    let error = cloud(&server.address.replace("http://", "https://")).site().await.unwrap_err();
    assert!(error.to_string().starts_with("cannot reach `127.0.0.1`: "), "{error}");
}

#[tokio::test]
async fn a_page_list_that_runs_in_a_circle_ends() {
    let server = Server::start(|_| {
        Reply::json(&json!({"results": [], "_links": {"next": "/wiki/api/v2/spaces?cursor=same"}}))
    })
    .await;
    let error = server.cloud().spaces(&confperm::confluence::SpaceSelection::All).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the list `GET /wiki/api/v2/spaces` does not end: the links to its next pages form a loop"
    );
    assert_eq!(server.seen().len(), 2);
}
