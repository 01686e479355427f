//! The names and pages that a reader of a plan will meet, so that the plan can say how they are called.

use std::collections::BTreeSet;

use crate::access::{self, Level, Place, What};
use crate::model::{Audience, ContentId, Gap, Live, Principal, SpaceKey, Subject};

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
        self.who([&Principal::User(plan.site.caller.clone())]);
        for object in &plan.objects {
            match object {
                Object::Holding { principal, .. } => self.who([principal]),
                Object::Page { space, content, before, after } => {
                    self.page(space, Some(*content));
                    let lists = [&before.view, &before.edit, &after.view, &after.edit];
                    self.subjects(lists.into_iter().flat_map(Audience::subjects));
                }
            }
        }
        for kept in &plan.unmanaged {
            self.principals.extend(kept.principals.iter().filter_map(|who| who.parse().ok()));
        }
        for refusal in &plan.refusals {
            match refusal {
                Refusal::Lockout { through, .. } => self.who(through),
                Refusal::NoAdmin { .. } | Refusal::NoOrder { .. } => {}
                Refusal::Unfinishable { space, content, through, .. } => {
                    self.who(through);
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
            self.who(ask);
            match lacks {
                Lacks::LivingEntry { deleted: who } | Lacks::Certainty { groups: who } => self.who(who),
                Lacks::Permission { .. }
                | Lacks::EditList
                | Lacks::WritableArchive
                | Lacks::ExpectedState => {}
            }
            match change {
                Change::Grant { principal, .. } | Change::Role { principal, .. } => self.who([principal]),
                Change::Audience { space, content, before, .. } => {
                    self.subjects(before.subjects());
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
            self.subjects(&entry.who);
            self.pages.extend(entry.above.iter().map(|page| (entry.space.clone(), *page)));
        }
        self.effects(plan);
        for lint in &plan.lints {
            self.who(&lint.about);
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
                self.who(insiders);
                (&none, pages)
            }
            PageOnlyProblem::Contradicted { pages, guests, .. } => (guests, pages),
            PageOnlyProblem::NobodyElse { page, guests, .. } => (guests, &BTreeSet::from([*page])),
            PageOnlyProblem::Unread { pages } | PageOnlyProblem::NoLists { pages } => (&none, pages),
            PageOnlyProblem::Unreadable { .. } => return,
            PageOnlyProblem::Administer { guests } => (guests, &BTreeSet::new()),
        };
        self.subjects(guests);
        self.pages.extend(pages.iter().map(|page| (space.clone(), *page)));
    }

    fn danger(&mut self, space: &SpaceKey, danger: &Danger) {
        self.who(&danger.people);
        self.page(space, danger.what.page());
    }

    fn breach(&mut self, breach: &Breach) {
        match breach {
            Breach::FewAdmins { admins, .. } => self.who(admins.keys()),
            Breach::NotAdmin { who, .. } | Breach::Forbidden { who, .. } => self.who([who]),
            Breach::CutOff { space, content, who, .. } => {
                self.who([who]);
                self.page(space, Some(*content));
            }
            Breach::Stripped { who, .. } | Breach::LostAdmin { losers: who, .. } => self.who(who),
            Breach::TooManyRemovals { .. } => {}
        }
    }

    fn gap(&mut self, gap: &Gap) {
        match gap {
            Gap::Restrictions { space, content, .. }
            | Gap::Ancestor { space, content }
            | Gap::Place { space, content } => self.page(space, Some(*content)),
            Gap::Labels { space, content, .. } => self.page(space, *content),
            Gap::SinglePermissions { principal, .. } => self.who([principal]),
            Gap::Containers { .. }
            | Gap::OwnGroups { .. }
            | Gap::AnonymousRows { .. }
            | Gap::Unreadable { .. } => {}
            Gap::Members { group, .. } => self.who([&Principal::Group(group.clone())]),
            Gap::Account { account } => self.who([&Principal::User(account.clone())]),
        }
    }

    fn effects(&mut self, plan: &Plan) {
        for line in &plan.effects.lines {
            self.who(line.who.parties.iter().map(|party| &party.party));
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
                    self.who([&Principal::Group(group.clone())]);
                }
                access::Reason::ListsUnread { content, .. } => {
                    self.without_space.insert(*content);
                }
                _ => {}
            }
        }
    }

    fn who<'p>(&mut self, principals: impl IntoIterator<Item = &'p Principal>) {
        self.principals.extend(principals.into_iter().cloned());
    }

    fn subjects<'s>(&mut self, subjects: impl IntoIterator<Item = &'s Subject>) {
        self.principals.extend(subjects.into_iter().cloned().map(Principal::from));
    }

    fn page(&mut self, space: &SpaceKey, content: Option<ContentId>) {
        self.pages.extend(content.map(|content| (space.clone(), content)));
    }
}
