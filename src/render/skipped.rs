//! What a plan skips, because a name of the policy does not mean what it meant.

use std::collections::BTreeSet;

use crate::model::{SkipReason, Skipped, SkippedPart, harmless};
use crate::plan::Plan;

use super::review::{ReviewPart, Section};
use super::style::{CHANGE, list, paint};

pub(super) fn skipped(plan: &Plan) -> Option<Section> {
    let heading = paint(
        CHANGE,
        "Skipped: on the site the name means something else by now, or nothing, or the page is elsewhere",
    );
    (!plan.skipped.is_empty()).then(|| Section::new(ReviewPart::Incomplete, heading, lines(plan)))
}

/// One line for each entry that is skipped.
pub(super) fn lines(plan: &Plan) -> Vec<String> {
    plan.skipped.iter().map(line).collect()
}

fn line(skipped: &Skipped) -> String {
    let Skipped { space, part, name, reason, origin } = skipped;
    let space = space.as_ref().map_or_else(|| "policy".to_owned(), ToString::to_string);
    let ids = |by: &BTreeSet<String>| {
        let ids: Vec<String> = by.iter().map(|id| harmless(id).into_owned()).collect();
        list(&ids)
    };
    let why = match reason {
        SkipReason::Gone { was } => format!("id {was} is gone"),
        SkipReason::Taken { was, by } => format!("id {was} is gone, and {} has its name", ids(by)),
        SkipReason::Contradictory { editor, viewers } => {
            format!("where it stands now, {editor} could edit it and not view it ({viewers})")
        }
        SkipReason::TwoLabels { other } => {
            format!("the entry of `label:{other}` says something else of this list")
        }
        SkipReason::Closed => "the account is closed".to_owned(),
        SkipReason::Last => "the time is over, and there are no others on the list".to_owned(),
        SkipReason::AlsoNamed { by } => format!("{} has this name and is not meant", ids(by)),
    };
    let what = match part {
        SkippedPart::Guard => {
            "the name in the guard, which lets no plan take `administer/space` away until then"
        }
        SkippedPart::Space => "the whole space",
        SkippedPart::Rule => "the entry of the rule",
        SkippedPart::Page => "the entry",
        SkippedPart::Principal => "the principal",
        SkippedPart::Lists => "both lists of the page",
        SkippedPart::Labelled => "the list that the label sets",
        SkippedPart::List => "the list, which would be empty without it",
    };
    format!("{space}  {name}: {why}; skipped: {what}  {origin}")
}
