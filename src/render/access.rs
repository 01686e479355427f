//! Answers to "may they?": one word, or every level with every route.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::access::{
    Asker, Explanation, Fix, FoundRoute, Level, LevelReport, Need, Needed, Object, Outcome, Outside, Remedy,
    Route, Verb, Verdict, declared,
};
use crate::model::{
    Audience, ContentId, Declaration, DesiredSpace, Known, PageList, Principal, Restrictions, Subject,
};

use super::access_words::{ShownNames as _, SiteNames, reason_words};
use super::review::said_words;
use super::style::{ADD, CHANGE, FAINT, HEADING, REMOVE, list, paint};
use crate::model::columns::{column, gap, pad};

/// The width of the column of levels; longer names push their line to the right.
const LEVELS: usize = 36;
/// The width of the words for what a level says.
const OUTCOMES: usize = 9;
/// The width of the column of routes, before the policy lines behind them.
const WAYS: usize = 56;
/// How many entries of a list are named.
const ENTRIES: usize = 5;

/// A question, and what drawing its answer needs.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    pub names: SiteNames<'a>,
    pub verb: Verb,
    pub object: &'a Object,
    /// None for a question about everyone.
    pub asker: Option<&'a Asker>,
    /// What the policy asks for in the space; `None` where it does not speak of it.
    pub desired: Option<&'a DesiredSpace>,
    /// Whether this is about the site as it would be.
    pub planned: bool,
}

impl Question<'_> {
    /// `ENG/Home/Runbooks`.
    pub(super) fn object_words(&self) -> String {
        match self.object {
            Object::Space(key) => key.to_string(),
            Object::Content(key, content) => format!("{key}{}", self.names.page(*content)),
        }
    }

    /// `view ENG/Home`, `use export/space in ENG`.
    pub(super) fn deed_words(&self) -> String {
        match self.verb {
            Verb::Space(permission) => format!("use {permission} in {}", self.object_words()),
            Verb::On(verb) => format!("{verb} {}", self.object_words()),
        }
    }

    pub(super) fn asker_words(&self) -> String {
        self.asker.map_or_else(|| "everyone".to_owned(), |asker| asker_words(asker, &self.names))
    }

    pub(super) fn level_words(&self, level: Level) -> String {
        match level {
            Level::Site => "site".to_owned(),
            Level::Space => format!("space {}", self.object.space()),
            Level::Ancestor(content) | Level::Content(content) => self.names.page(content),
        }
    }

    /// The line of the policy behind a route.
    pub(super) fn origin(&self, route: &Route, level: Level, needed: &Needed) -> Option<&Declaration> {
        declared(route, level, needed, self.desired?)
    }

    pub(super) fn origin_words(&self, route: &Route, level: Level, needed: &Needed) -> String {
        match self.origin(route, level, needed) {
            Some(said) => said_words(said),
            None if self.desired.is_some() && route.is_declarable() => "not declared".to_owned(),
            None => String::new(),
        }
    }

    fn lists(&self, content: ContentId) -> Option<&Restrictions> {
        let space = self.names.live.spaces.get(self.object.space())?;
        match &space.tree.as_ref()?.get(content)?.restrictions {
            Known::Known(lists) => Some(lists),
            Known::Unknown(_) => None,
        }
    }
}

pub(super) fn asker_words(asker: &Asker, names: &SiteNames<'_>) -> String {
    match asker {
        Asker::Person(account) => names.person(account),
        Asker::Group(_) => names.principal(&asker.counts_as()),
        Asker::Anonymous | Asker::Stranger => asker.counts_as().to_string(),
    }
}

/// `allowed`, `denied` or `unknown`.
pub const fn verdict_word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Allowed => "allowed",
        Verdict::Denied(_) => "denied",
        Verdict::Unknown(_) => "unknown",
    }
}

/// The level that denies, or why the answer is unknown.
pub fn verdict_reason(verdict: &Verdict, question: &Question<'_>) -> Option<String> {
    match verdict {
        Verdict::Allowed => None,
        Verdict::Denied(level) => Some(format!(
            "Denied at: {}. `confperm explain` shows every level.",
            question.level_words(*level)
        )),
        Verdict::Unknown(reasons) => {
            let reasons: Vec<String> =
                reasons.iter().map(|reason| reason_words(reason, &question.names)).collect();
            Some(format!("Not known: {}.", reasons.join("; ")))
        }
    }
}

/// Every level, from the outside in, with every route through it.
pub fn explanation_as_text(explanation: &Explanation, question: &Question<'_>) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{}\n", headline(&explanation.verdict, question));
    levels(&explanation.levels, question, &mut text);
    if let Verdict::Unknown(reasons) = &explanation.verdict {
        let _ = writeln!(text, "\n{}", paint(HEADING, "What is not known"));
        for reason in reasons {
            let _ = writeln!(text, "  {}", reason_words(reason, &question.names));
        }
    }
    if matches!(explanation.verdict, Verdict::Denied(_)) {
        remedies(&explanation.remedies, question, &mut text);
    }
    outside(&explanation.outside, &mut text);
    text
}

fn headline(verdict: &Verdict, question: &Question<'_>) -> String {
    let (who, object, verb) = (question.asker_words(), question.object_words(), question.verb);
    let can = match (verdict, question.planned) {
        (Verdict::Allowed, false) => paint(ADD, "can"),
        (Verdict::Allowed, true) => paint(ADD, "will be able to"),
        (Verdict::Denied(_), false) => paint(REMOVE, "cannot"),
        (Verdict::Denied(_), true) => paint(REMOVE, "will not be able to"),
        (Verdict::Unknown(_), _) => {
            return format!("Whether {who} can {verb} {object} is {}.", paint(CHANGE, "not known"));
        }
    };
    match question.verb {
        Verb::Space(permission) if verdict == &Verdict::Allowed => {
            format!("{who} {} {permission} in {object}.", if question.planned { "will have" } else { "has" })
        }
        Verb::Space(permission) => {
            format!(
                "{who} {} {permission} in {object}.",
                if question.planned { "will not have" } else { "does not have" }
            )
        }
        Verb::On(verb) => format!("{who} {can} {verb} {object}."),
    }
}

/// The table of levels; also shown where an access test fails.
pub(super) fn levels(levels: &[LevelReport], question: &Question<'_>, text: &mut String) {
    let names: Vec<String> = levels.iter().map(|report| question.level_words(report.level)).collect();
    let first = column(names.iter().map(String::as_str), LEVELS);
    let rows: Vec<Vec<(String, String)>> = levels.iter().map(|report| rows(report, question)).collect();
    let ways = column(rows.iter().flatten().map(|(way, _)| way.as_str()), WAYS);
    for ((report, name), rows) in levels.iter().zip(&names).zip(&rows) {
        let (style, word) = match report.outcome {
            Outcome::Allowed => (ADD, "Allowed"),
            Outcome::Inherited => (FAINT, "Inherited"),
            Outcome::Denied => (REMOVE, "Denied"),
            Outcome::Unknown => (CHANGE, "Unknown"),
        };
        for (number, (way, origin)) in rows.iter().enumerate() {
            let (name, word) = if number == 0 { (name.as_str(), word) } else { ("", "") };
            let origin =
                if origin.is_empty() { String::new() } else { gap(way, ways) + "  " + &paint(FAINT, origin) };
            let line = format!(
                "  {}  {}{}  {way}{origin}",
                pad(name, first),
                paint(style, word),
                gap(word, OUTCOMES)
            );
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
}

/// What one level says, line by line: the way, and the line of the policy behind it.
fn rows(report: &LevelReport, question: &Question<'_>) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    for need in &report.needs {
        for found in &need.routes {
            let origin = question.origin_words(&found.route, report.level, &need.needed);
            rows.push((route_words(found, need, question), origin));
        }
        if need.routes.is_empty() || need.outcome == Outcome::Denied {
            rows.push((missing_words(report, need, question), String::new()));
        }
    }
    rows
}

/// A route without the level it is on.
pub(super) fn plain_route(route: &Route, question: &Question<'_>) -> String {
    plain_route_words(route, &question.names)
}

/// The same with the names alone.
pub(super) fn plain_route_words(route: &Route, names: &SiteNames<'_>) -> String {
    match route {
        Route::Licence { group } => {
            format!("licensed by {}", names.principal(&Principal::Group(group.clone())))
        }
        Route::LicenceAssumed => "taken to be licensed".to_owned(),
        Route::Guest => "a guest".to_owned(),
        Route::App => "an app".to_owned(),
        Route::AnonymousAccess => "the site lets in people who are not signed in".to_owned(),
        Route::Unlicensed => "not licensed, but the space is open to such people".to_owned(),
        Route::Grant { principal, role, .. } => {
            let role = role.as_ref().map(|role| format!(" as {}", names.role(role))).unwrap_or_default();
            format!("{}{role}", names.principal(principal))
        }
        Route::UnlicensedAccess => "the service desk opens the space to all signed-in users".to_owned(),
        Route::OpenList => "not restricted here".to_owned(),
        Route::Listed { subject } => names.principal(&subject.clone().into()),
    }
}

fn route_words(found: &FoundRoute, need: &Need, question: &Question<'_>) -> String {
    let way = plain_route(&found.route, question);
    let perhaps = if found.doubts.is_empty() { "" } else { "perhaps " };
    match (&found.route, &need.needed) {
        (Route::Grant { permission, .. }, _) => format!("{perhaps}{permission} by {way}"),
        (Route::Listed { .. }, Needed::OnList(list)) => {
            format!("{perhaps}on the {} list: {way}", list.as_str())
        }
        (Route::OpenList, Needed::OnList(PageList::Edit)) => "the edit list is open".to_owned(),
        _ => format!("{perhaps}{way}"),
    }
}

fn missing_words(report: &LevelReport, need: &Need, question: &Question<'_>) -> String {
    let doubts: Vec<String> =
        need.doubts.iter().map(|reason| reason_words(reason, &question.names)).collect();
    if need.outcome == Outcome::Unknown && !doubts.is_empty() {
        return doubts.join("; ");
    }
    match &need.needed {
        Needed::SignIn if need.outcome == Outcome::Allowed => "asked as a licensed user".to_owned(),
        Needed::SignIn => match question.asker {
            Some(Asker::Anonymous) => "the site lets in only users who are signed in".to_owned(),
            _ => "the account is deactivated, or has no access to Confluence".to_owned(),
        },
        Needed::Permission { any_of } => {
            let names: Vec<String> = any_of.iter().map(ToString::to_string).collect();
            format!("nothing gives {}", names.join(" or "))
        }
        Needed::OnList(list) => {
            let audience = report
                .level
                .content()
                .and_then(|content| question.lists(content))
                .map(|lists| lists.audience(*list));
            match audience {
                Some(Audience::Only(members)) => {
                    let names: Vec<String> =
                        members.iter().map(|subject| subject_words(subject, question)).collect();
                    let shown = names.len().min(ENTRIES);
                    let more = if names.len() > shown {
                        format!(" and {} more", names.len() - shown)
                    } else {
                        String::new()
                    };
                    format!(
                        "not on the {} list, which names {}{more}",
                        list.as_str(),
                        names[..shown].join(", ")
                    )
                }
                Some(Audience::Anyone) | None => format!("not on the {} list", list.as_str()),
            }
        }
    }
}

fn subject_words(subject: &Subject, question: &Question<'_>) -> String {
    question.names.principal(&subject.clone().into())
}

fn remedies(remedies: &[Remedy], question: &Question<'_>, text: &mut String) {
    if remedies.is_empty() {
        let _ = writeln!(text, "\nNo change of permissions or lists alone would change that.");
        return;
    }
    let one_of =
        if remedies.len() > 1 { "Any one of these would change that" } else { "This would change that" };
    let _ = writeln!(text, "\n{}", paint(HEADING, one_of));
    for remedy in remedies {
        let _ = writeln!(text, "  - {}", remedy_words(remedy, question));
    }
}

/// All changes of a remedy, in one line, from the outside in as the levels are.
pub(super) fn remedy_words(remedy: &Remedy, question: &Question<'_>) -> String {
    let mut lists: BTreeMap<(ContentId, &Subject), Vec<&str>> = BTreeMap::new();
    let mut parts: BTreeSet<(u8, String)> = BTreeSet::new();
    for fix in &remedy.changes {
        if let Fix::List(content, list, subject) = fix {
            lists.entry((*content, subject)).or_default().push(list.as_str());
        } else {
            parts.insert((rank(fix), fix_words(fix, question)));
        }
    }
    for ((content, subject), verbs) in lists {
        let lists = if verbs.len() > 1 { "lists" } else { "list" };
        let (who, verbs) = (subject_words(subject, question), verbs.join(" and "));
        parts.insert((3, format!("put {who} on the {verbs} {lists} of {}", question.names.page(content))));
    }
    list(&parts.into_iter().map(|(_, words)| words).collect::<Vec<_>>())
}

const fn rank(fix: &Fix) -> u8 {
    match fix {
        Fix::AllowAnonymousAccess | Fix::Reactivate(_) | Fix::License(_) => 0,
        Fix::Join(..) => 1,
        Fix::Grant(..) | Fix::AssignRole(..) => 2,
        Fix::List(..) | Fix::Open(..) => 3,
    }
}

fn fix_words(fix: &Fix, question: &Question<'_>) -> String {
    let names = &question.names;
    match fix {
        Fix::AllowAnonymousAccess => "let in people who are not signed in".to_owned(),
        Fix::Reactivate(account) => format!("reactivate {}", names.person(account)),
        Fix::License(account) => format!("give {} access to Confluence", names.person(account)),
        Fix::Join(account, group) => {
            format!("add {} to {}", names.person(account), names.principal(&Principal::Group(group.clone())))
        }
        Fix::Grant(space, principal, permission) => {
            format!("give {} {permission} in {space}", names.principal(principal))
        }
        Fix::AssignRole(space, principal, role) => {
            format!("make {} {} in {space}", names.principal(principal), names.role(role))
        }
        Fix::List(content, list, subject) => {
            let who = names.principal(&subject.clone().into());
            format!("put {who} on the {} list of {}", list.as_str(), names.page(*content))
        }
        Fix::Open(content, list) => format!("open the {} list of {}", list.as_str(), names.page(*content)),
    }
}

/// What no list tells of.
pub(super) fn outside(outside: &[Outside], text: &mut String) {
    if outside.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{}", paint(HEADING, "Other ways in, which the API does not show"));
    for way in outside {
        let _ = writeln!(text, "  {}", outside_words(way));
    }
}

pub(super) fn outside_words(outside: &Outside) -> String {
    match outside {
        Outside::PublicLinks => {
            "public links: a page that has one is open to everyone who has the link, whatever its lists say"
                .to_owned()
        }
        Outside::ServiceDesk => "the service desk: it can open a space to all signed-in users".to_owned(),
        Outside::ProductAdmins => "product admins: they can make themselves admins of any space".to_owned(),
        Outside::SpaceAdmins => "space admins: they can remove a view list that keeps them out".to_owned(),
        Outside::AdminKey => {
            "the admin key: organisation admins can give themselves access to everything for a few minutes"
                .to_owned()
        }
        Outside::FreePlan => "the Free edition: permissions and lists cannot be changed on it".to_owned(),
        Outside::ForeignRows { rows } => {
            let rows = super::style::count(*rows, "permission", "permissions");
            format!("{rows} of the space of a kind that this version does not know")
        }
        Outside::Administrators => "members of confluence-administrators: they see every page".to_owned(),
    }
}
