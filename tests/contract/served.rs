//! Whether the other tests ask for everything that the sandbox serves.

use std::collections::BTreeSet;

use confperm::sandbox;

use crate::document::Documents;
use crate::exchange::Exchange;

/// The collections that stand at the first `{}` of the sandbox's table for content.
const COLLECTIONS: [&str; 6] = ["pages", "blogposts", "folders", "whiteboards", "databases", "embeds"];

/// `GET /wiki/api/v2/folders/{}` for every operation that the sandbox serves and a document has.
pub(crate) fn documented(documents: &Documents) -> BTreeSet<String> {
    operations().filter(|operation| is_documented(documents, operation)).collect()
}

/// Those that no document has: removed ones, and collections without such an operation.
pub(crate) fn undocumented(documents: &Documents) -> BTreeSet<String> {
    operations().filter(|operation| !is_documented(documents, operation)).collect()
}

/// Operations whose scopes at the sandbox's gateway are not those of the documents, with both.
pub(crate) fn wrong_scopes(documents: &Documents) -> Vec<String> {
    let mut wrong = Vec::new();
    for operation in documented(documents) {
        let (method, path) = operation.split_once(' ').unwrap_or_default();
        let documented = documents.find(method, path).map(|(operation, _)| operation.scopes.clone());
        let method = method.parse().unwrap();
        let asked: BTreeSet<BTreeSet<String>> = sandbox::scopes(&method, path)
            .unwrap_or_default()
            .trim_matches('-')
            .split('|')
            .map(|set| set.split('+').filter(|scope| !scope.is_empty()).map(str::to_owned).collect())
            .filter(|set: &BTreeSet<String>| !set.is_empty())
            .collect();
        if documented.as_ref() != Some(&asked) {
            wrong.push(format!("{operation}: {asked:?} and not {documented:?}"));
        }
    }
    wrong
}

/// The operations that were carried out at least once.
pub(crate) fn exercised<'e>(exchanges: impl Iterator<Item = &'e Exchange>) -> BTreeSet<String> {
    let all: BTreeSet<String> = operations().collect();
    let fits = |exchange: &Exchange, operation: &str| {
        let (method, pattern) = operation.split_once(' ').unwrap_or_default();
        let (mut wanted, mut pieces) = (pattern.split('/'), exchange.path.split('/'));
        exchange.method == method
            && loop {
                match (wanted.next(), pieces.next()) {
                    (None, None) => break true,
                    (Some(wanted), Some(piece)) if wanted == "{}" || wanted == piece => {}
                    _ => break false,
                }
            }
    };
    let mut found = BTreeSet::new();
    for exchange in exchanges {
        // The literal pieces win, as in the sandbox: `/group/by-id` is no group called `by-id`.
        let best = all.iter().filter(|operation| fits(exchange, operation));
        found.extend(best.min_by_key(|operation| operation.matches("{}").count()).cloned());
    }
    found
}

fn operations() -> impl Iterator<Item = String> {
    sandbox::routes().flat_map(|(method, path)| {
        let of_content = path.starts_with("/wiki/api/v2/{}/");
        let first = if of_content { &COLLECTIONS[..] } else { &["{}"] };
        let method = method.clone();
        first.iter().map(move |first| format!("{method} {}", path.replacen("{}", first, 1)))
    })
}

fn is_documented(documents: &Documents, operation: &str) -> bool {
    let (method, path) = operation.split_once(' ').unwrap_or_default();
    // A parameter stands for itself where the documents have one, too.
    documents.find(method, path).is_some()
}
