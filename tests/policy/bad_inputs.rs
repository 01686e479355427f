//! Mistakes as people make them (`bad_inputs.txt`), and what is said of each (`bad_inputs.out`).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use camino::Utf8PathBuf;
use confperm::diagnostic::{Diagnostics, Sources};
use confperm::model::{SpaceRoleMode, is_same_name};
use confperm::policy::{Loaded, from_sources, resolve};

use crate::fixtures::{check, drawn, folder};
use crate::site::{ANN, BOB, TODAY, site};

/// One mistake: what it is, and the files.
struct Mistake<'t> {
    name: &'t str,
    files: Vec<(&'t str, &'t str)>,
}

fn mistakes(table: &str) -> Vec<Mistake<'_>> {
    let (_, table) = table.split_once("### ").unwrap();
    let mistakes = table.split("\n### ").map(|text| {
        let (name, files) = text.split_once('\n').unwrap();
        let mut files = files.split("\n--- ");
        let first = ("confperm.yaml", files.next().unwrap());
        let others = files.map(|file| file.split_once('\n').unwrap_or((file, "")));
        Mistake { name, files: [first].into_iter().chain(others).collect() }
    });
    mistakes.collect()
}

fn told(mistake: &Mistake<'_>) -> (Diagnostics, Sources) {
    let mut sources = Sources::default();
    sources.insert(
        Utf8PathBuf::from("names.yaml"),
        format!(
            "version: 1\npeople:\n  ann: {ANN}\n  bob: {BOB}\n  carol: {{account: {ANN}c, email: carol@acme.com}}\n\
             roles:\n  auditor: {{includes: [viewer], permissions: [export/space]}}\n"
        ),
    );
    for (file, text) in &mistake.files {
        sources.insert(Utf8PathBuf::from(*file), *text);
    }
    let Loaded { findings, sources, policy } = from_sources(sources);
    let found = match policy {
        Some(policy) => match resolve(&policy, &site(SpaceRoleMode::PreRoles), TODAY) {
            Ok(resolved) => findings.into_iter().chain(resolved.warnings).collect(),
            Err(found) => findings.into_iter().chain(found).collect(),
        },
        None => findings,
    };
    (found, sources)
}

/// What a help line proposes in place of what was written.
fn proposed(help: &str) -> Option<&str> {
    help.split("did you mean `").nth(1)?.split('`').next()
}

#[test]
fn what_is_said_of_each_mistake_has_a_place_and_a_next_step() {
    let table = std::fs::read_to_string(folder("bad_inputs.txt")).unwrap();
    let mistakes = mistakes(&table);
    assert!(mistakes.len() >= 200, "{}", mistakes.len());
    let names: BTreeSet<&str> = mistakes.iter().map(|mistake| mistake.name).collect();
    assert_eq!(names.len(), mistakes.len());
    let mut out = String::new();
    let mut poor = Vec::new();
    for mistake in &mistakes {
        let (found, sources) = told(mistake);
        writeln!(out, "### {}\n{}", mistake.name, drawn(&found, &sources)).unwrap();
        if found.is_empty() {
            poor.push(format!("{}: nothing is said", mistake.name));
        }
        for finding in &found {
            let written = finding.labels.first().and_then(|label| {
                let (_, text) = sources.iter().find(|(file, _)| **file == label.span.file)?;
                text.get(label.span.start..label.span.end)
            });
            let help = finding.help.as_deref().unwrap_or_default();
            let repeats = proposed(help)
                .zip(written)
                .is_some_and(|(proposed, written)| is_same_name(proposed, written.trim_matches('"')));
            if finding.labels.is_empty() || help.is_empty() || repeats {
                poor.push(format!("{}: {}: {help}", mistake.name, finding.message));
            }
        }
    }
    check(&folder("bad_inputs.out"), &out);
    assert!(poor.is_empty(), "{}", poor.join("\n"));
}
