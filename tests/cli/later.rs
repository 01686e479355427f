//! Plans that are carried out later, and runs that are taken back, on random sites that others change in between.
//!
//! What a saved plan is promised to do is said in this file once more, by what the sandbox holds: nothing is written
//! that the plan does not say, nothing is written over that others changed, and what is left undone was changed by
//! others. A run that is taken back leaves the sandbox as it was.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use confperm::apply::journal::{self, Journal, Record, SiteKey};
use confperm::apply::saved::{self};
use confperm::apply::undo::{self, NotGivenBack, UndoOptions};
use confperm::apply::{ApplyOptions, ApplyOutcome, ConcurrentChange, Stop, rest};
use confperm::model::{Desired, Live, PageList};
use confperm::plan::{Aim, Change, Gaps, HoldingState, ObjectId, Plan, Planned};
use confperm::policy::lock::Lock;
use confperm::policy::{Context, Policy};
use confperm::sandbox::world::{
    Action, Content, ContentId, GroupId, Kind, ListKind, Pair, Principal, RoleId, SpaceId, Subject, Verb,
    World,
};
use confperm::{observe, plan};

use crate::adopted::{Scene, read, scene};
use crate::as_planned::{permission, principal};
use crate::in_process::{OPTIONS, Stage, parse};
use crate::support::site_of_ann_and_bob;
use crate::worlds::Dice;

/// Everything that a run can change, without the numbers of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    rows: BTreeSet<(String, confperm::model::Principal, confperm::model::Permission)>,
    roles: BTreeMap<(String, confperm::model::Principal), RoleId>,
    lists: BTreeMap<(ContentId, PageList), BTreeSet<confperm::model::Principal>>,
}

impl Held {
    fn by(stage: &Stage) -> Self {
        stage.running.world(Self::of)
    }

    pub(crate) fn of(world: &World) -> Self {
        let mut held = Self { rows: BTreeSet::new(), roles: BTreeMap::new(), lists: BTreeMap::new() };
        for space in world.spaces() {
            for grant in space.grants.values() {
                held.rows.insert((
                    space.key.to_string(),
                    principal(&grant.principal),
                    permission(grant.pair),
                ));
            }
            for (who, role) in &space.assignments {
                held.roles.insert((space.key.to_string(), principal(who)), role.clone());
            }
        }
        for Content { id, lists, .. } in world.contents() {
            for (kind, list) in [(ListKind::Read, PageList::View), (ListKind::Update, PageList::Edit)] {
                held.lists.insert((*id, list), lists.get(kind).iter().map(principal).collect());
            }
        }
        held
    }

    /// All but what some objects hold.
    fn without(mut self, objects: &BTreeSet<ObjectId>) -> Self {
        for object in objects {
            match object {
                ObjectId::Holding { space, principal } => {
                    self.rows.retain(|(key, who, _)| (key, who) != (&space.to_string(), principal));
                    self.roles.retain(|(key, who), _| (key, who) != (&space.to_string(), principal));
                }
                ObjectId::Page { content, .. } => {
                    self.lists.retain(|(id, _), _| id.to_string() != content.to_string());
                }
            }
        }
        self
    }

    /// What differs, in words.
    pub(crate) fn differences(&self, other: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        for row in self.rows.symmetric_difference(&other.rows) {
            lines.push(format!("{} {} {}: {}", row.0, row.1, row.2, self.rows.contains(row)));
        }
        for key in self.roles.keys().chain(other.roles.keys()).collect::<BTreeSet<_>>() {
            let (one, two) = (self.roles.get(key), other.roles.get(key));
            if one != two {
                lines.push(format!("{} {}: role {one:?}, and {two:?}", key.0, key.1));
            }
        }
        for (key, list) in &self.lists {
            let there = other.lists.get(key);
            if there.is_some_and(|there| there != list) {
                lines.push(format!("{key:?}: {list:?}, and {there:?}"));
            }
        }
        lines
    }
}

/// All that a person can do, by the sandbox's own check: in a space, or with content.
type Access = BTreeSet<(String, String)>;

fn access(stage: &Stage) -> Access {
    stage.running.world(|world| {
        let users = world.users().map(|user| Subject::User(user.account.clone()));
        let mut access = Access::new();
        for subject in users.chain([Subject::Anonymous]) {
            for space in world.spaces() {
                for pair in world.space_operations(&subject, space.id) {
                    access.insert((format!("{subject:?}"), format!("{} {pair:?}", space.key)));
                }
            }
            for content in world.contents() {
                let may = |verb: &Verb| world.allows(&subject, *verb, content.id).is_ok();
                for verb in Verb::ALL.into_iter().filter(may) {
                    access.insert((format!("{subject:?}"), format!("{} {verb:?}", content.id.0)));
                }
            }
        }
        access
    })
}

/// What people can do once a drifted site is as its plan says, if it can be carried out.
async fn access_as_planned(seed: u64) -> Option<Access> {
    let (stage, _, planned, _) = drifted(seed, &mut Dice::new(seed + 90_000)).await?;
    let (outcome, _) = run(&stage, &planned, None).await;
    let access = access(&stage);
    stage.running.stop().await;
    outcome.is_complete().then_some(access)
}

/// Something that a colleague does by hand.
fn meddle(stage: &Stage, dice: &mut Dice) {
    let (spaces, contents, roles) = stage.running.world(|world| {
        let pages = world.contents().filter(|content| content.kind == Kind::Page);
        (
            world.spaces().map(|space| space.id).collect::<Vec<SpaceId>>(),
            pages.map(|content| content.id).collect::<Vec<ContentId>>(),
            world.roles().map(|role| role.id.clone()).collect::<Vec<RoleId>>(),
        )
    });
    let groups =
        stage.running.world(|world| world.groups().map(|group| group.id.clone()).collect::<Vec<GroupId>>());
    let who = match dice.below(3) {
        0 => Principal::User("u-bob".into()),
        _ => Principal::Group(groups[dice.below(groups.len())].clone()),
    };
    let space = dice.pick(&spaces);
    let pair = dice.pick(&[
        Pair::ReadSpace,
        Pair::CreatePage,
        Pair::CreateComment,
        Pair::ExportSpace,
        Pair::DeletePage,
        Pair::RestrictContent,
    ]);
    let action = match dice.below(7) {
        0 | 1 => Action::Grant { space, principal: who, pair },
        2 => Action::Revoke { space, principal: who, pair },
        3 if !roles.is_empty() => {
            let role = roles[dice.below(roles.len())].clone();
            Action::AssignRole { space, principal: who, role }
        }
        _ if contents.is_empty() => return,
        4 => Action::ClearList { content: dice.pick(&contents), list: ListKind::Read },
        5 => Action::RemoveFromList { content: dice.pick(&contents), list: ListKind::Update, principal: who },
        _ => {
            let list = if dice.one_in(2) { ListKind::Read } else { ListKind::Update };
            Action::AddToList { content: dice.pick(&contents), list, principal: who }
        }
    };
    // What does not apply to this site changes nothing.
    drop(stage.running.act(action));
}

/// A random site that has drifted from its policy, the policy, and the plan that brings it back.
async fn drifted(seed: u64, dice: &mut Dice) -> Option<(Stage, Policy, Planned, String)> {
    let Scene { stage, state, files, .. } = scene(seed).await;
    let policy = read(&files)?;
    for _ in 0..=dice.below(6) {
        meddle(&stage, dice);
    }
    let planned = stage.plan_after(&policy, &[]).await.ok()?;
    if planned.plan.is_blocked() || planned.plan.is_empty() {
        stage.running.stop().await;
        return None;
    }
    let shown = format!("seed {seed}\n{state}\n{}", confperm::render::plan_as_text(&planned.plan));
    Some((stage, policy, planned, shown))
}

/// Carries a plan out, to its end or not, with a journal in a file, which is read.
async fn run(stage: &Stage, planned: &Planned, most_calls: Option<usize>) -> (ApplyOutcome, Record) {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8PathBuf::from_path_buf(folder.path().to_owned()).unwrap();
    let (journal, file) = Journal::create(&path, SiteKey::default(), || jiff::Timestamp::UNIX_EPOCH).unwrap();
    let options = ApplyOptions { most_calls, ..OPTIONS.clone() };
    let stop = Stop::default();
    let outcome =
        confperm::apply::apply(planned, &[], &stage.site, &journal, &stop, &options, &|_| ()).await.unwrap();
    (outcome, journal::read(&file).unwrap().unwrap())
}

/// Reads what `planning` needs, and resolves the policy.
async fn resolved(
    stage: &Stage,
    policy: &Policy,
    planning: impl Fn(&Desired, &Live) -> observe::Needs,
) -> Option<(Desired, Live)> {
    let mut live = stage.sign_in().await;
    let context = Context { today: jiff::civil::Date::constant(2026, 11, 21), lock: Lock::EMPTY };
    let read = observe::for_plan(&stage.site, &mut live, policy, context, planning, &observe::quiet).await;
    Some((read.ok()?.desired, live))
}

struct Left {
    rest: rest::Rest,
    planned: Planned,
    /// How many spaces stay as they are, since more would be let in.
    beyond: usize,
}

/// What is left of a plan that was saved, as `apply` plans it.
async fn left_of(stage: &Stage, policy: &Policy, plan: &Plan, written: &BTreeSet<ObjectId>) -> Option<Left> {
    let (mut desired, live) =
        resolved(stage, policy, |desired, live| saved::needs(plan, written, desired, live)).await?;
    saved::add_spaces(&mut desired, plan, &BTreeSet::new());
    let mut rest = saved::rest(plan, written, &desired, &live);
    let (planned, beyond) = saved::plan_rest(plan, &mut rest, Gaps::Refuse, &desired, &live).unwrap();
    Some(Left { rest, planned, beyond: beyond.len() })
}

/// What the changes of a plan come to, object by object.
fn wanted(plan: &Plan) -> BTreeSet<String> {
    let words = plan.changes.iter().map(|change| match change {
        Change::Grant { space, principal, permission, verb, .. } => {
            format!("{space} {principal} {permission}: {}", *verb == plan::ChangeAction::Add)
        }
        Change::Role { space, principal, after, .. } => format!("{space} {principal} {after:?}"),
        Change::Audience { content, list, after, .. } => format!("{content} {list:?} {after:?}"),
    });
    words.collect()
}

#[derive(Debug, Default)]
struct Counts {
    done: usize,
    cut: usize,
    meddled: usize,
    moved: usize,
    blocked: usize,
    beyond: usize,
    held: usize,
}

#[tokio::test]
async fn a_saved_plan_writes_what_it_says_and_nothing_over() {
    let mut counts = Counts::default();
    for seed in 0..130 {
        let mut dice = Dice::new(seed + 90_000);
        let Some((stage, policy, planned, shown)) = drifted(seed, &mut dice).await else { continue };
        let text = serde_json::to_string(&planned.plan).unwrap();
        let mut written = BTreeSet::new();
        let plan: Plan = serde_json::from_str(&text).unwrap();
        if dice.one_in(2) {
            let most = dice.below(planned.plan.calls.len() + 1);
            written = run(&stage, &planned, Some(most)).await.1.written();
            counts.cut += 1;
        }
        let meddles = dice.one_in(2);
        for _ in 0..if meddles { 4 + dice.below(10) } else { 0 } {
            meddle(&stage, &mut dice);
        }
        counts.meddled += usize::from(meddles);
        let before = Held::by(&stage);
        let had = access(&stage);
        let Some(left) = left_of(&stage, &policy, &plan, &written).await else { continue };
        let Left { rest, planned: left, beyond } = left;
        counts.beyond += beyond;
        let more: Vec<_> = wanted(&left.plan).difference(&wanted(&plan)).cloned().collect();
        assert!(more.is_empty(), "more than it says: {more:?}\n{shown}");
        let moved: BTreeSet<ObjectId> = rest.withheld();
        let of_moved = |change: &&Change| moved.contains(&ObjectId::changed_by(change));
        assert_eq!(left.plan.changes.iter().find(of_moved), None, "{shown}");
        assert!(meddles || !rest.has_moved(), "{:?}\n{shown}", rest.moved);
        counts.moved += usize::from(rest.has_moved());
        if left.plan.is_blocked() {
            assert!(meddles, "{:?} {:?}\n{shown}", left.plan.refusals, left.plan.guards);
            counts.blocked += 1;
            continue;
        }
        let (outcome, _) = run(&stage, &left, None).await;
        let told = confperm::render::outcome_as_text(&left.plan, &outcome);
        if !outcome.is_complete() {
            // The account may have less than it seems to have.
            assert!(told.to_lowercase().contains("not permitted"), "{told}\n{shown}");
            counts.blocked += 1;
            continue;
        }
        if meddles && let Some(stated) = access_as_planned(seed).await {
            let more: Vec<_> =
                access(&stage).into_iter().filter(|it| !had.contains(it) && !stated.contains(it)).collect();
            assert!(more.is_empty(), "let in beyond the plan: {more:?}\n{told}\n{shown}");
            counts.held += 1;
        }
        let planned: BTreeSet<ObjectId> = left.plan.objects.iter().map(ObjectId::of).collect();
        let beyond = before.without(&planned).differences(&Held::by(&stage).without(&planned));
        assert!(beyond.is_empty(), "{beyond:?}\n{shown}");
        let again = left_of(&stage, &policy, &plan, &written).await.unwrap().planned;
        assert!(again.plan.is_empty(), "{}\n{shown}", confperm::render::plan_as_text(&again.plan));
        if !meddles {
            let policy = stage.plan_of(&policy).await.plan;
            assert!(policy.is_empty(), "{}\n{shown}", confperm::render::plan_as_text(&policy));
        }
        counts.done += 1;
        stage.running.stop().await;
    }
    assert!(counts.done >= 30 && counts.cut >= 15 && counts.meddled >= 15 && counts.moved >= 3, "{counts:?}");
    assert!(counts.blocked * 4 <= counts.meddled, "{counts:?}");
    assert!(counts.beyond >= 1 && counts.held >= 15, "{counts:?}");
}

#[tokio::test]
async fn a_run_that_is_taken_back_leaves_the_site_as_it_was() {
    let (mut done, mut cut, mut listed, mut refused) = (0, 0, 0, 0);
    for seed in 200..330 {
        let mut dice = Dice::new(seed + 90_000);
        let Some((stage, policy, planned, shown)) = drifted(seed, &mut dice).await else { continue };
        let before = Held::by(&stage);
        let most = dice.one_in(2).then(|| 1 + dice.below(planned.plan.calls.len()));
        cut += usize::from(most.is_some());
        let (_, record) = run(&stage, &planned, most).await;
        let options = UndoOptions { include_ended: true, ..UndoOptions::default() };
        let (desired, live) =
            resolved(&stage, &policy, |desired, live| undo::needs(&record, &options, desired, live))
                .await
                .unwrap();
        let undo::Undo { mut rest, kept } = undo::undo(&record, &live, &options);
        let frame = undo::without_declarations(&desired, &record.plan);
        // What stood beside a role, which the site does not show, shows once the role is gone.
        let was_beside = |change: &ConcurrentChange| {
            matches!(change, ConcurrentChange::Holding { before: HoldingState::Role { .. }, .. })
        };
        assert!(rest.moved.values().flatten().all(was_beside), "{:?}\n{shown}", rest.moved);
        let back = rest.plan(&Aim::default(), Gaps::Refuse, &frame, &live).unwrap();
        if !back.plan.refusals.is_empty() {
            // What cannot be sent, such as a list with a deleted account, may be what the rest must wait for.
            assert!(!back.plan.left_out.is_empty(), "{:?}\n{shown}", back.plan.refusals);
            refused += 1;
            continue;
        }
        let again = undo::done_again(&back.plan, &desired, &back.after);
        assert_eq!(again.is_empty(), back.plan.is_empty(), "{again:?}\n{shown}");
        let (outcome, _) = run(&stage, &back, None).await;
        let told = confperm::render::outcome_as_text(&back.plan, &outcome);
        assert!(outcome.is_complete(), "{told}\n{shown}");
        let differences = before.differences(&Held::by(&stage));
        let is_listed = kept.iter().any(|kept| !matches!(kept, NotGivenBack::OtherContents { .. }))
            || rest.has_moved()
            || !back.plan.left_out.is_empty();
        listed += usize::from(is_listed);
        assert!(is_listed || differences.is_empty(), "{differences:#?}\n{told}\n{shown}");
        done += 1;
        stage.running.stop().await;
    }
    assert!(
        done >= 30 && cut >= 12 && listed * 3 <= done && refused * 8 <= done,
        "{done} {cut} {listed} {refused}"
    );
}

const OPS: &str = site_of_ann_and_bob!(
    "roles-transition",
    "
groups: {ops: {id: g-ops, members: [bob]}, sre: {id: g-sre, members: []}}
roles: {Admin: {id: r-admin, type: system, permissions: [read/space, administer/space]}}
spaces:
  OPS:
    id: 1
    name: Operations
    permissions: {read/space: [user:ann, group:sre], create/page: [user:ann], update/page: [user:ann], restrict_content/space: [user:ann], administer/space: [user:ann]}
    role-assignments: {Admin: [user:bob]}
    pages: [{id: 11, title: Home, children: [{id: 12, title: Page}]}]
"
);

const GIVES_PAGES: &str = "version: 1
spaces:
  OPS:
    mode: additive
    access: {read/space: ['group:ops', 'group:sre'], create/page: ['group:ops', 'group:sre']}
";

/// Confluence adds some permissions to others by itself; a colleague may give the same ones.
#[tokio::test]
async fn what_others_give_is_not_taken_for_what_came_along() {
    for is_applied in [false, true] {
        let stage = Stage::open(OPS).await;
        let policy = parse(GIVES_PAGES);
        let planned = stage.plan_of(&policy).await;
        let mut written = BTreeSet::new();
        if is_applied {
            let (outcome, record) = run(&stage, &planned, None).await;
            assert!(outcome.is_complete());
            written = record.written();
        }
        let who = || Principal::Group("g-sre".into());
        let given = Action::Grant { space: SpaceId(1), principal: who(), pair: Pair::UpdatePage };
        stage.running.act(given).unwrap().unwrap();
        let before = Held::by(&stage);
        let Left { rest, planned: left, .. } =
            left_of(&stage, &policy, &planned.plan, &written).await.unwrap();
        let text = confperm::render::plan_as_text(&left.plan);
        assert_eq!(rest.moved.len(), 1, "{text}");
        assert_eq!(left.plan.is_empty(), is_applied, "{text}");
        let (outcome, _) = run(&stage, &left, None).await;
        assert!(outcome.is_complete(), "{text}");
        let lost: Vec<_> = before.rows.difference(&Held::by(&stage).rows).cloned().collect();
        assert!(lost.is_empty(), "{lost:?}");
        stage.running.stop().await;
    }
}

/// A role goes before single permissions come; a principal without any may also have been taken out by others.
#[tokio::test]
async fn a_principal_that_others_took_out_stays_out() {
    let stage = Stage::open(OPS).await;
    let policy = parse(
        "version: 1\npeople: {bob: u-bob}\nspaces:\n  OPS:\n    mode: additive\n    access: {read/space: ['user:bob'], create/comment: ['user:bob']}\n",
    );
    let planned = stage.plan_of(&policy).await;
    let text = confperm::render::plan_as_text(&planned.plan);
    assert!(
        planned.plan.changes.iter().any(|change| matches!(change, Change::Role { after: None, .. })),
        "{text}"
    );
    let out = Action::RemoveRole { space: SpaceId(1), principal: Principal::User("u-bob".into()) };
    stage.running.act(out).unwrap().unwrap();
    let by_others = BTreeSet::new();
    let Left { rest, planned: left, .. } = left_of(&stage, &policy, &planned.plan, &by_others).await.unwrap();
    assert!(rest.moved.len() == 1 && left.plan.is_empty(), "{:?}", left.plan.changes);
    let by_a_run: BTreeSet<ObjectId> = planned.plan.objects.iter().map(ObjectId::of).collect();
    let Left { rest, planned: left, .. } = left_of(&stage, &policy, &planned.plan, &by_a_run).await.unwrap();
    assert!(!rest.has_moved() && !left.plan.is_empty(), "{:?}", rest.moved);
    stage.running.stop().await;
}

/// A title, also that of a page above, says nothing of where a page stands.
#[tokio::test]
async fn a_page_that_was_renamed_is_still_the_page_of_the_plan() {
    let stage = Stage::open(OPS).await;
    let policy = parse(
        "version: 1\npeople: {ann: u-ann}\nspaces:\n  OPS:\n    mode: additive\n    pages:\n      /Home/Page: {view: ['group:sre', 'user:ann']}\n",
    );
    let planned = stage.plan_of(&policy).await;
    assert_eq!(planned.plan.objects.len(), 1, "{:?}", planned.plan);
    for content in [ContentId(11), ContentId(12)] {
        let renamed = Action::RenamePage { content, title: format!("Other {}", content.0) };
        stage.running.act(renamed).unwrap().unwrap();
    }
    let nothing = BTreeSet::new();
    let other = parse(GIVES_PAGES);
    let live = resolved(&stage, &other, |desired, live| saved::needs(&planned.plan, &nothing, desired, live));
    let (desired, live) = live.await.unwrap();
    let rest = saved::rest(&planned.plan, &nothing, &desired, &live);
    assert!(!rest.has_moved(), "{:?}", rest.moved);
    stage.running.stop().await;
}
