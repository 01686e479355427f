//! From a policy and a site that has been read to a plan, as ratios to parsing the site as JSON: each space has sixty
//! grants of groups and a hundred pages, and none, one in a hundred, or all of the spaces change, with a committed lock and
//! without one.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use confperm::diagnostic::Sources;
use confperm::model::{Live, Principal, SiteIdentity};
use confperm::plan::{Gaps, plan};
use confperm::policy::lock::Lock;
use confperm::policy::{self, Context, Policy};

use super::{FEW, Size, account, group, site};

const MEASURES: Size = Size { pages: 100, come: 0, go: 30, open: 5, ..FEW };

/// Seconds by size, and how they grow.
pub(crate) fn curves() {
    println!(
        "{:>10} {:>8} {:>6} {:>9} {:>9} {:>9}",
        "spaces", "changed", "lock", "seconds", "× JSON", "exponent"
    );
    for share in [0, 1, 100] {
        for locked in [false, true] {
            let mut last: Option<(u64, Duration)> = None;
            for spaces in [1_250, 5_000] {
                let (took, json) = measure(Size { spaces, ..MEASURES }, share, locked);
                let growth = last.map_or(f64::NAN, |(fewer, before)| exponent(fewer, before, spaces, took));
                let lock = if locked { "yes" } else { "no" };
                println!(
                    "{spaces:>10} {share:>7}% {lock:>6} {:>9.3} {:>9.2} {growth:>9.2}",
                    took.as_secs_f64(),
                    took.as_secs_f64() / json.as_secs_f64()
                );
                last = Some((spaces, took));
            }
        }
    }
}

/// The power of the size with which a time grows.
pub(crate) fn exponent(fewer: u64, before: Duration, more: u64, after: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "sizes are small")]
    let sizes = more as f64 / fewer as f64;
    (after.as_secs_f64() / before.as_secs_f64()).ln() / sizes.ln()
}

/// How long resolving and planning take, and how long parsing the site as JSON.
fn measure(size: Size, share: u64, locked: bool) -> (Duration, Duration) {
    let (_, mut live) = site(size);
    live.listing.spaces = live.spaces.iter().map(|(key, space)| (key.clone(), space.space.clone())).collect();
    live.listing.whole = true;
    let json = as_json(&live);
    let start = Instant::now();
    let parsed = serde_json::from_str::<serde_json::Value>(&json);
    let parsing = start.elapsed();
    assert!(parsed.is_ok());
    drop(parsed);
    let policy = as_policy(&live, share);
    let identity = SiteIdentity { cloud_id: None, base_url: String::new() };
    let lock =
        if locked { Lock::EMPTY.learn(&policy, &live, &identity, true).lock } else { Lock::EMPTY.clone() };
    let context = Context { today: jiff::civil::Date::constant(2026, 11, 28), lock: &lock };
    let start = Instant::now();
    let Ok(resolved) = policy::resolve(&policy, &live, context) else {
        unreachable!("the policy fits the site")
    };
    let Ok(planned) = plan(&resolved.desired, &live, Gaps::Refuse) else { unreachable!("the order is safe") };
    let took = start.elapsed();
    assert_eq!(planned.plan.changes.is_empty(), share == 0);
    (took, parsing)
}

/// Declares what is there; in some of a hundred spaces a group more, and a list of a page.
fn as_policy(live: &Live, share: u64) -> Policy {
    let mut text = "version: 1\nspaces:\n".to_owned();
    for (number, (key, space)) in (0_u64..).zip(&live.spaces) {
        let groups: Vec<String> = space.holdings.keys().filter_map(|who| name_of(who, live)).collect();
        let changes = number % 100 < share;
        let more = if changes { ", group:g1999" } else { "" };
        let creates: Vec<&String> = groups.iter().filter(|name| *name != "group:g0").collect();
        let creates = creates.into_iter().cloned().collect::<Vec<_>>().join(", ");
        let view =
            if changes { format!("[group:g1999, 'user:{}']", account(0)) } else { "anyone".to_owned() };
        let written = write!(
            text,
            "  {key}:\n    access:\n      read/space: [{}{more}]\n      create/page: [{creates}{more}]\n    pages:\n      \
             /Page 0/Page 10: {{view: {view}}}\n",
            groups.join(", ")
        );
        assert!(written.is_ok());
    }
    let mut sources = Sources::default();
    sources.insert("policy.yaml".into(), text.as_str());
    let Some(policy) = policy::from_sources(sources).policy else { unreachable!("the policy is valid") };
    policy
}

fn name_of(who: &Principal, live: &Live) -> Option<String> {
    let Principal::Group(id) = who else { return None };
    Some(format!("group:{}", live.directory.groups.get(id)?.name.raw()))
}

/// What a snapshot holds of the spaces, as JSON.
fn as_json(live: &Live) -> String {
    let spaces = live.spaces.values().map(|space| {
        let rows = space.holdings.keys().map(|who| {
            serde_json::json!({"principal": {"type": "group", "id": who.to_string()}, "permissions": ["read/space", "create/page"]})
        });
        let pages = space.tree.iter().flat_map(confperm::model::Tree::iter);
        let pages = pages.map(|page| {
            serde_json::json!({"id": page.id.to_string(), "title": page.title.raw(), "view": [], "edit": []})
        });
        serde_json::json!({
            "key": space.space.key.to_string(),
            "permissions": rows.collect::<Vec<_>>(),
            "pages": pages.collect::<Vec<_>>(),
        })
    });
    let groups: Vec<String> = (0..super::GROUPS).map(|number| group(number).to_string()).collect();
    serde_json::json!({"groups": groups, "spaces": spaces.collect::<Vec<_>>()}).to_string()
}
