//! The rate that a site allows, found out from the calls that it rejects.
//!
//! A site that limits is taken for a token bucket: it lets a burst through at once, and after that so many calls per
//! second. Neither number is published, so both are learned. Nothing is known before the first rejection, and calls go
//! as fast as their answers come. From then on they are spaced, and the rate is searched between one that was
//! sustained and one that was rejected:
//!
//! - `n` calls that went through within `t` seconds are at least `(n - burst) / t` calls per second;
//! - `n` calls between two rejections are at least `(n - 1) / t` calls per second, whatever the burst, since the
//!   bucket was empty at both;
//! - a rate that was rejected is too high.
//!
//! One of the two lower bounds is nearly exact: the first where the bucket is full again after the pause that a
//! rejection costs, the second where it is not. Each rejection costs that pause, so once the rate is known well
//! enough, a higher one is tried seldom, and more seldom each time that it is rejected.
//!
//! Only values: the moments come from outside.

use std::time::Duration;

use tokio::time::Instant;

/// Bounds that are as near to each other as this are taken for the rate.
const CLOSE: f64 = 1.08;

/// By how much more is tried first, once the rate is known; each step after that is twice as large.
const MORE: f64 = 0.04;

/// For how long a rate that is known is kept before more is tried, at first and at most.
const KEPT: [Duration; 2] = [Duration::from_secs(5), Duration::from_mins(1)];

/// A step of the search that has not been rejected for so long is over, even where a large burst could still hide
/// that it is too fast.
const LONG: f64 = 3.0;

/// Fewer calls say nothing about a rate.
const FEW: f64 = 6.0;

/// A call, as the search counts it.
#[derive(Debug, Clone, Copy)]
pub struct Grant {
    at: Instant,
    /// How many rejections there were before it, those of one burst counted once.
    epoch: u32,
    /// How many calls were granted since the last of them.
    of_epoch: u32,
    /// Which step of the search it belongs to, when that began, and how many of its calls came before.
    step: u32,
    began: Instant,
    of_step: u32,
}

impl Grant {
    /// Since its step began, in seconds.
    fn elapsed(&self) -> f64 {
        (self.at - self.began).as_secs_f64()
    }
}

/// What is known of a site's limit.
#[derive(Debug)]
pub(super) struct Rate {
    epoch: u32,
    of_epoch: u32,
    step: u32,
    /// When the first call of this step was granted.
    began: Option<Instant>,
    of_step: u32,
    /// When the next call may be made, once calls are spaced.
    due: Option<Instant>,
    search: Option<RateSearch>,
}

/// The search for the rate; rates are in calls per second.
#[derive(Debug)]
struct RateSearch {
    now: f64,
    /// Sustained.
    low: f64,
    /// Rejected, unless nothing between was tried yet.
    high: Option<f64>,
    /// The calls, and the seconds that they took, before the first rejection.
    first: [f64; 2],
    rejected: Instant,
    /// How long a known rate is kept.
    kept: Duration,
    /// More is being tried: which step of that it is, and the rate that it began from.
    trying: Option<(i32, f64)>,
    /// How often in a row the rate that was taken for known was rejected.
    fallen: i32,
}

impl Rate {
    pub(super) const fn new() -> Self {
        Self { epoch: 0, of_epoch: 0, step: 0, began: None, of_step: 0, due: None, search: None }
    }

    /// Whether a call was rejected yet.
    pub(super) const fn is_limited(&self) -> bool {
        self.search.is_some()
    }

    /// When the next call may be made; at once, if none was rejected yet.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// A call is made now.
    pub(super) fn grant(&mut self, now: Instant) -> Grant {
        let spacing = self.search.as_ref().map(|search| Duration::from_secs_f64(1.0 / search.now));
        if let (Some(spacing), Some(due)) = (spacing, self.due)
            && now > due + (spacing * 4).max(Duration::from_secs(1))
        {
            // There was nothing to do for a while, so the bucket has filled up, and what was counted says less.
            self.begin_step();
        }
        let grant = Grant {
            at: now,
            epoch: self.epoch,
            of_epoch: self.of_epoch,
            step: self.step,
            began: *self.began.get_or_insert(now),
            of_step: self.of_step,
        };
        self.of_epoch += 1;
        self.of_step += 1;
        if let Some(spacing) = spacing {
            // Timers are late by a fraction of a millisecond, which must not add up.
            let late = |due: &Instant| now.saturating_duration_since(*due) < Duration::from_millis(2);
            self.due = Some(self.due.filter(late).unwrap_or(now) + spacing);
        }
        grant
    }

    /// A call went through, and all that were granted before it as far as is known.
    pub(super) fn passed(&mut self, grant: &Grant) {
        if (grant.epoch, grant.step) != (self.epoch, self.step) || grant.elapsed() <= 0.0 {
            return;
        }
        if self.search.as_mut().is_some_and(|search| search.passed(grant)) {
            self.begin_step();
        }
    }

    /// A call was rejected: says whether that is the first of its burst. `in_flight` are the calls without an answer, with
    /// it; `now` is when its answer came, and `pause` for how long no call is made.
    pub(super) fn rejected(
        &mut self,
        grant: &Grant,
        now: Instant,
        pause: Duration,
        in_flight: usize,
    ) -> bool {
        if grant.epoch != self.epoch {
            return false;
        }
        if let Some(search) = &mut self.search {
            search.rejected(grant);
        } else {
            let latency = (now - grant.at).as_secs_f64();
            self.search = Some(RateSearch::after(grant, latency, pause, in_flight));
        }
        self.epoch += 1;
        self.of_epoch = 0;
        self.due = Some(now + pause);
        self.begin_step();
        true
    }

    fn begin_step(&mut self) {
        self.step += 1;
        self.began = None;
        self.of_step = 0;
    }
}

impl RateSearch {
    /// The first guess, between what went through so far and what the tasks would have asked for.
    fn after(grant: &Grant, latency: f64, pause: Duration, in_flight: usize) -> Self {
        let (calls, seconds) = (f64::from(grant.of_step).max(1.0), grant.elapsed());
        let offered = count(in_flight.max(1)) / latency.max(0.001);
        Self {
            now: (calls / (seconds + pause.as_secs_f64().max(0.1)) * offered).sqrt(),
            low: 0.0,
            high: None,
            first: [calls, seconds],
            rejected: grant.at,
            kept: KEPT[0],
            trying: None,
            fallen: 0,
        }
    }

    /// The most calls that the site has let through at once, if it allows no more than it has sustained.
    fn burst(&self) -> f64 {
        let [calls, seconds] = self.first;
        (calls - 0.9 * self.low * seconds).max(1.0)
    }

    fn is_known(&self) -> bool {
        self.high.is_some_and(|high| high < self.low * CLOSE)
    }

    /// Says whether another rate is tried from now on.
    fn passed(&mut self, grant: &Grant) -> bool {
        let (calls, seconds) = (f64::from(grant.of_step) + 1.0, grant.elapsed());
        let beyond = calls - self.burst();
        self.low = self.low.max((beyond / seconds).min(self.now));
        if calls < FEW || calls < 0.7 * self.now * seconds {
            // The tasks ask for less.
            return false;
        }
        // The share of this rate that is surely sustained.
        let sure = beyond / calls;
        let next = match (self.trying, self.high) {
            (Some((step, from)), _) if (sure >= 0.75 || seconds >= LONG) && seconds >= 0.5 => {
                self.trying = Some((step + 1, from));
                from * MORE.mul_add(f64::from(1 << step.min(8)), 1.0)
            }
            (None, Some(_)) if self.is_known() && seconds >= self.kept.as_secs_f64() => {
                self.fallen = 0;
                self.trying = Some((1, self.low));
                self.now * (1.0 + MORE)
            }
            (None, Some(high)) if !self.is_known() && high <= 2.0 * self.now => {
                let doubt = ((high / self.now - 1.0) / 3.0).max(0.03);
                if sure < 1.0 - doubt && seconds < LONG {
                    return false;
                }
                if high < self.now * CLOSE.sqrt() {
                    // Nothing is left to search between the two.
                    self.low = self.now;
                    return false;
                }
                (self.now * high).sqrt()
            }
            (None, _) if !self.is_known() && seconds >= 0.25 && (sure >= 0.6 || seconds >= 1.0) => {
                self.now * 1.5
            }
            _ => return false,
        };
        self.now = next;
        true
    }

    /// Goes back to what is sustained.
    fn rejected(&mut self, grant: &Grant) {
        let (calls, seconds) = (f64::from(grant.of_step), grant.elapsed());
        let whole = (grant.at - self.rejected).as_secs_f64().max(0.001);
        let of_step = if seconds > 0.0 { (calls - self.burst()) / seconds } else { 0.0 };
        self.low = self.low.max(of_step).max((f64::from(grant.of_epoch) - 1.0) / whole);
        if let Some((_, from)) = self.trying.take() {
            self.kept = (self.kept * 2).min(KEPT[1]);
            if self.low > 0.97 * self.now {
                self.low = from.min(0.97 * self.now);
            }
            self.high = Some(self.low * 1.05);
        } else {
            if self.is_known() || self.low >= 0.97 * self.now {
                // What was sustained is no more: others use the same limit, or it has changed.
                self.fallen += 1;
                self.low = self.now * (1.0 - 0.05 * f64::from(1 << self.fallen.min(4)) / 2.0);
            }
            self.high = Some(self.now);
        }
        self.low = self.low.max(0.5 / whole).min(self.now);
        self.now = match self.high {
            Some(high) if high > 3.0 * self.low => (self.low * high).sqrt(),
            _ => self.low,
        };
        self.rejected = grant.at;
    }
}

/// As a number to reckon with.
fn count(calls: usize) -> f64 {
    f64::from(u32::try_from(calls).unwrap_or(u32::MAX))
}
