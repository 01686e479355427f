//! Which pages have a label (OpenAPI v2, getLabels, getLabelPages, getPageLabels). Lists, not searches: a search is an
//! index that lags and knows no archived pages unless it is asked for them. Only the list of all labels leads from a
//! name to the number by which their pages are listed.

use std::collections::BTreeSet;

use super::wire::{LabelledPage, WireLabel};
use super::{Cloud, if_complete};
use crate::confluence::LabelNumbers;
use crate::confluence::address::Api;
use crate::confluence::error::Error;
use crate::confluence::transport::Request;
use crate::model::{ContentId, Known, PageLabel, SpaceId, Why, folded};

impl Cloud {
    pub(super) async fn all_labels(&self) -> Result<Known<LabelNumbers>, Error> {
        let request = Request::get(Api::V2, ["labels"]).query("prefix", "global");
        let labels = if_complete(self.v2_list::<WireLabel>(request)).await?;
        Ok(match labels {
            Known::Known(labels) => {
                let mut numbers = LabelNumbers::new();
                for label in labels {
                    if let Some((name, number)) = shared(&label).zip(label.id) {
                        numbers.entry(name).or_default().insert(number);
                    }
                }
                Known::Known(numbers)
            }
            Known::Unknown(why) => Known::Unknown(why),
        })
    }

    pub(super) async fn pages_of_label(
        &self,
        label: &str,
        space: SpaceId,
    ) -> Result<Known<BTreeSet<ContentId>>, Error> {
        let request = Request::get(Api::V2, ["labels", label, "pages"]).query("space-id", &space);
        let pages = match if_complete(self.v2_list::<LabelledPage>(request)).await {
            Ok(Known::Known(pages)) => pages,
            Ok(Known::Unknown(why)) => return Ok(Known::Unknown(why)),
            // One entry that cannot be read may be any page.
            Err(Error::Unexpected { .. }) => return Ok(Known::Unknown(Why::Contradictory)),
            Err(error) => return Err(error),
        };
        if pages.iter().any(|page| page.space_id != Some(space)) {
            return Ok(Known::Unknown(Why::Contradictory));
        }
        let is_there = |page: &LabelledPage| {
            page.status.as_deref().is_none_or(|status| matches!(status, "current" | "archived"))
        };
        Ok(Known::Known(pages.into_iter().filter(is_there).map(|page| page.id).collect()))
    }

    pub(super) async fn labels_of_page(&self, page: ContentId) -> Result<Known<BTreeSet<PageLabel>>, Error> {
        let id = page.to_string();
        let request = Request::get(Api::V2, ["pages", &id, "labels"]).query("prefix", "global");
        Ok(match if_complete(self.v2_list::<WireLabel>(request)).await? {
            Known::Known(labels) => Known::Known(labels.iter().filter_map(shared).collect()),
            Known::Unknown(why) => Known::Unknown(why),
        })
    }
}

/// The name of a label, unless it belongs to one person, to a space, or to the system.
fn shared(label: &WireLabel) -> Option<PageLabel> {
    let is_shared = label.prefix.as_deref().is_none_or(|prefix| prefix == "global");
    folded(&label.name.to_lowercase()).parse().ok().filter(|_| is_shared)
}
