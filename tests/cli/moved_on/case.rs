//! Random sites with policies for them, and what becomes of their names until the next run.
//!
//! A policy is a value that knows what each of its names means, so that nothing has to be looked up by the program under
//! test.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use confperm::sandbox::world::{
    Content, ContentId, GroupId, Kind, Lists, Pair, Principal, RoleMode, SpaceId, Status, Verb, World,
};

use crate::worlds::Dice;

/// `ann` runs the plans and is on every list.
pub(super) const CALLER: &str = "u-ann";
/// The groups of a policy, called like their ids. `ext` are guests of pages and nothing else.
pub(super) const GROUPS: [&str; 4] = ["eng", "ops", "hr", "sre"];
/// Everyone but `ann` and the guest.
pub(super) const PEOPLE: [&str; 4] = ["bob", "eve", "dan", "kim"];
pub(super) const GUEST: &str = "fay";
const KEYS: [&str; 3] = ["A", "B", "C"];
const ROLES: &str = "roles:
  Admin: {id: r-admin, type: system, permissions: [read/space, create/page, update/page, delete/page, create/blogpost, update/blogpost, restrict_content/space, administer/space]}
  Viewer: {id: r-viewer, type: system, permissions: [read/space]}
  Editor: {id: r-editor, type: custom, permissions: [read/space, create/page, update/page]}
  Eraser: {id: r-eraser, type: custom, permissions: [read/space, delete/page]}
  Keeper: {id: r-keeper, type: custom, permissions: [read/space, create/page, update/page, delete/page]}
";
/// The names of the roles in a policy, and on the site at first. Their ids on the site are like these, with `r-`.
pub(super) const ROLE_NAMES: [(&str, &str); 4] =
    [("viewer", "Viewer"), ("editor", "Editor"), ("eraser", "Eraser"), ("keeper", "Keeper")];
const TITLES: [&str; 12] =
    ["Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta", "Eta", "Theta", "Iota", "Kappa", "Lambda", "Mu"];

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
    /// Whether the site gives access by roles only.
    pub(super) by_roles: bool,
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

    /// The role of each principal, by its name in the policy, on a site with roles only.
    pub(super) fn roles(&self) -> BTreeMap<&Principal, &'static str> {
        let mut pairs: BTreeMap<&Principal, BTreeSet<Pair>> = BTreeMap::new();
        for (pair, who) in self.access.iter().filter(|_| self.by_roles) {
            pairs.entry(who).or_default().insert(*pair);
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

    /// The roles that it names, as they are called on the site at first.
    pub(super) fn role_names(&self) -> BTreeSet<&'static str> {
        let guests = (self.by_roles && !self.guests.is_empty()).then_some("viewer");
        let named: BTreeSet<&str> = self.roles().into_values().chain(guests).collect();
        ROLE_NAMES.into_iter().filter(|(name, _)| named.contains(name)).map(|(_, site)| site).collect()
    }

    /// What rules and the space itself give.
    pub(super) fn given(&self) -> impl Iterator<Item = (Pair, &Principal)> {
        let by_rules = self.rules.access.iter().filter(|(keys, ..)| keys.contains(self.key));
        let own = self.access.iter().map(|(pair, who)| (*pair, who));
        own.chain(by_rules.map(|(_, pair, who)| (*pair, who)))
    }
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

/// A site as it was when its policy was first planned.
pub(super) fn site(dice: &mut Dice) -> String {
    let mode = dice.pick(&["pre-roles", "pre-roles", "roles-transition", "roles"]);
    let mut text = format!(
        "kind: confluence-sandbox
version: 1
site: {{flavor: cloud, space-role-mode: {mode}, edition: standard, anonymous: false, caller: ann, cloud-id: c1}}
"
    );
    text.push_str(
        "users:
  ann: {account-id: u-ann, name: Ann, email: ann@x.com, confluence-admin: true}
  bob: {account-id: u-bob, name: Bob}
  eve: {account-id: u-eve, name: Eve}
  dan: {account-id: u-dan, name: Dan}
  kim: {account-id: u-kim, name: Kim}
  fay: {account-id: u-fay, name: Fay}
groups:
  ext: {id: g-ext, members: [fay]}
",
    );
    for name in GROUPS {
        let members = dice.some(&PEOPLE, 2);
        let _ = writeln!(text, "  {name}: {{id: g-{name}, members: [{}]}}", members.join(", "));
    }
    if mode != "pre-roles" {
        text.push_str(ROLES);
    }
    text.push_str("quirks: {companions: never}\nspaces:\n");
    for (number, key) in KEYS.into_iter().enumerate() {
        let id = number + 1;
        let _ = writeln!(text, "  {key}:\n    id: {id}\n    name: {key}");
        let readers: Vec<String> = dice.some(&GROUPS, 2).iter().map(|name| format!("group:{name}")).collect();
        let editors = readers.iter().filter(|_| dice.one_in(2)).cloned().collect::<Vec<_>>();
        if mode == "roles" {
            let readers =
                readers.into_iter().filter(|who| !editors.contains(who)).collect::<Vec<_>>().join(", ");
            let editors = editors.join(", ");
            let _ = writeln!(
                text,
                "    role-assignments: {{Admin: [user:ann], Viewer: [{readers}], Editor: [{editors}]}}"
            );
            pages(&mut text, dice, id);
            continue;
        }
        text.push_str("    permissions:\n");
        for (pair, who) in [("read/space", readers), ("create/page", editors)] {
            let who = with_caller(who).join(", ");
            let _ = writeln!(text, "      {pair}: [{who}]");
            if pair == "create/page" && mode != "pre-roles" {
                let _ = writeln!(text, "      update/page: [{who}]");
            }
        }
        text.push_str("      delete/page: [user:ann]\n      create/blogpost: [user:ann]\n      restrict_content/space: [user:ann]\n      administer/space: [user:ann]\n");
        if mode != "pre-roles" {
            text.push_str("      update/blogpost: [user:ann]\n");
        }
        pages(&mut text, dice, id);
    }
    text
}

fn pages(text: &mut String, dice: &mut Dice, space: usize) {
    text.push_str("    pages:\n");
    let mut titles = TITLES.to_vec();
    let mut page = 100 * space;
    let mut tops = vec!["Home"];
    if dice.one_in(2) {
        tops.push(titles.remove(dice.below(titles.len())));
    }
    for top in tops {
        node(text, dice, 2, top, &mut page, &mut titles);
    }
    if dice.one_in(3) {
        let title = dice.pick(&TITLES);
        let _ = writeln!(text, "    blogposts:\n      - {{id: {}, title: {title}{}}}", page + 1, lists(dice));
    }
}

fn with_caller(mut who: Vec<String>) -> Vec<String> {
    who.push("user:ann".to_owned());
    who
}

fn node(
    text: &mut String,
    dice: &mut Dice,
    depth: usize,
    title: &str,
    page: &mut usize,
    titles: &mut Vec<&'static str>,
) {
    *page += 1;
    let indent = "  ".repeat(5 - depth);
    let _ = write!(text, "{indent}- {{id: {page}, title: {title}{}", lists(dice));
    let children = if depth > 0 { (1 + dice.below(2)).min(titles.len()) } else { 0 };
    if children == 0 {
        text.push_str("}\n");
        return;
    }
    text.push_str(", children: [\n");
    for _ in 0..children {
        if titles.is_empty() {
            break;
        }
        let title = titles.remove(dice.below(titles.len()));
        let mut child = String::new();
        node(&mut child, dice, depth - 1, title, page, titles);
        let child = child.trim().trim_start_matches("- ").to_owned();
        let _ = writeln!(text, "{indent}  {child},");
    }
    let _ = writeln!(text, "{indent}]}}");
}

fn lists(dice: &mut Dice) -> String {
    let mut text = String::new();
    for (verb, share) in [("view", 3), ("edit", 4)] {
        if dice.one_in(share) {
            let who = dice.some(&GROUPS, 3).iter().map(|name| format!("group:{name}")).collect();
            let _ = write!(text, ", {verb}: [{}]", with_caller(who).join(", "));
        }
    }
    text
}

/// A policy for a site. Most of its names are names of pages.
pub(super) fn policy(dice: &mut Dice, world: &World) -> Vec<Declared> {
    let by_roles = world.settings.mode == RoleMode::Roles;
    // A principal has one role, so what rules add to it or take over from another is not the sum of both.
    let rules = if by_roles { Rules::default() } else { rules(dice) };
    let replaces = rules.replace.is_some();
    let mut spaces: Vec<Declared> = Vec::new();
    for (number, key) in KEYS.into_iter().enumerate() {
        let id = SpaceId(number as u64 + 1);
        if number == 2 && !dice.one_in(3) {
            if rules.absent.is_some() || replaces {
                spaces.push(Declared { by_rules: true, ..Declared::empty(id, key, &rules) });
            }
            continue;
        }
        let additive = !by_roles && (replaces || dice.one_in(3));
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
        spaces.push(Declared { additive, access, pages, guests, opens_unlisted, like, by_roles, ..empty });
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
    Content {
        id: ContentId(last + 1),
        space: world.content(parent).unwrap().space,
        kind: Kind::Page,
        status: Status::Current,
        title: title.to_owned(),
        labels: BTreeSet::new(),
        author: None,
        parent: Some(parent),
        children: Vec::new(),
        lists: Lists::default(),
    }
}
