//! From an address and credentials to a site that can be asked: over the network, or a sandbox that
//! lives as long as the command does.

use camino::Utf8Path;

use crate::confluence::{Address, Cloud, Credentials, Settings};
use crate::policy::{Policy, SiteAddress};
use crate::sandbox::{self, Running};

use super::environment::Environment;
use super::error::CliError;
use super::output::Output;

/// A site, and the sandbox behind it if there is one.
pub(super) struct Connection {
    pub(super) site: Cloud,
    /// How the site is called in talk.
    pub(super) address: String,
    /// How it is called in files that outlive the run. `None` behind a loopback address, where something else
    /// may answer next time.
    pub(super) lasting: Option<String>,
    /// Serves until it is dropped.
    _sandbox: Option<Running>,
}

impl Connection {
    /// The address comes from the environment, or else from the policy.
    pub(super) async fn open(
        directory: &Utf8Path,
        policy: &Policy,
        environment: &Environment,
        out: &Output,
    ) -> Result<Self, CliError> {
        if let Some(url) = &environment.url {
            return Self::remote(url, environment, out);
        }
        match policy.site.as_ref().map(|site| &site.value) {
            Some(address) => Self::to(address, directory, environment, out).await,
            None => Err(CliError::failed("nothing says where the site is").with_hint(
                "write `site: {url: https://acme.atlassian.net/wiki}` into a policy file, or set CONFLUENCE_URL",
            )),
        }
    }

    /// To one particular site; the file of a sandbox is relative to the directory.
    pub(super) async fn to(
        address: &SiteAddress,
        directory: &Utf8Path,
        environment: &Environment,
        out: &Output,
    ) -> Result<Self, CliError> {
        match address {
            SiteAddress::Http(url) => Self::remote(url.as_str(), environment, out),
            SiteAddress::Sandbox(file) => Self::embedded(directory, file, out).await,
        }
    }

    fn remote(url: &str, environment: &Environment, out: &Output) -> Result<Self, CliError> {
        let address: Address = url.parse().map_err(|error: crate::confluence::AddressError| {
            CliError::failed(error.to_string()).with_hint(error.hint())
        })?;
        let shown = address.to_string();
        let lasting = (!address.is_loopback()).then(|| shown.clone());
        let site = Cloud::new(address, &environment.credentials()?, &settings(out))?;
        Ok(Self { site, address: shown, lasting, _sandbox: None })
    }

    async fn embedded(directory: &Utf8Path, state: &Utf8Path, out: &Output) -> Result<Self, CliError> {
        let file = &directory.join(state);
        let opened = sandbox::Site::open_from(directory, state)?;
        if let Some(note) = opened.note {
            out.warn(&format!("{file}: {note}"));
        }
        let options = sandbox::Options { keep_states: false, ..sandbox::Options::default() };
        let running = sandbox::serve(opened.site, options).await?;
        let caller = running.credentials().ok_or_else(|| {
            CliError::failed(format!("{file}: `site.caller` names nobody who could sign in"))
                .with_hint("name one of the `users` of the state file")
        })?;
        let address: Address = running
            .site_url()
            .parse()
            .map_err(|error: crate::confluence::AddressError| CliError::failed(error.to_string()))?;
        let credentials = Credentials::Basic { email: caller.email, token: caller.token.into() };
        let site = Cloud::new(address, &credentials, &settings(out))?;
        Ok(Self {
            site,
            address: format!("sandbox {file}"),
            lasting: Some(format!("sandbox:{state}")),
            _sandbox: Some(running),
        })
    }
}

fn settings(out: &Output) -> Settings {
    Settings { watcher: out.progress.watcher(), ..Settings::default() }
}
