//! What a run must know of a site, and reading until nothing of it is missing.
//!
//! ```text
//!            ┌──────────── needs(&Live) ────────────┐
//!            ▼                                      │
//!          Needs ──fulfil (one kind of thing)──▶ Live, grown
//! ```
//!
//! What to read depends on what has been read: which spaces a rule selects on the list of spaces, which pages a
//! pattern reaches on the page tree, whose licences matter on the lists. So the question is a pure function
//! from a [`Live`] to the [`Needs`] that follow from it, and [`until_known`] reads the first kind of thing that is
//! missing and asks again. A [`Live`] records what was read of it, therefore nothing is read twice, and each
//! loop ends.
//!
//! The needs of a policy, of a question, of access tests and of a copy of spaces are here; those of a plan
//! are in [`crate::plan::needs`], since they follow from what would change. Nothing here writes, prints, or knows
//! which program or test is asking.

mod access_tests;
mod anonymous;
mod content;
mod everything;
mod fulfil;
mod labels;
mod missing;
mod needs;
pub mod one;
mod people;
mod policy;
mod progress;
mod question;

pub use access_tests::{for_tests, of_tested, of_tests};
pub use everything::{Chosen, of_all_groups, of_spaces};
pub use needs::{ContentNeeds, ListingNeeds, Lists, NeededPeople, Needs, SiteLists};
pub use policy::{of_names, of_policy};
pub use progress::{Hook, Part, Progress, quiet};
pub use question::{Askers, of_answer, of_pages, of_space};

use crate::confluence::{self, Read, UnreadableEntries};
use crate::diagnostic::Diagnostics;
use crate::model::{Desired, Gap, Live};
use crate::policy::{Context, Policy, Resolved, resolve};

/// Why a site could not be observed as far as a plan needs it.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Something could not be read.
    #[error(transparent)]
    Site(#[from] confluence::Error),
    /// The policy cannot be resolved on this site.
    #[error("the policy cannot be resolved on this site")]
    Policy(Diagnostics),
}

/// Reads until what is needed is known; `needs` says what that is, given what has been read so far.
pub async fn until_known<R: Read>(
    read: &R,
    live: &mut Live,
    needs: impl Fn(&Live) -> Needs,
    hook: Hook<'_>,
) -> Result<(), confluence::Error> {
    while fulfil::fulfil(read, live, &needs(live), hook).await? {}
    live.gaps.retain(|gap| !matches!(gap, Gap::Unreadable { .. }));
    let unreadable =
        read.unreadable().into_iter().map(|UnreadableEntries { list, space, count, example }| {
            let key = space.and_then(|id| live.listing.spaces.values().find(|space| space.id == id));
            Gap::Unreadable { space: key.map(|space| space.key.clone()), list, count, example }
        });
    let unreadable: Vec<Gap> = unreadable.collect();
    live.gaps.extend(unreadable);
    Ok(())
}

/// Reads what planning a policy needs, and resolves the policy: first what the policy itself is about, then what
/// `planning` asks for, which is [`crate::plan::needs`].
///
/// `live` may be a site of which nothing has been read ([`Live::of`]), or one that was observed before: to look
/// at some spaces again, [`Live::forget`] them and limit the policy to them ([`Policy::focus_on`]).
pub async fn for_plan<R: Read>(
    read: &R,
    live: &mut Live,
    policy: &Policy,
    context: Context<'_>,
    planning: impl Fn(&Desired, &Live) -> Needs,
    hook: Hook<'_>,
) -> Result<Resolved, Failure> {
    live.guests = policy.guests();
    until_known(read, live, |live| of_policy(policy, context, live), hook).await?;
    live.guests = policy.on_site(context.lock, &live.listing).policy.guests();
    let resolved = resolve(policy, live, context).map_err(Failure::Policy)?;
    until_known(read, live, |live| planning(&resolved.desired, live), hook).await?;
    Ok(resolved)
}
