//! The addresses of pages that Confluence shows: in the address bar, in the share dialog, in mails.
//!
//! `/spaces/KEY/pages/ID/Title` and its likes for other kinds of content, `/spaces/KEY/blog/Y/M/D/ID/Title`, the
//! editors (`/pages/edit-v2/ID`), `?pageId=ID` of the older actions, `?homepageId=ID` of an overview, short links
//! (`/x/CODE`, which hold the number), and `/display/KEY/Title`. All have been the same for years on Cloud; the short
//! form is Confluence's `TinyUrl`: the number's bytes, the lowest first, in base64 without its trailing `A`s, with `-`
//! for `/` and `_` for `+`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use url::Url;

use super::PageName;
use super::invalid::InvalidSelector;
use crate::model::{ContentId, SpaceKey, folded};

/// The address of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Scheme, host and port of the site that it belongs to.
    pub origin: String,
    /// The space, where the address tells it.
    pub space: Option<SpaceKey>,
    pub page: PageName,
}

impl Link {
    /// `None` for what is no address at all.
    pub fn parse(text: &str) -> Option<Result<Self, InvalidSelector>> {
        let text = text.trim();
        if !["https://", "http://"].into_iter().any(|scheme| text.starts_with(scheme)) {
            return None;
        }
        Some(Url::parse(text).ok().and_then(|url| of_url(&url)).ok_or(InvalidSelector::Address))
    }
}

fn of_url(url: &Url) -> Option<Link> {
    let segments: Vec<String> = url.path_segments()?.map(decoded).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    let place = segments.iter().position(|part| matches!(*part, "spaces" | "display"));
    let space: Option<SpaceKey> =
        place.and_then(|place| segments.get(place + 1)).and_then(|key| key.parse().ok());
    let page = in_query(url)
        .or_else(|| numbered(&segments).map(PageName::Id))
        .or_else(|| short(&segments).map(PageName::Id))
        .or_else(|| displayed(&segments))?;
    Some(Link { origin: url.origin().ascii_serialization(), space, page })
}

/// `?pageId=12`, also of `tinyurl.action` and of overviews.
fn in_query(url: &Url) -> Option<PageName> {
    let number = url.query_pairs().find_map(|(name, value)| {
        matches!(name.as_ref(), "pageId" | "homepageId").then(|| value.parse().ok()).flatten()
    });
    number.map(PageName::Id)
}

/// `/spaces/ENG/pages/12/Title`, `/spaces/ENG/pages/edit-v2/12`, `/spaces/ENG/blog/2026/11/26/12/Title`.
fn numbered(segments: &[&str]) -> Option<ContentId> {
    const KINDS: [&str; 6] = ["pages", "blog", "folder", "whiteboard", "database", "embed"];
    let kind = segments.iter().position(|part| KINDS.contains(part))?;
    let after = &segments[kind + 1..];
    let at = match (segments[kind], after.first()?) {
        ("blog", year) if year.len() == 4 && after.len() > 3 => 3,
        (_, word) if word.starts_with("edit") => 1,
        _ => 0,
    };
    after.get(at)?.parse().ok()
}

/// `/x/CODE`.
fn short(segments: &[&str]) -> Option<ContentId> {
    let at = segments.iter().position(|part| *part == "x")?;
    let [code] = &segments[at + 1..] else { return None };
    let mut code = code.replace('-', "/").replace('_', "+");
    while code.len() < 11 {
        code.push('A');
    }
    let bytes: [u8; 8] = STANDARD_NO_PAD.decode(code).ok()?.try_into().ok()?;
    Some(ContentId::from_number(u64::from_le_bytes(bytes)))
}

/// `/display/ENG/Title+of+the+page`.
fn displayed(segments: &[&str]) -> Option<PageName> {
    let at = segments.iter().position(|part| *part == "display")?;
    let [_, title] = &segments[at + 1..] else { return None };
    Some(PageName::Title(folded(title).into_owned()))
}

/// A segment of a path in plain text, where `+` is a blank.
fn decoded(segment: &str) -> String {
    url::form_urlencoded::parse(format!("a={}", segment.replace('&', "%26")).as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_confluence_shows() {
        let twelve = PageName::Id(ContentId::from_number(123_456));
        for (path, space, page) in [
            ("/wiki/spaces/ENG/pages/123456/On-call+duty", Some("ENG"), &twelve),
            ("/wiki/spaces/ENG/pages/123456", Some("ENG"), &twelve),
            ("/wiki/spaces/ENG/pages/123456/A?focusedCommentId=9#b", Some("ENG"), &twelve),
            ("/wiki/spaces/ENG/pages/edit-v2/123456", Some("ENG"), &twelve),
            ("/wiki/spaces/ENG/pages/edit/123456?draftShareId=x", Some("ENG"), &twelve),
            ("/wiki/spaces/~7120209e1c/pages/123456/A", Some("~7120209e1c"), &twelve),
            ("/wiki/spaces/ENG/blog/2026/11/26/123456/Release", Some("ENG"), &twelve),
            ("/wiki/spaces/ENG/blog/edit-v2/123456", Some("ENG"), &twelve),
            ("/wiki/spaces/ENG/folder/123456?atlOrigin=x", Some("ENG"), &twelve),
            ("/wiki/spaces/ENG/whiteboard/123456", Some("ENG"), &twelve),
            ("/wiki/spaces/ENG/database/123456", Some("ENG"), &twelve),
            ("/wiki/spaces/ENG/overview?homepageId=123456", Some("ENG"), &twelve),
            ("/wiki/pages/viewpage.action?pageId=123456", None, &twelve),
            ("/wiki/x/QOIB", None, &twelve),
            ("/wiki/display/ENG/On%2Bcall+duty", Some("ENG"), &PageName::Title("On+call duty".into())),
        ] {
            let link = Link::parse(&format!("https://acme.atlassian.net{path}")).unwrap().unwrap();
            assert_eq!(link.origin, "https://acme.atlassian.net");
            assert_eq!(link.space.as_ref().map(SpaceKey::as_str), space, "{path}");
            assert_eq!(&link.page, page, "{path}");
        }
    }

    #[test]
    fn other_addresses_name_no_page() {
        for text in [
            "https://acme.atlassian.net/wiki/spaces/ENG",
            "https://acme.atlassian.net/wiki/spaces/ENG/overview",
            "https://acme.atlassian.net/wiki/x/",
            "https://acme.atlassian.net/wiki/x/%C3%A4",
            "https://acme.atlassian.net/browse/ENG-1",
            "https://",
        ] {
            assert_eq!(Link::parse(text), Some(Err(InvalidSelector::Address)), "{text}");
        }
        assert_eq!(Link::parse("/A/B"), None);
        assert_eq!(Link::parse("https on the intranet"), None);
    }
}
