//! Groups and accounts that rows and lists name and that the site does not list: deleted, or hidden?
//!
//! Deleting a group leaves its rows and its entries on lists (OpenAPI v1, `expand` of `getSpace` and of
//! `getRestrictions`), and what is deleted must be told from what is hidden from the caller, since entries of the one
//! may be left out of a list and those of the other may not. Each is asked for by its id, together with another of its
//! kind that is there: an endpoint that does not show that one either says nothing ([`Absence`]).

use std::collections::BTreeSet;

use crate::confluence::{Error, LookUp, Read, side_by_side};
use crate::model::{Absence, AccountId, AccountStatus, Gap, Known, Live, Person, Subject, Tree};

/// Looks up what has been met and not been looked up; says whether anything was.
pub(super) async fn look_up<R: Read>(read: &R, live: &mut Live) -> Result<bool, Error> {
    let missing = unknown(live);
    if missing.is_empty() {
        return Ok(false);
    }
    let group = live.directory.groups.keys().next().cloned().map(Subject::Group);
    // Every account may see itself, so the caller is no proof that others are shown.
    let caller = &live.site.caller.account;
    let is_another = |(account, person): &(&AccountId, &Person)| {
        *account != caller && person.status != AccountStatus::Closed
    };
    let account =
        live.directory.people.iter().find(is_another).map(|(account, _)| Subject::User(account.clone()));
    let others: BTreeSet<Subject> = missing
        .iter()
        .filter_map(|subject| match subject {
            Subject::Group(_) => group.clone(),
            Subject::User(_) => account.clone(),
        })
        .collect();
    let asked: Vec<&Subject> = others.iter().chain(&missing).collect();
    let tasks = asked.iter().map(|subject| read.look_up(subject)).collect();
    let answers = side_by_side(tasks).await?;
    let (of_others, of_missing) = answers.split_at(others.len());
    let shown = |group: bool| {
        others.iter().zip(of_others).any(|(subject, answer)| {
            matches!(subject, Subject::Group(_)) == group
                && matches!(answer, LookUp::Group(_) | LookUp::Account)
        })
    };
    let (groups_show, accounts_show) = (shown(true), shown(false));
    for (subject, answer) in missing.into_iter().zip(of_missing) {
        let shows = if matches!(subject, Subject::Group(_)) { groups_show } else { accounts_show };
        match answer {
            LookUp::Group(group) => {
                live.directory.groups.insert(group.id.clone(), group.clone());
            }
            LookUp::NotFound if shows => {
                if let Subject::User(account) = &subject {
                    live.gaps.remove(&Gap::Account { account: account.clone() });
                }
                live.directory.missing.insert(subject, Absence::Deleted);
            }
            LookUp::Account | LookUp::NotFound | LookUp::Refused => {
                live.directory.missing.insert(subject, Absence::Unclear);
            }
        }
    }
    Ok(true)
}

/// Groups that the list of all lacks, and accounts that the site does not describe.
fn unknown(live: &Live) -> BTreeSet<Subject> {
    if !live.names_read {
        return BTreeSet::new();
    }
    let directory = &live.directory;
    let is_unknown = |subject: &Subject| match subject {
        Subject::Group(group) => !directory.groups.contains_key(group),
        Subject::User(account) => {
            !directory.people.contains_key(account)
                && live.gaps.contains(&Gap::Account { account: account.clone() })
        }
    };
    let mut unknown = BTreeSet::new();
    let mut meet = |subject: &Subject| {
        if is_unknown(subject) && !directory.missing.contains_key(subject) {
            unknown.insert(subject.clone());
        }
    };
    for space in live.spaces.values() {
        space.holdings.keys().filter_map(crate::model::Principal::subject).for_each(|subject| meet(&subject));
        for content in space.tree.iter().flat_map(Tree::iter) {
            let Known::Known(lists) = &content.restrictions else { continue };
            lists.view.subjects().chain(lists.edit.subjects()).for_each(&mut meet);
        }
    }
    unknown
}
