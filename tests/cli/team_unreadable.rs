//! A space that cannot be read and that only files of a team ask about: every command goes on without it, says so with the
//! line of the team, and changes nothing there. What central files ask for there ends each command as ever.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::http::Method;
use confperm::sandbox::world::{Action, SpaceId};
use serde_json::Value;

use crate::later::Held;
use crate::support::{Front, Ran, Reply, sign_in};
use crate::team::Case;

/// The example of `docs/teams.md` without the central entry of a space of the team, behind a server that may refuse
/// everything in `ENGLAB`.
struct Shut {
    case: Case,
    front: Front,
    is_refused: Arc<AtomicBool>,
}

const ENTRY: &str = "  ENG:\n    access:\n      admin: [group:admins, group:eng-leads]\n\n";
/// What central files ask for in the space that cannot be read.
const CENTRAL: &str = "rules: [{name: central, spaces: [ENGLAB], access: {viewer: [group:ops]}}]\n";
/// What is said of the one is copied to the other.
const COPIES: &str = "rules: [{name: copies, spaces: [ENG], like: ENGLAB}]\n";

impl Shut {
    fn on(status: u16, more: &[(&str, &str)], state: &str) -> Self {
        let case = Case::on("ann", |site| format!("{site}{state}"));
        let central = case.folder.read("confperm.yaml").replace(ENTRY, "");
        case.folder.write("confperm.yaml", &central);
        for (file, text) in more {
            case.folder.write(file, text);
        }
        let is_shut = Arc::new(AtomicBool::new(false));
        let shut = Arc::clone(&is_shut);
        let front = case.hosted.behind_uris(move |_, uri| {
            let is_list_of_many = uri.path().ends_with("/v2/pages") || uri.path().ends_with("/v2/blogposts");
            let is_in_it = uri.path().contains("/spaces/102/")
                || is_list_of_many
                    && uri.query().is_some_and(|query| query.contains("space-id=") && query.contains("102"));
            (shut.load(Ordering::Relaxed) && is_in_it).then(|| Reply::v2(status, "no"))
        });
        Self { case, front, is_refused: is_shut }
    }

    fn shut(&self, is_shut: bool) {
        self.is_refused.store(is_shut, Ordering::Relaxed);
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = self.case.folder.confperm(arguments);
        sign_in(&mut command, &self.front.url, &self.case.hosted.running);
        Ran::from(command.output().unwrap())
    }

    /// A run, and the spaces in which it changed something.
    fn changed_by(&self, arguments: &[&str]) -> (Ran, BTreeSet<String>) {
        let before = self.case.hosted.running.world(Held::of);
        let ran = self.run(arguments);
        let differences = before.differences(&self.case.hosted.running.world(Held::of));
        let keys = differences.iter().filter_map(|line| line.split([' ', ':']).next());
        (ran, keys.map(str::to_owned).collect())
    }
}

#[track_caller]
fn says_what_is_skipped(ran: &Ran) {
    let said = "ENGLAB is skipped: it would not be read but for what a team asks there (teams/eng/";
    assert!(ran.err.contains(said), "{}", ran.err);
}

const COMMANDS: [&[&str]; 7] = [
    &["plan"],
    &["apply", "--yes"],
    &["apply", "--yes", "--locked"],
    &["doctor"],
    &["lock"],
    &["fmt", "--renames", "."],
    &["import", "--missing"],
];

#[test]
fn no_command_stops_at_a_space_that_only_a_team_asks_about_and_that_cannot_be_read() {
    for status in [403, 404] {
        let shut = Shut::on(status, &[], "");
        // What is imported is as the policy says.
        shut.run(&["apply", "--yes"]).code(0);
        let lock = shut.case.folder.read("confperm.lock");
        assert!(lock.contains("ENGLAB"), "{lock}");
        shut.shut(true);
        for command in COMMANDS {
            let (ran, changed) = shut.changed_by(command);
            let ran = ran.code(6);
            says_what_is_skipped(&ran);
            assert_eq!(changed, BTreeSet::new(), "{command:?}");
            assert!(shut.case.folder.read("confperm.lock").contains("ENGLAB"), "{command:?}");
        }
        let doctor = shut.run(&["doctor"]).code(6);
        assert!(doctor.out.contains("out   ENGLAB") && doctor.out.contains("Ready, but"), "{}", doctor.out);
        shut.run(&["plan", "--space", "OPS"]).code(0);
        for asked in [&["plan", "--space", "ENGLAB"][..], &["plan", "--team", "eng"]] {
            shut.run(asked).code(1);
        }
        shut.case.folder.write("central.yaml", CENTRAL);
        for command in COMMANDS {
            let (ran, changed) = shut.changed_by(command);
            ran.code(1);
            assert_eq!(changed, BTreeSet::new(), "{command:?}");
        }
    }
}

/// A run about other spaces does not read what is copied elsewhere; where the copy itself is asked for, it is skipped.
#[test]
fn what_copies_from_a_space_that_cannot_be_read_is_skipped_with_it() {
    let shut = Shut::on(403, &[("teams/eng/more.yaml", COPIES)], "");
    shut.run(&["plan"]).code(0);
    shut.run(&["plan", "--space", "ENG", "-o", "plan.json"]).code(0);
    shut.shut(true);
    let ran = shut.run(&["plan", "--space", "OPS"]).code(0);
    assert!(!ran.err.contains("ENGLAB"), "{}", ran.err);
    let plan: Value = serde_json::from_str(&shut.run(&["plan", "--format", "json"]).code(6).out).unwrap();
    let skipped: Vec<&Value> = plan["skipped"].as_array().unwrap().iter().map(|it| &it["space"]).collect();
    assert_eq!(skipped, ["ENG", "ENGLAB"]);
    let ran = shut.run(&["plan", "--space", "ENG"]).code(6);
    assert!(ran.err.contains("`ENG` is skipped: ENGLAB would not be read"), "{}", ran.err);
    // What was planned before does not hang on it.
    let (ran, changed) = shut.changed_by(&["apply", "plan.json"]);
    ran.code(0);
    assert_eq!(changed, BTreeSet::from(["ENG".to_owned()]));
    // Whether the policy still asks for it does hang on it.
    let (ran, changed) = shut.changed_by(&["undo", "last", "--yes"]);
    let ran = ran.code(6);
    assert!(ran.err.contains("`ENG` is skipped: ENGLAB would not be read"), "{}", ran.err);
    assert!(ran.err.contains("what this would take back is in spaces that are skipped"), "{}", ran.err);
    assert_eq!(changed, BTreeSet::new());
    let (ran, changed) = shut.changed_by(&["undo", "last", "--yes", "--ahead-of-revert"]);
    ran.code(0);
    assert_eq!(changed, BTreeSet::from(["ENG".to_owned()]));
}

/// What a run did not come to is not taken for what it did, whatever is left out.
#[test]
fn an_undo_without_a_space_takes_back_what_the_run_made_elsewhere() {
    const FAIL: usize = 3;
    let mut shut = Shut::on(403, &[], "");
    let before = shut.case.hosted.running.world(Held::of);
    let asked = AtomicUsize::new(0);
    let refusing = shut.case.hosted.behind_uris(move |method, uri| {
        let is_grant = *method == Method::POST && uri.path().ends_with("/space/OPS/permission");
        (is_grant && asked.fetch_add(1, Ordering::Relaxed) < FAIL).then(|| Reply::v1(403, "no"))
    });
    let front = mem::replace(&mut shut.front, refusing);
    let ran = shut.run(&["apply", "--yes"]).code(5);
    assert!(ran.out.contains("failed"), "{}", ran.out);
    shut.front = front;
    shut.shut(true);
    says_what_is_skipped(&shut.run(&["undo", "last", "--yes", "--ahead-of-revert"]).code(6));
    let left = before.differences(&shut.case.hosted.running.world(Held::of));
    let elsewhere: Vec<&String> = left.iter().filter(|line| !line.starts_with("ENGLAB")).collect();
    assert_eq!(elsewhere, [""; 0]);
    assert!(!left.is_empty());
}

/// Where nothing can be read that a run changed, nothing is taken back, and what is named on the command line is not skipped.
#[test]
fn an_undo_does_not_claim_to_be_done_where_it_cannot_read() {
    let shut = Shut::on(403, &[], "");
    shut.run(&["plan", "--space", "ENGLAB", "-o", "plan.json"]).code(0);
    shut.shut(true);
    let words = "is in spaces that are skipped";
    let (ran, changed) = shut.changed_by(&["apply", "plan.json"]);
    let ran = ran.code(6);
    assert!(ran.err.contains(words) && !ran.err.contains("no space left"), "{}", ran.err);
    assert_eq!(changed, BTreeSet::new());
    shut.shut(false);
    shut.run(&["apply", "plan.json"]).code(0);
    shut.shut(true);
    let undo = ["undo", "last", "--yes", "--ahead-of-revert"];
    let (ran, changed) = shut.changed_by(&undo);
    let ran = ran.code(6);
    assert!(ran.err.contains(words) && !ran.err.contains("taken back already"), "{}", ran.err);
    assert_eq!(changed, BTreeSet::new());
    let named = shut.run(&[&undo[..], &["--space", "ENGLAB"]].concat()).code(1);
    assert_eq!(named.failures(), ["not-permitted"]);
}

/// A saved plan goes on in a copy of what cannot be read, of which no label is known any more.
#[test]
fn a_saved_plan_reports_no_lost_label_where_none_is_lost() {
    const STATE: &str = "  ENG1:\n    id: 111\n    name: More\n    permissions: {read/space: [group:admins, group:eng-core], create/page: [group:admins], restrict_content/space: [group:admins], administer/space: [group:admins]}\n    pages:\n      - {id: 2001, title: Home, author: eva, labels: [secret]}\n";
    let copies = COPIES.replace("[ENG]", "[ENG1]");
    let labelled =
        "spaces: {ENG1: {mode: additive, pages: {'label:secret': {view: [group:admins, group:eng-core]}}}}\n";
    let shut = Shut::on(403, &[("teams/eng/more.yaml", &copies), ("labels.yaml", labelled)], STATE);
    shut.run(&["plan", "--space", "ENG1", "-o", "plan.json"]).code(0);
    shut.shut(true);
    let (ran, changed) = shut.changed_by(&["apply", "plan.json"]);
    assert!(!ran.err.contains("does not show the label"), "{}", ran.err);
    ran.code(0);
    // Its grants and its page.
    assert_eq!(changed.len(), 2, "{changed:?}");
}

#[test]
fn a_saved_plan_and_an_undo_leave_a_space_as_it_is_that_cannot_be_read_any_more() {
    let keys = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<BTreeSet<String>>();
    let others = keys(&["ENG", "OPS"]);
    let shut = Shut::on(403, &[], "");
    shut.run(&["plan", "-o", "plan.json"]).code(0);
    shut.run(&["plan", "--space", "OPS", "-o", "ops.json"]).code(0);
    shut.shut(true);
    // It changes nothing there.
    let (ran, changed) = shut.changed_by(&["apply", "ops.json"]);
    assert_eq!(ran.code(0).said("warning:"), [""; 0]);
    assert_eq!(changed, keys(&["OPS"]));
    shut.changed_by(&["undo", "last", "--yes", "--ahead-of-revert"]).0.code(0);
    let (ran, changed) = shut.changed_by(&["apply", "plan.json"]);
    let ran = ran.code(6);
    says_what_is_skipped(&ran);
    assert!(ran.err.contains("of them in spaces that are skipped"), "{}", ran.err);
    assert!(ran.out.contains("\nWhat is not skipped is as the plan says; "), "{}", ran.out);
    assert_eq!(changed, others);
    let (ran, changed) = shut.changed_by(&["apply", "plan.json"]);
    assert!(ran.code(6).err.contains("all others made"));
    assert_eq!(changed, keys(&[]));
    shut.shut(false);
    let (ran, changed) = shut.changed_by(&["apply", "plan.json"]);
    ran.code(0);
    assert_eq!(changed, keys(&["ENGLAB"]));

    // Others changed something besides.
    let shut = Shut::on(403, &[], "");
    shut.run(&["plan", "-o", "plan.json"]).code(0);
    shut.shut(true);
    let renamed = Action::ChangeSpaceKey { space: SpaceId(103), key: "RUN".to_owned() };
    shut.case.hosted.running.change(|world| world.act(&renamed).unwrap());
    let ran = shut.changed_by(&["apply", "plan.json"]).0.code(5);
    let words = "\nWhat is not left out and is not skipped is as the plan says; 15 declared changes are left out, since others";
    assert!(ran.out.contains(words), "{}", ran.out);

    let shut = Shut::on(403, &[], "");
    shut.run(&["apply", "--yes"]).code(0);
    shut.shut(true);
    let (ran, changed) = shut.changed_by(&["undo", "last", "--yes", "--ahead-of-revert"]);
    says_what_is_skipped(&ran.code(6));
    assert_eq!(changed, others);

    // What central files gave there is not left to chance.
    let shut = Shut::on(403, &[("central.yaml", CENTRAL)], "");
    shut.run(&["plan", "-o", "plan.json"]).code(0);
    shut.shut(true);
    let (ran, changed) = shut.changed_by(&["apply", "plan.json"]);
    assert_eq!(ran.code(1).failures(), ["not-permitted"]);
    assert_eq!(changed, keys(&[]));
}

/// The pages of more than four spaces are read by lists of many spaces, and a refused one names none of them.
#[test]
fn a_refused_list_of_many_spaces_stops_no_run_for_others() {
    let mut more = String::new();
    for n in 1..=4 {
        let _ = write!(
            more,
            "  ENG{n}:\n    id: {}\n    name: More {n}\n    permissions: {{read/space: [group:admins], administer/space: [group:admins]}}\n    pages:\n      - {{id: {}, title: Home, author: eva, view: [group:eng-old, group:eng-core, group:admins]}}\n",
            110 + n,
            2000 + n
        );
    }
    let shut = Shut::on(404, &[], &more);
    let central = shut.case.folder.read("confperm.yaml");
    let to = "to: [group:eng-*]\n";
    shut.case.folder.write("confperm.yaml", &central.replace(to, &format!("{to}    may-remove: any\n")));
    shut.case.folder.write(
        "teams/eng/more.yaml",
        "rules: [{name: less, spaces: {key: ENG*}, absent: [group:eng-old]}]\n",
    );
    // The grants are shown, the pages are not.
    let pages = shut.case.hosted.behind_uris(|_, uri| {
        let is_of_many =
            uri.path().ends_with("/v2/pages") && uri.query().is_some_and(|query| query.contains("102"));
        (uri.path().ends_with("/spaces/102/pages") || is_of_many).then(|| Reply::v2(404, "no"))
    });
    let shut = Shut { front: pages, ..shut };
    let (ran, changed) = shut.changed_by(&["apply", "--yes"]);
    says_what_is_skipped(&ran.code(6));
    assert!(
        changed.contains("ENG1") && changed.contains("OPS") && !changed.contains("ENGLAB"),
        "{changed:?}"
    );
}

/// A saved plan may ask for what the lock lacks, if it was made with `--locked`.
#[test]
fn a_saved_plan_skips_what_the_lock_lacks_of_a_team() {
    let rule = "rules: [{name: more, spaces: [ENGLAB], access: {collaborator: [group:eng-old]}}]\n";
    let shut = Shut::on(403, &[], "");
    shut.run(&["plan"]).code(0);
    let lock = shut.case.folder.read("confperm.lock");
    shut.case.folder.write("teams/eng/more.yaml", rule);
    shut.run(&["plan", "--locked", "-o", "plan.json"]).code(0);
    let (ran, changed) = shut.changed_by(&["apply", "plan.json", "--locked"]);
    let ran = ran.code(6);
    assert!(ran.err.contains("lacks 1 name of teams/eng/more.yaml"), "{}", ran.err);
    assert!(ran.err.contains("`ENGLAB` is skipped"), "{}", ran.err);
    assert_eq!(changed, ["ENG", "OPS"].map(str::to_owned).into());
    assert_eq!(shut.case.folder.read("confperm.lock"), lock);
    // Without --locked, all of it is carried out.
    let (ran, changed) = shut.changed_by(&["apply", "plan.json"]);
    ran.code(0);
    assert_eq!(changed, ["ENGLAB".to_owned()].into());

    // A name that only a test of the team has.
    let shut = Shut::on(403, &[], "");
    shut.run(&["plan"]).code(0);
    shut.case.folder.write(
        "teams/eng/tests.yaml",
        "tests: [{name: old, who: group:eng-old, cannot: {edit: [ENGLAB/Home]}}]\n",
    );
    let (ran, changed) = shut.changed_by(&["apply", "--yes", "--locked"]);
    let ran = ran.code(6);
    assert!(ran.err.contains("lacks 1 name of teams/eng/tests.yaml"), "{}", ran.err);
    assert_eq!(changed, ["ENG", "ENGLAB", "OPS"].map(str::to_owned).into());

    // A name of central files.
    let shut = Shut::on(403, &[], "");
    shut.run(&["plan"]).code(0);
    shut.case.folder.write(
        "central.yaml",
        "rules: [{name: central, spaces: [OPS], access: {viewer: [group:everybody]}}]\n",
    );
    shut.run(&["plan", "--locked", "-o", "plan.json"]).code(0);
    let (ran, changed) = shut.changed_by(&["apply", "plan.json", "--locked"]);
    assert_eq!(ran.code(1).failures(), ["incomplete-lock"]);
    assert_eq!(changed, BTreeSet::new());
}
