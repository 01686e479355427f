//! Plans that are blocked for what files of teams ask for. The run for everything must not stop for one team: the spaces
//! that block it are skipped, and the rest is planned.

use std::collections::BTreeSet;

use camino::Utf8Path;

use super::change::{Change, ChangeAction, ChangeReason};
use super::document::{Plan, Refusal};
use super::guard::Breach;
use crate::model::{Desired, Origin, Shown, SkipReason, Skipped, SkippedPart, SpaceKey};

/// The team that a file belongs to, if it is one of a team's.
type TeamOf<'a> = &'a dyn Fn(&Utf8Path) -> Option<String>;

/// One thing that blocks a plan.
struct Blocker<'p> {
    /// `None` where it is about all spaces together.
    space: Option<&'p SpaceKey>,
    by: &'static str,
    /// The line that it is about, where there is one.
    origin: Option<&'p Origin>,
}

/// What to leave out of a blocked plan, so that it is blocked for nothing that teams ask for; `None` if it is blocked for
/// something else.
pub fn blocked_for_teams(plan: &Plan, team_of: TeamOf<'_>) -> Option<BTreeSet<Skipped>> {
    let mut skipped = BTreeSet::new();
    for Blocker { space, by, origin } in blocks(plan) {
        let found: Vec<(&SpaceKey, String, &Origin)> = if let Some(space) = space {
            let of_line = origin.and_then(|origin| Some((space, team_of(&origin.file)?, origin)));
            // What cannot be done is asked for all the same.
            let left_out = plan.left_out.iter().map(|left| &left.change);
            let changes = plan.changes.iter().chain(left_out).filter(|change| change.space() == space);
            let of_changes = changes.filter_map(|change| team_behind(change, plan, team_of));
            of_line.into_iter().chain(of_changes).take(1).collect()
        } else {
            let changes = plan.changes.iter().filter(|change| may_remove(change));
            changes.filter_map(|change| team_behind(change, plan, team_of)).collect()
        };
        if found.is_empty() {
            return None;
        }
        skipped.extend(found.into_iter().map(|(space, team, origin)| Skipped {
            space: Some(space.clone()),
            part: SkippedPart::Space,
            name: Shown::of(space.as_str()),
            reason: SkipReason::TeamBlocked { team, by: by.to_owned() },
            origin: origin.clone(),
        }));
    }
    Some(skipped)
}

/// The team whose lines alone ask for all that a plan changes in a space, and the first of them.
pub fn team_of_space(plan: &Plan, key: &SpaceKey, team_of: TeamOf<'_>) -> Option<(String, Origin)> {
    let changes = plan.changes.iter().filter(|change| change.space() == key);
    let behind = changes.map(|change| team_behind(change, plan, team_of));
    let behind: Option<Vec<(&SpaceKey, String, &Origin)>> = behind.collect();
    behind?.into_iter().next().map(|(_, team, origin)| (team, origin.clone()))
}

/// What is asked for without the spaces that are skipped; `None` if nothing is left.
pub fn without_skipped(desired: &Desired, skipped: BTreeSet<Skipped>) -> Option<Desired> {
    let mut rest = desired.clone();
    rest.spaces.retain(|key, _| !skipped.iter().any(|skipped| skipped.space.as_ref() == Some(key)));
    rest.skipped.extend(skipped);
    (!rest.spaces.is_empty()).then_some(rest)
}

fn blocks(plan: &Plan) -> impl Iterator<Item = Blocker<'_>> {
    let refusals = plan.refusals.iter().map(|refusal| Blocker {
        space: Some(refusal.space()),
        by: refusal.code().as_str(),
        origin: match refusal {
            Refusal::PageOnly { origin, .. } => Some(origin),
            _ => None,
        },
    });
    let guards = plan.guards.blocked().flat_map(|outcome| {
        outcome.breaches.iter().map(|breach| Blocker {
            space: breach.space(),
            by: outcome.guard.as_str(),
            origin: match breach {
                Breach::Forbidden { origin, .. } => Some(origin),
                _ => None,
            },
        })
    });
    refusals.chain(guards)
}

/// The team whose line asks for a change, or whose entry makes a space authoritative.
fn team_behind<'p>(
    change: &'p Change,
    plan: &'p Plan,
    team_of: TeamOf<'_>,
) -> Option<(&'p SpaceKey, String, &'p Origin)> {
    let origin = match change.reason() {
        ChangeReason::NotDeclared => &plan.spaces.get(change.space())?.origin,
        reason => reason.origin()?,
    };
    Some((change.space(), team_of(&origin.file)?, origin))
}

fn may_remove(change: &Change) -> bool {
    match change {
        Change::Grant { verb, .. } => *verb == ChangeAction::Remove,
        Change::Role { .. } | Change::Audience { .. } => true,
    }
}
