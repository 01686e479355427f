//! Refusals and failures by method, path and count, and hidden endpoints.

use super::*;

fn rules(disruptions: &[&str]) -> Adversary {
    disruptions.iter().fold(Adversary::default(), |rules, text| rules.disrupt(text.parse().unwrap()))
}

#[tokio::test]
async fn a_refusal_has_the_sites_own_shape_and_a_count() {
    let site = serve(rules(&["403:PUT:/content/*/restriction:1+1", "404:GET:/spaces/*/permissions:1"])).await;
    assert_eq!(put_view(&site, "a-ann").await.status, 200);
    put_view(&site, "a-bob").await.v1_error(403, "PermissionException");
    assert_eq!(site.lists(2), "read: User((a-ann)); update: ", "nothing was done");
    assert_eq!(put_view(&site, "a-ann").await.status, 200);
    site.get(ROWS).await.v2_error(404, "NOT_FOUND");
    assert_eq!(site.get(ROWS).await.status, 200);
}

#[tokio::test]
async fn every_status_can_be_asked_for_and_429_says_when_to_come_back() {
    for status in [400, 401, 403, 404, 409, 410, 500, 503] {
        let site = serve(rules(&[&format!("{status}:WRITE:/**")])).await;
        put_view(&site, "a-ann").await.v1_error(status, "Exception");
        assert_eq!(site.get(LISTS).await.status, 200, "reads are not concerned");
    }
    let site = serve(rules(&["429:*:/**:1"])).await;
    let reply = site.get(ROWS).await;
    assert_eq!((reply.status, reply.headers["retry-after"].to_str().unwrap()), (429, "1"));
}

#[tokio::test]
async fn an_answer_can_be_lost_after_the_write_and_a_request_before_it() {
    let site =
        serve(rules(&["drop:PUT:/content/2/restriction:1", "cut:PUT:/content/2/restriction:1+1"])).await;
    assert_eq!(try_put(&site, "a-ann").await, None);
    assert_eq!(site.lists(2), "read: User((a-ann)); update: ", "carried out");
    assert_eq!(try_put(&site, "a-bob").await, None);
    assert_eq!(site.lists(2), "read: User((a-ann)); update: ", "not carried out");
    assert_eq!(try_put(&site, "a-ann").await, Some(200));
    let noted: Vec<_> = site.running.requests().iter().map(|r| (r.status, r.changed, r.lost)).collect();
    assert_eq!(noted[..2], [(200, true, true), (0, false, true)]);
}

#[tokio::test]
async fn a_write_can_be_carried_out_and_answered_with_500() {
    let site = serve(rules(&["lost-500:POST:/space/*/permission:1"])).await;
    site.grant("group g-ops read/space").await.v1_error(500, "ServiceException");
    assert_eq!(site.pairs_of("group g-ops").await, "export_content/space read/space");
}

#[tokio::test]
async fn the_first_rule_whose_turn_it_is_counts() {
    let site = serve(rules(&["403:GET:/spaces/*/permissions:1", "500:GET:/spaces/**:2"])).await;
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(site.get(ROWS).await.status);
    }
    assert_eq!(statuses, [403, 500, 200]);
}

#[tokio::test]
async fn endpoints_can_be_hidden() {
    let users = || Some(json!({"accountIds": ["a-ann"]}));
    for (name, method, path, body) in [
        ("space-role-mode", Method::GET, "/wiki/api/v2/space-role-mode", None),
        ("space-roles", Method::GET, "/wiki/api/v2/space-roles", None),
        ("role-assignments", Method::GET, ROLES, None),
        ("role-assignments", Method::POST, ROLES, Some(role("a-eve", "r-viewer"))),
        ("group-members", Method::GET, "/wiki/rest/api/group/g-eng/membersByGroupId", None),
        ("users-bulk", Method::POST, "/wiki/api/v2/users-bulk", users()),
        ("systemInfo", Method::GET, "/wiki/rest/api/settings/systemInfo", None),
        ("memberof", Method::GET, "/wiki/rest/api/user/memberof?accountId=a-ann", None),
        ("groups", Method::GET, "/wiki/rest/api/group?limit=1", None),
        ("groups", Method::GET, "/wiki/rest/api/group/by-id?id=g-eng", None),
        ("groups", Method::GET, "/wiki/rest/api/group/picker?query=e", None),
    ] {
        for status in [403, 404] {
            let hidden = format!("{name}={status}").parse().unwrap();
            let site = serve(Adversary::default().hide(hidden)).await;
            let reply = site.send("ann", method.clone(), path, body.clone()).await;
            assert_eq!(reply.status, status, "{name} {path}");
            assert_eq!(site.get(LISTS).await.status, 200);
        }
        let site = serve(Adversary::default()).await;
        assert_eq!(site.send("ann", method, path, body).await.status, 200, "{name} {path}");
    }
    assert!("systemInfo=500".parse::<confperm::sandbox::adversary::Hidden>().is_err());
}
