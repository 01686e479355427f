//! `unresolved/<code>/` holds policies that are right in themselves and wrong for the site of `site.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use camino::{Utf8Path, Utf8PathBuf};
use confperm::diagnostic::{Diagnostics, Sources};
use confperm::model::{
    AccountStatus, Audience, ContentId, Desired, DesiredHolding, Forbidden, Guards, Holding, Live,
    MaxRemovals, Origin, PageList, Permission, Role, RoleKind, SpaceKey, SpaceRoleMode, Strength,
};
use confperm::policy::lock::{LOCK_FILE, Lock};
use confperm::policy::{Context, Loaded, Policy, Resolved, declared_pages, from_sources, load, resolve};

use crate::fixtures::{check, drawn, folders};
use crate::site::{ANN, TODAY, site};

fn policy(text: &str) -> Policy {
    let mut sources = Sources::default();
    sources.insert(Utf8PathBuf::from("policy.yaml"), text);
    let Loaded { policy, findings, sources } = from_sources(sources);
    policy.unwrap_or_else(|| panic!("{}", drawn(&findings, &sources)))
}

/// Resolves the body of a policy, and writes down what comes out, or what is wrong.
fn resolved(mode: SpaceRoleMode, body: &str) -> String {
    let policy = policy(&format!("version: 1\n{body}"));
    match resolve(&policy, &site(mode), TODAY) {
        Ok(Resolved { desired, warnings }) => written(&desired) + &told(&warnings),
        Err(findings) => told(&findings),
    }
}

fn told(findings: &Diagnostics) -> String {
    findings
        .iter()
        .fold(String::new(), |text, finding| format!("{text}{}: {}\n", finding.code, finding.message))
}

fn written(desired: &Desired) -> String {
    let mut text = String::new();
    for (key, space) in &desired.spaces {
        for (principal, holding) in &space.holdings {
            write!(text, "{key} {principal}").unwrap();
            match holding {
                DesiredHolding::Role(role, by) => {
                    let named = by.role.as_deref().unwrap_or("-");
                    write!(text, " role {role} ({named}:{})", by.origin.line).unwrap();
                }
                DesiredHolding::Nothing(by) => {
                    write!(text, " nothing ({})", by.origin.line).unwrap();
                }
                DesiredHolding::Grants(grants) => {
                    for (permission, (strength, by)) in grants {
                        let mark = match strength {
                            Strength::Refused => "!",
                            Strength::Tolerated => "?",
                            Strength::Required => "",
                        };
                        let named = by.role.as_deref().unwrap_or("-");
                        write!(text, " {permission}{mark}({named}:{})", by.origin.line).unwrap();
                    }
                }
            }
            text.push('\n');
        }
        for (id, page) in &space.pages {
            write!(text, "{key} {id}").unwrap();
            for list in PageList::ALL {
                let Some(wanted) = page.audience(list) else { continue };
                let who: Vec<String> = wanted.what.subjects().map(ToString::to_string).collect();
                let who = if wanted.what == Audience::Anyone { "anyone".to_owned() } else { who.join(",") };
                write!(text, " {} {who} ({})", list.as_str(), wanted.origin().line).unwrap();
            }
            text.push('\n');
        }
    }
    text
}

/// The lock of a fixture, if it has one.
fn lock(folder: &Utf8Path, sources: &mut Sources) -> Lock {
    let Ok(text) = std::fs::read_to_string(folder.join(LOCK_FILE)) else { return Lock::default() };
    let file = Utf8PathBuf::from(LOCK_FILE);
    sources.insert(file.clone(), text.as_str());
    Lock::parse(&file.into(), &text).unwrap()
}

#[test]
fn each_mistake_against_the_site_is_told_as_expected() {
    for folder in folders("unresolved") {
        let Loaded { findings, sources, policy } = load(&folder);
        let policy = policy.unwrap_or_else(|| panic!("{folder}\n{}", drawn(&findings, &sources)));
        let code = folder.file_name().unwrap();
        let mode = match code {
            "ambiguous-role" | "not-expressible" | "unknown-site-role" | "renamed-name" | "taken-name" => {
                SpaceRoleMode::Roles
            }
            _ => SpaceRoleMode::PreRoles,
        };
        let mut sources = sources;
        let lock = lock(&folder, &mut sources);
        let mut live = site(mode);
        if code == "ambiguous-role" {
            let twin = Role::new(
                "r-auditor-2".parse().unwrap(),
                "Auditor\u{a0}".into(),
                RoleKind::Custom,
                BTreeSet::new(),
            );
            live.roles.insert(twin.id.clone(), twin);
        }
        let found = match resolve(&policy, &live, Context { lock: &lock, ..TODAY }) {
            Ok(resolved) => resolved.warnings,
            Err(findings) => findings,
        };
        assert!(found.iter().any(|finding| finding.code.as_str() == code), "{folder}: {found:#?}");
        check(&folder.join("expected.txt"), &drawn(&found, &sources));
    }
}

#[test]
fn pages_are_named_by_number_in_patterns_and_paths_and_by_address() {
    let found = resolved(
        SpaceRoleMode::PreRoles,
        "spaces:\n  ENG:\n    mode: additive\n    pages:\n      id:9/**: {edit: [group:sre]}\n      id:2/*: {edit: [group:leads]}\n      \
         id:5/Public: {edit: [group:hr]}\n      id:5/Public/**: {view: [group:hr]}\n      \
         https://acme.atlassian.net/wiki/spaces/ENG/pages/4/Restore: {edit: [group:platform]}",
    );
    insta::assert_snapshot!(found, @"
    ENG 3 edit group:g-leads (7)
    ENG 4 edit group:g-platform (10)
    ENG 6 edit group:g-hr (8)
    ENG 7 view group:g-hr (9)
    ENG 10 edit group:g-sre (6)
    ");
}

#[test]
fn an_address_belongs_to_its_space() {
    let found = |target: &str| {
        let mut sources = Sources::default();
        let text = format!(
            "version: 1\nspaces:\n  ENG:\n    mode: additive\n    pages:\n      {target}: {{edit: [group:sre]}}\n"
        );
        sources.insert(Utf8PathBuf::from("policy.yaml"), text);
        told(&from_sources(sources).findings)
    };
    assert!(
        found("https://acme.atlassian.net/wiki/spaces/HR/pages/4/Restore")
            .contains("belongs to the space `HR`")
    );
    assert!(found("https://acme.atlassian.net/wiki/spaces/ENG").contains("not that of a page"));
    assert_eq!(found("https://acme.atlassian.net/wiki/pages/viewpage.action?pageId=4"), "");
}

#[test]
fn without_roles_a_role_is_a_bundle_and_companions_are_tolerated() {
    let found = resolved(
        SpaceRoleMode::PreRoles,
        "spaces: {ENG: {access: {viewer: [group:sre], export/space: [group:leads]}}}",
    );
    insta::assert_snapshot!(found, @"
    ENG group:g-leads read/space(-:2) export/space(-:2)
    ENG group:g-sre read/space(viewer:2) export_content/space?(viewer:2) create/comment(viewer:2)
    ");
}

#[test]
fn the_first_line_that_asks_is_the_one_that_is_named() {
    let found = resolved(
        SpaceRoleMode::RolesTransition,
        "spaces:\n  ENG:\n    access:\n      read/space: [group:sre]\n      viewer: [group:sre]\n      export/space: [group:sre]\n      export_content/space: [group:sre]",
    );
    insta::assert_snapshot!(found, @"ENG group:g-sre read/space(-:5) export_content/space(-:8) create/comment(viewer:6) export/space(-:7)");
}

#[test]
fn with_roles_the_largest_role_is_assigned() {
    let body = "spaces:\n  ENG:\n    access:\n      viewer: [group:sre, anonymous]\n      collaborator: [group:sre]\n      create/page: [group:sre]\n      admin: [class:all-product-admins]";
    let found = resolved(SpaceRoleMode::Roles, body);
    insta::assert_snapshot!(found, @"
    ENG group:g-sre role r-collab (collaborator:6)
    ENG class:all-product-admins role r-admin (admin:8)
    ENG anonymous role r-viewer (viewer:5)
    ");
    assert_eq!(found, resolved(SpaceRoleMode::RolesTransition, body));
}

#[test]
fn guests_hold_their_role_and_see_what_is_named_folders_included() {
    let body = "spaces:\n  ENG:\n    mode: additive\n    page-only:\n      - who: [group:sre]\n        pages: [/Handbook, /**]\n        role: collaborator\n      - {who: [group:sre, group:hr], pages: [/Runbooks/On-call]}";
    let Resolved { desired, .. } =
        resolve(&policy(&format!("version: 1\n{body}")), &site(SpaceRoleMode::Roles), TODAY).unwrap();
    insta::assert_snapshot!(written(&desired), @"
    ENG group:g-hr role r-viewer (viewer:9)
    ENG group:g-sre role r-collab (collaborator:6)
    ");
    let space = &desired.spaces[&"ENG".parse().unwrap()];
    let [first, second] = &space.page_only[..] else { panic!("{:?}", space.page_only) };
    assert!(first.pages.contains(&ContentId::from_number(9)), "the folder");
    assert_eq!(first.pages.len(), 12);
    assert_eq!(second.pages, [ContentId::from_number(3)].into());
    let lines: Vec<u32> = second.who.values().map(|origin| origin.line).collect();
    assert_eq!((second.origin.line, lines), (9, vec![9, 9]));
}

#[test]
fn a_role_of_the_policy_means_the_site_role_that_it_names() {
    let body = "roles:\n  auditor: {includes: [viewer], permissions: [export/space], site-role: Auditor}\nspaces: {ENG: {access: {auditor: [group:sre]}}}";
    insta::assert_snapshot!(resolved(SpaceRoleMode::Roles, body), @"ENG group:g-sre role r-auditor (auditor:4)");
    insta::assert_snapshot!(resolved(SpaceRoleMode::PreRoles, body), @"ENG group:g-sre read/space(auditor:4) export_content/space?(auditor:4) create/comment(auditor:4) export/space(auditor:4)");
}

#[test]
fn the_most_specific_entry_that_mentions_a_verb_decides_alone() {
    let found = resolved(
        SpaceRoleMode::PreRoles,
        r"
spaces:
  ENG:
    mode: additive
    pages:
      /**: {edit: [group:platform]}
      /Home/Handbook/**: {edit: [group:hr]}
      /Handbook/*: {edit: [group:leads]}
      /Handbook/Public: {view: anyone}
      Holidays: {view: [group:sre, group:hr]}
      /Handbook/a\/b: {edit: anyone}
      id:11: {edit: [group:sre]}
      /Archive: {view: [group:hr]}
",
    );
    insta::assert_snapshot!(found, @"
    ENG 1 edit group:g-platform (7)
    ENG 2 edit group:g-platform (7)
    ENG 3 edit group:g-platform (7)
    ENG 4 edit group:g-platform (7)
    ENG 5 edit group:g-platform (7)
    ENG 6 view anyone (10) edit group:g-leads (9)
    ENG 7 view group:g-hr,group:g-sre (11) edit group:g-hr (8)
    ENG 8 edit anyone (12)
    ENG 9 view group:g-hr (14)
    ENG 10 edit group:g-platform (7)
    ENG 11 edit group:g-sre (13)
    ENG 12 edit group:g-platform (7)
    ");
}

#[test]
fn the_public_is_never_let_in_by_implication() {
    insta::assert_snapshot!(resolved(SpaceRoleMode::PreRoles, "spaces: {ENG: {access: {create/comment: [anonymous]}}}"), @"not-expressible: visitors who are not signed in would need `read/space` before anything else");
}

#[test]
fn pins_win_over_names() {
    let found = resolved(
        SpaceRoleMode::PreRoles,
        "groups: {twins: g-twin-2, reliability: g-sre}\nspaces: {ENG: {access: {read/space: [group:twins, group:reliability]}}}",
    );
    insta::assert_snapshot!(found, @"
    ENG group:g-sre read/space(-:3)
    ENG group:g-twin-2 read/space(-:3)
    renamed-name: the group pinned as `reliability` is now called `sre`
    ");
}

#[test]
fn guards_have_defaults_and_become_ids() {
    let none = policy("version: 1\nspaces: {OLD: {access: {admin: [group:sre]}}}");
    let defaults = resolve(&none, &site(SpaceRoleMode::PreRoles), TODAY).unwrap().desired.guards;
    assert_eq!(defaults, Guards::default());
    assert_eq!((defaults.min_admins.limit, defaults.max_removals.limit), (1, MaxRemovals::Percent(25)));
    let some = policy(
        "version: 1\nguards:\n  min-admins: 3\n  max-removals: 40\n  required-admins: [group:sre]\n  forbid: [direct-users]",
    );
    assert_eq!(some.groups().0.into_iter().collect::<Vec<_>>(), ["sre"]);
    let guards = resolve(&some, &site(SpaceRoleMode::PreRoles), TODAY).unwrap().desired.guards;
    let line = |origin: Option<&Origin>| origin.map(|origin| origin.line);
    assert_eq!((guards.min_admins.limit, line(guards.min_admins.origin.as_ref())), (3, Some(3)));
    assert_eq!(
        (guards.max_removals.limit, line(guards.max_removals.origin.as_ref())),
        (MaxRemovals::Count(40), Some(4))
    );
    let admins: Vec<_> =
        guards.required_admins.iter().map(|(who, from)| (who.to_string(), from.line)).collect();
    assert_eq!(admins, [("group:g-sre".to_owned(), 5)]);
    assert_eq!(line(guards.forbid.get(&Forbidden::DirectUsers).map(|forbid| &forbid.origin)), Some(6));
}

#[test]
fn what_must_be_read_is_known_before_anything_is_resolved() {
    let policy = policy(
        "version: 1\npeople: {ann: 5b10ac8d82e05b22cc7d4ef5, zoe: 5b10ac8d82e05b22cc7d4eff}\ngroups: {sre: g-sre}\nspaces:\n  ENG:\n    mode: additive\n    pages: {/Runbooks/**: {edit: [user:ann]}, On-call: {view: [group:hr]}, /No/Such: {view: anyone}, Restore: {edit: anyone}}\n  OLD: {access: {admin: [group:sre]}}",
    );
    let live = site(SpaceRoleMode::PreRoles);
    let eng = "ENG".parse().unwrap();
    assert_eq!(policy.space_keys().map(ToString::to_string).collect::<Vec<_>>(), ["ENG", "OLD"]);
    assert_eq!(policy.accounts().into_iter().map(ToString::to_string).collect::<Vec<_>>(), [ANN]);
    assert_eq!(policy.groups().0.into_iter().collect::<Vec<_>>(), ["hr", "sre"]);
    assert!(policy.wants_pages(&eng) && !policy.wants_pages(&"OLD".parse().unwrap()));
    // `On-call` is ambiguous and `/No/Such` is nowhere: resolve says so, here they are passed over.
    let pages: Vec<u64> =
        declared_pages(&policy, Lock::EMPTY, &live.spaces[&eng]).into_iter().map(ContentId::number).collect();
    assert_eq!(pages, [3, 4]);
}

/// A site where leads and Ann hold these permissions in ENG.
fn held(mode: SpaceRoleMode, permissions: &[Permission]) -> Live {
    let mut live = site(mode);
    let rows: BTreeMap<_, _> = permissions.iter().map(|permission| (*permission, BTreeSet::new())).collect();
    let eng = live.space_mut(&"ENG".parse::<SpaceKey>().unwrap()).unwrap();
    for who in ["group:g-leads", &format!("user:{ANN}")] {
        eng.holdings.insert(who.parse().unwrap(), Holding::Grants(rows.clone()));
    }
    live
}

fn resolved_on(live: &Live, day: &str, body: &str) -> String {
    let today = Context { today: day.parse().unwrap(), ..TODAY };
    match resolve(&policy(&format!("version: 1\n{body}")), live, today) {
        Ok(Resolved { desired, .. }) => written(&desired),
        Err(findings) => told(&findings),
    }
}

#[test]
fn on_its_last_day_a_grant_still_counts_and_on_the_next_it_is_taken_back() {
    use Permission::{CreateComment, ExportSpace, ReadSpace};
    let live = held(SpaceRoleMode::PreRoles, &[ReadSpace, CreateComment, ExportSpace]);
    let body = "spaces: {ENG: {mode: additive, access: {export/space: [{who: group:leads, until: 2027-01-31, why: audit}]}}}";
    insta::assert_snapshot!(resolved_on(&live, "2027-01-31", body), @"ENG group:g-leads read/space(-:2) export/space(-:2)");
    insta::assert_snapshot!(resolved_on(&live, "2027-02-01", body), @"ENG group:g-leads read/space!(-:2) export/space!(-:2)");
    // Who holds nothing has nothing to lose.
    insta::assert_snapshot!(resolved_on(&site(SpaceRoleMode::PreRoles), "2027-02-01", body), @"");
}

#[test]
fn what_another_line_still_gives_is_not_taken_back() {
    use Permission::{CreateComment, ExportSpace, ReadSpace};
    let live = held(SpaceRoleMode::PreRoles, &[ReadSpace, CreateComment, ExportSpace]);
    let body = "spaces:\n  ENG:\n    mode: additive\n    access:\n      viewer: [group:leads]\n      export/space: [{who: group:leads, until: 2026-12-31}]";
    insta::assert_snapshot!(resolved_on(&live, "2027-01-01", body), @"ENG group:g-leads read/space(viewer:6) export_content/space?(viewer:6) create/comment(viewer:6) export/space!(-:7)");
}

#[test]
fn an_ended_role_is_taken_off_principals_that_still_have_it() {
    let mut live = site(SpaceRoleMode::Roles);
    let eng = live.space_mut(&"ENG".parse::<SpaceKey>().unwrap()).unwrap();
    eng.holdings.insert("group:g-leads".parse().unwrap(), Holding::Role("r-viewer".parse().unwrap()));
    eng.holdings.insert("group:g-sre".parse().unwrap(), Holding::Role("r-collab".parse().unwrap()));
    let body = "spaces:\n  ENG:\n    mode: additive\n    access:\n      viewer: [{who: group:leads, until: 2026-12-31}, {who: group:sre, until: 2026-12-31}]";
    insta::assert_snapshot!(resolved_on(&live, "2027-01-01", body), @"ENG group:g-leads nothing (6)");
}

#[test]
fn a_list_loses_entries_for_a_time_and_never_its_last() {
    let live = site(SpaceRoleMode::PreRoles);
    let body = "spaces: {ENG: {mode: additive, pages: {/Runbooks: {view: [group:sre, {who: group:hr, until: 2026-12-31}]}}}}";
    insta::assert_snapshot!(resolved_on(&live, "2026-12-31", body), @"ENG 2 view group:g-hr,group:g-sre (2)");
    insta::assert_snapshot!(resolved_on(&live, "2027-01-01", body), @"ENG 2 view group:g-sre (2)");
    let body =
        "spaces: {ENG: {mode: additive, pages: {/Runbooks: {view: [{who: group:hr, until: 2026-12-31}]}}}}";
    assert!(resolved_on(&live, "2027-01-01", body).contains("ended-list"));
}

#[test]
fn what_is_forbidden_has_exceptions() {
    let some = policy(
        "version: 1\npeople: {ann: 5b10ac8d82e05b22cc7d4ef5}\nspaces: {OLD: {access: {admin: [group:sre]}}}
guards:\n  forbid:\n    anonymous: {except-spaces: [O*]}\n    direct-users: {except: [user:ann]}",
    );
    let guards = resolve(&some, &site(SpaceRoleMode::PreRoles), TODAY).unwrap().desired.guards;
    let anonymous = &guards.forbid[&Forbidden::Anonymous];
    assert_eq!(anonymous.except_spaces.iter().map(ToString::to_string).collect::<Vec<_>>(), ["OLD"]);
    let direct = &guards.forbid[&Forbidden::DirectUsers];
    assert_eq!(
        direct.except.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["5b10ac8d82e05b22cc7d4ef5"]
    );
    assert_eq!((anonymous.except.len(), direct.except_spaces.len()), (0, 0));
}

/// A closed account has no name of its own any more, so no alias is held against it.
#[test]
fn an_alias_is_compared_with_accounts_that_are_not_closed() {
    let body = format!(
        "people: {{zoe: {ANN}}}\nspaces: {{ENG: {{mode: additive, access: {{viewer: [user:zoe]}}}}}}\n"
    );
    let policy = policy(&format!("version: 1\n{body}"));
    for (status, said) in [(AccountStatus::Active, true), (AccountStatus::Closed, false)] {
        let mut live = site(SpaceRoleMode::PreRoles);
        let person = live.directory.people.get_mut(&ANN.parse().unwrap()).unwrap();
        (person.status, person.name) = (status, "Former user".into());
        let warnings = resolve(&policy, &live, TODAY).unwrap().warnings;
        assert_eq!(told(&warnings).contains("other-person"), said, "{}", told(&warnings));
    }
}
