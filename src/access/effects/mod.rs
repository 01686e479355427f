//! Who gains and who loses by a change: effective changes, folded until they can be read.
//!
//! Only spaces that differ are looked at. In each, pages are sorted by what becomes of their chain of
//! lists, people by what becomes of their access, and what is alike in both is one line.

mod affected;
mod causes;
mod delta;
mod fold;
mod people;
mod space;

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::chains::Chains;
use super::engine::Engine;
use super::memberships::Unreadable;
use super::principal_table::PrincipalTable;
use super::question::Reason;
use super::standing::Unlisted;
use crate::model::{AccountId, ContentId, Live, LiveSpace, Permission, Principal, SpaceKey};

/// What a change does to people's access.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Effects {
    /// By space, and in each by what changes.
    pub effects: Vec<Effect>,
    /// Why there may be more than these.
    pub incomplete: BTreeSet<Reason>,
}

/// One line: these people gain or lose this.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Effect {
    pub space: SpaceKey,
    pub direction: Direction,
    pub certainty: Certainty,
    pub what: What,
    pub who: Affected,
    /// The changes without which it would not happen, or not in full.
    pub causes: BTreeSet<Cause>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    Loses,
    Gains,
}

/// Whether it surely happens. It does not where one of the two states is unknown for the people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    Sure,
    Perhaps,
}

/// What is gained or lost.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum What {
    /// `read/space`, and so the space. What is lost with it is not told again one by one.
    Space,
    /// Other permissions in the space.
    Permissions { permissions: BTreeSet<Permission> },
    /// Access to pages.
    Pages { verbs: PageVerbs, place: Place, pages: usize },
}

/// What can be done with the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PageVerbs {
    View,
    Edit,
    ViewAndEdit,
}

/// Where the pages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "at", rename_all = "kebab-case")]
pub enum Place {
    /// Anywhere in the space.
    Space,
    /// This page, and of those below it so many that the count comes to `pages`.
    From { content: ContentId },
    /// Below this page, which is not among them.
    Under { content: ContentId },
}

/// The people concerned: groups first, then those that no group stands for.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Affected {
    pub parties: Vec<AffectedParty>,
    pub people: BTreeSet<AccountId>,
    /// How many people that are known by name, in the parties and beside them.
    pub total: usize,
}

/// A group, a class or anonymous.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct AffectedParty {
    pub party: Principal,
    /// How many of its known members it happens to.
    pub members: usize,
    /// How many known members it has that could be affected. More than `members` when some have another
    /// route.
    pub of: usize,
    /// Whether all its members are known.
    pub complete: bool,
}

/// A change that an effect comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "cause", rename_all = "kebab-case")]
pub enum Cause {
    /// What the principal holds in the space.
    Holding { space: SpaceKey, principal: Principal },
    /// The lists of the page, or where it stands.
    Page { space: SpaceKey, content: ContentId },
    /// The service desk's switch, or the archiving of the space.
    Space { space: SpaceKey },
    /// People, groups, roles or the site as a whole.
    Directory,
}

/// So many spaces share their chains of lists and are looked at one after the other; parts are looked at on all cores.
/// The size does not depend on the number of cores, so neither does anything else.
const PART: usize = 200;

/// Who gains and who loses when one state of a site becomes the other.
///
/// Spaces and pages that are not in both states are passed over: nothing is known of the other side.
/// People stand in the groups that could be read; a group that could not stands for itself.
pub fn effective_changes<'a>(before: &'a Live, after: &'a Live) -> Effects {
    let table = Arc::new(PrincipalTable::of([before, after]));
    let old = Engine::with(before, Arc::clone(&table), Unreadable::StandsForItself, Unlisted::Ignored);
    let new = Engine::with(after, table, Unreadable::StandsForItself, Unlisted::Ignored);
    let everywhere =
        before.directory != after.directory || before.roles != after.roles || before.site != after.site;
    let in_both = after.spaces.par_iter().filter_map(|(key, after)| Some((before.spaces.get(key)?, after)));
    let differing = in_both.filter(|(before, after)| everywhere || before != after);
    let differing: Vec<(&LiveSpace, &LiveSpace)> =
        differing.map(|(before, after)| (before.as_ref(), after.as_ref())).collect();
    let in_part = |spaces: &[(&'a LiveSpace, &'a LiveSpace)]| {
        let mut sides = Sides { old: Chains::new(&old), new: Chains::new(&new), everywhere };
        let mut effects = Effects::default();
        for (before, after) in spaces {
            space::compare(before, after, &mut sides, &mut effects);
        }
        effects
    };
    let parts: Vec<Effects> = differing.par_chunks(PART).map(in_part).collect();
    let mut effects = Effects::default();
    if new.memberships.licences_assumed {
        effects.incomplete.insert(Reason::LicencesAssumed);
    }
    for part in parts {
        effects.effects.extend(part.effects);
        effects.incomplete.extend(part.incomplete);
    }
    effects
}

/// Both states, with the chains met in each.
struct Sides<'e, 'a> {
    old: Chains<'e, 'a>,
    new: Chains<'e, 'a>,
    /// Something changed that bears on every space.
    everywhere: bool,
}
