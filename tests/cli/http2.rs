//! HTTP/2, which Confluence Cloud speaks: many requests at a time on one connection.

use std::collections::BTreeSet;

use axum::http::Version;
use confperm::sandbox::world::RoleMode;
use confperm::sandbox::{Options, Site};

use crate::network::Network;
use crate::one_answer::world::{Measures, world};
use crate::support::{Folder, Hosted, Ran, sign_in};

/// The policy names every space, and asks for two permissions that are missing in each.
fn folder(spaces: u64) -> Folder {
    let mut lines = vec!["version: 1".to_owned(), "spaces:".to_owned()];
    let entry = |number| format!("  S{number}: {{mode: additive, access: {{viewer: [group:everyone]}}}}");
    lines.extend((0..spaces).map(entry));
    let policy = lines.join("\n");
    Folder::with(&[("confperm.yaml", &policy)])
}

#[test]
fn a_plan_and_its_apply_take_one_connection_of_http_2() {
    let measures = Measures { spaces: 30, people: 20, teams: 2, pages: 14, mode: RoleMode::PreRoles };
    let hosted = Hosted::start(Site::in_memory(world(measures)), Options::default());
    let origin = format!("http://{}", hosted.running.address());
    let network = Network::of(&[("acme.example", &origin)], &[]);
    let folder = folder(measures.spaces);
    for (words, writes) in [(&["plan"][..], 0), (&["apply", "--yes"], 60)] {
        let mut command = folder.confperm(words);
        sign_in(&mut command, "https://acme.example/wiki", &hosted.running);
        network.around(&mut command);
        let ran = Ran::from(command.output().unwrap()).code(0);
        assert!(ran.out.contains("60 permissions to add"), "{}", ran.out);

        let seen = network.seen();
        assert!(seen.len() >= 30 + writes, "{seen:#?}");
        assert!(seen.iter().all(|request| request.version == Version::HTTP_2), "{seen:#?}");
        let connections: BTreeSet<_> = seen.iter().map(|request| request.connection).collect();
        assert_eq!(connections.len(), 1, "{words:?} {seen:#?}");
    }
}
