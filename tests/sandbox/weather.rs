//! What goes wrong on purpose.

use std::time::Duration;

use confperm::sandbox::faults::{Failure, Faults, Rate};
use confperm::sandbox::{Options, Site};

use crate::support::{Client, Setup};

async fn serve(faults: Faults) -> Client {
    let options = Options { faults, ..Options::default() };
    Client::serve(Site::from_yaml(&Setup::default().yaml()).unwrap(), options).await
}

#[tokio::test]
async fn too_many_requests_are_told_when_to_come_back() {
    let site = serve(Faults { rate: Some(Rate { per_second: 0.5, burst: 2 }), ..Faults::default() }).await;
    let first = site.get("/wiki/api/v2/spaces").await;
    assert_eq!((first.status, first.headers["x-ratelimit-remaining"].to_str().unwrap()), (200, "1"));
    assert_eq!(site.get("/wiki/api/v2/spaces").await.headers["x-ratelimit-nearlimit"], "true");
    let third = site.get("/wiki/api/v2/spaces").await;
    assert_eq!((third.status, third.headers["retry-after"].to_str().unwrap()), (429, "2"));
}

#[tokio::test]
async fn failures_come_before_anything_is_done() {
    let site = serve(Faults { fail: vec![Failure { status: 503, share: 1.0 }], ..Faults::default() }).await;
    assert_eq!(site.grant("group g-ops read/space").await.status, 503);
    assert!(!site.running.requests()[0].changed);
}

#[tokio::test]
async fn a_lost_answer_is_a_write_that_was_carried_out() {
    let site = serve(Faults { drop_answer: 1.0, ..Faults::default() }).await;
    let delete =
        site.try_send("ann", reqwest::Method::DELETE, "/wiki/rest/api/content/3/restriction", None).await;
    assert!(delete.is_err(), "the connection is cut, not answered: {delete:?}");
    assert_eq!(site.lists(3), "read: ; update: ");
    assert_eq!(site.get("/wiki/api/v2/spaces").await.status, 200, "reads are answered");
    let request = &site.running.requests()[0];
    assert!(request.changed && request.lost);
}

#[tokio::test]
async fn answers_can_be_slow() {
    let site = serve(Faults { latency: Duration::from_millis(60), ..Faults::default() }).await;
    let before = tokio::time::Instant::now();
    site.get("/wiki/api/v2/spaces").await;
    assert!(before.elapsed() >= Duration::from_millis(60));
}
