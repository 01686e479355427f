//! Every route, and what would help.

use std::collections::BTreeSet;

use confperm::access::{ContentVerb, Engine, Fix, Level, Needed, Outcome, Route};
use confperm::model::{PageList, Permission, RoleKind, SpaceRoleMode, Subject};

use crate::world::{Ask as _, LiveBuilder, account, asker, group, id, key, object, principal};

#[test]
fn every_route_is_told_since_removing_one_is_not_enough() {
    let world = LiveBuilder::new()
        .people("ann")
        .group("eng", "ann")
        .mode(SpaceRoleMode::RolesTransition)
        .role("Collaborator", RoleKind::Custom, "read/space update/page")
        .space("ENG")
        .assign("ENG", "group:eng", "Collaborator")
        .grant("ENG", "user:ann", "read/space")
        .page("ENG", 1, 0, "user:ann group:eng", "");
    let explained = Engine::new(&world.0).explain(&asker("user:ann"), ContentVerb::View, &object("ENG/1"));
    let levels: Vec<(Level, Outcome)> =
        explained.levels.iter().map(|report| (report.level, report.outcome)).collect();
    let allowed = Outcome::Allowed;
    assert_eq!(levels, [(Level::Site, allowed), (Level::Space, allowed), (Level::Content(id(1)), allowed)]);
    let routes = |level: usize| -> Vec<Route> {
        explained.levels[level]
            .needs
            .iter()
            .flat_map(|need| &need.routes)
            .map(|found| found.route.clone())
            .collect()
    };
    let grant = |who: &str, role: Option<&str>| Route::Grant {
        principal: principal(who),
        permission: Permission::ReadSpace,
        role: role.map(|role| role.parse().unwrap()),
    };
    assert_eq!(routes(0), [Route::Licence { group: group("users") }]);
    assert_eq!(routes(1), [grant("group:eng", Some("role-Collaborator")), grant("user:ann", None)]);
    assert_eq!(routes(2).len(), 2);
}

#[test]
fn joining_one_group_beats_three_changes() {
    let world = LiveBuilder::new()
        .people("ann bob")
        .group("sre", "bob")
        .space("ENG")
        .grant("ENG", "group:sre", "read/space create/page")
        .page("ENG", 1, 0, "group:sre", "group:sre");
    let explained = Engine::new(&world.0).explain(&asker("user:ann"), ContentVerb::Edit, &object("ENG/1"));
    let changes: Vec<BTreeSet<Fix>> = explained.remedies.into_iter().map(|remedy| remedy.changes).collect();
    let ann = || Subject::User(account("ann"));
    let grant = |permission| Fix::Grant(key("ENG"), principal("user:ann"), permission);
    assert_eq!(
        changes,
        [
            BTreeSet::from([Fix::Join(account("ann"), group("sre"))]),
            BTreeSet::from([
                grant(Permission::ReadSpace),
                grant(Permission::CreatePage),
                Fix::List(id(1), PageList::View, ann()),
                Fix::List(id(1), PageList::Edit, ann()),
            ]),
        ]
    );
}

#[test]
fn where_there_are_roles_the_least_role_is_proposed() {
    let world = LiveBuilder::new()
        .people("ann")
        .mode(SpaceRoleMode::Roles)
        .role("Viewer", RoleKind::System, "read/space")
        .role("Collaborator", RoleKind::System, "read/space update/page")
        .role("Admin", RoleKind::System, "read/space update/page administer/space")
        .space("ENG")
        .assign("ENG", "user:ann", "Viewer");
    let explained = Engine::new(&world.0).explain(&asker("user:ann"), ContentVerb::Edit, &object("ENG"));
    let role = Fix::AssignRole(key("ENG"), principal("user:ann"), "role-Collaborator".parse().unwrap());
    assert_eq!(explained.remedies[0].changes, BTreeSet::from([role]));
}

#[test]
fn remedies_remedy() {
    // What is proposed as grants and list entries is enough when it is done.
    let world = LiveBuilder::new()
        .people("ann")
        .space("ENG")
        .page("ENG", 1, 0, "user:bob", "")
        .page("ENG", 2, 1, "user:bob", "user:bob");
    let explained = Engine::new(&world.0).explain(&asker("user:ann"), ContentVerb::Edit, &object("ENG/2"));
    let mut done = world;
    for fix in &explained.remedies[0].changes {
        done = match fix {
            Fix::Grant(_, who, permission) => done.grant("ENG", &who.to_string(), permission.as_str()),
            Fix::List(page, list, subject) => {
                let tree = done.at("ENG").tree.as_mut().unwrap();
                let mut lists = tree.get(*page).unwrap().restrictions.clone().known().unwrap();
                if let confperm::model::Audience::Only(members) = lists.audience_mut(*list) {
                    members.insert(subject.clone());
                }
                tree.set_restrictions(*page, confperm::model::Known::Known(lists));
                done
            }
            other => panic!("{other:?}"),
        };
    }
    assert_eq!(done.can("user:ann", ContentVerb::Edit, "ENG/2"), confperm::access::Verdict::Allowed);
}

#[test]
fn who_is_told_by_route() {
    let world = LiveBuilder::new()
        .people("ann bob cai")
        .group("eng", "ann bob")
        .space("ENG")
        .grant("ENG", "group:eng", "read/space")
        .grant("ENG", "user:cai", "read/space")
        .page("ENG", 1, 0, "user:bob user:cai", "");
    let who = Engine::new(&world.0).who(ContentVerb::View, &object("ENG/1"));
    assert_eq!(who.people, BTreeSet::from([account("bob"), account("cai")]));
    assert_eq!(who.gates.len(), 2);
    assert_eq!(who.gates[0].needed, Needed::Permission { any_of: vec![Permission::ReadSpace] });
    assert_eq!(who.gates[0].routes[0].people, BTreeSet::from([account("bob")]));
    assert!(who.incomplete.is_empty());
    assert!(who.parties.is_empty());
}
