//! Chooses the people whose access the check simulates. A person is described by the principals that match them.
//!
//! Those whose groups are known, as they are; people who are in one group alone, since they come and go while a run
//! lasts; and of the groups whose members could not be read, any one together with each known account, any two,
//! and where there are few of them any three. The account that runs the plan knows its own groups, and is in no other
//! of these. Of principals that hold the same and are on the same lists, before and
//! after, one stands for all.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::content::ListAt;
use super::space::{Space, Steps, calls_by_principal};
use crate::model::{AccessClass, Audience, Known, Principal, Subject, Truth};
use crate::plan::rights::is_caller;

/// More people who are in a group that cannot be read, beside what they are known to be, are not looked at.
const MOST: usize = 20_000;

/// Up to so many groups, people in any three of them are looked at.
const FEW: usize = 8;

pub(super) struct People {
    /// All that matter, ascending.
    pub(super) principals: Vec<Principal>,
    /// The places of those that a person counts as, ascending, each set once.
    pub(super) sets: Vec<Vec<usize>>,
    /// The places of those who must be able to finish.
    pub(super) protected: BTreeSet<usize>,
}

impl People {
    pub(super) fn of(space: &Space<'_>, lists: &[ListAt<'_>]) -> Self {
        let holders = space.before.holdings.keys().chain(space.after.holdings.keys()).cloned();
        let audiences = lists.iter().flat_map(ListAt::audiences);
        let listed: BTreeSet<&Subject> = audiences.flat_map(Audience::subjects).collect();
        let caller = Principal::User(space.live.site.caller.account.clone());
        let must_finish: BTreeSet<Principal> =
            space.guards.required_admins.keys().cloned().chain([caller]).collect();
        let all: BTreeSet<Principal> = holders
            .chain(listed.into_iter().cloned().map(Principal::from))
            .chain(must_finish.iter().cloned())
            .collect();
        let principals: Vec<Principal> = all.into_iter().collect();
        let protected =
            (0..principals.len()).filter(|place| must_finish.contains(&principals[*place])).collect();
        let stands_for = representatives(space, lists, &principals, &protected);
        let mut sets = sets(space, &principals, &stands_for);
        if let Some(only) = space.only {
            sets.retain(|person| person.iter().any(|place| only.contains(&principals[*place])));
        }
        Self { principals, sets, protected }
    }

    /// The account that runs the plan alone, by all that it surely counts as.
    pub(super) fn of_caller(space: &Space<'_>) -> Self {
        let holders: BTreeSet<&Principal> =
            space.before.holdings.keys().chain(space.after.holdings.keys()).collect();
        let principals: Vec<Principal> =
            holders.into_iter().filter(|who| is_caller(who, space.live) == Truth::Yes).cloned().collect();
        let sets = vec![(0..principals.len()).collect()];
        Self { principals, sets, protected: BTreeSet::new() }
    }
}

/// For each principal the place of the first that is no different.
fn representatives(
    space: &Space<'_>,
    lists: &[ListAt<'_>],
    principals: &[Principal],
    protected: &BTreeSet<usize>,
) -> Vec<usize> {
    let mut listed: BTreeMap<&Subject, Vec<usize>> = BTreeMap::new();
    for (number, audience) in lists.iter().flat_map(ListAt::audiences).enumerate() {
        for subject in audience.subjects() {
            listed.entry(subject).or_default().push(number);
        }
    }
    let changing = changing(space);
    let mut known = BTreeMap::new();
    (0..principals.len())
        .map(|place| {
            let who = &principals[place];
            let roles = &space.live.roles;
            let held = [space.before.surely_gives(who, roles), space.before.may_give(who, roles)];
            // What a call is about may come and go in its own way.
            let call = changing.contains(who).then_some(place);
            let lists = who.subject().and_then(|who| listed.get(&who).cloned());
            let key = (held, call, lists, protected.contains(&place), *who == Principal::Anonymous);
            *known.entry(key).or_insert(place)
        })
        .collect()
}

/// Those whose rows or roles change.
fn changing<'a>(space: &Space<'a>) -> BTreeSet<&'a Principal> {
    match space.steps {
        Steps::Calls(calls) => calls_by_principal(calls).into_keys().collect(),
        Steps::Through(state) => {
            let was = |who: &Principal| space.before.holdings.get(who);
            let holders = [state, space.after].into_iter().flat_map(|state| &state.holdings);
            let new = holders.filter(|(who, held)| was(who) != Some(held)).map(|(who, _)| who);
            let gone =
                space.before.holdings.keys().filter(|who| {
                    !state.holdings.contains_key(who) || !space.after.holdings.contains_key(who)
                });
            new.chain(gone).collect()
        }
    }
}

/// How principals count for people, each by the place of the one that stands for it.
#[derive(Default)]
struct Sorted {
    /// What each account is known to count as, by its number.
    accounts: HashMap<usize, Vec<usize>>,
    /// Groups whose members could not be read.
    groups: BTreeSet<usize>,
    /// Classes about which it is not known who is in them.
    classes: BTreeSet<usize>,
    /// What all people count as.
    everyone: BTreeSet<usize>,
    /// What most people count as.
    some: BTreeSet<usize>,
}

impl Sorted {
    fn of(space: &Space<'_>, principals: &[Principal], stands_for: &[usize]) -> Self {
        let mut sorted = Self::default();
        let mut read: Vec<(&[usize], usize)> = Vec::new();
        for (nth, (principal, &place)) in principals.iter().zip(stands_for).enumerate() {
            match principal {
                Principal::User(account) => {
                    let number = space.accounts.number(account, nth);
                    sorted.accounts.entry(number).or_default().push(place);
                }
                Principal::Group(group) => match space.accounts.members(group) {
                    Some(members) => read.push((members, place)),
                    None => drop(sorted.groups.insert(place)),
                },
                Principal::Anonymous if space.live.site.anonymous_access == Known::Known(true) => {
                    sorted.everyone.insert(place);
                }
                Principal::Anonymous
                | Principal::Class(AccessClass::AllLicensedUsers | AccessClass::AuthenticatedUsers) => {
                    sorted.some.insert(place);
                }
                Principal::Class(AccessClass::AllProductAdmins | AccessClass::JsmProjectAdmins) => {
                    sorted.classes.insert(place);
                }
            }
        }
        // An account in the largest group alone is the same as any other of them, and is looked at anyway.
        read.sort_by_key(|(members, place)| (members.len(), *place));
        let largest = read.pop();
        for (members, place) in read {
            for &account in members {
                sorted.accounts.entry(account).or_default().push(place);
            }
        }
        if let Some((members, place)) = largest {
            for (_, places) in
                sorted.accounts.iter_mut().filter(|(account, _)| members.binary_search(account).is_ok())
            {
                places.push(place);
            }
        }
        sorted
    }

    /// Takes out the account that runs the plan, with its groups, if they are known: it is in no other.
    fn take_caller(
        &mut self,
        space: &Space<'_>,
        principals: &[Principal],
        stands_for: &[usize],
    ) -> Option<Vec<usize>> {
        let caller = &space.live.site.caller;
        let own = caller.groups.as_ref().known()?;
        let is_account =
            |who: &Principal| matches!(who, Principal::User(account) if *account == caller.account);
        let nth = principals.iter().position(is_account).unwrap_or(principals.len());
        let mut own_places = self.accounts.remove(&space.accounts.number(&caller.account, nth))?;
        let is_own = |who: &Principal| matches!(who, Principal::Group(group) if own.contains(group));
        own_places.extend(
            principals.iter().zip(stands_for).filter(|(who, _)| is_own(who)).map(|(_, place)| *place),
        );
        Some(places(own_places))
    }
}

/// The places that a person counts as, ascending, each once.
fn places(of: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let mut places: Vec<usize> = of.into_iter().collect();
    places.sort_unstable();
    places.dedup();
    places
}

fn with(person: &[usize], another: usize) -> Vec<usize> {
    places(person.iter().copied().chain([another]))
}

fn sets(space: &Space<'_>, principals: &[Principal], stands_for: &[usize]) -> Vec<Vec<usize>> {
    let mut sorted = Sorted::of(space, principals, stands_for);
    let caller = sorted.take_caller(space, principals, stands_for);
    let Sorted { accounts, groups, classes, everyone, some } = sorted;
    let unread: BTreeSet<usize> = groups.union(&classes).copied().collect();
    let mut known: BTreeSet<Vec<usize>> = accounts.into_values().map(places).collect();
    let others = |place: &usize| !matches!(principals[*place], Principal::User(_));
    known.extend((0..principals.len()).filter(others).map(|place| vec![stands_for[place]]));
    known.insert(Vec::new());
    let and_another = |people: &BTreeSet<Vec<usize>>| -> BTreeSet<Vec<usize>> {
        people.iter().flat_map(|person| unread.iter().map(|group| with(person, *group))).collect()
    };
    let mut people = known.clone();
    if let Some(caller) = caller {
        people.extend(classes.iter().map(|class| with(&caller, *class)));
        people.insert(caller);
    }
    if known.len().saturating_mul(unread.len()) <= MOST {
        people.extend(and_another(&known));
    }
    if unread.len().saturating_mul(unread.len()) <= MOST {
        let two = and_another(&and_another(&BTreeSet::from([Vec::new()])));
        if unread.len() <= FEW {
            people.extend(and_another(&two));
        }
        people.extend(two);
    }
    // None of them, all of them, and each by itself: not all people are licensed, and not all are signed in.
    let each = some.iter().map(|place| vec![*place]);
    let beside: BTreeSet<Vec<usize>> = each.chain([Vec::new(), some.iter().copied().collect()]).collect();
    let all = beside.iter().flat_map(|more| {
        people.iter().map(|person| places(person.iter().chain(&everyone).chain(more.iter()).copied()))
    });
    all.collect::<BTreeSet<Vec<usize>>>().into_iter().collect()
}
