//! What of a policy its own guards forbid, as far as that shows without a site. What rules and roles come
//! to, and who administers what, shows on the plan only.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::ast::{Named, Policy, Who};
use super::rules::Rule;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::model::{Forbidden, Guard};

impl Policy {
    /// What each guard forbids of this policy; guards that forbid nothing are missing. The policy is valid
    /// all the same: whoever has a reason lets it through with `--override`.
    pub fn breaches(&self, today: Date) -> BTreeMap<Guard, Diagnostics> {
        let mut breaches: BTreeMap<Guard, Diagnostics> = BTreeMap::new();
        for forbidden in self.guards.forbid.iter().flat_map(|forbid| &forbid.value) {
            for (who, span) in self.given(today).filter(|(who, _)| is_forbidden(who, forbidden.value)) {
                let finding = finding(forbidden.value, &self.show(&who), span, &forbidden.span);
                breaches.entry(forbidden.value.guard()).or_default().push(finding);
            }
        }
        breaches
    }

    /// Everybody who is given something on that day, and where.
    fn given(&self, today: Date) -> impl Iterator<Item = (Who, &Span)> {
        let own = self.spaces.values().flat_map(|space| &space.access);
        let lines = own.chain(self.rules.iter().flat_map(Rule::lines)).flat_map(|line| &line.who);
        let in_spaces = lines.filter(move |entry| !entry.is_over(today));
        let lists = self.spaces.values().flat_map(|space| &space.pages);
        let listed = lists.flat_map(|page| [&page.view, &page.edit]).flatten();
        let on_pages =
            listed.flat_map(|listed| listed.value.named()).filter(move |entry| !entry.is_over(today));
        in_spaces
            .map(|entry| (entry.who.value.clone(), &entry.who.span))
            .chain(on_pages.map(|entry| (Who::Named(entry.who.value.clone()), &entry.who.span)))
    }
}

fn is_forbidden(who: &Who, what: Forbidden) -> bool {
    match who {
        Who::Anonymous => what == Forbidden::Anonymous,
        Who::Named(Named::User(_)) => what == Forbidden::DirectUsers,
        Who::Named(Named::Group(_)) | Who::Class(_) => false,
    }
}

fn finding(forbidden: Forbidden, who: &str, place: &Span, guard: &Span) -> Diagnostic {
    let (message, instead) = match forbidden {
        Forbidden::Anonymous => (
            "visitors who are not signed in are given access, which a guard forbids".to_owned(),
            "name a group here",
        ),
        Forbidden::DirectUsers => (
            format!("`{who}` is given access by name, which a guard forbids"),
            "name a group that the person is in",
        ),
    };
    Diagnostic::new(Code::ForbiddenAccess, message)
        .at(place, "")
        .at(guard, "forbidden here")
        .help(format!("{instead}; or let it through once with `--override {} --why TEXT`", forbidden.guard()))
}
