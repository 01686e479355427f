//! Why an account can or cannot do something, and what would change that.

use std::collections::{BTreeMap, BTreeSet};

use super::engine::Engine;
use super::levels::{LevelReport, Outcome, verdict};
use super::outside::Outside;
use super::question::{Asker, Level, Needed, Object, Verb, Verdict};
use super::standing::Standing;
use crate::model::{
    AccountId, ContentId, GroupId, Holding, LiveSpace, PageList, Permission, Principal, Role, RoleId,
    SpaceKey, SpaceRoleMode, Subject,
};

/// An answer with its reasons.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    pub verdict: Verdict,
    /// Every level from the outside in, with every route.
    pub levels: Vec<LevelReport>,
    /// When the answer is no, what would make it yes, the shortest first. Each does by itself; none is
    /// known where the list is empty.
    pub remedies: Vec<Remedy>,
    /// Ways around the lists, of which the answer takes no account.
    pub outside: Vec<Outside>,
}

/// Changes that together make the answer yes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remedy {
    pub changes: BTreeSet<Fix>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fix {
    /// Let people in who are not signed in.
    AllowAnonymousAccess,
    /// Bring the account back.
    Reactivate(AccountId),
    /// Give the account access to the product.
    License(AccountId),
    /// Make the person a member of the group.
    Join(AccountId, GroupId),
    Grant(SpaceKey, Principal, Permission),
    AssignRole(SpaceKey, Principal, RoleId),
    /// Put the subject on the list.
    List(ContentId, PageList, Subject),
    /// Open the list, for those who cannot be on one.
    Open(ContentId, PageList),
}

/// So many groups are proposed at most.
const GROUPS: usize = 5;

impl Engine<'_> {
    /// Why the asker may or may not do it.
    pub fn explain(&self, asker: &Asker, verb: impl Into<Verb>, object: &Object) -> Explanation {
        let verb = verb.into();
        let levels = self.levels(asker, verb, object);
        let verdict = verdict(&levels);
        let remedies = match (&verdict, self.space(object.space())) {
            (Verdict::Denied(_), Some(space)) => self.remedies(asker, verb, object, space, &levels),
            (Verdict::Allowed | Verdict::Denied(_) | Verdict::Unknown(_), _) => Vec::new(),
        };
        Explanation { verdict, levels, remedies, outside: self.outside(object) }
    }

    fn remedies(
        &self,
        asker: &Asker,
        verb: Verb,
        object: &Object,
        space: &LiveSpace,
        levels: &[LevelReport],
    ) -> Vec<Remedy> {
        let mut remedies: Vec<Remedy> = self.join(asker, verb, object);
        let mut changes = BTreeSet::new();
        let mut missing = BTreeSet::new();
        for (level, needed) in denied(levels) {
            match needed {
                Needed::SignIn => changes.extend(self.letting_in(asker)),
                // The first is what the permission is for; others imply it.
                Needed::Permission { any_of } => missing.extend(any_of.first().copied()),
                Needed::OnList(list) => changes.extend(level.content().and_then(|content| {
                    Some(match asker.principal()?.subject() {
                        Some(subject) => Fix::List(content, *list, subject),
                        None => Fix::Open(content, *list),
                    })
                })),
            }
        }
        if let Some(principal) = asker.principal()
            && let Some(grants) = self.grants(space, &principal, missing)
        {
            changes.extend(grants);
            remedies.push(Remedy { changes });
        }
        remedies.sort_by_key(|remedy| (remedy.changes.len(), remedy.clone()));
        remedies.dedup();
        remedies
    }

    fn letting_in(&self, asker: &Asker) -> Option<Fix> {
        match asker {
            Asker::Anonymous => Some(Fix::AllowAnonymousAccess),
            Asker::Person(account) => {
                let out = self.standings_of(account).any(|standing| standing == Standing::Out);
                Some(if out { Fix::Reactivate(account.clone()) } else { Fix::License(account.clone()) })
            }
            Asker::Group(_) | Asker::Stranger => None,
        }
    }

    fn standings_of(&self, account: &AccountId) -> impl Iterator<Item = Standing> {
        self.person(account).into_iter().flat_map(|number| self.memberships.standings(number))
    }

    /// What gives the principal these permissions on top of what it has; `None` where no role does.
    fn grants(
        &self,
        space: &LiveSpace,
        principal: &Principal,
        missing: BTreeSet<Permission>,
    ) -> Option<BTreeSet<Fix>> {
        if missing.is_empty() {
            return Some(BTreeSet::new());
        }
        let key = &space.space.key;
        let held = space.holdings.get(principal);
        let by_role = self.live.site.mode == SpaceRoleMode::Roles || matches!(held, Some(Holding::Role(_)));
        if !by_role {
            let grant = |permission| Fix::Grant(key.clone(), principal.clone(), permission);
            return Some(missing.into_iter().map(grant).collect());
        }
        let mut wanted = missing;
        match held {
            Some(Holding::Role(role)) => {
                wanted.extend(self.live.roles.get(role).into_iter().flat_map(Role::surely_gives));
            }
            Some(Holding::Grants(grants)) => wanted.extend(grants.keys()),
            None => {}
        }
        wanted.insert(Permission::ReadSpace);
        let roles = self.live.roles.values().map(|role| (role.surely_gives(), &role.id));
        let enough = roles.filter(|(gives, _)| wanted.is_subset(gives));
        let (_, role) = enough.min_by_key(|(gives, id)| (gives.len(), *id))?;
        Some(BTreeSet::from([Fix::AssignRole(key.clone(), principal.clone(), role.clone())]))
    }

    /// Groups that would give the asker what is missing beside what they have: one change, whatever it is. Those that say least about the rest of the site come first: the smallest.
    fn join(&self, asker: &Asker, verb: Verb, object: &Object) -> Vec<Remedy> {
        let Asker::Person(account) = asker else { return Vec::new() };
        if !self.standings_of(account).eq([Standing::Licensed]) {
            return Vec::new();
        }
        let mut groups: BTreeMap<(u64, &GroupId), Remedy> = BTreeMap::new();
        for group in self.live.directory.groups.keys() {
            let able = self.as_member(account, group, verb, object) == Some(Verdict::Allowed);
            if let (true, Some(members)) = (able, self.memberships.members(group)) {
                let changes = BTreeSet::from([Fix::Join(account.clone(), group.clone())]);
                groups.insert((members.sure.len(), group), Remedy { changes });
            }
        }
        groups.into_values().take(GROUPS).collect()
    }
}

fn denied(levels: &[LevelReport]) -> impl Iterator<Item = (Level, &Needed)> {
    levels.iter().flat_map(|report| {
        let needs = report.needs.iter().filter(|need| need.outcome == Outcome::Denied);
        needs.map(|need| (report.level, &need.needed))
    })
}
