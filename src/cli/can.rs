//! `confperm can`.

use crate::access::{Engine, Object, Verdict};
use crate::model::ContentId;
use crate::render;

use super::args::{AnswerFormat, CanArgs};
use super::question::{AskedPages, Extent, prepare};
use super::{CliError, Environment, Exit, Failure, Output};

pub(super) async fn run(args: &CanArgs, environment: &Environment, out: &Output) -> Result<Exit, CliError> {
    let asked = prepare(Some(&args.who), Extent::AnswerAlone, &args.what, environment, out).await?;
    let question = asked.shown();
    let Some(asker) = &asked.asker else {
        return Err(CliError::defect("no account was named to ask about"));
    };
    let engine = Engine::new(&asked.live);
    if let Some(AskedPages { written, pages }) = &asked.pattern {
        let key = asked.object.space();
        let answers: Vec<(Verdict, Vec<ContentId>)> = engine
            .alike(key, pages)
            .into_iter()
            .map(|alike| (engine.can(asker, asked.verb, &Object::Content(key.clone(), alike[0])), alike))
            .collect();
        out.data(&match args.what.common.format {
            AnswerFormat::Text => render::verdicts_as_text(&answers, written, &question),
            AnswerFormat::Json => render::verdicts_as_json(&answers, written, &question),
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
