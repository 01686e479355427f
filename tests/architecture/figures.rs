//! How large the program is, and how many names mean two things. `cargo test --test architecture figures -- --nocapture`
//! prints it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use syn::{Attribute, Item};

use crate::{File, files};

/// Lines that are read in one sitting.
const LONGEST: usize = 500;
/// How many names of types two files may define. The sandbox is left out, since it calls things as the wire does. Only
/// ever lower this: a type that means the same is to be one, and one that does not needs a name of its own.
const TWICE: usize = 2;

/// The types that a text defines, those of its tests left out.
fn types(items: &[Item], found: &mut BTreeSet<String>) {
    for item in items {
        match item {
            Item::Struct(item) => drop(found.insert(item.ident.to_string())),
            Item::Enum(item) => drop(found.insert(item.ident.to_string())),
            Item::Union(item) => drop(found.insert(item.ident.to_string())),
            Item::Trait(item) => drop(found.insert(item.ident.to_string())),
            Item::Type(item) => drop(found.insert(item.ident.to_string())),
            Item::Mod(item) if !is_of_tests(&item.attrs) => {
                types(item.content.as_ref().map_or(&[], |(_, items)| items), found);
            }
            _ => {}
        }
    }
}

fn is_of_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}

fn text(path: &Utf8Path) -> String {
    fs::read_to_string(Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The names that more than one file defines.
fn twice(files: &[File]) -> BTreeMap<String, Vec<Utf8PathBuf>> {
    let mut places: BTreeMap<String, Vec<Utf8PathBuf>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.module != "sandbox") {
        let mut found = BTreeSet::new();
        types(&syn::parse_file(&text(&file.path)).unwrap().items, &mut found);
        for name in found {
            places.entry(name).or_default().push(file.path.clone());
        }
    }
    places.retain(|_, places| places.len() > 1);
    places
}

/// Lines without comments, blank ones, and the tests at the end of a file.
fn code_lines(file: &File) -> usize {
    let begins_tests = |lines: &[String]| {
        lines[0] == "#[cfg(test)]" && lines.get(1).is_some_and(|line| line.starts_with("mod "))
    };
    let end = (0..file.lines.len()).find(|at| begins_tests(&file.lines[*at..])).unwrap_or(file.lines.len());
    file.lines[..end].iter().filter(|line| !line.trim().is_empty()).count()
}

#[test]
fn figures() {
    let files = files();
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    for file in &files {
        *lines.entry(&file.module).or_default() += code_lines(file);
    }
    let twice = twice(&files);
    println!("code lines without comments and tests: {lines:#?}");
    println!("names of types that are defined twice: {} of at most {TWICE}: {twice:#?}", twice.len());
    assert!(twice.len() <= TWICE, "one name, one meaning: merge two types that are the same, or rename one");
}

/// What a number in the order of calls can tune: the limits of the search.
const TUNED: usize = 3;

/// The numbers by which the order of calls can be tuned.
#[test]
fn few_numbers_tune_the_order_of_calls() {
    let mut found = Vec::new();
    for file in files().iter().filter(|file| file.path.as_str().contains("plan/schedule/")) {
        for item in syn::parse_file(&text(&file.path)).unwrap().items {
            match item {
                Item::Const(item) => found.push(format!("{}: {}", file.path, item.ident)),
                Item::Struct(item) if item.ident == "SearchLimits" => {
                    let names = item.fields.iter().filter_map(|field| field.ident.as_ref());
                    found.extend(names.map(|name| format!("{}: {name}", file.path)));
                }
                _ => {}
            }
        }
    }
    println!("numbers that tune the order of calls: {found:#?}");
    assert!(
        found.len() <= TUNED,
        "each is one more reason for a plan that the reader cannot see: {found:#?}"
    );
}

#[test]
fn no_file_is_too_long_for_one_sitting() {
    let long: Vec<String> = files()
        .iter()
        .map(|file| (&file.path, text(&file.path).lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(path, lines)| format!("{path}: {lines}"))
        .collect();
    assert!(long.is_empty(), "split these by what they tell:\n{}", long.join("\n"));
}
