//! A formula read as sets: all people who can do something.

use std::collections::BTreeSet;

use roaring::RoaringBitmap;

use super::engine::Engine;
use super::gates::Formula;
use super::memberships::{anonymous_doubt, members_unread};
use super::outside::Outside;
use super::question::{Level, Needed, Object, Reason, Route, Verb};
use super::ways::Way;
use crate::model::{AccessClass, AccountId, AccountStatus, Principal};

/// All people who can do something, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Who {
    /// People who surely can.
    pub people: BTreeSet<AccountId>,
    /// People where it is not known.
    pub perhaps: BTreeSet<AccountId>,
    /// Groups, classes and `anonymous`: all their members can, also those that are not known.
    pub parties: BTreeSet<Principal>,
    /// Groups and others of whose members this is not known.
    pub perhaps_parties: BTreeSet<Principal>,
    /// How they get through, level by level.
    pub gates: Vec<GateRoutes>,
    /// Ways around the lists.
    pub outside: Vec<Outside>,
    /// Accounts that are named on the way and can do nothing any more.
    pub dead: Vec<Dead>,
    /// Why there may be more people, or fewer.
    pub incomplete: BTreeSet<Reason>,
}

/// What one level asks for, with the routes through it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateRoutes {
    pub level: Level,
    pub needed: Needed,
    pub routes: Vec<Through>,
}

/// A route, and those of the people who can, who have it. A person may have several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Through {
    pub route: Route,
    pub people: BTreeSet<AccountId>,
}

/// A deactivated or deleted account where it is named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dead {
    pub account: AccountId,
    pub status: AccountStatus,
    pub level: Level,
}

impl Engine<'_> {
    /// All people who may do it. Where the object is not known the answer is empty and says why.
    pub fn who(&self, verb: impl Into<Verb>, object: &Object) -> Who {
        let mut who = Who { outside: self.outside(object), ..Who::default() };
        if self.memberships.licences_assumed {
            who.incomplete.insert(Reason::LicencesUnlisted);
        }
        let formula = self.formula(verb.into(), object);
        for (gate, ways) in formula.closed() {
            who.incomplete.extend(gate.may_be_open.iter().chain(&gate.may_be_shut).cloned());
            for way in ways {
                self.note(way, gate.level, &mut who);
            }
        }
        who.dead.sort();
        who.dead.dedup();
        if formula.is_whole {
            self.name(&formula, &mut who);
        }
        who
    }

    fn name(&self, formula: &Formula<'_>, who: &mut Who) {
        let reach = self.passing(formula);
        who.people = self.people(&reach.sure);
        who.perhaps = self.people(&reach.perhaps);
        who.parties = self.parties_among(&reach.sure);
        who.perhaps_parties = self.parties_among(&reach.perhaps);
        // All licensed people include every group: naming them all says nothing.
        if who.parties.contains(&Principal::Class(AccessClass::AllLicensedUsers)) {
            who.parties.retain(|party| party.group().is_none());
        }
        for number in &reach.perhaps {
            who.incomplete.extend(self.memberships.standing_doubts(number, self.live, &self.table));
        }
        let anyone = reach.any();
        for (gate, ways) in formula.closed() {
            let mut routes = Vec::with_capacity(ways.len());
            for way in ways {
                let unsure = &self.memberships.reach(way.grantee(), &self.table).perhaps & &reach.perhaps;
                who.incomplete.extend(self.doubts(way, &unsure));
                let people = self.people(&(self.reach(way).any() & &anyone));
                routes.push(Through { route: way.route(), people });
            }
            who.gates.push(GateRoutes { level: gate.level, needed: gate.needed.clone(), routes });
        }
    }

    /// Groups, classes and `anonymous`.
    fn parties_among(&self, numbers: &RoaringBitmap) -> BTreeSet<Principal> {
        let parties = numbers.iter().filter_map(|number| self.table.name(number));
        parties.filter(|party| party.account().is_none()).cloned().collect()
    }

    fn people(&self, numbers: &RoaringBitmap) -> BTreeSet<AccountId> {
        numbers.iter().filter_map(|number| self.table.name(number)?.account().cloned()).collect()
    }

    /// Notes what is dead about a way, and of what people it is not known whether they are there.
    fn note(&self, way: &Way<'_>, level: Level, who: &mut Who) {
        who.incomplete.extend(self.doubts(way, &RoaringBitmap::new()));
        if way.may_be_missing() {
            return;
        }
        match way.principal() {
            Principal::User(account) => {
                let person = self.live.directory.people.get(account);
                let status = person.map_or(AccountStatus::Unknown, |person| person.status);
                match status {
                    AccountStatus::Inactive | AccountStatus::Closed => {
                        who.dead.push(Dead { account: account.clone(), status, level });
                    }
                    AccountStatus::Unknown => {
                        who.incomplete.insert(Reason::AccountUnread { account: account.clone() });
                    }
                    AccountStatus::Active => {}
                }
            }
            Principal::Group(group) => {
                who.incomplete.extend(members_unread(group, &self.live.directory));
            }
            principal @ Principal::Class(AccessClass::JsmProjectAdmins) => {
                who.incomplete.insert(Reason::ClassUnread { principal: principal.clone() });
            }
            Principal::Class(_) => {}
            Principal::Anonymous => who.incomplete.extend(anonymous_doubt(&self.live.site)),
        }
    }
}
