//! Reading a site for a command: the one way from `cli` to [`crate::observe`], and the meter that shows how far it
//! is.

use std::collections::BTreeMap;
use std::sync::Mutex;

use indicatif::ProgressBar;

use crate::confluence::{self, Cloud, Read as _};
use crate::model::Live;
use crate::observe::{self, Failure, Needs, Part, Progress};
use crate::plan;
use crate::policy::{Context, Policy, Resolved};

use super::connect::Connection;
use super::output::Output;

/// A site that is read for a command.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) site: &'a Cloud,
    out: &'a Output,
}

impl<'a> Reading<'a> {
    /// Says which site is read.
    pub(super) fn of(connection: &'a Connection, out: &'a Output) -> Self {
        out.say(&format!("Reading {}", connection.address));
        Self { site: &connection.site, out }
    }

    /// The site and who signs in; nothing else is known of it yet.
    pub(super) async fn sign_in(self) -> Result<Live, confluence::Error> {
        Ok(Live::of(self.site.site().await?))
    }

    /// Reads until nothing of what is needed is missing.
    pub(super) async fn until_known(
        self,
        live: &mut Live,
        needs: impl Fn(&Live) -> Needs,
    ) -> Result<(), confluence::Error> {
        let meter = Meter::new(self.out);
        observe::until_known(self.site, live, needs, &|progress| meter.show(progress)).await
    }

    /// Reads what planning a policy needs.
    pub(super) async fn for_plan(
        self,
        live: &mut Live,
        policy: &Policy,
        context: Context<'_>,
    ) -> Result<Resolved, Failure> {
        let meter = Meter::new(self.out);
        let hook = |progress| meter.show(progress);
        observe::for_plan(self.site, live, policy, context, plan::needs, &hook).await
    }
}

/// How far the reading is, drawn on terminals only and gone when this is dropped.
struct Meter {
    bar: ProgressBar,
    counts: Mutex<BTreeMap<Part, Count>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    expected: usize,
    read: usize,
}

impl Meter {
    fn new(out: &Output) -> Self {
        Self { bar: out.meter(), counts: Mutex::default() }
    }

    /// Shows the part that moved last.
    fn show(&self, progress: Progress) {
        tracing::debug!(?progress);
        let Ok(mut counts) = self.counts.lock() else { return };
        let part = match progress {
            Progress::Expect(part, expected) => {
                counts.entry(part).or_default().expected += expected;
                part
            }
            Progress::Read(part, read) => {
                counts.entry(part).or_default().read += read;
                part
            }
        };
        let Count { expected, read } = counts.get(&part).copied().unwrap_or_default();
        self.bar.set_length(expected as u64);
        self.bar.set_position(read as u64);
        self.bar.set_message(part.to_string());
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
