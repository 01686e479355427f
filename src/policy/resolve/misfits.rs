//! What teams ask for that does not fit beside what others give. Where a principal has one role or single permissions, a line
//! of a team could turn the role of others into single permissions, and so decide what of its holding stays. What central
//! files give comes out as if there were no teams; of several teams, as if the later ones were not there.

use std::collections::BTreeSet;

use super::access::{Asked, AskedBy};
use super::copies::{Gift, GiftsTo, RoleOrGrants};
use super::resolver::Resolver;
use crate::diagnostic::{Code, Diagnostic, Severity, Span};
use crate::model::{Permission, Principal, Shown, SkipReason, Skipped, SkippedPart, SpaceKey};
use crate::policy::delegation::Team;

/// All that one principal gets, or a part of it.
#[derive(Default)]
struct Received<'s> {
    asked: Vec<Asked<'s>>,
    gifts: Vec<Gift<'s>>,
}

/// What it comes to.
enum Sum {
    Nothing,
    This(RoleOrGrants),
    /// A space role of which the site does not say what it is; that is reported elsewhere.
    Unknown,
    /// More than any role gives.
    Misfit,
}

impl<'s> Received<'s> {
    fn is_empty(&self) -> bool {
        self.asked.is_empty() && self.gifts.is_empty()
    }

    /// The first line; of a team, where it says so.
    fn place(&self, team: Option<&Team>) -> Option<&'s Span> {
        let is_own = |span: &&Span| team.is_none_or(|team| team.files.value.has(&span.file));
        let asked = self.asked.iter().flat_map(|asked| [asked.entry, asked.span]);
        asked.chain(self.gifts.iter().map(|gift| gift.place)).find(is_own)
    }

    /// Takes out what a team says.
    fn take(&mut self, team: &Team) -> Self {
        let has = |file| team.files.value.has(file);
        Self {
            asked: self
                .asked
                .extract_if(.., |asked| {
                    [&*asked.span.file, asked.file, &*asked.entry.file].into_iter().any(has)
                })
                .collect(),
            gifts: self.gifts.extract_if(.., |gift| has(&gift.place.file)).collect(),
        }
    }

    fn with(&self, more: &Self) -> Self {
        Self { asked: [&*self.asked, &*more.asked].concat(), gifts: [&*self.gifts, &*more.gifts].concat() }
    }
}

impl<'a> Resolver<'a> {
    /// Leaves out of what principals get what teams ask for and does not fit.
    pub(super) fn leave_misfits_out(
        &mut self,
        asked: &mut AskedBy<'a>,
        gifts: &mut GiftsTo<'a>,
        key: &SpaceKey,
    ) {
        if self.policy.delegation.teams.is_empty() || !self.live.site.mode.has_roles() {
            return;
        }
        let all: BTreeSet<Principal> = asked.keys().chain(gifts.keys()).cloned().collect();
        for who in all {
            let mut gets = Received {
                asked: asked.remove(&who).unwrap_or_default(),
                gifts: gifts.remove(&who).unwrap_or_default(),
            };
            let of_teams: Vec<(&Team, Received<'a>)> =
                self.policy.delegation.teams.iter().map(|team| (team, gets.take(team))).collect();
            for (team, own) in of_teams.into_iter().filter(|(_, own)| !own.is_empty()) {
                let both = gets.with(&own);
                match (own.place(Some(team)), gets.place(None)) {
                    (Some(line), Some(other)) if !self.fits(&who, &gets, &both) => {
                        self.misfit(&who, team, [line, other], key);
                    }
                    _ => gets = both,
                }
            }
            if !gets.asked.is_empty() {
                asked.insert(who.clone(), gets.asked);
            }
            if !gets.gifts.is_empty() {
                gifts.insert(who, gets.gifts);
            }
        }
    }

    /// Whether more can be given, and what there is without it is given as well: a role stays a role, and none takes the
    /// place of a greater one.
    fn fits(&self, who: &Principal, gets: &Received<'_>, with_more: &Received<'_>) -> bool {
        let is_known = |sum: &Sum| matches!(sum, Sum::This(_));
        match (self.sum(who, gets), self.sum(who, with_more)) {
            // What is wrong without the team is none of its.
            (Sum::Misfit, _) => true,
            (_, Sum::Misfit) | (Sum::This(RoleOrGrants::Role(_)), Sum::This(RoleOrGrants::Grants(_))) => {
                false
            }
            // Of lines alone the leading one covers all.
            (Sum::This(less), Sum::This(more)) if !with_more.gifts.is_empty() => {
                self.both(Some(more.clone()), &less, None) == Some(more)
            }
            (before, after) => !is_known(&before) || is_known(&after),
        }
    }

    fn sum(&self, who: &Principal, gets: &Received<'_>) -> Sum {
        let asked = match gets.asked.as_slice() {
            [] => None,
            asked => match self.leader(asked) {
                Some(leader) => match self.role_meant(leader.right) {
                    Some(role) => Some(RoleOrGrants::Role(role)),
                    None => return Sum::Unknown,
                },
                None if self.takes_single_permissions(who) => {
                    let required = asked.iter().flat_map(|asked| &asked.bundle.required);
                    Some(RoleOrGrants::Grants(required.chain([&Permission::ReadSpace]).copied().collect()))
                }
                None => return Sum::Misfit,
            },
        };
        let mut sum = asked;
        for gift in &gets.gifts {
            match self.both(sum, &RoleOrGrants::of_live(gift.held), gift.beside) {
                None => return Sum::Misfit,
                more => sum = more,
            }
        }
        sum.map_or(Sum::Nothing, Sum::This)
    }

    fn misfit(&mut self, who: &Principal, team: &Team, [own, other]: [&Span; 2], key: &SpaceKey) {
        let (shown, name) = (self.shown(who), &team.name.value);
        let mut finding = Diagnostic::new(
            Code::NotExpressible,
            format!("no role gives `{shown}` what the team `{name}` asks for beside what others give it"),
        )
        .at(own, format!("the line of the team `{name}`"))
        .at(other, "the line of others")
        .help("a principal has one role, or single permissions: ask for a role that has all of the other, or have a central file say both");
        // A run for the team is about this line.
        if self.policy.team_in_focus() != Some(team) {
            finding.severity = Severity::Warning;
            self.skipped.insert(Skipped {
                space: Some(key.clone()),
                part: SkippedPart::Principal,
                name: Shown::of(&shown),
                reason: SkipReason::TeamError {
                    team: name.clone(),
                    code: Code::NotExpressible.as_str().to_owned(),
                },
                origin: own.origin(),
            });
        }
        self.report(finding);
    }
}
