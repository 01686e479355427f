//! A plan as a unified diff: each space that changes, before and after, in the policy language.

use std::collections::BTreeSet;

use similar::TextDiff;

use crate::model::{ContentId, Live, Principal, SpaceKey, visible};
use crate::plan::{Object, Plan};
use crate::policy::NamedBundle;
use crate::policy::express::preview::{self, Words};

/// What a reviewer of pull requests reads without learning anything. `live` is the site that the plan
/// was made from, `after` the site as it would be.
pub fn plan_as_diff(plan: &Plan, live: &Live, after: &Live, bundles: &[NamedBundle]) -> String {
    let name = |principal: &Principal| plan.name(principal).into_owned();
    let words = Words { bundles, roles: &live.roles, name: &name };
    let mut text = String::new();
    for (key, space) in &plan.spaces {
        let (Some(before), Some(after)) = (live.spaces.get(key), after.spaces.get(key)) else { continue };
        let (holders, pages) = touched(plan, key);
        if holders.is_empty() && pages.is_empty() {
            continue;
        }
        let side = |state| preview::space(state, space.mode, &|who| holders.contains(who), &pages, &words);
        let (old, new) = (side(before), side(after));
        let diff = TextDiff::from_lines(&old, &new);
        let mut unified = diff.unified_diff();
        unified.context_radius(3).header(&format!("{key} (live)"), &format!("{key} (planned)"));
        text.push_str(&unified.to_string());
    }
    text
}

/// Two versions of a file as a unified diff.
pub fn text_diff(name: &str, before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let mut unified = diff.unified_diff();
    let name = visible(name);
    unified.context_radius(3).header(&name, &format!("{name} (formatted)"));
    unified.to_string()
}

/// Whose access and which pages change in a space. What stays as it is would only be noise.
fn touched(plan: &Plan, key: &SpaceKey) -> (BTreeSet<Principal>, BTreeSet<ContentId>) {
    let mut holders = BTreeSet::new();
    let mut pages = BTreeSet::new();
    for object in &plan.objects {
        match object {
            Object::Holding { space, principal, .. } if space == key => {
                holders.insert(principal.clone());
            }
            Object::Page { space, content, .. } if space == key => {
                pages.insert(*content);
            }
            Object::Holding { .. } | Object::Page { .. } => {}
        }
    }
    (holders, pages)
}
