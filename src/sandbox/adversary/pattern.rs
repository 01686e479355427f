//! Which requests a rule of the adversary is about, and how many of them.

use std::fmt;
use std::str::FromStr;

use super::RuleError;

/// Requests by method and path, written `PUT:/content/*/restriction`.
///
/// The method is `GET`, `PUT` and so on, `WRITE` for every request that is meant to change something, or `*`.
/// The path is the one below `/wiki/rest/api` or `/wiki/api/v2`, or a whole one that begins with `/wiki/`,
/// without a query. In a path, `*` stands for any part of one piece, and a piece `**` for any number of
/// pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    method: MethodPattern,
    path: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum MethodPattern {
    Any,
    Write,
    Is(String),
}

/// Which of the fitting requests count: written `3` for the first three, `2+3` for the three after the first
/// two, `2+` for all after the first two, and nothing at all for every one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// How many pass first.
    pub skip: u64,
    /// How many count then; `None` is without an end.
    pub take: Option<u64>,
}

/// A request, as far as patterns look at it.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) struct Target<'r> {
    pub(in crate::sandbox) method: &'r str,
    /// The path from `/wiki` on.
    pub(in crate::sandbox) path: &'r str,
    /// Whether it is meant to change something.
    pub(in crate::sandbox) write: bool,
}

impl Pattern {
    /// Every request.
    pub fn any() -> Self {
        Self { method: MethodPattern::Any, path: "/**".to_owned() }
    }

    /// Every request that is meant to change something.
    pub fn writes() -> Self {
        Self { method: MethodPattern::Write, path: "/**".to_owned() }
    }

    /// Every request to a path, whatever its method.
    pub fn path(path: &str) -> Result<Self, RuleError> {
        Self::new("*", path)
    }

    fn new(method: &str, path: &str) -> Result<Self, RuleError> {
        let method = match method {
            "*" => MethodPattern::Any,
            "WRITE" => MethodPattern::Write,
            "GET" | "PUT" | "POST" | "DELETE" => MethodPattern::Is(method.to_owned()),
            other => return Err(RuleError::Method(other.to_owned())),
        };
        if !path.starts_with('/') {
            return Err(RuleError::Path(path.to_owned()));
        }
        Ok(Self { method, path: path.to_owned() })
    }

    pub(super) fn fits(&self, target: &Target<'_>) -> bool {
        let method = match &self.method {
            MethodPattern::Any => true,
            MethodPattern::Write => target.write,
            MethodPattern::Is(method) => method == target.method,
        };
        let path = if self.path.starts_with("/wiki/") { target.path } else { below_the_api(target.path) };
        let pieces = |path: &str| path.trim_matches('/').split('/').map(str::to_owned).collect::<Vec<_>>();
        method && glob(&pieces(&self.path), &pieces(path))
    }
}

/// The path without the part that says which API it is.
pub(super) fn below_the_api(path: &str) -> &str {
    ["/wiki/rest/api", "/wiki/api/v2"].into_iter().find_map(|api| path.strip_prefix(api)).unwrap_or(path)
}

fn glob(pattern: &[String], path: &[String]) -> bool {
    match (pattern, path) {
        ([], []) => true,
        ([many, rest @ ..], _) if many == "**" => (0..=path.len()).any(|skip| glob(rest, &path[skip..])),
        ([piece, rest @ ..], [found, path @ ..]) => stars(piece, found) && glob(rest, path),
        _ => false,
    }
}

/// Whether a piece fits, where `*` stands for any text.
fn stars(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == text };
    let Some(rest) = text.strip_prefix(before) else { return false };
    let mut ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
    ends.any(|at| stars(after, &rest[at..]))
}

impl FromStr for Pattern {
    type Err = RuleError;

    /// Reads `PUT:/content/*/restriction`, or `*` for every request.
    fn from_str(text: &str) -> Result<Self, RuleError> {
        if text == "*" {
            return Ok(Self::any());
        }
        let (method, path) = text.split_once(':').ok_or_else(|| RuleError::Pattern(text.to_owned()))?;
        Self::new(method, path)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = match &self.method {
            MethodPattern::Any => "*",
            MethodPattern::Write => "WRITE",
            MethodPattern::Is(method) => method,
        };
        write!(f, "{method}:{}", self.path)
    }
}

impl Times {
    /// The first so many.
    pub fn first(take: u64) -> Self {
        Self { skip: 0, take: Some(take) }
    }

    /// The n-th alone, counting from 1.
    pub fn nth(n: u64) -> Self {
        Self { skip: n.saturating_sub(1), take: Some(1) }
    }

    /// Whether the request that comes after `before` fitting ones counts.
    pub(super) fn covers(self, before: u64) -> bool {
        before >= self.skip && self.take.is_none_or(|take| before - self.skip < take)
    }
}

impl FromStr for Times {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let number = |digits: &str| digits.parse().map_err(|_| RuleError::Times(text.to_owned()));
        match text.split_once('+') {
            None => Ok(Self::first(number(text)?)),
            Some((skip, "")) => Ok(Self { skip: number(skip)?, take: None }),
            Some((skip, take)) => Ok(Self { skip: number(skip)?, take: Some(number(take)?) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, method: &str, path: &str) -> bool {
        let target = Target { method, path, write: method != "GET" };
        pattern.parse::<Pattern>().unwrap().fits(&target)
    }

    #[test]
    fn patterns_go_by_method_and_piece() {
        let put = ("PUT", "/wiki/rest/api/content/12/restriction");
        for (pattern, expected) in [
            ("PUT:/content/*/restriction", true),
            ("WRITE:/content/**", true),
            ("*:/content/1*/restriction", true),
            ("*", true),
            ("PUT:/wiki/rest/api/content/12/restriction", true),
            ("PUT:/content/*", false),
            ("GET:/content/*/restriction", false),
            ("PUT:/content/2*/restriction", false),
            ("PUT:/wiki/api/v2/**", false),
        ] {
            assert_eq!(fits(pattern, put.0, put.1), expected, "{pattern}");
        }
        assert!(fits("GET:/spaces/**/permissions", "GET", "/wiki/api/v2/spaces/101/permissions"));
    }

    #[test]
    fn times_count_from_the_first_or_after_some() {
        let covered = |text: &str| {
            let times: Times = text.parse().unwrap();
            (0..6).filter(|before| times.covers(*before)).collect::<Vec<_>>()
        };
        assert_eq!(covered("2"), [0, 1]);
        assert_eq!(covered("2+3"), [2, 3, 4]);
        assert_eq!(covered("4+"), [4, 5]);
        assert_eq!((0..3).filter(|n| Times::default().covers(*n)).count(), 3);
        assert!("x".parse::<Times>().is_err() && "1+x".parse::<Times>().is_err());
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in ["/content", "FETCH:/content", "GET:content"] {
            assert!(text.parse::<Pattern>().is_err(), "{text}");
        }
    }
}
