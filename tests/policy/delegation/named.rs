//! Single lines by which a team could reach further, or stop the runs of others.

use camino::Utf8PathBuf;
use confperm::diagnostic::{Code, Sources};
use confperm::policy::{Loaded, from_sources};

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
    // What is held elsewhere is not copied for a principal that goes.
    assert_eq!(
        codes(
            &central.replace("CORE,", "live:CORE,").replace("like: CORE", "like: live:CORE"),
            &absent("group:sre")
        ),
        []
    );
}
