//! The changes of a plan as text: a table for each space.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::model::{End, Mode, Origin, Permission, Principal, SpaceKey, Terms, visible};
use crate::plan::{Change, HoldingState, Object, Plan, PlanSpace, Reason, Verb};

use super::call::audience_words;
use super::style::{ADD, CHANGE, FAINT, HEADING, REMOVE, count, paint};

pub(super) fn changes(plan: &Plan, text: &mut String) {
    let spaces = by_space(plan);
    for (key, space) in &plan.spaces {
        let rows = spaces.get(key).map(|changes| rows(plan, changes)).unwrap_or_default();
        if !rows.is_empty() {
            heading(key, space, text);
            table(&rows, text);
            text.push('\n');
        }
    }
}

/// What a plan says about one space.
#[derive(Default)]
struct InSpace<'a> {
    changes: Vec<&'a Change>,
    /// Whoever is given a role, which takes the place of the single permissions they hold.
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

/// Permissions to add, permissions to remove, roles and pages, each with its number. What a role takes the
/// place of is counted with the role.
pub(super) fn counted(plan: &Plan) -> Vec<String> {
    let (mut add, mut remove, mut roles) = (0, 0, 0);
    let mut pages = BTreeSet::new();
    for space in by_space(plan).values() {
        for change in &space.changes {
            match change {
                Change::Grant { verb: Verb::Add, .. } => add += 1,
                Change::Grant { principal, .. } if space.get_roles.contains(principal) => {}
                Change::Grant { verb: Verb::Remove, .. } => remove += 1,
                Change::Role { .. } => roles += 1,
                Change::Audience { content, .. } => {
                    pages.insert(*content);
                }
            }
        }
    }
    [
        (add, "permission to add", "permissions to add"),
        (remove, "permission to remove", "permissions to remove"),
        (roles, "role to change", "roles to change"),
        (pages.len(), "page to restrict or open", "pages to restrict or open"),
    ]
    .into_iter()
    .filter(|(number, ..)| *number > 0)
    .map(|(number, one, many)| count(number, one, many))
    .collect()
}

fn heading(key: &SpaceKey, space: &PlanSpace, text: &mut String) {
    let mode = match space.mode {
        Mode::Authoritative => "authoritative",
        Mode::Additive => "additive",
    };
    let title = format!("{key}  {}", space.name);
    let _ = writeln!(
        text,
        "{}  {:>width$}",
        paint(HEADING, &title),
        mode,
        width = 74_usize.saturating_sub(width(&title))
    );
}

/// One line of the table.
struct Row {
    sign: char,
    what: String,
    who: String,
    why: String,
}

fn rows(plan: &Plan, space: &InSpace<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut replaced: BTreeMap<&Principal, usize> = BTreeMap::new();
    for (group, permissions) in grants(space) {
        // What a role takes the place of is told with the role.
        if group.verb == Verb::Remove && space.get_roles.contains(group.principal) {
            *replaced.entry(group.principal).or_default() += permissions.len();
            continue;
        }
        rows.push(Row {
            sign: match group.verb {
                Verb::Add => '+',
                Verb::Remove => '-',
            },
            what: grant_words(space, &group, &permissions),
            who: plan.name(group.principal).into_owned(),
            why: why(group.reason),
        });
    }
    for change in &space.changes {
        match *change {
            Change::Grant { .. } => {}
            Change::Role { principal, before, after, reason, .. } => {
                let role = |id| plan.roles.get(id).map_or_else(|| format!("{id}"), ToString::to_string);
                let (sign, what) = match (before, after) {
                    (Some(before), Some(after)) => ('~', format!("role {} → {}", role(before), role(after))),
                    (None, Some(after)) => match replaced.get(principal) {
                        None => ('+', format!("role {}", role(after))),
                        Some(&number) => {
                            let single = count(number, "single permission", "single permissions");
                            ('~', format!("{single} → role {}", role(after)))
                        }
                    },
                    (Some(before), None) => ('-', format!("role {}", role(before))),
                    (None, None) => continue,
                };
                rows.push(Row { sign, what, who: plan.name(principal).into_owned(), why: why(reason) });
            }
            Change::Audience { content, list, before, after, reason, .. } => rows.push(Row {
                sign: '~',
                what: plan
                    .pages
                    .get(content)
                    .map_or_else(|| format!("page {content}"), |page| page.path.to_string()),
                who: format!(
                    "{}  {} → {}",
                    list.as_str(),
                    audience_words(plan, before),
                    audience_words(plan, after)
                ),
                why: why(reason),
            }),
        }
    }
    rows
}

/// Permissions that one line can tell together: of one principal, for one reason.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Together<'a> {
    verb: Verb,
    principal: &'a Principal,
    reason: &'a Reason,
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
    let loses_everything = group.verb == Verb::Remove && space.lose_everything.contains(group.principal);
    match group.reason {
        Reason::Declared { role: Some(role), .. } if names.len() > 2 => {
            format!("{} ({})", visible(role), count(names.len(), "permission", "permissions"))
        }
        Reason::Declared { role: Some(role), .. } => format!("{} ({})", names.join(", "), visible(role)),
        _ if loses_everything && names.len() > 1 => {
            format!("everything ({})", count(names.len(), "permission", "permissions"))
        }
        Reason::Declared { .. }
        | Reason::NotDeclared
        | Reason::PageOnly { .. }
        | Reason::CameAlong
        | Reason::NeededFor { .. } => names.join(", "),
    }
}

fn why(reason: &Reason) -> String {
    match reason {
        Reason::Declared { origin, rule, until, ended, because, .. } => {
            let end = until.map(|until| End { until, over: *ended });
            said_words(origin, &Terms { rule: rule.clone(), end, because: because.clone() })
        }
        Reason::NotDeclared => "not declared".to_owned(),
        Reason::PageOnly { origin } => format!("{origin} (page-only)"),
        Reason::CameAlong => "added by Confluence itself during an earlier run".to_owned(),
        Reason::NeededFor { permission } => format!("needed for {permission}"),
    }
}

/// The line, and what it says besides: `rules.yaml:12 (auditors read everything)`, `a.yaml:7 until 2027-01-31 (audit)`.
pub(super) fn said_words(origin: &Origin, terms: &Terms) -> String {
    let mut text = origin.to_string();
    if let Some(End { until, over }) = terms.end {
        let _ = write!(text, " {} {until}", if over { "ended" } else { "until" });
    }
    let said: Vec<_> =
        [&terms.rule, &terms.because].into_iter().flatten().map(|said| visible(said)).collect();
    if !said.is_empty() {
        let _ = write!(text, " ({})", said.join("; "));
    }
    text
}

/// Rows in columns. A cell that is much longer than its neighbours does not push them aside.
fn table(rows: &[Row], text: &mut String) {
    const WIDEST: usize = 44;
    let column = |cell: fn(&Row) -> &str| {
        rows.iter().map(|row| width(cell(row))).filter(|&width| width <= WIDEST).max().unwrap_or(0)
    };
    let (what, who) = (column(|row| &row.what), column(|row| &row.who));
    for row in rows {
        let style = match row.sign {
            '+' => ADD,
            '-' => REMOVE,
            _ => CHANGE,
        };
        let _ = writeln!(
            text,
            "  {} {}  {}  {}",
            paint(style, &row.sign.to_string()),
            pad(&row.what, what),
            pad(&row.who, who),
            paint(FAINT, &row.why)
        );
    }
}

fn pad(cell: &str, to: usize) -> String {
    format!("{cell}{}", " ".repeat(to.saturating_sub(width(cell))))
}

fn width(text: &str) -> usize {
    text.chars().count()
}
