//! The lists of pages: entries and patterns, `anyone`, `also-view` and `also-edit`, `restricted-pages`,
//! `unlisted-pages`, `page-only`, `leave`, `absent` and `replace`, by paths, patterns and labels, in any combination.

mod case;
mod joining;
mod naive;

use camino::Utf8PathBuf;
use confperm::diagnostic::Sources;
use confperm::model::{Audience, Known, Live, PageList, SkipReason, Subject};
use confperm::plan::{Gaps, PageOnlyProblem, Planned, Refusal, plan};
use confperm::policy::{Loaded, Policy, from_sources, resolve};
use proptest::prelude::*;

use crate::fixtures::drawn;
use crate::site::{ANN, TODAY};
use case::{Case, EACH, Leaves, List};

fn policy(body: &str) -> Policy {
    let mut sources = Sources::default();
    sources.insert(Utf8PathBuf::from("policy.yaml"), format!("version: 1\n{body}").as_str());
    let Loaded { policy, findings, sources } = from_sources(sources);
    policy.unwrap_or_else(|| panic!("{body}\n{}", drawn(&findings, &sources)))
}

fn planned(policy: &Policy, live: &Live) -> Planned {
    let resolved = resolve(policy, live, TODAY).unwrap_or_else(|findings| panic!("{findings:#?}"));
    plan(&resolved.desired, live, Gaps::Refuse).unwrap_or_else(|rejected| panic!("{rejected}"))
}

/// The lists of a site, the account that runs this left out.
fn lists(live: &Live, case: &Case) -> Vec<[List; 2]> {
    let tree = live.spaces[&"ENG".parse().unwrap()].tree.as_ref().unwrap();
    let caller: Subject = format!("user:{ANN}").parse().unwrap();
    let of = |page: usize| {
        let Known::Known(lists) = &tree.get(Case::id(page)).unwrap().restrictions else { panic!("unread") };
        PageList::ALL.map(|list| match lists.audience(list) {
            Audience::Anyone => None,
            Audience::Only(members) => {
                let others = members.iter().filter(|subject| **subject != caller);
                let known =
                    |subject: &Subject| EACH.into_iter().find(|who| who.subject() == *subject).unwrap();
                Some(others.map(known).collect())
            }
        })
    };
    (0..case.parents.len()).map(of).collect()
}

fn is_contradictory(planned: &Planned) -> bool {
    let contradicts = |refusal: &Refusal| {
        matches!(refusal, Refusal::PageOnly { problem: PageOnlyProblem::Contradicted { .. }, .. })
    };
    planned.plan.refusals.iter().any(contradicts)
}

/// How many cases to try: more where `CONFPERM_CASES` multiplies them.
#[expect(clippy::disallowed_methods, reason = "a switch for running the tests")]
fn cases() -> ProptestConfig {
    let times = std::env::var("CONFPERM_CASES").ok().and_then(|text| text.parse::<u32>().ok()).unwrap_or(1);
    ProptestConfig { cases: 300 * times, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn lists_are_what_a_naive_reading_of_the_manual_makes_of_them(case in case::case()) {
        let (text, live) = (case.text(), case.live());
        let policy = policy(&text);
        let first = planned(&policy, &live);
        let contradictory = is_contradictory(&first);
        match naive::lists(&case) {
            Err(naive::Contradictory) => prop_assert!(contradictory, "no contradiction found in\n{text}"),
            Ok(expected) => {
                prop_assert!(!contradictory, "a contradiction found in\n{text}");
                prop_assert!(first.plan.left_out.is_empty(), "{text}");
                let undecided = naive::undecided(&case);
                let named = first.plan.skipped.iter().filter(|skipped| matches!(skipped.reason, SkipReason::TwoLabels { .. }));
                prop_assert_eq!(named.count(), undecided.len(), "{}\n{:?}", text, undecided);
                prop_assert_eq!(&lists(&first.after, &case), &expected, "\n{}\nlists before: {:?}", &text, lists(&live, &case));
                let second = planned(&policy, &first.after);
                prop_assert!(second.plan.changes.is_empty(), "{text}\n{:#?}", second.plan.changes);
            }
        }
        // Whatever the reading: an open list that was restricted has a word that opens it.
        let opens = text.contains("anyone") || case.opens_unlisted;
        let (before, after) = (lists(&live, &case), lists(&first.after, &case));
        let was_opened = before.iter().flatten().zip(after.iter().flatten()).any(|(before, after)| before.is_some() && after.is_none());
        prop_assert!(opens || !was_opened, "opened by\n{text}");
        if matches!(case.hr, Leaves::Absent | Leaves::Replaced) {
            let is_there = after.iter().flatten().flatten().flatten().any(|who| *who == case::Who::Hr);
            prop_assert!(!is_there, "{text}");
        }
    }
}

/// The rows of this site have no ids: the check counted them as missing, and threw a good plan away.
#[test]
fn a_page_that_opens_to_guests_while_one_below_closes_has_an_order() {
    let list = [Some(Some([case::Who::Sre, case::Who::Leads].into())), None];
    let entry = case::Entry { set: list, also: <[case::Joiners; 2]>::default() };
    let case = Case {
        entries: [(case::Selector::Exact(1), entry)].into(),
        guests: Some([0].into()),
        are_members_unread: true,
        ..joining::case(Some([case::Who::App].into()), None)
    };
    assert!(planned(&policy(&case.text()), &case.live()).plan.refusals.is_empty());
}

/// In whatever order the file has them: two labels that say different things of a page do not take it from its path.
#[test]
fn a_path_goes_before_two_labels_that_meet() {
    let set = |who: case::Who| [Some(Some([who, case::Who::Sre, case::Who::Leads].into())), None];
    let entry = |who| case::Entry { set: set(who), also: <[case::Joiners; 2]>::default() };
    let case = Case {
        labels: vec![[true; 2]; 2],
        entries: [
            (case::Selector::Exact(0), entry(case::Who::Hr)),
            (case::Selector::Labelled(0), entry(case::Who::Backup)),
            (case::Selector::Labelled(1), entry(case::Who::Platform)),
        ]
        .into(),
        ..joining::case(None, None)
    };
    let text = case.text();
    assert!(text.find("label:hot").unwrap() < text.find("id:21").unwrap(), "{text}");
    let planned = planned(&policy(&text), &case.live());
    assert_eq!(lists(&planned.after, &case), naive::lists(&case).unwrap());
    assert_eq!(
        planned.plan.skipped.len(),
        1,
        "the page that has no path of its own: {:?}",
        planned.plan.skipped
    );
}
