//! The permissions that the account that runs this has in one space, and those that a plan gives it.
//!
//! Three-valued throughout: a role of unknown contents, a group of which it is not known whether the account is in
//! it, and rows of a kind that this program does not know make an answer unknown, never a denial. Additional
//! abilities of a Confluence administrator or of an admin key are not assumed.

use std::collections::BTreeMap;

use crate::access::{RESTRICT, edit_permission};
use crate::model::{
    AccessClass, Audience, Call, ContentId, Gap, Holding, Live, LiveSpace, Permission, Principal, RoleId,
    SpaceRoleMode, Subject, Truth,
};

use super::change::{Change, ChangeAction};

/// What the account may do in a space.
#[derive(Debug)]
pub(super) struct Rights<'a> {
    live: &'a Live,
    space: &'a LiveSpace,
    /// The holders of the space that stand for the account or may do so, mostly few among many.
    mine: Vec<(&'a Principal, Truth)>,
    /// What changes of the plan give it on top.
    gained: BTreeMap<Permission, Truth>,
}

impl<'a> Rights<'a> {
    /// What it may do before the first call.
    pub(super) fn of(space: &'a LiveSpace, live: &'a Live) -> Self {
        let holders = space.holdings.keys().map(|principal| (principal, is_caller(principal, live)));
        let mine = holders.filter(|(_, is_account)| *is_account != Truth::No).collect();
        Self { live, space, mine, gained: BTreeMap::new() }
    }

    /// Whether it has one of these permissions.
    pub(super) fn has(&self, any_of: &[Permission]) -> Truth {
        any_of.iter().map(|permission| self.has_one(*permission)).max().unwrap_or(Truth::No)
    }

    fn has_one(&self, permission: Permission) -> Truth {
        let by_holding = self.mine.iter().map(|(principal, is_account)| {
            let gives = self.space.gives(principal, permission, &self.live.roles);
            gives.min(*is_account)
        });
        let mut foreign = self.space.foreign.iter().map(|row| row.permission.raw());
        let by_foreign = foreign.any(|pair| pair == permission.cloud_pair()).then_some(Truth::Unknown);
        let by_unlisted = (Principal::Anonymous.can_use(permission) && self.has_unlisted_anonymous_rows())
            .then_some(Truth::Unknown);
        let gained = self.gained.get(&permission).copied();
        by_holding.chain(by_foreign).chain(by_unlisted).chain(gained).max().unwrap_or(Truth::No)
    }

    /// Whether the site may leave out rows of `anonymous`, which count for everyone.
    fn has_unlisted_anonymous_rows(&self) -> bool {
        let space = || self.space.space.key.clone();
        [true, false]
            .into_iter()
            .any(|reads| self.live.gaps.contains(&Gap::AnonymousRows { space: space(), reads }))
    }

    /// Whether a list lets the account through.
    pub(super) fn is_on(&self, list: &Audience) -> Truth {
        if list.is_anyone() {
            return Truth::Yes;
        }
        let listed = |subject: &Subject| is_caller(&subject.clone().into(), self.live);
        list.subjects().map(listed).max().unwrap_or(Truth::No)
    }

    /// Adds what the account has once a change is made.
    pub(super) fn gain(&mut self, change: &Change) {
        let (principal, given): (_, Vec<(Permission, Truth)>) = match change {
            Change::Grant { principal, permission, verb: ChangeAction::Add, .. } => {
                (principal, vec![(*permission, Truth::Yes)])
            }
            Change::Role { principal, after: Some(role), .. } => {
                let role = Holding::Role(role.clone());
                let given = |permission| (permission, role.gives(permission, &self.live.roles));
                (principal, Permission::ALL.iter().copied().map(given).collect())
            }
            Change::Grant { .. } | Change::Role { .. } | Change::Audience { .. } => return,
        };
        let is_account = is_caller(principal, self.live);
        for (permission, given) in given {
            let known = self.gained.entry(permission).or_insert(Truth::No);
            *known = (*known).max(given.min(is_account));
        }
    }
}

/// Whether a principal stands for the account that runs this, perhaps among others: whether what it is given, the
/// account is given.
pub(super) fn is_caller(principal: &Principal, live: &Live) -> Truth {
    match principal {
        Principal::User(account) => (*account == live.site.caller.account).into(),
        Principal::Group(group) => live.site.caller.is_in(group).map_or(Truth::Unknown, Truth::from),
        Principal::Class(AccessClass::AuthenticatedUsers | AccessClass::AllLicensedUsers) => Truth::Yes,
        Principal::Class(AccessClass::AllProductAdmins | AccessClass::JsmProjectAdmins)
        | Principal::Anonymous => Truth::Unknown,
    }
}

/// Whether what a principal holds may be a right of the account's own. What anonymous visitors hold is none, though it
/// may count for the account too.
pub(super) fn may_be_callers_own(principal: &Principal, live: &Live) -> bool {
    *principal != Principal::Anonymous && is_caller(principal, live) != Truth::No
}

/// What rows need.
pub(super) const ROWS: [Permission; 1] = [Permission::AdministerSpace];
/// What role assignments need.
pub(super) const ROLES: [Permission; 2] = [Permission::AdministerSpace, Permission::ManageUsers];

/// What a call needs of the account: one permission of each of these.
pub(super) fn needed(call: &Call, space: &LiveSpace, live: &Live) -> Vec<Vec<Permission>> {
    match call {
        Call::Grant { .. } | Call::Revoke { .. } => vec![ROWS.to_vec()],
        Call::AssignRoles { roles, .. } => {
            let given = roles.values().flatten().flat_map(|role| of_giving(role, live));
            std::iter::once(ROLES.to_vec()).chain(given).collect()
        }
        Call::Restrict { content, .. } => of_lists(*content, space, live),
    }
}

pub(super) fn of_lists(content: ContentId, space: &LiveSpace, live: &Live) -> Vec<Vec<Permission>> {
    let kind = space.tree.as_ref().and_then(|tree| tree.get(content)).map(|content| content.kind);
    let edit = kind.map(|kind| vec![edit_permission(kind, live.site.mode)]);
    edit.into_iter().chain([RESTRICT.to_vec()]).collect()
}

/// What giving a role needs: on a site that gives access by roles only, an account gives no more than it holds
/// itself, unless it administers Confluence (Atlassian community, "space roles", ba-p/3248645).
pub(super) fn of_giving(role: &RoleId, live: &Live) -> Vec<Vec<Permission>> {
    let is_limited = live.site.mode == SpaceRoleMode::Roles && live.site.caller.administers_site == Truth::No;
    if !is_limited {
        return Vec::new();
    }
    let role = Holding::Role(role.clone());
    let given = |permission: &&Permission| role.gives(**permission, &live.roles) == Truth::Yes;
    Permission::ALL.iter().filter(given).map(|permission| vec![*permission]).collect()
}
