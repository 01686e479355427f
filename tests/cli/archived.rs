//! Archived pages: readable for everyone with access to the space, so they count like any other page.

use confperm::sandbox::{Options, Site};

use crate::support::{Folder, Hosted, Ran};

const SITE: &str = "kind: confluence-sandbox
version: 1
site: {flavor: cloud, space-role-mode: pre-roles, edition: standard, caller: bot}
users:
  bot: {account-id: 5b10ac8d82e05b22cc7d4e01, name: Bot, email: bot@example.com, confluence-admin: true}
  bob: {account-id: 5b10ac8d82e05b22cc7d4e03, name: Bob, email: bob@example.com}
  pia: {account-id: 5b10ac8d82e05b22cc7d4e04, name: Pia, email: pia@example.com}
groups:
  staff: {id: g-staff, members: [bot, bob], access: user}
  partners: {id: g-partners, members: [pia], access: user}
spaces:
  ENG:
    id: 101
    name: Space 101
    homepage: 1
    permissions: {read/space: [user:bot, group:staff], create/page: [user:bot, group:staff], administer/space: [user:bot], restrict_content/space: [user:bot]}
    pages:
      - id: 1
        title: Home
        children:
          - {id: 2, title: Public}
          - {id: 3, title: Internal, children: [{id: 5, title: Older, status: archived}]}
          - {id: 4, title: Old prices, status: archived, view: [user:bot, group:partners]}
          - {id: 6, title: Old prices}
          - {id: 7, title: Notes, status: archived, view: [group:staff], edit: [group:staff]}
";

const HEAD: &str = "version: 1
site: {url: sandbox:site.yaml}
people: {bot: 5b10ac8d82e05b22cc7d4e01, bob: 5b10ac8d82e05b22cc7d4e03, pia: 5b10ac8d82e05b22cc7d4e04}
";

const PAGE_ONLY: &str = "spaces:
  ENG:
    access: {admin: [user:bot], collaborator: [group:staff]}
    page-only: [{who: [group:partners], pages: [/Public], role: viewer}]
";

struct Case(Folder);

impl Case {
    fn new(policy: &str) -> Self {
        Self::on(SITE, policy)
    }

    fn on(site: &str, policy: &str) -> Self {
        Self(Folder::with(&[("confperm.yaml", &format!("{HEAD}{policy}")), ("site.yaml", site)]))
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.0.run(arguments)
    }
}

#[test]
fn guests_of_some_pages_do_not_read_what_is_archived() {
    let case = Case::new(PAGE_ONLY);
    let ran = case.run(&["apply", "--yes"]).code(0);
    // Each by a list of its own: what stands above an archived page may not protect it.
    for page in ["/Home/Internal/Older (archived)", "/Home/Old prices (archived)"] {
        assert!(ran.out.contains(page), "{page}\n{}", ran.out);
    }
    for page in ["id:3", "id:4", "id:5", "id:6", "id:7"] {
        case.run(&["can", "pia", "view", &format!("ENG/{page}")]).code(3);
    }
    case.run(&["can", "pia", "view", "ENG/Public"]).code(0);
    case.run(&["plan", "--detailed-exitcode"]).code(0);
}

/// One who is a guest twice, or a guest and more, gets past the list above as the one and must not see the archived page
/// as the other.
#[test]
fn an_archived_page_is_not_opened_to_those_that_the_list_above_it_leaves_out() {
    let site = SITE.replace("title: Internal,", "title: Internal, view: [user:bot],").replace(
        "[bot, bob], access: user}",
        "[bot, bob, pia], access: user}\n  auditors: {id: g-auditors, members: []}",
    );
    let policy = "spaces:
  ENG:
    access: {admin: [user:bot], collaborator: [group:staff]}
    page-only:
      - {who: [group:partners], pages: [/Internal], role: viewer}
      - {who: [group:auditors], pages: [/Public], role: viewer}
";
    let case = Case::on(&site, policy);
    case.run(&["can", "pia", "view", "ENG/id:5"]).code(3);
    case.run(&["apply", "--yes"]).code(0);
    case.run(&["can", "pia", "view", "ENG/Internal"]).code(0);
    let ran = case.run(&["can", "pia", "view", "ENG/id:5"]).code(3);
    assert!(ran.out.contains("denied"), "{}", ran.out);
    let ran = case.run(&["plan", "--detailed-exitcode"]).code(0);
    assert!(!ran.out.contains("seen-by-guests"), "{}", ran.out);
}

/// What a path means is decided title by title: it does not go on below an archived page beside a current one of that
/// title, though only the archived one has a page of the next title, and goes below the homepage only where nothing at
/// the top is meant.
#[test]
fn a_path_goes_along_current_pages_first() {
    let site = SITE.replace(
        "title: Old prices, status: archived, view: [user:bot, group:partners]",
        "title: Old prices, status: archived, children: [{id: 8, title: Leaf, view: [user:bot]}]",
    );
    let policy = "spaces: {ENG: {mode: additive, pages: {/Home/Old prices/Leaf: {view: anyone}}}}\n";
    let ran = Case::on(&site, policy).run(&["plan"]);
    assert!(ran.err.contains("unknown-page") && !ran.out.contains("Leaf"), "{}{}", ran.out, ran.err);
    let site = site.replace("title: Old prices}", "title: Other}");
    let ran = Case::on(&site, policy).run(&["plan"]).code(0);
    assert!(ran.out.contains("/Home/Old prices/Leaf"), "{}", ran.out);
}

#[test]
fn who_and_can_and_test_know_archived_pages() {
    let case = Case::new(
        "spaces: {ENG: {mode: additive, access: {read/space: [group:staff]}}}
tests: [{name: partners see nothing archived, who: user:bob, can: {view: [ENG/id:7, ENG/id:5]}, cannot: {view: [ENG/id:4, ENG/id:6]}}]
",
    );
    let ran = case.run(&["who", "view", "ENG/id:5"]).code(0);
    assert!(ran.out.contains("can view ENG/Home/Internal/Older (archived)"), "{}", ran.out);
    let ran = case.run(&["test"]).code(3);
    assert!(ran.out.contains("should not be able to view ENG/Home/Old prices: allowed"), "{}", ran.out);
    assert!(!ran.out.contains("(archived)"), "{}", ran.out);
}

/// Archiving has dropped inherited restrictions, so what stands above an archived page is no protection to count on.
#[test]
fn lists_above_an_archived_page_are_no_answer() {
    for inherit in [true, false] {
        let site = SITE.replace("title: Internal,", "title: Internal, view: [user:bot],");
        let site = format!("{site}quirks: {{archived-pages-inherit: {inherit}}}\n");
        let policy = "spaces: {ENG: {mode: additive, pages: {/Internal: {view: [user:bot, user:pia]}}}}
tests: [{name: bob sees nothing internal, who: user:bob, cannot: {view: [ENG/id:3, ENG/id:5]}}]
";
        let case = Case::on(&site, policy);
        let because = "/Home/Internal/Older (archived) is archived, and whether restrictions above";
        let ran = case.run(&["can", "bob", "view", "ENG/id:5"]).code(3);
        assert!(ran.out.contains("unknown") && ran.err.contains(because), "{}{}", ran.out, ran.err);
        let ran = case.run(&["can", "bob", "view", "ENG/id:3"]).code(3);
        assert!(ran.out.contains("denied"), "{}", ran.out);
        let ran = case.run(&["who", "view", "ENG/id:5"]).code(0);
        assert!(ran.out.contains("bob") && ran.out.contains(because), "{}", ran.out);
        let ran = case.run(&["explain", "bob", "view", "ENG/id:5"]);
        assert!(ran.out.contains(because), "{}", ran.out);
        let ran = case.run(&["test"]).code(3);
        assert!(ran.out.contains(because) && !ran.out.contains("ENG/Home/Internal:"), "{}", ran.out);
        // The site's own check knows.
        let ran = case.run(&["test", "--live"]).code(if inherit { 0 } else { 3 });
        assert_eq!(ran.out.contains("should not be able to view"), !inherit, "{}", ran.out);
    }
}

#[test]
fn patterns_restrict_what_is_archived_and_open_only_what_is_not() {
    let plan = |pages: &str| {
        Case::new(&format!("spaces: {{ENG: {{mode: additive, pages: {{{pages}}}}}}}\n"))
            .run(&["plan", "--all"])
            .code(0)
            .out
    };
    let closed = plan("/**: {view: [group:staff]}");
    for page in ["/Home/Internal/Older (archived)", "/Home/Old prices (archived)"] {
        assert!(closed.contains(page), "{page}\n{closed}");
    }
    let opened = plan("/**: {view: anyone, edit: anyone}");
    assert!(opened.contains("Nothing to change: 1 space is as the policy says"), "{opened}");
    // It is not said that no entry matches them.
    let kept = "2 restricted archived pages that `anyone` in a pattern does not open";
    assert!(opened.contains(kept) && !opened.contains("no entry matches"), "{opened}");
    let opened = plan("id:7: {view: anyone, edit: anyone}");
    assert!(opened.contains("1 restricted page that no entry matches"), "{opened}");
    assert!(opened.contains("/Home/Notes (archived)"), "{opened}");
    // The title that a current page bears as well means that page.
    let named = plan("/Old prices: {view: [group:staff]}");
    let changed = |line: &str| line.trim_start().starts_with(['*', '+', '-']);
    assert!(named.lines().any(|line| changed(line) && line.contains("Old prices")), "{named}");
    assert!(!named.lines().any(|line| changed(line) && line.contains("archived")), "{named}");
    // Opening the rest is about what people work with.
    let rest = Case::new(
        "spaces: {ENG: {mode: additive, pages: {/Public: {view: anyone}}, unlisted-pages: open}}\n",
    );
    let rest = rest.run(&["plan"]).code(0).out;
    assert!(rest.contains("Nothing to change: 1 space is as the policy says"), "{rest}");
}

#[test]
fn who_leaves_is_taken_off_archived_lists_and_off_no_list_as_the_last() {
    let rule =
        |absent: &str| format!("rules: [{{name: leavers, spaces: {{key: '*'}}, absent: [{absent}]}}]\n");
    let case = Case::new(&rule("group:partners"));
    let ran = case.run(&["plan"]).code(0);
    assert!(ran.out.contains("/Home/Old prices (archived)"), "{}", ran.out);
    let ran = Case::new(&rule("group:staff")).run(&["plan"]).code(4);
    assert!(ran.err.contains("/Home/Notes (archived)"), "{}", ran.err);
    let replace = "rules: [{name: swap, spaces: {key: '*'}, replace: {group:staff: group:partners}}]\n";
    let ran = Case::new(replace).run(&["plan"]).code(0);
    assert!(ran.out.contains("/Home/Notes (archived)"), "{}", ran.out);
}

#[test]
fn import_and_snapshot_keep_archived_lists() {
    let case = Case::new("");
    let ran = case
        .run(&["import", "-C", "new", "--site", "sandbox:site.yaml", "--space", "ENG", "--stdout"])
        .code(0);
    assert!(ran.out.contains("id:7:  # /Home/Notes (archived)"), "{}", ran.out);
    let ran = case.run(&["snapshot", "--space", "ENG"]).code(0);
    assert_eq!(ran.out.matches("status: archived").count(), 3, "{}", ran.out);
}

#[test]
fn lists_of_archived_pages_are_read_many_at_once() {
    let hosted = Hosted::start(Site::from_yaml(SITE).unwrap(), Options::default());
    let folder = Folder::with(&[(
        "confperm.yaml",
        "version: 1\nspaces: {ENG: {mode: additive, pages: {/**: {view: [group:staff]}}}}\n",
    )]);
    let mut command = folder.confperm(&["plan"]);
    hosted.point(&mut command);
    Ran::from(command.output().unwrap()).code(0);
    let lists = hosted.running.requests();
    let lists = lists.iter().filter(|request| request.path.contains("/restriction"));
    assert_eq!(lists.count(), 0);
}

#[test]
fn a_site_that_keeps_lists_of_archived_pages_as_they_are_is_not_said_to_be_as_the_policy_says() {
    let case = Case::on(&format!("{SITE}quirks: {{archived-pages-writable: false}}\n"), PAGE_ONLY);
    let ran = case.run(&["apply", "--yes"]).code(5);
    assert!(ran.out.contains("/Home/Old prices (archived)"), "{}", ran.out);
    assert!(ran.out.contains("The content is archived"), "{}", ran.out);
    assert!(!ran.out.contains("The site is as the policy says"), "{}", ran.out);
    // The guests are not let in before everything is closed that was to be closed first.
    case.run(&["can", "pia", "view", "ENG/id:5"]).code(3);
}

/// What a site does not let be changed, the policy says; then nothing waits for it, and everything that stays open is
/// named.
#[test]
fn what_stays_open_on_a_site_that_keeps_lists_of_archived_pages_is_named() {
    let read_only = |policy: &str| {
        let case = Case::on(&format!("{SITE}quirks: {{archived-pages-writable: false}}\n"), policy);
        let text = case.0.read("confperm.yaml").replace("{url: sandbox:site.yaml}", READ_ONLY);
        case.0.write("confperm.yaml", &text);
        case
    };
    let case = read_only(&format!(
        "{PAGE_ONLY}tests: [{{name: partners see what is public, who: group:partners, can: {{view: [ENG/Public]}}}}]\n"
    ));
    let stays = "ENG  the lists of /Home/Old prices (archived): view stays with group:partners and user:bot";
    let open = "ENG  the lists of /Home/Internal/Older (archived): view stays open to anyone, the guests of confperm.yaml:7 among them";
    for arguments in [&["plan"][..], &["plan", "--format", "diff"], &["test"], &["apply", "--yes"], &["plan"]]
    {
        let ran = case.run(arguments).code(6);
        for line in [stays, open] {
            assert!(
                ran.out.contains(line) || ran.err.contains(line),
                "{arguments:?}\n{}{}",
                ran.out,
                ran.err
            );
        }
        assert!(!ran.out.contains("The site is as the policy says"), "{}", ran.out);
        assert!(!ran.out.contains("the plan closes it"), "{}", ran.out);
    }
    let case_of_plan = read_only(PAGE_ONLY).run(&["plan"]).code(6);
    assert!(
        case_of_plan.out.contains("1 page to see, 3 branches of the tree closed to them"),
        "{}",
        case_of_plan.out
    );
    // The answers are about the site as it is.
    case.run(&["can", "pia", "view", "ENG/id:4"]).code(0);
    case.run(&["can", "pia", "view", "ENG/Internal"]).code(3);
    let ran = case.run(&["plan", "--detailed-exitcode", "--incomplete=ok"]).code(0);
    assert!(
        ran.out
            .contains("Nothing to change in what the site lets be changed; 2 declared changes are left out"),
        "{}",
        ran.out
    );

    // What is archived and as the policy says is none of it, and neither are the lists of other pages.
    let pages = |pages: &str| format!("spaces: {{ENG: {{mode: additive, pages: {{{pages}}}}}}}\n");
    read_only(&pages("id:7: {view: [group:staff]}")).run(&["plan"]).code(0);
    read_only(&pages("id:6: {view: [group:staff]}")).run(&["apply", "--yes"]).code(0);
    let ran = read_only(&pages("id:7: {view: anyone, edit: anyone}")).run(&["plan"]).code(6);
    assert!(ran.out.contains("view stays with group:staff and edit stays with group:staff"), "{}", ran.out);
    // A site that takes them after all is left alone as well, and a failing test says so first.
    let tests = "tests: [{name: nothing old, who: group:partners, cannot: {view: [ENG/id:5]}}]\n";
    let ran = read_only(&format!("{PAGE_ONLY}{tests}")).run(&["test"]).code(3);
    assert!(ran.out.contains("ENG/Home/Internal/Older (archived)"), "{}", ran.out);
}

const READ_ONLY: &str = "{url: sandbox:site.yaml, archived-pages: read-only}";

#[test]
fn a_refusal_to_change_an_archived_page_says_how_to_plan_without_it() {
    let case = Case::on(&format!("{SITE}quirks: {{archived-pages-writable: false}}\n"), PAGE_ONLY);
    let ran = case.run(&["apply", "--yes"]).code(5);
    assert!(ran.out.contains("write `archived-pages: read-only` under `site`"), "{}", ran.out);
}
