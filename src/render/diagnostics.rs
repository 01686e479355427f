//! Draws findings as the Rust compiler does: message, place, source line, caret, help.
//!
//! Policies come from pull requests: whatever text of theirs is shown, control characters do not reach
//! the terminal.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use camino::Utf8Path;

use crate::diagnostic::{Diagnostic, Diagnostics, Label, Severity, Sources};
use crate::model::harmless;

/// Whether the output goes to something that shows colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    Plain,
    Coloured,
}

/// The width is fixed, so that the same findings are the same bytes everywhere.
const WIDTH: usize = 120;

/// All findings, one below the other, with an empty line between them and a line end after the last.
pub fn draw(findings: &Diagnostics, sources: &Sources, paint: Paint) -> String {
    let renderer = match paint {
        Paint::Plain => Renderer::plain(),
        Paint::Coloured => Renderer::styled(),
    }
    .term_width(WIDTH)
    .decor_style(DecorStyle::Ascii);
    let drawn: Vec<String> = findings.iter().map(|finding| one(finding, sources, &renderer)).collect();
    let mut page = drawn.join("\n\n");
    if !page.is_empty() {
        page.push('\n');
    }
    page
}

fn one(finding: &Diagnostic, sources: &Sources, renderer: &Renderer) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group =
        Group::with_title(level.primary_title(harmless(&finding.message)).id(finding.code.as_str()));
    let mut files: Vec<&Utf8Path> = Vec::new();
    for label in &finding.labels {
        if !files.contains(&&*label.span.file) {
            files.push(&label.span.file);
        }
    }
    for file in files {
        let labels = finding.labels.iter().enumerate().filter(|(_, label)| &*label.span.file == file);
        group = group.element(match sources.quotable(file) {
            Some(text) => snippet(file, text, labels),
            // Nothing to show but the place, as for a file that is not text, or one that must not be quoted.
            None => labels
                .map(|(_, label)| {
                    let origin = Origin::path(harmless(file.as_str())).line(label.span.line as usize);
                    origin.char_column(label.span.column as usize)
                })
                .next()
                .map_or_else(|| Element::from(Origin::path(harmless(file.as_str()))), Element::from),
        });
    }
    if let Some(help) = &finding.help {
        group = group.element(Level::HELP.message(harmless(help)));
    }
    renderer.render(&[group])
}

fn snippet<'a>(
    file: &'a Utf8Path,
    text: &'a str,
    labels: impl Iterator<Item = (usize, &'a Label)>,
) -> Element<'a> {
    let labels: Vec<(usize, &Label)> = labels.collect();
    // Only the lines between the labels: a file may have a hundred thousand.
    let spans = || labels.iter().map(|(_, label)| &label.span);
    let first = spans().min_by_key(|span| span.start);
    let from = first.map_or(0, |first| text[..first.start].rfind('\n').map_or(0, |end| end + 1));
    let last = spans().map(|span| span.end).max().unwrap_or(from);
    let to = text[last..].find('\n').map_or(text.len(), |end| last + end + 1);
    let mut snippet = Snippet::source(&text[from..to])
        .path(harmless(file.as_str()))
        .line_start(first.map_or(1, |first| first.line as usize));
    for (at, label) in labels {
        let kind = if at == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let words = Some(harmless(&label.text)).filter(|words| !words.is_empty());
        snippet = snippet.annotation(kind.span(label.span.start - from..label.span.end - from).label(words));
    }
    Element::from(snippet)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::from_sources;

    fn drawn(text: &str, paint: Paint) -> String {
        let mut sources = Sources::default();
        sources.insert("a.yaml".into(), text);
        let loaded = from_sources(sources);
        draw(&loaded.findings, &loaded.sources, paint)
    }

    #[test]
    fn colours_come_only_where_they_are_wanted() {
        assert!(!drawn("version: 2", Paint::Plain).contains('\u{1b}'));
        assert!(drawn("version: 2", Paint::Coloured).contains('\u{1b}'));
    }

    #[test]
    fn a_policy_cannot_write_to_the_terminal() {
        let text = "version: 1\nspaces: {ENG: {access: {\"x\\e[2J\": [\"y\\e[2J\", \"group:\\e[2J\\r\", \"user:\\b\"]}}}";
        let page = drawn(text, Paint::Plain);
        assert!(page.contains("2J"));
        assert!(page.chars().all(|c| c == '\n' || !c.is_control()), "{page:?}");
    }
}
