//! Space roles: what there is, who has them, and how they show.

use serde_json::{Value, json};

use crate::support::{Client, Setup};

const ASSIGNMENTS: &str = "/wiki/api/v2/spaces/101/role-assignments";

fn with_viewer() -> Setup {
    Setup { roles: "role-assignments: {Viewer: [group:ops, class:all-licensed-users]}", ..Setup::default() }
}

#[tokio::test]
async fn the_mode_is_told_and_may_be_missing() {
    for (mode, told) in
        [("pre-roles", "PRE_ROLES"), ("roles-transition", "ROLES_TRANSITION"), ("roles", "ROLES")]
    {
        let site = Setup { mode, ..Setup::default() }.serve().await;
        assert_eq!(site.get("/wiki/api/v2/space-role-mode").await.body, json!({"mode": told}));
    }
    let site = Setup::quirks("space-role-mode-absent: true").serve().await;
    assert_eq!(site.get("/wiki/api/v2/space-role-mode").await.body, json!({}));
}

#[tokio::test]
async fn a_classic_site_has_no_roles() {
    let site = Setup { mode: "pre-roles", ..Setup::default() }.serve().await;
    for path in ["/wiki/api/v2/space-roles", ASSIGNMENTS, "/wiki/api/v2/space-permissions"] {
        site.get(path).await.v2_error(404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn roles_are_listed() {
    let site = with_viewer().serve().await;
    assert_eq!(site.get("/wiki/api/v2/space-roles").await.each("name"), ["Admin", "Viewer"]);
    assert_eq!(site.get("/wiki/api/v2/space-roles?role-type=CUSTOM").await.each("name"), [""; 0]);
    assert_eq!(site.get("/wiki/api/v2/space-roles/r-viewer").await.body["spacePermissions"][0], "read/space");
    site.get("/wiki/api/v2/space-roles/nope").await.v2_error(404, "NOT_FOUND");
    let catalogue = site.get("/wiki/api/v2/space-permissions?limit=250").await;
    assert_eq!(catalogue.each("id").len(), 28);
}

/// What the site of [`with_viewer`] calls the permissions of its roles, by vocabulary. Seen on a real site are
/// `read/space`, `read/comment`, `export/content`, `delete/own-content` and `delete/own-comment` (live: folio);
/// all else of the vocabulary of roles is assumed: switch.
#[tokio::test]
async fn the_words_of_roles_are_a_switch_and_rows_are_in_pairs() {
    for (quirks, viewer, admin) in [
        (
            "role-vocabulary: pairs",
            "read/space create/comment",
            "read/space create/page update/page delete/page restrict_content/space administer/space manage_users/space",
        ),
        (
            "",
            "read/space read/comment create/comment delete/own-comment",
            "read/space read/comment create/page update/page delete/page restrict/content administer/space manage/users",
        ),
        (
            "role-vocabulary: partly-unknown",
            "read/space read/comment create/comment delete/own-comment",
            "read/space read/comment create/page ? ? ? administer/space run/automation ?",
        ),
    ] {
        let site = Setup { quirks, ..with_viewer() }.serve().await;
        let ids = |role: &Value| -> Vec<String> {
            let ids = role["spacePermissions"].as_array().unwrap().iter();
            ids.map(|id| id.as_str().unwrap().to_owned()).collect()
        };
        let shown = |ids: &[String]| -> String {
            let named = |id: &String| if id.contains('/') { id.clone() } else { "?".to_owned() };
            ids.iter().map(named).collect::<Vec<_>>().join(" ")
        };
        let roles = site.get("/wiki/api/v2/space-roles").await;
        let roles = roles.body["results"].as_array().unwrap();
        assert_eq!((shown(&ids(&roles[1])), shown(&ids(&roles[0]))), (viewer.into(), admin.into()));
        let catalogue = site.get("/wiki/api/v2/space-permissions?limit=250").await.each("id");
        assert!(roles.iter().flat_map(ids).all(|id| catalogue.contains(&id)), "{catalogue:?}");
        assert_eq!(site.pairs_of("group g-ops").await, "create/comment read/space");
    }
}

/// The id of the vocabulary of roles that deletes the space is spelled like the pair that deletes one's own.
#[tokio::test]
async fn an_id_of_a_role_can_be_spelled_like_a_pair_of_another_meaning() {
    let state = with_viewer().yaml().replace("manage_users/space,", "delete_space/space,");
    let state = state.replace("quirks: {}", "quirks: {role-vocabulary: role-ids}");
    let site = Client::of(&state).await;
    let admin = site.get("/wiki/api/v2/space-roles/r-admin").await.body;
    assert_eq!(admin["spacePermissions"].as_array().unwrap().last().unwrap(), "delete/space");
    let role =
        json!([{"principal": {"principalType": "GROUP", "principalId": "g-none"}, "roleId": "r-admin"}]);
    site.post(ASSIGNMENTS, role).await;
    let pairs = site.pairs_of("group g-none").await;
    assert!(pairs.contains("delete_space/space") && !pairs.contains("delete/space"), "{pairs}");
}

#[tokio::test]
async fn roles_show_as_rows_that_v1_does_not_delete() {
    let site = with_viewer().serve().await;
    assert_eq!(site.pairs_of("group g-ops").await, "create/comment read/space");
    assert_eq!(site.pairs_of("access-class all-licensed-users").await, "create/comment read/space");
    site.revoke("group g-ops create/comment").await.v1_error(400, "space role");
    let site = Setup { quirks: "role-row-delete: ignored", ..with_viewer() }.serve().await;
    assert_eq!(site.revoke("group g-ops create/comment").await.status, 204);
    assert_eq!(site.pairs_of("group g-ops").await, "create/comment read/space");
}

#[tokio::test]
async fn assignments_are_upserted_and_removed_by_omission() {
    let site = with_viewer().serve().await;
    let ops = json!({"principalType": "GROUP", "principalId": "g-ops"});
    let all = json!({"principalType": "ACCESS_CLASS", "principalId": "all-licensed-users"});
    let reply =
        site.post(ASSIGNMENTS, json!([{"principal": ops, "roleId": "r-admin"}, {"principal": all}])).await;
    assert_eq!((reply.status, reply.each("roleId")), (200, vec!["r-admin".into(), "null".into()]));
    let now = site.get(ASSIGNMENTS).await;
    assert_eq!(now.body["results"], json!([{"principal": ops, "roleId": "r-admin"}]));
    let filtered = format!("{ASSIGNMENTS}?principal-type=GROUP&principal-id=g-eng");
    assert_eq!(site.get(&filtered).await.each("roleId"), [""; 0]);
    site.get(&format!("{ASSIGNMENTS}?principal-type=GROUP")).await.v2_error(400, "INVALID_REQUEST_PARAMETER");
}

#[tokio::test]
async fn a_role_body_is_read_strictly_and_done_whole_or_not_at_all() {
    let site = with_viewer().serve().await;
    let good = json!({"principal": {"principalType": "GROUP", "principalId": "g-eng"}, "roleId": "r-viewer"});
    for body in [
        json!({"roleAssignments": []}),
        json!([]),
        json!([good, {"principal": {"principalType": "GROUP", "principalId": "nope"}, "roleId": "r-viewer"}]),
        json!([good, {"principal": {"principalType": "GROUP", "principalId": "g-ops"}, "roleId": "r-none"}]),
        json!([good, {"principal": {"principalType": "TEAM", "principalId": "g-ops"}, "roleId": "r-viewer"}]),
        json!([good, {"principal": {"principalType": "GROUP", "principalId": "g-ops"}, "roleId": null}]),
        json!([good, good]),
    ] {
        site.post(ASSIGNMENTS, body).await.v2_error(400, "INVALID_REQUEST_PARAMETER");
    }
    assert_eq!(site.get(ASSIGNMENTS).await.each("roleId"), ["r-viewer", "r-viewer"]);
    let body = Some(json!([good]));
    site.send("bob", reqwest::Method::POST, ASSIGNMENTS, body).await.v2_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_role_replaces_custom_access_or_joins_it() {
    let assign =
        json!([{"principal": {"principalType": "GROUP", "principalId": "g-eng"}, "roleId": "r-viewer"}]);
    let site = Setup::default().serve().await;
    site.post(ASSIGNMENTS, assign.clone()).await;
    assert!(site.pairs_of("group g-eng").await.contains("update/page"));
    let site = Setup::quirks("role-post-removes-custom-access: true").serve().await;
    site.post(ASSIGNMENTS, assign).await;
    assert_eq!(site.pairs_of("group g-eng").await, "create/comment read/space");
}

#[tokio::test]
async fn roles_give_access() {
    let site = with_viewer().serve().await;
    assert_eq!(site.get_as("eve", "/wiki/api/v2/pages/2").await.status, 200);
    site.get_as("gus", "/wiki/api/v2/pages/2").await.v2_error(404, "NOT_FOUND");
}
