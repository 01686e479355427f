//! The site, and what gives names: people, groups, roles.

use std::net::IpAddr;

use camino::Utf8PathBuf;
use url::{Host, Url};

use super::principals::is_account_id;
use super::{Reader, hints, meant};
use crate::diagnostic::{Code, Diagnostic, Spanned, did_you_mean};
use crate::model::{ArchivedPages, BuiltInRole, SpaceKey, folded, visible};
use crate::policy::ast::{GroupPin, PersonDef, RoleName, SiteAddress};
use crate::policy::keys;
use crate::policy::roles::{RoleDef, inclusion_cycles};
use crate::policy::yaml::{NodeKind, YamlNode};

const ARCHIVED_PAGES: [(&str, ArchivedPages); 2] =
    [("writable", ArchivedPages::Writable), ("read-only", ArchivedPages::ReadOnly)];

/// What an entry of `people` says.
struct PersonEntry {
    account: Spanned<String>,
    email: Option<String>,
    guest_of: Option<Spanned<SpaceKey>>,
}

impl Reader {
    pub(super) fn site(&mut self, node: &YamlNode) {
        if let NodeKind::Scalar(text, _) = &node.kind {
            let help = format!("write the address below the key: `site: {{url: {text}}}`");
            return self.wrong_kind(node, "`site`", "a mapping", Some(help));
        }
        let Some(fields) = self.fields(node, "`site`", keys::SITE) else { return };
        for (key, node) in fields {
            if key.value == "archived-pages" {
                self.archived_pages(node);
                continue;
            }
            let Some(url) = self.text(node, "`url`") else { continue };
            match address(&url.value) {
                Ok(address) => match &self.policy.site {
                    Some(first) => {
                        let first = first.span.clone();
                        self.twice("the address of the site", &first, &url.span);
                    }
                    None => self.policy.site = Some(Spanned::new(address, url.span)),
                },
                Err((message, help)) => {
                    self.report(Diagnostic::new(Code::InvalidUrl, message).at(&url.span, "").help(help));
                }
            }
        }
    }

    fn archived_pages(&mut self, node: &YamlNode) {
        let Some(text) = self.text(node, "`archived-pages`") else { return };
        let Some((_, said)) = ARCHIVED_PAGES.into_iter().find(|(name, _)| *name == text.value) else {
            let help = meant(did_you_mean(&text.value, ARCHIVED_PAGES.map(|(name, _)| name)));
            let help = help.unwrap_or_else(|| {
                "`read-only` says that the site refuses to change restrictions of archived pages".to_owned()
            });
            return self.report(
                Diagnostic::new(Code::InvalidValue, format!("`archived-pages` cannot be `{}`", text.value))
                    .at(&text.span, "")
                    .help(help),
            );
        };
        match &self.policy.archived_pages {
            Some(first) => {
                let first = first.span.clone();
                self.twice("`archived-pages`", &first, &text.span);
            }
            None => self.policy.archived_pages = Some(Spanned::new(said, text.span)),
        }
    }

    pub(super) fn people(&mut self, node: &YamlNode) {
        for (alias, node) in self.entries(node, "`people`").unwrap_or_default() {
            let what = format!("`{}`", alias.value);
            let Some(PersonEntry { account, email, guest_of }) = self.person(node, &alias, &what) else {
                continue;
            };
            if let Some(prefix) = alias.value.strip_prefix("user:") {
                self.report(
                    Diagnostic::new(Code::InvalidValue, format!("{what} has a prefix; an alias has none"))
                        .at(&alias.span, "")
                        .help(format!(
                            "did you mean `{prefix}`? Elsewhere it is then written `user:{prefix}`"
                        )),
                );
                continue;
            }
            match account.value.parse() {
                Ok(_) if !may_be_account(&account.value) => {
                    self.report(
                        Diagnostic::new(
                            Code::InvalidValue,
                            format!("`{}` is not an account id", account.value),
                        )
                        .at(&account.span, "")
                        .help(account_help(&account.value)),
                    );
                }
                Ok(id) => {
                    let account = Spanned::new(id, account.span);
                    let span = alias.span.clone();
                    if let Some(first) = self.policy.people.get(&alias.value) {
                        let first = first.span.clone();
                        self.twice(&format!("the person {what}"), &first, &span);
                    } else {
                        let person = PersonDef { span, account, email, guest_of };
                        self.policy.people.insert(alias.value, person);
                    }
                }
                Err(_) => self.report(
                    Diagnostic::new(Code::InvalidValue, format!("`{}` is not an account id", account.value))
                        .at(&account.span, "")
                        .help(account_help(&account.value)),
                ),
            }
        }
    }

    /// One entry of `people`: an account id, or a mapping with more.
    fn person(&mut self, node: &YamlNode, alias: &Spanned<String>, what: &str) -> Option<PersonEntry> {
        let NodeKind::Map(_) = node.kind else {
            return self.text(node, what).map(|account| PersonEntry { account, email: None, guest_of: None });
        };
        let (mut account, mut email, mut guest_of) = (None, None, None);
        let mut given = false;
        for (key, node) in self.fields(node, what, keys::PERSON)? {
            let text = self.text(node, &format!("`{}`", key.value));
            match key.value {
                "account" => {
                    given = true;
                    account = text;
                }
                "guest-of" => guest_of = text.and_then(|text| self.home(text)),
                _ => email = text.map(|text| text.value),
            }
        }
        if !given {
            self.missing("account", what, &alias.span, "add `account:` with the account id");
        }
        account.map(|account| PersonEntry { account, email, guest_of })
    }

    /// The space of a guest.
    fn home(&mut self, text: Spanned<String>) -> Option<Spanned<SpaceKey>> {
        if let Ok(key) = text.value.parse() {
            return Some(Spanned::new(key, text.span));
        }
        self.report(
            Diagnostic::new(
                Code::InvalidValue,
                format!("`{}` is not the key of a space", visible(&text.value)),
            )
            .at(&text.span, "")
            .help("the key is in the address of the space, after `/spaces/`, as in `ENG`"),
        );
        None
    }

    pub(super) fn groups(&mut self, node: &YamlNode) {
        for (name, node) in self.entries(node, "`groups`").unwrap_or_default() {
            let what = format!("`{}`", name.value);
            let Some(id) = self.text(node, &what) else { continue };
            match id.value.parse() {
                Ok(value) => {
                    if let Some(first) = self.policy.groups.get(&name.value) {
                        let first = first.span.clone();
                        self.twice(&format!("the group {what}"), &first, &name.span);
                    } else {
                        let pin = GroupPin { span: name.span, id: Spanned::new(value, id.span) };
                        self.policy.groups.insert(name.value, pin);
                    }
                }
                Err(_) => self.report(
                    Diagnostic::new(Code::InvalidValue, format!("`{}` is not a group id", id.value))
                        .at(&id.span, "")
                        .help("the id of a group is one line of text, such as `2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0001`"),
                ),
            }
        }
    }

    /// All `roles` sections. The names come first, since a role may include one that is defined later.
    pub(super) fn roles<'n>(&mut self, sections: impl Iterator<Item = &'n YamlNode>) {
        let mut bodies = Vec::new();
        for section in sections {
            for (name, node) in self.entries(section, "`roles`").unwrap_or_default() {
                if name.value.parse::<BuiltInRole>().is_ok() || name.value.contains('/') {
                    let message = if name.value.contains('/') {
                        format!(
                            "`{}` has the form of a permission and cannot be the name of a role",
                            name.value
                        )
                    } else {
                        format!("`{}` is built in and cannot be defined again", name.value)
                    };
                    self.report(
                        Diagnostic::new(Code::ReservedRole, message)
                            .at(&name.span, "")
                            .help("choose another name; a role of your own can include a built-in one"),
                    );
                } else if let Some(first) = self.policy.roles.get(&name.value) {
                    let first = first.span.clone();
                    self.twice(&format!("the role `{}`", name.value), &first, &name.span);
                } else {
                    let role = RoleDef {
                        span: name.span.clone(),
                        includes: Vec::new(),
                        permissions: Vec::new(),
                        site_role: None,
                    };
                    self.policy.roles.insert(name.value.clone(), role);
                    bodies.push((name, node));
                }
            }
        }
        for (name, node) in bodies {
            if let Some(role) = self.role(&name, node) {
                self.policy.roles.insert(name.value, role);
            }
        }
        self.role_cycles();
    }

    fn role(&mut self, name: &Spanned<String>, node: &YamlNode) -> Option<RoleDef> {
        let what = format!("the role `{}`", name.value);
        let fields = self.fields(node, &what, keys::ROLE)?;
        let says_nothing = fields.iter().all(|(key, _)| key.value == "site-role");
        let mut role = RoleDef {
            span: name.span.clone(),
            includes: Vec::new(),
            permissions: Vec::new(),
            site_role: None,
        };
        for (key, node) in fields {
            match key.value {
                "includes" => {
                    for item in self.list(node, "`includes`", "viewer").unwrap_or_default() {
                        let Some(text) = self.text(item, "a role") else { continue };
                        let Some(included) = self.role_name(&text) else { continue };
                        role.includes.push(Spanned::new(included, text.span));
                    }
                }
                "permissions" => {
                    for item in self.list(node, "`permissions`", "create/page").unwrap_or_default() {
                        let Some(text) = self.text(item, "a permission") else { continue };
                        let Some(permission) = self.permission(&text) else { continue };
                        role.permissions.push(Spanned::new(permission, text.span));
                    }
                }
                _ => {
                    let text = self.text(node, "`site-role`");
                    role.site_role = text.map(|text| text.map(|name| folded(&name).into_owned()));
                }
            }
        }
        self.repeated(&role.includes, |_, role: &RoleName| format!("`{}`", role.as_str()));
        self.repeated(&role.permissions, |_, permission| format!("`{permission}`"));
        if says_nothing {
            self.report(
                Diagnostic::new(Code::EmptyEntry, format!("{what} gives nothing"))
                    .at(&name.span, "")
                    .help("add `includes:` with other roles or `permissions:` with single permissions"),
            );
        }
        Some(role)
    }

    fn role_cycles(&mut self) {
        let findings: Vec<Diagnostic> = inclusion_cycles(&self.policy.roles)
            .into_iter()
            .filter_map(|steps| {
                let last = steps.last()?;
                let names: Vec<&str> =
                    std::iter::once(last).chain(&steps).map(|step| step.value.as_str()).collect();
                let mut finding = Diagnostic::new(
                    Code::RoleCycle,
                    format!("the role `{}` includes itself: {}", names[0], names.join(" → ")),
                );
                for (from, step) in names.iter().zip(&steps) {
                    finding =
                        finding.at(&step.span, format!("`{from}` includes `{}` here", step.value.as_str()));
                }
                Some(
                    finding
                        .help("remove one of these, so that the roles build on each other in one direction"),
                )
            })
            .collect();
        self.findings.extend(findings);
    }
}

/// Whether a text may be the id of an account. What only a site can know is left to it: ids have had many forms.
fn may_be_account(text: &str) -> bool {
    let is_exponent = text.parse::<f64>().is_ok() && text.contains(['.', 'e', 'E']) && text.len() < 24;
    !text.contains(['@', '/', '[', '~']) && !is_exponent
}

/// What to write in place of a text that is no account id.
fn account_help(text: &str) -> String {
    let id = text.rsplit(['/', ':', '[', ']']).find(|part| is_account_id(part)).map(str::to_owned);
    // An id with a colon in it, at the end of an address.
    let last = text.trim_end_matches(['/', ']']).rsplit('/').next().unwrap_or_default();
    let last = last.strip_prefix("[~accountid:").unwrap_or(last).replace("%3A", ":").replace("%3a", ":");
    match id.or_else(|| is_account_id(&last).then_some(last)) {
        Some(id) => format!("did you mean `{id}`?"),
        None if hints::is_email(text) => format!(
            "write the account id, and the address beside it if you like, as in `{{account: ACCOUNT-ID, email: {text}}}`; the \
             id stands at the end of the address of the person's profile page"
        ),
        None => "the account id is at the end of the address of the person's profile page".to_owned(),
    }
}

type NameFault = (String, String);

/// The forms of `site.url`.
fn address(text: &str) -> Result<SiteAddress, NameFault> {
    if let Some(file) = text.strip_prefix("sandbox:") {
        let file = file.trim();
        return if visible(file) != file {
            // It stands in every message about the site.
            Err((
                "the name of this file has characters that cannot be seen".to_owned(),
                "give the file a name without them".to_owned(),
            ))
        } else if file.is_empty() {
            Err((
                "this names no file".to_owned(),
                "write `sandbox:` and the state file, as in `sandbox:site.yaml`".to_owned(),
            ))
        } else {
            Ok(SiteAddress::Sandbox(Utf8PathBuf::from(file)))
        };
    }
    let scheme = || "write `https://…`, or `sandbox:FILE` for a sandbox".to_owned();
    let Ok(url) = Url::parse(text) else {
        let help = if text.contains("://") || !text.contains('.') || text.contains(char::is_whitespace) {
            scheme()
        } else {
            meant(Some(&format!("https://{text}"))).unwrap_or_default()
        };
        return Err((format!("`{text}` is not an address"), help));
    };
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip).is_loopback(),
        None => return Err((format!("`{text}` is not the address of a site"), scheme())),
    };
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        "http" => {
            return Err((
                "`http://` would send the token in clear text, which everyone on the way can read".to_owned(),
                "use `https://`; `http://` is for this machine only (`localhost`, `127.0.0.1`)".to_owned(),
            ));
        }
        other => return Err((format!("`{other}:` is not how the address of a site begins"), scheme())),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err((
            "this address holds a user name or a password".to_owned(),
            "remove them here; credentials come from the environment, never from a policy file".to_owned(),
        ));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err((
            "this is the address of a page, not of a site".to_owned(),
            "keep the part before `?` or `#`, as in `https://acme.atlassian.net/wiki`".to_owned(),
        ));
    }
    if let Some(host) = url.host_str()
        && host.ends_with(".atlassian.net")
        && url.path().trim_end_matches('/') != "/wiki"
    {
        return Err((
            "the address of a Confluence Cloud site ends in `/wiki`".to_owned(),
            format!("did you mean `https://{host}/wiki`?"),
        ));
    }
    Ok(SiteAddress::Http(url))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_work() {
        for text in [
            "https://acme.atlassian.net/wiki",
            "https://acme.atlassian.net/wiki/",
            "https://wiki.acme.com",
            "https://wiki.acme.com/confluence",
            "http://127.0.0.1:8484",
            "http://localhost:8090",
            "http://[::1]:8090",
            "sandbox:site.yaml",
            "https://api.atlassian.com/ex/confluence/11111111-2222-3333-4444-555555555555",
        ] {
            assert!(address(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn addresses_that_do_not() {
        for text in [
            "acme.atlassian.net",
            "https://acme.atlassian.net",
            "https://acme.atlassian.net/wiki/spaces/ENG",
            "http://wiki.acme.com",
            "https://ann:secret@wiki.acme.com",
            "https://wiki.acme.com/?a=b",
            "ftp://wiki.acme.com",
            "sandbox:",
            "sandbox:a\n::error::b.yaml",
            "sandbox:\u{202e}lmay.etis",
            "mailto:ann@acme.com",
            "wiki",
        ] {
            assert!(address(text).is_err(), "{text}");
        }
    }
}
