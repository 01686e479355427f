//! Pages and blog posts of many spaces, which are read together.

use std::collections::BTreeMap;

use confperm::sandbox::adversary::{Adversary, Mangling};
use confperm::sandbox::world::{RoleMode, World};
use confperm::sandbox::{Options, Site};

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
