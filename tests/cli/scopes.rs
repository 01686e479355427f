//! Scoped tokens: `doctor --scopes` lists the least that a policy needs, and what is refused for want of a scope names
//! it.

use std::collections::BTreeSet;

use confperm::confluence::cloud::scopes;
use confperm::confluence::error::Endpoint;
use confperm::sandbox;

use crate::support::{Folder, Hosted, Ran, sign_in};

const POLICY: &str = r"version: 1
people: {ann: u-ann, bob: u-bob}
spaces:
  ENG:
    access:
      viewer: ['user:bob', 'group:eng']
      admin: ['user:ann']
    pages:
      /Home: {edit: ['user:ann', 'group:eng']}
tests:
  - {name: bob reads, who: 'user:bob', can: {view: ['ENG/Home']}}
";

/// A site on which every kind of call is made: roles, single permissions, and pages below whatever they may stand
/// below, of which the search finds nothing.
fn site(scopes: &[&str]) -> String {
    format!(
        "kind: confluence-sandbox
version: 1
site: {{flavor: cloud, space-role-mode: roles-transition, caller: ann}}
users:
  ann: {{account-id: u-ann, email: ann@x.com, confluence-admin: true, token-scopes: ['{}']}}
  bob: {{account-id: u-bob}}
groups:
  eng: {{id: g-eng, members: [bob]}}
  all: {{id: g-all, members: [ann, bob], access: user}}
roles:
  Viewer: {{id: r-view, type: system, permissions: [read/space]}}
  Admin: {{id: r-adm, type: system, permissions: [read/space, create/page, update/page, restrict_content/space, administer/space]}}
spaces:
  ENG:
    id: 1
    name: Engineering
    permissions: {{read/space: [group:all]}}
    role-assignments: {{Admin: [user:ann]}}
    pages:
      - {{id: 11, title: Home, children: [
          {{id: 12, title: F, type: folder, children: [{{id: 22, title: a}}]}},
          {{id: 13, title: W, type: whiteboard, children: [{{id: 23, title: b}}]}},
          {{id: 14, title: D, type: database, children: [{{id: 24, title: c}}]}},
          {{id: 15, title: E, type: embed, children: [{{id: 25, title: d}}]}}]}}
quirks: {{search-misses: [12, 13, 14, 15]}}
",
        scopes.join("', '")
    )
}

fn printed(policy: &str) -> Vec<String> {
    let folder = Folder::with(&[("confperm.yaml", policy)]);
    let ran = folder.run(&["doctor", "--scopes"]).code(0);
    ran.out.lines().filter_map(|line| line.strip_prefix("  ").map(str::to_owned)).collect()
}

/// What `plan`, `apply` and `test --live` came to with such a token, until one fails.
fn runs(scopes: &[&str]) -> (Vec<Ran>, Hosted) {
    let folder = Folder::with(&[("site.yaml", &site(scopes)), ("confperm.yaml", POLICY)]);
    let hosted = Hosted::open(&folder.file("site.yaml"));
    let url = hosted.running.gateway_url();
    let mut runs = Vec::new();
    for arguments in [&["plan"][..], &["apply", "--yes"], &["test", "--live"]] {
        let mut command = folder.confperm(arguments);
        sign_in(&mut command, &url, &hosted.running);
        let ran = Ran::from(command.output().unwrap());
        let is_done = ran.out.is_empty() || ran.err.contains("error");
        runs.push(ran);
        if is_done {
            break;
        }
    }
    (runs, hosted)
}

#[test]
fn the_scopes_that_doctor_lists_are_enough_and_none_is_too_many() {
    let all = printed(POLICY);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let (enough, hosted) = runs(&all);
    for ran in enough {
        ran.code(0);
    }
    for request in hosted.running.requests().iter().filter(|request| request.path.contains("/ex/")) {
        let path = request.path.split_once("/wiki").unwrap().1;
        let (method, path) = (request.method.parse().unwrap(), format!("/wiki{path}"));
        let known = sandbox::scopes(&method, &path).unwrap();
        let mut known = known.split('|').map(|all| all.split('+').collect::<BTreeSet<_>>());
        let needed: BTreeSet<&str> =
            scopes::of(&Endpoint { method, path: path.clone() }).iter().copied().collect();
        assert!(known.any(|known| known == needed), "{path}: {needed:?}");
    }

    for missing in &all {
        let rest: Vec<&str> = all.iter().copied().filter(|scope| scope != missing).collect();
        let (runs, _) = runs(&rest);
        let said: String = runs.iter().flat_map(|ran| [ran.out.as_str(), ran.err.as_str()]).collect();
        let one = format!("the token lacks the scope `{missing}`");
        let named = said.contains(&one)
            || (said.contains("the token lacks one of the scopes") && said.contains(&format!("`{missing}`")));
        assert!(named, "{missing}: {} runs\n{said}", runs.len());
    }
}

#[test]
fn what_a_policy_does_not_ask_for_needs_no_scope() {
    let pages = "version: 1\nspaces: {ENG: {mode: additive, pages: {/Home: {view: anyone, edit: anyone}}}}\n";
    let scopes = printed(pages);
    assert!(scopes.contains(&"write:content.restriction:confluence".to_owned()), "{scopes:?}");
    assert!(!scopes.contains(&"write:space.permission:confluence".to_owned()), "{scopes:?}");
    assert!(!scopes.contains(&"read:content.permission:confluence".to_owned()), "{scopes:?}");
    let rows = "version: 1\nspaces: {ENG: {access: {viewer: [group:eng]}}}\n";
    let scopes = printed(rows);
    assert!(!scopes.contains(&"write:content.restriction:confluence".to_owned()), "{scopes:?}");
    assert!(scopes.contains(&"write:space.permission:confluence".to_owned()), "{scopes:?}");
}

/// A token without scopes to write makes the same plan; where it is known what a token lacks, it is noted.
#[test]
fn a_token_that_only_reads_makes_the_same_plan() {
    let all = printed(POLICY);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let reads: Vec<&str> = all.iter().copied().filter(|scope| scope.starts_with("read:")).collect();
    let run = |arguments: &[&str], scopes: &[&str], is_oauth: bool, policy: &str| {
        let folder = Folder::with(&[("site.yaml", &site(scopes)), ("confperm.yaml", policy)]);
        let hosted = Hosted::open(&folder.file("site.yaml"));
        let mut command = folder.confperm(arguments);
        if is_oauth {
            let token = hosted.running.credentials().unwrap().token;
            command.args(["--site", &hosted.running.gateway_url()]).env("CONFLUENCE_PERSONAL_TOKEN", token);
        } else {
            sign_in(&mut command, &hosted.running.gateway_url(), &hosted.running);
        }
        Ran::from(command.output().unwrap()).code(0)
    };
    let plan = |scopes: &[&str], is_oauth: bool, policy: &str| {
        run(&["plan", "--format", "json"], scopes, is_oauth, policy)
    };
    let note = "note: this token cannot apply the plan: it lacks `write:content.restriction:confluence` and \
                `write:space.permission:confluence`\n";
    let (reading, writing) = (plan(&reads, true, POLICY), plan(&all, true, POLICY));
    assert_eq!(reading.out, writing.out);
    assert!(reading.err.contains(note), "{}", reading.err);
    assert!(!writing.err.contains("note:"), "{}", writing.err);
    let doctor = run(&["doctor"], &reads, true, POLICY).out;
    assert!(doctor.contains("look  token    it can plan, and not apply: it lacks `write:"), "{doctor}");
    assert!(!run(&["doctor"], &all, true, POLICY).out.contains("look  token"));
    // Of an API token it is not known.
    assert!(!plan(&reads, false, POLICY).err.contains("note:"));
    // Only what the plan takes is missed.
    let pages = "version: 1\nspaces: {ENG: {mode: additive, pages: {/Home: {edit: ['group:eng']}}}}\n";
    let lacking = plan(&reads, true, pages).err;
    assert!(lacking.contains("it lacks `write:content.restriction:confluence`\n"), "{lacking}");
}
