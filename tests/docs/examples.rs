//! Every folder of `examples/` but `hostile` is a policy repository that can be planned and applied, and then is in
//! order.

use camino::Utf8PathBuf;

use crate::support::{check, clone_of_examples, confperm, root, said};

/// The folders below `examples` and `examples/jobs` that hold a policy, not only a site.
fn examples() -> Vec<Utf8PathBuf> {
    let mut found: Vec<Utf8PathBuf> = ["examples", "examples/jobs", "examples/teams"]
        .into_iter()
        .flat_map(|folder| root().join(folder).read_dir_utf8().unwrap())
        .map(|entry| entry.unwrap().into_path())
        .filter(|folder| folder.is_dir())
        // What `too-far` is told, `docs/teams.md` shows. The others have tests of their own: `hostile` here and in `tests/cli/hostile_example.rs`, `tests/cli/ci.rs`.
        .filter(|folder| ![Some("hostile"), Some("ci"), Some("too-far")].contains(&folder.file_name()))
        .filter(|folder| {
            let mut files = folder.read_dir_utf8().unwrap().map(|entry| entry.unwrap().into_path());
            files.any(|file| {
                file.is_file()
                    && !std::fs::read_to_string(&file).unwrap().contains("\nkind: confluence-sandbox")
            })
        })
        .map(|folder| folder.strip_prefix(root()).unwrap().to_owned())
        .collect();
    found.sort();
    found
}

#[test]
fn an_example_that_was_applied_has_nothing_to_change() {
    let found = examples();
    assert!(found.len() >= 2, "{found:?}");
    let (_temporary, folder) = clone_of_examples();
    for example in found {
        let example = example.as_str();
        said(confperm(&folder).args(["validate", example]));
        said(confperm(&folder).args(["doctor", example]));
        let first = confperm(&folder).args(["plan", "--detailed-exitcode", example]).output().unwrap();
        assert_eq!(first.status.code(), Some(2), "{example}: a plan with changes\n{first:?}");
        let talk = String::from_utf8(first.stderr).unwrap();
        // An archived space can be stripped as well; that it is archived is worth a word.
        let warnings = talk.lines().filter(|line| line.starts_with("warning["));
        let odd: Vec<&str> = warnings.filter(|line| !line.contains("[archived-space]")).collect();
        assert!(talk.starts_with("Reading ") && odd.is_empty(), "{example}: no warnings\n{talk}");
        let outcome = said(confperm(&folder).args(["apply", "--yes", example]));
        assert!(outcome.ends_with("The site is as the policy says.\n"), "{example}\n{outcome}");
        let again = said(confperm(&folder).args(["plan", "--detailed-exitcode", example]));
        assert!(again.contains("Nothing to change"), "{example}\n{again}");
    }
}

#[test]
fn the_promises_of_page_only_hold_before_and_after_it_is_applied() {
    let (_temporary, folder) = clone_of_examples();
    let example = "examples/jobs/page-only";
    said(confperm(&folder).args(["test", "-C", example]));
    said(confperm(&folder).args(["apply", "--yes", example]));
    let site = said(confperm(&folder).args(["test", "--live", "-C", example]));
    assert!(site.contains("3 tests, all passed"), "{site}");
}

#[test]
fn a_plan_is_the_same_bytes_each_time() {
    let (_temporary, folder) = clone_of_examples();
    let mut plans =
        (0..3).map(|_| said(confperm(&folder).args(["plan", "--format", "json", "examples/acme"])));
    let first = plans.next().unwrap();
    assert!(plans.all(|plan| plan == first));
}

#[test]
fn the_plan_of_the_company_is_as_reviewed() {
    let (_temporary, folder) = clone_of_examples();
    let plan = said(confperm(&folder).args(["plan", "examples/acme"]));
    check("tests/docs/acme-plan.txt", &plan);
}

/// Each folder of `examples/jobs` does one job that people do by hand, on a site of which nothing has been done yet.
#[test]
fn a_job_that_was_done_is_done() {
    let jobs = root().join("examples/jobs").read_dir_utf8().unwrap().map(|entry| entry.unwrap().into_path());
    let mut jobs: Vec<Utf8PathBuf> = jobs.filter(|path| path.is_dir()).collect();
    jobs.sort();
    let mut plans = String::new();
    for job in &jobs {
        let name = job.file_name().unwrap();
        let (_temporary, folder) = clone_of_examples();
        let policy = format!("examples/jobs/{name}");
        said(confperm(&folder).args(["validate", &policy]));
        let plan = said(confperm(&folder).args(["plan", &policy]));
        assert!(!plan.contains("Nothing to change"), "{name}\n{plan}");
        plans.extend([name, "\n\n", &plan, "\n"]);
        let outcome = said(confperm(&folder).args(["apply", "--yes", &policy]));
        assert!(outcome.ends_with("The site is as the policy says.\n"), "{name}\n{outcome}");
        let again = said(confperm(&folder).args(["plan", &policy]));
        assert!(again.contains("Nothing to change"), "{name}\n{again}");
    }
    check("tests/docs/jobs-plans.txt", &plans);
}
