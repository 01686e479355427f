//! `confperm who`.

use crate::access::Engine;
use crate::render;

use super::args::{AnswerFormat, WhoArgs};
use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use super::output::Output;
use super::question::prepare;

pub(super) async fn run(args: &WhoArgs, environment: &Environment, out: &Output) -> Result<Exit, CliError> {
    let asked = prepare(None, &args.what, environment, out).await?;
    let who = Engine::new(&asked.live).who(asked.verb, &asked.object);
    let question = asked.shown();
    out.data(&match args.what.common.format {
        AnswerFormat::Text => render::who_as_text(&who, &question),
        AnswerFormat::Json => render::who_as_json(&who, &question),
    });
    Ok(Exit::Done)
}
