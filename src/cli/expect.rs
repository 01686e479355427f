//! `apply --expect`: the plan that was approved.

use camino::Utf8Path;

use crate::files::{Folder, MEBIBYTE, Refused};
use crate::plan::{FORMAT_VERSION, Plan, PlanHash};
use crate::render;

use super::error::CliError;
use super::failure::Failure;

/// The plan of a site with 500,000 changes fits.
const MAX_BYTES: u64 = 1024 * MEBIBYTE;

/// What the plan that is made now must be. A file is compared and never carried out.
#[derive(Debug)]
pub(super) enum ExpectedPlan {
    Hash(PlanHash),
    Plan(Box<Plan>),
}

impl ExpectedPlan {
    /// A hash, or else the path of a file that `plan -o` wrote.
    pub(super) fn read(text: &str) -> Result<Self, CliError> {
        if let Ok(hash) = text.parse() {
            return Ok(Self::Hash(hash));
        }
        let path = Utf8Path::new(text);
        let hint = "pass what `confperm plan` prints as the hash, `sha256:` and 64 digits, or a file of `confperm plan -o`";
        let failed = |why: String| {
            CliError::failed(Failure::UnusablePlan, format!("`--expect {path}`: {why}")).with_hint(hint)
        };
        let folder = Folder::open(path.parent().unwrap_or(Utf8Path::new(""))).map_err(Refused::from);
        let name = path.file_name().unwrap_or_default();
        let bytes = folder.and_then(|folder| folder.read_near(Utf8Path::new(name), MAX_BYTES)).map_err(
            |refused| {
                let missing = "this is neither a hash nor a file that is there".to_owned();
                failed(if refused.is_missing() { missing } else { refused.to_string() })
            },
        )?;
        // What is in a file that is no plan is not shown.
        let plan: Plan = serde_json::from_slice(&bytes).map_err(|error| {
            failed(format!(
                "this is not a plan of the form {FORMAT_VERSION} (line {}, column {})",
                error.line(),
                error.column()
            ))
        })?;
        if plan.recomputed_hash() != plan.hash {
            return Err(failed("the hash in it is not that of its content; it was edited, or another version of confperm wrote it".to_owned()));
        }
        Ok(Self::Plan(Box::new(plan)))
    }

    pub(super) fn is(&self, plan: &Plan) -> bool {
        self.hash() == plan.hash
    }

    /// Why another plan is not carried out, and how it differs, where that is known.
    pub(super) fn refuses(&self, plan: &Plan) -> CliError {
        let differs = match self {
            Self::Hash(_) => String::new(),
            Self::Plan(expected) => format!("\n{}", render::plans_as_diff(expected, plan).trim_end()),
        };
        let message = format!(
            "this is not the plan that was approved: its hash is {}, and --expect says {}; nothing was changed{differs}",
            plan.hash,
            self.hash()
        );
        CliError::failed(Failure::OtherPlan, message)
            .with_hint("have the new plan approved, and pass its hash")
    }

    const fn hash(&self) -> PlanHash {
        match self {
            Self::Hash(hash) => *hash,
            Self::Plan(plan) => plan.hash,
        }
    }
}
