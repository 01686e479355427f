//! Text of others in Markdown: always in a code span, where no mark-up, mention, reference or HTML counts.

use std::collections::BTreeSet;

use anstream::adapter::strip_str;

use crate::model::{ContentId, SiteText};

/// A code span that shows exactly this text. The fence is longer than any run of backticks in it (section 6.1 of the specification).
pub(super) fn code(text: &str) -> String {
    let text = text.replace('\n', " ");
    let text = text.trim();
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    if text.is_empty() {
        String::new()
    } else if text.starts_with('`') || text.ends_with('`') {
        format!("{fence} {text} {fence}")
    } else {
        format!("{fence}{text}{fence}")
    }
}

/// Text inside of an HTML block. Mentions do not count inside of `<code>`.
pub(super) fn html(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 13);
    safe.push_str("<code>");
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe.push_str("</code>");
    safe
}

/// Makes lines of Markdown from lines of text.
pub(super) struct Inline<'a> {
    base: Option<&'a str>,
    /// The pages that are written `id:N`, which become links.
    hidden: &'a BTreeSet<ContentId>,
}

impl<'a> Inline<'a> {
    pub(super) fn new(base: &'a SiteText, hidden: &'a BTreeSet<ContentId>) -> Self {
        let base = base.raw();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '/' | '.' | '-' | '_' | '~');
        let is_web = base.starts_with("https://") || base.starts_with("http://");
        Self { base: (is_web && base.chars().all(is_plain)).then_some(base.trim_end_matches('/')), hidden }
    }

    /// A line that may hold colours and names of pages.
    pub(super) fn line(&self, text: &str) -> String {
        // Columns are for terminals.
        let text = strip_str(text).to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        let mut parts: Vec<String> = Vec::new();
        let (mut from, mut at) = (0, 0);
        while let Some(found) = text[at..].find("id:") {
            let start = at + found;
            let digits = text[start + 3..].find(|c: char| !c.is_ascii_digit());
            let end = digits.map_or(text.len(), |digits| start + 3 + digits);
            let is_word = !text[..start].ends_with(|c: char| c.is_alphanumeric());
            let page = text[start + 3..end].parse::<ContentId>().ok();
            at = end;
            if let Some(page) = page.filter(|page| is_word && self.hidden.contains(page)) {
                parts.push(code(&text[from..start]));
                parts.push(self.page(page));
                from = end;
            }
        }
        parts.push(code(&text[from..]));
        parts.retain(|part| !part.is_empty());
        parts.join(" ")
    }

    /// A page without its title.
    fn page(&self, page: ContentId) -> String {
        match self.base {
            Some(base) => format!("[id:{page}]({base}/pages/viewpage.action?pageId={page})"),
            None => format!("id:{page}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_span_holds_any_text() {
        for (text, expected) in [
            ("a", "`a`"),
            ("a`b", "``a`b``"),
            ("```", "```` ``` ````"),
            ("`", "`` ` ``"),
            ("a\nb", "`a b`"),
            ("", ""),
        ] {
            assert_eq!(code(text), expected);
        }
    }

    #[test]
    fn only_pages_without_a_title_become_links() {
        let hidden = BTreeSet::from(["12".parse().unwrap()]);
        let base = SiteText::from("https://acme.example/wiki");
        let inline = Inline::new(&base, &hidden);
        let link = "[id:12](https://acme.example/wiki/pages/viewpage.action?pageId=12)";
        for (text, expected) in [
            (
                "loses view of id:12 and 2 pages below it",
                format!("`loses view of` {link} `and 2 pages below it`"),
            ),
            ("id:12", link.to_owned()),
            ("id:123 and void:12", "`id:123 and void:12`".to_owned()),
        ] {
            assert_eq!(inline.line(text), expected);
        }
        let base = SiteText::from("https://acme.example/wiki) <b>");
        assert_eq!(Inline::new(&base, &hidden).line("id:12"), "id:12");
    }
}
