//! Where no order is safe, a call is split in two: a restriction that takes some people off a list and
//! lets others on is done in two halves, and where one call takes several permissions (`read/space` takes
//! all of them, others take their companions) one of these is taken first. The fewest such splits are found
//! by trying none, then one, then two, as far as that can be done in reasonable time.

use crate::model::{Call, Holding, Live, LiveSpace, Permission, Restrictions};

use super::super::document::EdgeReason;
use super::super::lower::Draft;
use super::atoms::Crowd;
use super::clauses::{Clause, Witness};
use super::edges::{Required, edges};
use super::finishing::Unfinished;
use super::middle::{HELPERS, helpers, middles};
use super::phases::in_phases;
use super::protected::Protected;
use super::relax::relaxed;
use super::solve::{Answer, order};
use super::{Gaps, Node, all_clauses, at_once, habits, hits};

/// So many calls are ordered, over all ways to split, before settling for a way that is safe but perhaps
/// not the shortest.
const EFFORT: usize = 10_000;

/// And so many questions are asked about who can do what.
const QUESTIONS: usize = 4_000_000;

/// So many lists are tried for each where several calls are split at once.
const LIKELY: usize = 9;

/// The calls of one space, and what they lead from and to.
#[derive(Debug)]
pub(super) struct Space<'a> {
    pub(super) drafts: &'a [Draft],
    pub(super) before: &'a LiveSpace,
    pub(super) after: &'a LiveSpace,
    pub(super) live: &'a Live,
    pub(super) crowd: &'a Crowd<'a>,
    pub(super) protected: &'a Protected,
}

/// Nodes in order, with the edges that enforce it.
#[derive(Debug)]
pub(super) struct Solution {
    pub(super) nodes: Vec<Node>,
    pub(super) order: Vec<usize>,
    pub(super) edges: Vec<Required>,
    /// Whether fewer splits are known not to do.
    pub(super) exact: bool,
    /// Gaps that were accepted.
    pub(super) accepted: Vec<Accepted>,
    /// Why the order that is given here will not do; there is none that would.
    pub(super) impossible: Option<Impossible>,
}

/// What stands against an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Impossible {
    /// It comes to a state that must not be.
    Danger(Witness),
    /// The API demands the first of each two calls before the second, and that does not go together.
    Demands(Vec<[usize; 2]>),
    /// Whoever runs this could not make a call any more.
    Unfinished(Unfinished),
}

/// A gap between two calls.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Accepted {
    /// The call that begins it.
    pub(super) from: usize,
    /// The call that ends it.
    pub(super) until: usize,
    pub(super) witness: Witness,
}

pub(super) fn solve(space: &Space<'_>, gaps: Gaps) -> Solution {
    let whole: Vec<Node> = (0..space.drafts.len()).map(|draft| node(space, draft)).collect();
    let Some((_, work)) = all_clauses(space, &whole) else { return in_phases(space, gaps) };
    let allowing = || match gaps {
        Gaps::Refuse => None,
        Gaps::Allow => search(space, &whole, work, gaps),
    };
    search(space, &whole, work, Gaps::Refuse).or_else(allowing).unwrap_or_else(|| give_up(space, &whole))
}

/// Tries the calls as they are, then with ever more of them split.
fn search(space: &Space<'_>, whole: &[Node], work: usize, gaps: Gaps) -> Option<Solution> {
    if let Some(solution) = attempt(space, whole.to_vec(), gaps) {
        return Some(solution);
    }
    let candidates: Vec<usize> =
        (0..space.drafts.len()).filter(|&draft| !halves(space, draft).is_empty()).collect();
    let mut tries = (EFFORT / whole.len().max(1)).min(QUESTIONS / work.max(1));
    let mut exact = true;
    for splits in 1..=candidates.len() {
        for nodes in subsets(&candidates, splits).flat_map(|chosen| ways(space, chosen)) {
            if tries == 0 {
                break;
            }
            tries -= 1;
            if let Some(solution) = attempt(space, nodes, gaps) {
                return Some(Solution { exact: exact && solution.exact, ..solution });
            }
        }
        // That one split will not do is proven by trying all; of more than one, only the likely are tried.
        exact &= tries > 0 && splits == 1 && helpers_are_few(space);
        if tries == 0 {
            break;
        }
    }
    attempt(space, split_all(space), gaps).map(|solution| Solution { exact: false, ..solution })
}

/// An order for exactly these nodes, if there is one.
fn attempt(space: &Space<'_>, nodes: Vec<Node>, gaps: Gaps) -> Option<Solution> {
    let (clauses, _) = all_clauses(space, &nodes)?;
    let (habits, reductions) = habits(space, &nodes, &clauses);
    let answer = order(nodes.len(), &clauses, &habits);
    let (order, given_up) = match (answer, gaps) {
        (Answer::Order(order), _) => (order, vec![false; clauses.len()]),
        (Answer::None | Answer::Unclear, Gaps::Refuse) => return None,
        (Answer::None | Answer::Unclear, Gaps::Allow) => relaxed(nodes.len(), &clauses, &habits)?,
    };
    let order = at_once(space, |number| nodes[number].draft, order);
    let (broken, kept): (Vec<_>, Vec<_>) =
        clauses.into_iter().zip(given_up).partition(|(_, given_up)| *given_up);
    let kept: Vec<Clause> = kept.into_iter().map(|(clause, _)| clause).collect();
    let broken: Vec<Clause> = broken.into_iter().map(|(clause, _)| clause).collect();
    let edges = edges(&order, &kept, &reductions);
    let accepted = accepted(space, &nodes, &order, &broken);
    Some(Solution { nodes, order, edges, exact: true, accepted, impossible: None })
}

/// Between which calls of an order these clauses are broken, and for whom.
fn accepted(space: &Space<'_>, nodes: &[Node], order: &[usize], broken: &[Clause]) -> Vec<Accepted> {
    let mut place = vec![0; order.len()];
    for (position, &call) in order.iter().enumerate() {
        place[call] = position;
    }
    let mut accepted = Vec::new();
    for (clause, witness) in hits(space, nodes, broken) {
        let from = clause.lasts.iter().copied().max_by_key(|call| place[*call]);
        let until = clause.firsts.iter().copied().min_by_key(|call| place[*call]);
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
    let nodes = whole.to_vec();
    let clauses = all_clauses(space, &nodes).map(|(clauses, _)| clauses).unwrap_or_default();
    let order = at_once(space, |number| number, (0..nodes.len()).collect());
    let done_before = |clause: &&Clause| {
        let first = clause.firsts.iter().min();
        let last = clause.lasts.iter().max();
        first >= last && clause.witness.is_some()
    };
    let demand = |clause: &Clause| Some([*clause.firsts.first()?, *clause.lasts.last()?]);
    // What accepting a gap could help with is told last.
    let of = |reason| clauses.iter().filter(move |clause| clause.reason == reason);
    let told = || [EdgeReason::Leak, EdgeReason::Lockout, EdgeReason::Gap].into_iter().flat_map(of);
    let witness = told().find(done_before).or_else(|| told().next());
    let impossible = match witness.and_then(|clause| clause.witness.clone()) {
        Some(witness) => Impossible::Danger(witness),
        None => Impossible::Demands(of(EdgeReason::Api).filter_map(demand).collect()),
    };
    Solution {
        nodes,
        order,
        edges: Vec::new(),
        exact: false,
        accepted: Vec::new(),
        impossible: Some(impossible),
    }
}

pub(super) fn node(space: &Space<'_>, draft: usize) -> Node {
    Node { draft, call: space.drafts[draft].call.clone() }
}

/// All ways to split exactly these drafts, one option for each.
fn ways<'a>(space: &'a Space<'_>, chosen: Vec<usize>) -> impl Iterator<Item = Vec<Node>> + 'a {
    let mut options: Vec<Vec<[Node; 2]>> = chosen.iter().map(|&draft| halves(space, draft)).collect();
    if options.len() > 1 {
        for options in &mut options {
            options.truncate(LIKELY);
        }
    }
    let total = options.iter().map(Vec::len).fold(1_usize, usize::saturating_mul);
    (0..total).map(move |mut number| {
        let mut nodes = Vec::new();
        for draft in 0..space.drafts.len() {
            match chosen.iter().position(|&chosen| chosen == draft) {
                None => nodes.push(node(space, draft)),
                Some(position) => {
                    let options = &options[position];
                    nodes.extend(options[number % options.len()].clone());
                    number /= options.len();
                }
            }
        }
        nodes
    })
}

/// Whether all lists that could help are among those that are tried.
fn helpers_are_few(space: &Space<'_>) -> bool {
    space.drafts.iter().all(|draft| match &draft.call {
        Call::Restrict { before, after, .. } => helpers(space, before, after).len() <= HELPERS,
        Call::Grant { .. } | Call::Revoke { .. } | Call::AssignRoles { .. } => true,
    })
}

/// Everything that can be split, split in the likeliest way.
fn split_all(space: &Space<'_>) -> Vec<Node> {
    (0..space.drafts.len())
        .flat_map(|draft| match halves(space, draft).into_iter().next() {
            Some(halves) => halves.to_vec(),
            None => vec![node(space, draft)],
        })
        .collect()
}

/// The ways to do one call in two.
fn halves(space: &Space<'_>, draft: usize) -> Vec<[Node; 2]> {
    match &space.drafts[draft].call {
        Call::Restrict { space: key, content, before, after } => {
            let restrict = |before: &Restrictions, after: &Restrictions| {
                let (before, after) = (before.clone(), after.clone());
                Node { draft, call: Call::Restrict { space: key.clone(), content: *content, before, after } }
            };
            let middles = middles(space, before, after);
            middles.iter().map(|middle| [restrict(before, middle), restrict(middle, after)]).collect()
        }
        // Taking several permissions at once can be too early for one and too late for another.
        Call::Revoke { principal, permission, .. } => {
            let Some(Holding::Grants(held)) = space.before.holdings.get(principal) else { return Vec::new() };
            let goes_along = |other: Permission| match *permission {
                Permission::ReadSpace => other != Permission::ReadSpace,
                producer => producer.companions().contains(&other),
            };
            let stays = |other: Permission| match space.after.holdings.get(principal) {
                Some(Holding::Grants(after)) => after.contains_key(&other),
                Some(Holding::Role(_)) | None => false,
            };
            held.iter()
                .filter(|(other, rows)| goes_along(**other) && !stays(**other) && rows.len() == 1)
                .map(|(&permission, rows)| {
                    let mut first = node(space, draft);
                    if let Call::Revoke { permission: taken, grant, .. } = &mut first.call {
                        *taken = permission;
                        *grant = rows.first().copied();
                    }
                    [first, node(space, draft)]
                })
                .collect()
        }
        Call::Grant { .. } | Call::AssignRoles { .. } => Vec::new(),
    }
}

/// All ways to choose `size` of these, in order.
fn subsets(from: &[usize], size: usize) -> impl Iterator<Item = Vec<usize>> {
    let first: Option<Vec<usize>> = (size <= from.len()).then(|| (0..size).collect());
    std::iter::successors(first, move |chosen| {
        let turn = (0..size).rev().find(|&place| chosen[place] < from.len() - size + place)?;
        let start = chosen[turn] + 1;
        let rest = (start..).take(size - turn);
        Some(chosen[..turn].iter().copied().chain(rest).collect())
    })
    .map(move |chosen| chosen.into_iter().map(|place| from[place]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subsets_are_all_there() {
        let all = |size| subsets(&[7, 8, 9], size).collect::<Vec<_>>();
        assert_eq!(all(2), [[7, 8], [7, 9], [8, 9]]);
        assert_eq!(all(3), [[7, 8, 9]]);
        assert!(all(4).is_empty());
    }
}
