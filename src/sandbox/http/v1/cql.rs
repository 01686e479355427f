//! As much of CQL as reading permissions takes: clauses on `id`, `space`, `type`, `title`, `label`,
//! `ancestor`, `parent` and `user…`, joined by `and`, and `order by`, which is read and ignored.

/// `field op values`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clause {
    pub(super) field: String,
    pub(super) operator: Operator,
    pub(super) values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    /// `=` and `in`.
    In,
    /// `!=` and `not in`.
    NotIn,
    /// `~`.
    Like,
}

impl Clause {
    /// Whether a value of the field fits.
    pub(super) fn fits(&self, value: &str) -> bool {
        let same = |wanted: &String| wanted.eq_ignore_ascii_case(value);
        match self.operator {
            Operator::In => self.values.iter().any(same),
            Operator::NotIn => !self.values.iter().any(same),
            Operator::Like => {
                let value = value.to_lowercase();
                self.values.iter().any(|part| value.contains(part.trim_matches('*').to_lowercase().as_str()))
            }
        }
    }
}

/// Reads a query, or says which part of it cannot be read.
pub(super) fn parse(text: &str) -> Result<Vec<Clause>, String> {
    let tokens = tokens(text)?;
    let mut rest = tokens.as_slice();
    let mut clauses = Vec::new();
    loop {
        let (clause, after) = clause(rest)?;
        clauses.push(clause);
        match after {
            [] => return Ok(clauses),
            [Token::Word(and), ..] if and.eq_ignore_ascii_case("and") => rest = &after[1..],
            [Token::Word(order), ..] if order.eq_ignore_ascii_case("order") => return Ok(clauses),
            [token, ..] => return Err(token.text()),
        }
    }
}

fn clause(tokens: &[Token]) -> Result<(Clause, &[Token]), String> {
    let [Token::Word(field), rest @ ..] = tokens else {
        return Err(first(tokens));
    };
    let word =
        |token: &Token, wanted: &str| matches!(token, Token::Word(word) if word.eq_ignore_ascii_case(wanted));
    let (operator, rest) = match rest {
        [Token::Sign("="), rest @ ..] => (Operator::In, rest),
        [Token::Sign("!="), rest @ ..] => (Operator::NotIn, rest),
        [Token::Sign("~"), rest @ ..] => (Operator::Like, rest),
        [token, rest @ ..] if word(token, "in") => (Operator::In, rest),
        [not, token, rest @ ..] if word(not, "not") && word(token, "in") => (Operator::NotIn, rest),
        _ => return Err(first(rest)),
    };
    let (values, rest) = match rest {
        [Token::Sign("("), rest @ ..] => {
            let end = rest.iter().position(|token| *token == Token::Sign(")")).ok_or_else(|| first(rest))?;
            let items = rest[..end].split(|token| *token == Token::Sign(","));
            let values = items.map(|item| match item {
                [Token::Word(value) | Token::Quoted(value)] => Ok(value.clone()),
                other => Err(first(other)),
            });
            (values.collect::<Result<_, _>>()?, &rest[end + 1..])
        }
        [Token::Word(value) | Token::Quoted(value), rest @ ..] => (vec![value.clone()], rest),
        _ => return Err(first(rest)),
    };
    Ok((Clause { field: field.to_lowercase(), operator, values }, rest))
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Quoted(String),
    Sign(&'static str),
}

impl Token {
    fn text(&self) -> String {
        match self {
            Self::Word(text) | Self::Quoted(text) => text.clone(),
            Self::Sign(sign) => (*sign).to_owned(),
        }
    }
}

fn first(tokens: &[Token]) -> String {
    tokens.first().map_or_else(|| "the end".to_owned(), Token::text)
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(next) = rest.chars().next() {
        let sign = ["!=", "=", "~", "(", ")", ","].into_iter().find(|sign| rest.starts_with(sign));
        if let Some(sign) = sign {
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else if next == '"' || next == '\'' {
            let end = rest[1..].find(next).ok_or_else(|| rest.to_owned())?;
            tokens.push(Token::Quoted(rest[1..=end].to_owned()));
            rest = &rest[end + 2..];
        } else {
            let end = rest.find(|c: char| c.is_whitespace() || "=!~(),\"'".contains(c)).unwrap_or(rest.len());
            if end == 0 {
                return Err(rest.to_owned());
            }
            tokens.push(Token::Word(rest[..end].to_owned()));
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_are_read() {
        let clauses =
            parse(r#"id in (1, 2) and space = "~abc" AND type not in (page,folder) order by id desc"#)
                .unwrap();
        let values = |n: usize| clauses[n].values.join(" ");
        assert_eq!(
            (clauses.len(), values(0), values(1), values(2)),
            (3, "1 2".into(), "~abc".into(), "page folder".into())
        );
        assert_eq!(clauses[2].operator, Operator::NotIn);
        assert!(clauses[0].fits("2") && !clauses[0].fits("3") && clauses[2].fits("blogpost"));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert_eq!(parse("id in (1").unwrap_err(), "1");
        assert_eq!(parse("id = 1 or id = 2").unwrap_err(), "or");
        assert_eq!(parse("").unwrap_err(), "the end");
    }
}
