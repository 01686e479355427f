//! Reads that show an older state, each kind by itself.

use std::time::Duration;

use confperm::sandbox::adversary::{Delay, Facet};
use confperm::sandbox::world::Action;

use super::*;

#[tokio::test]
async fn rows_lag_in_reads_while_writes_go_by_the_truth() {
    let site = serve(Adversary::default().lag(Facet::Rows, Delay::Reads(2))).await;
    assert_eq!(site.grant("group g-ops read/space").await.status, 200);
    let shows = async || site.pairs_of("group g-ops").await;
    assert_eq!(shows().await, "", "the first read after the write");
    site.grant("group g-ops read/space").await.v1_error(400, "already exists");
    assert_eq!(shows().await, "", "the second");
    assert_eq!(shows().await, "export_content/space read/space", "the third");
    site.revoke("group g-ops read/space").await;
    assert_eq!(shows().await, "export_content/space read/space", "a removal lags as well");
    let with = site.get("/wiki/api/v2/spaces/101?include-permissions=true").await;
    assert!(with.body["permissions"].to_string().contains("g-ops"), "so does the other way to read rows");
    assert_eq!(shows().await, "");
}

#[tokio::test]
async fn a_change_before_another_one_becomes_visible_before_it() {
    let site = serve(Adversary::default().lag(Facet::Rows, Delay::Reads(1))).await;
    site.grant("group g-ops read/space").await;
    site.grant("group g-none read/space").await;
    let shows = async || (site.pairs_of("group g-ops").await, site.pairs_of("group g-none").await);
    assert_eq!(
        site.rows().await.iter().filter(|row| row.contains("g-ops") || row.contains("g-none")).count(),
        0
    );
    let both = "export_content/space read/space".to_owned();
    assert_eq!(shows().await, (both.clone(), both));
}

#[tokio::test]
async fn role_assignments_lag() {
    let adversary = Adversary::default().lag(Facet::Roles, Delay::Reads(1));
    let site =
        serve_as(Setup { roles: "role-assignments: {Viewer: [user:bob]}", ..Setup::default() }, adversary)
            .await;
    assert_eq!(site.post(ROLES, role("a-eve", "r-viewer")).await.status, 200);
    let holders = async || site.get(ROLES).await.body.to_string().contains("a-eve");
    assert_eq!((holders().await, holders().await), (false, true));
    assert_eq!(site.running.world(|world| world.space(ENG).unwrap().assignments.len()), 2);
}

#[tokio::test]
async fn lists_lag_at_every_restriction_endpoint_and_not_in_searches() {
    let site = serve(Adversary::default().lag(Facet::Lists, Delay::Reads(3))).await;
    put_view(&site, "a-ann").await;
    assert_eq!(viewers(&site.get(LISTS).await), [""; 0]);
    let by_operation = site.get(&format!("{LISTS}/byOperation")).await;
    assert_eq!(by_operation.body["read"]["restrictions"]["user"]["size"], 0);
    let one = format!("{LISTS}/byOperation/read/user?accountId=a-ann");
    assert_eq!(site.get(&one).await.status, 404);
    assert_eq!(viewers(&site.get(LISTS).await), ["a-ann"]);
    assert_eq!(site.get(&one).await.status, 200);

    put_view(&site, "a-bob").await;
    assert_eq!(site.get(SEARCH).await.each("id"), [""; 0], "access goes by the truth");
}

#[tokio::test]
async fn searches_lag_for_pages_and_their_ancestors() {
    let site = serve(Adversary::default().lag(Facet::Search, Delay::Reads(2))).await;
    put_view(&site, "a-ann").await;
    assert_eq!(viewers(&site.get(LISTS).await), ["a-ann"]);
    assert_eq!(found_viewers(&site.get(SEARCH).await), [""; 0]);
    assert_eq!(found_viewers(&site.get(SEARCH).await), [""; 0]);
    assert_eq!(found_viewers(&site.get(SEARCH).await), ["a-ann"]);

    let above =
        "/wiki/rest/api/content/search?cql=id%3D4&expand=ancestors.restrictions.read.restrictions.user";
    let shown = async || {
        let ancestors = site.get(above).await.body["results"][0]["ancestors"].to_string();
        ancestors.contains("a-ann")
    };
    site.delete("/wiki/rest/api/content/3/restriction").await;
    assert_eq!((shown().await, shown().await, shown().await), (true, true, false));
}

#[tokio::test]
async fn lag_in_time_ends_with_the_time() {
    let lag = Delay::Time(Duration::from_millis(250));
    let site = serve(Adversary::default().lag(Facet::Lists, lag)).await;
    put_view(&site, "a-ann").await;
    for _ in 0..3 {
        assert_eq!(viewers(&site.get(LISTS).await), [""; 0]);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(viewers(&site.get(LISTS).await), ["a-ann"]);
}

#[tokio::test]
async fn what_other_people_do_lags_too() {
    let site = serve(Adversary::default().lag(Facet::Lists, Delay::Reads(1))).await;
    let entry = Action::AddToList { content: OPEN, list: ListKind::Read, principal: user("a-ann") };
    assert_eq!(site.running.act(entry).unwrap(), Ok(()));
    assert_eq!(viewers(&site.get(LISTS).await), [""; 0]);
    assert_eq!(viewers(&site.get(LISTS).await), ["a-ann"]);
}
