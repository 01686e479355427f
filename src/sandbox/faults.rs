//! A server in a bad mood: latency, a rate limit, failures and lost answers, the same for the same seed.
//!
//! Whether request number *n* fails depends on the seed and on *n* alone.

use std::time::Duration;

use tokio::time::Instant;

/// What goes wrong on purpose. The default is a server in good health.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// How long each answer waits.
    pub latency: Duration,
    /// A limit on requests; what is above answers 429.
    pub rate: Option<Rate>,
    /// Requests that fail before anything is done.
    pub fail: Vec<Failure>,
    /// Writes that are carried out and whose answer is lost with the connection; 0 to 1.
    pub drop_answer: f64,
    /// Makes another sequence.
    pub seed: u64,
}

/// A token bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Tokens that flow in.
    pub per_second: f64,
    /// Tokens that fit.
    pub burst: u32,
}

/// A share of requests that fail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Failure {
    /// The status they answer.
    pub status: u16,
    /// 0 to 1.
    pub share: f64,
}

/// A fault on the command line that does not read as one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// Not of the form `503:2%`.
    #[error("`{0}` is not a failure: write STATUS:SHARE, such as 503:2%")]
    Failure(String),
    /// Not a share.
    #[error("`{0}` is not a share: write a percentage, such as 2%")]
    Share(String),
    /// Not a rate.
    #[error("`{0}` is not a rate: write requests per second, such as 10/s")]
    Rate(String),
}

impl std::str::FromStr for Failure {
    type Err = FaultError;

    /// Reads `503:2%`.
    fn from_str(text: &str) -> Result<Self, FaultError> {
        let wrong = || FaultError::Failure(text.to_owned());
        let (status, share) = text.split_once(':').ok_or_else(wrong)?;
        let status = status.parse().ok().filter(|status| (400..600).contains(status)).ok_or_else(wrong)?;
        Ok(Self { status, share: parse_share(share)? })
    }
}

/// Reads `2%` as 0.02.
pub fn parse_share(text: &str) -> Result<f64, FaultError> {
    let wrong = || FaultError::Share(text.to_owned());
    let percent: f64 =
        text.strip_suffix('%').and_then(|number| number.trim().parse().ok()).ok_or_else(wrong)?;
    if (0.0..=100.0).contains(&percent) { Ok(percent / 100.0) } else { Err(wrong()) }
}

/// Reads `10/s`.
pub fn parse_rate(text: &str) -> Result<f64, FaultError> {
    let number = text.strip_suffix("/s").and_then(|number| number.trim().parse::<f64>().ok());
    number.filter(|rate| *rate > 0.0).ok_or_else(|| FaultError::Rate(text.to_owned()))
}

impl Faults {
    /// The status that a request fails with, if it does.
    pub(super) fn failure(&self, number: u64) -> Option<u16> {
        let thrown = |(salt, failure): (u64, &Failure)| {
            (self.dice(number, salt) < failure.share).then_some(failure.status)
        };
        (1..).zip(&self.fail).find_map(thrown)
    }

    /// Whether the answer of a write is lost.
    pub(super) fn loses_answer(&self, number: u64) -> bool {
        self.dice(number, 0) < self.drop_answer
    }

    /// Evenly from 0 to 1 (splitmix64).
    fn dice(&self, number: u64, salt: u64) -> f64 {
        let mut z =
            self.seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_add(salt << 56);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let share = (z >> 11) as f64 / (1_u64 << 53) as f64;
        share
    }
}

/// The state of the rate limit.
#[derive(Debug)]
pub(super) struct Bucket {
    rate: Rate,
    tokens: f64,
    filled: Instant,
}

/// What the bucket says of one request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Allowance {
    pub(super) limit: u32,
    pub(super) remaining: u32,
    /// How long to wait, when the request is too much.
    pub(super) wait: Option<Duration>,
}

impl Bucket {
    pub(super) fn new(rate: Rate, now: Instant) -> Self {
        Self { rate, tokens: f64::from(rate.burst), filled: now }
    }

    pub(super) fn take(&mut self, now: Instant) -> Allowance {
        let flown = now.duration_since(self.filled).as_secs_f64() * self.rate.per_second;
        self.tokens = (self.tokens + flown).min(f64::from(self.rate.burst.max(1)));
        self.filled = now;
        let wait = if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            None
        } else {
            Some(Duration::from_secs_f64((1.0 - self.tokens) / self.rate.per_second))
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and burst")]
        let remaining = self.tokens.floor() as u32;
        Allowance { limit: self.rate.burst, remaining, wait }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_failures() {
        let faults =
            |seed| Faults { fail: vec![Failure { status: 503, share: 0.1 }], seed, ..Faults::default() };
        let sequence = |seed| (0..500).map(|n| faults(seed).failure(n)).collect::<Vec<_>>();
        assert_eq!(sequence(7), sequence(7));
        assert_ne!(sequence(7), sequence(8));
        let failed = sequence(7).iter().flatten().count();
        assert!((25..=80).contains(&failed), "{failed} of 500 at 10%");
    }

    #[test]
    fn shares_rates_and_failures_are_read() {
        assert_eq!("503:2%".parse(), Ok(Failure { status: 503, share: 0.02 }));
        assert_eq!(parse_rate("10/s"), Ok(10.0));
        assert!("200:2%".parse::<Failure>().is_err());
        assert!(parse_share("120%").is_err());
        assert!(parse_rate("-1/s").is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn the_bucket_lets_a_burst_pass_and_then_its_rate() {
        let mut bucket = Bucket::new(Rate { per_second: 2.0, burst: 3 }, Instant::now());
        let allowed = (0..5).filter(|_| bucket.take(Instant::now()).wait.is_none()).count();
        assert_eq!(allowed, 3);
        tokio::time::advance(Duration::from_millis(500)).await;
        assert_eq!(bucket.take(Instant::now()).wait, None);
        assert_eq!(bucket.take(Instant::now()).wait, Some(Duration::from_millis(500)));
    }
}
