//! The first ten minutes with confperm, as the README tells them.

use crate::support::Folder;

#[test]
fn plan_apply_plan_reset() {
    for example in ["quickstart", "acme"] {
        first_run(&Folder::example(example));
    }
}

fn first_run(folder: &Folder) {
    let before = folder.files();

    let first = folder.run(&["plan", "--detailed-exitcode"]).code(2);
    assert!(first.out.contains("ENG  Engineering"), "{}", first.out);

    let applied = folder.run(&["apply", "--yes"]).code(0);
    assert!(applied.out.starts_with(&first.out), "apply shows the plan first");
    assert!(applied.out.contains("The site is as the policy says."), "{}", applied.out);

    let second = folder.run(&["plan", "--detailed-exitcode"]).code(0);
    assert!(second.out.contains("Nothing to change"), "{}", second.out);
    let nothing = folder.run(&["apply"]).code(0);
    assert_eq!(nothing.out, second.out, "without changes there is no question");

    // Everything that appeared is in a folder that git ignores by itself.
    let after = folder.files();
    let (kept, new): (Vec<_>, Vec<_>) =
        after.into_iter().partition(|(path, _)| !path.starts_with(".confperm"));
    assert_eq!(kept, before);
    let ignored = new.iter().find(|(path, _)| path.ends_with(".gitignore"));
    assert_eq!(ignored.map(|(_, text)| text.as_slice()), Some(b"*\n".as_slice()));

    folder.run(&["sandbox", "--reset"]).code(0);
    let again = folder.run(&["plan", "--detailed-exitcode"]).code(2);
    assert_eq!(again.out, first.out);
}

#[test]
fn doctor_and_validate_are_content_with_the_examples() {
    let folder = Folder::example("quickstart");
    let doctor = folder.run(&["doctor"]).code(0);
    assert!(doctor.out.contains("Ready."), "{}", doctor.out);
    folder.run(&["validate"]).code(0);
}
