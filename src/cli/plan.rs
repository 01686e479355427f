//! `confperm plan`.

use crate::files;
use crate::plan::Plan;
use crate::render::{self, View};

use super::args::{FormArgs, Format, PlanArgs};
use super::lockfile::Lacking;
use super::prepare::{Prepared, prepare};
use super::{CliError, Environment, Exit, Output};

pub(super) async fn run(args: &PlanArgs, environment: &Environment, out: &Output) -> Result<Exit, CliError> {
    for path in &args.out {
        files::check(path).map_err(|error| {
            CliError::usage(
                format!("`--out {path}`: nothing can be written there: {error}"),
                "name a file in a folder that exists",
            )
        })?;
    }
    let prepared =
        prepare(&args.scope, &args.overrides, Lacking::Reported, &|_| true, environment, out).await?;
    let Prepared { planned, view, .. } = prepared;
    let plan = &planned.plan;
    let text = in_form(plan, &args.form, &view, out)?;
    out.data(&text);
    if !plan.is_empty() {
        out.say(&format!("Hash of this plan: {}", plan.hash));
    }
    for path in &args.out {
        let text = match path.extension() {
            Some("md") => render::plan_as_markdown(plan, &view, args.form.titles.into()),
            _ => json(plan)?,
        };
        files::write(path, &out.cleared(&text)).map_err(|error| CliError::unwritable(path, &error))?;
        out.say(&format!("Plan written to {path}"));
    }
    if plan.is_blocked() {
        if args.form.explain_order
            || !matches!(args.form.format, Format::Text | Format::Markdown | Format::Github)
        {
            out.say(render::blocked_as_text(plan).trim_end());
        }
        return Ok(Exit::Blocked);
    }
    if args.form.explain_order || args.form.format == Format::Diff {
        let incomplete = render::incomplete_as_text(plan);
        if !incomplete.is_empty() {
            out.say(incomplete.trim_end());
        }
    }
    let changes = if args.detailed_exitcode && !plan.is_empty() { Exit::Changes } else { Exit::Done };
    Ok(args.scope.completeness(plan).max(changes))
}

/// A plan in the form that is asked for; annotations are kept for the end.
pub(super) fn in_form(plan: &Plan, form: &FormArgs, view: &View, out: &Output) -> Result<String, CliError> {
    Ok(match form.format {
        _ if form.explain_order => render::order_as_text(plan),
        _ if form.summary => render::plan_as_summary(plan),
        Format::Text => render::plan_as_text_in(plan, view),
        Format::Markdown => render::plan_as_markdown(plan, view, form.titles.into()),
        Format::Github => {
            out.annotate(render::plan_as_annotations(plan, view, form.titles.into()));
            String::new()
        }
        Format::Json => json(plan)?,
        Format::Diff => render::plan_as_diff(plan),
    })
}

fn json(plan: &Plan) -> Result<String, CliError> {
    render::plan_as_json(plan).map_err(|error| CliError::defect(format!("cannot write the plan: {error}")))
}
