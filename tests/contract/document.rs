//! The published OpenAPI documents of Confluence Cloud, as operations that a request can be held against.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use crate::schema::Schema;

/// Names the folder with the documents.
pub(crate) const VARIABLE: &str = "CONFPERM_OPENAPI";

/// The files, and what stands before each of their paths.
const FILES: [(&str, &str); 2] =
    [("confluence-cloud-v1.json", ""), ("confluence-cloud-v2.json", "/wiki/api/v2")];

/// All operations of both documents.
#[derive(Debug)]
pub(crate) struct Documents(Vec<Operation>);

/// A method on a path.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) method: String,
    /// From `/wiki` on, with the names of its parameters: `/wiki/api/v2/spaces/{id}`.
    pub(crate) path: String,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Option<Body>,
    /// By status. Without a schema, the document says nothing about a body.
    pub(crate) answers: BTreeMap<String, Option<Schema>>,
    /// The scopes that it takes: sets of which one is enough.
    pub(crate) scopes: BTreeSet<BTreeSet<String>>,
}

#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) place: String,
    pub(crate) required: bool,
    /// Whether each value of a list is given with the name of its own. The default of OpenAPI is yes.
    pub(crate) explode: bool,
    pub(crate) schema: Schema,
}

#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) required: bool,
    pub(crate) schema: Schema,
}

/// The folder that the environment names, if it does.
#[expect(
    clippy::disallowed_methods,
    reason = "the documents are not ours to publish, so the tests are told where they are"
)]
pub(crate) fn folder() -> Option<PathBuf> {
    std::env::var_os(VARIABLE).filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

impl Documents {
    pub(crate) fn read(folder: &Path) -> Self {
        let read = |(file, prefix): (&str, &str)| {
            let path = folder.join(file);
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| {
                panic!("{VARIABLE} names a folder without a readable {file}: {}: {error}", path.display())
            });
            Self::parse(&Arc::new(serde_json::from_str(&text).unwrap()), prefix)
        };
        Self(FILES.into_iter().flat_map(read).collect())
    }

    pub(crate) fn of(document: Value) -> Self {
        Self(Self::parse(&Arc::new(document), ""))
    }

    fn parse(document: &Arc<Value>, prefix: &str) -> Vec<Operation> {
        let mut operations = Vec::new();
        for (path, item) in document["paths"].as_object().into_iter().flatten() {
            for method in ["get", "put", "post", "delete"] {
                if let Some(raw) = item.get(method) {
                    let shared = item["parameters"].as_array().into_iter().flatten();
                    let own = raw["parameters"].as_array().into_iter().flatten();
                    operations.push(Operation {
                        method: method.to_uppercase(),
                        path: format!("{prefix}{path}"),
                        parameters: shared.chain(own).map(|raw| parameter(document, raw)).collect(),
                        body: body(document, &raw["requestBody"]),
                        answers: answers(document, &raw["responses"]),
                        scopes: scopes(&raw["x-atlassian-oauth2-scopes"]),
                    });
                }
            }
        }
        operations
    }

    /// The operation that a request means. A literal piece of a path wins over a parameter.
    pub(crate) fn find(&self, method: &str, path: &str) -> Option<(&Operation, Vec<(&str, String)>)> {
        let candidates = self.0.iter().filter(|operation| operation.method == method);
        candidates
            .filter_map(|operation| Some((operation, fit(operation, path)?)))
            .min_by_key(|(_, values)| values.len())
    }
}

impl Operation {
    /// `GET /wiki/api/v2/spaces/{id}`.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

fn fit<'o>(operation: &'o Operation, path: &str) -> Option<Vec<(&'o str, String)>> {
    let (mut values, mut pieces) = (Vec::new(), path.split('/'));
    for wanted in operation.path.split('/') {
        let piece = pieces.next()?;
        match wanted.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) if !piece.is_empty() => values.push((name, decode(piece))),
            _ if wanted == piece => {}
            _ => return None,
        }
    }
    pieces.next().is_none().then_some(values)
}

/// A piece of a path without its percent signs. A plus sign is no space there.
fn decode(piece: &str) -> String {
    let form = format!("v={}", piece.replace('+', "%2B"));
    url::form_urlencoded::parse(form.as_bytes()).map(|(_, value)| value.into_owned()).collect()
}

fn parameter(document: &Arc<Value>, raw: &Value) -> Parameter {
    let raw = part(document, raw);
    let text = |key: &str| raw[key].as_str().unwrap_or_else(|| panic!("no {key}: {raw}")).to_owned();
    Parameter {
        name: text("name"),
        place: text("in"),
        required: raw["required"] == true,
        explode: raw["explode"] != false,
        schema: Schema::new(document, &raw["schema"]),
    }
}

fn body(document: &Arc<Value>, raw: &Value) -> Option<Body> {
    let raw = part(document, raw);
    let schema = json_schema(document, raw)?;
    Some(Body { required: raw["required"] == true, schema })
}

fn answers(document: &Arc<Value>, raw: &Value) -> BTreeMap<String, Option<Schema>> {
    let answer =
        |(status, raw): (&String, &Value)| (status.clone(), json_schema(document, part(document, raw)));
    raw.as_object().into_iter().flatten().map(answer).collect()
}

fn scopes(raw: &Value) -> BTreeSet<BTreeSet<String>> {
    let texts = |set: &Value| -> BTreeSet<String> {
        let scopes = set["scopes"].as_array().into_iter().flatten();
        scopes.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    raw.as_array().into_iter().flatten().map(texts).collect()
}

fn json_schema(document: &Arc<Value>, raw: &Value) -> Option<Schema> {
    raw["content"]["application/json"].get("schema").map(|schema| Schema::new(document, schema))
}

/// What a reference such as `#/components/parameters/contentExpand` stands for.
fn part<'d>(document: &'d Value, raw: &'d Value) -> &'d Value {
    let target = raw.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    target.map_or(raw, |pointer| document.pointer(pointer).unwrap_or_else(|| panic!("no {pointer}")))
}
