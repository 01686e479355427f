//! Labels of pages and blog posts (API v2, getLabels, getLabelPages, getPageLabels). Those of spaces are in
//! [`super::spaces`].

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::answer::{Answer, Failure};
use super::super::ask::Ask;
use super::super::paging;
use super::content::{self, Eye};
use crate::sandbox::world::{ContentId, Kind, Status};

const PREFIXES: [&str; 4] = ["my", "team", "global", "system"];

/// All labels of content that the caller may view.
pub(in crate::sandbox::http) fn list(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    ask.signed_in()?;
    let prefixes = ask.query.all("prefix");
    let ids = ask.query.ids("label-id", 250)?;
    let sort = ask.query.one_of("sort", &["created-date", "-created-date", "id", "-id", "name", "-name"])?;
    let world = ask.world();
    let subject = ask.caller.subject();
    let mut eye = Eye::new(world, &subject);
    let seen: BTreeSet<&String> =
        world.contents().filter(|content| eye.sees(content)).flat_map(|content| &content.labels).collect();
    let is_global = prefixes.is_none_or(|prefixes| prefixes.contains(&"global"));
    let mut labels: Vec<(u64, &String)> = seen
        .into_iter()
        .map(|label| (id_of(label), label))
        .filter(|(id, _)| is_global && ids.as_ref().is_none_or(|ids| ids.contains(id)))
        .collect();
    match sort.map(|sort| sort.trim_start_matches('-')) {
        // In the order of the set.
        Some("name") => labels = (1..).zip(labels.into_iter().map(|(_, label)| label)).collect(),
        _ => labels.sort_unstable(),
    }
    if sort.is_some_and(|sort| sort.starts_with('-')) {
        labels = (1..).zip(labels.into_iter().rev().map(|(_, label)| label)).collect();
    }
    paging::v2(ask, &labels, |label| Some(render(label)))
}

/// The pages of one label. Whether archived ones are among them is not documented.
pub(in crate::sandbox::http) fn pages(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let id = ask.number(0)?;
    let spaces = ask.query.ids("space-id", 100)?;
    let world = ask.world();
    let subject = ask.caller.subject();
    let mut eye = Eye::new(world, &subject);
    let mut found: Vec<ContentId> = Vec::new();
    let mut is_seen = false;
    for content in world.contents() {
        if !content.labels.iter().any(|label| id_of(label) == id) || !eye.sees(content) {
            continue;
        }
        is_seen = true;
        let is_listed = content.status == Status::Current || world.quirks.label_lists_archived;
        if is_listed && spaces.as_ref().is_none_or(|spaces| spaces.contains(&content.space.0)) {
            found.push(content.id);
        }
    }
    if !is_seen {
        return Err(Failure::not_found(format!("No label with id {id} was found")));
    }
    content::list(ask, found, Kind::Page)
}

/// The labels of one page.
pub(in crate::sandbox::http) fn of_page(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let prefix = ask.query.one_of("prefix", &PREFIXES)?;
    let page = content::item(ask, Kind::Page, ask.number(0)?)?;
    let labels: Vec<(u64, &String)> =
        (1..).zip(page.labels.iter().filter(|_| prefix.is_none_or(|prefix| prefix == "global"))).collect();
    paging::v2(ask, &labels, |label| Some(render(label)))
}

/// A label of content.
pub(super) fn render(label: &str) -> Value {
    json!({"id": id_of(label).to_string(), "name": label, "prefix": "global"})
}

/// The number of a label, which stays while others come and go. FNV-1a, in the range of numbers that every reader of
/// JSON keeps whole.
fn id_of(label: &str) -> u64 {
    let hash = label
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    hash >> 11
}
