//! The keys of the language, one table per kind of mapping. The reader knows a key by these tables, and
//! the JSON Schema takes its descriptions from them.

/// A key of a mapping.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
}

const fn key(name: &'static str, doc: &'static str) -> Key {
    Key { name, doc }
}

pub(crate) const TOP: &[Key] = &[
    key("version", "The version of the policy language: 1."),
    key("site", "Where the site is."),
    key("people", "Short names for accounts: alias to account id."),
    key("groups", "Pins the name of a group to its id, so that a rename on the site is noticed."),
    key("roles", "Named bundles of permissions, beside viewer, collaborator, manager and admin."),
    key("spaces", "Who may do what, by the key of the space."),
    key("guards", "What every plan must respect; a plan that does not is held back."),
    key("tests", "Promises about effective access, checked by `confperm test`."),
];

pub(crate) const SITE: &[Key] = &[key(
    "url",
    "The address of the site: `https://acme.atlassian.net/wiki`, the address of a Data Center, or \
     `sandbox:FILE` relative to the policy directory.",
)];

pub(crate) const PERSON: &[Key] = &[
    key("account", "The account id (Cloud) or user key (Data Center)."),
    key("email", "For people who read the file; never sent anywhere."),
];

pub(crate) const ROLE: &[Key] = &[
    key("includes", "Other roles of which this one holds everything."),
    key("permissions", "Single permissions, `operation/target`."),
    key("site-role", "The space role that this means on a site that uses space roles."),
];

pub(crate) const SPACE: &[Key] = &[
    key(
        "mode",
        "What becomes of access that is not declared: `authoritative` removes it, `additive` leaves it.",
    ),
    key("access", "A role or a single permission, and who has it."),
    key("pages", "Who may view and edit which pages: a path of titles, a title, `id:NUMBER`, or a pattern."),
];

pub(crate) const PAGE: &[Key] = &[
    key("view", "Who may view the page and everything below it: `anyone`, or a list of people and groups."),
    key("edit", "Who may edit the page itself: `anyone`, or a list of people and groups."),
];

pub(crate) const ENTRY: &[Key] = &[
    key("who", "Who is meant."),
    key("until", "The last day that this counts, as in `2027-01-31`. A plan made after it takes it back."),
    key("why", "The reason, for whoever reads the plan."),
];

pub(crate) const GUARDS: &[Key] = &[
    key("min-admins", "How many active people, or groups with members, must administer each space."),
    key("required-admins", "People and groups that must administer each space."),
    key("max-removals", "How much a plan may take away: a share such as `25%`, or a number of grants."),
    key("forbid", "What nobody may be given: `anonymous`, `direct-users`."),
];

pub(crate) const TEST: &[Key] = &[
    key("name", "What the test promises."),
    key("who", "Whom it is about: one principal."),
    key("can", "What they can do: a verb and a list of spaces or pages."),
    key("cannot", "What they cannot do: a verb and a list of spaces or pages."),
];

pub(crate) fn names(keys: &[Key]) -> impl Iterator<Item = &'static str> {
    keys.iter().map(|key| key.name)
}
