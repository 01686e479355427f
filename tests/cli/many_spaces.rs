//! Pages and blog posts of many spaces, which are read together.

use std::collections::BTreeMap;

use confperm::sandbox::adversary::{Adversary, Mangling};
use confperm::sandbox::world::{Content, ContentId, Kind, RoleMode, SpaceId, World};
use confperm::sandbox::{Options, Site};
use serde_json::json;

use crate::builder::sandbox::page;
use crate::one_answer::world::{Measures, world};
use crate::support::{Folder, Hosted, Ran, Reply, sign_in};

fn site(spaces: u64) -> World {
    world(Measures { spaces, people: 20, teams: 2, pages: 14, mode: RoleMode::PreRoles })
}

/// A copy of the whole site, and how often each path was asked for; numbers are left out of paths.
fn copied(hosted: &Hosted, url: Option<&str>) -> (Ran, String, BTreeMap<String, usize>) {
    let folder = Folder::with(&[]);
    let before = hosted.running.requests().len();
    let mut command = folder.confperm(&["snapshot", "--all", "-o", "copy.yaml"]);
    match url {
        Some(url) => sign_in(&mut command, url, &hosted.running),
        None => hosted.point(&mut command),
    }
    let ran = Ran::from(command.output().unwrap());
    let mut asked = BTreeMap::new();
    for request in &hosted.running.requests()[before..] {
        let path: String = request.path.chars().filter(|c| !c.is_ascii_digit()).collect();
        *asked.entry(path).or_default() += 1;
    }
    let copy = if ran.code == 1 { String::new() } else { folder.read("copy.yaml") };
    (ran, copy, asked)
}

/// 120 spaces of 14 pages: four lists side by side of 30 spaces each, 250 pages in one answer.
#[test]
fn the_pages_of_many_spaces_are_read_together_and_are_the_same() {
    let hosted = Hosted::start(Site::in_memory(site(120)), Options::default());
    let (ran, together, asked) = copied(&hosted, None);
    ran.code(0);
    let times = |path: &str| asked.get(path).copied().unwrap_or_default();
    assert_eq!(
        (times("/wiki/api/v/pages"), times("/wiki/api/v/blogposts"), times("/wiki/api/v/spaces//pages")),
        (8, 4, 0),
        "{asked:#?}"
    );
    // A list that leaves spaces out, as it does with those that it may not have, is not taken for a list of no pages.
    let nothing = Reply::json(200, &serde_json::json!({"results": [], "_links": {}}));
    let front = hosted.behind(move |_, path| path.ends_with("/api/v2/pages").then(|| nothing.clone()));
    let (ran, apart, asked) = copied(&hosted, Some(&front.url));
    ran.code(0);
    assert_eq!(asked["/wiki/api/v/spaces//pages"], 120, "{asked:#?}");
    assert_eq!(together, apart);
    assert!(together.contains("Page 13"));
}

/// A list of many spaces that is not whole is read space by space.
#[test]
fn a_list_of_many_spaces_that_contradicts_itself_is_not_believed() {
    let clean = Hosted::start(Site::in_memory(site(6)), Options::default());
    let (ran, right, _) = copied(&clean, None);
    ran.code(0);
    let fields = ["id", "spaceId", "parentId", "parentType", "status", "results"];
    let of_fields = fields.iter().flat_map(|field| [format!("without={field}"), format!("null={field}")]);
    let names = Mangling::NAMES.iter().map(|name| (*name).to_owned()).filter(|name| !name.contains('='));
    let (mut same, mut wrong) = (0, Vec::new());
    for name in names.chain(of_fields) {
        let Ok(mangle) = format!("{name}:/pages").parse() else { continue };
        let adversary = Adversary::default().mangle(mangle);
        let hosted = Hosted::start(Site::in_memory(site(6)), Options { adversary, ..Options::default() });
        let (ran, found, _) = copied(&hosted, None);
        if found != right && ran.code == 0 {
            let diff = similar::TextDiff::from_lines(&right, &found).unified_diff().to_string();
            wrong.push(format!("{name}: {}\n{}", ran.err, diff.chars().take(1500).collect::<String>()));
        }
        same += usize::from(found == right);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(same >= 10, "{same}");
}

/// Five spaces with their homepages, which have the ids of the spaces, and 900 at the top of space 1.
fn with_a_second_top(kind: Kind) -> World {
    let mut site = world(Measures { spaces: 5, people: 20, teams: 2, pages: 1, mode: RoleMode::PreRoles });
    let strays = page(SpaceId(1), ContentId(900), None, "Strays".to_owned());
    site.add_content(Content { kind, ..strays });
    site
}

/// Nothing hangs above what is at the top, so that the list alone says where it is. It is asked for once more by its id,
/// which may say that it is elsewhere, or nothing.
#[test]
fn what_a_list_of_many_spaces_shows_at_the_top_of_the_wrong_space_is_not_believed() {
    for (collection, kind) in [("pages", Kind::Page), ("blogposts", Kind::Blogpost)] {
        let hosted = Hosted::start(Site::in_memory(with_a_second_top(kind)), Options::default());
        let (ran, right, _) = copied(&hosted, None);
        ran.code(0);
        assert!(right.contains("Strays"), "{right}");
        for is_shown_by_id in [true, false] {
            let entry = |id: u64, space: u64| {
                json!({"id": id.to_string(), "status": "current", "title": if id == 900 { "Strays" } else { "Page 0" },
                    "spaceId": space.to_string(), "parentId": null, "parentType": null})
            };
            let homes = if kind == Kind::Page { vec![entry(1, 1), entry(2, 2)] } else { Vec::new() };
            let wrong: Vec<_> = homes.into_iter().chain([entry(900, 2)]).collect();
            let path = format!("/wiki/api/v2/{collection}");
            let front = hosted.behind_uris(move |_, uri| {
                let query = uri.query().unwrap_or_default();
                let list = |results: &[serde_json::Value]| {
                    Reply::json(200, &json!({"results": results, "_links": {}}))
                };
                if uri.path() != path {
                    None
                } else if query.contains("space-id=1") {
                    Some(list(&wrong))
                } else {
                    (query.contains("id=900") && !is_shown_by_id).then(|| list(&[]))
                }
            });
            let (ran, found, asked) = copied(&hosted, Some(&front.url));
            ran.code(0);
            assert_eq!(found, right, "{collection}, by id {is_shown_by_id}");
            assert_eq!(asked[&format!("/wiki/api/v/spaces//{collection}")], 2, "{asked:#?}");
        }
    }
}

/// Where a list of many spaces is refused, the lists of each say for which of them, and for none if each is shown.
#[test]
fn a_list_of_many_spaces_that_is_refused_is_read_space_by_space() {
    let clean = Hosted::start(Site::in_memory(site(6)), Options::default());
    let (ran, right, _) = copied(&clean, None);
    ran.code(0);
    for collection in ["pages", "blogposts"] {
        for status in [403, 404] {
            let refused = |fails: &[String]| {
                let adversary = fails
                    .iter()
                    .fold(Adversary::default(), |adversary, fails| adversary.disrupt(fails.parse().unwrap()));
                let hosted =
                    Hosted::start(Site::in_memory(site(6)), Options { adversary, ..Options::default() });
                copied(&hosted, None)
            };
            let list = format!("{status}:GET:/{collection}");
            let (ran, found, asked) = refused(std::slice::from_ref(&list));
            ran.code(0);
            assert_eq!((found, asked[&format!("/wiki/api/v/spaces//{collection}")]), (right.clone(), 6));
            let (ran, ..) = refused(&[list, format!("{status}:GET:/spaces/3/{collection}")]);
            let ran = ran.code(1);
            assert!(ran.err.contains(&format!("/spaces/3/{collection}")), "{}", ran.err);
        }
    }
}
