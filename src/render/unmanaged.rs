//! What a plan leaves as it is, with the reasons.

use std::collections::BTreeMap;

use crate::model::{Principal, harmless};
use crate::plan::{KeepReason, Plan, Unmanaged};

use super::review::{ReviewPart, Section};
use super::style::{HEADING, count, list, paint};

/// As many spaces are listed one by one; more are summed up.
const ONE_BY_ONE: usize = 4;

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
    (!lines.is_empty()).then(|| Section::new(ReviewPart::Unmanaged, paint(HEADING, "Unmanaged"), lines))
}

fn kept_words(plan: &Plan, kept: &Unmanaged) -> String {
    let entries = count(kept.count, "entry", "entries");
    let holders = kept.principals.len();
    let names: Vec<String> = kept
        .principals
        .iter()
        .take(3)
        .map(|who| {
            who.parse()
                .map_or_else(|_| harmless(who).into_owned(), |who: Principal| plan.name(&who).into_owned())
        })
        .collect();
    let who = if holders > names.len() {
        format!("{} and {} more", names.join(", "), holders - names.len())
    } else {
        list(&names)
    };
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
        KeepReason::Foreign => format!("{entries} of a kind that this version does not know: {who}"),
    }
}
