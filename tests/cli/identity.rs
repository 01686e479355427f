//! Which site a run is about, whether it goes on there, and where the token went: for all that can say so.

use std::collections::BTreeSet;

use crate::network::{Network, Seen};
use crate::support::{Folder, Hosted, Ran, Reply, sign_in};

const ACME: &str = "https://acme.atlassian.net/wiki";
const GATEWAY: &str = "https://api.atlassian.com/ex/confluence/c-acme";
const OTHER: &str = "https://other.atlassian.net/wiki";
/// A site under a domain of its own, and the address that it has all the same.
const DOMAIN: &str = "https://wiki.brand.example/wiki";
const BRAND: &str = "https://brand.atlassian.net/wiki";
const BRAND_GATEWAY: &str = "https://api.atlassian.com/ex/confluence/c-brand";
/// Answers as acme does, and tells nothing about itself but the links in its lists.
const MUTE: &str = "https://mute.atlassian.net/wiki";
/// What a stranger would write into a pull request.
const EVIL: &str = "https://evil.example/wiki";

const POLICY: &str = "spaces: {ENG: {mode: additive, access: {viewer: [group:sre]}}}\n";

fn state(cloud_id: &str, url: &str) -> String {
    format!(
        "kind: confluence-sandbox\nversion: 1\n\
         site: {{flavor: cloud, space-role-mode: pre-roles, url: '{url}', cloud-id: {cloud_id}, caller: ann}}\n\
         users: {{ann: {{account-id: a-ann, email: ann@example.com, confluence-admin: true}}}}\n\
         groups: {{sre: {{id: g-sre, members: [ann]}}}}\n\
         spaces: {{ENG: {{id: 101, name: Engineering, permissions: {{read/space: [user:ann], administer/space: [user:ann]}}}}}}\n"
    )
}

/// All sites, and the network in which they are.
struct World {
    network: Network,
    local: String,
    sites: Vec<Hosted>,
}

impl World {
    fn new() -> Self {
        let sites: Vec<Hosted> = [("c-acme", ACME), ("c-other", OTHER), ("c-brand", DOMAIN)]
            .iter()
            .map(|(cloud_id, url)| {
                let site = confperm::sandbox::Site::from_yaml(&state(cloud_id, url)).unwrap();
                Hosted::start(site, confperm::sandbox::Options::default())
            })
            .collect();
        let origins: Vec<String> =
            sites.iter().map(|site| format!("http://{}", site.running.address())).collect();
        let [acme, other, brand] = [&origins[0], &origins[1], &origins[2]];
        // The gateway of one site answers 404 about the cloud id of another, so each case names its own.
        let hosts = [
            ("acme.atlassian.net", acme.as_str()),
            ("api.atlassian.com", acme),
            ("other.atlassian.net", other),
            ("wiki.brand.example", brand),
            ("brand.atlassian.net", brand),
            ("mute.atlassian.net", acme),
            ("evil.example", other),
        ];
        let network = Network::of(&hosts, &["mute.atlassian.net"]);
        Self { network, local: format!("{acme}/wiki"), sites }
    }
}

/// One combination of everything that can say where the site is.
#[derive(Default)]
struct Case {
    policy: &'static str,
    variable: &'static str,
    flag: &'static str,
    /// The lines below `version:` of the lock.
    lock: &'static str,
    /// What the run stops with; it goes on where there is none.
    stops: &'static [&'static str],
    /// The hosts that the token goes to.
    token: &'static [&'static str],
    /// The hosts that are asked something without it.
    asked: &'static [&'static str],
}

impl Case {
    fn folder(&self) -> Folder {
        let site = if self.policy.is_empty() {
            String::new()
        } else {
            format!("site: {{url: '{}'}}\n", self.policy)
        };
        let folder = Folder::with(&[
            ("confperm.yaml", &format!("version: 1\n{site}{POLICY}")),
            ("site.yaml", &state("c-acme", "https://anything.example/wiki")),
            ("other.yaml", &state("c-other", ACME)),
        ]);
        if !self.lock.is_empty() {
            let names = "groups:\n  sre: g-sre\nspaces:\n  ENG: 101\n";
            let version = if self.lock.contains('{') { 2 } else { 1 };
            folder.write("confperm.lock", &format!("version: {version}\nsite: {}\n{names}", self.lock));
        }
        folder
    }

    fn name(&self) -> String {
        let Self { policy, variable, flag, lock, .. } = self;
        format!("policy {policy}, CONFLUENCE_URL {variable}, --site {flag}, lock {lock}")
    }
}

const ACME_LOCK: &str = "{cloud-id: c-acme, url: https://acme.atlassian.net/wiki}";

const CASES: &[Case] = &[
    // Only the policy says where: refused where it cannot be confirmed.
    Case {
        policy: ACME,
        stops: &[
            "nothing was sent to https://acme.atlassian.net: only",
            "set `CONFLUENCE_URL=https://acme.atlassian.net/wiki`",
            "add `--site https://acme.atlassian.net/wiki`",
        ],
        ..NOTHING
    },
    Case { policy: GATEWAY, stops: &["only `site.url` of the policy names it"], ..NOTHING },
    Case { policy: EVIL, stops: &["nothing was sent to https://evil.example: only"], ..NOTHING },
    Case { policy: EVIL, lock: ACME_LOCK, stops: &["only `site.url` of the policy names it"], ..NOTHING },
    // Each address of one site.
    Case { variable: ACME, token: &["acme.atlassian.net"], ..NOTHING },
    Case { policy: ACME, variable: ACME, token: &["acme.atlassian.net"], ..NOTHING },
    Case { policy: ACME, variable: GATEWAY, token: &["api.atlassian.com"], ..NOTHING },
    Case { policy: GATEWAY, variable: ACME, token: &["acme.atlassian.net"], ..NOTHING },
    Case { policy: ACME, variable: MUTE, token: &["mute.atlassian.net"], ..NOTHING },
    Case { policy: DOMAIN, variable: DOMAIN, token: &["wiki.brand.example"], ..NOTHING },
    Case { policy: DOMAIN, variable: BRAND, token: &["brand.atlassian.net"], ..NOTHING },
    Case {
        policy: BRAND,
        variable: DOMAIN,
        token: &["wiki.brand.example"],
        asked: &["brand.atlassian.net"],
        ..NOTHING
    },
    Case { policy: BRAND_GATEWAY, variable: DOMAIN, token: &["wiki.brand.example"], ..NOTHING },
    // A site that calls itself otherwise to this token: the lock knows both names of it, and no host is asked.
    Case {
        policy: DOMAIN,
        variable: GATEWAY,
        lock: "{cloud-id: c-acme, url: https://wiki.brand.example/wiki}",
        token: &["api.atlassian.com"],
        ..NOTHING
    },
    Case {
        policy: DOMAIN,
        variable: GATEWAY,
        stops: &[
            "this is not the site that the policy is about",
            "if https://wiki.brand.example is a custom domain of this site, write `url: https://acme.atlassian.net/wiki`",
        ],
        token: &["api.atlassian.com"],
        ..NOTHING
    },
    // The lock of another site knows nothing about this one.
    Case {
        policy: DOMAIN,
        variable: GATEWAY,
        lock: "{cloud-id: c-brand, url: https://wiki.brand.example/wiki}",
        stops: &["this is not the site that the policy is about"],
        token: &["api.atlassian.com"],
        ..NOTHING
    },
    // Two sites.
    Case {
        policy: OTHER,
        variable: ACME,
        stops: &[
            "this is not the site that the policy is about",
            "this site      https://acme.atlassian.net/wiki (cloud id c-acme), at https://acme.atlassian.net/wiki (CONFLUENCE_URL)",
            "site.url       https://other.atlassian.net/wiki (confperm.yaml:2)",
            "correct `site.url` or CONFLUENCE_URL",
        ],
        token: &["acme.atlassian.net"],
        asked: &["other.atlassian.net"],
        ..NOTHING
    },
    Case {
        policy: BRAND_GATEWAY,
        variable: GATEWAY,
        stops: &["this is not the site that the policy is about"],
        token: &["api.atlassian.com"],
        ..NOTHING
    },
    Case {
        policy: EVIL,
        variable: ACME,
        stops: &["this is not the site that the policy is about"],
        token: &["acme.atlassian.net"],
        ..NOTHING
    },
    Case {
        policy: GATEWAY,
        variable: MUTE,
        stops: &["this is not the site"],
        token: &["mute.atlassian.net"],
        ..NOTHING
    },
    // `--site` goes before both.
    Case { policy: OTHER, variable: EVIL, flag: ACME, token: &["acme.atlassian.net"], ..NOTHING },
    Case { policy: ACME, flag: OTHER, token: &["other.atlassian.net"], ..NOTHING },
    // The lock is about a site, however it is addressed.
    Case { policy: ACME, variable: GATEWAY, lock: ACME_LOCK, token: &["api.atlassian.com"], ..NOTHING },
    Case { variable: MUTE, lock: ACME_LOCK, token: &["mute.atlassian.net"], ..NOTHING },
    Case {
        variable: OTHER,
        lock: ACME_LOCK,
        stops: &[
            "this is not the site that the policy is about",
            "confperm.lock  https://acme.atlassian.net/wiki (cloud id c-acme)",
            "delete confperm.lock",
        ],
        token: &["other.atlassian.net"],
        ..NOTHING
    },
    Case {
        policy: ACME,
        flag: OTHER,
        lock: ACME_LOCK,
        stops: &["this is not the site", "site c-other"],
        token: &["other.atlassian.net"],
        ..NOTHING
    },
    // A site that was made again under the old address is another one.
    Case {
        variable: ACME,
        lock: "{cloud-id: c-before, url: https://acme.atlassian.net/wiki}",
        stops: &["this is not the site", "(cloud id c-before)"],
        token: &["acme.atlassian.net"],
        ..NOTHING
    },
    // One that got another address is not.
    Case {
        variable: ACME,
        lock: "{cloud-id: c-acme, url: https://old-name.atlassian.net/wiki}",
        token: &["acme.atlassian.net"],
        ..NOTHING
    },
    // Locks of version 0.1.
    Case { variable: ACME, lock: ACME, token: &["acme.atlassian.net"], ..NOTHING },
    Case { variable: GATEWAY, lock: ACME, token: &["api.atlassian.com"], ..NOTHING },
    Case {
        variable: ACME,
        lock: "https://api.atlassian.com/ex/confluence/c-acme/wiki",
        token: &["acme.atlassian.net"],
        ..NOTHING
    },
    Case {
        variable: OTHER,
        lock: ACME,
        stops: &["this is not the site"],
        token: &["other.atlassian.net"],
        ..NOTHING
    },
    Case {
        variable: ACME,
        lock: "sandbox:site.yaml",
        stops: &["this is not the site", "written by version 0.1"],
        token: &["acme.atlassian.net"],
        ..NOTHING
    },
    Case { policy: "sandbox:site.yaml", lock: "sandbox:site.yaml", ..NOTHING },
    Case {
        policy: "sandbox:site.yaml",
        lock: "sandbox:other.yaml",
        stops: &["written by version 0.1"],
        ..NOTHING
    },
    // Sandboxes.
    Case { policy: "sandbox:site.yaml", ..NOTHING },
    Case { policy: "sandbox:site.yaml", lock: ACME_LOCK, ..NOTHING },
    Case {
        policy: "sandbox:other.yaml",
        lock: ACME_LOCK,
        stops: &["this is not the site", "(cloud id c-other)"],
        ..NOTHING
    },
    Case { policy: ACME, flag: "sandbox:site.yaml", lock: ACME_LOCK, ..NOTHING },
    Case {
        policy: ACME,
        variable: ACME,
        flag: "sandbox:other.yaml",
        lock: ACME_LOCK,
        stops: &["this is not the site"],
        ..NOTHING
    },
    Case {
        policy: "sandbox:site.yaml",
        variable: ACME,
        stops: &[
            "the policy names a sandbox (`sandbox:site.yaml`, confperm.yaml:2), and CONFLUENCE_URL names another site",
            "add `--site sandbox:./site.yaml` to use the sandbox, or `--site https://acme.atlassian.net/wiki` to use that site",
        ],
        ..NOTHING
    },
    Case { policy: "sandbox:site.yaml", variable: EVIL, stops: &["the policy names a sandbox"], ..NOTHING },
    Case { policy: "sandbox:site.yaml", variable: ACME, flag: "sandbox:site.yaml", ..NOTHING },
    Case {
        policy: "sandbox:site.yaml",
        variable: OTHER,
        flag: ACME,
        token: &["acme.atlassian.net"],
        ..NOTHING
    },
    Case { stops: &["nothing says where the site is"], ..NOTHING },
];

const NOTHING: Case =
    Case { policy: "", variable: "", flag: "", lock: "", stops: &[], token: &[], asked: &[] };

fn hosts(seen: &[Seen], signed: bool) -> BTreeSet<&str> {
    seen.iter().filter(|seen| seen.signed == signed).map(|seen| seen.host.as_str()).collect()
}

/// The run of a case in a network, as CI makes it.
fn run(case: &Case, folder: &Folder, network: &Network, command: &[&str]) -> Ran {
    let mut command = folder.confperm(command);
    network.around(&mut command);
    command.env("CONFLUENCE_USERNAME", "ann@example.com").env("CONFLUENCE_API_TOKEN", "token-ann");
    if !case.variable.is_empty() {
        command.env("CONFLUENCE_URL", case.variable);
    }
    if !case.flag.is_empty() {
        command.args(["--site", case.flag]);
    }
    Ran::from(command.output().unwrap())
}

#[test]
fn a_run_goes_on_only_where_all_that_names_a_site_names_one() {
    let world = World::new();
    for case in CASES {
        let folder = case.folder();
        let before = folder.files();
        let ran = run(case, &folder, &world.network, &["plan"]);
        let seen = world.network.seen();
        let shown = format!("{}\n{}", case.name(), ran.err);
        assert_eq!(ran.code, i32::from(!case.stops.is_empty()), "{shown}");
        for words in case.stops {
            let words = words.replace("site c-other", "(cloud id c-other)");
            assert!(ran.err.contains(&words), "no `{words}`\n{shown}");
        }
        assert_eq!(hosts(&seen, true), case.token.iter().copied().collect(), "{shown}");
        assert_eq!(hosts(&seen, false), case.asked.iter().copied().collect(), "{shown}");
        if !case.stops.is_empty() {
            let read = seen.iter().filter(|seen| seen.signed).find(|seen| {
                // A list of one space says what the site calls itself where nothing else does.
                let paths = ["/rest/api/user/current", "/rest/api/settings/systemInfo", "/api/v2/spaces"];
                !paths.iter().any(|path| seen.path.ends_with(path))
            });
            assert_eq!(read, None, "{shown}");
            assert_eq!(folder.files(), before, "{shown}");
        }
    }
}

#[test]
fn every_command_that_connects_stops_at_another_site() {
    let world = World::new();
    let case = Case { policy: OTHER, variable: ACME, ..NOTHING };
    let locked = Case { variable: OTHER, lock: ACME_LOCK, ..NOTHING };
    let unsaid = Case { policy: EVIL, ..NOTHING };
    let two = Case { policy: "sandbox:site.yaml", variable: ACME, ..NOTHING };
    let asked = Case { policy: OTHER, flag: ACME, ..NOTHING };
    for command in [
        &["plan"] as &[&str],
        &["apply", "--yes"],
        &["doctor"],
        &["test"],
        &["can", "group:sre", "view", "ENG"],
        &["who", "view", "ENG"],
        &["explain", "group:sre", "view", "ENG"],
        &["import", "--space", "ENG", "--stdout"],
        &["snapshot", "--space", "ENG"],
    ] {
        for (case, words) in [
            (&case, "this is not the site that the policy is about"),
            (&locked, "this is not the site that the policy is about"),
            (&unsaid, "nothing was sent to https://evil.example: only"),
            (&two, "the policy names a sandbox"),
        ] {
            let ran = run(case, &case.folder(), &world.network, command).code(1);
            assert!(ran.err.contains(words), "{command:?}\n{}", ran.err);
            let seen = world.network.seen();
            assert!(!hosts(&seen, true).contains("evil.example"), "{command:?}");
            assert!(seen.iter().all(|seen| !seen.path.contains("/space/")), "{command:?} {seen:?}");
        }
        let ran = run(&asked, &asked.folder(), &world.network, command);
        assert!(ran.code == 0 || ran.code == 3, "{command:?} with --site\n{}", ran.err);
        assert_eq!(hosts(&world.network.seen(), true), BTreeSet::from(["acme.atlassian.net"]), "{command:?}");
    }
}

#[test]
fn a_lock_of_an_earlier_version_is_brought_up_to_date_where_it_fits() {
    let world = World::new();
    for case in [
        Case { variable: ACME, lock: ACME, ..NOTHING },
        Case { variable: GATEWAY, lock: ACME, ..NOTHING },
        Case { variable: MUTE, lock: "https://mute.atlassian.net/wiki", ..NOTHING },
        Case { policy: "sandbox:site.yaml", lock: "sandbox:site.yaml", ..NOTHING },
    ] {
        let folder = case.folder();
        let old = folder.read("confperm.lock");
        run(&case, &folder, &world.network, &["plan", "--locked"]).code(0);
        assert_eq!(folder.read("confperm.lock"), old, "--locked writes nothing");
        let ran = run(&case, &folder, &world.network, &["plan"]).code(0);
        assert!(ran.err.contains("confperm.lock: brought up to date; commit it"), "{}", ran.err);
        let new = folder.read("confperm.lock");
        let lines = match (case.variable, case.policy) {
            (MUTE, _) => "version: 2\nsite:\n  url: https://acme.atlassian.net/wiki\ngroups:\n  sre: g-sre\n",
            (_, "") => {
                "version: 2\nsite:\n  cloud-id: c-acme\n  url: https://acme.atlassian.net/wiki\ngroups:\n  sre: g-sre\n"
            }
            _ => {
                "version: 2\nsite:\n  cloud-id: c-acme\n  url: https://anything.example/wiki\ngroups:\n  sre: g-sre\n"
            }
        };
        assert!(new.contains(lines), "{new}");
    }
}

#[test]
fn what_a_lock_knows_of_its_site_survives_tokens_and_copies_that_know_less() {
    let world = World::new();
    let via = Case { variable: MUTE, lock: ACME_LOCK, ..NOTHING };
    let copy = Case { policy: ACME, flag: "sandbox:site.yaml", lock: ACME_LOCK, ..NOTHING };
    for case in [via, copy] {
        let folder = case.folder();
        run(&case, &folder, &world.network, &["plan"]).code(0);
        let lock = folder.read("confperm.lock");
        let site = "site:\n  cloud-id: c-acme\n  url: https://acme.atlassian.net/wiki\n";
        assert!(lock.contains(site), "{}\n{lock}", case.name());
    }
}

#[test]
fn the_doctor_names_the_site_and_says_whether_the_lock_is_about_it() {
    let world = World::new();
    let case = Case { policy: ACME, variable: GATEWAY, lock: ACME_LOCK, ..NOTHING };
    let ran = run(&case, &case.folder(), &world.network, &["doctor"]).code(0);
    assert!(ran.out.contains("answers as https://acme.atlassian.net/wiki (cloud id c-acme)"), "{}", ran.out);
    assert!(ran.out.contains("confperm.lock is about this site"), "{}", ran.out);
}

#[test]
fn a_loopback_address_needs_no_confirmation_and_only_its_cloud_id_counts() {
    let world = World::new();
    let case = Case { policy: OTHER, lock: ACME_LOCK, ..NOTHING };
    let folder = case.folder();
    folder.write("confperm.yaml", &format!("version: 1\nsite: {{url: '{}'}}\n{POLICY}", world.local));
    run(&case, &folder, &world.network, &["plan"]).code(0);
    // The address in the policy is another one than the copy gives itself.
    let folder = case.folder();
    let mut command = folder.confperm(&["plan"]);
    command
        .env("CONFLUENCE_URL", &world.local)
        .env("CONFLUENCE_USERNAME", "ann@example.com")
        .env("CONFLUENCE_API_TOKEN", "token-ann");
    Ran::from(command.output().unwrap()).code(0);
    assert_eq!(world.network.seen(), []);
}

/// Anything can listen on this machine, and an address is easily claimed.
#[test]
fn a_loopback_address_that_tells_no_cloud_id_does_not_pass_for_the_site_of_a_lock() {
    let world = World::new();
    let front = world.sites[0]
        .behind(|_, path| path.ends_with("/settings/systemInfo").then(|| Reply::v1(403, "not permitted")));
    for (lock, code) in [(ACME_LOCK, 1), ("{url: https://acme.atlassian.net/wiki}", 0)] {
        let folder = Case { lock, ..NOTHING }.folder();
        let mut command = folder.confperm(&["plan"]);
        sign_in(&mut command, &front.url, &world.sites[0].running);
        let ran = Ran::from(command.output().unwrap()).code(code);
        assert_eq!(
            ran.err.contains("this is not the site that the policy is about"),
            code == 1,
            "{}",
            ran.err
        );
    }
}

#[test]
fn a_bad_proxy_is_an_error_that_does_not_repeat_it() {
    let world = World::new();
    let case = Case { variable: ACME, ..NOTHING };
    let folder = case.folder();
    for (name, value, words) in [
        ("HTTPS_PROXY", "http://ann:hunter22@proxy:port", "HTTPS_PROXY is not the address of a proxy"),
        ("https_proxy", "http://", "https_proxy is not the address of a proxy"),
        (
            "ALL_PROXY",
            "socks5://ann:hunter22@proxy:1080",
            "ALL_PROXY names a proxy of another protocol than HTTP",
        ),
    ] {
        let mut command = folder.confperm(&["plan"]);
        command
            .env("CONFLUENCE_URL", ACME)
            .env("CONFLUENCE_USERNAME", "ann@example.com")
            .env("CONFLUENCE_API_TOKEN", "token-ann")
            .env(name, value);
        let ran = Ran::from(command.output().unwrap()).code(1);
        assert!(ran.err.contains(words) && ran.err.contains("or unset it"), "{}", ran.err);
        assert!(!ran.err.contains("hunter22"), "{}", ran.err);
    }
    assert_eq!(world.network.seen(), []);
}

#[test]
fn a_token_without_a_user_name_is_refused_at_the_sites_own_address() {
    let world = World::new();
    for (url, variable) in [
        (ACME, "CONFLUENCE_API_TOKEN"),
        (DOMAIN, "CONFLUENCE_API_TOKEN"),
        (ACME, "CONFLUENCE_PERSONAL_TOKEN"),
        (&*world.local, "CONFLUENCE_API_TOKEN"),
    ] {
        let folder = NOTHING.folder();
        let mut command = folder.confperm(&["plan"]);
        world.network.around(&mut command);
        command.env("CONFLUENCE_URL", url).env(variable, "token-ann");
        let ran = Ran::from(command.output().unwrap()).code(1);
        assert!(
            ran.err.contains("a token without a user name cannot sign in at the site's own address"),
            "{}",
            ran.err
        );
        assert!(ran.err.contains("CONFLUENCE_USERNAME"), "{}", ran.err);
        assert_eq!(world.network.seen(), [], "{url}");
    }
    let folder = NOTHING.folder();
    let mut command = folder.confperm(&["plan"]);
    world.network.around(&mut command);
    command.env("CONFLUENCE_URL", GATEWAY).env("CONFLUENCE_API_TOKEN", "token-ann");
    Ran::from(command.output().unwrap()).code(0);
}

#[test]
fn an_address_without_wiki_is_answered_with_the_right_one() {
    let world = World::new();
    let folder = NOTHING.folder();
    let local = world.local.trim_end_matches("/wiki");
    for (url, right) in [
        ("https://wiki.brand.example", "https://wiki.brand.example/wiki"),
        ("https://wiki.brand.example/", "https://wiki.brand.example/wiki"),
        (local, &*world.local),
    ] {
        let case = Case { ..NOTHING };
        let mut command = folder.confperm(&["plan"]);
        world.network.around(&mut command);
        command
            .env("CONFLUENCE_URL", url)
            .env("CONFLUENCE_USERNAME", "ann@example.com")
            .env("CONFLUENCE_API_TOKEN", "token-ann");
        let ran = Ran::from(command.output().unwrap()).code(1);
        assert!(ran.err.contains("there is no Confluence at"), "{}\n{}", case.name(), ran.err);
        assert!(ran.err.contains(&format!("write `{right}`")), "{}", ran.err);
        world.network.seen();
    }
    // What is on a page of the site says as much before anything is asked.
    let mut command = folder.confperm(&["plan"]);
    command.env("CONFLUENCE_URL", "https://wiki.brand.example/wiki/spaces/ENG/overview");
    let ran = Ran::from(command.output().unwrap()).code(1);
    assert!(ran.err.contains("write `https://wiki.brand.example/wiki`"), "{}", ran.err);
}

/// Runs on a terminal: stdin and stderr are one, and what is typed is there from the start.
fn at_a_terminal(folder: &Folder, world: &World, settings: &Folder, typed: &str) -> (i32, String) {
    use std::io::{Read as _, Write as _};
    use std::process::{Command, Stdio};

    let pty = rustix_openpty::openpty(None, None).unwrap();
    let mut person = std::fs::File::from(pty.controller);
    person.write_all(typed.as_bytes()).unwrap();
    let mut prepared = folder.confperm(&["plan"]);
    world.network.around(&mut prepared);
    prepared
        .env("CONFLUENCE_USERNAME", "ann@example.com")
        .env("CONFLUENCE_API_TOKEN", "token-ann")
        .env("XDG_CONFIG_HOME", settings.path());
    let mut command = Command::new(prepared.get_program());
    command.args(prepared.get_args()).current_dir(folder.path()).env_clear();
    command.envs(prepared.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(Stdio::from(pty.user.try_clone().unwrap())).stdout(Stdio::null()).stderr(pty.user);
    let mut child = command.spawn().unwrap();
    // Its own ends of the terminal go with it, so that reading ends when the run does.
    drop(command);
    let mut shown = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(read @ 1..) = person.read(&mut piece) {
        shown.extend_from_slice(&piece[..read]);
    }
    (child.wait().unwrap().code().unwrap(), String::from_utf8(shown).unwrap())
}

#[test]
fn a_person_confirms_a_host_once_and_the_answer_stays_out_of_the_repository() {
    let world = World::new();
    let case = Case { policy: ACME, ..NOTHING };
    let (folder, settings) = (case.folder(), Folder::with(&[]));
    let question = "Send the token to https://acme.atlassian.net";

    let (code, shown) = at_a_terminal(&folder, &world, &settings, "no\n");
    assert!(
        code == 1 && shown.contains(question) && shown.contains("was not confirmed; nothing was sent"),
        "{shown}"
    );
    assert_eq!((world.network.seen(), settings.files()), (vec![], vec![]));

    let (code, shown) = at_a_terminal(&folder, &world, &settings, "yes\n");
    assert!(code == 0 && shown.contains(question), "{shown}");
    assert_eq!(hosts(&world.network.seen(), true), BTreeSet::from(["acme.atlassian.net"]));
    assert_eq!(settings.read("confperm/hosts"), "https://acme.atlassian.net\n");
    let names: Vec<_> = folder.files().into_iter().map(|(path, _)| path.display().to_string()).collect();
    assert_eq!(names, ["confperm.lock", "confperm.yaml", "other.yaml", "site.yaml"]);

    let (code, shown) = at_a_terminal(&folder, &world, &settings, "");
    assert!(code == 0 && !shown.contains(question), "{shown}");
    // What was confirmed is a host and not the policy, and counts where a person is.
    folder.write("confperm.yaml", &format!("version: 1\nsite: {{url: '{EVIL}'}}\n{POLICY}"));
    world.network.seen();
    let (code, shown) = at_a_terminal(&folder, &world, &settings, "no\n");
    assert!(code == 1 && shown.contains("Send the token to https://evil.example"), "{shown}");
    folder.write("confperm.yaml", &format!("version: 1\nsite: {{url: '{ACME}'}}\n{POLICY}"));
    let mut command = folder.confperm(&["plan"]);
    world.network.around(&mut command);
    command.env("XDG_CONFIG_HOME", settings.path()).env("CONFLUENCE_API_TOKEN", "token-ann");
    let ran = Ran::from(command.output().unwrap()).code(1);
    assert!(ran.err.contains("only `site.url` of the policy names it"), "{}", ran.err);
    assert_eq!(world.network.seen(), []);
}
