//! Who joins which lists: `also-view` and `also-edit`. They decide about no list, so no entry takes precedence over
//! another here; what the lists are that are joined, the plan knows once it has settled everything else.

use std::collections::BTreeMap;

use super::declaration::SpaceDeclaration;
use super::meaning::NameMeaning;
use super::pages::Reached;
use super::resolver::Resolver;
use crate::model::{Join, JoinReach, Joins, LiveSpace, PageList, SkippedPart, SpaceKey, Subject, Wanted};
use crate::policy::ast::{Joining, ListItem, Named, SpaceDef};

impl<'a> Resolver<'a> {
    /// Who joins the lists of the pages that entries reach.
    pub(super) fn joins_of_entries(&mut self, space: &SpaceDef, reached: &[Reached]) -> Joins {
        let mut joins = Joins::default();
        for (entry, reached) in space.pages.iter().zip(reached).filter(|(entry, _)| !entry.also.is_empty()) {
            let who = self.who_joins(&space.key.value, &entry.also, None);
            let meant = reached.ranked.iter().filter(|(rank, _)| rank.decides());
            let pages = meant.flat_map(|(_, pages)| pages).copied().collect();
            joins.0.push(Join { reach: JoinReach::Content(pages), who });
        }
        joins
    }

    /// Who joins every list that restricts something.
    pub(super) fn joins_of_space(
        &mut self,
        declaration: &SpaceDeclaration<'a>,
        live: &LiveSpace,
        joins: &mut Joins,
    ) {
        let key = &live.space.key;
        let own = declaration.own.map(|own| (None, &own.restricted));
        let by_rules = declaration.joining.iter().map(|(rule, joining)| (Some(*rule), *joining));
        let all: Vec<(Option<&str>, &Joining)> =
            own.into_iter().chain(by_rules).filter(|(_, joining)| !joining.is_empty()).collect();
        for (rule, joining) in all {
            let first = PageList::ALL.into_iter().find_map(|list| joining.named(list).first());
            if let (None, Some(first)) = (&live.tree, first) {
                self.unread_pages(key, &first.who.span);
                return;
            }
            let who = self.who_joins(key, joining, rule);
            joins.0.push(Join { reach: JoinReach::Everything, who });
        }
    }

    fn who_joins(
        &mut self,
        key: &SpaceKey,
        joining: &Joining,
        rule: Option<&str>,
    ) -> BTreeMap<PageList, BTreeMap<Subject, Wanted<()>>> {
        let mut who: BTreeMap<PageList, BTreeMap<Subject, Wanted<()>>> = BTreeMap::new();
        for list in PageList::ALL {
            for entry in joining.named(list) {
                let Some(subject) = self.joiner(key, entry) else { continue };
                let wanted = Wanted::new((), entry.declaration(&entry.who.span, self.today, rule));
                // Editing needs view.
                for also in PageList::ALL.into_iter().filter(|also| *also == PageList::View || *also == list)
                {
                    let known = who.entry(also).or_default().entry(subject.clone());
                    let known = known.or_insert_with(|| wanted.clone());
                    if known.is_over() && !wanted.is_over() {
                        *known = wanted.clone();
                    }
                }
            }
        }
        who
    }

    fn joiner(&mut self, key: &SpaceKey, entry: &ListItem<Named>) -> Option<Subject> {
        match self.subject(&entry.who.value, &entry.who.span) {
            NameMeaning::Is(subject) => Some(subject),
            NameMeaning::Lost(lost) => {
                if !entry.is_over(self.today) {
                    self.skip(Some(key), SkippedPart::Principal, &lost, &entry.who.span);
                }
                None
            }
            NameMeaning::Invalid => None,
        }
    }
}
