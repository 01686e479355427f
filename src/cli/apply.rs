//! `confperm apply`.

use crate::apply::{Event, Outcome, Status, Stop};
use crate::render;
use crate::render::style::count;

use super::args::ApplyArgs;
use super::environment::Environment;
use super::error::CliError;
use super::exit;
use super::output::Output;
use super::prepare::{Prepared, prepare};

pub(super) async fn run(args: &ApplyArgs, environment: &Environment, out: &Output) -> Result<u8, CliError> {
    let prepared = prepare(&args.scope, environment, out).await?;
    out.data(&render::plan_as_text(&prepared.planned.plan))?;
    if !prepared.planned.plan.refusals.is_empty() {
        prepared.connection.close().await;
        return Ok(exit::REFUSED);
    }
    if prepared.planned.plan.is_empty() {
        prepared.connection.close().await;
        return Ok(exit::DONE);
    }
    let prepared = if args.yes { prepared } else { confirm(prepared, args, environment, out).await? };
    let Prepared { connection, planned, .. } = prepared;
    let outcome = carry_out(&planned.plan, &connection, out).await;
    connection.close().await;
    out.data(&render::outcome_as_text(&planned.plan, &outcome))?;
    Ok(match (outcome.is_complete(), outcome.has_written()) {
        (true, _) => exit::DONE,
        (false, true) => exit::PARTIAL,
        (false, false) => exit::FAILED,
    })
}

/// Asks, and then makes sure that what was shown is still what would be done.
async fn confirm(
    shown: Prepared,
    args: &ApplyArgs,
    environment: &Environment,
    out: &Output,
) -> Result<Prepared, CliError> {
    if !out.can_ask() {
        shown.connection.close().await;
        return Err(CliError::usage(
            "nobody is here to say yes, so nothing was changed",
            "pass --yes to apply without asking, as CI does",
        ));
    }
    let question = format!("Make {}?", count(shown.planned.plan.calls.len(), "call", "calls"));
    if !out.ask(&question) {
        shown.connection.close().await;
        return Err(CliError::failed("not confirmed; nothing was changed"));
    }
    shown.connection.close().await;
    let now = prepare(&args.scope, environment, out).await?;
    if now.planned.plan != shown.planned.plan {
        now.connection.close().await;
        return Err(CliError::failed(
            "the site or the policy changed while you were reading; nothing was changed",
        )
        .with_hint("run the command again to see the new plan"));
    }
    Ok(now)
}

async fn carry_out(
    plan: &crate::plan::Plan,
    connection: &super::connect::Connection,
    out: &Output,
) -> Outcome {
    let stop = Stop::default();
    let bar = out.bar(plan.calls.len());
    let on_event = |event: Event<'_>| match event {
        Event::Finished { call, status } => {
            bar.inc(1);
            if let Status::Failed(failure) = status {
                bar.suspend(|| out.warn(&format!("call {} failed: {failure}", call.id)));
            }
        }
        Event::Verifying => bar.set_message("reading again what was touched"),
    };
    let applied = crate::apply::apply(plan, &connection.site, &stop, &on_event);
    tokio::pin!(applied);
    let outcome = loop {
        tokio::select! {
            outcome = &mut applied => break outcome,
            signal = tokio::signal::ctrl_c() => {
                if signal.is_ok() {
                    bar.suspend(|| out.warn("stopping: calls under way are finished, no further ones are started"));
                }
                stop.request();
            }
        }
    };
    bar.finish_and_clear();
    outcome
}
