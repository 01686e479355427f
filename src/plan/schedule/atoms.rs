//! The people that an order of calls can affect: one atom for all people who match the same principals.
//!
//! People whose groups are known are taken as they are. Where the members of a group could not be read,
//! any account may be in it, together with anything else. Of such groups that count for the same, one stands for
//! all: to be in two of them gives no more than to be in one. To get past a number of lists no account needs more
//! groups than there are lists, so combinations of that many stand for all. Where that would be too many
//! to look at, there are no atoms: pairs of principals stand for all accounts that there can be ([`super::pairs`]).

use std::collections::{BTreeSet, HashMap};

use roaring::RoaringBitmap;

use crate::access::has_service_desk;
use crate::model::{AccessClass, Known, Live, Principal, Vocabulary};

use super::super::accounts::Accounts;

/// What the spaces of a site have in common for the people of each, looked up once for all of them.
#[derive(Debug)]
pub(super) struct GroupIndex<'a> {
    accounts: Accounts<'a>,
    /// Whether the site shows signs of Jira Service Management, which can open spaces to every signed-in person.
    pub(super) service_desk: bool,
    /// Whether companions are known to come along.
    pub(super) vocabulary: Vocabulary,
}

impl<'a> GroupIndex<'a> {
    pub(super) fn of(live: &'a Live) -> Self {
        Self {
            accounts: Accounts::of(&live.directory),
            service_desk: has_service_desk(live),
            vocabulary: live.vocabulary(),
        }
    }

    /// All people who might notice, told apart only as far as these principals do. They are in ascending
    /// order, and an atom names them by their place.
    ///
    /// Principals of the same of `kinds` count for the same. `lists` is the largest number of lists that an account has to
    /// get past. `None` where it would be more than `most`.
    pub(super) fn atoms(
        &self,
        principals: &[Principal],
        kinds: &[usize],
        lists: usize,
        live: &Live,
        most: usize,
    ) -> Option<Vec<Atom>> {
        let mut groups: Vec<(usize, &[usize])> = Vec::new();
        let mut people: HashMap<usize, Vec<usize>> = HashMap::new();
        // What everyone counts as, and what some people do not: guests and apps are none of the licensed.
        let (mut everyone, mut perhaps, mut unknown) = (Vec::new(), Vec::new(), Vec::new());
        for (place, principal) in principals.iter().enumerate() {
            match principal {
                Principal::User(account) => {
                    people.entry(self.accounts.number(account, place)).or_default().push(place);
                }
                Principal::Group(id) => match self.accounts.members(id) {
                    Some(members) => groups.push((place, members)),
                    None => unknown.push(place),
                },
                // Whether it counts for people who are signed in is known only where the site lets it in.
                Principal::Anonymous if live.site.anonymous_access == Known::Known(true) => {
                    everyone.push(place);
                }
                Principal::Anonymous
                | Principal::Class(AccessClass::AllLicensedUsers | AccessClass::AuthenticatedUsers) => {
                    perhaps.push(place);
                }
                Principal::Class(AccessClass::AllProductAdmins | AccessClass::JsmProjectAdmins) => {
                    unknown.push(place);
                }
            }
        }
        // An account in the largest group alone is the same as any other such: an atom below.
        groups.sort_by_key(|(place, members)| (members.len(), *place));
        let largest = groups.pop();
        for (place, members) in groups {
            for &number in members {
                people.entry(number).or_default().push(place);
            }
        }
        if let Some((place, members)) = largest {
            for (number, places) in &mut people {
                if members.binary_search(number).is_ok() {
                    places.push(place);
                }
            }
        }

        let mut known: BTreeSet<Vec<usize>> = people.into_values().collect();
        // Memberships come and go while a run lasts: no access may hang on a second one.
        known.extend(firsts(0..principals.len(), kinds).map(|place| vec![place]));
        known.insert(Vec::new());
        known.extend(possible_callers(principals, live));
        let unknown: Vec<usize> = firsts(unknown, kinds).collect();
        let classes = combinations(&perhaps, perhaps.len(), most)?;
        let combinations = combinations(&unknown, lists, most / known.len() / classes.len())?;
        let mut atoms: BTreeSet<Atom> = BTreeSet::new();
        for person in &known {
            for combination in &combinations {
                for classes in &classes {
                    let places = person.iter().chain(combination).chain(classes).chain(&everyone);
                    atoms.insert(Atom::new(places.copied()));
                }
            }
        }
        if let Ok(anonymous) = principals.binary_search(&Principal::Anonymous) {
            atoms.insert(Atom::new([anonymous]));
        }
        (atoms.len() <= most).then(|| atoms.into_iter().collect())
    }

    /// Whether an account may be two principals at once, as far as that is known.
    pub(super) fn may_be_one(&self, one: &Principal, other: &Principal) -> bool {
        let (Some(ones), Some(others)) = (self.accounts.behind(one), self.accounts.behind(other)) else {
            return true;
        };
        let (few, many) = if ones.len() < others.len() { (ones, others) } else { (others, ones) };
        one == other || few.iter().any(|number| many.binary_search(number).is_ok())
    }

    /// Any account that could exist is at most two of these as far as a conflict can tell. Of accounts that are named for
    /// the time being only, and are known to be in groups, it is not asked what they could do without these.
    pub(super) fn singles(&self, principals: &[Principal], for_now: &BTreeSet<usize>) -> Singles {
        let mut of_account: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut named: Vec<(usize, usize)> = Vec::new();
        let mut unread = Vec::new();
        for (place, principal) in principals.iter().enumerate() {
            match principal {
                Principal::User(account) => {
                    named.extend(self.accounts.in_groups(account).map(|number| (number, place)));
                }
                Principal::Group(group) => match self.accounts.members(group) {
                    Some(members) => {
                        for &member in members {
                            of_account.entry(member).or_default().push(place);
                        }
                    }
                    None => unread.push(place),
                },
                Principal::Class(_) | Principal::Anonymous => unread.push(place),
            }
        }
        let mut atoms: Vec<Atom> = (0..principals.len()).map(|place| Atom::new([place])).collect();
        atoms.push(Atom::new([]));
        for (account, own) in named {
            // Its groups are known, so no other account stands for it.
            if let Some(groups) = of_account.remove(&account) {
                let whole = Atom::new(groups.into_iter().chain([own]));
                if for_now.contains(&own) { atoms[own] = whole } else { atoms.push(whole) }
            }
        }
        let mut all = RoaringBitmap::new();
        all.insert_range(0..single(atoms.len()));
        let mut everywhere: RoaringBitmap = unread.iter().copied().map(single).collect();
        everywhere.insert(single(principals.len()));
        let mut beside = vec![everywhere.clone(); atoms.len()];
        for groups in of_account.into_values() {
            let groups: RoaringBitmap = groups.into_iter().map(single).collect();
            for group in &groups {
                beside[group as usize] |= &groups;
            }
        }
        for (number, beside) in (0..).zip(&mut beside) {
            if everywhere.contains(number) { all.clone_into(beside) } else { _ = beside.insert(number) }
        }
        let mut at = vec![Vec::new(); principals.len()];
        for (number, atom) in atoms.iter().enumerate() {
            atom.places().iter().for_each(|place| at[*place].push(number));
        }
        Singles { atoms, at, beside }
    }
}

/// The first place of each kind.
fn firsts(places: impl IntoIterator<Item = usize>, kinds: &[usize]) -> impl Iterator<Item = usize> {
    let mut seen = BTreeSet::new();
    places.into_iter().filter(move |place| seen.insert(kinds[*place]))
}

/// The places of the account that runs this, which other people may share: one set where its groups are known. Otherwise
/// it may be in none of them, in any one, or in all.
fn possible_callers(principals: &[Principal], live: &Live) -> BTreeSet<Vec<usize>> {
    let caller = &live.site.caller;
    let (mut sure, mut unsure) = (Vec::new(), Vec::new());
    for (place, principal) in principals.iter().enumerate() {
        match principal {
            Principal::User(account) if *account == caller.account => sure.push(place),
            Principal::Group(group) => match caller.is_in(group) {
                Some(true) => sure.push(place),
                Some(false) => {}
                None => unsure.push(place),
            },
            Principal::User(_) | Principal::Class(_) | Principal::Anonymous => {}
        }
    }
    let all: Vec<usize> = [&sure[..], &unsure[..]].concat();
    let with_one = unsure.iter().map(|&place| [&sure[..], &[place]].concat());
    with_one.chain([sure.clone(), all]).collect()
}

/// People who match exactly these of the principals that matter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Atom(Box<[usize]>);

impl Atom {
    fn new(places: impl IntoIterator<Item = usize>) -> Self {
        let mut places: Vec<usize> = places.into_iter().collect();
        places.sort_unstable();
        places.dedup();
        Self(places.into())
    }

    /// The places of the principals, ascending.
    pub(super) fn places(&self) -> &[usize] {
        &self.0
    }
}

/// People who are a single principal, or none, or an account that stands among the principals by name, with all its
/// groups.
#[derive(Debug)]
pub(super) struct Singles {
    pub(super) atoms: Vec<Atom>,
    /// For each place those that it is one of.
    pub(super) at: Vec<Vec<usize>>,
    /// For each the others that the same account may be, itself among them.
    pub(super) beside: Vec<RoaringBitmap>,
}

/// The number of a place in sets.
pub(super) fn single(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// All sets of at most `size` of these, if there are at most `most`.
fn combinations(unknown: &[usize], size: usize, most: usize) -> Option<Vec<Vec<usize>>> {
    let mut all = vec![Vec::new()];
    let mut from = 0;
    for _ in 0..size.min(unknown.len()) {
        let to = all.len();
        for at in from..to {
            let after = match all[at].last() {
                None => 0,
                Some(last) => unknown.partition_point(|place| place <= last),
            };
            for &place in &unknown[after..] {
                let mut larger: Vec<usize> = all[at].clone();
                larger.push(place);
                all.push(larger);
            }
            if all.len() > most {
                return None;
            }
        }
        from = to;
    }
    (all.len() <= most.max(1)).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_are_all_there_or_none_is() {
        let all = combinations(&[1, 3, 5], 2, 100).unwrap();
        assert_eq!(all, [vec![], vec![1], vec![3], vec![5], vec![1, 3], vec![1, 5], vec![3, 5]]);
        assert_eq!(combinations(&[1, 3, 5], 2, 6), None);
        assert_eq!(combinations(&[], 5, 0), Some(vec![vec![]]));
    }
}
