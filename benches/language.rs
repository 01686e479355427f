//! How long a policy of a large site takes: 5,000 spaces, 50 rules over all or many of them; and what a lock adds where
//! each space names pages.
//!
//! `cargo bench --bench language`

#![expect(clippy::unwrap_used, reason = "a benchmark may panic")]

#[path = "../tests/builder/mod.rs"]
mod builder;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use camino::Utf8PathBuf;
use confperm::diagnostic::Sources;
use confperm::model::{
    Content, Known, Live, LiveSpace, Permission, Restrictions, SiteIdentity, Space, SpaceKey, SpaceKind,
    SpaceRoleMode, Tree,
};
use confperm::plan::{Gaps, plan};
use confperm::policy::lock::Lock;
use confperm::policy::{Context, Policy, from_sources, resolve};
use criterion::{Criterion, criterion_group, criterion_main};

use builder::{ids, live};

const SPACES: u64 = 5_000;
const RULES: usize = 50;
const TODAY: Context<'_> = Context { today: jiff::civil::Date::constant(2026, 11, 21), lock: Lock::EMPTY };
const ANN: &str = "5b10ac8d82e05b22cc7d4e01";

/// Three in five spaces are of teams, every tenth is labelled, every seventh lets contractors in.
fn site(number_of_spaces: u64) -> Live {
    let mut spaces = BTreeMap::new();
    let mut labelled = BTreeSet::new();
    for number in 0..number_of_spaces {
        let team = number % 5 < 3;
        let key: SpaceKey = format!("{}{number}", if team { "TEAM" } else { "X" }).parse().unwrap();
        if number % 10 == 0 {
            labelled.insert(key.clone());
        }
        let kind = if team { SpaceKind::Global } else { SpaceKind::Personal };
        let name = format!("Space {number}").into();
        let space = Space { kind, name, ..live::listed(number + 1, key.clone()) };
        let mut holdings = BTreeMap::from([(
            format!("user:{ANN}").parse().unwrap(),
            live::grants(&[Permission::ReadSpace, Permission::AdministerSpace]),
        )]);
        if number % 7 == 0 {
            holdings.insert("group:g-contractors".parse().unwrap(), live::grants(&[Permission::ReadSpace]));
        }
        spaces.insert(key, LiveSpace { holdings, ..live::space(space) }.into());
    }
    let groups = (0..RULES).map(|number| format!("team-{number}")).chain(["contractors".to_owned()]);
    let groups = groups.map(|name| live::group(ids::group(&format!("g-{name}")), name.as_str()));
    let mut live = live::site(SpaceRoleMode::PreRoles, ids::account(ANN));
    let ann = live::person(ids::account(ANN), "Ann");
    live.directory.people.insert(ann.account.clone(), ann);
    live.directory.groups = groups.map(|group| (group.id.clone(), group)).collect();
    live.listing = live::listing(&spaces);
    live.listing.labelled.insert("audited".to_owned(), labelled);
    live.spaces = spaces;
    live
}

fn text() -> String {
    let mut text = "version: 1\nspaces:\n  TEAM0: {access: {admin: [group:team-0]}}\nrules:\n".to_owned();
    for number in 0..RULES {
        let selector = match number % 5 {
            0 => "{key: \"*\"}",
            1 => "{key: \"TEAM*\", type: global, not: [TEAM0, \"TEAM9*\"]}",
            2 => "{label: audited}",
            3 => "{key: \"*\", where: {who: group:contractors, has: read/space}}",
            _ => "{type: personal}",
        };
        let right = ["viewer", "collaborator", "export/space", "manager", "create/page"][number % 5];
        let asks = if number == 49 {
            "like: TEAM0".to_owned()
        } else {
            format!("access: {{{right}: [group:team-{number}]}}")
        };
        writeln!(text, "  - {{name: rule {number}, spaces: {selector}, {asks}}}").unwrap();
    }
    text
}

fn policy(text: &str) -> Policy {
    let mut sources = Sources::default();
    sources.insert(Utf8PathBuf::from("policy.yaml"), text);
    from_sources(sources).policy.unwrap()
}

fn language(criterion: &mut Criterion) {
    let (live, text) = (site(SPACES), text());
    let policy = policy(&text);
    let mut group = criterion.benchmark_group("5000 spaces, 50 rules");
    group.sample_size(10);
    group.bench_function("choose", |bencher| bencher.iter(|| policy.candidates(&live.listing).len()));
    group.bench_function("resolve", |bencher| {
        bencher.iter(|| resolve(&policy, &live, TODAY).unwrap().desired.spaces.len());
    });
    let desired = resolve(&policy, &live, TODAY).unwrap().desired;
    let done = plan(&desired, &live, Gaps::Refuse).unwrap().after;
    group.bench_function("plan, nothing to change", |bencher| {
        bencher.iter(|| plan(&desired, &done, Gaps::Refuse).unwrap().plan.is_empty());
    });
    group.finish();

    let rows: String = (0..100_000).fold("id,space,type\n".to_owned(), |text, row| {
        format!("{text}g-team-{},TEAM{},group\n", row % 50, row % SPACES)
    });
    let rule = "version: 1\nrules: [{name: rows, from: {csv: rows.csv, space: space, type: type, id: id}, access: read/space}]\n";
    criterion.bench_function("read 100,000 rows", |bencher| {
        bencher.iter(|| {
            let mut sources = Sources::default();
            sources.insert(Utf8PathBuf::from("policy.yaml"), rule);
            sources.insert(Utf8PathBuf::from("rows.csv"), rows.as_str());
            from_sources(sources).policy.unwrap().rules.len()
        });
    });
}

/// Pages below the homepage of each space, of which a policy names two.
const PAGES: u64 = 20;

/// A policy that names two pages in each space, for a site that has them.
fn named_pages(number_of_spaces: u64) -> (Policy, Live) {
    let mut live = site(number_of_spaces);
    let mut text = "version: 1\nspaces:\n".to_owned();
    for (number, (key, space)) in (0..).zip(&mut live.spaces) {
        let mut tree = Tree::default();
        for page in 0..PAGES {
            let id = number * PAGES + page + 1;
            let restrictions = Known::Known(Restrictions::OPEN);
            tree.insert(Content { restrictions, ..live::page(id, 0, format!("Page {page}")) });
        }
        Arc::make_mut(space).tree = Some(tree);
        writeln!(
            text,
            "  {key}: {{mode: additive, pages: {{/Page 1: {{edit: [group:team-1]}}, '/Page 2/**': {{edit: [group:team-2]}}}}}}"
        )
        .unwrap();
    }
    (policy(&text), live)
}

/// A line that is linear takes four times as long for four times the spaces, and a lock that costs little hardly more.
fn lock(criterion: &mut Criterion) {
    for spaces in [1_250, SPACES] {
        let (policy, live) = named_pages(spaces);
        let identity =
            SiteIdentity { cloud_id: None, base_url: "https://acme.atlassian.net/wiki".to_owned() };
        let known = Lock::default().learn(&policy, &live, &identity, true).lock;
        let mut gone = live.clone();
        for space in gone.spaces.values_mut().map(Arc::make_mut) {
            space.tree = space.tree.as_ref().map(|_| Tree::default());
        }
        let mut group = criterion.benchmark_group(format!("{spaces} spaces, two pages named in each"));
        group.sample_size(10);
        for (name, lock, live) in [
            ("resolve without a lock", Lock::EMPTY, &live),
            ("resolve with a lock", &known, &live),
            ("resolve where every page is gone", &known, &gone),
        ] {
            let context = Context { lock, ..TODAY };
            group.bench_function(name, |bencher| {
                bencher.iter(|| resolve(&policy, live, context).unwrap().desired.spaces.len());
            });
        }
        group.bench_function("learn", |bencher| {
            bencher.iter(|| known.learn(&policy, &live, &identity, true).removed);
        });
        group.finish();
    }
}

criterion_group!(benches, lock, language);
criterion_main!(benches);
