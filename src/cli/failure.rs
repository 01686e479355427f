//! Why a run failed, one table. The codes are public: scripts and `docs/troubleshooting.md` rely on them.
//!
//! What is wrong with a policy has codes of its own ([`Code`]); a command line that makes no sense has none, since
//! what was typed is on the screen.

use std::fmt;

use crate::apply;
use crate::confluence;
use crate::diagnostic::Code;
use crate::sandbox;

macro_rules! failures {
    ($( $name:ident = $text:literal, $doc:literal; )*) => {
        /// What ended a run before its work was done, or made a call of it fail.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Failure {
            $( #[doc = $doc] $name, )*
        }

        impl Failure {
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable name, as printed.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it means, and where to look.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$name => $doc,)* }
            }
        }
    };
}

failures! {
    // Which site.
    NoSite = "no-site", "Neither `--site` nor `CONFLUENCE_URL` nor `site.url` says where the site is.";
    TwoSites = "two-sites", "The policy names a sandbox and `CONFLUENCE_URL` a site. `--site` says which of them is meant.";
    InvalidAddress = "invalid-address", "The address of the site cannot be used. On Confluence Cloud it looks like `https://acme.atlassian.net/wiki`.";
    UnconfirmedHost = "unconfirmed-host", "Only the policy names this host, and the token is not sent to it. Set `CONFLUENCE_URL`, or confirm the host on a terminal.";
    WrongSite = "wrong-site", "The site that answered is not the one that `site.url` or `confperm.lock` is about. The message lists all of them.";

    // The way there.
    InvalidProxy = "invalid-proxy", "A variable such as `HTTPS_PROXY` does not hold the address of an HTTP proxy.";
    CannotConnect = "cannot-connect", "No connection: the host name cannot be resolved, the port is closed, or a proxy or firewall is in the way.";
    UntrustedCertificate = "untrusted-certificate", "This machine does not trust the certificate of the server. Often a proxy of the company inspects TLS: `SSL_CERT_FILE` names its certificate.";
    ConnectionLost = "connection-lost", "The connection broke, or an answer did not come in time or stopped in the middle. Run the command again.";
    NoHttpClient = "no-http-client", "The HTTP client could not be set up, mostly because the system has no CA certificates.";

    // Who signs in.
    NoCredentials = "no-credentials", "No token is set. [Credentials](credentials.md) names the variables.";
    UnreadableToken = "unreadable-token", "The file or the command that should give the token did not give one.";
    InvalidCredentials = "invalid-credentials", "The e-mail address or the token is not in a form that can be sent, or the e-mail address is missing.";
    WrongCredentials = "wrong-credentials", "The site does not accept the e-mail address and the token, or treats them as anonymous. Tokens expire after a year at most.";
    MissingScope = "missing-scope", "The token lacks a scope. `confperm doctor --scopes` lists those that the policy needs.";

    // What the site answers.
    NotConfluence = "not-confluence", "The server at this address is not Confluence, but a login page, a proxy, or another product.";
    UnexpectedAnswer = "unexpected-answer", "The site answered with something that its published API does not have.";
    IncompleteAnswer = "incomplete-answer", "A list of the site contradicts itself or does not end. See [answers that are not complete](#answers-that-are-not-complete).";
    NoSpaceRoles = "no-space-roles", "The site says that it uses space roles and shows none. See [space roles](#space-roles).";
    NotPermitted = "not-permitted", "The account may not do this. [What the account may not change](#what-the-account-may-not-change) lists the rights.";
    NotFound = "not-found", "It does not exist, or is hidden from the account; Confluence answers the same in both cases.";
    FreeEdition = "free-edition", "On the Free edition of Confluence permissions cannot be changed.";
    RateLimited = "rate-limited", "The site's rate limit refused the call for minutes. Other tools may be using it up.";
    SiteBusy = "site-busy", "Confluence is busy with something that stands in the way, such as a move of many pages.";
    SiteFailed = "site-failed", "Confluence answered with a server error, several times where the call could be repeated.";
    RefusedRequest = "refused-request", "Confluence refuses the request; the message quotes its words.";
    RemovedApi = "removed-api", "Confluence has removed this part of its API. Update confperm.";
    ChangedMeanwhile = "changed-meanwhile", "The site or the policy changed while the command ran. Run it again.";

    NotVisibleYet = "not-visible-yet", "The site does not show yet what the run wrote. The next `apply` looks again.";

    // Names.
    NoSpaces = "no-spaces", "The account sees no space of the kind that was asked for.";
    UnreadableLock = "unreadable-lock", "`confperm.lock` exists, but cannot be read.";
    MissingLock = "missing-lock", "The policy was applied from here before, and the `confperm.lock` of that run is gone. Restore it, or let `confperm lock` write what the names mean now.";
    IncompleteLock = "incomplete-lock", "With `--locked` each name of the policy has to be in `confperm.lock`. A plan without `--locked` adds those that are missing.";
    NameInUse = "name-in-use", "`fmt --renames` would give two different things one name, because a new name is in the policy already.";

    // Plans and what becomes of them.
    UnusablePlan = "unusable-plan", "What `--expect` names is neither a hash nor a plan file of this version.";
    OtherPlan = "other-plan", "The plan that was made now is not the one that `--expect` names (exit code 3). Look at it, have it approved, and pass its hash.";
    OutdatedPlan = "outdated-plan", "The saved plan is not about this site, these files or this day any more, or was blocked when it was made. Make a new one, and have it approved.";
    GivesMore = "gives-more", "Others changed a space so that the saved plan would let in more there than it said. The space stays as it is. Make a new plan, and have it approved.";
    AskedFor = "asked-for", "The policy still asks for what the undone run did, so the next `apply` would do it again. Revert the commit first, or pass `--ahead-of-revert`.";
    RunGoingOn = "run-going-on", "Another run of `apply` or `undo` works from this policy directory. `--lock-timeout` waits for it.";
    UnreadableJournal = "unreadable-journal", "There is no such journal, or it cannot be read. `confperm log` lists those of a policy directory.";
    NotConfirmed = "not-confirmed", "The question of `apply` was not answered with `yes`.";
    NoJournal = "no-journal", "The journal cannot be written, and nothing is changed without it.";
    ImportDiffers = "import-differs", "A plan of the imported files would change something, so they were not written.";
    DeclaredElsewhere = "declared-elsewhere", "A space that is to be imported is declared in another file already, or `import --force` would replace a file that declares other spaces too. `import --missing` imports only spaces that the policy does not have yet.";
    NoOwners = "no-owners", "`confperm codeowners` has no owner for some of the files: `owners:` is missing under `delegation`, or in the entry of a team.";

    // This machine.
    FileExists = "file-exists", "A file that would be written is there already.";
    UnwritableFile = "unwritable-file", "A file cannot be written.";
    UnwritableOutput = "unwritable-output", "The output could not be written, so the plan may not have been seen.";
    UnreadableInput = "unreadable-input", "A file or the standard input cannot be read.";
    InvalidState = "invalid-state", "The state file of a sandbox cannot be read, or makes no sense. [The sandbox](sandbox.md) describes the format.";
    SandboxInUse = "sandbox-in-use", "Another process works on the same sandbox. Each needs a copy of the state file.";
    CannotListen = "cannot-listen", "The address for a served sandbox cannot be used; mostly another program has the port.";
    CannotStart = "cannot-start", "The system does not let confperm start its threads.";
    Defect = "defect", "A bug in confperm. The step that it affects was not taken. Please report it.";
}

impl Failure {
    /// Whether what was asked for may not be done, rather than could not be.
    pub(super) const fn is_refusal(self) -> bool {
        matches!(self, Self::OtherPlan | Self::OutdatedPlan | Self::AskedFor)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<&confluence::Error> for Failure {
    fn from(error: &confluence::Error) -> Self {
        use confluence::Error;
        match error {
            Error::Credentials(_) => Self::InvalidCredentials,
            Error::Setup(_) => Self::NoHttpClient,
            Error::Misuse(_) => Self::Defect,
            Error::Unreachable { .. } => Self::CannotConnect,
            Error::Certificate { .. } => Self::UntrustedCertificate,
            Error::Timeout { .. } | Error::Broken { .. } | Error::Truncated { .. } => Self::ConnectionLost,
            Error::TooLarge { .. } | Error::Unexpected { .. } => Self::UnexpectedAnswer,
            Error::NotJson { .. }
            | Error::Redirect { .. }
            | Error::NoConfluence { .. }
            | Error::Gateway(_) => Self::NotConfluence,
            Error::Unauthorized(_) | Error::Anonymous { .. } => Self::WrongCredentials,
            Error::Scope(_) => Self::MissingScope,
            Error::Forbidden(_) => Self::NotPermitted,
            Error::FreeEdition(_) => Self::FreeEdition,
            Error::NotFound(_) => Self::NotFound,
            Error::Gone(_) => Self::RemovedApi,
            Error::Conflict(_) => Self::SiteBusy,
            Error::RequestTooLarge(_) | Error::Rejected(_) => Self::RefusedRequest,
            Error::RateLimited { .. } => Self::RateLimited,
            Error::Server(_) => Self::SiteFailed,
            Error::GaveUp { last, .. } => Self::from(&**last),
            Error::NoRoles { .. } => Self::NoSpaceRoles,
            Error::Endless { .. } | Error::Incomplete { .. } => Self::IncompleteAnswer,
        }
    }
}

impl From<&apply::CallFailure> for Failure {
    fn from(failure: &apply::CallFailure) -> Self {
        match failure {
            apply::CallFailure::Site(error) | apply::CallFailure::Lost(error) => Self::from(&**error),
            apply::CallFailure::Unread(error) => Self::from(&**error),
            apply::CallFailure::Journal(_) => Self::NoJournal,
            apply::CallFailure::Moved => Self::ChangedMeanwhile,
            apply::CallFailure::Unseen | apply::CallFailure::ListsUnseen => Self::NotVisibleYet,
        }
    }
}

impl From<&sandbox::Error> for Failure {
    fn from(error: &sandbox::Error) -> Self {
        use sandbox::Error;
        match error {
            Error::Read { .. } | Error::State { .. } => Self::InvalidState,
            Error::Write { .. } => Self::UnwritableFile,
            Error::Shared { .. } => Self::SandboxInUse,
            Error::Listen { .. } => Self::CannotListen,
        }
    }
}

/// The code that an error is printed with: of a failure, or of a finding where a question is wrong in a way that a
/// policy can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorCode {
    Failure(Failure),
    Finding(Code),
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failure(failure) => failure.fmt(f),
            Self::Finding(code) => code.fmt(f),
        }
    }
}

impl From<Failure> for ErrorCode {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<Code> for ErrorCode {
    fn from(code: Code) -> Self {
        Self::Finding(code)
    }
}
