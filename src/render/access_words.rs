//! The words for answers about access: names, levels, and reasons for not knowing.

use std::collections::BTreeMap;

use crate::access::{Lint, Reason};
use crate::model::{AccountId, ContentId, Live, Principal, RoleId, Why, visible};
use crate::plan::Plan;

/// How things are called.
pub(super) trait ShownNames {
    fn principal(&self, principal: &Principal) -> String;
    /// The path of a page.
    fn page(&self, content: ContentId) -> String;
    fn role(&self, role: &RoleId) -> String;

    fn person(&self, account: &AccountId) -> String {
        self.principal(&Principal::User(account.clone()))
    }
}

impl ShownNames for Plan {
    fn principal(&self, principal: &Principal) -> String {
        self.name(principal).into_owned()
    }

    fn page(&self, content: ContentId) -> String {
        self.pages.get(&content).map_or_else(|| format!("page {content}"), |page| page.path.to_string())
    }

    fn role(&self, role: &RoleId) -> String {
        self.roles.get(role).map_or_else(|| role.to_string(), ToString::to_string)
    }
}

/// The names of a site, with those that a policy gives to people.
#[derive(Debug, Clone, Copy)]
pub struct SiteNames<'a> {
    pub live: &'a Live,
    pub aliases: &'a BTreeMap<AccountId, String>,
}

impl ShownNames for SiteNames<'_> {
    fn principal(&self, principal: &Principal) -> String {
        match principal {
            Principal::Group(id) => match self.live.directory.groups.get(id) {
                Some(group) => format!("group:{}", group.name.shown()),
                None => self.live.directory.name_of_missing(principal),
            },
            Principal::User(account) => {
                match (self.aliases.get(account), self.live.directory.people.get(account)) {
                    (Some(alias), _) => format!("user:{}", visible(alias)),
                    (None, Some(person)) => format!("user:{account} ({})", person.name.shown()),
                    (None, None) => self.live.directory.name_of_missing(principal),
                }
            }
            Principal::Class(_) | Principal::Anonymous => principal.to_string(),
        }
    }

    fn page(&self, content: ContentId) -> String {
        let mut trees = self.live.spaces.values().filter_map(|space| space.tree.as_ref());
        let tree = trees.find(|tree| tree.get(content).is_some());
        tree.map_or_else(|| format!("page {content}"), |tree| tree.label(content).shown().to_string())
    }

    fn role(&self, role: &RoleId) -> String {
        self.live.roles.get(role).map_or_else(|| role.to_string(), |role| role.name.shown().to_string())
    }
}

/// Why something is not known, as the end of a sentence.
pub(super) fn reason_words(reason: &Reason, names: &dyn ShownNames) -> String {
    let group = |group: &crate::model::GroupId| names.principal(&Principal::Group(group.clone()));
    match reason {
        Reason::NoSuchSpace { space } => format!("the space {space} was not read"),
        Reason::NoSuchContent { content } => format!("page {content} was not read"),
        Reason::TreeNotRead { space } => format!("the pages of {space} were not read"),
        Reason::AncestorHidden { content } => format!(
            "a page above, with the id {content}, is a draft, in the trash, or hidden from the account that runs this, and its lists are not known"
        ),
        Reason::PlaceUnread { content } => {
            format!("the site does not say what {} is below", names.page(*content))
        }
        Reason::ListsUnread { content, why } => {
            format!("the lists of {} {}", names.page(*content), why_words(*why))
        }
        Reason::ContentGone { content } => {
            format!("the site does not show {} any more", names.page(*content))
        }
        Reason::SpaceArchived { space } => {
            format!("the space {space} is archived, and what still counts there is not documented")
        }
        Reason::ArchivedBelowLists { content } => format!(
            "{} is archived, and whether restrictions above an archived page still count for it is not documented",
            names.page(*content)
        ),
        Reason::AccountUnread { account } => {
            format!("the site does not say what the account {} is", names.person(account))
        }
        Reason::NoSuchGroup { group } => format!("the site lists no group with the id {group}"),
        Reason::MembersUnread { group: id, why } => {
            format!("the members of {} {}", group(id), why_words(*why))
        }
        Reason::LicencesAssumed => {
            "no group is known to give access to Confluence, so active people are taken to be licensed".to_owned()
        }
        Reason::LicencesUnlisted => {
            "no group is known to give access to Confluence, so nothing says who is licensed".to_owned()
        }
        Reason::LicenceUnread { account } => {
            format!("whether {} is licensed could not be read", names.person(account))
        }
        Reason::GuestUnread { account } => {
            format!("whether {} is a guest could not be read", names.person(account))
        }
        Reason::GuestElsewhere { account, space, home: Some(home) } => format!(
            "{} is a guest of {home}, and what its entry in {space} gives to a guest of another space is not documented",
            names.person(account)
        ),
        Reason::GuestElsewhere { account, space, home: None } => format!(
            "{} is or may be a guest, and no API says of which space; `guest-of: {space}` under `people` says that it \
             is this one",
            names.person(account)
        ),
        Reason::UnlicensedUnread { account } => format!(
            "{} has no licence, and the API does not say whether the site admits accounts without one",
            names.person(account)
        ),
        Reason::AnonymousUnlisted { space } => format!(
            "what `anonymous` holds in {space} is not listed, and the site may leave such entries out of its lists"
        ),
        Reason::ServiceDesk { space } => format!(
            "Jira Service Management may have opened {space} to everyone who is signed in, which cannot be read from the API"
        ),
        Reason::GuestInGroup { group: id } => {
            format!("Atlassian does not document what {} gives to a guest in it", group(id))
        }
        Reason::ClassUnread { principal } => {
            format!("the members of {} cannot be read in full", names.principal(principal))
        }
        Reason::AnonymousUnread => {
            "the API does not say whether the site admits visitors who are not signed in".to_owned()
        }
        Reason::AnonymousOff => {
            "the site admits signed-in users only, and Atlassian does not document whether they still have what a \
             space gives to `anonymous`"
                .to_owned()
        }
        Reason::RoleUnread { role } => {
            format!("what the role {} permits is written in words that this version does not know", names.role(role))
        }
        Reason::AuthorUnread => {
            "users may delete what they made themselves, and the author was not read".to_owned()
        }
        Reason::DeleteAgainstEditList => {
            "Atlassian does not document whether an edit list prevents the deletion of the page".to_owned()
        }
    }
}

const fn why_words(why: Why) -> &'static str {
    match why {
        Why::NotRead => "were not read",
        Why::Hidden => "are hidden from the account that runs this",
        Why::NoApi => "cannot be read from the API",
        Why::Contradictory => "are unknown, since the site's answers contradict themselves",
        Why::NoId => "are unknown, since the site leaves out who some entries are",
    }
}

/// What a lint says about the principals concerned, as a whole sentence after their names.
pub(super) const fn lint_words(lint: Lint) -> &'static str {
    match lint {
        Lint::ListedWithoutLicence => "on the list, but without a licence for Confluence",
        Lint::ListedWithoutSpace => "on the list, but without access to the space",
        Lint::ListedWithoutMembers => "on the list, but without members",
        Lint::EndedReadStays => {
            "the time of `read/space` is over, and it stays, since other permissions in the space need it"
        }
        Lint::AnonymousKeptOut => {
            "named here, but this site lets no reader in who is not signed in, so they see nothing by it"
        }
        Lint::ListedWithoutAncestor => "on the list, but cannot view a page above",
        Lint::ListedWithoutEditRight => "on the edit list, but without the right to edit pages in the space",
        Lint::ViewOnlyInVain => "on the view list only, but can edit through a group on the edit list",
        Lint::DeadList => "the only entries, and none of them can sign in any more",
        Lint::ListOfLeavers => "the only entries, and all of them are about to be removed",
        Lint::SpaceWithoutAdmin => {
            "the only administrators of the space, and none of them can sign in as a person"
        }
        Lint::AdminCutOff => "must keep access, and is not listed",
        Lint::SeenByGuests => "must not see this and see it now; the plan closes it",
        Lint::GuestInside => "share members, who see the whole space and not only the pages of guests",
        Lint::GuestListed => "share members, who see this as well",
        Lint::NotRestrictable => "this site has no restrictions for this kind of content, so it stays open",
    }
}
