//! People and groups.

use super::Resolver;
use super::remembered::Remembered;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned, did_you_mean};
use crate::model::{AccountId, AccountStatus, GroupId, Principal, Subject};
use crate::policy::ast::{Named, Who};

impl Resolver<'_> {
    pub(super) fn principal(&mut self, who: &Spanned<Who>) -> Option<Principal> {
        match &who.value {
            Who::Named(named) => self.subject(named, &who.span).map(Principal::from),
            Who::Class(class) => Some(Principal::Class(*class)),
            Who::Anonymous => Some(Principal::Anonymous),
        }
    }

    pub(super) fn subject(&mut self, named: &Named, span: &Span) -> Option<Subject> {
        match named {
            Named::Group(name) => self.group(name, span).map(Subject::Group),
            Named::User(account) => self.account(account, span).map(Subject::User),
        }
    }

    fn group(&mut self, name: &str, span: &Span) -> Option<GroupId> {
        if self.policy.groups.contains_key(name) {
            return self.pinned(name, span);
        }
        match self.remembered_group(name, span) {
            Remembered::Nothing => {}
            Remembered::Same(id) => return Some(id),
            Remembered::Other => return None,
        }
        match self.groups.get(name).map(Vec::as_slice) {
            Some([group]) => {
                let group = *group;
                match self.by_id(name).filter(|id| *id != group.id) {
                    Some(other) => {
                        self.two_meanings(name, &group.id, &other, span);
                        None
                    }
                    None => Some(group.id.clone()),
                }
            }
            Some([_, ..]) => {
                let ids: Vec<String> =
                    self.groups[name].iter().map(|group| format!("`{}`", group.id)).collect();
                self.report(
                    Diagnostic::new(
                        Code::AmbiguousGroup,
                        format!("the site has {} groups called `{name}`", ids.len()),
                    )
                    .at(span, "")
                    .help(format!(
                        "say which one under `groups:`, as in `{name}: ID`, where ID is one of {}",
                        ids.join(", ")
                    )),
                );
                None
            }
            // Files that other programs write name groups by id.
            Some([]) | None if self.by_id(name).is_some() => self.by_id(name),
            Some([]) | None => {
                let near = did_you_mean(name, self.groups.keys().copied());
                self.report(
                    Diagnostic::new(Code::UnknownGroup, format!("the site has no group `{name}`"))
                        .at(span, "")
                        .help("create the group first, or correct the name: upper and lower case count")
                        .maybe_help(near.map(|near| format!("did you mean `group:{near}`?"))),
                );
                None
            }
        }
    }

    /// One group is called what another has as its id.
    fn two_meanings(&mut self, name: &str, named: &GroupId, identified: &GroupId, span: &Span) {
        let groups = &self.live.directory.groups;
        let called = groups.get(identified).map(|group| group.name.raw()).unwrap_or_default();
        self.report(
            Diagnostic::new(
                Code::AmbiguousGroup,
                format!("`{name}` is the id of the group `{called}` and the name of another group"),
            )
            .at(span, "")
            .help(format!(
                "write `{called}` if that one is meant; if not, say so under `groups:`, as in `{name}: {named}`"
            )),
        );
    }

    fn by_id(&self, text: &str) -> Option<GroupId> {
        let id = text.parse().ok()?;
        self.live.directory.groups.contains_key(&id).then_some(id)
    }

    /// A group by the id under `groups`. The id wins over the name.
    fn pinned(&mut self, name: &str, span: &Span) -> Option<GroupId> {
        let pin = self.policy.groups.get(name)?;
        let Some(group) = self.live.directory.groups.get(&pin.id.value) else {
            self.report(
                Diagnostic::new(Code::UnknownGroup, format!("the site has no group with the id `{}`", pin.id.value))
                    .at(&pin.id.span, format!("pinned for `{name}`"))
                    .at(span, "used here")
                    .help("the group was deleted, or belongs to another site: correct the id, or remove the pin to go by name"),
            );
            return None;
        };
        // Of two groups with one name, neither can be pinned by that name alone.
        let shared = self.groups.get(group.name.raw()).is_some_and(|groups| groups.len() > 1);
        if group.name != *name && !shared && self.warned.insert(Named::Group(name.to_owned())) {
            self.report(
                Diagnostic::new(
                    Code::RenamedGroup,
                    format!("the group pinned as `{name}` is now called `{}`", group.name.shown()),
                )
                .at(&pin.span, "")
                .help(format!(
                    "it is still the same group; call it `{}` here and where it is used",
                    group.name.shown()
                )),
            );
        }
        Some(group.id.clone())
    }

    fn account(&mut self, account: &AccountId, span: &Span) -> Option<AccountId> {
        let named = Named::User(account.clone());
        if let Some(seen) = self.departed(account) {
            let (name, remembered) = (seen.value.name.clone(), seen.span.clone());
            if self.warned.insert(named) {
                self.report(
                    Diagnostic::new(
                        Code::DepartedAccount,
                        format!(
                            "the site no longer knows the account of {name}, and nothing on it names them"
                        ),
                    )
                    .at(span, "left out")
                    .at(&remembered, "remembered here")
                    .help("the account was deleted; remove it from the policy"),
                );
            }
            return None;
        }
        let Some(person) = self.live.directory.people.get(account) else {
            let mut finding = Diagnostic::new(
                Code::UnknownAccount,
                format!("the site does not know the account of `{}`", self.policy.show_named(&named)),
            )
            .at(span, "");
            if let Some(definition) =
                self.policy.people.values().find(|person| person.account.value == *account)
            {
                finding = finding.at(&definition.account.span, "the account");
            }
            self.report(finding.help(
                "check the account id: it stands at the end of the address of the person's profile page",
            ));
            return None;
        };
        let state = match person.status {
            AccountStatus::Inactive => Some("is deactivated"),
            AccountStatus::Closed => Some("is closed"),
            AccountStatus::Active | AccountStatus::Unknown => None,
        };
        if let Some(state) = state
            && self.warned.insert(named)
        {
            let was =
                if self.was_active(account) { "; it was active when confperm.lock was written" } else { "" };
            self.report(
                Diagnostic::new(Code::InactiveAccount, format!("the account of {} {state}{was}", person.name.shown()))
                    .at(span, "")
                    .help("what it is given here has no effect while it cannot sign in; remove it if the person has left"),
            );
        }
        Some(account.clone())
    }
}
