//! Answers that are not complete, on the way through a whole run: nothing is written because of one.

use confperm::model::{Call, Gap};
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
