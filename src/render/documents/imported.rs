//! What `import` wrote.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use schemars::JsonSchema;
use serde::Serialize;

use super::{DocumentBody, write};
use crate::model::{Mode, SpaceKey, harmless};
use crate::policy::export::{Remark, SpaceDraft};
use crate::render::ImportSummary;

#[derive(Serialize, JsonSchema)]
pub(super) struct ImportDocument {
    /// The files that were written, by path below the policy directory.
    files: Vec<String>,
    spaces: Vec<ImportedSpace>,
    /// How many spaces were left out because they are archived.
    archived: usize,
}

#[derive(Serialize, JsonSchema)]
struct ImportedSpace {
    key: SpaceKey,
    name: String,
    /// Which of the files has it.
    file: Option<String>,
    /// None where a policy can declare nothing of it.
    mode: Option<Mode>,
    /// What an authoritative space would lose.
    why_additive: Vec<&'static str>,
    remarks: Vec<RemarkDocument>,
}

/// What is left out, or worth a look.
#[derive(Serialize, JsonSchema)]
struct RemarkDocument {
    what: &'static str,
    message: &'static str,
    about: Vec<RemarkedName>,
}

#[derive(Serialize, JsonSchema)]
struct RemarkedName {
    name: String,
    entries: usize,
}

impl DocumentBody for ImportDocument {
    const KIND: &'static str = "import";
}

impl ImportSummary<'_> {
    /// The same for programs, with the files that were written, by path below the policy directory, and which of
    /// these has which space.
    pub fn to_json(
        self,
        written: &BTreeSet<Utf8PathBuf>,
        places: &BTreeMap<SpaceKey, Utf8PathBuf>,
    ) -> String {
        write(ImportDocument {
            files: written.iter().map(ToString::to_string).collect(),
            spaces: self.drafts.iter().map(|draft| space(draft, places.get(&draft.space.key))).collect(),
            archived: self.archived,
        })
    }
}

fn space(draft: &SpaceDraft, file: Option<&Utf8PathBuf>) -> ImportedSpace {
    let declared = !draft.says_nothing();
    let remarks = draft.remarks.iter().map(|(remark, about)| {
        let about = about
            .iter()
            .map(|(name, entries)| RemarkedName { name: harmless(name).into_owned(), entries: *entries });
        RemarkDocument { what: remark.word(), message: remark.sentence(), about: about.collect() }
    });
    ImportedSpace {
        key: draft.space.key.clone(),
        name: harmless(draft.space.name.raw()).into_owned(),
        file: file.map(ToString::to_string),
        mode: declared.then_some(draft.mode),
        why_additive: draft.why_additive().unwrap_or_default().into_iter().map(Remark::word).collect(),
        remarks: remarks.collect(),
    }
}
