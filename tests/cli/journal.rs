//! What an apply did is written down before it is done, wherever the run dies.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use camino::{Utf8Path, Utf8PathBuf};
use confperm::apply::journal::{self, Answer, Entry, Sink, SiteKey};
use confperm::apply::{ApplyOutcome, Journal, JournalError, Status, Stop, Unverified};
use confperm::model::{PageList, SiteIdentity, Subject, WriteRequest};
use confperm::plan::Planned;
use confperm::sandbox::{Options, Request, Site};
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::in_process::{OPTIONS, Stage};
use crate::interrupted;
use crate::support::{Folder, Hosted, Ran, is_write, site_of_ann_and_bob};

/// A journal in memory. At a line of one's choice it can fail, or say that it is there.
#[derive(Clone, Default)]
pub(crate) struct Memory {
    bytes: Arc<Mutex<Vec<u8>>>,
    fails_at: Option<usize>,
    tells_at: Option<usize>,
    told: Arc<Notify>,
}

impl Memory {
    pub(crate) fn journal(&self) -> Journal {
        Journal::on(self.clone(), || Timestamp::UNIX_EPOCH)
    }

    fn lines(&self) -> usize {
        self.bytes.lock().unwrap().split(|byte| *byte == b'\n').count() - 1
    }

    fn text(&self) -> String {
        String::from_utf8(self.bytes.lock().unwrap().clone()).unwrap()
    }

    fn calls(&self) -> Vec<WriteRequest> {
        let entries = entries(&self.text());
        entries.into_iter().filter_map(intended).collect()
    }
}

impl Write for Memory {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.fails_at.is_some_and(|line| self.lines() >= line) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.lock().unwrap().extend(bytes);
        if self.tells_at.is_some_and(|line| self.lines() >= line) {
            self.told.notify_one();
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Sink for Memory {
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn is_there(&self) -> io::Result<bool> {
        Ok(true)
    }
}

fn entries(text: &str) -> Vec<Entry<'static>> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn intended(entry: Entry<'_>) -> Option<WriteRequest> {
    match entry {
        Entry::Intent { request, .. } => Some(request.into_owned()),
        _ => None,
    }
}

async fn applied(
    stage: &Stage,
    planned: &Planned,
    earlier: &[Unverified],
    journal: &Journal,
) -> Result<ApplyOutcome, JournalError> {
    confperm::apply::apply(planned, earlier, &stage.site, journal, &Stop::default(), &OPTIONS, &|_| ()).await
}

/// Applies until the journal has so many lines, and then is gone, as if killed. `None` if it was gone.
async fn killed_at(line: usize, stage: &Stage, planned: &Planned, memory: &Memory) -> Option<ApplyOutcome> {
    let memory = Memory { tells_at: Some(line), ..memory.clone() };
    let journal = memory.journal();
    let stop = Stop::default();
    tokio::select! {
        biased;
        () = memory.told.notified() => None,
        outcome = confperm::apply::apply(planned, &[], &stage.site, &journal, &stop, &OPTIONS, &|_| ()) => Some(outcome.unwrap()),
    }
}

/// Whether a request is what a call looks like on the wire.
fn is_of(request: &Request, call: &WriteRequest) -> bool {
    let path = match call {
        WriteRequest::Grant { space, .. } => format!("POST /wiki/rest/api/space/{space}/permission"),
        WriteRequest::Revoke { space, row, .. } => {
            format!("DELETE /wiki/rest/api/space/{space}/permission/{row}")
        }
        WriteRequest::AssignRoles { space_id, .. } => {
            format!("POST /wiki/api/v2/spaces/{space_id}/role-assignments")
        }
        WriteRequest::Restrict { content, .. } => format!(" /wiki/rest/api/content/{content}/restriction"),
        WriteRequest::AddToList { content, list, subject, .. } => {
            let operation = if *list == PageList::View { "read" } else { "update" };
            let entry = match subject {
                Subject::User(_) => "user".to_owned(),
                Subject::Group(group) => format!("byGroupId/{group}"),
            };
            format!("PUT /wiki/rest/api/content/{content}/restriction/byOperation/{operation}/{entry}")
        }
    };
    format!("{} {}", request.method, request.path).ends_with(&path)
}

fn writes(stage: &Stage) -> Vec<Request> {
    let mut requests = stage.running.requests();
    requests.retain(|request| is_write(&request.method, &request.path));
    requests
}

/// Every request has an intent of its own.
#[track_caller]
fn is_covered(requests: &[Request], mut intents: Vec<WriteRequest>) {
    for request in requests {
        let place = intents.iter().position(|call| is_of(request, call));
        intents.remove(place.unwrap_or_else(|| panic!("{request:?} is not in the journal")));
    }
}

#[tokio::test]
async fn wherever_a_run_is_killed_its_journal_has_what_it_sent() {
    let mut cut_short = 0;
    for line in (1..200).step_by(7) {
        let stage = Stage::open(&interrupted::site()).await;
        let planned = stage.plan(&interrupted::policy()).await;
        let memory = Memory::default();
        let outcome = killed_at(line, &stage, &planned, &memory).await;
        // What was on its way arrives.
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        let requests = writes(&stage);
        is_covered(&requests, memory.calls());
        if let Some(outcome) = outcome {
            assert!(outcome.is_complete() && line > 80, "{line}");
            // Nothing comes along here, so no conditional call is made.
            assert_eq!(requests.len(), planned.plan.cost.calls);
            break;
        }
        cut_short += 1;
        assert!(!memory.text().contains(r#""entry":"end""#));
    }
    assert!(cut_short > 8, "{cut_short}");
}

#[tokio::test]
async fn where_the_journal_cannot_be_written_nothing_more_is_sent() {
    for line in [1, 2, 9, 30] {
        let stage = Stage::open(&interrupted::site()).await;
        let planned = stage.plan(&interrupted::policy()).await;
        let memory = Memory { fails_at: Some(line), ..Memory::default() };
        let journal = memory.journal();
        let outcome = applied(&stage, &planned, &[], &journal).await.unwrap();
        assert!(journal.is_broken() && !outcome.is_complete());
        is_covered(&writes(&stage), memory.calls());
        let failed = outcome.results.iter().filter(|result| matches!(result.status, Status::Failed(_)));
        let left = outcome
            .results
            .iter()
            .filter(|result| matches!(result.status, Status::Stopped | Status::NotTried { .. }));
        let (failed, left) = (failed.count(), left.count());
        // The line that fails may be an intent, or one about what was done.
        assert!(failed <= 16 && left > 0, "{failed} failed, {left} left");
    }
    let stage = Stage::open(&interrupted::site()).await;
    let planned = stage.plan(&interrupted::policy()).await;
    let memory = Memory { fails_at: Some(0), ..Memory::default() };
    let begun = applied(&stage, &planned, &[], &memory.journal()).await;
    assert_eq!(begun.unwrap_err().to_string(), "cannot write the journal: no storage space");
    assert_eq!(writes(&stage), []);
}

const ROLES: &str = site_of_ann_and_bob!(
    "roles-transition",
    "
groups:
  eng: {id: g-eng, members: [bob], access: user}
roles:
  Collaborator: {id: r-col, type: system, permissions: [read/space, create/page]}
spaces:
  ENG:
    id: 1
    name: Engineering
    permissions:
      read/space: [user:ann, group:eng]
      create/page: [group:eng]
      delete/page: [group:eng]
      administer/space: [user:ann]
quirks: {role-post-removes-custom-access: false}
"
);

/// No plan sees rows beside a role; the journal of the run that died knows them.
#[tokio::test]
async fn what_a_dead_run_left_beside_a_role_is_found_by_the_next() {
    let policy = "version: 1\nspaces:\n  ENG: {mode: additive, access: {collaborator: [group:eng]}}\n";
    let stage = Stage::open(ROLES).await;
    let planned = stage.plan(policy).await;
    assert_eq!(planned.plan.calls.len(), 1);
    let memory = Memory::default();
    // After the beginning, the intent and the answer.
    assert!(killed_at(4, &stage, &planned, &memory).await.is_none());
    let again = stage.plan(policy).await;
    assert!(again.plan.is_empty());
    let rows = || stage.running.world(|world| world.space_keyed("ENG").unwrap().grants.len());
    let before = rows();

    let folder = Folder::with(&[("20261121T000000.000Z-000.ndjson", &memory.text())]);
    let last = journal::last(&folder.file(""), &SiteKey::default()).unwrap().unwrap();
    assert_eq!(last.cut.map(|cut| (cut.calls, cut.intended, cut.settled)), Some((1, 1, 1)));
    assert_eq!(last.unverified.len(), 1);
    let journal = Memory::default();
    let outcome = applied(&stage, &again, &last.unverified, &journal.journal()).await.unwrap();
    assert!(outcome.is_complete() && outcome.verification.repairs > 0, "{outcome:?}");
    assert!(rows() < before);
    assert_eq!(journal.calls().len(), outcome.verification.repairs);
    // A role that the policy wants no longer is not verified.
    let mut without = again.clone();
    without.after.spaces.values_mut().for_each(|space| Arc::make_mut(space).holdings.clear());
    let outcome = applied(&stage, &without, &last.unverified, &journal.journal()).await.unwrap();
    assert!(outcome.is_complete() && outcome.verification.repairs == 0, "{outcome:?}");
}

/// What a rehearsal on a copy verifies says nothing of the site itself, which answers with the same identity.
#[tokio::test]
async fn a_run_goes_by_the_journals_of_its_own_site() {
    let identity = |cloud_id: &str| SiteIdentity {
        cloud_id: Some(cloud_id.to_owned()),
        base_url: "https://acme.example/wiki".to_owned(),
    };
    let site = SiteKey::new(&identity("one"), None);
    let stage = Stage::open(ROLES).await;
    let planned = stage
        .plan("version: 1\nspaces:\n  ENG: {mode: additive, access: {collaborator: [group:eng]}}\n")
        .await;
    let folder = Folder::with(&[]);
    for key in [
        site.clone(),
        SiteKey::new(&identity("one"), Some("sandbox:copy.yaml")),
        SiteKey::new(&identity("two"), None),
    ] {
        let (journal, _) = Journal::create(&folder.file(""), key, || Timestamp::UNIX_EPOCH).unwrap();
        applied(&stage, &planned, &[], &journal).await.unwrap();
    }
    let last = |key: &SiteKey| journal::last(&folder.file(""), key).unwrap().map(|last| last.path);
    let paths = journals_in(&folder.file(""));
    assert_eq!(last(&site).as_ref(), paths.first());
    assert_eq!(last(&SiteKey::new(&identity("two"), None)).as_ref(), paths.last());
    assert_eq!(last(&SiteKey::new(&identity("three"), None)), None);
}

fn journals_in(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let Ok(entries) = folder.read_dir_utf8() else { return Vec::new() };
    let mut found: Vec<Utf8PathBuf> = entries.map(|entry| entry.unwrap().into_path()).collect();
    found.retain(|path| path.extension() == Some("ndjson"));
    found.sort();
    found
}

fn journals(folder: &Folder) -> Vec<Utf8PathBuf> {
    journals_in(&journal::folder(&folder.file("")))
}

#[test]
fn an_apply_leaves_a_journal_for_its_owner_from_beginning_to_end() {
    let folder = Folder::example("quickstart");
    folder.run(&["plan"]).code(0);
    assert_eq!(journals(&folder), Vec::<Utf8PathBuf>::new());
    folder.run(&["apply", "--yes"]).code(0);
    let found = journals(&folder);
    assert_eq!(found.len(), 1);
    let entries = entries(&std::fs::read_to_string(&found[0]).unwrap());
    assert!(matches!(&entries[0], Entry::Begin { plan, .. } if plan.calls.len() == 13));
    assert!(
        matches!(&entries[entries.len() - 1], Entry::End { complete: true, left, .. } if left.is_empty())
    );
    let done = |entry: &&Entry<'_>| matches!(entry, Entry::Answer { answer: Answer::Done, .. });
    assert_eq!(entries.iter().filter(done).count(), 13);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(found[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    // Nothing to do, nothing to write down.
    let again = folder.run(&["apply", "--yes"]).code(0);
    assert!(again.out.contains("Nothing to change") && again.said("warning:").is_empty(), "{}", again.err);
    assert_eq!(journals(&folder).len(), 1);
}

#[test]
fn without_a_journal_nothing_is_done() {
    let example = Folder::example("quickstart");
    let hosted = Hosted::start(Site::from_yaml(&example.read("site.yaml")).unwrap(), Options::default());
    let folder = Folder::with(&[("confperm.yaml", &example.read("confperm.yaml")), (".confperm", "a file")]);
    let mut command = folder.confperm(&["apply", "--yes"]);
    hosted.point(&mut command);
    let ran = Ran::from(command.output().unwrap()).code(1);
    assert!(ran.said("error:")[0].starts_with("cannot create a journal in "), "{}", ran.err);
    assert!(ran.said("hint:")[0].contains("nothing is done without a journal"), "{}", ran.err);
    assert!(hosted.running.requests().iter().all(|request| !is_write(&request.method, &request.path)));
}

/// Deletes a folder once so many requests that write have arrived, and gives how many arrive in all.
async fn with_the_folder_deleted_after(
    count: usize,
    remove: fn(&Folder),
) -> (usize, usize, ApplyOutcome, Journal) {
    let folder = Folder::with(&[]);
    let stage = Stage::open(&interrupted::site()).await;
    let planned = stage.plan(&interrupted::policy()).await;
    let (journal, _) =
        Journal::create(&journal::folder(&folder.file("")), SiteKey::default(), || Timestamp::UNIX_EPOCH)
            .unwrap();
    let settled = AtomicUsize::new(0);
    let before = AtomicUsize::new(0);
    let on_event = |_: confperm::apply::Event<'_>| {
        if settled.fetch_add(1, Ordering::Relaxed) + 1 == count {
            before.store(writes(&stage).len(), Ordering::Relaxed);
            remove(&folder);
        }
    };
    let stop = Stop::default();
    let applied = confperm::apply::apply(&planned, &[], &stage.site, &journal, &stop, &OPTIONS, &on_event);
    let outcome = applied.await.unwrap();
    (before.into_inner(), writes(&stage).len(), outcome, journal)
}

#[tokio::test]
async fn a_journal_that_is_deleted_in_the_middle_stops_the_run() {
    let file: fn(&Folder) = |folder| std::fs::remove_file(&journals(folder)[0]).unwrap();
    let all: fn(&Folder) = |folder| std::fs::remove_dir_all(folder.path().join(".confperm")).unwrap();
    for remove in [file, all] {
        let (before, after, outcome, journal) = with_the_folder_deleted_after(3, remove).await;
        assert!(journal.is_broken() && !outcome.is_complete());
        // What was under way at that moment had its intent on the disk.
        assert!((1..32).contains(&before) && after - before <= 16, "{before}, then {after}");
        let said: Vec<String> = outcome
            .results
            .iter()
            .filter_map(|result| match &result.status {
                Status::Failed(failure) => Some(failure.to_string()),
                _ => None,
            })
            .collect();
        let removed = "the journal file was removed while the run was going on; nothing further was sent";
        assert!(said.iter().any(|failure| failure == removed), "{said:?}");
    }
    // Under another name it is still there, and an open file knows.
    if cfg!(unix) {
        let moved: fn(&Folder) = |folder| {
            std::fs::rename(folder.path().join(".confperm"), folder.path().join("elsewhere")).unwrap();
        };
        let (_, _, outcome, journal) = with_the_folder_deleted_after(3, moved).await;
        assert!(!journal.is_broken() && outcome.is_complete());
    }
}

#[test]
fn a_run_that_died_is_mentioned_until_another_has_come_to_its_end() {
    let folder = Folder::example("quickstart");
    folder.run(&["apply", "--yes"]).code(0);
    let journal = journals(&folder).remove(0);
    let text = std::fs::read_to_string(&journal).unwrap();
    // As if the last line had been written in part only.
    std::fs::write(&journal, &text[..text.len() - 9]).unwrap();
    let after = folder.run(&["apply", "--yes"]).code(0);
    let said = after.said("warning:");
    assert!(said.len() == 1 && said[0].contains("was cut short"), "{}", after.err);
    assert!(
        said[0].contains("13 of its 13 calls were sent or about to be sent, and the result of 13 is known"),
        "{}",
        after.err
    );
    let again = folder.run(&["apply", "--yes"]).code(0);
    assert!(again.said("warning:").is_empty(), "{}", again.err);
}
