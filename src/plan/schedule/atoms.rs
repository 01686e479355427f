//! Whom an order of calls can affect: one atom for all people who match the same principals.
//!
//! People whose groups are known are taken as they are. Where the members of a group could not be read,
//! anybody may be in it, together with anything else. To get past a number of lists nobody needs more
//! groups than there are lists, so combinations of that many stand for all.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{AccessClass, AccountId, Audience, Directory, Known, Principal};

/// More combinations than this are not looked at.
const MOST: usize = 5_000;

/// People who match exactly these of the principals that matter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Atom(BTreeSet<Principal>);

impl Atom {
    pub(super) fn matches(&self, principal: &Principal) -> bool {
        self.0.contains(principal)
    }

    /// Whether a list lets these people through.
    pub(super) fn passes(&self, audience: &Audience) -> bool {
        match audience {
            Audience::Anyone => true,
            Audience::Only(members) => members.iter().any(|subject| self.matches(&subject.clone().into())),
        }
    }

    pub(super) const fn principals(&self) -> &BTreeSet<Principal> {
        &self.0
    }
}

/// Everybody who might notice, told apart only as far as these principals do.
///
/// `lists` is the largest number of lists that anybody has to get past. The second value says whether
/// all combinations could be looked at.
pub(super) fn atoms(
    principals: &BTreeSet<Principal>,
    lists: usize,
    directory: &Directory,
) -> (BTreeSet<Atom>, bool) {
    let mut people: BTreeMap<&AccountId, BTreeSet<Principal>> = BTreeMap::new();
    let mut everybody: BTreeSet<Principal> = BTreeSet::new();
    let mut unknown: Vec<Principal> = Vec::new();
    for principal in principals {
        match principal {
            Principal::User(account) => {
                people.entry(account).or_default().insert(principal.clone());
            }
            Principal::Group(id) => match directory.groups.get(id).map(|group| &group.members) {
                Some(Known::Known(members)) => {
                    for account in members {
                        people.entry(account).or_default().insert(principal.clone());
                    }
                }
                Some(Known::Unknown(_)) | None => unknown.push(principal.clone()),
            },
            Principal::Anonymous
            | Principal::Class(AccessClass::AllLicensedUsers | AccessClass::AuthenticatedUsers) => {
                everybody.insert(principal.clone());
            }
            Principal::Class(AccessClass::AllProductAdmins | AccessClass::JsmProjectAdmins) => {
                unknown.push(principal.clone());
            }
        }
    }

    let mut known: BTreeSet<BTreeSet<Principal>> = people.into_values().collect();
    // Memberships come and go while a run lasts: nobody's access may hang on a second one.
    known.extend(principals.iter().map(|principal| BTreeSet::from([principal.clone()])));
    known.insert(BTreeSet::new());
    let (combinations, exact) = combinations(&unknown, lists);
    let mut atoms: BTreeSet<Atom> = BTreeSet::new();
    for person in &known {
        for combination in &combinations {
            atoms.insert(Atom(person.iter().chain(combination).chain(&everybody).cloned().collect()));
        }
    }
    if principals.contains(&Principal::Anonymous) {
        atoms.insert(Atom(BTreeSet::from([Principal::Anonymous])));
    }
    (atoms, exact)
}

/// All sets of at most `size` of these, or as large ones as can be looked at.
fn combinations(unknown: &[Principal], size: usize) -> (BTreeSet<BTreeSet<Principal>>, bool) {
    let mut all = BTreeSet::from([BTreeSet::new()]);
    let mut last = all.clone();
    for _ in 0..size.min(unknown.len()) {
        if last.len().saturating_mul(unknown.len()) > MOST.saturating_mul(size) {
            return (all, false);
        }
        let mut larger = BTreeSet::new();
        for set in &last {
            for principal in unknown.iter().filter(|principal| !set.contains(principal)) {
                let mut set: BTreeSet<Principal> = set.clone();
                set.insert(principal.clone());
                larger.insert(set);
            }
        }
        all.extend(larger.iter().cloned());
        last = larger;
    }
    (all, true)
}
