//! `also-view` and `also-edit` where the naive reading says nothing: what is refused, skipped, or left alone.

use std::collections::BTreeSet;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use confperm::diagnostic::{Code, Diagnostics};
use confperm::model::{
    Audience, Gap, Guard, Holding, Known, Live, Permission, SkipReason, SkippedPart, Subject, Why,
};
use confperm::plan::{Gaps, GuardVerdict, plan};
use confperm::policy::lock::Lock;
use confperm::policy::{Context, resolve};

use super::case::{Case, Joiners, Leaves, List, Sort, Who};
use super::{lists, planned, policy};
use crate::site::TODAY;

/// Two pages, one below the other, with these view lists.
pub(super) fn case(above: List, below: List) -> Case {
    Case {
        parents: vec![None, Some(0)],
        sorts: vec![Sort::Page; 2],
        lists: vec![[above, None], [below, None]],
        labels: vec![[false; 2]; 9],
        entries: [].into(),
        opens_unlisted: false,
        restricted: [[Joiners::new(), Joiners::new()], [Joiners::new(), Joiners::new()]],
        hr: Leaves::Stays,
        guests: None,
        leads_read: false,
        are_members_unread: false,
    }
}

fn space(lines: &str) -> String {
    format!("spaces:\n  ENG:\n    mode: additive\n{lines}")
}

fn views(live: &Live, case: &Case) -> Vec<List> {
    lists(live, case).into_iter().map(|[view, _]| view).collect()
}

fn codes(findings: &Diagnostics) -> Vec<Code> {
    findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn a_principal_that_goes_joins_no_list() {
    let live = case(Some([Who::Hr, Who::Sre].into()), None).live();
    for lines in [
        "    pages: {id:21: {also-view: [group:hr]}}\n",
        "    pages: {/**: {also-edit: [group:hr]}}\n",
        "    restricted-pages: {also-view: [group:hr]}\n",
        "    unlisted-pages: leave\nrules:\n  - {name: j, spaces: [ENG], restricted-pages: {also-view: [group:hr]}}\n",
    ] {
        for rule in ["absent: [group:hr]", "replace: {group:hr: group:sre}", "leave: [group:hr]"] {
            let rules = if lines.contains("rules:") { "" } else { "rules:\n" };
            let policy = policy(&format!("{}{rules}  - {{name: r, spaces: [ENG], {rule}}}\n", space(lines)));
            let early = policy.contradictions(TODAY.today);
            assert_eq!(codes(&early), [Code::Contradiction], "{lines}{rule}");
            let late = resolve(&policy, &live, TODAY).unwrap_err();
            assert_eq!(codes(&late), [Code::Contradiction], "{lines}{rule}");
        }
    }
}

#[test]
fn a_list_that_loses_its_last_entry_is_an_error_even_if_others_join_it() {
    let mut live = case(Some([Who::Hr].into()), None).live();
    let tree = live.space_mut(&"ENG".parse().unwrap()).unwrap().tree.as_mut().unwrap();
    let Some(Known::Known(lists)) = tree.get(Case::id(0)).map(|page| page.restrictions.clone()) else {
        panic!()
    };
    let view = Audience::from_site_list([Who::Hr.subject()]);
    tree.set_restrictions(Case::id(0), Known::Known(confperm::model::Restrictions { view, ..lists }));
    let lines = "    restricted-pages: {also-view: [group:backup]}\nrules:\n  - {name: r, spaces: [ENG], absent: [group:hr]}\n";
    let findings = resolve(&policy(&space(lines)), &live, TODAY).unwrap_err();
    assert_eq!(codes(&findings), [Code::LastOnList]);
}

#[test]
fn a_lost_name_is_left_out_and_the_others_join() {
    let case = case(Some([Who::Sre].into()), None);
    let live = case.live();
    let file: Arc<Utf8Path> = Utf8PathBuf::from("confperm.lock").into();
    let lock = Lock::parse(&file, "version: 2\ngroups: {leads: g-was}\n").unwrap();
    let policy = policy(&space("    pages: {/**: {also-view: [group:leads, group:backup]}}\n"));
    let resolved = resolve(&policy, &live, Context { lock: &lock, ..TODAY }).unwrap();
    let planned = plan(&resolved.desired, &live, Gaps::Refuse).unwrap();
    assert_eq!(views(&planned.after, &case), [Some([Who::Sre, Who::Backup].into()), None]);
    let skipped: Vec<_> =
        planned.plan.skipped.iter().map(|skipped| (skipped.part, skipped.name.to_string())).collect();
    assert_eq!(skipped, [(SkippedPart::Principal, "group:leads".to_owned())]);
}

#[test]
fn a_list_without_others_stays_when_the_time_is_over() {
    let case = case(Some([Who::Backup].into()), None);
    let mut live = case.live();
    let tree = live.space_mut(&"ENG".parse().unwrap()).unwrap().tree.as_mut().unwrap();
    let view = Audience::from_site_list([Who::Backup.subject()]);
    let lists = confperm::model::Restrictions { view, edit: Audience::Anyone };
    tree.set_restrictions(Case::id(0), Known::Known(lists));
    let line = "    pages: {/**: {also-view: [{who: group:backup, until: 2026-11-20}]}}\n";
    let planned = planned(&policy(&space(line)), &live);
    assert!(planned.plan.changes.is_empty(), "{:#?}", planned.plan.changes);
    let skipped: Vec<_> =
        planned.plan.skipped.iter().map(|it| (it.part, it.name.to_string(), it.reason.clone())).collect();
    assert_eq!(skipped, [(SkippedPart::List, "group:backup".to_owned(), SkipReason::Last)]);
}

#[test]
fn a_list_that_could_not_be_read_is_neither_joined_nor_written() {
    let case = case(Some([Who::Sre].into()), Some([Who::Sre].into()));
    let mut live = case.live();
    let tree = live.space_mut(&"ENG".parse().unwrap()).unwrap().tree.as_mut().unwrap();
    tree.set_restrictions(Case::id(1), Known::Unknown(Why::Hidden));
    let gap = Gap::Restrictions { space: "ENG".parse().unwrap(), content: Case::id(1), why: Why::Hidden };
    live.gaps.insert(gap.clone());
    for lines in [
        "    pages: {/**: {also-view: [group:backup]}}\n",
        "    restricted-pages: {also-view: [group:backup]}\n",
        "    unlisted-pages: leave\nrules:\n  - {name: j, spaces: [ENG], restricted-pages: {also-view: [group:backup]}}\n",
    ] {
        let planned = planned(&policy(&space(lines)), &live);
        let pages: BTreeSet<_> = planned.plan.pages.keys().copied().collect();
        assert!(planned.plan.calls.len() == 1 && pages.contains(&Case::id(0)), "{lines}");
        assert!(planned.plan.incomplete.contains(&gap), "{lines}");
    }
}

#[test]
fn who_joins_is_given_access_by_name() {
    let live = case(Some([Who::Sre].into()), None).live();
    let bot = crate::site::BOB;
    let guard = "guards: {forbid: [direct-users]}\n";
    for lines in [
        format!("    pages: {{/**: {{also-view: [\"user:{bot}\"]}}}}\n"),
        format!("    restricted-pages: {{also-edit: [\"user:{bot}\"]}}\n"),
        format!(
            "    unlisted-pages: leave\nrules:\n  - {{name: j, spaces: [ENG], restricted-pages: {{also-view: [\"user:{bot}\"]}}}}\n"
        ),
    ] {
        let policy = policy(&format!("{}{guard}", space(&lines)));
        let breaches = policy.breaches(TODAY.today);
        assert_eq!(breaches.perhaps.iter().count() + breaches.sure.len(), 1, "{lines}");
        let outcomes = planned(&policy, &live).plan.guards.outcomes;
        let forbids = outcomes.iter().find(|outcome| outcome.guard == Guard::ForbidDirectUsers).unwrap();
        assert_eq!(forbids.verdict, GuardVerdict::Blocked, "{lines}");
    }
}

#[test]
fn what_is_given_for_a_time_is_among_what_ends() {
    let lines = "    pages: {/A: {also-edit: [{who: group:hr, until: 2027-01-31}]}}\n    \
                 restricted-pages: {also-view: [{who: group:hr, until: 2027-02-28}]}\n\
                 rules:\n  - {name: j, spaces: [ENG], restricted-pages: {also-view: [{who: group:hr, until: 2027-03-31}]}}\n";
    let endings = policy(&space(lines)).endings();
    let what: Vec<String> = endings.into_iter().map(|ending| ending.what).collect();
    assert_eq!(
        what,
        [
            "also-edit /A in ENG",
            "also-view restricted-pages in ENG",
            "also-view restricted-pages by the rule \"j\"",
        ]
    );
}

/// Joining does not make a list one that was set by hand: it follows who is an insider, and the joiner stays on it.
#[test]
fn a_joined_list_of_all_insiders_goes_on_to_be_one() {
    let mut case = case(Some([Who::Sre, Who::App, Who::Backup].into()), Some([Who::Sre, Who::Backup].into()));
    case.parents = vec![None, None];
    let mut live = case.live();
    case.guests = Some([1].into());
    let leads: Subject = Who::Leads.subject();
    let lines = "    access: {read/space: [group:leads]}\n    \
                 page-only: [{who: [group:partners], pages: [id:22]}]\n    \
                 restricted-pages: {also-view: [group:backup]}\n";
    let policy = policy(&space(lines));
    let first = planned(&policy, &live);
    let of_all = Some([Who::Sre, Who::App, Who::Backup, Who::Leads].into());
    let of_some = Some([Who::Sre, Who::Backup, Who::Partners].into());
    assert_eq!(views(&first.after, &case), [of_all.clone(), of_some.clone()]);
    // Halfway, with the lists done and the grant not, it comes to the same.
    live.spaces.clone_from(&first.after.spaces);
    let holdings = &mut live.space_mut(&"ENG".parse().unwrap()).unwrap().holdings;
    assert!(
        matches!(holdings.remove(&leads.clone().into()), Some(Holding::Grants(rows)) if rows.contains_key(&Permission::ReadSpace))
    );
    let second = planned(&policy, &live);
    assert_eq!(views(&second.after, &case), [of_all, of_some]);
    assert!(planned(&policy, &second.after).plan.changes.is_empty());
}

/// A declared list that has a joiner on it is as declared, so the account that runs this need not come on it.
#[test]
fn what_is_as_declared_and_joined_is_not_written() {
    let case = case(None, None);
    let mut live = case.live();
    let tree = live.space_mut(&"ENG".parse().unwrap()).unwrap().tree.as_mut().unwrap();
    let view = Audience::from_site_list([Who::Sre.subject(), Who::Backup.subject()]);
    let lists = confperm::model::Restrictions { view, edit: Audience::Anyone };
    tree.set_restrictions(Case::id(0), Known::Known(lists));
    let lines = "    pages: {id:21: {view: [group:sre], also-view: [group:backup]}}\n";
    assert!(planned(&policy(&space(lines)), &live).plan.changes.is_empty());
}

/// Whether the view list was joined before or is joined now, the list that keeps guests from editing is the same.
#[test]
fn who_joins_what_guests_see_is_on_its_edit_list_too() {
    let lines = "    page-only: [{who: [group:partners], pages: [id:22], role: collaborator}]\n    \
                 pages: {id:21: {also-view: [group:backup]}}\n";
    for before in [Some([Who::Sre].into()), Some([Who::Sre, Who::Backup].into())] {
        let case = case(before, None);
        let planned = planned(&policy(&space(lines)), &case.live());
        let [view, edit] = lists(&planned.after, &case)[0].clone();
        assert_eq!(view, Some([Who::Sre, Who::Backup, Who::Partners].into()));
        assert_eq!(edit, Some([Who::Sre, Who::Backup].into()));
    }
}

/// What guests must not see below a joined list stays with those on that list, the joiner included.
#[test]
fn who_joins_a_list_sees_what_is_closed_to_guests_below_it() {
    let mut case = case(Some([Who::Sre].into()), None);
    (case.parents, case.sorts) = (vec![None, Some(0), Some(0)], vec![Sort::Page; 3]);
    case.lists.push([None, None]);
    let lines = "    page-only: [{who: [group:partners], pages: [id:22]}]\n    \
                 pages: {id:21: {also-view: [group:backup]}}\n";
    let planned = planned(&policy(&space(lines)), &case.live());
    let closed = Some([Who::Sre, Who::Backup].into());
    let seen = Some([Who::Sre, Who::Backup, Who::Partners].into());
    assert_eq!(views(&planned.after, &case), [seen, None, closed]);
}

#[test]
fn what_is_worth_a_look_points_to_the_line_that_joins() {
    let live = case(Some([Who::Sre].into()), None).live();
    let lines = "    restricted-pages: {also-view: [group:backup]}\n";
    let lints = planned(&policy(&space(lines)), &live).plan.lints;
    let lines: Vec<u32> = lints.iter().filter_map(|lint| Some(lint.origin.as_ref()?.line)).collect();
    assert_eq!((lines, lints.len()), (vec![5], 1), "{lints:#?}");
}

/// `unlisted-pages` opens what `page-only` closes again, so what is closed must not depend on who was on a list before.
#[test]
fn what_is_closed_below_a_list_does_not_stay_with_those_who_leave_it() {
    let case = case(Some([Who::Sre, Who::Backup].into()), None);
    let lines = "    pages: {id:21: {edit: anyone, also-view: [{who: group:backup, until: 2026-11-20}]}}\n    \
                 page-only: [{who: [group:partners], pages: [id:21]}]\n    unlisted-pages: open\n";
    let policy = policy(&space(lines));
    let first = planned(&policy, &case.live());
    assert_eq!(views(&first.after, &case), [Some([Who::Sre, Who::Partners].into()), Some([Who::Sre].into())]);
    assert!(planned(&policy, &first.after).plan.changes.is_empty());
}
