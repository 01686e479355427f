//! What is legal in the planned state and yet does not do what it says, each with the line to look at.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::access::{self, Engine, Finding, Level, Lint, LintInputs};
use crate::model::{
    ContentId, ContentKind, Desired, Known, Live, Origin, PageList, Permission, Principal, SpaceKey,
    Strength, Subject, ToHold, Truth, Wanted, Why,
};

/// Something worth a look. It never blocks a plan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct PlanLint {
    pub space: SpaceKey,
    pub content: Option<ContentId>,
    pub code: Lint,
    /// The principals that it is about.
    pub about: BTreeSet<Principal>,
    /// Where it goes wrong, if not at the content itself.
    pub level: Option<Level>,
    /// The line of the policy that asks for it; none where no line does.
    pub origin: Option<Origin>,
}

pub(super) fn lints(desired: &Desired, after: &Engine<'_>) -> Vec<PlanLint> {
    let inputs = LintInputs {
        spaces: Some(desired.spaces.keys().cloned().collect()),
        required_admins: desired.guards.required_admins.keys().cloned().collect(),
        leavers: desired.leavers.clone(),
    };
    let live = after.live();
    access::lints(after, &inputs)
        .into_iter()
        .map(|finding| PlanLint {
            origin: origin(&finding, desired),
            space: finding.space,
            content: finding.content,
            code: finding.lint,
            about: finding.about,
            level: finding.level,
        })
        .chain(not_restrictable(desired, live))
        .chain(rows_in_vain(desired, live))
        .collect()
}

/// Folders and their like that the policy names and the site has no lists for.
fn not_restrictable(desired: &Desired, live: &Live) -> Vec<PlanLint> {
    let mut lints = Vec::new();
    for (key, desired_space) in &desired.spaces {
        let Some(tree) = live.spaces.get(key).and_then(|space| space.tree.as_ref()) else { continue };
        for (id, page) in &desired_space.pages {
            let Some(content) = tree.get(*id) else { continue };
            let asked = PageList::ALL.into_iter().find_map(|list| page.audience(list));
            let (Known::Unknown(Why::Hidden), Some(asked)) = (&content.restrictions, asked) else { continue };
            if !matches!(content.kind, ContentKind::Page | ContentKind::Blogpost) {
                lints.push(PlanLint {
                    space: key.clone(),
                    content: Some(*id),
                    code: Lint::NotRestrictable,
                    about: BTreeSet::new(),
                    level: None,
                    origin: Some(asked.origin().clone()),
                });
            }
        }
    }
    lints
}

/// Rows of the space that are not what their line says: what stays though it has ended, and what no visitor can use.
fn rows_in_vain(desired: &Desired, after: &Live) -> Vec<PlanLint> {
    let mut lints = Vec::new();
    let keeps_out = after.site.anonymous_access == Known::Known(false);
    for (key, desired_space) in &desired.spaces {
        let Some(space) = after.spaces.get(key) else { continue };
        let stays = |who: &Principal| space.gives(who, Permission::ReadSpace, &after.roles) == Truth::Yes;
        let ended = desired_space.kept.ended_reads.iter().filter(|(who, _)| stays(who));
        let mut found: Vec<(Lint, &Principal, &Origin)> =
            ended.map(|(who, origin)| (Lint::EndedReadStays, who, origin)).collect();
        let anonymous = match desired_space.holdings.get(&Principal::Anonymous) {
            Some(ToHold::Role(_, by)) => Some(&by.origin),
            Some(asked) => asked.singles(Strength::Required).next().map(|(_, by)| &by.origin),
            None => None,
        };
        let anonymous = anonymous.filter(|_| keeps_out);
        found.extend(anonymous.map(|origin| (Lint::AnonymousKeptOut, &Principal::Anonymous, origin)));
        lints.extend(found.into_iter().map(|(code, who, origin)| PlanLint {
            space: key.clone(),
            content: None,
            code,
            about: BTreeSet::from([who.clone()]),
            level: None,
            origin: Some(origin.clone()),
        }));
    }
    lints
}

fn origin(finding: &Finding, desired: &Desired) -> Option<Origin> {
    if finding.lint == Lint::AdminCutOff {
        let required = &desired.guards.required_admins;
        return finding.about.iter().find_map(|admin| required.get(admin)).cloned();
    }
    let space = desired.spaces.get(&finding.space)?;
    let Some(content) = finding.content else {
        let grant = finding.about.iter().find_map(|principal| match space.holdings.get(principal)? {
            ToHold::Role(_, by) | ToHold::Nothing(by) => Some(&by.origin),
            ToHold::Grants(grants) => grants.values().next_back().map(|(_, by)| &by.origin),
        });
        return Some(grant.unwrap_or(&space.origin).clone());
    };
    let page = space.pages.get(&content);
    let lists = match finding.lint {
        Lint::ListedWithoutEditRight => [PageList::Edit, PageList::View],
        _ => [PageList::View, PageList::Edit],
    };
    let is_about = |subject: &Subject| finding.about.contains(&subject.clone().into());
    let names_them = |list| {
        let wanted = page.and_then(|page| page.audience(list))?;
        let is_listed = wanted.what.subjects().any(&is_about);
        is_listed.then_some(wanted.origin())
    };
    let joins = |list| {
        let joined = space.joins.onto(content, list).find(|(subject, _)| is_about(subject));
        joined.map(|(_, wanted)| wanted.origin())
    };
    let sets = |list| page.and_then(|page| page.audience(list)).map(Wanted::origin);
    let origin = lists.into_iter().find_map(names_them);
    let origin = origin.or_else(|| lists.into_iter().find_map(joins));
    origin.or_else(|| lists.into_iter().find_map(sets)).cloned()
}
