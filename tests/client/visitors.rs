//! What a site shows to a reader who is not signed in: asked without credentials, at its own address.

use std::collections::BTreeSet;

use confperm::confluence::{Cloud, Read as _, Visitors};
use confperm::model::{SpaceKey, Why};
use serde_json::json;

use crate::server::{Reply, Seen, Server, cloud, home};

fn keys(names: &[&str]) -> BTreeSet<SpaceKey> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

/// A site with this answer to the first question of a visitor, that shows visitors the space `DOCS`.
async fn site(anonymous: impl Fn() -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |seen: &Seen| match seen.path.trim_start_matches("/ex/confluence/c1") {
        "/wiki/rest/api/user/anonymous" => anonymous(),
        "/wiki/api/v2/spaces" => {
            let docs =
                json!({"id": "7", "key": "DOCS", "name": "Docs", "type": "global", "status": "current"});
            Reply::json(&json!({"results": [docs], "_links": {}}))
        }
        path => {
            let seen = Seen { path: path.to_owned(), ..seen.clone() };
            home(&seen, "PRE_ROLES").unwrap_or_else(|| Reply::status(404, &json!({})))
        }
    })
    .await
}

async fn asked(site: &Cloud) -> Visitors {
    site.visitors(&keys(&["DOCS", "ENG"])).await
}

fn unsigned(server: &Server) -> Vec<String> {
    let seen = server.seen();
    seen.iter()
        .filter(|seen| !seen.headers.contains_key("authorization"))
        .map(|seen| seen.path.clone())
        .collect()
}

#[tokio::test]
async fn visitors_see_what_the_site_shows_without_credentials() {
    let server = site(|| Reply::json(&json!({"type": "anonymous", "displayName": "Anonymous"}))).await;
    assert_eq!(asked(&server.cloud()).await, Visitors::See(keys(&["DOCS"])));
    assert_eq!(unsigned(&server), ["/wiki/rest/api/user/anonymous", "/wiki/api/v2/spaces"]);
}

#[tokio::test]
async fn a_site_that_lets_no_visitor_in_is_asked_once() {
    let server =
        site(|| Reply::status(403, &json!({"message": "User is not permitted to use Confluence"}))).await;
    assert_eq!(asked(&server.cloud()).await, Visitors::Refused);
    assert_eq!(unsigned(&server), ["/wiki/rest/api/user/anonymous"]);
}

#[tokio::test]
async fn any_other_answer_says_nothing_of_visitors() {
    for answer in [
        || Reply::status(401, &json!({"message": "Unauthorized"})),
        || Reply::status(404, &json!({})),
        || Reply::text(200, "text/html", "<title>Log in</title>"),
        || Reply::text(403, "text/html", "<title>Blocked by the proxy</title>"),
    ] {
        let server = site(answer).await;
        assert_eq!(asked(&server.cloud()).await, Visitors::Unknown(Why::NoApi));
    }
    let signed_in = site(|| Reply::json(&json!({"type": "known", "accountId": "me"}))).await;
    assert_eq!(asked(&signed_in.cloud()).await, Visitors::Unknown(Why::Contradictory));
}

/// The gateway answers no request without credentials, so the site itself is asked.
#[tokio::test]
async fn through_the_gateway_the_site_beside_it_is_asked() {
    let server = site(|| Reply::json(&json!({"type": "anonymous"}))).await;
    let gateway = server.address.replace("/wiki", "/ex/confluence/c1");
    assert_eq!(asked(&cloud(&gateway)).await, Visitors::See(keys(&["DOCS"])));
    assert_eq!(unsigned(&server), ["/wiki/rest/api/user/anonymous", "/wiki/api/v2/spaces"]);
}
