//! `confperm.lock` on disk: read before names are looked up, written after.

use std::collections::BTreeSet;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};

use crate::diagnostic::{Diagnostics, Sources, Spanned};
use crate::files::{self, Folder, MEBIBYTE, Refused};
use crate::model::{Fingerprint, Live, SiteIdentity, Skipped};
use crate::policy::Policy;
use crate::policy::lock::{AcceptedName, LOCK_FILE, Learnt, Lock, LockedSite, NotAccepted};
use crate::render::style::count;

use super::identity::Met;
use super::{CliError, Connection, Failure, Output};

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
    /// Nothing (`--locked`).
    Never(Lacking),
    /// Names are added; those that the policy no longer has go, if all of it was looked at.
    Allowed,
}

/// What it means under `--locked` that the lock lacks names of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lacking {
    /// The run ends before anything is changed.
    Refused,
    /// The lines to add are shown.
    Reported,
}

impl LockFile {
    /// Reads the lock, if there is one. Its text is added to the sources, so that findings can point into it.
    pub(super) fn read(directory: &Utf8Path, sources: &mut Sources) -> Result<Self, CliError> {
        let path = directory.join(LOCK_FILE);
        let unreadable = |why: &str, help: &str| {
            CliError::failed(Failure::UnreadableLock, format!("`{path}` {why}")).with_hint(format!(
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

    /// What names meant, on the site that [`Connection::open`] has compared with it.
    pub(super) const fn known(&self) -> &Lock {
        &self.lock
    }

    /// The same file, about to hold another lock.
    pub(super) fn with(self, lock: Lock) -> Self {
        Self { lock, ..self }
    }

    /// Lets a name mean what bears it now.
    pub(super) fn accept(&mut self, name: &str, live: &Live) -> Result<Vec<AcceptedName>, NotAccepted> {
        self.lock.accept(name, live)
    }

    /// That there was a lock once and is none now: an earlier run applied the policy from this directory, and every run
    /// that does so writes one. What names meant then is not known any more.
    pub(super) fn check_is_there(
        &self,
        was_applied: bool,
        lacking: Lacking,
        out: &Output,
    ) -> Result<(), CliError> {
        if self.text.is_some() || !was_applied {
            return Ok(());
        }
        let what = format!("{LOCK_FILE} is missing, though the policy was applied from here before");
        match lacking {
            Lacking::Refused => {
                Err(CliError::failed(Failure::MissingLock, format!("{what}; nothing was changed")).with_hint(
                    "restore it from version control; without it, a page that now has the title of another is mistaken for it. `confperm lock` writes a new one, with what the names mean now",
                ))
            }
            Lacking::Reported => {
                out.warn_of(Failure::MissingLock, &format!(
                    "{what}: restore it from version control, or look at what each name means now (`confperm lock`)"
                ));
                Ok(())
            }
        }
    }

    /// The site that it is about; `None` if there is no lock yet.
    pub(super) const fn site(&self) -> Option<&Spanned<LockedSite>> {
        self.lock.site.as_ref()
    }

    /// Of the text of the file as it was found. No file is as good as an empty one.
    pub(super) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.text.as_deref().unwrap_or_default())
    }

    /// The lock with what a run has learnt; `whole` if it has looked at all names of the policy.
    pub(super) fn learnt(
        &self,
        policy: &Policy,
        live: &Live,
        connection: &Connection,
        whole: bool,
    ) -> Learnt {
        self.lock.learn(policy, live, &self.identity(&connection.met), whole)
    }

    /// The same of a run that skips something. What a faulty line of a team names must not be taken for known by the next
    /// run, and what it was known to mean is not forgotten.
    pub(super) fn learnt_beside(
        &self,
        skipped: &BTreeSet<Skipped>,
        policy: &Policy,
        live: &Live,
        connection: &Connection,
        whole: bool,
    ) -> Learnt {
        if skipped.iter().any(Skipped::is_fault_of_team) {
            self.learnt(&policy.without_faulty_files(skipped.iter()), live, connection, false)
        } else {
            self.learnt(policy, live, connection, whole)
        }
    }

    /// Writes what a run has learnt, and says so; or says what the file lacks, where it must not be written. What comes
    /// back are the lines that it lacks.
    pub(super) fn learn(
        &self,
        learnt: &Learnt,
        learning: Learning,
        out: &Output,
    ) -> Result<Vec<String>, CliError> {
        match learning {
            Learning::Never(lacking) => self.compare(learnt, lacking, out),
            Learning::Allowed => {
                self.write(learnt, out);
                Ok(Vec::new())
            }
        }
    }

    /// The identity to remember. A token that may not read the cloud id does not make it forgotten, and neither
    /// does a copy of the site on this machine change the site's address.
    fn identity(&self, met: &Met) -> SiteIdentity {
        match self.site().map(|site| &site.value) {
            Some(LockedSite::Identity(known)) if met.address.is_loopback() => known.clone(),
            Some(LockedSite::Identity(known)) => SiteIdentity {
                cloud_id: met.identity.cloud_id.clone().or_else(|| known.cloud_id.clone()),
                base_url: met.identity.base_url.clone(),
            },
            Some(LockedSite::Address(_)) | None => met.identity.clone(),
        }
    }

    fn compare(&self, learnt: &Learnt, lacking: Lacking, out: &Output) -> Result<Vec<String>, CliError> {
        let news = news(&learnt.added);
        let (what, lines) = match (&self.text, news.as_str()) {
            (Some(_), "") => return Ok(Vec::new()),
            (Some(_), news) => (format!("{LOCK_FILE} lacks {news} of the policy"), learnt.added.to_lines()),
            (None, _) => (format!("there is no {LOCK_FILE}"), learnt.lock.to_text()),
        };
        match lacking {
            Lacking::Refused => Err(CliError::failed(
                Failure::IncompleteLock,
                format!("{what}, and --locked never writes it; nothing was changed"),
            )
            .with_hint(format!("run `confperm plan` without --locked, and commit {LOCK_FILE}"))),
            Lacking::Reported => {
                out.warn_of(Failure::IncompleteLock, &format!(
                    "{what}, and --locked never writes it: `apply --locked` would be refused, or would skip what only files of teams name. The lines to add:\n{}",
                    lines.trim_end()
                ));
                Ok(lines.trim_end().lines().map(str::to_owned).collect())
            }
        }
    }

    fn write(&self, learnt: &Learnt, out: &Output) {
        let text = learnt.lock.to_text();
        if self.text.as_ref() == Some(&text) {
            return;
        }
        if let Err(error) = files::write(&self.path, &text) {
            out.warn_of(
                Failure::UnwritableFile,
                &format!("cannot write `{}`: {error}; what the names mean was not saved", self.path),
            );
            return;
        }
        let news = match (news(&learnt.added).as_str(), learnt.removed) {
            ("", 0) => "brought up to date".to_owned(),
            (news, 0) => format!("{news} added"),
            ("", removed) => format!("{} removed", count(removed, "name", "names")),
            (news, removed) => format!("{news} added, {removed} removed"),
        };
        out.say(&format!("{LOCK_FILE}: {news}; commit it"));
    }
}

/// "2 names and 1 end"; nothing for none.
pub(super) fn news(added: &Lock) -> String {
    match (added.names(), added.ends()) {
        (0, 0) => String::new(),
        (names, 0) => count(names, "name", "names"),
        (0, ends) => count(ends, "end", "ends"),
        (names, ends) => format!("{} and {}", count(names, "name", "names"), count(ends, "end", "ends")),
    }
}
