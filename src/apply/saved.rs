//! What is left of a plan that was made before: each object that is still on its way is brought to where the plan
//! leaves it, and each that others changed stays as it is.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{ContentId, Desired, DesiredSpace, Live, PageLabel, PageList, SpaceKey, Strength};
use crate::observe::Needs;
use crate::plan::{
    self, Change, ChangeAction, ChangeReason, Danger, Gaps, HoldingState, Lacks, LeftOut, Object, ObjectId,
    Plan, Planned, Rejected, TargetHolding, TargetPage,
};

use super::change::ConcurrentChange;
use super::look::{Course, lists_of};
use super::rest::{self, Rest, add_objects, displaced, is_there, key_of_now, spaces};

/// What is left of a plan on the site as it is now. `written` are the objects that runs may have written since.
/// `desired` is the policy that the plan was made from, on that site.
pub fn rest(plan: &Plan, written: &BTreeSet<ObjectId>, desired: &Desired, live: &Live) -> Rest {
    let course = Course::of(plan, &live.site.caller.account, written);
    let reasons = Reasons::of(plan);
    let mut rest = Rest::default();
    for object in &plan.objects {
        let id = ObjectId::of(object);
        let key = id.space();
        if !is_there(plan, key, live) {
            rest.gone.insert(key.clone(), key_of_now(plan, key, live).cloned());
            continue;
        }
        let mut changes = course.changes(object, live);
        changes.extend(displaced(plan, &id, live));
        changes.extend(unlabelled(plan, &id, desired));
        if !changes.is_empty() {
            rest.moved.insert(id.clone(), changes);
        }
        let space = rest.target.spaces.entry(key.clone()).or_default();
        match object {
            Object::Holding { principal, after, .. } => {
                space.holdings.insert(principal.clone(), reasons.holding(&id, after));
            }
            Object::Page { content, after, .. } => {
                let Some(now) = lists_of(live, key, *content) else { continue };
                let reasons = reasons.of_page(&id);
                let restrictions = course.lists(now, |list| reasons.contains_key(&list).then_some(after));
                space.pages.insert(*content, TargetPage { restrictions, reasons });
            }
        }
    }
    rest
}

/// What must be known: the spaces of the plan with the lists that it is about, and what planning the rest needs.
pub fn needs(plan: &Plan, written: &BTreeSet<ObjectId>, desired: &Desired, live: &Live) -> Needs {
    let rest = rest(plan, written, desired, live);
    let mut needs = plan::needs_to(&rest.target, desired, live);
    add_objects(&mut needs, plan, live);
    needs
}

/// Plans what is left. A space where it would let in more than the plan said stays as it is, with what would be let in.
pub fn plan_rest(
    plan: &Plan,
    rest: &mut Rest,
    gaps: Gaps,
    desired: &Desired,
    live: &Live,
) -> Result<(Planned, BTreeMap<SpaceKey, Danger>), Rejected> {
    let aim = plan::aim(desired, live);
    let mut beyond = BTreeMap::new();
    loop {
        let mut planned = rest.plan(&aim, gaps, desired, live)?;
        let more = plan::beyond_stated(plan, &planned, live, &desired.guards);
        if more.is_empty() {
            planned.plan.skipped.extend(plan.skipped.iter().cloned());
            planned.plan.hash = planned.plan.recomputed_hash();
            list_unseen(plan, rest, live, &mut planned.plan);
            return Ok((planned, beyond));
        }
        rest.leave_spaces(&more.keys().cloned().collect());
        beyond.extend(more);
    }
}

/// Lists what is left out of pages and spaces that are not there any more, of which the target knows nothing.
fn list_unseen(plan: &Plan, rest: &Rest, live: &Live, left: &mut Plan) {
    let is_unseen = |change: &&Change| match ObjectId::changed_by(change) {
        id if rest.gone.contains_key(id.space()) => true,
        ObjectId::Page { space, content } => lists_of(live, &space, content).is_none(),
        ObjectId::Holding { .. } => false,
    };
    let left_out = |change: &Change| LeftOut {
        change: change.clone(),
        lacks: Lacks::ExpectedState,
        ask: BTreeSet::new(),
    };
    let unseen: Vec<LeftOut> = plan.changes.iter().filter(is_unseen).map(left_out).collect();
    if unseen.is_empty() {
        return;
    }
    left.left_out.extend(unseen);
    for (id, page) in &plan.pages {
        left.pages.entry(*id).or_insert_with(|| page.clone());
    }
    for (who, name) in &plan.names {
        left.names.entry(who.clone()).or_insert_with(|| name.clone());
    }
    left.hash = left.recomputed_hash();
}

/// Leaves some spaces out of a plan, with their changes.
pub fn leave_out(plan: &mut Plan, spaces: &BTreeSet<SpaceKey>) {
    rest::leave_out(plan, spaces);
    plan.changes.retain(|change| !spaces.contains(change.space()));
}

/// A space that no rule selects any more is still the plan's. In those of which it is not known what the policy says, such
/// as a copy of one that cannot be read, it does not show which labels were lost.
pub fn add_spaces(desired: &mut Desired, plan: &Plan, unknown: &BTreeSet<SpaceKey>) {
    for key in spaces(plan) {
        let Some(space) = plan.spaces.get(&key) else { continue };
        let labels = || if unknown.contains(&key) { labels_of(plan, &key) } else { BTreeMap::new() };
        let silent = || DesiredSpace {
            requested: plan.requested.get(&key).cloned().unwrap_or_default(),
            labels: labels(),
            ..DesiredSpace::silent(space.origin.clone())
        };
        desired.spaces.entry(key.clone()).or_insert_with(silent);
    }
}

/// The pages that the policy meant by labels when the plan was made.
fn labels_of(plan: &Plan, key: &SpaceKey) -> BTreeMap<PageLabel, BTreeSet<ContentId>> {
    let mut labels: BTreeMap<PageLabel, BTreeSet<ContentId>> = BTreeMap::new();
    for (content, page) in plan.pages.iter().filter(|(_, page)| page.space == *key) {
        for label in &page.labels {
            labels.entry(label.clone()).or_default().insert(*content);
        }
    }
    labels
}

/// Whether the policy meant a page by a label that it does not show any more.
fn unlabelled(plan: &Plan, id: &ObjectId, desired: &Desired) -> Option<ConcurrentChange> {
    let ObjectId::Page { space, content } = id else { return None };
    let labels = &desired.spaces.get(space)?.labels;
    let has = |label| labels.get(label).is_some_and(|pages| pages.contains(content));
    let lost = plan.pages.get(content)?.labels.iter().find(|label| !has(label))?;
    Some(ConcurrentChange::Unlabelled { space: space.clone(), content: *content, label: lost.clone() })
}

/// Why the objects of a plan change.
struct Reasons<'a>(BTreeMap<ObjectId, Vec<&'a Change>>);

impl<'a> Reasons<'a> {
    fn of(plan: &'a Plan) -> Self {
        let mut reasons: BTreeMap<ObjectId, Vec<&Change>> = BTreeMap::new();
        for change in &plan.changes {
            reasons.entry(ObjectId::changed_by(change)).or_default().push(change);
        }
        Self(reasons)
    }

    fn changes(&self, id: &ObjectId) -> impl Iterator<Item = &'a Change> {
        self.0.get(id).into_iter().flatten().copied()
    }

    fn holding(&self, id: &ObjectId, after: &HoldingState) -> TargetHolding {
        let any =
            || self.changes(id).next().map_or(ChangeReason::NotDeclared, |change| change.reason().clone());
        let of = |wanted: ChangeAction| {
            self.changes(id).filter_map(move |change| match change {
                Change::Grant { permission, verb, reason, .. } if *verb == wanted => {
                    Some((*permission, reason.clone()))
                }
                _ => None,
            })
        };
        match after {
            HoldingState::Nothing => TargetHolding::Nothing(any()),
            HoldingState::Role { role } => TargetHolding::Role(role.clone(), any()),
            HoldingState::Grants { permissions, tolerated, .. } => {
                let refused =
                    of(ChangeAction::Remove).map(|(permission, why)| (permission, (Strength::Refused, why)));
                let tolerated =
                    tolerated.iter().map(|permission| (*permission, (Strength::Tolerated, any())));
                let required =
                    permissions.iter().map(|permission| (*permission, (Strength::Required, any())));
                let added =
                    of(ChangeAction::Add).map(|(permission, why)| (permission, (Strength::Required, why)));
                TargetHolding::Grants(refused.chain(tolerated).chain(required).chain(added).collect())
            }
        }
    }

    fn of_page(&self, id: &ObjectId) -> BTreeMap<PageList, ChangeReason> {
        let lists = self.changes(id).filter_map(|change| match change {
            Change::Audience { list, reason, .. } => Some((*list, reason.clone())),
            Change::Grant { .. } | Change::Role { .. } => None,
        });
        lists.collect()
    }
}
