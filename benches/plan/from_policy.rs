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

/// What planning may take at most, as times of parsing: where nothing is to change, and where all spaces are.
const BUDGETS: [f64; 2] = [2.0, 5.0];

/// How long the steps took.
struct Took {
    resolving: Duration,
    planning: Duration,
}

/// Seconds by size, and how they grow. What is over its budget goes to `over`.
pub(crate) fn curves(over: &mut Vec<String>) {
    println!(
        "{:>10} {:>8} {:>6} {:>9} {:>9} {:>9} {:>9}",
        "spaces", "changed", "lock", "resolving", "planning", "× JSON", "exponent"
    );
    let sites = [1_250, 5_000].map(|spaces| Observed::of(Size { spaces, ..MEASURES }));
    for share in [0, 1, 100] {
        for locked in [false, true] {
            let mut last: Option<(u64, Duration)> = None;
            for site in &sites {
                let Took { resolving, planning } = site.measure(share, locked);
                let took = resolving + planning;
                let growth = last.map(|(fewer, before)| exponent(fewer, before, site.spaces, took));
                let (lock, ratio) = (if locked { "yes" } else { "no" }, times(took, site.parsing));
                println!(
                    "{:>10} {share:>7}% {lock:>6} {:>9.3} {:>9.3} {ratio:>9.2} {:>9.2}",
                    site.spaces,
                    resolving.as_secs_f64(),
                    planning.as_secs_f64(),
                    growth.unwrap_or(f64::NAN)
                );
                let what = format!("{} spaces, {share}% changed, lock: {lock}", site.spaces);
                super::hold(growth, super::LINEAR, &what, over);
                super::hold(Some(ratio), BUDGETS[usize::from(share == 100)], &what, over);
                last = Some((site.spaces, took));
            }
        }
    }
}

/// The power of the size with which a time grows.
pub(crate) fn exponent(fewer: u64, before: Duration, more: u64, after: Duration) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "sizes are small")]
    let sizes = more as f64 / fewer as f64;
    times(after, before).ln() / sizes.ln()
}

fn times(long: Duration, short: Duration) -> f64 {
    long.as_secs_f64() / short.as_secs_f64()
}

/// A site that has been read, and how long parsing it as JSON takes.
struct Observed {
    spaces: u64,
    live: Live,
    parsing: Duration,
}

impl Observed {
    fn of(size: Size) -> Self {
        let (_, mut live) = site(size);
        live.listing.spaces =
            live.spaces.iter().map(|(key, space)| (key.clone(), space.space.clone())).collect();
        live.listing.whole = true;
        let json = as_json(&live);
        let (parsing, parsed) = fastest(|| serde_json::from_str::<serde_json::Value>(&json));
        assert!(parsed.is_ok());
        Self { spaces: size.spaces, live, parsing }
    }

    /// How long resolving and planning take.
    fn measure(&self, share: u64, locked: bool) -> Took {
        let live = &self.live;
        let policy = as_policy(live, share);
        let identity = SiteIdentity { cloud_id: None, base_url: String::new() };
        let lock =
            if locked { Lock::EMPTY.learn(&policy, live, &identity, true).lock } else { Lock::EMPTY.clone() };
        let context = Context { today: jiff::civil::Date::constant(2026, 11, 28), lock: &lock };
        let (resolving, resolved) = fastest(|| policy::resolve(&policy, live, context));
        let Ok(resolved) = resolved else { unreachable!("the policy fits the site") };
        let (planning, planned) = fastest(|| plan(&resolved.desired, live, Gaps::Refuse));
        let Ok(planned) = planned else { unreachable!("the order is safe") };
        assert_eq!(planned.plan.changes.is_empty(), share == 0);
        Took { resolving, planning }
    }
}

/// What comes of something, and the shortest time that it takes: one run where it is long, three where it is not.
pub(crate) fn fastest<T>(run: impl Fn() -> T) -> (Duration, T) {
    let once = || {
        let start = Instant::now();
        let found = run();
        (start.elapsed(), found)
    };
    let (mut shortest, found) = once();
    if shortest < LONG {
        for _ in 0..2 {
            let (took, again) = once();
            shortest = shortest.min(took);
            drop(again);
        }
    }
    (shortest, found)
}

const LONG: Duration = Duration::from_secs(2);

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
