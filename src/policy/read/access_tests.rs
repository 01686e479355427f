//! The `tests` section. The tests are read here and evaluated by the access engine.

use super::Reader;
use super::sets::{ANYWHERE, set_name};
use crate::diagnostic::{Code, Diagnostic, Spanned};
use crate::policy::ast::{AccessTest, Expectation, TestTarget, TestVerb, Who};
use crate::policy::keys;
use crate::policy::pages::{Link, PageSelector};
use crate::policy::yaml::{Node, NodeKind};

impl Reader {
    pub(super) fn access_tests(&mut self, node: &Node) {
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
    fn access_test(&mut self, node: &Node) -> Option<Vec<AccessTest>> {
        let fields = self.fields(node, "a test", keys::TEST)?;
        let has = |name| fields.iter().any(|(key, _)| key.value == name);
        for (key, help) in [
            ("name", "add `name:` with what the test promises"),
            ("who", "add `who:` with one principal, as in `who: group:NAME`"),
        ] {
            if !has(key) {
                self.missing(key, "this test", &node.span, help);
            }
        }
        if !has("can") && !has("cannot") {
            self.report(
                Diagnostic::new(Code::EmptyEntry, "this test expects nothing")
                    .at(&node.span, "")
                    .help("add `can:` or `cannot:`, as in `can: {view: [ENG/Runbooks]}`"),
            );
        }
        let mut is_set = false;
        let (mut name, mut who, mut can, mut cannot) = (None, None, Vec::new(), Vec::new());
        for (key, node) in fields {
            match key.value {
                "name" => name = self.text(node, "`name`"),
                "who" => {
                    is_set = set_name(node).is_some();
                    who = self.principals(node, &ANYWHERE);
                }
                "can" => can = self.expectations("`can`", node),
                _ => cannot = self.expectations("`cannot`", node),
            }
        }
        let (name, who) = (name?, who?);
        let of = |who: Spanned<Who>| {
            let called = if is_set {
                format!("{}: {}", name.value, self.policy.show(&who.value))
            } else {
                name.value.clone()
            };
            let name = Spanned::new(called, name.span.clone());
            AccessTest { name, who, can: can.clone(), cannot: cannot.clone() }
        };
        Some(who.into_iter().map(of).collect())
    }

    fn expectations(&mut self, what: &str, node: &Node) -> Vec<Expectation> {
        let mut expectations = Vec::new();
        for (key, node) in self.entries(node, what).unwrap_or_default() {
            let verb = TestVerb::ALL.into_iter().find(|verb| verb.as_str() == key.value);
            if verb.is_none() {
                self.unknown_key(&key, what, TestVerb::ALL.map(TestVerb::as_str).into_iter());
            }
            let items = self.list(node, &format!("`{}`", key.value), "ENG/Runbooks").unwrap_or_default();
            let targets: Vec<Spanned<TestTarget>> =
                items.iter().filter_map(|item| self.target(item)).collect();
            self.repeated(&targets, |_, target| format!("`{target}`"));
            if let Some(verb) = verb {
                expectations.push(Expectation { verb: Spanned::new(verb, key.span), targets });
            }
        }
        expectations
    }

    /// `**`, `ENG`, `ENG/Title/Title`, `ENG/Title/**`, `ENG/id:1002`, `ENG/blog:Title`, the address of a page.
    fn target(&mut self, node: &Node) -> Option<Spanned<TestTarget>> {
        let text = self.text(node, "an entry of this list")?;
        let target = match text.value.split_once('/') {
            _ if text.value == "**" => TestTarget::Everything,
            _ if Link::parse(&text.value).is_some() => return self.linked_target(&text),
            None => TestTarget::Space(self.space_key(&text)?.value),
            Some((key, path)) => {
                let key = self.space_key(&Spanned::new(key.to_owned(), text.span.clone()))?.value;
                let parsed = PageSelector::in_space(path);
                let pages = self.page_selector(&text, &key, parsed)?.value;
                TestTarget::Pages(key, pages)
            }
        };
        Some(Spanned::new(target, text.span))
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
