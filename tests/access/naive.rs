//! Access as the model's pseudocode has it, person by person and page by page, with no sets and no
//! sharing. Every fact is taken to be known. What Atlassian does not document is one switch: `generous`
//! lets people in wherever it is open.

use confperm::access::{ContentVerb, Verb};
use confperm::model::{
    AccessClass, AccountId, AccountKind, AccountStatus, Audience, ContentId, ContentKind, GroupId, Holding,
    Known, Live, LiveSpace, Parent, Permission, Person, Principal, ProductAccess, SpaceKey, SpaceStatus,
    Subject,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Is {
    Licensed,
    Unlicensed,
    Guest,
    App,
}

pub(crate) struct Naive<'a> {
    pub(crate) live: &'a Live,
    pub(crate) generous: bool,
}

/// What roles of the random sites call a permission.
pub(crate) const fn role_name(permission: Permission) -> &'static str {
    match permission {
        Permission::DeleteOwn => "delete/own-content",
        other => other.cloud_pair(),
    }
}

impl Naive<'_> {
    pub(crate) fn can(&self, who: Option<&AccountId>, verb: Verb, space: &SpaceKey, page: ContentId) -> bool {
        let space = &self.live.spaces[space];
        if space.space.status == SpaceStatus::Archived && !self.generous {
            return false;
        }
        let content = space.tree.as_ref().unwrap().get(page).unwrap();
        let blog = content.kind == ContentKind::Blogpost;
        let roles = self.live.site.mode.has_roles();
        let edit = match (roles, blog) {
            (false, false) => Permission::CreatePage,
            (false, true) => Permission::CreateBlogpost,
            (true, false) => Permission::UpdatePage,
            (true, true) => Permission::UpdateBlogpost,
        };
        let has =
            |permission| self.has(who, space, Permission::ReadSpace) && self.has(who, space, permission);
        let sees = has(Permission::ReadSpace) && self.passes_chain(who, space, page);
        let edits = || sees && has(edit) && self.on(who, space, page, |lists| &lists.edit);
        match verb {
            Verb::On(ContentVerb::View) => sees,
            Verb::On(ContentVerb::Edit) => edits(),
            Verb::On(ContentVerb::Comment) => sees && has(Permission::CreateComment),
            Verb::On(ContentVerb::Attach) => sees && has(Permission::CreateAttachment),
            Verb::On(ContentVerb::Delete) => {
                let delete = if blog { Permission::DeleteBlogpost } else { Permission::DeletePage };
                let may = has(delete) || (self.generous && has(Permission::DeleteOwn));
                sees && may && (self.generous || self.on(who, space, page, |lists| &lists.edit))
            }
            Verb::On(ContentVerb::Restrict) => {
                edits() && (has(Permission::RestrictContent) || has(Permission::AdministerSpace))
            }
            Verb::Space(permission) => has(permission),
        }
    }

    /// Whether it is a person who is not even perhaps let in by a licence.
    pub(crate) fn is_unlicensed(&self, who: &AccountId) -> bool {
        matches!(self.is(who), Some(Is::Unlicensed))
    }

    fn passes_chain(&self, who: Option<&AccountId>, space: &LiveSpace, page: ContentId) -> bool {
        let mut at = page;
        loop {
            // Whether what is above an archived page counts for it is not documented.
            let counts = at == page || !self.generous || !space.tree.as_ref().unwrap().is_archived(page);
            if counts && !self.on(who, space, at, |lists| &lists.view) {
                return false;
            }
            match space.tree.as_ref().unwrap().get(at).unwrap().parent {
                Parent::Space => return true,
                Parent::Content(parent) => at = parent,
                Parent::Unknown => panic!("the random sites place everything"),
            }
        }
    }

    fn on(
        &self,
        who: Option<&AccountId>,
        space: &LiveSpace,
        page: ContentId,
        list: impl Fn(&confperm::model::Restrictions) -> &Audience,
    ) -> bool {
        let content = space.tree.as_ref().unwrap().get(page).unwrap();
        let Known::Known(lists) = &content.restrictions else { panic!("everything is known here") };
        let Audience::Only(members) = list(lists) else { return true };
        let Some(who) = who else { return false };
        let Some(is) = self.is(who) else { return false };
        members.iter().any(|subject| match (subject, is) {
            (_, Is::Unlicensed) => false,
            (Subject::User(account), _) => account == who,
            (Subject::Group(group), Is::Guest) => self.generous && self.in_group(group, who),
            (Subject::Group(group), Is::Licensed | Is::App) => self.in_group(group, who),
        })
    }

    fn has(&self, who: Option<&AccountId>, space: &LiveSpace, permission: Permission) -> bool {
        let is = who.map(|who| self.is(who));
        if is == Some(None) {
            return false;
        }
        let is = is.flatten();
        // No API tells whether the site lets in people without a licence.
        if is == Some(Is::Unlicensed) && !self.generous {
            return false;
        }
        let withheld = [Permission::AdministerSpace, Permission::ExportSpace, Permission::RestrictContent]
            .contains(&permission);
        if is == Some(Is::Guest) && withheld
            || is == Some(Is::Unlicensed) && permission != Permission::ReadSpace
        {
            return false;
        }
        let by_switch = permission == Permission::ReadSpace
            && match space.unlicensed_access {
                Known::Known(opened) => opened,
                Known::Unknown(_) => self.generous && self.has_service_desk(),
            }
            && match is {
                Some(Is::Licensed | Is::Unlicensed) => true,
                Some(Is::Guest | Is::App) => self.generous,
                None => false,
            };
        let may_be_unlisted = match (space.unlisted_anonymous, permission) {
            (Known::Known(false), _) => false,
            (Known::Known(true), Permission::ReadSpace) => true,
            (Known::Known(true) | Known::Unknown(_), _) => self.generous,
        };
        by_switch
            || may_be_unlisted && self.counts(&Principal::Anonymous, who, is, permission, space)
            || space.holdings.iter().any(|(principal, holding)| {
                self.includes(holding, permission) && self.counts(principal, who, is, permission, space)
            })
    }

    fn counts(
        &self,
        principal: &Principal,
        who: Option<&AccountId>,
        is: Option<Is>,
        permission: Permission,
        space: &LiveSpace,
    ) -> bool {
        let anonymous_on = self.live.site.anonymous_access == Known::Known(true);
        match (principal, who, is) {
            (Principal::Anonymous, _, _) if permission == Permission::AdministerSpace => false,
            (Principal::Anonymous, None, _) => anonymous_on,
            (Principal::Anonymous, Some(_), _) => anonymous_on || self.generous,
            (_, None, _) | (_, _, None) => false,
            (Principal::User(account), Some(who), Some(Is::Guest)) => {
                let at_home = self.live.guests.get(who) == Some(&space.space.key);
                account == who && (at_home || self.generous)
            }
            (Principal::User(account), Some(who), Some(is)) => is != Is::Unlicensed && account == who,
            (Principal::Group(group), Some(who), Some(is)) => match is {
                Is::Licensed | Is::App => self.in_group(group, who),
                Is::Guest => self.generous && self.in_group(group, who),
                Is::Unlicensed => false,
            },
            (Principal::Class(class), Some(who), Some(is)) => match class {
                AccessClass::AllLicensedUsers => is == Is::Licensed,
                AccessClass::AllProductAdmins => is == Is::Licensed && self.is_admin(who),
                AccessClass::AuthenticatedUsers => {
                    matches!(is, Is::Licensed | Is::Unlicensed) || self.generous
                }
                AccessClass::JsmProjectAdmins => matches!(is, Is::Licensed | Is::Unlicensed) && self.generous,
            },
        }
    }

    fn has_service_desk(&self) -> bool {
        let class = Principal::Class(AccessClass::JsmProjectAdmins);
        self.live.spaces.values().any(|space| space.holdings.contains_key(&class))
    }

    fn includes(&self, holding: &Holding, permission: Permission) -> bool {
        match holding {
            Holding::Grants(grants) => grants.contains_key(&permission),
            Holding::Role(role) => {
                let names = &self.live.roles[role].names;
                names.contains(role_name(permission))
            }
        }
    }

    fn is(&self, who: &AccountId) -> Option<Is> {
        let person: &Person = &self.live.directory.people[who];
        match (person.status, person.kind, person.guest) {
            (AccountStatus::Inactive | AccountStatus::Closed, _, _) => None,
            (_, AccountKind::App, _) => Some(Is::App),
            (_, AccountKind::Customer, _) => Some(Is::Unlicensed),
            (_, _, Known::Known(true)) => Some(Is::Guest),
            _ if self.licensed(who) => Some(Is::Licensed),
            _ => Some(Is::Unlicensed),
        }
    }

    fn licensed(&self, who: &AccountId) -> bool {
        self.access(who, |access| access != ProductAccess::None)
    }

    fn is_admin(&self, who: &AccountId) -> bool {
        self.access(who, |access| access == ProductAccess::Admin)
    }

    fn access(&self, who: &AccountId, enough: impl Fn(ProductAccess) -> bool) -> bool {
        let groups = self.live.directory.groups.values();
        groups
            .filter(|group| self.in_group(&group.id, who))
            .any(|group| group.access.known().is_some_and(&enough))
    }

    fn in_group(&self, group: &GroupId, who: &AccountId) -> bool {
        match &self.live.directory.groups[group].members {
            Known::Known(members) => members.contains(who),
            Known::Unknown(_) => panic!("everything is known here"),
        }
    }
}
