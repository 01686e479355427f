//! Groups beside those of a case, whose members cannot be read.

use std::collections::{BTreeMap, BTreeSet};

use confperm::model::{GrantId, Holding, Permission, Principal};

/// Groups whose members cannot be read, and whose access stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bystanders {
    None,
    /// Many that hold the same, so that one stands for all.
    Alike,
    /// So many that hold different things that the planner cannot look at every account.
    Different,
}

impl Bystanders {
    pub(crate) fn of(self) -> impl Iterator<Item = (Principal, BTreeSet<Permission>)> {
        let number = if self == Self::None { 0 } else { BYSTANDERS };
        (0..number).map(move |number| {
            let more = PERMISSIONS_OF_BYSTANDERS.into_iter().enumerate();
            let more = more.filter(|(bit, _)| self == Self::Different && number >> bit & 1 == 1);
            let held = std::iter::once(Permission::ReadSpace).chain(more.map(|(_, permission)| permission));
            (format!("group:x{number}").parse().unwrap(), held.collect())
        })
    }

    /// Their rows, beside those that are there.
    pub(crate) fn add_rows(self, holdings: &mut BTreeMap<Principal, Holding>) {
        let mut row = 1_000_000;
        for (bystander, held) in self.of() {
            let holding = holdings.entry(bystander).or_insert_with(|| Holding::Grants(BTreeMap::new()));
            let Holding::Grants(rows) = holding else { panic!("bystanders hold no roles") };
            for permission in held {
                row += 1;
                rows.entry(permission).or_insert_with(|| BTreeSet::from([GrantId::from_number(row)]));
            }
        }
    }
}

const BYSTANDERS: u8 = 40;

/// The bit of a person who is in a bystander beside other groups.
pub(crate) const IN_BYSTANDER: u8 = 1 << 3;

/// What decides about content wherever roles stand.
const PERMISSIONS_OF_BYSTANDERS: [Permission; 6] = [
    Permission::CreateComment,
    Permission::CreateAttachment,
    Permission::RestrictContent,
    Permission::DeletePage,
    Permission::DeleteBlogpost,
    Permission::DeleteOwn,
];
