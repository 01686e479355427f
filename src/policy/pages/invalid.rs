//! Why a text names no pages, and what to write instead.

/// Why a text names no pages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSelector {
    #[error("this names no page")]
    Empty,
    #[error("`{0}` is not the number of a page")]
    Id(String),
    #[error("`{0}` is not a label")]
    Label(String),
    #[error("a label names pages under `pages` of a space only")]
    LabelElsewhere,
    #[error("a part of this path is empty")]
    EmptyPart,
    #[error("`*` and `**` are only allowed at the end of a path")]
    InnerGlob,
    #[error("a pattern needs a path: it begins with `/`")]
    GlobWithoutPath,
    #[error("this is an address, but not that of a page")]
    Address,
    #[error("this names many pages, and one is needed")]
    Many,
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
            Self::Label(_) => {
                "write one label as Confluence shows it below the page, as in `label:on-call`; it has no blanks, stars or \
                 slashes, and a title that begins with `label:` is named by its path"
            }
            Self::LabelElsewhere => {
                "name the pages by their paths or numbers; a page whose title begins with `label:` is named by its number"
            }
            Self::EmptyPart => {
                "remove the extra `/`; a `/` that belongs to a title is written `\\/`, \
                 and every page of the space is `/**`"
            }
            Self::InnerGlob => "for a page whose title is a star, write `\\*`",
            Self::GlobWithoutPath => {
                "write `/**` for every page of the space, `/Handbook/**` for those below a page"
            }
            Self::Address => {
                "open the page in Confluence and copy its address, or write `id:` and its number"
            }
            Self::Many => "name one page by its path, its title or its number",
        }
    }
}
