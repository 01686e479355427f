//! The measured faults, one by one.

use std::time::Duration;

use confperm::apply::Status;
use confperm::sandbox::adversary::{Actor, Adversary, Delay, Facet, Kill, When};
use confperm::sandbox::world::{
    Action, ContentId, GroupId, ListKind, Object, Pair, Place, Principal, RoleId, SpaceId,
};

use super::Runs;
use crate::as_planned::permission;
use crate::in_process::{Stage, parse};
use crate::support::{Folder, Hosted, Ran, site_of_ann_and_bob};

const SITE: &str = site_of_ann_and_bob!(
    "
groups:
  eng: {id: g-eng, members: [bob], access: user}
  hr: {id: g-hr, members: [bob]}
  all: {id: g-all, members: [ann, bob], access: user}
spaces:
  ENG:
    id: 1
    name: Engineering
    permissions:
      read/space: [user:ann, group:all]
      create/page: [user:ann]
      update/page: [user:ann]
      restrict_content/space: [user:ann]
      administer/space: [user:ann]
    pages: [{id: 11, title: Plans}, {id: 12, title: Closed, view: [user:ann, group:eng], edit: [user:ann]}]
"
);

fn group(id: &str) -> Principal {
    Principal::Group(GroupId::from(id))
}

async fn runs(site: &str, policy: &str, adversary: Adversary) -> Runs {
    Runs::new(Stage::against(site, adversary).await, parse(policy))
}

/// The same site with two space roles.
fn site_with_roles() -> String {
    SITE.replace("pre-roles", "roles-transition").replace(
        "spaces:\n",
        "roles:
  Collaborator: {id: r-col, type: system, permissions: [read/space, create/page, update/page]}
  Manager: {id: r-man, type: system, permissions: [read/space, create/page, delete/page]}
spaces:
",
    )
}

fn lists(runs: &Runs, page: u64) -> [Vec<String>; 2] {
    runs.stage.running.world(|world| {
        let lists = &world.content(ContentId(page)).unwrap().lists;
        [&lists.read, &lists.update].map(|list| list.iter().map(|who| format!("{who:?}")).collect())
    })
}

fn holds(runs: &Runs, who: &Principal) -> Vec<String> {
    runs.stage.running.world(|world| {
        let space = world.space_keyed("ENG").unwrap();
        let pairs = space.grants.values().filter(|grant| grant.principal == *who);
        pairs.map(|grant| permission(grant.pair).to_string()).collect()
    })
}

/// W1: what a colleague closes between the reading and the write stays closed.
#[tokio::test]
async fn a_page_that_others_close_meanwhile_is_not_opened_again() {
    let policy = "version: 1\npeople: {me: u-ann}\nspaces:\n  ENG: {mode: additive, pages: {/Plans: {edit: ['user:me']}}}\n";
    let closing = [
        Action::SetList {
            content: ContentId(11),
            list: ListKind::Read,
            principals: [Principal::User("u-ann".into()), group("g-hr")].into(),
        },
        Action::AddToList {
            content: ContentId(11),
            list: ListKind::Read,
            principal: Principal::User("u-ann".into()),
        },
    ];
    for action in closing {
        let actor = Actor::new(When::AfterRead(Facet::Search, Object::Content(ContentId(11)), 1), [action]);
        let runs = runs(SITE, policy, Adversary::default().actor(actor)).await;
        let ended = runs.run().await;
        assert!(ended.is_complete(), "{:?}", ended.outcome());
        let [view, edit] = lists(&runs, 11);
        assert!(!view.is_empty(), "the page was opened");
        assert_eq!(edit.len(), 1);
        assert_eq!(runs.stage.running.log().races().count(), 0);
    }
}

/// W1: a list that both change is left to the colleague, reported, and planned anew.
#[tokio::test]
async fn a_list_that_others_change_meanwhile_is_skipped_and_reported() {
    let policy = "version: 1\npeople: {me: u-ann}\nspaces:\n  ENG: {mode: additive, pages: {/Closed: {view: ['user:me', 'group:hr']}}}\n";
    let action =
        Action::RemoveFromList { content: ContentId(12), list: ListKind::Read, principal: group("g-eng") };
    let actor = Actor::new(When::AfterRead(Facet::Search, Object::Content(ContentId(12)), 1), [action]);
    let runs = runs(SITE, policy, Adversary::default().actor(actor)).await;
    let ended = runs.run().await;
    let outcome = ended.outcome().unwrap();
    assert!(!outcome.is_complete() && outcome.only_moved(), "{outcome:?}");
    assert_eq!(outcome.concurrent_changes().count(), 1);
    let text = confperm::render::outcome_as_text(&ended.planned().plan, outcome);
    assert!(text.contains("was changed by others"), "{text}");
    assert_eq!(lists(&runs, 12)[0].len(), 1, "the colleague's list is still there");
    assert!(runs.run().await.is_complete());
    assert_eq!(lists(&runs, 12)[0].len(), 2);
}

/// A page that was deleted cannot be verified any more: that is said once, and the page is not looked for again.
#[tokio::test]
async fn a_page_that_others_delete_meanwhile_is_reported_once() {
    let policy = "version: 1\npeople: {me: u-ann}\nspaces:\n  ENG: {mode: additive, pages: {'/**': {view: ['user:me']}}}\n";
    let actor = Actor::new(
        When::AfterRead(Facet::Search, Object::Content(ContentId(11)), 1),
        [Action::SetList {
            content: ContentId(11),
            list: ListKind::Read,
            principals: [group("g-hr")].into(),
        }],
    );
    let runs = runs(SITE, policy, Adversary::default().actor(actor)).await;
    let first = runs.run().await;
    assert_eq!(first.outcome().unwrap().unverified.len(), 1, "{:?}", first.outcome());
    runs.stage.running.set_adversary(Adversary::default());
    // The trash shows it to those who could see it there.
    let restore = Action::SetList {
        content: ContentId(11),
        list: ListKind::Read,
        principals: [Principal::User("u-ann".into())].into(),
    };
    drop(runs.stage.running.act(restore));
    drop(runs.stage.running.act(Action::DeletePage { content: ContentId(11) }));
    let deleted = runs.run().await;
    let outcome = deleted.outcome().unwrap();
    let text = confperm::render::outcome_as_text(&deleted.planned().plan, outcome);
    assert!(!outcome.is_complete() && text.contains("page 11 was deleted, so that its lists"), "{text}");
    assert!(!text.contains("as the policy says.\n"), "{text}");
    assert_eq!(outcome.unverified, []);
    assert!(runs.run().await.is_complete());
}

/// What is not in the trash either may be hidden: it takes a person to say that it is gone for good.
#[tokio::test]
async fn a_page_that_is_not_visible_is_forgotten_on_request_only() {
    let policy = "version: 1\npeople: {me: u-ann}\nspaces:\n  ENG: {mode: additive, pages: {'/**': {view: ['user:me']}}}\n";
    let hide =
        Action::SetList { content: ContentId(11), list: ListKind::Read, principals: [group("g-hr")].into() };
    let actor = Actor::new(When::AfterRead(Facet::Search, Object::Content(ContentId(11)), 1), [hide]);
    let mut runs = runs(SITE, policy, Adversary::default().actor(actor)).await;
    runs.run().await;
    runs.stage.running.set_adversary(Adversary::default());
    let hidden = runs.run().await;
    let text = confperm::render::outcome_as_text(&hidden.planned().plan, hidden.outcome().unwrap());
    assert!(text.contains("add `--forget id:11`"), "{text}");
    runs.options.forget = ["id:12".parse().unwrap(), "OPS".parse().unwrap()].into();
    assert!(!runs.run().await.is_complete(), "something else is to be forgotten");
    runs.options.forget = ["id:11".parse().unwrap()].into();
    assert!(runs.run().await.is_complete());
    runs.options.forget.clear();
    assert!(runs.run().await.is_complete());
}

/// The same from the command line: 5 while something is not verified, and in the run that finds that it is deleted.
#[test]
fn exit_codes_say_that_a_deleted_page_was_not_verified() {
    let policy = "version: 1\npeople: {me: u-ann}\nspaces:\n  ENG: {mode: additive, pages: {'/**': {view: ['user:me']}}}\n";
    let folder = Folder::with(&[("confperm.yaml", policy), ("site.yaml", SITE)]);
    let hosted = Hosted::open(&folder.file("site.yaml"));
    let list = |who: Principal| Action::SetList {
        content: ContentId(11),
        list: ListKind::Read,
        principals: [who].into(),
    };
    let apply = |more: &[&str]| {
        let mut command = folder.confperm(&[&["apply", "--yes"], more].concat());
        hosted.point(&mut command);
        Ran::from(command.output().unwrap())
    };
    let hide =
        Actor::new(When::AfterRead(Facet::Search, Object::Content(ContentId(11)), 1), [list(group("g-hr"))]);
    hosted.running.set_adversary(Adversary::default().actor(hide));
    apply(&[]).code(5);
    hosted.running.set_adversary(Adversary::default());
    let hidden = apply(&["--forget", "id:12"]).code(5);
    assert!(hidden.err.contains("--forget id:12: no earlier run left it unverified"), "{}", hidden.err);
    assert!(hidden.out.contains("add `--forget id:11`"), "{}", hidden.out);
    drop(hosted.running.act(list(Principal::User("u-ann".into()))));
    drop(hosted.running.act(Action::DeletePage { content: ContentId(11) }));
    let deleted = apply(&[]).code(5);
    assert!(deleted.out.contains("page 11 was deleted"), "{}", deleted.out);
    let after = apply(&[]).code(0);
    assert!(!after.out.contains("11"), "{}", after.out);
}

/// A page that others hide from the run is not done, also for the runs that do not see it any more.
#[tokio::test]
async fn a_page_that_others_hide_meanwhile_is_reported_until_it_is_seen() {
    let policy = "version: 1\npeople: {me: u-ann}\nspaces:\n  ENG: {mode: additive, pages: {'/**': {view: ['user:me']}}}\n";
    let hide = |principals| Action::SetList { content: ContentId(11), list: ListKind::Read, principals };
    let actor = Actor::new(
        When::AfterRead(Facet::Search, Object::Content(ContentId(11)), 1),
        [hide([group("g-hr")].into())],
    );
    let runs = runs(SITE, policy, Adversary::default().actor(actor)).await;
    let first = runs.run().await;
    assert!(!first.is_complete() && !first.outcome().unwrap().unverified.is_empty(), "{:?}", first.outcome());
    runs.stage.running.set_adversary(Adversary::default());
    for _ in 0..2 {
        let hidden = runs.run().await;
        let text = confperm::render::outcome_as_text(&hidden.planned().plan, hidden.outcome().unwrap());
        assert!(!hidden.is_complete() && text.contains("no longer visible"), "{text}");
    }
    drop(runs.stage.running.act(hide([Principal::User("u-ann".into()), group("g-hr")].into())));
    assert!(runs.run().await.is_complete());
    assert_eq!(lists(&runs, 11)[0].len(), 1);
}

/// What the policy says of a place is not said of a page that others took elsewhere.
#[tokio::test]
async fn a_page_that_others_move_meanwhile_is_not_opened() {
    let policy =
        "version: 1\nspaces:\n  ENG: {mode: additive, pages: {/Closed: {view: anyone, edit: anyone}}}\n";
    let content = ContentId(12);
    let elsewhere = [
        Action::MovePage { content, to: Place::Below(ContentId(11)) },
        Action::MovePage { content, to: Place::Top(SpaceId(2)) },
        Action::ArchivePage { content },
    ];
    let site = format!(
        "{SITE}  OTHER: {{id: 2, name: Other, permissions: {{read/space: [user:ann], administer/space: [user:ann]}}}}\n"
    );
    for action in elsewhere {
        let what = format!("{action:?}");
        let actor = Actor::new(When::AfterRead(Facet::Search, Object::Content(content), 1), [action]);
        let runs = runs(&site, policy, Adversary::default().actor(actor)).await;
        let ended = runs.run().await;
        assert!(!ended.is_complete(), "{what}");
        assert!(!lists(&runs, 12)[0].is_empty(), "opened after {what}");
    }
}

/// What "already exists" answers was given by others, and so was what they gave beside it.
#[tokio::test]
async fn what_others_grant_beside_the_same_permission_stays() {
    let policy = "version: 1\nspaces:\n  ENG: {mode: additive, access: {read/space: [group:hr]}}\n";
    let site = format!("{SITE}quirks: {{companions: never}}\n");
    let grant = |pair| Action::Grant { space: SpaceId(1), principal: group("g-hr"), pair };
    let actor = Actor::new(
        When::Before("POST:/space/ENG/permission".parse().unwrap(), 1),
        [grant(Pair::ReadSpace), grant(Pair::ExportContent)],
    );
    let runs = runs(&site, policy, Adversary::default().actor(actor)).await;
    let ended = runs.run().await;
    assert_eq!(holds(&runs, &group("g-hr")).len(), 2, "{:?}", ended.outcome());
}

/// One entry more on a list goes by a request that can drop no other.
#[tokio::test]
async fn an_entry_is_added_without_replacing_the_list() {
    let policy = "version: 1\npeople: {me: u-ann}\nspaces:\n  ENG: {mode: additive, pages: {/Closed: {view: ['user:me', 'group:eng', 'group:hr']}}}\n";
    // Just before the write, after the look: only a replacement could drop this entry.
    let action =
        Action::AddToList { content: ContentId(12), list: ListKind::Read, principal: group("g-all") };
    let actor = Actor::new(When::Before("PUT:/content/12/restriction/**".parse().unwrap(), 1), [action]);
    let runs = runs(SITE, policy, Adversary::default().actor(actor)).await;
    runs.run().await;
    assert_eq!(lists(&runs, 12)[0].len(), 4);
}

const GRANT: &str = "version: 1\npeople: {me: u-ann}\nspaces:\n  ENG: {mode: additive, access: {read/space: ['group:eng'], create/page: ['group:eng']}}\n";

/// W2: what an interrupted run brought along is taken away by the next one, in an additive space too.
#[tokio::test]
async fn what_came_along_with_a_killed_run_is_taken_away_by_the_next() {
    for writes in 1..=4 {
        let runs = runs(SITE, GRANT, Adversary::default().kill(Kill::AfterWrite(writes))).await;
        let killed = matches!(runs.run().await, super::Ended::Killed(_));
        assert!(killed, "after {writes} writes");
        runs.stage.running.set_adversary(Adversary::default());
        let again = runs.run().await;
        assert!(again.is_complete(), "{writes}: {:?}", again.outcome());
        assert_eq!(
            holds(&runs, &group("g-eng")),
            ["read/space", "create/page"],
            "killed after {writes} writes"
        );
    }
}

/// W2: the same where the deletion fails, and the run says that it is not done.
#[tokio::test]
async fn what_came_along_and_could_not_be_removed_stays_on_the_list() {
    let adversary = Adversary::default().disrupt("500:DELETE:/space/*/permission/*".parse().unwrap());
    let runs = runs(SITE, GRANT, adversary).await;
    let ended = runs.run().await;
    assert!(!ended.is_complete());
    assert!(!runs.earlier().is_empty());
    runs.stage.running.set_adversary(Adversary::default());
    assert!(runs.run().await.is_complete());
    assert_eq!(holds(&runs, &group("g-eng")), ["read/space", "create/page"]);
    assert_eq!(runs.earlier(), []);
}

/// W5: rows that show late are waited for, and what comes along late is found.
#[tokio::test]
async fn rows_that_show_late_are_waited_for() {
    for reads in 1..=2 {
        let runs = runs(SITE, GRANT, Adversary::default().lag(Facet::Rows, Delay::Reads(reads))).await;
        let ended = runs.run().await;
        assert!(ended.is_complete(), "{reads}: {:?}", ended.outcome());
        assert_eq!(holds(&runs, &group("g-eng")), ["read/space", "create/page"]);
    }
}

/// What the site accepts and never shows is not called done.
#[tokio::test]
async fn rows_that_never_show_are_unverified() {
    let runs = runs(SITE, GRANT, Adversary::default().lag(Facet::Rows, Delay::Reads(1_000))).await;
    let ended = runs.run().await;
    assert!(!ended.is_complete());
    assert!(!runs.earlier().is_empty());
}

/// What others gave in the meantime is neither taken away nor mistaken for something that came along.
#[tokio::test]
async fn what_others_grant_meanwhile_stays() {
    let grant = Action::Grant { space: SpaceId(1), principal: group("g-all"), pair: Pair::ExportSpace };
    let to_ours = Action::Grant { space: SpaceId(1), principal: group("g-eng"), pair: Pair::DeletePage };
    let actor =
        Actor::new(When::AfterWrite("POST:/space/*/permission".parse().unwrap(), 1), [grant, to_ours]);
    let runs = runs(SITE, GRANT, Adversary::default().actor(actor)).await;
    runs.run().await;
    assert!(holds(&runs, &group("g-all")).contains(&"export/space".to_owned()));
    assert!(holds(&runs, &group("g-eng")).contains(&"delete/page".to_owned()));
    assert!(runs.run().await.is_complete());
    assert!(holds(&runs, &group("g-eng")).contains(&"delete/page".to_owned()));
}

/// Taking `read/space` away takes everything, so it waits if others have given more.
#[tokio::test]
async fn a_principal_that_others_give_more_is_not_emptied() {
    let policy = "version: 1\nrules:\n  - {name: leave, spaces: {key: ENG}, absent: ['group:all']}\nguards: {max-removals: 100%}\n";
    let grant = Action::Grant { space: SpaceId(1), principal: group("g-all"), pair: Pair::DeletePage };
    let actor = Actor::new(When::after_rows(SpaceId(1), 1), [grant]);
    let runs = runs(SITE, policy, Adversary::default().actor(actor)).await;
    let ended = runs.run().await;
    let outcome = ended.outcome().unwrap();
    assert!(
        outcome.results.iter().any(|result| matches!(result.status, Status::Skipped { .. })),
        "{outcome:?}"
    );
    assert_eq!(holds(&runs, &group("g-all")), ["read/space", "delete/page"]);
    assert!(runs.run().await.is_complete());
    assert_eq!(holds(&runs, &group("g-all")), Vec::<String>::new());
}

/// W6: what a rule's own condition looks at is taken away last, so that the rule is finished after a failure.
#[tokio::test]
async fn a_rule_that_chooses_by_what_it_changes_is_finished() {
    let site = SITE.replace("group:all]\n      create", "group:all, group:eng]\n      create");
    let policy = "
version: 1
rules:
  - name: hr takes over from eng
    spaces: {key: '*', where: {who: 'group:eng', has: read/space}}
    replace: {'group:eng': 'group:hr'}
guards: {max-removals: 100%}
";
    let adversary = Adversary::default().disrupt("403:PUT:/content/12/restriction/**:1".parse().unwrap());
    let adversary = adversary.disrupt("403:PUT:/content/12/restriction:1".parse().unwrap());
    let runs = runs(&site, policy, adversary).await;
    let ended = runs.run().await;
    assert!(!ended.is_complete());
    assert!(
        holds(&runs, &group("g-eng")).contains(&"read/space".to_owned()),
        "the rule would not select the space again"
    );
    assert!(runs.run().await.is_complete());
    assert_eq!(holds(&runs, &group("g-eng")), Vec::<String>::new());
    assert!(lists(&runs, 12)[0].iter().any(|who| who.contains("g-hr")));
}

/// A neighbour of W1: taking `administer/space` away takes `manage_users/space` along, which others gave.
#[tokio::test]
async fn what_others_give_does_not_go_along_with_something_else() {
    let site = SITE.replace("administer/space: [user:ann]", "administer/space: [user:ann, group:all]");
    let policy = "
version: 1
people: {me: u-ann}
spaces:
  ENG: {access: {read/space: ['group:all'], administer/space: ['user:me']}}
guards: {max-removals: 100%}
";
    let given = Action::Grant { space: SpaceId(1), principal: group("g-all"), pair: Pair::ManageUsers };
    let actor = Actor::new(When::after_rows(SpaceId(1), 1), [given]);
    let runs = runs(&site, policy, Adversary::default().actor(actor)).await;
    let ended = runs.run().await;
    let outcome = ended.outcome().unwrap();
    assert!(outcome.concurrent_changes().next().is_some(), "{outcome:?}");
    assert!(holds(&runs, &group("g-all")).contains(&"manage_users/space".to_owned()));
    assert!(runs.run().await.is_complete());
    assert_eq!(holds(&runs, &group("g-all")), ["read/space"]);
}

/// Another one: a role that others assign in the meantime is not replaced unseen.
#[tokio::test]
async fn a_role_that_others_assign_meanwhile_is_not_replaced() {
    let site = site_with_roles();
    let policy = "version: 1\nspaces:\n  ENG: {mode: additive, access: {collaborator: ['group:eng']}}\n";
    let role = |runs: &Runs| {
        runs.stage.running.world(|world| {
            let space = world.space_keyed("ENG").unwrap();
            space.assignments.get(&group("g-eng")).map(|role| role.0.clone())
        })
    };
    let assigned =
        Action::AssignRole { space: SpaceId(1), principal: group("g-eng"), role: RoleId("r-man".into()) };
    let actor = Actor::new(When::after_roles(SpaceId(1), 1), [assigned]);
    let runs = runs(&site, policy, Adversary::default().actor(actor)).await;
    let ended = runs.run().await;
    assert!(ended.outcome().unwrap().concurrent_changes().next().is_some(), "{:?}", ended.outcome());
    assert_eq!(role(&runs).as_deref(), Some("r-man"));
    assert!(runs.run().await.is_complete());
    assert_eq!(role(&runs).as_deref(), Some("r-col"));
}

/// The role gives the same permission as the row that others gave, and shows it as a row of its own. The roles are
/// understood in full or in part.
#[tokio::test]
async fn what_others_grant_beside_a_role_that_gives_the_same_stays() {
    for vocabulary in ["pairs", "role-ids", "partly-unknown"] {
        let site = SITE.replace("pre-roles", "roles-transition").replace(
            "spaces:\n",
            &format!(
                "quirks: {{companions: never, role-vocabulary: {vocabulary}}}
roles:
  Collaborator: {{id: r-col, type: system, permissions: [read/space, create/page, update/page]}}
spaces:
"
            ),
        );
        let policy = "version: 1\nspaces:\n  ENG: {mode: additive, access: {collaborator: ['group:all']}}\n";
        let grant = Action::Grant { space: SpaceId(1), principal: group("g-all"), pair: Pair::CreatePage };
        let actor = Actor::new(When::Before("POST:/spaces/1/role-assignments".parse().unwrap(), 1), [grant]);
        let runs = runs(&site, policy, Adversary::default().actor(actor)).await;
        let ended = runs.run().await;
        let held = holds(&runs, &group("g-all"));
        assert_eq!(held, ["read/space", "create/page"], "{vocabulary}: {:?}", ended.outcome());
        assert!(!ended.is_complete(), "{vocabulary}: {:?}", ended.outcome());
    }
}

/// What the role gives is known in part only, so a row that others gave meanwhile may be the role's own, and goes along
/// with the `read/space` from before the role. The run reports it, or the next one, if this one is killed.
#[tokio::test]
async fn what_others_grant_beside_a_role_that_is_known_in_part_is_reported() {
    for kill in [None, Some(2)] {
        let site = site_with_roles()
            .replace("roles:\n", "quirks: {companions: never, role-vocabulary: partly-unknown}\nroles:\n");
        let policy = "version: 1\nspaces:\n  ENG: {mode: additive, access: {collaborator: ['group:all']}}\n";
        let grant = Action::Grant { space: SpaceId(1), principal: group("g-all"), pair: Pair::DeletePage };
        let actor = Actor::new(When::Before("POST:/spaces/1/role-assignments".parse().unwrap(), 1), [grant]);
        let mut adversary = Adversary::default().actor(actor);
        if let Some(writes) = kill {
            adversary = adversary.kill(Kill::AfterWrite(writes));
        }
        let runs = runs(&site, policy, adversary).await;
        let mut ended = runs.run().await;
        assert_eq!(holds(&runs, &group("g-all")), [""; 0]);
        if kill.is_some() {
            assert!(matches!(ended, super::Ended::Killed(_)));
            runs.stage.running.set_adversary(Adversary::default());
            ended = runs.run().await;
        }
        let outcome = ended.outcome().unwrap();
        let told = confperm::render::outcome_as_text(&ended.planned().plan, outcome);
        assert!(told.contains("all lost delete/page, which others gave beside its role"), "{told}");
        assert!(!ended.is_complete());
        assert!(runs.run().await.is_complete());
    }
}

/// A role that others assign after a grant hides what came along with that grant. It is not forgotten: once the role
/// has gone, it is taken away.
#[tokio::test]
async fn what_came_along_behind_a_role_of_others_is_taken_away() {
    for vocabulary in ["pairs", "role-ids", "partly-unknown"] {
        let site = site_with_roles().replace(
            "roles:\n",
            &format!("quirks: {{companions: always, role-vocabulary: {vocabulary}}}\nroles:\n"),
        );
        let assigned =
            Action::AssignRole { space: SpaceId(1), principal: group("g-eng"), role: RoleId("r-man".into()) };
        let actor = Actor::new(When::AfterWrite("POST:/space/*/permission".parse().unwrap(), 1), [assigned]);
        let runs = runs(&site, GRANT, Adversary::default().actor(actor)).await;
        let ended = runs.run().await;
        assert!(!ended.is_complete(), "{vocabulary}: {:?}", ended.outcome());
        runs.stage.running.set_adversary(Adversary::default());
        for _ in 0..3 {
            if runs.run().await.is_complete() {
                break;
            }
        }
        let ended = runs.run().await;
        assert!(ended.is_complete(), "{vocabulary}: {:?}", ended.outcome());
        let rows = holds(&runs, &group("g-eng"));
        assert!(rows.starts_with(&["read/space".into(), "create/page".into()]), "{vocabulary}: {rows:?}");
        assert!(!rows.contains(&"export_content/space".to_owned()), "{vocabulary}: {rows:?}");
        // What their role gives besides stays in an additive space: by the role, or by a row in its place.
        let has_role = runs
            .stage
            .running
            .world(|world| world.space_keyed("ENG").unwrap().assignments.contains_key(&group("g-eng")));
        assert!(has_role != rows.contains(&"delete/page".to_owned()), "{vocabulary}: {rows:?}");
    }
}

/// A neighbour of W5: lists that show late are waited for too.
#[tokio::test]
async fn lists_that_show_late_are_waited_for() {
    let policy = "version: 1\npeople: {me: u-ann}\nspaces:\n  ENG: {mode: additive, pages: {/Plans: {view: ['user:me', 'group:hr']}}}\n";
    let runs = runs(SITE, policy, Adversary::default().lag(Facet::Lists, Delay::Reads(2))).await;
    let ended = runs.run().await;
    assert!(ended.is_complete(), "{:?}", ended.outcome());
    assert_eq!(lists(&runs, 11)[0].len(), 2);
}

/// A page whose lists change in two steps: the second is not made on lists that do not show the first, or it would put
/// back, and here open, the list that it does not change.
#[tokio::test]
async fn the_second_step_of_a_page_waits_until_the_first_shows() {
    let site = SITE
        .replace("read/space: [user:ann, group:all]", "read/space: [user:ann, group:all, group:eng]")
        .replace(
            "      update/page: [user:ann]\n",
            "      update/page: [user:ann]\n      delete/page: [group:eng]\n",
        )
        .replace("{id: 11, title: Plans}", "{id: 11, title: Plans, edit: [user:ann, group:hr]}");
    let policy = "version: 1
people: {me: u-ann}
spaces:
  ENG:
    mode: authoritative
    access: {viewer: ['group:eng'], collaborator: ['group:hr']}
    pages: {/Plans: {view: ['group:eng'], edit: ['group:eng']}}
guards: {max-removals: 100%}
";
    let late = |delay| Adversary::default().lag(Facet::Lists, delay);
    let delays = [Delay::Reads(0), Delay::Reads(1), Delay::Reads(2), Delay::Time(Duration::from_millis(300))];
    let lost = || late(Delay::Reads(2)).disrupt("cut:PUT:/content/*/restriction:1".parse().unwrap());
    for (case, adversary) in delays.into_iter().map(late).chain([lost()]).enumerate() {
        let runs = runs(&site, policy, adversary).await;
        let ended = runs.run().await;
        assert!(ended.is_complete(), "{:?}", ended.outcome());
        let log = runs.stage.running.log();
        assert_eq!(log.writes.iter().filter(|write| write.path.contains("/content/11/")).count(), 2);
        assert_eq!(lists(&runs, 11).map(|list| list.len()), [2, 2], "case {case}");
        // The page was read again after each step, and counts once.
        let (right, objects) = (ended.outcome().unwrap().verification.right, &ended.planned().plan.objects);
        assert_eq!(right, objects.len(), "case {case}");
    }
}

/// A run is killed while it assigns a role, and then others assign another one: the next run has seen that when it
/// plans, so it is no concurrent change.
#[tokio::test]
async fn what_others_do_after_a_killed_run_is_no_concurrent_change_for_the_next() {
    let site = site_with_roles();
    let policy = "version: 1\nspaces:\n  ENG: {mode: additive, access: {collaborator: ['group:all']}}\n";
    let runs = runs(&site, policy, Adversary::default().kill(Kill::AfterWrite(1))).await;
    drop(runs.run().await);
    let assigned =
        Action::AssignRole { space: SpaceId(1), principal: group("g-all"), role: RoleId("r-man".into()) };
    let actor = Actor::new(When::Before("GET:/**".parse().unwrap(), 1), [assigned]);
    runs.stage.running.set_adversary(Adversary::default().actor(actor));
    let ended = runs.run().await;
    assert!(ended.is_complete(), "{:?}", ended.outcome());
}

/// A repair that is refused is not waited for as if it had been made, and stays on the list.
#[tokio::test]
async fn a_refused_repair_is_not_taken_for_made() {
    let site = SITE.replace("caller: ann}", "caller: ann}\nquirks: {comment-companions: [delete/comment]}");
    let policy = "version: 1\nspaces:\n  ENG: {mode: additive, access: {read/space: ['group:eng'], export_content/space: ['group:eng'], create/comment: ['group:eng']}}\n";
    let site = site.replace(
        "read/space: [user:ann, group:all]",
        "read/space: [user:ann, group:all]\n      export_content/space: [group:all]",
    );
    let adversary = Adversary::default().disrupt("403:DELETE:/space/*/permission/*".parse().unwrap());
    let runs = runs(&site, policy, adversary).await;
    let ended = runs.run().await;
    assert!(!ended.is_complete() && !runs.earlier().is_empty(), "{:?}", ended.outcome());
    runs.stage.running.set_adversary(Adversary::default());
    assert!(runs.run().await.is_complete());
    assert!(!holds(&runs, &group("g-eng")).contains(&"delete/comment".to_owned()));
}

/// A space that others changed is planned once more, also where no rule selects it any more.
#[test]
fn a_space_that_no_rule_selects_any_more_is_planned_again_without_a_complaint() {
    let adversary = "
adversary:
  actors:
    - when: {after-search-with: 12}
      does:
        - remove-from-list: {page: 12, list: view, who: group:eng}
        - revoke: {space: ENG, who: group:all, permission: read/space}
";
    let policy = "version: 1
site: {url: 'sandbox:site.yaml'}
rules:
  - name: hr takes over from eng
    spaces: {key: '*', where: {who: 'group:all', has: read/space}}
    replace: {'group:eng': 'group:hr'}
";
    let site = format!("{SITE}{adversary}");
    let folder = Folder::with(&[("site.yaml", &site), ("policy.yaml", policy)]);
    let ran = folder.run(&["apply", "--yes"]).code(0);
    assert!(ran.out.contains("the view list was changed by others"), "{}", ran.out);
    assert!(ran.err.contains("Planning again for what others changed: ENG"), "{}", ran.err);
    assert!(ran.said("error:").is_empty(), "{}", ran.err);
}

/// Single permissions from before a role may show only once the role is gone.
#[test]
fn permissions_that_a_role_hid_are_not_said_to_be_given_by_others() {
    let site = site_with_roles()
        .replace("    pages:", "    role-assignments: {Collaborator: [group:all]}\n    pages:");
    let policy = "version: 1
site: {url: 'sandbox:site.yaml'}
rules: [{name: gone, spaces: {key: ENG}, absent: ['group:all']}]
guards: {max-removals: 100%}
";
    let folder = Folder::with(&[("site.yaml", &site), ("policy.yaml", policy)]);
    let ran = folder.run(&["apply", "--yes"]).code(0);
    let words = "group:all also has read/space, which others changed or its role had hidden\n";
    assert!(ran.out.contains(words), "{}", ran.out);
    assert!(ran.out.ends_with("The site is as the policy says.\n"), "{}", ran.out);
    assert!(folder.run(&["plan"]).code(0).out.contains("Nothing to change"));
}
