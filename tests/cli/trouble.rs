//! Everything that stands between an administrator and a site: one sentence, what to do, exit code 1, and
//! nothing is written.

use axum::http::Method;
use confperm::sandbox::{Options, Site};

use crate::support::{Folder, Hosted, Ran, Reply, is_write, sign_in};

/// The quickstart, its site behind an address and changed as the test wants it.
fn quickstart(change: impl Fn(String) -> String) -> (Folder, Hosted) {
    let example = Folder::example("quickstart");
    let site = Site::from_yaml(&change(example.read("site.yaml"))).unwrap();
    let hosted = Hosted::start(site, Options::default());
    (Folder::with(&[("confperm.yaml", &example.read("confperm.yaml"))]), hosted)
}

/// What `apply --yes` says about a site that answers so to some requests.
#[track_caller]
fn says(
    answer: impl Fn(&Method, &str) -> Option<Reply> + Send + Sync + 'static,
    sentence: &str,
    hint: &str,
    code: &str,
) {
    let (folder, hosted) = quickstart(|site| site);
    let front = hosted.behind(answer);
    let mut command = folder.confperm(&["apply", "--yes"]);
    sign_in(&mut command, &front.url, &hosted.running);
    fails(&Ran::from(command.output().unwrap()), sentence, hint, code);
    let seen = front.seen();
    assert!(!seen.is_empty());
    let writes: Vec<_> = seen
        .iter()
        .filter(|line| line.split_once(' ').is_some_and(|(method, path)| is_write(method, path)))
        .collect();
    assert!(writes.is_empty(), "{writes:?}");
}

#[track_caller]
fn fails(ran: &Ran, sentence: &str, hint: &str, code: &str) {
    let ran = ran.clone().code(1);
    assert_eq!(ran.out, "");
    let errors = ran.said("error:");
    assert_eq!(errors.len(), 1, "{}", ran.err);
    assert!(errors[0].contains(sentence), "{}", ran.err);
    assert_eq!(ran.failures(), [code], "{}", ran.err);
    let hints = ran.said("hint:");
    assert_eq!(hints.len(), 1, "{}", ran.err);
    assert!(hints[0].contains(hint), "{}", ran.err);
}

fn at(path: &'static str, reply: Reply) -> impl Fn(&Method, &str) -> Option<Reply> + Send + Sync {
    move |_, asked| (asked == path).then(|| reply.clone())
}

const ME: &str = "/wiki/rest/api/user/current";
const SPACES: &str = "/wiki/api/v2/spaces";
const GRANTS: &str = "/wiki/api/v2/spaces/101/permissions";
const PAGES: &str = "/wiki/api/v2/spaces/101/pages";

#[test]
fn a_token_that_the_site_does_not_know() {
    let (folder, hosted) = quickstart(|site| site);
    let mut command = folder.confperm(&["apply", "--yes"]);
    hosted.point(&mut command);
    let ran = Ran::from(command.env("CONFLUENCE_API_TOKEN", "token-nobody").output().unwrap());
    fails(
        &ran,
        "Confluence does not accept these credentials",
        "check the e-mail address and the API token",
        "wrong-credentials",
    );
    assert!(hosted.running.requests().iter().all(|request| !is_write(&request.method, &request.path)));
}

#[test]
fn a_token_without_an_account() {
    let (folder, hosted) = quickstart(|site| {
        format!("{}\nquirks: {{bad-token: anonymous}}\n", site.replace("anonymous: false", "anonymous: true"))
    });
    let mut command = folder.confperm(&["apply", "--yes"]);
    hosted.point(&mut command);
    let ran = Ran::from(command.env("CONFLUENCE_API_TOKEN", "token-nobody").output().unwrap());
    fails(
        &ran,
        "Confluence treats these credentials as anonymous",
        "nothing was read or written",
        "wrong-credentials",
    );
    assert_eq!(hosted.running.requests().len(), 1);
}

#[test]
fn nothing_to_sign_in_with() {
    let (folder, hosted) = quickstart(|site| site);
    let mut command = folder.confperm(&["apply", "--yes"]);
    let ran = Ran::from(command.args(["--site", &hosted.running.site_url()]).output().unwrap());
    fails(&ran, "there is nothing to sign in with", "CONFLUENCE_API_TOKEN", "no-credentials");
    assert_eq!(hosted.running.requests(), []);
}

#[test]
fn a_port_that_is_in_use() {
    let folder = Folder::example("quickstart");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = folder.run(&["sandbox", "--state", "site.yaml", "--listen", &address]).code(1);
    assert!(ran.err.contains(&format!("error[cannot-listen]: cannot listen on {address}: ")), "{}", ran.err);
    assert!(ran.err.contains("hint: another program"), "{}", ran.err);
}

#[test]
fn a_host_without_a_listener() {
    let (folder, hosted) = quickstart(|site| site);
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = folder.confperm(&["apply", "--yes"]);
    sign_in(&mut command, &format!("http://127.0.0.1:{port}/wiki"), &hosted.running);
    fails(
        &Ran::from(command.output().unwrap()),
        "cannot reach `127.0.0.1`: the connection was refused",
        "check the address and its port",
        "cannot-connect",
    );
}

// A certificate that is not trusted needs a TLS server with a key of its own; what rustls says about one is
// translated in `confluence::transport`. Here: a server that does not speak TLS at all.
#[test]
fn a_host_that_does_not_speak_tls() {
    let (folder, hosted) = quickstart(|site| site);
    let mut command = folder.confperm(&["apply", "--yes"]);
    let url = hosted.running.site_url().replace("http://", "https://");
    sign_in(&mut command, &url, &hosted.running);
    let ran = Ran::from(command.output().unwrap());
    fails(
        &ran,
        "cannot reach `127.0.0.1`: no connection came about",
        "check the address and its port",
        "cannot-connect",
    );
    assert_eq!(hosted.running.requests(), []);
}

#[test]
fn an_address_that_is_none() {
    let (folder, hosted) = quickstart(|site| site);
    for (url, sentence) in [("not an address", "not an address"), ("http://acme.atlassian.net/wiki", "https")]
    {
        let mut command = folder.confperm(&["apply", "--yes"]);
        sign_in(&mut command, url, &hosted.running);
        let ran = Ran::from(command.output().unwrap()).code(1);
        assert_eq!(ran.said("error:").len(), 1, "{}", ran.err);
        assert!(ran.err.contains(sentence), "{}", ran.err);
        assert_eq!(ran.said("hint:").len(), 1, "{}", ran.err);
    }
}

#[test]
fn a_web_page_where_json_belongs() {
    let page = Reply::Text(200, "text/html", "<html><head><title>Log in</title></head></html>".to_owned());
    says(
        at(ME, page.clone()),
        "with a web page (\"Log in\"), not JSON",
        "usually a login page or a proxy",
        "not-confluence",
    );
    says(
        at(GRANTS, page),
        "with a web page (\"Log in\"), not JSON",
        "usually a login page or a proxy",
        "not-confluence",
    );
}

#[test]
fn a_refusal() {
    let no = Reply::v1(403, "User is not permitted to use Confluence");
    says(
        at(ME, no),
        "not permitted: `GET /wiki/rest/api/user/current` answered 403",
        "use another account",
        "not-permitted",
    );
    says(at(GRANTS, Reply::v2(403, "Forbidden")), "not permitted", "use another account", "not-permitted");
}

/// The run goes on with what does not depend on the call.
#[test]
fn a_single_call_that_is_refused_names_its_code() {
    let (folder, hosted) = quickstart(|site| site);
    let front = hosted.behind(|method, path| {
        (method == Method::PUT && path.ends_with("/restriction")).then(|| Reply::v1(403, "No."))
    });
    let mut command = folder.confperm(&["apply", "--yes"]);
    sign_in(&mut command, &front.url, &hosted.running);
    let ran = Ran::from(command.output().unwrap()).code(5);
    assert!(ran.err.contains("warning[not-permitted]: call #"), "{}", ran.err);
    assert!(ran.err.contains(" failed: not permitted: `PUT /wiki/rest/api/content/"), "{}", ran.err);
}

#[test]
fn an_address_without_a_site_behind_it() {
    let page =
        Reply::Text(404, "text/html", "<html><title>Your site is unavailable</title></html>".to_owned());
    says(
        move |_, _| Some(page.clone()),
        "answered 404 with a web page",
        "https://YOUR-SITE.atlassian.net/wiki",
        "not-confluence",
    );
}

#[test]
fn a_space_that_is_listed_and_then_not_found() {
    says(
        at(GRANTS, Reply::v2(404, "Not Found")),
        "not found, or hidden from this account",
        "this account may see it",
        "not-found",
    );
    says(
        at(PAGES, Reply::v2(404, "Not Found")),
        "not found, or hidden from this account",
        "this account may see it",
        "not-found",
    );
}

#[test]
fn a_cloud_id_that_the_gateway_does_not_know() {
    let (folder, hosted) = quickstart(|site| site);
    let url = hosted.running.gateway_url();
    let cloud_id = hosted.running.world(|world| world.settings.cloud_id.clone());
    let mut command = folder.confperm(&["apply", "--yes"]);
    sign_in(&mut command, &url.replace(&cloud_id, "00000000-0000-4000-8000-00000000dead"), &hosted.running);
    let ran = Ran::from(command.output().unwrap());
    fails(&ran, "the gateway knows no such address", "check the cloud id", "not-confluence");
}

#[test]
fn a_part_of_the_api_that_is_gone() {
    says(
        at(SPACES, Reply::v2(410, "Gone")),
        "Confluence has removed this part of its API",
        "update confperm",
        "removed-api",
    );
}

#[test]
fn an_answer_that_stops_in_the_middle() {
    let half = Reply::Text(200, "application/json", "{\"results\": [{\"id\": \"101\", \"ke".to_owned());
    says(
        at(SPACES, half),
        "the answer to `GET /wiki/api/v2/spaces` stops in the middle",
        "run the same command again",
        "connection-lost",
    );
}

#[test]
fn a_connection_that_is_cut_in_the_middle() {
    says(
        at(SPACES, Reply::Cut("{\"results\": [")),
        "the answer to `GET /wiki/api/v2/spaces` stops in the middle",
        "run the same command again",
        "connection-lost",
    );
}

#[test]
fn json_of_another_shape() {
    let strange = Reply::json(200, &serde_json::json!({"results": [{"id": 7, "key": ["ENG"]}]}));
    says(
        at(SPACES, strange),
        "answered with JSON that does not fit at `results[0].key`",
        "is a Confluence site",
        "unexpected-answer",
    );
}

#[test]
fn a_site_that_is_down() {
    says(
        at(GRANTS, Reply::v2(503, "Service Unavailable")),
        "Confluence failed",
        "run the same command again",
        "site-failed",
    );
}

#[test]
fn a_site_on_the_free_edition() {
    let (folder, hosted) = quickstart(|site| site.replace("edition: standard", "edition: free"));
    let mut command = folder.confperm(&["apply", "--yes"]);
    hosted.point(&mut command);
    fails(
        &Ran::from(command.output().unwrap()),
        "this site is on the Free edition",
        "the Standard edition",
        "free-edition",
    );
    assert!(hosted.running.requests().iter().all(|request| !is_write(&request.method, &request.path)));
}

#[test]
fn writes_that_are_refused_leave_an_exact_account() {
    let (folder, hosted) = quickstart(|site| site);
    let front = hosted.behind(|method, path| {
        (*method == Method::PUT && path == "/wiki/rest/api/content/1003/restriction")
            .then(|| Reply::v1(403, "You may not"))
    });
    let mut command = folder.confperm(&["apply", "--yes"]);
    sign_in(&mut command, &front.url, &hosted.running);
    let ran = Ran::from(command.output().unwrap()).code(5);
    assert!(ran.out.contains("failed") && ran.out.contains("You may not"), "{}", ran.out);
    assert!(ran.out.contains("Running the same command again goes on from here"), "{}", ran.out);

    let mut again = folder.confperm(&["apply", "--yes"]);
    hosted.point(&mut again);
    Ran::from(again.output().unwrap()).code(0);
    let mut plan = folder.confperm(&["plan", "--detailed-exitcode"]);
    hosted.point(&mut plan);
    Ran::from(plan.output().unwrap()).code(0);
}

#[test]
fn when_every_write_is_refused_nothing_was_changed() {
    let (folder, hosted) = quickstart(|site| site);
    let front =
        hosted.behind(|method, path| is_write(method.as_str(), path).then(|| Reply::v1(403, "You may not")));
    let mut command = folder.confperm(&["apply", "--yes"]);
    sign_in(&mut command, &front.url, &hosted.running);
    Ran::from(command.output().unwrap()).code(1);
    assert!(hosted.running.requests().iter().all(|request| !request.changed));
}
