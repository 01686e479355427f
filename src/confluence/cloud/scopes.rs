//! The scopes that a scoped token needs for each call that is made here (OpenAPI v1 and v2,
//! `x-atlassian-oauth2-scopes`, the granular family throughout). Classic API tokens have no scopes.
//!
//! An answer that refuses a call for want of a scope does not name it; so errors name those that the call takes.

use std::collections::BTreeSet;

use crate::confluence::error::Endpoint;

/// What a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Use {
    /// Everything that [`Read`](crate::confluence::Read) does, but for `check`.
    Read,
    /// The list of labels, where a policy names pages by label.
    Labels,
    /// [`Read::check`](crate::confluence::Read::check).
    Check,
    /// Writes to the permissions and roles of spaces.
    WritePermissions,
    /// Writes to the restrictions of pages.
    WriteRestrictions,
}

/// A call that is made here.
struct ScopedCall {
    purpose: Use,
    method: &'static str,
    /// The path after `/wiki`; `*` stands for one piece.
    path: &'static str,
    /// All of these are needed.
    scopes: &'static [&'static str],
}

impl ScopedCall {
    const fn new(
        purpose: Use,
        method: &'static str,
        path: &'static str,
        scopes: &'static [&'static str],
    ) -> Self {
        Self { purpose, method, path, scopes }
    }

    fn is(&self, endpoint: &Endpoint) -> bool {
        let path = endpoint.path.strip_prefix("/wiki").unwrap_or(&endpoint.path);
        let (mut wanted, mut found) = (self.path.split('/'), path.split('/'));
        endpoint.method.as_str() == self.method
            && loop {
                match (wanted.next(), found.next()) {
                    (None, None) => break true,
                    (Some(wanted), Some(found)) if wanted == "*" || wanted == found => {}
                    _ => break false,
                }
            }
    }
}

const CONFIGURATION: &str = "read:configuration:confluence";
const CONTENT: &str = "read:content-details:confluence";
const GROUPS: &str = "read:group:confluence";
const PAGES: &str = "read:page:confluence";
const SPACES: &str = "read:space:confluence";
const PERMISSIONS: &str = "read:space.permission:confluence";
const USERS: &str = "read:user:confluence";
const WRITE_PERMISSIONS: &str = "write:space.permission:confluence";
const WRITE_RESTRICTIONS: &str = "write:content.restriction:confluence";

#[rustfmt::skip]
const CALLS: &[ScopedCall] = &[
    ScopedCall::new(Use::Read, "GET", "/rest/api/user/current", &[CONTENT]),
    ScopedCall::new(Use::Read, "GET", "/rest/api/user/memberof", &[GROUPS, USERS]),
    ScopedCall::new(Use::Read, "GET", "/rest/api/settings/systemInfo", &[CONFIGURATION]),
    ScopedCall::new(Use::Read, "GET", "/rest/api/group", &[GROUPS]),
    ScopedCall::new(Use::Read, "GET", "/rest/api/group/picker", &[GROUPS]),
    ScopedCall::new(Use::Read, "GET", "/rest/api/group/*/membersByGroupId", &[GROUPS, USERS]),
    ScopedCall::new(Use::Read, "GET", "/rest/api/content/search", &[CONTENT]),
    ScopedCall::new(Use::Read, "GET", "/rest/api/search/user", &[CONTENT]),
    ScopedCall::new(Use::Read, "GET", "/rest/api/content/*/restriction", &[CONTENT]),
    ScopedCall::new(Use::Read, "GET", "/rest/api/content/*/restriction/byOperation/*", &[CONTENT]),
    ScopedCall::new(Use::Read, "POST", "/api/v2/users-bulk", &[USERS]),
    ScopedCall::new(Use::Read, "GET", "/api/v2/space-role-mode", &[CONFIGURATION]),
    ScopedCall::new(Use::Read, "GET", "/api/v2/space-roles", &[PERMISSIONS]),
    ScopedCall::new(Use::Read, "GET", "/api/v2/spaces", &[SPACES]),
    ScopedCall::new(Use::Read, "GET", "/api/v2/spaces/*/operations", &[SPACES]),
    ScopedCall::new(Use::Read, "GET", "/api/v2/spaces/*/permissions", &[SPACES]),
    ScopedCall::new(Use::Read, "GET", "/api/v2/spaces/*/role-assignments", &[PERMISSIONS]),
    ScopedCall::new(Use::Read, "GET", "/api/v2/spaces/*/pages", &[PAGES]),
    ScopedCall::new(Use::Read, "GET", "/api/v2/spaces/*/blogposts", &[PAGES]),
    ScopedCall::new(Use::Read, "GET", "/api/v2/pages", &[PAGES]),
    ScopedCall::new(Use::Read, "GET", "/api/v2/blogposts", &[PAGES]),
    ScopedCall::new(Use::Read, "GET", "/api/v2/pages/*", &[PAGES]),
    ScopedCall::new(Use::Read, "GET", "/api/v2/blogposts/*", &[PAGES]),
    // What else pages may stand below.
    ScopedCall::new(Use::Read, "GET", "/api/v2/folders/*", &["read:folder:confluence"]),
    ScopedCall::new(Use::Read, "GET", "/api/v2/whiteboards/*", &["read:whiteboard:confluence"]),
    ScopedCall::new(Use::Read, "GET", "/api/v2/databases/*", &["read:database:confluence"]),
    ScopedCall::new(Use::Read, "GET", "/api/v2/embeds/*", &["read:embed:confluence"]),
    // Which pages have a label.
    ScopedCall::new(Use::Labels, "GET", "/api/v2/labels", &["read:label:confluence"]),
    ScopedCall::new(Use::Labels, "GET", "/api/v2/labels/*/pages", &[PAGES]),
    ScopedCall::new(Use::Labels, "GET", "/api/v2/pages/*/labels", &[PAGES]),
    ScopedCall::new(Use::Check, "POST", "/rest/api/content/*/permission/check", &["read:content.permission:confluence"]),
    ScopedCall::new(Use::WritePermissions, "POST", "/rest/api/space/*/permission", &[PERMISSIONS, WRITE_PERMISSIONS]),
    ScopedCall::new(Use::WritePermissions, "DELETE", "/rest/api/space/*/permission/*", &[WRITE_PERMISSIONS]),
    ScopedCall::new(Use::WritePermissions, "POST", "/api/v2/spaces/*/role-assignments", &[WRITE_PERMISSIONS]),
    ScopedCall::new(Use::WriteRestrictions, "PUT", "/rest/api/content/*/restriction", &[CONTENT, WRITE_RESTRICTIONS]),
    ScopedCall::new(Use::WriteRestrictions, "DELETE", "/rest/api/content/*/restriction", &[CONTENT, WRITE_RESTRICTIONS]),
    ScopedCall::new(Use::WriteRestrictions, "PUT", "/rest/api/content/*/restriction/byOperation/*/user", &[WRITE_RESTRICTIONS]),
    ScopedCall::new(Use::WriteRestrictions, "DELETE", "/rest/api/content/*/restriction/byOperation/*/user", &[WRITE_RESTRICTIONS]),
    ScopedCall::new(Use::WriteRestrictions, "PUT", "/rest/api/content/*/restriction/byOperation/*/byGroupId/*", &[WRITE_RESTRICTIONS]),
    ScopedCall::new(Use::WriteRestrictions, "DELETE", "/rest/api/content/*/restriction/byOperation/*/byGroupId/*", &[WRITE_RESTRICTIONS]),
];

/// All scopes that calls of a kind take.
pub fn all_for(purpose: Use) -> BTreeSet<&'static str> {
    CALLS.iter().filter(|call| call.purpose == purpose).flat_map(|call| call.scopes).copied().collect()
}

/// The scopes that one call takes, all of them; none for a call that is not made here.
pub fn of(endpoint: &Endpoint) -> &'static [&'static str] {
    CALLS.iter().find(|call| call.is(endpoint)).map_or(&[], |call| call.scopes)
}

/// The scopes of a kind of calls that are not among those of a token.
pub fn missing(purpose: Use, held: &BTreeSet<String>) -> BTreeSet<&'static str> {
    // The one classic scope that stands for granular ones of writes here (OpenAPI v1, `updateRestrictions`).
    if purpose == Use::WriteRestrictions && held.contains("write:confluence-content") {
        return BTreeSet::new();
    }
    all_for(purpose).into_iter().filter(|scope| !held.contains(*scope)).collect()
}

/// What a token lacks that is refused a call for want of a scope.
pub(in crate::confluence) fn lacking(endpoint: &Endpoint) -> String {
    match of(endpoint) {
        [] => "a scope".to_owned(),
        [one] => format!("the scope `{one}`"),
        all => {
            let all: Vec<String> = all.iter().map(|scope| format!("`{scope}`")).collect();
            format!("one of the scopes {}", all.join(" and "))
        }
    }
}
