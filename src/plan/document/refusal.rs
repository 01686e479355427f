//! What a plan must not do, whatever the policy says.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::ContentVerb;
use crate::model::{ContentId, Origin, Permission, Principal, SpaceKey, words};

use super::super::page_only::PageOnlyProblem;
use super::super::target::KeepReason;
use super::{CallId, EdgeReason};

/// A reason why a plan is refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "refused", rename_all = "kebab-case")]
pub enum Refusal {
    /// The account that runs this administers the space and would not any more.
    Lockout {
        space: SpaceKey,
        /// The principals through which it administered the space.
        through: BTreeSet<Principal>,
    },
    /// No account would administer the space, which Confluence refuses as well.
    NoAdmin { space: SpaceKey },
    /// In every order of the calls there is a moment at which these people could do what they can do
    /// neither before nor after, or could not do what they can do both before and after.
    NoSafeOrder { space: SpaceKey, danger: Danger },
    /// What the API demands of the order of the calls, and what a run that ends early needs, cannot be met all at once.
    NoOrder { space: SpaceKey, demands: BTreeSet<Demand> },
    /// In every safe order the account that runs this loses a right before it has made the last call that
    /// takes it, or gets it after the first.
    Unfinishable {
        space: SpaceKey,
        call: CallId,
        /// The page whose lists it could not change, if the call does that.
        content: Option<ContentId>,
        permission: Permission,
        /// The principals through which it has that right at the start; empty if another call of the plan gives it too late.
        through: BTreeSet<Principal>,
    },
    /// The guests of a space would see more than their pages, or less.
    PageOnly {
        space: SpaceKey,
        /// The line that names the guests.
        origin: Origin,
        problem: PageOnlyProblem,
    },
    /// The account that runs this may not make some of the changes, and the others must not be made without them.
    NeedsLeftOut {
        space: SpaceKey,
        /// What is left out and needed: positions in the plan's list of it.
        left_out: BTreeSet<usize>,
        needed_by: NeededBy,
    },
    /// The plan would open something to those who are in the space only because the site does not say whose account it
    /// is, or does not let it be taken away.
    OpensToUndecided {
        space: SpaceKey,
        who: BTreeSet<Principal>,
        /// Why what they have there stays.
        reason: KeepReason,
        /// What they could do for good, though they neither can now nor are meant to.
        danger: Danger,
    },
}

words! {
    /// The kinds of refusal, by the names that the document and the message have for them.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum RefusalCode {
        Lockout = "lockout",
        NoAdmin = "no-admin",
        NoSafeOrder = "no-safe-order",
        NoOrder = "no-order",
        Unfinishable = "unfinishable",
        PageOnly = "page-only",
        NeedsLeftOut = "needs-left-out",
        OpensToUndecided = "opens-to-undecided",
    }
}

impl RefusalCode {
    /// What it means, and what to do.
    pub const fn doc(self) -> &'static str {
        match self {
            Self::Lockout => {
                "The account that runs confperm administers the space and would lose that. Name it, or a group that it is in, as `admin` of the space."
            }
            Self::NoAdmin => {
                "The space would have no administrator left, which Confluence refuses. Name one as its `admin`."
            }
            Self::NoSafeOrder => {
                "In every order of the calls, there would be a moment at which an account has access that it has neither before nor after the change (a leak), or lacks access that it has both before and after (a gap). Make the change in two steps, each a policy of its own. `--allow-gap` accepts a gap, never a leak."
            }
            Self::NoOrder => {
                "Some calls would have to wait for each other: Confluence demands an order of some, and what a rule goes by is taken last. Make the change in two steps, each a policy of its own."
            }
            Self::Unfinishable => {
                "During the run, the account that runs confperm would lose a permission before the last call that needs it, or get it after the first. Make that change first, in a policy of its own, or let another administrator apply the policy."
            }
            Self::PageOnly => {
                "The guests of a `page-only` entry would see more than their pages, or less. \
                 [Page-only access](pages.md) says what it needs."
            }
            Self::NeedsLeftOut => {
                "The account may not make some of the changes, and the others must not be made without them. See \
                 [what the account may not change](#what-the-account-may-not-change)."
            }
            Self::OpensToUndecided => {
                "The plan would open something to an account that the policy does not name. It stays in the space only \
                 because the site does not say whether it is an app's, or because a site with roles only does not let \
                 single permissions be taken away. Name it in the policy, under `access` or in a rule with `absent`, or \
                 take it out of the space in Confluence."
            }
        }
    }
}

impl std::fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Refusal {
    /// The space that the plan is refused for.
    pub const fn space(&self) -> &SpaceKey {
        match self {
            Self::Lockout { space, .. }
            | Self::NoAdmin { space }
            | Self::NoSafeOrder { space, .. }
            | Self::NoOrder { space, .. }
            | Self::Unfinishable { space, .. }
            | Self::PageOnly { space, .. }
            | Self::NeedsLeftOut { space, .. }
            | Self::OpensToUndecided { space, .. } => space,
        }
    }

    /// Whether another account might carry the plan out: the one that runs this lacks a right, or would lose it.
    pub const fn is_about_the_account(&self) -> bool {
        match self {
            Self::Lockout { .. } | Self::Unfinishable { .. } | Self::NeedsLeftOut { .. } => true,
            Self::NoAdmin { .. }
            | Self::NoSafeOrder { .. }
            | Self::NoOrder { .. }
            | Self::PageOnly { .. }
            | Self::OpensToUndecided { .. } => false,
        }
    }

    /// Whether the calls of its space have no order in which they could be made.
    pub const fn is_about_the_order(&self) -> bool {
        match self {
            Self::NoSafeOrder { .. } | Self::NoOrder { .. } | Self::Unfinishable { .. } => true,
            Self::Lockout { .. }
            | Self::NoAdmin { .. }
            | Self::PageOnly { .. }
            | Self::NeedsLeftOut { .. }
            | Self::OpensToUndecided { .. } => false,
        }
    }

    pub const fn code(&self) -> RefusalCode {
        match self {
            Self::Lockout { .. } => RefusalCode::Lockout,
            Self::NoAdmin { .. } => RefusalCode::NoAdmin,
            Self::NoSafeOrder { .. } => RefusalCode::NoSafeOrder,
            Self::NoOrder { .. } => RefusalCode::NoOrder,
            Self::Unfinishable { .. } => RefusalCode::Unfinishable,
            Self::PageOnly { .. } => RefusalCode::PageOnly,
            Self::NeedsLeftOut { .. } => RefusalCode::NeedsLeftOut,
            Self::OpensToUndecided { .. } => RefusalCode::OpensToUndecided,
        }
    }
}

/// What must not be done without something that the plan leaves out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "needed_by", rename_all = "kebab-case")]
pub enum NeededBy {
    /// A call that must come after it.
    Order {
        reason: EdgeReason,
        /// What would be so for good, where it is not the API that demands the order.
        danger: Option<Danger>,
    },
    /// An entry of `page-only`, whose guests would see more than their pages, or less.
    PageOnly { origins: BTreeSet<Origin> },
}

/// Of two calls, which must come first: the API demands it, or a run that ends in between could not be taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Demand {
    pub first: CallId,
    pub last: CallId,
}

/// Something that would be open, or shut, for a moment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Danger {
    /// The accounts concerned: those that are all of these and nothing else that matters.
    pub people: BTreeSet<Principal>,
    pub what: Endangered,
    /// Whether they would be let in, or shut out.
    pub moment: Moment,
}

/// What would happen for a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Moment {
    /// They could do what they can do neither before nor after.
    LetIn,
    /// They could not do what they can do both before and after.
    ShutOut,
}

impl Moment {
    /// What an order would do that is forbidden for this reason.
    pub(in crate::plan) fn of(reason: EdgeReason) -> Self {
        if reason == EdgeReason::Leak { Self::LetIn } else { Self::ShutOut }
    }
}

/// What would be open, or shut, for a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Endangered {
    Permission(Permission),
    View(ContentId),
    Edit(ContentId),
    Comment(ContentId),
    Attach(ContentId),
    Delete(ContentId),
    /// Changing the lists of a page.
    Restrict(ContentId),
    /// The same with content that no list is about.
    Unrestricted(ContentVerb),
}

impl Endangered {
    /// Doing this to a page; to content that no list is about, if to none.
    pub(in crate::plan) const fn of(verb: ContentVerb, page: Option<ContentId>) -> Self {
        match (verb, page) {
            (verb, None) => Self::Unrestricted(verb),
            (ContentVerb::View, Some(page)) => Self::View(page),
            (ContentVerb::Edit, Some(page)) => Self::Edit(page),
            (ContentVerb::Comment, Some(page)) => Self::Comment(page),
            (ContentVerb::Attach, Some(page)) => Self::Attach(page),
            (ContentVerb::Delete, Some(page)) => Self::Delete(page),
            (ContentVerb::Restrict, Some(page)) => Self::Restrict(page),
        }
    }

    /// The page that it is about, if it is about one.
    pub const fn page(&self) -> Option<ContentId> {
        match self {
            Self::View(page)
            | Self::Edit(page)
            | Self::Comment(page)
            | Self::Attach(page)
            | Self::Delete(page)
            | Self::Restrict(page) => Some(*page),
            Self::Permission(_) | Self::Unrestricted(_) => None,
        }
    }
}
