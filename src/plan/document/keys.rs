//! A plan from before the keys of spaces were changed, in the keys of now.

use std::collections::BTreeMap;
use std::mem;

use crate::model::SpaceKey;

use super::Plan;

impl Plan {
    /// Gives spaces other keys, in all that says what was done and where. The hash stays that of the plan as it was made.
    pub fn follow_keys(&mut self, now: &BTreeMap<SpaceKey, SpaceKey>) {
        let follow = |key: &mut SpaceKey| {
            if let Some(now) = now.get(key) {
                key.clone_from(now);
            }
        };
        self.spaces = with_keys(mem::take(&mut self.spaces), follow);
        self.requested = with_keys(mem::take(&mut self.requested), follow);
        self.pages.values_mut().for_each(|page| follow(&mut page.space));
        self.changes.iter_mut().for_each(|change| follow(change.space_mut()));
        self.calls.iter_mut().for_each(|planned| follow(planned.call.space_mut()));
        self.objects.iter_mut().for_each(|object| follow(object.space_mut()));
    }

    /// The keys that another plan has for the same spaces, by the keys of this one.
    pub fn keys_in(&self, other: &Self) -> BTreeMap<SpaceKey, SpaceKey> {
        let by_id: BTreeMap<_, _> = other.spaces.iter().map(|(key, space)| (space.id, key)).collect();
        let keys = self.spaces.iter().filter_map(|(key, space)| {
            let there = by_id.get(&space.id)?;
            Some((key.clone(), (*there).clone()))
        });
        keys.collect()
    }
}

fn with_keys<T>(of: BTreeMap<SpaceKey, T>, follow: impl Fn(&mut SpaceKey)) -> BTreeMap<SpaceKey, T> {
    let followed = of.into_iter().map(|(mut key, value)| {
        follow(&mut key);
        (key, value)
    });
    followed.collect()
}
