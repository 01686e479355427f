//! `confperm init`: a repository to start from.

use crate::policy::export::files;
use crate::render::style::count;

use super::args::InitArgs;
use super::new_files::{self, Files};
use super::{CliError, Environment, Exit, Failure, Output};

const GITIGNORE: &str = ".gitignore";
/// Files that are left as they are if they are there already.
const BESIDE: [&str; 2] = ["README.md", GITIGNORE];

/// What stands in `confperm.yaml` as long as it is not said where the site is.
const NO_SITE: &str = "\
version: 1

# site:
#   url: https://YOUR-SITE.atlassian.net/wiki
";

pub(super) fn run(args: &InitArgs, environment: &Environment, out: &Output) -> Result<Exit, CliError> {
    let head = match &environment.url {
        Some(url) => {
            let address: crate::confluence::Address =
                url.parse().map_err(|error: crate::confluence::AddressError| {
                    CliError::failed(Failure::InvalidAddress, error.to_string()).with_hint(error.hint())
                })?;
            files::head(&address.to_string())
        }
        None => NO_SITE.to_owned(),
    };
    let mut repository = Files::from([
        ("confperm.yaml".into(), head),
        ("spaces/example.yaml".into(), include_str!("repository/example.yaml").to_owned()),
        ("README.md".into(), include_str!("repository/README.md").to_owned()),
        (GITIGNORE.into(), include_str!("repository/gitignore").to_owned()),
        (".github/workflows/confperm.yml".into(), include_str!("repository/workflow.yml").to_owned()),
    ]);
    // A repository comes with these, and confperm works without its own.
    let kept: Vec<String> = new_files::existing(&args.directory, repository.keys())
        .into_iter()
        .filter(|path| BESIDE.contains(&path.as_str()))
        .filter_map(|path| repository.remove(&path).map(|_| path.into_string()))
        .collect();
    let hint = "begin in an empty directory, or move these files away";
    new_files::refuse_existing(&args.directory, repository.keys(), hint)?;
    new_files::write(&args.directory, &repository, |_| false)?;
    let paths: Vec<&str> = repository.keys().map(|path| path.as_str()).collect();
    out.data(&format!("{}\n", paths.join("\n")));
    if !kept.is_empty() {
        let ignored = if kept.iter().any(|path| path == GITIGNORE) {
            "; put a line `.confperm/` into .gitignore, for the journals of runs"
        } else {
            ""
        };
        out.say(&format!("Left as it is: {}{ignored}.", kept.join(", ")));
    }
    out.say(&format!(
        "{} written {}. Next: {}`confperm doctor`, then `confperm import --space KEY` for a first space.",
        count(repository.len(), "file", "files"),
        new_files::place(&args.directory),
        if environment.url.is_some() { "" } else { "say in confperm.yaml where the site is, run " },
    ));
    Ok(Exit::Done)
}
