//! How far an apply goes: `--max-calls` and `--stop-at`.

use std::num::NonZeroUsize;
use std::time::Duration;

use jiff::civil::Time;
use jiff::{ToSpan as _, Zoned};
use tokio::time::{Instant, sleep_until};

use crate::apply::{ApplyOutcome, Status};

use super::args::ApplyArgs;

/// The limits of a run.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    /// So many calls of plans, at most.
    pub(super) calls: Option<usize>,
    /// Until then.
    end: Option<(Time, Instant)>,
}

impl Limits {
    pub(super) fn of(args: &ApplyArgs) -> Self {
        let end = args.stop_at.map(|time| (time, Instant::now() + until(time, &now())));
        Self { calls: args.max_calls.map(NonZeroUsize::get), end }
    }

    /// What is left of them after a run that went to its end.
    pub(super) fn after(&self, outcome: &ApplyOutcome) -> Self {
        let is_made = |status: &Status| matches!(status, Status::Done | Status::Skipped { partly: true, .. });
        let made = outcome.results.iter().filter(|result| is_made(&result.status)).count();
        Self { calls: self.calls.map(|most| most.saturating_sub(made)), ..self.clone() }
    }

    pub(super) const fn are_set(&self) -> bool {
        self.calls.is_some() || self.end.is_some()
    }

    /// Waits for the time at which no further calls are started, and says it; for ever where there is none.
    pub(super) async fn time_is_up(&self) -> Time {
        match self.end {
            Some((time, moment)) => {
                sleep_until(moment).await;
                time
            }
            None => std::future::pending().await,
        }
    }
}

/// How long it is to a time of the day, today or tomorrow.
fn until(time: Time, now: &Zoned) -> Duration {
    let next = |days: i32| {
        let day = now.date().checked_add(days.days()).ok()?;
        let at = day.to_datetime(time).to_zoned(now.time_zone().clone()).ok()?;
        Duration::try_from(at.timestamp().duration_since(now.timestamp())).ok().filter(|wait| !wait.is_zero())
    };
    // There is always a tomorrow, but for the last day that this library knows.
    next(0).or_else(|| next(1)).unwrap_or_default()
}

#[expect(clippy::disallowed_methods, reason = "the time of the day is what the option is about")]
fn now() -> Zoned {
    Zoned::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_has_passed_is_tomorrows() {
        let now: Zoned = "2026-11-27T22:00[Europe/Berlin]".parse().unwrap();
        let until = |hour, minute| until(Time::constant(hour, minute, 0, 0), &now).as_secs() / 60;
        assert_eq!(until(22, 30), 30);
        assert_eq!(until(6, 0), 8 * 60);
        assert_eq!(until(22, 0), 24 * 60);
        // The night in which the clocks are put forward is an hour shorter.
        let now: Zoned = "2027-03-27T22:00[Europe/Berlin]".parse().unwrap();
        assert_eq!(super::until(Time::constant(6, 0, 0, 0), &now).as_secs() / 60, 7 * 60);
    }
}
