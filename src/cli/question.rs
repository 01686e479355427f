//! A question about access: its words, and as much of the site as its answer needs.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{Asker, Engine, Object, Verb};
use crate::diagnostic::{Code, Sources};
use crate::model::{AccountId, ContentId, Desired, DesiredSpace, Live, SpaceKey, Tree, visible};
use crate::observe::{self, Askers, ListingNeeds, Needs, SiteLists, one};
use crate::plan;
use crate::policy::lock::Lock;
use crate::policy::{self, Context, Grantee, Lookup, Named, PageSelector, Policy};
use crate::render::{Question, SiteNames};

use super::args::{AnswerArgs, ObjectArgs};
use super::chosen::all_visible;
use super::directory;
use super::keys;
use super::one_answer::OneQuestion;
use super::subject::{self, Questioned};
use super::{CliError, Connection, Environment, Failure, LockFile, Output, SiteReading};

/// A question with everything that answering it needs.
pub(super) struct PreparedQuestion {
    asker: Option<Asker>,
    pub(super) verb: Verb,
    pub(super) object: Object,
    /// The pages of a pattern, where one is asked about; the object is their space then.
    pub(super) pattern: Option<AskedPages>,
    /// The state that is asked about.
    pub(super) live: Live,
    /// What the policy asks for in the space, if it speaks of it.
    pub(super) desired: Option<DesiredSpace>,
    aliases: BTreeMap<AccountId, String>,
    planned: bool,
}

/// The pages of a pattern.
pub(super) struct AskedPages {
    /// With its space, as in `ENG/Runbooks/**`.
    pub(super) written: String,
    pub(super) pages: BTreeSet<ContentId>,
}

impl AskedPages {
    /// An answer for all pages about which the same lists decide, with these pages.
    pub(super) fn answers<A>(
        &self,
        space: &SpaceKey,
        engine: &Engine<'_>,
        answer: impl Fn(&Object) -> A,
    ) -> Vec<(A, Vec<ContentId>)> {
        let alike = engine.alike(space, &self.pages).into_iter();
        alike.map(|pages| (answer(&Object::Content(space.clone(), pages[0])), pages)).collect()
    }
}

impl PreparedQuestion {
    /// The asker, where one was named.
    pub(super) fn named_asker(&self) -> Result<&Asker, CliError> {
        self.asker.as_ref().ok_or_else(|| CliError::defect("no account was named to ask about"))
    }

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

/// How much of the site is read for a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// All that an explanation may name.
    Explained,
    /// What the answer alone depends on.
    AnswerAlone,
}

/// Reads the policy and the site for a question; without `who`, for everyone.
pub(super) async fn prepare(
    who: Option<&str>,
    extent: Extent,
    what: &ObjectArgs,
    environment: &Environment,
    out: &Output,
) -> Result<PreparedQuestion, CliError> {
    let today = environment.today()?;
    let (policy, mut sources) = load(&what.common, what.planned, environment, out)?;
    let lock = LockFile::read(&what.common.directory, &mut sources)?;
    let verb = subject::verb(&what.verb)?;
    let subject::Topic { key, pages, origin } = subject::object(&what.object)?;
    if let (Verb::Space(permission), Some(_)) = (verb, &pages) {
        return Err(CliError::usage(
            format!("{permission} is given in a space, not on a page"),
            format!("ask about the space: {key}"),
        ));
    }
    let questioned = who.map(|who| subject::questioned(who, &policy)).transpose()?;
    let connection =
        Connection::open(&what.common.site, &what.common.directory, &policy, &lock, environment, out).await?;
    let question = Prepare {
        reading: SiteReading::of(&connection, out),
        policy: &policy,
        sources: &sources,
        key: &key,
        origin: origin.as_deref(),
        planned: what.planned,
        extent: if what.planned { Extent::Explained } else { extent },
        context: Context { today, lock: lock.known() },
        out,
    };
    question.read(questioned, verb, pages.as_ref()).await
}

/// A question about the site as it is can do without a policy, where something else says where it is.
pub(super) fn load(
    args: &AnswerArgs,
    planned: bool,
    environment: &Environment,
    out: &Output,
) -> Result<(Policy, Sources), CliError> {
    let loaded = directory::load(&args.directory)?;
    let nothing_there =
        loaded.policy.is_none() && loaded.findings.iter().all(|finding| finding.code == Code::NoFiles);
    if nothing_there && (environment.url.is_some() || args.site.site.is_some()) && !planned {
        return Ok((Policy::default(), loaded.sources));
    }
    let (policy, warnings, sources) = directory::valid(loaded)?;
    out.findings(&warnings, &sources);
    Ok((policy, sources))
}

/// The aliases of people, by their accounts.
pub(super) fn aliases(policy: &Policy) -> BTreeMap<AccountId, String> {
    policy.people.iter().map(|(alias, person)| (person.account.value.clone(), alias.clone())).collect()
}

struct Prepare<'a> {
    reading: SiteReading<'a>,
    policy: &'a Policy,
    sources: &'a Sources,
    /// The key as it was written, which the space may have had before.
    key: &'a SpaceKey,
    /// The origin of the address that names the page, where it is an address.
    origin: Option<&'a str>,
    planned: bool,
    extent: Extent,
    context: Context<'a>,
    out: &'a Output,
}

impl Prepare<'_> {
    async fn read(
        &self,
        questioned: Option<Questioned>,
        verb: Verb,
        selector: Option<&PageSelector>,
    ) -> Result<PreparedQuestion, CliError> {
        let mut live = match self.extent {
            Extent::Explained => self.reading.sign_in(self.policy).await?,
            Extent::AnswerAlone => self.reading.sign_in_for_question(self.policy).await?,
        };
        let questioned = match questioned {
            Some(questioned) => Some(subject::by_name(questioned, self.reading.site).await?),
            None => None,
        };
        let questioned = questioned.as_ref();
        let asked = questioned.and_then(|questioned| match questioned {
            Questioned::Principal(Grantee::Named(Named::User(account))) => Some(account),
            Questioned::Principal(_) | Questioned::Unknown(_) => None,
        });
        if let Some(origin) = self.origin.filter(|origin| !self.policy.is_origin(origin, &live.site)) {
            return Err(CliError::usage(
                format!(
                    "this page is on {}, and the question goes to {}",
                    visible(origin),
                    live.site.base_url.shown()
                ),
                "name a page of the site that is asked, or the other site with `--site`",
            ));
        }
        let key = keys::on_site([self.key], self.context.lock, self.reading, &mut live).await?;
        let key = key.first().unwrap_or(self.key);
        if self.extent == Extent::AnswerAlone
            && let Some(answer) = self.answer_alone(questioned, verb, key, selector, &live).await?
        {
            return Ok(answer);
        }
        let narrowed = |live: &Live| self.narrowed(key, selector.is_some(), live);
        let needs = |live: &Live| observe::of_space(&narrowed(live), asked, self.context, live);
        self.reading.until_known(&mut live, needs).await?;
        let policy = narrowed(&live);
        let on_site = policy.on_site(self.context.lock, &live.listing);
        let policy = &*on_site.policy;
        let context = Context { lock: &on_site.lock, ..self.context };
        live.guests = policy.guests();
        all_visible(self.reading.site, [key], &live).await?;
        let asker = |named| subject::asker(named, policy, &live, &mut Lookup::new(policy, &live, context));
        let asker = questioned.map(asker).transpose()?;
        let needs = |live: &Live| observe::of_pages(selector, key, policy, context, live);
        self.reading.until_known(&mut live, needs).await?;
        let found =
            |selector| pages_in(selector, key, &live, context.lock, &mut Lookup::new(policy, &live, context));
        let contents = selector.map(found).transpose()?;
        let desired = self.resolve(policy, key, &live, context)?;
        let planned =
            desired.as_ref().filter(|_| self.planned).map(|desired| plan::planned_state(desired, &live));
        let nothing = BTreeSet::new();
        let needs = |live: &Live| {
            let states = [Some(live), planned.as_ref()].into_iter().flatten();
            let spaces = states.filter_map(|state| state.space(key));
            observe::of_answer(askers(asker.as_ref()), contents.as_ref().unwrap_or(&nothing), spaces)
        };
        self.reading.until_known(&mut live, needs).await?;
        if let Some(Asker::Person(account)) = &asker {
            one::memberships(self.reading.site, &mut live, account).await?;
        }
        let told = desired.as_ref().map(|desired| plan::with_lists_for_guests(desired, &live));
        if self.planned
            && let Some(desired) = &desired
        {
            live = plan::planned_state(desired, &live);
        }
        Ok(PreparedQuestion {
            asker,
            verb,
            object: match (selector, contents.iter().flatten().next()) {
                (Some(PageSelector::Page(_)), Some(content)) => Object::Content(key.clone(), *content),
                _ => Object::Space(key.clone()),
            },
            pattern: match selector {
                Some(pattern @ (PageSelector::Below { .. } | PageSelector::Labelled(_))) => {
                    Some(AskedPages {
                        written: format!("{key}/{}", pattern.to_string().trim_start_matches('/')),
                        pages: contents.unwrap_or_default(),
                    })
                }
                _ => None,
            },
            live,
            desired: told.and_then(|mut told| told.spaces.remove(key)),
            aliases: aliases(self.policy),
            planned: self.planned,
        })
    }

    /// The answer about one person, or a reader who is not signed in, and one page or space, from as little as it depends
    /// on; `None` where that is not to be had.
    async fn answer_alone(
        &self,
        questioned: Option<&Questioned>,
        verb: Verb,
        key: &SpaceKey,
        selector: Option<&PageSelector>,
        live: &Live,
    ) -> Result<Option<PreparedQuestion>, CliError> {
        let asker = match questioned {
            Some(Questioned::Principal(Grantee::Named(Named::User(account)))) => {
                Asker::Person(account.clone())
            }
            Some(Questioned::Principal(Grantee::Anonymous)) => Asker::Anonymous,
            _ => return Ok(None),
        };
        if matches!(selector, Some(PageSelector::Below { .. })) {
            return Ok(None);
        }
        let mut live = live.clone();
        let needs = |_: &Live| {
            let keys = BTreeSet::from([key.clone()]);
            let listing = ListingNeeds { keys, ..ListingNeeds::default() };
            Needs { listing, site_lists: SiteLists::Later, ..Needs::default() }
        };
        self.reading.until_known(&mut live, needs).await?;
        let policy = self.narrowed(key, selector.is_some(), &live);
        let on_site = policy.on_site(self.context.lock, &live.listing);
        live.guests = on_site.policy.guests();
        let question = OneQuestion {
            asker: asker.clone(),
            verb,
            key,
            page: selector,
            policy: &on_site.policy,
            context: Context { lock: &on_site.lock, ..self.context },
        };
        let Some((read, object)) = question.read(self.reading, &live).await? else { return Ok(None) };
        Ok(Some(PreparedQuestion {
            asker: Some(asker),
            verb,
            object,
            pattern: None,
            live: read,
            desired: None,
            aliases: aliases(self.policy),
            planned: false,
        }))
    }

    /// The policy as far as it bears on the question.
    fn narrowed(&self, key: &SpaceKey, pages: bool, live: &Live) -> Policy {
        let on_site = self.policy.on_site(self.context.lock, &live.listing);
        let written = on_site.policy.as_written(key);
        let mut policy = self.policy.clone();
        policy.tests.clear();
        let here = BTreeSet::from([key.clone()]);
        let about_pages = if pages { here.clone() } else { BTreeSet::new() };
        policy.focus_on_pages_of(|other| pages && other == written, about_pages);
        policy.focus_on_found(here);
        policy
    }

    /// What the policy asks for in the space. A question about the site as it is goes on without.
    fn resolve(
        &self,
        policy: &Policy,
        key: &SpaceKey,
        live: &Live,
        context: Context<'_>,
    ) -> Result<Option<Desired>, CliError> {
        match policy::resolve(policy, live, context) {
            Ok(resolved) if resolved.desired.spaces.contains_key(key) => Ok(Some(resolved.desired)),
            Ok(_) => {
                if self.planned {
                    self.out.warn(&format!(
                        "the policy does not cover {key}, so nothing is planned there: this is the answer for the site as it is"
                    ));
                }
                Ok(None)
            }
            Err(findings) if self.planned => {
                Err(CliError::Invalid { findings, sources: self.sources.clone() })
            }
            Err(_) => {
                self.out.warn("names in the policy do not exist on the site, so the answer cannot say which lines of the policy give access; `confperm plan` lists the names");
                Ok(None)
            }
        }
    }
}

/// Whose access the answer is about.
pub(super) fn askers(asker: Option<&Asker>) -> Askers {
    match asker.map(Asker::account) {
        None => Askers::Everyone,
        Some(Some(account)) => Askers::These(BTreeSet::from([account.clone()])),
        Some(None) => Askers::NoPerson,
    }
}

/// The pages that are meant, once the tree of their space has been read.
fn pages_in(
    selector: &PageSelector,
    key: &SpaceKey,
    live: &Live,
    lock: &Lock,
    lookup: &mut Lookup<'_>,
) -> Result<BTreeSet<ContentId>, CliError> {
    let nothing = Tree::default();
    let Some(space) = live.spaces.get(key) else {
        return Err(CliError::failed(
            Failure::ChangedMeanwhile,
            format!("the space {key} went away while it was read"),
        ));
    };
    subject::pages(selector, space, space.tree.as_ref().unwrap_or(&nothing), lock, lookup)
}
