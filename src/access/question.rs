//! The words of a question about access, and of its answer.

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::{
    AccessClass, AccountId, ContentId, ContentKind, GroupId, Missing, PageList, Permission, Principal,
    RoleId, SpaceKey, SpaceRoleMode, Subject, Why, words,
};

/// Whose access is asked about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asker {
    Person(AccountId),
    /// A licensed person with nothing else known than that the group holds them. The site's own
    /// check takes a group too (OpenAPI v1, `permission/check`).
    Group(GroupId),
    /// A visitor who is not signed in.
    Anonymous,
    /// A licensed person who is in no group.
    Stranger,
}

/// What the asker wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    On(ContentVerb),
    /// A permission in the space, whatever it serves for.
    Space(Permission),
}

// Plan and check go by the list of all, so a verb that it lacked would be checked by neither. The words are those of the
// command line and of documents.
words! {
    /// What can be done to content.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
    #[serde(rename_all = "kebab-case")]
    pub enum ContentVerb {
        View = "view",
        Edit = "edit",
        Comment = "comment",
        Attach = "attach",
        Delete = "delete",
        // Changing the lists of the content.
        Restrict = "restrict",
    }
}

/// What the asker wants to do it to. A verb on content asked of a space means content in it that no list
/// restricts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    Space(SpaceKey),
    Content(SpaceKey, ContentId),
}

/// Where access is decided, from the outside in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    Site,
    Space,
    Ancestor(ContentId),
    Content(ContentId),
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    /// The outermost level that says no. No other level can make up for it.
    Denied(Level),
    /// Neither can be concluded from what could be read.
    Unknown(BTreeSet<Reason>),
}

/// Why an answer is not certain, or not complete.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum Reason {
    /// The space has not been read, or does not exist.
    NoSuchSpace { space: SpaceKey },
    /// The content has not been read, or does not exist.
    NoSuchContent { content: ContentId },
    /// The pages of the space were not read.
    TreeNotRead { space: SpaceKey },
    /// Something above the content is hidden from the caller, and with it its lists and all above it.
    AncestorHidden { content: ContentId },
    /// The site does not say what the content hangs under.
    PlaceUnread { content: ContentId },
    /// The lists of this content could not be read.
    ListsUnread { content: ContentId, why: Why },
    /// The site does not answer a question about this content, which was there when it was read.
    ContentGone { content: ContentId },
    /// Archived spaces follow rules of their own that are not documented.
    SpaceArchived { space: SpaceKey },
    /// Whether lists above an archived page still count for it is not documented; archiving has dropped them
    /// (CONFCLOUD-83913).
    ArchivedBelowLists { content: ContentId },
    /// The account has never been looked up, or the site does not describe it.
    AccountUnread { account: AccountId },
    /// The group has never been looked up.
    NoSuchGroup { group: GroupId },
    /// Who is in the group could not be read.
    MembersUnread { group: GroupId, why: Why },
    /// No group is known to give access to the product. Active people are taken to be licensed.
    LicencesAssumed,
    /// No group is known to give access to the product, so nothing says who is licensed.
    LicencesUnlisted,
    /// Whether the account is licensed depends on a group of which this could not be read.
    LicenceUnread { account: AccountId },
    /// Whether the account is a guest could not be read.
    GuestUnread { account: AccountId },
    /// What an entry gives to the guest that it names is not known: the guest belongs to another space, or nothing
    /// says to which. No API does.
    GuestElsewhere { account: AccountId, space: SpaceKey, home: Option<SpaceKey> },
    /// Whether the site lets in people without a licence cannot be read.
    UnlicensedUnread { account: AccountId },
    /// The site lists nothing of `anonymous`, and may leave such entries out.
    AnonymousUnlisted { space: SpaceKey },
    /// The site has Jira Service Management, which may have opened the space to everyone who is signed in.
    ServiceDesk { space: SpaceKey },
    /// What a group gives to a guest in it is not documented.
    GuestInGroup { group: GroupId },
    /// What the class means for this kind of account is not documented, or who belongs to it cannot be
    /// read.
    ClassUnread { principal: Principal },
    /// Whether people who are not signed in get through the site's gate could not be read.
    AnonymousUnread,
    /// The site lets in no visitor who is not signed in. Whether a space's anonymous grants still count for
    /// those who are is not documented; sites with roles can be told that they do not, and no API says
    /// whether they were.
    AnonymousOff,
    /// What the role permits is not known, or written in words that we do not know.
    RoleUnread { role: RoleId },
    /// People may delete what they made themselves; who made it is not read.
    AuthorUnread,
    /// Whether a page's edit list keeps people from deleting the page is not documented.
    DeleteAgainstEditList,
}

impl Reason {
    /// Why what is above content is not known.
    pub(crate) const fn above(missing: Missing) -> Self {
        match missing {
            Missing::Ancestor(content) => Self::AncestorHidden { content },
            Missing::ParentOf(content) => Self::PlaceUnread { content },
        }
    }
}

/// What a level asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needed {
    /// To get through the site's gate.
    SignIn,
    /// One of these permissions in the space.
    Permission { any_of: Vec<Permission> },
    /// To be on the list, unless it is open.
    OnList(PageList),
}

/// One way through one level. Access is additive, so to take it away every route must go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "route", rename_all = "kebab-case")]
pub enum Route {
    /// Licensed by membership of a group that gives access to the product.
    Licence { group: GroupId },
    /// Taken to be licensed, since nothing is known of licences.
    LicenceAssumed,
    /// Let in as a guest.
    Guest,
    /// An app, which is installed.
    App,
    /// The site lets in people who are not signed in.
    AnonymousAccess,
    /// Let in to this space without a licence: by anonymous access to it, a class, or the service desk.
    Unlicensed,
    /// The principal holds the permission in the space, by itself or as part of the role.
    Grant { principal: Principal, permission: Permission, role: Option<RoleId> },
    /// The service-desk switch that lets every signed-in person view the space.
    UnlicensedAccess,
    /// The list is open.
    OpenList,
    /// The list names the subject.
    Listed { subject: Subject },
}

impl Needed {
    pub(super) fn one(permission: Permission) -> Self {
        Self::Permission { any_of: vec![permission] }
    }
}

impl Asker {
    /// The account that asks, if it is a person's.
    pub const fn account(&self) -> Option<&AccountId> {
        match self {
            Self::Person(account) => Some(account),
            Self::Group(_) | Self::Anonymous | Self::Stranger => None,
        }
    }

    /// The principal that an entry for the asker would name; there is none for a stranger alone.
    pub fn principal(&self) -> Option<Principal> {
        match self {
            Self::Person(account) => Some(Principal::User(account.clone())),
            Self::Group(group) => Some(Principal::Group(group.clone())),
            Self::Anonymous => Some(Principal::Anonymous),
            Self::Stranger => None,
        }
    }

    /// The principal that the asker is, to a site.
    pub fn counts_as(&self) -> Principal {
        self.principal().unwrap_or(Principal::Class(AccessClass::AllLicensedUsers))
    }
}

impl Verb {
    /// The word of the command line and of documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::On(verb) => verb.as_str(),
            Self::Space(permission) => permission.as_str(),
        }
    }
}

impl ContentVerb {
    /// What a space must grant for this verb on this kind of content: all of these. They are never none, since whatever
    /// it is takes seeing the space.
    pub(crate) fn clauses(self, kind: ContentKind, mode: SpaceRoleMode) -> Vec<Clause> {
        use Permission as P;
        let blog = kind == ContentKind::Blogpost;
        let edit = edit_permission(kind, mode);
        let delete = if blog { P::DeleteBlogpost } else { P::DeletePage };
        let read = Clause::one(P::ReadSpace);
        match self {
            Self::View => vec![read],
            Self::Edit => vec![read, Clause::one(edit)],
            Self::Comment => vec![read, Clause::one(P::CreateComment)],
            Self::Attach => vec![read, Clause::one(P::CreateAttachment)],
            Self::Delete => vec![read, Clause { any_of: vec![delete], perhaps: Some(P::DeleteOwn) }],
            Self::Restrict => {
                vec![read, Clause::one(edit), Clause { any_of: RESTRICT.to_vec(), perhaps: None }]
            }
        }
    }

    /// How the content's own edit list bears on this verb.
    pub(crate) const fn edit_list(self) -> EditList {
        match self {
            Self::Edit | Self::Restrict => EditList::Counts,
            Self::Delete => EditList::Perhaps,
            Self::View | Self::Comment | Self::Attach => EditList::Ignored,
        }
    }
}

/// What changing lists needs in the space, beside editing: one of these.
pub(crate) const RESTRICT: [Permission; 2] = [Permission::RestrictContent, Permission::AdministerSpace];

/// What editing needs in the space. Legacy "add page" means create and edit; roles tell them apart (access model,
/// fact 17).
pub(crate) const fn edit_permission(kind: ContentKind, mode: SpaceRoleMode) -> Permission {
    match (mode.has_roles(), matches!(kind, ContentKind::Blogpost)) {
        (false, false) => Permission::CreatePage,
        (false, true) => Permission::CreateBlogpost,
        (true, false) => Permission::UpdatePage,
        (true, true) => Permission::UpdateBlogpost,
    }
}

/// The verb that a list decides about.
impl From<PageList> for ContentVerb {
    fn from(list: PageList) -> Self {
        match list {
            PageList::View => Self::View,
            PageList::Edit => Self::Edit,
        }
    }
}

impl From<ContentVerb> for Verb {
    fn from(verb: ContentVerb) -> Self {
        Self::On(verb)
    }
}

impl From<PageList> for Verb {
    fn from(list: PageList) -> Self {
        Self::On(list.into())
    }
}

/// One of these permissions does; `perhaps` does under a condition that cannot be read.
#[derive(Debug, Clone)]
pub(crate) struct Clause {
    pub(crate) any_of: Vec<Permission>,
    pub(crate) perhaps: Option<Permission>,
}

impl Clause {
    /// What having a permission takes in the space.
    pub(super) fn of_permission(permission: Permission) -> Vec<Self> {
        match permission {
            Permission::ReadSpace => vec![Self::one(permission)],
            _ => vec![Self::one(Permission::ReadSpace), Self::one(permission)],
        }
    }

    pub(super) fn one(permission: Permission) -> Self {
        Self { any_of: vec![permission], perhaps: None }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EditList {
    Counts,
    /// The documentation does not say.
    Perhaps,
    Ignored,
}

impl Level {
    /// The content that decides at this level.
    pub const fn content(self) -> Option<ContentId> {
        match self {
            Self::Site | Self::Space => None,
            Self::Ancestor(content) | Self::Content(content) => Some(content),
        }
    }
}

impl Object {
    pub const fn space(&self) -> &SpaceKey {
        match self {
            Self::Space(space) | Self::Content(space, _) => space,
        }
    }

    pub const fn content(&self) -> Option<ContentId> {
        match self {
            Self::Space(_) => None,
            Self::Content(_, content) => Some(*content),
        }
    }
}

impl fmt::Display for ContentVerb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
