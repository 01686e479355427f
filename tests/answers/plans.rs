//! What plans say of effects, and what in them is worth a look.

use insta::assert_snapshot;

use crate::{quickstart, run_in, site};

#[test]
fn a_plan_says_who_gains_and_who_loses() {
    assert_snapshot!(quickstart("plan").out);
}

#[test]
fn every_effect_names_changes_and_every_principal_has_a_name() {
    let plan = quickstart("plan --format json").json();
    let changes = plan["changes"].as_array().unwrap();
    let lines = plan["effects"]["lines"].as_array().unwrap();
    assert!(!lines.is_empty());
    for line in lines {
        let causes = line["changes"].as_array().unwrap();
        assert!(!causes.is_empty(), "{line}");
        assert!(causes.iter().all(|at| at.as_u64().unwrap() < changes.len() as u64));
        for person in line["who"]["people"].as_array().unwrap() {
            assert!(plan["names"].get(format!("user:{}", person.as_str().unwrap())).is_some(), "{line}");
        }
    }
}

#[test]
fn what_does_not_do_what_it_says_is_pointed_at() {
    let policy = "\
version: 1
site: {url: 'sandbox:site.yaml'}
people:
  ann: 5b10ac8d82e05b22cc7d4e01
  dan: 5b10ac8d82e05b22cc7d4e04
spaces:
  ENG:
    access:
      admin: [user:ann]
      collaborator: [group:engineering]
    pages:
      /Runbooks:
        view: [group:engineering]
      /Runbooks/On-call:
        view: [group:sre, user:dan]
      /Handbook:
        edit: [group:engineering, group:contractors]
";
    let directory = site("quickstart", Some(policy));
    let plan = run_in(directory.path(), "plan");
    assert_snapshot!(plan.out);
    let document = run_in(directory.path(), "plan --format json").json();
    let codes: Vec<&str> =
        document["lints"].as_array().unwrap().iter().map(|lint| lint["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"listed-without-space"), "{codes:?}");
}

#[test]
fn companions_count_as_gains_where_roles_are() {
    let policy = "\
version: 1
site: {url: 'sandbox:site.yaml'}
spaces:
  TOOLS:
    mode: additive
    access:
      collaborator: [group:externals]
      export/space: [group:externals]
";
    let directory = site("acme", Some(policy));
    assert_snapshot!(run_in(directory.path(), "plan").out);
}
