//! Why what a policy neither declares nor removes stays.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why something is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeepReason {
    /// An app's own account; apps manage their access themselves.
    App,
    /// The account that runs this program, which must be able to finish and to come back.
    Caller,
    /// The policy says with `leave` that it stays.
    Left,
    /// The space is additive and the policy does not mention it.
    Undeclared,
    /// The site does not say whose account it is, so it may be an app's.
    UnknownAccount,
    /// Permissions of a user class, which the API shows but cannot write one by one.
    Class,
    /// Single permissions on a site that gives access by roles only; its API refuses every change of one.
    RolesOnly,
    /// An entry that would decide about it is skipped, since its name does not mean what it meant.
    Skipped,
    /// Restricted pages that no entry matches; here `count` is the number of pages.
    UnlistedPage,
    /// Restricted archived pages that only a pattern with `anyone` matches, which opens nothing that is archived; here
    /// `count` is the number of pages.
    ArchivedPage,
    /// Kinds of permission or principal that this program does not know.
    Foreign,
    /// The space is paused; here `count` is the number of changes that its policy asks for.
    Paused,
    /// Files of others ask for it, and the run is one team's; here `count` is the number of changes.
    OtherFiles,
}
