//! Which line of the policy asks for a route.

use super::question::{Level, Needed, Route};
use crate::model::{Audience, ContentId, Declaration, DesiredSpace, PageList, Strength, ToHold, Wanted};

/// The line of the policy that asks for a route through a level of this space; `None` where no line does.
/// What is declared as a role on a site that holds single permissions, or the other way round, is another
/// route than the one that is there.
pub fn declared<'d>(
    route: &Route,
    level: Level,
    needed: &Needed,
    space: &'d DesiredSpace,
) -> Option<&'d Declaration> {
    match (route, level.content(), needed) {
        (Route::Grant { principal, permission, role }, None, _) => {
            match (space.holdings.get(principal)?, role) {
                (ToHold::Role(wanted, by), Some(role)) if wanted == role => Some(&**by),
                (ToHold::Grants(grants), None) => {
                    let wanted =
                        grants.get(permission).filter(|(strength, _)| *strength != Strength::Refused);
                    wanted.map(|(_, by)| &**by)
                }
                (ToHold::Role(..) | ToHold::Grants(_) | ToHold::Nothing(_), _) => None,
            }
        }
        (Route::Listed { subject }, Some(content), Needed::OnList(list)) => {
            let wanted = space.pages.get(&content).and_then(|page| page.audience(*list));
            let names_it =
                |wanted: &&Wanted<Audience>| wanted.what.subjects().any(|listed| listed == subject);
            let joins = || space.joins.onto(content, *list).find(|(joined, _)| *joined == subject);
            wanted
                .filter(names_it)
                .map(|wanted| &*wanted.by)
                .or_else(|| joins().map(|(_, wanted)| &*wanted.by))
        }
        (Route::OpenList, Some(content), Needed::OnList(list)) => open(space, content, *list),
        _ => None,
    }
}

fn open(space: &DesiredSpace, content: ContentId, list: PageList) -> Option<&Declaration> {
    let wanted = space.pages.get(&content)?.audience(list)?;
    wanted.what.is_anyone().then_some(&wanted.by)
}

impl Route {
    /// Whether a policy could ask for it.
    pub const fn is_declarable(&self) -> bool {
        matches!(self, Self::Grant { .. } | Self::Listed { .. })
    }
}
