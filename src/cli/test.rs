//! `confperm test`.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::access::{Asker, Engine, Level, Object, Verb, Verdict};
use crate::confluence::survey::{self, Progress};
use crate::confluence::{self, Cloud, Read as _};
use crate::diagnostic::Sources;
use crate::model::{ContentId, Desired, Live, PageVerb, Principal, SpaceKey};
use crate::plan;
use crate::policy::{self, Context, PageSelector, Policy};
use crate::render::{self, SiteNames, TestReport, TestedCheck, TestedState};

use super::args::{AnswerFormat, TestArgs};
use super::checks::{self, Check, Mentioned};
use super::connect::Connection;
use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use super::lock::LockFile;
use super::output::Output;
use super::pages;
use super::people::{self, Wanted};
use super::question::load;
use super::reach;

/// So many questions are put to the site at a time; its pace limits them further.
const ABREAST: usize = 8;

pub(super) async fn run(args: &TestArgs, environment: &Environment, out: &Output) -> Result<Exit, CliError> {
    let today = environment.today()?;
    let (policy, mut sources) = load(&args.common, true, environment, out)?;
    let lock = LockFile::read(&args.common.directory, &mut sources)?;
    if policy.tests.is_empty() {
        out.warn("the policy has no `tests`");
    }
    let connection = Connection::open(&args.common.directory, &policy, environment, out).await?;
    out.say(&format!("Reading {}", connection.address));
    let context = Context { today, lock: lock.about(&connection, out) };
    let tested = run_all(&connection.site, &policy, &sources, args.live, context, out).await;
    connection.close().await;
    let Tested { reports, state, desired } = tested?;
    let aliases = desired.aliases.clone();
    let shown = TestedState {
        names: SiteNames { live: &state, aliases: &aliases },
        desired: Some(&desired),
        planned: !args.live,
    };
    out.data(&match args.common.format {
        AnswerFormat::Text => render::tests_as_text(&reports, shown),
        AnswerFormat::Json => render::tests_as_json(&reports, shown),
    });
    Ok(if reports.iter().all(TestReport::passed) { Exit::Done } else { Exit::Blocked })
}

struct Tested {
    reports: Vec<TestReport>,
    /// The state that was tested.
    state: Live,
    desired: Desired,
}

async fn run_all(
    site: &Cloud,
    policy: &Policy,
    sources: &Sources,
    ask_site: bool,
    context: Context<'_>,
    out: &Output,
) -> Result<Tested, CliError> {
    let mentioned = checks::mentioned(policy);
    let narrowed = narrowed(policy, &mentioned);
    let mut live = read(site, &narrowed, &mentioned, context).await?;
    let invalid = |findings| CliError::Invalid { findings, sources: sources.clone() };
    let checks = checks::checks(policy, &live, context.lock).map_err(invalid)?;
    let resolved = policy::resolve(&narrowed, &live, context);
    let desired = match (resolved, ask_site) {
        (Ok(resolved), _) => resolved.desired,
        (Err(findings), false) => return Err(CliError::Invalid { findings, sources: sources.clone() }),
        (Err(_), true) => Desired::default(),
    };
    let planned = (!ask_site).then(|| plan::planned_state(&desired, &live));
    read_people(site, &checks, planned.as_ref(), &mut live).await?;
    let told = plan::with_lists_for_guests(&desired, &live);
    let state = if ask_site { live } else { plan::planned_state(&desired, &live) };

    let engine = Engine::new(&state);
    let answers = if ask_site { ask(site, &checks, out).await? } else { BTreeMap::new() };
    let mut reports: Vec<TestReport> = policy
        .tests
        .iter()
        .map(|test| TestReport {
            name: test.name.value.clone(),
            origin: test.name.span.origin(),
            checks: Vec::new(),
        })
        .collect();
    for (number, check) in checks.into_iter().enumerate() {
        let report = &mut reports[check.test];
        report.checks.push(tested(check, answers.get(&number), &engine));
    }
    Ok(Tested { reports, state, desired: told })
}

fn tested(check: Check<'_>, site: Option<&confluence::Check>, engine: &Engine<'_>) -> TestedCheck {
    let Check { asker, verb, object, expected, span, .. } = check;
    let verdict = match (site, object.content()) {
        (Some(site), _) if site.allowed => Verdict::Allowed,
        // Which level says no, the site tells in its own words.
        (Some(_), content) => Verdict::Denied(content.map_or(Level::Space, Level::Content)),
        (None, _) => engine.can(&asker, verb, &object),
    };
    let mut tested = TestedCheck {
        asker,
        verb,
        object,
        expected,
        origin: span.origin(),
        verdict,
        by_site: site.map(|site| site.reasons.clone()),
        explanation: None,
    };
    if !tested.passed() {
        tested.explanation = Some(engine.explain(&tested.asker, tested.verb, &tested.object));
    }
    tested
}

/// The policy as far as it bears on the tests.
fn narrowed(policy: &Policy, mentioned: &BTreeMap<SpaceKey, Mentioned<'_>>) -> Policy {
    let mut narrowed = policy.clone();
    narrowed.focus_on(mentioned.keys().cloned().collect());
    let with_pages = mentioned.iter().filter(|(_, space)| space.any_page());
    narrowed.focus_on_pages_of(with_pages.map(|(key, _)| key.clone()).collect());
    narrowed
}

/// The spaces that tests speak of, and the lists that decide about the pages in them.
async fn read(
    site: &Cloud,
    policy: &Policy,
    mentioned: &BTreeMap<SpaceKey, Mentioned<'_>>,
    context: Context<'_>,
) -> Result<Live, CliError> {
    let hook = |progress: Progress| tracing::debug!(?progress);
    let mut live = reach::read(site, policy, []).await?;
    let with_pages = |wanted: &dyn Fn(&Mentioned<'_>) -> bool| -> BTreeSet<SpaceKey> {
        mentioned.iter().filter(|(_, space)| wanted(space)).map(|(key, _)| key.clone()).collect()
    };
    survey::trees(site, &mut live, &with_pages(&|space| space.any_page()), &hook).await?;
    let with_posts = pages::read(site, &mut live, &about_every_page(policy, mentioned), context).await?;
    let by_number = |space: &Mentioned<'_>| {
        space.every_page
            || space.pages.iter().any(|page| matches!(page, PageSelector::Id(_) | PageSelector::Blog(_)))
    };
    let posts = with_pages(&by_number).difference(&with_posts).cloned().collect();
    survey::blogposts(site, &mut live, &posts).await?;
    let mut pages: BTreeMap<SpaceKey, BTreeSet<ContentId>> = BTreeMap::new();
    for (key, space) in mentioned {
        let Some(live) = live.spaces.get(key) else { continue };
        let Some(tree) = &live.tree else { continue };
        let mut wanted: BTreeSet<ContentId> = if space.every_page {
            tree.iter().map(|page| page.id).collect()
        } else {
            space.pages.iter().flat_map(|page| checks::reached(page, live, tree)).collect()
        };
        let above: Vec<ContentId> =
            wanted.iter().flat_map(|page| tree.chain(*page).ancestors).map(|page| page.id).collect();
        wanted.extend(above);
        pages.insert(key.clone(), wanted);
    }
    survey::restrictions(site, &mut live, &pages, &hook).await?;
    Ok(live)
}

/// The spaces that tests speak of and of which the policy decides about every page.
fn about_every_page(policy: &Policy, mentioned: &BTreeMap<SpaceKey, Mentioned<'_>>) -> Policy {
    let mut policy = narrowed(policy, mentioned);
    let keys: BTreeSet<SpaceKey> =
        policy.space_keys().filter(|key| policy.decides_about_every_page(key)).cloned().collect();
    policy.spaces.retain(|key, _| keys.contains(key));
    policy
}

async fn read_people(
    site: &Cloud,
    checks: &[Check<'_>],
    planned: Option<&Live>,
    live: &mut Live,
) -> Result<(), CliError> {
    let people = checks.iter().filter_map(|check| match &check.asker {
        Asker::Person(account) => Some(account.clone()),
        Asker::Group(_) | Asker::Anonymous | Asker::Stranger { .. } => None,
    });
    let only: BTreeSet<_> = people.collect();
    if only.is_empty() {
        return Ok(());
    }
    let spaces = [Some(&*live), planned].into_iter().flatten().flat_map(|state| state.spaces.values());
    let wanted = Wanted { only: Some(only), ..Wanted::of(spaces) };
    people::read(site, live, &wanted).await?;
    Ok(())
}

/// Puts to the site itself what it has an answer for: whether somebody may view or edit a page.
async fn ask(
    site: &Cloud,
    checks: &[Check<'_>],
    out: &Output,
) -> Result<BTreeMap<usize, confluence::Check>, CliError> {
    let questions: Vec<(usize, Principal, PageVerb, ContentId)> = checks
        .iter()
        .enumerate()
        .filter_map(|(number, check)| {
            let principal = match &check.asker {
                Asker::Person(account) => Principal::User(account.clone()),
                Asker::Group(group) => Principal::Group(group.clone()),
                Asker::Anonymous => Principal::Anonymous,
                Asker::Stranger { .. } => return None,
            };
            let verb = match check.verb {
                Verb::View => PageVerb::View,
                Verb::Edit => PageVerb::Edit,
                _ => return None,
            };
            match check.object {
                Object::Content(_, content) => Some((number, principal, verb, content)),
                Object::Space(_) => None,
            }
        })
        .collect();
    if !questions.is_empty() {
        let number = render::style::count(questions.len(), "question", "questions");
        out.say(&format!("Putting {number} to the site itself"));
    }
    let tasks = questions.into_iter().map(|(number, principal, verb, content)| async move {
        site.check(&principal, verb, content).await.map(|check| (number, check))
    });
    let answers: Result<Vec<_>, confluence::Error> =
        stream::iter(tasks).buffered(ABREAST).try_collect().await;
    match answers {
        Ok(answers) => Ok(answers.into_iter().collect()),
        Err(error @ confluence::Error::Forbidden(_)) => Err(CliError::failed(error.to_string()).with_hint(
            "only a Confluence administrator may ask what others may do; without --live confperm works it out itself",
        )),
        Err(error) => Err(error.into()),
    }
}
