//! The lists of pages: read until they show what was written.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};

use crate::apply::lag::Pauses;
use crate::apply::look::same_lists;
use crate::apply::options::SIDE_BY_SIDE;
use crate::apply::page::{WriteSeen, Written};
use crate::apply::perform::me;
use crate::confluence::{Error, Read};
use crate::model::{ContentId, Known};
use crate::plan::Plan;

/// What the lists of a page show.
#[derive(Debug)]
pub(in crate::apply) enum Seen {
    /// What was written last.
    AsWritten,
    /// Still what was there before, though the patience is over.
    NotYet,
    /// Something else: others changed it since.
    Changed,
    Hidden,
    Unread(Error),
}

/// Checks pages that are settled: all of them in one search, and those that it does not show as they were
/// written one by one. A search can confirm a write but not refute it, since its index may lag.
pub(in crate::apply) async fn check_pages<S: Read>(
    plan: &Plan,
    pages: Vec<(ContentId, Written)>,
    patience: Duration,
    site: &S,
) -> Vec<(ContentId, Seen)> {
    let me = me(&plan.site.caller);
    let found = match pages.as_slice() {
        [_] => BTreeMap::new(),
        // If the search fails, the single reads say why.
        _ => site
            .restrictions(&pages.iter().map(|(content, _)| *content).collect(), false)
            .await
            .unwrap_or_default(),
    };
    let checks = pages.into_iter().map(|(content, written)| {
        let is_seen = matches!(
            found.get(&content), Some(Known::Known(now)) if same_lists(now, &written.after, &me)
        );
        async move {
            let seen = if is_seen {
                Seen::AsWritten
            } else {
                check_lists(plan, content, &written, patience, site).await
            };
            (content, seen)
        }
    });
    stream::iter(checks).buffered(SIDE_BY_SIDE).collect().await
}

/// Reads the lists of a page until they show what was written, or something that neither this run nor the
/// state before can explain.
async fn check_lists<S: Read>(
    plan: &Plan,
    content: ContentId,
    written: &Written,
    patience: Duration,
    site: &S,
) -> Seen {
    let mut pauses = Pauses::within(patience);
    let me = me(&plan.site.caller);
    loop {
        let seen = match site.restrictions_now(content).await {
            Ok(Known::Known(now)) => match written.shown_by(&now, &me) {
                WriteSeen::AsWritten => return Seen::AsWritten,
                WriteSeen::Late => Seen::NotYet,
                WriteSeen::Otherwise => return Seen::Changed,
            },
            Ok(Known::Unknown(_)) => Seen::Hidden,
            Err(error) => return Seen::Unread(error),
        };
        if matches!(seen, Seen::Hidden) || !pauses.wait().await {
            return seen;
        }
    }
}
