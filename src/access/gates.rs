//! What an access hangs on, as data: an AND of gates, each an OR of ways. What a verb takes of a space, and
//! whether the edit list counts, [`ContentVerb`] says to all who ask; which lists stand on the way, the order of calls and its
//! check work out each for itself, so that one can catch the other.
//!
//! | to | in the space, a gate for each | on lists, a gate for each |
//! |---|---|---|
//! | have a permission | `read/space`, the permission | |
//! | view | `read/space` | view list of the content and of each ancestor |
//! | comment, attach | as view, and the permission for it | as view |
//! | edit, restrict | as view, and the permissions for it | as view, and the edit list of the content |
//! | delete | as view, and the permission for it | as view, and perhaps the edit list |
//!
//! A list that is not known, as is everything above a hidden ancestor, is a gate without a way that may be open all the same.
//!
//! A formula is read in three ways: for one asker, with every route and every doubt ([`levels`](super::levels)); as
//! sets of principals ([`who`](super::who)); and gate by gate as sets that many pages share
//! ([`sets`](super::sets), [`chains`](super::chains)), for effects, guards and counts. The gate of the site itself is
//! about accounts alone: sets have it in the [memberships](super::memberships), and [`sign_in`](super::sign_in) tells it to an
//! asker.

use super::engine::Engine;
use super::question::{Clause, ContentVerb, EditList, Level, Needed, Object, Reason, Verb};
use super::ways::Way;
use crate::model::{
    Audience, Content, ContentId, ContentKind, Known, LiveSpace, Members, PageList, Permission, SpaceStatus,
};

/// All gates of one access; who passes them all, and the gate of the site, has it.
#[derive(Debug)]
pub(super) struct Formula<'a> {
    /// From the outside in.
    pub(super) gates: Vec<AccessGate<'a>>,
    /// Whether the object was read; if not, the last gate stands for all that is not known.
    pub(super) is_whole: bool,
}

impl<'a> Formula<'a> {
    /// The gates that are not open to all, with the ways through them.
    pub(super) fn closed(&self) -> impl Iterator<Item = (&AccessGate<'a>, &[Way<'a>])> {
        self.gates.iter().filter_map(|gate| Some((gate, gate.ways.as_deref()?)))
    }
}

/// One condition of an access.
#[derive(Debug)]
pub(super) struct AccessGate<'a> {
    pub(super) level: Level,
    pub(super) needed: Needed,
    /// The ways through it; `None` where it is open to all.
    pub(super) ways: Option<Vec<Way<'a>>>,
    /// Why those without a way may get through all the same.
    pub(super) may_be_open: Option<Reason>,
    /// Why those with a way may not get through all the same.
    pub(super) may_be_shut: Option<Reason>,
}

/// What is known of a list.
pub(super) enum ListState<'a> {
    Open,
    Only(&'a Members),
    Unread(Reason),
}

impl<'a> ListState<'a> {
    pub(super) fn of(content: &'a Content, list: PageList) -> Self {
        match &content.restrictions {
            Known::Unknown(why) => Self::Unread(Reason::ListsUnread { content: content.id, why: *why }),
            Known::Known(lists) => match lists.audience(list) {
                Audience::Anyone => Self::Open,
                Audience::Only(members) => Self::Only(members),
            },
        }
    }
}

/// Why the lists above content may not count for it, if that is so.
pub(super) fn lists_above_may_not_count(content: &Content) -> Option<Reason> {
    content.archived.then_some(Reason::ArchivedBelowLists { content: content.id })
}

/// Why what a space gives may not suffice, if that is so.
pub(super) fn grants_may_not_suffice(space: &LiveSpace) -> Option<Reason> {
    let is_archived = space.space.status == SpaceStatus::Archived;
    is_archived.then(|| Reason::SpaceArchived { space: space.space.key.clone() })
}

impl<'a> AccessGate<'a> {
    fn of(level: Level, needed: Needed, ways: Vec<Way<'a>>) -> Self {
        Self { level, needed, ways: Some(ways), may_be_open: None, may_be_shut: None }
    }

    /// A gate of which nothing is known.
    pub(super) fn unread(level: Level, needed: Needed, reason: Reason) -> Self {
        Self { may_be_open: Some(reason), ..Self::of(level, needed, Vec::new()) }
    }

    fn of_list(level: Level, content: &'a Content, list: PageList) -> Self {
        let needed = Needed::OnList(list);
        match ListState::of(content, list) {
            ListState::Open => Self { ways: None, ..Self::of(level, needed, Vec::new()) },
            ListState::Only(members) => Self::of(level, needed, members.iter().map(Way::on_list).collect()),
            ListState::Unread(reason) => Self::unread(level, needed, reason),
        }
    }

    /// The same gate, if it may be that it does not count at all.
    fn unless(self, reason: Option<Reason>) -> Self {
        Self { may_be_open: self.may_be_open.or(reason), ..self }
    }
}

impl Engine<'_> {
    /// What it takes to do something.
    pub(super) fn formula(&self, verb: Verb, object: &Object) -> Formula<'_> {
        let Some(space) = self.space(object.space()) else {
            let reason = Reason::NoSuchSpace { space: object.space().clone() };
            let gate = AccessGate::unread(Level::Space, Needed::one(Permission::ReadSpace), reason);
            return Formula { gates: vec![gate], is_whole: false };
        };
        let content = object.content().map(|id| (id, find(space, id)));
        let gate = |clause: &Clause| AccessGate {
            may_be_shut: grants_may_not_suffice(space),
            ..self.space_gate(space, clause)
        };
        let mode = self.live.site.mode;
        let clauses = match (verb, &content) {
            (Verb::Space(permission), _) => Clause::of_permission(permission),
            (Verb::On(verb), None) => verb.clauses(ContentKind::Page, mode),
            (Verb::On(verb), Some((_, Ok(content)))) => verb.clauses(content.kind, mode),
            // Whether it is a page or a blog post is not known; all that can be said is that it takes seeing the space.
            (Verb::On(_), Some((_, Err(_)))) => vec![Clause::one(Permission::ReadSpace)],
        };
        let mut gates: Vec<AccessGate<'_>> = clauses.iter().map(gate).collect();
        let mut is_whole = true;
        match (verb, content) {
            (Verb::Space(_), _) | (Verb::On(_), None) => {}
            (Verb::On(verb), Some((_, Ok(content)))) => list_gates(space, content, verb, &mut gates),
            (Verb::On(_), Some((id, Err(reason)))) => {
                gates.push(AccessGate::unread(Level::Content(id), Needed::OnList(PageList::View), reason));
                is_whole = false;
            }
        }
        Formula { gates, is_whole }
    }

    /// What one clause asks of a space.
    pub(super) fn space_gate<'s>(&'s self, space: &'s LiveSpace, clause: &Clause) -> AccessGate<'s> {
        let any_of = clause.any_of.iter().copied().chain(clause.perhaps).collect();
        AccessGate::of(Level::Space, Needed::Permission { any_of }, self.ways(space, clause).collect())
    }
}

fn find(space: &LiveSpace, id: ContentId) -> Result<&Content, Reason> {
    let tree = space.tree.as_ref().ok_or_else(|| Reason::TreeNotRead { space: space.space.key.clone() })?;
    tree.get(id).ok_or(Reason::NoSuchContent { content: id })
}

/// The gates of all lists that decide about content, the topmost first.
fn list_gates<'s>(
    space: &'s LiveSpace,
    content: &'s Content,
    verb: ContentVerb,
    gates: &mut Vec<AccessGate<'s>>,
) {
    let chain = space.tree.as_ref().map(|tree| tree.chain(content.id)).unwrap_or_default();
    gates.extend(chain.missing.map(|missing| {
        let level = Level::Ancestor(missing.content());
        AccessGate::unread(level, Needed::OnList(PageList::View), Reason::above(missing))
    }));
    gates.extend(chain.ancestors.iter().rev().map(|ancestor| {
        AccessGate::of_list(Level::Ancestor(ancestor.id), ancestor, PageList::View)
            .unless(lists_above_may_not_count(content))
    }));
    let own = |list| AccessGate::of_list(Level::Content(content.id), content, list);
    gates.push(own(PageList::View));
    match verb.edit_list() {
        EditList::Ignored => {}
        EditList::Counts => gates.push(own(PageList::Edit)),
        EditList::Perhaps => gates.push(own(PageList::Edit).unless(Some(Reason::DeleteAgainstEditList))),
    }
}
