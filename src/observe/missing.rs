//! Groups and accounts that rows and lists name and that the site does not list: deleted, or hidden?
//!
//! Deleting a group leaves its rows and its entries on lists (OpenAPI v1, `expand` of `getSpace` and of
//! `getRestrictions`), and what is deleted must be told from what is hidden from the caller, since entries of the one
//! may be left out of a list and those of the other may not. Each is asked for by its id, and where it is not found, so
//! are others of its kind that are there, until one is shown: an endpoint that shows none of them says nothing
//! ([`Absence`]).

use std::collections::BTreeSet;

use crate::confluence::{Error, LookUp, Read, concurrently};
use crate::model::{Absence, AccountId, AccountStatus, Gap, Known, Live, Person, Subject, Tree};

/// Looks up what has been met and not been looked up; says whether anything was.
pub(super) async fn look_up<R: Read>(read: &R, live: &mut Live) -> Result<bool, Error> {
    let missing = unknown(live);
    if missing.is_empty() {
        return Ok(false);
    }
    let tasks = missing.iter().map(|subject| read.look_up(subject)).collect();
    let answers = concurrently(tasks).await?;
    let is_lost = |group: bool| {
        let mut answers = missing.iter().zip(&answers);
        answers.any(|(subject, answer)| {
            matches!(subject, Subject::Group(_)) == group && matches!(answer, LookUp::NotFound)
        })
    };
    let groups_show = is_lost(true) && shows_any(read, groups(live)).await?;
    let accounts_show = is_lost(false) && shows_any(read, others(live)).await?;
    for (subject, answer) in missing.into_iter().zip(answers) {
        let shows = if matches!(subject, Subject::Group(_)) { groups_show } else { accounts_show };
        match answer {
            LookUp::Group(group) => {
                live.directory.groups.insert(group.id.clone(), group);
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

/// How many are asked for until one is shown, since a few may be hidden like the missing ones.
const PROOFS: usize = 4;

/// Whether the site shows any of these, which are there, when it is asked for them by id.
async fn shows_any<R: Read>(read: &R, there: Vec<Subject>) -> Result<bool, Error> {
    for subject in there.into_iter().take(PROOFS) {
        if matches!(read.look_up(&subject).await?, LookUp::Group(_) | LookUp::Account) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn groups(live: &Live) -> Vec<Subject> {
    live.directory.groups.keys().take(PROOFS).cloned().map(Subject::Group).collect()
}

/// Every account may see itself, so the caller is no proof that others are shown.
fn others(live: &Live) -> Vec<Subject> {
    let caller = &live.site.caller.account;
    let is_another = |(account, person): &(&AccountId, &Person)| {
        *account != caller && person.status != AccountStatus::Closed
    };
    let others = live.directory.people.iter().filter(is_another).take(PROOFS);
    others.map(|(account, _)| Subject::User(account.clone())).collect()
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
