//! The text of a lock as a [`Lock`].

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use camino::Utf8Path;

use super::{LastSeen, Lock, LockedEnd, LockedSite};
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::model::{AccountStatus, SiteIdentity, folded};
use crate::policy::conflict;
use crate::policy::yaml::{NodeKind, YamlNode, parse};

const AGAIN: &str = "take the version that was committed last, or delete the file and run `confperm plan`, which writes it anew: \
                     look at the plan first, since nothing is compared in that run";

type LockFault = Box<Diagnostic>;

impl Lock {
    /// Reads the text of a lock file.
    pub fn parse(file: &Arc<Utf8Path>, text: &str) -> Result<Self, LockFault> {
        if let Some(place) = conflict::marker(file, text) {
            return Err(Box::new(
                Diagnostic::new(Code::InvalidLock, "git left both sides of a merge in this file")
                    .at(&place, "")
                    .help(
                        "keep the lines of both sides and remove the marks (`<<<<<<<`, `=======`, `>>>>>>>`); where the two \
                         sides have different ids for one name, keep the one that is right on the site",
                    ),
            ));
        }
        let root = parse(file, text).map_err(|finding| {
            let finding = Diagnostic { code: Code::InvalidLock, ..*finding };
            Box::new(finding.help(AGAIN))
        })?;
        let mut lock = Self::default();
        for (key, node) in pairs(&root)? {
            match key.value {
                // The layouts differ in `site` only, which says by itself which one it is.
                "version" if matches!(scalar(node)?.value, "1" | "2") => {}
                "version" => {
                    return Err(Box::new(
                        Diagnostic::new(Code::InvalidLock, "this was written by another version of confperm")
                            .at(&node.span, "")
                            .help("use that version, or a newer one"),
                    ));
                }
                "site" => lock.site = Some(Spanned::new(site(node)?, key.span.clone())),
                "groups" => names(node, &mut lock.groups)?,
                "roles" => names(node, &mut lock.roles)?,
                "spaces" => ids(node, &mut lock.spaces)?,
                "pages" => {
                    for (key, node) in pairs(node)? {
                        let mut pages = BTreeMap::new();
                        ids(node, &mut pages)?;
                        add(&mut lock.pages, &key, pages)?;
                    }
                }
                "people" => {
                    for (key, node) in pairs(node)? {
                        let seen = Spanned::new(last_seen(node)?, key.span.clone());
                        add(&mut lock.people, &key, seen)?;
                    }
                }
                "ends" => ends(node, &mut lock)?,
                _ => return Err(Box::new(odd(&key.span, "a section that a lock does not have"))),
            }
        }
        Ok(lock)
    }
}

fn site(node: &YamlNode) -> Result<LockedSite, LockFault> {
    if let NodeKind::Scalar(address, _) = &node.kind {
        return Ok(LockedSite::Address(address.clone()));
    }
    let (mut cloud_id, mut base_url) = (None, None);
    for (key, node) in pairs(node)? {
        match key.value {
            "cloud-id" => cloud_id = Some(scalar(node)?.value.to_owned()),
            "url" => base_url = Some(scalar(node)?.value.to_owned()),
            _ => return Err(Box::new(odd(&key.span, "not a property of a site"))),
        }
    }
    match base_url {
        Some(base_url) => Ok(LockedSite::Identity(SiteIdentity { cloud_id, base_url })),
        None => Err(Box::new(odd(&node.span, "a site without its `url`"))),
    }
}

fn odd(span: &Span, what: &str) -> Diagnostic {
    Diagnostic::new(Code::InvalidLock, format!("this is {what}")).at(span, "").help(AGAIN)
}

fn pairs(node: &YamlNode) -> Result<Vec<(Spanned<&str>, &YamlNode)>, LockFault> {
    match &node.kind {
        // A section, or a file, in which nothing is left.
        NodeKind::Null => Ok(Vec::new()),
        NodeKind::Map(pairs) => pairs.iter().map(|(key, value)| Ok((scalar(key)?, value))).collect(),
        NodeKind::Scalar(..) | NodeKind::List(_) => {
            Err(Box::new(odd(&node.span, "not a list of names and ids")))
        }
    }
}

fn ends(node: &YamlNode, lock: &mut Lock) -> Result<(), LockFault> {
    let entries: &[YamlNode] = match &node.kind {
        NodeKind::Null => &[],
        NodeKind::List(entries) => entries,
        NodeKind::Scalar(..) | NodeKind::Map(_) => {
            return Err(Box::new(odd(&node.span, "not a list of ends")));
        }
    };
    for entry in entries {
        let line = scalar(entry)?;
        let end = line
            .value
            .split_once(' ')
            .and_then(|(until, of)| Some(LockedEnd { until: until.parse().ok()?, of: of.to_owned() }));
        let Some(end) = end else { return Err(Box::new(odd(&line.span, "not a day and what ends on it"))) };
        lock.ends.insert(end);
    }
    Ok(())
}

fn scalar(node: &YamlNode) -> Result<Spanned<&str>, LockFault> {
    match &node.kind {
        NodeKind::Scalar(text, _) => Ok(Spanned::new(text, node.span.clone())),
        NodeKind::Null | NodeKind::List(_) | NodeKind::Map(_) => {
            Err(Box::new(odd(&node.span, "neither a name nor an id")))
        }
    }
}

/// Names as they compare; those of a lock that an earlier version wrote may be others.
fn names<V: FromStr>(node: &YamlNode, map: &mut BTreeMap<String, Spanned<V>>) -> Result<(), LockFault> {
    let mut found: BTreeMap<String, Spanned<V>> = BTreeMap::new();
    ids(node, &mut found)?;
    for (name, id) in found {
        map.entry(folded(&name).into_owned()).or_insert(id);
    }
    Ok(())
}

fn ids<K: FromStr + Ord, V: FromStr>(
    node: &YamlNode,
    map: &mut BTreeMap<K, Spanned<V>>,
) -> Result<(), LockFault> {
    for (key, node) in pairs(node)? {
        let id = scalar(node)?;
        let Ok(id) = id.value.parse() else { return Err(Box::new(odd(&id.span, "not an id"))) };
        add(map, &key, Spanned::new(id, key.span.clone()))?;
    }
    Ok(())
}

fn add<K: FromStr + Ord, V>(
    map: &mut BTreeMap<K, V>,
    key: &Spanned<&str>,
    value: V,
) -> Result<(), LockFault> {
    let Ok(name) = key.value.parse() else { return Err(Box::new(odd(&key.span, "not a name of this kind"))) };
    if map.insert(name, value).is_some() {
        return Err(Box::new(odd(&key.span, "here twice; keep the line that is right")));
    }
    Ok(())
}

fn last_seen(node: &YamlNode) -> Result<LastSeen, LockFault> {
    let mut seen = LastSeen { name: String::new(), status: AccountStatus::Unknown };
    for (key, node) in pairs(node)? {
        let value = scalar(node)?;
        match (key.value, value.value) {
            ("name", name) => name.clone_into(&mut seen.name),
            ("status", "active") => seen.status = AccountStatus::Active,
            ("status", "inactive") => seen.status = AccountStatus::Inactive,
            ("status", "closed") => seen.status = AccountStatus::Closed,
            ("status", "unknown") => seen.status = AccountStatus::Unknown,
            _ => return Err(Box::new(odd(&key.span, "not a property of a person"))),
        }
    }
    Ok(seen)
}
