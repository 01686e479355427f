//! What holds on every site.

use std::collections::{BTreeMap, BTreeSet};

use confperm::access::{
    Asker, Certainty, ContentVerb, Direction, Effect, Engine, Object, PageVerbs, Verb, Verdict, What,
    effective_changes,
};
use confperm::model::{AccessClass, AccountId, AccountStatus, Known, Live, Permission, Principal};
use proptest::prelude::*;

use crate::naive::Naive;
use crate::random::{Dice, PAGES, PEOPLE, changed, hidden, world};
use crate::world::{account, id, key};

const IN_SPACES: [Permission; 3] =
    [Permission::ReadSpace, Permission::AdministerSpace, Permission::ExportSpace];

fn verbs() -> impl Iterator<Item = Verb> {
    ContentVerb::ALL.map(Verb::On).into_iter().chain(IN_SPACES.map(Verb::Space))
}

fn askers() -> Vec<(Asker, Option<AccountId>)> {
    let people = PEOPLE.map(|name| (Asker::Person(account(name)), Some(account(name))));
    people.into_iter().chain([(Asker::Anonymous, None)]).collect()
}

fn questions() -> impl Iterator<Item = (Verb, u64)> {
    verbs().flat_map(|verb| (1..=PAGES).map(move |page| (verb, page)))
}

/// Neither, either or both of the ways in which what is not documented may be.
fn truth(live: &Live, who: Option<&AccountId>, verb: Verb, page: u64) -> (bool, bool) {
    let ask = |generous| Naive { live, generous }.can(who, verb, &key("ENG"), id(page));
    (ask(false), ask(true))
}

/// The members of a party among the people of the random sites.
fn people_of(party: &Principal, live: &Live) -> BTreeSet<AccountId> {
    match party {
        Principal::Group(group) => live.directory.groups[group].members.clone().known().unwrap(),
        Principal::Class(AccessClass::JsmProjectAdmins) | Principal::Anonymous => BTreeSet::new(),
        Principal::Class(_) | Principal::User(_) => panic!("{party} is asked for by the engine's own answer"),
    }
}

/// A random site, of which not everything is read.
fn hidden_site(seed: u64) -> Live {
    let mut dice = Dice(seed);
    let world = world(&mut dice);
    hidden(&world, &mut dice)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Where everything is known the engine says what the model says, and `unknown` exactly where the
    /// documentation leaves both open.
    #[test]
    fn the_engine_agrees_with_the_model(seed: u64) {
        let world = world(&mut Dice(seed));
        let engine = Engine::new(&world.0);
        for (asker, who) in askers() {
            for (verb, page) in questions() {
                let verdict = engine.can(&asker, verb, &Object::Content(key("ENG"), id(page)));
                let expected = match truth(&world.0, who.as_ref(), verb, page) {
                    (true, true) => matches!(verdict, Verdict::Allowed),
                    (false, false) => matches!(verdict, Verdict::Denied(_)),
                    (false, true) => matches!(&verdict, Verdict::Unknown(reasons) if !reasons.is_empty()),
                    (true, false) => panic!("generosity takes nothing away"),
                };
                prop_assert!(expected, "{:?} {} {}: {:?}", asker, verb, page, verdict);
            }
        }
    }

    /// Seeing less of a site makes answers unknown, never wrong.
    #[test]
    fn what_is_hidden_is_never_an_answer(seed: u64) {
        let mut dice = Dice(seed);
        let world = world(&mut dice);
        let live = hidden(&world, &mut dice);
        let engine = Engine::new(&live);
        for (asker, who) in askers() {
            for (verb, page) in questions() {
                let verdict = engine.can(&asker, verb, &Object::Content(key("ENG"), id(page)));
                let (least, most) = truth(&world.0, who.as_ref(), verb, page);
                match &verdict {
                    Verdict::Allowed => prop_assert!(least, "{:?} {} {}", asker, verb, page),
                    Verdict::Denied(_) => prop_assert!(!most, "{:?} {} {}", asker, verb, page),
                    Verdict::Unknown(reasons) => prop_assert!(!reasons.is_empty(), "{:?} {} {}", asker, verb, page),
                }
            }
        }
    }

    /// `who` is `can`, asked of each person.
    #[test]
    fn who_is_can_for_each_person(seed: u64) {
        let live = hidden_site(seed);
        let engine = Engine::new(&live);
        for (verb, page) in questions() {
            let object = Object::Content(key("ENG"), id(page));
            if matches!(verb, Verb::Space(_)) || live.spaces[&key("ENG")].tree.as_ref().unwrap().get(id(page)).is_none() {
                continue;
            }
            let who = engine.who(verb, &object);
            for name in PEOPLE {
                let person = account(name);
                let verdict = engine.can(&Asker::Person(person.clone()), verb, &object);
                let listed = (who.people.contains(&person), who.perhaps.contains(&person));
                let expected = match verdict {
                    Verdict::Allowed => (true, false),
                    Verdict::Unknown(_) => (false, true),
                    Verdict::Denied(_) => (false, false),
                };
                // An account that the site mentions nowhere cannot be on any list of answers.
                let mentioned = listed != (false, false) || live.directory.people.contains_key(&person);
                prop_assert!(listed == expected || !mentioned, "{} {} {}: {:?} {:?}", name, verb, page, listed, verdict);
            }
        }
    }

    /// Why it is not known of a person, `who` says as well.
    #[test]
    fn who_gives_all_reasons(seed: u64) {
        let live = hidden_site(seed);
        let engine = Engine::new(&live);
        for (verb, page) in questions() {
            let object = Object::Content(key("ENG"), id(page));
            let who = engine.who(verb, &object);
            for person in &who.perhaps {
                let verdict = engine.can(&Asker::Person(person.clone()), verb, &object);
                let Verdict::Unknown(reasons) = &verdict else { panic!("{person} {verb} {page}: {verdict:?}") };
                let missing: Vec<_> = reasons.difference(&who.incomplete).collect();
                prop_assert!(missing.is_empty(), "{} {} {}: {:?}", person, verb, page, missing);
            }
        }
    }

    /// Whatever the lines of a change say of a person adds up to what changes for them, page by page.
    #[test]
    fn effects_add_up(seed: u64) {
        let mut dice = Dice(seed);
        let mut before = world(&mut dice);
        let mut after = changed(&before, &mut dice);
        for world in [&mut before, &mut after] {
            // Who is in this class cannot be known; in a tale of changes it stands for itself.
            world.at("ENG").holdings.remove(&Principal::Class(AccessClass::JsmProjectAdmins));
            // A tale of changes takes the lists to be complete, and guests to be where they are named.
            world.at("ENG").unlisted_anonymous = Known::Known(false);
            world.0.guests = PEOPLE.map(|name| (account(name), key("ENG"))).into();
        }
        let effects = effective_changes(&before.0, &after.0).effects;
        // A group named for most of its members does not say which.
        prop_assume!(effects.iter().flat_map(|effect| &effect.who.parties).all(|party| party.members == party.of));
        for name in PEOPLE {
            let person = account(name);
            if (Naive { live: &before.0, generous: true }).is_unlicensed(&person) {
                continue;
            }
            for (direction, old, new) in
                [(Direction::Loses, &before.0, &after.0), (Direction::Gains, &after.0, &before.0)]
            {
                let told = told(&effects, &person, direction, &after.0);
                if told.contains_key("space") && direction == Direction::Loses {
                    continue;
                }
                for (word, verb) in [("view", Verb::On(ContentVerb::View)), ("edit", Verb::On(ContentVerb::Edit))] {
                    let pages = (1..=PAGES).filter(|page| {
                        let had = truth(old, Some(&person), verb, *page).0;
                        had && !truth(new, Some(&person), verb, *page).1
                    });
                    prop_assert_eq!(
                        told.get(word).copied().unwrap_or_default(), pages.count(),
                        "{} {:?} {}", name, direction, word
                    );
                }
            }
        }
    }

    /// An effect has a cause, and the same change is told in the same words each time.
    #[test]
    fn every_effect_has_a_cause(seed: u64) {
        let mut dice = Dice(seed);
        let before = world(&mut dice);
        let after = changed(&before, &mut dice);
        let effects = effective_changes(&before.0, &after.0);
        for effect in &effects.effects {
            prop_assert!(!effect.causes.is_empty(), "{:?}", effect);
        }
        prop_assert_eq!(effects, effective_changes(&before.0, &after.0));
    }
}

/// How many pages the lines say that a person surely gains or loses, by verb, and whether the space.
fn told(
    effects: &[Effect],
    person: &AccountId,
    direction: Direction,
    live: &Live,
) -> BTreeMap<&'static str, usize> {
    let mut told = BTreeMap::new();
    for effect in effects {
        let counted = effect.direction == direction
            && effect.certainty == Certainty::Sure
            && (effect.who.people.contains(person)
                || effect.who.parties.iter().any(|party| stands_for(&party.party, person, live)));
        if !counted {
            continue;
        }
        match &effect.what {
            What::Space => *told.entry("space").or_default() += 1,
            What::Permissions { .. } => {}
            What::Pages { verbs, pages, .. } => {
                if *verbs != PageVerbs::Edit {
                    *told.entry("view").or_default() += pages;
                }
                if *verbs != PageVerbs::View {
                    *told.entry("edit").or_default() += pages;
                }
            }
        }
    }
    told
}

fn stands_for(party: &Principal, person: &AccountId, live: &Live) -> bool {
    match party {
        Principal::Class(class) => {
            // A site with nothing but a grant to the class says who is in it.
            let mut world = crate::world::LiveBuilder(live.clone()).space("CLASS");
            world = world.grant("CLASS", &format!("class:{class}"), "read/space");
            world.0.site.anonymous_access = Known::Known(false);
            let who = Asker::Person(person.clone());
            Engine::of_what_is_listed(&world.0).can(&who, ContentVerb::View, &Object::Space(key("CLASS")))
                == Verdict::Allowed
        }
        other => {
            let acts = live.directory.people[person].status == AccountStatus::Active;
            acts && people_of(other, live).contains(person)
        }
    }
}
