//! Pages by label: `label:runbook` means the pages that have the label, and opens none.

use confperm::model::{Gap, PageList, Why};
use confperm::plan::Plan;
use confperm::sandbox::world::{Action, ContentId, GroupId, ListKind, Principal, World};

use crate::in_process::Stage;
use crate::support::{Folder, is_write};

const SITE: &str = "kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, edition: standard, caller: bot}
users:
  bot: {account-id: u-bot, name: Bot, email: bot@example.com, confluence-admin: true}
  eve: {account-id: u-eve, name: Eve}
groups:
  staff: {id: g-staff, members: [bot, eve], access: user}
  oncall: {id: g-oncall, members: [bot, eve], access: user}
  sre: {id: g-sre, members: [bot], access: user}
spaces:
  ENG:
    id: 1
    name: Space 1
    permissions: {read/space: [user:bot, group:staff, group:oncall, group:sre], create/page: [user:bot, group:staff], administer/space: [user:bot], restrict_content/space: [user:bot]}
    pages:
      - {id: 11, title: A, labels: [runbook, other]}
      - {id: 12, title: B, children: [{id: 13, title: C, labels: [runbook]}]}
      - {id: 14, title: D, labels: [runbook], status: archived}
      - {id: 15, title: E, labels: [runbooks]}
  OPS:
    id: 2
    name: Space 2
    permissions: {read/space: [user:bot, group:staff], administer/space: [user:bot], restrict_content/space: [user:bot]}
    pages: [{id: 21, title: A, labels: [runbook]}]
";

fn policy(pages: &str) -> String {
    format!("version: 1\npeople: {{bot: u-bot}}\nspaces:\n  ENG:\n    mode: additive\n    pages:\n{pages}")
}

const RUNBOOKS: &str = "      label:runbook: {view: [group:oncall, user:bot]}\n";

/// The pages whose view lists a plan changes.
fn restricted(plan: &Plan) -> Vec<u64> {
    let changed = plan.objects.iter().filter_map(|object| match object {
        confperm::plan::Object::Page { content, before, after, .. }
            if before.audience(PageList::View) != after.audience(PageList::View) =>
        {
            Some(content.number())
        }
        _ => None,
    });
    changed.collect()
}

/// In the label's space alone, archived ones included, whether or not the list of a label has these.
#[tokio::test]
async fn a_label_means_the_pages_of_the_space_that_have_it() {
    for lists_archived in [true, false] {
        for quirks in ["", ", empty-pages: true"] {
            let site = format!("{SITE}quirks: {{label-lists-archived: {lists_archived}{quirks}}}\n");
            let stage = Stage::open(&site).await;
            let planned = stage.converge(&policy(RUNBOOKS)).await.unwrap();
            assert_eq!(restricted(&planned.plan), [11, 13, 14], "{site}");
            assert!(planned.plan.is_complete());
        }
    }
}

/// A path goes before a label, however shallow: who may edit a page can set its label.
#[tokio::test]
async fn a_label_decides_only_where_no_path_does() {
    let stage = Stage::open(SITE).await;
    let pages =
        format!("{RUNBOOKS}      /B/**: {{view: [group:sre, user:bot]}}\n      /A: {{edit: [user:bot]}}\n");
    let planned = stage.converge(&policy(&pages)).await.unwrap();
    assert_eq!(restricted(&planned.plan), [11, 13, 14]);
    let world = stage.running.world(World::clone);
    let view = |id| world.content(ContentId(id)).unwrap().lists.read.clone();
    assert!(view(13).contains(&Principal::Group(GroupId::from("g-sre"))), "by the path");
    assert!(view(11).contains(&Principal::Group(GroupId::from("g-oncall"))), "by the label");
    let labelled =
        |id| planned.plan.pages.iter().find(|(page, _)| page.number() == id).unwrap().1.labels.len();
    assert_eq!([labelled(11), labelled(13)], [1, 0]);
}

/// A page that loses the label keeps its list, and one that gets it is restricted by the next run.
#[tokio::test]
async fn a_page_that_loses_the_label_stays_as_it_is() {
    let stage = Stage::open(SITE).await;
    stage.converge(&policy(RUNBOOKS)).await.unwrap();
    for (page, on) in [(11, false), (12, true)] {
        let label = Action::LabelPage { content: ContentId(page), label: "runbook".into(), on };
        stage.running.act(label).unwrap().unwrap();
    }
    let planned = stage.converge(&policy(RUNBOOKS)).await.unwrap();
    assert_eq!(restricted(&planned.plan), [12]);
    assert!(!stage.running.world(|world| world.content(ContentId(11)).unwrap().lists.read.is_empty()));
}

/// Those who join by label join the lists that are there.
#[tokio::test]
async fn lists_are_joined_by_label() {
    let stage = Stage::open(SITE).await;
    let closes = Action::SetList {
        content: ContentId(13),
        list: ListKind::Read,
        principals: [Principal::Group(GroupId::from("g-sre")), Principal::User("u-bot".into())].into(),
    };
    stage.running.act(closes).unwrap().unwrap();
    let joins = "      label:runbook: {also-view: [group:oncall]}\n";
    let planned = stage.converge(&policy(joins)).await.unwrap();
    assert_eq!(restricted(&planned.plan), [13]);
}

/// Between the plan and the write.
#[tokio::test]
async fn a_page_that_loses_the_label_in_between_is_not_written() {
    for pages in [RUNBOOKS, "      label:runbook: {also-view: [group:oncall]}\n"] {
        let site = SITE.replace("title: C, ", "title: C, view: [group:sre, user:bot], ");
        let stage = Stage::open(&site).await;
        let planned = stage.plan(&policy(pages)).await;
        let unlabel = Action::LabelPage { content: ContentId(13), label: "runbook".into(), on: false };
        stage.running.act(unlabel).unwrap().unwrap();
        let outcome = stage.apply(&planned).await;
        assert!(!outcome.is_complete());
        let text = confperm::render::outcome_as_text(&planned.plan, &outcome);
        assert!(text.contains("/B/C: it does not show the label `runbook` any more"), "{text}");
        let view = stage.running.world(|world| world.content(ContentId(13)).unwrap().lists.read.len());
        assert_eq!(view, 2);
    }
}

/// Whatever is wrong with the lists of labels, no page counts as one without the label.
#[tokio::test]
async fn labels_that_cannot_be_read_are_unknown() {
    for (rules, why) in [
        ("fail: ['403:GET:/labels']", Why::Hidden),
        ("fail: ['404:GET:/labels/*/pages']", Why::Hidden),
        ("mangle: ['entry-twice:/labels']", Why::Contradictory),
        ("mangle: ['entry-twice:/labels/*/pages']", Why::Contradictory),
        ("mangle: ['without=spaceId:/labels/*/pages']", Why::Contradictory),
        ("mangle: ['no-ids:/labels/*/pages']", Why::Contradictory),
    ] {
        let stage = Stage::open(&format!("{SITE}adversary: {{{rules}}}\n")).await;
        let pages = format!("{RUNBOOKS}      /A: {{edit: [user:bot]}}\n");
        let plan = stage.plan(&policy(&pages)).await.plan;
        assert_eq!(restricted(&plan), [0; 0], "{rules}");
        assert_eq!(plan.objects.len(), 1, "the rest is planned: {rules}");
        let gap = plan.incomplete.iter().next();
        assert!(
            matches!(gap, Some(Gap::Labels { content: None, why: found, .. }) if *found == why),
            "{rules}: {gap:?}"
        );
    }
}

/// One archived page that does not show its labels leaves all others as declared.
#[tokio::test]
async fn an_archived_page_whose_labels_are_hidden_is_named() {
    let rules = "quirks: {label-lists-archived: false}\nadversary: {fail: ['404:GET:/pages/14/labels']}\n";
    let stage = Stage::open(&format!("{SITE}{rules}")).await;
    let plan = stage.plan(&policy(RUNBOOKS)).await.plan;
    assert_eq!(restricted(&plan), [11, 13]);
    let of = |gap: &Gap| matches!(gap, Gap::Labels { content: Some(page), .. } if page.number() == 14);
    assert!(plan.incomplete.len() == 1 && plan.incomplete.iter().all(of), "{:?}", plan.incomplete);
}

/// A second label ends no run: the list of that page stays as it is.
#[tokio::test]
async fn a_page_with_two_labels_is_passed_over() {
    let stage = Stage::open(SITE).await;
    let pages = format!("{RUNBOOKS}      label:other: {{view: [group:sre, user:bot], edit: [user:bot]}}\n");
    let plan = stage.plan(&policy(&pages)).await.plan;
    assert_eq!(restricted(&plan), [13, 14]);
    assert_eq!(plan.objects.len(), 3, "the edit list of the page is set by one label alone");
    let text = confperm::render::plan_as_text(&plan);
    assert!(text.contains("ENG  /A: the entry of `label:other` says something else of this list"), "{text}");
    assert!(!plan.is_complete());
}

/// Names that look the same are one label, and so are two of a site that differ in nothing else.
#[tokio::test]
async fn a_label_is_told_by_what_is_seen_of_it() {
    let site = SITE
        .replace("title: C, labels: [runbook]", "title: C, labels: [\"cafe\u{301}\"]")
        .replace("title: E, labels: [runbooks]", "title: E, labels: [\"caf\u{e9}\"]");
    let stage = Stage::open(&site).await;
    let plan = stage.plan(&policy("      label:caf\u{e9}: {view: [group:oncall, user:bot]}\n")).await.plan;
    assert_eq!(restricted(&plan), [13, 15]);
}

/// Who may edit a page can give it a label, and keeps no access by that which another entry takes away.
#[tokio::test]
async fn a_label_stops_no_other_list_of_the_page() {
    for (pages, restricts_view) in [
        ("      /A: {view: [group:sre, user:bot]}\n      label:runbook: {edit: [group:oncall]}\n", true),
        ("      label:runbook: {view: [group:sre, user:bot]}\n      /A: {edit: [group:oncall]}\n", false),
        ("      /*: {view: [group:sre, user:bot]}\n      label:runbook: {edit: [group:oncall]}\n", true),
    ] {
        let stage = Stage::open(SITE).await;
        let plan = stage.plan(&policy(pages)).await.plan;
        let changes = |list: PageList| {
            plan.objects.iter().any(|object| {
                matches!(object, confperm::plan::Object::Page { content, before, after, .. }
                    if content.number() == 11 && before.audience(list) != after.audience(list))
            })
        };
        assert_eq!([changes(PageList::View), changes(PageList::Edit)], [restricts_view, !restricts_view]);
        let text = confperm::render::plan_as_text(&plan);
        assert!(text.contains("skipped: the list that the label sets"), "{text}");
        assert!(!plan.is_complete());
    }
}

/// Who may edit a page can give it a label, and neither ends a run by that nor keeps guests from their pages.
#[tokio::test]
async fn a_label_gives_way_to_page_only() {
    let site = SITE.replace(
        "  sre: {id: g-sre",
        "  guests: {id: g-guests, members: [], access: user}\n  sre: {id: g-sre",
    );
    let guests = "    page-only: [{who: [group:guests], pages: [/A], role: viewer}]\n";
    let stage = Stage::open(&site).await;
    let planned = stage.converge(&policy(&format!("{RUNBOOKS}{guests}"))).await.unwrap();
    assert!(planned.plan.refusals.is_empty(), "{:?}", planned.plan.refusals);
    let list = |page: u64| {
        let tree = planned.after.spaces[&"ENG".parse().unwrap()].tree.as_ref().unwrap();
        let page = tree.get(confperm::model::ContentId::from_number(page)).unwrap();
        let lists = page.restrictions.as_ref().known().unwrap();
        lists.view.subjects().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(list(11), ["group:g-guests", "group:g-oncall", "user:u-bot"]);
    assert_eq!(list(13), ["group:g-oncall", "user:u-bot"], "the label alone decides where no guest is");
}

/// No label puts guests on the lists of whatever page gets it.
#[test]
fn an_entry_for_a_label_names_no_guest() {
    for entry in
        ["{view: [group:guests, group:sre]}", "{also-view: [group:guests]}", "{also-edit: [set:out]}"]
    {
        let guests = "    page-only: [{who: [group:guests], pages: [/A]}]\nsets: {out: [group:guests]}\n";
        let text = policy(&format!("      label:runbook: {entry}\n{guests}"));
        let ran = Folder::with(&[("confperm.yaml", &text)]).run(&["validate"]);
        assert!(
            ran.err.contains("error[label-opens]") || ran.out.contains("error[label-opens]"),
            "{entry}: {}{}",
            ran.out,
            ran.err
        );
    }
}

/// A label costs one list for the site, one for each space, and one look before each write.
#[tokio::test]
async fn what_labels_cost() {
    let stage = Stage::open(SITE).await;
    let planned = stage.plan(&policy(RUNBOOKS)).await;
    let asked = |part: &str| {
        let log = stage.running.requests();
        log.iter().filter(|request| format!("{}?{}", request.path, request.query).contains(part)).count()
    };
    assert_eq!(
        (asked("/api/v2/labels?"), asked("/pages?space-id"), asked("/labels?prefix=global")),
        (1, 1, 1)
    );
    stage.apply(&planned).await;
    assert_eq!((asked("/api/v2/labels?"), asked("/pages/11/labels"), asked("/pages/13/labels")), (1, 1, 1));
    assert_eq!(
        stage.running.requests().iter().filter(|request| is_write(&request.method, &request.path)).count(),
        3
    );
}

#[test]
fn the_scope_of_labels_is_asked_for_where_a_policy_needs_it() {
    let scopes = |pages: &str| {
        let folder = Folder::with(&[("confperm.yaml", &policy(pages))]);
        folder.run(&["doctor", "--scopes"]).out
    };
    assert!(scopes(RUNBOOKS).contains("read:label:confluence"));
    assert!(!scopes("      /A: {view: anyone}\n").contains("read:label:confluence"));
}

#[tokio::test]
async fn the_command_line_says_what_it_could_not_see() {
    let folder = Folder::with(&[
        (
            "confperm.yaml",
            &policy(RUNBOOKS).replace("version: 1", "version: 1\nsite: {url: sandbox:site.yaml}"),
        ),
        ("site.yaml", &format!("{SITE}adversary: {{fail: ['403:GET:/labels']}}\n")),
    ]);
    let ran = folder.run(&["plan"]);
    assert_eq!(ran.code, 6, "{}", ran.out);
    assert!(
        ran.out.contains(
            "the pages with the label `runbook`: the site hides them from the account that runs this"
        ),
        "{}",
        ran.out
    );
}

/// A folder with the site and a policy about it.
fn with_site() -> (Folder, String) {
    let text = policy(RUNBOOKS).replacen("people:", "site: {url: 'sandbox:site.yaml'}\npeople:", 1);
    (Folder::with(&[("site.yaml", SITE), ("confperm.yaml", &text)]), text)
}

/// A label is no name that a lock remembers: `--locked` takes it as it is written.
#[test]
fn a_locked_run_asks_for_no_label_in_the_lock() {
    let (folder, _) = with_site();
    folder.run(&["plan"]).code(0);
    let lock = folder.read("confperm.lock");
    assert!(lock.contains("oncall") && !lock.contains("runbook"), "{lock}");
    folder.run(&["apply", "--yes", "--locked"]).code(0);
    assert_eq!(folder.read("confperm.lock"), lock);
    folder.run(&["plan", "--detailed-exitcode", "--locked"]).code(0);
}

#[test]
fn missing_spaces_are_imported_beside_a_label() {
    let (folder, text) = with_site();
    let imported = folder.run(&["import", "--missing"]).code(0);
    assert!(
        imported.out.contains("1 space written") && imported.out.contains("changes nothing"),
        "{}",
        imported.out
    );
    assert_eq!(folder.read("confperm.yaml"), text);
    folder.run(&["apply", "--yes"]).code(0);
    folder.run(&["plan", "--detailed-exitcode"]).code(0);
    let again = folder.run(&["import", "--missing"]).code(0);
    assert!(again.out.starts_with("Nothing to import"), "{}", again.out);
}
