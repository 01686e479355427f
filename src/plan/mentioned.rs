//! The names and pages that a reader of a plan will meet, so that the plan can say how they are called.

use std::collections::BTreeSet;

use crate::access::{self, Level, Place, What};
use crate::model::{ContentId, Gap, Live, Principal, SpaceKey};

use super::change::Change;
use super::document::{Danger, Lacks, LeftOut, NeededBy, Object, Plan, Refusal};
use super::guard::Breach;
use super::page_only::PageOnlyProblem;

/// Principals and pages that a reader of the plan will meet.
#[derive(Debug, Default)]
pub(super) struct Mentioned {
    pub(super) principals: BTreeSet<Principal>,
    pub(super) pages: BTreeSet<(SpaceKey, ContentId)>,
    /// Pages of which the plan does not say in which space they are.
    without_space: BTreeSet<ContentId>,
}

impl Mentioned {
    pub(super) fn collect(&mut self, plan: &Plan, live: &Live) {
        self.principals.insert(Principal::User(plan.site.caller.clone()));
        for object in &plan.objects {
            match object {
                Object::Holding { principal, .. } => {
                    self.principals.insert(principal.clone());
                }
                Object::Page { space, content, before, after } => {
                    self.pages.insert((space.clone(), *content));
                    for lists in [before, after] {
                        for subject in lists.view.subjects().chain(lists.edit.subjects()) {
                            self.principals.insert(subject.clone().into());
                        }
                    }
                }
            }
        }
        for kept in &plan.unmanaged {
            self.principals.extend(kept.principals.iter().filter_map(|who| who.parse().ok()));
        }
        for refusal in &plan.refusals {
            match refusal {
                Refusal::Lockout { through, .. } => self.principals.extend(through.iter().cloned()),
                Refusal::NoAdmin { .. } | Refusal::NoOrder { .. } => {}
                Refusal::Unfinishable { space, content, through, .. } => {
                    self.principals.extend(through.iter().cloned());
                    self.page(space, *content);
                }
                Refusal::NoSafeOrder { space, danger } | Refusal::OpensToUndecided { space, danger, .. } => {
                    self.danger(space, danger);
                }
                Refusal::PageOnly { space, problem, .. } => self.page_only(space, problem),
                Refusal::NeedsLeftOut { space, needed_by, .. } => match needed_by {
                    NeededBy::Order { danger: Some(danger), .. } => self.danger(space, danger),
                    NeededBy::Order { danger: None, .. } | NeededBy::PageOnly { .. } => {}
                },
            }
        }
        for LeftOut { change, ask, lacks } in &plan.left_out {
            self.principals.extend(ask.iter().cloned());
            match lacks {
                Lacks::LivingEntry { deleted: who } | Lacks::Certainty { groups: who } => {
                    self.principals.extend(who.iter().cloned());
                }
                Lacks::Permission { .. }
                | Lacks::EditList
                | Lacks::WritableArchive
                | Lacks::ExpectedState => {}
            }
            match change {
                Change::Grant { principal, .. } | Change::Role { principal, .. } => {
                    self.principals.insert(principal.clone());
                }
                Change::Audience { space, content, before, .. } => {
                    self.principals.extend(before.subjects().cloned().map(Principal::from));
                    self.page(space, Some(*content));
                }
            }
        }
        for outcome in &plan.guards.outcomes {
            outcome.breaches.iter().chain(&outcome.elsewhere).for_each(|breach| self.breach(breach));
        }
        for call in &plan.calls {
            for danger in call.after.iter().filter_map(|edge| edge.because.as_ref()) {
                self.danger(call.call.space(), danger);
            }
        }
        for meanwhile in &plan.meanwhile {
            self.danger(&meanwhile.space, &meanwhile.danger);
        }
        for gap in plan.unseen.iter().chain(&plan.incomplete) {
            self.gap(gap);
        }
        for entry in &plan.page_only {
            self.principals.extend(entry.who.iter().cloned().map(Principal::from));
            self.pages.extend(entry.above.iter().map(|page| (entry.space.clone(), *page)));
        }
        self.effects(plan);
        for lint in &plan.lints {
            self.principals.extend(lint.about.iter().cloned());
            self.page(&lint.space, lint.content);
            self.page(&lint.space, lint.level.and_then(Level::content));
        }
        self.place(plan, live);
    }

    /// Finds the space of each page that was mentioned without one.
    fn place(&mut self, plan: &Plan, live: &Live) {
        let spaces = plan.spaces.keys().filter_map(|key| Some((key, live.spaces.get(key)?.tree.as_ref()?)));
        for (key, tree) in spaces.filter(|_| !self.without_space.is_empty()) {
            let here = tree.iter().map(|content| content.id).filter(|id| self.without_space.contains(id));
            self.pages.extend(here.map(|id| (key.clone(), id)));
        }
    }

    fn page_only(&mut self, space: &SpaceKey, problem: &PageOnlyProblem) {
        let none = BTreeSet::new();
        let (guests, pages) = match problem {
            PageOnlyProblem::Unlistable { insiders, pages } => {
                self.principals.extend(insiders.iter().cloned());
                (&none, pages)
            }
            PageOnlyProblem::Contradicted { pages, guests, .. } => (guests, pages),
            PageOnlyProblem::NobodyElse { page, guests, .. } => (guests, &BTreeSet::from([*page])),
            PageOnlyProblem::Unread { pages } | PageOnlyProblem::NoLists { pages } => (&none, pages),
            PageOnlyProblem::Unreadable { .. } => return,
            PageOnlyProblem::Administer { guests } => (guests, &BTreeSet::new()),
        };
        self.principals.extend(guests.iter().cloned().map(Principal::from));
        self.pages.extend(pages.iter().map(|page| (space.clone(), *page)));
    }

    fn danger(&mut self, space: &SpaceKey, danger: &Danger) {
        self.principals.extend(danger.people.iter().cloned());
        self.page(space, danger.what.page());
    }

    fn breach(&mut self, breach: &Breach) {
        match breach {
            Breach::FewAdmins { admins, .. } => self.principals.extend(admins.keys().cloned()),
            Breach::NotAdmin { who, .. } | Breach::Forbidden { who, .. } => {
                self.principals.insert(who.clone());
            }
            Breach::CutOff { space, content, who, .. } => {
                self.principals.insert(who.clone());
                self.page(space, Some(*content));
            }
            Breach::Stripped { who, .. } | Breach::LostAdmin { losers: who, .. } => {
                self.principals.extend(who.iter().cloned());
            }
            Breach::TooManyRemovals { .. } => {}
        }
    }

    fn gap(&mut self, gap: &Gap) {
        match gap {
            Gap::Restrictions { space, content, .. }
            | Gap::Ancestor { space, content }
            | Gap::Place { space, content } => {
                self.pages.insert((space.clone(), *content));
            }
            Gap::Labels { space, content, .. } => {
                self.pages.extend(content.map(|content| (space.clone(), content)));
            }
            Gap::SinglePermissions { principal, .. } => {
                self.principals.insert(principal.clone());
            }
            Gap::Containers { .. }
            | Gap::OwnGroups { .. }
            | Gap::AnonymousRows { .. }
            | Gap::Unreadable { .. } => {}
            Gap::Members { group, .. } => {
                self.principals.insert(Principal::Group(group.clone()));
            }
            Gap::Account { account } => {
                self.principals.insert(Principal::User(account.clone()));
            }
        }
    }

    fn effects(&mut self, plan: &Plan) {
        for line in &plan.effects.lines {
            self.principals.extend(line.who.parties.iter().map(|party| party.party.clone()));
            self.principals.extend(line.who.people.iter().cloned().map(Principal::User));
            match line.what {
                What::Pages { place: Place::From { content } | Place::Under { content }, .. } => {
                    self.page(&line.space, Some(content));
                }
                What::Space | What::Permissions { .. } | What::Pages { place: Place::Space, .. } => {}
            }
        }
        for reason in &plan.effects.incomplete {
            match reason {
                access::Reason::MembersUnread { group, .. } => {
                    self.principals.insert(Principal::Group(group.clone()));
                }
                access::Reason::ListsUnread { content, .. } => {
                    self.without_space.insert(*content);
                }
                _ => {}
            }
        }
    }

    fn page(&mut self, space: &SpaceKey, content: Option<ContentId>) {
        self.pages.extend(content.map(|content| (space.clone(), content)));
    }
}
