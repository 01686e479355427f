//! The site that everything runs against, in each of the three modes that Cloud sites are in. Lists are long
//! enough for every way of paging to be needed.

use std::fmt::Write as _;

/// How far a site has moved to roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Classic,
    Transition,
    Roles,
}

impl Mode {
    pub(crate) const ALL: [Self; 3] = [Self::Classic, Self::Transition, Self::Roles];

    /// As state files spell it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Classic => "pre-roles",
            Self::Transition => "roles-transition",
            Self::Roles => "roles",
        }
    }

    pub(crate) const fn has_roles(self) -> bool {
        !matches!(self, Self::Classic)
    }

    /// Whether single permissions can be given and taken.
    pub(crate) const fn has_grants(self) -> bool {
        !matches!(self, Self::Roles)
    }
}

/// The id of the role Viewer.
pub(crate) const VIEWER: &str = "c0a80000-0000-4000-8000-000000000004";

/// More than the 250 of a page of v2.
const PAGES: usize = 260;

/// More than the 200 of a page of v1.
const GROUPS: usize = 210;

/// More than the 100 groups of a list that is expanded in a search.
const LISTED: usize = 120;

/// The text of a state file. `quirks` is what is between the braces.
pub(crate) fn state(mode: Mode, quirks: &str) -> String {
    let mut text = HEAD.replace("MODE", mode.name()).replace("QUIRKS", quirks);
    text.push_str("users:\n");
    text.push_str(USERS);
    for n in 0..GROUPS {
        let _ = writeln!(text, "  u{n}: {{account-id: a-u{n}, name: User {n}}}");
    }
    text.push_str("groups:\n");
    text.push_str(NAMED_GROUPS);
    let accounts: Vec<String> = (0..GROUPS).map(|n| format!("u{n}")).collect();
    let _ = writeln!(text, "  many: {{id: g-many, members: [{}]}}", accounts.join(", "));
    for n in 0..GROUPS {
        let _ = writeln!(text, "  crowd{n}: {{id: g-crowd{n}}}");
    }
    if mode.has_roles() {
        text.push_str(ROLES);
    }
    text.push_str("spaces:\n");
    for (space, roles) in [(ENG, "Admin: [user:ann], Viewer: [group:eng]"), (OPS, "Admin: [user:eve]")] {
        text.push_str(&access(space, mode, roles));
    }
    text.push_str(
        &access(BIG, mode, "Admin: [user:ann], Viewer: [CROWDS]").replace("CROWDS", &crowds(GROUPS)),
    );
    let _ = writeln!(text, "    pages:\n      - id: 1000\n        title: Big home\n        children:");
    let _ = writeln!(text, "          - {{id: 2000, title: Crowded, view: [user:ann, {}]}}", crowds(LISTED));
    for n in 1..=PAGES {
        let _ = writeln!(text, "          - {{id: {}, title: Page {n}}}", 1000 + n);
    }
    text
}

/// A space as its mode has it: single permissions, roles, or both.
fn access(space: &str, mode: Mode, roles: &str) -> String {
    let mut text = String::new();
    for line in space.lines() {
        match line.trim() {
            "ROLES" if mode.has_roles() => {
                let _ = writeln!(text, "    role-assignments: {{{roles}}}");
            }
            "ROLES" => {}
            _ if line.starts_with("    permissions:") && !mode.has_grants() => {}
            _ => {
                let _ = writeln!(text, "{}", line.replace("CROWDS", &crowds(GROUPS)));
            }
        }
    }
    text
}

fn crowds(count: usize) -> String {
    (0..count).map(|n| format!("group:crowd{n}")).collect::<Vec<_>>().join(", ")
}

const HEAD: &str = "\
kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: MODE, edition: premium, anonymous: true, caller: ann}
quirks: {QUIRKS}
";

const USERS: &str = "
  ann: {account-id: a-ann, name: Ann, email: ann@x.com, confluence-admin: true}
  bob: {account-id: a-bob, name: Bob, email: bob@x.com}
  eve: {account-id: a-eve, name: Eve, email: eve@x.com}
  ex: {account-id: a-ex, name: Ex, email: ex@x.com, status: inactive}
  left: {account-id: a-left, name: Left, status: closed}
  gus: {account-id: a-gus, name: Gus, email: gus@x.com, guest-of: ENG}
  app: {account-id: a-app, name: App, type: app}
  carl: {account-id: a-carl, name: Carl, email: carl@x.com, type: customer}
";

const NAMED_GROUPS: &str = "
  eng: {id: g-eng, members: [ann, bob], access: user}
  ops: {id: g-ops, members: [eve], access: user}
  admins: {id: g-admins, members: [ann], access: admin}
  team: {id: g-team, members: [bob], team: true}
";

const ROLES: &str = "roles:
  Admin: {id: c0a80000-0000-4000-8000-000000000001, permissions: [read/space, export_content/space, create/page, update/page, archive/page, delete/page, create/blogpost, update/blogpost, delete/blogpost, create/comment, delete/comment, create/attachment, delete/attachment, delete/space, restrict_content/space, export/space, administer/space, manage_users/space]}
  Collaborator: {id: c0a80000-0000-4000-8000-000000000003, permissions: [read/space, export_content/space, create/page, update/page, create/comment, create/attachment]}
  Viewer: {id: c0a80000-0000-4000-8000-000000000004, permissions: [read/space, export_content/space, create/comment]}
  Auditor: {id: c0a80000-0000-4000-8000-000000000005, type: custom, description: Reads and exports., permissions: [read/space, export/space]}
";

const ENG: &str = "  ENG:
    id: 101
    labels: [team]
    name: Engineering
    permissions: {read/space: [user:ann, user:app, user:eve, user:left, anonymous, class:all-licensed-users], create/page: [user:ann, user:eve], create/comment: [user:ann, user:eve], restrict_content/space: [user:ann], archive/page: [user:ann], manage_users/space: [user:ann], administer/space: [user:ann]}
    ROLES
    pages:
      - id: 1
        title: Home
        children:
          - {id: 2, title: Open, author: bob, labels: [plans]}
          - {id: 3, title: Closed, view: [user:ann, group:eng], edit: [user:ann], children: [{id: 4, title: Below}]}
          - {id: 5, title: Half, view: [user:ann, group:eng], edit: [user:ann]}
          - {id: 6, title: Folder, type: folder, children: [{id: 7, title: In folder}]}
          - {id: 8, title: Gone, status: trashed}
          - {id: 10, title: Put away, status: archived}
          - {id: 11, title: Board, type: whiteboard}
          - {id: 12, title: Table, type: database}
          - {id: 13, title: Link, type: embed}
    blogposts: [{id: 20, title: News, author: ann}]
";

const OPS: &str = "  OPS:
    id: 102
    name: Operations
    permissions: {read/space: [user:eve, user:ann], administer/space: [user:eve]}
    ROLES
    pages: [{id: 30, title: Ops home}]
";

const BIG: &str = "  BIG:
    id: 103
    name: Big
    type: collaboration
    permissions: {read/space: [user:ann, CROWDS], create/page: [user:ann], update/page: [user:ann], create/comment: [CROWDS], restrict_content/space: [user:ann], administer/space: [user:ann]}
    ROLES
";
