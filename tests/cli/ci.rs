//! The steps of CI, from a pull request to its merge and to drift, on a served sandbox and a host that is made up: the
//! script that `action.yml` and the GitLab template run.

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::support::{Folder, Hosted, Ran};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Github,
    Gitlab,
}

/// What a host keeps.
#[derive(Debug)]
struct Store {
    kind: Kind,
    comments: Vec<Value>,
    statuses: Vec<Value>,
    issues: Vec<Value>,
    /// The pull requests that the commit on the main branch comes from.
    pulls: Vec<Value>,
    unknown: Vec<String>,
}

/// A host behind an address.
struct Host {
    /// Serves as long as it lives.
    _runtime: Runtime,
    url: String,
    store: Arc<Mutex<Store>>,
}

const BOT: &str = "github-actions[bot]";
const HEAD: &str = "1111111111111111111111111111111111111111";
const MERGE: &str = "2222222222222222222222222222222222222222";

impl Host {
    fn start(kind: Kind) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (comments, statuses, issues, pulls, unknown) = Default::default();
        let store = Arc::new(Mutex::new(Store { kind, comments, statuses, issues, pulls, unknown }));
        let app = Router::new().fallback(answer).with_state(Arc::clone(&store));
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        drop(runtime.spawn(async move { axum::serve(listener, app).await }));
        Self { _runtime: runtime, url, store }
    }

    fn kind(&self) -> Kind {
        self.store.lock().unwrap().kind
    }

    fn with<T>(&self, look: impl FnOnce(&mut Store) -> T) -> T {
        look(&mut self.store.lock().unwrap())
    }

    /// The text of the one comment.
    #[track_caller]
    fn comment(&self) -> String {
        self.with(|store| match store.comments.as_slice() {
            [one] => one["body"].as_str().unwrap().to_owned(),
            other => panic!("one comment, not {other:#?}"),
        })
    }

    fn merge(&self) {
        let pull = match self.kind() {
            Kind::Github => {
                json!({"number": 7, "merged_at": "2026-11-26", "merge_commit_sha": MERGE, "head": {"sha": HEAD}})
            }
            Kind::Gitlab => json!({"iid": 7, "state": "merged", "sha": HEAD}),
        };
        self.with(|store| store.pulls = vec![pull]);
    }
}

async fn answer(State(store): State<Arc<Mutex<Store>>>, request: Request) -> (StatusCode, String) {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let sent: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut store = store.lock().unwrap();
    let is_signed_in = ["authorization", "private-token"].iter().any(|name| {
        parts.headers.get(*name).is_some_and(|value| value.to_str().unwrap().ends_with("host-secret"))
    });
    if !is_signed_in {
        return (StatusCode::UNAUTHORIZED, String::new());
    }
    let path = parts.uri.path();
    let path = path.strip_prefix("/repos/acme/policy").or_else(|| path.strip_prefix("/projects/1"));
    let words: Vec<&str> = path.unwrap_or("/unknown").split('/').skip(1).collect();
    let found = match (parts.method.as_str(), words.as_slice()) {
        ("GET", ["issues", "7", "comments"] | ["merge_requests", "7", "notes"]) => {
            Some(Value::from(store.comments.clone()))
        }
        ("POST", ["issues", "7", "comments"] | ["merge_requests", "7", "notes"]) => {
            let id = store.comments.len() + 1;
            store.comments.push(by_bot(id, &sent));
            Some(json!({}))
        }
        ("PATCH", ["issues", "comments", id]) | ("PUT", ["merge_requests", "7", "notes", id]) => {
            replace(&mut store.comments, id, &sent)
        }
        ("POST", ["statuses", commit]) => {
            let mut status = by_bot(0, &sent);
            status["sha"] = (*commit).into();
            store.statuses.insert(0, status);
            Some(json!({}))
        }
        ("GET", ["commits", commit, "statuses"] | ["repository", "commits", commit, "statuses"]) => {
            Some(store.statuses.iter().filter(|status| status["sha"] == *commit).cloned().collect())
        }
        ("GET", ["commits", MERGE, "pulls"] | ["repository", "commits", MERGE, "merge_requests"]) => {
            Some(Value::from(store.pulls.clone()))
        }
        ("GET", ["issues"]) => {
            let open = |issue: &&Value| issue["state"] != "closed" && issue["state_event"] != "close";
            Some(store.issues.iter().filter(open).cloned().collect())
        }
        ("POST", ["issues"]) => {
            let id = store.issues.len() + 1;
            store.issues.push(by_bot(id, &sent));
            Some(json!({}))
        }
        ("PATCH" | "PUT", ["issues", id]) => replace(&mut store.issues, id, &sent),
        _ => None,
    };
    let Some(found) = found else {
        store.unknown.push(format!("{} {}", parts.method, parts.uri));
        return (StatusCode::NOT_FOUND, String::new());
    };
    (StatusCode::OK, found.to_string())
}

fn by_bot(id: usize, sent: &Value) -> Value {
    let mut entry = sent.clone();
    entry["id"] = id.into();
    entry["number"] = id.into();
    for user in ["user", "author", "creator"] {
        entry[user] = json!({"login": BOT, "username": BOT});
    }
    entry
}

fn replace(entries: &mut [Value], id: &str, sent: &Value) -> Option<Value> {
    let entry = entries.iter_mut().find(|entry| entry["id"].as_u64() == id.parse().ok())?;
    for (key, value) in sent.as_object()? {
        entry[key] = value.clone();
    }
    Some(entry.clone())
}

/// A checkout of `examples/ci`, a site, and a host.
struct Ci {
    folder: Folder,
    site: Hosted,
    host: Host,
}

impl Ci {
    fn start(kind: Kind) -> Self {
        let folder = Folder::example("ci");
        // The pull requests of these tests bring a group, and its line in the lock.
        let lock = folder.read("confperm.lock");
        let people = "people:\n";
        assert!(lock.contains(people));
        let line = "  sre: 2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0002\n";
        folder.write("confperm.lock", &lock.replacen(people, &format!("{line}{people}"), 1));
        let site = Hosted::open(&folder.file("site.yaml"));
        Self { folder, site, host: Host::start(kind) }
    }

    /// A job, with more in its environment.
    fn job(&self, command: &str, more: &[(&str, &str)]) -> Ran {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("ci/confperm-ci");
        let binary = assert_cmd::cargo::cargo_bin!("confperm");
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", binary.parent().unwrap().display());
        let mut job = std::process::Command::new("bash");
        job.arg(script).arg(command).current_dir(self.folder.path()).env_clear().stdin(Stdio::null());
        job.env("PATH", path);
        let caller = self.site.running.credentials().unwrap();
        job.env("CONFLUENCE_URL", self.site.running.site_url());
        job.env("CONFLUENCE_USERNAME", caller.email).env("CONFLUENCE_API_TOKEN", caller.token);
        match self.host.kind() {
            Kind::Github => job
                .env("GITHUB_ACTIONS", "true")
                .env("GITHUB_API_URL", &self.host.url)
                .env("GITHUB_REPOSITORY", "acme/policy")
                .env("GITHUB_SHA", MERGE)
                .env("GITHUB_TOKEN", "host-secret")
                .env("GITHUB_STEP_SUMMARY", self.folder.path().join("../ci-summary.md"))
                .env("CONFPERM_PULL_REQUEST", "7")
                .env("CONFPERM_HEAD_SHA", HEAD),
            Kind::Gitlab => job
                .env("GITLAB_CI", "true")
                .env("CI_API_V4_URL", &self.host.url)
                .env("CI_PROJECT_ID", "1")
                .env("CI_COMMIT_SHA", if command == "plan" { HEAD } else { MERGE })
                .env("CI_MERGE_REQUEST_IID", "7")
                .env("CONFPERM_BOT", BOT)
                .env("CONFPERM_GITLAB_TOKEN", "host-secret"),
        };
        job.envs(more.iter().copied());
        let ran = Ran::from(job.output().unwrap());
        assert!(!format!("{}{}", ran.out, ran.err).contains("host-secret"), "{ran:?}");
        assert_eq!(self.host.with(|store| store.unknown.clone()), Vec::<String>::new(), "{ran:?}");
        ran
    }

    fn edit(&self, from: &str, to: &str) {
        let policy = self.folder.read("spaces/eng.yaml");
        assert!(policy.contains(from), "{policy}");
        self.folder.write("spaces/eng.yaml", &policy.replacen(from, to, 1));
    }
}

fn hash_of(comment: &str) -> String {
    let (_, rest) = comment.lines().next().unwrap().split_once("hash=").unwrap();
    rest.strip_suffix(" -->").unwrap().to_owned()
}

fn from_pull_request_to_drift(kind: Kind) {
    let ci = Ci::start(kind);
    let planned = ci.job("plan", &[]).code(0);
    let comment = ci.host.comment();
    assert!(comment.contains("### Plan opens 2 lists: `https://acme.atlassian.net/wiki`"), "{comment}");
    assert!(!comment.contains("Roadmap"), "not everyone sees that page: {comment}");
    assert!(!format!("{}{}", planned.out, planned.err).contains("Roadmap"), "{planned:?}");

    // A push to the same pull request: the comment is the same one.
    ci.edit("viewer: [group:contractors]", "viewer: [group:contractors, group:sre]");
    ci.job("plan", &[]).code(0);
    let second = ci.host.comment();
    assert_ne!(hash_of(&second), hash_of(&comment));

    let early = ci.job("apply", &[]).code(1);
    assert!(early.err.contains("comes from no merged pull request"), "{}", early.err);
    ci.host.merge();
    let applied = ci.job("apply", &[]).code(0);
    assert!(!format!("{}{}", applied.out, applied.err).contains("Roadmap"), "{applied:?}");
    match kind {
        Kind::Github => assert!(applied.err.ends_with("The site is as the policy says.\n"), "{applied:?}"),
        Kind::Gitlab => assert_eq!(applied.out, "The site is as the policy says.\n"),
    }
    ci.job("drift", &[]).code(0);
    assert!(ci.host.with(|store| store.issues.is_empty()));

    // Drift: the site and the main branch differ, twice in the same issue, and then no more.
    let merged = ci.folder.read("spaces/eng.yaml");
    ci.edit(", group:sre", "");
    ci.job("drift", &[]).code(0);
    ci.job("drift", &[]).code(0);
    ci.host.with(|store| {
        assert_eq!(store.issues.len(), 1);
        let text = store.issues[0].to_string();
        assert!(
            text.contains("Confluence differs from the policy in .") && text.contains("group:sre"),
            "{text}"
        );
    });
    ci.folder.write("spaces/eng.yaml", &merged);
    ci.job("drift", &[]).code(0);
    ci.host.with(|store| {
        let closed = &store.issues[0];
        assert!(closed["state"] == "closed" || closed["state_event"] == "close", "{closed}");
    });
}

#[test]
fn from_a_pull_request_to_a_merge_and_to_drift_on_github() {
    from_pull_request_to_drift(Kind::Github);
}

#[test]
fn from_a_merge_request_to_a_merge_and_to_drift_on_gitlab() {
    from_pull_request_to_drift(Kind::Gitlab);
}

#[test]
fn another_plan_than_the_approved_one_is_shown_and_not_applied() {
    for kind in [Kind::Github, Kind::Gitlab] {
        let ci = Ci::start(kind);
        ci.job("plan", &[]).code(0);
        let approved = hash_of(&ci.host.comment());
        ci.host.merge();
        // Meanwhile something else was merged.
        ci.edit("viewer: [group:contractors]", "viewer: [group:contractors, group:sre]");
        let stopped = ci.job("apply", &[]).code(3);
        if kind == Kind::Github {
            assert!(stopped.out.contains("title=confperm other-plan::"), "{stopped:?}");
        }
        let comment = ci.host.comment();
        assert!(comment.contains("**Nothing was applied:**"), "{comment}");
        assert_ne!(hash_of(&comment), approved);
        // Running the job again does not take the new plan for an approved one.
        let again = ci.job("apply", &[]).code(1);
        assert!(again.err.contains("do not name one plan"), "{}", again.err);
        assert!(!ci.folder.path().join(".confperm/journal").exists(), "nothing was applied");
        ci.job("apply", &[("CONFPERM_EXPECT", &hash_of(&comment))]).code(0);
        assert!(ci.folder.path().join(".confperm/journal").exists());
    }
}

#[test]
fn a_hash_in_a_comment_or_status_of_others_approves_nothing() {
    for kind in [Kind::Github, Kind::Gitlab] {
        let ci = Ci::start(kind);
        ci.job("plan", &[]).code(0);
        ci.host.merge();
        for list in ["comments", "statuses"] {
            let approved = ci.host.with(|store| {
                let entries = if list == "comments" { &mut store.comments } else { &mut store.statuses };
                let before = entries.clone();
                for user in ["user", "author", "creator"] {
                    entries[0][user] = json!({"login": "mallory", "username": "mallory"});
                }
                before
            });
            let refused = ci.job("apply", &[]).code(1);
            assert!(refused.err.contains("do not name one plan"), "{}", refused.err);
            ci.host.with(|store| match list {
                "comments" => store.comments = approved,
                _ => store.statuses = approved,
            });
        }
        ci.job("apply", &[]).code(0);
    }
}

#[test]
fn pull_requests_from_forks_are_checked_without_a_site_or_a_secret() {
    let ci = Ci::start(Kind::Github);
    let none = [
        ("CONFLUENCE_URL", ""),
        ("CONFLUENCE_USERNAME", ""),
        ("CONFLUENCE_API_TOKEN", ""),
        ("GITHUB_TOKEN", ""),
    ];
    ci.job("check", &none).code(0);
    ci.edit("collaborator:", "colaborator:");
    let invalid = ci.job("check", &none).code(4);
    assert!(invalid.out.starts_with("::error file=spaces/eng.yaml,line=6,"), "{}", invalid.out);
    ci.edit("colaborator: [group:engineering]", "collaborator:    [group:engineering]");
    ci.job("check", &none).code(1);
}

#[test]
fn a_blocked_plan_is_shown_and_fails_the_job() {
    let ci = Ci::start(Kind::Github);
    let guarded = ci.folder.read("confperm.yaml").replace("min-admins: 1", "required-admins: [group:sre]");
    ci.folder.write("confperm.yaml", &guarded);
    ci.job("plan", &[]).code(3);
    let comment = ci.host.comment();
    assert!(
        comment.contains("### Plan blocked") && comment.contains("Blocked by required-admins"),
        "{comment}"
    );
    assert_eq!(ci.host.with(|store| store.statuses[0]["state"].clone()), "failure");

    // Merged all the same, it is blocked again, and not for want of an approval.
    ci.host.merge();
    ci.job("apply", &[]).code(3);
    let comment = ci.host.comment();
    assert!(comment.contains("**Nothing was applied:** the plan is blocked."), "{comment}");
    assert!(comment.contains("Blocked by required-admins"), "{comment}");
}

#[test]
fn a_job_that_makes_no_plan_says_why_beside_the_line() {
    let ci = Ci::start(Kind::Github);
    // The site is another one than the lock is about.
    let lock = ci.folder.read("confperm.lock");
    let cloud = lock.lines().position(|line| line.trim_start().starts_with("cloud-id:")).unwrap();
    let other: Vec<&str> = lock
        .lines()
        .enumerate()
        .map(
            |(number, line)| {
                if number == cloud { "  cloud-id: 00000000-0000-4000-8000-000000000000" } else { line }
            },
        )
        .collect();
    ci.folder.write("confperm.lock", &format!("{}\n", other.join("\n")));
    let failed = ci.job("plan", &[]).code(1);
    assert!(failed.out.contains(",title=confperm wrong-site::"), "{failed:?}");
    assert!(ci.host.with(|store| store.comments.is_empty()), "there is no plan to show");

    ci.folder.write("confperm.lock", &lock);
    let valid = ci.folder.read("spaces/eng.yaml");
    ci.edit("collaborator:", "colaborator:");
    let invalid = ci.job("plan", &[]).code(4);
    assert!(invalid.out.starts_with("::error file=spaces/eng.yaml,line=6,"), "{}", invalid.out);
    // A warning that needs no site is one of `validate` and of `plan`.
    let rule = "
rules:
  - name: owners
    from: {csv: owners.csv, space: S, type: T, id: I}
    access: create/comment
";
    ci.folder.write("spaces/eng.yaml", &format!("{valid}{rule}"));
    ci.folder.write("spaces/owners.csv", "S,T,I\nENG,ANONYMOUS,x\nENG,GROUP,engineering\n");
    let planned = ci.job("plan", &[]).code(0);
    assert!(planned.out.contains("::warning file=spaces/eng.yaml,line="), "what is opened: {planned:?}");
    assert!(planned.out.contains("title=confperm skipped-rows::"), "{planned:?}");
    let mut lines: Vec<&str> = planned.out.lines().collect();
    lines.sort_unstable();
    lines.dedup();
    assert_eq!(lines.len(), planned.out.lines().count(), "each is said once: {}", planned.out);
    assert!(ci.host.comment().contains("### Plan"), "one reading of the site gives both");
}

#[test]
fn what_is_installed_is_what_was_released() {
    let place = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    std::fs::copy(root.join("ci/install"), place.path().join("install")).unwrap();
    let releases = place.path().join("releases/download/v9.9.9");
    let inside = place.path().join("confperm-9.9.9-x86_64-unknown-linux-musl");
    std::fs::create_dir_all(&releases).unwrap();
    std::fs::create_dir(&inside).unwrap();
    std::fs::write(inside.join("confperm"), "#!/bin/sh\necho confperm 9.9.9\n").unwrap();
    let name = "confperm-9.9.9-x86_64-unknown-linux-musl.tar.gz";
    let run = |script: &str| {
        let done = std::process::Command::new("bash")
            .args(["-euc", script])
            .current_dir(place.path())
            .output()
            .unwrap();
        Ran::from(done)
    };
    run(&format!("chmod +x */confperm; tar czf releases/download/v9.9.9/{name} confperm-9.9.9-x86_64-unknown-linux-musl")).code(0);
    run(&format!("cd releases/download/v9.9.9 && sha256sum {name} > ../../../checksums.txt")).code(0);
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return;
    }
    let install = "CONFPERM_RELEASES=file://$PWD/releases bash install 9.9.9 bin";
    assert_eq!(run(install).code(0).out, "confperm 9.9.9\n");
    run(&format!("echo more >> releases/download/v9.9.9/{name}")).code(0);
    let changed = run(install).code(1);
    assert!(changed.err.contains("is not the file that was released"), "{}", changed.err);
    for version in ["latest", "9.9.8", "9.9.9/../../x"] {
        run(&install.replace("9.9.9", version)).code(1);
    }
}
