//! Numbers in the table become groups and people, groups first.

use roaring::RoaringBitmap;

use super::{Affected, AffectedParty};
use crate::access::engine::Engine;
use crate::model::{AccessClass, Known, Principal};

/// From so many people on, a group with most of its members affected is named instead of them.
const MANY: u64 = 4;

/// Names the principals that something happens to.
///
/// A group stands for its members when it happens to unknown accounts in it as well, and to all of its known members,
/// or most of many. The same holds for classes, which stand only for the people who are surely in them: where the
/// documentation leaves open whether a guest is in `authenticated-users`, the guest is named. When it happens to all
/// signed-in or all licensed people, a narrower class or a group is named only for many others in it.
pub(super) fn affected(parties: &RoaringBitmap, engine: &Engine<'_>) -> Affected {
    let people = parties & engine.memberships.living();
    let mut affected = Affected { total: count(people.len()), ..Affected::default() };
    let mut rest = people.clone();
    let named = parties - &people;
    let mut named: Vec<&Principal> = named.iter().filter_map(|number| engine.table.name(number)).collect();
    named.sort_by_key(|party| width(party));
    let mut widest = None;
    for party in named {
        let (members, complete) = members(party, engine);
        let spoken_for = widest.is_some_and(|widest| width(party) > widest);
        if spoken_for && members.intersection_len(&rest) < MANY {
            continue;
        }
        let (hit, all) = (members.intersection_len(&people), members.len());
        if hit < all && (hit < MANY || 2 * hit < all) {
            continue;
        }
        if let Principal::Class(AccessClass::AuthenticatedUsers | AccessClass::AllLicensedUsers) = party {
            widest.get_or_insert(width(party));
        }
        rest -= &members;
        affected.parties.push(AffectedParty {
            party: party.clone(),
            members: count(hit),
            of: count(all),
            complete,
        });
    }
    affected.parties.sort();
    affected.people =
        rest.iter().filter_map(|number| engine.table.name(number)?.account().cloned()).collect();
    affected
}

/// The people surely in a group or class who can act at all, and whether there are no others.
fn members(party: &Principal, engine: &Engine<'_>) -> (RoaringBitmap, bool) {
    let (members, complete) = match party {
        Principal::Group(group) => {
            let complete = matches!(engine.live.directory.members(group), Known::Known(_));
            (engine.memberships.members(group).map(|members| members.sure.clone()), complete)
        }
        Principal::Class(class) => {
            (Some(engine.memberships.class(*class).sure.clone()), *class != AccessClass::JsmProjectAdmins)
        }
        Principal::User(_) | Principal::Anonymous => (None, true),
    };
    (members.unwrap_or_default() & engine.memberships.living(), complete)
}

/// The order in which principals are named: a class comes before those that it contains.
const fn width(party: &Principal) -> u8 {
    match party {
        Principal::Anonymous => 0,
        Principal::Class(AccessClass::AuthenticatedUsers) => 1,
        Principal::Class(AccessClass::AllLicensedUsers) => 2,
        Principal::Class(AccessClass::AllProductAdmins | AccessClass::JsmProjectAdmins) => 3,
        Principal::Group(_) | Principal::User(_) => 4,
    }
}

fn count(people: u64) -> usize {
    usize::try_from(people).unwrap_or(usize::MAX)
}
