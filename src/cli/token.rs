//! What is said where the token lacks scopes to write. It is said beside a plan and never in it: a plan is about what an
//! account may do, and is the same with each of its tokens.

use std::collections::BTreeSet;

use crate::confluence::Cloud;
use crate::confluence::cloud::scopes::{self, Use};
use crate::model::Call;
use crate::plan::Plan;
use crate::render::style::list;

/// The scopes that carrying out a plan takes and the token surely lacks, in a sentence.
pub(super) async fn note(plan: &Plan, site: &Cloud) -> Option<String> {
    let uses: BTreeSet<Use> = plan
        .calls
        .iter()
        .map(|planned| match planned.call {
            Call::Restrict { .. } => Use::WriteRestrictions,
            Call::Grant { .. } | Call::Revoke { .. } | Call::AssignRoles { .. } => Use::WritePermissions,
        })
        .collect();
    if uses.is_empty() || plan.is_blocked() {
        return None;
    }
    let held = site.token_scopes().await?;
    let missing: BTreeSet<&str> =
        uses.into_iter().flat_map(|purpose| scopes::missing(purpose, &held)).collect();
    if missing.is_empty() {
        return None;
    }
    let missing: Vec<String> = missing.into_iter().map(|scope| format!("`{scope}`")).collect();
    Some(format!("note: this token cannot apply the plan: it lacks {}", list(&missing)))
}
