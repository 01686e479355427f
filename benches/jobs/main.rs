//! What six everyday jobs cost in calls: here, at the least, and as people script them today.
//!
//! `cargo bench --bench jobs`. Each job is done twice against the sandbox, from the same state: by `confperm
//! apply`, and by a plain script that makes one call per grant. The sandbox counts the requests that could
//! change something. The table stands in ARCHITECTURE.md between two marks, and this program fails when the
//! figures there are others; `UPDATE_SNAPSHOTS=1` writes them. `cargo test` runs it too.
//!
//! `cargo bench --bench jobs -- --wall` measures time instead: see [`wall`]. `-- --script` measures it against the script,
//! see [`against_script`]; words that follow choose jobs by their names.

#![expect(clippy::disallowed_methods, reason = "a bench looks at the clock")]

mod against_script;
mod jobs;
mod script;
mod states;
mod wall;

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use confperm::sandbox::{self, Options, Request, Running, Site};
use jobs::Job;
use script::Script;
use tokio::sync::Semaphore;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const BEGIN: &str = "<!-- jobs -->\n";
const END: &str = "<!-- /jobs -->\n";

/// What one job costs.
struct Cost {
    here: usize,
    bound: u64,
    script: usize,
    looks: Looks,
}

/// What an apply reads beside its plan, to look before it writes and afterwards.
struct Looks {
    reads: usize,
    /// Spaces whose rows or roles change, and pages.
    touched: usize,
}

fn main() -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    if std::env::args().any(|argument| argument == "--wall") {
        return runtime.block_on(wall::compare());
    }
    let mut words = std::env::args().skip_while(|argument| argument != "--script");
    if words.next().is_some() {
        let words: Vec<String> = words.filter(|word| !word.starts_with('-')).collect();
        return runtime.block_on(against_script::compare(&words));
    }
    let mut table = String::from(
        "| job | calls here | lower bound | a plain script |\n\
         |---|--:|--:|--:|\n",
    );
    let mut looking = String::from(
        "\n| job | spaces and pages touched | reads before and after the writes |\n\
         |---|--:|--:|\n",
    );
    for job in jobs::all() {
        let Cost { here, bound, script, looks } = runtime.block_on(measure(&job))?;
        writeln!(table, "| {} | {here} | {bound} | {script} |", job.name)?;
        writeln!(looking, "| {} | {} | {} |", job.name, looks.touched, looks.reads)?;
    }
    print(&table)?;
    print(&looking)?;
    compare(&Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md"), &table)
}

async fn measure(job: &Job) -> Result<Cost> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("policy.yaml"), &job.policy)?;

    let running = serve(&job.site).await?;
    let plan = confperm(folder.path(), &running, &["plan", "--format", "json"]).await?;
    let plan: serde_json::Value = serde_json::from_str(&plan)?;
    let bound = plan["cost"]["lower_bound"].as_u64().ok_or("the plan has no lower bound")?;
    let of_plan = running.requests().len();
    confperm(folder.path(), &running, &["apply", "--yes"]).await?;
    let here = writes(&running.requests());
    let reads = running.requests().len() - here - 2 * of_plan;
    let looks = Looks { reads, touched: touched(&plan) };
    let left = confperm(folder.path(), &running, &["plan", "--detailed-exitcode"]).await;
    left.map_err(|error| format!("{}: something is left to do: {error}", job.name))?;
    running.stop().await;

    let running = serve(&job.site).await?;
    let caller = running.credentials().ok_or("the sandbox has no caller")?;
    let thread = Arc::new(Semaphore::new(1));
    (job.script)(Script::new(running.site_url(), caller, Arc::clone(&thread))?).await?;
    drop(thread.acquire().await?);
    let script = writes(&running.requests());
    running.stop().await;
    Ok(Cost { here, bound, script, looks })
}

/// How many spaces and pages a plan touches.
fn touched(plan: &serde_json::Value) -> usize {
    let objects = plan["objects"].as_array().into_iter().flatten();
    let touched = objects.map(|object| (object["space"].as_str(), object["content"].to_string()));
    touched.collect::<BTreeSet<_>>().len()
}

async fn serve(state: &str) -> Result<Running> {
    let options = Options { keep_states: false, ..Options::default() };
    Ok(sandbox::serve(Site::from_yaml(state)?, options).await?)
}

/// Runs the program on a site; what it printed.
async fn confperm(folder: &Path, site: &Running, arguments: &[&str]) -> Result<String> {
    let caller = site.credentials().ok_or("the sandbox has no caller")?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_confperm"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("CONFLUENCE_URL", site.site_url())
        .env("CONFLUENCE_USERNAME", caller.email)
        .env("CONFLUENCE_API_TOKEN", caller.token);
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    let text = String::from_utf8(output.stdout)?;
    if output.status.success() {
        Ok(text)
    } else {
        Err(format!("confperm {arguments:?}\n{text}{}", String::from_utf8_lossy(&output.stderr)).into())
    }
}

/// Requests that could change something. Looking up people is a read that Confluence spells as a POST.
fn writes(requests: &[Request]) -> usize {
    requests
        .iter()
        .filter(|request| request.method != "GET" && !request.path.ends_with("/users-bulk"))
        .count()
}

fn print(table: &str) -> Result<()> {
    use std::io::Write as _;
    std::io::stdout().write_all(table.as_bytes())?;
    Ok(())
}

/// Holds the table against the one in a document.
fn compare(document: &Path, table: &str) -> Result<()> {
    let text = std::fs::read_to_string(document)?;
    let begin = text.find(BEGIN).ok_or("the document has no place for the table")? + BEGIN.len();
    let end = text.find(END).ok_or("the table in the document has no end")?;
    if text[begin..end] == *table {
        return Ok(());
    }
    if std::env::vars().any(|(name, _)| name == "UPDATE_SNAPSHOTS") {
        std::fs::write(document, [&text[..begin], table, &text[end..]].concat())?;
        return Ok(());
    }
    Err("ARCHITECTURE.md has other figures; UPDATE_SNAPSHOTS=1 writes these".into())
}
