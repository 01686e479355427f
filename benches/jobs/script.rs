//! The plain script that people write: loops over spaces and pages, one call for each thing.

use std::sync::Arc;

use confperm::sandbox::Credentials;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::Result;

/// A signed-in client without any cleverness. Refusals are passed over, as such scripts do.
pub(crate) struct Script {
    http: reqwest::Client,
    site: String,
    email: String,
    token: String,
    threads: Arc<Semaphore>,
}

/// A row of a space's permissions.
pub(crate) struct Row {
    pub(crate) id: String,
    /// `group` or `user`.
    pub(crate) kind: String,
    pub(crate) who: String,
    /// `operation` and `target`.
    pub(crate) permission: (String, String),
}

impl Script {
    /// As many writes as there are permits are under way at once.
    pub(crate) fn new(site: String, caller: Credentials, threads: Arc<Semaphore>) -> Result<Self> {
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { http, site, email: caller.email, token: caller.token, threads })
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Value> {
        let answer = request.basic_auth(&self.email, Some(&self.token)).send().await?;
        Ok(answer.json().await.unwrap_or_default())
    }

    /// Goes on with the next call as soon as a thread is free, whatever becomes of this one.
    async fn write(&self, request: reqwest::RequestBuilder) -> Result<()> {
        let thread = Arc::clone(&self.threads).acquire_owned().await?;
        let request = request.basic_auth(&self.email, Some(&self.token));
        tokio::spawn(async move {
            let answer = request.send().await;
            if let Ok(answer) = answer {
                drop(answer.bytes().await);
            }
            drop(thread);
        });
        Ok(())
    }

    /// The permissions of a space, to the last page.
    pub(crate) async fn rows(&self, space: u64) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        let mut next = format!("/api/v2/spaces/{space}/permissions?limit=250");
        loop {
            let page = self.send(self.http.get(format!("{}{next}", self.site))).await?;
            for row in page["results"].as_array().into_iter().flatten() {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                rows.push(Row {
                    id: text(&row["id"]),
                    kind: text(&row["principal"]["type"]),
                    who: text(&row["principal"]["id"]),
                    permission: (text(&row["operation"]["key"]), text(&row["operation"]["targetType"])),
                });
            }
            let Some(link) = page["_links"]["next"].as_str() else { return Ok(rows) };
            link.trim_start_matches("/wiki").clone_into(&mut next);
        }
    }

    pub(crate) async fn grant(
        &self,
        space: &str,
        kind: &str,
        who: &str,
        permission: (&str, &str),
    ) -> Result<()> {
        let body = json!({
            "subject": {"type": kind, "identifier": who},
            "operation": {"key": permission.0, "target": permission.1},
        });
        let url = format!("{}/rest/api/space/{space}/permission", self.site);
        self.write(self.http.post(url).json(&body)).await
    }

    pub(crate) async fn delete(&self, space: &str, row: &str) -> Result<()> {
        let url = format!("{}/rest/api/space/{space}/permission/{row}", self.site);
        self.write(self.http.delete(url)).await
    }

    /// Puts a group on one list of a page.
    pub(crate) async fn list(&self, page: u64, verb: &str, group: &str) -> Result<()> {
        self.write(self.http.put(self.entry(page, verb, group))).await
    }

    /// Takes a group off one list of a page.
    pub(crate) async fn unlist(&self, page: u64, verb: &str, group: &str) -> Result<()> {
        self.write(self.http.delete(self.entry(page, verb, group))).await
    }

    fn entry(&self, page: u64, verb: &str, group: &str) -> String {
        format!("{}/rest/api/content/{page}/restriction/byOperation/{verb}/byGroupId/{group}", self.site)
    }
}
