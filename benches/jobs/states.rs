//! States of a site in the sandbox's own format, made for the jobs.

use std::fmt::Write as _;

/// The permissions of a collaborator on a site without space roles.
pub(crate) const COLLABORATOR: [(&str, &str); 7] = [
    ("read", "space"),
    ("create", "comment"),
    ("create", "page"),
    ("create", "blogpost"),
    ("create", "attachment"),
    ("delete", "space"),
    ("archive", "page"),
];

/// A site without space roles, with groups `g1` and so on, and people `p1` and so on. Ann signs in.
pub(crate) fn site(groups: u64, people: u64) -> String {
    let mut text = String::from(
        "kind: confluence-sandbox\n\
         version: 1\n\
         site: {flavor: cloud, space-role-mode: pre-roles, edition: standard, anonymous: false, caller: ann}\n\
         users:\n  \
           ann: {account-id: 5b10ac8d82e05b2200000000, name: Ann, email: ann@example.com, confluence-admin: true}\n",
    );
    for number in 1..=people {
        let account = person(number);
        line(
            &mut text,
            &format!("  p{number}: {{account-id: {account}, name: P{number}, email: p{number}@example.com}}"),
        );
    }
    let everybody: Vec<String> = (1..=people).map(|number| format!("p{number}")).collect();
    text.push_str("groups:\n");
    let members = ["ann".to_owned()].into_iter().chain(everybody).collect::<Vec<_>>().join(", ");
    let id = group(0);
    line(&mut text, &format!("  confluence-users: {{id: {id}, members: [{members}], access: user}}"));
    for number in 1..=groups {
        let id = group(number);
        let member = if people == 0 { String::new() } else { format!("p{}", 1 + number % people) };
        line(&mut text, &format!("  g{number}: {{id: {id}, members: [{member}]}}"));
    }
    text.push_str("spaces:\n");
    text
}

/// Adds a space. `holders` pairs names such as `group:g1` with their permissions; Ann administers it.
pub(crate) fn space(
    text: &mut String,
    key: &str,
    id: u64,
    holders: &[(String, &[(&str, &str)])],
    pages: &str,
) {
    line(text, &format!("  {key}:"));
    line(text, &format!("    id: {id}"));
    line(text, &format!("    name: Space {key}"));
    line(text, "    permissions:");
    for permission in COLLABORATOR.iter().chain(&[("restrict_content", "space"), ("administer", "space")]) {
        let holds =
            |(who, permissions): &(String, &[_])| permissions.contains(permission).then(|| who.clone());
        let who: Vec<String> =
            ["user:ann".to_owned()].into_iter().chain(holders.iter().filter_map(holds)).collect();
        line(text, &format!("      {}/{}: [{}]", permission.0, permission.1, who.join(", ")));
    }
    if !pages.is_empty() {
        line(text, "    pages:");
        text.push_str(pages);
    }
}

pub(crate) fn line(text: &mut String, line: &str) {
    let written = writeln!(text, "{line}");
    debug_assert!(written.is_ok(), "a string takes everything");
}

pub(crate) fn person(number: u64) -> String {
    format!("5b10ac8d82e05b22{number:08}")
}

pub(crate) fn group(number: u64) -> String {
    format!("2d1f6c1e-0c58-4a6c-8f0e-{number:012}")
}
