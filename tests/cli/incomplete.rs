//! What is declared and could not be known is listed, and shows in the exit code.

use serde_json::json;

use crate::support::{Folder, Front, Hosted, Ran, Reply, sign_in};

fn run(folder: &Folder, front: &Front, hosted: &Hosted, arguments: &[&str]) -> Ran {
    let mut command = folder.confperm(arguments);
    sign_in(&mut command, &front.url, &hosted.running);
    Ran::from(command.output().unwrap())
}

/// The quickstart's policy, and its site behind an address. What the account that runs this has stays out.
fn quickstart() -> (Folder, Hosted) {
    let example = Folder::example("quickstart");
    let hosted = Hosted::open(&example.file("site.yaml"));
    let policy = example.read("confperm.yaml");
    (
        Folder::with(&[(
            "confperm.yaml",
            &policy.replace("sandbox:site.yaml", "https://acme.atlassian.net/wiki"),
        )]),
        hosted,
    )
}

/// Runs until there is nothing left to change, except for what is unknown.
fn settled(folder: &Folder, front: &Front, hosted: &Hosted, arguments: &[&str], code: i32) -> Ran {
    run(folder, front, hosted, &["apply", "--yes"]);
    run(folder, front, hosted, arguments).code(code)
}

/// The lists of the page with the id 1003, `/Runbooks/On-call`, cannot be read.
fn hides_a_list(hosted: &Hosted) -> Front {
    hosted.behind(|_, path| {
        let hidden = path.ends_with("/content/search") || path.contains("/content/1003/restriction");
        hidden.then(|| Reply::v1(404, "No content found"))
    })
}

#[test]
fn a_declared_list_that_cannot_be_read_is_no_success() {
    let (folder, hosted) = quickstart();
    let front = hides_a_list(&hosted);
    let listed = "Declared, and not known\n  ENG  the lists of /Home/Runbooks/On-call: ";
    for (arguments, code) in [
        (&["plan"][..], 6),
        (&["plan", "--detailed-exitcode"], 6),
        (&["plan", "--incomplete=ok"], 0),
        (&["plan", "--incomplete=ok", "--detailed-exitcode"], 2),
        (&["plan", "--format", "diff"], 6),
        (&["apply", "--yes"], 6),
        (&["apply", "--yes"], 6),
        (&["apply", "--yes", "--incomplete=ok"], 0),
        (&["plan", "--incomplete=ok", "--detailed-exitcode"], 0),
    ] {
        let ran = run(&folder, &front, &hosted, arguments).code(code);
        assert!(
            !ran.out.contains("as the policy says.") || ran.out.contains("What is known"),
            "{arguments:?}\n{}",
            ran.out
        );
        if arguments.contains(&"diff") {
            assert!(ran.err.contains("not known: ENG  the lists of /Home/Runbooks/On-call"), "{}", ran.err);
        } else {
            assert!(ran.out.contains(listed), "{arguments:?}\n{}", ran.out);
        }
    }
    let json = run(&folder, &front, &hosted, &["plan", "--format", "json"]).code(6);
    let plan: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(plan["incomplete"][0]["content"], json!("1003"), "{}", plan["incomplete"]);
}

#[test]
fn what_the_policy_does_not_speak_of_is_no_concern_of_its_code() {
    let (folder, hosted) = quickstart();
    let policy = folder.read("confperm.yaml");
    let (before, after) = policy.split_once("      /Runbooks/On-call:").unwrap();
    let (_, after) = after.split_once("      /Handbook").unwrap();
    folder.write("confperm.yaml", &format!("{before}      /Handbook{after}"));
    let front = hides_a_list(&hosted);
    let ran = settled(&folder, &front, &hosted, &["plan", "--detailed-exitcode"], 0);
    assert!(ran.out.contains("as the policy says."), "{}", ran.out);
}

#[test]
fn entries_that_stay_because_nobody_knows_whose_they_are_are_no_success() {
    let (folder, hosted) = quickstart();
    let people = [1, 2, 3, 4].map(|number| {
        json!({"accountId": format!("5b10ac8d82e05b22cc7d4e0{number}"), "accountStatus": "active", "displayName": "N"})
    });
    let answer = Reply::json(200, &json!({"results": people}));
    let front = hosted.behind(move |_, path| path.ends_with("/users-bulk").then(|| answer.clone()));
    let ran = settled(&folder, &front, &hosted, &["plan", "--detailed-exitcode"], 6);
    assert!(
        ran.out.contains("Declared, and not known\n  whose account 5b10ac8d82e05b22cc7d4e02 is"),
        "{}",
        ran.out
    );
}

#[test]
fn the_doctor_counts_what_stays_unknown() {
    let example = Folder::example("quickstart");
    let site = example.read("site.yaml");
    let doctor = |mangle: &str| {
        example.write("site.yaml", &format!("{site}\nadversary: {{mangle: ['{mangle}']}}\n"));
        Ran::from(example.confperm(&["doctor"]).output().unwrap())
    };
    let ran = doctor("wrong-operation:/content/**").code(0);
    let line = "unknown  3 page restrictions, such as those of id:1002 in ENG: the site's answers contradict themselves";
    assert!(ran.out.contains(line), "{}", ran.out);
    let ran = doctor("no-ids:/user/memberof").code(0);
    assert!(ran.out.contains("unknown  1 memberships of this account"), "{}", ran.out);
    let ran = doctor("wrong-size:/group").code(1);
    assert!(
        ran.out.contains("no    answers  the answers to `GET /wiki/rest/api/group` are not complete"),
        "{}",
        ran.out
    );
    let ran = doctor("platform-ids:/nothing").code(0);
    assert!(!ran.out.contains("unknown"), "{}", ran.out);
}
