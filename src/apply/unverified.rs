//! The list of writes that no run has verified. It is handed on from run to run.
//!
//! A run that is killed between a grant and the permission that Confluence adds by itself leaves that
//! permission behind, and in an additive space no plan would ever remove it. So every run hands on what it
//! could not verify; the journal carries the list, and it shortens only by what a later run has seen.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::{ContentId, Permission, Principal, SpaceId, SpaceKey, StrayPermissions, WriteRequest};
use crate::plan::{Object, ObjectId, Plan, PlanSpace};

/// An object that is not verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unverified {
    /// The object before and after, as the run planned it.
    pub object: Object,
    /// The number of its space, which a later policy may not cover any more.
    pub space_id: SpaceId,
    /// The permissions that were granted to it, or were about to be.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub granted: BTreeSet<Permission>,
    /// Whether the space role was assigned, or was about to be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub assigned: bool,
    /// Permissions beside its role that the role gives, or others gave, when its `read/space` from before the role
    /// was taken away. What is gone afterwards, others had given.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub beside: BTreeSet<Permission>,
}

/// The objects that a request changes.
pub(super) fn changed_by(request: &WriteRequest) -> Vec<ObjectId> {
    let holding = |space: &SpaceKey, principal: &Principal| ObjectId::Holding {
        space: space.clone(),
        principal: principal.clone(),
    };
    match request {
        WriteRequest::Grant { space, principal, .. } | WriteRequest::Revoke { space, principal, .. } => {
            vec![holding(space, principal)]
        }
        WriteRequest::AssignRoles { space, roles, .. } => {
            roles.keys().map(|principal| holding(space, principal)).collect()
        }
        WriteRequest::Restrict { space, content, .. } | WriteRequest::AddToList { space, content, .. } => {
            vec![ObjectId::Page { space: space.clone(), content: *content }]
        }
    }
}

/// The list while a run goes on, or while its journal is read: what is written goes on it, what is seen comes
/// off it.
#[derive(Debug)]
pub(super) struct List<'p> {
    entries: BTreeMap<ObjectId, Unverified>,
    planned: BTreeMap<ObjectId, &'p Object>,
    spaces: &'p BTreeMap<SpaceKey, PlanSpace>,
}

impl<'p> List<'p> {
    /// The list at the beginning of a run: what earlier ones left.
    pub(super) fn new(plan: &'p Plan, earlier: &[Unverified]) -> Self {
        Self {
            entries: earlier.iter().map(|entry| (ObjectId::of(&entry.object), entry.clone())).collect(),
            planned: plan.objects.iter().map(|object| (ObjectId::of(object), object)).collect(),
            spaces: &plan.spaces,
        }
    }

    /// Notes a request that is about to leave. Gives the objects that were not on the list before.
    pub(super) fn note(&mut self, request: &WriteRequest) -> Vec<ObjectId> {
        let mut added = Vec::new();
        for id in changed_by(request) {
            if self.add(&id) {
                added.push(id.clone());
            }
            let Some(entry) = self.entries.get_mut(&id) else { continue };
            match request {
                WriteRequest::Grant { permission, .. } => {
                    entry.granted.insert(*permission);
                }
                WriteRequest::AssignRoles { .. } => entry.assigned = true,
                WriteRequest::Revoke { .. }
                | WriteRequest::Restrict { .. }
                | WriteRequest::AddToList { .. } => {}
            }
        }
        added
    }

    /// Notes what stood beside the role of an object when something was taken away there.
    pub(super) fn note_beside(&mut self, id: &ObjectId, permissions: impl IntoIterator<Item = Permission>) {
        self.add(id);
        if let Some(entry) = self.entries.get_mut(id) {
            entry.beside.extend(permissions);
        }
    }

    /// Notes that the lists of a page were written.
    pub(super) fn note_page(&mut self, space: &SpaceKey, content: ContentId) {
        self.add(&ObjectId::Page { space: space.clone(), content });
    }

    /// Whether the object is planned and was not on the list before.
    fn add(&mut self, id: &ObjectId) -> bool {
        if self.entries.contains_key(id) {
            return false;
        }
        let (Some(&object), Some(space)) = (self.planned.get(id), self.spaces.get(id.space())) else {
            return false;
        };
        let (object, space_id) = (object.clone(), space.id);
        let entry = Unverified {
            object,
            space_id,
            granted: BTreeSet::new(),
            assigned: false,
            beside: BTreeSet::new(),
        };
        self.entries.insert(id.clone(), entry);
        true
    }

    /// Takes an object off the list: it was read, and is what it should be.
    pub(super) fn seen(&mut self, id: &ObjectId) {
        self.entries.remove(id);
    }

    /// Notes that objects, which have just been added, were already as this run wanted them: it gave nothing.
    pub(super) fn note_of_others(&mut self, added: &[ObjectId]) {
        for id in added {
            if let Some(entry) = self.entries.get_mut(id) {
                entry.granted.clear();
            }
        }
    }

    /// Whether an object is on the list.
    pub(super) fn holds(&self, id: &ObjectId) -> bool {
        self.entries.contains_key(id)
    }

    /// Whether the plan of this run changes an object.
    pub(super) fn is_planned(&self, id: &ObjectId) -> bool {
        self.planned.contains_key(id)
    }

    /// The permissions that earlier runs, or this one, gave to an object that is not verified.
    pub(super) fn granted(&self, id: &ObjectId) -> impl Iterator<Item = Permission> {
        self.entries.get(id).into_iter().flat_map(|entry| entry.granted.iter().copied())
    }

    /// What stood beside the role of an object that is not verified.
    pub(super) fn beside(&self, id: &ObjectId) -> impl Iterator<Item = Permission> {
        self.entries.get(id).into_iter().flat_map(|entry| entry.beside.iter().copied())
    }

    /// What is on the list, in order.
    pub(super) fn into_entries(self) -> Vec<Unverified> {
        self.entries.into_values().collect()
    }
}

/// Permissions that may have come along unasked with the grants of earlier runs. Planning takes them away
/// unless the policy asks for them, also where it leaves everything else alone.
pub fn came_along<'u>(list: impl IntoIterator<Item = &'u Unverified>) -> StrayPermissions {
    let mut found = StrayPermissions::default();
    for entry in list {
        if let Object::Holding { space, principal, .. } = &entry.object {
            found.add(space, principal, entry.may_have_come_along());
        }
    }
    found
}

impl Unverified {
    /// What may have come along with what was granted.
    pub(super) fn may_have_come_along(&self) -> BTreeSet<Permission> {
        let Object::Holding { before, after, .. } = &self.object else { return BTreeSet::new() };
        let brought = self.granted.iter().flat_map(|permission| permission.may_bring()).copied();
        brought.filter(|permission| !before.allows(*permission) && !after.allows(*permission)).collect()
    }
}
