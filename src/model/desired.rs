//! What a policy asks for, once its names have become ids.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use camino::Utf8PathBuf;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    AccountId, Audience, ContentId, Coverage, Declaration, Guards, Joins, Kept, Origin, PageLabel, PageList,
    Permission, Principal, RoleId, Skipped, SpaceKey, Subject, Wanted,
};

/// What should be, for the spaces that the policy speaks of. Other spaces do not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Desired {
    /// What the policy calls people, for output.
    pub aliases: BTreeMap<AccountId, String>,
    pub spaces: BTreeMap<SpaceKey, DesiredSpace>,
    /// Accounts that the policy names by their ids, as people of its own or as such that go. It decides about them
    /// even where the site does not describe them.
    pub named: BTreeSet<AccountId>,
    /// Accounts that the policy wants to be nowhere.
    pub leavers: BTreeSet<AccountId>,
    pub guards: Guards,
    pub archived_pages: ArchivedPages,
    /// What is asked for and not planned.
    pub skipped: BTreeSet<Skipped>,
    pub coverage: Coverage,
    /// The part of it that a run carries out, if not all.
    pub share: Option<Share>,
}

/// What one team's files ask for, of all that a policy asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The files, by path as origins have it.
    pub files: BTreeSet<Utf8PathBuf>,
    /// The principals from which the run may take what no file declares.
    pub removes: Removes,
}

/// Principals from which something may be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removes {
    Any,
    From(BTreeSet<Principal>),
}

/// What should be in one space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredSpace {
    pub mode: Mode,
    /// The line of the space itself.
    pub origin: Origin,
    pub holdings: BTreeMap<Principal, DesiredHolding>,
    pub pages: BTreeMap<ContentId, DesiredPage>,
    /// Who joins the lists that are there once all else is settled.
    pub joins: Joins,
    /// The labels by which it means pages, and those pages by which no path decides about a list.
    pub labels: BTreeMap<PageLabel, BTreeSet<ContentId>>,
    /// The content that may be meant beside what `pages` has, were it seen.
    pub reach: ContentReach,
    pub unlisted: UnlistedPages,
    pub page_only: Vec<PageOnly>,
    pub requested: Requested,
    /// For each rule that goes by what principals hold in the space, these principals. What is taken from them goes last,
    /// or a run that ends early would leave the rest of the rule undone for good.
    pub watched: BTreeMap<String, Watched>,
    /// For rules that would select the space in the middle of a run, and neither before nor after it, what must not be
    /// there at once.
    pub never_at_once: Vec<NeverAtOnce>,
    pub kept: Kept,
}

/// The principals whose holdings in a space decide what a rule asks for there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watched {
    /// The rule selects the space by what they hold.
    pub selects: BTreeSet<Principal>,
    /// The rule hands on what they hold.
    pub hands_on: BTreeSet<Principal>,
}

/// Single permissions that come, and such that go. If all that come were there before one of those that go has gone, a rule
/// would select the space, and the run after one that ended there would carry the rule out. Roles are not in here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NeverAtOnce {
    pub comes: BTreeSet<(Principal, Permission)>,
    pub goes: BTreeSet<(Principal, Permission)>,
}

/// How far what is asked of a space's content reaches beyond content that is named by id or title. Each includes
/// those before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContentReach {
    /// Nothing else is meant.
    #[default]
    Named,
    /// A path leads to a page by where it stands.
    Path,
    /// A pattern means every page below another, or of the space.
    Pattern,
    /// Every list of the space is meant: restrictions that no entry matches are opened, or principals are taken off.
    Everything,
}

/// The principals whose removal a line of the policy asks for by name: `absent` and `replace` name them, or the
/// `until` of their entry has passed. Losing them is no surprise, so no guard counts it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Requested {
    /// From the space, and so from the lists of its pages.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub access: BTreeSet<Principal>,
    /// From lists of pages.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub lists: BTreeSet<Subject>,
}

impl Requested {
    pub fn from_list(&self, subject: &Subject) -> bool {
        self.lists.contains(subject) || self.access.contains(&Principal::from(subject.clone()))
    }
}

/// What becomes of the lists of pages that no entry matches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum UnlistedPages {
    /// They stay, and are counted.
    #[default]
    Leave,
    /// They go: this line says so.
    Open(Origin),
}

/// Whether the site lets the lists of archived pages be changed. No document says it, so the policy does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ArchivedPages {
    #[default]
    Writable,
    /// They stay as they are, and what stays open is named.
    ReadOnly,
}

/// People who are to see exactly these pages of a space, and what stands above them. What they hold in the
/// space is among its holdings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageOnly {
    /// The line of the entry.
    pub origin: Origin,
    /// The guests, each with the line that names them.
    pub who: BTreeMap<Subject, Origin>,
    /// The pages that are named; those above them are not among them.
    pub pages: BTreeSet<ContentId>,
}

/// What becomes of what is not declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// It is removed.
    Authoritative,
    /// It stays.
    Additive,
    /// Nothing in the space changes, whatever asks for it; what differs from the policy is counted.
    Paused,
}

/// What one principal is to hold in one space, each part with why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ToHold<Why> {
    /// Nothing, in an additive space as well.
    Nothing(Why),
    /// Single permissions.
    Grants(BTreeMap<Permission, (Strength, Why)>),
    Role(RoleId, Why),
}

/// What the lines of a policy have a principal hold.
pub type DesiredHolding = ToHold<Arc<Declaration>>;

/// Whether a permission must be there, may be, or must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// It must not be there, in an additive space as well: what gave it has ended.
    Refused,
    /// It may be there; it is neither added nor removed. Built-in roles tolerate the companions that
    /// Confluence adds to their permissions.
    Tolerated,
    /// It must be there.
    Required,
}

/// What should be on one page. What is `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DesiredPage {
    pub view: Option<Wanted<Audience>>,
    pub edit: Option<Wanted<Audience>>,
}

impl<Why> ToHold<Why> {
    /// The same for other reasons.
    pub fn map<Other>(&self, reason: impl Fn(&Why) -> Other) -> ToHold<Other> {
        match self {
            Self::Nothing(why) => ToHold::Nothing(reason(why)),
            Self::Role(role, why) => ToHold::Role(role.clone(), reason(why)),
            Self::Grants(grants) => {
                let mapped = grants
                    .iter()
                    .map(|(&permission, (strength, why))| (permission, (*strength, reason(why))));
                ToHold::Grants(mapped.collect())
            }
        }
    }

    /// Whether a single permission must be there, may be, or must not; `None` where nothing is said about it.
    pub fn strength(&self, permission: Permission) -> Option<Strength> {
        match self {
            Self::Grants(grants) => grants.get(&permission).map(|(strength, _)| *strength),
            Self::Nothing(_) | Self::Role(..) => None,
        }
    }

    /// Whether a single permission must be there, or may be.
    pub fn allows(&self, permission: Permission) -> bool {
        matches!(self.strength(permission), Some(Strength::Required | Strength::Tolerated))
    }

    /// The single permissions that must be there, may be, or must not, and why.
    pub fn singles(&self, of: Strength) -> impl Iterator<Item = (Permission, &Why)> {
        let grants = match self {
            Self::Grants(grants) => Some(grants),
            Self::Nothing(_) | Self::Role(..) => None,
        };
        let all = grants.into_iter().flatten();
        all.filter(move |(_, (strength, _))| *strength == of).map(|(permission, (_, why))| (*permission, why))
    }
}

impl DesiredSpace {
    /// A space of which nothing is asked.
    pub fn silent(origin: Origin) -> Self {
        Self {
            mode: Mode::Additive,
            origin,
            holdings: BTreeMap::new(),
            pages: BTreeMap::new(),
            joins: Joins::default(),
            labels: BTreeMap::new(),
            reach: ContentReach::default(),
            unlisted: UnlistedPages::default(),
            page_only: Vec::new(),
            requested: Requested::default(),
            watched: BTreeMap::new(),
            never_at_once: Vec::new(),
            kept: Kept::default(),
        }
    }

    /// Whether it is decided here what a principal holds, were it nothing.
    pub fn decides_about(&self, principal: &Principal) -> bool {
        self.mode == Mode::Authoritative || self.holdings.contains_key(principal)
    }
}

impl DesiredPage {
    pub const fn audience(&self, list: PageList) -> Option<&Wanted<Audience>> {
        match list {
            PageList::View => self.view.as_ref(),
            PageList::Edit => self.edit.as_ref(),
        }
    }
}
