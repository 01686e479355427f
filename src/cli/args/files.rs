//! The arguments of what writes and checks files: policies, their lock, state files and schemas.

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};

use super::questions::AnswerFormat;
use crate::cli::complete;
use crate::cli::site::SiteArgs;
use crate::model::{SpaceKey, SpaceKind};

#[derive(Debug, Args)]
pub(in crate::cli) struct InitArgs {
    /// The directory to write it to
    #[arg(default_value = ".")]
    pub(in crate::cli) directory: Utf8PathBuf,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ImportArgs {
    #[command(flatten)]
    pub(in crate::cli) spaces: SpacesArgs,

    /// Every space that has no entry in the policy yet; of the files that are there, only that of the people changes
    #[arg(long, group = "every", conflicts_with_all = ["spaces", "from", "template", "force", "stdout"])]
    pub(in crate::cli) missing: bool,

    /// Write the policy of this space for the space of --as
    #[arg(long, value_name = "KEY", requires = "template", conflicts_with_all = ["spaces", "all"], add = complete::spaces())]
    pub(in crate::cli) from: Option<SpaceKey>,

    /// The space that gets the policy of --from; it need not exist yet
    #[arg(long = "as", id = "template", value_name = "KEY", requires = "from")]
    pub(in crate::cli) template: Option<SpaceKey>,

    /// Where to write; files that are there become part of the policy
    #[arg(short = 'C', long, value_name = "DIR", default_value = ".")]
    pub(in crate::cli) directory: Utf8PathBuf,

    #[command(flatten)]
    pub(in crate::cli) site: SiteArgs,

    /// Replace files of spaces that are there already
    #[arg(long)]
    pub(in crate::cli) force: bool,

    /// Print the policy of one space instead of writing files
    #[arg(long, conflicts_with_all = ["all", "force", "format"])]
    pub(in crate::cli) stdout: bool,

    /// How to report what was imported
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    pub(in crate::cli) format: AnswerFormat,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SnapshotArgs {
    #[command(flatten)]
    pub(in crate::cli) spaces: SpacesArgs,

    /// The policy directory, which may say where the site is and who else is to be there
    #[arg(short = 'C', long, value_name = "DIR", default_value = ".")]
    pub(in crate::cli) directory: Utf8PathBuf,

    #[command(flatten)]
    pub(in crate::cli) site: SiteArgs,

    /// The file to write, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) out: Option<Utf8PathBuf>,

    /// Replace the file if it is there
    #[arg(long, requires = "out")]
    pub(in crate::cli) force: bool,
}

/// Which spaces to read.
#[derive(Debug, Args)]
pub(in crate::cli) struct SpacesArgs {
    /// This space (can be given several times)
    #[arg(long = "space", id = "spaces", value_name = "KEY", add = complete::spaces())]
    pub(in crate::cli) keys: Vec<SpaceKey>,

    /// Every space that this account can see
    #[arg(long, group = "every", conflicts_with = "spaces")]
    pub(in crate::cli) all: bool,

    /// Of all spaces only those of a type: global, personal, collaboration, knowledge-base (can be given several times)
    #[arg(long = "type", value_name = "TYPE", requires = "every", value_parser = parse_kind)]
    pub(in crate::cli) types: Vec<SpaceKind>,

    /// Of all spaces also those that are archived
    #[arg(long, requires = "every")]
    pub(in crate::cli) include_archived: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ValidateArgs {
    /// The policy directory
    #[arg(default_value = ".")]
    pub(in crate::cli) directory: Utf8PathBuf,

    /// Also list what ends within this time, such as 14d or 2w
    #[arg(long, value_name = "TIME", value_parser = parse_days)]
    pub(in crate::cli) warn_before: Option<jiff::Span>,

    /// How to report what is found
    #[arg(long, value_enum, default_value_t = FindingsFormat::Text)]
    pub(in crate::cli) format: FindingsFormat,
}

/// The forms of findings. Standard error has them as text in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FindingsFormat {
    /// For people
    Text,
    /// Annotations of GitHub Actions
    Github,
    /// A SARIF document, for code scanning
    Sarif,
    /// For programs
    Json,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct FmtArgs {
    /// Directories and files; `-` reads standard input and writes to standard output
    #[arg(value_name = "PATH", default_value = ".")]
    pub(in crate::cli) paths: Vec<Utf8PathBuf>,

    /// Change nothing, and exit with 1 if a file would change
    #[arg(long)]
    pub(in crate::cli) check: bool,

    /// Show the changes instead of the names of the files
    #[arg(long)]
    pub(in crate::cli) diff: bool,

    /// Write the names that groups, roles and pages have on the site now, and change nothing else; PATH is the policy
    /// directory
    #[arg(long)]
    pub(in crate::cli) renames: bool,

    #[command(flatten)]
    pub(in crate::cli) site: SiteArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct LockArgs {
    /// The policy directory
    #[arg(default_value = ".")]
    pub(in crate::cli) directory: Utf8PathBuf,

    /// Let a name mean what bears it now, such as group:NAME or KEY/Title (can be given several times)
    #[arg(long, value_name = "NAME", add = complete::names())]
    pub(in crate::cli) accept: Vec<String>,

    #[command(flatten)]
    pub(in crate::cli) site: SiteArgs,

    /// How to show what the names mean
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    pub(in crate::cli) format: AnswerFormat,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SchemaArgs {
    /// The kind of document
    #[arg(value_enum)]
    pub(in crate::cli) document: DocumentKind,
}

/// Documents with a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum DocumentKind {
    /// Policy files
    Policy,
    /// Plans in their JSON form
    Plan,
    /// State files of the sandbox
    Sandbox,
    /// What `apply --format json` prints
    Apply,
    /// What `can --format json` prints
    Can,
    /// What `doctor --format json` prints
    Doctor,
    /// What a command prints that ends in an error, such as an invalid policy
    Error,
    /// What `explain --format json` prints
    Explain,
    /// What `import --format json` prints
    Import,
    /// What `lock --format json` prints
    Lock,
    /// What `log --format json` prints
    Log,
    /// What `test --format json` prints
    Test,
    /// What `validate --format json` prints
    Validate,
    /// What `what --format json` prints
    What,
    /// What `who --format json` prints
    Who,
}

fn parse_days(text: &str) -> Result<jiff::Span, String> {
    let span: jiff::Span = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    if span.is_negative() {
        return Err("a time cannot be negative".to_owned());
    }
    Ok(span)
}

#[expect(clippy::unnecessary_wraps, reason = "clap's signature")]
fn parse_kind(text: &str) -> Result<SpaceKind, std::convert::Infallible> {
    Ok(match text.to_ascii_lowercase().replace('_', "-").as_str() {
        "global" => SpaceKind::Global,
        "personal" => SpaceKind::Personal,
        "collaboration" => SpaceKind::Collaboration,
        "knowledge-base" => SpaceKind::KnowledgeBase,
        _ => SpaceKind::Other(text.into()),
    })
}

#[derive(Debug, Args)]
pub(in crate::cli) struct CodeownersArgs {
    /// The policy directory
    #[arg(default_value = ".")]
    pub(in crate::cli) directory: Utf8PathBuf,

    /// The path of the policy directory in the repository, where it is not the repository itself
    #[arg(long, value_name = "PATH", default_value = "")]
    pub(in crate::cli) within: Utf8PathBuf,
}
