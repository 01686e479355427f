//! Space permissions: v1 writes, v2 reads.

use serde_json::json;

use crate::support::Setup;

#[tokio::test]
async fn a_grant_has_one_number_in_v1_and_v2_and_brings_its_companion() {
    let site = Setup::default().serve().await;
    let reply = site.grant("group g-ops read/space").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.body["operation"], json!({"key": "read", "target": "space"}));
    let id = reply.body["id"].as_u64().expect("an integer in v1");
    assert!(site.rows_with_ids().await.contains(&("group g-ops read/space".into(), id.to_string())));
    assert_eq!(site.pairs_of("group g-ops").await, "export_content/space read/space");
}

#[tokio::test]
async fn a_duplicate_and_a_grant_without_read_are_refused() {
    let site = Setup::default().serve().await;
    site.grant("group g-eng read/space").await.v1_error(400, "Permission already exists");
    site.grant("group g-ops create/page").await.v1_error(400, "read space");
    site.grant("group g-nobody read/space").await.v1_error(400, "BadRequestException");
    site.grant("user nobody read/space").await.v1_error(400, "Unknown subject");
    site.grant("group g-eng purge_version/space").await.v1_error(400, "combination");
    site.grant("role g-eng read/space").await.v1_error(400, "subject type");
}

#[tokio::test]
async fn a_body_is_read_strictly() {
    let site = Setup::default().serve().await;
    let path = "/wiki/rest/api/space/ENG/permission";
    for body in [
        json!({}),
        json!([]),
        json!({"subject": {"type": "user"}, "operation": {"key": "read", "target": "space"}}),
    ] {
        site.post(path, body).await.v1_error(400, "is required");
    }
    site.send("ann", reqwest::Method::POST, path, None).await.v1_error(415, "Content-Type");
}

#[tokio::test]
async fn companions_can_be_removed_and_go_with_their_producer() {
    let site = Setup::default().serve().await;
    for pair in ["read/space", "create/page", "create/blogpost"] {
        assert_eq!(site.grant(&format!("group g-ops {pair}")).await.status, 200);
    }
    let all = "create/blogpost create/page export_content/space read/space update/page";
    assert_eq!(site.pairs_of("group g-ops").await, all, "create/blogpost brings nothing (live: folio)");
    assert_eq!(site.revoke("group g-ops export_content/space").await.status, 204);
    assert_eq!(site.revoke("group g-ops create/page").await.status, 204);
    assert_eq!(site.pairs_of("group g-ops").await, "create/blogpost read/space");
}

/// Each producer has a switch of its own. That `create/comment`, `update/blogpost` and `administer/space` have
/// side effects was measured (live: folio); what they are is assumed: switch.
#[tokio::test]
async fn what_each_producer_brings_is_a_switch() {
    for (quirks, producer, along) in [
        ("read-companions: []", "read/space", ""),
        ("page-companions: []", "create/page", ""),
        ("comment-companions: [delete/comment]", "create/comment", "delete/comment"),
        ("blogpost-companions: [create/blogpost]", "update/blogpost", "create/blogpost"),
        (
            "admin-companions: [manage_users/space, archive_space/space]",
            "administer/space",
            "archive_space/space manage_users/space",
        ),
        ("companions: never, comment-companions: [delete/comment]", "create/comment", ""),
        ("", "create/comment", ""),
        ("", "update/blogpost", ""),
        ("", "administer/space", ""),
    ] {
        let site = Setup::quirks(quirks).serve().await;
        if producer != "read/space" {
            site.grant("group g-ops read/space").await;
        }
        let before = site.pairs_of("group g-ops").await;
        assert_eq!(site.grant(&format!("group g-ops {producer}")).await.status, 200);
        let after = site.pairs_of("group g-ops").await;
        let new: Vec<_> =
            after.split(' ').filter(|pair| !before.contains(pair) && *pair != producer).collect();
        assert_eq!(new.join(" "), along, "{quirks} {producer}");
        if producer != "read/space" {
            site.revoke(&format!("group g-ops {producer}")).await;
            assert_eq!(site.pairs_of("group g-ops").await, before, "{quirks} {producer}");
        }
    }
    let site = Setup::quirks("comment-companions: [delete/comment], producer-removal-takes-companion: false")
        .serve()
        .await;
    for pair in ["read/space", "create/comment"] {
        site.grant(&format!("group g-ops {pair}")).await;
    }
    site.revoke("group g-ops create/comment").await;
    assert_eq!(site.pairs_of("group g-ops").await, "delete/comment export_content/space read/space");
}

#[tokio::test]
async fn removing_read_removes_everything_and_read_does_not_bring_it_back() {
    let site = Setup::default().serve().await;
    assert_eq!(site.revoke("group g-eng read/space").await.status, 204);
    assert_eq!(site.pairs_of("group g-eng").await, "");
    site.grant("group g-eng read/space").await;
    assert_eq!(site.pairs_of("group g-eng").await, "export_content/space read/space");
}

#[tokio::test]
async fn the_last_admin_stays() {
    let site = Setup::default().serve().await;
    site.revoke("user a-ann administer/space").await.v1_error(400, "admin permissions cannot be removed");
    site.revoke("user a-ann read/space").await.v1_error(400, "admin permissions");
    site.grant("group g-eng administer/space").await;
    assert_eq!(site.revoke("user a-ann administer/space").await.status, 204);
    let site = Setup::quirks("last-admin-rule: false").serve().await;
    assert_eq!(site.revoke("user a-ann administer/space").await.status, 204);
}

#[tokio::test]
async fn removing_admin_takes_manage_users_along() {
    let site = Setup::default().serve().await;
    site.grant("group g-eng administer/space").await;
    site.grant("group g-eng manage_users/space").await;
    site.revoke("group g-eng administer/space").await;
    assert!(!site.pairs_of("group g-eng").await.contains("manage_users"));
}

#[tokio::test]
async fn only_admins_write_and_only_viewers_know_the_space() {
    let site = Setup::default().serve().await;
    let body = json!({"subject": {"type": "group", "identifier": "g-ops"}, "operation": {"key": "read", "target": "space"}});
    let path = "/wiki/rest/api/space/ENG/permission";
    site.send("bob", reqwest::Method::POST, path, Some(body.clone()))
        .await
        .v1_error(403, "PermissionException");
    site.send("eve", reqwest::Method::POST, path, Some(body.clone()))
        .await
        .v1_error(404, "NotFoundException");
    site.post("/wiki/rest/api/space/NOPE/permission", body).await.v1_error(404, "NotFoundException");
    site.delete("/wiki/rest/api/space/ENG/permission/1").await.v1_error(404, "NotFoundException");
    site.get_as("eve", "/wiki/api/v2/spaces/101/permissions").await.v2_error(404, "NOT_FOUND");
    assert_eq!(site.get_as("bob", "/wiki/api/v2/spaces/101/permissions").await.status, 200);
}

#[tokio::test]
async fn a_free_site_refuses_permissions_and_restrictions() {
    let site = Setup { edition: "free", ..Setup::default() }.serve().await;
    site.grant("group g-ops read/space").await.v1_error(403, "Free Edition");
    site.delete("/wiki/rest/api/content/3/restriction")
        .await
        .v1_error(403, "Not enough permissions to alter ContentRestrictions");
    assert_eq!(site.get("/wiki/rest/api/settings/systemInfo").await.body["edition"], "free");
}

#[tokio::test]
async fn a_roles_only_site_refuses_classic_writes() {
    let site = Setup { mode: "roles", ..Setup::default() }.serve().await;
    site.grant("group g-ops read/space")
        .await
        .v1_error(400, "InvalidRbacOperationException: Space permission updates");
    site.revoke("group g-eng create/comment").await.v1_error(400, "InvalidRbacOperationException");
}

#[tokio::test]
async fn a_classic_site_takes_the_documented_pairs_only() {
    let site = Setup { mode: "pre-roles", ..Setup::default() }.serve().await;
    site.grant("group g-eng manage_content/space").await.v1_error(400, "cannot be granted");
    assert_eq!(site.grant("group g-eng archive/page").await.status, 200);
    let site = Setup { mode: "pre-roles", quirks: "extra-pairs-in-pre-roles: true", ..Setup::default() }
        .serve()
        .await;
    assert_eq!(site.grant("group g-eng manage_content/space").await.status, 200);
}

#[tokio::test]
async fn companions_are_a_switch() {
    for (mode, quirks, rows) in [
        ("pre-roles", "", "export_content/space read/space"),
        ("pre-roles", "companions: roles-transition", "read/space"),
        ("roles-transition", "companions: roles-transition", "export_content/space read/space"),
        ("roles-transition", "companions: never", "read/space"),
    ] {
        let site = Setup { mode, quirks, ..Setup::default() }.serve().await;
        site.grant("group g-ops read/space").await;
        assert_eq!(site.pairs_of("group g-ops").await, rows, "{mode} {quirks}");
    }
}

#[tokio::test]
async fn the_row_of_anonymous_is_a_switch() {
    for (quirks, shown) in [
        ("", "access-class anonymous-users"),
        ("anonymous-row: user", "user anonymous"),
        ("anonymous-row: omitted", ""),
    ] {
        let site = Setup::quirks(quirks).serve().await;
        assert_eq!(site.grant("user anonymous read/space").await.status, 200);
        let rows = site.rows().await;
        let anonymous: Vec<_> =
            rows.iter().filter(|row| row.contains("anonymous") && row.ends_with(" read/space")).collect();
        assert_eq!(anonymous.first().map_or("", |row| row.trim_end_matches(" read/space")), shown);
    }
}

#[tokio::test]
async fn doubled_rows_go_together_or_one_by_one() {
    for (quirks, left) in [("duplicate-rows: linked", 0), ("duplicate-rows: independent", 1)] {
        let site = Setup::quirks(quirks).serve().await;
        let count =
            |rows: Vec<String>| rows.iter().filter(|row| *row == "group g-eng create/comment").count();
        assert_eq!(count(site.rows().await), 2);
        site.revoke("group g-eng create/comment").await;
        assert_eq!(count(site.rows().await), left, "{quirks}");
    }
}

#[tokio::test]
async fn a_group_name_is_taken_for_its_id() {
    let site = Setup::default().serve().await;
    assert_eq!(site.grant("group ops read/space").await.status, 200);
    assert_eq!(site.pairs_of("group g-ops").await, "export_content/space read/space");
}
