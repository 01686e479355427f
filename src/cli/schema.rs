//! `confperm schema` and `confperm completions`.

use clap::CommandFactory as _;

use crate::{plan, policy, sandbox};

use super::args::{Args, DocumentKind, SchemaArgs};
use super::error::CliError;
use super::exit::Exit;
use super::failure::Failure;
use super::output::Output;

pub(super) fn run(args: &SchemaArgs, out: &Output) -> Result<Exit, CliError> {
    let schema = match args.document {
        DocumentKind::Policy => policy::schema(),
        DocumentKind::Plan => plan::schema(),
        DocumentKind::Sandbox => sandbox::state::schema(),
    };
    let text = serde_json::to_string_pretty(&schema)
        .map_err(|error| CliError::failed(Failure::Defect, format!("cannot write the schema: {error}")))?;
    out.data(&(text + "\n"));
    Ok(Exit::Done)
}

pub(super) fn completions(shell: clap_complete::Shell, out: &Output) -> Exit {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "confperm", &mut text);
    out.data(&String::from_utf8_lossy(&text));
    Exit::Done
}
