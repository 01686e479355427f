//! People and groups.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::{AccountId, GroupId, Known, Principal, SiteText, Subject, Why, folded};

/// The people and groups that a run has met. Who is not in here has not been looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Directory {
    pub people: BTreeMap<AccountId, Person>,
    pub groups: BTreeMap<GroupId, Group>,
    /// The groups and accounts that rows or lists name and that the site does not list, with what it said when it
    /// was asked for each by its id.
    pub missing: BTreeMap<Subject, Absence>,
}

/// What is known of a group or an account that the site does not list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absence {
    /// There is none: the whole list lacks it, asking for its id is answered with 404, which the API documents as
    /// "does not exist" (403 is "may not view"; OpenAPI v1, `getGroupByGroupId`, `getUser`), and the same endpoint
    /// shows this caller another one.
    Deleted,
    /// It may be deleted or hidden.
    Unclear,
}

/// The members of a group that is deleted.
static NO_MEMBERS: BTreeSet<AccountId> = BTreeSet::new();

/// One account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub account: AccountId,
    pub name: SiteText,
    /// Often hidden by the person's privacy settings.
    pub email: Option<String>,
    pub kind: AccountKind,
    pub status: AccountStatus,
    /// Whether the account is a guest, if the site says so (v1 `User.isGuest`).
    pub guest: Known<bool>,
}

/// What stands behind an account (OpenAPI v2, `accountType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountKind {
    Human,
    /// A Connect or Forge app.
    App,
    /// A customer of Jira Service Management.
    Customer,
    Unknown,
}

/// Whether an account can sign in (OpenAPI v2, `accountStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AccountStatus {
    Active,
    /// Deactivated; can come back.
    Inactive,
    /// Deleted.
    Closed,
    Unknown,
}

/// One group. Cloud has no nested groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub id: GroupId,
    pub name: SiteText,
    pub members: Known<BTreeSet<AccountId>>,
    pub access: Known<ProductAccess>,
}

/// What a group means for signing in to Confluence (v1 `GET /group?accessType=`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProductAccess {
    None,
    User,
    Admin,
}

impl Directory {
    /// The members of a group. A deleted one has none.
    pub fn members(&self, group: &GroupId) -> Known<&BTreeSet<AccountId>> {
        match self.groups.get(group) {
            Some(group) => group.members.as_ref(),
            None if self.is_deleted(&Subject::Group(group.clone())) => Known::Known(&NO_MEMBERS),
            None => Known::Unknown(Why::NotRead),
        }
    }

    /// Whether a group or an account surely does not exist any more. An account that is deactivated does: it can come
    /// back.
    pub fn is_deleted(&self, subject: &Subject) -> bool {
        let is_closed = match subject {
            Subject::User(account) => {
                self.people.get(account).is_some_and(|person| person.status == AccountStatus::Closed)
            }
            Subject::Group(_) => false,
        };
        is_closed || self.missing.get(subject) == Some(&Absence::Deleted)
    }

    /// What to call a principal that has no name: its id, and whether it is deleted.
    pub fn name_of_missing(&self, principal: &Principal) -> String {
        let is_deleted = principal.subject().is_some_and(|subject| self.is_deleted(&subject));
        if is_deleted { format!("{principal} (deleted)") } else { principal.to_string() }
    }

    /// The groups by name.
    pub fn group_names(&self) -> GroupNames<'_> {
        let mut names: BTreeMap<Cow<'_, str>, Vec<&Group>> = BTreeMap::new();
        for group in self.groups.values() {
            names.entry(group.name.folded()).or_default().push(group);
        }
        GroupNames { names, groups: &self.groups }
    }
}

/// Groups by name. Several may have the same.
#[derive(Debug, Clone)]
pub struct GroupNames<'a> {
    names: BTreeMap<Cow<'a, str>, Vec<&'a Group>>,
    groups: &'a BTreeMap<GroupId, Group>,
}

impl GroupNames<'_> {
    /// The groups that a name means; or the one with that id, since files of other programs name groups by id.
    pub fn bearers(&self, name: &str) -> Vec<GroupId> {
        match self.names.get(&*folded(name)) {
            Some(named) => named.iter().map(|group| group.id.clone()).collect(),
            None => self.by_id(name).into_iter().collect(),
        }
    }

    /// The group with this id.
    pub fn by_id(&self, text: &str) -> Option<GroupId> {
        let id = text.parse().ok()?;
        self.groups.contains_key(&id).then_some(id)
    }

    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(AsRef::as_ref)
    }
}
