//! What holds for any text whatsoever.

use std::sync::LazyLock;

use camino::Utf8PathBuf;
use confperm::diagnostic::Sources;
use confperm::model::SpaceRoleMode;
use confperm::policy::{Loaded, from_sources, load, resolve};
use confperm::render::diagnostics::{Paint, draw};
use proptest::prelude::*;

use crate::fixtures::folders;
use crate::site::{TODAY, site};

/// Reads two files, and checks that every place lies where it says, that everything can be drawn, and
/// that what is right can be resolved or refused.
fn read(first: &str, second: &str) {
    let mut sources = Sources::default();
    sources.insert(Utf8PathBuf::from("a.yaml"), first);
    sources.insert(Utf8PathBuf::from("b.yaml"), second);
    let Loaded { policy, findings, sources } = from_sources(sources);
    assert_eq!(policy.is_none(), findings.has_errors());
    let resolved = policy.map(|policy| match resolve(&policy, &site(SpaceRoleMode::PreRoles), TODAY) {
        Ok(resolved) => resolved.warnings,
        Err(findings) => findings,
    });
    for finding in findings.iter().chain(resolved.iter().flatten()) {
        assert!(!finding.message.is_empty());
        for label in &finding.labels {
            let span = &label.span;
            let text = sources.get(&span.file).unwrap();
            let marked = text.get(span.start..span.end).unwrap();
            assert!(!marked.contains('\n'), "{span:?}");
            let before = &text[..span.start];
            assert_eq!(before.matches('\n').count() + 1, span.line as usize, "{span:?}");
            let line = before.rsplit('\n').next().unwrap();
            assert_eq!(line.chars().count() + 1, span.column as usize, "{span:?}");
        }
    }
    let drawn = draw(&findings, &sources, Paint::Plain);
    assert_eq!(drawn, draw(&findings, &sources, Paint::Plain));
    assert_eq!(drawn.is_empty(), findings.is_empty());
}

static TEXTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    ["valid", "invalid", "unresolved"]
        .into_iter()
        .flat_map(folders)
        .flat_map(|folder| load(&folder).sources.iter().map(|(_, text)| text.to_string()).collect::<Vec<_>>())
        .collect()
});

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_or_refused(text in "(?s).{0,200}") {
        read(&text, "version: 1\n");
    }

    #[test]
    fn yaml_like_text_is_read_or_refused(
        text in r#"([a-z]{1,6}|version|spaces|ENG|access|pages|view|edit|1|/|\*|&a|\*a|<<|:|: |- |\n|\n  |\n    |\[|\]|\{|\}|,|"|'|#|~|null|é|😀|\r\n|\t|!!str |\||>|---|group:sre|user:ann|anyone){0,60}"#
    ) {
        read(&text, "version: 1\n");
    }

    #[test]
    fn damaged_policies_are_read_or_refused(
        at in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        cut in 0_usize..12,
        patch in prop::sample::select(vec!["", " ", "\n", ":", "- ", "[", "}", "null", "é", "\"", "/**", "group:", "~", "\n  ", "{}", "[]"]),
    ) {
        let text = at.get(&TEXTS);
        let chars: Vec<char> = text.chars().collect();
        let from = if chars.is_empty() { 0 } else { place.index(chars.len()) };
        let to = (from + cut).min(chars.len());
        let damaged: String = chars[..from].iter().chain(&patch.chars().collect::<Vec<_>>()).chain(&chars[to..]).collect();
        read(&damaged, text);
    }
}
