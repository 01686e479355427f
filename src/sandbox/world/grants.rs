//! Custom access: adding and removing rows of space permissions, with companions and cascades.

use std::collections::BTreeSet;

use super::{
    AccountStatus, Caller, Companions, DuplicateRows, Edition, Grant, GrantId, InactiveSubjects, Pair,
};
use super::{Principal, Refusal, RoleMode, RoleRowDelete, Space, SpaceId, SpaceStatus, World};

impl World {
    /// Adds a row, and its companions (API v1, addPermissionToSpace; companions live: folio).
    pub(super) fn grant(
        &mut self,
        caller: &Caller,
        id: SpaceId,
        principal: &Principal,
        pair: Pair,
    ) -> Result<GrantId, Refusal> {
        let space = self.writable_space(caller, id)?;
        if !self.takes(principal) {
            return Err(Refusal::UnknownPrincipal(principal.clone()));
        }
        if *principal == Principal::Anonymous && pair == Pair::AdministerSpace {
            return Err(Refusal::AnonymousAdmin);
        }
        if !pair.is_documented()
            && self.settings.mode == RoleMode::PreRoles
            && !self.quirks.extra_pairs_in_pre_roles
        {
            return Err(Refusal::UnsupportedPair(pair));
        }
        if space.holds(principal, pair) {
            return Err(Refusal::Exists);
        }
        if pair != Pair::ReadSpace && !space.holds(principal, Pair::ReadSpace) {
            return Err(Refusal::ReadFirst(pair));
        }
        let companions: Vec<Pair> =
            self.companions(pair).filter(|companion| !space.holds(principal, *companion)).collect();
        let row = self.insert_row(id, &Grant { principal: principal.clone(), pair });
        for pair in companions {
            self.insert_row(id, &Grant { principal: principal.clone(), pair });
        }
        Ok(row)
    }

    /// Removes a row and what goes with it (API v1, removePermission).
    pub(super) fn revoke(&mut self, caller: &Caller, id: SpaceId, row: GrantId) -> Result<(), Refusal> {
        let space = self.writable_space(caller, id)?;
        let Some(grant) = space.grants.get(&row) else {
            let from_role = self.role_rows(space).any(|other| other.id == row);
            return match (from_role, self.quirks.role_row_delete) {
                (false, _) => Err(Refusal::NoRow(row)),
                (true, RoleRowDelete::Refused) => Err(Refusal::FromRole),
                (true, RoleRowDelete::Ignored) => Ok(()),
            };
        };
        let doomed = self.rows_removed_with(space, row, grant);
        if self.quirks.last_admin_rule
            && takes_an_admin(space, &doomed)
            && !self.admin_remains(space, &doomed)
        {
            return Err(Refusal::LastAdmin);
        }
        if let Some(space) = self.space_mut(id) {
            space.grants.retain(|row, _| !doomed.contains(row));
        }
        Ok(())
    }

    /// A space whose custom access the caller may change.
    fn writable_space(&self, caller: &Caller, id: SpaceId) -> Result<&Space, Refusal> {
        let space = self.visible_space(caller, id)?;
        if self.settings.edition == Edition::Free {
            return Err(Refusal::FreeEdition);
        }
        if !self.space_operations(&caller.subject(), id).contains(&Pair::AdministerSpace) {
            return Err(Refusal::NotSpaceAdmin);
        }
        if self.settings.mode == RoleMode::Roles {
            return Err(Refusal::RolesOnly);
        }
        if space.status == SpaceStatus::Archived && !self.quirks.archived_spaces_writable {
            return Err(Refusal::ArchivedSpace);
        }
        Ok(space)
    }

    /// Whether a principal exists, and the site takes it in a write that gives it something.
    pub(super) fn takes(&self, principal: &Principal) -> bool {
        let is_inactive = || match principal {
            Principal::User(account) => {
                self.user(account).is_some_and(|user| user.status == AccountStatus::Inactive)
            }
            Principal::Group(_) | Principal::Class(_) | Principal::Anonymous => false,
        };
        let refuses = self.quirks.inactive_subjects == InactiveSubjects::Refused;
        self.knows(principal) && !(refuses && is_inactive())
    }

    /// Whether a principal exists.
    pub(super) fn knows(&self, principal: &Principal) -> bool {
        match principal {
            Principal::User(account) => self.user(account).is_some(),
            Principal::Group(group) => self.group(group).is_some(),
            Principal::Class(_) | Principal::Anonymous => true,
        }
    }

    /// The pairs whose rows come along with a row.
    fn companions(&self, pair: Pair) -> impl Iterator<Item = Pair> + use<> {
        let quirks = &self.quirks;
        let appear = match quirks.companions {
            Companions::Always => true,
            Companions::RolesTransition => self.settings.mode == RoleMode::RolesTransition,
            Companions::Never => false,
        };
        let brought = match pair {
            _ if !appear => None,
            Pair::ReadSpace => Some(&quirks.read_companions),
            Pair::CreatePage => Some(&quirks.page_companions),
            Pair::CreateComment => Some(&quirks.comment_companions),
            Pair::UpdateBlogpost => Some(&quirks.blogpost_companions),
            Pair::AdministerSpace => Some(&quirks.admin_companions),
            _ => None,
        };
        brought.cloned().unwrap_or_default().into_iter()
    }

    /// The row itself, its twin, and the rows that cannot or do not outlive the grant.
    fn rows_removed_with(&self, space: &Space, row: GrantId, grant: &Grant) -> BTreeSet<GrantId> {
        let mut doomed: BTreeSet<GrantId> = match self.quirks.duplicate_rows {
            DuplicateRows::Linked => rows(space, |other| other == grant).collect(),
            DuplicateRows::None | DuplicateRows::Independent | DuplicateRows::CompanionsFirst => [row].into(),
        };
        let has_twin = rows(space, |other| other == grant).any(|other| !doomed.contains(&other));
        if has_twin && self.quirks.duplicate_rows != DuplicateRows::CompanionsFirst {
            return doomed;
        }
        let same = |other: &Grant| other.principal == grant.principal;
        if grant.pair == Pair::ReadSpace {
            doomed.extend(rows(space, |other| same(other) && other != grant));
            return doomed;
        }
        let mut along = BTreeSet::new();
        if self.quirks.producer_removal_takes_companion {
            along.extend(self.companions(grant.pair));
        }
        if grant.pair == Pair::AdministerSpace && self.quirks.admin_removal_takes_manage_users {
            along.insert(Pair::ManageUsers);
        }
        doomed.extend(rows(space, |other| same(other) && along.contains(&other.pair)));
        doomed
    }

    /// Whether an account administers the space by a row that stays, or by a role.
    pub(super) fn admin_remains(&self, space: &Space, doomed: &BTreeSet<GrantId>) -> bool {
        let by_row =
            rows(space, |grant| grant.pair == Pair::AdministerSpace).any(|row| !doomed.contains(&row));
        let by_role = self.role_rows(space).any(|row| row.pair == Pair::AdministerSpace);
        by_row || by_role
    }
}

fn takes_an_admin(space: &Space, doomed: &BTreeSet<GrantId>) -> bool {
    rows(space, |grant| grant.pair == Pair::AdministerSpace).any(|row| doomed.contains(&row))
}

fn rows(space: &Space, wanted: impl Fn(&Grant) -> bool) -> impl Iterator<Item = GrantId> {
    space.grants.iter().filter(move |(_, grant)| wanted(grant)).map(|(row, _)| *row)
}
