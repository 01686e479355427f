//! `confperm can`.

use crate::access::{Engine, Object, Verdict};
use crate::render;

use super::args::{AnswerFormat, CanArgs};
use super::question::{Extent, prepare};
use super::{CliError, Environment, Exit, Output};

pub(super) async fn run(args: &CanArgs, environment: &Environment, out: &Output) -> Result<Exit, CliError> {
    let asked = prepare(Some(&args.who), Extent::AnswerAlone, &args.what, environment, out).await?;
    let question = asked.shown();
    let asker = asked.named_asker()?;
    let engine = Engine::new(&asked.live);
    if let Some(pattern) = &asked.pattern {
        let can = |page: &Object| engine.can(asker, asked.verb, page);
        let answers = pattern.answers(asked.object.space(), &engine, can);
        out.data(&match args.what.common.format {
            AnswerFormat::Text => render::verdicts_as_text(&answers, &pattern.written, &question),
            AnswerFormat::Json => render::verdicts_as_json(&answers, &pattern.written, &question),
        });
        let is_yes = answers.iter().all(|(verdict, _)| *verdict == Verdict::Allowed);
        return Ok(if is_yes && !answers.is_empty() { Exit::Done } else { Exit::Blocked });
    }
    let verdict = engine.can(asker, asked.verb, &asked.object);
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
