//! The effective changes of one space.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use roaring::RoaringBitmap;

use super::affected::affected;
use super::causes::Changes;
use super::delta::{Delta, PartitionRefinement, Turn};
use super::fold::{Top, siblings, tops};
use super::{Affected, Cause, Direction, Effect, Effects, PageVerbs, Sides, What};
use crate::access::chains::{ChainId, Layout, ListId};
use crate::access::engine::Engine;
use crate::access::memberships::members_unread;
use crate::access::question::{Clause, ContentVerb, Reason};
use crate::access::reach::Reach;
use crate::model::{
    Content, ContentId, ContentKind, Diff, LiveSpace, PageList, Permission, Principal, Role, RoleId, Truth,
};

/// Something that becomes of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mark {
    Permission(Permission, Turn),
    /// For all pages of a class.
    Pages(usize, PageList, Turn),
}

/// Pages of which the same becomes: their chains and lists change alike.
struct PageClass {
    rows: Vec<usize>,
    view: Delta,
    edit: Delta,
}

/// Classes of people of which all the same becomes, by number.
type Classes = BTreeSet<usize>;

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

    let mut refinement = PartitionRefinement::new();
    for (permission, delta) in &permissions {
        for (turn, parties) in delta.parts() {
            refinement.mark(&Mark::Permission(*permission, turn), parties);
        }
    }
    for (number, page_class) in page_classes.iter().enumerate() {
        for (list, delta) in [(PageList::View, &page_class.view), (PageList::Edit, &page_class.edit)] {
            for (turn, parties) in delta.parts() {
                refinement.mark(&Mark::Pages(number, list, turn), parties);
            }
        }
    }
    let classes = refinement.classes();
    if classes.is_empty() {
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
        classes: &classes,
        changes: &changes,
        admitted: &admitted,
        named: BTreeMap::new(),
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
    classes: &'s [(RoaringBitmap, Vec<Mark>)],
    changes: &'s Changes<'s>,
    admitted: &'s Diff<Admitted>,
    /// Naming people is the dearest part, and lines share them.
    named: BTreeMap<Classes, (RoaringBitmap, Affected)>,
    found: Vec<Effect>,
}

impl Lines<'_> {
    /// Gains and losses of permissions: of the space first, and of others where that does not imply
    /// them.
    fn permissions(&mut self) {
        let mut bearers: BTreeMap<(Turn, Permission), Classes> = BTreeMap::new();
        for (number, (_, marks)) in self.classes.iter().enumerate() {
            for mark in marks {
                if let Mark::Permission(permission, turn) = mark
                    && (*permission == Permission::ReadSpace || !loses_space(marks, *turn))
                {
                    bearers.entry((*turn, *permission)).or_default().insert(number);
                }
            }
        }
        let mut lines: BTreeMap<(Turn, bool, Classes), BTreeSet<Permission>> = BTreeMap::new();
        for ((turn, permission), classes) in bearers {
            let space = permission == Permission::ReadSpace;
            lines.entry((turn, space, classes)).or_default().insert(permission);
        }
        for ((turn, space, classes), permissions) in lines {
            let mut asked: Vec<Permission> = permissions.iter().copied().collect();
            asked.push(Permission::ReadSpace);
            let what = if space { What::Space } else { What::Permissions { permissions } };
            self.line(turn, what, &classes, |changes, parties| {
                changes.of_permissions(&asked, turn.direction, parties)
            });
        }
    }

    /// Gains and losses of pages, but for those that lose the space.
    fn pages(&mut self, page_classes: &[PageClass], layout: &Layout<'_>) {
        let mut alike: BTreeMap<Vec<(Turn, PageVerbs, usize)>, Classes> = BTreeMap::new();
        for (number, (_, marks)) in self.classes.iter().enumerate() {
            alike.entry(turns(marks)).or_default().insert(number);
        }
        let mut bearers: BTreeMap<(Turn, PageVerbs, Top), Classes> = BTreeMap::new();
        for (turns, classes) in alike {
            let mut rows: BTreeMap<(Turn, PageVerbs), Vec<usize>> = BTreeMap::new();
            for (turn, verbs, page_class) in turns {
                rows.entry((turn, verbs)).or_default().extend(&page_classes[page_class].rows);
            }
            for ((turn, verbs), mut rows) in rows {
                rows.sort_unstable();
                for top in tops(&rows, layout) {
                    bearers.entry((turn, verbs, top)).or_default().extend(&classes);
                }
            }
        }
        let mut by_people: BTreeMap<(Turn, PageVerbs, &Classes), Vec<&Top>> = BTreeMap::new();
        for ((turn, verbs, top), classes) in &bearers {
            by_people.entry((*turn, *verbs, classes)).or_default().push(top);
        }
        for ((turn, verbs, classes), tops) in by_people {
            let edit = verbs != PageVerbs::View;
            let mut asked = vec![Permission::ReadSpace];
            if edit {
                asked = page_permissions(self.admitted);
            }
            for fold in siblings(&tops, layout) {
                let what = What::Pages { verbs, place: fold.place, pages: fold.rows.len() };
                self.line(turn, what, classes, |changes, parties| {
                    changes.of_pages(&asked, edit, &fold.rows, turn.direction, parties)
                });
            }
        }
    }

    fn line(
        &mut self,
        turn: Turn,
        what: What,
        classes: &Classes,
        causes: impl FnOnce(&Changes<'_>, &RoaringBitmap) -> BTreeSet<Cause>,
    ) {
        if !self.named.contains_key(classes) {
            let mut parties = RoaringBitmap::new();
            for class in classes {
                parties |= &self.classes[*class].0;
            }
            let who = affected(&parties, self.engine);
            self.named.insert(classes.clone(), (parties, who));
        }
        let (parties, who) = &self.named[classes];
        if who.parties.is_empty() && who.people.is_empty() {
            return;
        }
        self.found.push(Effect {
            space: self.space.space.key.clone(),
            direction: turn.direction,
            certainty: turn.certainty,
            what,
            who: who.clone(),
            causes: causes(self.changes, parties),
        });
    }
}

/// Whether these marks say that the space is lost, at least as surely as this turn says something.
fn loses_space(marks: &[Mark], turn: Turn) -> bool {
    turn.direction == Direction::Loses
        && marks.iter().any(|mark| {
            matches!(mark, Mark::Permission(Permission::ReadSpace, lost)
                if lost.direction == Direction::Loses && lost.certainty <= turn.certainty)
        })
}

/// What becomes of pages, view and edit told together where they go together.
fn turns(marks: &[Mark]) -> Vec<(Turn, PageVerbs, usize)> {
    let mut by_page_class: BTreeMap<usize, BTreeMap<Turn, Vec<PageList>>> = BTreeMap::new();
    for mark in marks {
        if let Mark::Pages(page_class, list, turn) = mark
            && !loses_space(marks, *turn)
        {
            by_page_class.entry(*page_class).or_default().entry(*turn).or_default().push(*list);
        }
    }
    let mut turns = Vec::new();
    for (page_class, by_turn) in by_page_class {
        for (turn, verbs) in by_turn {
            let verbs = match verbs.as_slice() {
                [PageList::View] => PageVerbs::View,
                [PageList::Edit] => PageVerbs::Edit,
                _ => PageVerbs::ViewAndEdit,
            };
            turns.push((turn, verbs, page_class));
        }
    }
    turns
}

/// Why more may change in the space than the lines say.
fn note_gaps(space: &LiveSpace, engine: &Engine<'_>, layout: &Layout<'_>, effects: &mut Effects) {
    let lists = layout.rows.iter().filter_map(|row| row.content.restrictions.as_ref().known());
    let listed = lists.flat_map(|lists| lists.view.subjects().chain(lists.edit.subjects()));
    let principals = space.holdings.keys().cloned().chain(listed.cloned().map(Principal::from));
    for principal in principals {
        if let Principal::Group(group) = principal {
            effects.incomplete.extend(members_unread(&group, &engine.live.directory));
        }
    }
    for row in &layout.rows {
        if let crate::model::Known::Unknown(why) = row.content.restrictions.as_ref() {
            effects.incomplete.insert(Reason::ListsUnread { content: row.content.id, why });
        }
    }
}
