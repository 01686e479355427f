//! `confperm who`.

use crate::access::{Engine, Object, Who};
use crate::model::ContentId;
use crate::render;

use super::args::{AnswerFormat, WhoArgs};
use super::question::{AskedPages, Extent, prepare};
use super::{CliError, Environment, Exit, Output};

pub(super) async fn run(args: &WhoArgs, environment: &Environment, out: &Output) -> Result<Exit, CliError> {
    let asked = prepare(None, Extent::Explained, &args.what, environment, out).await?;
    let engine = Engine::new(&asked.live);
    let question = asked.shown();
    if let Some(AskedPages { written, pages }) = &asked.pattern {
        let key = asked.object.space();
        let answers: Vec<(Who, Vec<ContentId>)> = engine
            .alike(key, pages)
            .into_iter()
            .map(|alike| (engine.who(asked.verb, &Object::Content(key.clone(), alike[0])), alike))
            .collect();
        out.data(&match args.what.common.format {
            AnswerFormat::Text => render::who_of_pattern_as_text(&answers, written, &question),
            AnswerFormat::Json => render::who_of_pattern_as_json(&answers, written, &question),
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
