//! `plan` prints the hash of its meaning, and `apply --expect` goes on with a plan of that hash only.

use std::collections::BTreeSet;

use confperm::model::Fingerprint;
use confperm::plan::Plan;
use serde_json::Value;

use crate::support::{Folder, Hosted, Ran, sign_in, site_of_ann_and_bob};

pub(crate) const SITE: &str = site_of_ann_and_bob!(
    "
groups:
  eng: {id: g-eng, members: [bob], access: user}
  hr: {id: g-hr, members: [bob]}
spaces:
  ENG:
    id: 1
    name: Engineering
    permissions:
      read/space: [user:ann, group:eng, group:hr]
      create/page: [user:ann]
      update/page: [user:ann]
      restrict_content/space: [user:ann]
      administer/space: [user:ann]
    pages: [{id: 11, title: Plans}, {id: 12, title: Closed, view: [user:ann, group:eng], edit: [user:ann]}]
"
);

pub(crate) const POLICY: &str = "version: 1
people: {ann: u-ann, bob: u-bob}
spaces:
  ENG:
    access:
      admin: ['user:ann']
      viewer: ['group:eng', {who: 'user:bob', until: 2030-01-31, why: audit}]
    pages:
      /Plans: {view: ['user:ann', 'group:eng']}
      /Closed: {view: anyone}
";

/// The same policy in other files, in another order, with other words and on other lines.
const RULES: &str = "# Why this is so\n\n\nversion: 1\nspaces:
  ENG:
    pages:
      /Closed: {view: anyone}
      /Plans:
        view: ['group:eng', 'user:robert-ann']
    access:
      viewer: [{who: 'user:rob', until: 2030-01-31, why: other words}, 'group:eng']
      admin: ['user:robert-ann']
";
const PEOPLE: &str = "people: {rob: u-bob, robert-ann: u-ann}\n";

pub(crate) fn repository() -> Folder {
    Folder::with(&[("site.yaml", SITE), ("policy.yaml", &with_site(POLICY))])
}

pub(crate) fn with_site(policy: &str) -> String {
    format!("site: {{url: 'sandbox:site.yaml'}}\n{policy}")
}

fn hash_said(ran: &Ran) -> String {
    let hashes = ran.said("Hash of this plan:");
    let [hash] = hashes.as_slice() else { panic!("one hash in {}", ran.err) };
    (*hash).to_owned()
}

/// The hash of a plan over HTTP, by a token with these scopes, on a day.
fn hash_of(files: &[(&str, &str)], scopes: &[&str], day: &str) -> String {
    let folder = Folder::with(files);
    let scopes = format!("email: ann@x.com, token-scopes: ['{}']", scopes.join("', '"));
    folder.write("site.yaml", &SITE.replacen("email: ann@x.com", &scopes, 1));
    let hosted = Hosted::open(&folder.file("site.yaml"));
    let mut command = folder.confperm(&["plan"]);
    sign_in(&mut command, &hosted.running.gateway_url(), &hosted.running);
    hash_said(&Ran::from(command.env("CONFPERM_TODAY", day).output().unwrap()).code(0))
}

#[test]
fn two_tokens_of_one_account_get_the_same_hash_days_apart_and_from_files_in_any_order() {
    let folder = Folder::with(&[("policy.yaml", POLICY)]);
    let printed = folder.run(&["doctor", "--scopes"]).code(0).out;
    let all: Vec<&str> = printed.lines().filter_map(|line| line.strip_prefix("  ")).collect();
    let reading: Vec<&str> = all.iter().copied().filter(|scope| scope.starts_with("read:")).collect();
    assert!(reading.len() < all.len(), "{printed}");
    let reviewed = hash_of(&[("policy.yaml", POLICY)], &reading, "2026-11-20");
    let merged = hash_of(&[("z.yaml", PEOPLE), ("a-rules.yaml", RULES)], &all, "2026-11-26");
    assert_eq!(merged, reviewed);
    let other = POLICY.replace("2030-01-31", "2031-01-31");
    assert_ne!(hash_of(&[("policy.yaml", &other)], &reading, "2026-11-20"), reviewed, "another end");
}

/// Hands on a plan with one scalar replaced by another of its kind, or one list shortened, for each there is.
fn each_mutant(document: &Value, at: &str, check: &mut dyn FnMut(&str, Value)) {
    let mutant = |other: Value| {
        let mut changed = document.clone();
        *changed.pointer_mut(at).unwrap() = other;
        changed
    };
    match document.pointer(at).unwrap() {
        Value::Object(fields) => {
            for name in fields.keys() {
                let name = name.replace('~', "~0").replace('/', "~1");
                each_mutant(document, &format!("{at}/{name}"), check);
            }
        }
        Value::Array(entries) => {
            if !entries.is_empty() {
                check(at, mutant(Value::from(&entries[1..])));
            }
            for place in 0..entries.len() {
                each_mutant(document, &format!("{at}/{place}"), check);
            }
        }
        Value::Number(number) => check(at, mutant(Value::from(number.as_u64().unwrap() + 1))),
        Value::Bool(value) => check(at, mutant(Value::from(!value))),
        Value::String(text) => {
            let longer = format!("{text}x");
            for other in [longer.as_str(), "administer/space", "gap", "no-id"] {
                if other != text {
                    check(at, mutant(other.into()));
                }
            }
        }
        Value::Null => {}
    }
}

fn plan_of(folder: &Folder) -> Value {
    let ran = folder.run(&["plan", "--format", "json"]);
    serde_json::from_str(&ran.out).unwrap()
}

/// Whether the hash covers what stands at a place of a plan.
fn is_covered(pointer: &str) -> bool {
    let words = ["/reason/", "/origin", "/because", "/covers", "/why", "/limit/", "/elsewhere", "/ask/"];
    let parts = [
        "/changes",
        "/calls",
        "/objects",
        "/guards/outcomes",
        "/refusals",
        "/unseen",
        "/incomplete",
        "/left_out",
    ];
    parts.iter().any(|part| pointer.starts_with(part))
        && (!words.iter().any(|word| pointer.contains(word)) || is_gap_reason(pointer))
}

/// Why something is unknown, which is no reason for a change.
fn is_gap_reason(pointer: &str) -> bool {
    pointer.ends_with("/why") && (pointer.starts_with("/unseen") || pointer.starts_with("/incomplete"))
}

#[test]
fn any_changed_call_edge_guard_outcome_or_unknown_changes_the_hash_and_nothing_else_does() {
    let folder = repository();
    let unread = "adversary: {mangle: ['no-ids:/group/*/membersByGroupId']}\n";
    folder.write("site.yaml", &format!("{SITE}{unread}"));
    let guards = "guards: {required-admins: ['group:hr']}\n";
    folder.write("guards.yaml", guards);
    let (mut covered, mut free) = (BTreeSet::new(), 0);
    for folder in [folder, repository()] {
        let document = plan_of(&folder);
        let plan: Plan = serde_json::from_value(document.clone()).unwrap();
        assert_eq!(plan.recomputed_hash(), plan.hash);
        each_mutant(&document, "", &mut |pointer, changed| {
            // Some are no plans, and some are another spelling of the same, such as a set in another order.
            let Ok(changed) = serde_json::from_value::<Plan>(changed) else { return };
            if changed == plan || pointer.starts_with("/site") {
                return;
            }
            let is_other = changed.recomputed_hash() != plan.hash;
            assert_eq!(is_other, is_covered(pointer), "{pointer}");
            if is_other {
                covered.insert(pointer.split('/').nth(1).unwrap().to_owned());
            } else {
                free += 1;
            }
        });
    }
    let parts: Vec<&str> = covered.iter().map(String::as_str).collect();
    assert_eq!(parts, ["calls", "changes", "guards", "objects", "unseen"]);
    assert!(free > 100, "{free} other changes were tried");
}

#[test]
fn an_approved_plan_is_applied_and_another_one_is_shown_and_not_applied() {
    let folder = repository();
    let planned = folder.run(&["plan", "-o", "plan.json"]).code(0);
    let hash = hash_said(&planned);
    let document: Value = serde_json::from_str(&folder.read("plan.json")).unwrap();
    assert_eq!(document["hash"], hash.as_str());

    folder.write(
        "policy.yaml",
        &with_site(&POLICY.replace("'group:eng', {who", "'group:eng', 'group:hr', {who")),
    );
    for expected in [hash.as_str(), "plan.json"] {
        let stopped = folder.run(&["apply", "--yes", "--expect", expected]).code(3);
        assert!(stopped.out.contains("Plans"), "the new plan is shown: {}", stopped.out);
        assert!(
            stopped.err.contains("not the plan that was approved") && stopped.err.contains(&hash),
            "{}",
            stopped.err
        );
        let has_difference = stopped.err.contains("--- approved\n+++ now\n");
        assert_eq!(has_difference, expected == "plan.json", "{}", stopped.err);
    }
    assert!(!folder.path().join(".confperm/journal").exists(), "nothing was begun");

    folder.write("policy.yaml", &with_site(POLICY));
    let applied = folder.run(&["apply", "--yes", "--expect", "plan.json"]).code(0);
    assert!(applied.out.ends_with("The site is as the policy says.\n"), "{}", applied.out);
    folder.run(&["apply", "--yes", "--expect", &hash]).code(0);
}

#[test]
fn what_is_no_hash_and_no_plan_is_refused_without_a_word_of_it() {
    let folder = repository();
    folder.run(&["plan", "-o", "plan.json"]).code(0);
    let edited = folder.read("plan.json").replacen("\"read/space\"", "\"export/space\"", 1);
    folder.write("edited.json", &edited);
    folder.write("other.json", "{\"secret\": \"s3cr3t\"}");
    for (expected, why) in [
        ("edited.json", "the hash in it is not that of its content"),
        ("other.json", "not a plan of the form"),
        ("missing.json", "neither a hash nor a file"),
        ("sha256:0123", "neither a hash nor a file"),
        ("/proc/self/environ", "--expect"),
    ] {
        let refused = folder.run(&["apply", "--yes", "--expect", expected]).code(1);
        assert!(refused.err.contains(why) && !refused.err.contains("s3cr3t"), "{expected}: {}", refused.err);
        assert_eq!(refused.out, "");
    }
    assert!("sha256:0123".parse::<Fingerprint>().is_err());
    assert!(!folder.path().join(".confperm/journal").exists());
}

#[test]
fn what_others_change_during_the_run_is_not_planned_again_without_approval() {
    let folder = repository();
    let adversary = "adversary:
  actors:
    - when: {after-search-with: 11}
      does: [{add-to-list: {page: 11, list: view, who: user:bob}}]
";
    let hash = hash_said(&folder.run(&["plan"]).code(0));
    folder.write("site.yaml", &format!("{SITE}{adversary}"));
    let ran = folder.run(&["apply", "--yes", "--expect", &hash]);
    assert_eq!(ran.code, 5, "{}{}", ran.out, ran.err);
    assert!(!ran.err.contains("Planning again"), "{}", ran.err);
    assert!(ran.err.contains("Others changed ENG meanwhile"), "{}", ran.err);
}
