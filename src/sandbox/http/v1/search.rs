//! `/content/search`, `/search` and `/search/user` (API v1, "Search").

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::super::answer::{Answer, Failure};
use super::super::ask::Ask;
use super::super::paging;
use super::cql::{self, Clause, Cql, Operator};
use super::render::{self, Window};
use crate::sandbox::adversary::Facet;
use crate::sandbox::world::access::Standing;
use crate::sandbox::world::{Content, ContentId, ListKind, Pair, SpaceId, SpaceStatus, Status, Verb, World};

/// When everything in a sandbox was made.
const CREATED: &str = "2024-01-01T00:00:00.000Z";

/// How many users and groups an expanded list holds: its first page only.
const EXPANDED: Window = Window { start: 0, users: 200, groups: 100 };

pub(in crate::sandbox::http) fn content(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let expand = Expand::of(ask);
    let query = query(ask)?;
    let found = find(ask, &query, true)?;
    if expand.ancestor_restrictions
        && ask.world().quirks.unreadable_ancestor_fails_batch
        && let Some(unreadable) =
            found.iter().find_map(|(_, content)| unreadable_ancestor(ask.world(), content))
    {
        // CONFCLOUD-77618.
        return Err(Failure::not_found(format!(
            "Cannot find content <ContentId{{id={unreadable}}}>. Outdated version/old_draft/trashed? Please provide valid ContentId."
        )));
    }
    let show = |content: &&Content| Some(expand.show(ask, content));
    paging::cql(ask, &found, expand.cap(), show).map(Answer::ok)
}

pub(in crate::sandbox::http) fn everything(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let expand = Expand::of(ask);
    let query = query(ask)?;
    let archived = ask.query.flag("includeArchivedSpaces")?;
    let found = find(ask, &query, archived)?;
    let show = |content: &&Content| {
        Some(json!({
            "content": expand.show(ask, content),
            "title": content.title,
            "excerpt": "",
            "url": format!("/pages/viewpage.action?pageId={}", content.id),
            "breadcrumbs": [],
            "entityType": "content",
            "iconCssClass": "",
            "lastModified": CREATED,
            "score": 0.0,
        }))
    };
    let mut body = paging::cql(ask, &found, expand.cap(), show)?;
    finish(ask, &mut body, found.len());
    Ok(Answer::ok(body))
}

/// What a search result has besides its page.
fn finish(ask: &Ask<'_>, body: &mut Value, total: usize) {
    body["totalSize"] = total.into();
    body["cqlQuery"] = ask.query.get("cql").into();
    body["searchDuration"] = 1.into();
}

pub(in crate::sandbox::http) fn users(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    ask.signed_in()?;
    let world = ask.world();
    let query = query(ask)?;
    let mut found = Vec::new();
    for user in world.users() {
        let mut test = |clause: &Clause| match clause.field.as_str() {
            "user" | "user.accountid" => Ok(clause.fits(user.account.as_str())),
            "user.fullname" => Ok(clause.fits(&user.name)),
            "type" => Ok(clause.fits("user")),
            other => Err(unknown_field(other)),
        };
        if query.holds(&mut test)? {
            found.push(user);
        }
    }
    let mut answer = paging::v1(ask, &found, [25, 200], |user| {
        json!({
            "user": render::user(world, &ask.caller, user),
            "title": user.name, "excerpt": "", "url": "", "breadcrumbs": [],
            "entityType": "user", "iconCssClass": "", "lastModified": CREATED, "score": 0.0,
        })
    })?;
    if let Some(body) = &mut answer.body {
        finish(ask, body, found.len());
    }
    Ok(answer)
}

fn query(ask: &Ask<'_>) -> Result<Cql, Failure> {
    let text = ask.query.need("cql")?;
    cql::parse(text).map_err(|at| Failure::bad_request(format!("Could not parse cql : {text} (at `{at}`)")))
}

/// The statuses that a search looks at: current content, unless `cqlcontext` says otherwise.
fn statuses(ask: &Ask<'_>) -> Result<BTreeSet<String>, Failure> {
    let Some(context) = ask.query.get("cqlcontext") else {
        return Ok(BTreeSet::from(["current".to_owned()]));
    };
    let wrong = || Failure::bad_request("cqlcontext is not valid JSON");
    let context: Value = serde_json::from_str(context).map_err(|_| wrong())?;
    match &context["contentStatuses"] {
        Value::Null => Ok(BTreeSet::from(["current".to_owned()])),
        Value::Array(words) => {
            words.iter().map(|word| word.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        _ => Err(wrong()),
    }
}

/// What a query finds that the caller may view, by id. Archived pages are in the index for those who ask for them; what
/// the quirk `search-misses` names is not.
fn find<'a>(
    ask: &'a Ask<'_>,
    query: &Cql,
    archived_spaces: bool,
) -> Result<Vec<(u64, &'a Content)>, Failure> {
    let world = ask.world();
    let subject = ask.caller.subject();
    let standing = Standing::of(world, &subject);
    let statuses = statuses(ask)?;
    let mut given: BTreeMap<SpaceId, BTreeSet<Pair>> = BTreeMap::new();
    let mut found = Vec::new();
    for content in candidates(world, &query.required()) {
        let Some(space) = world.space(content.space) else {
            continue;
        };
        if !statuses.contains(content.status.id())
            || world.quirks.search_misses.contains(&content.id)
            || (space.status == SpaceStatus::Archived && !archived_spaces)
        {
            continue;
        }
        let fits = query.holds(&mut |clause| fit(world, content, space.key.as_str(), clause))?;
        let given = given.entry(space.id).or_insert_with(|| standing.space_operations(space));
        if fits && standing.allows_given(Verb::Read, content, given).is_ok() {
            found.push((content.id.0, content));
        }
    }
    Ok(found)
}

/// The content that a query can find: by id or by space where it says so, so that a site is not walked.
fn candidates<'w>(world: &'w World, required: &[&Clause]) -> Box<dyn Iterator<Item = &'w Content> + 'w> {
    let named = |fields: &[&str]| {
        required
            .iter()
            .find(|clause| clause.operator == Operator::In && fields.contains(&clause.field.as_str()))
    };
    if let Some(clause) = named(&["id", "content"]) {
        let ids: BTreeSet<ContentId> =
            clause.values.iter().filter_map(|id| id.parse().ok()).map(ContentId).collect();
        Box::new(ids.into_iter().filter_map(|id| world.content(id)))
    } else if let Some(clause) = named(&["space", "space.key"]) {
        let ids: BTreeSet<ContentId> = world
            .spaces()
            .filter(|space| clause.fits(space.key.as_str()))
            .flat_map(|space| space.contents.iter().copied())
            .collect();
        Box::new(ids.into_iter().filter_map(|id| world.content(id)))
    } else {
        Box::new(world.contents())
    }
}

fn fit(world: &World, content: &Content, key: &str, clause: &Clause) -> Result<bool, Failure> {
    Ok(match clause.field.as_str() {
        "id" | "content" => clause.fits(&content.id.to_string()),
        "space" | "space.key" => clause.fits(key),
        "space.id" => clause.fits(&content.space.to_string()),
        "type" => clause.fits(content.kind.id()),
        "title" => clause.fits(&content.title),
        "label" => {
            let has = content.labels.iter().any(|label| clause.values.iter().any(|value| value == label));
            has == (clause.operator != Operator::NotIn)
        }
        "parent" => content.parent.is_some_and(|parent| clause.fits(&parent.to_string())),
        "ancestor" => {
            let below = |above: &Content| clause.values.iter().any(|id| *id == above.id.to_string());
            world.ancestors(content.id).any(below) == (clause.operator == Operator::In)
        }
        other => return Err(unknown_field(other)),
    })
}

fn unknown_field(field: &str) -> Failure {
    Failure::bad_request(format!("Could not parse cql : field `{field}` is not supported"))
}

fn unreadable_ancestor(world: &World, content: &Content) -> Option<ContentId> {
    world
        .ancestors(content.id)
        .find(|above| matches!(above.status, Status::Trashed | Status::Draft))
        .map(|above| above.id)
}

/// What `expand` asks for; what it does not know is ignored, as on the real thing.
#[expect(clippy::struct_excessive_bools, reason = "each is one word of the query")]
struct Expand {
    any: bool,
    body: bool,
    rendered: bool,
    space: bool,
    version: bool,
    ancestors: bool,
    restrictions: bool,
    ancestor_restrictions: bool,
}

impl Expand {
    fn of(ask: &Ask<'_>) -> Self {
        let wanted: Vec<String> = ask
            .query
            .all("expand")
            .unwrap_or_default()
            .into_iter()
            .map(|path| path.replace("content.", ""))
            .collect();
        let has = |prefix: &str| {
            wanted.iter().any(|path| path == prefix || path.starts_with(&format!("{prefix}.")))
        };
        Self {
            any: !wanted.is_empty(),
            body: has("body"),
            rendered: has("body.export_view") || has("body.styled_view"),
            space: has("space"),
            version: has("version"),
            ancestors: has("ancestors"),
            restrictions: has("restrictions"),
            ancestor_restrictions: has("ancestors.restrictions"),
        }
    }

    /// The documented page caps, which lower `limit` silently.
    fn cap(&self) -> usize {
        match self {
            Self { rendered: true, .. } => 25,
            Self { body: true, .. } => 50,
            Self { any: true, .. } => 200,
            _ => 1000,
        }
    }

    fn show(&self, ask: &Ask<'_>, content: &Content) -> Value {
        let world = ask.world();
        let mut shown = brief(content);
        let mut expandable = json!({"container": "", "metadata": "", "history": "", "body": ""});
        if self.version {
            shown["version"] = version(ask, content);
        } else {
            expandable["version"] = "".into();
        }
        if self.space {
            shown["space"] = world.space(content.space).map_or(Value::Null, |space| {
                json!({"id": space.id.0, "key": space.key.as_str(), "name": space.name, "type": space.kind.id(),
                       "status": space.status.id(), "_expandable": {}, "_links": {}})
            });
        } else {
            let key = world.space(content.space).map_or("", |space| space.key.as_str());
            expandable["space"] = format!("/rest/api/space/{key}").into();
        }
        if self.restrictions {
            shown["restrictions"] = restrictions(ask, content);
        } else {
            expandable["restrictions"] =
                format!("/rest/api/content/{}/restriction/byOperation", content.id).into();
        }
        if self.ancestors {
            let mut above: Vec<Value> = world
                .ancestors(content.id)
                .filter(|above| !matches!(above.status, Status::Trashed | Status::Draft))
                .map(|above| {
                    let mut shown = brief(above);
                    if self.ancestor_restrictions {
                        shown["restrictions"] = restrictions(ask, above);
                    }
                    shown
                })
                .collect();
            above.reverse();
            shown["ancestors"] = above.into();
        } else {
            expandable["ancestors"] = "".into();
        }
        shown["_expandable"] = expandable;
        shown
    }
}

/// The one version that content of a sandbox has.
fn version(ask: &Ask<'_>, content: &Content) -> Value {
    let mut shown = json!({
        "when": CREATED, "friendlyWhen": "Jan 01, 2024", "message": "", "number": 1, "minorEdit": false,
        "contentTypeModified": false, "_expandable": {"content": "", "collaborators": ""}, "_links": {},
    });
    if let Some(author) = content.author.as_ref().and_then(|author| ask.world().user(author)) {
        shown["by"] = render::user(ask.world(), &ask.caller, author);
    }
    shown
}

fn brief(content: &Content) -> Value {
    json!({
        "id": content.id.to_string(),
        "type": content.kind.id(),
        "status": content.status.id(),
        "title": content.title,
        "extensions": {},
        "_expandable": {},
        "_links": {
            "self": format!("/rest/api/content/{}", content.id),
            "webui": format!("/pages/viewpage.action?pageId={}", content.id),
        },
    })
}

fn restrictions(ask: &Ask<'_>, content: &Content) -> Value {
    let lists = (content.id, ask.lists_shown(Facet::Search, content));
    let shown = ListKind::ALL.map(|list| {
        (list.id().to_owned(), render::restriction(ask.world(), &ask.caller, lists, list, EXPANDED))
    });
    let mut shown: Map<String, Value> = shown.into_iter().collect();
    shown.insert("_expandable".to_owned(), json!({}));
    shown.insert("_links".to_owned(), json!({}));
    Value::Object(shown)
}
