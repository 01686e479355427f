//! Signing in: who the caller is, and which site answers. Both are asked before anything else, so that a run that
//! is about another site ends here.

use http::StatusCode;
use serde::Deserialize;
use url::Url;

use super::wire::{SiteOperation, SystemInfo, V1User};
use super::{Cloud, if_shown};
use crate::confluence::address::{Address, AddressKind, Api};
use crate::confluence::complete::Whole;
use crate::confluence::error::Error;
use crate::confluence::transport::{Request, Settings, client};
use crate::model::{AccountId, Edition, SiteIdentity, Truth};

/// What the site says about the caller and itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    pub account: AccountId,
    /// The caller's name as the site shows it.
    pub name: String,
    /// Whether the account administers Confluence as a whole.
    pub administers_site: Truth,
    pub identity: SiteIdentity,
    pub edition: Edition,
}

/// The answer of any v2 list, of which only the site's own address matters (OpenAPI v2, `MultiEntityLinks`).
#[derive(Deserialize)]
struct Linked {
    #[serde(rename = "_links", default)]
    links: Base,
}

impl Whole for Linked {}

#[derive(Default, Deserialize)]
struct Base {
    base: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tenant {
    cloud_id: String,
}

impl Cloud {
    /// Signs in, once: later calls give the first answer.
    pub async fn sign_in(&self) -> Result<&SignedIn, Error> {
        self.signed_in.get_or_try_init(|| self.first_contact()).await
    }

    async fn first_contact(&self) -> Result<SignedIn, Error> {
        let (account, name, administers_site) = self.current_user().await?;
        let info = self.system_info().await?;
        let edition = edition(info.edition.as_deref().unwrap_or_default());
        if edition == Edition::Free {
            self.client.is_on_free_plan();
        }
        let address = self.client.address();
        let cloud_id = match address.kind() {
            AddressKind::Gateway { cloud_id } => Some(cloud_id.clone()),
            AddressKind::AtlassianSite | AddressKind::Other => None,
        };
        let base_url = match (info.base_url, &info.cloud_id) {
            (None, None) => self.base_of_a_list().await?,
            (base_url, _) => base_url,
        };
        // Both end up in messages and files, so what is no id and no address counts as not said.
        let said =
            info.cloud_id.filter(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic()));
        let base_url = base_url.and_then(|text| Url::parse(&text).ok());
        let identity = SiteIdentity {
            cloud_id: said.or(cloud_id),
            base_url: base_url
                .map_or_else(|| address.to_string(), |url| url.as_str().trim_end_matches('/').to_owned()),
        };
        Ok(SignedIn { account, name, administers_site, identity, edition })
    }

    async fn current_user(&self) -> Result<(AccountId, String, Truth), Error> {
        let request = Request::get(Api::V1, ["user", "current"]).query("expand", "operations");
        let user: V1User = self.client.read(&request).await.map_err(|error| self.no_confluence(error))?;
        let anonymous = user.kind.as_deref() == Some("anonymous");
        let Some(account) = user.account_id.filter(|_| !anonymous) else {
            return Err(Error::Anonymous { endpoint: self.client.endpoint(&request)? });
        };
        let name = user.display_name.or(user.public_name).unwrap_or_else(|| account.to_string());
        let operations = user.operations.unwrap_or_default();
        Ok((account, name, administers_site(&operations)))
    }

    /// Confluence never answers 404 about the caller's own account, and never redirects its API.
    fn no_confluence(&self, error: Error) -> Error {
        let address = self.client.address();
        let better = address.with_wiki();
        let answer = match &error {
            Error::NotFound(refusal) => refusal.to_string(),
            // What a page or a redirect says for itself helps more, unless the address shows what is wrong.
            Error::NotJson { status, .. } if better.is_some() && *status == StatusCode::NOT_FOUND => {
                error.to_string()
            }
            Error::Redirect { .. } if better.is_some() => error.to_string(),
            _ => return error,
        };
        Error::NoConfluence { address: address.to_string(), answer, better }
    }

    /// A token may lack the right to read it; then the edition is not known, which is not fatal.
    async fn system_info(&self) -> Result<SystemInfo, Error> {
        let request = Request::get(Api::V1, ["settings", "systemInfo"]);
        match if_shown(self.client.read(&request)).await {
            Ok(info) => Ok(info.unwrap_or_default()),
            Err(Error::Scope(_) | Error::Gone(_)) => Ok(SystemInfo::default()),
            Err(error) => Err(error),
        }
    }

    /// The site's own address, which lists name even through the gateway (cloud-api.md §0.3).
    async fn base_of_a_list(&self) -> Result<Option<String>, Error> {
        let request = Request::get(Api::V2, ["spaces"]).query("limit", &1);
        match if_shown(self.client.read::<Linked>(&request)).await {
            Ok(list) => Ok(list.and_then(|list| list.links.base)),
            Err(Error::Scope(_) | Error::Gone(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// Whether an account that may do this on the whole site administers it (OpenAPI v1, `User.operations`). A list that
/// has not even `use`, which every account that signs in has, says nothing.
fn administers_site(operations: &[SiteOperation]) -> Truth {
    let may = |operation: &str| {
        operations.iter().any(|held| held.operation == operation && held.target_type == "application")
    };
    match (may("administer"), may("use")) {
        (true, _) => Truth::Yes,
        (false, true) => Truth::No,
        (false, false) => Truth::Unknown,
    }
}

/// The answer has one line; a policy chooses who gives it.
const LARGEST_TENANT: usize = 64 * 1024;

/// The cloud id that an `atlassian.net` address leads to, as the address itself tells anyone. No credentials are
/// sent. `None` for other addresses, and where there is no such answer.
pub async fn tenant_of(address: &Address, settings: &Settings) -> Option<String> {
    let url = address.tenant_info()?;
    let mut answer =
        client(address, settings).ok()?.get(url).timeout(settings.connect_timeout).send().await.ok()?;
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.ok()? {
        body.extend_from_slice(&piece);
        if body.len() > LARGEST_TENANT {
            return None;
        }
    }
    let tenant: Tenant = serde_json::from_slice(&body).ok()?;
    Some(tenant.cloud_id)
}

fn edition(word: &str) -> Edition {
    match word.to_ascii_lowercase().as_str() {
        "free" => Edition::Free,
        "standard" => Edition::Standard,
        "premium" => Edition::Premium,
        "enterprise" => Edition::Enterprise,
        _ => Edition::Other(word.into()),
    }
}
