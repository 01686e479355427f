//! `page-only`: which lists make certain people see exactly the pages that are named for them.
//!
//! Confluence has no way to give an account one page. It shows the whole space to every holder of `read/space`, but
//! for what lists close, and a list on a page closes everything below. So in each branch without a page for the
//! guest, only the topmost page needs a list that leaves the guest out. No fewer lists would do, since the pages
//! above it must stay visible. The list names the insiders: all other holders of `read/space` in the target state,
//! apps included. An existing list that leaves the guests out is used as it is.
//!
//! All of this is decided by principals, not by people, so that it holds for future members of a group as well. A
//! guest with another route to a page keeps it; the lints of `guests` report the guests for which one is known.
//!
//! This module says what is asked and what is found; [`lists`] walks the tree and decides about each list.

mod lists;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{
    AccountId, AccountStatus, Audience, Content, ContentId, DesiredSpace, Holding, Live, LiveSpace, Origin,
    PageList, Parent, Permission, Principal, SpaceKey, Subject, Tree, Truth,
};

use super::change::ChangeReason;
use super::target::TargetPage;

/// An entry of `page-only`, as it comes out on this site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanPageOnly {
    pub space: SpaceKey,
    /// The line of the entry.
    pub origin: Origin,
    pub who: BTreeSet<Subject>,
    /// How many pages and other pieces of content are named.
    pub pages: usize,
    /// What stands above them and is not named. It is visible, since Confluence shows nothing to those who
    /// cannot see what is above it.
    pub above: BTreeSet<ContentId>,
    /// How many pages and blog posts are closed to them by a list of their own.
    pub closed: usize,
    /// How many of these are blog posts, which stand beside the tree and are closed one by one.
    pub closed_posts: usize,
}

/// Why `page-only` cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "problem", rename_all = "kebab-case")]
pub enum PageOnlyProblem {
    /// These insiders cannot stand on the lists that would have to be made: a class, or `anonymous`.
    Unlistable { insiders: BTreeSet<Principal>, pages: BTreeSet<ContentId> },
    /// An entry of `pages` says the opposite about a list.
    Contradicted { pages: BTreeSet<ContentId>, list: PageList, entry: Origin, guests: BTreeSet<Subject> },
    /// Only guests are on the list, and without them it would be empty, which means open.
    NobodyElse { page: ContentId, list: PageList, guests: BTreeSet<Subject> },
    /// The lists of these pages could not be read, or where they stand, so they may be open to the guests.
    Unread { pages: BTreeSet<ContentId> },
    /// So many pages and permissions of the space are of a form that is not known, so what the guests see of them and who
    /// else sees the space is not known either.
    Unreadable { entries: usize },
    /// The site has no lists for these, and they stand where the guests see them.
    NoLists { pages: BTreeSet<ContentId> },
    /// The guests administer the space and could take any list off.
    Administer { guests: BTreeSet<Subject> },
}

/// What `page-only` comes down to in one space.
#[derive(Debug, Clone, Default)]
pub(super) struct Compiled {
    /// Lists to be changed, with what asks for them.
    pub(super) lists: BTreeMap<(ContentId, PageList), (Audience, ChangeReason)>,
    /// Of these, the ones that were made for guests before and follow who is an insider.
    pub(super) followed: BTreeSet<(ContentId, PageList)>,
    /// Lists that are as they are to be, and look as if they had been made for guests.
    made: BTreeSet<(ContentId, PageList)>,
    /// The members that `page-only` wants on which lists, whether it changes them or not, and the line that asks for it.
    pub(super) wanted: BTreeMap<(ContentId, PageList), (Audience, Origin)>,
    /// Who stays on which lists though a line that put them there has ended.
    pub(super) stay: BTreeMap<(ContentId, PageList), BTreeSet<Subject>>,
    /// Lists set by hand that would look like one of those if some joined them before all insiders have come and gone.
    pub(super) joined_last: BTreeSet<(ContentId, PageList)>,
    /// Whether a list set by hand would look like one of those if insiders went before others came.
    pub(super) mistakable: bool,
    pub(super) entries: Vec<PlanPageOnly>,
    pub(super) problems: Vec<(Origin, PageOnlyProblem)>,
    /// Content whose lists keep guests out, or keep them from editing.
    pub(super) relied_on: BTreeSet<ContentId>,
    /// Folders that guests see though no page in them is theirs, since the site has no lists for folders.
    pub(super) open_folders: BTreeSet<ContentId>,
}

/// An account or group that is to see some pages only.
#[derive(Debug)]
pub(super) struct Guest {
    pub(super) origin: Origin,
    /// The pages that are named, by any entry that names the guest.
    named: BTreeSet<ContentId>,
    /// These, and what stands above them.
    pub(super) sees: BTreeSet<ContentId>,
}

/// The guests of a space.
pub(super) fn guests(desired_space: &DesiredSpace, tree: &Tree) -> BTreeMap<Subject, Guest> {
    let mut guests: BTreeMap<Subject, Guest> = BTreeMap::new();
    for entry in &desired_space.page_only {
        let above = entry.pages.iter().flat_map(|page| tree.chain(*page).ancestors).map(|above| above.id);
        let sees: BTreeSet<ContentId> = above.chain(entry.pages.iter().copied()).collect();
        for (who, origin) in &entry.who {
            let guest = guests.entry(who.clone()).or_insert_with(|| Guest {
                origin: origin.clone(),
                named: BTreeSet::new(),
                sees: BTreeSet::new(),
            });
            guest.named.extend(&entry.pages);
            guest.sees.extend(&sees);
        }
    }
    guests
}

/// Whether a list lets a guest through who is nothing else.
pub(super) fn lets_through(list: &Audience, guest: &Subject) -> bool {
    match list {
        Audience::Anyone => true,
        Audience::Only(members) => members.contains(guest),
    }
}

/// Content that has nothing above it, as far as can be seen.
pub(super) fn tops(tree: &Tree) -> impl Iterator<Item = &Content> {
    tree.iter().filter(|content| content.parent == Parent::Space || tree.is_adrift(content))
}

/// All who see a space and hold a permission there but the guests.
#[derive(Debug, Default)]
struct Insiders {
    /// Those who can stand on lists.
    subjects: BTreeSet<Subject>,
    /// Those who cannot.
    others: BTreeSet<Principal>,
}

impl Insiders {
    /// Those among holders who are no guests.
    fn among<'h>(
        holders: impl Iterator<Item = &'h Principal>,
        guests: &BTreeMap<Subject, Guest>,
        live: &Live,
    ) -> Self {
        let status = |account: &AccountId| live.directory.people.get(account).map(|person| person.status);
        let mut insiders = Self::default();
        for principal in holders {
            match principal.subject() {
                // Confluence refuses lists with accounts that are gone.
                Some(Subject::User(account)) if status(&account) == Some(AccountStatus::Closed) => {}
                Some(subject) if guests.contains_key(&subject) => {}
                Some(subject) => drop(insiders.subjects.insert(subject)),
                None => drop(insiders.others.insert(principal.clone())),
            }
        }
        insiders
    }
}

/// The state of a space that is compiled for.
#[derive(Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) key: &'a SpaceKey,
    pub(super) desired_space: &'a DesiredSpace,
    pub(super) before: &'a LiveSpace,
    /// Who is to hold what.
    pub(super) holdings: &'a BTreeMap<Principal, Holding>,
    /// What entries of `pages` make of pages.
    pub(super) pages: &'a BTreeMap<ContentId, TargetPage>,
    pub(super) live: &'a Live,
}

impl Ground<'_> {
    /// Whether the planned holding of a principal gives a permission.
    fn gives(&self, principal: &Principal, permission: Permission) -> Truth {
        let holding = self.holdings.get(principal);
        holding.map_or(Truth::No, |holding| holding.gives(permission, &self.live.roles))
    }
}

pub(super) fn compile(ground: Ground<'_>) -> Compiled {
    let Some(tree) = ground.before.tree.as_ref().filter(|_| !ground.desired_space.page_only.is_empty())
    else {
        return Compiled::default();
    };
    let guests = guests(ground.desired_space, tree);
    lists::compile(ground, tree, &guests)
}
