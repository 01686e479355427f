//! Ctrl-C and SIGTERM, sent to real processes that talk to a slow site.

use std::process::{Child, Stdio};
use std::time::Duration;

use confperm::sandbox::adversary::{Adversary, Delay, Facet};
use confperm::sandbox::{self, Faults, Options, Site};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::Instant;

use crate::interrupted;
use crate::support::{Folder, Hosted, Ran, is_write};

const BOTH: [Signal; 2] = [Signal::INT, Signal::TERM];

/// A run against a site whose answers take so long.
struct Run {
    folder: Folder,
    hosted: Hosted,
    child: Child,
}

impl Run {
    fn start(arguments: &[&str], latency: Duration) -> Self {
        Self::beside(Adversary::default(), arguments, latency)
    }

    /// A run against a site on which other things happen too.
    fn beside(adversary: Adversary, arguments: &[&str], latency: Duration) -> Self {
        let site = Site::from_yaml(&interrupted::site()).unwrap();
        let faults = Faults { latency, ..Faults::default() };
        let options = Options { faults, adversary, ..Options::default() };
        let hosted = Hosted::start(site, options);
        let policy = format!("{}guards: {{max-removals: 100%}}\n", interrupted::policy());
        let folder = Folder::with(&[("policy.yaml", &policy)]);
        let caller = hosted.running.credentials().unwrap();
        let child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("confperm"))
            .args(arguments)
            .current_dir(folder.path())
            .env_clear()
            .env("CONFLUENCE_URL", hosted.running.site_url())
            .env("CONFLUENCE_USERNAME", caller.email)
            .env("CONFLUENCE_API_TOKEN", caller.token)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self { folder, hosted, child }
    }

    fn send(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    #[track_caller]
    fn wait_until(&mut self, what: &str, come: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !come(self) {
            assert!(began.elapsed() < Duration::from_mins(1), "waited too long: {what}");
            if let Some(status) = self.child.try_wait().unwrap() {
                let mut err = String::new();
                std::io::Read::read_to_string(self.child.stderr.as_mut().unwrap(), &mut err).unwrap();
                panic!("it ended too early ({status}), before {what}:\n{err}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn requests(&self) -> usize {
        self.hosted.running.requests().len()
    }

    fn writes(&self) -> usize {
        let requests = self.hosted.running.requests();
        requests.iter().filter(|request| is_write(&request.method, &request.path)).count()
    }

    fn journal(&self) -> String {
        let folder = confperm::apply::journal::folder(&self.folder.file(""));
        let Ok(mut entries) = folder.read_dir_utf8() else { return String::new() };
        let name = |path: &camino::Utf8PathBuf| path.extension() == Some("ndjson");
        let path = entries.find_map(|entry| Some(entry.unwrap().into_path()).filter(name));
        path.map_or_else(String::new, |path| std::fs::read_to_string(path).unwrap())
    }

    fn entries(&self, word: &str) -> usize {
        self.journal().matches(&format!(r#""entry":"{word}""#)).count()
    }

    /// What it said, and how long that took from now on.
    fn end(self) -> (Ran, Duration, Folder, Hosted) {
        let began = Instant::now();
        let ran = Ran::from(self.child.wait_with_output().unwrap());
        (ran, began.elapsed(), self.folder, self.hosted)
    }
}

/// So slow that finishing what is under way, and reading it again, takes seconds.
const SLOW: Duration = Duration::from_millis(300);
const AT_ONCE: Duration = Duration::from_secs(1);

#[test]
fn reading_ends_at_once() {
    for (signal, arguments) in [
        (Signal::INT, &["plan"][..]),
        (Signal::TERM, &["apply", "--yes"]),
        (Signal::INT, &["snapshot", "--all"]),
        (Signal::TERM, &["who", "view", "S1"]),
    ] {
        let mut run = Run::start(arguments, AT_ONCE + SLOW);
        run.wait_until("the first request", |run| run.requests() > 0);
        run.send(signal);
        let (ran, took, _, hosted) = run.end();
        assert!(took < AT_ONCE, "{arguments:?} took {took:?}");
        let ran = ran.code(1);
        assert_eq!(ran.said("error:"), ["interrupted; nothing was changed"]);
        assert_eq!(ran.out, "");
        assert!(hosted.running.requests().iter().all(|request| !is_write(&request.method, &request.path)));
    }
}

#[test]
fn an_apply_finishes_what_is_under_way_and_verifies_it() {
    for signal in BOTH {
        let mut run = Run::start(&["apply", "--yes"], Duration::from_millis(50));
        run.wait_until("a write that is settled", |run| run.entries("settled") > 0);
        let before = run.writes();
        run.send(signal);
        let (ran, _, folder, hosted) = run.end();
        let ran = ran.code(5);
        let said = ran.said("warning:");
        assert!(said[0].starts_with("stopping: no further calls are started"), "{}", ran.err);
        assert!(ran.out.contains("Stopped before"), "{}", ran.out);
        let writes = hosted
            .running
            .requests()
            .iter()
            .filter(|request| is_write(&request.method, &request.path))
            .count();
        // Sixteen at a time, those among them that wait for a free slot of the client.
        assert!(writes <= before + 16 && writes < 32, "{before}, then {writes}");

        let mut again = folder.confperm(&["apply", "--yes"]);
        hosted.point(&mut again);
        Ran::from(again.output().unwrap()).code(0);
    }
}

#[test]
fn a_second_signal_ends_an_apply_at_once() {
    for (first, second) in [(Signal::INT, Signal::INT), (Signal::INT, Signal::TERM)] {
        let mut run = Run::start(&["apply", "--yes"], SLOW);
        run.wait_until("a write", |run| run.entries("intent") > 0);
        run.send(first);
        // Two signals that wait at the same moment are one.
        std::thread::sleep(Duration::from_millis(100));
        run.send(second);
        let (ran, took, folder, hosted) = run.end();
        assert!(took < AT_ONCE, "it took {took:?}");
        let ran = ran.code(5);
        let said = ran.said("warning:");
        assert!(
            said.len() == 2 && said[1].starts_with("stopped at once: nothing was verified"),
            "{}",
            ran.err
        );
        assert!(!ran.out.contains("Stopped before"), "{}", ran.out);
        if first == second {
            continue;
        }
        let mut again = folder.confperm(&["apply", "--yes"]);
        hosted.point(&mut again);
        let again = Ran::from(again.output().unwrap()).code(0);
        assert!(again.said("warning:")[0].contains("was cut short"), "{}", again.err);
    }
}

#[test]
fn a_second_signal_ends_a_verification_too() {
    // Lists that become visible late keep the verification waiting, however late this test looks.
    let late = Delay::Time(Duration::from_mins(1));
    let late = Adversary::default().lag(Facet::Lists, late).lag(Facet::Search, late);
    let mut run = Run::beside(late, &["apply", "--yes"], SLOW);
    run.wait_until("the last calls", |run| run.entries("settled") >= 30);
    // The other two are under way.
    std::thread::sleep(SLOW * 3);
    run.send(Signal::TERM);
    std::thread::sleep(Duration::from_millis(100));
    run.send(Signal::INT);
    let (ran, took, ..) = run.end();
    assert!(took < AT_ONCE, "it took {took:?}");
    let ran = ran.code(5);
    assert!(ran.said("warning:")[1].starts_with("stopped at once"), "{}", ran.err);
}

#[test]
fn max_calls_stops_a_run_and_the_same_command_goes_on() {
    let run = Run::start(&["apply", "--yes", "--max-calls", "15"], Duration::ZERO);
    let (ran, _, folder, hosted) = run.end();
    let ran = ran.code(5);
    assert!(ran.out.contains("15 calls made") && ran.out.contains("Stopped before "), "{}", ran.out);
    for (code, made) in [(5, "15 calls made"), (0, "2 calls made")] {
        let mut again = folder.confperm(&["apply", "--yes", "--max-calls", "15"]);
        hosted.point(&mut again);
        let again = Ran::from(again.output().unwrap()).code(code);
        assert!(again.out.contains(made), "{}", again.out);
    }
    let of_plan = |request: &&sandbox::Request| is_write(&request.method, &request.path);
    assert_eq!(hosted.running.requests().iter().filter(of_plan).count(), 32);
}

#[test]
fn a_time_to_stop_at_is_a_time_of_the_day() {
    for (time, is_one) in [("06:00", true), ("6:00", true), ("25:00", false), ("soon", false)] {
        let ran = Folder::with(&[]).run(&["apply", "--yes", "--stop-at", time]);
        assert_eq!(ran.err.contains("write hours and minutes"), !is_one, "{time}: {}", ran.err);
    }
    let ran = Folder::with(&[]).run(&["apply", "--yes", "--max-calls", "0"]).code(64);
    assert!(ran.err.contains("--max-calls"), "{}", ran.err);
}

#[test]
fn the_sandbox_stops_in_good_order() {
    let folder = Folder::with(&[("site.yaml", &interrupted::site())]);
    for signal in BOTH {
        let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("confperm"))
            .args(["sandbox", "--state", "site.yaml", "--listen", "127.0.0.1:0"])
            .current_dir(folder.path())
            .env_clear()
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut err = std::io::BufReader::new(child.stderr.take().unwrap());
        std::io::BufRead::read_line(&mut err, &mut line).unwrap();
        assert!(line.starts_with("Serving "), "{line}");
        kill_process(Pid::from_child(&child), signal).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}
