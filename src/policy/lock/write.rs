//! A [`Lock`] as text. Sorted, so that the same names make the same bytes.

use std::collections::BTreeMap;

use super::{LastSeen, Lock, LockedEnd, LockedSite};
use crate::model::{AccountStatus, SiteIdentity};
use crate::policy::yaml::{YamlText, item_line};

const HEADER: &str = "\
# What the names in this policy meant when it was last planned. confperm writes this file; commit it with the
# policy, so that a plan notices when a name on the site comes to mean something else.
";

impl Lock {
    /// The text of the lock file.
    pub fn to_text(&self) -> String {
        format!("{HEADER}version: 2\n{}", self.to_lines())
    }

    /// Its lines, as they stand in the file below the version.
    pub fn to_lines(&self) -> String {
        let mut text = YamlText::default();
        match self.site.as_ref().map(|site| &site.value) {
            Some(LockedSite::Identity(SiteIdentity { cloud_id, base_url })) => {
                text.key(0, "site", None);
                if let Some(cloud_id) = cloud_id {
                    text.entry(1, "cloud-id", cloud_id, None);
                }
                text.entry(1, "url", base_url, None);
            }
            Some(LockedSite::Address(address)) => text.entry(0, "site", address, None),
            None => {}
        }
        section(&mut text, "groups", &self.groups, |text, name, id| {
            text.entry(1, name, id.value.as_str(), None);
        });
        section(&mut text, "people", &self.people, |text, id, seen| {
            let LastSeen { name, status } = &seen.value;
            text.pairs(1, id.as_str(), &[("name", name), ("status", word_of(*status))]);
        });
        section(&mut text, "roles", &self.roles, |text, name, id| {
            text.entry(1, name, id.value.as_str(), None);
        });
        section(&mut text, "spaces", &self.spaces, |text, key, id| {
            text.number(1, key.as_str(), id.value.number());
        });
        section(&mut text, "pages", &self.pages, |text, key, pages| {
            text.key(1, key.as_str(), None);
            for (name, id) in pages {
                text.number(2, &name.to_string(), id.value.number());
            }
        });
        if !self.ends.is_empty() {
            text.items(0, "ends", self.ends.iter().map(LockedEnd::words));
        }
        text.into_string()
    }
}

impl LockedEnd {
    fn words(&self) -> String {
        format!("{} {}", self.until, self.of)
    }

    /// Its line in the file.
    pub(in crate::policy) fn to_line(&self) -> String {
        item_line(&self.words())
    }
}

/// A mapping with a line for each entry, unless it is empty.
fn section<K, V>(
    text: &mut YamlText,
    name: &str,
    entries: &BTreeMap<K, V>,
    line: impl Fn(&mut YamlText, &K, &V),
) {
    if !entries.is_empty() {
        text.key(0, name, None);
    }
    for (key, value) in entries {
        line(text, key, value);
    }
}

const fn word_of(status: AccountStatus) -> &'static str {
    match status {
        AccountStatus::Active => "active",
        AccountStatus::Inactive => "inactive",
        AccountStatus::Closed => "closed",
        AccountStatus::Unknown => "unknown",
    }
}
