//! A plan is the same to the byte however many spaces are planned at once.

use std::fmt::Write as _;

use confperm::access::{Effects, effective_changes};
use confperm::model::{Live, LiveSpace};
use confperm::plan::{Gaps, plan};
use rayon::ThreadPoolBuilder;

use crate::in_process::{Stage, parse};
use crate::worlds::Dice;

const SPACES: usize = 24;
const GROUPS: [&str; 3] = ["group:eng", "group:ops", "group:hr"];

/// A site of many spaces and a policy for them, of which each space has another part of the same changes.
fn site_and_policy(dice: &mut Dice) -> (String, String) {
    let mut site = "kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, edition: standard, anonymous: false, caller: ann}
users:
  ann: {account-id: u-ann, name: Ann, email: ann@x.com}
  bob: {account-id: u-bob, name: Bob, email: bob@x.com}
  eve: {account-id: u-eve, name: Eve, email: eve@x.com}
  gus: {account-id: u-gus, name: Gus, email: gus@x.com, guest-of: S1}
groups:
  eng: {id: g-eng, members: [bob]}
  ops: {id: g-ops, members: [eve, gus]}
  hr: {id: g-hr, members: [bob, eve]}
  all: {id: g-all, members: [ann, bob, eve], access: user}
spaces:
"
    .to_owned();
    let mut policy = "version: 1\npeople: {me: u-ann}\nguards: {max-removals: 100%}\nspaces:\n".to_owned();
    for number in 1..=SPACES {
        let mut some = || {
            let who = dice.some(&GROUPS, 2);
            who.iter().fold(String::new(), |list, who| list + ", " + who)
        };
        let (read, create, view) = (some(), some(), some());
        // Every eighth space has no administrator any more, and in every third a page is archived.
        let admin = if number % 8 == 0 { "" } else { "'user:ann'" };
        let archived = if number % 3 == 0 { ", status: archived" } else { "" };
        let _ = writeln!(
            site,
            "  S{number}: {{id: {number}, name: S{number}, permissions: {{read/space: ['user:ann'{read}], create/page: ['user:ann'], \
             update/page: ['user:ann'], create/blogpost: ['user:ann'], restrict_content/space: ['user:ann'], administer/space: [{admin}]}}, \
             pages: [{{id: {number}1, title: Home, view: ['user:ann'{view}], children: [{{id: {number}2, title: One{archived}}}]}}], \
             blogposts: [{{id: {number}3, title: News, view: ['user:ann'{view}]}}]}}"
        );
        let (view, closed) = (some(), some());
        let _ = writeln!(
            policy,
            "  S{number}: {{mode: authoritative, access: {{administer/space: ['user:me'], read/space: ['user:me'{read}{create}], create/page: ['user:me'{create}]}}, \
             pages: {{/Home: {{view: ['user:me'{view}]}}, /Home/One: {{view: ['user:me'{closed}]}}, 'blog:News': {{view: ['user:me'{closed}]}}}}}}"
        );
    }
    (site, policy)
}

#[tokio::test]
async fn a_plan_does_not_depend_on_the_number_of_cores() {
    let mut dice = Dice::new(20_261_127);
    let mut calls = 0;
    for _ in 0..4 {
        let (site, policy) = site_and_policy(&mut dice);
        let stage = Stage::open(&site).await;
        let mut live = stage.sign_in().await;
        let resolved = stage.observe(&mut live, &parse(&policy), &confperm::observe::quiet).await;
        let on = |threads: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let planned = pool.install(|| plan(&resolved.desired, &live, Gaps::Refuse).unwrap());
            serde_json::to_string(&planned.plan).unwrap()
        };
        let alone = on(1);
        calls += alone.matches("\"call\":").count();
        for threads in [2, 8] {
            assert!(on(threads) == alone, "{threads} threads plan otherwise\n{site}\n{policy}");
        }
    }
    assert!(calls > 100, "only {calls} calls");
}

/// The same spaces again under so many other keys.
fn copied(state: &mut Live, copies: usize) {
    let spaces: Vec<LiveSpace> = state.all_spaces().cloned().collect();
    for copy in 0..copies {
        for mut space in spaces.iter().cloned() {
            space.space.key = format!("C{copy}{}", space.space.key).parse().unwrap();
            state.spaces.insert(space.space.key.clone(), space.into());
        }
    }
}

#[tokio::test]
async fn what_becomes_of_a_space_does_not_depend_on_the_others_that_change() {
    let (site, policy) = site_and_policy(&mut Dice::new(20_261_128));
    let stage = Stage::open(&site).await;
    let mut before = stage.sign_in().await;
    let resolved = stage.observe(&mut before, &parse(&policy), &confperm::observe::quiet).await;
    let mut after = plan(&resolved.desired, &before, Gaps::Refuse).unwrap().after;
    copied(&mut before, 19);
    copied(&mut after, 19);
    let all = effective_changes(&before, &after);
    let mut alone = Effects::default();
    for key in before.spaces.keys() {
        let [was, is] = [&before, &after].map(|state| {
            let space = state.spaces[key].clone();
            Live {
                spaces: [(key.clone(), space)].into(),
                directory: state.directory.clone(),
                ..Live::of(state.site.clone())
            }
        });
        let Effects { effects, incomplete } = effective_changes(&was, &is);
        alone.effects.extend(effects);
        alone.incomplete.extend(incomplete);
    }
    assert!(all.effects.len() > 400, "{}", all.effects.len());
    assert!(all == alone, "{all:#?}\n{alone:#?}");
}
