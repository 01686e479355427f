//! What is taken from the answers of a site, odd ones included.

use std::collections::BTreeSet;

use confperm::confluence::{Read as _, SpaceSelection};
use confperm::model::{
    AccountKind, Audience, ContentId, Edition, Known, Missing, PageList, Parent, SiteText, Space, SpaceId,
    SpaceKind, SpaceRoleMode, SpaceStatus, Truth, Why,
};
use serde_json::{Value, json};

use crate::server::{Reply, Seen, Server, home, v1, v1_error, v2, v2_error};

fn eng() -> Space {
    Space {
        id: "101".parse().unwrap(),
        key: "ENG".parse().unwrap(),
        name: "Engineering".into(),
        kind: SpaceKind::Global,
        status: SpaceStatus::Current,
        homepage: None,
    }
}

fn ids(numbers: impl IntoIterator<Item = u64>) -> BTreeSet<ContentId> {
    numbers.into_iter().map(ContentId::from_number).collect()
}

/// Both lists of a page, as they are expanded in a search and returned by themselves.
fn lists(view: &[&str], edit: &[&str]) -> (Value, Value) {
    let list = |operation: &str, accounts: &[&str]| {
        let users: Vec<Value> = accounts.iter().map(|id| json!({"type": "known", "accountId": id})).collect();
        json!({"operation": operation, "restrictions": {
            "user": {"results": users, "start": 0, "limit": 200, "size": accounts.len()},
            "group": {"results": [], "start": 0, "limit": 200, "size": 0},
        }})
    };
    (list("read", view), list("update", edit))
}

fn hit(id: u64, view: &[&str], edit: &[&str]) -> Value {
    let (read, update) = lists(view, edit);
    json!({"id": id.to_string(), "type": "page", "restrictions": {"read": read, "update": update}})
}

fn direct(view: &[&str], edit: &[&str]) -> Reply {
    let (read, update) = lists(view, edit);
    Reply::json(
        &json!({"results": [update, read], "start": 0, "limit": 100, "size": 2, "restrictionsHash": "x"}),
    )
}

fn shown(restrictions: &Known<confperm::model::Restrictions>) -> String {
    match restrictions {
        Known::Known(lists) => PageList::ALL
            .map(|list| match lists.audience(list) {
                Audience::Anyone => "anyone".to_owned(),
                audience @ Audience::Only(_) => {
                    audience.subjects().map(ToString::to_string).collect::<Vec<_>>().join(" ")
                }
            })
            .join(" / "),
        Known::Unknown(why) => format!("{why:?}"),
    }
}

#[tokio::test]
async fn the_caller_is_asked_for_before_anything_else() {
    let server = Server::start(|seen| home(seen, "ROLES_TRANSITION").unwrap()).await;
    let site = server.cloud().site().await.unwrap();
    assert_eq!(site.mode, SpaceRoleMode::RolesTransition);
    assert_eq!(site.edition, Edition::Standard);
    assert_eq!(site.cloud_id.as_deref(), Some("c1"));
    assert!(matches!(&site.caller.groups, Known::Known(groups) if groups.len() == 1));
    assert_eq!(site.anonymous_access, Known::Unknown(Why::NotRead));
    assert_eq!(server.lines()[0], "GET /rest/api/user/current");
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn a_site_without_roles_and_without_system_info_is_still_a_site() {
    let base = "https://acme.atlassian.net/wiki";
    let server = Server::start(move |seen| match seen.line().as_str() {
        "GET /api/v2/space-role-mode" | "GET /api/v2/space-roles" => v2_error(404, "Not Found"),
        "GET /rest/api/settings/systemInfo" => v1_error(403, "PermissionException", "no"),
        "GET /api/v2/spaces" => Reply::json(&json!({"results": [], "_links": {"base": base}})),
        _ => home(seen, "").unwrap(),
    })
    .await;
    let site = server.cloud().site().await.unwrap();
    assert_eq!(site.mode, SpaceRoleMode::PreRoles);
    assert_eq!(site.edition, Edition::Other(SiteText::default()));
    assert_eq!((site.base_url.raw(), site.cloud_id), (base, None));
}

#[tokio::test]
async fn spaces_are_listed_through_empty_pages_by_cursor_only() {
    let server = Server::start(|seen| match seen.param("cursor") {
        None => Reply::json(&json!({"results": [{"id": "2", "key": "B", "name": "b", "type": "personal", "status": "archived"}]}))
            .with("link", "</wiki/api/v2/spaces?limit=9&cursor=one%3D>; rel=\"next\", <https://x.example/wiki>; rel=\"base\""),
        Some("one=") => Reply::json(&json!({"results": [], "_links": {"next": "https://elsewhere.example/x?cursor=two"}})),
        _ => Reply::json(&v2(&[json!({"id": 1, "key": "A", "name": null, "type": "new", "status": "current"})])),
    })
    .await;
    let spaces = server.cloud().spaces(&SpaceSelection::All).await.unwrap();
    let shown: Vec<String> =
        spaces.iter().map(|space| format!("{} {:?} {:?}", space.key, space.kind, space.status)).collect();
    assert_eq!(shown, ["A Other(\"new\") Current", "B Personal Archived"]);
    let cursors: Vec<_> = server.seen().iter().map(|seen| seen.param("cursor").map(str::to_owned)).collect();
    assert_eq!(cursors, [None, Some("one=".to_owned()), Some("two".to_owned())]);
    assert!(server.seen().iter().all(|seen| seen.param("limit") == Some("250")));
}

#[tokio::test]
async fn keys_are_checked_and_asked_for_250_at_a_time() {
    let server = Server::start(|_| {
        Reply::json(&v2(&[json!({"id": "1", "key": "K1"}), json!({"id": "9", "key": "OTHER"})]))
    })
    .await;
    let keys = (0..251).map(|n| format!("K{n}").parse().unwrap()).collect();
    let spaces = server.cloud().spaces(&SpaceSelection::Keys(keys)).await.unwrap();
    assert_eq!(spaces.iter().map(|space| space.key.as_str()).collect::<Vec<_>>(), ["K1"]);
    let mut sizes: Vec<usize> =
        server.seen().iter().map(|seen| seen.param("keys").unwrap().split(',').count()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 250]);
}

#[tokio::test]
async fn ids_find_spaces_whatever_their_keys_are() {
    let server = Server::start(|_| {
        Reply::json(&v2(&[json!({"id": "1", "key": "NEW"}), json!({"id": "900", "key": "OTHER"})]))
    })
    .await;
    let ids = (1..=251).map(SpaceId::from_number).collect();
    let spaces = server.cloud().spaces(&SpaceSelection::Ids(ids)).await.unwrap();
    assert_eq!(spaces.iter().map(|space| space.key.as_str()).collect::<Vec<_>>(), ["NEW"]);
    let mut sizes: Vec<usize> =
        server.seen().iter().map(|seen| seen.param("ids").unwrap().split(',').count()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 250]);
}

#[tokio::test]
async fn roles_are_asked_for_only_where_there_are_any() {
    let answer = |_: &Seen| Reply::json(&v2(&[]));
    for (mode, requests) in [(SpaceRoleMode::PreRoles, 1), (SpaceRoleMode::Roles, 2)] {
        let server = Server::start(answer).await;
        server.cloud().access(eng().id, mode).await.unwrap();
        assert_eq!(server.seen().len(), requests);
    }
}

#[tokio::test]
async fn folders_are_asked_for_once_and_hidden_ones_stay_missing() {
    let server = Server::start(|seen| match seen.line().as_str() {
        "GET /api/v2/spaces/101/pages" => {
            let page = |id: u64, parent: Value, kind: Value| {
                json!({"id": id.to_string(), "title": format!("P{id}"), "parentId": parent, "parentType": kind})
            };
            Reply::json(&v2(&[
                page(1, Value::Null, Value::Null),
                page(2, json!("10"), json!("folder")),
                page(3, json!("10"), json!("folder")),
                page(4, json!("11"), json!("database")),
                page(5, json!("99"), json!("page")),
            ]))
        }
        "GET /api/v2/folders/10" => {
            Reply::json(&json!({"id": "10", "title": "F", "parentId": "12", "parentType": "folder", "createdAt": 1}))
        }
        "GET /api/v2/folders/12" => Reply::json(&json!({"id": "12", "title": "G", "parentId": "1", "parentType": "page"})),
        _ => v2_error(404, "Not Found"),
    })
    .await;
    let tree = server.cloud().tree(&eng()).await.unwrap();
    assert_eq!(tree.path(ContentId::from_number(3)).raw(), "/P1/G/F/P3");
    assert_eq!(
        tree.chain(ContentId::from_number(4)).missing,
        Some(Missing::Ancestor(ContentId::from_number(11)))
    );
    assert_eq!(
        tree.get(ContentId::from_number(5)).unwrap().parent,
        Parent::Content(ContentId::from_number(99))
    );
    assert_eq!(server.seen().len(), 4);
    assert_eq!(server.seen()[0].param("status"), Some("current"));
}

#[tokio::test]
async fn the_lists_of_many_pages_come_in_few_searches() {
    let server = Server::start(|seen| {
        let cql = seen.param("cql").unwrap().to_owned();
        let asked = cql.trim_start_matches("id in (").trim_end_matches(')').split(',');
        let hits: Vec<Value> = asked.map(|id| hit(id.parse().unwrap(), &[], &["u1"])).collect();
        Reply::json(&v1(&hits))
    })
    .await;
    let found = server.cloud().restrictions(&ids(1..=250), false).await.unwrap();
    assert_eq!(found.len(), 250);
    assert!(found.values().all(|lists| shown(lists) == "anyone / user:u1"));
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn what_a_search_does_not_return_is_asked_for_one_by_one() {
    let server = Server::start(|seen| match seen.line().as_str() {
        "GET /rest/api/content/search" => Reply::json(&v1(&[hit(1, &["u1"], &[])])),
        "GET /rest/api/content/2/restriction" => direct(&["u2"], &["u2"]),
        _ => v1_error(404, "NotFoundException", "No content with id <3> can be found"),
    })
    .await;
    let found = server.cloud().restrictions(&ids([1, 2, 3]), false).await.unwrap();
    let shown: Vec<String> = found.values().map(shown).collect();
    assert_eq!(shown, ["user:u1 / anyone", "user:u2 / user:u2", "Hidden"]);
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_batch_that_fails_as_a_whole_falls_apart_into_single_calls() {
    let server = Server::start(|seen| match seen.line().as_str() {
        "GET /rest/api/content/search" => v1_error(404, "NotFoundException", "Cannot find content <9>"),
        _ => direct(&[], &[]),
    })
    .await;
    let found = server.cloud().restrictions(&ids([1, 2]), false).await.unwrap();
    assert!(found.values().all(|lists| shown(lists) == "anyone / anyone"));
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_long_list_is_read_to_its_end() {
    let server = Server::start(|seen| {
        let all: Vec<Value> = (0..230).map(|n| json!({"type": "known", "accountId": format!("u{n}")})).collect();
        let groups: Vec<Value> = (0..3).map(|n| json!({"type": "group", "id": format!("g{n}"), "name": "x"})).collect();
        let start: usize = seen.param("start").map_or(0, |start| start.parse().unwrap());
        let side = |all: &[Value], most: usize| {
            let here: Vec<&Value> = all.iter().skip(start).take(most).collect();
            json!({"results": here, "start": start, "limit": most, "size": here.len()})
        };
        let list = |most| json!({"operation": "read", "restrictions": {"user": side(&all, most), "group": side(&groups, most)}});
        match seen.line().as_str() {
            "GET /rest/api/content/search" => {
                let mut hit = hit(1, &[], &[]);
                hit["restrictions"]["read"] = list(200);
                Reply::json(&v1(&[hit]))
            }
            "GET /rest/api/content/1/restriction/byOperation/read" => Reply::json(&list(100)),
            other => panic!("{other}"),
        }
    })
    .await;
    let found = server.cloud().restrictions(&ids([1]), false).await.unwrap();
    let Known::Known(lists) = found.values().next().unwrap() else { panic!("{found:?}") };
    assert_eq!(lists.view.subjects().count(), 233);
    assert!(lists.edit.is_anyone());
    assert_eq!(server.seen().len(), 4);
}

#[tokio::test]
async fn half_an_answer_is_never_taken_for_an_open_page() {
    // Not expanded, one half missing, an entry without an id.
    let odd = [
        json!({"id": "1", "restrictions": {"_expandable": {"read": "", "update": ""}}}),
        json!({"id": "1", "restrictions": {"read": {"operation": "read", "restrictions": {"user": {"results": []}}}}}),
        json!({"id": "1"}),
    ];
    for hit in odd {
        let server = Server::start(move |seen| match seen.line().as_str() {
            "GET /rest/api/content/search" => Reply::json(&v1(std::slice::from_ref(&hit))),
            "GET /rest/api/content/1/restriction" => direct(&["u1"], &[]),
            path if path.starts_with("GET /rest/api/content/1/restriction/byOperation/") => {
                let operation = path.rsplit('/').next().unwrap();
                let users = if operation == "read" { vec![json!({"accountId": "u1"})] } else { vec![] };
                Reply::json(&json!({"operation": operation, "restrictions": {
                    "user": {"results": users, "limit": 100, "size": users.len()},
                    "group": {"results": [], "limit": 100, "size": 0}}}))
            }
            other => panic!("{other}"),
        })
        .await;
        let found = server.cloud().restrictions(&ids([1]), false).await.unwrap();
        assert_eq!(shown(found.values().next().unwrap()), "user:u1 / anyone");
    }
    let server = Server::start(|seen| {
        let mut hit = hit(1, &["u1"], &[]);
        hit["restrictions"]["read"]["restrictions"]["user"]["results"] = json!([{"type": "unknown"}]);
        match seen.line().as_str() {
            "GET /rest/api/content/1/restriction/byOperation/read" => {
                Reply::json(&hit["restrictions"]["read"])
            }
            _ => Reply::json(&v1(&[hit])),
        }
    })
    .await;
    let found = server.cloud().restrictions(&ids([1]), false).await.unwrap();
    assert_eq!(shown(found.values().next().unwrap()), "NoId");
}

#[tokio::test]
async fn groups_and_members_are_paged_by_offset() {
    let server = Server::start(|seen| {
        let start: u64 = seen.param("start").unwrap().parse().unwrap();
        let member = |n: u64| json!({"type": "known", "accountId": format!("u{n}"), "id": format!("g{n}"), "name": "n"});
        // A page shorter than the limit is not the last one.
        let next = (start < 4).then(|| format!("/rest/api/x?start={}&limit=200", start + 2));
        Reply::json(&json!({"results": [member(start), member(start + 1)], "start": start, "limit": 200, "size": 2,
                            "_links": {"next": next, "base": "https://acme.atlassian.net/wiki"}}))
    })
    .await;
    let cloud = server.cloud();
    let Known::Known(members) = cloud.members(&"g 1/2".parse().unwrap()).await.unwrap() else { panic!() };
    assert_eq!(members.len(), 6);
    assert_eq!(cloud.groups().await.unwrap().len(), 6);
    assert_eq!(server.lines()[0], "GET /rest/api/group/g%201%2F2/membersByGroupId");
}

#[tokio::test]
async fn people_are_looked_up_250_at_a_time_and_unknown_ones_are_missing() {
    let server = Server::start(|seen| {
        let ids = seen.body["accountIds"].as_array().unwrap().clone();
        let known = ids.iter().filter(|id| id.as_str() != Some("u7"));
        let people: Vec<Value> = known
            .map(|id| json!({"accountId": id, "displayName": "", "publicName": "P", "email": "", "accountType": "app",
                             "accountStatus": "active", "isExternalCollaborator": true}))
            .collect();
        Reply::json(&v2(&people))
    })
    .await;
    let accounts = (0..251).map(|n| format!("u{n}").parse().unwrap()).collect();
    let people = server.cloud().people(&accounts).await.unwrap();
    assert_eq!(people.len(), 250);
    let person = people.values().next().unwrap();
    assert_eq!((person.name.raw(), &person.email, person.kind), ("P", &None, AccountKind::App));
    assert_eq!(person.guest, Known::Known(true));
    assert_eq!(server.lines(), ["POST /api/v2/users-bulk"; 2]);
}

#[tokio::test]
async fn a_denial_of_the_sites_own_check_is_an_answer() {
    let server = Server::start(|_| {
        Reply::json(
            &json!({"hasPermission": false, "errors": [{"translation": "no", "args": [], "key": "k"}]}),
        )
    })
    .await;
    let check = server
        .cloud()
        .check(&"anonymous".parse().unwrap(), PageList::Edit, ContentId::from_number(7))
        .await
        .unwrap();
    assert_eq!((check.allowed, check.reasons), (false, vec!["no".into()]));
    assert_eq!(
        server.seen()[0].body,
        json!({"subject": {"type": "user", "identifier": "anonymous"}, "operation": "update"})
    );
}

#[tokio::test]
async fn what_an_account_may_do_on_the_site_says_whether_it_administers_it() {
    let at = |operation: &str| json!({"operation": operation, "targetType": "application"});
    for (operations, expected) in [
        (json!([at("use"), at("administer")]), Truth::Yes),
        (json!([at("use")]), Truth::No),
        (json!([]), Truth::Unknown),
        (json!(null), Truth::Unknown),
    ] {
        let body = json!({"type": "known", "accountId": "me", "operations": operations});
        let server = Server::start(move |seen| match seen.line().as_str() {
            "GET /rest/api/user/current" => Reply::json(&body),
            _ => home(seen, "PRE_ROLES").unwrap(),
        })
        .await;
        assert_eq!(server.cloud().site().await.unwrap().caller.administers_site, expected, "{operations}");
        assert_eq!(server.seen()[0].param("expand"), Some("operations"));
    }
}
