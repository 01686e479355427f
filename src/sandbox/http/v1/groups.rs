//! `/group` (API v1, "Group"): listing, members, and the writes of site admins.

use http::StatusCode;

use super::super::answer::{Answer, Failure};
use super::super::ask::Ask;
use super::super::paging;
use super::{render, space_permissions::text};
use crate::sandbox::world::{AccountId, Command, Group, GroupId, Outcome, Refusal, User};

pub(in crate::sandbox::http) fn list(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    ask.signed_in()?;
    let access = ask.query.one_of("accessType", &["user", "admin", "site-admin"])?;
    let fits = |group: &&Group| access.is_none_or(|id| group.access.is_some_and(|access| access.id() == id));
    paging::v1(ask, &by_name(ask, fits), [200, 200], |group| render::group(ask.world(), group))
}

pub(in crate::sandbox::http) fn pick(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    ask.signed_in()?;
    let wanted = ask.query.need("query")?.to_lowercase();
    let found = by_name(ask, |group| group.name.to_lowercase().contains(&wanted));
    paging::v1(ask, &found, [200, 200], |group| render::group(ask.world(), group))
}

pub(in crate::sandbox::http) fn by_id(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    ask.signed_in()?;
    let id = GroupId::from(ask.query.need("id")?);
    let group = ask.world().group(&id).ok_or_else(|| Refusal::NoGroup(id.clone()))?;
    Ok(Answer::ok(render::group(ask.world(), group)))
}

/// An unknown group has no members and is no error (live: cjs); a limit above 200 is one (API v1).
pub(in crate::sandbox::http) fn members(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    ask.signed_in()?;
    if ask.query.number("limit", 200)? > 200 {
        return Err(Failure::bad_request("limit must not be greater than 200"));
    }
    let operations = ask.query.all("expand").is_some_and(|wanted| wanted.contains(&"operations"));
    let world = ask.world();
    let members = world.group(&GroupId::from(ask.param(0))).into_iter().flat_map(|group| &group.members);
    let users: Vec<&User> = members.filter_map(|account| world.user(account)).collect();
    paging::v1(ask, &users, [200, 200], |user| {
        let mut shown = render::user(world, &ask.caller, user);
        if operations {
            shown["operations"] = render::site_operations(user);
        }
        shown
    })
}

pub(in crate::sandbox::http) fn create(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let body = ask.json()?;
    let name = text(&body, "name", "name")?.to_owned();
    let outcome = ask.perform(Command::CreateGroup { name })?;
    let group = match outcome {
        Outcome::GroupCreated(id) => ask.world().group(&id),
        Outcome::Granted(_) | Outcome::RoleCreated(_) | Outcome::Done => None,
    };
    let body = group.map(|group| render::group(ask.world(), group)).unwrap_or_default();
    Ok(Answer::with(StatusCode::CREATED, body))
}

pub(in crate::sandbox::http) fn delete(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let group = GroupId::from(ask.query.need("id")?);
    ask.perform(Command::DeleteGroup { group })?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

pub(in crate::sandbox::http) fn add_member(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let group = GroupId::from(ask.query.need("groupId")?);
    let body = ask.json()?;
    let account = AccountId::from(text(&body, "accountId", "accountId")?);
    ask.perform(Command::AddMember { group, account })?;
    Ok(Answer::empty(StatusCode::CREATED))
}

pub(in crate::sandbox::http) fn remove_member(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let group = GroupId::from(ask.query.need("groupId")?);
    let account = AccountId::from(ask.query.need("accountId")?);
    ask.perform(Command::RemoveMember { group, account })?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

fn by_name<'w>(ask: &'w Ask<'_>, wanted: impl FnMut(&&Group) -> bool) -> Vec<&'w Group> {
    let mut groups: Vec<&Group> = ask.world().groups().filter(wanted).collect();
    groups.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    groups
}
