//! Apply in a world that does not stand still: other administrators, lag, failures, the end of a run anywhere.
//!
//! [`faults`] has the measured cases one by one; [`properties`] has random sites, policies and adversaries.
//! What is right is judged by the sandbox's own state and log ([`judge`]), never by `confperm::access`.

mod faults;
mod judge;
mod properties;
mod random;

use std::sync::atomic::{AtomicU64, Ordering};

use confperm::apply::journal::SiteKey;
use confperm::apply::{ApplyOptions, ApplyOutcome, Journal, Stop, Unverified, journal};
use confperm::plan::Planned;
use confperm::policy::Policy;
use jiff::Timestamp;

use crate::in_process::{OPTIONS, Stage};
use crate::support::Folder;

/// A site and the journals of the runs on it.
pub(crate) struct Runs {
    pub(crate) stage: Stage,
    pub(crate) policy: Policy,
    folder: Folder,
    pub(crate) options: ApplyOptions,
    /// Whether runs read the journal of the one before.
    pub(crate) remembers: bool,
    planned_at: AtomicU64,
}

/// How a run ended.
pub(crate) enum Ended {
    /// Others hid or removed what the policy names.
    Unplannable,
    /// The plan must not be applied.
    Refused(Planned),
    /// As with `kill -9`.
    Killed(Planned),
    Verified(Planned, ApplyOutcome),
}

impl Ended {
    pub(crate) fn planned(&self) -> &Planned {
        match self {
            Self::Refused(planned) | Self::Killed(planned) | Self::Verified(planned, _) => planned,
            Self::Unplannable => panic!("the policy does not fit the site"),
        }
    }

    pub(crate) fn outcome(&self) -> Option<&ApplyOutcome> {
        match self {
            Self::Verified(_, outcome) => Some(outcome),
            Self::Unplannable | Self::Refused(_) | Self::Killed(_) => None,
        }
    }

    /// Whether there was nothing to do, or everything was done.
    pub(crate) fn is_complete(&self) -> bool {
        self.outcome().is_some_and(ApplyOutcome::is_complete)
    }
}

impl Runs {
    pub(crate) fn new(stage: Stage, policy: Policy) -> Self {
        Self {
            stage,
            policy,
            folder: Folder::with(&[]),
            options: OPTIONS.clone(),
            remembers: true,
            planned_at: AtomicU64::new(0),
        }
    }

    pub(crate) fn earlier(&self) -> Vec<Unverified> {
        let last =
            journal::last(&self.folder.file(""), &SiteKey::default()).unwrap().filter(|_| self.remembers);
        last.map(|last| last.unverified).unwrap_or_default()
    }

    /// The number of the last request that planning has made.
    pub(crate) fn planned_at(&self) -> u64 {
        self.planned_at.load(Ordering::Relaxed)
    }

    /// Plans and applies once, until the end or until the site is gone.
    pub(crate) async fn run(&self) -> Ended {
        let earlier = self.earlier();
        let Ok(planned) = self.stage.plan_after(&self.policy, &earlier).await else {
            return Ended::Unplannable;
        };
        let asked = self.stage.running.requests().len();
        self.planned_at.store(asked.try_into().unwrap(), Ordering::Relaxed);
        if planned.plan.is_blocked() {
            return Ended::Refused(planned);
        }
        let (journal, _) =
            Journal::create(&self.folder.file(""), SiteKey::default(), || Timestamp::UNIX_EPOCH).unwrap();
        let stop = Stop::default();
        let applied = confperm::apply::apply(
            &planned,
            &earlier,
            &self.stage.site,
            &journal,
            &stop,
            &self.options,
            &|_| (),
        );
        let outcome = tokio::select! {
            biased;
            () = self.stage.running.killed() => None,
            outcome = applied => Some(outcome.unwrap()),
        };
        match outcome {
            None => Ended::Killed(planned),
            Some(outcome) => Ended::Verified(planned, outcome),
        }
    }
}
