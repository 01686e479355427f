//! The log: what was there immediately before each write, and what its look did not show.

use confperm::sandbox::adversary::{Actor, Delay, Facet, Kill, Log, When, Written};
use confperm::sandbox::world::{Action, State};

use super::*;

fn view_list(state: &State) -> Vec<Principal> {
    let State::Content { lists, .. } = state else { panic!("{state:?}") };
    lists.read.iter().cloned().collect()
}

fn closes(when: When) -> Adversary {
    let closes = Action::SetList { content: OPEN, list: ListKind::Read, principals: [user("a-ann")].into() };
    Adversary::default().actor(Actor::new(when, [closes]).named("a colleague"))
}

fn last(log: &Log) -> &Written {
    log.writes.last().unwrap()
}

#[tokio::test]
async fn a_change_between_a_look_and_its_write_is_a_race() {
    let site = serve(closes(When::Before("PUT:/content/2/restriction".parse().unwrap(), 1))).await;
    let look = site.get(LISTS).await;
    assert_eq!(viewers(&look), [""; 0]);
    put_view(&site, "a-bob").await;
    let log = site.running.log();
    let written = last(&log);
    assert_eq!(view_list(&written.before), [user("a-ann")]);
    assert_eq!(view_list(&written.after), [user("a-bob")]);
    assert_eq!(written.look.unwrap().request, 1);
    assert_eq!((written.request, written.status, written.method.as_str()), (2, 200, "PUT"));
    assert_eq!(written.unseen, [log.acts[0].moment]);
    assert_eq!(log.races().count(), 1);

    let act = &log.acts[0];
    assert_eq!((act.actor.as_str(), act.request, &act.result), ("a colleague", 2, &Ok(())));
    assert_eq!(view_list(&act.changes[0].before), []);
    assert_eq!(view_list(&act.changes[0].after), [user("a-ann")]);
    let requests = site.running.requests();
    assert!(requests[0].moment.unwrap() < act.moment && act.moment < requests[1].moment.unwrap());
}

#[tokio::test]
async fn a_change_that_the_look_shows_is_none() {
    let site = serve(closes(When::Before("GET:/content/2/restriction".parse().unwrap(), 1))).await;
    assert_eq!(viewers(&site.get(LISTS).await), ["a-ann"]);
    put_view(&site, "a-ann").await;
    let log = site.running.log();
    assert!(last(&log).unseen.is_empty());
    assert_eq!(last(&log).before, last(&log).after, "a write that changes nothing");
}

#[tokio::test]
async fn a_look_that_lags_does_not_show_the_change() {
    let rules = closes(When::Before("GET:/spaces".parse().unwrap(), 1)).lag(Facet::Lists, Delay::Reads(1));
    let site = serve(rules).await;
    site.get("/wiki/api/v2/spaces").await;
    assert_eq!(viewers(&site.get(LISTS).await), [""; 0]);
    put_view(&site, "a-bob").await;
    let log = site.running.log();
    let (look, act) = (last(&log).look.unwrap(), &log.acts[0]);
    assert!(look.moment > act.moment && look.shows_before == act.moment);
    assert_eq!(last(&log).unseen, [act.moment]);
}

#[tokio::test]
async fn a_search_is_a_look_as_well_and_the_later_one_counts() {
    let site = serve(closes(When::after_lists(OPEN, 1))).await;
    site.get(LISTS).await;
    assert_eq!(found_viewers(&site.get(SEARCH).await), ["a-ann"]);
    put_view(&site, "a-ann").await;
    let log = site.running.log();
    assert_eq!((last(&log).look.unwrap().request, last(&log).unseen.len()), (2, 0));
}

#[tokio::test]
async fn rows_and_roles_have_looks_of_their_own() {
    let grants = |pair| Action::Grant { space: ENG, principal: group("g-eng"), pair };
    let rules = Adversary::default()
        .actor(Actor::new(When::after_rows(ENG, 1), [grants(Pair::DeletePage)]))
        .actor(Actor::new(When::after_roles(ENG, 1), [grants(Pair::ExportSpace)]));
    let site = serve(rules).await;
    site.get(ROWS).await;
    site.get(ROLES).await;
    site.grant("group g-ops read/space").await;
    site.post(ROLES, role("a-eve", "r-viewer")).await;
    let log = site.running.log();
    let looks: Vec<_> = log.writes.iter().map(|w| (w.look.unwrap().request, w.unseen.len())).collect();
    assert_eq!(looks, [(1, 2), (2, 1)]);
    let State::Space { rows, assignments, .. } = &*log.writes[1].after else { panic!() };
    assert!(rows.values().any(|grant| grant.principal == group("g-ops")));
    assert_eq!(assignments.len(), 1);
    let State::Space { assignments, .. } = &*log.writes[1].before else { panic!() };
    assert_eq!(assignments.len(), 0);
}

#[tokio::test]
async fn refused_writes_and_writes_without_a_look_are_in_the_log() {
    let site = serve(closes(When::Before("WRITE:/**".parse().unwrap(), 2))).await;
    put_view(&site, "nobody").await.v1_error(400, "Unknown subject");
    put_view(&site, "a-bob").await;
    let log = site.running.log();
    let [refused, blind] = &log.writes[..] else { panic!("{:?}", log.writes) };
    assert_eq!((refused.status, refused.before == refused.after, refused.look), (400, true, None));
    assert_eq!((blind.look, blind.unseen.len()), (None, 1));
    assert_eq!(log.races().count(), 1);
}

#[tokio::test]
async fn a_deleted_group_shows_in_every_object_that_it_leaves() {
    let setup = Setup::quirks("deleted-group-entries: emptied");
    let site = serve_as(setup, Adversary::default()).await;
    site.delete("/wiki/rest/api/group/by-id?id=g-eng").await;
    let log = site.running.log();
    let touched: Vec<String> = log.writes.iter().map(|written| written.object.to_string()).collect();
    assert_eq!(touched, ["group g-eng", "space 101"]);
    assert!(log.writes.iter().all(|written| written.before != written.after));
}

#[tokio::test]
async fn without_states_reads_lag_and_kills_count_all_the_same() {
    let adversary = Adversary::default().lag(Facet::Lists, Delay::Reads(1)).kill(Kill::AfterWrite(2));
    let options = Options { adversary, keep_states: false, ..Options::default() };
    let site = Client::serve(Site::from_yaml(&Setup::default().yaml()).unwrap(), options).await;
    put_view(&site, "a-ann").await;
    assert_eq!(viewers(&site.get(LISTS).await), [""; 0]);
    assert_eq!(try_put(&site, "a-ann").await, None);
    assert!(site.running.log().writes.is_empty());
}

#[tokio::test]
async fn the_log_file_has_requests_and_what_other_people_did() {
    let folder = tempfile::tempdir().unwrap();
    let path = camino::Utf8Path::from_path(folder.path()).unwrap().join("log.ndjson");
    let adversary = closes(When::after_lists(OPEN, 1));
    let options = Options { adversary, log: Some(path.clone()), ..Options::default() };
    let site = Client::serve(Site::from_yaml(&Setup::default().yaml()).unwrap(), options).await;
    site.get(LISTS).await;
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let act = lines.iter().find(|line| line["actor"] == "a colleague").unwrap();
    assert_eq!((&act["result"], &act["moment"]), (&json!("done"), &json!(2)));
    assert_eq!(act["action"]["set-list"]["content"], 2);
    assert!(lines.iter().any(|line| line["number"] == 1 && line["moment"] == 1));
}
