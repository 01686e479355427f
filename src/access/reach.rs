//! Sets of principals of which not everything is known.

use roaring::{MultiOps as _, RoaringBitmap};

use crate::model::Truth;

/// Who gets through: surely, and perhaps. The two are disjoint; those in neither surely do not.
///
/// Union and intersection are those of three-valued logic, so what is not known stays visible to the
/// end, and never becomes a yes.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Reach {
    pub(super) sure: RoaringBitmap,
    pub(super) perhaps: RoaringBitmap,
}

impl Reach {
    pub(super) fn sure(sure: RoaringBitmap) -> Self {
        Self { sure, perhaps: RoaringBitmap::new() }
    }

    pub(super) fn one(number: u32) -> Self {
        Self::sure(RoaringBitmap::from_iter([number]))
    }

    /// The same principals, all of them only perhaps.
    pub(super) fn doubted(mut self) -> Self {
        self.perhaps |= std::mem::take(&mut self.sure);
        self
    }

    pub(super) fn insert(&mut self, number: u32, answer: Truth) {
        match answer {
            Truth::Yes => {
                self.perhaps.remove(number);
                self.sure.insert(number);
            }
            Truth::Unknown => {
                if !self.sure.contains(number) {
                    self.perhaps.insert(number);
                }
            }
            Truth::No => {}
        }
    }

    pub(super) fn test(&self, number: u32) -> Truth {
        if self.sure.contains(number) {
            Truth::Yes
        } else if self.perhaps.contains(number) {
            Truth::Unknown
        } else {
            Truth::No
        }
    }

    /// All who are not surely outside.
    pub(super) fn any(&self) -> RoaringBitmap {
        &self.sure | &self.perhaps
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sure.is_empty() && self.perhaps.is_empty()
    }

    pub(super) fn or(&mut self, other: &Self) {
        self.sure |= &other.sure;
        if !(self.perhaps.is_empty() && other.perhaps.is_empty()) {
            self.perhaps |= &other.perhaps;
            self.perhaps -= &self.sure;
        }
    }

    /// All of many at once, which costs less than one after the other.
    pub(super) fn union<'r>(reaches: impl Iterator<Item = &'r Self> + Clone) -> Self {
        let sure = reaches.clone().map(|reach| &reach.sure).union();
        let perhaps = reaches.map(|reach| &reach.perhaps).union() - &sure;
        Self { sure, perhaps }
    }

    pub(super) fn and(&self, other: &Self) -> Self {
        let sure = &self.sure & &other.sure;
        if self.perhaps.is_empty() && other.perhaps.is_empty() {
            return Self::sure(sure);
        }
        let perhaps = (self.any() & other.any()) - &sure;
        Self { sure, perhaps }
    }
}
