//! What guards count, against a count that is made another way.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use camino::Utf8PathBuf;
use confperm::diagnostic::Sources;
use confperm::model::{AccountStatus, Guard, Principal, RoleKind, SpaceRoleMode};
use confperm::plan::{AdminStanding, Breach, Change, ChangeAction, Gaps, GuardVerdict, Pairs, Plan, plan};
use confperm::policy::lock::Lock;
use confperm::policy::{self, Context};
use jiff::civil::date;
use proptest::prelude::*;

use crate::world::{LiveBuilder, principal};

fn planned(world: &LiveBuilder, text: &str) -> Plan {
    let mut sources = Sources::default();
    let people = ["ann", "bob", "cai", "dan", "gus", "robot", "una"];
    let people: Vec<String> = people.iter().map(|name| format!("{name}: {name}")).collect();
    let people = people.join(", ");
    sources.insert(Utf8PathBuf::from("policy.yaml"), format!("version: 1\npeople: {{{people}}}\n{text}"));
    let policy = policy::from_sources(sources).policy.unwrap();
    let context = Context { today: date(2026, 11, 21), lock: Lock::EMPTY };
    let desired = policy::resolve(&policy, &world.0, context).unwrap().desired;
    plan(&desired, &world.0, Gaps::Allow).unwrap().plan
}

fn verdict(plan: &Plan, guard: Guard) -> GuardVerdict {
    plan.guards.outcome(guard).unwrap().verdict.clone()
}

/// Ann runs it all.
fn world() -> LiveBuilder {
    LiveBuilder::new().people("ann bob cai dan").group("eng", "bob cai").space("ENG").grant(
        "ENG",
        "user:ann",
        "read/space administer/space",
    )
}

#[test]
fn only_those_count_who_can_act() {
    let world = world()
        .app("robot")
        .guest("gus")
        .unlicensed("una")
        .group("gone", "dan")
        .status("dan", AccountStatus::Inactive)
        .group("dark", "")
        .unreadable("dark");
    let holders = ["group:eng", "group:gone", "group:dark", "user:robot", "user:dan", "user:gus", "user:una"];
    let held = |world: LiveBuilder, who: &&str| world.grant("ENG", who, "read/space administer/space");
    let text = "guards: {min-admins: 4}
spaces: {ENG: {access: {read/space: [LIST], administer/space: [LIST]}}}";
    let stays: Vec<&str> = holders.iter().copied().chain(["user:ann"]).collect();
    // Bob leaves the administrators, so the plan lowers their number.
    let before = holders.iter().fold(world, held).people("eve").grant(
        "ENG",
        "user:eve",
        "read/space administer/space",
    );
    let plan = planned(&before, &text.replace("LIST", &stays.join(", ")));
    let outcome = plan.guards.outcome(Guard::MinAdmins).unwrap();
    assert_eq!(outcome.verdict, GuardVerdict::Blocked);
    let [Breach::FewAdmins { before: 4, counted: 3, needed: 4, admins, .. }] = &outcome.breaches[..] else {
        panic!("{outcome:?}")
    };
    for (who, expected) in [
        ("user:ann", AdminStanding::Counts),
        ("group:eng", AdminStanding::Counts),
        ("group:dark", AdminStanding::Unread),
        ("group:gone", AdminStanding::NoActiveMember),
        ("user:dan", AdminStanding::CannotSignIn),
        ("user:robot", AdminStanding::App),
        ("user:gus", AdminStanding::Guest),
        ("user:una", AdminStanding::Unlicensed),
    ] {
        assert_eq!(admins[&principal(who)], expected, "{who}");
    }
    let enough = planned(&before, &text.replace('4', "3").replace("LIST", &stays.join(", ")));
    assert_eq!(verdict(&enough, Guard::MinAdmins), GuardVerdict::Holds);
}

/// Too few before and as few afterwards is no plan's fault, nor is a space without any.
#[test]
fn a_plan_that_takes_no_administrator_away_is_never_blocked_for_having_few() {
    let orphan = || LiveBuilder::new().people("ann bob cai dan").group("eng", "bob cai").space("ENG");
    let text = "guards: {min-admins: 3}\nspaces: {ENG: {mode: additive, access: {create/page: [group:eng]}}}";
    for (world, number) in [
        (world().grant("ENG", "group:eng", "read/space"), 1),
        (orphan().grant("ENG", "group:eng", "read/space"), 0),
    ] {
        let plan = planned(&world, text);
        let outcome = plan.guards.outcome(Guard::MinAdmins).unwrap();
        assert_ne!(outcome.verdict, GuardVerdict::Blocked, "{outcome:?}");
        let [Breach::FewAdmins { before, counted, .. }] = &outcome.elsewhere[..] else {
            panic!("{outcome:?}")
        };
        assert_eq!((*before, *counted), (number, number));
    }
}

/// A group whose members are unknown may have none that is active; so it replaces no administrator.
#[test]
fn what_could_not_be_read_takes_no_administrators_place() {
    let world = |admins: &[&str]| {
        let start = world().group("ops", "dan").group("dark", "").unreadable("dark");
        let grant = |world: LiveBuilder, who: &&str| {
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
    // The same space, as soon as it is touched; but no administrator is taken away.
    let plan = planned(&world, &text.replace("OTHER", "eng"));
    assert_eq!(
        plan.guards.blocked().map(|outcome| outcome.guard).collect::<Vec<_>>(),
        [Guard::RequiredAdmins]
    );
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
    // In an additive space a role that gives all of the declared one stays.
    for (mode, held, role, removed, of) in [
        ("additive", "Viewer", "collaborator", 0, 2),
        ("authoritative", "Collaborator", "viewer", 1, 2),
        ("additive", "Collaborator", "viewer", 0, 0),
    ] {
        let text = format!("spaces: {{ENG: {{mode: {mode}, access: {{{role}: [group:eng]}}}}}}");
        let plan = planned(&world(held), &text);
        assert_eq!(plan.guards.removals.access, Pairs { removed, of }, "{mode} {held} {role}");
    }
}

#[test]
fn closing_a_page_takes_nothing_away_and_taking_a_user_off_does() {
    let world = world()
        .grant("ENG", "user:ann", "create/page")
        .page("ENG", 1, 0, "group:eng user:dan user:bob", "")
        .page("ENG", 2, 0, "", "");
    let text = "spaces: {ENG: {mode: additive, pages: {/P1: {view: [group:eng]}, /P2: {view: [group:eng]}}}}";
    // Bob stays on the list as a member of eng.
    let removals = planned(&world, text).guards.removals;
    assert_eq!(removals.entries, Pairs { removed: 1, of: 3 });
    let opened = planned(&world, &text.replace("/P1: {view: [group:eng]}", "/P1: {view: anyone}"));
    assert_eq!(opened.guards.removals.entries.removed, 0);
}

#[test]
fn what_another_route_still_gives_is_not_lost() {
    let world = || {
        world()
            .grant("ENG", "group:eng", "read/space create/page")
            .grant("ENG", "user:bob", "read/space create/page")
            .grant("ENG", "user:dan", "read/space create/page")
    };
    let removed = |world: &LiveBuilder, access: &str| {
        planned(world, &format!("spaces: {{ENG: {{access: {access}}}}}")).guards.removals.access.removed
    };
    let staff = "{read/space: [group:eng, user:ann], create/page: [group:eng], administer/space: [user:ann]}";
    // Bob is in eng, Dan is not.
    assert_eq!(removed(&world(), staff), 1);
    let anonymous =
        "{read/space: [anonymous, user:ann], create/page: [user:ann], administer/space: [user:ann]}";
    // Reading is open to everyone, creating pages is lost.
    assert_eq!(removed(&world(), anonymous), 3);
    let readers = world().revoke("ENG", "group:eng").revoke("ENG", "user:bob").revoke("ENG", "user:dan");
    let readers = readers.grant("ENG", "group:eng", "read/space").grant("ENG", "user:dan", "read/space");
    assert_eq!(removed(&readers, anonymous), 0);
}

#[test]
fn accounts_that_cannot_sign_in_lose_nothing_and_what_is_asked_for_by_name_does_not_count() {
    let world = world().grant("ENG", "group:eng", "read/space").grant("ENG", "user:dan", "read/space").grant(
        "ENG",
        "user:robot",
        "read/space",
    );
    let world = world.app("robot");
    let only_ann = "spaces: {ENG: {access: {read/space: [user:ann], administer/space: [user:ann]}}}";
    let removals = |world: &LiveBuilder, text: &str| planned(world, text).guards.removals.access;
    assert_eq!(removals(&world, only_ann), Pairs { removed: 2, of: 3 });
    let gone = world.clone().status("dan", AccountStatus::Inactive);
    assert_eq!(removals(&gone, only_ann), Pairs { removed: 1, of: 2 });
    let absent = "rules: [{name: x, spaces: {key: '*'}, absent: [group:eng]}]";
    assert_eq!(removals(&world, absent), Pairs { removed: 0, of: 3 });
    let replaced = "rules: [{name: x, spaces: {key: '*'}, replace: {group:eng: group:users}}]";
    assert_eq!(removals(&world, replaced), Pairs { removed: 0, of: 3 });
    let ended = "spaces: {ENG: {access: {read/space: [user:ann, {who: group:eng, until: 2026-11-20}], administer/space: [user:ann]}}}";
    assert_eq!(removals(&world, ended), Pairs { removed: 1, of: 3 });
}

const GROUPS: [&str; 14] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n"];
const PERMISSIONS: [&str; 5] =
    ["read/space", "create/page", "delete/page", "create/comment", "administer/space"];

proptest! {
    /// Every principal that the plan takes something from is counted once, and nothing else; a share blocks exactly where
    /// cross-multiplying says so.
    #[test]
    fn removals_are_the_removals_of_the_plan(
        held in proptest::collection::vec((0..14_usize, 0..5_usize), 0..40),
        wanted in proptest::collection::vec((0..14_usize, 0..5_usize), 1..25),
        share in 0..=100_usize,
    ) {
        let mut world = world();
        for name in GROUPS {
            world = world.people(&format!("m{name}")).group(name, &format!("m{name}"));
        }
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
        let losers: BTreeSet<&Principal> = plan
            .changes
            .iter()
            .filter_map(|change| match change {
                Change::Grant { principal, verb: ChangeAction::Remove, .. } => Some(principal),
                _ => None,
            })
            .collect();
        let of = held.iter().map(|(who, _)| who).collect::<BTreeSet<_>>().len() + 1;
        let removed = losers.len();
        prop_assert_eq!(plan.guards.removals.access, Pairs { removed, of });
        let over = removed >= 10 && removed * 100 > share * of || removed >= 5 && removed * 100 > share.max(50) * of;
        prop_assert_eq!(verdict(&plan, Guard::MaxRemovals) == GuardVerdict::Blocked, over);
        // What is let through by name is let through, and nothing else is.
        let mut through = plan.clone();
        let needless = through.override_guards(&BTreeSet::from([Guard::MaxRemovals]), "why");
        prop_assert_eq!(needless.is_empty(), over);
        prop_assert_eq!(through.guards.blocked().count() + usize::from(over), plan.guards.blocked().count());
    }
}
