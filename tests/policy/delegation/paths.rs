//! Where files lie: every path that could be taken for one of a team's is one, or is refused.

use std::fs;

use camino::{Utf8Path, Utf8PathBuf};
use confperm::diagnostic::{Code, Sources};
use confperm::policy::{Loaded, from_sources, load};

const CENTRAL: &str = "version: 1
delegation:
  teams/eng/**: {spaces: [ENG]}
  teams/ops.yaml: {spaces: [OPS]}
";
/// What no file of a team may say.
const BEYOND: &str = "groups: {admins: 7f1c}\n";

fn codes(loaded: &Loaded) -> Vec<Code> {
    assert_eq!(loaded.policy.is_none(), loaded.findings.has_errors());
    loaded.findings.iter().map(|finding| finding.code).collect()
}

fn said_in(path: &str) -> Vec<Code> {
    let mut sources = Sources::default();
    sources.insert(Utf8PathBuf::from("confperm.yaml"), CENTRAL);
    sources.insert(Utf8PathBuf::from(path), BEYOND);
    codes(&from_sources(sources))
}

#[test]
fn no_path_falls_out_of_a_delegation() {
    for path in [
        "teams/eng/a.yaml",
        "teams/eng/a/b/c.yml",
        "teams/eng/ops.yaml",
        "teams/ops.yaml",
        "teams/./eng/a.yaml",
    ] {
        assert_eq!(said_in(path), [Code::BeyondDelegation], "{path}");
    }
    for path in [
        "Teams/eng/a.yaml",
        "teams/ENG/a.yaml",
        "teams/eng /a.yaml",
        " teams/eng/a.yaml",
        "teams/eng\u{a0}/a.yaml",
        "teams/e\u{200b}ng/a.yaml",
        "teams/\u{202e}eng/a.yaml",
        "teams/\u{435}ng/a.yaml",
        "teams/\u{ff45}ng/a.yaml",
        "teams\u{2215}eng\u{2215}a.yaml",
        "teams\\eng\\a.yaml",
        "t\u{435}ams/OPS.yaml",
        "teams/0ps.yaml",
    ] {
        assert_eq!(said_in(path), [Code::UnclearDelegation], "{path:?}");
    }
    for path in
        ["teams/english/a.yaml", "teams/eng.yaml", "other/teams/eng/a.yaml", "teams/ops/a.yaml", "a.yaml"]
    {
        assert_eq!(said_in(path), [], "{path}");
    }
}

#[test]
fn two_teams_never_have_one_file_and_none_has_the_delegation() {
    for (one, two) in [
        ("teams/eng/**", "teams/eng/core/**"),
        ("teams/eng/core/**", "teams/**"),
        ("teams/eng/**", "teams/eng/a.yaml"),
    ] {
        let mut sources = Sources::default();
        let central = format!(
            "version: 1\ndelegation:\n  {one}: {{name: a, spaces: [A]}}\n  {two}: {{name: b, spaces: [B]}}\n"
        );
        sources.insert(Utf8PathBuf::from("confperm.yaml"), central);
        assert_eq!(codes(&from_sources(sources)), [Code::UnclearDelegation], "{one} {two}");
    }
    for files in [
        "**",
        "*/**",
        "teams/*.yaml",
        "/teams/**",
        "teams/../**",
        ".hidden/**",
        "teams//eng/**",
        "teams/eng",
        "teams/eng/*",
    ] {
        let mut sources = Sources::default();
        let central = format!("version: 1\ndelegation:\n  \"{files}\": {{spaces: [A]}}\n");
        sources.insert(Utf8PathBuf::from("confperm.yaml"), central);
        assert_eq!(codes(&from_sources(sources)), [Code::InvalidValue], "{files}");
    }
    let mut sources = Sources::default();
    sources.insert(
        Utf8PathBuf::from("confperm.yaml"),
        "version: 1\ndelegation: {confperm.yaml: {spaces: [A]}}\n",
    );
    let found = codes(&from_sources(sources));
    assert!(found.contains(&Code::BeyondDelegation), "{found:?}");
}

/// A central file that is a link into the folder of a team has the team's content; so has a table.
#[cfg(unix)]
#[test]
fn a_link_between_owners_is_refused() {
    use std::os::unix::fs::symlink;

    let rule = "rules: [{name: r, from: {csv: all.csv, space: S, type: T, id: I}, access: read/space}]\n";
    let cases: [(&str, &str); 4] = [
        ("more.yaml", "teams/eng/more.txt"),
        ("teams/eng/more.yaml", "more.txt"),
        ("all.csv", "teams/eng/all.csv"),
        ("lists", "teams/eng"),
    ];
    for (link, target) in cases {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(temporary.path()).unwrap();
        fs::create_dir_all(folder.join("teams/eng")).unwrap();
        fs::write(folder.join("confperm.yaml"), CENTRAL).unwrap();
        fs::write(
            folder.join("teams/eng/more.txt"),
            "spaces: {ENG: {mode: additive, access: {viewer: [group:a]}}}\n",
        )
        .unwrap();
        fs::write(folder.join("more.txt"), "tests: []\n").unwrap();
        fs::write(folder.join("teams/eng/all.csv"), "S,T,I\nHR,group,a\n").unwrap();
        symlink(folder.join(target), folder.join(link)).unwrap();
        match link {
            "all.csv" => fs::write(folder.join("rules.yaml"), rule).unwrap(),
            "lists" => {
                fs::write(folder.join("rules.yaml"), rule.replace("all.csv", "lists/all.csv")).unwrap();
            }
            _ => {}
        }
        let found = codes(&load(folder));
        assert!(found.contains(&Code::UnclearDelegation), "{link}: {found:?}");
    }
}
