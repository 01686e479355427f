//! `undo` and `log` by the program, where the site or the journals are not as a run left them.

use serde_json::Value;

use crate::expect::{POLICY, SITE, with_site};
use crate::names::change;
use crate::saved_plans::state;
use crate::support::{Folder, Ran};

const UNDO: [&str; 4] = ["undo", "last", "--yes", "--ahead-of-revert"];

/// A site that stays the same site whatever becomes of its spaces, and a second space.
fn site() -> String {
    SITE.replacen("cloud, ", "cloud, cloud-id: same, ", 1)
        + "  OPS: {id: 2, name: Operations, permissions: {read/space: [user:ann, group:hr], administer/space: [user:ann]}}\n"
}

fn repository() -> Folder {
    let policy = format!("{POLICY}  OPS: {{mode: additive, access: {{read/space: ['group:eng']}}}}\n");
    Folder::with(&[("site.yaml", &site()), ("policy.yaml", &with_site(&policy))])
}

/// What a snapshot says of a space below its key.
fn space(state: &str, key: &str) -> Vec<String> {
    let lines = state.lines().skip_while(|line| *line != format!("  {key}:")).skip(1);
    let space: Vec<String> = lines.take_while(|line| line.starts_with("   ")).map(str::to_owned).collect();
    assert!(!space.is_empty(), "{state}");
    space
}

/// Changes keys of spaces; the site keeps all else.
fn change_keys(folder: &Folder, keys: &[(&str, &str)]) {
    let key_of_now = |line: &str| {
        let key = keys.iter().find(|(then, _)| line == format!("  {then}:"));
        key.map_or_else(|| line.to_owned(), |(_, now)| format!("  {now}:"))
    };
    let site: Vec<String> = state(folder).lines().map(key_of_now).collect();
    folder.write("site.yaml", &(site.join("\n") + "\n"));
}

/// The names of the journals, the first one first.
fn journals(folder: &Folder) -> Vec<String> {
    let log = folder.run(&["log"]).code(0).out;
    log.lines().rev().map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
}

/// Leaves of a journal what a run that was cut short would have written: how it began, and these lines.
fn cut_short(folder: &Folder, run: &str, is_kept: impl Fn(&Value) -> bool) {
    let path = format!(".confperm/journal/{run}.ndjson");
    let text = folder.read(&path);
    let (begin, rest) = text.split_once('\n').unwrap();
    let kept: Vec<&str> = rest.lines().filter(|line| is_kept(&serde_json::from_str(line).unwrap())).collect();
    assert!(!kept.is_empty() && kept.len() < rest.lines().count(), "{text}");
    folder.write(&path, &format!("{begin}\n{}\n", kept.join("\n")));
}

/// Whether a line of a journal says that read permission is about to be given to a group.
fn is_intent_of(line: &Value, space: &str, group: &str) -> bool {
    let request = &line["request"];
    line["entry"] == "intent"
        && request["do"] == "grant"
        && request["space"] == space
        && request["principal"].as_str().is_some_and(|who| who.ends_with(group))
}

fn undo(folder: &Folder, more: &[&str]) -> Ran {
    folder.run(&[&UNDO, more].concat())
}

/// The key of a space is not what it is: the id stays.
#[test]
fn a_run_is_taken_back_in_a_space_whose_key_was_changed() {
    for key in [&[][..], &["--space", "ENG", "--space", "OPS"], &["--space", "PLAT", "--space", "OPS"]] {
        let folder = repository();
        let before = state(&folder);
        folder.run(&["apply", "--yes"]).code(0);
        change_keys(&folder, &[("ENG", "PLAT")]);
        let undone = undo(&folder, key).code(0);
        assert!(undone.err.contains("The space ENG of the run has the key PLAT now"), "{}", undone.err);
        assert!(undone.out.contains("\nPLAT  Engineering"), "{}", undone.out);
        assert!(!undone.out.contains("ENG "), "{}", undone.out);
        assert!(undone.out.contains("The run is taken back.\n"), "{}", undone.out);
        let after = state(&folder);
        assert_eq!(space(&after, "PLAT"), space(&before, "ENG"));
        assert_eq!(space(&after, "OPS"), space(&before, "OPS"));
        // Under another key once more.
        change_keys(&folder, &[("PLAT", "CORE")]);
        let again = undo(&folder, &[]).code(0);
        assert!(again.err.contains("taken back already"), "{}", again.err);
        let redone = folder.run(&["undo", &journals(&folder)[1], "--yes", "--space", "PLAT"]).code(0);
        assert!(redone.out.contains("CORE  Engineering"), "{}{}", redone.out, redone.err);
    }
}

/// Two spaces that swapped their keys are not taken for each other, and neither is a new space for one that is gone.
#[test]
fn a_key_that_has_another_space_now_does_not_mislead() {
    let folder = repository();
    let before = state(&folder);
    folder.run(&["apply", "--yes"]).code(0);
    change_keys(&folder, &[("ENG", "OPS"), ("OPS", "ENG")]);
    let both = undo(&folder, &["--space", "ENG"]).code(64);
    assert!(both.err.contains("ENG (now OPS) and OPS (now ENG)"), "{}", both.err);
    let unknown = undo(&folder, &["--space", "NOPE"]).code(64);
    assert!(unknown.err.contains("it changed ENG (now OPS) and OPS (now ENG)"), "{}", unknown.err);
    undo(&folder, &[]).code(0);
    let after = state(&folder);
    assert_eq!(space(&after, "OPS"), space(&before, "ENG"));
    assert_eq!(space(&after, "ENG"), space(&before, "OPS"));

    // One is gone, and the other has its key.
    let folder = repository();
    folder.run(&["apply", "--yes"]).code(0);
    let site = state(&folder);
    let (rest, ops) = site.split_at(site.find("  OPS:").unwrap());
    let (head, _) = rest.split_at(rest.find("  ENG:").unwrap());
    folder.write("site.yaml", &format!("{head}{}", ops.replace("  OPS:", "  ENG:")));
    let undone = undo(&folder, &[]).code(5);
    assert!(undone.err.contains("ENG: gone"), "{}", undone.err);
    assert!(undone.out.contains("- read/space  group:eng"), "{}", undone.out);
    assert!(undone.out.contains("The run is taken back, but for what was listed above."), "{}", undone.out);
    assert!(!undone.out.contains("user:bob"), "{}", undone.out);
}

/// The run changed one of two spaces, and the other has its key now, or had the one that it has now.
#[test]
fn a_space_that_the_run_did_not_change_takes_no_place_of_one_that_it_did() {
    let as_asked = || {
        let site = site().replacen(
            "read/space: [user:ann, group:hr], administer",
            "read/space: [user:ann, group:hr, group:eng], administer",
            1,
        );
        let folder = repository();
        folder.write("site.yaml", &site);
        folder
    };
    let folder = as_asked();
    let before = state(&folder);
    folder.run(&["apply", "--yes"]).code(0);
    change_keys(&folder, &[("ENG", "OPS"), ("OPS", "ENG")]);
    let undone = undo(&folder, &[]).code(0);
    assert!(undone.err.contains("The space ENG of the run has the key OPS now"), "{}", undone.err);
    assert!(!undone.err.contains("approved"), "{}", undone.err);
    let after = state(&folder);
    assert_eq!(space(&after, "OPS"), space(&before, "ENG"));
    assert_eq!(space(&after, "ENG"), space(&before, "OPS"));

    // The other one is gone.
    let folder = as_asked();
    folder.run(&["apply", "--yes"]).code(0);
    let site = state(&folder);
    let (rest, _) = site.split_at(site.find("  OPS:").unwrap());
    folder.write("site.yaml", &rest.replace("  ENG:", "  OPS:"));
    undo(&folder, &[]).code(0);
    assert_eq!(space(&state(&folder), "OPS"), space(&before, "ENG"));
}

/// What an undo took back stays so, whatever runs came between.
#[test]
fn last_passes_over_what_any_undo_that_holds_took_back() {
    let folder = repository();
    let site = folder.read("site.yaml");
    folder.write("site.yaml", &site.replacen("groups:\n", "groups:\n  new: {id: g-new, members: []}\n", 1));
    folder.run(&["apply", "--yes"]).code(0);
    let [run] = journals(&folder).try_into().unwrap();
    undo(&folder, &["--space", "OPS"]).code(0);
    change(&folder, "policy.yaml", "viewer: [", "viewer: ['group:new', ");
    folder.run(&["apply", "--yes", "--space", "ENG"]).code(0);
    folder.run(&["undo", &run, "--yes", "--ahead-of-revert", "--space", "ENG"]).code(0);
    let handle = format!("sandbox:{}", folder.file("site.yaml"));
    let other = "version: 1\nspaces: {OPS: {mode: additive, access: {read/space: ['group:eng']}}}\n";
    let colleague = Folder::with(&[("policy.yaml", other)]);
    colleague.run(&["apply", "--yes", "--site", &handle]).code(0);
    let granted = state(&folder);
    let again = undo(&folder, &[]).code(0);
    assert!(again.err.contains("taken back already"), "{}{}", again.out, again.err);
    assert_eq!(state(&folder), granted);
    let log = folder.run(&["log"]).code(0).out;
    assert!(log.lines().last().unwrap().contains(", taken back by "), "{log}");
}

/// A list that comes back without one of its entries has not come back as a whole.
#[test]
fn the_log_does_not_call_whole_what_did_not_come_back() {
    let site = SITE.replacen("title: Plans}", "title: Plans, view: [user:ann, user:bob, group:eng]}", 1);
    let (access, _) = POLICY.split_at(POLICY.find("    pages:").unwrap());
    let policy = with_site(&access.replacen(", {who: 'user:bob', until: 2030-01-31, why: audit}", "", 1));
    let policy =
        format!("{policy}rules: [{{name: r, spaces: [ENG], replace: {{'user:bob': 'group:hr'}}}}]\n");
    let folder = Folder::with(&[("site.yaml", &site), ("policy.yaml", &policy)]);
    folder.run(&["apply", "--yes"]).code(0);
    undo(&folder, &[]).code(0);
    let log = folder.run(&["log"]).code(0).out;
    assert!(log.lines().last().unwrap().contains(", taken back in part by "), "{log}");
}

/// What was approved names a key; who looks for that finds another space, or none.
#[test]
fn a_saved_plan_leaves_a_space_whose_key_was_changed_as_it_is() {
    let folder = repository();
    folder.run(&["plan", "-o", "plan.json"]).code(0);
    change_keys(&folder, &[("ENG", "PLAT")]);
    let before = state(&folder);
    let applied = folder.run(&["apply", "plan.json"]).code(5);
    let words =
        "ENG: the space has the key PLAT now, and what was approved was for ENG; nothing is done there";
    assert!(applied.err.contains(words), "{}", applied.err);
    assert!(applied.out.contains("OPS  Operations"), "{}", applied.out);
    let after = state(&folder);
    assert_eq!(space(&after, "PLAT"), space(&before, "PLAT"));
    assert_ne!(space(&after, "OPS"), space(&before, "OPS"));
}

#[test]
fn the_log_says_which_run_took_back_which() {
    let folder = repository();
    folder.run(&["apply", "--yes"]).code(0);
    undo(&folder, &["--space", "OPS"]).code(0);
    let log = |arguments: &[&str]| folder.run(&[&["log"], arguments].concat()).code(0).out;
    let [run, first] = journals(&folder).try_into().unwrap();
    assert!(log(&[]).contains(&format!(", taken back in part by {first}\n")), "{}", log(&[]));
    undo(&folder, &[]).code(0);
    let [_, _, second] = journals(&folder).try_into().unwrap();
    let list = log(&[]);
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines[0].starts_with(&second) && lines[0].ends_with(&format!(", takes back {run}")), "{list}");
    assert!(lines[1].ends_with(&format!(", takes back {run}")), "{list}");
    assert!(lines[2].ends_with(&format!(", taken back by {first} and {second}")), "{list}");
    assert!(log(&[&run]).contains(&format!("Result      complete, taken back by {first} and {second}\n")));
    assert!(log(&["last"]).contains(&format!("Takes back  {run}\n")), "{}", log(&["last"]));
    let document: Value = serde_json::from_str(&log(&["--format", "json"])).unwrap();
    let (undo, undone) = (&document["runs"][0], &document["runs"][2]);
    assert_eq!(undo["takes_back"]["journal"], undone["journal"]);
    assert_eq!(undo["takes_back"]["began"], undone["began"]);
    assert_eq!(undone["taken_back"]["by"][1], undo["journal"]);
    assert_eq!(undone["taken_back"]["whole"], true);
    assert_eq!((&undo["taken_back"], &undone["takes_back"]), (&Value::Null, &Value::Null));

    // An undo that was taken back holds no longer.
    folder.run(&["undo", &second, "--yes"]).code(0);
    let list = log(&[]);
    assert!(list.lines().last().unwrap().ends_with(&format!(", taken back in part by {first}")), "{list}");
    std::fs::remove_file(folder.path().join(format!(".confperm/journal/{run}.ndjson"))).unwrap();
    let list = log(&[]);
    assert!(list.lines().last().unwrap().contains(", takes back the run of 20"), "{list}");
}

/// What cannot come back is listed before the question, and not claimed at the end.
#[test]
fn an_undo_says_at_its_end_that_not_all_came_back() {
    let site = SITE.replacen("group:hr]", "group:hr, user:bob]", 1);
    let policy = with_site(&format!("{POLICY}rules: [{{name: r, spaces: [ENG], absent: ['group:hr']}}]\n"));
    let policy = policy.replacen("2030-01-31", "2026-01-31", 1);
    let folder = Folder::with(&[("site.yaml", &site), ("policy.yaml", &policy)]);
    folder.run(&["apply", "--yes"]).code(0);
    let undone = undo(&folder, &[]).code(0);
    assert!(
        undone.out.ends_with("The run is taken back, but for what was listed above.\n"),
        "{}",
        undone.out
    );
}

/// The same where only a part of the run is meant.
#[test]
fn an_undo_of_a_part_says_so_too() {
    let folder = repository();
    let policy = folder.read("policy.yaml");
    folder.write(
        "policy.yaml",
        &format!("{policy}rules: [{{name: r, spaces: [ENG], absent: ['group:hr']}}]\n"),
    );
    folder.run(&["apply", "--yes"]).code(0);
    let undone = undo(&folder, &["--space", "ENG"]).code(0);
    let words = "Part of the run is taken back, but for what was listed above.\n";
    assert!(undone.out.ends_with(words), "{}{}", undone.out, undone.err);
}

#[test]
fn a_run_that_changed_nothing_has_nothing_to_take_back() {
    let site = format!(
        "{}adversary: {{fail: ['403:POST:/space/*/permission', '403:DELETE:/space/*/permission/*', \
         '403:PUT:/content/*/restriction', '403:DELETE:/content/*/restriction']}}\n",
        site()
    );
    let folder = Folder::with(&[("site.yaml", &site), ("policy.yaml", &with_site(POLICY))]);
    folder.run(&["apply", "--yes"]);
    assert_eq!(journals(&folder).len(), 1);
    let undone = undo(&folder, &[]).code(0);
    assert!(
        undone.err.contains("Nothing to change: the run changed nothing."),
        "{}{}",
        undone.out,
        undone.err
    );
    let refused = undo(&folder, &["--space", "ENG"]).code(64);
    assert!(refused.err.contains("it changed nothing at all"), "{}", refused.err);
}

/// Nothing is declared where a run is taken back, and a space that is paused since is as good as any.
#[test]
fn an_undo_speaks_of_no_declarations() {
    let folder = repository();
    folder.run(&["apply", "--yes"]).code(0);
    let handle = format!("sandbox:{}", folder.file("site.yaml"));
    let other = "version: 1\npeople: {ann: u-ann}\nspaces: {ENG: {mode: additive, pages: {/Plans: {view: ['group:eng', 'user:ann', 'group:hr']}}}}\n";
    let colleague = Folder::with(&[("policy.yaml", other)]);
    colleague.run(&["apply", "--yes", "--site", &handle]).code(0);
    let undone = undo(&folder, &[]).code(5);
    assert!(undone.out.contains("1 change is left out, since others changed the same"), "{}", undone.out);
    assert!(!undone.out.contains("declared change"), "{}", undone.out);

    let folder = repository();
    folder.run(&["apply", "--yes"]).code(0);
    change(&folder, "policy.yaml", "mode: additive", "mode: paused");
    let undone = undo(&folder, &[]).code(0);
    assert!(
        undone.out.contains("The run is taken back.") && !undone.out.contains("is paused"),
        "{}",
        undone.out
    );
}

/// What the site has confirmed is taken back, whether the undo came to its end or not.
#[test]
fn what_an_undo_did_before_it_was_cut_short_is_done() {
    let folder = repository();
    let before = state(&folder);
    folder.run(&["apply", "--yes"]).code(0);
    undo(&folder, &[]).code(0);
    let undone = journals(&folder).pop().unwrap();
    cut_short(&folder, &undone, |line| line["entry"] != "end");
    let log = folder.run(&["log"]).code(0).out;
    assert!(log.contains("taken back by") && !log.contains("in part"), "{log}");
    // A colleague gives again what the run had given.
    let given = state(&folder).replacen("      read/space:\n", "      read/space:\n      - user:bob\n", 1);
    folder.write("site.yaml", &given);
    let again = undo(&folder, &[]).code(0);
    assert!(again.err.contains("taken back already"), "{}{}", again.out, again.err);
    let after = space(&state(&folder), "ENG");
    assert_eq!(after.len(), space(&before, "ENG").len() + 1, "{after:?}");
}

/// The site adds one permission along with another; an undo that died in between did not come to look at it.
#[test]
fn what_came_along_with_an_undo_that_was_cut_short_does_not_stay() {
    let folder = repository();
    let before = state(&folder);
    folder.run(&["apply", "--yes"]).code(0);
    let applied = state(&folder);
    undo(&folder, &[]).code(0);
    assert_eq!(space(&state(&folder), "ENG"), space(&before, "ENG"));
    let undone = journals(&folder).pop().unwrap();
    cut_short(&folder, &undone, |line| is_intent_of(line, "ENG", "g-hr"));
    let (head, eng) = applied.split_at(applied.find("  ENG:").unwrap());
    let given = |half: String, permission: &str| {
        let row = format!("      {permission}:\n");
        assert!(half.contains(&row), "{half}");
        half.replacen(&row, &format!("{row}      - group:hr\n"), 1)
    };
    let half = given(given(eng.to_owned(), "read/space"), "export_content/space");
    folder.write("site.yaml", &format!("{head}{half}"));
    let again = undo(&folder, &[]).code(0);
    assert!(again.out.contains("The run is taken back.\n"), "{}{}", again.out, again.err);
    assert_eq!(space(&state(&folder), "ENG"), space(&before, "ENG"));
}

/// Permissions that a site without space roles does not grant come along with others, or not at all.
#[test]
fn what_only_the_site_can_give_back_is_listed() {
    let site = site().replace(
        "[user:ann, group:hr], administer/space: [user:ann]}",
        "[user:ann, group:hr], administer/space: [user:ann, group:hr], manage_users/space: [group:hr]}",
    );
    let policy = "version: 1\npeople: {ann: u-ann}\nspaces:\n  OPS: {access: {read/space: ['user:ann'], administer/space: ['user:ann']}}\n";
    let folder = Folder::with(&[("site.yaml", &site), ("policy.yaml", &with_site(policy))]);
    folder.run(&["apply", "--yes", "--override", "min-admins", "--why", "x"]).code(0);
    let undone = undo(&folder, &[]).code(0);
    let listed = "gets back manage_users/space only if the site adds that by itself along with the rest";
    assert!(undone.err.contains(listed), "{}{}", undone.out, undone.err);
    assert!(undone.out.contains("but for what was listed above"), "{}", undone.out);
}

/// No line of the policy says what an undo takes away.
#[test]
fn a_guard_that_blocks_an_undo_is_got_past_by_an_override_alone() {
    let folder = repository();
    folder.run(&["apply", "--yes"]).code(0);
    let policy = folder.read("policy.yaml");
    folder.write("policy.yaml", &format!("{policy}guards: {{max-removals: 0}}\n"));
    let blocked = undo(&folder, &[]).code(3);
    assert!(
        blocked.out.contains("To take the run back all the same, pass --override max-removals --why TEXT."),
        "{}",
        blocked.out
    );
    assert!(!blocked.out.contains("Change the policy"), "{}", blocked.out);
    let noted = undo(&folder, &["--format", "github"]).code(3);
    assert!(noted.out.contains("To take the run back all the same"), "{}", noted.out);
    assert!(!noted.out.contains("Change the policy"), "{}", noted.out);
}

/// What came along with a grant of a run that was cut short is taken away under the key of now.
#[test]
fn what_a_run_left_unverified_is_found_under_another_key() {
    let folder = repository();
    folder.run(&["apply", "--yes"]).code(0);
    let [run] = journals(&folder).try_into().unwrap();
    cut_short(&folder, &run, |line| is_intent_of(line, "OPS", "g-eng"));
    change_keys(&folder, &[("OPS", "RUN")]);
    // The grant brought it along.
    let site = folder.read("site.yaml");
    let (rest, run) = site.split_at(site.find("  RUN:").unwrap());
    let run = run.replacen("permissions:\n", "permissions:\n      export_content/space: [group:eng]\n", 1);
    folder.write("site.yaml", &format!("{rest}{run}"));
    let plan = folder.run(&["plan"]).code(0);
    assert!(plan.out.contains("- export_content/space  group:eng"), "{}{}", plan.out, plan.err);
    let undone = undo(&folder, &[]).code(0);
    assert!(undone.out.contains("- everything (2 permissions)  group:eng"), "{}", undone.out);
}

/// Another space has the key of one that is gone. What it has came along with nothing.
#[test]
fn what_a_run_left_unverified_is_not_looked_for_in_another_space() {
    for (id, comes_along) in [("id: 2", true), ("id: 9", false)] {
        let folder = repository();
        folder.run(&["apply", "--yes"]).code(0);
        let [run] = journals(&folder).try_into().unwrap();
        cut_short(&folder, &run, |line| is_intent_of(line, "OPS", "g-eng"));
        let site = state(&folder);
        let (rest, ops) = site.split_at(site.find("  OPS:").unwrap());
        let ops = ops.replacen("id: 2", id, 1);
        let ops =
            ops.replacen("permissions:\n", "permissions:\n      export_content/space: [group:eng]\n", 1);
        folder.write("site.yaml", &format!("{rest}{ops}"));
        std::fs::remove_file(folder.path().join("confperm.lock")).unwrap();
        let plan = folder.run(&["plan"]).code(0);
        let is_removed = plan.out.contains("- export_content/space  group:eng");
        assert_eq!(is_removed, comes_along, "{}{}", plan.out, plan.err);
    }
}

/// A run that died before its requests left has nothing to take back, and neither has the one that looks at what it left
/// open. `last` passes over that.
#[test]
fn last_is_a_run_that_set_out_to_change_something() {
    let folder = repository();
    folder.run(&["apply", "--yes"]).code(0);
    let applied = state(&folder);
    undo(&folder, &[]).code(0);
    let [run, back] = journals(&folder).try_into().unwrap();
    // It was cut short before any answer came, and the site is as it left it.
    cut_short(&folder, &back, |line| line["entry"] == "intent");
    let again = undo(&folder, &[]).code(0);
    assert!(again.err.contains("was cut short"), "{}", again.err);
    assert_eq!(journals(&folder).len(), 3);
    folder.write("site.yaml", &applied);
    let more = undo(&folder, &[]).code(0);
    assert!(more.err.contains(&format!("took back what {run} did")), "{}", more.err);
    assert!(more.out.contains("The run is taken back."), "{}{}", more.out, more.err);
}

/// What is gone is named, and not claimed to be as before.
#[test]
fn a_page_that_was_deleted_or_moved_since_is_no_page_as_before() {
    for (pages, words) in [
        ("{id: 12, title: Closed, edit: [user:ann]}", "/Plans cannot be seen any more"),
        (
            "{id: 12, title: Closed, edit: [user:ann], children: [{id: 11, title: Plans, view: [user:ann, group:eng]}]}",
            "/Plans was moved or archived since the run; there, its lists from before would let in more",
        ),
    ] {
        let folder = repository();
        folder.run(&["apply", "--yes"]).code(0);
        let site = state(&folder);
        let start = site.find("    pages:").unwrap();
        let rest = &site[start + site[start..].find("  OPS:").unwrap()..];
        folder.write("site.yaml", &format!("{}    pages: [{pages}]\n{rest}", &site[..start]));
        let undone = undo(&folder, &[]).code(5);
        assert!(undone.err.contains(words), "{}", undone.err);
        assert!(!undone.out.contains("The run is taken back.\n"), "{}", undone.out);
        let again = undo(&folder, &[]).code(5);
        assert!(!again.out.contains("as before the run.\n"), "{}", again.out);
    }
}

/// What a site does not grant by itself is tried once, and nothing waits for it for good.
#[test]
fn what_the_site_rejects_is_not_waited_for_again() {
    const SHOWN: &str = "      export_content/space:\n      - group:eng\n";
    let site = site().replacen(
        "    permissions:\n",
        "    permissions:\n      export_content/space: [group:eng]\n",
        1,
    );
    let policy = "version: 1\npeople: {ann: u-ann, bob: u-bob}\nspaces:
  ENG: {access: {admin: ['user:ann'], read/space: ['group:eng', 'group:hr'], manager: ['user:bob']}}\n";
    for key in ["ENG", "PLAT"] {
        let folder = Folder::with(&[("site.yaml", &site), ("policy.yaml", &with_site(policy))]);
        let before = state(&folder);
        folder.run(&["apply", "--yes"]).code(0);
        // `bob` may export as a manager, and could before as one of `eng`.
        let first = undo(&folder, &[]).code(5);
        assert!(
            first.err.contains("gets back export_content/space if this site grants that"),
            "{}",
            first.err
        );
        assert!(first.out.contains("not tried #2 ENG: take read/space from user:bob"), "{}", first.out);
        assert!(first.out.contains("the same command again goes on without it"), "{}", first.out);
        change_keys(&folder, &[("ENG", key)]);
        let again = undo(&folder, &[]).code(0);
        let kept =
            "group:eng does not get back export_content/space: this site does not grant that by itself";
        assert!(again.err.contains(kept), "{}{}", again.out, again.err);
        assert!(
            again.out.contains("The run is taken back, but for what was listed above.\n"),
            "{}",
            again.out
        );
        let [before, after] =
            [space(&before, "ENG"), space(&state(&folder), key)].map(|space| space.join("\n"));
        assert_eq!(after, before.replace(SHOWN, ""));
        // There is nothing left to do, and it is said what stays away.
        let more = undo(&folder, &[]).code(0);
        assert!(
            more.err.contains(kept) && more.out.contains("Nothing to change"),
            "{}{}",
            more.out,
            more.err
        );
    }
}

/// `last` may have been a rehearsal on another site.
#[test]
fn the_last_run_on_this_site_is_named_where_the_last_was_on_another() {
    let folder = repository();
    folder.run(&["apply", "--yes"]).code(0);
    let [run] = journals(&folder).try_into().unwrap();
    let other = site().replacen("cloud-id: same", "cloud-id: other", 1);
    folder.write("other.yaml", &other);
    let rehearsal = ["apply", "--yes", "--site", "sandbox:other.yaml"];
    std::fs::remove_file(folder.path().join("confperm.lock")).unwrap();
    folder.run(&rehearsal).code(0);
    std::fs::remove_file(folder.path().join("confperm.lock")).unwrap();
    let refused = undo(&folder, &[]).code(1);
    assert_eq!(refused.failures(), ["wrong-site"]);
    assert!(refused.err.contains(&format!("`confperm undo {run}`")), "{}", refused.err);
    folder.run(&["undo", &run, "--yes", "--ahead-of-revert"]).code(0);
}

/// What was there before the run goes along with what the run gave, and the site may not give it again.
#[test]
fn what_goes_along_with_what_is_taken_back_is_listed() {
    let held = "[user:ann, user:bob], update/page: [user:bob], ";
    let ops = "read/space: [user:ann, group:hr], administer/space: [user:ann]}}\n";
    let site = site().replace(ops, &format!("read/space: {held}administer/space: [user:ann]}}}}\n"));
    let policy = "version: 1\npeople: {bob: u-bob}\nspaces:\n  OPS: {mode: additive, access: {create/page: ['user:bob']}}\n";
    for grants in [false, true] {
        let quirks = if grants { "quirks: {extra-pairs-in-pre-roles: true}\n" } else { "" };
        let site = format!("{site}{quirks}");
        let folder = Folder::with(&[("site.yaml", &site), ("policy.yaml", &with_site(policy))]);
        let before = state(&folder);
        folder.run(&["apply", "--yes"]).code(0);
        let first = undo(&folder, &[]).code(if grants { 0 } else { 5 });
        let doubtful = "gets back update/page if this site grants that alone";
        assert!(first.err.contains(doubtful), "{}{}", first.out, first.err);
        if grants {
            assert_eq!(space(&state(&folder), "OPS"), space(&before, "OPS"));
            continue;
        }
        let again = undo(&folder, &[]).code(0);
        let kept = "does not get back update/page: this site does not grant that by itself";
        assert!(again.err.contains(kept), "{}{}", again.out, again.err);
        let words = "as before the run, but for what was listed above.";
        assert!(again.out.contains(words), "{}", again.out);
    }
}
