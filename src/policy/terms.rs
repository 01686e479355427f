//! Grants with an end: which have ended, and which end soon. The day is an input.

use jiff::civil::Date;

use super::ast::{Joining, Listed, PageEntry, Policy};
use super::lock::{LOCK_FILE, Lock, LockedEnd};
use super::mentions::{Mention, WhatFor};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::model::PageList;

/// What stands for the pages, where all that are restricted are meant.
const RESTRICTED: &str = "restricted-pages";

/// Something that is given for a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ending {
    /// The last day.
    pub until: Date,
    /// The principal that it is about, as the policy writes it.
    pub who: String,
    /// What they have until then: `export/space in ENG`, `viewer by the rule "audit"`.
    pub what: String,
    pub why: Option<String>,
    pub span: Span,
    /// What a lock remembers of it.
    pub(super) end: LockedEnd,
}

impl Policy {
    /// Everything that has an end, the first to end first.
    pub fn endings(&self) -> Vec<Ending> {
        let mut endings: Vec<Ending> = self.mentions().filter_map(|mention| self.ending(&mention)).collect();
        endings.sort();
        endings
    }

    fn ending(&self, mention: &Mention<'_>) -> Option<Ending> {
        let until = mention.until?;
        let what = match mention.what_for {
            WhatFor::Access { space, line } => format!("{} in {}", line.right.value, space.key.value),
            WhatFor::PageOnly { space, .. } => format!("page-only in {}", space.key.value),
            WhatFor::Listed { space, entry, list } => {
                format!("{} {} in {}", list.as_str(), entry.pages.value, space.key.value)
            }
            WhatFor::Joins { space, entry, list } => {
                let pages = entry.map_or(RESTRICTED.to_owned(), |entry| entry.pages.value.to_string());
                format!("{} {pages} in {}", Joining::key(list), space.key.value)
            }
            WhatFor::JoinsByRule { rule, list } => {
                format!("{} {RESTRICTED} by the rule \"{}\"", Joining::key(list), rule.name.value)
            }
            WhatFor::Rule { rule, line, .. } => {
                format!("{} by the rule \"{}\"", line.right.value, rule.name.value)
            }
            WhatFor::Absent { .. }
            | WhatFor::Replaced { .. }
            | WhatFor::Heir { .. }
            | WhatFor::Condition { .. }
            | WhatFor::RequiredAdmin
            | WhatFor::Exempt
            | WhatFor::Member { .. }
            | WhatFor::Left
            | WhatFor::Test { .. } => return None,
        };
        let who = mention.who.to_who();
        // Aliases come and go, accounts stay.
        let remembered =
            mention.who.account().map_or_else(|| self.show(&who), |account| format!("user:{account}"));
        let end = LockedEnd { until: until.value, of: format!("{remembered}, {what}") };
        let (who, why, span) = (self.show(&who), mention.why.map(str::to_owned), until.span.clone());
        Some(Ending { until: until.value, who, what, why, span, end })
    }

    /// What has ended by a day: each is to be deleted from the files some time, and a list of a page that has
    /// no entry left cannot be carried out. A day that had passed when it was first written is a mistake; what
    /// was written when is known from the lock alone.
    pub fn ended(&self, today: Date, lock: &Lock) -> Diagnostics {
        let over = self.endings().into_iter().take_while(|ending| ending.until < today);
        let mut findings: Diagnostics = over
            .map(|Ending { until, who, what, span, end, .. }| {
                let ago = days(until, today);
                if lock.is_unwritten() || lock.ends.contains(&end) {
                    return Diagnostic::new(
                        Code::EndedGrant,
                        format!("{who} had `{what}` until {until}, which was {ago} ago"),
                    )
                    .at(&span, "")
                    .help("the next `confperm apply` takes the access back, unless other permissions need it; then remove the entry, or write a later day if the access is to go on");
                }
                Diagnostic::new(
                    Code::EndBeforeStart,
                    format!("{who} would have `{what}` until {until}, which was {ago} ago, and {LOCK_FILE} does not know this entry"),
                )
                .at(&span, "already over")
                .help(format!(
                    "correct the day, or remove the entry; if the entry is an old one, and only {LOCK_FILE} was not committed, add the line `{}` under `ends:` there, and the next `confperm apply` takes the access back",
                    end.to_line()
                ))
            })
            .collect();
        for space in self.spaces.values() {
            for page in &space.pages {
                for (list, listed) in lists(page) {
                    findings.extend(ended_list(list, &page.pages.value.to_string(), listed, today));
                }
            }
        }
        findings
    }
}

fn lists(page: &PageEntry) -> impl Iterator<Item = (PageList, &Listed)> {
    PageList::ALL.into_iter().filter_map(|list| Some((list, &page.listed(list)?.value)))
}

/// To Confluence a list without entries means everyone.
fn ended_list(list: PageList, pages: &str, listed: &Listed, today: Date) -> Option<Diagnostic> {
    let named = listed.named();
    let last = named.last().filter(|_| named.iter().all(|entry| entry.is_over(today)))?;
    let until = last.until.as_ref()?;
    let message = format!("every entry of the {} list of `{pages}` has ended", list.as_str());
    Some(
        Diagnostic::new(Code::EndedList, message).at(&until.span, "the last day has passed").help(
            "name a principal that stays; without entries the list would be open to everyone in the space",
        ),
    )
}

/// "3 days", between two days.
pub fn days(from: Date, to: Date) -> String {
    let number = to.duration_since(from).as_hours() / 24;
    format!("{number} day{}", if number == 1 { "" } else { "s" })
}
