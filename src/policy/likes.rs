//! `like`: which space copies the access of which, without cycles.

use std::collections::{BTreeMap, BTreeSet};

use super::ast::Policy;
use super::cycles::{Cycle, cycles};
use super::rules::{Like, Rule, Selector};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Spanned, did_you_mean};
use crate::model::SpaceKey;

/// A line that says that a space is like another, and the rule it belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) struct CopyFrom<'p> {
    pub(super) like: &'p Spanned<Like>,
    pub(super) rule: Option<&'p Rule>,
}

impl Policy {
    /// What a space is like, by its entry and by the rules that select it.
    pub(super) fn likings<'p>(
        &'p self,
        key: &SpaceKey,
        selects: &dyn Fn(&Rule, &SpaceKey) -> bool,
    ) -> Vec<CopyFrom<'p>> {
        let own = self.spaces.get(key).and_then(|space| space.like.as_ref());
        let own = own.map(|like| CopyFrom { like, rule: None });
        let rules = self.rules.iter().filter_map(|rule| {
            let like = rule.like.as_ref()?;
            // A pattern that happens to match the source itself means the others.
            let named = rule.spaces.iter().flat_map(Selector::exact_keys).any(|named| named == key);
            let meant = like.value.space() != key || named;
            (meant && selects(rule, key)).then_some(CopyFrom { like, rule: Some(rule) })
        });
        own.into_iter().chain(rules).collect()
    }

    /// Every `like`, of entries and of rules.
    pub(super) fn likes(&self) -> impl Iterator<Item = &Spanned<Like>> {
        let own = self.spaces.values().filter_map(|space| space.like.as_ref());
        own.chain(self.rules.iter().filter_map(|rule| rule.like.as_ref()))
    }

    /// What is wrong with `like`, given which rules select which spaces.
    pub(super) fn like_findings(&self, selects: &dyn Fn(&Rule, &SpaceKey) -> bool) -> Diagnostics {
        let all: Vec<&Spanned<Like>> = self.likes().collect();
        let sources: BTreeSet<&SpaceKey> = all
            .iter()
            .filter_map(|like| match &like.value {
                Like::Policy(key) => Some(key),
                Like::Live(_) => None,
            })
            .collect();
        let mut findings: Diagnostics = all.iter().filter_map(|like| self.unknown_source(like)).collect();
        let steps: BTreeMap<&SpaceKey, Vec<CopyFrom<'_>>> = sources
            .iter()
            .filter(|key| !self.focus.without.contains(**key))
            .map(|key| (*key, self.likings(key, selects)))
            .collect();
        findings.extend(copying_cycles(&steps));
        findings
    }

    /// A space that neither an entry nor any rule gives something in.
    fn unknown_source(&self, like: &Spanned<Like>) -> Option<Diagnostic> {
        let Like::Policy(key) = &like.value else { return None };
        let gives = |rule: &Rule| {
            let gives =
                !rule.access.is_empty() || rule.like.as_ref().is_some_and(|other| other.span != like.span);
            rule.rows.contains_key(key)
                || gives && rule.spaces.as_ref().is_some_and(|selector| selector.admits(key))
        };
        if self.spaces.contains_key(key) || self.rules.iter().any(gives) {
            return None;
        }
        let near = did_you_mean(key.as_str(), self.spaces.keys().map(SpaceKey::as_str));
        Some(
            Diagnostic::new(
                Code::UnknownLike,
                format!("the policy gives no access in `{key}` that could be copied"),
            )
            .at(&like.span, "")
            .help(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write `live:{key}` to copy the access that the space has on the site now"),
            }),
        )
    }
}

/// The ways in which spaces are like themselves.
fn copying_cycles(steps: &BTreeMap<&SpaceKey, Vec<CopyFrom<'_>>>) -> Diagnostics {
    let likings = |key: &SpaceKey| steps.get(key).map_or(&[][..], Vec::as_slice);
    let cycles = cycles(steps.keys().copied(), likings, |step| match &step.like.value {
        Like::Policy(key) => Some(key),
        Like::Live(_) => None,
    });
    cycles.iter().map(cycle_finding).collect()
}

fn cycle_finding(cycle: &Cycle<'_, SpaceKey, CopyFrom<'_>>) -> Diagnostic {
    let names: Vec<&str> = cycle.iter().chain(cycle.first()).map(|(key, _)| key.as_str()).collect();
    let message = format!("`{}` copies itself: {}", names[0], names.join(" → "));
    cycle
        .iter()
        .fold(Diagnostic::new(Code::LikeCycle, message), |finding, (key, step)| {
            finding.at(&step.like.span, format!("`{key}` is like `{}` here", step.like.value))
        })
        .help("remove one of these; one space of each circle must say itself who may do what")
}
