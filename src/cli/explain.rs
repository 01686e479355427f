//! `confperm explain`.

use crate::access::Engine;
use crate::model::visible;
use crate::render;

use super::args::{AnswerFormat, CanArgs};
use super::can::code;
use super::question::{Extent, prepare};
use super::{CliError, Environment, Exit, Output};

pub(super) async fn run(args: &CanArgs, environment: &Environment, out: &Output) -> Result<Exit, CliError> {
    let asked = prepare(Some(&args.who), Extent::Explained, &args.what, environment, out).await?;
    if let Some(pattern) = &asked.pattern {
        return Err(CliError::usage(
            format!("`{}` means many pages", visible(&pattern.written)),
            "explain one page at a time; `confperm can` and `confperm who` answer for a pattern",
        ));
    }
    let explanation = Engine::new(&asked.live).explain(asked.named_asker()?, asked.verb, &asked.object);
    let question = asked.shown();
    out.data(&match args.what.common.format {
        AnswerFormat::Text => render::explanation_as_text(&explanation, &question),
        AnswerFormat::Json => render::explanation_as_json(&explanation, &question),
    });
    Ok(code(&explanation.verdict))
}
