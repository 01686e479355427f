//! What an answer means: the status, and the four shapes of error bodies that Confluence and its gateway
//! use, become an [`Error`] with Confluence's own words in it.

use http::{HeaderMap, StatusCode, header};
use serde_json::Value;
use url::Url;

use super::complete::Whole;
use super::error::{Endpoint, Error, ErrorResponse};
use super::retry::asked_wait;
use crate::model::visible;

/// Confluence's own words are quoted up to this many characters.
const QUOTED: usize = 300;

/// A whole answer, whatever it says.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) endpoint: Endpoint,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Response {
    /// The error that this answer is, if it is one.
    pub(crate) fn error(&self) -> Option<Error> {
        // Good answers are large, and are taken apart once, by the one who knows their shape.
        if self.status.is_success() && self.may_be_json() {
            return None;
        }
        let endpoint = self.endpoint.clone();
        if self.status.is_redirection() {
            return Some(Error::Redirect { endpoint, to: self.location() });
        }
        let text = String::from_utf8_lossy(&self.body);
        let words = Words::of(&text);
        if self.status.is_success() {
            return Some(self.not_json(words));
        }
        let page = matches!(words.shape, Shape::Page);
        let refusal = |message| Box::new(ErrorResponse { endpoint, status: self.status, message });
        Some(match self.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
                if self.lacks_scope(words.message.as_deref()) =>
            {
                Error::Scope(refusal(words.message))
            }
            StatusCode::UNAUTHORIZED => Error::Unauthorized(refusal(words.message)),
            StatusCode::TOO_MANY_REQUESTS => {
                let message = words.message.or_else(|| self.limit_reason());
                Error::RateLimited { refusal: refusal(message), asked: asked_wait(&self.headers) }
            }
            status if status.is_server_error() => Error::Server(refusal(words.message)),
            _ if page => self.not_json(words),
            StatusCode::FORBIDDEN if is_free_edition(words.message.as_deref()) => {
                Error::FreeEdition(refusal(words.message))
            }
            StatusCode::FORBIDDEN => Error::Forbidden(refusal(words.message)),
            StatusCode::NOT_FOUND if matches!(words.shape, Shape::Gateway) => {
                Error::Gateway(refusal(words.message))
            }
            StatusCode::NOT_FOUND => Error::NotFound(refusal(words.message)),
            StatusCode::GONE => Error::Gone(refusal(words.message)),
            StatusCode::CONFLICT => Error::Conflict(refusal(words.message)),
            StatusCode::PAYLOAD_TOO_LARGE => Error::RequestTooLarge(refusal(words.message)),
            _ => Error::Rejected(refusal(words.message)),
        })
    }

    /// Whether the body begins as JSON of this API does, or is empty.
    fn may_be_json(&self) -> bool {
        let text = self.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.body);
        matches!(text.trim_ascii_start().first(), None | Some(b'{' | b'['))
    }

    /// Whether a JSON body has lost its end, which a broken proxy can do without breaking the connection.
    pub(crate) fn is_truncated(&self) -> bool {
        let text = self.body.trim_ascii();
        matches!(text.first(), Some(b'{' | b'[')) && !matches!(text.last(), Some(b'}' | b']'))
    }

    /// The body as JSON of a known shape; the field that does not fit is named.
    pub(crate) fn json<T: Whole>(&self) -> Result<T, Error> {
        let mut json = serde_json::Deserializer::from_slice(&self.body);
        serde_path_to_error::deserialize(&mut json).map_err(|error| {
            let endpoint = self.endpoint.clone();
            let field = quoted(&error.path().to_string());
            let cause = error.into_inner();
            if cause.is_eof() {
                Error::Truncated { endpoint, source: None }
            } else {
                Error::Unexpected { endpoint, field, problem: quoted(&cause.to_string()) }
            }
        })
    }

    /// `X-RateLimit-NearLimit: true`: less than a fifth of the limit is left.
    pub(crate) fn is_near_limit(&self) -> bool {
        self.header("x-ratelimit-nearlimit").is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn not_json(&self, words: Words) -> Error {
        Error::NotJson { endpoint: self.endpoint.clone(), status: self.status, title: words.title }
    }

    /// The gateway marks a missing scope in a header, and in words; RFC 6750 has a word of its own for it.
    fn lacks_scope(&self, message: Option<&str>) -> bool {
        self.header("x-failure-category") == Some("FAILURE_CLIENT_SCOPE_CHECK")
            || self
                .header(header::WWW_AUTHENTICATE.as_str())
                .is_some_and(|challenge| challenge.contains("insufficient_scope"))
            || message.is_some_and(|message| message.contains("scope does not match"))
    }

    fn limit_reason(&self) -> Option<String> {
        self.header("ratelimit-reason").map(quoted)
    }

    /// Where a redirect leads, without the query, which may hold anything.
    fn location(&self) -> Option<String> {
        let given = self.header(header::LOCATION.as_str())?;
        Some(match Url::parse(given) {
            Ok(url) => quoted(&format!("{}{}", url.host_str().unwrap_or_default(), url.path())),
            Err(_) => quoted(given.split(['?', '#']).next().unwrap_or_default()),
        })
    }
}

/// Both the words of Confluence's own 403 and those of a live test suite are covered.
fn is_free_edition(message: Option<&str>) -> bool {
    message.is_some_and(|message| message.to_ascii_lowercase().contains("free edition"))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Empty,
    /// A page of HTML.
    Page,
    /// Neither JSON nor HTML.
    Text,
    /// The gateway's routing: `{"timestamp", "status", "error", "path"}`.
    Gateway,
    /// Any other JSON.
    Json,
}

/// What a body says.
#[derive(Debug)]
struct Words {
    shape: Shape,
    message: Option<String>,
    title: Option<String>,
}

impl Words {
    fn of(body: &str) -> Self {
        let text = body.trim_start_matches('\u{feff}').trim();
        let plain = |shape, message, title| Self { shape, message, title };
        if text.is_empty() {
            return plain(Shape::Empty, None, None);
        }
        if text.starts_with('<') {
            let title = page_title(text);
            return plain(Shape::Page, title.clone(), title.or_else(|| Some("untitled".to_owned())));
        }
        if !text.starts_with(['{', '[']) {
            return plain(Shape::Text, Some(quoted(text)), None);
        }
        let Ok(value) = serde_json::from_str::<Value>(text) else {
            return plain(Shape::Json, None, None);
        };
        let routed =
            value.get("timestamp").is_some() && value.get("path").is_some() && value.get("error").is_some();
        let shape = if routed { Shape::Gateway } else { Shape::Json };
        plain(shape, message_of(&value), None)
    }
}

/// Confluence's own words: v2 (`errors[].title, detail`), v1 (`message`, or the translations below `data`),
/// and both shapes of the gateway (`message`, `error`).
fn message_of(value: &Value) -> Option<String> {
    fn text(value: Option<&Value>) -> Option<&str> {
        value.and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
    }
    if let Some(errors) = value.get("errors").and_then(Value::as_array) {
        let said: Vec<String> = errors
            .iter()
            .filter_map(|error| match (text(error.get("title")), text(error.get("detail"))) {
                (Some(title), Some(detail)) if title != detail => Some(format!("{title}: {detail}")),
                (Some(words), _) | (None, Some(words)) => Some(words.to_owned()),
                (None, None) => {
                    text(error.get("message")).or_else(|| text(error.get("code"))).map(str::to_owned)
                }
            })
            .collect();
        if !said.is_empty() {
            return Some(quoted(&said.join("; ")));
        }
    }
    if let Some(message) = text(value.get("message")) {
        return Some(quoted(without_class(message)));
    }
    let errors = value.pointer("/data/errors").and_then(Value::as_array).into_iter().flatten();
    let said: Vec<&str> = errors
        .filter_map(|error| {
            let message = error.get("message")?;
            text(message.get("translation"))
                .or_else(|| text(message.get("key")))
                .or_else(|| text(Some(message)))
        })
        .collect();
    if !said.is_empty() {
        return Some(quoted(&said.join("; ")));
    }
    text(value.get("error")).map(quoted)
}

/// v1 puts the Java class in front: `com.atlassian.….PermissionException: Not permitted`.
fn without_class(message: &str) -> &str {
    match message.split_once(": ") {
        Some((class, rest))
            if class.starts_with("com.") && !class.contains(' ') && !rest.trim().is_empty() =>
        {
            rest
        }
        _ => message,
    }
}

fn page_title(page: &str) -> Option<String> {
    // Bytes of ASCII letters only are looked for, so that lower-casing moves no offsets.
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower.get(start..)?.find('>')? + 1;
    let end = start + lower.get(start..)?.find("</title")?;
    Some(quoted(page.get(start..end)?)).filter(|title| !title.is_empty())
}

/// A foreign text on one line, without what a terminal would obey, and not too long.
fn quoted(text: &str) -> String {
    let line = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut quoted = String::new();
    for (length, c) in line.collect::<Vec<_>>().join(" ").chars().enumerate() {
        if length == QUOTED {
            quoted.push('…');
            break;
        }
        quoted.push(c);
    }
    visible(&quoted).into_owned()
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Response {
        let headers = headers.iter().map(|&(name, value)| {
            (header::HeaderName::from_static(name), header::HeaderValue::from_static(value))
        });
        Response {
            endpoint: Endpoint { method: Method::GET, path: "/wiki/x".to_owned() },
            status: StatusCode::from_u16(status).unwrap(),
            headers: headers.collect(),
            body: body.as_bytes().to_vec(),
        }
    }

    fn said(status: u16, body: &str) -> String {
        answer(status, &[], body).error().unwrap().to_string()
    }

    const V1: &str = r#"{"statusCode":403,"data":{"authorized":false,"valid":true,"errors":[{"message":{"key":"k","translation":"Never","args":[]}}],"successful":false},"message":"com.atlassian.confluence.api.service.exceptions.PermissionException: Not enough permissions"}"#;
    const V2: &str = r#"{"errors":[{"status":404,"code":"NOT_FOUND","title":"Not Found","detail":null}]}"#;
    const ROUTE: &str = r#"{"timestamp":"2026-01-01T00:00:00Z","status":404,"error":"Not Found","path":"/ex/confluence/x","message":"No message available"}"#;
    const SCOPE: &str = r#"{"code":401,"message":"Unauthorized; scope does not match"}"#;

    #[test]
    fn the_four_shapes_of_error_bodies_keep_their_words() {
        assert_eq!(said(403, V1), "not permitted: `GET /wiki/x` answered 403: Not enough permissions");
        assert_eq!(
            said(404, V2),
            "not found, or hidden from this account: `GET /wiki/x` answered 404: Not Found"
        );
        assert_eq!(
            said(404, ROUTE),
            "the gateway knows no such address: `GET /wiki/x` answered 404: No message available"
        );
        assert_eq!(
            said(401, SCOPE),
            "the token lacks a scope: `GET /wiki/x` answered 401: Unauthorized; scope does not match"
        );
        assert_eq!(
            said(
                400,
                r#"{"statusCode":400,"message":"","data":{"errors":[{"message":{"key":"k","translation":"Bad"}}]}}"#
            ),
            "Confluence refuses the request: `GET /wiki/x` answered 400: Bad"
        );
    }

    #[test]
    fn a_404_of_the_gateway_is_not_absence() {
        assert!(!answer(404, &[], ROUTE).error().unwrap().is_hidden());
        assert!(!answer(404, &[], "<html><title>Site unavailable</title>").error().unwrap().is_hidden());
        assert!(answer(404, &[], V2).error().unwrap().is_hidden());
        assert!(answer(404, &[], "").error().unwrap().is_hidden());
    }

    #[test]
    fn the_header_alone_names_a_missing_scope() {
        let answer = answer(401, &[("x-failure-category", "FAILURE_CLIENT_SCOPE_CHECK")], "");
        assert!(matches!(answer.error(), Some(Error::Scope(_))));
    }

    #[test]
    fn pages_are_named_by_their_title() {
        let page = "<!DOCTYPE html><html><head><TITLE lang=en>Log in\n with Atlassian</TITLE></head>";
        assert_eq!(
            said(200, page),
            "`GET /wiki/x` answered 200 with a web page (\"Log in with Atlassian\"), not JSON"
        );
        assert_eq!(said(200, "OK"), "`GET /wiki/x` answered 200 with something else, not JSON");
        assert!(answer(204, &[], "").error().is_none());
        assert!(matches!(answer(502, &[], page).error(), Some(Error::Server(_))));
    }

    #[test]
    fn redirects_show_where_to_without_their_query() {
        let location = [("location", "https://id.atlassian.com/login?token=abc#x")];
        let error = answer(302, &location, "").error().unwrap();
        assert_eq!(error.to_string(), "`GET /wiki/x` was redirected to `id.atlassian.com/login`");
    }

    #[test]
    fn the_field_that_does_not_fit_is_named() {
        #[derive(Debug, serde::Deserialize)]
        struct Item {
            #[expect(dead_code, reason = "only parsed")]
            id: u32,
        }
        #[derive(Debug, serde::Deserialize)]
        struct List {
            #[expect(dead_code, reason = "only parsed")]
            results: Vec<Item>,
        }
        impl Whole for List {}
        let error = answer(200, &[], r#"{"results":[{"id":1},{"id":"x"}]}"#).json::<List>().unwrap_err();
        assert!(error.to_string().contains("does not fit at `results[1].id`"), "{error}");
        let cut = answer(200, &[], r#"{"results":[{"id":1}"#);
        assert!(matches!(cut.json::<List>(), Err(Error::Truncated { .. })));
        assert!(answer(200, &[], r#"{"results":[{"id":1"#).is_truncated());
    }

    #[test]
    fn foreign_words_are_one_short_line() {
        assert_eq!(quoted("a\u{1b}[31m\n\t b"), "a [31m b");
        assert_eq!(quoted(&"x".repeat(1000)).chars().count(), QUOTED + 1);
    }

    #[test]
    fn the_free_plan_and_removed_endpoints_have_their_own_sentence() {
        let free = r#"{"statusCode":403,"message":"The user isn't authorized to do this because they are using the Free Edition"}"#;
        assert!(matches!(answer(403, &[], free).error(), Some(Error::FreeEdition(_))));
        assert!(matches!(answer(410, &[], V1).error(), Some(Error::Gone(_))));
        assert!(matches!(answer(413, &[], "").error(), Some(Error::RequestTooLarge(_))));
        assert!(matches!(answer(409, &[], "").error(), Some(Error::Conflict(_))));
    }
}
