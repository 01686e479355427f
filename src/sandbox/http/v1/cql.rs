//! As much of CQL as reading permissions takes: clauses on `id`, `space`, `type`, `title`, `label`,
//! `ancestor`, `parent` and `user…`, joined by `and` and `or` with parentheses, and `order by`, which is read and
//! ignored. `and` binds closer than `or`.

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

/// A whole query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cql {
    Clause(Clause),
    And(Vec<Self>),
    Or(Vec<Self>),
}

impl Cql {
    /// Whether the query holds, given whether each clause does. All clauses are asked about, since one that makes
    /// no sense fails a query that would hold without it.
    pub(super) fn holds<E>(&self, test: &mut impl FnMut(&Clause) -> Result<bool, E>) -> Result<bool, E> {
        let mut all =
            |parts: &[Self]| parts.iter().map(|part| part.holds(test)).collect::<Result<Vec<_>, E>>();
        match self {
            Self::Clause(clause) => test(clause),
            Self::And(parts) => Ok(all(parts)?.into_iter().all(|holds| holds)),
            Self::Or(parts) => Ok(all(parts)?.into_iter().any(|holds| holds)),
        }
    }

    /// The clauses that have to hold whatever the others say.
    pub(super) fn required(&self) -> Vec<&Clause> {
        match self {
            Self::Clause(clause) => vec![clause],
            Self::And(parts) => parts.iter().flat_map(Self::required).collect(),
            Self::Or(_) => Vec::new(),
        }
    }
}

/// Reads a query, or says which part of it cannot be read.
pub(super) fn parse(text: &str) -> Result<Cql, String> {
    let tokens = tokens(text)?;
    match either(&tokens)? {
        (query, []) => Ok(query),
        (query, [Token::Word(order), ..]) if order.eq_ignore_ascii_case("order") => Ok(query),
        (_, rest) => Err(first(rest)),
    }
}

/// Parts joined by `or`, each of them parts joined by `and`.
fn either(tokens: &[Token]) -> Result<(Cql, &[Token]), String> {
    joined(tokens, "or", |rest| joined(rest, "and", part, Cql::And), Cql::Or)
}

/// A clause, or a query in parentheses.
fn part(tokens: &[Token]) -> Result<(Cql, &[Token]), String> {
    if let [Token::Sign("("), rest @ ..] = tokens {
        return match either(rest)? {
            (query, [Token::Sign(")"), rest @ ..]) => Ok((query, rest)),
            (_, rest) => Err(first(rest)),
        };
    }
    clause(tokens).map(|(clause, rest)| (Cql::Clause(clause), rest))
}

/// One part, or several with a word between them.
fn joined<'t>(
    tokens: &'t [Token],
    word: &str,
    part: impl Fn(&'t [Token]) -> Result<(Cql, &'t [Token]), String>,
    join: impl FnOnce(Vec<Cql>) -> Cql,
) -> Result<(Cql, &'t [Token]), String> {
    let (head, mut rest) = part(tokens)?;
    let mut parts = vec![head];
    while let [Token::Word(between), after @ ..] = rest
        && between.eq_ignore_ascii_case(word)
    {
        let (next, after) = part(after)?;
        parts.push(next);
        rest = after;
    }
    if parts.len() > 1 {
        return Ok((join(parts), rest));
    }
    Ok((parts.swap_remove(0), rest))
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
        let query =
            parse(r#"id in (1, 2) and space = "~abc" AND type not in (page,folder) order by id desc"#)
                .unwrap();
        let clauses = query.required();
        let values = |n: usize| clauses[n].values.join(" ");
        assert_eq!(
            (clauses.len(), values(0), values(1), values(2)),
            (3, "1 2".into(), "~abc".into(), "page folder".into())
        );
        assert_eq!(clauses[2].operator, Operator::NotIn);
        assert!(clauses[0].fits("2") && !clauses[0].fits("3") && clauses[2].fits("blogpost"));
    }

    #[test]
    fn and_binds_closer_than_or_and_parentheses_closest() {
        for (text, holding) in [
            ("id = 1 or id = 2 and type = page", vec!["1 post", "1 page", "2 page"]),
            ("(id = 1 or id = 2) and type = page", vec!["1 page", "2 page"]),
            ("type = page and (id = 2)", vec!["2 page"]),
        ] {
            let query = parse(text).unwrap();
            let holds = |item: &&str| {
                let (id, kind) = item.split_once(' ').unwrap();
                let test =
                    |clause: &Clause| Ok::<_, ()>(clause.fits(if clause.field == "id" { id } else { kind }));
                query.holds(&mut { test }).unwrap()
            };
            let found: Vec<_> = ["1 post", "1 page", "2 post", "2 page"].into_iter().filter(holds).collect();
            assert_eq!(found, holding, "{text}");
        }
        assert_eq!(parse("id = 1 or id = 2").unwrap().required(), [] as [&Clause; 0]);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (text, at) in [
            ("id in (1", "1"),
            ("id = 1 xor id = 2", "xor"),
            ("id = 1 or", "the end"),
            ("(id = 1 or id = 2", "the end"),
            ("id = 1)", ")"),
            ("", "the end"),
        ] {
            assert_eq!(parse(text).unwrap_err(), at, "{text}");
        }
    }
}
