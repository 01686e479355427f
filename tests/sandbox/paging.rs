//! Turning pages in v1 and v2.

use crate::support::{Client, Setup};

async fn follow(site: &Client, first: &str, field: &str) -> (Vec<String>, usize, usize) {
    let (mut seen, mut pages, mut empty, mut path) = (Vec::new(), 0, 0, first.to_owned());
    loop {
        let reply = site.get(&path).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        let results = reply.each(field);
        pages += 1;
        empty += usize::from(results.is_empty());
        seen.extend(results);
        match reply.body["_links"]["next"].as_str() {
            None => return (seen, pages, empty),
            Some(next) if next.starts_with("/wiki") => {
                let link = reply.headers["link"].to_str().unwrap();
                assert!(link.starts_with(&format!("<{next}>; rel=\"next\", <https://")), "{link}");
                next.clone_into(&mut path);
            }
            Some(next) => path = format!("/wiki{next}"),
        }
        assert!(pages < 100, "it has to end");
    }
}

#[tokio::test]
async fn following_next_shows_everything_once_with_and_without_empty_pages() {
    for quirks in ["", "empty-pages: true"] {
        let site = Setup::quirks(quirks).serve().await;
        for (path, field, count) in [
            ("/wiki/api/v2/spaces/101/permissions?limit=3", "id", 11),
            ("/wiki/api/v2/spaces/101/pages?limit=2", "id", 7),
            ("/wiki/api/v2/spaces?limit=1&sort=-name", "id", 2),
            ("/wiki/rest/api/group?limit=1", "id", 3),
            ("/wiki/rest/api/group/g-eng/membersByGroupId?limit=1", "accountId", 2),
            ("/wiki/rest/api/content/search?cql=space%3DENG&limit=2", "id", 8),
        ] {
            let (mut seen, pages, empty) = follow(&site, path, field).await;
            assert_eq!(seen.len(), count, "{path}");
            seen.sort();
            seen.dedup();
            assert_eq!(seen.len(), count, "{path} shows something twice");
            assert!(pages > 1);
            assert_eq!(empty > 0, !quirks.is_empty(), "{path}");
        }
    }
}

#[tokio::test]
async fn a_cursor_that_is_none_is_refused_and_rows_may_vanish_meanwhile() {
    let site = Setup::default().serve().await;
    site.get("/wiki/api/v2/spaces?cursor=17").await.v2_error(400, "INVALID_REQUEST_PARAMETER");
    let first = site.get("/wiki/api/v2/spaces/101/permissions?limit=3").await;
    let rest = first.body["_links"]["next"].as_str().unwrap().to_owned();
    let id = &first.each("id")[1];
    site.delete(&format!("/wiki/rest/api/space/ENG/permission/{id}")).await;
    let next = site.get(&rest.replace("limit=3", "limit=250")).await;
    assert!(next.each("id").len() >= 5 && first.each("id").iter().all(|id| !next.each("id").contains(id)));
}

#[tokio::test]
async fn v1_limits_are_lowered_silently() {
    let site = Setup::quirks("page-cap: 1").serve().await;
    let reply = site.get("/wiki/rest/api/group?limit=200").await;
    assert_eq!((&reply.body["limit"], &reply.body["size"]), (&1.into(), &1.into()));
    let next = reply.body["_links"]["next"].as_str().unwrap();
    assert!(next.starts_with("/rest/api/group?") && next.contains("start=1"), "no /wiki in front: {next}");
}
