//! `confperm can`.

use crate::access::{Engine, Verdict};
use crate::render;

use super::args::{AnswerFormat, CanArgs};
use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;
use super::question::prepare;

pub(super) async fn run(args: &CanArgs, environment: &Environment, out: &Output) -> Result<Exit, CliError> {
    let asked = prepare(Some(&args.who), &args.what, environment, out).await?;
    let question = asked.shown();
    let verdict = match &asked.asker {
        Some(asker) => Engine::new(&asked.live).can(asker, asked.verb, &asked.object),
        None => return Err(CliError::failed(Failure::Defect, "no account was named to ask about")),
    };
    match args.what.common.format {
        AnswerFormat::Text => {
            out.data(&format!("{}\n", render::verdict_word(&verdict)));
            if let Some(why) = render::verdict_reason(&verdict, &question) {
                out.say(&why);
            }
        }
        AnswerFormat::Json => out.data(&render::verdict_as_json(&verdict, &question)),
    }
    Ok(code(&verdict))
}

/// Only a plain yes is a yes.
pub(super) const fn code(verdict: &Verdict) -> Exit {
    match verdict {
        Verdict::Allowed => Exit::Done,
        Verdict::Denied(_) | Verdict::Unknown(_) => Exit::Blocked,
    }
}
