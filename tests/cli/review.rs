//! Plans that are read: on a screen, as a comment on a pull request, as annotations. Whatever is cut, what is opened is
//! shown; and whatever things are called, no name acts on a reader or a host.

use std::fmt::Write as _;

use confperm::plan::{Broken, Danger, Endangered, Moment, Plan, Rejected};
use confperm::render::{
    Titles, View, plan_as_annotations, plan_as_markdown, plan_as_summary, plan_as_text, plan_as_text_in,
    rejected_as_text,
};
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};
use serde_json::{Value, json};

use crate::support::{Folder, Ran};

/// The plan of an example, as a document to build others from.
fn document() -> Value {
    let ran = Folder::example("quickstart").run(&["plan", "--format", "json"]).code(0);
    serde_json::from_str(&ran.out).unwrap()
}

fn plan(document: Value) -> Plan {
    serde_json::from_value(document).unwrap()
}

fn in_space(number: usize) -> String {
    format!("S{number:03}")
}

/// A plan with so many changes in so many spaces, of which the first `opened` open a page each.
fn large(changes: usize, spaces: usize, opened: usize) -> Plan {
    let mut document = document();
    let space = document["spaces"]["ENG"].clone();
    for number in 0..spaces {
        document["spaces"][in_space(number)] = space.clone();
    }
    let list = json!({"only": ["group:g-hr"]});
    let all: Vec<Value> = (0..changes)
        .map(|number| {
            let key = in_space(number % spaces);
            let id = (900_000 + number).to_string();
            let line = json!({"why": "declared", "origin": {"file": "a.yaml", "line": number}, "role": null});
            if number < opened {
                let page = json!({"space": key, "kind": "page", "path": format!("/Home/Page {number}"), "restricted": number % 2 == 0});
                document["pages"][&id] = page;
                json!({"change": "audience", "space": key, "content": id, "list": "view", "before": list, "after": "anyone", "reason": line})
            } else if number % 3 == 0 {
                document["pages"][&id] = json!({"space": key, "kind": "page", "path": format!("/Home/Page {number}"), "restricted": true});
                json!({"change": "audience", "space": key, "content": id, "list": "edit", "before": "anyone", "after": list, "reason": line})
            } else {
                let who = format!("user:{}", number / spaces);
                json!({"change": "grant", "space": key, "principal": who, "permission": "read/space", "verb": "remove", "reason": {"why": "not-declared"}})
            }
        })
        .collect();
    document["changes"] = Value::from(all);
    let effect = document["effects"]["lines"][0].clone();
    let effects: Vec<Value> = (0..changes / 2)
        .map(|number| {
            let mut effect = effect.clone();
            effect["space"] = in_space(number % spaces).into();
            effect["who"] = json!({"parties": [], "people": [format!("p-{number}")], "total": 1});
            effect
        })
        .collect();
    document["effects"]["lines"] = Value::from(effects);
    document["unseen"] =
        (0..40).map(|number| json!({"what": "account", "account": format!("x-{number}")})).collect();
    plan(document)
}

#[test]
fn a_thousand_changes_in_eighty_spaces_fit_in_120_lines_that_show_every_opening() {
    for opened in [0, 1, 25, 300] {
        let plan = large(1000, 80, opened);
        let text = plan_as_text(&plan);
        assert!(text.lines().count() <= 120, "{} lines\n{text}", text.lines().count());
        for number in 0..opened {
            let title = format!("/Home/Page {number}");
            let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_digit());
            assert!(text.split(&title).skip(1).any(ends), "{title} is opened, and not shown\n{text}");
        }
        assert!(text.contains("`--all` shows every change"), "{text}");
        let all = plan_as_text_in(&plan, &View { all: true, ..View::default() });
        assert!(all.lines().count() > 1000 && !all.contains("`--all`"), "{all}");
    }
}

#[test]
fn three_thousand_changes_fit_in_a_comment_that_shows_every_opened_page() {
    for (opened, titles) in [(0, Titles::Open), (60, Titles::All), (600, Titles::Open), (3000, Titles::Open)]
    {
        let comment = plan_as_markdown(&large(3000, 80, opened), &View::default(), titles);
        let length = comment.chars().count();
        assert!(length < 60_000, "{length} characters");
        assert!(comment.contains("**Shortened.** A comment has room for"), "{comment}");
        assert!(!comment.contains("not everything that is opened"), "{comment}");
        for number in 0..opened {
            let id = (900_000 + number).to_string();
            let title = format!("/Home/Page {number} ");
            assert!(comment.contains(&id) || comment.contains(&title), "{id} is opened, and not shown");
        }
        let hash = comment.lines().next().unwrap();
        assert!(hash.starts_with("<!-- confperm plan site=") && hash.contains("hash=sha256:"), "{hash}");
        assert!(
            comment.trim_end().ends_with('`') && comment.contains("--expect sha256:"),
            "the end is not cut"
        );
    }
    let comment = plan_as_markdown(&large(20_000, 80, 20_000), &View::default(), Titles::Open);
    assert!(comment.chars().count() < 60_000);
    assert!(comment.contains("**not everything that is opened is shown here**"), "it says so");
}

#[test]
fn titles_that_not_everyone_sees_are_links_by_number_unless_all_are_asked_for() {
    let folder = Folder::example("quickstart");
    for format in ["markdown", "github"] {
        let open = folder.run(&["plan", "--format", format]).code(0).out;
        assert!(!open.contains("Runbooks") && !open.contains("On-call"), "{open}");
        assert!(open.contains("Release 1.0") || format == "github", "everyone sees this one: {open}");
        assert!(open.contains("id:1003"), "{open}");
        let all = folder.run(&["plan", "--format", format, "--titles", "all"]).code(0).out;
        assert!(all.contains("Runbooks/On-call") && !all.contains("id:1003"), "{all}");
    }
    let comment = folder.run(&["plan", "--format", "markdown"]).code(0).out;
    assert!(
        comment.contains("[id:1003](https://acme.atlassian.net/wiki/pages/viewpage.action?pageId=1003)"),
        "{comment}"
    );
}

#[test]
fn what_was_so_before_is_counted_and_what_ends_soon_is_mentioned() {
    let folder = Folder::example("quickstart");
    let policy = folder
        .read("confperm.yaml")
        .replace("[user:ann]", "[{who: user:ann, until: 2026-12-05, why: cover}]");
    folder.write("confperm.yaml", &policy);
    let at = |day: &str| {
        Ran::from(folder.confperm(&["plan"]).env("CONFPERM_TODAY", day).output().unwrap()).code(0).out
    };
    assert!(
        at("2026-11-25").contains("Ends soon\n  2026-12-05  in 10 days: user:ann has admin in ENG"),
        "{}",
        at("2026-11-25")
    );
    assert!(at("2026-11-21").contains("in 14 days"), "{}", at("2026-11-21"));
    assert!(!at("2026-11-20").contains("Ends soon"), "{}", at("2026-11-20"));
}

#[test]
fn a_summary_is_one_screen() {
    let ran = Folder::example("acme").run(&["plan", "--summary"]).code(0);
    assert!(ran.out.lines().count() <= 24, "{}", ran.out);
    assert!(ran.out.contains("! SUP  Support: 1 page to open, 3 roles to change\n"), "{}", ran.out);
    Folder::example("acme").run(&["plan", "--summary", "--format", "json"]).code(64);

    // Of eighty spaces not all are shown, but those that are opened, which come last by name.
    let mut document = serde_json::to_value(large(1000, 80, 0)).unwrap();
    for number in 75..80 {
        let id = (800_000 + number).to_string();
        document["pages"][&id] =
            json!({"space": in_space(number), "kind": "page", "path": "/Home/Secret", "restricted": true});
        let why = json!({"why": "declared", "origin": {"file": "a.yaml", "line": 1}, "role": null});
        document["changes"].as_array_mut().unwrap().push(json!({"change": "audience", "space": in_space(number), "content": id, "list": "view", "before": {"only": ["group:g-hr"]}, "after": "anyone", "reason": why}));
    }
    let text = plan_as_summary(&plan(document));
    assert!(text.lines().count() <= 24, "{text}");
    for number in 75..80 {
        assert!(
            text.contains(&format!("{}  Engineering: 1 page to open", in_space(number))),
            "{number}\n{text}"
        );
    }
    let all = plan_as_summary(&large(1000, 80, 1000));
    assert!(
        all.lines().count() <= 24 && all.contains("more spaces, 68 of which are opened in part"),
        "{all}"
    );
}

/// Pieces of what a name could be made of to act on a host.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "`",
        "``",
        "```",
        "\n",
        "\r\n",
        "\n\n",
        "@acme/admins ",
        "@everyone",
        "<script>",
        "</details>",
        "-->",
        "<!--",
        "](http://evil.example)",
        "![x](http://evil.example)",
        "http://evil.example ",
        "www.evil.example",
        "|",
        "*",
        "__",
        "#1 ",
        "\\",
        "- ",
        "> ",
        "&lt;",
        "&#60;",
        "~~~",
        "id:1002",
        "::error::",
        "##[error]",
        "%0A",
        "$(x)",
        "\u{1b}[31m",
        "\u{202e}",
        "a",
        " ",
        "<a href=\"",
        "</code>",
        "<img src=x>",
        "[x]: http://evil.example",
    ]);
    prop::collection::vec(pieces, 1..8).prop_map(|pieces| pieces.concat())
}

/// The plan of the example with names of others everywhere where there are any.
fn named(name: &str) -> Plan {
    let mut document = document();
    for list in ["names", "pages", "roles", "display_names"] {
        for (_, entry) in document[list].as_object_mut().unwrap() {
            match entry {
                Value::String(text) => name.clone_into(text),
                page => page["path"] = format!("/{name}").into(),
            }
        }
    }
    document["display_names"] = json!({"5b10ac8d82e05b22cc7d4e02": name});
    document["spaces"]["ENG"]["name"] = name.into();
    document["site"]["base_url"] = format!("https://acme.example/{name}").into();
    for change in document["changes"].as_array_mut().unwrap() {
        if change["reason"]["why"] == "declared" {
            change["reason"]["rule"] = name.into();
            change["reason"]["because"] = name.into();
            change["reason"]["role"] = name.into();
            change["reason"]["origin"]["file"] = name.into();
        }
    }
    let refusal = json!({"refused": "no-admin", "space": "ENG"});
    document["refusals"] = json!([refusal]);
    plan(document)
}

/// What of a comment is neither code nor ours.
fn outside_of_code(comment: &str) -> String {
    let mut text = String::new();
    for event in Parser::new_ext(comment, Options::all()) {
        match event {
            Event::Text(plain) => text.push_str(&plain),
            Event::Html(html) | Event::InlineHtml(html) => text.push_str(&tags(&html)),
            Event::Start(Tag::Link { dest_url, .. }) => {
                let (site, number) = dest_url.rsplit_once("/pages/viewpage.action?pageId=").unwrap();
                let is_plain = |c: char| c.is_ascii_alphanumeric() || ":/.-_~".contains(c);
                assert!(
                    site.starts_with("https://acme.example/") && site.chars().all(is_plain),
                    "{dest_url}"
                );
                assert!(number.chars().all(|c| c.is_ascii_digit()), "{dest_url}");
            }
            Event::Code(_)
            | Event::SoftBreak
            | Event::HardBreak
            | Event::End(_)
            | Event::Rule
            | Event::Start(
                Tag::Paragraph
                | Tag::Heading { .. }
                | Tag::List(None)
                | Tag::Item
                | Tag::Strong
                | Tag::HtmlBlock,
            ) => {}
            other => panic!("{other:?} in\n{comment}"),
        }
        text.push('\n');
    }
    text
}

/// The text of HTML that is ours, outside of `<code>`.
fn tags(html: &str) -> String {
    let mut rest = html.to_owned();
    while let Some((before, after)) = rest.clone().split_once("<code>") {
        let (code, after) = after.split_once("</code>").unwrap();
        assert!(!code.contains(['<', '>', '"']), "{html}");
        rest = format!("{before}{after}");
    }
    if rest.starts_with("<!-- confperm plan site=") {
        let inner = rest.trim().strip_prefix("<!--").and_then(|rest| rest.strip_suffix("-->"));
        assert!(inner.is_some_and(|inner| !inner.contains("--")), "{html}");
        return String::new();
    }
    for tag in ["<details>", "</details>", "<summary>", "</summary>"] {
        rest = rest.replace(tag, "");
    }
    assert!(!rest.contains('<'), "{html}");
    rest
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_comment_obeys_no_name(name in hostile()) {
        let marked = format!("PWNED{name}PWNED");
        let plan = named(&marked);
        let ending = vec![format!("x {}", confperm::model::visible(&marked))];
        let view = View { ending, ..View::default() };
        for titles in [Titles::Open, Titles::All] {
            let comment = plan_as_markdown(&plan, &view, titles);
            let plain = outside_of_code(&comment);
            prop_assert!(!plain.contains("PWNED") && !plain.contains('@'), "{}\nof\n{}", plain, comment);
        }
    }

    #[test]
    fn an_annotation_is_one_command(name in hostile()) {
        let plan = named(&format!("PWNED{name}PWNED"));
        let annotations = plan_as_annotations(&plan, &View::default(), Titles::All);
        prop_assert!(!annotations.is_empty());
        for annotation in annotations {
            let command = annotation.command("policy".into());
            prop_assert!(!command.contains(['\n', '\r', '\u{1b}']), "{:?}", command);
            let (head, _) = command.strip_prefix("::").unwrap().split_once("::").unwrap();
            let level = head.split(' ').next().unwrap();
            prop_assert!(["error", "warning", "notice"].contains(&level), "{}", command);
            for pair in head[level.len() + 1..].split(',') {
                let key = pair.split('=').next().unwrap();
                prop_assert!(["file", "line", "col", "title"].contains(&key), "{}", command);
            }
        }
    }
}

#[test]
fn findings_are_annotations_and_sarif_at_their_places() {
    let folder = Folder::example("quickstart");
    std::fs::create_dir(folder.path().join("policy")).unwrap();
    folder.write("policy/a b%.yaml", "version: 1\nspaces:\n  ENG:\n    access:\n      veiwer: [user:ann]\n");
    let github = folder.run(&["validate", "--format", "github", "policy"]).code(4);
    let lines: Vec<&str> = github.out.lines().collect();
    assert_eq!(lines.len(), 2, "{}", github.out);
    assert!(
        lines[0].starts_with("::error file=policy/a b%25.yaml,line=5,col=7,title=confperm unknown-role::"),
        "{}",
        github.out
    );
    assert!(github.err.contains("error[unknown-role]"), "{}", github.err);
    let planned = folder.run(&["plan", "--format", "github", "policy"]).code(4);
    assert_eq!(planned.out, github.out);

    let sarif = folder.run(&["validate", "--format", "sarif", "policy"]).code(4);
    let document: Value = serde_json::from_str(&sarif.out).unwrap();
    let run = &document["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let result = &run["results"][0];
    assert_eq!(document["version"], "2.1.0");
    assert_eq!(result["ruleId"], "unknown-role");
    assert!(rules.iter().any(|rule| rule["id"] == "unknown-role"
        && rule["helpUri"].as_str().unwrap().ends_with("troubleshooting.md#unknown-role")));
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "policy/a%20b%25.yaml");
    assert_eq!(place["region"], json!({"startLine": 5, "startColumn": 7, "endColumn": 13}));

    let valid = Folder::example("quickstart").run(&["validate", "--format", "sarif"]).code(0);
    let document: Value = serde_json::from_str(&valid.out).unwrap();
    assert_eq!(document["runs"][0]["results"], json!([]));
    assert!(valid.err.contains("The policy is valid"), "{}", valid.err);
}

#[test]
fn names_in_wide_letters_stand_in_columns_of_cells() {
    let mut document = document();
    let mut titles = String::new();
    for (at, (_, page)) in document["pages"].as_object_mut().unwrap().iter_mut().enumerate() {
        let title = if at % 2 == 0 { "/東京本社の手順書" } else { "/Plans" };
        let _ = write!(titles, "{title}");
        page["path"] = title.into();
    }
    let text = anstream::adapter::strip_str(&plan_as_text(&plan(document))).to_string();
    let column = |line: &str| {
        let before = line.split("  view  ").next().unwrap();
        unicode_width::UnicodeWidthStr::width(before)
    };
    let columns: Vec<usize> = text.lines().filter(|line| line.contains("  view  ")).map(column).collect();
    assert!(columns.len() >= 2 && columns.windows(2).all(|pair| pair[0] == pair[1]), "{columns:?}\n{text}");
}

/// A bug in the order of calls cannot be had on request; what is said of one can.
#[test]
fn a_plan_that_its_check_rejects_is_reported_in_words_and_by_names() {
    let plan = Box::new(plan(document()));
    let mut pages = plan.pages.iter();
    let (restricted, page) = pages.find(|(_, page)| page.restricted).unwrap();
    let group = "group:2d1f6c1e-0c58-4a6c-8f0e-6a2f5f5f0003".parse().unwrap();
    let danger =
        Danger { people: [group].into(), what: Endangered::View(*restricted), moment: Moment::LetIn };
    let report = |danger| {
        let broken = Broken { space: "ENG".parse().unwrap(), danger };
        rejected_as_text(&Rejected { plan: plan.clone(), broken })
    };
    let words = report(Some(danger));
    let expected = format!("an account in group:contractors could for a moment see id:{restricted}, which");
    assert!(words.contains(&expected) && words.contains("calls for ENG"), "{words}");
    assert!(!words.contains(&page.path.to_string()), "a report of a bug has no titles: {words}");
    let contradicting = report(None);
    assert!(contradicting.contains("a call waits for one that comes after it"), "{contradicting}");
    for words in [words, contradicting] {
        assert!(words.contains("bug in confperm") && words.contains("none of its calls was made"), "{words}");
        assert!(!words.contains(['(', '{']), "no type of the program: {words}");
    }
}
