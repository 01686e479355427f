//! Guards: defaults filled in, names into ids.

use super::meaning::NameMeaning;
use super::resolver::Resolver;
use crate::diagnostic::Spanned;
use crate::model::{Guarded, Guards, Principal, Prohibition, SkippedPart};
use crate::policy::ast::{ForbidDef, Named};

impl Resolver<'_> {
    pub(super) fn guards(&mut self) -> Guards {
        let policy = self.policy;
        let defined = &policy.guards;
        let mut guards = Guards::default();
        set(&mut guards.min_admins, defined.min_admins.as_ref());
        set(&mut guards.max_removals, defined.max_removals.as_ref());
        for admin in defined.required_admins.iter().flat_map(|admins| &admins.value) {
            match self.subject(&admin.value, &admin.span) {
                NameMeaning::Is(subject) => {
                    guards.required_admins.insert(Principal::from(subject), admin.span.origin());
                }
                NameMeaning::Lost(lost) => {
                    self.skip(None, SkippedPart::Guard, &lost, &admin.span);
                    guards.lost_admins.insert(lost.name, admin.span.origin());
                }
                NameMeaning::Invalid => {}
            }
        }
        let forbidden = defined.forbid.iter().flat_map(|forbidden| &forbidden.value);
        guards.forbid = forbidden.map(|forbid| (forbid.what.value, self.prohibition(forbid))).collect();
        guards
    }

    fn prohibition(&self, forbid: &ForbidDef) -> Prohibition {
        let keys = self.live.spaces.keys().filter(|key| forbid.excepts_space(key));
        let except = forbid.except.iter().filter_map(|named| match &named.value {
            Named::User(account) => Some(account.clone()),
            Named::Group(_) => None,
        });
        Prohibition {
            origin: forbid.what.span.origin(),
            except_spaces: keys.cloned().collect(),
            except: except.collect(),
        }
    }
}

fn set<T: Copy>(guard: &mut Guarded<T>, defined: Option<&Spanned<T>>) {
    if let Some(defined) = defined {
        *guard = Guarded { limit: defined.value, origin: Some(defined.span.origin()) };
    }
}
