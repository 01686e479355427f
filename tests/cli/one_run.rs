//! One run at a time: the lock of a policy directory, which ends with its process.

use std::fs::{self, OpenOptions};
use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use confperm::apply::journal::{self, Hold, HoldTaken};

use crate::saved_plans::repository;
use crate::support::Folder;
use crate::worlds::Dice;

fn own_folder(folder: &Folder) -> Utf8PathBuf {
    journal::own_folder(&Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap())
}

#[test]
fn a_second_run_waits_or_fails_and_says_who_is_there() {
    let folder = repository();
    let own = own_folder(&folder);
    let HoldTaken::Ours(hold) = journal::hold(&own, "process 7, since noon").unwrap() else { panic!() };
    for command in [&["apply", "plan.json"][..], &["apply", "--yes"]] {
        let ran = folder.run(command).code(1);
        assert!(ran.err.contains("error[run-going-on]") && ran.err.contains("process 7"), "{}", ran.err);
    }
    let waiting = thread::spawn(move || {
        thread::sleep(Duration::from_millis(600));
        drop(hold);
    });
    let ran = folder.run(&["apply", "plan.json", "--lock-timeout", "60s"]).code(0);
    assert!(ran.err.contains("Waiting for another run"), "{}", ran.err);
    waiting.join().unwrap();
    let has_lock = |folder: &Folder| folder.files().iter().any(|(path, _)| path.ends_with("run.lock"));
    assert!(!has_lock(&folder));
}

#[test]
fn of_two_runs_at_once_exactly_one_goes() {
    let folder = Folder::with(&[]);
    let own = own_folder(&folder);
    let mut went = 0;
    for round in 0..1_000 {
        let (barrier, ours) = (Arc::new(Barrier::new(2)), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    barrier.wait();
                    let taken = journal::hold(&own, "a run").unwrap();
                    ours.fetch_add(usize::from(matches!(taken, HoldTaken::Ours(_))), Ordering::SeqCst);
                    // It is held until both have tried.
                    barrier.wait();
                    drop(taken);
                });
            }
        });
        // A process that another test starts holds all open files until it has become another program.
        let ours = ours.load(Ordering::SeqCst);
        assert!(ours <= 1, "round {round}");
        went += ours;
        assert!(!own.exists(), "round {round}");
    }
    assert!(went > 900, "{went}");
}

#[test]
fn a_run_that_is_killed_leaves_no_lock_behind() {
    let folder = repository();
    for round in 0..8_u64 {
        let program = assert_cmd::cargo::cargo_bin!("confperm");
        let mut child = Command::new(program)
            .current_dir(folder.path())
            .env_clear()
            .args(["apply", "--yes"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(40 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let own = own_folder(&folder);
        let taken = journal::hold(&own, "the next").unwrap();
        assert!(matches!(taken, HoldTaken::Ours(_)), "{round}: {taken:?}");
    }
}

/// Says to another process of this program where it takes the lock again and again.
const HOLDS_IN: &str = "CONFPERM_TEST_HOLDS_IN";

/// Made by the one that has the lock, for as long as it has it.
fn enter(folder: &Path) -> bool {
    OpenOptions::new().write(true).create_new(true).open(folder.join("inside")).is_ok()
}

fn leave(folder: &Path) {
    fs::remove_file(folder.join("inside")).unwrap();
}

/// What the other process does; it ends when this one lets go of its standard input.
#[test]
#[expect(clippy::disallowed_methods, reason = "a word from the test that started this process")]
fn another_process_that_takes_the_lock() {
    let Ok(folder) = std::env::var(HOLDS_IN) else { return };
    let ended = Arc::new(AtomicUsize::new(0));
    let told = Arc::clone(&ended);
    thread::spawn(move || {
        drop(std::io::stdin().read_to_end(&mut Vec::new()));
        told.store(1, Ordering::SeqCst);
    });
    let mut dice = Dice::new(u64::from(std::process::id()));
    let own = journal::own_folder(Utf8Path::new(&folder));
    while ended.load(Ordering::SeqCst) == 0 {
        if let HoldTaken::Ours(_hold) = journal::hold(&own, "another").unwrap() {
            if !enter(Path::new(&folder)) {
                fs::write(Path::new(&folder).join("two-at-once"), "").unwrap();
                return;
            }
            thread::sleep(Duration::from_micros(dice.below(300) as u64));
            leave(Path::new(&folder));
        }
    }
}

fn other(folder: &Folder) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "one_run::another_process_that_takes_the_lock"])
        .env(HOLDS_IN, folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// The lock, once no process that another test of this program is starting has a copy of it any more.
fn soon(own: &Utf8Path) -> Hold {
    for _ in 0..2_000 {
        if let HoldTaken::Ours(hold) = journal::hold(own, "the next").unwrap() {
            return hold;
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("the lock of a process that was killed is still there");
}

#[test]
fn of_two_processes_one_goes_and_the_next_goes_on_where_one_was_killed() {
    let folder = Folder::with(&[]);
    let own = own_folder(&folder);
    let (mut dice, mut ours, mut killed_inside, mut kills) = (Dice::new(1), 0, 0, 0);
    let mut child = other(&folder);
    for round in 0..1_000 {
        if dice.one_in(8) {
            thread::sleep(Duration::from_micros(dice.below(20_000) as u64));
            child.kill().unwrap();
            child.wait().unwrap();
            kills += 1;
            let hold = soon(&own);
            // It is gone, and what it left there is not in the way.
            killed_inside += usize::from(!enter(folder.path()));
            leave(folder.path());
            drop(hold);
            child = other(&folder);
        } else if let HoldTaken::Ours(_hold) = journal::hold(&own, "this one").unwrap() {
            assert!(enter(folder.path()), "round {round}");
            ours += 1;
            leave(folder.path());
        }
        assert!(!folder.path().join("two-at-once").exists(), "round {round}");
        thread::sleep(Duration::from_micros(dice.below(500) as u64));
    }
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
    assert!(ours > 100 && kills > 80 && killed_inside > 5, "{ours} {kills} {killed_inside}");
}
