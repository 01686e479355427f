//! `confperm validate`.

use crate::policy;
use crate::render::style::count;

use super::args::ValidateArgs;
use super::error::CliError;
use super::exit;
use super::output::Output;

pub(super) fn run(args: &ValidateArgs, out: &Output) -> Result<u8, CliError> {
    let loaded = policy::load(&args.directory);
    let Some(policy) = loaded.policy else {
        return Err(CliError::Invalid { findings: loaded.findings, sources: loaded.sources });
    };
    out.findings(&loaded.findings, &loaded.sources);
    let spaces = count(policy.spaces.len(), "space", "spaces");
    let files = count(loaded.sources.iter().len(), "file", "files");
    out.data(&format!(
        "The policy is valid: {spaces} in {files}. Names of groups and pages were not looked up.\n"
    ))?;
    Ok(exit::DONE)
}
