//! The section `adversary:` of a state file, a file of actors, and what is kept between runs.

use camino::{Utf8Path, Utf8PathBuf};
use confperm::sandbox::adversary::{Actor, Delay, Facet, Kill, When};
use confperm::sandbox::state;
use confperm::sandbox::world::{Action, Place};

use super::*;

fn with(section: &str) -> String {
    format!("{}\nadversary:\n{section}", Setup::default().yaml())
}

fn read(section: &str) -> Adversary {
    let text = with(section);
    Site::from_yaml(&text).unwrap_or_else(|error| panic!("{error}\n{text}")).adversary().clone()
}

#[test]
fn a_section_says_what_the_builders_say() {
    let section = r#"
  actors:
    - {name: one, when: {before: "PUT:/content/*/restriction", nth: 2}, does: [{set-list: {page: 2, list: view, who: [user:ann]}}]}
    - {when: {after-write: "*"}, does: [{grant: {space: ENG, who: group:ops, permission: read/space}}]}
    - {when: {after-rows-of: ENG}, does: [{move-page: {page: 3, below: 2}}, {move-page-to-top: {page: 3, space: WWW}}]}
    - {when: {after-roles-of: ENG}, does: [{assign-role: {space: ENG, who: anonymous, role: Viewer}}]}
    - {when: {after-lists-of: 2}, does: [{add-member: {group: eng, user: eve}}]}
    - {when: {after-search-with: 2}, does: [{add-to-list: {page: 2, list: edit, who: "group-id:gone"}}]}
  lag: {rows: 2, search: 300ms}
  fail: ["403:PUT:/content/*/restriction:1"]
  hide: {systemInfo: 403}
  mangle: ["endless:/pages", "null=parentId:/pages:2"]
  kill: {after-write: 3}
"#;
    let lists = ListKind::Read;
    let when = When::Before("PUT:/content/*/restriction".parse().unwrap(), 2);
    let expected = Adversary::default()
        .actor(
            Actor::new(
                when,
                [Action::SetList { content: OPEN, list: lists, principals: [user("a-ann")].into() }],
            )
            .named("one"),
        )
        .actor(Actor::new(
            When::AfterWrite("*".parse().unwrap(), 1),
            [Action::Grant { space: ENG, principal: group("g-ops"), pair: Pair::ReadSpace }],
        ))
        .actor(Actor::new(
            When::after_rows(ENG, 1),
            [Place::Below(OPEN), Place::Top(SpaceId(103))].map(|to| Action::MovePage { content: CLOSED, to }),
        ))
        .actor(Actor::new(
            When::after_roles(ENG, 1),
            [Action::AssignRole {
                space: ENG,
                principal: Principal::Anonymous,
                role: RoleId::from("r-viewer"),
            }],
        ))
        .actor(Actor::new(
            When::after_lists(OPEN, 1),
            [Action::AddMember { group: GroupId::from("g-eng"), account: AccountId::from("a-eve") }],
        ))
        .actor(Actor::new(
            When::after_search(OPEN, 1),
            [Action::AddToList { content: OPEN, list: ListKind::Update, principal: group("gone") }],
        ))
        .lag(Facet::Rows, Delay::Reads(2))
        .lag(Facet::Search, Delay::Time(std::time::Duration::from_millis(300)))
        .disrupt("403:PUT:/content/*/restriction:1".parse().unwrap())
        .hide("systemInfo=403".parse().unwrap())
        .mangle("endless:/pages".parse().unwrap())
        .mangle("null=parentId:/pages:2".parse().unwrap())
        .kill(Kill::AfterWrite(3));
    assert_eq!(read(section), expected);
    assert_eq!(read("  {}"), Adversary::default());
}

#[test]
fn mistakes_are_named_with_their_place() {
    for (section, message) in [
        ("  fail: [\"403:PUT\"]", "adversary.fail[0]: `403:PUT` is not a failure"),
        ("  hide: {pages: 404}", "adversary.hide.pages"),
        ("  hide: {groups: 500}", "adversary.hide.groups"),
        ("  lag: {rows: soon}", "adversary.lag.rows: `soon` is not a delay"),
        ("  lag: {pages: 1}", "unknown field `pages`"),
        ("  mangle: [\"burn:/pages\"]", "`burn` is not the name of a mangling: empty-with-size, "),
        ("  kill: {after-write: 0}", "adversary.kill: takes"),
        ("  kill: {after-write: 1, before-write: 1}", "adversary.kill: takes"),
        ("  actors: [{when: {nth: 2}, does: []}]", "adversary.actors[0].when: takes one of"),
        ("  actors: [{when: {before: \"*\", after-write: \"*\"}, does: []}]", "adversary.actors[0].when"),
        ("  actors: [{when: {before: \"*\", nth: 0}, does: []}]", "counts from 1"),
        (
            "  actors: [{when: {after-rows-of: NOPE}, does: []}]",
            "adversary.actors[0]: there is no space `NOPE`",
        ),
        ("  actors: [{when: {before: \"*\"}, does: [{burn: {page: 2}}]}]", "unknown variant `burn`"),
        ("  actors: [{when: {before: \"*\"}, does: [{archive-page: {page: 99}}]}]", "there is no content 99"),
        (
            "  actors: [{when: {before: \"*\"}, does: [{delete-group: {group: no}}]}]",
            "there is no `no` under `groups`",
        ),
    ] {
        let error = Site::from_yaml(&with(section)).unwrap_err().to_string();
        assert!(error.contains(message), "{section}: {error}");
    }
}

#[test]
fn a_file_of_actors_is_read_in_the_names_of_the_site() {
    let world = state::parse(&Setup::default().yaml()).unwrap();
    let text = "- {when: {before: \"*\"}, does: [{archive-page: {page: 2}}]}\n";
    let when = When::Before("*".parse().unwrap(), 1);
    let expected = Actor::new(when, [Action::ArchivePage { content: OPEN }]);
    assert_eq!(state::parse_actors(text, &world).unwrap(), [expected]);
    let error = state::parse_actors(&text.replace("page: 2", "page: 99"), &world).unwrap_err().to_string();
    assert!(error.contains("[0]: there is no content 99"), "{error}");
}

const ONCE: &str = "
  actors: [{when: {before: \"PUT:/**\"}, does: [{rename-page: {page: 3, title: Renamed}}]}]
  kill: {before-write: 2}
";

fn file() -> (tempfile::TempDir, Utf8PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = Utf8Path::from_path(folder.path()).unwrap().join("site.yaml");
    std::fs::write(&path, with(ONCE)).unwrap();
    (folder, path)
}

async fn open(path: &Utf8Path) -> Client {
    let opened = Site::open(path).unwrap();
    assert_eq!(opened.note, None);
    Client::serve(opened.site, Options::default()).await
}

#[tokio::test]
async fn what_other_people_did_is_there_in_the_next_run_and_not_done_again() {
    let (_folder, path) = file();
    let title = async |site: &Client| site.get("/wiki/api/v2/pages/3").await.body["title"].clone();
    let first = open(&path).await;
    assert_eq!(try_put(&first, "a-ann").await, Some(200));
    assert_eq!(title(&first).await, "Renamed");
    assert_eq!(try_put(&first, "a-ann").await, None, "killed");

    let second = open(&path).await;
    assert_eq!(title(&second).await, "Renamed");
    assert!(
        second.running.act(Action::RenamePage { content: CLOSED, title: "Back".to_owned() }).unwrap().is_ok()
    );
    for _ in 0..3 {
        assert_eq!(try_put(&second, "a-ann").await, Some(200), "killed once only");
    }
    assert_eq!(title(&second).await, "Back");
    assert_eq!(title(&open(&path).await).await, "Back");

    assert!(confperm::sandbox::reset(&path).unwrap());
    let third = open(&path).await;
    assert_eq!(try_put(&third, "a-ann").await, Some(200));
    assert_eq!(title(&third).await, "Renamed", "after a reset actors act again");
}
