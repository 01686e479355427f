//! How fast all tasks together may go: a number of calls in flight, which grows slowly at first; the rate that the site
//! turns out to allow ([`rate`]); and one moment before which no task may call, since a limit is the tenant's and not
//! the task's.

mod rate;

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Duration, Instant, sleep_until};

pub use rate::Grant;
use rate::Rate;

/// Atlassian advises to start with 4 or 5 calls at a time; bursts of 20 have drawn 429.
const AT_FIRST: usize = 5;

/// So many answers without a complaint, and one more call at a time is tried.
const CALM: u32 = 10;

/// A pause that becomes longer by less is the same one.
const NEWS: Duration = Duration::from_secs(1);

/// The pace of one site.
#[derive(Debug)]
pub struct Pace {
    slots: Semaphore,
    state: Mutex<PaceState>,
    most: usize,
}

#[derive(Debug)]
struct PaceState {
    width: usize,
    calm: u32,
    in_flight: usize,
    rate: Rate,
    not_before: Option<Instant>,
}

/// The right to make one call; given back when dropped.
#[derive(Debug)]
pub struct Slot<'a> {
    pace: &'a Pace,
    grant: Grant,
    _permit: Option<SemaphorePermit<'a>>,
}

impl Slot<'_> {
    /// What the pace has to know of the call when it is answered.
    pub const fn grant(&self) -> Grant {
        self.grant
    }
}

impl Pace {
    /// `most` calls are in flight at a time, at most.
    pub fn new(most: usize) -> Self {
        let most = most.max(1);
        let width = most.min(AT_FIRST);
        let state = PaceState { width, calm: 0, in_flight: 0, rate: Rate::new(), not_before: None };
        Self { slots: Semaphore::new(width), state: Mutex::new(state), most }
    }

    /// Waits for a slot, and then until a call is allowed.
    pub async fn slot(&self) -> Slot<'_> {
        // The semaphore is never closed; were it, the slot would only not be counted.
        let permit = self.slots.acquire().await.ok();
        loop {
            let moment = match self.state().begin() {
                Ok(grant) => return Slot { pace: self, grant, _permit: permit },
                Err(moment) => moment,
            };
            sleep_until(moment).await;
        }
    }

    /// The site rejected a call for its rate: all calls wait, and come at a slower rate afterwards. Says whether that is
    /// news, or part of a pause that goes on anyway.
    pub fn limited(&self, grant: Grant, wait: Duration) -> bool {
        let now = Instant::now();
        let mut state = self.state();
        let in_flight = state.in_flight + 1;
        if state.rate.rejected(&grant, now, wait, in_flight) {
            // From now on the rate says how many calls there may be.
            self.widen(&mut state, self.most);
        }
        let until = now + wait;
        let longer = state.not_before.is_none_or(|moment| until >= moment + NEWS);
        state.not_before = Some(state.not_before.map_or(until, |moment| moment.max(until)));
        longer
    }

    /// The site says that the limit is near (`X-RateLimit-NearLimit`): no more calls at a time are tried. The rate is what
    /// it is, since some sites say so with each answer.
    pub fn near_limit(&self, grant: Grant) {
        let mut state = self.state();
        state.calm = 0;
        state.rate.passed(&grant);
    }

    /// A call went through without complaint.
    pub fn calm(&self, grant: Grant) {
        let mut state = self.state();
        state.rate.passed(&grant);
        state.calm += 1;
        if state.calm >= CALM && !state.rate.is_limited() {
            state.calm = 0;
            let wider = state.width + 1;
            self.widen(&mut state, wider);
        }
    }

    fn widen(&self, state: &mut PaceState, width: usize) {
        let more = width.min(self.most).saturating_sub(state.width);
        state.width += more;
        self.slots.add_permits(more);
    }

    fn state(&self) -> MutexGuard<'_, PaceState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PaceState {
    /// Begins a call, or says when to ask again.
    fn begin(&mut self) -> Result<Grant, Instant> {
        let now = Instant::now();
        let moment = self.not_before.max(self.rate.due()).filter(|moment| *moment > now);
        if let Some(moment) = moment {
            return Err(moment);
        }
        self.in_flight += 1;
        Ok(self.rate.grant(now))
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.pace.state().in_flight -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    async fn grant(pace: &Pace) -> Grant {
        pace.slot().await.grant()
    }

    #[tokio::test(start_paused = true)]
    async fn all_tasks_wait_when_one_is_told_to() {
        let pace = Pace::new(8);
        let began = Instant::now();
        let rejected = grant(&pace).await;
        assert!(pace.limited(rejected, 3 * SECOND));
        assert!(!pace.limited(rejected, 3 * SECOND), "one pause");
        let slots = tokio::join!(pace.slot(), pace.slot());
        assert_eq!(began.elapsed().as_secs(), 3);
        drop(slots);
        drop(pace.slot().await);
        assert_eq!(began.elapsed().as_secs(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn more_calls_at_a_time_are_tried_one_by_one_and_never_beyond_the_most() {
        let pace = Pace::new(7);
        let mut slots = Vec::new();
        for most in 5..=7 {
            while let Ok(slot) = tokio::time::timeout(SECOND, pace.slot()).await {
                slots.push(slot);
            }
            assert_eq!(slots.len(), most);
            (0..CALM).for_each(|_| pace.calm(slots[0].grant()));
        }
        assert!(tokio::time::timeout(SECOND, pace.slot()).await.is_err());
        drop(slots);
        assert_eq!(pace.state().in_flight, 0);
    }

    /// A site that says so with each answer must not be asked more and more slowly.
    #[tokio::test(start_paused = true)]
    async fn a_limit_that_is_always_near_slows_nothing_down() {
        let pace = Pace::new(8);
        for _ in 0..100 {
            let slot = pace.slot().await;
            pace.near_limit(slot.grant());
        }
        let began = Instant::now();
        let five = [(); AT_FIRST].map(|()| pace.slot());
        futures_util::future::join_all(five).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
    }

    /// A site that lets so many calls through at once, and then so many per second.
    struct Bucket {
        rate: f64,
        burst: f64,
        tokens: f64,
        at: Instant,
        rejected: u32,
    }

    impl Bucket {
        fn new(rate: f64, burst: f64) -> Mutex<Self> {
            Mutex::new(Self { rate, burst, tokens: burst, at: Instant::now(), rejected: 0 })
        }

        fn serves(&mut self) -> bool {
            let now = Instant::now();
            self.tokens = self.burst.min(self.tokens + (now - self.at).as_secs_f64() * self.rate);
            self.at = now;
            let served = self.tokens >= 1.0;
            if served {
                self.tokens -= 1.0;
            } else {
                self.rejected += 1;
            }
            served
        }
    }

    /// Makes so many calls by twenty tasks. Gives the seconds it took.
    async fn taken(pace: &Pace, calls: u32, bucket: &Mutex<Bucket>, latency: Duration) -> f64 {
        let left = Mutex::new(calls);
        let began = Instant::now();
        let task = async || {
            loop {
                {
                    let mut left = left.lock().unwrap();
                    if *left == 0 {
                        return;
                    }
                    *left -= 1;
                }
                loop {
                    let slot = pace.slot().await;
                    let served = bucket.lock().unwrap().serves();
                    tokio::time::sleep(latency).await;
                    let grant = slot.grant();
                    drop(slot);
                    if served {
                        pace.calm(grant);
                        break;
                    }
                    pace.limited(grant, SECOND);
                }
            }
        };
        futures_util::future::join_all((0..20).map(|_| task())).await;
        began.elapsed().as_secs_f64()
    }

    /// How much longer so many seconds of work take at a limit than they have to.
    async fn lost(seconds: f64, rate: f64, burst: f64, latency: u64) -> f64 {
        let latency = Duration::from_millis(latency);
        // With sixteen calls at a time no more are possible.
        let possible = rate.min(16.0 / latency.as_secs_f64());
        let calls = (possible * seconds).ceil();
        let bucket = Bucket::new(rate, burst);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand")]
        let taken = taken(&Pace::new(16), calls as u32, &bucket, latency).await;
        taken * possible / calls
    }

    #[tokio::test(start_paused = true)]
    async fn little_time_is_lost_at_a_site_that_limits() {
        for rate in [1.0, 20.0, 100.0] {
            for burst in [1.0, 5.0, 20.0, 100.0] {
                for latency in [5, 80] {
                    let lost = lost(200.0, rate, burst, latency).await;
                    assert!(lost < 1.15, "{rate}/s, burst {burst}, latency {latency} ms: {lost:.2}");
                }
            }
        }
    }

    /// Others use the same limit for a while, and then no more.
    #[tokio::test(start_paused = true)]
    async fn a_limit_that_changes_is_followed() {
        let pace = Pace::new(16);
        let latency = Duration::from_millis(20);
        let bucket = Bucket::new(50.0, 10.0);
        for (rate, seconds) in [(50.0, 60.0), (20.0, 100.0), (50.0, 100.0)] {
            bucket.lock().unwrap().rate = rate;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few thousand")]
            let taken = taken(&pace, (rate * seconds) as u32, &bucket, latency).await;
            let rejected = bucket.lock().unwrap().rejected;
            assert!(taken < 1.15 * seconds, "{rate}/s: {taken:.1} s, {rejected} rejected");
        }
    }
}
