//! The names in ARCHITECTURE.md: a module or a function that was renamed must not live on in the document.

use std::collections::BTreeSet;

use super::{File, files};

const DOCUMENT: &str = include_str!("../../ARCHITECTURE.md");

/// Paths such as `plan::target` and `observe::until_known`, by their parts.
fn paths() -> BTreeSet<Vec<&'static str>> {
    let quoted = DOCUMENT.split('`').skip(1).step_by(2);
    let is_name = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
    let paths = quoted.map(|token| token.split("::").collect::<Vec<_>>());
    paths.filter(|parts| parts.len() > 1 && parts.iter().all(is_name)).collect()
}

/// The modules above a file, and it.
fn modules(file: &File) -> Vec<&str> {
    let parts = file.path.components().skip(1).map(|part| part.as_str().trim_end_matches(".rs"));
    parts.filter(|part| *part != "mod").collect()
}

fn ends_with(file: &File, path: &[&str]) -> bool {
    modules(file).ends_with(path)
}

/// Whether a file makes something of this name: an item, a variant or a field, or hands it on.
fn makes(file: &File, name: &str) -> bool {
    const ITEMS: [&str; 8] =
        ["fn ", "mod ", "struct ", "enum ", "trait ", "type ", "const ", "macro_rules! "];
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let follows = |line: &str, before: &str| {
        let rest = line.split_once(before).and_then(|(_, rest)| rest.strip_prefix(name));
        rest.is_some_and(|rest| !rest.starts_with(is_part))
    };
    file.lines.iter().any(|line| {
        let trimmed = line.trim_start();
        let is_item = ITEMS.iter().any(|item| follows(line, item));
        let is_handed_on =
            trimmed.starts_with("pub") && trimmed.split(|c| !is_part(c)).any(|word| word == name);
        let is_variant =
            trimmed.strip_prefix(name).is_some_and(|rest| matches!(rest, "" | ",") || rest.starts_with(" {"));
        is_item || is_handed_on || is_variant
    })
}

#[test]
fn the_document_names_what_is_there() {
    let (files, paths) = (files(), paths());
    assert!(paths.len() > 40, "{paths:?}");
    let is_there = |path: &Vec<&str>| {
        let [above @ .., last] = path.as_slice() else { return false };
        let is_type = path[0].starts_with(char::is_uppercase);
        let below = |file: &&File| is_type || modules(file).windows(above.len()).any(|some| some == above);
        files.iter().any(|file| ends_with(file, path))
            || files.iter().filter(below).any(|file| makes(file, last))
    };
    let lost: Vec<String> = paths.iter().filter(|path| !is_there(path)).map(|path| path.join("::")).collect();
    assert!(lost.is_empty(), "ARCHITECTURE.md names what is not there: {lost:?}");
}
