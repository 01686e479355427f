//! The `delegation` section.

use super::sets::set_name;
use super::{Reader, meant};
use crate::diagnostic::{Code, Diagnostic, Sources, Spanned, did_you_mean};
use crate::model::folded;
use crate::policy::ast::Right;
use crate::policy::csv;
use crate::policy::delegation::{MayRemove, PolicyFiles, Recipient, Team, TeamFiles};
use crate::policy::keys;
use crate::policy::yaml::{NodeKind, YamlNode};

impl Reader {
    pub(super) fn delegation(&mut self, node: &YamlNode) {
        for (files, node) in self.entries(node, "`delegation`").unwrap_or_default() {
            if files.value == keys::OWNERS {
                let owners = self.owners(node);
                self.policy.delegation.owners.extend(owners);
            } else if let Some(team) = self.team(&files, node) {
                self.add_team(team);
            }
        }
    }

    fn add_team(&mut self, team: Team) {
        let teams = &self.policy.delegation.teams;
        let same = teams.iter().find(|other| other.files.value.meets(&team.files.value));
        if let Some(other) = same {
            let message =
                format!("files of `{}` may be files of `{}`, too", team.files.value, other.files.value);
            let finding = Diagnostic::new(Code::UnclearDelegation, message)
                .at(&team.files.span, "")
                .at(&other.files.span, "delegated here already")
                .help("a file has one team: move the files of one of them to a folder of their own");
            self.report(finding);
        } else if let Some(other) = teams.iter().find(|other| other.name.value == team.name.value) {
            let first = other.name.span.clone();
            self.twice(&format!("the team `{}`", team.name.value), &first, &team.name.span);
        }
        self.policy.delegation.teams.push(team);
    }

    fn team(&mut self, files: &Spanned<String>, node: &YamlNode) -> Option<Team> {
        let what = format!("`{}`", files.value);
        let parsed = match TeamFiles::parse(&files.value) {
            Ok(parsed) => Some(Spanned::new(parsed, files.span.clone())),
            Err(help) => {
                self.report(
                    Diagnostic::new(Code::InvalidValue, format!("{what} cannot be delegated"))
                        .at(&files.span, "")
                        .help(help),
                );
                None
            }
        };
        let fields = self.fields(node, &what, keys::TEAM)?;
        let (mut name, mut spaces, mut owners) = (None, None, Vec::new());
        let (mut may_grant, mut to, mut may_remove, mut may_open) = (None, None, None, None);
        let mut has_spaces = false;
        for (key, node) in fields {
            let span = key.span;
            match key.value {
                "name" => name = self.text(node, "`name`"),
                "spaces" => {
                    has_spaces = true;
                    spaces = self.key_patterns(node, "`spaces`").map(|spaces| Spanned::new(spaces, span));
                }
                "may-grant" => may_grant = Some(Spanned::new(self.may_grant(node), span)),
                "to" => to = Some(Spanned::new(self.recipients(node), span)),
                "may-remove" => may_remove = self.may_remove(node).map(|may| Spanned::new(may, span)),
                "may-open" => may_open = self.may_open(node).map(|may| Spanned::new(may, span)),
                _ => owners = self.owners(node),
            }
        }
        if !has_spaces {
            self.missing(
                "spaces",
                &what,
                &files.span,
                "add `spaces:` with keys or patterns, as in `spaces: [\"ENG*\"]`",
            );
        }
        if let (Some(may_grant), None) = (&may_grant, &to) {
            let help =
                "add `to:` with the principals that the team may grant it to, as in `to: [\"group:eng-*\"]`";
            self.missing("to", &what, &may_grant.span, help);
        }
        let files = parsed?;
        let name =
            name.unwrap_or_else(|| Spanned::new(files.value.team_name().to_owned(), files.span.clone()));
        Some(Team { name, files, spaces: spaces?, may_grant, to, may_remove, may_open, owners })
    }

    fn may_grant(&mut self, node: &YamlNode) -> Vec<Spanned<Right>> {
        let words = self.words(node, "`may-grant`").unwrap_or_default();
        words.iter().filter_map(|word| self.right(word)).collect()
    }

    fn recipients(&mut self, node: &YamlNode) -> Vec<Spanned<Recipient>> {
        let items = self.list(node, "`to`", "group:eng-*").unwrap_or_default();
        let recipients: Vec<_> = items.iter().filter_map(|item| self.recipient(item)).collect();
        self.repeated(&recipients, |policy, recipient| match recipient {
            Recipient::One(who) => format!("`{}`", policy.show(who)),
            Recipient::Groups(name) => format!("`group:{name}`"),
            Recipient::Users(name) => format!("`user:{name}`"),
            Recipient::Sets(name) => format!("`set:{name}`"),
            Recipient::Classes => "`class:*`".to_owned(),
        });
        recipients
    }

    fn recipient(&mut self, node: &YamlNode) -> Option<Spanned<Recipient>> {
        let written = node.scalar().map(|text| folded(text).into_owned());
        let pattern = written.as_deref().and_then(|text| text.split_once(':'));
        let pattern =
            pattern.map(|(kind, name)| (kind, name.trim())).filter(|(_, name)| name.contains(['*', '?']));
        let recipient = match pattern {
            Some(("group", name)) => Recipient::Groups(name.to_owned()),
            Some(("user", name)) => Recipient::Users(name.to_owned()),
            Some(("set", name)) => Recipient::Sets(name.to_owned()),
            Some(("class", "*")) => Recipient::Classes,
            _ if set_name(node).is_some() => Recipient::Sets(self.known_set(set_name(node)?, &node.span)?),
            _ => Recipient::One(self.who(node)?.value),
        };
        Some(Spanned::new(recipient, node.span.clone()))
    }

    fn may_remove(&mut self, node: &YamlNode) -> Option<MayRemove> {
        let text = self.text(node, "`may-remove`")?;
        let known = MayRemove::ALL.into_iter().find(|may| may.as_str() == text.value);
        if known.is_none() {
            let help = meant(did_you_mean(&text.value, MayRemove::ALL.map(MayRemove::as_str)))
                .unwrap_or_else(|| "write `own` for the principals under `to`, or `any`".to_owned());
            self.no_such_value("`may-remove`", &text, help);
        }
        known
    }

    fn may_open(&mut self, node: &YamlNode) -> Option<bool> {
        let text = self.text(node, "`may-open`")?;
        let known = text.value.parse().ok();
        if known.is_none() {
            self.no_such_value("`may-open`", &text, "write `true` or `false`".to_owned());
        }
        known
    }

    fn no_such_value(&mut self, what: &str, text: &Spanned<String>, help: String) {
        self.report(
            Diagnostic::new(Code::InvalidValue, format!("`{}` is no value of {what}", text.value))
                .at(&text.span, "")
                .help(help),
        );
    }

    fn owners(&mut self, node: &YamlNode) -> Vec<Spanned<String>> {
        let owners = self.words(node, "`owners`").unwrap_or_default();
        for owner in &owners {
            // They are printed as they are, each as one word of a line.
            if !owner.value.contains('@')
                || owner.value.contains(|c: char| c.is_whitespace() || c.is_control() || c == '#')
            {
                self.report(
                    Diagnostic::new(Code::InvalidValue, format!("`{}` is not an owner of files", owner.value))
                        .at(&owner.span, "")
                        .help("write a team, a user or an e-mail address as the host knows it, as in `\"@acme/eng-leads\"`"),
                );
            }
        }
        owners
    }

    /// Whether files of teams stay within what is delegated to them.
    pub(super) fn delegated(&mut self, files: &[YamlNode], sources: &Sources) {
        if self.policy.delegation.teams.is_empty() {
            return;
        }
        let paths = sources.iter().map(|(file, _)| &**file).collect();
        let keys = files.iter().flat_map(Self::top_keys).collect();
        let found = self.policy.beyond_delegation(&PolicyFiles { paths, keys });
        self.findings.extend(csv::fold(found));
    }

    /// The keys at the top of a file, for what files of teams may not have.
    fn top_keys(root: &YamlNode) -> Vec<Spanned<&str>> {
        let NodeKind::Map(pairs) = &root.kind else { return Vec::new() };
        pairs.iter().filter_map(|(key, _)| Some(Spanned::new(key.scalar()?, key.span.clone()))).collect()
    }
}
