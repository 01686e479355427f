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
fn in_no_form() {
    let (folder, hosted) = quickstart();
    for (form, _) in forms(TOKEN) {
        let v1 = format!("{{\"statusCode\": 403, \"message\": \"you sent {form}.\"}}");
        let front = hosted.behind(move |_, _| Some(Reply::Text(403, "application/json", v1.clone())));
        says_nothing(&folder, &front, &["plan"]);
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

/// What a server may do with a token: each status, and answers that are no good.
const ECHOES: [Echo; 16] = [
    Echo::V1(400),
    Echo::V1(401),
    Echo::V2(403),
    Echo::V1(404),
    Echo::V2(409),
    Echo::V1(410),
    Echo::V2(413),
    Echo::V1(429),
    Echo::V2(500),
    Echo::V1(503),
    Echo::Moved(302),
    Echo::Moved(308),
    Echo::Broken,
    Echo::Page,
    Echo::Shape,
    Echo::Split,
];

#[derive(Debug, Clone, Copy)]
enum Echo {
    /// An error as v1 or v2 writes it; those that are asked to come later are given up at once.
    V1(u16),
    V2(u16),
    /// To an address with the token in it.
    Moved(u16),
    /// JSON that does not parse.
    Broken,
    /// A web page where JSON belongs.
    Page,
    /// JSON of another shape, with the token as keys and values.
    Shape,
    /// The token in two fields, each with enough of it to be found.
    Split,
}

impl Echo {
    /// All forms of the token, another one first each time, since long messages are cut.
    fn reply(self, token: &str, turn: usize) -> Reply {
        let mut all: Vec<String> = forms(token).into_iter().map(|(form, _)| form).collect();
        let first = turn % all.len();
        all.rotate_left(first);
        let text = all.join(" and ");
        let json = ("content-type", "application/json".to_owned());
        let later = ("retry-after", "100000".to_owned());
        let (head, tail) = token.split_at(token.len() / 2);
        match self {
            Self::V1(status) => {
                let body = format!("{{\"statusCode\": {status}, \"message\": \"you sent {text}.\"}}");
                Reply::Full(status, vec![json, later], body)
            }
            Self::V2(status) => {
                let error = format!(
                    "{{\"status\": {status}, \"code\": \"X\", \"title\": \"{text}\", \"detail\": \"{text}\"}}"
                );
                Reply::Full(status, vec![json, later], format!("{{\"errors\": [{error}]}}"))
            }
            Self::Moved(status) => {
                let to =
                    format!("https://elsewhere.example/{}?token={token}", all[0].replace(['\\', ' '], "%5C"));
                Reply::Full(status, vec![json, ("location", to)], format!("\"{text}\""))
            }
            Self::Broken => Reply::Full(200, vec![json], format!("{{\"results\": [\"{text}\", {token}")),
            Self::Page => {
                let kind = ("content-type", "text/html".to_owned());
                Reply::Full(200, vec![kind], format!("<html><title>{text}</title>{text}</html>"))
            }
            Self::Shape => Reply::Full(
                200,
                vec![json],
                format!(
                    "{{\"results\": {{\"{text}\": \"{text}\"}}, \"type\": \"{text}\", \"accountId\": [\"{token}\"]}}"
                ),
            ),
            Self::Split => Reply::Full(
                403,
                vec![json],
                format!(
                    "{{\"message\": \"{head}\", \"errors\": [{{\"title\": \"{tail}\", \"detail\": \"{head}\"}}]}}"
                ),
            ),
        }
    }
}

/// All commands, whatever the server answers, from the first request on.
#[test]
fn by_no_command_whatever_the_answer() {
    let (folder, hosted) = quickstart();
    let commands: Vec<&[&str]> =
        COMMANDS.into_iter().chain([&["import", "-C", "new", "--space", "ENG"] as &[&str]]).collect();
    let mut quoted = 0;
    for (turn, echo) in ECHOES.into_iter().enumerate() {
        let reply = echo.reply(TOKEN, turn);
        let front = hosted.behind(move |_, _| Some(reply.clone()));
        // Some answers are waited for, and that all at once.
        let (folder, url) = (&folder, &front.url);
        let runs: Vec<Ran> = std::thread::scope(|scope| {
            let start = |arguments| scope.spawn(move || run(folder, url, arguments));
            let started: Vec<_> = commands.iter().copied().map(start).collect();
            started.into_iter().map(|run| run.join().unwrap()).collect()
        });
        for (ran, arguments) in runs.iter().zip(&commands) {
            assert_ne!(ran.code, 0, "{echo:?} {arguments:?}");
            keeps_quiet(TOKEN, &format!("{echo:?} {arguments:?}"), &format!("{}{}", ran.out, ran.err));
            quoted += usize::from(ran.err.contains("***"));
        }
    }
    assert!(quoted > ECHOES.len() * commands.len() / 2, "{quoted} echoes were quoted at all");
    for (path, bytes) in folder.files() {
        keeps_quiet(TOKEN, &path.display().to_string(), &String::from_utf8_lossy(&bytes));
    }
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

/// All commands, where the sign-in is good and a later read is not.
#[test]
fn by_no_later_request() {
    let hosted = &Hosted::start(Site::from_yaml(&SITE.replace("NAME", "eng")).unwrap(), Options::default());
    let paths = [
        "/spaces",
        "/restriction",
        "/group",
        "/users-bulk",
        "/search",
        "/permission",
        "/pages",
        "systemInfo",
    ];
    let quoted_at = |number: usize, path: &'static str| {
        let folder = Folder::with(&[("confperm.yaml", POLICY)]);
        let runs = COMMANDS.iter().enumerate().map(|(at, arguments)| {
            let turn = number * COMMANDS.len() + at;
            let reply = ECHOES[turn % ECHOES.len()].reply(SANDBOX_TOKEN, turn);
            let front = hosted.behind(move |_, asked| asked.contains(path).then(|| reply.clone()));
            on_site(&folder, hosted, &front.url, arguments)
        });
        runs.filter(|ran| format!("{}{}", ran.out, ran.err).contains("***")).count()
    };
    // Some answers are waited for, and that all at once.
    let quoted: usize = std::thread::scope(|scope| {
        let start = |(number, path)| scope.spawn(move || quoted_at(number, path));
        let started: Vec<_> = paths.into_iter().enumerate().map(start).collect();
        started.into_iter().map(|counted| counted.join().unwrap()).sum()
    });
    assert!(quoted > paths.len() * COMMANDS.len() / 4, "{quoted} echoes were quoted at all");
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
