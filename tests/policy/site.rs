//! A small site to resolve policies against.

use confperm::model::{
    AccountKind, AccountStatus, BuiltInRole, Content, ContentKind, Known, Live, LiveSpace, Permission,
    Person, Restrictions, Role, RoleKind, Space, SpaceRoleMode, SpaceStatus, Tree, Why,
};
use confperm::policy::Context;
use confperm::policy::lock::Lock;

use crate::builder::ids::{account, audience, group, id, key};
use crate::builder::live;
pub(crate) use crate::builder::live::numbered_grants as grants;

/// The day on which policies are resolved.
pub(crate) const TODAY: Context<'_> =
    Context { today: jiff::civil::Date::constant(2026, 11, 21), lock: Lock::EMPTY };

pub(crate) const ANN: &str = "5b10ac8d82e05b22cc7d4ef5";
pub(crate) const BOB: &str = "5b10ac8d82e05b22cc7d4ef6";

pub(crate) const BOT: &str = "5b10ac8d82e05b22cc7d4ef7";

/// Three spaces (`ENG` with pages and some lists, `OLD` archived, `BARE` without anything read of it), groups of
/// which two share a name, two people, Bob having left, and an app.
pub(crate) fn site(mode: SpaceRoleMode) -> Live {
    let groups = [
        ("g-platform", "platform"),
        ("g-sre", "sre"),
        ("g-leads", "leads"),
        ("g-hr", "hr"),
        ("g-twin-1", "twins"),
        ("g-twin-2", "twins"),
    ];
    let people = [
        (ANN, "Ann Example", AccountStatus::Active, AccountKind::Human),
        (BOB, "Bob Example", AccountStatus::Inactive, AccountKind::Human),
        (BOT, "Diagram Bot", AccountStatus::Active, AccountKind::App),
    ];
    let mut live = live::site(mode, account(ANN));
    live.site.anonymous_access = Known::Known(true);
    live.site.caller.name = "Ann Example".into();
    live.directory.groups =
        groups.map(|(id, name)| live::group(group(id), name)).map(|group| (group.id.clone(), group)).into();
    live.directory.people = people
        .map(|(id, name, status, kind)| {
            let guest = Known::Unknown(Why::NoApi);
            Person { status, kind, guest, ..live::person(account(id), name) }
        })
        .map(|person| (person.account.clone(), person))
        .into();
    live.spaces = [
        with_holders(space(101, "ENG", SpaceStatus::Current, Some(tree()))),
        space(102, "OLD", SpaceStatus::Archived, Some(Tree::default())),
        space(103, "BARE", SpaceStatus::Current, None),
    ]
    .map(|space| (space.space.key.clone(), space.into()))
    .into();
    live.listing = live::listing(&live.spaces);
    if mode.has_roles() {
        let roles = ["Admin", "Viewer", "Collaborator", "Auditor"];
        live.roles = roles.map(role).map(|role| (role.id.clone(), role)).into();
    }
    live
}

/// A role of the site. `Auditor`, which Confluence does not bring along, gives nothing.
fn role(name: &str) -> Role {
    let id =
        if name == "Collaborator" { "r-collab".to_owned() } else { format!("r-{}", name.to_lowercase()) };
    let built_in = BuiltInRole::ALL.into_iter().find(|role| role.site_name() == name);
    let gives = built_in.map(BuiltInRole::permissions).unwrap_or_default();
    Role::new(id.parse().unwrap(), name.into(), RoleKind::System, gives.into_iter().map(role_name).collect())
}

/// What roles call a permission, in the form that was seen on real sites.
fn role_name(permission: Permission) -> String {
    match permission {
        Permission::DeleteOwn => "delete/own-content".to_owned(),
        other => other.cloud_pair().to_owned(),
    }
}

/// Ann, an app and `sre` may view.
fn with_holders(mut space: LiveSpace) -> LiveSpace {
    for who in [&format!("user:{ANN}"), &format!("user:{BOT}"), "group:g-sre"] {
        space.holdings.insert(who.parse().unwrap(), live::grants(&[Permission::ReadSpace]));
    }
    space
}

fn space(number: u64, name: &str, status: SpaceStatus, tree: Option<Tree>) -> LiveSpace {
    let listed = Space { status, homepage: Some(id(1)), ..live::listed(number, key(name)) };
    LiveSpace { tree, unlicensed_access: Known::Unknown(Why::NoApi), ..live::space(listed) }
}

/// ```text
/// 1 Home
///   2 Runbooks
///     3 On-call
///     4 Restore
///   5 Handbook
///     6 Public
///       7 Holidays
///     8 a/b
///   9 Archive (folder)
///     10 On-call
///   12 Empty
/// 11 Behind the curtain, below a page that is hidden
/// ```
fn tree() -> Tree {
    let mut tree = Tree::default();
    for (number, parent, title) in [
        (1, 0, "Home"),
        (2, 1, "Runbooks"),
        (3, 2, "On-call"),
        (4, 2, "Restore"),
        (5, 1, "Handbook"),
        (6, 5, "Public"),
        (7, 6, "Holidays"),
        (8, 5, "a/b"),
        (9, 1, "Archive"),
        (10, 9, "On-call"),
        (11, 99, "Behind the curtain"),
        (12, 1, "Empty"),
    ] {
        let kind = if number == 9 { ContentKind::Folder } else { ContentKind::Page };
        tree.insert(Content { kind, ..live::page(number, parent, title) });
    }
    let bob = format!("user:{BOB}");
    for (page, view, edit) in
        [(6, &*bob, &*bob), (7, &format!("{bob} group:g-hr"), ""), (12, "", "group:g-hr")]
    {
        let lists = Restrictions { view: audience(view), edit: audience(edit) };
        tree.set_restrictions(id(page), Known::Known(lists));
    }
    tree
}
