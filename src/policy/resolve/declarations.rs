//! What a policy asks of each space: the space's own entry, and what the rules that select it add.
//!
//! A space gets the union. One without an entry of its own is additive. What `like` copies from the policy
//! becomes lines here; what it copies from the live site is left to [`super::copies`].

use std::collections::{BTreeMap, BTreeSet};

use super::declaration::{Copied, DeclaredLine, Leaving, SpaceDeclaration};
use super::meaning::{Lost, NameMeaning, WrittenName};
use super::resolver::Resolver;
use super::selection::Selection;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned, near_key};
use crate::model::{LiveSpace, SkippedPart, SpaceId, SpaceKey, SpaceStatus, Watched};
use crate::policy::lock::Identity;
use crate::policy::rules::{KeyPattern, Like, Rule};

/// For so many keys of a file it is worth finding out what may have been meant.
const ROWS: usize = 20;

/// What a space gets through lines and copies.
type Gets<'p> = (Vec<DeclaredLine<'p>>, Vec<Copied<'p>>);

/// Where what a space gets comes from.
struct Origins<'s, 'p> {
    selection: &'s Selection<'p>,
    selects: &'s dyn Fn(&Rule, &SpaceKey) -> bool,
    /// Spaces that others are like, and what these get, once it was asked for.
    sources: BTreeMap<&'p SpaceKey, Option<Gets<'p>>>,
}

impl<'a> Resolver<'a> {
    /// What is asked, space by space. Nothing is, where `like` goes wrong: one could not tell what it means.
    pub(super) fn declarations(&mut self) -> BTreeMap<&'a SpaceKey, SpaceDeclaration<'a>> {
        let policy = self.policy;
        let chosen = self.choose();
        self.warn_of_passing_conditions(&chosen);
        self.note_moments(&chosen);
        self.declared(&self.by_space(&chosen.selected), &|key| policy.is_in_scope(key))
    }

    /// What is asked of some of the spaces, if these rules select them.
    pub(super) fn declared(
        &mut self,
        selection: &Selection<'a>,
        of: &dyn Fn(&SpaceKey) -> bool,
    ) -> BTreeMap<&'a SpaceKey, SpaceDeclaration<'a>> {
        let (policy, live) = (self.policy, self.live);
        let selects = |rule: &Rule, key: &SpaceKey| {
            selection.get(key).is_some_and(|rules| rules.iter().any(|selected| std::ptr::eq(*selected, rule)))
        };
        let likes = policy.like_findings(&selects);
        if likes.has_errors() {
            self.findings.extend(likes);
            return BTreeMap::new();
        }
        let leaving: Vec<Vec<Leaving<'a>>> = policy.rules.iter().map(|rule| self.leaving(rule)).collect();
        let sources = policy.sources().into_iter().map(|key| (key, None)).collect();
        let mut origins = Origins { selection, selects: &selects, sources };
        let named = policy.spaces.keys().chain(selection.keys().copied());
        let keys: BTreeSet<&SpaceKey> = named.filter(|key| of(key)).collect();
        let mut declarations = BTreeMap::new();
        for key in keys {
            let Some(space) = live.spaces.get(key) else { continue };
            let own = policy.spaces.get(key);
            let rules = selection.get(key).map_or(&[][..], Vec::as_slice);
            let first =
                rules.first().map(|rule| rule.spaces.as_ref().map_or(&rule.name.span, |spaces| &spaces.span));
            let Some(span) = own.map(|own| &own.key.span).or(first) else { continue };
            self.space = Some(key.clone());
            if !self.has_its_sources(key, &selects) {
                continue;
            }
            let (mut lines, copies) = self.gets(key, &mut origins);
            // Not part of what `like` copies: in another space nothing would be closed to these guests.
            let guests = own.into_iter().flat_map(|own| &own.page_only);
            lines.extend(guests.map(|entry| DeclaredLine { says: &entry.access, rule: None, via: None }));
            let leaving: Vec<Leaving<'a>> = policy
                .rules
                .iter()
                .zip(&leaving)
                .filter(|(rule, _)| selects(rule, key))
                .flat_map(|(_, leaving)| leaving.iter().cloned())
                .collect();
            let leave = own.into_iter().flat_map(|own| &own.leave);
            let leave = leave.chain(rules.iter().flat_map(|rule| &rule.leave)).collect();
            let watched = self.watched_here(rules, &leaving);
            let joining =
                rules.iter().filter(|rule| !rule.restricted.is_empty() && policy.asks_about_pages(key));
            let joining = joining.map(|rule| (rule.name.value.as_str(), &rule.restricted)).collect();
            let declaration = SpaceDeclaration { own, span, lines, copies, leaving, leave, joining, watched };
            declarations.insert(&space.space.key, declaration);
        }
        self.space = None;
        declarations
    }

    /// Of the rules that select a space, those that go by what principals hold there, with these principals.
    fn watched_here(&self, rules: &[&'a Rule], leaving: &[Leaving<'a>]) -> BTreeMap<String, Watched> {
        let mut watched = BTreeMap::new();
        for name in rules.iter().map(|rule| rule.name.value.as_str()) {
            let handing_on = leaving.iter().filter(|it| it.rule == name && it.hands_on());
            let here = Watched {
                selects: self.watched.get(name).cloned().unwrap_or_default(),
                hands_on: handing_on.map(|it| it.who.clone()).collect(),
            };
            if here != Watched::default() {
                watched.insert(name.to_owned(), here);
            }
        }
        watched
    }

    /// Whether the spaces whose access one has are what they were; if not, all of the space is skipped.
    fn has_its_sources(&mut self, key: &SpaceKey, selects: &dyn Fn(&Rule, &SpaceKey) -> bool) -> bool {
        let mut all = true;
        for liking in self.policy.likings(key, selects) {
            if let Some(lost) = self.lost_space(liking.like.value.space(), &liking.like.span) {
                self.skip(Some(key), SkippedPart::Space, &lost, &liking.like.span);
                all = false;
            }
        }
        all
    }

    /// Lines and copies of a space. Circles have been ruled out.
    fn gets(&mut self, key: &SpaceKey, origins: &mut Origins<'_, 'a>) -> Gets<'a> {
        if let Some(Some(gets)) = origins.sources.get(key) {
            return gets.clone();
        }
        let own = self.policy.spaces.get(key).map(|own| own.access.as_slice()).unwrap_or_default();
        let mut lines: Vec<DeclaredLine<'a>> =
            own.iter().map(|line| DeclaredLine { says: line, rule: None, via: None }).collect();
        let mut copies = Vec::new();
        for rule in origins.selection.get(key).into_iter().flatten() {
            let rows = rule.rows.get(key).map(Vec::as_slice).unwrap_or_default();
            let name = Some(rule.name.value.as_str());
            lines.extend(rule.access.iter().chain(rows).map(|line| DeclaredLine {
                says: line,
                rule: name,
                via: None,
            }));
        }
        let policy = self.policy;
        for liking in policy.likings(key, origins.selects) {
            let rule = liking.rule.map(|rule| rule.name.value.as_str());
            match &liking.like.value {
                Like::Live(from) => copies.push(Copied { from, like: liking.like, rule }),
                Like::Policy(from) => {
                    let (theirs, copied) = self.gets(from, origins);
                    if theirs.is_empty() && copied.is_empty() && !self.may_be_given_access(from) {
                        self.nothing_to_copy(liking.like);
                    }
                    lines.extend(theirs.iter().map(|theirs| DeclaredLine {
                        says: theirs.says,
                        rule,
                        via: Some(liking.like),
                    }));
                    copies.extend(copied.iter().map(|copied| Copied {
                        from: copied.from,
                        like: liking.like,
                        rule,
                    }));
                }
            }
        }
        let gets = (lines, copies);
        if let Some(known) = origins.sources.get_mut(key) {
            *known = Some(gets.clone());
        }
        gets
    }

    /// Whether a rule that does not select a space now may give access there: what it goes by comes and goes.
    fn may_be_given_access(&self, key: &SpaceKey) -> bool {
        let Some(space) = self.live.spaces.get(key) else { return false };
        let mut rules = self.policy.rules.iter().filter(|rule| {
            let by_condition = rule.spaces.as_ref().is_some_and(|selector| !selector.conditions.is_empty());
            let copies = rule.like.iter().any(|like| like.value.space() != key);
            by_condition && (!rule.access.is_empty() || copies)
        });
        rules.any(|rule| rule.may_reach(&space.space, &self.live.listing))
    }

    fn nothing_to_copy(&mut self, like: &Spanned<Like>) {
        let key = like.value.space();
        self.report(
            Diagnostic::new(
                Code::UnknownLike,
                format!("the policy gives no access in `{key}` that could be copied"),
            )
            .at(&like.span, "")
            .help(format!("write `live:{key}` to copy the access that the space has on the site now")),
        );
    }

    /// Keys that the site does not show, and patterns that match nothing.
    pub(super) fn unmatched(&mut self, rule: &'a Rule, any: bool) {
        let (policy, live) = (self.policy, self.live);
        let named = rule.spaces.iter().flat_map(|selector| &selector.keys);
        for pattern in named {
            match &pattern.value {
                KeyPattern::Exact(key) if policy.is_in_scope(key) => self.known_space(key, &pattern.span),
                KeyPattern::Exact(_) => {}
                KeyPattern::Glob(_) => self.pattern_matches(pattern, "matches no space"),
            }
        }
        for pattern in rule.spaces.iter().flat_map(|selector| &selector.not) {
            self.pattern_matches(pattern, "leaves out no space");
        }
        let rows =
            rule.rows.iter().filter(|(key, _)| policy.is_in_scope(key) && !live.spaces.contains_key(key));
        for (number, (key, lines)) in rows.enumerate() {
            // Of a great many, only the first are shown.
            let near = (number < ROWS).then(|| self.near_space(key)).flatten();
            for entry in lines.first().iter().flat_map(|line| &line.who) {
                if self.is_meant(key, &entry.who.span) {
                    self.unknown_space(key, &entry.who.span, near);
                }
            }
        }
        // A condition that holds nowhere any more is how many a rule ends well.
        let patterns = rule
            .spaces
            .as_ref()
            .is_some_and(|selector| !selector.is_by_key() && selector.conditions.is_empty());
        if let Some(selector) = rule.spaces.as_ref().filter(|_| !any && patterns && live.listing.whole) {
            self.report(
                Diagnostic::new(Code::EmptySelector, format!("the rule \"{}\" selects no space", rule.name.value))
                    .at(&selector.span, "")
                    .help("it will apply to spaces that match later; if some should match now, check types, labels and conditions"),
            );
        }
    }

    fn pattern_matches(&mut self, pattern: &Spanned<KeyPattern>, what: &str) {
        let listing = &self.live.listing;
        if listing.whole && !listing.spaces.keys().any(|key| pattern.value.matches(key)) {
            let near = pattern
                .value
                .exact()
                .and_then(|key| near_key(key.as_str(), listing.spaces.keys().map(SpaceKey::as_str)));
            self.report(
                Diagnostic::new(Code::EmptySelector, format!("`{}` {what}", pattern.value))
                    .at(&pattern.span, "")
                    .help(match near {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => {
                            "it will apply to spaces that get such a key later; upper and lower case count"
                                .to_owned()
                        }
                    }),
            );
        }
    }

    /// Reports a key that the site does not show.
    pub(super) fn known_space(&mut self, key: &SpaceKey, span: &Span) {
        if !self.is_meant(key, span) {
            return;
        }
        let Some(live) = self.live.spaces.get(key) else {
            let near = self.near_space(key);
            self.unknown_space(key, span, near);
            return;
        };
        if live.space.status == SpaceStatus::Archived {
            self.report(
                Diagnostic::new(Code::ArchivedSpace, format!("the space `{key}` is archived"))
                    .at(span, "")
                    .help("restore it, or remove it from the policy if it is not needed any more"),
            );
        }
    }

    /// Whether a key means the space that it meant, as far as that is known; if not, all of the space is skipped.
    pub(super) fn is_meant(&mut self, key: &SpaceKey, span: &Span) -> bool {
        match self.lost_space(key, span) {
            Some(lost) => {
                self.skip(Some(key), SkippedPart::Space, &lost, span);
                false
            }
            None => true,
        }
    }

    /// The space that a key means, for a name that no entry has.
    pub(super) fn space_named(&mut self, key: &SpaceKey, span: &Span) -> NameMeaning<&'a LiveSpace> {
        if self.lost_space(key, span).is_some() {
            return NameMeaning::Invalid;
        }
        let live = self.live;
        if let Some(space) = live.spaces.get(key) {
            return NameMeaning::Is(space);
        }
        let near = self.near_space(key);
        self.unknown_space(key, span, near);
        NameMeaning::Invalid
    }

    /// The space that a key meant, if the key does not mean it any more.
    fn lost_space(&mut self, key: &SpaceKey, span: &Span) -> Option<Lost<SpaceId>> {
        let (lock, live) = (self.lock, self.live);
        let locked = lock.spaces.get(key)?;
        let is_the_one = live.spaces.get(key).is_some_and(|space| space.space.id == locked.value);
        if is_the_one {
            return None;
        }
        let written = self.policy.as_written(key);
        let bearers = live.listing.spaces.get(written).map(|space| space.id).into_iter().collect();
        let identity = Identity::of(Some(&locked.value), bearers, |_| false);
        match self.meaning(&space_name(written, span, Some(&locked.span)), identity, &|_| None, |_, _| None) {
            NameMeaning::Lost(lost) => Some(lost),
            NameMeaning::Is(_) | NameMeaning::Invalid => None,
        }
    }

    /// Reports the spaces that have another key by now, each once.
    pub(super) fn rekeyed(&mut self) {
        let (policy, lock, live) = (self.policy, self.lock, self.live);
        for (now, written) in policy.changed_keys().filter(|(now, _)| policy.is_in_scope(now)) {
            let Some((_, span)) = policy.space_names().find(|(key, _)| *key == now) else { continue };
            let Some(locked) = lock.spaces.get(now) else { continue };
            let bearers = live.listing.spaces.get(written).map(|space| space.id).into_iter().collect();
            let identity = Identity::of(Some(&locked.value), bearers, |_| true);
            let named = space_name(written, span, Some(&locked.span));
            self.meaning(&named, identity, &|_| Some(now.to_string()), |_, _| None);
        }
        for [first, second] in &policy.twice {
            self.report(
                Diagnostic::new(
                    Code::DefinedTwice,
                    "two entries of `spaces` mean the same space: its key was changed",
                )
                .at(second, "")
                .at(first, "the other entry")
                .help("merge the two under the key that the space has now"),
            );
        }
    }

    fn near_space(&self, key: &SpaceKey) -> Option<&'a str> {
        let live = self.live;
        near_key(key.as_str(), live.listing.spaces.keys().map(SpaceKey::as_str))
    }

    fn unknown_space(&mut self, key: &SpaceKey, span: &Span, near: Option<&str>) {
        self.report_of(
            [key.clone()],
            Diagnostic::new(Code::UnknownSpace, format!("the site shows no space with the key `{key}`"))
                .at(span, "")
                .help("it does not exist, or this account may not see it: ask an administrator of the space")
                .maybe_help(near.map(|near| format!("did you mean `{near}`?"))),
        );
    }
}

fn space_name<'n>(written: &SpaceKey, span: &'n Span, locked: Option<&'n Span>) -> WrittenName<'n> {
    WrittenName { kind: "space", accepted: written.to_string(), written: written.to_string(), span, locked }
}
