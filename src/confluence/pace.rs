//! How fast all tasks together may go: a number of slots that shrinks when the site complains and grows
//! back slowly, and one moment before which no task may call, since a rate limit is the tenant's and not
//! the task's.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Duration, Instant, sleep_until};

/// Calls in a row without a complaint before one more slot is tried.
const CALM: u32 = 10;

/// The same where that many slots have drawn a complaint before: each complaint costs all tasks a wait.
const WARY: u32 = 300;

/// A pause that becomes longer by less is the same one.
const NEWS: Duration = Duration::from_secs(1);

/// The pace of one site.
#[derive(Debug)]
pub struct Pace {
    slots: Semaphore,
    state: Mutex<State>,
    most: usize,
}

#[derive(Debug)]
struct State {
    width: usize,
    /// Slots to take out of use as soon as they are given back.
    debt: usize,
    calm: u32,
    /// The most slots that have not drawn a complaint since they were last tried.
    ceiling: usize,
    not_before: Option<Instant>,
}

/// The right to make one call; given back when dropped.
#[derive(Debug)]
pub struct Slot<'a> {
    pace: &'a Pace,
    permit: Option<SemaphorePermit<'a>>,
}

impl Pace {
    /// Atlassian advises to start with 4 or 5 calls at a time; bursts of 20 have drawn 429.
    pub fn new(most: usize) -> Self {
        let most = most.max(1);
        let width = most.min(5);
        let state = State { width, debt: 0, calm: 0, ceiling: most, not_before: None };
        Self { slots: Semaphore::new(width), state: Mutex::new(state), most }
    }

    /// Waits for a slot, and then until calls are allowed.
    pub async fn slot(&self) -> Slot<'_> {
        // The semaphore is never closed; were it, the slot would only not be counted.
        let slot = Slot { pace: self, permit: self.slots.acquire().await.ok() };
        while let Some(moment) = self.not_before() {
            sleep_until(moment).await;
        }
        slot
    }

    /// The site rejected a call for its rate: all calls wait, and fewer go at a time afterwards. Says whether
    /// that is news, or part of a pause that goes on anyway.
    pub fn limited(&self, wait: Duration) -> bool {
        let now = Instant::now();
        let mut state = self.state();
        let waiting = state.not_before.is_some_and(|moment| moment > now);
        // Calls that were in flight together count as one complaint.
        if !waiting {
            state.ceiling = state.width - 1;
            let half = state.width / 2;
            self.shrink(&mut state, half);
        }
        let until = now + wait;
        let longer = state.not_before.is_none_or(|moment| until >= moment + NEWS);
        state.not_before = Some(state.not_before.map_or(until, |moment| moment.max(until)));
        longer
    }

    /// The site says that the limit is near (`X-RateLimit-NearLimit`).
    pub fn near_limit(&self) {
        self.shrink(&mut self.state(), 1);
    }

    /// A call went through without complaint.
    pub fn calm(&self) {
        let mut state = self.state();
        state.calm = state.calm.saturating_add(1);
        let enough = if state.width < state.ceiling { CALM } else { WARY };
        if state.calm >= enough && state.width < self.most {
            state.calm = 0;
            state.width += 1;
            state.ceiling = state.ceiling.max(state.width);
            if state.debt > 0 {
                state.debt -= 1;
            } else {
                self.slots.add_permits(1);
            }
        }
    }

    /// How many calls may be in flight now.
    pub fn width(&self) -> usize {
        self.state().width
    }

    fn shrink(&self, state: &mut State, by: usize) {
        // Two at a time lose less than one would: a single call at a time cannot use up a limit that is a
        // little higher than one call per round trip.
        let by = by.min(state.width.saturating_sub(2));
        state.calm = 0;
        state.width -= by;
        state.debt += by - self.slots.forget_permits(by);
    }

    fn not_before(&self) -> Option<Instant> {
        let now = Instant::now();
        self.state().not_before.filter(|moment| *moment > now)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut state = self.pace.state();
        if state.debt > 0
            && let Some(permit) = self.permit.take()
        {
            state.debt -= 1;
            permit.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn everybody_waits_when_one_is_told_to() {
        let pace = Pace::new(8);
        let began = Instant::now();
        pace.limited(3 * SECOND);
        let slots = tokio::join!(pace.slot(), pace.slot());
        assert_eq!(began.elapsed().as_secs(), 3);
        drop(slots);
        drop(pace.slot().await);
        assert_eq!(began.elapsed().as_secs(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn complaints_of_one_burst_count_once() {
        let pace = Pace::new(8);
        assert_eq!(pace.width(), 5);
        for _ in 0..5 {
            pace.limited(SECOND);
        }
        assert_eq!(pace.width(), 3);
        tokio::time::advance(2 * SECOND).await;
        pace.limited(SECOND);
        assert_eq!(pace.width(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn slots_in_use_are_taken_back_when_they_return() {
        let pace = Pace::new(4);
        let (a, b, c, d) = (pace.slot().await, pace.slot().await, pace.slot().await, pace.slot().await);
        for _ in 0..9 {
            pace.near_limit();
        }
        assert_eq!(pace.width(), 2);
        drop((a, b));
        assert!(tokio::time::timeout(SECOND, pace.slot()).await.is_err());
        drop(c);
        let _slot = pace.slot().await;
        assert!(tokio::time::timeout(SECOND, pace.slot()).await.is_err());
        drop(d);
    }

    /// A site with a token bucket, asked through a pace by twenty tasks. Gives the seconds it took.
    async fn taken(calls: u32, rate: f64, burst: f64, latency: Duration) -> f64 {
        let pace = Pace::new(16);
        let bucket = Mutex::new((burst, Instant::now()));
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
                    let served = {
                        let mut bucket = bucket.lock().unwrap();
                        let now = Instant::now();
                        bucket.0 = burst.min(bucket.0 + (now - bucket.1).as_secs_f64() * rate);
                        bucket.1 = now;
                        let served = bucket.0 >= 1.0;
                        if served {
                            bucket.0 -= 1.0;
                        }
                        served
                    };
                    tokio::time::sleep(latency).await;
                    drop(slot);
                    if served {
                        pace.calm();
                        break;
                    }
                    pace.limited(SECOND);
                }
            }
        };
        futures_util::future::join_all((0..20).map(|_| task())).await;
        began.elapsed().as_secs_f64()
    }

    #[tokio::test(start_paused = true)]
    async fn little_time_is_lost_at_a_site_that_limits() {
        for (rate, burst) in [(5.0, 10.0), (10.0, 20.0), (20.0, 20.0), (50.0, 50.0), (50.0, 100.0)] {
            for latency in [5, 20, 80, 200] {
                let calls = 2000;
                let taken = taken(calls, rate, burst, Duration::from_millis(latency)).await;
                // With sixteen calls at a time no more are possible.
                let possible = rate.min(16.0 / Duration::from_millis(latency).as_secs_f64());
                let ideal = f64::from(calls) / possible;
                assert!(taken / ideal < 1.1, "{rate}/s, burst {burst}, latency {latency} ms: {taken:.1} s");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn it_grows_back_one_slot_at_a_time_and_never_beyond_the_most() {
        let pace = Pace::new(3);
        pace.near_limit();
        assert_eq!(pace.width(), 2);
        for _ in 0..1000 {
            pace.calm();
        }
        assert_eq!(pace.width(), 3);
        let _all = (pace.slot().await, pace.slot().await, pace.slot().await);
        assert!(tokio::time::timeout(SECOND, pace.slot()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_single_slot_is_kept() {
        let pace = Pace::new(1);
        pace.near_limit();
        pace.limited(SECOND);
        assert_eq!(pace.width(), 1);
        drop(pace.slot().await);
    }
}
