//! From the access tests of a policy to single checks: one asker, one verb, one object each.

use std::collections::BTreeSet;

use crate::access::{Asker, Object, Verb};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, Spanned};
use crate::model::{AccessClass, Live, LiveSpace, Permission, SpaceKey, Tree};
use crate::policy::lock::Lock;
use crate::policy::{
    AccessTest, Context, Expectation, Lookup, PageSelector, Policy, TestTarget, TestVerb, Who,
};

use super::subject::asker_of;

/// One thing that a test promises.
pub(super) struct AccessCheck<'p> {
    /// The number of the test.
    pub(super) test: usize,
    pub(super) asker: Asker,
    pub(super) verb: Verb,
    pub(super) object: Object,
    /// Whether they should be able to.
    pub(super) expected: bool,
    pub(super) span: &'p Span,
}

/// All checks of all tests, in their order, and what is skipped since its name is lost; or everything in the tests
/// that the site does not have.
pub(super) fn checks<'p: 'l, 'l>(
    policy: &'p Policy,
    live: &'l Live,
    context: Context<'l>,
) -> Result<(Vec<AccessCheck<'p>>, Diagnostics), Diagnostics> {
    let mut making = Making {
        policy,
        live,
        lock: context.lock,
        lookup: Lookup::new(policy, live, context),
        checks: Vec::new(),
        findings: Diagnostics::default(),
    };
    for (number, test) in policy.tests.iter().enumerate() {
        making.test(number, test);
    }
    making.findings.extend(policy.foreign_links(&live.site));
    if making.findings.has_errors() { Err(making.findings) } else { Ok((making.checks, making.findings)) }
}

struct Making<'p, 'l> {
    policy: &'p Policy,
    live: &'l Live,
    lock: &'l Lock,
    lookup: Lookup<'l>,
    checks: Vec<AccessCheck<'p>>,
    findings: Diagnostics,
}

impl<'p, 'l> Making<'p, 'l> {
    fn test(&mut self, number: usize, test: &'p AccessTest) {
        let asker = self.asker(&test.who);
        for (expected, expectations) in [(true, &test.can), (false, &test.cannot)] {
            for Expectation { verb, targets } in expectations {
                for target in targets {
                    let objects = self.objects(verb.value, target);
                    let Some(asker) = &asker else { continue };
                    self.checks.extend(objects.into_iter().map(|object| AccessCheck {
                        test: number,
                        asker: asker.clone(),
                        verb: on_site(verb.value),
                        object,
                        expected,
                        span: &target.span,
                    }));
                }
            }
        }
    }

    fn asker(&mut self, who: &Spanned<Who>) -> Option<Asker> {
        match &who.value {
            Who::Anonymous => Some(Asker::Anonymous),
            Who::Class(AccessClass::AllLicensedUsers) => Some(Asker::Stranger { groups: BTreeSet::new() }),
            Who::Class(class) => {
                self.findings.push(
                    Diagnostic::new(
                        Code::InvalidPrincipal,
                        format!("`class:{class}` cannot be tested: its members can do different things"),
                    )
                    .at(&who.span, "")
                    .help("test a person, a group, `class:all-licensed-users` or `anonymous`"),
                );
                None
            }
            Who::Named(named) => {
                let subject = self.lookup.subject(named, &who.span);
                self.known(subject).map(asker_of)
            }
        }
    }

    fn objects(&mut self, verb: TestVerb, target: &'p Spanned<TestTarget>) -> Vec<Object> {
        match &target.value {
            TestTarget::Everything => self
                .policy
                .space_keys()
                .filter_map(|key| self.live.spaces.get(key))
                .flat_map(|space| everything(verb, space))
                .collect(),
            TestTarget::Space(key) => self.space(key, &target.span).map(whole).into_iter().collect(),
            TestTarget::Pages(key, selector) => {
                let Some(space) = self.space(key, &target.span) else { return Vec::new() };
                if verb.is_about_spaces() {
                    return vec![whole(space)];
                }
                let nothing = Tree::default();
                let tree = space.tree.as_ref().unwrap_or(&nothing);
                let pages = self.lock.reached(selector, space, tree);
                if pages.is_empty() {
                    self.no_page(selector, space, tree, &target.span);
                }
                pages.into_iter().map(|page| Object::Content(key.clone(), page)).collect()
            }
        }
    }

    fn space(&mut self, key: &SpaceKey, span: &Span) -> Option<&'l LiveSpace> {
        let space = self.lookup.space(key, span);
        self.known(space)
    }

    /// A pattern may match nothing yet; a page that is named must be there, and so must what a pattern hangs under.
    fn no_page(&mut self, selector: &PageSelector, space: &LiveSpace, tree: &Tree, span: &Span) {
        let Some(name) = selector.anchor() else { return };
        let selector = Spanned::new(selector.clone(), span.clone());
        let page = self.lookup.page(name, &selector, space, tree);
        self.known(page);
    }

    /// What a name means; what does not mean one thing is reported.
    fn known<T>(&mut self, found: Result<T, Diagnostics>) -> Option<T> {
        found.map_err(|findings| self.findings.extend(findings)).ok()
    }
}

fn everything(verb: TestVerb, space: &LiveSpace) -> Vec<Object> {
    if verb.is_about_spaces() {
        return vec![whole(space)];
    }
    let pages = space.tree.iter().flat_map(Tree::iter);
    pages.map(|page| Object::Content(space.space.key.clone(), page.id)).collect()
}

fn whole(space: &LiveSpace) -> Object {
    Object::Space(space.space.key.clone())
}

const fn on_site(verb: TestVerb) -> Verb {
    match verb {
        TestVerb::View => Verb::View,
        TestVerb::Comment => Verb::Comment,
        TestVerb::Edit => Verb::Edit,
        TestVerb::Attach => Verb::Attach,
        TestVerb::Delete => Verb::Delete,
        TestVerb::Restrict => Verb::Restrict,
        TestVerb::Export => Verb::Space(Permission::ExportSpace),
        TestVerb::Administer => Verb::Space(Permission::AdministerSpace),
    }
}
