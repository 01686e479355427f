//! What `/space-roles` and `/space-permissions` call the permissions of a role.
//!
//! Roles have a vocabulary of their own, beside the pairs of v1 and of the rows of v2. No document has
//! the whole of it: `read/space`, `read/comment`, `export/content`, `delete/own-content` and
//! `delete/own-comment` were seen on a real site (live: folio); every other id of [`RoleVocabulary::RoleIds`]
//! is a guess in their form. A permission may have been split since its pair was named: `read/comment` is taken
//! for a part of View, and `delete/own-comment` is one of "Add comments" (article ba-p/3165902). Rows of v2
//! show what a role gives in pairs, whatever the vocabulary.

use std::collections::BTreeSet;

use super::{Pair, Role, RoleVocabulary};

/// An entry of the catalogue (API v2, getAvailableSpacePermissions).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolePermission {
    /// What roles name it by.
    pub id: String,
    /// What Confluence's own screen calls it.
    pub label: &'static str,
    /// The pair that the rows of v2 show for it: none for a part of a pair, and for what has no pair.
    pub pair: Option<Pair>,
}

/// Ids whose pair has another name, or that came beside the id of a pair when Confluence split a permission.
const PARTS: [(Pair, &str, &str); 2] = [
    (Pair::ReadSpace, "read/comment", "View comments"),
    (Pair::CreateComment, "delete/own-comment", "Delete own comments"),
];

/// What a client made before it was there cannot know: a permission without a pair.
const NEW: (Pair, &str, &str) = (Pair::AdministerSpace, "run/automation", "Run automation");

/// The pairs whose ids say nothing in [`RoleVocabulary::PartlyUnknown`].
const OPAQUE: [Pair; 10] = [
    Pair::ExportContent,
    Pair::UpdatePage,
    Pair::DeletePage,
    Pair::UpdateBlogpost,
    Pair::DeleteBlogpost,
    Pair::DeleteComment,
    Pair::CreateAttachment,
    Pair::RestrictContent,
    Pair::ManageUsers,
    Pair::ManageContent,
];

impl RoleVocabulary {
    /// The id of a pair.
    pub fn id_of(self, pair: Pair) -> String {
        match self {
            Self::Pairs => pair.to_string(),
            Self::PartlyUnknown if OPAQUE.contains(&pair) => opaque(pair),
            Self::RoleIds | Self::PartlyUnknown => role_id(pair),
        }
    }

    /// Everything that a role can hold, in the order of Confluence's own screen.
    pub fn catalogue(self) -> Vec<RolePermission> {
        let parts = PARTS.into_iter().filter(|_| self != Self::Pairs);
        let new = [NEW].into_iter().filter(|_| self == Self::PartlyUnknown);
        let beside: Vec<_> = parts.chain(new).collect();
        let mut all = Vec::new();
        for pair in Pair::ALL.iter().copied() {
            all.push(RolePermission { id: self.id_of(pair), label: pair.label(), pair: Some(pair) });
            let own = beside.iter().filter(|(whole, ..)| *whole == pair);
            all.extend(own.map(|&(_, id, label)| RolePermission { id: id.to_owned(), label, pair: None }));
        }
        all
    }

    /// The ids of a role. One that was made through the API has those that it was made with; the role of a
    /// state file has each permission with all its parts, as the roles had when permissions were split.
    pub fn ids_of(self, role: &Role) -> Vec<String> {
        if let Some(ids) = &role.made_of {
            return ids.iter().cloned().collect();
        }
        let mut whole = false;
        let held = self.catalogue().into_iter().filter(|permission| {
            whole = permission.pair.map_or(whole, |pair| role.permissions.contains(&pair));
            whole
        });
        held.map(|permission| permission.id).collect()
    }

    /// The pairs that ids give, or the first id that is not in the catalogue.
    pub fn pairs_of(self, ids: &BTreeSet<String>) -> Result<BTreeSet<Pair>, String> {
        let catalogue = self.catalogue();
        let find = |id: &String| catalogue.iter().find(|permission| permission.id == *id);
        let found = ids.iter().map(|id| find(id).ok_or_else(|| id.clone()));
        let found = found.collect::<Result<Vec<_>, _>>()?;
        Ok(found.into_iter().filter_map(|permission| permission.pair).collect())
    }
}

/// The id of a pair in the vocabulary of roles. The object of the operation comes second in all ids that were
/// seen, so that the whole space is `space` here: `delete/space` deletes the space, and is not what the pair
/// `delete/space` is.
fn role_id(pair: Pair) -> String {
    match pair {
        Pair::ExportContent => "export/content".to_owned(),
        Pair::DeleteOwn => "delete/own-content".to_owned(),
        Pair::RestrictContent => "restrict/content".to_owned(),
        Pair::ManageContent => "manage/content".to_owned(),
        Pair::ManageTemplates => "manage/templates".to_owned(),
        Pair::ManageLookAndFeel => "manage/look-and-feel".to_owned(),
        Pair::ManageUsers => "manage/users".to_owned(),
        Pair::ManageGuestUsers => "manage/guest-users".to_owned(),
        Pair::ManageNonlicensedUsers => "manage/nonlicensed-users".to_owned(),
        Pair::ManagePublicLinks => "manage/public-links".to_owned(),
        Pair::DeleteSpace => "delete/space".to_owned(),
        Pair::ArchiveSpace => "archive/space".to_owned(),
        same => same.to_string(),
    }
}

/// An id that says nothing, and is the same on every machine.
fn opaque(pair: Pair) -> String {
    let number = pair
        .to_string()
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("space-permission-{number:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [RoleVocabulary; 3] =
        [RoleVocabulary::Pairs, RoleVocabulary::RoleIds, RoleVocabulary::PartlyUnknown];

    #[test]
    fn an_id_means_one_thing_in_its_vocabulary() {
        for vocabulary in ALL {
            let ids: BTreeSet<String> = vocabulary.catalogue().into_iter().map(|entry| entry.id).collect();
            assert_eq!(ids.len(), vocabulary.catalogue().len());
            for pair in Pair::ALL {
                let ids = BTreeSet::from([vocabulary.id_of(*pair)]);
                assert_eq!(vocabulary.pairs_of(&ids), Ok(BTreeSet::from([*pair])));
            }
        }
        let unknown = BTreeSet::from(["read/space".to_owned(), "fly/space".to_owned()]);
        assert_eq!(RoleVocabulary::RoleIds.pairs_of(&unknown), Err("fly/space".to_owned()));
    }

    /// The five that were seen on a real site (live: folio).
    #[test]
    fn the_ids_that_were_seen_are_in_the_vocabulary_of_roles() {
        let ids: BTreeSet<String> =
            RoleVocabulary::RoleIds.catalogue().into_iter().map(|entry| entry.id).collect();
        for seen in
            ["read/space", "read/comment", "export/content", "delete/own-content", "delete/own-comment"]
        {
            assert!(ids.contains(seen), "{seen}");
        }
    }
}
