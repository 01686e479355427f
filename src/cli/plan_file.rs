//! Plans in files that `plan -o` wrote. They may come from elsewhere, so nothing in them is taken on trust.

use camino::Utf8Path;

use crate::files::{Folder, MEBIBYTE, Refused};
use crate::plan::{FORMAT_VERSION, Plan};

use super::{CliError, Failure};

/// The plan of a site with 500,000 changes fits.
const MAX_BYTES: u64 = 1024 * MEBIBYTE;

/// What is said of a file that is not there.
pub(super) const MISSING: &str = "there is no such file";

/// Reads a plan whose content is what its hash says. `what` names the file in messages, and `missing`
/// says that it is not there.
pub(super) fn read(path: &Utf8Path, what: &str, missing: &str, hint: &str) -> Result<Plan, CliError> {
    let failed = |why: String| {
        CliError::failed(Failure::UnusablePlan, format!("`{what}`: {why}")).with_hint(hint.to_owned())
    };
    let folder = Folder::open(path.parent().unwrap_or(Utf8Path::new(""))).map_err(Refused::from);
    let name = path.file_name().unwrap_or_default();
    let bytes =
        folder.and_then(|folder| folder.read_near(Utf8Path::new(name), MAX_BYTES)).map_err(|refused| {
            failed(if refused.is_missing() { missing.to_owned() } else { refused.to_string() })
        })?;
    // What is in a file that is no plan is not shown.
    let plan: Plan = serde_json::from_slice(&bytes).map_err(|error| {
        failed(format!(
            "this is not a plan of the form {FORMAT_VERSION} (line {}, column {})",
            error.line(),
            error.column()
        ))
    })?;
    if plan.format_version != FORMAT_VERSION {
        return Err(failed(format!(
            "this plan has the form {}, and this version of confperm reads {FORMAT_VERSION}",
            crate::model::Shown::of(&plan.format_version).as_str()
        )));
    }
    if plan.recomputed_hash() != plan.hash {
        return Err(failed(
            "the hash in it is not that of its content; it was edited, or another version of confperm wrote it"
                .to_owned(),
        ));
    }
    Ok(plan)
}
