//! Whether a site has Jira Service Management.

use crate::model::{AccessClass, AccountKind, Live, Principal};

/// What Jira Service Management calls the groups that it makes, before the name of the site.
const GROUPS: [&str; 2] = ["jira-servicemanagement-", "jira-servicedesk-"];

/// What the names of its groups have in common, for a search.
pub(crate) const SERVICE_DESK: &str = "jira-service";

/// Whether a site shows signs of Jira Service Management, which alone can open spaces to every signed-in person:
/// customers, its class, or the groups that it makes. There is no API that tells it.
pub(crate) fn has_service_desk(live: &Live) -> bool {
    let class = Principal::Class(AccessClass::JsmProjectAdmins);
    let is_its_own = |name: &str| GROUPS.iter().any(|prefix| name.starts_with(prefix));
    live.directory.groups.values().any(|group| is_its_own(group.name.raw()))
        || live.directory.people.values().any(|person| person.kind == AccountKind::Customer)
        || live.spaces.values().any(|space| space.holdings.contains_key(&class))
}
