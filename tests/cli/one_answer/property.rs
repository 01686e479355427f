//! `can`, which reads as little as the answer depends on, against `explain`, which reads all that may be named: the
//! same answer for the same reason, or the same error; and where the site's answers are not whole, the same answer as
//! where they are, or none.

use std::collections::BTreeMap;

use confperm::sandbox::adversary::Adversary;
use confperm::sandbox::{Options, Site};
use serde_json::Value;

use crate::incomplete_answers::random::{case, worse_case};
use crate::support::{Folder, Hosted, Ran};
use crate::worlds::{Dice, state};

const POLICY: &str = "version: 1
people: {ann: u-ann, bob: u-bob, bob2: u-bob2, left: u-left, bot: u-bot, carl: u-carl, taro: 5b10ac8d82e05b22cc7d4ef5,
  eve: u-eve, gus: {account: u-gus, guest-of: ENG}, ghost: u-ghost}
";

/// A site, and what can be asked of it.
struct Asked {
    state: String,
    who: &'static [&'static str],
    objects: &'static [&'static str],
}

/// Names, kinds of content and of accounts as odd as they come.
fn odd(seed: u64) -> Asked {
    Asked {
        state: state(seed),
        who: &["ann", "bob", "bob2", "left", "bot", "carl", "gus", "taro", "ghost", "anonymous"],
        objects: &[
            "/Runbooks",
            "/Home/Runbooks",
            "/A\\/B",
            "/blog:Runbooks",
            "/id:1",
            "/id:2",
            "/id:3",
            "/id:5",
            "",
        ],
    }
}

/// Most people have access, and what decides is lists.
fn plain(state: String) -> Asked {
    Asked {
        state,
        who: &["ann", "ann", "bob", "bob", "eve", "eve", "bot", "gus", "anonymous"],
        objects: &["/Home", "/Home/One", "/Home/Two/Three", "/id:14", "/blog:News", "/One", "/Two", ""],
    }
}

/// The same with ways in that no list shows: entries of `anonymous` that are left out, and the service desk, of which a
/// group or a customer is a sign.
fn unlisted(dice: &mut Dice, state: &str) -> String {
    let mut state = state.to_owned();
    if dice.one_in(2) {
        state = state.replace("companions: never", "companions: never, anonymous-row: omitted");
        state = state.replace("read/space: [user:", "read/space: [anonymous, user:");
    }
    if dice.one_in(3) {
        state = state.replace("email: eve@x.com}", "email: eve@x.com, type: customer}");
    }
    if dice.one_in(2) {
        let desk = "groups:\n  jira-servicemanagement-users-acme: {id: g-desk, members: []}\n";
        state = state.replace("groups:\n", desk);
        if dice.one_in(2) {
            let row = "read/space: [group:jira-servicemanagement-users-acme, ";
            state = state.replacen("read/space: [", row, 1);
        }
    }
    state
}

/// What is the same however the answer was found.
fn answer(hosted: &Hosted, folder: &Folder, command: &str, words: &[String]) -> (i32, Value) {
    let mut arguments = vec![command, "--format", "json"];
    arguments.extend(words.iter().map(String::as_str));
    let mut command = folder.confperm(&arguments);
    hosted.point(&mut command);
    let Ran { code, out, err } = Ran::from(command.output().unwrap());
    let Ok(mut said) = serde_json::from_str::<Value>(&out) else {
        let error = err.lines().find(|line| line.starts_with("error")).unwrap_or(&err).to_owned();
        return (code, error.into());
    };
    let kept = ["answer", "denied-at", "because", "object", "content", "who", "verb"];
    let fields = said.as_object_mut().unwrap();
    fields.retain(|name, _| kept.contains(&name.as_str()));
    (code, said)
}

fn question(dice: &mut Dice, asked: &Asked) -> Vec<String> {
    let object = dice.pick(asked.objects);
    let verbs: &[&str] = if object.is_empty() {
        &["view", "export", "administer"]
    } else {
        &["view", "view", "edit", "comment", "delete", "restrict"]
    };
    let key = if asked.state.contains("\n  A:\n") { "A" } else { "ENG" };
    vec![dice.pick(asked.who).to_owned(), dice.pick(verbs).to_owned(), format!("{key}{object}")]
}

fn hosted(state: &str, adversary: Adversary) -> Hosted {
    Hosted::start(Site::from_yaml(state).unwrap(), Options { adversary, ..Options::default() })
}

fn cases(usual: u64) -> std::ops::Range<u64> {
    let times = std::env::vars().find(|(name, _)| name == "CONFPERM_CASES");
    0..usual * times.map_or(1, |(_, times)| times.parse::<u64>().unwrap())
}

/// How often each answer was given.
type Tally = BTreeMap<String, usize>;

fn count(tally: &mut Tally, said: &Value) {
    *tally.entry(said["answer"].as_str().unwrap_or("error").to_owned()).or_default() += 1;
}

/// Where the members of groups are hidden, too: a person's own groups say it.
#[test]
fn can_says_what_explain_says() {
    let folder = Folder::with(&[("confperm.yaml", POLICY)]);
    let mut tally = Tally::new();
    let cases = cases(30);
    for seed in cases.clone() {
        let mut dice = Dice::new(!seed);
        let asked = match seed % 3 {
            0 => odd(seed),
            1 => plain(case(seed).site),
            _ => plain(unlisted(&mut dice, &case(seed).site)),
        };
        let adversary = match seed % 4 {
            0 => Adversary::default().hide("group-members=403".parse().unwrap()),
            _ => Adversary::default(),
        };
        let hosted = hosted(&asked.state, adversary);
        for _ in 0..5 {
            let words = question(&mut dice, &asked);
            let short = answer(&hosted, &folder, "can", &words);
            let whole = answer(&hosted, &folder, "explain", &words);
            assert_eq!(short, whole, "seed {seed}: {words:?}\n{}", asked.state);
            count(&mut tally, &short.1);
        }
    }
    // A property that never gets to its point proves nothing.
    let enough = |said: &str, least: u64| tally.get(said).is_some_and(|count| *count as u64 >= least);
    let least = cases.end / 3;
    assert!(enough("allowed", least) && enough("denied", least) && enough("unknown", 2), "{tally:?}");
}

#[test]
fn an_answer_that_is_not_whole_is_no_yes_and_no_no() {
    let folder = Folder::with(&[("confperm.yaml", POLICY)]);
    let (mut tally, mut wrong) = (Tally::new(), Vec::new());
    for seed in cases(40) {
        let case = if seed % 2 == 0 { case(seed) } else { worse_case(seed) };
        let asked = plain(case.site);
        let (clean, mangled) =
            (hosted(&asked.state, Adversary::default()), hosted(&asked.state, case.adversary.clone()));
        let mut dice = Dice::new(!seed);
        for _ in 0..4 {
            let words = question(&mut dice, &asked);
            let (_, right) = answer(&clean, &folder, "explain", &words);
            let (_, found) = answer(&mangled, &folder, "can", &words);
            let certain = matches!(found["answer"].as_str(), Some("allowed" | "denied"));
            if certain && found["answer"] != right["answer"] {
                let adversary = &case.adversary;
                wrong.push(format!("seed {seed}: {words:?} {found} {right}\n{adversary:?}\n{}", asked.state));
            }
            count(&mut tally, &found);
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(tally.get("allowed").is_some_and(|count| *count >= 10), "{tally:?}");
}
