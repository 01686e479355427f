//! Where a real site is known to differ from its documents, and the sandbox follows the site.
//!
//! Sources are the project's fact sheet on the Cloud API, by section, with its marks: `live: folio` and
//! `live: cjs` are measurements on real sites by `folio-sec/terraform-provider-atlassian` and by the nightly
//! suite of confluence.js. `nullish` means that confluence.js 3.2.0, whose schemas that suite holds against a
//! real site, takes null there.

use crate::judge::Deviation;

/// A deviation that is right, with its reason. `*` stands for any text.
#[derive(Debug)]
pub(crate) struct Allowance {
    operation: &'static str,
    finding: &'static str,
    reason: &'static str,
}

impl Allowance {
    pub(crate) fn covers(&self, deviation: &Deviation) -> bool {
        fits(self.operation, &deviation.operation) && fits(self.finding, &deviation.finding)
    }

    pub(crate) fn name(&self) -> String {
        format!("{}: {} ({})", self.operation, self.finding, self.reason)
    }
}

pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            rest.char_indices().map(|(at, _)| at).chain([rest.len()]).any(|at| fits(after, &rest[at..]))
        }),
    }
}

const fn allow(operation: &'static str, finding: &'static str, reason: &'static str) -> Allowance {
    Allowance { operation, finding, reason }
}

/// The list. An entry that no exchange needs fails the tests.
pub(crate) const ALLOWED: &[Allowance] = &[
    // Requests.
    allow(
        "GET /wiki/api/v2/spaces",
        "query keys: commas within one value",
        "4: `ids` and `keys` are comma lists (docs)",
    ),
    allow(
        "GET /wiki/api/v2/pages",
        "query id: commas within one value",
        "4: `id` is a comma list; the document itself calls it one",
    ),
    allow(
        "GET /wiki/rest/api/user/bulk",
        "accepted: query accountId: given 2 times",
        "5: `/user/bulk?accountId=..&accountId=..`; the document itself calls the value a list",
    ),
    allow(
        "GET /wiki/api/v2/space-roles/{id}",
        "accepted: path id: * is not of type \"integer\"",
        "2.3: the document says integer, and role ids are UUIDs (live: folio)",
    ),
    // Statuses.
    allow(
        "*",
        "answer 401: not documented",
        "7: a wrong token is refused before it matters what was asked for",
    ),
    allow(
        "*",
        "no document has it, and it answers 410",
        "0.2, 4: operations that were removed from v1 answer 410",
    ),
    allow(
        "PUT /wiki/rest/api/content/{id}/restriction",
        "answer 400: not documented",
        "3: bodies without subjects and unknown subjects are refused with 400",
    ),
    allow(
        "PUT /wiki/rest/api/content/{id}/restriction",
        "answer 403: not documented",
        "3: callers that may not restrict get 403 `Not enough permissions to alter` (forum, live)",
    ),
    allow(
        "GET /wiki/rest/api/group/picker",
        "answer 400: not documented",
        "inferred: without the required `query` there is nothing else to answer",
    ),
    // Words that the lists of the documents lack.
    allow(
        "GET /wiki/api/v2/spaces/{id}*",
        "*/principal/type: \"access-class\" is not one of *",
        "1.4: returned by real sites (live: folio, live: cjs)",
    ),
    allow(
        "GET /wiki/api/v2/spaces/{id}*",
        "*/operation/key: * is not one of *",
        "1.5: 26 pairs of operation and target were measured, the document has 15 operations (live: folio)",
    ),
    // Shapes.
    allow(
        "GET /wiki/rest/api/content/{id}/restriction/byOperation",
        "answer 200 /*: Additional properties are not allowed ('_expandable', 'operation', 'restrictions' were unexpected)",
        "3: an object with a list per operation; the schema wraps each in a field `operationType`",
    ),
    allow(
        "GET /wiki/api/v2/*s/{id}",
        "answer 200 /createdAt: 1704067200000 is not of type \"string\"",
        "4: the createdAt of folders and their like is in epoch milliseconds (live: npm)",
    ),
    allow(
        "GET /wiki/api/v2/spaces/{id}",
        "answer 200 : Additional properties are not allowed ('currentActiveAlias' was unexpected)",
        "4: documented for the list of spaces only; confluence.js has it for one space as well",
    ),
    // Nulls.
    allow(
        "POST /wiki/api/v2/content/convert-ids-to-types",
        "answer 200 /results/*: null is not valid *",
        "4: content that the caller does not see maps to null",
    ),
    allow(
        "GET /wiki/api/v2/*",
        "*/parentId: null is not of type \"string\"",
        "the document's own words: `or null`; nullish",
    ),
    allow("GET /wiki/api/v2/*", "*/parentType: null is not *", "nullish"),
    allow("GET /wiki/api/v2/spaces*", "*/icon: null is not of type \"object\"", "nullish"),
    allow("GET /wiki/api/v2/spaces*", "*/description: null is not of type \"object\"", "nullish"),
    allow(
        "POST /wiki/api/v2/users-bulk",
        "*/timeZone: null *",
        "the document's own words: `may return null`; nullish",
    ),
    allow(
        "POST /wiki/api/v2/users-bulk",
        "*/personalSpaceId: null *",
        "the document's own words: `Returns null`; nullish",
    ),
];
