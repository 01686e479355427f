//! `confperm codeowners`.

use camino::Utf8Component;

use crate::render;

use super::args::CodeownersArgs;
use super::directory;
use super::{CliError, Exit, Failure, Output};

pub(super) fn run(args: &CodeownersArgs, out: &Output) -> Result<Exit, CliError> {
    let is_plain = |part| matches!(part, Utf8Component::Normal(_) | Utf8Component::CurDir);
    if !args.within.components().all(is_plain) {
        return Err(CliError::usage(
            format!("--within {}: not a path inside a repository", args.within),
            "write it from the root of the repository, as in `--within permissions`",
        ));
    }
    let (policy, warnings, sources) = directory::load_valid(&args.directory)?;
    out.findings(&warnings, &sources);
    let owners = render::codeowners(&policy.delegation, &args.within).map_err(|lacking| {
        CliError::failed(Failure::NoOwners, lacking.to_string())
            .with_hint(lacking.help())
            .at(lacking.origin())
    })?;
    out.data(&owners);
    Ok(Exit::Done)
}
