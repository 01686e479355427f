//! A policy that was imported from a random site, and then gets constructs of the language at random: those that say
//! nothing change nothing, and the others are carried out, after which nothing is left to do.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use confperm::diagnostic::Sources;
use confperm::policy::{self, Policy};
use confperm::sandbox::world::{Action, ContentId, Kind, Pair, Principal, SpaceId};

use crate::import::imported;
use crate::in_process::Stage;
use crate::worlds::Dice;

/// The role of the account that runs this, which is to change pages here.
const ADMIN: &str = "permissions: [read/space, create/page, administer/space]";

/// Rules and sections of a file of their own that say nothing about any site of [`crate::worlds`].
const SILENT: [&str; 7] = [
    "sets: {spare: [group:eng, group:no]}\n",
    "rules: [{name: no space, spaces: {key: 'NOSUCH*'}, absent: [group:eng]}]\n",
    "rules: [{name: no group, spaces: {key: '*'}, leave: ['group:zz-*']}]\n",
    "rules: [{name: no such type, spaces: {key: '*', type: knowledge_base}, absent: [anonymous]}]\n",
    "sets: {spare: ['group:zz-*']}\nrules: [{name: no member, spaces: {key: '*'}, leave: [set:spare]}]\n",
    "tests: [{name: they, who: group:eng, can: {view: [ENG]}, only: {view: {ENG: [group:eng]}}}]\n",
    "tests: [{name: of a set, only: {administer: {ENG: [set:spare]}}}]\nsets: {spare: [group:eng]}\n",
];

/// Those that may ask for something.
const RULES: [&str; 8] = [
    "rules: [{name: r, spaces: {key: '*'}, restricted-pages: {also-view: [group:eng]}}]\n",
    "rules: [{name: r, spaces: {key: '*', type: team}, restricted-pages: {also-edit: [set:spare]}}]\nsets: {spare: [group:eng]}\n",
    "rules: [{name: r, spaces: {key: '*'}, absent: [group:no]}]\n",
    "rules: [{name: r, spaces: {key: '*', type: team}, absent: [{who: 'group:led', instead: group:eng}]}]\n",
    "rules: [{name: r, spaces: {key: '*'}, absent: [anonymous]}]\n",
    "rules: [{name: r, spaces: {key: '*'}, replace: {group:led: group:eng}}]\n",
    "rules: [{name: r, spaces: {key: '*', type: team}, access: {viewer: [set:spare]}}]\nsets: {spare: [group:eng, group:no]}\n",
    "rules: [{name: r, spaces: {key: '*'}, leave: ['group:l*']}]\n",
];

/// Lines under `pages` of a space.
const PAGES: [&str; 6] = [
    "      label:cold: {also-view: [group:eng]}\n",
    "      label:hot: {also-view: [group:eng]}\n",
    "      label:hot: {view: [group:eng]}\n",
    "      label:hot: {edit: [group:eng]}\n      label:warm: {also-edit: [group:eng]}\n",
    "      /**: {also-view: [group:eng]}\n",
    "      /*: {edit: [group:eng]}\n      label:hot: {edit: [group:no, group:eng]}\n",
];

/// Lines of a space.
const LINES: [&str; 2] = [
    "    restricted-pages: {also-view: [group:eng]}\n",
    "    unlisted-pages: leave\n    restricted-pages: {also-edit: [group:eng]}\n",
];

#[derive(Debug, Default)]
struct Counts {
    refused: usize,
    silent: usize,
    wrote: usize,
    by_label: usize,
}

/// The files with something added; says whether it is meant to be silent.
fn added(made: &BTreeMap<Utf8PathBuf, String>, dice: &mut Dice) -> (BTreeMap<Utf8PathBuf, String>, bool) {
    let mut files = made.clone();
    let mut is_silent = dice.one_in(3);
    let more = if is_silent { dice.pick(&SILENT) } else { dice.pick(&RULES) };
    if is_silent || dice.one_in(2) {
        files.insert("more.yaml".into(), format!("version: 1\n{more}"));
    }
    for text in files.values_mut().filter(|text| text.contains("\n  ENG:\n") && !is_silent) {
        if dice.one_in(2) {
            let entries = dice.pick(&PAGES);
            let (space, rest) = text.split_once("\n  ENG:\n").unwrap();
            let own = rest.find("\n  \"").or_else(|| rest.find("\n  e")).unwrap_or(rest.len());
            let lines = match rest[..own].find("    pages:\n") {
                Some(at) => {
                    format!("{}    pages:\n{entries}{}", &rest[..at], &rest[at + "    pages:\n".len()..])
                }
                None => format!("    pages:\n{entries}{rest}"),
            };
            *text = format!("{space}\n  ENG:\n{lines}");
        }
        if dice.one_in(3) {
            *text = text.replacen("\n  ENG:\n", &format!("\n  ENG:\n{}", dice.pick(&LINES)), 1);
        }
    }
    if dice.one_in(3)
        && let Some(root) = files.get_mut(camino::Utf8Path::new("confperm.yaml"))
    {
        root.push_str("ignore: [notes.yaml]\n");
    }
    is_silent &= files.contains_key(camino::Utf8Path::new("more.yaml"));
    (files, is_silent)
}

pub(crate) fn read(files: &BTreeMap<Utf8PathBuf, String>) -> Option<Policy> {
    let mut sources = Sources::default();
    for (path, text) in files {
        sources.insert(path.clone(), text.as_str());
    }
    policy::from_sources(sources).policy
}

/// A random site, and the files that were imported from it with something added to them.
pub(crate) struct Scene {
    pub(crate) stage: Stage,
    pub(crate) state: String,
    pub(crate) files: BTreeMap<Utf8PathBuf, String>,
    /// Whether what was added says nothing.
    is_silent: bool,
}

pub(crate) async fn scene(seed: u64) -> Scene {
    let state = crate::worlds::state(seed)
        .replace(ADMIN, &ADMIN.replace(']', ", update/page, restrict_content/space]"));
    let stage = Stage::open(&state).await;
    let spaces: Vec<SpaceId> = stage.running.world(|world| world.spaces().map(|space| space.id).collect());
    for space in spaces {
        for pair in [Pair::CreatePage, Pair::RestrictContent] {
            let principal = Principal::User("u-ann".into());
            // Where a role gives it, or the site has no such rows, it is so or cannot be.
            drop(stage.running.act(Action::Grant { space, principal, pair }));
        }
    }
    let (_, made) = imported(&stage).await;
    let mut dice = Dice::new(seed + 7_000);
    let pages: Vec<ContentId> = stage.running.world(|world| {
        world.contents().filter(|content| content.kind == Kind::Page).map(|content| content.id).collect()
    });
    for content in pages {
        for label in ["hot", "warm"] {
            if dice.one_in(3) {
                let label = Action::LabelPage { content, label: label.to_owned(), on: true };
                stage.running.act(label).unwrap().unwrap();
            }
        }
    }
    let (files, is_silent) = added(&made, &mut dice);
    Scene { stage, state, files, is_silent }
}

#[tokio::test]
async fn what_is_added_to_an_import_is_carried_out_or_says_nothing() {
    let mut counts = Counts::default();
    for seed in 0..150 {
        let Scene { stage, state, files, is_silent } = scene(seed).await;
        let shown = || format!("seed {seed}\n{state}\n{files:#?}");
        let Some(policy) = read(&files) else {
            assert!(!is_silent, "{}", shown());
            counts.refused += 1;
            continue;
        };
        let planned = match stage.plan_after(&policy, &[]).await {
            Ok(planned) if planned.plan.refusals.is_empty() => planned,
            refused => {
                assert!(!is_silent, "{refused:?}\n{}", shown());
                counts.refused += 1;
                continue;
            }
        };
        if is_silent {
            let text = confperm::render::plan_as_text(&planned.plan);
            assert!(planned.plan.is_empty(), "{text}\n{}", shown());
            counts.silent += 1;
        }
        if planned.plan.is_empty() {
            continue;
        }
        counts.wrote += 1;
        counts.by_label += usize::from(planned.plan.pages.values().any(|page| !page.labels.is_empty()));
        let outcome = stage.apply(&planned).await;
        let told = confperm::render::outcome_as_text(&planned.plan, &outcome);
        assert!(outcome.is_complete(), "{told}\n{}", shown());
        let again = stage.plan_of(&policy).await.plan;
        assert!(
            again.is_empty(),
            "{}\nand then still\n{}\n{}",
            confperm::render::plan_as_text(&planned.plan),
            confperm::render::plan_as_text(&again),
            shown()
        );
        stage.running.stop().await;
    }
    assert!(counts.wrote >= 15 && counts.silent >= 15 && counts.by_label >= 3, "{counts:?}");
    assert!(counts.refused * 4 <= 150, "{counts:?}");
}
