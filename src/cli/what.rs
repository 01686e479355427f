//! `confperm what`: everything that one person can see and do.

use std::collections::BTreeSet;

use crate::access::{Asker, Engine};
use crate::model::{Live, SpaceKey};
use crate::observe::{self, Chosen, one};
use crate::plan;
use crate::policy::{self, Context, Grantee, Lookup, Named};
use crate::render::{self, SiteNames, SurveyQuestion};

use super::args::{AnswerFormat, WhatArgs};
use super::chosen;
use super::keys;
use super::question::{aliases, askers, load};
use super::subject::{self, Questioned};
use super::{CliError, Connection, Environment, Exit, LockFile, Output, SiteReading};

pub(super) async fn run(args: &WhatArgs, environment: &Environment, out: &Output) -> Result<Exit, CliError> {
    let today = environment.today()?;
    let (policy, mut sources) = load(&args.common, args.planned, environment, out)?;
    let lock = LockFile::read(&args.common.directory, &mut sources)?;
    let questioned = subject::questioned(&args.who, &policy)?;
    let connection =
        Connection::open(&args.common.site, &args.common.directory, &policy, &lock, environment, out).await?;
    let reading = SiteReading::of(&connection, out);
    let mut live = reading.sign_in(&policy).await?;
    let questioned = subject::by_name(questioned, reading.site).await?;
    let context = Context { today, lock: lock.known() };
    let chosen = if args.spaces.is_empty() {
        Chosen::Every { kinds: BTreeSet::new(), archived: true }
    } else {
        Chosen::Keys(keys::on_site(&args.spaces, context.lock, reading, &mut live).await?)
    };
    let mut accounts: BTreeSet<_> = policy.accounts().into_iter().cloned().collect();
    if let Questioned::Principal(Grantee::Named(Named::User(account))) = &questioned {
        accounts.insert(account.clone());
    }
    reading.until_known(&mut live, |live| observe::of_spaces(&chosen, &accounts, live)).await?;
    chosen::found(reading.site, &chosen, &live).await?;
    let on_site = policy.on_site(context.lock, &live.listing);
    let here = Context { lock: &on_site.lock, ..context };
    live.guests = on_site.policy.guests();
    let asker =
        subject::asker(&questioned, &on_site.policy, &live, &mut Lookup::new(&on_site.policy, &live, here))?;
    let spaces: BTreeSet<SpaceKey> = live.spaces.keys().cloned().collect();
    let mut planned = None;
    if args.planned {
        reading.until_known(&mut live, |live| observe::of_policy(&policy, context, live)).await?;
        let resolved = policy::resolve(&policy, &live, context)
            .map_err(|findings| CliError::Invalid { findings, sources })?;
        planned = Some(resolved.desired);
    }
    let state = |live: &Live| planned.as_ref().map(|desired| plan::planned_state(desired, live));
    let after = state(&live);
    let needs = |live: &Live| {
        let states = [Some(live), after.as_ref()].into_iter().flatten();
        observe::of_tested(askers(Some(&asker)), states.flat_map(Live::all_spaces))
    };
    reading.until_known(&mut live, needs).await?;
    if let Asker::Person(account) = &asker {
        one::memberships(reading.site, &mut live, account).await?;
    }
    let mut shown = state(&live).unwrap_or(live);
    shown.spaces.retain(|key, _| spaces.contains(key));
    let surveys = Engine::new(&shown).survey(&asker);
    let question = SurveyQuestion {
        names: SiteNames { live: &shown, aliases: &aliases(&policy) },
        asker: &asker,
        planned: args.planned,
    };
    out.data(&match args.common.format {
        AnswerFormat::Text => render::survey_as_text(&surveys, question),
        AnswerFormat::Json => render::survey_as_json(&surveys, question),
    });
    Ok(Exit::Done)
}
