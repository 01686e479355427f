//! Who is who on a site: the site gate, and which people a principal stands for.
//!
//! The rules are those of the access model, sections 2 and 3. A standing that could not be read becomes
//! several possible ones, and a person with several is only perhaps in the sets of each.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use roaring::RoaringBitmap;

use super::principal_table::PrincipalTable;
use super::question::Reason;
use super::reach::Reach;
use super::standing::{Licences, Standing, Unlisted, numbers, standings};
use crate::model::{
    AccessClass, AccountId, Directory, Group, GroupId, Known, Live, Permission, Principal, ProductAccess,
    Site, SpaceKey, Subject, Truth,
};

/// Whether a group with members that cannot be read may hold everyone, or only people that are not
/// known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// Any person may be in it: what an answer about a person needs.
    AnyoneMayBeIn,
    /// It stands for itself: what a tale of changes needs, or all people would perhaps be affected by
    /// everything.
    StandsForItself,
}

/// All people by standing and by group.
#[derive(Debug)]
pub(super) struct MembershipIndex {
    standings: BTreeMap<u32, BTreeSet<Standing>>,
    groups: BTreeMap<GroupId, Membership>,
    /// The groups that give a licence, and those of which that is not known.
    licensing: Vec<GroupId>,
    /// The people who can act at all, or perhaps can.
    living: RoaringBitmap,
    doors: [TierSets; Tier::ALL.len()],
    /// No group is known to give a licence, so active people are taken to have one.
    pub(super) licences_assumed: bool,
    /// The numbers of people who are guests of a space, if they are guests.
    homes: BTreeMap<u32, SpaceKey>,
    unlisted: Unlisted,
}

/// Who is in a group, and for which of them it counts at each tier: asked for often, made once.
#[derive(Debug)]
struct Membership {
    members: Reach,
    counting: [OnceLock<Reach>; Tier::ALL.len()],
}

impl Membership {
    fn of(members: Reach) -> Self {
        Self { members, counting: Default::default() }
    }
}

/// Who can come in through each kind of principal.
#[derive(Debug, Default)]
struct TierSets {
    direct: Reach,
    group: Reach,
    anonymous: Reach,
    classes: BTreeMap<AccessClass, Reach>,
}

/// A principal that an entry names, with what decides for which of its people the entry counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct AccessEntry<'g> {
    pub(super) principal: &'g Principal,
    pub(super) tier: Tier,
    /// The space in which the entry stands, if it is not on a list.
    pub(super) space: Option<&'g SpaceKey>,
}

/// Permissions that reach differently far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tier {
    /// The only one that reaches the unlicensed [D5].
    Read,
    Ordinary,
    /// Withheld from guests [D2].
    NotForGuests,
    /// Withheld from guests and from anonymous.
    Administer,
}

impl Tier {
    const ALL: [Self; 4] = [Self::Read, Self::Ordinary, Self::NotForGuests, Self::Administer];

    /// Page lists reach those that ordinary permissions reach.
    pub(super) const LIST: Self = Self::Ordinary;

    pub(super) const fn of(permission: Permission) -> Self {
        match permission {
            Permission::ReadSpace => Self::Read,
            Permission::RestrictContent | Permission::ExportSpace => Self::NotForGuests,
            Permission::AdministerSpace => Self::Administer,
            _ => Self::Ordinary,
        }
    }
}

impl MembershipIndex {
    pub(super) fn of(
        live: &Live,
        table: &PrincipalTable,
        unreadable: Unreadable,
        unlisted: Unlisted,
    ) -> Self {
        let directory = &live.directory;
        let licences = Licences::of(directory, table, unlisted);
        let standings: BTreeMap<u32, BTreeSet<Standing>> = table
            .iter()
            .map(|(number, party)| (number, standings(party, live, licences.test(number))))
            .collect();
        let mut by_standing: BTreeMap<Standing, Reach> = BTreeMap::new();
        for (number, possible) in &standings {
            let answer = if possible.len() == 1 { Truth::Yes } else { Truth::Unknown };
            for standing in possible {
                by_standing.entry(*standing).or_default().insert(*number, answer);
            }
        }
        let people: RoaringBitmap = table
            .iter()
            .filter(|(_, party)| matches!(party, Principal::User(_)))
            .map(|(number, _)| number)
            .collect();
        let mut groups = BTreeMap::new();
        for (number, party) in table.iter() {
            let Principal::Group(id) = party else { continue };
            let is_deleted = directory.is_deleted(&Subject::Group(id.clone()));
            let mut members = if is_deleted { Reach::default() } else { Reach::one(number) };
            match (directory.members(id), unreadable) {
                (Known::Known(known), _) => members.sure.extend(numbers(known, table)),
                (Known::Unknown(_), Unreadable::AnyoneMayBeIn) => members.perhaps.clone_from(&people),
                (Known::Unknown(_), Unreadable::StandsForItself) => {}
            }
            groups.insert(id.clone(), members);
        }
        let admins = product_admins(directory, table, &groups, &licences);
        let out = |number: &u32| standings[number].iter().all(|standing| *standing == Standing::Out);
        let living = people.iter().filter(|number| !out(number)).collect();
        let doors = Tier::ALL
            .map(|tier| TierSets::of(tier, &live.site, table, &by_standing, &admins, unreadable, unlisted));
        let home = |(account, space): (&AccountId, &SpaceKey)| {
            Some((table.find(&Principal::User(account.clone()))?, space.clone()))
        };
        let homes = live.guests.iter().filter_map(home).collect();
        let groups = groups.into_iter().map(|(id, members)| (id, Membership::of(members))).collect();
        let uses = |group: &Group| !matches!(group.access, Known::Known(ProductAccess::None));
        let licensing = directory.groups.iter().filter(|(_, group)| uses(group)).map(|(id, _)| id.clone());
        let licensing = licensing.collect();
        let licences_assumed = licences.is_assumed();
        Self { standings, groups, licensing, living, doors, licences_assumed, homes, unlisted }
    }

    /// The people for which an entry that names a principal counts.
    pub(super) fn reach(&self, grantee: AccessEntry<'_>, table: &PrincipalTable) -> Cow<'_, Reach> {
        let doors = &self.doors[grantee.tier as usize];
        match grantee.principal {
            Principal::User(_) => {
                let mut reach = Reach::default();
                if let Some(party) = table.find(grantee.principal) {
                    reach.insert(party, self.reaches_person(grantee, party));
                }
                Cow::Owned(reach)
            }
            Principal::Group(group) => self.groups.get(group).map_or_else(Cow::default, |group| {
                let counting = &group.counting[grantee.tier as usize];
                Cow::Borrowed(counting.get_or_init(|| group.members.and(&doors.group)))
            }),
            Principal::Class(class) => Cow::Borrowed(&doors.classes[class]),
            Principal::Anonymous => Cow::Borrowed(&doors.anonymous),
        }
    }

    /// Whether the entry counts for one party, without making the set.
    pub(super) fn reaches(&self, grantee: AccessEntry<'_>, party: u32, table: &PrincipalTable) -> Truth {
        let doors = &self.doors[grantee.tier as usize];
        match grantee.principal {
            Principal::User(_) if table.find(grantee.principal) == Some(party) => {
                self.reaches_person(grantee, party)
            }
            Principal::User(_) => Truth::No,
            Principal::Group(group) => {
                let member = self.groups.get(group).map_or(Truth::No, |group| group.members.test(party));
                member.min(doors.group.test(party))
            }
            Principal::Class(class) => doors.classes[class].test(party),
            Principal::Anonymous => doors.anonymous.test(party),
        }
    }

    /// Whether an entry counts for the person that it names.
    fn reaches_person(&self, grantee: AccessEntry<'_>, party: u32) -> Truth {
        let elsewhere = grantee.space.is_some_and(|space| self.is_guest_elsewhere(party, space));
        let counts = self.doors[grantee.tier as usize].direct.test(party);
        counts.min(if elsewhere { Truth::Unknown } else { Truth::Yes })
    }

    /// Whether a person may be a guest of another space. Guests are given one space, and what an entry that names one
    /// gives elsewhere is not documented [D2].
    fn is_guest_elsewhere(&self, party: u32, space: &SpaceKey) -> bool {
        self.unlisted == Unlisted::Counts && self.may_be_guest(party) && self.homes.get(&party) != Some(space)
    }

    /// The people that a class stands for.
    pub(super) fn class(&self, class: AccessClass) -> &Reach {
        &self.doors[Tier::Read as usize].classes[&class]
    }

    pub(super) fn living(&self) -> &RoaringBitmap {
        &self.living
    }

    pub(super) fn licensing(&self) -> impl Iterator<Item = &GroupId> {
        self.licensing.iter()
    }

    /// Whether the group holds the party.
    pub(super) fn in_group(&self, group: &GroupId, party: u32) -> Truth {
        self.groups.get(group).map_or(Truth::No, |group| group.members.test(party))
    }

    pub(super) fn members(&self, group: &GroupId) -> Option<&Reach> {
        self.groups.get(group).map(|group| &group.members)
    }

    /// What the party may be; one standing when that is known.
    pub(super) fn standings(&self, party: u32) -> impl Iterator<Item = Standing> {
        self.standings.get(&party).into_iter().flatten().copied()
    }

    /// Why it is not certain that an entry counts for some parties, apart from what is not known of their accounts.
    pub(super) fn entry_doubts(
        &self,
        grantee: AccessEntry<'_>,
        parties: &RoaringBitmap,
        live: &Live,
    ) -> BTreeSet<Reason> {
        let mut doubts = BTreeSet::new();
        let Some(first) = parties.min() else { return doubts };
        match grantee.principal {
            Principal::User(account) => doubts.extend(self.guest_doubt(grantee, account, first)),
            Principal::Group(group) => {
                if parties.iter().any(|party| self.may_be_guest(party)) {
                    doubts.insert(Reason::GuestInGroup { group: group.clone() });
                }
                if self.members(group).is_some_and(|members| !members.perhaps.is_disjoint(parties)) {
                    doubts.extend(members_unread(group, &live.directory));
                }
            }
            Principal::Class(_) => {
                doubts.insert(Reason::ClassUnread { principal: grantee.principal.clone() });
            }
            Principal::Anonymous => doubts.extend(anonymous_doubt(&live.site)),
        }
        doubts
    }

    fn guest_doubt(&self, grantee: AccessEntry<'_>, account: &AccountId, party: u32) -> Option<Reason> {
        let space = grantee.space.filter(|space| self.is_guest_elsewhere(party, space))?;
        let home = self.homes.get(&party).cloned();
        Some(Reason::GuestElsewhere { account: account.clone(), space: space.clone(), home })
    }

    fn may_be_guest(&self, party: u32) -> bool {
        self.standings(party).any(|standing| standing == Standing::Guest)
    }

    /// Why the standing of a party is not certain.
    pub(super) fn standing_doubts(
        &self,
        party: u32,
        live: &Live,
        table: &PrincipalTable,
    ) -> BTreeSet<Reason> {
        let mut doubts = BTreeSet::new();
        let Some(Principal::User(account)) = table.name(party) else { return doubts };
        let possible: BTreeSet<Standing> = self.standings(party).collect();
        let account = account.clone();
        if possible.len() < 2 {
            if self.unlisted == Unlisted::Counts && possible.contains(&Standing::Unlicensed) {
                doubts.insert(Reason::UnlicensedUnread { account });
            }
            return doubts;
        }
        if possible.contains(&Standing::Out) || possible.contains(&Standing::App) {
            doubts.insert(Reason::AccountUnread { account });
            return doubts;
        }
        let guest = live.directory.people.get(&account).is_some_and(|person| person.guest.known().is_none());
        if possible.contains(&Standing::Licensed) {
            doubts.insert(if self.licences_assumed {
                Reason::LicencesUnlisted
            } else {
                Reason::LicenceUnread { account: account.clone() }
            });
        }
        if guest {
            doubts.insert(Reason::GuestUnread { account });
        }
        doubts
    }
}

/// Why the members of a group are not known, if they are not.
pub(super) fn members_unread(group: &GroupId, directory: &Directory) -> Option<Reason> {
    match directory.members(group) {
        Known::Known(_) => None,
        Known::Unknown(why) => Some(Reason::MembersUnread { group: group.clone(), why }),
    }
}

/// Why it is not certain what an anonymous grant means on this site.
pub(super) fn anonymous_doubt(site: &Site) -> Option<Reason> {
    match site.anonymous_access {
        Known::Known(true) => None,
        Known::Known(false) => Some(Reason::AnonymousOff),
        Known::Unknown(_) => Some(Reason::AnonymousUnread),
    }
}

impl TierSets {
    fn of(
        tier: Tier,
        site: &Site,
        table: &PrincipalTable,
        by_standing: &BTreeMap<Standing, Reach>,
        admins: &Reach,
        unreadable: Unreadable,
        unlisted: Unlisted,
    ) -> Self {
        let get = |standing: Standing| by_standing.get(&standing).cloned().unwrap_or_default();
        let only = |wanted: bool, reach: Reach| if wanted { reach } else { Reach::default() };
        let for_guests = matches!(tier, Tier::Read | Tier::Ordinary);
        let licensed = get(Standing::Licensed);
        let guests = only(for_guests, get(Standing::Guest));
        // No API tells whether the site lets in people without a licence at all [D5].
        let unlicensed = only(tier == Tier::Read, get(Standing::Unlicensed));
        let unlicensed = if unlisted == Unlisted::Counts { unlicensed.doubted() } else { unlicensed };
        let apps = get(Standing::App);

        // One who is perhaps licensed and perhaps a guest surely counts where both do. A plain union cannot see that
        // and need not: the answer is then unknown rather than wrong.
        let direct = Reach::union([&licensed, &guests, &apps].into_iter());
        let group = Reach::union([&licensed, &apps, &guests.clone().doubted()].into_iter());
        let signed_in = Reach::union(
            [&licensed, &unlicensed, &guests.clone().doubted(), &apps.clone().doubted()].into_iter(),
        );

        let number = |party: &Principal| table.find(party);
        let visitors = Reach::union([&licensed, &unlicensed, &guests, &apps].into_iter());
        let mut anonymous = match site.anonymous_access {
            Known::Known(true) => visitors,
            Known::Known(false) | Known::Unknown(_) => visitors.doubted(),
        };
        if let Some(not_signed_in) = number(&Principal::Anonymous) {
            anonymous.insert(
                not_signed_in,
                match site.anonymous_access {
                    Known::Known(true) => Truth::Yes,
                    Known::Known(false) => Truth::No,
                    Known::Unknown(_) => Truth::Unknown,
                },
            );
        }
        let mut service_desk = match unreadable {
            Unreadable::AnyoneMayBeIn => Reach::union([&licensed, &unlicensed].into_iter()).doubted(),
            Unreadable::StandsForItself => Reach::default(),
        };
        if let Some(party) = number(&Principal::Class(AccessClass::JsmProjectAdmins)) {
            service_desk.insert(party, Truth::Yes);
        }
        let classes = BTreeMap::from([
            (AccessClass::AllLicensedUsers, licensed.clone()),
            (AccessClass::AllProductAdmins, licensed.and(admins)),
            (AccessClass::AuthenticatedUsers, signed_in),
            (AccessClass::JsmProjectAdmins, service_desk),
        ]);
        let anonymous = only(tier != Tier::Administer, anonymous);
        Self { direct, group, anonymous, classes }
    }
}

fn product_admins(
    directory: &Directory,
    table: &PrincipalTable,
    groups: &BTreeMap<GroupId, Reach>,
    licences: &Licences,
) -> Reach {
    let mut admins = match licences {
        // Where no group is known to give a licence, none is known to make product admins, and anyone may be one.
        Licences::Unlisted(Truth::Unknown) => {
            Reach::sure(table.iter().map(|(number, _)| number).collect()).doubted()
        }
        Licences::Unlisted(_) | Licences::Listed(_) => Reach::default(),
    };
    for (id, members) in groups {
        match directory.groups.get(id).map(|group| group.access) {
            Some(Known::Known(ProductAccess::Admin)) => admins.or(members),
            Some(Known::Known(ProductAccess::None | ProductAccess::User)) => {}
            None if directory.members(id) == Known::Known(&BTreeSet::new()) => {}
            Some(Known::Unknown(_)) | None => admins.or(&members.clone().doubted()),
        }
    }
    if let Some(number) = table.find(&Principal::Class(AccessClass::AllProductAdmins)) {
        admins.insert(number, Truth::Yes);
    }
    admins
}
