//! How a policy names pages, and which pages of a tree that means.

use std::collections::BTreeSet;
use std::fmt;

use crate::model::{Content, ContentId, ContentKind, ContentReach, LiveSpace, Tree};

/// The left side of an entry under `pages`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PageSelector {
    /// `id:12345`.
    Id(ContentId),
    /// `blog:Release 1.0`: the blog post with this title.
    Blog(String),
    /// `On-call`: whatever has this title, anywhere in the space.
    Title(String),
    /// `/Runbooks/On-call`: titles from the top of the space, or from below its homepage.
    Path(Vec<String>),
    /// `/Runbooks/*` and `/Runbooks/**`: pages below a page, and for `/*` and `/**` below the space.
    Below { base: Vec<String>, reach: Reach },
}

/// How far down a pattern reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// `**`: everything below.
    All,
    /// `*`: what stands directly below.
    Children,
}

/// Why a text names no pages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSelector {
    #[error("this names no page")]
    Empty,
    #[error("`{0}` is not the number of a page")]
    Id(String),
    #[error("a part of this path is empty")]
    EmptyPart,
    #[error("`*` and `**` can only stand at the end of a path")]
    InnerGlob,
    #[error("a pattern needs a path: it begins with `/`")]
    GlobWithoutPath,
}

impl InvalidSelector {
    /// What to write instead.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Empty => {
                "write a path of titles such as `/Runbooks/On-call`, a title, `id:12345`, or `blog:TITLE`"
            }
            Self::Id(_) => {
                "the number stands in the address of the page, after `/pages/`; \
                 for a title that begins with `id:`, write its path"
            }
            Self::EmptyPart => {
                "remove the extra `/`; a `/` that belongs to a title is written `\\/`, \
                 and every page of the space is `/**`"
            }
            Self::InnerGlob => "for a page whose title is a star, write `\\*`",
            Self::GlobWithoutPath => {
                "write `/**` for every page of the space, `/Handbook/**` for those below a page"
            }
        }
    }
}

impl PageSelector {
    /// The content that it may mean.
    pub const fn content_reach(&self) -> ContentReach {
        match self {
            Self::Below { .. } => ContentReach::Pattern,
            Self::Path(_) => ContentReach::Path,
            Self::Id(_) | Self::Blog(_) | Self::Title(_) => ContentReach::Named,
        }
    }

    /// What stands after `KEY/` where a page is named together with its space.
    pub fn in_space(text: &str) -> Result<Self, InvalidSelector> {
        let by_prefix = ["id:", "blog:"].into_iter().any(|prefix| text.starts_with(prefix));
        if by_prefix { text.parse() } else { format!("/{text}").parse() }
    }
}

impl std::str::FromStr for PageSelector {
    type Err = InvalidSelector;

    fn from_str(text: &str) -> Result<Self, InvalidSelector> {
        if let Some(number) = text.strip_prefix("id:") {
            let number = number.trim();
            return number.parse().map(Self::Id).map_err(|_| InvalidSelector::Id(number.to_owned()));
        }
        if let Some(title) = text.strip_prefix("blog:") {
            let title = title.trim();
            return if title.is_empty() {
                Err(InvalidSelector::Empty)
            } else {
                Ok(Self::Blog(title.to_owned()))
            };
        }
        let Some(path) = text.strip_prefix('/') else {
            return match text {
                _ if text.trim().is_empty() => Err(InvalidSelector::Empty),
                "*" | "**" => Err(InvalidSelector::GlobWithoutPath),
                _ if text.ends_with("/*") || text.ends_with("/**") => Err(InvalidSelector::GlobWithoutPath),
                _ => Ok(Self::Title(unescape(text))),
            };
        };
        if path.is_empty() {
            return Err(InvalidSelector::Empty);
        }
        let mut parts = split(path);
        let reach = match parts.last() {
            Some(Part::Star(reach)) => {
                let reach = *reach;
                parts.pop();
                Some(reach)
            }
            _ => None,
        };
        let mut titles = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Part::Star(_) => return Err(InvalidSelector::InnerGlob),
                Part::Title(title) if title.is_empty() => return Err(InvalidSelector::EmptyPart),
                Part::Title(title) => titles.push(title),
            }
        }
        Ok(match reach {
            Some(reach) => Self::Below { base: titles, reach },
            None => Self::Path(titles),
        })
    }
}

enum Part {
    Title(String),
    Star(Reach),
}

/// Parts between slashes that are not escaped.
fn split(path: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut from = 0;
    let mut escaped = false;
    for (at, c) in path.char_indices().chain([(path.len(), '/')]) {
        if at == path.len() || (c == '/' && !escaped) {
            parts.push(match &path[from..at] {
                "*" => Part::Star(Reach::Children),
                "**" => Part::Star(Reach::All),
                title => Part::Title(unescape(title)),
            });
            from = at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    parts
}

/// `\/`, `\*` and `\\` are a slash, a star and a backslash; any other backslash is itself.
fn unescape(title: &str) -> String {
    let mut plain = String::with_capacity(title.len());
    let mut chars = title.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some('/' | '*' | '\\')) => plain.extend(chars.next()),
            _ => plain.push(c),
        }
    }
    plain
}

/// A title as a part of a path.
pub fn escape(title: &str) -> String {
    let plain = title.replace('\\', "\\\\").replace('/', "\\/");
    if matches!(plain.as_str(), "*" | "**") { plain.replace('*', "\\*") } else { plain }
}

impl fmt::Display for PageSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = |f: &mut fmt::Formatter<'_>, titles: &[String]| {
            titles.iter().try_for_each(|title| write!(f, "/{}", escape(title)))
        };
        match self {
            Self::Id(id) => write!(f, "id:{id}"),
            Self::Blog(title) => write!(f, "blog:{title}"),
            Self::Title(title) => f.write_str(&escape(title)),
            Self::Path(titles) => path(f, titles),
            Self::Below { base, reach } => {
                path(f, base)?;
                f.write_str(match reach {
                    Reach::All => "/**",
                    Reach::Children => "/*",
                })
            }
        }
    }
}

/// What a selector means in one space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matched {
    /// Exactly these; more than one is ambiguous, none is a mistake.
    Exact(BTreeSet<ContentId>),
    /// A pattern whose upper end was found: what it reaches, and how deep that end stands.
    Below { depth: usize, reached: BTreeSet<ContentId> },
    /// A pattern whose upper end was not found, or more than once.
    NoBase(BTreeSet<ContentId>),
}

/// Which content of a tree a selector means, for an entry of `pages`.
///
/// Whether other content than pages can be restricted is not documented. A pattern walks through it and leaves
/// it alone; whoever wants it names it.
pub fn matched(selector: &PageSelector, space: &LiveSpace, tree: &Tree) -> Matched {
    let is_page = |id: &ContentId| tree.get(*id).is_some_and(|content| content.kind == ContentKind::Page);
    match matched_content(selector, space, tree) {
        Matched::Below { depth, mut reached } => {
            reached.retain(is_page);
            Matched::Below { depth, reached }
        }
        matched @ (Matched::Exact(_) | Matched::NoBase(_)) => matched,
    }
}

/// The pages that a selector reaches; none if what it names is missing or ambiguous.
pub fn reached(selector: &PageSelector, space: &LiveSpace, tree: &Tree) -> BTreeSet<ContentId> {
    match matched(selector, space, tree) {
        Matched::Exact(pages) if pages.len() == 1 => pages,
        Matched::Below { reached, .. } => reached,
        Matched::Exact(_) | Matched::NoBase(_) => BTreeSet::new(),
    }
}

/// Which content of a tree a selector means, folders and their like included.
pub(super) fn matched_content(selector: &PageSelector, space: &LiveSpace, tree: &Tree) -> Matched {
    match selector {
        PageSelector::Id(id) => Matched::Exact(tree.get(*id).map(|page| page.id).into_iter().collect()),
        PageSelector::Title(title) => Matched::Exact(
            tree.iter().filter(|page| is_named(page, title) && in_tree(page)).map(|page| page.id).collect(),
        ),
        PageSelector::Blog(title) => Matched::Exact(
            tree.iter().filter(|post| is_named(post, title) && !in_tree(post)).map(|post| post.id).collect(),
        ),
        PageSelector::Path(titles) => Matched::Exact(walk(titles, space, tree).found),
        PageSelector::Below { base, reach } => {
            let (depth, top) = if base.is_empty() {
                (0, None)
            } else {
                let found = walk(base, space, tree).found;
                match found.first() {
                    Some(top) if found.len() == 1 => (tree.chain(*top).ancestors.len() + 1, Some(*top)),
                    _ => return Matched::NoBase(found),
                }
            };
            let below: Vec<&Content> = match (top, reach) {
                (Some(top), Reach::All) => tree.descendants(top),
                (Some(top), Reach::Children) => tree.children(top).collect(),
                // Also pages whose parents are hidden: they are pages of the space all the same. What may stand
                // anywhere may stand below a more specific entry, so no pattern reaches it.
                (None, Reach::All) => tree.iter().filter(|content| tree.is_placed(content.id)).collect(),
                (None, Reach::Children) => tree.roots().collect(),
            };
            let reached = below.into_iter().filter(|content| in_tree(content)).map(|content| content.id);
            Matched::Below { depth, reached: reached.collect() }
        }
    }
}

/// How far a path of titles leads.
pub(crate) struct Walk {
    pub(crate) found: BTreeSet<ContentId>,
    /// The longest part of the path that exists, and where it leads.
    pub(crate) reached: usize,
    pub(crate) last: BTreeSet<ContentId>,
}

/// Follows a path from the top of the space, and if that leads nowhere from below the homepage.
pub(crate) fn walk(titles: &[String], space: &LiveSpace, tree: &Tree) -> Walk {
    let from_top = follow(titles, tree.roots().collect(), tree);
    let home = match space.space.homepage {
        Some(home) if from_top.found.is_empty() => home,
        _ => return from_top,
    };
    let below_home = follow(titles, tree.children(home).collect(), tree);
    if below_home.found.is_empty() && below_home.reached <= from_top.reached && from_top.reached > 0 {
        from_top
    } else if below_home.reached == 0 {
        Walk { last: BTreeSet::from([home]), ..below_home }
    } else {
        below_home
    }
}

fn follow(titles: &[String], start: Vec<&Content>, tree: &Tree) -> Walk {
    let mut here = start;
    let mut last = BTreeSet::new();
    for (reached, title) in titles.iter().enumerate() {
        let next: Vec<&Content> =
            here.into_iter().filter(|page| is_named(page, title) && in_tree(page)).collect();
        if next.is_empty() {
            return Walk { found: BTreeSet::new(), reached, last };
        }
        last = next.iter().map(|page| page.id).collect();
        here = next.into_iter().flat_map(|page| tree.children(page.id)).collect();
    }
    Walk { found: last.clone(), reached: titles.len(), last }
}

fn is_named(page: &Content, title: &str) -> bool {
    page.title == *title
}

/// Blog posts stand beside the tree; they are named by `blog:TITLE` or by id.
pub(crate) fn in_tree(content: &Content) -> bool {
    content.kind != ContentKind::Blogpost
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<PageSelector, InvalidSelector> {
        text.parse()
    }

    fn titles<const N: usize>(titles: [&str; N]) -> Vec<String> {
        titles.map(str::to_owned).to_vec()
    }

    #[test]
    fn the_five_forms() {
        assert_eq!(parse("id:12"), Ok(PageSelector::Id(ContentId::from_number(12))));
        assert_eq!(parse("blog:Release 1.0/2"), Ok(PageSelector::Blog("Release 1.0/2".into())));
        assert_eq!(parse("On-call"), Ok(PageSelector::Title("On-call".into())));
        assert_eq!(parse("/A/B"), Ok(PageSelector::Path(titles(["A", "B"]))));
        assert_eq!(parse("/A/**"), Ok(PageSelector::Below { base: titles(["A"]), reach: Reach::All }));
        assert_eq!(parse("/*"), Ok(PageSelector::Below { base: vec![], reach: Reach::Children }));
    }

    #[test]
    fn slashes_and_stars_of_titles_are_escaped() {
        assert_eq!(parse(r"/A\/B/C\\"), Ok(PageSelector::Path(titles(["A/B", r"C\"]))));
        assert_eq!(parse(r"/\*"), Ok(PageSelector::Path(titles(["*"]))));
        assert_eq!(parse(r"/What *is* it\?"), Ok(PageSelector::Path(titles([r"What *is* it\?"]))));
        assert_eq!(parse(r"A\/B"), Ok(PageSelector::Title("A/B".into())));
    }

    #[test]
    fn what_is_written_reads_back() {
        for text in [r"/A\/B/C\\/**", "id:7", r"blog:A/B\", "/*", r"/\*\*", "Plain title", "/A/B"] {
            let selector = parse(text).unwrap();
            assert_eq!(parse(&selector.to_string()).unwrap(), selector, "{text}");
        }
    }

    #[test]
    fn what_names_no_page_is_refused() {
        for text in [
            "", " ", "/", "blog:", "blog: ", "//A", "/A/", "/A/*/B", "/**/B", "**", "*", "id:x", "id:",
            "A/**",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}
