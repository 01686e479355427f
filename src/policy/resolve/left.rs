//! Who is left as it is in a space, in the ids of the site, and the declarations that contradict it.

use std::collections::{BTreeMap, BTreeSet};

use super::declaration::{SpaceDeclaration, Then};
use super::meaning::NameMeaning;
use super::resolver::Resolver;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::model::{
    GroupId, Known, LiveSpace, PageList, Principal, SkippedPart, SpaceKey, Subject, Tree, visible,
};
use crate::policy::ast::{Grantee, Named};
use crate::policy::contradictions::{COMES, GIVEN, Goes, LISTED, contradiction};
use crate::policy::leave::LeavePattern;

/// What the `leave` entries of a space mean.
#[derive(Debug, Default)]
pub(super) struct Left<'p> {
    exact: BTreeMap<Principal, &'p Span>,
    patterns: Vec<&'p Spanned<LeavePattern>>,
}

impl<'a> Resolver<'a> {
    /// What is left as it is in a space. Of a name that is lost, both what it meant and what has it now.
    pub(super) fn left(&mut self, declaration: &SpaceDeclaration<'a>, key: &SpaceKey) -> Left<'a> {
        let mut left = Left::default();
        for pattern in &declaration.leave {
            let LeavePattern::One(who) = &pattern.value else {
                left.patterns.push(pattern);
                continue;
            };
            match self.anyhow(who, &pattern.span) {
                NameMeaning::Is(principal) => {
                    left.exact.entry(principal).or_insert(&pattern.span);
                }
                NameMeaning::Lost(lost) => {
                    self.skip(Some(key), SkippedPart::Principal, &lost, &pattern.span);
                    let either = lost.by.into_iter().chain([lost.was]);
                    left.exact.extend(either.map(|principal| (principal, &pattern.span)));
                }
                NameMeaning::Invalid => {}
            }
        }
        left
    }

    /// Warns of patterns that no group has a name for: they leave no group as it is, which may not be what was meant.
    pub(super) fn leave_patterns(&mut self) {
        if !self.live.names_read {
            return;
        }
        let policy = self.policy;
        let spaces = policy.spaces.iter().filter(|(key, _)| policy.is_in_scope(key));
        let of_spaces = spaces.flat_map(|(_, space)| &space.leave);
        for pattern in of_spaces.chain(policy.rules.iter().flat_map(|rule| &rule.leave)) {
            let LeavePattern::Groups(written) = &pattern.value else { continue };
            let names = || self.live.directory.groups.values().map(|group| group.name.raw());
            let pinned = policy.groups.keys().map(String::as_str);
            if names().chain(pinned).any(|name| pattern.value.matches_group(name)) {
                continue;
            }
            let lower = LeavePattern::Groups(written.to_lowercase());
            let other_case = names().find(|name| lower.matches_group(&name.to_lowercase()));
            let help = match other_case {
                Some(name) => {
                    format!("upper and lower case count: the site has `group:{}`", visible(name))
                }
                None => {
                    "it will hold for groups that get such a name later; `*` means any characters and `?` one"
                        .to_owned()
                }
            };
            let message = format!("`{}` matches no group of the site", pattern.value);
            self.report(Diagnostic::new(Code::EmptySelector, message).at(&pattern.span, "").help(help));
        }
    }

    /// A principal, whatever state its account is in: that matters to nothing here.
    fn anyhow(&mut self, who: &Grantee, span: &Span) -> NameMeaning<Principal> {
        match who {
            Grantee::Named(Named::User(account)) => NameMeaning::Is(Principal::User(account.clone())),
            other => self.principal(&Spanned::new(other.clone(), span.clone())),
        }
    }

    /// The entry that leaves a principal as it is.
    pub(super) fn left_by(&self, left: &Left<'a>, who: &Principal) -> Option<&'a Span> {
        if let Some(span) = left.exact.get(who) {
            return Some(span);
        }
        let matches = |pattern: &LeavePattern| match who {
            Principal::Group(id) => self.may_match(pattern, id),
            Principal::User(_) => *pattern == LeavePattern::Users,
            Principal::Class(_) => *pattern == LeavePattern::Classes,
            Principal::Anonymous => false,
        };
        left.patterns.iter().find(|pattern| matches(&pattern.value)).map(|pattern| &pattern.span)
    }

    /// Whether a group has a name that a pattern matches, on the site or in the policy. What a group is called that the
    /// site does not list is not known, so any pattern may mean it, unless it is deleted.
    fn may_match(&self, pattern: &LeavePattern, id: &GroupId) -> bool {
        if !matches!(pattern, LeavePattern::Groups(_)) {
            return false;
        }
        let directory = &self.live.directory;
        let Some(group) = directory.groups.get(id) else {
            return !directory.is_deleted(&Subject::Group(id.clone()));
        };
        let mut pinned = self.policy.groups.iter().filter(|(_, pin)| pin.id.value == *id);
        pattern.matches_group(group.name.raw()) || pinned.any(|(name, _)| pattern.matches_group(name))
    }

    /// The principals that hold something in a space, or are on a list there, and are left as they are.
    pub(super) fn left_here(&self, left: &Left<'a>, live: &LiveSpace) -> BTreeSet<Principal> {
        if left.exact.is_empty() && left.patterns.is_empty() {
            return BTreeSet::new();
        }
        let lists = live.tree.iter().flat_map(Tree::iter).filter_map(|content| match &content.restrictions {
            Known::Known(lists) => Some(lists),
            Known::Unknown(_) => None,
        });
        let listed = lists.flat_map(|lists| PageList::ALL.map(|list| lists.audience(list).subjects()));
        let listed: BTreeSet<Subject> = listed.flatten().cloned().collect();
        let there = live.holdings.keys().cloned().chain(listed.into_iter().map(Principal::from));
        there.filter(|who| self.left_by(left, who).is_some()).collect()
    }

    /// Reports whatever else a policy says about those who are left as they are.
    pub(super) fn left_and_named(&mut self, declaration: &SpaceDeclaration<'a>, left: &Left<'a>) {
        if left.exact.is_empty() && left.patterns.is_empty() {
            return;
        }
        let mut named: Vec<(Grantee, &Span, &str)> = Vec::new();
        for line in &declaration.lines {
            named.extend(line.who().iter().map(|entry| (entry.who.value.clone(), line.place(entry), GIVEN)));
        }
        let entries = declaration.listed();
        named.extend(entries.map(|entry| (Grantee::Named(entry.who.value.clone()), &entry.who.span, LISTED)));
        for leaving in &declaration.leaving {
            let goes = match leaving.then {
                Then::Gone { .. } => Goes::Nowhere,
                Then::Taken { .. } => Goes::Replaced,
            };
            named.push((leaving.named.clone(), leaving.span, goes.phrase()));
            if let Some(comes) = leaving.comes {
                named.push((Grantee::Named(comes.value.clone()), &comes.span, COMES));
            }
        }
        for (who, span, what) in named {
            let Some(by) =
                self.anyhow(&who, span).known().and_then(|principal| self.left_by(left, &principal))
            else {
                continue;
            };
            let shown = self.policy.show(&who);
            self.report(contradiction(&shown, Goes::Left, by, span, what));
        }
    }
}
