//! Sets: named lists of principals, written `set:NAME` wherever a list of principals stands.
//!
//! A set becomes its members when a policy is read, each at the place where the set is used, so whatever comes after
//! knows principals only. What must be written differently in the files, or shown where it is written, finds the
//! member's own line here.

use std::collections::{BTreeMap, BTreeSet};

use super::access_line::Grantee;
use super::cycles::cycles;
use crate::diagnostic::{Span, Spanned};

/// An entry of `sets`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetDef {
    /// The place of the name.
    pub span: Span,
    pub members: Vec<Spanned<SetMember>>,
}

/// What a set names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SetMember {
    Principal(Grantee),
    /// Everything that another set names.
    Set(String),
}

/// The sets of a policy, and where they are used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sets {
    pub defined: BTreeMap<String, SetDef>,
    /// The places where a set stands instead of a principal, with its name.
    pub(super) used: BTreeMap<Span, String>,
}

impl Sets {
    /// The principals that a set comes to, each once with the line that names it, in the order of the files.
    pub fn members<'s>(&'s self, name: &'s str) -> Vec<(&'s Grantee, &'s Span)> {
        let mut members = Vec::new();
        let mut known: BTreeSet<&Grantee> = BTreeSet::new();
        self.walk(name, &mut BTreeSet::new(), &mut |who, span| {
            if known.insert(who) {
                members.push((who, span));
            }
        });
        members
    }

    /// Sets that name each other in a cycle are reported when the policy is read, and add what they add once.
    fn walk<'s>(
        &'s self,
        name: &'s str,
        seen: &mut BTreeSet<&'s str>,
        take: &mut dyn FnMut(&'s Grantee, &'s Span),
    ) {
        let Some(set) = self.defined.get(name).filter(|_| seen.insert(name)) else { return };
        for member in &set.members {
            match &member.value {
                SetMember::Principal(who) => take(who, &member.span),
                SetMember::Set(other) => self.walk(other, seen, take),
            }
        }
    }

    /// Whether a set stands at a place, and not the principal itself.
    pub(super) fn stands_at(&self, place: &Span) -> bool {
        self.used.contains_key(place)
    }

    /// Where a set names a principal that stands at a place because the set stands there.
    pub(super) fn member_at(&self, place: &Span, who: &Grantee) -> Option<&Span> {
        let name = self.used.get(place)?;
        self.members(name).into_iter().find(|(member, _)| *member == who).map(|(_, span)| span)
    }

    /// The ways in which sets name themselves: for each the members that lead round.
    pub(super) fn cycles(&self) -> Vec<Vec<&Spanned<SetMember>>> {
        let members = |name: &str| self.defined.get(name).map_or(&[][..], |set| &set.members);
        let cycles = cycles(self.defined.keys().map(String::as_str), members, |step| match &step.value {
            SetMember::Set(name) => Some(name.as_str()),
            SetMember::Principal(_) => None,
        });
        cycles.into_iter().map(|cycle| cycle.into_iter().map(|(_, step)| step).collect()).collect()
    }
}
