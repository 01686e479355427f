//! The `rules` section, and `like` wherever it stands.

use std::collections::BTreeMap;

use super::Reader;
use super::principals::is_account_id;
use super::sets::{ANYWHERE, PrincipalPlace, named};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Sources, Span, Spanned};
use crate::model::SpaceKey;
use crate::policy::ast::{AccessLine, Grantee, Joining, Named, Right};
use crate::policy::csv::{self, CsvTable, Delimiter, RowType};
use crate::policy::keys;
use crate::policy::rules::{Absent, Like, Replace, Rule};
use crate::policy::yaml::{NodeKind, Scalar, YamlNode};

const ACTIONS: [&str; 6] = ["access", "like", "absent", "replace", "leave", "restricted-pages"];
/// People and groups.
const PARTIES: PrincipalPlace<Named> = PrincipalPlace {
    read: Reader::party,
    takes: named,
    code: Code::InvalidValue,
    holds: "this is for people and groups only",
};

impl Reader {
    pub(super) fn rules(&mut self, node: &YamlNode, sources: &Sources) {
        let NodeKind::List(items) = &node.kind else {
            let help = "begin each rule with `- name: …`".to_owned();
            self.wrong_kind(node, "`rules`", "a list", Some(help));
            return;
        };
        for item in items {
            let Some(rule) = self.rule(item, sources) else { continue };
            let first = self.policy.rules.iter().find(|earlier| earlier.name.value == rule.name.value);
            if let Some(first) = first.map(|first| first.name.span.clone()) {
                self.twice(&format!("the rule \"{}\"", rule.name.value), &first, &rule.name.span);
            } else {
                self.policy.rules.push(rule);
            }
        }
    }

    fn rule(&mut self, node: &YamlNode, sources: &Sources) -> Option<Rule> {
        let fields = self.fields(node, "a rule", keys::RULE)?;
        let has = |name: &str| fields.iter().any(|(key, _)| key.value == name);
        self.rule_is_whole(&has, &node.span);
        let from_file = has("from");
        let (mut name, mut spaces, mut from, mut rights) = (None, None, None, Vec::new());
        let (mut access, mut like, mut restricted) = (Vec::new(), None, Joining::default());
        let (mut absent, mut replace, mut leave) = (Vec::new(), Vec::new(), Vec::new());
        for (key, node) in fields {
            match key.value {
                "name" => name = self.text(node, "`name`"),
                "spaces" => spaces = Some(self.selector(node)),
                "access" if from_file => rights = self.rights(node),
                "access" => access = self.access(node),
                "like" => like = self.like(node),
                "absent" => absent = self.absent(node),
                "replace" => replace = self.replace(node),
                "leave" => leave = self.leave(node),
                "restricted-pages" => restricted = self.restricted_pages(node),
                _ => from = self.from(node),
            }
        }
        let table = from.as_ref().and_then(|csv::RowSource { csv, .. }| {
            Some(Spanned::new(csv::locate(&csv.span.file, &csv.value)?, csv.span.clone()))
        });
        let rows = from.map(|from| self.rows(&from, &rights, sources)).unwrap_or_default();
        // A selector that could not be read must not become one that selects by rows alone.
        let spaces = match spaces {
            Some(selector) => Some(selector?),
            None => None,
        };
        Some(Rule { name: name?, spaces, access, table, rows, like, absent, replace, leave, restricted })
    }

    fn rule_is_whole(&mut self, has: &dyn Fn(&str) -> bool, span: &Span) {
        if !has("name") {
            self.missing("name", "this rule", span, "add `name:` with what it is for; plans name it");
        }
        let only_rows = has("from") && ACTIONS.iter().all(|action| *action == "access" || !has(action));
        if !has("spaces") && !only_rows {
            self.missing(
                "spaces",
                "this rule",
                span,
                "add `spaces:`, as in `spaces: [DOCS, ENG]` or `spaces: {key: \"*\"}`",
            );
        }
        if has("from") && !has("access") {
            self.missing(
                "access",
                "this rule",
                span,
                "add `access:` with what each row gives, as in `access: read/space`",
            );
        }
        if !has("from") && !ACTIONS.iter().any(|action| has(action)) {
            self.report(Diagnostic::new(Code::EmptyEntry, "this rule asks for nothing").at(span, "").help(
                "add `access:`, `like:`, `absent:`, `replace:`, `leave:`, `restricted-pages:` or `from:`",
            ));
        }
    }

    /// `like: ENG` and `like: live:ENG`.
    pub(super) fn like(&mut self, node: &YamlNode) -> Option<Spanned<Like>> {
        let text = self.text(node, "`like`")?;
        let (name, live) = match text.value.split_once(':') {
            Some(("live", name)) => (name.trim(), true),
            Some(_) | None => (text.value.as_str(), false),
        };
        let key = self.space_key(&Spanned::new(name.to_owned(), text.span.clone()))?.value;
        Some(Spanned::new(if live { Like::Live(key) } else { Like::Policy(key) }, text.span))
    }

    fn absent(&mut self, node: &YamlNode) -> Vec<Absent> {
        let items = self.list(node, "`absent`", "user:NAME").unwrap_or_default();
        let mut absent: Vec<Absent> =
            items.iter().filter_map(|item| self.absent_entry(item)).flatten().collect();
        self.repeated_principals(absent.iter().map(|absent| &absent.who), |policy, who| {
            format!("`{}`", policy.show(who))
        });
        absent.dedup_by(|second, first| second.who.value == first.who.value);
        absent
    }

    fn absent_entry(&mut self, node: &YamlNode) -> Option<Vec<Absent>> {
        let long = matches!(&node.kind, NodeKind::Map(pairs)
            if pairs.iter().any(|(key, _)| matches!(key.scalar(), Some("who" | "instead"))));
        if !long {
            let who = self.principals(node, &ANYWHERE)?;
            return Some(who.into_iter().map(|who| Absent { who, instead: None }).collect());
        }
        let fields = self.fields(node, "an entry of `absent`", keys::ABSENT)?;
        if fields.iter().all(|(key, _)| key.value != "who") {
            self.missing(
                "who",
                "this entry",
                &node.span,
                "add `who:` with the principal that holds nothing here",
            );
        }
        let (mut who, mut instead) = (None, None);
        for (key, node) in fields {
            if key.value == "who" {
                who = self.principals(node, &ANYWHERE);
            } else if self.is_set_for_one(node, "one principal takes the place") {
                return None;
            } else {
                instead = Some(self.party(node)?);
            }
        }
        let who = who?;
        if let Some(instead) = &instead {
            let same = |who: &&Spanned<Grantee>| who.value == Grantee::Named(instead.value.clone());
            if who.iter().any(|who| same(&who)) {
                self.takes_own_place(instead);
            }
            if let Some(unlisted) = who.iter().find(|who| named(&who.value).is_none()) {
                self.on_no_list(unlisted, instead);
            }
        }
        Some(who.into_iter().map(|who| Absent { who, instead: instead.clone() }).collect())
    }

    fn on_no_list(&mut self, who: &Spanned<Grantee>, instead: &Spanned<Named>) {
        let shown = self.policy.show(&who.value);
        self.report(
            Diagnostic::new(
                Code::InvalidValue,
                format!("`{shown}` is on no list of a page, so no principal can take its place there"),
            )
            .at(&instead.span, "")
            .at(&who.span, "takes no place")
            .help(format!("write `{shown}` alone, without `instead`")),
        );
    }

    fn replace(&mut self, node: &YamlNode) -> Vec<Replace> {
        let mut replaced: Vec<Replace> = Vec::new();
        let entries = self.entries(node, "`replace`").unwrap_or_default();
        if matches!(&node.kind, NodeKind::Map(pairs) if pairs.is_empty()) {
            self.report(
                Diagnostic::new(Code::EmptyEntry, "`replace` has no entries")
                    .at(&node.span, "")
                    .help("write `{group:OLD: group:NEW}`, or remove the key"),
            );
        }
        for (old, new) in entries {
            // A key is read as the scalar that it is.
            let old = YamlNode { span: old.span, kind: NodeKind::Scalar(old.value, Scalar::Text) };
            if self.is_set_for_one(new, "one principal takes the place") {
                continue;
            }
            let (Some(old), Some(new)) = (self.principals(&old, &PARTIES), self.party(new)) else {
                continue;
            };
            if old.iter().any(|old| old.value == new.value) {
                self.takes_own_place(&new);
            } else {
                replaced.extend(old.into_iter().map(|old| Replace { old, new: new.clone() }));
            }
        }
        replaced
    }

    fn takes_own_place(&mut self, who: &Spanned<Named>) {
        let shown = self.policy.show_named(&who.value);
        self.report(
            Diagnostic::new(Code::InvalidValue, format!("`{shown}` cannot replace itself"))
                .at(&who.span, "")
                .help("name another principal"),
        );
    }

    /// A person or a group, where classes and `anonymous` have no place.
    fn party(&mut self, node: &YamlNode) -> Option<Spanned<Named>> {
        let who = self.who(node)?;
        match who.value {
            Grantee::Named(named) => Some(Spanned::new(named, who.span)),
            Grantee::Class(_) | Grantee::Anonymous => {
                self.report(
                    Diagnostic::new(Code::InvalidValue, "this is for people and groups only")
                        .at(&who.span, "")
                        .help("classes and `anonymous` are on no list of a page; `absent: [anonymous]` takes their access"),
                );
                None
            }
        }
    }

    /// What each row of a file gives.
    fn rights(&mut self, node: &YamlNode) -> Vec<Spanned<Right>> {
        if let NodeKind::Map(_) = node.kind {
            let help = "with `from`, the rows say who: write only what they get, as in `access: read/space`";
            self.wrong_kind(node, "`access`", "a role or a permission", Some(help.to_owned()));
            return Vec::new();
        }
        let words = self.words(node, "`access`").unwrap_or_default();
        words.iter().filter_map(|word| self.right(word)).collect()
    }

    fn from(&mut self, node: &YamlNode) -> Option<csv::RowSource> {
        let fields = self.fields(node, "`from`", keys::FROM)?;
        for name in ["csv", "space", "type", "id"] {
            if fields.iter().all(|(key, _)| key.value != name) {
                let help = "write `{csv: owners.csv, space: SpaceKey, type: Type, id: OwnerId}` with the names of your columns";
                self.missing(name, "`from`", &node.span, help);
            }
        }
        let mut found: BTreeMap<&str, Spanned<String>> = BTreeMap::new();
        let mut types = None;
        for (key, node) in fields {
            if key.value == "types" {
                types = Some(self.row_types(node)?);
            } else {
                found.extend(self.text(node, &format!("`{}`", key.value)).map(|text| (key.value, text)));
            }
        }
        let delimiter = match found.remove("delimiter") {
            Some(text) => Some(self.delimiter(&text)?),
            None => None,
        };
        let (csv, space) = (found.remove("csv")?, found.remove("space")?);
        let (kind, id) = (found.remove("type")?, found.remove("id")?);
        for (first, second) in [(&space, &kind), (&space, &id), (&kind, &id)] {
            if first.value == second.value {
                self.report(
                    Diagnostic::new(
                        Code::InvalidValue,
                        format!("the column `{}` cannot be both", first.value),
                    )
                    .at(&second.span, "")
                    .at(&first.span, "named here")
                    .help("name three different columns for `space`, `type` and `id`"),
                );
                return None;
            }
        }
        Some(csv::RowSource { csv, space, kind, id, delimiter, types })
    }

    fn delimiter(&mut self, text: &Spanned<String>) -> Option<Delimiter> {
        let known = Delimiter::parse(&text.value);
        if known.is_none() {
            self.report(
                Diagnostic::new(Code::InvalidValue, format!("`{}` cannot separate columns", text.value))
                    .at(&text.span, "")
                    .help("write `\",\"`, `\";\"`, `\"|\"` or `tab`"),
            );
        }
        known
    }

    fn row_types(&mut self, node: &YamlNode) -> Option<Vec<RowType>> {
        let words = self.words(node, "`types`")?;
        let mut types = Vec::new();
        for word in &words {
            let help = match RowType::parse(&word.value) {
                Some(kind) if kind.names_a_subject() => {
                    types.push(kind);
                    continue;
                }
                Some(_) => {
                    "its rows name neither a person nor a group; write such access into the policy itself"
                }
                None => "write `user`, `group` or `guest`",
            };
            self.report(
                Diagnostic::new(
                    Code::InvalidValue,
                    format!("rows of the type `{}` cannot be used", word.value),
                )
                .at(&word.span, "")
                .help(help),
            );
        }
        (types.len() == words.len()).then_some(types)
    }

    fn rows(
        &mut self,
        from: &csv::RowSource,
        rights: &[Spanned<Right>],
        sources: &Sources,
    ) -> BTreeMap<SpaceKey, Vec<AccessLine>> {
        let name = &from.csv;
        let Some(path) = csv::locate(&name.span.file, &name.value) else {
            self.report(
                Diagnostic::new(
                    Code::CsvFile,
                    format!("`{}` is outside of the policy directory", name.value),
                )
                .at(&name.span, "")
                .help("keep the file in the repository beside this one, so that it is reviewed with it"),
            );
            return BTreeMap::new();
        };
        let Some((file, text)) = sources.entry(&path) else {
            self.report(
                Diagnostic::new(Code::CsvFile, format!("there is no file `{path}` in the policy directory"))
                    .at(&name.span, "")
                    .help("the path is relative to the folder of this file"),
            );
            return BTreeMap::new();
        };
        let account = |written: &str| {
            // Tables have many rows, and most name people by id.
            if !self.policy.people.contains_key(written) && is_account_id(written) {
                return written.parse().map_err(|_| Vec::new());
            }
            match self.policy.people_called(written).as_slice() {
                [(_, person)] => Ok(person.account.value.clone()),
                several => Err(several.iter().map(|(alias, _)| (*alias).to_owned()).collect()),
            }
        };
        let mut findings = Diagnostics::default();
        let rows = CsvTable { from, file: file.clone(), text, rights, account: &account }.read(&mut findings);
        self.findings.extend(findings);
        rows
    }

    /// Spaces that are like each other in a circle, and those that are like a space that the policy does not
    /// give anything in, as far as keys alone tell.
    pub(super) fn likes(&mut self) {
        let found = self.policy.like_findings(&|rule: &Rule, key: &SpaceKey| {
            rule.spaces.as_ref().is_some_and(|selector| selector.is_by_key() && selector.admits(key))
        });
        self.findings.extend(found);
    }
}
