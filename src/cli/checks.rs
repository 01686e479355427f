//! From the access tests of a policy to single checks: one asker, one verb, one object each.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{Asker, ContentVerb, Engine, Object, Reason, Verb};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span, Spanned};
use crate::model::{AccessClass, ContentId, Live, LiveSpace, Permission, Principal, SpaceKey, Tree};
use crate::policy::lock::Lock;
use crate::policy::{
    AccessTest, Context, Expectation, Grantee, Lookup, OnlyThese, PageSelector, Policy, TestTarget, TestVerb,
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
    /// Why it is not known whether the asker is one of those who may after all.
    pub(super) doubts: BTreeSet<Reason>,
}

/// What only some may do, before it is known who else can.
pub(super) struct OnlyCheck<'p> {
    /// The number of the test.
    pub(super) test: usize,
    pub(super) verb: Verb,
    pub(super) objects: Vec<Object>,
    pub(super) allowed: BTreeMap<Principal, &'p Span>,
    pub(super) span: &'p Span,
}

impl<'p> OnlyCheck<'p> {
    /// What it comes to, as checks. Of each group that is named one member can, or else the group is asked about as a
    /// whole. All others cannot: visitors, licensed users in no group, and all who may be able to by what is known. Of
    /// pages about which the same lists decide, the first stands for all.
    pub(super) fn checks(&self, engine: &Engine<'_>) -> Vec<AccessCheck<'p>> {
        let mut checks = Vec::new();
        let doubts = engine.unread_members(self.allowed.keys());
        for object in self.one_of_each(engine) {
            let check = |asker, expected, span| AccessCheck {
                test: self.test,
                asker,
                verb: self.verb,
                object: object.clone(),
                expected,
                span,
                doubts: BTreeSet::new(),
            };
            for (principal, span) in &self.allowed {
                let asker = match principal {
                    Principal::User(account) => Asker::Person(account.clone()),
                    Principal::Group(group) => engine
                        .member_who_can(group, self.verb, &object)
                        .map_or_else(|| Asker::Group(group.clone()), Asker::Person),
                    Principal::Anonymous => Asker::Anonymous,
                    Principal::Class(_) => Asker::Stranger,
                };
                checks.push(check(asker, true, *span));
            }
            let mut askers = BTreeSet::from([Asker::Anonymous, Asker::Stranger]);
            askers.retain(|asker| !self.allowed.contains_key(&asker.counts_as()));
            let allowed = self.allowed.keys().cloned().collect();
            askers.extend(engine.others_who_can(self.verb, &object, &allowed));
            checks.extend(askers.into_iter().map(|asker| {
                let doubts = if asker.account().is_some() { doubts.clone() } else { BTreeSet::new() };
                AccessCheck { doubts, ..check(asker, false, self.span) }
            }));
        }
        checks
    }

    fn one_of_each(&self, engine: &Engine<'_>) -> Vec<Object> {
        let mut pages: BTreeMap<&SpaceKey, BTreeSet<ContentId>> = BTreeMap::new();
        let mut objects = Vec::new();
        for object in &self.objects {
            match object {
                Object::Space(_) => objects.push(object.clone()),
                Object::Content(key, content) => drop(pages.entry(key).or_default().insert(*content)),
            }
        }
        for (key, contents) in pages {
            let alike = engine.alike(key, &contents).into_iter();
            objects.extend(alike.map(|alike| Object::Content(key.clone(), alike[0])));
        }
        objects
    }
}

/// All checks of all tests, in their order, and what is skipped since its name is lost; or everything in the tests
/// that the site does not have.
pub(super) fn checks<'p: 'l, 'l>(
    policy: &'p Policy,
    live: &'l Live,
    context: Context<'l>,
) -> Result<TestQuestions<'p>, Diagnostics> {
    let mut making = Making {
        policy,
        live,
        lock: context.lock,
        lookup: Lookup::new(policy, live, context),
        found: TestQuestions { checks: Vec::new(), only: Vec::new(), skipped: Diagnostics::default() },
    };
    for (number, test) in policy.tests.iter().enumerate() {
        making.test(number, test);
    }
    let mut found = making.found;
    found.skipped.extend(policy.foreign_links(&live.site));
    if found.skipped.has_errors() { Err(found.skipped) } else { Ok(found) }
}

/// What the tests of a policy ask.
pub(super) struct TestQuestions<'p> {
    pub(super) checks: Vec<AccessCheck<'p>>,
    pub(super) only: Vec<OnlyCheck<'p>>,
    pub(super) skipped: Diagnostics,
}

struct Making<'p, 'l> {
    policy: &'p Policy,
    live: &'l Live,
    lock: &'l Lock,
    lookup: Lookup<'l>,
    found: TestQuestions<'p>,
}

impl<'p, 'l> Making<'p, 'l> {
    fn test(&mut self, number: usize, test: &'p AccessTest) {
        let asker = test.who.as_ref().and_then(|who| self.asker(who));
        for (expected, expectations) in [(true, &test.can), (false, &test.cannot)] {
            for Expectation { verb, targets } in expectations {
                for target in targets {
                    let objects = self.objects(verb.value, target);
                    let Some(asker) = &asker else { continue };
                    self.found.checks.extend(objects.into_iter().map(|object| AccessCheck {
                        test: number,
                        asker: asker.clone(),
                        verb: on_site(verb.value),
                        object,
                        expected,
                        span: &target.span,
                        doubts: BTreeSet::new(),
                    }));
                }
            }
        }
        for only in &test.only {
            self.only(number, only);
        }
    }

    fn only(&mut self, number: usize, only: &'p OnlyThese) {
        let objects = self.objects(only.verb.value, &only.target);
        let verb = on_site(only.verb.value);
        let mut allowed = BTreeMap::new();
        for who in &only.who {
            let Some(asker) = self.asker(who) else { continue };
            allowed.insert(asker.counts_as(), &who.span);
        }
        self.found.only.push(OnlyCheck { test: number, verb, objects, allowed, span: &only.target.span });
    }

    fn asker(&mut self, who: &Spanned<Grantee>) -> Option<Asker> {
        match &who.value {
            Grantee::Anonymous => Some(Asker::Anonymous),
            Grantee::Class(AccessClass::AllLicensedUsers) => Some(Asker::Stranger),
            Grantee::Class(class) => {
                self.found.skipped.push(
                    Diagnostic::new(
                        Code::InvalidPrincipal,
                        format!("`class:{class}` cannot be tested: its members can do different things"),
                    )
                    .at(&who.span, "")
                    .help("test a person, a group, `class:all-licensed-users` or `anonymous`"),
                );
                None
            }
            Grantee::Named(named) => {
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
        found.map_err(|findings| self.found.skipped.extend(findings)).ok()
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
        TestVerb::View => Verb::On(ContentVerb::View),
        TestVerb::Comment => Verb::On(ContentVerb::Comment),
        TestVerb::Edit => Verb::On(ContentVerb::Edit),
        TestVerb::Attach => Verb::On(ContentVerb::Attach),
        TestVerb::Delete => Verb::On(ContentVerb::Delete),
        TestVerb::Restrict => Verb::On(ContentVerb::Restrict),
        TestVerb::Export => Verb::Space(Permission::ExportSpace),
        TestVerb::Administer => Verb::Space(Permission::AdministerSpace),
    }
}
