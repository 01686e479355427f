//! The answers about everything at once are those of single questions.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use confperm::access::{Asker, ContentVerb, Engine, Object, Tally, Verb, Verdict};
use confperm::model::{ContentId, Permission, Tree, Truth};
use proptest::prelude::*;

use crate::random::{Dice, PEOPLE, hidden, world};
use crate::world::{account, group, key};

fn truth(verdict: &Verdict) -> Truth {
    match verdict {
        Verdict::Allowed => Truth::Yes,
        Verdict::Denied(_) => Truth::No,
        Verdict::Unknown(_) => Truth::Unknown,
    }
}

fn tally(answers: impl IntoIterator<Item = Truth>) -> Tally {
    let mut tally = Tally::default();
    for answer in answers {
        tally.surely += usize::from(answer == Truth::Yes);
        tally.perhaps += usize::from(answer == Truth::Unknown);
    }
    tally
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// `what` says of each space and page what `can` says, and what is not known is never a no.
    #[test]
    fn what_is_can_of_everything(seed: u64) {
        let mut dice = Dice(seed);
        let world = world(&mut dice);
        let live = hidden(&world, &mut dice);
        let engine = Engine::new(&live);
        let people = PEOPLE.map(|name| Asker::Person(account(name)));
        let askers = people.into_iter().chain([
            Asker::Anonymous,
            Asker::Group(group("a")),
            Asker::Stranger,
        ]);
        for asker in askers {
            let surveys = engine.survey(&asker);
            prop_assert_eq!(surveys.len(), live.spaces.len());
            let wide = |tally: Tally| (tally.surely, tally.perhaps);
            let widest_first = surveys.is_sorted_by_key(|it| {
                Reverse((it.view, wide(it.viewed), wide(it.edited), it.permissions.len()))
            });
            prop_assert!(widest_first, "{:?}", asker);
            for survey in surveys {
                let whole = Object::Space(survey.space.clone());
                let can = |verb: Verb, object: &Object| truth(&engine.can(&asker, verb, object));
                prop_assert_eq!(survey.view, can(ContentVerb::View.into(), &whole), "{:?}", asker);
                let contents: Vec<ContentId> = live.spaces[&survey.space].tree.iter().flat_map(Tree::iter).map(|content| content.id).collect();
                let all = |verb: ContentVerb| tally(contents.iter().map(|content| can(verb.into(), &Object::Content(survey.space.clone(), *content))));
                prop_assert_eq!(survey.viewed, all(ContentVerb::View), "{:?} views {}", asker, survey.space);
                prop_assert_eq!(survey.edited, all(ContentVerb::Edit), "{:?} edits {}", asker, survey.space);
                for permission in Permission::ALL {
                    let held = survey.permissions.get(permission).copied().unwrap_or(Truth::No);
                    prop_assert_eq!(held, can(Verb::Space(*permission), &whole), "{:?} {}", asker, permission);
                }
                for exception in &survey.exceptions {
                    let object = Object::Content(survey.space.clone(), exception.content);
                    prop_assert_eq!(exception.view, can(ContentVerb::View.into(), &object), "{:?}", asker);
                    prop_assert_eq!(exception.edit, can(ContentVerb::Edit.into(), &object), "{:?}", asker);
                }
                prop_assert_eq!(
                    survey.viewed.perhaps + survey.edited.perhaps > 0 && survey.reasons.is_empty(), false,
                    "{:?}: not known, and nothing says why", asker
                );
            }
        }
    }

    /// Content that is alike has one answer to every question.
    #[test]
    fn alike_is_alike(seed: u64) {
        let mut dice = Dice(seed);
        let world = world(&mut dice);
        let live = hidden(&world, &mut dice);
        let engine = Engine::new(&live);
        let eng = key("ENG");
        let contents: BTreeSet<ContentId> =
            live.spaces[&eng].tree.iter().flat_map(Tree::iter).map(|content| content.id).collect();
        let groups = engine.alike(&eng, &contents);
        prop_assert_eq!(groups.iter().flatten().copied().collect::<BTreeSet<_>>(), contents);
        for alike in groups {
            for verb in ContentVerb::ALL {
                for asker in PEOPLE.map(|name| Asker::Person(account(name))).into_iter().chain([Asker::Anonymous]) {
                    let answer = |content: &ContentId| truth(&engine.can(&asker, verb, &Object::Content(eng.clone(), *content)));
                    let answers: BTreeSet<Truth> = alike.iter().map(answer).collect();
                    prop_assert_eq!(answers.len(), 1, "{:?} {} {:?}", asker, verb, alike);
                }
            }
        }
    }
}
