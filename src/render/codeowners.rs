//! Who owns which files, as `CODEOWNERS` of GitHub and GitLab says it.
//!
//! The last line that matches a file decides on both hosts, so the owners of everything come first. Paths begin at the
//! root of the repository, and a `/` at the end means a folder with all below it. What is between is the part of the
//! syntax that both read alike: no patterns but the first, no sections, blanks escaped by a backslash.

use std::fmt::Write as _;

use camino::{Utf8Component, Utf8Path};

use crate::model::Origin;
use crate::policy::{Delegation, TeamFiles};

/// What a delegation does not say of its owners.
#[derive(Debug, thiserror::Error)]
pub enum LacksOwners {
    /// What no team owns would be anyone's to change, the delegation itself included.
    #[error("the policy does not say who owns the files that are no team's")]
    OfTheRest,
    #[error("the policy does not say who owns `{files}`")]
    OfTeam {
        files: TeamFiles,
        /// The delegating line.
        origin: Origin,
    },
}

impl LacksOwners {
    pub const fn help(&self) -> &'static str {
        match self {
            Self::OfTheRest => {
                "write `owners:` under `delegation`, beside the files of the teams, as in `owners: [\"@acme/wiki-admins\"]`"
            }
            Self::OfTeam { .. } => "add `owners:` to it, as in `owners: [\"@acme/eng-leads\"]`",
        }
    }

    pub fn origin(&self) -> Option<Origin> {
        match self {
            Self::OfTheRest => None,
            Self::OfTeam { origin, .. } => Some(origin.clone()),
        }
    }
}

/// The file, for a policy that lies at a path of a repository.
pub fn codeowners(delegation: &Delegation, within: &Utf8Path) -> Result<String, LacksOwners> {
    if delegation.owners.is_empty() {
        return Err(LacksOwners::OfTheRest);
    }
    let mut text = "# Made by `confperm codeowners` from `delegation:`. Of several lines that match, the last one counts.\n".to_owned();
    let all = |owners: &[crate::diagnostic::Spanned<String>]| {
        owners.iter().map(|owner| owner.value.as_str()).collect::<Vec<_>>().join(" ")
    };
    let root = path(within, "/");
    let everything = if root == "/" { "*" } else { root.as_str() };
    let _ = writeln!(text, "{everything} {}", all(&delegation.owners));
    let mut teams: Vec<_> = delegation.teams.iter().collect();
    teams.sort_by_key(|team| &team.files.value);
    for team in teams {
        if team.owners.is_empty() {
            let (files, origin) = (team.files.value.clone(), team.files.span.origin());
            return Err(LacksOwners::OfTeam { files, origin });
        }
        let place = match &team.files.value {
            TeamFiles::Folder(folder) => path(&within.join(folder), "/"),
            TeamFiles::File(file) => path(&within.join(file), ""),
        };
        let _ = writeln!(text, "{place} {}", all(&team.owners));
    }
    Ok(text)
}

/// A path from the root, with what ends it.
fn path(path: &Utf8Path, end: &str) -> String {
    let mut written = String::new();
    for part in path.components().filter(|part| matches!(part, Utf8Component::Normal(_))) {
        written.push('/');
        written.push_str(&part.as_str().replace(' ', "\\ "));
    }
    written + end
}
