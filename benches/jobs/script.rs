//! The plain script that people write: loops over spaces and pages, one call for each thing.

use confperm::sandbox::Running;
use serde_json::{Value, json};

use super::Result;

/// A signed-in client without any cleverness. Refusals are passed over, as such scripts do.
pub(crate) struct Script {
    http: reqwest::Client,
    site: String,
    email: String,
    token: String,
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
    pub(crate) fn new(running: &Running) -> Result<Self> {
        let caller = running.credentials().ok_or("the sandbox has no caller")?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(Self { http, site: running.site_url(), email: caller.email, token: caller.token })
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Value> {
        let answer = request.basic_auth(&self.email, Some(&self.token)).send().await?;
        Ok(answer.json().await.unwrap_or_default())
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
        self.send(self.http.post(url).json(&body)).await?;
        Ok(())
    }

    pub(crate) async fn delete(&self, space: &str, row: &str) -> Result<()> {
        let url = format!("{}/rest/api/space/{space}/permission/{row}", self.site);
        self.send(self.http.delete(url)).await?;
        Ok(())
    }

    /// Puts a group on one list of a page.
    pub(crate) async fn list(&self, page: u64, verb: &str, group: &str) -> Result<()> {
        self.send(self.http.put(self.entry(page, verb, group))).await?;
        Ok(())
    }

    /// Takes a group off one list of a page.
    pub(crate) async fn unlist(&self, page: u64, verb: &str, group: &str) -> Result<()> {
        self.send(self.http.delete(self.entry(page, verb, group))).await?;
        Ok(())
    }

    fn entry(&self, page: u64, verb: &str, group: &str) -> String {
        format!("{}/rest/api/content/{page}/restriction/byOperation/{verb}/byGroupId/{group}", self.site)
    }
}
