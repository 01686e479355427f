//! Where content stands: the parent and the space that it names.

use super::{Doubt, Scrutiny};
use crate::model::{ContentId, Parent, SpaceId};

/// What content says of its place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PlaceFields<'a> {
    pub(crate) space: Option<SpaceId>,
    pub(crate) parent: Option<ContentId>,
    pub(crate) parent_kind: Option<&'a str>,
    /// Without one, no path means the content, and none of what is below it.
    pub(crate) has_title: bool,
}

/// What content of a space hangs under. Content at the top of a space has neither a parent nor the kind of one;
/// content with the kind alone has a parent that the answer leaves out.
pub(crate) fn place(said: PlaceFields<'_>, asked: SpaceId, scrutiny: Scrutiny) -> Result<Parent, Doubt> {
    let doubt = if said.space.is_some_and(|space| space != asked) {
        Some(Doubt::OtherSpace)
    } else if said.parent.is_none() && said.parent_kind.is_some_and(|kind| !kind.is_empty()) {
        Some(Doubt::NoParent)
    } else if !said.has_title {
        Some(Doubt::NoTitle)
    } else {
        None
    };
    match scrutiny.unless_off(doubt) {
        Some(doubt) => Err(doubt),
        None => Ok(said.parent.map_or(Parent::Space, Parent::Content)),
    }
}
