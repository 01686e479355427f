//! Sets: a policy that names one says what it would say with the members in its place.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use confperm::diagnostic::Sources;
use confperm::model::{GroupId, Live, SpaceRoleMode};
use confperm::policy::lock::Lock;
use confperm::policy::{Context, Grantee, Loaded, Named, Policy, from_sources, resolve};

use crate::fixtures::drawn;
use crate::site::{ANN, BOB, TODAY, site};

const SETS: &str = "sets: {oncall: [group:sre, set:leads, group:hr], leads: [group:leads, group:sre]}";

fn sources(body: &str) -> Sources {
    let mut sources = Sources::default();
    sources.insert(Utf8PathBuf::from("policy.yaml"), format!("version: 1\npeople: {{ann: {ANN}}}\n{body}"));
    sources
}

fn policy(body: &str) -> Policy {
    let Loaded { policy, findings, sources } = from_sources(sources(body));
    policy.unwrap_or_else(|| panic!("{}", drawn(&findings, &sources)))
}

/// The same policy with the members in the place of the set, and with the set.
fn both(body: &str) -> [Policy; 2] {
    let members = ["group:sre", "group:leads", "group:hr"];
    let long = |member: &str| format!("{{who: {member}, until: 2099-01-31, why: audit}}");
    let written = body
        .replace("{who: set:oncall, until: 2099-01-31, why: audit}", &members.map(long).join(", "))
        .replace(
            "{who: set:oncall, instead: group:platform}",
            &members.map(|member| format!("{{who: {member}, instead: group:platform}}")).join(", "),
        )
        .replace(
            "set:oncall: group:platform",
            &members.map(|member| format!("{member}: group:platform")).join(", "),
        )
        .replace("set:oncall", &members.join(", "));
    assert!(!written.contains("set:"), "{written}");
    [policy(&format!("{SETS}\n{written}")), policy(&format!("{SETS}\n{body}"))]
}

#[test]
fn a_set_asks_for_what_its_members_would() {
    for body in [
        "spaces: {ENG: {access: {admin: [set:oncall, user:ann]}}}",
        "spaces: {ENG: {access: {viewer: [{who: set:oncall, until: 2099-01-31, why: audit}]}}}",
        "spaces: {ENG: {mode: additive, pages: {/Runbooks: {view: [set:oncall], edit: [group:hr]}}}}",
        "spaces: {ENG: {mode: additive, page-only: [{who: [set:oncall], pages: [/Runbooks]}]}}",
        "rules: [{name: r, spaces: [ENG], access: {viewer: [set:oncall]}}]",
        "rules: [{name: r, spaces: [OLD], absent: [set:oncall]}]",
        "rules: [{name: r, spaces: [ENG], absent: [{who: set:oncall, instead: group:platform}]}]",
        "rules: [{name: r, spaces: [ENG], replace: {set:oncall: group:platform}}]",
        "spaces: {ENG: {access: {admin: [group:sre]}}}\nguards: {required-admins: [set:oncall]}",
    ] {
        let live = site(SpaceRoleMode::PreRoles);
        let [written, with_set] = both(body).map(|policy| resolve(&policy, &live, TODAY));
        assert!(
            written.as_ref().is_ok_and(|resolved| !resolved.desired.spaces.is_empty()),
            "{body}: {written:?}"
        );
        assert_eq!(
            with_set.map(|resolved| resolved.desired),
            written.map(|resolved| resolved.desired),
            "{body}"
        );
    }
}

#[test]
fn guards_and_tests_mean_each_member() {
    let policy = policy(&format!(
        "sets: {{known: [user:ann, user:{BOB}], all: [group:sre, set:known]}}\n\
         guards: {{forbid: {{direct-users: {{except: [set:known]}}}}}}\n\
         tests: [{{name: they read, who: set:all, can: {{view: [ENG]}}}}, {{name: he reads, who: user:{BOB}, can: {{view: [ENG]}}}}]"
    ));
    let users: Vec<_> = policy.guards.forbid.iter().flat_map(|forbid| &forbid.value[0].except).collect();
    assert_eq!(users.len(), 2);
    let tests: Vec<(&str, &Grantee)> = policy
        .tests
        .iter()
        .map(|test| (test.name.value.as_str(), &test.who.as_ref().unwrap().value))
        .collect();
    let user = |account: &str| Grantee::Named(Named::User(account.parse().unwrap()));
    assert_eq!(
        tests,
        [
            ("they read: group:sre", &Grantee::Named(Named::Group("sre".to_owned()))),
            ("they read: user:ann", &user(ANN)),
            (format!("they read: user:{BOB}").as_str(), &user(BOB)),
            ("he reads", &user(BOB)),
        ]
    );
}

#[test]
fn what_changes_points_to_the_place_that_uses_the_set() {
    let policy = policy(
        "sets:\n  oncall: [group:sre]\nspaces:\n  ENG:\n    access:\n      admin:\n        - set:oncall\n",
    );
    let desired = resolve(&policy, &site(SpaceRoleMode::Roles), TODAY).unwrap().desired;
    let lines: Vec<_> = desired.spaces.values().flat_map(|space| space.holdings.values()).collect();
    let [confperm::model::DesiredHolding::Role(_, by)] = lines[..] else { panic!("{lines:?}") };
    assert_eq!(by.origin.line, 9);
}

#[test]
fn each_list_that_a_member_leaves_empty_is_named_with_that_member() {
    let policy =
        policy("sets: {gone: [group:sre, group:hr]}\nrules: [{name: r, spaces: [ENG], absent: [set:gone]}]");
    let findings = resolve(&policy, &site(SpaceRoleMode::PreRoles), TODAY).map(|resolved| resolved.warnings);
    let messages: Vec<String> =
        findings.err().iter().flatten().map(|finding| finding.message.clone()).collect();
    assert!(messages.iter().any(|message| message.starts_with("`group:hr` is the last")), "{messages:?}");
}

/// A site on which a group has another name by now.
fn renamed(group: &str, name: &str) -> (Live, Lock) {
    let mut live = site(SpaceRoleMode::PreRoles);
    let id: GroupId = group.parse().unwrap();
    let old = live.directory.groups[&id].name.raw().to_owned();
    live.directory.groups.get_mut(&id).unwrap().name = name.into();
    let text = format!("version: 2\ngroups:\n  {old}: {group}\n");
    (live, Lock::parse(&Utf8PathBuf::from("confperm.lock").into(), &text).unwrap())
}

#[test]
fn a_renamed_member_is_renamed_where_the_set_names_it() {
    let body = "sets: {oncall: [group:sre, group:leads]}\nspaces: {ENG: {access: {admin: [set:oncall]}}}\n";
    let (live, lock) = renamed("g-sre", "reliability");
    let policy = policy(body);
    assert!(resolve(&policy, &live, Context { lock: &lock, ..TODAY }).is_ok());
    let renamed = policy.renames(&lock, &live).apply(&sources(body));
    let texts: BTreeMap<_, _> =
        renamed.iter().map(|(file, text)| (file.to_string(), text.to_string())).collect();
    assert!(texts["policy.yaml"].ends_with(&body.replace("group:sre", "group:reliability")), "{texts:?}");
}

#[test]
fn a_lock_learns_the_members_of_sets() {
    let policy = policy(
        "sets: {oncall: [group:sre], unused: [group:hr, group:nothing]}\nspaces: {ENG: {access: {admin: [set:oncall]}}}\n",
    );
    let live = site(SpaceRoleMode::PreRoles);
    assert!(resolve(&policy, &live, TODAY).is_ok(), "what only an unused set names is not looked for");
    let (names, _) = policy.groups();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["hr", "nothing", "sre"]);
}
