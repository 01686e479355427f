//! Which line of the policy asks for a route.

use super::question::{Level, Needed, Route};
use crate::model::{
    Audience, DesiredHolding, DesiredSpace, Origin, PageVerb, Principal, Strength, Terms, Wanted,
};

/// Where a policy asks for something, and what it says besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said<'d> {
    pub origin: &'d Origin,
    pub terms: &'d Terms,
}

impl<'d> Said<'d> {
    const fn of<T>(wanted: &'d Wanted<T>) -> Self {
        Self { origin: &wanted.origin, terms: &wanted.terms }
    }
}

/// The line of the policy that asks for a route through a level of this space; `None` where no line does.
/// What is declared as a role on a site that holds single permissions, or the other way round, is another
/// route than the one that is there.
pub fn declared<'d>(
    route: &Route,
    level: Level,
    needed: &Needed,
    space: &'d DesiredSpace,
) -> Option<Said<'d>> {
    match (route, level.content(), needed) {
        (Route::Grant { principal, permission, role }, None, _) => {
            match (space.holdings.get(principal)?, role) {
                (DesiredHolding::Role(wanted), Some(role)) if wanted.what == *role => Some(Said::of(wanted)),
                (DesiredHolding::Grants(grants), None) => {
                    let wanted = grants.get(permission).filter(|wanted| wanted.what != Strength::Refused);
                    wanted.map(Said::of)
                }
                (DesiredHolding::Role(_) | DesiredHolding::Grants(_) | DesiredHolding::Nothing(_), _) => None,
            }
        }
        (Route::Listed { subject }, Some(content), Needed::OnList(verb)) => {
            let list = space.pages.get(&content).and_then(|page| page.audience(*verb));
            let names_it = |list: &&Wanted<Audience>| list.what.subjects().any(|listed| listed == subject);
            let joins = || space.joins.onto(content, *verb).find(|(joined, _)| *joined == subject);
            list.filter(names_it).map(Said::of).or_else(|| joins().map(|(_, wanted)| Said::of(wanted)))
        }
        (Route::OpenList, Some(content), Needed::OnList(verb)) => open(space, content, *verb),
        _ => None,
    }
}

fn open(space: &DesiredSpace, content: crate::model::ContentId, verb: PageVerb) -> Option<Said<'_>> {
    let wanted = space.pages.get(&content)?.audience(verb)?;
    wanted.what.is_anyone().then_some(Said::of(wanted))
}

impl Route {
    /// Whether a policy could ask for it.
    pub const fn is_declarable(&self) -> bool {
        matches!(self, Self::Grant { .. } | Self::Listed { .. })
    }

    /// The principal that the route names, if it names one.
    pub fn principal(&self) -> Option<Principal> {
        match self {
            Self::Licence { group } => Some(Principal::Group(group.clone())),
            Self::Grant { principal, .. } => Some(principal.clone()),
            Self::Listed { subject } => Some(subject.clone().into()),
            Self::AnonymousAccess => Some(Principal::Anonymous),
            Self::LicenceAssumed
            | Self::Guest
            | Self::App
            | Self::Unlicensed
            | Self::UnlicensedAccess
            | Self::OpenList => None,
        }
    }
}
