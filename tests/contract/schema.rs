//! One schema of an OpenAPI 3.0 document as a JSON Schema that stands alone.
//!
//! The two dialects differ, and one thing is made stricter on purpose: an object whose properties are listed
//! has no others, unless the document says that it may. So an invented field shows.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// Where an OpenAPI document keeps what it names.
const NAMED: &str = "#/components/schemas/";

/// A schema, translated when it is first asked.
#[derive(Debug)]
pub(crate) struct Schema {
    document: Arc<Value>,
    raw: Value,
    compiled: OnceLock<Validator>,
}

/// Something in a value that its schema does not allow.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    /// Where, as a JSON pointer with `*` for each place in a list.
    pub(crate) at: String,
    pub(crate) what: String,
}

impl Schema {
    pub(crate) fn new(document: &Arc<Value>, raw: &Value) -> Self {
        Self { document: Arc::clone(document), raw: raw.clone(), compiled: OnceLock::new() }
    }

    /// The kind of value that is expected, where the document says so in one word.
    pub(crate) fn kind(&self) -> Option<&str> {
        resolve(&self.document, &self.raw)["type"].as_str()
    }

    /// The schema of the items of a list.
    pub(crate) fn items(&self) -> Self {
        Self::new(&self.document, &resolve(&self.document, &self.raw)["items"])
    }

    pub(crate) fn problems(&self, value: &Value) -> BTreeSet<Problem> {
        let validator = self.compiled.get_or_init(|| {
            let schema = standalone(&self.document, &self.raw);
            let options = jsonschema::options().should_validate_formats(true).build(&schema);
            options.unwrap_or_else(|error| panic!("{error}\n{schema}"))
        });
        validator.iter_errors(value).map(|error| problem(&error)).collect()
    }
}

fn problem(error: &jsonschema::ValidationError<'_>) -> Problem {
    let at: Vec<&str> = error
        .instance_path()
        .as_str()
        .split('/')
        .map(|piece| if piece.is_empty() || piece.parse::<usize>().is_err() { piece } else { "*" })
        .collect();
    // A whole object in a message says nothing.
    let what = match error.instance().as_ref() {
        Value::Object(_) | Value::Array(_) => error.masked().to_string(),
        _ => error.to_string(),
    };
    Problem { at: at.join("/"), what }
}

fn standalone(document: &Value, raw: &Value) -> Value {
    let (mut waiting, mut named) = (BTreeSet::new(), Map::new());
    let root = translate(document, raw, &mut waiting);
    while let Some(name) = waiting.pop_first() {
        if !named.contains_key(&name) {
            let schema = &document["components"]["schemas"][&name];
            assert!(!schema.is_null(), "the document names a schema `{name}` that it does not have");
            named.insert(name, translate(document, schema, &mut waiting));
        }
    }
    let dialect = "https://json-schema.org/draft/2020-12/schema";
    json!({"$schema": dialect, "$defs": named, "allOf": [root]})
}

fn translate(document: &Value, raw: &Value, named: &mut BTreeSet<String>) -> Value {
    let Some(fields) = raw.as_object() else { return raw.clone() };
    if let Some(name) = name_of(raw) {
        named.insert(name.to_owned());
        return json!({"$ref": format!("#/$defs/{name}")});
    }
    if let Some(Value::Array(parts)) = fields.get("allOf") {
        let merged = parts.iter().fold(Value::Null, |merged, part| merge(document, merged, part));
        return translate(document, &merged, named);
    }
    let mut schema = Map::new();
    for (key, value) in fields {
        let translated = match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => properties
                .iter()
                .map(|(name, property)| (name.clone(), translate(document, property, named)))
                .collect(),
            ("items" | "additionalProperties", value) => translate(document, value, named),
            ("oneOf" | "anyOf", Value::Array(parts)) => {
                parts.iter().map(|part| translate(document, part, named)).collect()
            }
            ("format", Value::String(format)) => {
                match format.as_str() {
                    "int32" => bounds(&mut schema, i32::MIN.into(), i32::MAX.into()),
                    "int64" => bounds(&mut schema, i64::MIN, i64::MAX),
                    "date-time" => {
                        schema.insert(key.clone(), value.clone());
                    }
                    _ => {}
                }
                continue;
            }
            ("type" | "enum" | "pattern" | "uniqueItems", value) => value.clone(),
            ("minItems" | "maxItems" | "minLength" | "maxLength" | "minimum" | "maximum", value) => {
                value.clone()
            }
            ("required", Value::Array(_)) => value.clone(),
            // Descriptions and the like.
            _ => continue,
        };
        schema.insert(key.clone(), translated);
    }
    if schema.contains_key("properties") && !schema.contains_key("additionalProperties") {
        schema.insert("additionalProperties".to_owned(), false.into());
    }
    if fields.get("nullable") == Some(&Value::Bool(true)) {
        return nullable(schema);
    }
    Value::Object(schema)
}

/// Does not widen what the document itself bounds.
fn bounds(schema: &mut Map<String, Value>, low: i64, high: i64) {
    schema.entry("minimum").or_insert_with(|| low.into());
    schema.entry("maximum").or_insert_with(|| high.into());
}

/// Within the schema where that is possible: the message about an alternative of two would say nothing.
fn nullable(mut schema: Map<String, Value>) -> Value {
    match schema.get_mut("type") {
        Some(kind) => {
            *kind = json!([kind, "null"]);
            if let Some(Value::Array(words)) = schema.get_mut("enum") {
                words.push(Value::Null);
            }
            Value::Object(schema)
        }
        None => json!({"anyOf": [{"type": "null"}, schema]}),
    }
}

/// One object schema of two that both hold. `allOf` cannot stay: each of its parts would forbid the fields of
/// the others.
fn merge(document: &Value, left: Value, right: &Value) -> Value {
    let right = resolve(document, right);
    let Value::Object(mut merged) = left else { return right.clone() };
    for (key, value) in right.as_object().into_iter().flatten() {
        let together = match (key.as_str(), merged.remove(key)) {
            (_, None) => value.clone(),
            ("properties", Some(Value::Object(mut properties))) => {
                for (name, property) in value.as_object().into_iter().flatten() {
                    let before = properties.remove(name).unwrap_or_default();
                    let before = resolve(document, &before).clone();
                    properties.insert(name.clone(), merge(document, before, property));
                }
                properties.into()
            }
            ("required", Some(Value::Array(mut names))) => {
                names.extend(value.as_array().into_iter().flatten().cloned());
                names.into()
            }
            (_, Some(before)) => before,
        };
        merged.insert(key.clone(), together);
    }
    merged.into()
}

fn name_of(raw: &Value) -> Option<&str> {
    raw.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix(NAMED))
}

fn resolve<'d>(document: &'d Value, raw: &'d Value) -> &'d Value {
    name_of(raw).map_or(raw, |name| resolve(document, &document["components"]["schemas"][name]))
}
