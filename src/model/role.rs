//! The space roles of a site, and what they give.
//!
//! Roles name permissions in a vocabulary of their own, of which no full list is published. So what a role
//! gives is known from two sources: the names that are recognised, and the permission rows of the principals
//! that hold the role, since rows of API v2 show a role expanded into pairs. What neither tells is unknown.

use std::collections::{BTreeMap, BTreeSet};

use super::{BuiltInRole, Live, Permission, RoleId, SiteText, Truth};

/// A space role of a site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    pub id: RoleId,
    pub name: SiteText,
    pub kind: RoleKind,
    /// Its permissions as the site names them (`GET /space-roles`).
    pub names: BTreeSet<String>,
    /// What it surely gives.
    gives: BTreeSet<Permission>,
    /// Whether it may give more than that.
    may_give_more: bool,
    unrecognised: BTreeSet<String>,
}

/// Whether Atlassian or the site's administrators made a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RoleKind {
    System,
    Custom,
}

/// The vocabulary in which a site names the permissions of its roles. Both have been seen; `delete/space` is
/// "delete own content" in one, and in the other could only be the deletion of the whole space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Names {
    /// The pairs of API v1: `export_content/space`.
    Pairs,
    /// Ids of their own: `export/content`.
    RoleIds,
}

impl Role {
    /// A role of which only the names of its permissions are known. [`Live::learn_roles`] adds the rest.
    pub fn new(id: RoleId, name: SiteText, kind: RoleKind, names: BTreeSet<String>) -> Self {
        let vocabulary = Names::of(&names);
        let mut role = Self {
            id,
            name,
            kind,
            names,
            gives: BTreeSet::new(),
            may_give_more: true,
            unrecognised: BTreeSet::new(),
        };
        role.interpret(vocabulary, None);
        role
    }

    /// Whether it gives a permission.
    pub fn gives(&self, permission: Permission) -> Truth {
        if self.gives.contains(&permission) {
            Truth::Yes
        } else if self.may_give_more {
            Truth::Unknown
        } else {
            Truth::No
        }
    }

    /// What it surely gives.
    pub const fn surely_gives(&self) -> &BTreeSet<Permission> {
        &self.gives
    }

    /// All that it gives, if that is known.
    pub fn exactly(&self) -> Option<&BTreeSet<Permission>> {
        (!self.may_give_more).then_some(&self.gives)
    }

    /// The names among its permissions that are not recognised.
    pub fn unrecognised(&self) -> impl Iterator<Item = &String> {
        self.unrecognised.iter()
    }

    /// The same role by the names of its permissions alone, without what the rows of its holders show. A holder's
    /// rows may show single permissions beside the role.
    #[must_use]
    pub fn by_names(&self) -> Self {
        Self::new(self.id.clone(), self.name.clone(), self.kind, self.names.clone())
    }

    /// Works out what it gives from the names of its permissions and from what is `shown`: the permissions that
    /// the rows of every principal have that was seen with this role.
    fn interpret(&mut self, vocabulary: Names, shown: Option<&BTreeSet<Permission>>) {
        (self.gives, self.unrecognised) = (BTreeSet::new(), BTreeSet::new());
        for name in &self.names {
            match vocabulary.meaning(name) {
                Meaning::Permission(permission) => drop(self.gives.insert(permission)),
                Meaning::Part => {}
                Meaning::Unrecognised => drop(self.unrecognised.insert(name.clone())),
            }
        }
        self.may_give_more = self.names.is_empty() || !self.unrecognised.is_empty();
        if !self.may_give_more {
            return;
        }
        if let Some(shown) = shown.filter(|shown| self.gives.is_subset(shown)) {
            self.gives.clone_from(shown);
            self.may_give_more = false;
        } else if self.gives.is_empty() && self.kind == RoleKind::System {
            // The roles that Atlassian ships give at least what their names stand for. What stands in the same
            // columns of the screen has been in them since before there were roles.
            let built_in = BuiltInRole::ALL.into_iter().find(|role| self.name.is_called(role.site_name()));
            self.gives = built_in.map(|role| with_their_columns(&role.permissions())).unwrap_or_default();
        }
    }
}

fn with_their_columns(permissions: &BTreeSet<Permission>) -> BTreeSet<Permission> {
    let beside = permissions.iter().flat_map(|permission| permission.same_column());
    permissions.iter().chain(beside).copied().collect()
}

/// What a name stands for in the permissions of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Permission(Permission),
    /// A part of a permission, which rows do not show apart.
    Part,
    Unrecognised,
}

impl Names {
    /// The vocabulary of a site, by all names of its roles: pairs where one of them can be nothing else.
    fn of<'n>(names: impl IntoIterator<Item = &'n String>) -> Self {
        let is_pair =
            |name: &String| name.contains('_') && matches!(Self::Pairs.meaning(name), Meaning::Permission(_));
        if names.into_iter().any(is_pair) { Self::Pairs } else { Self::RoleIds }
    }

    /// The ids of roles are those that were seen on real sites; the rest of their vocabulary is not known.
    fn meaning(self, name: &str) -> Meaning {
        match name {
            "export/content" => return Meaning::Permission(Permission::ExportContent),
            "delete/own-content" => return Meaning::Permission(Permission::DeleteOwn),
            "read/comment" | "delete/own-comment" => return Meaning::Part,
            "delete/space" if self == Self::RoleIds => return Meaning::Unrecognised,
            _ => {}
        }
        let pair = name.split_once('/').and_then(|(key, target)| Permission::from_cloud_pair(key, target));
        pair.map_or(Meaning::Unrecognised, Meaning::Permission)
    }
}

impl Live {
    /// Works out what each role gives, from the names of all roles and from the rows that have been read.
    pub fn learn_roles(&mut self) {
        let vocabulary = Names::of(self.roles.values().flat_map(|role| &role.names));
        let mut shown: BTreeMap<&RoleId, BTreeSet<Permission>> = BTreeMap::new();
        for space in self.spaces.values() {
            for (role, rows) in space.expanded_roles() {
                match shown.entry(role) {
                    std::collections::btree_map::Entry::Vacant(first) => drop(first.insert(rows.clone())),
                    std::collections::btree_map::Entry::Occupied(mut seen) => {
                        seen.get_mut().retain(|permission| rows.contains(permission));
                    }
                }
            }
        }
        for role in self.roles.values_mut() {
            role.interpret(vocabulary, shown.get(&role.id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Permission as P;

    fn role(kind: RoleKind, name: &str, names: &str) -> Role {
        let names = names.split_whitespace().map(str::to_owned).collect();
        Role::new("r-1".parse().unwrap(), name.into(), kind, names)
    }

    fn custom(names: &str) -> Role {
        role(RoleKind::Custom, "Editors", names)
    }

    #[test]
    fn a_role_whose_names_are_all_recognised_gives_these_and_no_more() {
        let role = custom("read/space read/comment export/content delete/own-content");
        assert_eq!(role.exactly(), Some(&[P::ReadSpace, P::ExportContent, P::DeleteOwn].into()));
        assert_eq!(role.gives(P::CreatePage), Truth::No);
    }

    #[test]
    fn a_name_that_is_not_recognised_denies_nothing() {
        let role = custom("read/space fly/space");
        assert_eq!(role.gives(P::ReadSpace), Truth::Yes);
        assert_eq!(role.gives(P::CreatePage), Truth::Unknown);
        assert_eq!(role.exactly(), None);
    }

    #[test]
    fn a_role_without_names_may_give_anything() {
        assert_eq!(custom("").gives(P::ReadSpace), Truth::Unknown);
    }

    #[test]
    fn delete_space_is_delete_own_only_among_pairs() {
        assert_eq!(custom("read/space delete/space export_content/space").gives(P::DeleteOwn), Truth::Yes);
        assert_eq!(custom("read/space delete/space export/content").gives(P::DeleteOwn), Truth::Unknown);
        assert_eq!(custom("read/space delete/space").gives(P::DeleteOwn), Truth::Unknown);
    }

    #[test]
    fn a_role_of_atlassians_gives_what_its_name_stands_for_and_perhaps_more() {
        let admin = role(RoleKind::System, "Admin", "op-1 op-2");
        assert_eq!(admin.gives(P::AdministerSpace), Truth::Yes);
        assert_eq!(admin.gives(P::ManagePublicLinks), Truth::Unknown);
        assert_eq!(role(RoleKind::Custom, "Admin", "op-1").gives(P::AdministerSpace), Truth::Unknown);
    }

    #[test]
    fn the_rows_of_a_holder_say_what_a_role_gives() {
        let mut role = custom("read/space op-1 op-2");
        role.interpret(Names::RoleIds, Some(&[P::ReadSpace, P::CreatePage].into()));
        assert_eq!(role.gives(P::CreatePage), Truth::Yes);
        assert_eq!(role.gives(P::DeletePage), Truth::No);
        // Rows that lack what the role surely gives are no expansion of it.
        role.interpret(Names::RoleIds, Some(&[P::CreatePage].into()));
        assert_eq!(role.gives(P::CreatePage), Truth::Unknown);
    }
}
