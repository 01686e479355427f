//! `ignore` in the root file: other files below the policy directory that are no part of the policy.
//!
//! It is looked for before anything else is read, so that what it names is neither judged nor quoted.

use std::sync::Arc;

use camino::Utf8Path;

use super::glob::glob;
use super::yaml::{NodeKind, YamlNode, parse};
use crate::diagnostic::Sources;

/// The files that may say it.
const ROOTS: [&str; 2] = ["confperm.yaml", "confperm.yml"];

/// Whether a file may have `ignore`.
pub(super) fn is_root(file: &Utf8Path) -> bool {
    ROOTS.contains(&file.as_str())
}

/// What the root files name.
pub(super) struct Ignored(Vec<String>);

impl Ignored {
    pub(super) fn of(sources: &Sources) -> Self {
        let roots = sources.iter().filter(|(file, _)| is_root(file));
        let roots = roots.filter_map(|(file, text)| parse(file, text).ok());
        Self(roots.flat_map(|root| patterns(&root)).collect())
    }

    /// The texts without those of files that are ignored.
    pub(super) fn taken_out_of(&self, sources: &Sources) -> Sources {
        let mut rest = Sources::default();
        for (file, text) in sources.iter().filter(|(file, _)| !self.has(file)) {
            rest.insert(file.to_path_buf(), Arc::clone(text));
        }
        rest
    }

    pub(super) fn has(&self, file: &Utf8Path) -> bool {
        !is_root(file)
            && self.0.iter().any(|pattern| match pattern.strip_suffix('/') {
                Some(folder) => file.starts_with(folder),
                None => glob(pattern.as_bytes(), file.as_str().as_bytes()),
            })
    }
}

fn patterns(root: &YamlNode) -> Vec<String> {
    let NodeKind::Map(pairs) = &root.kind else { return Vec::new() };
    let named = pairs.iter().filter(|(key, _)| key.scalar() == Some("ignore"));
    let items = named.filter_map(|(_, value)| match &value.kind {
        NodeKind::List(items) => Some(items),
        NodeKind::Null | NodeKind::Scalar(..) | NodeKind::Map(_) => None,
    });
    items.flatten().filter_map(|item| item.scalar().map(str::to_owned)).collect()
}
