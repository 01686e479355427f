//! The ways to do a call in two halves: a restriction that takes some people off a list and lets others on
//! has lists in between, and where one call takes several permissions (`read/space` takes all of them,
//! others take their companions) one of these is taken first.

use crate::model::{Call, GrantId, Holding, Permission, Restrictions};

use super::middle::{HELPERS, helpers, middles};
use super::space::{Node, Space};

/// So many lists are tried for each where several calls are split at once.
const LIKELY: usize = 9;

pub(super) fn node(space: &Space<'_>, draft: usize) -> Node {
    Node { draft, call: space.drafts[draft].call.clone() }
}

/// All ways to split exactly these drafts, one option for each.
pub(super) fn ways<'a>(space: &'a Space<'_>, chosen: &'a [usize]) -> impl Iterator<Item = Vec<Node>> + 'a {
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

/// Whether splitting one call in any way that there is means to try one of [`ways`].
pub(super) fn all_ways_are_known(space: &Space<'_>) -> bool {
    space.drafts.iter().all(|draft| match &draft.call {
        Call::Restrict { before, after, .. } => helpers(space, before, after).len() <= HELPERS,
        Call::Grant { permission, .. } => permission.companions().is_empty(),
        Call::Revoke { .. } => true,
        Call::AssignRoles { .. } => false,
    })
}

/// Everything that can be split, split in the likeliest way.
pub(super) fn split_all(space: &Space<'_>) -> Vec<Node> {
    (0..space.drafts.len())
        .flat_map(|draft| match halves(space, draft).into_iter().next() {
            Some(halves) => halves.to_vec(),
            None => vec![node(space, draft)],
        })
        .collect()
}

pub(super) fn can_be_split(space: &Space<'_>, draft: usize) -> bool {
    !halves(space, draft).is_empty()
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
        Call::Revoke { .. } => taken_along(space, draft)
            .into_iter()
            .map(|(permission, row)| [taking(space, draft, permission, Some(row)), node(space, draft)])
            .collect(),
        Call::Grant { .. } | Call::AssignRoles { .. } => Vec::new(),
    }
}

/// What a call takes beside the permission that it names, with the row of each.
pub(super) fn taken_along(space: &Space<'_>, draft: usize) -> Vec<(Permission, GrantId)> {
    let Call::Revoke { principal, permission: named, .. } = &space.drafts[draft].call else {
        return Vec::new();
    };
    let Some(Holding::Grants(held)) = space.before.holdings.get(principal) else { return Vec::new() };
    let goes_along = |other: Permission| match *named {
        Permission::ReadSpace => other != Permission::ReadSpace,
        producer => producer.companions().contains(&other),
    };
    let stays = |other: Permission| match space.after.holdings.get(principal) {
        Some(Holding::Grants(after)) => after.contains_key(&other),
        Some(Holding::Role(_)) | None => false,
    };
    held.iter()
        .filter(|(other, rows)| goes_along(**other) && !stays(**other) && rows.len() == 1)
        .filter_map(|(&permission, rows)| Some((permission, *rows.first()?)))
        .collect()
}

/// The call that takes another permission than a draft names, and else is like it.
fn taking(space: &Space<'_>, draft: usize, permission: Permission, row: Option<GrantId>) -> Node {
    let mut taking = node(space, draft);
    if let Call::Revoke { permission: taken, grant, .. } = &mut taking.call {
        *taken = permission;
        *grant = row;
    }
    taking
}

/// All ways to choose `size` of these, in order.
pub(super) fn subsets(from: &[usize], size: usize) -> impl Iterator<Item = Vec<usize>> {
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
