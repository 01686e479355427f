//! `can`, `who` and `explain`.

use std::collections::BTreeSet;
use std::fs;

use insta::assert_snapshot;
use unicode_width::UnicodeWidthStr as _;

use crate::{quickstart, run_in, site};

#[test]
fn a_plain_question_has_a_plain_answer() {
    for (words, answer, code) in [
        ("can bob view ENG/Runbooks/On-call", "allowed\n", 0),
        ("can bob view ENG/Runbooks/On-call --planned", "denied\n", 3),
        ("can user:ann restrict ENG/Runbooks", "allowed\n", 0),
        ("can bob export/space ENG", "allowed\n", 0),
        ("can bob export/space ENG --planned", "denied\n", 3),
        ("can group:contractors comment ENG/Home/Runbooks", "allowed\n", 0),
        ("can group:contractors edit ENG/id:1002", "denied\n", 3),
        ("can group:contractors edit ENG/id:1001/Runbooks", "denied\n", 3),
        ("can class:all-licensed-users view ENG", "denied\n", 3),
        ("can anonymous view ENG", "denied\n", 3),
        ("can bob view ENG/id:1101", "allowed\n", 0),
        ("can 5b10ac8d82e05b22cc7d4e04 view ENG/Roadmap", "denied\n", 3),
    ] {
        let ran = quickstart(words);
        assert_eq!((ran.out.as_str(), ran.code), (answer, code), "{words}: {}", ran.talk);
    }
}

#[test]
fn names_that_do_not_exist_are_met_with_a_suggestion() {
    let all: Vec<String> = [
        "can bobb view ENG",
        "can sre view ENG",
        "can group:sr view ENG",
        "can class:authenticated-users view ENG",
        "can bob vew ENG",
        "can bob view EN",
        "can bob view ENG/Runbook/On-call",
        "can bob view ENG/id:99",
        "can bob view id:1003",
        "can bob view ENG/Runbooks/**",
        "can bob export/space ENG/Runbooks",
        "can 5b10ac8d82e05b22cc7d4e99 view ENG",
        "can bob view https://acme.atlassian.net/wiki/spaces/ENG/pages/1002/Runbooks",
        "can bob view https://other.atlassian.net/wiki/spaces/ENG/pages/1002/Runbooks",
        "can bob view https://acme.atlassian.net/wiki/pages/viewpage.action?pageId=1002",
        "can bob view https://acme.atlassian.net/wiki/spaces/ENG",
    ]
    .into_iter()
    .map(|words| format!("$ confperm {words}\n{}\n", quickstart(words).whole()))
    .collect();
    assert_snapshot!(all.join("\n"));
}

/// What is missing is named, and what cannot be asked leads to what can.
#[test]
fn what_a_question_lacks_is_said() {
    let directory = site("quickstart", None);
    let sets = "version: 1\nsets: {oncall: [group:sre, user:ann]}\n";
    fs::write(directory.path().join("sets.yaml"), sets).unwrap();
    let ask = |words: &[&str]| crate::run_args(directory.path(), words);
    for (words, message, hint) in [
        (&["what", ""][..], "nothing says whose access is asked about", "an alias"),
        (&["can", " ", "view", "ENG"], "nothing says whose access is asked about", "an alias"),
        (&["who", "", "ENG"], "nothing says what is to be done", "view, edit"),
        (&["who", "view", ""], "nothing says where", "ENG/Runbooks"),
        (&["can", "group:", "view", "ENG"], "`group:` lacks a name", "group:NAME"),
        (&["can", "user: ", "view", "ENG"], "`user: ` lacks a name", "alias"),
        (&["what", "set:oncall"], "`set:oncall` is a list", "ask about each of them: group:sre, user:ann"),
        (&["can", "set:oncal", "view", "ENG"], "the policy has no `set:oncal`", "did you mean `set:oncall`?"),
        (&["plan", "--space", "eng"], "--space eng: the policy", "upper and lower case count: write `ENG`"),
    ] {
        let ran = ask(words);
        assert_eq!(ran.code, 64, "{words:?}: {}", ran.talk);
        assert!(ran.talk.contains(message) && ran.talk.contains(hint), "{words:?}: {}", ran.talk);
    }
    let ran = ask(&["who", "view", "eng"]);
    assert!(ran.talk.contains("did you mean `ENG`?"), "{}", ran.talk);
    let ran = ask(&["who", "view", "ENGLISH"]);
    assert!(!ran.talk.contains("did you mean"), "{}", ran.talk);
}

/// People for which the answer is unknown do not count among those who can.
#[test]
fn who_on_a_pattern_names_the_accounts_of_which_it_is_not_known() {
    let acme = site("acme", Some(ACME));
    let one = run_in(acme.path(), "who view ENG/Architecture/Decisions --format json").json();
    let perhaps = one["perhaps"].as_array().unwrap();
    assert!(!perhaps.is_empty() && one["people"].as_array().unwrap().is_empty(), "{one:#}");
    let ran = run_in(acme.path(), "who view ENG/Architecture/Decisions/**");
    let (heading, rows) = ran.out.split_once('\n').unwrap();
    assert!(heading.starts_with("0 people can view"), "{}", ran.out);
    assert!(heading.ends_with(&format!("not known for {} others", perhaps.len())), "{}", ran.out);
    assert!(rows.contains("not known") && !rows.contains("perhaps"), "{}", ran.out);
    let all = run_in(acme.path(), "who view ENG/Architecture/Decisions/** --format json").json();
    let principals = all["principals"].as_array().unwrap();
    assert!(principals.iter().all(|it| it["allowed"] == 0 && it["unknown"] == all["pages"]), "{all:#}");
}

#[test]
fn an_explanation_shows_every_level_with_every_route() {
    assert_snapshot!(quickstart("explain ann edit ENG/Handbook").whole());
}

#[test]
fn a_no_comes_with_what_would_make_it_a_yes() {
    assert_snapshot!(quickstart("explain bob edit ENG/Runbooks/On-call --planned").whole());
}

#[test]
fn who_is_told_by_name_and_by_route() {
    assert_snapshot!(quickstart("who view ENG/Roadmap").whole());
}

#[test]
fn answers_are_documents_too() {
    let explained = quickstart("explain bob view ENG/Runbooks/On-call --planned --format json").json();
    assert_eq!(explained["answer"], "denied");
    assert_eq!(explained["state"], "planned");
    assert_eq!(explained["denied-at"]["content"], "1003");
    let routes = &explained["levels"][1]["needs"][0]["routes"];
    assert_eq!(routes[0]["declared"]["line"], 19);
    let who = quickstart("who view ENG/Roadmap --format json").json();
    assert_eq!(who["people"].as_array().unwrap().len(), 3);
    let can = quickstart("can bob view ENG --format json").json();
    assert_eq!(can["answer"], "allowed");
}

/// A space that the policy does not speak of is read all the same, and nothing else is.
const ACME: &str = "\
version: 1
site: {url: 'sandbox:site.yaml'}
people: {bob: '712020:a0000000-0000-4000-8000-000000000002'}
spaces:
  ENG:
    mode: additive
    access: {viewer: [group:externals]}
";

#[test]
fn spaces_that_the_policy_does_not_speak_of_can_be_asked_about() {
    let acme = site("acme", Some(ACME));
    assert_snapshot!(run_in(acme.path(), "who view OLD").whole());
}

#[test]
fn what_anonymous_may_is_not_known_where_the_site_does_not_say() {
    let acme = site("acme", Some(ACME));
    let ran = run_in(acme.path(), "can anonymous view PUBLIC");
    assert_eq!((ran.out.as_str(), ran.code), ("unknown\n", 3), "{}", ran.talk);
    assert!(
        ran.talk.contains("does not say whether the site admits visitors who are not signed in"),
        "{}",
        ran.talk
    );
}

/// A question means by a name what the policy means by it, and says the same of one that means nothing.
#[test]
fn a_question_and_an_entry_mean_the_same_group() {
    let policy = |groups: &str, who: &str| {
        format!(
            "version: 1\nsite: {{url: sandbox:site.yaml}}\ngroups: {{{groups}}}\nspaces: {{ENG: {{mode: additive, access: {{read/space: [{who}]}}}}}}\n"
        )
    };
    // The pin decides, even where a group has the name; and the id of one group may be the name of another.
    let pinned = policy("sre: 2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0099", "'group:sre'");
    let named_like_an_id = policy("", "'group:2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0001'");
    for (policy, who, message) in [
        (pinned, "group:sre", "the site has no group with the id `2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0099`"),
        (
            named_like_an_id,
            "group:2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0001",
            "is the id of the group `engineering` and the name of another group",
        ),
    ] {
        let directory = site("quickstart", Some(&policy));
        let file = directory.path().join("site.yaml");
        let text = fs::read_to_string(&file).unwrap();
        let text = text.replace("  contractors: {id", "  2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0001: {id");
        fs::write(&file, text.replace("group:contractors", "group:2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0001"))
            .unwrap();
        let planned = run_in(directory.path(), "plan");
        assert!(planned.code == 4 && planned.talk.contains(message), "{}", planned.talk);
        let asked = run_in(directory.path(), &format!("can {who} view ENG"));
        assert!(asked.code == 1 && asked.talk.contains(message), "{}", asked.talk);
    }
}

/// By what a terminal shows: a character of an East Asian script is as wide as two others.
#[test]
fn the_columns_of_an_explanation_line_up_under_wide_titles() {
    let directory = site("quickstart", None);
    let file = directory.path().join("site.yaml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("title: Handbook", "title: 運用手順書と連絡先")).unwrap();
    let ran = run_in(directory.path(), "explain ann view ENG/運用手順書と連絡先/Public");
    let outcomes = ["Allowed", "Inherited"].map(|word| format!("  {word}"));
    let columns: BTreeSet<usize> = ran
        .out
        .lines()
        .filter_map(|line| outcomes.iter().find_map(|word| line.split_once(word.as_str())))
        .map(|(before, _)| before.width())
        .collect();
    assert!(columns.len() == 1 && ran.out.contains("運用"), "{columns:?}\n{}", ran.out);
}

#[test]
fn what_a_person_can_see_is_told_space_by_space() {
    let all: Vec<String> = [
        "what bob",
        "what ann --planned",
        "what anonymous",
        "what group:sre --space ENG",
        "what nobody",
        "what bob --space EN",
    ]
    .into_iter()
    .map(|words| format!("$ confperm {words}\n{}\n", quickstart(words).whole()))
    .collect();
    assert_snapshot!(all.join("\n"));
    let value = quickstart("what bob --format json").json();
    assert_eq!(value["format_version"], "1.0");
    let eng = value["spaces"].as_array().unwrap().iter().find(|space| space["space"] == "ENG").unwrap();
    assert_eq!(eng["view"], "allowed");
}

#[test]
fn a_question_about_a_pattern_counts_its_pages() {
    let all: Vec<String> = [
        "can bob view ENG/**",
        "can bob edit ENG/Runbooks/**",
        "can ann view ENG/Runbooks/** --planned",
        "who edit ENG/**",
        "who view ENG/Runbooks/* --planned",
        "can bob view ENG/Runbok/**",
        "explain bob view ENG/**",
    ]
    .into_iter()
    .map(|words| format!("$ confperm {words}\n{}\n", quickstart(words).whole()))
    .collect();
    assert_snapshot!(all.join("\n"));
    let value = quickstart("can bob view ENG/** --format json").json();
    assert_eq!(value["object"], "ENG/**");
    let pages = value["pages"].as_array().unwrap();
    assert!(pages.iter().all(|page| page["answer"].is_string()) && !pages.is_empty());
    let value = quickstart("who view ENG/** --format json").json();
    assert!(value["principals"].as_array().is_some_and(|people| !people.is_empty()), "{value}");
}

/// Nothing is true of no page that a script may rely on.
#[test]
fn a_pattern_that_matches_nothing_is_no_yes() {
    for question in ["can bob view ENG/Runbooks/On-call/**", "can ann view ENG/Runbooks/On-call/*"] {
        let ran = quickstart(question);
        assert_eq!(ran.code, 3, "{}", ran.whole());
        assert!(ran.out.starts_with("no page: "), "{}", ran.whole());
    }
}
