//! The hash of what a plan means, by which a reviewed plan is recognised when it is made again.
//!
//! It covers the site, the changes, the calls with their edges, each object before and after, what guards and refusals say, and what was unknown,
//! left out or skipped. It does not cover what two plans of the same meaning may differ in: names for people, the line that
//! asks for a change, its words, the day of the plan, and effects, which follow from the rest and from who is in
//! which group. Whatever is added to a covered type is covered, unless it is taken out here.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::model::{Fingerprint, Guard};

use super::change::{Change, ChangeReason};
use super::document::{Plan, PlannedCall};
use super::guard::GuardVerdict;

/// Part of what is hashed: the version of the scheme, so that hashes made by different schemes never match.
const DOMAIN: &str = "confperm plan 3\n";
/// The fields that say where and with what words the policy asks for something.
const WORDS: [&str; 3] = ["origin", "origins", "because"];

impl Plan {
    /// Lets the plan through some of its guards, with the reason in the words of the person who decides that.
    /// Refusals are no guards: nothing lets a plan through them. Gives the guards that hold anyway.
    pub fn override_guards(&mut self, guards: &BTreeSet<Guard>, why: &str) -> BTreeSet<Guard> {
        let needless = self.guards.override_with(guards, why);
        self.hash = self.recomputed_hash();
        needless
    }

    /// The hash of the plan as it is now; `plan.hash` is not looked at, since a document that was read from a file may
    /// have been edited. Changes, calls and objects, of which there may be many, go in by hashes of their own.
    pub fn recomputed_hash(&self) -> Fingerprint {
        let changes: Vec<Hash> = self.changes.par_iter().map(|it| hashed(change(it))).collect();
        let calls: Vec<Hash> = self.calls.par_iter().map(|it| hashed(call(it))).collect();
        let objects: Vec<Hash> = self.objects.par_iter().map(|it| hashed(json!(it))).collect();
        let mut hasher = Sha256::new();
        hasher.update(DOMAIN);
        hasher.update(hashed(rest(self)));
        for hashes in [changes, calls, objects] {
            hasher.update(format!("{}\n", hashes.len()));
            for hash in hashes {
                hasher.update(hash);
            }
        }
        Fingerprint::from_bytes(hasher.finalize().into())
    }
}

type Hash = [u8; 32];

fn hashed(mut value: Value) -> Hash {
    without_words(&mut value);
    let mut hasher = Sha256::new();
    feed(&value, &mut hasher);
    hasher.finalize().into()
}

fn call(planned: &PlannedCall) -> Value {
    let after: Vec<Value> = planned.after.iter().map(|edge| json!([edge.call, edge.reason])).collect();
    json!({"id": planned.id, "call": planned.call, "conditional": planned.conditional, "after": after})
}

/// All but the changes and the calls.
fn rest(plan: &Plan) -> Value {
    let guards = plan.guards.outcomes.iter().map(|outcome| {
        let verdict = match &outcome.verdict {
            GuardVerdict::NotApplicable => "not-applicable",
            GuardVerdict::Holds => "holds",
            GuardVerdict::Blocked => "blocked",
            GuardVerdict::Overridden { .. } => "overridden",
        };
        json!({"guard": outcome.guard, "verdict": verdict, "breaches": outcome.breaches})
    });
    let left_out =
        plan.left_out.iter().map(|left| json!({"change": change(&left.change), "lacks": left.lacks}));
    // A site is known by its cloud id; the address is what is left where the id may not be read.
    let site = plan.site.cloud_id.as_deref().unwrap_or_else(|| plan.site.base_url.raw());
    let mut rest = json!({
        "site": site,
        "mode": plan.site.space_role_mode,
        "guards": guards.collect::<Vec<_>>(),
        "refusals": plan.refusals,
        "unseen": plan.unseen,
        "incomplete": plan.incomplete,
        "left_out": left_out.collect::<Vec<_>>(),
        "skipped": plan.skipped,
    });
    // A role that gives something else makes other plans of the same calls.
    if !plan.role_contents.is_empty() {
        rest["roles"] = json!(plan.role_contents);
    }
    rest
}

/// A change without its reason, but for the day on which it ends.
fn change(change: &Change) -> Value {
    let mut value = json!(change);
    if let Value::Object(fields) = &mut value {
        fields.remove("reason");
        if let ChangeReason::Declared(by) = change.reason()
            && let Some(until) = by.until
        {
            fields.insert("until".to_owned(), until.to_string().into());
        }
    }
    value
}

fn without_words(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for word in WORDS {
                fields.remove(word);
            }
            fields.values_mut().for_each(without_words);
        }
        Value::Array(entries) => entries.iter_mut().for_each(without_words),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A value as JSON with sorted keys and no space, whatever the map of `serde_json` is in this build.
fn feed(value: &Value, hasher: &mut Sha256) {
    match value {
        Value::Object(fields) => {
            hasher.update("{");
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            for (name, field) in fields {
                hasher.update(Value::from(name.as_str()).to_string());
                hasher.update(":");
                feed(field, hasher);
                hasher.update(",");
            }
            hasher.update("}");
        }
        Value::Array(entries) => {
            hasher.update("[");
            for entry in entries {
                feed(entry, hasher);
                hasher.update(",");
            }
            hasher.update("]");
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            hasher.update(value.to_string());
        }
    }
}
