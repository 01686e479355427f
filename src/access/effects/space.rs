//! The effective changes of one space.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use roaring::{MultiOps as _, RoaringBitmap};

use super::causes::Changes;
use super::delta::{Delta, Turn};
use super::fold::{TouchedPages, siblings, tops};
use super::people::{PeopleId, PeopleSets};
use super::{Cause, Direction, Effect, Effects, PageVerbs, Sides, What};
use crate::access::chains::{ChainId, Layout, ListId};
use crate::access::engine::Engine;
use crate::access::memberships::members_unread;
use crate::access::question::{Clause, ContentVerb, Reason};
use crate::access::reach::Reach;
use crate::model::{
    Content, ContentId, ContentKind, Diff, LiveSpace, PageList, Permission, Principal, Role, RoleId, Truth,
};

/// Pages of which the same becomes: their chains and lists change alike.
struct PageClass {
    rows: Vec<usize>,
    view: Delta,
    edit: Delta,
}

pub(super) fn compare<'a>(
    before: &'a LiveSpace,
    after: &'a LiveSpace,
    sides: &mut Sides<'_, 'a>,
    effects: &mut Effects,
) {
    let access_changed = sides.everywhere
        || before.holdings != after.holdings
        || before.unlicensed_access != after.unlicensed_access
        || before.space.status != after.space.status;
    let admitted = Diff {
        before: Admitted::of(sides.old.engine(), before),
        after: Admitted::of(sides.new.engine(), after),
    };
    let permissions =
        if access_changed { permission_deltas(before, after, sides, &admitted) } else { BTreeMap::new() };
    let layout = after.tree.as_ref().map_or(Layout { rows: Vec::new() }, Layout::of);
    let old: Vec<Option<&Content>> = layout
        .rows
        .iter()
        .map(|row| before.tree.as_ref().and_then(|tree| tree.get(row.content.id)))
        .collect();
    let page_classes = page_classes(before, &layout, &old, sides, &admitted);

    if permissions.is_empty() && page_classes.is_empty() {
        return;
    }
    let asked: BTreeSet<Permission> =
        permissions.keys().copied().chain(page_permissions(&admitted)).collect();
    let everyone = sides.new.everyone();
    let changes =
        Changes::of_holdings(before, after, &asked, sides).with_pages(&layout, &old, &everyone, sides);
    let mut lines = Lines {
        space: after,
        engine: sides.new.engine(),
        permissions: &permissions,
        changes: &changes,
        admitted: &admitted,
        people: PeopleSets::default(),
        found: Vec::new(),
    };
    lines.permissions();
    lines.pages(&page_classes, &layout);
    lines.found.sort();
    effects.effects.append(&mut lines.found);
    note_gaps(after, sides.new.engine(), &layout, effects);
    if before.tree.is_none() && decide_about_pages(&permissions, &admitted) {
        effects.incomplete.insert(Reason::TreeNotRead { space: after.space.key.clone() });
    }
}

/// Whether any of the permissions that change decides about pages.
fn decide_about_pages(permissions: &BTreeMap<Permission, Delta>, admitted: &Diff<Admitted>) -> bool {
    let of_pages: BTreeSet<Permission> =
        page_permissions(admitted).into_iter().chain([Permission::ReadSpace]).collect();
    permissions.keys().any(|permission| of_pages.contains(permission))
}

/// Who may read the space, and who may edit its pages and posts as far as its grants go.
struct Admitted {
    read: Reach,
    page: Reach,
    blogpost: Reach,
    edit_permissions: BTreeSet<Permission>,
}

impl Admitted {
    fn of(engine: &Engine<'_>, space: &LiveSpace) -> Self {
        let clauses = |kind| ContentVerb::Edit.clauses(kind, engine.live.site.mode);
        let edit_permissions = [ContentKind::Page, ContentKind::Blogpost]
            .into_iter()
            .flat_map(clauses)
            .flat_map(|clause| clause.any_of)
            .collect();
        let read = engine.let_in(space, &Clause::one(Permission::ReadSpace));
        let edit = |kind| {
            let reaches = clauses(kind).into_iter().map(|clause| engine.let_in(space, &clause));
            reaches.fold(read.clone(), |all, next| all.and(&next))
        };
        let (page, blogpost) = (edit(ContentKind::Page), edit(ContentKind::Blogpost));
        Self { read, page, blogpost, edit_permissions }
    }

    const fn edit(&self, kind: ContentKind) -> &Reach {
        match kind {
            ContentKind::Blogpost => &self.blogpost,
            ContentKind::Page
            | ContentKind::Folder
            | ContentKind::Whiteboard
            | ContentKind::Database
            | ContentKind::Embed => &self.page,
        }
    }
}

/// The permissions that viewing and editing need.
fn page_permissions(admitted: &Diff<Admitted>) -> Vec<Permission> {
    admitted.before.edit_permissions.union(&admitted.after.edit_permissions).copied().collect()
}

fn permission_deltas(
    before: &LiveSpace,
    after: &LiveSpace,
    sides: &Sides<'_, '_>,
    admitted: &Diff<Admitted>,
) -> BTreeMap<Permission, Delta> {
    let read = Delta::between(&admitted.before.read, &admitted.after.read);
    let recompute = sides.everywhere || !read.is_empty();
    let roles = Diff { before: &sides.old.engine().live.roles, after: &sides.new.engine().live.roles };
    let mut deltas = BTreeMap::new();
    for &permission in Permission::ALL {
        let old = given(before, permission, roles.before);
        let concerned = old != given(after, permission, roles.after) || (recompute && !old.is_empty());
        if permission != Permission::ReadSpace && concerned {
            let clause = Clause::one(permission);
            let old = sides.old.engine().let_in(before, &clause).and(&admitted.before.read);
            let new = sides.new.engine().let_in(after, &clause).and(&admitted.after.read);
            deltas.insert(permission, Delta::between(&old, &new));
        }
    }
    deltas.insert(Permission::ReadSpace, read);
    deltas.retain(|_, delta| !delta.is_empty());
    deltas
}

/// Those who are given a permission, surely or perhaps.
fn given<'s>(
    space: &'s LiveSpace,
    permission: Permission,
    roles: &'s BTreeMap<RoleId, Role>,
) -> Vec<(&'s Principal, Truth)> {
    let holders = space.holders(permission, roles).map(|(who, _, gives)| (who, gives));
    holders.filter(|(_, gives)| *gives != Truth::No).collect()
}

/// Sorts pages by what becomes of them; pages of which nothing does are left out.
fn page_classes<'a>(
    before: &'a LiveSpace,
    layout: &Layout<'a>,
    old: &[Option<&'a Content>],
    sides: &mut Sides<'_, 'a>,
    admitted: &Diff<Admitted>,
) -> Vec<PageClass> {
    let Some(tree) = &before.tree else { return Vec::new() };
    let old_layout = Layout::of(tree);
    let old_chains = sides.old.of(&old_layout);
    let old_chains: HashMap<ContentId, ChainId> =
        old_layout.rows.iter().map(|row| row.content.id).zip(old_chains).collect();
    let new_chains = sides.new.of(layout);
    let mut page_classes: Vec<PageClass> = Vec::new();
    let mut known: HashMap<(ChainId, ListId, ChainId, ListId, bool), Option<usize>> = HashMap::new();
    for (number, (row, new_chain)) in layout.rows.iter().zip(new_chains).enumerate() {
        let (Some(old), Some(&old_chain)) = (old[number], old_chains.get(&row.content.id)) else { continue };
        let old_list = sides.old.list(old, PageList::Edit);
        let new_list = sides.new.list(row.content, PageList::Edit);
        let kind = row.content.kind;
        let key = (old_chain, old_list, new_chain, new_list, kind == ContentKind::Blogpost);
        let page_class = *known.entry(key).or_insert_with(|| {
            let view = Delta::between(
                &sides.old.through(old_chain, &admitted.before.read),
                &sides.new.through(new_chain, &admitted.after.read),
            );
            let edit = Delta::between(
                &sides.old.on(old_list, &sides.old.through(old_chain, admitted.before.edit(kind))),
                &sides.new.on(new_list, &sides.new.through(new_chain, admitted.after.edit(kind))),
            );
            let changes = !view.is_empty() || !edit.is_empty();
            changes.then(|| {
                page_classes.push(PageClass { rows: Vec::new(), view, edit });
                page_classes.len() - 1
            })
        });
        if let Some(page_class) = page_class {
            page_classes[page_class].rows.push(number);
        }
    }
    page_classes
}

/// The lines of one space as they are found.
struct Lines<'s> {
    space: &'s LiveSpace,
    engine: &'s Engine<'s>,
    permissions: &'s BTreeMap<Permission, Delta>,
    changes: &'s Changes<'s>,
    admitted: &'s Diff<Admitted>,
    people: PeopleSets,
    found: Vec<Effect>,
}

impl Lines<'_> {
    /// Gains and losses of permissions: of the space first, and of others where that does not imply
    /// them.
    fn permissions(&mut self) {
        let mut lines: BTreeMap<(Turn, bool, PeopleId), BTreeSet<Permission>> = BTreeMap::new();
        for (permission, delta) in self.permissions {
            let space = *permission == Permission::ReadSpace;
            for (turn, parties) in delta.parts() {
                let parties = if space { parties.clone() } else { parties - self.lose_space(turn) };
                if let Some(people) = self.people.find(parties) {
                    lines.entry((turn, space, people)).or_default().insert(*permission);
                }
            }
        }
        for ((turn, space, people), permissions) in lines {
            let mut asked: Vec<Permission> = permissions.iter().copied().collect();
            asked.push(Permission::ReadSpace);
            let what = if space { What::Space } else { What::Permissions { permissions } };
            self.line(turn, what, people, |changes, parties| {
                changes.of_permissions(&asked, turn.direction, parties)
            });
        }
    }

    /// Gains and losses of pages, but for those that lose the space.
    fn pages(&mut self, page_classes: &[PageClass], layout: &Layout<'_>) {
        for turn in Turn::ALL {
            let lost = self.lose_space(turn);
            for verbs in [PageVerbs::View, PageVerbs::Edit, PageVerbs::ViewAndEdit] {
                let mut touched = TouchedPages::default();
                for (class, PageClass { rows, view, edit }) in page_classes.iter().enumerate() {
                    touched.add(class, rows, with_verbs(verbs, view.part(turn), edit.part(turn)) - &lost);
                }
                let asked = if verbs == PageVerbs::View {
                    vec![Permission::ReadSpace]
                } else {
                    page_permissions(self.admitted)
                };
                for (people, tops) in tops(touched, layout, &mut self.people) {
                    for fold in siblings(&tops, layout) {
                        let what = What::Pages { verbs, place: fold.place, pages: fold.rows.len() };
                        self.line(turn, what, people, |changes, parties| {
                            let edit = verbs != PageVerbs::View;
                            changes.of_pages(&asked, edit, &fold.rows, turn.direction, parties)
                        });
                    }
                }
            }
        }
    }

    /// Those that lose the space at least as surely as this turn says something.
    fn lose_space(&self, turn: Turn) -> RoaringBitmap {
        let Some(space) = self.permissions.get(&Permission::ReadSpace) else { return RoaringBitmap::new() };
        let lost = space.parts().filter(|(lost, _)| {
            lost.direction == Direction::Loses
                && turn.direction == Direction::Loses
                && lost.certainty <= turn.certainty
        });
        lost.map(|(_, parties)| parties).union()
    }

    fn line(
        &mut self,
        turn: Turn,
        what: What,
        people: PeopleId,
        causes: impl FnOnce(&Changes<'_>, &RoaringBitmap) -> BTreeSet<Cause>,
    ) {
        let who = self.people.named(people, self.engine);
        if who.parties.is_empty() && who.people.is_empty() {
            return;
        }
        self.found.push(Effect {
            space: self.space.space.key.clone(),
            direction: turn.direction,
            certainty: turn.certainty,
            what,
            who: who.clone(),
            causes: causes(self.changes, self.people.parties(people)),
        });
    }
}

/// Those concerned by just this, of those whose view changes and those whose edit does.
fn with_verbs(verbs: PageVerbs, view: &RoaringBitmap, edit: &RoaringBitmap) -> RoaringBitmap {
    match verbs {
        PageVerbs::View => view - edit,
        PageVerbs::Edit => edit - view,
        PageVerbs::ViewAndEdit => view & edit,
    }
}

/// Why more may change in the space than the lines say.
fn note_gaps(space: &LiveSpace, engine: &Engine<'_>, layout: &Layout<'_>, effects: &mut Effects) {
    let lists = layout.rows.iter().filter_map(|row| row.content.restrictions.as_ref().known());
    let listed = lists.flat_map(|lists| lists.view.subjects().chain(lists.edit.subjects()));
    let principals = space.holdings.keys().cloned().chain(listed.cloned().map(Principal::from));
    for principal in principals {
        let group = principal.group();
        effects.incomplete.extend(group.and_then(|group| members_unread(group, &engine.live.directory)));
    }
    for row in &layout.rows {
        if let crate::model::Known::Unknown(why) = row.content.restrictions.as_ref() {
            effects.incomplete.insert(Reason::ListsUnread { content: row.content.id, why });
        }
    }
}
