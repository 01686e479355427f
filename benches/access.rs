//! What the access engine costs on a large site, and what the cost grows with.
//!
//! `cargo bench --bench access`. The site has 5,000 spaces, 300,000 grants, 500,000 pages, 20,000 people and
//! 2,000 groups. `growth` holds everything but one dimension still: four times the pages, the distinct lists,
//! or the people; and then pages and people together, which would cost sixteen times as much if anything
//! were done for each page and person. The last line is the most memory that all of it took.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

#[path = "../tests/builder/mod.rs"]
mod builder;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use confperm::access::{Asker, ContentVerb, Engine, Object, effective_changes};
use confperm::model::{
    Audience, Content, Directory, Group, Known, Live, LiveSpace, Permission, Principal, ProductAccess,
    Restrictions, SpaceRoleMode, Subject, Tree,
};
use criterion::{BatchSize, Criterion, criterion_group};

use builder::large::{account, group, mixed, page_id, space_key};
use builder::live;

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

fn directory(size: Size) -> Directory {
    let members = |number: u64| match number {
        0 => (0..size.people).map(account).collect(),
        _ => (0..100).map(|nth| account(mixed(number * 1_000 + nth) % size.people)).collect(),
    };
    let group = |number: u64| Group {
        members: Known::Known(members(number)),
        access: Known::Known(if number == 0 { ProductAccess::User } else { ProductAccess::None }),
        ..live::group(group(number), "")
    };
    Directory {
        missing: BTreeMap::new(),
        people: (0..size.people).map(|number| (account(number), live::person(account(number), ""))).collect(),
        groups: (0..size.groups).map(|number| (self::group(number), group(number))).collect(),
    }
}

fn list(size: Size, number: u64) -> Audience {
    let number = number % size.lists;
    let groups = (0..2).map(|nth| Subject::Group(group(1 + mixed(number * 7 + nth) % (size.groups - 1))));
    let people = (0..2).map(|nth| Subject::User(account(mixed(number * 11 + nth) % size.people)));
    Audience::from_site_list(groups.chain(people))
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

fn space(size: Size, number: u64) -> LiveSpace {
    let mut tree = Tree::default();
    for page in 0..size.pages_per_space {
        let parent = if page == 0 { 0 } else { page_id(number, (page - 1) / 5).number() };
        let restrictions = Known::Known(restrictions(size, number, page));
        tree.insert(Content { restrictions, ..live::page(page_id(number, page).number(), parent, "Page") });
    }
    let permissions = [
        Permission::ReadSpace,
        Permission::CreatePage,
        Permission::CreateComment,
        Permission::CreateAttachment,
        Permission::CreateBlogpost,
        Permission::DeleteOwn,
    ];
    let per_principal = permissions.len() as u64;
    let principals = (0..size.grants_per_space / per_principal).map(|nth| {
        let draw = mixed(number * 131 + nth);
        match nth {
            0 => Principal::User(account(draw % size.people)),
            _ => Principal::Group(group(1 + draw % (size.groups - 1))),
        }
    });
    LiveSpace {
        holdings: principals.map(|principal| (principal, live::grants(&permissions))).collect(),
        tree: Some(tree),
        ..live::space(live::listed(number + 1, space_key(number)))
    }
}

fn site(size: Size) -> Live {
    Live {
        directory: directory(size),
        spaces: (0..size.spaces).map(|number| (space_key(number), space(size, number).into())).collect(),
        ..live::site(SpaceRoleMode::PreRoles, account(0))
    }
}

/// Every hundredth page gets other lists, in every space; every hundredth space loses a group and a
/// person, and gets another group.
fn touched(before: &Live, size: Size) -> Live {
    let mut after = before.clone();
    for (number, space) in (0..).zip(after.spaces.values_mut().map(Arc::make_mut)) {
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
            bencher.iter_batched(
                &mut next,
                |page| engine.who(ContentVerb::View, &page),
                BatchSize::SmallInput,
            );
        });
        let asker = Asker::Person(account(7));
        group.bench_function("can for one page", |bencher| {
            bencher.iter_batched(
                &mut next,
                |page| engine.can(&asker, ContentVerb::Edit, &page),
                BatchSize::SmallInput,
            );
        });
        group.bench_function("explain for one page", |bencher| {
            bencher.iter_batched(
                &mut next,
                |page| engine.explain(&asker, ContentVerb::Edit, &page),
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
