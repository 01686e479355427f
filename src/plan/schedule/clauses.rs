//! The states that must not occur, as clauses over calls.
//!
//! Access to a goal (a permission in a space, the view of a page, the edit of a page) is a conjunction
//! of factors: that some row of the space names the person, that each list on the way lets them through.
//! Each factor is known before, after, and after each call that touches it. If somebody reaches the goal
//! neither before nor after, no state may have all factors true; if they reach it both before and after,
//! no state may have one of them false. If they gain or lose it, every state in between is fine.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Audience, Call, Chain, Content, ContentId, ContentKind, Holding, Known, PageVerb, Permission, Principal,
    SpaceRoleMode,
};

use super::super::document::EdgeReason;
use super::Node;
use super::atoms::{Atom, atoms};
use super::split::Space;

/// "Not all of `lasts` before any of `firsts`."
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Clause {
    pub(super) firsts: BTreeSet<usize>,
    pub(super) lasts: BTreeSet<usize>,
    pub(super) reason: EdgeReason,
    pub(super) witness: Option<Witness>,
}

/// Who would notice, and what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Witness {
    pub(crate) principals: BTreeSet<Principal>,
    pub(crate) goal: Goal,
    /// Whether they would reach it for a moment, or fail to.
    pub(crate) leak: bool,
}

/// Something that people can reach or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Goal {
    Space(Permission),
    Page(ContentId, PageVerb),
}

impl Clause {
    pub(super) fn edge(first: usize, last: usize) -> Self {
        let (firsts, lasts) = (BTreeSet::from([first]), BTreeSet::from([last]));
        Self { firsts, lasts, reason: EdgeReason::Api, witness: None }
    }
}

/// A partial state: these calls done, those not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
struct State {
    done: BTreeSet<usize>,
    open: BTreeSet<usize>,
}

impl State {
    /// Both at once, unless they contradict each other.
    fn and(&self, other: &Self) -> Option<Self> {
        let done: BTreeSet<usize> = self.done.union(&other.done).copied().collect();
        let open: BTreeSet<usize> = self.open.union(&other.open).copied().collect();
        done.is_disjoint(&open).then_some(Self { done, open })
    }
}

/// One condition of a goal, for one atom.
struct Factor {
    before: bool,
    after: bool,
    /// The states in which it is true, and those in which it is false.
    when: [Vec<State>; 2],
}

impl Factor {
    fn constant(value: bool) -> Self {
        let mut when = [Vec::new(), Vec::new()];
        when[usize::from(!value)].push(State::default());
        Self { before: value, after: value, when }
    }

    fn states(&self, value: bool) -> &[State] {
        &self.when[usize::from(!value)]
    }
}

/// A row of the space that is there before, after, or both.
#[derive(Default)]
struct Row {
    before: bool,
    after: bool,
    adds: Option<usize>,
    removes: Option<usize>,
}

/// What the calls of a space change, by the things that factors look at.
struct Effects<'a> {
    rows: BTreeMap<Permission, BTreeMap<&'a Principal, Row>>,
    /// The calls on a page in their order, each with the lists that it leaves behind.
    pages: BTreeMap<ContentId, Vec<(usize, [&'a Audience; 2])>>,
}

pub(super) fn clauses(space: &Space<'_>, nodes: &[Node]) -> BTreeSet<Clause> {
    let effects = Effects::of(space, nodes);
    let goals = goals(space, &effects);
    let caller = Principal::User(space.live.site.caller.account.clone());
    let mut found = Found { states: BTreeMap::new(), caller };
    let (atoms, _) = all_atoms(space, &effects, &goals);
    for atom in &atoms {
        for permission in effects.changed_permissions() {
            found.goal(atom, Goal::Space(permission), &[effects.union(atom, &[permission])]);
        }
        for goal in &goals {
            let factors = goal.factors(atom, &effects, space.live.site.mode);
            found.goal(atom, Goal::Page(goal.page, goal.verb), &factors);
        }
    }
    let mut clauses = found.into_clauses();
    clauses.extend(effects.last_admin());
    clauses
}

/// Whether the atoms of a space stand for exactly the people there can be.
pub(super) fn atoms_are_exact(space: &Space<'_>, nodes: &[Node]) -> bool {
    let effects = Effects::of(space, nodes);
    let goals = goals(space, &effects);
    all_atoms(space, &effects, &goals).1
}

fn all_atoms(
    space: &Space<'_>,
    effects: &Effects<'_>,
    goals: &BTreeSet<PageGoal<'_>>,
) -> (BTreeSet<Atom>, bool) {
    let mut principals: BTreeSet<Principal> =
        effects.rows.values().flat_map(BTreeMap::keys).map(|&principal| principal.clone()).collect();
    let mut longest = 0;
    for goal in goals {
        longest = longest.max(goal.lists.len());
        for &(_, audience, _) in &goal.lists {
            principals.extend(audience.subjects().cloned().map(Principal::from));
        }
    }
    for lists in effects.pages.values().flatten().flat_map(|(_, lists)| lists) {
        principals.extend(lists.subjects().cloned().map(Principal::from));
    }
    principals.insert(Principal::User(space.live.site.caller.account.clone()));
    atoms(&principals, longest + 2, &space.live.directory)
}

/// Clauses by the calls in them, with the first reason that was found.
struct Found {
    states: BTreeMap<State, (EdgeReason, Witness)>,
    caller: Principal,
}

impl Found {
    fn goal(&mut self, atom: &Atom, goal: Goal, factors: &[Factor]) {
        let before = factors.iter().all(|factor| factor.before);
        let after = factors.iter().all(|factor| factor.after);
        match (before, after) {
            (true, true) => {
                for state in factors.iter().flat_map(|factor| factor.states(false)) {
                    self.forbid(state.clone(), EdgeReason::Gap, atom, goal);
                }
            }
            (false, false) => {
                let mut states = vec![State::default()];
                for factor in factors {
                    states = states
                        .iter()
                        .flat_map(|state| factor.states(true).iter().filter_map(|more| state.and(more)))
                        .collect();
                }
                for state in states {
                    self.forbid(state, EdgeReason::Leak, atom, goal);
                }
            }
            (true, false) | (false, true) => {}
        }
    }

    /// The account that runs this is the witness that matters most; of the others, the first will do.
    fn forbid(&mut self, state: State, reason: EdgeReason, atom: &Atom, goal: Goal) {
        let is_caller = |principals: &BTreeSet<Principal>| principals.contains(&self.caller);
        let better = self
            .states
            .get(&state)
            .is_none_or(|(_, known)| !is_caller(&known.principals) && is_caller(atom.principals()));
        if better {
            let principals = atom.principals().clone();
            let leak = reason == EdgeReason::Leak;
            self.states.insert(state, (reason, Witness { principals, goal, leak }));
        }
    }

    fn into_clauses(self) -> BTreeSet<Clause> {
        let clause = |(state, (reason, witness)): (State, (EdgeReason, Witness))| Clause {
            firsts: state.open,
            lasts: state.done,
            reason,
            witness: Some(witness),
        };
        self.states.into_iter().map(clause).collect()
    }
}

impl<'a> Effects<'a> {
    fn of(space: &'a Space<'_>, nodes: &'a [Node]) -> Self {
        let mut effects = Self { rows: BTreeMap::new(), pages: BTreeMap::new() };
        for (holdings, is_after) in [(&space.before.holdings, false), (&space.after.holdings, true)] {
            for (principal, holding) in holdings {
                for permission in permissions(holding, space) {
                    let row = effects.rows.entry(permission).or_default().entry(principal).or_default();
                    if is_after { row.after = true } else { row.before = true }
                }
            }
        }
        for (number, node) in nodes.iter().enumerate() {
            effects.touch(number, &node.call);
        }
        effects
    }

    /// Notes which call makes a row appear or disappear.
    fn touch(&mut self, number: usize, call: &'a Call) {
        match call {
            Call::Grant { principal, permission, .. } => {
                let brought = std::iter::once(*permission).chain(permission.companions().iter().copied());
                for permission in brought {
                    if let Some(row) = self.row(permission, principal).filter(|row| !row.before && row.after)
                    {
                        row.adds.get_or_insert(number);
                    }
                }
            }
            Call::Revoke { principal, permission, .. } => {
                let taken: Vec<Permission> = match permission {
                    Permission::ReadSpace => self.rows.keys().copied().collect(),
                    other => std::iter::once(*other).chain(other.companions().iter().copied()).collect(),
                };
                for permission in taken {
                    if let Some(row) = self.row(permission, principal).filter(|row| row.before && !row.after)
                    {
                        row.removes.get_or_insert(number);
                    }
                }
            }
            Call::AssignRoles { roles, .. } => {
                for rows in self.rows.values_mut() {
                    for (principal, row) in
                        rows.iter_mut().filter(|(principal, _)| roles.contains_key(**principal))
                    {
                        let _: &&Principal = principal;
                        if row.after && !row.before {
                            row.adds.get_or_insert(number);
                        } else if row.before && !row.after {
                            row.removes.get_or_insert(number);
                        }
                    }
                }
            }
            Call::Restrict { content, after, .. } => {
                self.pages.entry(*content).or_default().push((number, [&after.view, &after.edit]));
            }
        }
    }

    fn row(&mut self, permission: Permission, principal: &Principal) -> Option<&mut Row> {
        self.rows.get_mut(&permission)?.get_mut(principal)
    }

    fn changed_permissions(&self) -> impl Iterator<Item = Permission> {
        let changed = |rows: &BTreeMap<&Principal, Row>| rows.values().any(|row| row.before != row.after);
        self.rows.iter().filter(move |(_, rows)| changed(rows)).map(|(&permission, _)| permission)
    }

    /// Confluence refuses to remove the last administrator of a space (OpenAPI v1, `removePermission`), so a
    /// new one comes first.
    fn last_admin(&self) -> Option<Clause> {
        let rows = self.rows.get(&Permission::AdministerSpace)?;
        if rows.values().any(|row| row.before && row.after) {
            return None;
        }
        let firsts: BTreeSet<usize> = rows.values().filter_map(|row| row.adds).collect();
        let lasts: BTreeSet<usize> = rows.values().filter_map(|row| row.removes).collect();
        let useful = !firsts.is_empty() && !lasts.is_empty() && firsts.is_disjoint(&lasts);
        useful.then_some(Clause { firsts, lasts, reason: EdgeReason::Api, witness: None })
    }

    /// That some row for one of these permissions names the person.
    fn union(&self, atom: &Atom, permissions: &[Permission]) -> Factor {
        let rows = permissions.iter().filter_map(|permission| self.rows.get(permission)).flatten();
        let (mut adds, mut removes) = (BTreeSet::new(), BTreeSet::new());
        let (mut before, mut after) = (false, false);
        for (_, row) in rows.filter(|(principal, _)| atom.matches(principal)) {
            before |= row.before;
            after |= row.after;
            match (row.before, row.after) {
                (true, true) => return Factor::constant(true),
                (true, false) => removes.extend(row.removes),
                (false, true) => adds.extend(row.adds),
                (false, false) => {}
            }
        }
        let on = adds
            .iter()
            .map(|&add| State { done: BTreeSet::from([add]), open: BTreeSet::new() })
            .chain(
                removes.iter().map(|&remove| State { done: BTreeSet::new(), open: BTreeSet::from([remove]) }),
            )
            .collect();
        // Gone is what all removals have taken and no addition has given.
        let contradiction = !adds.is_disjoint(&removes);
        let off = if contradiction { Vec::new() } else { vec![State { done: removes, open: adds }] };
        Factor { before, after, when: [on, off] }
    }

    /// That a list of a page lets the person through.
    fn list(&self, atom: &Atom, page: ContentId, verb: PageVerb, before: &Audience) -> Factor {
        let Some(calls) = self.pages.get(&page) else { return Factor::constant(atom.passes(before)) };
        let mut values = vec![atom.passes(before)];
        values.extend(calls.iter().map(|(_, [view, edit])| {
            atom.passes(match verb {
                PageVerb::View => view,
                PageVerb::Edit => edit,
            })
        }));
        if values.iter().all(|value| *value == values[0]) {
            return Factor::constant(values[0]);
        }
        let mut when = [Vec::new(), Vec::new()];
        for (position, value) in values.iter().enumerate() {
            let done = position.checked_sub(1).map(|last| calls[last].0).into_iter().collect();
            let open = calls.get(position).map(|(next, _)| *next).into_iter().collect();
            when[usize::from(!value)].push(State { done, open });
        }
        Factor { before: values[0], after: values[values.len() - 1], when }
    }
}

fn permissions(holding: &Holding, space: &Space<'_>) -> BTreeSet<Permission> {
    match holding {
        Holding::Grants(grants) => grants.keys().copied().collect(),
        Holding::Role(role) => {
            space.live.roles.get(role).and_then(crate::access::role_permissions).unwrap_or_default()
        }
    }
}

/// A page whose access may change, with all lists that decide about it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct PageGoal<'a> {
    lists: Vec<(ContentId, &'a Audience, PageVerb)>,
    verb: PageVerb,
    kind: ContentKind,
    page: ContentId,
}

impl PageGoal<'_> {
    fn factors(&self, atom: &Atom, effects: &Effects<'_>, mode: SpaceRoleMode) -> Vec<Factor> {
        let mut factors = vec![effects.union(atom, &[Permission::ReadSpace])];
        if self.verb == PageVerb::Edit {
            factors.push(effects.union(atom, &[edit_permission(self.kind, mode)]));
        }
        factors.extend(
            self.lists.iter().map(|&(page, audience, verb)| effects.list(atom, page, verb, audience)),
        );
        factors
    }
}

/// What editing needs in the space: before roles, adding pages was editing them.
const fn edit_permission(kind: ContentKind, mode: SpaceRoleMode) -> Permission {
    match (kind, mode) {
        (ContentKind::Blogpost, SpaceRoleMode::PreRoles) => Permission::CreateBlogpost,
        (ContentKind::Blogpost, _) => Permission::UpdateBlogpost,
        (_, SpaceRoleMode::PreRoles) => Permission::CreatePage,
        (_, _) => Permission::UpdatePage,
    }
}

/// What makes goals the same: the lists, the verb, and what editing needs in the space.
type Sameness = (Vec<(ContentId, PageVerb)>, PageVerb, ContentKind);

/// One goal for each distinct set of lists: pages that share all lists share all clauses.
fn goals<'a>(space: &Space<'a>, effects: &Effects<'_>) -> BTreeSet<PageGoal<'a>> {
    let Some(tree) = space.before.tree.as_ref().filter(|_| !effects.pages.is_empty()) else {
        return BTreeSet::new();
    };
    let mut distinct: BTreeMap<Sameness, PageGoal<'a>> = BTreeMap::new();
    for node in tree.iter() {
        let chain = tree.chain(node.id);
        let views = lists(node, &chain, effects);
        let touched = |page: ContentId| effects.pages.contains_key(&page);
        let mut edits = views.clone();
        if let Known::Known(own) = &node.restrictions
            && (!own.edit.is_anyone() || touched(node.id))
        {
            edits.push((node.id, &own.edit, PageVerb::Edit));
        }
        for (verb, lists) in [(PageVerb::View, views), (PageVerb::Edit, edits)] {
            if lists.iter().any(|(page, ..)| touched(*page)) {
                let key = lists.iter().map(|&(page, _, verb)| (page, verb)).collect();
                let goal = PageGoal { lists, verb, kind: node.kind, page: node.id };
                distinct.entry((key, verb, node.kind)).or_insert(goal);
            }
        }
    }
    distinct.into_values().collect()
}

/// The view lists on the way to a page that do or will say something.
fn lists<'a>(
    node: &'a Content,
    chain: &Chain<'a>,
    effects: &Effects<'_>,
) -> Vec<(ContentId, &'a Audience, PageVerb)> {
    chain
        .ancestors
        .iter()
        .rev()
        .copied()
        .chain([node])
        .filter_map(|node| match &node.restrictions {
            Known::Known(own) if !own.view.is_anyone() || effects.pages.contains_key(&node.id) => {
                Some((node.id, &own.view, PageVerb::View))
            }
            Known::Known(_) | Known::Unknown(_) => None,
        })
        .collect()
}
