//! The example sites can be opened, and show what they are made to show.

use camino::Utf8Path;
use confperm::sandbox::world::{Caller, SpaceStatus, Subject, Verb};
use confperm::sandbox::{Site, state};

fn open(name: &str) -> Site {
    let root = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("examples").join(name).join("site.yaml")).unwrap();
    Site::from_yaml(&text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn the_quickstart_is_small_and_its_caller_may_do_everything() {
    let site = open("quickstart");
    let world = site.world();
    assert_eq!((world.spaces().count(), world.contents().count()), (1, 9));
    let me = Subject::User(world.settings.caller.clone().unwrap());
    for content in world.contents() {
        assert!(
            world.allows(&me, Verb::Update, content.id).is_ok() || content.kind.id() == "blogpost",
            "{content:?}"
        );
        assert!(world.allows(&me, Verb::Restrict, content.id).is_ok() || content.kind.id() == "blogpost");
    }
    assert_eq!(site.credentials().unwrap().token, "token-ann");
}

#[test]
fn the_company_has_the_disorder_that_it_is_made_for() {
    let site = open("acme");
    let world = site.world();
    let caller = Caller::User(world.settings.caller.clone().unwrap());
    let hidden: Vec<&str> = world
        .spaces()
        .filter(|space| world.visible_space(&caller, space.id).is_err())
        .map(|s| s.key.as_str())
        .collect();
    assert_eq!(hidden, ["HR"]);
    assert!(world.spaces().count() >= 12);
    assert!(world.spaces().any(|space| space.status == SpaceStatus::Archived));
    assert!(world.users().count() >= 20 && world.groups().count() >= 10);
    let unseen =
        world.contents().filter(|c| c.space.0 == 502 && world.visible_content(&caller, c.id).is_err());
    assert_eq!(unseen.count(), 2, "a page of SRE and what is below it");
}

#[test]
fn a_world_written_down_and_read_again_is_the_same() {
    for name in ["quickstart", "acme"] {
        let site = open(name);
        let written = state::write(site.world()).unwrap();
        let again = state::parse(&written).unwrap_or_else(|error| panic!("{error}\n{written}"));
        assert_eq!(*site.world(), again);
    }
}
