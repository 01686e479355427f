//! Names that differ in nothing that is seen are one name, for groups, pages, roles and the lock alike.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use confperm::diagnostic::{Diagnostics, Sources};
use confperm::model::{Live, Role, RoleKind, SpaceRoleMode};
use confperm::policy::lock::Lock;
use confperm::policy::{Context, Loaded, Policy, Resolved, from_sources, resolve};

use crate::builder::live;
use crate::fixtures::drawn;
use crate::site::{ANN, TODAY, site};

fn policy(body: &str) -> (Policy, Sources) {
    let mut sources = Sources::default();
    sources.insert(Utf8PathBuf::from("policy.yaml"), format!("version: 1\n{body}"));
    let Loaded { policy, findings, sources } = from_sources(sources);
    (policy.unwrap_or_else(|| panic!("{}", drawn(&findings, &sources))), sources)
}

fn with_group(live: &mut Live, id: &str, name: &str) {
    let group = live::group(id.parse().unwrap(), name);
    live.directory.groups.insert(group.id.clone(), group);
}

fn with_page(live: &mut Live, id: u64, title: &str) {
    let tree = live.space_mut(&"ENG".parse().unwrap()).unwrap().tree.as_mut().unwrap();
    tree.insert(live::page(id, 1, title));
}

fn found(live: &Live, body: &str) -> Result<Resolved, String> {
    let (policy, sources) = policy(body);
    resolve(&policy, live, TODAY).map_err(|findings: Diagnostics| drawn(&findings, &sources))
}

fn holders(resolved: &Resolved) -> Vec<String> {
    resolved
        .desired
        .spaces
        .values()
        .flat_map(|space| space.holdings.keys())
        .map(ToString::to_string)
        .collect()
}

fn pages(resolved: &Resolved) -> Vec<u64> {
    let spaces = resolved.desired.spaces.values();
    spaces.flat_map(|space| space.pages.keys()).map(|id| id.to_string().parse().unwrap()).collect()
}

#[test]
fn a_group_is_found_however_its_blanks_and_accents_are_written() {
    let mut live = site(SpaceRoleMode::PreRoles);
    with_group(&mut live, "g-ext", "Externals ");
    with_group(&mut live, "g-ueb", "U\u{308}ber\u{a0}uns");
    for written in ["group:Externals", "group:Externals ", "group: Externals\\u00a0", "group:\\u00dcber uns"]
    {
        let body = format!("spaces:\n  ENG: {{mode: additive, access: {{viewer: [\"{written}\"]}}}}\n");
        let expected = if written.contains("uns") { "group:g-ueb" } else { "group:g-ext" };
        assert_eq!(holders(&found(&live, &body).unwrap()), [expected], "{written}");
    }
}

#[test]
fn a_pin_is_found_however_its_blanks_are_written() {
    let body = "groups: {\"twins\\u00a0\": g-twin-2}\nspaces:\n  ENG: {mode: additive, access: {viewer: [group:twins]}}\n";
    assert_eq!(holders(&found(&site(SpaceRoleMode::PreRoles), body).unwrap()), ["group:g-twin-2"]);
}

#[test]
fn two_groups_that_differ_in_a_blank_alone_are_ambiguous() {
    let mut live = site(SpaceRoleMode::PreRoles);
    with_group(&mut live, "g-sre-2", "sre ");
    let body = "spaces:\n  ENG: {mode: additive, access: {viewer: [group:sre]}}\n";
    let told = found(&live, body).unwrap_err();
    assert!(told.contains("error[ambiguous-group]: the site has 2 groups called `sre`"), "{told}");
}

#[test]
fn a_page_is_found_however_its_title_is_composed() {
    let mut live = site(SpaceRoleMode::PreRoles);
    with_page(&mut live, 20, "U\u{308}bersicht");
    with_page(&mut live, 21, "Release\u{a0}plan");
    for (written, page) in [
        ("/\\u00dcbersicht", 20),
        ("\\u00dcbersicht", 20),
        ("/Release plan", 21),
        ("/Home/Release plan ", 21),
    ] {
        let body =
            format!("spaces:\n  ENG: {{mode: additive, pages: {{\"{written}\": {{edit: [group:sre]}}}}}}\n");
        assert_eq!(pages(&found(&live, &body).unwrap()), [page], "{written}");
    }
}

#[test]
fn two_pages_that_differ_in_a_no_break_space_alone_are_ambiguous() {
    let mut live = site(SpaceRoleMode::PreRoles);
    with_page(&mut live, 20, "Release plan");
    with_page(&mut live, 21, "Release\u{a0}plan");
    let told =
        found(&live, "spaces:\n  ENG: {mode: additive, pages: {/Release plan: {edit: [group:sre]}}}\n")
            .unwrap_err();
    assert!(told.contains("error[ambiguous-page]: `/Release plan` could mean 2 pages"), "{told}");
}

#[test]
fn a_space_role_is_found_however_its_blanks_are_written() {
    let mut live = site(SpaceRoleMode::Roles);
    let role =
        Role::new("r-x".parse().unwrap(), "Page\u{a0}owner ".into(), RoleKind::Custom, BTreeSet::new());
    live.roles.insert(role.id.clone(), role);
    let body = "roles:\n  owner: {permissions: [read/space], site-role: Page owner}\nspaces:\n  ENG: {mode: additive, \
                access: {owner: [group:sre]}}\n";
    assert_eq!(holders(&found(&live, body).unwrap()), ["group:g-sre"]);
}

#[test]
fn a_lock_knows_a_name_however_its_blanks_are_written() {
    let mut live = site(SpaceRoleMode::PreRoles);
    with_group(&mut live, "g-new", "Externals");
    let text = "version: 2\nsite: {url: https://acme.atlassian.net/wiki}\ngroups:\n  \"Externals \": g-old\n";
    let lock = Lock::parse(&Utf8Path::new("confperm.lock").into(), text).unwrap();
    let (policy, _) =
        policy("spaces:\n  ENG: {mode: additive, access: {viewer: [group:Externals, group:sre]}}\n");
    let resolved = resolve(&policy, &live, Context { lock: &lock, ..TODAY }).unwrap();
    // What the lock knows under the name is gone, and another group bears it: nothing is given to that one.
    assert_eq!(holders(&resolved), ["group:g-sre"]);
    assert_eq!(resolved.desired.skipped.len(), 1);
}

#[test]
fn rows_name_people_by_alias_address_name_and_id() {
    let rows = |id: &str| {
        let mut sources = Sources::default();
        let policy = format!(
            "version: 1\npeople:\n  nora-example: {{account: {ANN}, email: nora@acme.com}}\n  max: {{account: {ANN}1, email: team@acme.com}}\n  \
             moritz: {{account: {ANN}2, email: team@acme.com}}\nrules:\n  - name: owners\n    from: {{csv: owners.csv, space: S, type: T, id: I}}\n    \
             access: read/space\n"
        );
        sources.insert(Utf8PathBuf::from("policy.yaml"), policy);
        sources.insert(Utf8PathBuf::from("owners.csv"), format!("S,T,I\nENG,user,{id}\n"));
        let Loaded { policy, findings, sources } = from_sources(sources);
        policy.map(|policy| policy.accounts().len()).ok_or_else(|| drawn(&findings, &sources))
    };
    for id in ["nora-example", "Nora-Example", "nora@acme.com", "NORA@acme.com", "Nora\u{a0}Example", ANN] {
        assert_eq!(rows(id), Ok(1), "{id}");
    }
    let told = rows("team@acme.com").unwrap_err();
    assert!(
        told.contains("`team@acme.com` could mean 2 people") && told.contains("`max`, `moritz`"),
        "{told}"
    );
}
