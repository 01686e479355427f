//! The JSON Schema of policy files, for editors. It is made from the tables that the reader goes by; the
//! reader itself checks more, and says it better.

use serde_json::{Map, Value, json};

use super::ast::TestVerb;
use super::csv::Delimiter;
use super::delegation::MayRemove;
use super::keys::{self, Key};
use crate::model::{AccessClass, BuiltInRole, Forbidden, Permission};

/// The schema, in the 2020-12 dialect.
pub fn schema() -> Value {
    let mut schema = mapping(keys::TOP, |key| match key {
        "version" => json!({ "const": 1 }),
        "ignore" => list(text()),
        "site" => mapping(keys::SITE, |key| match key {
            "archived-pages" => json!({ "enum": ["writable", "read-only"] }),
            _ => text(),
        }),
        "people" => map_of(&json!({
            "anyOf": [scalar(), with(mapping(keys::PERSON, |_| scalar()), "required", json!(["account"]))]
        })),
        "groups" => map_of(&scalar()),
        "sets" => map_of(&list(json!({ "$ref": "#/$defs/principals" }))),
        "roles" => with(map_of(&role()), "propertyNames", json!({ "not": { "enum": roles() } })),
        "spaces" => map_of(&space()),
        "rules" => json!({ "type": "array", "items": rule() }),
        "guards" => guards(),
        "delegation" => delegation(),
        _ => json!({ "type": "array", "items": test() }),
    });
    if let Value::Object(top) = &mut schema {
        top.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
        top.insert("title".to_owned(), json!("A file of a confperm policy"));
        // A file without anything in it is a policy file, too.
        top.insert("type".to_owned(), json!(["object", "null"]));
        top.insert(
            "$defs".to_owned(),
            json!({
                "access": access(),
                "permission": {
                    "description": "A permission in a space.",
                    "oneOf": Permission::ALL
                        .iter()
                        .map(|permission| json!({ "const": permission.as_str(), "title": permission.label() }))
                        .collect::<Vec<_>>(),
                },
                "principal": {
                    "description": "Who: `group:NAME`, `user:ALIAS` or `user:ACCOUNT-ID`, `class:NAME`, or `anonymous`.",
                    "type": "string",
                    "pattern": principal_pattern(""),
                },
                "principals": {
                    "description": "Who: `group:NAME`, `user:ALIAS` or `user:ACCOUNT-ID`, `set:NAME`, `class:NAME`, or `anonymous`.",
                    "type": "string",
                    "pattern": principal_pattern("set:.+|"),
                },
                "named": {
                    "description": "A person or a group: `group:NAME`, `user:ALIAS` or `user:ACCOUNT-ID`.",
                    "type": "string",
                    "pattern": "^\\s*(group:.+|user:.+)$",
                },
                "several-named": {
                    "description": "People and groups: `group:NAME`, `user:ALIAS` or `user:ACCOUNT-ID`, `set:NAME`.",
                    "type": "string",
                    "pattern": "^\\s*(group:.+|user:.+|set:.+)$",
                },
                "audience": {
                    "anyOf": [{ "const": "anyone" }, list(entry("several-named"))],
                },
                "expectations": {
                    "type": "object",
                    "properties": TestVerb::ALL
                        .into_iter()
                        .map(|verb| (verb.as_str().to_owned(), list(scalar())))
                        .collect::<Map<_, _>>(),
                    "additionalProperties": false,
                },
            }),
        );
    }
    schema
}

fn role() -> Value {
    mapping(keys::ROLE, |key| match key {
        "includes" => list(scalar()),
        "permissions" => list(json!({ "$ref": "#/$defs/permission" })),
        _ => text(),
    })
}

/// What `access` may say: rights, and who has them.
fn access() -> Value {
    let mut known: Map<String, Value> = Map::new();
    for role in BuiltInRole::ALL {
        let meaning: Vec<&str> = role.permissions().into_iter().map(Permission::as_str).collect();
        known.insert(
            role.as_str().to_owned(),
            described(principals(), &format!("The built-in role: {}.", meaning.join(", "))),
        );
    }
    for permission in Permission::ALL {
        let label = format!("\"{}\" in Confluence.", permission.label());
        known.insert(permission.as_str().to_owned(), described(principals(), &label));
    }
    json!({
        "type": "object",
        "minProperties": 1,
        "properties": known,
        // Roles of the policy's own; a slash would make it a permission that does not exist.
        "additionalProperties": principals(),
        "propertyNames": {
            "anyOf": [{ "enum": Permission::ALL.iter().map(|permission| permission.as_str()).collect::<Vec<_>>() },
                      { "pattern": "^[^/]+$" }]
        },
    })
}

fn rule() -> Value {
    let rule = mapping(keys::RULE, |key| match key {
        "name" | "like" => text(),
        "spaces" => json!({ "anyOf": [list(scalar()), selector()] }),
        "access" => json!({ "anyOf": [{ "$ref": "#/$defs/access" }, one_or_many(&text())] }),
        "absent" => list(json!({ "anyOf": [
            { "$ref": "#/$defs/principals" },
            with(mapping(keys::ABSENT, absent), "required", json!(["who"])),
        ] })),
        "leave" => leave(),
        "replace" => with(map_of(&json!({ "$ref": "#/$defs/named" })), "minProperties", json!(1)),
        "restricted-pages" => restricted(),
        _ => with(mapping(keys::FROM, from), "required", json!(["csv", "space", "type", "id"])),
    });
    let rule = with(rule, "required", json!(["name"]));
    let actions = ["access", "like", "absent", "replace", "leave", "restricted-pages"]
        .map(|action| json!({ "required": [action] }));
    with(rule, "anyOf", json!(actions))
}

fn leave() -> Value {
    let pattern = principal_pattern("set:.+|class:\\s*\\*|");
    list(json!({ "type": "string", "pattern": pattern }))
}

fn absent(key: &str) -> Value {
    match key {
        "who" => json!({ "$ref": "#/$defs/principals" }),
        _ => json!({ "$ref": "#/$defs/named" }),
    }
}

/// Principals; `sets` is what else may stand there.
fn principal_pattern(sets: &str) -> String {
    let classes = AccessClass::ALL.map(AccessClass::as_str).join("|");
    format!("^\\s*(group:.+|user:.+|{sets}class:\\s*({classes})|anonymous)\\s*$")
}

fn from(key: &str) -> Value {
    match key {
        "types" => one_or_many(&json!({ "enum": ["user", "group", "guest"] })),
        "delimiter" => json!({ "enum": Delimiter::WORDS }),
        _ => text(),
    }
}

fn selector() -> Value {
    let condition = mapping(keys::CONDITION, |key| match key {
        "who" => json!({ "$ref": "#/$defs/principal" }),
        _ => text(),
    });
    let condition = with(condition, "required", json!(["who", "has"]));
    mapping(keys::SELECTOR, |key| match key {
        "status" => json!({ "enum": ["current", "archived"] }),
        "where" => one_or_many(&condition),
        "key" | "not" => one_or_many(&scalar()),
        _ => one_or_many(&text()),
    })
}

fn one_or_many(one: &Value) -> Value {
    json!({ "anyOf": [one, list(one.clone())] })
}

fn space() -> Value {
    mapping(keys::SPACE, |key| match key {
        "mode" => json!({ "enum": ["authoritative", "additive", "paused"] }),
        "leave" => leave(),
        "access" => json!({ "$ref": "#/$defs/access" }),
        "like" => text(),
        "unlisted-pages" => json!({ "enum": ["leave", "open"] }),
        "restricted-pages" => restricted(),
        "page-only" => list(with(
            mapping(keys::PAGE_ONLY, |key| match key {
                "who" => list(entry("several-named")),
                "pages" => list(scalar()),
                _ => text(),
            }),
            "required",
            json!(["who", "pages"]),
        )),
        _ => with(
            map_of(&with(
                mapping(keys::PAGE, |key| match key {
                    "view" | "edit" => json!({ "$ref": "#/$defs/audience" }),
                    _ => list(entry("named")),
                }),
                "minProperties",
                json!(1),
            )),
            "minProperties",
            json!(1),
        ),
    })
}

fn restricted() -> Value {
    with(mapping(keys::RESTRICTED, |_| list(entry("named"))), "minProperties", json!(1))
}

fn guards() -> Value {
    let guards = mapping(keys::GUARDS, |key| match key {
        "min-admins" => json!({ "type": "integer", "minimum": 0 }),
        "required-admins" => list(json!({ "$ref": "#/$defs/several-named" })),
        "max-removals" => json!({
            "anyOf": [{ "type": "integer", "minimum": 0 },
                      { "type": "string", "pattern": "^\\s*([0-9]+|([0-9]|[1-9][0-9]|100)\\s*%)\\s*$" }]
        }),
        _ => json!({ "anyOf": [
            list(json!({ "enum": Forbidden::ALL.map(Forbidden::as_str) })),
            with(mapping(keys::FORBID, forbid), "minProperties", json!(1)),
        ] }),
    });
    with(guards, "minProperties", json!(1))
}

fn delegation() -> Value {
    let owners = || one_or_many(&json!({ "type": "string", "pattern": "^[^\\s#]*@[^\\s#]*$" }));
    let team = mapping(keys::TEAM, |key| match key {
        "name" => text(),
        "may-remove" => json!({ "enum": MayRemove::ALL.map(MayRemove::as_str) }),
        "may-open" => json!({ "type": "boolean" }),
        "to" => list(json!({ "type": "string", "pattern": principal_pattern("set:.+|class:\\s*\\*|") })),
        "owners" => owners(),
        _ => one_or_many(&scalar()),
    });
    let mut delegation = map_of(&with(team, "required", json!(["spaces"])));
    if let Value::Object(fields) = &mut delegation {
        let all_others = described(owners(), "Who owns all other files.");
        fields.insert("properties".to_owned(), json!({ keys::OWNERS: all_others }));
        fields.insert("propertyNames".to_owned(), json!({ "pattern": "^(owners|.+/\\*\\*|.+\\.ya?ml)$" }));
    }
    delegation
}

/// The exceptions of something that is forbidden.
fn forbid(word: &str) -> Value {
    let table = if word == Forbidden::Anonymous.as_str() {
        keys::FORBID_ANONYMOUS
    } else {
        keys::FORBID_DIRECT_USERS
    };
    mapping(table, |key| match key {
        "except-spaces" => one_or_many(&scalar()),
        _ => list(json!({ "$ref": "#/$defs/several-named" })),
    })
}

fn test() -> Value {
    let test = mapping(keys::TEST, |key| match key {
        "name" => text(),
        "who" => json!({ "$ref": "#/$defs/principals" }),
        "only" => {
            let named = map_of(&list(json!({ "$ref": "#/$defs/principals" })));
            let verbs = TestVerb::ALL.into_iter().map(|verb| (verb.as_str().to_owned(), named.clone()));
            json!({
                "type": "object",
                "properties": verbs.collect::<Map<_, _>>(),
                "additionalProperties": false,
            })
        }
        _ => json!({ "$ref": "#/$defs/expectations" }),
    });
    let test = with(test, "required", json!(["name"]));
    let ways = [["who", "can"].as_slice(), &["who", "cannot"], &["only"]];
    with(test, "anyOf", ways.map(|required| json!({ "required": required })).into_iter().collect())
}

/// A mapping with fixed keys, described by a table.
fn mapping(table: &[Key], value: impl Fn(&str) -> Value) -> Value {
    let properties: Map<String, Value> =
        table.iter().map(|key| (key.name.to_owned(), described(value(key.name), key.doc))).collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn map_of(value: &Value) -> Value {
    json!({ "type": "object", "additionalProperties": value })
}

#[expect(clippy::needless_pass_by_value, reason = "reads better where schemas are nested")]
fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items, "minItems": 1 })
}

fn principals() -> Value {
    list(entry("principals"))
}

/// A principal, or one with an end and a reason.
fn entry(who: &str) -> Value {
    let who = json!({ "$ref": format!("#/$defs/{who}") });
    let long = mapping(keys::ENTRY, |key| match key {
        "who" => who.clone(),
        "until" => json!({ "type": "string", "format": "date", "pattern": "^\\d{4}-\\d{2}-\\d{2}$" }),
        _ => text(),
    });
    json!({ "anyOf": [who, with(long, "required", json!(["who"]))] })
}

fn text() -> Value {
    json!({ "type": "string", "minLength": 1 })
}

/// A text, or a number that is taken as it is written.
fn scalar() -> Value {
    json!({ "type": ["string", "number"], "minLength": 1 })
}

fn roles() -> [&'static str; 4] {
    BuiltInRole::ALL.map(BuiltInRole::as_str)
}

fn described(value: Value, doc: &str) -> Value {
    with(value, "description", json!(doc))
}

fn with(mut schema: Value, key: &str, value: Value) -> Value {
    if let Value::Object(fields) = &mut schema {
        fields.insert(key.to_owned(), value);
    }
    schema
}
