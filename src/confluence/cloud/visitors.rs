//! What a site shows to a reader who is not signed in.
//!
//! No API says whether a site lets such readers in, and how the list of a space's permissions shows what
//! `anonymous` holds is not established: perhaps not at all (cloud-api.md, open 15). So the site is asked as such a
//! reader asks, without credentials, at its own address; the gateway gives no answer without them.

use std::collections::BTreeSet;

use super::Cloud;
use super::spaces::batches;
use super::wire::{V1User, WireSpace};
use crate::confluence::Visitors;
use crate::confluence::address::{Address, Api};
use crate::confluence::error::Error;
use crate::confluence::transport::Request;
use crate::model::{Space, SpaceKey, Why};

impl Cloud {
    pub(super) async fn seen_by_visitors(&self, keys: &BTreeSet<SpaceKey>) -> Visitors {
        let Ok(signed_in) = self.sign_in().await else { return Visitors::Unknown(Why::NoApi) };
        let Some(site) = self.client.address().without_gateway(&signed_in.identity.base_url) else {
            return Visitors::Unknown(Why::NoApi);
        };
        match self.visited(&site, keys).await {
            Ok(visitors) => visitors,
            Err(Error::Incomplete { doubt, .. }) => Visitors::Unknown(doubt.why()),
            Err(_) => Visitors::Unknown(Why::NoApi),
        }
    }

    async fn visited(&self, site: &Address, keys: &BTreeSet<SpaceKey>) -> Result<Visitors, Error> {
        let request = Request::get(Api::V1, ["user", "anonymous"]).unsigned(site);
        match self.client.read::<V1User>(&request).await {
            Ok(user) if user.kind.as_deref() == Some("anonymous") => {}
            Ok(_) => return Ok(Visitors::Unknown(Why::Contradictory)),
            // "Returned if the calling user does not have permission to use Confluence" (OpenAPI v1,
            // getAnonymousUser). 401 may as well say that this site gives no answer without credentials.
            Err(Error::Forbidden(_)) => return Ok(Visitors::Refused),
            Err(error) => return Err(error),
        }
        let mut seen = BTreeSet::new();
        for some in batches(keys) {
            let request = Request::get(Api::V2, ["spaces"]).query("keys", &some).unsigned(site);
            let found: Vec<WireSpace> = self.v2_list(request).await?;
            seen.extend(found.into_iter().map(|space| Space::from(space).key));
        }
        seen.retain(|key| keys.contains(key));
        Ok(Visitors::See(seen))
    }
}
