//! Reading until nothing is missing: what is read again and what is not, and how far the reading says it is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use confperm::model::{Audience, Gap, Known, Live, Restrictions, SpaceKey, Why};
use confperm::observe::{Part, Progress, quiet};
use confperm::sandbox::world::{ContentId, Principal};

use crate::in_process::{Stage, parse};

const SITE: &str = "
kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, caller: ann}
users:
  ann: {account-id: u-ann, name: Ann, email: ann@x.com, confluence-admin: true}
  bob: {account-id: u-bob, name: Bob, email: bob@x.com}
groups:
  eng: {id: g-eng, members: [bob, ann], access: user}
spaces:
  ENG:
    id: 1
    name: Engineering
    permissions:
      read/space: [user:ann, group:eng]
      administer/space: [user:ann]
    pages:
      - {id: 11, title: Home, children: [{id: 12, title: Plans}]}
    blogposts: [{id: 13, title: News}]
  OPS:
    id: 2
    name: Operations
    permissions:
      read/space: [user:ann, group:eng]
      administer/space: [user:ann]
    pages:
      - {id: 21, title: Home}
  QUIET:
    id: 3
    name: Nothing changes here
    permissions:
      read/space: [user:ann, group:eng]
      administer/space: [user:ann]
    pages:
      - {id: 31, title: Home}
";

const POLICY: &str = "
version: 1
spaces:
  ENG: {access: {read/space: [group:eng], create/comment: [group:eng]}}
  OPS: {access: {read/space: [group:eng], create/comment: [group:eng]}}
  QUIET: {mode: additive, access: {read/space: [group:eng]}}
";

fn key(key: &str) -> SpaceKey {
    key.parse().unwrap()
}

#[tokio::test]
async fn what_a_space_has_is_read_where_something_changes_and_only_there() {
    let stage = Stage::open(SITE).await;
    let mut live = stage.sign_in().await;
    stage.observe(&mut live, &parse(POLICY), &quiet).await;
    let eng = &live.spaces[&key("ENG")];
    let tree = eng.tree.as_ref().unwrap();
    assert!(eng.read.blogposts && tree.iter().all(|content| content.restrictions.as_ref().known().is_some()));
    assert_eq!(tree.iter().map(|content| content.id.number()).collect::<Vec<_>>(), [11, 12, 13]);
    let quiet = &live.spaces[&key("QUIET")];
    assert!(quiet.tree.is_none() && !quiet.read.blogposts);
}

#[tokio::test]
async fn a_space_that_is_forgotten_is_read_again_and_nothing_else_is() {
    let stage = Stage::open(SITE).await;
    let mut policy = parse(POLICY);
    let mut live = stage.sign_in().await;
    stage.observe(&mut live, &policy, &quiet).await;
    let (before, seen) = (live.clone(), stage.running.requests().len());

    let eng = BTreeSet::from([key("ENG")]);
    live.forget(&eng);
    policy.focus_on(eng);
    stage.observe(&mut live, &policy, &quiet).await;
    assert_eq!(live, before);
    let again = stage.running.requests().split_off(seen);
    let mut paths: Vec<&str> =
        again.iter().map(|request| request.path.rsplit_once("/api/").unwrap().1).collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        [
            "content/search",
            "v2/spaces",
            "v2/spaces/1/blogposts",
            "v2/spaces/1/pages",
            "v2/spaces/1/permissions"
        ]
    );

    stage.running.change(|world| {
        world.content_mut(ContentId(12)).unwrap().lists.update.insert(Principal::User("u-bob".into()));
    });
    live.forget(&BTreeSet::from([key("ENG")]));
    stage.observe(&mut live, &policy, &quiet).await;
    let open = Restrictions { view: Audience::Anyone, edit: Audience::Anyone };
    let plans = live.spaces[&key("ENG")].tree.as_ref().unwrap().get("12".parse().unwrap()).unwrap();
    assert_ne!(plans.restrictions, Known::Known(open), "what others did meanwhile is seen");
}

#[tokio::test]
async fn what_a_forgotten_space_hid_is_forgotten_with_it() {
    let stage = Stage::open(SITE).await;
    let mut live: Live = stage.sign_in().await;
    live.gaps.insert(Gap::Containers { space: key("ENG"), why: Why::Hidden });
    live.gaps.insert(Gap::Containers { space: key("OPS"), why: Why::Hidden });
    live.gaps.insert(Gap::Account { account: "u-bob".parse().unwrap() });
    live.forget(&BTreeSet::from([key("ENG")]));
    let left: Vec<Option<&SpaceKey>> = live.gaps.iter().map(Gap::space).collect();
    assert_eq!(left, [Some(&key("OPS")), None]);
}

#[tokio::test]
async fn as_much_is_read_as_was_expected() {
    let stage = Stage::open(SITE).await;
    let mut live = stage.sign_in().await;
    let seen: Mutex<BTreeMap<Part, (usize, usize)>> = Mutex::default();
    let hook = |progress| {
        let mut seen = seen.lock().unwrap();
        match progress {
            Progress::Expect(part, number) => seen.entry(part).or_default().0 += number,
            Progress::Read(part, number) => {
                let (expected, read) = seen.entry(part).or_default();
                *read += number;
                assert!(read <= expected, "{part:?}");
            }
        }
    };
    stage.observe(&mut live, &parse(POLICY), &hook).await;
    let counts: Vec<_> = seen.into_inner().unwrap().into_iter().collect();
    assert_eq!(
        counts,
        [
            (Part::Grants, (3, 3)),
            (Part::Pages, (2, 2)),
            (Part::Blogposts, (2, 2)),
            (Part::Lists, (4, 4)),
            (Part::Members, (1, 1)),
        ]
    );
}
