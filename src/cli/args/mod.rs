//! What can be said on the command line.

mod files;
mod plans;
mod questions;
mod sandbox;

use camino::Utf8PathBuf;
use clap::{Args as ClapArgs, Parser, Subcommand};

use super::site::SiteArgs;

pub(super) use files::{
    CodeownersArgs, DocumentKind, FindingsFormat, FmtArgs, ImportArgs, InitArgs, LockArgs, SchemaArgs,
    SnapshotArgs, SpacesArgs, ValidateArgs,
};
pub(super) use plans::{
    ApplyArgs, ApplyFormat, FormArgs, Format, IncompleteMeans, LogArgs, OverrideArgs, PlanArgs, Scope,
    ShowArgs, UndoArgs,
};
pub(super) use questions::{AnswerArgs, AnswerFormat, CanArgs, ObjectArgs, TestArgs, WhatArgs, WhoArgs};
pub(super) use sandbox::SandboxArgs;

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
    /// Show a plan that was saved
    Show(ShowArgs),
    /// List what earlier runs did, or tell one of them
    Log(LogArgs),
    /// Take back what a run of `apply` did, as far as nothing was changed since
    Undo(UndoArgs),
    /// Say whether an account or a group may do something: allowed, denied or unknown
    Can(CanArgs),
    /// List who may do something, and by which routes
    Who(WhoArgs),

    /// Show every space and page that one person can see, the widest access first
    What(WhatArgs),
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
    /// Print who owns which policy files, for GitHub and GitLab
    Codeowners(CodeownersArgs),
    /// Print the JSON Schema of a kind of document
    Schema(SchemaArgs),
    /// Print the manual page of confperm, or of one of its commands
    Man {
        /// The command
        name: Option<String>,
    },
    /// Print completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
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

    /// How to show what was looked at
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    pub(super) format: AnswerFormat,
}
