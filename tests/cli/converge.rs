//! Apply, then plan, is empty: for random small sites and random policies, through HTTP.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use proptest::collection::btree_set;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, TestError, TestRunner};

use crate::in_process::Stage;

const WHO: [&str; 4] = ["group:eng", "group:ops", "user:bob", "anonymous"];
const LISTED: [&str; 3] = ["group:eng", "group:ops", "user:bob"];
const PAGES: [&str; 4] = ["/Runbooks", "/Runbooks/On-call", "/Runbooks/On-call/Rota", "/Handbook"];

const DOCUMENTED: [&str; 5] =
    ["create/page", "create/comment", "delete/page", "create/blogpost", "administer/space"];
const NEWER: [&str; 3] = ["export_content/space", "update/page", "manage_users/space"];

/// A site and a policy, as texts.
#[derive(Clone)]
struct Case {
    site: String,
    policy: String,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n{}", self.site, self.policy)
    }
}

/// What a principal holds before: a role, or permissions beside `read/space`.
#[derive(Debug, Clone)]
enum Held {
    Role,
    Rows(Vec<&'static str>),
}

/// What a principal is to hold.
#[derive(Debug, Clone)]
enum Wanted {
    Bundle(&'static str),
    Single(Vec<&'static str>),
    Both(&'static str, &'static str),
}

fn permissions(transition: bool) -> Vec<&'static str> {
    let newer: &[&str] = if transition { &NEWER } else { &[] };
    [&DOCUMENTED[..], newer].concat()
}

fn held(transition: bool) -> impl Strategy<Value = Option<Held>> {
    let rows = btree_set(select(permissions(transition)), 0..4)
        .prop_map(|permissions| Held::Rows(permissions.into_iter().collect()));
    let role = if transition { Just(Held::Role).boxed() } else { rows.clone().boxed() };
    option::weighted(0.7, prop_oneof![4 => rows, 1 => role])
}

fn wanted(transition: bool) -> impl Strategy<Value = Option<Wanted>> {
    let bundle = select(vec!["viewer", "collaborator", "manager"]);
    let single = select(permissions(transition));
    let singles = btree_set(single.clone(), 0..4)
        .prop_map(|permissions| ["read/space"].into_iter().chain(permissions).collect());
    option::weighted(
        0.7,
        prop_oneof![
            bundle.clone().prop_map(Wanted::Bundle),
            singles.prop_map(Wanted::Single),
            (bundle, single).prop_map(|(bundle, single)| Wanted::Both(bundle, single)),
        ],
    )
}

fn list() -> impl Strategy<Value = Vec<&'static str>> {
    btree_set(select(LISTED.to_vec()), 0..3).prop_map(|list| list.into_iter().collect())
}

/// A list to ask for; an empty one is `anyone`.
type Lists = (Option<Vec<&'static str>>, Option<Vec<&'static str>>);

fn entry() -> impl Strategy<Value = Lists> {
    // Editing takes viewing.
    (option::of(list()), option::of(list())).prop_map(|(view, edit)| {
        let edit = edit.map(|mut edit| {
            if let Some(view) = view.as_ref().filter(|view| !view.is_empty()) {
                edit.retain(|who| view.contains(who));
            }
            edit
        });
        (view, edit)
    })
}

fn case() -> impl Strategy<Value = Case> {
    (any::<bool>(), any::<bool>()).prop_flat_map(|(transition, additive)| {
        (
            proptest::collection::vec((held(transition), wanted(transition)), 4),
            proptest::collection::vec([list(), list()], 4),
            proptest::collection::vec(option::of(entry()), 4),
        )
            .prop_map(move |(access, lists, entries)| {
                let (held, wanted): (Vec<_>, Vec<_>) = access.into_iter().unzip();
                Case { site: site(transition, &held, &lists), policy: policy(additive, &wanted, &entries) }
            })
    })
}

fn site(transition: bool, held: &[Option<Held>], lists: &[[Vec<&str>; 2]]) -> String {
    let mode = if transition { "roles-transition" } else { "pre-roles" };
    let mut rows: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    // Restricting pages takes editing them. Without roles the plan gives that first.
    let edits: &[&str] = if transition { &["create/page", "update/page"] } else { &[] };
    for permission in ["read/space", "restrict_content/space", "administer/space"].iter().chain(edits) {
        rows.entry(permission).or_default().push("user:ann");
    }
    let mut viewers = Vec::new();
    for (who, held) in WHO.into_iter().zip(held) {
        match held {
            None => {}
            Some(Held::Role) => viewers.push(who),
            Some(Held::Rows(permissions)) => {
                for permission in ["read/space"].iter().chain(permissions) {
                    // Confluence knows no anonymous administrators.
                    if !(who == "anonymous"
                        && matches!(*permission, "administer/space" | "manage_users/space"))
                    {
                        rows.entry(permission).or_default().push(who);
                    }
                }
            }
        }
    }
    let mut site = format!(
        "kind: confluence-sandbox
version: 1
site: {{flavor: cloud, space-role-mode: {mode}, edition: standard, anonymous: true, caller: ann}}
users:
  ann: {{account-id: u-ann, name: Ann, email: ann@x.com}}
  bob: {{account-id: u-bob, name: Bob, email: bob@x.com}}
  cleo: {{account-id: u-cleo, name: Cleo, email: cleo@x.com}}
groups:
  eng: {{id: g-eng, members: [bob, cleo], access: user}}
  ops: {{id: g-ops, members: [cleo]}}
"
    );
    if transition {
        site.push_str("roles:\n");
        for (role, permissions) in [
            ("Viewer", "read/space, export_content/space, create/comment"),
            ("Collaborator", "read/space, export_content/space, create/comment, create/page, update/page"),
            (
                "Manager",
                "read/space, export_content/space, create/comment, create/page, update/page, delete/page",
            ),
            (
                "Admin",
                "read/space, create/page, update/page, restrict_content/space, administer/space, manage_users/space",
            ),
        ] {
            let _ = writeln!(site, "  {role}: {{id: r-{role}, type: system, permissions: [{permissions}]}}");
        }
    }
    site.push_str("spaces:\n  ENG:\n    id: 1\n    name: Engineering\n    permissions:\n");
    for (permission, who) in rows {
        let _ = writeln!(site, "      {permission}: [{}]", who.join(", "));
    }
    if !viewers.is_empty() {
        let _ = writeln!(site, "    role-assignments: {{Viewer: [{}]}}", viewers.join(", "));
    }
    let show = |page: usize| {
        let list = |name: &str, list: &[&str]| match list {
            [] => String::new(),
            some => format!(", {name}: [user:ann, {}]", some.join(", ")),
        };
        let [view, edit] = &lists[page];
        let title = PAGES[page].rsplit('/').next().unwrap();
        format!("id: 1{page}, title: {title}{}{}", list("view", view), list("edit", edit))
    };
    let _ = write!(
        site,
        "    pages:
      - id: 1
        title: Home
        children:
          - {{{}, children: [{{{}, children: [{{{}}}]}}]}}
          - {{{}}}
quirks: {{}}
",
        show(0),
        show(1),
        show(2),
        show(3)
    );
    site
}

fn policy(additive: bool, wanted: &[Option<Wanted>], entries: &[Option<Lists>]) -> String {
    let mut access: BTreeMap<&str, Vec<&str>> = BTreeMap::from([("admin", vec!["user:ann"])]);
    for (who, wanted) in WHO.into_iter().zip(wanted) {
        let Some(wanted) = wanted else { continue };
        let rights = match wanted {
            Wanted::Bundle(role) => vec![*role],
            Wanted::Single(permissions) => permissions.clone(),
            Wanted::Both(role, permission) => vec![*role, *permission],
        };
        for right in rights {
            if !(who == "anonymous" && matches!(right, "administer/space" | "manage_users/space")) {
                access.entry(right).or_default().push(who);
            }
        }
    }
    let mode = if additive { "additive" } else { "authoritative" };
    let mut policy = format!(
        "version: 1\npeople: {{ann: u-ann, bob: u-bob}}\nspaces:\n  ENG:\n    mode: {mode}\n    access:\n"
    );
    let quoted = |who: &[&str]| who.iter().map(|who| format!("'{who}'")).collect::<Vec<_>>().join(", ");
    for (right, who) in access {
        let _ = writeln!(policy, "      {right}: [{}]", quoted(&who));
    }
    let list =
        |who: &Vec<&str>| if who.is_empty() { "anyone".to_owned() } else { format!("[{}]", quoted(who)) };
    let mut pages = String::new();
    for (path, entry) in PAGES.into_iter().zip(entries) {
        let Some((view, edit)) = entry else { continue };
        let both = [("view", view), ("edit", edit)];
        let lists: Vec<String> =
            both.iter().filter_map(|(name, who)| Some(format!("{name}: {}", list(who.as_ref()?)))).collect();
        if !lists.is_empty() {
            let _ = writeln!(pages, "      {path}: {{{}}}", lists.join(", "));
        }
    }
    if !pages.is_empty() {
        let _ = write!(policy, "    pages:\n{pages}");
    }
    policy
}

/// How many cases to try: more where `CONFPERM_CASES` multiplies them.
#[expect(clippy::disallowed_methods, reason = "a switch for those who run the tests")]
fn cases(normally: u32) -> u32 {
    let times = std::env::var("CONFPERM_CASES").ok().and_then(|text| text.parse::<u32>().ok());
    times.map_or(normally, |times| times * normally)
}

#[test]
fn apply_then_plan_is_empty() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let config =
        Config { cases: cases(200), failure_persistence: None, max_shrink_iters: 100, ..Config::default() };
    let (applied, blocked) = (Cell::new(0_u32), Cell::new(0_u32));
    let result = TestRunner::new(config).run(&case(), |case| {
        runtime.block_on(async {
            let stage = Stage::open(&case.site).await;
            match stage.converge(&case.policy).await {
                Ok(_) => applied.set(applied.get() + 1),
                // Some changes have no safe order, and then nothing is done.
                Err(why) if why.starts_with("refused") => {
                    blocked.set(blocked.get() + 1);
                    let changed = stage.running.requests().iter().any(|request| request.changed);
                    prop_assert!(!changed);
                }
                Err(why) => return Err(TestCaseError::fail(why)),
            }
            Ok(())
        })
    });
    if let Err(TestError::Fail(why, case)) = result {
        panic!("{why}\n{case:?}");
    }
    assert!(applied.get() > blocked.get() * 4, "{} applied, {} blocked", applied.get(), blocked.get());
}
