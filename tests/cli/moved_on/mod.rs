//! Two runs of one policy, and a site whose names move between them: what is meant stays what was meant.
//!
//! The judge is the sandbox's own evaluation of access and a reading of the policy by what its names meant when it was
//! written ([`meant`]); `confperm::access` is not asked.
//!
//! `CONFPERM_CASES=40` tries forty times as many.

mod case;
mod guests;
mod meant;
mod site;
mod text;
mod time;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use confperm::diagnostic::{Diagnostics, Sources};
use confperm::model::{Call, Live, SiteIdentity, SkipReason, Subject};
use confperm::plan::{LeftOut, Plan};
use confperm::policy::Policy;
use confperm::policy::lock::{LOCK_FILE, Lock};
use confperm::render::diagnostics::{Paint, draw};
use confperm::sandbox::world::{AccountStatus, GroupId, Principal, RoleId, SpaceId, Status, Verb, World};
use confperm::sandbox::{Options, Site};

use self::case::{Declared, Name, ORPHANED, VISITOR};
use self::meant::{Access, Bearing, Meanings};
use crate::in_process::{Stage, parse};
use crate::support::{Folder, Hosted, Ran, is_write};
use crate::worlds::Dice;

/// What came of many cases.
#[derive(Debug, Default)]
struct Counts {
    cases: usize,
    refused_at_first: usize,
    refused: usize,
    /// Cases of a lock that does not know all names, which mean several things or none by now.
    unknown: usize,
    /// Cases in which a name of the policy is not borne by what it means, or by more.
    moved: usize,
    wrote: usize,
    /// Cases in which a space of the policy has another key.
    rekeyed: usize,
    /// Runs that wrote a page whose lists had an entry of a deleted group.
    ghosts: usize,
    skipped: usize,
    /// Plans that leave something out in a space without an administrator.
    orphaned: usize,
    /// Runs that leave or give access to a guest's account.
    visited: usize,
    /// Spaces that had to be exactly as meant, and those in which something meant is gone.
    exact: usize,
    within: usize,
}

/// Which lock the second run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// That of the first run.
    Own,
    /// The same, merged with that of another policy for the site.
    Merged,
    /// That of another policy only.
    Others,
}

#[tokio::test]
async fn what_names_meant_is_what_they_mean_however_they_move() {
    let variable = |name: &str| std::env::vars().find(|(found, _)| found == name)?.1.parse::<u64>().ok();
    let number = 40 * variable("CONFPERM_CASES").unwrap_or(1);
    let first = variable("PROPTEST_RNG_SEED").unwrap_or(20_261_127);
    let mut counts = Counts::default();
    let mut wrong = Vec::new();
    for seed in first..first + number {
        let mut shown = String::new();
        if let Err(problem) = check(seed, &mut shown, &mut counts).await {
            wrong.push(format!("seed {seed}: {problem}\n{shown}"));
        }
    }
    drop(writeln!(std::io::stdout(), "{} wrong: {counts:?}", wrong.len()));
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong[..wrong.len().min(3)].join("\n\n"));
    // A property that never gets to its point proves nothing.
    let Counts {
        cases,
        refused_at_first,
        refused,
        unknown,
        moved,
        wrote,
        rekeyed,
        skipped,
        exact,
        within,
        ghosts,
        orphaned,
        visited,
    } = counts;
    assert!(rekeyed * 10 >= cases, "{counts:?}");
    assert!(moved * 10 >= cases * 6 && wrote * 10 >= cases * 5, "{counts:?}");
    assert!((refused_at_first + refused) * 20 <= cases && unknown * 5 <= cases, "{counts:?}");
    assert!((ghosts > 0 || cases < 400) && skipped * 5 >= cases, "{counts:?}");
    assert!(orphaned * 10 >= cases && visited * 5 >= cases, "{counts:?}");
    assert!(exact >= cases && within * 4 >= cases, "{counts:?}");
}

async fn check(seed: u64, shown: &mut String, counts: &mut Counts) -> Result<(), String> {
    counts.cases += 1;
    let mut dice = Dice::new(seed);
    let site = site::site(&mut dice);
    let stage = Stage::open(&site).await;
    let first = stage.running.world(World::clone);
    let policy = case::policy(&mut dice, &first);
    let written = text::text(&policy);
    *shown = format!("{site}\n{written}");
    let parsed = parse(&written);

    let (planned, _, live) =
        stage.plan_by(&parsed, Lock::EMPTY).await.map_err(|findings| drawn(&findings))?;
    let known = dice.pick(&[Known::Own, Known::Own, Known::Own, Known::Merged, Known::Merged, Known::Others]);
    let lock = match known {
        Known::Own | Known::Merged => learnt(Lock::EMPTY, &parsed, &live),
        Known::Others => Lock::default(),
    };
    let lock = if known == Known::Own {
        lock
    } else {
        let others = parse(&text::text(&case::policy(&mut dice, &first)));
        let mut live = stage.sign_in().await;
        stage
            .look_up(&mut live, &others, Lock::EMPTY, &confperm::observe::quiet)
            .await
            .map_err(|findings| drawn(&findings))?;
        learnt(&lock, &others, &live)
    };
    if planned.plan.is_blocked() {
        counts.refused_at_first += 1;
        return Ok(());
    }
    stage.apply(&planned).await;

    // A key that the lock does not know means the space that has it.
    let mut named = policy.iter().filter(|space| !space.by_rules);
    let keys_change = named.all(|space| lock.entries().iter().any(|(name, _)| name == space.key));
    stage.running.change(|world| time::passes(&mut dice, world, &policy, keys_change));
    let before = stage.running.world(World::clone);
    let moved = moved(&policy, &before);
    let _ = write!(shown, "\n{known:?}\n{}\n{}", lock.to_text(), described(&before));
    counts.moved += usize::from(!moved.is_empty());
    let meanings = meanings(&policy, &lock, &before);
    // Under keys that mean other spaces, names of pages may mean one page each.
    let keys_swapped = policy
        .iter()
        .any(|space| world_key(&before, space) != space.key && before.space_keyed(space.key).is_some());
    counts.rekeyed += usize::from(policy.iter().any(|space| world_key(&before, space) != space.key));
    if moved.iter().any(|moved| moved.bearers != 1) && !keys_swapped {
        let mut live = stage.sign_in().await;
        let resolved = stage.look_up(&mut live, &parsed, Lock::EMPTY, &confperm::observe::quiet).await;
        if resolved.is_ok() {
            return Err("planned without knowing every name".to_owned());
        }
    }
    let (planned, warnings, _) = match stage.plan_by(&parsed, &lock).await {
        Ok(planned) => planned,
        Err(_) if known == Known::Others => {
            counts.unknown += 1;
            return Ok(());
        }
        Err(findings) => return Err(drawn(&findings)),
    };
    let said = drawn(&warnings);
    let _ = write!(shown, "\n{said}\n{}", confperm::render::plan_as_text(&planned.plan));
    if known != Known::Others {
        for moved in &moved {
            if !said.contains(&format!("`{}`", moved.written)) {
                return Err(format!("nothing is said of {moved:?}"));
            }
        }
    }
    counts.skipped += usize::from(!planned.plan.skipped.is_empty());
    if planned.plan.is_blocked() {
        counts.refused += 1;
        return Ok(());
    }
    let outcome = stage.apply(&planned).await;
    let ended = confperm::render::outcome_as_text(&planned.plan, &outcome);
    if !outcome.is_complete() {
        return Err(ended);
    }
    counts.ghosts += usize::from(writes_over_ghosts(&planned.plan, &before));
    counts.wrote += usize::from(!planned.plan.calls.is_empty());
    let after = stage.running.world(World::clone);
    counts.orphaned += usize::from(leaves_orphan(&planned.plan)?);
    counts.visited += usize::from(meant::access(&after).iter().any(|(person, ..)| *person == VISITOR));
    for space in &policy {
        let is_exact = !is_touched(space, &meanings, &moved, &before);
        counts.exact += usize::from(is_exact);
        counts.within += usize::from(!is_exact);
        judge(space, &policy, &meanings, [&before, &after], is_exact)?;
        let skipped = planned.plan.skipped.iter().find(|skipped| {
            // A closed account is left off lists; the world says that it is closed.
            let is_closed = skipped.reason == SkipReason::Closed
                && before.users().any(|user| user.status == AccountStatus::Closed);
            !is_closed && skipped.space.as_ref().is_none_or(|key| key.as_str() == world_key(&before, space))
        });
        if let Some(skipped) = skipped.filter(|_| is_exact) {
            return Err(format!("skipped without a reason: {skipped:?}"));
        }
    }
    Ok(())
}

/// Whether a plan leaves something out in the space without an administrator, as it may nowhere else.
fn leaves_orphan(plan: &Plan) -> Result<bool, String> {
    let is_orphaned = |left: &&LeftOut| left.change.space().as_str() == ORPHANED.1;
    match plan.left_out.iter().find(|left| !is_orphaned(left)) {
        Some(left) => Err(format!("left out without a reason: {left:?}")),
        None => Ok(!plan.left_out.is_empty()),
    }
}

/// The program itself, in CI and at a desk, without the lock of the first run.
#[test]
fn without_a_lock_nothing_is_written_by_ci_and_an_unknown_name_is_a_mistake_at_a_desk() {
    let (mut unknown, mut refused) = (0, 0);
    for seed in 1..=8 {
        let mut dice = Dice::new(seed);
        let site = Hosted::start(Site::from_yaml(&site::site(&mut dice)).unwrap(), Options::default());
        let policy = case::policy(&mut dice, &site.running.world(World::clone));
        let folder = Folder::with(&[("confperm.yaml", &text::text(&policy))]);
        let run = |arguments: &[&str]| {
            let mut command = folder.confperm(arguments);
            site.point(&mut command);
            Ran::from(command.output().unwrap())
        };
        if run(&["apply", "--yes"]).code == 3 {
            refused += 1;
            continue;
        }
        let lock = folder.read("confperm.lock");
        if seed % 2 == 0 {
            site.running.change(|world| time::passes(&mut dice, world, &policy, false));
        }
        let before = site.running.world(World::clone);
        let asked = site.running.requests().len();

        std::fs::remove_file(folder.path().join("confperm.lock")).unwrap();
        let is_unknown = moved(&policy, &before).iter().any(|moved| moved.bearers != 1);
        unknown += usize::from(is_unknown);
        let planned = run(&["plan"]);
        assert_eq!(planned.code == 4, is_unknown, "seed {seed}: {}", planned.err);
        if !is_unknown {
            std::fs::remove_file(folder.path().join("confperm.lock")).unwrap();
        }
        run(&["apply", "--yes", "--locked"]).code(1);
        let later = site.running.requests();
        let writes = later.iter().skip(asked).filter(|request| is_write(&request.method, &request.path));
        assert_eq!(writes.count(), 0, "seed {seed}");

        folder.write("confperm.lock", &lock);
        let locked = run(&["plan", "--locked"]);
        assert!(locked.code == 0 || locked.code == 6, "seed {seed}: {}", locked.err);
        assert_eq!(folder.read("confperm.lock"), lock);
    }
    assert!((1..8).contains(&unknown) && refused <= 2, "{unknown} unknown, {refused} refused");
}

/// The lock after a run with a lock, as it is written and read.
fn learnt(lock: &Lock, policy: &Policy, live: &Live) -> Lock {
    let cloud_id = Some("c1".to_owned());
    let site = SiteIdentity { cloud_id, base_url: "https://acme.atlassian.net/wiki".to_owned() };
    let text = lock.learn(policy, live, &site, false).lock.to_text();
    let file: Arc<Utf8Path> = Utf8PathBuf::from(LOCK_FILE).into();
    Lock::parse(&file, &text).unwrap()
}

fn drawn(findings: &Diagnostics) -> String {
    draw(findings, &Sources::default(), Paint::Plain)
}

/// A name that is borne by something else, by more, or by nothing.
#[derive(Debug)]
struct Moved {
    space: Option<SpaceId>,
    written: String,
    bearers: usize,
}

fn moved(policy: &[Declared], world: &World) -> Vec<Moved> {
    let pages = policy.iter().flat_map(|space| space.names().into_iter().map(move |name| (space, name)));
    let pages = pages.filter_map(|(space, Name { written, page })| {
        // With archived pages and without them.
        let [all, current] =
            [Bearing::All, Bearing::Current].map(|bearing| meant::bearers(world, space.id, written, bearing));
        let is_moved = !all.contains(page) && !current.contains(page);
        is_moved.then(|| Moved { space: Some(space.id), written: written.clone(), bearers: all.len() })
    });
    let groups: BTreeSet<_> = policy.iter().flat_map(Declared::groups).collect();
    let groups = groups.into_iter().filter_map(|group| {
        let written = case::written(&Principal::Group(group.clone()));
        let bearers: Vec<_> =
            world.groups().filter(|found| format!("group:{}", found.name) == written).collect();
        (!bearers.iter().any(|found| found.id == *group)).then_some(Moved {
            space: None,
            written,
            bearers: bearers.len(),
        })
    });
    let named = policy.iter().filter(|space| !space.by_rules);
    let spaces = named.filter(|space| world_key(world, space) != space.key).map(|space| Moved {
        space: None,
        written: space.key.to_owned(),
        bearers: usize::from(world.space_keyed(space.key).is_some()),
    });
    // A role is asked for by those who are there.
    let is_there = |who: &Principal| match who {
        Principal::Group(group) => world.group(group).is_some(),
        Principal::User(_) | Principal::Class(_) | Principal::Anonymous => true,
    };
    let roles: BTreeSet<_> = policy.iter().flat_map(|space| space.role_names(is_there)).collect();
    let roles = roles.into_iter().filter_map(|(name, role)| {
        let bearers: Vec<_> = world.roles().filter(|found| found.name == role).collect();
        let is_same = bearers.iter().any(|found| found.id.0 == format!("r-{name}"));
        (!is_same).then(|| Moved { space: None, written: role.to_owned(), bearers: bearers.len() })
    });
    pages.chain(groups).chain(spaces).chain(roles).collect()
}

/// The key that a space has now.
fn world_key<'w>(world: &'w World, space: &Declared) -> &'w str {
    world.space(space.id).unwrap().key.as_str()
}

/// What names mean to a lock: what they were written for, or what bears them if it does not know them.
fn meanings(policy: &[Declared], lock: &Lock, world: &World) -> Meanings {
    let entries: BTreeMap<String, String> = lock.entries().into_iter().collect();
    let names = policy.iter().flat_map(|space| space.names().into_iter().map(move |name| (space, name)));
    let meant = names.map(|(space, name)| {
        let slash = if name.written.starts_with('/') { "" } else { "/" };
        let page = if entries.contains_key(&format!("{}{slash}{}", space.key, name.written)) {
            let is_here = |page: &_| {
                world.content(*page).is_some_and(|content| {
                    content.space == space.id && matches!(content.status, Status::Current | Status::Archived)
                })
            };
            Some(name.page).filter(is_here)
        } else {
            // A title that a current page bears as well means that page.
            meant::bearers(world, space.id, &name.written, Bearing::CurrentFirst).into_iter().next()
        };
        ((space.id, name.clone()), page)
    });
    let groups = case::GROUPS.into_iter().chain(["ext"]).map(|name| {
        let id = GroupId(format!("g-{name}"));
        let bearer = world.groups().find(|group| group.name == name).map(|group| group.id.clone());
        let there = world.group(&id).map(|group| group.id.clone());
        let meant = if entries.contains_key(&format!("group:{name}")) { there } else { bearer };
        (id, meant)
    });
    let roles = case::ROLE_NAMES.map(|(name, site)| {
        let there = world.role(&RoleId(format!("r-{name}"))).map(|role| role.id.clone());
        let bearer = world.roles().find(|role| role.name == site).map(|role| role.id.clone());
        (name, if entries.contains_key(&format!("role:{site}")) { there } else { bearer })
    });
    Meanings { pages: meant.collect(), groups: groups.collect(), roles: roles.into() }
}

/// Whether a plan writes a page whose lists have an entry of a deleted group.
fn writes_over_ghosts(plan: &Plan, world: &World) -> bool {
    let is_ghost = |subject: &Subject| match subject {
        Subject::Group(id) => world.group(&GroupId(id.to_string())).is_none(),
        Subject::User(_) => false,
    };
    plan.calls.iter().any(|planned| {
        let Call::Restrict { before: lists, .. } = &planned.call else { return false };
        lists.view.subjects().chain(lists.edit.subjects()).any(is_ghost)
    })
}

/// Whether something that a space's entry names is gone, cannot be changed, or shares its name, so that parts of it may
/// stay as they are.
fn is_touched(space: &Declared, meanings: &Meanings, moved: &[Moved], world: &World) -> bool {
    let is_lost = space.names().into_iter().any(|name| meanings.page(space.id, name).is_none());
    let is_shared = moved.iter().any(|moved| moved.space == Some(space.id) && moved.bearers > 0);
    // Another entry may have meant what came from another space.
    let came = |(from, name): &(SpaceId, Name)| {
        *from != space.id && world.content(name.page).is_some_and(|content| content.space == space.id)
    };
    let is_lost = is_lost || meanings.pages.keys().any(came);
    let is_left = space.groups().into_iter().any(|group| meanings.groups[group].is_none());
    let is_left =
        is_left || space.role_names(|_| true).into_iter().any(|(name, _)| meanings.roles[name].is_none());
    is_lost || is_shared || is_left
}

fn judge(
    space: &Declared,
    policy: &[Declared],
    meanings: &Meanings,
    [before, after]: [&World; 2],
    is_exact: bool,
) -> Result<(), String> {
    let mut ideal = meant::carried_out(policy, meanings, before);
    let guests = guests::see(space, meanings, before);
    guests::followed(space, meanings, &guests, [before, after], &mut ideal);
    let here = |world: &World| -> Access {
        let is_here = |content: &_| before.content(*content).is_some_and(|content| content.space == space.id);
        meant::access(world).into_iter().filter(|(_, _, content)| is_here(content)).collect()
    };
    let (was, is) = (here(before), here(after));
    let mut should = here(&ideal);
    if !space.guests.is_empty() {
        // They come onto the lists on their way.
        should.retain(|(person, _, _)| *person != case::GUEST);
        should.extend(guests.into_iter().map(|content| (case::GUEST, Verb::Read, content)));
    }
    let opened: Vec<_> = is.iter().filter(|can| !was.contains(can) && !should.contains(can)).collect();
    let closed: Vec<_> = was.intersection(&should).filter(|can| !is.contains(can)).collect();
    if !opened.is_empty() || !closed.is_empty() {
        return Err(format!("{}: opened {opened:?}, closed {closed:?}", space.key));
    }
    if is_exact && is != should {
        let missing: Vec<_> = should.difference(&is).collect();
        let beyond: Vec<_> = is.difference(&should).collect();
        return Err(format!("{}: missing {missing:?}, beyond {beyond:?}", space.key));
    }
    Ok(())
}

/// The site as it is, for reports.
fn described(world: &World) -> String {
    let groups = world.groups().map(|group| format!("{} {:?} {:?}", group.id, group.name, group.members));
    let pages = world.contents().map(|content| {
        let path = case::path(world, content.id);
        format!("{} {}{path} {:?} {:?}", content.id, content.space, content.status, content.lists)
    });
    groups.chain(pages).collect::<Vec<_>>().join("\n")
}
