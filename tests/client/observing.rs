//! What a whole run reads: each thing once, and the same every time.

use std::collections::BTreeSet;

use confperm::confluence::Read as _;
use confperm::model::{ContentId, Gap, GroupId, Known, Live, SpaceKey};
use confperm::observe::{ListingNeeds, NeededPeople, Needs, quiet, until_known};
use serde_json::json;

use crate::server::{Reply, Seen, Server, home, v1, v1_error, v2, v2_error};

fn site(seen: &Seen) -> Reply {
    if let Some(reply) = home(seen, "PRE_ROLES") {
        return reply;
    }
    let space = |id: u64, key: &str| json!({"id": id.to_string(), "key": key, "name": key, "type": "global", "status": "current"});
    let row = |id: u64, kind: &str, who: &str| json!({"id": id.to_string(), "principal": {"type": kind, "id": who}, "operation": {"key": "read", "targetType": "space"}});
    let page = |id: u64, parent: serde_json::Value| json!({"id": id.to_string(), "title": "T", "parentId": parent, "parentType": parent.as_str().map(|_| "page")});
    Reply::json(&match seen.line().as_str() {
        "GET /api/v2/spaces" if seen.param("keys") == Some("GONE") => v2(&[]),
        "GET /api/v2/spaces" => v2(&[space(1, "A"), space(2, "B"), space(3, "GONE")]),
        "GET /api/v2/spaces/1/permissions" => v2(&[row(11, "group", "g1"), row(12, "user", "u1")]),
        "GET /api/v2/spaces/2/permissions" => v2(&[row(21, "user", "u1"), row(22, "user", "ghost")]),
        "GET /api/v2/spaces/3/permissions" => return v2_error(404, "Not Found"),
        "GET /rest/api/group" => {
            v1(&[json!({"id": "g1", "name": "eng"}), json!({"id": "g2", "name": "ops"})])
        }
        "GET /rest/api/group/g1/membersByGroupId" => v1(&[json!({"type": "known", "accountId": "u1"})]),
        "GET /rest/api/group/g2/membersByGroupId" => return v1_error(403, "PermissionException", "no"),
        // Every account may see itself; that says nothing about others.
        "GET /rest/api/user" if seen.param("accountId") == Some("me") => json!({"accountId": "me"}),
        "POST /api/v2/users-bulk" => {
            let ids =
                seen.body["accountIds"].as_array().unwrap().iter().filter(|id| id.as_str() != Some("ghost"));
            v2(&ids.map(|id| json!({"accountId": id, "displayName": "N"})).collect::<Vec<_>>())
        }
        "GET /api/v2/spaces/1/pages" => {
            v2(&[page(1, json!(null)), page(2, json!("1")), page(3, json!("77"))])
        }
        // The kinds of content that it knows are pages and blog posts.
        "GET /rest/api/content/search" if seen.param("cql").is_some_and(|cql| cql.contains("folder")) => {
            return v1_error(400, "BadRequestException", "no such type");
        }
        "GET /rest/api/content/search" => v1(&[]),
        "GET /api/v2/spaces/1/blogposts" => v2(&[]),
        "GET /rest/api/content/1/restriction" | "GET /rest/api/content/2/restriction" => {
            let side = |results: &[serde_json::Value]| json!({"results": results, "start": 0, "limit": 100, "size": results.len()});
            let list = |operation: &str| {
                json!({"operation": operation, "restrictions": {
                    "user": side(&[json!({"type": "known", "accountId": "u9"})]), "group": side(&[])}})
            };
            json!({"results": [list("read"), list("update")], "start": 0, "limit": 100, "size": 2})
        }
        _ => return v1_error(404, "NotFoundException", "nothing"),
    })
}

#[tokio::test]
async fn a_run_reads_each_thing_once_and_writes_down_what_it_cannot_see() {
    let server = Server::start(site).await;
    let cloud = server.cloud();
    let mut live = Live::of(cloud.site().await.unwrap());
    let every_space = |live: &Live| Needs {
        listing: ListingNeeds { all: true, ..ListingNeeds::default() },
        spaces: live.listing.spaces.keys().cloned().collect(),
        accounts: BTreeSet::from(["u5".parse().unwrap()]),
        ..Needs::default()
    };
    until_known(&cloud, &mut live, every_space, &quiet).await.unwrap();
    let keys: Vec<&str> = live.spaces.keys().map(SpaceKey::as_str).collect();
    assert_eq!(keys, ["A", "B"]);
    let people: Vec<&str> = live.directory.people.keys().map(confperm::model::AccountId::as_str).collect();
    assert_eq!(people, ["me", "u1", "u5"]);
    assert_eq!(live.gaps, BTreeSet::from([Gap::Account { account: "ghost".parse().unwrap() }]));
    // Identity, system, mode, member of; spaces twice since one vanished; three times access; groups; people; and
    // whether the account that the site did not describe is closed, and whether it shows either of two that are there.
    let lines = server.lines();
    assert_eq!(lines.len(), 4 + 2 + 3 + 1 + 1 + 3, "{lines:#?}");

    let a: SpaceKey = "A".parse().unwrap();
    let before = server.seen().len();
    let groups: BTreeSet<GroupId> = ["g1", "g2", "g3"].iter().map(|id| id.parse().unwrap()).collect();
    let more = |_: &Live| {
        let people = NeededPeople { groups: groups.clone(), ..NeededPeople::default() };
        let mut needs = Needs { people: Some(people), ..Needs::default() };
        let content = needs.content(&a);
        content.lists_of((1..=4).map(ContentId::from_number));
        content.blogposts = true;
        content.containers = true;
        needs
    };
    for _ in 0..2 {
        until_known(&cloud, &mut live, more, &quiet).await.unwrap();
    }
    let mut lines = server.lines().split_off(before);
    lines.sort();
    assert_eq!(
        lines,
        [
            "GET /api/v2/spaces/1/blogposts",
            "GET /api/v2/spaces/1/pages",
            "GET /rest/api/content/1/restriction",
            "GET /rest/api/content/2/restriction",
            "GET /rest/api/content/3/restriction",
            "GET /rest/api/content/search",
            "GET /rest/api/content/search",
            "GET /rest/api/group",
            "GET /rest/api/group",
            "GET /rest/api/group/g1/membersByGroupId",
            "GET /rest/api/group/g2/membersByGroupId",
            "POST /api/v2/users-bulk",
        ]
    );
    let gaps: Vec<String> = live.gaps.iter().map(|gap| format!("{gap:?}")).collect();
    assert_eq!(
        gaps,
        [
            "Restrictions { space: SpaceKey(A), content: ContentId(3), why: Hidden }",
            "Ancestor { space: SpaceKey(A), content: ContentId(77) }",
            "Containers { space: SpaceKey(A), why: NoApi }",
            "Members { group: GroupId(g2), why: Hidden }",
            "Account { account: AccountId(ghost) }",
        ]
    );
    assert!(matches!(live.directory.groups[&"g1".parse::<GroupId>().unwrap()].members, Known::Known(_)));
    assert!(live.directory.people.contains_key(&"u9".parse().unwrap()));
}
