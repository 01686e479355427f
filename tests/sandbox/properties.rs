//! What holds for every world and every sequence of writes.

use std::collections::BTreeSet;

use confperm::sandbox::state;
use confperm::sandbox::world::{
    AccountId, Caller, Command, ContentId, Entry, GrantId, GroupId, ListKind, Pair, Principal, RoleEntry,
    RoleId, SpaceId, Subject, Verb, World,
};
use proptest::prelude::*;

use crate::support::Setup;

fn principal() -> impl Strategy<Value = Principal> {
    let user = prop::sample::select(vec!["a-ann", "a-bob", "a-eve", "a-ex", "a-gus", "a-app", "a-gone"]);
    let group = prop::sample::select(vec!["g-eng", "g-ops", "g-none", "g-gone"]);
    prop_oneof![
        4 => user.prop_map(|id| Principal::User(AccountId::from(id))),
        4 => group.prop_map(|id| Principal::Group(GroupId::from(id))),
        1 => Just(Principal::Anonymous),
    ]
}

fn command() -> impl Strategy<Value = Command> {
    let space = || prop::sample::select(vec![SpaceId(101), SpaceId(103)]);
    let content = || prop::sample::select(vec![1, 2, 3, 4, 6, 7, 10, 20, 41]).prop_map(ContentId);
    let list = || prop::sample::select(vec![ListKind::Read, ListKind::Update]);
    let pair = prop::sample::select(Pair::ALL.to_vec());
    let row = (98_304_u64..98_330).prop_map(GrantId);
    let entries = || {
        let subjects = prop::collection::btree_set(principal(), 0..4);
        let entry = (list(), subjects).prop_map(|(list, principals)| Entry { list, principals });
        prop::collection::vec(entry, 1..3)
    };
    let role = prop::option::of(prop::sample::select(vec!["r-admin", "r-viewer"]))
        .prop_map(|id| id.map(RoleId::from));
    let roles = prop::collection::vec(
        (principal(), role).prop_map(|(principal, role)| RoleEntry { principal, role }),
        1..3,
    );
    prop_oneof![
        4 => (space(), principal(), pair).prop_map(|(space, principal, pair)| Command::Grant { space, principal, pair }),
        4 => (space(), row).prop_map(|(space, row)| Command::Revoke { space, row }),
        2 => (content(), entries()).prop_map(|(content, entries)| Command::ReplaceRestrictions { content, entries }),
        2 => (content(), entries()).prop_map(|(content, entries)| Command::AddRestrictions { content, entries }),
        1 => content().prop_map(|content| Command::ClearRestrictions { content }),
        2 => (content(), list(), principal()).prop_map(|(content, list, principal)| Command::List { content, list, principal }),
        2 => (content(), list(), principal()).prop_map(|(content, list, principal)| Command::Unlist { content, list, principal }),
        2 => (space(), roles).prop_map(|(space, entries)| Command::AssignRoles { space, entries }),
        1 => Just(Command::DeleteGroup { group: GroupId::from("g-none") }),
    ]
}

fn setup() -> impl Strategy<Value = Setup> {
    let mode = prop::sample::select(vec!["pre-roles", "roles-transition", "roles"]);
    let quirks = prop::sample::select(vec![
        "",
        "duplicate-rows: independent",
        "duplicate-rows: linked, companions: never",
        "restriction-put-adds-caller: true, put-keeps-missing-operations: true",
        "deleted-group-entries: emptied, role-post-removes-custom-access: true",
        "archived-pages-writable: false, guest-grants-elsewhere: true",
        "update-without-read: refused, self-removal: refused, extra-pairs-in-pre-roles: true",
    ]);
    (mode, quirks, any::<bool>()).prop_map(|(mode, quirks, anonymous)| Setup {
        mode,
        anonymous,
        quirks,
        ..Setup::default()
    })
}

fn ann() -> Caller {
    Caller::User(AccountId::from("a-ann"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_refused_write_changes_nothing_and_the_last_admin_stays(
        setup in setup(),
        commands in prop::collection::vec(command(), 1..40),
    ) {
        let mut world = state::parse(&setup.yaml()).unwrap();
        for command in &commands {
            let before = world.clone();
            let outcome = world.perform(&ann(), command);
            if outcome.is_err() {
                prop_assert_eq!(&world, &before, "{:?} was refused", command);
            }
            for id in [SpaceId(101), SpaceId(103)] {
                let rows = world.permission_rows(world.space(id).unwrap());
                let unassigned = matches!(command, Command::AssignRoles { .. } | Command::DeleteGroup { .. });
                let had = before.permission_rows(before.space(id).unwrap());
                let admin = |rows: &[_]| rows.iter().any(|row: &confperm::sandbox::world::Row| row.pair == Pair::AdministerSpace);
                prop_assert!(admin(&rows) || unassigned || !admin(&had));
                let ids: BTreeSet<_> = rows.iter().map(|row| row.id).collect();
                prop_assert_eq!(ids.len(), rows.len(), "row ids are distinct");
            }
        }
    }

    #[test]
    fn a_world_written_and_read_is_the_same_text_and_gives_the_same_access(
        setup in setup(),
        commands in prop::collection::vec(command(), 0..40),
    ) {
        let mut world = state::parse(&setup.yaml()).unwrap();
        for command in &commands {
            let _refused_or_not = world.perform(&ann(), command).is_ok();
        }
        let text = state::write(&world).unwrap();
        let again = state::parse(&text).unwrap();
        prop_assert_eq!(&state::write(&again).unwrap(), &text);
        for subject in subjects() {
            for content in world.contents() {
                for verb in Verb::ALL {
                    prop_assert_eq!(world.allows(&subject, verb, content.id), again.allows(&subject, verb, content.id));
                }
            }
        }
    }

    #[test]
    fn doing_anything_takes_viewing_and_a_longer_chain_gives_nothing(
        setup in setup(),
        commands in prop::collection::vec(command(), 0..40),
    ) {
        let mut world = state::parse(&setup.yaml()).unwrap();
        for command in &commands {
            let _refused_or_not = world.perform(&ann(), command).is_ok();
        }
        for subject in subjects() {
            for content in world.contents() {
                let may = |world: &World, verb, id| world.allows(&subject, verb, id).is_ok();
                for verb in Verb::ALL {
                    prop_assert!(!may(&world, verb, content.id) || may(&world, Verb::Read, content.id));
                }
                let live = |id| world.content(id).is_some_and(|c| c.status.id() != "trashed");
                if let Some(parent) = content.parent.filter(|parent| live(*parent)) {
                    prop_assert!(!may(&world, Verb::Read, content.id) || may(&world, Verb::Read, parent));
                }
            }
        }
    }
}

fn subjects() -> Vec<Subject> {
    let users = ["a-ann", "a-bob", "a-eve", "a-ex", "a-gus", "a-jsm", "a-app"]
        .map(|id| Subject::User(AccountId::from(id)));
    let groups = ["g-eng", "g-ops"].map(|id| Subject::Group(GroupId::from(id)));
    users.into_iter().chain(groups).chain([Subject::Anonymous]).collect()
}
