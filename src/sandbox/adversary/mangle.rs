//! Answers that contradict themselves or leave something out, each way with a name.
//!
//! A mangling looks at the JSON of a good answer and at nothing else. A *list* is an object with `results`;
//! an *innermost* list is one whose entries hold no list: the users and the groups of a restriction, but
//! also a plain list of spaces. A mangling that finds nothing to do leaves the answer as it is.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use super::RuleError;
use super::pattern::{Pattern, Times};

/// Answers that are changed, written `NAME:PATH[:TIMES]`: `empty-with-size:/content/*/restriction:1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mangle {
    /// How.
    pub mangling: Mangling,
    /// The requests, of any method.
    pub requests: Pattern,
    /// Which of these.
    pub times: Times,
}

macro_rules! manglings {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// One way to change an answer.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Mangling {
            $($(#[$doc])* $name,)*
            /// `without=FIELD`: every field of this name is left out.
            Without(String),
            /// `null=FIELD`: every field of this name is null.
            Null(String),
        }

        impl Mangling {
            /// The names of those that take no field.
            pub const NAMES: &'static [&'static str] = &[$($text,)*];

            fn named(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$name),)*
                    _ => None,
                }
            }
        }

        impl fmt::Display for Mangling {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name => f.write_str($text),)*
                    Self::Without(field) => write!(f, "without={field}"),
                    Self::Null(field) => write!(f, "null={field}"),
                }
            }
        }
    };
}

manglings! {
    /// Innermost lists lose their entries and keep their `size`. Lists without a size or entries stay.
    EmptyWithSize = "empty-with-size";
    /// The users of a restriction lose their entries and keep their `size`; the groups stay.
    EmptyUsersWithSize = "empty-users-with-size";
    /// The groups of a restriction lose their entries and keep their `size`; the users stay.
    EmptyGroupsWithSize = "empty-groups-with-size";
    /// Every `size` is one more than there are entries.
    WrongSize = "wrong-size";
    /// Innermost lists keep their entries and have a `size` of 0.
    ZeroSize = "zero-size";
    /// Innermost lists have their first entry twice; `size` counts both.
    DuplicateEntries = "duplicate-entries";
    /// The outer list has its first entry twice, such as a page of a search; `size` counts both.
    EntryTwice = "entry-twice";
    /// The first operation of a restriction answer stands in the place of the second, too.
    OperationTwice = "operation-twice";
    /// A restriction answer has its first operation only.
    OperationMissing = "operation-missing";
    /// `operation` is the other one than the key, or than the path asked for.
    WrongOperation = "wrong-operation";
    /// The list begins anew under a new cursor, for ever.
    Endless = "endless";
    /// Empty pages under new cursors, for ever.
    EndlessEmpty = "endless-empty";
    /// The entries of innermost lists have neither `id` nor `accountId`.
    NoIds = "no-ids";
    /// The last entry with a `parentId`, or the object itself, has only its `parentType`.
    NoParentId = "no-parent-id";
    /// The last entry with a `spaceId`, or the object itself, has the id of another space.
    ForeignSpaceId = "foreign-space-id";
    /// Nothing has an `accountType`.
    NoAccountType = "no-account-type";
    /// Roles name what they give, but for `read/space`, in words of the platform: `CREATE_PAGE`.
    PlatformIds = "platform-ids";
}

/// What a mangling needs to know besides the answer.
#[derive(Clone, Copy, Debug)]
pub(in crate::sandbox) struct Scene<'s> {
    /// The path from `/wiki` on.
    pub(in crate::sandbox) path: &'s str,
    /// The query without a cursor.
    pub(in crate::sandbox) query: &'s str,
    /// The spaces of the site.
    pub(in crate::sandbox) spaces: &'s [u64],
    /// Differs from answer to answer.
    pub(in crate::sandbox) serial: u64,
}

/// What the cursors of endless lists begin with: a request with one is answered from the beginning.
pub(in crate::sandbox) const ENDLESS: &str = "again-";

impl Mangling {
    /// Changes the body of an answer.
    pub(in crate::sandbox) fn apply(&self, body: &mut Value, scene: &Scene<'_>) {
        match self {
            Self::EmptyWithSize => innermost(body, &mut empty_with_size),
            Self::EmptyUsersWithSize => every(body, &mut |value| empty_half(value, "user")),
            Self::EmptyGroupsWithSize => every(body, &mut |value| empty_half(value, "group")),
            Self::WrongSize => every(body, &mut |value| {
                if let (Some(entries), Some(_)) = (value["results"].as_array(), value.get("size")) {
                    value["size"] = (entries.len() + 1).into();
                }
            }),
            Self::ZeroSize => innermost(body, &mut |list| {
                if list.get("size").is_some() {
                    list["size"] = 0.into();
                }
            }),
            Self::DuplicateEntries => innermost(body, &mut first_twice),
            Self::EntryTwice => first_twice(body),
            Self::OperationTwice => {
                let entries = body.get_mut("results").and_then(Value::as_array_mut);
                if let Some([first, second]) = entries.map(Vec::as_mut_slice)
                    && first.get("operation").is_some()
                {
                    second.clone_from(first);
                }
            }
            Self::OperationMissing => operation_missing(body),
            Self::WrongOperation => wrong_operation(body),
            Self::Endless => endless(body, scene),
            Self::EndlessEmpty => {
                if body.get("results").is_some() {
                    body["results"] = Value::Array(Vec::new());
                }
                if body.get("size").is_some() {
                    body["size"] = 0.into();
                }
                endless(body, scene);
            }
            Self::NoIds => innermost(body, &mut |list| {
                for entry in list["results"].as_array_mut().into_iter().flatten() {
                    remove(entry, "id");
                    remove(entry, "accountId");
                }
            }),
            Self::NoParentId => last_with(body, "parentId", |page| remove(page, "parentId")),
            Self::ForeignSpaceId => last_with(body, "spaceId", |page| {
                let own = page["spaceId"].as_str().map(str::to_owned);
                let other = scene.spaces.iter().map(u64::to_string).find(|id| Some(id) != own.as_ref());
                page["spaceId"] = other.unwrap_or_else(|| "1".to_owned()).into();
            }),
            Self::NoAccountType => every(body, &mut |value| remove(value, "accountType")),
            Self::PlatformIds => every(body, &mut |role| {
                let words = role.get_mut("spacePermissions").and_then(Value::as_array_mut);
                for word in words.into_iter().flatten() {
                    if let Some(pair) = word.as_str().filter(|pair| *pair != "read/space") {
                        *word = pair.replace('/', "_").to_uppercase().into();
                    }
                }
            }),
            Self::Without(field) => every(body, &mut |value| remove(value, field)),
            Self::Null(field) => every(body, &mut |value| {
                if value.get(field).is_some() {
                    value[field] = Value::Null;
                }
            }),
        }
    }
}

fn remove(value: &mut Value, field: &str) {
    if let Some(fields) = value.as_object_mut() {
        fields.remove(field);
    }
}

/// Every object in a value, the innermost first.
fn every(value: &mut Value, change: &mut dyn FnMut(&mut Value)) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|field| every(field, change)),
        Value::Array(items) => items.iter_mut().for_each(|item| every(item, change)),
        _ => {}
    }
    if value.is_object() {
        change(value);
    }
}

/// Every innermost list that has entries.
fn innermost(value: &mut Value, change: &mut dyn FnMut(&mut Value)) {
    every(value, &mut |list| {
        let entries = list["results"].as_array();
        if entries.is_some_and(|entries| !entries.is_empty() && !entries.iter().any(holds_a_list)) {
            change(list);
        }
    });
}

fn holds_a_list(value: &Value) -> bool {
    match value {
        Value::Object(fields) => {
            fields.get("results").is_some_and(Value::is_array) || fields.values().any(holds_a_list)
        }
        Value::Array(items) => items.iter().any(holds_a_list),
        _ => false,
    }
}

fn empty_with_size(list: &mut Value) {
    if list.get("size").is_some() {
        list["results"] = Value::Array(Vec::new());
    }
}

/// Empties the users or the groups of one operation.
fn empty_half(operation: &mut Value, half: &str) {
    if let Some(list) = operation.get_mut("restrictions").and_then(|halves| halves.get_mut(half)) {
        empty_with_size(list);
    }
}

fn first_twice(list: &mut Value) {
    let Some(entries) = list.get_mut("results").and_then(Value::as_array_mut) else { return };
    let Some(first) = entries.first().cloned() else { return };
    entries.insert(1, first);
    let size = entries.len();
    if list.get("size").is_some() {
        list["size"] = size.into();
    }
}

/// Takes the second operation out: of a list of operations, or the key `update` beside `read`.
fn operation_missing(value: &mut Value) {
    if let Some(entries) = value.get_mut("results").and_then(Value::as_array_mut)
        && entries.iter().all(|entry| entry.get("operation").is_some())
        && entries.len() == 2
    {
        entries.truncate(1);
        value["size"] = 1.into();
        return;
    }
    every(value, &mut |value| {
        if value["read"]["operation"].is_string() {
            remove(value, "update");
        }
    });
}

fn wrong_operation(value: &mut Value) {
    let other = |operation: &str| if operation == "read" { "update" } else { "read" };
    if let Some(operation) = value["operation"].as_str() {
        value["operation"] = other(operation).into();
        return;
    }
    every(value, &mut |value| {
        for key in ["read", "update"] {
            if value[key]["operation"] == key {
                value[key]["operation"] = other(key).into();
            }
        }
    });
}

/// Adds a next link to the beginning of the same list.
fn endless(body: &mut Value, scene: &Scene<'_>) {
    if body.get("results").is_none() {
        return;
    }
    // Links of v1 have no `/wiki` in front, those of v2 have.
    let path = match scene.path.strip_prefix("/wiki") {
        Some(path) if path.starts_with("/rest/") => path,
        _ => scene.path,
    };
    let and = if scene.query.is_empty() { "" } else { "&" };
    body["_links"]["next"] = format!("{path}?{}{and}cursor={ENDLESS}{}", scene.query, scene.serial).into();
}

/// The last entry of the list that has a field which is not null, or the object itself.
fn last_with(body: &mut Value, field: &str, change: impl FnOnce(&mut Value)) {
    let has = |value: &Value| value.get(field).is_some_and(|value| !value.is_null());
    if has(body) {
        change(body);
    } else if let Some(entries) = body.get_mut("results").and_then(Value::as_array_mut)
        && let Some(entry) = entries.iter_mut().rev().find(|entry| has(entry))
    {
        change(entry);
    }
}

impl FromStr for Mangling {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        match text.split_once('=') {
            Some(("without", field)) if !field.is_empty() => Ok(Self::Without(field.to_owned())),
            Some(("null", field)) if !field.is_empty() => Ok(Self::Null(field.to_owned())),
            _ => {
                Self::named(text).ok_or_else(|| RuleError::Mangling(text.to_owned(), Self::NAMES.join(", ")))
            }
        }
    }
}

impl Mangle {
    /// Every answer to a path is mangled.
    pub fn new(mangling: Mangling, requests: Pattern) -> Self {
        Self { mangling, requests, times: Times::default() }
    }
}

impl FromStr for Mangle {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, RuleError> {
        let pieces: Vec<&str> = text.split(':').collect();
        let (name, path, times) = match pieces[..] {
            [name, path] => (name, path, Times::default()),
            [name, path, times] => (name, path, times.parse()?),
            _ => return Err(RuleError::Mangle(text.to_owned())),
        };
        Ok(Self { mangling: name.parse()?, requests: Pattern::path(path)?, times })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_mangling_has_a_name_that_is_read() {
        for name in Mangling::NAMES {
            assert_eq!(name.parse::<Mangling>().unwrap().to_string(), *name);
        }
        let mangle: Mangle = "null=parentId:/pages:1".parse().unwrap();
        assert_eq!(mangle.mangling, Mangling::Null("parentId".to_owned()));
        for wrong in ["nonsense:/pages", "without=:/pages", "endless", "endless:pages", "endless:/x:y"] {
            assert!(wrong.parse::<Mangle>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_there_is_nothing_to_do_for_stays() {
        let scene = Scene { path: "/wiki/api/v2/x", query: "", spaces: &[1], serial: 1 };
        for body in [json!({"mode": "ROLES"}), json!({"errors": []}), json!([1, 2]), json!(null)] {
            for name in Mangling::NAMES {
                let mut mangled = body.clone();
                name.parse::<Mangling>().unwrap().apply(&mut mangled, &scene);
                assert_eq!(mangled, body, "{name}");
            }
        }
    }
}
