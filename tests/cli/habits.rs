//! Options as other tools write them are answered with ours, and do nothing.

use crate::support::Folder;

#[test]
fn an_option_of_another_tool_is_answered_with_ours() {
    let folder = Folder::example("quickstart");
    let before = folder.files();
    for (arguments, option, hint) in [
        (&["plan", "-out=plan.json"][..], "-out", "write `--out plan.json`"),
        (&["plan", "-out", "plan.json"], "-out", "write `--out`"),
        (&["plan", "-detailed-exitcode"], "-detailed-exitcode", "write `--detailed-exitcode`"),
        (&["plan", "-space=ENG"], "-space", "write `--space ENG`"),
        (&["plan", "-target=ENG"], "-target", "write `--space KEY`, which narrows the run to that space"),
        (
            &["plan", "--target", "ENG"],
            "--target",
            "write `--space KEY`, which narrows the run to that space",
        ),
        (&["plan", "-json"], "-json", "write `--format json`"),
        (
            &["-chdir=x", "plan"],
            "-chdir",
            "name the policy directory: `confperm plan DIR`, or `-C DIR` where a question comes first",
        ),
        (&["apply", "-auto-approve"], "-auto-approve", "write `--yes`, which applies without asking"),
        (&["apply", "--auto-approve"], "--auto-approve", "write `--yes`, which applies without asking"),
        (&["apply", "-var", "a=b"], "-var", "leave it out: a policy has no variables"),
        (&["apply", "-yes"], "-yes", "write `--yes`"),
        (&["-version"], "-version", "write `--version`"),
    ] {
        let ran = folder.run(arguments).code(64);
        assert_eq!(ran.said("error:"), [format!("confperm has no option `{option}`")], "{arguments:?}");
        assert_eq!(ran.said("hint:"), [hint], "{arguments:?}");
        assert_eq!(folder.files(), before, "{arguments:?}");
    }
}

#[test]
fn our_own_options_are_left_to_themselves() {
    let folder = Folder::example("quickstart");
    for arguments in [
        &["plan", "-vv", "-o", "plan.json", "--format=json"][..],
        &["plan", "-oother.json"],
        &["plan", "--out=plan.json"],
        &["can", "-C.", "ann", "view", "ENG"],
    ] {
        folder.run(arguments).code(0);
    }
    assert!(folder.file("other.json").exists());
    // After `--`, it is a name and no option.
    let named = folder.run(&["validate", "--", "-json"]).code(64);
    assert_eq!(named.said("error:"), ["there is no directory `-json`"]);
}
