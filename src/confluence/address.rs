//! Where a site is. An address is checked once, here, and afterwards only ever extended by path segments
//! that are percent-encoded one by one. It never holds a user name or a token, so it can be printed.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

/// The address of a Confluence site, ending before `/rest` or `/api`.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    root: Url,
    kind: AddressKind,
    loopback: bool,
}

/// How a site is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AddressKind {
    /// `https://acme.atlassian.net/wiki`.
    AtlassianSite,
    /// `https://api.atlassian.com/ex/confluence/{cloudId}`: the only way in for scoped tokens, service
    /// accounts and OAuth.
    Gateway { cloud_id: String },
    /// A domain of one's own: Data Center, a Cloud site under a custom domain, or this machine.
    Other,
}

/// The two REST APIs of Cloud, and what the gateway says of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Api {
    /// `/rest/api`.
    V1,
    /// `/api/v2`.
    V2,
    /// `/oauth/token` of the gateway, beside all sites.
    Token,
}

/// An address that cannot be used. The text never repeats a user name or password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    #[error("`{0}` is not a web address")]
    NotAnAddress(String),
    #[error("the address holds a user name or a password")]
    Credentials,
    #[error("`{0}` is not encrypted")]
    NotEncrypted(String),
    #[error("`{0}` has a `?` or `#` part, which the address of a site does not have")]
    Query(String),
    #[error("`{given}` is the address of a page, not of the site")]
    Page { given: String, site: String },
    #[error("`{0}` names no cloud id")]
    NoCloudId(String),
}

impl AddressError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NotAnAddress(_) => "write it like `https://acme.atlassian.net/wiki`".to_owned(),
            Self::Credentials => {
                "leave them out of the address; credentials are read from the environment".to_owned()
            }
            Self::NotEncrypted(_) => {
                "use `https://`; a token must not travel in the clear, and `http://` is for this machine only"
                    .to_owned()
            }
            Self::Query(_) => "cut the address off before it".to_owned(),
            Self::Page { site, .. } => format!("write `{site}`"),
            Self::NoCloudId(_) => {
                "write `https://api.atlassian.com/ex/confluence/CLOUD-ID`; the cloud id is shown \
                                   by `https://YOUR-SITE.atlassian.net/_edge/tenant_info`"
                    .to_owned()
            }
        }
    }
}

impl Address {
    pub const fn kind(&self) -> &AddressKind {
        &self.kind
    }

    /// Whether requests go through Atlassian's API gateway, whose own 404 says nothing about the object.
    pub const fn is_gateway(&self) -> bool {
        matches!(self.kind, AddressKind::Gateway { .. })
    }

    /// Whether it is this machine, the only one that is spoken to without TLS.
    pub const fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Whether it is spoken to without TLS.
    pub(crate) fn is_plain(&self) -> bool {
        self.root.scheme() == "http"
    }

    pub(crate) fn host(&self) -> &str {
        self.root.host_str().unwrap_or_default()
    }

    /// The scheme, host and port, which are what a token goes to.
    pub fn origin(&self) -> String {
        self.root.origin().ascii_serialization()
    }

    /// The address of a site on Cloud that this one may be meant for: `/wiki` added, or what follows it cut off.
    pub(crate) fn with_wiki(&self) -> Option<String> {
        if self.kind != AddressKind::Other || self.root.path().trim_end_matches('/') == "/wiki" {
            return None;
        }
        Some(format!("{}/wiki", self.origin()))
    }

    /// Where a site on `atlassian.net` tells its cloud id to anyone who asks, signed in or not.
    pub(crate) fn tenant_info(&self) -> Option<Url> {
        let mut url = (self.kind == AddressKind::AtlassianSite).then(|| self.root.clone())?;
        url.set_path("/_edge/tenant_info");
        Some(url)
    }

    /// Where the site answers without credentials, which the gateway never does. `base_url` is what the site calls
    /// itself.
    pub(crate) fn without_gateway(&self, base_url: &str) -> Option<Self> {
        if !self.is_gateway() {
            return Some(self.clone());
        }
        // A sandbox stands beside its gateway, whatever address its state file gives it.
        let own = if self.loopback { format!("{}/wiki", self.origin()) } else { base_url.to_owned() };
        own.parse().ok().filter(|own: &Self| own.loopback == self.loopback && !own.is_gateway())
    }

    /// The address of one resource, or `None` if a segment would be taken for a step up or for nothing.
    pub(crate) fn url(&self, api: Api, segments: &[String], query: &[(&'static str, String)]) -> Option<Url> {
        if segments.iter().any(|segment| matches!(segment.as_str(), "" | "." | "..")) {
            return None;
        }
        let mut url = self.root.clone();
        let prefix = match api {
            Api::V1 => ["rest", "api"],
            Api::V2 => ["api", "v2"],
            Api::Token => {
                url.set_path("/");
                ["oauth", "token"]
            }
        };
        url.path_segments_mut().ok()?.pop_if_empty().extend(prefix).extend(segments);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Some(url)
    }

    /// The path as people know it, the same on the site and through the gateway.
    pub(crate) fn shown_path(&self, url: &Url) -> String {
        match &self.kind {
            AddressKind::Gateway { cloud_id } => {
                let prefix = format!("/ex/confluence/{cloud_id}");
                url.path().strip_prefix(&prefix).unwrap_or(url.path()).to_owned()
            }
            _ => url.path().to_owned(),
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    /// `/wiki` is added to an `atlassian.net` address and to the gateway's, where it can only be meant.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        let mut url = match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => url,
            // What does not parse may hold a password just as well.
            _ if text.contains('@') => return Err(AddressError::Credentials),
            _ => return Err(AddressError::NotAnAddress(text.to_owned())),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::Credentials);
        }
        if let Some(site) = site_of_page(&url) {
            url.set_query(None);
            url.set_fragment(None);
            return Err(AddressError::Page { given: url.to_string(), site });
        }
        if url.query().is_some() || url.fragment().is_some() {
            url.set_query(None);
            url.set_fragment(None);
            return Err(AddressError::Query(url.into()));
        }
        let loopback = match url.host() {
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => false,
        };
        if url.scheme() == "http" && !loopback {
            return Err(AddressError::NotEncrypted(url.into()));
        }
        let trimmed = url.path().trim_end_matches('/').to_owned();
        let host = url.host_str().unwrap_or_default().to_owned();
        // A sandbox has a gateway of its own.
        let kind = if host == "api.atlassian.com" || (loopback && trimmed.starts_with("/ex/confluence/")) {
            let cloud_id = cloud_id(&trimmed).ok_or_else(|| AddressError::NoCloudId(url.to_string()))?;
            url.set_path(&format!("/ex/confluence/{cloud_id}/wiki"));
            AddressKind::Gateway { cloud_id }
        } else if host.ends_with(".atlassian.net") {
            if !matches!(trimmed.as_str(), "" | "/wiki") {
                return Err(AddressError::Page {
                    given: url.to_string(),
                    site: format!("https://{host}/wiki"),
                });
            }
            url.set_path("/wiki");
            AddressKind::AtlassianSite
        } else {
            url.set_path(&trimmed);
            AddressKind::Other
        };
        Ok(Self { root: url, kind, loopback })
    }
}

/// The address of the site, where an address is that of something on it, as a browser shows it. What its query may hold
/// is not looked at.
fn site_of_page(url: &Url) -> Option<String> {
    const INSIDE: [&str; 4] = ["spaces", "pages", "display", "x"];
    let on_atlassian = url.host_str().is_some_and(|host| host.ends_with(".atlassian.net"));
    let mut site: Vec<&str> = url.path_segments()?.collect();
    let is_inside = |place: usize| match site[place] {
        "home" => true,
        // By itself it may be the path under which the site is served.
        other => INSIDE.contains(&other) && place + 1 < site.len(),
    };
    let inside = (0..site.len()).find(|place| is_inside(*place))?;
    site.truncate(inside);
    if on_atlassian {
        site = vec!["wiki"];
    }
    Some(
        format!("{}/{}", url.origin().ascii_serialization(), site.join("/")).trim_end_matches('/').to_owned(),
    )
}

fn cloud_id(path: &str) -> Option<String> {
    let rest = path.strip_prefix("/ex/confluence/")?;
    let id = rest.strip_suffix("/wiki").unwrap_or(rest);
    let fits = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    fits.then(|| id.to_owned())
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.root.as_str().trim_end_matches('/'))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Address {
        text.parse().unwrap()
    }

    #[test]
    fn the_wiki_part_is_added_where_it_can_only_be_meant() {
        for text in
            ["https://acme.atlassian.net", "https://acme.atlassian.net/", "https://acme.atlassian.net/wiki/"]
        {
            assert_eq!(parsed(text).to_string(), "https://acme.atlassian.net/wiki");
        }
        for text in [
            "https://api.atlassian.com/ex/confluence/11-22",
            "https://api.atlassian.com/ex/confluence/11-22/wiki/",
        ] {
            let address = parsed(text);
            assert_eq!(address.to_string(), "https://api.atlassian.com/ex/confluence/11-22/wiki");
            assert!(address.is_gateway());
        }
        assert_eq!(
            parsed("https://wiki.acme.com/confluence/").to_string(),
            "https://wiki.acme.com/confluence"
        );
    }

    #[test]
    fn only_this_machine_is_spoken_to_in_the_clear() {
        for text in ["http://127.0.0.1:8484/wiki", "http://localhost:1", "http://[::1]:9/wiki"] {
            assert!(parsed(text).is_loopback(), "{text}");
        }
        assert!(parsed("http://127.0.0.1:1/ex/confluence/c1").is_gateway());
        assert!(matches!("http://wiki.acme.com".parse::<Address>(), Err(AddressError::NotEncrypted(_))));
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_not_repeated() {
        for text in
            ["https://ann:hunter22@acme.atlassian.net/wiki", "ann:hunter22@acme", "https://ann:hunter22@:x"]
        {
            let error = text.parse::<Address>().unwrap_err();
            let shown = format!("{error} {error:?} {}", error.hint());
            assert!(!shown.contains("hunter22"), "{shown}");
        }
    }

    #[test]
    fn a_copied_page_address_names_the_site() {
        let error = "https://acme.atlassian.net/wiki/spaces/ENG/overview".parse::<Address>().unwrap_err();
        assert_eq!(error.hint(), "write `https://acme.atlassian.net/wiki`");
        for (pasted, site) in [
            (
                "https://acme.atlassian.net/wiki/spaces/ENG/pages/1/Plan?atlOrigin=x#top",
                "https://acme.atlassian.net/wiki",
            ),
            ("https://acme.atlassian.net/wiki/home", "https://acme.atlassian.net/wiki"),
            ("https://wiki.acme.com/wiki/spaces/ENG/pages/1/Plan", "https://wiki.acme.com/wiki"),
            ("https://wiki.acme.com/display/ENG/Plan?x=1", "https://wiki.acme.com"),
            ("http://127.0.0.1:8484/wiki/spaces/ENG", "http://127.0.0.1:8484/wiki"),
        ] {
            let error = pasted.parse::<Address>().unwrap_err();
            assert_eq!(error.hint(), format!("write `{site}`"), "{pasted}");
            assert!(site.parse::<Address>().is_ok());
        }
        assert!("https://wiki.acme.com/x".parse::<Address>().is_ok());
        assert!("https://api.atlassian.com/ex/confluence/".parse::<Address>().is_err());
        assert!("https://acme.atlassian.net/wiki?x=1".parse::<Address>().is_err());
    }

    #[test]
    fn beside_the_gateway_stands_the_site() {
        let beside =
            |text: &str, base: &str| parsed(text).without_gateway(base).map(|address| address.to_string());
        let gateway = "https://api.atlassian.com/ex/confluence/c1";
        let site = "https://acme.atlassian.net/wiki";
        assert_eq!(beside(gateway, site).as_deref(), Some(site));
        assert_eq!(beside(site, "https://other.example/wiki").as_deref(), Some(site));
        let sandbox = beside("http://127.0.0.1:1/ex/confluence/c1", site);
        assert_eq!(sandbox.as_deref(), Some("http://127.0.0.1:1/wiki"));
        for odd in ["http://127.0.0.1:1/wiki", "http://acme.example/wiki", gateway, "no address"] {
            assert_eq!(beside(gateway, odd), None, "{odd}");
        }
    }

    #[test]
    fn segments_cannot_leave_their_place() {
        let address = parsed("https://api.atlassian.com/ex/confluence/c1");
        let url = |segments: &[&str]| {
            let segments: Vec<String> = segments.iter().map(|&segment| segment.to_owned()).collect();
            address.url(Api::V1, &segments, &[("limit", "2".to_owned())])
        };
        let odd = url(&["group", "a/b?c#d%", "members"]).unwrap();
        assert_eq!(odd.path(), "/ex/confluence/c1/wiki/rest/api/group/a%2Fb%3Fc%23d%25/members");
        assert_eq!(address.shown_path(&odd), "/wiki/rest/api/group/a%2Fb%3Fc%23d%25/members");
        assert!(url(&["space", "..", "permission"]).is_none());
        assert!(url(&["space", "", "permission"]).is_none());
    }
}
