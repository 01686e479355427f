//! How far a command is and what it waits for, on stderr: a bar on a terminal; elsewhere, a
//! line every ten seconds. Fed by the hooks of reading, of an apply and of the client.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use crate::confluence::wait::{EVERY, InWords, WaitReason, Waiting, Watcher};
use crate::observe::{self, Part};

/// A bar is drawn again this often, and the time for a line is looked at.
const BEAT: Duration = Duration::from_secs(1);

/// What a command is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Reading,
    Planning,
    Applying {
        done: usize,
        of: usize,
    },
    /// After an apply.
    Verifying,
}

/// The progress of one command. Copies show on the same board.
#[derive(Debug, Clone)]
pub(super) struct ProgressBoard(Arc<Board>);

struct Board {
    terminal: bool,
    print: Box<dyn Fn(&str) + Send + Sync>,
    state: Mutex<BoardState>,
}

impl std::fmt::Debug for Board {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Board").field("terminal", &self.terminal).finish_non_exhaustive()
    }
}

#[derive(Default)]
struct BoardState {
    /// Since when; `None` while nothing goes on that is worth showing.
    stage: Option<(Stage, Instant)>,
    counts: BTreeMap<Part, Count>,
    waiting: Option<(Waiting, Instant)>,
    /// When the last line was printed, or the first stage began.
    quiet_since: Option<Instant>,
    bar: Option<ProgressBar>,
    has_ticker: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Count {
    expected: usize,
    read: usize,
}

impl ProgressBoard {
    pub(super) fn new(terminal: bool) -> Self {
        Self::on(terminal, |line| drop(anstream::stderr().lock().write_all(format!("{line}\n").as_bytes())))
    }

    fn on(terminal: bool, print: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Board { terminal, print: Box::new(print), state: Mutex::default() }))
    }

    /// From now on this is what the command is doing. To be called within the runtime.
    pub(super) fn begin(&self, stage: Stage) {
        let now = Instant::now();
        let mut state = self.0.state();
        // Reading goes in several steps; to a person who waits it is one.
        if state.stage.is_none_or(|(before, _)| before != stage) {
            state.stage = Some((stage, now));
        }
        state.quiet_since.get_or_insert(now);
        if self.0.terminal && state.bar.is_none() {
            state.bar = Some(bar());
        }
        if !state.has_ticker {
            state.has_ticker = true;
            drop(tokio::spawn(tick(Arc::downgrade(&self.0))));
        }
        drop(state);
        self.0.draw(now);
    }

    /// Takes the bar away. What comes next is no longer part of what was shown.
    pub(super) fn clear(&self) {
        let mut state = self.0.state();
        let has_ticker = state.has_ticker;
        let shown = std::mem::replace(&mut *state, BoardState { has_ticker, ..BoardState::default() });
        drop(state);
        if let Some(bar) = shown.bar {
            bar.finish_and_clear();
        }
    }

    /// Prints something without leaving a bar in the middle of it.
    pub(super) fn aside(&self, print: impl FnOnce()) {
        let bar = self.0.state().bar.clone();
        match bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    pub(super) fn read(&self, progress: observe::Progress) {
        tracing::debug!(?progress);
        let mut state = self.0.state();
        match progress {
            observe::Progress::Expect(part, more) => state.counts.entry(part).or_default().expected += more,
            observe::Progress::Read(part, more) => {
                state.counts.entry(part).or_default().read += more;
                state.got_on();
            }
        }
    }

    /// One more call of an apply came to its end.
    pub(super) fn call_ended(&self) {
        let mut state = self.0.state();
        if let Some((Stage::Applying { done, .. }, _)) = &mut state.stage {
            *done += 1;
        }
        state.got_on();
        drop(state);
        self.0.draw(Instant::now());
    }

    /// Shows what the client waits for.
    pub(super) fn watcher(&self) -> Watcher {
        let board = Arc::downgrade(&self.0);
        Watcher::new(move |waiting| {
            if let Some(board) = board.upgrade() {
                board.wait(waiting.clone());
            }
        })
    }
}

async fn tick(board: Weak<Board>) {
    let mut beat = tokio::time::interval(BEAT);
    loop {
        beat.tick().await;
        let Some(board) = board.upgrade() else { return };
        board.draw(Instant::now());
    }
}

impl Board {
    fn state(&self) -> MutexGuard<'_, BoardState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A wait is shown at once, unless a line was printed a moment ago.
    fn wait(&self, waiting: Waiting) {
        let now = Instant::now();
        let mut state = self.state();
        let first = state.waiting.is_none();
        let words = in_words(&waiting, now, now);
        state.waiting = Some((waiting, now));
        if state.bar.is_some() {
            drop(state);
            return self.draw(now);
        }
        let due = first || state.quiet_since.is_none_or(|since| now - since >= EVERY);
        if due {
            state.quiet_since = Some(now);
            drop(state);
            (self.print)(&words);
        }
    }

    /// Brings the bar up to date, or prints a line if one is due.
    fn draw(&self, now: Instant) {
        let mut state = self.state();
        let Some(line) = state.line(now) else { return };
        if let Some(bar) = state.bar.clone() {
            let (position, length) = state.position();
            drop(state);
            // A bar without a length is drawn full.
            bar.set_length(length.max(1) as u64);
            bar.set_position(position as u64);
            bar.set_message(line);
        } else if state.quiet_since.is_some_and(|since| now - since >= EVERY) {
            state.quiet_since = Some(now);
            drop(state);
            (self.print)(&line);
        }
    }
}

impl BoardState {
    /// Whatever was waited for is there, or something else came meanwhile. A pause holds for all.
    fn got_on(&mut self) {
        if self.waiting.as_ref().is_some_and(|(waiting, _)| waiting.pause.is_none()) {
            self.waiting = None;
        }
    }

    fn line(&mut self, now: Instant) -> Option<String> {
        let (stage, since) = self.stage?;
        if self.waiting.as_ref().is_some_and(|(waiting, since)| is_over(waiting, now - *since)) {
            self.waiting = None;
        }
        let what = match stage {
            Stage::Reading => {
                let read: Vec<String> =
                    self.counts.iter().filter_map(|(part, count)| count.of(*part)).collect();
                if read.is_empty() { "Reading".to_owned() } else { format!("Reading: {}", read.join(", ")) }
            }
            Stage::Planning => "Planning".to_owned(),
            Stage::Applying { done, of } => format!("Applying: {} of {} calls", grouped(done), grouped(of)),
            Stage::Verifying => "Verifying: reading again what was changed".to_owned(),
        };
        let line = format!("{what}; {}", InWords(now - since));
        Some(match &self.waiting {
            Some((waiting, since)) => format!("{line}. {}", in_words(waiting, *since, now)),
            None => line,
        })
    }

    /// Where the bar stands, and where it would end.
    fn position(&self) -> (usize, usize) {
        match self.stage {
            Some((Stage::Applying { done, of }, _)) => (done, of),
            Some((Stage::Reading, _)) => self
                .counts
                .values()
                .fold((0, 0), |(read, expected), count| (read + count.read, expected + count.expected)),
            Some((Stage::Planning | Stage::Verifying, _)) | None => (1, 1),
        }
    }
}

impl Count {
    fn of(self, part: Part) -> Option<String> {
        let Self { expected, read } = self;
        if expected == 0 {
            None
        } else if read < expected {
            Some(format!("{} of {} {part}", grouped(read), grouped(expected)))
        } else {
            Some(format!("{} {part}", grouped(read)))
        }
    }
}

fn is_over(waiting: &Waiting, passed: Duration) -> bool {
    // An answer that is still outstanding is reported again after `EVERY`.
    passed > waiting.pause.unwrap_or(EVERY + BEAT)
}

fn in_words(waiting: &Waiting, since: Instant, now: Instant) -> String {
    let Waiting { endpoint, cause, so_far, pause } = waiting;
    let passed = now - since;
    let time = match pause {
        Some(pause) => InWords(pause.saturating_sub(passed)),
        None => InWords(*so_far + passed),
    };
    match cause {
        WaitReason::RateLimit => format!("Waiting {time}: the site asks for a pause (429) on {endpoint}"),
        WaitReason::Failing(status) => {
            format!("Waiting {time}: the site failed ({}) on {endpoint}; it is tried again", status.as_u16())
        }
        WaitReason::NoAnswer => format!("Waiting {time}: no answer to {endpoint}; it is tried again"),
        WaitReason::SlowAnswer => format!("Waiting for {time}: no complete answer to {endpoint} yet"),
    }
}

/// A number with its thousands apart.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{bar:20} {wide_msg}") {
        bar.set_style(style);
    }
    bar
}

#[cfg(test)]
mod tests {
    use http::{Method, StatusCode};
    use tokio::time::sleep;

    use super::*;
    use crate::confluence::error::Endpoint;
    use crate::observe::Progress::{Expect, Read};

    const SECOND: Duration = Duration::from_secs(1);

    fn progress() -> (ProgressBoard, Arc<Mutex<Vec<String>>>) {
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = Arc::clone(&lines);
        (ProgressBoard::on(false, move |line| log.lock().unwrap().push(line.to_owned())), lines)
    }

    fn waiting(cause: WaitReason, so_far: Duration, pause: Option<Duration>) -> Waiting {
        let endpoint = Endpoint { method: Method::GET, path: "/wiki/api/v2/spaces".to_owned() };
        Waiting { endpoint, cause, so_far, pause }
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_terminal_a_line_comes_every_ten_seconds() {
        let (progress, lines) = progress();
        progress.begin(Stage::Reading);
        progress.read(Expect(Part::Grants, 400));
        sleep(8 * SECOND).await;
        progress.begin(Stage::Reading);
        progress.read(Read(Part::Grants, 120));
        assert_eq!(*lines.lock().unwrap(), [""; 0]);
        sleep(3 * SECOND).await;
        progress.read(Read(Part::Grants, 280));
        progress.read(Expect(Part::Lists, 12_000));
        progress.read(Read(Part::Lists, 3_200));
        sleep(10 * SECOND).await;
        progress.begin(Stage::Planning);
        sleep(10 * SECOND).await;
        let expected = [
            "Reading: 120 of 400 spaces; 10 s",
            "Reading: 400 spaces, 3,200 of 12,000 pages; 20 s",
            "Planning; 9 s",
        ];
        assert_eq!(*lines.lock().unwrap(), expected);
        progress.clear();
        sleep(60 * SECOND).await;
        assert_eq!(lines.lock().unwrap().len(), 3);

        progress.begin(Stage::Applying { done: 0, of: 1_445 });
        (0..7).for_each(|_| progress.call_ended());
        sleep(11 * SECOND).await;
        progress.begin(Stage::Verifying);
        sleep(10 * SECOND).await;
        let expected = ["Applying: 7 of 1,445 calls; 10 s", "Verifying: reading again what was changed; 9 s"];
        assert_eq!(lines.lock().unwrap()[3..], expected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_is_shown_when_it_begins_and_with_the_next_line() {
        let (progress, lines) = progress();
        let waits = |cause, so_far, pause| progress.0.wait(waiting(cause, so_far, pause));
        progress.begin(Stage::Reading);
        sleep(3 * SECOND).await;
        waits(WaitReason::RateLimit, Duration::ZERO, Some(14 * SECOND));
        waits(WaitReason::RateLimit, Duration::ZERO, Some(14 * SECOND));
        sleep(21 * SECOND).await;
        let endpoint = "`GET /wiki/api/v2/spaces`";
        let expected = [
            format!("Waiting 14 s: the site asks for a pause (429) on {endpoint}"),
            format!("Reading; 13 s. Waiting 4 s: the site asks for a pause (429) on {endpoint}"),
            "Reading; 23 s".to_owned(),
        ];
        assert_eq!(*lines.lock().unwrap(), expected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_command_that_shows_nothing_else_shows_waits_all_the_same() {
        let (progress, lines) = progress();
        let waits = |cause, so_far, pause| progress.0.wait(waiting(cause, so_far, pause));
        waits(WaitReason::SlowAnswer, 5 * SECOND, None);
        waits(WaitReason::SlowAnswer, 5 * SECOND, None);
        sleep(10 * SECOND).await;
        waits(WaitReason::Failing(StatusCode::BAD_GATEWAY), 15 * SECOND, Some(8 * SECOND));
        let endpoint = "`GET /wiki/api/v2/spaces`";
        let expected = [
            format!("Waiting for 5 s: no complete answer to {endpoint} yet"),
            format!("Waiting 8 s: the site failed (502) on {endpoint}; it is tried again"),
        ];
        assert_eq!(*lines.lock().unwrap(), expected);
    }

    #[test]
    fn thousands_stand_apart() {
        for (number, words) in [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")] {
            assert_eq!(grouped(number), words);
        }
    }
}
