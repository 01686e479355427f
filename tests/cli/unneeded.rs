//! What a plan does not need is not read.

use crate::support::{Folder, Hosted, Ran, site_of_ann_and_bob};

const SITE: &str = site_of_ann_and_bob!(
    "\ngroups:\n  all: {id: g-all, members: [ann, bob], access: user}\n  ops: {id: g-ops, members: [bob]}\nspaces:\n  \
     ENG:\n    id: 101\n    name: Engineering\n    permissions: {read/space: [user:ann], export/space: [user:ann], \
     administer/space: [user:ann]}\n    pages:\n      - {id: 1001, title: Home, children: [{id: 1002, title: Closed, view: \
     [user:ann], edit: [user:ann]}]}\n    blogposts:\n      - {id: 1003, title: News}\n  OPS:\n    id: 102\n    name: \
     Operations\n    permissions: {read/space: [user:ann, user:bob], administer/space: [user:ann]}\n    pages:\n      - \
     {id: 2001, title: Home}\n"
);

/// What a plan says, and the paths that it asked for, sorted.
fn plan(people: &str, rest: &str) -> (Ran, Vec<String>) {
    let policy = format!("version: 1\npeople: {people}\n{rest}");
    let folder = Folder::with(&[("site.yaml", SITE), ("confperm.yaml", &policy)]);
    let hosted = Hosted::open(&folder.file("site.yaml"));
    let mut command = folder.confperm(&["plan"]);
    hosted.point(&mut command);
    let ran = Ran::from(command.output().unwrap()).code(0);
    let mut asked: Vec<String> = hosted.running.requests().into_iter().map(|request| request.path).collect();
    asked.sort();
    (ran, asked)
}

fn reads_pages(asked: &[String]) -> bool {
    ["/pages", "/blogposts", "/search"].iter().any(|end| asked.iter().any(|path| path.ends_with(end)))
}

const BOB: &str = "{bob: u-bob}";
const RULE: &str = "rules: [{name: r, spaces: [ENG], access: {read/space: [group:ops]}}]\n";

#[test]
fn adding_in_an_additive_space_reads_no_page_and_says_so() {
    for policy in [RULE, "spaces: {ENG: {mode: additive, access: {read/space: [group:ops]}}}\n"] {
        let (ran, asked) = plan(BOB, policy);
        assert!(!reads_pages(&asked), "{asked:#?}");
        assert!(ran.out.contains("group:ops  gains the space"), "{}", ran.out);
        let unread = "The pages of ENG were not read, since nothing is taken away: access gained to a space includes each \
                      page whose restrictions allow it.";
        assert!(ran.out.contains(unread), "{}", ran.out);
    }
}

#[test]
fn a_permission_that_is_not_about_pages_says_nothing_of_them() {
    let (ran, asked) = plan(BOB, "rules: [{name: r, spaces: [OPS], access: {export/space: [user:bob]}}]\n");
    assert!(!reads_pages(&asked), "{asked:#?}");
    assert!(ran.out.contains("gains export/space"), "{}", ran.out);
    assert!(!ran.out.contains("were not read"), "{}", ran.out);
}

#[test]
fn pages_are_read_where_something_is_taken_away_or_the_policy_speaks_of_them() {
    let taken = RULE.replace("rules: [", "rules: [{name: gone, spaces: [OPS], absent: [user:bob]}, ");
    let authoritative = "spaces: {ENG: {mode: authoritative, access: {read/space: [group:ops]}}}\n";
    let of_a_page = "spaces: {ENG: {mode: additive, access: {read/space: [group:ops]}, pages: {/Home: {view: anyone}}}}\n";
    for policy in [&taken, authoritative, of_a_page] {
        let (ran, asked) = plan(BOB, policy);
        assert!(reads_pages(&asked), "{policy}{asked:#?}");
        assert!(ran.out.contains("group:ops  gains view of "), "{}", ran.out);
        assert!(!ran.out.contains("were not read"), "{}", ran.out);
    }
}

#[test]
fn an_alias_that_nothing_mentions_is_not_looked_up() {
    let (_, without) = plan("{}", RULE);
    let (_, with) = plan("{p0: u-0, p1: u-1, p2: {account: u-2, email: two@x.com}}", RULE);
    assert_eq!(with, without);
    let mentioned = RULE.replace("group:ops", "user:bob");
    let (_, all) = plan("{bob: u-bob}", &mentioned);
    assert_ne!(all, without);
}
