//! Reading a site for a command: the one way from `cli` to [`crate::observe`].

use crate::confluence::{self, Cloud, Read as _};
use crate::model::{Desired, Live};
use crate::observe::{self, Failure, Needs};
use crate::policy::{Context, Policy, Resolved};

use super::progress::Stage;
use super::{Connection, Output};

/// A site that is read for a command.
#[derive(Clone, Copy)]
pub(super) struct SiteReading<'a> {
    pub(super) site: &'a Cloud,
    out: &'a Output,
}

impl<'a> SiteReading<'a> {
    /// Says which site is read.
    pub(super) fn of(connection: &'a Connection, out: &'a Output) -> Self {
        out.say(&format!("Reading {}", connection.address));
        out.progress.begin(Stage::Reading);
        Self { site: &connection.site, out }
    }

    /// The same of which that was said before.
    pub(super) fn again(connection: &'a Connection, out: &'a Output) -> Self {
        Self { site: &connection.site, out }
    }

    /// The site and who signs in; of the rest only what the policy itself tells is known yet.
    pub(super) async fn sign_in(self, policy: &Policy) -> Result<Live, confluence::Error> {
        let live = Live::of(self.site.site().await?);
        Ok(Live { guests: policy.guests(), ..live })
    }

    /// The same without the groups of the account that signs in.
    pub(super) async fn sign_in_for_question(self, policy: &Policy) -> Result<Live, confluence::Error> {
        let live = Live::of(self.site.site_for_question().await?);
        Ok(Live { guests: policy.guests(), ..live })
    }

    /// Shows how far the reading is.
    pub(super) fn hook(self) -> impl Fn(observe::Progress) + Sync + 'a {
        move |progress| self.out.progress.read(progress)
    }

    /// Reads until nothing of what is needed is missing.
    pub(super) async fn until_known(
        self,
        live: &mut Live,
        needs: impl Fn(&Live) -> Needs,
    ) -> Result<(), confluence::Error> {
        observe::until_known(self.site, live, needs, &|progress| self.out.progress.read(progress)).await
    }

    /// Reads what planning needs, which `planning` says of what is read, and resolves the policy.
    pub(super) async fn for_plan(
        self,
        live: &mut Live,
        policy: &Policy,
        context: Context<'_>,
        planning: impl Fn(&Desired, &Live) -> Needs,
    ) -> Result<Resolved, Failure> {
        let hook = |progress| self.out.progress.read(progress);
        let resolved = observe::for_plan(self.site, live, policy, context, planning, &hook).await?;
        self.out.progress.begin(Stage::Planning);
        Ok(resolved)
    }
}
