//! `plan --format github`: whatever makes a job fail, or is a warning, is an annotation, at its line where that is known.

use axum::http::Method;

use crate::support::{Folder, Hosted, Ran, Reply, sign_in};

fn annotated(folder: &Folder, more: &[&str]) -> Ran {
    folder.run(&[&["plan", "--format", "github"], more].concat())
}

/// The annotations of a level; all that is printed must be one.
#[track_caller]
fn of_level<'a>(ran: &'a Ran, level: &str) -> Vec<&'a str> {
    let is_annotation =
        |line: &&str| ["error", "warning", "notice"].iter().any(|it| line.starts_with(&format!("::{it} ")));
    assert!(ran.out.lines().all(|line| is_annotation(&line)), "{}", ran.out);
    assert!(!ran.out.contains("\\u{a}"), "lines end with %0A: {}", ran.out);
    ran.out.lines().filter(|line| line.starts_with(&format!("::{level} "))).collect()
}

fn replace(folder: &Folder, file: &str, from: &str, to: &str) {
    let before = folder.read(file);
    assert!(before.contains(from), "{before}");
    folder.write(file, &before.replace(from, to));
}

#[test]
fn a_run_that_fails_before_there_is_a_plan_says_so() {
    let folder = Folder::example("quickstart");
    let mut command = folder.confperm(&["plan", "--format", "github"]);
    command.env("CONFLUENCE_URL", "https://acme.atlassian.net/wiki");
    let two_sites = Ran::from(command.output().unwrap()).code(1);
    let errors = of_level(&two_sites, "error");
    assert_eq!(errors.len(), 1, "{}", two_sites.out);
    let head = "::error file=confperm.yaml,line=8,title=confperm two-sites::the policy names a sandbox";
    assert!(errors[0].starts_with(head), "{}", errors[0]);
    assert!(errors[0].contains("%0Aadd `--site sandbox:"), "what to do follows: {}", errors[0]);
    assert!(two_sites.err.contains("error[two-sites]"), "{}", two_sites.err);

    std::fs::remove_file(folder.path().join("site.yaml")).unwrap();
    let unread = annotated(&folder, &[]).code(1);
    assert!(
        of_level(&unread, "error")[0]
            .starts_with("::error file=confperm.yaml,line=8,title=confperm invalid-state::"),
        "{}",
        unread.out
    );

    let nowhere = annotated(&folder, &["no-such-folder"]).code(64);
    assert!(
        of_level(&nowhere, "error")[0].starts_with("::error title=confperm::there is no directory"),
        "{}",
        nowhere.out
    );
    let checked = folder.run(&["validate", "--format", "github", "no-such-folder"]).code(64);
    assert_eq!(checked.out, nowhere.out);
}

/// An apply that ends with 5 says what it did not do at the line that asks for it.
#[test]
fn what_an_apply_did_not_do_is_an_error_at_the_line_that_asks_for_it() {
    let folder = Folder::example("quickstart");
    let hosted = Hosted::open(&folder.file("site.yaml"));
    let front = hosted.behind(|method, path| {
        (method == Method::PUT && path.ends_with("/content/1002/restriction")).then(|| Reply::v1(403, "no"))
    });
    let mut command = folder.confperm(&["apply", "--yes", "--format", "github"]);
    sign_in(&mut command, &front.url, &hosted.running);
    let partial = Ran::from(command.output().unwrap()).code(5);
    let failed = |error: &&&str| error.contains("title=confperm partial::failed #1 ");
    let errors = of_level(&partial, "error");
    let about = errors.iter().filter(failed).collect::<Vec<_>>();
    assert_eq!(about.len(), 1, "once: {}", partial.out);
    assert!(about[0].starts_with("::error file=confperm.yaml,line=23,"), "{}", about[0]);
    assert!(about[0].contains("id:1002") && !partial.out.contains("Runbooks"), "no titles: {}", partial.out);
    assert!(!partial.err.contains("Runbooks"), "{}", partial.err);
    assert!(partial.err.contains("warning[not-permitted]: call #1 failed"), "{}", partial.err);
    assert!(partial.err.contains("The site is not yet as the policy says."), "{}", partial.err);

    let done = folder.run(&["apply", "--yes", "--format", "github"]).code(0);
    assert_eq!(of_level(&done, "error"), [""; 0], "{}", done.out);
    assert!(done.err.ends_with("The site is as the policy says.\n"), "{}", done.err);
}

/// What says which site is meant, in the policy or in the lock, is to blame for a run that ends at the site.
#[test]
fn a_wrong_site_is_an_error_at_the_line_that_names_the_site() {
    let folder = Folder::example("quickstart");
    let site = Hosted::open(&folder.file("site.yaml"));
    let errors = |file: &str, line: usize, code: &str, url: Option<&str>| {
        let mut command = folder.confperm(&["plan", "--format", "github"]);
        if let Some(url) = url {
            let caller = site.running.credentials().unwrap();
            command.env("CONFLUENCE_URL", url);
            command.env("CONFLUENCE_USERNAME", caller.email).env("CONFLUENCE_API_TOKEN", caller.token);
        }
        let ran = Ran::from(command.output().unwrap()).code(1);
        let head = format!("::error file={file},line={line},title=confperm {code}::");
        assert!(of_level(&ran, "error")[0].starts_with(&head), "{head}\n{}", ran.out);
    };
    let url = site.running.site_url();
    let here = "url: sandbox:site.yaml";
    let at_gateway = "url: https://api.atlassian.com/ex/confluence/00000000-0000-4000-8000-000000000000";
    replace(&folder, "confperm.yaml", here, at_gateway);
    errors("confperm.yaml", 8, "wrong-site", Some(&url));
    errors("confperm.yaml", 8, "unconfirmed-host", None);
    let no_site = "url: https://api.atlassian.com/ex/confluence";
    replace(&folder, "confperm.yaml", at_gateway, no_site);
    errors("confperm.yaml", 8, "invalid-address", None);
    replace(&folder, "confperm.yaml", no_site, here);

    let lock = folder.read("confperm.lock");
    let id = lock.lines().find(|line| line.contains("cloud-id:")).unwrap().to_owned();
    let line = lock.lines().position(|line| line == "site:").unwrap() + 1;
    replace(&folder, "confperm.lock", &id, "  cloud-id: 00000000-0000-4000-8000-000000000000");
    errors("confperm.lock", line, "wrong-site", None);
}

#[test]
fn findings_of_the_policy_name_their_code_and_place_once() {
    let folder = Folder::example("quickstart");
    replace(&folder, "confperm.yaml", "collaborator:", "colaborator:");
    let invalid = annotated(&folder, &[]).code(4);
    let errors = of_level(&invalid, "error");
    assert_eq!(errors.len(), 1, "{}", invalid.out);
    assert!(
        errors[0].starts_with("::error file=confperm.yaml,line=19,col=7,title=confperm unknown-role::"),
        "{}",
        invalid.out
    );
    assert_eq!(folder.run(&["validate", "--format", "github"]).code(4).out, invalid.out);
}

#[test]
fn a_refused_plan_is_an_error_at_the_space() {
    let folder = Folder::example("quickstart");
    // Ann, who runs this, is in the group that the policy no longer names.
    replace(&folder, "site.yaml", "administer/space: [user:ann]", "administer/space: [group:sre]");
    replace(&folder, "confperm.yaml", "      admin: [user:ann]  # a role and who has it\n", "");
    let refused = annotated(&folder, &[]).code(3);
    let errors = of_level(&refused, "error");
    for code in ["no-admin", "min-admins"] {
        assert!(
            errors.iter().any(|error| error.contains(&format!("title=confperm {code}::"))),
            "{}",
            refused.out
        );
    }
    let no_admin = errors.iter().find(|error| error.contains("confperm no-admin")).unwrap();
    assert!(
        no_admin.starts_with("::error file=confperm.yaml,line=15,title=confperm no-admin::ENG: "),
        "{no_admin}"
    );
    let guard = errors.iter().find(|error| error.contains("confperm min-admins")).unwrap();
    assert!(guard.contains("%0A") && guard.contains("--override min-admins --why TEXT"), "{guard}");
}

#[test]
fn a_guard_that_blocks_is_an_error_at_the_line_it_is_about() {
    let folder = Folder::example("quickstart");
    let policy = folder.read("confperm.yaml");
    folder.write("confperm.yaml", &format!("{policy}\nguards:\n  required-admins: [group:sre]\n"));
    let blocked = annotated(&folder, &[]).code(3);
    let line = policy.lines().count() + 3;
    let head = format!("::error file=confperm.yaml,line={line},title=confperm required-admins::");
    assert!(of_level(&blocked, "error")[0].starts_with(&head), "{head}\n{}", blocked.out);

    folder.write("confperm.yaml", &format!("{policy}\nguards: {{forbid: [anonymous]}}\n"));
    replace(&folder, "confperm.yaml", "[group:contractors]", "[anonymous]");
    let forbidden = annotated(&folder, &[]).code(3);
    assert!(
        of_level(&forbidden, "error")[0]
            .starts_with("::error file=confperm.yaml,line=20,col=16,title=confperm forbidden-access::"),
        "{}",
        forbidden.out
    );
}

#[test]
fn what_is_skipped_is_an_error_unless_it_is_accepted() {
    let folder = Folder::example("quickstart");
    // Another group has the name by now.
    replace(&folder, "site.yaml", "0002, members: [ann, cleo]", "0009, members: [ann, cleo]");
    let skipped = annotated(&folder, &[]).code(6);
    let errors = of_level(&skipped, "error");
    assert!(
        errors[0].starts_with("::error file=confperm.yaml,line=25,title=confperm incomplete::"),
        "{}",
        skipped.out
    );
    let accepted = annotated(&folder, &["--incomplete", "ok"]).code(0);
    assert_eq!(of_level(&accepted, "error"), [""; 0], "{}", accepted.out);
    let same = of_level(&accepted, "warning");
    assert!(same.iter().any(|warning| warning[9..] == errors[0][7..]), "{}", accepted.out);
}

#[test]
fn warnings_are_annotations_too_and_come_after_what_is_opened() {
    let folder = Folder::example("quickstart");
    replace(
        &folder,
        "confperm.yaml",
        "viewer: [group:contractors]",
        "viewer: [group:contractors, group:sre]",
    );
    replace(&folder, "confperm.lock", "  contractors: 2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0003\n", "");
    let ran = annotated(&folder, &["--locked"]).code(0);
    let warnings = of_level(&ran, "warning");
    assert!(
        warnings
            .iter()
            .any(|it| it.starts_with("::warning title=confperm incomplete-lock::confperm.lock lacks ")),
        "{}",
        ran.out
    );
    let removed = warnings.iter().position(|it| it.contains("title=Removed::"));
    let lock = warnings.iter().position(|it| it.contains("incomplete-lock"));
    assert!(removed < lock, "{}", ran.out);
}

#[test]
fn a_failure_cannot_smuggle_in_a_command() {
    let folder = Folder::example("quickstart");
    for name in ["x\n::error::pwned", "x\r\n::set-output name=a::b", "a,title=b::c%0Ad"] {
        let ran = annotated(&folder, &[name]).code(64);
        let errors = of_level(&ran, "error");
        assert_eq!((errors.len(), ran.out.lines().count()), (1, 1), "{:?}", ran.out);
        assert!(errors[0].starts_with("::error title=confperm::there is no directory"), "{}", errors[0]);
        assert!(!errors[0].contains("%0Ad"), "a percent sign is written as %25: {}", errors[0]);
    }
}
