//! Rules: which spaces they select, and that a space gets the union of its entry and its rules.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use camino::Utf8PathBuf;
use confperm::diagnostic::{Code, Sources};
use confperm::model::{
    Audience, Content, ContentId, ContentKind, DesiredHolding, Holding, Known, Live, LiveSpace, Members,
    Mode, PageList, Permission, Principal, Restrictions, Space, SpaceKey, SpaceKind, SpaceRoleMode,
    SpaceStatus, Strength, Subject, Tree,
};
use confperm::plan::{Gaps, Planned, plan};
use confperm::policy::{Loaded, Policy, Resolved, SpaceReach, from_sources, load, resolve};
use proptest::prelude::*;

pub(crate) use crate::builder::ids::key;
use crate::builder::live::{self, grants};
use crate::fixtures::drawn;
use crate::site::{ANN, BOB, TODAY, site};

fn loaded(files: &[(&str, &str)]) -> Loaded {
    let mut sources = Sources::default();
    for (file, text) in files {
        sources.insert(Utf8PathBuf::from(*file), *text);
    }
    from_sources(sources)
}

pub(crate) fn policy(body: &str) -> Policy {
    let Loaded { policy, findings, sources } = loaded(&[("policy.yaml", &format!("version: 1\n{body}"))]);
    policy.unwrap_or_else(|| panic!("{}", drawn(&findings, &sources)))
}

/// A site with many small spaces: `A0` to `A9` global, `B0` to `B9` personal, `C0` archived; those with an even
/// number have the label `even`, and in those with a multiple of three the group hr may view.
pub(crate) fn many() -> Live {
    let mut live = site(SpaceRoleMode::PreRoles);
    live.spaces.clear();
    let mut even = BTreeSet::new();
    for number in 0..21_u64 {
        let (kind, status, name) = match number {
            0..10 => (SpaceKind::Global, SpaceStatus::Current, format!("A{number}")),
            10..20 => (SpaceKind::Personal, SpaceStatus::Current, format!("B{}", number - 10)),
            _ => (SpaceKind::Global, SpaceStatus::Archived, "C0".to_owned()),
        };
        let space = Space { kind, status, ..live::listed(100 + number, key(&name)) };
        let mut holdings = BTreeMap::from([(
            format!("user:{ANN}").parse().unwrap(),
            grants(&[Permission::ReadSpace, Permission::AdministerSpace]),
        )]);
        if number % 3 == 0 {
            holdings.insert("group:g-hr".parse().unwrap(), grants(&[Permission::ReadSpace]));
        }
        if number % 2 == 0 {
            even.insert(space.key.clone());
        }
        let key = space.key.clone();
        live.spaces.insert(key, LiveSpace { holdings, ..LiveSpace::of(space) }.into());
    }
    live.listing = live::listing(&live.spaces);
    live.listing.labelled = BTreeMap::from([("even".to_owned(), even)]);
    live
}

/// Who holds what by line, space by space.
fn resolved(policy: &Policy, live: &Live) -> String {
    let Resolved { desired, .. } = match resolve(policy, live, TODAY) {
        Ok(resolved) => resolved,
        Err(findings) => {
            let told: Vec<String> =
                findings.iter().map(|finding| format!("{}: {}", finding.code, finding.message)).collect();
            return told.join("\n");
        }
    };
    let mut text = String::new();
    for (key, space) in &desired.spaces {
        write!(text, "{key}{}", if space.mode == Mode::Additive { "+" } else { "" }).unwrap();
        for (who, holding) in &space.holdings {
            match holding {
                DesiredHolding::Nothing(by) => {
                    write!(text, " {who}=nothing[{}]", by.rule.as_deref().unwrap_or("-")).unwrap();
                }
                DesiredHolding::Role(role, by) => {
                    write!(text, " {who}={role}[{}]", by.rule.as_deref().unwrap_or("-")).unwrap();
                }
                DesiredHolding::Grants(_) => {
                    let required: Vec<String> = holding
                        .singles(Strength::Required)
                        .map(|(permission, by)| {
                            format!("{permission}[{}]", by.rule.as_deref().unwrap_or("-"))
                        })
                        .collect();
                    write!(text, " {who}={}", required.join(",")).unwrap();
                }
            }
        }
        for (page, wanted) in &space.pages {
            for list in PageList::ALL {
                if let Some(wanted) = wanted.audience(list) {
                    let who: Vec<String> = wanted.what.subjects().map(ToString::to_string).collect();
                    write!(text, " {page}.{}={}", list.as_str(), who.join(",")).unwrap();
                }
            }
        }
        text.push('\n');
    }
    text
}

fn selected(selector: &str) -> String {
    let policy =
        policy(&format!("rules: [{{name: r, spaces: {selector}, access: {{read/space: [group:sre]}}}}]"));
    match resolve(&policy, &many(), TODAY) {
        Ok(resolved) => resolved.desired.spaces.keys().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        Err(findings) => {
            findings.iter().map(|finding| finding.code.to_string()).collect::<Vec<_>>().join(" ")
        }
    }
}

#[test]
fn selectors_say_what_spaces_have_in_common() {
    for (selector, expected) in [
        ("[A1, B1]", "A1 B1"),
        ("[C0]", "C0"),
        ("[\"A1*\", C0]", "A1 C0"),
        ("[A1, NO]", "unknown-space"),
        ("{key: \"A?\"}", "A0 A1 A2 A3 A4 A5 A6 A7 A8 A9"),
        ("{key: \"*\", not: [\"A*\", B0, \"B?\"]}", ""),
        ("{key: \"A*\", not: [A1, A2], label: even}", "A0 A4 A6 A8"),
        ("{type: personal, label: [even, odd]}", "B0 B2 B4 B6 B8"),
        ("{status: archived}", "C0"),
        ("{key: [A1, C0], status: archived}", "C0"),
        ("{where: {who: group:hr, has: read/space}}", "A0 A3 A6 A9 B2 B5 B8"),
        ("{label: even, where: [{who: group:hr, has: read/space}, {who: group:sre, has: viewer}]}", ""),
        ("{key: \"A*\", where: {who: group:nobody, has: viewer}}", "unknown-group"),
    ] {
        assert_eq!(selected(selector), expected, "{selector}");
    }
}

/// A rule does not wait for a second plan where the first one makes its condition true.
#[test]
fn a_rule_selects_what_the_policy_makes_true() {
    let rule = "rules: [{name: r, spaces: {key: [A1, A3], where: {who: group:hr, has: read/space}}, access: {read/space: [group:sre]}}]";
    let sre: Principal = "group:g-sre".parse().unwrap();
    for (space, expected) in [
        ("", "A3"),
        ("A1: {mode: additive, access: {viewer: [group:hr]}}", "A1 A3"),
        ("A1: {access: {collaborator: [group:hr]}}", "A1 A3"),
        ("A1: {mode: additive, access: {viewer: [group:leads]}}", "A3"),
        ("A1: {mode: additive, access: {viewer: [{who: group:hr, until: 2020-01-31}]}}", "A3"),
        ("A1: {mode: additive, like: 'live:A0'}", "A1 A3"),
        ("A1: {mode: additive, like: 'live:A0', leave: [group:hr]}", "A3"),
        ("A1: {mode: paused, access: {viewer: [group:hr]}}", "A3"),
    ] {
        let policy = policy(&format!("spaces: {{{space}}}\n{rule}"));
        let spaces = resolve(&policy, &many(), TODAY).unwrap().desired.spaces;
        let selected = spaces.iter().filter(|(_, space)| space.holdings.contains_key(&sre));
        let selected: Vec<String> = selected.map(|(key, _)| key.to_string()).collect();
        assert_eq!(selected.join(" "), expected, "{space}");
    }
}

/// Where the new principal had nothing, it holds what the old one held.
#[test]
fn a_rule_selects_by_what_takes_the_place_of_another_and_by_roles() {
    let heir = "
rules:
  - {name: a, spaces: [A0], replace: {group:hr: group:sre}}
  - {name: b, spaces: {key: 'A*', where: {who: group:sre, has: read/space}}, access: {read/space: [group:leads]}}
";
    let mut live = many();
    live.space_mut(&key("A0")).unwrap().tree = Some(Tree::default());
    assert!(resolved(&policy(heir), &live).contains("group:g-leads=read/space[b]"));
    let role = "
spaces: {ENG: {mode: additive, access: {viewer: [group:hr]}}}
rules:
  - {name: r, spaces: {key: '*', where: {who: group:hr, has: viewer}}, access: {viewer: [group:leads]}}
";
    let told = resolved(&policy(role), &site(SpaceRoleMode::Roles));
    assert!(told.contains("[r]"), "{told}");
}

#[test]
fn one_rule_makes_true_what_another_selects_by() {
    let mut live = many();
    let a1 = live.space_mut(&key("A1")).unwrap();
    a1.holdings.insert("group:g-platform".parse().unwrap(), grants(&[Permission::ReadSpace]));
    let body = "
rules:
  - {name: third, spaces: {key: 'A*', where: {who: group:leads, has: create/page}}, access: {read/space: [group:platform]}}
  - {name: second, spaces: {key: 'A*', where: [{who: group:sre, has: read/space}, {who: group:platform, has: read/space}]}, access: {create/page: [group:leads]}}
  - {name: first, spaces: [A1, A2], access: {read/space: [group:sre]}}
";
    insta::assert_snapshot!(resolved(&policy(body), &live), @"
    A1+ group:g-leads=read/space[second],create/page[second] group:g-platform=read/space[third] group:g-sre=read/space[first]
    A2+ group:g-sre=read/space[first]
    ");
}

#[test]
fn a_contradiction_that_a_plan_would_lead_to_is_told_before_it() {
    let body = "
spaces:
  A1: {mode: additive, access: {viewer: [group:hr], create/page: [group:sre]}}
rules:
  - {name: r, spaces: {key: 'A*', where: {who: group:hr, has: read/space}}, absent: [group:sre]}
";
    let mut live = many();
    live.space_mut(&key("A1")).unwrap().tree = Some(Tree::default());
    assert!(resolved(&policy(body), &live).starts_with("contradiction: `group:sre` is to be nowhere"));
}

#[test]
fn only_what_must_be_is_listed_and_read() {
    let reach = |body: &str| policy(body).reach();
    let rule = |selector: &str| {
        format!("rules: [{{name: r, spaces: {selector}, access: {{read/space: [group:sre]}}}}]")
    };
    let keys = |names: &[&str]| Some(names.iter().map(|name| key(name)).collect::<BTreeSet<_>>());
    assert_eq!(reach(&rule("[A1, B1]")), SpaceReach { keys: keys(&["A1", "B1"]), labels: BTreeSet::new() });
    assert_eq!(reach(&rule("[A1, \"B*\"]")).keys, None);
    let labelled = reach(&rule("{key: A1, label: [even, odd]}"));
    assert_eq!(
        labelled,
        SpaceReach { keys: keys(&["A1"]), labels: ["even", "odd"].map(str::to_owned).into() }
    );
    assert_eq!(reach("spaces: {A1: {mode: additive, like: \"live:B1\"}}").keys, keys(&["A1", "B1"]));

    let mut narrow = policy(&rule("{key: \"*\", label: even}"));
    narrow.focus_on(BTreeSet::from([key("A1"), key("A2")]));
    assert_eq!(narrow.reach().keys, keys(&["A1", "A2"]));
    let live = many();
    assert_eq!(
        resolve(&narrow, &live, TODAY).unwrap().desired.spaces.into_keys().collect::<Vec<_>>(),
        [key("A2")]
    );
    let chosen = policy(&rule("{key: \"A*\", label: even, not: A0}")).candidates(&live.listing);
    assert_eq!(chosen, keys(&["A2", "A4", "A6", "A8"]).unwrap());
}

#[test]
fn a_space_is_like_another_with_all_that_the_policy_gives_there() {
    let body = "
spaces:
  A1:
    access: {viewer: [group:platform]}
    like: A2
  A2:
    mode: additive
    access: {read/space: [group:sre], create/page: [{who: group:leads, until: 2026-12-31}]}
rules:
  - {name: hr reads, spaces: [A2], access: {read/space: [group:hr]}}
  - {name: as A2, spaces: {key: \"A*\", not: [\"A?\"]}, like: A2}
  - {name: B0 as A1, spaces: [B0], like: A1}
";
    insta::assert_snapshot!(resolved(&policy(body), &many()), @"
    A1 group:g-hr=read/space[like A2] group:g-leads=read/space[like A2],create/page[like A2] group:g-platform=read/space[-],create/comment[-] group:g-sre=read/space[like A2]
    A2+ group:g-hr=read/space[hr reads] group:g-leads=read/space[-],create/page[-] group:g-sre=read/space[-]
    B0+ group:g-hr=read/space[B0 as A1] group:g-leads=read/space[B0 as A1],create/page[B0 as A1] group:g-platform=read/space[B0 as A1],create/comment[B0 as A1] group:g-sre=read/space[B0 as A1]
    ");
}

#[test]
fn what_is_held_elsewhere_now_is_copied_without_those_who_are_not_ours() {
    let mut live = many();
    let source = live.space_mut(&key("A0")).unwrap();
    source.holdings.insert(
        format!("user:{BOB}").parse().unwrap(),
        grants(&[Permission::ReadSpace, Permission::CreatePage]),
    );
    let body = "
rules:
  - {name: as A0, spaces: [A1], like: \"live:A0\"}
  - {name: bob leaves, spaces: [A2], absent: [\"user:5b10ac8d82e05b22cc7d4ef6\"]}
  - {name: as A0 too, spaces: [A2], like: \"live:A0\"}
";
    live.space_mut(&key("A2")).unwrap().tree = Some(Tree::default());
    insta::assert_snapshot!(resolved(&policy(body), &live), @"
    A1+ group:g-hr=read/space[as A0] user:5b10ac8d82e05b22cc7d4ef6=read/space[as A0],create/page[as A0]
    A2+ group:g-hr=read/space[as A0 too]
    ");
}

/// A space with pages: 6 is Bob's alone, 7 is Bob's and hr's, 12 is for hr to edit.
#[test]
fn absent_principals_leave_spaces_and_lists_and_never_empty_one() {
    let mut live = site(SpaceRoleMode::PreRoles);
    let eng = live.space_mut(&key("ENG")).unwrap();
    eng.holdings.insert(format!("user:{BOB}").parse().unwrap(), grants(&[Permission::ReadSpace]));
    let absent = |entry: &str| {
        resolved(
            &policy(&format!(
                "people: {{bob: {BOB}}}\nrules: [{{name: gone, spaces: [ENG], absent: [{entry}]}}]"
            )),
            &live,
        )
    };
    assert!(
        absent("user:bob")
            .starts_with("last-on-list: `user:bob` is the last on the lists `view ENG/Home/Handbook/Public`")
    );
    insta::assert_snapshot!(absent("{who: user:bob, instead: group:leads}"), @"ENG+ user:5b10ac8d82e05b22cc7d4ef6=nothing[gone] 6.view=group:g-leads 6.edit=group:g-leads 7.view=group:g-hr");
    insta::assert_snapshot!(absent("group:sre"), @"ENG+ group:g-sre=nothing[gone]");
}

#[test]
fn one_takes_the_place_of_another_wherever_the_other_stood() {
    let mut live = site(SpaceRoleMode::PreRoles);
    let eng = live.space_mut(&key("ENG")).unwrap();
    eng.holdings
        .insert("group:g-hr".parse().unwrap(), grants(&[Permission::ReadSpace, Permission::CreatePage]));
    eng.holdings.insert(
        "group:g-leads".parse().unwrap(),
        grants(&[Permission::ReadSpace, Permission::CreateComment]),
    );
    let rule = "rules: [{name: new, spaces: [ENG], replace: {group:hr: group:leads}}]";
    insta::assert_snapshot!(resolved(&policy(rule), &live), @"ENG+ group:g-hr=nothing[new] group:g-leads=read/space[new],create/page[new] 7.view=group:g-leads,user:5b10ac8d82e05b22cc7d4ef6 12.edit=group:g-leads");
    // An authoritative space says itself who holds what.
    let own = "spaces: {ENG: {access: {admin: [group:platform], viewer: [group:leads]}}}\n";
    let found = resolved(&policy(&format!("{own}{rule}")), &live);
    assert!(found.contains("group:g-hr=nothing[new]") && !found.contains("create/page[new]"), "{found}");
}

#[test]
fn where_there_are_roles_the_greater_one_is_inherited() {
    let mut live = site(SpaceRoleMode::Roles);
    let eng = live.space_mut(&key("ENG")).unwrap();
    eng.holdings.clear();
    for (group, role) in [("g-hr", "r-collab"), ("g-leads", "r-viewer"), ("g-sre", "r-auditor")] {
        eng.holdings.insert(format!("group:{group}").parse().unwrap(), Holding::Role(role.parse().unwrap()));
    }
    let replace = |old: &str, new: &str| {
        resolved(
            &policy(&format!("rules: [{{name: new, spaces: [ENG], replace: {{group:{old}: group:{new}}}}}]")),
            &live,
        )
    };
    assert!(replace("hr", "leads").contains("group:g-leads=r-collab[new]"));
    assert!(replace("leads", "hr").contains("group:g-hr=r-collab[new]"));
    // Auditor is a role of the site's own; it has no words that say what it permits, as far as it is a system role
    // of an unknown name.
    assert!(replace("sre", "leads").starts_with("not-expressible"));
}

#[test]
fn rows_of_a_file_are_lines_of_the_policy() {
    let rule = "version: 1\nrules: [{name: owners, from: {csv: o.csv, space: K, type: T, id: I}, access: [create/page]}]";
    let table = "I,K,T\ng-sre,A1,GROUP\nhr,A1,group\nhr,A1,group\n5b10ac8d82e05b22cc7d4ef5,A2,User\n";
    for text in
        [table.to_owned(), table.replace(',', ";"), table.replace(',', "\t"), table.replace('\n', "\r\n")]
    {
        let Loaded { policy, findings, sources } = loaded(&[("p.yaml", rule), ("o.csv", &text)]);
        let policy = policy.unwrap_or_else(|| panic!("{}", drawn(&findings, &sources)));
        insta::allow_duplicates! {
            insta::assert_snapshot!(resolved(&policy, &many()), @"
            A1+ group:g-hr=read/space[owners],create/page[owners] group:g-sre=read/space[owners],create/page[owners]
            A2+ user:5b10ac8d82e05b22cc7d4ef5=read/space[owners],create/page[owners]
            ");
        }
        let desired = resolve(&policy, &many(), TODAY).unwrap().desired;
        let DesiredHolding::Grants(held) =
            &desired.spaces[&key("A2")].holdings[&format!("user:{ANN}").parse().unwrap()]
        else {
            panic!("not grants")
        };
        assert_eq!(held[&Permission::CreatePage].1.origin.to_string(), "o.csv:5");
    }
    let unknown = format!("{table}g-sre,GONE,group\n");
    let loaded = loaded(&[("p.yaml", rule), ("o.csv", &unknown)]);
    let findings = resolve(&loaded.policy.unwrap(), &many(), TODAY).unwrap_err();
    let place = &findings.iter().next().unwrap().labels[0].span;
    assert_eq!((place.file.as_str(), place.line), ("o.csv", 6));
}

#[test]
fn a_hundred_thousand_bad_rows_are_all_counted_and_few_are_shown() {
    let rule = "version: 1\nrules: [{name: owners, from: {csv: o.csv, space: K, type: T, id: I}, access: [create/page]}]";
    let text = format!("I,K,T\n{}", "nobody,ENG,user\n".repeat(100_000));
    let found = loaded(&[("p.yaml", rule), ("o.csv", &text)]);
    let drawn = drawn(&found.findings, &found.sources);
    assert_eq!(found.findings.len(), 21);
    assert!(drawn.contains("99980 more rows of `o.csv` like those above"), "{drawn}");
}

#[test]
fn a_file_in_another_encoding_is_told_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let text = "Owner,Type,OwnerId,SpaceKey\nJürgen,user,5b10ac8d82e05b22cc7d4ef5,ENG\n";
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let rule = "from: {csv: o.csv, space: SpaceKey, type: Type, id: OwnerId}, access: read/space";
    std::fs::write(folder.path().join("p.yaml"), format!("version: 1\nrules: [{{name: r, {rule}}}]\n"))
        .unwrap();
    let codes = |bytes: &[u8]| -> Vec<Code> {
        std::fs::write(folder.path().join("o.csv"), bytes).unwrap();
        let loaded = load(camino::Utf8Path::from_path(folder.path()).unwrap());
        loaded.findings.iter().map(|finding| finding.code).collect()
    };
    let with_mark = [b"\xff\xfe".as_slice(), &utf16].concat();
    assert_eq!(codes(&with_mark), [Code::CsvFile]);
    assert_eq!(codes(&latin), [Code::CsvFile]);
    assert_eq!(codes(format!("\u{feff}{text}").as_bytes()), []);
}

/// A rule of the property: which spaces, and what group gets what there.
type Given = (Vec<usize>, usize, usize);

const NAMES: [&str; 4] = ["sre", "leads", "hr", "platform"];
const RIGHTS: [&str; 4] = ["viewer", "collaborator", "create/page", "export/space"];

fn line((_, group, right): &Given) -> String {
    format!("{}: [group:{}]", RIGHTS[*right], NAMES[*group])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// Rules mean what the same lines mean, written out in each space.
    #[test]
    fn rules_are_what_they_are_written_out(
        rules in prop::collection::vec((prop::collection::vec(0_usize..10, 1..4), 0_usize..4, 0_usize..4), 1..6),
        own in prop::collection::vec((prop::collection::vec(0_usize..10, 1..2), 0_usize..4, 0_usize..4), 0..4),
    ) {
        let mut written: BTreeMap<usize, Vec<&Given>> = BTreeMap::new();
        let mut entries: BTreeMap<usize, Vec<&Given>> = BTreeMap::new();
        for given in &own {
            written.entry(given.0[0]).or_default().push(given);
            entries.entry(given.0[0]).or_default().push(given);
        }
        for given in &rules {
            for space in given.0.iter().collect::<BTreeSet<_>>() {
                written.entry(*space).or_default().push(given);
            }
        }
        let entry = |lines: &[&Given]| {
            let mut by_right: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
            for (_, group, right) in lines {
                by_right.entry(RIGHTS[*right]).or_default().insert(format!("group:{}", NAMES[*group]));
            }
            let lines: Vec<String> = by_right
                .into_iter()
                .map(|(right, who)| format!("{right}: [{}]", who.into_iter().collect::<Vec<_>>().join(", ")))
                .collect();
            format!("{{mode: additive, access: {{{}}}}}", lines.join(", "))
        };
        let spaces = |entries: &BTreeMap<usize, Vec<&Given>>| {
            entries.iter().fold("spaces:\n".to_owned(), |text, (space, lines)| format!("{text}  A{space}: {}\n", entry(lines)))
        };
        let mut with_rules = if entries.is_empty() { String::new() } else { spaces(&entries) };
        with_rules.push_str("rules:\n");
        for (number, given) in rules.iter().enumerate() {
            let keys: Vec<String> = given.0.iter().collect::<BTreeSet<_>>().into_iter().map(|space| format!("A{space}")).collect();
            let (keys, access) = (keys.join(", "), line(given));
            let rule = format!("  - {{name: r{number}, spaces: [{keys}], access: {{{access}}}}}\n");
            with_rules.push_str(&rule);
        }
        let live = many();
        let means = |text: &str| -> BTreeMap<(SpaceKey, Principal), BTreeMap<Permission, Strength>> {
            let desired = resolve(&policy(text), &live, TODAY).unwrap().desired;
            desired
                .spaces
                .into_iter()
                .flat_map(|(key, space)| space.holdings.into_iter().map(move |(who, held)| ((key.clone(), who), held)))
                .map(|(at, held)| {
                    let DesiredHolding::Grants(held) = held else { panic!("not grants") };
                    (at, held.into_iter().map(|(permission, wanted)| (permission, wanted.0)).collect())
                })
                .collect()
        };
        prop_assert_eq!(means(&with_rules), means(&spaces(&written)));
    }

    /// A principal that is replaced or absent is nowhere afterwards; no list was opened; and a second plan has
    /// nothing to do.
    #[test]
    fn those_who_go_are_gone_and_nothing_is_left_to_do(
        held in prop::collection::vec((0_usize..4, prop::sample::subsequence(vec![Permission::CreatePage, Permission::CreateComment, Permission::ExportSpace], 0..3)), 0..5),
        lists in prop::collection::vec((1_u64..14, prop::sample::subsequence(vec![0_usize, 1, 2, 3], 0..4), prop::sample::subsequence(vec![0_usize, 1, 2, 3], 0..4)), 0..8),
        archived in prop::sample::subsequence((1_u64..9).collect::<Vec<_>>(), 0..4),
        replaced in any::<bool>(),
    ) {
        const IDS: [&str; 4] = ["g-sre", "g-leads", "g-hr", "g-platform"];
        let mut live = site(SpaceRoleMode::PreRoles);
        let eng = live.space_mut(&key("ENG")).unwrap();
        eng.holdings.insert(format!("user:{ANN}").parse().unwrap(), grants(&[Permission::ReadSpace, Permission::CreatePage, Permission::CreateBlogpost, Permission::AdministerSpace]));
        for (group, permissions) in &held {
            let all: Vec<Permission> = [Permission::ReadSpace].into_iter().chain(permissions.iter().copied()).collect();
            eng.holdings.insert(format!("group:{}", IDS[*group]).parse().unwrap(), grants(&all));
        }
        let tree = eng.tree.as_mut().unwrap();
        // The account that runs this is on each list, as it must be to change it.
        let audience = |who: &[usize]| {
            let own = (!who.is_empty()).then(|| format!("user:{ANN}"));
            let groups = who.iter().map(|group| format!("group:{}", IDS[*group]));
            let subjects = groups.chain(own).map(|subject| subject.parse::<Subject>().unwrap());
            Members::new(subjects).map_or(Audience::Anyone, Audience::Only)
        };
        let (number, home) = (ContentId::from_number, tree.get(ContentId::from_number(1)).unwrap().clone());
        tree.insert(Content { id: number(13), kind: ContentKind::Blogpost, title: "News".into(), ..home });
        for page in archived {
            let page = tree.get(number(page)).unwrap().clone();
            tree.insert(Content { archived: true, ..page });
        }
        for page in tree.iter().map(|page| page.id).collect::<Vec<_>>() {
            tree.set_restrictions(page, Known::Known(Restrictions::OPEN));
        }
        for (page, view, edit) in &lists {
            let restrictions = Restrictions { view: audience(view), edit: audience(edit) };
            tree.set_restrictions(number(*page), Known::Known(restrictions));
        }
        let rule = if replaced {
            "rules: [{name: r, spaces: [ENG], replace: {group:sre: group:leads}}]"
        } else {
            "rules: [{name: r, spaces: [ENG], absent: [{who: group:sre, instead: group:leads}]}]"
        };
        let policy = policy(rule);
        let planned = |live: &Live| -> Planned {
            let resolved = resolve(&policy, live, TODAY).unwrap_or_else(|findings| panic!("{findings:#?}"));
            plan(&resolved.desired, live, Gaps::Refuse).unwrap()
        };
        let after = planned(&live).after;
        let gone: Principal = "group:g-sre".parse().unwrap();
        let (was, is) = (&live.spaces[&key("ENG")], &after.spaces[&key("ENG")]);
        prop_assert!(!is.holdings.contains_key(&gone));
        for page in was.tree.as_ref().unwrap().iter() {
            let Known::Known(now) = &is.tree.as_ref().unwrap().get(page.id).unwrap().restrictions else { panic!("unread") };
            let Known::Known(before) = &page.restrictions else { panic!("unread") };
            for list in PageList::ALL {
                prop_assert!(now.audience(list).subjects().all(|subject| Principal::from(subject.clone()) != gone));
                prop_assert_eq!(now.audience(list).is_anyone(), before.audience(list).is_anyone());
            }
        }
        if let (true, Some(Holding::Grants(left))) = (replaced, was.holdings.get(&gone)) {
            let Some(Holding::Grants(heirs)) = is.holdings.get(&"group:g-leads".parse().unwrap()) else { panic!("no heir") };
            prop_assert!(left.keys().all(|permission| heirs.contains_key(permission)));
        }
        prop_assert!(planned(&after).plan.is_empty());
    }
}

#[test]
fn contradictions_that_keys_alone_show_need_no_site() {
    let folder = crate::fixtures::folder("unresolved/contradiction");
    let contradictory = load(&folder).policy.unwrap();
    let early = contradictory.contradictions(TODAY.today);
    let late = resolve(&contradictory, &site(SpaceRoleMode::PreRoles), TODAY).unwrap_err();
    // Given by a line, listed on a page, and given while a rule puts another in the place; in the same words.
    assert_eq!(early.iter().count(), 3, "{early:#?}");
    assert!(early.iter().all(|finding| late.iter().any(|found| found == finding)), "{early:#?}\n{late:#?}");

    let body = |spaces: &str, until: &str| {
        policy(&format!(
            "spaces: {{ENG: {{access: {{viewer: [{{who: group:sre{until}}}]}}}}}}\nrules: [{{name: x, spaces: {spaces}, absent: [group:sre]}}]\n"
        ))
    };
    for (spaces, until, found) in [
        ("{key: 'E*'}", "", 1),
        ("[ENG]", "", 1),
        ("{key: '*', not: [ENG]}", "", 0),
        ("{key: '*', type: global}", "", 0),
        ("{key: '*', label: team}", "", 0),
        ("{key: '*'}", ", until: 2026-11-20", 0),
    ] {
        let findings = body(spaces, until).contradictions(TODAY.today);
        assert_eq!(findings.iter().count(), found, "{spaces}{until}: {findings:#?}");
    }
}
