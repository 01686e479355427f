//! The edge cases of the access model, section 6, by number. Where the model marks a case as open, the
//! answer is unknown.

use std::collections::BTreeSet;

use confperm::access::{
    Cause, ContentVerb, Engine, Level, Lint, LintInputs, Outcome, Outside, Reason, Verb, Verdict,
    effective_changes, lints,
};
use confperm::model::{
    AccountKind, AccountStatus, ContentKind, Known, Parent, Permission, ProductAccess, RoleKind,
    SpaceRoleMode, SpaceStatus, Why,
};

use crate::world::{Ask as _, LiveBuilder, account, asker, group, id, key, object, principal};

const EDITOR: &str = "read/space create/page create/comment";

fn denied(level: Level) -> Verdict {
    Verdict::Denied(level)
}

fn unknown(reason: Reason) -> Verdict {
    Verdict::Unknown(BTreeSet::from([reason]))
}

/// One space in which ann and bob may edit, by a group each.
fn two_editors() -> LiveBuilder {
    LiveBuilder::new()
        .people("ann bob cai")
        .group("a", "ann")
        .group("b", "bob")
        .space("ENG")
        .grant("ENG", "group:a", EDITOR)
        .grant("ENG", "group:b", EDITOR)
}

#[test]
fn case_01_one_group_is_enough() {
    let world = LiveBuilder::new()
        .people("ann")
        .group("a", "ann")
        .group("b", "ann")
        .space("ENG")
        .grant("ENG", "group:a", "read/space")
        .page("ENG", 1, 0, "", "");
    assert_eq!(world.can("user:ann", ContentVerb::View, "ENG/1"), Verdict::Allowed);
    assert_eq!(world.can("group:b", ContentVerb::View, "ENG/1"), denied(Level::Space));
}

#[test]
fn case_02_listed_without_the_space() {
    let world = two_editors().page("ENG", 1, 0, "user:cai", "");
    assert_eq!(world.can("user:cai", ContentVerb::View, "ENG/1"), denied(Level::Space));
}

#[test]
fn case_03_listed_on_the_child_only() {
    let world = two_editors().page("ENG", 1, 0, "user:ann", "").page("ENG", 2, 1, "user:bob", "");
    assert_eq!(world.can("user:bob", ContentVerb::View, "ENG/2"), denied(Level::Ancestor(id(1))));
}

#[test]
fn case_04_lists_of_a_chain_are_intersected() {
    let world = two_editors()
        .page("ENG", 1, 0, "user:ann", "")
        .page("ENG", 2, 1, "", "")
        .page("ENG", 3, 2, "user:bob", "");
    assert_eq!(world.can("user:ann", ContentVerb::View, "ENG/3"), denied(Level::Content(id(3))));
    assert_eq!(world.can("user:bob", ContentVerb::View, "ENG/3"), denied(Level::Ancestor(id(1))));
}

#[test]
fn case_05_edit_lists_are_not_inherited() {
    let world = two_editors().page("ENG", 1, 0, "", "user:ann").page("ENG", 2, 1, "", "");
    assert_eq!(world.can("user:bob", ContentVerb::Edit, "ENG/1"), denied(Level::Content(id(1))));
    assert_eq!(world.can("user:bob", ContentVerb::Edit, "ENG/2"), Verdict::Allowed);
}

#[test]
fn case_06_listed_to_edit_without_the_edit_right() {
    let world = two_editors().grant("ENG", "user:cai", "read/space").page("ENG", 1, 0, "", "user:cai");
    assert_eq!(world.can("user:cai", ContentVerb::Edit, "ENG/1"), denied(Level::Space));
}

#[test]
fn case_07_on_the_edit_list_but_not_on_the_view_list() {
    let world = two_editors().page("ENG", 1, 0, "user:ann", "user:ann user:bob");
    assert_eq!(world.can("user:bob", ContentVerb::Edit, "ENG/1"), denied(Level::Content(id(1))));
}

#[test]
fn case_08_without_an_edit_list_viewers_edit() {
    let world = two_editors().page("ENG", 1, 0, "user:ann user:bob", "");
    for who in ["user:ann", "user:bob"] {
        assert_eq!(world.can(who, ContentVerb::Edit, "ENG/1"), Verdict::Allowed);
    }
}

#[test]
fn case_09_the_greatest_access_wins() {
    let world = two_editors().page("ENG", 1, 0, "user:ann group:a", "group:a");
    assert_eq!(world.can("user:ann", ContentVerb::Edit, "ENG/1"), Verdict::Allowed);
}

#[test]
fn case_10_space_admins_do_not_see_restricted_pages() {
    let world = two_editors()
        .grant("ENG", "user:cai", "read/space create/page administer/space")
        .page("ENG", 1, 0, "user:ann", "");
    assert_eq!(world.can("user:cai", ContentVerb::View, "ENG/1"), denied(Level::Content(id(1))));
    let explained = Engine::new(&world.0).explain(&asker("user:cai"), ContentVerb::View, &object("ENG/1"));
    assert!(explained.outside.contains(&Outside::SpaceAdmins));
}

#[test]
fn case_11_product_admins_do_not_see_every_space() {
    let world = two_editors()
        .group("admins", "cai")
        .product("admins", ProductAccess::Admin)
        .page("ENG", 1, 0, "", "");
    assert_eq!(world.can("user:cai", ContentVerb::View, "ENG/1"), denied(Level::Space));
    let who = Engine::new(&world.0).who(ContentVerb::View, &object("ENG/1"));
    assert!(who.outside.contains(&Outside::ProductAdmins));
}

#[test]
fn case_12_the_admin_key_is_outside() {
    let world = two_editors();
    let who = Engine::new(&world.0).who(ContentVerb::View, &object("ENG"));
    assert!(who.outside.contains(&Outside::AdminKey));
}

#[test]
fn case_13_a_list_of_deactivated_people_is_dead() {
    let world =
        two_editors().status("ann", AccountStatus::Inactive).page("ENG", 1, 0, "user:ann", "user:ann");
    let who = Engine::new(&world.0).who(ContentVerb::View, &object("ENG/1"));
    assert!(who.people.is_empty() && who.perhaps.is_empty());
    assert_eq!(who.dead.len(), 1);
    let findings = lints(&Engine::of_what_is_listed(&world.0), &LintInputs::default());
    assert!(findings.iter().any(|finding| finding.lint == Lint::DeadList));
}

#[test]
fn case_14_without_its_last_entry_a_page_is_open() {
    let before = two_editors().page("ENG", 1, 0, "user:ann", "");
    let after = before.clone().restrict("ENG", 1, "", "");
    assert_eq!(after.can("user:bob", ContentVerb::View, "ENG/1"), Verdict::Allowed);
    let effects = effective_changes(&before.0, &after.0);
    let cause = Cause::Page { space: key("ENG"), content: id(1) };
    assert!(effects.effects.iter().all(|effect| effect.causes.contains(&cause)));
    assert_eq!(effects.effects.len(), 1);
}

#[test]
fn case_15_a_leaver_who_is_the_only_entry() {
    let world = two_editors().page("ENG", 1, 0, "user:ann", "");
    let leavers = BTreeSet::from([account("ann")]);
    let findings =
        lints(&Engine::of_what_is_listed(&world.0), &LintInputs { leavers, ..LintInputs::default() });
    assert!(findings.iter().any(|finding| finding.lint == Lint::ListOfLeavers));
    assert!(lints(&Engine::of_what_is_listed(&world.0), &LintInputs::default()).is_empty());
}

#[test]
fn case_16_lists_keep_anonymous_out() {
    let world = two_editors()
        .grant("ENG", "anonymous", "read/space")
        .page("ENG", 1, 0, "user:ann", "")
        .page("ENG", 2, 0, "", "");
    assert_eq!(world.can("anonymous", ContentVerb::View, "ENG/1"), denied(Level::Content(id(1))));
    assert_eq!(world.can("anonymous", ContentVerb::View, "ENG/2"), Verdict::Allowed);
}

#[test]
fn case_17_anonymous_views_what_is_restricted_for_edit() {
    let world = two_editors().grant("ENG", "anonymous", EDITOR).page("ENG", 1, 0, "", "user:ann");
    assert_eq!(world.can("anonymous", ContentVerb::View, "ENG/1"), Verdict::Allowed);
    assert_eq!(world.can("anonymous", ContentVerb::Edit, "ENG/1"), denied(Level::Content(id(1))));
}

#[test]
fn case_18_what_anonymous_may_every_account_may() {
    let open = two_editors().grant("ENG", "anonymous", "read/space").page("ENG", 1, 0, "", "");
    assert_eq!(open.can("user:cai", ContentVerb::View, "ENG/1"), Verdict::Allowed);
    let off = open.clone().anonymous(Known::Known(false));
    assert_eq!(off.can("anonymous", ContentVerb::View, "ENG/1"), denied(Level::Site));
    assert_eq!(off.can("user:cai", ContentVerb::View, "ENG/1"), unknown(Reason::AnonymousOff));
    let roles = off.mode(SpaceRoleMode::Roles);
    assert_eq!(roles.can("user:cai", ContentVerb::View, "ENG/1"), unknown(Reason::AnonymousOff));
    let unread = open.anonymous(Known::Unknown(Why::NoApi));
    assert_eq!(unread.can("anonymous", ContentVerb::View, "ENG/1"), unknown(Reason::AnonymousUnread));
}

#[test]
fn case_19_the_service_desk_opens_spaces_not_pages() {
    let mut world =
        two_editors().unlicensed("dan").page("ENG", 1, 0, "", "").page("ENG", 2, 0, "user:ann user:dan", "");
    assert_eq!(world.can("user:dan", ContentVerb::View, "ENG/1"), denied(Level::Site));
    world.at("ENG").unlicensed_access = Known::Known(true);
    assert_eq!(world.can("user:cai", ContentVerb::View, "ENG/1"), Verdict::Allowed);
    // Whether the site lets in people without a licence at all, no API tells.
    let why = BTreeSet::from([
        Reason::UnlicensedUnread { account: account("dan") },
        Reason::ClassUnread { principal: "class:authenticated-users".parse().unwrap() },
    ]);
    assert_eq!(world.can("user:dan", ContentVerb::View, "ENG/1"), Verdict::Unknown(why));
    for who in ["user:dan", "user:cai"] {
        assert_eq!(world.can(who, ContentVerb::View, "ENG/2"), denied(Level::Content(id(2))));
    }
    assert_eq!(world.can("user:dan", ContentVerb::Edit, "ENG/1"), denied(Level::Space));
    assert_eq!(world.can("anonymous", ContentVerb::View, "ENG/1"), denied(Level::Space));
}

/// W16: no API tells which spaces it opens; what tells of the service desk itself are its customers, its class and
/// its groups.
#[test]
fn case_19_spaces_that_may_be_open_are_unknown_where_there_is_a_service_desk() {
    let asked = |mut world: LiveBuilder| {
        world.at("ENG").unlicensed_access = Known::Unknown(Why::NoApi);
        world.can("user:cai", ContentVerb::View, "ENG/1")
    };
    let plain = || two_editors().page("ENG", 1, 0, "", "");
    let unsure = unknown(Reason::ServiceDesk { space: key("ENG") });
    assert_eq!(asked(plain()), denied(Level::Space));
    assert_eq!(asked(plain().group("jira-software-users-acme", "")), denied(Level::Space));
    assert_eq!(asked(plain().group("jira-servicemanagement-users-acme", "")), unsure);
    assert_eq!(asked(plain().grant("ENG", "class:jsm-project-admins", "create/page")), unsure);
    let mut customers = plain().unlicensed("dan");
    customers.person("dan").kind = AccountKind::Customer;
    assert_eq!(asked(customers), unsure);
    // Opened or not, a page list leaves out the people that it does not name, and it gives no more than viewing.
    let mut closed = plain().group("jira-servicedesk-users", "").page("ENG", 2, 0, "user:ann", "");
    closed.at("ENG").unlicensed_access = Known::Unknown(Why::NoApi);
    assert_eq!(closed.can("user:cai", ContentVerb::View, "ENG/2"), denied(Level::Content(id(2))));
    assert_eq!(closed.can("user:cai", ContentVerb::Edit, "ENG/1"), denied(Level::Space));
    assert_eq!(closed.can("user:ann", ContentVerb::View, "ENG/1"), Verdict::Allowed);
    let who = Engine::new(&closed.0).who(ContentVerb::View, &object("ENG/1"));
    assert!(who.incomplete.contains(&Reason::ServiceDesk { space: key("ENG") }));
    assert!(who.perhaps.contains(&account("cai")) && who.people.contains(&account("ann")));
}

/// W12: a site may list nothing of what `anonymous` holds.
#[test]
fn entries_of_anonymous_that_may_be_left_out_make_answers_unknown() {
    let mut world = two_editors().anonymous(Known::Known(true)).page("ENG", 1, 0, "", "");
    let unsure = unknown(Reason::AnonymousUnlisted { space: key("ENG") });
    world.at("ENG").unlisted_anonymous = Known::Unknown(Why::NoApi);
    for who in ["anonymous", "user:cai"] {
        assert_eq!(world.can(who, ContentVerb::View, "ENG/1"), unsure);
        assert_eq!(world.can(who, Verb::Space(Permission::AdministerSpace), "ENG"), denied(Level::Space));
    }
    assert_eq!(world.can("user:ann", ContentVerb::View, "ENG/1"), Verdict::Allowed);
    world.at("ENG").unlisted_anonymous = Known::Known(true);
    for who in ["anonymous", "user:cai"] {
        assert_eq!(world.can(who, ContentVerb::View, "ENG/1"), Verdict::Allowed);
        assert_eq!(world.can(who, ContentVerb::Comment, "ENG/1"), unsure);
    }
}

#[test]
fn case_20_a_guest_listed_in_another_space() {
    let world = two_editors().guest("gil").page("ENG", 1, 0, "user:gil", "");
    assert_eq!(world.can("user:gil", ContentVerb::View, "ENG/1"), denied(Level::Space));
}

#[test]
fn case_21_a_guest_in_a_group_is_unknown() {
    let world = two_editors().guest("gil").join("a", "gil").page("ENG", 1, 0, "", "");
    assert_eq!(
        world.can("user:gil", ContentVerb::View, "ENG/1"),
        unknown(Reason::GuestInGroup { group: group("a") })
    );
    let direct = world.grant("ENG", "user:gil", "read/space").home("gil", "ENG");
    assert_eq!(direct.can("user:gil", ContentVerb::View, "ENG/1"), Verdict::Allowed);
}

/// W16: guests have one space (D2), and no API tells which; the policy may.
#[test]
fn a_guest_with_an_entry_in_a_space_is_unknown_until_the_policy_says_that_it_is_theirs() {
    let world = two_editors().guest("gil").grant("ENG", "user:gil", EDITOR).page("ENG", 1, 0, "", "");
    let elsewhere = |home: Option<&str>| {
        let (account, home) = (account("gil"), home.map(key));
        unknown(Reason::GuestElsewhere { account, space: key("ENG"), home })
    };
    for verb in [ContentVerb::View, ContentVerb::Edit] {
        assert_eq!(world.can("user:gil", verb, "ENG/1"), elsewhere(None));
        let other = world.clone().home("gil", "OPS");
        assert_eq!(other.can("user:gil", verb, "ENG/1"), elsewhere(Some("OPS")));
        assert_eq!(world.clone().home("gil", "ENG").can("user:gil", verb, "ENG/1"), Verdict::Allowed);
    }
    let who = Engine::new(&world.0).who(ContentVerb::View, &object("ENG/1"));
    assert!(who.perhaps.contains(&account("gil")) && !who.incomplete.is_empty());
    // Where the site does not say who is a guest, the policy does.
    let mut unsaid = world.home("gil", "ENG");
    unsaid.person("gil").guest = Known::Unknown(Why::NoApi);
    assert_eq!(unsaid.can("user:gil", ContentVerb::View, "ENG/1"), Verdict::Allowed);
    // What the site itself says goes first.
    unsaid.person("gil").guest = Known::Known(false);
    assert_eq!(unsaid.can("user:gil", ContentVerb::View, "ENG/1"), denied(Level::Site));
}

#[test]
fn case_22_guests_never_restrict_export_or_administer() {
    let all = "read/space create/page restrict_content/space export/space administer/space";
    let world = two_editors().guest("gil").home("gil", "ENG");
    let world = world.grant("ENG", "user:gil", all).page("ENG", 1, 0, "", "");
    assert_eq!(world.can("user:gil", ContentVerb::Edit, "ENG/1"), Verdict::Allowed);
    assert_eq!(world.can("user:gil", ContentVerb::Restrict, "ENG/1"), denied(Level::Space));
    for permission in [Permission::AdministerSpace, Permission::ExportSpace, Permission::RestrictContent] {
        assert_eq!(world.can("user:gil", Verb::Space(permission), "ENG"), denied(Level::Space));
    }
}

#[test]
fn case_23_apps_must_be_listed_too() {
    let world = two_editors().app("bot").grant("ENG", "user:bot", EDITOR).page("ENG", 1, 0, "user:ann", "");
    assert_eq!(world.can("user:bot", ContentVerb::View, "ENG/1"), denied(Level::Content(id(1))));
    let listed = world.restrict("ENG", 1, "user:ann user:bot", "");
    assert_eq!(listed.can("user:bot", ContentVerb::View, "ENG/1"), Verdict::Allowed);
}

#[test]
fn case_24_public_links_are_outside() {
    let world = two_editors().page("ENG", 1, 0, "user:ann", "").page("ENG", 2, 0, "", "").kind(
        "ENG",
        2,
        ContentKind::Folder,
    );
    let engine = Engine::new(&world.0);
    assert!(engine.who(ContentVerb::View, &object("ENG/1")).outside.contains(&Outside::PublicLinks));
    assert!(!engine.who(ContentVerb::View, &object("ENG/2")).outside.contains(&Outside::PublicLinks));
}

#[test]
fn case_25_a_moved_page_inherits_its_new_chain() {
    let before = two_editors().page("ENG", 1, 0, "user:ann", "").page("ENG", 2, 0, "", "");
    let mut after = before.clone();
    let tree = after.at("ENG").tree.as_mut().unwrap();
    let mut moved = tree.get(id(2)).unwrap().clone();
    moved.parent = Parent::Content(id(1));
    tree.insert(moved);
    assert_eq!(after.can("user:bob", ContentVerb::View, "ENG/2"), denied(Level::Ancestor(id(1))));
    let effects = effective_changes(&before.0, &after.0).effects;
    assert_eq!(effects[0].causes, BTreeSet::from([Cause::Page { space: key("ENG"), content: id(2) }]));
}

#[test]
fn case_26_a_copy_has_the_lists_it_was_read_with() {
    // Whether copying takes the lists along is not documented; the engine takes neither for granted.
    let world = two_editors().page("ENG", 1, 0, "user:ann", "");
    let without = world.clone().page("ENG", 2, 0, "", "");
    let with = world.page("ENG", 2, 0, "user:ann", "");
    assert_eq!(without.can("user:bob", ContentVerb::View, "ENG/2"), Verdict::Allowed);
    assert_eq!(with.can("user:bob", ContentVerb::View, "ENG/2"), denied(Level::Content(id(2))));
}

#[test]
fn case_27_blog_posts_stand_alone_and_the_home_page_hides_all_below() {
    let world = two_editors()
        .grant("ENG", "user:cai", "read/space create/blogpost")
        .page("ENG", 1, 0, "user:ann", "")
        .page("ENG", 2, 1, "", "")
        .page("ENG", 3, 0, "", "")
        .kind("ENG", 3, ContentKind::Blogpost);
    assert_eq!(world.can("user:bob", ContentVerb::View, "ENG/2"), denied(Level::Ancestor(id(1))));
    assert_eq!(world.can("user:bob", ContentVerb::View, "ENG/3"), Verdict::Allowed);
    assert_eq!(world.can("user:bob", ContentVerb::Edit, "ENG/3"), denied(Level::Space));
    assert_eq!(world.can("user:cai", ContentVerb::Edit, "ENG/3"), Verdict::Allowed);
}

#[test]
fn case_28_folders_restrict_like_pages_where_their_lists_can_be_read() {
    let world = two_editors()
        .page("ENG", 1, 0, "user:ann", "")
        .kind("ENG", 1, ContentKind::Folder)
        .page("ENG", 2, 1, "", "");
    assert_eq!(world.can("user:bob", ContentVerb::View, "ENG/2"), denied(Level::Ancestor(id(1))));
    let mut unread = world;
    unread.at("ENG").tree.as_mut().unwrap().set_restrictions(id(1), Known::Unknown(Why::NoApi));
    let reason = Reason::ListsUnread { content: id(1), why: Why::NoApi };
    assert_eq!(unread.can("user:bob", ContentVerb::View, "ENG/2"), unknown(reason));
}

#[test]
fn case_29_a_caller_who_takes_themself_off_is_told() {
    let before = two_editors().page("ENG", 1, 0, "user:ann user:bob", "");
    let after = before.clone().restrict("ENG", 1, "user:bob", "");
    let effects = effective_changes(&before.0, &after.0).effects;
    assert!(effects.iter().any(|effect| effect.who.people.contains(&account("ann"))));
    let required_admins = BTreeSet::from([principal("user:ann")]);
    let findings =
        lints(&Engine::of_what_is_listed(&after.0), &LintInputs { required_admins, ..LintInputs::default() });
    assert!(findings.iter().any(|finding| finding.lint == Lint::AdminCutOff));
}

#[test]
fn case_30_authorship_gives_no_view() {
    let own = "read/space delete_own/space";
    let world = two_editors()
        .grant("ENG", "user:cai", own)
        .page("ENG", 1, 0, "user:ann", "")
        .page("ENG", 2, 0, "", "");
    assert_eq!(world.can("user:cai", ContentVerb::View, "ENG/1"), denied(Level::Content(id(1))));
    assert_eq!(world.can("user:cai", ContentVerb::Delete, "ENG/1"), denied(Level::Content(id(1))));
    assert_eq!(world.can("user:cai", ContentVerb::Delete, "ENG/2"), unknown(Reason::AuthorUnread));
}

#[test]
fn case_31_a_renamed_group_is_the_same_group() {
    let mut world = two_editors().page("ENG", 1, 0, "group:a", "");
    world.0.directory.groups.get_mut(&group("a")).unwrap().name = "renamed".into();
    assert_eq!(world.can("user:ann", ContentVerb::View, "ENG/1"), Verdict::Allowed);
}

#[test]
fn case_32_a_deleted_group_leaves_an_unknown_entry_or_an_open_page() {
    let mut stays = two_editors().page("ENG", 1, 0, "group:a", "");
    stays.0.directory.groups.remove(&group("a"));
    let reason = Reason::MembersUnread { group: group("a"), why: Why::NotRead };
    assert_eq!(stays.can("user:bob", ContentVerb::View, "ENG/1"), unknown(reason.clone()));
    assert!(Engine::new(&stays.0).who(ContentVerb::View, &object("ENG/1")).incomplete.contains(&reason));
    let vanishes = stays.restrict("ENG", 1, "", "");
    assert_eq!(vanishes.can("user:bob", ContentVerb::View, "ENG/1"), Verdict::Allowed);
}

#[test]
fn case_33_export_splits_off_view_in_roles() {
    let world = LiveBuilder::new()
        .mode(SpaceRoleMode::Roles)
        .people("ann bob")
        .role("Reader", RoleKind::Custom, "read/space read/comment")
        .role("Exporter", RoleKind::Custom, "read/space export/content")
        .space("ENG")
        .assign("ENG", "user:ann", "Reader")
        .assign("ENG", "user:bob", "Exporter");
    let export = Verb::Space(Permission::ExportContent);
    assert_eq!(world.can("user:ann", ContentVerb::View, "ENG"), Verdict::Allowed);
    assert_eq!(world.can("user:ann", export, "ENG"), denied(Level::Space));
    assert_eq!(world.can("user:bob", export, "ENG"), Verdict::Allowed);
}

#[test]
fn case_34_a_class_gives_what_nothing_takes() {
    let world = LiveBuilder::new()
        .mode(SpaceRoleMode::Roles)
        .people("ann")
        .unlicensed("dan")
        .role("Viewer", RoleKind::System, "words/nobody-knows")
        .role("Odd", RoleKind::Custom, "words/nobody-knows")
        .space("ENG")
        .assign("ENG", "class:all-licensed-users", "Viewer")
        .space("ODD")
        .assign("ODD", "class:all-licensed-users", "Odd");
    assert_eq!(world.can("user:ann", ContentVerb::View, "ENG"), Verdict::Allowed);
    // The name of a role of Atlassian's says what it gives at least, not what else.
    let reason = Reason::RoleUnread { role: "role-Viewer".parse().unwrap() };
    assert_eq!(world.can("user:ann", ContentVerb::Edit, "ENG"), unknown(reason));
    assert_eq!(world.can("user:dan", ContentVerb::View, "ENG"), denied(Level::Site));
    let reason = Reason::RoleUnread { role: "role-Odd".parse().unwrap() };
    assert_eq!(world.can("user:ann", ContentVerb::View, "ODD"), unknown(reason));
}

#[test]
fn case_35_personal_spaces_are_spaces() {
    let world = two_editors().space("~ann").grant("~ann", "user:ann", "read/space administer/space");
    assert_eq!(world.can("user:ann", Verb::Space(Permission::AdministerSpace), "~ann"), Verdict::Allowed);
    assert_eq!(world.can("user:bob", ContentVerb::View, "~ann"), denied(Level::Space));
}

#[test]
fn case_36_archived_spaces_are_not_covered() {
    let mut world = two_editors().page("ENG", 1, 0, "", "");
    world.at("ENG").space.status = SpaceStatus::Archived;
    let reason = Reason::SpaceArchived { space: key("ENG") };
    assert_eq!(world.can("user:ann", ContentVerb::View, "ENG/1"), unknown(reason));
    assert_eq!(world.can("user:cai", ContentVerb::View, "ENG/1"), denied(Level::Space));
}

#[test]
fn lists_above_an_archived_page_may_not_count_for_it() {
    let before = two_editors()
        .page("ENG", 1, 0, "user:bob", "")
        .page("ENG", 2, 1, "", "")
        .page("ENG", 3, 1, "user:bob", "")
        .page("ENG", 4, 2, "", "");
    let world = before.clone().archive("ENG", 2).archive("ENG", 3);
    let perhaps = |page| unknown(Reason::ArchivedBelowLists { content: id(page) });
    assert_eq!(world.can("user:bob", ContentVerb::View, "ENG/2"), Verdict::Allowed);
    assert_eq!(world.can("user:ann", ContentVerb::View, "ENG/2"), perhaps(2));
    assert_eq!(world.can("user:ann", ContentVerb::Edit, "ENG/2"), perhaps(2));
    // Its own list counts, and so do the lists above what hangs below it and is not archived.
    assert_eq!(world.can("user:ann", ContentVerb::View, "ENG/3"), denied(Level::Content(id(3))));
    assert_eq!(world.can("user:ann", ContentVerb::View, "ENG/4"), denied(Level::Ancestor(id(1))));
    let who = Engine::new(&world.0).who(ContentVerb::View, &object("ENG/2"));
    assert!(who.perhaps.contains(&account("ann")) && who.people.contains(&account("bob")), "{who:?}");
    assert!(who.incomplete.contains(&Reason::ArchivedBelowLists { content: id(2) }));
}

#[test]
fn case_37_a_hidden_ancestor_makes_the_answer_unknown() {
    let world = two_editors().page("ENG", 2, 1, "", "").page("ENG", 3, 2, "user:bob", "");
    let reason = Reason::AncestorHidden { content: id(1) };
    assert_eq!(world.can("user:bob", ContentVerb::View, "ENG/3"), unknown(reason.clone()));
    assert_eq!(world.can("user:ann", ContentVerb::View, "ENG/3"), denied(Level::Content(id(3))));
    let who = Engine::new(&world.0).who(ContentVerb::View, &object("ENG/3"));
    assert_eq!((who.people.len(), who.perhaps), (0, BTreeSet::from([account("bob")])));
    assert!(who.incomplete.contains(&reason));
}

#[test]
fn roles_tell_create_from_edit() {
    let world = LiveBuilder::new()
        .mode(SpaceRoleMode::RolesTransition)
        .people("ann bob")
        .space("ENG")
        .grant("ENG", "user:ann", "read/space create/page")
        .grant("ENG", "user:bob", "read/space update/page");
    assert_eq!(world.can("user:ann", ContentVerb::Edit, "ENG"), denied(Level::Space));
    assert_eq!(world.can("user:bob", ContentVerb::Edit, "ENG"), Verdict::Allowed);
}

#[test]
fn deactivated_people_do_not_pass_the_site_gate() {
    let world = two_editors().status("ann", AccountStatus::Inactive).status("bob", AccountStatus::Unknown);
    assert_eq!(world.can("user:ann", ContentVerb::View, "ENG"), denied(Level::Site));
    assert_eq!(
        world.can("user:bob", ContentVerb::View, "ENG"),
        unknown(Reason::AccountUnread { account: account("bob") })
    );
    assert_eq!(
        world.can("user:nobody", ContentVerb::View, "ENG"),
        unknown(Reason::AccountUnread { account: account("nobody") })
    );
}

/// W16: a site on which no group is known to give access says nothing about who is licensed.
#[test]
fn licences_that_no_group_gives_are_unknown() {
    for access in [Known::Unknown(Why::Hidden), Known::Known(ProductAccess::None)] {
        let mut world = two_editors();
        for group in world.0.directory.groups.values_mut() {
            group.access = access;
        }
        let engine = Engine::new(&world.0);
        let explained = engine.explain(&asker("user:ann"), ContentVerb::View, &object("ENG"));
        assert_eq!(explained.verdict, unknown(Reason::LicencesUnlisted));
        assert_eq!(explained.levels[0].outcome, Outcome::Unknown);
        assert!(engine.who(ContentVerb::View, &object("ENG")).incomplete.contains(&Reason::LicencesUnlisted));
        // Who holds nothing is denied, licensed or not.
        assert!(matches!(world.can("user:cai", ContentVerb::Edit, "ENG"), Verdict::Denied(_)));
        // Warnings and guards take active people to be licensed.
        let listed = Engine::of_what_is_listed(&world.0);
        assert_eq!(listed.can(&asker("user:ann"), ContentVerb::View, &object("ENG")), Verdict::Allowed);
    }
}
