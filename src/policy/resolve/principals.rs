//! People and groups.

use super::meaning::{Lost, NameMeaning, WrittenName};
use super::resolver::Resolver;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned, did_you_mean};
use crate::model::{AccountId, AccountStatus, GroupId, Principal, Shown, SkipReason, Subject};
use crate::policy::ast::{Grantee, Named};

impl Resolver<'_> {
    /// Shows beside the place where a set is used the line of the set that names a principal.
    fn as_member(&self, finding: Diagnostic, who: Named, span: &Span) -> Diagnostic {
        match self.policy.sets.member_at(span, &Grantee::Named(who)) {
            Some(member) => finding.at(member, "a member of the set"),
            None => finding,
        }
    }

    pub(super) fn principal(&mut self, who: &Spanned<Grantee>) -> NameMeaning<Principal> {
        match &who.value {
            Grantee::Named(named) => self.subject(named, &who.span).map(Principal::from),
            Grantee::Class(class) => NameMeaning::Is(Principal::Class(*class)),
            Grantee::Anonymous => NameMeaning::Is(Principal::Anonymous),
        }
    }

    pub(super) fn subject(&mut self, named: &Named, span: &Span) -> NameMeaning<Subject> {
        if let Some(known) = self.known.get(named) {
            return NameMeaning::Is(known.clone());
        }
        let meaning = match named {
            Named::Group(name) => self.group(name, span).map(Subject::Group),
            Named::User(account) => self.account(account, span).map(Subject::User),
        };
        // What else a name may mean is reported at each place.
        if let NameMeaning::Is(subject) = &meaning {
            self.known.insert(named.clone(), subject.clone());
        }
        meaning
    }

    fn group(&mut self, name: &str, span: &Span) -> NameMeaning<GroupId> {
        if self.policy.groups.contains_key(name) {
            return self.pinned(name, span);
        }
        let (lock, live) = (self.lock, self.live);
        let identity = lock.group(name, self.groups.bearers(name), &live.directory);
        let written = format!("group:{name}");
        let locked = lock.groups.get(name).map(|locked| &locked.span);
        let named = WrittenName { kind: "group", accepted: written.clone(), written, span, locked };
        let called =
            |id: &GroupId| live.directory.groups.get(id).map(|group| format!("group:{}", group.name.raw()));
        self.meaning(&named, identity, &called, |this, bearers| this.new_group(name, bearers, span))
    }

    /// A group that the lock does not know.
    fn new_group(&mut self, name: &str, bearers: Vec<GroupId>, span: &Span) -> Option<GroupId> {
        match <[GroupId; 1]>::try_from(bearers) {
            Ok([group]) => match self.groups.by_id(name).filter(|id| *id != group) {
                Some(other) => {
                    self.two_meanings(name, &group, &other, span);
                    None
                }
                None => Some(group),
            },
            Err(several) if !several.is_empty() => {
                let ids: Vec<String> = several.iter().map(|id| format!("`{id}`")).collect();
                let how = if self.is_question {
                    "write `group:ID`".to_owned()
                } else {
                    format!("say which one under `groups:`, as in `{name}: ID`")
                };
                let finding = Diagnostic::new(
                    Code::AmbiguousGroup,
                    format!("the site has {} groups called `{name}`", ids.len()),
                )
                .at(span, "");
                let finding = self.as_member(finding, Named::Group(name.to_owned()), span);
                self.report(finding.help(format!("{how}, where ID is one of {}", ids.join(", "))));
                None
            }
            Err(_) => {
                let near = did_you_mean(name, self.groups.all());
                let is_pattern = name.contains(['*', '?']) && !self.is_question;
                let create = if self.is_question { "" } else { "create the group first, or " };
                let finding = Diagnostic::new(Code::UnknownGroup, format!("the site has no group `{name}`"))
                    .at(span, "");
                self.report(
                    self.as_member(finding, Named::Group(name.to_owned()), span)
                        .help(if is_pattern {
                            "patterns of names are for `leave` only: name each group".to_owned()
                        } else {
                            format!("{create}correct the name: upper and lower case count")
                        })
                        .maybe_help(
                            near.filter(|_| !is_pattern).map(|near| format!("did you mean `group:{near}`?")),
                        ),
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

    /// A group by the id under `groups`. The id wins over the name.
    fn pinned(&mut self, name: &str, span: &Span) -> NameMeaning<GroupId> {
        let Some(pin) = self.policy.groups.get(name) else { return NameMeaning::Invalid };
        let Some(group) = self.live.directory.groups.get(&pin.id.value) else {
            return self.lost_pin(name, span);
        };
        // Of two groups with one name, neither can be pinned by that name alone.
        let shared = self.groups.bearers(group.name.raw()).len() > 1;
        if !group.name.is_called(name) && !shared && self.warned.insert(Named::Group(name.to_owned())) {
            self.report(
                Diagnostic::new(
                    Code::RenamedName,
                    format!("the group pinned as `{name}` is now called `{}`", group.name.shown()),
                )
                .at(&pin.span, "")
                .help(format!(
                    "it is still the same group; call it `{}` here and where it is used",
                    group.name.shown()
                )),
            );
        }
        NameMeaning::Is(group.id.clone())
    }

    /// A pin whose group the site does not have: it was there once, if the lock knows it.
    fn lost_pin(&mut self, name: &str, span: &Span) -> NameMeaning<GroupId> {
        let Some(pin) = self.policy.groups.get(name) else { return NameMeaning::Invalid };
        if self.lock.groups.get(name).is_some_and(|locked| locked.value == pin.id.value) {
            let was = pin.id.value.clone();
            let written = format!("group:{name}");
            if self.reported.insert((written.clone(), written)) {
                self.report(
                    Diagnostic::new(
                        Code::GoneName,
                        format!("the group pinned as `{name}` (id {was}) is gone"),
                    )
                    .at(&pin.id.span, "")
                    .at(span, "used here")
                    .help(format!("{}correct the id, or remove the group from the policy", self.skips())),
                );
            }
            let reason = SkipReason::Gone { was: Shown::of(was.as_str()) };
            return NameMeaning::Lost(Lost {
                was,
                by: Vec::new(),
                name: Shown::of(&format!("group:{name}")),
                reason,
            });
        }
        self.report(
            Diagnostic::new(
                Code::UnknownGroup,
                format!("the site has no group with the id `{}`", pin.id.value),
            )
            .at(&pin.id.span, format!("pinned for `{name}`"))
            .at(span, "used here")
            .help("the group was deleted, or belongs to another site: correct the id, or remove the pin to go by name"),
        );
        NameMeaning::Invalid
    }

    fn account(&mut self, account: &AccountId, span: &Span) -> NameMeaning<AccountId> {
        let (lock, live) = (self.lock, self.live);
        let written = self.policy.show_named(&Named::User(account.clone()));
        let locked = lock.people.get(account).map(|locked| &locked.span);
        let named = WrittenName { kind: "account", accepted: written.clone(), written, span, locked };
        let identity = lock.account(account, &live.directory);
        let meaning = self.meaning(&named, identity, &|_| None, |this, there| {
            let known = there.into_iter().next();
            if known.is_none() {
                this.unknown_account(account, span);
            }
            known
        });
        if matches!(meaning, NameMeaning::Is(_)) && !self.is_question {
            self.cannot_sign_in(account, span);
        }
        meaning
    }

    fn unknown_account(&mut self, account: &AccountId, span: &Span) {
        let shown = self.policy.show_named(&Named::User(account.clone()));
        let mut finding =
            Diagnostic::new(Code::UnknownAccount, format!("the site does not know the account of `{shown}`"))
                .at(span, "");
        finding = self.as_member(finding, Named::User(account.clone()), span);
        if let Some(definition) = self.policy.people.values().find(|person| person.account.value == *account)
        {
            finding = finding.at(&definition.account.span, "the account");
        }
        self.report(
            finding
                .help("check the account id: it is at the end of the address of the person's profile page"),
        );
    }

    /// Says once of an account that it has no effect to name it.
    fn cannot_sign_in(&mut self, account: &AccountId, span: &Span) {
        let Some(person) = self.live.directory.people.get(account) else { return };
        let state = match person.status {
            AccountStatus::Inactive => Some("is deactivated"),
            AccountStatus::Closed => Some("is closed"),
            AccountStatus::Active | AccountStatus::Unknown => None,
        };
        if let Some(state) = state
            && self.warned.insert(Named::User(account.clone()))
        {
            let seen = self.lock.people.get(account);
            let was = if seen.is_some_and(|seen| seen.value.status == AccountStatus::Active) {
                "; it was active when confperm.lock was written"
            } else {
                ""
            };
            self.report(
                Diagnostic::new(Code::InactiveAccount, format!("the account of {} {state}{was}", person.name.shown()))
                    .at(span, "")
                    .help("what it is given here has no effect while it cannot sign in; remove it if the person has left"),
            );
        }
    }
}
