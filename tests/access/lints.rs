//! What is legal and yet does not do what it says.

use std::collections::BTreeSet;

use confperm::access::{Engine, Finding, Level, Lint, LintInputs, lints};
use confperm::model::AccountStatus;

use crate::world::{LiveBuilder, id, principal};

fn world() -> LiveBuilder {
    LiveBuilder::new().people("ann bob cai").group("eng", "ann bob").space("ENG").grant(
        "ENG",
        "group:eng",
        "read/space create/page administer/space",
    )
}

fn found(world: &LiveBuilder) -> Vec<Finding> {
    lints(&Engine::of_what_is_listed(&world.0), &LintInputs::default())
}

#[test]
fn the_three_warnings_of_the_share_dialog() {
    let world = world()
        .grant("ENG", "user:dan", "read/space")
        .people("dan")
        .page("ENG", 1, 0, "user:ann user:cai", "user:ann")
        .page("ENG", 2, 1, "user:bob", "")
        .page("ENG", 3, 0, "", "user:dan group:eng");
    let found: Vec<(u64, Lint, Option<Level>)> =
        found(&world).iter().map(|f| (f.content.unwrap().number(), f.lint, f.level)).collect();
    assert_eq!(
        found,
        [
            (1, Lint::ListedWithoutSpace, Some(Level::Space)),
            (2, Lint::ListedWithoutAncestor, Some(Level::Ancestor(id(1)))),
            (3, Lint::ListedWithoutEditRight, Some(Level::Space)),
        ]
    );
}

/// An account without a licence sees nothing, and that it holds something in the space is no help.
#[test]
fn who_may_not_use_confluence_is_told_apart() {
    let world = world().unlicensed("dan").unlicensed("eve").grant("ENG", "user:dan", "read/space").page(
        "ENG",
        1,
        0,
        "user:ann user:dan user:eve",
        "",
    );
    let found: Vec<(Lint, Option<Level>)> = found(&world).iter().map(|f| (f.lint, f.level)).collect();
    assert_eq!(found, [(Lint::ListedWithoutLicence, Some(Level::Site))]);
}

#[test]
fn a_group_is_listed_in_vain_only_if_no_member_gets_through() {
    let some = world().group("mixed", "ann cai").page("ENG", 1, 0, "group:mixed", "");
    assert!(found(&some).is_empty());
    let none = world().group("others", "cai").page("ENG", 1, 0, "group:others", "");
    assert_eq!(found(&none)[0].about, BTreeSet::from([principal("group:others")]));
}

#[test]
fn a_group_without_members_is_mentioned_beside_others() {
    let world = world().group("empty", "").grant("ENG", "group:empty", "read/space").page(
        "ENG",
        1,
        0,
        "user:ann group:empty",
        "",
    );
    let found = found(&world);
    assert_eq!((found.len(), found[0].lint), (1, Lint::ListedWithoutMembers));
    assert_eq!(found[0].about, BTreeSet::from([principal("group:empty")]));
    // A list on which no one is left says it all.
    let dead = self::found(&world.page("ENG", 2, 0, "group:empty", ""));
    assert_eq!(
        dead.iter().filter(|f| f.content == Some(id(2))).map(|f| f.lint).collect::<Vec<_>>(),
        [Lint::DeadList]
    );
}

#[test]
fn view_only_is_in_vain_while_a_group_gives_edit() {
    let world = world().page("ENG", 1, 0, "user:ann group:eng", "group:eng");
    let found = found(&world);
    assert_eq!((found.len(), found[0].lint), (1, Lint::ViewOnlyInVain));
    assert_eq!(found[0].about, BTreeSet::from([principal("user:ann")]));
}

#[test]
fn a_space_administered_by_the_departed() {
    let world = world().status("ann", AccountStatus::Inactive).status("bob", AccountStatus::Closed);
    let found = found(&world);
    assert_eq!(
        (found[0].lint, found[0].about.clone()),
        (Lint::SpaceWithoutAdmin, BTreeSet::from([principal("group:eng")]))
    );
    assert!(self::found(&world.grant("ENG", "user:cai", "read/space administer/space")).is_empty());
}

#[test]
fn nothing_is_found_where_nothing_is_known() {
    let world = world().unreadable("eng").group("dark", "").unreadable("dark").page(
        "ENG",
        1,
        0,
        "group:dark",
        "group:dark",
    );
    let found = found(&world);
    // The group itself has no access to the space, whatever its members have.
    assert!(found.iter().all(|finding| finding.lint == Lint::ListedWithoutSpace), "{found:?}");
}

#[test]
fn a_required_group_is_cut_off_unless_a_member_is_listed() {
    let world = world().page("ENG", 1, 0, "user:ann", "").page("ENG", 2, 0, "user:cai", "");
    let required_admins = BTreeSet::from([principal("group:eng")]);
    let found =
        lints(&Engine::of_what_is_listed(&world.0), &LintInputs { required_admins, ..LintInputs::default() });
    let cut: Vec<u64> =
        found.iter().filter(|f| f.lint == Lint::AdminCutOff).map(|f| f.content.unwrap().number()).collect();
    assert_eq!(cut, [2]);
}

#[test]
fn codes_are_distinct() {
    assert_eq!(Lint::ALL.iter().map(|lint| lint.as_str()).collect::<BTreeSet<_>>().len(), Lint::ALL.len());
}
