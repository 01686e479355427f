//! One page with what stands above it, without the tree of its space.
//!
//! The search finds it by its title and names its ancestors in the same answer, and the lists of those whose titles are
//! asked for as well. The index lags, so what it shows is
//! never taken for what is: it says which content to ask for, and that says itself where it stands
//! ([`Cloud::content_now`]).

use std::collections::{BTreeMap, BTreeSet};

use super::Cloud;
use super::restrictions::EXPAND;
use super::spaces::container_kind;
use super::wire::{FoundBelow, FoundKind, WireContent};
use crate::confluence::address::Api;
use crate::confluence::complete::place;
use crate::confluence::error::Error;
use crate::confluence::transport::Request;
use crate::confluence::{FoundContent, PlacedContent, Sought, concurrently};
use crate::model::{AccountId, ContentId, ContentKind, Space};

/// The most ids of one call (OpenAPI v2, `GET /pages`, `id`).
const IDS: usize = 250;

impl Cloud {
    /// The content of a space that the search shows under a name, with all that it shows above it; `None` unless that is
    /// exactly one.
    pub(super) async fn found_with_ancestors(
        &self,
        space: &Space,
        sought: Sought<'_>,
    ) -> Result<Option<FoundContent>, Error> {
        // A path need not name the homepage, which most pages are below.
        let or_home = space.homepage.map(|home| format!(" or id = {home}")).unwrap_or_default();
        let what = match sought {
            Sought::Id(id) => format!("(id = {id}{or_home})"),
            // How CQL writes such characters in a text is not documented.
            Sought::Titled(title, _) | Sought::Post(title) if title.contains(['"', '\\']) => return Ok(None),
            Sought::Titled(title, above) => {
                let above = above.iter().map(String::as_str).filter(|title| !title.contains(['"', '\\']));
                let titles: Vec<String> = above.chain([title]).map(|title| format!("\"{title}\"")).collect();
                format!(
                    "(title in ({}){or_home}) and type in (page, folder, whiteboard, database, embed)",
                    titles.join(", ")
                )
            }
            Sought::Post(title) => format!("title = \"{title}\" and type = blogpost"),
        };
        let cql = format!("space = \"{}\" and {what}", space.key);
        let request = Request::get(Api::V1, ["content", "search"])
            .query("cql", &cql)
            .query("expand", &format!("ancestors,{EXPAND}"));
        let found: Vec<FoundBelow> = match self.v2_list(request).await {
            Ok(found) => found,
            // A site may not know all of these words, and one unreadable ancestor can fail a search (CONFCLOUD-77618).
            Err(Error::Rejected(_) | Error::NotFound(_) | Error::Incomplete { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        let is_it = |hit: &FoundBelow| match sought {
            Sought::Id(id) => hit.id == id,
            Sought::Titled(title, _) | Sought::Post(title) => hit.is_called(title),
        };
        let (hits, mut others): (Vec<FoundBelow>, Vec<FoundBelow>) = found.into_iter().partition(is_it);
        let Ok([hit]) = <[FoundBelow; 1]>::try_from(hits) else { return Ok(None) };
        let Some(kind) = hit.kind.as_deref().and_then(content_kind) else { return Ok(None) };
        let Some(above) = of_kinds(hit.ancestors.iter().flatten()) else { return Ok(None) };
        let id = hit.id;
        others.retain(|other| above.contains_key(&other.id));
        let shows_all = others.len() == above.len();
        let lists = others.into_iter().chain([hit]).map(|each| self.accounts_on(each.restrictions?));
        let on_lists: Option<Vec<BTreeSet<AccountId>>> = lists.collect();
        let on_lists = on_lists.filter(|_| shows_all).map(|lists| lists.into_iter().flatten().collect());
        Ok(Some(FoundContent { id, kind, above, on_lists }))
    }

    /// Content of a space by its ids, as it is at this moment, without its lists: pages in one call, and anything else
    /// by itself. `None` where some of it is not shown, contradicts itself, or is in another space.
    pub(super) async fn content_now(
        &self,
        space: &Space,
        wanted: &BTreeMap<ContentId, ContentKind>,
    ) -> Result<Option<Vec<PlacedContent>>, Error> {
        let of = |kind: ContentKind| -> BTreeSet<ContentId> {
            wanted.iter().filter(|(_, each)| **each == kind).map(|(id, _)| *id).collect()
        };
        let pages = of(ContentKind::Page);
        if pages.len() > IDS {
            return Ok(None);
        }
        let mut found: Vec<(ContentKind, WireContent)> = Vec::new();
        if !pages.is_empty() {
            let ids: Vec<String> = pages.iter().map(ContentId::to_string).collect();
            let request = Request::get(Api::V2, ["pages"])
                .query("id", &ids.join(","))
                .query("status", "current")
                .query("status", "archived");
            let listed: Vec<WireContent> = match self.v2_list(request).await {
                Ok(listed) => listed,
                Err(Error::Incomplete { .. } | Error::Unexpected { .. } | Error::Rejected(_)) => {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            };
            found.extend(listed.into_iter().map(|page| (ContentKind::Page, page)));
        }
        let others = wanted.iter().filter(|(_, kind)| **kind != ContentKind::Page);
        let tasks = others.map(|(id, kind)| self.alone(*id, *kind)).collect();
        found.extend(concurrently(tasks).await?.into_iter().flatten());
        // Blog posts hang under nothing, whatever is said.
        let found = found.into_iter().map(|(kind, wire)| match kind {
            ContentKind::Blogpost => (kind, WireContent { parent_id: None, parent_type: None, ..wire }),
            _ => (kind, wire),
        });
        let sure = |(kind, wire): (ContentKind, WireContent)| {
            let is_there = matches!(wire.status.as_deref(), None | Some("current" | "archived"));
            let is_sure = is_there && place(wire.place(), space.id, self.scrutiny).is_ok();
            let parent_kind = wire.parent_type.as_deref().and_then(content_kind);
            is_sure.then(|| PlacedContent { content: self.content(space, kind, wire), parent_kind })
        };
        let found: Option<BTreeMap<ContentId, PlacedContent>> =
            found.map(|each| sure(each).map(|found| (found.content.id, found))).collect();
        Ok(found.filter(|found| found.keys().eq(wanted.keys())).map(|found| found.into_values().collect()))
    }
}

fn of_kinds<'f>(found: impl Iterator<Item = &'f FoundKind>) -> Option<BTreeMap<ContentId, ContentKind>> {
    found.map(|each| Some((each.id, content_kind(each.kind.as_deref()?)?))).collect()
}

fn content_kind(word: &str) -> Option<ContentKind> {
    match word {
        "page" => Some(ContentKind::Page),
        "blogpost" => Some(ContentKind::Blogpost),
        word => container_kind(word),
    }
}
