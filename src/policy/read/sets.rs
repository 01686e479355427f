//! `sets`, and `set:NAME` in lists of principals.

use super::{Reader, meant};
use crate::diagnostic::{Code, Diagnostic, Span, Spanned, did_you_mean};
use crate::policy::ast::{Grantee, ListItem, Named, Policy};
use crate::policy::sets::{SetDef, SetMember};
use crate::policy::yaml::YamlNode;

/// A place for principals: how one is read that is written there itself, and which members of a set may stand there.
#[derive(Clone, Copy)]
pub(super) struct PrincipalPlace<T> {
    pub(super) read: fn(&mut Reader, &YamlNode) -> Option<Spanned<T>>,
    pub(super) takes: fn(&Grantee) -> Option<T>,
    /// Why others may not.
    pub(super) code: Code,
    pub(super) holds: &'static str,
}

/// Where every principal may stand.
pub(super) const ANYWHERE: PrincipalPlace<Grantee> = PrincipalPlace {
    read: Reader::who,
    takes: |who| Some(who.clone()),
    code: Code::InvalidPrincipal,
    holds: "",
};

/// Lists of pages, and people who see only some.
pub(super) const ON_PAGES: PrincipalPlace<Named> = PrincipalPlace {
    read: Reader::named,
    takes: named,
    code: Code::NotOnPages,
    holds: "the lists of pages hold people and groups only",
};

pub(super) fn named(who: &Grantee) -> Option<Named> {
    match who {
        Grantee::Named(named) => Some(named.clone()),
        Grantee::Class(_) | Grantee::Anonymous => None,
    }
}

/// The name of the set that an item of a list stands for.
pub(super) fn set_name(node: &YamlNode) -> Option<&str> {
    let (prefix, name) = node.scalar()?.trim().split_once(':')?;
    Some(name.trim()).filter(|name| prefix == "set" && !name.is_empty())
}

impl Reader {
    /// All `sets` sections. The names come first, since a set may name one that is defined later.
    pub(super) fn sets<'n>(&mut self, sections: impl Iterator<Item = &'n YamlNode>) {
        let mut bodies = Vec::new();
        for section in sections {
            for (name, node) in self.entries(section, "`sets`").unwrap_or_default() {
                if let Some(first) = self.policy.sets.defined.get(&name.value) {
                    let first = first.span.clone();
                    self.twice(&format!("the set `{}`", name.value), &first, &name.span);
                } else {
                    let set = SetDef { span: name.span.clone(), members: Vec::new() };
                    self.policy.sets.defined.insert(name.value.clone(), set);
                    bodies.push((name, node));
                }
            }
        }
        for (name, node) in bodies {
            let items =
                self.list(node, &format!("the set `{}`", name.value), "group:NAME").unwrap_or_default();
            let members: Vec<_> = items.iter().filter_map(|item| self.set_member(item)).collect();
            self.repeated(&members, |policy, member| match member {
                SetMember::Principal(who) => format!("`{}`", policy.show(who)),
                SetMember::Set(name) => format!("`set:{name}`"),
            });
            if let Some(set) = self.policy.sets.defined.get_mut(&name.value) {
                set.members = members;
            }
        }
        self.set_cycles();
    }

    fn set_member(&mut self, node: &YamlNode) -> Option<Spanned<SetMember>> {
        if let Some(name) = set_name(node) {
            let name = self.known_set(name, &node.span)?;
            return Some(Spanned::new(SetMember::Set(name), node.span.clone()));
        }
        self.who(node).map(|who| who.map(SetMember::Principal))
    }

    pub(super) fn known_set(&mut self, name: &str, span: &Span) -> Option<String> {
        let sets = &self.policy.sets.defined;
        if sets.contains_key(name) {
            return Some(name.to_owned());
        }
        if name.contains(['*', '?']) {
            let finding = Diagnostic::new(Code::UnknownSet, format!("there is no set `{name}`"));
            self.report(finding.at(span, "").help("a set is named whole: write one entry for each set"));
            return None;
        }
        let near = did_you_mean(name, sets.keys().map(String::as_str)).map(|near| format!("set:{near}"));
        let help = meant(near.as_deref())
            .unwrap_or_else(|| format!("define it under `sets`, as in `{name}: [group:NAME]`"));
        self.report(
            Diagnostic::new(Code::UnknownSet, format!("there is no set `{name}`")).at(span, "").help(help),
        );
        None
    }

    fn set_cycles(&mut self) {
        let findings: Vec<Diagnostic> = (self.policy.sets.cycles().into_iter())
            .filter_map(|steps| {
                let name = |step: &Spanned<SetMember>| match &step.value {
                    SetMember::Set(name) => Some(name.clone()),
                    SetMember::Principal(_) => None,
                };
                let names: Vec<String> =
                    std::iter::once(*steps.last()?).chain(steps.iter().copied()).filter_map(name).collect();
                let mut finding = Diagnostic::new(
                    Code::SetCycle,
                    format!("the set `{}` names itself: {}", names[0], names.join(" → ")),
                );
                for (from, step) in names.iter().zip(&steps) {
                    let into = name(step)?;
                    finding = finding.at(&step.span, format!("`{from}` names `set:{into}` here"));
                }
                Some(
                    finding
                        .help("remove one of these, so that the sets build on each other in one direction"),
                )
            })
            .collect();
        self.findings.extend(findings);
    }

    /// The principals that an item of a list stands for: one, or the members of a set, each at the place of the item.
    pub(super) fn principals<T>(
        &mut self,
        node: &YamlNode,
        place: &PrincipalPlace<T>,
    ) -> Option<Vec<Spanned<T>>> {
        let Some(name) = set_name(node) else { return Some(vec![(place.read)(self, node)?]) };
        let name = self.known_set(name, &node.span)?;
        let members = self.policy.sets.members(&name);
        let taken: Vec<T> = members.iter().filter_map(|(who, _)| (place.takes)(who)).collect();
        let misplaced = members.iter().find(|(who, _)| (place.takes)(who).is_none());
        if let Some((who, at)) = misplaced {
            let finding =
                Diagnostic::new(place.code, format!("`set:{name}` is not allowed here: {}", place.holds))
                    .at(&node.span, "")
                    .at(at, format!("the set names `{}`", self.policy.show(who)))
                    .help("name a set without it, or the principals themselves");
            self.report(finding);
            return None;
        }
        self.policy.sets.used.insert(node.span.clone(), name);
        Some(taken.into_iter().map(|who| Spanned::new(who, node.span.clone())).collect())
    }

    /// Whether a set stands where one principal is meant, which is reported.
    pub(super) fn is_set_for_one(&mut self, node: &YamlNode, why: &str) -> bool {
        let Some(name) = set_name(node) else { return false };
        self.report(
            Diagnostic::new(Code::InvalidPrincipal, format!("`set:{name}` is not allowed here: {why}"))
                .at(&node.span, "")
                .help("name one principal"),
        );
        true
    }

    /// The entries of a list; `None` if one could not be read.
    pub(super) fn listed_entries<T: Ord + Clone>(
        &mut self,
        items: &[YamlNode],
        place: &PrincipalPlace<T>,
        show: impl Fn(&Policy, &T) -> String,
    ) -> (Vec<ListItem<T>>, bool) {
        let read: Vec<_> = items.iter().filter_map(|item| self.entry(item, place)).collect();
        let whole = read.len() == items.len();
        let entries: Vec<ListItem<T>> = read.into_iter().flatten().collect();
        self.repeated_principals(entries.iter().map(|entry| &entry.who), show);
        (entries, whole)
    }

    /// Warns of principals that a list names more than once, and of sets. That a set has a member that the list names,
    /// too, is no mistake.
    pub(super) fn repeated_principals<'l, T: Ord + Clone + 'l>(
        &mut self,
        list: impl IntoIterator<Item = &'l Spanned<T>>,
        show: impl Fn(&Policy, &T) -> String,
    ) {
        let (mut bare, mut sets) = (Vec::new(), Vec::new());
        for who in list {
            match self.policy.sets.used.get(&who.span) {
                None => bare.push(who.clone()),
                Some(name) => sets.push(Spanned::new(name.clone(), who.span.clone())),
            }
        }
        sets.dedup();
        self.repeated(&bare, show);
        self.repeated(&sets, |_, name| format!("`set:{name}`"));
    }
}
