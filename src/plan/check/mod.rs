//! Whether a finished plan keeps its promise: at no moment of a run, wherever it may end, can anyone do what they
//! can do neither before nor after, or not do what they can do both before and after.
//!
//! Every plan is looked at, by other means than those by which its order was found. Here nothing is known of
//! conflicts: each access is played through in every state that the edges of the plan allow, call by call, as far as
//! the calls concern it.
//!
//! ```text
//! calls ──▶ states that the edges allow ─┐
//! rows, lists ──▶ open or closed in each ┴─▶ people × content × verbs ──▶ the first that breaks the promise
//! ```
//!
//! Not every person is played through where there are too many, and not every combination of groups whose members
//! are unknown: see [`people`]. A plan that fails is never shown: see [`Rejected`](super::Rejected).

mod caller;
mod content;
mod order;
mod people;
mod space;
mod tables;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rayon::prelude::*;

use crate::model::{Guards, Live, LiveSpace, Permission, Principal, SpaceKey};

use super::accounts::Accounts;
use super::actions::{Action, Actions};
use super::document::{Danger, Endangered, MeanwhileReason, Moment, Plan, PlannedCall, Refusal};
use content::{GatedPlace, Places};
use order::{AllOf, Order, Verdicts};
use people::People;
use space::{GapsFound, Space, Steps};
use tables::{Assumptions, GrantRows, ListTables, Tables, TimedGate};

/// So many questions "can this person do that here" are asked of one space, at most.
const MOST: usize = 200_000;

/// How the calls of a plan may come in an order that breaks its promise. That is an error of this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub space: SpaceKey,
    /// What would be open, or shut, for a moment; none if the edges of the plan contradict its own order.
    pub danger: Option<Danger>,
}

/// Plays a plan through; `live` is the site that it is for, and `after` what it leads to.
///
/// # Errors
///
/// The first access that the plan does not keep between what it is before and what it is after.
pub fn check(plan: &Plan, live: &Live, after: &Live, guards: &Guards) -> Result<(), Broken> {
    let refused_for = |is: fn(&Refusal) -> bool| -> BTreeSet<&SpaceKey> {
        plan.refusals.iter().filter(|refusal| is(refusal)).map(Refusal::space).collect()
    };
    let refused = refused_for(Refusal::is_about_the_order);
    let mut spaces: BTreeMap<&SpaceKey, Vec<&PlannedCall>> = BTreeMap::new();
    for call in plan.calls.iter().filter(|call| !refused.contains(call.call.space())) {
        spaces.entry(call.call.space()).or_default().push(call);
    }
    // Where the account would administer the space no more, the plan is refused for that.
    let locks_out =
        refused_for(|refusal| matches!(refusal, Refusal::Lockout { .. } | Refusal::NoAdmin { .. }));
    let accepted = plan.meanwhile.iter().filter(|moment| moment.reason == MeanwhileReason::AcceptedGap);
    let accepts_gaps: BTreeSet<&SpaceKey> = accepted.map(|moment| &moment.space).collect();
    let vocabulary = live.vocabulary();
    let accounts = Accounts::of(&live.directory);
    let check_space = |(key, calls): (&SpaceKey, Vec<&PlannedCall>)| {
        let Some((before, after)) = live.spaces.get(key).zip(after.spaces.get(key)) else { return Ok(()) };
        let broken = |danger| Broken { space: key.clone(), danger };
        let order = Order::of(&calls).ok_or_else(|| broken(None))?;
        let gaps = if accepts_gaps.contains(key) { GapsFound::Accepted } else { GapsFound::Reported };
        let steps = Steps::Calls(&calls);
        let accounts = &accounts;
        let space = Space { before, after, live, steps, accounts, guards, gaps, vocabulary, only: None };
        let lost = if locks_out.contains(key) { None } else { space.lost_right(&order) };
        let danger = lost.or_else(|| space.first_danger(&order));
        danger.map_or(Ok(()), |danger| Err(broken(Some(danger))))
    };
    let checked: Vec<Result<(), Broken>> =
        spaces.into_iter().collect::<Vec<_>>().into_par_iter().map(check_space).collect();
    checked.into_iter().collect()
}

/// What there is in a state of a space that is neither before nor after, or is missing in it and is in both; `states` are
/// these three in their order. With `only`, for people who count as one of these.
pub(super) fn stray(
    states: [&LiveSpace; 3],
    only: Option<&BTreeSet<Principal>>,
    live: &Live,
    guards: &Guards,
) -> Option<Danger> {
    through(states, GapsFound::Reported, only, live, guards)
}

/// What is open in the second of these states of a space and in neither of the others.
pub(super) fn open_in(states: [&LiveSpace; 3], live: &Live, guards: &Guards) -> Option<Danger> {
    through(states, GapsFound::Ignored, None, live, guards)
}

fn through(
    [before, state, after]: [&LiveSpace; 3],
    gaps: GapsFound,
    only: Option<&BTreeSet<Principal>>,
    live: &Live,
    guards: &Guards,
) -> Option<Danger> {
    let (order, steps) = (Order::of_two(), Steps::Through(state));
    let (vocabulary, accounts) = (live.vocabulary(), &Accounts::of(&live.directory));
    Space { before, after, live, steps, accounts, guards, gaps, vocabulary, only }.first_danger(&order)
}

/// A person, by what is open to them.
#[derive(PartialEq, Eq, Hash)]
struct Player {
    is_protected: bool,
    /// For each permission that changes, whether they have it.
    permissions: Vec<TimedGate>,
    /// For each set of permissions of which an action needs one, whether they have one.
    rights: Vec<TimedGate>,
    /// For each list, whether it lets them through.
    lists: Vec<TimedGate>,
}

impl Player {
    /// What the player may come to do on one kind of content, lists aside, with the rights on which it hangs: each set
    /// of these once.
    fn accesses<'a>(&self, actions: &'a [Action], verdicts: &mut Verdicts<'_>) -> Vec<(&'a Action, AllOf)> {
        let mut known = HashSet::new();
        let mut accesses = Vec::new();
        for action in actions {
            let rights: BTreeSet<TimedGate> = action.needs.iter().map(|need| self.rights[*need]).collect();
            let Some(rights) = verdicts.all(rights) else { continue };
            if known.insert((rights, action.on_edit_list)) {
                accesses.push((action, rights));
            }
        }
        accesses
    }
}

impl Space<'_> {
    fn first_danger(&self, order: &Order) -> Option<Danger> {
        let Places { places, lists } = content::places(self);
        let people = People::of(self, lists.all());
        let lists: Vec<ListTables> =
            lists.all().iter().map(|list| ListTables::of(list, &people.principals)).collect();
        let actions = Actions::of(self.live.site.mode);
        let all = Assumptions::all(self);
        let asked = people.sets.len() * (places.len() + 1) * all.len();
        // Where there are too many, every so many-th person stands for the rest.
        let step = asked.div_ceil(MOST).max(1);
        let mut tables = Tables::default();
        for assumptions in all {
            let rows = GrantRows::of(self, assumptions, &people, &mut tables);
            let changed = rows.changed();
            // Who has the same gates has the same answers: the first of them stands for all.
            let mut players: HashMap<Player, usize> = HashMap::new();
            for (nth, person) in people.sets.iter().enumerate().step_by(step) {
                let mut right = |any_of: &[Permission]| rows.gate(any_of, person, &mut tables);
                let player = Player {
                    is_protected: person.iter().any(|place| people.protected.contains(place)),
                    permissions: changed.iter().map(|permission| right(&[*permission])).collect(),
                    rights: actions.needs().iter().map(|any_of| right(any_of)).collect(),
                    lists: lists.iter().map(|list| list.gate(person, &mut tables)).collect(),
                };
                players.entry(player).or_insert(nth);
            }
            let mut players: Vec<(usize, Player)> =
                players.into_iter().map(|(player, nth)| (nth, player)).collect();
            players.sort_unstable_by_key(|(nth, _)| *nth);
            let play = |verdicts: &mut Verdicts<'_>, (nth, player): &(usize, Player)| {
                let (what, moment) =
                    self.judge_player(player, &changed, &places, &actions, verdicts).err()?;
                let people = people.sets[*nth].iter().map(|place| people.principals[*place].clone());
                Some(Danger { people: people.collect(), what, moment })
            };
            let played = players.par_iter().map_init(|| Verdicts::new(order, &tables), play);
            let broken = played.find_first(Option::is_some).flatten();
            if broken.is_some() {
                return broken;
            }
        }
        None
    }

    /// Whether all accesses of a player keep the promise; the first that does not, if they do not.
    fn judge_player(
        &self,
        player: &Player,
        permissions: &BTreeSet<Permission>,
        places: &[GatedPlace<'_>],
        actions: &Actions,
        verdicts: &mut Verdicts<'_>,
    ) -> Result<(), (Endangered, Moment)> {
        let accesses = actions.on.each_ref().map(|actions| player.accesses(actions, verdicts));
        let judge = |rights: AllOf, lists: AllOf, what: Endangered, verdicts: &mut Verdicts<'_>| {
            let Some(moment) = verdicts.of([rights, lists]) else { return Ok(()) };
            let is_accepted = moment == Moment::ShutOut
                && match self.gaps {
                    GapsFound::Reported => false,
                    GapsFound::Accepted => !player.is_protected,
                    GapsFound::Ignored => true,
                };
            if is_accepted { Ok(()) } else { Err((what, moment)) }
        };
        for (permission, gate) in permissions.iter().zip(&player.permissions) {
            let Some(held) = verdicts.all([*gate]) else { continue };
            judge(held, AllOf::NONE, Endangered::Permission(*permission), verdicts)?;
        }
        for (action, rights) in accesses.iter().flatten().filter(|(action, _)| !action.on_edit_list) {
            judge(*rights, AllOf::NONE, Endangered::of(action.verb, None), verdicts)?;
        }
        for place in places {
            let Some(views) = verdicts.all(place.views.iter().map(|list| player.lists[*list])) else {
                continue;
            };
            let with_edit = match place.edit {
                Some(list) => verdicts.and(views, player.lists[list]),
                None => Some(views),
            };
            if (views, with_edit) == (AllOf::NONE, Some(AllOf::NONE)) {
                continue;
            }
            for (action, rights) in &accesses[Actions::kind(place.content.kind)] {
                let lists = if action.on_edit_list { with_edit } else { Some(views) };
                let Some(lists) = lists else { continue };
                judge(*rights, lists, Endangered::of(action.verb, Some(place.content.id)), verdicts)?;
            }
        }
        Ok(())
    }
}
