//! What planning costs, and what the cost grows with: `cargo bench --bench plan`; with `-- WORD`, only the
//! curves with that word in their names.
//!
//! Sites are made in memory, with what a policy wants of them. Each line is one plan: its changes, calls
//! and edges, the seconds that it took, the same for each change, and the power of the changes with which it grew. The
//! program fails where that is more than the budget and what other work on the machine may add.

#![expect(clippy::disallowed_methods, reason = "a bench looks at the clock")]
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

#[path = "../../tests/builder/mod.rs"]
mod builder;
mod from_policy;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use confperm::model::{
    Audience, Content, Desired, DesiredPage, DesiredSpace, Directory, Edition, GrantId, Group, Holding,
    Known, Live, LiveSpace, Mode, Permission, Principal, ProductAccess, Removes, Restrictions, Share,
    SpaceRoleMode, Subject, Tree, Why,
};
use confperm::plan::{Gaps, plan};

use builder::desired::{authoritative, origin, required, wanted};
use builder::large::{account, group, mixed, page_id, space_key};
use builder::live;

/// The measures of a site, and of what is to become of each of its spaces.
#[derive(Debug, Clone, Copy)]
struct Size {
    spaces: u64,
    pages: u64,
    /// Groups that come, with two permissions each.
    come: u64,
    /// Groups that go.
    go: u64,
    /// Pages that are closed, opened, and given to others.
    close: u64,
    open: u64,
    swap: u64,
    /// How many distinct lists pages draw from.
    lists: u64,
    /// Whether the members of groups are known.
    members: bool,
    /// How many of a hundred spaces change; in the others, all is as it is wanted.
    share: u64,
    run: Run,
}

/// What kind of run it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    Whole,
    /// That of the team whose file asks for everything.
    Team,
    /// The changes are counted and not made.
    Paused,
}

impl Size {
    /// The measures of the space with this number.
    const fn of_space(self, number: u64) -> Self {
        if number % 100 < self.share {
            return self;
        }
        Self { come: 0, go: 0, close: 0, open: 0, swap: 0, ..self }
    }
}

const GROUPS: u64 = 2_000;
const PEOPLE: u64 = 20_000;

/// Two changes in each space: one group comes.
const FEW: Size = Size {
    spaces: 0,
    pages: 4,
    come: 1,
    go: 0,
    close: 0,
    open: 0,
    swap: 0,
    lists: 50,
    members: true,
    share: 100,
    run: Run::Whole,
};
/// Twenty changes in each space, of all kinds.
const TWENTY: Size = Size {
    spaces: 0,
    pages: 40,
    come: 4,
    go: 2,
    close: 5,
    open: 2,
    swap: 1,
    lists: 50,
    members: true,
    share: 100,
    run: Run::Whole,
};

/// The power of its size with which a cost may grow, and with which it may where groups come and pages close in one space:
/// there each page is looked at for those who come.
const LINEAR: f64 = 1.1;
const CROWDED: f64 = 1.2;

/// How much of what is measured other work on the machine may have added.
const NOISE: f64 = 0.15;

/// Notes what is over its budget.
fn hold(measured: Option<f64>, budget: f64, what: &str, over: &mut Vec<String>) {
    if let Some(measured) = measured.filter(|measured| *measured > budget + NOISE) {
        over.push(format!("{what}: {measured:.2} instead of {budget}"));
    }
}

fn main() -> Result<(), String> {
    let mut over = Vec::new();
    if is_asked_for("policy") {
        from_policy::curves(&mut over);
    }
    of_many_spaces(&mut over);
    of_one_space(&mut over);
    if let Some(peak) = peak() {
        println!("peak memory: {peak}");
    }
    if over.is_empty() { Ok(()) } else { Err(over.join("\n")) }
}

fn of_many_spaces(over: &mut Vec<String>) {
    curve(
        "2,000 spaces, of which none, one in a hundred, and all change",
        [0, 1, 100].map(|share| Size { spaces: 2_000, share, ..TWENTY }),
        None,
        over,
    );
    curve(
        "many spaces, two changes each",
        [500, 5_000, 50_000].map(|spaces| Size { spaces, ..FEW }),
        Some(LINEAR),
        over,
    );
    let twenty = [50, 500, 5_000].map(|spaces| Size { spaces, ..TWENTY });
    curve("twenty changes of all kinds in each space", twenty, Some(LINEAR), over);
    let of_team = twenty.map(|size| Size { run: Run::Team, ..size });
    curve("the same in a run of the team that owns them", of_team, Some(LINEAR), over);
    let paused = twenty.map(|size| Size { run: Run::Paused, ..size });
    curve("the same in spaces that are paused", paused, Some(LINEAR), over);
}

fn of_one_space(over: &mut Vec<String>) {
    let one = |come, close| Size { spaces: 1, pages: close + 1, come, close, ..FEW };
    let sizes = [one(250, 500), one(1_000, 2_000), one(4_000, 8_000)];
    curve("one space, groups come and pages close", sizes, Some(CROWDED), over);
    let unread = |size| Size { members: false, ..size };
    curve("the same, where the members of groups are hidden", sizes.map(unread), Some(CROWDED), over);
    curve(
        "one space, 200 groups come whose members are hidden, and pages close",
        [1_250, 2_500, 5_000].map(|close| unread(one(200, close))),
        Some(LINEAR),
        over,
    );
    let own = |come, close| Size { lists: close + 1, ..one(come, close) };
    curve(
        "one space, each page a list of its own",
        [own(250, 500), own(500, 1_000), own(1_000, 2_000)],
        Some(CROWDED),
        over,
    );
    let all = |number| Size {
        spaces: 1,
        pages: 3 * number + 1,
        come: number,
        go: number,
        close: number,
        open: number,
        swap: number,
        ..FEW
    };
    curve("one space, changes of all kinds", [all(20), all(200), all(2_000)], Some(CROWDED), over);
}

fn is_asked_for(name: &str) -> bool {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    words.is_empty() || words.iter().any(|word| name.contains(word))
}

fn curve(name: &str, sizes: [Size; 3], budget: Option<f64>, over: &mut Vec<String>) {
    if !is_asked_for(name) {
        return;
    }
    println!("{name}");
    println!(
        "{:>10} {:>10} {:>10} {:>9} {:>10} {:>9}",
        "changes", "calls", "edges", "seconds", "µs/change", "exponent"
    );
    let mut last: Option<(u64, Duration)> = None;
    for size in sizes {
        let (desired, live) = site(size);
        let (took, planned) = from_policy::fastest(|| plan(&desired, &live, Gaps::Refuse));
        let Ok(planned) = planned else { unreachable!("the sites have safe orders") };
        let planned = planned.plan;
        let seconds = took.as_secs_f64();
        assert!(planned.refusals.is_empty(), "{:?}", planned.refusals);
        let changes = planned.changes.len();
        let edges: usize = planned.calls.iter().map(|call| call.after.len()).sum();
        let each = seconds * 1e6 / f64::from(u32::try_from(changes).unwrap_or(u32::MAX));
        let size = if size.run == Run::Paused { size.spaces } else { changes as u64 };
        let growth = last
            .filter(|(fewer, _)| *fewer > 0)
            .map(|(fewer, before)| from_policy::exponent(fewer, before, size, took));
        // Short times say little about growth.
        let is_long = last.is_some_and(|(_, before)| before > SHORT);
        if let Some(budget) = budget.filter(|_| is_long) {
            hold(growth, budget, &format!("{name}, {changes} changes"), over);
        }
        last = Some((size, took));
        println!(
            "{changes:>10} {:>10} {edges:>10} {seconds:>9.3} {each:>10.1} {:>9.2}",
            planned.calls.len(),
            growth.unwrap_or(f64::NAN)
        );
    }
}

const SHORT: Duration = Duration::from_millis(20);

/// The most memory that this process ever had, as Linux tells it.
fn peak() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    Some(status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().to_owned())
}

fn directory(known: bool, groups: u64) -> Directory {
    let members = |number: u64| match number {
        _ if !known => Known::Unknown(Why::Hidden),
        0 => Known::Known((0..PEOPLE).map(account).collect()),
        _ => Known::Known((0..20).map(|nth| account(mixed(number * 1_000 + nth) % PEOPLE)).collect()),
    };
    let group = |number: u64| Group {
        members: members(number),
        access: Known::Known(if number == 0 { ProductAccess::User } else { ProductAccess::None }),
        ..live::group(group(number), format!("g{number}"))
    };
    Directory {
        missing: BTreeMap::new(),
        people: (0..PEOPLE).map(|number| (account(number), live::person(account(number), ""))).collect(),
        groups: (0..groups).map(|number| (self::group(number), group(number))).collect(),
    }
}

const HELD: [Permission; 2] = [Permission::ReadSpace, Permission::CreatePage];

/// A space and its lists; its groups are `from`, `from + 1` and so on, and everyone reads.
fn space(size: Size, number: u64, groups: u64) -> (LiveSpace, DesiredSpace) {
    let me = Principal::User(account(0));
    let draw = |nth: u64| 1 + (mixed(number) + nth) % (groups - 1);
    let rows = |permissions: &[Permission], who: u64| {
        let row = |nth: usize| GrantId::from_number(number * 1_000_000 + who * 100 + nth as u64);
        let rows =
            permissions.iter().enumerate().map(|(nth, &permission)| (permission, BTreeSet::from([row(nth)])));
        Holding::Grants(rows.collect())
    };
    let all: Vec<Permission> = Permission::ALL.iter().copied().filter(|it| it.is_documented()).collect();
    let everyone = Principal::Group(group(0));
    let mut before =
        BTreeMap::from([(me.clone(), rows(&all, 0)), (everyone.clone(), rows(&[Permission::ReadSpace], 1))]);
    let mut after = BTreeMap::from([(me, required(&all)), (everyone, required(&[Permission::ReadSpace]))]);
    for nth in 0..size.come {
        after.insert(Principal::Group(group(draw(nth))), required(&HELD));
    }
    for nth in 0..size.go {
        before.insert(Principal::Group(group(draw(size.come + nth))), rows(&HELD, nth + 2));
    }
    let only = |nth: u64| {
        Audience::from_site_list([Subject::Group(group(draw(nth % size.lists))), Subject::User(account(0))])
    };
    let mut tree = Tree::default();
    let mut pages = BTreeMap::new();
    for page in 0..size.pages {
        let parent = if page == 0 { 0 } else { page_id(number, 0).number() };
        let (was, will) = if page == 0 {
            (Audience::Anyone, None)
        } else if page <= size.close {
            (Audience::Anyone, Some(only(page)))
        } else if page <= size.close + size.open {
            (only(page), Some(Audience::Anyone))
        } else if page <= size.close + size.open + size.swap {
            (only(page), Some(only(page + 1)))
        } else {
            (Audience::Anyone, None)
        };
        let restrictions = Known::Known(Restrictions { view: was, edit: Audience::Anyone });
        let page = Content {
            restrictions,
            ..live::page(page_id(number, page).number(), parent, format!("Page {page}"))
        };
        let id = page.id;
        tree.insert(page);
        if let Some(will) = will {
            pages.insert(id, DesiredPage { view: Some(wanted(will)), edit: None });
        }
    }
    let live = LiveSpace {
        holdings: before,
        tree: Some(tree),
        ..live::space(live::listed(number + 1, space_key(number)))
    };
    let mode = if size.run == Run::Paused { Mode::Paused } else { Mode::Authoritative };
    (live, DesiredSpace { mode, holdings: after, pages, ..authoritative() })
}

fn site(size: Size) -> (Desired, Live) {
    let groups = GROUPS.max(size.come + size.go + size.lists + 10);
    let mut live = live::site(SpaceRoleMode::PreRoles, account(0));
    live.site.edition = Edition::Premium;
    live.site.caller.groups = Known::Known(BTreeSet::from([group(0)]));
    live.directory = directory(size.members, groups);
    let share = (size.run == Run::Team)
        .then(|| Share { files: BTreeSet::from([origin().file.to_path_buf()]), removes: Removes::Any });
    let mut desired = Desired { share, ..Desired::default() };
    for number in 0..size.spaces {
        let (is, wish) = space(size.of_space(number), number, groups);
        live.spaces.insert(space_key(number), is.into());
        desired.spaces.insert(space_key(number), wish);
    }
    (desired, live)
}
