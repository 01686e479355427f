//! What a policy asks for and no plan is made for, because a name in it does not mean anything any more, or because a file
//! of a team asks for what cannot be.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ContentId, Known, Origin, PageLabel, PageList, Principal, Shown, SpaceKey, Subject, Tree, list};

/// Something that a policy asks for and that stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Skipped {
    /// `None` for what is about no space in particular.
    pub space: Option<SpaceKey>,
    pub part: SkippedPart,
    /// The name, as the policy writes it.
    pub name: Shown,
    pub reason: SkipReason,
    /// The line that has the name.
    pub origin: Origin,
}

impl Skipped {
    /// A space that is skipped because what a file of a team says of it cannot be carried out; or, without a space, what the
    /// file says. The code says why not.
    pub fn for_team(space: Option<&SpaceKey>, team: &str, code: &str, origin: Origin) -> Self {
        Self {
            space: space.cloned(),
            part: space.map_or(SkippedPart::Rule, |_| SkippedPart::Space),
            name: Shown::of(space.map_or(team, SpaceKey::as_str)),
            reason: SkipReason::TeamError { team: team.to_owned(), code: code.to_owned() },
            origin,
        }
    }

    /// Says that spaces are skipped; or, without any, what was named before.
    pub fn in_words<'k>(spaces: impl IntoIterator<Item = &'k SpaceKey>) -> String {
        let keys: Vec<String> = spaces.into_iter().map(|key| format!("`{key}`")).collect();
        match keys.as_slice() {
            [] => "it is skipped".to_owned(),
            [one] => format!("{one} is skipped"),
            several => format!("{} are skipped", list(several)),
        }
    }

    /// Whether it is skipped for what a file of a team asks for.
    pub const fn is_of_team(&self) -> bool {
        matches!(self.reason, SkipReason::TeamError { .. } | SkipReason::TeamBlocked { .. })
    }

    /// Whether such a file cannot be carried out as it is; else a principal is skipped that has something of others.
    pub const fn is_fault_of_team(&self) -> bool {
        self.is_of_team() && !matches!(self.part, SkippedPart::Principal)
    }
}

/// How much is skipped: the smallest thing that depends on the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SkippedPart {
    /// A name under `required-admins`. The guard holds it against plans that take administration away.
    Guard,
    /// Everything that is asked of the space.
    Space,
    /// What a rule says, in every space.
    Rule,
    /// An entry of `pages`.
    Page,
    /// One principal in a list.
    Principal,
    /// A whole list, which would be empty without the name, and so open.
    List,
    /// Both lists of a page.
    Lists,
    /// The list of a page that an entry for a label sets. What other entries say of the page counts.
    Labelled,
}

/// Why a name does not mean anything any more, or not what it says; or why a space is skipped though its name does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum SkipReason {
    /// What it meant is gone.
    Gone {
        /// The id that `confperm.lock` has.
        was: Shown,
    },
    /// What it meant is gone, and others bear the name.
    Taken { was: Shown, by: BTreeSet<String> },
    /// Two entries reach the page because of where it stands, and this principal could edit it by the one and not view
    /// it by the other.
    Contradictory { editor: Shown, viewers: Origin },
    /// Two entries mean the page by two labels, and set the same list of it.
    TwoLabels { other: PageLabel },
    /// The account that it means is closed, and the list is written without it.
    Closed,
    /// The time that these were given on a list is over, and the list has no others, so it would be open.
    Last,
    /// What it means has another name by now, and these bear the name and are not meant.
    AlsoNamed { by: BTreeSet<String> },
    /// What a file of a team says there cannot be carried out, as the site is.
    TeamError {
        team: String,
        /// The code of the finding.
        code: String,
    },
    /// What a file of a team says there would block the plan.
    TeamBlocked {
        team: String,
        /// The guard, or the code of the refusal.
        by: String,
    },
}

/// What stays as it is in a space, because nothing can tell whether the policy means it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// What these hold.
    pub principals: BTreeSet<Principal>,
    /// Those that the policy leaves as they are, as far as they hold something or are on a list.
    pub left: BTreeSet<Principal>,
    pub lists: BTreeMap<(ContentId, PageList), KeptList>,
    /// Those whose line with `read/space` is over while no other line gives it, with that line. Whether it stays depends on
    /// what else they hold.
    pub ended_reads: BTreeMap<Principal, Origin>,
    /// Those who have a role that a line gave which is over.
    pub ended_roles: BTreeSet<Principal>,
    /// Archived pages that a pattern with `anyone` would open if they were not.
    pub archived: BTreeSet<ContentId>,
}

/// How much of a list stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeptList {
    All,
    /// Whether these are on it.
    Subjects(BTreeSet<Subject>),
}

impl Kept {
    /// Whether `unlisted-pages` may open content that no entry names. What may stand anywhere may stand below an entry,
    /// and what is archived is opened by its own name only.
    pub fn lets_open(&self, tree: &Tree, id: ContentId) -> bool {
        let stays = PageList::ALL.into_iter().any(|list| self.has(id, list));
        tree.is_placed(id)
            && !tree.is_archived(id)
            && !stays
            && PageList::ALL.into_iter().all(|list| self.left_on(tree, id, list).is_empty())
    }

    /// Those on a list of content that are left as they are.
    pub fn left_on<'t>(&self, tree: &'t Tree, id: ContentId, list: PageList) -> Vec<&'t Subject> {
        let lists = tree.get(id).and_then(|content| match &content.restrictions {
            Known::Known(lists) => Some(lists),
            Known::Unknown(_) => None,
        });
        let listed = lists.into_iter().flat_map(|lists| lists.audience(list).subjects());
        listed.filter(|subject| self.leaves(subject)).collect()
    }

    pub fn leaves(&self, subject: &Subject) -> bool {
        !self.left.is_empty() && self.left.contains(&Principal::from(subject.clone()))
    }

    /// Whether a whole list stays as it is.
    pub fn has(&self, content: ContentId, list: PageList) -> bool {
        self.lists.get(&(content, list)) == Some(&KeptList::All)
    }

    /// The subjects that stay on a list, or off it, as they are.
    pub fn on(&self, content: ContentId, list: PageList) -> impl Iterator<Item = &Subject> {
        let subjects = match self.lists.get(&(content, list)) {
            Some(KeptList::Subjects(subjects)) => Some(subjects),
            Some(KeptList::All) | None => None,
        };
        subjects.into_iter().flatten()
    }
}
