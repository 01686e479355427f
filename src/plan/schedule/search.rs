//! The order of the calls of one space, with the fewest splits.
//!
//! First the calls as they are. If these have no safe order, some must be split, and two bounds are cheap:
//! what the order in phases splits is enough, and what is [`necessary`] is needed. Mostly these are the same.
//! Where they are not, ever more splits are tried, as far as there is time for it.

use std::collections::BTreeSet;

use super::super::document::EdgeReason;
use super::caller;
use super::conflicts::{Conflict, hits};
use super::demands::all_conflicts;
use super::edges::edges;
use super::finishing::unfinished;
use super::habits::{at_once, habits};
use super::necessary::necessary;
use super::order::{Answer, order};
use super::phases::in_phases;
use super::relax::{broken, relaxed};
use super::solution::{Accepted, Impossible, Solution};
use super::space::{Gaps, Node, Space};
use super::split::{all_ways_are_known, can_be_split, node, split_all, subsets, ways};

/// So many calls are ordered, over all ways to split the calls of one space, before settling for a way that
/// is safe but perhaps not the shortest.
const EFFORT: usize = 10_000;

/// And so many questions are asked about who can do what.
const QUESTIONS: usize = 4_000_000;

/// So many questions are asked over all spaces of a plan, in equal shares.
const ALL_QUESTIONS: usize = 60_000_000;

/// What can be said of a space at little cost.
#[derive(Debug)]
pub(super) enum Sketch {
    Done(Solution),
    /// The calls have to be split, and fewer splits may do than are known to do.
    Open(Open),
}

#[derive(Debug)]
pub(super) struct Open {
    whole: Vec<Node>,
    /// How many questions one attempt takes.
    work: usize,
    /// An order that is safe, if the one in phases is.
    enough: Option<Solution>,
    /// What must be split in any case.
    necessary: BTreeSet<usize>,
    /// So many splits are known to be needed.
    needed: usize,
}

/// Tries the calls as they are, and then what the order in phases splits.
pub(super) fn sketch(space: &Space<'_>, gaps: Gaps) -> Sketch {
    let whole: Vec<Node> = (0..space.drafts.len()).map(|draft| node(space, draft)).collect();
    let Some((conflicts, work)) = with_needs(space, &whole) else {
        return Sketch::Done(in_phases(space, gaps));
    };
    let mut needed = match attempt_with(space, whole.clone(), conflicts, Gaps::Refuse) {
        Attempt::Found(solution) => return Sketch::Done(solution),
        Attempt::Impossible => 1,
        Attempt::Unclear => 0,
    };
    let enough = by_phases(space);
    let splits = enough.as_ref().map(|solution| solution.splits(space));
    let mut must = BTreeSet::new();
    if splits != Some(needed) {
        must = necessary(space);
        needed = needed.max(must.len());
    }
    match enough {
        Some(solution) if splits == Some(needed) => Sketch::Done(Solution { needed, ..solution }),
        enough => Sketch::Open(Open { whole, work, enough, necessary: must, needed }),
    }
}

/// The calls split as the order in phases splits them, with only the edges that they need.
fn by_phases(space: &Space<'_>) -> Option<Solution> {
    let phases = in_phases(space, Gaps::Refuse);
    if phases.impossible.is_some() {
        return None;
    }
    match attempt(space, phases.nodes.clone(), Gaps::Refuse) {
        Attempt::Found(solution) => Some(solution),
        // The conflicts have the last word: they look at everybody.
        Attempt::Impossible => None,
        Attempt::Unclear => {
            let (conflicts, _) = with_needs(space, &phases.nodes)?;
            let safe = !broken(&phases.order, &conflicts).contains(&true);
            safe.then_some(phases)
        }
    }
}

impl Open {
    /// Looks for fewer splits, in the time that there is for one of so many spaces.
    pub(super) fn finish(mut self, space: &Space<'_>, gaps: Gaps, among: usize) -> Solution {
        let questions = QUESTIONS.min(ALL_QUESTIONS / among.max(1));
        let tries = (EFFORT / self.whole.len().max(1)).min(questions / self.work.max(1));
        if let Some(solution) = self.search(space, Gaps::Refuse, tries) {
            return solution;
        }
        let needed = self.needed;
        if let Some(solution) = self.enough.take() {
            return Solution { needed, ..solution };
        }
        let found = attempt(space, split_all(space), Gaps::Refuse).found().or_else(|| match gaps {
            Gaps::Refuse => None,
            Gaps::Allow => attempt(space, self.whole.clone(), gaps)
                .found()
                .or_else(|| self.search(space, gaps, tries))
                .or_else(|| attempt(space, split_all(space), gaps).found()),
        });
        found.unwrap_or_else(|| give_up(space, &self.whole))
    }

    /// Splits ever more of the calls, in all ways that there is time for, but fewer than is enough.
    fn search(&mut self, space: &Space<'_>, gaps: Gaps, mut tries: usize) -> Option<Solution> {
        let others: Vec<usize> = (0..space.drafts.len())
            .filter(|draft| !self.necessary.contains(draft) && can_be_split(space, *draft))
            .collect();
        let all = self.necessary.len() + others.len();
        let end = self.enough.as_ref().map_or(all + 1, |solution| solution.splits(space));
        for splits in self.needed.max(1)..end.min(all + 1) {
            for more in subsets(&others, splits - self.necessary.len()) {
                let mut chosen: Vec<usize> = self.necessary.iter().copied().chain(more).collect();
                chosen.sort_unstable();
                for nodes in ways(space, &chosen) {
                    if tries == 0 {
                        return None;
                    }
                    tries -= 1;
                    if let Attempt::Found(solution) = attempt(space, nodes, gaps) {
                        return Some(Solution { needed: self.needed, ..solution });
                    }
                }
            }
            // That one split will not do is proven by trying all; of more than one, only the likely are tried.
            if splits == 1 && gaps == Gaps::Refuse && all_ways_are_known(space) {
                self.needed = 2;
            }
        }
        None
    }
}

/// What came of looking for an order.
enum Attempt {
    Found(Solution),
    /// It is proven that there is none.
    Impossible,
    Unclear,
}

impl Attempt {
    fn found(self) -> Option<Solution> {
        match self {
            Self::Found(solution) => Some(solution),
            Self::Impossible | Self::Unclear => None,
        }
    }
}

/// All conflicts of these nodes, with what the account that runs this needs for them, and what it took to find them.
/// `None` where there would be too many.
fn with_needs(space: &Space<'_>, nodes: &[Node]) -> Option<(Vec<Conflict>, usize)> {
    let (mut all, work) = all_conflicts(space, nodes)?;
    all.extend(caller::needs(space, nodes));
    Some((all, work))
}

/// An order for exactly these nodes, if there is one.
fn attempt(space: &Space<'_>, nodes: Vec<Node>, gaps: Gaps) -> Attempt {
    match with_needs(space, &nodes) {
        Some((conflicts, _)) => attempt_with(space, nodes, conflicts, gaps),
        None => Attempt::Unclear,
    }
}

/// The same, where their conflicts are known.
fn attempt_with(space: &Space<'_>, nodes: Vec<Node>, conflicts: Vec<Conflict>, gaps: Gaps) -> Attempt {
    let habits = habits(space, &nodes, &conflicts);
    let whole = vec![false; conflicts.len()];
    let (order, given_up) = match (order(nodes.len(), &conflicts, &habits), gaps) {
        (Answer::Order(order), _) => (order, whole),
        (Answer::None, Gaps::Refuse) => return Attempt::Impossible,
        (Answer::Unclear, Gaps::Refuse) => return Attempt::Unclear,
        (Answer::None | Answer::Unclear, Gaps::Allow) => match relaxed(nodes.len(), &conflicts, &habits) {
            Some(relaxed) => relaxed,
            None => return Attempt::Unclear,
        },
    };
    let order = at_once(space, |number| nodes[number].draft, order);
    if broken(&order, &conflicts).into_iter().zip(&given_up).any(|(broken, given_up)| broken && !given_up) {
        return Attempt::Unclear;
    }
    let (broken, kept): (Vec<_>, Vec<_>) =
        conflicts.into_iter().zip(given_up).partition(|(_, given_up)| *given_up);
    let moments = caller::outside_of_moments(space, &nodes, &order);
    let kept: Vec<Conflict> = kept.into_iter().map(|(conflict, _)| conflict).chain(moments).collect();
    let broken: Vec<Conflict> = broken.into_iter().map(|(conflict, _)| conflict).collect();
    let edges = edges(&order, &kept);
    let accepted = accepted(space, &nodes, &order, &broken);
    Attempt::Found(Solution { nodes, order, edges, needed: 0, accepted, impossible: None })
}

/// Between which calls of an order these conflicts are broken, and for whom.
fn accepted(space: &Space<'_>, nodes: &[Node], order: &[usize], broken: &[Conflict]) -> Vec<Accepted> {
    let mut place = vec![0; order.len()];
    for (position, &call) in order.iter().enumerate() {
        place[call] = position;
    }
    let mut accepted = Vec::new();
    for (conflict, witness) in hits(space, nodes, broken) {
        let from = conflict.done.iter().copied().max_by_key(|call| place[*call]);
        let until = conflict.pending.iter().copied().min_by_key(|call| place[*call]);
        if let (Some(from), Some(until)) = (from, until) {
            accepted.push(Accepted { from, until, witness });
        }
    }
    accepted.sort();
    accepted.dedup();
    accepted
}

/// The calls as they are, with what stands against every order of them.
fn give_up(space: &Space<'_>, whole: &[Node]) -> Solution {
    // An order that would do for all others, but in which the account that runs this cannot make a call, says more.
    let for_others = |nodes: Vec<Node>| {
        let (conflicts, _) = all_conflicts(space, &nodes)?;
        let solution = attempt_with(space, nodes, conflicts, Gaps::Refuse).found()?;
        unfinished(space, &solution).is_some().then_some(solution)
    };
    if let Some(solution) = for_others(whole.to_vec()).or_else(|| for_others(split_all(space))) {
        return solution;
    }
    let nodes = whole.to_vec();
    let conflicts = all_conflicts(space, &nodes).map(|(conflicts, _)| conflicts).unwrap_or_default();
    let order = at_once(space, |number| number, (0..nodes.len()).collect());
    let done_before = |conflict: &&Conflict| {
        let first = conflict.pending.iter().min();
        let last = conflict.done.iter().max();
        first >= last && conflict.witness.is_some()
    };
    let demand = |conflict: &Conflict| Some([*conflict.pending.first()?, *conflict.done.last()?]);
    // What accepting a gap could help with is told last.
    let of = |reason| conflicts.iter().filter(move |conflict| conflict.reason == reason);
    let told = || [EdgeReason::Leak, EdgeReason::Lockout, EdgeReason::Gap].into_iter().flat_map(of);
    let witness = told().find(done_before).or_else(|| told().next());
    let impossible = Some(match witness.and_then(|conflict| conflict.witness.clone()) {
        Some(witness) => Impossible::Danger(witness),
        None => Impossible::Demands(of(EdgeReason::Api).filter_map(demand).collect()),
    });
    Solution { nodes, order, edges: Vec::new(), needed: 0, accepted: Vec::new(), impossible }
}
