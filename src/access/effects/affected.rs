//! Numbers on the roll become groups and people, groups first.

use roaring::RoaringBitmap;

use super::{Affected, AffectedParty};
use crate::access::engine::Engine;
use crate::access::reach::Reach;
use crate::model::{AccessClass, AccountId, Known, Principal};

/// From so many people on, a group most of whom are affected is named instead of them.
const MANY: u64 = 4;

/// Names those whom it happens to.
///
/// A group stands for its members when it happens to somebody of whom nothing else is known than that
/// the group holds them, and to all of its members, or most of many. When it happens to whoever is
/// licensed, groups are not named at all.
pub(super) fn affected(parties: &RoaringBitmap, engine: &Engine<'_>) -> Affected {
    let people = parties & engine.census.living();
    let mut affected = Affected { total: count(people.len()), ..Affected::default() };
    let mut rest = people.clone();
    let mut everybody = false;
    // Classes are told of first, since they speak for groups.
    let named = parties - &people;
    let classes = named.iter().filter_map(|number| engine.roll.name(number)).filter(|party| !is_group(party));
    let groups = named.iter().filter_map(|number| engine.roll.name(number)).filter(|party| is_group(party));
    for party in classes.chain(groups) {
        if everybody && *party != Principal::Anonymous {
            continue;
        }
        let (members, complete) = members(party, engine);
        let (hit, all) = (members.intersection_len(&people), members.len());
        if hit < all && (hit < MANY || 2 * hit < all) {
            continue;
        }
        everybody |= *party == Principal::Class(AccessClass::AllLicensedUsers);
        rest -= &members;
        affected.parties.push(AffectedParty {
            party: party.clone(),
            members: count(hit),
            of: count(all),
            complete,
        });
    }
    affected.parties.sort();
    affected.people = rest.iter().filter_map(|number| person(number, engine)).collect();
    affected
}

/// The people in a group or class who can act at all, and whether there are no others.
fn members(party: &Principal, engine: &Engine<'_>) -> (RoaringBitmap, bool) {
    let (members, complete) = match party {
        Principal::Group(group) => {
            let known = engine.live.directory.groups.get(group);
            let complete = known.is_some_and(|group| matches!(group.members, Known::Known(_)));
            (engine.census.members(group).map(Reach::any).unwrap_or_default(), complete)
        }
        Principal::Class(class) => {
            (engine.census.class(*class).any(), *class != AccessClass::JsmProjectAdmins)
        }
        Principal::User(_) | Principal::Anonymous => (RoaringBitmap::new(), true),
    };
    (members & engine.census.living(), complete)
}

const fn is_group(party: &Principal) -> bool {
    matches!(party, Principal::Group(_))
}

fn person(number: u32, engine: &Engine<'_>) -> Option<AccountId> {
    match engine.roll.name(number)? {
        Principal::User(account) => Some(account.clone()),
        Principal::Group(_) | Principal::Class(_) | Principal::Anonymous => None,
    }
}

fn count(people: u64) -> usize {
    usize::try_from(people).unwrap_or(usize::MAX)
}
