//! The token is in nothing that the program says or writes, however much it is asked to say.

use confperm::sandbox::{Options, Site};

use crate::support::{Folder, Front, Hosted, Ran, Reply};

const EMAIL: &str = "ann@example.com";
const TOKEN: &str = "token-ann";
/// `ann@example.com:token-ann`
const BASIC: &str = "YW5uQGV4YW1wbGUuY29tOnRva2VuLWFubg";
/// `token-ann`, alone.
const BARE: &str = "dG9rZW4tYW5u";
/// One that the site does not know.
const WRONG: &str = "ATATT3xFfGF0-not-the-right-one";
/// The header that it makes.
const WRONG_BASIC: &str = "YW5uQGV4YW1wbGUuY29tOkFUQVRUM3hGZkdGMC1ub3QtdGhlLXJpZ2h0LW9uZQ";

/// A policy without a site of its own, and the site of the quickstart behind an address.
fn quickstart() -> (Folder, Hosted) {
    let example = Folder::example("quickstart");
    let hosted = Hosted::start(Site::from_yaml(&example.read("site.yaml")).unwrap(), Options::default());
    let folder = Folder::with(&[("confperm.yaml", &example.read("confperm.yaml"))]);
    (folder, hosted)
}

fn run(folder: &Folder, url: &str, token: &str, arguments: &[&str]) -> Ran {
    let mut command = folder.confperm(arguments);
    command.args(["--site", url]).env("CONFLUENCE_USERNAME", EMAIL).env("CONFLUENCE_API_TOKEN", token);
    Ran::from(command.output().unwrap())
}

#[track_caller]
fn keeps_quiet(what: &str, text: &str) {
    for secret in [TOKEN, BASIC, BARE, WRONG, WRONG_BASIC] {
        assert!(!text.contains(secret), "{what} says {secret}:\n{text}");
    }
}

#[test]
fn at_no_level_of_detail() {
    let (folder, hosted) = quickstart();
    let url = hosted.running.site_url();
    for loud in [&[][..], &["-v"], &["-vv"]] {
        for command in [
            &["plan", "-o", "plan.json"][..],
            &["plan", "--format", "json"],
            &["doctor"],
            &["apply", "--yes"],
        ] {
            let arguments = [loud, command].concat();
            let ran = run(&folder, &url, TOKEN, &arguments).code(0);
            keeps_quiet(&format!("{arguments:?}"), &format!("{}{}", ran.out, ran.err));
        }
    }
    assert!(hosted.running.requests().iter().any(|request| request.changed), "something was applied");
}

#[test]
fn in_no_file() {
    let (folder, hosted) = quickstart();
    let url = hosted.running.site_url();
    run(&folder, &url, TOKEN, &["-vv", "plan", "-o", "plan.json"]).code(0);
    run(&folder, &url, TOKEN, &["-vv", "apply", "--yes"]).code(0);
    let files = folder.files();
    assert!(files.iter().any(|(path, _)| path.ends_with("plan.json")));
    for (path, bytes) in files {
        keeps_quiet(&path.display().to_string(), &String::from_utf8_lossy(&bytes));
    }
}

/// A person may paste a token where a reason belongs: it goes no further than the file it was pasted into.
#[test]
fn in_no_file_even_if_it_was_pasted_as_a_reason() {
    let (folder, hosted) = quickstart();
    let policy = folder.read("confperm.yaml");
    let reason = format!("viewer: [{{who: group:contractors, why: \"see {TOKEN}\"}}]");
    assert!(policy.contains("viewer: [group:contractors]"));
    folder.write("confperm.yaml", &policy.replace("viewer: [group:contractors]", &reason));
    let url = hosted.running.site_url();
    let guarded = format!("{}\nguards: {{required-admins: [group:sre]}}\n", folder.read("confperm.yaml"));
    folder.write("confperm.yaml", &guarded);
    let why = format!("because of {TOKEN}");
    let overridden = ["--override", "required-admins", "--why", &why];
    run(&folder, &url, TOKEN, &[&["plan", "-o", "plan.json", "-o", "plan.md"], &overridden[..]].concat())
        .code(0);
    run(&folder, &url, TOKEN, &[&["apply", "--yes"], &overridden[..]].concat()).code(0);
    let mut written = 0;
    for (path, bytes) in folder.files().into_iter().filter(|(path, _)| !path.ends_with("confperm.yaml")) {
        keeps_quiet(&path.display().to_string(), &String::from_utf8_lossy(&bytes));
        written += usize::from(String::from_utf8_lossy(&bytes).contains("because of ***"));
    }
    assert_eq!(written, 3, "the plan twice, and the journal");
}

#[test]
fn in_no_error_even_if_the_site_repeats_it() {
    let (folder, hosted) = quickstart();
    let everywhere = |reply: Reply| -> Front { hosted.behind(move |_, _| Some(reply.clone())) };
    let echoes = format!("who is {WRONG} or {WRONG_BASIC}?");
    let fronts = [
        everywhere(Reply::v1(401, &echoes)),
        everywhere(Reply::v1(403, &echoes)),
        everywhere(Reply::v2(404, &echoes)),
        everywhere(Reply::Text(200, "text/html", format!("<html><title>{echoes}</title></html>"))),
        everywhere(Reply::json(200, &serde_json::json!({"accountId": [echoes]}))),
    ];
    for front in fronts {
        for loud in [&[][..], &["-v"], &["-vv"]] {
            let ran = run(&folder, &front.url, WRONG, &[loud, &["plan"]].concat()).code(1);
            assert!(!ran.said("error:").is_empty());
            keeps_quiet("an error", &format!("{}{}", ran.out, ran.err));
        }
    }
}

#[test]
fn whatever_way_it_is_handed_over() {
    let (folder, hosted) = quickstart();
    let secret = Folder::with(&[("token", "token-ann\n")]);
    let url = hosted.running.site_url();
    let base = |arguments: &[&str]| {
        let mut command = folder.confperm(arguments);
        command.args(["--site", &url]).env("CONFLUENCE_USERNAME", EMAIL);
        command
    };
    let from_file = base(&["-vv", "plan"])
        .env("CONFLUENCE_API_TOKEN_FILE", secret.path().join("token"))
        .output()
        .unwrap();
    let ran = Ran::from(from_file).code(0);
    keeps_quiet("a token from a file", &format!("{}{}", ran.out, ran.err));
    let from_command = base(&["-vv", "plan"])
        .env("CONFLUENCE_API_TOKEN_COMMAND", "echo token-ann")
        .env("PATH", "/bin:/usr/bin")
        .output()
        .unwrap();
    let ran = Ran::from(from_command).code(0);
    keeps_quiet("a token from a command", &format!("{}{}", ran.out, ran.err));
}
