//! The keys of the language, one table per kind of mapping. The reader knows a key by these tables, the
//! JSON Schema takes its descriptions from them, and the formatter the order in which keys are written.

/// A key of a mapping.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) inside: Inside,
}

/// What stands below a key, as far as the order of keys is concerned. Lists count as their entries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inside {
    /// The keys of the mapping, in their order. Empty where the author decides.
    pub(crate) keys: &'static [Key],
    /// The mapping has names of the author's own, and the keys are those of the mappings below them.
    pub(crate) named: bool,
    /// Entries are kept apart by a blank line.
    pub(crate) apart: bool,
}

impl Inside {
    /// Nothing that the language orders.
    pub(crate) const FREE: Self = Self { keys: &[], named: false, apart: false };
    /// A whole file.
    pub(crate) const FILE: Self = Self { keys: TOP, named: false, apart: true };

    /// Where a key stands among its neighbours. Unknown keys come last, in their own order.
    pub(crate) fn rank(self, key: &str) -> usize {
        if self.named {
            return 0;
        }
        self.keys.iter().position(|known| known.name == key).unwrap_or(self.keys.len())
    }

    /// What stands below a key of this mapping.
    pub(crate) fn below(self, key: &str) -> Self {
        if self.named {
            return Self { named: false, apart: false, ..self };
        }
        self.keys.iter().find(|known| known.name == key).map_or(Self::FREE, |known| known.inside)
    }
}

const fn key(name: &'static str, doc: &'static str) -> Key {
    Key { name, doc, inside: Inside::FREE }
}

impl Key {
    /// A mapping, or a list of mappings, with these keys.
    const fn fields(self, keys: &'static [Self]) -> Self {
        Self { inside: Inside { keys, named: false, apart: false }, ..self }
    }

    /// A mapping from names of the author's own to mappings with these keys.
    const fn named(self, keys: &'static [Self]) -> Self {
        Self { inside: Inside { keys, named: true, apart: false }, ..self }
    }

    /// With a blank line between entries.
    const fn apart(self) -> Self {
        Self { inside: Inside { apart: true, ..self.inside }, ..self }
    }
}

pub(crate) const TOP: &[Key] = &[
    key("version", "The version of the policy language: 1."),
    key(
        "ignore",
        "Files below the policy directory that are no part of the policy: paths, `FOLDER/`, or patterns with `*` and `?`. In \
         confperm.yaml only.",
    ),
    key("site", "Where the site is, and what it cannot do.").fields(SITE),
    key("people", "Short names for accounts: alias to account id.").named(PERSON),
    key("groups", "Pins the name of a group to its id, so that a rename on the site is noticed."),
    key("sets", "Named lists of principals, written `set:NAME` wherever a list of principals stands."),
    key("roles", "Named bundles of permissions, beside viewer, collaborator, manager and admin.").named(ROLE),
    key("spaces", "Who may do what, by the key of the space.").named(SPACE).apart(),
    key("rules", "The same across many spaces.").fields(RULE).apart(),
    key("guards", "What every plan must respect; a plan that does not is blocked.").fields(GUARDS),
    key(
        "delegation",
        "Which teams manage which spaces, by the files that they own: a folder such as `teams/eng/**`, or one file. A file of \
         a team holds `spaces`, `rules` and `tests` that stay within what is delegated.",
    )
    .named(TEAM)
    .apart(),
    key("tests", "Promises about effective access, checked by `confperm test`.").fields(TEST),
];

pub(crate) const SITE: &[Key] = &[
    key(
        "url",
        "The address of the site: `https://acme.atlassian.net/wiki`, the address of a Data Center, or \
         `sandbox:FILE` relative to the policy directory.",
    ),
    key(
        "archived-pages",
        "Whether the site lets restrictions of archived pages be changed: `writable`, or `read-only` where it refuses. \
         Plans then name what stays open.",
    ),
];

pub(crate) const PERSON: &[Key] = &[
    key("account", "The account id (Cloud) or user key (Data Center)."),
    key("email", "For people who read the file; never sent anywhere."),
    key("guest-of", "The key of the space that a guest belongs to, which cannot be read from the API."),
];

pub(crate) const ROLE: &[Key] = &[
    key("includes", "Other roles of which this one holds everything."),
    key("permissions", "Single permissions, `operation/target`."),
    key("site-role", "The space role that this means on a site that uses space roles."),
];

pub(crate) const SPACE: &[Key] = &[
    key(
        "mode",
        "What becomes of access that is not declared: `authoritative` removes it, `additive` leaves it. `paused` changes \
         nothing in the space, whatever entries and rules ask for, and reports what differs.",
    ),
    key(
        "leave",
        "Who is left as they are in this space: `group:legacy-*`, `user:ALIAS`, `user:*`, `class:NAME` or `anonymous`. They \
         are neither given nor taken anything, and stay on the lists of pages that they are on.",
    ),
    key("access", "A role or a single permission, and who has it.").named(ENTRY),
    key(
        "like",
        "A space whose access this one has as well: `ENG` by the policy, `live:ENG` as it is there now.",
    ),
    key(
        "pages",
        "Who may view and edit which pages: a path of titles, a title, `id:NUMBER`, `blog:TITLE`, or a pattern.",
    )
    .named(PAGE),
    key(
        "unlisted-pages",
        "What becomes of the restrictions of pages that no entry matches: `leave` keeps them, `open` removes them.",
    ),
    key("page-only", "People who see exactly the pages that are named, and what stands above them.")
        .fields(PAGE_ONLY),
    key(
        "restricted-pages",
        "Who joins every list that restricts a page or blog post of the space, archived ones included.",
    )
    .fields(RESTRICTED),
];

pub(crate) const RULE: &[Key] = &[
    key("name", "What the rule is for; plans name it."),
    key("spaces", "Which spaces: a list of keys, or a mapping that says what they have in common.")
        .fields(SELECTOR),
    key("from", "A CSV file whose rows say who and where; `access` says what they get.").fields(FROM),
    key("access", "A role or a single permission, and who has it; with `from`, only what.").named(ENTRY),
    key(
        "like",
        "A space whose access all of these have as well: `ENG` by the policy, `live:ENG` as it is there now.",
    ),
    key("absent", "Who holds nothing in these spaces and is on no list of a page in them.").fields(ABSENT),
    key("replace", "Whose place another takes, in the spaces and on the lists of pages: old to new."),
    key("leave", "Who is left as they are in these spaces, as `leave` of a space says it."),
    key(
        "restricted-pages",
        "Who joins every list that restricts a page or blog post of these spaces, archived ones included.",
    )
    .fields(RESTRICTED),
];

pub(crate) const SELECTOR: &[Key] = &[
    key("key", "A key, a pattern of keys with `*` and `?`, or a list of these."),
    key(
        "type",
        "`team` for every space that is not personal; `global`, `personal`, `collaboration`, `knowledge_base`, or another \
         type of the site; or a list.",
    ),
    key("label", "A label (category) of the space, or a list of which one is enough."),
    key(
        "status",
        "`current` or `archived`. Without it: current ones, and any that is named by its whole key.",
    ),
    key(
        "where",
        "Who holds what there, now or once the policy is applied: `{who: group:contractors, has: read/space}`, or a list of which all must hold.",
    )
    .fields(CONDITION),
    key("not", "Keys or patterns that are left out."),
];

pub(crate) const CONDITION: &[Key] = &[
    key("who", "One principal."),
    key("has", "A role or a permission that they hold themselves, not by being in a group."),
];

pub(crate) const ABSENT: &[Key] = &[
    key("who", "Who holds nothing: a person, a group, a class or `anonymous`."),
    key("instead", "Who takes their place on a list of a page that would otherwise be empty."),
];

pub(crate) const FROM: &[Key] = &[
    key("csv", "The file, relative to this one and inside the policy directory."),
    key("space", "The column with the key of the space."),
    key("type", "The column that says `user` or `group`, in any case."),
    key("id", "The column with the account id, or the id or name of the group."),
    key(
        "types",
        "The rows that are taken: `user`, `group`, `guest`. Without it, users and groups; rows of guests, roles and \
         anonymous access are counted in a warning.",
    ),
    key(
        "delimiter",
        "What stands between columns where the first line does not show it: `,`, `;`, `|` or `tab`.",
    ),
];

pub(crate) const PAGE: &[Key] = &[
    key("view", "Who may view the page and everything below it: `anyone`, or a list of people and groups.")
        .fields(ENTRY),
    key("edit", "Who may edit the page itself: `anyone`, or a list of people and groups.").fields(ENTRY),
    key("also-view", "Who joins the view lists that these pages have, whatever sets them. An open page stays open.")
        .fields(ENTRY),
    key(
        "also-edit",
        "Who joins the edit lists that these pages have, and their view lists, since editing needs view. What is open \
         stays open.",
    )
    .fields(ENTRY),
];

pub(crate) const RESTRICTED: &[Key] = &[
    key("also-view", "Who joins every view list.").fields(ENTRY),
    key("also-edit", "Who joins every edit list, and every view list, since editing needs view.")
        .fields(ENTRY),
];

pub(crate) const ENTRY: &[Key] = &[
    key("who", "Who is meant."),
    key("until", "The last day that this counts, as in `2027-01-31`. A plan made after it takes it back."),
    key("why", "The reason, which the plan shows."),
];

pub(crate) const GUARDS: &[Key] = &[
    key(
        "min-admins",
        "How many active people must be able to administer each space. Guests, apps and deactivated accounts do not \
         count. Only a plan that lowers the number below this is blocked.",
    ),
    key("required-admins", "People and groups that must administer each space."),
    key(
        "max-removals",
        "How much a plan may take away: a share such as `25%`, or a number. A principal counts once for each space in \
         which it loses access, and once for each page list that it is taken off. `100%` sets no limit.",
    ),
    key(
        "forbid",
        "The principals that may not be given access: a list of `anonymous` and `direct-users`, or a mapping from \
         these words to their exceptions.",
    )
    .fields(FORBID),
];

pub(crate) const FORBID: &[Key] = &[
    key("anonymous", "Access for visitors who are not signed in.").fields(FORBID_ANONYMOUS),
    key(
        "direct-users",
        "Access that is given to a user by name instead of through a group. The account that runs confperm never \
         counts.",
    )
    .fields(FORBID_DIRECT_USERS),
];

pub(crate) const FORBID_ANONYMOUS: &[Key] =
    &[key("except-spaces", "The keys, or patterns of keys, of the spaces where it may be given.")];

pub(crate) const FORBID_DIRECT_USERS: &[Key] = &[
    key("except", "The users who may be given access by name."),
    key("except-spaces", "The keys, or patterns of keys, of the spaces where it may be given."),
];

/// Beside the files of teams: who owns all others.
pub(crate) const OWNERS: &str = "owners";

pub(crate) const TEAM: &[Key] = &[
    key("name", "What `--team` calls the team; without it, the name of the folder or file."),
    key("spaces", "The spaces that its files may speak of: keys, or patterns with `*` and `?`."),
    key("may-grant", "The roles and permissions that they may give."),
    key(
        "to",
        "The principals that they may let in: `group:eng-*`, `user:ALIAS`, `user:*`, `set:NAME`, `class:NAME` or `anonymous`.",
    ),
    key(
        "may-remove",
        "The principals that they may take something from: `own`, the principals under `to`, or `any`. Without it, `own`. Authoritative \
         spaces, lists of pages and `page-only` need `any`.",
    ),
    key(
        "may-open",
        "Whether they may open pages, and let principals into pages that are restricted: `true` or `false`. Without it, \
         `false`.",
    ),
    key(
        "owners",
        "Who owns the files: teams and users as the host of the repository writes them, for `confperm codeowners`.",
    ),
];

pub(crate) const PAGE_ONLY: &[Key] = &[
    key("who", "The people and groups who see these pages and nothing else of the space.").fields(ENTRY),
    key("pages", "Exactly these: `/X` is that page alone, `/X/**` what stands below it."),
    key("role", "What they may do there; `viewer` if nothing is said."),
];

pub(crate) const TEST: &[Key] = &[
    key("name", "What the test promises."),
    key("who", "The principal that it is about."),
    key("can", "What they can do: a verb and a list of spaces or pages."),
    key("cannot", "What they cannot do: a verb and a list of spaces or pages."),
    key(
        "only",
        "Who alone can do something: a verb, a space or pages, and a list of principals. All others cannot.",
    ),
];

pub(crate) fn names(keys: &[Key]) -> impl Iterator<Item = &'static str> {
    keys.iter().map(|key| key.name)
}
