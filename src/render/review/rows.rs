//! The changes of a plan as rows: one for what a principal gets or loses in a space, one for a list of a page.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{
    Audience, ContentId, Declaration, Origin, PageList, Permission, Principal, SpaceKey, Subject, visible,
};
use crate::plan::{Change, ChangeAction, ChangeReason, HoldingState, Object, Plan};
use crate::render::access_words::ShownNames as _;
use crate::render::style::{count, counts};

/// What a row does, what needs the closest look first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RowKind {
    /// A list is taken off a page, or `anonymous` is given something: more people than can be named get in.
    Opened,
    Removed,
    /// A page that was open gets a list.
    Restricted,
    /// A list or a role becomes another.
    Changed,
    Added,
}

impl RowKind {
    pub(crate) const fn sign(self) -> char {
        match self {
            Self::Opened => '!',
            Self::Removed => '-',
            Self::Restricted => '*',
            Self::Changed => '~',
            Self::Added => '+',
        }
    }
}

/// What a row is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RowSubject {
    /// Permissions or a role.
    Access(String),
    /// A list of pages on which the same changes.
    Pages { list: PageList, pages: Vec<ContentId> },
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ReviewRow<'a> {
    pub(crate) kind: RowKind,
    /// The spaces in which this is the same, one at least.
    pub(crate) spaces: Vec<&'a SpaceKey>,
    pub(crate) what: RowSubject,
    /// The principal, or what becomes of the list.
    pub(crate) who: String,
    pub(crate) why: String,
    /// The line of the policy that asks for it.
    pub(crate) origin: Option<&'a Origin>,
}

/// Every change, by space; in each, what needs the closest look first.
pub(super) fn rows<'a>(plan: &'a Plan, names: usize) -> Vec<ReviewRow<'a>> {
    let mut rows: Vec<ReviewRow<'a>> = Vec::new();
    for (key, space) in by_space(plan) {
        let first = rows.len();
        in_space(plan, key, &space, names, &mut rows);
        rows[first..].sort_by_key(|row| row.kind);
    }
    rows
}

/// What a plan says about one space.
#[derive(Default)]
struct InSpace<'a> {
    changes: Vec<&'a Change>,
    /// Principals that are given a role, which takes the place of the single permissions they hold.
    get_roles: BTreeSet<&'a Principal>,
    lose_everything: BTreeSet<&'a Principal>,
}

fn by_space(plan: &Plan) -> BTreeMap<&SpaceKey, InSpace<'_>> {
    let mut spaces: BTreeMap<&SpaceKey, InSpace<'_>> = BTreeMap::new();
    for change in &plan.changes {
        let space = spaces.entry(change.space()).or_default();
        space.changes.push(change);
        if let Change::Role { principal, after: Some(_), .. } = change {
            space.get_roles.insert(principal);
        }
    }
    for object in &plan.objects {
        if let Object::Holding { space, principal, after: HoldingState::Nothing, .. } = object
            && let Some(space) = spaces.get_mut(space)
        {
            space.lose_everything.insert(principal);
        }
    }
    spaces
}

/// How much of each kind there is to do. What a role takes the place of is counted with the role, and a page once, by
/// the more serious change.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counted {
    add: usize,
    remove: usize,
    roles: usize,
    pages: BTreeMap<ContentId, RowKind>,
}

impl Counted {
    /// In the whole plan.
    pub(crate) fn of(plan: &Plan) -> Self {
        by_space(plan).values().fold(Self::default(), Self::and)
    }

    /// In each space in which something changes.
    pub(crate) fn by_space(plan: &Plan) -> BTreeMap<&SpaceKey, Self> {
        by_space(plan).into_iter().map(|(key, space)| (key, Self::default().and(&space))).collect()
    }

    fn and(mut self, space: &InSpace<'_>) -> Self {
        for change in &space.changes {
            match change {
                Change::Grant { verb: ChangeAction::Add, .. } => self.add += 1,
                Change::Grant { principal, .. } if space.get_roles.contains(principal) => {}
                Change::Grant { verb: ChangeAction::Remove, .. } => self.remove += 1,
                Change::Role { .. } => self.roles += 1,
                Change::Audience { content, before, after, .. } => {
                    let kind = audience_kind(before, after);
                    let known = self.pages.entry(*content).or_insert(kind);
                    *known = kind.min(*known);
                }
            }
        }
        self
    }

    /// `2 pages to open`, `3 permissions to add`, …
    pub(crate) fn words(&self) -> Vec<String> {
        let of = |kind: RowKind| self.pages.values().filter(|found| **found == kind).count();
        counts([
            (of(RowKind::Opened), "page to open", "pages to open"),
            (self.add, "permission to add", "permissions to add"),
            (self.remove, "permission to remove", "permissions to remove"),
            (self.roles, "role to change", "roles to change"),
            (of(RowKind::Restricted), "page to restrict", "pages to restrict"),
            (of(RowKind::Changed), "page with a list to change", "pages with a list to change"),
        ])
    }
}

fn in_space<'a>(
    plan: &Plan,
    key: &'a SpaceKey,
    space: &InSpace<'a>,
    names: usize,
    rows: &mut Vec<ReviewRow<'a>>,
) {
    let mut replaced: BTreeMap<&Principal, usize> = BTreeMap::new();
    let mut push = |kind: RowKind, what: RowSubject, who: String, reason: &'a ChangeReason| {
        let origin = reason.origin();
        rows.push(ReviewRow { kind, spaces: vec![key], what, who, why: why(reason), origin });
    };
    for (group, permissions) in grants(space) {
        // What a role takes the place of is said with the role.
        if group.verb == ChangeAction::Remove && space.get_roles.contains(group.principal) {
            *replaced.entry(group.principal).or_default() += permissions.len();
            continue;
        }
        let kind = match group.verb {
            ChangeAction::Add => added_to(group.principal),
            ChangeAction::Remove => RowKind::Removed,
        };
        let what = RowSubject::Access(grant_words(space, &group, &permissions));
        push(kind, what, plan.full_name(group.principal), group.reason);
    }
    for change in &space.changes {
        match *change {
            Change::Grant { .. } => {}
            Change::Role { principal, before, after, reason, .. } => {
                let role = |id| plan.role(id);
                let (kind, what) = match (before, after) {
                    (Some(before), Some(after)) => {
                        (RowKind::Changed, format!("role {} → {}", role(before), role(after)))
                    }
                    (None, Some(after)) => match replaced.get(principal) {
                        None => (added_to(principal), format!("role {}", role(after))),
                        Some(&number) => {
                            let single = count(number, "single permission", "single permissions");
                            (RowKind::Changed, format!("{single} → role {}", role(after)))
                        }
                    },
                    (Some(before), None) => (RowKind::Removed, format!("role {}", role(before))),
                    (None, None) => continue,
                };
                push(kind, RowSubject::Access(what), plan.full_name(principal), reason);
            }
            Change::Audience { content, list, before, after, reason, .. } => push(
                audience_kind(before, after),
                RowSubject::Pages { list: *list, pages: vec![*content] },
                audience_change(plan, before, after, names),
                reason,
            ),
        }
    }
}

fn added_to(principal: &Principal) -> RowKind {
    if *principal == Principal::Anonymous { RowKind::Opened } else { RowKind::Added }
}

fn audience_kind(before: &Audience, after: &Audience) -> RowKind {
    match (before, after) {
        (Audience::Only(_), Audience::Anyone) => RowKind::Opened,
        (Audience::Anyone, Audience::Only(_)) => RowKind::Restricted,
        (Audience::Only(_), Audience::Only(_)) | (Audience::Anyone, Audience::Anyone) => RowKind::Changed,
    }
}

/// What becomes of a list: `opened to anyone; was group:hr`, `+ group:sre, - user:bob (121 stay)`.
fn audience_change(plan: &Plan, before: &Audience, after: &Audience, names: usize) -> String {
    let few = |subjects: Vec<&Subject>, name: &dyn Fn(&Principal) -> String| {
        let named: Vec<String> =
            subjects.iter().take(names).map(|who| name(&(*who).clone().into())).collect();
        let more = subjects.len().saturating_sub(names);
        if more == 0 { named.join(", ") } else { format!("{} and {more} more", named.join(", ")) }
    };
    let short = |who: &Principal| plan.name(who).into_owned();
    let full = |who: &Principal| plan.full_name(who);
    match (before, after) {
        (before, Audience::Anyone) => {
            format!("opened to anyone; was {}", few(before.subjects().collect(), &short))
        }
        (Audience::Anyone, after) => format!("restricted to {}", few(after.subjects().collect(), &short)),
        (Audience::Only(before), Audience::Only(after)) => {
            let joins: Vec<_> = after.iter().filter(|who| !before.contains(who)).collect();
            let leaves: Vec<_> = before.iter().filter(|who| !after.contains(who)).collect();
            let stay = before.iter().len() - leaves.len();
            let parts = [("-", leaves), ("+", joins)].into_iter().filter(|(_, who)| !who.is_empty());
            let parts: Vec<String> = parts.map(|(sign, who)| format!("{sign} {}", few(who, &full))).collect();
            format!("{} ({})", parts.join("  "), count(stay, "stays", "stay"))
        }
    }
}

/// Permissions that one row can show together: of one principal, for one reason.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Together<'a> {
    verb: ChangeAction,
    principal: &'a Principal,
    reason: &'a ChangeReason,
}

fn grants<'a>(space: &InSpace<'a>) -> Vec<(Together<'a>, Vec<Permission>)> {
    let mut together: BTreeMap<Together<'a>, Vec<Permission>> = BTreeMap::new();
    for change in &space.changes {
        if let Change::Grant { principal, permission, verb, reason, .. } = *change {
            together.entry(Together { verb: *verb, principal, reason }).or_default().push(*permission);
        }
    }
    together.into_iter().collect()
}

fn grant_words(space: &InSpace<'_>, group: &Together<'_>, permissions: &[Permission]) -> String {
    let names: Vec<&str> = permissions.iter().map(|permission| permission.as_str()).collect();
    let loses_everything =
        group.verb == ChangeAction::Remove && space.lose_everything.contains(group.principal);
    if let ChangeReason::Declared(by) = group.reason
        && let Some(role) = &by.role
    {
        return if names.len() > 2 {
            format!("{} ({})", visible(role), count(names.len(), "permission", "permissions"))
        } else {
            format!("{} ({})", names.join(", "), visible(role))
        };
    }
    match group.reason {
        _ if loses_everything && names.len() > 1 => {
            format!("everything ({})", count(names.len(), "permission", "permissions"))
        }
        ChangeReason::Declared(_)
        | ChangeReason::NotDeclared
        | ChangeReason::PageOnly { .. }
        | ChangeReason::CameAlong
        | ChangeReason::Deleted
        | ChangeReason::NeededFor { .. }
        | ChangeReason::GivenByRole
        | ChangeReason::TakenBack { .. } => names.join(", "),
    }
}

fn why(reason: &ChangeReason) -> String {
    match reason {
        ChangeReason::Declared(by) => said_words(by),
        ChangeReason::NotDeclared => "not declared".to_owned(),
        ChangeReason::PageOnly { origin } => format!("{origin} (page-only)"),
        ChangeReason::Deleted => "deleted, and this call sends the whole list".to_owned(),
        ChangeReason::CameAlong => "added by Confluence itself during an earlier run".to_owned(),
        ChangeReason::NeededFor { permission } => format!("needed for {permission}"),
        ChangeReason::GivenByRole => "was part of the role, and is not taken away here".to_owned(),
        ChangeReason::TakenBack { run } => format!("takes back the run of {run}"),
    }
}

/// The line, and what it says besides: `rules.yaml:12 (auditors read everything)`, `a.yaml:7 until 2027-01-31 (audit)`.
pub(crate) fn said_words(said: &Declaration) -> String {
    let Declaration { origin, until, ended, rule, because, .. } = said;
    let end = until
        .map_or_else(String::new, |until| format!(" {} {until}", if *ended { "ended" } else { "until" }));
    let said: Vec<_> = [rule, because].into_iter().flatten().map(|said| visible(said)).collect();
    if said.is_empty() { format!("{origin}{end}") } else { format!("{origin}{end} ({})", said.join("; ")) }
}
