//! A plan as a unified diff: each space that changes, before and after, in the policy language.

use std::collections::BTreeSet;

use anstream::adapter::strip_str;
use similar::TextDiff;

use crate::model::{ContentId, Live, Principal, SpaceKey, visible};
use crate::plan::{Object, Plan};
use crate::policy::NamedBundle;
use crate::policy::express::preview::{self, PreviewNames};

use super::json::plan_as_json;
use super::order::order_as_text;
use super::plan_text::plan_as_text_in;
use super::review::View;

/// What a reviewer of pull requests reads without learning anything. `live` is the site that the plan
/// was made from, `after` the site as it would be.
pub fn plan_as_diff(plan: &Plan, live: &Live, after: &Live, bundles: &[NamedBundle]) -> String {
    let name = |principal: &Principal| plan.name(principal).into_owned();
    let words = PreviewNames { bundles, roles: &live.roles, name: &name };
    let mut text = String::new();
    for (key, space) in &plan.spaces {
        let (Some(before), Some(after)) = (live.spaces.get(key), after.spaces.get(key)) else { continue };
        let (holders, pages) = touched(plan, key);
        if holders.is_empty() && pages.is_empty() {
            continue;
        }
        let side = |state| preview::space(state, space.mode, &holders, &pages, &words);
        let (old, new) = (side(before), side(after));
        let diff = TextDiff::from_lines(&old, &new);
        let mut unified = diff.unified_diff();
        unified.context_radius(3).header(&format!("{key} (live)"), &format!("{key} (planned)"));
        text.push_str(&unified.to_string());
    }
    text
}

/// How a plan differs from one that was approved: in what it says, or else in the order of its calls, or else in its
/// document. Empty if the two are the same.
pub fn plans_as_diff(approved: &Plan, now: &Plan) -> String {
    let whole = View { all: true, ..View::default() };
    let as_text = |plan: &Plan| strip_str(&plan_as_text_in(plan, &whole)).to_string();
    let as_order = |plan: &Plan| strip_str(&order_as_text(plan)).to_string();
    let as_document = |plan: &Plan| plan_as_json(plan).unwrap_or_default();
    let forms: [&dyn Fn(&Plan) -> String; 3] = [&as_text, &as_order, &as_document];
    let differences = forms.into_iter().map(|form| {
        let (approved, now) = (form(approved), form(now));
        let diff = TextDiff::from_lines(&approved, &now);
        let mut unified = diff.unified_diff();
        unified.context_radius(1).header("approved", "now").to_string()
    });
    differences.into_iter().find(|difference| !difference.is_empty()).unwrap_or_default()
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
