//! Which site `import` and `snapshot` read: as the command line says, or else the environment, or else the
//! policy that is in the directory.

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use url::Url;

use crate::confluence::{Address, AddressError};
use crate::policy::{Policy, SiteAddress};

use super::connect::Connection;
use super::environment::Environment;
use super::error::CliError;
use super::output::Output;

/// A site, by two names.
#[derive(Debug)]
pub(super) struct Source {
    /// As seen from where the command runs.
    address: SiteAddress,
    /// As a policy in the directory writes it.
    pub(super) written: String,
}

impl Source {
    pub(super) fn find(
        said: Option<&str>,
        environment: &Environment,
        policy: &Policy,
        directory: &Utf8Path,
    ) -> Result<Self, CliError> {
        if let Some(file) = said.and_then(|said| said.strip_prefix("sandbox:")) {
            let written = format!("sandbox:{}", relative(directory, Utf8Path::new(file))?);
            return Ok(Self { address: SiteAddress::Sandbox(file.into()), written });
        }
        if let Some(url) = said.or(environment.url.as_deref()) {
            let address: Address = url
                .parse()
                .map_err(|error: AddressError| CliError::failed(error.to_string()).with_hint(error.hint()))?;
            let written = address.to_string();
            let url = Url::parse(&written)
                .map_err(|error| CliError::failed(format!("`{written}` is not an address: {error}")))?;
            return Ok(Self { address: SiteAddress::Http(url), written });
        }
        match policy.site.as_ref().map(|site| &site.value) {
            Some(SiteAddress::Sandbox(file)) => Ok(Self {
                address: SiteAddress::Sandbox(directory.join(file)),
                written: format!("sandbox:{file}"),
            }),
            Some(SiteAddress::Http(url)) => {
                Ok(Self { address: SiteAddress::Http(url.clone()), written: url.to_string() })
            }
            None => Err(CliError::failed("nothing says where the site is").with_hint(
                "set CONFLUENCE_URL, or add --site with https://acme.atlassian.net/wiki, or with \
                 sandbox:FILE for a sandbox",
            )),
        }
    }

    pub(super) async fn connect(
        &self,
        environment: &Environment,
        out: &Output,
    ) -> Result<Connection, CliError> {
        let mut connection = Connection::to(&self.address, Utf8Path::new(""), environment, out).await?;
        if let SiteAddress::Sandbox(_) = self.address {
            connection.lasting = Some(self.written.clone());
        }
        Ok(connection)
    }
}

/// The way from a directory, which need not be there yet, to a file.
fn relative(directory: &Utf8Path, file: &Utf8Path) -> Result<Utf8PathBuf, CliError> {
    let failed = |error: std::io::Error| CliError::failed(format!("cannot find `{file}`: {error}"));
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
