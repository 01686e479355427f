//! What no principal may be given: `forbid`.

use std::collections::BTreeSet;

use crate::model::{
    Audience, ContentId, Desired, DesiredSpace, Forbidden, Live, LiveSpace, Mode, Origin, PageList,
    Principal, Prohibition, SpaceKey, Strength, Subject, ToHold,
};

use super::{Breach, GuardOutcome};

pub(super) fn forbid(desired: &Desired, forbidden: Forbidden, live: &Live) -> GuardOutcome {
    let prohibition = desired.guards.forbid.get(&forbidden);
    let mut breaches = BTreeSet::new();
    if let Some(prohibition) = prohibition {
        let spaces = desired
            .spaces
            .iter()
            .filter(|(key, space)| space.mode != Mode::Paused && !prohibition.except_spaces.contains(*key));
        for (key, space) in spaces {
            let counts = |who: &Principal| is_forbidden(who, forbidden, prohibition, live);
            for (who, origin) in given(key, space, live).into_iter().filter(|(who, _)| counts(who)) {
                let (space, origin) = (key.clone(), origin.clone());
                breaches.insert(Breach::Forbidden { what: forbidden, space, who, origin });
            }
        }
    }
    GuardOutcome {
        origins: prohibition.map(|prohibition| prohibition.origin.clone()).into_iter().collect(),
        ..GuardOutcome::new(forbidden.guard(), prohibition.is_some(), breaches.into_iter().collect())
    }
}

/// The account that runs confperm keeps what it needs to finish, so it never counts.
fn is_forbidden(who: &Principal, what: Forbidden, prohibition: &Prohibition, live: &Live) -> bool {
    match (what, who) {
        (Forbidden::Anonymous, Principal::Anonymous) => true,
        (Forbidden::DirectUsers, Principal::User(account)) => {
            *account != live.site.caller.account && !prohibition.except.contains(account)
        }
        (Forbidden::Anonymous | Forbidden::DirectUsers, _) => false,
    }
}

/// The principals that are given something in a space, each with the line that gives it.
fn given<'a>(key: &SpaceKey, space: &'a DesiredSpace, live: &Live) -> Vec<(Principal, &'a Origin)> {
    let mut given = Vec::new();
    for (who, holding) in &space.holdings {
        match holding {
            ToHold::Nothing(_) => {}
            ToHold::Role(_, by) => given.push((who.clone(), &by.origin)),
            ToHold::Grants(_) => {
                given.extend(holding.singles(Strength::Required).map(|(_, by)| (who.clone(), &by.origin)));
            }
        }
    }
    for (content, page) in &space.pages {
        for list in PageList::ALL {
            let Some(wanted) = page.audience(list) else { continue };
            let stays = |subject: &Subject| {
                // A rule that removes a principal from a list grants nothing to the principals that stay on it.
                wanted.by.rule.is_some() && is_listed(subject, live.space(key), *content, list)
            };
            let listed = wanted.what.subjects().filter(|subject| !stays(subject));
            given.extend(listed.map(|subject| (subject.clone().into(), wanted.origin())));
        }
    }
    for join in space.joins.0.iter().filter(|join| !join.reach.is_empty()) {
        let joined = join.who.values().flatten().filter(|(_, wanted)| !wanted.is_over());
        given.extend(joined.map(|(subject, wanted)| (subject.clone().into(), wanted.origin())));
    }
    given
}

fn is_listed(subject: &Subject, space: Option<&LiveSpace>, content: ContentId, list: PageList) -> bool {
    let lists = || space?.tree.as_ref()?.get(content)?.restrictions.as_ref().known();
    let audience = lists().map(|lists| lists.audience(list));
    matches!(audience, Some(Audience::Only(members)) if members.contains(subject))
}
