//! The v2 face (`/wiki/api/v2`): spaces, their permissions and roles, and the content tree.

use serde_json::{Value, json};

pub(super) mod admin_key;
pub(super) mod content;
pub(super) mod labels;
pub(super) mod roles;
pub(super) mod spaces;
pub(super) mod users;

/// What an `include-…` parameter adds to an item: the first 50, and whether there are more.
fn included(items: impl IntoIterator<Item = Value>) -> Value {
    let mut items = items.into_iter();
    let first: Vec<Value> = items.by_ref().take(50).collect();
    json!({"results": first, "meta": {"hasMore": items.next().is_some()}, "_links": {}})
}

/// When everything in a sandbox was made.
const CREATED: &str = "2024-01-01T00:00:00.000Z";
