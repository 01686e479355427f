//! The order for spaces with too many people and pages to look at each: one that is safe for all accounts that there
//! may be.
//!
//! ```text
//! close pages ──▶ give ──▶ roles ──▶ take ──▶ open pages ──▶ take from the caller
//! ```
//!
//! Until the last page is closed and after the last row is taken, everything only shrinks or only grows.
//! In between, every page lets through only those that it lets through both before and after. So an account that gets
//! to a page then has a row for it, and that row is there before or after: it gets there before or
//! after as well. And an account that gets there both before and after has a row at every step, since rows are
//! given before any is taken, and is on every list at every step.
//!
//! What is taken from the caller may be needed to open pages, so it waits for that where no account gets to a page
//! by it: where no list that opens lets in new accounts that stand for the same principal. The caller itself is
//! on every list that it changes already. Elsewhere it is taken with the rest, and [`super::finishing`] says
//! whether the caller can do without.
//!
//! A call that shuts some people off a page and lets others in is neither closing nor opening. Where the
//! plan only gives, or only takes, it can stay whole, next to what opens nothing (unless a page above is
//! of the same kind). Otherwise it is done in two halves; people that both lists let through, but for
//! different reasons, would be shut out between them, so these are listed by name, or the plan is
//! refused. Where lists of `page-only` follow who is an insider, that is done before anything is given: those
//! that they let in have a row and are on all of them in the end.

use std::collections::{BTreeSet, HashMap};

use crate::access::Verb;
use crate::model::{
    Audience, Call, ContentId, Known, LiveSpace, Members, PageVerb, Principal, Restrictions, Subject, Truth,
};

use super::super::document::EdgeReason;
use super::super::rights::is_caller;
use super::blocks::Blocks;
use super::conflicts::{Goal, Witness};
use super::edges::{Required, between_phases};
use super::goals::may_be_below;
use super::middle::{by_name, narrower, narrows};
use super::packing::node;
use super::reductions::takes_from_caller;
use super::restricting::{Apart, RIGHTS};
use super::solution::{Accepted, Impossible, Solution};
use super::space::{Gaps, Node, Space};

/// What a call does, in the order in which such calls are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Gives the caller itself what it needs for pages; not a group that it is in, whose other members could do more
    /// than before and after until the last page is closed. [`super::finishing`] says where that comes too late.
    Enable,
    Close,
    /// Lets lists of `page-only` follow who sees the space. Those that they newly name have it in the end.
    Follow,
    /// Closes and opens, where nothing is taken.
    SwapBeforeGiving,
    Give,
    Assign,
    Take,
    /// Takes from the caller what would let others in.
    TakeFromCaller,
    /// Gives what the API allows only after something was taken.
    GiveLate,
    /// Closes and opens, where nothing is given.
    SwapAfterTaking,
    Open,
    TakeFromCallerLast,
}

impl Phase {
    /// Why it waits for the phase before it.
    const fn reason(self) -> EdgeReason {
        match self {
            Self::Enable | Self::Close | Self::GiveLate => EdgeReason::Api,
            Self::Assign | Self::Take => EdgeReason::Gap,
            Self::TakeFromCaller | Self::TakeFromCallerLast => EdgeReason::Lockout,
            Self::Follow | Self::SwapBeforeGiving | Self::Give | Self::SwapAfterTaking | Self::Open => {
                EdgeReason::Leak
            }
        }
    }
}

pub(super) fn in_phases(space: &Space<'_>, gaps: Gaps) -> Solution {
    let swaps = Swaps::of(space);
    let mut nodes: Vec<(Phase, Node)> = Vec::new();
    let mut dangers: Vec<(usize, Shut)> = Vec::new();
    for draft in 0..space.drafts.len() {
        match swaps.way(space, draft) {
            Way::Whole => nodes.push((phase(space, draft, &swaps), node(space, draft))),
            Way::WholeIn(phase) => nodes.push((phase, node(space, draft))),
            Way::Halves(halves, danger) => {
                dangers.extend(danger.map(|danger| (nodes.len(), danger)));
                let [first, second] = *halves;
                nodes.extend([(Phase::Close, first), (Phase::Open, second)]);
            }
        }
    }
    let late = late_gap(space, &nodes);
    let order = order(space, &nodes);
    let edges = edges(space, &nodes, &order);
    let nodes: Vec<Node> = nodes.into_iter().map(|(_, node)| node).collect();
    let mut solution = Solution { nodes, order, edges, needed: 0, accepted: Vec::new(), impossible: None };
    for (from, Shut { witness, protected }) in dangers {
        if gaps == Gaps::Allow && !protected {
            solution.accepted.push(Accepted { from, until: from + 1, witness });
        } else {
            solution.impossible.get_or_insert(Impossible::Danger(witness));
        }
    }
    for witness in late.into_iter().chain(swaps.apart.danger) {
        solution.impossible.get_or_insert(Impossible::Danger(witness));
    }
    solution
}

fn phase(space: &Space<'_>, draft: usize, swaps: &Swaps) -> Phase {
    let whole = &space.drafts[draft];
    if whole.undoes.is_some() {
        return Phase::Give;
    }
    match &whole.call {
        Call::Grant { .. } | Call::AssignRoles { .. } if swaps.enabling.contains(&draft) => Phase::Enable,
        Call::Grant { .. } => {
            let waits_for_taking =
                whole.needs.iter().any(|need| matches!(space.drafts[*need].call, Call::Revoke { .. }));
            if waits_for_taking || swaps.apart.late.contains(&draft) { Phase::GiveLate } else { Phase::Give }
        }
        Call::Revoke { principal, .. } if takes_from_caller(&node(space, draft), space) => {
            let others_wait = swaps.needed.contains(&draft) || swaps.apart.first.contains(&draft);
            if others_wait || swaps.let_in(space, principal) {
                Phase::TakeFromCaller
            } else {
                Phase::TakeFromCallerLast
            }
        }
        Call::Revoke { .. } => Phase::Take,
        Call::AssignRoles { .. } => Phase::Assign,
        Call::Restrict { before, after, .. } => {
            let verbs = |from: &Restrictions, to: &Restrictions| {
                PageVerb::ALL.iter().any(|&verb| narrows(from.audience(verb), to.audience(verb)))
            };
            match (verbs(before, after), verbs(after, before)) {
                (true, true) if swaps.gives => Phase::SwapBeforeGiving,
                (true, true) => Phase::SwapAfterTaking,
                (true, false) => Phase::Close,
                (false, _) => Phase::Open,
            }
        }
    }
}

/// How a call on a page is made.
enum Way {
    Whole,
    /// Whole, whatever the names on its lists look like.
    WholeIn(Phase),
    /// In two halves, and who would be shut out between them.
    Halves(Box<[Node; 2]>, Option<Shut>),
}

/// A person who is shut out between two halves.
struct Shut {
    witness: Witness,
    /// Whether it may be an account that must be able to finish.
    protected: bool,
}

/// The calls that close and open at once, and what else there is in the space.
struct Swaps {
    /// Those that cannot stay whole.
    split: BTreeSet<ContentId>,
    /// Whether rows are given.
    gives: bool,
    /// What gives the caller itself, and no other account, something that calls on pages need.
    enabling: BTreeSet<usize>,
    /// Calls that others need.
    needed: BTreeSet<usize>,
    /// Lists that let new members on, each with the page and the members that it named before.
    opened: Vec<(ContentId, Members, Audience)>,
    apart: Apart,
}

fn gives_caller_only(space: &Space<'_>, draft: usize) -> bool {
    let caller = Principal::User(space.live.site.caller.account.clone());
    match &space.drafts[draft].call {
        Call::Grant { principal, .. } => *principal == caller,
        Call::AssignRoles { roles, .. } => roles.keys().all(|principal| *principal == caller),
        Call::Revoke { .. } | Call::Restrict { .. } => false,
    }
}

impl Swaps {
    fn of(space: &Space<'_>) -> Self {
        let mut swaps: BTreeSet<ContentId> = BTreeSet::new();
        let (mut gives, mut takes) = (false, false);
        let mut enabling: BTreeSet<usize> = BTreeSet::new();
        let mut needed = BTreeSet::new();
        let mut opened = Vec::new();
        for draft in space.drafts {
            if draft.undoes.is_none() {
                needed.extend(&draft.needs);
            }
            match &draft.call {
                Call::Grant { .. } => gives = true,
                Call::Revoke { .. } => takes = true,
                Call::AssignRoles { .. } => (gives, takes) = (true, true),
                Call::Restrict { content, before, after, .. } => {
                    enabling.extend(draft.needs.iter().filter(|need| gives_caller_only(space, **need)));
                    let narrows_some = |from: &Restrictions, to: &Restrictions| {
                        PageVerb::ALL.iter().any(|&verb| narrows(from.audience(verb), to.audience(verb)))
                    };
                    if !draft.follows && narrows_some(before, after) && narrows_some(after, before) {
                        swaps.insert(*content);
                    }
                    for verb in PageVerb::ALL {
                        if let Audience::Only(was) = before.audience(verb)
                            && narrows(after.audience(verb), before.audience(verb))
                        {
                            opened.push((*content, was.clone(), after.audience(verb).clone()));
                        }
                    }
                }
            }
        }
        let first: Vec<usize> =
            enabling.iter().flat_map(|draft| &space.drafts[*draft].needs).copied().collect();
        enabling.extend(first);
        let tree = space.before.tree.as_ref();
        let nested = || tree.is_some_and(|tree| swaps.iter().any(|page| may_be_below(tree, *page, &swaps)));
        let split = if (gives && takes) || nested() { swaps } else { BTreeSet::new() };
        let apart = Apart::of(space, &enabling);
        Self { split, gives, enabling, needed, opened, apart }
    }

    /// Whether a list lets in an account that stands for this principal and was not let in before, or lets them in a
    /// second time.
    fn let_in(&self, space: &Space<'_>, principal: &Principal) -> bool {
        let caller = Principal::User(space.live.site.caller.account.clone());
        if *principal == caller {
            return false;
        }
        self.opened.iter().any(|(content, was, will)| match (principal.subject(), will) {
            (Some(who), Audience::Anyone) if was.contains(&who) => false,
            (Some(who), Audience::Only(will)) if was.contains(&who) && will.contains(&who) => false,
            (Some(who), _) if was.contains(&who) && !self.split.contains(content) => false,
            (Some(who), Audience::Only(will)) => {
                let mut new = will.iter().filter(|subject| !was.contains(subject));
                new.any(|subject| *subject == who || may_overlap(space, subject, &who))
            }
            (None, _) | (_, Audience::Anyone) => true,
        })
    }

    /// How a call is made here.
    fn way(&self, space: &Space<'_>, draft: usize) -> Way {
        let Call::Restrict { space: key, content, before, after } = &space.drafts[draft].call else {
            return Way::Whole;
        };
        if space.drafts[draft].follows {
            return Way::WholeIn(Phase::Follow);
        }
        if !self.split.contains(content) {
            return Way::Whole;
        }
        let mut danger: Option<Shut> = None;
        let mut middle = before.clone();
        for verb in PageVerb::ALL {
            let (list, both) = between(space, before.audience(verb), after.audience(verb));
            *middle.audience_mut(verb) = list;
            if let Some(Between { principals, protected }) = both {
                let witness = Witness {
                    principals,
                    goal: Goal { verb: verb.into(), page: Some(*content) },
                    leak: false,
                };
                let known = danger.get_or_insert(Shut { witness, protected });
                known.protected |= protected;
            }
        }
        // By the names on the lists it does both; by the people behind them only one.
        if middle == *before {
            return Way::WholeIn(Phase::Open);
        }
        if middle == *after {
            return Way::WholeIn(Phase::Close);
        }
        let restrict = |before: &Restrictions, after: &Restrictions| {
            let (before, after) = (before.clone(), after.clone());
            Node { draft, call: Call::Restrict { space: key.clone(), content: *content, before, after } }
        };
        Way::Halves(Box::new([restrict(before, &middle), restrict(&middle, after)]), danger)
    }
}

/// People who pass the list before by one name and the list after by another.
struct Between {
    principals: BTreeSet<Principal>,
    /// Whether an account that must be able to finish may be among them.
    protected: bool,
}

/// The list between two halves, and people that both lists let through and this one perhaps does not.
fn between(space: &Space<'_>, before: &Audience, after: &Audience) -> (Audience, Option<Between>) {
    let caller = Subject::User(space.live.site.caller.account.clone());
    let mut narrow = narrower(before, after, &caller);
    let (Audience::Only(was), Audience::Only(will)) = (before, after) else { return (narrow, None) };
    let is_mine = |subject: &Subject| is_caller(&subject.clone().into(), space.live);
    if let Audience::Only(members) = &mut narrow
        && was.iter().any(is_mine)
        && will.iter().any(is_mine)
    {
        members.insert(caller.clone());
    }
    let gone: Vec<&Subject> =
        was.iter().filter(|subject| !will.contains(subject) && **subject != caller).collect();
    let come: Vec<&Subject> = will.iter().filter(|subject| !was.contains(subject)).collect();
    let pairs = gone.iter().flat_map(|one| come.iter().map(move |other| (*one, *other)));
    let both: Vec<(&Subject, &Subject)> =
        pairs.filter(|(one, other)| may_overlap(space, one, other)).collect();
    let Some((one, other)) = both.first() else { return (narrow, None) };
    let known = was.iter().chain(will.iter()).all(|subject| match subject {
        Subject::User(_) => true,
        Subject::Group(id) => {
            matches!(space.live.directory.members(id), Known::Known(_))
        }
    });
    if known && let Some(Audience::Only(people)) = by_name(before, after, &caller, &space.live.directory) {
        let mut all: BTreeSet<Subject> = people.into();
        all.extend(narrow.subjects().cloned());
        return (Members::new(all).map_or(narrow, Audience::Only), None);
    }
    let principals = [*one, *other].into_iter().cloned().map(Principal::from).collect();
    let protected = both.iter().any(|(one, other)| may_be_protected(space, one, other));
    (narrow, Some(Between { principals, protected }))
}

/// Whether a required admin may be both of these. The caller is listed by name.
fn may_be_protected(space: &Space<'_>, one: &Subject, other: &Subject) -> bool {
    let caller = Principal::User(space.live.site.caller.account.clone());
    let required = space.protected.principals().iter().filter(|who| **who != caller);
    required.into_iter().any(|who| match who.subject() {
        Some(who) => {
            [one, other].into_iter().all(|listed| *listed == who || may_overlap(space, listed, &who))
        }
        None => true,
    })
}

fn may_overlap(space: &Space<'_>, one: &Subject, other: &Subject) -> bool {
    match (one, other) {
        (Subject::User(_), Subject::User(_)) => false,
        (Subject::Group(group), Subject::User(account)) | (Subject::User(account), Subject::Group(group)) => {
            space.crowd.may_hold(group, account)
        }
        (Subject::Group(one), Subject::Group(other)) => space.crowd.overlap(one, other),
    }
}

/// A permission that is given only after something was taken comes too late for those who lose elsewhere what does as
/// well.
fn late_gap(space: &Space<'_>, nodes: &[(Phase, Node)]) -> Option<Witness> {
    nodes.iter().filter(|(phase, _)| *phase == Phase::GiveLate).find_map(|(_, node)| {
        let Call::Grant { principal, permission, .. } = &node.call else { return None };
        let as_well =
            if RIGHTS.contains(permission) { &RIGHTS[..] } else { std::slice::from_ref(permission) };
        let gives = |state: &LiveSpace, who, permission| state.gives(who, permission, &space.live.roles);
        let mut holders = space.before.holdings.keys();
        let (loses, permission) = holders.find_map(|who| {
            let lost = as_well.iter().find(|lost| {
                let before = gives(space.before, who, **lost);
                before != Truth::No && gives(space.after, who, **lost) < before
            })?;
            Some((who, *lost))
        })?;
        let principals = BTreeSet::from([principal.clone(), loses.clone()]);
        Some(Witness { principals, goal: Goal { verb: Verb::Space(permission), page: None }, leak: false })
    })
}

/// By phase, and within one by the number of the draft.
fn order(space: &Space<'_>, nodes: &[(Phase, Node)]) -> Vec<usize> {
    let calls: Vec<Node> = nodes.iter().map(|(_, node)| node.clone()).collect();
    Blocks::of(space, &calls).by(|number| (nodes[number].0, number))
}

/// Between the phases, and within them what the API demands.
fn edges(space: &Space<'_>, nodes: &[(Phase, Node)], order: &[usize]) -> Vec<Required> {
    let mut phases: Vec<(std::ops::Range<usize>, EdgeReason)> = Vec::new();
    let mut at: Option<Phase> = None;
    for (position, &number) in order.iter().enumerate() {
        let (phase, node) = &nodes[number];
        let follows = space.drafts[node.draft].undoes.is_some();
        match phases.last_mut() {
            Some((range, _)) if follows || at == Some(*phase) => range.end = position + 1,
            Some(_) | None => {
                let reason = if at == Some(Phase::Follow) { EdgeReason::Resume } else { phase.reason() };
                phases.push((position..position + 1, reason));
                at = Some(*phase);
            }
        }
    }
    let mut required: Vec<Required> = between_phases(&phases)
        .into_iter()
        .map(|(first, last, reason)| Required {
            first: order[first],
            last: order[last],
            reason,
            witness: None,
        })
        .collect();
    let mut of_draft: HashMap<usize, Vec<usize>> = HashMap::new();
    for (number, (_, node)) in nodes.iter().enumerate() {
        of_draft.entry(node.draft).or_default().push(number);
    }
    for (number, (phase, node)) in nodes.iter().enumerate() {
        let draft = &space.drafts[node.draft];
        for &first in draft.needs.iter().filter_map(|need| of_draft.get(need)).flatten() {
            if nodes[first].0 == *phase || draft.undoes.is_some() {
                required.push(Required { first, last: number, reason: EdgeReason::Api, witness: None });
            }
        }
    }
    required
}
