//! One layout for policy files, comments included.
//!
//! ```text
//! text ──yaml──▶ values as written ──tree──▶ values with their comments ──layout──▶ lines
//! ```
//!
//! Only the layout changes, never what a file says: the result is read again and compared before anyone
//! gets to see it. A file need not be a valid policy, it is enough that it is YAML.

mod comments;
mod layout;
mod tree;

use std::borrow::Cow;
use std::sync::Arc;

use camino::Utf8Path;

use super::keys::Inside;
use super::yaml::{Form, NodeKind, YamlNode, written};
use crate::diagnostic::{Code, Diagnostic, Span};

/// The text of a policy file in the layout that all of them have. The error is why it is left alone.
pub fn format(file: &Arc<Utf8Path>, text: &str) -> Result<String, Box<Diagnostic>> {
    let bare = text.strip_prefix('\u{feff}').unwrap_or(text);
    let unified = unified_breaks(bare);
    if unified != bare {
        // Findings are to show the places of the text as it is.
        written(file, bare)?;
    }
    let (before, root) = written(file, &unified)?;
    // What is no mapping is no policy, and has no sections.
    let inside = if matches!(root.form, Form::Map { .. }) { Inside::FILE } else { Inside::FREE };
    let result = layout::lay_out(tree::arrange(&unified, &root, inside));
    let same = written(file, &result).is_ok_and(|(after, again)| {
        is_same(&before, &after, inside)
            && sorted_comments(&unified, &root) == sorted_comments(&result, &again)
    });
    if !same {
        return Err(Box::new(
            Diagnostic::new(
                Code::LeftUnformatted,
                "`fmt` does not change this file, because it would not mean the same afterwards",
            )
            .at(&Span::start_of(file), "")
            .help(
                "please report this, with the file; until then, write the unusual part of it in a simpler way",
            ),
        ));
    }
    // Where lines end the way Windows ends them, they go on doing so: git may have made it so.
    Ok(if bare.contains("\r\n") && bare.matches('\n').count() == bare.matches("\r\n").count() {
        result.replace('\n', "\r\n")
    } else {
        result
    })
}

fn unified_breaks(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Whether two trees say the same, but for the order of keys that the layout decides.
fn is_same(before: &YamlNode, after: &YamlNode, inside: Inside) -> bool {
    match (&before.kind, &after.kind) {
        (NodeKind::Null, NodeKind::Null) => true,
        (NodeKind::Scalar(a, a_kind), NodeKind::Scalar(b, b_kind)) => a == b && a_kind == b_kind,
        (NodeKind::List(a), NodeKind::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b, inside))
        }
        (NodeKind::Map(a), NodeKind::Map(b)) => {
            let name = |key: &YamlNode| match &key.kind {
                NodeKind::Scalar(text, _) => text.clone(),
                NodeKind::Null | NodeKind::List(_) | NodeKind::Map(_) => String::new(),
            };
            let mut sorted: Vec<&(YamlNode, YamlNode)> = a.iter().collect();
            sorted.sort_by_key(|(key, _)| inside.rank(&name(key)));
            sorted.len() == b.len()
                && sorted.into_iter().zip(b).all(|((a_key, a), (b_key, b))| {
                    is_same(a_key, b_key, Inside::FREE) && is_same(a, b, inside.below(&name(a_key)))
                })
        }
        (NodeKind::Null | NodeKind::Scalar(..) | NodeKind::List(_) | NodeKind::Map(_), _) => false,
    }
}

fn sorted_comments(text: &str, root: &super::yaml::WrittenNode) -> Vec<String> {
    let mut texts: Vec<String> = comments::find(text, root).into_iter().map(|comment| comment.text).collect();
    texts.sort();
    texts
}
