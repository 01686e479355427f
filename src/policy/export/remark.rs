//! What an import leaves out or wants looked at. It is reported twice: in the file of the space, with names, and
//! summarized by the command.

use std::collections::BTreeMap;

/// One kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remark {
    App,
    UnknownAccount,
    ClassRows,
    Foreign,
    Caller,
    WithoutView,
    RowsBesideRoles,
    Deleted,
    UnknownGroup,
    UnknownRole,
    AnonymousAdmin,
    Inactive,
    Guest,
    HiddenLists,
    Containers,
    HiddenAbove,
    AppList,
    UnknownListed,
    EditWithoutView,
    NotThere,
}

impl Remark {
    /// What it is, and what becomes of it.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::App => "apps, left as they are because they manage their own access",
            Self::UnknownAccount => "accounts that the site does not describe, left as they are",
            Self::ClassRows => {
                "single permissions of user classes, left as they are because the API shows them but cannot write them"
            }
            Self::Foreign => "rows of kinds that this version does not know, left as they are",
            Self::Caller => {
                "access of the account that ran the import which a policy cannot express, left as it is"
            }
            Self::WithoutView => {
                "permissions of principals that lack `read/space`, which a policy cannot express"
            }
            Self::RowsBesideRoles => "single permissions on a site that gives access by space roles only",
            Self::Deleted => "groups and accounts that are deleted, which a policy cannot name",
            Self::UnknownGroup => "groups that the site does not list",
            Self::UnknownRole => "space roles that the site does not list, or lists twice under one name",
            Self::AnonymousAdmin => "visitors who are not signed in and administer the space",
            Self::Inactive => "deactivated accounts that still have access",
            Self::Guest => {
                "guests with entries of their own; `guest-of` under `people` can say which space is theirs"
            }
            Self::HiddenLists => "pages whose restrictions this account cannot read, left as they are",
            Self::Containers => {
                "folders and the like whose restrictions the site does not show, left as they are"
            }
            Self::HiddenAbove => {
                "pages below a hidden or archived page, whose own restrictions are not known"
            }
            Self::AppList => "page lists that name only apps, left as they are",
            Self::UnknownListed => {
                "page lists with accounts or groups that are deleted or that the site does not describe, left as they are"
            }
            Self::EditWithoutView => {
                "edit lists with entries that are not on the view list, left as they are"
            }
            Self::NotThere => "restricted pages that the other space does not have",
        }
    }

    /// The word for it in documents.
    pub const fn word(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::UnknownAccount => "unknown-account",
            Self::ClassRows => "class-rows",
            Self::Foreign => "foreign",
            Self::Caller => "caller",
            Self::WithoutView => "without-view",
            Self::RowsBesideRoles => "rows-beside-roles",
            Self::Deleted => "deleted",
            Self::UnknownGroup => "unknown-group",
            Self::UnknownRole => "unknown-role",
            Self::AnonymousAdmin => "anonymous-admin",
            Self::Inactive => "inactive",
            Self::Guest => "guest",
            Self::HiddenLists => "hidden-lists",
            Self::Containers => "containers",
            Self::HiddenAbove => "hidden-above",
            Self::AppList => "app-list",
            Self::UnknownListed => "unknown-listed",
            Self::EditWithoutView => "edit-without-view",
            Self::NotThere => "not-there",
        }
    }

    /// Whether an authoritative space would lose it, so that the space can only be additive.
    pub(super) const fn forbids_authoritative(self) -> bool {
        match self {
            Self::WithoutView
            | Self::RowsBesideRoles
            | Self::Deleted
            | Self::UnknownGroup
            | Self::UnknownRole
            | Self::AnonymousAdmin => true,
            Self::App
            | Self::UnknownAccount
            | Self::ClassRows
            | Self::Foreign
            | Self::Caller
            | Self::Inactive
            | Self::Guest
            | Self::HiddenLists
            | Self::Containers
            | Self::HiddenAbove
            | Self::AppList
            | Self::UnknownListed
            | Self::EditWithoutView
            | Self::NotThere => false,
        }
    }
}

/// The remarks on one space, each with what it is about and how many rows, lists or pages that are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remarks(BTreeMap<Remark, BTreeMap<String, usize>>);

impl Remarks {
    pub(super) fn add(&mut self, remark: Remark, about: impl Into<String>, count: usize) {
        *self.0.entry(remark).or_default().entry(about.into()).or_default() += count;
    }

    pub fn iter(&self) -> impl Iterator<Item = (Remark, &BTreeMap<String, usize>)> {
        self.0.iter().map(|(remark, about)| (*remark, about))
    }

    pub(super) fn forbid_authoritative(&self) -> bool {
        self.0.keys().any(|remark| remark.forbids_authoritative())
    }
}
