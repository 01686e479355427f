//! `confperm import`: what it writes is a policy, and a plan of it is empty.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use confperm::diagnostic::Sources;
use confperm::model::{Live, Mode};
use confperm::observe::{self, Chosen};
use confperm::policy::export::{draft, files};
use confperm::policy::{self, Policy};
use confperm::render::diagnostics::{Paint, draw};
use confperm::render::{Snapshot, snapshot};
use confperm::sandbox::world::{Pair, Space};

use crate::in_process::Stage;
use crate::support::Folder;

fn import(folder: &Folder, more: &[&str]) -> crate::support::Ran {
    let mut arguments = vec!["import", "--site", "sandbox:site.yaml", "-C", "new"];
    arguments.extend(more);
    folder.run(&arguments)
}

#[test]
fn a_plan_of_what_was_imported_is_empty() {
    for example in ["quickstart", "acme"] {
        let folder = Folder::example(example);
        let imported = import(&folder, &["--all", "--include-archived"]).code(0);
        assert!(imported.out.contains("A plan of them changes nothing."), "{}", imported.out);
        folder.run(&["validate", "new"]).code(0);
        folder.run(&["fmt", "--check", "new"]).code(0);
        let plan = folder.run(&["plan", "--detailed-exitcode", "new"]).code(0);
        assert!(plan.out.contains("Nothing to change"), "{}", plan.out);
    }
}

#[test]
fn acme_reads_like_a_policy() {
    let folder = Folder::example("acme");
    let imported = import(&folder, &["--all"]).code(0);
    insta::assert_snapshot!("acme_remarks", imported.err);
    for file in ["confperm", "people", "roles", "spaces/docs", "spaces/eng", "spaces/legal"] {
        insta::assert_snapshot!(file.replace('/', "_"), folder.read(&format!("new/{file}.yaml")));
    }
    assert!(!folder.path().join("new/spaces/arch.yaml").exists(), "archived spaces are asked for");
    let personal = "new/spaces/personal-712020a0000000000040008000000000000002.yaml";
    assert!(folder.read(personal).contains("\n  ~712020a0000000000040008000000000000002:\n"));
}

#[test]
fn quickstart_on_standard_output() {
    let folder = Folder::example("quickstart");
    let before = folder.files();
    let printed = import(&folder, &["--space", "ENG", "--stdout"]).code(0);
    insta::assert_snapshot!("quickstart", printed.out);
    assert_eq!(folder.files(), before, "nothing is written");
    import(&folder, &["--space", "ENG", "--space", "OPS", "--stdout"]).code(64);
}

#[test]
fn nothing_is_overwritten_unless_asked() {
    let folder = Folder::example("acme");
    import(&folder, &["--space", "ENG", "--space", "FIN"]).code(0);
    let before = folder.files();
    let refused = import(&folder, &["--space", "ENG", "--space", "FIN", "--space", "DOCS"]).code(1);
    assert!(refused.err.contains("spaces/eng.yaml, spaces/fin.yaml"), "{}", refused.err);
    assert_eq!(folder.files(), before);
    import(&folder, &["--space", "ENG", "--space", "FIN", "--space", "DOCS", "--force"]).code(0);
    folder.run(&["plan", "--detailed-exitcode", "new"]).code(0);
}

#[test]
fn a_space_joins_a_policy_and_takes_its_names() {
    let folder = Folder::example("quickstart");
    folder.write(
        "policy.yaml",
        "version: 1\nsite: {url: 'sandbox:site.yaml'}\npeople: {chief: 5b10ac8d82e05b22cc7d4e01}\n\
         roles: {boss: {permissions: [administer/space, restrict_content/space]}}\n",
    );
    std::fs::remove_file(folder.path().join("confperm.yaml")).unwrap();
    folder.run(&["import", "--space", "ENG"]).code(0);
    let space = folder.read("spaces/eng.yaml");
    assert!(space.contains("boss: [user:chief]"), "{space}");
    assert!(!space.contains("people:"), "{space}");
    let policy = folder.read("policy.yaml");
    assert!(policy.contains("people: {chief: 5b10ac8d82e05b22cc7d4e01, bob-builder: "), "{policy}");
    folder.run(&["plan", "--detailed-exitcode"]).code(0);

    folder.run(&["import", "--space", "ENG"]).code(1);
    folder.run(&["import", "--space", "ENG", "--force"]).code(0);
    assert_eq!(folder.read("spaces/eng.yaml"), space);
    assert_eq!(folder.read("policy.yaml"), policy, "and no one is defined twice");
    folder.run(&["fmt", "--check", "spaces"]).code(0);

    folder.write("more.yaml", "spaces: {OPS: {mode: additive, access: {viewer: [user:chief]}}}\n");
    std::fs::rename(folder.path().join("spaces/eng.yaml"), folder.path().join("engineering.yaml")).unwrap();
    let refused = folder.run(&["import", "--space", "ENG", "--force"]).code(1);
    assert!(refused.err.contains("ENG is declared in engineering.yaml"), "{}", refused.err);
}

#[test]
fn the_people_of_all_spaces_stand_in_one_file() {
    let folder = Folder::example("acme");
    folder.run(&["init", "new"]).code(0);
    import(&folder, &["--space", "ENG"]).code(0);
    let noted = format!("# ours\n\n{}  # the end\n", folder.read("new/people.yaml"));
    folder.write("new/people.yaml", &noted);
    import(&folder, &["--space", "DOCS", "--space", "LEGAL", "--space", "FIN"]).code(0);

    let people = folder.read("new/people.yaml");
    let (kept, added): (Vec<&str>, Vec<&str>) =
        people.lines().partition(|line| noted.lines().any(|there| there == *line));
    assert!(kept.into_iter().eq(noted.lines()) && !added.is_empty(), "{people}");
    for space in ["docs", "eng", "fin", "legal"] {
        let text = folder.read(&format!("new/spaces/{space}.yaml"));
        assert!(!text.lines().any(|line| line == "people:"), "{text}");
    }
    folder.run(&["validate", "new"]).code(0);
    folder.run(&["fmt", "--check", "new"]).code(0);
    folder.run(&["plan", "--site", "sandbox:site.yaml", "--detailed-exitcode", "new"]).code(0);
}

#[test]
fn a_policy_that_is_there_gets_each_new_role_from_one_file() {
    let folder = Folder::example("acme");
    folder.run(&["init", "new"]).code(0);
    import(&folder, &["--all"]).code(0);
    let texts = folder.files().into_iter().filter(|(path, _)| path.starts_with("new/spaces"));
    let with_roles = texts.filter(|(_, text)| String::from_utf8_lossy(text).contains("\nroles:\n"));
    assert!(with_roles.count() > 1, "several files define roles");
    folder.run(&["plan", "--site", "sandbox:site.yaml", "--detailed-exitcode", "new"]).code(0);
}

#[test]
fn missing_spaces_get_new_files_and_all_others_stay() {
    let folder = Folder::example("acme");
    import(&folder, &["--space", "ENG", "--space", "FIN"]).code(0);
    // A file in the way that declares something else, and a space in a file of another name.
    std::fs::rename(folder.path().join("new/spaces/fin.yaml"), folder.path().join("new/money.yaml")).unwrap();
    folder.write("new/spaces/docs.yaml", "guards: {min-admins: 0}  # ours\n");
    let people = folder.read("new/people.yaml");
    let before: Vec<_> =
        folder.files().into_iter().filter(|(path, _)| !path.ends_with("confperm.lock")).collect();

    let refused = import(&folder, &["--all"]).code(1);
    assert!(refused.err.contains("`confperm import --missing`"), "{}", refused.err);
    let imported = import(&folder, &["--missing"]).code(0);
    assert!(imported.out.contains("A plan of them changes nothing."), "{}", imported.out);
    assert!(
        imported.err.contains("1 archived space: imported only with --include-archived"),
        "{}",
        imported.err
    );
    let after: BTreeMap<_, _> = folder.files().into_iter().collect();
    for (path, bytes) in before.iter().filter(|(path, _)| !path.ends_with("people.yaml")) {
        assert_eq!(after.get(path), Some(bytes), "{}", path.display());
    }
    let extended = folder.read("new/people.yaml");
    assert!(extended.starts_with(people.trim_end()) && extended != people, "{extended}");
    assert_eq!(after.keys().filter(|path| path.to_string_lossy().contains("spaces/docs-")).count(), 1);
    folder.run(&["plan", "--detailed-exitcode", "new"]).code(0);

    let again = import(&folder, &["--missing"]).code(0);
    assert!(again.out.starts_with("Nothing to import: "), "{}", again.out);
    import(&folder, &["--missing", "--include-archived", "--type", "personal"]).code(0);
    assert_eq!(folder.files().into_iter().collect::<BTreeMap<_, _>>(), after);
    import(&folder, &["--missing", "--all"]).code(64);
    import(&folder, &["--missing", "--force"]).code(64);
}

#[test]
fn an_import_of_all_says_what_imports_the_rest() {
    let policy = "version: 1\nsite: {url: 'sandbox:site.yaml'}\npeople: {me: u-ann}  # ours\nspaces:\n  \
                  ENG: {mode: additive, access: {viewer: [user:me]}}\n";
    let folder = Folder::with(&[("site.yaml", ODD), ("confperm.yaml", policy)]);
    let refused = folder.run(&["import", "--all"]).code(1);
    assert!(refused.err.contains("nothing was written: confperm.yaml declares ENG\n"), "{}", refused.err);
    assert!(refused.err.contains("`confperm import --missing`"), "{}", refused.err);
    folder.run(&["import", "--missing"]).code(0);
    assert_eq!(folder.read("confperm.yaml"), policy, "no one is new");
    assert!(folder.read("spaces/ops.yaml").contains("read/space: [user:me]"));
}

#[test]
fn people_of_a_replaced_file_move_to_that_of_all() {
    let folder = Folder::example("quickstart");
    folder.run(&["init", "new"]).code(0);
    let ann = "people:\n  boss: 5b10ac8d82e05b22cc7d4e01\nspaces:\n  ENG: {mode: additive, access: {viewer: [user:boss]}}\n";
    folder.write("new/spaces/eng.yaml", ann);
    import(&folder, &["--space", "ENG", "--force"]).code(0);
    assert!(!folder.read("new/spaces/eng.yaml").contains("people:"));
    assert!(folder.read("new/people.yaml").contains("\n  ann-example: 5b10ac8d82e05b22cc7d4e01\n"));
    folder.run(&["plan", "--site", "sandbox:site.yaml", "--detailed-exitcode", "new"]).code(0);
}

#[test]
fn one_space_is_the_model_of_another() {
    let folder = Folder::example("acme");
    import(&folder, &["--from", "ENG", "--as", "SRE"]).code(0);
    insta::assert_snapshot!("template", folder.read("new/spaces/sre.yaml"));
    folder.run(&["validate", "new"]).code(0);
    let new = import(&folder, &["--from", "DOCS", "--as", "NEW"]).code(0);
    assert!(new.err.contains("the site shows no space NEW yet"), "{}", new.err);
    assert!(folder.read("new/spaces/new.yaml").contains("\n  NEW:\n"));
}

#[test]
fn mistakes_are_told_before_anything_is_written() {
    let folder = Folder::example("quickstart");
    let before = folder.files();
    let unknown = import(&folder, &["--space", "EMG"]).code(1);
    assert!(unknown.err.contains("did you mean `ENG`?"), "{}", unknown.err);
    import(&folder, &[]).code(64);
    import(&folder, &["--all", "--type", "personal"]).code(1);
    import(&folder, &["--from", "ENG"]).code(64);
    folder.run(&["import", "--all", "-C", "new"]).code(1);
    assert_eq!(folder.files(), before);
}

/// Every space of the site from top to bottom, as `import --all --include-archived` reads them.
async fn whole(stage: &Stage) -> Live {
    let (every, none) = (Chosen::Every { kinds: BTreeSet::new(), archived: true }, BTreeSet::new());
    let mut live = stage.sign_in().await;
    let needs = |live: &Live| observe::of_spaces(&every, &none, live);
    observe::until_known(&stage.site, &mut live, needs, &observe::quiet).await.unwrap();
    live
}

pub(crate) async fn snapshot_of(stage: &Stage) -> Snapshot {
    let mut live = whole(stage).await;
    observe::until_known(&stage.site, &mut live, observe::of_all_groups, &observe::quiet).await.unwrap();
    snapshot(&live).unwrap()
}

/// Reads everything and writes it as a policy.
pub(crate) async fn imported(stage: &Stage) -> (Policy, BTreeMap<Utf8PathBuf, String>) {
    let live = whole(stage).await;
    let nothing = Policy::default();
    let drafts = draft(live.all_spaces(), &nothing, &live);
    let (places, site) = (files::places(&drafts, None), Some("https://acme.atlassian.net/wiki"));
    let made = files::compose(&drafts, &places, &nothing, &Sources::default(), &live, site);
    let mut sources = Sources::default();
    for (path, text) in &made {
        sources.insert(path.clone(), text.as_str());
    }
    let loaded = policy::from_sources(sources);
    let policy = loaded.policy.unwrap_or_else(|| {
        panic!("{}\n{made:#?}", draw(&loaded.findings, &loaded.sources, Paint::Plain));
    });
    (policy, made)
}

#[tokio::test]
async fn whatever_a_site_is_like_its_import_plans_to_nothing() {
    let (mut authoritative, mut orphaned) = (0, 0);
    for seed in 0..150 {
        let state = crate::worlds::state(seed);
        let stage = Stage::open(&state).await;
        let (policy, made) = imported(&stage).await;
        let planned = stage.plan_of(&policy).await;
        assert!(
            planned.plan.is_empty(),
            "seed {seed}\n{state}\n{made:#?}\n{}",
            confperm::render::plan_as_text(&planned.plan)
        );
        let additive = made.values().any(|text| text.contains("mode: additive"));
        authoritative += usize::from(!additive);
        // Of a space without an administrator the rest is said all the same.
        let is_said = |key: &str| {
            let said = policy.spaces.iter().find(|(said, _)| said.as_str() == key);
            said.is_some_and(|(_, space)| space.mode == Mode::Authoritative && !space.access.is_empty())
        };
        orphaned += stage.running.world(|world| {
            let administers = |space: &Space| {
                let by_row = space.grants.values().any(|row| row.pair == Pair::AdministerSpace);
                by_row || space.assignments.values().any(|role| role.0 == "r-admin")
            };
            world.spaces().filter(|space| !administers(space) && is_said(space.key.as_str())).count()
        });
        stage.running.stop().await;
    }
    assert!(authoritative >= 40, "the language says all of most sites: {authoritative}");
    assert!(orphaned >= 10, "{orphaned} spaces without an administrator");
}

/// Spaces with what a policy cannot express, and an archived one.
const ODD: &str = "
kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, caller: ann}
users:
  ann: {account-id: u-ann, name: Ann, email: ann@x.com}
  bob: {account-id: u-bob, name: Bob}
spaces:
  ENG:
    id: 1
    name: Engineering
    permissions:
      read/space: [user:ann, group-id:gone]
      administer/space: [user:ann]
      create/page: [user:bob]
      create/comment: [user:bob]
  OPS:
    id: 2
    name: Operations
    permissions:
      read/space: [user:ann, group-id:gone]
      create/page: [user:bob]
  OLD:
    id: 4
    name: Old
    status: archived
    permissions:
      read/space: [user:ann]
";

#[tokio::test]
async fn what_no_line_can_say_makes_a_space_additive_and_is_said() {
    let stage = Stage::open(ODD).await;
    let (policy, made) = imported(&stage).await;
    assert!(stage.plan_of(&policy).await.plan.is_empty());
    insta::assert_snapshot!("additive", made[Utf8Path::new("spaces/eng.yaml")]);
}

#[test]
fn the_sum_says_what_became_additive_and_what_is_left_out() {
    let folder = Folder::with(&[("site.yaml", ODD)]);
    let imported = import(&folder, &["--all"]).code(0);
    insta::assert_snapshot!("sum", imported.err);
    let whole = ["import", "--site", "sandbox:site.yaml", "-C", "whole", "--all", "--include-archived"];
    let whole = folder.run(&whole).code(0);
    assert!(!whole.err.contains("archived space"), "{}", whole.err);
}

/// A space of which there is nothing to declare is left out, and not written down as an entry that says nothing.
#[test]
fn a_space_with_nothing_to_declare_stays_missing() {
    let site = "kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, anonymous: true, caller: ann}
users:
  ann: {account-id: u-ann, name: Ann, confluence-admin: true}
  bot: {account-id: u-bot, name: Bot, type: app}
groups: {staff: {id: g-staff, members: [ann], access: user}}
spaces:
  ENG: {id: 1, name: Engineering, permissions: {read/space: [user:ann], administer/space: [user:ann]}}
  HELP: {id: 2, name: Help, permissions: {read/space: [anonymous], administer/space: [user:bot]}}
quirks: {anonymous-row: omitted}
";
    let policy = "version: 1\nsite: {url: 'sandbox:site.yaml'}\npeople: {ann: u-ann}\nspaces:\n  ENG: {mode: additive, access: {viewer: [user:ann]}}\n";
    let folder = Folder::with(&[("site.yaml", site), ("confperm.yaml", policy)]);
    let files = || folder.files().into_iter().map(|(path, _)| path).collect::<Vec<_>>();
    let before = files();
    let imported = folder.run(&["import", "--missing"]).code(0);
    assert!(imported.out.starts_with("Nothing to import"), "{}", imported.out);
    assert!(imported.err.contains("HELP"), "it is said which one is left out: {}", imported.err);
    assert_eq!(files(), before);
}
