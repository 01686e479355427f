//! What a place of a team's file does, beside what the delegation says of it: the findings, each with both lines.

use super::mandate::Mandate;
use super::{MayRemove, Team};
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::policy::access_line::{Grantee, ListItem, Named, Right};
use crate::policy::ast::Policy;
use crate::policy::rules::KeyPattern;

/// One team, and what it may do.
pub(super) struct Judge<'p> {
    pub(super) policy: &'p Policy,
    pub(super) mandate: Mandate<'p>,
}

pub(super) const NO_HINT: &str = "";

impl<'p> Judge<'p> {
    pub(super) fn owns(&self, place: &Span) -> bool {
        self.mandate.team.files.value.has(&place.file)
    }

    pub(super) fn foreign_space(&self, pattern: &KeyPattern, place: &Span) -> Option<Diagnostic> {
        if self.mandate.has_spaces(pattern) {
            return None;
        }
        let team = self.mandate.team;
        let message = match pattern {
            KeyPattern::Exact(key) => format!("`{key}` is not a space of the team `{}`", team.name.value),
            KeyPattern::Glob(pattern) => {
                format!("`{pattern}` matches more than the spaces of the team `{}`", team.name.value)
            }
        };
        Some(self.beyond(message, place, (&team.spaces.span, "the team's spaces".to_owned()), NO_HINT))
    }

    pub(super) fn granted(&self, right: &Spanned<Right>, entry: &ListItem<Grantee>) -> Option<Diagnostic> {
        if !self.mandate.may_grant(&right.value, self.policy) {
            let message =
                format!("the team `{}` may not grant `{}`", self.mandate.team.name.value, right.value);
            // A row stands in the table, what it gives in the rule.
            let place = if self.owns(&right.span) { &right.span } else { &entry.who.span };
            return Some(self.beyond(message, place, self.granting(), NO_HINT));
        }
        self.let_in(&entry.who)
    }

    pub(super) fn let_in<T>(&self, who: &Spanned<T>) -> Option<Diagnostic>
    where
        T: Clone + Into<Grantee>,
    {
        let named: Grantee = who.value.clone().into();
        if self.mandate.has(&named) {
            return None;
        }
        let team = &self.mandate.team.name.value;
        let message = format!("the team `{team}` may not grant anything to `{}`", self.policy.show(&named));
        let member = self.policy.sets.member_at(&who.span, &named);
        let (delegating, said) = self.receiving();
        Some(
            self.beyond(message, &who.span, (delegating, said), NO_HINT)
                .maybe_at(member.map(|member| (member, "the set names it here"))),
        )
    }

    pub(super) fn taken_from(&self, who: &Grantee, place: &Span) -> Option<Diagnostic> {
        if self.mandate.may_remove(who) {
            return None;
        }
        let team = &self.mandate.team.name.value;
        let message = format!("the team `{team}` may not take anything from `{}`", self.policy.show(who));
        Some(self.beyond(message, place, self.removing(), NO_HINT))
    }

    pub(super) fn taken(&self, what: String, place: &Span, hint: &str) -> Option<Diagnostic> {
        (!self.mandate.team.removes_any()).then(|| self.beyond(what, place, self.removing(), hint))
    }

    pub(super) fn opened(&self, what: String, place: &Span) -> Option<Diagnostic> {
        let team = self.mandate.team;
        let said = self.says(
            team.may_open.as_ref().map(|said| &said.span),
            "may-open: true",
            "says that it may not",
        );
        (!team.opens()).then(|| self.beyond(what, place, said, NO_HINT))
    }

    pub(super) fn granting(&self) -> (&'p Span, String) {
        let said = self.mandate.team.may_grant.as_ref().map(|said| &said.span);
        self.says(said, "may-grant", "what the team may grant")
    }

    pub(super) fn receiving(&self) -> (&'p Span, String) {
        let said = self.mandate.team.to.as_ref().map(|said| &said.span);
        self.says(said, "to", "the principals that it may let in")
    }

    pub(super) fn removing(&self) -> (&'p Span, String) {
        let said = self.mandate.team.may_remove.as_ref();
        let own = said.filter(|said| said.value == MayRemove::Own).map(|said| &said.span);
        self.says(own, "may-remove: any", "only from the principals under `to`")
    }

    /// The delegating line, or that there is none.
    pub(super) fn says(&self, key: Option<&'p Span>, name: &str, said: &str) -> (&'p Span, String) {
        let team: &'p Team = self.mandate.team;
        key.map_or_else(|| (&team.files.span, format!("without `{name}`")), |key| (key, said.to_owned()))
    }

    pub(super) fn beyond(
        &self,
        message: String,
        place: &Span,
        delegating: (&Span, String),
        hint: &str,
    ) -> Diagnostic {
        let file = &self.mandate.team.files.span.file;
        let help = format!(
            "say it in a file that no team owns, or have the delegation in {file} say that the team may"
        );
        Diagnostic::new(Code::BeyondDelegation, message)
            .at(place, "")
            .at(delegating.0, delegating.1)
            .help(if hint.is_empty() { help } else { format!("{hint}; or {help}") })
    }
}

impl From<Named> for Grantee {
    fn from(named: Named) -> Self {
        Self::Named(named)
    }
}
