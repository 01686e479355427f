//! What the access engine costs on a large site, and what the cost grows with.
//!
//! `cargo bench --bench access`. The site has 5,000 spaces, 300,000 grants, 500,000 pages, 20,000 people and
//! 2,000 groups. `growth` holds everything but one dimension still: four times the pages, the distinct lists,
//! or the people; and then pages and people together, which would cost sixteen times as much if anything
//! were done for each page and person. The last line is the most memory that all of it took.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::hint::black_box;
use std::str::FromStr;

use confperm::access::{Asker, Engine, Object, Verb, effective_changes};
use confperm::model::{
    AccountId, AccountKind, AccountStatus, Audience, BesidePages, Caller, Content, ContentId, ContentKind,
    Directory, Edition, Flavor, Group, GroupId, Holding, Known, Listing, Live, LiveSpace, Parent, Permission,
    Person, Principal, ProductAccess, Restrictions, Site, Space, SpaceId, SpaceKey, SpaceKind, SpaceRoleMode,
    SpaceStatus, StrayPermissions, Subject, Tree, Truth,
};
use criterion::{BatchSize, Criterion, criterion_group};

/// The measures of a site.
#[derive(Clone, Copy)]
struct Size {
    spaces: u64,
    pages_per_space: u64,
    people: u64,
    groups: u64,
    grants_per_space: u64,
    /// Distinct lists that pages draw from.
    lists: u64,
}

const LARGE: Size = Size {
    spaces: 5_000,
    pages_per_space: 100,
    people: 20_000,
    groups: 2_000,
    grants_per_space: 60,
    lists: 2_000,
};
const SMALL: Size =
    Size { spaces: 50, pages_per_space: 200, people: 4_000, groups: 400, grants_per_space: 60, lists: 100 };

fn parsed<T: FromStr>(text: impl Display) -> T {
    let Ok(id) = text.to_string().parse() else { unreachable!("the names made here are valid") };
    id
}

fn account(number: u64) -> AccountId {
    parsed(format_args!("5b10ac8d82e05b22{number:08}"))
}

fn group(number: u64) -> GroupId {
    parsed(format_args!("2d1f6c1e-0c58-4a6c-8f0e-{number:012}"))
}

/// Mixes the bits, so that what is drawn has no pattern.
const fn mixed(number: u64) -> u64 {
    let mixed = (number ^ (number >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

fn directory(size: Size) -> Directory {
    let person = |number| Person {
        account: account(number),
        name: "".into(),
        email: None,
        kind: AccountKind::Human,
        status: AccountStatus::Active,
        guest: Known::Known(false),
    };
    let members = |number: u64| match number {
        0 => (0..size.people).map(account).collect(),
        _ => (0..100).map(|nth| account(mixed(number * 1_000 + nth) % size.people)).collect(),
    };
    let group = |number: u64| Group {
        id: group(number),
        name: "".into(),
        members: Known::Known(members(number)),
        access: Known::Known(if number == 0 { ProductAccess::User } else { ProductAccess::None }),
    };
    Directory {
        missing: BTreeMap::new(),
        people: (0..size.people).map(|number| (account(number), person(number))).collect(),
        groups: (0..size.groups).map(|number| (self::group(number), group(number))).collect(),
    }
}

fn list(size: Size, number: u64) -> Audience {
    let number = number % size.lists;
    let groups = (0..2).map(|nth| Subject::Group(group(1 + mixed(number * 7 + nth) % (size.groups - 1))));
    let people = (0..2).map(|nth| Subject::User(account(mixed(number * 11 + nth) % size.people)));
    Audience::from_site_list(groups.chain(people))
}

fn page_id(space: u64, page: u64) -> ContentId {
    ContentId::from_number(1 + space * 1_000_000 + page)
}

/// One page in ten has lists of its own.
fn restrictions(size: Size, space: u64, page: u64) -> Restrictions {
    let draw = mixed(space * 1_000_003 + page);
    if draw.is_multiple_of(10) {
        Restrictions { view: list(size, draw >> 8), edit: list(size, draw >> 8) }
    } else {
        Restrictions::OPEN
    }
}

fn space_key(space: u64) -> SpaceKey {
    parsed(format_args!("S{space}"))
}

fn space(size: Size, number: u64) -> LiveSpace {
    let mut tree = Tree::default();
    for page in 0..size.pages_per_space {
        let parent = if page == 0 { Parent::Space } else { Parent::Content(page_id(number, (page - 1) / 5)) };
        tree.insert(Content {
            archived: false,
            id: page_id(number, page),
            kind: ContentKind::Page,
            title: "Page".into(),
            parent,
            restrictions: Known::Known(restrictions(size, number, page)),
        });
    }
    let permissions = [
        Permission::ReadSpace,
        Permission::CreatePage,
        Permission::CreateComment,
        Permission::CreateAttachment,
        Permission::CreateBlogpost,
        Permission::DeleteOwn,
    ];
    let grants =
        || Holding::Grants(permissions.iter().map(|permission| (*permission, BTreeSet::new())).collect());
    let per_principal = permissions.len() as u64;
    let principals = (0..size.grants_per_space / per_principal).map(|nth| {
        let draw = mixed(number * 131 + nth);
        match nth {
            0 => Principal::User(account(draw % size.people)),
            _ => Principal::Group(group(1 + draw % (size.groups - 1))),
        }
    });
    LiveSpace {
        expanded: BTreeMap::new(),
        space: Space {
            id: SpaceId::from_number(number + 1),
            key: space_key(number),
            name: "".into(),
            kind: SpaceKind::Global,
            status: SpaceStatus::Current,
            homepage: None,
        },
        holdings: principals.map(|principal| (principal, grants())).collect(),
        foreign: BTreeSet::new(),
        unlicensed_access: Known::Known(false),
        unlisted_anonymous: Known::Known(false),
        tree: Some(tree),
        read: BesidePages::default(),
        labelled: std::collections::BTreeMap::new(),
    }
}

fn site(size: Size) -> Live {
    let site = Site {
        flavor: Flavor::Cloud,
        base_url: "".into(),
        cloud_id: None,
        edition: Edition::Premium,
        mode: SpaceRoleMode::PreRoles,
        anonymous_access: Known::Known(false),
        caller: Caller {
            account: account(0),
            name: "".into(),
            groups: Known::Known(BTreeSet::new()),
            administers_site: Truth::Unknown,
        },
    };
    Live {
        site,
        names_read: true,
        roles: BTreeMap::new(),
        directory: directory(size),
        spaces: (0..size.spaces).map(|number| (space_key(number), space(size, number))).collect(),
        listing: Listing::default(),
        stray: StrayPermissions::default(),
        guests: BTreeMap::new(),
        gaps: BTreeSet::new(),
    }
}

/// Every hundredth page gets other lists, in every space; every hundredth space loses a group and a
/// person, and gets another group.
fn touched(before: &Live, size: Size) -> Live {
    let mut after = before.clone();
    for (number, space) in (0..).zip(after.spaces.values_mut()) {
        if let Some(tree) = &mut space.tree {
            for page in
                (0..size.pages_per_space).filter(|page| mixed(number * 977 + page).is_multiple_of(100))
            {
                let audience = list(size, mixed(number + page * 31));
                let lists = Restrictions { view: audience.clone(), edit: audience };
                tree.set_restrictions(page_id(number, page), Known::Known(lists));
            }
        }
        if number % 100 == 0 {
            let held = space.holdings.pop_first();
            space.holdings.pop_last();
            let new = Principal::Group(group(1 + mixed(number) % (size.groups - 1)));
            space.holdings.extend(held.map(|(_, holding)| (new, holding)));
        }
    }
    after
}

fn large(criterion: &mut Criterion) {
    let before = site(LARGE);
    let after = touched(&before, LARGE);
    let mut group = criterion.benchmark_group("large");
    group.sample_size(10);
    group.bench_function("load", |bencher| bencher.iter(|| black_box(Engine::new(&before))));
    {
        let engine = Engine::new(&before);
        let page = |number: u64| Object::Content(space_key(number), page_id(number, 99));
        let mut at = 0;
        let mut next = move || {
            at = (at + 1) % LARGE.spaces;
            page(at)
        };
        group.bench_function("who for one page", |bencher| {
            bencher.iter_batched(&mut next, |page| engine.who(Verb::View, &page), BatchSize::SmallInput);
        });
        let asker = Asker::Person(account(7));
        group.bench_function("can for one page", |bencher| {
            bencher.iter_batched(
                &mut next,
                |page| engine.can(&asker, Verb::Edit, &page),
                BatchSize::SmallInput,
            );
        });
        group.bench_function("explain for one page", |bencher| {
            bencher.iter_batched(
                &mut next,
                |page| engine.explain(&asker, Verb::Edit, &page),
                BatchSize::SmallInput,
            );
        });
    }
    group.bench_function("effective changes of one page in a hundred", |bencher| {
        bencher.iter(|| black_box(effective_changes(&before, &after)));
    });
    group.finish();
}

fn growth(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("growth");
    group.sample_size(10);
    let sizes = [
        ("base", SMALL),
        ("four times the pages", Size { pages_per_space: 4 * SMALL.pages_per_space, ..SMALL }),
        ("four times the people", Size { people: 4 * SMALL.people, ..SMALL }),
        ("four times the distinct lists", Size { lists: 4 * SMALL.lists, ..SMALL }),
        (
            "four times the pages and the people",
            Size { pages_per_space: 4 * SMALL.pages_per_space, people: 4 * SMALL.people, ..SMALL },
        ),
    ];
    for (name, size) in sizes {
        let before = site(size);
        // The same number of pages is touched each time: the first ones of each space.
        let after = touched(&before, SMALL);
        group.bench_function(name, |bencher| bencher.iter(|| black_box(effective_changes(&before, &after))));
    }
    group.finish();
}

criterion_group!(benches, large, growth);

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    if let Some(peak) = peak() {
        println!("peak memory: {peak}");
    }
}

/// The most memory that this process ever had, as Linux tells it.
fn peak() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    Some(status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().to_owned())
}
