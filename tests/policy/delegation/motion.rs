//! What files of teams change on a site, against what their delegations let them: the site that a policy comes to with
//! them beside the one without. The judge looks at sites only, not at what files say.

use std::collections::{BTreeMap, BTreeSet};

use confperm::model::{
    Audience, ContentId, Holding, Known, Labelled, Live, PageVerb, Permission, Principal, Restrictions,
    SpaceId, SpaceRoleMode, Subject,
};
use confperm::plan::planned_state;
use confperm::policy::{Loaded, from_sources, resolve};
use proptest::prelude::*;

use super::case::{Case, FILES, KEYS, Team, case};
use super::naive::permissions;
use crate::rules::key;
use crate::site::{ANN, BOB, TODAY, grants, site};

/// Four spaces with a few holders, each with the pages and lists of `ENG`.
fn world(mode: SpaceRoleMode) -> Live {
    let mut live = site(mode);
    let mut pattern = live.spaces.remove(&key("ENG")).unwrap();
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
        live.spaces.insert(key(name), space);
    }
    live
}

/// The site that the files come to, if they can be planned.
fn reached(case: &Case, wanted: impl Fn(usize) -> bool, live: &Live) -> Option<Live> {
    let Loaded { policy, .. } = from_sources(case.sources(wanted));
    let policy = policy.filter(|policy| !policy.contradictions(TODAY.today).has_errors())?;
    Some(planned_state(&resolve(&policy, live, TODAY).ok()?.desired, live))
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
fn misdeed(team: &Team, before: &Live, after: &Live, now: &Live) -> Option<String> {
    let judge = Judge { team };
    KEYS.into_iter().find_map(|name| {
        let states = [held(before, name), held(after, name)];
        let (was, is, now) = (lists(before, name), lists(after, name), lists(now, name));
        if !team.has_space(name) && (states[0] != states[1] || was != is) {
            return Some(format!("{name}: not a space of the team"));
        }
        let page = was.iter().find_map(|(id, was)| {
            let (is, now) = (is.get(id)?, now.get(id)?);
            PageVerb::ALL
                .into_iter()
                .find_map(|verb| judge.list(was.audience(verb), is.audience(verb), now.audience(verb)))
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_team_is_let_say_changes_nothing_outside_of_its_delegation(case in case()) {
        if super::is_refused(&case).0 {
            return Ok(());
        }
        let live = world(case.mode);
        for (file, path) in FILES.iter().enumerate().skip(1) {
            let (without, with) = (reached(&case, |other| other != file, &live), reached(&case, |_| true, &live));
            if let (Some(without), Some(with)) = (without, with) {
                let misdeed = misdeed(&case.teams[file - 1], &without, &with, &live);
                prop_assert_eq!(misdeed, None, "{} in {:#?}", path, case);
            }
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
                prop_assert_eq!(misdeed(team, &live, &after, &live), None, "{} in {:#?}", name, case);
            }
        }
    }
}
