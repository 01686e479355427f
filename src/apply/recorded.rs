//! The site during an apply: read directly, written to only through the journal.

use crate::confluence::{Read, Write, WriteError};
use crate::model::WriteRequest;
use crate::plan::CallId;

use super::journal::{Journal, JournalError};

/// A site, and the journal that every change of it goes into first.
pub(super) struct Recorded<'a, S> {
    site: &'a S,
    journal: &'a Journal,
}

/// Why a request was not carried out, or may not have been.
pub(super) enum Unmade {
    /// It was not even sent.
    Journal(JournalError),
    Site(WriteError),
}

impl<'a, S: Read + Write> Recorded<'a, S> {
    pub(super) const fn new(site: &'a S, journal: &'a Journal) -> Self {
        Self { site, journal }
    }

    pub(super) const fn read(&self) -> &'a S {
        self.site
    }

    pub(super) const fn journal(&self) -> &'a Journal {
        self.journal
    }

    /// Makes one request. `serves` is the call of the plan that it is for, if it is for one.
    pub(super) async fn perform(&self, serves: Option<CallId>, request: &WriteRequest) -> Result<(), Unmade> {
        let intent = self.journal.intend(serves, request).await.map_err(Unmade::Journal)?;
        let answer = self.site.perform(request).await;
        self.journal.answered(intent, &answer);
        answer.map_err(Unmade::Site)
    }
}
