//! A policy as a person writes it for the first state of the site.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use confperm::sandbox::world::{Pair, Principal};

use super::case::{Declared, Entry, PEOPLE, ROLE_NAMES, Reach, Rules, Selector, VISITOR, written};

/// The policy as a person writes it.
pub(super) fn text(policy: &[Declared]) -> String {
    let mut text = "version: 1\nguards: {max-removals: 100%, min-admins: 0}\npeople:\n".to_owned();
    for name in PEOPLE {
        let account =
            if name == VISITOR { format!("{{account: u-{name}, guest-of: A}}") } else { format!("u-{name}") };
        let _ = writeln!(text, "  {name}: {account}");
    }
    if policy.iter().any(|space| space.by_roles) {
        text.push_str(
            "roles:\n  editor: {includes: [viewer], permissions: [create/page, update/page], site-role: Editor}\n  \
             eraser: {includes: [viewer], permissions: [delete/page], site-role: Eraser}\n  \
             keeper: {includes: [editor, eraser], site-role: Keeper}\n",
        );
    }
    text.push_str("spaces:\n");
    for space in policy.iter().filter(|space| !space.by_rules) {
        let mode = if space.additive { "additive" } else { "authoritative" };
        let _ = writeln!(text, "  {}:\n    mode: {mode}", space.key);
        let access: &[(Pair, Principal)] = if let Some(source) = space.like {
            let _ = writeln!(text, "    like: {source}");
            &[]
        } else {
            text.push_str("    access:\n");
            let roles = space.own_roles();
            for (role, _) in ROLE_NAMES {
                let who = roles.iter().filter(|(_, of)| **of == role).map(|(who, _)| quoted(who));
                let who = who.collect::<Vec<_>>().join(", ");
                if !who.is_empty() {
                    let _ = writeln!(text, "      {role}: [{who}]");
                }
            }
            if space.by_roles { &[] } else { &space.access }
        };
        for pair in [Pair::ReadSpace, Pair::CreatePage, Pair::DeletePage] {
            let who: Vec<String> =
                access.iter().filter(|(of, _)| *of == pair).map(|(_, who)| quoted(who)).collect();
            if !who.is_empty() {
                let _ = writeln!(text, "      {}/{}: [{}]", pair.key(), pair.target(), who.join(", "));
            }
        }
        if space.opens_unlisted {
            text.push_str("    unlisted-pages: open\n");
        }
        if !space.pages.is_empty() {
            text.push_str("    pages:\n");
        }
        for Entry { pages, view, edit } in &space.pages {
            let lists: Vec<String> = [("view", view), ("edit", edit)]
                .iter()
                .filter_map(|(verb, list)| Some(format!("{verb}: {}", listed(list.as_ref()?))))
                .collect();
            let _ = writeln!(text, "      '{}': {{{}}}", selected(pages), lists.join(", "));
        }
        if !space.guests.is_empty() {
            let pages: Vec<String> =
                space.guests.iter().map(|pages| format!("'{}'", selected(pages))).collect();
            let _ = writeln!(
                text,
                "    page-only: [{{who: ['group:ext'], pages: [{}], role: viewer}}]",
                pages.join(", ")
            );
        }
    }
    if let Some(space) = policy.first() {
        text.push_str(&rules_text(&space.rules, policy.iter().any(|space| space.by_roles)));
    }
    text
}

fn rules_text(rules: &Rules, by_roles: bool) -> String {
    let mut text = String::new();
    if let Some(who) = &rules.absent {
        let _ = writeln!(text, "  - {{name: absent, spaces: {{key: '*'}}, absent: [{}]}}", quoted(who));
    }
    if let Some([new, old]) = &rules.replace {
        let (new, old) = (quoted(new), quoted(old));
        let _ = writeln!(text, "  - {{name: replace, spaces: {{key: '*'}}, replace: {{{old}: {new}}}}}");
    }
    for (number, (keys, pair, who)) in rules.access.iter().enumerate() {
        let keys = keys.iter().copied().collect::<Vec<_>>().join(", ");
        let right = if by_roles { "viewer".to_owned() } else { format!("{}/{}", pair.key(), pair.target()) };
        let access = format!("{right}: [{}]", quoted(who));
        let _ = writeln!(text, "  - {{name: rule {number}, spaces: [{keys}], access: {{{access}}}}}");
    }
    if text.is_empty() { text } else { format!("rules:\n{text}") }
}

fn selected(selector: &Selector) -> String {
    let name = selector.name.as_ref().map(|name| name.written.as_str()).unwrap_or_default();
    match selector.reach {
        Reach::Itself => name.to_owned(),
        Reach::Children => format!("{name}/*"),
        Reach::All => format!("{name}/**"),
    }
}

fn quoted(who: &Principal) -> String {
    format!("'{}'", written(who))
}

fn listed(list: &BTreeSet<Principal>) -> String {
    if list.is_empty() {
        return "anyone".to_owned();
    }
    format!("[{}]", list.iter().map(quoted).collect::<Vec<_>>().join(", "))
}
