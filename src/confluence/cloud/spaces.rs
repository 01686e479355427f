//! Spaces of Cloud: the list, who may do what in one, its roles and its pages.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::OptionFuture;
use tokio::join;

use super::wire::{Assignment, FoundKind, PermissionRow, WireContent, WireRole, WireSpace, principal};
use super::{Cloud, if_shown};
use crate::confluence::address::Api;
use crate::confluence::complete::{Doubt, place};
use crate::confluence::error::Error;
use crate::confluence::transport::Request;
use crate::confluence::wire_id::Text;
use crate::confluence::{SpaceAccess, SpaceSelection, Stands, concurrently};
use crate::model::{
    Content, ContentId, ContentKind, ForeignRow, Holding, Known, Parent, Permission, Principal, Role, RoleId,
    Space, SpaceId, SpaceKey, SpaceRoleMode, Tree, Why,
};

/// The most keys, or ids, of one call (OpenAPI v2, `GET /spaces`).
const KEYS: usize = 250;

/// And the most text in them: keys of personal spaces are long, and addresses are not endless.
const KEY_TEXT: usize = 6000;

/// So much content of one space is asked for by itself because its list contradicts itself.
const DOUBTED: usize = 100;

impl Cloud {
    pub(super) async fn list_spaces(&self, selection: &SpaceSelection) -> Result<Vec<Space>, Error> {
        // Without a status, current and archived spaces are listed; without a type, all of them.
        let request = || Request::get(Api::V2, ["spaces"]);
        let found: Vec<WireSpace> = match selection {
            SpaceSelection::All => self.v2_list(request()).await?,
            SpaceSelection::Keys(keys) => {
                let tasks: Vec<_> = batches(keys)
                    .into_iter()
                    .map(|keys| self.v2_list(request().query("keys", &keys)))
                    .collect();
                concurrently(tasks).await?.into_iter().flatten().collect()
            }
            SpaceSelection::Ids(ids) => {
                let ids: Vec<String> = ids.iter().map(SpaceId::to_string).collect();
                let tasks: Vec<_> = ids
                    .chunks(KEYS)
                    .map(|ids| self.v2_list(request().query("ids", &ids.join(","))))
                    .collect();
                concurrently(tasks).await?.into_iter().flatten().collect()
            }
        };
        let by_key: BTreeMap<SpaceKey, Space> =
            found.into_iter().map(Space::from).map(|space| (space.key.clone(), space)).collect();
        let wanted = |space: &Space| match selection {
            SpaceSelection::All => true,
            // A renamed space may answer to its old key.
            SpaceSelection::Keys(keys) => keys.contains(&space.key),
            SpaceSelection::Ids(ids) => ids.contains(&space.id),
        };
        Ok(by_key.into_values().filter(wanted).collect())
    }

    /// One label at a time: whether several mean any or all of them is not documented (OpenAPI v2,
    /// `GET /spaces`, `labels`).
    pub(super) async fn list_labelled(&self, label: &str) -> Result<BTreeSet<SpaceKey>, Error> {
        let request = Request::get(Api::V2, ["spaces"]).query("labels", &label);
        let found: Vec<WireSpace> = self.v2_list(request).await?;
        Ok(found.into_iter().map(|space| Space::from(space).key).collect())
    }

    pub(super) async fn space_access(
        &self,
        space: SpaceId,
        mode: SpaceRoleMode,
    ) -> Result<SpaceAccess, Error> {
        let id = space.to_string();
        let rows = self.v2_list::<PermissionRow>(Request::get(Api::V2, ["spaces", &id, "permissions"]));
        let assigned: OptionFuture<_> = mode
            .has_roles()
            .then(|| self.v2_list::<Assignment>(Request::get(Api::V2, ["spaces", &id, "role-assignments"])))
            .into();
        let (rows, assigned) = join!(rows, assigned);
        Ok(sort_out(rows?, assigned.transpose()?.unwrap_or_default()))
    }

    pub(super) async fn list_roles(&self) -> Result<Vec<Role>, Error> {
        let roles: Vec<WireRole> = self.v2_list(Request::get(Api::V2, ["space-roles"])).await?;
        let roles: BTreeMap<RoleId, Role> =
            roles.into_iter().map(Role::from).map(|role| (role.id.clone(), role)).collect();
        Ok(roles.into_values().collect())
    }

    pub(super) async fn page_tree(&self, space: &Space) -> Result<Tree, Error> {
        let id = space.id.to_string();
        let request = Request::get(Api::V2, ["spaces", &id, "pages"])
            .query("depth", "all")
            .query("status", "current")
            .query("status", "archived");
        let pages: Vec<WireContent> = self.v2_list(request).await?;
        self.tree_of(space, pages).await
    }

    /// The tree that the pages of a space make, with the folders and their like that these hang under.
    pub(super) async fn tree_of(&self, space: &Space, pages: Vec<WireContent>) -> Result<Tree, Error> {
        let mut tree = Tree::default();
        let mut above = BTreeMap::new();
        for page in &pages {
            note_parent(page, &mut above);
        }
        self.placed(space, ContentKind::Page, pages).await?.into_iter().for_each(|page| tree.insert(page));
        // Folders and their like are in no list: each is asked for once, from the pages upwards.
        let mut asked = BTreeSet::new();
        loop {
            let tasks: Vec<_> = std::mem::take(&mut above)
                .into_iter()
                .filter(|(id, _)| tree.get(*id).is_none() && asked.insert(*id))
                .map(|(id, kind)| self.alone(id, kind))
                .collect();
            if tasks.is_empty() {
                return Ok(tree);
            }
            for (kind, found) in concurrently(tasks).await?.into_iter().flatten() {
                note_parent(&found, &mut above);
                tree.insert(self.content(space, kind, found));
            }
        }
    }

    pub(super) async fn list_blogposts(&self, space: &Space) -> Result<Vec<Content>, Error> {
        let id = space.id.to_string();
        // Posts cannot be archived, and the list knows no such status (OpenAPI v2, `GET /spaces/{id}/blogposts`; v1,
        // `POST /content/archive`).
        let request = Request::get(Api::V2, ["spaces", &id, "blogposts"]).query("status", "current");
        let posts: Vec<WireContent> = self.v2_list(request).await?;
        self.posts_of(space, posts).await
    }

    pub(super) async fn posts_of(
        &self,
        space: &Space,
        posts: Vec<WireContent>,
    ) -> Result<Vec<Content>, Error> {
        // Blog posts hang under nothing, whatever is said.
        let posts = posts.into_iter().map(|post| WireContent { parent_id: None, parent_type: None, ..post });
        let mut posts = self.placed(space, ContentKind::Blogpost, posts.collect()).await?;
        posts.sort_by_key(|post| post.id);
        Ok(posts)
    }

    /// Content of a list. What contradicts the list is asked for by itself, and what still does then may stand
    /// anywhere.
    async fn placed(
        &self,
        space: &Space,
        kind: ContentKind,
        listed: Vec<WireContent>,
    ) -> Result<Vec<Content>, Error> {
        let (sure, doubted): (Vec<_>, Vec<_>) =
            listed.into_iter().partition(|content| place(content.place(), space.id, self.scrutiny).is_ok());
        // Where many are like this, asking for each takes long and helps no more.
        let again = doubted.len().min(DOUBTED);
        let tasks: Vec<_> = doubted[..again].iter().map(|content| self.alone(content.id, kind)).collect();
        let mut shown: BTreeMap<ContentId, WireContent> =
            concurrently(tasks).await?.into_iter().flatten().map(|(_, shown)| (shown.id, shown)).collect();
        let settled = doubted.into_iter().map(|listed| match shown.remove(&listed.id) {
            Some(shown) if place(shown.place(), space.id, self.scrutiny).is_ok() => shown,
            _ => listed,
        });
        Ok(sure.into_iter().chain(settled).map(|content| self.content(space, kind, content)).collect())
    }

    /// Content as it was read. Its lists are not asked for where it may be of another space.
    pub(super) fn content(&self, space: &Space, kind: ContentKind, wire: WireContent) -> Content {
        let (parent, restrictions) = match place(wire.place(), space.id, self.scrutiny) {
            Ok(parent) => (parent, Known::Unknown(Why::NotRead)),
            Err(Doubt::OtherSpace) => (Parent::Unknown, Known::Unknown(Why::Contradictory)),
            Err(_) => (Parent::Unknown, Known::Unknown(Why::NotRead)),
        };
        let archived = wire.is_archived();
        Content {
            id: wire.id,
            kind,
            title: wire.title.unwrap_or_default().into(),
            archived,
            parent,
            restrictions,
        }
    }

    pub(super) async fn search_containers(
        &self,
        space: &Space,
        tree: &Tree,
    ) -> Result<Known<Vec<Content>>, Error> {
        let cql = format!("space = \"{}\" and type in (folder, whiteboard, database, embed)", space.key);
        let request = Request::get(Api::V1, ["content", "search"]).query("cql", &cql);
        let found: Vec<FoundKind> = match self.v2_list(request).await {
            Ok(found) => found,
            Err(Error::Incomplete { doubt, .. }) => return Ok(Known::Unknown(doubt.why())),
            // A site may not know all of these words.
            Err(Error::Rejected(_) | Error::NotFound(_)) => return Ok(Known::Unknown(Why::NoApi)),
            Err(error) => return Err(error),
        };
        let unseen: BTreeMap<ContentId, ContentKind> = found
            .into_iter()
            .filter(|hit| tree.get(hit.id).is_none())
            .filter_map(|hit| Some((hit.id, container_kind(hit.kind.as_deref()?)?)))
            .collect();
        let tasks: Vec<_> = unseen.into_iter().map(|(id, kind)| self.alone(id, kind)).collect();
        let shown = concurrently(tasks).await?.into_iter().flatten();
        Ok(Known::Known(shown.map(|(kind, found)| self.content(space, kind, found)).collect()))
    }

    pub(super) async fn place_of(
        &self,
        content: ContentId,
        kind: ContentKind,
        space: SpaceId,
    ) -> Result<Option<Stands>, Error> {
        let found = self.alone(content, kind).await?.map(|(_, found)| found);
        let is_there = |status: &str| matches!(status, "current" | "archived");
        let found = found.filter(|found| found.status.as_deref().is_none_or(is_there));
        Ok(found.and_then(|found| {
            let archived = found.is_archived();
            let parent = match kind {
                ContentKind::Blogpost => (found.space_id == Some(space)).then_some(Parent::Space),
                _ => place(found.place(), space, self.scrutiny).ok(),
            };
            Some(Stands { under: parent?, archived })
        }))
    }

    /// Whether a list has a page or post as one that was deleted (OpenAPI v2, `GET /pages` and `GET /blogposts`, `id` and
    /// `status`).
    pub(super) async fn listed_as_deleted(&self, content: ContentId) -> Result<bool, Error> {
        for collection in ["pages", "blogposts"] {
            let request = Request::get(Api::V2, [collection])
                .query("id", &content)
                .query("status", "trashed")
                .query("status", "deleted");
            let found: Vec<WireContent> = self.v2_list(request).await?;
            let is_it = |found: &WireContent| {
                found.id == content && matches!(found.status.as_deref(), Some("trashed" | "deleted"))
            };
            if found.iter().any(is_it) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// One piece of content by its id; `None` if it is hidden, or if the answer is about another.
    pub(super) async fn alone(
        &self,
        id: ContentId,
        kind: ContentKind,
    ) -> Result<Option<(ContentKind, WireContent)>, Error> {
        let text = id.to_string();
        let request = Request::get(Api::V2, [collection(kind), &text]);
        let found: Option<WireContent> = if_shown(self.client.read(&request)).await?;
        Ok(found.filter(|found| found.id == id).map(|found| (kind, found)))
    }
}

/// Keys in lists of at most 250 that fit into an address.
pub(super) fn batches(keys: &BTreeSet<SpaceKey>) -> Vec<String> {
    let mut batches: Vec<(usize, String)> = Vec::new();
    for key in keys {
        match batches.last_mut() {
            Some((count, text)) if *count < KEYS && text.len() + key.as_str().len() < KEY_TEXT => {
                *count += 1;
                text.push(',');
                text.push_str(key.as_str());
            }
            _ => batches.push((1, key.to_string())),
        }
    }
    batches.into_iter().map(|(_, text)| text).collect()
}

/// Rows and assignments by who holds them. Rows of a principal with a role are what the role expands to, so
/// they stand aside; rows that appear twice are kept with both numbers.
fn sort_out(rows: Vec<PermissionRow>, assigned: Vec<Assignment>) -> SpaceAccess {
    let mut access = SpaceAccess::default();
    for Assignment { principal: holder, role_id } in assigned {
        let Text(id) = holder.principal_id;
        if let Some(who) = principal(&holder.principal_type, &id) {
            access.holdings.insert(who, Holding::Role(role_id));
        } else {
            access.foreign.insert(ForeignRow {
                principal: format!("{}:{id}", holder.principal_type).into(),
                permission: format!("role/{role_id}").into(),
            });
        }
    }
    for PermissionRow { id: Text(number), principal: holder, operation } in rows {
        let id = holder.id.map(|Text(id)| id).unwrap_or_default();
        let who = principal(&holder.kind, &id);
        let has_role =
            who.as_ref().is_some_and(|who| matches!(access.holdings.get(who), Some(Holding::Role(_))));
        let what = Permission::from_cloud_pair(&operation.key, &operation.target_type);
        let known: Option<(Principal, _, _)> = who.and_then(|who| Some((who, what?, number.parse().ok()?)));
        let Some((who, what, number)) = known else {
            if has_role {
                continue;
            }
            access.foreign.insert(ForeignRow {
                principal: format!("{}:{id}", holder.kind).into(),
                permission: format!("{}/{}", operation.key, operation.target_type).into(),
            });
            continue;
        };
        let grants =
            match access.holdings.entry(who.clone()).or_insert_with(|| Holding::Grants(BTreeMap::new())) {
                Holding::Grants(grants) => grants,
                Holding::Role(_) => access.beside_roles.entry(who).or_default(),
            };
        grants.entry(what).or_default().insert(number);
    }
    access
}

/// Remembers a parent that no list shows. A page that is missing from the list of pages is hidden; asking for it
/// would not help.
fn note_parent(of: &WireContent, above: &mut BTreeMap<ContentId, ContentKind>) {
    let kind = of.parent_type.as_deref().and_then(container_kind);
    if let (Some(parent), Some(kind)) = (of.parent_id, kind) {
        above.insert(parent, kind);
    }
}

const fn collection(kind: ContentKind) -> &'static str {
    match kind {
        ContentKind::Folder => "folders",
        ContentKind::Whiteboard => "whiteboards",
        ContentKind::Database => "databases",
        ContentKind::Embed => "embeds",
        ContentKind::Page => "pages",
        ContentKind::Blogpost => "blogposts",
    }
}

pub(super) fn container_kind(word: &str) -> Option<ContentKind> {
    match word {
        "folder" => Some(ContentKind::Folder),
        "whiteboard" => Some(ContentKind::Whiteboard),
        "database" => Some(ContentKind::Database),
        "embed" => Some(ContentKind::Embed),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_beside_a_role_are_dropped_and_strange_ones_kept_aside() {
        let row = |id: u32, kind: &str, who: &str, key: &str, target: &str| {
            json!({"id": id.to_string(), "principal": {"type": kind, "id": who},
                   "operation": {"key": key, "targetType": target}})
        };
        let rows = serde_json::from_value(json!([
            row(1, "group", "g1", "read", "space"),
            row(2, "group", "g1", "read", "space"),
            row(3, "user", "u1", "read", "space"),
            row(7, "user", "u1", "shine", "space"),
            row(4, "role", "r9", "read", "space"),
            row(5, "group", "g1", "shine", "space"),
            row(6, "access-class", "ALL_LICENSED_USERS", "read", "space"),
        ]));
        let assigned = serde_json::from_value(json!([
            {"principal": {"principalType": "USER", "principalId": "u1"}, "roleId": "r1"},
            {"principal": {"principalType": "ACCESS_CLASS", "principalId": "new-class"}, "roleId": "r1"},
        ]));
        let access = sort_out(rows.unwrap(), assigned.unwrap());
        let shown: Vec<String> =
            access.holdings.iter().map(|(who, what)| format!("{who} {what:?}")).collect();
        assert_eq!(
            shown,
            [
                "group:g1 Grants({ReadSpace: {GrantId(1), GrantId(2)}})",
                "user:u1 Role(RoleId(r1))",
                "class:all-licensed-users Grants({ReadSpace: {GrantId(6)}})",
            ]
        );
        let foreign: Vec<String> = access
            .foreign
            .iter()
            .map(|row| format!("{} {}", row.principal.raw(), row.permission.raw()))
            .collect();
        assert_eq!(foreign, ["ACCESS_CLASS:new-class role/r1", "group:g1 shine/space", "role:r9 read/space"]);
    }

    #[test]
    fn long_keys_are_spread_over_more_addresses() {
        let keys = |count: usize, width: usize| -> BTreeSet<SpaceKey> {
            (0..count).map(|n| format!("~{n:0width$}").parse().unwrap()).collect()
        };
        assert_eq!(batches(&keys(250, 4)).len(), 1);
        assert_eq!(batches(&keys(251, 4)).len(), 2);
        assert!(batches(&keys(250, 60)).iter().all(|batch| batch.len() <= KEY_TEXT));
        assert_eq!(batches(&BTreeSet::new()).len(), 0);
    }
}
