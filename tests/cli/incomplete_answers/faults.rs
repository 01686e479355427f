//! The measured faults, one by one.

use std::collections::BTreeSet;

use confperm::confluence::Read as _;
use confperm::model::{Call, Gap, Principal};
use confperm::plan::{Endangered, Moment, Refusal};
use confperm::sandbox::adversary::Adversary;

use crate::in_process::Stage;

const SITE: &str = "
kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, edition: standard, anonymous: true, caller: ann}
users:
  ann: {account-id: u-ann, name: Ann, email: ann@x.com}
  bob: {account-id: u-bob, name: Bob, email: bob@x.com}
groups:
  admins: {id: g-admins, members: [ann]}
  all: {id: g-all, members: [ann, bob], access: user}
  other: {id: g-other, members: [bob]}
spaces:
  ENG:
    id: 1
    name: Engineering
    permissions:
      read/space: [group:all, group:admins]
      create/page: [group:admins]
      restrict_content/space: [group:admins]
      administer/space: [group:admins]
    pages:
      - id: 11
        title: Home
        children: [{id: 12, title: Secret, view: [user:ann], edit: [user:ann]}]
  OPS:
    id: 2
    name: Operations
    permissions: {read/space: [user:ann]}
";

async fn behind(manglings: &[&str]) -> Stage {
    let mangled = manglings.iter().map(|mangling| mangling.parse().unwrap());
    let adversary = mangled.fold(Adversary::default(), Adversary::mangle);
    Stage::against(SITE, adversary).await
}

/// W9: a page of which the site does not say where it stands is reached by no pattern.
#[tokio::test]
async fn a_page_without_a_place_is_opened_by_no_pattern() {
    for mangling in ["no-parent-id:/**", "foreign-space-id:/**", "null=parentId:/**"] {
        for pattern in ["/*", "/**", "/Home/**"] {
            let policy = format!(
                "version: 1\nspaces:\n  ENG: {{mode: additive, pages: {{'{pattern}': {{view: anyone, edit: anyone}}}}}}\n"
            );
            let planned = behind(&[mangling]).await.plan(&policy).await;
            assert_eq!(planned.plan.calls, [], "{mangling} {pattern}");
            let place = |gap: &Gap| matches!(gap, Gap::Place { content, .. } if content.number() == 12);
            assert!(planned.plan.incomplete.iter().any(place), "{mangling}: {:?}", planned.plan.incomplete);
        }
        let policy = "version: 1\nspaces:\n  ENG: {mode: additive, unlisted-pages: open}\n";
        let planned = behind(&[mangling]).await.plan(policy).await;
        assert_eq!(planned.plan.calls, [], "{mangling}");
    }
    // The number of a page says which page is meant, wherever it stands.
    let policy =
        "version: 1\nspaces:\n  ENG: {mode: additive, pages: {'id:12': {view: anyone, edit: anyone}}}\n";
    let planned = behind(&["no-parent-id:/**"]).await.plan(policy).await;
    assert!(matches!(planned.plan.calls[0].call, Call::Restrict { .. }));
    assert_eq!(behind(&["foreign-space-id:/**"]).await.plan(policy).await.plan.calls, []);
}

/// A rule takes principals off lists that no entry decides about. Whether a pattern decides about a page without a place
/// is unknown, so the rule leaves it as it is.
#[tokio::test]
async fn a_rule_leaves_the_lists_of_a_page_that_a_pattern_may_mean() {
    let site = SITE.replace("edit: [user:ann]", "edit: [user:ann, group:other, group:all]");
    let adversary = || Adversary::default().mangle("no-parent-id:/**".parse().unwrap());
    for (pages, calls) in [("{'/**': {edit: ['user:me']}}", 0), ("{'/**': {view: ['user:me']}}", 1)] {
        let policy = format!(
            "version: 1\npeople: {{me: u-ann}}\nspaces:\n  ENG: {{mode: additive, pages: {pages}}}\n\
             rules: [{{name: all instead, spaces: [ENG], replace: {{'group:other': 'group:admins'}}}}]\n"
        );
        let planned = Stage::against(&site, adversary()).await.plan(&policy).await;
        let of_secret =
            |call: &Call| matches!(call, Call::Restrict { content, .. } if content.number() == 12);
        let found = planned.plan.calls.iter().filter(|planned| of_secret(&planned.call)).count();
        assert_eq!(found, calls, "{pages}");
        let place = |gap: &Gap| matches!(gap, Gap::Place { content, .. } if content.number() == 12);
        assert!(planned.plan.incomplete.iter().any(place), "{pages}: {:?}", planned.plan.incomplete);
    }
}

/// W4: where the caller's groups are unknown, what any of them would lose counts.
#[tokio::test]
async fn a_caller_in_unknown_groups_is_not_locked_out() {
    let policy = "
version: 1
guards: {max-removals: 100%, min-admins: 0}
people: {bob: u-bob}
spaces: {ENG: {access: {read/space: ['group:all'], administer/space: ['user:bob']}}}
";
    for mangling in ["no-ids:/user/memberof", "empty-with-size:/user/memberof", "wrong-size:/user/memberof"] {
        let stage = behind(&[mangling]).await;
        let planned = stage.plan(policy).await;
        assert!(!planned.plan.refusals.is_empty(), "{mangling}");
        assert!(planned.plan.unseen.iter().any(|gap| matches!(gap, Gap::OwnGroups { .. })), "{mangling}");
        // What stays as it is locks no one out.
        let policy = policy.replace("['user:bob']", "['group:admins', 'user:bob']");
        assert_eq!(stage.plan(&policy).await.plan.refusals, [], "{mangling}");
    }
}

/// W8: 404 says nothing of the mode, so a second question is asked.
#[tokio::test]
async fn a_mode_that_is_not_shown_is_learned_from_the_roles() {
    let roles = "roles:\n  Viewer: {id: r-view, type: system, permissions: [read/space]}\nspaces:\n";
    for (mode, has_roles) in [("pre-roles", false), ("roles-transition", true), ("roles", true)] {
        let site = SITE.replace("mode: pre-roles", &format!("mode: {mode}"));
        let site = if has_roles { site.replace("spaces:\n", roles) } else { site };
        let adversary = Adversary::default().hide("space-role-mode=404".parse().unwrap());
        let stage = Stage::against(&site, adversary).await;
        assert_eq!(stage.site.site().await.unwrap().mode.has_roles(), has_roles, "{mode}");
    }
}

/// W8: a site that says `ROLES` and shows no roles.
#[tokio::test]
async fn a_site_with_roles_that_shows_none_has_words_of_its_own() {
    let site = SITE.replace("mode: pre-roles", "mode: roles");
    let adversary = Adversary::default().hide("space-roles=404".parse().unwrap());
    let stage = Stage::against(&site, adversary).await;
    let error = stage.site.roles().await.unwrap_err();
    assert!(
        error.to_string().starts_with("the site says that it uses space roles, and shows none: "),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("beta"));
}

/// W15: single permissions that are left over on a site with roles only stay, and the plan says so.
#[tokio::test]
async fn single_permissions_of_a_site_with_roles_only_are_left_and_listed() {
    let site = SITE
        .replace("mode: pre-roles", "mode: roles")
        .replace(
            "spaces:\n",
            "roles:
  Viewer: {id: r-view, type: system, permissions: [read/space]}
  Admin: {id: r-adm, type: system, permissions: [read/space, administer/space]}
spaces:\n",
        )
        .replace("name: Engineering", "name: Engineering\n    role-assignments: {Admin: [user:ann]}");
    for (policy, calls, is_left) in [
        ("spaces: {ENG: {access: {admin: ['user:me']}}}", 0, true),
        ("rules: [{name: r, spaces: {key: ENG}, absent: ['group:all']}]", 0, true),
        ("rules: [{name: r, spaces: {key: ENG}, replace: {'group:all': 'group:admins'}}]", 0, true),
        ("spaces: {ENG: {mode: additive, access: {viewer: ['group:all']}}}", 0, true),
        ("spaces: {ENG: {mode: additive, access: {viewer: ['group:other']}}}", 1, false),
    ] {
        let policy = format!("version: 1\nguards: {{max-removals: 100%}}\npeople: {{me: u-ann}}\n{policy}\n");
        let stage = Stage::open(&site).await;
        let planned = stage.plan(&policy).await;
        assert_eq!(planned.plan.calls.len(), calls, "{policy}");
        assert!(
            planned.plan.calls.iter().all(|call| matches!(call.call, Call::AssignRoles { .. })),
            "{policy}"
        );
        let left = |gap: &Gap| matches!(gap, Gap::SinglePermissions { .. });
        assert_eq!(planned.plan.incomplete.iter().any(left), is_left, "{policy}");
        let outcome = stage.apply(&planned).await;
        assert!(
            outcome.is_complete(),
            "{policy}\n{}",
            confperm::render::outcome_as_text(&planned.plan, &outcome)
        );
        assert!(stage.plan(&policy).await.plan.is_empty(), "{policy}");
    }
}

/// W11: an account without a type may be an app's, so it stays on a list, and the plan says so.
#[tokio::test]
async fn an_account_without_a_type_stays_on_a_list() {
    let site = SITE.replace("view: [user:ann]", "view: [user:ann, user:bob]");
    let adversary = Adversary::default().mangle("no-account-type:/users-bulk".parse().unwrap());
    let stage = Stage::against(&site, adversary).await;
    let planned = stage.plan("version: 1\npeople: {me: u-ann}\nspaces:\n  ENG: {mode: additive, pages: {/Home/Secret: {view: ['user:me']}}}\n").await;
    assert_eq!(planned.plan.calls, []);
    assert!(planned.plan.incomplete.iter().any(|gap| matches!(gap, Gap::Account { .. })));
}

/// An account that the site does not describe may be an app's. It stays on a list, unless the policy names it. What
/// the site answers when it is asked for the account alone must not say that there is none.
#[tokio::test]
async fn an_account_that_is_not_described_stays_on_a_list() {
    let site = SITE.replace("view: [user:ann]", "view: [user:ann, 'account-id:5b10ac8d82e05b22cc7d4eff']");
    let policy = |people: &str, pages: &str, rules: &str| {
        format!(
            "version: 1\npeople: {{me: u-ann{people}}}\nspaces:\n  ENG: {{mode: additive{pages}}}\nrules: [{rules}]\n"
        )
    };
    let pages = ", pages: {/Home/Secret: {view: ['user:me']}}";
    let refuses = || Adversary::default().disrupt("403:GET:/user".parse().unwrap());
    let planned = Stage::against(&site, refuses()).await.plan(&policy("", pages, "")).await;
    assert_eq!(planned.plan.calls, []);
    assert!(planned.plan.incomplete.iter().any(|gap| matches!(gap, Gap::Account { .. })));
    let read = ", access: {read/space: ['user:me']}";
    let absent = "{name: gone, spaces: [ENG], absent: ['user:5b10ac8d82e05b22cc7d4eff']}";
    let replace = "{name: heir, spaces: [ENG], replace: {'user:5b10ac8d82e05b22cc7d4eff': 'user:me'}}";
    for named in [
        policy(", ghost: 5b10ac8d82e05b22cc7d4eff", pages, ""),
        policy("", read, absent),
        policy("", read, replace),
    ] {
        let planned = Stage::against(&site, refuses()).await.plan(&named).await;
        let is_taken_off =
            planned.plan.calls.iter().any(|planned| matches!(planned.call, Call::Restrict { .. }));
        assert!(is_taken_off && planned.plan.incomplete.is_empty(), "{named}");
    }
    // The site says that there is no such account, and shows another, so it is none of an app.
    let site = site.replacen("[group:all, group:admins]", "[group:all, group:admins, user:bob]", 1);
    let planned = Stage::open(&site).await.plan(&policy("", pages, "")).await.plan;
    assert!(planned.calls.len() == 1 && planned.incomplete.is_empty(), "{:?}", planned.incomplete);
}

/// What stays only because its account may be an app's is not to see what the same plan opens.
#[tokio::test]
async fn nothing_is_opened_to_an_account_without_a_type() {
    let site = SITE
        .replace("[group:all, group:admins]", "[group:all, group:admins, user:bob]")
        .replace("create/page: [group:admins]", "create/page: [group:admins, user:bob]");
    let hides = || Adversary::default().mangle("no-account-type:/users-bulk".parse().unwrap());
    let policy = |access: &str, rules: &str| {
        format!(
            "version: 1
guards: {{max-removals: 100%, min-admins: 0}}
people: {{me: u-ann, bob: u-bob}}
spaces:
  ENG:
    access:
      read/space: ['group:admins'{access}]
      create/page: ['group:admins'{access}]
      restrict_content/space: ['group:admins']
      administer/space: ['group:admins']
    pages: {{/Home/Secret: {{view: anyone}}}}
rules: [{rules}]
"
        )
    };
    let opens = |call: &Call| matches!(call, Call::Restrict { .. });
    let stage = Stage::against(&site, hides()).await;
    let planned = stage.plan(&policy("", "")).await;
    let [Refusal::OpensToUndecided { who, danger, .. }] = &planned.plan.refusals[..] else {
        panic!("{:#?}", planned.plan.refusals)
    };
    assert_eq!(who, &BTreeSet::from(["user:u-bob".parse().unwrap()]));
    assert_eq!(danger.moment, Moment::LetIn);
    assert!(planned.plan.incomplete.iter().any(|gap| matches!(gap, Gap::Account { .. })));
    let text = confperm::render::blocked_as_text(&planned.plan);
    assert!(
        text.contains("opens-to-undecided") && text.contains("ENG: user:bob could see /Home/Secret"),
        "{text}"
    );
    // It is the same whatever opens the page: an entry of a list gives no access to the space.
    let unlisted = policy("", "").replace("pages: {/Home/Secret: {view: anyone}}", "unlisted-pages: open");
    let by_name = policy("", "").replace("view: anyone", "view: ['user:me', 'user:bob']");
    for opening in [unlisted, by_name] {
        let refusals = Stage::against(&site, hides()).await.plan(&opening).await.plan.refusals;
        assert!(matches!(&refusals[..], [Refusal::OpensToUndecided { .. }]), "{opening}: {refusals:?}");
    }
    // Both remedies that the refusal names.
    let absent = "{name: gone, spaces: [ENG], absent: ['user:bob']}";
    for named in [policy(", 'user:bob'", ""), policy("", absent)] {
        let stage = Stage::against(&site, hides()).await;
        let planned = stage.plan(&named).await;
        assert_eq!(planned.plan.refusals, [], "{named}");
        assert!(planned.plan.calls.iter().any(|planned| opens(&planned.call)), "{named}");
    }
    // The policy may also say that it stays.
    let left = policy("", "").replace("    access:", "    leave: ['user:bob']\n    access:");
    assert_eq!(Stage::against(&site, hides()).await.plan(&left).await.plan.refusals, []);
    // Nothing is opened, so nothing is refused; and an account that is a person's goes.
    let keeps = policy("", "").replace("view: anyone", "edit: ['user:me']");
    assert_eq!(Stage::against(&site, hides()).await.plan(&keeps).await.plan.refusals, []);
    assert_eq!(Stage::open(&site).await.plan(&policy("", "")).await.plan.refusals, []);
}

/// The same of an entry on a list, which keeps a page below one that is opened.
#[tokio::test]
async fn nothing_above_is_opened_to_an_entry_without_a_type() {
    let site = SITE
        .replace("title: Home\n", "title: Home\n        view: [user:ann]\n")
        .replace("view: [user:ann], edit", "view: [user:ann, user:bob], edit");
    let policy = "version: 1
people: {me: u-ann}
spaces:
  ENG: {mode: additive, pages: {/Home: {view: anyone}, /Home/Secret: {view: ['user:me']}}}
";
    let hides = Adversary::default().mangle("no-account-type:/users-bulk".parse().unwrap());
    let planned = Stage::against(&site, hides).await.plan(policy).await;
    let [Refusal::OpensToUndecided { danger, .. }] = &planned.plan.refusals[..] else {
        panic!("{:#?}", planned.plan.refusals)
    };
    assert!(matches!(danger.what, Endangered::View(page) if page.number() == 12), "{danger:?}");
    assert_eq!(Stage::open(&site).await.plan(policy).await.plan.refusals, []);
}

/// The same of single permissions that a site with roles only does not let be taken away.
#[tokio::test]
async fn nothing_is_opened_to_single_permissions_of_a_site_with_roles_only() {
    let site = SITE
        .replace("mode: pre-roles", "mode: roles")
        .replace(
            "spaces:\n",
            "roles:
  Viewer: {id: r-view, type: system, permissions: [read/space]}
  Admin: {id: r-adm, type: system, permissions: [read/space, update/page, restrict_content/space, administer/space]}
spaces:\n",
        )
        .replace("name: Engineering", "name: Engineering\n    role-assignments: {Admin: [user:ann]}");
    let policy = "version: 1
people: {me: u-ann}
spaces: {ENG: {access: {admin: ['user:me']}, pages: {/Home/Secret: {view: anyone}}}}
";
    let planned = Stage::open(&site).await.plan(policy).await;
    let [Refusal::OpensToUndecided { who, .. }] = &planned.plan.refusals[..] else {
        panic!("{:#?}", planned.plan.refusals)
    };
    assert!(who.iter().all(|who| matches!(who, Principal::Group(_))), "{who:?}");
}

/// A site with roles, where `ann` is the admin of ENG, and what is given there beside.
fn with_roles(mode: &str, assigned: &str, beside: &str) -> String {
    let roles = "roles:
  Viewer: {id: r-view, type: custom, permissions: [read/space]}
  Admin: {id: r-adm, type: custom, permissions: [read/space, create/page, update/page, restrict_content/space, administer/space]}
spaces:\n";
    let rest = SITE.split("    pages:").nth(1).unwrap();
    let head = SITE.split("    permissions:").next().unwrap();
    let head = head.replace("mode: pre-roles", &format!("mode: {mode}")).replace("spaces:\n", roles);
    format!("{head}    role-assignments: {assigned}\n    permissions: {beside}\n    pages:{rest}")
}

/// What is not declared stays in an additive space, so a role that gives all of the declared one is no less than asked
/// for.
#[tokio::test]
async fn a_rule_that_gives_a_role_takes_no_greater_one_away() {
    let site = with_roles("roles", "{Admin: [user:ann, group:all]}", "{}");
    let rule = |role: &str| {
        format!(
            "version: 1\npeople: {{me: u-ann}}\nrules: [{{name: r, spaces: [ENG], access: {{{role}: ['group:all', 'group:other']}}}}]\n"
        )
    };
    let stage = Stage::open(&site).await;
    let planned = stage.plan(&rule("viewer")).await;
    let assigned: Vec<String> = planned
        .plan
        .changes
        .iter()
        .map(|change| match change {
            confperm::plan::Change::Role { principal, .. } => principal.to_string(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(assigned, ["group:g-other"]);
    // A greater one is given.
    let site = with_roles("roles", "{Admin: [user:ann], Viewer: [group:all]}", "{}");
    assert_eq!(Stage::open(&site).await.plan(&rule("admin")).await.plan.changes.len(), 2);
}

/// Permissions beside a role are not changed, so a space that has some is not as an authoritative policy says.
#[tokio::test]
async fn what_is_held_beside_a_role_is_not_as_declared() {
    let beside = "{administer/space: [user:bob]}";
    let site = with_roles("roles-transition", "{Admin: [user:ann], Viewer: [user:bob, group:all]}", beside);
    for (mode, is_told) in [("authoritative", true), ("additive", false)] {
        let policy = format!(
            "version: 1\npeople: {{me: u-ann, bob: u-bob}}\nguards: {{min-admins: 0, max-removals: 100%}}\nspaces: {{ENG: {{mode: {mode}, access: {{admin: ['user:me'], viewer: ['user:bob', 'group:all']}}}}}}\n"
        );
        let plan = Stage::open(&site).await.plan(&policy).await.plan;
        let found = plan.incomplete.iter().any(|gap| {
            matches!(gap, Gap::SinglePermissions { principal, .. } if principal.to_string() == "user:u-bob")
        });
        assert_eq!(found, is_told, "{mode}: {:?} {:?}", plan.incomplete, plan.changes);
    }
}
