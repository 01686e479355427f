//! Whether others agree: the sandbox's answers and the client's requests with the published OpenAPI
//! documents, and the sandbox with clients of Confluence that are not ours.
//!
//! The documents and the other clients are not in this repository. Where they are missing, each test says so
//! in its line of the output; so this binary has a harness of its own, with tests that end as ignored.

#![expect(clippy::unwrap_used, reason = "tests may panic, their helpers too")]

mod allowed;
mod document;
mod exchange;
mod foreign;
mod judge;
mod judged;
mod raw;
mod scenes;
mod schema;
mod served;
mod site;

use std::collections::{BTreeMap, BTreeSet};
use std::panic::resume_unwind;
use std::process::ExitCode;
use std::sync::LazyLock;
use std::thread;

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use allowed::ALLOWED;
use document::{Documents, VARIABLE};
use exchange::Exchange;
use judge::Deviation;
use site::Mode;

fn main() -> ExitCode {
    let documented = |name: &str, test: fn(&Evidence) -> Result<(), Failed>| {
        Trial::ignorable_test(format!("documents::{name}"), move || {
            let Some(evidence) = &*EVIDENCE else {
                let reason = format!("skipped: {VARIABLE} does not name the folder of the OpenAPI documents");
                return Ok(Completion::ignored_with(reason));
            };
            test(evidence).map(|()| Completion::Completed)
        })
    };
    let own = |name: &str, test: fn()| {
        Trial::test(format!("judge::{name}"), move || {
            test();
            Ok(())
        })
    };
    let mut trials = vec![
        own("each_kind_of_deviation_is_seen", judged::each_kind_of_deviation_is_seen),
        own("what_is_documented_passes", judged::what_is_documented_passes),
        own("an_allowance_covers_what_it_says", judged::an_allowance_covers_what_it_says),
        documented("every_request_and_answer_is_as_documented", nothing_deviates),
        documented("every_allowed_deviation_is_needed", every_allowance_is_needed),
        documented("the_gateway_asks_for_the_documented_scopes", scopes_are_documented),
        documented("every_operation_of_the_sandbox_was_asked_for", everything_was_asked_for),
    ];
    for client in foreign::CLIENTS {
        for mode in Mode::ALL {
            let name = format!("foreign::{}_works_in_mode_{}", client.name, mode.name().replace('-', "_"));
            trials.push(Trial::ignorable_test(name, move || foreign::works(client, mode)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// All exchanges in all modes, and what is wrong with them.
struct Evidence {
    documents: Documents,
    exchanges: Vec<Exchange>,
    deviations: BTreeMap<Deviation, Exchange>,
}

static EVIDENCE: LazyLock<Option<Evidence>> = LazyLock::new(|| {
    let documents = Documents::read(&document::folder()?);
    let exchanges: Vec<Exchange> = thread::scope(|scope| {
        let tasks: Vec<_> = Mode::ALL
            .into_iter()
            .flat_map(|mode| {
                [scope.spawn(move || scenes::client(mode)), scope.spawn(move || raw::everything(mode))]
            })
            .collect();
        tasks.into_iter().flat_map(|task| task.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    let mut deviations = BTreeMap::new();
    for exchange in &exchanges {
        for deviation in judge::judge(&documents, exchange) {
            deviations.entry(deviation).or_insert_with(|| exchange.clone());
        }
    }
    Some(Evidence { documents, exchanges, deviations })
});

fn nothing_deviates(evidence: &Evidence) -> Result<(), Failed> {
    let found = evidence.deviations.iter();
    let wrong = found.filter(|(deviation, _)| !ALLOWED.iter().any(|allowed| allowed.covers(deviation)));
    let told: Vec<String> = wrong
        .map(|(deviation, Exchange { scene, method, path, query, .. })| {
            format!("{deviation}\n    in {scene}: {method} {path}?{query}")
        })
        .collect();
    if told.is_empty() {
        return Ok(());
    }
    let count = (told.len(), evidence.exchanges.len());
    Err(format!("{} deviations in {} exchanges:\n{}", count.0, count.1, told.join("\n")).into())
}

fn every_allowance_is_needed(evidence: &Evidence) -> Result<(), Failed> {
    let needed =
        |allowed: &&allowed::Allowance| evidence.deviations.keys().any(|deviation| allowed.covers(deviation));
    let unneeded: BTreeSet<String> =
        ALLOWED.iter().filter(|allowed| !needed(allowed)).map(allowed::Allowance::name).collect();
    if unneeded.is_empty() { Ok(()) } else { Err(format!("never needed: {unneeded:#?}").into()) }
}

fn scopes_are_documented(evidence: &Evidence) -> Result<(), Failed> {
    let wrong = served::wrong_scopes(&evidence.documents);
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// What a document has was carried out, and what none has is not there.
fn everything_was_asked_for(Evidence { documents, exchanges, .. }: &Evidence) -> Result<(), Failed> {
    let asked = served::exercised(exchanges.iter());
    let done = served::exercised(exchanges.iter().filter(|exchange| (200..300).contains(&exchange.status)));
    let missing: Vec<String> = served::documented(documents).difference(&done).cloned().collect();
    let untried: Vec<String> = served::undocumented(documents).difference(&asked).cloned().collect();
    if missing.is_empty() && untried.is_empty() {
        return Ok(());
    }
    Err(format!("never carried out: {missing:#?}\nin no document, and never asked for: {untried:#?}").into())
}
