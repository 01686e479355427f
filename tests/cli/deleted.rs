//! Groups that a directory deleted and accounts that are closed, while rows and lists of the site still name them.

use confperm::sandbox::world::{ContentId, Grant, ListKind, Principal, World};

use crate::in_process::Stage;
use crate::support::{Folder, Hosted, Ran, Reply, sign_in};

/// `hr` was deleted, and its rows and entries are there. Pages by what their lists have beside it.
const SITE: &str = "kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, edition: standard, anonymous: false, caller: me, cloud-id: c1}
users:
  me: {account-id: u-me, name: Me, email: me@x.com, confluence-admin: true}
  bob: {account-id: u-bob, name: Bob, email: bob@x.com}
  tom: {account-id: u-tom, name: Tom, email: tom@x.com, status: closed}
groups:
  ops: {id: g-ops, members: [me, bob], access: user}
spaces:
  ENG:
    id: 101
    name: Engineering
    homepage: 1
    permissions:
      read/space: [user:me, group:ops, group-id:g-hr]
      create/page: [user:me, group:ops]
      administer/space: [user:me]
      restrict_content/space: [user:me]
    pages:
      - id: 1
        title: Home
        children:
          - {id: 2, title: Plans, view: [user:me, group:ops, group-id:g-hr], edit: [user:me, group-id:g-hr]}
          - {id: 3, title: Pay, view: [user:me, group-id:g-hr]}
          - {id: 4, title: Old, view: [user:me, user:tom], edit: [user:me, user:tom]}
          - {id: 5, title: Free}
          - {id: 6, title: Log, view: [user:me], edit: [user:me, group-id:g-hr]}
  DOCS:
    id: 102
    name: Docs
    permissions: {read/space: [user:me], administer/space: [user:me]}
";

const HEAD: &str = "version: 1\nsite: {url: sandbox:site.yaml}\npeople: {me: u-me, bob: u-bob, tom: u-tom}\n";

fn case(site: &str, policy: &str) -> Folder {
    Folder::with(&[("confperm.yaml", &format!("{HEAD}{policy}")), ("site.yaml", site)])
}

fn pages(pages: &str) -> String {
    format!("spaces: {{ENG: {{mode: additive, pages: {{{pages}}}}}}}\n")
}

/// What PUT makes of what is deleted is not documented.
const POSITIONS: [&str; 3] = ["refused", "accepted", "dropped"];

fn with(site: &str, position: &str) -> String {
    format!("{site}quirks: {{deleted-subjects: {position}}}\n")
}

fn list(world: &World, page: u64, list: ListKind) -> Vec<String> {
    world.content(ContentId(page)).unwrap().lists.get(list).iter().map(Principal::to_string).collect()
}

/// A PUT sends both lists of a page, so also the one that the policy does not mention.
#[tokio::test]
async fn a_list_that_has_a_deleted_group_is_written_without_it() {
    for position in POSITIONS {
        let policy = format!(
            "{HEAD}{}",
            pages("/Home/Plans: {view: [user:me, user:bob]}, /Home/Pay: {edit: [user:me]}")
        );
        let stage = Stage::open(&with(SITE, position)).await;
        stage.converge(&policy).await.unwrap_or_else(|why| panic!("{position}: {why}"));
        stage.running.world(|world| {
            assert_eq!(list(world, 2, ListKind::Read), ["user u-bob", "user u-me"], "{position}");
            assert_eq!(list(world, 2, ListKind::Update), ["user u-me"], "{position}");
            assert_eq!(list(world, 3, ListKind::Read), ["user u-me"], "{position}");
            assert_eq!(list(world, 3, ListKind::Update), ["user u-me"], "{position}");
        });
    }
}

#[test]
fn a_plan_says_what_is_left_out_of_a_list_and_why() {
    let ran = case(SITE, &pages("/Home/Plans: {view: [user:me, user:bob]}")).run(&["plan"]).code(0);
    let line = |found: &str| ran.out.lines().any(|line| line.contains(found));
    assert!(line("edit  - group:g-hr (deleted)"), "{}", ran.out);
    assert!(line("deleted, and this call sends the whole list"), "{}", ran.out);
    assert!(!ran.out.contains("may be more"), "a deleted group has no members\n{}", ran.out);
}

/// One more entry goes by a request that sends no other, so the other list stays as it is.
#[tokio::test]
async fn one_more_entry_is_added_beside_a_deleted_group() {
    let policy = format!("{HEAD}{}", pages("/Home/Log: {view: [user:me, user:bob]}"));
    let stage = Stage::open(SITE).await;
    stage.converge(&policy).await.unwrap();
    stage.running.world(|world| {
        assert_eq!(list(world, 6, ListKind::Read), ["user u-bob", "user u-me"]);
        assert_eq!(list(world, 6, ListKind::Update), ["user u-me", "group g-hr"]);
    });
}

#[tokio::test]
async fn who_leaves_is_taken_off_a_list_beside_a_deleted_group() {
    let policy = format!("{HEAD}rules: [{{name: leavers, spaces: [ENG], absent: [group:ops]}}]\n");
    for position in POSITIONS {
        let stage = Stage::open(&with(SITE, position)).await;
        stage.converge(&policy).await.unwrap_or_else(|why| panic!("{position}: {why}"));
        stage.running.world(|world| assert_eq!(list(world, 2, ListKind::Read), ["user u-me"], "{position}"));
    }
}

/// The policy may ask for a closed account; the list is written without it, and that is said each time.
#[tokio::test]
async fn a_closed_account_is_left_off_and_named() {
    let policy = format!(
        "{HEAD}spaces:\n  ENG:\n    mode: additive\n    pages:\n      /Home/Old:\n        view: [user:me, user:bob, user:tom]\n        edit: [user:me]\n      /Home/Free: {{view: [user:me, user:tom]}}\n"
    );
    for position in POSITIONS {
        let stage = Stage::open(&with(SITE, position)).await;
        let planned = stage.plan(&policy).await;
        let outcome = stage.apply(&planned).await;
        assert!(outcome.is_complete(), "{position} {outcome:?}");
        let again = stage.plan(&policy).await.plan;
        assert_eq!(again.calls, [], "{position}");
        assert_eq!(again.skipped.len(), 2, "{position} {:?}", again.skipped);
        stage.running.world(|world| {
            assert_eq!(list(world, 4, ListKind::Read), ["user u-bob", "user u-me"], "{position}");
            assert_eq!(list(world, 5, ListKind::Read), ["user u-me"], "{position}");
        });
    }
    let folder = case(SITE, &policy.replace(HEAD, ""));
    let ran = folder.run(&["apply", "--yes"]).code(6);
    assert!(
        ran.out.contains("user:tom: the account is closed; skipped: the principal  confperm.yaml:9"),
        "{}",
        ran.out
    );
}

/// A group that the site does not show may be there. Its entries are neither sent nor left out.
#[test]
fn a_group_that_may_only_be_hidden_stays_on_its_list() {
    let policy = pages("/Home/Plans: {view: [user:me, user:bob]}, /Home/Free: {view: [user:me]}");
    let policy = format!("{HEAD}{policy}").replace("site: {url: sandbox:site.yaml}\n", "");
    for answer in [403, 404, 400] {
        let folder = Folder::with(&[("confperm.yaml", &policy), ("site.yaml", SITE)]);
        let hosted = Hosted::open(&folder.file("site.yaml"));
        let front =
            hosted.behind(move |_, path| path.contains("/group/by-id").then(|| Reply::v1(answer, "No")));
        let run = |arguments: &[&str]| {
            let mut command = folder.confperm(arguments);
            sign_in(&mut command, &front.url, &hosted.running);
            Ran::from(command.output().unwrap())
        };
        let ran = run(&["apply", "--yes"]).code(6);
        assert!(ran.out.contains("neither lists group:g-hr nor says"), "{answer}\n{}", ran.out);
        hosted.running.world(|world| {
            assert_eq!(list(world, 2, ListKind::Read), ["user u-me", "group g-hr", "group g-ops"]);
            assert_eq!(list(world, 5, ListKind::Read), ["user u-me"]);
        });
    }
}

/// A call that sends both lists of a page would open the one that has deleted entries only. The account may be on it by
/// a group, since it is not shown its groups.
#[test]
fn a_page_stays_as_it_is_if_one_of_its_lists_has_deleted_entries_only() {
    let policy = pages("/Home/Plans: {view: [user:me, user:bob]}, /Home/Log: {view: [user:me]}");
    let policy = format!("{HEAD}{policy}").replace("site: {url: sandbox:site.yaml}\n", "");
    let site = SITE.replace(
        "edit: [user:me, group-id:g-hr]}\n          - {id: 3",
        "edit: [group-id:g-hr, user:tom]}\n          - {id: 3",
    );
    for position in POSITIONS {
        let site = with(&site, position);
        let folder = Folder::with(&[("confperm.yaml", &policy), ("site.yaml", &site)]);
        let hosted = Hosted::open(&folder.file("site.yaml"));
        let front = hosted.behind(|_, path| path.contains("/user/memberof").then(|| Reply::v1(403, "No")));
        let mut command = folder.confperm(&["apply", "--yes"]);
        sign_in(&mut command, &front.url, &hosted.running);
        let ran = Ran::from(command.output().unwrap()).code(6);
        let why = "/Home/Plans: a list has no other entry than group:g-hr (deleted) and user:tom";
        assert!(ran.out.contains(why), "{position}\n{}", ran.out);
        hosted.running.world(|world| {
            assert_eq!(list(world, 2, ListKind::Read), ["user u-me", "group g-hr", "group g-ops"]);
            assert_eq!(list(world, 2, ListKind::Update), ["user u-tom", "group g-hr"]);
        });
    }
}

/// One group that is hidden as well does not make all others unclear.
#[test]
fn a_further_group_proves_that_the_site_shows_groups() {
    let policy = pages("/Home/Plans: {view: [user:me, user:bob]}");
    let policy = format!("{HEAD}{policy}").replace("site: {url: sandbox:site.yaml}\n", "");
    let hidden = "  aaa: {id: g-aaa, members: []}\n  bbb: {id: g-bbb, members: []}\n";
    let site = SITE.replace("groups:\n", &format!("groups:\n{hidden}"));
    let folder = Folder::with(&[("confperm.yaml", &policy), ("site.yaml", &site)]);
    let hosted = Hosted::open(&folder.file("site.yaml"));
    let front = hosted.behind_uris(|_, uri| {
        let is_hidden = matches!(uri.query(), Some("id=g-aaa" | "id=g-bbb"));
        (is_hidden && uri.path().ends_with("/group/by-id")).then(|| Reply::v1(404, "No"))
    });
    let mut command = folder.confperm(&["apply", "--yes"]);
    sign_in(&mut command, &front.url, &hosted.running);
    Ran::from(command.output().unwrap()).code(0);
    let asked = front.seen().iter().filter(|line| line.ends_with("/group/by-id")).count();
    assert_eq!(asked, 4, "the one that is missed, two that are hidden as well, and one that is shown");
    hosted.running.world(|world| assert_eq!(list(world, 2, ListKind::Read), ["user u-bob", "user u-me"]));
}

/// A list without any entry left would be open.
#[tokio::test]
async fn no_list_is_opened_by_what_is_left_off_it() {
    let site = SITE.replace(
        "          - {id: 5, title: Free}\n",
        "          - {id: 5, title: Free}\n          - {id: 7, title: Ghosts, view: [group:ops, group-id:g-hr], edit: [user:me]}\n          \
         - {id: 8, title: Mine, view: [user:me, user:bob], edit: [user:me]}\n",
    );
    let policy = format!(
        "{HEAD}spaces:\n  ENG:\n    mode: additive\n    pages:\n      /Home/Mine: {{view: [user:tom], edit: [user:tom]}}\n\
         rules: [{{name: leavers, spaces: [ENG], absent: [group:ops]}}]\nguards: {{max-removals: 100%}}\n"
    );
    for position in POSITIONS {
        let stage = Stage::open(&with(&site, position)).await;
        let planned = stage.plan(&policy).await;
        assert!(!planned.plan.is_blocked(), "{position} {:?}", planned.plan.refusals);
        drop(stage.apply(&planned).await);
        stage.running.world(|world| {
            assert_eq!(list(world, 7, ListKind::Read), ["user u-me"], "{position}");
            for kind in [ListKind::Read, ListKind::Update] {
                assert_eq!(list(world, 8, kind), ["user u-me"], "{position}");
            }
        });
    }
}

/// Guests whose group was deleted see nothing, and nothing is opened or closed for them.
#[test]
fn page_only_for_a_deleted_group_changes_nothing_and_stops_no_other_space() {
    let site = SITE.replace("groups:\n", "groups:\n  ext: {id: g-ext, members: [tom], access: user}\n");
    let policy = "spaces:
  ENG:
    mode: additive
    access: {create/comment: [group:ops]}
    page-only: [{who: [group:ext], pages: [/Home/Plans], role: viewer}]
  DOCS: {mode: additive, access: {read/space: [group:ops]}}
";
    let folder = case(&site, policy);
    let first = folder.run(&["plan"]).code(0);
    assert!(first.out.contains("group:ext") && first.out.contains("create/comment"), "{}", first.out);
    folder.write("site.yaml", SITE);
    let plan = folder.run(&["plan"]).code(6);
    assert!(plan.out.contains("DOCS") && plan.out.contains("+ read/space  group:ops"), "{}", plan.out);
    assert!(plan.out.contains("ENG  group:ext: id g-ext is gone; skipped: the whole space"), "{}", plan.out);
    assert!(!plan.out.contains("/Home") && !plan.out.contains("create/comment"), "{}", plan.out);
}

/// A row of a closed account goes like any other. One of an account that the site does not describe may be an app's: it
/// stays, and is reported.
#[tokio::test]
async fn rows_of_accounts_that_are_gone_go_where_they_are_not_declared() {
    let site = SITE.replace(
        "read/space: [user:me, group:ops, group-id:g-hr]",
        "read/space: [user:me, group:ops, user:tom, account-id:u-ghost]",
    );
    let policy = format!(
        "{HEAD}spaces: {{ENG: {{access: {{admin: [user:me], collaborator: [group:ops]}}}}}}\nguards: {{max-removals: 100%}}\n"
    );
    let stage = Stage::open(&site).await;
    let planned = stage.plan(&policy).await;
    let text = confperm::render::plan_as_text(&planned.plan);
    assert!(text.contains("1 entry of accounts that the site does not describe"), "{text}");
    stage.converge(&policy).await.unwrap();
    stage.running.world(|world| {
        let space = world.space_keyed("ENG").unwrap();
        let holds = |account: &str| {
            let who = Principal::User(account.into());
            space.grants.values().any(|grant: &Grant| grant.principal == who)
        };
        assert!(!holds("u-tom") && holds("u-ghost"));
    });
}

/// A group that no list of groups has and that can be asked for, as a team may be, is a group.
#[test]
fn a_group_that_only_its_id_finds_is_known() {
    let site = SITE.replace("groups:\n", "groups:\n  hr: {id: g-hr, members: [bob], access: user}\n");
    let folder = case(&site, "");
    let hosted = Hosted::open(&folder.file("site.yaml"));
    let front = hosted.behind(|_, path| {
        let body = serde_json::json!({"results": [{"type": "group", "id": "g-ops", "name": "ops"}],
            "start": 0, "limit": 200, "size": 1, "_links": {}});
        path.ends_with("/rest/api/group").then(|| Reply::json(200, &body))
    });
    let mut command = folder.confperm(&["can", "bob", "view", "ENG/Home/Pay"]);
    sign_in(&mut command, &front.url, &hosted.running);
    let ran = Ran::from(command.output().unwrap());
    assert!(ran.out.contains("allowed"), "{}\n{}", ran.out, ran.err);
}

#[test]
fn questions_say_that_a_group_is_deleted() {
    let case = case(SITE, &pages("/Home/Free: {view: [user:me]}"));
    let ran = case.run(&["who", "view", "ENG/Home/Pay"]).code(0);
    assert!(
        ran.out.contains("1 person can view") && !ran.out.contains("all members of group:g-hr"),
        "{}",
        ran.out
    );
    case.run(&["can", "bob", "view", "ENG/Home/Pay"]).code(3);
    let ran = case.run(&["explain", "bob", "view", "ENG/Home/Pay"]);
    assert!(ran.out.contains("group:g-hr (deleted)"), "{}", ran.out);
}

/// What is deleted holds nothing, and cannot be given anything.
#[tokio::test]
async fn a_copy_of_a_space_goes_without_deleted_groups() {
    let policy = format!("{HEAD}rules: [{{name: same, spaces: [DOCS], like: 'live:ENG'}}]\n");
    let stage = Stage::open(SITE).await;
    stage.converge(&policy).await.unwrap();
}

#[tokio::test]
async fn rows_of_a_deleted_group_go_where_they_are_not_declared() {
    let policy = format!(
        "{HEAD}spaces: {{ENG: {{access: {{admin: [user:me], collaborator: [group:ops]}}}}}}\nguards: {{max-removals: 100%}}\n"
    );
    let stage = Stage::open(SITE).await;
    stage.converge(&policy).await.unwrap();
    stage.running.world(|world| {
        let space = world.space_keyed("ENG").unwrap();
        assert!(space.grants.values().all(|grant| grant.principal != Principal::Group("g-hr".into())));
    });
}

/// A policy cannot name what is deleted, so an import leaves such lists as they are; a copy of the site has them.
#[test]
fn import_and_snapshot_know_deleted_groups() {
    let case = case(SITE, "");
    let import = ["import", "-C", "new", "--site", "sandbox:site.yaml", "--space", "ENG", "--stdout"];
    let ran = case.run(&import).code(0);
    assert!(
        ran.out.contains("deleted, which a policy cannot name:\n# - group:g-hr (deleted)"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("# - /Home/Pay (view)") && !ran.out.contains("/Pay:"), "{}", ran.out);
    let ran = case.run(&["snapshot", "--space", "ENG"]).code(0);
    assert!(ran.out.contains("group-id:g-hr"), "{}", ran.out);
}

/// What the lock knows and is gone is skipped, as everywhere; the other tests are asked.
#[test]
fn a_test_about_a_space_that_is_gone_is_skipped_alone() {
    let case = case(
        SITE,
        "spaces:
  ENG: {mode: additive, access: {read/space: [group:ops]}}
  DOCS: {mode: additive, access: {read/space: [user:me]}}
tests:
  - {name: docs, who: user:me, can: {view: [DOCS]}}
  - {name: eng, who: user:bob, can: {view: [ENG]}, cannot: {view: [ENG/Home/Pay]}}
",
    );
    case.run(&["apply", "--yes"]).code(0);
    case.run(&["test"]).code(0);
    let left = SITE.split("  DOCS:").next().unwrap();
    case.write("site.yaml", left);
    case.run(&["sandbox", "--reset"]);
    let ran = case.run(&["test"]).code(6);
    assert!(
        ran.err.contains("the space `DOCS` (id 102) was deleted, or is hidden from this account"),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("confperm.yaml:8:"), "{}", ran.err);
    assert!(ran.out.contains("eng"), "{}", ran.out);
    // The others count for what they say.
    case.write("site.yaml", &left.replace("view: [user:me, group-id:g-hr]}", "view: [user:me, user:bob]}"));
    case.run(&["sandbox", "--reset"]);
    case.run(&["test"]).code(3);
}
