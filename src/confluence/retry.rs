//! Whether a call is made again, and when: a function of values. It neither sleeps nor looks at a clock.
//!
//! A call that was rejected for its rate (429) or that never left this machine can always be made again.
//! After a server error or a lost answer only a read can: a write may have been carried out, so it is
//! [`Decision::Ambiguous`] and must be looked at, never repeated blindly.

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// Whether repeating a call can change anything. Not the same as the method: some reads are POSTs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Read,
    Write,
}

/// How an attempt ended, as far as repeating it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// 429, with the wait that the site asks for.
    Limited(Option<Duration>),
    /// A server error, with the wait that the site asks for.
    Failing(Option<Duration>),
    /// The request never left: unknown name, refused connection.
    NotConnected,
    /// The request left, and no whole answer came back.
    Lost,
    /// Something answered that is not Confluence.
    Strange,
    /// An answer that will be the same next time.
    Final,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Retry(Duration),
    /// The call was surely not carried out, or was a read.
    GiveUp,
    /// A write that may have been carried out.
    Ambiguous,
}

/// What has happened to a call so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Past {
    /// Attempts that ended in a failure.
    pub failures: u32,
    /// Attempts that ended in 429; their number has no bound, only their time.
    pub limited: u32,
    /// How long the call has taken: waits of any kind, and answers that came slowly or not at all.
    pub spent: Duration,
}

/// The numbers. Atlassian advises factor 2, jitter 0.7 to 1.3, a cap of 30 s and 4 retries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How often a failed read is made again.
    pub retries: u32,
    /// How often a connection that cannot be made at all is tried again.
    pub reconnects: u32,
    /// The first wait after a failure.
    pub start: Duration,
    /// The longest wait that is not of the site's own asking.
    pub cap: Duration,
    /// How long one call may take in all, whatever it waits for. A write that is under way by then is
    /// ambiguous like any other whose answer did not come.
    pub patience: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            retries: 4,
            reconnects: 2,
            start: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            patience: Duration::from_mins(5),
        }
    }
}

/// Decides about the next attempt. `jitter` is between 0.7 and 1.3, see [`jitter`].
pub fn decide(
    policy: &RetryPolicy,
    kind: Kind,
    past: Past,
    outcome: AttemptOutcome,
    jitter: f64,
) -> Decision {
    let backoff = |doublings: u32| {
        let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
        policy.start.saturating_mul(factor).min(policy.cap).mul_f64(jitter)
    };
    let in_time = |wait: Duration| past.spent.saturating_add(wait) < policy.patience;
    let again = |left: bool, wait: Duration| {
        if left && in_time(wait) { Decision::Retry(wait) } else { Decision::GiveUp }
    };
    match (kind, outcome) {
        (_, AttemptOutcome::Limited(asked)) => {
            // A site that says "0 seconds" for ever must not be hammered.
            let least = backoff(past.limited) / 10;
            let wait = asked.map_or_else(|| backoff(past.limited), |asked| asked.max(least));
            again(true, wait)
        }
        (_, AttemptOutcome::NotConnected) => again(past.failures < policy.reconnects, backoff(past.failures)),
        (Kind::Read, AttemptOutcome::Failing(asked)) => {
            let wait = asked.map_or(backoff(past.failures), |asked| asked.max(backoff(past.failures)));
            again(past.failures < policy.retries && wait <= policy.cap.mul_f64(1.3), wait)
        }
        (Kind::Read, AttemptOutcome::Lost) => again(past.failures < policy.retries, backoff(past.failures)),
        (Kind::Write, AttemptOutcome::Failing(_) | AttemptOutcome::Lost | AttemptOutcome::Strange) => {
            Decision::Ambiguous
        }
        (Kind::Read, AttemptOutcome::Strange) | (_, AttemptOutcome::Final) => Decision::GiveUp,
    }
}

/// A factor between 0.7 and 1.3 that differs from call to call, so that tasks that failed together do not
/// come back together.
pub fn jitter(call: u64, attempt: u32) -> f64 {
    // splitmix64
    let mut bits = (call ^ (u64::from(attempt) << 48)).wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^= bits >> 31;
    let thousandth = u32::try_from(bits % 601).unwrap_or_default();
    0.7 + f64::from(thousandth) / 1000.0
}

/// The wait that the site asks for: `Retry-After` in seconds or as a date, or else `X-RateLimit-Reset`,
/// which the gateway sends without it. Dates count from the answer's own `Date`, so that no clock of ours
/// matters; without one they are not used.
pub fn asked_wait(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let date = || rfc2822::parse(text(DATE.as_str())?).ok().map(|date| date.timestamp());
    let until = |at: Timestamp| Some(Duration::try_from(at.duration_since(date()?)).unwrap_or_default());
    if let Some(after) = text(RETRY_AFTER.as_str()) {
        if let Ok(seconds) = after.parse() {
            return Some(Duration::from_secs(seconds));
        }
        if let Some(wait) = rfc2822::parse(after).ok().and_then(|at| until(at.timestamp())) {
            return Some(wait);
        }
    }
    let reset = text("x-ratelimit-reset")?;
    let at = reset.parse().ok().or_else(|| {
        // Seen without seconds: `2026-03-02T10:00Z`.
        format!("{}:00Z", reset.strip_suffix('Z')?).parse().ok()
    })?;
    until(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn first(kind: Kind, outcome: AttemptOutcome) -> Decision {
        decide(&RetryPolicy::default(), kind, Past::default(), outcome, 1.0)
    }

    #[test]
    fn a_429_is_waited_for_as_long_as_asked_on_any_call() {
        for kind in [Kind::Read, Kind::Write] {
            assert_eq!(first(kind, AttemptOutcome::Limited(Some(7 * SECOND))), Decision::Retry(7 * SECOND));
            assert_eq!(
                first(kind, AttemptOutcome::Limited(None)),
                Decision::Retry(Duration::from_millis(500))
            );
            assert_eq!(first(kind, AttemptOutcome::Limited(Some(3600 * SECOND))), Decision::GiveUp);
        }
    }

    #[test]
    fn a_write_without_a_clear_answer_is_ambiguous() {
        for outcome in [
            AttemptOutcome::Failing(None),
            AttemptOutcome::Failing(Some(SECOND)),
            AttemptOutcome::Lost,
            AttemptOutcome::Strange,
        ] {
            assert_eq!(first(Kind::Write, outcome), Decision::Ambiguous);
        }
        assert!(matches!(first(Kind::Write, AttemptOutcome::NotConnected), Decision::Retry(_)));
        assert_eq!(first(Kind::Write, AttemptOutcome::Final), Decision::GiveUp);
    }

    #[test]
    fn reads_are_repeated_four_times_with_growing_waits() {
        let waits: Vec<_> = (0..6)
            .map(|failures| {
                let past = Past { failures, ..Past::default() };
                decide(&RetryPolicy::default(), Kind::Read, past, AttemptOutcome::Lost, 1.0)
            })
            .collect();
        let wait = |milliseconds| Decision::Retry(Duration::from_millis(milliseconds));
        assert_eq!(
            waits,
            [wait(500), wait(1000), wait(2000), wait(4000), Decision::GiveUp, Decision::GiveUp]
        );
    }

    #[test]
    fn waits_are_read_from_every_header_that_is_in_use() {
        let wait = |pairs: &[(&'static str, &'static str)]| {
            let headers = pairs.iter().map(|&(name, value)| {
                (http::HeaderName::from_static(name), http::HeaderValue::from_static(value))
            });
            asked_wait(&headers.collect())
        };
        let date = ("date", "Mon, 02 Mar 2026 09:59:30 GMT");
        assert_eq!(wait(&[("retry-after", "3")]), Some(3 * SECOND));
        assert_eq!(wait(&[date, ("retry-after", "Mon, 02 Mar 2026 10:00:00 GMT")]), Some(30 * SECOND));
        assert_eq!(wait(&[date, ("x-ratelimit-reset", "2026-03-02T10:00:00Z")]), Some(30 * SECOND));
        assert_eq!(wait(&[date, ("x-ratelimit-reset", "2026-03-02T10:00Z")]), Some(30 * SECOND));
        assert_eq!(wait(&[date, ("x-ratelimit-reset", "2026-03-02T09:00Z")]), Some(Duration::ZERO));
        assert_eq!(wait(&[("x-ratelimit-reset", "2026-03-02T10:00Z")]), None);
        assert_eq!(wait(&[date, ("retry-after", "soon")]), None);
        assert_eq!(wait(&[]), None);
    }

    fn outcomes() -> impl Strategy<Value = AttemptOutcome> {
        let wait = prop::option::of((0_u64..100_000).prop_map(Duration::from_millis));
        prop_oneof![
            wait.clone().prop_map(AttemptOutcome::Limited),
            wait.prop_map(AttemptOutcome::Failing),
            Just(AttemptOutcome::NotConnected),
            Just(AttemptOutcome::Lost),
            Just(AttemptOutcome::Strange),
            Just(AttemptOutcome::Final),
        ]
    }

    proptest! {
        #[test]
        fn a_write_that_may_have_happened_is_never_repeated(
            failures in 0_u32..9, limited in 0_u32..99, outcome in outcomes(), jitter in 0.7..1.3_f64,
        ) {
            let past = Past { failures, limited, spent: Duration::ZERO };
            let decision = decide(&RetryPolicy::default(), Kind::Write, past, outcome, jitter);
            let may_have_happened = matches!(outcome, AttemptOutcome::Failing(_) | AttemptOutcome::Lost | AttemptOutcome::Strange);
            prop_assert_eq!(decision == Decision::Ambiguous, may_have_happened);
        }

        #[test]
        fn a_read_is_never_ambiguous(failures in 0_u32..9, outcome in outcomes(), jitter in 0.7..1.3_f64) {
            let past = Past { failures, ..Past::default() };
            let decision = decide(&RetryPolicy::default(), Kind::Read, past, outcome, jitter);
            prop_assert_ne!(decision, Decision::Ambiguous);
        }

        #[test]
        fn every_story_ends_in_time(
            outcomes in prop::collection::vec((outcomes(), 0_u64..180_000), 1..6), call in any::<u64>(),
        ) {
            let patience = RetryPolicy::default().patience;
            let mut past = Past::default();
            let mut ended = false;
            for (attempt, (outcome, exchange)) in (0..5000).zip(outcomes.iter().cycle()) {
                // As the client does: no exchange outlives the patience.
                past.spent += Duration::from_millis(*exchange).min(patience.saturating_sub(past.spent));
                let decision = decide(&RetryPolicy::default(), Kind::Read, past, *outcome, jitter(call, attempt));
                let Decision::Retry(wait) = decision else {
                    ended = true;
                    break;
                };
                past.spent += wait;
                match outcome {
                    AttemptOutcome::Limited(_) => past.limited += 1,
                    _ => past.failures += 1,
                }
            }
            prop_assert!(ended);
            prop_assert!(past.spent <= patience);
        }

        #[test]
        fn jitter_stays_in_its_band(call in any::<u64>(), attempt in 0_u32..50) {
            prop_assert!((0.7..=1.3).contains(&jitter(call, attempt)));
        }
    }
}
