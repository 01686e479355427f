//! `apply --expect`: the plan that was approved.

use camino::Utf8Path;

use crate::model::Fingerprint;
use crate::plan::Plan;
use crate::render;

use super::plan_file;
use super::{CliError, Failure};

/// What the plan that is made now must be. A file is compared and never carried out.
#[derive(Debug)]
pub(super) enum ExpectedPlan {
    Hash(Fingerprint),
    Plan(Box<Plan>),
}

impl ExpectedPlan {
    /// A hash, or else the path of a file that `plan -o` wrote.
    pub(super) fn read(text: &str) -> Result<Self, CliError> {
        if let Ok(hash) = text.parse() {
            return Ok(Self::Hash(hash));
        }
        let hint = "pass what `confperm plan` prints as the hash, `sha256:` and 64 digits, or a file of `confperm plan -o`";
        let missing = "this is neither a hash nor a file that is there";
        let plan = plan_file::read(Utf8Path::new(text), &format!("--expect {text}"), missing, hint)?;
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

    const fn hash(&self) -> Fingerprint {
        match self {
            Self::Hash(hash) => *hash,
            Self::Plan(plan) => plan.hash,
        }
    }
}
