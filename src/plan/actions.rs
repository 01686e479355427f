//! What can be done to content, and which permissions of the space it takes, as the order of calls and the
//! [check](super::check) of it ask: [`ContentVerb`] as a table. Where the access model does not say whether something
//! counts, it is asked both ways.

use std::collections::BTreeSet;

use crate::access::{ContentVerb, EditList};
use crate::model::{ContentKind, Permission, SpaceRoleMode};

use super::numbered::Numbered;

/// A verb on one kind of content.
#[derive(Debug)]
pub(super) struct Action {
    pub(super) verb: ContentVerb,
    /// Of each of these sets one permission; by their numbers in [`Actions::needs`].
    pub(super) needs: Vec<usize>,
    /// Whether the edit list of the content counts, beside what is on the way to it.
    pub(super) on_edit_list: bool,
}

/// All that can be done to content.
#[derive(Debug)]
pub(super) struct Actions {
    needs: Numbered<Vec<Permission>>,
    /// To pages and their like, and to posts: see [`Actions::kind`].
    pub(super) on: [Vec<Action>; 2],
}

impl Actions {
    pub(super) fn of(mode: SpaceRoleMode) -> Self {
        let mut needs = Numbered::default();
        let on = [ContentKind::Page, ContentKind::Blogpost].map(|kind| {
            let mut actions = Vec::new();
            for verb in ContentVerb::ALL {
                let clauses = verb.clauses(kind, mode);
                // What does under a condition that cannot be read does for some people.
                let mut ways = Vec::from([false, true].map(|counts| -> Vec<usize> {
                    let any_of = clauses.iter().map(|clause| {
                        let perhaps = clause.perhaps.filter(|_| counts);
                        clause.any_of.iter().copied().chain(perhaps).collect()
                    });
                    any_of.map(|any_of| needs.number(any_of)).collect()
                }));
                ways.dedup();
                for needs in ways {
                    // Where the list may count or not, both are to be safe.
                    if verb.edit_list() != EditList::Ignored {
                        actions.push(Action { verb, needs: needs.clone(), on_edit_list: true });
                    }
                    // Below each page there may be one that was not seen and has no list.
                    actions.push(Action { verb, needs, on_edit_list: false });
                }
            }
            actions
        });
        Self { needs, on }
    }

    /// Sets of permissions of which an action needs one, each once.
    pub(super) fn needs(&self) -> &[Vec<Permission>] {
        self.needs.all()
    }

    pub(super) fn permissions(&self) -> BTreeSet<Permission> {
        self.needs().iter().flatten().copied().collect()
    }

    /// The most permissions that an action takes beside reading, which comes with each.
    pub(super) fn most_beside_reading(&self) -> usize {
        let all = self.on.iter().flatten();
        all.map(|action| action.needs.len()).max().unwrap_or_default().saturating_sub(1)
    }

    /// Where a kind of content stands in [`Actions::on`].
    pub(super) const fn kind(kind: ContentKind) -> usize {
        matches!(kind, ContentKind::Blogpost) as usize
    }
}
