//! The command line: one file per command, and the only place that prints, reads the environment, asks,
//! and decides on an exit code.

mod apply;
mod args;
mod border;
mod can;
mod carry_out;
mod checks;
mod chosen;
mod codeowners;
mod complete;
mod connect;
mod new_files;
mod directory;
mod doctor;
mod environment;
mod error;
mod expect;
mod explain;
mod fmt;
mod habits;
mod identity;
mod import;
mod init;
mod keys;
mod limits;
mod lock;
mod lockfile;
mod log;
mod one_answer;
mod one_run;
mod output;
mod plan;
mod plan_file;
mod prepare;
mod progress;
mod reading;
mod renames;
mod question;
mod sandbox;
mod saved;
mod schema;
mod show;
mod signals;
mod site;
mod snapshot;
mod subject;
mod team_errors;
mod test;
mod token;
mod trust;
mod undo;
mod unreadable;
mod validate;
mod what;
mod who;

pub mod exit;
pub mod failure;

use std::process::ExitCode;

use camino::Utf8Path;
use clap::Parser as _;

use crate::confluence::Secrets;
use crate::render;
use args::{AnswerFormat, ApplyFormat, Args, Command, FindingsFormat, Format};
use signals::Signals;

// What nearly every command works with; its file takes them from here.
use connect::Connection;
use environment::Environment;
use error::CliError;
use exit::Exit;
use failure::Failure;
use lockfile::LockFile;
use output::Output;
use reading::SiteReading;

/// Parses the command line, runs the command, and says how it went.
pub fn main() -> ExitCode {
    if let Some(exit) = complete::answered() {
        return exit.into();
    }
    let secrets = Secrets::default();
    let out = Output::new(secrets.clone());
    if let Some(error) = habits::foreign(std::env::args_os().skip(1)) {
        out.error(&error);
        return error.exit().into();
    }
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => return without_command(&error).into(),
    };
    output::log(args.verbose, secrets.clone());
    let out = match annotated(&args.command) {
        Some(directory) => out.annotating(directory),
        None => out,
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            out.error(&CliError::failed(Failure::CannotStart, format!("cannot start: {error}")));
            out.print_annotations();
            return Exit::Failed.into();
        }
    };
    // An apply is about the site: what happened there is its end, whether or not the report arrived.
    let is_for_its_output = !matches!(args.command, Command::Apply(_) | Command::Undo(_));
    let documented = documented(&args.command);
    let exit =
        runtime.block_on(run(args.command, &Environment::read(&secrets), &out)).unwrap_or_else(|error| {
            out.error(&error);
            // What reads documents reads one of every run.
            if let Some(command) = documented.filter(|_| !out.has_data()) {
                let findings = error.documented(|text| out.without_secrets(text));
                out.data(&render::error_as_json(command, findings, error.exit().code()));
            }
            error.exit()
        });
    out.progress.clear();
    out.print_annotations();
    if is_for_its_output && out.has_lost_data() { exit.max(Exit::Failed) } else { exit }.into()
}

/// The name of a command that is asked for a document.
fn documented(command: &Command) -> Option<&'static str> {
    let (name, is_document) = match command {
        Command::Import(args) => ("import", args.format == AnswerFormat::Json),
        Command::Plan(args) => ("plan", args.form.format == Format::Json),
        Command::Apply(args) => ("apply", args.run.format == ApplyFormat::Json),
        Command::Undo(args) => ("undo", args.run.format == ApplyFormat::Json),
        Command::Show(args) => ("show", args.form.format == Format::Json),
        Command::Log(args) => ("log", args.format == AnswerFormat::Json),
        Command::Can(args) => ("can", args.what.common.format == AnswerFormat::Json),
        Command::Who(args) => ("who", args.what.common.format == AnswerFormat::Json),
        Command::What(args) => ("what", args.common.format == AnswerFormat::Json),
        Command::Explain(args) => ("explain", args.what.common.format == AnswerFormat::Json),
        Command::Test(args) => ("test", args.common.format == AnswerFormat::Json),
        Command::Validate(args) => ("validate", args.format == FindingsFormat::Json),
        Command::Lock(args) => ("lock", args.format == AnswerFormat::Json),
        Command::Doctor(args) => ("doctor", args.format == AnswerFormat::Json),
        Command::Init(_)
        | Command::Codeowners(_)
        | Command::Fmt(_)
        | Command::Snapshot(_)
        | Command::Sandbox(_)
        | Command::Schema(_)
        | Command::Man { .. }
        | Command::Completions { .. } => return None,
    };
    is_document.then_some(name)
}

/// The policy directory of a command that is asked for annotations.
fn annotated(command: &Command) -> Option<&Utf8Path> {
    match command {
        Command::Plan(args) if args.form.format == Format::Github => Some(&args.scope.directory),
        // The files of a saved plan are named as seen from the policy directory.
        Command::Show(args) if args.form.format == Format::Github => Some(Utf8Path::new(".")),
        Command::Apply(args) if args.run.format == ApplyFormat::Github => Some(&args.scope.directory),
        Command::Undo(args) if args.run.format == ApplyFormat::Github => Some(&args.scope.directory),
        Command::Validate(args) if args.format == FindingsFormat::Github => Some(&args.directory),
        _ => None,
    }
}

/// Help and version are answers, not errors; clap knows which stream they belong to.
fn without_command(error: &clap::Error) -> Exit {
    let printed = error.print();
    match printed {
        _ if error.use_stderr() => Exit::Usage,
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Exit::Failed,
        Ok(()) | Err(_) => Exit::Done,
    }
}

async fn run(command: Command, environment: &Environment, out: &Output) -> Result<Exit, CliError> {
    let signals = match command {
        // What these two write are files, and a moment is all that they take.
        Command::Init(_) | Command::Fmt(_) => Signals::ignored(),
        _ => Signals::listen(out.progress.clone()),
    };
    match command {
        Command::Init(args) => init::run(&args, environment, out),
        Command::Lock(args) => lock::run(&args, environment, out).await,
        Command::Import(args) => import::run(&args, environment, out).await,
        Command::Plan(args) => plan::run(&args, environment, out).await,
        Command::Apply(args) => Box::pin(apply::run(&args, environment, &signals, out)).await,
        Command::Show(args) => show::run(&args, out),
        Command::Log(args) => log::run(&args, out),
        Command::Undo(args) => Box::pin(undo::run(&args, environment, &signals, out)).await,
        Command::Can(args) => can::run(&args, environment, out).await,
        Command::Who(args) => who::run(&args, environment, out).await,
        Command::What(args) => what::run(&args, environment, out).await,
        Command::Explain(args) => explain::run(&args, environment, out).await,
        Command::Test(args) => test::run(&args, environment, out).await,
        Command::Validate(args) => validate::run(&args, environment, out),
        Command::Fmt(args) if args.renames => renames::run(&args, environment, out).await,
        Command::Fmt(args) => fmt::run(&args, out),
        Command::Doctor(args) => doctor::run(&args, environment, out).await,
        Command::Snapshot(args) => snapshot::run(&args, environment, out).await,
        Command::Sandbox(args) => sandbox::run(&args, &signals, out).await,
        Command::Codeowners(args) => codeowners::run(&args, out),
        Command::Schema(args) => schema::run(&args, out),
        Command::Man { name } => schema::man(name.as_deref(), out),
        Command::Completions { shell } => complete::script(shell, out),
    }
}
