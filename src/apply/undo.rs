//! Taking a run back: each object that it changed returns to the state that its journal has from before, unless others
//! changed it since.
//!
//! Only what the run itself wrote is taken back: what it planned and did not come to, and what was so already, stays.
//! What ended, and what the policy named to be removed, does not come back unless that is asked for.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Audience, ContentId, Desired, DesiredSpace, Holding, Live, Members, PageList, Permission, Principal,
    Requested, Restrictions, RoleId, SpaceKey, SpaceRoleMode, Strength, Subject,
};
use crate::observe::Needs;
use crate::plan::{
    self, Change, ChangeAction, ChangeReason, HoldingState, Object, ObjectId, Plan, TargetHolding, TargetPage,
};

use super::journal::{Record, RejectedGrant};
use super::look::{Course, lets_in, lists_of};
use super::rest::{Rest, add_objects, displaced, is_there, key_of_now, spaces};

/// What takes a run back, and what cannot come back.
#[derive(Debug, Default)]
pub struct Undo {
    pub rest: Rest,
    pub kept: BTreeSet<NotGivenBack>,
}

/// Something that was so before the run and will not be so again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotGivenBack {
    /// The policy named the principal to be removed, or what it had has ended.
    Requested { space: SpaceKey, who: Principal },
    /// Single permissions, which a site with roles alone does not take, and no user class can be given.
    SinglePermissions { space: SpaceKey, who: Principal, permissions: BTreeSet<Permission> },
    /// Permissions that the site does not grant by themselves.
    Ungrantable { space: SpaceKey, who: Principal, permissions: BTreeSet<Permission> },
    /// Permissions that this site adds by itself along with others, or does not have.
    AddedBySite { space: SpaceKey, who: Principal, permissions: BTreeSet<Permission> },
    /// Permissions that came with space roles and come back only if a site without roles takes them alone, which is not
    /// established.
    Doubtful { space: SpaceKey, who: Principal, permissions: BTreeSet<Permission> },
    /// A role that the site does not have any more.
    Role { space: SpaceKey, who: Principal, role: RoleId },
    /// A role, since the principal holds single permissions that the run did not give, and the role would take their place.
    Beside { space: SpaceKey, who: Principal, role: RoleId },
    /// A list that would have no entry left, and so would be open to anyone.
    List { space: SpaceKey, content: ContentId, list: PageList },
    /// A role that does not give what it gave then, and comes back all the same.
    OtherContents { role: RoleId },
}

impl NotGivenBack {
    /// Whether something does not come back, or may not without the run noticing; the rest is only to be looked at.
    pub const fn stays_away(&self) -> bool {
        match self {
            Self::Requested { .. }
            | Self::SinglePermissions { .. }
            | Self::Ungrantable { .. }
            | Self::AddedBySite { .. }
            | Self::Role { .. }
            | Self::Beside { .. }
            | Self::List { .. } => true,
            Self::Doubtful { .. } | Self::OtherContents { .. } => false,
        }
    }
}

/// What comes back.
#[derive(Debug, Clone, Default)]
pub struct UndoOptions {
    /// Whether what ended or was named to be removed comes back, too.
    pub include_ended: bool,
    /// What the site rejected when this run was to be taken back before.
    pub rejected: BTreeSet<RejectedGrant>,
}

/// What takes back what a run did.
pub fn undo(record: &Record, live: &Live, options: &UndoOptions) -> Undo {
    let plan = &record.plan;
    let mut made: BTreeMap<ObjectId, Vec<&Change>> = BTreeMap::new();
    for change in record.made() {
        made.entry(ObjectId::changed_by(change)).or_default().push(change);
    }
    let written = record.written();
    let course = Course::of(plan, &plan.site.caller, &written);
    let reason = ChangeReason::TakenBack { run: record.began.to_string() };
    let none = Requested::default();
    let mut undo = Undo::default();
    for object in &plan.objects {
        let id = ObjectId::of(object);
        let Some(changes) = made.get(&id) else { continue };
        let key = id.space();
        if !is_there(plan, key, live) {
            undo.rest.gone.insert(key.clone(), key_of_now(plan, key, live).cloned());
            continue;
        }
        let requested = plan.requested.get(key).filter(|_| !options.include_ended).unwrap_or(&none);
        let after = match object {
            Object::Holding { after, .. } => after,
            Object::Page { .. } => &HoldingState::Nothing,
        };
        let back = Back { course: &course, changes, requested, options, reason: &reason, live, after };
        let mut moved = course.changes(object, live);
        let space = undo.rest.target.spaces.entry(key.clone()).or_default();
        match object {
            Object::Holding { principal, before, .. } => {
                let (target, kept) = back.holding(key, principal, before);
                undo.kept.extend(kept);
                space.holdings.extend(target.map(|target| (principal.clone(), target)));
            }
            Object::Page { content, before, .. } => {
                let Some(now) = lists_of(live, key, *content) else {
                    undo.rest.moved.insert(id, moved);
                    continue;
                };
                let (lists, kept) = back.lists(key, *content, before, now);
                undo.kept.extend(kept);
                // Where the page is now, this list may let in others than it did.
                moved.extend(displaced(plan, &id, live).filter(|_| lets_in(now, &lists)));
                let reasons = back.lists_changed().map(|list| (list, reason.clone())).collect();
                space.pages.insert(*content, TargetPage { restrictions: lists, reasons });
            }
        }
        if !moved.is_empty() {
            undo.rest.moved.insert(id, moved);
        }
    }
    undo.kept.extend(other_contents(plan, &undo.rest, live));
    undo
}

/// What must be known: the objects of the run, and what planning the way back needs.
pub fn needs(record: &Record, options: &UndoOptions, desired: &Desired, live: &Live) -> Needs {
    let target = undo(record, live, options).rest.target;
    let mut needs = plan::needs_to(&target, desired, live);
    add_objects(&mut needs, &record.plan, live);
    needs
}

/// The guards and the words of a policy that asks for nothing in these spaces.
pub fn without_declarations(desired: &Desired, plan: &Plan) -> Desired {
    let silent = |key: SpaceKey| {
        let origin = plan.spaces.get(&key)?.origin.clone();
        Some((key, DesiredSpace::silent(origin)))
    };
    Desired {
        spaces: spaces(plan).into_iter().filter_map(silent).collect(),
        skipped: BTreeSet::new(),
        leavers: BTreeSet::new(),
        ..desired.clone()
    }
}

/// What the policy asks for that the way back takes away, or the other way round.
pub fn done_again(back: &Plan, desired: &Desired, after: &Live) -> Vec<Change> {
    let is_against = |asked: &Change| {
        back.changes.iter().any(|change| match (asked, change) {
            (
                Change::Grant { space, principal, permission, verb, .. },
                Change::Grant { space: at, principal: who, permission: what, verb: other, .. },
            ) => (space, principal, permission) == (at, who, what) && verb != other,
            (Change::Audience { content, list, .. }, Change::Audience { content: page, list: which, .. }) => {
                (content, list) == (page, which)
            }
            (Change::Role { .. }, _) | (_, Change::Role { .. }) => {
                ObjectId::changed_by(asked) == ObjectId::changed_by(change)
            }
            _ => false,
        })
    };
    plan::differences(desired, after).into_iter().filter(is_against).collect()
}

/// The roles that come back and give something else by now.
fn other_contents(plan: &Plan, rest: &Rest, live: &Live) -> Vec<NotGivenBack> {
    let holdings = rest.target.spaces.values().flat_map(|space| space.holdings.values());
    let roles = holdings.filter_map(|holding| match holding {
        TargetHolding::Role(role, _) => Some(role),
        TargetHolding::Nothing(_) | TargetHolding::Grants(_) => None,
    });
    let differs = |role: &&RoleId| {
        let then = plan.role_contents.get(*role);
        live.roles.get(*role).is_none_or(|now| then.is_none_or(|then| *then != now.names))
    };
    roles.filter(differs).map(|role| NotGivenBack::OtherContents { role: role.clone() }).collect()
}

/// The way back of one object.
struct Back<'a> {
    course: &'a Course<'a>,
    /// What the run changed of it.
    changes: &'a [&'a Change],
    requested: &'a Requested,
    options: &'a UndoOptions,
    reason: &'a ChangeReason,
    live: &'a Live,
    /// What the principal held as the plan leaves it; nothing for a page.
    after: &'a HoldingState,
}

impl Back<'_> {
    fn holding(
        &self,
        space: &SpaceKey,
        who: &Principal,
        before: &HoldingState,
    ) -> (Option<TargetHolding>, Vec<NotGivenBack>) {
        let now = self.live.spaces.get(space).and_then(|space| space.holdings.get(who));
        let comes_back = !self.requested.access.contains(who);
        let requested = || NotGivenBack::Requested { space: space.clone(), who: who.clone() };
        let assigned = self.changes.iter().any(|change| matches!(change, Change::Role { .. }));
        if let HoldingState::Role { role } = before {
            return match self.live.roles.get(role) {
                _ if !assigned => (None, Vec::new()),
                _ if !comes_back => (None, vec![requested()]),
                _ if !self.are_own(held(now)) => {
                    let (space, who, role) = (space.clone(), who.clone(), role.clone());
                    (None, vec![NotGivenBack::Beside { space, who, role }])
                }
                None => {
                    let (space, who, role) = (space.clone(), who.clone(), role.clone());
                    (None, vec![NotGivenBack::Role { space, who, role }])
                }
                Some(_) => (Some(TargetHolding::Role(role.clone(), self.reason.clone())), Vec::new()),
            };
        }
        let (mut goal, withheld) = self.permissions(space, who, before, now, comes_back);
        let held = held(now);
        // What the site takes along with something has to be given back, as what is not there.
        let taken_along = |permission: &Permission| {
            held.difference(&goal).any(|taken| taken.companions().contains(permission))
        };
        let mut missing: BTreeSet<Permission> =
            goal.iter().copied().filter(|it| !held.contains(it) || taken_along(it)).collect();
        // What the site grants only along with another comes back with that, or not at all.
        let vocabulary = self.live.vocabulary();
        let is_ungrantable = |permission: &Permission| {
            !vocabulary.contains(*permission) || self.was_rejected(space, who, *permission)
        };
        let ungrantable: BTreeSet<Permission> = missing.iter().copied().filter(is_ungrantable).collect();
        missing.retain(|permission| !ungrantable.contains(permission));
        goal.retain(|permission| !ungrantable.contains(permission));
        let is_brought =
            |permission: &Permission| missing.iter().any(|given| given.may_bring().contains(permission));
        let (tolerated, lost): (BTreeSet<Permission>, BTreeSet<Permission>) =
            ungrantable.into_iter().partition(is_brought);
        // That a site without roles shows them does not prove that it grants them alone.
        let doubtful: BTreeSet<Permission> = missing
            .iter()
            .copied()
            .filter(|permission| self.is_undocumented_here(*permission) && !is_brought(permission))
            .collect();
        let takes_rows = self.live.site.mode != SpaceRoleMode::Roles && !matches!(who, Principal::Class(_));
        if !takes_rows && !missing.is_empty() {
            let (space, who) = (space.clone(), who.clone());
            return (None, vec![NotGivenBack::SinglePermissions { space, who, permissions: missing }]);
        }
        let added_by_site = tolerated.clone();
        let target = if goal.is_empty() {
            TargetHolding::Nothing(self.reason.clone())
        } else {
            let refused = held.difference(&goal).map(|permission| (*permission, Strength::Refused));
            let tolerated = tolerated.into_iter().map(|permission| (permission, Strength::Tolerated));
            let required = goal.iter().map(|permission| (*permission, Strength::Required));
            let all = refused.chain(tolerated).chain(required);
            let with_reason = |(permission, strength)| (permission, (strength, self.reason.clone()));
            TargetHolding::Grants(all.map(with_reason).collect())
        };
        let mut kept: Vec<NotGivenBack> = withheld.then(requested).into_iter().collect();
        let at = || (space.clone(), who.clone());
        if !lost.is_empty() {
            let (space, who) = at();
            kept.push(NotGivenBack::Ungrantable { space, who, permissions: lost });
        }
        if !added_by_site.is_empty() {
            let (space, who) = at();
            kept.push(NotGivenBack::AddedBySite { space, who, permissions: added_by_site });
        }
        if !doubtful.is_empty() {
            let (space, who) = at();
            kept.push(NotGivenBack::Doubtful { space, who, permissions: doubtful });
        }
        (Some(target), kept)
    }

    /// Whether a permission came with space roles, which the site does not have.
    fn is_undocumented_here(&self, permission: Permission) -> bool {
        !self.live.site.mode.has_roles() && !permission.is_documented()
    }

    /// Whether an earlier undo tried to give such a permission back, and the site does not take that. What was rejected of
    /// the others may have had a reason that is over, such as an account that was not active.
    fn was_rejected(&self, space: &SpaceKey, who: &Principal, permission: Permission) -> bool {
        let id = self.live.spaces.get(space).map(|space| space.space.id);
        self.is_undocumented_here(permission)
            && id.is_some_and(|space| {
                self.options.rejected.contains(&RejectedGrant { space, who: who.clone(), permission })
            })
    }

    /// Whether the run gave all of these permissions, or they came along with what it gave.
    fn are_own(&self, held: BTreeSet<Permission>) -> bool {
        let given: Vec<Permission> = self
            .changes
            .iter()
            .filter_map(|change| match change {
                Change::Grant { permission, verb: ChangeAction::Add, .. } => Some(*permission),
                _ => None,
            })
            .collect();
        held.into_iter().all(|permission| {
            given.iter().any(|given| *given == permission || given.may_bring().contains(&permission))
        })
    }

    /// What the principal is to hold, and whether something does not come back because it was to go.
    fn permissions(
        &self,
        space: &SpaceKey,
        who: &Principal,
        before: &HoldingState,
        now: Option<&Holding>,
        comes_back: bool,
    ) -> (BTreeSet<Permission>, bool) {
        let mut goal = held(now);
        let mut withheld = false;
        for change in self.changes {
            match change {
                Change::Grant { permission, verb: ChangeAction::Add, .. } => {
                    goal.remove(permission);
                    // What came along with it goes along, too.
                    goal.retain(|other| {
                        before.requires(*other) || !self.came_along(space, who, *permission, *other)
                    });
                }
                Change::Grant { permission, verb: ChangeAction::Remove, reason, .. } => {
                    let has_ended = matches!(reason, ChangeReason::Declared(by) if by.ended);
                    if comes_back && (self.options.include_ended || !has_ended) {
                        goal.insert(*permission);
                    } else {
                        withheld = true;
                    }
                }
                // The role took the place of what is listed beside it.
                Change::Role { .. } | Change::Audience { .. } => {}
            }
        }
        // What came along with something that an earlier undo gave back, and was not looked at.
        let stray: Vec<Permission> = self.live.stray.of(space, who).collect();
        let may_bring = |other: &Permission| {
            self.changes.iter().any(|change| match change {
                Change::Grant { permission, .. } => permission.may_bring().contains(other),
                Change::Role { .. } | Change::Audience { .. } => false,
            })
        };
        goal.retain(|other| before.allows(*other) || !stray.contains(other) || !may_bring(other));
        let given_back = self.course.given_to(space, who);
        goal.extend(given_back.into_iter().filter(|permission| before.requires(*permission)));
        // What an earlier undo took along and the site did not give again. It is listed, and not given.
        goal.extend(
            Permission::ALL.iter().copied().filter(|permission| {
                before.requires(*permission) && self.was_rejected(space, who, *permission)
            }),
        );
        // Confluence keeps nothing for a principal that may not view the space.
        if !goal.contains(&Permission::ReadSpace) {
            goal.clear();
        }
        (goal, withheld)
    }

    /// Whether a permission came along with one that the run gave, as far as the plan or an earlier run tells.
    fn came_along(&self, space: &SpaceKey, who: &Principal, given: Permission, other: Permission) -> bool {
        let is_stray = self.live.stray.of(space, who).any(|stray| stray == other);
        given.may_bring().contains(&other) && (self.after.allows(other) || is_stray)
    }

    fn lists_changed(&self) -> impl Iterator<Item = PageList> {
        self.changes.iter().filter_map(|change| match change {
            Change::Audience { list, .. } => Some(*list),
            Change::Grant { .. } | Change::Role { .. } => None,
        })
    }

    fn lists(
        &self,
        space: &SpaceKey,
        content: ContentId,
        before: &Restrictions,
        now: &Restrictions,
    ) -> (Restrictions, Vec<NotGivenBack>) {
        let mut kept = Vec::new();
        let mut wanted = before.clone();
        for list in self.lists_changed() {
            let Audience::Only(members) = before.audience(list) else { continue };
            let is_back = |subject: &&Subject| {
                now.audience(list).subjects().any(|listed| listed == *subject)
                    || !self.requested.from_list(subject)
            };
            let (back, gone): (Vec<&Subject>, Vec<&Subject>) = members.iter().partition(is_back);
            let gone = gone
                .into_iter()
                .map(|subject| NotGivenBack::Requested { space: space.clone(), who: subject.clone().into() });
            kept.extend(gone);
            let audience = Members::new(back.into_iter().cloned()).map(Audience::Only);
            *wanted.audience_mut(list) = audience.unwrap_or_else(|| {
                kept.push(NotGivenBack::List { space: space.clone(), content, list });
                now.audience(list).clone()
            });
        }
        let changed: BTreeSet<PageList> = self.lists_changed().collect();
        (self.course.lists(now, |list| changed.contains(&list).then_some(&wanted)), kept)
    }
}

fn held(now: Option<&Holding>) -> BTreeSet<Permission> {
    match now {
        Some(Holding::Grants(grants)) => grants.keys().copied().collect(),
        Some(Holding::Role(_)) | None => BTreeSet::new(),
    }
}
