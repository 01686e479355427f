//! What `confperm can` reads of a site, and that its answer does not depend on how much that is.

mod property;
#[path = "../../../benches/sites/world.rs"]
pub(crate) mod world;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};

use confperm::sandbox::world::RoleMode;
use confperm::sandbox::{Options, Request, Site};

use crate::support::{Folder, Hosted, Ran, Reply, sign_in};

/// What the contract allows for one person and page, whatever the size of the site.
const AT_MOST: usize = 12;

/// Person 20 is in team 2, which has space 2.
const SMALL: world::Measures = world::Measures { spaces: 5, people: 100, teams: 10, ..SITE };

const SITE: world::Measures =
    world::Measures { spaces: 5_000, people: 20_000, teams: 2_000, pages: 14, mode: RoleMode::PreRoles };

fn hosted(mode: RoleMode) -> Hosted {
    let world = world::world(world::Measures { mode, ..SITE });
    Hosted::start(Site::in_memory(world), Options { keep_states: false, ..Options::default() })
}

static CLASSIC: LazyLock<Mutex<Hosted>> = LazyLock::new(|| Mutex::new(hosted(RoleMode::PreRoles)));

/// An answer, and what was asked of the site for it.
fn ask(hosted: &Hosted, words: &[&str]) -> (Ran, Vec<Request>) {
    let folder = Folder::with(&[]);
    let before = hosted.running.requests().len();
    let mut command = folder.confperm(words);
    hosted.point(&mut command);
    let ran = Ran::from(command.output().unwrap());
    (ran, hosted.running.requests().split_off(before))
}

fn shown(requests: &[Request]) -> String {
    let calls = requests.iter().map(|each| format!("{} {}?{}", each.method, each.path, each.query));
    calls.collect::<Vec<_>>().join("\n")
}

/// Person 20 is in team 2, which has spaces 2, 2002 and 4002.
#[test]
fn a_question_about_one_person_takes_twelve_requests_at_most_on_a_site_of_any_size() {
    let hosted = CLASSIC.lock().unwrap();
    for (words, answer) in [
        (["can", "u-000020", "view", "S2/Page 0/Page 11/Page 12"], "allowed"),
        (["can", "u-000020", "view", "S4002/id:56041"], "allowed"),
        (["can", "u-000020", "edit", "S2/Page 0/Page 11/Page 12"], "allowed"),
        (["can", "u-000020", "view", "S2"], "allowed"),
        (["can", "u-000020", "restrict", "S2/Page 0/Page 11/Page 12"], "denied"),
        (["can", "u-000020", "view", "S3/Page 0/Page 11/Page 12"], "denied"),
        (["can", "u-000020", "administer", "S2"], "denied"),
        (["can", "anonymous", "view", "S2/Page 0/Page 11/Page 12"], "denied"),
    ] {
        let (ran, requests) = ask(&hosted, &words);
        assert_eq!(ran.out, format!("{answer}\n"), "{words:?}: {}", ran.err);
        assert!(requests.len() <= AT_MOST, "{words:?}: {}\n{}", requests.len(), shown(&requests));
    }
}

/// Roles are read only for a no: their rows show what they give.
#[test]
fn roles_cost_a_yes_nothing() {
    let world = world::world(world::Measures { mode: RoleMode::Roles, ..SMALL });
    let hosted = Hosted::start(Site::in_memory(world), Options::default());
    let (ran, requests) = ask(&hosted, &["can", "u-000020", "view", "S2/Page 0/Page 11/Page 12"]);
    assert_eq!(ran.out, "allowed\n", "{}", ran.err);
    assert!(requests.len() <= AT_MOST, "{}", shown(&requests));
    let (ran, requests) = ask(&hosted, &["can", "u-000020", "view", "S3"]);
    assert_eq!(ran.out, "denied\n", "{}", ran.err);
    assert!(requests.iter().any(|request| request.path.ends_with("/space-roles")), "{}", shown(&requests));
}

/// An answer given through a server that answers some requests itself, and the paths that were asked for.
fn ask_behind(
    answer: impl Fn(&str, &str) -> Option<Reply> + Send + Sync + 'static,
    words: &[&str],
) -> (Ran, Vec<String>) {
    let hosted = Hosted::start(Site::in_memory(world::world(SMALL)), Options::default());
    let front = hosted.behind_uris(move |_, uri| answer(uri.path(), uri.query().unwrap_or_default()));
    let folder = Folder::with(&[]);
    let mut command = folder.confperm(words);
    sign_in(&mut command, &front.url, &hosted.running);
    (Ran::from(command.output().unwrap()), front.seen())
}

fn read_the_tree(seen: &[String]) -> bool {
    seen.iter().any(|call| call.ends_with("/api/v2/spaces/3/pages"))
}

/// Page 12 is for the team alone, and above it are pages 11 and 0. Another one takes the place of page 11 after the lists
/// were read: whether that one keeps the person out is not known.
#[test]
fn a_page_that_moves_while_its_lists_are_read_is_read_anew() {
    let page = |number: u64, parent: serde_json::Value| {
        let kind = if parent.is_null() { serde_json::Value::Null } else { "page".into() };
        serde_json::json!({"id": (29 + number).to_string(), "status": "current", "title": format!("Page {number}"),
            "spaceId": "3", "parentId": parent, "parentType": kind})
    };
    let times = AtomicUsize::new(0);
    let (ran, seen) = ask_behind(
        move |path, _| {
            let again = path.ends_with("/api/v2/pages") && times.fetch_add(1, Ordering::SeqCst) == 1;
            let moved = [page(0, serde_json::Value::Null), page(11, "29".into()), page(12, "30".into())];
            again.then(|| Reply::json(200, &serde_json::json!({"results": moved, "_links": {}})))
        },
        &["can", "u-000020", "view", "S2/Page 0/Page 11/Page 12"],
    );
    assert_eq!(ran.out, "allowed\n", "{}", ran.err);
    assert!(read_the_tree(&seen), "{seen:#?}");
}

/// A search that shows a page and not all that is above it, as it may where it does not know folders, is no reason to
/// read a tree; one that does not show the page at all is, and so is a site that does not tell a person's groups.
#[test]
fn what_the_search_or_the_groups_of_a_person_do_not_tell_is_found_in_another_way() {
    let question = ["can", "u-000020", "view", "S2/Page 0/Page 11/Page 12"];
    let hit = |above: serde_json::Value| {
        let page = serde_json::json!({"id": "41", "type": "page", "title": "Page 12", "ancestors": above});
        serde_json::json!({"results": [page], "size": 1, "limit": 25, "start": 0, "_links": {}})
    };
    let titled = |query: &str| query.contains("title");
    let (ran, seen) = ask_behind(
        move |path, query| {
            let found = path.ends_with("/content/search") && titled(query);
            found.then(|| Reply::json(200, &hit(serde_json::json!([]))))
        },
        &question,
    );
    assert_eq!(ran.out, "allowed\n", "{}", ran.err);
    assert!(!read_the_tree(&seen), "{seen:#?}");
    let (ran, seen) = ask_behind(
        move |path, query| {
            let found = path.ends_with("/content/search") && titled(query);
            let nothing =
                serde_json::json!({"results": [], "size": 0, "limit": 25, "start": 0, "_links": {}});
            found.then(|| Reply::json(200, &nothing))
        },
        &question,
    );
    assert_eq!(ran.out, "allowed\n", "{}", ran.err);
    assert!(read_the_tree(&seen), "{seen:#?}");
    let (ran, seen) =
        ask_behind(|path, _| path.ends_with("/user/memberof").then(|| Reply::v1(403, "no")), &question);
    assert_eq!(ran.out, "allowed\n", "{}", ran.err);
    assert!(seen.iter().any(|call| call.ends_with("/membersByGroupId")), "{seen:#?}");
}

/// A site that rejects the list by ids is read space by space.
#[test]
fn a_rejected_list_by_id_ends_no_question() {
    let (ran, seen) = ask_behind(
        |path, query| {
            let is_by_id = path.ends_with("/api/v2/pages") && query.starts_with("id=");
            is_by_id.then(|| Reply::v1(400, "no"))
        },
        &["can", "u-000020", "view", "S2/Page 0/Page 11/Page 12"],
    );
    assert_eq!(ran.out, "allowed\n", "{}", ran.err);
    assert!(read_the_tree(&seen), "{seen:#?}");
}

/// A group of Jira Service Management is a sign of it also where it holds a row in the space.
#[test]
fn a_service_desk_whose_group_has_a_row_leaves_the_answer_open() {
    let state = "kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, caller: ann}
users:
  ann: {account-id: u-ann, name: Ann, confluence-admin: true}
  bob: {account-id: u-000002, name: Bob}
groups:
  staff: {id: g-staff, members: [ann, bob], access: user}
  jira-servicemanagement-users: {id: g-desk}
spaces:
  KB:
    id: 1
    name: Knowledge
    unlicensed-access: true
    permissions: {read/space: [user:ann, group:jira-servicemanagement-users], administer/space: [user:ann]}
    pages: [{id: 11, title: Home}]
";
    let hosted = Hosted::start(Site::from_yaml(state).unwrap(), Options::default());
    for object in ["KB", "KB/Home"] {
        let (ran, _) = ask(&hosted, &["can", "u-000002", "view", object]);
        assert_eq!(ran.out, "unknown\n", "{}", ran.err);
    }
}

/// A customer on a list of the page, or among the people of the policy, is a sign of Jira Service Management too.
#[test]
fn a_customer_on_a_list_or_in_the_policy_leaves_the_answer_open() {
    let state = "kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, caller: ann}
users:
  ann: {account-id: u-ann, name: Ann, confluence-admin: true}
  bob: {account-id: u-000002, name: Bob}
  cust: {account-id: u-cust, name: Cust, type: customer}
groups:
  staff: {id: g-staff, members: [ann, bob], access: user}
spaces:
  KB:
    id: 1
    name: Knowledge
    permissions: {read/space: [user:ann], administer/space: [user:ann]}
    pages: [{id: 11, title: Home, edit: [user:ann, user:cust], children: [{id: 12, title: Below}]}, {id: 13, title: Other}]
";
    let hosted = Hosted::start(Site::from_yaml(state).unwrap(), Options::default());
    for (object, answer) in
        [("KB/Home", "unknown"), ("KB/Home/Below", "unknown"), ("KB/Other", "denied"), ("KB", "denied")]
    {
        for command in ["can", "explain"] {
            let (ran, _) = ask(&hosted, &[command, "u-000002", "view", object, "--format", "json"]);
            let said: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
            assert_eq!(said["answer"], answer, "{command} {object}: {}", ran.err);
        }
    }
    let policy = "version: 1
people: {bob: u-000002, cust: u-cust}
spaces: {KB: {mode: additive, access: {export/space: [user:cust]}}}
";
    let folder = Folder::with(&[("confperm.yaml", policy)]);
    for object in ["KB", "KB/Other"] {
        let mut command = folder.confperm(&["can", "bob", "view", object]);
        hosted.point(&mut command);
        let ran = Ran::from(command.output().unwrap());
        assert_eq!(ran.out, "unknown\n", "{object}: {}", ran.err);
    }
}
