//! Patterns of names: `*` for any characters, `?` for one.

use std::collections::BTreeSet;

/// Whether a whole text matches.
///
/// Goes back to the last star only, which is enough and keeps it linear in practice.
pub(super) fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut from, mut star) = (0, 0, None);
    while from < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(b'?') => {
                at += 1;
                from += 1;
            }
            Some(byte) if *byte == text[from] => {
                at += 1;
                from += 1;
            }
            _ => {
                let Some((place, taken)) = star else { return false };
                star = Some((place, taken + 1));
                at = place + 1;
                from = taken + 1;
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

/// Whether some text matches both patterns.
pub(super) fn overlap(one: &[u8], other: &[u8]) -> bool {
    // Places in both patterns that one text leads to.
    let mut seen = BTreeSet::new();
    let mut waiting = vec![(0, 0)];
    while let Some((at, with)) = waiting.pop() {
        if !seen.insert((at, with)) {
            continue;
        }
        match (one.get(at), other.get(with)) {
            (None, None) => return true,
            (Some(b'*'), next) => {
                waiting.push((at + 1, with));
                waiting.extend(next.map(|_| (at, with + 1)));
            }
            (next, Some(b'*')) => {
                waiting.push((at, with + 1));
                waiting.extend(next.map(|_| (at + 1, with)));
            }
            (Some(a), Some(b)) if a == b || [a, b].contains(&&b'?') => waiting.push((at + 1, with + 1)),
            (Some(_), _) | (None, Some(_)) => {}
        }
    }
    false
}

/// So many states are looked at. Patterns of names need a few dozen.
const STATES: usize = 4096;

/// Whether every text that `inner` matches is matched by one of `outer`.
///
/// Where this says yes, it is so. It is exact but for patterns with dozens of `?` among stars, where it gives up with a
/// no. The places of all outer patterns that a text may have led to make one state (the subset construction), and a
/// text is found on which `inner` ends and none of them does, if there is one.
pub(super) fn covers(outer: &[&[u8]], inner: &[u8]) -> bool {
    // A byte that no pattern has stands for all others.
    let literals = outer.iter().copied().chain([inner]).flatten().filter(|byte| !b"*?".contains(byte));
    let alphabet: BTreeSet<u8> = literals.copied().chain([0]).collect();
    let start: BTreeSet<(usize, usize)> =
        (0..outer.len()).flat_map(|which| through_stars(outer, which, 0)).collect();
    let mut seen = BTreeSet::new();
    let mut waiting = vec![(0, start)];
    while let Some((at, places)) = waiting.pop() {
        if !seen.insert((at, places.clone())) {
            continue;
        }
        if seen.len() > STATES {
            return false;
        }
        let Some(next) = inner.get(at) else {
            if places.iter().all(|(which, place)| *place < outer[*which].len()) {
                return false;
            }
            continue;
        };
        if *next == b'*' {
            waiting.push((at + 1, places.clone()));
        }
        for byte in alphabet.iter().filter(|byte| b"*?".contains(next) || *byte == next) {
            let step = |(which, place): &(usize, usize)| match outer[*which].get(*place) {
                Some(b'*') => through_stars(outer, *which, *place),
                Some(b'?') => through_stars(outer, *which, place + 1),
                Some(literal) if literal == byte => through_stars(outer, *which, place + 1),
                Some(_) | None => Vec::new(),
            };
            let after = if *next == b'*' { at } else { at + 1 };
            waiting.push((after, places.iter().flat_map(step).collect()));
        }
    }
    true
}

/// A place in a pattern, and those behind the stars that begin there, which may match nothing.
fn through_stars(patterns: &[&[u8]], which: usize, place: usize) -> Vec<(usize, usize)> {
    let stars = patterns[which][place..].iter().take_while(|byte| **byte == b'*').count();
    (place..=place + stars).map(|place| (which, place)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every text of these letters, up to a length. No pattern has a `z`.
    fn texts(longest: usize) -> Vec<Vec<u8>> {
        let mut all = vec![Vec::new()];
        let mut from = 0;
        for _ in 0..longest {
            let longer: Vec<Vec<u8>> = all[from..]
                .iter()
                .flat_map(|text| b"abz".iter().map(move |c| [text.as_slice(), &[*c]].concat()))
                .collect();
            from = all.len();
            all.extend(longer);
        }
        all
    }

    proptest! {
        /// Naive enumeration agrees, in both directions.
        #[test]
        fn patterns_cover_another_where_they_match_all_of_its_texts(
            outer in proptest::collection::vec("[ab*?]{0,5}", 0..4),
            inner in "[ab*?]{0,5}",
        ) {
            let (outer, inner): (Vec<&[u8]>, _) = (outer.iter().map(String::as_bytes).collect(), inner.as_bytes());
            let matched = |text: &[u8]| outer.iter().any(|pattern| glob(pattern, text));
            let all = texts(7).iter().all(|text| !glob(inner, text) || matched(text));
            prop_assert_eq!(covers(&outer, inner), all);
        }
    }

    proptest! {
        #[test]
        fn patterns_overlap_where_a_text_matches_both(one in "[ab*?]{0,5}", other in "[ab*?]{0,5}") {
            let (one, other) = (one.as_bytes(), other.as_bytes());
            let both = texts(7).iter().any(|text| glob(one, text) && glob(other, text));
            prop_assert_eq!(overlap(one, other), both);
        }
    }

    #[test]
    fn what_takes_too_long_to_find_out_is_not_covered() {
        let outer = format!("*a{}", "?".repeat(20));
        assert!(!covers(&[outer.as_bytes()], format!("*b{}a{}", "?".repeat(30), "?".repeat(20)).as_bytes()));
    }
}
