//! Changes: what is sent, and how certain the client is about what became of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use confperm::confluence::{Read as _, Write as _, WriteError};
use confperm::model::{Audience, Members, Restrictions, WriteRequest};
use serde_json::{Value, json};

use crate::server::{Raw, Reply, Server, cloud, home, v1_error, v2_error};

fn grant(principal: &str, permission: &str) -> WriteRequest {
    WriteRequest::Grant {
        space: "~5b10".parse().unwrap(),
        principal: principal.parse().unwrap(),
        permission: permission.parse().unwrap(),
    }
}

fn revoke(row: &str) -> WriteRequest {
    WriteRequest::Revoke {
        space: "ENG".parse().unwrap(),
        principal: "group:g1".parse().unwrap(),
        permission: "read/space".parse().unwrap(),
        row: row.parse().unwrap(),
    }
}

fn only(subjects: &[&str]) -> Audience {
    Audience::Only(Members::new(subjects.iter().map(|text| text.parse().unwrap())).unwrap())
}

fn restrict(before: (Audience, Audience), after: (Audience, Audience)) -> WriteRequest {
    WriteRequest::Restrict {
        space: "ENG".parse().unwrap(),
        content: "7".parse().unwrap(),
        now: Restrictions { view: before.0, edit: before.1 },
        after: Restrictions { view: after.0, edit: after.1 },
    }
}

#[tokio::test]
async fn a_grant_is_one_post_with_confluences_own_names() {
    let server = Server::start(|_| Reply::json(&json!({"id": 1}))).await;
    let cloud = server.cloud();
    cloud.perform(&grant("group:g 1", "delete_own/space")).await.unwrap();
    cloud.perform(&grant("anonymous", "read/space")).await.unwrap();
    let seen = server.seen();
    assert_eq!(server.lines(), ["POST /rest/api/space/~5b10/permission"; 2]);
    assert_eq!(
        seen[0].body,
        json!({"subject": {"type": "group", "identifier": "g 1"}, "operation": {"key": "delete", "target": "space"}})
    );
    assert_eq!(seen[1].body["subject"], json!({"type": "user", "identifier": "anonymous"}));
    assert_eq!(seen[0].headers["x-atlassian-token"], "no-check");
    assert_eq!(seen[0].headers["content-type"], "application/json");
}

#[tokio::test]
async fn what_became_of_a_write_is_told_exactly() {
    let perform = |reply: fn() -> Reply, call: WriteRequest| async move {
        let server = Server::start(move |_| reply()).await;
        let result = server.cloud().perform(&call).await;
        (result, server.seen().len())
    };
    let (result, asked) = perform(
        || v1_error(400, "BadRequestException", "Permission already exists"),
        grant("user:u", "read/space"),
    )
    .await;
    assert!(matches!(result, Err(WriteError::AlreadySo)) && asked == 1);

    let (result, asked) =
        perform(|| v1_error(400, "BadRequestException", "no such group"), grant("user:u", "read/space"))
            .await;
    assert!(matches!(result, Err(WriteError::Refused(_))) && asked == 1);

    let (result, asked) = perform(|| v1_error(404, "NotFoundException", "no row"), revoke("5")).await;
    assert!(matches!(result, Err(WriteError::Gone(_))) && asked == 1);

    let (result, asked) = perform(|| v2_error(503, "Service Unavailable"), revoke("5")).await;
    assert!(matches!(result, Err(WriteError::Ambiguous(_))) && asked == 1);

    let (result, asked) =
        perform(|| Reply::text(200, "text/html", "<title>Proxy</title>"), revoke("5")).await;
    assert!(matches!(result, Err(WriteError::Ambiguous(_))) && asked == 1);

    let (result, asked) =
        perform(|| Reply::json(&json!({})), grant("class:all-licensed-users", "read/space")).await;
    assert!(matches!(result, Err(WriteError::Refused(_))) && asked == 0);
}

#[tokio::test]
async fn a_lost_answer_is_ambiguous_and_never_repeated() {
    for bytes in ["", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"] {
        let server = Raw::start(bytes);
        let result = cloud(&server.address).perform(&revoke("5")).await;
        assert!(matches!(result, Err(WriteError::Ambiguous(_))), "{result:?}");
        assert_eq!(server.count(), 1);
    }
}

#[tokio::test]
async fn a_write_that_was_limited_is_made_again() {
    let calls = AtomicUsize::new(0);
    let server = Server::start(move |_| match calls.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => Reply::status(429, &json!({})).with("retry-after", "0"),
        _ => Reply::text(204, "application/json", ""),
    })
    .await;
    server.cloud().perform(&revoke("5")).await.unwrap();
    assert_eq!(server.lines(), ["DELETE /rest/api/space/ENG/permission/5"; 3]);
}

#[tokio::test]
async fn all_roles_of_a_space_go_in_one_bare_array() {
    let server = Server::start(|_| Reply::json(&json!({"results": []}))).await;
    let roles = [("group:g1", Some("r1")), ("class:all-product-admins", None), ("anonymous", Some("r2"))];
    let call = WriteRequest::AssignRoles {
        space: "ENG".parse().unwrap(),
        space_id: "101".parse().unwrap(),
        roles: roles
            .into_iter()
            .map(|(who, role)| (who.parse().unwrap(), role.map(|role| role.parse().unwrap())))
            .collect(),
    };
    server.cloud().perform(&call).await.unwrap();
    assert_eq!(server.lines(), ["POST /api/v2/spaces/101/role-assignments"]);
    assert_eq!(
        server.seen()[0].body,
        json!([
            {"principal": {"principalType": "GROUP", "principalId": "g1"}, "roleId": "r1"},
            {"principal": {"principalType": "ACCESS_CLASS", "principalId": "all-product-admins"}},
            {"principal": {"principalType": "ACCESS_CLASS", "principalId": "anonymous-users"}, "roleId": "r2"},
        ])
    );
}

#[tokio::test]
async fn opening_both_lists_deletes_and_closing_one_puts_only_that() {
    let server = Server::start(|_| Reply::json(&json!({"results": []}))).await;
    let cloud = server.cloud();
    let open = || (Audience::Anyone, Audience::Anyone);
    cloud.perform(&restrict((only(&["user:a"]), Audience::Anyone), open())).await.unwrap();
    cloud.perform(&restrict(open(), (only(&["user:a", "group:g"]), Audience::Anyone))).await.unwrap();
    assert_eq!(
        server.lines(),
        ["DELETE /rest/api/content/7/restriction", "PUT /rest/api/content/7/restriction"]
    );
    assert_eq!(
        server.seen()[1].body,
        json!([{"operation": "read", "restrictions": {"user": [{"type": "known", "accountId": "a"}],
                                                      "group": [{"type": "group", "id": "g"}]}}])
    );
}

/// A site that keeps or clears a list that a PUT leaves out, and does not say so in its answer.
async fn silent_site(keeps: bool) -> (Server, Arc<AtomicBool>) {
    let cleared = Arc::new(AtomicBool::new(false));
    let state = Arc::clone(&cleared);
    let server = Server::start(move |seen| {
        if let Some(reply) = home(seen, "PRE_ROLES") {
            return reply;
        }
        let person = |id: &str| json!({"type": "known", "accountId": id});
        let list = |users: Value| {
            json!({"user": {"results": users, "start": 0, "limit": 100, "size": users.as_array().unwrap().len()},
                                         "group": {"results": [], "start": 0, "limit": 100, "size": 0}})
        };
        match seen.method.as_str() {
            "PUT" => {
                state.store(!keeps, Ordering::SeqCst);
                Reply::json(&json!({"results": []}))
            }
            "DELETE" => Reply::text(200, "application/json", ""),
            _ => {
                let users = if state.load(Ordering::SeqCst) {
                    json!([])
                } else {
                    json!(["me", "amy", "zoe"].map(person))
                };
                Reply::json(&json!({"results": [
                    {"operation": "read", "restrictions": list(users)},
                    {"operation": "update", "restrictions": list(json!(["me", "amy"].map(person)))},
                ], "start": 0, "limit": 100, "size": 2}))
            }
        }
    })
    .await;
    (server, cleared)
}

#[tokio::test]
async fn a_list_that_a_site_keeps_is_emptied_entry_by_entry_editors_late_and_the_caller_last() {
    for keeps in [false, true] {
        let (server, _) = silent_site(keeps).await;
        let cloud = server.cloud();
        cloud.site().await.unwrap();
        let before = server.seen().len();
        let call = restrict(
            (only(&["user:me", "user:amy", "user:zoe"]), only(&["user:me", "user:amy"])),
            (Audience::Anyone, only(&["user:me", "user:amy"])),
        );
        cloud.perform(&call).await.unwrap();
        let seen = &server.seen()[before..];
        let lines: Vec<String> = seen
            .iter()
            .map(|seen| {
                format!("{} {}", seen.line(), seen.param("accountId").unwrap_or_default()).trim().to_owned()
            })
            .collect();
        let path = "/rest/api/content/7/restriction";
        let mut expected = vec![format!("PUT {path}"), format!("GET {path}")];
        if keeps {
            let gone = |id| format!("DELETE {path}/byOperation/read/user {id}");
            expected.extend(["zoe", "amy", "me"].map(gone));
        }
        assert_eq!(lines, expected);
        assert_eq!(
            seen[0].body,
            json!([{"operation": "update", "restrictions": {"user": [{"type": "known", "accountId": "amy"},
                                                                     {"type": "known", "accountId": "me"}]}}])
        );
    }
}

#[tokio::test]
async fn an_answer_that_shows_the_list_empty_is_the_look() {
    let server = Server::start(|_| {
        let sides = |users: Value| {
            json!({"user": {"results": users, "start": 0, "limit": 100, "size": users.as_array().unwrap().len()},
                                          "group": {"results": [], "start": 0, "limit": 100, "size": 0}})
        };
        Reply::json(&json!({"results": [
            {"operation": "read", "restrictions": sides(json!([]))},
            {"operation": "update", "restrictions": sides(json!([{"type": "known", "accountId": "me"}]))},
        ], "start": 0, "limit": 100, "size": 2}))
    })
    .await;
    let call = restrict((only(&["user:me"]), only(&["user:me"])), (Audience::Anyone, only(&["user:me"])));
    server.cloud().perform(&call).await.unwrap();
    assert_eq!(server.lines(), ["PUT /rest/api/content/7/restriction"]);
}

#[tokio::test]
async fn on_the_free_plan_a_403_says_so() {
    let server = Server::start(|seen| match seen.line().as_str() {
        "GET /rest/api/settings/systemInfo" => Reply::json(&json!({"cloudId": "c", "edition": "free"})),
        _ if seen.method == "GET" => home(seen, "PRE_ROLES").unwrap(),
        _ => v1_error(403, "PermissionException", "Not enough permissions to alter ContentRestrictions"),
    })
    .await;
    let cloud = server.cloud();
    cloud.site().await.unwrap();
    let call = restrict((Audience::Anyone, Audience::Anyone), (only(&["user:me"]), Audience::Anyone));
    let error = cloud.perform(&call).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "this site is on the Free plan, which has no permissions to change: \
         `PUT /wiki/rest/api/content/7/restriction` answered 403: Not enough permissions to alter ContentRestrictions"
    );
    assert!(error.error().unwrap().hint().unwrap().contains("Standard"));
}
