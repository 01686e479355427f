//! Why the world does not do what it is asked.

use super::{AccountId, ContentId, GrantId, GroupId, ListKind, Pair, Principal, RoleId};

/// The kinds of refusal, which faces turn into status codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is not there, or the caller may not know that it is.
    NotFound,
    /// The caller may see it and not do it.
    Forbidden,
    /// The request makes no sense here.
    Invalid,
    /// The site has moved to roles.
    RolesOnly,
    /// The site fails.
    Broken,
}

/// A request that was not carried out; the world has not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say when each occurs")]
pub enum Refusal {
    #[error("No space with key or id {0} can be found")]
    NoSpace(String),
    #[error("No permission with id {0} in this space")]
    NoRow(GrantId),
    #[error("No content with id <ContentId{{id={0}}}> can be found")]
    NoContent(ContentId),
    #[error(
        "Cannot find content <ContentId{{id={0}}}>. Outdated version/old_draft/trashed? Please provide valid ContentId."
    )]
    NotCurrent(ContentId),
    #[error("No group with id {0} can be found")]
    NoGroup(GroupId),
    #[error("No user with account id {0} can be found")]
    NoUser(AccountId),
    #[error("The subject is not in the restriction")]
    NotListed,
    #[error("Not permitted to manage roles in this space")]
    MayNotAssign,
    #[error("Space roles are not available on this site")]
    NoRoles,

    #[error("User isn't authorized to change permissions because they are using the Free Edition")]
    FreeEdition,
    #[error("User is not permitted to administer the space")]
    NotSpaceAdmin,
    #[error("Not enough permissions to alter ContentRestrictions on a content with ContentId {0}")]
    MayNotRestrict(ContentId),
    #[error("User is not a site administrator")]
    NotSiteAdmin,

    #[error("Permission already exists")]
    Exists,
    #[error("The subject must have the read space permission before {0} can be added")]
    ReadFirst(Pair),
    #[error("All of the admin permissions cannot be removed from a space")]
    LastAdmin,
    #[error("Unknown subject: {0}")]
    UnknownPrincipal(Principal),
    #[error("{0} cannot be granted on this site")]
    UnsupportedPair(Pair),
    #[error("Anonymous users cannot administer a space")]
    AnonymousAdmin,
    #[error("The permission comes from a space role and cannot be removed by itself")]
    FromRole,
    #[error("The space is archived")]
    ArchivedSpace,
    #[error("The content is archived")]
    ArchivedContent,
    #[error("At least one ContentRestriction must be specified")]
    NoRestrictions,
    #[error("Operation `{}` is specified more than once", .0.id())]
    Twice(ListKind),
    #[error(
        "ContentRestriction must have valid non empty map of subject types to restriction subjects specified"
    )]
    NoSubjects,
    #[error("Restriction subject {0} can edit but not view")]
    UpdateWithoutRead(Principal),
    #[error("You cannot remove your own access to the content")]
    OwnAccess,
    #[error("No role with id {0}")]
    UnknownRole(RoleId),
    #[error("At least one role assignment must be specified")]
    NoAssignments,
    #[error("The principal {0} is specified more than once")]
    PrincipalTwice(Principal),
    #[error("Group name is missing or taken")]
    BadGroupName,
    #[error("Anonymous users cannot be given a role that administers a space")]
    AnonymousAdminRole,
    #[error("Not permitted to create space roles")]
    MayNotCreateRoles,
    #[error("Role name is missing or taken")]
    BadRoleName,
    #[error("Role name exceeds maximum length")]
    LongRoleName,
    #[error("The maximum number of custom roles is reached")]
    TooManyRoles,
    #[error("There is no space permission `{0}`")]
    UnknownRolePermission(String),
    #[error("A role needs the space permission `{0}`")]
    MissingRolePermission(String),

    #[error("Internal error")]
    Broken,
    #[error("Space permission updates that are not from RBAC are not supported in roles-only mode")]
    RolesOnly,
}

impl Refusal {
    /// The kind of refusal.
    pub fn fault(&self) -> Fault {
        match self {
            Self::NoSpace(_)
            | Self::NoRow(_)
            | Self::NoContent(_)
            | Self::NotCurrent(_)
            | Self::NoGroup(_)
            | Self::NoUser(_)
            | Self::NotListed
            | Self::MayNotAssign
            | Self::MayNotCreateRoles
            | Self::NoRoles => Fault::NotFound,
            Self::FreeEdition | Self::NotSpaceAdmin | Self::MayNotRestrict(_) | Self::NotSiteAdmin => {
                Fault::Forbidden
            }
            Self::Exists
            | Self::ReadFirst(_)
            | Self::LastAdmin
            | Self::UnknownPrincipal(_)
            | Self::UnsupportedPair(_)
            | Self::AnonymousAdmin
            | Self::FromRole
            | Self::ArchivedSpace
            | Self::ArchivedContent
            | Self::NoRestrictions
            | Self::Twice(_)
            | Self::NoSubjects
            | Self::UpdateWithoutRead(_)
            | Self::OwnAccess
            | Self::UnknownRole(_)
            | Self::NoAssignments
            | Self::PrincipalTwice(_)
            | Self::BadGroupName
            | Self::AnonymousAdminRole
            | Self::BadRoleName
            | Self::LongRoleName
            | Self::TooManyRoles
            | Self::UnknownRolePermission(_)
            | Self::MissingRolePermission(_) => Fault::Invalid,
            Self::RolesOnly => Fault::RolesOnly,
            Self::Broken => Fault::Broken,
        }
    }
}
