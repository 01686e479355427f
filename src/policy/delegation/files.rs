//! Which files are a team's: a folder and all below it, or a single file.
//!
//! There are no patterns within a path. Hosts of repositories read such patterns each in their own way, and what one of
//! them takes for a team's file and confperm for a central one could say anything.

use std::fmt;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use icu_normalizer::ComposingNormalizerBorrowed;
use unicode_general_category::{GeneralCategory, get_general_category};
use unicode_security::skeleton;

use crate::files::is_yaml;

/// The files of a team, relative to the policy directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TeamFiles {
    /// `teams/eng/**`
    Folder(Utf8PathBuf),
    /// `teams/eng.yaml`
    File(Utf8PathBuf),
}

impl TeamFiles {
    /// Reads what stands for the files.
    ///
    /// # Errors
    ///
    /// What to write instead.
    pub(in crate::policy) fn parse(text: &str) -> Result<Self, String> {
        let (path, is_folder) = match text.strip_suffix("/**") {
            Some(folder) => (folder, true),
            None => (text, false),
        };
        let path = Utf8PathBuf::from(path);
        let is_plain = |part: Utf8Component<'_>| match part {
            Utf8Component::Normal(name) => {
                !name.starts_with('.') && !name.contains(['*', '?', '[', ']', '\\', '!', '#'])
            }
            _ => false,
        };
        let is_written_once =
            path.components().map(|part| part.as_str()).collect::<Vec<_>>().join("/") == path.as_str();
        if path.as_str().is_empty() || !path.components().all(is_plain) || !is_written_once {
            return Err(FORMS.to_owned());
        }
        match path.extension() {
            _ if is_folder => Ok(Self::Folder(path)),
            Some(_) if is_yaml(&path) => Ok(Self::File(path)),
            _ => Err(format!("did you mean `{path}/**`?")),
        }
    }

    /// Whether a file is one of them.
    pub fn has(&self, file: &Utf8Path) -> bool {
        match self {
            Self::Folder(folder) => file.starts_with(folder) && file != folder,
            Self::File(own) => file == own,
        }
    }

    /// Whether a file may be one of both.
    pub(in crate::policy) fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Folder(one), Self::Folder(two)) => one.starts_with(two) || two.starts_with(one),
            (Self::Folder(_), Self::File(file)) => self.has(file),
            (Self::File(file), Self::Folder(_)) => other.has(file),
            (Self::File(one), Self::File(two)) => one == two,
        }
    }

    /// Whether a file that is none of them would be taken for one by a reader, or by a file system that does not tell
    /// upper from lower case.
    pub(super) fn looks_like(&self, file: &Utf8Path) -> bool {
        let (Self::Folder(own) | Self::File(own)) = self;
        let (own, file) = (looks(own), looks(file));
        match self {
            Self::Folder(_) => file.strip_prefix(&own).is_some_and(|below| below.starts_with('/')),
            Self::File(_) => file == own,
        }
    }

    /// What their name tells of the team's: the last folder, or the file without its ending.
    pub(in crate::policy) fn team_name(&self) -> &str {
        match self {
            Self::Folder(folder) => folder.file_name().unwrap_or_default(),
            Self::File(file) => file.file_stem().unwrap_or_default(),
        }
    }
}

const FORMS: &str = "write a folder, as in `teams/eng/**`, or one file, as in `teams/eng.yaml`, from the policy directory \
                     and with `/` between names; neither may hold a pattern, be hidden, or be the policy directory itself";

impl fmt::Display for TeamFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{folder}/**"),
            Self::File(file) => file.fmt(f),
        }
    }
}

/// A path as it looks: without what cannot be seen, in lower case, and with one letter for all that look alike (Unicode
/// Technical Standard 39).
fn looks(path: &Utf8Path) -> String {
    let seen = |c: &char| !c.is_whitespace() && get_general_category(*c) != GeneralCategory::Format;
    let plain = ComposingNormalizerBorrowed::new_nfkc().normalize(path.as_str()).to_lowercase();
    let plain: String = plain.chars().filter(seen).map(|c| if c == '\\' { '/' } else { c }).collect();
    skeleton(&plain).collect::<String>().to_lowercase()
}
