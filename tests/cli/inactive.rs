//! Deactivated accounts, on sites that take them in writes and on sites that do not, which is not documented.

use confperm::sandbox::world::{ContentId, Grant, ListKind, Principal, World};

use crate::support::{Folder, Hosted, Ran, sign_in};

/// `tom` was deactivated, and its row and entries are there.
const SITE: &str = "kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, edition: standard, caller: me, cloud-id: c1}
users:
  me: {account-id: u-me, name: Me, email: me@x.com, confluence-admin: true}
  bob: {account-id: u-bob, name: Bob}
  tom: {account-id: u-tom, name: Tom, status: inactive}
spaces:
  ENG:
    id: 101
    name: Engineering
    permissions:
      read/space: [user:me, user:bob, user:tom]
      create/page: [user:me]
      administer/space: [user:me]
      restrict_content/space: [user:me]
    pages:
      - {id: 1, title: Free}
      - {id: 2, title: Pay, view: [user:me, user:bob, user:tom], edit: [user:me]}
";

/// The site with the switch in one position, and a policy for it.
struct Case {
    folder: Folder,
    hosted: Hosted,
}

const ACCEPTED: &str = "accepted";
const REFUSED: &str = "refused";

impl Case {
    fn new(position: &str, policy: &str) -> Self {
        Self::on(SITE, position, policy)
    }

    fn on(site: &str, position: &str, policy: &str) -> Self {
        let policy = format!(
            "version: 1\npeople: {{me: u-me, bob: u-bob, tom: u-tom}}\nguards: {{max-removals: 100%}}\n{policy}"
        );
        let site = format!("{site}quirks: {{inactive-subjects: {position}}}\n");
        let folder = Folder::with(&[("confperm.yaml", &policy), ("site.yaml", &site)]);
        let hosted = Hosted::open(&folder.file("site.yaml"));
        Self { folder, hosted }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.folder.confperm(arguments);
        sign_in(&mut command, &self.hosted.running.site_url(), &self.hosted.running);
        Ran::from(command.output().unwrap())
    }

    /// The view list of a page.
    fn viewers(&self, page: u64) -> Vec<String> {
        self.hosted.running.world(|world: &World| {
            let lists = &world.content(ContentId(page)).unwrap().lists;
            lists.get(ListKind::Read).iter().map(Principal::to_string).collect()
        })
    }

    /// How many rows an account has.
    fn rows(&self, account: &str) -> usize {
        let who = Principal::User(account.into());
        self.hosted.running.world(|world| {
            let space = world.space_keyed("ENG").unwrap();
            space.grants.values().filter(|grant: &&Grant| grant.principal == who).count()
        })
    }
}

/// Which accounts a site takes shows only when it is asked, so a plan says that the account is deactivated, and an apply
/// what the site made of it. What it refuses stays as it was; no list is open that was not. A run that changed nothing
/// has failed.
#[test]
fn a_list_that_keeps_a_deactivated_account_is_written_or_stays() {
    let policy = "spaces: {ENG: {mode: additive, pages: {/Pay: {view: [user:me, user:tom]}}}}\n";
    for (position, code, after) in [
        (ACCEPTED, 0, &["user u-me", "user u-tom"][..]),
        (REFUSED, 1, &["user u-bob", "user u-me", "user u-tom"]),
    ] {
        let case = Case::new(position, policy);
        let plan = case.run(&["plan"]).code(0);
        assert!(plan.err.contains("the account of Tom is deactivated"), "{}", plan.err);
        for _ in 0..2 {
            let ran = case.run(&["apply", "--yes"]).code(code);
            let says = ran.out.contains("/Pay") && ran.out.contains("Unknown subject: user u-tom");
            assert_eq!(says, position == REFUSED, "{}", ran.out);
            assert_eq!(case.viewers(2), after, "{position}");
        }
    }
}

#[test]
fn what_a_deactivated_account_is_given_is_there_or_reported() {
    let access =
        "spaces: {ENG: {mode: additive, access: {create/page: [user:tom], create/comment: [user:bob]}}}\n";
    for (position, code, rows) in [(ACCEPTED, 0, 2), (REFUSED, 5, 1)] {
        let case = Case::new(position, access);
        let ran = case.run(&["apply", "--yes"]).code(code);
        assert_eq!(ran.out.contains("Unknown subject: user u-tom"), code == 5, "{}", ran.out);
        assert_eq!((case.rows("u-tom"), case.rows("u-bob")), (rows, 2), "{position}: {}", ran.out);
    }
    // A page that was open stays open, and that is no success.
    let list = "spaces: {ENG: {mode: additive, pages: {/Free: {view: [user:me, user:tom]}}}}\n";
    for (position, code, viewers) in [(ACCEPTED, 0, &["user u-me", "user u-tom"][..]), (REFUSED, 1, &[])] {
        let case = Case::new(position, list);
        let ran = case.run(&["apply", "--yes"]).code(code);
        assert_eq!(ran.out.contains("Unknown subject: user u-tom"), code == 1, "{}", ran.out);
        assert_eq!(case.viewers(1), viewers, "{position}");
    }
}

/// Roles are given by another request.
#[test]
fn a_role_for_a_deactivated_account_is_there_or_reported() {
    let rows = SITE.find("    permissions:").unwrap()..SITE.find("    pages:").unwrap();
    let mut site = SITE.replace("pre-roles", "roles");
    site.replace_range(
        rows.start - 4..rows.end - 4,
        "    role-assignments: {Admin: [user:me]}
",
    );
    let roles = "roles:
  Admin: {id: r-admin, type: system, permissions: [read/space, administer/space]}
  Viewer: {id: r-viewer, type: system, permissions: [read/space]}
spaces:
";
    let policy = "spaces: {ENG: {mode: additive, access: {viewer: [user:tom]}}}\n";
    for (position, code) in [(ACCEPTED, 0), (REFUSED, 1)] {
        let case = Case::on(&site.replace("spaces:\n", roles), position, policy);
        let ran = case.run(&["apply", "--yes"]).code(code);
        assert_eq!(ran.out.contains("Unknown subject: user u-tom"), code == 1, "{}", ran.out);
    }
}

/// An account that was left on a list is the way to a finished run on either site.
#[test]
fn a_deactivated_account_is_taken_off_in_each_position() {
    let policy = "rules: [{name: leavers, spaces: [ENG], absent: [user:tom]}]\n";
    for position in [ACCEPTED, REFUSED] {
        let case = Case::new(position, policy);
        case.run(&["apply", "--yes"]).code(0);
        assert_eq!(case.viewers(2), ["user u-bob", "user u-me"], "{position}");
        assert_eq!(case.rows("u-tom"), 0, "{position}");
        let plan = case.run(&["plan"]).code(0);
        assert!(plan.out.contains("Nothing to change"), "{}", plan.out);
    }
}
