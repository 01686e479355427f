//! A [`Lock`] as text. Sorted, so that the same names make the same bytes.

use super::{End, LastSeen, Lock, LockedSite};
use crate::model::{AccountStatus, SiteIdentity};
use crate::policy::format::word;

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
        let mut text = String::new();
        match self.site.as_ref().map(|site| &site.value) {
            Some(LockedSite::Identity(SiteIdentity { cloud_id, base_url })) => {
                text.push_str("site:\n");
                if let Some(cloud_id) = cloud_id {
                    line(&mut text, "  ", "cloud-id", &word(cloud_id));
                }
                line(&mut text, "  ", "url", &word(base_url));
            }
            Some(LockedSite::Address(address)) => line(&mut text, "", "site", &word(address)),
            None => {}
        }
        section(
            &mut text,
            "groups",
            self.groups.iter().map(|(name, id)| (name.clone(), word(id.value.as_str()))),
        );
        section(
            &mut text,
            "people",
            self.people.iter().map(|(id, seen)| (id.to_string(), person(&seen.value))),
        );
        section(
            &mut text,
            "roles",
            self.roles.iter().map(|(name, id)| (name.clone(), word(id.value.as_str()))),
        );
        section(
            &mut text,
            "spaces",
            self.spaces.iter().map(|(key, id)| (key.to_string(), id.value.to_string())),
        );
        if !self.pages.is_empty() {
            text.push_str("pages:\n");
        }
        for (key, pages) in &self.pages {
            text.extend(["  ", &word(key.as_str()), ":\n"]);
            for (name, id) in pages {
                line(&mut text, "    ", &name.to_string(), &id.value.to_string());
            }
        }
        if !self.ends.is_empty() {
            text.push_str("ends:\n");
        }
        for end in &self.ends {
            text.extend(["  ", &end.to_line(), "\n"]);
        }
        text
    }
}

impl End {
    /// Its line in the file.
    pub(in crate::policy) fn to_line(&self) -> String {
        format!("- {}", word(&format!("{} {}", self.until, self.of)))
    }
}

fn person(seen: &LastSeen) -> String {
    format!("{{name: {}, status: {}}}", word(&seen.name), word_of(seen.status))
}

fn section(text: &mut String, name: &str, lines: impl ExactSizeIterator<Item = (String, String)>) {
    if lines.len() > 0 {
        text.push_str(name);
        text.push_str(":\n");
        for (name, value) in lines {
            line(text, "  ", &name, &value);
        }
    }
}

fn line(text: &mut String, indent: &str, name: &str, value: &str) {
    text.extend([indent, &word(name), ": ", value, "\n"]);
}

const fn word_of(status: AccountStatus) -> &'static str {
    match status {
        AccountStatus::Active => "active",
        AccountStatus::Inactive => "inactive",
        AccountStatus::Closed => "closed",
        AccountStatus::Unknown => "unknown",
    }
}
