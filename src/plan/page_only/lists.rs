//! The lists that `page-only` asks for: one walk from the top of the space to the bottom.

mod joining;

use std::collections::{BTreeMap, BTreeSet};

use super::super::change::ChangeReason;
use super::{Compiled, Ground, Guest, Insiders, PageOnlyProblem, PlanPageOnly, tops};
use crate::access::edit_permission;
use crate::model::{
    Audience, Content, ContentId, ContentKind, Known, Members, Origin, PageList, Permission, Principal,
    Restrictions, Subject, Tree, Truth,
};

pub(super) fn compile(ground: Ground<'_>, tree: &Tree, guests: &BTreeMap<Subject, Guest>) -> Compiled {
    let readers = Readers::of(&ground, Permission::ReadSpace, guests);
    let compiler = Compiler {
        closed: guests.keys().map(|guest| (guest, BTreeSet::new())).collect(),
        ground,
        tree,
        guests,
        found: Compiled::default(),
        unread: BTreeSet::new(),
        no_lists: BTreeSet::new(),
        unlistable: BTreeMap::new(),
        contradicted: BTreeMap::new(),
    };
    compiler.compile(&readers)
}

/// The principals that reach a place in the tree.
#[derive(Debug, Clone)]
struct PathReaders<'a> {
    guests: BTreeSet<&'a Subject>,
    /// All others on the nearest list above; none where no list is above. A page that is closed to guests
    /// stays with them: it must not become visible to insiders who get past that list only as guests.
    others: Option<BTreeSet<Subject>>,
}

/// Insiders with a permission, before and after.
#[derive(Debug)]
struct Readers {
    before: Insiders,
    after: Insiders,
}

impl Readers {
    fn of(ground: &Ground<'_>, permission: Permission, guests: &BTreeMap<Subject, Guest>) -> Self {
        let needed = [Permission::ReadSpace, permission];
        let roles = &ground.live.roles;
        let before =
            |who: &&Principal| needed.iter().all(|it| ground.before.gives(who, *it, roles) != Truth::No);
        let after = |who: &&Principal| needed.iter().all(|it| ground.gives(who, *it) != Truth::No);
        Self {
            before: Insiders::among(ground.before.holdings.keys().filter(before), guests, ground.live),
            after: Insiders::among(ground.holdings.keys().filter(after), guests, ground.live),
        }
    }
}

struct Compiler<'a> {
    ground: Ground<'a>,
    tree: &'a Tree,
    guests: &'a BTreeMap<Subject, Guest>,
    /// What has a list that keeps each guest out.
    closed: BTreeMap<&'a Subject, BTreeSet<ContentId>>,
    found: Compiled,
    unread: BTreeSet<ContentId>,
    no_lists: BTreeSet<ContentId>,
    unlistable: BTreeMap<Principal, BTreeSet<ContentId>>,
    contradicted: BTreeMap<(Origin, PageList, Origin, BTreeSet<Subject>), BTreeSet<ContentId>>,
}

impl<'a> Compiler<'a> {
    fn compile(mut self, readers: &Readers) -> Compiled {
        let anywhere = PathReaders { guests: self.guests.keys().collect(), others: None };
        let mut waiting: Vec<(&'a Content, PathReaders<'a>)> =
            tops(self.tree).map(|top| (top, anywhere.clone())).collect();
        while let Some((content, way)) = waiting.pop() {
            let through = self.view(content, way, readers);
            if !through.guests.is_empty() {
                waiting.extend(self.tree.children(content.id).map(|child| (child, through.clone())));
            }
        }
        self.archived(readers);
        self.edits();
        self.joining_guests();
        self.administer();
        self.finish()
    }

    /// Closes each archived page by a list of its own: it has left the tree, and a list above it may not protect it any
    /// more (CONFCLOUD-83913).
    fn archived(&mut self, readers: &Readers) {
        for content in self.tree.iter().filter(|content| content.archived) {
            let id = content.id;
            let is_open_to = |guest: &&Subject| {
                !self.guests[*guest].sees.contains(&id) && !self.closed[*guest].contains(&id)
            };
            let open_to: BTreeSet<&Subject> = self.guests.keys().filter(is_open_to).collect();
            // What the walk has just closed to other guests is closed to these as well. It must not become a list of all
            // insiders: the nearest list above may leave some of them out.
            let list = self.found.lists.get(&(id, PageList::View)).map(|(list, _)| list);
            let keeps_out = |members: &Members| open_to.iter().all(|guest| !members.contains(guest));
            if matches!(list, Some(Audience::Only(members)) if keeps_out(members)) {
                for guest in open_to {
                    self.closed.entry(guest).or_default().insert(id);
                }
            } else if !open_to.is_empty() {
                let anywhere = PathReaders { guests: self.guests.keys().collect(), others: None };
                self.view(content, anywhere, readers);
            }
        }
    }

    /// Decides about the view list of content that these get to. Gives those who get past it.
    fn view(&mut self, content: &'a Content, way: PathReaders<'a>, readers: &Readers) -> PathReaders<'a> {
        let id = content.id;
        let PathReaders { guests, others } = way;
        let (wanted, unwanted): (BTreeSet<&Subject>, BTreeSet<&Subject>) =
            guests.into_iter().partition(|guest| self.guests[*guest].sees.contains(&id));
        let Some(lists) = self.lists(content) else {
            return PathReaders { guests: self.without_lists(content, wanted, unwanted), others };
        };
        for guest in &unwanted {
            self.closed.entry(*guest).or_default().insert(id);
        }
        let new: BTreeSet<Subject> = match (&lists.view, &others) {
            (Audience::Anyone, _) if unwanted.is_empty() => return PathReaders { guests: wanted, others },
            (Audience::Anyone, Some(others)) => {
                others.iter().chain(wanted.iter().copied()).cloned().collect()
            }
            (Audience::Anyone, None) => {
                for insider in &readers.after.others {
                    self.unlistable.entry(insider.clone()).or_default().insert(id);
                }
                readers.after.subjects.iter().chain(wanted.iter().copied()).cloned().collect()
            }
            (Audience::Only(members), _) => {
                let mut new = self.followed(id, PageList::View, members, readers);
                new.extend(wanted.iter().map(|guest| (*guest).clone()));
                // Also those who do not get here by themselves: one account may be two guests.
                new.retain(|subject| {
                    let guest = self.guests.get(subject);
                    unwanted.is_empty() || guest.is_none_or(|guest| guest.sees.contains(&id))
                });
                new
            }
        };
        self.stay(id, PageList::View, &new, readers);
        let (joined, ended) = (self.joined(id, PageList::View), self.ended(id, PageList::View, &new));
        let stays = |subject: &&Subject| !self.guests.contains_key(*subject) && !ended.contains(*subject);
        let beside: BTreeSet<Subject> = new.iter().filter(stays).chain(joined).cloned().collect();
        let concerned = wanted.iter().chain(&unwanted).map(|guest| (*guest).clone()).collect();
        self.set(id, PageList::View, &lists.view, new, concerned);
        PathReaders { guests: wanted, others: if beside.is_empty() { others } else { Some(beside) } }
    }

    /// Content whose lists are not known. Folders and their like may have none: then they are places that
    /// all of them walk through.
    fn without_lists(
        &mut self,
        content: &Content,
        wanted: BTreeSet<&'a Subject>,
        unwanted: BTreeSet<&'a Subject>,
    ) -> BTreeSet<&'a Subject> {
        match content.kind {
            ContentKind::Page | ContentKind::Blogpost => {
                self.unread.insert(content.id);
                return BTreeSet::new();
            }
            ContentKind::Folder | ContentKind::Whiteboard | ContentKind::Database | ContentKind::Embed
                if unwanted.is_empty() => {}
            ContentKind::Folder => {
                self.found.open_folders.insert(content.id);
            }
            ContentKind::Whiteboard | ContentKind::Database | ContentKind::Embed => {
                self.no_lists.insert(content.id);
            }
        }
        wanted.into_iter().chain(unwanted).collect()
    }

    /// Guests who can edit in the space can edit whatever they see. They are asked to see the pages above
    /// theirs by Confluence, and by no author who would want them to be edited.
    fn edits(&mut self) {
        let above: BTreeSet<ContentId> =
            self.guests.values().flat_map(|guest| guest.sees.difference(&guest.named)).copied().collect();
        for id in above {
            let Some(content) = self.tree.get(id) else { continue };
            let permission = edit_permission(content.kind, self.ground.live.site.mode);
            // Whichever guests they are: one account may see the page as one and edit as the other.
            let edits = self
                .guests
                .keys()
                .any(|guest| self.ground.gives(&guest.clone().into(), permission) != Truth::No);
            if edits {
                self.found.relied_on.insert(id);
                self.edit(content, &Readers::of(&self.ground, permission, self.guests));
            }
        }
    }

    /// Decides about the edit list of content that stands above the pages of guests.
    fn edit(&mut self, content: &'a Content, editors: &Readers) {
        let id = content.id;
        let Some(lists) = self.lists(content) else { return };
        let blocked = self.guests.iter().filter(|(_, guest)| !guest.named.contains(&id));
        let blocked: BTreeSet<Subject> = blocked.map(|(subject, _)| subject.clone()).collect();
        let named =
            |subject: &Subject| self.guests.get(subject).is_some_and(|guest| guest.named.contains(&id));
        let view = self.found.lists.get(&(id, PageList::View)).map_or(&lists.view, |(view, _)| view).clone();
        // An account that edits must be on the view list, where there is one. Where that names all who may edit here,
        // those are enough.
        let fits = editors.after.others.is_empty()
            && match &view {
                Audience::Anyone => true,
                Audience::Only(viewers) => {
                    self.plain(editors.after.subjects.iter()).iter().all(|editor| viewers.contains(editor))
                }
            };
        let new: BTreeSet<Subject> = match (&lists.edit, &view) {
            (Audience::Only(members), _) => {
                let listed = if fits {
                    self.followed(id, PageList::Edit, members, editors)
                } else {
                    members.iter().cloned().collect()
                };
                listed.into_iter().filter(|subject| !blocked.contains(subject)).collect()
            }
            (Audience::Anyone, Audience::Only(viewers)) => {
                let only_editors = fits && !self.plain(editors.after.subjects.iter()).is_empty();
                let stays = |subject: &&Subject| {
                    if self.guests.contains_key(*subject) {
                        named(subject)
                    } else {
                        !only_editors || editors.after.subjects.contains(*subject)
                    }
                };
                // Those who join the view list could edit as well, were the page not above the guests'.
                viewers.iter().chain(self.joined(id, PageList::View)).filter(stays).cloned().collect()
            }
            (Audience::Anyone, Audience::Anyone) => {
                let guests = self.guests.keys().filter(|guest| named(guest));
                let mut new: BTreeSet<Subject> =
                    editors.after.subjects.iter().chain(guests).cloned().collect();
                if new.is_empty() {
                    // No others edit in this space, and an empty list would be an open one.
                    new.insert(Subject::User(self.ground.live.site.caller.account.clone()));
                }
                for insider in &editors.after.others {
                    self.unlistable.entry(insider.clone()).or_default().insert(id);
                }
                new
            }
        };
        self.stay(id, PageList::Edit, &new, editors);
        self.set(id, PageList::Edit, &lists.edit, new, blocked);
    }

    /// The lists as entries of `pages` want them, or as they are.
    fn lists(&self, content: &'a Content) -> Option<&'a Restrictions> {
        match self.ground.pages.get(&content.id) {
            Some(page) => Some(&page.restrictions),
            None => match &content.restrictions {
                Known::Known(lists) => Some(lists),
                Known::Unknown(_) => None,
            },
        }
    }

    /// The entry of `pages` that decides about a list. A rule only takes principals off lists, or puts others in their
    /// place, so it says nothing here, unless those are guests.
    fn declared(&self, id: ContentId, list: PageList) -> Option<&Origin> {
        let wanted = self.ground.desired_space.pages.get(&id)?.audience(list)?;
        let live = self.live(id, list);
        let comes = |subject: &&Subject| !live.is_some_and(|live| live.subjects().any(|on| on == *subject));
        let names_guests = || wanted.what.subjects().any(|who| self.guests.contains_key(who) && comes(&who));
        (wanted.by.rule.is_none() || names_guests()).then_some(wanted.origin())
    }

    /// A list as it is on the site.
    fn live(&self, id: ContentId, list: PageList) -> Option<&'a Audience> {
        match &self.tree.get(id)?.restrictions {
            Known::Known(lists) => Some(lists.audience(list)),
            Known::Unknown(_) => None,
        }
    }

    /// A list is treated as made by `page-only`, and kept in step with the insiders, if it names only insiders and
    /// either all current ones or all future ones. Any other list stays as it is. A list set by hand may look the
    /// same and is then kept in step, too, since nothing records the difference (`docs/pages.md` says so). Equality
    /// with the insiders before or after the plan is not enough: halfway through a run, a list of some of the new
    /// insiders would equal the insiders of that moment, and the next run would take it for its own. The same goes
    /// for what rules leave of a list, which is all that the next run finds.
    ///
    /// The decision must be the same at every moment of a run, since the run may end there and the next one begin.
    /// So these lists are changed before the insiders change; and where a list set by hand names all insiders that
    /// stay, new ones are added before any is removed. One that names none, and that insiders join, is changed after all
    /// of them. [`resume`](super::resume) makes sure of these three.
    fn followed(
        &mut self,
        id: ContentId,
        list: PageList,
        members: &Members,
        insiders: &Readers,
    ) -> BTreeSet<Subject> {
        let mut all: BTreeSet<Subject> = members.iter().cloned().collect();
        let [now, then] = [&insiders.before, &insiders.after].map(|who| self.plain(who.subjects.iter()));
        // Those who join a list whatever it is may be on it as well.
        let joining = self.ground.desired_space.joins.on(id, list);
        let joining = |subject: &Subject| {
            joining.get(subject).filter(|_| !now.contains(subject) && !then.contains(subject)).copied()
        };
        let plain = |listed: &mut dyn Iterator<Item = &Subject>| {
            let mut plain = self.plain(listed);
            plain.retain(|subject| joining(subject).is_none());
            plain
        };
        // Insiders who join the list are on it for the next run, and so they count as such in this one, too.
        let coming = self.ground.desired_space.joins.onto(id, list).map(|(subject, _)| subject);
        let coming: Vec<&Subject> = coming.filter(|who| now.contains(*who) || then.contains(*who)).collect();
        let joined = |mut listed: BTreeSet<Subject>| {
            if !listed.is_empty() {
                listed.extend(coming.iter().copied().cloned());
            }
            listed
        };
        let listed = joined(plain(&mut members.iter()));
        let live = self.live(id, list).map(|live| joined(plain(&mut live.subjects())));
        if listed == then {
            self.found.made.insert((id, list));
            // Their time is over. A list of none but them is not one that was made for guests.
            let stays = |subject: &&Subject| joining(subject).is_none_or(|wanted| !wanted.is_over());
            let rest: BTreeSet<Subject> = all.iter().filter(stays).cloned().collect();
            if !rest.is_empty() && self.declared(id, list).is_none() {
                all = rest;
            }
        }
        if now == then
            || then.is_empty()
            || !insiders.after.others.is_empty()
            || self.declared(id, list).is_some()
        {
            return all;
        }
        let stay: BTreeSet<Subject> = now.intersection(&then).cloned().collect();
        // Once insiders have joined a list that names none, it may look like one of those.
        if listed.is_empty() && !coming.is_empty() && stay.iter().all(|subject| coming.contains(&subject)) {
            self.found.joined_last.insert((id, list));
        }
        let names_insiders = |listed: &&BTreeSet<Subject>| {
            !listed.is_empty() && listed.iter().all(|subject| now.contains(subject) || then.contains(subject))
        };
        let of_insiders: Vec<_> = [&listed].into_iter().chain(&live).filter(names_insiders).collect();
        if !of_insiders.iter().any(|listed| now.is_subset(listed) || then.is_subset(listed)) {
            self.found.mistakable |= of_insiders.iter().any(|listed| stay.is_subset(listed));
            return all;
        }
        let caller = Subject::User(self.ground.live.site.caller.account.clone());
        let beside = all.iter().filter(|subject| {
            **subject == caller || self.guests.contains_key(*subject) || joining(subject).is_some()
        });
        let new: BTreeSet<Subject> = beside.chain(&then).cloned().collect();
        if new.is_empty() {
            return all;
        }
        if new != all {
            self.found.followed.insert((id, list));
        }
        new
    }

    /// Those among these who are neither guests nor the account that runs this, who may be on any list.
    fn plain<'s>(&self, subjects: impl Iterator<Item = &'s Subject>) -> BTreeSet<Subject> {
        let caller = Subject::User(self.ground.live.site.caller.account.clone());
        subjects
            .filter(|subject| **subject != caller && !self.guests.contains_key(*subject))
            .cloned()
            .collect()
    }

    /// Records that a list must become this one, or why it cannot, unless it is so already.
    fn set(
        &mut self,
        page: ContentId,
        list: PageList,
        before: &Audience,
        new: BTreeSet<Subject>,
        guests: BTreeSet<Subject>,
    ) {
        let Some(origin) = guests.first().map(|guest| self.guests[guest].origin.clone()) else { return };
        let Some(members) = Members::new(new) else {
            self.found.problems.push((origin, PageOnlyProblem::NobodyElse { page, list, guests }));
            return;
        };
        let seeing =
            |subject: &&Subject| self.guests.get(*subject).is_some_and(|guest| guest.sees.contains(&page));
        let theirs = Members::new(members.iter().filter(seeing).cloned());
        let after = Audience::Only(members);
        let (made, declared) = (&self.found.made, self.declared(page, list));
        if declared.is_none() {
            // Of a list set by hand, only the guests are there because of their entry.
            let is_made = before.is_anyone()
                || made.contains(&(page, list))
                || self.found.followed.contains(&(page, list));
            let wanted = if is_made { Some(after.clone()) } else { theirs.map(Audience::Only) };
            self.found.wanted.extend(wanted.map(|wanted| ((page, list), (wanted, origin.clone()))));
        }
        if after == *before {
            return;
        }
        // An entry for a label gives way, so that labelling a page ends no run.
        let wanted =
            self.ground.desired_space.pages.get(&page).and_then(|desired_space| desired_space.audience(list));
        let is_by_label = wanted.is_some_and(|wanted| wanted.by_label);
        if let Some(entry) = self.declared(page, list).cloned().filter(|_| !is_by_label) {
            self.contradicted.entry((origin, list, entry, guests)).or_default().insert(page);
            return;
        }
        self.found.lists.insert((page, list), (after, ChangeReason::PageOnly { origin }));
    }

    fn administer(&mut self) {
        let administers = |guest: &&Subject| {
            self.ground.gives(&(*guest).clone().into(), Permission::AdministerSpace) != Truth::No
        };
        let guests: BTreeSet<Subject> = self.guests.keys().filter(administers).cloned().collect();
        if let Some(first) = guests.first() {
            let origin = self.guests[first].origin.clone();
            self.found.problems.push((origin, PageOnlyProblem::Administer { guests }));
        }
    }

    fn finish(self) -> Compiled {
        let Self {
            ground,
            tree,
            guests,
            closed,
            mut found,
            mut unread,
            no_lists,
            unlistable,
            contradicted,
            ..
        } = self;
        for ((origin, list, entry, guests), pages) in contradicted {
            found.problems.push((origin, PageOnlyProblem::Contradicted { pages, list, entry, guests }));
        }
        if let Some(entry) = ground.desired_space.page_only.first() {
            let mut problem = |problem| found.problems.push((entry.origin.clone(), problem));
            if !unlistable.is_empty() {
                let pages = unlistable.values().flatten().copied().collect();
                let insiders = unlistable.into_keys().collect();
                problem(PageOnlyProblem::Unlistable { insiders, pages });
            }
            unread.extend(tree.unplaced().map(|content| content.id));
            if !unread.is_empty() {
                problem(PageOnlyProblem::Unread { pages: unread });
            }
            let entries = ground.live.unreadable_entries(ground.key).map(|(_, count)| count).sum();
            if entries > 0 {
                problem(PageOnlyProblem::Unreadable { entries });
            }
            if !no_lists.is_empty() {
                problem(PageOnlyProblem::NoLists { pages: no_lists });
            }
        }
        found.problems.sort();
        let is_post =
            |id: &&ContentId| tree.get(**id).is_some_and(|content| content.kind == ContentKind::Blogpost);
        found.relied_on.extend(closed.values().flatten());
        for entry in &ground.desired_space.page_only {
            let sees = entry.who.keys().filter_map(|guest| guests.get(guest)).flat_map(|guest| &guest.sees);
            let named = entry.who.keys().filter_map(|guest| guests.get(guest)).flat_map(|guest| &guest.named);
            let named: BTreeSet<ContentId> = named.copied().collect();
            let out: BTreeSet<ContentId> =
                entry.who.keys().filter_map(|guest| closed.get(guest)).flatten().copied().collect();
            found.entries.push(PlanPageOnly {
                space: ground.key.clone(),
                origin: entry.origin.clone(),
                who: entry.who.keys().cloned().collect(),
                pages: entry.pages.len(),
                above: sees.copied().filter(|page| !named.contains(page)).collect(),
                closed: out.len(),
                closed_posts: out.iter().filter(is_post).count(),
            });
        }
        found
    }
}
