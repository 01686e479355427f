//! What a plan leaves out, because the account that runs this may not change it or because nothing is sure to change
//! it as it is meant, and who can help.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{AccountId, Audience, ContentId, Permission, Principal, SpaceKey};
use crate::plan::{Change, ChangeAction, ChangeReason, Lacks, LeftOut, Plan};

use super::access_words::{ShownNames, SiteNames};
use super::review::{ReviewPart, Section};
use super::style::{CHANGE, count, counts, list, paint};

/// As many names are written out; more are counted.
const NAMED: usize = 3;

pub(super) fn left_out(plan: &Plan) -> impl Iterator<Item = Section> {
    let (archived, rest): (Vec<&LeftOut>, Vec<&LeftOut>) =
        plan.left_out.iter().partition(|left| left.lacks == Lacks::WritableArchive);
    let (moved, rest): (Vec<&LeftOut>, Vec<&LeftOut>) =
        rest.into_iter().partition(|left| left.lacks == Lacks::ExpectedState);
    let (rights, others): (Vec<&LeftOut>, Vec<&LeftOut>) =
        rest.into_iter().partition(|left| left.lacks.is_right());
    let section = |heading: &str, left_out: &[&LeftOut]| {
        let lines = lines_of(left_out, plan, &plan.site.caller);
        (!lines.is_empty()).then(|| Section::new(ReviewPart::Incomplete, paint(CHANGE, heading), lines))
    };
    let rights = section("Left out: this account may not change it", &rights);
    let others = section("Left out: groups in it are deleted, or may be", &others);
    let archived =
        section("Left out: the site does not let restrictions of archived pages be changed", &archived);
    let moved = section("Left out: others changed it since", &moved);
    rights.into_iter().chain(others).chain(archived).chain(moved)
}

/// What is left out, one line for what the same account is asked for.
pub fn left_out_lines(plan: &Plan) -> Vec<String> {
    lines_of(&plan.left_out.iter().collect::<Vec<_>>(), plan, &plan.site.caller)
}

/// The same where there is no plan, but the site as it would be.
pub fn left_out_of_site(left_out: &[LeftOut], names: SiteNames<'_>) -> Vec<String> {
    lines_of(&left_out.iter().collect::<Vec<_>>(), &names, &names.live.site.caller.account)
}

pub(super) fn lines_of(left_out: &[&LeftOut], names: &dyn ShownNames, caller: &AccountId) -> Vec<String> {
    let mut same: BTreeMap<LeftOutKey<'_>, Vec<&LeftOut>> = BTreeMap::new();
    for left in left_out {
        same.entry(LeftOutKey::of(left)).or_default().push(left);
    }
    same.into_iter().map(|(key, all)| line(&key, &all, names, caller)).collect()
}

/// What makes left-out changes one line: rows and roles of a space, pages that need the same permission, and each
/// page with its own edit list.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct LeftOutKey<'a> {
    space: &'a SpaceKey,
    is_page: bool,
    lacks: &'a Lacks,
    page: Option<ContentId>,
}

impl<'a> LeftOutKey<'a> {
    fn of(left: &'a LeftOut) -> Self {
        let (is_page, page) = match (&left.change, &left.lacks) {
            (Change::Audience { content, .. }, Lacks::EditList | Lacks::WritableArchive) => {
                (true, Some(*content))
            }
            (
                Change::Audience { .. },
                Lacks::Permission { .. }
                | Lacks::LivingEntry { .. }
                | Lacks::Certainty { .. }
                | Lacks::ExpectedState,
            ) => (true, None),
            (Change::Grant { .. } | Change::Role { .. }, _) => (false, None),
        };
        Self { space: left.change.space(), is_page, lacks: &left.lacks, page }
    }
}

fn line(key: &LeftOutKey<'_>, all: &[&LeftOut], shown: &dyn ShownNames, caller: &AccountId) -> String {
    let ask: BTreeSet<&Principal> = all.iter().flat_map(|left| &left.ask).collect();
    // The account itself is not one to be asked.
    let itself = Principal::User(caller.clone());
    let names: Vec<String> =
        ask.iter().filter(|who| ***who != itself).map(|who| shown.principal(who)).collect();
    let can = if ask.contains(&itself) {
        "as an administrator of the space it can".to_owned()
    } else if names.is_empty() {
        "an administrator of the space can".to_owned()
    } else {
        format!("{} can", some(&names, ("other", "others")))
    };
    let named = |who: &BTreeSet<Principal>| {
        let names: Vec<String> = who.iter().map(|who| shown.principal(who)).collect();
        some(&names, ("other", "others"))
    };
    let why = match key.lacks {
        Lacks::LivingEntry { deleted } => format!(
            "a list has no other entry than {}, and without it the page would be open; put another entry on it",
            named(deleted)
        ),
        Lacks::Certainty { groups } => format!(
            "the site neither lists {} nor says that it does not exist; take it off if it is deleted, or let this account see it",
            named(groups)
        ),
        Lacks::ExpectedState => "others have changed something here since; it stays as it is".to_owned(),
        Lacks::WritableArchive => {
            let stays: Vec<String> = all.iter().filter_map(|left| stays(&left.change, shown)).collect();
            format!("{}; restore the page to change that", list(&stays))
        }
        Lacks::EditList => format!("this account is not on its edit list; {can} add it"),
        Lacks::Permission { any_of } => {
            let least = any_of.first().map_or("", |permission| permission.as_str());
            if any_of.contains(&Permission::AdministerSpace) && !key.is_page {
                format!("this account does not administer the space; {can} grant it {least}")
            } else {
                let it = if ask.contains(&itself) { "itself" } else { "it" };
                format!("this account lacks {least} in the space; {can} grant {it} that")
            }
        }
    };
    format!("{}  {}: {why}", key.space, what(key, all, shown))
}

/// How a list of an archived page stays.
fn stays(change: &Change, names: &dyn ShownNames) -> Option<String> {
    let Change::Audience { list: verb, before, reason, .. } = change else { return None };
    let verb = verb.as_str();
    Some(match (before, reason) {
        (Audience::Anyone, ChangeReason::PageOnly { origin }) => {
            format!("{verb} stays open to anyone, the guests of {origin} among them")
        }
        (Audience::Anyone, _) => format!("{verb} stays open to anyone"),
        (Audience::Only(members), _) => {
            let members: Vec<String> =
                members.iter().map(|member| names.principal(&member.clone().into())).collect();
            format!("{verb} stays with {}", some(&members, ("other", "others")))
        }
    })
}

fn what(key: &LeftOutKey<'_>, all: &[&LeftOut], names: &dyn ShownNames) -> String {
    if key.is_page {
        let pages: BTreeSet<ContentId> = all
            .iter()
            .filter_map(|left| match left.change {
                Change::Audience { content, .. } => Some(content),
                Change::Grant { .. } | Change::Role { .. } => None,
            })
            .collect();
        let paths: Vec<String> = pages.iter().map(|page| names.page(*page)).collect();
        return format!("the lists of {}", some(&paths, ("more page", "more pages")));
    }
    let number = |counts: fn(&Change) -> bool| all.iter().filter(|left| counts(&left.change)).count();
    let add = number(|change| matches!(change, Change::Grant { verb: ChangeAction::Add, .. }));
    let remove = number(|change| matches!(change, Change::Grant { verb: ChangeAction::Remove, .. }));
    let roles = number(|change| matches!(change, Change::Role { .. }));
    list(&counts([
        (add, "permission to add", "permissions to add"),
        (remove, "permission to remove", "permissions to remove"),
        (roles, "role to change", "roles to change"),
    ]))
}

/// The first few names, and how many more there are.
fn some(names: &[String], (one, many): (&str, &str)) -> String {
    if names.len() <= NAMED + 1 {
        return list(names);
    }
    let more = names.len() - NAMED;
    format!("{} and {}", names[..NAMED].join(", "), count(more, one, many))
}
