//! What is kept between runs, and the request log.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use confperm::sandbox::{self, Note, Options, Site};

use crate::support::{Client, Setup};

fn folder() -> (tempfile::TempDir, Utf8PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8Path::from_path(folder.path()).unwrap().join("site.yaml");
    fs::write(&path, Setup::default().yaml()).unwrap();
    (folder, path)
}

async fn open(path: &Utf8Path) -> (Client, Option<Note>) {
    let opened = Site::open(path).unwrap();
    (Client::serve(opened.site, Options::default()).await, opened.note)
}

#[tokio::test]
async fn writes_outlive_the_server_and_the_file_stays_as_it_is() {
    let (folder, path) = folder();
    let before = fs::read(&path).unwrap();
    let (site, note) = open(&path).await;
    assert_eq!(note, None);
    site.grant("group g-ops read/space").await;
    site.grant("group g-ops read/space").await.v1_error(400, "already");
    site.delete("/wiki/rest/api/content/3/restriction").await;
    let rows = site.rows_with_ids().await;
    site.running.stop().await;

    let (site, note) = open(&path).await;
    assert_eq!((note, site.rows_with_ids().await), (None, rows));
    assert_eq!(site.lists(3), "read: ; update: ");
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_to_string(folder.path().join(".confperm/.gitignore")).unwrap(), "*\n");
    site.running.stop().await;

    assert!(sandbox::reset(&path).unwrap());
    assert!(!sandbox::reset(&path).unwrap(), "nothing left to forget");
    let (site, _) = open(&path).await;
    assert_eq!(site.pairs_of("group g-ops").await, "");
}

#[tokio::test]
async fn a_changed_file_starts_afresh_and_says_so() {
    let (_folder, path) = folder();
    let (site, _) = open(&path).await;
    site.grant("group g-ops read/space").await;
    site.running.stop().await;
    fs::write(&path, Setup::default().yaml() + "# changed\n").unwrap();
    let (site, note) = open(&path).await;
    assert_eq!(note, Some(Note::FileChanged { writes: 1 }));
    assert_eq!(site.pairs_of("group g-ops").await, "");
    site.grant("group g-none read/space").await;
    site.running.stop().await;
    let (site, note) = open(&path).await;
    assert_eq!(
        (note, site.pairs_of("group g-none").await.as_str()),
        (None, "export_content/space read/space")
    );
}

#[tokio::test]
async fn a_torn_last_line_is_forgotten_and_nonsense_is_reported() {
    let (folder, path) = folder();
    let (site, _) = open(&path).await;
    site.grant("group g-ops read/space").await;
    site.running.stop().await;
    let journal = folder.path().join(".confperm/site.yaml.ndjson");
    let whole = fs::read_to_string(&journal).unwrap();
    fs::write(&journal, format!("{whole}{{\"caller\":")).unwrap();
    let (site, note) = open(&path).await;
    assert_eq!(note, None);
    site.grant("group g-none read/space").await;
    site.running.stop().await;
    let (site, note) = open(&path).await;
    assert_eq!(
        (note, site.pairs_of("group g-none").await.as_str()),
        (None, "export_content/space read/space")
    );
    site.running.stop().await;
    fs::write(&journal, format!("{whole}nonsense\n")).unwrap();
    assert_eq!(open(&path).await.1, Some(Note::Unusable { line: 3 }));
}

#[tokio::test]
async fn two_processes_do_not_overwrite_each_other() {
    let (_folder, path) = folder();
    let (one, _) = open(&path).await;
    one.grant("group g-ops read/space").await;
    let (two, _) = open(&path).await;
    assert_eq!(two.grant("group g-none read/space").await.status, 200);
    one.grant("group g-ops create/page").await.v1_error(500, "another process");
}

#[tokio::test]
async fn requests_are_counted_and_logged() {
    let folder = tempfile::tempdir().unwrap();
    let log = Utf8Path::from_path(folder.path()).unwrap().join("requests.ndjson");
    let options = Options { log: Some(log.clone()), ..Options::default() };
    let site = Client::serve(Site::from_yaml(&Setup::default().yaml()).unwrap(), options).await;
    site.get("/wiki/api/v2/spaces?limit=1").await;
    site.get_as("ann/x", "/wiki/rest/api/user/current").await;
    site.grant("group g-ops read/space").await;
    let requests = site.running.requests();
    let shown: Vec<String> = requests
        .iter()
        .map(|r| format!("{} {} {} {} {} {}", r.number, r.method, r.path, r.status, r.caller, r.changed))
        .collect();
    assert_eq!(
        shown,
        [
            "1 GET /wiki/api/v2/spaces 200 ann false",
            "2 GET /wiki/rest/api/user/current 401 ? false",
            "3 POST /wiki/rest/api/space/ENG/permission 200 ann true",
        ]
    );
    let lines = fs::read_to_string(log).unwrap();
    let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!((&first["query"], lines.lines().count()), (&"limit=1".into(), 3));
}

#[test]
fn a_state_file_is_read_strictly() {
    let yaml = Setup::default().yaml();
    for (from, to, message) in [
        ("version: 1", "version: 2", "version"),
        ("kind: confluence-sandbox", "kind: other", "kind"),
        ("name: Engineering", "nmae: Engineering", "nmae"),
        (
            "group:eng, user:tok",
            "group:nope",
            "spaces.ENG.permissions.read/space: there is no `nope` under `groups`",
        ),
        (
            "create/comment: [group:eng]",
            "create/nonsense: [group:eng]",
            "spaces.ENG.permissions.create/nonsense",
        ),
        ("create/comment: [group:eng]", "create/comment: [eng]", "write `group:eng` or `user:eng`"),
        ("create/comment: [group:eng]", "create/comment: [group:eng, group:eng]", "given twice"),
        ("id: 102", "id: 101", "another space has the id 101"),
        ("{id: 7, title", "{id: 2, title", "the id 2 is used twice"),
        ("account-id: a-bob", "account-id: a-ann", "used twice"),
        ("view: [user:eve]", "view: [anonymous]", "users and groups only"),
        ("  OPS:\n", "  ENG:\n", "`ENG` is given twice"),
        ("quirks: {", "quirks: {nonsense: 1", "nonsense"),
        ("caller: ann", "caller: zoe", "site.caller"),
    ] {
        assert!(yaml.contains(from), "{from}");
        let error = Site::from_yaml(&yaml.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(message), "{to}: {error}");
    }
}
