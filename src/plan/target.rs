//! What the site shall be: the policy's wishes, and everything that is not ours to change.
//!
//! Apps, the caller's own access, and what an additive space does not mention are copied from the live
//! site into the target before anything is compared. Every such copy is counted with its reason.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{
    AccountId, AccountKind, Audience, Content, ContentId, Desired, DesiredHolding, DesiredPage, DesiredSpace,
    Directory, Gap, GrantId, Holding, Known, Live, LiveSpace, Mode, PageVerb, Permission, Principal,
    Restrictions, RoleId, Site, SpaceKey, SpaceRoleMode, Strength, Subject, Terms, Tree, UnlistedPages,
    Vocabulary, Wanted,
};

use super::change::Reason;
use super::page_only::{self, Compiled, Ground};

/// The state to reach, for everything that a plan may touch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub spaces: BTreeMap<SpaceKey, TargetSpace>,
}

/// The state to reach in one space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetSpace {
    /// Every principal that the plan decides about. One that is missing here is left alone.
    pub holdings: BTreeMap<Principal, TargetHolding>,
    /// Every page that the plan decides about and whose lists could be read.
    pub pages: BTreeMap<ContentId, TargetPage>,
}

/// What a principal shall hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetHolding {
    /// Nothing. The reason says why.
    Nothing(Reason),
    Grants {
        required: BTreeMap<Permission, Reason>,
        /// May be there: neither added nor removed.
        tolerated: BTreeSet<Permission>,
        /// Shall not be there, and why; what is in none of the three shall not be there either.
        refused: BTreeMap<Permission, Reason>,
    },
    Role(RoleId, Reason),
}

/// What the lists of a page shall be, and who asks for each of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetPage {
    pub restrictions: Restrictions,
    pub reasons: BTreeMap<PageVerb, Reason>,
}

/// Something that a policy neither declares nor may remove.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Unmanaged {
    pub space: SpaceKey,
    pub reason: KeepReason,
    /// How many rows, or entries of page lists.
    pub count: usize,
    /// Whom they belong to.
    pub principals: BTreeSet<String>,
}

/// Why something is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeepReason {
    /// An app's own account; apps manage their access themselves.
    App,
    /// The account that runs this program, which must be able to finish and to come back.
    Caller,
    /// The space is additive and the policy does not mention it.
    Undeclared,
    /// The site does not say whose account it is, so it may be an app's.
    UnknownAccount,
    /// Permissions of a user class, which the API shows but cannot write one by one.
    Class,
    /// Single permissions on a site that gives access by roles only; its API refuses every change of one.
    RolesOnly,
    /// Restricted pages that no entry reaches; here `count` is the number of pages.
    UnlistedPage,
    /// Kinds of permission or principal that this program does not know.
    Foreign,
}

/// What shall be, and what was found on the way to it.
pub(super) struct Targeted {
    pub(super) target: Target,
    pub(super) unmanaged: Vec<Unmanaged>,
    pub(super) page_only: BTreeMap<SpaceKey, Compiled>,
}

pub(super) fn target(desired: &Desired, live: &Live) -> Targeted {
    let mut kept = Kept::of(desired, live);
    let mut page_only = BTreeMap::new();
    let spaces = desired
        .spaces
        .iter()
        .filter_map(|(key, wish)| {
            let space = live.spaces.get(key)?;
            let holdings = holdings(key, wish, space, live, &mut kept);
            let mut pages = pages(key, wish, space, live, &mut kept);
            let compiled = for_guests(key, wish, space, &holdings, &mut pages, live, &mut kept);
            if let (UnlistedPages::Leave, Some(tree)) = (&wish.unlisted, &space.tree)
                && !(wish.pages.is_empty() && wish.page_only.is_empty())
            {
                kept.unlisted(
                    key,
                    unlisted(wish, tree).filter(|id| !compiled.relied_on.contains(id)).count(),
                );
            }
            page_only.insert(key.clone(), compiled);
            kept.foreign(key, space);
            Some((key.clone(), TargetSpace { holdings, pages }))
        })
        .collect();
    Targeted { target: Target { spaces }, unmanaged: kept.into_report(), page_only }
}

fn holdings(
    key: &SpaceKey,
    wish: &DesiredSpace,
    space: &LiveSpace,
    live: &Live,
    kept: &mut Kept,
) -> BTreeMap<Principal, TargetHolding> {
    let mut target: BTreeMap<Principal, TargetHolding> =
        wish.holdings.iter().map(|(principal, wanted)| (principal.clone(), declared(wanted))).collect();

    for (principal, holding) in &space.holdings {
        let declared = target.get_mut(principal);
        let keep = hands_off(principal, holding, &live.site, &live.directory)
            .or_else(|| (wish.mode == Mode::Additive).then_some(KeepReason::Undeclared));
        match (declared, keep) {
            (None, None) => {
                target.insert(principal.clone(), TargetHolding::Nothing(Reason::NotDeclared));
            }
            (None, Some(KeepReason::Undeclared)) if has_strays(key, principal, holding, live) => {
                let mut declared = TargetHolding::nothing_declared();
                refuse_strays(&mut declared, key, principal, holding, live);
                let extra = keep_beside(&mut declared, holding, KeepReason::Undeclared);
                target.insert(principal.clone(), declared);
                kept.add(key, KeepReason::Undeclared, principal, extra);
            }
            (None, Some(reason)) => kept.add(key, reason, principal, rows(holding)),
            (Some(_), None) => {}
            // Who is named may be taken off, but for those who must be able to go on.
            (Some(TargetHolding::Nothing(_)), Some(reason @ (KeepReason::App | KeepReason::Caller))) => {
                target.remove(principal);
                kept.add(key, reason, principal, rows(holding));
            }
            (Some(declared), Some(reason)) => {
                refuse_strays(declared, key, principal, holding, live);
                let extra = keep_beside(declared, holding, reason);
                if extra > 0 {
                    kept.add(key, reason, principal, extra);
                }
            }
        }
    }
    target.retain(|principal, holding| settle(holding, space.holdings.get(principal)));
    if live.site.mode == SpaceRoleMode::Roles {
        target.retain(|principal, holding| {
            let rows = by_rows(holding, space.holdings.get(principal));
            if rows > 0 {
                kept.add(key, KeepReason::RolesOnly, principal, rows);
            }
            rows == 0
        });
    }
    target
}

/// How many rows it would take to get from a holding to its target, where not only a role changes. What becomes of
/// rows whose holder is given a role is not established for such a site, so they are in the way of a role, too.
fn by_rows(target: &TargetHolding, live: Option<&Holding>) -> usize {
    match (target, live) {
        (TargetHolding::Nothing(_) | TargetHolding::Role(..), Some(held @ Holding::Grants(_))) => rows(held),
        (TargetHolding::Nothing(_) | TargetHolding::Role(..), _) => 0,
        (TargetHolding::Grants { required, .. }, _) => required.len().max(1),
    }
}

/// Whether a principal holds something that an earlier run may have brought along.
fn has_strays(key: &SpaceKey, principal: &Principal, holding: &Holding, live: &Live) -> bool {
    let Holding::Grants(held) = holding else { return false };
    live.stray.of(key, principal).any(|permission| held.contains_key(&permission))
}

/// Refuses what an earlier run may have brought along and the policy does not ask for.
fn refuse_strays(
    declared: &mut TargetHolding,
    key: &SpaceKey,
    principal: &Principal,
    holding: &Holding,
    live: &Live,
) {
    let (TargetHolding::Grants { required, tolerated, refused }, Holding::Grants(held)) = (declared, holding)
    else {
        return;
    };
    for stray in live.stray.of(key, principal) {
        if held.contains_key(&stray) && !required.contains_key(&stray) && !tolerated.contains(&stray) {
            refused.entry(stray).or_insert(Reason::CameAlong);
        }
    }
}

/// Makes nothing of a declaration that only refuses, where nothing stays; says whether it matters at all.
fn settle(target: &mut TargetHolding, live: Option<&Holding>) -> bool {
    let TargetHolding::Grants { required, tolerated, refused } = target else { return true };
    if !required.is_empty() {
        return true;
    }
    let Some(Holding::Grants(held)) = live else { return live.is_some() };
    if held.keys().any(|permission| tolerated.contains(permission)) {
        // Confluence lets nobody keep anything without `read/space`.
        refused.remove(&Permission::ReadSpace);
        tolerated.insert(Permission::ReadSpace);
        return true;
    }
    let mut reasons: BTreeSet<Option<&Reason>> =
        held.keys().map(|permission| refused.get(permission)).collect();
    let only = reasons.pop_first().flatten().filter(|_| reasons.is_empty()).cloned();
    *target = TargetHolding::Nothing(only.unwrap_or(Reason::NotDeclared));
    true
}

fn declared(wanted: &DesiredHolding) -> TargetHolding {
    match wanted {
        DesiredHolding::Nothing(nothing) => TargetHolding::Nothing(Reason::of(nothing)),
        DesiredHolding::Role(role) => TargetHolding::Role(role.what.clone(), Reason::of(role)),
        DesiredHolding::Grants(grants) => {
            let mut required = BTreeMap::new();
            let mut tolerated = BTreeSet::new();
            let mut refused = BTreeMap::new();
            for (&permission, wanted) in grants {
                match wanted.what {
                    Strength::Required => {
                        required.insert(permission, Reason::of(wanted));
                    }
                    Strength::Tolerated => {
                        tolerated.insert(permission);
                    }
                    Strength::Refused => {
                        refused.insert(permission, Reason::of(wanted));
                    }
                }
            }
            // Confluence refuses every other permission to a principal without `read/space`.
            if let Some(&first) = required.keys().next() {
                refused.remove(&Permission::ReadSpace);
                required.entry(Permission::ReadSpace).or_insert(Reason::NeededFor { permission: first });
            }
            TargetHolding::Grants { required, tolerated, refused }
        }
    }
}

/// Whose access is never ours to reduce.
fn hands_off(
    principal: &Principal,
    holding: &Holding,
    site: &Site,
    directory: &Directory,
) -> Option<KeepReason> {
    match principal {
        Principal::User(account) if *account == site.caller.account => Some(KeepReason::Caller),
        Principal::User(account) => match account_kind(account, directory) {
            Some(AccountKind::App) => Some(KeepReason::App),
            Some(AccountKind::Human | AccountKind::Customer) => None,
            Some(AccountKind::Unknown) | None => Some(KeepReason::UnknownAccount),
        },
        Principal::Class(_) => matches!(holding, Holding::Grants(_)).then_some(KeepReason::Class),
        Principal::Group(_) | Principal::Anonymous => None,
    }
}

fn account_kind(account: &AccountId, directory: &Directory) -> Option<AccountKind> {
    directory.people.get(account).map(|person| person.kind)
}

fn rows(holding: &Holding) -> usize {
    match holding {
        Holding::Grants(grants) => grants.values().map(BTreeSet::len).sum(),
        Holding::Role(_) => 1,
    }
}

/// Lets what a principal holds stand beside what is declared for it; says how much that was.
fn keep_beside(declared: &mut TargetHolding, holding: &Holding, keep: KeepReason) -> usize {
    match (declared, holding) {
        (TargetHolding::Grants { required, tolerated, refused }, Holding::Grants(grants)) => {
            // What ended goes, unless it is not ours to take.
            if matches!(keep, KeepReason::App | KeepReason::Caller | KeepReason::Class) {
                refused.clear();
            }
            let extra: Vec<Permission> = grants
                .keys()
                .copied()
                .filter(|permission| {
                    !required.contains_key(permission)
                        && !tolerated.contains(permission)
                        && !refused.contains_key(permission)
                })
                .collect();
            tolerated.extend(&extra);
            extra.len()
        }
        // A principal has one role or single permissions, so a declaration replaces what there is.
        (TargetHolding::Grants { .. } | TargetHolding::Role(..) | TargetHolding::Nothing(_), _) => 0,
    }
}

fn pages(
    key: &SpaceKey,
    wish: &DesiredSpace,
    space: &LiveSpace,
    live: &Live,
    kept: &mut Kept,
) -> BTreeMap<ContentId, TargetPage> {
    let Some(tree) = &space.tree else { return BTreeMap::new() };
    let mut pages: BTreeMap<ContentId, TargetPage> = wish
        .pages
        .iter()
        .filter_map(|(&id, wish)| {
            let Known::Known(now) = &tree.get(id)?.restrictions else { return None };
            Some((id, page(key, wish, now, live, kept)))
        })
        .collect();
    if let UnlistedPages::Open(origin) = &wish.unlisted {
        // What may stand anywhere may stand below an entry.
        for content in unlisted(wish, tree).filter(|id| tree.is_placed(*id)) {
            let asked = Wanted { what: (), origin: origin.clone(), role: None, terms: Terms::default() };
            let reasons = PageVerb::ALL.map(|verb| (verb, Reason::of(&asked))).into();
            pages.insert(content, TargetPage { restrictions: Restrictions::OPEN, reasons });
        }
    }
    pages
}

/// Restricted content that no entry of `pages` reaches.
fn unlisted(wish: &DesiredSpace, tree: &Tree) -> impl Iterator<Item = ContentId> {
    let restricted = |content: &&Content| matches!(&content.restrictions, Known::Known(lists) if *lists != Restrictions::OPEN);
    let unreached = tree.iter().filter(|content| !wish.pages.contains_key(&content.id));
    unreached.filter(restricted).map(|content| content.id)
}

/// Adds the lists that `page-only` needs.
fn for_guests(
    key: &SpaceKey,
    wish: &DesiredSpace,
    space: &LiveSpace,
    holdings: &BTreeMap<Principal, TargetHolding>,
    pages: &mut BTreeMap<ContentId, TargetPage>,
    live: &Live,
    kept: &mut Kept,
) -> Compiled {
    if wish.page_only.is_empty() {
        return Compiled::default();
    }
    let after = holdings_applied(holdings, space, live.vocabulary());
    let ground = Ground { key, wish, before: space, holdings: &after, pages, live };
    let compiled = page_only::compile(ground);
    for ((id, verb), (audience, reason)) in &compiled.lists {
        let Some(content) = space.tree.as_ref().and_then(|tree| tree.get(*id)) else { continue };
        let Known::Known(now) = &content.restrictions else { continue };
        let page = pages
            .entry(*id)
            .or_insert_with(|| TargetPage { restrictions: now.clone(), reasons: BTreeMap::new() });
        *page.restrictions.audience_mut(*verb) = with_kept(key, audience, now.audience(*verb), live, kept);
        page.reasons.insert(*verb, reason.clone());
    }
    compiled
}

fn page(key: &SpaceKey, wish: &DesiredPage, now: &Restrictions, live: &Live, kept: &mut Kept) -> TargetPage {
    let mut restrictions = now.clone();
    let mut reasons = BTreeMap::new();
    for verb in PageVerb::ALL {
        let Some(wanted) = wish.audience(verb) else { continue };
        reasons.insert(verb, Reason::of(wanted));
        *restrictions.audience_mut(verb) = with_kept(key, &wanted.what, now.audience(verb), live, kept);
    }
    TargetPage { restrictions, reasons }
}

/// A declared list, with the apps that are on the live one, and with the caller.
///
/// Confluence's own dialog always lists whoever restricts a page; the API does not, and a caller that
/// leaves itself out cannot see the page any more. Whether a PUT adds the caller by itself is not
/// documented, so the caller's entry is neither missed nor resented.
fn with_kept(key: &SpaceKey, wanted: &Audience, now: &Audience, live: &Live, kept: &mut Kept) -> Audience {
    let Audience::Only(members) = wanted else { return Audience::Anyone };
    let mut members = members.clone();
    let caller = Subject::User(live.site.caller.account.clone());
    for subject in now.subjects() {
        let Subject::User(account) = subject else { continue };
        let reason = match account_kind(account, &live.directory) {
            Some(AccountKind::App) => KeepReason::App,
            // The site describes the account and leaves out what it is, or does not describe it: it may be an app's.
            Some(AccountKind::Unknown) => KeepReason::UnknownAccount,
            None if kept.strangers.contains(account) => KeepReason::UnknownAccount,
            Some(AccountKind::Human | AccountKind::Customer) | None => continue,
        };
        if *subject != caller && members.insert(subject.clone()) {
            kept.add(key, reason, &subject.clone().into(), 1);
        }
    }
    // What is as declared is not written, so nobody need be on it to write it.
    if matches!(now, Audience::Only(now) if *now == members) {
        return now.clone();
    }
    let listed = now.subjects().any(|subject| *subject == caller)
        || !members.iter().any(|subject| is_group_of_caller(subject, live));
    if listed && members.insert(caller.clone()) {
        kept.add(key, KeepReason::Caller, &caller.into(), 1);
    }
    Audience::Only(members)
}

/// Whether the caller is surely on a list through this entry.
fn is_group_of_caller(subject: &Subject, live: &Live) -> bool {
    matches!(subject, Subject::Group(group) if live.site.caller.is_in(group) == Some(true))
}

/// What is kept: how much, and whose.
struct Kept {
    found: BTreeMap<(SpaceKey, KeepReason), (usize, BTreeSet<String>)>,
    /// Accounts that the site does not describe and the policy does not name.
    strangers: BTreeSet<AccountId>,
}

impl Kept {
    fn of(desired: &Desired, live: &Live) -> Self {
        let strangers = live.gaps.iter().filter_map(|gap| match gap {
            Gap::Account { account } if !desired.named.contains(account) => Some(account.clone()),
            _ => None,
        });
        Self { found: BTreeMap::new(), strangers: strangers.collect() }
    }

    fn add(&mut self, space: &SpaceKey, reason: KeepReason, principal: &Principal, count: usize) {
        let (total, principals) = self.found.entry((space.clone(), reason)).or_default();
        *total += count;
        principals.insert(principal.to_string());
    }

    fn unlisted(&mut self, space: &SpaceKey, pages: usize) {
        if pages > 0 {
            self.found.entry((space.clone(), KeepReason::UnlistedPage)).or_default().0 += pages;
        }
    }

    fn foreign(&mut self, key: &SpaceKey, space: &LiveSpace) {
        if space.foreign.is_empty() {
            return;
        }
        let (total, principals) = self.found.entry((key.clone(), KeepReason::Foreign)).or_default();
        *total += space.foreign.len();
        principals.extend(space.foreign.iter().map(|row| row.principal.shown().to_string()));
    }

    fn into_report(self) -> Vec<Unmanaged> {
        self.found
            .into_iter()
            .map(|((space, reason), (count, principals))| Unmanaged { space, reason, count, principals })
            .collect()
    }
}

impl Target {
    /// The site as it would be, with the companions that Confluence adds by itself and that may stay.
    /// Rows that do not exist yet have no number.
    pub fn applied_to(&self, live: &Live) -> Live {
        let vocabulary = live.vocabulary();
        let mut after = live.clone();
        for (key, target) in &self.spaces {
            let Some(space) = after.spaces.get_mut(key) else { continue };
            let holdings = holdings_applied(&target.holdings, space, vocabulary);
            space.expanded.retain(|who, _| holdings.get(who) == space.holdings.get(who));
            space.holdings = holdings;
            let tree = space.tree.get_or_insert_with(Tree::default);
            for (&id, page) in &target.pages {
                tree.set_restrictions(id, Known::Known(page.restrictions.clone()));
            }
            if space.tree.as_ref().is_some_and(|tree| tree.iter().len() == 0) {
                space.tree = None;
            }
        }
        after
    }
}

/// Who would hold what in a space.
fn holdings_applied(
    target: &BTreeMap<Principal, TargetHolding>,
    space: &LiveSpace,
    vocabulary: Vocabulary,
) -> BTreeMap<Principal, Holding> {
    let mut holdings = space.holdings.clone();
    for (principal, holding) in target {
        match holding.applied_to(space.holdings.get(principal), vocabulary) {
            Some(holding) => holdings.insert(principal.clone(), holding),
            None => holdings.remove(principal),
        };
    }
    holdings
}

impl TargetHolding {
    const fn nothing_declared() -> Self {
        Self::Grants { required: BTreeMap::new(), tolerated: BTreeSet::new(), refused: BTreeMap::new() }
    }

    fn applied_to(&self, now: Option<&Holding>, vocabulary: Vocabulary) -> Option<Holding> {
        match self {
            Self::Nothing(_) => None,
            Self::Role(role, _) => Some(Holding::Role(role.clone())),
            Self::Grants { required, tolerated, .. } => {
                let none = BTreeMap::new();
                let now = match now {
                    Some(Holding::Grants(grants)) => grants,
                    Some(Holding::Role(_)) | None => &none,
                };
                let kept = |permission: &Permission| {
                    required.contains_key(permission) || tolerated.contains(permission)
                };
                // What is merely tolerated goes with the permission that it came with.
                let goes_along = |permission: &Permission| {
                    let mut producers = now.keys().filter(|producer| !kept(producer));
                    producers.any(|producer| producer.companions().contains(permission))
                };
                let stays = now
                    .iter()
                    .filter(|(permission, _)| {
                        required.contains_key(permission)
                            || (tolerated.contains(permission) && !goes_along(permission))
                    })
                    .map(|(&permission, rows)| (permission, rows.clone()));
                let mut grants: BTreeMap<Permission, BTreeSet<GrantId>> = stays.collect();
                for &permission in required.keys().filter(|permission| !now.contains_key(permission)) {
                    grants.entry(permission).or_default();
                    let companions = permission.companions().iter().filter(|companion| {
                        vocabulary.contains(**companion) && tolerated.contains(companion)
                    });
                    for &companion in companions {
                        grants.entry(companion).or_default();
                    }
                }
                (!grants.is_empty()).then_some(Holding::Grants(grants))
            }
        }
    }
}
