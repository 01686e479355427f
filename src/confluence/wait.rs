//! Waits that a person notices: what a call waits for, and for how long. They are handed to a
//! [`Watcher`]; nothing is printed here.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio::time::{Instant, timeout_at};

use super::error::Endpoint;

/// A call that has waited for so long is reported.
pub const NOTICEABLE: Duration = Duration::from_secs(5);

/// And again each time that so much has been added.
pub const EVERY: Duration = Duration::from_secs(10);

/// What a call waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitReason {
    /// 429: the site asks for a pause, which holds for all calls.
    RateLimit,
    /// The site failed with this status, and the call is made again.
    Failing(StatusCode),
    /// No whole answer came, and the call is made again.
    NoAnswer,
    /// The answer has not come yet, or not all of it.
    SlowAnswer,
}

/// A call that takes longer than a few seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub endpoint: Endpoint,
    pub cause: WaitReason,
    /// How long the call has taken so far, its earlier attempts included.
    pub so_far: Duration,
    /// How long it pauses before it is made again. `None` while an answer is outstanding.
    pub pause: Option<Duration>,
}

/// What receives [`Waiting`]; by default, nothing.
#[derive(Clone, Default)]
pub struct Watcher(Option<Arc<WaitHook>>);

type WaitHook = dyn Fn(&Waiting) + Send + Sync;

impl Watcher {
    pub fn new(hook: impl Fn(&Waiting) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(hook)))
    }

    fn report(&self, waiting: &Waiting) {
        if let Some(hook) = &self.0 {
            hook(waiting);
        }
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Watcher").field(&self.0.is_some()).finish()
    }
}

/// The time that one call takes, over all its attempts.
#[derive(Debug)]
pub(crate) struct Vigil<'a> {
    watcher: &'a Watcher,
    endpoint: &'a Endpoint,
    spent: Duration,
    /// The next report is due once so much has been spent.
    due: Duration,
}

impl<'a> Vigil<'a> {
    pub(crate) const fn new(watcher: &'a Watcher, endpoint: &'a Endpoint) -> Self {
        Self { watcher, endpoint, spent: Duration::ZERO, due: NOTICEABLE }
    }

    /// Pauses and exchanges in all. The queue for a slot does not count: others get on meanwhile.
    pub(crate) const fn spent(&self) -> Duration {
        self.spent
    }

    /// Counts a pause that is about to begin. It is reported here unless another call has done so already.
    pub(crate) fn pause(&mut self, cause: WaitReason, pause: Duration, reported: bool) {
        let after = self.spent + pause;
        if after >= self.due {
            self.due = after + EVERY;
            if !reported {
                self.report(cause, self.spent, Some(pause));
            }
        }
        self.spent = after;
    }

    /// Awaits an exchange, and reports it if that takes long.
    pub(crate) async fn over<T>(&mut self, exchange: impl Future<Output = T>) -> T {
        tokio::pin!(exchange);
        let (began, before) = (Instant::now(), self.spent);
        loop {
            let due = began + self.due.saturating_sub(before);
            let result = timeout_at(due, &mut exchange).await;
            self.spent = before + began.elapsed();
            if let Ok(result) = result {
                return result;
            }
            self.due = self.spent + EVERY;
            self.report(WaitReason::SlowAnswer, self.spent, None);
        }
    }

    fn report(&self, cause: WaitReason, so_far: Duration, pause: Option<Duration>) {
        self.watcher.report(&Waiting { endpoint: self.endpoint.clone(), cause, so_far, pause });
    }
}

/// A duration as people say it: `40 s`, `5 min 3 s`.
#[derive(Debug, Clone, Copy)]
pub struct InWords(pub Duration);

impl fmt::Display for InWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rounded up: a wait of "0 s" is none.
        let seconds = self.0.as_millis().div_ceil(1000);
        match (seconds / 60, seconds % 60) {
            (0, seconds) => write!(f, "{seconds} s"),
            (minutes, 0) => write!(f, "{minutes} min"),
            (minutes, seconds) => write!(f, "{minutes} min {seconds} s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use http::Method;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn endpoint() -> Endpoint {
        Endpoint { method: Method::GET, path: "/wiki/x".to_owned() }
    }

    /// A cause, the seconds so far, and those of the pause.
    type Reported = Arc<Mutex<Vec<(WaitReason, u64, Option<u64>)>>>;

    fn watcher() -> (Watcher, Reported) {
        let reported = Reported::default();
        let log = Arc::clone(&reported);
        let watcher = Watcher::new(move |waiting: &Waiting| {
            let pause = waiting.pause.map(|pause| pause.as_secs());
            log.lock().unwrap().push((waiting.cause, waiting.so_far.as_secs(), pause));
        });
        (watcher, reported)
    }

    #[test]
    fn short_pauses_are_reported_once_they_add_up() {
        let ((watcher, reported), endpoint) = (watcher(), endpoint());
        let mut vigil = Vigil::new(&watcher, &endpoint);
        for _ in 0..30 {
            vigil.pause(WaitReason::RateLimit, SECOND, false);
        }
        let reported = reported.lock().unwrap().clone();
        let at = |so_far| (WaitReason::RateLimit, so_far, Some(1));
        assert_eq!(reported, [at(4), at(14), at(24)]);
        assert_eq!(vigil.spent(), 30 * SECOND);
    }

    #[test]
    fn a_long_pause_is_reported_when_it_begins() {
        let ((watcher, reported), endpoint) = (watcher(), endpoint());
        let mut vigil = Vigil::new(&watcher, &endpoint);
        vigil.pause(WaitReason::RateLimit, 4 * SECOND, false);
        vigil.pause(WaitReason::RateLimit, 30 * SECOND, false);
        vigil.pause(WaitReason::RateLimit, 30 * SECOND, true);
        let reported = reported.lock().unwrap().clone();
        assert_eq!(reported, [(WaitReason::RateLimit, 4, Some(30))]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_does_not_come_is_reported_again_and_again() {
        let ((watcher, reported), endpoint) = (watcher(), endpoint());
        let mut vigil = Vigil::new(&watcher, &endpoint);
        vigil.over(tokio::time::sleep(4 * SECOND)).await;
        vigil.over(tokio::time::sleep(22 * SECOND)).await;
        let reported = reported.lock().unwrap().clone();
        let at = |so_far| (WaitReason::SlowAnswer, so_far, None);
        assert_eq!(reported, [at(5), at(15), at(25)]);
        assert_eq!(vigil.spent(), 26 * SECOND);
    }

    #[test]
    fn durations_are_words() {
        for (milliseconds, words) in
            [(1, "1 s"), (40_000, "40 s"), (60_000, "1 min"), (302_500, "5 min 3 s"), (3_600_000, "60 min")]
        {
            assert_eq!(InWords(Duration::from_millis(milliseconds)).to_string(), words);
        }
    }
}
