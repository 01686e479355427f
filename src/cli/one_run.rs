//! One run at a time: a second `apply` or `undo` of a policy directory waits for the first, or fails.

use std::time::Duration;

use camino::Utf8Path;

use crate::apply::journal::{self, Hold, HoldTaken};
use crate::model::Shown;

use super::{CliError, Environment, Failure, Output};

/// How often a run that waits looks again.
const PAUSE: Duration = Duration::from_millis(200);

/// Takes the lock of a policy directory for as long as what is returned lives; `None` where no lock can be made, since
/// no journal can be written there either, and nothing is changed without one.
pub(super) async fn only(
    directory: &Utf8Path,
    patience: Duration,
    environment: &Environment,
    out: &Output,
) -> Result<Option<Hold>, CliError> {
    let folder = journal::own_folder(directory);
    let word = environment.this_run();
    let waited_until = tokio::time::Instant::now() + patience;
    let mut is_told = false;
    loop {
        let holder = match journal::hold(&folder, &word) {
            Ok(HoldTaken::Ours(hold)) => return Ok(Some(hold)),
            Ok(HoldTaken::Others(holder)) => Shown::of(&holder),
            Ok(HoldTaken::NoPlace) => return Ok(None),
            Err(error) => {
                let message = format!("cannot lock `{folder}` for this run: {error}; nothing was changed");
                return Err(CliError::failed(Failure::NoJournal, message));
            }
        };
        let by = if holder.as_str().is_empty() { "another process" } else { holder.as_str() };
        if tokio::time::Instant::now() >= waited_until {
            let message = format!("another run works from `{directory}`: {by}; nothing was changed");
            return Err(CliError::failed(Failure::RunGoingOn, message).with_hint(
                "wait for it to end, or let `--lock-timeout 10m` wait; the lock ends with its process",
            ));
        }
        if !is_told {
            out.say(&format!("Waiting for another run from `{directory}`: {by}"));
            is_told = true;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
