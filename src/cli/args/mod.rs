//! What can be said on the command line.

use std::net::SocketAddr;

use camino::Utf8PathBuf;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::apply::Forgotten;
use crate::model::{Guard, SpaceKey, SpaceKind};
use crate::plan::{Gaps, Plan};

use super::exit::Exit;
use super::lockfile::{Lacking, Learning};
use super::site::SiteArgs;

/// What every command has in common; shown below the long help.
const AFTER: &str = "\
Sign-in:
  CONFLUENCE_URL             The address of the site, where the token is sent; --site overrides it
  CONFLUENCE_USERNAME        The e-mail address of the account
  CONFLUENCE_API_TOKEN       Its API token
  CONFLUENCE_PERSONAL_TOKEN  An OAuth access token instead of these two, for the gateway only
  Each token can also come from a file (..._FILE) or a command (..._COMMAND).

Exit codes:
  0   Done, or nothing to change
  1   Failed, nothing was changed; `fmt --check` found files to format
  2   `plan --detailed-exitcode` found changes
  3   The plan is refused, blocked by a guard, or not the one of --expect; the answer of `can`
      is not yes; a test failed
  4   The policy is invalid
  5   Applied in part
  6   Nothing failed, but a part of the policy was left out; see --incomplete
  64  Wrong usage";

/// Permissions as code for Confluence
///
/// YAML files say who may do what in which space and on which page. `plan` compares them with the live
/// site and shows what would change; `apply` makes the smallest safe set of calls.
#[derive(Debug, Parser)]
#[command(name = "confperm", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_long_help = AFTER)]
pub(super) struct Args {
    #[command(subcommand)]
    pub(super) command: Command,

    /// Report each request on stderr; given twice, everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count, display_order = 900)]
    pub(super) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a policy repository to start from
    Init(InitArgs),
    /// Write live spaces as policy files, of which a plan changes nothing
    Import(ImportArgs),
    /// Show what would change on the site
    Plan(PlanArgs),
    /// Show what would change, ask for confirmation, and apply it
    Apply(ApplyArgs),
    /// Say whether an account or a group may do something: allowed, denied or unknown
    Can(CanArgs),
    /// List who may do something, and by which routes
    Who(WhoArgs),
    /// Show level by level why an account or a group may or may not do something
    Explain(CanArgs),
    /// Run the access tests of the policy
    Test(TestArgs),
    /// Check policy files without contacting the site
    Validate(ValidateArgs),
    /// Format policy files; comments are kept
    Fmt(FmtArgs),
    /// Look up the ids behind the names of the policy, and write them to confperm.lock
    Lock(LockArgs),
    /// Check address, sign-in, edition, mode and rights
    Doctor(DoctorArgs),
    /// Write the live site into a state file of the sandbox, to rehearse on
    Snapshot(SnapshotArgs),
    /// Run a simulated Confluence
    Sandbox(SandboxArgs),
    /// Print the JSON Schema of a kind of document
    Schema(SchemaArgs),
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, ClapArgs)]
pub(super) struct InitArgs {
    /// The directory to write it to
    #[arg(default_value = ".")]
    pub(super) directory: Utf8PathBuf,
}

#[derive(Debug, ClapArgs)]
pub(super) struct SnapshotArgs {
    #[command(flatten)]
    pub(super) spaces: SpacesArgs,

    /// The policy directory, which may say where the site is and who else is to be there
    #[arg(short = 'C', long, value_name = "DIR", default_value = ".")]
    pub(super) directory: Utf8PathBuf,

    #[command(flatten)]
    pub(super) site: SiteArgs,

    /// The file to write, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(super) out: Option<Utf8PathBuf>,

    /// Replace the file if it is there
    #[arg(long, requires = "out")]
    pub(super) force: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct ImportArgs {
    #[command(flatten)]
    pub(super) spaces: SpacesArgs,

    /// Write the policy of this space for the space of --as
    #[arg(long, value_name = "KEY", requires = "template", conflicts_with_all = ["spaces", "all"])]
    pub(super) from: Option<SpaceKey>,

    /// The space that gets the policy of --from; it need not exist yet
    #[arg(long = "as", id = "template", value_name = "KEY", requires = "from")]
    pub(super) template: Option<SpaceKey>,

    /// Where to write; files that are there become part of the policy
    #[arg(short = 'C', long, value_name = "DIR", default_value = ".")]
    pub(super) directory: Utf8PathBuf,

    #[command(flatten)]
    pub(super) site: SiteArgs,

    /// Replace files of spaces that are there already
    #[arg(long)]
    pub(super) force: bool,

    /// Print the policy of one space instead of writing files
    #[arg(long, conflicts_with_all = ["all", "force"])]
    pub(super) stdout: bool,
}

/// Which spaces to read.
#[derive(Debug, ClapArgs)]
pub(super) struct SpacesArgs {
    /// This space (can be given several times)
    #[arg(long = "space", id = "spaces", value_name = "KEY")]
    pub(super) keys: Vec<SpaceKey>,

    /// Every space that this account can see
    #[arg(long, conflicts_with = "spaces")]
    pub(super) all: bool,

    /// Of all spaces only those of a type: global, personal, collaboration, knowledge-base (can be given several times)
    #[arg(long = "type", value_name = "TYPE", requires = "all", value_parser = parse_kind)]
    pub(super) types: Vec<SpaceKind>,

    /// Of all spaces also those that are archived
    #[arg(long, requires = "all")]
    pub(super) include_archived: bool,
}

#[derive(Debug, Clone, ClapArgs)]
pub(super) struct Scope {
    /// The policy directory
    #[arg(default_value = ".")]
    pub(super) directory: Utf8PathBuf,

    /// Only this space of the policy (can be given several times)
    #[arg(long = "space", value_name = "KEY")]
    pub(super) spaces: Vec<SpaceKey>,

    /// Of these, only the spaces that others changed while the first plan was carried out. Set by `apply`.
    #[arg(skip)]
    pub(super) moved: Vec<SpaceKey>,

    #[command(flatten)]
    pub(super) site: SiteArgs,

    /// Accept that accounts lose access for a moment, if no order of the calls avoids it (that they gain access for a moment is never accepted)
    #[arg(long)]
    pub(super) allow_gap: bool,

    /// Do not write confperm.lock; names of the policy that it lacks are an error, or a warning of `plan`
    #[arg(long)]
    pub(super) locked: bool,

    /// Show every change, name and warning, however many there are
    #[arg(long)]
    pub(super) all: bool,

    /// What to do if a part of the policy has to be left out: `fail` exits with 6, `ok` with the code of the rest
    #[arg(long, value_enum, value_name = "MEANING", default_value_t = IncompleteMeans::Fail)]
    pub(super) incomplete: IncompleteMeans,
}

/// What it means that something that the policy declares was unknown or skipped when the plan was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum IncompleteMeans {
    Fail,
    Ok,
}

impl Scope {
    pub(super) const fn gaps(&self) -> Gaps {
        if self.allow_gap { Gaps::Allow } else { Gaps::Refuse }
    }

    /// How a run ends whose plan has nothing else to report.
    pub(super) fn completeness(&self, plan: &Plan) -> Exit {
        match self.incomplete {
            IncompleteMeans::Fail if !plan.is_complete() => Exit::Incomplete,
            IncompleteMeans::Fail | IncompleteMeans::Ok => Exit::Done,
        }
    }

    /// What the run may do to the lock; under --locked, what it does about names that the lock lacks.
    pub(super) const fn learning(&self, lacking: Lacking) -> Learning {
        if self.locked {
            Learning::Never(lacking)
        } else {
            Learning::Allowed { whole: self.spaces.is_empty() }
        }
    }
}

/// What a plan is let through, and why.
#[derive(Debug, Clone, ClapArgs)]
pub(super) struct OverrideArgs {
    /// Do not let this guard of the policy block the plan (can be given several times; needs --why)
    #[arg(long = "override", value_name = "GUARD", requires = "why", value_parser = guard_parser())]
    pub(super) guards: Vec<Guard>,

    /// The reason for --override; it is kept in the plan and the journal
    #[arg(long, value_name = "TEXT", requires = "guards", value_parser = parse_reason)]
    pub(super) why: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    pub(super) scope: Scope,

    #[command(flatten)]
    pub(super) overrides: OverrideArgs,

    /// How to print the plan
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(super) format: Format,

    /// Also write the plan to a file: as Markdown if its name ends in `.md`, and as JSON otherwise; may be repeated
    #[arg(short, long, value_name = "FILE")]
    pub(super) out: Vec<Utf8PathBuf>,

    /// Show only how much changes in each space
    #[arg(long, conflicts_with_all = ["format", "all", "explain_order"])]
    pub(super) summary: bool,

    /// The pages whose titles Markdown and `github` show; the others appear as id:N
    #[arg(long, value_enum, value_name = "TITLES", default_value_t = Titles::Open)]
    pub(super) titles: Titles,

    /// Exit with 2 when there is something to change
    #[arg(long)]
    pub(super) detailed_exitcode: bool,

    /// Show the calls in their order, and the reasons for that order
    #[arg(long, conflicts_with = "format")]
    pub(super) explain_order: bool,
}

/// The forms of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Text,
    /// A unified diff of each space in the policy language
    Diff,
    /// A JSON document, for programs
    Json,
    /// A comment on a pull request, of less than 60,000 characters
    Markdown,
    /// Annotations of GitHub Actions: failures, warnings and changes, at their lines
    Github,
}

/// The forms of an apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ApplyFormat {
    /// For people
    Text,
    /// Annotations of GitHub Actions: failures, warnings and changes, at their lines; the sums go to standard error
    Github,
}

/// Which titles are shown where more people read than see the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Titles {
    /// Pages that everyone in their space sees
    Open,
    /// All pages
    All,
}

impl From<Titles> for crate::render::Titles {
    fn from(titles: Titles) -> Self {
        match titles {
            Titles::Open => Self::Open,
            Titles::All => Self::All,
        }
    }
}

#[derive(Debug, Clone, ClapArgs)]
pub(super) struct ApplyArgs {
    #[command(flatten)]
    pub(super) scope: Scope,

    #[command(flatten)]
    pub(super) overrides: OverrideArgs,

    /// How to print the plan, and what became of it
    #[arg(long, value_enum, default_value_t = ApplyFormat::Text)]
    pub(super) format: ApplyFormat,

    /// The pages whose titles `github` shows; the others appear as id:N
    #[arg(long, value_enum, value_name = "TITLES", default_value_t = Titles::Open)]
    pub(super) titles: Titles,

    /// Do not ask for confirmation
    #[arg(short, long)]
    pub(super) yes: bool,

    /// Apply only if the plan is the one that was approved: the hash that `plan` printed, or a file of `plan -o`
    #[arg(long, value_name = "HASH|FILE")]
    pub(super) expect: Option<String>,

    /// Stop looking for what an earlier run left unverified and was deleted for good since; may be repeated. What the
    /// site shows is verified all the same
    #[arg(long, value_name = "id:N|KEY")]
    pub(super) forget: Vec<Forgotten>,
}

#[derive(Debug, ClapArgs)]
pub(super) struct CanArgs {
    /// An alias of the policy, an account id, group:NAME, class:all-licensed-users or anonymous
    #[arg(value_name = "WHO")]
    pub(super) who: String,

    #[command(flatten)]
    pub(super) what: WhatArgs,
}

#[derive(Debug, ClapArgs)]
pub(super) struct WhoArgs {
    #[command(flatten)]
    pub(super) what: WhatArgs,
}

/// What a question is about, and which state of the site.
#[derive(Debug, ClapArgs)]
pub(super) struct WhatArgs {
    /// view, edit, comment, attach, delete, restrict, or a permission such as export/space
    #[arg(value_name = "VERB")]
    pub(super) verb: String,

    /// A space or a page: KEY, KEY/Title/Title, KEY/id:123, or the address of a page
    #[arg(value_name = "OBJECT")]
    pub(super) object: String,

    /// Ask about the site as the policy would make it, instead of as it is
    #[arg(long)]
    pub(super) planned: bool,

    #[command(flatten)]
    pub(super) common: AnswerArgs,
}

#[derive(Debug, ClapArgs)]
pub(super) struct TestArgs {
    /// Ask the site itself, as it is, instead of evaluating the planned state
    #[arg(long)]
    pub(super) live: bool,

    #[command(flatten)]
    pub(super) common: AnswerArgs,
}

#[derive(Debug, ClapArgs)]
pub(super) struct AnswerArgs {
    /// The policy directory
    #[arg(short = 'C', long, value_name = "DIR", default_value = ".")]
    pub(super) directory: Utf8PathBuf,

    #[command(flatten)]
    pub(super) site: SiteArgs,

    /// How to answer
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    pub(super) format: AnswerFormat,
}

/// The forms of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum AnswerFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Debug, ClapArgs)]
pub(super) struct ValidateArgs {
    /// The policy directory
    #[arg(default_value = ".")]
    pub(super) directory: Utf8PathBuf,

    /// Also list what ends within this time, such as 14d or 2w
    #[arg(long, value_name = "TIME", value_parser = parse_days)]
    pub(super) warn_before: Option<jiff::Span>,

    /// How to report what is found
    #[arg(long, value_enum, default_value_t = FindingsFormat::Text)]
    pub(super) format: FindingsFormat,
}

/// The forms of findings. Standard error has them as text in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FindingsFormat {
    /// For people
    Text,
    /// Annotations of GitHub Actions
    Github,
    /// A SARIF document, for code scanning
    Sarif,
}

#[derive(Debug, ClapArgs)]
pub(super) struct FmtArgs {
    /// Directories and files; `-` reads standard input and writes to standard output
    #[arg(value_name = "PATH", default_value = ".")]
    pub(super) paths: Vec<Utf8PathBuf>,

    /// Change nothing, and exit with 1 if a file would change
    #[arg(long)]
    pub(super) check: bool,

    /// Show the changes instead of the names of the files
    #[arg(long)]
    pub(super) diff: bool,

    /// Write the names that groups, roles and pages have on the site now, and change nothing else; PATH is the policy
    /// directory
    #[arg(long)]
    pub(super) renames: bool,

    #[command(flatten)]
    pub(super) site: SiteArgs,
}

#[derive(Debug, ClapArgs)]
pub(super) struct LockArgs {
    /// The policy directory
    #[arg(default_value = ".")]
    pub(super) directory: Utf8PathBuf,

    /// Let a name mean what bears it now, such as group:NAME or KEY/Title (can be given several times)
    #[arg(long, value_name = "NAME")]
    pub(super) accept: Vec<String>,

    #[command(flatten)]
    pub(super) site: SiteArgs,
}

#[derive(Debug, ClapArgs)]
pub(super) struct DoctorArgs {
    /// The policy directory
    #[arg(default_value = ".")]
    pub(super) directory: Utf8PathBuf,

    #[command(flatten)]
    pub(super) site: SiteArgs,

    /// Only print the scopes that a token needs for this policy; no site is asked
    #[arg(long, conflicts_with = "site")]
    pub(super) scopes: bool,
}

#[derive(Debug, ClapArgs)]
pub(super) struct SandboxArgs {
    /// The state file to serve; it is never changed
    #[arg(long, value_name = "FILE")]
    pub(super) state: Option<Utf8PathBuf>,

    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8484")]
    pub(super) listen: SocketAddr,

    /// Write a line of JSON for each request to a file
    #[arg(long, value_name = "FILE")]
    pub(super) log: Option<Utf8PathBuf>,

    /// Forget what was changed; without --state, in every sandbox below this directory
    #[arg(long)]
    pub(super) reset: bool,

    /// Wait this long before each answer, such as 80ms
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(super) latency: Option<std::time::Duration>,

    /// Answer 429 to clients that ask faster than this, such as 10/s
    #[arg(long, value_name = "RATE")]
    pub(super) rate: Option<String>,

    /// Let this many requests through at once before the rate counts
    #[arg(long, value_name = "N", default_value_t = 1, requires = "rate")]
    pub(super) burst: u32,

    /// Make a share of all requests fail, such as 503:2%, or those of a method and path, such as
    /// 403:PUT:/content/*/restriction:1 (can be given several times; see docs/sandbox.md for this and the next)
    #[arg(long, value_name = "FAILURE")]
    pub(super) fail: Vec<String>,

    /// Let reads show an older state, such as rows=2 for two reads, or lists=300ms
    #[arg(long, value_name = "KIND=DELAY")]
    pub(super) lag: Vec<String>,

    /// Answer 403 or 404 at an endpoint, such as systemInfo=403
    #[arg(long, value_name = "ENDPOINT=STATUS")]
    pub(super) hide: Vec<String>,

    /// Let answers contradict themselves, each way by its name
    #[arg(long, value_name = "NAME:PATH[:TIMES]")]
    pub(super) mangle: Vec<String>,

    /// A YAML list of what other people do and when, as in a state file
    #[arg(long, value_name = "FILE")]
    pub(super) actors: Option<Utf8PathBuf>,

    /// Close every connection at a write, as before-write=3 or after-write=3
    #[arg(long, value_name = "WHEN=N")]
    pub(super) kill: Option<String>,

    /// Carry out a share of all writes and never answer them, such as 1%
    #[arg(long, value_name = "SHARE")]
    pub(super) drop_answer: Option<String>,

    /// Decides which requests fail; the same seed fails the same ones
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) seed: u64,
}

#[derive(Debug, ClapArgs)]
pub(super) struct SchemaArgs {
    /// The kind of document
    #[arg(value_enum)]
    pub(super) document: Document,
}

/// Documents with a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Document {
    /// Policy files
    Policy,
    /// Plans in their JSON form
    Plan,
    /// State files of the sandbox
    Sandbox,
}

fn parse_days(text: &str) -> Result<jiff::Span, String> {
    let span: jiff::Span = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    if span.is_negative() {
        return Err("a time cannot be negative".to_owned());
    }
    Ok(span)
}

fn guard_parser() -> impl TypedValueParser<Value = Guard> {
    PossibleValuesParser::new(Guard::ALL.map(Guard::as_str)).try_map(|name| name.parse::<Guard>())
}

fn parse_reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        Err("give a reason, for the readers of the plan and the journal".to_owned())
    } else {
        Ok(text.to_owned())
    }
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

fn parse_duration(text: &str) -> Result<std::time::Duration, String> {
    let span: jiff::SignedDuration = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    span.try_into().map_err(|_| "a time cannot be negative".to_owned())
}
