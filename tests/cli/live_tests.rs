//! `confperm test --live`: what the site itself says, and what confperm says where the site has no answer.

use crate::support::{Folder, Ran};

const SITE: &str = "kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, caller: bot}
users:
  bot: {account-id: u-bot, name: Bot, email: bot@x.com, confluence-admin: true}
  bob: {account-id: u-bob, name: Bob}
  pia: {account-id: u-pia, name: Pia}
groups:
  staff: {id: g-staff, members: [bot, bob], access: user}
  partners: {id: g-partners, members: [pia], access: user}
spaces:
  ENG:
    id: 101
    name: Engineering
    permissions: {read/space: [user:bot, group:staff], create/page: [group:staff], delete/page: [group:staff], administer/space: [user:bot]}
    pages:
      - {id: 1, title: Home, children: [{id: 2, title: Plans}, {id: 3, title: Older, status: archived}]}
      - {id: 4, title: Secret, view: [user:bob], children: [{id: 5, title: Below}]}
";

const HEAD: &str = "version: 1
site: {url: 'sandbox:site.yaml'}
people: {bot: u-bot, bob: u-bob, pia: u-pia}
";

/// A run on a site with an adversary, with tests and whatever else stands in the policy.
fn tested(adversary: &str, policy: &str) -> Ran {
    let site = SITE.replace("\nusers:", &format!("\nadversary: {adversary}\nusers:"));
    let folder = Folder::with(&[("site.yaml", &site), ("confperm.yaml", &format!("{HEAD}{policy}"))]);
    folder.run(&["test", "--live"])
}

const STAFF: &str = "tests:
  - {name: staff, who: group:staff, can: {view: [ENG/Home/**, ENG]}}
  - {name: pia, who: user:pia, cannot: {view: [ENG/**], delete: [ENG/Home], export: [ENG]}}
";

#[test]
fn pages_are_the_sites_to_answer_and_the_rest_is_confperms() {
    let ran = tested("{}", STAFF).code(0);
    assert!(ran.err.contains("Putting 5 questions to the site itself"), "{}", ran.err);
    assert!(ran.out.contains("staff  3 checks  1 answered by confperm"), "{}", ran.out);
    assert!(ran.out.contains("pia  5 checks  2 answered by confperm"), "{}", ran.out);
}

/// Whether `delete` is kept from a person whose groups no one can see is not known, and a test about it fails.
#[test]
fn what_is_not_known_fails() {
    let delete = "tests: [{name: bob, who: user:bob, cannot: {delete: [ENG/Home/**]}}]\n";
    let ran = tested("{hide: {group-members: 403, memberof: 403}}", delete).code(3);
    assert!(ran.out.contains("unknown, says confperm"), "{}", ran.out);
}

/// A page that goes away between reading and asking ends no run: the test about it fails, and the others are answered.
#[test]
fn a_page_that_went_away_meanwhile_is_unknown() {
    let ran = tested("{fail: ['404:POST:/content/2/permission/check']}", STAFF).code(3);
    assert!(ran.out.contains("unknown, says the site"), "{}", ran.out);
    assert!(ran.out.contains("the site does not show /Home/Plans any more"), "{}", ran.out);
    assert!(ran.out.contains("2 tests, 2 failed"), "{}", ran.out);
}

/// An account or a group that the site takes no question about is confperm's to answer, which is said.
#[test]
fn a_question_that_the_site_refuses_is_answered_by_confperm() {
    let ran = tested("{fail: ['400:POST:/content/2/permission/check']}", STAFF).code(0);
    assert!(ran.out.contains("staff  3 checks  2 answered by confperm"), "{}", ran.out);
}

#[test]
fn a_site_that_fails_or_permits_nothing_ends_the_run() {
    let ran = tested("{fail: ['403:POST:/content/2/permission/check']}", STAFF).code(1);
    assert!(ran.err.contains("only a Confluence administrator may ask"), "{}", ran.err);
}

const ONLY: &str = "tests: [{name: only staff, only: {view: {ENG/Home/**: [group:staff]}}}]\n";

/// Archived pages are among those of a pattern, and each of its pages with lists of its own is asked about.
#[test]
fn only_holds_on_the_site_itself() {
    let ran = tested("{}", ONLY).code(0);
    assert!(ran.err.contains("to the site itself"), "{}", ran.err);
    let open = SITE.replace("group:staff], create", "group:staff, user:pia], create");
    let folder = Folder::with(&[("site.yaml", &open), ("confperm.yaml", &format!("{HEAD}{ONLY}"))]);
    let ran = folder.run(&["test", "--live"]).code(3);
    assert!(
        ran.out.contains("user:pia should not be able to view ENG/Home/Plans: allowed, says the site"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("ENG/Home/Older (archived): allowed, says the site"), "{}", ran.out);
}

/// Who can, and may be in a group that is named, is not surely one who should not.
#[test]
fn only_does_not_accuse_those_who_may_be_in_a_named_group() {
    let ran = tested("{hide: {group-members: 403}}", ONLY).code(3);
    assert!(
        ran.out.contains("user:bot should not be able to view ENG/Home/Older (archived): unknown"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("the members of group:staff are hidden"), "{}", ran.out);
    assert!(!ran.out.contains("should not be able to view ENG/Home/Plans: allowed"), "{}", ran.out);
}

/// A group that is not named and of which no one can see who is in it is asked about as a whole.
#[test]
fn only_asks_about_groups_whose_members_are_hidden() {
    let bob = ONLY.replace("group:staff", "user:bob");
    let ran = tested("{hide: {group-members: 403}}", &bob).code(3);
    assert!(
        ran.out.contains(
            "group:staff should not be able to view ENG/Home/Older (archived): allowed, says the site"
        ),
        "{}",
        ran.out
    );
}

/// `**` is about the spaces of the policy, of which there may be none.
#[test]
fn a_test_that_checks_nothing_is_warned_of() {
    let nothing = "tests: [{name: no one, who: user:pia, cannot: {view: ['**']}}]\n";
    let ran = tested("{}", nothing).code(0);
    assert!(ran.err.contains("the test \"no one\" checks nothing"), "{}", ran.err);
    assert!(ran.err.contains("`**` means all pages of the spaces that the policy names"), "{}", ran.err);
    let named = format!("{nothing}spaces: {{ENG: {{mode: additive, access: {{viewer: [group:staff]}}}}}}\n");
    let ran = tested("{}", &named).code(0);
    assert!(!ran.err.contains("checks nothing") && ran.out.contains("3 checks"), "{}{}", ran.out, ran.err);
}

/// The site as it is can be asked about whatever the policy says, and a policy that means nothing there is mentioned.
#[test]
fn names_that_are_not_there_are_mentioned() {
    let policy = format!("{STAFF}spaces: {{ENG: {{mode: additive, access: {{viewer: [group:nosuch]}}}}}}\n");
    let ran = tested("{}", &policy).code(0);
    assert!(ran.err.contains("names in the policy do not exist on the site"), "{}", ran.err);
}
