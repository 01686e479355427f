//! Which spaces a rule is about, and lists of keys and words.

use super::{Reader, meant};
use crate::diagnostic::{Code, Diagnostic, Spanned, did_you_mean};
use crate::model::{SpaceKind, SpaceStatus};
use crate::policy::keys;
use crate::policy::rules::{Condition, KeyPattern, SelectedType, Selector};
use crate::policy::yaml::{NodeKind, YamlNode};

const TYPES: [&str; 8] = [
    "team",
    "global",
    "personal",
    "collaboration",
    "knowledge_base",
    "system",
    "onboarding",
    "xflow_sample_space",
];
const STATUSES: [(&str, SpaceStatus); 2] =
    [("current", SpaceStatus::Current), ("archived", SpaceStatus::Archived)];

impl Reader {
    /// `[DOCS, ENG]`, or a mapping.
    pub(super) fn selector(&mut self, node: &YamlNode) -> Option<Selector> {
        let span = node.span.clone();
        let mut selector = Selector {
            span,
            keys: Vec::new(),
            types: Vec::new(),
            labels: Vec::new(),
            status: None,
            conditions: Vec::new(),
            not: Vec::new(),
        };
        if let NodeKind::List(_) = node.kind {
            selector.keys = self.key_patterns(node, "`spaces`")?;
            return Some(selector);
        }
        let fields = self.fields(node, "`spaces`", keys::SELECTOR)?;
        let mut whole = true;
        for (key, node) in fields {
            let what = format!("`{}`", key.value);
            match key.value {
                "key" => selector.keys = self.key_patterns(node, &what)?,
                "not" => selector.not = self.key_patterns(node, &what)?,
                "type" => {
                    selector.types = self.words(node, &what)?.iter().map(|word| self.kind(word)).collect();
                }
                "label" => selector.labels = self.words(node, &what)?,
                "status" => {
                    selector.status = self.status(node);
                    whole &= selector.status.is_some();
                }
                _ => selector.conditions = self.conditions(node)?,
            }
        }
        if selector.keys.is_empty() {
            selector.keys.push(Spanned::new(KeyPattern::Glob("*".to_owned()), selector.span.clone()));
        }
        whole.then_some(selector)
    }

    /// A list, or one thing that stands for a list of one.
    fn one_or_many<'n>(&mut self, node: &'n YamlNode, what: &str, item: &str) -> Option<&'n [YamlNode]> {
        match &node.kind {
            NodeKind::Scalar(..) => Some(std::slice::from_ref(node)),
            NodeKind::Null | NodeKind::List(_) | NodeKind::Map(_) => self.list(node, what, item),
        }
    }

    pub(super) fn words(&mut self, node: &YamlNode, what: &str) -> Option<Vec<Spanned<String>>> {
        let items = self.one_or_many(node, what, "NAME")?;
        let words: Vec<Spanned<String>> = items.iter().filter_map(|item| self.text(item, what)).collect();
        self.repeated(&words, |_, word| format!("`{word}`"));
        (words.len() == items.len()).then_some(words)
    }

    pub(super) fn key_patterns(&mut self, node: &YamlNode, what: &str) -> Option<Vec<Spanned<KeyPattern>>> {
        let items = self.one_or_many(node, what, "ENG")?;
        let mut patterns = Vec::new();
        for item in items {
            let Some(text) = self.text(item, what) else { continue };
            if text.value.contains(['*', '?']) {
                patterns.push(text.map(KeyPattern::Glob));
            } else if let Some(key) = self.space_key(&text) {
                patterns.push(key.map(KeyPattern::Exact));
            }
        }
        self.repeated(&patterns, |_, pattern| format!("`{pattern}`"));
        (patterns.len() == items.len()).then_some(patterns)
    }

    fn status(&mut self, node: &YamlNode) -> Option<SpaceStatus> {
        let text = self.text(node, "`status`")?;
        let status = STATUSES.into_iter().find(|(name, _)| *name == text.value).map(|(_, status)| status);
        if status.is_none() {
            let help = meant(did_you_mean(&text.value, STATUSES.iter().map(|(name, _)| *name)))
                .unwrap_or_else(|| "a space is `current` or `archived`".to_owned());
            self.report(
                Diagnostic::new(Code::InvalidValue, format!("there is no status `{}`", text.value))
                    .at(&text.span, "")
                    .help(help),
            );
        }
        status
    }

    /// Atlassian adds types from time to time, so a strange word counts unless it looks like a typing error.
    fn kind(&mut self, word: &Spanned<String>) -> SelectedType {
        SelectedType::Kind(match word.value.as_str() {
            "team" => return SelectedType::Team,
            "global" => SpaceKind::Global,
            "personal" => SpaceKind::Personal,
            "collaboration" => SpaceKind::Collaboration,
            "knowledge_base" => SpaceKind::KnowledgeBase,
            other => {
                if let Some(near) = did_you_mean(other, TYPES).filter(|near| *near != other) {
                    self.report(
                        Diagnostic::new(Code::InvalidValue, format!("there is no type of space `{other}`"))
                            .at(&word.span, "")
                            .help(format!("did you mean `{near}`?")),
                    );
                }
                SpaceKind::Other(other.into())
            }
        })
    }

    fn conditions(&mut self, node: &YamlNode) -> Option<Vec<Condition>> {
        let items = match &node.kind {
            NodeKind::Map(_) => std::slice::from_ref(node),
            NodeKind::Null | NodeKind::Scalar(..) | NodeKind::List(_) => {
                self.list(node, "`where`", "{who: group:NAME, has: read/space}")?
            }
        };
        let conditions: Vec<Condition> = items.iter().filter_map(|item| self.condition(item)).collect();
        (conditions.len() == items.len()).then_some(conditions)
    }

    fn condition(&mut self, node: &YamlNode) -> Option<Condition> {
        let fields = self.fields(node, "`where`", keys::CONDITION)?;
        for name in keys::names(keys::CONDITION) {
            if fields.iter().all(|(key, _)| key.value != name) {
                let help = "write `{who: group:NAME, has: read/space}`: who must hold what in the space";
                self.missing(name, "this condition", &node.span, help);
            }
        }
        let (mut who, mut has) = (None, None);
        for (key, node) in fields {
            if key.value == "who" {
                let why = "it would not say whether one of them is enough or all must hold it";
                who = if self.is_set_for_one(node, why) { None } else { self.who(node) };
            } else if let Some(text) = self.text(node, "`has`") {
                has = self.right(&text);
            }
        }
        Some(Condition { who: who?, has: has? })
    }
}
