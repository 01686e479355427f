//! Who gains and who loses, in the words of a plan.

use confperm::access::{
    AffectedParty, Cause, Certainty, Direction, Effect, PageVerbs, Place, What, effective_changes,
};
use confperm::model::{AccountStatus, Known, Why};

use crate::world::{LiveBuilder, account, id, key, principal};

/// One line as a plan might show it.
fn line(effect: &Effect) -> String {
    let who = effect.who.parties.iter().map(|party: &AffectedParty| {
        let part = if party.members == party.of {
            String::new()
        } else {
            format!(" ({} of {})", party.members, party.of)
        };
        format!("{}{part}", party.party)
    });
    let who: Vec<String> =
        who.chain(effect.who.people.iter().map(|person| format!("user:{person}"))).collect();
    let perhaps = if effect.certainty == Certainty::Sure { "" } else { "perhaps " };
    let verb = if effect.direction == Direction::Gains { "gains" } else { "loses" };
    let what = match &effect.what {
        What::Space => "the space".to_owned(),
        What::Permissions { permissions } => {
            permissions.iter().map(|permission| permission.as_str()).collect::<Vec<_>>().join(" ")
        }
        What::Pages { verbs, place, pages } => {
            let verbs = match verbs {
                PageVerbs::View => "view",
                PageVerbs::Edit => "edit",
                PageVerbs::ViewAndEdit => "view and edit",
            };
            let place = match place {
                Place::Space => "in the space".to_owned(),
                Place::From { content } => format!("from {content}"),
                Place::Under { content } => format!("under {content}"),
            };
            format!("{verbs} of {pages} {place}")
        }
    };
    let causes = effect.causes.iter().map(|cause| match cause {
        Cause::Holding { principal, .. } => principal.to_string(),
        Cause::Page { content, .. } => content.to_string(),
        Cause::Space { .. } => "space".to_owned(),
        Cause::Directory => "directory".to_owned(),
    });
    format!("{} {perhaps}{verb} {what} [{}]", who.join(", "), causes.collect::<Vec<_>>().join(" "))
}

fn changes(before: &LiveBuilder, after: &LiveBuilder) -> Vec<String> {
    effective_changes(&before.0, &after.0).effects.iter().map(line).collect()
}

/// Two groups see everything; /1 has 2..=9 below it, half of them deeper.
fn world() -> LiveBuilder {
    let mut world = LiveBuilder::new()
        .people("ann bob cai dan")
        .group("eng", "ann bob")
        .group("contractors", "cai dan")
        .space("ENG")
        .grant("ENG", "group:eng", "read/space create/page")
        .grant("ENG", "group:contractors", "read/space")
        .page("ENG", 1, 0, "", "");
    for page in 2..10 {
        world = world.page("ENG", page, if page % 2 == 0 { 1 } else { page - 1 }, "", "");
    }
    world
}

#[test]
fn nothing_changes_nothing() {
    assert!(changes(&world(), &world()).is_empty());
}

#[test]
fn a_subtree_is_one_line_and_speaks_of_the_group() {
    let after = world().restrict("ENG", 1, "group:eng", "");
    assert_eq!(changes(&world(), &after), ["group:contractors loses view of 9 from 1 [1]"]);
}

#[test]
fn siblings_are_one_line_with_all_their_causes() {
    let after = world().restrict("ENG", 2, "group:eng", "").restrict("ENG", 4, "user:ann user:bob", "");
    assert_eq!(changes(&world(), &after), ["group:contractors loses view of 4 under 1 [2 4]"]);
}

#[test]
fn people_with_another_route_are_not_affected() {
    let before = world().grant("ENG", "user:cai", "read/space");
    let after = before.clone().revoke("ENG", "group:contractors");
    assert_eq!(changes(&before, &after), ["user:dan loses the space [group:contractors]"]);
    let both = after.revoke("ENG", "user:cai");
    assert_eq!(changes(&before, &both), ["group:contractors loses the space [group:contractors user:cai]"]);
}

#[test]
fn what_goes_with_the_space_is_not_told_page_by_page() {
    let after = world().revoke("ENG", "group:eng");
    assert_eq!(changes(&world(), &after), ["group:eng loses the space [group:eng]"]);
}

#[test]
fn what_comes_with_the_space_is_told() {
    let after = world()
        .people("eve")
        .group("new", "eve")
        .grant("ENG", "group:new", "read/space create/page")
        .restrict("ENG", 3, "group:eng", "");
    let before = world().people("eve").group("new", "eve").restrict("ENG", 3, "group:eng", "");
    assert_eq!(
        changes(&before, &after),
        [
            "group:new gains the space [group:new]",
            "group:new gains create/page [group:new]",
            "group:new gains view and edit of 8 from 1 [group:new]",
        ]
    );
}

#[test]
fn edit_is_told_apart_from_view() {
    let after = world().restrict("ENG", 1, "", "user:ann");
    assert_eq!(changes(&world(), &after), ["user:bob loses edit of 1 from 1 [1]"]);
}

#[test]
fn most_of_many_are_told_as_the_group() {
    let people = "p1 p2 p3 p4 p5 p6";
    let base = || {
        LiveBuilder::new().people(people).group("staff", people).space("ENG").grant(
            "ENG",
            "user:p6",
            "read/space",
        )
    };
    let before = base().grant("ENG", "group:staff", "read/space");
    assert_eq!(changes(&before, &base()), ["group:staff (5 of 6) loses the space [group:staff]"]);
}

#[test]
fn all_accounts_are_one_word() {
    let open = LiveBuilder::new().people("ann bob").group("g", "ann").space("ENG").page("ENG", 1, 0, "", "");
    let opened = open.clone().grant("ENG", "class:all-licensed-users", "read/space");
    assert_eq!(
        changes(&open, &opened),
        [
            "class:all-licensed-users gains the space [class:all-licensed-users]",
            "class:all-licensed-users gains view of 1 from 1 [class:all-licensed-users]",
        ]
    );
}

#[test]
fn a_group_that_cannot_be_read_stands_for_itself() {
    let before = world().unreadable("contractors");
    let after = before.clone().revoke("ENG", "group:contractors");
    assert_eq!(changes(&before, &after), ["group:contractors loses the space [group:contractors]"]);
    let effects = effective_changes(&before.0, &after.0);
    assert!(!effects.effects[0].who.parties[0].complete);
}

#[test]
fn what_was_not_known_may_change() {
    let mut before = world();
    before.at("ENG").tree.as_mut().unwrap().set_restrictions(id(1), Known::Unknown(Why::Hidden));
    let after = before.clone().revoke("ENG", "group:contractors");
    assert_eq!(changes(&before, &after), ["group:contractors loses the space [group:contractors]"]);
    let narrowed = before.clone().restrict("ENG", 2, "group:eng", "");
    assert_eq!(changes(&before, &narrowed), ["group:contractors perhaps loses view of 2 from 2 [2]"]);
    assert!(!effective_changes(&before.0, &narrowed.0).incomplete.is_empty());
}

#[test]
fn a_departure_is_an_effect_too() {
    let before = world();
    let after = world().status("ann", AccountStatus::Inactive);
    assert_eq!(changes(&before, &after), ["user:ann loses the space [directory]"]);
}

#[test]
fn anonymous_is_told_beside_those_who_are_signed_in() {
    let after = world().grant("ENG", "anonymous", "read/space").people("eve");
    let before = world().people("eve");
    let effects = effective_changes(&before.0, &after.0).effects;
    assert!(effects[0].who.parties.iter().any(|party| party.party == principal("anonymous")));
    assert!(effects[0].who.people.contains(&account("eve")) || effects[0].who.total == 1);
    assert_eq!(effects[0].space, key("ENG"));
}

#[test]
fn a_class_stands_only_for_those_surely_in_it() {
    // Whether a guest is in `authenticated-users` is not documented, and anonymous access reaches guests for sure.
    let before = LiveBuilder::new().anonymous(Known::Known(true)).people("ann").guest("gus").space("ENG");
    let after = before.clone().grant("ENG", "anonymous", "read/space");
    assert_eq!(
        changes(&before, &after),
        ["class:authenticated-users, anonymous, user:gus gains the space [anonymous]"]
    );
}

#[test]
fn many_beside_the_licensed_are_named_as_their_group() {
    let mut before = LiveBuilder::new().anonymous(Known::Known(true)).people("ann");
    for name in ["g1", "g2", "g3", "g4"] {
        before = before.guest(name);
    }
    let before = before.group("visitors", "g1 g2 g3 g4").group("few", "g1 g2").space("ENG");
    let after =
        before.clone().grant("ENG", "group:visitors", "read/space").grant("ENG", "anonymous", "read/space");
    let effects = effective_changes(&before.0, &after.0).effects;
    let named: Vec<String> = effects[0].who.parties.iter().map(|party| party.party.to_string()).collect();
    assert!(named.contains(&"group:visitors".to_owned()), "{named:?}");
    assert!(!named.contains(&"group:few".to_owned()), "{named:?}");
    assert!(effects[0].who.people.is_empty(), "{:?}", effects[0].who.people);
}

#[test]
fn two_changes_at_once_are_told_group_by_group() {
    // dan is in both groups, and still neither is told person by person.
    let before = world().group("temps", "dan").page("ENG", 20, 0, "group:contractors", "").page(
        "ENG",
        30,
        0,
        "group:temps group:eng",
        "",
    );
    let after = before.clone().restrict("ENG", 20, "group:eng", "").restrict("ENG", 30, "group:eng", "");
    assert_eq!(
        changes(&before, &after),
        [
            "group:contractors loses view of 1 from 20 [20]",
            "user:dan loses view of 1 from 30 [30]",
            "group:eng gains view and edit of 1 from 20 [20]",
        ]
    );
}

/// Whether it is lost depends on what lists above archived pages still say.
#[test]
fn archived_pages_are_perhaps_lost_with_the_list_above_them() {
    let before = LiveBuilder::new()
        .people("ann bob")
        .space("ENG")
        .grant("ENG", "user:ann", "read/space")
        .page("ENG", 1, 0, "", "")
        .page("ENG", 2, 1, "", "")
        .page("ENG", 3, 1, "", "")
        .archive("ENG", 3);
    let after = before.clone().restrict("ENG", 1, "user:bob", "");
    assert_eq!(
        changes(&before, &after),
        ["user:ann loses view of 2 from 1 [1]", "user:ann perhaps loses view of 1 from 3 [1]"]
    );
}
