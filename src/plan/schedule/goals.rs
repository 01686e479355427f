//! The pages whose access may change: one goal for all pages about which the same lists decide.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::model::{
    Audience, Content, ContentId, ContentKind, Known, PageVerb, Parent, Permission, SpaceRoleMode, Tree,
};

use super::Space;
use super::touched::PageCalls;

/// A page whose access may change, with all lists that decide about it.
#[derive(Debug)]
pub(super) struct PageGoal<'a> {
    pub(super) page: ContentId,
    pub(super) verb: PageVerb,
    /// What editing needs in the space.
    pub(super) edit: Option<Permission>,
    /// The lists that stay as they are.
    pub(super) still: Rc<BTreeSet<ByText<'a>>>,
    /// The lists that calls change, with what they say before.
    pub(super) moving: Vec<(ContentId, PageVerb, &'a Audience)>,
}

/// A list, the same as any other that says the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ByText<'a>(pub(super) &'a Audience);

/// The goals of a space.
#[derive(Debug, Default)]
pub(super) struct Goals<'a> {
    pub(super) all: Vec<PageGoal<'a>>,
}

/// The view lists on the way to a page that do or will say something.
#[derive(Clone, Default)]
struct Above<'a> {
    still: Rc<BTreeSet<ByText<'a>>>,
    moving: Rc<BTreeMap<ContentId, &'a Audience>>,
}

/// What makes goals the same.
type Sameness<'a> = (Vec<(ContentId, PageVerb)>, Rc<BTreeSet<ByText<'a>>>, PageVerb, Option<Permission>);

impl<'a> Goals<'a> {
    /// One goal for each distinct set of lists: pages that share all lists share all clauses. Only what
    /// stands at or below a page that calls touch is looked at, and each page once.
    pub(super) fn of(space: &Space<'a>, pages: &PageCalls<'_>) -> Self {
        let Some(tree) = space.before.tree.as_ref().filter(|_| !pages.is_empty()) else {
            return Self::default();
        };
        let mut found: BTreeMap<Sameness<'a>, PageGoal<'a>> = BTreeMap::new();
        let mut seen: BTreeSet<ContentId> = BTreeSet::new();
        for top in pages.keys().filter_map(|page| tree.get(*page)) {
            let chain = tree.chain(top.id);
            if chain.ancestors.iter().any(|above| pages.contains_key(&above.id)) {
                continue;
            }
            let mut above = Above::default();
            for ancestor in chain.ancestors.iter().rev() {
                above = above.with(ancestor, pages);
            }
            let mut waiting = vec![(top, above)];
            while let Some((node, above)) = waiting.pop() {
                if !seen.insert(node.id) {
                    continue;
                }
                let here = above.with(node, pages);
                add(node, &here, pages, space.live.site.mode, &mut found);
                waiting.extend(tree.children(node.id).map(|child| (child, here.clone())));
            }
        }
        Self { all: found.into_values().collect() }
    }

    /// Every list that decides about a goal before anything is done.
    pub(super) fn audiences(&self) -> impl Iterator<Item = &'a Audience> + '_ {
        self.all.iter().flat_map(|goal| {
            let still = goal.still.iter().map(|list| list.0);
            still.chain(goal.moving.iter().map(|(.., audience)| *audience))
        })
    }

    /// The largest number of lists that anybody has to get past.
    pub(super) fn longest(&self) -> usize {
        self.all.iter().map(|goal| goal.still.len() + goal.moving.len()).max().unwrap_or(0)
    }
}

impl<'a> Above<'a> {
    fn with(mut self, node: &'a Content, pages: &PageCalls<'_>) -> Self {
        let Known::Known(own) = &node.restrictions else { return self };
        if pages.contains_key(&node.id) {
            Rc::make_mut(&mut self.moving).insert(node.id, &own.view);
        } else if !own.view.is_anyone() && !self.still.contains(&ByText(&own.view)) {
            Rc::make_mut(&mut self.still).insert(ByText(&own.view));
        }
        self
    }
}

fn add<'a>(
    node: &'a Content,
    views: &Above<'a>,
    pages: &PageCalls<'_>,
    mode: SpaceRoleMode,
    found: &mut BTreeMap<Sameness<'a>, PageGoal<'a>>,
) {
    let moving: Vec<(ContentId, PageVerb, &Audience)> =
        views.moving.iter().map(|(&page, &audience)| (page, PageVerb::View, audience)).collect();
    let mut goal =
        |verb, edit, moving: Vec<(ContentId, PageVerb, &'a Audience)>, still: &Rc<BTreeSet<ByText<'a>>>| {
            let names = moving.iter().map(|&(page, verb, _)| (page, verb)).collect();
            let goal = PageGoal { page: node.id, verb, edit, still: Rc::clone(still), moving };
            found.entry((names, Rc::clone(still), verb, edit)).or_insert(goal);
        };
    let edit = Some(edit_permission(node.kind, mode));
    match &node.restrictions {
        Known::Known(own) if pages.contains_key(&node.id) => {
            let edits = moving.iter().copied().chain([(node.id, PageVerb::Edit, &own.edit)]).collect();
            goal(PageVerb::Edit, edit, edits, &views.still);
        }
        Known::Known(own) if !own.edit.is_anyone() => {
            let mut still = Rc::clone(&views.still);
            if !still.contains(&ByText(&own.edit)) {
                Rc::make_mut(&mut still).insert(ByText(&own.edit));
            }
            goal(PageVerb::Edit, edit, moving.clone(), &still);
        }
        Known::Known(_) | Known::Unknown(_) => goal(PageVerb::Edit, edit, moving.clone(), &views.still),
    }
    goal(PageVerb::View, None, moving, &views.still);
}

/// Whether a call touches a page above this one.
pub(super) fn is_below(tree: &Tree, page: ContentId, touched: &BTreeSet<ContentId>) -> bool {
    let mut at = tree.get(page).map(|node| node.parent);
    let mut steps = tree.iter().len();
    while let Some(Parent::Content(parent)) = at {
        if touched.contains(&parent) {
            return true;
        }
        steps = steps.saturating_sub(1);
        at = tree.get(parent).filter(|_| steps > 0).map(|node| node.parent);
    }
    false
}

/// What editing needs in the space: before roles, adding pages was editing them.
pub(in crate::plan) const fn edit_permission(kind: ContentKind, mode: SpaceRoleMode) -> Permission {
    match (kind, mode) {
        (ContentKind::Blogpost, SpaceRoleMode::PreRoles) => Permission::CreateBlogpost,
        (ContentKind::Blogpost, _) => Permission::UpdateBlogpost,
        (_, SpaceRoleMode::PreRoles) => Permission::CreatePage,
        (_, _) => Permission::UpdatePage,
    }
}
