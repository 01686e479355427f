//! The `tests` section. The tests are read here and evaluated by the access engine.

use super::Reader;
use super::sets::{ANYWHERE, set_name};
use crate::diagnostic::{Code, Diagnostic, Spanned};
use crate::policy::ast::{AccessTest, Expectation, Grantee, OnlyThese, TestTarget, TestVerb};
use crate::policy::keys;
use crate::policy::pages::{Link, PageSelector};
use crate::policy::yaml::{NodeKind, YamlNode};

impl Reader {
    pub(super) fn access_tests(&mut self, node: &YamlNode) {
        let NodeKind::List(items) = &node.kind else {
            let help = "begin each test with `- name: …`".to_owned();
            self.wrong_kind(node, "`tests`", "a list", Some(help));
            return;
        };
        for item in items {
            let Some(tests) = self.access_test(item) else { continue };
            for test in tests {
                self.add_test(test);
            }
        }
    }

    fn add_test(&mut self, test: AccessTest) {
        let first = self.policy.tests.iter().find(|earlier| earlier.name.value == test.name.value);
        if let Some(first) = first.map(|first| first.name.span.clone()) {
            self.twice(&format!("the test \"{}\"", test.name.value), &first, &test.name.span);
        } else {
            self.policy.tests.push(test);
        }
    }

    /// A test about a set is one about each of its members.
    fn access_test(&mut self, node: &YamlNode) -> Option<Vec<AccessTest>> {
        let fields = self.fields(node, "a test", keys::TEST)?;
        let has = |name| fields.iter().any(|(key, _)| key.value == name);
        let asks = has("can") || has("cannot");
        let wanted = [
            ("name", "add `name:` with what the test promises", true),
            ("who", "add `who:` with one principal, as in `who: group:NAME`", asks || !has("only")),
        ];
        for (key, help, is_needed) in wanted {
            if is_needed && !has(key) {
                self.missing(key, "this test", &node.span, help);
            }
        }
        if !asks && !has("only") {
            self.report(
                Diagnostic::new(Code::EmptyEntry, "this test expects nothing")
                    .at(&node.span, "")
                    .help(
                        "add `can:` or `cannot:`, as in `can: {view: [ENG/Runbooks]}`, or `only:`, as in `only: {view: \
                         {ENG/Runbooks: [group:NAME]}}`",
                    ),
            );
        }
        let (mut is_set, mut who_span) = (false, None);
        let (mut name, mut who, mut can, mut cannot) = (None, None, Vec::new(), Vec::new());
        let mut only = Vec::new();
        for (key, node) in fields {
            match key.value {
                "name" => name = self.text(node, "`name`"),
                "who" => {
                    is_set = set_name(node).is_some();
                    who_span = Some(node.span.clone());
                    who = self.principals(node, &ANYWHERE);
                }
                "can" => can = self.expectations("`can`", node),
                "only" => only = self.only(node),
                _ => cannot = self.expectations("`cannot`", node),
            }
        }
        let is_about_one = asks || who.is_some();
        if let (Some(span), false) = (&who_span, asks) {
            self.report(
                Diagnostic::new(
                    Code::EmptyEntry,
                    "`who` says nothing beside `only`, which is about everyone",
                )
                .at(span, "")
                .help("add `can:` or `cannot:` for them, or remove `who`"),
            );
        }
        let name = name?;
        let mut tests: Vec<AccessTest> = Vec::new();
        if is_about_one {
            let of = |who: Spanned<Grantee>| {
                let called = if is_set {
                    format!("{}: {}", name.value, self.policy.show(&who.value))
                } else {
                    name.value.clone()
                };
                let name = Spanned::new(called, name.span.clone());
                AccessTest {
                    name,
                    who: Some(who),
                    can: can.clone(),
                    cannot: cannot.clone(),
                    only: Vec::new(),
                }
            };
            tests.extend(who?.into_iter().map(of));
        }
        // What only some can do is said once, whatever the rest of the test is about.
        match tests.first_mut() {
            Some(test) if !is_set => test.only = only,
            _ if !only.is_empty() => {
                tests.push(AccessTest { name, who: None, can: Vec::new(), cannot: Vec::new(), only });
            }
            _ => {}
        }
        Some(tests)
    }

    /// `{view: {FIN/Budgets/**: [group:finance]}}`: these can, and all others cannot.
    fn only(&mut self, node: &YamlNode) -> Vec<OnlyThese> {
        let mut found = Vec::new();
        for (key, node) in self.entries(node, "`only`").unwrap_or_default() {
            let verb = self.verb(&key, "`only`");
            for (written, node) in self.entries(node, &format!("`{}`", key.value)).unwrap_or_default() {
                let target = self.target(&written);
                let items =
                    self.list(node, &format!("`{}`", written.value), "group:NAME").unwrap_or_default();
                let read: Vec<Option<Vec<Spanned<Grantee>>>> =
                    items.iter().map(|item| self.principals(item, &ANYWHERE)).collect();
                let who = read.into_iter().collect::<Option<Vec<_>>>().map(|who| who.concat());
                let who = who.filter(|who| !who.is_empty());
                if let (Some(verb), Some(target), Some(who)) = (&verb, target, who) {
                    found.push(OnlyThese { verb: verb.clone(), target, who });
                }
            }
        }
        found
    }

    fn verb(&mut self, key: &Spanned<String>, what: &str) -> Option<Spanned<TestVerb>> {
        let verb = TestVerb::ALL.into_iter().find(|verb| verb.as_str() == key.value);
        if verb.is_none() {
            self.unknown_key(key, what, TestVerb::ALL.map(TestVerb::as_str).into_iter());
        }
        Some(Spanned::new(verb?, key.span.clone()))
    }

    fn expectations(&mut self, what: &str, node: &YamlNode) -> Vec<Expectation> {
        let mut expectations = Vec::new();
        for (key, node) in self.entries(node, what).unwrap_or_default() {
            let verb = self.verb(&key, what);
            let items = self.list(node, &format!("`{}`", key.value), "ENG/Runbooks").unwrap_or_default();
            let targets: Vec<Spanned<TestTarget>> =
                items.iter().filter_map(|item| self.target_node(item)).collect();
            self.repeated(&targets, |_, target| format!("`{target}`"));
            if let Some(verb) = verb {
                expectations.push(Expectation { verb, targets });
            }
        }
        expectations
    }

    /// `**`, `ENG`, `ENG/Title/Title`, `ENG/Title/**`, `ENG/id:1002`, `ENG/blog:Title`, the address of a page.
    fn target_node(&mut self, node: &YamlNode) -> Option<Spanned<TestTarget>> {
        let text = self.text(node, "an entry of this list")?;
        self.target(&text)
    }

    fn target(&mut self, text: &Spanned<String>) -> Option<Spanned<TestTarget>> {
        let target = match text.value.split_once('/') {
            _ if text.value == "**" => TestTarget::Everything,
            _ if Link::parse(&text.value).is_some() => return self.linked_target(text),
            None => TestTarget::Space(self.space_key(text)?.value),
            Some((key, path)) => {
                let key = self.space_key(&Spanned::new(key.to_owned(), text.span.clone()))?.value;
                let parsed = PageSelector::in_space(path);
                let pages = self.page_selector(text, &key, parsed)?.value;
                TestTarget::Pages(key, pages)
            }
        };
        Some(Spanned::new(target, text.span.clone()))
    }

    /// The address of a page. Beside a verb nothing else says in which space the page is.
    fn linked_target(&mut self, text: &Spanned<String>) -> Option<Spanned<TestTarget>> {
        if let Some(Ok(Link { space: Some(key), .. })) = Link::parse(&text.value) {
            let pages = self.page_selector(text, &key, text.value.parse())?.value;
            return Some(Spanned::new(TestTarget::Pages(key, pages), text.span.clone()));
        }
        self.report(
            Diagnostic::new(Code::InvalidPages, "this address does not tell a page and its space")
                .at(&text.span, "")
                .help("write `KEY/id:NUMBER`, with the key of the space and the number of the page"),
        );
        None
    }
}
