//! What `doctor` says of what stays unknown.

use std::collections::BTreeMap;

use crate::model::{Gap, Live, Why};
use crate::render::why_unknown;

use super::Diagnosis;

/// What stays unknown of what the policy is about, counted by kind, each with an example.
pub(super) fn unknown(live: &Live) -> Vec<Diagnosis> {
    let mut kinds: BTreeMap<&str, (usize, String)> = BTreeMap::new();
    for gap in &live.gaps {
        let (kind, example) = kind_of(gap);
        kinds.entry(kind).or_insert((0, example)).0 += 1;
    }
    let lines = kinds.into_iter().map(|(kind, (count, example))| {
        Diagnosis::Doubtful(format!("unknown  {count} {kind}, such as {example}"))
    });
    lines.collect()
}

/// A kind of thing that is unknown, and this one of it with the reason.
fn kind_of(gap: &Gap) -> (&'static str, String) {
    let hidden = why_unknown(Why::Hidden);
    match gap {
        Gap::Restrictions { space, content, why } => {
            ("page restrictions", format!("those of id:{content} in {space}: {}", why_unknown(*why)))
        }
        Gap::Labels { space, label, content, why } => {
            let place =
                content.map_or_else(|| space.to_string(), |content| format!("id:{content} in {space}"));
            ("labels of pages", format!("`{label}` on {place}: {}", why_unknown(*why)))
        }
        Gap::Ancestor { space, content } => ("parent pages", format!("id:{content} in {space}: {hidden}")),
        Gap::Place { space, content } => (
            "places of pages",
            format!("that of id:{content} in {space}: {}", why_unknown(Why::Contradictory)),
        ),
        Gap::Containers { space, why } => {
            ("spaces whose folders are not listed", format!("{space}: {}", why_unknown(*why)))
        }
        Gap::Members { group, why } => {
            ("memberships of groups", format!("that of the group {group}: {}", why_unknown(*why)))
        }
        Gap::AnonymousRows { space, .. } => (
            "permissions of `anonymous`",
            format!("those in {space}: the site may leave them out of its lists"),
        ),
        Gap::OwnGroups { why } => {
            ("memberships of this account", format!("its groups: {}", why_unknown(*why)))
        }
        Gap::SinglePermissions { space, principal } => (
            "single permissions beside roles",
            format!("those of {principal} in {space}: the API of the site cannot change them"),
        ),
        Gap::Unreadable { list, count, example, .. } => {
            ("unreadable entries", format!("{count} of `{list}`: {}", example.shown()))
        }
        Gap::Account { account } => ("accounts", format!("{account}: the site does not describe it")),
    }
}
