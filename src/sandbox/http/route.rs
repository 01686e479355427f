//! Which address does what: the table of everything the sandbox answers, and how a request finds its row.

use std::collections::BTreeSet;

use http::{Method, StatusCode};

use super::answer::{Answer, Face, Failure};
use super::ask::{Ask, decode_piece};
use super::{v1, v2};

/// What a row of the table does.
pub(super) type Act = fn(&mut Ask<'_>) -> Result<Answer, Failure>;

/// A row of the table.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) method: Method,
    /// The path from `/wiki` on; `{}` stands for one piece.
    pub(super) path: &'static str,
    /// The scopes of the published API: alternatives with `|`, more than one with `+`.
    scopes: &'static str,
    pub(super) act: Act,
}

impl Route {
    const fn new(method: Method, path: &'static str, scopes: &'static str, act: Act) -> Self {
        Self { method, path, scopes, act }
    }
}

const READ_RESTRICTIONS: &str = "read:confluence-content.all|read:content-details:confluence";
const READ_RESTRICTION: &str = "read:confluence-content.all|read:content.restriction:confluence";
const WRITE_RESTRICTIONS: &str =
    "write:confluence-content|read:content-details:confluence+write:content.restriction:confluence";
const WRITE_RESTRICTION: &str = "write:confluence-content|write:content.restriction:confluence";
const READ_GROUPS: &str = "read:confluence-groups|read:group:confluence";
const WRITE_GROUPS: &str = "write:confluence-groups|write:group:confluence";
const READ_USERS: &str = "read:confluence-user|read:content-details:confluence";
const WRITE_SPACE: &str = "read:space.permission:confluence+write:space.permission:confluence";
const SEARCH: &str = "search:confluence|read:content-details:confluence";
const READ_ROLES: &str = "read:space.permission:confluence";
const READ_SPACE: &str = "read:space:confluence";
const READ_PAGE: &str = "read:page:confluence";
/// Stands for the scope of the collection that an item is in.
const OF_THE_ITEM: &str = "{}";
/// Stands for a scope that no token has.
const OUT_OF_REACH: &str = "-";
const READ_TREE: &str = "read:hierarchical-content:confluence";
const READ_METADATA: &str = "read:content.metadata:confluence";

/// Everything that is answered, the first fitting row first.
#[rustfmt::skip]
static ROUTES: &[Route] = &[
    // v1: space permissions.
    Route::new(Method::POST, "/wiki/rest/api/space/{}/permission", WRITE_SPACE, v1::space_permissions::add),
    Route::new(Method::DELETE, "/wiki/rest/api/space/{}/permission/{}", "write:space.permission:confluence", v1::space_permissions::remove),
    // v1: content restrictions.
    Route::new(Method::GET, "/wiki/rest/api/content/{}/restriction", READ_RESTRICTIONS, v1::restrictions::get),
    Route::new(Method::PUT, "/wiki/rest/api/content/{}/restriction", WRITE_RESTRICTIONS, v1::restrictions::replace),
    Route::new(Method::POST, "/wiki/rest/api/content/{}/restriction", WRITE_RESTRICTIONS, v1::restrictions::add),
    Route::new(Method::DELETE, "/wiki/rest/api/content/{}/restriction", WRITE_RESTRICTIONS, v1::restrictions::clear),
    Route::new(Method::GET, "/wiki/rest/api/content/{}/restriction/byOperation", READ_RESTRICTIONS, v1::restrictions::by_operation),
    Route::new(Method::GET, "/wiki/rest/api/content/{}/restriction/byOperation/{}", READ_RESTRICTIONS, v1::restrictions::of_operation),
    Route::new(Method::GET, "/wiki/rest/api/content/{}/restriction/byOperation/{}/byGroupId/{}", READ_RESTRICTION, v1::restrictions::group_is_listed),
    Route::new(Method::PUT, "/wiki/rest/api/content/{}/restriction/byOperation/{}/byGroupId/{}", WRITE_RESTRICTION, v1::restrictions::list_group),
    Route::new(Method::DELETE, "/wiki/rest/api/content/{}/restriction/byOperation/{}/byGroupId/{}", WRITE_RESTRICTION, v1::restrictions::unlist_group),
    Route::new(Method::GET, "/wiki/rest/api/content/{}/restriction/byOperation/{}/user", READ_RESTRICTION, v1::restrictions::user_is_listed),
    Route::new(Method::PUT, "/wiki/rest/api/content/{}/restriction/byOperation/{}/user", WRITE_RESTRICTION, v1::restrictions::list_user),
    Route::new(Method::DELETE, "/wiki/rest/api/content/{}/restriction/byOperation/{}/user", WRITE_RESTRICTION, v1::restrictions::unlist_user),
    // v1: the rest.
    Route::new(Method::POST, "/wiki/rest/api/content/{}/permission/check", "read:confluence-content.permission|read:content.permission:confluence", v1::check::check),
    Route::new(Method::GET, "/wiki/rest/api/content/search", SEARCH, v1::search::content),
    Route::new(Method::GET, "/wiki/rest/api/search", SEARCH, v1::search::everything),
    Route::new(Method::GET, "/wiki/rest/api/search/user", "read:content-details:confluence", v1::search::users),
    Route::new(Method::GET, "/wiki/rest/api/settings/systemInfo", "manage:confluence-configuration|read:configuration:confluence", v1::system::info),
    Route::new(Method::GET, "/wiki/rest/api/group", READ_GROUPS, v1::groups::list),
    Route::new(Method::POST, "/wiki/rest/api/group", "write:confluence-groups|read:group:confluence+write:group:confluence", v1::groups::create),
    Route::new(Method::GET, "/wiki/rest/api/group/by-id", READ_GROUPS, v1::groups::by_id),
    Route::new(Method::DELETE, "/wiki/rest/api/group/by-id", WRITE_GROUPS, v1::groups::delete),
    Route::new(Method::GET, "/wiki/rest/api/group/picker", READ_GROUPS, v1::groups::pick),
    Route::new(Method::GET, "/wiki/rest/api/group/{}/membersByGroupId", "read:confluence-groups|read:group:confluence+read:user:confluence", v1::groups::members),
    Route::new(Method::POST, "/wiki/rest/api/group/userByGroupId", WRITE_GROUPS, v1::groups::add_member),
    Route::new(Method::DELETE, "/wiki/rest/api/group/userByGroupId", WRITE_GROUPS, v1::groups::remove_member),
    Route::new(Method::GET, "/wiki/rest/api/user", READ_USERS, v1::users::get),
    Route::new(Method::GET, "/wiki/rest/api/user/current", READ_USERS, v1::users::current),
    Route::new(Method::GET, "/wiki/rest/api/user/anonymous", "read:confluence-user|read:user:confluence", v1::users::anonymous),
    Route::new(Method::GET, "/wiki/rest/api/user/memberof", "read:confluence-user|read:user:confluence+read:group:confluence", v1::users::member_of),
    Route::new(Method::GET, "/wiki/rest/api/user/bulk", READ_USERS, v1::users::bulk),
    // v1: removed from the API. They answer 410 with a message of their own.
    Route::new(Method::GET, "/wiki/rest/api/space", "", gone),
    Route::new(Method::GET, "/wiki/rest/api/space/{}", "", gone),
    Route::new(Method::GET, "/wiki/rest/api/space/{}/content", "", gone),
    Route::new(Method::GET, "/wiki/rest/api/space/{}/content/{}", "", gone),
    Route::new(Method::GET, "/wiki/rest/api/space/{}/property", "", gone),
    Route::new(Method::GET, "/wiki/rest/api/content", "", gone),
    Route::new(Method::POST, "/wiki/rest/api/content", "", gone),
    Route::new(Method::GET, "/wiki/rest/api/content/{}", "", gone),
    Route::new(Method::PUT, "/wiki/rest/api/content/{}", "", gone),
    Route::new(Method::DELETE, "/wiki/rest/api/content/{}", "", gone),
    Route::new(Method::GET, "/wiki/rest/api/content/{}/child", "", gone),
    Route::new(Method::GET, "/wiki/rest/api/content/{}/child/{}", "", gone),
    Route::new(Method::GET, "/wiki/rest/api/content/{}/history", "", gone),
    Route::new(Method::GET, "/wiki/rest/api/content/{}/property", "", gone),
    Route::new(Method::GET, "/wiki/rest/api/content/{}/property/{}", "", gone),
    Route::new(Method::PUT, "/wiki/rest/api/content/{}/property/{}", "", gone),
    Route::new(Method::DELETE, "/wiki/rest/api/content/{}/property/{}", "", gone),
    Route::new(Method::POST, "/wiki/rest/api/content/{}/property", "", gone),
    Route::new(Method::GET, "/wiki/rest/api/content/{}/label", "", gone),
    Route::new(Method::GET, "/wiki/rest/api/content/{}/version", "", gone),
    Route::new(Method::GET, "/wiki/rest/api/content/{}/version/{}", "", gone),
    Route::new(Method::POST, "/wiki/rest/api/space/{}/property", "", gone),
    Route::new(Method::GET, "/wiki/rest/api/space/{}/property/{}", "", gone),
    Route::new(Method::PUT, "/wiki/rest/api/space/{}/property/{}", "", gone),
    Route::new(Method::DELETE, "/wiki/rest/api/space/{}/property/{}", "", gone),
    Route::new(Method::GET, "/wiki/rest/api/inlinetasks/search", "", gone),
    Route::new(Method::GET, "/wiki/rest/api/inlinetasks/{}", "", gone),
    Route::new(Method::PUT, "/wiki/rest/api/inlinetasks/{}", "", gone),
    Route::new(Method::GET, "/wiki/rest/api/group/by-name", "", gone),
    Route::new(Method::DELETE, "/wiki/rest/api/group/by-name", "", gone),
    Route::new(Method::POST, "/wiki/rest/api/group/user", "", gone),
    Route::new(Method::DELETE, "/wiki/rest/api/group/user", "", gone),
    Route::new(Method::GET, "/wiki/rest/api/group/{}", "", gone),
    Route::new(Method::GET, "/wiki/rest/api/group/{}/member", "", gone),
    Route::new(Method::GET, "/wiki/rest/api/user/bulk/migration", "", gone),
    // v2: spaces.
    Route::new(Method::GET, "/wiki/api/v2/spaces", READ_SPACE, v2::spaces::list),
    Route::new(Method::GET, "/wiki/api/v2/spaces/{}", READ_SPACE, v2::spaces::get),
    Route::new(Method::GET, "/wiki/api/v2/spaces/{}/labels", READ_SPACE, v2::spaces::labels),
    Route::new(Method::GET, "/wiki/api/v2/spaces/{}/permissions", READ_SPACE, v2::spaces::permissions),
    Route::new(Method::GET, "/wiki/api/v2/spaces/{}/operations", READ_SPACE, v2::spaces::operations),
    Route::new(Method::GET, "/wiki/api/v2/spaces/{}/pages", READ_PAGE, v2::content::pages_in_space),
    Route::new(Method::GET, "/wiki/api/v2/spaces/{}/blogposts", READ_PAGE, v2::content::blogposts_in_space),
    // v2: roles.
    Route::new(Method::GET, "/wiki/api/v2/space-role-mode", "read:configuration:confluence", v2::roles::mode),
    Route::new(Method::GET, "/wiki/api/v2/space-permissions", READ_ROLES, v2::roles::permissions),
    Route::new(Method::GET, "/wiki/api/v2/space-roles", READ_ROLES, v2::roles::list),
    Route::new(Method::POST, "/wiki/api/v2/space-roles", "write:configuration:confluence", v2::roles::create),
    Route::new(Method::GET, "/wiki/api/v2/space-roles/{}", READ_ROLES, v2::roles::get),
    Route::new(Method::GET, "/wiki/api/v2/spaces/{}/role-assignments", READ_ROLES, v2::roles::assignments),
    Route::new(Method::POST, "/wiki/api/v2/spaces/{}/role-assignments", "write:space.permission:confluence", v2::roles::assign),
    // v2: admin key. No scope of OAuth reaches it.
    Route::new(Method::GET, "/wiki/api/v2/admin-key", OUT_OF_REACH, v2::admin_key::get),
    Route::new(Method::POST, "/wiki/api/v2/admin-key", OUT_OF_REACH, v2::admin_key::enable),
    Route::new(Method::DELETE, "/wiki/api/v2/admin-key", OUT_OF_REACH, v2::admin_key::disable),
    // v2: content.
    Route::new(Method::GET, "/wiki/api/v2/pages/{}/children", READ_PAGE, v2::content::child_pages),
    Route::new(Method::GET, "/wiki/api/v2/pages", READ_PAGE, v2::content::pages),
    Route::new(Method::GET, "/wiki/api/v2/blogposts", READ_PAGE, v2::content::blogposts),
    Route::new(Method::GET, "/wiki/api/v2/labels", "read:label:confluence", v2::labels::list),
    Route::new(Method::GET, "/wiki/api/v2/labels/{}/pages", READ_PAGE, v2::labels::pages),
    Route::new(Method::GET, "/wiki/api/v2/pages/{}/labels", READ_PAGE, v2::labels::of_page),
    Route::new(Method::GET, "/wiki/api/v2/{}/{}", OF_THE_ITEM, v2::content::get),
    Route::new(Method::GET, "/wiki/api/v2/{}/{}/ancestors", READ_METADATA, v2::content::ancestors),
    Route::new(Method::GET, "/wiki/api/v2/{}/{}/direct-children", READ_TREE, v2::content::children),
    Route::new(Method::GET, "/wiki/api/v2/{}/{}/descendants", READ_TREE, v2::content::descendants),
    Route::new(Method::GET, "/wiki/api/v2/{}/{}/operations", OF_THE_ITEM, v2::content::operations),
    Route::new(Method::POST, "/wiki/api/v2/content/convert-ids-to-types", READ_METADATA, v2::content::convert_ids),
    Route::new(Method::POST, "/wiki/api/v2/users-bulk", "read:user:confluence", v2::users::bulk),
];

impl Route {
    /// The scopes that a request needs: alternatives with `|`, more than one with `+`.
    pub(super) fn scopes(&self, params: &[String]) -> &'static str {
        if self.scopes == OF_THE_ITEM {
            v2::content::scope(params.first().map_or("", String::as_str))
        } else {
            self.scopes
        }
    }

    /// Whether the route is meant to change something: all but `GET` and the three reads that have a body.
    pub(super) fn is_write(&self) -> bool {
        let reads = ["/permission/check", "/users-bulk", "/convert-ids-to-types"];
        self.method != Method::GET && !reads.iter().any(|read| self.path.ends_with(read))
    }
}

/// Every operation that is answered: its method, and its path from `/wiki` on with `{}` for each piece that
/// varies. Operations that Confluence has removed are among them; they answer 410.
pub fn routes() -> impl Iterator<Item = (&'static Method, &'static str)> {
    ROUTES.iter().map(|route| (&route.method, route.path))
}

/// Every scope that some operation asks for.
pub(super) fn all_scopes() -> BTreeSet<String> {
    let asked = ROUTES.iter().flat_map(|route| route.scopes.split(['|', '+']));
    asked.filter(|scope| scope.contains(':')).map(str::to_owned).collect()
}

/// The scopes that the gateway asks for before a request is looked at: alternatives with `|`, more than one with
/// `+`, none for operations that were removed, and `-` for those that no scope reaches. `None` where there is no
/// such operation.
pub fn scopes(method: &Method, path: &str) -> Option<&'static str> {
    match find(method, path) {
        Found::Route(route, params) => Some(route.scopes(&params)),
        Found::Method | Found::Nothing => None,
    }
}

/// What was found for a path.
pub(super) enum Found {
    Route(&'static Route, Vec<String>),
    /// There is such a path, with other methods.
    Method,
    Nothing,
}

/// Finds the row for a method and a path from `/wiki` on.
pub(super) fn find(method: &Method, path: &str) -> Found {
    let mut other_method = false;
    for route in ROUTES {
        if let Some(params) = fit(route.path, path) {
            if route.method == *method {
                return Found::Route(route, params);
            }
            other_method = true;
        }
    }
    if other_method { Found::Method } else { Found::Nothing }
}

fn fit(pattern: &str, path: &str) -> Option<Vec<String>> {
    let mut params = Vec::new();
    let mut pieces = path.split('/');
    for wanted in pattern.split('/') {
        let piece = pieces.next()?;
        if wanted == "{}" && !piece.is_empty() {
            params.push(decode_piece(piece));
        } else if wanted != piece {
            return None;
        }
    }
    pieces.next().is_none().then_some(params)
}

/// Whose error shape a path has.
pub(super) fn face(path: &str) -> Face {
    if path.starts_with("/wiki/api/v2") { Face::V2 } else { Face::V1 }
}

/// The failure for a path that has no row.
pub(super) fn missing(found: &Found) -> Failure {
    match found {
        Found::Method => Failure::other(StatusCode::METHOD_NOT_ALLOWED, "HTTP method not allowed"),
        Found::Route(..) | Found::Nothing => Failure::not_found("No such resource"),
    }
}

fn gone(_: &mut Ask<'_>) -> Result<Answer, Failure> {
    Err(Failure::gone())
}
