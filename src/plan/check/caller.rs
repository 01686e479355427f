//! Whether the account that runs a plan can make each call whenever its turn may come: what the call needs, and the
//! account holds at the start, it still holds then, in every order that the edges allow.
//!
//! What it gets during the run is not looked at here, nor what its own lists say: it stays on each list that it changes.

use std::collections::BTreeSet;

use super::order::Verdicts;
use super::people::People;
use super::tables::Rows;
use super::{Space, Steps};
use crate::model::Permission;
use crate::plan::account;
use crate::plan::refusal::{Danger, Endangered, Moment};

impl Space<'_> {
    /// The first right that the account may have lost when a call needs it.
    pub(super) fn lost_right(&self, people: &People, rows: &Rows, verdicts: &Verdicts) -> Option<Danger> {
        let Steps::Calls(calls) = self.steps else { return None };
        for (number, planned) in calls.iter().enumerate() {
            let needed = account::needed(&planned.call, self.before, self.live);
            let needed: BTreeSet<Vec<Permission>> =
                needed.into_iter().chain([vec![Permission::ReadSpace]]).collect();
            for any_of in needed {
                let held = rows.gate(&any_of, &people.caller);
                if !self.order.is_open_at(number, &held, &verdicts.tables) {
                    let people = people.caller.iter().map(|place| people.principals[*place].clone());
                    let what = Endangered::Permission(*any_of.first()?);
                    return Some(Danger { people: people.collect(), what, moment: Moment::ShutOut });
                }
            }
        }
        None
    }
}
