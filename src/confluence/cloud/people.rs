//! Groups and people of Cloud.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::wire::{BulkUser, FoundUser, V1Group, V1User};
use super::{Cloud, if_complete};
use crate::confluence::LookUp;
use crate::confluence::address::Api;
use crate::confluence::complete::WireList;
use crate::confluence::concurrently;
use crate::confluence::error::Error;
use crate::confluence::transport::Request;
use crate::model::{AccountId, Group, GroupId, Known, Person, ProductAccess, Subject, Why, folded};

/// The most accounts of one call (OpenAPI v2, `BulkUsersRequest`).
const ACCOUNTS: usize = 250;

/// The most users that are looked at for a name.
const FOUND: u32 = 200;

impl Cloud {
    pub(super) async fn list_groups(&self) -> Result<Vec<Group>, Error> {
        let groups: Vec<V1Group> = self.v1_list(Request::get(Api::V1, ["group"])).await?;
        let groups: BTreeMap<GroupId, Option<String>> =
            groups.into_iter().filter_map(|group| Some((group.id?, group.name))).collect();
        Ok(groups.into_iter().map(|(id, name)| group(id, name)).collect())
    }

    /// "Returned if the group does not exist" and "Returned if a user with the given accountId does not exist" is 404,
    /// what the caller may not view is 403 (OpenAPI v1, `getGroupByGroupId`, `getUser`).
    pub(super) async fn subject_by_id(&self, subject: &Subject) -> Result<LookUp, Error> {
        let found = match subject {
            Subject::Group(id) => {
                let request = Request::get(Api::V1, ["group", "by-id"]).query("id", id);
                let found: Result<V1Group, Error> = self.client.read(&request).await;
                found.map(|found| match found.id {
                    Some(same) if same == *id => LookUp::Group(group(same, found.name)),
                    _ => LookUp::Refused,
                })
            }
            Subject::User(account) => {
                let request = Request::get(Api::V1, ["user"]).query("accountId", account);
                let found: Result<V1User, Error> = self.client.read(&request).await;
                found.map(|found| match found.account_id {
                    Some(same) if same == *account => LookUp::Account,
                    _ => LookUp::Refused,
                })
            }
        };
        match found {
            Err(Error::NotFound(_)) => Ok(LookUp::NotFound),
            Err(
                Error::Forbidden(_)
                | Error::Scope(_)
                | Error::Gateway(_)
                | Error::Gone(_)
                | Error::Rejected(_)
                | Error::FreeEdition(_),
            ) => Ok(LookUp::Refused),
            found => found,
        }
    }

    pub(super) async fn groups_with_access(&self) -> Result<Known<BTreeMap<GroupId, ProductAccess>>, Error> {
        let mut access = BTreeMap::new();
        for means in [ProductAccess::User, ProductAccess::Admin] {
            match self.groups_giving(means).await? {
                Known::Known(groups) => access.extend(groups.into_iter().map(|group| (group.id, means))),
                Known::Unknown(why) => return Ok(Known::Unknown(why)),
            }
        }
        Ok(Known::Known(access))
    }

    /// One of the two lists that [`Cloud::groups_with_access`] puts together.
    pub(super) async fn groups_giving(&self, access: ProductAccess) -> Result<Known<Vec<Group>>, Error> {
        let word = match access {
            ProductAccess::User => "user",
            ProductAccess::Admin => "admin",
            ProductAccess::None => {
                return Err(Error::Misuse("no list has the groups that give no access".to_owned()));
            }
        };
        let request = Request::get(Api::V1, ["group"]).query("accessType", word);
        Ok(if_complete(self.v1_list::<V1Group>(request)).await?.map(with_ids))
    }

    /// A search by a part of the name (OpenAPI v1, `searchGroups`).
    pub(super) async fn groups_named_like(&self, text: &str) -> Result<Known<Vec<Group>>, Error> {
        let request = Request::get(Api::V1, ["group", "picker"]).query("query", &text);
        Ok(if_complete(self.v1_list::<V1Group>(request)).await?.map(with_ids))
    }

    pub(super) async fn group_members(&self, group: &GroupId) -> Result<Known<BTreeSet<AccountId>>, Error> {
        let request = Request::get(Api::V1, ["group", group.as_str(), "membersByGroupId"]);
        let members = if_complete(self.v1_list::<V1User>(request)).await?;
        Ok(members.map(|members| members.into_iter().filter_map(|member| member.account_id).collect()))
    }

    /// The groups of an account. They decide what the caller can lose, so unknown ones are said to be unknown.
    pub(super) async fn memberships(&self, account: &AccountId) -> Result<Known<Vec<Group>>, Error> {
        let request = Request::get(Api::V1, ["user", "memberof"]).query("accountId", account);
        Ok(if_complete(self.v1_list::<V1Group>(request)).await?.map(with_ids))
    }

    /// The accounts whose display name or visible e-mail address a text is, upper and lower case aside. A search finds
    /// names by their words (`user.fullname`), so an address is looked for by the part before the `@`. Where the site
    /// shows no search, nothing is found.
    pub async fn people_called(&self, written: &str) -> Result<BTreeMap<AccountId, String>, Error> {
        let words = written.split('@').next().unwrap_or(written).replace(['.', '_'], " ");
        let words = folded(&words.replace(['\\', '"'], " ")).into_owned();
        // One word is enough to find a name by, best one that has no accents to be composed in this way or that.
        let plain = words.split(' ').filter(|word| word.is_ascii()).max_by_key(|word| word.len());
        let cql = format!("user.fullname ~ \"{}\"", plain.unwrap_or(&words));
        let request = Request::get(Api::V1, ["search", "user"]).query("cql", &cql).query("limit", &FOUND);
        let found: Result<WireList<FoundUser>, Error> = self.client.read(&request).await;
        let found = match found {
            Ok(found) => found.into_given(),
            Err(error) if error.is_hidden() => return Ok(BTreeMap::new()),
            Err(Error::Rejected(_) | Error::Scope(_) | Error::Gone(_)) => return Ok(BTreeMap::new()),
            Err(error) => return Err(error),
        };
        let lower = folded(written).to_lowercase();
        let called = found.into_iter().map(|hit| hit.user).filter(|user| {
            folded(&user.display_name).to_lowercase() == lower || user.email.to_lowercase() == lower
        });
        Ok(called.filter_map(|user| Some((user.account_id?, user.display_name))).collect())
    }

    pub(super) async fn bulk_people(
        &self,
        accounts: &BTreeSet<AccountId>,
    ) -> Result<BTreeMap<AccountId, Person>, Error> {
        let all: Vec<&AccountId> = accounts.iter().collect();
        let tasks: Vec<_> = all.chunks(ACCOUNTS).map(|some| self.some_people(some)).collect();
        let found = concurrently(tasks).await?;
        let people = found.into_iter().flatten().map(|person| (person.account.clone(), person));
        Ok(people.filter(|(account, _)| accounts.contains(account)).collect())
    }

    async fn some_people(&self, accounts: &[&AccountId]) -> Result<Vec<Person>, Error> {
        let ids: Vec<&str> = accounts.iter().map(|account| account.as_str()).collect();
        let request = Request::ask(Api::V2, ["users-bulk"], json!({ "accountIds": ids }));
        let found: WireList<BulkUser> = self.client.read(&request).await?;
        Ok(found.into_given().into_iter().map(Person::from).collect())
    }
}

/// Groups of a list that has been found complete, so that each has an id.
fn with_ids(groups: Vec<V1Group>) -> Vec<Group> {
    groups.into_iter().filter_map(|found| Some(group(found.id?, found.name))).collect()
}

/// A group without what has calls of its own.
fn group(id: GroupId, name: Option<String>) -> Group {
    Group {
        name: name.unwrap_or_else(|| id.to_string()).into(),
        id,
        members: Known::Unknown(Why::NotRead),
        access: Known::Unknown(Why::NotRead),
    }
}
