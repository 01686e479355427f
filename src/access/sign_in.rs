//! The gate of the site, as it is told to an asker. Sets of principals have passed it already.

use std::collections::BTreeSet;

use super::engine::Engine;
use super::levels::{FoundRoute, Need};
use super::memberships::anonymous_doubt;
use super::question::{Asker, Clause, Needed, Route};
use super::standing::Standing;
use crate::model::{GroupId, Known, LiveSpace, Permission, ProductAccess, Truth};

impl Engine<'_> {
    /// What the gate of the site says to the asker, on the way to a space if that was read.
    pub(super) fn sign_in(&self, asker: &Asker, parties: &[u32], space: Option<&LiveSpace>) -> Need {
        match asker {
            Asker::Anonymous => self.anonymous_gate(),
            Asker::Person(_) => self.person_gate(parties, space),
            // Asked as licensed.
            Asker::Group(group) => Need::met(Needed::SignIn, self.licence(group).into_iter().collect()),
            Asker::Stranger => Need::met(Needed::SignIn, Vec::new()),
        }
    }

    fn anonymous_gate(&self) -> Need {
        match self.live.site.anonymous_access {
            Known::Known(true) => Need::met(Needed::SignIn, vec![Route::AnonymousAccess]),
            Known::Known(false) => Need::new(Needed::SignIn, Truth::No, Vec::new(), BTreeSet::new()),
            Known::Unknown(_) => {
                let doubts = anonymous_doubt(&self.live.site).into_iter().collect();
                Need::new(Needed::SignIn, Truth::Unknown, Vec::new(), doubts)
            }
        }
    }

    fn person_gate(&self, parties: &[u32], space: Option<&LiveSpace>) -> Need {
        let mut routes = Vec::new();
        let mut answers = Vec::new();
        let mut doubts = BTreeSet::new();
        for &party in parties {
            doubts.extend(self.memberships.standing_doubts(party, self.live, &self.table));
            for standing in self.memberships.standings(party) {
                answers.push(match standing {
                    Standing::Out => Truth::No,
                    // Gets as far as a space that is open to the unlicensed.
                    Standing::Unlicensed => match space {
                        Some(space) => {
                            let gate = self.space_gate(space, &Clause::one(Permission::ReadSpace));
                            self.read(gate, parties).answer()
                        }
                        None => Truth::Unknown,
                    },
                    Standing::Licensed | Standing::Guest | Standing::App => Truth::Yes,
                });
                routes.extend(match standing {
                    Standing::Out => Vec::new(),
                    Standing::Unlicensed => vec![Route::Unlicensed],
                    Standing::Licensed if self.memberships.licences_assumed => vec![Route::LicenceAssumed],
                    Standing::Licensed => self.licences(party),
                    Standing::Guest => vec![Route::Guest],
                    Standing::App => vec![Route::App],
                });
            }
        }
        // Where it is not known which of them the person is, one yes is no answer.
        let (least, most) = (answers.iter().min(), answers.iter().max());
        let answer = if least == most { most.copied().unwrap_or(Truth::No) } else { Truth::Unknown };
        if answer == Truth::No {
            routes.clear();
        }
        Need::new(Needed::SignIn, answer, routes.into_iter().map(FoundRoute::sure).collect(), doubts)
    }

    fn licences(&self, party: u32) -> Vec<Route> {
        let holding = self
            .memberships
            .licensing()
            .filter(|group| self.memberships.in_group(group, party) == Truth::Yes);
        holding.filter_map(|group| self.licence(group)).collect()
    }

    fn licence(&self, group: &GroupId) -> Option<Route> {
        let access = self.live.directory.groups.get(group)?.access;
        let gives = matches!(access, Known::Known(ProductAccess::User | ProductAccess::Admin));
        gives.then(|| Route::Licence { group: group.clone() })
    }
}
