//! What happened to the world, in the order in which it happened, for tests to judge by.
//!
//! Requests that reach the site, and actions of other people, are numbered from 1 on one scale, the
//! *moment*: of two of them, the one with the smaller moment was carried out first. A [`Written`] holds the
//! state of its object immediately before and after, the last read of that object before it, and the
//! changes by others which that read did not show: a change between a look and its write.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::lag::Facet;
use crate::sandbox::world::{Action, NotApplicable, Object, State};

/// Everything that happened since the site was served.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// The writes that reached the world, by moment: one entry for each object that one can change. Empty
    /// without [`Options::keep_states`](crate::sandbox::Options::keep_states).
    pub writes: Vec<Written>,
    /// What other people did, by moment: one entry for each action.
    pub acts: Vec<Acted>,
    moments: u64,
    /// The last read of each object that began at its first page.
    looks: BTreeMap<(Object, Facet), Look>,
}

/// A write to space permissions, roles, restrictions or groups, whether the site accepted or refused it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// When it was carried out.
    pub moment: u64,
    /// The number of the request.
    pub request: u64,
    /// `PUT` and so on.
    pub method: String,
    /// The path of the request from `/wiki` on.
    pub path: String,
    /// The site's answer, also where it did not reach the client.
    pub status: u16,
    /// The object that it is about, or another one that it changed.
    pub object: Object,
    /// The object immediately before.
    pub before: Arc<State>,
    /// The object immediately after; the same for a write that was refused.
    pub after: Arc<State>,
    /// The last read of the object that shows what the write changes: rows for a grant, assignments for a
    /// role, lists by either way for a restriction. Groups have none.
    pub look: Option<Look>,
    /// The moments of the changes that others made to the object and that the look did not show, be it that
    /// they came later or that the look lagged. Without a look, all of their changes.
    pub unseen: Vec<u64>,
}

/// A read of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The number of the request.
    pub request: u64,
    /// When it was answered.
    pub moment: u64,
    /// Changes from this moment on are not in what it showed. Without lag it is the moment of the read.
    pub shows_before: u64,
}

/// Something that another person did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Acted {
    /// When.
    pub moment: u64,
    /// The name of the actor; empty for [`Running::act`](crate::sandbox::Running::act) and those without.
    pub actor: String,
    /// What.
    pub action: Action,
    /// The number of the request before or after which it happened; 0 for `Running::act` without any.
    pub request: u64,
    /// Why it had no effect, if it had none.
    #[serde(serialize_with = "reason")]
    pub result: Result<(), NotApplicable>,
    /// The objects whose state it changed, with their state immediately before and after. The object that
    /// the action is about comes first, also where nothing changed.
    #[serde(skip)]
    pub changes: Vec<Changed>,
}

/// What became of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The object.
    pub object: Object,
    /// Immediately before.
    pub before: Arc<State>,
    /// Immediately after.
    pub after: Arc<State>,
}

fn reason<S: serde::Serializer>(result: &Result<(), NotApplicable>, to: S) -> Result<S::Ok, S::Error> {
    match result {
        Ok(()) => to.serialize_str("done"),
        Err(reason) => to.collect_str(reason),
    }
}

impl Log {
    /// The writes that changed something while a change by others was unseen: the race between a look and
    /// its write, which no client can exclude.
    pub fn races(&self) -> impl Iterator<Item = &Written> {
        self.writes.iter().filter(|written| !written.unseen.is_empty() && written.before != written.after)
    }

    /// The next moment.
    pub(super) fn tick(&mut self) -> u64 {
        self.moments += 1;
        self.moments
    }

    /// Notes a read of an object.
    pub(super) fn looked(&mut self, object: Object, facet: Facet, look: Look) {
        self.looks.insert((object, facet), look);
    }

    /// The last look at an object by any of some ways, and what others changed that it did not show.
    pub(super) fn before_write(&self, object: &Object, facets: &[Facet]) -> (Option<Look>, Vec<u64>) {
        let looks = facets.iter().filter_map(|facet| self.looks.get(&(object.clone(), *facet)));
        let look = looks.max_by_key(|look| look.moment).copied();
        let shown = look.map_or(0, |look| look.shows_before);
        let changed = |act: &&Acted| {
            act.changes.iter().any(|change| change.object == *object && change.before != change.after)
        };
        let acts = self.acts.iter().filter(|act| act.moment >= shown);
        (look, acts.filter(changed).map(|act| act.moment).collect())
    }
}
