//! The end of a run in the middle, and the next run.

use confperm::sandbox::adversary::Kill;

use super::*;

#[tokio::test]
async fn a_kill_before_a_write_leaves_it_undone() {
    let site = serve(Adversary::default().kill(Kill::BeforeWrite(2))).await;
    assert_eq!(try_put(&site, "a-ann").await, Some(200));
    assert_eq!(site.get(LISTS).await.status, 200, "reads go on");
    assert_eq!(try_put(&site, "a-bob").await, None);
    assert!(site.running.is_killed());
    assert_eq!(site.lists(2), "read: User((a-ann)); update: ");
    assert!(site.try_send("ann", Method::GET, LISTS, None).await.is_err(), "nothing is answered any more");
    let requests = site.running.requests().len();

    site.running.revive();
    for account in ["a-ann", "a-ann", "a-bob"] {
        assert_eq!(try_put(&site, account).await, Some(200), "the rule is used up");
    }
    assert_eq!(site.running.requests().len(), requests + 3);
}

#[tokio::test]
async fn a_kill_after_a_write_loses_its_answer() {
    let site = serve(Adversary::default().kill(Kill::AfterWrite(2))).await;
    assert_eq!(try_put(&site, "nobody").await, Some(400), "what is refused does not count");
    assert_eq!(try_put(&site, "a-bob").await, Some(200));
    site.running.change(|world| world.content_mut(OPEN).unwrap().lists.read.clear());
    assert_eq!(try_put(&site, "a-ann").await, None);
    assert_eq!(site.lists(2), "read: User((a-ann)); update: ");
    let last = site.running.requests().last().cloned().unwrap();
    assert_eq!((last.status, last.changed, last.lost), (200, true, true));
}

#[tokio::test]
async fn a_test_can_wait_for_the_kill_and_put_other_rules_in_place() {
    let site = serve(Adversary::default().kill(Kill::AfterWrite(1))).await;
    let run = async {
        loop {
            try_put(&site, "a-ann").await;
        }
    };
    tokio::select! {
        () = site.running.killed() => {}
        () = run => unreachable!(),
    }
    let before = site.running.log().writes.len();
    site.running.set_adversary(Adversary::default().kill(Kill::BeforeWrite(1)));
    assert!(!site.running.is_killed(), "other rules begin alive");
    assert_eq!(try_put(&site, "a-bob").await, None);
    assert_eq!(site.running.log().writes.len(), before, "the log goes on");
    site.running.revive();
    site.running.kill();
    assert_eq!(try_put(&site, "a-bob").await, None);
}
