//! Guards: defaults filled in, names into ids.

use super::Resolver;
use crate::diagnostic::Spanned;
use crate::model::{Guarded, Guards, Principal};

impl Resolver<'_> {
    pub(super) fn guards(&mut self) -> Guards {
        let policy = self.policy;
        let defined = &policy.guards;
        let mut guards = Guards::default();
        set(&mut guards.min_admins, defined.min_admins.as_ref());
        set(&mut guards.max_removals, defined.max_removals.as_ref());
        for admin in defined.required_admins.iter().flat_map(|admins| &admins.value) {
            if let Some(subject) = self.subject(&admin.value, &admin.span) {
                guards.required_admins.insert(Principal::from(subject), admin.span.origin());
            }
        }
        let forbidden = defined.forbid.iter().flat_map(|forbidden| &forbidden.value);
        guards.forbid = forbidden.map(|word| (word.value, word.span.origin())).collect();
        guards
    }
}

fn set<T: Copy>(guard: &mut Guarded<T>, defined: Option<&Spanned<T>>) {
    if let Some(defined) = defined {
        *guard = Guarded { limit: defined.value, origin: Some(defined.span.origin()) };
    }
}
