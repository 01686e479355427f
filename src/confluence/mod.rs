//! Talking to Confluence. [`Read`] finds out what is, [`Write`] changes it; [`cloud`] implements both.
//!
//! Below them: [`transport`] makes one HTTP exchange, [`retry`] decides whether to make it again, [`pace`]
//! how fast all of them go, [`wait`] reports those that take long, [`error`] says what went wrong. This module
//! knows the vocabulary of [`crate::model`] and nothing of policies, plans or the sandbox; it reads no
//! environment and no clock.

pub mod address;
mod answer;
mod client;
mod complete;
pub mod cloud;
pub mod credentials;
pub mod error;
pub mod pace;
mod page;
mod proxy;
pub mod retry;
mod secrets;
pub mod transport;
mod unescape;
pub mod wait;
mod wire_id;

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::model::{
    AccountId, Content, ContentId, ContentKind, ForeignRow, GrantId, Group, GroupId, Holding, Known,
    PageLabel, PageList, Parent, Permission, Person, Principal, ProductAccess, Restrictions, Role, Site,
    SiteText, Space, SpaceId, SpaceKey, SpaceRoleMode, Subject, Tree, Why, WriteRequest,
};

pub use address::{Address, AddressError};
pub use cloud::{Cloud, SignedIn, tenant_of};
pub use complete::{Doubt, Scrutiny};
pub use credentials::Credentials;
pub use error::Error;
pub use proxy::{ProxyError, check_proxy};
pub use secrets::Secrets;
pub use transport::Settings;

/// Which spaces to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpaceSelection {
    /// Every space that the caller can see, whatever its kind and status.
    All,
    Keys(BTreeSet<SpaceKey>),
    /// By id, which stays when a space gets another key.
    Ids(BTreeSet<SpaceId>),
}

/// Who may do what in one space.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpaceAccess {
    pub holdings: BTreeMap<Principal, Holding>,
    /// Rows of principals that have a role: what the role expands to, and single permissions that its
    /// assignment may have left behind. Only who saw the latter before can tell them apart.
    pub beside_roles: BTreeMap<Principal, BTreeMap<Permission, BTreeSet<GrantId>>>,
    pub foreign: BTreeSet<ForeignRow>,
}

/// What a site shows to a reader who is not signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visitors {
    /// Nothing: they may not use Confluence.
    Refused,
    /// Of the spaces that were asked for, these.
    See(BTreeSet<SpaceKey>),
    /// The site did not say.
    Unknown(Why),
}

/// The site's own answer to "may they?".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    pub allowed: bool,
    /// Confluence's own words for why not.
    pub reasons: Vec<SiteText>,
}

/// One piece of content of a space that is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sought<'n> {
    Id(ContentId),
    /// A page, or something else that stands in the tree, with titles of content above it, as far as they are known.
    Titled(&'n str, &'n [String]),
    Post(&'n str),
}

/// Content with what it says it stands under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedContent {
    pub content: Content,
    /// The kind of its parent, where that is content of a kind that is known.
    pub parent_kind: Option<ContentKind>,
}

/// What a search shows of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundContent {
    pub id: ContentId,
    pub kind: ContentKind,
    pub above: BTreeMap<ContentId, ContentKind>,
    /// The accounts on the lists of all that, where the same search shows them.
    pub on_lists: Option<BTreeSet<AccountId>>,
}

/// What a site says when it is asked for one group or account by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookUp {
    Group(Group),
    Account,
    /// It does not exist, says Confluence; the gateway's 404 is no answer of it.
    NotFound,
    /// The site refused to say.
    Refused,
}

/// Where a piece of content stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stands {
    pub under: Parent,
    pub archived: bool,
}

/// Entries of a list that could not be read: an id, a key or a field is not of a form that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableEntries {
    /// The path of the list.
    pub list: String,
    /// The space that the list is about, where it is about one.
    pub space: Option<SpaceId>,
    pub count: usize,
    /// What is known of one of them.
    pub example: SiteText,
}

/// Labels with their numbers. A site may have several whose names differ in nothing that is seen, or in case.
pub type LabelNumbers = BTreeMap<PageLabel, BTreeSet<String>>;

/// Finding out what is. Nothing here changes anything.
///
/// What the site hides comes back as absent or [`Known::Unknown`], as documented at each method; all else
/// that goes wrong is an [`Error`].
pub trait Read: Send + Sync {
    /// What kind of site this is and who is asking. To be called first: an anonymous answer is
    /// [`Error::Anonymous`], since everything else would only look empty.
    fn site(&self) -> impl Future<Output = Result<Site, Error>> + Send;

    /// The same without the groups of the caller, which decide only what a change may take from it: they are
    /// [`Why::NotRead`].
    fn site_for_question(&self) -> impl Future<Output = Result<Site, Error>> + Send;

    /// The spaces that the caller can see, by key: current and archived ones alike, each with its status;
    /// trashed ones are not listed. Keys without a visible space are simply missing.
    fn spaces(&self, selection: &SpaceSelection) -> impl Future<Output = Result<Vec<Space>, Error>> + Send;

    /// The spaces that the caller can see and that have a label.
    fn spaces_labelled(&self, label: &str) -> impl Future<Output = Result<BTreeSet<SpaceKey>, Error>> + Send;

    /// Who may do what in a space. `mode` decides whether role assignments are asked for.
    fn access(
        &self,
        space: SpaceId,
        mode: SpaceRoleMode,
    ) -> impl Future<Output = Result<SpaceAccess, Error>> + Send;

    /// The current and the archived pages of a space and the folders, whiteboards, databases and embeds that they hang
    /// under, without their lists. Drafts and trash are left out: only their authors, and those who may restore, see
    /// them.
    fn tree(&self, space: &Space) -> impl Future<Output = Result<Tree, Error>> + Send;

    /// The trees of those of at most [`SPACES_AT_ONCE`] spaces of which one list surely has all pages. The others are to
    /// be asked for one by one.
    fn trees(&self, spaces: &[Space])
    -> impl Future<Output = Result<BTreeMap<SpaceKey, Tree>, Error>> + Send;

    /// The same for the current blog posts, of spaces that the site shows.
    fn blogposts_of(
        &self,
        spaces: &[Space],
    ) -> impl Future<Output = Result<BTreeMap<SpaceKey, Vec<Content>>, Error>> + Send;

    /// Content that a search shows, with all that it shows above it; `None` unless it shows exactly one of that name. A
    /// search lags, so this says what to ask for ([`Read::content_by_id`]), and nothing of where it stands.
    fn search_one(
        &self,
        space: &Space,
        sought: Sought<'_>,
    ) -> impl Future<Output = Result<Option<FoundContent>, Error>> + Send;

    /// Content of a space by its ids as it is at this moment, without its lists: 250 pages in one call, anything else one
    /// by one. `None` where some of it is not shown, contradicts itself, or is in another space.
    fn content_by_id(
        &self,
        space: &Space,
        wanted: &BTreeMap<ContentId, ContentKind>,
    ) -> impl Future<Output = Result<Option<Vec<PlacedContent>>, Error>> + Send;

    /// The current blog posts of a space, without their lists.
    fn blogposts(&self, space: &Space) -> impl Future<Output = Result<Vec<Content>, Error>> + Send;

    /// Folders, whiteboards, databases and embeds of a space that are not in its tree, since no page hangs under
    /// them. No list of the API has them; the search does, as far as its index goes.
    fn containers(
        &self,
        space: &Space,
        tree: &Tree,
    ) -> impl Future<Output = Result<Known<Vec<Content>>, Error>> + Send;

    /// Every label that pages which the caller may view have, with its number; of the labels that all people of the
    /// site share, not of those that people or spaces have to themselves.
    fn page_labels(&self) -> impl Future<Output = Result<Known<LabelNumbers>, Error>> + Send;

    /// The pages of a space that have a label, by its number. Archived ones may be missing.
    fn pages_labelled(
        &self,
        label: &str,
        space: SpaceId,
    ) -> impl Future<Output = Result<Known<BTreeSet<ContentId>>, Error>> + Send;

    /// The labels that a page has at this moment.
    fn labels_now(
        &self,
        page: ContentId,
    ) -> impl Future<Output = Result<Known<BTreeSet<PageLabel>>, Error>> + Send;

    /// The lists of many pages, [`LISTS_AT_ONCE`] in one call. Every id that was asked for is in the answer. `archived`
    /// says whether archived pages may be among them, which a search leaves out otherwise.
    fn restrictions(
        &self,
        content: &BTreeSet<ContentId>,
        archived: bool,
    ) -> impl Future<Output = Result<BTreeMap<ContentId, Known<Restrictions>>, Error>> + Send;

    /// The lists of one page as they are at this moment, without a search index in between.
    fn restrictions_now(
        &self,
        content: ContentId,
    ) -> impl Future<Output = Result<Known<Restrictions>, Error>> + Send;

    /// Where content of a space stands at this moment; `None` if it is hidden, deleted, or in another space.
    fn place_now(
        &self,
        content: ContentId,
        kind: ContentKind,
        space: SpaceId,
    ) -> impl Future<Output = Result<Option<Stands>, Error>> + Send;

    /// Whether the site says that a page or blog post is in the trash or was deleted. It says nothing of what is hidden
    /// from the caller, nor of what was removed from the trash.
    fn is_deleted(&self, content: ContentId) -> impl Future<Output = Result<bool, Error>> + Send;

    /// All groups, by id. Neither members nor product access are asked for.
    fn groups(&self) -> impl Future<Output = Result<Vec<Group>, Error>> + Send;

    /// The groups that an account is in.
    fn groups_of(&self, account: &AccountId)
    -> impl Future<Output = Result<Known<Vec<Group>>, Error>> + Send;

    /// The groups that let people into Confluence in one of two ways.
    fn groups_with(
        &self,
        access: ProductAccess,
    ) -> impl Future<Output = Result<Known<Vec<Group>>, Error>> + Send;

    /// The groups with a text in their names, as far as the site finds them.
    fn groups_like(&self, text: &str) -> impl Future<Output = Result<Known<Vec<Group>>, Error>> + Send;

    /// Which groups let people into Confluence. Groups that are not named have [`ProductAccess::None`].
    fn product_access(
        &self,
    ) -> impl Future<Output = Result<Known<BTreeMap<GroupId, ProductAccess>>, Error>> + Send;

    /// The members of a group that is known to exist: an unknown one answers like an empty one.
    fn members(
        &self,
        group: &GroupId,
    ) -> impl Future<Output = Result<Known<BTreeSet<AccountId>>, Error>> + Send;

    /// The people behind accounts. Accounts that the site does not know are missing.
    fn people(
        &self,
        accounts: &BTreeSet<AccountId>,
    ) -> impl Future<Output = Result<BTreeMap<AccountId, Person>, Error>> + Send;

    /// Asks for a group or an account by its id, where the lists lack it.
    fn look_up(&self, subject: &Subject) -> impl Future<Output = Result<LookUp, Error>> + Send;

    /// The site's space roles. Only for sites that have them.
    fn roles(&self) -> impl Future<Output = Result<Vec<Role>, Error>> + Send;

    /// Asks the site itself whether an account may view or edit content. About others than oneself only
    /// Confluence administrators may ask; all others get [`Error::Forbidden`].
    fn check(
        &self,
        subject: &Principal,
        list: PageList,
        content: ContentId,
    ) -> impl Future<Output = Result<Check, Error>> + Send;

    /// Which of these spaces the site shows without credentials. To be asked where the lists of spaces leave open what
    /// `anonymous` holds; whatever goes wrong is [`Visitors::Unknown`].
    fn visitors(&self, spaces: &BTreeSet<SpaceKey>) -> impl Future<Output = Visitors> + Send;

    /// What was left out of the lists that were read so far, since it could not be read.
    fn unreadable(&self) -> Vec<UnreadableEntries>;

    /// What the caller may do in a space, as `operation/target` in the site's own words.
    fn space_operations(
        &self,
        space: SpaceId,
    ) -> impl Future<Output = Result<BTreeSet<String>, Error>> + Send;
}

/// Changing what is.
pub trait Write: Send + Sync {
    /// Makes one change. `Ok` means that the site said so.
    fn perform(&self, request: &WriteRequest) -> impl Future<Output = Result<(), WriteError>> + Send;
}

/// Why a change was not made, or may not have been.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// It was so already: Confluence answers 400 "Permission already exists" to a second grant.
    #[error("it is so already")]
    AlreadySo,
    /// What was to be removed is not there, or hidden: a 404 says no more. Re-read to know.
    #[error(transparent)]
    Gone(Error),
    /// Surely not carried out.
    #[error(transparent)]
    Refused(Error),
    /// Perhaps carried out, wholly or in part. Re-read to know; never repeat it blindly.
    #[error(transparent)]
    Ambiguous(Error),
}

impl WriteError {
    /// The error underneath, where there is one.
    pub const fn error(&self) -> Option<&Error> {
        match self {
            Self::AlreadySo => None,
            Self::Gone(error) | Self::Refused(error) | Self::Ambiguous(error) => Some(error),
        }
    }
}

/// The pages whose lists one search shows: searches that expand something are capped at 200, and addresses are
/// not endless.
pub const LISTS_AT_ONCE: usize = 100;

/// The spaces whose pages one list shows (OpenAPI v2, `GET /pages` and `GET /blogposts`, `space-id`).
pub const SPACES_AT_ONCE: usize = 100;

/// How many things are worked on at a time. The pace of the site limits the calls themselves.
const MAX_CONCURRENT: usize = 16;

/// Runs tasks side by side and gives their results in the order of the tasks. The error, if there is one, is
/// that of the first task that failed.
pub(crate) async fn concurrently<T, F>(tasks: Vec<F>) -> Result<Vec<T>, Error>
where
    F: Future<Output = Result<T, Error>> + Send,
    T: Send,
{
    stream::iter(tasks).buffered(MAX_CONCURRENT).try_collect().await
}
