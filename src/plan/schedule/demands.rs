//! What the API demands of the order, beside the conflicts about people.

use std::collections::BTreeMap;

use super::super::document::EdgeReason;
use super::conflicts::{Conflict, Conflicts, conflicts};
use super::space::{Node, Space};

/// The conflicts that hold for these nodes, whatever the reason, and how many questions it took to find
/// them. `None` where there would be too many.
pub(super) fn all_conflicts(space: &Space<'_>, nodes: &[Node]) -> Option<(Vec<Conflict>, usize)> {
    let Conflicts { mut all, work } = conflicts(space, nodes)?;
    all.extend(demands(space, nodes));
    for (number, pair) in nodes.windows(2).enumerate() {
        if pair[0].draft == pair[1].draft {
            all.push(Conflict::edge(number, number + 1, EdgeReason::Api));
        }
    }
    Some((all, work))
}

/// What the API demands, and what a run that ends anywhere needs to be taken up: which drafts wait for which
/// others.
pub(super) fn demands(space: &Space<'_>, nodes: &[Node]) -> Vec<Conflict> {
    let mut of_draft: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (number, node) in nodes.iter().enumerate() {
        of_draft.entry(node.draft).or_default().push(number);
    }
    let edges = |(number, node): (usize, &Node)| {
        let draft = &space.drafts[node.draft];
        let mut edges = Vec::new();
        for (earlier, reason) in [(&draft.needs, EdgeReason::Api), (&draft.resumes, EdgeReason::Resume)] {
            let earlier = earlier.iter().filter_map(|earlier| of_draft.get(earlier)).flatten();
            edges.extend(earlier.map(|&earlier| Conflict::edge(earlier, number, reason)));
        }
        edges
    };
    nodes.iter().enumerate().flat_map(edges).collect()
}
