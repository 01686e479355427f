//! From what became of a name to what this run makes of it: it goes on with what is meant, or skips the smallest thing
//! that depends on the name. Each name is reported once; everything that is skipped is listed.

use std::collections::BTreeSet;
use std::fmt::Display;

use super::resolver::Resolver;
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::model::{Shown, SkipReason, Skipped, SkippedPart, Space, SpaceKey};
use crate::policy::lock::{Identity, LOCK_FILE, ids_in_words};

/// What a name comes to in this run.
pub(super) enum NameMeaning<T> {
    /// One thing, which exists.
    Is(T),
    /// What it meant is gone.
    Lost(Lost<T>),
    /// Nothing that is known, which has been reported.
    Invalid,
}

/// A name whose thing is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lost<T> {
    pub(super) was: T,
    /// The things that bear the name now.
    pub(super) by: Vec<T>,
    /// As the policy writes it.
    pub(super) name: Shown,
    pub(super) reason: SkipReason,
}

impl<T> NameMeaning<T> {
    pub(super) fn known(self) -> Option<T> {
        match self {
            Self::Is(thing) => Some(thing),
            Self::Lost(_) | Self::Invalid => None,
        }
    }

    pub(super) fn map<U>(self, f: impl Fn(T) -> U) -> NameMeaning<U> {
        match self {
            Self::Is(thing) => NameMeaning::Is(f(thing)),
            Self::Lost(Lost { was, by, name, reason }) => {
                NameMeaning::Lost(Lost { was: f(was), by: by.into_iter().map(f).collect(), name, reason })
            }
            Self::Invalid => NameMeaning::Invalid,
        }
    }
}

/// A name at a place of the policy.
pub(super) struct WrittenName<'n> {
    /// "group", "page".
    pub(super) kind: &'static str,
    /// As the policy writes it, with its kind where it has one: `group:sre`, `/Salaries`.
    pub(super) written: String,
    /// As `confperm lock --accept` takes it: `group:sre`, `ENG/Salaries`.
    pub(super) accepted: String,
    pub(super) span: &'n Span,
    /// Where the lock has it.
    pub(super) locked: Option<&'n Span>,
}

impl Resolver<'_> {
    /// What to make of a name. What the lock does not know is handed to `new`, as the things that bear the name.
    pub(super) fn meaning<T: Clone + Eq + Display>(
        &mut self,
        name: &WrittenName<'_>,
        identity: Identity<T>,
        called: &dyn Fn(&T) -> Option<String>,
        new: impl FnOnce(&mut Self, Vec<T>) -> Option<T>,
    ) -> NameMeaning<T> {
        let ids = |ids: &[T]| ids.iter().map(ToString::to_string).collect::<BTreeSet<String>>();
        match identity {
            Identity::New(bearers) => new(self, bearers).map_or(NameMeaning::Invalid, NameMeaning::Is),
            Identity::Same(id) => NameMeaning::Is(id),
            Identity::Renamed(id) => {
                self.renamed(name, &id, called(&id), &BTreeSet::new());
                NameMeaning::Is(id)
            }
            Identity::Replaced { meant, by } => {
                self.renamed(name, &meant, called(&meant), &ids(&by));
                NameMeaning::Is(meant)
            }
            Identity::Taken { was, by } => {
                let bearers = ids(&by);
                self.lost(name, &was, &bearers);
                let reason = SkipReason::Taken { was: Shown::of(&was.to_string()), by: bearers };
                NameMeaning::Lost(Lost { was, by, name: Shown::of(&name.written), reason })
            }
            Identity::Gone { was } => {
                self.lost(name, &was, &BTreeSet::new());
                let reason = SkipReason::Gone { was: Shown::of(&was.to_string()) };
                NameMeaning::Lost(Lost { was, by: Vec::new(), name: Shown::of(&name.written), reason })
            }
        }
    }

    /// Lists something that is skipped.
    pub(super) fn skip<T>(
        &mut self,
        space: Option<&SpaceKey>,
        part: SkippedPart,
        lost: &Lost<T>,
        span: &Span,
    ) {
        self.skipped.insert(Skipped {
            space: space.cloned(),
            part,
            name: lost.name.clone(),
            reason: lost.reason.clone(),
            origin: span.origin(),
        });
    }

    /// The thing has another name by now, and `by` have the old one.
    fn renamed(
        &mut self,
        name: &WrittenName<'_>,
        id: &dyn Display,
        now: Option<String>,
        by: &BTreeSet<String>,
    ) {
        if !self.reported.insert((name.accepted.clone(), name.written.clone())) {
            return;
        }
        let WrittenName { kind, written, accepted, .. } = name;
        let now = now.map_or_else(|| format!("`{id}`"), |now| format!("`{}`", Shown::of(&now)));
        let what = if *kind == "space" { "key" } else { "name" };
        let goes_on = format!(
            "this run goes on with the same {kind} (id {id}), and `confperm fmt --renames` writes its new {what} into \
             the policy"
        );
        let finding = if by.is_empty() {
            Diagnostic::new(Code::RenamedName, format!("the {kind} `{written}` is now {now}")).help(goes_on)
        } else {
            let bearers = ids_in_words(by);
            Diagnostic::new(
                Code::ReplacedName,
                format!("`{written}` now names another {kind} ({bearers}); the {kind} that is meant (id {id}) is now {now}"),
            )
            .help(format!(
                "{goes_on}; if the other is meant, run `confperm lock --accept '{accepted}'`"
            ))
        };
        self.report(placed(finding, name));
    }

    /// What the help for a lost name begins with.
    pub(super) const fn skips(&self) -> &'static str {
        if self.is_question { "" } else { "what depends on it is skipped and stays as it is; " }
    }

    /// The thing is gone, and `by` have its name.
    fn lost(&mut self, name: &WrittenName<'_>, was: &dyn Display, by: &BTreeSet<String>) {
        if !self.reported.insert((name.accepted.clone(), name.written.clone())) {
            return;
        }
        let WrittenName { kind, written, accepted, .. } = name;
        let skips = self.skips();
        let finding = if by.is_empty() {
            let id = was.to_string();
            let which = if written.contains(&id) { String::new() } else { format!(" (id {id})") };
            let mut spaces = self.live.listing.spaces.values();
            let gone = match *kind {
                "page" => "was deleted, moved to another space, or is hidden from this account".to_owned(),
                "space" => match spaces.find(|space| space.id.to_string() == id) {
                    Some(Space { key, .. }) => {
                        format!("has the key `{key}` now, and its team may not speak of that")
                    }
                    None => "was deleted, or is hidden from this account".to_owned(),
                },
                _ => "is gone".to_owned(),
            };
            Diagnostic::new(Code::GoneName, format!("the {kind} `{written}`{which} {gone}"))
                .help(format!("{skips}remove it from the policy if it is not needed any more"))
        } else {
            let bearers = ids_in_words(by);
            Diagnostic::new(
                Code::TakenName,
                format!(
                    "`{written}` now names another {kind} ({bearers}); the {kind} that was meant (id {was}) is gone"
                ),
            )
            .help(format!(
                "{skips}if the new {kind} is meant, run `confperm lock --accept '{accepted}'`, if not, correct the policy"
            ))
        };
        self.report(placed(finding, name));
    }
}

fn placed(finding: Diagnostic, name: &WrittenName<'_>) -> Diagnostic {
    let finding = finding.at(name.span, "");
    match name.locked {
        Some(locked) => finding.at(locked, format!("{LOCK_FILE} remembers it here")),
        None => finding,
    }
}
