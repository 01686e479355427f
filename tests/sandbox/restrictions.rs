//! Content restrictions: every verb, and the traps.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, Setup};

const OPEN: &str = "/wiki/rest/api/content/2/restriction";

fn users(operation: &str, ids: &[&str]) -> Value {
    let users: Vec<Value> = ids.iter().map(|id| json!({"type": "known", "accountId": id})).collect();
    json!({"operation": operation, "restrictions": {"user": users}})
}

#[tokio::test]
async fn both_operations_come_back_and_empty_is_open() {
    let site = Setup::default().serve().await;
    let reply = site.get(OPEN).await;
    assert_eq!(reply.each("operation"), ["read", "update"]);
    assert_eq!(reply.body["results"][0]["restrictions"]["user"]["results"], json!([]));
    let closed = site.get("/wiki/rest/api/content/3/restriction").await;
    assert_eq!(closed.body["results"][0]["restrictions"]["user"]["results"][0]["accountId"], "a-ann");
    assert_eq!(closed.body["size"], 2);
    let map = site.get("/wiki/rest/api/content/3/restriction/byOperation").await;
    assert_eq!(map.body["update"]["operation"], "update");
    let one = site.get("/wiki/rest/api/content/3/restriction/byOperation/read").await;
    assert_eq!(one.body["restrictions"]["user"]["size"], 1);
    site.get("/wiki/rest/api/content/3/restriction/byOperation/delete")
        .await
        .v1_error(404, "not a restriction operation");
}

#[tokio::test]
async fn put_replaces_post_adds_and_delete_opens() {
    let site = Setup::default().serve().await;
    let both = json!([users("read", &["a-ann", "a-bob"]), users("update", &["a-ann"])]);
    assert_eq!(site.put(OPEN, both).await.status, 200);
    assert_eq!(site.lists(2), "read: User((a-ann)) User((a-bob)); update: User((a-ann))");
    assert_eq!(site.post(OPEN, json!({"results": [users("update", &["a-bob"])]})).await.status, 200);
    assert_eq!(site.lists(2), "read: User((a-ann)) User((a-bob)); update: User((a-ann)) User((a-bob))");
    assert_eq!(site.put(OPEN, json!([users("update", &["a-ann"])])).await.status, 200);
    assert_eq!(site.lists(2), "read: ; update: User((a-ann))");
    let reply = site.delete(OPEN).await;
    assert_eq!((reply.status, reply.each("operation").len()), (200, 2));
    assert_eq!(site.lists(2), "read: ; update: ");
}

#[tokio::test]
async fn one_subject_at_a_time() {
    let site = Setup::default().serve().await;
    let user = format!("{OPEN}/byOperation/read/user?accountId=a-ann");
    let group = format!("{OPEN}/byOperation/read/byGroupId/g-eng");
    for path in [&user, &group] {
        assert_eq!(site.get(path).await.status, 404, "not listed yet");
        assert_eq!(site.send("ann", Method::PUT, path, None).await.status, 200);
        assert_eq!(site.get(path).await.status, 200);
    }
    assert_eq!(site.lists(2), "read: User((a-ann)) Group((g-eng)); update: ");
    for path in [&user, &group] {
        let reply = site.delete(path).await;
        assert_eq!((reply.status, reply.body), (200, Value::Null));
        assert_eq!(site.delete(path).await.status, 404);
    }
    assert_eq!(site.lists(2), "read: ; update: ");
    let unknown = format!("{OPEN}/byOperation/read/byGroupId/nope");
    site.send("ann", Method::PUT, &unknown, None).await.v1_error(400, "Unknown subject");
    site.send("ann", Method::PUT, &format!("{OPEN}/byOperation/read/user"), None)
        .await
        .v1_error(400, "accountId");
    let lenient = Setup::quirks("unlisting-nobody: ok").serve().await;
    assert_eq!(lenient.delete(&user).await.status, 200);
}

#[tokio::test]
async fn a_body_is_read_strictly() {
    let site = Setup::default().serve().await;
    for (body, message) in [
        (json!([]), "At least one"),
        (json!({}), "`results`"),
        (json!("read"), "array"),
        (json!([users("delete", &["a-ann"])]), "not supported"),
        (json!([users("read", &["a-ann"]), users("read", &["a-bob"])]), "more than once"),
        (json!([{"operation": "read"}]), "non empty map"),
        (json!([{"operation": "read", "restrictions": {}}]), "non empty map"),
        (json!([{"operation": "read", "restrictions": {"group": []}}]), "at least one item"),
        (json!([{"operation": "read", "restrictions": {"user": 1}}]), "must be an array"),
        (json!([{"operation": "read", "restrictions": {"user": [{"type": "known"}]}}]), "accountId"),
        (json!([{"operation": "read", "restrictions": {"user": [{"accountId": "a-ann"}]}}]), "type"),
        (json!([{"operation": "read", "restrictions": {"group": [{"type": "group"}]}}]), "`id`"),
        (json!([users("read", &["nobody"])]), "Unknown subject"),
        (
            json!([{"operation": "read", "content": {"id": "3"}, "restrictions": {"user": [{"type": "known", "accountId": "a-ann"}]}}]),
            "differs",
        ),
    ] {
        site.put(OPEN, body).await.v1_error(400, message);
    }
    assert_eq!(site.lists(2), "read: ; update: ", "nothing was half done");
}

#[tokio::test]
async fn an_empty_entry_opens_an_operation_or_is_refused() {
    let empty =
        json!([{"operation": "read", "restrictions": {"user": {"results": []}, "group": {"results": []}}}]);
    let path = "/wiki/rest/api/content/3/restriction";
    let site = Setup::default().serve().await;
    assert_eq!(site.put(path, empty.clone()).await.status, 200);
    assert_eq!(site.lists(3), "read: ; update: ");
    let site = Setup::quirks("{put-keeps-missing-operations: true}".trim_matches(['{', '}'])).serve().await;
    assert_eq!(site.put(path, empty.clone()).await.status, 200);
    assert_eq!(site.lists(3), "read: ; update: User((a-ann))");
    let site = Setup::quirks("empty-restriction: refused").serve().await;
    site.put(path, empty).await.v1_error(400, "non empty map");
}

/// The ways to open one list and keep the other, with three switches in every combination (shared facts W14). The
/// documents have the first and the last two; no document has empty lists.
#[tokio::test]
async fn one_list_is_opened_in_a_way_that_the_switches_leave() {
    let path = "/wiki/rest/api/content/3/restriction";
    let empty =
        json!({"operation": "read", "restrictions": {"user": {"results": []}, "group": {"results": []}}});
    let closed = "read: User((a-ann)); update: User((a-ann))";
    let opened = "read: ; update: User((a-ann))";
    for (keeps, empties, without_read) in [
        (false, "accepted", "accepted"),
        (false, "refused", "accepted"),
        (false, "failed", "refused"),
        (true, "accepted", "accepted"),
        (true, "accepted", "refused"),
        (true, "refused", "accepted"),
        (true, "refused", "refused"),
        (true, "failed", "refused"),
    ] {
        let switches = format!(
            "put-keeps-missing-operations: {keeps}, empty-restriction: {empties}, update-without-read: {without_read}"
        );
        let state = Setup::default().yaml().replace("quirks: {}", &format!("quirks: {{{switches}}}"));
        let serve = || Client::of(&state);

        let site = serve().await;
        assert_eq!(site.put(path, json!([users("update", &["a-ann"])])).await.status, 200, "{switches}");
        assert_eq!(site.lists(3), if keeps { closed } else { opened }, "the other list alone, {switches}");

        let site = serve().await;
        let reply = site.put(path, json!([empty, users("update", &["a-ann"])])).await;
        let expected = match empties {
            "accepted" => (200, opened),
            "refused" => (400, closed),
            _ => (500, closed),
        };
        assert_eq!((reply.status, site.lists(3).as_str()), expected, "with empty lists, {switches}");

        let site = serve().await;
        let user = format!("{path}/byOperation/read/user?accountId=a-ann");
        assert_eq!(site.delete(&user).await.status, 200, "{switches}");
        assert_eq!(site.lists(3), opened, "one entry at a time, {switches}");

        let site = serve().await;
        assert_eq!(site.delete(path).await.status, 200, "{switches}");
        assert_eq!(site.put(path, json!([users("update", &["a-ann"])])).await.status, 200, "{switches}");
        assert_eq!(site.lists(3), opened, "everything, and then the other list, {switches}");
    }
}

/// The entries of a view list go one at a time only in an order in which all editors stay viewers.
#[tokio::test]
async fn an_entry_of_the_view_list_stays_while_it_may_edit_where_the_site_insists() {
    let site = Setup::quirks("update-without-read: refused").serve().await;
    site.put(OPEN, json!([users("read", &["a-ann", "a-bob"]), users("update", &["a-ann"])])).await;
    let entry = |id: &str| format!("{OPEN}/byOperation/read/user?accountId={id}");
    site.delete(&entry("a-ann")).await.v1_error(400, "can edit but not view");
    assert_eq!(site.delete(&entry("a-bob")).await.status, 200);
    assert_eq!(site.delete(&entry("a-ann")).await.status, 200);
    assert_eq!(site.lists(2), "read: ; update: User((a-ann))");
}

#[tokio::test]
async fn a_caller_can_lock_itself_out() {
    let site = Setup::default().serve().await;
    assert_eq!(site.put(OPEN, json!([users("read", &["a-bob"])])).await.status, 200);
    site.get(OPEN).await.v1_error(404, "No content with id");
    site.get("/wiki/api/v2/pages/2").await.v2_error(404, "NOT_FOUND");

    let site = Setup::quirks("self-removal: refused").serve().await;
    site.put(OPEN, json!([users("read", &["a-bob"])])).await.v1_error(400, "your own access");
    let site = Setup::quirks("restriction-put-adds-caller: true").serve().await;
    site.put(OPEN, json!([users("read", &["a-bob"])])).await;
    assert_eq!(site.lists(2), "read: User((a-ann)) User((a-bob)); update: ");
}

#[tokio::test]
async fn update_without_read_is_a_switch() {
    let body = json!([users("read", &["a-ann"]), users("update", &["a-ann", "a-bob"])]);
    assert_eq!(Setup::default().serve().await.put(OPEN, body.clone()).await.status, 200);
    Setup::quirks("update-without-read: refused")
        .serve()
        .await
        .put(OPEN, body)
        .await
        .v1_error(400, "cannot view|edit but not view".split('|').nth(1).unwrap());
}

#[tokio::test]
async fn restricting_takes_edit_and_the_right_to_restrict() {
    let site = Setup::default().serve().await;
    let body = || Some(json!([users("read", &["a-bob"])]));
    site.send("bob", Method::PUT, OPEN, body())
        .await
        .v1_error(403, "Not enough permissions to alter ContentRestrictions on a content with ContentId 2");
    let site = Setup::quirks("restricting-needs-permission: false").serve().await;
    assert_eq!(site.send("bob", Method::PUT, OPEN, body()).await.status, 200);
}

#[tokio::test]
async fn hidden_trashed_and_unrestrictable_content_is_not_found() {
    let site = Setup::default().serve().await;
    site.get("/wiki/rest/api/content/5/restriction").await.v1_error(404, "No content with id");
    site.get_as("bob", "/wiki/rest/api/content/4/restriction").await.v1_error(404, "No content with id");
    site.get("/wiki/rest/api/content/8/restriction")
        .await
        .v1_error(404, "Outdated version/old_draft/trashed?");
    site.get("/wiki/rest/api/content/999/restriction").await.v1_error(404, "No content with id");
    site.get("/wiki/rest/api/content/6/restriction").await.v1_error(404, "No content with id");
    assert_eq!(
        site.get("/wiki/rest/api/content/20/restriction").await.status,
        200,
        "blog posts have restrictions"
    );
    let site = Setup::quirks("folders-restrictable: true").serve().await;
    assert_eq!(
        site.put("/wiki/rest/api/content/6/restriction", json!([users("read", &["a-ann"])])).await.status,
        200
    );
    site.get_as("bob", "/wiki/api/v2/pages/7").await.v2_error(404, "NOT_FOUND");
}
