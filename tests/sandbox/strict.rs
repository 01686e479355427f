//! What the documents refuse, or do not have, the sandbox refuses and does not have (shared facts W16).

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, Setup};

/// API v2, createBulkUserLookup: `minItems: 1`.
#[tokio::test]
async fn an_unknown_name_is_no_list_of_users() {
    let site = Setup::default().serve().await;
    let reply = site.post("/wiki/api/v2/users-bulk", json!({"accountIds": []})).await;
    reply.v2_error(400, "INVALID_REQUEST_PARAMETER");
}

/// Fact sheet 7: 3LO and service accounts use the gateway, and the site's own address answers 401.
#[tokio::test]
async fn bearer_tokens_are_for_the_gateway() {
    let site = Setup::default().serve().await;
    for scheme in ["bearer token-bob", "bearer token-ann"] {
        site.get_as(scheme, "/wiki/rest/api/user/current").await.v1_error(401, "");
        let path = "/ex/confluence/cloud-1/wiki/rest/api/user/current";
        assert_eq!(site.get_as(scheme, path).await.status, 200);
    }
}

/// What a token with these scopes may ask the gateway for: `x-atlassian-oauth2-scopes` of the documents.
#[tokio::test]
async fn the_gateway_asks_for_the_documented_scopes() {
    let pages = ["read:page:confluence"].as_slice();
    for (method, path, enough, not) in [
        ("GET", "/api/v2/pages/2/operations", pages, "read:space:confluence"),
        ("GET", "/api/v2/pages/2", pages, "read:hierarchical-content:confluence"),
        ("GET", "/api/v2/folders/6", &["read:folder:confluence"], "read:page:confluence"),
        ("GET", "/api/v2/folders/6/operations", &["read:folder:confluence"], "read:page:confluence"),
        ("GET", "/api/v2/blogposts/20/operations", pages, "read:folder:confluence"),
        (
            "GET",
            "/rest/api/content/2/restriction",
            &["read:content-details:confluence"],
            "read:content.restriction:confluence",
        ),
        (
            "GET",
            "/rest/api/content/2/restriction/byOperation/read",
            &["read:confluence-content.all"],
            "read:content.restriction:confluence",
        ),
        (
            "GET",
            "/rest/api/content/3/restriction/byOperation/read/user?accountId=a-ann",
            &["read:content.restriction:confluence"],
            "read:content-details:confluence",
        ),
        (
            "PUT",
            "/rest/api/content/2/restriction/byOperation/read/user?accountId=a-ann",
            &["write:content.restriction:confluence"],
            "read:content.restriction:confluence",
        ),
        (
            "DELETE",
            "/rest/api/content/2/restriction",
            &["read:content-details:confluence", "write:content.restriction:confluence"],
            "write:content.restriction:confluence",
        ),
        ("GET", "/rest/api/user/anonymous", &["read:user:confluence"], "read:content-details:confluence"),
    ] {
        for (scopes, right) in [(enough.to_vec(), true), (vec![not], false)] {
            let state = Setup::default()
                .yaml()
                .replace("[\"read:space:confluence\"]", &json!(scopes).to_string())
                .replace("members: [ann, bob]", "members: [ann, bob, tok]")
                .replace("restrict_content/space: [user:ann]", "restrict_content/space: [group:eng]")
                .replace(
                    "view: [user:ann]\n            edit",
                    "view: [user:ann, user:tok]\n            edit",
                );
            let site = Client::of(&state).await;
            let path = format!("/ex/confluence/cloud-1/wiki{path}");
            let reply = site.send("tok", method.parse::<Method>().unwrap(), &path, None).await;
            let expected = if right { 200 } else { 401 };
            assert_eq!(reply.status, expected, "{method} {path} with {scopes:?}: {}", reply.body);
        }
    }
}

/// API v1, `AnonymousUsers cannot administer a space` for single permissions; by a role it is the same right.
#[tokio::test]
async fn anonymous_is_given_no_role_that_administers() {
    let site = Setup { anonymous: true, ..Setup::default() }.serve().await;
    let path = "/wiki/api/v2/spaces/101/role-assignments";
    let give = |role: &str| json!([{"principal": {"principalType": "ACCESS_CLASS", "principalId": "anonymous-users"}, "roleId": role}]);
    site.post(path, give("r-admin")).await.v2_error(400, "INVALID_REQUEST_PARAMETER");
    assert_eq!(site.post(path, give("r-viewer")).await.status, 200);
}

/// An author who is not known is left out, since every account id of API v2 is a text.
#[tokio::test]
async fn no_account_id_is_null() {
    let site = Setup::default().serve().await;
    for path in ["/spaces", "/spaces/101", "/pages", "/pages/1", "/pages/2", "/blogposts", "/folders/6"] {
        let body = site.get(&format!("/wiki/api/v2{path}")).await.body;
        assert!(
            !nulls(&body).iter().any(|field| ["authorId", "ownerId"].contains(&field.as_str())),
            "{path}: {body}"
        );
    }
}

fn nulls(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(name, value)| if value.is_null() { vec![name.clone()] } else { nulls(value) })
            .collect(),
        Value::Array(items) => items.iter().flat_map(nulls).collect(),
        _ => Vec::new(),
    }
}

/// The lists of ancestors of pages have `_links` in API v2, those of folders and their like have none.
#[tokio::test]
async fn only_the_ancestors_of_pages_have_links() {
    let state = Setup::default().yaml().replace("title: In folder}", "title: In folder, children: [{id: 70, title: Board, type: whiteboard}, {id: 71, title: Table, type: database}, {id: 72, title: Link, type: embed}]}");
    let site = Client::of(&state).await;
    for (path, links) in [
        ("pages/7", true),
        ("folders/6", false),
        ("whiteboards/70", false),
        ("databases/71", false),
        ("embeds/72", false),
    ] {
        let body = site.get(&format!("/wiki/api/v2/{path}/ancestors")).await.body;
        assert!(!body["results"].as_array().unwrap().is_empty(), "{path}");
        assert_eq!(body.get("_links").is_some(), links, "{path}");
    }
}

/// Fact sheet 4: 25 results with `body.export_view` or `body.styled_view`, 50 with another body, else 200.
#[tokio::test]
async fn expansions_lower_the_page_of_a_search() {
    let pages: Vec<String> = (200..420).map(|id| format!("{{id: {id}, title: p{id}}}")).collect();
    let state = Setup::default()
        .yaml()
        .replace("{id: 30, title: Ops home}", &format!("{{id: 30, title: Ops home}}, {}", pages.join(", ")));
    let state = state.replace("read/space: [group:ops]", "read/space: [group:ops, user:ann]");
    let site = Client::of(&state).await;
    for (endpoint, expand, cap) in [
        ("content/search", "body.export_view", 25),
        ("content/search", "body.styled_view", 25),
        ("content/search", "body.storage", 50),
        ("content/search", "space", 200),
        ("search", "content.body.export_view", 25),
    ] {
        let path = format!("/wiki/rest/api/{endpoint}?cql=space%3DOPS&limit=1000&expand={expand}");
        let body = site.get(&path).await.body;
        assert_eq!((body["results"].as_array().unwrap().len(), &body["limit"]), (cap, &json!(cap)), "{path}");
    }
}
