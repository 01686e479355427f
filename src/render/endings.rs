//! What is given until a day, as lines.

use std::fmt::Write as _;

use jiff::civil::Date;

use crate::model::visible;
use crate::policy::{self, Ending};

/// What ends from today to the last day, a line each: the day, how long that is, who has what, and where it says so.
pub fn ending_lines(endings: &[Ending], today: Date, last: Date) -> Vec<String> {
    let soon = endings.iter().filter(|ending| (today..=last).contains(&ending.until));
    soon.map(|Ending { until, who, what, why, span, .. }| {
        let left =
            if *until == today { "today".to_owned() } else { format!("in {}", policy::days(today, *until)) };
        let mut line = format!("{until}  {left}: {who} has {what}  {}", span.origin());
        if let Some(why) = why {
            let _ = write!(line, " ({})", visible(why));
        }
        line
    })
    .collect()
}
