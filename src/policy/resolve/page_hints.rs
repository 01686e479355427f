//! Which page was meant by a name that means none: other separators, another case, the key of the space before the path,
//! pieces of an address, a typing error.
//!
//! What is proposed means content of this space: each candidate is looked up before it is named.

use crate::diagnostic::did_you_mean;
use crate::model::{ContentId, LiveSpace, SpaceKey, Tree, folded};
use crate::policy::pages::{Depth, Matched, PageName, PageSelector, escape, in_tree, matched, walk};

/// What to write instead of a selector that means nothing.
pub(super) fn meant(
    selector: &PageSelector,
    key: &SpaceKey,
    live: &LiveSpace,
    tree: &Tree,
) -> Option<PageSelector> {
    let (anchor, reach) = match selector {
        PageSelector::Page(name) => (name, None),
        PageSelector::Below { anchor, reach } => (anchor.as_ref()?, Some(*reach)),
        PageSelector::Labelled(_) => return None,
    };
    let spellings = spellings(anchor, key);
    let exists = |name: &PageName| matches!(matched(&PageSelector::Page(name.clone()), live, tree), Matched::Exact(found) if !found.is_empty());
    let starred = spellings.iter().find_map(|text| starred(text)).filter(|(name, _)| exists(name));
    if let (Some((name, reach)), None) = (starred, reach) {
        return Some(PageSelector::Below { anchor: Some(name), reach });
    }
    let names = spellings.iter().filter_map(|text| text.parse::<PageName>().ok());
    let name = names.clone().find(|name| exists(name));
    let name =
        name.or_else(|| names.filter_map(|name| mended(&name, live, tree)).find(|name| exists(name)))?;
    let near = match reach {
        Some(reach) => PageSelector::Below { anchor: Some(name), reach },
        None => PageSelector::Page(name),
    };
    (near != *selector).then_some(near)
}

/// Texts that may have been meant by a name, the likeliest first, and the name itself last.
fn spellings(name: &PageName, key: &SpaceKey) -> Vec<String> {
    let written = name.to_string();
    let PageName::Title(title) = name else {
        return [without_key(&written, key), plain(&written), Some(written)].into_iter().flatten().collect();
    };
    let lower = title.to_lowercase();
    let number = |text: &str| {
        let number = text.rsplit(':').next().unwrap_or(text).trim();
        number.parse::<ContentId>().ok().map(|id| format!("id:{id}"))
    };
    let numbered =
        ["id:", "page:", "pageid:", "page-id:", "pageid="].iter().any(|word| lower.starts_with(word));
    let address = title.contains("/spaces/").then(|| format!("https://{}", title.trim_start_matches('/')));
    let path = [" > ", ">", "\\", " \u{203a} ", "\u{203a}", " \u{bb} ", " / ", "/"]
        .iter()
        .find(|separator| title.contains(**separator))
        .map(|separator| {
            let parts = title.split(separator).map(str::trim).filter(|part| !part.is_empty());
            parts.fold(String::new(), |path, part| format!("{path}/{}", escape(part)))
        });
    let bare = path.as_deref().and_then(|path| without_key(path, key));
    let by_number =
        (numbered || title.bytes().all(|byte| byte.is_ascii_digit())).then(|| number(title)).flatten();
    [by_number, address, path, bare, plain(&written), Some(written)].into_iter().flatten().collect()
}

/// A path without the key of the space at its beginning.
fn without_key(path: &str, key: &SpaceKey) -> Option<String> {
    let rest = path.strip_prefix('/')?;
    let (first, rest) = rest.split_once('/')?;
    first.eq_ignore_ascii_case(key.as_str()).then(|| format!("/{rest}"))
}

/// A piece of an address as text: `Release+plan`, `Release%20plan`.
fn plain(text: &str) -> Option<String> {
    let plain = text.replace('+', " ").replace("%20", " ");
    (plain != text).then_some(plain)
}

/// `/Run*` is not a pattern, but may have been meant as one: what stands below the page above it.
fn starred(text: &str) -> Option<(PageName, Depth)> {
    let (above, last) = text.rsplit_once('/')?;
    let is_starred = last.ends_with('*') && !above.is_empty();
    let reach = if last.contains("**") { Depth::All } else { Depth::Children };
    is_starred.then(|| Some((above.parse().ok()?, reach))).flatten()
}

/// A name with what comes nearest to it in the tree, part by part.
fn mended(name: &PageName, live: &LiveSpace, tree: &Tree) -> Option<PageName> {
    match name {
        PageName::Id(_) => None,
        PageName::Blog(title) => {
            let titles = tree.iter().filter(|post| !in_tree(post)).map(|post| post.title.raw());
            did_you_mean(title, titles).map(|near| PageName::Blog(folded(near).into_owned()))
        }
        PageName::Title(title) => {
            let titles = tree.iter().filter(|page| in_tree(page)).map(|page| page.title.raw());
            did_you_mean(title, titles).map(|near| PageName::Title(folded(near).into_owned()))
        }
        PageName::Path { below, titles } => {
            let mut titles = titles.clone();
            // Each round mends one part, or ends.
            for _ in 0..titles.len() {
                let walk = walk(*below, &titles, live, tree);
                if !walk.found.is_empty() {
                    break;
                }
                let here: Vec<&str> = if walk.reached == 0 && below.is_none() {
                    let home = live.space.homepage.into_iter().flat_map(|home| tree.children(home));
                    tree.roots()
                        .chain(home)
                        .filter(|page| in_tree(page))
                        .map(|page| page.title.raw())
                        .collect()
                } else {
                    let children = walk.last.iter().flat_map(|page| tree.children(*page));
                    children.map(|page| page.title.raw()).collect()
                };
                let part = titles.get_mut(walk.reached)?;
                *part = folded(did_you_mean(part, here)?).into_owned();
            }
            Some(PageName::Path { below: *below, titles })
        }
    }
}
