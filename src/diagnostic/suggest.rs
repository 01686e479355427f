//! "Did you mean": the names that come nearest to a name that is not known.

use crate::model::is_same_name;

/// Below this likeness a suggestion confuses more than it helps.
const LIKENESS: f64 = 0.7;

/// The known name that is most like `word`, if any is like it at all, but never the same name. Differences in case alone
/// are the smallest. Ties go to the name that sorts first.
pub fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let mut best: Option<(f64, &str)> = None;
    for name in known {
        if is_same_name(word, name) {
            continue;
        }
        let likeness = likeness(&lower, &name.to_lowercase());
        let better = best.is_none_or(|(most, first)| {
            likeness > most || (likeness.total_cmp(&most).is_eq() && name < first)
        });
        if likeness > LIKENESS && better {
            best = Some((likeness, name));
        }
    }
    best.map(|(_, name)| name)
}

/// The space key that `key` may have been meant for. Keys are short and many, so that likeness says little: another case,
/// or one slip in three characters.
pub fn near_key<'a>(key: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let upper = key.to_uppercase();
    let near = known.into_iter().filter(|name| *name != key).filter_map(|name| {
        let slips = key.chars().count().max(name.chars().count()) / 3;
        let distance = strsim::osa_distance(&upper, &name.to_uppercase());
        (distance <= slips).then_some((distance, name))
    });
    near.min().map(|(_, name)| name)
}

/// Jaro-Winkler likes common beginnings, which suits typing errors; a beginning that was left away
/// (`engineering` for `acme-engineering`) is caught on its own.
fn likeness(word: &str, name: &str) -> f64 {
    // What short words have in common says little: one slip, or two letters that changed places.
    if word.chars().count() < 4 || name.chars().count() < 4 {
        return if word == name {
            1.0
        } else if !word.is_empty() && strsim::osa_distance(word, name) == 1 {
            0.9
        } else {
            0.0
        };
    }
    let typed = strsim::jaro_winkler(word, name);
    let part = word.chars().count() >= 4 && name.contains(word);
    if part { typed.max(0.75) } else { typed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_wins_and_far_ones_are_not_offered() {
        let roles = ["viewer", "collaborator", "manager", "admin"];
        assert_eq!(did_you_mean("colaborator", roles), Some("collaborator"));
        assert_eq!(did_you_mean("Viewer", roles), Some("viewer"));
        assert_eq!(did_you_mean("xyz", roles), None);
        assert_eq!(did_you_mean("EGN", ["ENG", "HR"]), Some("ENG"));
        assert_eq!(did_you_mean("no", ["anonymous"]), None);
        assert_eq!(did_you_mean("ENG ", ["ENG"]), None);
        assert_eq!(did_you_mean("", roles), None);
    }

    #[test]
    fn a_space_key_is_met_with_its_own_case_or_a_slip_and_never_with_nonsense() {
        let keys = ["ENG", "FIN", "HR", "PLATFORM", "PROJ", "~ann"];
        for (key, near) in [
            ("fin", Some("FIN")),
            ("Eng", Some("ENG")),
            ("EGN", Some("ENG")),
            ("PLATFROM", Some("PLATFORM")),
            ("PLATFORMS", Some("PLATFORM")),
            ("PRJO", Some("PROJ")),
            ("PLAN", None),
            ("EN", Some("ENG")),
            ("H", None),
            ("PLATE", None),
            ("ENGLISH", None),
            ("PLUMBING", None),
            ("X", None),
        ] {
            assert_eq!(near_key(key, keys), near, "{key}");
        }
    }

    #[test]
    fn a_part_of_a_name_is_recognised() {
        assert_eq!(did_you_mean("platform", ["acme-platform", "zebra"]), Some("acme-platform"));
    }
}
