//! What a policy says, file by file merged into one, with the place of everything that can be blamed.
//!
//! Names of people are account ids already, since a policy defines its people itself. Names of groups,
//! spaces and pages stay names: only the site knows what they mean.

use std::collections::BTreeMap;
use std::fmt;

use camino::Utf8PathBuf;
use url::Url;

pub use super::access_line::{AccessLine, Grantee, Joining, ListItem, Named, Right, RoleName};
use super::delegation::Delegation;
use super::leave::LeavePattern;
use super::pages::{PageSelector, with_space};
use super::roles::RoleDef;
use super::rules::{Focus, KeyPattern, Like, Rule};
use super::sets::Sets;
use crate::diagnostic::{Span, Spanned};
use crate::model::{
    AccountId, ArchivedPages, Forbidden, GroupId, MaxRemovals, Mode, PageList, SpaceKey, visible, words,
};

/// All files of one policy directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// `site.url`. Without it the address comes from the environment.
    pub site: Option<Spanned<SiteAddress>>,
    /// `site.archived-pages`.
    pub archived_pages: Option<Spanned<ArchivedPages>>,
    pub people: BTreeMap<String, PersonDef>,
    pub groups: BTreeMap<String, GroupPin>,
    pub sets: Sets,
    /// The roles that the policy defines; the built-in ones are not in here.
    pub roles: BTreeMap<String, RoleDef>,
    pub spaces: BTreeMap<SpaceKey, SpaceDef>,
    pub rules: Vec<Rule>,
    pub focus: Focus,
    pub guards: GuardsDef,
    pub delegation: Delegation,
    pub tests: Vec<AccessTest>,
    /// The origins of the addresses that name pages, which must be the site's.
    pub(super) links: Vec<Spanned<String>>,
    /// The keys that the files have, by the key that stands for each in this policy; see [`Policy::on_site`].
    pub(super) written: BTreeMap<SpaceKey, SpaceKey>,
    /// Entries of `spaces` that name one space by its old and by its new key.
    pub(super) twice: Vec<[Span; 2]>,
}

impl Policy {
    /// The space that each guest belongs to, as far as the policy says.
    pub fn guests(&self) -> BTreeMap<AccountId, SpaceKey> {
        let home = |person: &PersonDef| {
            Some((person.account.value.clone(), person.guest_of.as_ref()?.value.clone()))
        };
        self.people.values().filter_map(home).collect()
    }

    /// A principal as the policy would write it.
    pub fn show(&self, who: &Grantee) -> String {
        match who {
            Grantee::Named(named) => self.show_named(named),
            Grantee::Class(class) => format!("class:{class}"),
            Grantee::Anonymous => "anonymous".to_owned(),
        }
    }

    /// A person or a group as the policy would write it, safe to print: by alias where there is one.
    pub fn show_named(&self, named: &Named) -> String {
        let shown = match named {
            Named::Group(name) => format!("group:{name}"),
            Named::User(account) => {
                let alias = self.people.iter().find(|(_, person)| person.account.value == *account);
                format!("user:{}", alias.map_or(account.as_str(), |(alias, _)| alias))
            }
        };
        visible(&shown).into_owned()
    }
}

/// Where the site is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SiteAddress {
    Http(Url),
    /// A state file of the sandbox, relative to the policy directory.
    Sandbox(Utf8PathBuf),
}

/// An entry of `people`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonDef {
    /// The place of the alias.
    pub span: Span,
    pub account: Spanned<AccountId>,
    /// For the reader of the file; never sent anywhere.
    pub email: Option<String>,
    /// The space that a guest belongs to.
    pub guest_of: Option<Spanned<SpaceKey>>,
}

/// An entry of `groups`: this name means the group with this id, whatever it is called by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupPin {
    /// The place of the name.
    pub span: Span,
    pub id: Spanned<GroupId>,
}

/// An entry of `spaces`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpaceDef {
    pub key: Spanned<SpaceKey>,
    pub mode: Mode,
    pub leave: Vec<Spanned<LeavePattern>>,
    pub access: Vec<AccessLine>,
    /// The space whose access this one has as well.
    pub like: Option<Spanned<Like>>,
    pub pages: Vec<PageEntry>,
    pub unlisted: Option<Spanned<UnlistedDef>>,
    pub page_only: Vec<PageOnlyEntry>,
    /// Who joins every list of the space that restricts something.
    pub restricted: Joining,
}

/// The word under `unlisted-pages`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnlistedDef {
    Leave,
    Open,
}

/// An entry of `page-only`: these people see exactly these pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageOnlyEntry {
    /// The place of the entry.
    pub span: Span,
    /// At least one.
    pub who: Vec<ListItem<Named>>,
    /// At least one.
    pub pages: Vec<Spanned<PageSelector>>,
    /// What the guests hold in the space, as a line of `access` would say it.
    pub access: AccessLine,
}

impl PageOnlyEntry {
    pub fn new(
        span: Span,
        who: Vec<ListItem<Named>>,
        pages: Vec<Spanned<PageSelector>>,
        role: RoleName,
    ) -> Self {
        let named = |ListItem { who, until, why }: &ListItem<Named>| ListItem {
            who: Spanned::new(Grantee::Named(who.value.clone()), who.span.clone()),
            until: until.clone(),
            why: why.clone(),
        };
        let access = AccessLine {
            right: Spanned::new(Right::Role(role), span.clone()),
            who: who.iter().map(named).collect(),
        };
        Self { span, who, pages, access }
    }
}

/// The `guards` section, each with the place of its key. What it leaves out has a default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GuardsDef {
    pub min_admins: Option<Spanned<u32>>,
    /// At least one.
    pub required_admins: Option<Spanned<Vec<Spanned<Named>>>>,
    pub max_removals: Option<Spanned<MaxRemovals>>,
    /// At least one.
    pub forbid: Option<Spanned<Vec<ForbidDef>>>,
}

/// What may not be given, and the exceptions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForbidDef {
    pub what: Spanned<Forbidden>,
    /// The spaces where it may be given.
    pub except_spaces: Vec<Spanned<KeyPattern>>,
    /// The users that it does not hold for.
    pub except: Vec<Spanned<Named>>,
}

impl ForbidDef {
    /// Whether it may be given in a space.
    pub fn excepts_space(&self, key: &SpaceKey) -> bool {
        self.except_spaces.iter().any(|pattern| pattern.value.matches(key))
    }

    /// Whether it does not hold for an account.
    pub fn excepts(&self, account: &AccountId) -> bool {
        self.except.iter().any(|named| matches!(&named.value, Named::User(excepted) if excepted == account))
    }
}

/// An entry of `pages`. It sets a list, or says who joins one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageEntry {
    pub pages: Spanned<PageSelector>,
    pub view: Option<Spanned<Listed>>,
    pub edit: Option<Spanned<Listed>>,
    pub also: Joining,
}

impl PageEntry {
    pub const fn listed(&self, list: PageList) -> Option<&Spanned<Listed>> {
        match list {
            PageList::View => self.view.as_ref(),
            PageList::Edit => self.edit.as_ref(),
        }
    }

    /// Whether it sets a list. What only joins lists decides about none.
    pub const fn decides(&self) -> bool {
        self.view.is_some() || self.edit.is_some()
    }
}

/// One list of a page, as a policy writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// The word `anyone`.
    Anyone,
    /// At least one.
    Only(Vec<ListItem<Named>>),
}

impl Listed {
    /// Who is listed: none for [`Listed::Anyone`].
    pub fn named(&self) -> &[ListItem<Named>] {
        match self {
            Self::Anyone => &[],
            Self::Only(named) => named,
        }
    }
}

/// An entry of `tests`: a promise about effective access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessTest {
    pub name: Spanned<String>,
    /// Who `can` and `cannot` are about; there may be none beside `only`.
    pub who: Option<Spanned<Grantee>>,
    pub can: Vec<Expectation>,
    pub cannot: Vec<Expectation>,
    pub only: Vec<OnlyThese>,
}

impl AccessTest {
    /// Everything that it is about, with the verb.
    pub fn targets(&self) -> impl Iterator<Item = (TestVerb, &Spanned<TestTarget>)> {
        let expectations = self.can.iter().chain(&self.cannot);
        let asked = expectations.flat_map(|each| each.targets.iter().map(|target| (each.verb.value, target)));
        asked.chain(self.only.iter().map(|only| (only.verb.value, &only.target)))
    }

    pub(super) fn targets_mut(&mut self) -> impl Iterator<Item = &mut Spanned<TestTarget>> {
        let expectations = self.can.iter_mut().chain(&mut self.cannot);
        let only = self.only.iter_mut().map(|only| &mut only.target);
        expectations.flat_map(|each| &mut each.targets).chain(only)
    }

    /// Every principal that it names.
    pub fn principals(&self) -> impl Iterator<Item = &Spanned<Grantee>> {
        self.who.iter().chain(self.only.iter().flat_map(|only| &only.who))
    }
}

/// A line of `only`: these can, and all others cannot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnlyThese {
    pub verb: Spanned<TestVerb>,
    pub target: Spanned<TestTarget>,
    /// At least one.
    pub who: Vec<Spanned<Grantee>>,
}

/// A verb and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expectation {
    pub verb: Spanned<TestVerb>,
    /// At least one.
    pub targets: Vec<Spanned<TestTarget>>,
}

words! {
    /// What a person or group can do, in access tests.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub enum TestVerb {
        View = "view",
        Comment = "comment",
        Edit = "edit",
        Attach = "attach",
        Delete = "delete",
        Restrict = "restrict",
        Export = "export",
        Administer = "administer",
    }
}

impl TestVerb {
    /// Whether it is about a space as a whole, whichever page is named.
    pub const fn is_about_spaces(self) -> bool {
        matches!(self, Self::Export | Self::Administer)
    }
}

impl fmt::Display for TestTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("**"),
            Self::Space(key) => key.fmt(f),
            Self::Pages(key, pages) => f.write_str(&with_space(key, pages)),
        }
    }
}

/// What an access test is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TestTarget {
    /// `**`: every page of every space that the policy names.
    Everything,
    /// `ENG`: the space itself.
    Space(SpaceKey),
    /// `ENG/Runbooks`, `ENG/Runbooks/**`, `ENG/id:1002`, `ENG/blog:Release 1.0`.
    Pages(SpaceKey, PageSelector),
}
