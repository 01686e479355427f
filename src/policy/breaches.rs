//! What of a policy its own guards forbid, as far as that shows without a site. What rules and roles come
//! to, and who administers what, shows on the plan only.

use std::collections::BTreeMap;

use super::ast::{Named, Policy, Who};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Span};
use crate::model::{Forbidden, Guard};

impl Policy {
    /// What each guard forbids of this policy; guards that forbid nothing are missing. The policy is valid
    /// all the same: whoever has a reason lets it through with `--override`.
    pub fn breaches(&self) -> BTreeMap<Guard, Diagnostics> {
        let mut breaches: BTreeMap<Guard, Diagnostics> = BTreeMap::new();
        for forbidden in self.guards.forbid.iter().flat_map(|forbid| &forbid.value) {
            for (span, shown) in self.forbidden(forbidden.value) {
                let finding = finding(forbidden.value, &shown, span, &forbidden.span);
                breaches.entry(forbidden.value.guard()).or_default().push(finding);
            }
        }
        breaches
    }

    /// Every place that gives what is forbidden, and to whom.
    fn forbidden(&self, what: Forbidden) -> impl Iterator<Item = (&Span, String)> {
        let lines = self.spaces.values().flat_map(|space| &space.access).flat_map(|line| &line.who);
        let in_spaces = lines.filter(move |who| match &who.value {
            Who::Anonymous => what == Forbidden::Anonymous,
            Who::Named(Named::User(_)) => what == Forbidden::DirectUsers,
            Who::Named(Named::Group(_)) | Who::Class(_) => false,
        });
        let lists = self.spaces.values().flat_map(|space| &space.pages);
        let listed = lists.flat_map(|page| [&page.view, &page.edit]).flatten();
        let on_pages =
            listed.flat_map(|listed| listed.value.named()).filter(move |named| match named.value {
                Named::User(_) => what == Forbidden::DirectUsers,
                Named::Group(_) => false,
            });
        let in_spaces = in_spaces.map(|who| (&who.span, self.show(&who.value)));
        in_spaces.chain(on_pages.map(|named| (&named.span, self.show_named(&named.value))))
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
