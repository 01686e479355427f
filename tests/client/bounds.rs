//! Answers and lists without an end, over a real connection. What the clock decides is tested beside the client.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use confperm::confluence::retry::RetryPolicy;
use confperm::confluence::wait::{WaitReason, Waiting, Watcher};
use confperm::confluence::{Cloud, Credentials, Error, Read as _, Settings, SpaceSelection};
use confperm::model::{ContentId, Known, Space, SpaceRoleMode};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::server::{Reply, Seen, Server, home};

fn cloud_with(address: &str, settings: &Settings) -> Cloud {
    let credentials = Credentials::Basic { email: "ann@example.com".to_owned(), token: "t".into() };
    Cloud::new(address.parse().unwrap(), &credentials, settings).unwrap()
}

/// Sends a byte now and then, and never all of them.
fn dripping() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/wiki", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                let mut request = [0; 8192];
                let _ = stream.read(&mut request).unwrap_or_default();
                let head =
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n{";
                let mut goes_on = stream.write_all(head.as_bytes()).is_ok();
                while goes_on {
                    std::thread::sleep(Duration::from_millis(10));
                    goes_on = stream.write_all(b" ").is_ok();
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn an_answer_that_drips_does_not_outlive_the_patience() {
    let retry = RetryPolicy {
        start: Duration::from_millis(2),
        patience: Duration::from_millis(700),
        ..RetryPolicy::default()
    };
    let timeout = Duration::from_millis(300);
    let cloud = cloud_with(&dripping(), &Settings { retry, timeout, ..Settings::default() });
    let began = Instant::now();
    let error = cloud.site().await.unwrap_err();
    assert!((600..5000).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
    assert_eq!(
        error.to_string(),
        "`GET /wiki/rest/api/user/current` was not answered in time; gave up after 3 attempts in 1 s"
    );
}

#[tokio::test]
async fn one_pause_for_all_calls_is_reported_once() {
    let reported: Arc<Mutex<Vec<(WaitReason, u64)>>> = Arc::default();
    let log = Arc::clone(&reported);
    let watcher = Watcher::new(move |waiting: &Waiting| {
        log.lock().unwrap().push((waiting.cause, waiting.pause.unwrap_or_default().as_secs()));
    });
    let limited = AtomicUsize::new(0);
    let server = Server::start(move |seen| match seen.line().as_str() {
        "GET /rest/api/user/current" | "GET /rest/api/settings/systemInfo" => {
            home(seen, "PRE_ROLES").unwrap()
        }
        // What goes out together after the sign-in is refused together.
        _ if limited.fetch_add(1, Ordering::SeqCst) < 2 => {
            Reply::status(429, &json!({})).with("retry-after", "5")
        }
        _ => home(seen, "PRE_ROLES").unwrap(),
    })
    .await;
    let cloud = cloud_with(&server.address, &Settings { watcher, ..Settings::default() });
    cloud.site().await.unwrap();
    assert_eq!(*reported.lock().unwrap(), [(WaitReason::RateLimit, 5)]);
}

#[tokio::test]
async fn an_answer_is_taken_in_up_to_a_size() {
    let settings = Settings { largest_answer: 1024 * 1024, ..Settings::default() };
    let fits = format!("{{\"type\": \"known\", \"accountId\": \"me\", \"x\": \"{}\"}}", "x".repeat(900_000));
    let too_large = fits.replace("xxx", "xxxx");
    for (body, taken) in [(fits, true), (too_large, false)] {
        let server = Server::start(move |seen| match seen.line().as_str() {
            "GET /rest/api/user/current" => Reply::text(200, "application/json", &body),
            _ => home(seen, "PRE_ROLES").unwrap(),
        })
        .await;
        let site = cloud_with(&server.address, &settings).site().await;
        match site {
            Ok(_) => assert!(taken),
            Err(error) => {
                assert!(!taken);
                assert_eq!(
                    error.to_string(),
                    "the answer to `GET /wiki/rest/api/user/current` is larger than 1 MiB"
                );
                assert_eq!(server.seen().len(), 1, "asking again would not help");
            }
        }
    }
    let excuse = format!("<html><title>Not now</title>{}</html>", "x".repeat(4_000_000));
    let server = Server::start(move |_| Reply::text(403, "text/html", &excuse)).await;
    let error = cloud_with(&server.address, &settings).site().await.unwrap_err();
    assert!(error.to_string().contains("answered 403 with a web page (\"Not now\")"), "{error}");
}

/// Answers each request with this body, compressed; less so many bytes.
fn compressing(body: &str, less: usize) -> String {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(body.as_bytes()).unwrap();
    let mut compressed = encoder.finish().unwrap();
    compressed.truncate(compressed.len() - less);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/wiki", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 8192];
            let read = stream.read(&mut request).unwrap_or_default();
            let request = String::from_utf8_lossy(&request[..read]).to_lowercase();
            let is_wanted =
                request.lines().any(|line| line.starts_with("accept-encoding:") && line.contains("gzip"));
            let status = if is_wanted { "200 OK" } else { "406 Not Acceptable" };
            let head = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                compressed.len()
            );
            drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&compressed)));
        }
    });
    address
}

#[tokio::test]
async fn compressed_answers_are_read_and_their_size_is_that_of_what_they_say() {
    let groups = |more: &str| {
        format!(
            "{{\"results\": [{{\"id\": \"g\", \"name\": \"all{more}\"}}], \"start\": 0, \"limit\": 200, \"size\": 1}}"
        )
    };
    let retry = RetryPolicy { start: Duration::from_millis(2), ..RetryPolicy::default() };
    let settings = Settings { largest_answer: 1024 * 1024, retry, ..Settings::default() };
    let found = cloud_with(&compressing(&groups(""), 0), &settings).groups().await.unwrap();
    assert_eq!(found[0].id.as_str(), "g");
    // A few kilobytes on the wire.
    let bomb = groups(&"x".repeat(4_000_000));
    let error = cloud_with(&compressing(&bomb, 0), &settings).groups().await.unwrap_err();
    assert!(error.to_string().contains("is larger than 1 MiB"), "{error}");
    let error = cloud_with(&compressing(&groups(""), 20), &settings).groups().await.unwrap_err();
    assert!(error.to_string().contains("stops in the middle"), "{error}");
}

/// A list that names a next page, and a new one each time, whatever it is asked.
fn endless(seen: &Seen, item: impl Fn(usize) -> Value, pages: &AtomicUsize) -> Reply {
    let page = pages.fetch_add(1, Ordering::SeqCst);
    let next = format!("{}?start={}&cursor=c{page}", seen.path, (page + 1) * 200);
    Reply::json(&json!({
        "results": [item(page)], "start": page * 200, "limit": 200, "size": 1, "_links": {"next": next}
    }))
}

fn space() -> Space {
    Space {
        id: "1".parse().unwrap(),
        key: "ENG".parse().unwrap(),
        name: "".into(),
        kind: confperm::model::SpaceKind::Global,
        status: confperm::model::SpaceStatus::Current,
        homepage: None,
    }
}

/// The same item again and again, under new cursors, from each list that there is.
#[tokio::test]
async fn every_list_that_repeats_itself_ends_in_an_error_that_names_it() {
    let item = |_| {
        json!({
            "id": "1", "key": "ENG", "title": "Home", "name": "x", "accountId": "a", "type": "page",
            "principal": {"type": "user", "id": "a", "principalType": "USER", "principalId": "a"},
            "operation": {"key": "read", "targetType": "space"}, "roleId": "r", "spacePermissions": [],
        })
    };
    let pages = AtomicUsize::new(0);
    let server = Server::start(move |seen| endless(seen, item, &pages)).await;
    let cloud = server.cloud();
    let tree = confperm::model::Tree::default();
    let said =
        |result: Option<Error>| result.map_or_else(|| "no error".to_owned(), |error| error.to_string());
    for (path, said) in [
        ("api/v2/spaces", said(cloud.spaces(&SpaceSelection::All).await.err())),
        ("api/v2/spaces", said(cloud.spaces_labelled("x").await.err())),
        ("api/v2/spaces/1/permissions", said(cloud.access(space().id, SpaceRoleMode::PreRoles).await.err())),
        ("api/v2/space-roles", said(cloud.roles().await.err())),
        ("api/v2/spaces/1/pages", said(cloud.tree(&space()).await.err())),
        ("api/v2/spaces/1/blogposts", said(cloud.blogposts(&space()).await.err())),
        ("rest/api/content/search", said(cloud.containers(&space(), &tree).await.err())),
        ("rest/api/group", said(cloud.groups().await.err())),
        ("rest/api/group", said(cloud.product_access().await.err())),
        ("rest/api/group/g/membersByGroupId", said(cloud.members(&"g".parse().unwrap()).await.err())),
    ] {
        assert_eq!(
            said,
            format!("the list `GET /wiki/{path}` does not end: the links to its next pages form a loop")
        );
    }
    assert!(server.seen().len() < 30, "{}", server.seen().len());
}

/// One page of a list by operation that is always full.
fn full(seen: &Seen, item: impl Fn(u64) -> Value) -> Reply {
    let start = seen.param("start").map_or(0, |start| start.parse().unwrap());
    let results: Vec<Value> = (0..100).map(|n| item(start + n)).collect();
    let users = json!({"results": results, "start": start, "limit": 100, "size": 100});
    let groups = json!({"results": [], "start": start, "limit": 100, "size": 0});
    Reply::json(&json!({"operation": "read", "restrictions": {"user": users, "group": groups}}))
}

#[tokio::test]
async fn a_list_of_restrictions_that_repeats_itself_is_an_error_too() {
    let server = Server::start(|seen| {
        if seen.path.contains("byOperation") {
            return full(seen, |n| json!({"accountId": format!("u{}", n % 100)}));
        }
        Reply::json(&json!({"results": []}))
    })
    .await;
    let error = server.cloud().restrictions_now("7".parse().unwrap()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the list `GET /wiki/rest/api/content/7/restriction/byOperation/read` does not end: \
         the links to its next pages form a loop"
    );
}

#[tokio::test]
async fn what_a_search_without_an_end_does_not_give_is_asked_for_one_by_one() {
    let pages = AtomicUsize::new(0);
    let empty = json!({"results": [], "start": 0, "limit": 100, "size": 0});
    let list =
        |operation: &str| json!({"operation": operation, "restrictions": {"user": empty, "group": empty}});
    let direct = json!({"results": [list("read"), list("update")]});
    let server = Server::start(move |seen| {
        if seen.path.ends_with("/search") {
            return endless(seen, |page| json!({"id": (page + 1000).to_string()}), &pages);
        }
        Reply::json(&direct)
    })
    .await;
    let page: ContentId = "7".parse().unwrap();
    let found = server.cloud().restrictions(&[page].into(), false).await.unwrap();
    assert!(matches!(found[&page], Known::Known(_)));
    assert_eq!(server.seen().len(), 101);
}
