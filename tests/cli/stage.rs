//! Plan and apply in process, over HTTP, against a sandbox that is looked at afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use confperm::apply::{Outcome, Stop};
use confperm::confluence::retry::Policy as Retry;
use confperm::confluence::survey::{self, Needs, quiet};
use confperm::confluence::{Cloud, Credentials, Settings, SpaceSelection};
use confperm::diagnostic::Sources;
use confperm::model::{
    Audience, GroupId, Holding, Known, Permission, Principal, Restrictions, SpaceKey, Tree,
};
use confperm::plan::{Gaps, HoldingState, Object, Planned, plan};
use confperm::policy::{self, Policy};
use confperm::render::diagnostics::{Paint, draw};
use confperm::sandbox::world::{self, Caller, Pair, World};
use confperm::sandbox::{self, Faults, Options, Running, Site};

use crate::journal::Memory;

/// A site, and a client that is signed in to it.
pub(crate) struct Stage {
    pub(crate) running: Running,
    pub(crate) site: Cloud,
}

impl Stage {
    pub(crate) async fn open(state: &str) -> Self {
        Self::with_faults(state, Faults::default()).await
    }

    pub(crate) async fn with_faults(state: &str, faults: Faults) -> Self {
        let site = Site::from_yaml(state).unwrap_or_else(|error| panic!("{error}\n{state}"));
        let running = sandbox::serve(site, Options { faults, ..Options::default() }).await.unwrap();
        let caller = running.credentials().unwrap();
        let credentials = Credentials::Basic { email: caller.email, token: caller.token.into() };
        let retry = Retry { start: Duration::from_millis(1), ..Retry::default() };
        let settings = Settings { retry, ..Settings::default() };
        let site = Cloud::new(running.site_url().parse().unwrap(), &credentials, &settings).unwrap();
        Self { running, site }
    }

    /// Reads what the policy needs and plans, in the steps of `confperm plan`.
    pub(crate) async fn plan(&self, text: &str) -> Planned {
        self.plan_of(&parse(text)).await
    }

    pub(crate) async fn plan_of(&self, policy: &Policy) -> Planned {
        let needs = Needs {
            spaces: SpaceSelection::Keys(policy.space_keys().cloned().collect()),
            accounts: policy.accounts().into_iter().cloned().collect(),
        };
        let mut live = survey::access(&self.site, &needs, &quiet).await.unwrap();
        let spaces: BTreeSet<SpaceKey> =
            policy.space_keys().filter(|key| policy.wants_pages(key)).cloned().collect();
        survey::trees(&self.site, &mut live, &spaces, &quiet).await.unwrap();
        let with_posts = live.spaces.values().filter(|space| policy.wants_blogposts(space));
        let with_posts: BTreeSet<SpaceKey> = with_posts.map(|space| space.space.key.clone()).collect();
        survey::blogposts(&self.site, &mut live, &with_posts).await.unwrap();
        let whole = spaces.iter().filter(|key| policy.decides_about_every_page(key)).cloned().collect();
        survey::containers(&self.site, &mut live, &whole).await.unwrap();
        let declared: BTreeMap<SpaceKey, _> = live
            .spaces
            .iter()
            .map(|(key, space)| (key.clone(), policy::declared_pages(policy, space)))
            .collect();
        survey::restrictions(&self.site, &mut live, &declared, &quiet).await.unwrap();
        let context = policy::Context {
            today: jiff::civil::Date::constant(2026, 11, 21),
            lock: policy::lock::Lock::EMPTY,
        };
        let resolved = policy::resolve(policy, &live, context)
            .unwrap_or_else(|findings| panic!("{}", draw(&findings, &Sources::default(), Paint::Plain)));
        let draft = plan(&resolved.desired, &live, Gaps::Refuse);
        if draft.plan.is_empty() {
            return draft;
        }
        let all: BTreeMap<SpaceKey, _> = live
            .spaces
            .iter()
            .filter_map(|(key, space)| {
                Some((key.clone(), space.tree.as_ref()?.iter().map(|node| node.id).collect()))
            })
            .collect();
        survey::restrictions(&self.site, &mut live, &all, &quiet).await.unwrap();
        let groups: BTreeSet<GroupId> = live.directory.groups.keys().cloned().collect();
        survey::members(&self.site, &mut live, &groups, &quiet).await.unwrap();
        plan(&resolved.desired, &live, Gaps::Refuse)
    }

    pub(crate) async fn apply(&self, planned: &Planned) -> Outcome {
        let (journal, stop) = (Memory::default().journal(), Stop::default());
        confperm::apply::apply(&planned.plan, &[], &self.site, &journal, &stop, &|_| ()).await.unwrap()
    }

    /// Plans and applies; then the site has to be as planned, and the next plan empty.
    pub(crate) async fn converge(&self, policy: &str) -> Result<Planned, String> {
        let planned = self.plan(policy).await;
        if !planned.plan.refusals.is_empty() {
            return Err(format!("held back: {:#?}", planned.plan.refusals));
        }
        let outcome = self.apply(&planned).await;
        if !outcome.is_complete() {
            return Err(confperm::render::outcome_as_text(&planned.plan, &outcome));
        }
        self.running.world(|world| as_planned(&planned, world))?;
        let again = self.plan(policy).await;
        if !again.plan.is_empty() {
            return Err(format!(
                "{}\nand then still\n{}",
                confperm::render::plan_as_text(&planned.plan),
                confperm::render::plan_as_text(&again.plan)
            ));
        }
        Ok(planned)
    }
}

fn sources(text: &str) -> Sources {
    let mut sources = Sources::default();
    sources.insert("policy.yaml".into(), text);
    sources
}

fn parse(text: &str) -> Policy {
    let loaded = policy::from_sources(sources(text));
    loaded.policy.unwrap_or_else(|| {
        panic!("{}\n{text}", draw(&loaded.findings, &loaded.sources, Paint::Plain));
    })
}

/// Compares a world with what was planned, row by row, without the client in between.
pub(crate) fn as_planned(planned: &Planned, world: &World) -> Result<(), String> {
    let mut wrong = Vec::new();
    for (key, space) in &planned.after.spaces {
        let found = world.space_keyed(key.as_str()).unwrap();
        let tolerated = tolerated(planned, key);
        let mut rows: BTreeMap<Principal, BTreeSet<Permission>> = BTreeMap::new();
        for grant in found.grants.values() {
            rows.entry(principal(&grant.principal)).or_default().insert(permission(grant.pair));
        }
        let roles: BTreeMap<Principal, &str> =
            found.assignments.iter().map(|(who, role)| (principal(who), role.0.as_str())).collect();
        let nobody = BTreeSet::new();
        let everybody = rows.keys().chain(roles.keys()).chain(space.holdings.keys());
        for who in everybody.collect::<BTreeSet<_>>() {
            let (role, mut want) = match space.holdings.get(who) {
                Some(Holding::Role(role)) => (Some(role.as_str()), BTreeSet::new()),
                Some(Holding::Grants(grants)) => (None, grants.keys().copied().collect()),
                None => (None, BTreeSet::new()),
            };
            let mut have = rows.get(who).unwrap_or(&nobody).clone();
            for permission in tolerated.get(who).into_iter().flatten() {
                have.remove(permission);
                want.remove(permission);
            }
            if have != want || roles.get(who).copied() != role {
                wrong.push(format!(
                    "{key} {who}: has {have:?} and the role {:?}, planned was {want:?} and {role:?}",
                    roles.get(who)
                ));
            }
        }
        for node in space.tree.iter().flat_map(Tree::iter) {
            let Known::Known(want) = &node.restrictions else { continue };
            let lists = &world.content(world::ContentId(node.id.number())).unwrap().lists;
            let have = Restrictions { view: audience(&lists.read), edit: audience(&lists.update) };
            let me = Principal::User(planned.plan.site.caller.clone());
            if but_for(&me, &have) != but_for(&me, want) {
                wrong.push(format!("{key} page {}: has {have:?}, planned was {want:?}", node.id));
            }
        }
        if !administers(world, planned, found.id) && administered(planned, key) {
            wrong.push(format!("{key}: the caller does not administer it any more"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn administers(world: &World, planned: &Planned, space: world::SpaceId) -> bool {
    let caller = Caller::User(planned.plan.site.caller.as_str().into());
    world.space_operations(&caller.subject(), space).contains(&Pair::AdministerSpace)
}

/// Whether the plan touches who may do what in the space; then the caller must have been its administrator.
fn administered(planned: &Planned, key: &SpaceKey) -> bool {
    planned.plan.objects.iter().any(|object| matches!(object, Object::Holding { space, .. } if space == key))
}

fn tolerated(planned: &Planned, key: &SpaceKey) -> BTreeMap<Principal, BTreeSet<Permission>> {
    let of = |object: &Object| match object {
        Object::Holding { space, principal, after: HoldingState::Grants { tolerated, .. }, .. }
            if space == key =>
        {
            Some((principal.clone(), tolerated.clone()))
        }
        Object::Holding { .. } | Object::Page { .. } => None,
    };
    planned.plan.objects.iter().filter_map(of).collect()
}

/// The lists without the caller, who may be on them without having been asked for. A list of nobody but the
/// caller stays a list.
fn but_for(me: &Principal, lists: &Restrictions) -> [Option<BTreeSet<Principal>>; 2] {
    [&lists.view, &lists.edit].map(|audience| match audience {
        Audience::Anyone => None,
        Audience::Only(_) => {
            Some(audience.subjects().cloned().map(Principal::from).filter(|who| who != me).collect())
        }
    })
}

fn audience(list: &BTreeSet<world::Principal>) -> Audience {
    Audience::from_site_list(list.iter().filter_map(|who| principal(who).subject()))
}

pub(crate) fn principal(who: &world::Principal) -> Principal {
    match who {
        world::Principal::Group(id) => Principal::Group(id.as_str().parse().unwrap()),
        world::Principal::User(id) => Principal::User(id.as_str().parse().unwrap()),
        world::Principal::Class(class) => Principal::Class(class.id().parse().unwrap()),
        world::Principal::Anonymous => Principal::Anonymous,
    }
}

pub(crate) fn permission(pair: Pair) -> Permission {
    Permission::from_cloud_pair(pair.key(), pair.target()).unwrap()
}
