//! How accounts stand to the site's gate: licensed or not, guests, apps, gone.
//!
//! Where the site does not say which, an account has several possible standings. Who is licensed follows from the
//! groups that give access to the product, and who is a guest from what the site says of the account, or else the
//! policy.

use std::collections::BTreeSet;

use super::principal_table::PrincipalTable;
use super::reach::Reach;
use crate::model::{
    AccessClass, AccountId, AccountKind, AccountStatus, Directory, Group, Known, Live, Person, Principal,
    ProductAccess, Truth, Why,
};

/// Whether there may be what no list of the site tells: entries that it leaves out, licences where no group is known
/// to give one, spaces that are open to people without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unlisted {
    /// It may, and an answer that depends on it is unknown.
    Counts,
    /// The lists are taken to be complete.
    Ignored,
}

/// How an account stands to the site's gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    /// Deactivated or deleted.
    Out,
    /// Signed in, without a licence: a customer of the service desk, say.
    Unlicensed,
    Licensed,
    Guest,
    App,
}

/// Who is licensed by membership of a group that gives access to the product.
pub(super) enum Licences {
    Listed(Reach),
    /// No group is known to give any, though people sign in.
    Unlisted(Truth),
}

impl Licences {
    pub(super) fn of(directory: &Directory, table: &PrincipalTable, unlisted: Unlisted) -> Self {
        let gives =
            |group: &Group| matches!(group.access, Known::Known(ProductAccess::User | ProductAccess::Admin));
        if !directory.groups.values().any(gives) {
            return Self::Unlisted(match unlisted {
                Unlisted::Counts => Truth::Unknown,
                Unlisted::Ignored => Truth::Yes,
            });
        }
        let mut licensed = Reach::default();
        let mut any_person = false;
        for group in directory.groups.values() {
            let answer = match group.access {
                Known::Known(ProductAccess::User | ProductAccess::Admin) => Truth::Yes,
                Known::Known(ProductAccess::None) => continue,
                Known::Unknown(_) => Truth::Unknown,
            };
            match &group.members {
                Known::Known(members) => {
                    for number in numbers(members, table) {
                        licensed.insert(number, answer);
                    }
                }
                Known::Unknown(_) => any_person = true,
            }
        }
        if any_person {
            for (number, _) in table.iter() {
                licensed.insert(number, Truth::Unknown);
            }
        }
        Self::Listed(licensed)
    }

    pub(super) const fn is_assumed(&self) -> bool {
        matches!(self, Self::Unlisted(_))
    }

    pub(super) fn test(&self, number: u32) -> Truth {
        match self {
            Self::Listed(licensed) => licensed.test(number),
            Self::Unlisted(licensed) => *licensed,
        }
    }
}

pub(super) fn standings(party: &Principal, live: &Live, licence: Truth) -> BTreeSet<Standing> {
    BTreeSet::from_iter(match party {
        Principal::User(account) => {
            let is_said_to_be_a_guest = live.guests.contains_key(account);
            return person_standings(live.directory.people.get(account), is_said_to_be_a_guest, licence);
        }
        Principal::Group(_)
        | Principal::Class(AccessClass::AllLicensedUsers | AccessClass::AllProductAdmins) => {
            vec![Standing::Licensed]
        }
        Principal::Class(AccessClass::AuthenticatedUsers | AccessClass::JsmProjectAdmins) => {
            vec![Standing::Unlicensed]
        }
        Principal::Anonymous => vec![],
    })
}

fn person_standings(
    person: Option<&Person>,
    is_said_to_be_a_guest: bool,
    licence: Truth,
) -> BTreeSet<Standing> {
    let (kind, status, guest) = match person {
        Some(person) => (person.kind, person.status, person.guest),
        None => (AccountKind::Unknown, AccountStatus::Unknown, Known::Unknown(Why::NotRead)),
    };
    if matches!(status, AccountStatus::Inactive | AccountStatus::Closed) {
        return BTreeSet::from([Standing::Out]);
    }
    let mut possible = match (kind, guest, licence) {
        (AccountKind::App, _, _) => vec![Standing::App],
        (AccountKind::Customer, _, _) | (_, Known::Known(false), Truth::No) => vec![Standing::Unlicensed],
        (_, Known::Known(true), _) => vec![Standing::Guest],
        // Guests have a product role of their own: who has another is none.
        (_, _, Truth::Yes) => vec![Standing::Licensed],
        (_, Known::Unknown(_), _) if is_said_to_be_a_guest => vec![Standing::Guest],
        (_, Known::Known(false), Truth::Unknown) => vec![Standing::Unlicensed, Standing::Licensed],
        (_, Known::Unknown(_), Truth::Unknown) => {
            vec![Standing::Unlicensed, Standing::Licensed, Standing::Guest]
        }
        (_, Known::Unknown(_), Truth::No) => vec![Standing::Unlicensed, Standing::Guest],
    };
    if kind == AccountKind::Unknown {
        possible.extend([Standing::Unlicensed, Standing::App]);
    }
    if status == AccountStatus::Unknown {
        possible.push(Standing::Out);
    }
    possible.into_iter().collect()
}

/// The people among these accounts who are in the table, as numbers.
pub(super) fn numbers<'a>(
    accounts: &'a BTreeSet<AccountId>,
    table: &'a PrincipalTable,
) -> impl Iterator<Item = u32> + 'a {
    accounts.iter().filter_map(|account| table.find(&Principal::User(account.clone())))
}
