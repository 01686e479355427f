//! What `doctor` says of scopes: those that the token surely lacks, and with `--scopes` the least that a policy needs.
//! For the second no site is asked, since no token may be there yet.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::Diagnosis;
use crate::confluence::Cloud;
use crate::confluence::cloud::scopes::{Use, all_for, missing};
use crate::policy::Policy;
use crate::render::style::list;

/// The scopes by command; those of `plan` are needed by the others as well.
pub(super) fn needed(policy: &Policy) -> String {
    let writes: BTreeSet<&str> = writes(policy).into_iter().flat_map(all_for).collect();
    let mut reads = all_for(Use::Read);
    if policy.space_keys().any(|key| !policy.page_labels(key).is_empty()) {
        reads.extend(all_for(Use::Labels));
    }
    let checks = if policy.tests.is_empty() { BTreeSet::new() } else { all_for(Use::Check) };
    let mut text = String::new();
    for (command, scopes) in [
        ("plan", &reads),
        ("apply, beside those", &writes.difference(&reads).copied().collect()),
        ("test --live, beside those of plan", &checks),
    ] {
        if !scopes.is_empty() {
            let _ = writeln!(text, "{command}:");
        }
        for scope in scopes {
            let _ = writeln!(text, "  {scope}");
        }
    }
    text
}

/// What the token lacks to apply the policy, where that is known.
pub(super) async fn lacking(site: &Cloud, policy: &Policy) -> Option<Diagnosis> {
    let held = site.token_scopes().await?;
    let lacks: BTreeSet<&str> =
        writes(policy).into_iter().flat_map(|purpose| missing(purpose, &held)).collect();
    let lacks: Vec<String> = lacks.into_iter().map(|scope| format!("`{scope}`")).collect();
    let found =
        || Diagnosis::Doubtful(format!("token    it can plan, and not apply: it lacks {}", list(&lacks)));
    (!lacks.is_empty()).then(found)
}

/// The kinds of writes that a policy may ask for.
fn writes(policy: &Policy) -> Vec<Use> {
    let permissions = policy.may_change_permissions().then_some(Use::WritePermissions);
    let restrictions = policy.may_change_restrictions().then_some(Use::WriteRestrictions);
    permissions.into_iter().chain(restrictions).collect()
}
