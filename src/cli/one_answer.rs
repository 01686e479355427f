//! An answer about one person, or a reader who is not signed in, and one page: read no more than it depends on.
//!
//! What has not been read yet can only add ways in: what roles give beyond the rows that show it, rows of `anonymous`
//! that are not listed, a space that the service desk opens. So a yes is final, and so is a no of a list, whatever else
//! there is; a no of the site or the space is once these have been read, and then it needs no lists. Where anything is
//! not shown or contradicts itself there is no answer here, and the site is read as for every other question.

use crate::access::{Asker, Engine, Level, Object, SERVICE_DESK, Verb, Verdict};
use crate::confluence::{self, Sought};
use crate::diagnostic::{Span, Spanned};
use crate::model::{Known, Live, SpaceKey, Why};
use crate::observe::one::{self, OnLists};
use crate::policy::{Context, Lookup, PageName, PageSelector, Policy};

use super::reading::SiteReading;

/// What is asked.
pub(super) struct OneQuestion<'q> {
    pub(super) asker: Asker,
    pub(super) verb: Verb,
    pub(super) key: &'q SpaceKey,
    pub(super) page: Option<&'q PageSelector>,
    pub(super) policy: &'q Policy,
    pub(super) context: Context<'q>,
}

impl OneQuestion<'_> {
    /// The site as far as the answer depends on it, and what the question is about there.
    pub(super) async fn read(
        &self,
        reading: SiteReading<'_>,
        known: &Live,
    ) -> Result<Option<(Live, Object)>, confluence::Error> {
        let (site, hook) = (reading.site, reading.hook());
        let mut live = known.clone();
        if !one::space(site, &mut live, self.key, self.asker.account().cloned(), &hook).await? {
            return Ok(None);
        }
        if let Some(account) = self.asker.account() {
            // Of an account that the site does not describe, the other way says why.
            if !live.directory.people.contains_key(account) || !one::person(site, &mut live, account).await? {
                return Ok(None);
            }
        }
        let mut on_lists = OnLists::default();
        let object = match self.page {
            None => Object::Space(self.key.clone()),
            Some(selector) => {
                let Some(sought) = sought(selector) else { return Ok(None) };
                let Some(shown) = one::page(site, &mut live, self.key, sought).await? else {
                    return Ok(None);
                };
                on_lists = shown;
                let Some(object) = self.named(selector, &live) else { return Ok(None) };
                object
            }
        };
        let is_whole = self.asker == Asker::Anonymous || keeps_out(&self.verdict(&mut live, &object));
        if is_whole && !self.read_rest(reading, &mut live).await? {
            return Ok(None);
        }
        self.seek_service_desk(reading, &mut live, &object, on_lists).await?;
        if !keeps_out(&self.verdict(&mut live, &object)) {
            if object.content().is_some() && !one::lists(site, &mut live, self.key, &hook).await? {
                return Ok(None);
            }
            let is_final = matches!(
                self.verdict(&mut live, &object),
                Verdict::Allowed | Verdict::Denied(Level::Ancestor(_) | Level::Content(_))
            );
            if !is_final && !is_whole && !self.read_rest(reading, &mut live).await? {
                return Ok(None);
            }
        }
        one::in_no_other_group(&mut live);
        Ok(Some((live, object)))
    }

    /// Customers on the lists of the page, or among those that the policy mentions, are signs of Jira Service Management
    /// as well: looked for where one would change the answer.
    async fn seek_service_desk(
        &self,
        reading: SiteReading<'_>,
        live: &mut Live,
        object: &Object,
        on_lists: OnLists,
    ) -> Result<(), confluence::Error> {
        let verdict = self.verdict(live, object);
        let with_sign = Engine::new(live).with_service_desk().can(&self.asker, self.verb, object);
        if !keeps_out(&verdict) || with_sign == verdict {
            return Ok(());
        }
        let mentioned = self.policy.accounts().into_iter().cloned();
        one::named(reading.site, live, self.key, on_lists, mentioned, &reading.hook()).await
    }

    /// The page that is meant, by the same rules as anywhere else.
    fn named(&self, selector: &PageSelector, live: &Live) -> Option<Object> {
        let space = live.spaces.get(self.key)?;
        let spanned = Spanned::new(selector.clone(), Span::start_of(&camino::Utf8Path::new("").into()));
        let mut lookup = Lookup::new(self.policy, live, self.context);
        let page = lookup.page(selector.anchor()?, &spanned, space, space.tree.as_ref()?).ok()?;
        Some(Object::Content(self.key.clone(), page))
    }

    /// What can only add ways in.
    async fn read_rest(&self, reading: SiteReading<'_>, live: &mut Live) -> Result<bool, confluence::Error> {
        one::roles(reading.site, live, self.key, &reading.hook()).await?;
        one::unlisted(reading.site, live, self.key, SERVICE_DESK).await
    }

    /// The verdict on what has been read, with nothing beside it.
    fn verdict(&self, live: &mut Live, object: &Object) -> Verdict {
        one::in_no_other_group(live);
        if let Some(space) = live.space_mut(self.key)
            && space.unlisted_anonymous == Known::Unknown(Why::NotRead)
        {
            space.unlisted_anonymous = Known::Known(false);
        }
        Engine::new(live).can(&self.asker, self.verb, object)
    }
}

/// Whether a verdict is the same whatever lists say.
const fn keeps_out(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Denied(Level::Site | Level::Space))
}

/// What a search can find a page by.
fn sought(selector: &PageSelector) -> Option<Sought<'_>> {
    match selector.anchor()? {
        PageName::Id(id) => Some(Sought::Id(*id)),
        PageName::Blog(title) => Some(Sought::Post(title)),
        PageName::Title(title) => Some(Sought::Titled(title, &[])),
        PageName::Path { titles, .. } => {
            titles.split_last().map(|(title, above)| Sought::Titled(title, above))
        }
    }
}
