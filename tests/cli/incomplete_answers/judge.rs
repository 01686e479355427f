//! What must hold of a site after a run on incomplete answers, given what a run on complete ones makes of it.

use std::collections::{BTreeMap, BTreeSet};

use confperm::model::{self, Call, PageList};
use confperm::plan::Plan;
use confperm::sandbox::adversary::Written;
use confperm::sandbox::world::{
    AccountId, ContentId, GroupId, ListKind, Object, Principal, State, Subject, Verb, World,
};

const PEOPLE: [&str; 4] = ["u-ann", "u-bob", "u-eve", "u-gus"];

/// A site as the judge sees it.
pub(super) struct Standing {
    /// By space, principal, and permission or role.
    holdings: BTreeSet<(u64, String, String)>,
    lists: BTreeMap<(u64, ListKind), BTreeSet<Principal>>,
    /// By the sandbox's own check: who may do what with which page.
    access: BTreeSet<(String, &'static str, u64)>,
}

impl Standing {
    pub(super) fn of(world: &World) -> Self {
        let mut standing =
            Self { holdings: BTreeSet::new(), lists: BTreeMap::new(), access: BTreeSet::new() };
        for space in world.spaces() {
            let rows = space.grants.values().map(|row| (&row.principal, format!("{:?}", row.pair)));
            let roles = space.assignments.iter().map(|(who, role)| (who, role.0.clone()));
            let all = rows.chain(roles).map(|(who, what)| (space.id.0, format!("{who:?}"), what));
            standing.holdings.extend(all);
        }
        let subjects = PEOPLE.map(|id| (id, Subject::User(AccountId::from(id))));
        // Four pages and a post of each space.
        for page in [1, 2].into_iter().flat_map(|space| (1..=5).map(move |page| 10 * space + page)) {
            let Some(content) = world.content(ContentId(page)) else { continue };
            for list in ListKind::ALL {
                standing.lists.insert((page, list), entries(content.lists.get(list)));
            }
            for (id, subject) in subjects
                .iter()
                .map(|(id, subject)| (*id, subject))
                .chain([("anonymous", &Subject::Anonymous)])
            {
                for (name, verb) in [("view", Verb::Read), ("edit", Verb::Update)] {
                    if world.allows(subject, verb, ContentId(page)).is_ok() {
                        standing.access.insert((id.to_owned(), name, page));
                    }
                }
            }
        }
        standing
    }
}

/// The caller may be added to a list that is changed, and is no one to be let in or kept out.
fn entries(list: &BTreeSet<Principal>) -> BTreeSet<Principal> {
    let me = Principal::User(AccountId::from("u-ann"));
    let mut entries = list.clone();
    if entries.len() > 1 {
        entries.remove(&me);
    }
    entries
}

/// The lists between two calls of a plan, by page.
pub(super) type Between = BTreeMap<(u64, ListKind), Vec<BTreeSet<Principal>>>;

/// The states of lists that a plan passes through. A run may stop there, if it says that it is not done.
pub(super) fn between(plan: &Plan) -> Between {
    let mut between = Between::new();
    for planned in &plan.calls {
        let Call::Restrict { content, before, after, .. } = &planned.call else { continue };
        for (kind, list) in [(ListKind::Read, PageList::View), (ListKind::Update, PageList::Edit)] {
            for lists in [before, after] {
                let members: BTreeSet<Principal> = lists.audience(list).subjects().map(listed).collect();
                between.entry((content.number(), kind)).or_default().push(entries(&members));
            }
        }
    }
    between
}

fn listed(subject: &model::Subject) -> Principal {
    match subject {
        model::Subject::User(id) => Principal::User(AccountId::from(id.as_str())),
        model::Subject::Group(id) => Principal::Group(GroupId::from(id.as_str())),
    }
}

/// What a run left as it was.
pub(super) struct Left {
    /// Lists that could not be read, while access to their pages was given by something else.
    pub(super) lists: bool,
}

/// Whether what was done is part of what is right: `before` to `after`.
pub(super) fn judge(
    before: &Standing,
    after: &Standing,
    found: &Standing,
    between: &Between,
    writes: &[Written],
) -> Result<Left, String> {
    let beyond: Vec<_> = found
        .holdings
        .iter()
        .filter(|row| !before.holdings.contains(*row) && !after.holdings.contains(*row))
        .collect();
    if !beyond.is_empty() {
        return Err(format!("given: {beyond:?}"));
    }
    let lost: Vec<_> =
        before.holdings.intersection(&after.holdings).filter(|row| !found.holdings.contains(*row)).collect();
    if !lost.is_empty() {
        return Err(format!("taken: {lost:?}"));
    }
    for (list, entries) in &found.lists {
        let is_between = || between.get(list).is_some_and(|states| states.contains(entries));
        if *entries != before.lists[list] && *entries != after.lists[list] && !is_between() {
            return Err(format!(
                "{list:?} is {entries:?}, was {:?}, to be {:?}",
                before.lists[list], after.lists[list]
            ));
        }
    }
    let mut left = Left { lists: false };
    let mut opened = BTreeSet::new();
    let is_meant = |access| before.access.contains(access) || after.access.contains(access);
    for access in found.access.iter().filter(|access| !is_meant(*access)) {
        // What was granted as declared also reaches pages whose lists could not be read and so were not changed. The
        // plan lists them, and the run ends with exit code 6.
        let unread = |page: &u64| {
            ListKind::ALL.into_iter().any(|list| {
                let list = (*page, list);
                found.lists[&list] == before.lists[&list] && found.lists[&list] != after.lists[&list]
            })
        };
        if chain(access.2).iter().any(unread) {
            left.lists = true;
        } else {
            opened.insert(access);
        }
    }
    if !opened.is_empty() {
        return Err(format!("let in: {opened:?}"));
    }
    for write in writes {
        let (Object::Content(id), State::Content { lists, .. }) = (&write.object, &*write.after) else {
            continue;
        };
        for list in ListKind::ALL {
            let meant = |state: &Standing| state.lists[&(id.0, list)].is_empty();
            if lists.get(list).is_empty() && !meant(before) && !meant(after) {
                return Err(format!("{list:?} of {id:?} was open for a moment"));
            }
        }
    }
    Ok(left)
}

/// A page and what is above it.
fn chain(page: u64) -> Vec<u64> {
    let home = page / 10 * 10;
    match page % 10 {
        1 | 5 => vec![page],
        4 => vec![page, home + 3, home + 1],
        _ => vec![page, home + 1],
    }
}
