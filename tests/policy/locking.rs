//! `confperm.lock`: its text, what it learns, and what names mean with it.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use confperm::diagnostic::{Code, Diagnostics, Sources};
use confperm::model::{
    AccountStatus, Audience, ContentId, Known, Live, Members, PageList, Principal, Restrictions,
    SiteIdentity, SkippedPart, SpaceId, SpaceKey, SpaceRoleMode, Subject,
};
use confperm::policy::lock::{LOCK_FILE, Lock};
use confperm::policy::{Context, Policy, Resolved, from_sources, resolve};

use crate::site::{ANN, BOB, TODAY, site};

const GONE: &str = "5b10ac8d82e05b22cc7d4e99";

fn acme() -> SiteIdentity {
    SiteIdentity { cloud_id: Some("c1".to_owned()), base_url: "https://acme.atlassian.net/wiki".to_owned() }
}

fn file() -> Arc<Utf8Path> {
    Utf8PathBuf::from(LOCK_FILE).into()
}

fn lock(text: &str) -> Lock {
    Lock::parse(&file(), text).unwrap()
}

fn policy(body: &str) -> Policy {
    let mut sources = Sources::default();
    sources.insert(Utf8PathBuf::from("policy.yaml"), format!("version: 1\n{body}"));
    from_sources(sources).policy.unwrap()
}

fn whole() -> Policy {
    policy(&format!(
        "people: {{ann: {ANN}}}\ngroups: {{pinned: g-leads}}\nspaces:\n  ENG:\n    access:\n      admin: [group:sre, group:pinned]\n      \
         viewer: [user:ann, user:{BOB}]\n  BARE:\n    access: {{viewer: [group:hr]}}\n"
    ))
}

fn run(policy: &Policy, live: &Live, lock: &Lock) -> Result<Resolved, Diagnostics> {
    resolve(policy, live, Context { lock, ..TODAY })
}

fn codes(findings: &Diagnostics) -> Vec<Code> {
    findings.iter().map(|finding| finding.code).collect()
}

#[test]
fn what_is_learnt_is_sorted_and_reads_back() {
    let live = site(SpaceRoleMode::Roles);
    let learnt = Lock::default().learn(&whole(), &live, &acme(), true);
    assert_eq!((learnt.added.names(), learnt.removed), (9, 0));
    let text = learnt.lock.to_text();
    insta::assert_snapshot!(text, @r"
    # What the names in this policy meant when it was last planned. confperm writes this file; commit it with the
    # policy, so that a plan notices when a name on the site comes to mean something else.
    version: 2
    site:
      cloud-id: c1
      url: https://acme.atlassian.net/wiki
    groups:
      hr: g-hr
      pinned: g-leads
      sre: g-sre
    people:
      5b10ac8d82e05b22cc7d4ef5: {name: Ann Example, status: active}
      5b10ac8d82e05b22cc7d4ef6: {name: Bob Example, status: inactive}
    roles:
      Admin: r-admin
      Viewer: r-viewer
    spaces:
      BARE: 103
      ENG: 101
    ");
    let again = lock(&text).learn(&whole(), &live, &acme(), true);
    assert_eq!((again.added.names(), again.removed, again.lock.to_text()), (0, 0, text));
}

#[test]
fn names_go_when_the_whole_policy_is_without_them() {
    let live = site(SpaceRoleMode::PreRoles);
    let learnt = Lock::default().learn(&whole(), &live, &acme(), true).lock;
    let smaller = policy("spaces: {ENG: {access: {admin: [group:sre]}}}\n");
    assert_eq!(learnt.learn(&smaller, &live, &acme(), false).lock.to_text(), learnt.to_text());
    let pruned = learnt.learn(&smaller, &live, &acme(), true);
    assert_eq!((pruned.added.names(), pruned.removed), (0, 5));
}

#[test]
fn names_need_not_be_words() {
    let mut live = site(SpaceRoleMode::PreRoles);
    for (group, name) in live.directory.groups.values_mut().zip(["a: b", "# x", "yes", "\"q\"", "[1]", "é\t"])
    {
        group.name = name.into();
    }
    let quoted = r#"spaces: {ENG: {access: {viewer: ["group:a: b", "group:# x", "group:yes", 'group:"q"', "group:[1]"]}}}"#;
    let policy = policy(&format!("{quoted}\n"));
    let learnt = Lock::default().learn(&policy, &live, &acme(), true);
    assert_eq!(learnt.added.names(), 6);
    let again = lock(&learnt.lock.to_text()).learn(&policy, &live, &acme(), true);
    assert_eq!((again.added.names(), again.removed, again.lock.to_text()), (0, 0, learnt.lock.to_text()));
    run(&policy, &live, &again.lock).unwrap();
}

#[test]
fn ends_are_remembered_as_long_as_a_file_says_them() {
    let live = site(SpaceRoleMode::PreRoles);
    let body = |day: &str| {
        policy(&format!(
            "people: {{ann: {ANN}}}\nspaces:\n  ENG:\n    mode: additive\n    access: {{viewer: [{{who: user:ann, until: {day}}}]}}\n    \
             pages: {{'/Runbooks': {{view: [group:sre, {{who: group:hr, until: 2027-01-31}}]}}}}\n"
        ))
    };
    let first = Lock::default().learn(&body("2026-12-31"), &live, &acme(), true);
    assert_eq!(first.added.ends(), 2);
    let text = first.lock.to_text();
    let ends = "ends:\n  - \"2026-12-31 user:5b10ac8d82e05b22cc7d4ef5, viewer in ENG\"\n  - \"2027-01-31 group:hr, view /Runbooks in ENG\"\n";
    assert!(text.ends_with(ends), "{text}");
    let again = lock(&text).learn(&body("2026-12-31"), &live, &acme(), true);
    assert_eq!((again.added.ends(), again.lock.to_text()), (0, text.clone()));
    // An alias is no more than a name for the account.
    let renamed = "people: {anna: 5b10ac8d82e05b22cc7d4ef5}\nspaces: {ENG: {access: {viewer: [{who: user:anna, until: 2026-12-31}]}}}\n";
    assert_eq!(lock(&text).learn(&policy(renamed), &live, &acme(), true).added.ends(), 0);
    let narrowed = lock(&text).learn(&body("2027-06-30"), &live, &acme(), false);
    assert_eq!((narrowed.added.ends(), narrowed.lock.to_text().matches("viewer in ENG").count()), (1, 2));
    let whole = lock(&text).learn(&body("2027-06-30"), &live, &acme(), true);
    assert_eq!((whole.added.ends(), whole.lock.to_text().matches("viewer in ENG").count()), (1, 1));
}

#[test]
fn a_day_that_had_passed_when_it_was_written_is_a_mistake() {
    let live = site(SpaceRoleMode::PreRoles);
    let over = policy(&format!(
        "people: {{ann: {ANN}}}\nspaces: {{ENG: {{access: {{admin: [group:sre], viewer: [{{who: user:ann, until: 2026-11-20}}]}}}}}}\n"
    ));
    // Without a lock it is not known when it was written.
    assert_eq!(codes(&run(&over, &live, Lock::EMPTY).unwrap().warnings), [Code::EndedGrant]);
    let known = Lock::default().learn(&over, &live, &acme(), true).lock;
    assert_eq!(codes(&run(&over, &live, &known).unwrap().warnings), [Code::EndedGrant]);
    let unknown = lock("version: 2\nsite: {url: https://acme.atlassian.net/wiki}\n");
    let findings = run(&over, &live, &unknown).unwrap_err();
    assert_eq!(codes(&findings), [Code::EndBeforeStart]);
    // The line that the message offers is the one that is needed.
    let help = findings.iter().next().unwrap().help.clone().unwrap();
    let line = help.split('`').nth(1).unwrap();
    let added =
        lock(&format!("version: 2\nsite: {{url: https://acme.atlassian.net/wiki}}\nends:\n  {line}\n"));
    assert_eq!(codes(&run(&over, &live, &added).unwrap().warnings), [Code::EndedGrant]);
}

#[test]
fn a_lock_that_cannot_be_read_says_where() {
    for (text, line) in [
        ("version: 3\n", 1),
        ("version: 2\nsite: {}\n", 2),
        ("version: 2\nsite: {cloud-id: c}\n", 2),
        ("version: 2\nsite:\n  url: https://a\n  key: b\n", 4),
        ("version: 1\ngroups: [a]\n", 2),
        ("version: 1\ngroups:\n  a: {b: c}\n", 3),
        ("version: 1\nspaces:\n  ENG: x1\n", 3),
        ("version: 1\nspaces:\n  a/b: 1\n", 3),
        ("version: 1\nteams: {}\n", 2),
        ("version: 1\nends: {a: b}\n", 2),
        ("version: 1\nends:\n  - 2026-02-30 user:x, viewer in ENG\n", 3),
        ("version: 1\ngroups:\n  a: b\n  a: c\n", 4),
        ("version: 1\npeople:\n  x: {name: X, status: asleep}\n", 3),
        ("version: 1\ngroups: {\n", 2),
        ("version: 1\ngroups:\n<<<<<<< HEAD\n  a: b\n=======\n  a: c\n>>>>>>> other\n", 3),
    ] {
        let finding = Lock::parse(&file(), text).unwrap_err();
        assert_eq!((finding.code, finding.labels[0].span.line), (Code::InvalidLock, line), "{text}");
        let span = &finding.labels[0].span;
        assert!(text.get(span.start..span.end).is_some(), "{text}");
        assert!(finding.help.is_some(), "{text}");
    }
    let merge = Lock::parse(&file(), "version: 1\n=======\n").unwrap_err();
    assert!(merge.message.contains("merge"), "{}", merge.message);
}

#[test]
fn a_renamed_group_is_the_same_group() {
    let policy = policy("spaces: {ENG: {access: {viewer: [group:reliability]}}}\n");
    let live = site(SpaceRoleMode::PreRoles);
    assert_eq!(codes(&run(&policy, &live, Lock::EMPTY).unwrap_err()), [Code::UnknownGroup]);
    let resolved = run(&policy, &live, &lock("groups: {reliability: g-sre}\n")).unwrap();
    assert_eq!(codes(&resolved.warnings), [Code::RenamedName]);
    let space = resolved.desired.spaces.values().next().unwrap();
    let holders: Vec<String> = space.holdings.keys().map(ToString::to_string).collect();
    assert_eq!(holders, ["group:g-sre"]);
    // The name that the policy has stays in the lock, with the id that it had.
    let known = lock("groups: {reliability: g-sre}\n");
    assert!(known.learn(&policy, &live, &acme(), true).lock.to_text().contains("reliability: g-sre"));
}

/// Who holds something in `ENG`, and who stays as they are.
fn holders(resolved: &Resolved) -> (Vec<String>, Vec<String>) {
    let space = &resolved.desired.spaces[&"ENG".parse().unwrap()];
    let names = |principals: Vec<&Principal>| principals.into_iter().map(ToString::to_string).collect();
    (names(space.holdings.keys().collect()), names(space.kept.principals.iter().collect()))
}

#[test]
fn the_locked_group_is_meant_as_long_as_it_exists() {
    let policy = policy("spaces: {ENG: {access: {viewer: [group:sre]}}}\n");
    let live = site(SpaceRoleMode::PreRoles);
    let known = lock("groups: {sre: g-leads}\n");
    let resolved = run(&policy, &live, &known).unwrap();
    assert_eq!(codes(&resolved.warnings), [Code::ReplacedName]);
    assert_eq!(holders(&resolved), (vec!["group:g-leads".to_owned()], vec![]));
    assert!(resolved.desired.skipped.is_empty());
    assert!(known.learn(&policy, &live, &acme(), true).lock.to_text().contains("sre: g-leads"));
}

#[test]
fn another_group_under_the_name_of_one_that_is_gone_gets_and_loses_nothing() {
    let policy = policy("spaces: {ENG: {access: {viewer: [group:sre, group:hr]}}}\n");
    let live = site(SpaceRoleMode::PreRoles);
    let known = lock("groups: {sre: g-gone}\n");
    let resolved = run(&policy, &live, &known).unwrap();
    assert_eq!(codes(&resolved.warnings), [Code::TakenName]);
    let (holders, kept) = holders(&resolved);
    assert_eq!((holders.join(" "), kept.join(" ")), ("group:g-hr".into(), "group:g-gone group:g-sre".into()));
    let skipped: Vec<_> = resolved.desired.skipped.iter().map(|skipped| skipped.part).collect();
    assert_eq!(skipped, [SkippedPart::Principal]);
    // Only a person makes the lock forget.
    assert!(known.learn(&policy, &live, &acme(), true).lock.to_text().contains("g-gone"));
}

#[test]
fn a_page_entry_follows_its_page_and_leaves_what_took_its_name() {
    let live = site(SpaceRoleMode::PreRoles);
    let policy = policy(
        "spaces: {ENG: {mode: additive, pages: {/Runbooks/On-call: {view: [group:sre]}, /Runbooks/**: {view: anyone}}}}\n",
    );
    let pages = |resolved: &Resolved| -> (Vec<u64>, Vec<u64>) {
        let space = &resolved.desired.spaces[&"ENG".parse().unwrap()];
        let kept = space.kept.lists.keys().map(|(page, _)| page.number()).collect();
        (space.pages.keys().map(|page| page.number()).collect(), kept)
    };
    // The page is `/Runbooks/Restore` by now, and page 3 has its name.
    let swapped = run(&policy, &live, &lock("pages: {ENG: {/Runbooks/On-call: 4}}\n")).unwrap();
    assert_eq!(codes(&swapped.warnings), [Code::ReplacedName]);
    assert_eq!(pages(&swapped), (vec![4], vec![3]));
    assert_eq!(swapped.desired.skipped.len(), 1, "the pattern would have opened page 3");
    let taken = run(&policy, &live, &lock("pages: {ENG: {/Runbooks/On-call: 40}}\n")).unwrap();
    assert_eq!(codes(&taken.warnings), [Code::TakenName]);
    assert_eq!(pages(&taken), (vec![4], vec![3]));
    let below = run(&policy, &live, &lock("pages: {ENG: {/Runbooks/On-call: 3, /Runbooks: 20}}\n")).unwrap();
    assert_eq!(pages(&below), (vec![3], vec![4]));
}

/// What stood below a page that was deleted stands above it now, and only the lost entry knew that it was to stay closed.
#[test]
fn no_wider_entry_decides_about_what_a_lost_pattern_may_have_closed() {
    let mut live = site(SpaceRoleMode::PreRoles);
    let restricted = Restrictions {
        view: Audience::Only(Members::new([Subject::Group("g-hr".parse().unwrap())]).unwrap()),
        edit: Audience::Anyone,
    };
    let tree = live.space_mut(&"ENG".parse().unwrap()).unwrap().tree.as_mut().unwrap();
    tree.set_restrictions(ContentId::from_number(4), Known::Known(restricted));
    let kept = |pages: &str, lock_of_pages: &str| {
        let policy = policy(&format!("spaces: {{ENG: {{mode: additive, {pages}}}}}\n"));
        let resolved = run(&policy, &live, &lock(&format!("pages: {{{lock_of_pages}}}\n"))).unwrap();
        let space = &resolved.desired.spaces[&"ENG".parse().unwrap()];
        let decided = space.pages.keys().map(|page| page.number()).filter(|page| *page == 4).count();
        (decided, space.kept.has(ContentId::from_number(4), PageList::View))
    };
    let wide = "'/**': {view: anyone}";
    assert_eq!(kept(&format!("pages: {{{wide}}}"), ""), (1, false));
    let lost = "'/Salaries/**': {view: [group:hr]}";
    assert_eq!(kept(&format!("pages: {{{wide}, {lost}}}"), "ENG: {/Salaries: 40}"), (0, true));
    let other = "'/Salaries/**': {edit: [group:hr]}";
    assert_eq!(kept(&format!("pages: {{{wide}, {other}}}"), "ENG: {/Salaries: 40}"), (1, false));
    // An entry that names the page decides about it.
    let named = "'id:4': {view: anyone}";
    assert_eq!(kept(&format!("pages: {{{named}, {lost}}}"), "ENG: {/Salaries: 40}"), (1, false));
    let unlisted = format!("unlisted-pages: open, pages: {{{lost}}}");
    assert_eq!(kept(&unlisted, "ENG: {/Salaries: 40}"), (0, true));
    // The page is meant by an entry of another space, and was moved here.
    let elsewhere =
        format!("pages: {{{wide}}}}}, OLD: {{mode: additive, pages: {{/Pay: {{view: [group:hr]}}}}");
    assert_eq!(kept(&elsewhere, "OLD: {/Pay: 4}"), (0, true));
    // What is open is closed by a wider entry as ever, also where it has the name of another page.
    let tree = live.space_mut(&"ENG".parse().unwrap()).unwrap().tree.as_mut().unwrap();
    tree.set_restrictions(ContentId::from_number(3), Known::Known(Restrictions::OPEN));
    let policy = policy(&format!(
        "spaces: {{ENG: {{mode: additive, pages: {{/Runbooks/On-call: {{view: anyone}}, '/**': {{view: [group:hr]}}, {lost}}}}}}}\n"
    ));
    let known = lock("pages: {ENG: {/Salaries: 40, /Runbooks/On-call: 4}}\n");
    let resolved = run(&policy, &live, &known).unwrap();
    let pages = &resolved.desired.spaces[&"ENG".parse().unwrap()].pages;
    assert!(pages.contains_key(&ContentId::from_number(3)), "{pages:?}");
}

#[test]
fn a_title_and_a_path_of_one_word_are_two_names_of_which_each_is_reported_and_accepted() {
    let live = site(SpaceRoleMode::PreRoles);
    let policy = policy(
        "spaces: {ENG: {mode: additive, pages: {/Runbooks/**: {edit: [group:sre]}, Runbooks: {edit: [group:sre]}}}}\n",
    );
    let mut known = lock("pages: {ENG: {/Runbooks: 20, Runbooks: 20}}\n");
    let resolved = run(&policy, &live, &known).unwrap();
    assert_eq!(codes(&resolved.warnings), [Code::TakenName, Code::TakenName]);
    assert_eq!(known.accept("ENG/Runbooks", &live).unwrap().len(), 2);
    assert!(run(&policy, &live, &known).unwrap().warnings.is_empty());
    assert!(known.accept("ENG/Runbooks", &live).is_err(), "nothing else bears it");
}

#[test]
fn what_a_pattern_matches_is_not_remembered() {
    let live = site(SpaceRoleMode::PreRoles);
    let policy = policy(
        "spaces:\n  ENG:\n    mode: additive\n    pages: {/Runbooks/**: {edit: [group:sre]}, '/**': {edit: [group:hr]}, id:9/*: {edit: [group:hr]}, \
         Holidays: {edit: [group:hr]}}\n    page-only: [{who: [group:leads], pages: [/Handbook/Public]}]\n",
    );
    let learnt = Lock::default().learn(&policy, &live, &acme(), true).lock;
    let text = learnt.to_text();
    let pages = text.split("pages:\n").nth(1).unwrap();
    assert_eq!(pages, "  ENG:\n    id:9: 9\n    Holidays: 7\n    /Handbook/Public: 6\n    /Runbooks: 2\n");
    assert_eq!(lock(&text).learn(&policy, &live, &acme(), true).lock.to_text(), text);
}

#[test]
fn a_lock_of_version_0_1_is_read_and_completed() {
    let live = site(SpaceRoleMode::PreRoles);
    let policy =
        policy("spaces: {ENG: {access: {viewer: [group:sre]}, pages: {/Runbooks: {edit: [group:sre]}}}}\n");
    let old =
        "version: 1\nsite: https://acme.atlassian.net/wiki\ngroups:\n  sre: g-sre\nspaces:\n  ENG: 101\n";
    let learnt = lock(old).learn(&policy, &live, &acme(), true);
    assert_eq!(learnt.added.names(), 1);
    assert!(learnt.lock.to_text().contains("version: 2\nsite:\n  cloud-id: c1\n"));
    assert!(learnt.lock.to_text().ends_with("pages:\n  ENG:\n    /Runbooks: 2\n"));
}

#[test]
fn a_pin_wins_and_a_lock_tells_twins_apart() {
    let live = site(SpaceRoleMode::PreRoles);
    let pinned = policy("groups: {sre: g-leads}\nspaces: {ENG: {access: {viewer: [group:sre]}}}\n");
    let resolved = run(&pinned, &live, &lock("groups: {sre: g-gone}\n")).unwrap();
    assert_eq!(codes(&resolved.warnings), [Code::RenamedName]);
    let twins = policy("spaces: {ENG: {access: {viewer: [group:twins]}}}\n");
    assert_eq!(codes(&run(&twins, &live, Lock::EMPTY).unwrap_err()), [Code::AmbiguousGroup]);
    assert!(run(&twins, &live, &lock("groups: {twins: g-twin-2}\n")).unwrap().warnings.is_empty());
}

#[test]
fn a_space_that_was_made_again_is_skipped() {
    let policy =
        policy("spaces: {ENG: {access: {viewer: [group:sre]}}, OLD: {access: {viewer: [group:sre]}}}\n");
    let mut live = site(SpaceRoleMode::PreRoles);
    let known = Lock::default().learn(&policy, &live, &acme(), true).lock;
    run(&policy, &live, &known).unwrap();
    let eng = "ENG".parse().unwrap();
    live.space_mut(&eng).unwrap().space.id = SpaceId::from_number(777);
    live.listing.spaces.get_mut(&eng).unwrap().id = SpaceId::from_number(777);
    let resolved = run(&policy, &live, &known).unwrap();
    assert_eq!(codes(&resolved.warnings), [Code::TakenName, Code::ArchivedSpace]);
    let planned: Vec<&str> = resolved.desired.spaces.keys().map(SpaceKey::as_str).collect();
    assert_eq!((planned, resolved.desired.skipped.len()), (vec!["OLD"], 1));
}

/// Of the policy, a run may leave out what a team gets wrong; what is known of that is known afterwards as well.
#[test]
fn a_space_that_is_named_elsewhere_is_not_forgotten_where_another_one_has_its_key() {
    let old = "OLD: {mode: additive, access: {viewer: [group:sre]}}";
    let eng = "ENG: {mode: additive, pages: {/Runbooks: {view: [group:sre]}}}";
    let whole = policy(&format!("spaces: {{{old}, {eng}}}\n"));
    let part = policy(&format!("spaces: {{{old}}}\n"));
    let mut live = site(SpaceRoleMode::PreRoles);
    let known = Lock::default().learn(&whole, &live, &acme(), true).lock;
    let text = known.to_text();
    assert!(text.contains("ENG: 101") && text.contains("OLD: 102") && text.contains("Runbooks"), "{text}");
    let [eng, old] = ["ENG", "OLD"].map(|key| live.listing.spaces[&key.parse().unwrap()].id);
    for (key, id) in [("ENG", old), ("OLD", eng)] {
        live.listing.spaces.get_mut(&key.parse().unwrap()).unwrap().id = id;
    }
    assert_eq!(known.learn(&part, &live, &acme(), false).lock.to_text(), text);
}

#[test]
fn who_was_deactivated_is_reported_once() {
    let policy =
        policy(&format!("spaces: {{ENG: {{access: {{viewer: [user:{ANN}], admin: [user:{ANN}]}}}}}}\n"));
    let mut live = site(SpaceRoleMode::PreRoles);
    let known = Lock::default().learn(&policy, &live, &acme(), true).lock;
    live.directory.people.values_mut().for_each(|person| person.status = AccountStatus::Inactive);
    let resolved = run(&policy, &live, &known).unwrap();
    assert_eq!(codes(&resolved.warnings), [Code::InactiveAccount]);
    let finding = resolved.warnings.iter().next().unwrap();
    assert!(finding.message.contains("was active when"), "{}", finding.message);
}

#[test]
fn who_is_gone_is_left_out_but_no_list_becomes_empty() {
    let live = site(SpaceRoleMode::PreRoles);
    let known = lock(&format!("people: {{{GONE}: {{name: Zoe, status: active}}}}\n"));
    let page = |list: &str| {
        policy(&format!(
            "spaces: {{ENG: {{access: {{viewer: [group:sre, user:{GONE}]}}, pages: {{/Runbooks: {{view: [{list}]}}}}}}}}\n"
        ))
    };
    let both = page(&format!("user:{GONE}, group:sre"));
    assert!(codes(&run(&both, &live, Lock::EMPTY).unwrap_err()).contains(&Code::UnknownAccount));
    let resolved = run(&both, &live, &known).unwrap();
    assert_eq!(codes(&resolved.warnings), [Code::GoneName]);
    let space = resolved.desired.spaces.values().next().unwrap();
    assert_eq!(space.holdings.len(), 1);
    let lists: Vec<&Audience> = space.pages.values().map(|page| &page.view.as_ref().unwrap().what).collect();
    assert!(matches!(lists[..], [Audience::Only(members)] if members.iter().len() == 1), "{lists:?}");

    let alone = run(&page(&format!("user:{GONE}")), &live, &known).unwrap();
    assert_eq!(codes(&alone.warnings), [Code::GoneName]);
    let space = alone.desired.spaces.values().next().unwrap();
    assert!(space.pages.is_empty(), "{:?}", space.pages);
    assert_eq!(space.kept.lists.len(), 1, "the list stays as it is");
}
