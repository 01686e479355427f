//! No terminal and no CI log stays silent for long.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use confperm::sandbox::{Faults, Options, Site};

use crate::support::{Folder, Hosted, Ran, Reply, sign_in};

#[test]
fn a_slow_site_and_a_pause_that_it_asks_for_are_reported_on_stderr_only() {
    let example = Folder::example("quickstart");
    let start = |latency| {
        let site = Site::from_yaml(&example.read("site.yaml")).unwrap();
        Hosted::start(site, Options { faults: Faults { latency, ..Faults::default() }, ..Options::default() })
    };
    let files = ["confperm.yaml", "confperm.lock"].map(|name| (name, example.read(name)));
    let folder = Folder::with(&files.each_ref().map(|(name, text)| (*name, text.as_str())));
    let plan = |hosted: &Hosted, url: &str| {
        let mut command = folder.confperm(&["plan"]);
        sign_in(&mut command, url, &hosted.running);
        Ran::from(command.output().unwrap()).code(0)
    };
    let quick = start(Duration::ZERO);
    let quietly = plan(&quick, &quick.running.site_url());
    let talk: Vec<&str> = quietly.err.lines().collect();
    assert!(talk.len() == 2 && talk[1].starts_with("Hash of this plan: "), "{}", quietly.err);

    let slow = start(Duration::from_secs(1));
    let limited = AtomicBool::new(false);
    let front = slow.behind(move |_, path| {
        let first = path == "/wiki/api/v2/spaces" && !limited.swap(true, Ordering::Relaxed);
        first.then_some(Reply::Limited(6))
    });
    let ran = plan(&slow, &front.url);
    assert_eq!(ran.out, quietly.out);
    let waiting = "Waiting 6 s: the site asks for a pause (429) on `GET /wiki/api/v2/spaces`";
    assert_eq!(ran.err.lines().filter(|line| *line == waiting).count(), 1, "{}", ran.err);
    let reading =
        |line: &&str| line.starts_with("Reading: ") && line.contains(" spaces") && line.ends_with(" s");
    assert!(ran.err.lines().any(|line| reading(&line)), "{}", ran.err);
    assert!(!ran.err.contains('\u{1b}') && !ran.err.contains('\r'), "{}", ran.err);
}
