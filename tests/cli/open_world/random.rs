//! Random sites, policies for them, and what happens meanwhile.

use std::fmt::Write as _;
use std::time::Duration;

use confperm::sandbox::adversary::{Actor, Adversary, Delay, Facet, Kill, When};
use confperm::sandbox::world::{
    Action, ContentId, GroupId, ListKind, Object, Pair, Place, Principal, RoleId, SpaceId,
};

use crate::worlds::Dice;

/// One case.
pub(super) struct Case {
    pub(super) site: String,
    pub(super) policy: String,
    pub(super) adversary: Adversary,
}

const GROUPS: [&str; 3] = ["g-eng", "g-ops", "g-hr"];
/// Pages of the two spaces: 11, 12, 13 and 21, 22, 23; and a blog post in each, 14 and 24.
const PAGES: [u64; 4] = [1, 2, 3, 4];
const PAIRS: [Pair; 6] = [
    Pair::ReadSpace,
    Pair::CreatePage,
    Pair::DeletePage,
    Pair::CreateComment,
    Pair::ExportSpace,
    Pair::ExportContent,
];

/// What the cases of a property have in them.
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that can happen")]
#[derive(Clone, Copy)]
pub(super) struct Ingredients {
    pub(super) actors: bool,
    pub(super) lag: bool,
    pub(super) failures: bool,
    pub(super) kills: bool,
    /// Only single permissions are granted, on a site that adds some by itself, and every run is killed.
    pub(super) exact: bool,
}

impl Ingredients {
    pub(super) const ALL: Self = Self { actors: true, lag: true, failures: true, kills: true, exact: false };
}

pub(super) fn case(seed: u64, with: Ingredients) -> Case {
    let mut dice = Dice::new(seed);
    let has_roles = dice.one_in(4);
    let has_roles = has_roles && !with.exact;
    let site = site(&mut dice, has_roles, with.exact);
    let policy = policy(&mut dice, has_roles, with.exact);
    let adversary = adversary(&mut dice, has_roles, with);
    Case { site, policy, adversary }
}

/// Sites where the caller administers the spaces as a member of `hr`, which policies seldom name: a lockout.
fn site(dice: &mut Dice, has_roles: bool, exact: bool) -> String {
    let mode = if has_roles { "roles-transition" } else { "pre-roles" };
    let companions = if exact { "always" } else { dice.pick(&["always", "always", "never"]) };
    let comment = if dice.one_in(3) { "[delete/comment]" } else { "[]" };
    let takes = !dice.one_in(4);
    let vocabulary = dice.pick(&["pairs", "role-ids", "partly-unknown"]);
    let (hr, admin) =
        if !exact && dice.one_in(16) { ("ann, bob, eve", "group:hr") } else { ("bob, eve", "user:ann") };
    let mut text = format!(
        "kind: confluence-sandbox
version: 1
site: {{flavor: cloud, space-role-mode: {mode}, edition: standard, anonymous: false, caller: ann}}
users:
  ann: {{account-id: u-ann, name: Ann, email: ann@x.com}}
  bob: {{account-id: u-bob, name: Bob, email: bob@x.com}}
  eve: {{account-id: u-eve, name: Eve, email: eve@x.com}}
  gus: {{account-id: u-gus, name: Gus, email: gus@x.com, guest-of: A}}
groups:
  eng: {{id: g-eng, members: [bob], access: user}}
  ops: {{id: g-ops, members: [eve], access: user}}
  hr: {{id: g-hr, members: [{hr}]}}
  all: {{id: g-all, members: [ann, bob, eve], access: user}}
quirks: {{companions: {companions}, comment-companions: {comment}, producer-removal-takes-companion: {takes}, role-vocabulary: {vocabulary}}}
"
    );
    if has_roles {
        text.push_str(
            "roles:
  Viewer: {id: r-view, type: system, permissions: [read/space, create/comment]}
  Collaborator: {id: r-col, type: system, permissions: [read/space, create/comment, create/page, update/page]}
  Manager: {id: r-man, type: system, permissions: [read/space, create/page, update/page, delete/page]}
  Admin: {id: r-adm, type: system, permissions: [read/space, administer/space]}
",
        );
    }
    text.push_str("spaces:\n");
    for (space, key) in [(1, "A"), (2, "B")] {
        let readers = dice.some(&GROUPS, 2);
        let _ = write!(
            text,
            "  {key}:
    id: {space}
    name: {key}
    permissions:
      read/space: [{}]
      create/page: [user:ann]
      update/page: [user:ann]
      create/blogpost: [user:ann]
      update/blogpost: [user:ann]
      restrict_content/space: [user:ann]
      administer/space: [{admin}]
",
            names(&readers, if dice.one_in(3) { "user:ann, user:gus, " } else { "user:ann, " })
        );
        for pair in ["export/space", "create/comment", "delete/page"] {
            let some: Vec<&str> = readers.iter().copied().filter(|_| dice.one_in(3)).collect();
            if !some.is_empty() {
                let _ = writeln!(text, "      {pair}: [{}]", names(&some, ""));
            }
        }
        let [home, one, two, post] = PAGES.map(|page| format!("id: {space}{page}{}", page_lists(dice)));
        let _ = writeln!(
            text,
            "    pages: [{{{home}, title: Home, children: [{{{one}, title: One}}, {{{two}, title: Two{}}}]}}]\n    \
             blogposts: [{{{post}, title: News}}]",
            if dice.one_in(4) { ", status: archived" } else { "" }
        );
    }
    // No one administers this space any more: the rule reaches it, and nothing can be done there.
    text.push_str("  C: {id: 3, name: C, permissions: {read/space: [user:ann, 'group:eng', 'user:gus']}}\n");
    text
}

fn page_lists(dice: &mut Dice) -> String {
    let mut text = String::new();
    if dice.one_in(2) {
        let _ = write!(text, ", view: [{}]", names(&dice.some(&GROUPS, 2), "user:ann, "));
    }
    if dice.one_in(3) {
        let _ = write!(text, ", edit: [{}]", names(&dice.some(&GROUPS, 3), "user:ann, "));
    }
    text
}

fn names(groups: &[&str], first: &str) -> String {
    let groups: Vec<String> =
        groups.iter().map(|id| format!("group:{}", id.trim_start_matches("g-"))).collect();
    let text = format!("{first}{}", groups.join(", "));
    text.trim_end_matches(", ").to_owned()
}

fn policy(dice: &mut Dice, has_roles: bool, exact: bool) -> String {
    let removals = if !exact && dice.one_in(30) { "1" } else { "100%" };
    let mut text =
        format!("version: 1\npeople: {{me: u-ann}}\nguards: {{max-removals: {removals}}}\nspaces:\n");
    let has_rule = dice.one_in(4) && !exact;
    let spaces: &[(&str, &str)] =
        if has_rule { &[("A", "authoritative")] } else { &[("A", "authoritative"), ("B", "additive")] };
    for (key, mode) in spaces {
        let _ = writeln!(text, "  {key}:\n    mode: {mode}\n    access:");
        // A principal has a role or single permissions, so each is given one of both.
        let mut by_role: [Vec<&str>; 2] = Default::default();
        let mut single: Vec<(&str, &str)> = Vec::new();
        for group in GROUPS {
            match if exact { 2 } else { dice.below(4) } {
                0 => by_role[0].push(group),
                1 => by_role[1].push(group),
                2 => {
                    single.push(("read/space", group));
                    let extra = ["export/space", "create/comment", "create/page", "delete/page"];
                    single.extend(dice.some(&extra, 3).into_iter().map(|pair| (pair, group)));
                }
                _ => {}
            }
        }
        if has_roles && dice.one_in(2) {
            single.clear();
        }
        let guests = (*key == "A" && !exact && dice.one_in(7)).then(|| dice.pick(&["group:ops", "group:hr"]));
        let mut any = false;
        if !exact && dice.one_in(7) {
            any = true;
            let _ = writeln!(text, "      administer/space: ['group:eng']");
        }
        for (role, groups) in ["viewer", "collaborator"].into_iter().zip(&by_role) {
            if !groups.is_empty() {
                any = true;
                let _ = writeln!(text, "      {role}: [{}]", names(groups, ""));
            }
        }
        for pair in ["read/space", "export/space", "create/comment", "create/page", "delete/page"] {
            let groups: Vec<&str> =
                single.iter().filter(|(of, _)| *of == pair).map(|(_, group)| *group).collect();
            if !groups.is_empty() {
                any = true;
                let _ = writeln!(text, "      {pair}: [{}]", names(&groups, ""));
            }
        }
        if !any {
            let _ = writeln!(text, "      administer/space: ['user:me']");
        }
        if let Some(who) = guests {
            let _ = writeln!(text, "    page-only: [{{who: ['{who}'], pages: [/Home/One], role: viewer}}]");
            continue;
        }
        let _ = writeln!(text, "    pages:");
        // By number: what is renamed or moved meanwhile is still meant.
        let space = if *key == "A" { 1 } else { 2 };
        for page in PAGES {
            let view = dice.some(&GROUPS, 2);
            let edit: Vec<&str> = view.iter().copied().filter(|_| dice.one_in(2)).collect();
            let entry = match dice.below(5) {
                0 => "{view: anyone, edit: anyone}".to_owned(),
                1 if !view.is_empty() => format!("{{view: [{}]}}", names(&view, "")),
                2 if !edit.is_empty() => {
                    format!("{{view: [{}], edit: [{}]}}", names(&view, ""), names(&edit, ""))
                }
                3 => "{view: ['user:me']}".to_owned(),
                _ => "{edit: ['user:me']}".to_owned(),
            };
            let _ = writeln!(text, "      'id:{space}{page}': {entry}");
        }
    }
    if has_rule {
        text.push_str(
            "rules:
  - name: ops takes over from eng
    spaces: {key: '?', not: [A], where: {who: 'group:eng', has: read/space}}
    replace: {'group:eng': 'group:ops'}
",
        );
    }
    text
}

fn adversary(dice: &mut Dice, has_roles: bool, with: Ingredients) -> Adversary {
    let mut adversary = Adversary::default();
    if with.actors {
        // Where actors are all that happens, there are more of them.
        let at_least = if with.lag { 0 } else { 3 };
        for _ in 0..at_least + dice.below(4) {
            adversary = adversary.actor(Actor::new(moment(dice), actions(dice, has_roles)));
        }
    }
    if with.lag {
        if dice.one_in(3) {
            adversary = adversary.lag(Facet::Rows, Delay::Reads(1 + dice.below(2) as u64));
        }
        if dice.one_in(4) {
            adversary = adversary.lag(Facet::Lists, Delay::Reads(1 + dice.below(2) as u64));
        }
        if dice.one_in(6) {
            adversary = adversary.lag(Facet::Rows, Delay::Time(Duration::from_millis(60)));
        }
        if dice.one_in(6) {
            adversary = adversary.lag(Facet::Roles, Delay::Reads(1));
        }
    }
    if with.failures && dice.one_in(3) {
        let kind = dice.pick(&["403", "500", "drop", "cut", "lost-500"]);
        let what = dice.pick(&["PUT:/content/**", "POST:/space/**", "DELETE:/space/**", "WRITE:/**"]);
        let times = dice.pick(&["1", "1+1", "2+2"]);
        adversary = adversary.disrupt(format!("{kind}:{what}:{times}").parse().unwrap());
    }
    if with.kills && (with.exact || dice.one_in(2)) {
        let n = 1 + dice.below(8) as u64;
        adversary = adversary.kill(if dice.one_in(2) { Kill::AfterWrite(n) } else { Kill::BeforeWrite(n) });
    }
    adversary
}

fn moment(dice: &mut Dice) -> When {
    let n = 1 + dice.below(3) as u64;
    match dice.below(5) {
        0 => When::Before("WRITE:/**".parse().unwrap(), 1 + dice.below(8) as u64),
        1 => When::after_rows(SpaceId(1 + dice.below(2) as u64), n),
        2 => When::AfterRead(Facet::Search, Object::Content(page(dice)), 1),
        3 => When::after_lists(page(dice), n),
        _ => When::AfterWrite("WRITE:/**".parse().unwrap(), 1 + dice.below(8) as u64),
    }
}

fn page(dice: &mut Dice) -> ContentId {
    ContentId(10 * (1 + dice.below(2) as u64) + dice.pick(&PAGES))
}

/// What one colleague does. No action locks the caller out of a page, since then no run could finish.
fn actions(dice: &mut Dice, has_roles: bool) -> Vec<Action> {
    let space = SpaceId(1 + dice.below(2) as u64);
    let group = GroupId::from(dice.pick(&GROUPS));
    let principal = Principal::Group(group.clone());
    let list = if dice.one_in(2) { ListKind::Read } else { ListKind::Update };
    let content = page(dice);
    let me = Principal::User("u-ann".into());
    let action = match dice.below(20) {
        0 | 1 => Action::Grant { space, principal, pair: dice.pick(&PAIRS) },
        2 => Action::Revoke { space, principal, pair: dice.pick(&PAIRS) },
        3 if has_roles => Action::AssignRole { space, principal, role: RoleId("r-man".into()) },
        4 if has_roles => Action::RemoveRole { space, principal },
        3..=6 => Action::SetList { content, list, principals: [me, principal].into() },
        7 | 8 => {
            let add = |principal| Action::AddToList { content, list, principal };
            return vec![add(me), add(principal)];
        }
        9 | 10 => Action::RemoveFromList { content, list, principal },
        11 => Action::ClearList { content, list },
        12 => Action::MovePage { content, to: Place::Top(SpaceId(content.0 / 10)) },
        13 => Action::MovePage { content, to: Place::Top(SpaceId(3 - content.0 / 10)) },
        14 => Action::RenamePage { content, title: "Renamed".to_owned() },
        15 => Action::RenameSpace { space, name: "Renamed".to_owned() },
        16 => Action::ArchivePage { content },
        17 => Action::DeletePage { content },
        18 if dice.one_in(3) => Action::DeleteGroup { group },
        18 if dice.one_in(2) => Action::RenameGroup { group, name: "renamed".to_owned() },
        _ => Action::AddMember { group, account: "u-ann".into() },
    };
    vec![action]
}
