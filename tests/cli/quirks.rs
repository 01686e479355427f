//! What Atlassian does not document is a switch of the sandbox; confperm is right with each switch in each
//! position, through HTTP, in every mode.

use confperm::sandbox::world::{AnonymousRow, Pair, Principal};

use crate::in_process::Stage;

/// A site that has something of everything.
const SITE: &str = "
kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: MODE, edition: standard, anonymous: true, caller: ann, cloud-id: c1}
users:
  ann: {account-id: u-ann, name: Ann, email: ann@x.com, confluence-admin: true}
  bob: {account-id: u-bob, name: Bob, email: bob@x.com}
  cleo: {account-id: u-cleo, name: Cleo, email: cleo@x.com}
  dan: {account-id: u-dan, name: Dan, email: dan@x.com}
  eve: {account-id: u-eve, name: Eve, email: eve@x.com}
  bot: {account-id: u-bot, name: Bot, type: app}
groups:
  eng: {id: g-eng, members: [bob, cleo], access: user}
  sre: {id: g-sre, members: [cleo]}
  ext: {id: g-ext, members: [dan]}
  old: {id: g-old, members: [eve]}
ROLES
spaces:
  ENG:
    id: 101
    name: Engineering
    STATUS
HOLDINGS
    pages:
      - id: 1
        title: Home
        children:
          - id: 2
            title: Runbooks
            children:
              - {id: 3, title: On-call, view: [group:sre, user:ann], edit: [group:sre, user:ann]}
              - {id: 4, title: Deploy, edit: [user:ann]}
          - {id: 5, title: Handbook, view: [group:eng, user:ann], edit: [group:eng, user:ann]}
          - {id: 6, title: Drafts, view: [group:eng, user:ann], edit: [user:ann]}
          - {id: 7, title: Roadmap, view: [group:eng, user:ann]}
          - {id: 8, title: Notes, edit: [group:eng, user:bot, user:ann]}
          - {id: 9, title: Sketches, type: folder, children: [{id: 10, title: Logo}]}
quirks: {QUIRKS}
";

const GRANTS: &str = "
    permissions:
      read/space: [user:ann, group:eng, group:ext, group:old, user:bob, user:eve, user:bot, anonymous]
      create/page: [user:ann, group:eng, user:eve, user:bot]
      create/comment: [user:ann, group:eng, group:ext, anonymous]
      delete/comment: [group:ext]
      create/attachment: [user:ann, group:eng]
      restrict_content/space: [user:ann]
      export/space: [user:bob, group:ext]
      administer/space: [user:ann, user:eve]
";

/// Rows that only sites with roles have.
const NEWER_GRANTS: &str = "      export_content/space: [user:ann, group:eng, user:eve]
      update/page: [user:ann, group:eng, user:bot]
      manage_users/space: [user:ann, user:eve]
    role-assignments:
      Viewer: [group:sre]
";

const ASSIGNMENTS: &str = "
    role-assignments:
      Admin: [user:ann, user:eve]
      Viewer: [group:eng, class:all-licensed-users]
      Collaborator: [group:old, user:bot]
";

const ROLES: &str = "roles:
  Admin: {id: r-admin, type: system, permissions: [read/space, export_content/space, create/page, update/page, create/comment, delete/comment, restrict_content/space, export/space, administer/space, manage_users/space]}
  Collaborator: {id: r-collaborator, type: system, permissions: [read/space, export_content/space, create/page, update/page, create/comment]}
  Viewer: {id: r-viewer, type: system, permissions: [read/space, export_content/space, create/comment]}
";

const PAGES: &str = "
    pages:
      /Runbooks: {view: ['group:eng']}
      /Runbooks/On-call: {view: ['group:eng', 'group:sre'], edit: ['group:sre']}
      /Runbooks/Deploy: {view: anyone, edit: anyone}
      /Handbook: {view: anyone, edit: ['group:eng']}
      /Drafts: {view: anyone, edit: anyone}
      /Roadmap: {view: ['group:eng'], edit: ['group:eng']}
      /Notes: {view: anyone, edit: ['group:eng', 'user:dan']}
";

/// Grants of every kind: people, groups, all; bundles and single permissions; companions that are
/// wanted and such that are not; what is there, what is new, and what goes.
const GRANT_POLICY: &str = "
version: 1
people: {ann: u-ann, bob: u-bob, cleo: u-cleo, dan: u-dan}
spaces:
  ENG:
    access:
      admin: ['user:ann']
      collaborator: ['group:eng']
      viewer: ['group:sre']
      read/space: ['group:ext', anonymous, 'user:dan', 'user:cleo']
      create/page: ['group:ext']
      create/blogpost: ['user:dan']
      create/comment: ['user:dan']
      administer/space: ['user:cleo']
";

/// What can be asked for beyond it where the newer permissions exist.
const NEWER_POLICY: &str = "      export_content/space: ['user:dan']
      update/page: ['group:ext']
      update/blogpost: ['user:cleo']
";

const ROLE_POLICY: &str = "
version: 1
people: {ann: u-ann, bob: u-bob, dan: u-dan}
spaces:
  ENG:
    access:
      admin: ['user:ann', 'group:sre']
      collaborator: ['group:eng', 'user:dan']
      viewer: ['class:all-licensed-users', anonymous]
";

const MODES: [&str; 3] = ["pre-roles", "roles-transition", "roles"];

fn site(mode: &str, quirks: &str) -> String {
    let holdings = match mode {
        "pre-roles" => GRANTS.to_owned(),
        "roles-transition" => format!("{GRANTS}{NEWER_GRANTS}"),
        _ => ASSIGNMENTS.to_owned(),
    };
    SITE.replace("MODE", mode)
        .replace("ROLES", if mode == "pre-roles" { "" } else { ROLES })
        .replace("HOLDINGS", &holdings)
        .replace("QUIRKS", quirks)
        .replace("STATUS", "status: current")
}

fn policy(mode: &str) -> String {
    match mode {
        "pre-roles" => format!("{GRANT_POLICY}{PAGES}"),
        "roles-transition" => format!("{GRANT_POLICY}{NEWER_POLICY}{PAGES}"),
        _ => format!("{ROLE_POLICY}{PAGES}"),
    }
}

/// Every switch that can matter to reading or changing access, in every position but its usual one, which all
/// the others run with; and all of them in that.
const SWITCHES: [&str; 40] = [
    "",
    "companions: roles-transition",
    "companions: never",
    "read-companions: []",
    "page-companions: []",
    "comment-companions: [delete/comment]",
    "blogpost-companions: [create/blogpost]",
    "blogpost-companions: [create/blogpost, delete/blogpost]",
    "admin-companions: [manage_users/space]",
    "admin-companions: [manage_content/space, manage_templates/space, manage_look_and_feel/space, manage_users/space, manage_guest_users/space, manage_nonlicensed_users/space, manage_public_links/space, delete_space/space, archive_space/space]",
    "producer-removal-takes-companion: false",
    "admin-removal-takes-manage-users: false",
    "last-admin-rule: false",
    "extra-pairs-in-pre-roles: true",
    "duplicate-rows: independent",
    "duplicate-rows: linked",
    "duplicate-rows: companions-first",
    "anonymous-row: user",
    "role-vocabulary: pairs",
    "role-vocabulary: partly-unknown",
    "role-post-removes-custom-access: true",
    "role-row-delete: ignored",
    "last-admin-rule-for-roles: true",
    "restriction-put-adds-caller: true",
    "put-keeps-missing-operations: true",
    "empty-restriction: refused",
    "update-without-read: refused",
    "folders-restrictable: true",
    "self-removal: refused",
    "restricting-needs-permission: false",
    "unlisting-nobody: ok",
    "update-list-guards-delete: false",
    "anonymous-rows-need-site-switch: true",
    "deleted-group-entries: emptied",
    "emails-visible: true",
    "search-misses: [2, 3, 5]",
    "page-cap: 1",
    "empty-pages: true",
    "unreadable-ancestor-fails-batch: false",
    "archived-spaces-writable: false",
];

/// Switches that meet in the same call.
const PAIRS: [&str; 13] = [
    "empty-restriction: refused, put-keeps-missing-operations: true",
    "empty-restriction: refused, put-keeps-missing-operations: true, restriction-put-adds-caller: true",
    "empty-restriction: refused, put-keeps-missing-operations: true, self-removal: refused",
    "update-without-read: refused, self-removal: refused, restriction-put-adds-caller: true",
    "duplicate-rows: independent, companions: never",
    "duplicate-rows: independent, role-post-removes-custom-access: false",
    "duplicate-rows: linked, role-post-removes-custom-access: false",
    "duplicate-rows: companions-first, comment-companions: [delete/comment], admin-companions: [manage_users/space]",
    "duplicate-rows: independent, comment-companions: [delete/comment], admin-companions: [manage_users/space]",
    "duplicate-rows: linked, producer-removal-takes-companion: false",
    "comment-companions: [delete/comment], admin-companions: [manage_users/space], admin-removal-takes-manage-users: false",
    "page-cap: 1, empty-pages: true",
    "search-misses: [2, 3, 4, 5, 6, 7, 8], page-cap: 1",
];

async fn all_converge(mode: &str, switches: &[&str]) {
    let mut wrong = Vec::new();
    for quirks in switches {
        let stage = Stage::open(&site(mode, quirks)).await;
        if let Err(why) = stage.converge(&policy(mode)).await {
            wrong.push(format!("== {mode} with {quirks}\n{why}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn without_roles_every_switch_converges() {
    all_converge("pre-roles", &SWITCHES).await;
}

#[tokio::test]
async fn beside_roles_every_switch_converges() {
    all_converge("roles-transition", &SWITCHES).await;
}

#[tokio::test]
async fn with_roles_only_every_switch_converges() {
    all_converge("roles", &SWITCHES).await;
}

#[tokio::test]
async fn switches_that_meet_converge() {
    for mode in MODES {
        all_converge(mode, &PAIRS).await;
    }
}

/// A site without roles shows a permission that came with them, since Confluence adds it by itself, and grants it to
/// no one. What copies it cannot be finished, and the message says why, and what to do.
#[tokio::test]
async fn a_permission_that_a_site_only_shows_cannot_be_copied() {
    let stage = Stage::open(&site("pre-roles", "extra-pairs-in-pre-roles: false").replace(
        "      export/space: [user:bob, group:ext]",
        "      export/space: [user:bob, group:ext]\n      export_content/space: [group:eng]",
    ))
    .await;
    let policy = "version: 1\npeople: {me: u-ann}\nspaces: {ENG: {mode: additive, access: {read/space: ['user:me']}}}\nrules: [{name: successor, spaces: {key: '*'}, replace: {group:eng: group:ext}}]\n";
    let planned = stage.plan(policy).await;
    let outcome = stage.apply(&planned).await;
    let text = confperm::render::outcome_as_text(&planned.plan, &outcome);
    assert!(text.contains("came with space roles, which this site does not have; take it out"), "{text}");
    assert!(!outcome.is_complete());
}

#[tokio::test]
async fn a_site_that_does_not_say_its_mode_is_read_all_the_same() {
    for mode in ["pre-roles", "roles-transition"] {
        all_converge(mode, &["space-role-mode-absent: true"]).await;
    }
}

/// Rows that a role was put over can be told from those of the role only by who saw them before.
#[tokio::test]
async fn single_permissions_do_not_stay_beside_a_role() {
    let stage = Stage::open(&site("roles-transition", "role-post-removes-custom-access: false")).await;
    stage.converge(&policy("roles-transition")).await.unwrap();
    stage.running.world(|world| {
        let space = world.space_keyed("ENG").unwrap();
        let ann = Principal::User("u-ann".into());
        assert!(space.assignments.contains_key(&ann));
        assert!(space.grants.values().all(|grant| grant.principal != ann));
    });
}

/// Apps look after themselves: their rows and their entries on pages stay.
#[tokio::test]
async fn apps_are_left_alone() {
    let stage = Stage::open(&site("roles-transition", "")).await;
    stage.converge(&policy("roles-transition")).await.unwrap();
    stage.running.world(|world| {
        let bot = Principal::User("u-bot".into());
        let space = world.space_keyed("ENG").unwrap();
        for pair in [Pair::ReadSpace, Pair::CreatePage, Pair::UpdatePage] {
            assert!(space.holds(&bot, pair), "{pair}");
        }
        assert!(world.content(confperm::sandbox::world::ContentId(8)).unwrap().lists.update.contains(&bot));
    });
}

/// Nothing can be claimed about rows that a site does not list: the apply says so, and leaves it at that.
#[tokio::test]
async fn grants_that_the_site_does_not_list_are_unverified() {
    let stage = Stage::open(&site("pre-roles", "anonymous-row: omitted")).await;
    let policy = policy("pre-roles");
    for _ in 0..2 {
        let planned = stage.plan(&policy).await;
        let outcome = stage.apply(&planned).await;
        let text = confperm::render::outcome_as_text(&planned.plan, &outcome);
        assert!(!outcome.is_complete() && !outcome.unverified.is_empty(), "{text}");
        let unlisted = &outcome.verification.unlisted;
        assert_eq!(unlisted.len(), 1, "{text}");
        assert!(text.contains("the site accepted read/space for anonymous but does not list it"), "{text}");
    }
    let holds = stage.running.world(|world| {
        assert_eq!(world.quirks.anonymous_row, AnonymousRow::Omitted);
        world.space_keyed("ENG").unwrap().holds(&Principal::Anonymous, Pair::ReadSpace)
    });
    assert!(holds);
}

/// An archived space that cannot be changed is a refusal of the site with its own words, and nothing else.
#[tokio::test]
async fn an_archived_space_that_is_read_only_says_so() {
    for mode in MODES {
        let state =
            site(mode, "archived-spaces-writable: false").replace("status: current", "status: archived");
        let stage = Stage::open(&state).await;
        let before = stage.running.world(Clone::clone);
        let planned = stage.plan(&policy(mode)).await;
        assert!(!planned.plan.is_empty());
        let outcome = stage.apply(&planned).await;
        assert!(!outcome.is_complete() && !outcome.has_written());
        let text = confperm::render::outcome_as_text(&planned.plan, &outcome);
        assert!(text.contains("rchived"), "{text}");
        assert_eq!(stage.running.world(Clone::clone), before);
    }
}
