//! What an OAuth access token may do.
//!
//! Atlassian lists the sites that such a token reaches, each with its scopes (OAuth 2.0 (3LO) apps,
//! `/oauth/token/accessible-resources`). About the scopes of API tokens there is no such answer, and what a token
//! looks like inside is not documented to mean anything.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::Cloud;
use crate::confluence::address::{AddressKind, Api};
use crate::confluence::complete::Whole;
use crate::confluence::transport::Request;

#[derive(Deserialize)]
#[serde(transparent)]
struct Resources(Vec<Resource>);

impl Whole for Resources {}

#[derive(Deserialize)]
struct Resource {
    /// A cloud id.
    id: String,
    #[serde(default)]
    scopes: BTreeSet<String>,
}

impl Cloud {
    /// The scopes of the token on this site; `None` where that is not known.
    pub async fn token_scopes(&self) -> Option<BTreeSet<String>> {
        let AddressKind::Gateway { cloud_id } = self.client.address().kind() else { return None };
        if !self.has_bearer_token {
            return None;
        }
        let request = Request::get(Api::Token, ["accessible-resources"]);
        // A note depends on it, and nothing else.
        let Resources(resources) = self.client.read(&request).await.ok()?;
        // A site can be listed once for each product.
        let here: Vec<Resource> = resources.into_iter().filter(|resource| resource.id == *cloud_id).collect();
        let scopes: BTreeSet<String> = here.into_iter().flat_map(|resource| resource.scopes).collect();
        (!scopes.is_empty()).then_some(scopes)
    }
}
