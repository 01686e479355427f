//! Who signs in. Values are handed in; where they come from is the command line's business. Nothing in
//! here can print a token; [`Secrets`] takes it out of what a server sends back.

use std::borrow::Cow;
use std::fmt;

use http::HeaderValue;
use http::header::AUTHORIZATION;
use secrecy::{ExposeSecret as _, SecretString};

use super::secrets::Secrets;

/// How to sign in.
#[derive(Clone)]
pub enum Credentials {
    /// An Atlassian account's e-mail address and API token. Classic tokens work on the site's own address,
    /// scoped tokens through the gateway only.
    Basic { email: String, token: SecretString },
    /// An OAuth access token (gateway only), or a personal access token of Data Center.
    Bearer(SecretString),
}

/// Credentials that cannot be put into a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialsError {
    #[error("the token is empty")]
    Empty,
    #[error("the token holds a space, a line break or a character outside ASCII")]
    Characters,
    #[error("the e-mail address is empty, or holds a colon or a control character")]
    Email,
    #[error("a token without a user name cannot sign in at the site's own address")]
    NoUserName,
}

impl Credentials {
    fn token(&self) -> &str {
        match self {
            Self::Basic { token, .. } | Self::Bearer(token) => token.expose_secret(),
        }
    }

    /// Adds what signs in to the secrets of a run.
    pub fn tell(&self, secrets: &Secrets) {
        match self {
            Self::Basic { email, token } => secrets.add(Some(email), token),
            Self::Bearer(token) => secrets.add(None, token),
        }
    }

    fn check(&self) -> Result<(), CredentialsError> {
        let token = self.token();
        if token.is_empty() {
            return Err(CredentialsError::Empty);
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(CredentialsError::Characters);
        }
        match self {
            Self::Basic { email, .. }
                if email.is_empty() || email.chars().any(|c| c == ':' || c.is_control()) =>
            {
                Err(CredentialsError::Email)
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Basic { email, .. } => write!(f, "Basic({email}, ***)"),
            Self::Bearer(_) => f.write_str("Bearer(***)"),
        }
    }
}

/// The header that signs a request, and the secrets that must not come back out.
pub(crate) struct Seal {
    header: HeaderValue,
    secrets: Secrets,
}

impl Seal {
    pub(crate) fn new(credentials: &Credentials, client: &reqwest::Client) -> Result<Self, CredentialsError> {
        credentials.check()?;
        // The address is never called: reqwest writes the header, so that none is encoded by hand here.
        let request = client.get("https://localhost/");
        let signed = match credentials {
            Credentials::Basic { email, token } => request.basic_auth(email, Some(token.expose_secret())),
            Credentials::Bearer(token) => request.bearer_auth(token.expose_secret()),
        };
        let mut header = signed
            .build()
            .ok()
            .and_then(|request| request.headers().get(AUTHORIZATION).cloned())
            .ok_or(CredentialsError::Characters)?;
        header.set_sensitive(true);
        let secrets = Secrets::default();
        credentials.tell(&secrets);
        Ok(Self { header, secrets })
    }

    pub(crate) fn header(&self) -> HeaderValue {
        self.header.clone()
    }

    /// The text without the token, for servers and proxies that repeat what they were sent.
    pub(crate) fn scrub<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.secrets.scrub(text)
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seal(credentials: &Credentials) -> Result<Seal, CredentialsError> {
        Seal::new(credentials, &reqwest::Client::builder().build().unwrap())
    }

    fn basic(email: &str, token: &str) -> Credentials {
        Credentials::Basic { email: email.to_owned(), token: token.into() }
    }

    #[test]
    fn the_header_is_made_and_hidden() {
        let seal = seal(&basic("ann@example.com", "token-ann-1")).unwrap();
        assert_eq!(seal.header().to_str().unwrap(), "Basic YW5uQGV4YW1wbGUuY29tOnRva2VuLWFubi0x");
        assert_eq!(format!("{:?} {seal:?}", seal.header()), "Sensitive Seal(***)");
        let echoed = "you sent token-ann-1 as Basic YW5uQGV4YW1wbGUuY29tOnRva2VuLWFubi0x";
        assert_eq!(seal.scrub(echoed), "you sent *** as Basic ***");
    }

    #[test]
    fn nothing_prints_a_token() {
        let shown = format!(
            "{:?} {:?}",
            basic("ann@example.com", "hunter22"),
            Credentials::Bearer("hunter22".into())
        );
        assert_eq!(shown, "Basic(ann@example.com, ***) Bearer(***)");
    }

    #[test]
    fn a_token_with_a_line_break_is_named_before_it_is_sent() {
        assert_eq!(seal(&basic("a@b", "abc\n")).unwrap_err(), CredentialsError::Characters);
        assert_eq!(seal(&basic("a@b", "")).unwrap_err(), CredentialsError::Empty);
        assert_eq!(seal(&basic("a:b", "abc")).unwrap_err(), CredentialsError::Email);
    }
}
