//! What everyday commands cost at a big site: wall time, the most memory of the command, and calls.
//!
//! `cargo bench --bench sites`, or `-- NUMBER` for so many spaces instead of 5,000. The site has fourteen pages in each
//! space and four people for each, and is served by this process, without latency, on the same cores: the wall time is
//! that of both sides. Each run begins in an empty folder.
//!
//! `cargo bench --bench sites -- --state FILE` measures nothing and writes the site as a state file, which
//! `confperm sandbox --state FILE --log requests.ndjson` serves in a process of its own.

#![expect(clippy::disallowed_methods, reason = "a bench looks at the clock")]

#[path = "../../tests/builder/mod.rs"]
mod builder;
mod world;

use std::error::Error;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use confperm::sandbox::world::RoleMode;
use confperm::sandbox::{self, Options, Running, Site};
use world::{Measures, world};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// One more permission in each space.
const POLICY: &str = "version: 1\nrules:\n  - name: everyone reads everything\n    spaces: {key: \"S*\"}\n    \
                      access: {viewer: [group:everyone]}\n";

const COMMANDS: [&[&str]; 3] = [
    &["can", "u-000020", "view", "S2/Page 0/Page 11/Page 12"],
    &["snapshot", "--all", "-o", "copy.yaml"],
    &["plan", "--out", "plan.json"],
];

/// What one run took.
struct Cost {
    wall: Duration,
    /// `None` where the system does not tell.
    peak: Option<u64>,
    calls: usize,
}

fn main() -> Result<()> {
    let asked = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let spaces: u64 = asked.unwrap_or(5_000);
    let measures = Measures {
        spaces,
        people: spaces * 4,
        teams: (spaces * 2 / 5).max(1),
        pages: 14,
        mode: RoleMode::PreRoles,
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let options = Options { keep_states: false, ..Options::default() };
    let running = runtime.block_on(sandbox::serve(Site::in_memory(world(measures)), options))?;
    if let Some(file) = std::env::args().skip_while(|argument| argument != "--state").nth(1) {
        let file = std::path::absolute(file)?;
        let file = file.to_str().ok_or("a file without a name")?;
        measure(&running, &["snapshot", "--all", "-o", file])?;
        return Ok(());
    }
    let mut out = std::io::stdout();
    writeln!(out, "| {spaces} spaces | wall | peak memory | calls |\n|---|--:|--:|--:|")?;
    for words in COMMANDS {
        let Cost { wall, peak, calls } = measure(&running, words)?;
        let peak = peak.map_or("unknown".to_owned(), |kib| format!("{} MB", kib * 1024 / 1_000_000));
        writeln!(out, "| `{}` | {:.1} s | {peak} | {calls} |", words[0], wall.as_secs_f64())?;
    }
    Ok(())
}

fn measure(site: &Running, words: &[&str]) -> Result<Cost> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("confperm.yaml"), POLICY)?;
    let before = site.requests().len();
    let start = Instant::now();
    let mut child = confperm(folder.path(), site, words)?.spawn()?;
    let mut peak = None;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        peak = peak_of(&child).or(peak);
        std::thread::sleep(Duration::from_millis(5));
    };
    let wall = start.elapsed();
    if status.success() {
        Ok(Cost { wall, peak, calls: site.requests().len() - before })
    } else {
        Err(format!("confperm {words:?}: {status}").into())
    }
}

/// The program, pointed at a site. What it says on stderr is seen.
fn confperm(folder: &Path, site: &Running, words: &[&str]) -> Result<Command> {
    let caller = site.credentials().ok_or("the sandbox has no caller")?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_confperm"));
    command
        .args(words)
        .current_dir(folder)
        .env_clear()
        .env("CONFLUENCE_URL", site.site_url())
        .env("CONFLUENCE_USERNAME", caller.email)
        .env("CONFLUENCE_API_TOKEN", caller.token)
        .stdout(Stdio::null());
    Ok(command)
}

/// The most memory that a process had so far, in KiB, as Linux tells it.
fn peak_of(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().strip_suffix(" kB")?.parse().ok()
}
