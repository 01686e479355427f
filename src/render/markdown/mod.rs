//! A plan as a comment on a pull request: the verdict first, then what is opened and removed, who gains and loses,
//! what is unknown, and the details folded, space by space. It fits into a comment whatever the size of the plan, and
//! shows every page that the plan opens as long as that is possible at all.

mod inline;

use std::fmt::Write as _;

use anstream::adapter::strip_str;

use crate::access::Direction;
use crate::model::{PageList, SpaceKey, harmless};
use crate::plan::Plan;
use crate::policy::lock::LOCK_FILE;

use super::review::{Counted, Review, ReviewPart, ReviewRow, RowKind, View};
use super::style::count;
use super::text::plan_in_a_line;
use super::titles::{Titles, with_titles};
use inline::{Inline, code, html};

/// GitHub takes 65,536 characters, and the workflow may add a line of its own.
const CHARACTERS: usize = 59_500;
/// What the end of a comment may take.
const END: usize = 1_500;
/// Above this, opened pages are listed by number.
const OPENED_APART: usize = 20_000;
/// What is left to everything else where a plan opens very many pages.
const BESIDE_OPENED: usize = 8_000;
/// The most that one part may take, so that the next ones are seen as well.
const PART: usize = 7_000;

/// The comment. Its first line is a marker that no reader sees: by it a workflow finds the comment again, and the hash
/// of the plan that was approved.
pub fn plan_as_markdown(plan: &Plan, view: &View, titles: Titles) -> String {
    let (plan, hidden) = with_titles(plan, titles);
    let review = Review::of(&plan, &View { all: false, ..view.clone() });
    let inline = Inline::new(&plan.site.base_url, &hidden);
    let mut comment =
        CommentText { review: &review, inline, text: String::new(), left: CHARACTERS - END, cut: 0 };
    comment.head();
    comment.sections("Blocked", &[ReviewPart::Blocked]);
    comment.unlocked(&view.unlocked);
    comment.opened();
    comment.removed();
    comment.sections("Who gains, who loses", &[ReviewPart::Effects]);
    comment.sections("Unknown, or left out", &[ReviewPart::Incomplete, ReviewPart::Unseen]);
    comment.sections(
        "Worth a look",
        &[ReviewPart::Lints, ReviewPart::PageOnly, ReviewPart::Meanwhile, ReviewPart::Ending],
    );
    comment.sections("Guards", &[ReviewPart::Guards]);
    comment.details();
    comment.end()
}

struct CommentText<'a> {
    review: &'a Review<'a>,
    inline: Inline<'a>,
    text: String,
    /// Characters that may still be written.
    left: usize,
    /// Lines that found no room.
    cut: usize,
}

impl CommentText<'_> {
    fn head(&mut self) {
        let plan = self.review.plan;
        let site = plan.site.cloud_id.as_deref().unwrap_or_else(|| plan.site.base_url.raw());
        let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '/');
        let site: String = site.chars().filter(plain).collect();
        let address = plan.site.base_url.shown();
        let head = format!(
            "<!-- confperm plan site={site} hash={} -->\n### {}: {}\n\n{}\n",
            plan.hash,
            verdict(self.review),
            code(address.as_str()),
            code(&plan_in_a_line(plan, self.review.basis)),
        );
        self.write(&head);
    }

    /// Everything that the plan opens: a line for each page, or where that is too long, the numbers of the pages.
    fn opened(&mut self) {
        let review = self.review;
        if review.opened.is_empty() {
            return;
        }
        let apart: Vec<String> = review.opened.iter().map(|row| self.row(row, true)).collect();
        let length: usize = apart.iter().map(|line| line.chars().count() + 1).sum();
        let lines = if length <= OPENED_APART { apart } else { self.opened_by_number() };
        self.write("\n**Opened: no longer only for named users and groups**\n\n");
        self.lines(&lines, self.left.saturating_sub(BESIDE_OPENED), "opened");
    }

    fn opened_by_number(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (key, opened) in self.review.opened_by_space() {
            lines.extend(
                opened.access.iter().map(|access| format!("- {} {}", code(key.as_str()), code(access))),
            );
            for (list, pages) in opened.pages {
                let verb = match list {
                    PageList::View => "view",
                    PageList::Edit => "edit",
                };
                // A line that is too long as a whole would be left out as a whole.
                for pages in pages.chunks(100) {
                    let ids: Vec<String> = pages.iter().map(ToString::to_string).collect();
                    lines.push(format!("- {} {verb} of pages {}", code(key.as_str()), ids.join(", ")));
                }
            }
        }
        lines
    }

    /// What keeps an approved plan from being applied, and so belongs before the plan.
    fn unlocked(&mut self, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        self.write(&format!(
            "\n**{LOCK_FILE} lacks names of this policy**\n\n`apply --locked` would be refused, or would skip \
             what only files of teams name. Run `confperm plan` on this branch and commit the file, or add these lines:\n\n"
        ));
        let lines: Vec<String> = lines.iter().map(|line| format!("    {}", harmless(line))).collect();
        self.lines(&lines, PART, "");
    }

    fn removed(&mut self) {
        let review = self.review;
        let rows = review.several.iter().chain(review.spaces.values().flatten());
        let removed: Vec<String> =
            rows.filter(|row| row.kind == RowKind::Removed).map(|row| self.row(row, true)).collect();
        if !removed.is_empty() {
            self.write("\n**Removed**\n\n");
            self.lines(&removed, PART, "");
        }
    }

    /// The sections of some parts, under one heading.
    fn sections(&mut self, heading: &str, parts: &[ReviewPart]) {
        let review = self.review;
        let sections: Vec<_> = parts.iter().flat_map(|part| review.sections(*part)).collect();
        if sections.is_empty() {
            return;
        }
        self.write(&format!("\n**{heading}**\n\n"));
        for section in sections {
            let own = strip_str(&section.heading).to_string();
            if own != heading {
                self.lines(&[format!("- {}", self.inline.line(&own))], PART, "");
            }
            let lines: Vec<String> = section
                .lines
                .iter()
                .chain(&section.rest)
                .map(|line| format!("- {}", self.inline.line(line)))
                .collect();
            self.lines(&lines, PART, "");
        }
    }

    /// All changes, folded, and what is unmanaged.
    fn details(&mut self) {
        let review = self.review;
        let plan = review.plan;
        let several: Vec<String> = review.several.iter().map(|row| self.row(row, false)).collect();
        self.fold("In several spaces", &several);
        let counted = Counted::by_space(plan);
        let mut folded = 0;
        for (key, rows) in &review.spaces {
            let lines: Vec<String> = rows.iter().map(|row| self.row(row, false)).collect();
            let name = plan
                .spaces
                .get(*key)
                .map_or_else(|| key.to_string(), |space| format!("{key} {}", space.name));
            let words = counted.get(*key).map_or_else(String::new, |counted| counted.words().join(", "));
            folded += usize::from(!self.fold(&format!("{}: {words}", html(&name)), &lines));
        }
        let unmanaged: Vec<String> = review
            .sections(ReviewPart::Unmanaged)
            .flat_map(|section| &section.lines)
            .map(|line| format!("- {}", self.inline.line(line)))
            .collect();
        self.fold("Unmanaged, and left as it is", &unmanaged);
        if self.cut > 0 || folded > 0 {
            let spaces = count(folded, "space", "spaces");
            // What the end may take is enough for this sentence.
            let _ = write!(
                self.text,
                "\n**Shortened.** A comment has room for 65,536 characters: {} and the details of {spaces} are left out \
                 here. `confperm plan --all` shows everything.\n",
                count(self.cut, "line", "lines"),
            );
        }
    }

    /// Lines that open on a click. Whether there was room for them; they are shown all or not at all.
    fn fold(&mut self, summary: &str, lines: &[String]) -> bool {
        if lines.is_empty() {
            return true;
        }
        let text = format!("\n<details><summary>{summary}</summary>\n\n{}\n\n</details>\n", lines.join("\n"));
        let fits = text.chars().count() <= self.left;
        if fits {
            self.write(&text);
        }
        fits
    }

    fn end(mut self) -> String {
        let plan = self.review.plan;
        if !plan.is_empty() && !plan.is_blocked() {
            let _ =
                write!(self.text, "\nTo apply exactly this plan: `confperm apply --expect {}`\n", plan.hash);
        }
        self.text
    }

    /// As many lines as there is room for, and how many more there are. What was `opened` is not just counted.
    fn lines(&mut self, lines: &[String], most: usize, what: &str) {
        let mut room = most.min(self.left.saturating_sub(200));
        let mut shown = 0;
        for line in lines {
            let length = line.chars().count() + 1;
            if length > room {
                break;
            }
            room -= length;
            self.write(line);
            self.write("\n");
            shown += 1;
        }
        let more = lines.len() - shown;
        if more > 0 {
            self.cut += more;
            let more = count(more, "more line", "more lines");
            let warning =
                if what.is_empty() { "" } else { ": **not everything that is opened is shown here**" };
            self.write(&format!("- and {more}{warning}\n"));
        }
    }

    /// A change as a list item.
    fn row(&self, row: &ReviewRow<'_>, with_space: bool) -> String {
        let review = self.review;
        let space: &SpaceKey = row.spaces[0];
        let key = if with_space && row.spaces.len() == 1 { format!("{space}  ") } else { String::new() };
        let words = format!("{key}{} {}  {}", row.kind.sign(), review.what(row), row.who_words());
        format!("- {} · {}", self.inline.line(&words), code(&row.why))
    }

    fn write(&mut self, text: &str) {
        self.left = self.left.saturating_sub(text.chars().count());
        self.text.push_str(text);
    }
}

/// The first words of the title: what a reviewer has to know before anything else.
fn verdict(review: &Review<'_>) -> String {
    let plan = review.plan;
    if plan.is_blocked() {
        return "Plan blocked".to_owned();
    }
    let incomplete = if plan.is_complete() { "" } else { ", and is incomplete" };
    let loses = plan.effects.lines.iter().any(|line| line.direction == Direction::Loses);
    let what = if plan.is_empty() {
        "Plan changes nothing".to_owned()
    } else if !review.opened.is_empty() {
        format!("Plan opens {}", count(review.opened.len(), "list", "lists"))
    } else if loses {
        "Plan takes access away".to_owned()
    } else {
        "Plan takes no access away".to_owned()
    };
    format!("{what}{incomplete}")
}
