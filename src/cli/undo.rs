//! `confperm undo`: the way back from a run, through the same guards, order and look as any other plan.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use camino::{Utf8Path, Utf8PathBuf};

use crate::apply::journal::{self, Record, RejectedGrant, SiteKey, TakenBackRuns};
use crate::apply::rest;
use crate::apply::undo::{self, NotGivenBack, Undo, UndoOptions};
use crate::model::{Desired, Live, SpaceId, SpaceKey};
use crate::plan::{Aim, Change, Gaps, ObjectId, Plan};
use crate::render::style::{count, list};
use crate::render::{self, Basis};

use super::apply::{Approval, Source, carry_through};
use super::args::{ApplyArgs, OverrideArgs, Scope, UndoArgs};
use super::keys;
use super::lockfile::Lacking;
use super::prepare::{Unchecked, begin, override_guards};
use super::saved::{Remainder, say_what_moved};
use super::signals::Signals;
use super::unreadable::About;
use super::{CliError, Environment, Exit, Failure, Output, SiteReading};

pub(super) async fn run(
    args: &UndoArgs,
    environment: &Environment,
    signals: &Signals,
    out: &Output,
) -> Result<Exit, CliError> {
    if args.scope.team.is_some() {
        return Err(CliError::usage(
            "--team says what a plan of the policy is about, and a run is undone as a whole",
            "`--space KEY` takes back what the run did in some spaces",
        ));
    }
    let (mut record, mut finished) = if args.journal == LAST {
        meant_by_last(&args.scope.directory, out)?
    } else {
        (find(&args.journal, &args.scope.directory)?, BTreeSet::new())
    };
    // What it did not come to stays as it is.
    let changed = record.changed();
    record.plan.objects.retain(|object| changed.contains(&ObjectId::of(object)));
    let UndoArgs { include_ended, ahead_of_revert, .. } = *args;
    if include_ended {
        finished.clear();
    }
    let options = UndoOptions { include_ended, rejected: rejected(&record, &args.scope.directory) };
    let spaces = args.scope.spaces.clone();
    let run = RunToUndo { record, spaces, finished, options, ahead_of_revert };
    let approval = Approval { expected: None, source: Source::Journal(Box::new(run)) };
    carry_through(&as_apply(args), &approval, environment, signals, out).await
}

/// The arguments that carrying out the way back takes.
fn as_apply(args: &UndoArgs) -> ApplyArgs {
    ApplyArgs {
        scope: Scope { spaces: Vec::new(), ..args.scope.clone() },
        policy: None,
        run: args.run.clone(),
        expect: None,
        max_calls: None,
        stop_at: None,
        forget: Vec::new(),
    }
}

/// Stands for the journal of the last run.
const LAST: &str = "last";

/// The journal that was asked for: a path, a name in the folder of journals, or the last one.
pub(super) fn find(asked: &Utf8Path, directory: &Utf8Path) -> Result<Record, CliError> {
    if asked == LAST {
        return last(directory).map(|(record, _)| record);
    }
    let in_folder = |name: &str| journal::folder(directory).join(name);
    let places: [Utf8PathBuf; 3] =
        [asked.to_owned(), in_folder(asked.as_str()), in_folder(&format!("{asked}.ndjson"))];
    let Some(path) = places.iter().find(|place| place.is_file()) else {
        let folder = journal::folder(directory);
        return Err(unreadable(format!(
            "there is no journal `{asked}`, neither at this path nor in {folder}"
        ))
        .with_hint("`confperm log` lists the journals"));
    };
    let record = journal::read(path).map_err(|error| unreadable(error.to_string()))?;
    record.ok_or_else(|| unreadable(format!("`{path}` says nothing: its run ended before it began")))
}

/// The last run that set out to change something, or the last one where none did, and the others.
fn last(directory: &Utf8Path) -> Result<(Record, Vec<Record>), CliError> {
    let (mut records, not_read) = journal::all(&journal::folder(directory));
    if let Some(error) = not_read.first() {
        return Err(unreadable(format!("{error}, so which run was the last is not known")));
    }
    if records.is_empty() {
        return Err(unreadable(format!("no run has kept a journal in {}", journal::folder(directory))));
    }
    let place = records.iter().position(Record::has_plan).unwrap_or_default();
    Ok((records.remove(place), records))
}

fn unreadable(why: String) -> CliError {
    CliError::failed(Failure::UnreadableJournal, why)
}

/// What `last` means, and what of it is taken back already. Where the last run took back another one, `last` goes on with
/// what is left of that: the same command given twice is meant to take something back, and not to do it again. The objects
/// that are taken back already stay as they are, whatever others did to them since.
fn meant_by_last(directory: &Utf8Path, out: &Output) -> Result<(Record, BTreeSet<ObjectId>), CliError> {
    let (last, mut records) = last(directory)?;
    let Some(run) = last.takes_back() else { return Ok((last, BTreeSet::new())) };
    let name = last.path.file_stem().unwrap_or_default().to_owned();
    let again = format!("`confperm undo {name}` would bring back what it took away");
    let Some(place) = records.iter().position(|record| record.began.to_string() == run) else {
        return Err(unreadable(format!(
            "the last run, {name}, took another one back, whose journal is not here; nothing was changed"
        ))
        .with_hint(format!("name the journal of the run that is meant; {again}")));
    };
    let record = records.remove(place);
    records.insert(0, last);
    let finished = TakenBackRuns::of(&records).taken_back(&record).map(|taken_back| taken_back.finished);
    let undone = record.path.file_stem().unwrap_or_default();
    out.say(&format!(
        "The last run took back what {undone} did; this goes on with what is left of that ({again})"
    ));
    Ok((record, finished.unwrap_or_default()))
}

/// What the site rejected of earlier ways back from this run.
fn rejected(run: &Record, directory: &Utf8Path) -> BTreeSet<RejectedGrant> {
    let began = run.began.to_string();
    let (records, _) = journal::all(&journal::folder(directory));
    let undos = records.iter().filter(|record| record.takes_back() == Some(&began));
    undos.flat_map(Record::rejected).collect()
}

/// A run that is to be undone.
#[derive(Debug)]
pub(super) struct RunToUndo {
    /// Its plan has only the objects that it changed.
    record: Record,
    /// The spaces to undo it in, by their keys of then or of now; all if there are none.
    spaces: Vec<SpaceKey>,
    /// What is taken back already, in the keys of then.
    finished: BTreeSet<ObjectId>,
    options: UndoOptions,
    ahead_of_revert: bool,
}

/// What of a run is to be undone, in the keys that its spaces have now.
struct Narrowed {
    record: Record,
    /// Whether the run did something elsewhere.
    in_part: bool,
    /// What is said where nothing is left.
    message_if_empty: &'static str,
    /// The spaces that are gone. Nothing of them is in the record.
    gone: BTreeSet<SpaceKey>,
}

impl RunToUndo {
    /// Follows spaces to the keys that they have now, and leaves out what is not meant, taken back already, or gone.
    async fn narrowed(
        &self,
        reading: SiteReading<'_>,
        live: &mut Live,
        out: &Output,
    ) -> Result<Narrowed, CliError> {
        let mut record = self.record.clone();
        let changed = rest::spaces(&record.plan);
        let id_of = |key: &SpaceKey| record.plan.spaces.get(key).map(|space| space.id);
        let then: Vec<(&SpaceKey, SpaceId)> =
            changed.iter().filter_map(|key| Some((key, id_of(key)?))).collect();
        let by_id = keys::of_now(&then, reading, live).await?;
        let now: BTreeMap<SpaceKey, Option<SpaceKey>> =
            then.iter().map(|(key, id)| ((*key).clone(), by_id.get(id).cloned())).collect();
        let meant = meant(&self.spaces, &now)?;
        record.plan.objects.retain(|object| {
            meant.contains(object.space()) && !self.finished.contains(&ObjectId::of(object))
        });
        let left = rest::spaces(&record.plan);
        record.plan.objects.retain(|object| now.get(object.space()).is_some_and(Option::is_some));
        let gone: BTreeSet<SpaceKey> = left.difference(&rest::spaces(&record.plan)).cloned().collect();
        let message_if_empty = if changed.is_empty() {
            "Nothing to change: the run changed nothing."
        } else if left.is_empty() {
            "Nothing to change: what this would take back is taken back already."
        } else if left == gone {
            NO_SPACE_LEFT
        } else {
            "Nothing to change: what this would take back is in spaces that are skipped."
        };
        // A space of the run may have the key now that another one had then, whether that is gone, or was not changed and
        // is not looked for.
        let aside = |id: SpaceId| format!("id:{id}").parse().ok();
        let spaces = record.plan.spaces.iter().map(|(key, space)| (key, space.id));
        let keys: BTreeMap<SpaceKey, SpaceKey> = spaces
            .filter_map(|(key, id)| Some((key.clone(), by_id.get(&id).cloned().or_else(|| aside(id))?)))
            .collect();
        for (then, now) in
            keys.iter().filter(|(then, now)| then != now && left.contains(*then) && !gone.contains(*then))
        {
            out.say(&format!("The space {then} of the run has the key {now} now"));
        }
        record.follow_keys(&keys);
        Ok(Narrowed { record, in_part: meant.len() < changed.len(), message_if_empty, gone })
    }

    /// Plans the way back.
    pub(super) async fn prepare(
        &self,
        scope: &Scope,
        overrides: &OverrideArgs,
        environment: &Environment,
        out: &Output,
    ) -> Result<Remainder, CliError> {
        let Self { options, ahead_of_revert, .. } = self;
        let mut begun = Box::pin(begin(scope, Unchecked::AnyBreach, environment, out)).await?;
        if !self.record.site.is_same(&begun.connection.journal_key()) {
            return Err(self.is_elsewhere(&begun.connection.journal_key(), &scope.directory));
        }
        let reading = SiteReading::again(&begun.connection, out);
        let narrowed = self.narrowed(reading, &mut begun.live, out).await?;
        let Narrowed { record, in_part, message_if_empty, gone } = &narrowed;
        begun.policy.focus_on_found(rest::spaces(&record.plan));
        let planning = |desired: &Desired, live: &Live| undo::needs(record, options, desired, live);
        let about =
            if *ahead_of_revert { About::Plan(&record.plan) } else { About::PlanAndPolicy(&record.plan) };
        // What the command line names is not skipped.
        let named = if self.spaces.is_empty() { BTreeSet::new() } else { rest::spaces(&record.plan) };
        let asked = Scope { spaces: named.into_iter().collect(), ..scope.clone() };
        let desired = Box::pin(begun.resolve(&asked, Lacking::Reported, about, &planning, out)).await?;
        let mut record = record.clone();
        let skipped = begun.unread.skipped.iter().filter_map(|skipped| skipped.space.clone()).collect();
        rest::leave_out(&mut record.plan, &skipped);
        let (record, live) = (&record, &begun.live);
        let Undo { mut rest, kept } = undo::undo(record, live, options);
        rest.gone.extend(gone.iter().map(|key| (key.clone(), None)));
        let mut frame = undo::without_declarations(&desired, &record.plan);
        frame.skipped.extend(begun.unread.skipped.iter().cloned());
        let gaps = if scope.allow_gap { Gaps::Allow } else { Gaps::Refuse };
        let mut planned = rest.plan(&Aim::default(), gaps, &frame, live)?;
        for (key, space) in &mut planned.plan.spaces {
            let then = record.plan.spaces.get(key).map(|then| then.mode);
            let mode = desired.spaces.get(key).map(|now| now.mode).or(then);
            space.mode = mode.unwrap_or(space.mode);
        }
        override_guards(&mut planned.plan, overrides, out);
        let again = undo::done_again(&planned.plan, &desired, &planned.after);
        if !again.is_empty() && !ahead_of_revert {
            return Err(self.is_asked_for(&again, &planned.plan));
        }
        say_what_moved(&record.plan, &rest, Basis::Undo { in_part: *in_part, has_exceptions: true }, out);
        for line in kept.iter().map(|kept| render::not_given_back(kept, &record.plan)) {
            out.warn(&line);
        }
        if let Some(commit) = self.commit() {
            out.say(&format!("The run was made from commit {commit}; `git revert {commit}` keeps it undone"));
        }
        let mut prepared = Box::pin(begun.prepared(planned, scope, None, environment, out)).await?;
        prepared.message_if_empty = Some(message_if_empty);
        let has_exceptions = rest.has_moved() || kept.iter().any(NotGivenBack::stays_away);
        prepared.view.basis = Basis::Undo { in_part: *in_part, has_exceptions };
        Ok(Remainder { prepared, has_moved: rest.has_moved() })
    }

    fn is_elsewhere(&self, this: &SiteKey, directory: &Utf8Path) -> CliError {
        let (records, _) = journal::all(&journal::folder(directory));
        let here = records.iter().find(|record| record.site.is_same(this) && record.has_plan());
        let name = here.and_then(|record| record.path.file_stem());
        let of_this =
            name.map(|name| format!("; the last run on this one is {name}, `confperm undo {name}`"));
        CliError::failed(
            Failure::WrongSite,
            format!("the journal `{}` is about another site; nothing was changed", self.record.path),
        )
        .with_hint(format!("`--site` says which site is meant{}", of_this.unwrap_or_default()))
    }

    fn commit(&self) -> Option<&str> {
        Some(self.record.plan.made_from.as_ref()?.commit.as_ref()?.as_str())
    }

    fn is_asked_for(&self, again: &[Change], plan: &Plan) -> CliError {
        const SHOWN: usize = 5;
        let mut message = format!(
            "the policy still asks for {} that this takes back, so the next apply would do it again; nothing was changed",
            count(again.len(), "change", "changes")
        );
        for change in again.iter().take(SHOWN) {
            let _ = write!(message, "\n  {}", render::change_in_words(plan, change));
        }
        if again.len() > SHOWN {
            let _ = write!(message, "\n  and {} more", again.len() - SHOWN);
        }
        let commit = self.commit().map(|commit| format!(" (`git revert {commit}`)")).unwrap_or_default();
        CliError::failed(Failure::AskedFor, message).with_hint(format!(
            "revert the commit that brought it{commit}, or pass --ahead-of-revert to undo the run first"
        ))
    }
}

/// What is said where the spaces of a plan are gone.
pub(super) const NO_SPACE_LEFT: &str = "Nothing to change: there is no space left to change something in.";

/// Which spaces of a run a command line means, by their keys of then: all if it names none. `now` has the keys of now.
fn meant(
    asked: &[SpaceKey],
    now: &BTreeMap<SpaceKey, Option<SpaceKey>>,
) -> Result<BTreeSet<SpaceKey>, CliError> {
    if asked.is_empty() {
        return Ok(now.keys().cloned().collect());
    }
    let mut meant = BTreeSet::new();
    for key in asked {
        let of_then = now.get_key_value(key).map(|(then, _)| then);
        let of_now = now.iter().find(|(_, now)| now.as_ref() == Some(key)).map(|(then, _)| then);
        match (of_then, of_now) {
            (None, None) => {
                let keys: Vec<String> = now.iter().map(|(then, now)| both_keys(then, now.as_ref())).collect();
                let hint = if keys.is_empty() {
                    "it changed nothing at all".to_owned()
                } else {
                    format!("it changed {}", list(&keys))
                };
                return Err(CliError::usage(format!("--space {key}: the run changed nothing there"), hint));
            }
            (Some(one), Some(other)) if one != other => {
                let keys = [one, other].map(|then| both_keys(then, now.get(then).and_then(Option::as_ref)));
                return Err(CliError::usage(
                    format!("--space {key} could mean two spaces of the run, {}", list(&keys)),
                    "name them by keys that mean one; without --space the run is taken back in both",
                ));
            }
            (one, other) => meant.extend(one.or(other).cloned()),
        }
    }
    Ok(meant)
}

/// The key that a space had in the run, and the one that it has now.
fn both_keys(then: &SpaceKey, now: Option<&SpaceKey>) -> String {
    match now {
        Some(now) if now == then => then.to_string(),
        Some(now) => format!("{then} (now {now})"),
        None => format!("{then} (gone)"),
    }
}
