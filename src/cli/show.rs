//! `confperm show`: a saved plan, in the form that is asked for.

use crate::render::View;

use super::args::ShowArgs;
use super::plan::in_form;
use super::plan_file;
use super::{CliError, Exit, Output};

pub(super) fn run(args: &ShowArgs, out: &Output) -> Result<Exit, CliError> {
    let hint = "name a file that `confperm plan -o` wrote";
    let plan = plan_file::read(&args.plan, args.plan.as_str(), plan_file::MISSING, hint)?;
    let view = View { all: args.all, ..View::default() };
    let text = in_form(&plan, &args.form, &view, out)?;
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
