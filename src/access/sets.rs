//! Gates read as sets of principals, each with those that surely pass and those that perhaps do.

use std::borrow::{Borrow, Cow};

use super::engine::Engine;
use super::gates::{Formula, grants_may_not_suffice};
use super::question::Clause;
use super::reach::Reach;
use super::ways::Way;
use crate::model::{LiveSpace, Members, Permission, Principal, Truth};

impl Engine<'_> {
    /// The people that a way lets through.
    pub(super) fn reach(&self, way: &Way<'_>) -> Cow<'_, Reach> {
        let reach = self.memberships.reach(way.grantee(), &self.table);
        if way.at_most() == Truth::Yes { reach } else { Cow::Owned(reach.into_owned().doubted()) }
    }

    /// The people that one of some ways lets through.
    fn union<'w>(&self, ways: impl IntoIterator<Item: Borrow<Way<'w>>>) -> Reach {
        let ways: Vec<_> = ways.into_iter().collect();
        let reaches: Vec<Cow<'_, Reach>> = ways.iter().map(|way| self.reach(way.borrow())).collect();
        Reach::union(reaches.iter().map(AsRef::as_ref))
    }

    /// The people that pass all gates.
    pub(super) fn passing(&self, formula: &Formula<'_>) -> Reach {
        let gates = formula.closed().map(|(gate, ways)| {
            let mut reach = self.union(ways);
            if gate.may_be_open.is_some() {
                reach.or(&self.everyone().doubted());
            }
            if gate.may_be_shut.is_some() { reach.doubted() } else { reach }
        });
        gates.reduce(|all, next| all.and(&next)).unwrap_or_default()
    }

    /// All parties there are.
    pub(super) fn everyone(&self) -> Reach {
        Reach::sure(self.table.iter().map(|(number, _)| number).collect())
    }

    /// The people that the holding of one principal in a space lets through.
    pub(super) fn held(
        &self,
        space: &LiveSpace,
        principal: &Principal,
        permission: Permission,
    ) -> Cow<'_, Reach> {
        self.way_by(space, principal, permission).map_or_else(Cow::default, |way| self.reach(&way))
    }

    /// The people that the space gives what a clause asks for: the union over all its ways.
    pub(super) fn granted(&self, space: &LiveSpace, clause: &Clause) -> Reach {
        self.union(self.ways(space, clause))
    }

    /// The people that the space lets do something, as far as this clause goes.
    pub(super) fn let_in(&self, space: &LiveSpace, clause: &Clause) -> Reach {
        let reach = self.granted(space, clause);
        if grants_may_not_suffice(space).is_some() { reach.doubted() } else { reach }
    }

    /// Who is on a list.
    pub(super) fn listed(&self, members: &Members) -> Reach {
        self.union(members.iter().map(Way::on_list))
    }
}
