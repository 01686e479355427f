//! Ways to content that no list of the site tells of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::engine::Engine;
use super::question::Object;
use crate::model::{ContentKind, Edition, Flavor, Known, LiveSpace};

/// A way around the lists, which no public API reads. No verdict takes account of these.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outside", rename_all = "kebab-case")]
pub enum Outside {
    /// Anyone with the public link of a page or whiteboard reads it, past every list (paid plans).
    PublicLinks,
    /// The service desk can open the space for every signed-in person. Whether it does could not be read.
    ServiceDesk,
    /// Product admins can make themselves admins of the space ("recover permissions").
    ProductAdmins,
    /// Space admins can remove view lists that keep them out.
    SpaceAdmins,
    /// Organisation admins can give themselves access to everything for a few minutes (Premium and Enterprise).
    AdminKey,
    /// On this plan, permissions and lists have no effect that could be changed.
    FreePlan,
    /// Rows of the space's permissions that are not understood.
    ForeignRows { rows: usize },
    /// Members of `confluence-administrators` see every page (Data Center).
    Administrators,
}

impl Engine<'_> {
    pub(super) fn outside(&self, object: &Object) -> Vec<Outside> {
        let site = &self.live.site;
        let space = self.space(object.space());
        let cloud = site.flavor == Flavor::Cloud;
        let kind =
            space.zip(object.content()).and_then(|(space, id)| Some(space.tree.as_ref()?.get(id)?.kind));
        let linkable = kind.is_none_or(|kind| matches!(kind, ContentKind::Page | ContentKind::Whiteboard));
        let unreadable = self.live.unreadable_entries(object.space());
        let unreadable: usize =
            unreadable.filter(|(list, _)| list.ends_with("/permissions")).map(|(_, count)| count).sum();
        let foreign = unreadable + space.map_or(0, |space: &LiveSpace| space.foreign.len());
        let desk = space.is_none_or(|space| matches!(space.unlicensed_access, Known::Unknown(_)));
        let rows = Outside::ForeignRows { rows: foreign };
        [
            (cloud && linkable && site.edition != Edition::Free, Outside::PublicLinks),
            (cloud && desk, Outside::ServiceDesk),
            (cloud, Outside::ProductAdmins),
            (true, Outside::SpaceAdmins),
            (cloud && !matches!(site.edition, Edition::Free | Edition::Standard), Outside::AdminKey),
            (cloud && site.edition == Edition::Free, Outside::FreePlan),
            (foreign > 0, rows),
            (!cloud, Outside::Administrators),
        ]
        .into_iter()
        .filter_map(|(holds, outside)| holds.then_some(outside))
        .collect()
    }
}
