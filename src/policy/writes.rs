//! What kinds of things a policy may have written, known without a site.

use super::ast::{Policy, UnlistedDef};
use super::rules::Rule;
use crate::model::Mode;

impl Policy {
    /// Whether permissions or roles of spaces may change.
    pub fn may_change_permissions(&self) -> bool {
        let mut spaces = self.spaces.values();
        !self.rules.is_empty()
            || spaces.any(|space| {
                space.mode == Mode::Authoritative
                    || !space.access.is_empty()
                    || space.like.is_some()
                    || !space.page_only.is_empty()
            })
    }

    /// Whether restrictions of pages may change.
    pub fn may_change_restrictions(&self) -> bool {
        let mut spaces = self.spaces.values();
        self.rules.iter().any(Rule::is_about_pages)
            || spaces.any(|space| {
                let opens =
                    space.unlisted.as_ref().is_some_and(|unlisted| unlisted.value == UnlistedDef::Open);
                opens
                    || !space.pages.is_empty()
                    || !space.page_only.is_empty()
                    || !space.restricted.is_empty()
            })
    }
}
