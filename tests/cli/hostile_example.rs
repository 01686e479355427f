//! `examples/hostile`: nothing comes out of it, and its README says what each file is answered with.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::network::Network;
use crate::support::{Folder, Hosted, Ran, copy};

/// Stands in everything that a pull request must not see.
const CANARY: &str = "canary-5f1d";
const TOKEN: &str = "ATATT3canary-5f1d-of-the-runner";

/// A clone with the example in it, where every link and path that leads out finds a canary.
struct Clone {
    folder: Folder,
    network: Network,
    _site: Hosted,
}

impl Clone {
    fn new() -> Self {
        let folder = Folder::with(&[("Cargo.toml", &format!("Space,Type,Id\nENG,user,{CANARY}\n"))]);
        fs::create_dir_all(folder.path().join("examples/hostile")).unwrap();
        copy(&source(), &folder.path().join("examples/hostile"));
        for place in [".git", "examples/hostile/files/.git"] {
            fs::create_dir_all(folder.path().join(place)).unwrap();
            folder.write(&format!("{place}/config"), &format!("Space,Type,Id\nextraheader = {CANARY},,\n"));
        }
        for file in ["credentials.json", "kubeconfig.yaml"] {
            let file = format!("examples/hostile/files/{file}");
            folder.write(&file, &folder.read(&file).replace("made-by-an-earlier-step", CANARY));
        }
        let quickstart = Folder::example("quickstart");
        let site = Hosted::open(&quickstart.file("site.yaml"));
        let origin = format!("http://{}", site.running.address());
        let network = Network::of(&[("evil.example", &origin), ("acme.atlassian.net", &origin)], &[]);
        Self { folder, network, _site: site }
    }

    /// What cannot be committed to every repository: names of files with a line break and an escape sequence, a
    /// FIFO, and a link where confperm keeps its own files.
    fn plant(&self) {
        let files = self.folder.path().join(at("files"));
        for name in
            [&b"a\n::error::PWNED.yaml"[..], b"b\x1b[2J\xc2\x9b31mPWNED.yaml", b"c\n##[error]PWNED.csv"]
        {
            fs::write(files.join(std::ffi::OsStr::from_bytes(name)), "PWNED: 1\n").unwrap();
        }
        assert!(Command::new("mkfifo").arg(files.join("fifo.yaml")).status().unwrap().success());
        fs::create_dir(self.folder.path().join("outside")).unwrap();
        symlink(self.folder.path().join("outside"), self.folder.path().join(at("names/.confperm"))).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.folder.confperm(arguments);
        self.network.around(&mut command);
        command.env("CONFLUENCE_USERNAME", "ann@example.com").env("CONFLUENCE_API_TOKEN", TOKEN);
        let ran = Ran::from(command.timeout(Duration::from_mins(1)).output().unwrap());
        let said = format!("{}{}", ran.out, ran.err);
        assert!(!said.contains(CANARY) && !said.contains("root:"), "{arguments:?}\n{said}");
        assert!(!said.contains("panicked"), "{arguments:?}\n{said}");
        for c in said.chars() {
            assert!(
                c == '\n' || !c.is_control() && !"\u{200b}\u{202e}\u{2066}".contains(c),
                "{arguments:?} {c:?}\n{said}"
            );
        }
        for line in said.lines() {
            let line = line.trim_start();
            let forged =
                line.starts_with("PWNED") || line.starts_with("::error") || line.starts_with("::add-mask");
            assert!(!forged && !line.contains("##[") && !line.contains("##vso["), "{arguments:?}\n{said}");
        }
        ran
    }
}

/// A folder of the example, from the root of the clone.
fn at(name: &str) -> String {
    format!("examples/hostile/{name}")
}

fn source() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hostile")
}

/// The rows of a table of the README, by the word in its head; without marks of code.
fn rows(head: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(source().join("README.md")).unwrap();
    let table = text.split_once(&format!("| {head} | tries |")).unwrap().1;
    table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect())
        .collect()
}

/// The findings of a run: message and place.
fn findings(said: &str) -> Vec<String> {
    said.split("\nerror[").map(str::to_owned).collect()
}

#[test]
fn each_file_is_refused_by_name() {
    let clone = Clone::new();
    let ran = clone.run(&["validate", &at("files")]).code(4);
    let findings = findings(&format!("\n{}", ran.err));
    let rows = rows("file");
    for row in &rows {
        let [files, _, place, answer] = &row[..] else { panic!("{row:?}") };
        let fits = |finding: &&String| finding.contains(answer) && finding.contains(&format!("--> {place}:"));
        assert!(findings.iter().any(|finding| fits(&finding)), "{files}: {answer}\n{}", ran.err);
    }
    let named: BTreeSet<&str> = rows.iter().flat_map(|row| row[0].split(", ")).collect();
    for entry in fs::read_dir(source().join("files")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            named.contains(&*name) || name == "confperm.yaml",
            "the README does not say what `{name}` tries"
        );
    }
    for (folder, answer) in folders() {
        for command in ["plan", "doctor", "apply"] {
            let yes = if command == "apply" { &["--yes"][..] } else { &[] };
            let ran = clone.run(&[&[command, &at(&folder)], yes].concat()).code(1);
            assert!(ran.err.contains(&answer) && ran.out.is_empty(), "{folder}: {}{}", ran.out, ran.err);
        }
    }
    assert_eq!(clone.network.seen(), [], "no host is asked anything");
}

fn folders() -> Vec<(String, String)> {
    rows("folder").into_iter().map(|row| (row[0].clone(), row[2].clone())).collect()
}

#[test]
fn nothing_comes_out() {
    let clone = Clone::new();
    clone.plant();
    let mut folders: Vec<String> = folders().into_iter().map(|(folder, _)| folder).collect();
    folders.extend(["files".to_owned(), "names".to_owned()]);
    for folder in &folders {
        let place = at(folder);
        for arguments in [
            &["validate", &place][..],
            &["validate", &place, "--format", "json"],
            &["fmt", "--check", "--diff", &place],
            &["plan", "-vv", &place],
            &["plan", "--format", "json", &place],
            &["plan", "--format", "diff", &place],
            &["apply", "--yes", &place],
            &["doctor", &place],
            &["test", "-C", &place],
            &["can", "bob", "view", "ENG/id:1002", "-C", &place],
            &["who", "view", "ENG/id:1002", "-C", &place],
            &["explain", "bob", "view", "ENG/id:1004", "-C", &place],
            &["import", "--space", "ENG", "--stdout", "-C", &place],
            &["snapshot", "--space", "ENG", "-C", &place],
        ] {
            clone.run(arguments);
        }
    }
    assert_eq!(clone.network.seen(), [], "no host is asked anything");
    assert!(
        fs::read_dir(clone.folder.path().join("outside")).unwrap().next().is_none(),
        "nothing is written outside"
    );
    for (path, bytes) in clone.folder.files() {
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(TOKEN), "{} holds the token", path.display());
    }
}

/// The test above can fail: where the names are harmless, the same commands do their work.
#[test]
fn the_commands_of_the_test_reach_what_they_are_about() {
    let clone = Clone::new();
    let place = at("names");
    clone.run(&["plan", "--detailed-exitcode", &place]).code(2);
    let ran = clone.run(&["apply", "--yes", &place]).code(0);
    assert!(ran.out.contains("The site is as the policy says."), "{}", ran.out);
    clone.run(&["can", "bob", "view", "ENG/id:1002", "-C", &place]).code(3);
}
