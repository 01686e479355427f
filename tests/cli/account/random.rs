//! Random sites in each mode whose caller lacks some rights, and policies for them. The sandbox judges: it refuses what
//! an account may not do.
//!
//! `CONFPERM_CASES=40` tries forty times as many.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;

use confperm::model::{ContentId, Permission, Principal, SpaceKey};
use confperm::plan::{Change, ChangeAction, LeftOut, Plan, Refusal};
use confperm::sandbox::world::{self, Caller, Command, Entry, ListKind, Pair, RoleEntry, World};

use crate::in_process::{Stage, parse};
use crate::worlds::Dice;

const MODES: [&str; 3] = ["pre-roles", "roles-transition", "roles"];
/// `ann` runs plans; in some sites she is in `eng`.
const OTHERS: [&str; 3] = ["group:eng", "group:ops", "user:bob"];
const ROLES: [(&str, &[&str]); 5] = [
    ("Viewer", &["read/space", "create/comment"]),
    ("Collaborator", &["read/space", "create/comment", "create/page", "update/page"]),
    ("Manager", &["read/space", "create/comment", "create/page", "update/page", "restrict_content/space"]),
    ("Gatekeeper", &["read/space", "manage_users/space"]),
    (
        "Admin",
        &[
            "read/space",
            "create/comment",
            "create/page",
            "update/page",
            "restrict_content/space",
            "manage_users/space",
            "administer/space",
        ],
    ),
];
const SINGLE: [&str; 5] =
    ["create/page", "update/page", "restrict_content/space", "manage_users/space", "administer/space"];

struct Case {
    site: String,
    policy: String,
    /// Whether roles name permissions that this program does not know, so that what the caller may do is not always
    /// known; then it tries.
    has_unknown_roles: bool,
}

fn case(seed: u64) -> Case {
    let mut dice = Dice::new(seed);
    let mode = dice.pick(&MODES);
    let in_eng = if dice.one_in(2) { "ann, bob" } else { "bob" };
    let product_admin = dice.one_in(4);
    let vocabulary = dice.pick(&["pairs", "role-ids", "partly-unknown"]);
    let mut site = format!(
        "kind: confluence-sandbox
version: 1
site: {{flavor: cloud, space-role-mode: {mode}, edition: standard, caller: ann}}
users:
  ann: {{account-id: u-ann, name: Ann, email: ann@x.com, confluence-admin: {product_admin}}}
  bob: {{account-id: u-bob, name: Bob, email: bob@x.com}}
  eve: {{account-id: u-eve, name: Eve, email: eve@x.com}}
  gus: {{account-id: u-gus, name: Gus, email: gus@x.com, guest-of: A}}
groups:
  eng: {{id: g-eng, members: [{in_eng}]}}
  ops: {{id: g-ops, members: [eve, gus]}}
  all: {{id: g-all, members: [ann, bob, eve], access: user}}
quirks: {{companions: never, role-vocabulary: {vocabulary}}}
"
    );
    if mode != "pre-roles" {
        site.push_str("roles:\n");
        for (name, permissions) in ROLES {
            let kind = if name == "Gatekeeper" { "custom" } else { "system" };
            let _ = writeln!(
                site,
                "  {name}: {{id: r-{name}, type: {kind}, permissions: [{}]}}",
                permissions.join(", ")
            );
        }
    }
    site.push_str("spaces:\n  A:\n    id: 1\n    name: A\n");
    space(&mut site, &mut dice, mode);
    let [home, one, two, post] = [11, 12, 13, 14].map(|page| format!("id: {page}{}", lists(&mut dice)));
    let _ = writeln!(
        site,
        "    pages: [{{{home}, title: Home, children: [{{{one}, title: One}}, {{{two}, title: Two{}}}]}}]\n    \
         blogposts: [{{{post}, title: News}}]",
        if dice.one_in(4) { ", status: archived" } else { "" }
    );
    let policy = policy(&mut dice, mode);
    Case { site, policy, has_unknown_roles: mode != "pre-roles" && vocabulary == "partly-unknown" }
}

/// What is held in the space. Another account administers it, so that the caller need not.
fn space(site: &mut String, dice: &mut Dice, mode: &str) {
    let mut rows: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut roles: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let holders = ["user:ann", "group:eng", "group:ops", "group:all", "user:eve"];
    // Some spaces have lost their last administrator.
    let orphaned = dice.one_in(8);
    for who in holders.into_iter().filter(|who| !orphaned || *who != "user:eve") {
        let has_role = mode == "roles" || (mode == "roles-transition" && dice.one_in(2));
        match who {
            "user:eve" if has_role => roles.entry("Admin").or_default().push(who),
            _ if has_role => {
                if who == "group:all" || !dice.one_in(3) {
                    let least = ["Viewer", "Collaborator"];
                    let name = if who == "group:all" {
                        dice.pick(&least)
                    } else {
                        dice.pick(&["Viewer", "Collaborator", "Manager", "Gatekeeper", "Admin"])
                    };
                    roles.entry(name).or_default().push(who);
                }
            }
            _ => {
                let held: Vec<&str> = match who {
                    "user:eve" => vec!["administer/space"],
                    "user:ann" => dice.some(&SINGLE, 2),
                    "group:eng" => dice.some(&SINGLE, 3),
                    _ => Vec::new(),
                };
                // Classic sites do not know these.
                let new = ["update/page", "manage_users/space"];
                for pair in held.into_iter().filter(|pair| mode != "pre-roles" || !new.contains(pair)) {
                    rows.entry(pair).or_default().push(who);
                }
                rows.entry("read/space").or_default().push(who);
            }
        }
    }
    for (name, held) in [("permissions", rows), ("role-assignments", roles)] {
        if !held.is_empty() {
            let _ = writeln!(site, "    {name}:");
        }
        for (what, who) in held {
            let _ = writeln!(site, "      {what}: [{}]", who.join(", "));
        }
    }
}

fn lists(dice: &mut Dice) -> String {
    let mut text = String::new();
    if dice.one_in(3) {
        let _ = write!(text, ", view: [group:all, {}]", dice.pick(&["user:ann", "group:ops"]));
    }
    if dice.one_in(2) {
        let first = dice.pick(&["user:ann", "group:eng", "user:eve"]);
        let _ = write!(text, ", edit: [{first}, {}]", dice.pick(&["user:bob", "group:ops"]));
    }
    text
}

fn policy(dice: &mut Dice, mode: &str) -> String {
    let space_mode = dice.pick(&["authoritative", "additive", "additive"]);
    let mut text = format!(
        "version: 1\npeople: {{ann: u-ann, bob: u-bob, eve: u-eve}}\nguards: {{max-removals: 100%, min-admins: 0}}\n\
         spaces:\n  A:\n    mode: {space_mode}\n    access:\n      viewer: ['group:all']\n"
    );
    let single = mode == "pre-roles" || (mode == "roles-transition" && dice.one_in(2));
    let mut asked: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for who in ["user:ann", "user:eve"].into_iter().chain(OTHERS) {
        if who == "user:eve" || dice.one_in(2) {
            let role = if who == "user:eve" {
                "admin"
            } else if who == "user:ann" {
                dice.pick(&["manager", "admin"])
            } else {
                dice.pick(&["viewer", "collaborator", "manager", "admin"])
            };
            if single && who != "user:eve" {
                let given = ["read/space", "create/page", "create/comment", "restrict_content/space"];
                for pair in given.into_iter().filter(|pair| *pair == "read/space" || dice.one_in(2)) {
                    asked.entry(pair).or_default().push(who);
                }
                if who == "user:ann" && dice.one_in(2) {
                    asked.entry("administer/space").or_default().push(who);
                }
            } else if role != "viewer" {
                asked.entry(role).or_default().push(who);
            }
        }
    }
    for (what, who) in asked {
        let who: Vec<String> = who.iter().map(|who| format!("'{who}'")).collect();
        let _ = writeln!(text, "      {what}: [{}]", who.join(", "));
    }
    text.push_str("    pages:\n");
    for page in [11, 12, 13, 14] {
        let entry = dice.pick(&[
            "{view: anyone, edit: anyone}",
            "{edit: ['user:ann', 'user:bob']}",
            "{edit: ['group:eng', 'user:eve']}",
            "{view: ['group:all', 'user:ann'], edit: ['user:ann']}",
        ]);
        let _ = writeln!(text, "      'id:{page}': {entry}");
    }
    text
}

/// What came of many plans.
#[derive(Debug, Default)]
struct Counts {
    unplannable: usize,
    refused: BTreeMap<&'static str, usize>,
    with_left_out: usize,
    pages_left_out: usize,
    holdings_left_out: usize,
    calls: usize,
    needed_another_call: usize,
    tried_in_vain: usize,
}

#[tokio::test]
async fn no_call_is_refused_and_nothing_is_left_out_that_could_be_done() {
    let variable = |name: &str| std::env::vars().find(|(found, _)| found == name)?.1.parse::<u64>().ok();
    let number = 200 * variable("CONFPERM_CASES").unwrap_or(1);
    let first = variable("PROPTEST_RNG_SEED").unwrap_or(20_261_121);
    let mut counts = Counts::default();
    let mut wrong = Vec::new();
    for seed in first..first + number {
        let case = case(seed);
        if let Err(problem) = check(&case, &mut counts).await {
            wrong.push(format!("seed {seed}: {problem}\n{}\n{}", case.site, case.policy));
        }
    }
    drop(writeln!(std::io::stdout(), "{number} sites, {} wrong: {counts:?}", wrong.len()));
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n\n"));
    assert!(counts.pages_left_out > 20 && counts.holdings_left_out > 20, "{counts:?}");
    assert!(counts.needed_another_call > 0, "{counts:?}");
    let refused: usize = counts.refused.values().sum();
    assert!(refused * 3 < usize::try_from(number).unwrap(), "{counts:?}");
}

async fn check(case: &Case, counts: &mut Counts) -> Result<(), String> {
    let stage = Stage::open(&case.site).await;
    let before = stage.running.world(World::clone);
    let policy = parse(&case.policy);
    let Ok(planned) = stage.plan_after(&policy, &[]).await else {
        counts.unplannable += 1;
        return Ok(());
    };
    let plan = &planned.plan;
    if plan.is_blocked() {
        plan.refusals.iter().for_each(|refusal| *counts.refused.entry(word(refusal)).or_default() += 1);
        return Ok(());
    }
    let asked = stage.running.requests().len();
    let outcome = stage.apply(&planned).await;
    if !outcome.is_complete() && case.has_unknown_roles {
        counts.tried_in_vain += 1;
        return Ok(());
    }
    for request in stage.running.requests().iter().skip(asked) {
        if [401, 403].contains(&request.status) {
            return Err(format!("{} {} answered {}", request.method, request.path, request.status));
        }
    }
    if !outcome.is_complete() {
        return Err(confperm::render::outcome_as_text(plan, &outcome));
    }
    counts.calls += plan.calls.len();
    counts.with_left_out += usize::from(!plan.left_out.is_empty());
    let now = stage.running.world(World::clone);
    for pieces in pieces(&plan.left_out) {
        if !pieces.iter().any(|left| is_refused(&now, left)) {
            return Err(format!("left out though it is possible: {pieces:#?}"));
        }
        match pieces[0].change {
            Change::Audience { .. } => counts.pages_left_out += 1,
            Change::Grant { .. } | Change::Role { .. } => counts.holdings_left_out += 1,
        }
    }
    let pages = plan.calls.iter().filter_map(|call| match &call.call {
        confperm::model::Call::Restrict { content, .. } => Some(*content),
        _ => None,
    });
    let me = Caller::User("u-ann".into()).subject();
    let late = pages
        .filter(|page| before.allows(&me, world::Verb::Restrict, world::ContentId(page.number())).is_err());
    counts.needed_another_call += late.count();
    let again = stage.plan_of(&policy).await.plan;
    let changes = |plan: &Plan| plan.left_out.iter().map(|left| left.change.clone()).collect::<BTreeSet<_>>();
    if again.is_empty() && changes(&again) == changes(plan) {
        Ok(())
    } else {
        Err(format!("the next plan is another: {}", confperm::render::plan_as_text(&again)))
    }
}

/// A principal's holding, or a page with its lists, and the space that it is in.
type Piece<'a> = (Option<&'a Principal>, Option<ContentId>, &'a SpaceKey);

/// What is left out together, because one call or one principal needs all of it.
fn pieces(left_out: &[LeftOut]) -> Vec<Vec<&LeftOut>> {
    let mut pieces: BTreeMap<Piece<'_>, Vec<&LeftOut>> = BTreeMap::new();
    for left in left_out {
        let key = match &left.change {
            Change::Grant { principal, space, .. } | Change::Role { principal, space, .. } => {
                (Some(principal), None, space)
            }
            Change::Audience { content, space, .. } => (None, Some(*content), space),
        };
        pieces.entry(key).or_default().push(left);
    }
    pieces.into_values().collect()
}

/// Whether the world refuses a change because of the caller.
fn is_refused(world: &World, left: &LeftOut) -> bool {
    let space = world.space_keyed(left.change.space().as_str()).unwrap();
    let command = match &left.change {
        Change::Grant { principal, permission, verb: ChangeAction::Add, .. } => {
            Command::Grant { space: space.id, principal: of_world(principal), pair: pair(*permission) }
        }
        Change::Grant { principal, permission, verb: ChangeAction::Remove, .. } => {
            let row = space.row(&of_world(principal), pair(*permission)).unwrap();
            Command::Revoke { space: space.id, row }
        }
        // A role takes the place of single permissions, and this site keeps those until they are removed.
        Change::Role { principal, after: Some(_), .. } if rows_of(space, principal).next().is_some() => {
            let row = rows_of(space, principal).next().unwrap();
            Command::Revoke { space: space.id, row }
        }
        Change::Role { principal, after, .. } => {
            let role = after.as_ref().map(|role| world::RoleId(role.as_str().to_owned()));
            Command::AssignRoles {
                space: space.id,
                entries: vec![RoleEntry { principal: of_world(principal), role }],
            }
        }
        Change::Audience { content, .. } => {
            // Any list would do.
            let principals = BTreeSet::from([world::Principal::User("u-ann".into())]);
            let entry = |list| Entry { list, principals: principals.clone() };
            Command::ReplaceRestrictions {
                content: world::ContentId(content.number()),
                entries: vec![entry(ListKind::Read), entry(ListKind::Update)],
            }
        }
    };
    world.clone().perform(&Caller::User("u-ann".into()), &command).is_err()
}

fn rows_of<'a>(space: &'a world::Space, who: &Principal) -> impl Iterator<Item = world::GrantId> + 'a {
    let who = of_world(who);
    space.grants.iter().filter(move |(_, grant)| grant.principal == who).map(|(row, _)| *row)
}

fn of_world(who: &Principal) -> world::Principal {
    match who {
        Principal::User(account) => world::Principal::User(account.as_str().into()),
        Principal::Group(group) => world::Principal::Group(group.as_str().into()),
        Principal::Class(_) | Principal::Anonymous => panic!("{who}"),
    }
}

fn pair(permission: Permission) -> Pair {
    let name = permission.cloud_pair();
    *Pair::ALL.iter().find(|pair| format!("{}/{}", pair.key(), pair.target()) == name).unwrap()
}

fn word(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Lockout { .. } => "lockout",
        Refusal::NoAdmin { .. } => "no-admin",
        Refusal::NoSafeOrder { .. } => "no-safe-order",
        Refusal::NoOrder { .. } => "no-order",
        Refusal::Unfinishable { .. } => "unfinishable",
        Refusal::PageOnly { .. } => "page-only",
        Refusal::NeedsLeftOut { .. } => "needs-left-out",
        Refusal::OpensToUndecided { .. } => "opens-to-undecided",
    }
}
