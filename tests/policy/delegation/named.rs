//! Single lines by which a team could reach further, or stop the runs of others.

use std::sync::Arc;

use camino::Utf8PathBuf;
use confperm::diagnostic::{Code, Sources};
use confperm::model::SpaceRoleMode;
use confperm::policy::lock::Lock;
use confperm::policy::{Context, Loaded, Resolved, from_sources, resolve};

use crate::builder::ids::key;
use crate::site::{TODAY, site};

const CENTRAL: &str = "version: 1
delegation:
  teams/eng/**: {spaces: [ENG, OLD, B*], may-grant: [viewer, export/space], to: [group:sre, group:leads], may-remove: any}
";

/// The central file with more, and others.
fn loaded(central: &str, files: &[(&str, &str)]) -> Loaded {
    let mut sources = Sources::default();
    sources.insert(Utf8PathBuf::from("confperm.yaml"), format!("{CENTRAL}{central}"));
    for (path, text) in files {
        sources.insert(Utf8PathBuf::from(*path), (*text).to_owned());
    }
    from_sources(sources)
}

fn codes(central: &str, own: &str) -> Vec<Code> {
    let table = ("lists/all.csv", "S,T,I\nENG,group,sre\n");
    let files = [("teams/eng/a.yaml", own), table, ("teams/eng/own.csv", table.1)];
    loaded(central, &files).findings.iter().map(|finding| finding.code).collect()
}

/// What others add to their table some day would be an error of the policy.
#[test]
fn a_rule_of_a_team_reads_no_table_of_others() {
    let rule = |path: &str| {
        format!("rules: [{{name: r, from: {{csv: {path}, space: S, type: T, id: I}}, access: viewer}}]\n")
    };
    assert_eq!(codes("", &rule("own.csv")), []);
    assert_eq!(codes("", &rule("../../lists/all.csv")), [Code::BeyondDelegation]);
}

/// From that day on, nothing could be validated.
#[test]
fn a_team_puts_no_list_on_a_page_that_is_empty_some_day() {
    let list = |more: &str| {
        format!(
            "spaces: {{ENG: {{mode: additive, pages: {{/Runbooks: {{view: [{{who: group:sre, until: 2030-01-31}}{more}]}}}}}}}}\n"
        )
    };
    assert_eq!(codes("", &list(", group:leads")), []);
    assert_eq!(codes("", &list("")), [Code::BeyondDelegation]);
}

#[test]
fn a_team_takes_nothing_away_that_others_copy() {
    let central = "spaces:\n  ENG: {mode: additive, like: CORE}\n  CORE: {mode: additive, access: {viewer: [group:sre]}}\n";
    let absent = |who: &str| format!("rules: [{{name: r, spaces: [ENG], absent: [{who}]}}]\n");
    assert_eq!(codes(central, &absent("group:leads")), []);
    assert_eq!(codes(central, &absent("group:sre")), [Code::BeyondDelegation]);
    // What is held elsewhere is not copied for a principal that goes, which the team may let go.
    let live = central.replace("like: CORE", "like: live:CORE");
    assert_eq!(codes(&live, &absent("group:sre")), []);
    // Left could be any, whatever the team may remove.
    let leave = "spaces: {ENG: {mode: additive, leave: ['group:hr*']}}\n";
    let [rule, copies] = [("like: CORE", "like: live:CORE"), ("like: CORE", "like: OLD")].map(|(from, to)| {
        let rule = central.replace("  ENG: {mode: additive, like: CORE}\n", "").replace(from, to);
        format!("{rule}  OLD: {{mode: additive, like: 'live:CORE'}}\nrules: [{{name: c, spaces: [ENG], {to}}}]\n")
    });
    let other = "spaces: {CORE: {mode: additive, access: {viewer: [group:sre]}}}\nrules: [{name: c, spaces: [ENG], like: CORE}]\n";
    assert_eq!(codes(&rule, leave), [Code::BeyondDelegation]);
    assert_eq!(codes(&copies, leave), [Code::BeyondDelegation]);
    assert_eq!(codes(other, leave), []);
}

/// Central files call a space `HR` that has the key `BARE` now, which a pattern of the team matches.
#[test]
fn a_pattern_of_a_team_does_not_reach_a_space_that_was_given_such_a_key() {
    let own = "rules: [{name: r, spaces: {key: B*}, access: {export/space: [group:sre]}}]\n";
    let central = "spaces: {HR: {mode: additive, access: {viewer: [group:hr]}}}\n";
    let policy = loaded(central, &[("teams/eng/a.yaml", own)]).policy.unwrap();
    let mut live = site(SpaceRoleMode::PreRoles);
    live.names_read = true;
    let given = |lock: &str| {
        let lock = Lock::parse(&Arc::from(camino::Utf8Path::new("confperm.lock")), lock).unwrap();
        let context = Context { lock: &lock, ..TODAY };
        let mut spaces = resolve(&policy, &live, context).unwrap().desired.spaces;
        let who = "group:g-sre".parse().unwrap();
        spaces.remove(&key("BARE")).is_some_and(|space| space.holdings.contains_key(&who))
    };
    assert!(!given("version: 1\nspaces:\n  HR: 103\n"));
}

/// A copy of what a team gives only where a label says so.
#[test]
fn a_copy_of_what_a_team_may_stop_giving_stops_nothing_else() {
    let own = "rules: [{name: r, spaces: {key: ENG, label: hot}, access: {viewer: [group:sre]}}]\n";
    let central = "rules:\n  - {name: copy, spaces: [OLD], like: ENG}\n  - {name: all, spaces: [BARE], access: {viewer: [group:hr]}}\n";
    let policy = loaded(central, &[("teams/eng/a.yaml", own)]).policy.unwrap();
    let Resolved { desired, .. } = resolve(&policy, &site(SpaceRoleMode::PreRoles), TODAY).unwrap();
    let skipped: Vec<_> = desired.skipped.iter().map(|skipped| skipped.space.clone().unwrap()).collect();
    assert_eq!(skipped, [key("OLD")]);
    assert_eq!(desired.spaces.keys().collect::<Vec<_>>(), [&key("BARE")]);
}
