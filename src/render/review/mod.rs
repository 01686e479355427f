//! What a reviewer is shown of a plan, before it is decided in which form: rows of changes, equal ones gathered, and
//! sections of lines about everything else. Text and Markdown draw this one value, so that neither leaves out what the
//! other shows; how much of it there is room for is up to each.

mod gather;
mod rows;

use std::collections::BTreeMap;

use crate::model::{ContentId, PageList, SpaceKey};
use crate::plan::Plan;

use super::access_words::ShownNames as _;
use super::effects;
use super::guards;
use super::left_out;
use super::page_only;
use super::skipped;
use super::style::count;
use super::text;
use super::unmanaged;
use gather::{Gathered, gather};

pub(super) use rows::{Counted, ReviewRow, RowKind, RowSubject, said_words};

/// As many names of a list are shown; more are counted.
const NAMES: usize = 4;
/// As many of several pages, or spaces, are named.
const EXAMPLES: usize = 3;

/// What asked for a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Basis {
    #[default]
    Policy,
    /// A plan that was made before.
    SavedPlan,
    /// The same but for what others changed since.
    SavedPlanInPart,
    /// A run that is taken back.
    Undo {
        /// Whether in some of its spaces alone.
        in_part: bool,
        /// Whether something that does not come back was listed before the plan.
        has_exceptions: bool,
    },
}

impl Basis {
    /// Whether lines of a policy ask for what is planned.
    pub(super) const fn is_declared(self) -> bool {
        match self {
            Self::Policy | Self::SavedPlan | Self::SavedPlanInPart => true,
            Self::Undo { .. } => false,
        }
    }
}

/// What of a plan is shown beside the plan itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    pub basis: Basis,
    /// Every change, name and warning by itself, however many there are.
    pub all: bool,
    /// What ends soon, a line each.
    pub ending: Vec<String>,
    /// The lines that `confperm.lock` lacks, for readers who do not see what else the run says.
    pub unlocked: Vec<String>,
    /// Whether the run succeeds though the plan does not cover all that the policy declares.
    pub accepts_incomplete: bool,
}

/// A plan as it is reviewed.
pub(super) struct Review<'a> {
    pub(super) plan: &'a Plan,
    pub(super) basis: Basis,
    /// What lets in more people than can be named. Each page has a row of its own.
    pub(super) opened: Vec<ReviewRow<'a>>,
    /// Changes that are the same in several spaces.
    pub(super) several: Vec<ReviewRow<'a>>,
    pub(super) spaces: BTreeMap<&'a SpaceKey, Vec<ReviewRow<'a>>>,
    pub(super) sections: Vec<Section>,
}

/// Which part of a review a section is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ReviewPart {
    Effects,
    PageOnly,
    Lints,
    Ending,
    Unmanaged,
    /// What was not seen and is no concern of the policy.
    Unseen,
    /// What the policy declares and was not known, or may not be changed.
    Incomplete,
    Meanwhile,
    Blocked,
    Guards,
}

/// Lines under a heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) part: ReviewPart,
    pub(super) heading: String,
    /// May be cut where there is no room.
    pub(super) lines: Vec<String>,
    /// Shown in any case, after the lines.
    pub(super) rest: Vec<String>,
}

impl Section {
    pub(super) fn new(part: ReviewPart, heading: impl Into<String>, lines: Vec<String>) -> Self {
        Self { part, heading: heading.into(), lines, rest: Vec::new() }
    }
}

impl<'a> Review<'a> {
    pub(super) fn of(plan: &'a Plan, view: &View) -> Self {
        let names = if view.all { usize::MAX } else { NAMES };
        let Gathered { opened, several, spaces } = gather(rows::rows(plan, names), !view.all);
        let mut sections: Vec<Section> = Vec::new();
        sections.extend(effects::effects(plan, view.all));
        sections.extend(page_only::page_only(plan));
        sections.extend(effects::lints(plan, view.all));
        if !view.ending.is_empty() {
            sections.push(Section::new(ReviewPart::Ending, "Ends soon", view.ending.clone()));
        }
        sections.extend(unmanaged::unmanaged(plan));
        sections.extend(text::unseen(plan));
        sections.extend(left_out::left_out(plan));
        sections.extend(skipped::skipped(plan));
        sections.extend(text::meanwhile(plan));
        sections.extend(text::archived(plan));
        sections.extend(text::refusals(plan));
        sections.extend(guards::guards(plan, view.basis));
        Self { plan, basis: view.basis, opened, several, spaces, sections }
    }

    pub(super) fn sections(&self, part: ReviewPart) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(move |section| section.part == part)
    }

    /// What a row is about, in words: `collaborator (3 permissions)`, `/Handbook`, `12 pages: /A, /B, /C and 9 more`.
    pub(super) fn what(&self, row: &ReviewRow<'_>) -> String {
        match &row.what {
            RowSubject::Access(words) => words.clone(),
            RowSubject::Pages { pages, .. } if pages.len() == 1 => self.plan.page(pages[0]),
            RowSubject::Pages { pages, .. } => {
                let names: Vec<String> =
                    pages.iter().take(EXAMPLES).map(|page| self.plan.page(*page)).collect();
                format!("{}: {}", count(pages.len(), "page", "pages"), examples(&names, pages.len()))
            }
        }
    }

    /// What is opened, by space and list, for where there is no room for a line each.
    pub(super) fn opened_by_space(&self) -> BTreeMap<&'a SpaceKey, OpenedIn> {
        let mut spaces: BTreeMap<&SpaceKey, OpenedIn> = BTreeMap::new();
        for row in &self.opened {
            let space = spaces.entry(row.spaces[0]).or_default();
            match &row.what {
                RowSubject::Access(words) => space.access.push(format!("{words} to {}", row.who)),
                RowSubject::Pages { list, pages } => space.pages.entry(*list).or_default().extend(pages),
            }
        }
        spaces
    }
}

impl ReviewRow<'_> {
    /// The principal of a row, or what becomes of its list; where it is so in several spaces, in which.
    pub(super) fn who_words(&self) -> String {
        let who = match &self.what {
            RowSubject::Access(_) => self.who.clone(),
            RowSubject::Pages { list, .. } => format!("{}  {}", list.as_str(), self.who),
        };
        if self.spaces.len() == 1 {
            return who;
        }
        let keys: Vec<String> = self.spaces.iter().take(EXAMPLES).map(ToString::to_string).collect();
        format!("{who}  in {} spaces: {}", self.spaces.len(), examples(&keys, self.spaces.len()))
    }
}

/// What is opened in one space.
#[derive(Debug, Default)]
pub(super) struct OpenedIn {
    pub(super) access: Vec<String>,
    pub(super) pages: BTreeMap<PageList, Vec<ContentId>>,
}

fn examples(names: &[String], of: usize) -> String {
    match of - names.len() {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}
