//! Lines of `access` that do not do what they say, as far as the site lets it be known.

use crate::support::{Folder, Ran};

const SITE: &str = "kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, edition: standard, caller: bot, anonymous: ANONYMOUS}
users:
  bot: {account-id: 5b10ac8d82e05b22cc7d4e01, name: Bot, email: bot@example.com, confluence-admin: true}
  bob: {account-id: 5b10ac8d82e05b22cc7d4e03, name: Bob}
groups: {staff: {id: g-staff, members: [bot, bob], access: user}}
spaces:
  ENG:
    id: 101
    name: Space 101
    permissions: {read/space: [user:bot, user:bob], export/space: [user:bob], administer/space: [user:bot]}
";

const HEAD: &str = "version: 1
site: {url: sandbox:site.yaml}
people: {bot: 5b10ac8d82e05b22cc7d4e01, bob: 5b10ac8d82e05b22cc7d4e03}
";

fn folder(anonymous: bool, spaces: &str) -> Folder {
    let site = SITE.replace("ANONYMOUS", if anonymous { "true" } else { "false" });
    Folder::with(&[("confperm.yaml", &format!("{HEAD}spaces: {{ENG: {spaces}}}\n")), ("site.yaml", &site)])
}

fn plan(folder: &Folder, day: &str) -> String {
    Ran::from(folder.confperm(&["plan"]).env("CONFPERM_TODAY", day).output().unwrap()).code(0).out
}

const STAYS: &str = "ENG  user:bob: the time of `read/space` is over, and it stays, since other permissions in the space need it";

/// What ended is taken back but for `read/space`, without which the rest would go: that is said, in every plan.
#[test]
fn an_ended_viewer_who_keeps_the_space_is_mentioned() {
    for (mode, other) in [("authoritative", ", export/space: [user:bob]"), ("additive", "")] {
        let access = format!(
            "{{mode: {mode}, access: {{admin: [user:bot], viewer: [{{who: user:bob, until: 2026-11-29}}]{other}}}}}"
        );
        let folder = folder(false, &access);
        assert!(!plan(&folder, "2026-11-28").contains("is over"), "{mode}");
        assert!(plan(&folder, "2026-12-01").contains(STAYS), "{mode}: {}", plan(&folder, "2026-12-01"));
        let applied =
            folder.confperm(&["apply", "--yes"]).env("CONFPERM_TODAY", "2026-12-01").output().unwrap();
        Ran::from(applied).code(0);
        assert!(plan(&folder, "2026-12-01").contains(STAYS), "{mode}: it is still so");
    }
    let gone = folder(false, "{access: {admin: [user:bot], viewer: [{who: user:bob, until: 2026-11-29}]}}");
    plan(&gone, "2026-11-28");
    assert!(!plan(&gone, "2026-12-01").contains("it stays"), "all of it goes");
}

/// A site that keeps visitors out gives them nothing, whatever the rows say.
#[test]
fn anonymous_on_a_site_that_keeps_visitors_out_is_mentioned() {
    const KEPT_OUT: &str = "ENG  anonymous: named here, but this site lets no reader in who is not signed in";
    let access = "{mode: additive, access: {viewer: [anonymous]}}";
    let out = plan(&folder(false, access), "2026-11-28");
    assert!(out.contains(KEPT_OUT), "{out}");
    let out = plan(&folder(true, access), "2026-11-28");
    assert!(!out.contains(KEPT_OUT), "{out}");
}
