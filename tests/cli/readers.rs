//! Exit codes and changes do not depend on who reads the output: stdout and stderr closed, full, or left after
//! the first line.

use std::fs::{File, create_dir, write};
use std::io::{BufReader, Read as _};
use std::process::{Command, Stdio};

use crate::support::Folder;

/// Every command that ends by itself, and how it ends for a reader who stays.
const COMMANDS: [(&[&str], i32); 28] = [
    (&["plan", "good"], 0),
    (&["plan", "good", "--detailed-exitcode"], 2),
    (&["plan", "good", "--format", "json"], 0),
    (&["plan", "good", "--format", "diff", "--detailed-exitcode"], 2),
    (&["plan", "good", "--explain-order"], 0),
    (&["plan", "good", "-o", "plan.json"], 0),
    (&["plan", "guarded"], 3),
    (&["plan", "broken"], 4),
    (&["plan", "good", "--space", "NONE"], 64),
    (&["apply", "good"], 64),
    (&["apply", "good", "--yes"], 0),
    (&["apply", "guarded", "--yes"], 3),
    (&["can", "-C", "good", "ann", "view", "ENG/Home"], 0),
    (&["can", "-C", "good", "dan", "edit", "ENG/Home"], 3),
    (&["can", "-C", "good", "dan", "edit", "ENG/Home", "--format", "json"], 3),
    (&["who", "-C", "good", "view", "ENG/Home"], 0),
    (&["explain", "-C", "good", "dan", "edit", "ENG/Home"], 3),
    (&["test", "-C", "good"], 3),
    (&["validate", "good"], 0),
    (&["validate", "broken"], 4),
    (&["fmt", "--check", "loose"], 1),
    (&["fmt", "--check", "good"], 0),
    (&["doctor", "good"], 0),
    (&["snapshot", "-C", "good", "--space", "ENG"], 0),
    (&["import", "-C", "new", "--site", "sandbox:good/site.yaml", "--space", "ENG", "--stdout"], 0),
    (&["schema", "policy"], 0),
    (&["--help"], 0),
    (&["plan", "--no-such-flag"], 64),
];

/// A policy that changes something, one that its own guard stops, one that is invalid, and one to format.
fn repository() -> Folder {
    let folder = Folder::with(&[]);
    let example = Folder::example("quickstart");
    let (policy, site) = (example.read("confperm.yaml"), example.read("site.yaml"));
    let good =
        format!("{policy}\ntests:\n  - name: dan edits\n    who: user:dan\n    can: {{edit: [ENG/Home]}}\n")
            .replace("people:", "people:\n  dan: 5b10ac8d82e05b22cc7d4e04");
    let guarded = format!("{policy}\nguards:\n  max-removals: 0\n");
    for (name, policy) in
        [("good", good.as_str()), ("guarded", &guarded), ("broken", "spaces: ["), ("loose", "version:   1\n")]
    {
        create_dir(folder.path().join(name)).unwrap();
        write(folder.path().join(name).join("confperm.yaml"), policy).unwrap();
        write(folder.path().join(name).join("site.yaml"), &site).unwrap();
    }
    folder
}

/// What a stream leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    Stays,
    /// It is never read.
    Gone,
    LeavesAfterALine,
    /// `No space left on device` for each write.
    Full,
}

impl Reader {
    fn stream(self) -> Stdio {
        match self {
            Self::Full => File::options().write(true).open("/dev/full").unwrap().into(),
            Self::Gone => std::io::pipe().unwrap().1.into(),
            Self::Stays | Self::LeavesAfterALine => Stdio::piped(),
        }
    }

    /// Reads as this reader does; what was read.
    fn read(self, stream: Option<impl std::io::Read>) -> String {
        let Some(stream) = stream else { return String::new() };
        let mut bytes = BufReader::new(stream).bytes().map(Result::unwrap);
        let mut read = Vec::new();
        for byte in bytes.by_ref() {
            read.push(byte);
            if byte == b'\n' && self == Self::LeavesAfterALine {
                break;
            }
        }
        String::from_utf8(read).unwrap()
    }
}

/// How a run ends, and what arrived on stdout and stderr.
fn run(folder: &Folder, arguments: &[&str], stdout: Reader, stderr: Reader) -> (i32, String, String) {
    let mut child = Command::new(assert_cmd::cargo::cargo_bin!("confperm"))
        .args(arguments)
        .current_dir(folder.path())
        .env_clear()
        .stdin(Stdio::null())
        .stdout(stdout.stream())
        .stderr(stderr.stream())
        .spawn()
        .unwrap();
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let err = std::thread::spawn(move || stderr.read(err));
    let out = stdout.read(out);
    let code = child.wait().unwrap().code();
    (code.unwrap_or_else(|| panic!("{arguments:?} was ended by a signal")), out, err.join().unwrap())
}

#[test]
fn a_code_is_the_same_for_every_reader_of_stdout() {
    for (arguments, code) in COMMANDS {
        for reader in [Reader::Gone, Reader::LeavesAfterALine] {
            let (ended, out, err) = run(&repository(), arguments, reader, Reader::Stays);
            assert_eq!(ended, code, "{arguments:?} {reader:?}\n{out}{err}");
            assert!(!err.contains("panicked") && !err.contains("Broken pipe"), "{arguments:?}\n{err}");
        }
    }
}

#[test]
fn a_code_is_the_same_for_every_reader_of_stderr() {
    for (arguments, code) in COMMANDS {
        let loud = if code == 64 { arguments.to_vec() } else { [arguments, &["-vv"]].concat() };
        let (ended, out, _) = run(&repository(), &loud, Reader::Stays, Reader::Full);
        assert_eq!(ended, code, "{loud:?}\n{out}");
        let (ended, ..) = run(&repository(), arguments, Reader::Gone, Reader::Gone);
        assert_eq!(ended, code, "{arguments:?} without any reader");
    }
}

#[test]
fn data_that_is_lost_is_a_failure_unless_something_worse_was_found() {
    for (arguments, code) in COMMANDS {
        let (whole, out, _) = run(&repository(), arguments, Reader::Stays, Reader::Stays);
        let (ended, _, err) = run(&repository(), arguments, Reader::Full, Reader::Stays);
        assert_eq!(whole, code, "{arguments:?}\n{out}");
        let worse = match code {
            0 | 2 if !out.is_empty() && arguments[0] != "apply" => 1,
            _ => whole,
        };
        assert_eq!(ended, worse, "{arguments:?}\n{err}");
        if worse != code && arguments != ["--help"] {
            assert!(err.contains("cannot write to standard output"), "{arguments:?}\n{err}");
        }
    }
}

#[test]
fn an_apply_is_carried_out_without_a_reader() {
    for (stdout, stderr) in [
        (Reader::Gone, Reader::Stays),
        (Reader::LeavesAfterALine, Reader::Stays),
        (Reader::Full, Reader::Stays),
        (Reader::Stays, Reader::Gone),
        (Reader::Stays, Reader::Full),
        (Reader::Gone, Reader::Full),
        (Reader::Full, Reader::Gone),
    ] {
        let folder = repository();
        let (code, ..) = run(&folder, &["apply", "good", "--yes", "-v"], stdout, stderr);
        assert_eq!(code, 0, "{stdout:?} {stderr:?}");
        let after = run(&folder, &["plan", "good", "--detailed-exitcode"], Reader::Stays, Reader::Stays);
        assert_eq!(after.0, 0, "{stdout:?} {stderr:?} left something to do:\n{}", after.1);
    }
}

#[test]
fn a_saved_plan_is_saved_without_a_reader() {
    for reader in [Reader::Gone, Reader::LeavesAfterALine, Reader::Full] {
        let folder = repository();
        run(&folder, &["plan", "good", "-o", "plan.json"], reader, Reader::Stays);
        serde_json::from_str::<serde_json::Value>(&folder.read("plan.json")).unwrap();
    }
}
