//! A plan as text, for people: whole where that can be read, and otherwise as much of it as fits on a few screens.
//! Whatever is cut, everything that the plan opens is shown.

use std::fmt::Write as _;

use crate::model::{Mode, PageList, SpaceKey};
use crate::plan::Plan;

use super::access_words::ShownNames as _;
use super::review::{Basis, Counted, Review, ReviewRow, RowKind, Section, View};
use super::style::{ADD, CHANGE, FAINT, HEADING, REMOVE, count, paint};
use super::text::{blocked_as_text, plan_in_a_line};
use crate::model::columns::{WIDEST, column, gap, pad};

/// So many lines are read; with more, parts of the plan are cut.
const LINES: usize = 120;
/// How far the mode of a space stands to the right.
const RIGHT: usize = 74;
/// So many lines has a part of `--summary`.
const SUMMARY: usize = 12;

/// How much of each part is shown.
#[derive(Debug, Clone, Copy)]
struct Detail {
    /// Whether each opened page has a line of its own, with why; otherwise each space has one.
    opened_apart: bool,
    /// Rows of what is the same in several spaces.
    several: usize,
    /// Rows of one space. With none, a space is one line that counts.
    rows: usize,
    /// Spaces that are shown.
    spaces: usize,
    /// Lines of each section.
    lines: usize,
}

impl Detail {
    const WHOLE: Self = Self {
        opened_apart: true,
        several: usize::MAX,
        rows: usize::MAX,
        spaces: usize::MAX,
        lines: usize::MAX,
    };
    /// From everything to the least.
    const LEVELS: [Self; 6] = [
        Self::WHOLE,
        Self { rows: 15, lines: 20, several: 30, ..Self::WHOLE },
        Self { rows: 6, lines: 12, several: 20, ..Self::WHOLE },
        Self { opened_apart: false, rows: 0, spaces: 40, lines: 8, several: 15 },
        Self { opened_apart: false, rows: 0, spaces: 20, lines: 5, several: 10 },
        Self { opened_apart: false, rows: 0, spaces: 8, lines: 2, several: 5 },
    ];
}

/// A plan as it is shown where nothing else was asked for.
pub fn plan_as_text(plan: &Plan) -> String {
    plan_as_text_in(plan, &View::default())
}

/// What the plan opens, changes by space, what is unmanaged, what could not be seen, and a summary.
pub fn plan_as_text_in(plan: &Plan, view: &View) -> String {
    let review = Review::of(plan, view);
    let [whole, cut @ ..] = Detail::LEVELS;
    let mut text = drawn(&review, whole);
    if view.all {
        return text;
    }
    for detail in cut {
        if text.lines().count() <= LINES {
            break;
        }
        text = drawn(&review, detail);
    }
    text
}

/// One screen: how much changes in which space, and whether the plan is blocked.
pub fn plan_as_summary(plan: &Plan) -> String {
    let review = Review::of(plan, &View::default());
    let mut text = String::new();
    let opened = review.opened_by_space();
    let counted = Counted::by_space(plan);
    // Where not all spaces fit, those that are opened are seen.
    let mut spaces: Vec<_> = counted.iter().collect();
    spaces.sort_by_key(|(key, _)| !opened.contains_key(*key));
    for (key, counted) in spaces.into_iter().take(SUMMARY) {
        let sign = if opened.contains_key(key) { paint(REMOVE, "!") } else { paint(CHANGE, "~") };
        let _ = writeln!(text, "{sign} {}: {}", title(plan, key), counted.words().join(", "));
    }
    if counted.len() > SUMMARY {
        let more = opened.len().saturating_sub(SUMMARY);
        let warning = if more > 0 { format!(", {more} of which are opened in part") } else { String::new() };
        let _ = writeln!(text, "… and {} more spaces{warning}", counted.len() - SUMMARY);
    }
    let blocked = blocked_as_text(plan);
    for line in blocked.lines().take(SUMMARY) {
        let _ = writeln!(text, "{line}");
    }
    let _ = writeln!(text, "{}", plan_in_a_line(plan, Basis::Policy));
    text
}

fn drawn(review: &Review<'_>, detail: Detail) -> String {
    let plan = review.plan;
    let mut text = String::new();
    opened(review, detail, &mut text);
    if !review.several.is_empty() {
        let _ = writeln!(text, "{}", paint(HEADING, "In several spaces"));
        table(review, &review.several, detail.several, None, &mut text);
        text.push('\n');
    }
    if detail.rows > 0 {
        for (key, rows) in &review.spaces {
            heading(plan, key, &mut text);
            table(review, rows, detail.rows, None, &mut text);
            text.push('\n');
        }
    } else if !review.spaces.is_empty() {
        let counted = Counted::by_space(plan).into_iter();
        let counts =
            counted.map(|(key, counted)| format!("{}: {}", title(plan, key), counted.words().join(", ")));
        lines(&paint(HEADING, "By space"), &counts.collect::<Vec<_>>(), &[], detail.spaces, &mut text);
    }
    for Section { heading, lines: all, rest, .. } in &review.sections {
        lines(heading, all, rest, detail.lines, &mut text);
    }
    if text.contains(CUT) {
        let _ = writeln!(text, "Shown in part; `--all` shows every change, name and warning.\n");
    }
    let _ = writeln!(text, "{}", plan_in_a_line(plan, review.basis));
    text
}

/// How a line begins that counts what is not shown.
const CUT: &str = "\n  … and ";

/// What the plan opens, which is shown however much that is.
fn opened(review: &Review<'_>, detail: Detail, text: &mut String) {
    if review.opened.is_empty() {
        return;
    }
    let _ = writeln!(text, "{}", paint(REMOVE, "Opened: no longer only for named users and groups"));
    if detail.opened_apart {
        let several = review.plan.spaces.len() > 1;
        let space =
            |row: &ReviewRow<'_>| if several { format!("{}  ", row.spaces[0]) } else { String::new() };
        table(review, &review.opened, usize::MAX, Some(&space), text);
    } else {
        for (key, opened) in review.opened_by_space() {
            let mut parts = opened.access;
            for (list, pages) in opened.pages {
                let names: Vec<String> = pages.iter().map(|page| review.plan.page(*page)).collect();
                let verb = match list {
                    PageList::View => "view of",
                    PageList::Edit => "edit of",
                };
                parts.push(format!("{verb} {}", names.join(", ")));
            }
            let _ = writeln!(text, "  {} {key}  {}", paint(REMOVE, "!"), parts.join("; "));
        }
    }
    text.push('\n');
}

fn lines(heading: &str, lines: &[String], rest: &[String], most: usize, text: &mut String) {
    let _ = writeln!(text, "{heading}");
    // A line that says how many more there are is no shorter than the one line that it stands for.
    let shown = if lines.len() > most.saturating_add(1) { most } else { lines.len() };
    for line in &lines[..shown] {
        let _ = writeln!(text, "  {line}");
    }
    if shown < lines.len() {
        let _ = writeln!(text, "  … and {} more", lines.len() - shown);
    }
    for line in rest {
        let _ = writeln!(text, "  {line}");
    }
    text.push('\n');
}

/// `ENG  Engineering`.
fn title(plan: &Plan, key: &SpaceKey) -> String {
    plan.spaces.get(key).map_or_else(|| key.to_string(), |space| format!("{key}  {}", space.name))
}

fn heading(plan: &Plan, key: &SpaceKey, text: &mut String) {
    let mode = match plan.spaces.get(key).map(|space| space.mode) {
        Some(Mode::Authoritative) => "authoritative",
        Some(Mode::Additive) => "additive",
        Some(Mode::Paused) => "paused",
        None => "",
    };
    let title = title(plan, key);
    let gap = gap(&title, RIGHT.saturating_sub(mode.len()));
    let _ = writeln!(text, "{}  {gap}{mode}", paint(HEADING, &title));
}

/// Rows in columns.
fn table(
    review: &Review<'_>,
    rows: &[ReviewRow<'_>],
    most: usize,
    before: Option<&dyn Fn(&ReviewRow<'_>) -> String>,
    text: &mut String,
) {
    let shown = if rows.len() > most.saturating_add(1) { most } else { rows.len() };
    let (rows, more) = rows.split_at(shown);
    let cells: Vec<[String; 3]> = rows
        .iter()
        .map(|row| [before.map_or_else(String::new, |before| before(row)), review.what(row), row.who_words()])
        .collect();
    let [first, what, who] = [0, 1, 2].map(|at| column(cells.iter().map(|cells| cells[at].as_str()), WIDEST));
    for (row, cells) in rows.iter().zip(&cells) {
        let style = match row.kind {
            RowKind::Opened | RowKind::Removed => REMOVE,
            RowKind::Restricted | RowKind::Changed => CHANGE,
            RowKind::Added => ADD,
        };
        let _ = writeln!(
            text,
            "  {} {}{}  {}  {}",
            paint(style, &row.kind.sign().to_string()),
            pad(&cells[0], first),
            pad(&cells[1], what),
            pad(&cells[2], who),
            paint(FAINT, &row.why)
        );
    }
    if !more.is_empty() {
        let _ = writeln!(text, "  … and {}", count(more.len(), "more change", "more changes"));
    }
}
