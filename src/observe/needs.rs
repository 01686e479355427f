//! What a run must know, as one value.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    AccessClass, AccountId, Content, ContentId, GroupId, Known, Live, LiveSpace, PageLabel, Principal,
    SpaceId, SpaceKey, Subject, Tree,
};

/// What a run must know of a site, as far as that can be said with what it knows already.
///
/// A run that reads spaces needs the groups and the roles of the site and the person behind its own account, beside
/// what is said here. Spaces that the site does not show are passed over, and so are groups and content that it does
/// not list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// The lists of spaces from which `spaces` are chosen.
    pub listing: ListingNeeds,
    /// The spaces whose grants are needed, out of those that have been listed.
    pub spaces: BTreeSet<SpaceKey>,
    /// Accounts to look up, beside those that hold something in `spaces` or are on lists that are read.
    pub accounts: BTreeSet<AccountId>,
    /// The spaces whose pages are needed, and what else of their content is.
    pub content: BTreeMap<SpaceKey, ContentNeeds>,
    /// The spaces of which must be known whether `anonymous` holds something that is not listed.
    pub anonymous: BTreeSet<SpaceKey>,
    /// The people behind principals.
    pub people: Option<NeededPeople>,
    /// Whether the groups and the roles of the site are needed.
    pub site_lists: SiteLists,
}

/// Whether the groups and the roles of the site are needed, and with them the accounts of the request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SiteLists {
    #[default]
    Now,
    /// Not as long as no space is read.
    Later,
}

/// Which lists of spaces are needed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListingNeeds {
    /// Every space that the caller can see.
    pub all: bool,
    /// The spaces with these keys.
    pub keys: BTreeSet<SpaceKey>,
    /// The spaces with these ids, whatever their keys are.
    pub ids: BTreeSet<SpaceId>,
    /// Which spaces have these labels.
    pub labels: BTreeSet<String>,
}

/// What is needed of the content of one space beside its page tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContentNeeds {
    pub blogposts: bool,
    /// Folders, whiteboards and their like that no page hangs under.
    pub containers: bool,
    /// The labels of which must be known which pages have them.
    pub labels: BTreeSet<PageLabel>,
    /// The content whose view and edit lists are needed.
    pub lists: Lists,
}

/// The content whose lists are needed, out of what the tree has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lists {
    Of(BTreeSet<ContentId>),
    /// All that the tree has by the time that lists are read.
    All,
}

/// The people who are needed: members of groups, accounts with their status, and licences as far as they
/// matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NeededPeople {
    /// Groups whose members are needed.
    pub groups: BTreeSet<GroupId>,
    /// Accounts beside the members of the groups.
    pub accounts: BTreeSet<AccountId>,
    /// A class or `anonymous` appears, so every licensed person of the site counts.
    pub everyone: bool,
    /// The class of product admins appears.
    pub product_admins: bool,
    /// The question is about these people alone: other members of the groups are not looked up.
    pub only: Option<BTreeSet<AccountId>>,
}

impl Default for Lists {
    fn default() -> Self {
        Self::Of(BTreeSet::new())
    }
}

impl Needs {
    /// Requests the page tree of a space; the result takes further requests.
    pub fn content(&mut self, key: &SpaceKey) -> &mut ContentNeeds {
        self.content.entry(key.clone()).or_default()
    }

    /// The same without some spaces.
    #[must_use]
    pub fn without(mut self, spaces: &BTreeSet<SpaceKey>) -> Self {
        self.spaces.retain(|key| !spaces.contains(key));
        self.content.retain(|key, _| !spaces.contains(key));
        self.anonymous.retain(|key| !spaces.contains(key));
        self
    }
}

impl ContentNeeds {
    /// Asks for the lists of some content.
    pub fn lists_of(&mut self, content: impl IntoIterator<Item = ContentId>) {
        if let Lists::Of(wanted) = &mut self.lists {
            wanted.extend(content);
        }
    }

    /// Asks for pages, blog posts, and the lists of everything.
    pub fn everything(&mut self) {
        self.blogposts = true;
        self.lists = Lists::All;
    }
}

impl NeededPeople {
    /// Adds everyone who appears in a space: with grants, or on the lists of its content.
    pub fn in_space(&mut self, space: &LiveSpace) {
        space.holdings.keys().for_each(|principal| self.principal(principal));
        space.tree.iter().flat_map(Tree::iter).for_each(|content| self.on_lists_of(content));
    }

    /// Adds everyone on the lists of one piece of content.
    pub fn on_lists_of(&mut self, content: &Content) {
        if let Known::Known(lists) = &content.restrictions {
            lists.view.subjects().chain(lists.edit.subjects()).for_each(|subject| self.subject(subject));
        }
    }

    /// Adds one subject of a list.
    pub fn subject(&mut self, subject: &Subject) {
        match subject {
            Subject::Group(group) => drop(self.groups.insert(group.clone())),
            Subject::User(account) => drop(self.accounts.insert(account.clone())),
        }
    }

    /// Adds the people that a principal stands for.
    pub fn principal(&mut self, principal: &Principal) {
        match principal {
            Principal::Group(group) => drop(self.groups.insert(group.clone())),
            Principal::User(account) => drop(self.accounts.insert(account.clone())),
            Principal::Class(class) => {
                self.everyone = true;
                self.product_admins |= *class == AccessClass::AllProductAdmins;
            }
            Principal::Anonymous => self.everyone = true,
        }
    }
}

impl Lists {
    /// The content whose lists are needed, given what is known of a space.
    pub(super) fn in_tree(&self, tree: &Tree) -> BTreeSet<ContentId> {
        match self {
            Self::Of(content) => content.clone(),
            Self::All => tree.iter().map(|content| content.id).collect(),
        }
    }
}

impl ListingNeeds {
    /// What of it has not been listed yet.
    pub(super) fn missing(&self, live: &Live) -> Self {
        let listing = &live.listing;
        let unlisted = |key: &&SpaceKey| !listing.asked.contains(*key) && !listing.spaces.contains_key(*key);
        Self {
            all: self.all && !listing.whole,
            keys: if self.all || listing.whole {
                BTreeSet::new()
            } else {
                self.keys.iter().filter(unlisted).cloned().collect()
            },
            ids: self.ids.difference(&listing.asked_ids).copied().collect(),
            labels: self
                .labels
                .iter()
                .filter(|label| !listing.labelled.contains_key(*label))
                .cloned()
                .collect(),
        }
    }
}
