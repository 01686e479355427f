//! The shape of the program: what may use what. One crate has no fences of its own, so this test is one.

#![expect(clippy::unwrap_used, reason = "tests may panic, their helpers too")]

mod cycles;
mod figures;
mod names;

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};

/// From the outside in. A module may use what stands below it, and itself.
const ORDER: [&str; 12] = [
    "cli",
    "render",
    "apply",
    "plan",
    "access",
    "observe",
    "confluence",
    "policy",
    "diagnostic",
    "model",
    "sandbox",
    "files",
];

/// One file below `src`, without its comments.
struct File {
    path: Utf8PathBuf,
    /// The module at the top: `cli` for `src/cli/plan.rs`.
    module: String,
    /// How many steps up the root of the crate is.
    depth: usize,
    lines: Vec<String>,
}

/// A name directly below the root of the crate, and where it is used.
#[derive(Debug, PartialEq, Eq)]
struct Use {
    line: usize,
    name: String,
    /// What is taken from it, as written: `plan::Plan` or `plan::{Plan, Change}`.
    what: String,
}

fn files() -> Vec<File> {
    let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir_utf8().unwrap() {
            let path = entry.unwrap().into_path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension() == Some("rs") {
                found.push(File::new(path.strip_prefix(root).unwrap(), &fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.retain(|file| !["main", "lib"].contains(&file.module.as_str()));
    found.sort_by(|left, right| left.path.cmp(&right.path));
    found
}

impl File {
    fn new(path: &Utf8Path, text: &str) -> Self {
        let parts: Vec<&str> = path
            .components()
            .skip(1)
            .map(|part| part.as_str().trim_end_matches(".rs"))
            .filter(|part| *part != "mod")
            .collect();
        let code = |line: &str| {
            let comment = line.find("//").filter(|at| !line[..*at].ends_with(':'));
            line[..comment.unwrap_or(line.len())].to_owned()
        };
        Self {
            path: path.to_owned(),
            module: parts[0].to_owned(),
            depth: parts.len(),
            lines: text.lines().map(code).collect(),
        }
    }

    /// Every path that begins at the root of the crate: `crate::plan`, `crate::{plan, model}`, or as many
    /// `super::` as lead there.
    fn uses(&self) -> Vec<Use> {
        let mut uses = Vec::new();
        let mut inner = 0;
        for (number, line) in self.lines.iter().enumerate() {
            // A module within the file is one step further from the root.
            if line.ends_with('{') && line.trim_start().trim_start_matches("pub ").starts_with("mod ") {
                inner = 1;
            } else if line == "}" {
                inner = 0;
            }
            let supers = "super::".repeat(self.depth + inner);
            for root in ["crate::", supers.as_str()] {
                for (at, _) in line.match_indices(root) {
                    let before = line[..at].chars().next_back();
                    if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                        continue;
                    }
                    let rest = [&line[at + root.len()..]]
                        .into_iter()
                        .chain(self.lines[number + 1..].iter().map(String::as_str))
                        .collect::<Vec<_>>()
                        .join(" ");
                    uses.extend(heads(&rest).into_iter().map(|what| Use {
                        line: number + 1,
                        name: name(&what).to_owned(),
                        what,
                    }));
                }
            }
        }
        uses
    }
}

/// The paths of a group (`{plan::Plan, model}`), or the one path that stands there.
fn heads(text: &str) -> Vec<String> {
    let end_of_path = |text: &str| {
        let mut depth = 0_usize;
        for (at, c) in text.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                c if depth > 0 || c.is_alphanumeric() || "_:".contains(c) => {}
                _ => return at,
            }
        }
        text.len()
    };
    let Some(group) = text.strip_prefix('{') else { return vec![text[..end_of_path(text)].to_owned()] };
    let mut found = Vec::new();
    let mut rest = group.trim_start();
    while !rest.is_empty() && !rest.starts_with('}') {
        let end = end_of_path(rest);
        found.push(rest[..end].to_owned());
        let next = rest[end..].find([',', '}']).map_or(rest.len(), |at| end + at);
        rest = rest[next..].trim_start_matches(',').trim_start();
    }
    found
}

fn name(path: &str) -> &str {
    path.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// Whether a text holds a word, whole.
fn holds(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word)
}

fn position(module: &str) -> Option<usize> {
    ORDER.iter().position(|known| *known == module)
}

fn upward(file: &File) -> Vec<String> {
    let Some(here) = position(&file.module) else {
        return vec![format!(
            "{}: `{}` is not in the list of modules; give it its place in ORDER in tests/architecture/main.rs",
            file.path, file.module
        )];
    };
    let wrong = |used: &Use| {
        let there = position(&used.name)?;
        let place = format!("{}:{}", file.path, used.line);
        if file.module == "sandbox" && !["sandbox", "model", "files"].contains(&used.name.as_str()) {
            return Some(format!(
                "{place}: the sandbox uses `{}`. It may use `model` and `files` only, so that a mistake in the client \
                 cannot cancel itself out; write what it needs by hand",
                used.name
            ));
        }
        // `model` is the vocabulary of all folders, the sandbox included.
        (there < here && used.name != "model").then(|| {
            format!(
                "{place}: `{}` uses `{}`, which stands above it. Move what they share down, or hand the value in",
                file.module, used.name
            )
        })
    };
    file.uses().iter().filter_map(wrong).collect()
}

/// Only what carries plans out, and what talks to Confluence, may know how to write. The command line hands
/// a site over and need not know it either, but for the files named here.
fn writers(file: &File) -> Vec<String> {
    if ["apply", "confluence"].contains(&file.module.as_str())
        || ["src/cli/apply.rs", "src/cli/connect.rs"].contains(&file.path.as_str())
    {
        return Vec::new();
    }
    file.uses()
        .into_iter()
        .filter(|used| used.name == "confluence" && holds(&used.what, "Write"))
        .map(|used| {
            format!(
                "{}:{}: `{}` names `confluence::Write`. Only `apply` writes; describe what should happen as a \
                 plan and let `apply` do it",
                file.path, used.line, file.module
            )
        })
        .collect()
}

fn printers(file: &File) -> Vec<String> {
    if file.module == "cli" {
        return Vec::new();
    }
    let printing = ["println!", "eprintln!", "print!", "eprint!", "dbg!"];
    let prints = |line: &str| {
        printing.iter().any(|word| {
            line.match_indices(word)
                .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    };
    file.lines
        .iter()
        .enumerate()
        .filter(|(_, line)| prints(line))
        .map(|(number, _)| {
            format!(
                "{}:{}: `{}` prints. Only `cli` does; return the text, or report it with `tracing`",
                file.path,
                number + 1,
                file.module
            )
        })
        .collect()
}

fn assert_none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn imports_point_down() {
    assert_none(&files().iter().flat_map(upward).collect::<Vec<_>>());
}

#[test]
fn only_apply_writes() {
    assert_none(&files().iter().flat_map(writers).collect::<Vec<_>>());
}

#[test]
fn only_the_command_line_prints() {
    assert_none(&files().iter().flat_map(printers).collect::<Vec<_>>());
}

#[test]
fn the_list_of_modules_is_that_of_the_crate() {
    let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("src/lib.rs")).unwrap();
    let modules: Vec<&str> =
        text.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    assert_eq!(modules, ORDER, "src/lib.rs lists its modules from the outside in");
}

#[test]
fn a_broken_rule_is_found() {
    let file = |path: &str, text: &str| File::new(Utf8Path::new(path), text);
    let complaints = |path: &str, text: &str| {
        let file = file(path, text);
        [upward(&file), writers(&file), printers(&file)].concat().join("\n")
    };
    for (path, text, place) in [
        ("src/plan/diff.rs", "use crate::cli::Output;", "src/plan/diff.rs:1: `plan` uses `cli`"),
        (
            "src/plan/diff.rs",
            "\nuse crate::{\n    model,\n    apply::{self, Stop},\n};",
            "src/plan/diff.rs:2: `plan` uses `apply`",
        ),
        (
            "src/model/ids.rs",
            "fn f() { super::super::policy::load() }",
            "src/model/ids.rs:1: `model` uses `policy`",
        ),
        (
            "src/model/mod.rs",
            "mod tests {\n    use super::super::plan;\n}",
            "src/model/mod.rs:2: `model` uses `plan`",
        ),
        ("src/sandbox/site.rs", "use crate::confluence::Call;", "the sandbox uses `confluence`"),
        ("src/render/text.rs", "use crate::confluence::{Read, Write};", "names `confluence::Write`"),
        ("src/cli/plan.rs", "use crate::confluence::Write as _;", "names `confluence::Write`"),
        ("src/apply/mod.rs", "fn f() { std::println!(\"x\") }", "src/apply/mod.rs:1: `apply` prints"),
        ("src/new/mod.rs", "", "`new` is not in the list of modules"),
    ] {
        let complaints = complaints(path, text);
        assert!(complaints.contains(place), "{text:?} gives {complaints:?}, without {place:?}");
    }
    for (path, text) in [
        ("src/plan/diff.rs", "use crate::model::{Live, SpaceKey};\nuse super::change::Reason; // crate::cli"),
        ("src/model/ids.rs", "mod tests {\n    use super::*;\n}"),
        ("src/sandbox/site.rs", "use crate::model::SpaceKey;"),
        ("src/apply/mod.rs", "use crate::confluence::{Read, Write};"),
        ("src/cli/plan.rs", "use std::io::Write as _;\nfn f() { println!() }"),
        ("src/policy/yaml.rs", "//! println! and crate::cli\nlet sprintln!();"),
    ] {
        assert_eq!(complaints(path, text), "", "{text:?}");
    }
}
