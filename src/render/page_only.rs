//! What `page-only` comes down to, and why it cannot be kept, in words.

use std::collections::BTreeSet;

use crate::model::{ContentId, PageList, Principal, SpaceKey, Subject};
use crate::plan::{Change, ChangeReason, PageOnlyProblem, Plan, PlanPageOnly};

use super::access_words::ShownNames as _;
use super::review::{ReviewPart, Section};
use super::style::{FAINT, HEADING, count, first_of, list, paint};

/// Titles in one line.
const SHOWN: usize = 5;

/// The section about guests, for entries that this plan does something about.
pub(super) fn page_only(plan: &Plan) -> Option<Section> {
    let mut spaces: BTreeSet<&SpaceKey> = BTreeSet::new();
    let mut guests: BTreeSet<(&SpaceKey, Subject)> = BTreeSet::new();
    for change in &plan.changes {
        if matches!(change.reason(), ChangeReason::PageOnly { .. }) {
            spaces.insert(change.space());
            continue;
        }
        match change {
            Change::Grant { principal, .. } | Change::Role { principal, .. } => {
                guests.extend(principal.subject().map(|who| (change.space(), who)));
            }
            Change::Audience { .. } => {}
        }
    }
    let concerned = |entry: &&PlanPageOnly| {
        spaces.contains(&entry.space)
            || entry.who.iter().any(|who| guests.contains(&(&entry.space, who.clone())))
    };
    let entries: Vec<&PlanPageOnly> = plan.page_only.iter().filter(concerned).collect();
    if entries.is_empty() {
        return None;
    }
    let mut lines = Vec::new();
    for entry in entries {
        let who = list(&entry.who.iter().map(|who| plan.principal(&who.clone().into())).collect::<Vec<_>>());
        let named = count(entry.pages, "page", "pages");
        lines.push(format!(
            "{}  {who}: {named} to see, {}  {}",
            entry.space,
            closed_words(entry),
            paint(FAINT, &entry.origin.to_string())
        ));
        if !entry.above.is_empty() {
            lines.push(format!(
                "  They also see {}: Confluence shows no page without what is above it. Moving their pages to \
                 the top of the space would hide that.",
                pages(plan, &entry.above)
            ));
        }
    }
    Some(Section::new(ReviewPart::PageOnly, paint(HEADING, "Page-only"), lines))
}

fn closed_words(entry: &PlanPageOnly) -> String {
    let branches = count(entry.closed - entry.closed_posts, "branch", "branches");
    match entry.closed_posts {
        0 => format!("{branches} of the tree closed to them"),
        posts => {
            format!("{branches} of the tree and {} closed to them", count(posts, "blog post", "blog posts"))
        }
    }
}

pub(super) fn problem_words(plan: &Plan, problem: &PageOnlyProblem) -> String {
    let subjects = |subjects: &BTreeSet<Subject>| {
        list(&subjects.iter().map(|who| plan.principal(&who.clone().into())).collect::<Vec<_>>())
    };
    let principals = |principals: &BTreeSet<Principal>| {
        list(&principals.iter().map(|who| plan.principal(who)).collect::<Vec<_>>())
    };
    match problem {
        PageOnlyProblem::Unlistable { insiders, pages: closed } => format!(
            "to keep guests out, {} must be closed to all but those who see the space, but a list cannot name {}. \
             Give these people access through a group instead.",
            pages(plan, closed),
            principals(insiders)
        ),
        PageOnlyProblem::Contradicted { pages: disputed, list, entry, guests } => {
            let verb = match list {
                PageList::View => "see",
                PageList::Edit => "edit",
            };
            format!(
                "the entry of {entry} and page-only contradict each other about whether {} may {verb} {}. Change one \
                 of the two.",
                subjects(guests),
                pages(plan, disputed)
            )
        }
        PageOnlyProblem::NobodyElse { page, list, guests } => format!(
            "only {} may {} {}, and page-only takes that away. An empty list would open it: say under `pages` who should.",
            subjects(guests),
            list.as_str(),
            plan.page(*page)
        ),
        PageOnlyProblem::Unread { pages: unread } => format!(
            "the restrictions of {}, or its place in the page tree, could not be read, so guests may see more than is known. Give the account that runs this access to it.",
            pages(plan, unread)
        ),
        PageOnlyProblem::Unreadable { entries } => format!(
            "{} of the space could not be read (see what is unknown), so guests may see more than is known. A newer version of confperm may know their form.",
            count(*entries, "page or permission", "pages and permissions")
        ),
        PageOnlyProblem::NoLists { pages: open } => format!(
            "guests would see {}, and this site has no restrictions for this kind of content. Move it below a page \
             that is closed to them.",
            pages(plan, open)
        ),
        PageOnlyProblem::Administer { guests } => format!(
            "{} administers the space, and administrators can take the restrictions off any page. Take the right \
             away, or remove the entry of page-only.",
            subjects(guests)
        ),
    }
}

fn pages(plan: &Plan, pages: &BTreeSet<ContentId>) -> String {
    first_of(pages.iter().map(|page| plan.page(*page)), SHOWN)
}
