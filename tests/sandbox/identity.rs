//! Signing in, the four error shapes, the gateway, people and groups, and the permission check.

use confperm::sandbox::Site;
use reqwest::Method;
use serde_json::json;

use crate::support::Setup;

#[tokio::test]
async fn wrong_tokens_get_401_and_right_ones_a_name() {
    let site = Setup::default().serve().await;
    let me = "/wiki/rest/api/user/current";
    assert_eq!(site.get(me).await.body["accountId"], "a-ann");
    let operations = |who| site.get_as(who, "/wiki/rest/api/user/current?expand=operations");
    let held = |body: &serde_json::Value| body["operations"].as_array().unwrap().len();
    assert_eq!((held(&operations("ann").await.body), held(&operations("bob").await.body)), (2, 1));
    for who in ["ann/bob", "ann/nobody", "nobody", "ex", "bearer x", "tok"] {
        site.get_as(who, me).await.v1_error(401, "");
        site.get_as(who, "/wiki/api/v2/spaces").await.v2_error(401, "UNAUTHORIZED");
    }
}

#[tokio::test]
async fn without_credentials_a_closed_site_refuses_and_an_open_one_shows_less() {
    let site = Setup::default().serve().await;
    site.get_as("", "/wiki/api/v2/spaces").await.v2_error(401, "UNAUTHORIZED");
    site.get_as("", "/wiki/rest/api/user/current").await.v1_error(401, "");
    let site = Setup { anonymous: true, ..Setup::default() }.serve().await;
    assert_eq!(site.get_as("", "/wiki/api/v2/spaces").await.each("key"), ["WWW"]);
    assert_eq!(site.get_as("", "/wiki/rest/api/user/current").await.body["type"], "anonymous");
    site.get_as("", "/wiki/rest/api/group").await.v1_error(403, "PermissionException");
    assert_eq!(site.get_as("ann/wrong", "/wiki/api/v2/spaces").await.status, 401);
    let trap = Setup { anonymous: true, quirks: "bad-token: anonymous", ..Setup::default() }.serve().await;
    assert_eq!(trap.get_as("ann/wrong", "/wiki/api/v2/spaces").await.each("key"), ["WWW"]);
}

#[tokio::test]
async fn people_without_a_licence_are_not_let_in() {
    let site = Setup::default().serve().await;
    site.get_as("jsm", "/wiki/rest/api/user/current").await.v1_error(403, "not permitted to use Confluence");
}

#[tokio::test]
async fn the_gateway_serves_the_same_site_and_has_errors_of_its_own() {
    let site = Setup::default().serve().await;
    let gateway = "/ex/confluence/cloud-1";
    let spaces = site.get(&format!("{gateway}/wiki/api/v2/spaces?limit=1")).await;
    assert_eq!(spaces.each("key"), ["ENG"]);
    assert!(spaces.body["_links"]["next"].as_str().unwrap().starts_with("/wiki/api/v2/spaces?"));
    assert_eq!(site.get(&format!("{gateway}/rest/api/user/current")).await.body["accountId"], "a-ann");
    assert_eq!(site.get_as("bearer token-bob", &format!("{gateway}/wiki/api/v2/spaces")).await.status, 200);

    let other = site.get("/ex/confluence/cloud-2/wiki/api/v2/spaces").await;
    assert_eq!((other.status, &other.body["error"]), (404, &json!("Not Found")));
    assert!(other.body["timestamp"].is_string() && other.body["errors"].is_null());
    let wrong = site.get_as("ann/x", &format!("{gateway}/wiki/api/v2/spaces")).await;
    assert_eq!((wrong.status, wrong.body), (401, json!({"code": 401, "message": "Unauthorized"})));
}

#[tokio::test]
async fn the_gateway_tells_the_scopes_of_oauth_tokens_only() {
    let site = Setup::default().serve().await;
    let path = "/oauth/token/accessible-resources";
    let of = site.get_as("bearer token-tok", path).await.body;
    assert_eq!(
        (&of[0]["id"], &of[0]["scopes"]),
        (&json!("cloud-1"), &json!(["read:space:confluence"])),
        "{of}"
    );
    for who in ["tok", "", "bearer x"] {
        assert_eq!(site.get_as(who, path).await.status, 401, "{who}");
    }
}

#[tokio::test]
async fn a_scoped_token_works_at_the_gateway_for_what_its_scopes_say() {
    let site = Setup::default().serve().await;
    let gateway = "/ex/confluence/cloud-1/wiki";
    assert_eq!(site.get_as("tok", &format!("{gateway}/api/v2/spaces")).await.status, 200);
    let scope = site.get_as("tok", &format!("{gateway}/api/v2/space-role-mode")).await;
    assert_eq!(scope.body, json!({"code": 401, "message": "Unauthorized; scope does not match"}));
    assert_eq!(scope.headers["x-failure-category"], "FAILURE_CLIENT_SCOPE_CHECK");
}

#[tokio::test]
async fn the_cloud_id_is_public() {
    let site = Setup::default().serve().await;
    assert_eq!(site.get_as("", "/_edge/tenant_info").await.body, json!({"cloudId": "cloud-1"}));
}

#[tokio::test]
async fn removed_addresses_say_so() {
    let site = Setup::default().serve().await;
    let message = "GoneException: This deprecated endpoint has been removed.";
    for path in
        ["space", "space/ENG", "space/ENG/content", "content", "content/2", "group/eng", "group/eng/member"]
    {
        site.get(&format!("/wiki/rest/api/{path}")).await.v1_error(410, message);
    }
    site.get("/wiki/rest/api/nonsense").await.v1_error(404, "No such resource");
    site.put("/wiki/api/v2/spaces", json!({})).await;
    site.send("ann", Method::DELETE, "/wiki/rest/api/user/current", None).await.v1_error(405, "not allowed");
}

#[tokio::test]
async fn groups_and_members_are_listed() {
    let site = Setup::default().serve().await;
    assert_eq!(site.get("/wiki/rest/api/group").await.each("name"), ["eng", "none", "ops"]);
    assert_eq!(site.get("/wiki/rest/api/group?accessType=admin").await.each("id"), ["g-ops"]);
    site.get("/wiki/rest/api/group?accessType=x").await.v1_error(400, "accessType");
    assert_eq!(site.get("/wiki/rest/api/group/by-id?id=g-eng").await.body["name"], "eng");
    site.get("/wiki/rest/api/group/by-id?id=x").await.v1_error(404, "No group");
    assert_eq!(site.get("/wiki/rest/api/group/picker?query=N").await.each("name"), ["eng", "none"]);
    let members = "/wiki/rest/api/group/g-eng/membersByGroupId";
    assert_eq!(site.get(members).await.each("accountId"), ["a-ann", "a-bob"]);
    site.get(&format!("{members}?limit=201")).await.v1_error(400, "200");
    assert_eq!(site.get("/wiki/rest/api/group/nope/membersByGroupId").await.each("accountId"), [""; 0]);
    assert_eq!(site.get("/wiki/rest/api/user/memberof?accountId=a-bob").await.each("id"), ["g-eng"]);
}

#[tokio::test]
async fn site_admins_change_groups() {
    let site = Setup::quirks("deleted-group-entries: emptied").serve().await;
    let made = site.post("/wiki/rest/api/group", json!({"name": "new"})).await;
    let id = made.body["id"].as_str().unwrap().to_owned();
    assert_eq!(made.status, 201);
    site.post("/wiki/rest/api/group", json!({"name": "new"})).await.v1_error(400, "taken");
    let path = format!("/wiki/rest/api/group/userByGroupId?groupId={id}");
    assert_eq!(site.post(&path, json!({"accountId": "a-eve"})).await.status, 201);
    assert_eq!(
        site.get(&format!("/wiki/rest/api/group/{id}/membersByGroupId")).await.each("accountId"),
        ["a-eve"]
    );
    assert_eq!(site.delete(&format!("{path}&accountId=a-eve")).await.status, 204);
    site.send("bob", Method::DELETE, "/wiki/rest/api/group/by-id?id=g-eng", None)
        .await
        .v1_error(403, "site administrator");
    assert_eq!(site.delete("/wiki/rest/api/group/by-id?id=g-eng").await.status, 204);
    assert_eq!(site.pairs_of("group g-eng").await, "");
}

#[tokio::test]
async fn users_are_looked_up_and_addresses_stay_private() {
    let site = Setup::default().serve().await;
    let bob = site.get("/wiki/rest/api/user?accountId=a-bob").await;
    assert_eq!((&bob.body["type"], &bob.body["email"]), (&json!("known"), &json!("")));
    assert_eq!(site.get("/wiki/rest/api/user/current").await.body["email"], "ann@x.com");
    site.get("/wiki/rest/api/user?accountId=x").await.v1_error(404, "No user");
    let bulk = site.post("/wiki/api/v2/users-bulk", json!({"accountIds": ["a-ex", "a-app", "nobody"]})).await;
    assert_eq!(bulk.each("accountStatus"), ["active", "inactive"]);
    assert_eq!(bulk.each("accountType"), ["app", "atlassian"]);
    for wrong in [json!({}), json!({"accountIds": []})] {
        site.post("/wiki/api/v2/users-bulk", wrong).await.v2_error(400, "INVALID_REQUEST_PARAMETER");
    }
    let old = site.get("/wiki/rest/api/user/bulk?accountId=a-bob&accountId=nobody").await;
    assert_eq!(old.each("accountId"), ["a-bob"]);
}

#[tokio::test]
async fn the_permission_check_gives_its_reason() {
    let site = Setup::default().serve().await;
    for (kind, id, page, operation, reason) in [
        ("user", "a-ann", 3, "update", ""),
        ("user", "a-bob", 2, "update", ""),
        ("user", "a-bob", 2, "delete", ""),
        ("user", "a-bob", 7, "delete", "User does not have permission to the space"),
        ("user", "a-bob", 4, "read", "User does not have permission to the content"),
        ("user", "a-eve", 2, "read", "User does not have permission to the space"),
        ("user", "a-ex", 2, "read", "User is not allowed to use Confluence"),
        ("user", "anonymous", 2, "read", "Anonymous users are not allowed to use Confluence"),
        ("group", "g-eng", 2, "read", ""),
        ("group", "g-ops", 2, "read", "Group does not have permission to the space"),
        ("group", "g-eng", 3, "read", "Group does not have permission to the content"),
    ] {
        let body = json!({"subject": {"type": kind, "identifier": id}, "operation": operation});
        let reply = site.post(&format!("/wiki/rest/api/content/{page}/permission/check"), body).await;
        assert_eq!(reply.body["hasPermission"], reason.is_empty(), "{id} {operation} {page}: {}", reply.body);
        assert_eq!(reply.body["errors"][0]["translation"].as_str().unwrap_or_default(), reason);
    }
}

#[tokio::test]
async fn the_permission_check_is_for_oneself_or_for_admins() {
    let site = Setup::default().serve().await;
    let check = |operation: &str, id: &str| {
        Some(json!({"subject": {"type": "user", "identifier": id}, "operation": operation}))
    };
    let path = "/wiki/rest/api/content/2/permission/check";
    site.send("bob", Method::POST, path, check("read", "a-ann"))
        .await
        .v1_error(403, "Confluence Administrator");
    assert_eq!(
        site.send("bob", Method::POST, path, check("read", "a-bob")).await.body["hasPermission"],
        true
    );
    site.send("ann", Method::POST, path, check("fly", "a-ann")).await.v1_error(400, "not a valid operation");
    site.send("ann", Method::POST, path, check("read", "x")).await.v1_error(400, "Unknown user");
    site.send("ann", Method::POST, "/wiki/rest/api/content/99/permission/check", check("read", "a-ann"))
        .await
        .v1_error(404, "No content");
}

#[test]
fn a_site_without_a_cloud_id_gets_one_that_follows_its_address_and_spaces() {
    let id = |url: &str, space: u64, name: &str| {
        let state = format!(
            "kind: confluence-sandbox\nversion: 1\n\
             site: {{flavor: cloud, space-role-mode: pre-roles, url: '{url}'}}\n\
             users: {{{name}: {{account-id: a}}}}\n\
             spaces: {{ENG: {{id: {space}, name: {name}}}}}\n"
        );
        Site::from_yaml(&state).unwrap().world().settings.cloud_id.clone()
    };
    let first = id("https://acme.example/wiki", 101, "ann");
    assert_eq!(first.len(), 36, "{first}");
    assert_eq!(id("https://acme.example/wiki/", 101, "bob"), first, "names may change");
    assert_ne!(id("https://acme.example/wiki", 102, "ann"), first);
    assert_ne!(id("https://other.example/wiki", 101, "ann"), first);
    let site = Site::from_yaml(
        "kind: confluence-sandbox\nversion: 1\nsite: {flavor: cloud, space-role-mode: roles}\n",
    )
    .unwrap();
    let written = confperm::sandbox::state::write(site.world()).unwrap();
    assert!(written.contains(&format!("cloud-id: {}", site.world().settings.cloud_id)), "{written}");
}
