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
        let pieces: Vec<&str> = path.trim_matches('/').split('/').collect();
        let pattern: Vec<&str> = self.path.trim_matches('/').split('/').collect();
        method && fits_path(&pattern, &pieces)
    }
}

/// The path without the part that says which API it is.
pub(super) fn below_the_api(path: &str) -> &str {
    ["/wiki/rest/api", "/wiki/api/v2"].into_iter().find_map(|api| path.strip_prefix(api)).unwrap_or(path)
}

fn fits_path(pattern: &[&str], path: &[&str]) -> bool {
    wild(pattern, path, |piece| *piece == "**", |piece, found| stars(piece, found))
}

/// Whether a piece fits, where `*` stands for any text.
fn stars(pattern: &str, text: &str) -> bool {
    let chars = |text: &str| text.chars().collect::<Vec<_>>();
    wild(&chars(pattern), &chars(text), |c| *c == '*', |one, other| one == other)
}

/// Whether a pattern fits, some items of which stand for any number of items. After a mismatch only the last of
/// these takes one more, which is enough: trying all of them would take a time without bound, and a pull request
/// brings patterns along.
fn wild<P, T>(pattern: &[P], text: &[T], is_any: impl Fn(&P) -> bool, fits: impl Fn(&P, &T) -> bool) -> bool {
    let (mut at, mut from, mut last) = (0, 0, None);
    while let Some(item) = text.get(from) {
        match pattern.get(at) {
            Some(any) if is_any(any) => {
                last = Some((at, from));
                at += 1;
            }
            Some(one) if fits(one, item) => {
                at += 1;
                from += 1;
            }
            _ => {
                let Some((place, taken)) = last else { return false };
                last = Some((place, taken + 1));
                at = place + 1;
                from = taken + 1;
            }
        }
    }
    pattern[at..].iter().all(is_any)
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

    /// Both end at once; trying every way to divide the text took longer than a run of CI.
    #[test]
    fn many_stars_cost_no_more_than_their_number() {
        let path = format!("/{}", "a/".repeat(60));
        assert!(!fits(&format!("*:/{}b", "**/".repeat(60)), "GET", &path));
        assert!(fits(&format!("*:/{}a", "**/".repeat(60)), "GET", &path));
        assert!(!fits(&format!("*:/{}b", "*a".repeat(60)), "GET", &format!("/{}", "a".repeat(200))));
        assert!(fits("*:/**/b/**/c", "GET", "/a/b/a/b/c/c"));
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
