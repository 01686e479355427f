//! Opening the lists of a page, with every switch of what Confluence leaves open about restriction bodies in every
//! position.

use confperm::sandbox::world::{ContentId, ListKind};

use crate::in_process::Stage;
use crate::support::site_of_ann_and_bob;

const SITE: &str = site_of_ann_and_bob!(
    "
  cleo: {account-id: u-cleo, name: Cleo, email: cleo@x.com}
groups:
  eng: {id: g-eng, members: [bob], access: user}
  all: {id: g-all, members: [ann, bob, cleo], access: user}
quirks: {QUIRKS}
spaces:
  ENG:
    id: 1
    name: Engineering
    permissions:
      read/space: [user:ann, group:all]
      create/page: [user:ann, group:all]
      restrict_content/space: [user:ann]
      administer/space: [user:ann]
    pages:
      - id: 11
        title: Plans
        view: [user:ann, user:bob, user:cleo, group:eng]
        edit: [user:ann, user:bob, group:eng]
"
);

/// Each entry of the page, and which lists are to be open in the end.
const ENTRIES: [(&str, [bool; 2]); 6] = [
    ("{view: anyone}", [true, false]),
    ("{view: anyone, edit: ['user:me', 'user:cleo', 'group:eng']}", [true, false]),
    ("{view: anyone, edit: ['user:cleo', 'group:all']}", [true, false]),
    ("{edit: anyone}", [false, true]),
    ("{view: ['user:me', 'group:all'], edit: anyone}", [false, true]),
    ("{view: anyone, edit: anyone}", [true, true]),
];

/// The three that are about bodies in every combination; the others take turns.
fn switches() -> Vec<String> {
    let bodies = [
        ["put-keeps-missing-operations: false", "put-keeps-missing-operations: true"],
        ["empty-restriction: accepted", "empty-restriction: refused"],
        ["update-without-read: accepted", "update-without-read: refused"],
    ];
    let mut all = vec![String::new()];
    for positions in bodies {
        let with = |before: &String| positions.map(|position| format!("{before}{position}, "));
        all = all.iter().flat_map(with).collect();
    }
    all
}

fn others(turn: usize) -> String {
    let others = [
        ["restriction-put-adds-caller: false", "restriction-put-adds-caller: true"],
        ["self-removal: allowed", "self-removal: refused"],
        ["unlisting-nobody: not-found", "unlisting-nobody: ok"],
    ];
    let chosen = others.iter().enumerate().map(|(bit, positions)| positions[(turn >> bit) & 1]);
    chosen.collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn one_list_is_opened_and_the_other_stays_whatever_the_site_makes_of_a_body() {
    for (number, bodies) in switches().into_iter().enumerate() {
        for (turn, (entry, open)) in ENTRIES.into_iter().enumerate() {
            let quirks = format!("{bodies}{}", others(number + turn));
            let stage = Stage::open(&SITE.replace("QUIRKS", &quirks)).await;
            let policy = format!(
                "version: 1\npeople: {{me: u-ann, cleo: u-cleo}}\nspaces:\n  ENG: {{mode: additive, pages: {{/Plans: {entry}}}}}\n"
            );
            stage.converge(&policy).await.unwrap_or_else(|wrong| panic!("{quirks}\n{entry}\n{wrong}"));
            let [view, edit] = stage.running.world(|world| {
                let lists = &world.content(ContentId(11)).unwrap().lists;
                [ListKind::Read, ListKind::Update].map(|list| lists.get(list).is_empty())
            });
            assert_eq!([view, edit], open, "{quirks}\n{entry}");
            for list in stage.opened_meanwhile(ContentId(11)) {
                let meant = open[usize::from(list == ListKind::Update)];
                assert!(meant, "{quirks}\n{entry}: {list:?} was open for a moment");
            }
        }
    }
}
