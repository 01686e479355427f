//! From changes to calls: the fewest that reach exactly the target.
//!
//! On Cloud one call adds one permission and one deletes one row, but calls have side effects, and
//! this table of them is what saves calls or costs some:
//!
//! | call | also |
//! |---|---|
//! | grant of a producer (`read/space`, `create/page`, `create/blogpost`) | adds its companion |
//! | revoke of a producer | takes its companion away |
//! | revoke of `read/space` | takes everything of that principal away, with the last row where a site shows it twice |
//! | role assignments | one call for all principals of a space |
//! | restrict | one call for both lists of a page |
//!
//! Whether companions appear is not documented for every site. Where the site has shown permissions of that kind,
//! the plan relies on them. Elsewhere it does not, but the calls that would take unwanted ones away are in the plan
//! all the same, as conditional ones. Verification finds a companion that appears, or fails to appear, contrary to
//! this table.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::model::{
    Call, ContentId, Desired, GrantId, Holding, Known, Live, LiveSpace, NeverAtOnce, Permission, Principal,
    Restrictions, RoleId, SpaceKey, Strength, Vocabulary, Watched,
};

use super::change::{Change, ChangeAction, ChangeReason};
use super::draft::Draft;
use super::enabling::wait_for_rights;
use super::target::{Target, TargetHolding};

/// All calls, without order but for what the API demands.
pub(super) fn lower(target: &Target, changes: &[Change], desired: &Desired, live: &Live) -> Vec<Draft> {
    let index = ChangeIndex::of(changes);
    let vocabulary = live.vocabulary();
    let mut drafts = Vec::new();
    for (key, target) in &target.spaces {
        let Some(space) = live.spaces.get(key) else { continue };
        let first = drafts.len();
        if let Some(draft) = assign_roles(key, space, &index) {
            drafts.push(draft);
        }
        for (principal, holding) in &target.holdings {
            let Some(touched) = index.grants.get(&(key, principal)) else { continue };
            // A role that is assigned takes the place of single permissions.
            if !matches!(holding, TargetHolding::Role(..)) {
                GrantCalls::new(key, principal, holding, space, vocabulary, touched).lower(&mut drafts);
            }
        }
        for (&content, page) in &target.pages {
            let Some(covers) = index.pages.get(&(key, content)) else { continue };
            let Some(before) = restrictions(space, content) else { continue };
            let call = Call::Restrict {
                space: key.clone(),
                content,
                before: before.clone(),
                after: page.restrictions.clone(),
            };
            drafts.push(Draft::new(call, covers.clone(), BTreeSet::new()));
        }
        replace_roles_last(&mut drafts, first, changes);
        wait_for_rights(&mut drafts[first..], first, space, live);
        if let Some(desired_space) = desired.spaces.get(key) {
            wait_for_their_rules(&mut drafts, first, &desired_space.watched, changes);
            for never in &desired_space.never_at_once {
                keep_apart(&mut drafts, first, never);
            }
        }
    }
    drafts
}

/// What a role gave that is given again is known by the role alone. If a run ended after it went, no later plan would know
/// what is left to give. The drafts of the space begin at `first`.
fn replace_roles_last(drafts: &mut [Draft], first: usize, changes: &[Change]) {
    let gives_again = |draft: &Draft| match &draft.call {
        Call::Grant { principal, .. } => {
            let mut covered = draft.covers.iter().filter_map(|&number| changes.get(number));
            covered.any(|change| *change.reason() == ChangeReason::GivenByRole).then(|| principal.clone())
        }
        Call::Revoke { .. } | Call::AssignRoles { .. } | Call::Restrict { .. } => None,
    };
    let again: Vec<(usize, Principal)> =
        (first..drafts.len()).filter_map(|number| Some((number, gives_again(&drafts[number])?))).collect();
    for draft in &mut drafts[first..] {
        if let Call::AssignRoles { roles, .. } = &draft.call {
            let earlier = again.iter().filter(|(_, principal)| roles.contains_key(principal));
            draft.resumes.extend(earlier.map(|(number, _)| *number));
        }
    }
}

/// A rule may select a space by what a principal holds there, or hand that on. If a run ended after revoking it and
/// before the rest of the rule was carried out, no later plan would know what is left to do. So what a rule selects by goes
/// after all else that the rule asks for, and what is handed on goes after it was given. The drafts of the space begin at
/// `first`.
fn wait_for_their_rules(
    drafts: &mut [Draft],
    first: usize,
    watched: &BTreeMap<String, Watched>,
    changes: &[Change],
) {
    let takes_from = |draft: &Draft, who: &BTreeSet<Principal>| match &draft.call {
        // What a grant brought along was not there when the rule selected the space.
        Call::Revoke { principal, .. } => draft.undoes.is_none() && who.contains(principal),
        Call::AssignRoles { roles, .. } => roles.keys().any(|principal| who.contains(principal)),
        Call::Grant { .. } | Call::Restrict { .. } => false,
    };
    for (rule, Watched { selects, hands_on }) in watched {
        let serves = |draft: &Draft| {
            let mut covered = draft.covers.iter().filter_map(|&number| changes.get(number));
            covered.any(|change| change.reason().rule() == Some(rule))
        };
        let numbers = || first..drafts.len();
        let last: Vec<usize> = numbers().filter(|&it| takes_from(&drafts[it], selects)).collect();
        let rest: Vec<usize> = numbers().filter(|it| !last.contains(it) && serves(&drafts[*it])).collect();
        let from_old = |it: &usize| takes_from(&drafts[*it], hands_on);
        let gives = |it: &usize| {
            matches!(drafts[*it].call, Call::Grant { .. } | Call::AssignRoles { .. }) && !from_old(it)
        };
        let mut waiting: Vec<(usize, Vec<usize>)> =
            last.iter().map(|&number| (number, rest.clone())).collect();
        let given: Vec<usize> = rest.iter().copied().filter(gives).collect();
        let old = numbers().filter(|it| !last.contains(it) && from_old(it));
        waiting.extend(old.map(|number| (number, given.clone())));
        for (number, earlier) in waiting {
            // A draft that itself needs the removal first, such as a companion that is granted again after it,
            // cannot come before it.
            let earlier: Vec<usize> =
                earlier.into_iter().filter(|&other| !drafts[other].needs.contains(&number)).collect();
            drafts[number].resumes.extend(earlier);
        }
    }
}

/// What would make a rule select the space beside something that goes comes after that has gone, where an order for that
/// is left. The drafts of the space begin at `first`.
fn keep_apart(drafts: &mut [Draft], first: usize, never: &NeverAtOnce) {
    let is_of = |all: &BTreeSet<(Principal, Permission)>, principal: &Principal, permission: Permission| {
        let mut changed = [&[permission], permission.companions()].concat().into_iter();
        changed.any(|it| all.contains(&(principal.clone(), it)))
    };
    let comes = |draft: &Draft| match &draft.call {
        Call::Grant { principal, permission, .. } => is_of(&never.comes, principal, *permission),
        Call::Revoke { .. } | Call::AssignRoles { .. } | Call::Restrict { .. } => false,
    };
    let goes = |draft: &Draft| match &draft.call {
        // All else goes with it.
        Call::Revoke { principal, permission: Permission::ReadSpace, .. } => {
            never.goes.iter().any(|(who, _)| who == principal)
        }
        Call::Revoke { principal, permission, .. } => {
            draft.undoes.is_none() && is_of(&never.goes, principal, *permission)
        }
        Call::Grant { .. } | Call::AssignRoles { .. } | Call::Restrict { .. } => false,
    };
    let going: Vec<usize> = (first..drafts.len()).filter(|it| goes(&drafts[*it])).collect();
    for draft in drafts[first..].iter_mut().filter(|draft| comes(draft)) {
        draft.prefers.extend(&going);
    }
}

fn restrictions(space: &LiveSpace, content: ContentId) -> Option<&Restrictions> {
    match &space.tree.as_ref()?.get(content)?.restrictions {
        Known::Known(restrictions) => Some(restrictions),
        Known::Unknown(_) => None,
    }
}

/// Changes by the object that they touch.
struct ChangeIndex<'a> {
    grants: BTreeMap<(&'a SpaceKey, &'a Principal), GrantChanges>,
    roles: BTreeMap<&'a SpaceKey, Vec<RoleChange<'a>>>,
    pages: BTreeMap<(&'a SpaceKey, ContentId), BTreeSet<usize>>,
}

/// The numbers of the changes of one principal's permissions.
type GrantChanges = BTreeMap<(Permission, ChangeAction), usize>;

/// The number of a change, whose role it is, and the role to be.
type RoleChange<'a> = (usize, &'a Principal, Option<&'a RoleId>);

impl<'a> ChangeIndex<'a> {
    fn of(changes: &'a [Change]) -> Self {
        let mut index = Self { grants: BTreeMap::new(), roles: BTreeMap::new(), pages: BTreeMap::new() };
        for (number, change) in changes.iter().enumerate() {
            match change {
                Change::Grant { space, principal, permission, verb, .. } => {
                    index.grants.entry((space, principal)).or_default().insert((*permission, *verb), number);
                }
                Change::Role { space, principal, after, .. } => {
                    index.roles.entry(space).or_default().push((number, principal, after.as_ref()));
                }
                Change::Audience { space, content, .. } => {
                    index.pages.entry((space, *content)).or_default().insert(number);
                }
            }
        }
        index
    }
}

fn assign_roles(key: &SpaceKey, space: &LiveSpace, index: &ChangeIndex<'_>) -> Option<Draft> {
    let changes = index.roles.get(key)?;
    let roles: BTreeMap<Principal, Option<RoleId>> =
        changes.iter().map(|&(_, principal, role)| (principal.clone(), role.cloned())).collect();
    let mut covers: BTreeSet<usize> = changes.iter().map(|&(number, ..)| number).collect();
    for (_, principal, role) in changes {
        if role.is_some() {
            covers.extend(index.grants.get(&(key, *principal)).into_iter().flat_map(BTreeMap::values));
        }
    }
    let call = Call::AssignRoles { space: key.clone(), space_id: space.space.id, roles };
    Some(Draft::new(call, covers, BTreeSet::new()))
}

/// The calls that bring the permissions of one principal in one space to the target.
struct GrantCalls<'a> {
    space: &'a SpaceKey,
    principal: &'a Principal,
    required: BTreeSet<Permission>,
    tolerated: BTreeSet<Permission>,
    /// What is required because a role gave it that goes.
    given_again: BTreeSet<Permission>,
    held: BTreeMap<Permission, BTreeSet<GrantId>>,
    vocabulary: Vocabulary,
    changes: &'a GrantChanges,
}

impl<'a> GrantCalls<'a> {
    fn new(
        space: &'a SpaceKey,
        principal: &'a Principal,
        target: &TargetHolding,
        live: &LiveSpace,
        vocabulary: Vocabulary,
        changes: &'a GrantChanges,
    ) -> Self {
        let given_again = target.singles(Strength::Required);
        let given_again = given_again.filter(|(_, reason)| **reason == ChangeReason::GivenByRole);
        let of = |strength| target.singles(strength).map(|(permission, _)| permission).collect();
        let held = match live.holdings.get(principal) {
            Some(Holding::Grants(grants)) => grants.clone(),
            Some(Holding::Role(_)) | None => BTreeMap::new(),
        };
        Self {
            space,
            principal,
            required: of(Strength::Required),
            tolerated: of(Strength::Tolerated),
            given_again: given_again.map(|(permission, _)| permission).collect(),
            held,
            vocabulary,
            changes,
        }
    }

    fn lower(&self, drafts: &mut Vec<Draft>) {
        if self.required.is_empty()
            && self.tolerated.is_empty()
            && let Some(rows) = self.held.get(&Permission::ReadSpace)
        {
            let everything: BTreeSet<usize> = self.changes.values().copied().collect();
            self.revoke_rows(Permission::ReadSpace, rows, &everything, &BTreeSet::new(), drafts);
            return;
        }
        let granted = self.grants(drafts);
        self.revokes(&granted, drafts);
    }

    /// Adds what is missing: `read/space` first, then producers, so that companions come for free.
    fn grants(&self, drafts: &mut Vec<Draft>) -> BTreeMap<Permission, usize> {
        let mut missing: Vec<Permission> =
            self.required.iter().copied().filter(|permission| !self.held.contains_key(permission)).collect();
        missing.sort_by_key(|&permission| {
            (permission != Permission::ReadSpace, self.companions(permission).is_empty(), permission)
        });
        let mut granted = BTreeMap::new();
        let mut brought: BTreeMap<Permission, usize> = BTreeMap::new();
        for permission in missing {
            let covers = self.change(permission, ChangeAction::Add);
            // That it comes along is not relied on where nothing would tell a later run that it is missing.
            if let Some(&producer) =
                brought.get(&permission).filter(|_| !self.given_again.contains(&permission))
            {
                drafts[producer].covers.extend(covers);
                continue;
            }
            let read: BTreeSet<usize> = granted.get(&Permission::ReadSpace).copied().into_iter().collect();
            let number = drafts.len();
            let (space, principal) = (self.space.clone(), self.principal.clone());
            drafts.push(Draft::new(Call::Grant { space, principal, permission }, covers, read));
            granted.insert(permission, number);
            for &companion in self.companions(permission) {
                brought.insert(companion, number);
            }
        }
        granted
    }

    /// Removes what is too much: what is there already, and companions that this plan brings along.
    fn revokes(&self, granted: &BTreeMap<Permission, usize>, drafts: &mut Vec<Draft>) {
        let unwanted = |permission: &Permission| {
            !self.required.contains(permission) && !self.tolerated.contains(permission)
        };
        let brought: BTreeMap<Permission, usize> = granted
            .iter()
            .flat_map(|(&producer, &number)| {
                producer.companions().iter().map(move |&companion| (companion, number))
            })
            .filter(|(companion, _)| unwanted(companion))
            .collect();

        let mut too_much: Vec<Permission> = self.held.keys().copied().filter(unwanted).collect();
        too_much.sort_by_key(|&permission| (self.companions(permission).is_empty(), permission));
        let mut taken: BTreeMap<Permission, Range<usize>> = BTreeMap::new();
        for permission in too_much {
            let covers = self.change(permission, ChangeAction::Remove);
            if let Some(producers) = taken.get(&permission) {
                for producer in &mut drafts[producers.clone()] {
                    producer.covers.extend(&covers);
                }
                continue;
            }
            let needs: BTreeSet<usize> = brought.get(&permission).copied().into_iter().collect();
            let Some(rows) = self.held.get(&permission) else { continue };
            let revokes = self.revoke_rows(permission, rows, &covers, &needs, drafts);
            for &companion in self.companions(permission) {
                taken.insert(companion, revokes.clone());
            }
        }
        for (&companion, &number) in
            brought.iter().filter(|(companion, _)| !self.held.contains_key(companion))
        {
            self.revoke(companion, None, BTreeSet::new(), BTreeSet::from([number]), drafts);
            if let Some(undoing) = drafts.last_mut() {
                undoing.undoes = Some(number);
                undoing.conditional = self.vocabulary == Vocabulary::Documented;
            }
        }
        // A companion that is required disappears with its producer, so it is granted afterwards, or granted again;
        // with which of the rows of its producer, is not known.
        for (&companion, revokes) in taken.iter().filter(|(companion, _)| self.required.contains(companion)) {
            if let Some(&grant) = granted.get(&companion) {
                drafts[grant].needs.extend(revokes.clone());
                continue;
            }
            for number in revokes.clone() {
                let covers = drafts[number].covers.clone();
                let (space, principal) = (self.space.clone(), self.principal.clone());
                let call = Call::Grant { space, principal, permission: companion };
                let undoes = Some(number);
                drafts.push(Draft { undoes, ..Draft::new(call, covers, BTreeSet::from([number])) });
            }
        }
    }

    /// Deletes each row of a permission: a site may show it twice, and keep the second when the first is deleted.
    fn revoke_rows(
        &self,
        permission: Permission,
        rows: &BTreeSet<GrantId>,
        covers: &BTreeSet<usize>,
        needs: &BTreeSet<usize>,
        drafts: &mut Vec<Draft>,
    ) -> Range<usize> {
        let first = drafts.len();
        for &row in rows {
            self.revoke(permission, Some(row), covers.clone(), needs.clone(), drafts);
        }
        first..drafts.len()
    }

    fn revoke(
        &self,
        permission: Permission,
        grant: Option<GrantId>,
        covers: BTreeSet<usize>,
        needs: BTreeSet<usize>,
        drafts: &mut Vec<Draft>,
    ) {
        let (space, principal) = (self.space.clone(), self.principal.clone());
        let call = Call::Revoke { space, principal, permission, grant };
        drafts.push(Draft::new(call, covers, needs));
    }

    fn companions(&self, permission: Permission) -> &'static [Permission] {
        match self.vocabulary {
            Vocabulary::Extended => permission.companions(),
            Vocabulary::Documented => &[],
        }
    }

    fn change(&self, permission: Permission, verb: ChangeAction) -> BTreeSet<usize> {
        self.changes.get(&(permission, verb)).copied().into_iter().collect()
    }
}
