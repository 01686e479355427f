//! One call in words.

use crate::model::{Audience, Call};
use crate::plan::Plan;

use super::access_words::ShownNames as _;

/// What a call does, in one line.
pub(crate) fn call_words(plan: &Plan, call: &Call) -> String {
    match call {
        Call::Grant { space, principal, permission } => {
            format!("{space}: give {permission} to {}", plan.name(principal))
        }
        Call::Revoke { space, principal, permission, .. } => {
            format!("{space}: take {permission} from {}", plan.name(principal))
        }
        Call::AssignRoles { space, roles, .. } => {
            let each: Vec<String> = roles
                .iter()
                .map(|(principal, role)| {
                    let role = role.as_ref().map_or_else(|| "no role".to_owned(), |role| plan.role(role));
                    format!("{} {role}", plan.name(principal))
                })
                .collect();
            format!("{space}: assign {}", each.join(", "))
        }
        Call::Restrict { space, content, after, .. } => {
            let page = plan.page(*content);
            let view = audience_words(plan, &after.view);
            let edit = audience_words(plan, &after.edit);
            format!("{space}: {page}: view {view}; edit {edit}")
        }
    }
}

/// A list of a page, with names.
pub(crate) fn audience_words(plan: &Plan, audience: &Audience) -> String {
    match audience {
        Audience::Anyone => "anyone".to_owned(),
        Audience::Only(members) => {
            let names: Vec<String> =
                members.iter().map(|subject| plan.name(&subject.clone().into()).into_owned()).collect();
            names.join(", ")
        }
    }
}
