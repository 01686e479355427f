//! Reads may lag behind writes, so they are repeated with exponential backoff until a timeout.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// The first pause; each is twice as long as the one before.
const FIRST: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(2);

/// The pauses between reads of one thing.
#[derive(Debug)]
pub(super) struct Pauses {
    until: Instant,
    next: Duration,
}

impl Pauses {
    /// Pauses that end within `patience` from now.
    pub(super) fn within(patience: Duration) -> Self {
        Self { until: Instant::now() + patience, next: FIRST }
    }

    /// Waits until the next read is due; `false`, at once, if it would come too late.
    pub(super) async fn wait(&mut self) -> bool {
        if Instant::now() + self.next > self.until {
            return false;
        }
        sleep(self.next).await;
        self.next = (self.next * 2).min(LONGEST);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_and_end_within_the_patience() {
        let start = Instant::now();
        let mut pauses = Pauses::within(Duration::from_secs(5));
        let mut reads = Vec::new();
        while pauses.wait().await {
            reads.push(start.elapsed().as_millis());
        }
        assert_eq!(reads, [100, 300, 700, 1500, 3100]);
    }
}
