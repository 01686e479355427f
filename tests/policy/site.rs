//! A small site to resolve policies against.

use std::collections::{BTreeMap, BTreeSet};

use confperm::model::{
    AccountKind, AccountStatus, Audience, BesidePages, BuiltInRole, Caller, Content, ContentId, ContentKind,
    Directory, Edition, Flavor, GrantId, Group, Holding, Known, Listing, Live, LiveSpace, Parent, Permission,
    Person, Restrictions, Role, RoleKind, Site, Space, SpaceId, SpaceKey, SpaceKind, SpaceRoleMode,
    SpaceStatus, StrayPermissions, Tree, Truth, Why,
};
use confperm::policy::Context;
use confperm::policy::lock::Lock;

/// The day on which policies are resolved.
pub(crate) const TODAY: Context<'_> =
    Context { today: jiff::civil::Date::constant(2026, 11, 21), lock: Lock::EMPTY };

pub(crate) const ANN: &str = "5b10ac8d82e05b22cc7d4ef5";
pub(crate) const BOB: &str = "5b10ac8d82e05b22cc7d4ef6";

pub(crate) const BOT: &str = "5b10ac8d82e05b22cc7d4ef7";

/// Three spaces (`ENG` with pages and some lists, `OLD` archived, `BARE` without anything read of it), groups of
/// which two share a name, two people of whom Bob has left, and an app.
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
    let spaces: BTreeMap<SpaceKey, LiveSpace> = [
        with_holders(space("ENG", SpaceStatus::Current, Some(tree()))),
        space("OLD", SpaceStatus::Archived, Some(Tree::default())),
        space("BARE", SpaceStatus::Current, None),
    ]
    .into_iter()
    .map(|space| (space.space.key.clone(), space))
    .collect();
    let roles = if mode.has_roles() {
        vec![
            ("r-admin", "Admin"),
            ("r-viewer", "Viewer"),
            ("r-collab", "Collaborator"),
            ("r-auditor", "Auditor"),
        ]
    } else {
        vec![]
    };
    Live {
        stray: StrayPermissions::default(),
        guests: BTreeMap::new(),
        site: Site {
            flavor: Flavor::Cloud,
            base_url: "https://acme.atlassian.net/wiki".into(),
            cloud_id: None,
            edition: Edition::Standard,
            mode,
            anonymous_access: Known::Known(true),
            caller: Caller {
                account: ANN.parse().unwrap(),
                name: "Ann Example".into(),
                groups: Known::Known(BTreeSet::new()),
                administers_site: Truth::Unknown,
            },
        },
        names_read: true,
        roles: roles
            .into_iter()
            .map(|(id, name)| {
                let built_in = BuiltInRole::ALL.into_iter().find(|role| role.site_name() == name);
                let gives = built_in.map(BuiltInRole::permissions).unwrap_or_default();
                let names = gives.into_iter().map(role_name).collect();
                let role = Role::new(id.parse().unwrap(), name.into(), RoleKind::System, names);
                (role.id.clone(), role)
            })
            .collect(),
        directory: Directory {
            missing: BTreeMap::new(),
            groups: groups
                .into_iter()
                .map(|(id, name)| {
                    let group = Group {
                        id: id.parse().unwrap(),
                        name: name.into(),
                        members: Known::Unknown(Why::NotRead),
                        access: Known::Unknown(Why::NotRead),
                    };
                    (group.id.clone(), group)
                })
                .collect(),
            people: people
                .into_iter()
                .map(|(id, name, status, kind)| {
                    let person = Person {
                        account: id.parse().unwrap(),
                        name: name.into(),
                        email: None,
                        kind,
                        status,
                        guest: Known::Unknown(Why::NoApi),
                    };
                    (person.account.clone(), person)
                })
                .collect(),
        },
        listing: Listing {
            asked: BTreeSet::new(),
            asked_ids: BTreeSet::new(),
            spaces: spaces.iter().map(|(key, space)| (key.clone(), space.space.clone())).collect(),
            whole: true,
            labelled: BTreeMap::new(),
        },
        spaces,
        gaps: BTreeSet::new(),
    }
}

/// Ann, an app and `sre` may view.
/// What roles call a permission, in the form that was seen on real sites.
fn role_name(permission: Permission) -> String {
    match permission {
        Permission::DeleteOwn => "delete/own-content".to_owned(),
        other => other.cloud_pair().to_owned(),
    }
}

fn with_holders(mut space: LiveSpace) -> LiveSpace {
    for who in [&format!("user:{ANN}"), &format!("user:{BOT}"), "group:g-sre"] {
        let read = Holding::Grants(BTreeMap::from([(Permission::ReadSpace, BTreeSet::new())]));
        space.holdings.insert(who.parse().unwrap(), read);
    }
    space
}

fn space(key: &str, status: SpaceStatus, tree: Option<Tree>) -> LiveSpace {
    LiveSpace {
        space: Space {
            id: SpaceId::from_number(match key {
                "ENG" => 101,
                "OLD" => 102,
                _ => 103,
            }),
            key: key.parse().unwrap(),
            name: key.into(),
            kind: SpaceKind::Global,
            status,
            homepage: Some(ContentId::from_number(1)),
        },
        holdings: BTreeMap::new(),
        expanded: BTreeMap::new(),
        foreign: BTreeSet::new(),
        unlicensed_access: Known::Unknown(Why::NoApi),
        unlisted_anonymous: Known::Known(false),
        tree,
        read: BesidePages::default(),
        labelled: std::collections::BTreeMap::new(),
    }
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
    for (id, parent, title) in [
        (1, None, "Home"),
        (2, Some(1), "Runbooks"),
        (3, Some(2), "On-call"),
        (4, Some(2), "Restore"),
        (5, Some(1), "Handbook"),
        (6, Some(5), "Public"),
        (7, Some(6), "Holidays"),
        (8, Some(5), "a/b"),
        (9, Some(1), "Archive"),
        (10, Some(9), "On-call"),
        (11, Some(99), "Behind the curtain"),
        (12, Some(1), "Empty"),
    ] {
        tree.insert(Content {
            archived: false,
            id: ContentId::from_number(id),
            kind: if id == 9 { ContentKind::Folder } else { ContentKind::Page },
            title: title.into(),
            parent: parent.map_or(Parent::Space, |parent| Parent::Content(ContentId::from_number(parent))),
            restrictions: Known::Unknown(Why::NotRead),
        });
    }
    let list = |who: &[&str]| Audience::from_site_list(who.iter().map(|who| who.parse().unwrap()));
    let bob = format!("user:{BOB}");
    for (page, view, edit) in [
        (6, list(&[&bob]), list(&[&bob])),
        (7, list(&[&bob, "group:g-hr"]), Audience::Anyone),
        (12, Audience::Anyone, list(&["group:g-hr"])),
    ] {
        tree.set_restrictions(ContentId::from_number(page), Known::Known(Restrictions { view, edit }));
    }
    tree
}

/// Makes rows of grants, each with an id that no other has.
pub(crate) fn grants() -> impl FnMut(&[Permission]) -> Holding {
    let mut row = 0;
    move |permissions| {
        let rows = permissions.iter().map(|permission| {
            row += 1;
            (*permission, BTreeSet::from([GrantId::from_number(row)]))
        });
        Holding::Grants(rows.collect())
    }
}
