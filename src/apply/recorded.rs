//! The site as those see it who carry a plan out: free to read, and written to through the journal only.

use crate::confluence::{Read, Write, WriteError};
use crate::model::Call;
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

    pub(super) const fn read(&self) -> &'a impl Read {
        self.site
    }

    pub(super) const fn journal(&self) -> &'a Journal {
        self.journal
    }

    /// Makes one request. `serves` is the call of the plan that it is for, if it is for one.
    pub(super) async fn perform(&self, serves: Option<CallId>, call: &Call) -> Result<(), Unmade> {
        let intent = self.journal.intend(serves, call).map_err(Unmade::Journal)?;
        let answer = self.site.perform(call).await;
        self.journal.answered(intent, &answer);
        answer.map_err(Unmade::Site)
    }
}
