//! What `max-removals` blocks by default and what it lets through, through the real path.

use std::fmt::Write as _;

use crate::support::{Folder, Ran};

const HEAD: &str = "kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, edition: standard, caller: bot}
users:
  bot: {account-id: 5b10ac8d82e05b22cc7d4e01, name: Bot, email: bot@example.com, confluence-admin: true}
  ann: {account-id: 5b10ac8d82e05b22cc7d4e02, name: Ann, email: ann@example.com}
";

/// A site with as many teams, a member each, and these spaces.
fn site(teams: usize, spaces: &str) -> String {
    let mut text = HEAD.to_owned();
    for team in 0..teams {
        writeln!(text, "  m{team}: {{account-id: 5b10ac8d82e05b22cc7e{team:04}, name: M{team}, email: m{team}@example.com}}").unwrap();
    }
    text.push_str("groups:\n  staff: {id: g-staff, members: [bot, ann], access: user}\n");
    for team in 0..teams {
        writeln!(text, "  team{team}: {{id: g-team{team}, members: [m{team}], access: user}}").unwrap();
    }
    format!("{text}spaces:\n{spaces}")
}

fn space(number: usize, read: &str, pages: &str) -> String {
    format!(
        "  S{number}:\n    id: {}\n    name: S{number}\n    permissions: {{read/space: [user:bot, {read}], create/page: [user:bot, {read}], \
         administer/space: [user:bot], restrict_content/space: [user:bot]}}\n{pages}",
        1000 + number
    )
}

fn teams(numbers: impl IntoIterator<Item = usize>) -> String {
    numbers.into_iter().map(|number| format!("group:team{number}")).collect::<Vec<_>>().join(", ")
}

fn plan(site: &str, policy: &str) -> Ran {
    let policy = format!(
        "version: 1\nsite: {{url: sandbox:site.yaml}}\npeople: {{ann: 5b10ac8d82e05b22cc7d4e02, bot: 5b10ac8d82e05b22cc7d4e01}}\n{policy}"
    );
    let folder = Folder::with(&[("confperm.yaml", &policy), ("site.yaml", site)]);
    folder.run(&["plan"])
}

fn authoritative(number: usize, who: &str) -> String {
    format!(
        "  S{number}: {{access: {{administer/space: [user:bot], read/space: [{who}], create/page: [{who}]}}}}\n"
    )
}

#[test]
fn one_space_that_is_emptied_is_blocked_however_many_stand_beside_it() {
    let spaces: String = (0..5).map(|number| space(number, &teams(0..8), "")).collect();
    let mut policy = "spaces:\n".to_owned();
    (0..4).for_each(|number| policy.push_str(&authoritative(number, &format!("user:bot, {}", teams(0..8)))));
    policy.push_str(&authoritative(4, "user:bot"));
    let ran = plan(&site(8, &spaces), &policy).code(3);
    assert!(
        ran.out.contains("S4  8 of 9 principals lose access: group:team0, group:team1, group:team2, group:team3, group:team4 and 3 more"),
        "{}",
        ran.out
    );
    // A number is the run's limit and no space's; all of it lifts both.
    plan(&site(8, &spaces), &format!("{policy}guards: {{max-removals: 40}}\n")).code(3);
    plan(&site(8, &spaces), &format!("{policy}guards: {{max-removals: 100%}}\n")).code(0);
}

#[test]
fn a_space_with_many_restricted_pages_is_emptied_no_more_easily() {
    let mut pages = String::new();
    for page in 0..30 {
        let list = teams(0..4);
        writeln!(pages, "      - {{id: 1{page:02}, title: P{page}, view: [user:bot, {list}]}}").unwrap();
    }
    let spaces = space(0, &teams(0..8), &format!("    pages:\n{pages}"));
    let ran = plan(&site(8, &spaces), &format!("spaces:\n{}", authoritative(0, "user:bot"))).code(3);
    assert!(ran.out.contains("S0  8 of 9 principals lose access"), "{}", ran.out);
}

#[test]
fn an_access_block_that_is_cut_from_eight_entries_to_two_is_blocked() {
    let spaces = space(0, &teams(0..8), "");
    let policy = |left| format!("spaces:\n{}", authoritative(0, &format!("user:bot, {}", teams(0..left))));
    let ran = plan(&site(8, &spaces), &policy(2)).code(3);
    assert!(ran.out.contains("6 of 9 principals lose access"), "{}", ran.out);
    plan(&site(8, &spaces), &policy(4)).code(0);
    // Fewer rights for all of them are as much of a loss.
    let readers = format!(
        "spaces:\n  S0: {{access: {{administer/space: [user:bot], read/space: [user:bot, {}], create/page: [user:bot]}}}}\n",
        teams(0..8)
    );
    plan(&site(8, &spaces), &readers).code(3);
}

#[test]
fn a_table_that_loses_half_of_its_rows_is_blocked() {
    let spaces: String =
        (0..10).map(|number| space(number, &teams([2 * number, 2 * number + 1]), "")).collect();
    let policy = |rows: usize| {
        let mut csv = "Space,Type,Id\n".to_owned();
        (0..rows).for_each(|row| writeln!(csv, "S{},group,team{row}", row / 2).unwrap());
        let mut text =
            "version: 1\nsite: {url: sandbox:site.yaml}\npeople: {bot: 5b10ac8d82e05b22cc7d4e01}\nspaces:\n"
                .to_owned();
        (0..10).for_each(|number| {
            writeln!(text, "  S{number}: {{access: {{admin: [user:bot]}}}}").unwrap();
        });
        text.push_str(
            "rules: [{name: owners, from: {csv: o.csv, space: Space, type: Type, id: Id}, access: [read/space, create/page]}]\n",
        );
        Folder::with(&[("confperm.yaml", &text), ("site.yaml", &site(20, &spaces)), ("o.csv", &csv)])
    };
    policy(20).run(&["plan"]).code(0);
    let ran = policy(10).run(&["plan"]).code(3);
    assert!(ran.out.contains("10 of 30 principals lose access; the limit is 25%"), "{}", ran.out);
}

#[test]
fn a_pattern_that_drops_five_subjects_from_three_lists_in_ten_is_blocked() {
    let list = |page: usize| if page < 6 { teams(0..5) } else { "group:staff".to_owned() };
    let mut pages = String::new();
    for page in 0..20 {
        let list = list(page);
        let view = format!("[user:bot, group:staff, {list}]");
        writeln!(pages, "      - {{id: 1{page:02}, title: P{page}, view: {view}}}").unwrap();
    }
    let spaces = space(0, &format!("group:staff, {}", teams(0..5)), &format!("    pages:\n{pages}"));
    let policy = "spaces: {S0: {mode: additive, pages: {/**: {view: [user:bot, group:staff]}}}}\n";
    let ran = plan(&site(5, &spaces), policy).code(3);
    assert!(ran.out.contains("30 of 70 entries on page lists are removed; the limit is 25%"), "{}", ran.out);
}

#[test]
fn an_offboarding_over_two_hundred_spaces_passes() {
    let spaces: String = (0..200).map(|number| space(number, "user:ann, group:team0", "")).collect();
    let ran =
        plan(&site(1, &spaces), "rules: [{name: leavers, spaces: {key: '*'}, absent: [user:ann]}]\n").code(0);
    assert!(ran.out.contains("Guards: min-admins holds.\n"), "{}", ran.out);
}

#[test]
fn a_swap_of_two_groups_passes() {
    let spaces: String = (0..30).map(|number| space(number, &teams([0]), "")).collect();
    let swap = "rules: [{name: swap, spaces: {key: '*'}, replace: {group:team0: group:team1}}]\n";
    plan(&site(2, &spaces), swap).code(0);
}

#[test]
fn what_an_end_takes_back_passes() {
    let spaces: String = (0..12).map(|number| space(number, &teams(0..2), "")).collect();
    let both = "[user:bot, {who: group:team0, until: 2026-11-01}, {who: group:team1, until: 2026-11-01}]";
    let mut policy = "spaces:\n".to_owned();
    (0..12).for_each(|number| {
        writeln!(
            policy,
            "  S{number}: {{access: {{admin: [user:bot], read/space: {both}, create/page: {both}}}}}"
        )
        .unwrap();
    });
    plan(&site(2, &spaces), &policy).code(0);
}

#[test]
fn all_jobs_pass_with_the_default_guards() {
    for job in ["all-spaces", "bulk-from-csv", "copy-access", "offboard-a-leaver", "page-only", "swap-groups"]
    {
        let policy = Folder::example("jobs").read(&format!("{job}/confperm.yaml"));
        assert!(!policy.contains("max-removals"), "{job}");
        let folder = Folder::example("jobs");
        let path = folder.file(job);
        assert_ne!(folder.run(&["plan", path.as_str()]).code, 3, "{job}");
    }
}
