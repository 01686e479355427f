//! What the environment says: where the site is, and who signs in. Read here and nowhere else.

use std::process::Command;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::civil::Date;
use secrecy::SecretString;

use crate::confluence::{Credentials, Secrets};
use crate::model::Shown;

use super::error::CliError;
use super::failure::Failure;

/// The environment variables that matter.
#[derive(Default)]
pub(super) struct Environment {
    pub(super) url: Option<String>,
    username: Option<String>,
    api_token: SecretSource,
    personal_token: SecretSource,
    today: Option<String>,
    secrets: Secrets,
    /// The variables that name a proxy, with their values.
    pub(super) proxies: Vec<(&'static str, String)>,
    /// The folder of the person's own settings.
    pub(super) settings: Option<Utf8PathBuf>,
    /// The commit and the address of the run, where this is a CI.
    ci_commit: Option<String>,
    ci_run: Option<String>,
}

/// The variables from which the HTTP client takes its proxy. Plain HTTP is spoken to this machine only, without
/// one; a bad address there is a mistake all the same.
const PROXIES: [&str; 6] =
    ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY", "http_proxy"];

/// The three ways to hand over a secret.
#[derive(Default)]
struct SecretSource {
    name: &'static str,
    value: Option<SecretString>,
    file: Option<String>,
    command: Option<String>,
}

impl Environment {
    /// What is secret in it is added to `secrets`, whether or not it will be used.
    pub(super) fn read(secrets: &Secrets) -> Self {
        let environment = Self {
            url: variable("CONFLUENCE_URL"),
            username: variable("CONFLUENCE_USERNAME"),
            api_token: SecretSource::read("CONFLUENCE_API_TOKEN"),
            personal_token: SecretSource::read("CONFLUENCE_PERSONAL_TOKEN"),
            today: variable("CONFPERM_TODAY"),
            secrets: secrets.clone(),
            proxies: PROXIES.iter().filter_map(|name| Some((*name, variable(name)?))).collect(),
            settings: settings(),
            ci_commit: ["GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT"].into_iter().find_map(variable),
            ci_run: github_run().or_else(|| ["CI_JOB_URL", "BUILD_URL"].into_iter().find_map(variable)),
        };
        for token in
            [&environment.api_token, &environment.personal_token].iter().filter_map(|it| it.value.as_ref())
        {
            secrets.add(environment.username.as_deref(), token);
        }
        environment
    }

    /// The commit that is checked out in a directory: what git says, or else what a CI says of itself.
    pub(super) fn commit(&self, directory: &Utf8Path) -> Option<Shown> {
        let asked =
            Command::new("git").args(["rev-parse", "--verify", "HEAD"]).current_dir(directory).output();
        let said = asked.ok().filter(|output| output.status.success());
        let said = said.and_then(|output| String::from_utf8(output.stdout).ok());
        let commit = said.or_else(|| self.ci_commit.clone())?;
        let commit = commit.trim();
        let is_commit = commit.len() >= 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_commit.then(|| Shown::of(commit))
    }

    /// The address of the CI run, as GitHub, GitLab and Jenkins tell it.
    pub(super) fn ci_run(&self) -> Option<Shown> {
        self.ci_run.as_deref().map(|run| Shown::of(&self.secrets.scrub(run)))
    }

    /// This run, for others that wait for it.
    #[expect(clippy::disallowed_methods, reason = "this is the place where the clock is read")]
    pub(super) fn this_run(&self) -> String {
        let (process, time) = (std::process::id(), jiff::Timestamp::now());
        let ci = self.ci_run().map(|run| format!(", {}", run.as_str())).unwrap_or_default();
        format!("process {process}, since {}{ci}", time.strftime("%Y-%m-%d %H:%M:%S UTC"))
    }

    /// The day in UTC. `CONFPERM_TODAY` sets it, to see what a plan of another day would be.
    #[expect(clippy::disallowed_methods, reason = "this is the place where the clock is read")]
    pub(super) fn today(&self) -> Result<Date, CliError> {
        match &self.today {
            None => Ok(jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()),
            Some(day) => day.parse().map_err(|_| {
                CliError::usage(
                    format!("CONFPERM_TODAY: `{day}` is not a day"),
                    "write year, month and day, as in `2027-01-31`, or unset it",
                )
            }),
        }
    }

    /// Who signs in: an e-mail address with an API token, or a token alone.
    pub(super) fn credentials(&self) -> Result<Credentials, CliError> {
        let api_token = self.api_token.secret()?;
        let personal_token = self.personal_token.secret()?;
        for token in [&api_token, &personal_token].into_iter().flatten() {
            self.secrets.add(self.username.as_deref(), token);
        }
        match (self.username.clone(), api_token, personal_token) {
            (_, Some(_), Some(_)) => Err(CliError::usage(
                "both CONFLUENCE_API_TOKEN and CONFLUENCE_PERSONAL_TOKEN are set, and only one can sign in",
                "keep the one that belongs to this site and unset the other",
            )),
            (Some(email), Some(token), None) => Ok(Credentials::Basic { email, token }),
            (None, Some(token), None) | (_, None, Some(token)) => Ok(Credentials::Bearer(token)),
            (_, None, None) => Err(CliError::failed(Failure::NoCredentials, "there is nothing to sign in with").with_hint(
                "set CONFLUENCE_USERNAME and CONFLUENCE_API_TOKEN; a token can also come from a file or a command, \
                 named by CONFLUENCE_API_TOKEN_FILE or CONFLUENCE_API_TOKEN_COMMAND",
            )),
        }
    }
}

impl SecretSource {
    fn read(name: &'static str) -> Self {
        Self {
            name,
            value: variable(name).map(SecretString::from),
            file: variable(&format!("{name}_FILE")),
            command: variable(&format!("{name}_COMMAND")),
        }
    }

    fn secret(&self) -> Result<Option<SecretString>, CliError> {
        let unreadable =
            |why: &str| CliError::failed(Failure::UnreadableToken, format!("{}_{why}", self.name));
        if let Some(value) = &self.value {
            return Ok(Some(value.clone()));
        }
        if let Some(file) = &self.file {
            let text = std::fs::read_to_string(file)
                .map_err(|error| unreadable(&format!("FILE: cannot read `{file}`: {error}")))?;
            return Ok(Some(first_line(&text)));
        }
        if let Some(command) = &self.command {
            let output = Command::new("sh").arg("-c").arg(command).output();
            let output = output.map_err(|error| unreadable(&format!("COMMAND: cannot run it: {error}")))?;
            if !output.status.success() {
                return Err(unreadable(&format!("COMMAND: it ended with {}", output.status)));
            }
            return Ok(Some(first_line(&String::from_utf8_lossy(&output.stdout))));
        }
        Ok(None)
    }
}

fn first_line(text: &str) -> SecretString {
    text.lines().next().unwrap_or_default().trim().to_owned().into()
}

#[expect(clippy::disallowed_methods, reason = "this is the place where the environment is read")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The folder below which each program has one of its own (XDG Base Directory Specification, which also says that a
/// relative path is ignored).
fn settings() -> Option<Utf8PathBuf> {
    let folder = |name| variable(name).map(Utf8PathBuf::from).filter(|folder| folder.is_absolute());
    folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")))
}

fn github_run() -> Option<String> {
    let [server, repository, run] = ["GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"].map(variable);
    Some(format!("{}/{}/actions/runs/{}", server?, repository?, run?))
}
