//! Random policies of a central team and two others, as values and as files.

use std::fmt::Write as _;

use camino::Utf8PathBuf;
use confperm::diagnostic::Sources;
use confperm::model::{Permission, SpaceRoleMode};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use crate::site::{ANN, BOB};

/// What may stand for a right, and the letters of the permissions behind it.
pub(crate) const RIGHTS: [(&str, &str); 6] = [
    ("viewer", "rc"),
    ("collaborator", "rcpbaox"),
    ("auditor", "rce"),
    ("read/space", "r"),
    ("export/space", "e"),
    ("everything", "*"),
];
/// Roles that the policy defines, which must be named to be granted.
pub(crate) const CUSTOM: [&str; 2] = ["auditor", "everything"];
pub(crate) const SETS: [(&str, &[&str]); 2] =
    [("crew", &["group:sre", "group:leads"]), ("mixed", &["set:crew", "group:hr", "user:ann"])];

pub(crate) const PRINCIPALS: [&str; 8] = [
    "group:sre",
    "group:leads",
    "group:hr",
    "group:platform",
    "user:ann",
    "user:bob",
    "set:crew",
    "set:mixed",
];
/// Not for lists of pages.
const OTHERS: [&str; 2] = ["anonymous", "class:all-licensed-users"];
const PATTERNS: [&str; 9] = ["A", "B", "AB", "A*", "*", "A?", "*B", "B*", "?"];
pub(crate) const KEYS: [&str; 4] = ["A", "B", "AB", "BA"];
const RECIPIENTS: [&str; 8] =
    ["group:*", "group:s*", "group:leads", "user:a*", "user:bob", "set:crew", "set:m*", "anonymous"];
/// The first is central; the others belong to the first and the second team.
pub(crate) const FILES: [&str; 3] = ["central.yaml", "teams/one/access.yaml", "teams/two.yaml"];
const TABLES: [&str; 2] = ["lists/all.csv", "teams/one/own.csv"];

#[derive(Debug, Clone)]
pub(crate) struct Team {
    pub(crate) spaces: Vec<&'static str>,
    pub(crate) rights: Vec<&'static str>,
    pub(crate) to: Vec<&'static str>,
    pub(crate) any: bool,
    pub(crate) open: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Additive,
    Authoritative,
    Paused,
}

/// Who may view a page of a space.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PagesLine {
    Anyone,
    Only(&'static str),
    /// The same for the pages with a label.
    Labelled(&'static str),
}

/// What narrows the spaces of a rule further than its keys; only a site tells which these are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Narrow {
    Type,
    Label,
    Where(&'static str),
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Parts {
    pub(crate) grants: Vec<(&'static str, &'static str)>,
    /// `live:` or not, and the space.
    pub(crate) like: Option<(bool, &'static str)>,
    pub(crate) leave: Option<&'static str>,
    pub(crate) joins: Option<&'static str>,
    /// The last day of what is given.
    pub(crate) until: Option<&'static str>,
}

#[derive(Debug, Clone)]
pub(crate) enum Said {
    Space {
        key: &'static str,
        mode: Mode,
        list: Option<PagesLine>,
        guest: Option<&'static str>,
        open: bool,
    },
    Rule {
        keys: Vec<&'static str>,
        absent: Option<(&'static str, Option<&'static str>)>,
        replace: Option<(&'static str, &'static str)>,
        narrow: Option<Narrow>,
    },
    /// The rows of a table, with the right that they give.
    Rows {
        right: &'static str,
        table: &'static str,
        rows: Vec<(&'static str, &'static str)>,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Statement {
    /// Among [`FILES`].
    pub(crate) file: usize,
    pub(crate) said: Said,
    pub(crate) parts: Parts,
}

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) teams: [Team; 2],
    pub(crate) statements: Vec<Statement>,
    pub(crate) mode: SpaceRoleMode,
}

impl Case {
    /// The files, those of other than the central team left out where they are not `wanted`.
    pub(crate) fn sources(&self, wanted: impl Fn(usize) -> bool) -> Sources {
        let mut files = [central(&self.teams), String::new(), String::new()];
        for (index, file) in files.iter_mut().enumerate() {
            let of_file =
                || self.statements.iter().enumerate().filter(|(_, it)| it.file == index && wanted(index));
            let mut spaces = String::new();
            for (_, statement) in of_file() {
                statement.space(&mut spaces);
            }
            if !spaces.is_empty() {
                let _ = write!(file, "spaces:\n{spaces}");
            }
            let mut rules = String::new();
            for (number, statement) in of_file() {
                match &statement.said {
                    Said::Space { .. } => {}
                    Said::Rule { .. } => statement.rule(number, &mut rules),
                    Said::Rows { right, table, rows: _ } => {
                        let up = if index == 1 {
                            "../../"
                        } else if index == 2 {
                            "../"
                        } else {
                            ""
                        };
                        let _ = writeln!(
                            rules,
                            "  - name: r{number}\n    from: {{csv: {up}{table}.{number}.csv, space: S, type: T, id: I}}\n    access: {right}"
                        );
                    }
                }
            }
            if !rules.is_empty() {
                let _ = write!(file, "rules:\n{rules}");
            }
        }
        let mut sources = Sources::default();
        for (path, text) in FILES.into_iter().zip(files) {
            sources.insert(Utf8PathBuf::from(path), text);
        }
        for statement in self.statements.iter().enumerate().filter(|(_, it)| wanted(it.file)) {
            if let (number, Statement { said: Said::Rows { table, rows, .. }, .. }) = statement {
                let mut text = "S,T,I\n".to_owned();
                for (key, who) in rows {
                    let (kind, id) = who.split_once(':').unwrap();
                    let id = if id == "ann" {
                        ANN
                    } else if id == "bob" {
                        BOB
                    } else {
                        id
                    };
                    let _ = writeln!(text, "{key},{kind},{id}");
                }
                sources.insert(Utf8PathBuf::from(format!("{table}.{number}.csv")), text);
            }
        }
        sources
    }
}

fn central(teams: &[Team; 2]) -> String {
    let all: Vec<&str> = Permission::ALL.iter().map(|permission| permission.as_str()).collect();
    let mut text = format!("version: 1\npeople: {{ann: {ANN}, bob: {BOB}}}\nsets:\n");
    for (name, members) in SETS {
        let _ = writeln!(text, "  {name}: [{}]", members.join(", "));
    }
    let _ = writeln!(
        text,
        "roles:\n  auditor: {{includes: [viewer], permissions: [export/space]}}\n  everything: {{permissions: [{}]}}\ndelegation:",
        all.join(", ")
    );
    for (files, team) in ["teams/one/**", "teams/two.yaml"].into_iter().zip(teams) {
        let quoted =
            |list: &[&str]| list.iter().map(|item| format!("\"{item}\"")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(text, "  \"{files}\":\n    spaces: [{}]", quoted(&team.spaces));
        if !team.rights.is_empty() {
            let _ = writeln!(text, "    may-grant: [{}]", team.rights.join(", "));
        }
        let _ = writeln!(text, "    to: [{}]", quoted(&team.to));
        if team.any {
            text.push_str("    may-remove: any\n");
        }
        let _ = writeln!(text, "    may-open: {}", team.open);
    }
    text
}

impl Parts {
    fn write(&self, text: &mut String) {
        if !self.grants.is_empty() {
            text.push_str("    access:\n");
            let mut rights: Vec<&str> = self.grants.iter().map(|(right, _)| *right).collect();
            rights.sort_unstable();
            rights.dedup();
            for right in rights {
                let given = self.grants.iter().filter(|grant| grant.0 == right);
                let who: Vec<String> = given
                    .map(|(_, who)| match self.until {
                        Some(until) => format!("{{who: {who}, until: {until}}}"),
                        None => (*who).to_owned(),
                    })
                    .collect();
                let _ = writeln!(text, "      {right}: [{}]", who.join(", "));
            }
        }
        if let Some((live, key)) = self.like {
            let _ = writeln!(text, "    like: {}{key}", if live { "live:" } else { "" });
        }
        if let Some(pattern) = self.leave {
            let _ = writeln!(text, "    leave: [\"{pattern}\"]");
        }
        if let Some(who) = self.joins {
            let _ = writeln!(text, "    restricted-pages: {{also-view: [{who}]}}");
        }
    }
}

impl Statement {
    fn space(&self, text: &mut String) {
        let Said::Space { key, mode, list, guest, open } = &self.said else { return };
        let mode = format!("{mode:?}").to_lowercase();
        let _ = writeln!(text, "  {key}:\n    mode: {mode}");
        self.parts.write(text);
        match list {
            Some(PagesLine::Anyone) => text.push_str("    pages: {/Runbooks: {view: anyone}}\n"),
            Some(PagesLine::Only(who)) => {
                let _ = writeln!(text, "    pages: {{/Runbooks: {{view: [{who}]}}}}");
            }
            Some(PagesLine::Labelled(who)) => {
                let _ = writeln!(text, "    pages: {{'label:hot': {{view: [{who}]}}}}");
            }
            None => {}
        }
        if *open {
            text.push_str("    unlisted-pages: open\n");
        }
        if let Some(guest) = guest {
            let _ = writeln!(text, "    page-only: [{{who: [{guest}], pages: [/Runbooks]}}]");
        }
    }

    fn rule(&self, number: usize, text: &mut String) {
        let Said::Rule { keys, absent, replace, narrow } = &self.said else { return };
        let keys: Vec<String> = keys.iter().map(|key| format!("\"{key}\"")).collect();
        let narrow = match narrow {
            None => String::new(),
            Some(Narrow::Type) => ", type: team".to_owned(),
            Some(Narrow::Label) => ", label: hot".to_owned(),
            Some(Narrow::Where(who)) => format!(", where: {{who: {who}, has: read/space}}"),
        };
        let keys = keys.join(", ");
        let _ = writeln!(text, "  - name: r{number}\n    spaces: {{key: [{keys}]{narrow}}}");
        self.parts.write(text);
        match absent {
            Some((who, Some(instead))) => {
                let _ = writeln!(text, "    absent: [{{who: {who}, instead: {instead}}}]");
            }
            Some((who, None)) => {
                let _ = writeln!(text, "    absent: [{who}]");
            }
            None => {}
        }
        if let Some((old, new)) = replace {
            let _ = writeln!(text, "    replace: {{{old}: {new}}}");
        }
    }
}

/// Wide enough that much of what is said stays within.
fn team() -> impl Strategy<Value = Team> {
    let rights: Vec<&str> = RIGHTS.iter().map(|(right, _)| *right).collect();
    let spaces = prop_oneof![
        select(vec![vec!["*"], vec!["A*"], vec!["A", "AB"], vec!["B*", "A?"]]),
        subsequence(PATTERNS.to_vec(), 1..3)
    ];
    let to = subsequence(RECIPIENTS.to_vec(), 1..RECIPIENTS.len());
    (spaces, subsequence(rights, 0..5), to, prop::bool::weighted(0.6), any::<bool>())
        .prop_map(|(spaces, rights, to, any, open)| Team { spaces, rights, to, any, open })
}

fn rarely<T: std::fmt::Debug + Clone + 'static>(
    of: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<T>> {
    prop::option::weighted(0.2, of)
}

fn one() -> impl Strategy<Value = &'static str> {
    select(&PRINCIPALS[..6])
}

fn right() -> impl Strategy<Value = &'static str> {
    select(vec!["viewer", "viewer", "read/space", "collaborator", "auditor", "export/space", "everything"])
}

fn parts() -> impl Strategy<Value = Parts> {
    let who = select(PRINCIPALS.into_iter().chain(OTHERS).collect::<Vec<_>>());
    let leave = select(vec![
        "group:*",
        "group:s*",
        "group:leads",
        "user:*",
        "user:bob",
        "class:*",
        "set:crew",
        "anonymous",
    ]);
    let grants = || prop::collection::vec((right(), who.clone()), 0..3);
    let like = (prop::bool::weighted(0.3), select(KEYS.to_vec()));
    let joins = select(PRINCIPALS.to_vec());
    let mixed = (
        grants(),
        rarely(like),
        prop::option::weighted(0.1, leave),
        prop::option::weighted(0.1, joins.clone()),
    )
        .prop_map(|(grants, like, leave, joins)| Parts { grants, like, leave, joins, until: None });
    let bare = grants().prop_map(|grants| Parts { grants, ..Parts::default() });
    let joining = joins.prop_map(|who| Parts { joins: Some(who), ..Parts::default() });
    prop_oneof![3 => bare, 1 => joining, 2 => mixed]
}

fn said() -> impl Strategy<Value = Said> {
    let mode =
        select(vec![Mode::Additive, Mode::Additive, Mode::Additive, Mode::Authoritative, Mode::Paused]);
    let list = rarely(prop_oneof![
        1 => Just(PagesLine::Anyone),
        2 => select(PRINCIPALS.to_vec()).prop_map(PagesLine::Only),
        1 => select(PRINCIPALS.to_vec()).prop_map(PagesLine::Labelled),
    ]);
    let space =
        (select(KEYS.to_vec()), mode, list, prop::option::weighted(0.1, one()), prop::bool::weighted(0.1))
            .prop_map(|(key, mode, list, guest, open)| Said::Space { key, mode, list, guest, open });
    let narrow = prop_oneof![Just(Narrow::Type), Just(Narrow::Label), one().prop_map(Narrow::Where)];
    let absent = rarely((select(PRINCIPALS.to_vec()), rarely(one())));
    let rule = (prop_oneof![3 => select(PATTERNS.to_vec()).prop_map(|key| vec![key]), 1 => subsequence(PATTERNS.to_vec(), 2)], absent, prop::option::weighted(0.1, (one(), one())), rarely(narrow))
        .prop_map(|(keys, absent, replace, narrow)| {
            let is_same = |(who, instead): &(&str, Option<&str>)| *instead == Some(*who);
            Said::Rule {
                keys,
                absent: absent.filter(|it| !is_same(it)),
                replace: replace.filter(|(old, new)| old != new),
                narrow,
            }
        });
    let rows =
        (right(), select(TABLES.to_vec()), prop::collection::vec((select(KEYS.to_vec()), one()), 1..3))
            .prop_map(|(right, table, rows)| Said::Rows { right, table, rows });
    prop_oneof![3 => space, 3 => rule, 1 => rows]
}

fn statement() -> impl Strategy<Value = Statement> {
    let until = rarely(select(vec!["2026-01-31", "2027-01-31"]));
    (select(vec![0, 1, 1, 2]), said(), parts(), until).prop_map(|(file, said, mut parts, until)| {
        parts.until = until;
        parts.grants.sort_unstable();
        parts.grants.dedup();
        let says_something = match &said {
            Said::Rule { absent, replace, .. } => {
                absent.is_some() || replace.is_some() || parts.joins.is_some()
            }
            Said::Space { .. } | Said::Rows { .. } => false,
        };
        if parts.grants.is_empty() && parts.like.is_none() && !says_something {
            parts.grants.push(("viewer", "group:sre"));
        }
        Statement { file, said, parts }
    })
}

pub(crate) fn case() -> impl Strategy<Value = Case> {
    let mode = select(vec![
        SpaceRoleMode::PreRoles,
        SpaceRoleMode::PreRoles,
        SpaceRoleMode::RolesTransition,
        SpaceRoleMode::Roles,
    ]);
    ([team(), team()], prop::collection::vec(statement(), 1..4), mode).prop_map(
        |(teams, mut statements, mode)| {
            // Two entries for one space are an error of their own.
            let mut seen = Vec::new();
            statements.retain(|statement| match statement.said {
                Said::Space { key, .. } if seen.contains(&key) => false,
                Said::Space { key, .. } => {
                    seen.push(key);
                    true
                }
                Said::Rule { .. } | Said::Rows { .. } => true,
            });
            Case { teams, statements, mode }
        },
    )
}
