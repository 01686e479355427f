//! `page-only` and `unlisted-pages` from policy to verified site.

use std::fmt::Write as _;

use confperm::access::Lint;
use confperm::model::{Call, ContentId, Gap, Permission};
use confperm::plan::{Gaps, PageOnlyProblem, Plan, Planned, Refusal, plan};
use confperm::render::plan_as_text;
use confperm::sandbox::world;

use crate::builder::sandbox::page;
use crate::in_process::{Stage, parse};
use crate::support::Folder;

const PEOPLE: &str = "
kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: MODE, edition: standard, anonymous: false, caller: ann, cloud-id: c1}
users:
  ann: {account-id: u-ann, name: Ann, email: ann@x.com, confluence-admin: true}
  bob: {account-id: u-bob, name: Bob, email: bob@x.com}
  pia: {account-id: u-pia, name: Pia, email: pia@x.com}
  bot: {account-id: u-bot, name: Bot, type: app}
groups:
  eng: {id: g-eng, members: [bob], access: user}
  ops: {id: g-ops, members: [], access: user}
  ext: {id: g-ext, members: [pia], access: user}
  sre: {id: g-sre, members: [], access: user}
roles:
  Admin: {id: r-admin, type: system, permissions: [read/space, create/page, update/page, restrict_content/space, administer/space]}
  Viewer: {id: r-viewer, type: system, permissions: [read/space, create/comment]}
spaces:
  ENG:
    id: 101
    name: Engineering
    homepage: 1
";

const GRANTS: &str = "
    permissions:
      read/space: [user:ann, group:eng, user:bot]
      create/page: [user:ann, group:eng, user:bot]
      create/blogpost: [user:ann]
      restrict_content/space: [user:ann]
      administer/space: [user:ann]
";

const PAGES: &str = "
    pages:
      - id: 1
        title: Home
        children:
          - {id: 2, title: Public, children: [{id: 3, title: Start}, {id: 4, title: Prices}]}
          - {id: 5, title: Runbooks, children: [{id: 6, title: On-call}]}
          - {id: 7, title: Roadmap, view: [group:eng, user:ann]}
";

fn site(pages: &str, rest: &str) -> String {
    format!("{PEOPLE}{GRANTS}{pages}{rest}").replace("MODE", "pre-roles")
}

fn policy(body: &str) -> String {
    format!("version: 1\nspaces:\n  ENG:\n    mode: additive\n{body}")
}

const GUESTS: &str = "    page-only:\n      - {who: [group:ext], pages: [/Public/Start]}\n";

fn restricted(plan: &Plan) -> Vec<u64> {
    plan.calls
        .iter()
        .filter_map(|call| match &call.call {
            Call::Restrict { content, .. } => Some(content.number()),
            _ => None,
        })
        .collect()
}

fn sees(stage: &Stage, who: &str, page: u64) -> bool {
    let subject = world::Subject::User(who.into());
    stage.running.world(|world| world.allows(&subject, world::Verb::Read, world::ContentId(page)).is_ok())
}

fn edits(stage: &Stage, who: &str, page: u64) -> bool {
    let subject = world::Subject::User(who.into());
    stage.running.world(|world| world.allows(&subject, world::Verb::Update, world::ContentId(page)).is_ok())
}

fn linted(planned: &Planned, lint: Lint) -> Vec<u64> {
    let of = planned.plan.lints.iter().filter(|found| found.code == lint);
    of.filter_map(|found| found.content).map(ContentId::number).collect()
}

fn problems(planned: &Planned) -> Vec<&PageOnlyProblem> {
    planned
        .plan
        .refusals
        .iter()
        .map(|refusal| match refusal {
            Refusal::PageOnly { problem, .. } => problem,
            other => panic!("{other:?}"),
        })
        .collect()
}

#[tokio::test]
async fn pages_close_before_guests_come_in_and_apps_stay_in() {
    let stage =
        Stage::open(&site(PAGES, "    blogposts: [{id: 21, title: News}, {id: 22, title: Gossip}]\n")).await;
    let planned = stage.converge(&policy(GUESTS)).await.unwrap();
    let mut closed = restricted(&planned.plan);
    closed.sort_unstable();
    // The branch of the roadmap is closed by the list that it has.
    assert_eq!(closed, [4, 5, 21, 22]);
    let comes_in = planned.plan.calls.iter().position(
        |call| matches!(&call.call, Call::Grant { permission: Permission::ReadSpace, principal, .. } if principal.to_string() == "group:g-ext"),
    );
    let comes_in = &planned.plan.calls[comes_in.unwrap()];
    assert_eq!(comes_in.after.len(), closed.len(), "waits for each of them: {comes_in:#?}");
    for (page, guests, others) in [
        (1, true, true),
        (2, true, true),
        (3, true, true),
        (4, false, true),
        (6, false, true),
        (21, false, true),
    ] {
        assert_eq!(sees(&stage, "u-pia", page), guests, "guests and page {page}");
        assert!(
            ["u-ann", "u-bob", "u-bot"].into_iter().all(|who| sees(&stage, who, page) == others),
            "{page}"
        );
    }
    let entry = &planned.plan.page_only[0];
    assert_eq!((entry.pages, entry.closed, entry.closed_posts), (1, 5, 2));
    let above: Vec<u64> = entry.above.iter().map(|page| page.number()).collect();
    assert_eq!(above, [1, 2]);
}

#[tokio::test]
async fn a_new_page_is_told_as_seen_until_the_next_plan_closes_it() {
    let stage = Stage::open(&site(PAGES, "")).await;
    stage.converge(&policy(GUESTS)).await.unwrap();
    stage.running.change(|world| {
        for (id, parent) in [(30, 1), (31, 30), (32, 5)] {
            let (id, parent) = (world::ContentId(id), Some(world::ContentId(parent)));
            world.add_content(page(world::SpaceId(101), id, parent, format!("New {}", id.0)));
        }
    });
    assert!(sees(&stage, "u-pia", 31));
    let planned = stage.converge(&policy(GUESTS)).await.unwrap();
    assert_eq!(linted(&planned, Lint::SeenByGuests), [30], "what is below a closed page is not seen");
    assert!(plan_as_text(&planned.plan).contains("seen-by-guests"));
    assert_eq!(restricted(&planned.plan), [30]);
    assert!(!sees(&stage, "u-pia", 31) && sees(&stage, "u-bob", 31));
}

#[tokio::test]
async fn lists_made_for_guests_follow_who_is_an_insider() {
    let stage = Stage::open(&site(PAGES, "")).await;
    stage.converge(&policy(GUESTS)).await.unwrap();
    let more = policy(&format!("    access: {{viewer: [group:ops]}}\n{GUESTS}"));
    let planned = stage.converge(&more).await.unwrap();
    let mut changed = restricted(&planned.plan);
    changed.sort_unstable();
    assert_eq!(changed, [4, 5], "and the list of the roadmap is its own alone");
}

#[tokio::test]
async fn a_list_set_by_hand_follows_the_insiders_only_if_it_names_them_all_and_is_not_declared() {
    let pages = "
    pages:
      - id: 1
        title: Home
        children:
          - {id: 2, title: Public, edit: [group:eng, user:bot, user:ann], children: [{id: 3, title: Start}]}
          - {id: 5, title: All, view: [group:eng, user:bot, user:ann]}
          - {id: 6, title: Fewer, view: [group:eng, user:ann]}
          - {id: 7, title: Next, view: [group:eng, user:bot, group:ops, user:ann]}
          - {id: 8, title: Others, view: [group:eng, user:bot, group:ext, user:pia, user:ann]}
          - {id: 9, title: Declared, view: [group:eng, user:bot, user:ann]}
";
    let stage = Stage::open(&site(pages, "")).await;
    let guests = GUESTS.replace("Start]", "Start], role: collaborator");
    let body = format!(
        "    access: {{viewer: [group:ops, group:sre], create/page: [group:ops]}}
    pages: {{/Declared: {{view: [group:eng, user:bot]}}}}
{guests}"
    );
    let people = policy(&body).replace("version: 1", "version: 1\npeople: {bot: u-bot}");
    let planned = stage.converge(&people).await.unwrap();
    let text = plan_as_text(&planned.plan);
    let reasons = |page: &str| {
        let line = text.lines().find(|line| line.contains(&format!("/{page} "))).unwrap_or_default();
        (line.contains("policy.yaml:9 (page-only)"), line)
    };
    for (page, gains) in [("Public", "group:ops"), ("All", "group:ops, group:sre"), ("Next", "group:sre")] {
        let (is_told, line) = reasons(page);
        assert!(is_told && line.contains(gains), "{page}: {text}");
    }
    let mut changed = restricted(&planned.plan);
    changed.sort_unstable();
    assert_eq!(changed, [1, 2, 5, 7, 8], "{text}");
    let on_list =
        |page| stage.running.world(|world| world.content(world::ContentId(page)).unwrap().lists.read.clone());
    let ops = world::Principal::Group(world::GroupId("g-ops".to_owned()));
    assert!([5, 7].into_iter().all(|page| on_list(page).contains(&ops)));
    assert!([6, 8, 9].into_iter().all(|page| !on_list(page).contains(&ops)));
}

#[tokio::test]
async fn a_rule_that_takes_a_principal_off_lists_says_nothing_of_guests_or_insiders() {
    let pages = "
    pages:
      - id: 1
        title: Home
        children:
          - {id: 2, title: Public, view: [group:eng, user:bob, user:ann], children: [{id: 3, title: Start}]}
          - {id: 5, title: All, view: [group:eng, user:bot, user:bob, user:ann]}
          - {id: 6, title: Fewer, view: [group:eng, user:bob, user:ann]}
          - {id: 7, title: Closed, view: [group:ext, user:bob, user:ann]}
";
    let people = site(pages, "").replace("group:eng, user:bot]", "group:eng, user:bot, user:bob]");
    let stage = Stage::open(&people).await;
    let rule = |rule: &str| {
        let body = format!(
            "    access: {{viewer: [group:ops]}}\n{GUESTS}rules:\n  - {{name: leavers, spaces: {{key: \"*\"}}, {rule}}}\n"
        );
        policy(&body).replace("version: 1", "version: 1\npeople: {bob: u-bob}")
    };
    // What a rule puts guests on, it says of guests.
    let planned = stage.plan(&rule("replace: {user:bob: group:ext}")).await;
    let [PageOnlyProblem::Contradicted { pages, .. }] = problems(&planned)[..] else {
        panic!("{:#?}", planned.plan.refusals)
    };
    assert_eq!(pages.iter().map(|page| page.number()).collect::<Vec<_>>(), [5, 6]);

    let planned = stage.converge(&rule("absent: [user:bob]")).await.unwrap();
    assert!(problems(&planned).is_empty());
    let on_list = |page: u64| {
        let list =
            stage.running.world(|world| world.content(world::ContentId(page)).unwrap().lists.read.clone());
        list.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        [2, 5, 6, 7].map(on_list),
        [
            "user u-ann group g-eng group g-ext",
            "user u-ann user u-bot group g-eng group g-ops",
            "user u-ann group g-eng",
            "user u-ann",
        ]
    );
}

/// A list that only its author is on waits for insiders to come and go, and what the rule selects the space by for the list.
#[tokio::test]
async fn a_list_that_insiders_join_and_a_rule_that_selects_by_one_of_them_wait_for_no_circle() {
    let pages =
        PAGES.replace("title: Roadmap, view: [group:eng, user:ann]", "title: Roadmap, view: [user:ann]");
    let rule = "rules:\n  - name: swap\n    spaces: {where: {who: group:eng, has: read/space}}\n    access: {viewer: [group:ops]}\n    absent: [group:eng]\n    restricted-pages: {also-view: [group:ops]}\n";
    let stage = Stage::open(&site(&pages, "").replace(", user:bot]", "]")).await;
    let planned = stage.plan(&(policy(GUESTS) + rule)).await;
    assert_eq!(planned.plan.refusals, []);
    assert!(restricted(&planned.plan).contains(&7), "{:?}", planned.plan.calls);
    stage.converge(&(policy(GUESTS) + rule)).await.unwrap();
}

#[tokio::test]
async fn guests_who_edit_do_not_edit_what_they_only_have_to_see() {
    let stage = Stage::open(&site(PAGES, "")).await;
    let guests = "    page-only:\n      - {who: [group:ext], pages: [/Public/Start], role: collaborator}\n";
    stage.converge(&policy(guests)).await.unwrap();
    assert!(edits(&stage, "u-pia", 3) && !edits(&stage, "u-pia", 2) && !edits(&stage, "u-pia", 1));
    assert!(
        [1, 2, 3, 4].into_iter().all(|page| edits(&stage, "u-bob", page) && edits(&stage, "u-bot", page))
    );
}

#[tokio::test]
async fn an_entry_that_says_the_opposite_is_shown_with_its_line() {
    let stage = Stage::open(&site(PAGES, "")).await;
    for (entry, line) in [("/Runbooks: {view: anyone}", "5"), ("/Public: {view: [group:eng]}", "5")] {
        let planned = stage.plan(&policy(&format!("    pages: {{{entry}}}\n{GUESTS}"))).await;
        assert!(matches!(problems(&planned)[..], [PageOnlyProblem::Contradicted { .. }]), "{entry}");
        let text = plan_as_text(&planned.plan);
        assert!(text.contains(&format!("policy.yaml:{line}")) && text.contains("policy.yaml:7"), "{text}");
    }
    // A list of the policy's own that keeps the guests out is all that it takes.
    let fine = policy(&format!("    pages: {{/Runbooks: {{view: [group:eng]}}}}\n{GUESTS}"));
    stage.converge(&fine).await.unwrap();
}

#[tokio::test]
async fn a_list_of_guests_alone_is_not_emptied() {
    let pages = PAGES.replace("view: [group:eng, user:ann]", "view: [group:ext]");
    let people = site(&pages, "").replace("members: [pia]", "members: [pia, ann]");
    let stage = Stage::open(&people).await;
    let planned = stage.plan(&policy(GUESTS)).await;
    assert!(
        matches!(problems(&planned)[..], [PageOnlyProblem::NobodyElse { .. }]),
        "{:#?}",
        planned.plan.refusals
    );
}

#[tokio::test]
async fn insiders_that_no_list_can_name_are_told() {
    let roles = "
    role-assignments:
      Admin: [user:ann]
      Viewer: [class:all-licensed-users]
";
    let stage = Stage::open(&format!("{PEOPLE}{roles}{PAGES}").replace("MODE", "roles")).await;
    let planned = stage.plan(&policy(GUESTS)).await;
    let [PageOnlyProblem::Unlistable { insiders, pages }] = problems(&planned)[..] else {
        panic!("{:#?}", planned.plan.refusals)
    };
    assert_eq!(insiders.iter().map(ToString::to_string).collect::<Vec<_>>(), ["class:all-licensed-users"]);
    assert_eq!(pages.len(), 2);
}

/// A page of a form that is not known may be one that guests see, and the holder of such a permission an insider that the
/// lists would leave out.
#[tokio::test]
async fn guests_are_not_let_in_where_something_of_the_space_is_of_an_unknown_form() {
    let stage = Stage::open(&site(PAGES, "")).await;
    for (of, is_refused) in [("ENG", true), ("OPS", false)] {
        let mut live = stage.sign_in().await;
        let resolved = stage.observe(&mut live, &parse(&policy(GUESTS)), &confperm::observe::quiet).await;
        live.gaps.insert(Gap::Unreadable {
            space: Some(of.parse().unwrap()),
            list: "/wiki/api/v2/spaces/101/pages".to_owned(),
            count: 1,
            example: "id x: no number".into(),
        });
        let planned = plan(&resolved.desired, &live, Gaps::Refuse).unwrap();
        let is_told = matches!(problems(&planned)[..], [PageOnlyProblem::Unreadable { entries: 1 }]);
        assert_eq!(is_told, is_refused, "{of}: {:?}", planned.plan.refusals);
    }
}

#[tokio::test]
async fn folders_are_closed_where_the_site_can_and_walked_through_where_it_cannot() {
    let pages = format!(
        "{PAGES}          - {{id: 8, title: Sketches, type: folder, children: [{{id: 9, title: Logo}}]}}\n"
    );
    let stage = Stage::open(&site(&pages, "quirks: {folders-restrictable: true}\n")).await;
    let planned = stage.converge(&policy(GUESTS)).await.unwrap();
    assert!(restricted(&planned.plan).contains(&8) && !restricted(&planned.plan).contains(&9));

    let stage = Stage::open(&site(&pages, "")).await;
    let planned = stage.converge(&policy(GUESTS)).await.unwrap();
    assert!(restricted(&planned.plan).contains(&9));
    assert_eq!(linted(&planned, Lint::NotRestrictable), [8]);
    assert!(!sees(&stage, "u-pia", 9));

    // A whiteboard has more to show than its name, also where no page hangs under it.
    for board in [
        pages.replace("type: folder", "type: whiteboard"),
        format!("{PAGES}      - {{id: 8, title: Ideas, type: whiteboard}}\n"),
    ] {
        let planned = Stage::open(&site(&board, "")).await.plan(&policy(GUESTS)).await;
        assert!(matches!(problems(&planned)[..], [PageOnlyProblem::NoLists { .. }]));
    }
}

#[tokio::test]
async fn a_folder_that_is_named_is_restricted_or_reported() {
    let pages = format!(
        "{PAGES}          - {{id: 8, title: Sketches, type: folder, children: [{{id: 9, title: Logo}}]}}\n"
    );
    let named = policy("    pages: {/Sketches: {view: [group:eng]}, /Sketches/**: {edit: [group:eng]}}\n");
    for (quirks, done) in [("quirks: {folders-restrictable: true}\n", true), ("", false)] {
        let stage = Stage::open(&site(&pages, quirks)).await;
        let planned = stage.converge(&named).await.unwrap();
        assert_eq!(restricted(&planned.plan).contains(&8), done);
        assert_eq!(linted(&planned, Lint::NotRestrictable).is_empty(), done);
        assert!(restricted(&planned.plan).contains(&9), "patterns walk through");
    }
}

#[tokio::test]
async fn blog_posts_are_named_by_their_title() {
    let stage =
        Stage::open(&site(PAGES, "    blogposts: [{id: 21, title: A/B}, {id: 22, title: Start}]\n")).await;
    let named = "    pages: {\"blog:A/B\": {view: [group:eng]}}\n";
    stage.converge(&policy(named)).await.unwrap();
    assert!(sees(&stage, "u-bob", 21) && !sees(&stage, "u-bot", 21) && sees(&stage, "u-bot", 22));
}

#[tokio::test]
async fn what_no_entry_reaches_is_left_and_counted_or_opened() {
    let stage = Stage::open(&site(PAGES, "")).await;
    let left =
        stage.plan(&policy("    pages: {/Runbooks: {edit: [group:eng]}}\n    unlisted-pages: leave\n")).await;
    assert!(plan_as_text(&left.plan).contains("1 restricted page that no entry matches"));
    let open = format!("    unlisted-pages: open\n{GUESTS}");
    let planned = stage.converge(&policy(&open)).await.unwrap();
    assert!(restricted(&planned.plan).contains(&7), "opened to insiders, closed to guests");
    assert!(sees(&stage, "u-bot", 7) && !sees(&stage, "u-pia", 7));
    let planned = stage.converge(&policy("    unlisted-pages: open\n")).await.unwrap();
    assert_eq!(restricted(&planned.plan).len(), 3);
    assert!(sees(&stage, "u-pia", 7));
}

#[tokio::test]
async fn more_than_a_guest_is_reported() {
    let people = site(PAGES, "").replace("g-sre, members: []", "g-sre, members: [pia]");
    let people = people.replace("members: [bob]", "members: [bob, pia]");
    let people = people.replace("title: Roadmap, view: [group:eng", "title: Roadmap, view: [group:sre");
    let planned = Stage::open(&people).await.plan(&policy(GUESTS)).await;
    assert_eq!(linted(&planned, Lint::GuestListed), [7]);
    let inside = planned.plan.lints.iter().find(|lint| lint.code == Lint::GuestInside).unwrap();
    let about: Vec<String> = inside.about.iter().map(ToString::to_string).collect();
    assert_eq!(about, ["group:g-eng", "group:g-ext"]);
}

#[tokio::test]
async fn three_thousand_pages_take_no_more_restrictions_than_there_are_branches() {
    let mut pages = String::from("    pages:\n");
    let mut id = 1;
    for branch in 0..40 {
        let _ = write!(pages, "      - {{id: {id}, title: Branch {branch}, children: [");
        for page in 0..74 {
            let _ = write!(pages, "{{id: {}, title: Page {branch}-{page}}},", id + 1 + page);
        }
        pages.push_str("]}\n");
        id += 75;
    }
    let stage = Stage::open(&site(&pages, "").replace("    homepage: 1\n", "")).await;
    let guests = "    page-only:\n      - {who: [group:ext], pages: [/Branch 7/**, /Branch 7]}\n";
    let planned = stage.plan(&policy(guests)).await;
    assert_eq!(restricted(&planned.plan).len(), 39);
    assert_eq!(planned.plan.cost.lower_bound, planned.plan.cost.calls);
    let one = "    page-only:\n      - {who: [group:ext], pages: [/**]}\n";
    assert_eq!(restricted(&stage.plan(&policy(one)).await.plan).len(), 0);
}

#[test]
fn an_explanation_names_the_entry_that_keeps_a_list() {
    let folder = Folder::example("jobs/page-only");
    let entry = |who: &str| {
        let policy = folder.read("confperm.yaml");
        let line = policy.lines().position(|line| line.contains(&format!("who: [{who}]"))).unwrap();
        format!("confperm.yaml:{}", line + 1)
    };
    let planned = ["explain", "group:support", "view", "DOCS/Runbooks", "--planned"];
    let before = folder.run(&planned).code(0);
    folder.run(&["apply", "--yes"]).code(0);
    for ran in [before, folder.run(&planned).code(0), folder.run(&planned[..4]).code(0)] {
        let list = ran.out.lines().find(|line| line.contains("on the view list: group:support")).unwrap();
        assert!(list.contains(&entry("group:partners")), "{}", ran.out);
    }
    // The list of the roadmap was there before, and is used as it is.
    let roadmap = folder.run(&["explain", "group:engineering", "view", "DOCS/Roadmap"]).code(0);
    let list = roadmap.out.lines().find(|line| line.contains("on the view list: group:engineering")).unwrap();
    assert!(list.contains("not declared"), "{}", roadmap.out);
    let who = folder.run(&["who", "view", "DOCS/Runbooks"]).code(0);
    assert!(!who.out.contains("not declared"), "{}", who.out);
}
