//! Random sites, policies for them, and what is wrong with the site's answers.

use std::fmt::Write as _;

use confperm::sandbox::adversary::{Adversary, Mangling};

use crate::worlds::Dice;

/// One case.
pub(crate) struct Case {
    pub(crate) site: String,
    pub(crate) policy: String,
    pub(crate) adversary: Adversary,
}

/// The last digit of the number of a blog post.
pub(crate) const POST: u64 = 5;

const GROUPS: [&str; 4] = ["group:eng", "group:ops", "group:hr", "group:adm"];
const MODES: [&str; 3] = ["pre-roles", "roles-transition", "roles"];

pub(crate) fn case(seed: u64) -> Case {
    let mut dice = Dice::new(seed);
    let mode = dice.pick(&MODES);
    let site = site(&mut dice, mode);
    let policy = policy(&mut dice, mode, &site);
    Case { site, policy, adversary: adversary(&mut dice) }
}

/// The same with more that is wrong with the answers.
pub(crate) fn worse_case(seed: u64) -> Case {
    let mut case = case(seed);
    let more = adversary(&mut Dice::new(!seed));
    case.adversary.manglings.extend(more.manglings);
    case
}

/// The caller administers through a group as often as by itself.
fn site(dice: &mut Dice, mode: &str) -> String {
    let mut text = format!(
        "kind: confluence-sandbox
version: 1
site: {{flavor: cloud, space-role-mode: {mode}, edition: standard, anonymous: true, caller: ann}}
users:
  ann: {{account-id: u-ann, name: Ann, email: ann@x.com, confluence-admin: true}}
  bob: {{account-id: u-bob, name: Bob, email: bob@x.com}}
  eve: {{account-id: u-eve, name: Eve, email: eve@x.com}}
  bot: {{account-id: u-bot, name: Bot, type: app}}
  gus: {{account-id: u-gus, name: Gus, email: gus@x.com, guest-of: A}}
groups:
  eng: {{id: g-eng, members: [bob], access: user}}
  ops: {{id: g-ops, members: [eve], access: user}}
  hr: {{id: g-hr, members: [bob, eve]}}
  adm: {{id: g-adm, members: [ann]}}
  all: {{id: g-all, members: [ann, bob, eve], access: user}}
quirks: {{companions: never}}
"
    );
    if mode != "pre-roles" {
        text.push_str(
            "roles:
  Viewer: {id: r-view, type: system, permissions: [read/space, create/comment]}
  Collaborator: {id: r-col, type: system, permissions: [read/space, create/comment, create/page, update/page]}
  Admin: {id: r-adm, type: system, permissions: [read/space, create/page, update/page, create/blogpost, update/blogpost, restrict_content/space, administer/space]}
",
        );
    }
    text.push_str("spaces:\n");
    for (space, key) in [(1, "A"), (2, "B")] {
        let admin = dice.pick(&["user:ann", "group:adm"]);
        let readers = dice.some(&GROUPS[..3], 2).join(", ");
        let bot = if dice.one_in(3) { "user:bot" } else { "" };
        let gus = if dice.one_in(8) { "user:gus" } else { "" };
        let _ = writeln!(text, "  {key}:\n    id: {space}\n    name: {key}");
        if mode == "roles" {
            let _ = writeln!(
                text,
                "    role-assignments:\n      Admin: [{admin}]\n      Viewer: [{}]",
                joined(&[&readers, bot, gus])
            );
        } else {
            let _ = writeln!(
                text,
                "    permissions:
      read/space: [{}]
      create/page: [{admin}]
      update/page: [{admin}]
      create/blogpost: [{admin}]
      update/blogpost: [{admin}]
      restrict_content/space: [{admin}]
      administer/space: [{admin}]
      create/comment: [{}]",
                joined(&[admin, &readers, bot, gus]),
                dice.some(&["group:eng", "group:ops"], 2)
                    .into_iter()
                    .filter(|group| readers.contains(group))
                    .collect::<Vec<_>>()
                    .join(", "),
            );
        }
        let [home, one, two, three] = [1, 2, 3, 4].map(|page| format!("id: {space}{page}{}", lists(dice)));
        let archived = if dice.one_in(5) { ", status: archived" } else { "" };
        // Most posts have a list that an entry about the other one must not lose.
        let post = match dice.below(4) {
            0 => String::new(),
            1 => format!("{{id: {space}{POST}{}, title: News}}", lists(dice)),
            _ => format!("{{id: {space}{POST}, view: [user:ann, {}], title: News}}", dice.pick(&GROUPS[..3])),
        };
        let _ = writeln!(
            text,
            "    blogposts: [{post}]\n    pages: [{{{home}, title: Home, children: [{{{one}, title: One}}, \
             {{{two}, title: Two, children: [{{{three}, title: Three{archived}}}]}}]}}]"
        );
    }
    // A space that has lost its last administrator: rules reach it, and nothing can be done there.
    if dice.one_in(10) {
        let (of, who) = if mode == "roles" {
            ("role-assignments: {Viewer", "user:ann, group:hr")
        } else {
            ("permissions: {read/space", "user:ann, group:hr")
        };
        let _ = writeln!(text, "  C: {{id: 3, name: C, {of}: [{who}]}}}}");
    }
    text
}

fn joined(parts: &[&str]) -> String {
    parts.iter().filter(|part| !part.is_empty()).copied().collect::<Vec<_>>().join(", ")
}

fn lists(dice: &mut Dice) -> String {
    let mut text = String::new();
    let bot = if dice.one_in(4) { "user:bot" } else { "" };
    let view = dice.one_in(2).then(|| dice.some(&GROUPS[..3], 2));
    if let Some(view) = &view {
        let _ = write!(text, ", view: [{}]", joined(&["user:ann", &view.join(", "), bot]));
    }
    if dice.one_in(3) {
        let _ = write!(text, ", edit: [{}]", joined(&["user:ann", &dice.some(&GROUPS[..3], 3).join(", ")]));
    }
    text
}

fn policy(dice: &mut Dice, mode: &str, site: &str) -> String {
    let mut text = "version: 1\npeople: {me: u-ann}\n".to_owned();
    // What cannot be read is not removed either, so a limit on removals counts less with reason.
    let _ = writeln!(
        text,
        "guards: {{max-removals: 100%, min-admins: {}}}\nspaces:",
        if dice.one_in(8) { 2 } else { 1 }
    );
    let has_rule = dice.one_in(4);
    let groups: &[&str] = if has_rule { &["group:eng", "group:ops", "group:adm"] } else { &GROUPS };
    for (key, space, how) in [("A", 1, "authoritative"), ("B", 2, "additive")] {
        let _ = writeln!(text, "  {key}:\n    mode: {how}\n    access:");
        let admins = dice.pick(&["'user:me'", "'group:adm'", "'group:ops'", "'user:me', 'group:adm'"]);
        let named =
            |groups: &[&str]| groups.iter().map(|group| format!("'{group}'")).collect::<Vec<_>>().join(", ");
        if mode == "pre-roles" || (mode != "roles" && dice.one_in(2)) {
            let readers = named(&dice.some(groups, 2));
            let _ = writeln!(text, "      administer/space: [{admins}]");
            if !readers.is_empty() {
                let _ = writeln!(text, "      read/space: [{readers}]");
            }
        } else {
            let _ = writeln!(text, "      admin: [{admins}]");
            let readers: Vec<&str> =
                dice.some(groups, 2).into_iter().filter(|group| !admins.contains(group)).collect();
            if !readers.is_empty() {
                let _ = writeln!(text, "      viewer: [{}]", named(&readers));
            }
        }
        let _ = writeln!(text, "    pages:");
        for selector in ["/Home", "/Home/One", "/*", "/**", "/Home/Two/**", "id:4"] {
            let selector = if selector == "id:4" { format!("id:{space}4") } else { selector.to_owned() };
            let entry = match dice.below(7) {
                0 => "{view: anyone, edit: anyone}".to_owned(),
                1 => "{view: anyone}".to_owned(),
                2 => "{edit: anyone}".to_owned(),
                3 => format!("{{view: ['user:me', {}]}}", named(&[dice.pick(groups)])),
                4 => "{edit: ['user:me']}".to_owned(),
                _ => continue,
            };
            let _ = writeln!(text, "      '{selector}': {entry}");
        }
        let _ = writeln!(text, "      'id:{space}3': {{edit: ['user:me']}}");
        if site.contains(&format!("id: {space}{POST}")) {
            let entry = match dice.below(5) {
                0 => "{view: anyone, edit: anyone}".to_owned(),
                1 => format!("{{view: ['user:me', {}]}}", named(&[dice.pick(groups)])),
                // Two entries take a call that sends both lists, so the other one has to be known.
                _ => format!("{{edit: ['user:me', {}]}}", named(&[dice.pick(groups)])),
            };
            let _ = writeln!(text, "      'blog:News': {entry}");
        }
        if dice.one_in(5) {
            let _ = writeln!(text, "    unlisted-pages: open");
        }
    }
    if has_rule {
        text.push_str("rules: [{name: hr is nowhere, spaces: {key: '*'}, absent: ['group:hr']}]\n");
    }
    text
}

const FIELDS: [&str; 18] = [
    "id",
    "accountId",
    "size",
    "operation",
    "restrictions",
    "user",
    "group",
    "parentId",
    "parentType",
    "spaceId",
    "accountType",
    "accountStatus",
    "roleId",
    "principal",
    "spacePermissions",
    "results",
    "limit",
    "mode",
];

const PATHS: [&str; 14] = [
    "/**",
    "/content/**",
    "/content/search",
    "/content/*/restriction",
    "/content/*/restriction/byOperation/*",
    "/user/memberof",
    "/group",
    "/group/*/membersByGroupId",
    "/spaces",
    "/spaces/*/permissions",
    "/spaces/*/role-assignments",
    "/spaces/*/pages",
    "/space-roles",
    "/users-bulk",
];

/// Manglings where they hurt.
const AIMED: [&str; 17] = [
    // Lists that seem open are the worst, of pages and of posts.
    "empty-with-size:/content/**",
    "empty-with-size:/content/**",
    "empty-with-size:/content/**",
    "wrong-operation:/content/**",
    "empty-with-size:/content/search",
    "empty-with-size:/user/memberof",
    "empty-with-size:/group/*/membersByGroupId",
    "operation-twice:/content/**",
    "wrong-operation:/content/**",
    "wrong-operation:/content/search",
    "no-ids:/content/**",
    "no-ids:/user/memberof",
    "no-parent-id:/**",
    "null=parentId:/**",
    "foreign-space-id:/**",
    "duplicate-entries:/**",
    "no-account-type:/users-bulk",
];

fn adversary(dice: &mut Dice) -> Adversary {
    let mut adversary = Adversary::default();
    for _ in 0..=dice.below(2) {
        let mangle = if dice.one_in(3) {
            let name = match dice.below(4) {
                0 => format!("without={}", dice.pick(&FIELDS)),
                1 => format!("null={}", dice.pick(&FIELDS)),
                _ => dice.pick(Mangling::NAMES).to_owned(),
            };
            format!("{name}:{}", dice.pick(&PATHS))
        } else {
            dice.pick(&AIMED).to_owned()
        };
        let times = dice.pick(&["", "", "", "", "", "", ":1", ":2", ":2+1"]);
        adversary = adversary.mangle(format!("{mangle}{times}").parse().unwrap());
    }
    if dice.one_in(6) {
        let hidden =
            dice.pick(&["memberof", "space-role-mode", "group-members", "users-bulk", "space-roles"]);
        adversary = adversary.hide(format!("{hidden}={}", dice.pick(&["403", "404"])).parse().unwrap());
    }
    adversary
}
