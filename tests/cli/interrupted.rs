//! Lost answers, failing servers, rate limits and people who press Ctrl-C: a run does what it can, says
//! what is left, and the next one finishes it.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use confperm::apply::{ApplyOptions, Event, Status, Stop};
use confperm::plan::CallId;
use confperm::sandbox::Request;
use confperm::sandbox::faults::{Failure, Faults, Rate};
use confperm::sandbox::world::{Pair, Principal};

use crate::in_process::{OPTIONS, Stage};
use crate::journal::Memory;
use crate::support::site_of_ann_and_bob;

/// Eight spaces, so that the address of a grant names its object.
pub(crate) fn site() -> String {
    let mut site = site_of_ann_and_bob!(
        "
groups:
  eng: {id: g-eng, members: [bob], access: user}
  ops: {id: g-ops, members: [bob]}
quirks: {companions: never}
spaces:
"
    )
    .to_owned();
    for n in 1..=8 {
        let _ = write!(
            site,
            "  S{n}:
    id: {n}
    name: Space {n}
    permissions:
      read/space: [user:ann, group:ops]
      create/page: [user:ann]
      restrict_content/space: [user:ann]
      administer/space: [user:ann]
    pages:
      - {{id: {n}1, title: Home, children: [{{id: {n}2, title: Closed}}, {{id: {n}3, title: Opened, view: [user:ann]}}]}}
"
        );
    }
    site
}

/// In each space one permission to add, one to remove, one page to close and one to open.
pub(crate) fn policy() -> String {
    let mut policy = "version: 1\nspaces:\n".to_owned();
    for n in 1..=8 {
        let _ = write!(
            policy,
            "  S{n}:
    access: {{read/space: ['group:eng']}}
    pages: {{/Closed: {{view: ['group:eng']}}, /Opened: {{view: anyone}}}}
"
        );
    }
    policy
}

/// Runs again until there is nothing left; gives the number of runs.
async fn runs(stage: &Stage, policy: &str) -> usize {
    let mut last = String::new();
    for run in 1..=12 {
        let planned = stage.plan(policy).await;
        assert!(planned.plan.refusals.is_empty(), "{:?}", planned.plan.refusals);
        if planned.plan.is_empty() {
            return run - 1;
        }
        let outcome = stage.apply(&planned).await;
        let text = confperm::render::outcome_as_text(&planned.plan, &outcome);
        last.clone_from(&text);
        let claim = if outcome.is_complete() {
            "The site is as the policy says."
        } else {
            "not yet as the policy says"
        };
        assert!(text.contains(claim), "{text}");
    }
    panic!("twelve runs were not enough: {last}");
}

fn finished(stage: &Stage) {
    stage.running.world(|world| {
        for space in world.spaces() {
            assert!(space.holds(&Principal::Group("g-eng".into()), Pair::ReadSpace));
            assert!(!space.holds(&Principal::Group("g-ops".into()), Pair::ReadSpace));
        }
    });
}

/// Whether a read looks at the object that a write changes.
fn looks_at(read: &Request, write: &Request) -> bool {
    if read.method != "GET" {
        return false;
    }
    let parts: Vec<&str> = write.path.split('/').collect();
    match parts[..] {
        ["", "wiki", "rest", "api", "space", key, "permission", ..] => {
            read.path == format!("/wiki/api/v2/spaces/{}/permissions", key.trim_start_matches('S'))
        }
        ["", "wiki", "rest", "api", "content", id, "restriction", ..] => {
            read.path.starts_with(&format!("/wiki/rest/api/content/{id}/restriction"))
        }
        _ => panic!("{}", write.path),
    }
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_looked_at_before_it_is_sent_again() {
    let mut lost = 0;
    for seed in 0..6 {
        let faults = Faults { drop_answer: 0.3, seed, ..Faults::default() };
        let stage = Stage::with_faults(&site(), faults).await;
        runs(&stage, &policy()).await;
        finished(&stage);
        let requests = stage.running.requests();
        for (position, write) in requests.iter().enumerate().filter(|(_, request)| request.lost) {
            lost += 1;
            let mut later = requests[position + 1..].iter();
            let next = later.find(|next| {
                looks_at(next, write) || (next.method == write.method && next.path == write.path)
            });
            let next = next.expect("what became of it is found out");
            assert_eq!(next.method, "GET", "{write:?} was repeated blindly by {next:?}");
        }
    }
    assert!(lost > 20, "{lost} answers were lost");
}

#[tokio::test]
async fn a_server_that_fails_now_and_then_is_outlasted() {
    let mut failures = 0;
    for seed in 0..6 {
        let fail = vec![Failure { status: 503, share: 0.1 }];
        let stage = Stage::with_faults(&site(), Faults { fail, seed, ..Faults::default() }).await;
        runs(&stage, &policy()).await;
        finished(&stage);
        failures += stage.running.requests().iter().filter(|request| request.status == 503).count();
    }
    assert!(failures > 20, "{failures} requests failed");
}

#[tokio::test]
async fn everything_at_once_is_outlasted() {
    for seed in 0..4 {
        let fail = vec![Failure { status: 502, share: 0.05 }, Failure { status: 500, share: 0.05 }];
        let faults = Faults { fail, drop_answer: 0.2, seed, ..Faults::default() };
        let stage = Stage::with_faults(&site(), faults).await;
        runs(&stage, &policy()).await;
        finished(&stage);
    }
}

#[tokio::test]
async fn a_rate_limit_is_waited_out_in_one_run() {
    let rate = Some(Rate { per_second: 40.0, burst: 10 });
    let stage = Stage::with_faults(&site(), Faults { rate, ..Faults::default() }).await;
    assert_eq!(runs(&stage, &policy()).await, 1);
    finished(&stage);
    let limited = stage.running.requests().iter().filter(|request| request.status == 429).count();
    assert!(limited > 0, "the limit was never met");
}

#[tokio::test]
async fn a_run_that_is_stopped_anywhere_says_what_is_left_and_the_next_one_finishes_it() {
    for after in [1, 5, 12, 20] {
        let stage = Stage::open(&site()).await;
        let planned = stage.plan(&policy()).await;
        let stop = Stop::default();
        let done = AtomicUsize::new(0);
        let on_event = |event: confperm::apply::Event<'_>| {
            if let confperm::apply::Event::Finished { .. } = event
                && done.fetch_add(1, Ordering::Relaxed) + 1 == after
            {
                stop.request();
            }
        };
        let journal = Memory::default().journal();
        let outcome =
            confperm::apply::apply(&planned, &[], &stage.site, &journal, &stop, &OPTIONS, &on_event)
                .await
                .unwrap();
        assert!(!outcome.is_complete() && outcome.has_written());
        let text = confperm::render::outcome_as_text(&planned.plan, &outcome);
        assert!(text.contains("Stopped before") && text.contains("not yet as the policy says"), "{text}");
        assert_eq!(runs(&stage, &policy()).await, 1);
        finished(&stage);
    }
}

/// What Confluence does by itself until the next call puts it right is not left behind by a run that is told to stop.
#[tokio::test]
async fn a_run_that_is_stopped_ends_what_it_has_begun() {
    let roles = "roles:\n  Viewer: {id: r-view, type: system, permissions: [read/space]}\nspaces:\n";
    let site = site().replace("pre-roles", "roles-transition").replacen("spaces:\n", roles, 1);
    let site = site.replace("companions: never", "companions: always").replace(
        "      create/page: [user:ann]\n",
        "      create/page: [user:ann, group:ops]\n      update/page: [user:ann, group:ops]\n",
    );
    let policy = policy().replace(
        "access: {read/space: ['group:eng']}",
        "access: {read/space: ['group:eng', 'group:ops'], create/page: ['group:eng'], update/page: ['group:ops']}",
    );
    let mut ended = [0; 2];
    for most in 0..12 {
        for by_signal in [false, true] {
            let stage = Stage::open(&site).await;
            let planned = stage.plan(&policy).await;
            let stop = Stop::default();
            let made = AtomicUsize::new(0);
            let on_event = |event: Event<'_>| {
                if let Event::Finished { status: Status::Done, .. } = event
                    && made.fetch_add(1, Ordering::Relaxed) + 1 == most
                    && by_signal
                {
                    stop.request();
                }
            };
            if by_signal && most == 0 {
                stop.request();
            }
            let options = ApplyOptions { most_calls: (!by_signal).then_some(most), ..OPTIONS.clone() };
            let journal = Memory::default().journal();
            let (plan, site) = (&planned.plan, &stage.site);
            let outcome = confperm::apply::apply(&planned, &[], site, &journal, &stop, &options, &on_event)
                .await
                .unwrap();
            let status = |call: CallId| &outcome.results[call.position()].status;
            let needed = plan.meanwhile.iter().filter(|moment| {
                let is_stopped = matches!(status(moment.until), Status::Stopped);
                let is_begun = matches!(status(moment.from), Status::Done);
                assert!(!(is_begun && is_stopped), "{most} {by_signal}: {moment:?}");
                is_begun
            });
            let needed = needed.count();
            ended[usize::from(by_signal)] += needed;
            let made = made.load(Ordering::Relaxed);
            assert!(by_signal || (most..=most + needed).contains(&made), "{made} of {most}");
            assert!(outcome.unverified.is_empty(), "{:?}", outcome.unverified);
            while !stage.plan(&policy).await.plan.is_empty() {
                runs(&stage, &policy).await;
            }
        }
    }
    println!("{ended:?}");
    assert!(ended.iter().all(|ended| *ended >= 10), "{ended:?}");
}
