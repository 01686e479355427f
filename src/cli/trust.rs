//! Whether the token may go to a host that only the policy names. A policy can come from a pull request, so it
//! takes a person who confirms the host, once; the answer is kept with the person's own settings, never in the
//! repository.

use std::collections::BTreeSet;
use std::fs;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};

use crate::confluence::Address;
use crate::files;

use super::site::By;
use super::{CliError, Failure, Output};

/// What to do about the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TokenDecision {
    Send,
    Ask,
    Refuse,
}

fn decide(by: By, address: &Address, terminal: bool, is_confirmed: impl FnOnce() -> bool) -> TokenDecision {
    match by {
        By::Flag | By::Variable => TokenDecision::Send,
        By::Policy if address.is_loopback() => TokenDecision::Send,
        By::Policy if !terminal => TokenDecision::Refuse,
        By::Policy if is_confirmed() => TokenDecision::Send,
        By::Policy => TokenDecision::Ask,
    }
}

/// Ends the run where the token must not go to this address. `settings` is the folder of the person's own
/// settings, if there is one.
pub(super) fn check(
    by: By,
    address: &Address,
    settings: Option<&Utf8Path>,
    out: &Output,
) -> Result<(), CliError> {
    let origin = address.origin();
    let hosts = settings.map(Hosts::beside);
    let is_confirmed = || hosts.as_ref().is_some_and(|hosts| hosts.read().contains(&origin));
    match decide(by, address, out.can_ask(), is_confirmed) {
        TokenDecision::Send => return Ok(()),
        TokenDecision::Refuse => {
            return Err(CliError::failed(Failure::UnconfirmedHost, format!(
                "nothing was sent to {origin}: only `site.url` of the policy names it, and a policy can come from a pull \
                 request"
            ))
            .with_hint(format!("if that is your site, set `CONFLUENCE_URL={address}` beside the token, or add `--site {address}`")));
        }
        TokenDecision::Ask => {}
    }
    out.say(&format!(
        "The policy says that the site is at {origin}, which has not been confirmed on this machine."
    ));
    if !out.ask(&format!("Send the token to {origin}, now and from now on?")) {
        return Err(CliError::failed(
            Failure::UnconfirmedHost,
            format!("{origin} was not confirmed; nothing was sent"),
        )
        .with_hint("correct `site.url`, or set CONFLUENCE_URL to the site's address"));
    }
    let kept = match &hosts {
        Some(hosts) => hosts.add(origin).map_err(|error| format!("cannot write `{}`: {error}", hosts.file)),
        None => Err("neither XDG_CONFIG_HOME nor HOME is set".to_owned()),
    };
    if let Err(reason) = kept {
        out.warn(&format!("{reason}; the next run asks again"));
    }
    Ok(())
}

/// The hosts that were confirmed, one a line: scheme, host and port.
struct Hosts {
    file: Utf8PathBuf,
}

impl Hosts {
    fn beside(settings: &Utf8Path) -> Self {
        Self { file: settings.join("confperm/hosts") }
    }

    /// None where the file cannot be read: the question is asked again.
    fn read(&self) -> BTreeSet<String> {
        let text = fs::read_to_string(&self.file).unwrap_or_default();
        text.lines().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
    }

    fn add(&self, origin: String) -> io::Result<()> {
        let mut hosts = self.read();
        hosts.insert(origin);
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder)?;
        }
        let lines: Vec<String> = hosts.into_iter().map(|host| host + "\n").collect();
        files::write(&self.file, &lines.concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_person_lets_the_token_go_where_only_the_policy_says() {
        use TokenDecision::{Ask, Refuse, Send};
        let site = "https://acme.atlassian.net/wiki";
        let gateway = "https://api.atlassian.com/ex/confluence/c1";
        let local = "http://127.0.0.1:8484/wiki";
        for (by, address, terminal, confirmed, expected) in [
            (By::Flag, site, false, false, Send),
            (By::Variable, site, false, false, Send),
            (By::Variable, gateway, false, false, Send),
            (By::Policy, local, false, false, Send),
            (By::Policy, "http://localhost:1/wiki", false, false, Send),
            (By::Policy, site, false, false, Refuse),
            (By::Policy, site, false, true, Refuse),
            (By::Policy, gateway, false, false, Refuse),
            (By::Policy, "https://127.0.0.1.evil.example/wiki", false, false, Refuse),
            (By::Policy, site, true, false, Ask),
            (By::Policy, gateway, true, false, Ask),
            (By::Policy, site, true, true, Send),
        ] {
            let decision = decide(by, &address.parse().unwrap(), terminal, || confirmed);
            assert_eq!(decision, expected, "{by:?} {address} terminal {terminal} confirmed {confirmed}");
        }
    }

    #[test]
    fn a_host_is_confirmed_with_its_port_and_kept_once() {
        let folder = tempfile::tempdir().unwrap();
        let hosts = Hosts::beside(Utf8Path::from_path(folder.path()).unwrap());
        assert!(hosts.read().is_empty());
        for text in ["https://b.example/wiki", "https://a.example:8443/x", "https://b.example/other"] {
            hosts.add(text.parse::<Address>().unwrap().origin()).unwrap();
        }
        assert_eq!(fs::read_to_string(&hosts.file).unwrap(), "https://a.example:8443\nhttps://b.example\n");
        assert!(!hosts.read().contains("https://a.example"));
    }
}
