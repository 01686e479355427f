//! A plan as a unified diff: each space that changes, before and after, in the policy language.

use std::collections::BTreeMap;

use anstream::adapter::strip_str;
use similar::TextDiff;

use crate::model::{Principal, SpaceKey, visible};
use crate::plan::{Object, Plan};
use crate::policy::NamedBundle;
use crate::policy::export::preview::{self, PreviewNames, PreviewSpace};

use super::json::plan_as_json;
use super::order::order_as_text;
use super::plan_text::plan_as_text_in;
use super::review::View;

/// What a reviewer of pull requests reads without learning anything: of each space what the calls touch.
pub fn plan_as_diff(plan: &Plan) -> String {
    let name = |principal: &Principal| plan.name(principal).into_owned();
    let bundles = NamedBundle::with_own(&plan.own_roles);
    let words = PreviewNames { bundles: &bundles, roles: &plan.roles, name: &name };
    let vocabulary = plan.vocabulary();
    let mut objects: BTreeMap<&SpaceKey, Vec<&Object>> = BTreeMap::new();
    for object in &plan.objects {
        objects.entry(object.space()).or_default().push(object);
    }
    let mut text = String::new();
    for (key, objects) in objects {
        let Some(space) = plan.spaces.get(key) else { continue };
        let side = |is_after: bool| {
            let mut side = PreviewSpace {
                key,
                mode: space.mode,
                holdings: Vec::new(),
                others: space.untouched,
                pages: Vec::new(),
            };
            for object in &objects {
                match object {
                    Object::Holding { principal, before, after, .. } => {
                        let held =
                            if is_after { after.reached_from(before, vocabulary) } else { before.to_live() };
                        side.holdings.push((principal, held));
                    }
                    Object::Page { content, before, after, .. } => {
                        let path = plan.pages.get(content).map(|page| &page.path);
                        side.pages.extend(path.map(|path| (path, if is_after { after } else { before })));
                    }
                }
            }
            side
        };
        let [old, new] = [false, true].map(|is_after| preview::space(side(is_after), &words));
        if old == new {
            continue;
        }
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
