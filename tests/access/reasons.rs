//! Why it is not known who can: the same reasons, whether it is asked of one person or of all.

use std::collections::BTreeSet;

use confperm::access::{Asker, ContentVerb, Engine, Reason, Verdict, Who};
use confperm::model::{AccessClass, AccountId, Known, Principal, Why};

use crate::world::{LiveBuilder, account, group, id, key, object};

fn with_guest() -> LiveBuilder {
    LiveBuilder::new().people("ann").guest("gil").group("eng", "gil").space("ENG").page("ENG", 1, 0, "", "")
}

fn who(world: &LiveBuilder, verb: ContentVerb) -> Who {
    Engine::new(&world.0).who(verb, &object("ENG/1"))
}

/// The reasons of all, and those of one person.
fn reasons(world: &LiveBuilder, verb: ContentVerb, person: &str) -> [BTreeSet<Reason>; 2] {
    let asker = Asker::Person(account(person));
    let verdict = Engine::new(&world.0).can(&asker, verb, &object("ENG/1"));
    let Verdict::Unknown(of_one) = verdict else { panic!("{person} {verb}: {verdict:?}") };
    [who(world, verb).incomplete, of_one]
}

#[test]
fn what_a_class_means_for_a_guest_is_a_reason() {
    let world = with_guest().grant("ENG", "class:authenticated-users", "read/space");
    let of_class = BTreeSet::from([Reason::ClassUnread {
        principal: Principal::Class(AccessClass::AuthenticatedUsers),
    }]);
    assert_eq!(reasons(&world, ContentVerb::View, "gil"), [of_class.clone(), of_class.clone()]);
    // The switch of the service desk is for the same people.
    let mut by_switch = with_guest();
    by_switch.at("ENG").unlicensed_access = Known::Known(true);
    assert_eq!(reasons(&by_switch, ContentVerb::View, "gil"), [of_class.clone(), of_class]);
}

#[test]
fn a_group_that_may_hold_a_guest_is_a_reason() {
    let mut world = with_guest().grant("ENG", "group:eng", "read/space");
    let in_group = Reason::GuestInGroup { group: group("eng") };
    assert_eq!(who(&world, ContentVerb::View).incomplete, BTreeSet::from([in_group.clone()]));
    world.person("gil").guest = Known::Unknown(Why::NoApi);
    let [of_all, of_one] = reasons(&world, ContentVerb::View, "gil");
    assert!(of_all.contains(&in_group), "{of_all:?}");
    assert_eq!(of_all, of_one);
}

#[test]
fn a_person_who_surely_can_is_no_reason() {
    let world = with_guest().grant("ENG", "group:eng", "read/space").grant("ENG", "anonymous", "read/space");
    let who = who(&world, ContentVerb::View);
    let people = BTreeSet::from([account("ann"), account("gil")]);
    assert_eq!((who.people, who.perhaps), (people, BTreeSet::<AccountId>::new()));
    assert_eq!(who.incomplete, BTreeSet::new());
}

#[test]
fn an_author_is_a_reason_where_anonymous_may_delete_its_own() {
    let mut world = LiveBuilder::new().people("ann").space("ENG").grant("ENG", "user:ann", "read/space");
    world = world.page("ENG", 1, 0, "", "");
    world.at("ENG").unlisted_anonymous = Known::Unknown(Why::NoApi);
    let expected = BTreeSet::from([Reason::AuthorUnread, Reason::AnonymousUnlisted { space: key("ENG") }]);
    assert_eq!(reasons(&world, ContentVerb::Delete, "ann"), [expected.clone(), expected]);
}

#[test]
fn what_anonymous_counts_for_is_a_reason_where_its_rows_are_not_listed() {
    let mut world = LiveBuilder::new().people("ann").space("ENG").page("ENG", 1, 0, "", "");
    world = world.anonymous(Known::Unknown(Why::NoApi));
    world.at("ENG").unlisted_anonymous = Known::Known(true);
    let expected = BTreeSet::from([Reason::AnonymousUnread]);
    assert_eq!(reasons(&world, ContentVerb::View, "ann"), [expected.clone(), expected]);
}

#[test]
fn of_lists_above_an_archived_page_only_those_that_could_matter_are_a_reason() {
    let world = LiveBuilder::new().people("ann bob").space("ENG").grant("ENG", "user:ann", "read/space");
    let world = world.page("ENG", 2, 0, "", "").page("ENG", 1, 2, "", "").archive("ENG", 1);
    let open = who(&world, ContentVerb::View);
    assert_eq!((open.incomplete, open.people.len()), (BTreeSet::new(), 1));
    // An unread list may be open, and that has to be known first.
    let mut unread = world;
    let tree = unread.at("ENG").tree.as_mut().unwrap();
    tree.set_restrictions(id(2), Known::Unknown(Why::Hidden));
    let expected = BTreeSet::from([Reason::ListsUnread { content: id(2), why: Why::Hidden }]);
    assert_eq!(reasons(&unread, ContentVerb::View, "ann"), [expected.clone(), expected]);
}
