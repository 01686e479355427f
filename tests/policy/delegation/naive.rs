//! Whether a file of a team reaches further, as `docs/teams.md` says it, by trying out every key of a few letters.

use std::sync::LazyLock;

use super::case::{CUSTOM, Case, Mode, PagesLine, Parts, RIGHTS, SETS, Said, Statement, Team};

/// Every key of up to six letters; no pattern has a `C`.
static ALL_KEYS: LazyLock<Vec<String>> = LazyLock::new(all_keys);

fn all_keys() -> Vec<String> {
    let mut all: Vec<String> = vec![String::new()];
    let mut from = 0;
    for _ in 0..6 {
        let longer: Vec<String> = all[from..]
            .iter()
            .flat_map(|key| ["A", "B", "C"].map(|letter| format!("{key}{letter}")))
            .collect();
        from = all.len();
        all.extend(longer);
    }
    all.split_off(1)
}

pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_at_checked(1) {
        None => text.is_empty(),
        Some(("*", rest)) => (0..=text.len()).any(|taken| matches(rest, &text[taken..])),
        Some((first, rest)) => match text.split_at_checked(1) {
            None => false,
            Some((letter, after)) => (first == "?" || first == letter) && matches(rest, after),
        },
    }
}

pub(crate) fn members(who: &'static str) -> Vec<&'static str> {
    match who.strip_prefix("set:") {
        None => vec![who],
        Some(name) => {
            let (_, named) = SETS.into_iter().find(|(set, _)| *set == name).unwrap();
            named.iter().flat_map(|who| members(who)).collect()
        }
    }
}

pub(crate) fn permissions(right: &str) -> &'static str {
    RIGHTS.into_iter().find(|(name, _)| *name == right).unwrap().1
}

impl Team {
    pub(crate) fn has_space(&self, key: &str) -> bool {
        self.spaces.iter().any(|own| matches(own, key))
    }

    fn has_all(&self, pattern: &str) -> bool {
        ALL_KEYS.iter().filter(|key| matches(pattern, key)).all(|key| self.has_space(key))
    }

    pub(crate) fn lets_in(&self, who: &'static str) -> bool {
        members(who).iter().all(|member| {
            self.to.iter().any(|to| {
                let (kind, name) = to.split_once(':').unwrap_or((to, ""));
                let sets = SETS.into_iter().filter(|(set, _)| kind == "set" && matches(name, set));
                let of_sets = sets.flat_map(|(_, named)| named.iter().flat_map(|who| members(who)));
                of_sets.collect::<Vec<_>>().contains(member) || (kind != "set" && matches(to, member))
            })
        })
    }

    pub(crate) fn grants(&self, right: &str) -> bool {
        let all: String = self.rights.iter().map(|right| permissions(right)).collect();
        let is_part = permissions(right).chars().all(|letter| all.contains(letter) || all.contains('*'));
        self.rights.contains(&right) || (!CUSTOM.contains(&right) && is_part)
    }
}

/// Whether any file reaches further than the delegation of its team.
pub(crate) fn reaches_further(case: &Case) -> bool {
    let statements = &case.statements;
    statements.iter().any(|statement| {
        let own = statement.file.checked_sub(1).map(|team| &case.teams[team]);
        own.is_some_and(|team| speaks_beyond(statement, team, statements))
            || rows_beyond(case, statement)
            || case.teams.iter().enumerate().any(|(team, _)| contradicts_others(case, statement, team + 1))
            || case.teams.iter().any(|team| draws_from(statement, team))
    })
}

fn speaks_beyond(statement: &Statement, team: &Team, all: &[Statement]) -> bool {
    let Parts { grants, like, leave, joins, until: _ } = &statement.parts;
    let whole = |parts: bool| {
        parts
            && (grants.iter().any(|(right, who)| !team.grants(right) || !team.lets_in(who))
                || like
                    .is_some_and(|(live, source)| live || copies_beyond(source, team, all, &mut Vec::new()))
                || joins.is_some_and(|who| !team.open || !team.lets_in(who)))
    };
    match &statement.said {
        Said::Space { key, mode, list, guest, open } => {
            whole(true)
                || !team.has_space(key)
                || *mode == Mode::Paused
                || (*mode == Mode::Authoritative && !team.any)
                || (*open && !team.open)
                || guest.is_some_and(|who| !team.any || !team.grants("viewer") || !team.lets_in(who))
                || match list {
                    None => false,
                    Some(PagesLine::Anyone) => !team.open,
                    Some(PagesLine::Only(who) | PagesLine::Labelled(who)) => !team.any || !team.lets_in(who),
                }
        }
        Said::Rule { keys, absent, replace, narrow: _ } => {
            whole(true)
                || leave.is_some()
                || keys.iter().any(|key| !team.has_all(key))
                || absent.is_some_and(|(who, instead)| {
                    !(team.any || team.lets_in(who))
                        || instead.is_some_and(|who| !team.open || !team.lets_in(who))
                })
                || replace.is_some_and(|(old, new)| {
                    !(team.any || team.lets_in(old))
                        || !team.lets_in(new)
                        || !team.open
                        || !team.rights.contains(&"everything")
                })
        }
        Said::Rows { .. } => whole(false),
    }
}

/// Rows belong to the team of the table, and a rule of a team reads tables of the team's only.
fn rows_beyond(case: &Case, statement: &Statement) -> bool {
    let Said::Rows { right, table, rows } = &statement.said else { return false };
    let by_rule = statement.file.checked_sub(1).map(|team| &case.teams[team]);
    let by_table = table.starts_with("teams/one/").then(|| &case.teams[0]);
    if by_rule.is_some() && !(statement.file == 1 && by_table.is_some()) {
        return true;
    }
    by_rule.into_iter().chain(by_table).any(|team| {
        rows.iter().any(|(key, who)| !team.has_space(key) || !team.grants(right) || !team.lets_in(who))
    })
}

/// `like` in a file of a team: all that the source gets must be the team's to give.
fn copies_beyond(source: &'static str, team: &Team, all: &[Statement], seen: &mut Vec<&'static str>) -> bool {
    if seen.contains(&source) {
        return false;
    }
    seen.push(source);
    all.iter().any(|statement| {
        let selects = match &statement.said {
            Said::Space { key, .. } => *key == source,
            Said::Rule { keys, .. } => keys.iter().any(|key| matches(key, source)),
            Said::Rows { right, rows, .. } => {
                return rows
                    .iter()
                    .any(|(key, who)| *key == source && (!team.grants(right) || !team.lets_in(who)));
            }
        };
        let gives =
            statement.parts.grants.iter().any(|(right, who)| !team.grants(right) || !team.lets_in(who));
        let copies = statement.parts.like;
        selects
            && (gives || copies.is_some_and(|(live, source)| live || copies_beyond(source, team, all, seen)))
    })
}

/// `like` anywhere by which a team would decide about a space that is not its own.
fn draws_from(statement: &Statement, team: &Team) -> bool {
    let Some((_, source)) = statement.parts.like else { return false };
    let elsewhere = match &statement.said {
        Said::Space { key, .. } => !team.has_space(key),
        Said::Rule { keys, .. } => keys.iter().any(|key| !team.has_all(key)),
        Said::Rows { .. } => false,
    };
    team.has_space(source) && elsewhere
}

/// What one statement asks for in some spaces; the file that it stands in.
struct Asked {
    file: usize,
    keys: Vec<&'static str>,
    given: Vec<&'static str>,
    listed: Vec<&'static str>,
    gone: Vec<&'static str>,
    heirs: Vec<&'static str>,
    /// How each principal that goes does so: whether it is replaced, and its heir.
    ways: Vec<(&'static str, bool, Option<&'static str>)>,
    leave: Vec<&'static str>,
    /// Whether it gives what only the site tells.
    copies_live: bool,
}

/// The statement, and each of its rows by itself, for a team: a table of the team's is in its file.
fn asked(statement: &Statement, team: usize, statements: &[Statement]) -> Vec<Asked> {
    let all = |who: &[&'static str]| who.iter().flat_map(|who| members(who)).collect::<Vec<_>>();
    let one = |who: Option<&'static str>| all(who.as_slice());
    let Parts { grants, joins, leave, like, until: _ } = &statement.parts;
    let mut given: Vec<&str> = grants.iter().map(|(_, who)| *who).collect();
    given.extend(like.iter().flat_map(|like| copied(*like, statements, &mut Vec::new())));
    let asked = Asked {
        file: statement.file,
        keys: Vec::new(),
        given: all(&given),
        listed: one(*joins),
        gone: Vec::new(),
        heirs: Vec::new(),
        ways: Vec::new(),
        leave: one(*leave),
        copies_live: like.is_some_and(|like| copies_live(like, statements, &mut Vec::new())),
    };
    match &statement.said {
        Said::Space { key, list, guest, .. } => {
            let mut asked = Asked { keys: vec![key], ..asked };
            asked.given.extend(one(*guest));
            if let Some(PagesLine::Only(who) | PagesLine::Labelled(who)) = list {
                asked.listed.extend(members(who));
            }
            vec![asked]
        }
        Said::Rule { keys, absent, replace, narrow: _ } => {
            let gone = [absent.map(|(who, _)| who), replace.map(|(old, _)| old)];
            let heirs = [absent.and_then(|(_, instead)| instead), replace.map(|(_, new)| new)];
            let [gone, heirs] = [gone, heirs].map(|who| all(&who.into_iter().flatten().collect::<Vec<_>>()));
            let absent =
                absent.iter().flat_map(|(who, heir)| members(who).into_iter().map(|it| (it, false, *heir)));
            let replaced = replace
                .iter()
                .flat_map(|(old, new)| members(old).into_iter().map(|it| (it, true, Some(*new))));
            let ways = absent.chain(replaced).collect();
            vec![Asked { keys: keys.clone(), gone, heirs, ways, ..asked }]
        }
        Said::Rows { table, rows, .. } => {
            let is_own = table.starts_with("teams/one/") && team == 1;
            let file = if is_own { team } else { statement.file };
            let row = |(key, who): &(&'static str, &'static str)| Asked {
                file,
                keys: vec![key],
                given: members(who),
                listed: Vec::new(),
                gone: Vec::new(),
                heirs: Vec::new(),
                ways: Vec::new(),
                leave: Vec::new(),
                copies_live: false,
            };
            rows.iter().map(row).collect()
        }
    }
}

/// Who is given something in a space that another is like; what is held there never contradicts a line.
fn copied(
    (live, source): (bool, &'static str),
    statements: &[Statement],
    seen: &mut Vec<&'static str>,
) -> Vec<&'static str> {
    if live || seen.contains(&source) {
        return Vec::new();
    }
    seen.push(source);
    let mut given = Vec::new();
    for statement in statements {
        let Parts { grants, like, .. } = &statement.parts;
        let is_about = match &statement.said {
            Said::Space { key, .. } => *key == source,
            Said::Rule { keys, .. } => keys.iter().any(|key| matches(key, source)),
            Said::Rows { rows, .. } => {
                given.extend(rows.iter().filter(|(key, _)| *key == source).map(|(_, who)| *who));
                false
            }
        };
        if is_about {
            given.extend(grants.iter().map(|(_, who)| *who));
            given.extend(like.iter().flat_map(|like| copied(*like, statements, seen)));
        }
    }
    given
}

/// Whether a copy is one of what is held in some space.
fn copies_live(
    (live, source): (bool, &'static str),
    statements: &[Statement],
    seen: &mut Vec<&'static str>,
) -> bool {
    if live || seen.contains(&source) {
        return live;
    }
    seen.push(source);
    let about = statements.iter().filter(|statement| match &statement.said {
        Said::Space { key, .. } => *key == source,
        Said::Rule { keys, .. } => keys.iter().any(|key| matches(key, source)),
        Said::Rows { .. } => false,
    });
    let likes: Vec<_> = about.filter_map(|statement| statement.parts.like).collect();
    likes.into_iter().any(|like| copies_live(like, statements, seen))
}

/// Whether a line of a team and one of others ask for what cannot both be, in a space that there may be.
fn contradicts_others(case: &Case, statement: &Statement, team: usize) -> bool {
    let others: Vec<Asked> =
        case.statements.iter().flat_map(|other| asked(other, team, &case.statements)).collect();
    asked(statement, team, &case.statements).iter().filter(|own| own.file == team).any(|own| {
        let mut others = others.iter().filter(|other| other.file != team);
        others.any(|other| {
            let both = |key: &String| [own, other].iter().all(|it| it.keys.iter().any(|it| matches(it, key)));
            ALL_KEYS.iter().any(both)
                && (excludes(own, other)
                    || excludes(other, own)
                    || (other.copies_live && !own.leave.is_empty()))
        })
    })
}

fn excludes(one: &Asked, other: &Asked) -> bool {
    let Asked { given, listed, gone, heirs, .. } = other;
    let is_left = |who: &&&str| one.leave.iter().any(|pattern| matches(pattern, who));
    let otherwise = |(who, is_replaced, heir): &(&str, bool, Option<&str>)| {
        one.ways.iter().any(|(same, by_another, another)| {
            same == who
                && (is_replaced != by_another || heir.zip(*another).is_some_and(|(one, other)| one != other))
        })
    };
    given.iter().chain(listed).chain(heirs).any(|who| one.gone.contains(who))
        || other.ways.iter().any(otherwise)
        || given.iter().chain(listed).chain(gone).chain(heirs).any(|who| is_left(&who))
}
