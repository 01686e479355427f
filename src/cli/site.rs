//! Which site a run is about: `--site`, or else `CONFLUENCE_URL`, or else `site.url` of the policy. Decided before
//! anything is opened or sent.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use crate::confluence::{Address, AddressError};
use crate::model::Origin;
use crate::policy::{Policy, SiteAddress};

use super::{CliError, Environment, Failure};

/// Which site is meant.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct SiteArgs {
    /// The site to use, instead of that of the environment or the policy: https://... or sandbox:FILE
    #[arg(long, value_name = "ADDRESS")]
    pub(super) site: Option<String>,
}

impl SiteArgs {
    /// The one site that `--site`, `CONFLUENCE_URL` and `site.url` of the policy mean together. `--site` names the file
    /// of a sandbox from where the command runs, and the policy from its directory.
    pub(super) fn meant(
        &self,
        directory: &Utf8Path,
        policy: &Policy,
        environment: &Environment,
    ) -> Result<Meant, CliError> {
        if let Some(said) = &self.site {
            return match said.strip_prefix("sandbox:") {
                Some(file) => Ok(Meant {
                    target: SiteLocation::Sandbox(file.into()),
                    by: By::Flag,
                    written: format!("sandbox:{}", relative(directory, Utf8Path::new(file))?),
                }),
                None => Meant::at(said, By::Flag),
            };
        }
        let at = policy.site.as_ref().map(|site| site.span.origin());
        match (&environment.url, policy.site.as_ref().map(|site| &site.value)) {
            (Some(url), Some(SiteAddress::Sandbox(file))) => {
                Err(two_sites(url, file, at.as_ref(), directory).at(at))
            }
            (Some(url), _) => Meant::at(url, By::Variable),
            (None, Some(SiteAddress::Sandbox(file))) => Ok(Meant {
                target: SiteLocation::PolicySandbox(file.clone()),
                by: By::Policy,
                written: format!("sandbox:{file}"),
            }),
            (None, Some(SiteAddress::Http(url))) => {
                Meant::at(url.as_str(), By::Policy).map_err(|error| error.at(at))
            }
            (None, None) => Err(CliError::failed(Failure::NoSite, "nothing says where the site is").with_hint(
                "set CONFLUENCE_URL to an address such as https://acme.atlassian.net/wiki, or add --site with \
                 an address, or with sandbox:FILE for a sandbox",
            )),
        }
    }
}

/// A rehearsal and the live site at once: either could be the mistake.
fn two_sites(url: &str, file: &Utf8Path, at: Option<&Origin>, directory: &Utf8Path) -> CliError {
    let place = at.map(ToString::to_string).unwrap_or_default();
    // An address that is not one may hold a password.
    let url = url.parse::<Address>().map_or_else(|_| "URL".to_owned(), |address| address.to_string());
    let message = format!(
        "the policy names a sandbox (`sandbox:{file}`, {place}), and CONFLUENCE_URL names another site; nothing \
         was read or changed"
    );
    CliError::failed(Failure::TwoSites, message).with_hint(format!(
        "add `--site sandbox:{}` to use the sandbox, or `--site {url}` to use that site",
        directory.join(file)
    ))
}

/// The site that is meant, and what says so.
#[derive(Debug)]
pub(super) struct Meant {
    pub(super) target: SiteLocation,
    pub(super) by: By,
    /// As a policy in the directory would write it.
    pub(super) written: String,
}

/// Where a site is.
#[derive(Debug)]
pub(super) enum SiteLocation {
    Http(Address),
    /// The state file of a sandbox, from where the command runs.
    Sandbox(Utf8PathBuf),
    /// One that the policy names, from the policy directory.
    PolicySandbox(Utf8PathBuf),
}

/// What says where the site is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Flag,
    Variable,
    Policy,
}

impl By {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Flag => "--site",
            Self::Variable => "CONFLUENCE_URL",
            Self::Policy => "site.url",
        }
    }
}

impl Meant {
    fn at(url: &str, by: By) -> Result<Self, CliError> {
        let address: Address = url.parse().map_err(|error: AddressError| {
            CliError::failed(Failure::InvalidAddress, format!("{}: {error}", by.name()))
                .with_hint(error.hint())
        })?;
        Ok(Self { written: address.to_string(), target: SiteLocation::Http(address), by })
    }
}

/// The way from a directory, which need not be there yet, to a file.
fn relative(directory: &Utf8Path, file: &Utf8Path) -> Result<Utf8PathBuf, CliError> {
    let failed = |error: std::io::Error| {
        CliError::failed(Failure::UnreadableInput, format!("cannot find `{file}`: {error}"))
    };
    let from = plain(&camino::absolute_utf8(directory).map_err(failed)?);
    let to = plain(&camino::absolute_utf8(file).map_err(failed)?);
    let common = from.iter().zip(&to).take_while(|(from, to)| from == to).count();
    let up = from[common..].iter().map(|_| "..");
    Ok(up.chain(to[common..].iter().map(String::as_str)).collect())
}

/// The steps of a path, without those that lead back.
fn plain(path: &Utf8Path) -> Vec<String> {
    let mut steps: Vec<String> = Vec::new();
    for step in path.components() {
        match step {
            Utf8Component::ParentDir => drop(steps.pop()),
            Utf8Component::CurDir => {}
            Utf8Component::Prefix(_) | Utf8Component::RootDir | Utf8Component::Normal(_) => {
                steps.push(step.as_str().to_owned());
            }
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_from_a_directory_that_is_not_there_yet() {
        for (directory, file, expected) in [
            ("policy", "examples/acme/site.yaml", "../examples/acme/site.yaml"),
            (".", "site.yaml", "site.yaml"),
            ("a/b", "a/site.yaml", "../site.yaml"),
            ("a/../b", "./b/c/../site.yaml", "site.yaml"),
            ("/a/b", "/c/site.yaml", "../../c/site.yaml"),
        ] {
            assert_eq!(relative(directory.into(), file.into()).unwrap(), expected, "{directory} {file}");
        }
    }
}
