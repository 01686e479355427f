//! Ctrl-C and SIGTERM. While a command only reads, one of them ends it at once. A command that writes, or that
//! serves, takes them over and decides for itself.
//!
//! They are waited for on a thread of the runtime and not between the steps of the command: planning can take
//! long without ever giving way.

use std::io::{self, Write as _};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use crate::render::style::{REMOVE, paint};

use super::exit::Exit;
use super::progress::ProgressBoard;

/// What listens for signals.
#[derive(Debug)]
pub(super) struct Signals {
    phase: Arc<Mutex<StopPhase>>,
}

/// What a signal does.
#[derive(Debug)]
enum StopPhase {
    /// Nothing has been written: it ends the process.
    Reading,
    /// The command deals with it.
    TakenOver(mpsc::UnboundedSender<()>),
    /// The work is done and only its report is missing: it ends the process, which keeps its exit code.
    Over(Exit),
}

/// The signals of a command that deals with them itself.
#[derive(Debug)]
pub(super) struct Stops(mpsc::UnboundedReceiver<()>);

impl Signals {
    /// To be called within the runtime. Where signals cannot be listened for, they do what they always did.
    pub(super) fn listen(progress: ProgressBoard) -> Self {
        let phase = Arc::new(Mutex::new(StopPhase::Reading));
        match SignalSource::open() {
            Ok(source) => drop(tokio::spawn(watch(source, Arc::clone(&phase), progress))),
            Err(error) => tracing::warn!(%error, "cannot listen for Ctrl-C"),
        }
        Self { phase }
    }

    /// Signals do what they do to any process.
    pub(super) fn ignored() -> Self {
        Self { phase: Arc::new(Mutex::new(StopPhase::Reading)) }
    }

    /// From now on no signal ends the process by itself.
    pub(super) fn take_over(&self) -> Stops {
        let (sender, receiver) = mpsc::unbounded_channel();
        *lock(&self.phase) = StopPhase::TakenOver(sender);
        Stops(receiver)
    }

    /// The command has done what it was run for, and ends so.
    pub(super) fn over(&self, exit: Exit) {
        *lock(&self.phase) = StopPhase::Over(exit);
    }
}

impl Stops {
    /// The next signal; both mean the same.
    pub(super) async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

fn lock(phase: &Mutex<StopPhase>) -> MutexGuard<'_, StopPhase> {
    phase.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn watch(mut source: SignalSource, phase: Arc<Mutex<StopPhase>>, progress: ProgressBoard) {
    while source.next().await.is_some() {
        let exit = match &*lock(&phase) {
            StopPhase::TakenOver(taker) if taker.send(()).is_ok() => None,
            StopPhase::TakenOver(_) => Some(Exit::Failed),
            StopPhase::Over(exit) => Some(*exit),
            StopPhase::Reading => {
                progress.clear();
                let line = format!("{} interrupted; nothing was changed\n", paint(REMOVE, "error:"));
                drop(anstream::stderr().lock().write_all(line.as_bytes()));
                Some(Exit::Failed)
            }
        };
        if let Some(exit) = exit {
            end(exit);
        }
    }
}

#[expect(clippy::exit, reason = "the main thread may be planning and hears nothing")]
fn end(exit: Exit) -> ! {
    std::process::exit(exit.code().into())
}

/// Where signals come from on this system.
struct SignalSource {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(windows)]
    ctrl_c: tokio::signal::windows::CtrlC,
}

#[cfg(unix)]
impl SignalSource {
    fn open() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> Option<()> {
        tokio::select! {
            signal = self.interrupt.recv() => signal,
            signal = self.terminate.recv() => signal,
        }
    }
}

#[cfg(windows)]
impl SignalSource {
    fn open() -> io::Result<Self> {
        Ok(Self { ctrl_c: tokio::signal::windows::ctrl_c()? })
    }

    async fn next(&mut self) -> Option<()> {
        self.ctrl_c.recv().await
    }
}
