//! What the name of a group means by now, to a lock that remembers what it meant.

use super::Lock;
use crate::diagnostic::Spanned;
use crate::model::{Directory, Group, GroupId};

/// What a lock knows about the name of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meant<'a> {
    /// Nothing that helps: it is not in the lock, or what it meant is gone and no other group has the name.
    Nothing,
    /// The group that it meant, under this or another name.
    Same(&'a Group),
    /// What it meant is gone or has another name by now, and the name belongs to another group.
    Other { remembered: &'a Spanned<GroupId>, was: Option<&'a Group> },
}

impl Lock {
    /// What it says about a name that these groups of the site have.
    pub fn group<'a>(&'a self, name: &str, named: &[&'a Group], directory: &'a Directory) -> Meant<'a> {
        let Some(remembered) = self.groups.get(name) else { return Meant::Nothing };
        if let Some(same) = named.iter().find(|group| group.id == remembered.value) {
            return Meant::Same(same);
        }
        let was = directory.groups.get(&remembered.value);
        match was {
            Some(renamed) if named.is_empty() => Meant::Same(renamed),
            None if named.is_empty() => Meant::Nothing,
            Some(_) | None => Meant::Other { remembered, was },
        }
    }
}
