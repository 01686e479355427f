//! The order of one space, as it was found.

use std::collections::BTreeSet;

use crate::model::{ContentId, Permission, Principal};

use super::super::document::Danger;
use super::edges::Required;
use super::space::Node;

/// Nodes in order, with the edges that enforce it.
#[derive(Debug)]
pub(super) struct Solution {
    pub(super) nodes: Vec<Node>,
    pub(super) order: Vec<usize>,
    pub(super) edges: Vec<Required>,
    /// So many splits are known to be needed. Where there are as many, fewer would not do.
    pub(super) needed: usize,
    /// Gaps that were accepted.
    pub(super) accepted: Vec<Accepted>,
    /// Why the order that is given here will not do; there is none that would.
    pub(super) impossible: Option<Impossible>,
}

/// What stands against an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Impossible {
    /// It comes to a state that must not be.
    Danger(Danger),
    /// The API demands the first of each two calls before the second, and that does not go together.
    Demands(Vec<[usize; 2]>),
    /// The caller could not make a call any more.
    Unfinished(Unfinished),
}

/// A gap between two calls.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Accepted {
    /// The call that begins it.
    pub(super) from: usize,
    /// The call that ends it.
    pub(super) until: usize,
    pub(super) witness: Danger,
}

/// A call that the caller could not make any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unfinished {
    /// The call, by its node.
    pub(super) call: usize,
    /// The page whose lists the call changes, if it does that.
    pub(super) content: Option<ContentId>,
    /// What it lacks by then.
    pub(super) permission: Permission,
    /// The principals through which it had that; empty if it gets it later.
    pub(super) through: BTreeSet<Principal>,
}
