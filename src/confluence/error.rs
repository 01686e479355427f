//! What can go wrong between here and Confluence: one sentence each for an administrator, and what to do
//! next. Nothing here prints, and no error holds a token, a header or a query string.

use std::fmt;
use std::time::Duration;

use http::{Method, StatusCode};

use super::cloud::scopes;
use super::complete::Doubt;
use super::credentials::CredentialsError;
use super::wait::{InWords, NOTICEABLE};
use crate::model::SpaceId;

/// One resource and what was tried on it, without its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub method: Method,
    /// As on the site itself, percent-encoded: `/wiki/rest/api/user/current`.
    pub path: String,
}

impl Endpoint {
    /// The space that the resource belongs to, where its path says so.
    pub(super) fn space(&self) -> Option<SpaceId> {
        space_of(&self.path)
    }
}

/// The space in the path of a resource: `/wiki/api/v2/spaces/101/permissions`.
pub(super) fn space_of(path: &str) -> Option<SpaceId> {
    path.split_once("/spaces/").and_then(|(_, rest)| rest.split('/').next()?.parse().ok())
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{} {}`", self.method, self.path)
    }
}

/// An answer that says no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorResponse {
    pub endpoint: Endpoint,
    pub status: StatusCode,
    /// Confluence's own words, if it had any.
    pub message: Option<String>,
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} answered {}", self.endpoint, self.status.as_u16())?;
        match (&self.message, self.status.canonical_reason()) {
            (Some(message), _) => write!(f, ": {message}"),
            (None, Some(reason)) => write!(f, " {reason}"),
            (None, None) => Ok(()),
        }
    }
}

/// Why no connection came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreachable {
    UnknownName,
    Refused,
    TimedOut,
    Other,
}

/// What shows that a list never ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endless {
    /// A cursor or a page has been there before.
    Circle,
    /// So many pages in a row have no items.
    Empty(usize),
    /// So many pages have been read.
    TooMany(usize),
}

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Circle => f.write_str("the links to its next pages form a loop"),
            Self::Empty(pages) => {
                write!(f, "{pages} pages in a row are empty, and there are said to be more")
            }
            Self::TooMany(pages) => write!(f, "more than {pages} pages are more than any site has"),
        }
    }
}

/// A call that did not give what was asked for.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The credentials cannot be written into a request.
    #[error("the credentials cannot be used: {0}")]
    Credentials(CredentialsError),
    /// No HTTP client: the system's certificates cannot be read, for example.
    #[error("no HTTP client can be set up on this machine")]
    Setup(#[source] reqwest::Error),
    /// A request that makes no sense was asked for; a mistake of this program.
    #[error("this call cannot be made: {0}")]
    Misuse(String),
    /// The request never left.
    #[error("cannot reach `{host}`: {}", unreachable(*.reason))]
    Unreachable {
        host: String,
        reason: Unreachable,
        #[source]
        source: reqwest::Error,
    },
    /// The server's certificate is not one that this machine trusts.
    #[error("cannot trust `{host}`: {detail}")]
    Certificate {
        host: String,
        detail: String,
        #[source]
        source: reqwest::Error,
    },
    /// No answer within the time limit.
    #[error("{endpoint} was not answered in time")]
    Timeout {
        endpoint: Endpoint,
        #[source]
        source: reqwest::Error,
    },
    /// The connection ended before an answer began.
    #[error("the connection broke during {endpoint}")]
    Broken {
        endpoint: Endpoint,
        #[source]
        source: reqwest::Error,
    },
    /// The answer stops in the middle.
    #[error("the answer to {endpoint} stops in the middle")]
    Truncated {
        endpoint: Endpoint,
        #[source]
        source: Option<reqwest::Error>,
    },
    /// The answer is larger than anything Confluence sends.
    #[error("the answer to {endpoint} is larger than {} MiB", limit / (1024 * 1024))]
    TooLarge { endpoint: Endpoint, limit: usize },
    /// Something other than Confluence's API answered: a login page, a proxy.
    #[error("{endpoint} answered {} with {}, not JSON", .status.as_u16(), not_json(.title.as_deref()))]
    NotJson { endpoint: Endpoint, status: StatusCode, title: Option<String> },
    /// JSON, and not of the shape that the API documents.
    #[error("{endpoint} answered with JSON that does not fit at `{field}`: {problem}")]
    Unexpected { endpoint: Endpoint, field: String, problem: String },
    /// The API never redirects; the login page and old addresses do.
    #[error("{endpoint} was redirected to {}", .to.as_deref().map_or_else(|| "nowhere".to_owned(), |to| format!("`{to}`")))]
    Redirect { endpoint: Endpoint, to: Option<String> },
    /// Nothing at this address answers as Confluence does: the first call of all, for which the caller's own
    /// account cannot be hidden, met a 404 or was sent elsewhere.
    #[error("there is no Confluence at `{address}`: {answer}")]
    NoConfluence { address: String, answer: String, better: Option<String> },
    /// 401.
    #[error("Confluence does not accept these credentials: {0}")]
    Unauthorized(Box<ErrorResponse>),
    /// 401 or 403 of the gateway: a good token without a scope that this call needs.
    #[error("the token lacks {lacks}: {0}", lacks = scopes::lacking(&.0.endpoint))]
    Scope(Box<ErrorResponse>),
    /// A 200 that knows no account: without this check a site would look empty.
    #[error("Confluence treats these credentials as anonymous")]
    Anonymous { endpoint: Endpoint },
    /// 403.
    #[error("not permitted: {0}")]
    Forbidden(Box<ErrorResponse>),
    /// 403 on a site on the Free plan, where permissions cannot be changed.
    #[error("this site is on the Free plan, which has no permissions to change: {0}")]
    FreeEdition(Box<ErrorResponse>),
    /// 404 by Confluence: absent, or hidden from the caller.
    #[error("not found, or hidden from this account: {0}")]
    NotFound(Box<ErrorResponse>),
    /// 404 by the gateway: the request never reached Confluence.
    #[error("the gateway knows no such address: {0}")]
    Gateway(Box<ErrorResponse>),
    /// 410.
    #[error("Confluence has removed this part of its API: {0}")]
    Gone(Box<ErrorResponse>),
    /// 409.
    #[error("Confluence is busy with something that stands in the way: {0}")]
    Conflict(Box<ErrorResponse>),
    /// 413.
    #[error("the request is larger than Confluence accepts: {0}")]
    RequestTooLarge(Box<ErrorResponse>),
    /// 400 and its relatives.
    #[error("Confluence refuses the request: {0}")]
    Rejected(Box<ErrorResponse>),
    /// 429, for longer than we wait.
    #[error("the site's rate limit did not let the call through{}: {refusal}", asks(*.asked))]
    RateLimited { refusal: Box<ErrorResponse>, asked: Option<Duration> },
    /// A server error, again and again if the call could be repeated.
    #[error("Confluence failed: {0}")]
    Server(Box<ErrorResponse>),
    /// The call was made again, or waited for, until its time was up.
    #[error("{last}; {}", gave_up(*.attempts, *.spent))]
    GaveUp {
        attempts: u32,
        /// All attempts and the pauses between them.
        spent: Duration,
        #[source]
        last: Box<Self>,
    },
    /// A list that never ends, as far as can be seen.
    #[error("the list {endpoint} does not end: {sign}")]
    Endless { endpoint: Endpoint, sign: Endless },
    /// The site says that it uses space roles and shows none. Without them nothing is known of what a role gives.
    #[error("the site says that it uses space roles, and shows none: {}", no_roles(endpoint, answer.as_deref()))]
    NoRoles { endpoint: Endpoint, answer: Option<Box<ErrorResponse>> },
    /// A list that cannot be all there is, however it is asked for.
    #[error("the answers to {endpoint} are not complete: {doubt}")]
    Incomplete { endpoint: Endpoint, doubt: Doubt },
}

fn no_roles(endpoint: &Endpoint, answer: Option<&ErrorResponse>) -> String {
    answer.map_or_else(|| format!("{endpoint} answered with an empty list"), ToString::to_string)
}

fn unreachable(reason: Unreachable) -> &'static str {
    match reason {
        Unreachable::UnknownName => "the host name cannot be resolved",
        Unreachable::Refused => "the connection was refused",
        Unreachable::TimedOut => "the connection was not answered in time",
        Unreachable::Other => "no connection came about",
    }
}

fn not_json(title: Option<&str>) -> String {
    title.map_or_else(|| "something else".to_owned(), |title| format!("a web page (\"{title}\")"))
}

fn asks(wait: Option<Duration>) -> String {
    wait.map_or_else(String::new, |wait| format!(" (it asks to wait {})", InWords(wait)))
}

fn gave_up(attempts: u32, spent: Duration) -> String {
    match attempts {
        1 => format!("waited {}", InWords(spent)),
        attempts => format!("gave up after {attempts} attempts in {}", InWords(spent)),
    }
}

impl Error {
    /// The same, with how often and how long it was tried where that is worth saying.
    pub(super) fn after(self, attempts: u32, spent: Duration) -> Self {
        if attempts > 1 || spent >= NOTICEABLE {
            Self::GaveUp { attempts, spent, last: Box::new(self) }
        } else {
            self
        }
    }

    /// The status of the answer, where there was one.
    pub fn status(&self) -> Option<StatusCode> {
        match self {
            Self::NotJson { status, .. } => Some(*status),
            Self::GaveUp { last, .. } => last.status(),
            _ => self.refusal().map(|refusal| refusal.status),
        }
    }

    /// The answer that said no, where there was one.
    pub fn refusal(&self) -> Option<&ErrorResponse> {
        match self {
            Self::Unauthorized(refusal)
            | Self::Scope(refusal)
            | Self::Forbidden(refusal)
            | Self::FreeEdition(refusal)
            | Self::NotFound(refusal)
            | Self::Gateway(refusal)
            | Self::Gone(refusal)
            | Self::Conflict(refusal)
            | Self::RequestTooLarge(refusal)
            | Self::Rejected(refusal)
            | Self::RateLimited { refusal, .. }
            | Self::Server(refusal) => Some(refusal),
            Self::GaveUp { last, .. } => last.refusal(),
            _ => None,
        }
    }

    /// The space that Confluence does not show to the account, or not as a whole, where the call was about one.
    pub fn hidden_space(&self) -> Option<SpaceId> {
        match self {
            Self::Forbidden(refusal) | Self::NotFound(refusal) => refusal.endpoint.space(),
            _ => None,
        }
    }

    /// Whether Confluence itself says that the object is hidden from the caller, or gone.
    pub const fn is_hidden(&self) -> bool {
        matches!(self, Self::Forbidden(_) | Self::FreeEdition(_) | Self::NotFound(_))
    }

    /// What to do next.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Credentials(CredentialsError::Email) => "give the e-mail address of the Atlassian account",
            Self::Credentials(CredentialsError::NoUserName) => {
                "set CONFLUENCE_USERNAME to the e-mail address of the account that the token belongs to; a token \
                 alone, such as an OAuth access token, works only through `https://api.atlassian.com/ex/confluence/CLOUD-ID`"
            }
            Self::Credentials(_) => "copy the token again, without the line break at its end",
            Self::Setup(_) => {
                "check that the system's CA certificates are installed, or point SSL_CERT_FILE at them"
            }
            Self::Misuse(_) | Self::TooLarge { .. } => "please report this, with the output of `--verbose`",
            Self::Unreachable { reason: Unreachable::UnknownName, .. } => {
                "check the spelling of the site's address, and that this machine has a network connection"
            }
            Self::Unreachable { .. } => {
                "check the address and its port, and whether a proxy (HTTPS_PROXY) or a firewall is in the way"
            }
            Self::Certificate { .. } => {
                "if a proxy of your company inspects TLS, install its certificate or point SSL_CERT_FILE at it; \
                 otherwise check the address and this machine's clock"
            }
            Self::Timeout { .. } | Self::Broken { .. } | Self::Truncated { .. } | Self::Server(_) => {
                "run the same command again; if it persists, look at status.atlassian.com and at proxies in between"
            }
            Self::NoConfluence { better: Some(better), .. } => {
                return Some(format!(
                    "the address of a site on Confluence Cloud ends in `/wiki`: write `{better}`"
                ));
            }
            Self::NoConfluence { better: None, .. } => {
                "check the site's address; for Cloud it is `https://YOUR-SITE.atlassian.net/wiki`"
            }
            Self::NotJson { status, .. } if *status == StatusCode::NOT_FOUND => {
                "check the site's address; for Cloud it is `https://YOUR-SITE.atlassian.net/wiki`"
            }
            Self::NotJson { .. } | Self::Redirect { .. } => {
                "this is usually a login page or a proxy: check the site's address (for Cloud \
                 `https://YOUR-SITE.atlassian.net/wiki`) and whether single sign-on or an IP allowlist is in the way"
            }
            Self::Unexpected { .. } => {
                "check that the address is a Confluence site; if it is, please report this, the API may have changed"
            }
            Self::Unauthorized(_) => {
                "check the e-mail address and the API token, and whether the token has expired; scoped tokens and \
                 service accounts work only through `https://api.atlassian.com/ex/confluence/CLOUD-ID`"
            }
            Self::Scope(_) => {
                "the scopes of a token cannot be changed: make a new one with those that `confperm doctor --scopes` lists"
            }
            Self::Anonymous { .. } => "check the e-mail address and the token; nothing was read or written",
            Self::Forbidden(_) => {
                "give this account the right in Confluence (space administration for space permissions, editing and \
                 \"add/delete restrictions\" for pages), or use another account"
            }
            Self::FreeEdition(_) => "permissions and restrictions need the Standard plan or higher",
            Self::NotFound(_) => {
                "check that it exists, and that this account may see it; Confluence answers the same in both cases"
            }
            Self::Gateway(_) => {
                "check the cloud id in the address; this says nothing about whether the object exists"
            }
            Self::Gone(_) => "update confperm",
            Self::Conflict(_) => "wait until it is finished, then run the same command again",
            Self::RequestTooLarge(_) => "change fewer things in one run",
            Self::Rejected(refusal) if roles_only(refusal) => {
                "this site gives access through roles only; grant a role instead of single permissions"
            }
            Self::Rejected(_) => return None,
            Self::GaveUp { last, .. } => return last.hint(),
            Self::RateLimited { asked: Some(wait), .. } => {
                return Some(format!(
                    "run the same command again in {}; other tools may be using up the limit",
                    InWords(*wait)
                ));
            }
            Self::RateLimited { asked: None, .. } => {
                "run the same command again later; other tools may be using up the limit"
            }
            Self::NoRoles { .. } => {
                "its access to the beta of space roles may have expired: let a site administrator look under Space \
                 roles in the settings of Confluence, and ask Atlassian's support if there are none"
            }
            Self::Endless { .. } | Self::Incomplete { .. } => {
                "run the same command again; if it persists, please report this"
            }
        };
        Some(hint.to_owned())
    }
}

/// Measured on a roles-only site: `InvalidRbacOperationException: Space permission updates that are not from
/// RBAC are not supported in roles-only mode`.
fn roles_only(refusal: &ErrorResponse) -> bool {
    refusal.message.as_deref().is_some_and(|message| message.contains("roles-only"))
}
