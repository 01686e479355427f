//! What is known while a policy is resolved, and what was found so far.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use jiff::civil::Date;

use crate::diagnostic::{Diagnostic, Diagnostics, Span};
use crate::model::{
    ContentId, GroupNames, Live, NeverAtOnce, Principal, Role, Skipped, SpaceKey, Subject, Vocabulary,
};
use crate::policy::ast::{Named, Policy, Right};
use crate::policy::lock::Lock;
use crate::policy::pages::PageSelector;
use crate::policy::roles::Bundle;

/// What resolving depends on beside the policy and the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Context<'a> {
    /// The day for which is decided what has ended.
    pub today: Date,
    /// What names meant when the policy was last planned.
    pub lock: &'a Lock,
}

/// Resolves names, space by space; each story of it has a file of its own.
pub(super) struct Resolver<'a> {
    pub(super) policy: &'a Policy,
    pub(super) live: &'a Live,
    pub(super) today: Date,
    pub(super) lock: &'a Lock,
    /// Whether the names come from a question or a test instead of an entry: nothing is skipped for them, and pages are
    /// named with their space.
    pub(super) is_question: bool,
    pub(super) groups: GroupNames<'a>,
    /// By name.
    pub(super) roles: BTreeMap<Cow<'a, str>, &'a Role>,
    pub(super) vocabulary: Vocabulary,
    pub(super) bundles: BTreeMap<Right, Rc<Bundle>>,
    /// What names of people and groups mean that mean one thing: each is looked up once, however often it is used.
    pub(super) known: HashMap<Named, Subject>,
    pub(super) emptied: Emptied,
    pub(super) strays: Vec<Stray<'a>>,
    /// By the name of a rule, the principals whose holdings decide which spaces it selects.
    pub(super) watched: BTreeMap<&'a str, BTreeSet<Principal>>,
    /// What would make rules select spaces for a moment only.
    pub(super) never_at_once: BTreeMap<SpaceKey, Vec<NeverAtOnce>>,
    /// Accounts and pinned groups that a warning has been given for.
    pub(super) warned: BTreeSet<Named>,
    /// Names of which has been said what became of them: as `--accept` takes them, and as the policy writes them.
    pub(super) reported: BTreeSet<(String, String)>,
    pub(super) skipped: BTreeSet<Skipped>,
    pub(super) findings: Diagnostics,
    /// The space that is being resolved.
    pub(super) space: Option<SpaceKey>,
    /// The spaces that errors are about, as far as they are about some in particular.
    pub(super) concerned: BTreeMap<Diagnostic, BTreeSet<SpaceKey>>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(policy: &'a Policy, live: &'a Live, context: Context<'a>) -> Self {
        let roles = live.roles.values().map(|role| (role.name.folded(), role)).collect();
        Self {
            policy,
            live,
            today: context.today,
            lock: context.lock,
            is_question: false,
            groups: live.directory.group_names(),
            roles,
            vocabulary: live.vocabulary(),
            bundles: BTreeMap::new(),
            known: HashMap::new(),
            emptied: Emptied::default(),
            strays: strays(policy, context.lock, live),
            watched: BTreeMap::new(),
            never_at_once: BTreeMap::new(),
            warned: BTreeSet::new(),
            reported: BTreeSet::new(),
            skipped: BTreeSet::new(),
            findings: Diagnostics::default(),
            space: None,
            concerned: BTreeMap::new(),
        }
    }

    pub(super) fn report(&mut self, finding: Diagnostic) {
        let space = self.space.clone();
        self.report_of(space, finding);
    }

    /// Reports something about some spaces.
    pub(super) fn report_of(&mut self, spaces: impl IntoIterator<Item = SpaceKey>, finding: Diagnostic) {
        let mut spaces = spaces.into_iter().peekable();
        if finding.is_error() && spaces.peek().is_some() {
            self.concerned.entry(finding.clone()).or_default().extend(spaces);
        }
        self.findings.push(finding);
    }
}

/// Lists that would be empty, by the entry that would empty them and the principal that it is about: a set stands for
/// several.
#[derive(Debug, Default)]
pub(super) struct Emptied(pub(super) BTreeMap<(Span, String), Vec<(SpaceKey, String)>>);

/// A page that an entry of a space means and that is not in that space, as far as it was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stray<'p> {
    pub(super) from: &'p SpaceKey,
    pub(super) page: ContentId,
    pub(super) selector: &'p PageSelector,
}

/// All of them; the lock knows the pages.
fn strays<'p>(policy: &'p Policy, lock: &Lock, live: &Live) -> Vec<Stray<'p>> {
    let mut strays = Vec::new();
    for space in policy.spaces.values() {
        let from = &space.key.value;
        let Some(known) = lock.pages.get(from) else { continue };
        let tree = live.spaces.get(from).and_then(|space| space.tree.as_ref());
        for entry in space.pages.iter().filter(|entry| entry.decides()) {
            let selector = &entry.pages.value;
            let page = selector.anchor().and_then(|name| known.get(name)).map(|page| page.value);
            let is_there = |page: &ContentId| tree.is_some_and(|tree| tree.get(*page).is_some());
            strays.extend(page.filter(|page| !is_there(page)).map(|page| Stray { from, page, selector }));
        }
    }
    strays
}
