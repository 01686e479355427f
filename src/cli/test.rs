//! `confperm test`.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::access::{ContentVerb, Engine, Level, Reason, Verb, Verdict};
use crate::confluence::{self, Cloud, Read as _};
use crate::diagnostic::Sources;
use crate::model::{ContentId, Desired, Live, PageList, Principal, visible};
use crate::observe::{self, Askers};
use crate::plan::{self, LeftOut};
use crate::policy::{self, Context, Policy, TestTarget};
use crate::render::{self, SiteNames, TestReport, TestedCheck, TestedState};

use super::args::{AnswerFormat, TestArgs};
use super::checks::{self, AccessCheck, TestQuestions};
use super::question::load;
use super::{CliError, Connection, Environment, Exit, Failure, LockFile, Output, SiteReading};

/// So many questions are put to the site at a time; its pace limits them further.
const MAX_CONCURRENT: usize = 8;

pub(super) async fn run(args: &TestArgs, environment: &Environment, out: &Output) -> Result<Exit, CliError> {
    let today = environment.today()?;
    let (policy, mut sources) = load(&args.common, true, environment, out)?;
    let lock = LockFile::read(&args.common.directory, &mut sources)?;
    if policy.tests.is_empty() {
        out.warn("the policy has no `tests`");
    }
    let connection =
        Connection::open(&args.common.site, &args.common.directory, &policy, &lock, environment, out).await?;
    let reading = SiteReading::of(&connection, out);
    let context = Context { today, lock: lock.known() };
    let Tested { reports, state, desired, kept, is_whole } =
        run_all(reading, &policy, &sources, args.live, context, out).await?;
    let shown = TestedState {
        names: SiteNames { live: &state, aliases: &desired.aliases },
        desired: Some(&desired),
        planned: !args.live,
    };
    for line in render::left_out_of_site(&kept, shown.names) {
        out.warn(&format!("left out: {line}"));
    }
    out.data(&match args.common.format {
        AnswerFormat::Text => render::tests_as_text(&reports, shown),
        AnswerFormat::Json => render::tests_as_json(&reports, shown),
    });
    let completeness = if is_whole { Exit::Done } else { Exit::Incomplete };
    Ok(if reports.iter().all(TestReport::passed) { completeness } else { Exit::Blocked })
}

struct Tested {
    reports: Vec<TestReport>,
    /// The state that was tested.
    state: Live,
    desired: Desired,
    /// What stays as it is on archived pages, though the policy asks for something else.
    kept: Vec<LeftOut>,
    /// Whether every test could be asked, and all that is asked for can be done.
    is_whole: bool,
}

async fn run_all(
    reading: SiteReading<'_>,
    policy: &Policy,
    sources: &Sources,
    ask_site: bool,
    context: Context<'_>,
    out: &Output,
) -> Result<Tested, CliError> {
    let narrowed = observe::for_tests(policy, context.lock);
    let mut live = reading.sign_in(policy).await?;
    reading.until_known(&mut live, |live| observe::of_tests(&narrowed, context, live)).await?;
    let invalid = |findings| CliError::Invalid { findings, sources: sources.clone() };
    let on_site = policy.on_site(context.lock, &live.listing);
    live.guests = on_site.policy.guests();
    let here = Context { lock: &on_site.lock, ..context };
    let TestQuestions { mut checks, only, skipped } =
        checks::checks(&on_site.policy, &live, here).map_err(invalid)?;
    out.findings(&skipped, sources);
    let resolved = policy::resolve(&narrowed, &live, context);
    let desired = match (resolved, ask_site) {
        (Ok(resolved), _) => {
            out.findings(&resolved.errors_of_teams(), sources);
            resolved.desired
        }
        (Err(findings), false) => return Err(invalid(findings)),
        (Err(_), true) => {
            out.warn("names in the policy do not exist on the site, so a failure cannot say which lines of the policy give access; `confperm plan` lists the names");
            Desired::default()
        }
    };
    let planned = (!ask_site).then(|| plan::planned_state(&desired, &live));
    let needs = |live: &Live| {
        let states = [Some(live), planned.as_ref()].into_iter().flatten();
        // All others are everyone.
        let askers = if only.is_empty() { askers(&checks) } else { Askers::Everyone };
        observe::of_tested(askers, states.flat_map(Live::all_spaces))
    };
    reading.until_known(&mut live, needs).await?;
    let told = plan::with_lists_for_guests(&desired, &live);
    let kept = if ask_site { Vec::new() } else { plan::kept_archived(&desired, &live) };
    let state = if ask_site { live } else { plan::planned_state(&desired, &live) };

    let engine = Engine::new(&state);
    checks.extend(only.iter().flat_map(|only| only.checks(&engine)));
    let answers = if ask_site { ask(reading.site, &checks, out).await? } else { BTreeMap::new() };
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
    if skipped.is_empty() {
        warn_of_empty(policy, &reports, out);
    }
    let is_whole = skipped.is_empty() && kept.is_empty();
    Ok(Tested { reports, state, desired: told, kept, is_whole })
}

/// A pattern may match nothing yet, and a test that asks nothing must not be taken for one that holds.
fn warn_of_empty(policy: &Policy, reports: &[TestReport], out: &Output) {
    for (test, report) in policy.tests.iter().zip(reports).filter(|(_, report)| report.checks.is_empty()) {
        let is_everything = test.targets().any(|(_, target)| target.value == TestTarget::Everything);
        let hint =
            if is_everything { "; `**` means all pages of the spaces that the policy names" } else { "" };
        out.warn(&format!(
            "{}: the test \"{}\" checks nothing: no page matches what it names{hint}",
            report.origin,
            visible(&report.name)
        ));
    }
}

/// What the site says to a question.
enum SiteAnswer {
    Says(confluence::Check),
    /// The page is gone, or hidden from the account that asks.
    ShowsNothing,
}

fn tested(check: AccessCheck<'_>, site: Option<&SiteAnswer>, engine: &Engine<'_>) -> TestedCheck {
    let AccessCheck { asker, verb, object, expected, span, doubts, .. } = check;
    let verdict = match (site, object.content()) {
        (Some(SiteAnswer::ShowsNothing), Some(content)) => {
            Verdict::Unknown(BTreeSet::from([Reason::ContentGone { content }]))
        }
        (Some(SiteAnswer::Says(site)), _) if site.allowed => Verdict::Allowed,
        // Which level says no, the site tells in its own words.
        (Some(_), content) => Verdict::Denied(content.map_or(Level::Space, Level::Content)),
        (None, _) => engine.can(&asker, verb, &object),
    };
    let verdict = match verdict {
        Verdict::Allowed if !doubts.is_empty() => Verdict::Unknown(doubts),
        verdict => verdict,
    };
    let mut tested = TestedCheck {
        asker,
        verb,
        object,
        expected,
        origin: span.origin(),
        verdict,
        by_site: site.map(|site| match site {
            SiteAnswer::Says(check) => check.reasons.clone(),
            SiteAnswer::ShowsNothing => Vec::new(),
        }),
        explanation: None,
    };
    if !tested.passed() {
        tested.explanation = Some(engine.explain(&tested.asker, tested.verb, &tested.object));
    }
    tested
}

/// The accounts that the answers depend on: only those in question, where no others matter.
fn askers(checks: &[AccessCheck<'_>]) -> Askers {
    let people: BTreeSet<_> = checks.iter().filter_map(|check| check.asker.account().cloned()).collect();
    if people.is_empty() { Askers::NoPerson } else { Askers::These(people) }
}

/// Puts to the site itself what it has an answer for: whether an account may view or edit a page.
async fn ask(
    site: &Cloud,
    checks: &[AccessCheck<'_>],
    out: &Output,
) -> Result<BTreeMap<usize, SiteAnswer>, CliError> {
    let questions: Vec<(usize, Principal, PageList, ContentId)> = checks
        .iter()
        .enumerate()
        .filter_map(|(number, check)| {
            let principal = check.asker.principal()?;
            let list = match check.verb {
                Verb::On(ContentVerb::View) => PageList::View,
                Verb::On(ContentVerb::Edit) => PageList::Edit,
                // The site is asked for these two alone.
                Verb::On(
                    ContentVerb::Comment | ContentVerb::Attach | ContentVerb::Delete | ContentVerb::Restrict,
                )
                | Verb::Space(_) => return None,
            };
            Some((number, principal, list, check.object.content()?))
        })
        .collect();
    if !questions.is_empty() {
        let number = render::style::count(questions.len(), "question", "questions");
        out.say(&format!("Putting {number} to the site itself"));
    }
    let tasks = questions.into_iter().map(|(number, principal, list, content)| async move {
        match site.check(&principal, list, content).await {
            Ok(check) => Ok(Some((number, SiteAnswer::Says(check)))),
            Err(confluence::Error::NotFound(_)) => Ok(Some((number, SiteAnswer::ShowsNothing))),
            // A site need not take questions about accounts that are gone.
            Err(confluence::Error::Rejected(_)) => Ok(None),
            Err(error) => Err(error),
        }
    });
    let answers: Result<Vec<_>, confluence::Error> =
        stream::iter(tasks).buffered(MAX_CONCURRENT).try_collect().await;
    match answers {
        Ok(answers) => Ok(answers.into_iter().flatten().collect()),
        Err(error @ confluence::Error::Forbidden(_)) => Err(CliError::failed(Failure::NotPermitted, error.to_string()).with_hint(
            "only a Confluence administrator may ask what others may do; without --live confperm works it out itself",
        )),
        Err(error) => Err(error.into()),
    }
}
