//! What becomes of a hundred thousand random sites, so that two versions of the planner can be compared.
//!
//! `cargo bench --bench orders -- write FILE` before a change of the order of calls notes a line for each site: how many
//! calls its plan takes, or why it is refused. `cargo bench --bench orders -- compare FILE` afterwards says where another
//! number of calls came out, or another refusal. The sites are those of the proofs in `tests/order`, and the same in
//! each run; `-- show KIND NUMBER` prints one. `-- limits` says on which of them another plan comes out where a limit of
//! the search is halved or doubled.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench may panic, and is there to print")]
#![allow(dead_code, reason = "the proofs use more of a site than is used here")]

use std::collections::BTreeMap;
use std::fs;

use confperm::plan::{Gaps, OrderSearch, Refusal, SearchLimits, plan};
use proptest::strategy::{BoxedStrategy, Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rayon::prelude::*;

#[path = "../../tests/builder/mod.rs"]
mod builder;
#[path = "../../tests/order/bystanders.rs"]
mod bystanders;
#[path = "../../tests/order/draw.rs"]
mod draw;
#[path = "../../tests/order/roles.rs"]
mod roles;
#[path = "../../tests/order/site.rs"]
mod site;

use site::Case;

/// All sites of one run, and those that one task looks at.
const SITES: usize = 100_000;
const AT_ONCE: usize = 100;

type Kind = (&'static str, fn() -> BoxedStrategy<Case>);

const KINDS: [Kind; 6] = [
    ("alone", || draw::alone().boxed()),
    ("companions", || draw::with_companions().boxed()),
    ("classes", || draw::with_classes().boxed()),
    ("listed", || draw::of_listed().boxed()),
    ("roles", || draw::with_roles().boxed()),
    ("all", || draw::case().boxed()),
];

/// The sites of one task.
fn cases(kind: usize, task: usize) -> Vec<Case> {
    let mut seed = [0; 32];
    seed[0] = u8::try_from(kind).unwrap();
    seed[8..16].copy_from_slice(&task.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = KINDS[kind].1();
    (0..AT_ONCE).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

/// What became of a site, in a word or two.
fn outcome(case: &Case) -> String {
    let Ok(planned) = plan(&case.desired(), &case.live(&case.world()), Gaps::Refuse) else {
        return "rejected-by-the-check".to_owned();
    };
    let plan = planned.plan;
    match plan.refusals.first() {
        None => plan.cost.calls.to_string(),
        Some(Refusal::NoSafeOrder { .. }) => "no-safe-order".to_owned(),
        Some(Refusal::Unfinishable { .. }) => "unfinishable".to_owned(),
        Some(Refusal::Lockout { .. }) => "lockout".to_owned(),
        Some(_) => "refused".to_owned(),
    }
}

/// A line for each site, as told by its kind and number.
fn each_site(told: impl Fn(&Case) -> String + Sync) -> Vec<String> {
    let tasks = SITES / KINDS.len() / AT_ONCE;
    let all: Vec<(usize, usize)> =
        (0..KINDS.len()).flat_map(|kind| (0..tasks).map(move |task| (kind, task))).collect();
    let of_task = |&(kind, task): &(usize, usize)| -> Vec<String> {
        let lines = cases(kind, task).into_iter().enumerate();
        lines
            .map(|(number, case)| format!("{} {} {}", KINDS[kind].0, task * AT_ONCE + number, told(&case)))
            .collect()
    };
    all.par_iter().flat_map(of_task).collect()
}

/// The limits of which another plan comes out, each halved and doubled, one at a time.
fn telling_limits(case: &Case) -> String {
    let (desired, live) = (case.desired(), case.live(&case.world()));
    let planned = |limits: SearchLimits| {
        plan(&desired, &live, OrderSearch { gaps: Gaps::Refuse, limits }).map(|planned| planned.plan).ok()
    };
    let usual = SearchLimits::default();
    let others = [
        ("questions / 2", SearchLimits { questions: usual.questions / 2, ..usual }),
        ("questions * 2", SearchLimits { questions: usual.questions * 2, ..usual }),
        ("walked / 2", SearchLimits { walked: usual.walked / 2, ..usual }),
        // Of twice as many calls there are more sets than memory holds.
        ("walked 20", SearchLimits { walked: 20, ..usual }),
        ("apart / 2", SearchLimits { apart: usual.apart / 2, ..usual }),
        ("apart * 2", SearchLimits { apart: usual.apart * 2, ..usual }),
    ];
    let as_usual = planned(usual);
    let telling = others.into_iter().filter(|(_, limits)| planned(*limits) != as_usual);
    telling.map(|(name, _)| name).collect::<Vec<_>>().join(", ")
}

fn print_telling_limits() {
    let lines = each_site(telling_limits);
    let told: Vec<&String> = lines.iter().filter(|line| !line.ends_with(' ')).collect();
    println!("{} sites; another plan comes out on {}", lines.len(), told.len());
    for line in told {
        println!("  {line}");
    }
}

/// What is told of a site of which another outcome was noted.
fn difference(before: &str, now: &str) -> &'static str {
    match (before.parse::<usize>(), now.parse::<usize>()) {
        (Ok(before), Ok(now)) if now < before => "fewer calls",
        (Ok(_), Ok(_)) => "more calls",
        (Ok(_), Err(_)) => "refused now",
        (Err(_), Ok(_)) => "no longer refused",
        (Err(_), Err(_)) => "refused for another reason",
    }
}

fn compare(before: &str, now: &[String]) {
    let mut differences: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    assert_eq!(before.lines().count(), now.len(), "the file is of other sites");
    for (before, now) in before.lines().zip(now) {
        let split =
            |line: &str| line.rsplit_once(' ').map(|(at, was)| (at.to_owned(), was.to_owned())).unwrap();
        let ((at, was), (same, is)) = (split(before), split(now));
        assert_eq!(at, same, "the file is of other sites");
        if was != is {
            differences.entry(difference(&was, &is)).or_default().push(format!("{at}: {was}, now {is}"));
        }
    }
    println!("{} sites", now.len());
    for (what, lines) in differences {
        println!("{what}: {}, such as", lines.len());
        lines.iter().take(5).for_each(|line| println!("  {line}"));
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    match &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["write", file] => fs::write(file, each_site(outcome).join("\n")).unwrap(),
        ["compare", file] => compare(&fs::read_to_string(file).unwrap(), &each_site(outcome)),
        ["limits"] => print_telling_limits(),
        ["show", kind, number] => {
            let kind = KINDS.iter().position(|(name, _)| name == kind).unwrap();
            let number: usize = number.parse().unwrap();
            let case = &cases(kind, number / AT_ONCE)[number % AT_ONCE];
            println!("{case:#?}\n{}", outcome(case));
            if let Err(rejected) = plan(&case.desired(), &case.live(&case.world()), Gaps::Refuse) {
                println!("{:#?}\n{:?}", rejected.plan.calls, rejected.broken);
            }
        }
        _ => println!("write FILE, compare FILE, limits, or show KIND NUMBER"),
    }
}
