//! A plan as text, for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::model::{ContentKind, End, Gap, Mode, Origin, Permission, Principal, SpaceKey, Terms, Why};
use crate::plan::{
    Change, HoldingState, KeepReason, Meanwhile, Object, Plan, PlanSpace, Reason, Refusal, Unmanaged, Verb,
};

use super::call::audience_words;
use super::effects;
use super::guards;
use super::order::{danger_words, meanwhile_words};
use super::page_only;
use super::style::{ADD, CHANGE, FAINT, HEADING, REMOVE, count, list, paint};

/// The whole plan: changes by space, what is left alone, what could not be seen, and a summary.
pub fn plan_as_text(plan: &Plan) -> String {
    let mut text = String::new();
    for (key, space) in &plan.spaces {
        let rows = rows(plan, key);
        if !rows.is_empty() {
            heading(key, space, &mut text);
            table(&rows, &mut text);
            text.push('\n');
        }
    }
    effects::who_gains_who_loses(plan, &mut text);
    page_only::page_only(plan, &mut text);
    effects::worth_a_look(plan, &mut text);
    left_alone(plan, &mut text);
    unseen(plan, &mut text);
    meanwhile(plan, &mut text);
    refusals(plan, &mut text);
    guards::guards(plan, &mut text);
    let _ = writeln!(text, "{}", summary(plan));
    text
}

/// Why the plan is held back, for those forms of a plan that do not say it; nothing if it is not.
pub fn held_back_as_text(plan: &Plan) -> String {
    let mut text = String::new();
    refusals(plan, &mut text);
    guards::held_back(plan, &mut text);
    text
}

fn heading(key: &SpaceKey, space: &PlanSpace, text: &mut String) {
    let mode = match space.mode {
        Mode::Authoritative => "authoritative",
        Mode::Additive => "additive",
    };
    let title = format!("{key}  {}", space.name);
    let _ = writeln!(
        text,
        "{}{:>width$}",
        paint(HEADING, &title),
        mode,
        width = 76_usize.saturating_sub(width(&title))
    );
}

/// One line of the table.
struct Row {
    sign: char,
    what: String,
    who: String,
    why: String,
}

fn rows(plan: &Plan, key: &SpaceKey) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut replaced: BTreeMap<&Principal, usize> = BTreeMap::new();
    for (group, permissions) in grants(plan, key) {
        // What a role takes the place of is told with the role.
        if group.verb == Verb::Remove && gets_role(plan, key, group.principal) {
            *replaced.entry(group.principal).or_default() += permissions.len();
            continue;
        }
        rows.push(Row {
            sign: match group.verb {
                Verb::Add => '+',
                Verb::Remove => '-',
            },
            what: grant_words(plan, key, &group, &permissions),
            who: plan.name(group.principal).into_owned(),
            why: why(group.reason),
        });
    }
    for change in plan.changes.iter().filter(|change| change.space() == key) {
        match change {
            Change::Grant { .. } => {}
            Change::Role { principal, before, after, reason, .. } => {
                let role = |id| plan.roles.get(id).map_or_else(|| format!("{id}"), Clone::clone);
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
                    .map_or_else(|| format!("page {content}"), |page| page.path.clone()),
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

/// Whether somebody is given a role, which takes the place of the single permissions they hold.
fn gets_role(plan: &Plan, key: &SpaceKey, who: &Principal) -> bool {
    plan.changes.iter().any(|change| {
        matches!(change, Change::Role { space, principal, after: Some(_), .. } if space == key && principal == who)
    })
}

/// Permissions that one line can tell together: of one principal, for one reason.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Together<'a> {
    verb: Verb,
    principal: &'a Principal,
    reason: &'a Reason,
}

fn grants<'a>(plan: &'a Plan, key: &SpaceKey) -> Vec<(Together<'a>, Vec<Permission>)> {
    let mut together: BTreeMap<Together<'a>, Vec<Permission>> = BTreeMap::new();
    for change in &plan.changes {
        if let Change::Grant { space, principal, permission, verb, reason } = change
            && space == key
        {
            together.entry(Together { verb: *verb, principal, reason }).or_default().push(*permission);
        }
    }
    together.into_iter().collect()
}

fn grant_words(plan: &Plan, key: &SpaceKey, group: &Together<'_>, permissions: &[Permission]) -> String {
    let names: Vec<&str> = permissions.iter().map(|permission| permission.as_str()).collect();
    let loses_everything = group.verb == Verb::Remove
        && plan.objects.iter().any(|object| {
            matches!(object, Object::Holding { space, principal, after: HoldingState::Nothing, .. }
                if space == key && principal == group.principal)
        });
    match group.reason {
        Reason::Declared { role: Some(role), .. } if names.len() > 2 => {
            format!("{role} ({})", count(names.len(), "permission", "permissions"))
        }
        Reason::Declared { role: Some(role), .. } => format!("{} ({role})", names.join(", ")),
        _ if loses_everything && names.len() > 1 => {
            format!("everything ({})", count(names.len(), "permission", "permissions"))
        }
        Reason::Declared { .. }
        | Reason::NotDeclared
        | Reason::PageOnly { .. }
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
        Reason::NeededFor { permission } => format!("needed for {permission}"),
    }
}

/// The line, and what it says besides: `rules.yaml:12 (auditors read everything)`, `a.yaml:7 until 2027-01-31 (audit)`.
pub(super) fn said_words(origin: &Origin, terms: &Terms) -> String {
    let mut text = origin.to_string();
    if let Some(End { until, over }) = terms.end {
        let _ = write!(text, " {} {until}", if over { "ended" } else { "until" });
    }
    let said: Vec<&str> = [&terms.rule, &terms.because].into_iter().flatten().map(String::as_str).collect();
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

fn left_alone(plan: &Plan, text: &mut String) {
    if plan.unmanaged.is_empty() {
        return;
    }
    let _ = writeln!(text, "{}", paint(HEADING, "Left alone"));
    for kept in &plan.unmanaged {
        let _ = writeln!(text, "  {}  {}", kept.space, kept_words(plan, kept));
    }
    text.push('\n');
}

fn kept_words(plan: &Plan, kept: &Unmanaged) -> String {
    let entries = count(kept.count, "entry", "entries");
    let holders = kept.principals.len();
    let names: Vec<String> = kept
        .principals
        .iter()
        .take(3)
        .map(|who| who.parse().map_or_else(|_| who.clone(), |who: Principal| plan.name(&who).into_owned()))
        .collect();
    let who = if holders > names.len() {
        format!("{} and {} more", names.join(", "), holders - names.len())
    } else {
        list(&names)
    };
    match kept.reason {
        KeepReason::App => format!("{entries} of apps: {who}"),
        KeepReason::Caller => format!("{entries} of the account that runs this: {who}"),
        KeepReason::Undeclared => format!("{entries} that the policy does not mention: {who}"),
        KeepReason::UnknownAccount => {
            format!("{entries} of accounts that the site does not describe, which may be apps: {who}")
        }
        KeepReason::Class => format!("{entries} of user classes, which cannot be changed one by one: {who}"),
        KeepReason::UnlistedPage => format!(
            "{} that no entry reaches; `unlisted-pages: open` would open them",
            count(kept.count, "restricted page", "restricted pages")
        ),
        KeepReason::Foreign => format!("{entries} of a kind that this version does not know: {who}"),
    }
}

fn unseen(plan: &Plan, text: &mut String) {
    if plan.unseen.is_empty() {
        return;
    }
    let _ = writeln!(text, "{}", paint(HEADING, "Could not be seen"));
    for gap in &plan.unseen {
        let _ = writeln!(text, "  {}", gap_words(plan, gap));
    }
    text.push('\n');
}

fn gap_words(plan: &Plan, gap: &Gap) -> String {
    let reason = |why: &Why| match why {
        Why::NotRead => "they were not read",
        Why::Hidden => "the site hides them from the account that runs this",
        Why::NoApi => "Confluence has no API for them",
    };
    match gap {
        Gap::Restrictions { space, content, why } => {
            let page =
                plan.pages.get(content).map_or_else(|| format!("page {content}"), |page| page.path.clone());
            let of_pages = plan
                .pages
                .get(content)
                .is_none_or(|page| matches!(page.kind, ContentKind::Page | ContentKind::Blogpost));
            match why {
                Why::Hidden if !of_pages => {
                    format!("{space}  the lists of {page}: the site shows none for this kind of content")
                }
                Why::Hidden | Why::NotRead | Why::NoApi => {
                    format!("{space}  the lists of {page}: {}; it is left as it is", reason(why))
                }
            }
        }
        Gap::Ancestor { space, content } => {
            format!("{space}  a parent page with id {content}: it is hidden from the account that runs this")
        }
        Gap::Containers { space, .. } => {
            format!(
                "{space}  whiteboards, databases and folders that no page hangs under: the site does not list them"
            )
        }
        Gap::Members { group, why } => {
            format!("the members of {}: {}", plan.name(&Principal::Group(group.clone())), reason(why))
        }
        Gap::Account { account } => format!("whose account {account} is: the site does not say"),
    }
}

/// What is so for a moment while the calls are made. Of many, the first of each space are told.
fn meanwhile(plan: &Plan, text: &mut String) {
    const TOLD: usize = 5;
    if plan.meanwhile.is_empty() {
        return;
    }
    let _ = writeln!(text, "{}", paint(HEADING, "For a moment"));
    let mut by_space: BTreeMap<&SpaceKey, Vec<&Meanwhile>> = BTreeMap::new();
    for meanwhile in &plan.meanwhile {
        by_space.entry(&meanwhile.space).or_default().push(meanwhile);
    }
    for (space, all) in by_space {
        for meanwhile in all.iter().take(TOLD) {
            let _ = writeln!(text, "  {space}  {}", meanwhile_words(plan, meanwhile));
        }
        if all.len() > TOLD {
            let _ = writeln!(text, "  {space}  and {} more; `--explain-order` tells all", all.len() - TOLD);
        }
    }
    text.push('\n');
}

fn refusals(plan: &Plan, text: &mut String) {
    for refusal in &plan.refusals {
        let _ = writeln!(text, "{} {}\n", paint(REMOVE, "Held back:"), refusal_words(plan, refusal));
    }
}

fn refusal_words(plan: &Plan, refusal: &Refusal) -> String {
    let names = |principals: &std::collections::BTreeSet<Principal>| {
        list(&principals.iter().map(|who| plan.name(who).into_owned()).collect::<Vec<_>>())
    };
    let caller = plan.name(&Principal::User(plan.site.caller.clone())).into_owned();
    match refusal {
        Refusal::Lockout { space, through } => format!(
            "{space}: {caller}, who runs this, administers the space through {} and would not any more. \
             Name {caller}, or a group that it is in, as `admin` of the space; or, if it is meant to lose the \
             space, let another administrator of it apply this policy.",
            names(through)
        ),
        Refusal::NoAdmin { space } => format!(
            "{space}: nobody would administer the space any more, which Confluence refuses. \
             Name somebody as its `admin`."
        ),
        Refusal::NoSafeOrder { space, danger } => format!(
            "{space}: in every order of the calls that was tried, {}. Split the change over two policies, applied \
             one after the other; or pass --allow-gap, if nobody minds that somebody is shut out for a moment. \
             Nothing allows somebody to be let in for a moment.",
            danger_words(plan, danger)
        ),
        Refusal::PageOnly { space, origin, problem } => {
            format!("{space}: {} ({origin})", page_only::problem_words(plan, problem))
        }
    }
}

/// One line: what is to be done, in how many calls, and whether fewer would do.
fn summary(plan: &Plan) -> String {
    if plan.is_empty() {
        let spaces = count(plan.spaces.len(), "space is", "spaces are");
        return format!("Nothing to change: {spaces} as the policy says.");
    }
    let (mut add, mut remove, mut roles) = (0, 0, 0);
    let mut pages = std::collections::BTreeSet::new();
    for change in &plan.changes {
        match change {
            Change::Grant { verb: Verb::Add, .. } => add += 1,
            Change::Grant { space, principal, .. } if gets_role(plan, space, principal) => {}
            Change::Grant { verb: Verb::Remove, .. } => remove += 1,
            Change::Role { .. } => roles += 1,
            Change::Audience { content, .. } => {
                pages.insert(*content);
            }
        }
    }
    let parts: Vec<String> = [
        (add, "permission to add", "permissions to add"),
        (remove, "permission to remove", "permissions to remove"),
        (roles, "role to change", "roles to change"),
        (pages.len(), "page to restrict or open", "pages to restrict or open"),
    ]
    .into_iter()
    .filter(|(number, ..)| *number > 0)
    .map(|(number, one, many)| count(number, one, many))
    .collect();
    let calls = count(plan.cost.calls, "call", "calls");
    let bound = if plan.cost.calls == plan.cost.lower_bound {
        "no plan can do it in fewer".to_owned()
    } else {
        format!(
            "no plan can do it in fewer than {}, and whether {} had to be done in two halves was too \
             much to find out",
            plan.cost.lower_bound,
            count(plan.cost.splits, "call", "calls")
        )
    };
    format!("{}. {calls}; {bound}.", list(&parts))
}
