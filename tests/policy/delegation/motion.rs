//! What files of teams change on a site, against what their delegations let them: the site that a policy comes to with
//! them beside the one without. The judge looks at sites only, not at what files say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use confperm::model::{
    Audience, ContentId, Desired, Holding, Known, Labelled, Live, PageList, Permission, Principal,
    Restrictions, SkippedPart, SpaceId, SpaceKey, SpaceRoleMode, Subject,
};
use confperm::plan::planned_state;
use confperm::policy::{Loaded, from_sources, resolve};
use proptest::prelude::*;

use super::case::{Case, FILES, KEYS, Mode, Parts, Said, Statement, Team, case};
use super::naive::permissions;
use crate::rules::key;
use crate::site::{ANN, BOB, TODAY, grants, site};

/// Four spaces with a few holders, each with the pages and lists of `ENG`.
fn world(mode: SpaceRoleMode) -> Live {
    let mut live = site(mode);
    let mut pattern = Arc::unwrap_or_clone(live.spaces.remove(&key("ENG")).unwrap());
    let tree = pattern.tree.as_mut().unwrap();
    let unread: Vec<ContentId> =
        tree.iter().filter(|it| it.restrictions.as_ref().known().is_none()).map(|it| it.id).collect();
    for id in unread {
        tree.set_restrictions(id, Known::Known(Restrictions::OPEN));
    }
    let list = |who: &[&str]| Audience::from_site_list(who.iter().map(|who| who.parse().unwrap()));
    let (ann, bob) = (format!("user:{ANN}"), format!("user:{BOB}"));
    for (page, view, edit) in [
        (2, list(&[&ann, "group:g-hr"]), Audience::Anyone),
        (6, list(&[&ann, &bob]), list(&[&ann, &bob])),
        (7, list(&[&ann, &bob, "group:g-sre"]), Audience::Anyone),
        (12, Audience::Anyone, list(&[&ann, "group:g-hr"])),
    ] {
        tree.set_restrictions(ContentId::from_number(page), Known::Known(Restrictions { view, edit }));
    }
    live.spaces.clear();
    live.listing.spaces.clear();
    live.listing.labelled = BTreeMap::from([("hot".to_owned(), [key("A"), key("BA")].into())]);
    let mut rows = grants();
    for (number, name) in (200..).zip(KEYS) {
        let mut space = pattern.clone();
        space.space.key = key(name);
        space.space.id = SpaceId::from_number(number);
        for (who, held) in [
            ("group:g-platform", &[Permission::ReadSpace, Permission::AdministerSpace][..]),
            ("group:g-sre", &[Permission::ReadSpace, Permission::AdministerSpace]),
            ("group:g-hr", &[Permission::ReadSpace, Permission::CreatePage]),
            (&format!("user:{BOB}"), &[Permission::ReadSpace]),
            // The account that plans must be able to change it all.
            (
                &format!("user:{ANN}"),
                &[Permission::ReadSpace, Permission::AdministerSpace, Permission::CreatePage],
            ),
        ] {
            space.holdings.insert(who.parse().unwrap(), rows(held));
        }
        if mode.has_roles() {
            let caller = format!("user:{ANN}");
            for (who, role) in
                [("group:g-platform", "r-admin"), ("group:g-hr", "r-viewer"), (&caller, "r-admin")]
            {
                space.holdings.insert(who.parse().unwrap(), Holding::Role(role.parse().unwrap()));
            }
        }
        let hot = Labelled { pages: [3, 7].map(ContentId::from_number).into(), ..Labelled::default() };
        space.labelled.insert("hot".parse().unwrap(), Known::Known(hot));
        live.listing.spaces.insert(key(name), space.space.clone());
        live.spaces.insert(key(name), space.into());
    }
    live
}

/// The site that the files come to, if they can be planned.
fn reached(case: &Case, wanted: impl Fn(usize) -> bool, live: &Live) -> Option<Live> {
    Some(planned_state(&desired(case, wanted, live)?, live))
}

fn desired(case: &Case, wanted: impl Fn(usize) -> bool, live: &Live) -> Option<Desired> {
    let Loaded { policy, .. } = from_sources(case.sources(wanted));
    let policy = policy.filter(|policy| !policy.contradictions(TODAY.today).has_errors())?;
    Some(resolve(&policy, live, TODAY).ok()?.desired)
}

impl Case {
    /// Whether the files contradict themselves in a way that shows without a site, so that nothing is planned.
    fn contradicts_itself(&self) -> bool {
        let Loaded { policy, .. } = from_sources(self.sources(|_| true));
        policy.is_none_or(|policy| policy.contradictions(TODAY.today).has_errors())
    }
}

/// The spaces that are skipped for errors of teams, which stay as they are.
fn skipped_spaces(desired: &Desired) -> BTreeSet<SpaceKey> {
    let skipped = desired.skipped.iter().filter(|skipped| skipped.part == SkippedPart::Space);
    skipped.filter_map(|skipped| skipped.space.clone()).collect()
}

/// What a principal may hold.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Held {
    One(Permission),
    Role(String),
}

/// Whether a team may do what one of its files did.
struct Judge<'c> {
    team: &'c Team,
}

impl Judge<'_> {
    fn lets_in(&self, who: &str) -> bool {
        let written = match who {
            "group:g-sre" => "group:sre",
            "group:g-leads" => "group:leads",
            "group:g-hr" => "group:hr",
            "group:g-platform" => "group:platform",
            "anonymous" => "anonymous",
            other if other == format!("user:{BOB}") => "user:bob",
            other if other.starts_with("user:") => "user:ann",
            _ => return false,
        };
        self.team.lets_in(written)
    }

    fn grants(&self, held: &Held) -> bool {
        let permission = match held {
            Held::One(permission) => *permission,
            Held::Role(name) if name == "Admin" => return self.team.rights.contains(&"everything"),
            Held::Role(name) => return self.team.grants(&name.to_lowercase()),
        };
        // With some permissions, a site adds others by itself.
        let brings = |with: &&Permission| with.companions().contains(&permission);
        // Nothing can be held without seeing the space, so whatever may be given brings that along.
        let is_needed = permission == Permission::ReadSpace && !self.team.rights.is_empty();
        is_needed
            || self.grants_one(permission)
            || Permission::ALL.iter().filter(brings).any(|with| self.grants_one(*with))
    }

    fn grants_one(&self, permission: Permission) -> bool {
        let letter = match permission {
            Permission::ReadSpace => 'r',
            Permission::CreateComment => 'c',
            Permission::CreatePage => 'p',
            Permission::CreateBlogpost => 'b',
            Permission::CreateAttachment => 'a',
            Permission::DeleteOwn => 'o',
            Permission::ArchivePage => 'x',
            Permission::ExportSpace => 'e',
            _ => '*',
        };
        self.team.rights.iter().any(|right| permissions(right).contains([letter, '*']))
    }

    fn takes(&self, who: &str) -> bool {
        self.team.any || self.lets_in(who)
    }

    /// What is wrong with a move from one state of a space to another.
    fn space(&self, before: &[BTreeMap<Principal, BTreeSet<Held>>; 2]) -> Option<String> {
        let [before, after] = before;
        let all: BTreeSet<&Principal> = before.keys().chain(after.keys()).collect();
        let nothing = BTreeSet::new();
        all.into_iter().find_map(|who| {
            let of = |state: &BTreeMap<Principal, BTreeSet<Held>>| state.get(who).unwrap_or(&nothing).clone();
            let (before, after, shown) = (of(before), of(after), who.to_string());
            let gained = after.difference(&before).find(|it| !self.lets_in(&shown) || !self.grants(it));
            let lost = before.difference(&after).find(|_| !self.takes(&shown));
            gained
                .map(|it| format!("{shown} gains {it:?}"))
                .or(lost.map(|it| format!("{shown} loses {it:?}")))
        })
    }

    /// What is wrong with a move from one list to another. Where the site has none, a list is what `page-only` makes of
    /// all who hold the space.
    fn list(&self, before: &Audience, after: &Audience, now: &Audience) -> Option<String> {
        let on = |audience: &Audience| audience.subjects().cloned().collect::<BTreeSet<Subject>>();
        match (before, after) {
            (Audience::Anyone, Audience::Anyone) => None,
            (Audience::Only(_), Audience::Anyone) => (!self.team.open).then(|| "opened".to_owned()),
            (Audience::Anyone, Audience::Only(_)) => (!self.team.any).then(|| "closed".to_owned()),
            (Audience::Only(_), Audience::Only(_)) => {
                let (before, after) = (on(before), on(after));
                let added = after.difference(&before).find(|who| {
                    !self.lets_in(&Principal::from((*who).clone()).to_string())
                        || !(self.team.open || self.team.any || *now == Audience::Anyone)
                });
                let removed = before
                    .difference(&after)
                    .find(|who| !self.takes(&Principal::from((*who).clone()).to_string()));
                added.map(|who| format!("{who:?} joins")).or(removed.map(|who| format!("{who:?} leaves")))
            }
        }
    }
}

fn held(live: &Live, name: &str) -> BTreeMap<Principal, BTreeSet<Held>> {
    let rows = live.spaces[&key(name)].holdings.iter();
    rows.map(|(who, holding)| match holding {
        Holding::Grants(rows) => (who.clone(), rows.keys().copied().map(Held::One).collect()),
        Holding::Role(role) => {
            let name = live.roles[role].name.raw().to_owned();
            (who.clone(), [Held::Role(name)].into())
        }
    })
    .collect()
}

fn lists(live: &Live, name: &str) -> BTreeMap<ContentId, Restrictions> {
    let tree = live.spaces[&key(name)].tree.as_ref().unwrap();
    tree.iter().filter_map(|it| Some((it.id, it.restrictions.as_ref().known()?.clone()))).collect()
}

/// What is wrong with a move from one site to another, for a team.
fn misdeed(
    team: &Team,
    [before, after]: [&Live; 2],
    now: &Live,
    skipped: &BTreeSet<SpaceKey>,
) -> Option<String> {
    let judge = Judge { team };
    KEYS.into_iter().filter(|name| !skipped.contains(&key(name))).find_map(|name| {
        let states = [held(before, name), held(after, name)];
        let (was, is, now) = (lists(before, name), lists(after, name), lists(now, name));
        if !team.has_space(name) && (states[0] != states[1] || was != is) {
            return Some(format!("{name}: not a space of the team"));
        }
        let page = was.iter().find_map(|(id, was)| {
            let (is, now) = (is.get(id)?, now.get(id)?);
            PageList::ALL
                .into_iter()
                .find_map(|list| judge.list(was.audience(list), is.audience(list), now.audience(list)))
        });
        judge.space(&states).or(page).map(|what| format!("{name}: {what}"))
    })
}

/// The site after a run for one team.
fn after_run(case: &Case, name: &str, live: &Live) -> Option<Live> {
    let Loaded { policy, .. } = from_sources(case.sources(|_| true));
    let mut policy = policy.filter(|policy| !policy.contradictions(TODAY.today).has_errors())?;
    policy.focus_on_team(name);
    Some(planned_state(&resolve(&policy, live, TODAY).ok()?.desired, live))
}

/// On a site in transition a role takes the place of single permissions. A line of a team that no role covers must not
/// turn the role of others into single permissions, which would keep what the role replaces.
#[test]
fn a_role_that_others_give_stays_a_role_whatever_a_team_asks_for() {
    for right in ["auditor", "export/space"] {
        let grants = vec![(right, "group:sre")];
        let space = Said::Space { key: "BA", mode: Mode::Additive, list: None, guest: None, open: false };
        let rows = Said::Rows { right: "viewer", table: "lists/all.csv", rows: vec![("BA", "group:sre")] };
        let team =
            Team { spaces: vec!["*"], rights: vec![right], to: vec!["group:*"], any: false, open: false };
        let case = Case {
            teams: [team.clone(), team],
            statements: vec![
                Statement { file: 2, said: space, parts: Parts { grants, ..Parts::default() } },
                Statement { file: 0, said: rows, parts: Parts::default() },
            ],
            mode: SpaceRoleMode::RolesTransition,
        };
        let live = world(case.mode);
        let sre = |live: &Live| held(live, "BA")[&"group:g-sre".parse::<Principal>().unwrap()].clone();
        for wanted in [[true, true, false], [true, true, true]] {
            let reached = reached(&case, |file| wanted[file], &live).unwrap();
            assert_eq!(sre(&reached), [Held::Role("Viewer".to_owned())].into(), "{right}");
        }
        let policy = from_sources(case.sources(|_| true)).policy.unwrap();
        let resolved = resolve(&policy, &live, TODAY).unwrap();
        let skipped: Vec<SkippedPart> = resolved.desired.skipped.iter().map(|skipped| skipped.part).collect();
        assert_eq!(skipped, [SkippedPart::Principal], "{right}");
        assert_eq!(resolved.warnings.len(), 1, "{right}: {:?}", resolved.warnings);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_team_is_let_say_changes_nothing_outside_of_its_delegation(case in case()) {
        if super::is_refused(&case).0 {
            return Ok(());
        }
        let live = world(case.mode);
        for (file, path) in FILES.iter().enumerate().skip(1) {
            let Some(without) = desired(&case, |other| other != file, &live) else { continue };
            if case.contradicts_itself() {
                continue;
            }
            let team = &case.teams[file - 1];
            let Some(with) = desired(&case, |_| true, &live) else {
                prop_assert!(false, "{} stops the run in {:#?}", path, case);
                continue;
            };
            // What a team gets wrong stops no more than its own spaces.
            let skipped: BTreeSet<SpaceKey> = [&without, &with].into_iter().flat_map(skipped_spaces).collect();
            let foreign: Vec<&SpaceKey> = skipped.iter().filter(|key| !team.has_space(key.as_str())).collect();
            let before = skipped_spaces(&without);
            prop_assert!(foreign.iter().all(|key| before.contains(key)), "{} skips {:?} in {:#?}", path, foreign, case);
            let states = [&without, &with].map(|desired| planned_state(desired, &live));
            let misdeed = misdeed(team, [&states[0], &states[1]], &live, &skipped);
            prop_assert_eq!(misdeed, None, "{} in {:#?}", path, case);
        }
    }

    #[test]
    fn the_run_of_a_team_changes_nothing_outside_of_its_delegation(case in case()) {
        if super::is_refused(&case).0 {
            return Ok(());
        }
        let live = world(case.mode);
        for (team, name) in case.teams.iter().zip(["one", "two"]) {
            if let Some(after) = after_run(&case, name, &live) {
                prop_assert_eq!(misdeed(team, [&live, &after], &live, &BTreeSet::new()), None, "{} in {:#?}", name, case);
            }
        }
    }
}
