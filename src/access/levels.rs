//! What each level says to one asker, and by which routes.

use std::collections::BTreeSet;

use super::census::{Tier, anonymous_doubt};
use super::engine::{Engine, is_archived};
use super::question::{Asker, Clause, EditList, Level, Needed, Object, Reason, Route, Verb, Verdict};
use super::standing::Standing;
use super::unlisted::UnlistedWay;
use crate::model::{
    AccessClass, AccountId, Audience, Chain, Content, ContentId, ContentKind, Group, GroupId, Holding, Known,
    LiveSpace, PageVerb, Permission, Principal, ProductAccess, Restrictions, SpaceKey, Subject, Truth,
};

/// What one level says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelReport {
    pub level: Level,
    pub outcome: Outcome,
    /// What the level asks for; the asker must have all of it.
    pub needs: Vec<Need>,
}

/// One thing that a level asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    pub needed: Needed,
    pub outcome: Outcome,
    /// Every route by which the asker has it, or perhaps has it.
    pub routes: Vec<FoundRoute>,
    /// Why the outcome is not certain, apart from the routes.
    pub doubts: BTreeSet<Reason>,
}

/// A route, and why it is not certain, if it is not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundRoute {
    pub route: Route,
    pub doubts: BTreeSet<Reason>,
}

/// The words of Atlassian's own inspection of permissions, with `Unknown` for its `Irrelevant`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Denied,
    Unknown,
    Allowed,
    /// The level asks for nothing of its own.
    Inherited,
}

impl Outcome {
    const fn answer(self) -> Truth {
        match self {
            Self::Denied => Truth::No,
            Self::Unknown => Truth::Unknown,
            Self::Allowed | Self::Inherited => Truth::Yes,
        }
    }
}

/// The verdict that the levels come to.
pub(super) fn verdict(levels: &[LevelReport]) -> Verdict {
    if let Some(level) = levels.iter().find(|report| report.outcome == Outcome::Denied) {
        return Verdict::Denied(level.level);
    }
    let unknown =
        levels.iter().flat_map(|report| &report.needs).filter(|need| need.outcome == Outcome::Unknown);
    let mut reasons = BTreeSet::new();
    let mut certain = true;
    for need in unknown {
        certain = false;
        reasons.extend(need.doubts.iter().cloned());
        reasons.extend(need.routes.iter().flat_map(|route| &route.doubts).cloned());
    }
    if certain { Verdict::Allowed } else { Verdict::Unknown(reasons) }
}

/// The asker, as numbers on the roll.
struct Parties(Vec<u32>);

impl Parties {
    fn best(&self, test: impl Fn(u32) -> Truth) -> Truth {
        self.0.iter().map(|party| test(*party)).max().unwrap_or(Truth::No)
    }
}

impl Engine<'_> {
    /// Every level from the outside in.
    pub(super) fn levels(&self, asker: &Asker, verb: Verb, object: &Object) -> Vec<LevelReport> {
        let parties = match self.parties(asker) {
            Ok(parties) => Parties(parties),
            Err(reason) => return vec![unanswerable(Level::Site, Needed::SignIn, reason)],
        };
        self.levels_as(asker, &parties, verb, object)
    }

    /// What would be said to a person who joins a group, with everything they have already.
    pub(super) fn as_member(
        &self,
        account: &AccountId,
        group: &GroupId,
        verb: Verb,
        object: &Object,
    ) -> Option<Verdict> {
        let parties = Parties(vec![self.person(account)?, self.group(group)?]);
        Some(verdict(&self.levels_as(&Asker::Person(account.clone()), &parties, verb, object)))
    }

    fn levels_as(&self, asker: &Asker, parties: &Parties, verb: Verb, object: &Object) -> Vec<LevelReport> {
        let Some(space) = self.space(object.space()) else {
            let reason = Reason::NoSuchSpace { space: object.space().clone() };
            let needed = Needed::Permission { any_of: vec![Permission::ReadSpace] };
            return vec![self.site(asker, parties, None), unanswerable(Level::Space, needed, reason)];
        };
        let content = object.content().and_then(|id| space.tree.as_ref()?.get(id));
        let mut levels = vec![self.site(asker, parties, Some(space))];
        levels.push(self.space_level(parties, space, &self.clauses(verb, object, content)));
        if let (Some(id), false) = (object.content(), matches!(verb, Verb::Space(_))) {
            levels.extend(self.content_levels(parties, space, id, content, verb.edit_list()));
        }
        levels
    }

    /// What the verb needs of the space. Of content that was not read it is not known whether it is a page
    /// or a blog post; all that can be said is that it takes seeing the space.
    pub(super) fn clauses(&self, verb: Verb, object: &Object, content: Option<&Content>) -> Vec<Clause> {
        let verb = match (object, content, verb) {
            (_, _, Verb::Space(_)) | (Object::Space(_), ..) | (_, Some(_), _) => verb,
            (Object::Content(..), None, _) => Verb::View,
        };
        verb.clauses(content.map_or(ContentKind::Page, |content| content.kind), self.live.site.mode)
    }

    fn site(&self, asker: &Asker, parties: &Parties, space: Option<&LiveSpace>) -> LevelReport {
        let need = match asker {
            Asker::Anonymous => self.anonymous_gate(),
            Asker::Person(_) => self.person_gate(parties, space),
            // Asked as licensed.
            Asker::Group(group) => Need::met(Needed::SignIn, self.licence(group).into_iter().collect()),
            Asker::Stranger { groups } => {
                Need::met(Needed::SignIn, groups.iter().filter_map(|group| self.licence(group)).collect())
            }
        };
        LevelReport::of(Level::Site, vec![need])
    }

    fn anonymous_gate(&self) -> Need {
        match self.live.site.anonymous_access {
            Known::Known(true) => Need::met(Needed::SignIn, vec![Route::AnonymousAccess]),
            Known::Known(false) => Need::new(Needed::SignIn, Truth::No, Vec::new(), BTreeSet::new()),
            Known::Unknown(_) => {
                let doubts = anonymous_doubt(&self.live.site).into_iter().collect();
                Need::new(Needed::SignIn, Truth::Unknown, Vec::new(), doubts)
            }
        }
    }

    fn person_gate(&self, parties: &Parties, space: Option<&LiveSpace>) -> Need {
        let mut routes = Vec::new();
        let mut answers = Vec::new();
        let mut doubts = BTreeSet::new();
        for party in &parties.0 {
            doubts.extend(self.census.standing_doubts(*party, self.live, &self.roll));
            for standing in self.census.standings(*party) {
                answers.push(match standing {
                    Standing::Out => Truth::No,
                    // Gets as far as a space that is open to the unlicensed.
                    Standing::Unlicensed => match space {
                        Some(space) => {
                            self.permission_need(parties, space, &Clause::one(Permission::ReadSpace)).answer()
                        }
                        None => Truth::Unknown,
                    },
                    Standing::Licensed | Standing::Guest | Standing::App => Truth::Yes,
                });
                routes.extend(match standing {
                    Standing::Out => Vec::new(),
                    Standing::Unlicensed => vec![Route::Unlicensed],
                    Standing::Licensed if self.census.licences_assumed => vec![Route::LicenceAssumed],
                    Standing::Licensed => self.licences(*party),
                    Standing::Guest => vec![Route::Guest],
                    Standing::App => vec![Route::App],
                });
            }
        }
        let all_yes = answers.iter().all(|answer| *answer == Truth::Yes);
        let all_no = answers.iter().all(|answer| *answer == Truth::No);
        let answer = match (all_yes, all_no) {
            (true, false) => Truth::Yes,
            (_, true) => Truth::No,
            (false, false) => Truth::Unknown,
        };
        if answer == Truth::No {
            routes.clear();
        }
        Need::new(Needed::SignIn, answer, routes.into_iter().map(FoundRoute::sure).collect(), doubts)
    }

    fn licences(&self, party: u32) -> Vec<Route> {
        let holding =
            self.census.licensing().filter(|group| self.census.in_group(group, party) == Truth::Yes);
        holding.filter_map(|group| self.licence(group)).collect()
    }

    fn licence(&self, group: &GroupId) -> Option<Route> {
        licence(self.live.directory.groups.get(group)?)
    }

    fn space_level(&self, parties: &Parties, space: &LiveSpace, clauses: &[Clause]) -> LevelReport {
        let mut needs: Vec<Need> =
            clauses.iter().map(|clause| self.permission_need(parties, space, clause)).collect();
        if is_archived(space) {
            let reason = Reason::SpaceArchived { space: space.space.key.clone() };
            for need in needs.iter_mut().filter(|need| need.outcome != Outcome::Denied) {
                need.outcome = Outcome::Unknown;
                need.doubts.insert(reason.clone());
            }
        }
        LevelReport::of(Level::Space, needs)
    }

    fn permission_need(&self, parties: &Parties, space: &LiveSpace, clause: &Clause) -> Need {
        let key = &space.space.key;
        let mut answer = Truth::No;
        let mut routes = Vec::new();
        let ways = clause.any_of.iter().map(|permission| (*permission, Truth::Yes));
        for (permission, at_most) in ways.chain(clause.perhaps.map(|permission| (permission, Truth::Unknown)))
        {
            for (principal, holding) in &space.holdings {
                let held_at_all = space.gives(principal, permission, &self.live.roles);
                let (reached, mut doubts) = self.reaches(parties, principal, Tier::of(permission), Some(key));
                let through = held_at_all.min(at_most).min(reached);
                if through == Truth::No {
                    continue;
                }
                answer = answer.max(through);
                let role = match holding {
                    Holding::Role(role) => Some(role.clone()),
                    Holding::Grants(_) => None,
                };
                if at_most == Truth::Unknown {
                    doubts.insert(Reason::AuthorUnread);
                }
                if let (Truth::Unknown, Holding::Role(role)) = (held_at_all, holding) {
                    doubts.insert(Reason::RoleUnread { role: role.clone() });
                }
                let route = Route::Grant { principal: principal.clone(), permission, role };
                routes.push(FoundRoute { route, doubts });
            }
            for way in self.unlisted(space, permission) {
                let reached = parties.best(|party| way.reach.test(party)).min(at_most);
                if reached != Truth::No {
                    answer = answer.max(reached);
                    let doubts = self.unlisted_doubts(parties, &way, at_most);
                    routes.push(FoundRoute { route: way.route, doubts });
                }
            }
        }
        let mut any_of = clause.any_of.clone();
        any_of.extend(clause.perhaps);
        Need::new(Needed::Permission { any_of }, answer, routes, BTreeSet::new())
    }

    fn content_levels(
        &self,
        parties: &Parties,
        space: &LiveSpace,
        id: ContentId,
        content: Option<&Content>,
        edit_list: EditList,
    ) -> Vec<LevelReport> {
        let view = Needed::OnList(PageVerb::View);
        let (Some(tree), Some(content)) = (&space.tree, content) else {
            let reason = match space.tree {
                Some(_) => Reason::NoSuchContent { content: id },
                None => Reason::TreeNotRead { space: space.space.key.clone() },
            };
            return vec![unanswerable(Level::Content(id), view, reason)];
        };
        let Chain { ancestors, missing } = tree.chain(id);
        let hidden = missing
            .map(|missing| unanswerable(Level::Ancestor(missing.content()), view, Reason::above(missing)));
        let mut levels: Vec<LevelReport> = hidden.into_iter().collect();
        levels.extend(ancestors.iter().rev().map(|ancestor| {
            let mut need = self.list_need(parties, ancestor, PageVerb::View);
            if content.archived && need.outcome == Outcome::Denied {
                need.outcome = Outcome::Unknown;
                need.doubts.insert(Reason::ArchivedBelowLists { content: id });
            }
            LevelReport::of(Level::Ancestor(ancestor.id), vec![need])
        }));
        let mut needs = vec![self.list_need(parties, content, PageVerb::View)];
        match edit_list {
            EditList::Ignored => {}
            EditList::Counts => needs.push(self.list_need(parties, content, PageVerb::Edit)),
            EditList::Perhaps => {
                let mut need = self.list_need(parties, content, PageVerb::Edit);
                if need.outcome == Outcome::Denied {
                    need.outcome = Outcome::Unknown;
                    need.doubts.insert(Reason::DeleteAgainstEditList);
                }
                needs.push(need);
            }
        }
        levels.push(LevelReport::of(Level::Content(id), needs));
        levels
    }

    fn list_need(&self, parties: &Parties, content: &Content, verb: PageVerb) -> Need {
        let needed = Needed::OnList(verb);
        let list = match content.restrictions.as_ref() {
            Known::Known(lists) => Restrictions::audience(lists, verb),
            Known::Unknown(why) => {
                let reason = Reason::ListsUnread { content: content.id, why };
                return Need::new(needed, Truth::Unknown, Vec::new(), BTreeSet::from([reason]));
            }
        };
        match list {
            Audience::Anyone => Need {
                needed,
                outcome: Outcome::Inherited,
                routes: vec![FoundRoute::sure(Route::OpenList)],
                doubts: BTreeSet::new(),
            },
            Audience::Only(members) => {
                let mut answer = Truth::No;
                let mut routes = Vec::new();
                for subject in members.iter() {
                    let (reached, doubts) =
                        self.reaches(parties, &Principal::from(Subject::clone(subject)), Tier::LIST, None);
                    if reached != Truth::No {
                        answer = answer.max(reached);
                        routes.push(FoundRoute { route: Route::Listed { subject: subject.clone() }, doubts });
                    }
                }
                Need::new(needed, answer, routes, BTreeSet::new())
            }
        }
    }

    /// Whether a grant to the principal in a space, or its entry on a list, reaches the asker, and why not certainly.
    fn reaches(
        &self,
        parties: &Parties,
        principal: &Principal,
        tier: Tier,
        space: Option<&SpaceKey>,
    ) -> (Truth, BTreeSet<Reason>) {
        let test = |party: u32| self.census.reaches(principal, tier, space, party, &self.roll);
        let reached = parties.best(test);
        let mut doubts = BTreeSet::new();
        if reached == Truth::Unknown {
            for party in parties.0.iter().filter(|party| test(**party) == Truth::Unknown) {
                doubts.extend(self.census.doubts(principal, *party, self.live, &self.roll));
                doubts.extend(
                    space.and_then(|space| self.census.guest_doubt(principal, *party, space, &self.roll)),
                );
            }
        }
        (reached, doubts)
    }

    /// Why it is not certain that a way that is not listed lets the asker in.
    fn unlisted_doubts(&self, parties: &Parties, way: &UnlistedWay<'_>, at_most: Truth) -> BTreeSet<Reason> {
        let mut doubts: BTreeSet<Reason> = way.doubt.iter().cloned().collect();
        if at_most == Truth::Unknown {
            doubts.insert(Reason::AuthorUnread);
        }
        let principal = way.route.principal().unwrap_or(Principal::Class(AccessClass::AuthenticatedUsers));
        for party in parties.0.iter().filter(|party| way.reach.test(**party) == Truth::Unknown) {
            match &way.doubt {
                Some(_) => doubts.extend(self.census.standing_doubts(*party, self.live, &self.roll)),
                None => doubts.extend(self.census.doubts(&principal, *party, self.live, &self.roll)),
            }
        }
        doubts
    }
}

fn licence(group: &Group) -> Option<Route> {
    let gives = matches!(group.access, Known::Known(ProductAccess::User | ProductAccess::Admin));
    gives.then(|| Route::Licence { group: group.id.clone() })
}

fn unanswerable(level: Level, needed: Needed, reason: Reason) -> LevelReport {
    LevelReport::of(level, vec![Need::new(needed, Truth::Unknown, Vec::new(), BTreeSet::from([reason]))])
}

impl LevelReport {
    fn of(level: Level, needs: Vec<Need>) -> Self {
        let outcome = needs.iter().map(|need| need.outcome).min().unwrap_or(Outcome::Inherited);
        Self { level, outcome, needs }
    }
}

impl Need {
    fn new(needed: Needed, answer: Truth, routes: Vec<FoundRoute>, doubts: BTreeSet<Reason>) -> Self {
        let outcome = match answer {
            Truth::No => Outcome::Denied,
            Truth::Unknown => Outcome::Unknown,
            Truth::Yes => Outcome::Allowed,
        };
        Self { needed, outcome, routes, doubts }
    }

    fn met(needed: Needed, routes: Vec<Route>) -> Self {
        Self::new(needed, Truth::Yes, routes.into_iter().map(FoundRoute::sure).collect(), BTreeSet::new())
    }

    const fn answer(&self) -> Truth {
        self.outcome.answer()
    }
}

impl FoundRoute {
    const fn sure(route: Route) -> Self {
        Self { route, doubts: BTreeSet::new() }
    }
}
