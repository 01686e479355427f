//! The kinds of finding, one table. The codes are public: scripts and CI annotations rely on them.

use std::fmt;

use super::Severity;

macro_rules! codes {
    ($( $name:ident = $text:literal, $severity:ident, $doc:literal; )*) => {
        /// What kind of finding it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $( #[doc = $doc] $name, )*
        }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The stable name, as printed.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it means, in one sentence.
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$name => $doc,)* }
            }

            /// How bad it is.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }
        }
    };
}

codes! {
    // Files.
    NoFiles = "no-files", Error, "The policy directory holds no YAML file.";
    UnreadableFile = "unreadable-file", Error, "A file or folder cannot be read.";
    RefusedFile = "refused-file", Error, "A file that is no regular file inside the policy directory: a link that leads out, a hidden file, a device, a FIFO.";
    ForeignFile = "foreign-file", Error, "A YAML file below the policy directory that has no key of the language.";
    MergeConflict = "merge-conflict", Error, "A file in which git left both sides of a merge.";
    HiddenCharacter = "hidden-character", Error, "A file with a character that a reviewer cannot see, such as one that reverses the direction of writing.";
    NotUtf8 = "not-utf8", Error, "A file is not UTF-8 text.";
    FileTooLarge = "file-too-large", Error, "A file is larger than any policy has reason to be.";
    Syntax = "syntax", Error, "A file is not YAML.";
    TooComplex = "too-complex", Error, "A file is nested too deeply or holds too much.";
    TooManyAnchors = "too-many-anchors", Error, "A file uses more anchors and aliases than a policy needs.";
    MergeKey = "merge-key", Error, "A file uses the merge key `<<`, which hides what an entry says.";
    InvalidLock = "invalid-lock", Error, "`confperm.lock` cannot be read.";
    LeftUnformatted = "left-unformatted", Error, "A file that `confperm fmt` cannot rewrite without loss.";
    SeveralDocuments = "several-documents", Error, "A file holds more than one YAML document.";

    // Shape.
    DuplicateKey = "duplicate-key", Error, "The same key is twice in one place.";
    UnknownKey = "unknown-key", Error, "A key that the policy language does not have.";
    MissingKey = "missing-key", Error, "A key that must be there is not.";
    WrongType = "wrong-type", Error, "A value of another kind than belongs there.";
    NullValue = "null-value", Error, "A key without a value.";
    EmptyList = "empty-list", Error, "A list without entries where a principal must be named.";
    EmptyEntry = "empty-entry", Error, "A section without content.";
    InvalidValue = "invalid-value", Error, "A value that is not one of those possible, or not of the right form.";
    MissingVersion = "missing-version", Error, "No file says which version of the language it is written in.";
    UnsupportedVersion = "unsupported-version", Error, "A version of the language that this program does not know.";
    InvalidUrl = "invalid-url", Error, "The address of the site is not of a form that can be used.";
    DefinedTwice = "defined-twice", Error, "The same thing is defined in two places.";
    InvalidDate = "invalid-date", Error, "A day that does not exist, or is not written as one.";
    DuplicateEntry = "duplicate-entry", Warning, "A list names the same thing twice.";

    // Names.
    UnknownRole = "unknown-role", Error, "A role that is neither built in nor defined.";
    ReservedRole = "reserved-role", Error, "A role with the name of a built-in role or of a permission.";
    RoleCycle = "role-cycle", Error, "A role that includes itself, directly or through others.";
    UnknownPermission = "unknown-permission", Error, "A permission that Confluence does not have.";
    DeleteSpacePermission = "delete-space-permission", Error, "`delete/space`, which could mean two very different things.";
    InvalidPrincipal = "invalid-principal", Error, "An entry that is not of the form `group:…`, `user:…`, `set:…`, `class:…` or `anonymous`, or one that cannot stand where it does.";
    UnknownPerson = "unknown-person", Error, "A person who is neither defined nor named by account id.";
    UnknownSet = "unknown-set", Error, "A set that is not defined under `sets`.";
    SetCycle = "set-cycle", Error, "A set that names itself, directly or through others.";
    UnknownClass = "unknown-class", Error, "A user class that Confluence does not have.";

    // Meaning, without a site.
    AnonymousAdmin = "anonymous-admin", Error, "Visitors who are not signed in would administer a space.";
    NotOnPages = "not-on-pages", Error, "The lists of pages hold only people and groups.";
    EditWithoutView = "edit-without-view", Error, "A principal may edit a page but is not on its view list.";
    PerhapsForbidden = "perhaps-forbidden", Warning, "Access that is given to a user by name. A guard forbids that, unless it is the account that runs confperm.";
    ForbiddenAccess = "forbidden-access", Error, "Access that a guard of the policy forbids. Blocks plans, though the policy is valid.";
    InvalidPages = "invalid-pages", Error, "A page path that cannot be understood.";
    LabelOpens = "label-opens", Error, "A label that would open a page: the label is not the policy's, who may edit a page can set it and remove it.";
    LabelOutranked = "label-outranked", Warning, "A label that decides nothing, because a pattern of the whole space sets the same list and paths go first.";
    PageOnlyRole = "page-only-role", Error, "A role for `page-only` whose holders could open other pages to themselves.";

    // Meaning, on a day.
    EndedGrant = "ended-grant", Warning, "Access whose last day (`until`) has passed.";
    EndBeforeStart = "end-before-start", Error, "An entry is new and its `until` is already past. An entry that is not new is in `confperm.lock`.";
    EndedList = "ended-list", Error, "All entries of a page list have ended, and without entries it would open the page.";

    // Rules.
    UnknownLike = "unknown-like", Error, "`like` names a space in which the policy gives no access.";
    LikeCycle = "like-cycle", Error, "Entries with `like` that refer to each other in a circle.";
    BeyondDelegation = "beyond-delegation", Error, "A file of a team that reaches further than its delegation.";
    UnclearDelegation = "unclear-delegation", Error, "A file of which it is not clear whether, or to which team, it is delegated.";
    Contradiction = "contradiction", Error, "A principal is given something in one place and denied it in another.";
    EmptySelector = "empty-selector", Warning, "A rule, or a pattern in it, that matches no space; or a pattern of `leave` that matches no group.";
    PassingCondition = "passing-condition", Warning, "A rule gives access in an authoritative space by what a principal holds there, and the policy takes that away: the next plan takes back what the rule gave.";
    NotCopied = "not-copied", Warning, "Access that `like` or `replace` does not copy, because confperm does not manage it.";
    AbsentCaller = "absent-caller", Error, "A rule removes the account that runs confperm from spaces.";
    AbsentApp = "absent-app", Warning, "A rule removes an app from spaces, but apps manage their own access.";
    LastOnList = "last-on-list", Error, "A page list would lose its last entry, which would open the page.";
    CsvFile = "csv-file", Error, "A CSV file that is not there, not inside the policy directory, or not CSV.";
    CsvColumn = "csv-column", Error, "A column that a CSV file does not have, or has twice.";
    CsvQuote = "csv-quote", Error, "A quote in a CSV file that is not closed, or stands where none may.";
    SkippedRows = "skipped-rows", Warning, "Rows of a CSV file that are about neither users nor groups.";
    CsvRow = "csv-row", Error, "A row of a CSV file that does not say who or where.";

    // Meaning, against a site.
    UnknownGroup = "unknown-group", Error, "A group that the site does not have.";
    AmbiguousGroup = "ambiguous-group", Error, "Several groups of the site have this name.";
    RenamedName = "renamed-name", Warning, "What `confperm.lock` remembers under this name was renamed or moved, or has another key. The policy still means it.";
    ReplacedName = "replaced-name", Warning, "What `confperm.lock` remembers under this name has another name or key now, and something else has the old one. The policy still means the former.";
    EntriesMeet = "entries-meet", Warning, "Two entries reach a page because of where it stands now, and a principal could edit it by one and not view it by the other. The page is skipped.";
    TakenName = "taken-name", Warning, "What `confperm.lock` remembers under this name is gone, and something else has the name now. What depends on the name is skipped.";
    GoneName = "gone-name", Warning, "What `confperm.lock` remembers under this name is gone. What depends on the name is skipped.";
    UnknownAccount = "unknown-account", Error, "An account that the site does not describe.";
    OtherPerson = "other-person", Warning, "An alias or an e-mail address that has nothing in common with the name that the site shows for the account.";
    InactiveAccount = "inactive-account", Warning, "An account that cannot sign in.";
    UnknownSpace = "unknown-space", Error, "A space that the site does not show.";
    ArchivedSpace = "archived-space", Warning, "A space that is archived.";
    UnknownPage = "unknown-page", Error, "A page path that matches nothing.";
    ForeignPage = "foreign-page", Error, "The address of a page on another site.";
    AmbiguousPage = "ambiguous-page", Error, "A page path that matches several pages.";
    EmptyGlob = "empty-glob", Warning, "A page pattern that matches no page yet.";
    PageTwice = "page-twice", Error, "Two equally specific entries say something about the same page.";
    UnreadPages = "unread-pages", Error, "The pages of a space are needed but were not read.";
    UnsupportedPermission = "unsupported-permission", Error, "A permission that this site does not have.";
    UnknownSiteRole = "unknown-site-role", Error, "A space role that the site does not have.";
    AmbiguousRole = "ambiguous-role", Error, "Several space roles of the site have this name.";
    NoClasses = "no-classes", Error, "User classes on a site without space roles.";
    PageOnlyAdmin = "page-only-admin", Error, "A principal that `page-only` limits to some pages would also administer the space.";
    NotExpressible = "not-expressible", Error, "Access that this site has no way to give.";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
