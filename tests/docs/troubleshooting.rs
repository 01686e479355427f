//! `docs/troubleshooting.md`: what a plan says of answers that are not complete.

use std::fmt::Write as _;
use std::fs;

use confperm::sandbox::adversary::Mangling;

use crate::support::{clone_of_examples, confperm, one_at_a_time, root};

const PAGE: &str = "docs/troubleshooting.md";

/// Each mangling, and the answers of which it is. Those of all paths are what a broken proxy would do.
fn rules() -> Vec<String> {
    let everywhere = Mangling::NAMES.iter().map(|name| format!("{name}:/**"));
    let one = [
        "empty-with-size:/content/**",
        "empty-with-size:/content/search",
        "wrong-operation:/content/**",
        "no-ids:/content/**",
        "no-ids:/user/memberof",
        "empty-with-size:/user/memberof",
        "no-ids:/group/*/membersByGroupId",
        "entry-twice:/content/search",
        "entry-twice:/spaces/*/pages:1",
        "without=spaceId:/**",
        "null=parentId:/**",
    ];
    everywhere.chain(one.map(str::to_owned)).collect()
}

/// What the plan of the quickstart says, in one row.
fn row(rule: &str) -> String {
    let (_temporary, folder) = clone_of_examples();
    let site = folder.join("examples/quickstart/site.yaml");
    let text = fs::read_to_string(&site).unwrap();
    fs::write(&site, format!("{text}\nadversary: {{mangle: ['{rule}']}}\n")).unwrap();
    let ran = confperm(&folder).args(["plan", "examples/quickstart"]).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    let code = ran.status.code().unwrap();
    let section = |heading: &'static str| {
        let lines = out.lines().skip_while(move |line| *line != heading).skip(1);
        lines.take_while(|line| line.starts_with("  ")).map(|line| line.trim().to_owned())
    };
    let mut said: Vec<String> =
        section("Declared, and not known").chain(section("Could not be seen")).collect();
    said.extend(out.lines().filter(|line| line.starts_with("Blocked")).map(str::to_owned));
    if said.is_empty() && code != 0 {
        said.extend(err.lines().find(|line| line.contains("error")).map(|line| line.trim().to_owned()));
    }
    let rest = said.len().saturating_sub(1);
    let mut words = said.into_iter().next().unwrap_or_else(|| "nothing: the plan is as always".to_owned());
    if rest > 0 {
        let _ = write!(words, " (and {rest} more)");
    }
    format!("| `{}` | {code} | {} |", rule, words.replace('|', "\\|"))
}

#[test]
fn the_table_of_incomplete_answers_is_true() {
    let mut table = "| answers | exit code | the plan says |\n|---|--:|---|\n".to_owned();
    for rule in rules() {
        table.push_str(&row(&rule));
        table.push('\n');
    }
    let _held = one_at_a_time();
    let page = fs::read_to_string(root().join(PAGE)).unwrap();
    let (before, rest) = page.split_once("<!-- incomplete -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- /incomplete -->").unwrap();
    let written = format!("{before}<!-- incomplete -->\n{table}<!-- /incomplete -->{after}");
    if written != page {
        fs::write(root().join(PAGE), written).unwrap();
        panic!("{PAGE} was not what the plans say; it has been rewritten, look at the difference");
    }
}
