//! What `confperm fmt` makes of files: one layout, nothing lost, nothing said differently.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use confperm::diagnostic::Code;
use confperm::policy::{format, load, texts};
use proptest::prelude::*;
use serde_yaml::Value;

use crate::fixtures::folders;

fn file() -> Arc<Utf8Path> {
    Utf8PathBuf::from("a.yaml").into()
}

#[track_caller]
fn formatted(text: &str) -> String {
    let once = format(&file(), text).unwrap_or_else(|finding| panic!("{finding:#?}\n{text}"));
    let twice = format(&file(), &once).unwrap_or_else(|finding| panic!("{finding:#?}\n{once}"));
    assert_eq!(once, twice, "a formatted file is left as it is\n{text}");
    once
}

#[track_caller]
fn becomes(text: &str, expected: &str) {
    assert_eq!(formatted(text), expected);
}

#[test]
fn the_examples_are_formatted() {
    let examples = Utf8Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut files = 0;
    for example in examples.read_dir_utf8().unwrap() {
        let example = example.unwrap();
        if example.file_name() == "hostile" {
            continue;
        }
        for (file, text) in texts(example.path()).0.iter() {
            assert_eq!(&format(file, text).unwrap(), &**text, "{file}: run `confperm fmt examples`");
            files += 1;
        }
    }
    assert!(files > 5, "{files}");
}

#[test]
fn what_is_said_of_a_guest_stands_in_order() {
    becomes(
        "people: {gus: {guest-of: ENG, email: gus@acme.com, account: u-gus}}\n",
        "people: {gus: {account: u-gus, email: gus@acme.com, guest-of: ENG}}\n",
    );
}

#[test]
fn everything_finds_its_place() {
    becomes(
        r#"# Who may do what.

# The people of ENG.
spaces:
    # Engineering.
    "ENG":
        access:
            # everybody
            viewer: [ 'group:all',
                      "user:bob" ]   # for now
            admin:
            - user:ann
            -   "group:leads"
            # more to come
        mode: additive # left alone


        pages: { /Runbooks: {edit: anyone,   view: anyone} }
    DOCS: {access: {viewer: [anonymous]}}   
    # nobody else
version:   1		# of the language
people: {ann: "5b10ac8d", bob: {email: bob@acme.com, account: "712020:1234-a"}}
tests:
- who: group:externals
  # what they must not see
  cannot: {view: ["**"]}
  name: "externals see nothing"
# That is all.
"#,
        r#"# Who may do what.

version: 1  # of the language
people: {ann: 5b10ac8d, bob: {account: 712020:1234-a, email: bob@acme.com}}

# The people of ENG.
spaces:
  # Engineering.
  ENG:
    mode: additive  # left alone
    access:
      # everybody
      viewer: [group:all, user:bob]  # for now
      admin: [user:ann, group:leads]
      # more to come

    pages: {/Runbooks: {view: anyone, edit: anyone}}

  DOCS: {access: {viewer: [anonymous]}}
  # nobody else

tests:
  - name: externals see nothing
    who: group:externals
    # what they must not see
    cannot: {view: ["**"]}
# That is all.
"#,
    );
}

#[test]
fn long_lists_have_a_line_for_each_entry() {
    let names: Vec<String> = (0..12).map(|number| format!("group:team-{number}")).collect();
    let long = format!("viewer: [{}]  # all teams\n", names.join(", "));
    let lines: String = format!("  - {}\n", names.join("\n  - "));
    becomes(&long, &format!("viewer:  # all teams\n{lines}"));
    becomes(&format!("viewer:\n{}", lines.replace("  -", "-")), &format!("viewer:\n{lines}"));
    becomes("a: [1, # one\n  2]\n", "a:\n  - 1  # one\n  - 2\n");
    becomes("a:\n  - 1\n\n  - 2\n", "a:\n  - 1\n\n  - 2\n");
}

#[test]
fn rules_and_spaces_are_set_apart() {
    becomes(
        "rules:\n- spaces: [ENG]\n  name: a\n- name: b\n  access:\n    viewer: [{why: x, who: user:y}]\n- {name: c}\n- {name: d}\n",
        "rules:\n  - name: a\n    spaces: [ENG]\n\n  - name: b\n    access:\n      viewer: [{who: user:y, why: x}]\n\n  - {name: c}\n  - {name: d}\n",
    );
}

#[test]
fn texts_of_several_lines_stay_as_they_are() {
    becomes(
        "a: |-   # why\n    one\n      two\n\n    three\n\n\nb: >2\n   folded\n  text\n\nc: |+\n  kept\n\n\nd: 1\n",
        "a: |-  # why\n  one\n    two\n\n  three\n\nb: >2\n   folded\n  text\n\nc: |+\n  kept\n\n\nd: 1\n",
    );
    becomes("- |\n one\n- >-\n   two\n   three\n", "- |\n  one\n- >-\n  two\n  three\n");
    becomes("|+\na\n  \n...\n # c", "|\n  a\n    \n# c\n");
    becomes("a: one\n  two\nb: \"x\\\n  y\"\n", "a: one two\nb: xy\n");
}

#[test]
fn comments_stay_with_what_they_are_about() {
    becomes("a:\n# first\n- b\n# c\nc: 1\n", "a:\n  # first\n  - b\n\n# c\nc: 1\n");
    becomes("a:\n    b:\n      # none yet\nc: 1\n", "a:\n  b:\n    # none yet\n\nc: 1\n");
    becomes(
        "a: # beside\n  b: 1\n  # end\n# next\nc: 1\n",
        "a:  # beside\n  b: 1\n  # end\n\n# next\nc: 1\n",
    );
    becomes("a: [ # none\n ] # yet\nb:\n  # above\n  word\n", "# none\na: []  # yet\n\n# above\nb: word\n");
    becomes("a: 1 # x\nbcd: 2    # y\n\ne: 3 # z\n", "a: 1    # x\nbcd: 2  # y\n\ne: 3  # z\n");
    becomes("\n\n#c\n\n\n\n# d", "#c\n\n# d\n");
    becomes("? a # beside", "a:  # beside\n");
    becomes("", "");
    becomes("--- # top\na: 1\n... # end\n", "# top\na: 1\n# end\n");
}

/// Letters of East Asian scripts take two cells of a terminal, and an accent of its own none.
#[test]
fn comments_line_up_in_the_cells_of_a_terminal() {
    becomes(
        "version: 1\npeople:\n  ann: u-ann # Ann\n  \u{904b}\u{7528}\u{7528}: u-b # B\n  e\u{301}e\u{301}: u-c # C\n",
        "version: 1\n\npeople:\n  ann: u-ann   # Ann\n  \u{904b}\u{7528}\u{7528}: u-b  # B\n  e\u{301}e\u{301}: u-c      # C\n",
    );
}

#[test]
fn windows_may_keep_its_line_ends() {
    becomes("\u{feff}a:   1\r\n\r\n\r\nb: |\r\n   x\r\n", "a: 1\r\n\r\nb: |\r\n  x\r\n");
    becomes("a:   1\r\nb: 2\n", "a: 1\nb: 2\n");
}

#[test]
fn what_cannot_be_kept_is_left_alone() {
    for (text, place) in [
        ("a: &x [1]\nb: *x\n", (1, 7)),
        ("a: 1\r\nb: !!str 1\r\n", (2, 10)),
        ("? [a, b]\n: 1\n", (1, 3)),
        ("%YAML 1.2\n---\na: 1\n", (2, 1)),
    ] {
        let finding = format(&file(), text).unwrap_err();
        assert_eq!(finding.code, Code::LeftUnformatted, "{text}");
        let span = &finding.labels[0].span;
        assert_eq!((span.line, span.column), place, "{text}");
        assert!(text.get(span.start..span.end).is_some());
    }
    assert_eq!(format(&file(), "a: [1\n").unwrap_err().code, Code::Syntax);
    assert_eq!(format(&file(), "a: 1\n---\nb: 1\n").unwrap_err().code, Code::SeveralDocuments);
}

/// A value that a document is written of.
#[derive(Debug, Clone)]
enum Tree {
    Null,
    Word(&'static str),
    Text(String),
    Lines(Vec<String>),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

fn tree(keys: &'static [&'static str]) -> impl Strategy<Value = Tree> {
    let text = prop_oneof![
        4 => "[a-z]{1,8}",
        2 => prop::sample::select(vec![
            "group:sre", "user:ann", "/Runbooks/**", "712020:a0-4f", "2027-01-31", "true", "no", "12", "1e3", "~",
            "null", "", " ", "a, b", "a: b", "a #b", "- x", "it's", "say \"x\"", "größe", "日本", "a\tb", "\\",
            "{x}", "0x1F", "a\nb", "*", "&a", "@x", "%", "...", "---", "#", "\u{85}", "!x",
        ]).prop_map(str::to_owned),
        1 => "[ -~]{0,12}",
        1 => "[a-z ]{90,120}",
    ];
    let leaf = prop_oneof![
        6 => text.clone().prop_map(Tree::Text),
        1 => Just(Tree::Null),
        1 => prop::sample::select(vec!["true", "false", "1", "-2", "0.5", "0x1F", "null", "~"]).prop_map(Tree::Word),
        1 => prop::collection::vec("( {0,2}[a-z]{1,5}( #?[a-z]{1,5}){0,2})?", 1..4).prop_map(Tree::Lines),
    ];
    let key = prop_oneof![4 => prop::sample::select(keys).prop_map(str::to_owned), 1 => text];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Tree::List),
            prop::collection::vec((key.clone(), inner), 0..5).prop_map(|mut pairs| {
                let mut seen = std::collections::BTreeSet::new();
                pairs.retain(|(key, _)| seen.insert(key.clone()));
                Tree::Map(pairs)
            }),
        ]
    })
}

/// Writes a tree in one of the many ways that YAML has, with comments wherever they may stand.
struct Scribe<'a> {
    dice: std::iter::Cycle<std::slice::Iter<'a, u8>>,
    text: String,
    comments: usize,
}

impl Scribe<'_> {
    fn roll(&mut self, sides: u8) -> u8 {
        self.dice.next().map_or(0, |dice| dice % sides)
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) {
        std::fmt::Write::write_fmt(&mut self.text, text).unwrap();
    }

    fn comment(&mut self) {
        self.comments += 1;
        let number = self.comments;
        self.write(format_args!("# §{number}§ 'it' [\"{{: é"));
    }

    /// The end of a line, and lines that say nothing.
    fn end(&mut self) {
        match self.roll(6) {
            0 => {
                self.text.push_str("  ");
                self.comment();
            }
            // Some readers do not take it after a dash.
            1 if !self.text.ends_with('-') => self.text.push_str(" \t"),
            _ => {}
        }
        self.text.push('\n');
        self.between();
    }

    fn between(&mut self) {
        for _ in 0..self.roll(3) {
            match self.roll(4) {
                0 => self.text.push('\n'),
                1 => {
                    let indent = usize::from(self.roll(8));
                    self.text.push_str(&" ".repeat(indent));
                    self.comment();
                    self.text.push('\n');
                }
                _ => {}
            }
        }
    }

    fn quoted(&mut self, text: &str) -> String {
        let plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '/' || c == 'ö');
        let plain = plain && !["true", "no", "null"].contains(&text);
        match self.roll(3) {
            0 | 1 if plain => text.to_owned(),
            1 if text.chars().all(|c| !c.is_control()) => format!("'{}'", text.replace('\'', "''")),
            _ => serde_json::to_string(text).unwrap().replace('\u{85}', "\\N"),
        }
    }

    /// In brackets.
    fn flow(&mut self, tree: &Tree) {
        match tree {
            Tree::Null => self.text.push_str("null"),
            Tree::Word(word) => self.text.push_str(word),
            Tree::Text(text) => {
                let text = self.quoted(text);
                self.text.push_str(&text);
            }
            Tree::Lines(lines) => {
                let text = serde_json::to_string(&lines.join("\n")).unwrap();
                self.text.push_str(&text);
            }
            Tree::List(items) => self.bracketed('[', ']', items.iter().map(|item| (None, item))),
            Tree::Map(pairs) => {
                self.bracketed('{', '}', pairs.iter().map(|(key, item)| (Some(key.as_str()), item)));
            }
        }
    }

    fn bracketed<'t>(
        &mut self,
        open: char,
        close: char,
        entries: impl Iterator<Item = (Option<&'t str>, &'t Tree)>,
    ) {
        self.text.push(open);
        for (index, (key, value)) in entries.enumerate() {
            if index > 0 {
                self.text.push(',');
            }
            self.inside();
            if let Some(key) = key {
                let key = self.quoted(key);
                self.text.push_str(&key);
                self.text.push_str(": ");
            }
            self.flow(value);
            self.inside();
        }
        self.text.push(close);
    }

    /// Within brackets lines may end anywhere.
    fn inside(&mut self) {
        match self.roll(12) {
            0 => self.end(),
            1 => self.text.push('\n'),
            2..5 => self.text.push(' '),
            _ => return,
        }
        if self.text.ends_with('\n') {
            self.text.push_str("              ");
        }
    }

    /// After a key or a dash, to the end of the line.
    fn value(&mut self, tree: &Tree, indent: usize, dash: bool) {
        let brackets = self.roll(3) == 0;
        match tree {
            Tree::Null if self.roll(2) == 0 => self.end(),
            Tree::Lines(lines) if lines.iter().any(|line| !line.trim().is_empty()) => {
                let first = lines.iter().find(|line| !line.is_empty()).unwrap();
                let by = usize::from(self.roll(3)) + 1;
                let style = if self.roll(2) == 0 { '|' } else { '>' };
                let width = if first.starts_with(' ') { by.to_string() } else { String::new() };
                let chomp = ["", "-", "+"][usize::from(self.roll(3))];
                self.write(format_args!(" {style}{width}{chomp}"));
                if self.roll(4) == 0 {
                    self.text.push(' ');
                    self.comment();
                }
                self.text.push('\n');
                for line in lines {
                    let margin = if line.is_empty() { 0 } else { indent + by };
                    self.write(format_args!("{}{line}\n", " ".repeat(margin)));
                }
                for _ in 0..self.roll(3) {
                    self.text.push('\n');
                }
            }
            Tree::List(items) if !brackets && !items.is_empty() => {
                let more = usize::from(self.roll(4)) + usize::from(dash);
                self.end();
                self.list(items, indent + more);
            }
            Tree::Map(pairs) if !brackets && !pairs.is_empty() => {
                let more = usize::from(self.roll(4)) + 1;
                self.end();
                self.map(pairs, indent + more);
            }
            other => {
                let gap = ["  ", " "][usize::from(self.roll(2))];
                self.text.push_str(gap);
                self.flow(other);
                self.end();
            }
        }
    }

    fn list(&mut self, items: &[Tree], indent: usize) {
        for item in items {
            self.text.push_str(&" ".repeat(indent));
            self.text.push('-');
            match item {
                Tree::Map(pairs) if !pairs.is_empty() && self.roll(2) == 0 => {
                    let gap = usize::from(self.roll(3)) + 1;
                    let begin = self.text.len();
                    self.map(pairs, indent + 1 + gap);
                    // The first entry stands behind the dash.
                    self.text.replace_range(begin..=begin + indent, "");
                }
                item => self.value(item, indent, true),
            }
        }
    }

    fn map(&mut self, pairs: &[(String, Tree)], indent: usize) {
        for (key, value) in pairs {
            let key = self.quoted(key);
            self.write(format_args!("{}{key}:", " ".repeat(indent)));
            self.value(value, indent, false);
        }
    }
}

/// A tree, written; and how many comments are in it.
fn written(tree: &Tree, dice: &[u8]) -> (String, usize) {
    let mut scribe = Scribe { dice: dice.iter().cycle(), text: String::new(), comments: 0 };
    scribe.between();
    match tree {
        Tree::Map(pairs) if !pairs.is_empty() => scribe.map(pairs, 0),
        Tree::List(items) if !items.is_empty() => scribe.list(items, 0),
        other => {
            scribe.flow(other);
            scribe.end();
        }
    }
    let mut text = scribe.text;
    match scribe.dice.next().map_or(0, |dice| dice % 8) {
        0 => text = text.replace('\n', "\r\n"),
        1 => {
            let cut = text.trim_end_matches('\n').to_owned();
            // Readers disagree about the last line of a text in lines.
            if meaning(&cut) == meaning(&text) {
                text = cut;
            }
        }
        2 => text = format!("\u{feff}{text}"),
        _ => {}
    }
    (text, scribe.comments)
}

/// As another YAML reader understands it.
fn meaning(text: &str) -> Value {
    let text = text.trim_start_matches('\u{feff}');
    if text.lines().all(|line| line.trim().is_empty() || line.trim().starts_with('#')) {
        return Value::Null;
    }
    serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// All keys, in their order.
fn keys(value: &Value, found: &mut Vec<Value>) {
    match value {
        Value::Mapping(map) => {
            for (key, value) in map {
                found.push(key.clone());
                keys(value, found);
            }
        }
        Value::Sequence(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}

fn comments(text: &str) -> Vec<usize> {
    text.split('§').skip(1).step_by(2).map(|number| number.parse().unwrap()).collect()
}

const FREE: &[&str] = &["a", "bc", "Runbooks", "x-y", "/On-call/**"];
const POLICY: &[&str] = &[
    "version", "site", "people", "roles", "spaces", "tests", "pages", "access", "mode", "view", "edit",
    "who", "name", "can", "cannot", "account", "email", "guest-of", "ENG",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_nothing_moves(tree in tree(FREE), dice in prop::collection::vec(any::<u8>(), 1..200)) {
        let (text, count) = written(&tree, &dice);
        let result = formatted(&text);
        let (before, after) = (meaning(&text), meaning(&result));
        prop_assert_eq!(&before, &after, "{}\n{}", text, result);
        let (mut order, mut kept) = (Vec::new(), Vec::new());
        keys(&before, &mut order);
        keys(&after, &mut kept);
        prop_assert_eq!(order, kept, "{}\n{}", text, result);
        prop_assert_eq!(comments(&result), (1..=count).collect::<Vec<_>>(), "{}\n{}", text, result);
    }

    #[test]
    fn sections_move_with_all_that_is_theirs(tree in tree(POLICY), dice in prop::collection::vec(any::<u8>(), 1..200)) {
        let (text, count) = written(&tree, &dice);
        let result = formatted(&text);
        prop_assert_eq!(meaning(&text), meaning(&result), "{}\n{}", text, result);
        let mut kept = comments(&result);
        kept.sort_unstable();
        prop_assert_eq!(kept, (1..=count).collect::<Vec<_>>(), "{}\n{}", text, result);
    }

    #[test]
    fn any_text_is_formatted_or_left_alone(
        text in r#"([a-z]{1,6}|version|spaces|ENG|access|pages|view|edit|1|/|\*|&a|\*a|<<|:|: |- |\n|\n  |\n    |\[|\]|\{|\}|,|"|'| # c|#|~|null|é|😀|\r\n|\r|\t|!!str |\||>|\|\+\n|---\n|\n\.\.\.\n|\? |group:sre|user:ann|anyone){0,60}"#
    ) {
        if let Ok(once) = format(&file(), &text) {
            prop_assert_eq!(format(&file(), &once), Ok(once), "{}", text);
        }
    }
}

#[test]
fn fixtures_are_formatted_or_left_alone() {
    for kind in ["valid", "invalid", "unresolved"] {
        for folder in folders(kind) {
            for (file, text) in load(&folder).sources.iter() {
                let Ok(once) = format(file, text) else { continue };
                // Some mistakes are none that another reader would put up with.
                if kind != "invalid" {
                    assert_eq!(meaning(text), meaning(&once), "{folder} {file}");
                }
                assert_eq!(format(file, &once), Ok(once), "{folder} {file}");
            }
        }
    }
}

/// YAML 1.2, 8.1.1.2 and 7.3.3: other readers agree, `fmt` must not decide otherwise.
#[test]
fn the_end_of_a_block_and_a_bare_question_mark_keep_their_meaning() {
    for (text, shown) in [
        ("why: |\n  text", "why: |-\n  text\n"),
        ("why: |\n  text\n", "why: |\n  text\n"),
        ("why: |+\n  text", "why: |-\n  text\n"),
        ("why: >\n  text\n  more", "why: >-\n  text\n  more\n"),
        ("why: |\n  text\n# c", "why: |\n  text\n# c\n"),
        ("why: |\n  a\n     ", "why: |-\n  a\n     \n"),
        ("a: ['?']\n", "a: [\"?\"]\n"),
    ] {
        let result = formatted(text);
        assert_eq!(result, shown);
        assert_eq!(meaning(text), meaning(&result), "{text}");
    }
    for text in ["a: [?]\n", "a: [?, b]\n", "a: {?: 1}\n"] {
        let finding = format(&file(), text).unwrap_err();
        assert_eq!((finding.code, finding.message.contains("question mark")), (Code::Syntax, true), "{text}");
    }
}
