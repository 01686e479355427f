//! `confperm show`: a saved plan, in the form that is asked for.

use crate::render::{self, View};

use super::args::{Format, ShowArgs};
use super::error::CliError;
use super::exit::Exit;
use super::output::Output;
use super::plan_file;

pub(super) fn run(args: &ShowArgs, out: &Output) -> Result<Exit, CliError> {
    let hint = "name a file that `confperm plan -o` wrote";
    let plan = plan_file::read(&args.plan, args.plan.as_str(), plan_file::MISSING, hint)?;
    let view = View { all: args.all, ..View::default() };
    let text = match args.format {
        _ if args.explain_order => render::order_as_text(&plan),
        _ if args.summary => render::plan_as_summary(&plan),
        Format::Text => render::plan_as_text_in(&plan, &view),
        Format::Markdown => render::plan_as_markdown(&plan, &view, args.titles.into()),
        Format::Github => {
            out.annotate(render::plan_as_annotations(&plan, &view, args.titles.into()));
            String::new()
        }
        Format::Json => super::plan::json(&plan)?,
        Format::Diff => {
            return Err(CliError::usage(
                "a diff shows whole spaces, and a plan has only what changes in them",
                "`confperm plan --format diff` reads the spaces",
            ));
        }
    };
    out.data(&text);
    if let Some(made_from) = &plan.made_from {
        let commit = made_from.commit.as_ref().map(|commit| format!("commit {}", commit.as_str()));
        let run = made_from.run.as_ref().map(|run| run.as_str().to_owned());
        let from: Vec<String> = commit.into_iter().chain(run).collect();
        if !from.is_empty() {
            out.say(&format!("Made from {}", from.join(", ")));
        }
    }
    out.say(&format!("Hash of this plan: {}", plan.hash));
    Ok(Exit::Done)
}
