//! Refusals and failures by method, path and count.

use std::fmt;
use std::str::FromStr;

use super::RuleError;
use super::pattern::{Pattern, Times};

/// Requests that end badly, written `EFFECT:METHOD:PATH[:TIMES]`: `403:PUT:/content/*/restriction:1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disruption {
    /// What becomes of them.
    pub effect: Effect,
    /// Which requests.
    pub requests: Pattern,
    /// Which of these.
    pub times: Times,
}

/// How a request ends badly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It is not carried out, and the site answers this status with an error body of its own: 400 to 599.
    Status(u16),
    /// `drop`: it is carried out, and the connection is closed instead of answering.
    Drop,
    /// `cut`: it is not carried out, and the connection is closed instead of answering.
    Cut,
    /// `lost-500`: it is carried out, and the answer is 500.
    Lost500,
}

impl Disruption {
    /// Every request of a pattern ends so.
    pub fn new(effect: Effect, requests: Pattern) -> Self {
        Self { effect, requests, times: Times::default() }
    }

    /// Only some of them do.
    #[must_use]
    pub fn times(self, times: Times) -> Self {
        Self { times, ..self }
    }
}

impl FromStr for Disruption {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let wrong = || RuleError::Disruption(text.to_owned());
        let pieces: Vec<&str> = text.split(':').collect();
        let (effect, method, path, times) = match pieces[..] {
            [effect, method, path] => (effect, method, path, Times::default()),
            [effect, method, path, times] => (effect, method, path, times.parse()?),
            _ => return Err(wrong()),
        };
        let effect = match effect {
            "drop" => Effect::Drop,
            "cut" => Effect::Cut,
            "lost-500" => Effect::Lost500,
            status => {
                let status = status.parse().ok().filter(|status| (400..600).contains(status));
                Effect::Status(status.ok_or_else(wrong)?)
            }
        };
        Ok(Self { effect, requests: format!("{method}:{path}").parse()?, times })
    }
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => status.fmt(f),
            Self::Drop => f.write_str("drop"),
            Self::Cut => f.write_str("cut"),
            Self::Lost500 => f.write_str("lost-500"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disruptions_are_read() {
        let read: Disruption = "403:PUT:/content/*/restriction:2+1".parse().unwrap();
        let requests = "PUT:/content/*/restriction".parse().unwrap();
        let expected = Disruption::new(Effect::Status(403), requests).times(Times { skip: 2, take: Some(1) });
        assert_eq!(read, expected);
        assert_eq!("drop:WRITE:/**".parse::<Disruption>().unwrap().effect, Effect::Drop);
        for wrong in ["403", "200:PUT:/x", "403:PUT:x", "403:PUT:/x:y", "403:PUT:/x:1:2", "burn:PUT:/x"] {
            assert!(wrong.parse::<Disruption>().is_err(), "{wrong}");
        }
    }
}
