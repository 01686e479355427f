//! Whether a text nests deeper than any state file.
//!
//! The reader of state files takes a time that grows with the square of how deep brackets stand within brackets,
//! and finds only afterwards that they are too deep: a file of 200 KB that a pull request brings along kept a job
//! busy for minutes. Another reader gives up early, and is asked where there are brackets enough for that.

use serde::de::IgnoredAny;

/// The reader of state files follows no more levels than this.
const MAX_DEPTH: usize = 128;
const STACK_BYTES: usize = 64 * 1024 * 1024;
/// So many brackets cost nothing, wherever they stand. Snapshots have next to none.
const HARMLESS: usize = 2000;

pub(super) fn is_too_deep(text: &str) -> bool {
    if text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count() <= HARMLESS {
        return false;
    }
    // The other reader takes more of the stack for a level than a thread of tests or of the runtime has for all.
    std::thread::scope(|scope| {
        let look = || gives_up(text);
        let looking = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, look);
        looking.is_ok_and(|looking| looking.join().unwrap_or(true))
    })
}

/// Whether the other reader finds too many levels.
fn gives_up(text: &str) -> bool {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: usize::MAX,
            max_events: usize::MAX,
            max_total_scalar_bytes: usize::MAX,
        },
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<IgnoredAny>(text, options) {
        Ok(_) => false,
        Err(error) => {
            let cause = error.without_snippet();
            let budget = matches!(
                cause,
                serde_saphyr::Error::Budget { breach: serde_saphyr::budget::BudgetBreach::Depth { .. }, .. }
            );
            // The scanner has a limit of its own for brackets, and a text is all that it says about it.
            budget || cause.to_string().contains("recursion limit exceeded")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_within_brackets_are_found_and_brackets_side_by_side_are_not() {
        for opening in ["[", "{a: ", "[ # ]\n", "['] ]', "] {
            assert!(is_too_deep(&format!("kind: x\na: {}\n", opening.repeat(5_000))), "{opening}");
        }
        assert!(!is_too_deep(&format!(
            "kind: x\na:\n{}",
            "- {b: [c, {d: e}], title: 'x [y'}\n".repeat(5_000)
        )));
        assert!(!is_too_deep("a: [[[[[[[["));
    }
}
