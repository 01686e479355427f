//! How far the reading is.

use std::fmt;

/// A kind of thing that is read in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The grants of one space.
    Grants,
    /// The pages of one space.
    Pages,
    /// The blog posts of one space.
    Blogposts,
    /// The view and edit list of one page.
    Lists,
    /// The members of one group.
    Members,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Grants => "spaces",
            Self::Pages => "page trees",
            Self::Blogposts => "lists of blog posts",
            Self::Lists => "pages",
            Self::Members => "groups",
        })
    }
}

/// How far the reading is. What is expected may grow while things are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// So many more of these are going to be read.
    Expect(Part, usize),
    /// So many of these have been read.
    Read(Part, usize),
}

/// Called with [`Progress`] while things are read.
pub type Hook<'a> = &'a (dyn Fn(Progress) + Sync);

/// A hook that ignores progress.
pub fn quiet(_: Progress) {}
