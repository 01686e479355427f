//! Effective access: who can do what, and why. Pure.
//!
//! Access is the site gate and the space's grants and the page's lists: the first two are unions over
//! everything that names an account, the lists are intersections over the page and all that is above it
//! (Atlassian, "Confluence permissions structure"). [`Engine`] answers for one state of a site;
//! [`effective_changes`] compares two; [`lints`] looks for what is legal and yet does not do what it says.
//!
//! What is not known is never a yes. Sets of principals carry two bounds, surely and perhaps, through
//! every union and intersection; what is between them is [`Verdict::Unknown`], with its reasons. What no
//! list tells of is [`Outside`], and no verdict takes account of it.
//!
//! Not here: names (a question arrives with ids), the policy that asks for things ([`declared`] joins
//! routes with the lines of what has become of it), and how any of it looks.

mod administrators;
mod memberships;
mod chains;
mod coverage;
mod declared;
mod effects;
mod engine;
mod explain;
mod gates;
mod levels;
mod lints;
mod outside;
mod question;
mod reach;
mod principal_table;
mod service_desk;
mod sets;
mod sign_in;
mod standing;
mod survey;
mod unlisted;
mod ways;
mod who;

pub use administrators::{AdminStanding, Administrators};
pub use coverage::Holders;
pub use declared::declared;
pub use effects::{
    Affected, AffectedParty, Cause, Certainty, Direction, Effect, Effects, PageVerbs, Place, What,
    effective_changes,
};
pub use engine::Engine;
pub use explain::{Explanation, Fix, Remedy};
pub use levels::{FoundRoute, LevelReport, Need, Outcome};
pub use lints::{Finding, Lint, LintInputs, lints};
pub use outside::Outside;
pub use question::{Asker, ContentVerb, Level, Needed, Object, Reason, Route, Verb, Verdict};
pub(crate) use question::{EditList, RESTRICT, edit_permission};
pub(crate) use service_desk::{SERVICE_DESK, has_service_desk};
pub use survey::{Exception, SpaceSurvey, Tally};
pub use who::{Dead, GateRoutes, Through, Who};
