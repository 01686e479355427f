//! `confperm doctor --scopes`: the least token that a policy needs. No site is asked, since no token may be there yet.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::confluence::cloud::scopes::{Use, all_for};
use crate::policy::Policy;

/// The scopes by command; those of `plan` are needed by the others as well.
pub(super) fn needed(policy: &Policy) -> String {
    let mut writes = BTreeSet::new();
    if policy.may_change_permissions() {
        writes.extend(all_for(Use::WritePermissions));
    }
    if policy.may_change_restrictions() {
        writes.extend(all_for(Use::WriteRestrictions));
    }
    let reads = all_for(Use::Read);
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
