//! A served site and a client that signs in, so that a test is a list of requests and answers.

use confperm::sandbox::{self, Options, Running, Site, world::ContentId};
use reqwest::Method;
use serde_json::{Value, json};

/// A site with a bit of everything. `{quirks}` and the like are put in by the tests.
pub(crate) const SITE: &str = r#"
kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: MODE, edition: EDITION, anonymous: ANON, caller: ann, cloud-id: cloud-1}
users:
  ann: {account-id: a-ann, name: Ann, email: ann@x.com, confluence-admin: true}
  bob: {account-id: a-bob, name: Bob, email: bob@x.com}
  eve: {account-id: a-eve, name: Eve, email: eve@x.com}
  ex: {account-id: a-ex, name: Ex, email: ex@x.com, status: inactive}
  gus: {account-id: a-gus, name: Gus, email: gus@x.com, guest-of: ENG}
  jsm: {account-id: a-jsm, name: Jsm, email: jsm@x.com, licensed: false}
  app: {account-id: a-app, name: App, type: app}
  tok: {account-id: a-tok, name: Tok, email: tok@x.com, token-scopes: ["read:space:confluence"]}
groups:
  eng: {id: g-eng, members: [ann, bob], access: user}
  ops: {id: g-ops, members: [eve], access: admin}
  none: {id: g-none}
roles:
  Admin: {id: r-admin, permissions: [read/space, create/page, update/page, delete/page, restrict_content/space, manage_users/space, administer/space]}
  Viewer: {id: r-viewer, permissions: [read/space, create/comment]}
spaces:
  ENG:
    id: 101
    labels: [team]
    name: Engineering
    permissions:
      read/space: [user:ann, group:eng, user:tok]
      create/page: [user:ann, group:eng]
      update/page: [user:ann, group:eng]
      create/comment: [group:eng]
      delete/space: [group:eng]
      restrict_content/space: [user:ann]
      administer/space: [user:ann]
    ROLES
    pages:
      - id: 1
        title: Home
        children:
          - {id: 2, title: Open, author: bob}
          - id: 3
            title: Closed
            view: [user:ann]
            edit: [user:ann]
            children: [{id: 4, title: Below}]
          - {id: 5, title: Hidden, view: [user:eve]}
          - {id: 6, title: Folder, type: folder, children: [{id: 7, title: In folder}]}
          - {id: 8, title: Gone, status: trashed, children: [{id: 9, title: Orphan}]}
          - {id: 10, title: Put away, status: archived}
    blogposts: [{id: 20, title: News}]
  OPS:
    id: 102
    name: Operations
    permissions: {read/space: [group:ops], administer/space: [user:eve]}
    pages: [{id: 30, title: Ops home}]
  WWW:
    id: 103
    name: Public
    type: collaboration
    permissions: {read/space: [anonymous, user:ann], administer/space: [user:ann]}
    pages: [{id: 40, title: Welcome, children: [{id: 41, title: Private, view: [user:ann]}]}]
quirks: {QUIRKS}
"#;

/// What a test wants to be different.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) mode: &'static str,
    pub(crate) edition: &'static str,
    pub(crate) anonymous: bool,
    pub(crate) roles: &'static str,
    pub(crate) quirks: &'static str,
}

impl Default for Setup {
    fn default() -> Self {
        Self { mode: "roles-transition", edition: "standard", anonymous: false, roles: "", quirks: "" }
    }
}

impl Setup {
    pub(crate) fn quirks(quirks: &'static str) -> Self {
        Self { quirks, ..Self::default() }
    }

    pub(crate) fn yaml(&self) -> String {
        SITE.replace("MODE", self.mode)
            .replace("EDITION", self.edition)
            .replace("ANON", if self.anonymous { "true" } else { "false" })
            .replace("ROLES", self.roles)
            .replace("QUIRKS", self.quirks)
    }

    pub(crate) async fn serve(&self) -> Client {
        Client::serve(Site::from_yaml(&self.yaml()).unwrap(), Options::default()).await
    }
}

/// A server, and a client of it.
pub(crate) struct Client {
    pub(crate) running: Running,
    http: reqwest::Client,
    base: String,
}

/// A status and a body; an empty body is `null`.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) headers: reqwest::header::HeaderMap,
}

impl Client {
    pub(crate) async fn serve(site: Site, options: Options) -> Self {
        let running = sandbox::serve(site, options).await.unwrap();
        let base = format!("http://{}", running.address());
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { running, http, base }
    }

    /// The site of a state file.
    pub(crate) async fn of(state: &str) -> Self {
        Self::serve(Site::from_yaml(state).unwrap(), Options::default()).await
    }

    /// Sends a request with the header `Authorization: Basic NAME@x.com:token-NAME`, or without for `""`.
    pub(crate) async fn send(&self, who: &str, method: Method, path: &str, body: Option<Value>) -> Reply {
        self.try_send(who, method, path, body).await.unwrap()
    }

    /// The same with headers of its own.
    pub(crate) async fn send_with(
        &self,
        who: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&'static str, &str)],
    ) -> Reply {
        self.exchange(who, method, path, body, headers).await.unwrap()
    }

    pub(crate) async fn try_send(
        &self,
        who: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Reply, reqwest::Error> {
        self.exchange(who, method, path, body, &[]).await
    }

    async fn exchange(
        &self,
        who: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&'static str, &str)],
    ) -> Result<Reply, reqwest::Error> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = who.strip_prefix("bearer ") {
            request = request.bearer_auth(token);
        } else if !who.is_empty() {
            let (user, token) = who.split_once('/').unwrap_or((who, who));
            request = request.basic_auth(format!("{user}@x.com"), Some(format!("token-{token}")));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await?;
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("JSON") };
        Ok(Reply { status, body, headers })
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send("ann", Method::GET, path, None).await
    }

    pub(crate) async fn get_as(&self, who: &str, path: &str) -> Reply {
        self.send(who, Method::GET, path, None).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        self.send("ann", Method::PUT, path, Some(body)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send("ann", Method::POST, path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.send("ann", Method::DELETE, path, None).await
    }

    /// Adds a row to ENG: `group g-ops read/space`.
    pub(crate) async fn grant(&self, row: &str) -> Reply {
        let [kind, id, pair] = row.split(' ').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let (key, target) = pair.split_once('/').unwrap();
        let body =
            json!({"subject": {"type": kind, "identifier": id}, "operation": {"key": key, "target": target}});
        self.post("/wiki/rest/api/space/ENG/permission", body).await
    }

    /// The rows of ENG as `group g-ops read/space`, without ids.
    pub(crate) async fn rows(&self) -> Vec<String> {
        self.rows_with_ids().await.into_iter().map(|(row, _)| row).collect()
    }

    pub(crate) async fn rows_with_ids(&self) -> Vec<(String, String)> {
        let reply = self.get("/wiki/api/v2/spaces/101/permissions?limit=250").await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let row = |row: &Value| {
            let (who, what) = (&row["principal"], &row["operation"]);
            let words = [&who["type"], &who["id"], &what["key"]].map(text).join(" ");
            (format!("{words}/{}", text(&what["targetType"])), text(&row["id"]))
        };
        reply.body["results"].as_array().unwrap().iter().map(row).collect()
    }

    /// The rows of one principal, sorted: `read/space create/page`.
    pub(crate) async fn pairs_of(&self, who: &str) -> String {
        let prefix = format!("{who} ");
        let mut pairs: Vec<String> =
            self.rows().await.iter().filter_map(|row| row.strip_prefix(&prefix)).map(str::to_owned).collect();
        pairs.sort();
        pairs.join(" ")
    }

    /// Removes a row of ENG.
    pub(crate) async fn revoke(&self, row: &str) -> Reply {
        let rows = self.rows_with_ids().await;
        let (_, id) =
            rows.iter().find(|(found, _)| found == row).unwrap_or_else(|| panic!("no {row} in {rows:?}"));
        self.delete(&format!("/wiki/rest/api/space/ENG/permission/{id}")).await
    }

    /// The lists of a page in the world: `read: …; update: …`.
    pub(crate) fn lists(&self, id: u64) -> String {
        self.running.world(|world| {
            let lists = &world.content(ContentId(id)).unwrap().lists;
            let show = |list: &std::collections::BTreeSet<confperm::sandbox::world::Principal>| {
                list.iter()
                    .map(|p| format!("{p:?}"))
                    .collect::<Vec<_>>()
                    .join(" ")
                    .replace("AccountId", "")
                    .replace("GroupId", "")
            };
            format!("read: {}; update: {}", show(&lists.read), show(&lists.update)).replace('"', "")
        })
    }
}

impl Reply {
    /// The status, after checking that the body has the shape of a v1 error with such a message.
    #[track_caller]
    pub(crate) fn v1_error(&self, status: u16, message: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.body["statusCode"], status);
        assert_eq!(self.body["data"]["successful"], false);
        assert!(
            self.body["message"].as_str().unwrap().contains(message),
            "{} lacks {message}",
            self.body["message"]
        );
    }

    /// The same for v2.
    #[track_caller]
    pub(crate) fn v2_error(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.body["errors"][0]["status"], status);
        assert_eq!(self.body["errors"][0]["code"], code);
    }

    /// A field of each result.
    pub(crate) fn each(&self, field: &str) -> Vec<String> {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        self.body["results"].as_array().expect("results").iter().map(|item| text(&item[field])).collect()
    }
}
