//! The order of the calls of one space, with the fewest splits.
//!
//! First the calls as they are. Where these have no safe order, calls are split, best first: the packing that
//! takes the fewest calls is tried next, and of one that is stuck, only the calls in the part that is stuck are split
//! further. Parts that no conflict joins are unstuck one after the other. Where there are too many packings, all
//! that is stuck is split at once, round by round: the lists of pages by what they let through before and after,
//! then what is taken along, then roles. That ends well wherever closing, giving, taking and opening in this order would.
//!
//! With an accepted gap, a call may also come too early for those who lose something by it. That is one gap, and
//! counts for more than any number of splits.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::super::document::{Danger, EdgeReason};
use super::barriers::Barriers;
use super::blocks::Blocks;
use super::caller;
use super::conflict::Conflict;
use super::conflicts::{Conflicts, hits};
use super::demands::{for_all, preferences};
use super::edges::edges;
use super::finishing::unfinished;
use super::limits::Gaps;
use super::necessary::necessary;
use super::order::{Ordered, places};
use super::packing::Packing;
use super::priorities::priorities;
use super::solution::{Accepted, Impossible, Solution};
use super::space::{Node, Space};

/// An order for the calls of a space, or what stands against every order.
pub(super) fn solve(space: &Space<'_>, gaps: Gaps) -> Solution {
    let preferences = preferences(space);
    if !preferences.is_empty()
        && let Ok(solution) = Candidate::default().attempt_with(space, CallerNeeds::Count, preferences)
        && unfinished(space, &solution).is_none()
    {
        return solution;
    }
    let Stuck { parts, proven, .. } = match Candidate::default().attempt(space, CallerNeeds::Count) {
        Ok(solution) => return solution,
        Err(stuck) => stuck,
    };
    let needed = necessary(space).len().max(usize::from(proven));
    // What is stuck however far the calls are split.
    let mut core = BTreeSet::new();
    let mut refined = |gaps| {
        best_first(space, gaps, &parts).or_else(|| {
            let solution = in_rounds(space, gaps, CallerNeeds::Count, &parts);
            solution.map_err(|stuck| core = stuck).ok()
        })
    };
    if let Some(solution) = refined(Gaps::Refuse) {
        return Solution { needed, ..solution };
    }
    let with_gaps = if gaps == Gaps::Allow { refined(gaps) } else { None };
    with_gaps.unwrap_or_else(|| give_up(space, &core))
}

/// Tries packings, the one with the fewest calls first. `None` where there are too many, or none will do.
fn best_first(space: &Space<'_>, gaps: Gaps, parts: &[BTreeSet<usize>]) -> Option<Solution> {
    let mut known: BTreeSet<Candidate> = BTreeSet::new();
    let mut waiting = BTreeMap::new();
    let mut wait =
        |candidate: &Candidate, parts: &[BTreeSet<usize>], waiting: &mut BTreeMap<_, Candidate>| {
            let stuck = parts.first().filter(|drafts| drafts.len() <= space.limits.apart)?;
            for next in candidate.successors(space, stuck, gaps) {
                if known.insert(next.clone()) {
                    // No number of calls outweighs a gap. Each other part takes one call more, at the least.
                    let (gaps, splits) = (next.too_early.len(), next.packing.splits());
                    let at_least = splits + parts.len() - 1;
                    waiting.insert((gaps, at_least, Reverse(splits), known.len()), next);
                }
            }
            Some(())
        };
    wait(&Candidate::default(), parts, &mut waiting)?;
    let mut questions = space.limits.all_questions();
    while let Some((_, candidate)) = waiting.pop_first() {
        let Stuck { parts, work, .. } = match candidate.attempt(space, CallerNeeds::Count) {
            Ok(solution) => return Some(solution),
            Err(stuck) => stuck,
        };
        questions = questions.checked_sub(work.max(space.limits.of_a_packing()))?;
        wait(&candidate, &parts, &mut waiting)?;
    }
    None
}

/// Splits all that is stuck at once, and again. If that leads nowhere, gives the drafts that are stuck to the end.
fn in_rounds(
    space: &Space<'_>,
    gaps: Gaps,
    needs: CallerNeeds,
    parts: &[BTreeSet<usize>],
) -> Result<Solution, BTreeSet<usize>> {
    let all: BTreeSet<usize> = (0..space.drafts.len()).collect();
    let mut core: BTreeSet<usize> = parts.iter().flatten().copied().collect();
    let mut candidate = Candidate::default();
    loop {
        let next = [&core, &all].into_iter().find_map(|drafts| candidate.split_all(space, drafts, gaps));
        let Some(next) = next else { return Err(core) };
        candidate = next;
        match candidate.attempt(space, needs) {
            Ok(solution) => return Ok(solution),
            Err(stuck) => core = stuck.parts.into_iter().flatten().collect(),
        }
    }
}

/// A way to pack the calls, and which of them may come too early for those who lose something by it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Candidate {
    packing: Packing,
    /// By their drafts.
    too_early: BTreeSet<usize>,
}

/// Whether it counts what the account that runs this needs for its calls.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CallerNeeds {
    Count,
    Ignored,
}

/// No order was found.
struct Stuck {
    /// The drafts in which it is stuck, in parts that no conflict joins.
    parts: Vec<BTreeSet<usize>>,
    /// Whether it is known that these calls have no order.
    proven: bool,
    /// How many questions it took.
    work: usize,
}

impl Candidate {
    /// Looks for an order.
    fn attempt(&self, space: &Space<'_>, needs: CallerNeeds) -> Result<Solution, Stuck> {
        self.attempt_with(space, needs, Vec::new())
    }

    fn attempt_with(
        &self,
        space: &Space<'_>,
        needs: CallerNeeds,
        more: Vec<Conflict>,
    ) -> Result<Solution, Stuck> {
        let nodes = self.packing.nodes(space);
        let alone: BTreeSet<usize> =
            (0..nodes.len()).filter(|call| self.too_early.contains(&nodes[*call].draft)).collect();
        let mut conflicts = for_all(space, &nodes, &alone);
        match needs {
            CallerNeeds::Count => conflicts.all.extend(caller::needs(space, &nodes)),
            CallerNeeds::Ignored => {
                conflicts.all.retain(|conflict| !caller::is_need(space, &nodes, conflict));
            }
        }
        conflicts.all.extend(more);
        ordered(space, nodes, conflicts, &alone)
    }

    /// All that have one thing more of these drafts split, or one gap more. That nothing will do without a gap is
    /// known before one is accepted, so that the first thing is a gap then.
    fn successors(&self, space: &Space<'_>, drafts: &BTreeSet<usize>, gaps: Gaps) -> Vec<Self> {
        let mut more = Vec::new();
        let is_first = *self == Self::default();
        for &draft in drafts.iter().filter(|_| !(is_first && gaps == Gaps::Allow)) {
            for split in self.packing.one_more(space, draft) {
                more.push(Self { packing: self.packing.with(draft, split), ..self.clone() });
            }
        }
        if gaps == Gaps::Allow {
            for draft in drafts.difference(&self.too_early) {
                more.push(Self { too_early: &self.too_early | &BTreeSet::from([*draft]), ..self.clone() });
            }
        }
        more
    }

    /// The same with all of these drafts too early where gaps are accepted, and then split; `None` if that
    /// is nothing new.
    fn split_all(&self, space: &Space<'_>, drafts: &BTreeSet<usize>, gaps: Gaps) -> Option<Self> {
        if gaps == Gaps::Allow && !drafts.is_subset(&self.too_early) {
            return Some(Self { too_early: &self.too_early | drafts, ..self.clone() });
        }
        Some(Self { packing: self.packing.split_all(space, drafts)?, ..self.clone() })
    }
}

/// Orders these calls. Of the gaps, those that one of `too_early` makes may be.
fn ordered(
    space: &Space<'_>,
    nodes: Vec<Node>,
    conflicts: Conflicts,
    too_early: &BTreeSet<usize>,
) -> Result<Solution, Stuck> {
    let Conflicts { all, barriers, work, exact } = conflicts;
    let priorities = priorities(space, &nodes, &all, &barriers);
    let may_break = |conflict: &Conflict| {
        conflict.reason == EdgeReason::Gap && conflict.done.iter().any(|call| too_early.contains(call))
    };
    let (soft, mut kept): (Vec<Conflict>, Vec<Conflict>) = all.into_iter().partition(may_break);
    let blocks = Blocks::of(space, &nodes, &barriers);
    let mut order = match blocks.order(&mut kept, &soft, &priorities, space.limits.walked) {
        Ordered::Order(order) => order,
        Ordered::Stuck { core, proven } => {
            let parts = parts(&nodes, &kept, &barriers, &core);
            return Err(Stuck { parts, proven: proven && exact, work });
        }
    };
    order.retain(|number| *number < nodes.len());
    let places = places(&order);
    let mut kept = barriers.settled(&kept, &places);
    let mut broken = barriers.settled(&soft, &places);
    broken.retain(|conflict| conflict.is_broken(&places));
    kept.extend(caller::outside_of_moments(space, &nodes, &places));
    let edges = edges(&order, &kept);
    let accepted = moments(space, &nodes, &order, &broken);
    Ok(Solution { nodes, order, edges, needed: 0, accepted, impossible: None })
}

/// The drafts of these calls, apart where no conflict joins them.
fn parts(
    nodes: &[Node],
    conflicts: &[Conflict],
    barriers: &Barriers,
    core: &BTreeSet<usize>,
) -> Vec<BTreeSet<usize>> {
    let mut joined = Joined((0..nodes.len() + barriers.len()).collect());
    let mut of_draft: BTreeMap<usize, usize> = BTreeMap::new();
    let calls = || core.iter().copied().filter(|number| *number < nodes.len());
    for call in calls() {
        let first = *of_draft.entry(nodes[call].draft).or_insert(call);
        joined.join(first, call);
    }
    for conflict in conflicts {
        let mut numbers = conflict.done.iter().chain(&conflict.pending).filter(|call| core.contains(*call));
        if let Some(&first) = numbers.next() {
            numbers.for_each(|&call| joined.join(first, call));
        }
    }
    for (number, _, members) in barriers.all().filter(|(number, ..)| core.contains(number)) {
        members.iter().filter(|call| core.contains(*call)).for_each(|&call| joined.join(number, call));
    }
    let mut parts: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for call in calls() {
        parts.entry(joined.find(call)).or_default().insert(nodes[call].draft);
    }
    let parts: BTreeSet<BTreeSet<usize>> = parts.into_values().collect();
    parts.into_iter().collect()
}

/// Disjoint sets of calls: each knows another of its set, the first of them itself.
struct Joined(Vec<usize>);

impl Joined {
    fn find(&mut self, mut call: usize) -> usize {
        while self.0[call] != call {
            self.0[call] = self.0[self.0[call]];
            call = self.0[call];
        }
        call
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.find(one), self.find(other));
        self.0[one.max(other)] = one.min(other);
    }
}

/// Between which calls of an order these conflicts are broken, and who would notice.
fn moments(space: &Space<'_>, nodes: &[Node], order: &[usize], broken: &[Conflict]) -> Vec<Accepted> {
    let places = places(order);
    let moment = |(conflict, witness): (&Conflict, Danger)| {
        let (until, from) = conflict.ends(&places)?;
        Some(Accepted { from: order[from], until: order[until], witness })
    };
    let accepted: BTreeSet<Accepted> = hits(space, nodes, broken).into_iter().filter_map(moment).collect();
    accepted.into_iter().collect()
}

/// The calls as they are, with what stands against every order of them: if it can be said, among the drafts of a core.
fn give_up(space: &Space<'_>, core: &BTreeSet<usize>) -> Solution {
    // An order that would do for all others, but in which the account that runs this cannot make a call, says more.
    let for_others = match Candidate::default().attempt(space, CallerNeeds::Ignored) {
        Ok(solution) => Some(solution),
        Err(stuck) => in_rounds(space, Gaps::Refuse, CallerNeeds::Ignored, &stuck.parts).ok(),
    };
    if let Some(solution) = for_others.filter(|solution| unfinished(space, solution).is_some()) {
        return solution;
    }
    let nodes = Packing::default().nodes(space);
    let Conflicts { all, barriers, .. } = for_all(space, &nodes, &BTreeSet::new());
    let order = Blocks::of(space, &nodes, &Barriers::default()).by(|number| number);
    let conflicts = barriers.settled(&all, &(0..nodes.len()).collect::<Vec<_>>());
    let done_before = |conflict: &&Conflict| {
        let first = conflict.pending.iter().min();
        let last = conflict.done.iter().max();
        first >= last && conflict.witness.is_some()
    };
    let demand = |conflict: &Conflict| Some([*conflict.pending.first()?, *conflict.done.last()?]);
    // What accepting a gap could help with is told last.
    let of = |reason| conflicts.iter().filter(move |conflict| conflict.reason == reason);
    let told = || [EdgeReason::Leak, EdgeReason::Lockout, EdgeReason::Gap].into_iter().flat_map(of);
    let in_core = |conflict: &&Conflict| {
        conflict.done.iter().chain(&conflict.pending).all(|call| core.contains(&nodes[*call].draft))
    };
    let edges: Vec<[usize; 2]> =
        [EdgeReason::Api, EdgeReason::Resume].into_iter().flat_map(of).filter_map(demand).collect();
    let circles = in_circles(&edges);
    let elsewhere = || told().find(done_before).or_else(|| told().next()).filter(|_| circles.is_empty());
    let witness = told().filter(in_core).find(done_before).or_else(elsewhere);
    let impossible = Some(match witness.and_then(|conflict| conflict.witness.clone()) {
        Some(danger) => Impossible::Danger(danger),
        None if circles.is_empty() => Impossible::Demands(edges),
        None => Impossible::Demands(circles),
    });
    Solution { nodes, order, edges: Vec::new(), needed: 0, accepted: Vec::new(), impossible }
}

/// Those of some edges between calls that are part of a circle.
fn in_circles(edges: &[[usize; 2]]) -> Vec<[usize; 2]> {
    let leads_to = |from: usize, to: usize| {
        let (mut seen, mut open) = (BTreeSet::from([from]), vec![from]);
        while let Some(call) = open.pop() {
            let next = edges.iter().filter(|[first, _]| *first == call).map(|[_, last]| *last);
            open.extend(next.filter(|last| seen.insert(*last)));
        }
        seen.contains(&to)
    };
    edges.iter().copied().filter(|&[first, last]| leads_to(last, first)).collect()
}
