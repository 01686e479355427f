//! The vocabulary that everything else speaks: ids, principals, permissions, roles, audiences, spaces,
//! page trees, people, and the three values that planning is made of: what is ([`Live`]), what should
//! be ([`Desired`]) and what can be done ([`Call`]).
//!
//! Types carry the rules. Ids of different things are different types, an empty restriction list cannot
//! be written down without the word [`Audience::Anyone`], and what could not be seen is
//! [`Known::Unknown`], never absent. Nothing here does I/O.

mod audience;
mod built_in_role;
mod call;
mod content;
pub(crate) mod columns;
mod coverage;
mod declaration;
mod desired;
mod diff;
mod directory;
mod fingerprint;
mod fold;
mod guards;
mod ids;
mod joins;
mod known;
mod live;
mod origin;
mod permission;
mod principal;
mod role;
pub(crate) mod shared;
mod site;
mod skipped;
mod space;
mod stray;
mod text;
mod truth;
mod visible;
mod write_request;

pub use audience::{Audience, Members, PageList, Restrictions};
pub use built_in_role::BuiltInRole;
pub use call::Call;
pub use content::{Chain, Content, ContentKind, Missing, Parent, Tree};
pub use coverage::{Coverage, PassedOver};
pub use declaration::{Declaration, Wanted};
pub use desired::{
    ArchivedPages, ContentReach, Desired, DesiredHolding, DesiredPage, DesiredSpace, Mode, NeverAtOnce,
    PageOnly, Removes, Requested, Share, Strength, ToHold, UnlistedPages, Watched,
};
pub use diff::Diff;
pub use directory::{
    Absence, AccountKind, AccountStatus, Directory, Group, GroupNames, Person, ProductAccess,
};
pub use fingerprint::Fingerprint;
pub use fold::{folded, is_same_name};
pub use guards::{Forbidden, Guard, Guarded, Guards, MaxRemovals, Prohibition};
pub use ids::{AccountId, ContentId, GrantId, GroupId, InvalidId, PageLabel, RoleId, SpaceId, SpaceKey};
pub use joins::{Join, JoinReach, Joins};
pub use known::{Known, Why};
pub use live::{BesidePages, ForeignRow, Gap, Holding, Labelled, Listing, Live, LiveSpace};
pub use origin::Origin;
pub use permission::{Permission, Vocabulary};
pub use principal::{AccessClass, Principal, Subject};
pub use role::{Role, RoleKind};
pub use site::{Caller, Edition, Flavor, Site, SiteIdentity, SpaceRoleMode, is_same_address};
pub use skipped::{Kept, KeptList, SkipReason, Skipped, SkippedPart};
pub use space::{Space, SpaceKind, SpaceStatus};
pub use stray::StrayPermissions;
pub use truth::Truth;
pub use visible::{Shown, SiteText, characters, first_hidden, harmless, is_command, is_invisible, visible};
pub use write_request::WriteRequest;

pub(crate) use text::{list, text_form, words};
