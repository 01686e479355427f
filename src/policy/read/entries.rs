//! Entries of lists: who, and perhaps until when and why.

use jiff::civil::Date;

use super::Reader;
use super::sets::PrincipalPlace;
use crate::diagnostic::{Code, Diagnostic, Spanned};
use crate::policy::ast::ListItem;
use crate::policy::keys;
use crate::policy::yaml::{NodeKind, YamlNode};

impl Reader {
    /// `group:sre`, or `{who: group:sre, until: 2027-01-31, why: "audit"}`. A set gives an entry for each member.
    pub(super) fn entry<T>(
        &mut self,
        node: &YamlNode,
        place: &PrincipalPlace<T>,
    ) -> Option<Vec<ListItem<T>>> {
        if !is_long(node) {
            let who = self.principals(node, place)?;
            return Some(who.into_iter().map(|who| ListItem { who, until: None, why: None }).collect());
        }
        let fields = self.fields(node, "an entry of this list", keys::ENTRY)?;
        if fields.iter().all(|(key, _)| key.value != "who") {
            self.missing(
                "who",
                "this entry",
                &node.span,
                "add `who:`, as in `{who: group:NAME, until: 2027-01-31}`",
            );
        }
        let (mut who, mut until, mut why) = (None, None, None);
        for (key, node) in fields {
            match key.value {
                "who" => who = self.principals(node, place),
                "until" => until = Some(self.date(node)?),
                _ => why = self.text(node, "`why`").map(|why| one_line(&why.value)),
            }
        }
        let entry = |who| ListItem { who, until: until.clone(), why: why.clone() };
        Some(who?.into_iter().map(entry).collect())
    }

    /// A day, as `2027-01-31`.
    fn date(&mut self, node: &YamlNode) -> Option<Spanned<Date>> {
        let text = self.text(node, "`until`")?;
        match date(&text.value) {
            Ok(date) => Some(Spanned::new(date, text.span)),
            Err((message, help)) => {
                self.report(Diagnostic::new(Code::InvalidDate, message).at(&text.span, "").help(help));
                None
            }
        }
    }
}

/// Whether an entry is a mapping that means to be one; `group: sre`, with a space, does not.
fn is_long(node: &YamlNode) -> bool {
    let NodeKind::Map(pairs) = &node.kind else { return false };
    pairs
        .iter()
        .any(|(key, _)| key.scalar().is_some_and(|key| keys::names(keys::ENTRY).any(|name| name == key)))
}

/// A reason stands in a column of the plan.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Strictly year, month and day: a time of day would raise the question of where.
fn date(text: &str) -> Result<Date, (String, String)> {
    let form = || {
        (
            format!("`{text}` is not a day"),
            "write year, month and day, as in `2027-01-31`: the last day on which this is valid".to_owned(),
        )
    };
    let parts: Vec<&str> = text.split('-').collect();
    let [year, month, day] = parts[..] else { return Err(form()) };
    let number = |part: &str, digits: usize| {
        let right = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        right.then(|| part.parse::<i16>().ok()).flatten()
    };
    let (Some(y), Some(m), Some(d)) = (number(year, 4), number(month, 2), number(day, 2)) else {
        return Err(form());
    };
    let (m, d) = (i8::try_from(m).unwrap_or(0), i8::try_from(d).unwrap_or(0));
    Date::new(y, m, d).map_err(|_| {
        let help = match Date::new(y, m, 1) {
            Ok(first) => format!("the last day of that month is `{}`", first.last_of_month()),
            Err(_) => "months go from `01` to `12`, and the month is in the middle".to_owned(),
        };
        (format!("there is no day `{text}`"), help)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_taken_to_the_letter() {
        assert_eq!(date("2027-01-31").unwrap(), Date::constant(2027, 1, 31));
        assert_eq!(date("2028-02-29").unwrap(), Date::constant(2028, 2, 29));
        for text in ["2027-02-29", "2027-02-30", "2027-13-01", "2027-00-01", "2027-01-00"] {
            assert!(date(text).unwrap_err().0.starts_with("there is no day"), "{text}");
        }
        for text in
            ["", "31.01.2027", "2027-1-31", "2027-01-31T00:00", "tomorrow", "+027-01-31", "2027/01/31"]
        {
            assert!(date(text).unwrap_err().0.ends_with("is not a day"), "{text}");
        }
    }
}
