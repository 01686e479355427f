//! The pages of `docs`: their commands do what they say, and their blocks of YAML are what they claim to be.
//!
//! A block below a line `<!-- file: PATH -->` is a file for the commands of its page.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use camino::Utf8Path;
use confperm::sandbox::Site;
use confperm::sandbox::adversary::{Endpoint, Mangling};
use confperm::sandbox::world::Quirks;

use crate::schemas::misfits;
use crate::support::{clone_of_examples, confperm, copy, pages, root, run_console};

/// A block of YAML, and the file that it is for the commands of its page.
struct Block {
    file: Option<String>,
    text: String,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut before = "";
    let mut rest = page;
    while let Some((text, block)) = rest.split_once("```yaml\n") {
        let (block, after) = block.split_once("```").unwrap();
        before = text.trim_end().lines().next_back().unwrap_or(before);
        let file = before.strip_prefix("<!-- file: ").and_then(|rest| rest.strip_suffix(" -->"));
        found.push(Block { file: file.map(str::to_owned), text: block.to_owned() });
        rest = after;
    }
    found
}

fn read(page: &Utf8Path) -> String {
    fs::read_to_string(root().join(page)).unwrap()
}

#[test]
fn the_pages_tell_the_truth() {
    for page in pages() {
        let (_temporary, folder) = clone_of_examples();
        let (copied, inside) = (folder.join("page.md"), folder.join("page.in"));
        fs::write(&copied, read(&page)).unwrap();
        copy(&folder.join("examples"), &inside.join("examples"));
        for block in blocks(&read(&page)) {
            if let Some(file) = block.file {
                let file = inside.join(file);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, block.text).unwrap();
            }
        }
        if read(&page).contains("```console\n") {
            run_console(&copied);
        }
        let written = fs::read_to_string(&copied).unwrap();
        if written != read(&page) {
            fs::write(root().join(&page), written).unwrap();
        }
    }
}

/// A whole state file, a part of one, or a policy as `fmt` would have it.
#[test]
fn every_block_of_yaml_is_valid() {
    let quickstart = fs::read_to_string(root().join("examples/quickstart/site.yaml")).unwrap();
    for page in pages() {
        for Block { text, .. } in blocks(&read(&page)) {
            let whole = text.starts_with("kind: confluence-sandbox\n");
            if whole || text.starts_with("adversary:") || text.starts_with("quirks:") {
                let state = if whole { text } else { format!("{quickstart}{text}") };
                Site::from_yaml(&state).unwrap_or_else(|error| panic!("{page}: {error}\n{state}"));
                assert_eq!(misfits(&state), [""; 0], "{page}\n{state}");
            } else {
                let formatted =
                    confperm::policy::format(&Utf8Path::new("policy.yaml").into(), &text).unwrap();
                assert_eq!(formatted.trim_end(), text.trim_end(), "{page}");
            }
        }
    }
}

#[test]
fn the_page_on_the_sandbox_names_everything_there_is() {
    let page = read(Utf8Path::new("docs/sandbox.md"));
    let quirks = serde_json::to_value(Quirks::default()).unwrap();
    let switches = quirks.as_object().unwrap().keys().cloned();
    let endpoints = Endpoint::ALL.into_iter().map(|endpoint| endpoint.name().to_owned());
    for name in switches.chain(endpoints).chain(Mangling::NAMES.iter().map(ToString::to_string)) {
        assert!(page.contains(&format!("`{name}`")), "docs/sandbox.md does not name `{name}`");
    }
}

/// The command line of the page on the sandbox, on a free port and with an example's site.
#[test]
fn the_flags_of_the_sandbox_are_those_that_its_page_shows() {
    let (_temporary, folder) = clone_of_examples();
    let actors = "- {when: {before: \"*\"}, does: [{archive-page: {page: 1006}}]}\n";
    fs::write(folder.join("colleagues.yaml"), actors).unwrap();
    let page = read(Utf8Path::new("docs/sandbox.md"));
    let block = page.split("```sh\nconfperm ").nth(1).unwrap().split("```").next().unwrap();
    let shown =
        block.replace('\\', " ").replace("--state site.yaml", "--state examples/quickstart/site.yaml");
    let shown: Vec<&str> = shown.split_whitespace().collect();
    assert!(shown.len() > 15, "{shown:?}");

    let mut server = confperm(&folder)
        .args(&shown)
        .args(["--listen", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let first = BufReader::new(server.stderr.take().unwrap()).lines().next().unwrap().unwrap();
    server.kill().unwrap();
    server.wait().unwrap();
    assert!(first.starts_with("Serving examples/quickstart/site.yaml at "), "{first}");

    fs::write(folder.join("colleagues.yaml"), actors.replace("1006", "9")).unwrap();
    let refused = confperm(&folder).args(&shown).output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("colleagues.yaml: [0]: there is no content 9"), "{said}");
    for wrong in
        ["--fail=403:PUT", "--fail=12:/x", "--lag=rows", "--hide=pages=404", "--mangle=x:/y", "--kill=now"]
    {
        let refused = confperm(&folder)
            .args(["sandbox", "--state", "examples/quickstart/site.yaml", wrong])
            .output()
            .unwrap();
        assert_eq!(refused.status.code(), Some(64), "{wrong}: {refused:?}");
    }
}
