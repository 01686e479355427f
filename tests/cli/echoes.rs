//! A server that repeats the token, in every form, at every status, to every command: it comes out nowhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use confperm::sandbox::{Options, Site};

use crate::support::{Folder, Front, Hosted, Ran, Reply, sign_in};

const EMAIL: &str = "ann@example.com";
const TOKEN: &str = "ATATT3xFfGF0-q_Zx/8+Lw=1A2B3C4D";
/// That of the caller below, as the sandbox makes it.
const SANDBOX_TOKEN: &str = "token-caller-5f3e9a1c";
const COMMANDS: [&[&str]; 9] = [
    &["plan", "-o", "plan.json"],
    &["plan", "--format", "json"],
    &["apply", "--yes"],
    &["can", "ann", "view", "ENG/Home"],
    &["who", "view", "ENG/Home"],
    &["explain", "ann", "view", "ENG/Home"],
    &["test", "--live"],
    &["doctor"],
    &["snapshot", "--space", "ENG"],
];

/// The token as a server may write it into a JSON string, and how many characters stand for one of it.
fn forms(token: &str) -> Vec<(String, usize)> {
    let each = |escape: &dyn Fn(char) -> String| token.chars().map(escape).collect::<String>();
    let some = |escape: &dyn Fn(char) -> String| {
        each(&|c| if c.is_ascii_alphanumeric() { c.to_string() } else { escape(c) })
    };
    let mut forms = vec![
        (token.to_owned(), 1),
        (each(&|c| format!("\\u{:04x}", c as u32)), 6),
        (some(&|c| format!("\\u{:04X}", c as u32)), 1),
        (some(&|c| format!("\\\\u{:04x}", c as u32)), 1),
        (token.replace('/', "\\/"), 1),
        (each(&|c| format!("%{:02X}", c as u32)), 3),
        (some(&|c| format!("%{:02x}", c as u32)), 1),
        (some(&|c| format!("%25{:02x}", c as u32)), 1),
        (some(&|c| format!("&#{};", c as u32)), 1),
        (each(&|c| format!("{c} ")), 2),
        (each(&|c| format!("{c}\\n")), 3),
    ];
    let signed = format!("{EMAIL}:{token}");
    for text in [token, signed.as_str(), &format!("x{signed}"), &format!("xy{signed}"), &format!("x{token}")]
    {
        forms.push((STANDARD_NO_PAD.encode(text), 1));
    }
    forms
}

/// What must not come out: the token itself, and the forms as a reader would find them.
#[track_caller]
fn keeps_quiet(token: &str, what: &str, text: &str) {
    for (secret, width) in forms(token) {
        let secret: Vec<char> = secret.chars().collect();
        for run in secret.windows(12 * width) {
            let run: String = run.iter().collect();
            assert!(!text.contains(&run), "{what} says {run}:\n{text}");
        }
    }
}

fn quickstart() -> (Folder, Hosted) {
    let example = Folder::example("quickstart");
    let hosted = Hosted::start(Site::from_yaml(&example.read("site.yaml")).unwrap(), Options::default());
    let policy = example.read("confperm.yaml");
    let tests = "tests:\n  - {name: t, who: user:ann, can: {view: [ENG/Home]}}\n";
    let folder = Folder::with(&[("confperm.yaml", &format!("{policy}\n{tests}"))]);
    (folder, hosted)
}

fn run(folder: &Folder, url: &str, arguments: &[&str]) -> Ran {
    let mut command = folder.confperm(&[arguments, &["-vv"]].concat());
    command.args(["--site", url]).env("CONFLUENCE_USERNAME", EMAIL).env("CONFLUENCE_API_TOKEN", TOKEN);
    Ran::from(command.output().unwrap())
}

#[track_caller]
fn says_nothing(folder: &Folder, front: &Front, arguments: &[&str]) {
    let ran = run(folder, &front.url, arguments);
    assert_ne!(ran.code, 0, "{arguments:?}");
    assert!(ran.said("error:").concat().contains("***"), "the echo was quoted: {}", ran.err);
    keeps_quiet(TOKEN, &format!("{arguments:?}"), &format!("{}{}", ran.out, ran.err));
    for (path, bytes) in folder.files() {
        keeps_quiet(TOKEN, &path.display().to_string(), &String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn at_no_status_in_no_form() {
    let (folder, hosted) = quickstart();
    for (form, _) in forms(TOKEN) {
        for status in [400, 401, 403, 404, 409, 410, 413] {
            let v1 = format!("{{\"statusCode\": {status}, \"message\": \"you sent {form}.\"}}");
            let front = hosted.behind(move |_, _| Some(Reply::Text(status, "application/json", v1.clone())));
            says_nothing(&folder, &front, &["plan"]);
        }
        let bodies = [
            (403, "text/plain", format!("you sent {form}.")),
            (
                403,
                "application/json",
                format!("{{\"errors\": [{{\"title\": \"No\", \"detail\": \"{form}\"}}]}}"),
            ),
            (200, "text/html", format!("<html><title>{form}</title></html>")),
            (200, "application/json", format!("{{\"type\": \"{form}\", \"accountId\": {{}}}}")),
        ];
        for (status, kind, body) in bodies {
            let front = hosted.behind(move |_, _| Some(Reply::Text(status, kind, body.clone())));
            let ran = run(&folder, &front.url, &["plan"]);
            keeps_quiet(TOKEN, "an error", &format!("{}{}", ran.out, ran.err));
        }
    }
}

#[test]
fn by_no_command() {
    let (folder, hosted) = quickstart();
    let (escaped, _) = &forms(TOKEN)[1];
    let body = format!("{{\"statusCode\": 403, \"message\": \"you sent {escaped}.\"}}");
    let front = hosted.behind(move |_, _| Some(Reply::Text(403, "application/json", body.clone())));
    for arguments in COMMANDS {
        says_nothing(&folder, &front, arguments);
    }
    says_nothing(&folder, &front, &["import", "-C", "new", "--space", "ENG"]);
}

/// A site whose caller has a token of some length, and something called like it.
const SITE: &str = "
kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, edition: standard, anonymous: false, caller: caller-5f3e9a1c}
users:
  caller-5f3e9a1c: {account-id: u-ann, name: Ann, email: ann@example.com, confluence-admin: true}
  dan: {account-id: u-dan, name: NAME, email: dan@example.com}
groups:
  NAME: {id: g-eng, members: [caller-5f3e9a1c, dan], access: user}
spaces:
  ENG:
    id: 1
    name: NAME
    permissions:
      read/space: [user:caller-5f3e9a1c, group:NAME, user:dan]
      restrict_content/space: [user:caller-5f3e9a1c]
      administer/space: [user:caller-5f3e9a1c]
    pages:
      - {id: 1, title: Home, children: [{id: 2, title: NAME, view: [user:caller-5f3e9a1c, group:NAME]}]}
";
const POLICY: &str = "
version: 1
people: {ann: u-ann}
spaces:
  ENG:
    access: {admin: [user:ann]}
    pages:
      id:2: {view: anyone, edit: [user:ann]}
tests:
  - {name: t, who: user:ann, can: {view: [ENG/Home]}}
";

fn on_site(folder: &Folder, hosted: &Hosted, url: &str, arguments: &[&str]) -> Ran {
    let mut command = folder.confperm(&[arguments, &["-vv"]].concat());
    sign_in(&mut command, url, &hosted.running);
    let ran = Ran::from(command.output().unwrap());
    keeps_quiet(SANDBOX_TOKEN, &format!("{arguments:?}"), &format!("{}{}", ran.out, ran.err));
    for (path, bytes) in folder.files() {
        keeps_quiet(SANDBOX_TOKEN, &path.display().to_string(), &String::from_utf8_lossy(&bytes));
    }
    ran
}

#[test]
fn by_no_call_of_an_apply() {
    for status in [400, 403, 409, 500] {
        let hosted =
            Hosted::start(Site::from_yaml(&SITE.replace("NAME", "eng")).unwrap(), Options::default());
        let folder = Folder::with(&[("confperm.yaml", POLICY)]);
        let escaped = SANDBOX_TOKEN.replace('-', "\\u002d");
        let body = format!("{{\"statusCode\": {status}, \"message\": \"you sent {escaped}.\"}}");
        let front = hosted.behind(move |method, path| {
            let refused = method != "GET" && !path.ends_with("/users-bulk");
            refused.then(|| Reply::Text(status, "application/json", body.clone()))
        });
        let ran = on_site(&folder, &hosted, &front.url, &["apply", "--yes"]);
        assert!(ran.code == 1 || ran.code == 5, "{status}: {}{}", ran.out, ran.err);
        assert!(ran.out.contains("you sent ***."), "{status}: {}{}", ran.out, ran.err);
    }
}

#[test]
fn in_no_name_of_a_site() {
    for (form, _) in forms(SANDBOX_TOKEN) {
        // A name cannot hold a line break here; the escape of one, it can.
        let name = format!("\"{}\"", form.replace('\\', "\\\\"));
        let text = SITE.replace("group:NAME", &format!("\"group:{}", &name[1..])).replace("NAME", &name);
        let hosted = Hosted::start(Site::from_yaml(&text).unwrap(), Options::default());
        let url = hosted.running.site_url();
        let folder = Folder::with(&[("confperm.yaml", POLICY)]);
        for arguments in COMMANDS {
            on_site(&folder, &hosted, &url, arguments);
        }
    }
}
