//! Where no order is safe, a call is split in two: a restriction that takes some people off a list and
//! lets others on is done in two halves, and of somebody who loses everything one permission is taken
//! first. The fewest such splits are found by trying none, then one, then
//! two, as far as that can be done in reasonable time.

use std::collections::BTreeSet;

use crate::model::{
    AccountId, Audience, Call, Directory, Holding, Known, Live, LiveSpace, Members, Permission, Principal,
    Restrictions, Subject,
};

use super::super::document::EdgeReason;
use super::super::lower::Draft;
use super::clauses::{Clause, Witness, atoms_are_exact};
use super::solve::{Answer, Required, edges, order};
use super::{Gaps, Node, all_clauses, habit};

/// So many calls are ordered, over all ways to split, before settling for a way that is safe but perhaps
/// not the shortest.
const EFFORT: usize = 10_000;

/// With so few people and groups around, every list of them is tried between two halves of one call.
const HELPERS: usize = 4;

/// So many lists are tried for each where several calls are split at once.
const LIKELY: usize = 9;

/// The longest list of people that is put together for the time between two halves.
const NAMES: usize = 50;

/// The calls of one space, and what they lead from and to.
#[derive(Debug)]
pub(super) struct Space<'a> {
    pub(super) drafts: &'a [Draft],
    pub(super) before: &'a LiveSpace,
    pub(super) after: &'a LiveSpace,
    pub(super) live: &'a Live,
}

/// Nodes in order, with the edges that enforce it.
#[derive(Debug)]
pub(super) struct Solution {
    pub(super) nodes: Vec<Node>,
    pub(super) order: Vec<usize>,
    pub(super) edges: Vec<Required>,
    /// Whether fewer splits are known not to do.
    pub(super) exact: bool,
    /// There is no safe order; the one given here would break this.
    pub(super) impossible: Option<Witness>,
}

pub(super) fn solve(space: &Space<'_>, gaps: Gaps) -> Solution {
    let whole: Vec<Node> = (0..space.drafts.len()).map(|draft| node(space, draft)).collect();
    if let Some(solution) = attempt(space, whole.clone(), gaps) {
        return Solution { exact: true, ..solution };
    }
    let candidates: Vec<usize> =
        (0..space.drafts.len()).filter(|&draft| !halves(space, draft).is_empty()).collect();
    let mut tries = EFFORT / whole.len().max(1);
    let mut exact = atoms_are_exact(space, &whole);
    for splits in 1..=candidates.len() {
        for nodes in subsets(&candidates, splits).flat_map(|chosen| ways(space, chosen)) {
            if let Some(solution) = attempt(space, nodes, gaps) {
                return Solution { exact, ..solution };
            }
            tries = tries.saturating_sub(1);
            if tries == 0 {
                break;
            }
        }
        // That one split will not do is proven by trying all; of more than one, only the likely are tried.
        exact &= tries > 0 && splits == 1 && helpers_are_few(space);
        if tries == 0 {
            break;
        }
    }
    if let Some(solution) = attempt(space, split_all(space), gaps) {
        return Solution { exact: false, ..solution };
    }
    give_up(space, whole)
}

/// An order for exactly these nodes, if there is one.
fn attempt(space: &Space<'_>, nodes: Vec<Node>, gaps: Gaps) -> Option<Solution> {
    let mut clauses = all_clauses(space, &nodes);
    let habits: Vec<u8> = nodes.iter().map(|node| habit(&node.call)).collect();
    let mut answer = order(nodes.len(), &clauses, &habits);
    if gaps == Gaps::Allow && !matches!(answer, Answer::Order(_)) {
        // Whoever runs this must be able to finish, whatever else is accepted.
        clauses.retain(|clause| clause.reason != EdgeReason::Gap || concerns_caller(clause, space.live));
        answer = order(nodes.len(), &clauses, &habits);
    }
    match answer {
        Answer::Order(order) => {
            let edges = edges(&order, &clauses);
            Some(Solution { nodes, order, edges, exact: true, impossible: None })
        }
        Answer::None | Answer::Unclear { .. } => None,
    }
}

/// Whether the account that runs this would notice.
fn concerns_caller(clause: &Clause, live: &Live) -> bool {
    let caller = Principal::User(live.site.caller.account.clone());
    clause.witness.as_ref().is_some_and(|witness| witness.principals.contains(&caller))
}

/// The calls as they are, with what stands against every order of them.
fn give_up(space: &Space<'_>, nodes: Vec<Node>) -> Solution {
    let clauses = all_clauses(space, &nodes);
    let order: Vec<usize> = (0..nodes.len()).collect();
    let done_before = |clause: &&Clause| {
        let first = clause.firsts.iter().min();
        let last = clause.lasts.iter().max();
        first >= last && clause.witness.is_some()
    };
    let witness =
        clauses.iter().find(done_before).or_else(|| clauses.iter().find(|clause| clause.witness.is_some()));
    let impossible = witness.and_then(|clause| clause.witness.clone());
    Solution { nodes, order, edges: Vec::new(), exact: false, impossible }
}

fn node(space: &Space<'_>, draft: usize) -> Node {
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
        // Taking everything at once can be too early for one permission and too late for another.
        Call::Revoke { principal, permission: Permission::ReadSpace, .. } => {
            let Some(Holding::Grants(held)) = space.before.holdings.get(principal) else { return Vec::new() };
            held.iter()
                .filter(|(permission, rows)| **permission != Permission::ReadSpace && rows.len() == 1)
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
        Call::Grant { .. } | Call::Revoke { .. } | Call::AssignRoles { .. } => Vec::new(),
    }
}

/// What the lists of a page can be between the two halves, the likeliest first.
///
/// Mostly that is what both lists share, or what they hold together, or, where the groups on them differ
/// but not all the people, those people by name. But the view list can stand in for
/// the edit list and the other way round, and groups that are on neither can help; where there are few,
/// every list of them is a candidate. A list that is neither open before nor after is never open between.
fn middles(space: &Space<'_>, before: &Restrictions, after: &Restrictions) -> Vec<Restrictions> {
    let caller = Subject::User(space.live.site.caller.account.clone());
    let helpers = helpers(space, before, after);
    let lists = |before: &Audience, after: &Audience| {
        let mut lists = vec![narrower(before, after, &caller), wider(before, after)];
        lists.extend(by_name(before, after, &caller, &space.live.directory));
        if helpers.len() <= HELPERS {
            for bits in 0..1_usize << helpers.len() {
                let chosen = helpers.iter().enumerate().filter(|(place, _)| bits >> place & 1 == 1);
                let subjects = chosen.map(|(_, subject)| subject.clone()).chain([caller.clone()]);
                lists.extend(Members::new(subjects).map(Audience::Only));
            }
        }
        let mut seen = BTreeSet::new();
        lists.retain(|list| seen.insert(list.clone()));
        lists
    };
    let views = lists(&before.view, &after.view);
    let edits = lists(&before.edit, &after.edit);
    let mut pairs: Vec<(usize, usize)> =
        (0..views.len()).flat_map(|view| (0..edits.len()).map(move |edit| (view, edit))).collect();
    pairs.sort_by_key(|&(view, edit)| (view.max(edit) > 2, view + edit));
    pairs
        .into_iter()
        .map(|(view, edit)| Restrictions { view: views[view].clone(), edit: edits[edit].clone() })
        .filter(|middle| middle != before && middle != after)
        .collect()
}

/// People and groups whose presence on a list makes a difference.
fn helpers(space: &Space<'_>, before: &Restrictions, after: &Restrictions) -> Vec<Subject> {
    let caller = Subject::User(space.live.site.caller.account.clone());
    let rows = space.before.holdings.keys().chain(space.after.holdings.keys()).filter_map(Principal::subject);
    let listed =
        [before, after].into_iter().flat_map(|lists| lists.view.subjects().chain(lists.edit.subjects()));
    let all: BTreeSet<Subject> = rows.chain(listed.cloned()).filter(|subject| *subject != caller).collect();
    all.into_iter().collect()
}

fn narrower(before: &Audience, after: &Audience, caller: &Subject) -> Audience {
    match (before, after) {
        (Audience::Anyone, list) | (list, Audience::Anyone) => list.clone(),
        (Audience::Only(before), Audience::Only(after)) => {
            let shared = before.iter().filter(|subject| after.contains(subject)).cloned();
            Audience::Only(Members::new(shared).unwrap_or_else(|| Members::one(caller.clone())))
        }
    }
}

fn wider(before: &Audience, after: &Audience) -> Audience {
    match (before, after) {
        (Audience::Anyone, _) | (_, Audience::Anyone) => Audience::Anyone,
        (Audience::Only(before), Audience::Only(after)) => {
            let mut all = before.clone();
            for subject in after.iter() {
                all.insert(subject.clone());
            }
            Audience::Only(all)
        }
    }
}

/// The people whom both lists let through, as far as the members of their groups are known.
fn by_name(before: &Audience, after: &Audience, caller: &Subject, directory: &Directory) -> Option<Audience> {
    let people = |audience: &Audience| -> BTreeSet<AccountId> {
        let mut people = BTreeSet::new();
        for subject in audience.subjects() {
            match subject {
                Subject::User(account) => {
                    people.insert(account.clone());
                }
                Subject::Group(id) => {
                    if let Some(Known::Known(members)) = directory.groups.get(id).map(|group| &group.members)
                    {
                        people.extend(members.iter().cloned());
                    }
                }
            }
        }
        people
    };
    let both: Vec<Subject> =
        people(before).intersection(&people(after)).cloned().map(Subject::User).take(NAMES + 1).collect();
    if both.len() > NAMES || before.is_anyone() || after.is_anyone() {
        return None;
    }
    Members::new(both.into_iter().chain([caller.clone()])).map(Audience::Only)
}

/// Whether a change of a list shuts somebody out.
pub(super) fn narrows(before: &Audience, after: &Audience) -> bool {
    match (before, after) {
        (_, Audience::Anyone) => false,
        (Audience::Anyone, Audience::Only(_)) => true,
        (Audience::Only(before), Audience::Only(after)) => !before.as_set().is_subset(after.as_set()),
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

    #[test]
    fn the_caller_stands_alone_where_two_lists_share_nobody() {
        let list = |name: &str| Audience::from_site_list([name.parse().unwrap()]);
        let caller: Subject = "user:me".parse().unwrap();
        assert_eq!(narrower(&list("group:a"), &list("group:b"), &caller), list("user:me"));
        assert_eq!(narrower(&Audience::Anyone, &list("group:b"), &caller), list("group:b"));
    }
}
