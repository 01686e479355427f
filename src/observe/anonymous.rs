//! Whether a site leaves out the rows of `anonymous`.

use std::collections::BTreeSet;

use crate::confluence::{Read, Visitors};
use crate::model::{Gap, Holding, Known, Live, Principal, SpaceKey, Why};

/// Finds out whether `anonymous` may hold something in spaces that list nothing of it; says whether anything was
/// found out. The site is asked only where its lists do not say it themselves.
pub(super) async fn rows<R: Read>(read: &R, live: &mut Live, wanted: &BTreeSet<SpaceKey>) -> bool {
    let unread: BTreeSet<SpaceKey> = wanted
        .iter()
        .filter(|key| {
            live.spaces
                .get(*key)
                .is_some_and(|space| space.unlisted_anonymous == Known::Unknown(Why::NotRead))
        })
        .cloned()
        .collect();
    if unread.is_empty() {
        return false;
    }
    // A site that lists such rows in one space does in all. Role assignments are another list.
    let lists_them = live
        .spaces
        .values()
        .any(|space| matches!(space.holdings.get(&Principal::Anonymous), Some(Holding::Grants(_))));
    let is_settled = |key: &SpaceKey| {
        lists_them
            || live.spaces.get(key).is_some_and(|space| space.holdings.contains_key(&Principal::Anonymous))
    };
    let open: BTreeSet<SpaceKey> = unread.iter().filter(|key| !is_settled(key)).cloned().collect();
    let visitors = if open.is_empty() || live.site.anonymous_access == Known::Known(false) {
        Visitors::Refused
    } else {
        let visitors = read.visitors(&open).await;
        match &visitors {
            Visitors::Refused => live.site.anonymous_access = Known::Known(false),
            Visitors::See(_) => live.site.anonymous_access = Known::Known(true),
            Visitors::Unknown(_) => {}
        }
        visitors
    };
    for key in unread {
        let reads = match &visitors {
            _ if !open.contains(&key) => Known::Known(false),
            // Where the site lets in no reader who is not signed in, rows of `anonymous` give such readers nothing.
            Visitors::Refused => Known::Known(false),
            Visitors::See(spaces) => Known::Known(spaces.contains(&key)),
            Visitors::Unknown(why) => Known::Unknown(*why),
        };
        let Some(space) = live.space_mut(&key) else { continue };
        space.unlisted_anonymous = reads;
        if reads != Known::Known(false) {
            live.gaps.insert(Gap::AnonymousRows { space: key, reads: reads == Known::Known(true) });
        }
    }
    true
}
