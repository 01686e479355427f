//! A question about access: its words, and as much of the site as its answer needs.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{Asker, Object, Verb};
use crate::confluence::survey::{self, Progress};
use crate::confluence::{Cloud, Read as _, SpaceSelection};
use crate::diagnostic::{Code, Sources, did_you_mean};
use crate::model::{AccountId, ContentId, Desired, DesiredSpace, Live, SpaceKey, Tree};
use crate::plan;
use crate::policy::{self, Context, PageSelector, Policy};
use crate::render::{Question, SiteNames};

use super::args::{AnswerArgs, WhatArgs};
use super::connect::Connection;
use super::environment::Environment;
use super::error::CliError;
use super::lock::LockFile;
use super::output::Output;
use super::pages;
use super::people::{self, Wanted};
use super::reach;
use super::subject;

/// A question with everything that answering it needs.
pub(super) struct Asked {
    pub(super) asker: Option<Asker>,
    pub(super) verb: Verb,
    pub(super) object: Object,
    /// The state that is asked about.
    pub(super) live: Live,
    /// What the policy asks for in the space, if it speaks of it.
    pub(super) desired: Option<DesiredSpace>,
    aliases: BTreeMap<AccountId, String>,
    planned: bool,
}

impl Asked {
    /// The question as it is shown.
    pub(super) fn shown(&self) -> Question<'_> {
        Question {
            names: SiteNames { live: &self.live, aliases: &self.aliases },
            verb: self.verb,
            object: &self.object,
            asker: self.asker.as_ref(),
            desired: self.desired.as_ref(),
            planned: self.planned,
        }
    }
}

/// Reads the policy and the site for a question; without `who`, for everybody.
pub(super) async fn prepare(
    who: Option<&str>,
    what: &WhatArgs,
    environment: &Environment,
    out: &Output,
) -> Result<Asked, CliError> {
    let today = environment.today()?;
    let (policy, mut sources) = load(&what.common, what.planned, environment, out)?;
    let lock = LockFile::read(&what.common.directory, &mut sources)?;
    let verb = subject::verb(&what.verb)?;
    let (key, page) = subject::object(&what.object)?;
    if let (Verb::Space(permission), Some(_)) = (verb, &page) {
        return Err(CliError::usage(
            format!("{permission} is given in a space, not on a page"),
            format!("ask about the space: {key}"),
        ));
    }
    let named = who.map(|who| subject::named(who, &policy)).transpose()?;
    let connection = Connection::open(&what.common.directory, &policy, environment, out).await?;
    out.say(&format!("Reading {}", connection.address));
    let reading = Reading {
        site: &connection.site,
        policy: &policy,
        sources: &sources,
        key: &key,
        planned: what.planned,
        context: Context { today, lock: lock.about(&connection, out) },
        out,
    };
    let asked = reading.read(named.as_ref(), verb, page.as_ref()).await;
    connection.close().await;
    asked
}

/// A question about the site as it is can do without a policy, where the environment says where it is.
pub(super) fn load(
    args: &AnswerArgs,
    planned: bool,
    environment: &Environment,
    out: &Output,
) -> Result<(Policy, Sources), CliError> {
    let loaded = policy::load(&args.directory);
    let nothing_there = loaded.findings.iter().all(|finding| finding.code == Code::NoFiles);
    match loaded.policy {
        Some(policy) => {
            out.findings(&loaded.findings, &loaded.sources);
            Ok((policy, loaded.sources))
        }
        None if nothing_there && environment.url.is_some() && !planned => {
            Ok((Policy::default(), loaded.sources))
        }
        None => Err(CliError::Invalid { findings: loaded.findings, sources: loaded.sources }),
    }
}

struct Reading<'a> {
    site: &'a Cloud,
    policy: &'a Policy,
    sources: &'a Sources,
    key: &'a SpaceKey,
    planned: bool,
    context: Context<'a>,
    out: &'a Output,
}

impl Reading<'_> {
    async fn read(
        &self,
        named: Option<&subject::Named>,
        verb: Verb,
        page: Option<&PageSelector>,
    ) -> Result<Asked, CliError> {
        let policy = self.narrowed(page.is_some());
        let asked = named.and_then(|named| match named {
            subject::Named::Account(account) => Some(account.clone()),
            _ => None,
        });
        let mut live = reach::read(self.site, &policy, asked).await?;
        if !live.spaces.contains_key(self.key) {
            return Err(self.no_such_space().await?);
        }
        let asker =
            named.map(|named| subject::asker(named, self.policy, &live, self.context.lock)).transpose()?;
        let content = match page {
            Some(page) => Some(self.page(page, &policy, &mut live).await?),
            None => None,
        };
        if policy.decides_about_every_page(self.key) {
            pages::read(self.site, &mut live, &policy, self.context).await?;
        }
        let desired = self.resolve(&policy, &live)?;
        self.people(asker.as_ref(), content, desired.as_ref(), &mut live).await?;
        let told = desired.as_ref().map(|desired| plan::with_lists_for_guests(desired, &live));
        if self.planned
            && let Some(desired) = &desired
        {
            live = plan::planned_state(desired, &live);
        }
        let people = self.policy.people.iter();
        let aliases = people.map(|(alias, person)| (person.account.value.clone(), alias.clone())).collect();
        Ok(Asked {
            asker,
            verb,
            object: match content {
                Some(content) => Object::Content(self.key.clone(), content),
                None => Object::Space(self.key.clone()),
            },
            live,
            desired: told.and_then(|mut told| told.spaces.remove(self.key)),
            aliases,
            planned: self.planned,
        })
    }

    /// The policy as far as it bears on the question.
    fn narrowed(&self, pages: bool) -> Policy {
        let mut policy = self.policy.clone();
        let here = BTreeSet::from([self.key.clone()]);
        policy.tests.clear();
        policy.focus_on_pages_of(if pages { here.clone() } else { BTreeSet::new() });
        policy.focus_on(here);
        policy
    }

    async fn no_such_space(&self) -> Result<CliError, CliError> {
        let spaces = self.site.spaces(&SpaceSelection::All).await?;
        let near = did_you_mean(self.key.as_str(), spaces.iter().map(|space| space.key.as_str()));
        let hint = near.map_or_else(
            || {
                "it does not exist, or this account may not see it: ask an administrator of the space"
                    .to_owned()
            },
            |near| format!("did you mean `{near}`?"),
        );
        Ok(CliError::failed(format!("the site shows no space with the key `{}`", self.key)).with_hint(hint))
    }

    /// Finds the page, and reads the lists on it and above it.
    async fn page(
        &self,
        page: &PageSelector,
        policy: &Policy,
        live: &mut Live,
    ) -> Result<ContentId, CliError> {
        let hook = |progress: Progress| tracing::debug!(?progress);
        let keys = BTreeSet::from([self.key.clone()]);
        survey::trees(self.site, live, &keys, &hook).await?;
        let is_there = |live: &Live, id: ContentId| {
            live.spaces.get(self.key).and_then(|space| space.tree.as_ref()?.get(id)).is_some()
        };
        let is_post = match page {
            PageSelector::Id(id) => !is_there(live, *id),
            PageSelector::Blog(_) => true,
            PageSelector::Title(_) | PageSelector::Path(_) | PageSelector::Below { .. } => false,
        };
        if is_post || live.spaces.get(self.key).is_some_and(|space| policy.wants_blogposts(space)) {
            survey::blogposts(self.site, live, &keys).await?;
        }
        let nothing = Tree::default();
        let Some(space) = live.spaces.get(self.key) else {
            return Err(CliError::failed(format!("the space {} went away while it was read", self.key)));
        };
        let tree = space.tree.as_ref().unwrap_or(&nothing);
        let content = subject::page(page, space, tree)?;
        let chain =
            tree.chain(content).ancestors.into_iter().map(|above| above.id).chain([content]).collect();
        survey::restrictions(self.site, live, &BTreeMap::from([(self.key.clone(), chain)]), &hook).await?;
        Ok(content)
    }

    /// What the policy asks for in the space. A question about the site as it is goes on without.
    fn resolve(&self, policy: &Policy, live: &Live) -> Result<Option<Desired>, CliError> {
        match policy::resolve(policy, live, self.context) {
            Ok(resolved) if resolved.desired.spaces.contains_key(self.key) => Ok(Some(resolved.desired)),
            Ok(_) => {
                if self.planned {
                    self.out.warn(&format!(
                        "the policy does not speak of {}, so nothing is planned for it: this is the site as it is",
                        self.key
                    ));
                }
                Ok(None)
            }
            Err(findings) if self.planned => {
                Err(CliError::Invalid { findings, sources: self.sources.clone() })
            }
            Err(_) => {
                self.out.warn("the policy does not fit the site, so lines of the policy are not told; `confperm plan` says why");
                Ok(None)
            }
        }
    }

    async fn people(
        &self,
        asker: Option<&Asker>,
        content: Option<ContentId>,
        desired: Option<&Desired>,
        live: &mut Live,
    ) -> Result<(), CliError> {
        let only = match asker {
            None => None,
            Some(Asker::Person(account)) => Some(BTreeSet::from([account.clone()])),
            // What a group or nobody in particular may do does not depend on who is where.
            Some(Asker::Group(_) | Asker::Anonymous | Asker::Stranger { .. }) => return Ok(()),
        };
        let mut wanted = Wanted { only, ..Wanted::default() };
        let after = desired.filter(|_| self.planned).map(|desired| plan::planned_state(desired, live));
        for state in [Some(&*live), after.as_ref()].into_iter().flatten() {
            let Some(space) = state.spaces.get(self.key) else { continue };
            wanted.holders(space);
            if let (Some(content), Some(tree)) = (content, &space.tree) {
                let chain = tree.chain(content).ancestors;
                chain.into_iter().chain(tree.get(content)).for_each(|content| wanted.listed(content));
            }
        }
        people::read(self.site, live, &wanted).await?;
        Ok(())
    }
}
