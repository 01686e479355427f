//! The program in a folder of its own, with nothing in its environment; and servers to run it against.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use assert_cmd::Command;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{Method, Response, Uri};
use camino::Utf8PathBuf;
use confperm::sandbox::{self, Options, Running, Site};
use futures_util::stream::{self, StreamExt as _};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// A sandbox state, before roles unless said otherwise, called by `ann`, who with `bob` is all its people; the rest
/// begins with further users or with groups. A macro, so that it makes constants.
macro_rules! site_of_ann_and_bob {
    ($rest:literal) => {
        site_of_ann_and_bob!("pre-roles", $rest)
    };
    ($mode:literal, $rest:literal) => {
        concat!(
            "kind: confluence-sandbox\nversion: 1\nsite: {flavor: cloud, space-role-mode: ",
            $mode,
            ", edition: standard, anonymous: false, caller: ann}\nusers:\n",
            "  ann: {account-id: u-ann, name: Ann, email: ann@x.com}\n",
            "  bob: {account-id: u-bob, name: Bob, email: bob@x.com}",
            $rest
        )
    };
}
pub(crate) use site_of_ann_and_bob;

/// A policy directory that a test may do with as it likes.
pub(crate) struct Folder(TempDir);

impl Folder {
    /// A copy of one of the examples.
    pub(crate) fn example(name: &str) -> Self {
        Self::copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name))
    }

    /// A copy of a folder, without what earlier runs left in it.
    pub(crate) fn copy(from: &Path) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        copy(from, folder.path());
        folder
    }

    pub(crate) fn with(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn file(&self, name: &str) -> Utf8PathBuf {
        Utf8PathBuf::from_path_buf(self.path().join(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    /// Every regular file in it, by path from here, hidden ones too.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        walk(self.path(), &mut found);
        found
            .into_iter()
            .map(|path| (path.strip_prefix(self.path()).unwrap().to_owned(), std::fs::read(&path).unwrap()))
            .collect()
    }

    /// The program, run in this folder.
    pub(crate) fn confperm(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("confperm"));
        command.current_dir(self.path()).env_clear().args(arguments);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.confperm(arguments).output().unwrap())
    }
}

/// Links are copied as links.
pub(crate) fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        if entry.file_type().unwrap().is_symlink() {
            link(&std::fs::read_link(entry.path()).unwrap(), &target);
        } else if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) {
    std::os::unix::fs::symlink(to, at).unwrap();
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) {}

fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let about = path.symlink_metadata().unwrap();
        if about.is_dir() {
            walk(&path, found);
        } else if about.is_file() {
            found.push(path);
        }
    }
}

/// What a run said, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    #[track_caller]
    pub(crate) fn code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }

    /// The lines on stderr that begin with a word, without it. `error:` stands for errors with a code as well.
    pub(crate) fn said(&self, word: &str) -> Vec<&str> {
        self.err.lines().filter_map(|line| without(line, word)).map(str::trim).collect()
    }

    /// The codes of the errors on stderr.
    pub(crate) fn failures(&self) -> Vec<&str> {
        self.err.lines().filter_map(|line| Some(coded(line, "error")?.0)).collect()
    }
}

fn without<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let coded = || Some(coded(line, word.strip_suffix(':')?)?.1);
    line.strip_prefix(word).or_else(coded)
}

/// The code of a line that begins with `KIND[CODE]:`, and the rest of it.
fn coded<'a>(line: &'a str, kind: &str) -> Option<(&'a str, &'a str)> {
    line.strip_prefix(kind)?.strip_prefix('[')?.split_once("]:")
}

/// A sandbox behind an address, on threads of its own.
pub(crate) struct Hosted {
    runtime: Runtime,
    pub(crate) running: Running,
}

impl Hosted {
    pub(crate) fn start(site: Site, options: Options) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let running = runtime.block_on(sandbox::serve(site, options)).unwrap();
        Self { runtime, running }
    }

    pub(crate) fn open(state: &camino::Utf8Path) -> Self {
        Self::start(Site::open(state).unwrap().site, Options::default())
    }

    /// The program, pointed at this site and signed in.
    pub(crate) fn point(&self, command: &mut Command) {
        sign_in(command, &self.running.site_url(), &self.running);
    }

    /// A server before this one that answers some requests itself.
    pub(crate) fn behind(
        &self,
        answer: impl Fn(&Method, &str) -> Option<Reply> + Send + Sync + 'static,
    ) -> Front {
        self.behind_uris(move |method, uri| answer(method, uri.path()))
    }

    /// The same, where the answer depends on the query as well.
    pub(crate) fn behind_uris(
        &self,
        answer: impl Fn(&Method, &Uri) -> Option<Reply> + Send + Sync + 'static,
    ) -> Front {
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let (log, answer) = (Arc::clone(&seen), Arc::new(answer));
        let site = format!("http://{}", self.running.address());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let app = Router::new().fallback(move |request: Request| {
            let (log, answer) = (Arc::clone(&log), Arc::clone(&answer));
            let (site, http) = (site.clone(), http.clone());
            async move {
                let (parts, body) = request.into_parts();
                log.lock().unwrap().push(format!("{} {}", parts.method, parts.uri.path()));
                if let Some(reply) = answer(&parts.method, &parts.uri) {
                    return reply.response();
                }
                let body = to_bytes(body, usize::MAX).await.unwrap();
                let url = format!("{site}{}", parts.uri.path_and_query().unwrap());
                let mut headers = parts.headers;
                headers.remove("host");
                let response =
                    http.request(parts.method, url).headers(headers).body(body).send().await.unwrap();
                let mut passed = Response::builder().status(response.status());
                *passed.headers_mut().unwrap() = response.headers().clone();
                passed.body(Body::from(response.bytes().await.unwrap())).unwrap()
            }
        });
        let listener = self.runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}/wiki", listener.local_addr().unwrap());
        drop(self.runtime.spawn(async move { axum::serve(listener, app).await }));
        Front { url, seen }
    }
}

/// A server before a sandbox.
pub(crate) struct Front {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Front {
    /// `GET /wiki/rest/api/user/current` and so on.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

/// An answer that does not come from the sandbox.
#[derive(Clone)]
pub(crate) enum Reply {
    /// A status, a content type and a body.
    Text(u16, &'static str, String),
    /// A status, headers and a body.
    Full(u16, Vec<(&'static str, String)>, String),
    /// The beginning of an answer, and then nothing.
    Cut(&'static str),
    /// 429, with this many seconds to wait.
    Limited(u64),
}

impl Reply {
    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::Text(status, "application/json", body.to_string())
    }

    /// An error as v1 writes it.
    pub(crate) fn v1(status: u16, message: &str) -> Self {
        let message = format!("com.atlassian.confluence.api.service.exceptions.SomeException: {message}");
        Self::json(status, &serde_json::json!({"statusCode": status, "message": message}))
    }

    /// An error as v2 writes it.
    pub(crate) fn v2(status: u16, title: &str) -> Self {
        let error = serde_json::json!({"status": status, "code": "X", "title": title, "detail": null});
        Self::json(status, &serde_json::json!({"errors": [error]}))
    }

    fn response(self) -> Response<Body> {
        match self {
            Self::Text(status, kind, text) => Response::builder()
                .status(status)
                .header("content-type", kind)
                .body(Body::from(text))
                .unwrap(),
            Self::Full(status, headers, text) => {
                let mut response = Response::builder().status(status);
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                response.body(Body::from(text)).unwrap()
            }
            Self::Limited(seconds) => {
                Response::builder().status(429).header("retry-after", seconds).body(Body::empty()).unwrap()
            }
            Self::Cut(start) => {
                let begin = stream::once(async { Ok(start.as_bytes()) });
                let end = stream::once(async {
                    // By then the beginning has left.
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    Err(std::io::Error::from(std::io::ErrorKind::ConnectionAborted))
                });
                Response::new(Body::from_stream(begin.chain(end)))
            }
        }
    }
}

/// A site over the network, whatever the policy says, signed in as the sandbox's caller.
pub(crate) fn sign_in(command: &mut Command, url: &str, running: &Running) {
    let caller = running.credentials().unwrap();
    command
        .args(["--site", url])
        .env("CONFLUENCE_USERNAME", caller.email)
        .env("CONFLUENCE_API_TOKEN", caller.token);
}

/// Whether a request could change something. Looking up people is a read that Confluence spells as a POST.
pub(crate) fn is_write(method: &str, path: &str) -> bool {
    method != "GET" && !path.ends_with("/users-bulk")
}
