//! CQL, as far as reading permissions takes it.

use crate::support::{Client, Setup};

fn cql(query: &str, rest: &str) -> String {
    let query: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    format!("/wiki/rest/api/content/search?cql={query}{rest}")
}

#[tokio::test]
async fn a_search_finds_what_the_caller_may_view() {
    let site = Setup::default().serve().await;
    for (query, found) in [
        ("id in (2, 3, 5, 999)", vec!["2", "3"]),
        ("space = ENG and type = page", vec!["1", "2", "3", "4", "7", "9"]),
        ("space in (ENG, WWW) and type in (folder, blogpost)", vec!["6", "20"]),
        ("ancestor = 6", vec!["7"]),
        ("parent = 1 and title ~ \"clos\"", vec!["3"]),
        ("type != page order by id", vec!["6", "20"]),
    ] {
        assert_eq!(site.get(&cql(query, "")).await.each("id"), found, "{query}");
    }
    assert_eq!(site.get_as("bob", &cql("id in (2,3,4)", "")).await.each("id"), ["2"]);
    site.get(&cql("id in (", "")).await.v1_error(400, "Could not parse cql");
    site.get(&cql("colour = red", "")).await.v1_error(400, "not supported");
    site.get("/wiki/rest/api/content/search").await.v1_error(400, "cql");
}

#[tokio::test]
async fn restrictions_come_along_when_asked_for() {
    let site = Setup::default().serve().await;
    let expand = "&expand=restrictions.read.restrictions.user,restrictions.read.restrictions.group,space";
    let reply = site.get(&cql("id in (2,3)", expand)).await;
    let closed = &reply.body["results"][1];
    assert_eq!(closed["restrictions"]["read"]["restrictions"]["user"]["results"][0]["accountId"], "a-ann");
    assert_eq!(closed["space"]["key"], "ENG");
    let plain = site.get(&cql("id = 3", "")).await;
    assert!(plain.body["results"][0]["restrictions"].is_null());
}

#[tokio::test]
async fn pages_are_capped_by_what_is_expanded() {
    let site = Setup::default().serve().await;
    for (expand, cap) in
        [("", 1000), ("&expand=space", 200), ("&expand=body.storage", 50), ("&expand=body.export_view", 25)]
    {
        let reply = site.get(&cql("space = ENG", &format!("{expand}&limit=5000"))).await;
        assert_eq!(reply.body["limit"], cap);
    }
}

#[tokio::test]
async fn one_unreadable_ancestor_fails_the_batch() {
    let path = cql("id in (2, 9)", "&expand=ancestors.restrictions.read.restrictions.user");
    Setup::default().serve().await.get(&path).await.v1_error(404, "Outdated version/old_draft/trashed?");
    let site = Setup::quirks("unreadable-ancestor-fails-batch: false").serve().await;
    assert_eq!(site.get(&path).await.each("id"), ["2", "9"]);
    let plain = cql("id in (2, 9)", "&expand=ancestors");
    assert_eq!(Setup::default().serve().await.get(&plain).await.status, 200);
}

#[tokio::test]
async fn the_index_lags_where_the_state_says_so() {
    let site = Setup::quirks("search-misses: [2]").serve().await;
    assert_eq!(site.get(&cql("id in (2,3)", "")).await.each("id"), ["3"]);
    assert_eq!(site.get("/wiki/api/v2/pages/2").await.status, 200);
}

#[tokio::test]
async fn people_and_everything_are_searched() {
    let site = Setup::default().serve().await;
    let people = site.get("/wiki/rest/api/search/user?cql=user.fullname~%22bo%22").await;
    assert_eq!(people.body["results"][0]["user"]["accountId"], "a-bob");
    let all = site.get("/wiki/rest/api/search?cql=id%3D2").await;
    assert_eq!((&all.body["results"][0]["content"]["id"], &all.body["totalSize"]), (&"2".into(), &1.into()));
}

const LABELLED: &str = "kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, edition: standard}
users: {ann: {account-id: u-ann, name: Ann, email: ann@x.com}, bob: {account-id: u-bob, name: Bob, email: bob@x.com}}
groups: {staff: {id: g-staff, members: [ann, bob]}}
spaces:
  ENG:
    id: 1
    name: Space 1
    permissions: {read/space: [group:staff], administer/space: [user:ann]}
    pages:
      - {id: 11, title: A, labels: [runbook, secret], view: [user:ann]}
      - {id: 12, title: B, labels: [runbook]}
      - {id: 13, title: C, labels: [runbook], status: archived}
      - {id: 14, title: D}
  OPS:
    id: 2
    name: Space 2
    permissions: {read/space: [group:staff]}
    pages: [{id: 21, title: E, labels: [runbook]}]
";

/// OpenAPI v2, getLabels, getLabelPages and getPageLabels.
#[tokio::test]
async fn labels_lead_to_pages_and_pages_to_labels() {
    let site = Client::of(LABELLED).await;
    let all = site.get("/wiki/api/v2/labels?prefix=global&sort=name").await;
    assert_eq!(all.each("name"), ["runbook", "secret"]);
    let [runbook, secret] = [&all.each("id")[0], &all.each("id")[1]];
    let pages = |who, rest: &str| {
        let path = format!("/wiki/api/v2/labels/{runbook}/pages?limit=2{rest}");
        let site = &site;
        async move { site.get_as(who, &path).await.each("id") }
    };
    assert_eq!(pages("ann", "").await, ["11", "12"], "a page of two, and a link to the next");
    assert_eq!(pages("bob", "&space-id=1").await, ["12", "13"]);
    assert_eq!(pages("ann", "&space-id=2").await, ["21"]);
    // What is hidden from a caller has no label for it.
    assert_eq!(site.get_as("bob", "/wiki/api/v2/labels").await.each("name"), ["runbook"]);
    site.get_as("bob", &format!("/wiki/api/v2/labels/{secret}/pages")).await.v2_error(404, "NOT_FOUND");
    assert_eq!(
        site.get("/wiki/api/v2/pages/11/labels?prefix=global").await.each("name"),
        ["runbook", "secret"]
    );
    assert_eq!(site.get("/wiki/api/v2/pages/11/labels?prefix=my").await.each("name"), [""; 0]);
    assert_eq!(site.get("/wiki/api/v2/pages/13/labels").await.each("name"), ["runbook"]);
    site.get_as("bob", "/wiki/api/v2/pages/11/labels").await.v2_error(404, "NOT_FOUND");
    let left_out = format!("{LABELLED}quirks: {{label-lists-archived: false}}\n");
    let site = Client::of(&left_out).await;
    let found = site.get(&format!("/wiki/api/v2/labels/{runbook}/pages?space-id=1")).await;
    assert_eq!(found.each("id"), ["11", "12"]);
}
