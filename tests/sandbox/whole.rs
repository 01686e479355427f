//! The rest of the API that an administrator's tool meets: the admin key, CQL with `or`, turning back in searches,
//! removed operations, children of pages, and sites on their way to roles.

use confperm::sandbox::world::{AccountId, ContentId, SpaceId, Subject, Verb};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, Reply, Setup};

const KEY: &str = "/wiki/api/v2/admin-key";

async fn premium() -> Client {
    Setup { edition: "premium", ..Setup::default() }.serve().await
}

async fn with_key(site: &Client, method: Method, path: &str) -> Reply {
    site.send_with("ann", method, path, None, &[("Atl-Confluence-With-Admin-Key", "true")]).await
}

/// API v2, enableAdminKey; that only the header of a caller with a key passes restrictions: fact sheet 3.2.
#[tokio::test]
async fn an_admin_key_passes_restrictions_for_requests_that_say_so() {
    let site = premium().await;
    let (hidden, lists) = ("/wiki/api/v2/pages/5", "/wiki/rest/api/content/5/restriction");
    assert_eq!(with_key(&site, Method::GET, hidden).await.status, 404, "without a key");
    site.get(KEY).await.v2_error(404, "NOT_FOUND");
    let issued = site.post(KEY, json!({"durationInMinutes": 30})).await;
    assert_eq!((issued.status, &issued.body["accountId"]), (200, &json!("a-ann")));
    assert!(
        issued.body["expirationTime"].as_str().unwrap().starts_with("2024-01-01T00:30:0"),
        "{}",
        issued.body
    );
    assert_eq!(site.get(KEY).await.body, issued.body);

    assert_eq!(site.get(hidden).await.status, 404, "without the header");
    assert_eq!(with_key(&site, Method::GET, hidden).await.status, 200);
    let gateway = format!("/ex/confluence/cloud-1{hidden}");
    assert_eq!(with_key(&site, Method::GET, &gateway).await.status, 404, "through the gateway");
    assert_eq!(
        with_key(&site, Method::GET, "/wiki/api/v2/pages/30").await.status,
        404,
        "the space decides still"
    );
    assert_eq!(with_key(&site, Method::DELETE, lists).await.status, 200);
    assert_eq!(site.get(hidden).await.status, 200);

    assert_eq!(site.delete(KEY).await.status, 204);
    assert_eq!(site.delete(KEY).await.status, 204);
    site.get(KEY).await.v2_error(404, "NOT_FOUND");
}

#[tokio::test(start_paused = true)]
async fn an_admin_key_expires() {
    let state = Setup { edition: "premium", ..Setup::default() }.yaml();
    let site = Client::of(&state).await;
    for (body, minutes) in
        [(json!({}), 10), (json!({"durationInMinutes": 0}), 10), (json!({"durationInMinutes": 60}), 60)]
    {
        assert_eq!(site.post(KEY, body).await.status, 200);
        tokio::time::advance(std::time::Duration::from_secs(60 * minutes - 5)).await;
        assert_eq!(site.get(KEY).await.status, 200, "{minutes}");
        tokio::time::advance(std::time::Duration::from_secs(6)).await;
        assert_eq!(site.get(KEY).await.status, 404, "{minutes}");
    }
}

#[tokio::test]
async fn admin_keys_are_for_admins_of_premium_sites() {
    let site = premium().await;
    for minutes in [json!(61), json!(-1), json!("ten")] {
        site.post(KEY, json!({"durationInMinutes": minutes}))
            .await
            .v2_error(400, "INVALID_REQUEST_PARAMETER");
    }
    site.send("bob", Method::POST, KEY, Some(json!({}))).await.v2_error(404, "NOT_FOUND");
    Setup::default().serve().await.post(KEY, json!({})).await.v2_error(404, "NOT_FOUND");
}

fn search(cql: &str, rest: &str) -> String {
    let cql: String = url::form_urlencoded::byte_serialize(cql.as_bytes()).collect();
    format!("/wiki/rest/api/content/search?cql={cql}{rest}")
}

#[tokio::test]
async fn cql_knows_or_and_parentheses() {
    let site = Setup::default().serve().await;
    for (cql, found) in [
        ("id = 2 or id = 3", vec!["2", "3"]),
        ("space = WWW or space = ENG and type = folder", vec!["6", "40", "41"]),
        ("(space = WWW or space = ENG) and type in (folder, blogpost)", vec!["6", "20"]),
        ("type = page and (title = Open OR ancestor = 6)", vec!["2", "7"]),
    ] {
        assert_eq!(site.get(&search(cql, "")).await.each("id"), found, "{cql}");
    }
    site.get(&search("id = 2 or colour = red", "")).await.v1_error(400, "not supported");
    site.get(&search("(id = 2", "")).await.v1_error(400, "Could not parse cql");
}

/// API v1: "Pointer to a set of search results, returned as part of the `next` or `prev` URL".
#[tokio::test]
async fn a_search_is_turned_back() {
    let site = Setup::default().serve().await;
    let link =
        |reply: &Reply, name: &str| reply.body["_links"][name].as_str().map(|link| format!("/wiki{link}"));
    let (mut pages, mut next) = (Vec::new(), Some(search("space = ENG", "&limit=3")));
    let mut last = None;
    while let Some(path) = next {
        let reply = site.get(&path).await;
        assert_eq!(link(&reply, "prev").is_none(), pages.is_empty());
        pages.push(reply.each("id"));
        (next, last) = (link(&reply, "next"), Some(reply));
    }
    let mut back = vec![pages.last().unwrap().clone()];
    let mut prev = link(&last.unwrap(), "prev");
    while let Some(path) = prev {
        let reply = site.get(&path).await;
        assert!(link(&reply, "next").is_some());
        back.push(reply.each("id"));
        prev = link(&reply, "prev");
    }
    back.reverse();
    assert_eq!((back, pages.len()), (pages, 3));
}

/// API v2, getChildPages: pages only, without what is below other content.
#[tokio::test]
async fn the_children_of_a_page_are_pages() {
    let site = Setup::default().serve().await;
    let children = site.get("/wiki/api/v2/pages/1/children").await;
    assert_eq!(children.each("id"), ["2", "3", "10"]);
    assert!(children.body["results"].as_array().unwrap().iter().all(|page| page.get("type").is_none()));
    assert_eq!(children.each("spaceId"), ["101", "101", "101"]);
    assert_eq!(site.get("/wiki/api/v2/pages/1/children?limit=2").await.each("id"), ["2", "3"]);
    assert_eq!(site.get("/wiki/api/v2/pages/6/children").await.status, 404, "a folder");
    assert_eq!(site.get("/wiki/api/v2/folders/6/children").await.status, 404, "in no document");
}

/// Fact sheet 4 and 0.2: operations that were removed from v1 answer 410; what never was there, or went without a
/// word, is not found.
#[tokio::test]
async fn removed_operations_are_gone_and_others_not_found() {
    let site = Setup::default().serve().await;
    let gone = "GoneException: This deprecated endpoint has been removed.";
    for (method, path) in [
        ("GET", "/content/1/property/x"),
        ("POST", "/content/1/property"),
        ("GET", "/content/1/label"),
        ("GET", "/content/1/version"),
        ("PUT", "/space/ENG/property/x"),
        ("GET", "/inlinetasks/search"),
        ("PUT", "/inlinetasks/1"),
        ("GET", "/group/by-name"),
        ("DELETE", "/group/user"),
    ] {
        let path = format!("/wiki/rest/api{path}");
        site.send("ann", method.parse::<Method>().unwrap(), &path, None).await.v1_error(410, gone);
        let gateway = format!("/ex/confluence/cloud-1{path}");
        site.send("ann", method.parse::<Method>().unwrap(), &gateway, None).await.v1_error(410, gone);
    }
    for path in ["/content/2/restriction/byOperation/read/group/eng", "/content/2/never"] {
        site.get(&format!("/wiki/rest/api{path}")).await.v1_error(404, "NotFoundException");
    }
}

/// World facts 3: the mode says ROLES while the endpoints about roles answer 404; rows are listed all the same.
#[tokio::test]
async fn an_expired_beta_leaves_the_mode() {
    let site = Setup { mode: "roles", quirks: "roles-beta-expired: true", ..Setup::default() }.serve().await;
    assert_eq!(site.get("/wiki/api/v2/space-role-mode").await.body, json!({"mode": "ROLES"}));
    for path in ["/space-roles", "/space-roles/r-admin", "/space-permissions", "/spaces/101/role-assignments"]
    {
        site.get(&format!("/wiki/api/v2{path}")).await.v2_error(404, "NOT_FOUND");
    }
    assert!(!site.rows().await.is_empty());
}

/// World facts 4: default roles can be disabled. What that does to their holders is assumed.
#[tokio::test]
async fn a_disabled_role_is_not_listed_nor_assigned_and_stays_with_its_holders() {
    let state = Setup { roles: "role-assignments: {Viewer: [group:ops]}", ..Setup::default() }.yaml();
    let site = Client::of(&state.replace("{id: r-viewer, ", "{id: r-viewer, disabled: true, ")).await;
    assert_eq!(site.get("/wiki/api/v2/space-roles").await.each("name"), ["Admin"]);
    site.get("/wiki/api/v2/space-roles/r-viewer").await.v2_error(404, "NOT_FOUND");
    let path = "/wiki/api/v2/spaces/101/role-assignments";
    let give =
        json!([{"principal": {"principalType": "GROUP", "principalId": "g-none"}, "roleId": "r-viewer"}]);
    site.post(path, give).await.v2_error(400, "INVALID_REQUEST_PARAMETER");
    assert_eq!(site.get(path).await.each("roleId"), ["r-viewer"]);
    assert_eq!(site.pairs_of("group g-ops").await, "create/comment read/space");
}

/// Single permissions that are left on a site with roles only are listed and cannot be removed; whether they count
/// is assumed: switch.
#[tokio::test]
async fn single_permissions_can_be_left_on_a_site_with_roles_only() {
    for (quirks, seen) in [("", true), ("leftover-rows: void", false)] {
        let roles = "role-assignments: {Admin: [user:ann]}";
        let site = Setup { mode: "roles", roles, quirks, ..Setup::default() }.serve().await;
        assert!(site.pairs_of("group g-eng").await.contains("update/page"), "{quirks}");
        site.revoke("group g-eng create/comment").await.v1_error(400, "InvalidRbacOperationException");
        let bob = site.running.world(|world| {
            world.allows(&Subject::User(AccountId::from("a-bob")), Verb::Read, ContentId(2)).is_ok()
        });
        assert_eq!(bob, seen, "{quirks}");
        assert_eq!(site.get("/wiki/api/v2/pages/2").await.status, 200, "by a role");
    }
}

/// A guest belongs to one space, and Jira Service Management opens others; the API shows neither. What a guest's own
/// grants count for elsewhere, and whether opened spaces are open to it, is assumed: switches.
#[tokio::test]
async fn guests_and_opened_spaces_are_in_the_state_alone() {
    let may_see = |site: &Client, who: &str, space: u64| {
        let subject = Subject::User(AccountId::from(who));
        site.running.world(|world| !world.space_operations(&subject, SpaceId(space)).is_empty())
    };
    let state = |quirks: &str| {
        Setup::default()
            .yaml()
            .replace("quirks: {}", &format!("quirks: {{{quirks}}}"))
            .replace("read/space: [group:ops]", "read/space: [group:ops, user:gus]")
            .replace("    name: Public\n", "    name: Public\n    unlicensed-access: true\n")
            .replace("read/space: [anonymous, user:ann]", "read/space: [user:ann]")
    };
    for (quirks, granted, opened) in [
        ("", false, false),
        ("guest-grants-elsewhere: true", true, false),
        ("guests-see-opened-spaces: true", false, true),
    ] {
        let site = Client::of(&state(quirks)).await;
        assert_eq!(
            (may_see(&site, "a-gus", 102), may_see(&site, "a-gus", 103)),
            (granted, opened),
            "{quirks}"
        );
        assert!(may_see(&site, "a-bob", 103), "opened to all who have a licence, whatever the rows say");
        let shown = site.get("/wiki/api/v2/spaces/103?include-permissions=true").await.body;
        let hidden = |word: &str| !shown.to_string().contains(word);
        assert!(hidden("unlicensed") && hidden("a-bob"), "{shown}");
        let rows = site.get_as("eve", "/wiki/api/v2/spaces/102/permissions").await;
        let gus: Vec<&Value> = rows.body["results"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["principal"]["id"] == "a-gus")
            .collect();
        assert_eq!(
            (gus.len(), &gus[0]["principal"]["type"]),
            (1, &json!("user")),
            "a guest looks like any user"
        );
    }
}
