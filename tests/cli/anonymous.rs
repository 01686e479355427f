//! What `anonymous` holds, on sites that may leave it out of their lists.

use crate::support::{Folder, Front, Hosted, Ran, Reply, sign_in};

const POLICY: &str = "
version: 1
site: {url: 'https://acme.atlassian.net/wiki'}
people: {ann: 5b10ac8d82e05b22cc7d4e01}
spaces:
  ENG:
    access:
      read/space: [group:team]
      administer/space: [user:ann]
";

fn state(anonymous: bool, row: &str, holds: bool) -> String {
    let holder = if holds { ", anonymous" } else { "" };
    format!(
        "
kind: confluence-sandbox
version: 1
site: {{flavor: cloud, space-role-mode: pre-roles, caller: ann, anonymous: {anonymous}}}
users:
  ann: {{account-id: 5b10ac8d82e05b22cc7d4e01, name: Ann, email: ann@example.com}}
  bob: {{account-id: 5b10ac8d82e05b22cc7d4e02, name: Bob, email: bob@example.com}}
groups:
  lic: {{id: 2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0009, members: [ann, bob], access: user}}
  team: {{id: 2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0002, members: [bob]}}
spaces:
  ENG:
    id: 101
    name: Engineering
    permissions:
      read/space: [user:ann, group:team{holder}]
      administer/space: [user:ann]
quirks: {{companions: never, anonymous-row: {row}}}
"
    )
}

struct Site {
    folder: Folder,
    hosted: Hosted,
}

impl Site {
    fn of(state: &str) -> Self {
        let folder = Folder::with(&[("site.yaml", state), ("confperm.yaml", POLICY)]);
        let hosted = Hosted::open(&folder.file("site.yaml"));
        Self { folder, hosted }
    }

    /// Nothing answers without credentials, as through some proxies.
    fn silent_without_credentials(&self) -> Front {
        self.hosted
            .behind(|_, path| path.ends_with("/user/anonymous").then(|| Reply::v1(401, "Unauthorized")))
    }

    fn run(&self, front: Option<&Front>, arguments: &[&str]) -> Ran {
        let mut command = self.folder.confperm(arguments);
        match front {
            Some(front) => sign_in(&mut command, &front.url, &self.hosted.running),
            None => self.hosted.point(&mut command),
        }
        Ran::from(command.output().unwrap())
    }
}

fn is_match(ran: &Ran) -> bool {
    ran.out.contains("as the policy says")
}

/// W12: the row is there, and the site lists nothing of it.
#[test]
fn entries_of_anonymous_that_the_site_leaves_out_are_no_match() {
    let site = Site::of(&state(true, "omitted", true));
    let silent = site.silent_without_credentials();
    for (front, says) in [
        (
            None,
            "ENG  the permissions of `anonymous`: the site lists no entry for readers who are not signed in, and yet shows",
        ),
        (
            Some(&silent),
            "ENG  the permissions of `anonymous`: the site lists no entry for readers who are not signed in, and may leave",
        ),
    ] {
        let ran = site.run(front, &["plan", "--detailed-exitcode"]).code(6);
        assert!(ran.out.contains(says), "{}", ran.out);
        assert!(ran.out.contains("1 declared thing is unknown"), "{}", ran.out);
        assert!(!is_match(&ran), "{}", ran.out);
        site.run(front, &["plan", "--incomplete=ok"]).code(0);
        let ran = site.run(front, &["apply", "--yes"]).code(6);
        assert!(!is_match(&ran), "{}", ran.out);
    }
}

#[test]
fn what_anonymous_may_is_allowed_only_where_it_shows() {
    let site = Site::of(&state(true, "omitted", true));
    let silent = site.silent_without_credentials();
    let can = |front, who, verb| site.run(front, &["can", who, verb, "ENG"]);
    can(None, "anonymous", "read/space").code(0);
    // Reading the space says nothing about other permissions.
    let ran = can(None, "anonymous", "create/comment").code(3);
    assert!(ran.out.starts_with("unknown"), "{}", ran.out);
    for who in ["anonymous", "user:5b10ac8d82e05b22cc7d4e02"] {
        let ran = can(Some(&silent), who, "create/comment").code(3);
        assert!(ran.out.starts_with("unknown"), "{}", ran.out);
        assert!(ran.err.contains("what `anonymous` holds in ENG is not listed"), "{}", ran.err);
    }
    let ran = can(Some(&silent), "anonymous", "read/space").code(3);
    assert!(ran.out.starts_with("unknown"), "{}", ran.out);
    // What an entry of one's own gives is certain.
    can(Some(&silent), "user:5b10ac8d82e05b22cc7d4e02", "read/space").code(0);
    let who = site.run(Some(&silent), &["who", "read/space", "ENG"]).code(0);
    assert!(who.out.contains("what `anonymous` holds in ENG is not listed"), "{}", who.out);
    let who = site.run(None, &["who", "read/space", "ENG"]).code(0);
    assert!(who.out.contains("anonymous"), "{}", who.out);
}

/// What was known on a site that behaves stays known.
#[test]
fn where_the_lists_or_the_site_itself_tell_nothing_is_unknown() {
    // The site has no anonymous access, or it has and does not show this space.
    for anonymous in [false, true] {
        for row in ["access-class", "user", "omitted"] {
            let site = Site::of(&state(anonymous, row, false));
            let ran = site.run(None, &["plan", "--detailed-exitcode"]).code(0);
            assert!(is_match(&ran), "{}", ran.out);
            let ran = site.run(None, &["can", "anonymous", "read/space", "ENG"]).code(3);
            assert!(ran.out.starts_with("denied"), "{}", ran.out);
            let bob = "user:5b10ac8d82e05b22cc7d4e02";
            let ran = site.run(None, &["can", bob, "create/comment", "ENG"]).code(3);
            assert!(ran.out.starts_with("denied"), "{}", ran.out);
        }
    }
    // Rows that are listed are taken away, and then there is none.
    for row in ["access-class", "user"] {
        let site = Site::of(&state(true, row, true));
        let silent = site.silent_without_credentials();
        site.run(Some(&silent), &["plan", "--detailed-exitcode"]).code(2);
        let ran = site.run(Some(&silent), &["apply", "--yes"]).code(0);
        assert!(is_match(&ran), "{}", ran.out);
    }
}
