//! Those who are to be nowhere, and those whose place another takes: what that means for the space, and for the
//! lists of its pages. A list is never emptied.

use std::collections::{BTreeMap, BTreeSet};

use super::copies::{Gift, GiftsTo};
use super::declaration::{Leaving, SpaceDeclaration, Then};
use super::meaning::NameMeaning;
use super::resolver::Resolver;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::model::{
    AccountKind, Audience, ContentId, ContentReach, DesiredPage, Kept, Known, LiveSpace, Members, Mode,
    PageList, Principal, SkippedPart, SpaceKey, Subject, Tree, Wanted,
};
use crate::policy::ast::{Grantee, ListItem, Named, PageEntry, UnlistedDef};
use crate::policy::contradictions::{COMES, GIVEN, Goes, LISTED, contradiction};
use crate::policy::rules::Rule;

/// Whether an entry decides about lists by where pages stand, so that it may mean content of which that is unknown. The
/// plan leaves such content as it is and lists it.
fn may_decide(declaration: &SpaceDeclaration<'_>, list: PageList) -> bool {
    declaration.own.is_some_and(|own| {
        let by_place = |entry: &&PageEntry| entry.pages.value.content_reach() >= ContentReach::Path;
        let opens = own.unlisted.as_ref().is_some_and(|unlisted| unlisted.value == UnlistedDef::Open);
        opens || own.pages.iter().filter(by_place).any(|entry| entry.listed(list).is_some())
    })
}

/// So many lists are named where one rule would empty more.
const SHOWN: usize = 3;

impl<'a> Resolver<'a> {
    /// Who goes by a rule, in the ids of the site.
    pub(super) fn leaving(&mut self, rule: &'a Rule) -> Vec<Leaving<'a>> {
        let name = rule.name.value.as_str();
        let mut leaving = Vec::new();
        for absent in &rule.absent {
            let instead = absent.instead.as_ref().map(|instead| self.subject(&instead.value, &instead.span));
            let (instead, lost) = match instead {
                Some(NameMeaning::Is(subject)) => (Some(subject), None),
                Some(NameMeaning::Lost(lost)) => (None, Some(lost)),
                Some(NameMeaning::Invalid) | None => (None, None),
            };
            let Some(who) = self.goes(&absent.who) else { continue };
            let then = Then::Gone { instead, lost };
            let comes = absent.instead.as_ref();
            let (named, span) = (absent.who.value.clone(), &absent.who.span);
            leaving.push(Leaving { who, named, span, rule: name, then, comes });
        }
        for replace in &rule.replace {
            let by = match self.subject(&replace.new.value, &replace.new.span) {
                NameMeaning::Is(by) => Some(by),
                NameMeaning::Lost(lost) => {
                    self.skip(None, SkippedPart::Rule, &lost, &replace.new.span);
                    None
                }
                NameMeaning::Invalid => None,
            };
            let old = replace.old.clone().map(Grantee::Named);
            let (Some(who), Some(by)) = (self.goes(&old), by) else { continue };
            let (then, comes) = (Then::Taken { by }, Some(&replace.new));
            let (named, span) = (old.value, &replace.old.span);
            leaving.push(Leaving { who, named, span, rule: name, then, comes });
        }
        leaving
    }

    /// A principal that goes, if it is there.
    fn goes(&mut self, place: &Spanned<Grantee>) -> Option<Principal> {
        match self.leaver(place) {
            NameMeaning::Is(principal) => Some(principal),
            NameMeaning::Lost(lost) => {
                self.skip(None, SkippedPart::Rule, &lost, &place.span);
                None
            }
            NameMeaning::Invalid => None,
        }
    }

    /// A principal that goes. That an account is deactivated, or not described any more, is no surprise here.
    fn leaver(&mut self, place: &Spanned<Grantee>) -> NameMeaning<Principal> {
        let Grantee::Named(Named::User(account)) = &place.value else { return self.principal(place) };
        let shown = self.policy.show(&place.value);
        if *account == self.live.site.caller.account {
            self.report(
                Diagnostic::new(Code::AbsentCaller, format!("`{shown}` is the account that runs this"))
                    .at(&place.span, "")
                    .help("it needs its access to finish this run and to make the next: let another administrator apply this rule"),
            );
            return NameMeaning::Invalid;
        }
        let kind = self.live.directory.people.get(account).map(|person| person.kind);
        if kind == Some(AccountKind::App) {
            self.report(
                Diagnostic::new(
                    Code::AbsentApp,
                    format!("`{shown}` is an app, and apps manage their access themselves"),
                )
                .at(&place.span, "")
                .help(
                    "uninstall the app, or remove this entry; until then the app's access is left as it is",
                ),
            );
            return NameMeaning::Invalid;
        }
        NameMeaning::Is(Principal::User(account.clone()))
    }

    /// Reports those who are kept out of a space here and let in there.
    pub(super) fn contradictions(
        &mut self,
        declaration: &SpaceDeclaration<'a>,
        asked: &dyn Fn(&Principal) -> Option<&'a Span>,
    ) {
        let mut numbers: BTreeMap<&Principal, Vec<usize>> = BTreeMap::new();
        for (number, leaving) in declaration.leaving.iter().enumerate() {
            numbers.entry(&leaving.who).or_default().push(number);
        }
        let listed = self.still_listed(declaration);
        for (number, leaving) in declaration.leaving.iter().enumerate() {
            if let Some(given) = asked(&leaving.who) {
                self.contradiction(leaving, given, GIVEN);
            }
            for place in listed.get(&leaving.who).into_iter().flatten() {
                self.contradiction(leaving, place, LISTED);
            }
            let later = numbers[&leaving.who].iter().filter(|other| **other > number);
            for other in later.map(|other| &declaration.leaving[*other]) {
                if other.then != leaving.then {
                    self.contradiction(leaving, other.span, "this asks for something else");
                }
            }
            let comes = match &leaving.then {
                Then::Gone { instead, .. } => instead.as_ref(),
                Then::Taken { by } => Some(by),
            };
            let goes = comes.and_then(|comes| numbers.get(&Principal::from(comes.clone()))?.first());
            if let Some(goes) = goes {
                self.contradiction(&declaration.leaving[*goes], leaving.span, COMES);
            }
        }
    }

    /// Those who are to be on lists of pages, where any go, with the entries that say so.
    fn still_listed(&mut self, declaration: &SpaceDeclaration<'a>) -> BTreeMap<Principal, Vec<&'a Span>> {
        let mut still = BTreeMap::<Principal, Vec<&Span>>::new();
        if declaration.leaving.is_empty() {
            return still;
        }
        let has_groups = declaration.leaving.iter().any(|leaving| matches!(leaving.who, Principal::Group(_)));
        let today = self.today;
        for ListItem { who, .. } in declaration.listed().filter(|entry| !entry.is_over(today)) {
            let listed = match &who.value {
                Named::User(account) => Some(Principal::User(account.clone())),
                // What a name means is looked up where it matters.
                Named::Group(_) if has_groups => {
                    self.subject(&who.value, &who.span).known().map(Principal::from)
                }
                Named::Group(_) => None,
            };
            if let Some(listed) = listed {
                still.entry(listed).or_default().push(&who.span);
            }
        }
        still
    }

    fn contradiction(&mut self, leaving: &Leaving<'_>, other: &Span, what: &str) {
        let shown = self.policy.show(&leaving.named);
        let goes = match leaving.then {
            Then::Gone { .. } => Goes::Nowhere,
            Then::Taken { .. } => Goes::Replaced,
        };
        self.report(contradiction(&shown, goes, leaving.span, other, what));
    }

    /// Takes those who go out of the lists that no entry of the policy decides about. What `unlisted-pages` opens has no
    /// list that they could stand on.
    pub(super) fn unlist(
        &mut self,
        declaration: &SpaceDeclaration<'a>,
        live: &LiveSpace,
        kept: &Kept,
        pages: &mut BTreeMap<ContentId, DesiredPage>,
    ) {
        let key = &live.space.key;
        let mut listed: BTreeMap<Subject, Vec<usize>> = BTreeMap::new();
        for (number, leaving) in declaration.leaving.iter().enumerate() {
            if let Some(subject) = leaving.subject() {
                listed.entry(subject).or_default().push(number);
            }
        }
        let first = listed.values().filter_map(|numbers| numbers.first()).min();
        let Some(first) = first.filter(|_| self.policy.asks_about_pages(key)) else { return };
        let Some(tree) = &live.tree else {
            self.unread_pages(key, declaration.leaving[*first].span);
            return;
        };
        let opens = declaration
            .own
            .is_some_and(|own| own.unlisted.as_ref().is_some_and(|it| it.value == UnlistedDef::Open));
        for content in tree.iter() {
            if opens && !pages.contains_key(&content.id) && kept.lets_open(tree, content.id) {
                continue;
            }
            // What could not be read is a gap of the plan, and stays as it is.
            let Known::Known(lists) = &content.restrictions else { continue };
            for list in PageList::ALL {
                let Audience::Only(members) = lists.audience(list) else { continue };
                let declared = pages.get(&content.id).is_some_and(|page| page.audience(list).is_some());
                let mut goes: Vec<usize> =
                    members.iter().filter_map(|subject| listed.get(subject)).flatten().copied().collect();
                goes.sort_unstable();
                let goes: Vec<&Leaving<'_>> =
                    goes.into_iter().map(|number| &declaration.leaving[number]).collect();
                let declared = declared || (!tree.is_placed(content.id) && may_decide(declaration, list));
                let Some(first) = goes.first().filter(|_| !declared) else { continue };
                match without(members, first, &goes) {
                    Ok(wanted) => {
                        let page = pages.entry(content.id).or_default();
                        match list {
                            PageList::View => page.view = Some(wanted),
                            PageList::Edit => page.edit = Some(wanted),
                        }
                    }
                    // Nothing is taken off a list of a paused space.
                    Err(_) if declaration.mode() == Mode::Paused => {}
                    Err(last) => match goes.iter().find_map(|leaving| leaving.lost()) {
                        // The list would have another entry, were the name of that not lost.
                        Some(lost) => self.skip(Some(key), SkippedPart::List, lost, last.span),
                        None => self.emptied(last, key, content.id, list, tree),
                    },
                }
            }
        }
    }

    fn emptied(&mut self, last: &Leaving<'_>, key: &SpaceKey, page: ContentId, list: PageList, tree: &Tree) {
        let shown = self.policy.show(&last.named);
        let lists = self.emptied.0.entry((last.span.clone(), shown)).or_default();
        lists.push((key.clone(), format!("{} {key}{}", list.as_str(), tree.label(page).shown())));
    }

    /// Reports every list that would be empty, a finding for each entry that would empty some.
    pub(super) fn report_emptied(&mut self) {
        for ((span, shown), lists) in std::mem::take(&mut self.emptied).0 {
            let mut named: Vec<String> =
                lists.iter().take(SHOWN).map(|(_, list)| format!("`{list}`")).collect();
            if lists.len() > SHOWN {
                named.push(format!("{} more", lists.len() - SHOWN));
            }
            let (is, list) = if lists.len() == 1 { ("is", "the list") } else { ("are", "the lists") };
            let listed = named.join(", ");
            self.report_of(
                lists.iter().map(|(key, _)| key.clone()),
                Diagnostic::new(
                    Code::LastOnList,
                    format!("`{shown}` is the last on {list} {listed}, which would be open to everyone in the space without it"),
                )
                .at(&span, format!("there {is} {} of them", lists.len()))
                .help(format!("name a replacement for such a list: `{{who: \"{shown}\", instead: group:NAME}}`; or open the page with `anyone`, if that is meant")),
            );
        }
    }
}

/// What those get who come in the place of others. In an authoritative space the policy itself says who holds what, so
/// there is nothing to inherit.
pub(super) fn inheritances<'a>(
    declaration: &SpaceDeclaration<'a>,
    live: &'a LiveSpace,
    gifts: &mut GiftsTo<'a>,
) {
    if declaration.mode() == Mode::Authoritative {
        return;
    }
    for leaving in &declaration.leaving {
        if let (Some(held), Some(heir)) = (live.holdings.get(&leaving.who), leaving.heir()) {
            let heir = Principal::from(heir.clone());
            let beside = live.holdings.get(&heir);
            let gift = Gift { held, wanted: leaving.wanted(()), place: leaving.span, beside };
            gifts.entry(heir).or_default().push(gift);
        }
    }
}

/// A list without those who go, or the last one on it.
fn without<'l, 'p>(
    members: &Members,
    first: &'l Leaving<'p>,
    goes: &[&'l Leaving<'p>],
) -> Result<Wanted<Audience>, &'l Leaving<'p>> {
    let gone: BTreeSet<Subject> = goes.iter().filter_map(|leaving| leaving.subject()).collect();
    let stays = members.iter().filter(|subject| !gone.contains(*subject));
    let heirs = goes.iter().filter_map(|leaving| leaving.heir());
    let left = Members::new(stays.chain(heirs).cloned());
    let instead = || {
        Members::new(goes.iter().filter_map(|leaving| match &leaving.then {
            Then::Gone { instead, .. } => instead.clone(),
            Then::Taken { .. } => None,
        }))
    };
    left.or_else(instead).map(|members| first.wanted(Audience::Only(members))).ok_or(first)
}
