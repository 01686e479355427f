//! Errors of teams that only a site shows. The policy is one, and a file of one team must not stop the run for the spaces
//! of all others: what its error is about is skipped, space by space, and the rest is planned.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;

use super::Resolution;
use crate::diagnostic::{Code, Diagnostic, Label, Severity};
use crate::model::{Live, Skipped, SpaceKey};
use crate::policy::ast::Policy;
use crate::policy::delegation::Team;

/// The errors of teams, each with the spaces that are skipped for it.
type Causes<'p> = BTreeMap<(&'p str, Diagnostic), BTreeSet<SpaceKey>>;

/// Resolves a policy without the spaces in which files of teams cause errors; `None` where others cause some as well.
/// A run that is for one team ends with the errors of its own files.
pub(super) fn without_errors_of_teams(
    whole: &Resolution,
    policy: &Policy,
    live: &Live,
    resolve: &dyn Fn(&Policy) -> Resolution,
) -> Option<Resolution> {
    let in_focus = policy.team_in_focus();
    let teams: Vec<&Team> = policy.delegation.teams.iter().filter(|team| Some(*team) != in_focus).collect();
    if teams.is_empty() {
        return None;
    }
    let blame = Blame { policy, live, central: OnceCell::new(), resolve, teams };
    let mut causes = Causes::new();
    let mut rest = policy.clone();
    let mut found: Option<Resolution> = None;
    loop {
        let resolution = found.as_ref().unwrap_or(whole);
        let mut is_done = true;
        for error in resolution.findings.iter().filter(|finding| finding.is_error()) {
            let concerned = resolution.concerned.get(error);
            let team = blame.team(error, concerned)?;
            // What is reported once may be about more spaces than one.
            let spaces = match concerned {
                Some(concerned) if found.is_none() => concerned.clone(),
                _ => concerned.into_iter().flatten().cloned().chain(blame.spaces(team, error)).collect(),
            };
            is_done &= spaces.is_subset(&rest.focus.without);
            causes.entry((&team.name.value, error.clone())).or_default().extend(spaces);
        }
        rest.focus.without.extend(causes.values().flatten().cloned());
        if is_done && found.is_some() {
            break;
        }
        found = Some(resolve(&rest));
    }
    found.map(|found| with_skipped(found, causes, policy))
}

/// Lists what is skipped, and makes warnings of the errors.
fn with_skipped(mut found: Resolution, causes: Causes<'_>, policy: &Policy) -> Resolution {
    let others = std::mem::take(&mut found.findings).into_iter().filter(|finding| !finding.is_error());
    found.findings = others.collect();
    for ((team, error), spaces) in causes {
        let place = error.labels.iter().find(|label| is_of(policy, team, label)).or(error.labels.first());
        let Some(place) = place else { continue };
        let skipped = |space| Skipped::for_team(space, team, error.code.as_str(), place.span.origin());
        found.desired.skipped.extend(spaces.iter().map(|key| skipped(Some(key))));
        if spaces.is_empty() {
            found.desired.skipped.insert(skipped(None));
        }
        let until = format!("ntil the team `{team}` has corrected it, {}", Skipped::in_words(&spaces));
        let help = match &error.help {
            None => format!("u{until}"),
            Some(question) if question.ends_with('?') => format!("{question} U{until}"),
            Some(help) => format!("{help}; u{until}"),
        };
        found.findings.push(Diagnostic { severity: Severity::Warning, ..error }.help(help));
    }
    found
}

fn is_of(policy: &Policy, team: &str, label: &Label) -> bool {
    policy.delegation.team(team).is_some_and(|team| team.files.value.has(&label.span.file))
}

/// Whose lines an error comes from.
struct Blame<'a> {
    policy: &'a Policy,
    live: &'a Live,
    /// The errors that are there without all files of teams.
    central: OnceCell<Vec<Diagnostic>>,
    resolve: &'a dyn Fn(&Policy) -> Resolution,
    teams: Vec<&'a Team>,
}

impl<'a> Blame<'a> {
    /// The team whose line an error shows; or, where it shows none, the one with lines in that space, if there would be no
    /// such error without the lines of teams.
    fn team(&self, error: &Diagnostic, concerned: Option<&BTreeSet<SpaceKey>>) -> Option<&'a Team> {
        let has = |team: &&&Team| error.labels.iter().any(|label| team.files.value.has(&label.span.file));
        // What the team got wrong that the run is for is its own, whatever lines others have there.
        if self.policy.team_in_focus().is_some_and(|own| has(&&own)) {
            return None;
        }
        if let Some(team) = self.teams.iter().find(has) {
            return Some(team);
        }
        let keys = concerned?;
        // No space is like one of a team's but those that are the team's as well, and so is what the copy lacks.
        if error.code == Code::UnknownLike {
            let has_all = |team: &&&Team| keys.iter().all(|key| team.has_space(self.policy.as_written(key)));
            return self.teams.iter().find(has_all).copied();
        }
        let keys = self.policy.with_sources(keys, &self.live.listing);
        let place = error.labels.first()?;
        let central = self.central.get_or_init(|| {
            let found = (self.resolve)(&self.policy.central()).findings;
            found.into_iter().filter(Diagnostic::is_error).collect()
        });
        let is_central = central.iter().any(|found| {
            found.code == error.code && found.labels.first().is_some_and(|it| it.span == place.span)
        });
        let speaks = |team: &&&Team| {
            let files = |file: &Utf8Path| team.files.value.has(file);
            !self.policy.spaces_of_files(&files, &self.live.listing).is_disjoint(&keys)
        };
        self.teams.iter().find(speaks).copied().filter(|_| !is_central)
    }

    /// The spaces that may hang on the lines that an error shows: all that their files may be about; those of all files of
    /// the team where it shows none of its lines.
    fn spaces(&self, team: &Team, error: &Diagnostic) -> BTreeSet<SpaceKey> {
        let has = |file: &Utf8Path| team.files.value.has(file);
        let shown: BTreeSet<&Utf8Path> = error.labels.iter().map(|label| &*label.span.file).collect();
        let shows_none = !shown.iter().any(|file| has(file));
        let is_shown = |file: &Utf8Path| has(file) && (shows_none || shown.contains(file));
        let mut spaces = self.policy.spaces_of_files(&is_shown, &self.live.listing);
        // What a space is like may be any of the team's.
        if error.code == Code::LikeCycle {
            let own = |key: &SpaceKey| team.has_space(self.policy.as_written(key));
            spaces.extend(self.live.listing.spaces.keys().filter(|key| own(key)).cloned());
        }
        spaces
    }
}
