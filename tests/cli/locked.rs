//! `confperm.lock` beside a policy: written, committed, and held against the site.

use confperm::sandbox::world::{Action, GroupId};

use crate::support::{Folder, Hosted, Ran, is_write, sign_in};

/// The state file with some of its text replaced.
fn change(folder: &Folder, from: &str, to: &str) {
    let before = folder.read("site.yaml");
    assert!(before.contains(from), "{before}");
    folder.write("site.yaml", &before.replace(from, to));
}

fn without_lock() -> Folder {
    let folder = Folder::example("quickstart");
    std::fs::remove_file(folder.path().join("confperm.lock")).unwrap();
    folder
}

#[test]
fn a_plan_remembers_and_says_so_once() {
    let committed = Folder::example("quickstart").read("confperm.lock");
    let folder = without_lock();
    let first = folder.run(&["plan"]).code(0);
    assert!(first.err.contains("names added; commit it"), "{}", first.err);
    assert_eq!(folder.read("confperm.lock"), committed);
    let second = folder.run(&["plan", "--locked"]).code(0);
    assert!(!second.err.contains("commit it"), "{}", second.err);
    assert_eq!(first.out, second.out);
}

#[test]
fn locked_never_writes_and_says_what_is_missing() {
    let folder = without_lock();
    let planned = folder.run(&["plan", "--locked"]).code(0);
    assert!(
        planned
            .err
            .contains("warning[incomplete-lock]: there is no confperm.lock, and --locked never writes it"),
        "{}",
        planned.err
    );
    let whole = Folder::example("quickstart").read("confperm.lock");
    assert!(planned.err.contains(whole.trim_end()), "the file to add\n{}", planned.err);
    let applied = folder.run(&["apply", "--yes", "--locked"]).code(1);
    assert!(applied.err.contains("error[incomplete-lock]: there is no confperm.lock"), "{}", applied.err);
    assert!(!folder.path().join("confperm.lock").exists() && !folder.path().join(".confperm").exists());

    let line = whole.lines().find(|line| line.trim_start().starts_with("sre:")).unwrap();
    let lacking = whole.replace(&format!("{line}\n"), "");
    folder.write("confperm.lock", &lacking);
    let planned = folder.run(&["plan", "--locked"]).code(0);
    let words = format!(
        "warning[incomplete-lock]: confperm.lock lacks 1 name of the policy, and --locked never writes it: `apply --locked` would be \
         refused, or would skip what only files of teams name. The lines to add:\ngroups:\n{line}\n"
    );
    assert!(planned.err.contains(&words), "{}", planned.err);
    // Reviewers see the comment and the lines of the change, not what the job says.
    let comment = folder.run(&["plan", "--locked", "--format", "markdown"]).code(0);
    let block = format!(
        "**confperm.lock lacks names of this policy**\n\n`apply --locked` would be refused, or would skip what only files of teams name. Run \
                         `confperm plan` on this branch and commit the file, or add these lines:\n\n    groups:\n    {line}\n"
    );
    assert!(comment.out.contains(&block), "{}", comment.out);
    let annotated = folder.run(&["plan", "--locked", "--format", "github"]).code(0);
    assert!(annotated.out.contains("::warning title=confperm incomplete-lock::"), "{}", annotated.out);
    let applied = folder.run(&["apply", "--yes", "--locked"]).code(1);
    assert!(
        applied.err.contains("error[incomplete-lock]: confperm.lock lacks 1 name of the policy"),
        "{}",
        applied.err
    );
    assert!(applied.err.contains("nothing was changed"), "{}", applied.err);
    assert_eq!(folder.read("confperm.lock"), lacking);
    assert!(!folder.path().join(".confperm").exists());

    folder.run(&["plan"]).code(0);
    assert_eq!(folder.read("confperm.lock"), whole);
    folder.run(&["apply", "--yes", "--locked"]).code(0);
}

#[test]
fn a_refused_plan_writes_no_lock() {
    let folder = without_lock();
    let policy = folder.read("confperm.yaml");
    folder.write("confperm.yaml", &format!("{policy}\nguards: {{max-removals: 0}}\n"));
    for command in [&["plan"] as &[&str], &["apply", "--yes"], &["plan", "--locked"]] {
        folder.run(command).code(3);
        assert!(!folder.path().join("confperm.lock").exists(), "{command:?}");
    }
    folder.run(&["plan", "--override", "max-removals", "--why", "a test"]).code(0);
    assert!(folder.path().join("confperm.lock").exists());
}

#[test]
fn a_renamed_group_changes_nothing() {
    let folder = Folder::example("quickstart");
    let before = folder.run(&["plan"]).code(0);
    let lock = folder.read("confperm.lock");
    change(&folder, "contractors", "contracting");
    let after = folder.run(&["plan"]).code(0);
    assert!(after.err.contains("warning[renamed-name]"), "{}", after.err);
    assert!(after.err.contains("is now `group:contracting`"), "{}", after.err);
    assert_eq!(after.out.replace("contracting", "contractors"), before.out);
    assert_eq!(folder.read("confperm.lock"), lock);
}

#[test]
fn questions_and_tests_know_a_renamed_group_by_the_name_that_the_policy_has() {
    let folder = Folder::example("quickstart");
    let tests = "version: 1\ntests:\n  - name: contractors stay out of the runbooks\n    who: group:contractors\n    \
                 cannot: {view: [ENG/Runbooks/On-call]}\n";
    folder.write("tests.yaml", tests);
    let questions = [
        vec!["test"],
        vec!["can", "group:contractors", "view", "ENG/Runbooks"],
        vec!["explain", "group:contractors", "view", "ENG/Runbooks", "--planned"],
    ];
    let before = questions.clone().map(|question| folder.run(&question));
    assert!(before.iter().all(|ran| ran.code == 0 || ran.code == 3), "{before:?}");
    change(&folder, "contractors", "contracting");
    for (question, before) in questions.iter().zip(&before) {
        let after = folder.run(question).code(before.code);
        assert_eq!(after.out.replace("contracting", "contractors"), before.out);
    }

    // Another group that has taken over the name changes nothing, as long as the one that is meant exists.
    change(&folder, "  sre: {", "  contractors: {");
    let asked = folder.run(&["can", "group:contractors", "view", "ENG/Runbooks"]);
    assert_eq!((asked.code, asked.out), (before[1].code, before[1].out.clone()));
    let lock = folder.read("confperm.lock");
    let line = lock.lines().find(|line| line.trim_start().starts_with("contractors:")).unwrap();
    folder.write("confperm.lock", &lock.replace(line, "  contractors: 00000000-0000-4000-8000-000000000099"));
    let tested = folder.run(&["test", "--live"]).code(6);
    assert!(tested.err.contains("warning[taken-name]"), "{}", tested.err);
    let asked = folder.run(&["can", "group:contractors", "view", "ENG/Runbooks"]).code(1);
    assert!(
        asked.err.contains("the group that was meant (id 00000000-0000-4000-8000-000000000099) is gone"),
        "{}",
        asked.err
    );
}

#[test]
fn a_group_that_was_made_again_is_skipped_until_it_is_accepted() {
    let folder = Folder::example("quickstart");
    let lock = folder.read("confperm.lock");
    let line = lock.lines().find(|line| line.trim_start().starts_with("contractors:")).unwrap();
    folder.write("confperm.lock", &lock.replace(line, "  contractors: 00000000-0000-4000-8000-000000000099"));
    let skipped = folder.run(&["plan"]).code(6);
    assert!(skipped.err.contains("warning[taken-name]"), "{}", skipped.err);
    assert!(skipped.out.contains("skipped: the principal"), "{}", skipped.out);
}

#[test]
fn who_was_deactivated_is_reported_and_the_run_goes_on() {
    let folder = Folder::example("acme");
    let state = folder.read("site.yaml");
    let line = state.lines().find(|line| line.starts_with("  ned: {")).unwrap();
    change(&folder, line, &line.replace('}', ", status: inactive}"));
    let ran = folder.run(&["plan", "--locked", "--space", "TOOLS"]).code(0);
    assert!(ran.err.contains("warning[inactive-account]"), "{}", ran.err);
    assert!(ran.err.contains("was active when confperm.lock was written"), "{}", ran.err);
}

#[test]
fn an_end_that_the_lock_knows_is_a_warning_and_another_one_a_mistake() {
    let folder = Folder::example("quickstart");
    let policy = folder.read("confperm.yaml");
    let with = |until: &str| {
        let grant = format!("      viewer: [{{who: group:contractors, until: {until}}}]");
        assert!(policy.contains("      viewer: [group:contractors]"), "{policy}");
        folder.write("confperm.yaml", &policy.replace("      viewer: [group:contractors]", &grant));
    };
    let on = |today: &str, arguments: &[&str]| {
        crate::support::Ran::from(folder.confperm(arguments).env("CONFPERM_TODAY", today).output().unwrap())
    };
    with("2026-12-31");
    let locked = on("2026-11-21", &["plan", "--locked"]).code(0);
    assert!(locked.err.contains("lacks 1 end of the policy"), "{}", locked.err);
    assert!(
        locked.err.contains("ends:\n  - \"2026-12-31 group:contractors, viewer in ENG\""),
        "{}",
        locked.err
    );
    on("2026-11-21", &["apply", "--yes", "--locked"]).code(1);
    let planned = on("2026-11-21", &["plan"]).code(0);
    assert!(planned.err.contains("confperm.lock: 1 end added; commit it"), "{}", planned.err);
    for command in ["plan", "validate"] {
        let over = on("2027-01-02", &[command]);
        assert_ne!(over.code, 4);
        assert!(over.err.contains("warning[ended-grant]"), "{}", over.err);
    }
    with("2026-01-31");
    for command in ["plan", "validate"] {
        let wrong = on("2027-01-02", &[command]).code(4);
        assert!(wrong.err.contains("error[end-before-start]"), "{}", wrong.err);
        assert!(wrong.err.contains("`- \"2026-01-31 group:contractors, viewer in ENG\"`"), "{}", wrong.err);
    }
    folder.write("confperm.yaml", &policy);
    assert_ne!(on("2027-01-02", &["plan"]).code, 4);
    assert!(!folder.read("confperm.lock").contains("ends:"));
}

/// Beside a verb the address of a page means the page, and that of another site is a mistake.
#[test]
fn a_test_may_name_a_page_by_its_address() {
    let folder = Folder::example("quickstart");
    let with = |host: &str, word: &str| {
        let page = format!("https://{host}/wiki/spaces/ENG/pages/1003/On-call");
        folder.write(
            "tests.yaml",
            &format!(
                "version: 1\ntests: [{{name: on-call, who: group:contractors, {word}: {{view: ['{page}']}}}}]\n"
            ),
        );
        folder.run(&["test"])
    };
    with("acme.atlassian.net", "cannot").code(0);
    let failed = with("acme.atlassian.net", "can").code(3);
    assert!(failed.out.contains("view ENG/Home/Runbooks/On-call: denied"), "{}", failed.out);
    let foreign = with("other.atlassian.net", "cannot").code(4);
    assert!(foreign.err.contains("this page is on https://other.atlassian.net"), "{}", foreign.err);
}

/// What the lock knows of an end it knows under the new name, so that a day that has passed is no mistake of today.
#[test]
fn an_end_is_known_under_the_names_that_fmt_writes() {
    let folder = Folder::example("quickstart");
    let policy = folder.read("confperm.yaml");
    let grant = "      viewer: [{who: group:contractors, until: 2026-12-31}]";
    folder.write("confperm.yaml", &policy.replace("      viewer: [group:contractors]", grant));
    let on = |today: &str, arguments: &[&str]| {
        crate::support::Ran::from(folder.confperm(arguments).env("CONFPERM_TODAY", today).output().unwrap())
    };
    on("2026-11-21", &["plan"]).code(0);
    let site = folder.read("site.yaml");
    let renamed =
        site.replace("  contractors:", "  partners:").replace("group:contractors", "group:partners");
    assert_ne!(site, renamed);
    folder.write("site.yaml", &renamed);
    on("2027-01-02", &["fmt", "--renames"]).code(0);
    let lock = folder.read("confperm.lock");
    assert!(lock.contains("2026-12-31 group:partners, viewer in ENG"), "{lock}");
    assert!(folder.read("confperm.yaml").contains("group:partners, until"));
    for command in ["plan", "validate"] {
        let over = on("2027-01-02", &[command]);
        assert_ne!(over.code, 4, "{}", over.err);
        assert!(over.err.contains("warning[ended-grant]"), "{}", over.err);
    }
}

/// It knew groups, people, spaces and roles, and its site by the address only.
#[test]
fn a_lock_of_version_0_1_counts_and_is_completed() {
    let folder = Folder::example("quickstart");
    folder.run(&["plan"]).code(0);
    let new = folder.read("confperm.lock");
    let (names, _) = new.split_once("pages:").unwrap();
    let site = &new[new.find("version: 2").unwrap()..new.find("groups:").unwrap()];
    let old = names.replace(site, "version: 1\nsite: sandbox:site.yaml\n");
    folder.write("confperm.lock", &old);
    change(&folder, "contractors", "contracting");
    let locked = folder.run(&["plan", "--locked"]);
    assert!(locked.err.contains("is now `group:contracting`"), "{}", locked.err);
    assert_eq!(folder.read("confperm.lock"), old);
    let plan = folder.run(&["plan"]).code(0);
    assert!(plan.err.contains("is now `group:contracting`"), "{}", plan.err);
    assert_eq!(folder.read("confperm.lock"), new);
}

#[test]
fn a_lock_in_the_middle_of_a_merge_is_refused() {
    let folder = Folder::example("quickstart");
    let lock = folder.read("confperm.lock");
    folder.write("confperm.lock", &lock.replace("groups:\n", "<<<<<<< HEAD\ngroups:\n=======\n"));
    let ran = folder.run(&["plan"]).code(4);
    assert!(ran.err.contains("error[invalid-lock]: git left both sides of a merge"), "{}", ran.err);
    assert!(ran.err.contains("confperm.lock:"), "{}", ran.err);
}

#[cfg(unix)]
#[test]
fn a_lock_that_cannot_be_written_stops_nothing() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Folder::example("quickstart");
    let lock = folder.read("confperm.lock");
    let line = lock.lines().find(|line| line.trim_start().starts_with("contractors:")).unwrap();
    let shorter = lock.replace(&format!("{line}\n"), "");
    folder.write("confperm.lock", &shorter);
    let file = folder.path().join("confperm.lock");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o444)).unwrap();
    let ran = folder.run(&["plan"]).code(0);
    assert!(ran.err.contains("warning[unwritable-file]: cannot write"), "{}", ran.err);
    assert_eq!(folder.read("confperm.lock"), shorter);
}

#[test]
fn a_lock_that_cannot_be_read_stops_everything() {
    let folder = without_lock();
    std::fs::create_dir(folder.path().join("confperm.lock")).unwrap();
    let ran = folder.run(&["plan"]).code(1);
    assert!(ran.err.contains("confperm.lock` is a folder, not a regular file"), "{}", ran.err);
}

/// N3: a lock goes by the site and not by the address at which it was reached, so what it knows counts in CI at the
/// gateway as at a desk.
#[test]
fn a_lock_that_was_written_at_the_address_of_the_site_is_good_at_the_gateway() {
    let example = without_lock();
    let hosted = Hosted::open(&example.file("site.yaml"));
    let policy = example.read("confperm.yaml");
    let text = policy.replace("sandbox:site.yaml", "https://acme.atlassian.net/wiki");
    let folder = Folder::with(&[("confperm.yaml", &text)]);
    let run = |at_gateway: bool, arguments: &[&str]| {
        let site = hosted.running.site_url();
        let gateway = "/ex/confluence/0d2f7a9e-6f0b-4c57-9a53-a3b1c0de0002/wiki";
        let url = if at_gateway { site.replace("/wiki", gateway) } else { site };
        let mut command = folder.confperm(arguments);
        sign_in(&mut command, &url, &hosted.running);
        Ran::from(command.output().unwrap())
    };
    run(false, &["plan"]).code(0);
    let group = GroupId::from("2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0002");
    let renamed = Action::RenameGroup { group, name: "reliability".to_owned() };
    hosted.running.change(|world| world.act(&renamed).unwrap());
    let [desk, ci] = [false, true].map(|at_gateway| run(at_gateway, &["plan", "--locked"]).code(0));
    assert_eq!(desk.out, ci.out);
    assert!(ci.err.contains("the group `group:sre` is now `group:reliability`"), "{}", ci.err);
    // What is missing from it, or is about another site, shows there as well.
    let lock = folder.read("confperm.lock");
    folder.write("confperm.lock", &lock.replace("  sre:", "  other:"));
    run(true, &["apply", "--yes", "--locked"]).code(4);
    folder.write("confperm.lock", &lock.replace("cloud-id: 0", "cloud-id: 1"));
    let ran = run(true, &["apply", "--yes", "--locked"]).code(1);
    assert!(ran.err.contains("error[wrong-site]"), "{}", ran.err);
    let requests = hosted.running.requests();
    assert!(!requests.iter().any(|request| is_write(&request.method, &request.path)), "{requests:?}");
}
