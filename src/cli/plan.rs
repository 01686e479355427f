//! `confperm plan`.

use std::io::Write as _;

use camino::Utf8Path;

use crate::render;

use super::args::{Format, PlanArgs};
use super::environment::Environment;
use super::error::CliError;
use super::exit;
use super::output::Output;
use super::prepare::{Prepared, prepare};

pub(super) async fn run(args: &PlanArgs, environment: &Environment, out: &Output) -> Result<u8, CliError> {
    let prepared = prepare(&args.scope, &args.overrides, environment, out).await?;
    let Prepared { connection, bundles, live, planned } = prepared;
    connection.close().await;
    let plan = &planned.plan;
    let text = match args.format {
        _ if args.explain_order => render::order_as_text(plan),
        Format::Text => render::plan_as_text(plan),
        Format::Json => json(plan)?,
        Format::Diff => render::plan_as_diff(plan, &live, &planned.after, &bundles),
    };
    out.data(&text)?;
    if let Some(path) = &args.out {
        save(path, &json(plan)?)?;
        out.say(&format!("Plan written to {path}"));
    }
    if plan.is_held_back() {
        if args.explain_order || args.format != Format::Text {
            out.say(render::held_back_as_text(plan).trim_end());
        }
        return Ok(exit::REFUSED);
    }
    Ok(if args.detailed_exitcode && !plan.is_empty() { exit::CHANGES } else { exit::DONE })
}

fn json(plan: &crate::plan::Plan) -> Result<String, CliError> {
    render::plan_as_json(plan).map_err(|error| CliError::failed(format!("cannot write the plan: {error}")))
}

/// Writes a file whole or not at all.
fn save(path: &Utf8Path, text: &str) -> Result<(), CliError> {
    let folder = path.parent().filter(|folder| !folder.as_str().is_empty()).unwrap_or(Utf8Path::new("."));
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    });
    written.map_err(|error| CliError::failed(format!("cannot write `{path}`: {error}")))
}
