//! The jobs: a site, a policy that does the job, and the script that does it by hand.

use std::future::Future;
use std::pin::Pin;

use super::Result;
use super::script::Script;
use super::states::{COLLABORATOR, group, line, person, site, space};

type Doing = Pin<Box<dyn Future<Output = Result<()>>>>;

/// Something that administrators do every week.
pub(crate) struct Job {
    pub(crate) name: &'static str,
    /// A state file of the sandbox.
    pub(crate) site: String,
    pub(crate) policy: String,
    pub(crate) script: fn(Script) -> Doing,
}

pub(crate) fn all() -> [Job; 6] {
    [one_user_everywhere(), strip(), copy(), swap(), restrict(), page_only()]
}

const EVERYBODY: [(&str, &str); 1] = [("read", "space")];

/// Takes from a first policy what would hold such a job back.
const GUARDS: &str = "guards: {max-removals: 100%}\n";

fn one_user_everywhere() -> Job {
    let mut state = site(1, 3);
    for number in 0..200 {
        space(&mut state, &format!("T{number:03}"), 1_000 + number, &[("group:g1".into(), &EVERYBODY)], "");
    }
    Job {
        name: "one person into 200 spaces, as a collaborator",
        site: state,
        policy: format!(
            "version: 1\npeople: {{nia: {}}}\nrules:\n  - name: Nia works everywhere\n    spaces: {{key: \"T*\"}}\n    \
             access: {{collaborator: [user:nia]}}\n",
            person(1)
        ),
        script: |script| {
            Box::pin(async move {
                for number in 0..200 {
                    for permission in COLLABORATOR {
                        script.grant(&format!("T{number:03}"), "user", &person(1), permission).await?;
                    }
                }
                Ok(())
            })
        },
    }
}

fn strip() -> Job {
    let mut state = site(30, 20);
    let groups = (1..=30).map(|number| (format!("group:g{number}"), &COLLABORATOR[..]));
    let people = (1..=20).map(|number| (format!("user:p{number}"), &COLLABORATOR[..4]));
    space(&mut state, "OLD", 1_000, &groups.chain(people).collect::<Vec<_>>(), "");
    Job {
        name: "a space of 30 groups and 20 people, stripped to one admin",
        site: state,
        policy: format!(
            "version: 1\npeople: {{ann: 5b10ac8d82e05b2200000000}}\n{GUARDS}spaces:\n  OLD: {{access: {{administer/space: [user:ann]}}}}\n"
        ),
        script: |script| {
            Box::pin(async move {
                for row in script.rows(1_000).await? {
                    if row.who != "5b10ac8d82e05b2200000000" {
                        script.delete("OLD", &row.id).await?;
                    }
                }
                Ok(())
            })
        },
    }
}

fn copy() -> Job {
    let mut state = site(20, 3);
    let source: Vec<_> = (1..=12).map(|number| (format!("group:g{number}"), &COLLABORATOR[..])).collect();
    space(&mut state, "SRC", 1_000, &source, "");
    for number in 0..10 {
        // Some of it is there already, and some that should not be.
        let held = [1, 2, 3, 15, 16].map(|number| (format!("group:g{number}"), &COLLABORATOR[..]));
        space(&mut state, &format!("D{number}"), 1_001 + number, &held, "");
    }
    let mut policy = format!("version: 1\n{GUARDS}spaces:\n");
    for number in 0..10 {
        line(&mut policy, &format!("  D{number}: {{like: \"live:SRC\"}}"));
    }
    Job {
        name: "the access of one space, copied to ten",
        site: state,
        policy,
        script: |script| {
            Box::pin(async move {
                let source = script.rows(1_000).await?;
                for number in 0..10 {
                    let key = format!("D{number}");
                    for row in script.rows(1_001 + number).await? {
                        if row.who != "5b10ac8d82e05b2200000000" {
                            script.delete(&key, &row.id).await?;
                        }
                    }
                    for row in source.iter().filter(|row| row.who != "5b10ac8d82e05b2200000000") {
                        let (operation, target) = &row.permission;
                        script.grant(&key, &row.kind, &row.who, (operation, target)).await?;
                    }
                }
                Ok(())
            })
        },
    }
}

fn swap() -> Job {
    let mut state = site(2, 3);
    for number in 0..200 {
        let holders = if number < 60 { vec![("group:g1".to_owned(), &COLLABORATOR[..])] } else { Vec::new() };
        let page = 50_000 + number;
        let pages = if number < 40 {
            format!("      - {{id: {page}, title: Plans, view: [group:g1, user:ann]}}\n")
        } else {
            format!("      - {{id: {page}, title: Plans}}\n")
        };
        space(&mut state, &format!("T{number:03}"), 1_000 + number, &holders, &pages);
    }
    Job {
        name: "one group for another in 200 spaces: 60 have it, 40 of them on a page",
        site: state,
        policy: format!(
            "version: 1\n{GUARDS}rules:\n  - name: g2 takes over\n    spaces: {{key: \"*\"}}\n    \
             replace: {{group:g1: group:g2}}\n"
        ),
        script: |script| {
            Box::pin(async move {
                for number in 0..200 {
                    let key = format!("T{number:03}");
                    for row in script.rows(1_000 + number).await? {
                        if row.who == group(1) {
                            let (operation, target) = &row.permission;
                            script.grant(&key, "group", &group(2), (operation, target)).await?;
                            script.delete(&key, &row.id).await?;
                        }
                    }
                    if number < 40 {
                        script.list(50_000 + number, "read", &group(2)).await?;
                        script.unlist(50_000 + number, "read", &group(1)).await?;
                    }
                }
                Ok(())
            })
        },
    }
}

fn restrict() -> Job {
    let mut state = site(3, 3);
    let holders = [1, 2, 3].map(|number| (format!("group:g{number}"), &COLLABORATOR[..]));
    let mut pages = String::from("      - id: 5000\n        title: Runbooks\n        children:\n");
    for number in 1..=120 {
        line(&mut pages, &format!("          - {{id: {}, title: Runbook {number}}}", 5_000 + number));
    }
    space(&mut state, "ENG", 1_000, &holders, &pages);
    Job {
        name: "121 pages for two groups to see and one of them to edit",
        site: state,
        policy: "version: 1\nspaces:\n  ENG:\n    mode: additive\n    pages:\n      \
                 /Runbooks: {view: [group:g1, group:g2], edit: [group:g1]}\n      \
                 /Runbooks/**: {edit: [group:g1]}\n"
            .to_owned(),
        script: |script| {
            Box::pin(async move {
                for page in 5_000..=5_120 {
                    script.list(page, "read", &group(1)).await?;
                    script.list(page, "read", &group(2)).await?;
                    script.list(page, "update", &group(1)).await?;
                }
                Ok(())
            })
        },
    }
}

/// Pages below each of the top ones.
const BELOW: u64 = 74;

fn page_only() -> Job {
    let mut state = site(3, 3);
    let holders = [1, 2].map(|number| (format!("group:g{number}"), &COLLABORATOR[..]));
    let mut pages = String::new();
    for top in 0..40 {
        line(
            &mut pages,
            &format!("      - id: {}\n        title: Part {top}\n        children:", top_page(top)),
        );
        for below in 1..=BELOW {
            line(
                &mut pages,
                &format!("          - {{id: {}, title: Page {top}.{below}}}", top_page(top) + below),
            );
        }
    }
    space(&mut state, "ENG", 1_000, &holders, &pages);
    Job {
        name: "one part of 40 in a space of 3,000 pages, and nothing else, for guests",
        site: state,
        policy: "version: 1\nspaces:\n  ENG:\n    mode: additive\n    page-only:\n      \
                 - {who: [group:g3], pages: [/Part 7, /Part 7/**], role: viewer}\n"
            .to_owned(),
        script: |script| {
            Box::pin(async move {
                let closed = (0..40).filter(|&top| top != 7);
                for page in closed.flat_map(|top| top_page(top)..=top_page(top) + BELOW) {
                    script.list(page, "read", &group(1)).await?;
                    script.list(page, "read", &group(2)).await?;
                }
                script.grant("ENG", "group", &group(3), ("read", "space")).await?;
                script.grant("ENG", "group", &group(3), ("create", "comment")).await
            })
        },
    }
}

const fn top_page(top: u64) -> u64 {
    10_000 + top * 100
}
