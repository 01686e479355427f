//! How a policy names pages, and which pages of a tree that means.
//!
//! A [`PageName`] names one piece of content; a [`PageSelector`] is a name, or a pattern that hangs under one.
//! [`parse`] reads both, [`link`] the addresses that Confluence shows, and [`matching`] looks them up in a tree.

mod invalid;
mod link;
mod matching;
mod parse;

use std::fmt;

use crate::model::{ContentId, ContentReach, PageLabel, SpaceKey};

pub use invalid::InvalidSelector;
pub use link::Link;
pub use matching::{Matched, matched};
pub(crate) use matching::{bearers, below, in_tree, is_page, walk};
pub use parse::escape;

/// The name of one piece of content.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PageName {
    /// `id:12345`.
    Id(ContentId),
    /// `blog:Release 1.0`: the blog post with this title.
    Blog(String),
    /// `On-call`: whatever has this title, anywhere in the space.
    Title(String),
    /// `/Runbooks/On-call`: titles from the top of the space, or from below its homepage; `id:12345/On-call`: titles
    /// from below a page. At least one title.
    Path { below: Option<ContentId>, titles: Vec<String> },
}

/// A page or a pattern with the space that it is in, as questions, tests and `confperm lock --accept` take it.
pub(super) fn with_space(key: &SpaceKey, name: &dyn fmt::Display) -> String {
    let name = name.to_string();
    let slash = if name.starts_with('/') { "" } else { "/" };
    format!("{key}{slash}{name}")
}

/// The left side of an entry under `pages`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PageSelector {
    /// One page.
    Page(PageName),
    /// `/Runbooks/*`, `id:12345/**`: pages below another; without an anchor (`/*` and `/**`) those of the space.
    Below { anchor: Option<PageName>, reach: Depth },
    /// `label:runbook`: every page of the space that has the label.
    Labelled(PageLabel),
}

impl PageSelector {
    /// Whether the words alone say that another selector means pages that this one means: every page that has the path,
    /// or stands below it, is below this one's, wherever pages are.
    pub(super) fn surely_covers(&self, other: &Self) -> bool {
        let Self::Below { anchor, reach } = self else { return false };
        let (name, is_pattern) = match other {
            Self::Page(name) => (Some(name), false),
            Self::Below { anchor, .. } => (anchor.as_ref(), true),
            Self::Labelled(_) => return false,
        };
        if anchor.as_ref() == name {
            return is_pattern;
        }
        let depth = match (anchor, name) {
            (None, Some(PageName::Path { below: None, titles })) => Some(titles.len()),
            (None, Some(_)) if *reach == Depth::All => Some(1),
            (
                Some(PageName::Path { below, titles }),
                Some(PageName::Path { below: other_below, titles: other_titles }),
            ) if below == other_below && other_titles.starts_with(titles) => {
                Some(other_titles.len() - titles.len())
            }
            _ => None,
        };
        match reach {
            Depth::All => depth.is_some(),
            Depth::Children => depth == Some(1) && !is_pattern,
        }
    }
}

/// How far down a pattern reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// `**`: everything below.
    All,
    /// `*`: what stands directly below.
    Children,
}

impl PageName {
    /// A path of titles from the top of the space.
    pub const fn path(titles: Vec<String>) -> Self {
        Self::Path { below: None, titles }
    }

    /// Whether it may be a blog post that is named, which is listed apart from pages.
    pub const fn may_be_post(&self) -> bool {
        matches!(self, Self::Id(_) | Self::Blog(_))
    }
}

impl PageSelector {
    /// The page that it names, or that the pattern hangs under; `None` for a pattern of the whole space and for a label.
    pub const fn anchor(&self) -> Option<&PageName> {
        match self {
            Self::Page(name) => Some(name),
            Self::Below { anchor, .. } => anchor.as_ref(),
            Self::Labelled(_) => None,
        }
    }

    /// The content that it may mean.
    pub const fn content_reach(&self) -> ContentReach {
        match self {
            Self::Below { .. } | Self::Labelled(_) => ContentReach::Pattern,
            Self::Page(PageName::Path { .. }) => ContentReach::Path,
            Self::Page(PageName::Id(_) | PageName::Blog(_) | PageName::Title(_)) => ContentReach::Named,
        }
    }
}

impl fmt::Display for PageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => write!(f, "id:{id}"),
            Self::Blog(title) => write!(f, "blog:{title}"),
            Self::Title(title) => f.write_str(&escape(title)),
            Self::Path { below, titles } => {
                if let Some(below) = below {
                    write!(f, "id:{below}")?;
                }
                titles.iter().try_for_each(|title| write!(f, "/{}", escape(title)))
            }
        }
    }
}

impl fmt::Display for PageSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page(name) => name.fmt(f),
            Self::Labelled(label) => write!(f, "label:{label}"),
            Self::Below { anchor, reach } => {
                if let Some(anchor) = anchor {
                    anchor.fmt(f)?;
                }
                f.write_str(match reach {
                    Depth::All => "/**",
                    Depth::Children => "/*",
                })
            }
        }
    }
}
