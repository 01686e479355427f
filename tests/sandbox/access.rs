//! The access check against the documented edge cases, by the numbers of the fact sheet on access.

use confperm::sandbox::world::{
    AccountId, Action, Caller, Command, ContentId, Denial, GroupId, ListKind, Pair, Principal, SpaceId,
    Subject, Verb, World,
};
use confperm::sandbox::{Site, state};

/// Pages: 1 home, 2 restricted to group A (edit: A), 3 below it, 4 edit-restricted to A, 5 below it,
/// 6 restricted to {A, B}, 7 restricted to an account that left, 8 a restricted folder with 9 in it.
const SITE: &str = "
kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: MODE, anonymous: ANON, unlicensed-access: UNLICENSED}
users:
  a: {account-id: a}
  b: {account-id: b}
  ab: {account-id: ab}
  c: {account-id: c}
  admin: {account-id: admin, confluence-admin: true}
  boss: {account-id: boss}
  left: {account-id: left, status: inactive}
  guest: {account-id: guest, guest-of: S}
  far: {account-id: far, guest-of: T}
  customer: {account-id: customer, type: customer}
  app: {account-id: app, type: app}
groups:
  A: {id: A, members: [a, ab, left]}
  B: {id: B, members: [b, ab]}
roles:
  Viewer: {id: viewer, permissions: [read/space, create/comment]}
spaces:
  S:
    id: 1
    name: S
    permissions:
      read/space: [group:A, user:boss, user:guest, user:app EXTRA]
      create/page: [group:A, user:boss]
      update/page: [group:A, user:boss]
      delete/space: [group:A]
      administer/space: [user:boss, user:guest]
      restrict_content/space: [user:guest]
    ROLES
    UNLICENSED-SPACE
    pages:
      - id: 1
        title: Home
        children:
          - {id: 2, title: r, view: [group:A], edit: [group:A], author: b, children: [{id: 3, title: rc, author: a}]}
          - {id: 4, title: e, edit: [user:a], children: [{id: 5, title: ec}]}
          - {id: 6, title: ab, view: [group:A, group:B]}
          - {id: 7, title: dead, view: [user:left]}
          - {id: 8, title: f, type: folder, view: [user:a], children: [{id: 9, title: in f}]}
          - {id: 10, title: Y, view: [user:b], children: [{id: 11, title: open, children: [{id: 12, title: X, view: [user:a]}]}]}
          - {id: 13, title: blind, view: [user:b], edit: [user:a]}
    blogposts: [{id: 20, title: post}]
  T: {id: 2, name: T, permissions: {read/space: [user:a], create/page: [user:b]}, pages: [{id: 30, title: t}]}
";

fn world(extra: &str) -> World {
    site("pre-roles", false, extra, "", "")
}

fn site(mode: &str, anonymous: bool, extra: &str, roles: &str, unlicensed: &str) -> World {
    let text = SITE
        .replace("MODE", mode)
        .replace("ANON", &anonymous.to_string())
        .replace("UNLICENSED-SPACE", unlicensed)
        .replace("UNLICENSED", &(!unlicensed.is_empty()).to_string())
        .replace("EXTRA", extra)
        .replace("ROLES", roles);
    state::parse(&text).unwrap()
}

fn user(id: &str) -> Subject {
    Subject::User(AccountId::from(id))
}

#[track_caller]
fn sees(world: &World, who: &str, page: u64) -> Result<(), Denial> {
    world.allows(&user(who), Verb::Read, ContentId(page))
}

#[track_caller]
fn edits(world: &World, who: &str, page: u64) -> Result<(), Denial> {
    world.allows(&user(who), Verb::Update, ContentId(page))
}

#[test]
fn access_is_additive_and_lists_subtract() {
    let world = world("");
    assert_eq!(sees(&world, "ab", 1), Ok(()), "1: one of two groups is enough");
    assert_eq!(sees(&world, "b", 6), Err(Denial::Space), "2: listed without space access");
    assert_eq!(sees(&world, "boss", 3), Err(Denial::Ancestor(ContentId(2))), "3: listed nowhere above");
    assert_eq!(
        sees(&world, "a", 12),
        Err(Denial::Ancestor(ContentId(10))),
        "4: on the page, not on the grandparent"
    );
    assert_eq!(sees(&world, "b", 12), Err(Denial::Space));
    assert_eq!(edits(&world, "boss", 4), Err(Denial::Content));
    assert_eq!(edits(&world, "boss", 5), Ok(()), "5: edit lists are not inherited");
    assert_eq!(edits(&world, "app", 5), Err(Denial::Space), "6: edit takes the right in the space");
    assert_eq!(edits(&world, "a", 13), Err(Denial::Content), "7: in update and not in read");
    assert_eq!(edits(&world, "ab", 6), Ok(()), "8: viewers edit when the edit list is empty");
}

#[test]
fn no_account_is_above_restrictions() {
    let world = world("");
    assert_eq!(sees(&world, "boss", 2), Err(Denial::Content), "10: a space admin");
    assert_eq!(sees(&world, "admin", 1), Err(Denial::Space), "11: a product admin");
    for who in ["a", "b", "boss", "left"] {
        assert!(sees(&world, who, 7).is_err(), "13: all listed have left");
    }
    assert_eq!(sees(&world, "app", 2), Err(Denial::Content), "23: an app that is not listed");
    assert_eq!(sees(&world, "b", 2), Err(Denial::Space), "30: the author");
}

#[test]
fn removing_the_last_entry_opens_the_page() {
    let mut site = Site::in_memory(world(", user:c"));
    let caller = Caller::User(AccountId::from("boss"));
    site.world_mut().quirks.restricting_needs_permission = false;
    site.world_mut().content_mut(ContentId(6)).unwrap().lists.read =
        [Principal::User(AccountId::from("boss"))].into();
    assert!(sees(site.world(), "c", 6).is_err());
    let principal = Principal::User(AccountId::from("boss"));
    site.perform(&caller, Command::Unlist { content: ContentId(6), list: ListKind::Read, principal })
        .unwrap()
        .unwrap();
    assert_eq!(sees(site.world(), "c", 6), Ok(()), "14");
}

#[test]
fn anonymous_adds_to_every_account_and_matches_no_list() {
    let closed = world(", anonymous");
    assert_eq!(closed.allows(&Subject::Anonymous, Verb::Read, ContentId(1)), Err(Denial::Site));
    assert_eq!(sees(&closed, "c", 1), Ok(()), "18: adds to people who are signed in");
    let open = site("pre-roles", true, ", anonymous", "", "");
    assert_eq!(open.allows(&Subject::Anonymous, Verb::Read, ContentId(1)), Ok(()));
    assert_eq!(open.allows(&Subject::Anonymous, Verb::Read, ContentId(2)), Err(Denial::Content), "16");
    assert_eq!(open.allows(&Subject::Anonymous, Verb::Read, ContentId(4)), Ok(()), "17");
    assert_eq!(open.allows(&Subject::Anonymous, Verb::Update, ContentId(4)), Err(Denial::Space));
    let mut switch = world(", anonymous");
    switch.quirks.anonymous_rows_need_site_switch = true;
    assert_eq!(sees(&switch, "c", 1), Err(Denial::Space));
}

#[test]
fn guests_have_one_space_and_are_never_admins() {
    let world = site("pre-roles", true, ", user:far", "", "");
    assert_eq!(sees(&world, "far", 1), Err(Denial::Space), "20: granted in another space");
    assert_eq!(sees(&world, "guest", 1), Ok(()));
    let given = world.space_operations(&user("guest"), SpaceId(1));
    assert_eq!(given, [Pair::ReadSpace].into(), "22: admin and restrictions are withheld");
    let mut renamed = world;
    renamed.act(&Action::ChangeSpaceKey { space: SpaceId(1), key: "R".to_owned() }).unwrap();
    assert_eq!(sees(&renamed, "guest", 1), Ok(()), "a guest is one of the space, not of its key");
    let open = site("pre-roles", true, ", anonymous", "", "");
    assert_eq!(sees(&open, "far", 1), Ok(()), "9: what is open to anonymous");
}

#[test]
fn the_help_desk_switch_lets_every_account_view_and_no_more() {
    let world = site("pre-roles", false, "", "", "unlicensed-access: true");
    for who in ["c", "customer", "admin"] {
        assert_eq!(sees(&world, who, 1), Ok(()), "19: {who}");
        assert_eq!(sees(&world, who, 2), Err(Denial::Content));
    }
    assert_eq!(world.space_operations(&user("customer"), SpaceId(1)), [Pair::ReadSpace].into());
    let without = self::world("");
    assert_eq!(sees(&without, "customer", 1), Err(Denial::Site));
}

#[test]
fn folders_restrict_what_is_in_them_and_blog_posts_stand_alone() {
    let world = world("");
    assert_eq!(sees(&world, "ab", 9), Err(Denial::Ancestor(ContentId(8))), "28");
    assert_eq!(sees(&world, "a", 9), Ok(()));
    assert_eq!(sees(&world, "ab", 20), Ok(()), "27");
    assert_eq!(edits(&world, "ab", 20), Err(Denial::Space), "blog posts have rights of their own");
}

#[test]
fn nothing_counts_without_read() {
    let world = world("");
    assert!(world.space_operations(&user("b"), SpaceId(2)).is_empty(), "create/page without read/space");
    assert_eq!(sees(&world, "left", 1), Err(Denial::Site));
}

#[test]
fn roles_and_classes_count_where_the_site_has_roles() {
    let roles = "role-assignments: {Viewer: [class:all-licensed-users]}";
    for mode in ["roles-transition", "roles"] {
        let world = site(mode, false, "", roles, "");
        assert_eq!(sees(&world, "c", 1), Ok(()), "34");
        assert_eq!(world.allows(&user("c"), Verb::Comment, ContentId(1)), Ok(()));
        assert_eq!(edits(&world, "c", 1), Err(Denial::Space));
        assert_eq!(sees(&world, "customer", 1), Err(Denial::Site));
    }
    assert!(state::parse(&SITE.replace("MODE", "pre-roles").replace("ROLES", roles)).is_err());
}

#[test]
fn editing_is_create_on_a_classic_site_and_update_on_one_with_roles() {
    for (mode, result) in [("pre-roles", Err(Denial::Space)), ("roles-transition", Ok(()))] {
        let mut world = site(mode, false, "", "", "");
        let space = world.space_mut(SpaceId(1)).unwrap();
        space.grants.retain(|_, grant| grant.pair != Pair::CreatePage);
        assert_eq!(edits(&world, "a", 1), result, "{mode}");
    }
}

#[test]
fn deleting_takes_the_right_or_authorship_and_the_edit_list_is_a_switch() {
    let mut world = world("");
    let deletes = |world: &World, who: &str, page| world.allows(&user(who), Verb::Delete, ContentId(page));
    assert_eq!(deletes(&world, "a", 3), Ok(()), "its author, with delete own");
    assert_eq!(deletes(&world, "a", 1), Err(Denial::Space));
    world.content_mut(ContentId(4)).unwrap().author = Some(AccountId::from("ab"));
    assert_eq!(deletes(&world, "ab", 4), Err(Denial::Content));
    world.quirks.update_list_guards_delete = false;
    assert_eq!(deletes(&world, "ab", 4), Ok(()));
}

#[test]
fn a_group_is_checked_for_what_it_brings_itself() {
    let world = world("");
    let group =
        |id: &str, page| world.allows(&Subject::Group(GroupId::from(id)), Verb::Read, ContentId(page));
    assert_eq!(group("A", 2), Ok(()));
    assert_eq!(group("B", 1), Err(Denial::Space));
    assert_eq!(group("A", 7), Err(Denial::Content));
    assert_eq!(group("nope", 1), Err(Denial::Site));
}
