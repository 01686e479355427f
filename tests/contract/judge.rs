//! Holds one exchange against the documents.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::document::{Documents, Operation, Parameter};
use crate::exchange::{Exchange, Sender};

/// Something that the documents do not say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Deviation {
    /// `GET /wiki/api/v2/spaces/{id}`, or the path as it was asked for where there is no such operation.
    pub(crate) operation: String,
    /// `query limit: 300 is greater than the maximum of 250`.
    pub(crate) finding: String,
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n    {}", self.operation, self.finding)
    }
}

/// What is wrong with an exchange.
pub(crate) fn judge(documents: &Documents, exchange: &Exchange) -> Vec<Deviation> {
    let Some((operation, path)) = documents.find(&exchange.method, &exchange.path) else {
        let operation = format!("{} {}", exchange.method, exchange.path);
        // The tests ask for what is not there as well, to see that it is not.
        let absent = matches!(exchange.status, 404 | 405);
        let finding = format!("no document has it, and it answers {}", exchange.status);
        let deviation = Deviation { operation, finding };
        return if absent && exchange.sender == Sender::Test { Vec::new() } else { vec![deviation] };
    };
    let mut findings = Vec::new();
    let asked = request(operation, &path, exchange);
    // A test may ask wrongly to see the refusal. A wrong request that succeeds is the sandbox's mistake.
    match (exchange.sender, exchange.status) {
        (Sender::Client, _) => findings.extend(asked),
        (Sender::Test, 200..300) => {
            findings.extend(asked.into_iter().map(|finding| format!("accepted: {finding}")));
        }
        (Sender::Test, _) => {}
    }
    findings.extend(answer(operation, exchange));
    findings.into_iter().map(|finding| Deviation { operation: operation.name(), finding }).collect()
}

fn request(operation: &Operation, path: &[(&str, String)], exchange: &Exchange) -> Vec<String> {
    let mut given: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for (name, value) in path {
        given.entry(("path", name)).or_default().push(value.clone());
    }
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(exchange.query.as_bytes()).into_owned().collect();
    for (name, value) in &query {
        given.entry(("query", name)).or_default().push(value.clone());
    }
    let mut findings = Vec::new();
    for parameter in &operation.parameters {
        let place = (parameter.place.as_str(), parameter.name.as_str());
        match given.remove(&place) {
            Some(values) => findings.extend(values_of(parameter, &values)),
            None if parameter.required => findings.push(format!("{} {}: missing", place.0, place.1)),
            None => {}
        }
    }
    findings.extend(given.into_keys().map(|(place, name)| format!("{place} {name}: not declared")));
    findings.extend(sent(operation, exchange));
    findings
}

fn values_of(parameter: &Parameter, values: &[String]) -> Vec<String> {
    let place = format!("{} {}", parameter.place, parameter.name);
    let mut findings = Vec::new();
    let value = if parameter.schema.kind() == Some("array") {
        let items = parameter.schema.items();
        let kind = items.kind();
        if parameter.explode && values.iter().any(|value| value.contains(',')) {
            findings.push(format!("{place}: commas within one value"));
        }
        values.iter().flat_map(|value| value.split(',')).map(|text| typed(text, kind)).collect()
    } else {
        if values.len() > 1 {
            findings.push(format!("{place}: given {} times", values.len()));
        }
        typed(&values[0], parameter.schema.kind())
    };
    let problems = parameter.schema.problems(&value);
    findings.extend(problems.into_iter().map(|problem| format!("{place}{}: {}", problem.at, problem.what)));
    findings
}

/// A text as the kind of value that is expected, if it reads as one.
fn typed(text: &str, kind: Option<&str>) -> Value {
    let read = match kind {
        Some("integer") => text.parse::<i64>().ok().map(Value::from),
        Some("number") => text.parse::<f64>().ok().map(Value::from),
        Some("boolean") => text.parse::<bool>().ok().map(Value::from),
        _ => None,
    };
    read.unwrap_or_else(|| text.into())
}

fn sent(operation: &Operation, exchange: &Exchange) -> Vec<String> {
    let Some(body) = &operation.body else {
        let unasked = (!exchange.sent.is_empty()).then(|| "sent: a body where none is documented".to_owned());
        return unasked.into_iter().collect();
    };
    if exchange.sent.is_empty() {
        return body.required.then(|| "sent: no body".to_owned()).into_iter().collect();
    }
    match serde_json::from_slice(&exchange.sent) {
        Err(error) => vec![format!("sent: no JSON: {error}")],
        Ok(value) => {
            let problems = body.schema.problems(&value);
            problems.into_iter().map(|problem| format!("sent {}: {}", problem.at, problem.what)).collect()
        }
    }
}

fn answer(operation: &Operation, exchange: &Exchange) -> Vec<String> {
    let status = exchange.status;
    let Some(documented) = operation.answers.get(&status.to_string()) else {
        return vec![format!("answer {status}: not documented")];
    };
    let success = (200..300).contains(&status);
    match documented {
        None if success && !exchange.answered.is_empty() => {
            vec![format!("answer {status}: a body where none is documented")]
        }
        None => Vec::new(),
        Some(schema) => match serde_json::from_slice(&exchange.answered) {
            Err(error) => vec![format!("answer {status}: no JSON: {error}")],
            Ok(value) => {
                let problems = schema.problems(&value);
                let finding = |problem: crate::schema::Problem| {
                    format!("answer {status} {}: {}", problem.at, problem.what)
                };
                problems.into_iter().map(finding).collect()
            }
        },
    }
}
