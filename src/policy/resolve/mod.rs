//! From names to ids: what a policy asks for, on one particular site. Pure.
//!
//! Everything that cannot be resolved is reported, not only the first. What comes out names existing
//! things only and says for each which line of the policy asks for it.

mod access;
mod copies;
mod coverage;
mod guards;
mod identities;
mod joins;
mod leaving;
mod left;
mod lookup;
mod meaning;
mod misfits;
mod moments;
mod page_hints;
mod page_lists;
mod page_names;
mod page_only;
mod pages;
mod principals;
mod resolver;
mod selection;
mod share;
mod teams;
mod declaration;
mod declarations;

use std::collections::{BTreeMap, BTreeSet};

use super::ast::{Named, Policy, SpaceDef, UnlistedDef};
use super::csv;
use super::lock::Lock;
use super::mentions::Party;
use super::pages::{PageName, PageSelector};
use super::rules::Rule;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::model::{
    AccountId, ArchivedPages, ContentId, ContentReach, Desired, DesiredHolding, DesiredSpace, GroupId, Kept,
    Live, LiveSpace, PageLabel, Principal, Requested, Skipped, SkippedPart, SpaceKey, UnlistedPages,
};
use declaration::{Leaving, SpaceDeclaration};
use left::Left;
pub use lookup::Lookup;
pub use resolver::Context;
use resolver::Resolver;
use share::share;

/// What a policy asks of a site, and what is worth a look though it does not stand in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    pub desired: Desired,
    pub warnings: Diagnostics,
}

impl Resolved {
    /// What would stand in the way, were it not for files of teams and the spaces that are skipped for it.
    pub fn errors_of_teams(&self) -> Diagnostics {
        let is_one =
            |finding: &&Diagnostic| finding.code.severity() == Severity::Error && !finding.is_error();
        self.warnings.iter().filter(is_one).cloned().collect()
    }
}

/// Resolves all names of a policy. The error holds every finding, warnings included. Where only lines of a team are wrong,
/// the spaces that these are about are skipped.
///
/// The site must have been read as far as [`Policy::space_keys`], [`Policy::accounts`],
/// [`Policy::wants_pages`] and the list of groups go.
pub fn resolve(policy: &Policy, live: &Live, context: Context<'_>) -> Result<Resolved, Diagnostics> {
    let on_site = policy.on_site(context.lock, &live.listing);
    let ended = policy.ended(context.today, context.lock);
    let (policy, context) = (&*on_site.policy, Context { lock: &on_site.lock, ..context });
    let whole = resolution(policy, live, context, &ended);
    if !whole.findings.has_errors() {
        return Ok(whole.resolved());
    }
    match teams::without_errors_of_teams(&whole, policy, live, &|policy| {
        resolution(policy, live, context, &ended)
    }) {
        Some(rest) => Ok(rest.resolved()),
        None => Err(whole.resolved().warnings),
    }
}

/// What a policy asks of a site, and all findings.
struct Resolution {
    desired: Desired,
    findings: Diagnostics,
    /// The spaces that errors are about, as far as they are about some in particular.
    concerned: BTreeMap<Diagnostic, BTreeSet<SpaceKey>>,
}

impl Resolution {
    fn resolved(self) -> Resolved {
        Resolved { desired: self.desired, warnings: csv::fold(self.findings) }
    }
}

fn resolution(policy: &Policy, live: &Live, context: Context<'_>, ended: &Diagnostics) -> Resolution {
    let mut resolver = Resolver::new(policy, live, context);
    resolver.findings.extend(ended.iter().cloned());
    resolver.findings.extend(policy.foreign_links(&live.site));
    resolver.rekeyed();
    resolver.leave_patterns();
    resolver.identities();
    let mut desired = Desired::default();
    for (alias, person) in &policy.people {
        desired.aliases.entry(person.account.value.clone()).or_insert_with(|| alias.clone());
        desired.named.insert(person.account.value.clone());
    }
    for space in policy.spaces.values().filter(|space| policy.is_in_scope(&space.key.value)) {
        resolver.known_space(&space.key.value, &space.key.span);
    }
    let declarations = resolver.declarations();
    desired.guards = resolver.guards();
    desired.coverage =
        resolver.coverage(&declarations.keys().copied().chain(&policy.focus.without).collect());
    desired.archived_pages =
        policy.archived_pages.as_ref().map_or_else(ArchivedPages::default, |said| said.value);
    for (key, declaration) in declarations {
        resolver.space = Some(key.clone());
        if let Some(live) = live.spaces.get(key)
            && let Some(space) = resolver.space(&declaration, live)
        {
            desired.spaces.insert(key.clone(), space);
            desired.leavers.extend(declaration.leaving.iter().filter_map(Leaving::account).cloned());
            desired.named.extend(declaration.leaving.iter().filter_map(|leaving| match &leaving.who {
                Principal::User(account) => Some(account.clone()),
                Principal::Group(_) | Principal::Class(_) | Principal::Anonymous => None,
            }));
        }
    }
    resolver.space = None;
    resolver.report_emptied();
    let as_written = |skipped: Skipped| Skipped {
        space: skipped
            .space
            .map(|key| if policy.is_aside(&key) { policy.as_written(&key).clone() } else { key }),
        ..skipped
    };
    desired.skipped = greatest(std::mem::take(&mut resolver.skipped)).into_iter().map(as_written).collect();
    desired.share = share(policy, live);
    let Resolver { findings, concerned, .. } = resolver;
    Resolution { desired, findings, concerned }
}

/// Without the parts of what is skipped as a whole.
fn greatest(mut skipped: BTreeSet<Skipped>) -> BTreeSet<Skipped> {
    let whole = |skipped: &&Skipped| skipped.part == SkippedPart::Space;
    let spaces: BTreeSet<Option<SpaceKey>> =
        skipped.iter().filter(whole).map(|skipped| skipped.space.clone()).collect();
    skipped.retain(|skipped| skipped.part == SkippedPart::Space || !spaces.contains(&skipped.space));
    skipped
}

impl<'a> Resolver<'a> {
    /// How far what is asked of a space's content reaches.
    fn reach(&self, declaration: &SpaceDeclaration<'a>, live: &LiveSpace) -> ContentReach {
        let is_listed = declaration.leaving.iter().any(|leaving| leaving.subject().is_some());
        let takes_off = is_listed && self.policy.asks_about_pages(&live.space.key);
        let opens = declaration.own.is_some_and(|own| matches!(unlisted(own), UnlistedPages::Open(_)));
        let mut joining = declaration
            .own
            .iter()
            .map(|own| &own.restricted)
            .chain(declaration.joining.iter().map(|(_, it)| *it));
        if takes_off || opens || joining.any(|joining| !joining.is_empty()) {
            return ContentReach::Everything;
        }
        let entries = declaration.own.into_iter().flat_map(|own| &own.pages);
        entries.map(|entry| entry.pages.value.content_reach()).max().unwrap_or_default()
    }

    /// What is asked of a space; `None` if all of it is skipped. Its names are looked up in any case, so that what
    /// became of them is reported at once.
    fn space(&mut self, declaration: &SpaceDeclaration<'a>, live: &'a LiveSpace) -> Option<DesiredSpace> {
        if !self.is_meant(&live.space.key, declaration.span) {
            return None;
        }
        let page_only = match declaration.own {
            Some(own) => self.page_only(own, live),
            None => Some(Vec::new()),
        };
        let left = self.left(declaration, &live.space.key);
        self.left_and_named(declaration, &left);
        let mut kept = Kept { left: self.left_here(&left, live), ..Kept::default() };
        let holdings = self.given(declaration, live, &left, &mut kept);
        let (mut pages, mut joins, meant) =
            declaration.own.map(|own| self.pages(own, live, &mut kept)).unwrap_or_default();
        self.joins_of_space(declaration, live, &mut joins);
        self.unlist(declaration, live, &kept, &mut pages);
        Some(DesiredSpace {
            mode: declaration.mode(),
            origin: declaration.span.origin(),
            holdings,
            pages,
            joins,
            labels: declaration.own.map(|own| meant_by_label(own, &meant)).unwrap_or_default(),
            reach: self.reach(declaration, live),
            unlisted: declaration.own.map_or(UnlistedPages::Leave, unlisted),
            page_only: page_only?,
            requested: self.requested(declaration),
            watched: declaration.watched.clone(),
            never_at_once: self.never_at_once.get(&live.space.key).cloned().unwrap_or_default(),
            kept,
        })
    }

    /// What principals are to hold, less those who are left as they are.
    fn given(
        &mut self,
        declaration: &SpaceDeclaration<'a>,
        live: &'a LiveSpace,
        left: &Left<'a>,
        kept: &mut Kept,
    ) -> BTreeMap<Principal, DesiredHolding> {
        let mut holdings = self.holdings(declaration, live, kept);
        // What is copied from another space, no line says of them.
        holdings.retain(|who, _| self.left_by(left, who).is_none());
        holdings
    }

    /// The principals that lose something because a line names them for it.
    fn requested(&mut self, declaration: &SpaceDeclaration<'a>) -> Requested {
        let today = self.today;
        let leaving = declaration.leaving.iter().map(|leaving| leaving.who.clone());
        let mut requested = Requested { access: leaving.collect(), ..Requested::default() };
        let entries = declaration
            .lines
            .iter()
            .flat_map(declaration::DeclaredLine::who)
            .filter(|entry| entry.is_over(today));
        for entry in entries {
            requested.access.extend(self.principal(&entry.who).known());
        }
        for entry in declaration.listed().filter(|entry| entry.is_over(today)) {
            requested.lists.extend(self.subject(&entry.who.value, &entry.who.span).known());
        }
        requested
    }
}

/// The spaces of which all content must be read, because a principal is to be on no list there. Who holds what must
/// have been read; what is wrong with the policy is left to [`resolve`] to report.
pub fn whole_spaces(policy: &Policy, live: &Live, context: Context<'_>) -> BTreeSet<SpaceKey> {
    let selection = Resolver::new(policy, live, context).selection();
    let about_pages = selection.into_iter().filter(|(key, rules)| {
        policy.is_in_scope(key)
            && policy.asks_about_pages(key)
            && rules.iter().any(|rule| rule.is_about_pages())
    });
    about_pages.map(|(key, _)| key.clone()).collect()
}

/// What must be read of a site before a policy can be resolved.
impl Policy {
    /// The spaces that the policy names, in entries and in rules.
    pub fn space_keys(&self) -> impl Iterator<Item = &SpaceKey> {
        let named = self.rules.iter().flat_map(Rule::named_spaces);
        let keys: BTreeSet<&SpaceKey> = self.spaces.keys().chain(named).collect();
        keys.into_iter().filter(|key| self.is_in_scope(key))
    }

    /// The accounts that the policy mentions. Those that `people` defines and nothing uses are not in here.
    pub fn accounts(&self) -> BTreeSet<&AccountId> {
        self.mentions().filter_map(|mention| mention.who.account()).collect()
    }

    /// The names of the groups that the policy mentions, and the ids that it pins.
    pub fn groups(&self) -> (BTreeSet<&str>, BTreeSet<&GroupId>) {
        let names = self.mentions().filter_map(|mention| match mention.who {
            Party::Named(Named::Group(name)) => Some(name.as_str()),
            Party::Named(Named::User(_)) | Party::Class(_) | Party::Anonymous => None,
        });
        (names.collect(), self.groups.values().map(|pin| &pin.id.value).collect())
    }

    /// The labels of pages that are needed of a space.
    pub fn page_labels(&self, key: &SpaceKey) -> BTreeSet<PageLabel> {
        self.spaces.get(key).filter(|_| self.is_in_scope(key)).map(labels).unwrap_or_default()
    }

    /// Whether the page tree of a space is needed.
    pub fn wants_pages(&self, key: &SpaceKey) -> bool {
        self.is_in_scope(key)
            && (self.spaces.get(key).is_some_and(|space| !space.pages.is_empty())
                || self.decides_about_every_page(key)
                || self.joins_every_list(key))
    }

    /// Whether the entry of a space puts principals on every list that restricts something there.
    pub fn joins_every_list(&self, key: &SpaceKey) -> bool {
        self.spaces.get(key).is_some_and(|space| !space.restricted.is_empty())
    }

    /// Whether the policy decides about pages of a space that it does not name.
    pub fn decides_about_every_page(&self, key: &SpaceKey) -> bool {
        self.spaces.get(key).is_some_and(|space| !space.page_only.is_empty() || space.unlisted.is_some())
    }

    /// Whether the blog posts of a space are needed beside its tree, which has been read.
    pub fn wants_blogposts(&self, live: &LiveSpace) -> bool {
        let Some(space) = self.spaces.get(&live.space.key) else { return false };
        let is_post = |selector: &PageSelector| match selector {
            PageSelector::Page(PageName::Id(id)) => {
                live.tree.as_ref().is_some_and(|tree| tree.get(*id).is_none())
            }
            PageSelector::Page(name) => name.may_be_post(),
            PageSelector::Below { .. } | PageSelector::Labelled(_) => false,
        };
        self.decides_about_every_page(&live.space.key)
            || space.pages.iter().any(|entry| is_post(&entry.pages.value))
    }
}

/// The labels by which the entry of a space means pages.
fn labels(space: &SpaceDef) -> BTreeSet<PageLabel> {
    let labels = space.pages.iter().filter_map(|entry| match &entry.pages.value {
        PageSelector::Labelled(label) => Some(label.clone()),
        PageSelector::Page(_) | PageSelector::Below { .. } => None,
    });
    labels.collect()
}

/// The labels of an entry with the pages that it means by each.
fn meant_by_label(
    space: &SpaceDef,
    meant: &BTreeMap<PageLabel, BTreeSet<ContentId>>,
) -> BTreeMap<PageLabel, BTreeSet<ContentId>> {
    labels(space)
        .into_iter()
        .map(|label| {
            let pages = meant.get(&label).cloned().unwrap_or_default();
            (label, pages)
        })
        .collect()
}

fn unlisted(space: &SpaceDef) -> UnlistedPages {
    match &space.unlisted {
        Some(unlisted) if unlisted.value == UnlistedDef::Open => UnlistedPages::Open(unlisted.span.origin()),
        Some(_) | None => UnlistedPages::Leave,
    }
}

/// The pages of a space that the policy says something about, so that their lists can be read. Names that
/// match nothing, or too much, are left to [`resolve`] to report.
pub fn declared_pages(policy: &Policy, lock: &Lock, live: &LiveSpace) -> BTreeSet<ContentId> {
    let (Some(space), Some(tree)) = (policy.spaces.get(&live.space.key), &live.tree) else {
        return BTreeSet::new();
    };
    if policy.decides_about_every_page(&live.space.key) {
        return tree.iter().map(|content| content.id).collect();
    }
    space.pages.iter().flat_map(|entry| lock.reached(&entry.pages.value, live, tree)).collect()
}
