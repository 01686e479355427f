//! Everything that one asker can see and do, space by space.
//!
//! Content about which the same lists decide gets the same answer, so each distinct chain is asked about once; the
//! answers are those of [`Engine::can`].

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::chains::{ChainId, Chains, Layout, ListId};
use super::engine::Engine;
use super::levels::{Outcome, verdict};
use super::memberships::members_unread;
use super::question::{Asker, ContentVerb, Level, Object, Reason, Route, Verb, Verdict};
use crate::model::{
    AccessClass, AccountId, Content, ContentId, ContentKind, GroupId, Known, LiveSpace, PageList, Permission,
    Principal, SpaceKey, Truth,
};

/// What an asker can do in one space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpaceSurvey {
    pub space: SpaceKey,
    /// Whether the asker sees content that no list restricts.
    pub view: Truth,
    /// Whether the asker edits pages that no list restricts.
    pub edit: Truth,
    /// What the asker has in the space, or perhaps has.
    pub permissions: BTreeMap<Permission, Truth>,
    /// The ways in which the space lets the asker in.
    pub routes: BTreeSet<Route>,
    /// Pages and posts; none if they were not read.
    pub contents: usize,
    pub viewed: Tally,
    pub edited: Tally,
    /// Content with other answers than content of its kind without lists, each before what is below it.
    pub exceptions: Vec<Exception>,
    /// Why answers are not known.
    pub reasons: BTreeSet<Reason>,
}

/// How many pages and posts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    pub surely: usize,
    /// Where it is not known.
    pub perhaps: usize,
}

impl Tally {
    fn add(&mut self, answer: Truth) {
        match answer {
            Truth::Yes => self.surely += 1,
            Truth::Unknown => self.perhaps += 1,
            Truth::No => {}
        }
    }
}

/// Content about which lists decide in their own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exception {
    pub content: ContentId,
    pub view: Truth,
    pub edit: Truth,
    /// How much of what is below it has the same answers, without anything in between that has others.
    pub below: usize,
}

/// What decides about content, beside the space.
type Decided = (bool, bool, ChainId, ListId);

impl Engine<'_> {
    /// What an asker can do in every space that was read, the widest access first.
    pub fn survey(&self, asker: &Asker) -> Vec<SpaceSurvey> {
        let mut chains = Chains::new(self);
        let spaces = self.live.spaces.values();
        let mut surveys: Vec<SpaceSurvey> =
            spaces.map(|space| self.survey_space(asker, space, &mut chains)).collect();
        surveys.sort_by_cached_key(|survey| {
            let wide = |tally: Tally| (tally.surely, tally.perhaps);
            let (viewed, edited) = (wide(survey.viewed), wide(survey.edited));
            (std::cmp::Reverse((survey.view, viewed, edited, survey.permissions.len())), survey.space.clone())
        });
        surveys
    }

    /// Content about which the same lists decide, put together: every answer about one is the answer about all of its
    /// group. In the order of the tree; what is not in the tree is left out.
    pub fn alike(&self, key: &SpaceKey, contents: &BTreeSet<ContentId>) -> Vec<Vec<ContentId>> {
        let mut chains = Chains::new(self);
        let Some(tree) = self.space(key).and_then(|space| space.tree.as_ref()) else { return Vec::new() };
        let layout = Layout::of(tree);
        let chain_ids = chains.of(&layout);
        let mut groups: Vec<Vec<ContentId>> = Vec::new();
        let mut known: HashMap<Decided, usize> = HashMap::new();
        for (row, chain) in layout.rows.iter().zip(chain_ids) {
            if contents.contains(&row.content.id) {
                let group = *known.entry(decided(row.content, chain, &mut chains)).or_insert_with(|| {
                    groups.push(Vec::new());
                    groups.len() - 1
                });
                groups[group].push(row.content.id);
            }
        }
        groups
    }

    /// A member of a group who surely can, by whatever route.
    pub fn member_who_can(&self, group: &GroupId, verb: Verb, object: &Object) -> Option<AccountId> {
        let Known::Known(members) = self.live.directory.members(group) else { return None };
        self.who(verb, object).people.into_iter().find(|account| members.contains(account))
    }

    /// Of which groups it is not known who is in them.
    pub fn unread_members<'p>(
        &self,
        principals: impl IntoIterator<Item = &'p Principal>,
    ) -> BTreeSet<Reason> {
        let groups = principals.into_iter().filter_map(Principal::group);
        groups.filter_map(|group| members_unread(group, &self.live.directory)).collect()
    }

    /// All who can, or may be able to, beside those who are named: people one by one, and groups whose members are not
    /// known. `anonymous` and all licensed users are askers of their own.
    pub fn others_who_can(
        &self,
        verb: Verb,
        object: &Object,
        named: &BTreeSet<Principal>,
    ) -> BTreeSet<Asker> {
        if named.contains(&Principal::Class(AccessClass::AllLicensedUsers)) {
            return BTreeSet::new();
        }
        let directory = &self.live.directory;
        let is_named = |account: &AccountId| {
            let has_member = |group: &GroupId| matches!(directory.members(group), Known::Known(members) if members.contains(account));
            named.contains(&Principal::User(account.clone()))
                || named.iter().filter_map(Principal::group).any(has_member)
        };
        let who = self.who(verb, object);
        let people = who.people.iter().chain(&who.perhaps).filter(|account| !is_named(account));
        let parties = who.parties.iter().chain(&who.perhaps_parties);
        let groups = parties.filter(|party| !named.contains(*party)).filter_map(Principal::group);
        let unread = groups.filter(|group| matches!(directory.members(group), Known::Unknown(_)));
        people.cloned().map(Asker::Person).chain(unread.cloned().map(Asker::Group)).collect()
    }

    fn survey_space<'a>(
        &'a self,
        asker: &Asker,
        space: &'a LiveSpace,
        chains: &mut Chains<'_, 'a>,
    ) -> SpaceSurvey {
        let key = &space.space.key;
        let whole = Object::Space(key.clone());
        let mut reasons = BTreeSet::new();
        let mut truth = |verdict: Verdict| truth(verdict, &mut reasons);
        let levels = self.levels(asker, ContentVerb::View.into(), &whole);
        let ways =
            levels.iter().filter(|report| report.level == Level::Space).flat_map(|report| &report.needs);
        let ways = ways.filter(|need| need.outcome != Outcome::Denied).flat_map(|need| &need.routes);
        let routes = ways.map(|found| found.route.clone()).collect();
        let view = truth(verdict(&levels));
        let edit = truth(self.can(asker, ContentVerb::Edit, &whole));
        let mut permissions = BTreeMap::new();
        if view != Truth::No {
            for permission in Permission::ALL {
                let answer = truth(self.can(asker, Verb::Space(*permission), &whole));
                if answer != Truth::No {
                    permissions.insert(*permission, answer);
                }
            }
        }
        let mut survey = SpaceSurvey {
            space: key.clone(),
            view,
            edit,
            permissions,
            routes,
            contents: 0,
            viewed: Tally::default(),
            edited: Tally::default(),
            exceptions: Vec::new(),
            reasons,
        };
        if view != Truth::No {
            self.survey_content(asker, space, chains, &mut survey);
        }
        survey
    }

    fn survey_content<'a>(
        &'a self,
        asker: &Asker,
        space: &'a LiveSpace,
        chains: &mut Chains<'_, 'a>,
        survey: &mut SpaceSurvey,
    ) {
        let key = &space.space.key;
        let Some(tree) = &space.tree else {
            survey.reasons.insert(Reason::TreeNotRead { space: key.clone() });
            return;
        };
        let layout = Layout::of(tree);
        let chain_ids = chains.of(&layout);
        let mut known: HashMap<Decided, (Truth, Truth)> = HashMap::new();
        let mut answers: Vec<(Truth, Truth)> = Vec::with_capacity(layout.rows.len());
        for (row, chain) in layout.rows.iter().zip(chain_ids) {
            let content = row.content;
            let answer = *known.entry(decided(content, chain, chains)).or_insert_with(|| {
                let object = Object::Content(key.clone(), content.id);
                let mut ask = |verb| truth(self.can(asker, verb, &object), &mut survey.reasons);
                (ask(ContentVerb::View), ask(ContentVerb::Edit))
            });
            answers.push(answer);
            survey.contents += 1;
            survey.viewed.add(answer.0);
            survey.edited.add(answer.1);
        }
        let usual = |is_post: bool| {
            let unrestricted = known.get(&(is_post, false, ChainId::OPEN, ListId::OPEN));
            unrestricted.copied().unwrap_or((survey.view, survey.edit))
        };
        let usual = [usual(false), usual(true)];
        let is_usual = |row: usize| {
            answers[row] == usual[usize::from(layout.rows[row].content.kind == ContentKind::Blogpost)]
        };
        let mut row = 0;
        while row < answers.len() {
            if is_usual(row) {
                row += 1;
                continue;
            }
            // What follows below it with the same answers is told together with it.
            let mut end = row + 1;
            while end < layout.rows[row].end && answers[end] == answers[row] {
                end += 1;
            }
            let (view, edit) = answers[row];
            let content = layout.rows[row].content.id;
            survey.exceptions.push(Exception { content, view, edit, below: end - row - 1 });
            row = end;
        }
    }
}

fn decided<'a>(content: &'a Content, chain: ChainId, chains: &mut Chains<'_, 'a>) -> Decided {
    let is_post = content.kind == ContentKind::Blogpost;
    (is_post, content.archived, chain, chains.list(content, PageList::Edit))
}

fn truth(verdict: Verdict, reasons: &mut BTreeSet<Reason>) -> Truth {
    match verdict {
        Verdict::Allowed => Truth::Yes,
        Verdict::Denied(_) => Truth::No,
        Verdict::Unknown(why) => {
            reasons.extend(why);
            Truth::Unknown
        }
    }
}
