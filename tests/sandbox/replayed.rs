//! What suites that ran on real sites expect (live: folio, cjs; shared facts W17), and what the documents ask
//! for: filters of `/space-roles`, fields that are expanded on request, and making roles.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::Setup;

const ROLES: &str = "/wiki/api/v2/space-roles";

fn with_roles(quirks: &'static str) -> Setup {
    Setup { roles: "role-assignments: {Viewer: [group:ops]}", quirks, ..Setup::default() }
}

/// "The space ID for which to filter available space roles": what is available, not what is in use.
#[tokio::test]
async fn the_roles_of_a_space_are_those_that_can_be_assigned_there() {
    let site = with_roles("").serve().await;
    assert_eq!(site.get(&format!("{ROLES}?space-id=101")).await.each("name"), ["Admin", "Viewer"]);
    site.get(&format!("{ROLES}?space-id=999")).await.v2_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn roles_are_filtered_by_who_holds_them_with_a_space_and_without() {
    let site = with_roles("").serve().await;
    let held =
        |kind: &str, id: &str, space: &str| format!("{ROLES}?principal-type={kind}&principal-id={id}{space}");
    for (kind, id, space, names) in [
        ("GROUP", "g-ops", "", vec!["Viewer"]),
        ("GROUP", "g-ops", "&space-id=101", vec!["Viewer"]),
        ("GROUP", "g-ops", "&space-id=103", vec![]),
        ("GROUP", "g-eng", "", vec![]),
        ("ACCESS_CLASS", "anonymous-users", "", vec![]),
    ] {
        assert_eq!(site.get(&held(kind, id, space)).await.each("name"), names, "{kind} {id} {space}");
    }
    // bob does not see the space OPS, so what is assigned there is not shown to him.
    let ops = json!([{"principal": {"principalType": "USER", "principalId": "a-eve"}, "roleId": "r-admin"}]);
    let reply = site.send("eve", Method::POST, "/wiki/api/v2/spaces/102/role-assignments", Some(ops)).await;
    assert_eq!(reply.status, 200);
    let path = held("USER", "a-eve", "");
    assert_eq!(site.get_as("eve", &path).await.each("name"), ["Admin"]);
    assert_eq!(site.get_as("bob", &path).await.each("name"), [""; 0]);
}

#[tokio::test]
async fn labels_come_along_when_they_are_asked_for() {
    let state = Setup::default().yaml();
    let state = state
        .replace("{id: 2, title: Open, author: bob}", "{id: 2, title: Open, author: bob, labels: [b, a]}");
    let state = state.replace("{id: 20, title: News}", "{id: 20, title: News, labels: [news]}");
    let site = crate::support::Client::of(&state).await;
    let labels = |body: &Value| -> Vec<String> {
        let results = body["labels"]["results"].as_array().unwrap().iter();
        results
            .map(|label| format!("{}:{}", label["prefix"].as_str().unwrap(), label["name"].as_str().unwrap()))
            .collect()
    };
    for (path, expected) in [
        ("/wiki/api/v2/spaces/101", vec!["team:team"]),
        ("/wiki/api/v2/pages/2", vec!["global:a", "global:b"]),
        ("/wiki/api/v2/pages/1", vec![]),
        ("/wiki/api/v2/blogposts/20", vec!["global:news"]),
    ] {
        let asked = site.get(&format!("{path}?include-labels=true")).await;
        assert_eq!(labels(&asked.body), expected, "{path}");
        assert_eq!(asked.body["labels"]["meta"]["hasMore"], false);
        assert!(site.get(path).await.body.get("labels").is_none(), "{path}");
    }
    let found = site.get("/wiki/rest/api/content/search?cql=label%20in%20(a,news)").await;
    assert_eq!(found.each("id"), ["2", "20"]);
}

#[tokio::test]
async fn versions_of_search_results_and_operations_of_members_are_expanded() {
    let site = Setup::default().serve().await;
    let found = site.get("/wiki/rest/api/content/search?cql=id%20in%20(1,2)&expand=version").await;
    let versions: Vec<&Value> =
        found.body["results"].as_array().unwrap().iter().map(|page| &page["version"]).collect();
    assert_eq!((&versions[0]["number"], &versions[0]["minorEdit"]), (&json!(1), &json!(false)));
    assert!(versions[0]["when"].is_string() && versions[0].get("by").is_none());
    assert_eq!(versions[1]["by"]["accountId"], "a-bob");
    let plain = site.get("/wiki/rest/api/content/search?cql=id%3D1").await;
    assert!(plain.body["results"][0].get("version").is_none());
    assert!(plain.body["results"][0]["_expandable"]["version"].is_string());

    let members = "/wiki/rest/api/group/g-eng/membersByGroupId";
    let expanded = site.get(&format!("{members}?expand=personalSpace,operations")).await;
    let operations = |at: usize| expanded.body["results"][at]["operations"].clone();
    let can = |operation: &str| json!({"operation": operation, "targetType": "application"});
    assert_eq!(operations(0), json!([can("use"), can("administer")]));
    assert_eq!(operations(1), json!([can("use")]));
    assert!(site.get(members).await.body["results"][0].get("operations").is_none());
}

/// The name has 25 characters at most, a site ten custom roles (live: folio); ids are those of the catalogue.
#[tokio::test]
async fn roles_are_made_by_site_admins_out_of_the_catalogue() {
    let site = with_roles("role-vocabulary: role-ids").serve().await;
    let body =
        |name: &str, ids: &[&str]| json!({"name": name, "description": "Can edit", "spacePermissions": ids});
    let editors = body("Editors", &["read/space", "export/content", "delete/own-content"]);
    let made = site.post(ROLES, editors.clone()).await;
    assert_eq!(
        (made.status, &made.body["type"], &made.body["name"]),
        (201, &json!("CUSTOM"), &json!("Editors"))
    );
    assert_eq!(made.body["spacePermissions"], json!(["delete/own-content", "export/content", "read/space"]));
    let id = made.body["id"].as_str().unwrap();
    assert_eq!(
        site.get(&format!("{ROLES}/{id}")).await.body["spacePermissions"],
        made.body["spacePermissions"]
    );
    let given = json!([{"principal": {"principalType": "GROUP", "principalId": "g-none"}, "roleId": id}]);
    assert_eq!(site.post("/wiki/api/v2/spaces/101/role-assignments", given).await.status, 200);
    assert_eq!(site.pairs_of("group g-none").await, "delete/space export_content/space read/space");

    for (wrong, message) in [
        (editors.clone(), "taken"),
        (body("A name of twenty-six chars", &["read/space"]), "Role name exceeds maximum length"),
        (body("Fliers", &["read/space", "fly/space"]), "There is no space permission `fly/space`"),
        (body("Pairs", &["read/space", "export_content/space"]), "`export_content/space`"),
        (body("Blind", &["create/page"]), "`read/space`"),
        (json!({"name": "Half"}), "is required"),
    ] {
        let reply = site.post(ROLES, wrong).await;
        reply.v2_error(400, "INVALID_REQUEST_PARAMETER");
        assert!(reply.body["errors"][0]["title"].as_str().unwrap().contains(message), "{}", reply.body);
    }
    site.send("bob", Method::POST, ROLES, Some(body("Bobs", &["read/space"])))
        .await
        .v2_error(404, "NOT_FOUND");
    for n in 1..10 {
        assert_eq!(site.post(ROLES, body(&format!("Role {n}"), &["read/space"])).await.status, 201);
    }
    site.post(ROLES, body("One more", &["read/space"])).await.v2_error(400, "INVALID_REQUEST_PARAMETER");
    let classic = Setup { mode: "pre-roles", ..Setup::default() }.serve().await;
    classic.post(ROLES, editors).await.v2_error(404, "NOT_FOUND");
}

/// Texts of a site do not show how a program writes its values down.
#[tokio::test]
async fn refusals_name_principals_in_words() {
    let site = Setup::quirks("update-without-read: refused").serve().await;
    site.grant("user x:1 read/space").await.v1_error(400, "Unknown subject: user x:1");
    site.grant("group g-x read/space").await.v1_error(400, "Unknown subject: group g-x");
    let list = |operation: &str, id: &str| json!({"operation": operation, "restrictions": {"user": [{"type": "known", "accountId": id}]}});
    let lists = "/wiki/rest/api/content/2/restriction";
    site.put(lists, json!([list("read", "a-ann"), list("read", "a-bob")]))
        .await
        .v1_error(400, "Operation `read` is");
    site.put(lists, json!([list("read", "a-ann"), list("update", "a-bob")]))
        .await
        .v1_error(400, "Restriction subject user a-bob can edit but not view");
    let twice =
        json!({"principal": {"principalType": "GROUP", "principalId": "g-eng"}, "roleId": "r-viewer"});
    let reply = site.post("/wiki/api/v2/spaces/101/role-assignments", json!([twice, twice])).await;
    assert_eq!(reply.body["errors"][0]["title"], "The principal group g-eng is specified more than once");
}
