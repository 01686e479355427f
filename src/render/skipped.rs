//! What a plan skips, because a name of the policy does not mean what it meant.

use std::collections::BTreeSet;

use crate::model::{SkipReason, Skipped, SkippedPart, harmless};
use crate::plan::Plan;

use super::review::{ReviewPart, Section};
use super::style::{CHANGE, count, list, paint};

pub(super) fn skipped(plan: &Plan) -> Option<Section> {
    let names = "on the site the name means something else by now, or nothing, or the page is elsewhere";
    let teams = "what files of teams ask for cannot be carried out";
    let why =
        match (plan.skipped.iter().all(Skipped::is_of_team), plan.skipped.iter().any(Skipped::is_of_team)) {
            (true, _) => teams.to_owned(),
            (false, true) => format!("{names}; or {teams}"),
            (false, false) => names.to_owned(),
        };
    let heading = paint(CHANGE, &format!("Skipped: {why}"));
    (!plan.skipped.is_empty()).then(|| Section::new(ReviewPart::Incomplete, heading, lines(plan)))
}

/// How much is skipped, and why.
pub(super) fn count_words(plan: &Plan) -> String {
    let (of_teams, others): (Vec<&Skipped>, Vec<&Skipped>) =
        plan.skipped.iter().partition(|skipped| skipped.is_of_team());
    let entries = |skipped: &[&Skipped]| count(skipped.len(), "entry is", "entries are");
    let names = || {
        let entries = entries(&others);
        format!("{entries} skipped, since a name means something else by now, or nothing")
    };
    // One space may be skipped for several errors.
    let parts: BTreeSet<_> = of_teams.iter().map(|it| (&it.space, it.part, &it.name)).collect();
    let spaces = parts.iter().filter(|(_, part, _)| *part == SkippedPart::Space).count();
    let counted = [
        (spaces > 0).then(|| count(spaces, "space", "spaces")),
        (parts.len() > spaces).then(|| count(parts.len() - spaces, "entry", "entries")),
    ];
    let counted = counted.into_iter().flatten().collect::<Vec<_>>().join(" and ");
    let are = if parts.len() == 1 { "is" } else { "are" };
    let teams = || format!("{counted} {are} skipped for what files of teams ask for");
    let said = [(!others.is_empty()).then(names), (!of_teams.is_empty()).then(teams)];
    said.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// One line for each thing that is skipped for what a file of a team says.
pub fn skipped_for_teams(plan: &Plan) -> Vec<String> {
    plan.skipped.iter().filter(|skipped| skipped.is_of_team()).map(line).collect()
}

/// One line for each entry that is skipped.
pub(super) fn lines(plan: &Plan) -> Vec<String> {
    plan.skipped.iter().map(line).collect()
}

fn line(skipped: &Skipped) -> String {
    let Skipped { space, part, name, reason, origin } = skipped;
    let is_named = space.as_ref().is_none_or(|space| space.as_str() != name.as_str());
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
        SkipReason::TeamError { team, code } if *part == SkippedPart::Principal => {
            format!(
                "what the team `{}` asks for does not fit beside what others give it ({code})",
                harmless(team)
            )
        }
        SkipReason::TeamError { team, code } => {
            format!("what the team `{}` asks for cannot be carried out ({code})", harmless(team))
        }
        SkipReason::TeamBlocked { team, by } => {
            format!("what the team `{}` asks for is blocked ({by})", harmless(team))
        }
    };
    let what = match part {
        SkippedPart::Guard => {
            "the name in the guard, which lets no plan take `administer/space` away until then"
        }
        SkippedPart::Space => "the whole space",
        SkippedPart::Rule => "the entry of the rule",
        SkippedPart::Page => "the entry",
        SkippedPart::Principal if skipped.is_of_team() => "what the team asks for",
        SkippedPart::Principal => "the principal",
        SkippedPart::Lists => "both lists of the page",
        SkippedPart::Labelled => "the list that the label sets",
        SkippedPart::List => "the list, which would be empty without it",
    };
    let name = if is_named { format!("{name}: ") } else { String::new() };
    format!("{space}  {name}{why}; skipped: {what}  {origin}")
}
