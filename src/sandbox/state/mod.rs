//! The state file: a world written down as YAML.
//!
//! [`parse`] reads text into a [`World`] and is strict: unknown keys, keys given twice, ids used twice and
//! names that are not defined are refused, with the place. [`write`] is its inverse; `confperm snapshot`
//! uses it to write a live site down. The layout is in [`shape`] and [`adversary`], reading in `load` and
//! `rules`, writing in `save`.

pub mod adversary;
mod load;
mod depth;
mod rules;
mod save;
pub mod shape;

use super::adversary::{Actor, Adversary};
use super::world::World;

/// What is wrong with a state file.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It does not say that it is a state file, so nothing of it is quoted.
    #[error("this is not a state file: it has no line `kind: {}` among its first", shape::KIND)]
    NotAState,
    /// Levels within levels, beyond what is read.
    #[error("this is nested too deeply; look for a bracket that is not closed")]
    TooDeep,
    /// It is not YAML of the right shape; the message says where.
    #[error("{0}")]
    Shape(String),
    /// Two parts of it do not fit together.
    #[error("{place}: {problem}")]
    Sense {
        /// The keys that lead there, such as `spaces.ENG.permissions`.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// It could not be written.
    #[error("the state could not be written as YAML")]
    Write(#[source] serde_yaml::Error),
}

/// How much of a text is searched for its kind.
const HEAD_BYTES: usize = 64 * 1024;

/// Whether a text says that it is a state file, by a line `kind: confluence-sandbox` at its left margin near
/// the top, or as the first thing in it if it is written like JSON. Snapshots of large sites are too large to be parsed only to find that out; and what is wrong with
/// a file that does not say so is told without quoting it, because it may be any file of the machine.
pub fn is_state(text: &str) -> bool {
    let head =
        text.get(..text.floor_char_boundary(HEAD_BYTES)).unwrap_or(text).trim_start_matches('\u{feff}');
    if let Some(inside) = head.trim_start().strip_prefix('{') {
        let value =
            inside.trim_start().strip_prefix("\"kind\"").and_then(|rest| rest.trim_start().strip_prefix(':'));
        let value = value.and_then(|rest| rest.trim_start().strip_prefix('"'));
        return value.is_some_and(|rest| rest.split('"').next() == Some(shape::KIND));
    }
    head.lines().any(|line| {
        let Some((key, value)) = line.split_once(':') else { return false };
        let bare = |text: &str| text.trim_end().trim_matches(['"', '\'']).to_owned();
        let value = value.split(" #").next().unwrap_or_default();
        bare(key) == "kind" && bare(value.trim_start()) == shape::KIND
    })
}

/// Reads the text of a state file, without what it says of an adversary.
pub fn parse(text: &str) -> Result<World, StateError> {
    parse_whole(text).map(|(world, _)| world)
}

/// Reads the text of a state file: the site, and what goes on beside the requests to it.
pub fn parse_whole(text: &str) -> Result<(World, Adversary), StateError> {
    if !is_state(text) {
        return Err(StateError::NotAState);
    }
    if depth::is_too_deep(text) {
        return Err(StateError::TooDeep);
    }
    let mut file: shape::File =
        serde_yaml::from_str(text).map_err(|error| StateError::Shape(error.to_string()))?;
    let section = file.adversary.take().unwrap_or_default();
    let world = load::load(file)?;
    let adversary = rules::load(section, &world)?;
    Ok((world, adversary))
}

/// Reads the text of a file that holds a list of actors, as `adversary.actors` has it, for a site.
pub fn parse_actors(text: &str, world: &World) -> Result<Vec<Actor>, StateError> {
    let actors: Vec<adversary::ActorShape> =
        serde_yaml::from_str(text).map_err(|error| StateError::Shape(error.to_string()))?;
    rules::load_actors(actors, world, "")
}

/// The JSON Schema of state files.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(shape::File).to_value()
}

/// Writes a world as the text of a state file. Row ids are not kept: they are given anew by [`parse`].
pub fn write(world: &World) -> Result<String, StateError> {
    serde_yaml::to_string(&save::save(world)).map_err(StateError::Write)
}
