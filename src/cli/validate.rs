//! `confperm validate`.

use std::fmt::Write as _;

use jiff::civil::Date;

use crate::diagnostic::{Diagnostics, Sources};
use crate::policy::{Breaches, Ending};
use crate::render::style::count;
use crate::render::{self, PolicySize};

use super::args::{FindingsFormat, ValidateArgs};
use super::directory;
use super::{CliError, Environment, Exit, LockFile, Output};

pub(super) fn run(args: &ValidateArgs, environment: &Environment, out: &Output) -> Result<Exit, CliError> {
    let checked = check(args, environment, out);
    let (findings, sources) = match &checked {
        Ok(Valid { findings, sources, .. }) => (findings.clone(), sources.clone()),
        Err(error) => error.findings().unwrap_or_default(),
    };
    match args.format {
        // Annotations are made of all that is said.
        FindingsFormat::Text | FindingsFormat::Github => {}
        FindingsFormat::Sarif => out.data(&render::findings_as_sarif(&findings, &sources, &args.directory)),
        FindingsFormat::Json => {
            let (size, endings) = match &checked {
                Ok(Valid { size, endings, .. }) => (Some(*size), endings.as_slice()),
                Err(_) => (None, [].as_slice()),
            };
            // An error that is not about the policy says nothing of it.
            if checked.is_ok() || !findings.is_empty() {
                let exit = checked.as_ref().map_or_else(CliError::exit, |_| Exit::Done);
                out.data(&render::findings_as_json(&findings, size, endings, exit.code()));
            }
        }
    }
    let Valid { said, .. } = checked?;
    // What programs read is nothing else.
    if args.format == FindingsFormat::Text {
        out.data(&said);
    } else {
        out.say(said.trim_end());
    }
    Ok(Exit::Done)
}

/// A policy that can be planned.
struct Valid {
    findings: Diagnostics,
    sources: Sources,
    size: PolicySize,
    /// What ends within the time that was asked about.
    endings: Vec<Ending>,
    /// What there is to say about it.
    said: String,
}

fn check(args: &ValidateArgs, environment: &Environment, out: &Output) -> Result<Valid, CliError> {
    let today = environment.today()?;
    let (policy, mut findings, mut sources) = directory::load_valid(&args.directory)?;
    let file_count = sources.iter().len();
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
    let size = PolicySize { files: file_count, spaces: policy.spaces.len(), rules: policy.rules.len() };
    let mut said = String::new();
    let mut endings = Vec::new();
    if let Some(within) = args.warn_before {
        let last = today.checked_add(within).unwrap_or(Date::MAX);
        endings = policy.endings();
        endings.retain(|ending| (today..=last).contains(&ending.until));
        said.extend(render::ending_lines(&endings, today, last).into_iter().map(|line| line + "\n"));
    }
    let mut spaces = count(policy.spaces.len(), "space", "spaces");
    if !policy.rules.is_empty() {
        spaces = format!("{spaces} and {}", count(policy.rules.len(), "rule", "rules"));
    }
    let files = count(file_count, "file", "files");
    let _ = writeln!(
        said,
        "The policy is valid: {spaces} in {files}. Names of groups and pages were not looked up."
    );
    Ok(Valid { findings, sources, size, endings, said })
}
