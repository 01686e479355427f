//! `confperm who`.

use crate::access::{Engine, Object};
use crate::render;

use super::args::{AnswerFormat, WhoArgs};
use super::question::{Extent, prepare};
use super::{CliError, Environment, Exit, Output};

pub(super) async fn run(args: &WhoArgs, environment: &Environment, out: &Output) -> Result<Exit, CliError> {
    let asked = prepare(None, Extent::Explained, &args.what, environment, out).await?;
    let engine = Engine::new(&asked.live);
    let question = asked.shown();
    if let Some(pattern) = &asked.pattern {
        let who = |page: &Object| engine.who(asked.verb, page);
        let answers = pattern.answers(asked.object.space(), &engine, who);
        out.data(&match args.what.common.format {
            AnswerFormat::Text => render::who_of_pattern_as_text(&answers, &pattern.written, &question),
            AnswerFormat::Json => render::who_of_pattern_as_json(&answers, &pattern.written, &question),
        });
        return Ok(Exit::Done);
    }
    let who = engine.who(asked.verb, &asked.object);
    out.data(&match args.what.common.format {
        AnswerFormat::Text => render::who_as_text(&who, &question),
        AnswerFormat::Json => render::who_as_json(&who, &question),
    });
    Ok(Exit::Done)
}
