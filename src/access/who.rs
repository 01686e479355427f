//! All people who can do something.

use std::collections::BTreeSet;

use roaring::RoaringBitmap;

use super::census::{Tier, anonymous_doubt, members_unread};
use super::engine::{Engine, is_archived};
use super::outside::Outside;
use super::question::{Clause, EditList, Level, Needed, Object, Reason, Route, Verb};
use super::reach::Reach;
use super::standing::Standing;
use crate::model::{
    AccessClass, AccountId, AccountStatus, Audience, Content, Holding, Known, LiveSpace, PageVerb, Principal,
    Subject, Truth,
};

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
    pub gates: Vec<Gate>,
    /// Ways around the lists.
    pub outside: Vec<Outside>,
    /// Accounts that are named on the way and can do nothing any more.
    pub dead: Vec<Dead>,
    /// Why there may be more people, or fewer.
    pub incomplete: BTreeSet<Reason>,
}

/// What one level asks for, with the routes through it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
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

/// A route with those that it lets through.
struct Way {
    route: Route,
    reach: Reach,
}

/// A gate before it is known who gets through all of them.
struct Filter {
    level: Level,
    needed: Needed,
    ways: Vec<Way>,
    reach: Reach,
}

impl Engine<'_> {
    /// All people who may do it. Where the object is not known the answer is empty and says why.
    pub fn who(&self, verb: Verb, object: &Object) -> Who {
        let mut who = Who { outside: self.outside(object), ..Who::default() };
        if self.census.licences_assumed {
            who.incomplete.insert(Reason::LicencesUnlisted);
        }
        let Some(space) = self.space(object.space()) else {
            who.incomplete.insert(Reason::NoSuchSpace { space: object.space().clone() });
            return who;
        };
        let content = object.content().and_then(|id| space.tree.as_ref()?.get(id));
        let mut filters: Vec<Filter> = Vec::new();
        for clause in self.clauses(verb, object, content) {
            filters.push(self.space_filter(space, &clause, &mut who));
        }
        if let (Some(id), false) = (object.content(), matches!(verb, Verb::Space(_))) {
            match (&space.tree, content) {
                (Some(_), Some(content)) => {
                    filters.extend(self.list_filters(space, content, verb.edit_list(), &mut who));
                }
                (tree, _) => {
                    who.incomplete.insert(match tree {
                        Some(_) => Reason::NoSuchContent { content: id },
                        None => Reason::TreeNotRead { space: space.space.key.clone() },
                    });
                    return who;
                }
            }
        }
        let mut reach = filters
            .iter()
            .map(|filter| &filter.reach)
            .fold(None, |all: Option<Reach>, next| {
                Some(all.map_or_else(|| next.clone(), |all| all.and(next)))
            })
            .unwrap_or_default();
        if is_archived(space) {
            who.incomplete.insert(Reason::SpaceArchived { space: space.space.key.clone() });
            reach = reach.doubted();
        }
        self.name(&reach, filters, &mut who);
        who
    }

    fn name(&self, reach: &Reach, filters: Vec<Filter>, who: &mut Who) {
        who.people = self.people(&reach.sure);
        who.perhaps = self.people(&reach.perhaps);
        who.parties = self.parties_among(&reach.sure);
        who.perhaps_parties = self.parties_among(&reach.perhaps);
        // All licensed people include every group: naming them all says nothing.
        if who.parties.contains(&Principal::Class(AccessClass::AllLicensedUsers)) {
            who.parties.retain(|party| !matches!(party, Principal::Group(_)));
        }
        for number in &reach.perhaps {
            who.incomplete.extend(self.census.standing_doubts(number, self.live, &self.roll));
        }
        let anyone = reach.any();
        who.gates = filters
            .into_iter()
            .map(|filter| Gate {
                level: filter.level,
                needed: filter.needed,
                routes: filter
                    .ways
                    .into_iter()
                    .map(|way| Through {
                        route: way.route,
                        people: self.people(&(way.reach.any() & &anyone)),
                    })
                    .collect(),
            })
            .collect();
        who.dead.sort();
        who.dead.dedup();
    }

    /// Groups, classes and `anonymous`.
    fn parties_among(&self, numbers: &RoaringBitmap) -> BTreeSet<Principal> {
        let parties = numbers.iter().filter_map(|number| self.roll.name(number));
        parties.filter(|party| !matches!(party, Principal::User(_))).cloned().collect()
    }

    fn people(&self, numbers: &RoaringBitmap) -> BTreeSet<AccountId> {
        numbers
            .iter()
            .filter_map(|number| match self.roll.name(number)? {
                Principal::User(account) => Some(account.clone()),
                Principal::Group(_) | Principal::Class(_) | Principal::Anonymous => None,
            })
            .collect()
    }

    fn space_filter(&self, space: &LiveSpace, clause: &Clause, who: &mut Who) -> Filter {
        let mut ways = Vec::new();
        let certain = clause.any_of.iter().map(|permission| (*permission, true));
        for (permission, certain) in certain.chain(clause.perhaps.map(|permission| (permission, false))) {
            for (principal, holding) in &space.holdings {
                let held = space.gives(principal, permission, &self.live.roles);
                if held == Truth::No {
                    continue;
                }
                let role = match holding {
                    Holding::Role(role) => Some(role.clone()),
                    Holding::Grants(_) => None,
                };
                if let (Truth::Unknown, Some(role)) = (held, &role) {
                    who.incomplete.insert(Reason::RoleUnread { role: role.clone() });
                }
                if !certain {
                    who.incomplete.insert(Reason::AuthorUnread);
                }
                self.note(principal, Tier::of(permission), Level::Space, who);
                let guest = self.roll.find(principal).and_then(|party| {
                    self.census.guest_doubt(principal, party, &space.space.key, &self.roll)
                });
                who.incomplete.extend(guest);
                let reach = self.held(space, principal, permission);
                let reach = if certain { reach.into_owned() } else { reach.into_owned().doubted() };
                ways.push(Way {
                    route: Route::Grant { principal: principal.clone(), permission, role },
                    reach,
                });
            }
            for way in self.unlisted(space, permission) {
                who.incomplete.extend(way.doubt);
                let reach = way.reach.into_owned();
                let reach = if certain { reach } else { reach.doubted() };
                ways.push(Way { route: way.route, reach });
            }
        }
        let mut any_of = clause.any_of.clone();
        any_of.extend(clause.perhaps);
        let reach = self.granted(space, clause);
        Filter { level: Level::Space, needed: Needed::Permission { any_of }, ways, reach }
    }

    fn list_filters(
        &self,
        space: &LiveSpace,
        content: &Content,
        edit_list: EditList,
        who: &mut Who,
    ) -> Vec<Filter> {
        let mut filters = Vec::new();
        if let Some(chain) = space.tree.as_ref().map(|tree| tree.chain(content.id)) {
            if let Some(missing) = chain.missing {
                who.incomplete.insert(Reason::above(missing));
                filters.push(self.unread(Level::Ancestor(missing.content()), PageVerb::View));
            }
            for ancestor in chain.ancestors.into_iter().rev() {
                let mut above = self.list_filter(Level::Ancestor(ancestor.id), ancestor, PageVerb::View, who);
                if let Some(filter) = above.as_mut().filter(|_| content.archived) {
                    who.incomplete.insert(Reason::ArchivedBelowLists { content: content.id });
                    filter.reach.or(&self.everyone().doubted());
                }
                filters.extend(above);
            }
        }
        let own = Level::Content(content.id);
        filters.extend(self.list_filter(own, content, PageVerb::View, who));
        if edit_list != EditList::Ignored {
            let mut edit = self.list_filter(own, content, PageVerb::Edit, who);
            if let (Some(filter), EditList::Perhaps) = (&mut edit, edit_list) {
                who.incomplete.insert(Reason::DeleteAgainstEditList);
                filter.reach.or(&self.everyone().doubted());
            }
            filters.extend(edit);
        }
        filters
    }

    /// The gate of one list; none where it is open.
    fn list_filter(&self, level: Level, content: &Content, verb: PageVerb, who: &mut Who) -> Option<Filter> {
        let lists = match content.restrictions.as_ref() {
            Known::Known(lists) => lists,
            Known::Unknown(why) => {
                who.incomplete.insert(Reason::ListsUnread { content: content.id, why });
                return Some(self.unread(level, verb));
            }
        };
        let Audience::Only(members) = lists.audience(verb) else { return None };
        let mut ways = Vec::new();
        for subject in members.iter() {
            let principal = Principal::from(Subject::clone(subject));
            self.note(&principal, Tier::LIST, level, who);
            let reach = self.census.reach(&principal, Tier::LIST, &self.roll).into_owned();
            ways.push(Way { route: Route::Listed { subject: subject.clone() }, reach });
        }
        Some(Filter { level, needed: Needed::OnList(verb), ways, reach: self.listed(members) })
    }

    fn unread(&self, level: Level, verb: PageVerb) -> Filter {
        Filter { level, needed: Needed::OnList(verb), ways: Vec::new(), reach: self.everyone().doubted() }
    }

    fn everyone(&self) -> Reach {
        Reach::sure(self.roll.iter().map(|(number, _)| number).collect())
    }

    /// Notes what is dead about a principal, and what of it could not be read.
    fn note(&self, principal: &Principal, tier: Tier, level: Level, who: &mut Who) {
        match principal {
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
                let members = self.census.reach(principal, tier, &self.roll);
                if members.perhaps.iter().any(|number| self.is_guest(number)) {
                    who.incomplete.insert(Reason::GuestInGroup { group: group.clone() });
                }
            }
            Principal::Class(AccessClass::JsmProjectAdmins) => {
                who.incomplete.insert(Reason::ClassUnread { principal: principal.clone() });
            }
            Principal::Class(_) => {}
            Principal::Anonymous => who.incomplete.extend(anonymous_doubt(&self.live.site)),
        }
    }

    fn is_guest(&self, number: u32) -> bool {
        self.census.standings(number).eq([Standing::Guest])
    }
}
