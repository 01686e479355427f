//! `confperm import`: live spaces as a policy that changes nothing.
//!
//! The files are made from what was read, read back as any policy is, and planned against what was read.
//! Only if that plan is empty are they written.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};

use crate::diagnostic::{Diagnostics, Sources, Span};
use crate::model::{Live, LiveSpace, Space, SpaceKey, SpaceKind, SpaceStatus};
use crate::observe::{self, Chosen};
use crate::plan::{self, Gaps};
use crate::policy::export::{SpaceDraft, draft, files};
use crate::policy::lock::Lock;
use crate::policy::{self, Context, Policy};
use crate::render::style::{count, first_of};
use crate::render::{self, ImportSummary};

use super::args::{AnswerFormat, ImportArgs};
use super::chosen;
use super::directory;
use super::keys;
use super::lockfile::Learning;
use super::new_files::{self, Files};
use super::unreadable::{self, UnreadSpaces};
use super::{CliError, Connection, Environment, Exit, Failure, LockFile, Output, SiteReading};

pub(super) async fn run(
    args: &ImportArgs,
    environment: &Environment,
    out: &Output,
) -> Result<Exit, CliError> {
    if args.stdout && args.spaces.keys.len() > 1 {
        return Err(CliError::usage(
            "--stdout prints the policy of one space, and several were named",
            "leave out --stdout to write a file for each",
        ));
    }
    let mut there = There::load(&args.directory)?;
    let lock = LockFile::read(&args.directory, &mut Sources::default())?;
    let connection =
        Connection::open(&args.site, &args.directory, &there.policy, &lock, environment, out).await?;
    carry_out(args, &mut there, &lock, &connection, environment, out).await
}

async fn carry_out(
    args: &ImportArgs,
    there: &mut There,
    lock: &LockFile,
    connection: &Connection,
    environment: &Environment,
    out: &Output,
) -> Result<Exit, CliError> {
    let context = Context { today: environment.today()?, lock: lock.known() };
    let (template, live, unread) = read(args, &there.policy, context, connection, out).await?;
    unread.say(out);
    let exit = if unread.is_empty() { Exit::Done } else { Exit::Incomplete };
    let mut drafts = drafted(template.as_ref(), &there.policy, &live);
    if args.force {
        there.forget(&files::places(&drafts, None).into_values().collect());
        drafts = drafted(template.as_ref(), &there.policy, &live);
    }
    // A file that declares nothing names no space, which would be missing again the next time.
    let is_missing_still = |draft: &SpaceDraft| args.missing && draft.says_nothing();
    drafts.sort_by_key(is_missing_still);
    let imported = &drafts[..drafts.partition_point(|draft| !is_missing_still(draft))];
    let is_about_all = args.spaces.all || args.missing;
    let archived =
        if is_about_all { chosen::archived_left_out(&args.spaces, &there.policy, &live) } else { 0 };
    let summary = ImportSummary { drafts: &drafts, archived };
    let site = there.fresh.then_some(connection.met.written.as_str());
    if args.stdout {
        out.file(&files::in_one(imported, &there.policy, &live, site));
        summary.to_lines().iter().for_each(|line| out.say(line));
        return Ok(exit);
    }
    if imported.is_empty() {
        report(args, summary, &Files::new(), &BTreeMap::new(), out);
        return Ok(exit);
    }
    let places = files::places(imported, args.missing.then_some(&there.sources));
    let made = files::compose(imported, &places, &there.policy, &there.sources, &live, site);
    let is_space = |path: &Utf8Path| places.values().any(|place| place == path);
    let extends = |path: &Utf8Path| there.sources.get(path).is_some() && !is_space(path);
    if args.force {
        there.may_replace(is_space, imported)?;
    } else {
        let new = made.keys().filter(|path| !extends(path));
        new_files::refuse_existing(&args.directory, new, instead(args))?;
        there.has_none_of(imported, lock.known(), &live, instead(args))?;
    }
    let (policy, _, sources) = read_back(there, &made)?;
    if args.from.is_none() {
        let context = Context { lock: Lock::EMPTY, ..context };
        prove(there, policy.clone(), sources, &live, imported, context)?;
    }
    new_files::write(&args.directory, &made, |path| args.force || extends(path))?;
    lock.learn(&lock.learnt(&policy, &live, connection, false), Learning::Allowed, out)?;
    report(args, summary, &made, &places, out);
    Ok(exit)
}

/// Says what was written, and what is left out.
fn report(
    args: &ImportArgs,
    summary: ImportSummary<'_>,
    made: &Files,
    places: &BTreeMap<SpaceKey, Utf8PathBuf>,
    out: &Output,
) {
    if args.format == AnswerFormat::Json {
        return out.data(&summary.to_json(&made.keys().cloned().collect(), places));
    }
    summary.to_lines().iter().for_each(|line| out.say(line));
    if made.is_empty() {
        out.data("Nothing to import: every space that was asked for and can be declared has an entry in the policy.\n");
        return;
    }
    out.data(&format!(
        "{} written {}: {}. {}\n",
        count(places.len(), "space", "spaces"),
        new_files::place(&args.directory),
        new_files::listed(made),
        if args.from.is_some() {
            "`confperm plan` shows what they change."
        } else {
            "A plan of them changes nothing."
        },
    ));
}

/// What to do where spaces are in the policy already.
const fn instead(args: &ImportArgs) -> &'static str {
    if args.spaces.all {
        "`confperm import --missing` imports the spaces that the policy does not have yet; --force replaces files of spaces"
    } else {
        "name only spaces without a file with --space, or another directory with -C, or add --force to replace files of spaces"
    }
}

/// As many spaces of one file are named.
const NAMED: usize = 5;

/// The policy that is in the directory already; an empty one, if there is none.
struct There {
    policy: Policy,
    sources: Sources,
    fresh: bool,
}

impl There {
    fn load(directory: &Utf8Path) -> Result<Self, CliError> {
        let nothing = || Self { policy: Policy::default(), sources: Sources::default(), fresh: true };
        if !directory.exists() {
            return Ok(nothing());
        }
        let loaded = directory::load(directory)?;
        if loaded.policy.is_none() && loaded.sources.is_empty() && loaded.findings.len() == 1 {
            return Ok(nothing());
        }
        let (policy, _, sources) = directory::valid(loaded)?;
        Ok(Self { policy, sources, fresh: false })
    }

    /// Files can be replaced by the same spaces only, and a space cannot stand in two files.
    fn may_replace(
        &self,
        is_replaced: impl Fn(&Utf8Path) -> bool,
        drafts: &[SpaceDraft],
    ) -> Result<(), CliError> {
        let imported: BTreeSet<&SpaceKey> = drafts.iter().map(|draft| &draft.space.key).collect();
        let mut trouble = Vec::new();
        for (key, space) in &self.policy.spaces {
            let file = &space.key.span.file;
            match (is_replaced(file), imported.contains(key)) {
                (true, false) => trouble.push(format!("{file} declares {key} too")),
                (false, true) => trouble.push(format!("{key} is declared in {file}")),
                (true, true) | (false, false) => {}
            }
        }
        if trouble.is_empty() {
            return Ok(());
        }
        Err(CliError::failed(
            Failure::DeclaredElsewhere,
            format!("nothing was written: {}", trouble.join("; ")),
        )
        .with_hint("take these spaces out of their files first, or import into another directory with -C"))
    }

    /// A space cannot be declared twice.
    fn has_none_of(
        &self,
        drafts: &[SpaceDraft],
        lock: &Lock,
        live: &Live,
        hint: &'static str,
    ) -> Result<(), CliError> {
        let policy = self.policy.on_site(lock, &live.listing).policy;
        let mut declared: BTreeMap<&Utf8Path, Vec<String>> = BTreeMap::new();
        for space in drafts.iter().filter_map(|draft| policy.spaces.get(&draft.space.key)) {
            declared.entry(&*space.key.span.file).or_default().push(space.key.value.to_string());
        }
        if declared.is_empty() {
            return Ok(());
        }
        let files = declared
            .into_iter()
            .map(|(file, keys)| format!("{file} declares {}", first_of(keys.into_iter(), NAMED)));
        let message = format!("nothing was written: {}", files.collect::<Vec<_>>().join("; "));
        Err(CliError::failed(Failure::DeclaredElsewhere, message).with_hint(hint))
    }

    /// Drops what stands in files that are replaced, so that the new ones define it again.
    fn forget(&mut self, replaced: &BTreeSet<Utf8PathBuf>) {
        let stays = |span: &Span| !replaced.contains(&*span.file);
        self.policy.people.retain(|_, person| stays(&person.span));
        self.policy.groups.retain(|_, group| stays(&group.span));
        self.policy.roles.retain(|_, role| stays(&role.span));
    }

    /// This policy without what is replaced.
    fn without(&self, made: &Files) -> Sources {
        let mut sources = Sources::default();
        for (path, text) in self.sources.iter().filter(|(path, _)| !made.contains_key(&***path)) {
            sources.insert(path.to_path_buf(), text.clone());
        }
        sources
    }
}

/// One space as the model of another, under the keys of now.
struct Template {
    from: SpaceKey,
    to: SpaceKey,
}

async fn read(
    args: &ImportArgs,
    policy: &Policy,
    context: Context<'_>,
    connection: &Connection,
    out: &Output,
) -> Result<(Option<Template>, Live, UnreadSpaces), CliError> {
    let reading = SiteReading::of(connection, out);
    let mut live = reading.sign_in(policy).await?;
    let no_others = BTreeSet::new();
    if let (Some(from), Some(to)) = (&args.from, &args.template) {
        let mut from_now = keys::on_site([from], context.lock, reading, &mut live).await?;
        let from = from_now.pop_first().unwrap_or_else(|| from.clone());
        let both = Chosen::Keys(BTreeSet::from([from.clone(), to.clone()]));
        reading.until_known(&mut live, |live| observe::of_spaces(&both, &no_others, live)).await?;
        chosen::all_visible(&connection.site, [&from], &live).await?;
        if !live.spaces.contains_key(to) {
            out.warn(&format!("the site shows no space {to} yet, so no page of {from} is found in it"));
        }
        return Ok((Some(Template { from, to: to.clone() }), live, UnreadSpaces::default()));
    }
    if args.missing {
        let keys = chosen::missing(&args.spaces, policy, context.lock, reading, &mut live).await?;
        let left = |unread: &BTreeSet<SpaceKey>| Chosen::Keys(keys.difference(unread).cloned().collect());
        let needs = |unread: &_, live: &Live| observe::of_spaces(&left(unread), &no_others, live);
        let unread = unreadable::for_spaces(reading, policy, &mut live, context, &needs).await?;
        live.spaces.retain(|key, _| !unread.keys.contains(key));
        chosen::found(&connection.site, &left(&unread.keys), &live).await?;
        return Ok((None, live, unread));
    }
    let chosen = chosen::by(&args.spaces, context.lock, reading, &mut live).await?;
    reading.until_known(&mut live, |live| observe::of_spaces(&chosen, &no_others, live)).await?;
    chosen::found(&connection.site, &chosen, &live).await?;
    Ok((None, live, UnreadSpaces::default()))
}

fn drafted(template: Option<&Template>, policy: &Policy, live: &Live) -> Vec<SpaceDraft> {
    match template {
        Some(Template { from, to }) => modelled(from, to, policy, live),
        None => draft(live.all_spaces(), policy, live),
    }
}

/// One space as the model of another.
fn modelled(from: &SpaceKey, to: &SpaceKey, policy: &Policy, live: &Live) -> Vec<SpaceDraft> {
    let there: Option<&LiveSpace> = live.space(to);
    let drafts = draft(live.space(from), policy, live);
    let like = |draft: SpaceDraft| {
        let space = there.map_or_else(
            || Space {
                id: draft.space.id,
                key: to.clone(),
                name: format!("Like {from}").into(),
                kind: SpaceKind::Global,
                status: SpaceStatus::Current,
                homepage: None,
            },
            |there| there.space.clone(),
        );
        draft.for_other(space, there)
    };
    drafts.into_iter().map(like).collect()
}

/// Reads the files as any policy is read, together with what is there.
fn read_back(there: &There, made: &Files) -> Result<(Policy, Diagnostics, Sources), CliError> {
    let mut sources = there.without(made);
    for (path, text) in made {
        sources.insert(path.clone(), text.as_str());
    }
    directory::valid(policy::from_sources(sources))
}

/// Plans the policy against the site as it was read: nothing may change.
fn prove(
    there: &There,
    mut policy: Policy,
    sources: Sources,
    live: &Live,
    drafts: &[SpaceDraft],
    context: Context<'_>,
) -> Result<(), CliError> {
    policy.focus_on(drafts.iter().map(|draft| draft.space.key.clone()).collect());
    let resolved = policy::resolve(&policy, live, context)
        .map_err(|findings| CliError::Invalid { findings, sources })?;
    let planned = plan::plan(&resolved.desired, live, Gaps::Refuse)?;
    if planned.plan.is_empty() {
        return Ok(());
    }
    let hint = if there.policy.rules.is_empty() {
        "this is a mistake of confperm: please report it with the lines above"
    } else {
        "a rule of the policy may ask for it: apply that first, or import into another directory with -C"
    };
    Err(CliError::failed(
        Failure::ImportDiffers,
        format!(
            "a plan of these files would change something, so nothing was written:\n\n{}",
            render::plan_as_text(&planned.plan).trim_end()
        ),
    )
    .with_hint(hint))
}
