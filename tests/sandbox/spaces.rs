//! Reading spaces and the content tree: what is there, and what the caller gets to see.

use confperm::sandbox::world::{Action, ContentId, NotApplicable};
use serde_json::json;

use crate::support::Setup;

#[tokio::test]
async fn only_visible_spaces_are_listed() {
    let site = Setup::default().serve().await;
    assert_eq!(site.get("/wiki/api/v2/spaces").await.each("key"), ["ENG", "WWW"]);
    assert_eq!(site.get_as("eve", "/wiki/api/v2/spaces").await.each("key"), ["OPS", "WWW"]);
    assert_eq!(site.get("/wiki/api/v2/spaces?keys=WWW,OPS,NOPE").await.each("id"), ["103"]);
    assert_eq!(site.get("/wiki/api/v2/spaces?ids=101&ids=102").await.each("key"), ["ENG"]);
    assert_eq!(site.get("/wiki/api/v2/spaces?type=collaboration").await.each("key"), ["WWW"]);
    assert_eq!(site.get("/wiki/api/v2/spaces?sort=-name").await.each("key"), ["WWW", "ENG"]);
    assert_eq!(site.get("/wiki/api/v2/spaces?labels=team").await.each("key"), ["ENG"]);
    assert_eq!(site.get("/wiki/api/v2/spaces?labels=none").await.each("key"), Vec::<String>::new());
    assert_eq!(site.get("/wiki/api/v2/spaces/101/labels").await.each("name"), ["team"]);
    site.get("/wiki/api/v2/spaces/102/labels").await.v2_error(404, "NOT_FOUND");
    site.get("/wiki/api/v2/spaces?type=x").await.v2_error(400, "INVALID_REQUEST_PARAMETER");
    site.get("/wiki/api/v2/spaces?limit=251").await.v2_error(400, "INVALID_REQUEST_PARAMETER");
    site.get("/wiki/api/v2/spaces/102").await.v2_error(404, "NOT_FOUND");
    let space = site.get("/wiki/api/v2/spaces/101?include-permissions=true").await;
    assert_eq!((&space.body["id"], &space.body["homepageId"]), (&json!("101"), &json!("1")));
    assert_eq!(space.body["permissions"]["meta"]["hasMore"], false);
}

#[tokio::test]
async fn pages_come_without_what_is_hidden_or_trashed() {
    let site = Setup::default().serve().await;
    let pages = "/wiki/api/v2/spaces/101/pages";
    assert_eq!(site.get(pages).await.each("id"), ["1", "2", "3", "4", "7", "9", "10"]);
    assert_eq!(site.get_as("bob", pages).await.each("id"), ["1", "2", "7", "9", "10"]);
    assert_eq!(site.get(&format!("{pages}?status=archived")).await.each("id"), ["10"]);
    assert_eq!(site.get(&format!("{pages}?depth=root")).await.each("id"), ["1"]);
    assert_eq!(site.get(&format!("{pages}?title=Open")).await.each("parentId"), ["1"]);
    assert_eq!(site.get("/wiki/api/v2/pages?id=2,5,30,7").await.each("parentType"), ["page", "folder"]);
    assert_eq!(site.get("/wiki/api/v2/spaces/101/blogposts").await.each("id"), ["20"]);
    assert_eq!(site.get("/wiki/api/v2/blogposts?space-id=101").await.each("title"), ["News"]);
    // The API archives pages only.
    let archived = site.running.change(|world| world.act(&Action::ArchivePage { content: ContentId(20) }));
    assert_eq!(archived, Err(NotApplicable::NoPage));
}

#[tokio::test]
async fn an_id_of_another_type_is_not_found() {
    let site = Setup::default().serve().await;
    assert_eq!(site.get("/wiki/api/v2/folders/6").await.body["type"], "folder");
    site.get("/wiki/api/v2/pages/6").await.v2_error(404, "NOT_FOUND");
    site.get("/wiki/api/v2/folders/2").await.v2_error(404, "NOT_FOUND");
    site.get("/wiki/api/v2/pages/x").await.v2_error(400, "INVALID_REQUEST_PARAMETER");
    let types =
        site.post("/wiki/api/v2/content/convert-ids-to-types", json!({"contentIds": ["6", 2, "5"]})).await;
    assert_eq!(types.body["results"], json!({"6": "folder", "2": "page", "5": null}));
}

#[tokio::test]
async fn the_tree_is_walked_up_and_down() {
    let site = Setup::default().serve().await;
    let up = site.get("/wiki/api/v2/pages/7/ancestors").await;
    assert_eq!(up.body["results"], json!([{"id": "1", "type": "page"}, {"id": "6", "type": "folder"}]));
    assert_eq!(site.get("/wiki/api/v2/pages/7/ancestors?limit=1").await.each("id"), ["6"]);
    let folder = site.get("/wiki/api/v2/folders/6/ancestors").await;
    assert_eq!(folder.each("id"), ["1"]);
    assert!(folder.body.get("_links").is_none() && up.body.get("_links").is_some());
    for below in ["ancestors", "direct-children", "descendants"] {
        site.get(&format!("/wiki/api/v2/blogposts/20/{below}")).await.v2_error(404, "NOT_FOUND");
    }
    assert_eq!(site.get("/wiki/api/v2/pages/1/direct-children").await.each("id"), ["2", "3", "6", "10"]);
    let down = site.get("/wiki/api/v2/pages/1/descendants").await;
    assert_eq!(down.each("id"), ["2", "3", "6", "10", "4", "7"]);
    assert_eq!(down.each("depth"), ["1", "1", "1", "1", "2", "2"]);
    assert_eq!(site.get("/wiki/api/v2/pages/1/descendants?depth=1").await.each("id").len(), 4);
    site.get("/wiki/api/v2/pages/1/descendants?depth=11").await.v2_error(400, "INVALID_REQUEST_PARAMETER");
    assert_eq!(site.get("/wiki/api/v2/folders/6/direct-children").await.each("title"), ["In folder"]);
}

#[tokio::test]
async fn operations_are_the_callers_own() {
    let site = Setup::default().serve().await;
    let operations = |reply: crate::support::Reply| {
        let all = reply.body["operations"].as_array().unwrap().clone();
        all.iter()
            .map(|o| format!("{}/{}", o["operation"], o["targetType"]).replace('"', ""))
            .collect::<Vec<_>>()
            .join(" ")
    };
    let space = operations(site.get_as("bob", "/wiki/api/v2/spaces/101/operations").await);
    assert_eq!(space, "read/space create/page update/page create/comment delete/space");
    let page = operations(site.get_as("bob", "/wiki/api/v2/pages/2/operations").await);
    assert_eq!(page, "read/page update/page delete/page create/comment");
    let page = operations(site.get("/wiki/api/v2/pages/3/operations").await);
    assert!(page.contains("restrict_content/page"), "{page}");
}
