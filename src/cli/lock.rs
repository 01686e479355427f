//! `confperm.lock` on disk: read before names are looked up, written after.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::diagnostic::{Diagnostics, Sources};
use crate::files::{self, Folder, MEBIBYTE, Refused};
use crate::model::Live;
use crate::policy::Policy;
use crate::policy::lock::{LOCK_FILE, Learnt, Lock};
use crate::render::style::count;

use super::connect::Connection;
use super::error::CliError;
use super::output::Output;

/// A lock of a million names fits.
const MAX_BYTES: u64 = 256 * MEBIBYTE;

/// The lock of a policy directory, as it was found.
#[derive(Debug)]
pub(super) struct LockFile {
    path: Utf8PathBuf,
    lock: Lock,
    /// `None` if there is no file yet.
    text: Option<String>,
}

/// What a run may do to the lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Learning {
    /// Nothing: names that it lacks are an error.
    Never,
    /// Names are added; those that the policy no longer has go, if all of it was looked at.
    Allowed { whole: bool },
}

impl LockFile {
    /// Reads the lock, if there is one. Its text is added to the sources, so that findings can point into it.
    pub(super) fn read(directory: &Utf8Path, sources: &mut Sources) -> Result<Self, CliError> {
        let path = directory.join(LOCK_FILE);
        let unreadable = |why: &str, help: &str| {
            CliError::failed(format!("`{path}` {why}")).with_hint(format!(
                "{help}; without the lock a name that means something else by now would go unnoticed"
            ))
        };
        let folder = Folder::open(directory).map_err(Refused::from);
        let bytes = match folder.and_then(|folder| folder.read_inside(LOCK_FILE.into(), MAX_BYTES)) {
            Ok(bytes) => bytes,
            Err(refused) if refused.is_missing() => {
                return Ok(Self { path, lock: Lock::default(), text: None });
            }
            Err(refused) => return Err(unreadable(&refused.to_string(), refused.help())),
        };
        let text = String::from_utf8(bytes)
            .map_err(|_| unreadable("is not UTF-8 text", "take the version that was committed last"))?;
        let file: Arc<Utf8Path> = Utf8PathBuf::from(LOCK_FILE).into();
        sources.insert(file.to_path_buf(), text.as_str());
        let lock = Lock::parse(&file, &text).map_err(|finding| CliError::Invalid {
            findings: Diagnostics::from_iter([*finding]),
            sources: sources.clone(),
        })?;
        Ok(Self { path, lock, text: Some(text) })
    }

    /// What names meant on this site. About another site it knows nothing.
    pub(super) fn about(&self, connection: &Connection, out: &Output) -> &Lock {
        match (&connection.lasting, &self.lock.site) {
            (Some(site), Some(known)) if !self.lock.is_about(site) => {
                out.warn(&format!(
                    "{LOCK_FILE} is about {known} and not about {site}: nobody checks whether names mean the same as before"
                ));
                Lock::EMPTY
            }
            (None, _) => Lock::EMPTY,
            (Some(_), _) => &self.lock,
        }
    }

    /// What it knows of the policy alone.
    pub(super) const fn whatever_site(&self) -> &Lock {
        &self.lock
    }

    /// Adds what a run has learnt, and says so.
    pub(super) fn learn(
        &self,
        policy: &Policy,
        live: &Live,
        connection: &Connection,
        learning: Learning,
        out: &Output,
    ) -> Result<(), CliError> {
        let Some(site) = connection.lasting.as_deref().filter(|site| self.lock.is_about(site)) else {
            return Ok(());
        };
        let whole = learning == Learning::Allowed { whole: true };
        let Learnt { lock, added, removed, ends } = self.lock.learn(policy, live, site, whole);
        let news = news(added, ends);
        if learning == Learning::Never {
            if news.is_empty() {
                return Ok(());
            }
            return Err(CliError::failed(format!(
                "{LOCK_FILE} lacks {news} of the policy, and --locked does not let it change"
            ))
            .with_hint(format!("run `confperm plan` without --locked, and commit {LOCK_FILE}")));
        }
        let text = lock.to_text();
        if self.text.as_ref() == Some(&text) {
            return Ok(());
        }
        if let Err(error) = files::write(&self.path, &text) {
            out.warn(&format!("cannot write `{}`: {error}; what names mean was not remembered", self.path));
            return Ok(());
        }
        let news = match (news.as_str(), removed) {
            ("", 0) => "brought up to date".to_owned(),
            (news, 0) => format!("{news} added"),
            ("", _) => format!("{} removed", count(removed, "name", "names")),
            (news, _) => format!("{news} added, {removed} removed"),
        };
        out.say(&format!("{LOCK_FILE}: {news}; commit it"));
        Ok(())
    }
}

/// "2 names and 1 end"; nothing for none.
fn news(names: usize, ends: usize) -> String {
    match (names, ends) {
        (0, 0) => String::new(),
        (_, 0) => count(names, "name", "names"),
        (0, _) => count(ends, "end", "ends"),
        (..) => format!("{} and {}", count(names, "name", "names"), count(ends, "end", "ends")),
    }
}
