//! Pages, blog posts, folders and the rest of the tree (API v2): lists, single items, ancestors,
//! children, descendants and the caller's own operations. What the caller may not view is not there.

use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Failure};
use super::super::ask::Ask;
use super::super::paging;
use super::CREATED;
use crate::sandbox::world::access::Standing;
use crate::sandbox::world::{AccountId, Content, ContentId, Kind, Refusal, SpaceId, Status, Verb, World};

/// The collections of the API, what is in them, and the scope that an item of them takes.
const COLLECTIONS: [(&str, Kind, &str); 6] = [
    ("pages", Kind::Page, "read:page:confluence"),
    ("blogposts", Kind::Blogpost, "read:page:confluence"),
    ("folders", Kind::Folder, "read:folder:confluence"),
    ("whiteboards", Kind::Whiteboard, "read:whiteboard:confluence"),
    ("databases", Kind::Database, "read:database:confluence"),
    ("embeds", Kind::Embed, "read:embed:confluence"),
];

/// The scope that an item of a collection takes.
pub(in crate::sandbox::http) fn scope(collection: &str) -> &'static str {
    COLLECTIONS.iter().find(|(name, ..)| *name == collection).map_or("", |(.., scope)| scope)
}

pub(in crate::sandbox::http) fn pages_in_space(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let space = ask.world().visible_space(&ask.caller, ask.space_id()?)?;
    let root = ask.query.one_of("depth", &["all", "root"])? == Some("root");
    let ids: Vec<ContentId> =
        if root { space.roots.clone() } else { space.contents.iter().copied().collect() };
    list(ask, ids, Kind::Page)
}

pub(in crate::sandbox::http) fn blogposts_in_space(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let ids = ask.world().visible_space(&ask.caller, ask.space_id()?)?.blogposts.clone();
    list(ask, ids, Kind::Blogpost)
}

pub(in crate::sandbox::http) fn pages(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    list_everywhere(ask, Kind::Page)
}

pub(in crate::sandbox::http) fn blogposts(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    list_everywhere(ask, Kind::Blogpost)
}

fn list_everywhere(ask: &Ask<'_>, kind: Kind) -> Result<Answer, Failure> {
    let world = ask.world();
    let spaces = ask.query.ids("space-id", 100)?;
    let in_spaces = |content: &Content| spaces.as_ref().is_none_or(|ids| ids.contains(&content.space.0));
    let ids = match (ask.query.ids("id", 250)?, &spaces) {
        (Some(ids), _) => {
            ids.into_iter().map(ContentId).filter(|id| world.content(*id).is_some_and(in_spaces)).collect()
        }
        (None, Some(spaces)) => {
            let spaces = spaces.iter().filter_map(|id| world.space(SpaceId(*id)));
            spaces.flat_map(|space| space.contents.iter().copied()).collect()
        }
        (None, None) => world.contents().map(|content| content.id).collect(),
    };
    list(ask, ids, kind)
}

pub(super) fn list(ask: &Ask<'_>, mut ids: Vec<ContentId>, kind: Kind) -> Result<Answer, Failure> {
    let words: &[&str] = match kind {
        Kind::Blogpost => &["current", "deleted", "trashed"],
        _ => &["current", "archived", "deleted", "trashed"],
    };
    let status = ask.query.some_of("status", words)?.unwrap_or_else(|| vec!["current", "archived"]);
    let title = ask.query.get("title");
    let sort = ask.query.get("sort").unwrap_or("id");
    let world = ask.world();
    ids.sort_unstable();
    ids.dedup();
    match sort.trim_start_matches('-') {
        "id" | "created-date" | "modified-date" => {}
        "title" => {
            ids.sort_by_cached_key(|id| world.content(*id).map(|content| content.title.clone()));
        }
        other => {
            return Err(Failure::bad_request(format!("`{other}` is not valid for `sort`")));
        }
    }
    if sort.starts_with('-') {
        ids.reverse();
    }
    let by_id = !sort.starts_with('-') && sort != "title";
    let items: Vec<(u64, ContentId)> =
        (1..).zip(ids).map(|(place, id)| (if by_id { id.0 } else { place }, id)).collect();
    let subject = ask.caller.subject();
    let mut eye = Eye::new(world, &subject);
    paging::v2(ask, &items, |id| {
        let content = world.content(*id).filter(|content| content.kind == kind)?;
        let wanted =
            status.contains(&content.status.id()) && title.is_none_or(|title| title == content.title);
        (wanted && eye.lists(content)).then(|| render(world, content))
    })
}

pub(in crate::sandbox::http) fn get(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let content = one(ask)?;
    let mut shown = render(ask.world(), content);
    // The documents have it for pages and posts.
    if matches!(content.kind, Kind::Page | Kind::Blogpost) && ask.query.flag("include-labels")? {
        shown["labels"] = super::included(content.labels.iter().map(|label| super::labels::render(label)));
    }
    if ask.query.flag("include-operations")? {
        shown["operations"] = super::included(own_operations(ask, content));
    }
    shown["_links"]["base"] = ask.world().settings.url.as_str().into();
    Ok(Answer::ok(shown))
}

/// From the top down, ids and types only, and no cursor: with more than `limit` ancestors the nearest are
/// given, and the rest are asked for at the first of them.
pub(in crate::sandbox::http) fn ancestors(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let content = in_tree(ask)?;
    let limit = paging::v2_limit(ask)?;
    let mut above: Vec<Value> = ask
        .world()
        .ancestors(content.id)
        .take(limit)
        .map(|above| json!({"id": above.id.to_string(), "type": above.kind.id()}))
        .collect();
    above.reverse();
    // Only the list of a page is documented with links.
    Ok(Answer::ok(match content.kind {
        Kind::Page => json!({"results": above, "_links": {"base": ask.world().settings.url}}),
        _ => json!({"results": above}),
    }))
}

pub(in crate::sandbox::http) fn children(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let below: Vec<Below<'_>> = below(ask, in_tree(ask)?, 1);
    let items: Vec<(u64, Below<'_>)> = (1..).zip(below).collect();
    paging::v2(ask, &items, |item| {
        let mut shown = item.render();
        shown.insert("spaceId".to_owned(), item.content.space.to_string().into());
        Some(Value::Object(shown))
    })
}

/// The pages right below a page (API v2, getChildPages; deprecated).
pub(in crate::sandbox::http) fn child_pages(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let page = item(ask, Kind::Page, ask.number(0)?)?;
    let pages = below(ask, page, 1).into_iter().filter(|item| item.content.kind == Kind::Page);
    let items: Vec<(u64, Below<'_>)> = (1..).zip(pages).collect();
    paging::v2(ask, &items, |item| {
        let mut shown = item.render();
        shown.remove("type");
        shown.insert("spaceId".to_owned(), item.content.space.to_string().into());
        Some(Value::Object(shown))
    })
}

pub(in crate::sandbox::http) fn descendants(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let depth = match ask.query.number("depth", 2)? {
        depth @ 1..=10 => depth,
        depth => {
            return Err(Failure::bad_request(format!("depth must be between 1 and 10, and is {depth}")));
        }
    };
    let items: Vec<(u64, Below<'_>)> = (1..).zip(below(ask, in_tree(ask)?, depth)).collect();
    paging::v2(ask, &items, |item| {
        let mut shown = item.render();
        shown.insert("parentId".to_owned(), item.content.parent.map(|parent| parent.to_string()).into());
        shown.insert("depth".to_owned(), item.depth.into());
        Some(Value::Object(shown))
    })
}

pub(in crate::sandbox::http) fn operations(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    Ok(Answer::ok(json!({"operations": own_operations(ask, one(ask)?)})))
}

/// What the caller may do to an item.
fn own_operations(ask: &Ask<'_>, content: &Content) -> Vec<Value> {
    let (world, subject, target) = (ask.world(), ask.caller.subject(), content.kind.id());
    let verbs = [
        ("read", target, Verb::Read),
        ("update", target, Verb::Update),
        ("delete", target, Verb::Delete),
        ("create", "comment", Verb::Comment),
        ("restrict_content", target, Verb::Restrict),
    ];
    verbs
        .into_iter()
        .filter(|(_, _, verb)| world.allows(&subject, *verb, content.id).is_ok())
        .map(|(operation, target, _)| json!({"operation": operation, "targetType": target}))
        .collect()
}

/// Ids to types; an id that the caller does not see maps to null.
pub(in crate::sandbox::http) fn convert_ids(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let body = ask.json()?;
    let wrong = || Failure::bad_request("`contentIds` is required and must be an array of ids");
    let ids = body["contentIds"].as_array().ok_or_else(wrong)?;
    let mut types = Map::new();
    for id in ids {
        let id =
            id.as_str().map_or(id.as_u64(), |text| text.parse().ok()).map(ContentId).ok_or_else(wrong)?;
        let seen = ask.world().visible_content(&ask.caller, id).ok();
        types.insert(id.to_string(), seen.map(|content| content.kind.id()).into());
    }
    Ok(Answer::ok(json!({"results": types})))
}

/// The item of a path: an id of another type is not found.
fn one<'a>(ask: &'a Ask<'_>) -> Result<&'a Content, Failure> {
    let collection = COLLECTIONS.iter().find(|(name, ..)| *name == ask.param(0));
    let (_, kind, _) = collection.ok_or_else(|| Failure::not_found("No such resource"))?;
    item(ask, *kind, ask.number(1)?)
}

/// Content of a kind that the caller sees.
pub(super) fn item<'a>(ask: &'a Ask<'_>, kind: Kind, id: u64) -> Result<&'a Content, Failure> {
    let id = ContentId(id);
    let content = ask.world().visible_content(&ask.caller, id)?;
    if content.kind == kind { Ok(content) } else { Err(Refusal::NoContent(id).into()) }
}

/// The same of what has a place in a tree, which posts have not.
fn in_tree<'a>(ask: &'a Ask<'_>) -> Result<&'a Content, Failure> {
    let content = one(ask)?;
    if content.kind == Kind::Blogpost { Err(Failure::not_found("No such resource")) } else { Ok(content) }
}

/// A node below another.
struct Below<'w> {
    content: &'w Content,
    depth: usize,
    position: usize,
}

impl Below<'_> {
    fn render(&self) -> Map<String, Value> {
        let fields = [
            ("id", Value::from(self.content.id.to_string())),
            ("status", self.content.status.id().into()),
            ("title", self.content.title.as_str().into()),
            ("type", self.content.kind.id().into()),
            ("childPosition", self.position.into()),
        ];
        fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// What is below an item and seen by the caller, in the order of the tree, level by level.
fn below<'a>(ask: &'a Ask<'_>, item: &'a Content, depth: usize) -> Vec<Below<'a>> {
    let world = ask.world();
    let subject = ask.caller.subject();
    let mut eye = Eye::new(world, &subject);
    let mut found = Vec::new();
    let mut level = vec![item];
    for depth in 1..=depth {
        let mut next = Vec::new();
        for parent in level {
            let children = parent.children.iter().filter_map(|id| world.content(*id));
            for (position, content) in children.enumerate().filter(|(_, content)| eye.sees(content)) {
                found.push(Below { content, depth, position });
                next.push(content);
            }
        }
        level = next;
    }
    found
}

/// Looks at many items for one caller, and at each space once.
pub(super) struct Eye<'w> {
    standing: Standing<'w>,
    world: &'w World,
    space: Option<(SpaceId, std::collections::BTreeSet<crate::sandbox::world::Pair>)>,
}

impl<'w> Eye<'w> {
    pub(super) fn new(world: &'w World, subject: &'w crate::sandbox::world::Subject) -> Self {
        Self { standing: Standing::of(world, subject), world, space: None }
    }

    /// Whether lists that ask for its status have it. Those who might view it see it in the trash, too; which of them
    /// do is not documented.
    fn lists(&mut self, content: &Content) -> bool {
        let restored = Content { status: Status::Current, ..content.clone() };
        match content.status {
            Status::Trashed => self.sees(&restored),
            Status::Current | Status::Archived | Status::Draft => self.sees(content),
        }
    }

    pub(super) fn sees(&mut self, content: &Content) -> bool {
        if self.space.as_ref().is_none_or(|(id, _)| *id != content.space) {
            let given = self.world.space(content.space).map(|space| self.standing.space_operations(space));
            self.space = Some((content.space, given.unwrap_or_default()));
        }
        let live = !matches!(content.status, Status::Trashed | Status::Draft);
        let given = self.space.as_ref().map(|(_, given)| given);
        live && given.is_some_and(|given| self.standing.allows_given(Verb::Read, content, given).is_ok())
    }
}

fn render(world: &World, content: &Content) -> Value {
    let parent = content.parent.and_then(|parent| world.content(parent));
    let siblings = match (parent, world.space(content.space)) {
        (Some(parent), _) => parent.children.as_slice(),
        (None, Some(space)) => space.roots.as_slice(),
        (None, None) => &[],
    };
    let mut shown = json!({
        "id": content.id.to_string(),
        "status": content.status.id(),
        "title": content.title,
        "spaceId": content.space.to_string(),
        "createdAt": CREATED,
        "version": {"number": 1, "message": "", "minorEdit": false, "createdAt": CREATED},
        "_links": {"webui": format!("/pages/viewpage.action?pageId={}", content.id)},
    });
    if content.kind != Kind::Blogpost {
        shown["parentId"] = parent.map(|parent| parent.id.to_string()).into();
        shown["parentType"] = parent.map(|parent| parent.kind.id()).into();
        shown["position"] = siblings.iter().position(|id| *id == content.id).into();
    }
    // Every account id is a text: who is not known is left out.
    if let Some(author) = content.author.as_ref().map(AccountId::as_str) {
        shown["authorId"] = author.into();
        shown["version"]["authorId"] = author.into();
        if content.kind != Kind::Blogpost {
            shown["ownerId"] = author.into();
        }
    }
    if !matches!(content.kind, Kind::Page | Kind::Blogpost) {
        shown["type"] = content.kind.id().into();
        // Epoch milliseconds, although the specification says ISO 8601.
        shown["createdAt"] = 1_704_067_200_000_u64.into();
    }
    shown
}
