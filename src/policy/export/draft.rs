//! What a space would have to declare to stay as it is, still in the ids of the site.
//!
//! A policy is read against the site by other rules than those that wrote it, so each rule here has its
//! counterpart: what `resolve` makes of a line, and what `plan` leaves alone without one. Where no line
//! says what is there, a remark does, and where an authoritative space would lose it, the draft is additive.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::names::Roles;
use super::pages::{PageDraft, pages};
use super::people::{is_deleted, is_inactive, label};
use super::remark::{Remark, Remarks};
use super::words::{AccessWord, NamedBundle, words};
use crate::model::{
    AccountKind, Holding, Known, Live, LiveSpace, Mode, Permission, Principal, Space, SpaceRoleMode,
};
use crate::policy::ast::{Policy, RoleName};
use crate::policy::pages::{Matched, matched};

/// One space as a policy would declare it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpaceDraft {
    pub space: Space,
    pub mode: Mode,
    pub access: BTreeMap<AccessWord, BTreeSet<Principal>>,
    pub pages: Vec<PageDraft>,
    pub remarks: Remarks,
}

impl SpaceDraft {
    /// Whether there is nothing that a policy could declare.
    pub fn says_nothing(&self) -> bool {
        self.access.is_empty() && self.pages.is_empty()
    }

    /// What forbids an authoritative space; nothing else than that there is no access to declare, where this is
    /// empty. `None` if the space is authoritative.
    pub fn why_additive(&self) -> Option<Vec<Remark>> {
        let reasons = self.remarks.iter().map(|(remark, _)| remark);
        (self.mode == Mode::Additive)
            .then(|| reasons.filter(|remark| remark.forbids_authoritative()).collect())
    }

    /// This space as the model of another: with its access, and with those of its pages that are found by
    /// the same path there. Nothing is there if the site does not show the other space yet.
    #[must_use]
    pub fn for_other(mut self, space: Space, there: Option<&LiveSpace>) -> Self {
        let found = |page: &PageDraft| {
            let there = there?;
            let tree = there.tree.as_ref()?;
            let matched = matched(&page.selector, there, tree);
            matches!(matched, Matched::Exact(found) if found.len() == 1).then_some(())
        };
        let (kept, missing): (Vec<PageDraft>, Vec<PageDraft>) =
            self.pages.into_iter().partition(|page| page.path.is_none() && found(page).is_some());
        for page in missing {
            let name = page.path.unwrap_or_else(|| page.selector.to_string());
            self.remarks.add(Remark::NotThere, name, 1);
        }
        Self { space, pages: kept, ..self }
    }
}

/// The spaces of a site, in the roles of a policy and, where the site has roles, those of the site.
pub fn draft<'a>(
    spaces: impl IntoIterator<Item = &'a LiveSpace>,
    policy: &Policy,
    live: &Live,
) -> Vec<SpaceDraft> {
    let roles = Roles::of(policy, live);
    let drafter = Drafter { bundles: bundles(policy, &roles, live.site.mode), roles, live };
    spaces.into_iter().map(|space| drafter.space(space)).collect()
}

/// Roles that may stand for single permissions. On a site with space roles, a line with a role that means
/// one of them would assign it.
fn bundles(policy: &Policy, roles: &Roles, mode: SpaceRoleMode) -> Vec<NamedBundle> {
    let mut bundles = NamedBundle::with_own(&policy.own_bundles());
    bundles.retain(|bundle| match &bundle.name {
        _ if !mode.has_roles() => true,
        RoleName::BuiltIn(_) => false,
        RoleName::Custom(name) => policy.roles.get(name).is_some_and(|role| role.site_role.is_none()),
    });
    bundles.extend(roles.classic());
    bundles.sort_by_key(|named| Reverse(named.bundle.required.len()));
    bundles
}

struct Drafter<'a> {
    bundles: Vec<NamedBundle>,
    roles: Roles,
    live: &'a Live,
}

impl Drafter<'_> {
    fn space(&self, space: &LiveSpace) -> SpaceDraft {
        let mut remarks = Remarks::default();
        let mut access: BTreeMap<AccessWord, BTreeSet<Principal>> = BTreeMap::new();
        for (principal, holding) in &space.holdings {
            match self.words(principal, holding) {
                Ok(words) => {
                    for word in words {
                        access.entry(word).or_default().insert(principal.clone());
                    }
                    if is_inactive(principal, self.live) {
                        remarks.add(Remark::Inactive, label(principal, self.live), 1);
                    }
                    if is_guest_of_no_space(principal, self.live) {
                        remarks.add(Remark::Guest, label(principal, self.live), 1);
                    }
                }
                Err(remark) => remarks.add(remark, label(principal, self.live), rows(holding)),
            }
        }
        for row in &space.foreign {
            remarks.add(Remark::Foreign, format!("{} {}", row.principal.shown(), row.permission.shown()), 1);
        }
        let pages = pages(space, self.live, &mut remarks);
        // Without a line of access, an authoritative space would be one that everyone is to lose.
        let authoritative = !access.is_empty() && !remarks.forbid_authoritative();
        let mode = if authoritative { Mode::Authoritative } else { Mode::Additive };
        SpaceDraft { space: space.space.clone(), mode, access, pages, remarks }
    }

    /// The words for what a principal holds, or why there are none.
    fn words(&self, principal: &Principal, holding: &Holding) -> Result<BTreeSet<AccessWord>, Remark> {
        if let Principal::User(account) = principal {
            match self.live.directory.people.get(account).map(|person| person.kind) {
                Some(AccountKind::Human | AccountKind::Customer) => {}
                Some(AccountKind::App) => return Err(Remark::App),
                None if is_deleted(principal, self.live) => return Err(Remark::Deleted),
                Some(AccountKind::Unknown) | None => return Err(Remark::UnknownAccount),
            }
            let said = self.held(principal, holding);
            let is_caller = *account == self.live.site.caller.account;
            return if is_caller { said.map_err(|_| Remark::Caller) } else { said };
        }
        if let Principal::Group(group) = principal
            && !self.live.directory.groups.contains_key(group)
        {
            let is_deleted = is_deleted(principal, self.live);
            return Err(if is_deleted { Remark::Deleted } else { Remark::UnknownGroup });
        }
        self.held(principal, holding)
    }

    fn held(&self, principal: &Principal, holding: &Holding) -> Result<BTreeSet<AccessWord>, Remark> {
        let anonymous = *principal == Principal::Anonymous;
        match holding {
            Holding::Role(id) => {
                let role = self.roles.get(id).ok_or(Remark::UnknownRole)?;
                if anonymous && role.administers {
                    return Err(Remark::AnonymousAdmin);
                }
                Ok(BTreeSet::from([role.word.clone()]))
            }
            Holding::Grants(_) if matches!(principal, Principal::Class(_)) => Err(Remark::ClassRows),
            Holding::Grants(_) if self.live.site.mode == SpaceRoleMode::Roles => Err(Remark::RowsBesideRoles),
            Holding::Grants(grants) if !grants.contains_key(&Permission::ReadSpace) => {
                Err(Remark::WithoutView)
            }
            Holding::Grants(grants) if anonymous && grants.contains_key(&Permission::AdministerSpace) => {
                Err(Remark::AnonymousAdmin)
            }
            Holding::Grants(grants) => Ok(words(&grants.keys().copied().collect(), &self.bundles)),
        }
    }
}

fn rows(holding: &Holding) -> usize {
    match holding {
        Holding::Grants(grants) => grants.len(),
        Holding::Role(_) => 1,
    }
}

/// Whether it is a guest whose space the policy does not name.
fn is_guest_of_no_space(principal: &Principal, live: &Live) -> bool {
    let Principal::User(account) = principal else { return false };
    live.directory.people.get(account).is_some_and(|person| person.guest == Known::Known(true))
        && !live.guests.contains_key(account)
}
