//! A formula read for one asker: what each level says, and by which routes.

use std::collections::BTreeSet;

use roaring::RoaringBitmap;

use super::engine::Engine;
use super::gates::AccessGate;
use super::question::{Asker, Level, Needed, Object, Reason, Route, Verb, Verdict};
use super::ways::Way;
use crate::model::{AccountId, GroupId, Truth};

/// What one level says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelReport {
    pub level: Level,
    pub outcome: Outcome,
    /// What the level asks for; the asker must have all of it.
    pub needs: Vec<Need>,
}

/// One thing that a level asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    pub needed: Needed,
    pub outcome: Outcome,
    /// Every route by which the asker has it, or perhaps has it.
    pub routes: Vec<FoundRoute>,
    /// Why the outcome is not certain, apart from the routes.
    pub doubts: BTreeSet<Reason>,
}

/// A route, and why it is not certain, if it is not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundRoute {
    pub route: Route,
    pub doubts: BTreeSet<Reason>,
}

/// The words of Atlassian's own inspection of permissions, with `Unknown` for its `Irrelevant`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Denied,
    Unknown,
    Allowed,
    /// The level asks for nothing of its own.
    Inherited,
}

/// The verdict that the levels come to.
pub(super) fn verdict(levels: &[LevelReport]) -> Verdict {
    if let Some(level) = levels.iter().find(|report| report.outcome == Outcome::Denied) {
        return Verdict::Denied(level.level);
    }
    let unknown =
        levels.iter().flat_map(|report| &report.needs).filter(|need| need.outcome == Outcome::Unknown);
    let mut reasons = BTreeSet::new();
    let mut certain = true;
    for need in unknown {
        certain = false;
        reasons.extend(need.doubts.iter().cloned());
        reasons.extend(need.routes.iter().flat_map(|route| &route.doubts).cloned());
    }
    if certain { Verdict::Allowed } else { Verdict::Unknown(reasons) }
}

impl Engine<'_> {
    /// Whether the asker may do it.
    pub fn can(&self, asker: &Asker, verb: impl Into<Verb>, object: &Object) -> Verdict {
        verdict(&self.levels(asker, verb.into(), object))
    }

    /// Every level from the outside in. The parties of the asker are their numbers in the table.
    pub(super) fn levels(&self, asker: &Asker, verb: Verb, object: &Object) -> Vec<LevelReport> {
        match self.parties(asker) {
            Ok(parties) => self.levels_as(asker, &parties, verb, object),
            Err(reason) => {
                let need = self.read(AccessGate::unread(Level::Site, Needed::SignIn, reason), &[]);
                vec![LevelReport::of(Level::Site, need)]
            }
        }
    }

    /// What would be said to a person who joins a group, with everything they have already.
    pub(super) fn as_member(
        &self,
        account: &AccountId,
        group: &GroupId,
        verb: Verb,
        object: &Object,
    ) -> Option<Verdict> {
        let parties = [self.person(account)?, self.group(group)?];
        Some(verdict(&self.levels_as(&Asker::Person(account.clone()), &parties, verb, object)))
    }

    fn levels_as(&self, asker: &Asker, parties: &[u32], verb: Verb, object: &Object) -> Vec<LevelReport> {
        let sign_in = self.sign_in(asker, parties, self.space(object.space()));
        let mut levels = vec![LevelReport::of(Level::Site, sign_in)];
        for gate in self.formula(verb, object).gates {
            let level = gate.level;
            let need = self.read(gate, parties);
            match levels.last_mut() {
                // What hides a page from us can have the level of the page below it, and is no need of that.
                Some(last) if last.level == level && !matches!(level, Level::Ancestor(_)) => last.add(need),
                _ => levels.push(LevelReport::of(level, need)),
            }
        }
        levels
    }

    /// What a gate says to the asker.
    pub(super) fn read(&self, gate: AccessGate<'_>, parties: &[u32]) -> Need {
        let Some(ways) = gate.ways else {
            return Need { outcome: Outcome::Inherited, ..Need::met(gate.needed, vec![Route::OpenList]) };
        };
        let mut answer = Truth::No;
        let mut routes = Vec::new();
        for way in &ways {
            let (reached, doubts) = self.leads(way, parties);
            if reached != Truth::No {
                answer = answer.max(reached);
                routes.push(FoundRoute { route: way.route(), doubts });
            }
        }
        let doubt = if answer == Truth::No { gate.may_be_open } else { gate.may_be_shut };
        let answer = if doubt.is_some() { Truth::Unknown } else { answer };
        Need::new(gate.needed, answer, routes, doubt.into_iter().collect())
    }

    /// Whether a way leads the asker through, and why not certainly.
    fn leads(&self, way: &Way<'_>, parties: &[u32]) -> (Truth, BTreeSet<Reason>) {
        let test = |party: &u32| self.memberships.reaches(way.grantee(), *party, &self.table);
        let reached = parties.iter().map(test).max().unwrap_or(Truth::No);
        let is_unsure = |party: &u32| reached == Truth::Unknown && test(party) == Truth::Unknown;
        let unsure: RoaringBitmap = parties.iter().copied().filter(is_unsure).collect();
        let mut doubts = self.doubts(way, &unsure);
        for party in unsure {
            doubts.extend(self.memberships.standing_doubts(party, self.live, &self.table));
        }
        (reached.min(way.at_most()), doubts)
    }
}

impl LevelReport {
    fn of(level: Level, need: Need) -> Self {
        Self { level, outcome: need.outcome, needs: vec![need] }
    }

    fn add(&mut self, need: Need) {
        self.outcome = self.outcome.min(need.outcome);
        self.needs.push(need);
    }
}

impl Need {
    pub(super) fn new(
        needed: Needed,
        answer: Truth,
        routes: Vec<FoundRoute>,
        doubts: BTreeSet<Reason>,
    ) -> Self {
        let outcome = match answer {
            Truth::No => Outcome::Denied,
            Truth::Unknown => Outcome::Unknown,
            Truth::Yes => Outcome::Allowed,
        };
        Self { needed, outcome, routes, doubts }
    }

    pub(super) fn met(needed: Needed, routes: Vec<Route>) -> Self {
        Self::new(needed, Truth::Yes, routes.into_iter().map(FoundRoute::sure).collect(), BTreeSet::new())
    }

    pub(super) const fn answer(&self) -> Truth {
        match self.outcome {
            Outcome::Denied => Truth::No,
            Outcome::Unknown => Truth::Unknown,
            Outcome::Allowed | Outcome::Inherited => Truth::Yes,
        }
    }
}

impl FoundRoute {
    pub(super) const fn sure(route: Route) -> Self {
        Self { route, doubts: BTreeSet::new() }
    }
}
