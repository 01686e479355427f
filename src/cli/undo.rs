//! `confperm undo`: the way back from a run, through the same guards, order and look as any other plan.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use camino::{Utf8Path, Utf8PathBuf};

use crate::apply::journal::{self, Record};
use crate::apply::rest;
use crate::apply::undo::{self, NotGivenBack, Undo};
use crate::model::{Desired, Live, Permission, SpaceKey};
use crate::plan::{Aim, Change, ChangeReason, Gaps, ObjectId, Plan};
use crate::render::style::{count, list};
use crate::render::{self, Basis};

use super::apply::{Approval, Source, carry_through};
use super::args::{ApplyArgs, OverrideArgs, Scope, UndoArgs};
use super::environment::Environment;
use super::error::CliError;
use super::exit::Exit;
use super::failure::Failure;
use super::lockfile::Lacking;
use super::output::Output;
use super::prepare::{Unchecked, begin, override_guards};
use super::saved::{Remainder, say_what_moved};
use super::signals::Signals;
use super::unreadable::About;

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
    let mut record = find(&args.journal, &args.scope.directory)?;
    let mut finished = BTreeSet::new();
    if args.journal == LAST
        && let Some(run) = taken_back_by(&record).map(str::to_owned)
    {
        (record, finished) = rest_of(&run, &record, &args.scope.directory, out)?;
    }
    let is_narrowed = within(&mut record, &args.scope.spaces)?;
    if !args.include_ended {
        record.plan.objects.retain(|object| !finished.contains(&ObjectId::of(object)));
    }
    let UndoArgs { include_ended, ahead_of_revert, .. } = *args;
    let run = UndoneRun { record, is_narrowed, include_ended, ahead_of_revert };
    let approval = Approval { expected: None, source: Source::Journal(Box::new(run)) };
    carry_through(&as_apply(args), &approval, environment, signals, out).await
}

/// Leaves of a run what it did in some spaces, if some were named; says whether it did something elsewhere.
fn within(record: &mut Record, spaces: &[SpaceKey]) -> Result<bool, CliError> {
    let changed = rest::spaces(&record.plan);
    if let Some(missing) = spaces.iter().find(|key| !changed.contains(*key)) {
        let keys: Vec<String> = changed.iter().map(ToString::to_string).collect();
        return Err(CliError::usage(
            format!("--space {missing}: the run changed nothing there"),
            format!("it changed {}", list(&keys)),
        ));
    }
    if !spaces.is_empty() {
        record.plan.objects.retain(|object| spaces.contains(object.space()));
    }
    Ok(!spaces.is_empty() && changed.iter().any(|key| !spaces.contains(key)))
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
    let unreadable = |why: String| CliError::failed(Failure::UnreadableJournal, why);
    if asked == LAST {
        let (records, not_read) = journal::all(&journal::folder(directory));
        if let Some(error) = not_read.first() {
            return Err(unreadable(format!("{error}, so which run was the last is not known")));
        }
        let none = || unreadable(format!("no run has kept a journal in {}", journal::folder(directory)));
        return records.into_iter().next().ok_or_else(none);
    }
    let in_folder = |name: &str| journal::folder(directory).join(name);
    let places: [Utf8PathBuf; 3] =
        [asked.to_owned(), in_folder(asked.as_str()), in_folder(&format!("{asked}.ndjson"))];
    let Some(path) = places.iter().find(|place| place.is_file()) else {
        return Err(CliError::failed(
            Failure::UnreadableJournal,
            format!(
                "there is no journal `{asked}`, neither at this path nor in {}",
                journal::folder(directory)
            ),
        )
        .with_hint("`confperm log` lists the journals"));
    };
    let record = journal::read(path).map_err(|error| unreadable(error.to_string()))?;
    record.ok_or_else(|| unreadable(format!("`{path}` says nothing: its run ended before it began")))
}

/// The run that another one took back, by when it began.
fn taken_back_by(record: &Record) -> Option<&str> {
    record.plan.changes.iter().find_map(|change| match change.reason() {
        ChangeReason::TakenBack { run } => Some(run.as_str()),
        _ => None,
    })
}

/// What is left of a run that the last one took back in part: `last` goes on with it, for the same command given twice is
/// meant to take something back, and not to do it again. The objects that are taken back already stay as they are,
/// whatever others did to them since.
fn rest_of(
    run: &str,
    last: &Record,
    directory: &Utf8Path,
    out: &Output,
) -> Result<(Record, BTreeSet<ObjectId>), CliError> {
    let name = last.path.file_stem().unwrap_or_default();
    let again = format!("`confperm undo {name}` would bring back what it took away");
    let (records, _) = journal::all(&journal::folder(directory));
    // What took it back before was itself taken back.
    let finished = records
        .iter()
        .take_while(|record| taken_back_by(record) == Some(run))
        .flat_map(Record::finished)
        .collect();
    let Some(record) = records.into_iter().find(|record| record.began.to_string() == run) else {
        return Err(CliError::failed(
            Failure::UnreadableJournal,
            format!(
                "the last run, {name}, took another one back, whose journal is not here; nothing was changed"
            ),
        )
        .with_hint(format!("name the journal of the run that is meant; {again}")));
    };
    let undone = record.path.file_stem().unwrap_or_default();
    out.say(&format!(
        "The last run took back what {undone} did; this goes on with what is left of that ({again})"
    ));
    Ok((record, finished))
}

/// A run that is to be undone.
#[derive(Debug)]
pub(super) struct UndoneRun {
    record: Record,
    /// Whether it is undone in some of its spaces alone.
    is_narrowed: bool,
    include_ended: bool,
    ahead_of_revert: bool,
}

impl UndoneRun {
    /// Whether nothing is left to take back.
    pub(super) const fn is_empty(&self) -> bool {
        self.record.plan.objects.is_empty()
    }

    /// Plans the way back.
    pub(super) async fn prepare(
        &self,
        scope: &Scope,
        overrides: &OverrideArgs,
        environment: &Environment,
        out: &Output,
    ) -> Result<Remainder, CliError> {
        let Self { record, include_ended, ahead_of_revert, .. } = self;
        let mut begun = Box::pin(begin(scope, Unchecked::AnyBreach, environment, out)).await?;
        if !record.site.is_same(&begun.connection.journal_key()) {
            return Err(CliError::failed(
                Failure::WrongSite,
                format!("the journal `{}` is about another site; nothing was changed", record.path),
            )
            .with_hint("`--site` says which site is meant"));
        }
        begun.policy.focus_on_found(rest::spaces(&record.plan));
        let planning = |desired: &Desired, live: &Live| undo::needs(record, *include_ended, desired, live);
        let about = About::Plan(&record.plan);
        let desired = Box::pin(begun.resolve(scope, Lacking::Reported, about, &planning, out)).await?;
        let mut record = record.clone();
        rest::leave_out(&mut record.plan, &begun.unread.keys);
        let (record, live) = (&record, &begun.live);
        let Undo { mut rest, kept } = undo::undo(record, live, *include_ended);
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
        say_what_moved(&record.plan, &rest, Basis::Undo, out);
        for line in kept.iter().map(|kept| kept_words(kept, &record.plan)) {
            out.warn(&line);
        }
        if let Some(commit) = self.commit() {
            out.say(&format!("The run was made from commit {commit}; `git revert {commit}` keeps it undone"));
        }
        let is_narrowed = self.is_narrowed || !begun.unread.skipped.is_empty();
        let prepared = Box::pin(begun.prepared(planned, scope, None, environment, out)).await?;
        Ok(Remainder { prepared, has_moved: rest.has_moved(), is_narrowed })
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

/// What does not come back, and why.
fn kept_words(kept: &NotGivenBack, plan: &Plan) -> String {
    let words = |permissions: &BTreeSet<Permission>| {
        list(&permissions.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    match kept {
        NotGivenBack::Requested { space, who } => format!(
            "{space}  {} does not get back what it had: that had ended, or the policy named it to be removed (--include-ended gives it back)",
            plan.name(who)
        ),
        NotGivenBack::SinglePermissions { space, who, permissions } => format!(
            "{space}  {} does not get back {}, and keeps what it has now: the site gives it access by roles alone",
            plan.name(who),
            words(permissions)
        ),
        NotGivenBack::Ungrantable { space, who, permissions } => format!(
            "{space}  {} does not get back {}: this site grants that only along with other permissions",
            plan.name(who),
            words(permissions)
        ),
        NotGivenBack::Doubtful { space, who, permissions } => format!(
            "{space}  {} gets back {} if this site grants that alone, which is not established for sites without space roles",
            plan.name(who),
            words(permissions)
        ),
        NotGivenBack::Role { space, who, role } => format!(
            "{space}  {} does not get back the role {}: the site does not have it any more",
            plan.name(who),
            plan.roles.get(role).map_or_else(|| role.as_str(), |name| name.as_str())
        ),
        NotGivenBack::Beside { space, who, role } => format!(
            "{space}  {} does not get back the role {}: it holds single permissions that the run did not give, and the role would take their place",
            plan.name(who),
            plan.roles.get(role).map_or_else(|| role.as_str(), |name| name.as_str())
        ),
        NotGivenBack::List { space, content, list } => {
            let page = plan
                .pages
                .get(content)
                .map_or_else(|| format!("id:{content}"), |page| page.path.as_str().to_owned());
            format!(
                "{space}  {page}: the {} list stays as it is, since nothing would be left of the one from before",
                list.as_str()
            )
        }
        NotGivenBack::OtherContents { role } => format!(
            "the role {} comes back and gives something else than it gave then",
            plan.roles.get(role).map_or_else(|| role.as_str(), |name| name.as_str())
        ),
    }
}
