//! No file of the inner folders uses, by way of others, itself: each can be read after those that it uses.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;

use camino::Utf8Path;
use syn::{Item, UseTree, Visibility};

/// The folders in which this holds.
const FOLDERS: [&str; 4] = ["plan", "access", "apply", "policy"];

type Module = Vec<String>;

/// What one file takes from elsewhere, and what it passes on.
#[derive(Default)]
struct Uses {
    private: Vec<Vec<String>>,
    /// By the name under which it is passed on.
    passed_on: BTreeMap<String, Vec<String>>,
}

impl Uses {
    fn of(text: &str) -> Self {
        let mut uses = Self::default();
        for item in syn::parse_file(text).unwrap().items {
            let Item::Use(item) = item else { continue };
            let mut paths = Vec::new();
            flatten(&item.tree, &mut Vec::new(), &mut paths);
            for (path, name) in paths {
                if matches!(item.vis, Visibility::Inherited) {
                    uses.private.push(path);
                } else {
                    uses.passed_on.insert(name, path);
                }
            }
        }
        uses
    }
}

/// Every path of a tree, with the name that it gets.
fn flatten(tree: &UseTree, before: &mut Vec<String>, paths: &mut Vec<(Vec<String>, String)>) {
    let mut found = |name: String, alias: String| {
        let path = before.iter().cloned().chain((name != "self").then_some(name)).collect();
        paths.push((path, alias));
    };
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, paths);
            before.pop();
        }
        UseTree::Name(name) => found(name.ident.to_string(), name.ident.to_string()),
        UseTree::Rename(rename) => found(rename.ident.to_string(), rename.rename.to_string()),
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, paths)),
        UseTree::Glob(_) => {}
    }
}

/// All files of the crate.
fn crate_files() -> BTreeMap<Module, Uses> {
    let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir_utf8().unwrap() {
            let path = entry.unwrap().into_path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension() == Some("rs") {
                let below = path.strip_prefix(&root).unwrap().with_extension("");
                let parts = below.components().map(|part| part.as_str().to_owned());
                let module = parts.filter(|part| part != "mod" && part != "lib").collect();
                files.insert(module, Uses::of(&fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files
}

/// The file in which what a path of a file names is defined; none outside of the crate.
fn defined_in(files: &BTreeMap<Module, Uses>, from: &Module, path: &[String]) -> Option<Module> {
    let mut at = from.clone();
    let mut rest = path;
    while let [first, more @ ..] = rest {
        match first.as_str() {
            "crate" => at = Module::new(),
            "self" => {}
            "super" => drop(at.pop()),
            _ => break,
        }
        rest = more;
    }
    let is_relative = rest.len() < path.len();
    while let [first, more @ ..] = rest {
        let inner: Module = at.iter().cloned().chain([first.clone()]).collect();
        if !files.contains_key(&inner) {
            break;
        }
        (at, rest) = (inner, more);
    }
    if !is_relative && at == *from {
        return None;
    }
    let passed_on = rest.first().and_then(|name| files.get(&at)?.passed_on.get(name));
    match passed_on {
        Some(path) => defined_in(files, &at, path).or(Some(at)),
        None => Some(at),
    }
}

fn uses_by_file(files: &BTreeMap<Module, Uses>) -> BTreeMap<Module, BTreeSet<Module>> {
    let of = |(module, uses): (&Module, &Uses)| {
        let used = uses.private.iter().filter_map(|path| defined_in(files, module, path));
        (module.clone(), used.filter(|used| used != module && !used.is_empty()).collect())
    };
    files.iter().map(of).collect()
}

/// The shortest way from a file back to itself.
fn circle(start: &Module, uses: &BTreeMap<Module, BTreeSet<Module>>) -> Option<Vec<Module>> {
    let mut came_from: BTreeMap<&Module, &Module> = BTreeMap::new();
    let mut waiting = VecDeque::from([start]);
    while let Some(at) = waiting.pop_front() {
        for next in uses.get(at).into_iter().flatten() {
            if next == start {
                let mut way = vec![start.clone()];
                let mut step = at;
                while step != start {
                    way.push(step.clone());
                    step = came_from[step];
                }
                way.push(start.clone());
                way.reverse();
                return Some(way);
            }
            if next != start && !came_from.contains_key(next) {
                came_from.insert(next, at);
                waiting.push_back(next);
            }
        }
    }
    None
}

#[test]
fn no_file_uses_itself_by_way_of_others() {
    let files = crate_files();
    let uses = uses_by_file(&files);
    let inner =
        files.keys().filter(|module| module.first().is_some_and(|top| FOLDERS.contains(&top.as_str())));
    let shown = |way: Vec<Module>| way.iter().map(|module| module.join("/")).collect::<Vec<_>>().join(" -> ");
    let circles: Vec<String> = inner.filter_map(|module| circle(module, &uses)).map(shown).collect();
    assert!(circles.is_empty(), "move what these share into a file of its own:\n{}", circles.join("\n"));
}

#[test]
fn a_circle_is_found_through_what_is_passed_on() {
    let module = |path: &str| path.split('/').map(str::to_owned).collect::<Module>();
    let files = BTreeMap::from([
        (module("plan"), Uses::of("mod a;\nmod b;\npub use a::Kept;\nuse b::f;")),
        (module("plan/a"), Uses::of("use super::b::{self, f as g};\nuse std::fmt;")),
        (module("plan/b"), Uses::of("use crate::plan::Kept;")),
    ]);
    let uses = uses_by_file(&files);
    assert_eq!(circle(&module("plan"), &uses), None);
    let way = circle(&module("plan/a"), &uses).unwrap();
    assert_eq!(way, [module("plan/a"), module("plan/b"), module("plan/a")]);
}
