//! What is declared and could not be known is listed, and shows in the exit code.

use confperm::model::Gap;
use confperm::plan::Plan;
use confperm::sandbox::adversary::Adversary;
use serde_json::json;

use crate::in_process::Stage;
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
fn entries_that_stay_because_their_owner_is_unknown_are_no_success() {
    let (folder, hosted) = quickstart();
    let people = [1, 2, 3, 4].map(|number| {
        json!({"accountId": format!("5b10ac8d82e05b22cc7d4e0{number}"), "accountStatus": "active", "displayName": "N"})
    });
    let answer = Reply::json(200, &json!({"results": people}));
    let front = hosted.behind(move |_, path| path.ends_with("/users-bulk").then(|| answer.clone()));
    let ran = settled(&folder, &front, &hosted, &["plan", "--detailed-exitcode"], 6);
    assert!(
        ran.out.contains("Declared, and not known\n  the account 5b10ac8d82e05b22cc7d4e02: the site does not say what it is"),
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
    let line = "unknown  9 page restrictions, such as those of id:1001 in ENG: the site's answers contradict themselves";
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

const SITE: &str = "
kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, caller: ann}
users:
  ann: {account-id: u-ann, email: ann@x.com, confluence-admin: true}
  bob: {account-id: u-bob}
groups:
  all: {id: g-all, members: [ann, bob], access: user}
spaces:
  ENG:
    id: 1
    name: Engineering
    permissions: {read/space: [group:all, user:ann], administer/space: [user:ann]}
    pages:
      - id: 11
        title: Home
        children:
          - {id: 12, title: Old, status: trashed, children: [{id: 13, title: News}]}
          - {id: 14, title: Plans}
          - {id: 15, title: Notes, type: folder}
";

/// What a plan of this policy for `ENG` cannot vouch for, where some requests fail.
async fn unknown(space: &str, rules: &str, fail: &str) -> Vec<Gap> {
    let policy = format!(
        "version: 1\npeople: {{bob: u-bob}}\nspaces: {{ENG: {{mode: additive, {space}}}}}\nrules: [{rules}]\n"
    );
    let mut adversary = Adversary::default();
    if !fail.is_empty() {
        adversary = adversary.disrupt(fail.parse().unwrap());
    }
    let Plan { incomplete, .. } = Stage::against(SITE, adversary).await.plan(&policy).await.plan;
    incomplete.into_iter().collect()
}

const LEAVER: &str = "{name: leavers, spaces: [ENG], absent: [user:bob]}";
const NO_ACCESS: &str = "access: {viewer: [group:all]}";

/// W11: an account that is to be on no list may be on one that could not be read, or on that of a folder that the
/// site does not list.
#[tokio::test]
async fn a_leaver_may_be_on_lists_that_could_not_be_read() {
    let is_list =
        |gap: &Gap, id: u64| matches!(gap, Gap::Restrictions { content, .. } if content.number() == id);
    let hidden = unknown(NO_ACCESS, LEAVER, "404:GET:/content/**").await;
    assert!([11, 13, 14].iter().all(|id| hidden.iter().any(|gap| is_list(gap, *id))), "{hidden:?}");
    let is_folder = |gap: &Gap| matches!(gap, Gap::Containers { .. });
    assert!(unknown(NO_ACCESS, LEAVER, "400:GET:/content/search:1").await.iter().any(is_folder));
    // That folders have no lists is no gap, and a policy that asks about no lists does not depend on them.
    let all_read = unknown(NO_ACCESS, LEAVER, "").await;
    assert!(all_read.iter().all(|gap| matches!(gap, Gap::Ancestor { .. })), "{all_read:?}");
    assert_eq!(unknown(NO_ACCESS, "", "404:GET:/content/**").await, []);
}

/// W11: a page in the trash or hidden is a page of the space, too, and pages below it may stand anywhere.
#[tokio::test]
async fn patterns_may_mean_pages_above_which_something_is_hidden() {
    let is_above = |gap: &Gap| matches!(gap, Gap::Ancestor { content, .. } if content.number() == 12);
    for pattern in ["/**", "/Home/**", "/Home/*"] {
        let pages = format!("pages: {{'{pattern}': {{view: anyone, edit: anyone}}}}");
        let gaps = unknown(&pages, "", "").await;
        assert!(matches!(&gaps[..], [gap] if is_above(gap)), "{pattern}: {gaps:?}");
    }
    assert!(unknown("unlisted-pages: open", "", "").await.iter().any(is_above));
    assert!(unknown(NO_ACCESS, LEAVER, "").await.iter().any(is_above));
    // A page that is named is no other.
    for named in ["/Home/Plans", "Plans", "id:13"] {
        let pages = format!("pages: {{'{named}': {{view: anyone, edit: anyone}}}}");
        assert_eq!(unknown(&pages, "", "").await, [], "{named}");
    }
}
