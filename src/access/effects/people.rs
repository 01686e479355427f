//! Sets of people who are concerned alike, each kept and named once.

use std::cell::OnceCell;
use std::collections::HashMap;

use roaring::RoaringBitmap;

use super::Affected;
use super::affected::affected;
use crate::access::engine::Engine;

/// The place of a set among all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PeopleId(usize);

/// The sets met so far. Lines share them, and naming people is the dearest part.
#[derive(Default)]
pub(super) struct PeopleSets {
    by_fingerprint: HashMap<u64, Vec<PeopleId>>,
    all: Vec<PeopleSet>,
}

struct PeopleSet {
    parties: RoaringBitmap,
    named: OnceCell<Affected>,
}

impl PeopleSets {
    /// The number of a set; `None` for that of no people.
    pub(super) fn find(&mut self, parties: RoaringBitmap) -> Option<PeopleId> {
        if parties.is_empty() {
            return None;
        }
        let same = self.by_fingerprint.entry(fingerprint(&parties)).or_default();
        let known = same.iter().find(|id| self.all[id.0].parties == parties);
        Some(known.copied().unwrap_or_else(|| {
            let id = PeopleId(self.all.len());
            same.push(id);
            self.all.push(PeopleSet { parties, named: OnceCell::new() });
            id
        }))
    }

    pub(super) fn parties(&self, id: PeopleId) -> &RoaringBitmap {
        &self.all[id.0].parties
    }

    pub(super) fn named(&self, id: PeopleId, engine: &Engine<'_>) -> &Affected {
        let people = &self.all[id.0];
        people.named.get_or_init(|| affected(&people.parties, engine))
    }
}

/// A number that is the same for the same sets, and seldom for others.
fn fingerprint(parties: &RoaringBitmap) -> u64 {
    parties.iter().fold(parties.len(), |print, party| {
        (print.rotate_left(5) ^ u64::from(party)).wrapping_mul(0x517c_c1b7_2722_0a95)
    })
}
