//! A world with a memory: what writes did is kept beside the state file, which itself never changes.
//!
//! The journal `.confperm/FILE.ndjson` holds one line per accepted write and per change by other people, to
//! be carried out again on what the file says, and which rules of the file's adversary are used up. Its
//! first line holds the SHA-256 of the file; when the file has changed since, the journal
//! no longer fits, is put aside, and [`Note`] says so.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};

use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::files::{self, Folder, MEBIBYTE, Refused};

use super::adversary::{Actor, Adversary};
use super::state::{self, StateError};
use super::world::{AccountId, Action, Caller, Command, NotApplicable, Outcome, Refusal, World};

/// The state of a site of half a million pages is a tenth of this.
const MAX_STATE_BYTES: u64 = 1024 * MEBIBYTE;
/// And so is what a long rehearsal did to it.
const MAX_MEMORY_BYTES: u64 = 1024 * MEBIBYTE;

/// Why a sandbox could not be opened, kept or reset.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The state file, or what is kept beside it, is not read.
    #[error("`{path}` {why}")]
    Read {
        /// The state file, or what is kept beside it.
        path: Utf8PathBuf,
        /// What it is instead of a regular file that may be read.
        why: Refused,
    },
    /// The state file makes no sense.
    #[error("{path}: {source}")]
    State {
        /// The state file.
        path: Utf8PathBuf,
        /// What is wrong with it.
        source: StateError,
    },
    /// What a write did cannot be kept.
    #[error("cannot write `{path}`: {source}")]
    Write {
        /// The journal or its folder.
        path: Utf8PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another process has written to the journal since it was opened.
    #[error("another process works on the same sandbox: {path} has changed")]
    Shared {
        /// The journal.
        path: Utf8PathBuf,
    },
    /// No address to listen on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address asked for.
        address: std::net::SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// Something a person should know about an opened sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The state file has changed since the writes that were kept; they are forgotten.
    FileChanged {
        /// How many writes are forgotten.
        writes: usize,
    },
    /// What was kept cannot be carried out any more; it is forgotten.
    Unusable {
        /// The line of the journal that does not fit.
        line: usize,
    },
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::FileChanged { writes } => {
                write!(
                    f,
                    "the state file has changed; {writes} earlier write(s) to the sandbox are forgotten"
                )
            }
            Self::Unusable { line } => {
                write!(
                    f,
                    "the kept state cannot be used from line {line} on; the sandbox starts from its file"
                )
            }
        }
    }
}

/// A site that can be served.
#[derive(Debug)]
pub struct Site {
    world: World,
    /// What the state file says goes on beside the requests.
    adversary: Adversary,
    spent: Spent,
    journal: Option<Journal>,
}

/// The rules of an adversary that are used up, in this run or an earlier one.
#[derive(Debug, Default)]
pub(super) struct Spent {
    /// The actors of the state file that have acted, by their place in it.
    pub(super) actors: BTreeSet<usize>,
    /// The server has died once, as the state file says it does.
    pub(super) killed: bool,
}

/// What [`Site::open`] gives.
#[derive(Debug)]
pub struct Opened {
    /// The site, as earlier runs left it.
    pub site: Site,
    /// What a person should know.
    pub note: Option<Note>,
}

/// Who signs in, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The e-mail address, or the name in the state file for a user without one.
    pub email: String,
    /// `token-NAME`.
    pub token: String,
}

impl Site {
    /// Opens a state file that the user names, and carries out again what earlier runs did to it. Links on the
    /// way to its folder are followed; the file itself must not be one.
    pub fn open(path: &Utf8Path) -> Result<Opened, Error> {
        let folder = path.parent().unwrap_or(Utf8Path::new(""));
        Self::open_from(folder, Utf8Path::new(path.file_name().unwrap_or(".")))
    }

    /// Opens a state file that a policy names, by its path from the policy directory. It may be outside of the
    /// directory, and must be a regular file that is reached without links.
    pub fn open_from(directory: &Utf8Path, file: &Utf8Path) -> Result<Opened, Error> {
        let path = directory.join(file);
        let refused = |why| Error::Read { path: path.clone(), why };
        let folder = Folder::open(directory).map_err(|error| refused(error.into()))?;
        let bytes = folder.read_near(file, MAX_STATE_BYTES).map_err(refused)?;
        let wrong = |source| Error::State { path: path.clone(), source };
        let text = String::from_utf8(bytes).map_err(|_| wrong(StateError::NotAState))?;
        let parse = || Self::from_yaml(&text).map_err(wrong);
        let mut site = parse()?;
        let mut journal = Journal::beside(&path, &text);
        let note = journal.replay(&mut site)?;
        if note.is_some() {
            site = parse()?;
        }
        site.journal = Some(journal);
        Ok(Opened { site, note })
    }

    /// Reads a file that holds a list of actors, as `adversary.actors` of a state file has it, in the names of
    /// this site.
    pub fn read_actors(&self, path: &Utf8Path) -> Result<Vec<Actor>, Error> {
        let refused = |why| Error::Read { path: path.to_owned(), why };
        let folder = Folder::open(path.parent().unwrap_or(Utf8Path::new("")));
        let folder = folder.map_err(|error| refused(error.into()))?;
        let name = Utf8Path::new(path.file_name().unwrap_or("."));
        let bytes = folder.read_near(name, MAX_STATE_BYTES).map_err(refused)?;
        let text = String::from_utf8_lossy(&bytes);
        state::parse_actors(&text, &self.world)
            .map_err(|source| Error::State { path: path.to_owned(), source })
    }

    /// A site that forgets everything when it ends, and stands still unless it is served otherwise.
    pub fn in_memory(world: World) -> Self {
        Self { world, adversary: Adversary::default(), spent: Spent::default(), journal: None }
    }

    /// A site from the text of a state file, that forgets everything when it ends.
    pub fn from_yaml(text: &str) -> Result<Self, StateError> {
        let (world, adversary) = state::parse_whole(text)?;
        Ok(Self { adversary, ..Self::in_memory(world) })
    }

    /// What the state file says goes on beside the requests.
    pub fn adversary(&self) -> &Adversary {
        &self.adversary
    }

    pub(super) fn spent(&self) -> &Spent {
        &self.spent
    }

    /// The site's world.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Changes the world behind the API's back. Such changes are not kept between runs.
    pub fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    /// What `site.caller` signs in with.
    pub fn credentials(&self) -> Option<Credentials> {
        self.world.settings.caller.as_ref().and_then(|account| self.credentials_of(account))
    }

    /// What an account signs in with.
    pub fn credentials_of(&self, account: &AccountId) -> Option<Credentials> {
        let user = self.world.user(account)?;
        let email = user.email.clone().unwrap_or_else(|| user.handle.clone());
        Some(Credentials { email, token: format!("token-{}", user.handle) })
    }

    /// Carries out a write and keeps it. The inner result is the world's answer.
    pub fn perform(&mut self, caller: &Caller, command: Command) -> Result<Result<Outcome, Refusal>, Error> {
        let outcome = match self.world.perform(caller, &command) {
            Ok(outcome) => outcome,
            Err(refusal) => return Ok(Err(refusal)),
        };
        self.keep(&Kept::Write { caller: caller.clone(), command })?;
        Ok(Ok(outcome))
    }

    /// Carries out a concurrent change and keeps it. The inner result is the world's answer.
    pub(super) fn act(&mut self, action: &Action) -> Result<Result<(), NotApplicable>, Error> {
        let result = self.world.act(action);
        if result.is_ok() {
            self.keep(&Kept::Act(action.clone()))?;
        }
        Ok(result)
    }

    /// Notes that an actor has acted. Those that are not of the state file are not kept.
    pub(super) fn note_spent(&mut self, actor: usize) -> Result<(), Error> {
        if actor < self.adversary.actors.len() && self.spent.actors.insert(actor) {
            self.keep(&Kept::Spent { actor })?;
        }
        Ok(())
    }

    /// Notes that the server has died, so that it does not die in the next run again.
    pub(super) fn note_death(&mut self) -> Result<(), Error> {
        self.spent.killed = true;
        self.keep(&Kept::Killed)
    }

    fn keep(&mut self, kept: &Kept) -> Result<(), Error> {
        self.journal.as_mut().map_or(Ok(()), |journal| journal.append(kept))
    }

    /// Does again what was kept. Says whether it could be done.
    fn redo(&mut self, kept: Kept) -> bool {
        match kept {
            Kept::Write { caller, command } => self.world.perform(&caller, &command).is_ok(),
            Kept::Act(action) => self.world.act(&action).is_ok(),
            Kept::Spent { actor } => self.spent.actors.insert(actor),
            Kept::Killed => {
                self.spent.killed = true;
                true
            }
        }
    }
}

/// Forgets what was done to the sandbox of a state file. Says whether there was anything to forget.
pub fn reset(path: &Utf8Path) -> Result<bool, Error> {
    let journal = journal_path(path);
    match files::refuse_own_links(&journal).and_then(|()| fs::remove_file(&journal)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(Error::Write { path: journal, source }),
    }
}

#[derive(Serialize, Deserialize)]
struct Head {
    sandbox: u32,
    sha256: String,
}

/// A line of the journal after the first.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kept {
    /// A write that the world accepted.
    Write { caller: Caller, command: Command },
    /// A concurrent change.
    Act(Action),
    /// An actor of the state file that has acted.
    Spent { actor: usize },
    /// The server has died.
    Killed,
}

/// The version of the journal's form.
const JOURNAL: u32 = 2;

/// The file beside the state file.
#[derive(Debug)]
struct Journal {
    path: Utf8PathBuf,
    sha256: String,
    /// The bytes that are known to be whole and ours; `None` until the file is there and fits.
    length: Option<u64>,
}

impl Journal {
    fn beside(path: &Utf8Path, text: &str) -> Self {
        let sha256 = Sha256::digest(text.as_bytes())
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .collect();
        Self { path: journal_path(path), sha256, length: None }
    }

    /// Carries out what was kept. With a note, the site is half changed and has to be made anew.
    fn replay(&mut self, site: &mut Site) -> Result<Option<Note>, Error> {
        let bytes = match files::read_own(&self.path, MAX_MEMORY_BYTES) {
            Ok(bytes) => bytes,
            Err(why) if why.is_missing() => return Ok(None),
            Err(why) => return Err(Error::Read { path: self.path.clone(), why }),
        };
        let Ok(text) = String::from_utf8(bytes) else { return Ok(Some(Note::Unusable { line: 1 })) };
        // A last line without its end was cut short by a crash: that write was never acknowledged.
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let mut lines = text[..whole].lines();
        match lines.next().map(serde_json::from_str::<Head>) {
            None => return Ok(None),
            Some(Ok(head)) if head.sandbox == JOURNAL && head.sha256 == self.sha256 => {}
            Some(Ok(_)) => {
                return Ok(Some(Note::FileChanged { writes: lines.count() }));
            }
            Some(Err(_)) => return Ok(Some(Note::Unusable { line: 1 })),
        }
        for (index, line) in lines.enumerate() {
            if !serde_json::from_str(line).is_ok_and(|kept| site.redo(kept)) {
                return Ok(Some(Note::Unusable { line: index + 2 }));
            }
        }
        self.length = Some(whole as u64);
        Ok(None)
    }

    /// Keeps a line; when this returns it is on disk.
    fn append(&mut self, kept: &Kept) -> Result<(), Error> {
        let path = self.path.clone();
        let failed = |source| Error::Write { path: path.clone(), source };
        let mut lines = String::new();
        let mut file = if let Some(length) = self.length {
            let file = files::open_own(&self.path, false).map_err(failed)?;
            let found = file.metadata().map_err(failed)?.len();
            // Shorter or longer than we left it, unless a torn line of a crash is what follows.
            if found < length || (found > length && !self.torn_after(length)) {
                return Err(Error::Shared { path: self.path.clone() });
            }
            file.set_len(length).map_err(failed)?;
            file
        } else {
            if let Some(folder) = self.path.parent() {
                files::own_folder(folder).map_err(failed)?;
                let ignore = folder.join(".gitignore");
                if fs::symlink_metadata(&ignore).is_err() {
                    files::write(&ignore, "*\n").map_err(failed)?;
                }
            }
            lines = line(&Head { sandbox: JOURNAL, sha256: self.sha256.clone() }).map_err(failed)?;
            files::open_own(&self.path, true).map_err(failed)?
        };
        lines.push_str(&line(kept).map_err(failed)?);
        io::Seek::seek(&mut file, io::SeekFrom::End(0)).map_err(failed)?;
        file.write_all(lines.as_bytes()).and_then(|()| file.sync_data()).map_err(failed)?;
        self.length = Some(self.length.unwrap_or(0) + lines.len() as u64);
        Ok(())
    }

    fn torn_after(&self, length: u64) -> bool {
        let whole = usize::try_from(length).unwrap_or(usize::MAX);
        files::read_own(&self.path, MAX_MEMORY_BYTES)
            .is_ok_and(|bytes| bytes.get(whole..).is_some_and(|rest| !rest.contains(&b'\n')))
    }
}

fn line<T: Serialize>(value: &T) -> io::Result<String> {
    let mut text = serde_json::to_string(value)?;
    text.push('\n');
    Ok(text)
}

fn journal_path(path: &Utf8Path) -> Utf8PathBuf {
    let folder = path.parent().unwrap_or(Utf8Path::new("")).join(".confperm");
    folder.join(format!("{}.ndjson", path.file_name().unwrap_or("sandbox")))
}
