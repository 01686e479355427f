//! What Cloud tells about itself and the caller, and the face of everything else that is read.

use std::collections::{BTreeMap, BTreeSet};

use tokio::try_join;

use super::Cloud;
use super::sign_in::SignedIn;
use super::wire::{Checked, Operations, RoleMode};
use crate::confluence::address::Api;
use crate::confluence::complete::operation;
use crate::confluence::error::{Error, space_of};
use crate::confluence::transport::Request;
use crate::confluence::{
    Check, FoundContent, LookUp, PlacedContent, Read, Sought, SpaceAccess, SpaceSelection, Stands,
    UnreadableEntries, Visitors,
};
use crate::model::{
    AccountId, Caller, Content, ContentId, ContentKind, Flavor, Group, GroupId, Known, PageLabel, PageList,
    Person, Principal, ProductAccess, Restrictions, Role, Site, SiteText, Space, SpaceId, SpaceKey,
    SpaceRoleMode, Subject, Tree, Why,
};

impl Read for Cloud {
    fn unreadable(&self) -> Vec<UnreadableEntries> {
        let known = self.unreadable.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let lists = known.iter().filter_map(|(list, entries)| {
            let example = entries.first()?.as_str().into();
            Some(UnreadableEntries {
                list: list.clone(),
                space: space_of(list),
                count: entries.len(),
                example,
            })
        });
        lists.collect()
    }

    async fn site(&self) -> Result<Site, Error> {
        let account = &self.sign_in().await?.account;
        let (mut site, groups) = try_join!(self.site_for_question(), self.memberships(account))?;
        site.caller.groups = groups.map(|groups| groups.into_iter().map(|group| group.id).collect());
        site.caller = self.caller.get_or_init(|| site.caller.clone()).clone();
        Ok(site)
    }

    async fn site_for_question(&self) -> Result<Site, Error> {
        let SignedIn { account, name, administers_site, identity, edition } = self.sign_in().await?.clone();
        let groups = Known::Unknown(Why::NotRead);
        Ok(Site {
            flavor: Flavor::Cloud,
            base_url: identity.base_url.into(),
            cloud_id: identity.cloud_id,
            edition,
            mode: self.mode().await?,
            anonymous_access: Known::Unknown(Why::NotRead),
            caller: Caller { account, name: name.into(), groups, administers_site },
        })
    }

    async fn spaces(&self, selection: &SpaceSelection) -> Result<Vec<Space>, Error> {
        self.list_spaces(selection).await
    }

    async fn spaces_labelled(&self, label: &str) -> Result<BTreeSet<SpaceKey>, Error> {
        self.list_labelled(label).await
    }

    async fn access(&self, space: SpaceId, mode: SpaceRoleMode) -> Result<SpaceAccess, Error> {
        self.space_access(space, mode).await
    }

    async fn tree(&self, space: &Space) -> Result<Tree, Error> {
        self.page_tree(space).await
    }

    async fn trees(&self, spaces: &[Space]) -> Result<BTreeMap<SpaceKey, Tree>, Error> {
        self.page_trees(spaces).await
    }

    async fn blogposts_of(&self, spaces: &[Space]) -> Result<BTreeMap<SpaceKey, Vec<Content>>, Error> {
        self.posts_of_many(spaces).await
    }

    async fn search_one(&self, space: &Space, sought: Sought<'_>) -> Result<Option<FoundContent>, Error> {
        self.found_with_ancestors(space, sought).await
    }

    async fn content_by_id(
        &self,
        space: &Space,
        wanted: &BTreeMap<ContentId, ContentKind>,
    ) -> Result<Option<Vec<PlacedContent>>, Error> {
        self.content_now(space, wanted).await
    }

    async fn blogposts(&self, space: &Space) -> Result<Vec<Content>, Error> {
        self.list_blogposts(space).await
    }

    async fn containers(&self, space: &Space, tree: &Tree) -> Result<Known<Vec<Content>>, Error> {
        self.search_containers(space, tree).await
    }

    async fn page_labels(&self) -> Result<Known<crate::confluence::LabelNumbers>, Error> {
        self.all_labels().await
    }

    async fn pages_labelled(&self, label: &str, space: SpaceId) -> Result<Known<BTreeSet<ContentId>>, Error> {
        self.pages_of_label(label, space).await
    }

    async fn labels_now(&self, page: ContentId) -> Result<Known<BTreeSet<PageLabel>>, Error> {
        self.labels_of_page(page).await
    }

    async fn restrictions(
        &self,
        content: &BTreeSet<ContentId>,
        archived: bool,
    ) -> Result<BTreeMap<ContentId, Known<Restrictions>>, Error> {
        self.many_restrictions(content, archived).await
    }

    async fn restrictions_now(&self, content: ContentId) -> Result<Known<Restrictions>, Error> {
        self.direct_restrictions(content).await
    }

    async fn place_now(
        &self,
        content: ContentId,
        kind: ContentKind,
        space: SpaceId,
    ) -> Result<Option<Stands>, Error> {
        self.place_of(content, kind, space).await
    }

    async fn is_deleted(&self, content: ContentId) -> Result<bool, Error> {
        self.listed_as_deleted(content).await
    }

    async fn groups(&self) -> Result<Vec<Group>, Error> {
        self.list_groups().await
    }

    async fn groups_of(&self, account: &AccountId) -> Result<Known<Vec<Group>>, Error> {
        self.memberships(account).await
    }

    async fn groups_with(&self, access: ProductAccess) -> Result<Known<Vec<Group>>, Error> {
        self.groups_giving(access).await
    }

    async fn groups_like(&self, text: &str) -> Result<Known<Vec<Group>>, Error> {
        self.groups_named_like(text).await
    }

    async fn product_access(&self) -> Result<Known<BTreeMap<GroupId, ProductAccess>>, Error> {
        self.groups_with_access().await
    }

    async fn members(&self, group: &GroupId) -> Result<Known<BTreeSet<AccountId>>, Error> {
        self.group_members(group).await
    }

    async fn people(&self, accounts: &BTreeSet<AccountId>) -> Result<BTreeMap<AccountId, Person>, Error> {
        self.bulk_people(accounts).await
    }

    async fn look_up(&self, subject: &Subject) -> Result<LookUp, Error> {
        self.subject_by_id(subject).await
    }

    async fn roles(&self) -> Result<Vec<Role>, Error> {
        let request = Request::get(Api::V2, ["space-roles"]);
        match self.list_roles().await {
            // A site was seen to say `ROLES` and answer 404 here after its beta access had expired, and there is no
            // documented site with roles that has none (world-2026-11.md, 3 and 4).
            Ok(roles) if roles.is_empty() => {
                Err(Error::NoRoles { endpoint: self.client.endpoint(&request)?, answer: None })
            }
            Err(Error::NotFound(refusal)) => {
                Err(Error::NoRoles { endpoint: refusal.endpoint.clone(), answer: Some(refusal) })
            }
            roles => roles,
        }
    }

    async fn check(&self, subject: &Principal, list: PageList, content: ContentId) -> Result<Check, Error> {
        let (kind, identifier) = match subject {
            Principal::User(account) => ("user", account.as_str()),
            Principal::Anonymous => ("user", "anonymous"),
            Principal::Group(group) => ("group", group.as_str()),
            Principal::Class(class) => {
                return Err(Error::Misuse(format!(
                    "Confluence does not check permissions of the class `{class}`"
                )));
            }
        };
        let body = serde_json::json!({
            "subject": {"type": kind, "identifier": identifier},
            "operation": operation(list),
        });
        let id = content.to_string();
        let request = Request::ask(Api::V1, ["content", &id, "permission", "check"], body);
        let checked: Checked = self.client.read(&request).await?;
        let reasons = checked.errors.into_iter().filter_map(|reason| reason.translation.or(reason.key));
        Ok(Check { allowed: checked.has_permission, reasons: reasons.map(SiteText::from).collect() })
    }

    async fn visitors(&self, spaces: &BTreeSet<SpaceKey>) -> Visitors {
        self.seen_by_visitors(spaces).await
    }

    async fn space_operations(&self, space: SpaceId) -> Result<BTreeSet<String>, Error> {
        let id = space.to_string();
        let request = Request::get(Api::V2, ["spaces", &id, "operations"]);
        let found: Operations = self.client.read(&request).await?;
        Ok(found
            .operations
            .into_iter()
            .map(|each| format!("{}/{}", each.operation, each.target_type))
            .collect())
    }
}

impl Cloud {
    /// A word that we do not know is an error: it decides what the rows of a space mean. 404 says that the caller is
    /// not permitted to ask (OpenAPI v2, `getSpaceRoleMode`) and nothing of the mode, so something else is asked.
    async fn mode(&self) -> Result<SpaceRoleMode, Error> {
        let request = Request::get(Api::V2, ["space-role-mode"]);
        let answer: RoleMode = match self.client.read(&request).await {
            Ok(answer) => answer,
            Err(Error::NotFound(_)) => return self.mode_unsaid().await,
            Err(error) => return Err(error),
        };
        match answer.mode.as_deref() {
            None => self.mode_unsaid().await,
            Some("PRE_ROLES") => Ok(SpaceRoleMode::PreRoles),
            Some("ROLES_TRANSITION") => Ok(SpaceRoleMode::RolesTransition),
            Some("ROLES") => Ok(SpaceRoleMode::Roles),
            Some(other) => Err(Error::Unexpected {
                endpoint: self.client.endpoint(&request)?,
                field: "mode".to_owned(),
                problem: format!("`{other}` is a mode that this version does not know"),
            }),
        }
    }

    /// The schema lets a site leave the mode out. Whether it has roles at all shows in whether it lists any;
    /// whether it has nothing else does not show, and then the site itself refuses single permissions.
    async fn mode_unsaid(&self) -> Result<SpaceRoleMode, Error> {
        let request = Request::get(Api::V2, ["space-roles"]).query("limit", &1);
        match self.client.read::<serde_json::Value>(&request).await {
            Ok(_) => Ok(SpaceRoleMode::RolesTransition),
            Err(Error::NotFound(_)) => Ok(SpaceRoleMode::PreRoles),
            Err(error) => Err(error),
        }
    }
}
