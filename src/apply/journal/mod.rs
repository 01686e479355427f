//! A write-ahead log of an apply: for audits, and for taking a run back.
//!
//! A journal is a file of JSON lines, one file per apply. The first line holds the whole plan, and with it
//! the site, the caller, the overrides with their reasons, and the state of every object before and after.
//! Then come lines of these kinds, each with its time (`at`):
//!
//! | `entry` | holds | is on the disk |
//! |---|---|---|
//! | `begin` | the version of the format and of confperm, the whole plan, and what `earlier` runs left unverified | before anything else |
//! | `intent` | a number, the call of the plan that it `serves` (none for a repair), and the `request` as it is sent | before the request leaves |
//! | `answer` | the number of the intent, and `done`, `already-so`, `gone`, `refused` or `lost` | with the next intent |
//! | `settled` | a call of the plan, and what became of it, looking at the site where the answer did not tell | with the next intent |
//! | `beside` | an object with a role, and the permissions beside it that the role gives or others gave, noted before something is taken away there | with the next intent |
//! | `seen` | an object that was read again: what was written to it shows, and nothing came along | with the next intent |
//! | `end` | whether the site is as planned, the calls that are left, what was found when everything was read again, and what is `unverified` | at the end |
//!
//! An intent without an answer may have been carried out. If a line cannot be written, or the file was deleted in the
//! middle, the journal is broken and nothing further is sent. The next run takes from a journal without an end what that
//! run found on the list of what is not verified, and every object of an intent, without those that were seen
//! afterwards. A journal without an `end` belongs to a run that died, or that is still going on. The list of what
//! is not verified goes from `begin` to `end` and on to the next run ([`Last`]). No secret ever gets here: a
//! journal holds plans and what errors say in public.

mod error;
mod hold;
mod last;
mod record;
mod taken_back;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::confluence::{self, WriteError};
use crate::files;
use crate::model::{Permission, SiteIdentity, WriteRequest};
use crate::plan::{CallId, ObjectId, Plan};

use super::change::ConcurrentChange;
use super::outcome::{ApplyOutcome, Status};
use super::unverified::Unverified;

pub use error::JournalError;
pub use hold::{Hold, HoldTaken, hold};
pub use last::{Last, UnreadableJournal, last};
pub use record::{Record, RejectedGrant, RunEnded, Sent, all, read};
pub use taken_back::{TakenBack, TakenBackRuns};

/// The version of the format. The first number changes when a reader would misread.
pub const FORMAT_VERSION: &str = "2.0";

/// How a journal knows the time.
pub type Clock = fn() -> Timestamp;

/// Keeps a folder out of git.
const IGNORE: &str = ".gitignore";

/// How many journals may begin within one millisecond.
const SUFFIXES: u32 = 1000;

/// One line of a journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "kebab-case")]
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and a plan in it is mostly borrowed")]
pub enum Entry<'a> {
    Begin {
        format_version: Cow<'a, str>,
        /// Whose journal this is.
        #[serde(default)]
        site: Cow<'a, SiteKey>,
        /// The version of the program.
        confperm: Cow<'a, str>,
        at: Timestamp,
        plan: Cow<'a, Plan>,
        /// What earlier runs left unverified.
        #[serde(default)]
        earlier: Cow<'a, [Unverified]>,
    },
    /// This request is about to leave.
    Intent {
        at: Timestamp,
        /// Counted from 1.
        intent: usize,
        /// The call of the plan that it serves; none for one that puts right what Confluence did unasked.
        serves: Option<CallId>,
        request: Cow<'a, WriteRequest>,
    },
    /// What the site said. An intent without an answer may have been carried out or not.
    Answer { at: Timestamp, intent: usize, answer: Answer },
    /// What stands beside a role, and is the role's own or was given by others, before something is taken away there.
    Beside { at: Timestamp, object: Cow<'a, ObjectId>, permissions: Cow<'a, BTreeSet<Permission>> },
    /// What became of a call, looking at the site where the answer did not tell.
    Settled { at: Timestamp, call: CallId, status: Settled },
    /// An object was read again and is known: what was written to it shows, and nothing came along.
    Seen { at: Timestamp, object: Cow<'a, ObjectId> },
    End {
        at: Timestamp,
        /// Whether the site is as planned.
        complete: bool,
        /// Calls that are not done.
        left: Vec<CallId>,
        /// Objects that were found as planned.
        right: usize,
        /// Writes beyond the plan, which put right what Confluence did unasked.
        repairs: usize,
        /// Objects that are not as planned.
        wrong: Vec<String>,
        /// What was written, or may have been, and was not seen.
        unverified: Cow<'a, [Unverified]>,
    },
}

/// What the site said to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Answer {
    Done,
    AlreadySo,
    Gone {
        message: String,
    },
    Refused {
        message: String,
    },
    /// Such a request is not taken, whenever it is made.
    Rejected {
        message: String,
    },
    /// There was none, or none that tells.
    Lost {
        message: String,
    },
}

/// What became of a call of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Settled {
    Done,
    AlreadySo,
    NotNeeded,
    Skipped { changes: Vec<ConcurrentChange>, partly: bool },
    Failed { message: String },
    NotTried { because: CallId },
    Stopped,
}

/// Where the lines of a journal go.
pub trait Sink: Write + Send {
    /// Returns once everything written survives a crash of the process and of the machine.
    fn sync(&mut self) -> io::Result<()>;

    /// The same for another thread, while more is written; `None` where there is no need to.
    fn syncing(&self) -> Option<Syncing> {
        None
    }

    /// Whether the lines can still be found later.
    fn is_there(&self) -> io::Result<bool>;
}

/// Waits until what was written so far would survive a crash.
pub type Syncing = Box<dyn FnOnce() -> io::Result<()> + Send>;

/// A journal in a file of its own.
struct OnDisk {
    file: Arc<File>,
    /// Asked about where an open file does not know its own name count.
    #[cfg(not(unix))]
    path: Utf8PathBuf,
}

impl Write for OnDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_ref().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_ref().flush()
    }
}

impl Sink for OnDisk {
    fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn syncing(&self) -> Option<Syncing> {
        let file = Arc::clone(&self.file);
        Some(Box::new(move || file.sync_data()))
    }

    /// Writing to a deleted file goes well for as long as it is open. A folder that was only renamed keeps
    /// its journal, under the new name.
    #[cfg(unix)]
    fn is_there(&self) -> io::Result<bool> {
        Ok(std::os::unix::fs::MetadataExt::nlink(&self.file.metadata()?) > 0)
    }

    #[cfg(not(unix))]
    fn is_there(&self) -> io::Result<bool> {
        self.path.try_exists()
    }
}

/// The journal of one apply.
pub struct Journal {
    site: SiteKey,
    writer: Mutex<LineWriter>,
    /// How many lines are on the disk. The holder of this lock syncs all lines written by then, so that intents
    /// which arrive meanwhile share the next sync (group commit).
    on_disk: tokio::sync::Mutex<usize>,
    clock: Clock,
}

struct LineWriter {
    sink: Box<dyn Sink>,
    intents: usize,
    lines: usize,
    broken: bool,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal").finish_non_exhaustive()
    }
}

/// Tells the journals of one site from those of another in the same folder. A copy of a site in a sandbox, which
/// answers with the same identity, is another site here: what a rehearsal verifies says nothing of the original.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteKey {
    cloud_id: Option<String>,
    base_url: String,
    /// Where the copy is, if it is one.
    copy: Option<String>,
}

impl SiteKey {
    /// `copy` says where the site is, if it is a sandbox.
    pub fn new(identity: &SiteIdentity, copy: Option<&str>) -> Self {
        let SiteIdentity { cloud_id, base_url } = identity.clone();
        Self { cloud_id, base_url, copy: copy.map(str::to_owned) }
    }

    /// Whether a journal of one is about the other. What the site says of itself can depend on the token.
    pub fn is_same(&self, other: &Self) -> bool {
        let identity =
            |key: &Self| SiteIdentity { cloud_id: key.cloud_id.clone(), base_url: key.base_url.clone() };
        self.copy == other.copy && identity(self).is_same_site(&identity(other))
    }
}

/// The folder of the journals of a policy directory. Hidden, so that no journal is taken for policy.
pub fn folder(directory: &Utf8Path) -> Utf8PathBuf {
    own_folder(directory).join("journal")
}

/// The folder of what this program keeps of a policy directory.
pub fn own_folder(directory: &Utf8Path) -> Utf8PathBuf {
    directory.join(".confperm")
}

impl Journal {
    /// A new file, named by the time, for its owner only.
    pub fn create(
        folder: &Utf8Path,
        site: SiteKey,
        clock: Clock,
    ) -> Result<(Self, Utf8PathBuf), JournalError> {
        let failed = |source| JournalError::Create { folder: folder.to_owned(), source };
        files::own_folder(folder).map_err(failed)?;
        keep_out_of_git(folder).map_err(failed)?;
        let time = clock().strftime("%Y%m%dT%H%M%S.%3fZ").to_string();
        for suffix in 0..SUFFIXES {
            let path = folder.join(format!("{time}-{suffix:03}.ndjson"));
            match create_new(&path) {
                Ok(file) => {
                    sync_folder(folder).map_err(failed)?;
                    let file = Arc::new(file);
                    #[cfg(unix)]
                    let sink = OnDisk { file };
                    #[cfg(not(unix))]
                    let sink = OnDisk { file, path: path.clone() };
                    return Ok((Self { site, ..Self::on(sink, clock) }, path));
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(failed(io::ErrorKind::AlreadyExists.into()))
    }

    /// A journal that goes elsewhere than into a file of its own.
    pub fn on(sink: impl Sink + 'static, clock: Clock) -> Self {
        let writer = Mutex::new(LineWriter { sink: Box::new(sink), intents: 0, lines: 0, broken: false });
        Self { site: SiteKey::default(), writer, on_disk: tokio::sync::Mutex::default(), clock }
    }

    /// Whether a line could not be written, or the file is gone. Then nothing more may be done to the site.
    pub fn is_broken(&self) -> bool {
        self.writer().broken
    }

    /// Whether a request was put down, which may then have left.
    pub fn has_intents(&self) -> bool {
        self.writer().intents > 0
    }

    pub(super) fn begin(&self, plan: &Plan, earlier: &[Unverified]) -> Result<(), JournalError> {
        self.writer().write_for_sure(&Entry::Begin {
            format_version: FORMAT_VERSION.into(),
            site: Cow::Borrowed(&self.site),
            confperm: env!("CARGO_PKG_VERSION").into(),
            at: (self.clock)(),
            plan: Cow::Borrowed(plan),
            earlier: Cow::Borrowed(earlier),
        })
    }

    /// Records a request, which must not be sent before this returns. Returns its number.
    pub(super) async fn intend(
        &self,
        serves: Option<CallId>,
        request: &WriteRequest,
    ) -> Result<usize, JournalError> {
        let (intent, line) = {
            let mut writer = self.writer();
            writer.intents += 1;
            let (at, intent) = ((self.clock)(), writer.intents);
            writer.write(&Entry::Intent { at, intent, serves, request: Cow::Borrowed(request) })?;
            (intent, writer.lines)
        };
        self.bring_to_disk(line).await?;
        self.writer().make_sure_it_is_there()?;
        Ok(intent)
    }

    /// Returns once so many lines are on the disk.
    async fn bring_to_disk(&self, line: usize) -> Result<(), JournalError> {
        let mut on_disk = self.on_disk.lock().await;
        if *on_disk >= line {
            return Ok(());
        }
        let (lines, syncing) = {
            let writer = self.writer();
            if writer.broken {
                return Err(JournalError::Broken);
            }
            (writer.lines, writer.sink.syncing())
        };
        let synced = match syncing {
            Some(syncing) => tokio::task::spawn_blocking(syncing).await.map_err(io::Error::other),
            None => Ok(self.writer().sink.sync()),
        };
        self.writer().noticing(synced.flatten())?;
        *on_disk = lines;
        Ok(())
    }

    pub(super) fn answered(&self, intent: usize, answer: &Result<(), WriteError>) {
        self.note(&Entry::Answer { at: (self.clock)(), intent, answer: Answer::of(answer) });
    }

    pub(super) fn settled(&self, call: CallId, status: &Status) {
        self.note(&Entry::Settled { at: (self.clock)(), call, status: Settled::of(status) });
    }

    pub(super) fn seen(&self, object: &ObjectId) {
        self.note(&Entry::Seen { at: (self.clock)(), object: Cow::Borrowed(object) });
    }

    pub(super) fn beside(&self, object: &ObjectId, permissions: &BTreeSet<Permission>) {
        let (object, permissions) = (Cow::Borrowed(object), Cow::Borrowed(permissions));
        self.note(&Entry::Beside { at: (self.clock)(), object, permissions });
    }

    pub(super) fn end(&self, outcome: &ApplyOutcome) {
        let left = outcome.results.iter().filter(|result| !result.status.is_settled());
        let entry = Entry::End {
            at: (self.clock)(),
            complete: outcome.is_complete(),
            left: left.map(|result| result.call).collect(),
            right: outcome.verification.right,
            repairs: outcome.verification.repairs,
            wrong: outcome.verification.wrong.iter().map(ToString::to_string).collect(),
            unverified: Cow::Borrowed(&outcome.unverified),
        };
        // The run is over; `is_broken` tells whether this line was written.
        drop(self.writer().write_for_sure(&entry));
    }

    /// Writes a line without syncing it, so that a crash may lose it. The next intent syncs it as well.
    fn note(&self, entry: &Entry<'_>) {
        drop(self.writer().write(entry));
    }

    fn writer(&self) -> MutexGuard<'_, LineWriter> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LineWriter {
    fn write_for_sure(&mut self, entry: &Entry<'_>) -> Result<(), JournalError> {
        self.write(entry)?;
        let synced = self.sink.sync();
        self.noticing(synced)
    }

    fn make_sure_it_is_there(&mut self) -> Result<(), JournalError> {
        let there = self.sink.is_there().map_err(JournalError::Write);
        let there = there.and_then(|there| if there { Ok(()) } else { Err(JournalError::Removed) });
        self.broken |= there.is_err();
        there
    }

    fn write(&mut self, entry: &Entry<'_>) -> Result<(), JournalError> {
        if self.broken {
            return Err(JournalError::Broken);
        }
        let line = serde_json::to_vec(entry).map_err(io::Error::from);
        let written = line.and_then(|mut line| {
            line.push(b'\n');
            self.sink.write_all(&line).and_then(|()| self.sink.flush())
        });
        self.lines += 1;
        self.noticing(written)
    }

    fn noticing(&mut self, result: io::Result<()>) -> Result<(), JournalError> {
        self.broken |= result.is_err();
        result.map_err(JournalError::Write)
    }
}

impl Answer {
    fn of(answer: &Result<(), WriteError>) -> Self {
        match answer {
            Ok(()) => Self::Done,
            Err(WriteError::AlreadySo) => Self::AlreadySo,
            Err(WriteError::Gone(error)) => Self::Gone { message: error.to_string() },
            Err(WriteError::Refused(error @ confluence::Error::Rejected(_))) => {
                Self::Rejected { message: error.to_string() }
            }
            Err(WriteError::Refused(error)) => Self::Refused { message: error.to_string() },
            Err(WriteError::Ambiguous(error)) => Self::Lost { message: error.to_string() },
        }
    }
}

impl Settled {
    fn of(status: &Status) -> Self {
        match status {
            Status::Done => Self::Done,
            Status::AlreadySo => Self::AlreadySo,
            Status::NotNeeded => Self::NotNeeded,
            Status::Failed(failure) => Self::Failed { message: failure.to_string() },
            Status::Skipped { changes, partly } => {
                Self::Skipped { changes: changes.clone(), partly: *partly }
            }
            Status::NotTried { because } => Self::NotTried { because: *because },
            Status::Stopped => Self::Stopped,
        }
    }
}

fn create_new(path: &Utf8Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Journals name people and their access, so they do not belong in the git history of the policy.
fn keep_out_of_git(folder: &Utf8Path) -> io::Result<()> {
    match create_new(&folder.join(IGNORE)) {
        Ok(mut file) => file.write_all(b"*\n"),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// A new file is durable only once its folder is synced, too. Not every system lets a folder be opened.
fn sync_folder(folder: &Utf8Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
