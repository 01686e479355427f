//! What a pull request may do to a policy directory, and what must not follow from it: text of a file that is
//! not of the policy in any message, a panic, or a wait.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use confperm::files::{Folder, MEBIBYTE};
use confperm::policy::lock::{LOCK_FILE, Lock};
use confperm::policy::{Loaded, SiteAddress, format, load, texts};
use confperm::render::diagnostics::{Paint, draw};
use confperm::sandbox::Site;
use proptest::prelude::*;
use tempfile::TempDir;

/// Stands in everything outside of the policy directory and in what is hidden in it.
const CANARY: &str = "canary-5f1d";

const FILES: [(&str, &str); 5] = [
    (
        "policy.yaml",
        "version: 1\nsite: {url: 'sandbox:site.yaml'}\npeople: {ann: 5b10ac8d82e05b22cc7d4e01}\nspaces:\n  ENG:\n    access:\n      admin: [user:ann]\n      viewer:\n        - who: group:sre\n          why: |\n            on call\n    pages:\n      /Home/**: {view: [group:sre], edit: anyone}\n",
    ),
    (
        "teams/rules.yml",
        "rules:\n  - name: owners\n    from: {csv: owners.csv, space: SpaceKey, type: Type, id: OwnerId}\n    access: read/space\n",
    ),
    (
        "teams/owners.csv",
        "SpaceKey,Type,OwnerId,Note\nENG,group,sre,\"quoted, here\"\nENG,USER,5b10ac8d82e05b22cc7d4e01,\nENG,ROLE,,\n",
    ),
    (
        LOCK_FILE,
        "version: 1\nsite: sandbox:site.yaml\ngroups:\n  sre: 2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0002\n",
    ),
    (
        "site.yaml",
        "kind: confluence-sandbox\nversion: 1\nsite: {flavor: cloud, space-role-mode: pre-roles, edition: standard}\nusers:\n  ann: {account-id: 5b10ac8d82e05b22cc7d4e01}\ngroups:\n  sre: {id: 2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0002, members: [ann]}\nspaces:\n  ENG: {id: 101, name: Engineering, permissions: {read/space: [group:sre]}}\n",
    ),
];

/// Files that are outside, one for each kind that is read, and one that is nothing.
const OUTSIDE: [(&str, &str); 4] = [
    ("secret.env", "TOKEN=canary-5f1d\nA,B,C=canary-5f1d\n"),
    ("secret.csv", "SpaceKey,Type,OwnerId,Note\nENG,user,canary-5f1d,canary-5f1d\ncanary-5f1d,x,y,z\n"),
    ("secret.yaml", "version: 1\ncanary-5f1d: [canary-5f1d]\nspaces: {canary-5f1d: canary-5f1d}\n"),
    ("state.yaml", "kind: confluence-sandbox\nversion: 1\ncanary-5f1d: 1\n"),
];

const PIECES: [&str; 37] = [
    "",
    "",
    " ",
    "\n",
    "\r\n",
    "\r",
    "\t",
    ":",
    "- ",
    "[",
    "}",
    "{",
    "]",
    "null",
    "\"",
    "'",
    "é",
    "\u{feff}",
    "\u{0}",
    "|",
    "|\n  ",
    "sep=;\n",
    "sep=é\n",
    "sep=3\n",
    "\u{202e}",
    "<<<<<<< HEAD\n",
    "=======\n",
    "&a ",
    "*a",
    "? ",
    "[?]",
    "!!str ",
    "---\n",
    ",",
    ";",
    "delimiter: \"3\"",
    "csv: ../../outside/secret.csv",
];

#[derive(Debug, Clone)]
enum Mutation {
    /// A piece of a file makes way for another.
    Patch { file: usize, at: prop::sample::Index, cut: usize, piece: usize },
    /// A file makes way for a link to one that is outside, hidden, of the system, or through a chain.
    Link { file: usize, to: usize, chain: bool },
    /// The folder of the rules is a link.
    Folder,
    /// The file of the rows is another one.
    Name(usize),
    /// A file makes way for a FIFO.
    Fifo(usize),
    /// What the machine put into the directory is named as rows, or lies there as YAML.
    Generated { yaml: bool, content: usize },
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let file = 0..FILES.len();
    let patch = (file.clone(), any::<prop::sample::Index>(), 0_usize..8, 0..PIECES.len())
        .prop_map(|(file, at, cut, piece)| Mutation::Patch { file, at, cut, piece });
    prop_oneof![
        8 => patch,
        2 => (file.clone(), 0..OUTSIDE.len() + 2, any::<bool>())
            .prop_map(|(file, to, chain)| Mutation::Link { file, to, chain }),
        1 => Just(Mutation::Folder),
        1 => (0_usize..6).prop_map(Mutation::Name),
        1 => file.prop_map(Mutation::Fifo),
        1 => (any::<bool>(), 0..3_usize).prop_map(|(yaml, content)| Mutation::Generated { yaml, content }),
    ]
}

/// A policy directory after a pull request, beside a folder that is none of its business.
struct Repository {
    _all: TempDir,
    policy: Utf8PathBuf,
}

impl Repository {
    fn after(mutations: &[Mutation]) -> Self {
        let all = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(all.path()).unwrap().to_owned();
        let (policy, outside) = (root.join("policy"), root.join("outside"));
        for folder in [&policy.join("teams"), &policy.join(".git"), &outside] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write(policy.join(".git/config"), format!("a,b,c\nextraheader = {CANARY}\n")).unwrap();
        for (name, text) in OUTSIDE {
            fs::write(outside.join(name), text).unwrap();
        }
        let mut files: BTreeMap<&str, String> =
            FILES.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
        for mutation in mutations {
            match mutation {
                Mutation::Patch { file, at, cut, piece } => {
                    let text = files.get_mut(FILES[*file].0).unwrap();
                    let chars: Vec<char> = text.chars().collect();
                    let from = if chars.is_empty() { 0 } else { at.index(chars.len()) };
                    let rest = chars[(from + cut).min(chars.len())..].iter();
                    *text = chars[..from]
                        .iter()
                        .copied()
                        .chain(PIECES[*piece].chars())
                        .chain(rest.copied())
                        .collect();
                }
                Mutation::Name(name) => {
                    let named = [
                        "../.git/config",
                        "/etc/passwd",
                        "../../outside/secret.csv",
                        "../site.yaml",
                        "../confperm.lock",
                        "../generated.txt",
                    ];
                    let text = files.get_mut("teams/rules.yml").unwrap();
                    *text = text.replace("owners.csv", named[*name]);
                }
                Mutation::Link { .. } | Mutation::Folder | Mutation::Fifo(_) | Mutation::Generated { .. } => {
                }
            }
        }
        for (name, text) in files {
            fs::write(policy.join(name), text).unwrap();
        }
        for mutation in mutations {
            plant(mutation, &policy, &outside);
        }
        Self { _all: all, policy }
    }

    /// All that is said about it.
    fn said(&self) -> String {
        let Loaded { policy, findings, sources } = load(&self.policy);
        assert_eq!(policy.is_none(), findings.has_errors());
        let mut said = draw(&findings, &sources, Paint::Plain);
        let named = policy.and_then(|policy| match policy.site?.value {
            SiteAddress::Sandbox(file) => Some(file),
            SiteAddress::Http(_) => None,
        });
        for site in named.into_iter().chain(["site.yaml".into()]) {
            if let Err(error) = Site::open_from(&self.policy, &site) {
                said.push_str(&chain(&error));
            }
        }
        match Folder::open(&self.policy).unwrap().read_inside(LOCK_FILE.into(), MEBIBYTE) {
            Ok(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                if let Err(finding) = Lock::parse(&Arc::from(Utf8Path::new(LOCK_FILE)), &text) {
                    said.push_str(&finding.message);
                }
            }
            Err(refused) => said.push_str(&chain(&refused)),
        }
        said.push_str(&self.formatted());
        said
    }

    /// What `fmt` says; and it changes the layout only, once.
    fn formatted(&self) -> String {
        let (sources, unread) = texts(&self.policy);
        let mut findings = unread;
        for (file, text) in sources.iter() {
            match format(file, text) {
                Ok(once) => {
                    assert_eq!(format(file, &once).as_ref(), Ok(&once), "{text}");
                    let read = |text: &str| serde_yaml::from_str::<serde_yaml::Value>(text).ok();
                    // Another reader of YAML refuses some of what is only a mistake here.
                    if let (Some(before), Some(after)) = (read(text), read(&once)) {
                        assert_eq!(before, after, "{text}\n{once}");
                    }
                }
                Err(finding) => findings.push(*finding),
            }
        }
        draw(&findings, &sources, Paint::Plain)
    }
}

fn plant(mutation: &Mutation, policy: &Utf8Path, outside: &Utf8Path) {
    match mutation {
        Mutation::Patch { .. } | Mutation::Name(_) => {}
        Mutation::Link { file, to, chain } => {
            let place = policy.join(FILES[*file].0);
            let target = match OUTSIDE.get(*to) {
                Some((name, _)) => outside.join(name),
                None if *to == OUTSIDE.len() => "/proc/self/environ".into(),
                None => policy.join(".git/config"),
            };
            if fs::remove_file(&place).is_err() {
                return;
            }
            if *chain {
                let between = policy.join("between");
                drop(fs::remove_file(&between));
                symlink(target, &between).unwrap();
                symlink(between, place).unwrap();
            } else {
                symlink(target, place).unwrap();
            }
        }
        Mutation::Folder => {
            if fs::remove_dir_all(policy.join("teams")).is_ok() {
                // Through the folder, an earlier mutation may have made a link of one.
                for name in ["rules.yml", "owners.csv"] {
                    drop(fs::remove_file(outside.join(name)));
                }
                fs::write(outside.join("rules.yml"), FILES[1].1.replace("owners", "secret")).unwrap();
                fs::write(outside.join("owners.csv"), OUTSIDE[1].1).unwrap();
                symlink(outside, policy.join("teams")).unwrap();
            }
        }
        Mutation::Fifo(file) => {
            let place = policy.join(FILES[*file].0);
            // Never through a link that was planted before.
            if place.parent().is_some_and(|folder| !folder.is_symlink()) && fs::remove_file(&place).is_ok() {
                assert!(Command::new("mkfifo").arg(place).status().unwrap().success());
            }
        }
        Mutation::Generated { yaml, content } => {
            let text = [
                format!("{{\"type\": \"service_account\", \"key\": \"{CANARY}\"}}\n"),
                format!("users: [{{token: {CANARY}}}]\nkind: Config\n"),
                format!("version: '3'\nsecrets: {{db: {CANARY}, \n{CANARY}\n"),
            ];
            let name = if *yaml { "generated.yaml" } else { "generated.txt" };
            fs::write(policy.join(name), &text[*content]).unwrap();
        }
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let below = error.source().map(chain).unwrap_or_default();
    format!("{error}\n{below}")
}

/// How many cases to try: more where `CONFPERM_CASES` multiplies them; 500 makes a hundred thousand.
#[expect(clippy::disallowed_methods, reason = "a switch for running the tests")]
fn cases() -> ProptestConfig {
    let times = std::env::var("CONFPERM_CASES").ok().and_then(|text| text.parse::<u32>().ok()).unwrap_or(1);
    ProptestConfig { cases: 200 * times, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn whatever_a_pull_request_does_no_other_file_is_shown(mutations in prop::collection::vec(mutation(), 1..5)) {
        let said = Repository::after(&mutations).said();
        prop_assert!(!said.contains(CANARY), "{said}");
        prop_assert!(!said.contains("CARGO_MANIFEST_DIR"), "the environment: {said}");
    }
}

/// The property above can fail: a canary in a file of the policy itself is shown.
#[test]
fn what_the_policy_itself_says_is_shown() {
    let repository = Repository::after(&[]);
    assert_eq!(load(&repository.policy).findings.errors(), 0, "{}", repository.said());
    fs::write(repository.policy.join("more.yaml"), format!("spaces: {{OPS: {{{CANARY}: 1}}}}\n")).unwrap();
    assert!(repository.said().contains(CANARY));
}
