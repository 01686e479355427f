//! Random sites with policies for them, and what becomes of their names until the next run.
//!
//! A policy is a value that knows what each of its names means, so that nothing has to be looked up by the program under
//! test.

use std::collections::{BTreeMap, BTreeSet};

use confperm::sandbox::world::{
    Content, ContentId, GroupId, Kind, Pair, Principal, RoleMode, SpaceId, Verb, World,
};

use crate::builder::sandbox::page;
use crate::worlds::Dice;

/// `ann` runs the plans and is on every list.
pub(super) const CALLER: &str = "u-ann";
/// The groups of a policy, called like their ids. `ext` are guests of pages and nothing else.
pub(super) const GROUPS: [&str; 4] = ["eng", "ops", "hr", "sre"];
/// Everyone but `ann` and the guest of some pages.
pub(super) const PEOPLE: [&str; 5] = ["bob", "eve", "dan", "kim", VISITOR];
/// The account of this one is a guest of the space `A`; what it is given elsewhere does not count.
pub(super) const VISITOR: &str = "gus";
pub(super) const GUEST: &str = "fay";
/// People that rules take out, or replace by others.
pub(super) const LEAVERS: [&str; 2] = ["dan", "kim"];
/// These have no role where a site has rows and roles: what one has may come to the other, and the two do not mix.
pub(super) const ROW_HOLDERS: [&str; 2] = ["group:ops", "user:dan"];
pub(super) const KEYS: [&str; 3] = ["A", "B", "C"];
/// A space that no one administers any more. Rules reach it, and nothing can be done there.
pub(super) const ORPHANED: (SpaceId, &str) = (SpaceId(4), "D");
/// The names of the roles in a policy, and on the site at first. Their ids on the site are like these, with `r-`.
pub(super) const ROLE_NAMES: [(&str, &str); 4] =
    [("viewer", "Viewer"), ("editor", "Editor"), ("eraser", "Eraser"), ("keeper", "Keeper")];
/// A name of a page in a policy, and the page that it was written for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name {
    pub(super) written: String,
    pub(super) page: ContentId,
}

/// What an entry is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Selector {
    /// `None` is the whole space.
    pub(super) name: Option<Name>,
    pub(super) reach: Reach,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    Itself,
    Children,
    All,
}

/// An entry of `pages`. A list without members is `anyone`.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) pages: Selector,
    pub(super) view: Option<BTreeSet<Principal>>,
    pub(super) edit: Option<BTreeSet<Principal>>,
}

impl Entry {
    pub(super) const fn list(&self, verb: Verb) -> Option<&BTreeSet<Principal>> {
        match verb {
            Verb::Read => self.view.as_ref(),
            _ => self.edit.as_ref(),
        }
    }
}

/// What a policy asks for by rules in every space.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    /// Everyone of these loses its rows and its entries on lists.
    pub(super) absent: Option<Principal>,
    /// The first has what the second has from then on, and is on lists in its place.
    pub(super) replace: Option<[Principal; 2]>,
    /// Spaces that a rule gives access, beside what the entry of the space says.
    pub(super) access: Vec<(BTreeSet<&'static str>, Pair, Principal)>,
}

impl Rules {
    /// The principals that no entry may name, since a rule says what becomes of them.
    fn apart(&self) -> Vec<&Principal> {
        self.absent.iter().chain(self.replace.iter().flatten()).collect()
    }

    fn groups(&self) -> impl Iterator<Item = &GroupId> {
        let given = self.access.iter().map(|(.., who)| who);
        let all = self.absent.iter().chain(self.replace.iter().flatten()).chain(given);
        all.filter_map(|who| match who {
            Principal::Group(group) => Some(group),
            Principal::User(_) | Principal::Class(_) | Principal::Anonymous => None,
        })
    }
}

/// A space of a policy.
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own in a policy")]
#[derive(Debug, Clone)]
pub(super) struct Declared {
    pub(super) id: SpaceId,
    pub(super) key: &'static str,
    pub(super) additive: bool,
    pub(super) access: Vec<(Pair, Principal)>,
    pub(super) pages: Vec<Entry>,
    /// The pages that the guests see, where some do.
    pub(super) guests: Vec<Selector>,
    /// Whether restrictions that no entry matches are opened.
    pub(super) opens_unlisted: bool,
    /// The space whose access it has.
    pub(super) like: Option<&'static str>,
    /// Whether it gives access by roles.
    pub(super) by_roles: bool,
    /// Whether the site has roles, so that guests have one.
    pub(super) has_roles: bool,
    /// Whether nothing but rules names it.
    pub(super) by_rules: bool,
    /// The same for all spaces of a policy.
    pub(super) rules: Rules,
}

impl Declared {
    /// The names of pages, each once.
    pub(super) fn names(&self) -> BTreeSet<&Name> {
        let entries = self.pages.iter().map(|entry| &entry.pages);
        entries.chain(&self.guests).filter_map(|selector| selector.name.as_ref()).collect()
    }

    /// The groups that it names.
    pub(super) fn groups(&self) -> BTreeSet<&GroupId> {
        let listed = self.pages.iter().flat_map(|entry| entry.view.iter().chain(&entry.edit)).flatten();
        let held = self.access.iter().map(|(_, who)| who);
        let groups = held.chain(listed);
        let groups = groups.filter_map(|who| match who {
            Principal::Group(group) => Some(group),
            Principal::User(_) | Principal::Class(_) | Principal::Anonymous => None,
        });
        groups.chain(self.rules.groups()).collect()
    }

    /// The role of each principal, by its name in the policy, where access is given by roles.
    pub(super) fn roles(&self) -> BTreeMap<&Principal, &'static str> {
        if self.by_roles { roles_of(self.given()) } else { BTreeMap::new() }
    }

    /// The role that its own entry gives to each principal.
    pub(super) fn own_roles(&self) -> BTreeMap<&Principal, &'static str> {
        let own = self.access.iter().map(|(pair, who)| (*pair, who));
        if self.by_roles { roles_of(own) } else { BTreeMap::new() }
    }

    /// The role of the guests.
    pub(super) fn guest_role(&self) -> Option<&'static str> {
        (self.has_roles && !self.guests.is_empty()).then_some("viewer")
    }

    /// The roles that it asks for in the name of some, as they are called in the policy and on the site at first.
    pub(super) fn role_names(
        &self,
        of: impl Fn(&Principal) -> bool,
    ) -> BTreeSet<(&'static str, &'static str)> {
        let held = self.roles().into_iter().filter(|(who, _)| of(who)).map(|(_, role)| role);
        let named: BTreeSet<&str> = held.chain(self.guest_role()).collect();
        ROLE_NAMES.into_iter().filter(|(name, _)| named.contains(name)).collect()
    }

    /// What rules and the space itself give.
    pub(super) fn given(&self) -> impl Iterator<Item = (Pair, &Principal)> {
        let by_rules = self.rules.access.iter().filter(|(keys, ..)| keys.contains(self.key));
        let own = self.access.iter().map(|(pair, who)| (*pair, who));
        own.chain(by_rules.map(|(_, pair, who)| (*pair, who)))
    }
}

/// The role that gives each principal these permissions.
fn roles_of<'p>(given: impl Iterator<Item = (Pair, &'p Principal)>) -> BTreeMap<&'p Principal, &'static str> {
    let mut pairs: BTreeMap<&Principal, BTreeSet<Pair>> = BTreeMap::new();
    for (pair, who) in given {
        pairs.entry(who).or_default().insert(pair);
    }
    let role = |pairs: &BTreeSet<Pair>| match [Pair::CreatePage, Pair::DeletePage]
        .map(|pair| pairs.contains(&pair))
    {
        [false, false] => "viewer",
        [true, false] => "editor",
        [false, true] => "eraser",
        [true, true] => "keeper",
    };
    pairs.into_iter().map(|(who, pairs)| (who, role(&pairs))).collect()
}

pub(super) fn group(name: &str) -> Principal {
    Principal::Group(GroupId(format!("g-{name}")))
}

pub(super) fn user(name: &str) -> Principal {
    Principal::User(format!("u-{name}").as_str().into())
}

/// As a policy written for the first state of the site names it.
pub(super) fn written(who: &Principal) -> String {
    match who {
        Principal::User(account) => format!("user:{}", account.as_str().trim_start_matches("u-")),
        Principal::Group(group) => format!("group:{}", group.as_str().trim_start_matches("g-")),
        Principal::Class(_) | Principal::Anonymous => panic!("{who}"),
    }
}

/// A policy for a site. Most of its names are names of pages.
pub(super) fn policy(dice: &mut Dice, world: &World) -> Vec<Declared> {
    let has_roles = world.has_roles();
    let by_roles = has_roles && (world.settings.mode == RoleMode::Roles || dice.one_in(2));
    let rules = rules(dice);
    let replaces = rules.replace.is_some();
    let mut spaces: Vec<Declared> = Vec::new();
    for (number, key) in KEYS.into_iter().enumerate() {
        let id = SpaceId(number as u64 + 1);
        if number == 2 && !dice.one_in(3) {
            if rules.absent.is_some() || replaces {
                spaces.push(Declared { by_rules: true, has_roles, ..Declared::empty(id, key, &rules) });
            }
            continue;
        }
        let additive = replaces || dice.one_in(3);
        let mut access = Vec::new();
        for who in principals(dice, 2, &rules) {
            access.push((Pair::ReadSpace, who.clone()));
            for pair in [Pair::CreatePage, Pair::DeletePage] {
                if dice.one_in(3) {
                    access.push((pair, who.clone()));
                }
            }
        }
        if access.is_empty() {
            access.push((Pair::ReadSpace, group("eng")));
        }
        let source = spaces.iter().find(|space| space.like.is_none() && !space.additive);
        let like = source.filter(|_| !additive && dice.one_in(4)).map(|source| source.key);
        if let Some(source) = source.filter(|source| like == Some(source.key)) {
            access = source.given().map(|(pair, who)| (pair, who.clone())).collect();
        }
        let guests = if !replaces && dice.one_in(5) { vec![selector(dice, world, id)] } else { Vec::new() };
        let mut taken = BTreeSet::new();
        let mut pages = Vec::new();
        for _ in 0..2 + dice.below(4) {
            let pages_of = selector(dice, world, id);
            if taken.insert((pages_of.name.as_ref().map(|name| name.page), pages_of.reach as u8)) {
                pages.push(entry(dice, pages_of, !guests.is_empty(), &rules));
            }
        }
        let opens_unlisted = guests.is_empty() && dice.one_in(5);
        let empty = Declared::empty(id, key, &rules);
        spaces.push(Declared {
            additive,
            access,
            pages,
            guests,
            opens_unlisted,
            like,
            by_roles,
            has_roles,
            ..empty
        });
    }
    let (id, key) = ORPHANED;
    if rules.absent.is_some() || replaces {
        spaces.push(Declared { by_rules: true, has_roles, ..Declared::empty(id, key, &rules) });
    }
    spaces
}

impl Declared {
    fn empty(id: SpaceId, key: &'static str, rules: &Rules) -> Self {
        Self {
            id,
            key,
            additive: true,
            access: Vec::new(),
            pages: Vec::new(),
            guests: Vec::new(),
            opens_unlisted: false,
            like: None,
            by_roles: false,
            has_roles: false,
            by_rules: false,
            rules: rules.clone(),
        }
    }
}

fn rules(dice: &mut Dice) -> Rules {
    let absent = dice.one_in(4).then(|| if dice.one_in(2) { group("sre") } else { user("kim") });
    let replace = dice.one_in(5).then(|| [group("ops"), user("dan")]);
    let mut rules = Rules { absent, replace, access: Vec::new() };
    if dice.one_in(3)
        && let Some(who) = principals(dice, 2, &rules).into_iter().next()
    {
        let keys = [&["A", "B"][..], &["A"], &["B"]][dice.below(3)];
        rules.access.push((keys.iter().copied().collect(), Pair::ReadSpace, who));
    }
    rules
}

fn principals(dice: &mut Dice, one_in: usize, rules: &Rules) -> Vec<Principal> {
    let groups = dice.some(&GROUPS, one_in).into_iter().map(group);
    let all = groups.chain(dice.some(&PEOPLE, 3 * one_in).into_iter().map(user));
    all.filter(|who| !rules.apart().contains(&who)).collect()
}

/// What guests see is not for other entries to say.
fn entry(dice: &mut Dice, pages: Selector, for_guests: bool, rules: &Rules) -> Entry {
    let some = |dice: &mut Dice| -> BTreeSet<Principal> {
        let who: BTreeSet<Principal> = principals(dice, 3, rules).into_iter().collect();
        if who.is_empty() { [group("hr")].into() } else { who }
    };
    let anyone = BTreeSet::new;
    // No two entries can name an editor who is not among the viewers, wherever their pages go.
    let (view, edit) = match dice.below(5) {
        _ if for_guests => (None, Some(some(dice))),
        0 | 1 => (Some(anyone()), dice.one_in(2).then(anyone)),
        2 | 3 => {
            let view = some(dice);
            let edit: BTreeSet<Principal> = view.iter().filter(|_| dice.one_in(2)).cloned().collect();
            (Some(view), Some(edit))
        }
        _ => (None, Some(anyone())),
    };
    Entry { pages, view, edit }
}

fn selector(dice: &mut Dice, world: &World, space: SpaceId) -> Selector {
    let here: Vec<ContentId> =
        world.contents().filter(|content| content.space == space).map(|content| content.id).collect();
    let page = dice.pick(&here);
    let is_post = world.content(page).unwrap().kind == Kind::Blogpost;
    let reach = match dice.below(8) {
        0 if !is_post => Reach::Children,
        1 | 2 if !is_post => Reach::All,
        3 => return Selector { name: None, reach: Reach::All },
        _ => Reach::Itself,
    };
    Selector { name: Some(name(dice, world, page, reach)), reach }
}

/// One of the names of a page. Patterns take no bare title.
fn name(dice: &mut Dice, world: &World, page: ContentId, reach: Reach) -> Name {
    let content = world.content(page).unwrap();
    let title = &content.title;
    let written = match dice.below(6) {
        _ if content.kind == Kind::Blogpost => format!("blog:{title}"),
        0 if reach == Reach::Itself => title.clone(),
        1 => format!("id:{page}"),
        2 if content.parent.is_some() => format!("id:{}/{title}", content.parent.unwrap()),
        // Below the homepage its title may be left out.
        3 if content.parent.is_some() => path(world, page).trim_start_matches("/Home").to_owned(),
        _ => path(world, page),
    };
    Name { written, page }
}

pub(super) fn path(world: &World, page: ContentId) -> String {
    let mut titles: Vec<&str> = world.ancestors(page).map(|above| above.title.as_str()).collect();
    titles.reverse();
    titles.push(&world.content(page).unwrap().title);
    format!("/{}", titles.join("/"))
}

/// A page that is made between two runs.
pub(super) fn new_page(world: &World, parent: ContentId, title: &str) -> Content {
    let last = world.contents().map(|content| content.id.0).max().unwrap_or_default();
    let space = world.content(parent).unwrap().space;
    page(space, ContentId(last + 1), Some(parent), title.to_owned())
}
