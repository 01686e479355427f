//! Lines of teams that do not fit beside what others give. Where a principal has one role or single permissions, a line of
//! a team could turn the role of others into single permissions, and so decide what of its holding stays. What central
//! files give comes out as if there were no teams; of several teams, as if the later ones were not there.

use super::access::Asked;
use super::resolver::Resolver;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::model::{Principal, Shown, SkipReason, Skipped, SkippedPart, SpaceKey, SpaceRoleMode};
use crate::policy::delegation::Team;

impl Resolver<'_> {
    /// What is asked for without what does not fit; `None` if all of it does.
    pub(super) fn without_misfits<'s>(
        &mut self,
        who: &Principal,
        asked: &[Asked<'s>],
        key: &SpaceKey,
    ) -> Option<Vec<Asked<'s>>> {
        let policy = self.policy;
        let teams = &policy.delegation.teams;
        if teams.is_empty() || self.leader(asked).is_some() {
            return None;
        }
        let is_of = |asked: &Asked<'_>, team: &Team| {
            [&*asked.span.file, asked.file].into_iter().any(|file| team.files.value.has(file))
        };
        let one_by_one =
            self.live.site.mode == SpaceRoleMode::RolesTransition && !matches!(who, Principal::Class(_));
        let (mut of_teams, mut fitting): (Vec<Asked<'s>>, Vec<Asked<'s>>) =
            asked.iter().cloned().partition(|asked| teams.iter().any(|team| is_of(asked, team)));
        for team in teams {
            let (own, others) = of_teams.into_iter().partition(|asked| is_of(asked, team));
            of_teams = others;
            let both: Vec<Asked<'s>> = [fitting.as_slice(), &own].concat();
            let fits = own.is_empty()
                || fitting.is_empty()
                || self.leader(&both).is_some()
                || (one_by_one && self.leader(&fitting).is_none());
            if fits {
                fitting = both;
            } else {
                self.misfit(who, team, [&own[0], &fitting[0]], key);
            }
        }
        Some(fitting)
    }

    fn misfit(&mut self, who: &Principal, team: &Team, [own, other]: [&Asked<'_>; 2], key: &SpaceKey) {
        let (shown, name) = (self.shown(who), &team.name.value);
        let mut finding = Diagnostic::new(
            Code::NotExpressible,
            format!("no role gives `{shown}` what the team `{name}` asks for beside what others give it"),
        )
        .at(own.span, format!("the line of the team `{name}`"))
        .at(other.span, "the line of others")
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
                origin: own.span.origin(),
            });
        }
        self.report(finding);
    }
}
