//! The arguments of questions about access, and of access tests.

use camino::Utf8PathBuf;
use clap::{Args, ValueEnum};

use crate::cli::complete;
use crate::cli::site::SiteArgs;
use crate::model::SpaceKey;

#[derive(Debug, Args)]
pub(in crate::cli) struct CanArgs {
    /// An alias, an e-mail address, a name or an account id; group:NAME, class:all-licensed-users or anonymous
    #[arg(value_name = "WHO", add = complete::principals())]
    pub(in crate::cli) who: String,

    #[command(flatten)]
    pub(in crate::cli) what: ObjectArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct WhoArgs {
    #[command(flatten)]
    pub(in crate::cli) what: ObjectArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct WhatArgs {
    /// An alias, an e-mail address, a name or an account id; group:NAME, class:all-licensed-users or anonymous
    #[arg(value_name = "WHO", add = complete::principals())]
    pub(in crate::cli) who: String,

    /// Only these spaces
    #[arg(long = "space", value_name = "KEY", add = complete::spaces())]
    pub(in crate::cli) spaces: Vec<SpaceKey>,

    /// Ask about the site as the policy would make it, instead of as it is
    #[arg(long)]
    pub(in crate::cli) planned: bool,

    #[command(flatten)]
    pub(in crate::cli) common: AnswerArgs,
}

/// What a question is about, and which state of the site.
#[derive(Debug, Args)]
pub(in crate::cli) struct ObjectArgs {
    /// view, edit, comment, attach, delete, restrict, export, administer, or a permission such as create/page
    #[arg(value_name = "VERB", add = complete::verbs())]
    pub(in crate::cli) verb: String,

    /// A space, a page or a pattern: KEY, KEY/Title/Title, KEY/id:123, KEY/Title/**, or the address of a page
    #[arg(value_name = "OBJECT", add = complete::spaces())]
    pub(in crate::cli) object: String,

    /// Ask about the site as the policy would make it, instead of as it is
    #[arg(long)]
    pub(in crate::cli) planned: bool,

    #[command(flatten)]
    pub(in crate::cli) common: AnswerArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct TestArgs {
    /// Ask the site itself, as it is, instead of evaluating the planned state
    #[arg(long)]
    pub(in crate::cli) live: bool,

    #[command(flatten)]
    pub(in crate::cli) common: AnswerArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct AnswerArgs {
    /// The policy directory
    #[arg(short = 'C', long, value_name = "DIR", default_value = ".")]
    pub(in crate::cli) directory: Utf8PathBuf,

    #[command(flatten)]
    pub(in crate::cli) site: SiteArgs,

    /// How to answer
    #[arg(long, value_enum, default_value_t = AnswerFormat::Text)]
    pub(in crate::cli) format: AnswerFormat,
}

/// The forms of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum AnswerFormat {
    /// For people
    Text,
    /// For programs
    Json,
}
