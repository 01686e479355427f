//! The four roles that every policy knows.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::Permission;

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
