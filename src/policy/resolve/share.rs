//! What a run for one team carries out, in the ids of a site.

use std::collections::BTreeSet;

use crate::model::{Live, Principal, Removes, Share};
use crate::policy::access_line::{Grantee, Named};
use crate::policy::ast::Policy;
use crate::policy::delegation::Mandate;
use crate::policy::rules::Rule;

/// The share of the team that a run is about.
pub(super) fn share(policy: &Policy, live: &Live) -> Option<Share> {
    let team = policy.team_in_focus()?;
    let mandate = Mandate::of(team, policy);
    let spaces = policy.spaces.values().map(|space| &space.key.span);
    let rules = policy.rules.iter().map(|rule| &rule.name.span);
    let places = spaces.chain(rules).chain(
        policy
            .rules
            .iter()
            .flat_map(Rule::lines)
            .flat_map(|line| line.who.iter().map(|entry| &entry.who.span)),
    );
    let own = places.filter(|place| team.files.value.has(&place.file));
    let holders = live.spaces.values().flat_map(|space| space.holdings.keys());
    let removes = if team.removes_any() {
        Removes::Any
    } else {
        Removes::From(
            holders
                .filter(|who| names(who, policy, live).iter().any(|who| mandate.has(who)))
                .cloned()
                .collect(),
        )
    };
    Some(Share { files: own.map(|place| place.file.to_path_buf()).collect(), removes })
}

/// How a policy may write a principal of the site.
fn names(who: &Principal, policy: &Policy, live: &Live) -> BTreeSet<Grantee> {
    let group = |name: String| Grantee::Named(Named::Group(name));
    match who {
        Principal::User(account) => BTreeSet::from([Grantee::Named(Named::User(account.clone()))]),
        Principal::Class(class) => BTreeSet::from([Grantee::Class(*class)]),
        Principal::Anonymous => BTreeSet::from([Grantee::Anonymous]),
        Principal::Group(id) => {
            let pinned: BTreeSet<Grantee> = policy
                .groups
                .iter()
                .filter(|(_, pin)| pin.id.value == *id)
                .map(|(name, _)| group(name.clone()))
                .collect();
            if !pinned.is_empty() {
                return pinned;
            }
            let name = live.directory.groups.get(id).map(|group| group.name.folded().into_owned());
            name.map(group).into_iter().collect()
        }
    }
}
