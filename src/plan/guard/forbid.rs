//! What nobody may be given: `forbid`.

use std::collections::BTreeSet;

use crate::model::{Desired, DesiredHolding, Forbidden, Origin, Principal, Strength, Wanted};

use super::{Breach, GuardOutcome};

pub(super) fn forbid(desired: &Desired, forbidden: Forbidden) -> GuardOutcome {
    let origin = desired.guards.forbid.get(&forbidden);
    let mut breaches = BTreeSet::new();
    for (key, space) in desired.spaces.iter().filter(|_| origin.is_some()) {
        let mut given = |who: Principal, origin: &Origin| {
            let is_forbidden = match forbidden {
                Forbidden::Anonymous => who == Principal::Anonymous,
                Forbidden::DirectUsers => matches!(who, Principal::User(_)),
            };
            if is_forbidden {
                let (space, origin) = (key.clone(), origin.clone());
                breaches.insert(Breach::Forbidden { what: forbidden, space, who, origin });
            }
        };
        for (who, holding) in &space.holdings {
            match holding {
                DesiredHolding::Nothing(_) => {}
                DesiredHolding::Role(role) => given(who.clone(), &role.origin),
                DesiredHolding::Grants(grants) => {
                    let required = |wanted: &&Wanted<Strength>| wanted.what == Strength::Required;
                    grants.values().filter(required).for_each(|wanted| given(who.clone(), &wanted.origin));
                }
            }
        }
        for list in space.pages.values().flat_map(|page| [&page.view, &page.edit]).flatten() {
            list.what.subjects().for_each(|subject| given(subject.clone().into(), &list.origin));
        }
    }
    GuardOutcome {
        origins: origin.into_iter().cloned().collect(),
        ..GuardOutcome::new(forbidden.guard(), origin.is_some(), breaches.into_iter().collect())
    }
}
