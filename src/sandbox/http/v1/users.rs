//! `/user` (API v1, "Users").

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::answer::{Answer, Failure};
use super::super::ask::Ask;
use super::super::paging;
use super::render;
use crate::sandbox::world::{AccountId, Refusal, User};

pub(in crate::sandbox::http) fn get(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    ask.signed_in()?;
    let user = user(ask)?;
    Ok(Answer::ok(render::user(ask.world(), &ask.caller, user)))
}

pub(in crate::sandbox::http) fn current(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    let operations = ask.query.all("expand").is_some_and(|wanted| wanted.contains(&"operations"));
    let body = match ask.caller.account() {
        None => render::anonymous(),
        Some(me) => {
            let user = ask.world().user(me).ok_or_else(|| Refusal::NoUser(me.clone()))?;
            let mut shown = render::user(ask.world(), &ask.caller, user);
            if operations {
                shown["operations"] = render::site_operations(user);
            }
            shown
        }
    };
    Ok(Answer::ok(body))
}

#[expect(clippy::unnecessary_wraps, reason = "the signature of the routing table")]
pub(in crate::sandbox::http) fn anonymous(_: &mut Ask<'_>) -> Result<Answer, Failure> {
    Ok(Answer::ok(render::anonymous()))
}

pub(in crate::sandbox::http) fn member_of(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    ask.signed_in()?;
    let user = user(ask)?;
    let mut groups: Vec<_> = ask.world().groups_of(&user.account).collect();
    groups.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    paging::v1(ask, &groups, [200, 200], |group| render::group(ask.world(), group))
}

/// At most 100 accounts; the rest and the unknown are left out silently.
pub(in crate::sandbox::http) fn bulk(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    ask.signed_in()?;
    ask.query.need("accountId")?;
    let world = ask.world();
    let asked: BTreeSet<&str> =
        ask.query.all("accountId").unwrap_or_default().into_iter().take(100).collect();
    let found = asked.into_iter().filter_map(|id| world.user(&AccountId::from(id)));
    let shown: Vec<Value> = found.map(|user| render::user(world, &ask.caller, user)).collect();
    Ok(Answer::ok(json!({
        "results": shown, "start": 0, "limit": 100, "size": shown.len(), "_links": {"base": world.settings.url},
    })))
}

fn user<'a>(ask: &'a Ask<'_>) -> Result<&'a User, Failure> {
    let id = AccountId::from(ask.query.need("accountId")?);
    Ok(ask.world().user(&id).ok_or(Refusal::NoUser(id))?)
}
