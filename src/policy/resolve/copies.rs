//! What a principal gets because it is held elsewhere: `like: live:SPACE`, and the place of one that is replaced.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::declaration::{Copied, SpaceDeclaration};
use super::resolver::Resolver;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::model::{
    AccountKind, Declaration, DesiredHolding, Holding, LiveSpace, Mode, Permission, Principal, Role, RoleId,
    SpaceRoleMode, Strength, Subject, ToHold, Wanted,
};
use crate::policy::ast::Named;

/// What a principal gets because it is held elsewhere.
#[derive(Clone)]
pub(super) struct Gift<'a> {
    pub(super) held: &'a Holding,
    pub(super) wanted: Wanted<()>,
    /// The line that asks for it.
    pub(super) place: &'a Span,
    /// What the principal holds and keeps where no line says what it is to hold.
    pub(super) beside: Option<&'a Holding>,
}

/// By the principal that gets them.
pub(super) type GiftsTo<'a> = BTreeMap<Principal, Vec<Gift<'a>>>;

impl<'a> Resolver<'a> {
    /// What is held in other spaces now. The accounts of apps, the caller's own, deleted groups and what user
    /// classes hold permission by permission are not copied.
    pub(super) fn copies(&mut self, declaration: &SpaceDeclaration<'a>, live: &'a LiveSpace) -> GiftsTo<'a> {
        let mut gifts = GiftsTo::new();
        if declaration.copies.is_empty() {
            return gifts;
        }
        let leavers: BTreeSet<&Principal> = declaration.leaving.iter().map(|leaving| &leaving.who).collect();
        for copied in &declaration.copies {
            let Some(source) = self.live.spaces.get(copied.from) else {
                self.known_space(copied.from, &copied.like.span);
                continue;
            };
            let said = || format!("like live:{}", copied.from);
            let rule = Some(copied.rule.map_or_else(said, str::to_owned));
            let wanted = Wanted::new((), Declaration { rule, ..Declaration::at(copied.like.span.origin()) });
            let mut passed_over = BTreeSet::new();
            let caller = Principal::User(self.live.site.caller.account.clone());
            for (principal, held) in &source.holdings {
                if *principal == caller {
                    // It keeps what it has wherever it is, and needs no more.
                } else if self.is_not_copied(principal, held) {
                    passed_over.insert(principal);
                } else if !leavers.contains(principal) {
                    let beside =
                        live.holdings.get(principal).filter(|_| declaration.mode() != Mode::Authoritative);
                    let gift = Gift { held, wanted: wanted.clone(), place: &copied.like.span, beside };
                    gifts.entry(principal.clone()).or_default().push(gift);
                }
            }
            self.not_copied(copied, &passed_over);
        }
        gifts
    }

    /// Whether it is not for the policy to say what a principal holds.
    pub(super) fn is_not_copied(&self, principal: &Principal, held: &Holding) -> bool {
        match principal {
            Principal::User(account) => {
                let kind = self.live.directory.people.get(account).map(|person| person.kind);
                let person = matches!(kind, Some(AccountKind::Human | AccountKind::Customer));
                !person
            }
            Principal::Class(_) => matches!(held, Holding::Grants(_)),
            Principal::Group(group) => self.live.directory.is_deleted(&Subject::Group(group.clone())),
            Principal::Anonymous => false,
        }
    }

    fn not_copied(&mut self, copied: &Copied<'_>, who: &BTreeSet<&Principal>) {
        if who.is_empty() {
            return;
        }
        let names: Vec<String> = who
            .iter()
            .map(|principal| match principal {
                Principal::User(account) => {
                    let person = self.live.directory.people.get(account);
                    person.map_or_else(|| format!("user:{account}"), |person| person.name.shown().to_string())
                }
                other => self.live.directory.name_of_missing(other),
            })
            .collect();
        self.report(
            Diagnostic::new(Code::NotCopied, format!("not copied from `{}`: {}", copied.from, names.join(", ")))
                .at(&copied.like.span, "")
                .help("apps, accounts that the site does not describe, deleted groups, and user classes without a role are left out"),
        );
    }

    /// Gives a principal what is held elsewhere, on top of what the policy gives it and of what it holds and keeps.
    pub(super) fn give(
        &mut self,
        who: &Principal,
        gift: &Gift<'_>,
        holdings: &mut BTreeMap<Principal, DesiredHolding>,
    ) {
        let more = RoleOrGrants::of_live(gift.held);
        let now = holdings.get(who).and_then(RoleOrGrants::of_desired);
        match (self.both(now, &more, gift.beside), more) {
            (Some(RoleOrGrants::Grants(_)), RoleOrGrants::Grants(more)) => {
                let entry =
                    holdings.entry(who.clone()).or_insert_with(|| ToHold::Grants(BTreeMap::new()));
                let ToHold::Grants(grants) = entry else { return };
                for permission in more {
                    let required = || (Strength::Required, Arc::clone(&gift.wanted.by));
                    let there = grants.entry(permission).or_insert_with(required);
                    if there.0 != Strength::Required {
                        *there = required();
                    }
                }
            }
            (Some(RoleOrGrants::Role(role)), _) => {
                // What they have through a line stays with that line.
                let has = matches!(holdings.get(who), Some(ToHold::Role(has, _)) if *has == role);
                if !has {
                    holdings.insert(who.clone(), ToHold::Role(role, Arc::clone(&gift.wanted.by)));
                }
            }
            (Some(RoleOrGrants::Grants(_)) | None, _) => self.report(
                Diagnostic::new(
                    Code::NotExpressible,
                    format!("`{}` would need this beside what they have, and no single role gives both", self.shown(who)),
                )
                .at(gift.place, "")
                .help("a principal has one space role, or single permissions: say in the policy which role they should have"),
            ),
        }
    }

    /// What comes to two holdings; `None` if no role gives both: a principal has a role or single permissions.
    pub(super) fn both(
        &self,
        now: Option<RoleOrGrants>,
        more: &RoleOrGrants,
        beside: Option<&Holding>,
    ) -> Option<RoleOrGrants> {
        let Some(now) = now else {
            let Some(beside) = beside.map(RoleOrGrants::of_live) else { return Some(more.clone()) };
            let takes_rows = self.live.site.mode != SpaceRoleMode::Roles;
            let both = self.both(Some(beside.clone()), more, None);
            // Where single permissions take the place of a role that stays otherwise, what it gave is given again.
            return both.or_else(|| match (beside, more) {
                (RoleOrGrants::Role(_), RoleOrGrants::Grants(_)) if takes_rows => Some(more.clone()),
                _ => None,
            });
        };
        match (now, more) {
            (RoleOrGrants::Grants(now), RoleOrGrants::Grants(more)) => {
                Some(RoleOrGrants::Grants(now.union(more).copied().collect()))
            }
            (RoleOrGrants::Role(first), RoleOrGrants::Role(second)) => {
                self.greater(&first, second).map(RoleOrGrants::Role)
            }
            (RoleOrGrants::Role(role), RoleOrGrants::Grants(grants)) => self.covers(&role, grants),
            (RoleOrGrants::Grants(grants), RoleOrGrants::Role(role)) => self.covers(role, &grants),
        }
    }

    /// A role that surely gives some permissions as well.
    fn covers(&self, role: &RoleId, grants: &BTreeSet<Permission>) -> Option<RoleOrGrants> {
        let permitted = self.permitted(role)?;
        grants.is_subset(permitted).then(|| RoleOrGrants::Role(role.clone()))
    }

    pub(super) fn shown(&self, who: &Principal) -> String {
        match who {
            Principal::Group(id) => {
                let group = self.live.directory.groups.get(id);
                format!(
                    "group:{}",
                    group.map_or_else(|| id.to_string(), |group| group.name.shown().to_string())
                )
            }
            Principal::User(account) => self.policy.show_named(&Named::User(account.clone())),
            Principal::Class(_) | Principal::Anonymous => who.to_string(),
        }
    }

    /// What a role surely permits.
    fn permitted(&self, role: &RoleId) -> Option<&BTreeSet<Permission>> {
        self.live.roles.get(role).map(Role::surely_gives)
    }

    /// The one of two roles that permits what both do.
    fn greater(&self, first: &RoleId, second: &RoleId) -> Option<RoleId> {
        if first == second {
            return Some(first.clone());
        }
        let includes = |greater: &RoleId, lesser: &RoleId| {
            let all = self.live.roles.get(lesser).and_then(Role::exactly);
            let has = self.permitted(greater);
            all.zip(has).is_some_and(|(all, has)| all.is_subset(has))
        };
        if includes(first, second) {
            Some(first.clone())
        } else {
            includes(second, first).then(|| second.clone())
        }
    }
}

/// A role or single permissions.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum RoleOrGrants {
    Role(RoleId),
    Grants(BTreeSet<Permission>),
}

impl RoleOrGrants {
    pub(super) fn of_live(holding: &Holding) -> Self {
        match holding {
            Holding::Role(role) => Self::Role(role.clone()),
            Holding::Grants(grants) => Self::Grants(grants.keys().copied().collect()),
        }
    }

    fn of_desired(holding: &DesiredHolding) -> Option<Self> {
        match holding {
            ToHold::Nothing(_) => None,
            ToHold::Role(role, _) => Some(Self::Role(role.clone())),
            ToHold::Grants(_) => {
                let required = holding.singles(Strength::Required);
                Some(Self::Grants(required.map(|(permission, _)| permission).collect()))
            }
        }
    }
}
