//! What a plan leaves as it is, with the reasons.

use std::collections::BTreeMap;

use crate::model::{PassedOver, Principal, Shown, harmless};
use crate::plan::{KeepReason, Plan, Unmanaged};

use super::review::{ReviewPart, Section};
use super::style::{HEADING, count, first_of, list, paint};

/// As many spaces are listed one by one; more are summed up.
const ONE_BY_ONE: usize = 4;
/// As many principals are named.
const NAMED: usize = 3;

pub(super) fn unmanaged(plan: &Plan) -> Option<Section> {
    let mut reasons: BTreeMap<KeepReason, Vec<&Unmanaged>> = BTreeMap::new();
    for kept in &plan.unmanaged {
        reasons.entry(kept.reason).or_default().push(kept);
    }
    let few = plan.unmanaged.iter().filter(|kept| reasons[&kept.reason].len() <= ONE_BY_ONE);
    let mut lines: Vec<String> =
        few.map(|kept| format!("{}  {}", kept.space, kept_words(plan, kept))).collect();
    for kept in reasons.into_values().filter(|kept| kept.len() > ONE_BY_ONE) {
        let all = kept.iter().skip(1).fold(kept[0].clone(), |mut all, more| {
            all.count += more.count;
            all.principals.extend(more.principals.iter().cloned());
            all
        });
        lines.push(format!("{} spaces  {}", kept.len(), kept_words(plan, &all)));
    }
    lines.extend(passed_over(plan));
    (!lines.is_empty()).then(|| Section::new(ReviewPart::Unmanaged, paint(HEADING, "Unmanaged"), lines))
}

/// What rules leave out by type or status, since a rule that was meant for all spaces may not say so.
fn passed_over(plan: &Plan) -> Vec<String> {
    let rules = &plan.coverage.passed_over;
    let parts = |of: &BTreeMap<Shown, usize>| {
        let parts: Vec<String> = of.iter().map(|(word, number)| format!("{number} {word}")).collect();
        list(&parts)
    };
    let words = |rule: &PassedOver| {
        let by = [(&rule.types, "type"), (&rule.statuses, "status")];
        let by = by.into_iter().filter(|(of, _)| !of.is_empty());
        let by: Vec<String> = by
            .map(|(of, what)| {
                let spaces = if of.values().sum::<usize>() == 1 { "space" } else { "spaces" };
                format!("{} {spaces} by {what}", parts(of))
            })
            .collect();
        list(&by)
    };
    if rules.len() > ONE_BY_ONE {
        let mut alike: BTreeMap<String, usize> = BTreeMap::new();
        for rule in rules {
            *alike.entry(words(rule)).or_default() += 1;
        }
        return alike
            .into_iter()
            .map(|(words, number)| format!("{} leave out {words}", count(number, "rule", "rules")))
            .collect();
    }
    rules
        .iter()
        .map(|rule| {
            format!("the rule \"{}\" leaves out {}  {}", harmless(&rule.rule), words(rule), rule.origin)
        })
        .collect()
}

fn kept_words(plan: &Plan, kept: &Unmanaged) -> String {
    let entries = count(kept.count, "entry", "entries");
    let name = |who: &String| {
        who.parse().map_or_else(|_| harmless(who).into_owned(), |who: Principal| plan.name(&who).into_owned())
    };
    let who = first_of(kept.principals.iter().map(name), NAMED);
    match kept.reason {
        KeepReason::App => format!("{entries} of apps: {who}"),
        KeepReason::Caller => format!("{entries} of the account that runs this: {who}"),
        KeepReason::Left => format!("{entries} that `leave` keeps: {who}"),
        KeepReason::Undeclared => format!("{entries} that the policy does not mention: {who}"),
        KeepReason::UnknownAccount => {
            format!("{entries} of accounts that the site does not describe, which may be apps: {who}")
        }
        KeepReason::Class => format!("{entries} of user classes, which cannot be changed one by one: {who}"),
        KeepReason::RolesOnly => format!(
            "{entries} from before roles; this site gives access by roles only, and its API cannot change them: {who}"
        ),
        KeepReason::Skipped => format!("{entries} that a skipped entry of the policy is about: {who}"),
        KeepReason::UnlistedPage => {
            format!("{} that no entry matches", count(kept.count, "restricted page", "restricted pages"))
        }
        KeepReason::ArchivedPage => format!(
            "{} that `anyone` in a pattern does not open",
            count(kept.count, "restricted archived page", "restricted archived pages")
        ),
        KeepReason::Paused if kept.count == 0 => "paused; nothing differs from the policy".to_owned(),
        KeepReason::Paused => {
            format!("paused; {} that the policy asks for", count(kept.count, "change", "changes"))
        }
        KeepReason::OtherFiles => {
            let who = if kept.principals.is_empty() { "pages".to_owned() } else { who };
            format!("{} left to the files of others: {who}", count(kept.count, "change", "changes"))
        }
        KeepReason::Foreign => format!("{entries} of a kind that this version does not know: {who}"),
    }
}
