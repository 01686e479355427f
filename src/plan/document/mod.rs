//! The plan as a document: everything that reviewing it, drawing it and carrying it out need, and
//! nothing that would have to be looked up again.

mod keys;
mod made_from;
mod left_out;
mod meanwhile;
mod object;
mod refusal;
mod surroundings;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{
    AccountId, Call, ContentId, ContentKind, Coverage, Edition, Fingerprint, Flavor, Gap, Mode, Origin,
    PageLabel, Principal, Requested, RoleId, Shown, SiteText, Skipped, SpaceId, SpaceKey, SpaceRoleMode,
    Vocabulary,
};
use crate::policy::Bundle;

use super::change::Change;
use super::effects::PlanEffects;
use super::guard::PlanGuards;
use super::lints::PlanLint;
use super::page_only::PlanPageOnly;
use super::target::Unmanaged;

pub use left_out::{Lacks, LeftOut};
pub use made_from::MadeFrom;
pub use meanwhile::{Meanwhile, MeanwhileReason};
pub use object::{HoldingState, Object, ObjectId};
pub use refusal::{Danger, Demand, Endangered, Moment, NeededBy, Refusal, RefusalCode};
pub use surroundings::Surroundings;
pub(in crate::plan) use surroundings::surroundings;

/// The version of the JSON form. The first number changes when a reader would misread; the second when
/// something is added.
pub const FORMAT_VERSION: &str = "1.14";

/// What would change on a site, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    pub format_version: String,
    /// What every document says of itself: this one is a plan.
    #[serde(default)]
    pub kind: PlanKind,
    /// By what the plan is recognised when it is made again, from the same site and policy.
    pub hash: Fingerprint,
    /// The files that it was made from; none if it was not made from files. Not covered by the hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_from: Option<MadeFrom>,
    pub site: PlanSite,
    /// The spaces that the policy speaks of and the site shows.
    pub spaces: BTreeMap<SpaceKey, PlanSpace>,
    /// The pages that appear below.
    pub pages: BTreeMap<ContentId, PlanPage>,
    /// How the principals that appear below are called, in the words of the policy.
    pub names: BTreeMap<Principal, Shown>,
    /// What the site calls the users that have a name of their own in the policy.
    #[serde(default)]
    pub display_names: BTreeMap<AccountId, Shown>,
    /// How the roles that appear below are called.
    pub roles: BTreeMap<RoleId, Shown>,
    /// What the roles come down to that the policy defines. Not covered by the hash.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub own_roles: BTreeMap<String, Bundle>,
    /// What the roles give that the changes take or assign, in the words of the site.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub role_contents: BTreeMap<RoleId, BTreeSet<String>>,
    /// Who loses something because a line of the policy asks for it by name, in the spaces that change.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub requested: BTreeMap<SpaceKey, Requested>,
    pub changes: Vec<Change>,
    pub calls: Vec<PlannedCall>,
    /// What is so for a moment while the calls are made, though neither before nor after.
    #[serde(default)]
    pub meanwhile: Vec<Meanwhile>,
    /// The state before and after of everything that a call touches.
    pub objects: Vec<Object>,
    /// What else decides who gains something, in the spaces where the plan gives something. Not covered by the hash.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub surroundings: BTreeMap<SpaceKey, Surroundings>,
    /// Who gains and who loses.
    pub effects: PlanEffects,
    /// What the entries of `page-only` come down to.
    pub page_only: Vec<PlanPageOnly>,
    /// What does not do what it says. Never a reason to block the plan.
    pub lints: Vec<PlanLint>,
    pub unmanaged: Vec<Unmanaged>,
    /// What of the site the policy does not speak of.
    #[serde(default)]
    pub coverage: Coverage,
    /// What the caller could not see. Not absent: unknown.
    pub unseen: BTreeSet<Gap>,
    /// What the policy declares and the plan cannot vouch for, since it was unknown. The plan is about the rest.
    #[serde(default)]
    pub incomplete: BTreeSet<Gap>,
    /// What the policy asks for and the account that runs this may not change. The plan is about the rest.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
    /// What the policy asks for by a name that does not mean what it meant. The plan is about the rest.
    #[serde(default)]
    pub skipped: BTreeSet<Skipped>,
    /// Reasons why the plan is blocked. One with any must not be applied.
    pub refusals: Vec<Refusal>,
    /// What the guards of the policy say. A plan that one of them blocks must not be applied.
    pub guards: PlanGuards,
    pub cost: Cost,
}

/// The kind of a plan among all documents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PlanKind {
    #[default]
    Plan,
}

/// The site that a plan is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanSite {
    pub flavor: Flavor,
    pub base_url: SiteText,
    pub cloud_id: Option<String>,
    pub edition: Edition,
    pub space_role_mode: SpaceRoleMode,
    pub caller: AccountId,
}

/// A space that a plan speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanSpace {
    pub id: SpaceId,
    pub name: Shown,
    pub mode: Mode,
    pub origin: Origin,
    /// How many principals hold something there that the plan does not touch.
    #[serde(default)]
    pub untouched: usize,
}

/// A page that a plan speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlanPage {
    pub space: SpaceKey,
    pub kind: ContentKind,
    /// `/Title/Title`, as far as it could be seen; ` (archived)` follows where it is.
    pub path: Shown,
    /// The content above it, the nearest first, as far as it is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub above: Vec<ContentId>,
    /// Archived pages have left the tree; everyone with access to the space reads them all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
    /// Whether some who see the space do not see the page, before the plan or after it: the page, or one above it, has
    /// a view list or may have one. What such a page is called is not for everyone to read.
    #[serde(default)]
    pub restricted: bool,
    /// The labels by which the policy means the page. A page that has lost one of them is not written.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<PageLabel>,
}

/// The number of a call within its plan, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct CallId(usize);

impl CallId {
    pub(in crate::plan) const fn new(position: usize) -> Self {
        Self(position + 1)
    }

    /// Where the call stands in [`Plan::calls`].
    pub const fn position(self) -> usize {
        self.0 - 1
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A call with its place in the order. Calls without an edge between them may run side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedCall {
    pub id: CallId,
    pub call: Call,
    /// Indices of the changes that it serves. A call that undoes an unwanted companion serves none.
    pub covers: Vec<usize>,
    /// What must be done before it.
    pub after: Vec<Edge>,
    /// Whether the call is made only if the site turns out to add, by itself, the permission that it removes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub conditional: bool,
}

/// "Must come after."
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Edge {
    pub call: CallId,
    pub reason: EdgeReason,
    /// What the other order would do, where it is not the API that forbids it.
    pub because: Option<Danger>,
}

/// Why one call must come before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EdgeReason {
    /// Confluence refuses the other order.
    Api,
    /// The other order would open something for a moment.
    Leak,
    /// The other order would take something from the account that runs this, or from one of the policy's
    /// required admins, while it is needed.
    Lockout,
    /// The other order would take something away for a moment.
    Gap,
    /// A run that ended in between would not be taken up where it ended.
    Resume,
    /// What waits for this call waits for the earlier one as well, and is spared an edge for each.
    Gather,
}

/// How many calls, and how few it could be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cost {
    /// Calls that are made in any case.
    pub calls: usize,
    /// Calls that are made only if the site adds a permission by itself.
    #[serde(default)]
    pub conditional: usize,
    /// No plan that reaches the same state can do with fewer calls: what each object taken alone needs,
    /// and what the order is proven to cost. That is never more than two calls for each space: where more
    /// have to be split, giving an account access in another way for the time being would take two.
    pub lower_bound: usize,
    /// Calls that were split in two because no order of whole calls is safe.
    pub splits: usize,
    /// Whether it is proven that fewer splits would not do.
    pub exact: bool,
}

impl Plan {
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Whether the plan covers everything that the policy declares: nothing of it was unknown, is left out, or is skipped.
    pub fn is_complete(&self) -> bool {
        self.incomplete.is_empty() && self.left_out.is_empty() && self.skipped.is_empty()
    }

    /// Whether the plan must not be applied.
    pub fn is_blocked(&self) -> bool {
        !self.refusals.is_empty() || self.guards.blocked().next().is_some()
    }

    /// Which permissions the site has, as far as the plan shows.
    pub fn vocabulary(&self) -> Vocabulary {
        let has_more = |state: &HoldingState| matches!(state, HoldingState::Grants { permissions, .. } if permissions.iter().any(|it| !it.is_documented()));
        let touched = self.objects.iter().any(|object| match object {
            Object::Holding { before, .. } => has_more(before),
            Object::Page { .. } => false,
        });
        let mut others = self.surroundings.values().flat_map(|it| it.holdings.values());
        if self.site.space_role_mode.has_roles() || touched || others.any(has_more) {
            Vocabulary::Extended
        } else {
            Vocabulary::Documented
        }
    }

    /// How a principal is called in output that has room: with what the site calls the user behind an alias.
    pub fn full_name(&self, principal: &Principal) -> String {
        let display = principal.account().and_then(|account| self.display_names.get(account));
        let name = self.name(principal);
        display.map_or_else(|| name.to_string(), |display| format!("{name} ({display})"))
    }

    /// How a principal is called in output.
    pub fn name<'a>(&'a self, principal: &'a Principal) -> std::borrow::Cow<'a, str> {
        self.names.get(principal).map_or_else(|| principal.to_string().into(), |name| name.as_str().into())
    }
}

/// The JSON Schema of a plan.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Plan).to_value()
}
