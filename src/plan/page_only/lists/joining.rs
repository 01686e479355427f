//! `page-only` beside `also-view` and `also-edit`: who joins the lists that it makes, which guests contradict it by
//! joining, and who stays on a list when the time is over that another line gave.

use std::collections::BTreeSet;

use super::super::Ground;
use super::{Compiler, Readers};
use crate::model::{AccountKind, ContentId, PageList, Subject};

impl<'a> Compiler<'a> {
    /// Notes who stays on a list though the time is over that another line gave them on it: guests, and insiders where it
    /// is a list of all of them.
    pub(super) fn stay(
        &mut self,
        id: ContentId,
        list: PageList,
        members: &BTreeSet<Subject>,
        insiders: &Readers,
    ) {
        if self.ground.desired_space.joins.is_empty() {
            return;
        }
        let insiders = self.plain(insiders.after.subjects.iter());
        let joining = self.ground.desired_space.joins.on(id, list);
        let mut others = self.plain(members.iter());
        others.retain(|subject| insiders.contains(subject) || !joining.contains_key(subject));
        let guests = members.iter().filter(|subject| self.guests.contains_key(*subject)).cloned();
        let mut stay: BTreeSet<Subject> = guests.collect();
        if others == insiders {
            stay.extend(insiders);
        }
        self.found.stay.insert((id, list), stay);
    }

    /// Those who join a list that restricts content, guests apart.
    pub(super) fn joined(&self, id: ContentId, list: PageList) -> impl Iterator<Item = &'a Subject> {
        let joined: Vec<&Subject> =
            self.ground.desired_space.joins.onto(id, list).map(|(subject, _)| subject).collect();
        let guests = self.guests;
        joined.into_iter().filter(|subject| !guests.contains_key(*subject))
    }

    /// Those on a list whose time on it is over, so that they leave it once all is settled. What is closed below it does
    /// not stay with them.
    pub(super) fn ended(
        &self,
        id: ContentId,
        list: PageList,
        members: &BTreeSet<Subject>,
    ) -> BTreeSet<Subject> {
        let Ground { desired_space, live, .. } = self.ground;
        let set = desired_space.pages.get(&id).and_then(|page| page.audience(list));
        if set.is_some_and(|wanted| wanted.by.rule.is_none()) {
            return BTreeSet::new();
        }
        let stay = self.found.stay.get(&(id, list));
        let leaves = |subject: &Subject| {
            !stay.is_some_and(|stay| stay.contains(subject))
                && !desired_space.kept.leaves(subject)
                && !matches!(subject, Subject::User(account) if *account == live.site.caller.account
                    || live.directory.people.get(account).is_some_and(|person| person.kind == AccountKind::App))
        };
        let over = desired_space.joins.on(id, list).into_iter().filter(|(_, wanted)| wanted.is_over());
        let over =
            over.map(|(subject, _)| subject).filter(|subject| members.contains(*subject) && leaves(subject));
        let ended: BTreeSet<Subject> = over.cloned().collect();
        // A list that would be empty stays.
        if ended.len() == members.len() { BTreeSet::new() } else { ended }
    }

    /// Guests who join lists that keep them out.
    pub(super) fn joining_guests(&mut self) {
        let (desired_space, tree, guests) = (self.ground.desired_space, self.tree, self.guests);
        for content in tree.iter().filter(|content| desired_space.joins.reaches(content.id)) {
            let id = content.id;
            let Some(lists) = self.lists(content) else { continue };
            for list in PageList::ALL {
                let made = self.found.lists.get(&(id, list)).map(|(audience, _)| audience);
                if made.unwrap_or(lists.audience(list)).is_anyone() {
                    continue;
                }
                for (subject, wanted) in desired_space.joins.onto(id, list) {
                    let Some(guest) = guests.get(subject) else { continue };
                    let is_out = match list {
                        PageList::View => !guest.sees.contains(&id),
                        PageList::Edit => {
                            guest.sees.contains(&id)
                                && !guest.named.contains(&id)
                                && self.found.relied_on.contains(&id)
                        }
                    };
                    if is_out {
                        let who = BTreeSet::from([subject.clone()]);
                        let about = (guest.origin.clone(), list, wanted.origin().clone(), who);
                        self.contradicted.entry(about).or_default().insert(id);
                    }
                }
            }
        }
    }
}
