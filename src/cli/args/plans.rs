//! The arguments of what makes plans and carries them out.

use std::num::NonZeroUsize;

use camino::Utf8PathBuf;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use jiff::civil::Time;

use crate::apply::Forgotten;
use crate::cli::exit::Exit;
use crate::cli::lockfile::{Lacking, Learning};
use crate::cli::site::SiteArgs;
use crate::model::{Guard, SpaceKey};
use crate::plan::{Gaps, Plan};

#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct Scope {
    /// The policy directory
    #[arg(default_value = ".")]
    pub(in crate::cli) directory: Utf8PathBuf,

    /// Only this space of the policy (can be given several times)
    #[arg(long = "space", value_name = "KEY")]
    pub(in crate::cli) spaces: Vec<SpaceKey>,

    /// Of these, only the spaces that others changed while the first plan was carried out. Set by `apply`.
    #[arg(skip)]
    pub(in crate::cli) moved: Vec<SpaceKey>,

    #[command(flatten)]
    pub(in crate::cli) site: SiteArgs,

    /// Accept that accounts lose access for a moment, if no order of the calls avoids it (that they gain access for a moment is never accepted)
    #[arg(long)]
    pub(in crate::cli) allow_gap: bool,

    /// Do not write confperm.lock; names of the policy that it lacks are an error, or a warning of `plan`
    #[arg(long)]
    pub(in crate::cli) locked: bool,

    /// Show every change, name and warning, however many there are
    #[arg(long)]
    pub(in crate::cli) all: bool,

    /// What to do if a part of the policy has to be left out: `fail` exits with 6, `ok` with the code of the rest
    #[arg(long, value_enum, value_name = "MEANING", default_value_t = IncompleteMeans::Fail)]
    pub(in crate::cli) incomplete: IncompleteMeans,
}

/// What it means that something that the policy declares was unknown or skipped when the plan was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum IncompleteMeans {
    Fail,
    Ok,
}

impl Scope {
    pub(in crate::cli) const fn gaps(&self) -> Gaps {
        if self.allow_gap { Gaps::Allow } else { Gaps::Refuse }
    }

    /// How a run ends whose plan has nothing else to report.
    pub(in crate::cli) fn completeness(&self, plan: &Plan) -> Exit {
        match self.incomplete {
            IncompleteMeans::Fail if !plan.is_complete() => Exit::Incomplete,
            IncompleteMeans::Fail | IncompleteMeans::Ok => Exit::Done,
        }
    }

    /// What the run may do to the lock; under --locked, what it does about names that the lock lacks.
    pub(in crate::cli) const fn learning(&self, lacking: Lacking) -> Learning {
        if self.locked {
            Learning::Never(lacking)
        } else {
            // A plan for a part of the policy has not looked at the names of the rest.
            Learning::Allowed { whole: self.spaces.is_empty() && self.moved.is_empty() }
        }
    }
}

/// What a plan is let through, and why.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct OverrideArgs {
    /// Do not let this guard of the policy block the plan (can be given several times; needs --why)
    #[arg(long = "override", value_name = "GUARD", requires = "why", value_parser = guard_parser())]
    pub(in crate::cli) guards: Vec<Guard>,

    /// The reason for --override; it is kept in the plan and the journal
    #[arg(long, value_name = "TEXT", requires = "guards", value_parser = parse_reason)]
    pub(in crate::cli) why: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct PlanArgs {
    #[command(flatten)]
    pub(in crate::cli) scope: Scope,

    #[command(flatten)]
    pub(in crate::cli) overrides: OverrideArgs,

    /// How to print the plan
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(in crate::cli) format: Format,

    /// Also write the plan to a file: as Markdown if its name ends in `.md`, and as JSON otherwise; may be repeated
    #[arg(short, long, value_name = "FILE")]
    pub(in crate::cli) out: Vec<Utf8PathBuf>,

    /// Show only how much changes in each space
    #[arg(long, conflicts_with_all = ["format", "all", "explain_order"])]
    pub(in crate::cli) summary: bool,

    /// The pages whose titles Markdown and `github` show; the others appear as id:N
    #[arg(long, value_enum, value_name = "TITLES", default_value_t = TitlesShown::Open)]
    pub(in crate::cli) titles: TitlesShown,

    /// Exit with 2 when there is something to change
    #[arg(long)]
    pub(in crate::cli) detailed_exitcode: bool,

    /// Show the calls in their order, and the reasons for that order
    #[arg(long, conflicts_with = "format")]
    pub(in crate::cli) explain_order: bool,
}

/// The forms of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
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
pub(in crate::cli) enum ApplyFormat {
    /// For people
    Text,
    /// Annotations of GitHub Actions: failures, warnings and changes, at their lines; the sums go to standard error
    Github,
    /// A document of what became of the plan; the plan itself is `plan --format json`
    Json,
}

/// Which titles are shown where more people read than see the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum TitlesShown {
    /// Pages that everyone in their space sees
    Open,
    /// All pages
    All,
}

impl From<TitlesShown> for crate::render::Titles {
    fn from(titles: TitlesShown) -> Self {
        match titles {
            TitlesShown::Open => Self::Open,
            TitlesShown::All => Self::All,
        }
    }
}

#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct ApplyArgs {
    #[command(flatten)]
    pub(in crate::cli) scope: Scope,

    #[command(flatten)]
    pub(in crate::cli) overrides: OverrideArgs,

    /// How to print the plan, and what became of it
    #[arg(long, value_enum, default_value_t = ApplyFormat::Text)]
    pub(in crate::cli) format: ApplyFormat,

    /// The pages whose titles `github` shows; the others appear as id:N
    #[arg(long, value_enum, value_name = "TITLES", default_value_t = TitlesShown::Open)]
    pub(in crate::cli) titles: TitlesShown,

    /// Do not ask for confirmation
    #[arg(short, long)]
    pub(in crate::cli) yes: bool,

    /// Apply only if the plan is the one that was approved: the hash that `plan` printed, or a file of `plan -o`
    #[arg(long, value_name = "HASH|FILE")]
    pub(in crate::cli) expect: Option<String>,

    /// Make at most so many calls of the plan, and those that must not be left out once others are made; the same command
    /// goes on from there
    #[arg(long, value_name = "N")]
    pub(in crate::cli) max_calls: Option<NonZeroUsize>,

    /// Start no further calls from this time of the day on, by the clock of this machine, such as 06:00; the same command
    /// goes on from there
    #[arg(long, value_name = "HH:MM", value_parser = parse_time)]
    pub(in crate::cli) stop_at: Option<Time>,

    /// Stop looking for what an earlier run left unverified and was deleted for good since; may be repeated. What the
    /// site shows is verified all the same
    #[arg(long, value_name = "id:N|KEY")]
    pub(in crate::cli) forget: Vec<Forgotten>,
}

fn guard_parser() -> impl TypedValueParser<Value = Guard> {
    PossibleValuesParser::new(Guard::ALL.map(Guard::as_str)).try_map(|name| name.parse::<Guard>())
}

fn parse_time(text: &str) -> Result<Time, String> {
    Time::strptime("%H:%M", text).map_err(|_| "write hours and minutes, such as 06:00 or 22:30".to_owned())
}

fn parse_reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        Err("give a reason, for the readers of the plan and the journal".to_owned())
    } else {
        Ok(text.to_owned())
    }
}
