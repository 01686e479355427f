//! Random sites, as they were when a policy for them was first planned.

use std::fmt::Write as _;

use super::case::{GROUPS, KEYS, LEAVERS, ORPHANED, PEOPLE, ROW_HOLDERS};
use crate::worlds::Dice;

const ROLES: &str = "roles:
  Admin: {id: r-admin, type: system, permissions: [read/space, create/page, update/page, delete/page, create/blogpost, update/blogpost, restrict_content/space, administer/space]}
  Viewer: {id: r-viewer, type: system, permissions: [read/space]}
  Editor: {id: r-editor, type: custom, permissions: [read/space, create/page, update/page]}
  Eraser: {id: r-eraser, type: custom, permissions: [read/space, delete/page]}
  Keeper: {id: r-keeper, type: custom, permissions: [read/space, create/page, update/page, delete/page]}
";
const TITLES: [&str; 12] =
    ["Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta", "Eta", "Theta", "Iota", "Kappa", "Lambda", "Mu"];

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
  gus: {account-id: u-gus, name: Gus, guest-of: A}
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
    for (number, key) in KEYS.into_iter().chain([ORPHANED.1]).enumerate() {
        let id = number + 1;
        let is_orphaned = key == ORPHANED.1;
        let _ = writeln!(text, "  {key}:\n    id: {id}\n    name: {key}");
        let groups = dice.some(&GROUPS, 2).into_iter().map(|name| format!("group:{name}"));
        let people = dice.some(&LEAVERS, 3).into_iter().map(|name| format!("user:{name}"));
        let mut readers: Vec<String> = groups.chain(people).collect();
        let by_role: Vec<String> = match mode {
            "roles" => std::mem::take(&mut readers),
            "roles-transition" => {
                let (by_role, by_rows) = readers
                    .into_iter()
                    .partition(|who| !ROW_HOLDERS.contains(&who.as_str()) && dice.one_in(2));
                readers = by_rows;
                by_role
            }
            _ => Vec::new(),
        };
        if mode != "pre-roles" {
            let (editors, viewers): (Vec<_>, Vec<_>) = by_role.into_iter().partition(|_| dice.one_in(2));
            let admin = if mode == "roles" && !is_orphaned { "user:ann" } else { "" };
            let (editors, viewers) = (editors.join(", "), viewers.join(", "));
            let _ = writeln!(
                text,
                "    role-assignments: {{Admin: [{admin}], Viewer: [{viewers}], Editor: [{editors}]}}"
            );
        }
        if mode == "roles" {
            pages(&mut text, dice, id);
            continue;
        }
        let editors = readers.iter().filter(|_| dice.one_in(2)).cloned().collect::<Vec<_>>();
        text.push_str("    permissions:\n");
        for (pair, who) in [("read/space", readers), ("create/page", editors)] {
            let who = if is_orphaned && pair != "read/space" { who } else { with_caller(who) }.join(", ");
            let _ = writeln!(text, "      {pair}: [{who}]");
            if pair == "create/page" && mode != "pre-roles" {
                let _ = writeln!(text, "      update/page: [{who}]");
            }
        }
        if is_orphaned {
            pages(&mut text, dice, id);
            continue;
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
            let groups = dice.some(&GROUPS, 3).into_iter().map(|name| format!("group:{name}"));
            let people = dice.some(&LEAVERS, 4).into_iter().map(|name| format!("user:{name}"));
            let who = with_caller(groups.chain(people).collect()).join(", ");
            let _ = write!(text, ", {verb}: [{who}]");
        }
    }
    text
}
