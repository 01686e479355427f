//! Whether one state of a space lies between two others: nobody can do in it what they can do in neither, and
//! everybody can do in it what they can do in both.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::census::{Unlisted, Unreadable};
use super::chains::{ChainId, Chains, Layout, ListId};
use super::engine::Engine;
use super::question::{Clause, Verb};
use super::reach::Reach;
use super::roll::Roll;
use crate::model::{ContentId, ContentKind, Live, LiveSpace, PageVerb, Permission, Principal, SpaceKey};

/// An access that a state gives or lacks, and neither, or both, of two others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    pub who: Principal,
    /// View, edit, or a permission in the space.
    pub verb: Verb,
    pub content: Option<ContentId>,
    /// Whether the state gives it.
    pub is_given: bool,
}

/// The first access by which `state` does not lie between `one` and `other` in a space; `None` if it does. The
/// three differ in grants and in the lists of content. A group whose members are unknown stands for itself.
pub fn stray(key: &SpaceKey, one: &Live, other: &Live, state: &Live) -> Option<Stray> {
    let lives = [one, other, state];
    let roll = Arc::new(Roll::of(lives));
    let engines = lives
        .map(|live| Engine::with(live, Arc::clone(&roll), Unreadable::StandsForItself, Unlisted::Ignored));
    let spaces = [one.spaces.get(key)?, other.spaces.get(key)?, state.spaces.get(key)?];
    let (number, verb, content, is_given) =
        of_permissions(&engines, spaces).or_else(|| of_pages(&engines, spaces))?;
    let who = roll.iter().find(|(at, _)| *at == number)?.1.clone();
    Some(Stray { who, verb, content, is_given })
}

/// The number of a principal, what it can do in the state and in neither other, and whether it is that or the
/// contrary.
type Found = (u32, Verb, Option<ContentId>, bool);

fn of_permissions(engines: &[Engine<'_>; 3], spaces: [&LiveSpace; 3]) -> Option<Found> {
    Permission::ALL.iter().find_map(|&permission| {
        let verb = Verb::Space(permission);
        let reaches = [0, 1, 2].map(|at| of_space(&engines[at], spaces[at], verb, ContentKind::Page));
        let (number, is_given) = outside(&reaches)?;
        Some((number, verb, None, is_given))
    })
}

fn of_pages(engines: &[Engine<'_>; 3], spaces: [&LiveSpace; 3]) -> Option<Found> {
    let [first, second, third] = spaces.map(|space| space.tree.as_ref().map(Layout::of));
    let layouts = [first?, second?, third?];
    let [one, other, state] = engines;
    let mut chains = [Chains::new(one), Chains::new(other), Chains::new(state)];
    let ways = [0, 1, 2].map(|at| chains[at].of(&layouts[at]));
    let doors = BTreeMap::from([ContentKind::Page, ContentKind::Blogpost].map(|kind| {
        let of = |verb| [0, 1, 2].map(|at| of_space(&engines[at], spaces[at], verb, kind));
        (kind == ContentKind::Blogpost, [(Verb::View, of(Verb::View)), (Verb::Edit, of(Verb::Edit))])
    }));
    let mut seen: HashSet<([ChainId; 3], [ListId; 3], bool)> = HashSet::new();
    // Content stands at the same places in all three.
    let rows = layouts[0].rows.iter().zip(&layouts[1].rows).zip(&layouts[2].rows);
    for (row, ((first, second), third)) in rows.enumerate() {
        let contents = [first.content, second.content, third.content];
        let lists = [0, 1, 2].map(|at| chains[at].list(contents[at], PageVerb::Edit));
        let way = [0, 1, 2].map(|at| ways[at][row]);
        let is_post = third.content.kind == ContentKind::Blogpost;
        if !seen.insert((way, lists, is_post)) {
            continue;
        }
        for (verb, door) in &doors[&is_post] {
            let reaches = [0, 1, 2].map(|at| {
                let through = chains[at].through(way[at], &door[at]);
                if *verb == Verb::Edit { chains[at].on(lists[at], &through) } else { through }
            });
            if let Some((number, is_given)) = outside(&reaches) {
                return Some((number, *verb, Some(third.content.id), is_given));
            }
        }
    }
    None
}

fn of_space(engine: &Engine<'_>, space: &LiveSpace, verb: Verb, kind: ContentKind) -> Reach {
    let clauses: Vec<Clause> = verb.clauses(kind, engine.live.site.mode);
    engine.let_in(space, &clauses)
}

/// Who is in the last set and in neither of the others, or not surely in it and surely in both others.
fn outside([one, other, state]: &[Reach; 3]) -> Option<(u32, bool)> {
    let surely = &state.sure - &one.sure - &other.sure;
    let perhaps = &state.perhaps - one.any() - other.any();
    let lost = (&one.sure & &other.sure) - &state.sure;
    let given = (surely | perhaps).min().map(|number| (number, true));
    given.or_else(|| lost.min().map(|number| (number, false)))
}
