//! Answers that are not complete: asked for again in another way, then unknown or an error, never a shorter list.

use confperm::confluence::{Read as _, SpaceSelection};
use confperm::model::{ContentId, Known, Missing, Space, SpaceKind, SpaceStatus, Why};
use serde_json::{Value, json};

use crate::server::{Reply, Seen, Server, home, v1_error, v2_error};

fn list(entries: &[Value], size: usize) -> Value {
    json!({"results": entries, "start": 0, "limit": 200, "size": size, "_links": {}})
}

fn group(id: &str) -> Value {
    json!({"type": "group", "id": id, "name": id})
}

fn space() -> Space {
    Space {
        id: "1".parse().unwrap(),
        key: "ENG".parse().unwrap(),
        name: "".into(),
        kind: SpaceKind::Global,
        status: SpaceStatus::Current,
        homepage: None,
    }
}

/// What a list says in its first and in its second answer.
async fn twice(path: &'static str, first: Value, second: Value) -> Server {
    Server::start(move |seen: &Seen| {
        if seen.line() == path {
            let smaller = matches!(seen.param("limit"), Some("50"));
            return Reply::json(if smaller { &second } else { &first });
        }
        home(seen, "PRE_ROLES").unwrap_or_else(|| v2_error(404, "Not Found"))
    })
    .await
}

#[tokio::test]
async fn a_membership_in_doubt_is_asked_for_again_and_then_unknown() {
    let good = || list(&[group("g1"), group("g2")], 2);
    let odd = [
        (list(&[], 3), Why::Contradictory),
        (list(&[group("g1"), group("g1")], 2), Why::Contradictory),
        (list(&[group("g1"), json!({"type": "group", "name": "g2"})], 2), Why::NoId),
    ];
    for (odd, why) in odd {
        let server = twice("GET /rest/api/user/memberof", odd.clone(), good()).await;
        let site = server.cloud().site().await.unwrap();
        assert!(matches!(site.caller.groups, Known::Known(groups) if groups.len() == 2));
        let server = twice("GET /rest/api/user/memberof", odd.clone(), odd.clone()).await;
        let site = server.cloud().site().await.unwrap();
        assert_eq!(site.caller.groups, Known::Unknown(why));
        assert_eq!(site.caller.is_in(&"g1".parse().unwrap()), None);
    }
    let members = "GET /rest/api/group/g/membersByGroupId";
    let server = twice(members, list(&[], 2), list(&[], 2)).await;
    let found = server.cloud().members(&"g".parse().unwrap()).await.unwrap();
    assert_eq!(found, Known::Unknown(Why::Contradictory));
    assert_eq!(server.lines(), [members, members]);
}

#[tokio::test]
async fn a_list_of_the_site_in_doubt_is_an_error_that_says_why() {
    let space = |id: &str| json!({"id": id, "key": format!("K{id}")});
    let path = "GET /api/v2/spaces";
    let server = twice(path, list(&[space("1"), space("1")], 2), list(&[space("1"), space("2")], 2)).await;
    assert_eq!(server.cloud().spaces(&SpaceSelection::All).await.unwrap().len(), 2);
    let odd = || list(&[space("1"), space("1")], 2);
    let server = twice(path, odd(), odd()).await;
    let error = server.cloud().spaces(&SpaceSelection::All).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the answers to `GET /wiki/api/v2/spaces` are not complete: `1` is in it twice"
    );
    assert!(error.hint().is_some());
    let server = twice("GET /rest/api/group", list(&[group("g1")], 2), list(&[group("g1")], 2)).await;
    let error = server.cloud().groups().await.unwrap_err().to_string();
    assert!(error.ends_with("are not complete: it claims 2 entries and shows 1"), "{error}");
}

#[tokio::test]
async fn a_page_without_a_place_is_asked_for_alone_and_then_stands_nowhere() {
    for (alone, placed) in [(true, true), (false, false)] {
        let server = Server::start(move |seen| {
            let page = |id: &str, parent: Value, space: &str| {
                json!({"id": id, "title": id, "parentId": parent, "parentType": "page", "spaceId": space})
            };
            match seen.line().as_str() {
                "GET /api/v2/spaces/1/pages" => Reply::json(&list(
                    &[
                        json!({"id": "5", "title": "Home", "parentId": null, "parentType": null, "spaceId": "1"}),
                        page("6", json!("5"), "1"),
                        page("7", Value::Null, "1"),
                        page("8", json!("5"), "2"),
                        page("9", json!("7"), "1"),
                        json!({"id": "10", "parentId": "5", "parentType": "page", "spaceId": "1"}),
                    ],
                    6,
                )),
                "GET /api/v2/pages/10" if alone => Reply::json(&page("10", json!("5"), "1")),
                "GET /api/v2/pages/7" if alone => Reply::json(&page("7", json!("6"), "1")),
                "GET /api/v2/pages/8" if alone => Reply::json(&page("8", json!("5"), "1")),
                // An answer about another page is none.
                "GET /api/v2/pages/7" => Reply::json(&page("6", json!("5"), "1")),
                "GET /api/v2/pages/8" => Reply::json(&page("8", json!("5"), "2")),
                _ => v2_error(404, "Not Found"),
            }
        })
        .await;
        let tree = server.cloud().tree(&space()).await.unwrap();
        assert_eq!(tree.iter().len(), 6);
        let id = ContentId::from_number;
        for page in [7, 8, 9, 10] {
            assert_eq!(tree.is_placed(id(page)), placed, "{page}");
        }
        if !placed {
            assert_eq!(tree.roots().count(), 1);
            assert_eq!(tree.chain(id(9)).missing, Some(Missing::ParentOf(id(7))));
            assert_eq!(tree.unplaced().count(), 3);
            let lists = |page| &tree.get(id(page)).unwrap().restrictions;
            assert_eq!(*lists(7), Known::Unknown(Why::NotRead));
            assert_eq!(*lists(8), Known::Unknown(Why::Contradictory));
        }
    }
}

/// The ways in which the lists of page 7 are asked for, and which of them contradict themselves.
async fn lists_of_page(odd: &'static [&'static str], how: fn(&mut Value)) -> (String, usize) {
    let server = Server::start(move |seen| {
        let side = |users: &[&str]| {
            let users: Vec<Value> = users.iter().map(|id| json!({"accountId": id})).collect();
            let size = users.len();
            json!({"results": users, "start": 0, "limit": 100, "size": size})
        };
        let list = |operation: &str, users: &[&str]| {
            json!({"operation": operation, "restrictions": {"user": side(users), "group": side(&[])}})
        };
        let (read, update) = (list("read", &["a"]), list("update", &["a"]));
        let path = seen.path.rsplit('/').next().unwrap().to_owned();
        let mut body = match path.as_str() {
            "search" => json!({"results": [{"id": "7", "restrictions": {"read": read, "update": update}}]}),
            "restriction" => json!({"results": [read, update], "size": 2}),
            "read" => read,
            "update" => update,
            _ => return v1_error(404, "NotFoundException", "nothing"),
        };
        if odd.contains(&path.as_str()) {
            how(&mut body);
        }
        Reply::json(&body)
    })
    .await;
    let id = ContentId::from_number(7);
    let found = server.cloud().restrictions(&[id].into(), false).await.unwrap();
    let shown = match &found[&id] {
        Known::Known(lists) => format!("{} {}", lists.view.subjects().count(), lists.edit.subjects().count()),
        Known::Unknown(why) => format!("{why:?}"),
    };
    (shown, server.seen().len())
}

fn empty_with_size(body: &mut Value) {
    match body {
        Value::Object(fields) => {
            let innermost = fields.get("size").is_some_and(|size| *size == 1);
            if let Some(results) = fields.get_mut("results").filter(|_| innermost) {
                *results = json!([]);
            }
            fields.values_mut().for_each(empty_with_size);
        }
        Value::Array(items) => items.iter_mut().for_each(empty_with_size),
        _ => {}
    }
}

fn hit_twice(body: &mut Value) {
    let hit = body["results"][0].clone();
    body["results"] = json!([hit, hit]);
}

fn other_operation(body: &mut Value) {
    body["operation"] = json!("update");
}

#[tokio::test]
async fn lists_in_doubt_are_asked_for_by_page_and_by_operation_and_then_unknown() {
    assert_eq!(lists_of_page(&[], empty_with_size).await, ("1 1".to_owned(), 1));
    assert_eq!(lists_of_page(&["search"], empty_with_size).await, ("1 1".to_owned(), 3));
    assert_eq!(lists_of_page(&["search"], hit_twice).await, ("1 1".to_owned(), 2));
    let everywhere = &["search", "restriction", "read", "update"];
    assert_eq!(lists_of_page(everywhere, empty_with_size).await.0, "Contradictory");
    // The list by operation is asked for only where the others are in doubt.
    assert_eq!(lists_of_page(&["read"], other_operation).await, ("1 1".to_owned(), 1));
    let twice_in_a_search = lists_of_page(&["search", "restriction"], |body| {
        let first = body["results"][0].clone();
        body["results"] = json!([first, first]);
    });
    assert_eq!(twice_in_a_search.await, ("1 1".to_owned(), 4));
}

#[tokio::test]
async fn accounts_that_are_given_in_two_ways_are_not_known() {
    let server = Server::start(|_| {
        let user = |id: &str, status: &str| {
            json!({"accountId": id, "displayName": id, "accountType": "atlassian", "accountStatus": status})
        };
        Reply::json(&list(
            &[user("a", "active"), user("a", "closed"), user("b", "active"), user("b", "active")],
            4,
        ))
    })
    .await;
    let asked = ["a", "b"].map(|id| id.parse().unwrap()).into();
    let people = server.cloud().people(&asked).await.unwrap();
    assert_eq!(people.keys().map(ToString::to_string).collect::<Vec<_>>(), ["b"]);
}

/// A list of `path` with these entries; nothing else is there.
async fn listing(path: &'static str, entries: Vec<Value>) -> Server {
    let body = json!({"results": entries, "_links": {}});
    Server::start(move |seen: &Seen| {
        if seen.line() == path {
            return Reply::json(&body);
        }
        home(seen, "PRE_ROLES").unwrap_or_else(|| v2_error(404, "Not Found"))
    })
    .await
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_is_left_out_and_reported() {
    let spaces = "GET /api/v2/spaces";
    let good = json!({"id": "1", "key": "ENG"});
    for (odd, which) in [
        (json!({"id": "2", "key": "two words"}), "id \"2\", key \"two words\": "),
        (json!({"id": "x", "key": "X"}), "id \"x\", key \"X\": "),
        (json!({"id": "3", "key": null}), "id \"3\": "),
        (json!({"id": 4, "key": "K", "type": {"new": "shape"}}), "id 4, key \"K\": "),
        (json!({"id": "5", "key": "K", "homepageId": "home"}), "id \"5\", key \"K\": "),
    ] {
        let server = listing(spaces, vec![good.clone(), odd.clone()]).await;
        let cloud = server.cloud();
        let found = cloud.spaces(&SpaceSelection::All).await.unwrap();
        assert_eq!(found.iter().map(|space| space.key.as_str()).collect::<Vec<_>>(), ["ENG"], "{odd}");
        let [unreadable] = &cloud.unreadable()[..] else { panic!("{odd}") };
        assert_eq!(
            (unreadable.list.as_str(), unreadable.space, unreadable.count),
            ("/wiki/api/v2/spaces", None, 1)
        );
        assert!(unreadable.example.raw().starts_with(which), "{}", unreadable.example.raw());
        assert_eq!(server.lines(), [spaces], "one request is enough");
    }
}

#[tokio::test]
async fn pages_and_rows_that_cannot_be_read_leave_the_others() {
    let pages = "GET /api/v2/spaces/1/pages";
    let server =
        listing(pages, vec![json!({"id": "7", "title": "Home"}), json!({"id": "p-7", "title": "Odd"})]).await;
    let cloud = server.cloud();
    let tree = cloud.tree(&space()).await.unwrap();
    assert_eq!(tree.iter().count(), 1);
    assert_eq!(cloud.unreadable()[0].space, Some("1".parse().unwrap()));

    let rows = "GET /api/v2/spaces/1/permissions";
    let row = |principal: Value| json!({"id": "9", "principal": principal, "operation": {"key": "read", "targetType": "space"}});
    let server = listing(rows, vec![row(json!({"type": "group", "id": "g"})), row(Value::Null)]).await;
    let cloud = server.cloud();
    let access = cloud.access("1".parse().unwrap(), confperm::model::SpaceRoleMode::PreRoles).await.unwrap();
    assert_eq!((access.holdings.len(), cloud.unreadable()[0].count), (1, 1));
}

#[tokio::test]
async fn an_entry_without_an_id_may_be_any_other_and_refuses_its_list() {
    for odd in
        [json!({"key": "K"}), json!({"id": null, "key": "K"}), json!({"id": {"new": 1}}), json!("a text")]
    {
        let server = listing("GET /api/v2/spaces", vec![json!({"id": "1", "key": "ENG"}), odd.clone()]).await;
        let cloud = server.cloud();
        let error = cloud.spaces(&SpaceSelection::All).await.unwrap_err();
        assert!(error.to_string().contains("does not fit at `results[1]"), "{odd}: {error}");
        assert!(cloud.unreadable().is_empty(), "{odd}");
    }
}

#[tokio::test]
async fn a_membership_or_an_assignment_that_cannot_be_read_refuses_its_list() {
    let assignments = "GET /api/v2/spaces/1/role-assignments";
    let server = Server::start(move |seen: &Seen| match seen.line().as_str() {
        line if line == assignments => {
            Reply::json(&json!({"results": [{"principal": {"principalType": "USER", "principalId": "u"}, "roleId": null}], "_links": {}}))
        }
        "GET /api/v2/spaces/1/permissions" => Reply::json(&json!({"results": [], "_links": {}})),
        _ => home(seen, "ROLES").unwrap_or_else(|| v2_error(404, "Not Found")),
    })
    .await;
    let cloud = server.cloud();
    let error = cloud.access("1".parse().unwrap(), confperm::model::SpaceRoleMode::Roles).await.unwrap_err();
    assert!(error.to_string().contains("results[0].roleId"), "{error}");
    assert!(cloud.unreadable().is_empty());
}
