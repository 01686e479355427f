//! A site that does not stand still: each rule of the adversary, over HTTP and in the world.

mod actors;
mod disruptions;
mod kill;
mod lag;
mod log;
mod manglings;
mod state;

use confperm::sandbox::adversary::Adversary;
use confperm::sandbox::world::{
    AccountId, ContentId, GroupId, ListKind, Pair, Principal, RoleId, SpaceId, Status,
};
use confperm::sandbox::{Options, Site};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, Reply, Setup};

const ENG: SpaceId = SpaceId(101);
/// A page without restrictions.
const OPEN: ContentId = ContentId(2);
/// A page that names ann in both lists.
const CLOSED: ContentId = ContentId(3);
const ROWS: &str = "/wiki/api/v2/spaces/101/permissions?limit=250";
const ROLES: &str = "/wiki/api/v2/spaces/101/role-assignments";
const LISTS: &str = "/wiki/rest/api/content/2/restriction";
const SEARCH: &str = "/wiki/rest/api/content/search?cql=id%3D2&expand=restrictions.read.restrictions.user";

async fn serve(adversary: Adversary) -> Client {
    serve_as(Setup::default(), adversary).await
}

async fn serve_as(setup: Setup, adversary: Adversary) -> Client {
    let options = Options { adversary, ..Options::default() };
    Client::serve(Site::from_yaml(&setup.yaml()).unwrap(), options).await
}

fn user(id: &str) -> Principal {
    Principal::User(AccountId::from(id))
}

fn group(id: &str) -> Principal {
    Principal::Group(GroupId::from(id))
}

/// A body that gives one list to one user.
fn only(operation: &str, account: &str) -> Value {
    json!([{"operation": operation, "restrictions": {"user": [{"type": "known", "accountId": account}]}}])
}

/// A body that gives a user a role.
fn role(account: &str, role: &str) -> Value {
    json!([{"principal": {"principalType": "USER", "principalId": account}, "roleId": role}])
}

/// The users of the view list that a restriction answer shows.
fn viewers(reply: &Reply) -> Vec<String> {
    let users = &reply.body["results"][0]["restrictions"]["user"]["results"];
    users.as_array().unwrap().iter().map(|user| user["accountId"].as_str().unwrap().to_owned()).collect()
}

/// The users of the view list of page 2 that a search shows.
fn found_viewers(reply: &Reply) -> Vec<String> {
    let users = &reply.body["results"][0]["restrictions"]["read"]["restrictions"]["user"]["results"];
    users.as_array().unwrap().iter().map(|user| user["accountId"].as_str().unwrap().to_owned()).collect()
}

async fn put_view(site: &Client, account: &str) -> Reply {
    site.put(LISTS, only("read", account)).await
}

/// A write whose connection may be closed: the status, or none.
async fn try_put(site: &Client, account: &str) -> Option<u16> {
    let reply = site.try_send("ann", Method::PUT, LISTS, Some(only("read", account))).await;
    reply.ok().map(|reply| reply.status)
}
