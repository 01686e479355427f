//! Names outside the entries of a policy, in questions and in access tests: they mean what they would mean in an entry,
//! by the pin, the lock, the name and the id in this order, and are reported in the same words.

use super::meaning::NameMeaning;
use super::resolver::{Context, Resolver};
use crate::diagnostic::{Diagnostics, Span, Spanned};
use crate::model::{ContentId, Live, LiveSpace, SpaceKey, Subject, Tree};
use crate::policy::ast::{Named, Policy};
use crate::policy::pages::{PageName, PageSelector};

/// Looks up one name at a time.
#[expect(missing_debug_implementations, reason = "it holds a whole policy and a whole site")]
pub struct Lookup<'a> {
    resolver: Resolver<'a>,
}

impl<'a> Lookup<'a> {
    /// The policy and the lock are under the keys that spaces have on the site; see [`Policy::on_site`].
    pub fn new(policy: &'a Policy, live: &'a Live, context: Context<'a>) -> Self {
        let mut resolver = Resolver::new(policy, live, context);
        resolver.is_question = true;
        Self { resolver }
    }

    /// A person or a group.
    ///
    /// # Errors
    ///
    /// What is to be reported, if the name does not mean one thing that exists. The same holds for spaces and pages.
    pub fn subject(&mut self, named: &Named, span: &Span) -> Result<Subject, Diagnostics> {
        let meaning = self.resolver.subject(named, span);
        self.known(meaning)
    }

    /// A space by its key.
    pub fn space(&mut self, key: &SpaceKey, span: &Span) -> Result<&'a LiveSpace, Diagnostics> {
        let meaning = self.resolver.space_named(key, span);
        self.known(meaning)
    }

    /// A page, or what a pattern hangs under, by its name in a selector.
    pub fn page(
        &mut self,
        name: &PageName,
        selector: &Spanned<PageSelector>,
        space: &LiveSpace,
        tree: &Tree,
    ) -> Result<ContentId, Diagnostics> {
        let meaning = self.resolver.page(name, selector, space, tree);
        self.known(meaning)
    }

    /// What is only worth a warning, such as a new name of what is meant, is left to [`resolve`](super::resolve()).
    fn known<T>(&mut self, meaning: NameMeaning<T>) -> Result<T, Diagnostics> {
        self.resolver.reported.clear();
        let findings = std::mem::take(&mut self.resolver.findings);
        meaning.known().ok_or(findings)
    }
}
