//! The answer to "who may?": the people, the routes, and what cannot be read.

use std::fmt::Write as _;

use crate::access::{GateRoutes, Needed, Route, Who};
use crate::model::{AccountStatus, Principal};

use super::access::{Question, outside, plain_route};
use super::access_words::{ShownNames as _, reason_words};
use super::style::{CHANGE, FAINT, HEADING, count, paint};
use crate::model::columns::{column, gap, pad};

/// How many people are named one by one; the document names all of them.
const PEOPLE: usize = 100;

/// All who may, by name, then by route.
pub fn who_as_text(who: &Who, question: &Question<'_>) -> String {
    let names = &question.names;
    let mut text = String::new();
    let can = if question.planned { "will be able to" } else { "can" };
    let what = question.deed_words();
    let number = match who.people.len() {
        0 => "No known person".to_owned(),
        number => count(number, "person", "people"),
    };
    let _ = writeln!(text, "{}", paint(HEADING, &format!("{number} {can} {what}")));
    for person in who.people.iter().take(PEOPLE) {
        let _ = writeln!(text, "  {}", names.person(person));
    }
    if who.people.len() > PEOPLE {
        let _ = writeln!(text, "  and {} more", who.people.len() - PEOPLE);
    }
    let parties: Vec<String> = who.parties.iter().map(|party| party_words(party, question)).collect();
    for party in parties {
        let _ = writeln!(text, "  {party}");
    }
    if !who.perhaps.is_empty() || !who.perhaps_parties.is_empty() {
        let _ = writeln!(text, "\n{}", paint(HEADING, "Not known for"));
        for person in who.perhaps.iter().take(PEOPLE) {
            let _ = writeln!(text, "  {}", names.person(person));
        }
        if who.perhaps.len() > PEOPLE {
            let _ = writeln!(text, "  and {} more", who.perhaps.len() - PEOPLE);
        }
        for party in &who.perhaps_parties {
            let _ = writeln!(text, "  {}", party_words(party, question));
        }
    }
    routes(&who.gates, question, &mut text);
    outside(&who.outside, &mut text);
    dead(who, question, &mut text);
    if !who.incomplete.is_empty() {
        let _ = writeln!(text, "\n{}", paint(HEADING, "The list may be incomplete, or too long"));
        for reason in &who.incomplete {
            let _ = writeln!(text, "  {} {}", paint(CHANGE, "!"), reason_words(reason, names));
        }
    }
    text
}

fn party_words(party: &Principal, question: &Question<'_>) -> String {
    match party {
        Principal::Anonymous => "anonymous: all readers, signed in or not".to_owned(),
        party => format!("all members of {}", question.names.principal(party)),
    }
}

fn routes(gates: &[GateRoutes], question: &Question<'_>, text: &mut String) {
    if gates.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{}", paint(HEADING, "Routes (each person above passes every step)"));
    for gate in gates {
        let level = question.level_words(gate.level);
        let _ = match &gate.needed {
            Needed::SignIn => writeln!(text, "  {level}"),
            Needed::Permission { any_of } => {
                let names: Vec<String> = any_of.iter().map(ToString::to_string).collect();
                writeln!(text, "  {level}, {}", names.join(" or "))
            }
            Needed::OnList(verb) => writeln!(text, "  {level}, {} list", verb.as_str()),
        };
        if gate.routes.is_empty() {
            let _ = writeln!(text, "    {}", paint(FAINT, "no route"));
        }
        let rows: Vec<(String, String, String)> = gate
            .routes
            .iter()
            .map(|through| {
                let way = plain_route(&through.route, question);
                let way = match (&through.route, &gate.needed) {
                    (Route::Grant { permission, .. }, Needed::Permission { any_of }) if any_of.len() > 1 => {
                        format!("{way} ({permission})")
                    }
                    _ => way,
                };
                let people = count(through.people.len(), "person", "people");
                let origin = question.origin_words(&through.route, gate.level, &gate.needed);
                (way, people, origin)
            })
            .collect();
        let first = column(rows.iter().map(|row| row.0.as_str()), usize::MAX);
        let second = column(rows.iter().map(|row| row.1.as_str()), usize::MAX);
        for (way, people, origin) in &rows {
            let origin = if origin.is_empty() {
                String::new()
            } else {
                gap(people, second) + "  " + &paint(FAINT, origin)
            };
            let _ = writeln!(text, "    {}  {people}{origin}", pad(way, first));
        }
    }
}

fn dead(who: &Who, question: &Question<'_>, text: &mut String) {
    if who.dead.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{}", paint(HEADING, "Without effect: named, but cannot sign in any more"));
    for dead in &who.dead {
        let state = match dead.status {
            AccountStatus::Inactive => "deactivated",
            AccountStatus::Closed => "deleted",
            AccountStatus::Active | AccountStatus::Unknown => "not active",
        };
        let name = question.names.person(&dead.account);
        let _ = writeln!(text, "  {name}  {state}  {}", paint(FAINT, &question.level_words(dead.level)));
    }
}
