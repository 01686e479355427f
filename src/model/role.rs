//! Space roles: those of a site, and the four that every policy knows.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::{Permission, RoleId, SiteText};

/// A space role of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub id: RoleId,
    pub name: SiteText,
    pub kind: RoleKind,
    /// As the site names them. This is not the vocabulary of [`Permission`], and the full list is not
    /// documented (`GET /space-permissions` tells).
    pub permissions: BTreeSet<String>,
}

impl Role {
    /// Its permissions in our words; `None` where its own are not understood.
    ///
    /// Roles name permissions in a vocabulary of their own, of which no full list is published; what has
    /// been seen is mostly that of the space permissions. A role that Atlassian ships and whose words say
    /// nothing to us is taken for what its name means.
    pub fn understood(&self) -> Option<BTreeSet<Permission>> {
        let understood: BTreeSet<Permission> =
            self.permissions.iter().filter_map(|word| parse(word)).collect();
        if !understood.is_empty() {
            return Some(understood);
        }
        let built_in = BuiltInRole::ALL.into_iter().find(|built_in| self.name == *built_in.site_name());
        match (self.kind, built_in) {
            (RoleKind::System, Some(built_in)) => Some(with_their_columns(&built_in.permissions())),
            (RoleKind::System | RoleKind::Custom, _) => None,
        }
    }
}

fn parse(word: &str) -> Option<Permission> {
    match word {
        "export/content" => Some(Permission::ExportContent),
        "delete/own-content" => Some(Permission::DeleteOwn),
        pair => pair.split_once('/').and_then(|(operation, target)| {
            Permission::from_cloud_pair(operation, target).or_else(|| pair.parse().ok())
        }),
    }
}

fn with_their_columns(permissions: &BTreeSet<Permission>) -> BTreeSet<Permission> {
    let beside = permissions.iter().flat_map(|permission| permission.same_column());
    permissions.iter().chain(beside).copied().collect()
}

/// Whether Atlassian or the site's administrators made a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RoleKind {
    System,
    Custom,
}

/// The roles that a policy knows without defining them; they are named after the four that Atlassian
/// ships.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BuiltInRole {
    Viewer,
    Collaborator,
    Manager,
    Admin,
}

impl BuiltInRole {
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Collaborator, Self::Manager, Self::Admin];

    /// The name in a policy.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Collaborator => "collaborator",
            Self::Manager => "manager",
            Self::Admin => "admin",
        }
    }

    /// The name of the space role that it means on a site with roles.
    pub const fn site_name(self) -> &'static str {
        match self {
            Self::Viewer => "Viewer",
            Self::Collaborator => "Collaborator",
            Self::Manager => "Manager",
            Self::Admin => "Admin",
        }
    }

    /// The permissions that it means where there are no space roles: the documented columns of the
    /// space permission screen. Each role holds all of the one before it. What stands in the
    /// [same columns](Permission::same_column) is tolerated, neither asked for nor taken away.
    pub fn permissions(self) -> BTreeSet<Permission> {
        use Permission as P;
        let own: &[P] = match self {
            Self::Viewer => &[P::ReadSpace, P::CreateComment],
            Self::Collaborator => {
                &[P::CreatePage, P::CreateBlogpost, P::CreateAttachment, P::DeleteOwn, P::ArchivePage]
            }
            Self::Manager => {
                &[P::DeletePage, P::DeleteBlogpost, P::DeleteComment, P::DeleteAttachment, P::RestrictContent]
            }
            Self::Admin => &[P::ExportSpace, P::AdministerSpace],
        };
        let below = match self {
            Self::Viewer => None,
            Self::Collaborator => Some(Self::Viewer),
            Self::Manager => Some(Self::Collaborator),
            Self::Admin => Some(Self::Manager),
        };
        let mut all = below.map(Self::permissions).unwrap_or_default();
        all.extend(own);
        all
    }
}

impl FromStr for BuiltInRole {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(())
    }
}

impl fmt::Display for BuiltInRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
