//! `apply` with a plan that was saved: what is left of it, on the site as it is now.
//!
//! The plan says what is to be done, and nothing else is: what it leads to is planned once more, so that the order, the
//! guards and the rights of the account are judged by who is in which group today.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::civil::Date;

use crate::apply::journal::{self, Record};
use crate::apply::rest::{self, Rest};
use crate::apply::saved;
use crate::model::{Desired, Guard, Live, RoleId, SiteIdentity};
use crate::plan::{ChangeReason, Gaps, MeanwhileReason, ObjectId, Plan};
use crate::render::style::{count, list};
use crate::render::{self, Basis, SiteNames};

use super::args::Scope;
use super::lockfile::Lacking;
use super::plan_file;
use super::prepare::{Begun, Prepared, Unchecked, begin};
use super::team_errors;
use super::unreadable::About;
use super::{CliError, Environment, Failure, Output};

/// A plan that was saved.
#[derive(Debug)]
pub(super) struct SavedPlan {
    path: Utf8PathBuf,
    pub(super) plan: Box<Plan>,
}

impl SavedPlan {
    pub(super) fn read(path: &Utf8Path) -> Result<Self, CliError> {
        let hint = "make the plan again with `confperm plan -o FILE`";
        let plan = Box::new(plan_file::read(path, path.as_str(), plan_file::MISSING, hint)?);
        Ok(Self { path: path.to_owned(), plan })
    }

    /// Why the plan is not what it was made for any more; nothing if it is.
    fn outdated(&self, begun: &Begun) -> Option<String> {
        let (plan, live) = (&self.plan, &begun.live);
        let made_for = SiteIdentity {
            cloud_id: plan.site.cloud_id.clone(),
            base_url: plan.site.base_url.raw().to_owned(),
        };
        if !made_for.is_same_site(begun.connection.identity()) {
            return Some(format!(
                "it was made for {}, and this is {}",
                plan.site.base_url.shown().as_str(),
                live.site.base_url.shown().as_str()
            ));
        }
        if plan.site.space_role_mode != live.site.mode {
            return Some("the site has changed since in how it uses space roles".to_owned());
        }
        let Some(made_from) = &plan.made_from else {
            return Some("it does not say which files it was made from".to_owned());
        };
        if made_from.files != begun.files {
            return Some("the policy files are not those that it was made from".to_owned());
        }
        if !made_from.locks.contains(&begun.lock.fingerprint()) {
            return Some("confperm.lock is not the one that it was made with".to_owned());
        }
        if plan.is_blocked() {
            return Some("it was blocked when it was made".to_owned());
        }
        ended(plan, begun.today).map(|day| format!("what it grants until {day} has ended since"))
    }

    fn refused(&self, why: &str) -> CliError {
        CliError::failed(
            Failure::OutdatedPlan,
            format!("`{}` cannot be applied: {why}; nothing was changed", self.path),
        )
        .with_hint("make a new plan, and have it approved")
    }

    fn gaps(&self) -> Gaps {
        let is_gap = |reason: MeanwhileReason| reason == MeanwhileReason::AcceptedGap;
        if self.plan.meanwhile.iter().any(|meanwhile| is_gap(meanwhile.reason)) {
            Gaps::Allow
        } else {
            Gaps::Refuse
        }
    }
}

/// What runs from this directory wrote on this site, as their journals tell.
fn written(scope: &Scope, begun: &Begun, out: &Output) -> BTreeSet<ObjectId> {
    let (records, unreadable) = journal::all(&journal::folder(&scope.directory));
    for error in unreadable {
        out.warn(&format!("{error}; what that run wrote is taken for what others did"));
    }
    let key = begun.connection.journal_key();
    records.iter().filter(|record| record.site.is_same(&key)).flat_map(Record::written).collect()
}

/// A role of the plan that is gone or gives something else by now, or one beside it that gives more.
fn other_role<'p>(plan: &'p Plan, live: &Live) -> Option<&'p str> {
    let is_other =
        |id: &RoleId, then: &BTreeSet<String>| live.roles.get(id).is_none_or(|now| now.names != *then);
    // Who holds a role that the plan does not touch may get in by it where the plan opens something.
    let gives_more = |id: &RoleId, then: &BTreeSet<String>| {
        live.roles.get(id).is_some_and(|now| !now.names.is_subset(then))
    };
    let around = plan.surroundings.values().flat_map(|around| &around.roles);
    let others = plan.role_contents.iter().filter(|(id, then)| is_other(id, then));
    let (id, _) = others.chain(around.filter(|(id, then)| gives_more(id, then))).next()?;
    Some(plan.roles.get(id).map_or_else(|| id.as_str(), |name| name.as_str()))
}

/// The day on which something ended that the plan would still give.
fn ended(plan: &Plan, today: Date) -> Option<Date> {
    let mut ends = plan.changes.iter().filter_map(|change| match change.reason() {
        ChangeReason::Declared(by) if !by.ended => by.until,
        _ => None,
    });
    ends.find(|until| *until < today)
}

/// What is left to be done, ready to be carried out.
pub(super) struct Remainder {
    pub(super) prepared: Prepared,
    /// Whether others changed something that it is about.
    pub(super) has_moved: bool,
}

/// Plans what is left of a saved plan.
pub(super) async fn prepare(
    saved: &SavedPlan,
    scope: &Scope,
    environment: &Environment,
    out: &Output,
) -> Result<Remainder, CliError> {
    let overridden: BTreeSet<Guard> = saved.plan.guards.overridden().map(|(guard, _)| guard).collect();
    let mut begun = Box::pin(begin(scope, Unchecked::Guards(&overridden), environment, out)).await?;
    if let Some(why) = saved.outdated(&begun) {
        return Err(saved.refused(&why));
    }
    let plan = &*saved.plan;
    begun.policy.focus_on_found(rest::spaces(plan));
    let written = written(scope, &begun, out);
    let planning = |desired: &Desired, live: &Live| saved::needs(plan, &written, desired, live);
    let about = About::Plan(plan);
    let mut desired = Box::pin(begun.resolve(scope, Lacking::Refused, about, &planning, out)).await?;
    let mut plan = plan.clone();
    saved::leave_out(&mut plan, &begun.unread.keys);
    saved::add_spaces(&mut desired, &plan, &begun.unread.without);
    if scope.locked
        && let Some((rest, without)) = team_errors::without_unlocked(&begun, &desired, out)
    {
        desired = rest;
        saved::leave_out(&mut plan, &without);
    }
    let plan = &plan;
    if let Some(role) = other_role(plan, &begun.live) {
        return Err(saved.refused(&format!("the role {role} does not give what it gave then")));
    }
    let mut rest = saved::rest(plan, &written, &desired, &begun.live);
    let (mut planned, beyond) = saved::plan_rest(plan, &mut rest, saved.gaps(), &desired, &begun.live)?;
    for (guard, why) in saved.plan.guards.overridden() {
        planned.plan.override_guards(&BTreeSet::from([guard]), why);
    }
    say_what_is_left(saved, plan, &rest, &planned.plan, out);
    for line in render::grown_groups(plan, &planned.plan) {
        out.say(&line);
    }
    let names = SiteNames { live: &begun.live, aliases: &desired.aliases };
    for line in render::beyond_plan(&beyond, names) {
        out.warn_of(Failure::GivesMore, &line);
    }
    let learning = (!planned.plan.is_blocked()).then(|| scope.learning(Lacking::Refused));
    let mut prepared = Box::pin(begun.prepared(planned, scope, learning, environment, out)).await?;
    prepared.message_if_empty = if saved.plan.changes.is_empty() {
        Some("Nothing to change: the plan changes nothing.")
    } else {
        let skipped = "Nothing to change: what this plan changes is in spaces that are skipped.";
        plan.objects.is_empty().then_some(skipped)
    };
    prepared.view.basis = if rest.has_moved() { Basis::SavedPlanInPart } else { Basis::SavedPlan };
    Ok(Remainder { prepared, has_moved: rest.has_moved() })
}

/// Says how much is left of a plan, of which all is considered but what is skipped, and what others changed.
fn say_what_is_left(saved: &SavedPlan, plan: &Plan, rest: &Rest, left: &Plan, out: &Output) {
    let of = plan.changes.len();
    let (open, left_out) = (left.changes.len().min(of), left.left_out.len());
    let changes = match saved.plan.changes.len() {
        all if all == of => count(of, "change", "changes"),
        all => {
            format!("{}, {} of them in spaces that are skipped", count(all, "change", "changes"), all - of)
        }
    };
    let words = match (open, left_out) {
        (0, 0) if of == 0 => String::new(),
        (0, 0) if of < saved.plan.changes.len() => ", all others made".to_owned(),
        (0, 0) => ", all of them made".to_owned(),
        (open, 0) if open == saved.plan.changes.len() => String::new(),
        (open, 0) => format!(", {open} of them still to be made"),
        (open, left_out) => format!(", {open} of them still to be made and {left_out} left out"),
    };
    out.say(&format!("{}: {changes}{words}", saved.path));
    say_what_moved(&saved.plan, rest, Basis::SavedPlan, out);
}

/// Says what others changed and stays as it is.
pub(super) fn say_what_moved(plan: &Plan, rest: &Rest, basis: Basis, out: &Output) {
    for (then, now) in rest.gone.iter().filter_map(|(then, now)| Some((then, now.as_ref()?))) {
        out.warn(&match basis {
            Basis::Policy | Basis::SavedPlan | Basis::SavedPlanInPart => format!(
                "{then}: the space has the key {now} now, and what was approved was for {then}; nothing is done there. Make a new plan for it"
            ),
            Basis::Undo { .. } => format!(
                "{then}: the space was given the key {now} meanwhile; nothing is done there. Run the same command again"
            ),
        });
    }
    let gone: Vec<String> =
        rest.gone.iter().filter(|(_, now)| now.is_none()).map(|(then, _)| then.to_string()).collect();
    if !gone.is_empty() {
        out.warn(&format!(
            "{}: gone, or not shown to this account any more; nothing is done there",
            list(&gone)
        ));
    }
    for line in render::concurrent_changes(plan, rest.moved.values().flatten(), basis) {
        out.warn(&line);
    }
}
