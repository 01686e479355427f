//! What a policy needs: the spaces that it is about, and the pages that it decides about.

use std::collections::BTreeSet;

use super::needs::{ListingNeeds, Lists, Needs};
use crate::model::{Live, SpaceKey};
use crate::policy::{self, Context, OnSite, Policy, SpaceReach};

/// What must be known before a policy can be resolved: the spaces that it names, or that its rules choose from a
/// list; who holds what in them; the accounts that it mentions; and the content that it decides about.
pub fn of_policy(policy: &Policy, context: Context<'_>, live: &Live) -> Needs {
    let on_site = policy.on_site(context.lock, &live.listing);
    let mut needs = spaces(policy, &on_site, context, live);
    content(&on_site.policy, Context { lock: &on_site.lock, ..context }, live, &mut needs);
    needs
}

/// What must be known before every name of a policy can be looked up, those of its tests included.
pub fn of_names(policy: &Policy, context: Context<'_>, live: &Live) -> Needs {
    let mut needs = of_policy(policy, context, live);
    let on_site = policy.on_site(context.lock, &live.listing);
    let policy = &*on_site.policy;
    needs.listing.keys.extend(policy.named_keys().cloned());
    let names = policy.page_names();
    needs.spaces.extend(names.keys().filter(|key| live.listing.spaces.contains_key(**key)).copied().cloned());
    for (key, names) in names {
        needs.content(key).blogposts |= names.iter().any(|name| name.may_be_post());
    }
    needs
}

/// The spaces that the policy is about, those among them that have another key by now, and the accounts that it
/// mentions.
pub(super) fn spaces(written: &Policy, on_site: &OnSite<'_>, context: Context<'_>, live: &Live) -> Needs {
    let policy = &*on_site.policy;
    let SpaceReach { keys, labels } = policy.reach();
    let ids = written.sought_spaces(context.lock, &live.listing);
    let listing = &live.listing;
    // Of a key that no space has, the whole list shows which one may be meant.
    let is_wrong = |key: &SpaceKey| {
        listing.asked.contains(key)
            && !listing.spaces.contains_key(key)
            && context.lock.space_id(key).is_none()
    };
    let all = keys.as_ref().is_none_or(|keys| keys.iter().any(is_wrong));
    Needs {
        listing: ListingNeeds { all, keys: keys.unwrap_or_default(), ids, labels },
        spaces: policy.candidates(&live.listing),
        accounts: policy.accounts().into_iter().cloned().collect(),
        ..Needs::default()
    }
}

/// The pages that the policy names, with their lists; or all content of a space, blog posts included, where it
/// says something about pages that it does not name.
pub(super) fn content(policy: &Policy, context: Context<'_>, live: &Live, needs: &mut Needs) {
    let mut whole = policy::whole_spaces(policy, live, context);
    let every_page = |key: &&SpaceKey| policy.decides_about_every_page(key) || policy.joins_every_list(key);
    whole.extend(policy.space_keys().filter(every_page).cloned());
    let named = policy.space_keys().filter(|key| policy.wants_pages(key)).cloned();
    let keys: BTreeSet<SpaceKey> = named.chain(whole.iter().cloned()).collect();
    for key in keys {
        let wanted = needs.content(&key);
        wanted.labels.extend(policy.page_labels(&key));
        if whole.contains(&key) {
            wanted.blogposts = true;
            wanted.containers = true;
            wanted.lists = Lists::All;
        } else if let Some(space) = live.spaces.get(&key).filter(|space| space.tree.is_some()) {
            wanted.blogposts |= policy.wants_blogposts(space);
            wanted.lists_of(policy::declared_pages(policy, context.lock, space));
        }
    }
}
