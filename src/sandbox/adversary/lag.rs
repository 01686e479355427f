//! Reads that show an older state than the one that writes have left.
//!
//! [`Past`] keeps, for each object, what it was before each of its recent changes. A read shows the state
//! before the oldest change that is not visible to it yet, so that changes become visible in their order.
//! Only what reads show lags: access, refusals ("already exists") and writes go by the true state.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::RuleError;
use crate::sandbox::world::{Object, State};

/// What reads show of an object, each by an index or a cache of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Facet {
    /// `GET /spaces/{id}/permissions` and `include-permissions`: rows, and what roles bring.
    Rows,
    /// `GET /spaces/{id}/role-assignments`.
    Roles,
    /// `GET` of the restriction endpoints, of both lists, of one, or of one subject.
    Lists,
    /// The restrictions that a CQL search expands, of pages and of their ancestors.
    Search,
}

impl Facet {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Rows, Self::Roles, Self::Lists, Self::Search];

    /// What rules call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Roles => "roles",
            Self::Lists => "lists",
            Self::Search => "search",
        }
    }
}

/// How long a change stays invisible to a kind of read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// For the next so many requests that read that object in that way: `2`.
    Reads(u64),
    /// For so long, on tokio's clock: `300ms` or `2s`.
    Time(Duration),
}

/// How long each kind of read lags. The default shows every change at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lag([Option<Delay>; 4]);

impl Lag {
    /// The same with another delay for one kind of read.
    #[must_use]
    pub fn with(mut self, facet: Facet, delay: Delay) -> Self {
        self.0[facet as usize] = Some(delay);
        self
    }

    /// The delay of one kind of read.
    pub fn of(&self, facet: Facet) -> Option<Delay> {
        self.0[facet as usize]
    }

    /// These delays, and those of another where it has some.
    pub(super) fn and(self, other: Self) -> Self {
        Self(Facet::ALL.map(|facet| other.of(facet).or(self.of(facet))))
    }
}

impl FromStr for Delay {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let number = |digits: &str| digits.parse().map_err(|_| RuleError::Delay(text.to_owned()));
        if let Some(digits) = text.strip_suffix("ms") {
            Ok(Self::Time(Duration::from_millis(number(digits)?)))
        } else if let Some(digits) = text.strip_suffix('s') {
            Ok(Self::Time(Duration::from_secs(number(digits)?)))
        } else {
            Ok(Self::Reads(number(text)?))
        }
    }
}

/// Reads `rows=2`, one kind of read and its delay.
pub fn parse_lag(text: &str) -> Result<(Facet, Delay), RuleError> {
    let wrong = || RuleError::Lag(text.to_owned());
    let (name, delay) = text.split_once('=').ok_or_else(wrong)?;
    let facet = Facet::ALL.into_iter().find(|facet| facet.name() == name).ok_or_else(wrong)?;
    Ok((facet, delay.parse()?))
}

/// What objects were before their recent changes.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct Past {
    lag: Lag,
    changes: BTreeMap<Object, Vec<Change>>,
}

/// A change that some kind of read may not show yet.
#[derive(Debug)]
struct Change {
    before: Arc<State>,
    /// Its place in the log.
    moment: u64,
    at: Instant,
    /// How often the object was read since, by facet.
    reads: [u64; 4],
}

/// What a read shows instead of the true state.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) struct Old<'p> {
    pub(in crate::sandbox) state: &'p State,
    /// The place in the log of the first change that is not in it.
    pub(in crate::sandbox) moment: u64,
}

impl Change {
    fn is_visible(&self, facet: Facet, delay: Delay, now: Instant) -> bool {
        match delay {
            Delay::Reads(reads) => self.reads[facet as usize] >= reads,
            Delay::Time(time) => self.at + time <= now,
        }
    }
}

impl Past {
    pub(super) fn new(lag: Lag) -> Self {
        Self { lag, changes: BTreeMap::new() }
    }

    /// Keeps what an object was before a change. Without any lag nothing is kept.
    pub(super) fn remember(&mut self, object: Object, before: Arc<State>, moment: u64, now: Instant) {
        if self.lag != Lag::default() {
            let change = Change { before, moment, at: now, reads: [0; 4] };
            self.changes.entry(object).or_default().push(change);
        }
    }

    /// The older state that a read shows; `None` where it shows the true one.
    pub(in crate::sandbox) fn shown(&self, facet: Facet, object: &Object, now: Instant) -> Option<Old<'_>> {
        let delay = self.lag.of(facet)?;
        let mut changes = self.changes.get(object)?.iter();
        let first = changes.find(|change| !change.is_visible(facet, delay, now))?;
        Some(Old { state: &first.before, moment: first.moment })
    }

    /// Counts a read, and forgets the changes that every kind of read shows by now.
    pub(super) fn count(&mut self, facet: Facet, object: &Object, now: Instant) {
        let Some(changes) = self.changes.get_mut(object) else { return };
        for change in changes.iter_mut() {
            change.reads[facet as usize] += 1;
        }
        let lag = self.lag;
        let pending = |change: &Change| {
            Facet::ALL
                .into_iter()
                .filter(|facet| facet.is_of(object))
                .filter_map(|facet| Some((facet, lag.of(facet)?)))
                .any(|(facet, delay)| !change.is_visible(facet, delay, now))
        };
        changes.retain(pending);
        if changes.is_empty() {
            self.changes.remove(object);
        }
    }
}

impl Facet {
    fn is_of(self, object: &Object) -> bool {
        match self {
            Self::Rows | Self::Roles => matches!(object, Object::Space(_)),
            Self::Lists | Self::Search => matches!(object, Object::Content(_)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::world::SpaceId;

    fn named(name: &str) -> State {
        State::Space { name: name.to_owned(), rows: BTreeMap::new(), assignments: BTreeMap::new() }
    }

    fn name(past: &Past, facet: Facet) -> Option<String> {
        match past.shown(facet, &Object::Space(SpaceId(1)), Instant::now())?.state {
            State::Space { name, .. } => Some(name.clone()),
            _ => None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn changes_become_visible_one_after_another() {
        let lag = Lag::default()
            .with(Facet::Rows, Delay::Reads(2))
            .with(Facet::Roles, Delay::Time(Duration::from_millis(50)));
        let (mut past, object) = (Past::new(lag), Object::Space(SpaceId(1)));
        past.remember(object.clone(), Arc::new(named("first")), 1, Instant::now());
        let first = || Some("first".to_owned());
        assert_eq!((name(&past, Facet::Rows), name(&past, Facet::Roles)), (first(), first()));
        assert_eq!(name(&past, Facet::Lists), None, "without a delay the true state is shown");
        past.count(Facet::Rows, &object, Instant::now());
        past.remember(object.clone(), Arc::new(named("second")), 2, Instant::now());
        assert_eq!(name(&past, Facet::Rows), first());
        past.count(Facet::Rows, &object, Instant::now());
        assert_eq!(name(&past, Facet::Rows), Some("second".to_owned()));
        past.count(Facet::Rows, &object, Instant::now());
        assert_eq!((name(&past, Facet::Rows), name(&past, Facet::Roles)), (None, first()));
        tokio::time::advance(Duration::from_millis(50)).await;
        assert_eq!(name(&past, Facet::Roles), None);
        past.count(Facet::Roles, &object, Instant::now());
        assert!(past.changes.is_empty(), "a change that every read shows is forgotten");
    }

    #[test]
    fn delays_are_read() {
        assert_eq!(parse_lag("rows=2").unwrap(), (Facet::Rows, Delay::Reads(2)));
        assert_eq!(
            parse_lag("search=300ms").unwrap(),
            (Facet::Search, Delay::Time(Duration::from_millis(300)))
        );
        for wrong in ["rows", "pages=2", "rows=soon", "rows=2m"] {
            assert!(parse_lag(wrong).is_err(), "{wrong}");
        }
    }
}
