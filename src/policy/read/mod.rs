//! From trees of nodes to a [`Policy`], with everything that is wrong reported at once.
//!
//! Files are read together, section by section: first what names things (people, groups, roles), then
//! what uses the names, so that an entry is checked where it is read and becomes a typed value at once.

mod access_tests;
mod delegation;
mod entries;
mod guards;
mod labels;
mod hints;
mod joining;
mod leave;
mod names;
mod page_only;
mod principals;
mod rules;
mod selector;
mod sets;
mod shape;
mod spaces;

pub(super) use hints::key as meant_key;
pub(super) use spaces::edit_without_view;

use std::collections::BTreeMap;

use super::ast::Policy;
use super::ignore::is_root;
use super::keys;
use super::yaml::YamlNode;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Sources, Span, Spanned};

/// The version of the language that this program reads.
const VERSION: &str = "1";

/// Reads all files of a policy, given in the order of their paths.
///
/// `sources` holds the CSV files that rules name.
pub(super) fn read(files: &[YamlNode], sources: &Sources) -> (Policy, Diagnostics) {
    let mut reader = Reader::default();
    let mut sections = Sections::default();
    for root in files {
        reader.repeated_keys(root);
        sections.collect(&mut reader, root);
    }
    if let Some(root) = files.first() {
        reader.version(&sections, &root.span);
    }
    for (span, node) in &sections.ignore {
        reader.ignore(span, node);
    }
    for (_, node) in &sections.site {
        reader.site(node);
    }
    for (_, node) in &sections.people {
        reader.people(node);
    }
    for (_, node) in &sections.groups {
        reader.groups(node);
    }
    reader.sets(sections.sets.iter().map(|(_, node)| *node));
    reader.roles(sections.roles.iter().map(|(_, node)| *node));
    for (_, node) in &sections.delegation {
        reader.delegation(node);
    }
    for (_, node) in &sections.spaces {
        reader.spaces(node);
    }
    for (_, node) in &sections.rules {
        reader.rules(node, sources);
    }
    reader.likes();
    for (_, node) in &sections.guards {
        reader.guards(node);
    }
    for (_, node) in &sections.tests {
        reader.access_tests(node);
    }
    reader.delegated(files, sources);
    (reader.policy, reader.findings)
}

/// What has been read so far, and what was wrong with it.
#[derive(Default)]
struct Reader {
    policy: Policy,
    findings: Diagnostics,
}

/// The top-level keys of all files, sorted by key.
#[derive(Default)]
struct Sections<'a> {
    version: Vec<(Span, &'a YamlNode)>,
    ignore: Vec<(Span, &'a YamlNode)>,
    site: Vec<(Span, &'a YamlNode)>,
    people: Vec<(Span, &'a YamlNode)>,
    groups: Vec<(Span, &'a YamlNode)>,
    sets: Vec<(Span, &'a YamlNode)>,
    roles: Vec<(Span, &'a YamlNode)>,
    spaces: Vec<(Span, &'a YamlNode)>,
    rules: Vec<(Span, &'a YamlNode)>,
    guards: Vec<(Span, &'a YamlNode)>,
    delegation: Vec<(Span, &'a YamlNode)>,
    tests: Vec<(Span, &'a YamlNode)>,
}

impl<'a> Sections<'a> {
    fn collect(&mut self, reader: &mut Reader, root: &'a YamlNode) {
        if root.is_null() {
            return;
        }
        let Some(fields) = reader.fields(root, "a policy file", keys::TOP) else { return };
        for (key, node) in fields {
            let section = match key.value {
                "version" => &mut self.version,
                "ignore" => &mut self.ignore,
                "site" => &mut self.site,
                "people" => &mut self.people,
                "groups" => &mut self.groups,
                "sets" => &mut self.sets,
                "roles" => &mut self.roles,
                "spaces" => &mut self.spaces,
                "rules" => &mut self.rules,
                "guards" => &mut self.guards,
                "delegation" => &mut self.delegation,
                _ => &mut self.tests,
            };
            section.push((key.span, node));
        }
    }
}

impl Reader {
    fn report(&mut self, finding: Diagnostic) {
        self.findings.push(finding);
    }

    fn version(&mut self, sections: &Sections<'_>, start: &Span) {
        if sections.version.is_empty() {
            self.report(
                Diagnostic::new(Code::MissingVersion, "no file says which version of the language this is")
                    .at(start, "")
                    .help("write `version: 1` at the top of one file"),
            );
        }
        for (_, node) in &sections.version {
            let Some(version) = self.text(node, "`version`") else { continue };
            if version.value != VERSION {
                self.report(
                    Diagnostic::new(
                        Code::UnsupportedVersion,
                        format!(
                            "this confperm does not know version `{}` of the policy language",
                            version.value
                        ),
                    )
                    .at(&version.span, "")
                    .help("write `version: 1`, or use a newer confperm if there is one"),
                );
            }
        }
    }

    /// What `ignore` names was left out when the files were looked for; here is only whether it is well written.
    fn ignore(&mut self, span: &Span, node: &YamlNode) {
        if !is_root(&span.file) {
            self.report(
                Diagnostic::new(Code::InvalidValue, "`ignore` is in the wrong file")
                    .at(span, "")
                    .help("write it in confperm.yaml, at the top of the policy directory"),
            );
        }
        for item in self.list(node, "`ignore`", "docker-compose.yaml").unwrap_or_default() {
            self.text(item, "an entry of `ignore`");
        }
    }

    /// Says that a thing has two definitions, and shows both.
    fn twice(&mut self, what: &str, first: &Span, second: &Span) {
        self.report(
            Diagnostic::new(Code::DefinedTwice, format!("{what} is defined twice"))
                .at(second, "defined again here")
                .at(first, "first defined here")
                .help("keep one of the two; all files below the policy directory belong together"),
        );
    }

    /// Warns of what a list names more than once. `show` is how it is written.
    fn repeated<'l, T: Ord + 'l>(
        &mut self,
        list: impl IntoIterator<Item = &'l Spanned<T>>,
        show: impl Fn(&Policy, &T) -> String,
    ) {
        let mut firsts: BTreeMap<&T, &Span> = BTreeMap::new();
        for item in list {
            if let Some(first) = firsts.get(&item.value) {
                self.report(
                    Diagnostic::new(
                        Code::DuplicateEntry,
                        format!("{} appears twice in this list", show(&self.policy, &item.value)),
                    )
                    .at(&item.span, "here again")
                    .at(first, "first here")
                    .help("remove one of the two"),
                );
            } else {
                firsts.insert(&item.value, &item.span);
            }
        }
    }
}

/// "did you mean `x`?"
fn meant(name: Option<&str>) -> Option<String> {
    name.map(|name| format!("did you mean `{name}`?"))
}
