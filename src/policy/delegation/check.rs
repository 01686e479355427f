//! Whether each line of a team's file stays within the team's delegation. It needs no site: where only a site would
//! tell what a line comes to, the line reaches further.

use camino::{Utf8Path, Utf8PathBuf};

use super::mandate::Mandate;
use super::say::{Judge, NO_HINT};
use super::{Delegation, Team};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, Spanned};
use crate::model::{Mode, PageList, SpaceKey};
use crate::policy::access_line::{AccessLine, Grantee, Joining, ListItem};
use crate::policy::ast::{
    AccessTest, Listed, PageEntry, PageOnlyEntry, Policy, SpaceDef, TestTarget, UnlistedDef,
};
use crate::policy::leave::LeavePattern;
use crate::policy::rules::{Absent, KeyPattern, Like, Replace, Rule, Selector};

/// What a file of a team may hold.
const SECTIONS: [&str; 4] = ["version", "spaces", "rules", "tests"];

/// What is known of the files beside what they say.
#[derive(Debug)]
pub(in crate::policy) struct PolicyFiles<'f> {
    /// Policies and tables.
    pub(in crate::policy) paths: Vec<&'f Utf8Path>,
    /// The keys at the top of the policy files.
    pub(in crate::policy) keys: Vec<Spanned<&'f str>>,
}

impl Policy {
    /// What files of teams say, or are, that their delegation does not let them.
    pub(in crate::policy) fn beyond_delegation(&self, files: &PolicyFiles<'_>) -> Diagnostics {
        let Delegation { teams, .. } = &self.delegation;
        let mut findings: Diagnostics = unclear(teams, &files.paths).collect();
        findings.extend(teams.iter().flat_map(|team| delegating_itself(team, teams)));
        for key in files.keys.iter().filter(|key| !SECTIONS.contains(&key.value)) {
            findings.extend(self.delegation.team_of(&key.span.file).map(|team| section(team, key)));
        }
        for team in teams {
            let judge = Judge { policy: self, mandate: Mandate::of(team, self) };
            judge.spaces(&mut findings);
            judge.rules(&mut findings);
            judge.tests(&mut findings);
            judge.likes_of_others(&mut findings);
            judge.contradictions(&mut findings);
        }
        findings
    }
}

/// Files of which a reader, or another file system, would say that they are a team's.
fn unclear<'f>(teams: &'f [Team], paths: &'f [&Utf8Path]) -> impl Iterator<Item = Diagnostic> + 'f {
    let central = paths.iter().filter(|path| teams.iter().all(|team| !team.files.value.has(path)));
    central.filter_map(|path| {
        let team = teams.iter().find(|team| team.files.value.looks_like(path))?;
        let file = path.to_path_buf().into();
        let message = format!("this file looks like one of `{}` and is not: its path is written in another way", team.files.value);
        Some(
            Diagnostic::new(Code::UnclearDelegation, message)
                .at(&Span::start_of(&file), "no team's, so it could say anything")
                .at(&team.files.span, "delegated here")
                .help("give the file or its folder exactly the name that is delegated, or one that looks different"),
        )
    })
}

impl Delegation {
    /// Links between files of different owners: what one of them reviews, another changes.
    pub(in crate::policy) fn of_two_teams<'f>(
        &'f self,
        links: &'f [(Utf8PathBuf, Utf8PathBuf)],
    ) -> impl Iterator<Item = Diagnostic> + 'f {
        links.iter().filter_map(|(path, real)| {
            let (by_path, by_place) = (self.team_of(path), self.team_of(real));
            let team = by_path.or(by_place).filter(|_| by_path != by_place)?;
            let file = path.clone().into();
            Some(
                Diagnostic::new(
                    Code::UnclearDelegation,
                    format!("`{path}` leads to `{real}`, which has other owners"),
                )
                .at(&Span::start_of(&file), "reached by a link")
                .at(&team.files.span, "delegated here")
                .help("put the file itself in the place of the link"),
            )
        })
    }
}

/// A delegating file must be out of every team's hands.
fn delegating_itself<'t>(team: &'t Team, teams: &'t [Team]) -> impl Iterator<Item = Diagnostic> + 't {
    teams.iter().filter(|other| team.files.value.has(&other.files.span.file)).map(|other| {
        Diagnostic::new(Code::BeyondDelegation, format!("`{}` has the file that delegates", team.files.value))
            .at(&other.files.span, "delegates")
            .maybe_at((other.files.span != team.files.span).then_some((&team.files.span, "covers that file")))
            .help("move `delegation` to a file that no team owns, such as confperm.yaml")
    })
}

fn section(team: &Team, key: &Spanned<&str>) -> Diagnostic {
    Diagnostic::new(Code::BeyondDelegation, format!("a file of the team `{}` cannot have `{}`", team.name.value, key.value))
        .at(&key.span, "")
        .at(&team.files.span, "delegated here")
        .help("files of teams have `spaces`, `rules` and `tests`; what names things for all belongs in a central file")
}

impl Judge<'_> {
    fn spaces(&self, findings: &mut Diagnostics) {
        for space in self.policy.spaces.values().filter(|space| self.owns(&space.key.span)) {
            self.space(space, findings);
        }
    }

    fn space(&self, space: &SpaceDef, findings: &mut Diagnostics) {
        let SpaceDef { key, mode, leave: _, access, like, pages, unlisted, page_only, restricted } = space;
        findings.extend(self.foreign_space(&KeyPattern::Exact(key.value.clone()), &key.span));
        match mode {
            Mode::Additive => {}
            Mode::Authoritative => {
                let what = format!(
                    "`{}` is authoritative, so access that no file declares is taken away",
                    key.value
                );
                findings.extend(self.taken(what, &key.span, "write `mode: additive`"));
            }
            Mode::Paused => findings.push(self.beyond(
                format!("`{}` is paused, which also stops what central files ask for", key.value),
                &key.span,
                (&self.mandate.team.files.span, "delegated here".to_owned()),
                "pause spaces in a central file",
            )),
        }
        self.lines(access, findings);
        findings.extend(like.iter().flat_map(|like| self.like(like)));
        for entry in pages {
            self.page(entry, findings);
        }
        for unlisted in unlisted.iter().filter(|unlisted| unlisted.value == UnlistedDef::Open) {
            findings.extend(self.opened("`unlisted-pages: open` opens pages".to_owned(), &unlisted.span));
        }
        for entry in page_only {
            self.page_only(entry, findings);
        }
        self.joining(restricted, findings);
    }

    fn rules(&self, findings: &mut Diagnostics) {
        for rule in &self.policy.rules {
            let is_own = self.owns(&rule.name.span);
            if is_own {
                self.rule(rule, findings);
            }
            // A table in the team's folder is the team's, whatever rule reads it; a rule of the team's may read any.
            for (key, lines) in &rule.rows {
                self.rows(key, lines, is_own, findings);
            }
        }
    }

    fn rule(&self, rule: &Rule, findings: &mut Diagnostics) {
        let Rule { name: _, spaces, access, table, rows: _, like, absent, replace, leave, restricted } = rule;
        if let Some(Selector { span, keys, types: _, labels: _, status: _, conditions: _, not: _ }) = spaces {
            // Everything else in a selector leaves out spaces.
            for key in keys {
                let foreign = self.foreign_space(&key.value, &key.span);
                let hint = "add `key:` with a pattern of the team's spaces";
                findings
                    .extend(foreign.map(|found| if key.span == *span { found.help(hint) } else { found }));
            }
        }
        self.lines(access, findings);
        findings.extend(table.iter().filter_map(|table| self.foreign_table(table)));
        findings.extend(like.iter().flat_map(|like| self.like(like)));
        for absent in absent {
            self.absent(absent, findings);
        }
        for replace in replace {
            self.replaced(replace, findings);
        }
        findings.extend(leave.iter().map(|pattern| self.left(pattern)));
        self.joining(restricted, findings);
    }

    fn rows(&self, key: &SpaceKey, lines: &[AccessLine], is_own: bool, findings: &mut Diagnostics) {
        for line in lines {
            for entry in line.who.iter().filter(|entry| is_own || self.owns(&entry.who.span)) {
                findings.extend(self.foreign_space(&KeyPattern::Exact(key.clone()), &entry.who.span));
                findings.extend(self.granted(&line.right, entry));
            }
        }
    }

    fn lines(&self, lines: &[AccessLine], findings: &mut Diagnostics) {
        for (line, entry) in lines.iter().flat_map(|line| line.who.iter().map(move |entry| (line, entry))) {
            findings.extend(self.granted(&line.right, entry));
        }
    }

    fn page(&self, entry: &PageEntry, findings: &mut Diagnostics) {
        let PageEntry { pages, view, edit, also } = entry;
        for (list, listed) in [(PageList::View, view), (PageList::Edit, edit)] {
            let Some(listed) = listed else { continue };
            let what = format!("the {} list of `{}`", list.as_str(), pages.value);
            match &listed.value {
                Listed::Anyone => findings.extend(self.opened(format!("{what} is opened"), &listed.span)),
                Listed::Only(named) => {
                    let why = format!("{what} takes access from all who are not on it");
                    findings.extend(self.taken(why, &listed.span, NO_HINT));
                    if named.iter().all(|entry| entry.until.is_some()) {
                        findings.push(self.ending(&what, &listed.span));
                    }
                    findings.extend(named.iter().filter_map(|entry| self.let_in(&entry.who)));
                }
            }
        }
        self.joining(also, findings);
    }

    /// Every check of the policy would fail from that day on, whatever it is about.
    fn ending(&self, what: &str, place: &Span) -> Diagnostic {
        let team = self.mandate.team;
        Diagnostic::new(
            Code::BeyondDelegation,
            format!("{what} has no entry without `until`, and would be empty after the last of these days"),
        )
        .at(place, format!("a line of the team `{}`", team.name.value))
        .at(&team.files.span, "delegated here")
        .help("name a principal that stays on the list, or leave such a list to a central file")
    }

    fn page_only(&self, entry: &PageOnlyEntry, findings: &mut Diagnostics) {
        let PageOnlyEntry { span, who: _, pages: _, access } = entry;
        let why = "`page-only` restricts all other pages of the space".to_owned();
        findings.extend(self.taken(why, span, NO_HINT));
        self.lines(std::slice::from_ref(access), findings);
    }

    fn joining(&self, joining: &Joining, findings: &mut Diagnostics) {
        for list in PageList::ALL {
            for entry in joining.named(list) {
                let what = format!("`{}` lets principals into restricted pages", Joining::key(list));
                findings.extend(self.opened(what, &entry.who.span));
                findings.extend(self.let_in(&entry.who));
            }
        }
    }

    fn absent(&self, absent: &Absent, findings: &mut Diagnostics) {
        let Absent { who, instead } = absent;
        findings.extend(self.taken_from(&who.value, &who.span));
        if let Some(instead) = instead {
            let what = "`instead` lets a principal into restricted pages".to_owned();
            findings.extend(self.opened(what, &instead.span));
            findings.extend(self.let_in(instead));
        }
    }

    fn replaced(&self, replace: &Replace, findings: &mut Diagnostics) {
        let Replace { old, new } = replace;
        findings.extend(self.taken_from(&Grantee::Named(old.value.clone()), &old.span));
        findings.extend(self.let_in(new));
        let shown = self.policy.show_named(&old.value);
        let what = format!("`replace` hands on all that `{shown}` holds, which only the site tells");
        if !self.mandate.may_grant_all() {
            findings.push(self.beyond(
                what.clone(),
                &new.span,
                self.says(
                    self.mandate.team.may_grant.as_ref().map(|said| &said.span),
                    "may-grant",
                    "less than every permission",
                ),
                "write under `access` what the new principal gets, and the old one under `absent`",
            ));
        }
        findings.extend(self.opened(what, &new.span));
    }

    fn tests(&self, findings: &mut Diagnostics) {
        for test in self.policy.tests.iter().filter(|test| self.owns(&test.name.span)) {
            for (_, target) in AccessTest::targets(test) {
                let pattern = match &target.value {
                    TestTarget::Everything => KeyPattern::Glob("*".to_owned()),
                    TestTarget::Space(key) | TestTarget::Pages(key, _) => KeyPattern::Exact(key.clone()),
                };
                findings.extend(self.foreign_space(&pattern, &target.span));
            }
        }
    }

    /// `like` in a file of the team's: it gives what others wrote, so every line of the source counts.
    fn like(&self, like: &Spanned<Like>) -> Vec<Diagnostic> {
        let mut waiting = vec![&like.value];
        let mut seen: Vec<&Like> = Vec::new();
        let mut findings = Vec::new();
        while let Some(source) = waiting.pop() {
            if seen.contains(&source) {
                continue;
            }
            seen.push(source);
            let Like::Policy(key) = source else {
                findings.push(self.beyond(
                    format!("`like: {}` gives what is held there, which only the site tells", like.value),
                    &like.span,
                    (&self.mandate.team.files.span, "delegated here".to_owned()),
                    "write out who gets what",
                ));
                continue;
            };
            let own = self.policy.spaces.get(key);
            // Types, labels and conditions may speak for the space.
            let admits = |rule: &&Rule| {
                rule.spaces.as_ref().is_some_and(|selector| selector.admits(key))
                    || rule.rows.contains_key(key)
            };
            let rules: Vec<&Rule> = self.policy.rules.iter().filter(admits).collect();
            let rows = rules.iter().filter_map(|rule| rule.rows.get(key)).flatten();
            let lines = own.into_iter().flat_map(|own| &own.access);
            let lines = lines.chain(rules.iter().flat_map(|rule| &rule.access)).chain(rows);
            for entry in lines.flat_map(|line| line.who.iter().map(move |entry| (line, entry))) {
                findings.extend(self.copied(like, entry));
            }
            waiting.extend(own.and_then(|own| own.like.as_ref()).map(|like| &like.value));
            waiting.extend(rules.iter().filter_map(|rule| Some(&rule.like.as_ref()?.value)));
        }
        findings
    }

    fn copied(
        &self,
        like: &Spanned<Like>,
        (line, entry): (&AccessLine, &ListItem<Grantee>),
    ) -> Option<Diagnostic> {
        self.granted(&line.right, entry)?;
        let delegating = if self.mandate.has(&entry.who.value) { self.granting() } else { self.receiving() };
        let message = format!(
            "`like: {}` gives `{}` to `{}`",
            like.value,
            line.right.value,
            self.policy.show(&entry.who.value)
        );
        Some(
            Diagnostic::new(Code::BeyondDelegation, message)
                .at(&like.span, "")
                .at(&entry.who.span, "given here")
                .at(delegating.0, delegating.1)
                .help("write out what of it the team may give"),
        )
    }

    /// `like` outside of the team's spaces that would have the team decide about them.
    fn likes_of_others(&self, findings: &mut Diagnostics) {
        let own = self.policy.spaces.values().filter_map(|space| {
            let like = space.like.as_ref()?;
            Some((like, vec![KeyPattern::Exact(space.key.value.clone())]))
        });
        let rules = self.policy.rules.iter().filter_map(|rule| {
            let keys = rule.spaces.iter().flat_map(|selector| &selector.keys).map(|key| key.value.clone());
            Some((rule.like.as_ref()?, keys.collect()))
        });
        for (like, targets) in own.chain(rules) {
            let source = like.value.space();
            let others: Vec<String> =
                targets.iter().filter(|key| !self.mandate.has_spaces(key)).map(ToString::to_string).collect();
            if !self.mandate.has_space(source) || others.is_empty() {
                continue;
            }
            let team = self.mandate.team;
            let message = format!(
                "the team `{}` decides about access in `{source}`, and so would about `{}`",
                team.name.value,
                others.join("`, `")
            );
            findings.push(
                Diagnostic::new(Code::BeyondDelegation, message)
                    .at(&like.span, "has the access of a space of the team")
                    .at(&team.spaces.span, "the team's spaces")
                    .help("write out who gets what, or delegate both spaces"),
            );
        }
    }

    /// What others put into their table would be an error of the team's line some day.
    fn foreign_table(&self, table: &Spanned<Utf8PathBuf>) -> Option<Diagnostic> {
        let team = self.mandate.team;
        (!team.files.value.has(&table.value)).then(|| {
            self.beyond(
                format!(
                    "`{}` is not a file of the team `{}`, so others decide what this rule says",
                    table.value, team.name.value
                ),
                &table.span,
                (&team.files.span, "delegated here".to_owned()),
                "put the table beside the team's files",
            )
        })
    }

    /// In an entry it says what the entry itself does not take; in a rule it stops what others take.
    fn left(&self, pattern: &Spanned<LeavePattern>) -> Diagnostic {
        self.beyond(
            format!("`leave` in a rule keeps access of `{}` that other files take away", pattern.value),
            &pattern.span,
            (&self.mandate.team.files.span, "delegated here".to_owned()),
            "write `leave` in the entry of a space that the team declares",
        )
    }
}
