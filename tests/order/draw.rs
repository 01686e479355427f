//! Random sites of the shapes that the proofs are about.

use std::collections::BTreeSet;

use confperm::model::Permission;
use confperm::sandbox::world;
use proptest::prelude::*;

use crate::bystanders::Bystanders;
use crate::roles::{self, By};
use crate::site::{Case, GROUPS, Lacks, PAGE, Sort, State, Wide};

/// Principals that stand for everyone, or for many.
const WIDE: [&str; 3] = ["anonymous", "class:all-licensed-users", "class:authenticated-users"];

/// Sites with pages, and nothing else, whose caller may not do everything; permissions come alone, so that how a
/// site is after a plan does not depend on the calls that led there.
pub(crate) fn lacking() -> impl Strategy<Value = Case> {
    let rare = || proptest::bool::weighted(0.3);
    let lacks = (rare(), rare(), rare(), any::<u8>(), any::<u8>());
    (case_with(ALONE), rare(), any::<bool>(), lacks).prop_map(
        |(case, crowded, mine, (administer, restrict, edit, one, other))| {
            let lacks = Lacks { administer, restrict, edit, edit_lists: one & other };
            let bystanders = if crowded { Bystanders::Different } else { Bystanders::None };
            Case { bystanders, mine, lacks, ..case }
        },
    )
}

/// Mostly pages that are reached through the tree, as on real sites.
fn sort() -> impl Strategy<Value = Sort> {
    use world::{Kind, Status};
    let of_kind = |kind| Just(Sort { kind, ..PAGE });
    let with_status = |status| Just(Sort { status, ..PAGE });
    prop_oneof![
        10 => Just(PAGE),
        2 => with_status(Status::Archived),
        1 => with_status(Status::Trashed),
        1 => with_status(Status::Draft),
        1 => of_kind(Kind::Folder),
        1 => of_kind(Kind::Whiteboard),
        1 => of_kind(Kind::Database),
        2 => of_kind(Kind::Blogpost),
    ]
}

/// What has lists on every site and is always read: pages, many of them archived, and blog posts.
pub(crate) fn listed() -> impl Strategy<Value = Sort> {
    prop_oneof![
        4 => Just(PAGE),
        3 => Just(Sort { status: world::Status::Archived, ..PAGE }),
        3 => Just(Sort { kind: world::Kind::Blogpost, ..PAGE }),
    ]
}

/// Four permissions to play with: without companions, and with those of pages or of blog posts.
const ALONE: [Permission; 4] =
    [Permission::ReadSpace, Permission::CreatePage, Permission::CreateComment, Permission::DeletePage];
const OF_PAGES: [Permission; 4] =
    [Permission::ReadSpace, Permission::ExportContent, Permission::CreatePage, Permission::UpdatePage];
const OF_BLOGPOSTS: [Permission; 4] = [
    Permission::ReadSpace,
    Permission::ExportContent,
    Permission::CreateBlogpost,
    Permission::UpdateBlogpost,
];
/// What it takes to restrict, where editing alone does not do.
const OF_RESTRICTING: [Permission; 4] =
    [Permission::ReadSpace, Permission::CreatePage, Permission::RestrictContent, Permission::AdministerSpace];
const OF_FILES: [Permission; 4] =
    [Permission::ReadSpace, Permission::CreateAttachment, Permission::DeletePage, Permission::DeleteOwn];

/// Sites where a permission comes alone, and nothing above a page is hidden from the planner.
pub(crate) fn alone() -> impl Strategy<Value = Case> {
    sorted(single(), sort(), Hidden::AtTheEnds)
}

fn single() -> impl Strategy<Value = Case> {
    prop_oneof![2 => plain(), 1 => case_with(OF_RESTRICTING), 1 => case_with(OF_FILES)]
}

/// The same where permissions come and go with companions.
pub(crate) fn with_companions() -> impl Strategy<Value = Case> {
    sorted(companions(), sort(), Hidden::AtTheEnds)
}

/// Sites where rows of anonymous or of a class may cover what others lose, among people of all kinds.
pub(crate) fn with_classes() -> impl Strategy<Value = Case> {
    let wide = (proptest::sample::select(WIDE.to_vec()), any::<bool>(), any::<bool>());
    (single(), wide).prop_map(|(mut case, (who, anonymous, rows_need_switch))| {
        case.wide = Some(Wide { anonymous, rows_need_switch });
        let mut rows = case.before.rows.remove(GROUPS[2]).unwrap_or_default();
        case.after.rows.remove(GROUPS[2]);
        rows.remove(&Permission::AdministerSpace);
        if !rows.is_empty() {
            case.before.rows.insert(who, rows.clone());
            case.after.rows.insert(who, rows);
        }
        case
    })
}

fn companions() -> impl Strategy<Value = Case> {
    prop_oneof![2 => case_with(OF_PAGES), 1 => case_with(OF_BLOGPOSTS)]
}

/// Sites with pages, and nothing else, in them, where a permission comes alone.
pub(crate) fn plain() -> impl Strategy<Value = Case> {
    case_with(ALONE)
}

/// Sites with pages, and nothing else, in them.
pub(crate) fn of_pages() -> impl Strategy<Value = Case> {
    let bystanders = prop_oneof![
        5 => Just(Bystanders::None), 2 => Just(Bystanders::Alike), 3 => Just(Bystanders::Different),
    ];
    (prop_oneof![single(), companions()], bystanders, any::<bool>(), any::<bool>())
        .prop_map(|(case, bystanders, required, mine)| Case { bystanders, required, mine, ..case })
}

/// The same with archived pages and blog posts in them.
pub(crate) fn of_listed() -> impl Strategy<Value = Case> {
    sorted(of_pages(), listed(), Hidden::Anywhere)
}

/// Sites with all that there is, on which groups hold roles.
pub(crate) fn with_roles() -> impl Strategy<Value = Case> {
    let sets = prop_oneof![case_with(roles::OF_EDITING), case_with(roles::OF_RESTRICTING)];
    let switches = [any::<bool>(), any::<bool>(), any::<bool>()];
    (sorted(sets, sort(), Hidden::Anywhere), By::any_roles(), switches).prop_map(
        |(mut case, by, [required, mine, leaning])| {
            (case.by, case.required, case.mine, case.leaning) = (by, required, mine, leaning && mine);
            if case.leaning {
                case.before.rows.insert(GROUPS[0], case.permissions.into());
            }
            case
        },
    )
}

/// Sites with all that there is.
pub(crate) fn case() -> impl Strategy<Value = Case> {
    (sorted(of_pages(), sort(), Hidden::Anywhere), any::<bool>(), any::<bool>()).prop_map(
        |(mut case, leaning, archived)| {
            (case.leaning, case.archived) = (leaning && case.mine, archived);
            if case.leaning {
                case.before.rows.insert(GROUPS[0], case.permissions.into());
            }
            case
        },
    )
}

/// The same on a site that shows each row twice, and deletes the two together or one by one, with what goes along at
/// the first or at the last.
pub(crate) fn with_duplicate_rows() -> impl Strategy<Value = Case> {
    use world::DuplicateRows::{CompanionsFirst, Independent, Linked};
    (case(), proptest::sample::select(vec![Independent, Linked, CompanionsFirst]))
        .prop_map(|(case, duplicate_rows)| Case { duplicate_rows, ..case })
}

/// Where there may be content that the planner does not get to see: drafts, and what is in the trash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hidden {
    Anywhere,
    AtTheEnds,
}

fn sorted(
    cases: impl Strategy<Value = Case>,
    sort: impl Strategy<Value = Sort>,
    hidden: Hidden,
) -> impl Strategy<Value = Case> {
    let sorts = proptest::collection::vec(sort, 4);
    let switches = [any::<bool>(), any::<bool>(), any::<bool>()];
    (cases, sorts, switches).prop_map(move |(mut case, sorts, [for_folders, guards, inherit])| {
        (case.lists_for_folders, case.edit_list_guards_delete) = (for_folders, guards);
        case.archived_inherit = inherit;
        case.sorts = sorts.into_iter().take(case.parents.len()).collect();
        for page in 0..case.sorts.len() {
            let has_children = case.parents.contains(&Some(page));
            if hidden == Hidden::AtTheEnds && has_children && case.sorts[page].status != PAGE.status {
                case.sorts[page] = PAGE;
            }
            // Blog posts stand beside the tree.
            if case.sorts[page].kind == world::Kind::Blogpost {
                case.parents[page] = None;
                for parent in &mut case.parents {
                    *parent = parent.filter(|parent| *parent != page);
                }
            }
        }
        for page in 0..case.sorts.len() {
            if !case.has_lists(page) {
                case.before.pages[page] = Default::default();
            }
            if !(case.has_lists(page) && case.is_read(page)) {
                case.after.pages[page].clone_from(&case.before.pages[page]);
            }
        }
        case
    })
}

fn case_with(permissions: [Permission; 4]) -> impl Strategy<Value = Case> {
    (any::<bool>(), 0_usize..=4)
        .prop_flat_map(move |(members_known, pages)| {
            let parents: Vec<_> = (0..pages)
                .map(|page| {
                    prop_oneof![
                        Just(None),
                        (0..page.max(1)).prop_map(move |parent| (parent < page).then_some(parent))
                    ]
                })
                .collect();
            let people = proptest::collection::vec(0_u8..8, 0..4);
            let state = || state(permissions, pages);
            (Just(members_known), people, parents, state(), state())
        })
        .prop_map(move |(members_known, people, parents, before, after)| Case {
            permissions,
            by: By::Rows,
            bystanders: Bystanders::None,
            required: false,
            mine: false,
            leaning: false,
            lacks: Lacks::default(),
            archived: false,
            lists_for_folders: true,
            edit_list_guards_delete: false,
            archived_inherit: true,
            duplicate_rows: world::DuplicateRows::None,
            wide: None,
            members_known,
            people,
            sorts: vec![PAGE; parents.len()],
            parents,
            before,
            after,
        })
}

fn state(permissions: [Permission; 4], pages: usize) -> impl Strategy<Value = State> {
    let holding = proptest::option::of(proptest::collection::btree_set(
        proptest::sample::select(permissions[1..].to_vec()),
        0..=3,
    ));
    let list = prop_oneof![
        2 => Just(BTreeSet::new()),
        3 => proptest::collection::btree_set(proptest::sample::select(GROUPS.to_vec()), 0..=2),
    ];
    let rows = proptest::collection::vec(holding, 3);
    let lists = proptest::collection::vec([list.clone(), list], pages);
    (rows, lists).prop_map(|(rows, lists)| State {
        rows: GROUPS
            .into_iter()
            .zip(rows)
            .filter_map(|(group, holding)| {
                let mut permissions = holding?;
                permissions.insert(Permission::ReadSpace);
                Some((group, permissions))
            })
            .collect(),
        pages: lists
            .into_iter()
            // The account that restricts a page is on its lists; an empty one is open.
            .map(|lists| lists.map(|list| if list.is_empty() { list } else { with_me(list) }))
            .collect(),
    })
}

fn with_me(mut list: BTreeSet<&'static str>) -> BTreeSet<&'static str> {
    list.insert("user:me");
    list
}
