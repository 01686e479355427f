//! Checks that the account running a plan can make each call in every order that the edges allow: a permission that
//! the call needs, and that the account has at the start, must not be revoked before the call.
//!
//! Permissions that the account gains during the run are not considered, and neither are page lists: the account
//! stays on every list that it changes. A permission that a role may give counts as given: if it is not, the site
//! refuses the call, and nothing leaks.

use std::collections::BTreeSet;

use super::order::Order;
use super::people::People;
use super::space::{Space, Steps};
use super::tables::{Assumptions, GrantRows, Tables};

use crate::model::Permission;
use crate::plan::document::{Danger, Endangered, Moment};
use crate::plan::rights;

impl Space<'_> {
    /// The first right that the account may have lost when a call needs it.
    pub(super) fn lost_right(&self, order: &Order) -> Option<Danger> {
        let Steps::Calls(calls) = self.steps else { return None };
        let people = People::of_caller(self);
        let caller: Vec<usize> = (0..people.principals.len()).collect();
        let mut tables = Tables::default();
        for assumptions in Assumptions::all(self).into_iter().map(Assumptions::of_caller) {
            let rows = GrantRows::of(self, assumptions, &people, &mut tables);
            for (number, planned) in calls.iter().enumerate() {
                let needed = rights::needed(&planned.call, self.before, self.live);
                let needed: BTreeSet<Vec<Permission>> =
                    needed.into_iter().chain([vec![Permission::ReadSpace]]).collect();
                for any_of in needed {
                    let held = rows.gate(&any_of, &caller, &mut tables);
                    if !order.is_open_at(number, &held, &tables) {
                        let what = Endangered::Permission(*any_of.first()?);
                        let people = people.principals.into_iter().collect();
                        return Some(Danger { people, what, moment: Moment::ShutOut });
                    }
                }
            }
        }
        None
    }
}
