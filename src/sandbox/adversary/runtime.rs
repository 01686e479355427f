//! The rules of an adversary at work: what they have counted so far, and what they do to one request.
//!
//! [`Runtime::begin`] comes before the handler of a request and says what becomes of it; [`Runtime::end`]
//! comes after it, writes down what happened and lets those act who waited for it. Both run under the lock
//! of the site, so that nothing happens in between.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::Instant;

use super::lag::Past;
use super::log::{Acted, Changed, Log, Look, Written};
use super::pattern::Target;
use super::{Adversary, Effect, Facet, Kill, Lag, Mangling, When};
use crate::sandbox::site::{Error, Site};
use crate::sandbox::world::{Action, NotApplicable, Object};

/// The rules, and how far they are.
#[derive(Debug)]
pub(in crate::sandbox) struct Runtime {
    rules: Adversary,
    /// For each actor, how often what it waits for has happened; `None` when it has acted.
    waiting: Vec<Option<u64>>,
    /// For each disruption, how many requests have fitted.
    disrupted: Vec<u64>,
    /// The same for each mangling.
    mangled: Vec<u64>,
    /// Writes that were carried out.
    writes: u64,
    past: Past,
    keep_states: bool,
    log: Log,
    dead: watch::Sender<bool>,
}

/// A request that has reached the site.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) struct Arrival<'r> {
    pub(in crate::sandbox) number: u64,
    pub(in crate::sandbox) target: Target<'r>,
}

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum Verdict {
    /// It is carried out and answered.
    Pass,
    /// It is not carried out; the site answers a status of its own.
    Refuse(u16),
    /// It is not carried out; the connection is closed.
    Close,
    /// It is carried out; the connection is closed.
    LoseAnswer,
    /// It is carried out; the answer is 500.
    Answer500,
}

/// An object that an answer shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::sandbox) struct Glance {
    pub(in crate::sandbox) facet: Facet,
    pub(in crate::sandbox) object: Object,
    /// Whether it is shown from its beginning, and not from its second page on.
    pub(in crate::sandbox) first: bool,
}

/// A write that the world was asked for.
#[derive(Clone, Debug)]
pub(in crate::sandbox) struct Attempt {
    pub(in crate::sandbox) accepted: bool,
    /// The reads that show what it changes.
    pub(in crate::sandbox) facets: &'static [Facet],
    pub(in crate::sandbox) changes: Vec<Changed>,
}

impl Runtime {
    /// Rules that begin now; `spent` are the actors that have acted in earlier runs.
    pub(in crate::sandbox) fn new(rules: Adversary, spent: &BTreeSet<usize>, keep_states: bool) -> Self {
        let waiting = (0..rules.actors.len()).map(|actor| (!spent.contains(&actor)).then_some(0)).collect();
        Self {
            waiting,
            disrupted: vec![0; rules.disruptions.len()],
            mangled: vec![0; rules.manglings.len()],
            writes: 0,
            past: Past::new(rules.lag),
            keep_states,
            log: Log::default(),
            dead: watch::Sender::new(false),
            rules,
        }
    }

    /// Other rules from now on. The log goes on; who died is alive again.
    pub(in crate::sandbox) fn replace(&mut self, rules: Adversary) {
        let new = Self::new(rules, &BTreeSet::new(), self.keep_states);
        let Self { log, dead, .. } = std::mem::replace(self, new);
        self.log = log;
        self.dead = dead;
        self.dead.send_replace(false);
    }

    pub(in crate::sandbox) fn log(&self) -> &Log {
        &self.log
    }

    pub(in crate::sandbox) fn past(&self) -> &Past {
        &self.past
    }

    /// Whether anything needs to know what an object was before a write and is after it.
    pub(in crate::sandbox) fn needs_states(&self) -> bool {
        self.keep_states || self.rules.lag != Lag::default()
    }

    pub(in crate::sandbox) fn is_dead(&self) -> bool {
        *self.dead.borrow()
    }

    pub(in crate::sandbox) fn death(&self) -> watch::Receiver<bool> {
        self.dead.subscribe()
    }

    /// Kills the server, or brings it back. Who was brought back is not killed by the same rule again.
    pub(in crate::sandbox) fn set_dead(&mut self, dead: bool) {
        if !dead && self.is_dead() {
            self.rules.kill = None;
        }
        self.dead.send_replace(dead);
    }

    /// What becomes of a request, after the actors that waited for it.
    pub(in crate::sandbox) fn begin(
        &mut self,
        site: &mut Site,
        arrival: &Arrival<'_>,
    ) -> Result<Verdict, Error> {
        if self.is_dead() {
            return Ok(Verdict::Close);
        }
        self.let_act(site, arrival.number, |when| match when {
            When::Before(requests, n) => requests.fits(&arrival.target).then_some(*n),
            When::AfterRead(..) | When::AfterWrite(..) => None,
        })?;
        let due = self.rules.kill == Some(Kill::BeforeWrite(self.writes + 1));
        if due && arrival.target.write {
            self.die(site)?;
            return Ok(Verdict::Close);
        }
        if let Some(effect) = self.disruption(&arrival.target) {
            return Ok(match effect {
                Effect::Status(status) => Verdict::Refuse(status),
                Effect::Drop => Verdict::LoseAnswer,
                Effect::Cut => Verdict::Close,
                Effect::Lost500 => Verdict::Answer500,
            });
        }
        let hidden = self.rules.hidden.iter().find_map(|hidden| hidden.status_for(arrival.target.path));
        Ok(hidden.map_or(Verdict::Pass, Verdict::Refuse))
    }

    /// Every disruption counts the requests that fit it; the first whose turn it is has its effect.
    fn disruption(&mut self, target: &Target<'_>) -> Option<Effect> {
        let mut effect = None;
        for (disruption, fitted) in self.rules.disruptions.iter().zip(&mut self.disrupted) {
            if disruption.requests.fits(target) {
                if disruption.times.covers(*fitted) {
                    effect = effect.or(Some(disruption.effect));
                }
                *fitted += 1;
            }
        }
        effect
    }

    /// The manglings whose turn it is, each with a number of its own for each answer.
    pub(in crate::sandbox) fn manglings(&mut self, target: &Target<'_>) -> Vec<(Mangling, u64)> {
        let mut due = Vec::new();
        for (mangle, fitted) in self.rules.manglings.iter().zip(&mut self.mangled) {
            if mangle.requests.fits(target) {
                if mangle.times.covers(*fitted) {
                    due.push((mangle.mangling.clone(), *fitted + 1));
                }
                *fitted += 1;
            }
        }
        due
    }

    /// Writes down what a request read and wrote, and gives its moment.
    pub(in crate::sandbox) fn end(
        &mut self,
        site: &mut Site,
        arrival: &Arrival<'_>,
        status: u16,
        (glances, attempts): (BTreeSet<Glance>, Vec<Attempt>),
    ) -> Result<u64, Error> {
        let (moment, now) = (self.log.tick(), Instant::now());
        for Glance { facet, object, first } in &glances {
            if *first {
                let shows_before = self.past.shown(*facet, object, now).map_or(moment, |old| old.moment);
                let look = Look { request: arrival.number, moment, shows_before };
                self.log.looked(object.clone(), *facet, look);
            }
            self.past.count(*facet, object, now);
        }
        let wrote = attempts.iter().any(|attempt| attempt.accepted);
        for attempt in attempts {
            for Changed { object, before, after } in attempt.changes {
                let (look, unseen) = self.log.before_write(&object, attempt.facets);
                if before != after {
                    self.past.remember(object.clone(), Arc::clone(&before), moment, now);
                }
                if !self.keep_states {
                    continue;
                }
                self.log.writes.push(Written {
                    moment,
                    request: arrival.number,
                    method: arrival.target.method.to_owned(),
                    path: arrival.target.path.to_owned(),
                    status,
                    object,
                    before,
                    after,
                    look,
                    unseen,
                });
            }
        }
        self.writes += u64::from(wrote);
        if wrote && self.rules.kill == Some(Kill::AfterWrite(self.writes)) {
            self.die(site)?;
        }
        self.let_act(site, arrival.number, |when| match when {
            When::Before(..) => None,
            When::AfterRead(facet, object, n) => {
                glances.iter().any(|g| g.facet == *facet && g.object == *object).then_some(*n)
            }
            When::AfterWrite(requests, n) => (wrote && requests.fits(&arrival.target)).then_some(*n),
        })?;
        Ok(moment)
    }

    fn die(&mut self, site: &mut Site) -> Result<(), Error> {
        self.set_dead(true);
        site.note_death()
    }

    /// Counts what happened for every actor that waits for it, and lets those act whose time has come.
    /// `happened` gives the number that such an actor waits for.
    fn let_act(
        &mut self,
        site: &mut Site,
        request: u64,
        happened: impl Fn(&When) -> Option<u64>,
    ) -> Result<(), Error> {
        for index in 0..self.rules.actors.len() {
            let Some(seen) = self.waiting[index] else { continue };
            let Some(wanted) = happened(&self.rules.actors[index].when) else { continue };
            if seen + 1 < wanted {
                self.waiting[index] = Some(seen + 1);
                continue;
            }
            self.waiting[index] = None;
            site.note_spent(index)?;
            let actor = self.rules.actors[index].clone();
            for action in actor.actions {
                self.act(site, &actor.name, request, action)?.ok();
            }
        }
        Ok(())
    }

    /// Carries out an actor's action and logs it.
    pub(in crate::sandbox) fn act(
        &mut self,
        site: &mut Site,
        actor: &str,
        request: u64,
        action: Action,
    ) -> Result<Result<(), NotApplicable>, Error> {
        let touched = site.world().touched_by_action(&action);
        let states = |site: &Site| -> Vec<_> {
            touched.iter().map(|object| Arc::new(site.world().state_of(object))).collect()
        };
        let before = states(site);
        let result = site.act(&action)?;
        let after = states(site);
        let (moment, now) = (self.log.tick(), Instant::now());
        let mut changes = Vec::new();
        for ((object, before), after) in touched.into_iter().zip(before).zip(after) {
            if before != after {
                self.past.remember(object.clone(), Arc::clone(&before), moment, now);
            }
            changes.push(Changed { object, before, after });
        }
        self.log.acts.push(Acted {
            moment,
            actor: actor.to_owned(),
            action,
            request,
            result: result.clone(),
            changes,
        });
        Ok(result)
    }
}
