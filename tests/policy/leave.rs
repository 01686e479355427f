//! `leave`: what a policy neither gives nor takes, whatever else it says.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8PathBuf;
use confperm::diagnostic::{Diagnostics, Sources};
use confperm::model::{
    Audience, Content, ContentId, Known, Live, Permission, Principal, Restrictions, SpaceKey, SpaceRoleMode,
    Subject, Tree,
};
use confperm::plan::{Gaps, KeepReason, plan, planned_state};
use confperm::policy::{Loaded, Policy, from_sources, resolve};
use proptest::prelude::*;

use crate::builder::live;
use crate::fixtures::drawn;
use crate::site::{ANN, BOB, TODAY, grants, site};

fn policy(body: &str) -> Policy {
    let mut sources = Sources::default();
    sources.insert(Utf8PathBuf::from("policy.yaml"), format!("version: 1\npeople: {{bob: {BOB}}}\n{body}"));
    let Loaded { policy, findings, sources } = from_sources(sources);
    policy.unwrap_or_else(|| panic!("{}", drawn(&findings, &sources)))
}

#[test]
fn a_set_leaves_what_its_patterns_match() {
    let live = eng(&["group:g-sre", "group:g-hr", "group:g-leads"], &[]);
    let held = |leave: &str| {
        let policy = policy(&format!(
            "sets: {{old: [group:s?e, set:more], more: [\"group:l*\"]}}\nspaces: {{ENG: {{leave: [{leave}], access: {{admin: [group:hr]}}}}}}"
        ));
        let desired = resolve(&policy, &live, TODAY).unwrap().desired;
        let kept: Vec<String> =
            desired.spaces.values().flat_map(|space| &space.kept.left).map(ToString::to_string).collect();
        kept
    };
    assert_eq!(held("set:old"), ["group:g-leads", "group:g-sre"]);
    assert_eq!(held("set:old"), held("group:s?e, \"group:l*\""));
}

/// A list of these and Ann, who could not change it otherwise; open where these are none.
fn list(who: &[&str]) -> Audience {
    let ann = format!("user:{ANN}");
    let ann = who.first().map(|_| ann.as_str());
    Audience::from_site_list(who.iter().copied().chain(ann).map(|who| who.parse::<Subject>().unwrap()))
}

/// The space ENG with these holders, who may all view, and with the pages `P1`, `P2` and so on with these lists. Ann
/// runs this and administers it.
fn eng(holders: &[&str], lists: &[(Audience, Audience)]) -> Live {
    let mut live = site(SpaceRoleMode::PreRoles);
    let space = live.space_mut(&"ENG".parse::<SpaceKey>().unwrap()).unwrap();
    let mut grants = grants();
    space.holdings =
        holders.iter().map(|who| (who.parse().unwrap(), grants(&[Permission::ReadSpace]))).collect();
    space.holdings.insert(
        format!("user:{ANN}").parse().unwrap(),
        grants(&[
            Permission::ReadSpace,
            Permission::AdministerSpace,
            Permission::RestrictContent,
            Permission::CreatePage,
        ]),
    );
    let mut tree = Tree::default();
    for (number, (view, edit)) in (1..).zip(lists) {
        let restrictions = Known::Known(Restrictions { view: view.clone(), edit: edit.clone() });
        tree.insert(Content { restrictions, ..live::page(number, 0, format!("P{number}")) });
    }
    space.tree = Some(tree);
    live
}

fn messages(findings: &Diagnostics) -> Vec<String> {
    findings.iter().map(|finding| format!("{}: {}", finding.code, finding.message)).collect()
}

/// What is held and listed in ENG once a policy is carried out, and what was left with its reason.
fn after(body: &str, live: &Live) -> (Vec<String>, Vec<String>) {
    let resolved =
        resolve(&policy(body), live, TODAY).unwrap_or_else(|findings| panic!("{:?}", messages(&findings)));
    let planned = plan(&resolved.desired, live, Gaps::Refuse).unwrap();
    let left = planned.plan.unmanaged.iter().filter(|kept| kept.reason == KeepReason::Left);
    let left = left.map(|kept| {
        format!("{} of {}", kept.count, kept.principals.iter().cloned().collect::<Vec<_>>().join(" "))
    });
    let space = planned.after.spaces.values().find(|space| space.space.key.as_str() == "ENG").unwrap();
    let mut lines: Vec<String> = space.holdings.keys().map(ToString::to_string).collect();
    for content in space.tree.iter().flat_map(Tree::iter) {
        let Known::Known(lists) = &content.restrictions else { continue };
        let who = |audience: &Audience| match audience {
            Audience::Anyone => "anyone".to_owned(),
            Audience::Only(_) => audience.subjects().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        };
        lines.push(format!("{}: {} | {}", content.title.raw(), who(&lists.view), who(&lists.edit)));
    }
    (lines, left.collect())
}

#[test]
fn an_authoritative_space_takes_nothing_from_those_who_are_left() {
    let live = eng(&["group:g-sre", "group:g-leads", "group:g-hr", "anonymous", &format!("user:{BOB}")], &[]);
    let ann = format!("user:{ANN}");
    let bob = format!("user:{BOB}");
    for (leave, stays, left) in [
        ("group:s*", vec!["group:g-sre"], "1 of group:g-sre"),
        ("group:?r?", vec!["group:g-sre"], "1 of group:g-sre"),
        ("group:?r?, group:l*", vec!["group:g-leads", "group:g-sre"], "2 of group:g-leads group:g-sre"),
        ("group:leads, anonymous", vec!["group:g-leads", "anonymous"], "2 of anonymous group:g-leads"),
        ("user:*", vec![bob.as_str()], &format!("1 of {bob}")),
        ("user:bob", vec![bob.as_str()], &format!("1 of {bob}")),
    ] {
        let expected: BTreeSet<String> = stays
            .into_iter()
            .map(str::to_owned)
            .chain([ann.clone(), "group:g-platform".to_owned()])
            .collect();
        for body in [
            format!("spaces: {{ENG: {{leave: [{leave}], access: {{admin: [group:platform]}}}}}}"),
            format!(
                "spaces: {{ENG: {{access: {{admin: [group:platform]}}}}}}\nrules: [{{name: r, spaces: [E*], leave: [{leave}]}}]"
            ),
            format!(
                "sets: {{old: [{leave}]}}\nspaces: {{ENG: {{leave: [set:old], access: {{admin: [group:platform]}}}}}}"
            ),
        ] {
            if body.contains("sets:") && leave.contains(['*', '?']) {
                continue;
            }
            let (lines, reasons) = after(&body, &live);
            assert_eq!(lines.into_iter().collect::<BTreeSet<_>>(), expected, "{body}");
            assert_eq!(reasons, [left], "{body}");
        }
    }
}

#[test]
fn they_stay_on_lists_that_are_replaced_and_come_to_no_other() {
    let live = eng(
        &["group:g-sre", "group:g-leads", "group:g-hr"],
        &[
            (list(&["group:g-sre", "group:g-hr"]), list(&["group:g-hr"])),
            (list(&["group:g-hr"]), Audience::Anyone),
            (Audience::Anyone, Audience::Anyone),
        ],
    );
    let body = "spaces: {ENG: {mode: additive, leave: [group:sre], pages: {/*: {view: [group:leads], edit: [group:leads]}}}}";
    let (lines, left) = after(body, &live);
    let pages: Vec<&String> = lines.iter().filter(|line| line.starts_with('P')).collect();
    let (ann, leads) = (format!("user:{ANN}"), "group:g-leads");
    assert_eq!(
        pages,
        [
            &format!("P1: {leads} group:g-sre {ann} | {leads} {ann}"),
            &format!("P2: {leads} {ann} | {leads} {ann}"),
            &format!("P3: {leads} {ann} | {leads} {ann}"),
        ]
    );
    assert_eq!(left, ["2 of group:g-sre"], "its row and its entry");
}

#[test]
fn a_list_with_one_of_them_is_not_opened() {
    let closed = || list(&["group:g-sre", "group:g-hr"]);
    let listed = format!("group:g-hr group:g-sre user:{ANN}");
    let kept = format!("P1: {listed} | {listed}");
    let live = eng(&["group:g-sre"], &[(closed(), closed()), (list(&["group:g-hr"]), Audience::Anyone)]);
    for body in [
        "spaces: {ENG: {mode: additive, leave: [group:sre], pages: {/*: {view: anyone, edit: anyone}}}}",
        "spaces: {ENG: {mode: additive, leave: [group:sre], unlisted-pages: open}}",
    ] {
        let (lines, left) = after(body, &live);
        let pages: Vec<&str> =
            lines.iter().map(String::as_str).filter(|line| line.starts_with('P')).collect();
        assert_eq!(pages, [kept.as_str(), "P2: anyone | anyone"], "{body}");
        assert_eq!(left, ["3 of group:g-sre"], "{body}: its row and two entries");
    }
}

#[test]
fn page_only_closes_pages_to_its_guests_and_not_to_those_who_are_left() {
    let live = eng(
        &["group:g-sre", "group:g-hr"],
        &[(Audience::Anyone, Audience::Anyone), (Audience::Anyone, Audience::Anyone)],
    );
    let body = "spaces: {ENG: {leave: [group:sre], access: {admin: [group:platform]}, page-only: [{who: [group:hr], pages: [/P1]}]}}";
    let (lines, left) = after(body, &live);
    assert!(lines.contains(&format!("P2: group:g-platform group:g-sre user:{ANN} | anyone")), "{lines:?}");
    assert_eq!(left, ["1 of group:g-sre"]);
}

#[test]
fn a_group_that_the_site_does_not_list_may_have_any_name() {
    let live = eng(&["group:g-hidden", "group:g-sre"], &[]);
    let body = "spaces: {ENG: {leave: [\"group:legacy-*\"], access: {admin: [group:platform]}}}";
    let (lines, left) = after(body, &live);
    assert!(
        lines.contains(&"group:g-hidden".to_owned()) && !lines.contains(&"group:g-sre".to_owned()),
        "{lines:?}"
    );
    assert_eq!(left, ["1 of group:g-hidden"]);
}

#[test]
fn what_is_copied_from_elsewhere_passes_them_over() {
    let mut live = eng(&["group:g-sre", "group:g-leads"], &[]);
    let bare = "BARE".parse::<SpaceKey>().unwrap();
    live.space_mut(&bare).unwrap().holdings =
        live.spaces[&"ENG".parse::<SpaceKey>().unwrap()].holdings.clone();
    live.space_mut(&"ENG".parse::<SpaceKey>().unwrap())
        .unwrap()
        .holdings
        .remove(&"group:g-sre".parse::<Principal>().unwrap());
    let body = "spaces: {ENG: {mode: additive, leave: [group:sre], like: \"live:BARE\"}}";
    let (lines, _) = after(body, &live);
    assert!(!lines.iter().any(|line| line == "group:g-sre"), "{lines:?}");
}

#[test]
fn what_says_otherwise_is_an_error_with_both_lines() {
    let live = eng(&["group:g-sre", "group:g-leads"], &[(Audience::Anyone, Audience::Anyone)]);
    for (rest, what) in [
        ("spaces: {ENG: {leave: [group:s*], access: {viewer: [group:sre]}}}", "is given something"),
        (
            "spaces: {ENG: {leave: [group:s*], access: {viewer: [{who: group:sre, until: 2020-01-01}, group:hr]}}}",
            "is given something",
        ),
        (
            "spaces: {ENG: {mode: additive, leave: [group:s*], pages: {/P1: {edit: [group:sre]}}}}",
            "is listed",
        ),
        (
            "spaces: {ENG: {mode: additive, leave: [group:s*], page-only: [{who: [group:sre], pages: [/P1]}]}}",
            "is given something",
        ),
        (
            "rules: [{name: r, spaces: [ENG], absent: [group:sre]}]\nspaces: {ENG: {mode: additive, leave: [group:s*]}}",
            "is to be nowhere",
        ),
        (
            "rules: [{name: r, spaces: [ENG], absent: [{who: group:hr, instead: group:sre}]}]\nspaces: {ENG: {mode: additive, leave: [group:s*]}}",
            "takes the place of another principal",
        ),
        (
            "rules: [{name: r, spaces: [ENG], replace: {group:sre: group:hr}}]\nspaces: {ENG: {mode: additive, leave: [group:s*]}}",
            "is to be replaced",
        ),
        (
            "rules: [{name: r, spaces: [ENG], replace: {group:hr: group:sre}}]\nspaces: {ENG: {mode: additive, leave: [group:s*]}}",
            "takes the place of another principal",
        ),
        (
            "rules: [{name: r, spaces: [ENG], leave: [group:s*]}]\nspaces: {ENG: {access: {viewer: [group:sre]}}}",
            "is given something",
        ),
        (
            "rules: [{name: r, spaces: [ENG], leave: [group:s*]}, {name: q, spaces: [ENG], access: {viewer: [group:sre]}}]\nspaces: {ENG: {mode: additive, access: {viewer: [group:hr]}}}",
            "is given something",
        ),
    ] {
        let expected = format!("contradiction: `group:sre` is left as it is, and yet {what}");
        let policy = policy(rest);
        let offline = messages(&policy.contradictions(TODAY.today));
        assert_eq!(offline, std::slice::from_ref(&expected), "{rest}");
        let on_site = messages(&resolve(&policy, &live, TODAY).unwrap_err());
        assert!(on_site.contains(&expected), "{rest}: {on_site:?}");
    }
    // What only a site tells: which spaces a rule selects, and what a group is called.
    for (rest, pins) in [
        (
            "rules: [{name: r, spaces: {type: global}, leave: [group:s*]}]\nspaces: {ENG: {access: {viewer: [group:sre]}}}",
            "",
        ),
        (
            "spaces: {ENG: {leave: [group:s*], access: {viewer: [group:reliability]}}}",
            "groups: {reliability: g-sre}\n",
        ),
    ] {
        let policy = policy(&format!("{pins}{rest}"));
        assert!(policy.contradictions(TODAY.today).is_empty(), "{rest}");
        let on_site = messages(&resolve(&policy, &live, TODAY).unwrap_err());
        assert!(
            on_site.iter().any(|message| message.contains("is left as it is, and yet is given something")),
            "{on_site:?}"
        );
    }
}

const GROUPS: [&str; 4] = ["sre", "leads", "hr", "platform"];

/// Some of the groups, by number.
fn some(of: u8) -> impl Iterator<Item = &'static str> {
    GROUPS.into_iter().enumerate().filter(move |(at, _)| of >> at & 1 == 1).map(|(_, name)| name)
}

fn named(of: u8) -> String {
    some(of).map(|name| format!("group:{name}")).collect::<Vec<_>>().join(", ")
}

fn audience(of: u8) -> Audience {
    let groups: Vec<String> = some(of).map(|name| format!("group:g-{name}")).collect();
    list(&groups.iter().map(String::as_str).collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Whatever a policy says, those who are left hold what they held, and are on the lists that they were on; and a
    /// policy that says something about them is refused.
    #[test]
    fn those_who_are_left_stay_as_they_are(
        holders in 0..16_u8,
        lists in prop::collection::vec((0..16_u8, 0..16_u8), 1..4),
        pattern in prop::sample::select(vec![("group:s*", 1), ("group:*", 15), ("group:leads", 2), ("group:?*r*", 13), ("group:hr", 4)]),
        in_rule in any::<bool>(),
        additive in any::<bool>(),
        given in 0..16_u8,
        entries in prop::collection::vec((0..17_u8, 0..17_u8), 0..3),
        opens in any::<bool>(),
        absent in prop::option::of(0..4_usize),
    ) {
        let (leave, left) = pattern;
        let holding: Vec<String> = some(holders).map(|name| format!("group:g-{name}")).collect();
        let listed: Vec<(Audience, Audience)> = lists.iter().map(|(view, edit)| (audience(*view), audience(*edit))).collect();
        let live = eng(&holding.iter().map(String::as_str).collect::<Vec<_>>(), &listed);
        let mut declared = given;
        let mut pages = Vec::new();
        for (number, (view, edit)) in (1..=lists.len()).zip(&entries) {
            // 16 opens, 0 says nothing; who may edit may view.
            let (view, edit) = (*view, if *view == 16 || *view == 0 { *edit } else { edit & view });
            let says = |verb: &str, of: u8| match of {
                0 => None,
                16 => Some(format!("{verb}: anyone")),
                _ => Some(format!("{verb}: [{}]", named(of))),
            };
            let says: Vec<String> = [says("view", view), says("edit", edit)].into_iter().flatten().collect();
            declared |= (view | edit) & 15;
            if !says.is_empty() {
                pages.push(format!("/P{number}: {{{}}}", says.join(", ")));
            }
        }
        let mut space = vec![format!("mode: {}", if additive { "additive" } else { "authoritative" })];
        let viewers = if given == 0 { String::new() } else { format!(", viewer: [{}]", named(given)) };
        space.push(format!("access: {{admin: [user:{ANN}]{viewers}}}"));
        if !pages.is_empty() {
            space.push(format!("pages: {{{}}}", pages.join(", ")));
        }
        if opens {
            space.push("unlisted-pages: open".to_owned());
        }
        let mut rules = Vec::new();
        if in_rule {
            rules.push(format!("{{name: leave, spaces: [\"E*\"], leave: [\"{leave}\"]}}"));
        } else {
            space.push(format!("leave: [\"{leave}\"]"));
        }
        let mut gone = 0;
        if let Some(at) = absent {
            gone = 1 << at;
            let heir = if GROUPS[at] == "platform" { "sre" } else { "platform" };
            if declared & gone == 0 {
                rules.push(format!("{{name: gone, spaces: [ENG], absent: [{{who: group:{}, instead: group:{heir}}}]}}", GROUPS[at]));
                gone |= GROUPS.iter().position(|name| *name == heir).map_or(0, |at| 1 << at);
            } else {
                gone = 0;
            }
        }
        let rules = if rules.is_empty() { String::new() } else { format!("rules: [{}]\n", rules.join(", ")) };
        let body = format!("{rules}spaces: {{ENG: {{{}}}}}", space.join(", "));
        let contradicts = (declared | gone) & left != 0;
        let policy = policy(&body);
        prop_assert_eq!(policy.contradictions(TODAY.today).has_errors(), contradicts, "{}", body);
        let resolved = resolve(&policy, &live, TODAY);
        prop_assert_eq!(resolved.is_err(), contradicts, "{}: {:?}", body, resolved.as_ref().err().map(messages));
        let Ok(resolved) = resolved else { return Ok(()) };
        let eng = "ENG".parse::<SpaceKey>().unwrap();
        let after = planned_state(&resolved.desired, &live);
        let (before, after) = (&live.spaces[&eng], &after.spaces[&eng]);
        let tree = |space: &confperm::model::LiveSpace| -> BTreeMap<ContentId, Restrictions> {
            let contents = space.tree.iter().flat_map(Tree::iter);
            contents.filter_map(|content| Some((content.id, match &content.restrictions { Known::Known(lists) => lists.clone(), Known::Unknown(_) => return None }))).collect()
        };
        let (lists_before, lists_after) = (tree(before), tree(after));
        for name in some(left) {
            let who: Principal = format!("group:g-{name}").parse().unwrap();
            prop_assert_eq!(before.holdings.get(&who), after.holdings.get(&who), "{} of {}", name, body);
            let subject: Subject = format!("group:g-{name}").parse().unwrap();
            for (id, then) in &lists_before {
                let now = &lists_after[id];
                for (then, now) in [(&then.view, &now.view), (&then.edit, &now.edit)] {
                    let on = |list: &Audience| list.subjects().any(|listed| *listed == subject);
                    prop_assert_eq!(on(then), on(now), "{} on {} of {}", name, id, body);
                    prop_assert!(!on(then) || !now.is_anyone(), "{} opened of {}", id, body);
                }
            }
        }
    }
}
