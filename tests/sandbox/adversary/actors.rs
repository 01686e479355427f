//! Other people at work: each trigger, each action, and actions that do not apply.

use confperm::sandbox::adversary::{Actor, When};
use confperm::sandbox::world::{Action, NotApplicable, Place};

use super::*;

/// Renames page 2 when the time has come.
fn renames(when: When) -> Adversary {
    let action = Action::RenamePage { content: OPEN, title: "Renamed".to_owned() };
    Adversary::default().actor(Actor::new(when, [action]))
}

fn title(site: &Client) -> String {
    site.running.world(|world| world.content(OPEN).unwrap().title.clone())
}

#[tokio::test]
async fn an_actor_acts_before_the_nth_request_of_a_pattern() {
    let site = serve(renames(When::Before("GET:/pages/*".parse().unwrap(), 2))).await;
    let page = async || site.get("/wiki/api/v2/pages/2").await.body["title"].clone();
    assert_eq!((page().await, page().await), (json!("Open"), json!("Renamed")));
    site.running.change(|world| world.content_mut(OPEN).unwrap().title = "Again".to_owned());
    assert_eq!(page().await, "Again", "an actor acts once");
    assert_eq!(site.running.log().acts.len(), 1);
}

#[tokio::test]
async fn an_actor_acts_after_an_object_was_read() {
    let from_ancestors = "/wiki/rest/api/content/search?cql=id%3D4&expand=ancestors.restrictions.read";
    for (when, path) in [
        (When::after_rows(ENG, 2), ROWS),
        (When::after_rows(ENG, 2), "/wiki/api/v2/spaces/101?include-permissions=true"),
        (When::after_roles(ENG, 2), ROLES),
        (When::after_lists(OPEN, 2), LISTS),
        (When::after_lists(OPEN, 2), "/wiki/rest/api/content/2/restriction/byOperation/read"),
        (When::after_search(OPEN, 2), SEARCH),
        (When::after_search(CLOSED, 2), from_ancestors),
    ] {
        let site = serve(renames(when.clone())).await;
        site.get("/wiki/api/v2/spaces/103/permissions").await;
        site.get("/wiki/rest/api/content/20/restriction").await;
        site.get(path).await;
        assert_eq!(title(&site), "Open", "{when:?}");
        site.get(path).await;
        assert_eq!(title(&site), "Renamed", "{when:?}");
    }
}

#[tokio::test]
async fn an_actor_acts_between_two_writes() {
    let site = serve(renames(When::AfterWrite("*".parse().unwrap(), 2))).await;
    put_view(&site, "a-ann").await;
    put_view(&site, "nobody").await.v1_error(400, "Unknown subject");
    assert_eq!(title(&site), "Open", "what is refused is no write");
    site.grant("group g-ops read/space").await;
    assert_eq!(title(&site), "Renamed");
    let grants = "POST:/space/*/permission".parse().unwrap();
    let site = serve(renames(When::AfterWrite(grants, 1))).await;
    put_view(&site, "a-ann").await;
    assert_eq!(title(&site), "Open");
    site.grant("group g-ops read/space").await;
    assert_eq!(title(&site), "Renamed");
}

/// Carries actions out one after another and says what became of each.
fn act(site: &Client, actions: Vec<Action>) -> Vec<Result<(), NotApplicable>> {
    actions.into_iter().map(|action| site.running.act(action).unwrap()).collect()
}

#[tokio::test]
async fn grants_and_roles_come_and_go() {
    let site = serve(Adversary::default()).await;
    let grant = |pair| Action::Grant { space: ENG, principal: group("g-ops"), pair };
    let revoke = |pair| Action::Revoke { space: ENG, principal: group("g-ops"), pair };
    let results = act(
        &site,
        vec![
            grant(Pair::CreatePage),
            grant(Pair::ReadSpace),
            grant(Pair::CreatePage),
            grant(Pair::CreatePage),
            Action::Grant { space: ENG, principal: group("nope"), pair: Pair::ReadSpace },
            Action::Grant { space: SpaceId(9), principal: group("g-ops"), pair: Pair::ReadSpace },
        ],
    );
    assert_eq!(results[..4], [Err(NotApplicable::ReadFirst), Ok(()), Ok(()), Err(NotApplicable::NoChange)]);
    assert_eq!(
        results[4..],
        [
            Err(NotApplicable::Missing("group nope".to_owned())),
            Err(NotApplicable::Missing("space 9".to_owned()))
        ]
    );
    assert_eq!(site.pairs_of("group g-ops").await, "create/page read/space", "without a companion");
    assert_eq!(
        act(&site, vec![revoke(Pair::ReadSpace), revoke(Pair::ReadSpace)]),
        [Ok(()), Err(NotApplicable::NoChange)]
    );
    assert_eq!(site.pairs_of("group g-ops").await, "");

    let assign = |role| Action::AssignRole { space: ENG, principal: user("a-eve"), role: RoleId::from(role) };
    let remove = || Action::RemoveRole { space: ENG, principal: user("a-eve") };
    let results = act(&site, vec![assign("r-viewer"), assign("r-admin"), assign("none"), remove(), remove()]);
    let gone = NotApplicable::Missing("role none".to_owned());
    assert_eq!(results, [Ok(()), Ok(()), Err(gone), Ok(()), Err(NotApplicable::NoChange)]);
    let classic = serve_as(Setup { mode: "pre-roles", ..Setup::default() }, Adversary::default()).await;
    assert_eq!(act(&classic, vec![assign("r-viewer")]), [Err(NotApplicable::NoRoles)]);
}

#[tokio::test]
async fn lists_are_set_extended_shortened_and_opened() {
    let site = serve(Adversary::default()).await;
    let list = ListKind::Read;
    let steps = [
        (Action::SetList { content: OPEN, list, principals: [user("a-bob")].into() }, "User((a-bob))"),
        (
            Action::AddToList { content: OPEN, list, principal: group("g-eng") },
            "User((a-bob)) Group((g-eng))",
        ),
        (Action::RemoveFromList { content: OPEN, list, principal: user("a-bob") }, "Group((g-eng))"),
        (Action::ClearList { content: OPEN, list }, ""),
    ];
    for (action, expected) in steps {
        assert_eq!(act(&site, vec![action.clone(), action]), [Ok(()), Err(NotApplicable::NoChange)]);
        assert_eq!(site.lists(2), format!("read: {expected}; update: "));
    }
    let odd = Action::AddToList { content: OPEN, list, principal: Principal::Anonymous };
    let trashed = Action::ClearList { content: ContentId(8), list };
    let results = act(&site, vec![odd, trashed]);
    assert_eq!(
        results,
        [Err(NotApplicable::NotListable), Err(NotApplicable::Missing("content 8".to_owned()))]
    );
}

#[tokio::test]
async fn pages_are_renamed_moved_archived_and_deleted() {
    let site = serve(Adversary::default()).await;
    let moves = |id, to| Action::MovePage { content: ContentId(id), to };
    let results = act(
        &site,
        vec![
            moves(3, Place::Below(OPEN)),
            moves(OPEN.0, Place::Below(ContentId(4))),
            moves(20, Place::Below(OPEN)),
            moves(3, Place::Below(OPEN)),
        ],
    );
    let no_place = || Err(NotApplicable::NoPlace);
    assert_eq!(results, [Ok(()), no_place(), no_place(), Err(NotApplicable::NoChange)]);
    assert_eq!(site.get("/wiki/api/v2/pages/3").await.body["parentId"], "2");

    assert_eq!(act(&site, vec![moves(OPEN.0, Place::Top(SpaceId(103)))]), [Ok(())]);
    let moved = site.get("/wiki/api/v2/pages/4").await.body;
    assert_eq!((&moved["spaceId"], &moved["parentId"]), (&json!("103"), &json!("3")));
    let log = site.running.log();
    let touched: Vec<_> = log.acts.last().unwrap().changes.iter().map(|c| c.object.to_string()).collect();
    assert_eq!(touched, ["content 2", "content 3", "content 4"]);
    let there = site.get("/wiki/api/v2/spaces/103/pages?limit=250").await.each("id");
    let here = site.get("/wiki/api/v2/spaces/101/pages?limit=250").await.each("id");
    assert!(["2", "3", "4"].iter().all(|id| there.contains(&(*id).to_owned())), "{there:?}");
    assert!(!here.contains(&"2".to_owned()) && !here.contains(&"4".to_owned()), "{here:?}");

    let results =
        act(&site, vec![Action::ArchivePage { content: CLOSED }, Action::DeletePage { content: CLOSED }]);
    assert_eq!(results, [Ok(()), Ok(())]);
    assert_eq!(site.get("/wiki/api/v2/pages/3").await.status, 404);
    assert_eq!(site.get("/wiki/api/v2/pages/4").await.body["parentId"], "2", "children move up");
    assert_eq!(site.running.world(|world| world.content(CLOSED).unwrap().status), Status::Trashed);
}

#[tokio::test]
async fn groups_and_spaces_change_too() {
    let site = serve(Adversary::default()).await;
    let (eng, eve) = (GroupId::from("g-eng"), AccountId::from("a-eve"));
    let results = act(
        &site,
        vec![
            Action::RenameGroup { group: eng.clone(), name: "builders".to_owned() },
            Action::RenameSpace { space: ENG, name: "Building".to_owned() },
            Action::AddMember { group: eng.clone(), account: eve.clone() },
            Action::AddMember { group: eng.clone(), account: eve.clone() },
            Action::RemoveMember { group: eng.clone(), account: AccountId::from("a-bob") },
        ],
    );
    assert_eq!(results, [Ok(()), Ok(()), Ok(()), Err(NotApplicable::NoChange), Ok(())]);
    assert_eq!(site.get("/wiki/rest/api/group/by-id?id=g-eng").await.body["name"], "builders");
    assert_eq!(site.get("/wiki/api/v2/spaces/101").await.body["name"], "Building");
    let members = site.get("/wiki/rest/api/group/g-eng/membersByGroupId").await;
    assert_eq!(members.each("accountId"), ["a-ann", "a-eve"]);
    let of_eve = site.get("/wiki/rest/api/user/memberof?accountId=a-eve").await.each("id");
    assert!(of_eve.contains(&"g-eng".to_owned()));
    let key = |key: &str| Action::ChangeSpaceKey { space: ENG, key: key.to_owned() };
    assert_eq!(act(&site, vec![key("BUILD"), key("BUILD")]), [Ok(()), Err(NotApplicable::NoChange)]);
    assert_eq!(site.get("/wiki/api/v2/spaces?ids=101").await.body["results"][0]["key"], "BUILD");
    assert_eq!(site.get("/wiki/api/v2/spaces?keys=ENG").await.body["results"], serde_json::json!([]));
    assert_eq!(act(&site, vec![Action::DeleteGroup { group: eng.clone() }]), [Ok(())]);
    assert_eq!(site.get("/wiki/rest/api/group/by-id?id=g-eng").await.status, 404);
    assert_eq!(
        act(&site, vec![Action::DeleteGroup { group: eng }]),
        [Err(NotApplicable::Missing("group g-eng".to_owned()))]
    );
}
