//! Why the calls of a plan stand in the order in which they stand, as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::access::ContentVerb;
use crate::model::{ContentId, Principal, SpaceKey};
use crate::plan::{Danger, Edge, EdgeReason, Endangered, Meanwhile, MeanwhileReason, Moment, Plan, Rejected};

use super::access_words::{ShownNames, SiteNames};
use super::call::call_words;
use super::style::{FAINT, HEADING, count, list, paint};
use super::titles::{Titles, with_titles};

/// Each call with what it waits for, and what the other order would do. Calls that wait for nothing in
/// common run side by side.
pub fn order_as_text(plan: &Plan) -> String {
    let mut text = String::new();
    for planned in &plan.calls {
        let id = paint(HEADING, &planned.id.to_string());
        let _ = writeln!(text, "{id}  {}", call_words(plan, &planned.call));
        for edge in &planned.after {
            let _ = writeln!(text, "      {}", paint(FAINT, &edge_words(plan, edge)));
        }
    }
    for meanwhile in &plan.meanwhile {
        let _ = writeln!(text, "{}: {}", meanwhile.space, meanwhile_words(plan, meanwhile));
    }
    let waiting = plan.calls.iter().filter(|planned| !planned.after.is_empty()).count();
    let calls = count(plan.calls.len(), "call", "calls");
    let ending = if waiting == 0 {
        "none waits for another, so all can be made side by side".to_owned()
    } else {
        let waiting = count(waiting, "of them waits", "of them wait");
        format!("{waiting} for others, the rest can be made side by side")
    };
    let _ = writeln!(text, "{calls}; {ending}.");
    text
}

fn edge_words(plan: &Plan, edge: &Edge) -> String {
    let why = match (edge.reason, &edge.because) {
        (EdgeReason::Api, _) => "Confluence demands it".to_owned(),
        (EdgeReason::Leak, None) => "no account gains access for a moment".to_owned(),
        (EdgeReason::Gap, None) => "no account loses access for a moment".to_owned(),
        (EdgeReason::Lockout, None) => {
            "until then the account that runs this may need what this call takes from it".to_owned()
        }
        (EdgeReason::Leak | EdgeReason::Lockout | EdgeReason::Gap, Some(danger)) => {
            format!("otherwise {}", danger_words(plan, danger))
        }
        (EdgeReason::Resume, _) => {
            "if the run were interrupted between the two, the next run would not end where this one does"
                .to_owned()
        }
        (EdgeReason::Gather, _) => {
            "to keep the order simple: later calls need both, and so wait for this one only".to_owned()
        }
    };
    format!("after {}: {why}", edge.call)
}

/// What is so for a moment, between which calls, and why.
pub(crate) fn meanwhile_words(plan: &Plan, meanwhile: &Meanwhile) -> String {
    let Meanwhile { danger, reason, from, until, .. } = meanwhile;
    let what = match (reason, &danger.what, danger.moment) {
        (MeanwhileReason::Companion, Endangered::Permission(permission), moment) => {
            let names: Vec<String> = danger.people.iter().map(|who| plan.name(who).into_owned()).collect();
            let is_conditional = plan.calls.get(until.position()).is_some_and(|call| call.conditional);
            let (has, does) = match moment {
                Moment::LetIn if is_conditional => ("may have", "may add it"),
                Moment::LetIn => ("has", "adds it"),
                Moment::ShutOut => ("lacks", "takes it away"),
            };
            format!("{} {has} {permission}, since Confluence {does} by itself", list(&names))
        }
        (MeanwhileReason::Companion | MeanwhileReason::AcceptedGap, _, moment) => {
            let (who, what) = (who_words(plan, danger), what_words(plan, danger));
            match moment {
                Moment::LetIn => format!("{who} can {what}, which they can neither before nor after"),
                Moment::ShutOut => format!("{who} cannot {what}, which they can before and after"),
            }
        }
    };
    format!("between {from} and {until}, {what}")
}

/// Who would be let in, or shut out, for a moment.
pub(crate) fn danger_words(plan: &Plan, danger: &Danger) -> String {
    let (who, what) = (who_words(plan, danger), what_words(plan, danger));
    match danger.moment {
        Moment::LetIn => format!("{who} could for a moment {what}, which they can neither before nor after"),
        Moment::ShutOut => format!("{who} could for a moment not {what}, which they can before and after"),
    }
}

/// Why a plan is rejected by its own check, and so never shown. It goes into reports of bugs, so that titles that not
/// everyone sees are numbers.
pub fn rejected_as_text(Rejected { plan, broken }: &Rejected) -> String {
    let (plan, _) = with_titles(plan, Titles::Open);
    let danger = match &broken.danger {
        Some(danger) => danger_words(&plan, danger),
        None => "a call waits for one that comes after it".to_owned(),
    };
    format!(
        "a bug in confperm: the check that every plan passes rejects the order of its calls for {}, since {danger}; the \
         plan is not shown, and none of its calls was made",
        broken.space
    )
}

/// What would be so for good.
pub(crate) fn lasting_danger_words(plan: &Plan, danger: &Danger) -> String {
    let (who, what) = (who_words(plan, danger), what_words(plan, danger));
    match danger.moment {
        Moment::LetIn => format!("{who} could {what}, which they cannot now and are not meant to"),
        Moment::ShutOut => format!("{who} could not {what}, which they can now and are meant to"),
    }
}

/// What a saved plan would let in beyond what it said, space by space. Nothing of it need be in the plan.
pub fn beyond_plan(beyond: &BTreeMap<SpaceKey, Danger>, names: SiteNames<'_>) -> Vec<String> {
    let line = |(space, danger): (&SpaceKey, &Danger)| {
        format!(
            "{space}: others changed something here since the plan was made, and with that it would let in more than it said: {} could {}. All of the space stays as it is; make a new plan",
            who_words(&names, danger),
            what_words(&names, danger)
        )
    };
    beyond.iter().map(line).collect()
}

fn who_words(shown: &dyn ShownNames, danger: &Danger) -> String {
    let names = |kind: fn(&Principal) -> bool| -> Vec<String> {
        danger.people.iter().filter(|who| kind(who)).map(|who| shown.principal(who)).collect()
    };
    let users = names(|who| matches!(who, Principal::User(_)));
    let memberships = names(|who| matches!(who, Principal::Group(_) | Principal::Class(_)));
    if !users.is_empty() {
        list(&users)
    } else if !memberships.is_empty() {
        format!("an account in {}", list(&memberships))
    } else if danger.people.contains(&Principal::Anonymous) {
        "a reader who is not signed in".to_owned()
    } else {
        "any account".to_owned()
    }
}

fn what_words(names: &dyn ShownNames, danger: &Danger) -> String {
    let page = |id: &ContentId| names.page(*id);
    match &danger.what {
        Endangered::Permission(permission) => format!("have {permission}"),
        Endangered::View(id) => format!("see {}", page(id)),
        Endangered::Edit(id) => format!("edit {}", page(id)),
        Endangered::Comment(id) => format!("comment on {}", page(id)),
        Endangered::Attach(id) => format!("attach files to {}", page(id)),
        Endangered::Delete(id) => format!("delete {}", page(id)),
        Endangered::Restrict(id) => format!("change the restrictions of {}", page(id)),
        Endangered::Unrestricted(verb) => {
            let verb = match verb {
                ContentVerb::View => "see",
                ContentVerb::Edit => "edit",
                ContentVerb::Comment => "comment on",
                ContentVerb::Attach => "attach files to",
                ContentVerb::Delete => "delete",
                ContentVerb::Restrict => "change the restrictions of",
            };
            format!("{verb} what nothing restricts")
        }
    }
}
