//! What a job takes from the first call to the last: `confperm apply` against a plain script with eight threads, at 80 ms a
//! call and without a limit of the site, which is served by a process of its own.
//!
//! The program signs in, reads, plans, applies and verifies; the script knows what to do. The site adds no permissions by
//! itself here, so that both do the same; the last column has the program where it does, and takes them away again.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use camino::Utf8Path;
use confperm::sandbox::{Credentials, Site};
use tokio::sync::Semaphore;

use super::Result;
use super::jobs::{self, Job};
use super::script::Script;

const THREADS: u32 = 8;

/// Prints the wall times of each job, or of those with one of these words in their names.
pub(crate) async fn compare(words: &[String]) -> Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "| job | here | script | ratio | here, with companions |\n|---|--:|--:|--:|--:|")?;
    let asked = |job: &Job| words.is_empty() || words.iter().any(|word| job.name.contains(word.as_str()));
    for job in jobs::all().iter().filter(|job| asked(job)) {
        let plain = format!("{}quirks: {{companions: never}}\n", job.site);
        let here = program(job, &plain)?.as_secs_f64();
        let script = script(job, &plain).await?.as_secs_f64();
        let companions = program(job, &job.site)?.as_secs_f64();
        let ratio = here / script;
        writeln!(out, "| {} | {here:.1} s | {script:.1} s | {ratio:.2} | {companions:.1} s |", job.name)?;
    }
    Ok(())
}

/// A sandbox in a process of its own, which ends with this value.
struct Served {
    process: Child,
    url: String,
    caller: Credentials,
    _talk: BufReader<ChildStderr>,
    _folder: tempfile::TempDir,
}

impl Served {
    fn start(state: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("site.yaml");
        std::fs::write(&file, state)?;
        let opened = Site::open(Utf8Path::from_path(&file).ok_or("a folder without a name")?)?;
        let caller = opened.site.credentials().ok_or("the sandbox has no caller")?;
        let mut process = Command::new(env!("CARGO_BIN_EXE_confperm"))
            .args(["sandbox", "--listen", "127.0.0.1:0", "--latency", "80ms", "--state"])
            .arg(&file)
            .stderr(Stdio::piped())
            .spawn()?;
        let mut talk = BufReader::new(process.stderr.take().ok_or("the sandbox says nothing")?);
        let mut first = String::new();
        talk.read_line(&mut first)?;
        let (_, url) = first.trim_end().split_once(" at ").ok_or("the sandbox did not start")?;
        Ok(Self { url: url.to_owned(), process, caller, _talk: talk, _folder: folder })
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn program(job: &Job, state: &str) -> Result<Duration> {
    let site = Served::start(state)?;
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("policy.yaml"), &job.policy)?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_confperm"));
    command
        .args(["apply", "--yes"])
        .current_dir(folder.path())
        .env_clear()
        .env("CONFLUENCE_URL", &site.url)
        .env("CONFLUENCE_USERNAME", &site.caller.email)
        .env("CONFLUENCE_API_TOKEN", &site.caller.token);
    let start = Instant::now();
    let output = command.output()?;
    let took = start.elapsed();
    if output.status.success() {
        Ok(took)
    } else {
        Err(format!("{}: {}", job.name, String::from_utf8_lossy(&output.stderr)).into())
    }
}

async fn script(job: &Job, state: &str) -> Result<Duration> {
    let site = Served::start(state)?;
    let threads = Arc::new(Semaphore::new(THREADS as usize));
    let caller = Credentials { email: site.caller.email.clone(), token: site.caller.token.clone() };
    let script = Script::new(site.url.clone(), caller, Arc::clone(&threads))?;
    let start = Instant::now();
    (job.script)(script).await?;
    drop(threads.acquire_many(THREADS).await?);
    Ok(start.elapsed())
}
