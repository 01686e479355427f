//! `confperm validate`.

use std::fmt::Write as _;

use jiff::civil::Date;

use crate::model::visible;
use crate::policy::{self, Breaches, Ending};
use crate::render::style::count;

use super::args::ValidateArgs;
use super::directory;
use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use super::lock::LockFile;
use super::output::Output;

pub(super) fn run(args: &ValidateArgs, environment: &Environment, out: &Output) -> Result<Exit, CliError> {
    let today = environment.today()?;
    let loaded = directory::load(&args.directory)?;
    let mut sources = loaded.sources;
    let files = count(sources.iter().len(), "file", "files");
    let Some(policy) = loaded.policy else {
        return Err(CliError::Invalid { findings: loaded.findings, sources });
    };
    let mut findings = loaded.findings;
    findings.extend(policy.contradictions(today));
    findings.extend(policy.ended(today, LockFile::read(&args.directory, &mut sources)?.known()));
    if findings.has_errors() {
        return Err(CliError::Invalid { findings, sources });
    }
    let Breaches { sure, perhaps } = policy.breaches(today);
    findings.extend(perhaps);
    out.findings(&findings, &sources);
    if !sure.is_empty() {
        return Err(CliError::Blocked { breaches: sure, sources });
    }
    if let Some(within) = args.warn_before {
        let last = today.checked_add(within).unwrap_or(Date::MAX);
        out.data(&endings(&policy.endings(), today, last));
    }
    let mut spaces = count(policy.spaces.len(), "space", "spaces");
    if !policy.rules.is_empty() {
        spaces = format!("{spaces} and {}", count(policy.rules.len(), "rule", "rules"));
    }
    out.data(&format!(
        "The policy is valid: {spaces} in {files}. Names of groups and pages were not looked up.\n"
    ));
    Ok(Exit::Done)
}

/// What ends from today to the last day, a line each.
fn endings(endings: &[Ending], today: Date, last: Date) -> String {
    let mut text = String::new();
    for Ending { until, who, what, why, span, .. } in
        endings.iter().filter(|ending| (today..=last).contains(&ending.until))
    {
        let left =
            if *until == today { "today".to_owned() } else { format!("in {}", policy::days(today, *until)) };
        let _ = write!(text, "{until}  {left}: {who} has {what}  {}", span.origin());
        if let Some(why) = why {
            let _ = write!(text, " ({})", visible(why));
        }
        text.push('\n');
    }
    text
}
