//! The pages and blog posts of many spaces in one list each.
//!
//! A list of one space answers 404 where the space is not shown, and this one leaves it out; whether it has the pages of
//! archived spaces is not documented. So a space counts as read only where nothing speaks against the whole list and the
//! homepage of the space is in it. All others are left to be read one by one, and so are all of them where the site
//! refuses the list: which space it is about, only the list of each tells.

use std::collections::BTreeMap;

use super::Cloud;
use super::wire::{ListedContent, WireContent};
use crate::confluence::address::Api;
use crate::confluence::concurrently;
use crate::confluence::error::Error;
use crate::confluence::transport::Request;
use crate::model::{Content, ContentId, Space, SpaceId, SpaceKey, SpaceStatus, Tree};

/// The most ids of one call (OpenAPI v2, `GET /pages`, `id`).
const IDS: usize = 250;

impl Cloud {
    /// The trees of those of at most a hundred spaces of which one list surely has all pages.
    pub(super) async fn page_trees(&self, spaces: &[Space]) -> Result<BTreeMap<SpaceKey, Tree>, Error> {
        let request = of_spaces("pages", spaces).query("status", "current").query("status", "archived");
        let Some(mut pages) = self.by_space("pages", request, spaces).await? else {
            return Ok(BTreeMap::new());
        };
        let is_whole = |space: &Space, pages: &[WireContent]| {
            let home = |home| pages.iter().any(|page| page.id == home);
            space.status == SpaceStatus::Current && space.homepage.is_some_and(home)
        };
        let tasks = spaces.iter().filter_map(|space| {
            let pages = pages.remove(&space.id).filter(|pages| is_whole(space, pages))?;
            Some(async move { Ok((space.key.clone(), self.tree_of(space, pages).await?)) })
        });
        Ok(concurrently(tasks.collect()).await?.into_iter().collect())
    }

    /// The same of the current blog posts of spaces that the site shows.
    pub(super) async fn posts_of_many(
        &self,
        spaces: &[Space],
    ) -> Result<BTreeMap<SpaceKey, Vec<Content>>, Error> {
        let request = of_spaces("blogposts", spaces).query("status", "current");
        let Some(mut posts) = self.by_space("blogposts", request, spaces).await? else {
            return Ok(BTreeMap::new());
        };
        let tasks = spaces.iter().filter(|space| space.status == SpaceStatus::Current).map(|space| {
            let posts = posts.remove(&space.id).unwrap_or_default();
            async move { Ok((space.key.clone(), self.posts_of(space, posts).await?)) }
        });
        Ok(concurrently(tasks.collect()).await?.into_iter().collect())
    }

    /// A list by the spaces that its entries name; `None` if it is not certain that it is whole, or that each entry is of
    /// the space that it names. In the list of one space, the path says which that is. Here, what hangs under something
    /// is where that is, and what is at the top of a space, its homepage aside, is asked for once more.
    async fn by_space(
        &self,
        collection: &'static str,
        request: Request,
        spaces: &[Space],
    ) -> Result<Option<BTreeMap<SpaceId, Vec<WireContent>>>, Error> {
        let Some(listed) = self.strict_list(request).await? else { return Ok(None) };
        let place: BTreeMap<ContentId, Option<SpaceId>> =
            listed.iter().map(|content| (content.id, content.space_id)).collect();
        let homes: BTreeMap<SpaceId, Option<ContentId>> =
            spaces.iter().map(|space| (space.id, space.homepage)).collect();
        let mut tops: Vec<String> = Vec::new();
        for content in &listed {
            let Some(home) = content.space_id.and_then(|space| homes.get(&space)) else { return Ok(None) };
            match content.parent_id.and_then(|parent| place.get(&parent)) {
                Some(space) if *space != content.space_id => return Ok(None),
                None if *home != Some(content.id) => tops.push(content.id.to_string()),
                Some(_) | None => {}
            }
        }
        for some in tops.chunks(IDS) {
            let again = Request::get(Api::V2, [collection]).query("id", &some.join(","));
            let again = again.query("status", "current");
            let again = if collection == "pages" { again.query("status", "archived") } else { again };
            let Some(again) = self.strict_list(again).await? else { return Ok(None) };
            let agrees = |content: &WireContent| place.get(&content.id) == Some(&content.space_id);
            if again.len() != some.len() || !again.iter().all(agrees) {
                return Ok(None);
            }
        }
        let mut found: BTreeMap<SpaceId, Vec<WireContent>> = BTreeMap::new();
        for content in listed {
            let Some(space) = content.space_id else { return Ok(None) };
            found.entry(space).or_default().push(content);
        }
        Ok(Some(found))
    }

    /// A list with all of its entries; `None` where it is not certain to be that, or is refused.
    async fn strict_list(&self, request: Request) -> Result<Option<Vec<WireContent>>, Error> {
        match self.v2_list::<ListedContent>(request).await {
            Ok(listed) => Ok(Some(listed.into_iter().map(|ListedContent(content)| content).collect())),
            Err(
                Error::Incomplete { .. }
                | Error::Unexpected { .. }
                | Error::Rejected(_)
                | Error::Forbidden(_)
                | Error::NotFound(_),
            ) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn of_spaces(collection: &'static str, spaces: &[Space]) -> Request {
    let ids: Vec<String> = spaces.iter().map(|space| space.id.to_string()).collect();
    Request::get(Api::V2, [collection]).query("space-id", &ids.join(","))
}
