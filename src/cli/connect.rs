//! From what says where the site is to a site that is signed in to and known to be the right one: over the
//! network, or a sandbox that lives as long as the command does.

use camino::Utf8Path;

use crate::apply::journal::SiteKey;
use crate::confluence::{Address, AddressError, Cloud, Credentials, ProxyError, Settings, check_proxy};
use crate::diagnostic::Spanned;
use crate::model::SiteIdentity;
use crate::policy::{Policy, SiteAddress};
use crate::sandbox::{self, Opened, Running};

use super::identity::{self, Met, NamedSite};
use super::site::{By, Meant, SiteArgs, SiteLocation};
use super::trust;
use super::{CliError, Environment, Failure, LockFile, Output};

/// A site, and the sandbox behind it if there is one.
pub(super) struct Connection {
    pub(super) site: Cloud,
    /// How the site is called in talk.
    pub(super) address: String,
    pub(super) met: Met,
    /// Serves until it is dropped.
    sandbox: Option<Running>,
}

impl Connection {
    /// Signs in, and ends the run before anything else is read if the site is another one than the policy and the
    /// lock are about.
    pub(super) async fn open(
        args: &SiteArgs,
        directory: &Utf8Path,
        policy: &Policy,
        lock: &LockFile,
        environment: &Environment,
        out: &Output,
    ) -> Result<Self, CliError> {
        let Meant { target, by, written } = args.meant(directory, policy, environment)?;
        let place = policy.site.as_ref().filter(|_| by == By::Policy).map(|site| site.span.origin());
        let (site, address, shown, sandbox) = match target {
            SiteLocation::Http(address) => {
                trust::check(by, &address, environment.settings.as_deref(), out)
                    .map_err(|error| error.at(place))?;
                let site = remote(address.clone(), environment, out)?;
                let shown = address.to_string();
                (site, address, shown, None)
            }
            SiteLocation::Sandbox(file) => embedded(&file, sandbox::Site::open(&file)?, out).await?,
            SiteLocation::PolicySandbox(file) => {
                let opened = sandbox::Site::open_from(directory, &file)
                    .map_err(|error| CliError::from(error).at(place))?;
                embedded(&directory.join(file), opened, out).await?
            }
        };
        let named = match by {
            By::Flag => None,
            By::Variable | By::Policy => policy.site.as_ref().and_then(named),
        };
        let identity = site.sign_in().await?.identity.clone();
        let said = format!("{shown} ({})", by.name());
        let met = Met { identity, address, written, said };
        identity::check(&met, lock.site(), named.as_ref()).await?;
        Ok(Self { site, address: shown, met, sandbox })
    }

    /// Whose journals are those of this site.
    pub(super) fn journal_key(&self) -> SiteKey {
        let is_copy = self.sandbox.is_some();
        let local = self.met.address.is_loopback().then_some("loopback");
        SiteKey::new(self.identity(), if is_copy { Some(&self.met.written) } else { local })
    }

    /// What the site said about itself.
    pub(super) const fn identity(&self) -> &SiteIdentity {
        &self.met.identity
    }
}

fn settings(out: &Output) -> Settings {
    Settings { watcher: out.progress.watcher(), ..Settings::default() }
}

/// What the policy says where it names a site under an address that others can reach.
fn named(site: &Spanned<SiteAddress>) -> Option<NamedSite> {
    match &site.value {
        SiteAddress::Http(url) if url.scheme() == "https" => {
            Some(NamedSite { address: url.as_str().parse().ok()?, place: site.span.origin() })
        }
        SiteAddress::Http(_) | SiteAddress::Sandbox(_) => None,
    }
}

fn remote(address: Address, environment: &Environment, out: &Output) -> Result<Cloud, CliError> {
    if !address.is_loopback() {
        proxies(environment)?;
    }
    Ok(Cloud::new(address, &environment.credentials()?, &settings(out))?)
}

/// Names the variable, and not its value, which may hold a password.
fn proxies(environment: &Environment) -> Result<(), CliError> {
    for (name, value) in &environment.proxies {
        if let Err(error) = check_proxy(value) {
            let hint = match error {
                ProxyError::NotAnAddress => "write it like `http://proxy.acme.com:3128`, or unset it",
                ProxyError::OtherProtocol => {
                    "name a proxy that speaks HTTP, like `http://proxy.acme.com:3128`, or unset it"
                }
            };
            return Err(CliError::failed(Failure::InvalidProxy, format!("{name} {error}; nothing was sent"))
                .with_hint(hint));
        }
    }
    Ok(())
}

/// A sandbox that is served to this command alone: its client, its address, how it is called in talk, and what serves it.
async fn embedded(
    file: &Utf8Path,
    opened: Opened,
    out: &Output,
) -> Result<(Cloud, Address, String, Option<Running>), CliError> {
    if let Some(note) = opened.note {
        out.warn(&format!("{file}: {note}"));
    }
    let options = sandbox::Options { keep_states: false, ..sandbox::Options::default() };
    let running = sandbox::serve(opened.site, options).await?;
    let caller = running.credentials().ok_or_else(|| {
        CliError::failed(
            Failure::InvalidState,
            format!("{file}: `site.caller` names no user who can sign in"),
        )
        .with_hint("name one of the `users` of the state file")
    })?;
    let address: Address =
        running.site_url().parse().map_err(|error: AddressError| CliError::defect(error.to_string()))?;
    let credentials = Credentials::Basic { email: caller.email, token: caller.token.into() };
    let site = Cloud::new(address.clone(), &credentials, &settings(out))?;
    Ok((site, address, format!("sandbox {file}"), Some(running)))
}
