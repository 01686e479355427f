//! Rules and grants with an end, from the command line.

use confperm::cli::exit::Exit;

use crate::support::{Folder, site_of_ann_and_bob};

/// The jobs with a policy of this body in `mine`.
fn jobs_with(body: &str) -> Folder {
    let folder = Folder::example("jobs");
    std::fs::create_dir(folder.path().join("mine")).unwrap();
    let people = "people: {bob: 5b10ac8d82e05b22cc7d4e02, lena: 5b10ac8d82e05b22cc7d4e04}";
    folder.write(
        "mine/policy.yaml",
        &format!("version: 1\nsite: {{url: \"sandbox:../site.yaml\"}}\n{people}\n{body}\n"),
    );
    folder
}

#[test]
fn a_run_can_be_limited_to_spaces_that_rules_select() {
    let folder =
        jobs_with("rules: [{name: r, spaces: {label: team}, access: {read/space: [group:auditors]}}]");
    let one = folder.run(&["plan", "--space", "DOCS", "mine"]).code(0);
    assert!(one.out.contains("DOCS  Documentation") && !one.out.contains("ENG"), "{}", one.out);
    let none = folder.run(&["plan", "--space", "HR", "mine"]).code(Exit::Usage.code().into());
    assert!(none.err.contains("--space HR: the policy does not cover this space"), "{}", none.err);
}

#[test]
fn an_explanation_names_the_rule() {
    let folder = jobs_with(
        "rules: [{name: auditors read, spaces: {key: \"*\"}, access: {read/space: [group:auditors]}}]",
    );
    let told = folder.run(&["explain", "bob", "view", "DOCS", "--planned", "-C", "mine"]).code(0);
    assert!(told.out.contains("policy.yaml:4 (auditors read)"), "{}", told.out);
    let json = folder
        .run(&["explain", "bob", "view", "DOCS", "--planned", "--format", "json", "-C", "mine"])
        .code(0);
    assert!(json.out.contains("\"rule\": \"auditors read\""), "{}", json.out);
}

#[test]
fn what_was_given_for_a_time_is_taken_back_on_the_day_after() {
    let body = "rules: [{name: audit, spaces: [HR], access: {export/space: [{who: user:bob, until: 2030-01-31, why: audit Q1}]}}]";
    let folder = jobs_with(body);
    let on = |day: &str, arguments: &[&str]| {
        let mut command = folder.confperm(arguments);
        crate::support::Ran::from(command.env("CONFPERM_TODAY", day).output().unwrap())
    };
    let plan = on("2030-01-31", &["plan", "mine"]).code(0);
    assert!(plan.out.contains("policy.yaml:4 until 2030-01-31 (audit; audit Q1)"), "{}", plan.out);
    on("2030-01-31", &["apply", "--yes", "mine"]).code(0);
    assert!(on("2030-01-31", &["plan", "mine"]).code(0).out.contains("Nothing to change"));
    let soon = on("2030-01-20", &["validate", "--warn-before", "2w", "mine"]).code(0);
    assert!(
        soon.out.starts_with("2030-01-31  in 11 days: user:bob has export/space by the rule \"audit\""),
        "{}",
        soon.out
    );
    assert!(
        !on("2030-01-01", &["validate", "--warn-before", "14d", "mine"]).code(0).out.contains("2030-01-31")
    );

    let over = on("2030-02-01", &["plan", "mine"]).code(0);
    assert!(
        over.err.contains("ended-grant") && over.out.contains("ended 2030-01-31"),
        "{}\n{}",
        over.err,
        over.out
    );
    on("2030-02-01", &["apply", "--yes", "mine"]).code(0);
    let after = on("2030-02-01", &["plan", "mine"]).code(0);
    assert!(after.out.contains("Nothing to change"), "{}", after.out);
    on("next week", &["plan", "mine"]).code(Exit::Usage.code().into());
}

#[test]
fn a_list_is_not_opened_by_an_account_that_leaves() {
    let folder = jobs_with("rules: [{name: gone, spaces: {key: \"*\"}, absent: [user:lena]}]");
    let site = folder.read("site.yaml").replace("edit: [user:lena, user:ann]", "edit: [user:lena]");
    folder.write("site.yaml", &site);
    let told = folder.run(&["plan", "mine"]).code(Exit::Invalid.code().into());
    assert!(told.err.contains("error[last-on-list]") && told.err.contains("Plans of Lena"), "{}", told.err);
    assert!(told.out.is_empty(), "{}", told.out);
}

#[test]
fn the_principal_named_instead_takes_the_place_on_a_list_that_would_be_empty() {
    // Only an account on the list may change it, here through the group that goes.
    let body =
        "rules: [{name: gone, spaces: [ENG], absent: [{who: group:platform-old, instead: group:platform}]}]";
    let folder = jobs_with(body);
    let site = folder.read("site.yaml").replace("edit: [user:lena, user:ann]", "edit: [group:platform-old]");
    let line = site.lines().find(|line| line.starts_with("  platform-old: {")).unwrap();
    folder.write("site.yaml", &site.replace(line, &line.replace("members: [", "members: [ann, ")));
    folder.run(&["apply", "--yes", "mine", "--override", "max-removals", "--why", "moved"]).code(0);
    let after = folder.run(&["plan", "mine"]).code(0);
    assert!(after.out.contains("Nothing to change"), "{}", after.out);
    let state = folder.run(&["snapshot", "--all", "-C", "mine"]).code(0).out;
    let page = state.split("title: Plans of Lena").nth(1).unwrap().split("- id:").next().unwrap();
    assert!(page.contains("edit:") && page.contains("- group:platform\n"), "{page}");
    assert!(!page.contains("platform-old"), "{page}");
}

#[test]
fn nothing_is_asked_of_the_site_when_a_row_is_bad() {
    let from = "from: {csv: owners.csv, space: SpaceKey, type: Type, id: OwnerId}";
    let folder = jobs_with(&format!("rules: [{{name: owners, {from}, access: read/space}}]"));
    folder.write("mine/owners.csv", "Type,OwnerId,SpaceKey\nuser,nobody,ENG\nteam,platform,ENG\n");
    let hosted = crate::support::Hosted::open(&folder.file("site.yaml"));
    let mut command = folder.confperm(&["plan", "mine"]);
    hosted.point(&mut command);
    let told = crate::support::Ran::from(command.output().unwrap()).code(Exit::Invalid.code().into());
    assert!(told.err.contains("owners.csv:2:6") && told.err.contains("owners.csv:3:1"), "{}", told.err);
    assert_eq!(hosted.running.requests().len(), 0);
}

#[test]
fn a_page_that_is_opened_anyway_is_opened_at_once_where_a_group_leaves() {
    let folder = Folder::with(&[
        (
            "site.yaml",
            "kind: confluence-sandbox\nversion: 1\nsite: {flavor: cloud, space-role-mode: pre-roles, caller: ann, \
             anonymous: false}\nusers:\n  ann: {account-id: u-ann, name: Ann, email: ann@example.com}\ngroups:\n  lic: {id: \
             g-lic, members: [ann], access: user}\n  sre: {id: g-sre, members: []}\nspaces:\n  ENG:\n    id: 101\n    name: \
             Engineering\n    permissions: {read/space: [user:ann, group:sre], administer/space: [user:ann], create/page: \
             [user:ann]}\n    pages: [{id: 1001, title: Plans, view: [user:ann, group:sre]}]\nquirks: {companions: \
             never}\n",
        ),
        (
            "confperm.yaml",
            "version: 1\nsite: {url: sandbox:site.yaml}\nguards: {max-removals: 100}\nspaces:\n  ENG: {mode: additive, \
             unlisted-pages: open}\nrules: [{name: gone, spaces: [ENG], absent: [group:sre]}]\n",
        ),
    ]);
    let ran = folder.run(&["apply", "--yes"]).code(0);
    assert!(ran.out.contains("/Plans  view  opened to anyone"), "{}", ran.out);
    let left = folder.run(&["plan"]).code(0);
    assert!(left.out.contains("Nothing to change"), "{}", left.out);
}

/// A site with a space of each type that people make, none of which is in a policy yet.
const TYPES: &str = site_of_ann_and_bob!(
    "\ngroups:\n  staff: {id: g-staff, members: [ann, bob], access: user}\n  auditors: {id: g-auditors, members: [bob]}\n\
     spaces:\n  ENG: {id: 101, name: Engineering, permissions: {read/space: [user:ann], administer/space: [user:ann]}}\n  \
     TEAM: {id: 102, name: Team, type: collaboration, permissions: {read/space: [user:ann], administer/space: [user:ann]}}\n  \
     KB: {id: 103, name: Knowledge, type: knowledge_base, permissions: {read/space: [user:ann], administer/space: [user:ann]}}\n  \
     ~u-bob: {id: 104, name: Bob, type: personal, permissions: {read/space: [user:ann], administer/space: [user:ann]}}\n"
);

#[test]
fn a_rule_that_leaves_spaces_out_by_type_says_so() {
    let policy = |kind: &str| {
        format!(
            "version: 1\nsite: {{url: sandbox:site.yaml}}\nrules:\n  - {{name: auditors read, spaces: {{key: \"*\", type: {kind}}}, access: {{viewer: [group:auditors]}}}}\n"
        )
    };
    let folder = Folder::with(&[("site.yaml", TYPES), ("confperm.yaml", &policy("global"))]);
    let told = folder.run(&["plan"]).code(0).out;
    let line = "  the rule \"auditors read\" leaves out 1 collaboration, 1 knowledge_base and 1 personal spaces by type  confperm.yaml:4\n";
    assert!(told.contains(line), "{told}");
    assert!(told.contains(" 3 spaces of the site are not in the policy.\n"), "{told}");
    folder.run(&["apply", "--yes"]).code(0);
    let told = folder.run(&["plan"]).code(0).out;
    let sum =
        "Nothing to change: 1 space is as the policy says. 3 spaces of the site are not in the policy.\n";
    assert!(told.contains(line) && told.ends_with(sum), "{told}");

    folder.write("confperm.yaml", &policy("team"));
    let told = folder.run(&["plan"]).code(0).out;
    assert!(told.contains("leaves out 1 personal space by type"), "{told}");
    assert!(["KB", "TEAM"].iter().all(|key| told.contains(&format!("{key}  "))), "{told}");
    let json = folder.run(&["plan", "--format", "json"]).code(0).out;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["coverage"]["unnamed"], 1);
    assert_eq!(json["coverage"]["passed_over"][0]["types"]["personal"], 1);
}
