//! Random state files, with everything in them that makes a site hard to write down.

use std::fmt::Write as _;

/// Steele, Lea and Flood's `SplitMix64`.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end as u64).unwrap()
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub(crate) fn some<T: Copy>(&mut self, from: &[T], one_in: usize) -> Vec<T> {
        from.iter().copied().filter(|_| self.one_in(one_in)).collect()
    }
}

const USERS: &str = r##"users:
  ann: {account-id: u-ann, name: Ann, email: ann@x.com, confluence-admin: true}
  bob: {account-id: u-bob, name: Bob Builder, email: bob@x.com}
  bob2: {account-id: u-bob2, name: Bob Builder}
  no: {account-id: u-no, name: "no"}
  nameless: {account-id: "712020:9e1c1c1a-0c58-4a6c-8f0e-6a2f5f5f0001", name: "???"}
  taro: {account-id: 5b10ac8d82e05b22cc7d4ef5, name: "山田 太郎"}
  left: {account-id: u-left, name: "Lena #1: gone", status: inactive}
  closed: {account-id: u-closed, name: Omar, status: closed}
  bot: {account-id: u-bot, name: Bot, type: app}
  carl: {account-id: u-carl, name: Carl, type: customer}
  gus: {account-id: u-gus, name: Gus, guest-of: ENG}
groups:
  eng: {id: g-eng, members: [ann, bob], access: user}
  "a: b": {id: g-colon, members: [taro]}
  "#x, [y]": {id: g-hash, members: []}
  "no": {id: g-no, members: [bob2]}
  " led ": {id: g-led, members: [bob]}
  "it's \"q\"": {id: g-quote, members: [left]}
"##;

const ROLES: &str = r#"roles:
  Admin: {id: r-admin, type: system, permissions: [read/space, create/page, administer/space]}
  Viewer: {id: r-viewer, type: system, permissions: [read/space]}
  viewer: {id: r-lower, type: custom, permissions: [read/space, create/comment]}
  "Read / Export: all": {id: r-odd, type: custom, permissions: [read/space, export/space]}
  "???": {id: r-what, type: custom, permissions: [read/space, administer/space]}
"#;

const PRINCIPALS: [&str; 19] = [
    "user:ann",
    "user:bob",
    "user:bob2",
    "user:no",
    "user:nameless",
    "user:taro",
    "user:left",
    "user:closed",
    "user:bot",
    "user:carl",
    "user:gus",
    "account-id:u-ghost",
    "group:eng",
    "group:a: b",
    "group:#x, [y]",
    "group:no",
    "group: led ",
    "group:it's \"q\"",
    "anonymous",
];

const CLASSES: [&str; 3] =
    ["class:all-licensed-users", "class:all-product-admins", "class:jsm-project-admins"];

const LISTED: [&str; 14] = [
    "user:ann",
    "user:ann",
    "user:bob",
    "user:bob2",
    "user:taro",
    "user:gus",
    "user:left",
    "user:bot",
    "user:bot",
    "group:eng",
    "group:eng",
    "group:#x, [y]",
    "group: led ",
    "account-id:u-ghost",
];

const OLD_PERMISSIONS: [&str; 9] = [
    "create/page",
    "create/comment",
    "create/blogpost",
    "create/attachment",
    "delete/page",
    "delete/space",
    "archive/page",
    "restrict_content/space",
    "export/space",
];

const NEW_PERMISSIONS: [&str; 4] =
    ["export_content/space", "update/page", "manage_users/space", "delete_space/space"];

const TITLES: [&str; 20] = [
    "Home",
    "Runbooks",
    "Runbooks",
    "A/B",
    "*",
    "**",
    "id:5",
    "Say \"hi\"",
    "a: b",
    "# 1",
    "日本語",
    " lead",
    "tail ",
    "~",
    "null",
    "A\\B\\/C",
    "…",
    "[x], {y}",
    "two\nlines",
    "It's 100%",
];

const STATUSES: [&str; 3] = [", status: archived", ", status: trashed", ", status: draft"];

const CONTAINERS: [&str; 4] = [", type: folder", ", type: whiteboard", ", type: database", ", type: embed"];

const QUIRKS: [&str; 9] = [
    "",
    "",
    "duplicate-rows: independent",
    "anonymous-row: user",
    "anonymous-row: omitted",
    "page-cap: 3, empty-pages: true",
    "folders-restrictable: true",
    "unreadable-ancestor-fails-batch: false",
    "search-misses: [3, 4]",
];

/// One site. `ann` reads it, and administers its spaces as a rule. Some have lost their last administrator.
pub(crate) fn state(seed: u64) -> String {
    let mut dice = Dice(seed);
    let mode = dice.pick(&["pre-roles", "roles-transition", "roles"]);
    let mut text = format!(
        "kind: confluence-sandbox\nversion: 1\n\
         site: {{flavor: cloud, space-role-mode: {mode}, anonymous: true, caller: ann, cloud-id: c1}}\n{USERS}"
    );
    if mode != "pre-roles" {
        text.push_str(ROLES);
    }
    text.push_str("spaces:\n");
    let mut page = 0;
    for (id, key) in ["ENG", "eng", "~u-bob"].into_iter().enumerate() {
        if id == 0 || dice.one_in(3) {
            space(&mut text, &mut dice, mode, id + 1, key, &mut page);
        }
    }
    let _ = writeln!(text, "quirks: {{{}}}", dice.pick(&QUIRKS));
    text
}

fn space(text: &mut String, dice: &mut Dice, mode: &str, id: usize, key: &str, page: &mut usize) {
    let status = if dice.one_in(6) { "archived" } else { "current" };
    let _ = writeln!(text, "  \"{key}\":\n    id: {id}\n    name: \"Space: {id}\"\n    status: {status}");
    let orphaned = dice.one_in(8);
    let mut rows: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut roles: Vec<(&str, Vec<&str>)> = Vec::new();
    // An account that the language cannot name is rare, so that most spaces can be written whole.
    let rare = |dice: &mut Dice, who: &str| who.starts_with("account-id") && !dice.one_in(3);
    for who in PRINCIPALS.into_iter().chain(CLASSES) {
        let is_caller = who == "user:ann";
        if !is_caller && (!dice.one_in(3) || rare(dice, who)) {
            continue;
        }
        let class = who.starts_with("class:");
        if mode != "pre-roles" && (mode == "roles" || dice.one_in(2)) && !(mode == "roles" && dice.one_in(12))
        {
            let role = match is_caller || dice.one_in(4) {
                true if !orphaned => "Admin",
                true => "Viewer",
                false => dice.pick(&["Viewer", "viewer", "Read / Export: all", "???"]),
            };
            let role = if orphaned && role == "???" { "viewer" } else { role };
            let role = if who == "anonymous" && !dice.one_in(6) { "Viewer" } else { role };
            push(&mut roles, role, who);
            continue;
        }
        if class && mode == "pre-roles" && !dice.one_in(4) {
            continue;
        }
        let bundle = dice.below(4);
        let mut held: Vec<&str> = match bundle {
            0 => vec!["create/comment"],
            1 => OLD_PERMISSIONS[..7].to_vec(),
            _ => dice.some(&OLD_PERMISSIONS, 3),
        };
        if mode != "pre-roles" || dice.one_in(8) {
            held.extend(dice.some(&NEW_PERMISSIONS, 3));
        }
        if !dice.one_in(25) || is_caller {
            held.push("read/space");
        }
        if (is_caller || (dice.one_in(5) && who != "anonymous")) && !orphaned {
            held.push("administer/space");
        }
        for permission in held {
            push(&mut rows, permission, who);
        }
    }
    section(text, "permissions", &rows);
    section(text, "role-assignments", &roles);
    text.push_str("    pages:\n");
    for _ in 0..=dice.below(3) {
        node(text, dice, 3, page);
    }
    if dice.one_in(2) {
        text.push_str("    blogposts:\n");
        *page += 1;
        let _ = writeln!(text, "      - {{id: {page}, title: \"Runbooks\"{}}}", lists(dice));
    }
}

fn push<'a>(rows: &mut Vec<(&'a str, Vec<&'a str>)>, key: &'a str, who: &'a str) {
    match rows.iter_mut().find(|(known, _)| *known == key) {
        Some((_, list)) => {
            if !list.contains(&who) {
                list.push(who);
            }
        }
        None => rows.push((key, vec![who])),
    }
}

fn section(text: &mut String, name: &str, rows: &[(&str, Vec<&str>)]) {
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "    {name}:");
    for (key, who) in rows {
        let _ = writeln!(text, "      {}: {}", quoted(key), quoted_list(who));
    }
}

fn node(text: &mut String, dice: &mut Dice, depth: usize, page: &mut usize) {
    *page += 1;
    let indent = "  ".repeat(6 - depth);
    let long = "long ".repeat(45);
    let title = if dice.one_in(12) { long.as_str() } else { dice.pick(&TITLES) };
    let status = if dice.one_in(8) { dice.pick(&STATUSES) } else { "" };
    let kind = if dice.one_in(6) { dice.pick(&CONTAINERS) } else { "" };
    let lists = lists(dice);
    let children = if depth > 0 { dice.below(3) } else { 0 };
    let open = format!("{indent}- {{id: {page}, title: {}{kind}{status}{lists}", quoted(title));
    if children == 0 {
        let _ = writeln!(text, "{open}}}");
        return;
    }
    let _ = writeln!(text, "{open}, children: [");
    for number in 0..children {
        let mut child = String::new();
        node(&mut child, dice, depth - 1, page);
        let child = child.trim().trim_start_matches("- ").to_owned();
        let _ = writeln!(text, "{indent}  {child}{}", if number + 1 < children { "," } else { "" });
    }
    let _ = writeln!(text, "{indent}]}}");
}

fn lists(dice: &mut Dice) -> String {
    let mut text = String::new();
    for verb in ["view", "edit"] {
        if dice.one_in(3) {
            let mut who = dice.some(&LISTED, 4);
            who.sort_unstable();
            who.dedup();
            if verb == "view" && !dice.one_in(4) && !who.contains(&"user:ann") {
                who.push("user:ann");
            }
            if !who.is_empty() {
                let _ = write!(text, ", {verb}: {}", quoted_list(&who));
            }
        }
    }
    text
}

fn quoted_list(who: &[&str]) -> String {
    let who: Vec<String> = who.iter().map(|who| quoted(who)).collect();
    format!("[{}]", who.join(", "))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
