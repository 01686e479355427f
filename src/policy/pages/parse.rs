//! The text of a name or a pattern of pages.

use std::str::FromStr;

use super::invalid::InvalidSelector;
use super::link::Link;
use super::{Depth, PageName, PageSelector};
use crate::model::folded;

impl PageSelector {
    /// What stands after `KEY/` where a page is named together with its space.
    pub fn in_space(text: &str) -> Result<Self, InvalidSelector> {
        if text.starts_with("label:") {
            return Err(InvalidSelector::LabelElsewhere);
        }
        let by_prefix = ["id:", "blog:"].into_iter().any(|prefix| text.starts_with(prefix));
        if by_prefix { text.parse() } else { format!("/{text}").parse() }
    }
}

impl FromStr for PageName {
    type Err = InvalidSelector;

    fn from_str(text: &str) -> Result<Self, InvalidSelector> {
        match text.parse()? {
            PageSelector::Page(name) => Ok(name),
            PageSelector::Below { .. } | PageSelector::Labelled(_) => Err(InvalidSelector::Many),
        }
    }
}

impl FromStr for PageSelector {
    type Err = InvalidSelector;

    fn from_str(text: &str) -> Result<Self, InvalidSelector> {
        if let Some(link) = Link::parse(text) {
            return link.map(|link| Self::Page(link.page));
        }
        if let Some(number) = text.strip_prefix("id:") {
            let (number, path) = match number.split_once('/') {
                Some((number, path)) => (number.trim(), Some(path)),
                None => (number.trim(), None),
            };
            let id = number.parse().map_err(|_| InvalidSelector::Id(number.to_owned()))?;
            return path.map_or(Ok(Self::Page(PageName::Id(id))), |path| below(Some(PageName::Id(id)), path));
        }
        if let Some(title) = text.strip_prefix("blog:") {
            let title = folded(title);
            return if title.is_empty() {
                Err(InvalidSelector::Empty)
            } else {
                Ok(Self::Page(PageName::Blog(title.into_owned())))
            };
        }
        if let Some(label) = text.strip_prefix("label:") {
            let label = folded(&label.to_lowercase()).into_owned();
            return label.parse().map(Self::Labelled).map_err(|_| InvalidSelector::Label(label));
        }
        let Some(path) = text.strip_prefix('/') else {
            return match text {
                _ if text.trim().is_empty() => Err(InvalidSelector::Empty),
                "*" | "**" => Err(InvalidSelector::GlobWithoutPath),
                _ if text.ends_with("/*") || text.ends_with("/**") => Err(InvalidSelector::GlobWithoutPath),
                _ => Ok(Self::Page(PageName::Title(unescape(text)))),
            };
        };
        if path.is_empty() {
            return Err(InvalidSelector::Empty);
        }
        below(None, path)
    }
}

/// A path that begins at the top of the space, or below a page that is named by its number.
fn below(start: Option<PageName>, path: &str) -> Result<PageSelector, InvalidSelector> {
    let mut parts = split(path);
    let reach = match parts.last() {
        Some(SelectorPart::Star(reach)) => {
            let reach = *reach;
            parts.pop();
            Some(reach)
        }
        _ => None,
    };
    let mut titles = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            SelectorPart::Star(_) => return Err(InvalidSelector::InnerGlob),
            SelectorPart::Title(title) if title.is_empty() => return Err(InvalidSelector::EmptyPart),
            SelectorPart::Title(title) => titles.push(title),
        }
    }
    let name = match (start, titles.is_empty()) {
        (start, true) => start,
        (Some(PageName::Id(below)), false) => Some(PageName::Path { below: Some(below), titles }),
        (_, false) => Some(PageName::path(titles)),
    };
    match (name, reach) {
        (anchor, Some(reach)) => Ok(PageSelector::Below { anchor, reach }),
        (Some(name), None) => Ok(PageSelector::Page(name)),
        (None, None) => Err(InvalidSelector::Empty),
    }
}

enum SelectorPart {
    Title(String),
    Star(Depth),
}

/// Parts between slashes that are not escaped.
fn split(path: &str) -> Vec<SelectorPart> {
    let mut parts = Vec::new();
    let mut from = 0;
    let mut escaped = false;
    for (at, c) in path.char_indices().chain([(path.len(), '/')]) {
        if at == path.len() || (c == '/' && !escaped) {
            parts.push(match &path[from..at] {
                "*" => SelectorPart::Star(Depth::Children),
                "**" => SelectorPart::Star(Depth::All),
                title => SelectorPart::Title(unescape(title)),
            });
            from = at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    parts
}

/// A title as names compare, see [`folded`]. `\/`, `\*` and `\\` are a slash, a star and a backslash; any other backslash
/// is itself.
fn unescape(title: &str) -> String {
    let mut plain = String::with_capacity(title.len());
    let mut chars = title.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('/' | '*' | '\\')) => plain.extend(chars.next()),
            _ => plain.push(c),
        }
    }
    folded(&plain).into_owned()
}

/// A title as a part of a path.
pub fn escape(title: &str) -> String {
    let plain = title.replace('\\', "\\\\").replace('/', "\\/");
    if matches!(plain.as_str(), "*" | "**") { plain.replace('*', "\\*") } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ContentId;

    fn parse(text: &str) -> Result<PageSelector, InvalidSelector> {
        text.parse()
    }

    fn titles<const N: usize>(titles: [&str; N]) -> Vec<String> {
        titles.map(str::to_owned).to_vec()
    }

    fn path<const N: usize>(parts: [&str; N]) -> PageName {
        PageName::path(titles(parts))
    }

    const TWELVE: ContentId = ContentId::from_number(12);

    #[test]
    fn the_forms() {
        let page = |name| Ok(PageSelector::Page(name));
        let below = |anchor, reach| Ok(PageSelector::Below { anchor, reach });
        assert_eq!(parse("id:12"), page(PageName::Id(TWELVE)));
        assert_eq!(parse("blog:Release 1.0/2"), page(PageName::Blog("Release 1.0/2".into())));
        assert_eq!(parse("On-call"), page(PageName::Title("On-call".into())));
        assert_eq!(parse("/A/B"), page(path(["A", "B"])));
        assert_eq!(
            parse("id:12/A/B"),
            page(PageName::Path { below: Some(TWELVE), titles: titles(["A", "B"]) })
        );
        assert_eq!(parse("/A/**"), below(Some(path(["A"])), Depth::All));
        assert_eq!(parse("/*"), below(None, Depth::Children));
        assert_eq!(parse("label: Runbook "), Ok(PageSelector::Labelled("runbook".parse().unwrap())));
        assert_eq!(parse("/label:runbook"), page(path(["label:runbook"])));
        assert_eq!(parse("id:12/**"), below(Some(PageName::Id(TWELVE)), Depth::All));
        assert_eq!(
            parse("id:12/A/*"),
            below(Some(PageName::Path { below: Some(TWELVE), titles: titles(["A"]) }), Depth::Children)
        );
    }

    #[test]
    fn slashes_and_stars_of_titles_are_escaped() {
        assert_eq!(parse(r"/A\/B/C\\"), Ok(PageSelector::Page(path(["A/B", r"C\"]))));
        assert_eq!(parse(r"/\*"), Ok(PageSelector::Page(path(["*"]))));
        assert_eq!(parse(r"/What *is* it\?"), Ok(PageSelector::Page(path([r"What *is* it\?"]))));
        assert_eq!(parse(r"A\/B"), Ok(PageSelector::Page(PageName::Title("A/B".into()))));
    }

    #[test]
    fn what_is_written_reads_back() {
        for text in [
            r"/A\/B/C\\/**",
            "id:7",
            "id:7/*",
            "label:on-call",
            "id:7/A",
            r"id:7/A\/B/**",
            r"blog:A/B\",
            "/*",
            r"/\*\*",
            "Plain title",
            "/A/B",
        ] {
            let selector = parse(text).unwrap();
            assert_eq!(parse(&selector.to_string()).unwrap(), selector, "{text}");
        }
    }

    #[test]
    fn a_label_names_no_page_where_a_space_stands_before_it() {
        assert_eq!(PageSelector::in_space("label:runbook"), Err(InvalidSelector::LabelElsewhere));
        assert!(PageSelector::in_space("A/label:runbook").is_ok());
    }

    #[test]
    fn what_names_no_page_is_refused() {
        for text in [
            "",
            " ",
            "/",
            "blog:",
            "blog: ",
            "label:",
            "label:on call",
            "label:a/**",
            "//A",
            "/A/",
            "/A/*/B",
            "/**/B",
            "**",
            "*",
            "id:x",
            "id:",
            "A/**",
            "id:/A",
            "id:7/",
            "id:7//A",
            "id:7/*/A",
            "https://acme.atlassian.net/wiki",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
        assert_eq!("/A/*".parse::<PageName>(), Err(InvalidSelector::Many));
    }
}
