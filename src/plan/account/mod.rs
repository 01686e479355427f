//! What the account that runs this may not change, known before the first call.
//!
//! Rows need `administer/space`, roles that or `manage_users/space` (API v1, `addPermissionToSpace`; API v2,
//! `setSpaceRoleAssignments`). The lists of a page need the right to edit it, its own edit list included, and
//! `restrict_content/space` or `administer/space` (API v1, `updateRestrictions`; Atlassian, "Content
//! restrictions"). What the account surely lacks, and no other change of the plan gives it, it cannot do: such
//! changes leave the target, so that everything that follows is planned on what will really be there. What is not
//! known is tried.
//!
//! One thing is left out at a time, a principal's entry in a space or a page with both its lists, since that is
//! what one call writes. Whether the rest may be done without it, [`dependents`] says.

mod dependents;
mod enabling;
mod rights;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{
    Audience, Call, ContentId, Directory, Holding, Known, Live, LiveSpace, Permission, Principal,
    Restrictions, RoleId, SpaceRoleMode, Subject, Truth,
};

use super::change::Change;
use super::schedule::edit_permission;
use super::target::{Target, TargetHolding, deleted, is_sent_whole, unclear};

pub(super) use dependents::{Whole, refusals};
pub(super) use enabling::wait_for_rights;
pub(super) use rights::{Rights, stands_for_account};

/// A change that the policy asks for and the account that runs this may not make. The plan does without it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    pub change: Change,
    /// What the account would need.
    pub lacks: Lacks,
    /// Who can give it that, or make the change: the space's administrators, or those on the page's edit list.
    pub ask: BTreeSet<Principal>,
}

/// What a change would need, and surely lacks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Lacks {
    /// One of these permissions in the space.
    Permission { any_of: BTreeSet<Permission> },
    /// To be on the page's own edit list, itself or by a group.
    EditList,
    /// No right of the account: one of the lists that the call sends has entries of deleted groups and accounts only,
    /// and a list that is sent without them is open.
    LivingEntry { deleted: BTreeSet<Principal> },
    /// No right of the account: the call sends these groups, which the site does not list and may have deleted. Whether
    /// it takes them is not known.
    Certainty { groups: BTreeSet<Principal> },
}

impl Lacks {
    /// Whether it is a right of the account that is lacking.
    pub const fn is_right(&self) -> bool {
        match self {
            Self::Permission { .. } | Self::EditList => true,
            Self::LivingEntry { .. } | Self::Certainty { .. } => false,
        }
    }
}

/// What one call writes and the account decides about as a whole.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Holding(Principal),
    Page(ContentId),
}

impl Piece {
    fn of(change: &Change) -> Self {
        match change {
            Change::Grant { principal, .. } | Change::Role { principal, .. } => {
                Self::Holding(principal.clone())
            }
            Change::Audience { content, .. } => Self::Page(*content),
        }
    }
}

/// What rows need.
const ROWS: [Permission; 1] = [Permission::AdministerSpace];
/// What role assignments need.
const ROLES: [Permission; 2] = [Permission::AdministerSpace, Permission::ManageUsers];
/// What changing lists needs, beside the right to edit.
const RESTRICT: [Permission; 2] = [Permission::RestrictContent, Permission::AdministerSpace];

/// What a call needs of the account: one permission of each of these.
pub(super) fn needed(call: &Call, space: &LiveSpace, live: &Live) -> Vec<Vec<Permission>> {
    match call {
        Call::Grant { .. } | Call::Revoke { .. } => vec![ROWS.to_vec()],
        Call::AssignRoles { roles, .. } => {
            let given = roles.values().flatten().flat_map(|role| of_giving(role, live));
            std::iter::once(ROLES.to_vec()).chain(given).collect()
        }
        Call::Restrict { content, .. } => of_lists(*content, space, live),
    }
}

fn of_lists(content: ContentId, space: &LiveSpace, live: &Live) -> Vec<Vec<Permission>> {
    let kind = space.tree.as_ref().and_then(|tree| tree.get(content)).map(|content| content.kind);
    let edit = kind.map(|kind| vec![edit_permission(kind, live.site.mode)]);
    edit.into_iter().chain([RESTRICT.to_vec()]).collect()
}

/// The changes that the account may not make, whatever the order.
pub(super) fn left_out(target: &Target, changes: &[Change], live: &Live) -> Vec<LeftOut> {
    let mut left_out = Vec::new();
    let mut rest = changes;
    while let Some(first) = rest.first() {
        let key = first.space();
        let of_space = rest.iter().take_while(|change| change.space() == key).count();
        let (here, others) = rest.split_at(of_space);
        rest = others;
        if let Some(space) = live.spaces.get(key) {
            in_space(target, here, space, live, &mut left_out);
        }
    }
    left_out
}

fn in_space(
    target: &Target,
    changes: &[Change],
    space: &LiveSpace,
    live: &Live,
    left_out: &mut Vec<LeftOut>,
) {
    let mut pieces: BTreeMap<Piece, Vec<&Change>> = BTreeMap::new();
    for change in changes {
        pieces.entry(Piece::of(change)).or_default().push(change);
    }
    let mut rights = Rights::of(space, live);
    let mut waiting: Vec<(&Piece, Lacks)> = Vec::new();
    // What one change gives the account may be what the next one needs.
    let mut open: Vec<&Piece> = pieces.keys().collect();
    loop {
        waiting.clear();
        let count = open.len();
        let mut possible = Vec::new();
        for piece in open {
            match lacking(piece, target, &rights, space, live) {
                None => possible.push(piece),
                Some(lacks) => waiting.push((piece, lacks)),
            }
        }
        possible.iter().flat_map(|piece| &pieces[*piece]).for_each(|change| rights.gain(change));
        open = waiting.iter().map(|(piece, _)| *piece).collect();
        if open.len() == count || open.is_empty() {
            break;
        }
    }
    for (piece, lacks) in waiting {
        let ask = whom_to_ask(piece, &lacks, space, live);
        let left =
            |change: &&Change| LeftOut { change: (*change).clone(), lacks: lacks.clone(), ask: ask.clone() };
        left_out.extend(pieces[piece].iter().map(left));
    }
}

/// What the account surely lacks for a piece.
fn lacking(
    piece: &Piece,
    target: &Target,
    rights: &Rights<'_>,
    space: &LiveSpace,
    live: &Live,
) -> Option<Lacks> {
    let needed = match piece {
        Piece::Holding(principal) => {
            let held = space.holdings.get(principal);
            let wanted = target.spaces.get(&space.space.key).and_then(|space| space.holdings.get(principal));
            let given = match wanted {
                Some(TargetHolding::Role(role, _)) => of_giving(role, live),
                _ => Vec::new(),
            };
            of_holding(held, wanted).into_iter().chain(given).collect()
        }
        Piece::Page(content) => of_lists(*content, space, live),
    };
    let lacks = needed.into_iter().find(|any_of| rights.has(any_of) == Truth::No);
    if let Some(any_of) = lacks {
        return Some(Lacks::Permission { any_of: any_of.into_iter().collect() });
    }
    match piece {
        Piece::Page(content) => {
            let Known::Known(lists) = &space.tree.as_ref()?.get(*content)?.restrictions else { return None };
            if rights.is_on(&lists.edit) == Truth::No {
                return Some(Lacks::EditList);
            }
            let page = target.spaces.get(&space.space.key)?.pages.get(content)?;
            unsendable(lists, &page.restrictions, live)
        }
        Piece::Holding(principal) => {
            let wanted = target.spaces.get(&space.space.key)?.holdings.get(principal)?;
            let gives = matches!(wanted, TargetHolding::Grants { .. } | TargetHolding::Role(..));
            (gives && is_missing(principal, live))
                .then(|| Lacks::Certainty { groups: BTreeSet::from([principal.clone()]) })
        }
    }
}

/// What keeps the lists of a page from being sent, if that takes a call with all their entries.
fn unsendable(now: &Restrictions, after: &Restrictions, live: &Live) -> Option<Lacks> {
    if !is_sent_whole(now, after) {
        return None;
    }
    let of = |found: fn(&Audience, &Directory) -> BTreeSet<Subject>| {
        let lists = [&after.view, &after.edit].into_iter();
        let all = lists.flat_map(|list| found(list, &live.directory)).map(Principal::from);
        all.collect::<BTreeSet<Principal>>()
    };
    let (deleted, groups) = (of(deleted), of(unclear));
    if !deleted.is_empty() {
        return Some(Lacks::LivingEntry { deleted });
    }
    (!groups.is_empty()).then_some(Lacks::Certainty { groups })
}

/// Whether a principal is a group that the site does not list, deleted or not.
fn is_missing(principal: &Principal, live: &Live) -> bool {
    matches!(principal, Principal::Group(_))
        && principal.subject().is_some_and(|subject| live.directory.missing.contains_key(&subject))
}

/// What bringing a principal from one holding to another needs: single permissions are written one by one, also
/// those whose place a role takes, since a site may keep them beside it (what becomes of them is not documented).
fn of_holding(held: Option<&Holding>, wanted: Option<&TargetHolding>) -> Vec<Vec<Permission>> {
    let assigns = matches!(held, Some(Holding::Role(_))) || matches!(wanted, Some(TargetHolding::Role(..)));
    let writes_rows =
        matches!(held, Some(Holding::Grants(_))) || matches!(wanted, Some(TargetHolding::Grants { .. }));
    let roles = assigns.then(|| ROLES.to_vec());
    roles.into_iter().chain(writes_rows.then(|| ROWS.to_vec())).collect()
}

/// What giving a role needs: on a site that gives access by roles only, an account gives no more than it holds
/// itself, unless it administers Confluence (Atlassian community, "space roles", ba-p/3248645).
fn of_giving(role: &RoleId, live: &Live) -> Vec<Vec<Permission>> {
    let is_limited = live.site.mode == SpaceRoleMode::Roles && live.site.caller.administers_site == Truth::No;
    if !is_limited {
        return Vec::new();
    }
    let role = Holding::Role(role.clone());
    let given = |permission: &&Permission| role.gives(**permission, &live.roles) == Truth::Yes;
    Permission::ALL.iter().filter(given).map(|permission| vec![*permission]).collect()
}

fn whom_to_ask(piece: &Piece, lacks: &Lacks, space: &LiveSpace, live: &Live) -> BTreeSet<Principal> {
    match (piece, lacks) {
        (Piece::Page(content), Lacks::EditList) => {
            let content = space.tree.as_ref().and_then(|tree| tree.get(*content));
            let lists = content.and_then(|content| content.restrictions.as_ref().known());
            lists.into_iter().flat_map(|lists| lists.edit.subjects()).cloned().map(Principal::from).collect()
        }
        (Piece::Page(_) | Piece::Holding(_), _) => {
            let administers =
                |who: &&Principal| space.gives(who, Permission::AdministerSpace, &live.roles) == Truth::Yes;
            space.holdings.keys().filter(administers).cloned().collect()
        }
    }
}

/// Takes changes out of a target: what they would write stays as it is.
pub(super) fn leave_out(target: &mut Target, left_out: &[LeftOut]) {
    for LeftOut { change, .. } in left_out {
        let Some(space) = target.spaces.get_mut(change.space()) else { continue };
        match Piece::of(change) {
            Piece::Holding(principal) => drop(space.holdings.remove(&principal)),
            Piece::Page(content) => drop(space.pages.remove(&content)),
        }
    }
}
