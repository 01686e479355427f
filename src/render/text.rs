//! The words for what a plan says beside its changes: what is unknown, why it is blocked, and its sum in one line.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::model::{ContentKind, Gap, Mode, Principal, SpaceKey, SpaceRoleMode, Why};
use crate::plan::{
    CallId, Change, Cost, Danger, EdgeReason, KeepReason, Lacks, LeftOut, Meanwhile, MeanwhileReason, Moment,
    NeededBy, Plan, PlanSpace, Refusal,
};

use super::access_words::ShownNames as _;
use super::call::call_words;
use super::guards;
use super::left_out;
use super::order::{danger_words, lasting_danger_words, meanwhile_words};
use super::page_only;
use super::review::{Basis, Counted, ReviewPart, Section};
use super::skipped;
use super::style::{CHANGE, HEADING, REMOVE, count, list, paint};

/// Whether a site lets the lists of archived pages be changed is not documented (world-2026-11.md, 13), and only trying
/// tells; what the plan does elsewhere may wait for it.
pub(super) fn archived(plan: &Plan) -> Option<Section> {
    let is_archived = |change: &&Change| match change {
        Change::Audience { content, .. } => plan.pages.get(content).is_some_and(|page| page.archived),
        Change::Grant { .. } | Change::Role { .. } => false,
    };
    let lists = plan.changes.iter().filter(is_archived).count();
    let sentence = format!(
        "{} of archived pages: if this site refuses to change them, `apply` names those that stay as they are; then restore or delete such a page, or say `archived-pages: read-only` under `site`.",
        count(lists, "list", "lists")
    );
    (lists > 0).then(|| Section::new(ReviewPart::Meanwhile, sentence, Vec::new()))
}

/// Why the plan is blocked, for those forms of a plan that do not say it; nothing if it is not.
pub fn blocked_as_text(plan: &Plan) -> String {
    let mut text = String::new();
    for Section { heading, lines, rest, .. } in
        refusals(plan).into_iter().chain(guards::blocked(plan, Basis::Policy))
    {
        let _ = writeln!(text, "{heading}");
        for line in lines.into_iter().chain(rest) {
            let _ = writeln!(text, "  {line}");
        }
        text.push('\n');
    }
    text
}

/// What could not be seen; what of it the policy declares is a section of its own.
pub(super) fn unseen(plan: &Plan) -> Vec<Section> {
    let words = |gaps: Vec<&Gap>| gaps.into_iter().map(|gap| gap_words(plan, gap)).collect();
    let others: Vec<&Gap> = plan.unseen.iter().filter(|gap| !plan.incomplete.contains(gap)).collect();
    let declared: Vec<&Gap> = plan.incomplete.iter().collect();
    [
        (ReviewPart::Unseen, paint(HEADING, "Could not be seen"), others),
        (ReviewPart::Incomplete, paint(CHANGE, "Declared, and not known"), declared),
    ]
    .into_iter()
    .filter(|(.., gaps)| !gaps.is_empty())
    .map(|(part, heading, gaps)| Section::new(part, heading, words(gaps)))
    .collect()
}

/// What the policy declares and was not known or is left out, for those forms of a plan that do not say it; nothing
/// if the plan covers everything.
pub fn incomplete_as_text(plan: &Plan) -> String {
    let mut text = String::new();
    for gap in &plan.incomplete {
        let _ = writeln!(text, "Declared, and not known: {}", gap_words(plan, gap));
    }
    for line in left_out::left_out_lines(plan) {
        let _ = writeln!(text, "Left out: {line}");
    }
    for line in skipped::lines(plan) {
        let _ = writeln!(text, "Skipped: {line}");
    }
    text
}

/// Why things are not known, as a clause about several.
pub(crate) const fn why_unknown(why: Why) -> &'static str {
    match why {
        Why::NotRead => "they were not read",
        Why::Hidden => "the site hides them from the account that runs this",
        Why::NoApi => "Confluence has no API for them",
        Why::Contradictory => "the site's answers contradict themselves",
        Why::NoId => "the site leaves out who some entries are",
    }
}

fn gap_words(plan: &Plan, gap: &Gap) -> String {
    let reason = |why: &Why| why_unknown(*why);
    match gap {
        Gap::Restrictions { space, content, why } => {
            let page = plan.page(*content);
            let of_pages = plan
                .pages
                .get(content)
                .is_none_or(|page| matches!(page.kind, ContentKind::Page | ContentKind::Blogpost));
            match why {
                Why::Hidden if !of_pages => {
                    format!("{space}  the lists of {page}: the site shows none for this kind of content")
                }
                Why::Hidden | Why::NotRead | Why::NoApi | Why::Contradictory | Why::NoId => {
                    format!("{space}  the lists of {page}: {}; it is left as it is", reason(why))
                }
            }
        }
        Gap::Labels { space, label, content: None, why } => {
            format!("{space}  the pages with the label `{label}`: {}; the entry is left out", reason(why))
        }
        Gap::Labels { space, label, content: Some(content), why } => {
            let page = plan.page(*content);
            format!(
                "{space}  whether {page} has the label `{label}`: {}; the entry passes it over",
                reason(why)
            )
        }
        Gap::Ancestor { space, content } => {
            format!(
                "{space}  a parent page with id {content}: it is a draft, in the trash, or hidden from the account that runs this"
            )
        }
        Gap::Unreadable { space, list, count, example } => {
            let place = space.as_ref().map_or_else(String::new, |space| format!("{space}  "));
            let entries = if *count == 1 { "1 entry".to_owned() } else { format!("{count} entries") };
            format!(
                "{place}{entries} of `{list}` could not be read and are left as they are: {}",
                example.shown()
            )
        }
        Gap::Place { space, content } => {
            let page = plan.page(*content);
            format!(
                "{space}  the place of {page} in the page tree: the site does not say; no path or pattern matches it, only `id:{content}`"
            )
        }
        Gap::SinglePermissions { space, principal: class @ Principal::Class(_) } => format!(
            "{space}  the permissions of {}: the API cannot change what a user class holds beside a role; take them away in Confluence",
            plan.name(class)
        ),
        Gap::SinglePermissions { space, principal } if plan.site.space_role_mode != SpaceRoleMode::Roles => {
            format!(
                "{space}  the permissions of {}: some are beside its role, which does not give them, and confperm does not change those; take them away in Confluence",
                plan.name(principal)
            )
        }
        Gap::SinglePermissions { space, principal } => format!(
            "{space}  the permissions of {}: this site gives access by roles only, and its API cannot change single permissions; ask a site administrator to replace this custom access by a role",
            plan.name(principal)
        ),
        Gap::AnonymousRows { space, reads: true } => format!(
            "{space}  the permissions of `anonymous`: the site lists no entry for readers who are not signed in, and yet shows the space \
             to them; look at the space's permissions in Confluence"
        ),
        Gap::AnonymousRows { space, reads: false } => format!(
            "{space}  the permissions of `anonymous`: the site lists no entry for readers who are not signed in, and may leave such \
             entries out of its lists; look at the space's permissions in Confluence"
        ),
        Gap::OwnGroups { why } => {
            format!("the groups of the account that runs this: {}; it may be in any", reason(why))
        }
        Gap::Containers { space, .. } => {
            format!(
                "{space}  whiteboards, databases and folders that no page hangs under: the site does not list them"
            )
        }
        Gap::Members { group, why } => {
            format!("the members of {}: {}", plan.name(&Principal::Group(group.clone())), reason(why))
        }
        Gap::Account { account } => {
            format!("the account {account}: the site does not say what it is, so it may be an app")
        }
    }
}

/// What is so for a moment while the calls are made.
pub(super) fn meanwhile(plan: &Plan) -> Option<Section> {
    let line = |meanwhile: &Meanwhile| format!("{}  {}", meanwhile.space, meanwhile_words(plan, meanwhile));
    let lines: Vec<String> = plan.meanwhile.iter().map(line).collect();
    (!lines.is_empty()).then(|| Section::new(ReviewPart::Meanwhile, paint(HEADING, "For a moment"), lines))
}

/// Each reason for which the plan must not be applied.
pub(super) fn refusals(plan: &Plan) -> Vec<Section> {
    let heading = |refusal: &Refusal| {
        let title = paint(REMOVE, &format!("Blocked[{}]:", refusal.code()));
        format!("{title} {}", refusal_words(plan, refusal))
    };
    plan.refusals
        .iter()
        .map(|refusal| Section::new(ReviewPart::Blocked, heading(refusal), Vec::new()))
        .collect()
}

/// Each reason that has to do with what the account that runs this may change.
pub fn account_refusals(plan: &Plan) -> Vec<String> {
    let own = plan.refusals.iter().filter(|refusal| refusal.is_about_the_account());
    own.map(|refusal| refusal_words(plan, refusal)).collect()
}

pub(super) fn refusal_words(plan: &Plan, refusal: &Refusal) -> String {
    let names = |principals: &std::collections::BTreeSet<Principal>| {
        list(&principals.iter().map(|who| plan.name(who).into_owned()).collect::<Vec<_>>())
    };
    let caller = plan.name(&Principal::User(plan.site.caller.clone())).into_owned();
    match refusal {
        Refusal::Lockout { space, through } => format!(
            "{space}: the account that runs this ({caller}) administers the space through {} and would lose that. Name {caller}, or a group that it is in, as `admin` of the space; or, if it is meant to lose the \
             space, let another administrator of it apply this policy.",
            names(through)
        ),
        Refusal::NoAdmin { space } => format!(
            "{space}: the space would have no administrator left, which Confluence refuses. Name one as its `admin`."
        ),
        Refusal::NoSafeOrder { space, danger } => {
            let unread = unread_groups(plan, danger);
            let members = if unread.is_empty() {
                String::new()
            } else {
                format!(
                    " This account cannot see who is in {}, so anyone may be; with an account that can, there may be an order.",
                    list(&unread)
                )
            };
            let way_out = match danger.moment {
                Moment::LetIn => "No option accepts that access is gained for a moment.",
                Moment::ShutOut => "Or pass --allow-gap to accept that access is lost for a moment.",
            };
            format!(
                "{space}: in every order of the calls that was tried, {}.{members} Split the change over two policies, applied \
                 one after the other. {way_out}",
                danger_words(plan, danger)
            )
        }
        Refusal::NoOrder { space, demands } => {
            let words = |id: &CallId| {
                let call = plan.calls.get(id.position());
                call.map_or_else(|| id.to_string(), |planned| call_words(plan, &planned.call))
            };
            let demands =
                demands.iter().map(|it| format!("`{}` before `{}`", words(&it.first), words(&it.last)));
            format!(
                "{space}: some calls would have to wait for each other: {}. Split the change over two policies, applied \
                 one after the other.",
                list(&demands.collect::<Vec<_>>())
            )
        }
        Refusal::Unfinishable { space, call, content, permission, through } => {
            let what = content.map_or_else(String::new, |content| {
                format!(", which changes the lists of {},", plan.page(content))
            });
            let first = content.map_or_else(
                || "make the other changes first, in a policy of their own".to_owned(),
                |content| format!("change {} first, in a policy of its own", plan.page(content)),
            );
            if through.is_empty() {
                format!(
                    "{space}: call {call}{what} needs {permission}, but in every safe order that was tried, the account that runs this ({caller}) gets that permission only by a later call. Give it {permission} first, in a policy of its own; or let another administrator apply this policy."
                )
            } else {
                format!(
                    "{space}: in every safe order that was tried, the account that runs this ({caller}) loses {permission}, which it has through {}, before call {call}{what} needs it. Give {permission} to {caller} by name until this is done; or {first}; or let another administrator apply this policy.",
                    names(through),
                )
            }
        }
        Refusal::PageOnly { space, origin, problem } => {
            format!("{space}: {} ({origin})", page_only::problem_words(plan, problem))
        }
        Refusal::NeedsLeftOut { space, left_out, needed_by } => {
            needs_left_out_words(plan, space, left_out, needed_by)
        }
        Refusal::OpensToUndecided { space, who, reason, danger } => {
            let names = names(who);
            let why = match reason {
                KeepReason::RolesOnly => "the site does not let single permissions be taken away",
                _ => "the site does not say whether this is an app's account",
            };
            format!(
                "{space}: {}. The policy gives {names} no such access, and what is there stays only because {why}. Name {names} in the policy, under `access` or in a rule with `absent`; or take {names} out of the space in Confluence.",
                lasting_danger_words(plan, danger)
            )
        }
    }
}

/// Of the principals that a danger is about, the groups whose members could not be read.
fn unread_groups(plan: &Plan, danger: &Danger) -> Vec<String> {
    let is_unread = |who: &&Principal| {
        plan.unseen.iter().any(
            |gap| matches!((gap, who), (Gap::Members { group, .. }, Principal::Group(listed)) if group == listed),
        )
    };
    danger.people.iter().filter(is_unread).map(|who| plan.name(who).into_owned()).collect()
}

fn needs_left_out_words(
    plan: &Plan,
    space: &SpaceKey,
    left_out: &BTreeSet<usize>,
    needed_by: &NeededBy,
) -> String {
    let needed: Vec<&LeftOut> = left_out.iter().filter_map(|place| plan.left_out.get(*place)).collect();
    let lines = left_out::lines_of(&needed, plan, &plan.site.caller).join("; ");
    let why = match needed_by {
        NeededBy::Order { danger: Some(danger), .. } => {
            format!("without it {}", lasting_danger_words(plan, danger))
        }
        NeededBy::Order { reason: EdgeReason::Resume, .. } => {
            "if the rest were applied alone, a later run could not find out that this is missing".to_owned()
        }
        NeededBy::Order { .. } => "Confluence demands it before the rest".to_owned(),
        NeededBy::PageOnly { origins } => {
            let origins: Vec<String> = origins.iter().map(ToString::to_string).collect();
            format!("without it guests would see other pages than theirs ({})", list(&origins))
        }
    };
    format!(
        "{space}: some of this cannot be left out: {why}. {lines}. Or apply this policy with an account that may do all of it."
    )
}

/// One line: what is to be done, in how many calls, and whether fewer would do.
pub fn plan_in_a_line(plan: &Plan, basis: Basis) -> String {
    if plan.is_empty() {
        if let Some(Uncovered { covered, rest }) = uncovered(plan, basis) {
            return format!("Nothing to change in what {covered}; {rest}.");
        }
        if plan.spaces.is_empty() {
            return format!(
                "Nothing to change: the policy names no space, and its rules select none.{}",
                unnamed(plan)
            );
        }
        let spaces = count(plan.spaces.len(), "space is", "spaces are");
        let how = match basis {
            Basis::Policy => "as the policy says",
            Basis::SavedPlan | Basis::SavedPlanInPart => "as the plan says",
            Basis::Undo { .. } => "as before the run",
        };
        return format!("Nothing to change: {spaces} {how}{}.{}", exceptions(plan, basis), unnamed(plan));
    }
    let parts = Counted::of(plan).words();
    let calls = count(plan.cost.calls, "call", "calls");
    let bound = bound(plan);
    let conditional = match plan.cost.conditional {
        0 => String::new(),
        more => format!("; up to {more} more to remove permissions that Confluence may add by itself"),
    };
    let rest = uncovered(plan, basis).map_or_else(String::new, |uncovered| format!(" {}.", uncovered.rest));
    format!("{}. {calls}{bound}{conditional}.{rest}{}", list(&parts), unnamed(plan))
}

/// How many spaces of the site the policy is not about, where that is known.
fn unnamed(plan: &Plan) -> String {
    match plan.coverage.unnamed {
        None | Some(0) => String::new(),
        Some(1) => " 1 space of the site is not in the policy.".to_owned(),
        Some(number) => format!(" {number} spaces of the site are not in the policy."),
    }
}

/// What is known of the number of calls. The bound covers every plan that keeps the access of each person and of each
/// principal by itself; who is let in or shut out for a moment could save calls.
fn bound(plan: &Plan) -> String {
    let Cost { calls, lower_bound, splits, .. } = plan.cost;
    let has_gap = plan.meanwhile.iter().any(|moment| moment.reason == MeanwhileReason::AcceptedGap);
    match (calls, has_gap) {
        (0 | 1, _) => String::new(),
        _ if plan.refusals.iter().any(Refusal::is_about_the_order) => String::new(),
        (_, true) => "; with an accepted gap, fewer are not ruled out".to_owned(),
        (_, false) if calls == lower_bound => {
            ", the fewest without a leak or a gap for any person or group".to_owned()
        }
        (_, false) => format!(
            "; {} split, and at least {lower_bound} are needed without a leak or a gap for any person or group",
            count(splits, "of them is", "of them are")
        ),
    }
}

/// What a plan that does not cover everything is about, and how much it is not about.
pub(super) struct Uncovered {
    /// "is known", "is not left out", "is not paused".
    pub(super) covered: String,
    pub(super) rest: String,
}

/// `None` if the plan covers everything that the policy declares.
pub(super) fn uncovered(plan: &Plan, basis: Basis) -> Option<Uncovered> {
    let (one, many) = if basis.is_declared() {
        ("declared change is", "declared changes are")
    } else {
        ("change is", "changes are")
    };
    let changes = count(plan.left_out.len(), one, many);
    let is_archived = |left: &LeftOut| left.lacks == Lacks::WritableArchive;
    let is_about_groups = |left: &LeftOut| !left.lacks.is_right() && !has_moved(left);
    let (archived, others): (Vec<&LeftOut>, Vec<&LeftOut>) =
        plan.left_out.iter().partition(|left| is_archived(left));
    let because = [
        others.iter().any(|left| left.lacks.is_right()).then_some("this account may not make them"),
        others.iter().any(|left| is_about_groups(left)).then_some("a group in them is deleted or hidden"),
        others.iter().any(|left| has_moved(left)).then_some("others changed the same, or what it depends on"),
        (!archived.is_empty()).then_some("the site does not let archived pages be changed"),
    ];
    let because = because.into_iter().flatten().collect::<Vec<_>>().join(", or ");
    let left_out = format!("{changes} left out, since {because}");
    let changeable = match others.as_slice() {
        [] => "the site lets be changed",
        others if others.iter().all(|left| has_moved(left)) => "is not left out",
        _ => "this account may change",
    };
    let skipped = skipped::count_words(plan);
    // What is paused is what the policy asks for.
    let is_paused = |space: &&PlanSpace| basis.is_declared() && space.mode == Mode::Paused;
    let paused = plan.spaces.values().filter(is_paused).count();
    let of_others = plan.unmanaged.iter().filter(|kept| kept.reason == KeepReason::OtherFiles);
    let of_others: usize = of_others.map(|kept| kept.count).sum();
    let of_others_words = count(of_others, "change is", "changes are");
    let parts = [
        (of_others > 0).then(|| ("is the team's", format!("{of_others_words} left to the files of others"))),
        unknown_words(plan, basis).map(|unknown| ("is known", unknown)),
        (!plan.left_out.is_empty()).then_some((changeable, left_out)),
        (!plan.skipped.is_empty()).then_some(("is not skipped", skipped)),
        (paused > 0).then(|| ("is not paused", count(paused, "space is paused", "spaces are paused"))),
    ];
    let (covered, rest): (Vec<&str>, Vec<String>) = parts.into_iter().flatten().unzip();
    (!rest.is_empty()).then(|| Uncovered { covered: covered.join(" and "), rest: rest.join("; ") })
}

/// What is not so all the same, though no line of the plan says it.
pub(super) fn exceptions(plan: &Plan, basis: Basis) -> &'static str {
    match basis {
        Basis::Undo { has_exceptions: true, .. } => ", but for what was listed above",
        Basis::SavedPlanInPart if !plan.left_out.iter().any(has_moved) => ", but for what others changed",
        Basis::Policy | Basis::SavedPlan | Basis::SavedPlanInPart | Basis::Undo { .. } => "",
    }
}

fn has_moved(left: &LeftOut) -> bool {
    left.lacks == Lacks::ExpectedState
}

/// How much of what is asked for was unknown, and what; `None` if nothing was.
fn unknown_words(plan: &Plan, basis: Basis) -> Option<String> {
    if plan.incomplete.is_empty() {
        return None;
    }
    let mut kinds: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for gap in &plan.incomplete {
        *kinds.entry(kind_words(gap)).or_default() += 1;
    }
    let kinds: Vec<String> =
        kinds.into_iter().map(|((one, more), number)| count(number, one, more)).collect();
    let (one, many, other) = if basis.is_declared() {
        ("declared thing is", "declared things are", "the policy")
    } else {
        ("thing is", "things are", "what was before the run")
    };
    let things = count(plan.incomplete.len(), one, many);
    Some(format!("{things} unknown and may differ from {other}: {}", list(&kinds)))
}

/// A kind of thing that can be unknown, one and several of it.
const fn kind_words(gap: &Gap) -> (&'static str, &'static str) {
    match gap {
        Gap::Restrictions { .. } => ("page with unread lists", "pages with unread lists"),
        Gap::Labels { .. } => ("unread label", "unread labels"),
        Gap::Ancestor { .. } => ("hidden parent page", "hidden parent pages"),
        Gap::Unreadable { .. } => ("list with unreadable entries", "lists with unreadable entries"),
        Gap::Place { .. } => ("page with an unknown place", "pages with unknown places"),
        Gap::Containers { .. } => ("space with unlisted folders", "spaces with unlisted folders"),
        Gap::AnonymousRows { .. } => {
            ("space where `anonymous` may be unlisted", "spaces where `anonymous` may be unlisted")
        }
        Gap::Members { .. } => ("group with unread members", "groups with unread members"),
        Gap::OwnGroups { .. } => (
            "unknown membership of the account that runs this",
            "unknown memberships of the account that runs this",
        ),
        Gap::SinglePermissions { .. } => {
            ("principal with leftover permissions", "principals with leftover permissions")
        }
        Gap::Account { .. } => ("account of unknown kind", "accounts of unknown kind"),
    }
}
