//! What scripts rely on: exit codes, streams, and the same bytes every time.

use crate::support::{Folder, Hosted, Ran, site_of_ann_and_bob};

/// Two spaces; the caller administers the first through a group.
const SITE: &str = site_of_ann_and_bob!(
    "
groups:
  admins: {id: g-admins, members: [ann], access: user}
  eng: {id: g-eng, members: [bob], access: user}
spaces:
  ENG:
    id: 1
    name: Engineering
    permissions: {read/space: [group:admins], administer/space: [group:admins]}
  DOCS:
    id: 2
    name: Documentation
    permissions: {read/space: [user:ann], administer/space: [user:ann]}
quirks: {}
"
);

const POLICY: &str = "
version: 1
site: {url: 'sandbox:site.yaml'}
spaces:
  ENG: {access: {admin: ['group:admins'], viewer: ['group:eng']}}
  DOCS: {access: {viewer: ['group:eng']}}
";

fn two_spaces() -> Folder {
    Folder::with(&[("site.yaml", SITE), ("policy.yaml", POLICY)])
}

#[test]
fn exit_codes_are_what_the_handbook_says() {
    let folder = two_spaces();
    folder.run(&["plan"]).code(0);
    folder.run(&["plan", "--detailed-exitcode"]).code(2);
    folder.run(&["--version"]).code(0);
    folder.run(&["plan", "--no-such-option"]).code(64);
    folder.run(&[]).code(64);
    let wrong = folder.run(&["plan", "--space", "OPS"]).code(64);
    assert_eq!(wrong.said("hint:"), ["it covers DOCS, ENG"]);

    folder.write("policy.yaml", &POLICY.replace("admin: ['group:admins'], ", ""));
    for command in [["plan", "."], ["apply", "--yes"]] {
        let refused = folder.run(&command).code(3);
        assert!(refused.out.contains("Blocked[no-admin]:"), "{}", refused.out);
    }
    assert!(!folder.path().join(".confperm").exists(), "a plan that is blocked is not applied");

    folder.write("policy.yaml", &POLICY.replace("viewer", "veiwer"));
    for command in ["plan", "apply", "validate", "doctor"] {
        let invalid = folder.run(&[command]).code(4);
        assert!(invalid.err.contains("did you mean `viewer`?"), "{}", invalid.err);
        assert_eq!(invalid.out, "");
    }

    folder.write("policy.yaml", &POLICY.replace("site: {url: 'sandbox:site.yaml'}", ""));
    let lost = folder.run(&["plan"]).code(1);
    assert_eq!(lost.said("error:"), ["nothing says where the site is"]);
    folder.run(&["plan", "no-such-folder"]).code(64);
}

#[test]
fn data_goes_to_stdout_and_talk_to_stderr() {
    let folder = two_spaces();
    let json = folder.run(&["plan", "--format", "json", "-v"]).code(0);
    let plan: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(plan["format_version"], confperm::plan::FORMAT_VERSION);
    assert!(json.err.lines().any(|line| line.starts_with("Reading sandbox ")), "{}", json.err);
    assert!(json.err.contains("/wiki/rest/api/user/current"), "-v tells each request: {}", json.err);

    let quiet = folder.run(&["plan"]).code(0);
    assert_eq!(quiet.err.lines().count(), 2, "{}", quiet.err);
    assert!(quiet.err.lines().nth(1).unwrap().starts_with("Hash of this plan: sha256:"), "{}", quiet.err);
}

#[test]
fn colours_are_for_terminals() {
    let folder = two_spaces();
    let coloured = |ran: &Ran| ran.out.contains('\u{1b}') || ran.err.contains('\u{1b}');
    let with = |name: &str, arguments: &[&str]| {
        Ran::from(folder.confperm(arguments).env(name, "1").output().unwrap())
    };
    for arguments in [&["plan"][..], &["doctor"], &["plan", "--space", "OPS"]] {
        assert!(!coloured(&folder.run(arguments)), "{arguments:?}");
        assert!(!coloured(&with("NO_COLOR", arguments)), "{arguments:?}");
        assert!(coloured(&with("CLICOLOR_FORCE", arguments)), "{arguments:?}");
    }
    folder.write("policy.yaml", "spaces: [");
    assert!(!coloured(&folder.run(&["plan"]).code(4)));
    assert!(coloured(&with("CLICOLOR_FORCE", &["plan"])));
}

#[test]
fn ten_runs_give_the_same_bytes() {
    for (example, formats) in [("quickstart", &["text", "json", "diff"][..]), ("acme", &["text", "json"])] {
        let folder = Folder::example(example);
        for format in formats {
            let arguments = ["plan", "--format", format];
            let first = folder.run(&arguments).code(0);
            for _ in 1..10 {
                assert_eq!(folder.run(&arguments), first);
            }
        }
    }
}

#[test]
fn one_space_can_be_asked_for() {
    let folder = two_spaces();
    let both = folder.run(&["plan"]).code(0);
    assert!(
        both.out.contains("ENG  Engineering") && both.out.contains("DOCS  Documentation"),
        "{}",
        both.out
    );
    let one = folder.run(&["apply", "--yes", "--space", "DOCS"]).code(0);
    assert!(!one.out.contains("ENG  Engineering") && one.out.contains("DOCS  Documentation"), "{}", one.out);
    let rest = folder.run(&["plan"]).code(0);
    assert!(
        rest.out.contains("ENG  Engineering") && !rest.out.contains("DOCS  Documentation"),
        "{}",
        rest.out
    );
}

#[test]
fn a_saved_plan_is_the_printed_one_and_fits_its_schema() {
    let folder = Folder::example("quickstart");
    let printed = folder.run(&["plan", "--format", "json", "-o", "plan.json"]).code(0);
    assert_eq!(folder.read("plan.json"), printed.out);

    let schema = serde_json::from_str(&folder.run(&["schema", "plan"]).code(0).out).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut plan: serde_json::Value = serde_json::from_str(&printed.out).unwrap();
    let problems: Vec<String> = validator.iter_errors(&plan).map(|error| error.to_string()).collect();
    assert_eq!(problems, [""; 0]);
    plan["calls"][0]["call"]["do"] = "shine".into();
    assert!(!validator.is_valid(&plan), "the schema says something");

    // One reading of the site gives every form.
    let annotated = folder.run(&["plan", "--format", "github", "-o", "plan.json", "-o", "plan.md"]).code(0);
    assert!(annotated.out.starts_with("::"), "{}", annotated.out);
    assert_eq!(folder.read("plan.json"), printed.out);
    assert_eq!(folder.read("plan.md"), folder.run(&["plan", "--format", "markdown"]).code(0).out);

    let nowhere = folder.run(&["plan", "-o", "no-such-folder/plan.json"]).code(64);
    assert!(
        nowhere.said("error:")[0]
            .starts_with("`--out no-such-folder/plan.json`: nothing can be written there: No such file"),
        "{}",
        nowhere.err
    );
}

#[test]
fn without_a_terminal_nothing_is_applied_unless_it_is_confirmed() {
    let folder = Folder::example("quickstart");
    let before = folder.files();
    let ran = Ran::from(folder.confperm(&["apply"]).write_stdin("yes\n").output().unwrap()).code(64);
    assert_eq!(
        ran.said("error:"),
        ["stdin is not a terminal, so there is no one to confirm; nothing was changed"]
    );
    assert_eq!(ran.said("hint:"), ["pass --yes to apply without asking, as CI does"]);
    assert_eq!(folder.files(), before);
}

#[test]
fn a_sandbox_inside_and_one_behind_an_address_give_the_same_plan() {
    for example in ["quickstart", "acme"] {
        let folder = Folder::example(example);
        let hosted = Hosted::open(&folder.file("site.yaml"));
        for format in ["text", "json", "diff"] {
            let arguments = ["plan", "--format", format];
            let inside = folder.run(&arguments).code(0);
            let mut command = folder.confperm(&arguments);
            hosted.point(&mut command);
            let served = Ran::from(command.output().unwrap()).code(0);
            assert_eq!(served.out, inside.out);
        }
    }
}
