//! What guards count, against a count that is made another way.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use camino::Utf8PathBuf;
use confperm::diagnostic::Sources;
use confperm::model::{AccountStatus, Guard, RoleKind, SpaceRoleMode};
use confperm::plan::{AdminStanding, Breach, Change, Gaps, GuardVerdict, Plan, Verb, plan};
use confperm::policy::lock::Lock;
use confperm::policy::{self, Context};
use jiff::civil::date;
use proptest::prelude::*;

use crate::world::{World, principal};

fn planned(world: &World, text: &str) -> Plan {
    let mut sources = Sources::default();
    sources.insert(Utf8PathBuf::from("policy.yaml"), format!("version: 1\n{text}"));
    let policy = policy::from_sources(sources).policy.unwrap();
    let context = Context { today: date(2026, 11, 21), lock: Lock::EMPTY };
    let desired = policy::resolve(&policy, &world.0, context).unwrap().desired;
    plan(&desired, &world.0, Gaps::Allow).unwrap().plan
}

fn verdict(plan: &Plan, guard: Guard) -> GuardVerdict {
    plan.guards.outcome(guard).unwrap().verdict.clone()
}

/// Ann runs it all.
fn world() -> World {
    World::new().people("ann bob cai dan").group("eng", "bob cai").space("ENG").grant(
        "ENG",
        "user:ann",
        "read/space administer/space",
    )
}

#[test]
fn only_those_count_who_can_act() {
    let world = world()
        .app("robot")
        .group("gone", "dan")
        .status("dan", AccountStatus::Inactive)
        .group("dark", "")
        .unreadable("dark")
        .grant("ENG", "group:eng", "read/space administer/space")
        .grant("ENG", "group:gone", "read/space administer/space")
        .grant("ENG", "group:dark", "read/space administer/space")
        .grant("ENG", "user:robot", "read/space administer/space")
        .grant("ENG", "user:dan", "read/space administer/space");
    let text = "guards: {min-admins: 4}\nspaces: {ENG: {mode: additive, access: {create/page: [group:eng]}}}";
    let plan = planned(&world, text);
    let outcome = plan.guards.outcome(Guard::MinAdmins).unwrap();
    assert_eq!(outcome.verdict, GuardVerdict::Blocked);
    let [Breach::FewAdmins { counted: 2, needed: 4, admins, .. }] = &outcome.breaches[..] else {
        panic!("{outcome:?}")
    };
    for (who, expected) in [
        ("user:ann", AdminStanding::Counts),
        ("group:eng", AdminStanding::Counts),
        ("group:dark", AdminStanding::Unread),
        ("group:gone", AdminStanding::Nobody),
        ("user:dan", AdminStanding::CannotSignIn),
        ("user:robot", AdminStanding::App),
    ] {
        assert_eq!(admins[&principal(who)], expected, "{who}");
    }
    let enough = planned(&world, &text.replace('4', "2"));
    assert_eq!(verdict(&enough, Guard::MinAdmins), GuardVerdict::Holds);
}

/// A group whose members are unknown may have none that is active; so it replaces no administrator.
#[test]
fn what_could_not_be_read_takes_no_administrators_place() {
    let world = |admins: &[&str]| {
        let start = world().group("ops", "dan").group("dark", "").unreadable("dark");
        let grant = |world: World, who: &&str| {
            world.grant("ENG", &format!("group:{who}"), "read/space administer/space")
        };
        admins.iter().fold(start, grant)
    };
    let after = |before: &[&str], after: &str| {
        let access = format!("{{administer/space: [{after}], read/space: [{after}]}}");
        let text = format!("guards: {{min-admins: 2}}\nspaces: {{ENG: {{access: {access}}}}}");
        verdict(&planned(&world(before), &text), Guard::MinAdmins)
    };
    assert_eq!(after(&["eng"], "group:dark"), GuardVerdict::Blocked);
    assert_eq!(after(&["eng", "dark"], "group:dark"), GuardVerdict::Blocked);
    assert_eq!(after(&["eng", "dark"], "group:eng"), GuardVerdict::Holds);
    // A plan that takes no administrator away does not wait for what it cannot read.
    assert_eq!(after(&["dark"], "group:dark, group:ops"), GuardVerdict::Holds);
    let text =
        "guards: {min-admins: 2}\nspaces: {ENG: {mode: additive, access: {create/page: [group:dark]}}}";
    assert_eq!(verdict(&planned(&world(&["dark"]), text), Guard::MinAdmins), GuardVerdict::Holds);
}

#[test]
fn a_space_that_the_plan_leaves_alone_holds_nothing_back() {
    let world = world().space("OPS").grant("OPS", "user:ann", "read/space administer/space");
    let text = "guards: {min-admins: 2, required-admins: [group:eng]}
spaces:
  ENG: {mode: additive, access: {administer/space: [group:eng]}}
  OPS: {mode: additive, access: {read/space: [group:OTHER]}}";
    let settled = world.clone().grant("OPS", "group:eng", "read/space");
    let plan = planned(&settled, &text.replace("OTHER", "eng"));
    assert!(!plan.is_blocked(), "{:?}", plan.guards);
    for guard in [Guard::MinAdmins, Guard::RequiredAdmins] {
        assert_eq!(plan.guards.outcome(guard).unwrap().elsewhere.len(), 1, "{guard}");
    }
    // The same space, as soon as it is touched.
    let plan = planned(&world, &text.replace("OTHER", "eng"));
    assert_eq!(plan.guards.blocked().count(), 2, "{:?}", plan.guards);
}

#[test]
fn a_required_person_administers_through_a_group_that_can_be_read() {
    let text = "guards: {required-admins: ['user:USER']}
spaces: {ENG: {mode: additive, access: {administer/space: [group:eng]}}}";
    let account = "5b10ac8d82e05b22cc7d4ef5";
    let world = world().people(account).join("eng", account);
    let text = text.replace("USER", account);
    assert_eq!(verdict(&planned(&world, &text), Guard::RequiredAdmins), GuardVerdict::Holds);
    let dark = planned(&world.unreadable("eng"), &text);
    let outcome = dark.guards.outcome(Guard::RequiredAdmins).unwrap();
    assert!(matches!(&outcome.breaches[..], [Breach::NotAdmin { perhaps: true, .. }]), "{outcome:?}");
}

#[test]
fn a_role_that_is_replaced_is_removed_if_something_is_lost_with_it() {
    let world = |held: &str| {
        world()
            .mode(SpaceRoleMode::Roles)
            .role("Viewer", RoleKind::Custom, "read/space create/comment")
            .role("Collaborator", RoleKind::Custom, "read/space create/comment create/page")
            .assign("ENG", "group:eng", held)
    };
    let text = "spaces: {ENG: {mode: additive, access: {ROLE: [group:eng]}}}";
    for (held, role, removed) in
        [("Viewer", "collaborator", 0), ("Collaborator", "viewer", 1), ("Viewer", "viewer", 0)]
    {
        let plan = planned(&world(held), &text.replace("ROLE", role));
        assert_eq!(
            (plan.guards.removals.removed, plan.guards.removals.managed),
            (removed, 1),
            "{held} {role}"
        );
    }
}

#[test]
fn closing_a_page_takes_no_grant_away_and_taking_somebody_off_does() {
    let world = world()
        .grant("ENG", "user:ann", "create/page")
        .page("ENG", 1, 0, "group:eng user:bob", "")
        .page("ENG", 2, 0, "", "");
    let text = "spaces: {ENG: {mode: additive, pages: {/P1: {view: [group:eng]}, /P2: {view: [group:eng]}}}}";
    let removals = planned(&world, text).guards.removals;
    assert_eq!((removals.removed, removals.managed), (1, 2));
    let opened = planned(&world, &text.replace("/P1: {view: [group:eng]}", "/P1: {view: anyone}"));
    assert_eq!(opened.guards.removals.removed, 0);
}

const GROUPS: [&str; 3] = ["a", "b", "c"];
const PERMISSIONS: [&str; 5] =
    ["read/space", "create/page", "delete/page", "create/comment", "administer/space"];

proptest! {
    /// Every grant that the plan says it removes is counted, and nothing else; a share holds back exactly
    /// where cross-multiplying says so.
    #[test]
    fn removals_are_the_removals_of_the_plan(
        held in proptest::collection::vec((0..3_usize, 0..5_usize), 0..15),
        wanted in proptest::collection::vec((0..3_usize, 0..5_usize), 1..15),
        share in 0..=100_usize,
    ) {
        let mut world = world().group("a", "bob").group("b", "cai").group("c", "dan");
        for (who, what) in &held {
            world = world.grant("ENG", &format!("group:{}", GROUPS[*who]), &format!("read/space {}", PERMISSIONS[*what]));
        }
        let mut access = String::new();
        for (what, permission) in PERMISSIONS.iter().enumerate() {
            let who: BTreeSet<&str> = wanted.iter().filter(|(_, w)| *w == what).map(|(who, _)| GROUPS[*who]).collect();
            if !who.is_empty() {
                let list: Vec<String> = who.iter().map(|name| format!("group:{name}")).collect();
                write!(access, "\n      {permission}: [{}]", list.join(", ")).unwrap();
            }
        }
        let plan = planned(&world, &format!("guards: {{max-removals: {share}%}}\nspaces:\n  ENG:\n    access:{access}"));
        let removed = plan.changes.iter().filter(|change| matches!(change, Change::Grant { verb: Verb::Remove, .. })).count();
        let managed: BTreeSet<(usize, usize)> =
            held.iter().copied().chain(held.iter().map(|(who, _)| (*who, 0))).collect();
        prop_assert_eq!((plan.guards.removals.removed, plan.guards.removals.managed), (removed, managed.len()));
        let over = managed.len() >= 10 && removed * 100 > share * managed.len();
        prop_assert_eq!(verdict(&plan, Guard::MaxRemovals) == GuardVerdict::Blocked, over);
        // What is let through by name is let through, and nothing else is.
        let mut through = plan.clone();
        let needless = through.override_guards(&BTreeSet::from([Guard::MaxRemovals]), "why");
        prop_assert_eq!(needless.is_empty(), over);
        prop_assert_eq!(through.guards.blocked().count() + usize::from(over), plan.guards.blocked().count());
    }
}
