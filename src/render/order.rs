//! Why the calls of a plan stand in the order in which they stand, as text.

use std::fmt::Write as _;

use crate::plan::{Danger, Edge, EdgeReason, Endangered, Moment, Plan};

use super::call::call_words;
use super::style::{FAINT, HEADING, count, list, paint};

/// Each call with what it waits for, and what the other order would do. Calls that wait for nothing in
/// common run side by side.
pub fn order_as_text(plan: &Plan) -> String {
    let mut text = String::new();
    for planned in &plan.calls {
        let id = paint(HEADING, &planned.id.to_string());
        let _ = writeln!(text, "{id}  {}", call_words(plan, &planned.call));
        for edge in &planned.after {
            let _ = writeln!(text, "      {}", paint(FAINT, &edge_words(plan, edge)));
        }
    }
    let waiting = plan.calls.iter().filter(|planned| !planned.after.is_empty()).count();
    let _ = writeln!(
        text,
        "{}; {} for another, the rest can be made side by side.",
        count(plan.calls.len(), "call", "calls"),
        count(waiting, "waits", "wait"),
    );
    text
}

fn edge_words(plan: &Plan, edge: &Edge) -> String {
    let why = match (edge.reason, &edge.because) {
        (EdgeReason::Api, _) => "Confluence demands it".to_owned(),
        (EdgeReason::Leak, None) => "nobody is let in for a moment".to_owned(),
        (EdgeReason::Gap, None) => "nobody is shut out for a moment".to_owned(),
        (EdgeReason::Leak | EdgeReason::Gap, Some(danger)) => {
            format!("otherwise {}", danger_words(plan, danger))
        }
    };
    format!("after {}: {why}", edge.call)
}

/// Who would be let in, or shut out, for a moment.
pub(crate) fn danger_words(plan: &Plan, danger: &Danger) -> String {
    let names: Vec<String> = danger.people.iter().map(|who| plan.name(who).into_owned()).collect();
    let who =
        if names.is_empty() { "anybody".to_owned() } else { format!("somebody who is {}", list(&names)) };
    let page = |id| plan.pages.get(id).map_or_else(|| format!("page {id}"), |page| page.path.clone());
    let what = match &danger.what {
        Endangered::Permission(permission) => format!("have {permission}"),
        Endangered::View(id) => format!("see {}", page(id)),
        Endangered::Edit(id) => format!("edit {}", page(id)),
    };
    match danger.moment {
        Moment::LetIn => format!("{who} could for a moment {what}, which they can neither before nor after"),
        Moment::ShutOut => format!("{who} could for a moment not {what}, which they can before and after"),
    }
}
