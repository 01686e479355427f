//! Lines of a team that contradict lines of others. A contradiction ends every run that meets it, the central one
//! included, and often only a site shows that two lines meet; so a team may not write such a line to begin with.

use super::say::Judge;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, Spanned};
use crate::model::SpaceKey;
use crate::policy::ast::{Named, Policy, SpaceDef};
use crate::policy::contradictions::{COMES, Goes, asked, gives, lists};
use crate::policy::glob::{covers, overlap};
use crate::policy::leave::LeavePattern;
use crate::policy::mentions::{Mention, Party, WhatFor};
use crate::policy::rules::{KeyPattern, Like, Rule, Selector};

/// Lines about the same spaces.
struct Claims<'p> {
    spaces: Spaces<'p>,
    leave: &'p [Spanned<LeavePattern>],
    mentions: Vec<Mention<'p>>,
    /// Where they give what is held in another space, which only the site tells.
    live: Option<&'p Span>,
    is_own: bool,
}

#[derive(Clone, Copy)]
enum Spaces<'p> {
    One(&'p SpaceKey),
    Selected(&'p Selector),
}

impl Judge<'_> {
    pub(super) fn contradictions(&self, findings: &mut Diagnostics) {
        let (own, others): (Vec<Claims<'_>>, Vec<Claims<'_>>) =
            self.claims().into_iter().partition(|claims| claims.is_own);
        // Most lines keep nothing out, so that few pairs are left of many spaces.
        let keeping_out: Vec<&Claims<'_>> = others.iter().filter(|claims| claims.keep_out()).collect();
        for own in &own {
            let all = others.iter().filter(|_| own.keep_out());
            for other in all.filter(|other| own.spaces.meet(other.spaces)) {
                findings.extend(conflicts(own, other).map(|(goes, leaving, what, asking)| {
                    self.contradicts(goes, (&leaving, asking.span), what, asking)
                }));
                let left =
                    other.live.into_iter().flat_map(|live| own.leave.iter().map(move |own| (own, live)));
                findings.extend(left.map(|(own, live)| self.leaves_what_is_copied(own, live)));
            }
            for other in keeping_out.iter().filter(|other| own.spaces.meet(other.spaces)) {
                // Who goes by both lines has been met above.
                let conflicts = conflicts(other, own)
                    .filter(|(how, .., asking)| *how == Goes::Left || goes(asking).is_none());
                findings.extend(conflicts.map(|(goes, leaving, what, asking)| {
                    self.contradicts(goes, (asking.span, &leaving), what, asking)
                }));
            }
        }
    }

    fn claims(&self) -> Vec<Claims<'_>> {
        let policy: &Policy = self.policy;
        let mut claims: Vec<Claims<'_>> = Vec::new();
        for space in policy.spaces.values() {
            let key = &space.key;
            claims.push(Claims {
                spaces: Spaces::One(&key.value),
                leave: &space.leave,
                mentions: space.mentions().collect(),
                live: None,
                is_own: self.owns(&key.span),
            });
            claims.extend(space.like.iter().map(|like| self.copying(Spaces::One(&key.value), like)));
        }
        for rule in &policy.rules {
            let is_own = self.owns(&rule.name.span);
            if let Some(selector) = &rule.spaces {
                claims.push(Claims {
                    spaces: Spaces::Selected(selector),
                    leave: &rule.leave,
                    mentions: rule.mentions_without_rows().collect(),
                    live: None,
                    is_own,
                });
                let spaces = Spaces::Selected(selector);
                claims.extend(rule.like.iter().map(|like| self.copying(spaces, like)));
            }
            for key in rule.rows.keys() {
                let is_row =
                    |mention: &Mention<'_>| matches!(mention.what_for, WhatFor::Rule { row: Some(_), .. });
                let rows = rule.mentions_in(key).filter(is_row);
                let (own, others): (Vec<Mention<'_>>, Vec<Mention<'_>>) =
                    rows.partition(|row| is_own || self.owns(row.span));
                for (mentions, is_own) in [(own, true), (others, false)] {
                    let spaces = Spaces::One(key);
                    claims.push(Claims { spaces, leave: &[], mentions, live: None, is_own });
                }
            }
        }
        claims
    }

    /// What `like` gives, at its place: all that any file may give in the other space. What is held there is not copied
    /// for a principal that goes, so it contradicts no such line.
    fn copying<'j>(&'j self, spaces: Spaces<'j>, like: &'j Spanned<Like>) -> Claims<'j> {
        let (given, is_live) = self.policy.may_be_given_by(&like.value);
        let mentions = given.into_iter().map(|mention| Mention { span: &like.span, ..mention });
        let live = is_live.then_some(&like.span);
        Claims { spaces, leave: &[], mentions: mentions.collect(), live, is_own: self.owns(&like.span) }
    }

    /// What is held elsewhere is not copied for a principal that is left, whatever the team may remove.
    fn leaves_what_is_copied(&self, own: &Spanned<LeavePattern>, live: &Span) -> Diagnostic {
        let team = &self.mandate.team.name.value;
        let message = format!(
            "`leave` of the team `{team}` would keep from principals what a line of others copies from another space"
        );
        Diagnostic::new(Code::BeyondDelegation, message)
            .at(&own.span, format!("the line of the team `{team}`"))
            .at(live, "the line of others")
            .help("take `leave` out of the team's file; a central file may have it")
    }

    fn contradicts(
        &self,
        goes: Goes,
        (own, other): (&Span, &Span),
        what: &str,
        asking: &Mention<'_>,
    ) -> Diagnostic {
        let what = what.trim_end_matches(" here");
        let shown = self.policy.show(&asking.who.to_who());
        let team = &self.mandate.team.name.value;
        let message = format!(
            "`{shown}` {}, and yet {what}, by a line of the team `{team}` and one of others",
            goes.phrase()
        );
        Diagnostic::new(Code::BeyondDelegation, message)
            .at(own, format!("the line of the team `{team}`"))
            .at(other, "the line of others")
            .help("change the line of the team: where both lines meet, no run could go on; the other line can leave spaces out with `not`")
    }
}

impl Policy {
    /// Every principal that is given something in a space that others are like, by any line that may be about it, and
    /// whether that is not all, since only the site tells the rest.
    fn may_be_given_by(&self, like: &Like) -> (Vec<Mention<'_>>, bool) {
        let mut is_live = false;
        let mut waiting = vec![like];
        let mut seen: Vec<&Like> = Vec::new();
        let mut given = Vec::new();
        while let Some(source) = waiting.pop() {
            let Like::Policy(key) = source else {
                is_live = true;
                continue;
            };
            if seen.contains(&source) {
                continue;
            }
            seen.push(source);
            let own = self.spaces.get(key);
            let admits = |rule: &&Rule| rule.spaces.as_ref().is_some_and(|selector| selector.admits(key));
            let rules = self.rules.iter().filter(admits);
            let by_rules = rules.clone().flat_map(Rule::mentions_without_rows);
            let rows = self.rules.iter().flat_map(|rule| rule.mentions_in(key));
            let rows = rows.filter(|it| matches!(it.what_for, WhatFor::Rule { row: Some(_), .. }));
            let mentions = own.into_iter().flat_map(SpaceDef::mentions).chain(by_rules).chain(rows);
            given.extend(
                mentions.filter(|mention| {
                    matches!(mention.what_for, WhatFor::Access { .. } | WhatFor::Rule { .. })
                }),
            );
            waiting.extend(own.and_then(|own| own.like.as_ref()).map(|like| &like.value));
            waiting.extend(rules.filter_map(|rule| Some(&rule.like.as_ref()?.value)));
        }
        (given, is_live)
    }
}

impl Claims<'_> {
    /// Whether any of them keeps a principal out or leaves it as it is.
    fn keep_out(&self) -> bool {
        let goes = |mention: &Mention<'_>| goes(mention).is_some();
        !self.leave.is_empty() || self.mentions.iter().any(goes)
    }
}

const fn goes(mention: &Mention<'_>) -> Option<Goes> {
    match mention.what_for {
        WhatFor::Absent { .. } => Some(Goes::Nowhere),
        WhatFor::Replaced { .. } => Some(Goes::Replaced),
        _ => None,
    }
}

/// How a principal goes that another line lets go in another way.
fn goes_otherwise(one: &Mention<'_>, other: &Mention<'_>) -> Option<&'static str> {
    let how = goes(other)?;
    let heirs = heir(one).zip(heir(other));
    (goes(one) != Some(how) || heirs.is_some_and(|(one, other)| one != other)).then(|| how.phrase())
}

/// Who takes the place of a principal that goes.
fn heir<'p>(leaving: &Mention<'p>) -> Option<&'p Named> {
    match leaving.what_for {
        WhatFor::Absent { rule } => {
            let mut absent = rule.absent.iter();
            absent
                .find(|it| Party::from(&it.who.value) == leaving.who)?
                .instead
                .as_ref()
                .map(|heir| &heir.value)
        }
        WhatFor::Replaced { rule } => {
            let mut replaced = rule.replace.iter();
            replaced.find(|it| Party::from(&it.old.value) == leaving.who).map(|it| &it.new.value)
        }
        _ => None,
    }
}

/// What lines keep out or leave as it is, and others ask something for: the place of the one, and the other.
fn conflicts<'p>(
    part: &'p Claims<'p>,
    other: &'p Claims<'p>,
) -> impl Iterator<Item = (Goes, Span, &'static str, &'p Mention<'p>)> {
    let left = part.leave.iter().flat_map(move |pattern| {
        let meant = other.mentions.iter().filter(|mention| pattern.value.matches(&mention.who.to_who()));
        meant.filter_map(move |mention| Some((Goes::Left, pattern.span.clone(), asked(mention)?, mention)))
    });
    let gone = part.mentions.iter().flat_map(move |leaving| {
        let goes = goes(leaving);
        let same = other.mentions.iter().filter(|mention| mention.who == leaving.who);
        same.filter_map(move |mention| {
            let comes = matches!(mention.what_for, WhatFor::Heir { .. }).then_some(COMES);
            let what = gives(mention)
                .or_else(|| lists(mention))
                .or(comes)
                .or_else(|| goes_otherwise(leaving, mention))?;
            Some((goes?, leaving.span.clone(), what, mention))
        })
    });
    left.chain(gone)
}

impl Spaces<'_> {
    /// Whether a space may be meant by both, whatever its type, labels and status are.
    fn meet(self, other: Self) -> bool {
        match (self, other) {
            (Self::One(one), Self::One(other)) => one == other,
            (Self::One(key), Self::Selected(selector)) | (Self::Selected(selector), Self::One(key)) => {
                selector.admits(key)
            }
            (Self::Selected(one), Self::Selected(other)) => {
                let pairs = one.keys.iter().flat_map(|key| other.keys.iter().map(move |with| [key, with]));
                pairs.into_iter().any(|pair| {
                    let [first, second] = pair.map(|key| key.value.text().as_bytes());
                    let is_left_out = |not: &Spanned<KeyPattern>| {
                        let not = not.value.text().as_bytes();
                        covers(&[not], first) || covers(&[not], second)
                    };
                    overlap(first, second) && !one.not.iter().chain(&other.not).any(is_left_out)
                })
            }
        }
    }
}
