//! Names that `confperm.lock` remembers, against what they mean on the site by now.

use super::Resolver;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::model::{
    AccountId, AccountStatus, Group, GroupId, LiveSpace, Principal, Role, RoleId, Subject, Tree,
};
use crate::policy::ast::Named;
use crate::policy::lock::{LastSeen, Meant};

/// What the lock knows about a name that the policy uses.
pub(super) enum Remembered<T> {
    /// Nothing, or what the site says as well.
    Nothing,
    /// The thing is there, under this or another name.
    Same(T),
    /// The name means something else now. It has been reported.
    Other,
}

impl Resolver<'_> {
    pub(super) fn remembered_group(&mut self, name: &str, span: &Span) -> Remembered<GroupId> {
        let named: Vec<&Group> = self.groups.get(name).cloned().unwrap_or_default();
        let lock = self.lock;
        match lock.group(name, &named, &self.live.directory) {
            Meant::Nothing => Remembered::Nothing,
            Meant::Same(group) => {
                if let (true, Some(locked)) = (group.name != *name, lock.groups.get(name))
                    && self.warned.insert(Named::Group(name.to_owned()))
                {
                    self.renamed(
                        Code::RenamedGroup,
                        "group",
                        name,
                        group.name.raw(),
                        Some(span),
                        &locked.span,
                    );
                }
                Remembered::Same(group.id.clone())
            }
            Meant::Other { remembered, was } => {
                let ids: Vec<String> = named.iter().map(|group| format!("`{}`", group.id)).collect();
                let old = was.map(|group| format!("is now called `{}`", group.name.shown()));
                self.replaced(&format!("`group:{name}`"), &ids.join(", "), span, remembered, old);
                Remembered::Other
            }
        }
    }

    pub(super) fn remembered_role(&mut self, name: &str, span: &Span) -> Remembered<RoleId> {
        let Some(locked) = self.lock.roles.get(name) else { return Remembered::Nothing };
        let live = self.live;
        let known: Option<&Role> = live.roles.get(&locked.value);
        match (self.roles.get(name).copied(), known) {
            (Some(role), _) if role.id == locked.value => Remembered::Same(locked.value.clone()),
            (Some(role), known) => {
                let old = known.map(|role| format!("is now called `{}`", role.name.shown()));
                self.replaced(
                    &format!("the space role `{name}`"),
                    &format!("`{}`", role.id),
                    span,
                    locked,
                    old,
                );
                Remembered::Other
            }
            (None, Some(role)) => {
                // Said once, however many lines mean it.
                self.renamed(Code::RenamedRole, "space role", name, role.name.raw(), None, &locked.span);
                Remembered::Same(locked.value.clone())
            }
            (None, None) => Remembered::Nothing,
        }
    }

    /// Whether the key of a space still means the space that it meant.
    pub(super) fn is_remembered_space(&mut self, live: &LiveSpace, span: &Span) -> bool {
        let Some(locked) = self.lock.spaces.get(&live.space.key) else { return true };
        if locked.value == live.space.id {
            return true;
        }
        let what = format!("the space `{}`", live.space.key);
        let old = "was the one before".to_owned();
        self.replaced(&what, &format!("`{}`", live.space.id), span, locked, Some(old));
        false
    }

    fn renamed(&mut self, code: Code, kind: &str, name: &str, now: &str, span: Option<&Span>, locked: &Span) {
        let message = format!("the {kind} `{name}` was renamed: it is now called `{now}`");
        let finding = Diagnostic::new(code, message)
            .help(format!("it is still the same {kind}, so this run goes on; call it `{now}` in the policy"));
        let finding = span.into_iter().fold(finding, |finding, span| finding.at(span, ""));
        self.report(finding.at(locked, "remembered here"));
    }

    fn replaced<T: std::fmt::Display>(
        &mut self,
        what: &str,
        ids: &str,
        span: &Span,
        locked: &Spanned<T>,
        old: Option<String>,
    ) {
        let old = old.unwrap_or_else(|| "is gone".to_owned());
        self.report(
            Diagnostic::new(
                Code::ReplacedName,
                format!("{what} means another one than before: its id is {ids}, and `{}` {old}", locked.value),
            )
            .at(span, "")
            .at(&locked.span, "remembered here")
            .help(
                "it was deleted and created again, or another took over its name: if the policy is meant for the new \
                 one, remove this line from confperm.lock; if not, correct the policy",
            ),
        );
    }

    /// An account that the site does not describe any more, that nothing on the site mentions as far as it was
    /// read, and that the lock remembers. To leave it out takes nothing from anybody.
    pub(super) fn departed(&self, account: &AccountId) -> Option<&Spanned<LastSeen>> {
        let seen = self.lock.people.get(account)?;
        let subject = Subject::User(account.clone());
        let principal = Principal::from(subject.clone());
        let mentioned = self.live.spaces.values().any(|space| {
            let mut lists = space.tree.iter().flat_map(Tree::iter);
            space.holdings.contains_key(&principal)
                || lists.any(|page| {
                    page.restrictions.as_ref().known().is_some_and(|lists| {
                        lists.view.subjects().chain(lists.edit.subjects()).any(|listed| *listed == subject)
                    })
                })
        });
        (!mentioned && !self.live.directory.people.contains_key(account)).then_some(seen)
    }

    /// Whether an account could sign in when it was seen last.
    pub(super) fn was_active(&self, account: &AccountId) -> bool {
        self.lock.people.get(account).is_some_and(|seen| seen.value.status == AccountStatus::Active)
    }
}
