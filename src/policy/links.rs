//! Addresses that name pages: whether they are addresses of the site.

use url::Url;

use super::ast::{Policy, SiteAddress};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::model::{Site, visible};

impl Policy {
    /// Whether an address with this origin is one of the site that answered, which calls itself by its own address,
    /// or which `site.url` calls otherwise, by a custom domain.
    pub fn is_origin(&self, origin: &str, site: &Site) -> bool {
        let own = Url::parse(site.base_url.raw()).map(|url| url.origin().ascii_serialization());
        let said = self.site.as_ref().and_then(|said| match &said.value {
            SiteAddress::Http(url) => Some(url.origin().ascii_serialization()),
            SiteAddress::Sandbox(_) => None,
        });
        own.as_deref() == Ok(origin) || said.as_deref() == Some(origin)
    }

    /// Pages that are named by addresses of another site: the same number may be any page here.
    pub fn foreign_links(&self, site: &Site) -> Diagnostics {
        let foreign = self.links.iter().filter(|link| !self.is_origin(&link.value, site));
        foreign
            .map(|link| {
                Diagnostic::new(
                    Code::ForeignPage,
                    format!(
                        "this page is on {}, and this site is {}",
                        visible(&link.value),
                        site.base_url.shown()
                    ),
                )
                .at(&link.span, "")
                .help("copy the address from this site, or write the page's path")
            })
            .collect()
    }
}
