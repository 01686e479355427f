//! `confperm schema` and `confperm man`.

use clap::{CommandFactory as _, ValueEnum as _};

use crate::model::visible;
use crate::{plan, policy, render, sandbox};

use super::args::{Args, DocumentKind, SchemaArgs};
use super::{CliError, Exit, Output};

pub(super) fn run(args: &SchemaArgs, out: &Output) -> Result<Exit, CliError> {
    let schema = match args.document {
        DocumentKind::Policy => policy::schema(),
        DocumentKind::Plan => plan::schema(),
        DocumentKind::Sandbox => sandbox::state::schema(),
        kind => of_command(kind)?,
    };
    let text = serde_json::to_string_pretty(&schema)
        .map_err(|error| CliError::defect(format!("cannot write the schema: {error}")))?;
    out.data(&(text + "\n"));
    Ok(Exit::Done)
}

/// The schema of a document of which the command that prints it, or `error`, is the kind.
fn of_command(kind: DocumentKind) -> Result<serde_json::Value, CliError> {
    let name = kind.to_possible_value();
    let schema = render::schemas()
        .into_iter()
        .find(|(kind, _)| name.as_ref().is_some_and(|name| name.get_name() == *kind));
    let schema = schema.map(|(_, schema)| schema);
    schema.ok_or_else(|| CliError::defect("this kind of document has no schema"))
}

pub(super) fn man(name: Option<&str>, out: &Output) -> Result<Exit, CliError> {
    let mut command = Args::command();
    // Gives the commands the names under which their pages are found, such as confperm-plan.
    command.build();
    let page = match name {
        None => Some(&command),
        Some(name) => command.get_subcommands().find(|command| command.get_name() == name),
    };
    let page = page.cloned().ok_or_else(|| {
        let name = visible(name.unwrap_or_default());
        CliError::usage(format!("man {name}: there is no such command"), "`confperm help` lists the commands")
    })?;
    let mut text = Vec::new();
    // Commands have no version of their own.
    clap_mangen::Man::new(page)
        .source(concat!("confperm ", env!("CARGO_PKG_VERSION")))
        .render(&mut text)
        .map_err(|error| CliError::defect(format!("cannot write the page: {error}")))?;
    out.data(&String::from_utf8_lossy(&text));
    Ok(Exit::Done)
}
