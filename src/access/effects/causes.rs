//! Which changes an effect comes from.
//!
//! An effect comes from every change that by itself moves some of the people in the same direction: a
//! grant that reached them and is gone, a list that let them through and does not.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use roaring::RoaringBitmap;

use super::delta::Delta;
use super::{Cause, Direction, Sides};
use crate::access::chains::{Above, Layout};
use crate::access::reach::Reach;
use crate::model::{Content, ContentId, LiveSpace, PageList, Permission, Principal};

/// The changes of one space.
pub(super) struct Changes<'a> {
    space: &'a LiveSpace,
    holdings: Vec<(&'a Principal, BTreeMap<Permission, Delta>)>,
    /// The holdings by which some lose, and those by which some gain, by their place.
    moving: [Vec<usize>; 2],
    /// For each party, the holdings that move it in some way, by their place. A group that comes to thousands of spaces
    /// would have each of its members counted in each of them, so this is made where it is asked for.
    moved_by: OnceCell<HashMap<u32, Vec<usize>>>,
    pages: BTreeMap<usize, PageChange>,
    /// For each row, the nearest changed row above it.
    above: Vec<Option<usize>>,
    whole_space: bool,
    everywhere: bool,
}

struct PageChange {
    content: ContentId,
    view: Delta,
    edit: Delta,
    moved: bool,
}

impl<'a> Changes<'a> {
    /// `permissions` are those whose changes will be asked about.
    pub(super) fn of_holdings(
        before: &'a LiveSpace,
        after: &'a LiveSpace,
        permissions: &BTreeSet<Permission>,
        sides: &Sides<'_, 'a>,
    ) -> Self {
        let principals: BTreeSet<&Principal> = before.holdings.keys().chain(after.holdings.keys()).collect();
        let holdings: Vec<(&Principal, BTreeMap<Permission, Delta>)> = principals
            .into_iter()
            .filter_map(|principal| {
                if before.holdings.get(principal) == after.holdings.get(principal) {
                    return None;
                }
                let delta = |permission: &Permission| {
                    let old = sides.old.engine().held(before, principal, *permission);
                    let new = sides.new.engine().held(after, principal, *permission);
                    (*permission, Delta::between(&old, &new))
                };
                Some((principal, permissions.iter().map(delta).collect()))
            })
            .collect();
        let moves = |direction: Direction| {
            let any = |(_, deltas): &(_, BTreeMap<_, Delta>)| deltas.values().any(|it| it.moves(direction));
            (0..holdings.len()).filter(|place| any(&holdings[*place])).collect()
        };
        Self {
            space: after,
            moving: [Direction::Loses, Direction::Gains].map(moves),
            holdings,
            moved_by: OnceCell::new(),
            pages: BTreeMap::new(),
            above: Vec::new(),
            whole_space: before.unlicensed_access != after.unlicensed_access
                || before.space.status != after.space.status,
            everywhere: sides.everywhere,
        }
    }

    fn moved_by(&self) -> &HashMap<u32, Vec<usize>> {
        self.moved_by.get_or_init(|| {
            let mut moved_by: HashMap<u32, Vec<usize>> = HashMap::new();
            for (place, (_, deltas)) in self.holdings.iter().enumerate() {
                let moved = deltas.values().flat_map(Delta::parts).flat_map(|(_, parties)| parties);
                for party in moved.collect::<RoaringBitmap>() {
                    moved_by.entry(party).or_default().push(place);
                }
            }
            moved_by
        })
    }

    /// Adds the pages that changed; `old` is what was at each row before.
    pub(super) fn with_pages(
        mut self,
        layout: &Layout<'a>,
        old: &[Option<&'a Content>],
        everyone: &Reach,
        sides: &mut Sides<'_, 'a>,
    ) -> Self {
        self.above = vec![None; layout.rows.len()];
        for (number, row) in layout.rows.iter().enumerate() {
            if let Above::Row(parent) = row.parent {
                self.above[number] =
                    if self.pages.contains_key(&parent) { Some(parent) } else { self.above[parent] };
            }
            let Some(before) = old[number] else { continue };
            let moved = before.parent != row.content.parent;
            if before.restrictions == row.content.restrictions && !moved {
                continue;
            }
            let mut delta = |list: PageList| {
                let (old, new) = (sides.old.list(before, list), sides.new.list(row.content, list));
                Delta::between(&sides.old.on(old, everyone), &sides.new.on(new, everyone))
            };
            let (view, edit) = (delta(PageList::View), delta(PageList::Edit));
            self.pages.insert(number, PageChange { content: row.content.id, view, edit, moved });
        }
        self
    }

    /// Changes that move these people's permission in the space.
    pub(super) fn of_permissions(
        &self,
        permissions: &[Permission],
        direction: Direction,
        parties: &RoaringBitmap,
    ) -> BTreeSet<Cause> {
        let space = || self.space.space.key.clone();
        let mut causes = BTreeSet::new();
        let of_party = |party| self.moved_by().get(&party).into_iter().flatten().copied();
        // By the people or by all holdings, whichever are fewer.
        let all = &self.moving[direction as usize];
        let moving: Cow<'_, [usize]> = if parties.len() < all.len() as u64 {
            let of_people: BTreeSet<usize> = parties.iter().flat_map(of_party).collect();
            Cow::Owned(of_people.into_iter().collect())
        } else {
            Cow::Borrowed(all)
        };
        for (principal, deltas) in moving.iter().map(|place| &self.holdings[*place]) {
            let mut touched = permissions.iter().filter_map(|permission| deltas.get(permission));
            if touched.any(|delta| delta.touches(direction, parties)) {
                causes.insert(Cause::Holding { space: space(), principal: (*principal).clone() });
            }
        }
        if self.whole_space {
            causes.insert(Cause::Space { space: space() });
        }
        if causes.is_empty() && self.everywhere {
            causes.insert(Cause::Directory);
        }
        causes
    }

    /// Changes that move these people's access to these pages.
    pub(super) fn of_pages(
        &self,
        permissions: &[Permission],
        edit: bool,
        rows: &[usize],
        direction: Direction,
        parties: &RoaringBitmap,
    ) -> BTreeSet<Cause> {
        let mut causes = self.of_permissions(permissions, direction, parties);
        let mut seen: BTreeSet<usize> = BTreeSet::new();
        let mut blame = |row: usize, own: bool| {
            let Some(change) = self.pages.get(&row) else { return };
            let touched = change.moved
                || change.view.touches(direction, parties)
                || (own && edit && change.edit.touches(direction, parties));
            if touched {
                causes.insert(Cause::Page { space: self.space.space.key.clone(), content: change.content });
            }
        };
        for &row in rows {
            blame(row, true);
            let mut above = self.above.get(row).copied().flatten();
            while let Some(at) = above.filter(|at| seen.insert(*at)) {
                blame(at, false);
                above = self.above[at];
            }
        }
        if causes.len() > 1 {
            causes.remove(&Cause::Directory);
        }
        causes
    }
}
