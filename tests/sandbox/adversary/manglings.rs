//! Answers that contradict themselves, each way by its name.

use super::*;

const PAGES: &str = "/wiki/api/v2/pages?space-id=101&limit=250";
const MEMBER_OF: &str = "/wiki/rest/api/user/memberof?accountId=a-ann";
const CLOSED_LISTS: &str = "/wiki/rest/api/content/3/restriction";
const SEARCH_BOTH: &str =
    "/wiki/rest/api/content/search?cql=id%20in%20(2,3)&expand=restrictions.read.restrictions.user";

/// An answer, with and without a mangling.
async fn both(rule: &str, path: &str) -> (Value, Value) {
    let site = serve(Adversary::default().mangle(rule.parse().unwrap())).await;
    let mangled = site.get(path).await;
    assert_eq!(mangled.status, 200, "{rule}");
    site.running.set_adversary(Adversary::default());
    (mangled.body, site.get(path).await.body)
}

fn results(body: &Value) -> &Vec<Value> {
    body["results"].as_array().unwrap()
}

#[tokio::test]
async fn entries_vanish_and_their_size_stays() {
    let (mangled, truth) = both("empty-with-size:/content/*/restriction", CLOSED_LISTS).await;
    let users = &mangled["results"][0]["restrictions"]["user"];
    assert_eq!((&users["results"], &users["size"]), (&json!([]), &json!(1)));
    assert_eq!(mangled["results"][0]["restrictions"]["group"], truth["results"][0]["restrictions"]["group"]);
    let (groups, truth) = both("empty-with-size:/user/memberof", MEMBER_OF).await;
    assert_eq!((results(&groups).len(), &groups["size"]), (0, &truth["size"]));
    let (search, _) = both("empty-with-size:/content/search", SEARCH_BOTH).await;
    let users = &search["results"][1]["restrictions"]["read"]["restrictions"]["user"];
    assert_eq!((results(&search).len(), &users["results"], &users["size"]), (2, &json!([]), &json!(1)));
}

/// W3: a group half with `results: []` and `size: 2`, on every way to a list.
#[tokio::test]
async fn one_half_of_a_list_vanishes_and_its_size_stays() {
    let site = "/wiki/rest/api/content/3/restriction";
    for (path, half) in [
        (site.to_owned(), "/results/0/restrictions"),
        (format!("{site}/byOperation"), "/read/restrictions"),
        (format!("{site}/byOperation/read"), "/restrictions"),
        (SEARCH_BOTH.to_owned(), "/results/1/restrictions/read/restrictions"),
    ] {
        let (mangled, truth) = both("empty-users-with-size:/content/**", &path).await;
        let (mangled, truth) = (mangled.pointer(half).unwrap(), truth.pointer(half).unwrap());
        assert_eq!(
            (&mangled["user"]["results"], &mangled["user"]["size"]),
            (&json!([]), &json!(1)),
            "{path}"
        );
        assert_eq!(mangled["group"], truth["group"], "{path}");
    }
    let named = serve(Adversary::default()).await;
    let entry = json!({"user": [{"type": "known", "accountId": "a-ann"}], "group": [{"type": "group", "id": "g-eng"}]});
    named.put(CLOSED_LISTS, json!([{"operation": "read", "restrictions": entry}])).await;
    let rule = "empty-groups-with-size:/content/**".parse().unwrap();
    named.running.set_adversary(Adversary::default().mangle(rule));
    let halves = &named.get(CLOSED_LISTS).await.body["results"][0]["restrictions"];
    assert_eq!((results(&halves["user"]).len(), &halves["user"]["size"]), (1, &json!(1)));
    assert_eq!((&halves["group"]["results"], &halves["group"]["size"]), (&json!([]), &json!(1)));
    let (mangled, _) = both("zero-size:/content/**", CLOSED_LISTS).await;
    let users = &mangled["results"][0]["restrictions"]["user"];
    assert_eq!((results(users).len(), &users["size"]), (1, &json!(0)));
}

#[tokio::test]
async fn an_operation_is_missing() {
    let (mangled, truth) = both("operation-missing:/content/**", CLOSED_LISTS).await;
    assert_eq!(
        (results(&mangled).len(), &mangled["size"], &mangled["results"][0]),
        (1, &json!(1), &truth["results"][0])
    );
    let (mangled, _) = both("operation-missing:/content/**", &format!("{CLOSED_LISTS}/byOperation")).await;
    assert!(mangled["read"].is_object() && mangled.get("update").is_none());
    let (mangled, _) = both("operation-missing:/content/search", SEARCH_BOTH).await;
    assert!(results(&mangled).iter().all(|page| page["restrictions"].get("update").is_none()));
    let (mangled, truth) = both("operation-missing:/user/memberof", MEMBER_OF).await;
    assert_eq!(mangled, truth);
}

#[tokio::test]
async fn sizes_and_entries_do_not_fit() {
    let (mangled, _) = both("wrong-size:/content/**", CLOSED_LISTS).await;
    let halves = &mangled["results"][0]["restrictions"];
    assert_eq!(
        (&mangled["size"], &halves["user"]["size"], &halves["group"]["size"]),
        (&json!(3), &json!(2), &json!(1))
    );

    let (mangled, _) = both("duplicate-entries:/content/**", CLOSED_LISTS).await;
    let users = &mangled["results"][0]["restrictions"]["user"];
    assert_eq!((&users["results"][0], &users["size"]), (&users["results"][1], &json!(2)));
    assert_eq!(results(&mangled).len(), 2);
    let (rows, truth) = both("duplicate-entries:/spaces/*/permissions", ROWS).await;
    assert_eq!(results(&rows).len(), results(&truth).len() + 1);

    let (search, _) = both("entry-twice:/content/search", SEARCH_BOTH).await;
    let ids: Vec<_> = results(&search).iter().map(|page| page["id"].as_str().unwrap()).collect();
    assert_eq!((ids, &search["size"]), (vec!["2", "2", "3"], &json!(3)));
}

#[tokio::test]
async fn operations_are_doubled_or_exchanged() {
    let operations = |body: &Value| -> Vec<String> {
        results(body).iter().map(|entry| entry["operation"].as_str().unwrap().to_owned()).collect()
    };
    let (mangled, _) = both("operation-twice:/content/*/restriction", CLOSED_LISTS).await;
    assert_eq!(operations(&mangled), ["read", "read"]);
    let by_operation = format!("{CLOSED_LISTS}/byOperation");
    let (mangled, _) = both("wrong-operation:/content/**", &by_operation).await;
    assert_eq!(
        (&mangled["read"]["operation"], &mangled["update"]["operation"]),
        (&json!("update"), &json!("read"))
    );
    let (mangled, _) = both("wrong-operation:/content/**", &format!("{by_operation}/read")).await;
    assert_eq!(mangled["operation"], "update");
    let (mangled, _) = both("wrong-operation:/content/search", SEARCH_BOTH).await;
    assert_eq!(mangled["results"][0]["restrictions"]["read"]["operation"], "update");
}

#[tokio::test]
async fn lists_never_end_under_new_cursors() {
    for (name, path, next_of) in [
        ("endless", PAGES, ""),
        ("endless", "/wiki/rest/api/group", "/wiki"),
        ("endless-empty", "/wiki/api/v2/spaces", ""),
        ("endless", "/wiki/rest/api/content/search?cql=space%3DENG", "/wiki"),
    ] {
        let rule = format!("{name}:/**").parse().unwrap();
        let site = serve(Adversary::default().mangle(rule)).await;
        let (mut seen, mut path) = (std::collections::BTreeSet::new(), path.to_owned());
        for _ in 0..5 {
            let reply = site.get(&path).await;
            assert_eq!(
                (reply.status, results(&reply.body).is_empty()),
                (200, name == "endless-empty"),
                "{path}"
            );
            let next = reply.body["_links"]["next"].as_str().unwrap();
            if let Some(link) = reply.headers.get("link") {
                assert!(link.to_str().unwrap().contains(next));
            }
            path = format!("{next_of}{next}");
            assert!(seen.insert(path.clone()), "a new cursor each time");
        }
    }
}

#[tokio::test]
async fn what_is_needed_is_missing() {
    let (groups, _) = both("no-ids:/user/memberof", MEMBER_OF).await;
    assert!(results(&groups).iter().all(|group| group["name"].is_string() && group.get("id").is_none()));
    let members = "/wiki/rest/api/group/g-eng/membersByGroupId";
    let (people, _) = both("no-ids:/group/**", members).await;
    assert!(results(&people).iter().all(|user| user.get("accountId").is_none()));

    let (pages, truth) = both("no-parent-id:/pages", PAGES).await;
    let last = results(&pages).len() - 1;
    assert_eq!(
        (pages["results"][last].get("parentId"), &pages["results"][last]["parentType"]),
        (None, &json!("page"))
    );
    assert_eq!(pages["results"][1], truth["results"][1]);
    let (page, _) = both("no-parent-id:/pages/*", "/wiki/api/v2/pages/2").await;
    assert!(page.get("parentId").is_none());
    let (pages, _) = both("foreign-space-id:/pages", PAGES).await;
    assert_eq!(
        (&pages["results"][0]["spaceId"], &pages["results"][last]["spaceId"]),
        (&json!("101"), &json!("102"))
    );

    let (user, _) = both("no-account-type:/user/current", "/wiki/rest/api/user/current").await;
    assert!(user["accountId"].is_string() && user.get("accountType").is_none());
    let (mode, _) = both("without=mode:/space-role-mode", "/wiki/api/v2/space-role-mode").await;
    assert_eq!(mode, json!({}));
    let (roles, _) = both("platform-ids:/space-roles", "/wiki/api/v2/space-roles").await;
    assert_eq!(
        roles["results"][1]["spacePermissions"],
        json!(["read/space", "READ_COMMENT", "CREATE_COMMENT", "DELETE_OWN-COMMENT"])
    );
    let (rows, _) = both("null=principal:/spaces/*/permissions", ROWS).await;
    assert!(results(&rows).iter().all(|row| row["principal"].is_null() && row["id"].is_string()));
    let (rows, _) = both("null=results:/spaces/*/permissions", ROWS).await;
    assert!(rows["results"].is_null());
}

#[tokio::test]
async fn manglings_have_a_count_and_add_up_and_leave_refusals_alone() {
    let rules = ["no-account-type:/user/current:1+1", "without=email:/user/current:2"];
    let rules = rules.iter().fold(Adversary::default(), |rules, text| rules.mangle(text.parse().unwrap()));
    let site = serve(rules.disrupt("403:GET:/user/current:3+1".parse().unwrap())).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let user = site.get("/wiki/rest/api/user/current").await.body;
        seen.push((user.get("accountType").is_some(), user.get("email").is_some()));
    }
    assert_eq!(seen, [(true, false), (false, false), (true, true), (false, false)]);
}
