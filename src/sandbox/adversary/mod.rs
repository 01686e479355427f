//! A site that does not stand still: other people at work, lag, refusals, hidden endpoints, answers that
//! contradict themselves, and the end of a run in the middle.
//!
//! An [`Adversary`] is a set of rules, as a value: made with the builders here, read from the `adversary:`
//! section of a state file, or given on the command line. `runtime` holds what has happened so far and
//! stands between `http` and the world, which knows nothing of it. The same rules and the same requests in
//! the same order give the same answers.
//!
//! ```
//! use confperm::sandbox::adversary::{Actor, Adversary, Delay, Facet, When};
//! use confperm::sandbox::world::{Action, ContentId, GroupId, ListKind, Principal};
//!
//! // Another administrator closes page 12 just before the first PUT to its restrictions is carried out.
//! let closes = Action::SetList {
//!     content: ContentId(12),
//!     list: ListKind::Read,
//!     principals: [Principal::Group(GroupId::from("g-hr"))].into(),
//! };
//! let when = When::Before("PUT:/content/12/restriction".parse()?, 1);
//! let adversary = Adversary::default()
//!     .actor(Actor::new(when, [closes]).named("a colleague"))
//!     .lag(Facet::Rows, Delay::Reads(2))
//!     .disrupt("403:DELETE:/space/*/permission/*:1".parse()?);
//! # drop(adversary);
//! # Ok::<(), confperm::sandbox::adversary::RuleError>(())
//! ```

mod actors;
mod disruption;
mod hidden;
mod kill;
mod lag;
mod log;
mod mangle;
mod pattern;
mod runtime;

pub use actors::{Actor, When};
pub use disruption::{Disruption, Effect};
pub use hidden::{Endpoint, Hidden};
pub use kill::Kill;
pub use lag::{Delay, Facet, Lag, parse_lag};
pub use log::{Acted, Changed, Log, Look, Written};
pub use mangle::{Mangle, Mangling};
pub use pattern::{Pattern, Times};

pub(super) use lag::Past;
pub(super) use mangle::{ENDLESS, Scene};
pub(super) use pattern::Target;
pub(super) use runtime::{Arrival, Attempt, Glance, Runtime, Verdict};

/// What goes on beside the requests of a client. The default is a site that stands still.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adversary {
    /// Other people. Each acts once.
    pub actors: Vec<Actor>,
    /// How long each kind of read lags behind the writes.
    pub lag: Lag,
    /// Requests that end badly. Where several fit, the first counts.
    pub disruptions: Vec<Disruption>,
    /// Endpoints that are not there or not allowed.
    pub hidden: Vec<Hidden>,
    /// Answers that are changed. Where several fit, each changes what the one before it left.
    pub manglings: Vec<Mangle>,
    /// When the server dies, if it does.
    pub kill: Option<Kill>,
}

/// A rule that does not read as one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what each is about")]
pub enum RuleError {
    #[error("`{0}` does not say which requests: write METHOD:PATH, such as PUT:/content/*/restriction, or *")]
    Pattern(String),
    #[error("`{0}` is not a method: GET, PUT, POST, DELETE, WRITE for all that change something, or *")]
    Method(String),
    #[error("`{0}` is not a path: write what follows /wiki/rest/api or /wiki/api/v2, such as /spaces/*")]
    Path(String),
    #[error("`{0}` is not a number of times: write 3 for the first three, 2+3 for three after two, or 2+")]
    Times(String),
    #[error(
        "`{0}` is not a failure: write KIND:METHOD:PATH or KIND:METHOD:PATH:TIMES, where KIND is a status \
         from 400 to 599, drop, cut or lost-500"
    )]
    Disruption(String),
    #[error(
        "`{0}` hides nothing: write ENDPOINT=404 or ENDPOINT=403 for one of space-role-mode, space-roles, \
         role-assignments, group-members, users-bulk, systemInfo, memberof, groups"
    )]
    Hidden(String),
    #[error("`{0}` is not a lag: write KIND=DELAY, where KIND is rows, roles, lists or search")]
    Lag(String),
    #[error("`{0}` is not a delay: write a number of reads, such as 2, or a time, such as 300ms or 2s")]
    Delay(String),
    #[error("`{0}` is not a mangling: write NAME:PATH or NAME:PATH:TIMES")]
    Mangle(String),
    #[error("`{0}` is not the name of a mangling: {1}, without=FIELD or null=FIELD")]
    Mangling(String, String),
    #[error("`{0}` is not an end: write before-write=N or after-write=N")]
    Kill(String),
}

impl Adversary {
    /// Adds an actor.
    #[must_use]
    pub fn actor(mut self, actor: Actor) -> Self {
        self.actors.push(actor);
        self
    }

    /// Makes a kind of read lag.
    #[must_use]
    pub fn lag(self, facet: Facet, delay: Delay) -> Self {
        Self { lag: self.lag.with(facet, delay), ..self }
    }

    /// Makes requests end badly.
    #[must_use]
    pub fn disrupt(mut self, disruption: Disruption) -> Self {
        self.disruptions.push(disruption);
        self
    }

    /// Hides an endpoint.
    #[must_use]
    pub fn hide(mut self, hidden: Hidden) -> Self {
        self.hidden.push(hidden);
        self
    }

    /// Changes answers.
    #[must_use]
    pub fn mangle(mut self, mangle: Mangle) -> Self {
        self.manglings.push(mangle);
        self
    }

    /// Kills the server in the middle.
    #[must_use]
    pub fn kill(self, kill: Kill) -> Self {
        Self { kill: Some(kill), ..self }
    }

    /// These rules and then those of another, which wins where only one can count.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.actors.extend(other.actors);
        self.disruptions.extend(other.disruptions);
        self.hidden.extend(other.hidden);
        self.manglings.extend(other.manglings);
        Self { lag: self.lag.and(other.lag), kill: other.kill.or(self.kill), ..self }
    }
}
