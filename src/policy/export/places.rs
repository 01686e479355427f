//! Which file a space goes to: one that any file system takes, that no shell expands, and that no other
//! space has, whatever it makes of upper and lower case.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use crate::model::{Space, SpaceKey};

/// The folder of the files of spaces.
pub(super) const FOLDER: &str = "spaces";
const LONGEST: usize = 100;
/// Names that Windows keeps for itself, with any ending.
const RESERVED: [&str; 22] = [
    "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9",
    "lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9",
];

/// A file for each space, relative to the policy directory. Spaces whose keys would give one name, or that of a file
/// to be avoided, get their numbers beside it.
pub(super) fn places<'a>(
    spaces: impl IntoIterator<Item = &'a Space>,
    avoided: impl IntoIterator<Item = &'a Utf8Path>,
) -> BTreeMap<SpaceKey, Utf8PathBuf> {
    let avoided: BTreeSet<String> = avoided
        .into_iter()
        .filter_map(|path| Some(path.strip_prefix(FOLDER).ok()?.file_stem()?.to_ascii_lowercase()))
        .collect();
    let named: Vec<(&Space, String)> = spaces.into_iter().map(|space| (space, stem(&space.key))).collect();
    let mut shared: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, stem) in &named {
        *shared.entry(stem).or_default() += 1;
    }
    let clear =
        |stem: &str| shared.get(stem) == Some(&1) && !RESERVED.contains(&stem) && !avoided.contains(stem);
    let mut taken: BTreeSet<String> =
        named.iter().filter(|(_, stem)| clear(stem)).map(|(_, stem)| stem.clone()).collect();
    taken.extend(avoided.iter().cloned());
    let mut places = BTreeMap::new();
    for (space, stem) in &named {
        let mut name = stem.clone();
        if !clear(stem) {
            name = format!("{stem}-{}", space.id);
            while !taken.insert(name.clone()) {
                name.push('-');
            }
        }
        places.insert(space.key.clone(), Utf8PathBuf::from(format!("{FOLDER}/{name}.yaml")));
    }
    places
}

fn stem(key: &SpaceKey) -> String {
    let text = key.as_str();
    let personal = text.strip_prefix('~');
    let plain: String = personal
        .unwrap_or(text)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .take(LONGEST)
        .collect();
    if personal.is_some() { format!("personal-{plain}") } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{SpaceId, SpaceKind, SpaceStatus};

    fn names(keys: &[&str]) -> Vec<String> {
        names_beside(keys, &[])
    }

    fn names_beside(keys: &[&str], avoided: &[&str]) -> Vec<String> {
        let spaces: Vec<Space> = keys
            .iter()
            .zip(1..)
            .map(|(key, id)| Space {
                id: SpaceId::from_number(id),
                key: key.parse().unwrap(),
                name: "".into(),
                kind: SpaceKind::Global,
                status: SpaceStatus::Current,
                homepage: None,
            })
            .collect();
        let places = places(&spaces, avoided.iter().map(|path| Utf8Path::new(*path)));
        keys.iter().map(|key| places[&key.parse().unwrap()].to_string()).collect()
    }

    #[test]
    fn a_key_becomes_a_plain_name() {
        assert_eq!(
            names(&["ENG", "~5b10", ".git"]),
            ["spaces/eng.yaml", "spaces/personal-5b10.yaml", "spaces/-git.yaml"]
        );
    }

    #[test]
    fn a_file_that_is_to_be_avoided_stays() {
        let avoided = ["spaces/Eng.yaml", "ops.yaml", "spaces/deep/docs.yaml"];
        assert_eq!(names_beside(&["ENG", "OPS"], &avoided), ["spaces/eng-1.yaml", "spaces/ops.yaml"]);
    }

    #[test]
    fn two_keys_never_share_a_file() {
        assert_eq!(
            names(&["ENG", "eng", "eng-2", "a.b", "a-b", "NUL"]),
            [
                "spaces/eng-1.yaml",
                "spaces/eng-2-.yaml",
                "spaces/eng-2.yaml",
                "spaces/a-b-4.yaml",
                "spaces/a-b-5.yaml",
                "spaces/nul-6.yaml"
            ]
        );
        let long = |end: &str| "K".repeat(200) + end;
        let found = names(&[&long("a"), &long("b")]);
        assert!(found[0] != found[1] && found[0].len() < 130);
    }
}
