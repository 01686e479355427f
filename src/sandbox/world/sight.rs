//! What a caller gets to see. Everything else answers as if it were not there.

use super::access::Standing;
use super::{
    Caller, Content, ContentId, GrantId, Pair, Principal, Refusal, Space, SpaceId, SpaceStatus, Status,
};
use super::{Verb, World};

/// One row as v2 shows it: custom access, or what a role brings.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the columns of the row")]
pub struct Row {
    pub id: GrantId,
    pub principal: Principal,
    pub pair: Pair,
}

/// Ids of rows that roles bring begin here, far above those that are handed out.
const ROLE_ROWS: u64 = 1 << 40;

impl World {
    /// A space that the caller may view.
    pub fn visible_space(&self, caller: &Caller, id: SpaceId) -> Result<&Space, Refusal> {
        let hidden = || Refusal::NoSpace(id.to_string());
        let space = self.space(id).ok_or_else(hidden)?;
        let subject = caller.subject();
        if Standing::of(self, &subject).space_operations(space).is_empty() {
            Err(hidden())
        } else {
            Ok(space)
        }
    }

    /// A space that the caller may view, by key.
    pub fn visible_space_keyed(&self, caller: &Caller, key: &str) -> Result<&Space, Refusal> {
        let hidden = || Refusal::NoSpace(key.to_owned());
        let id = self.space_keyed(key).ok_or_else(hidden)?.id;
        self.visible_space(caller, id).map_err(|_| hidden())
    }

    /// Content that the caller may view. Trashed content and drafts have a refusal of their own for those
    /// who may view the space.
    pub fn visible_content(&self, caller: &Caller, id: ContentId) -> Result<&Content, Refusal> {
        let content = self.content(id).ok_or(Refusal::NoContent(id))?;
        if matches!(content.status, Status::Trashed | Status::Draft) {
            let known = self.visible_space(caller, content.space).is_ok();
            return Err(if known { Refusal::NotCurrent(id) } else { Refusal::NoContent(id) });
        }
        match self.allows(&caller.subject(), Verb::Read, id) {
            Ok(()) => Ok(content),
            Err(_) => Err(Refusal::NoContent(id)),
        }
    }

    /// All rows of a space as v2 lists them: custom access, then what roles bring.
    pub fn permission_rows(&self, space: &Space) -> Vec<Row> {
        let custom = space.grants.iter().map(|(id, grant)| Row {
            id: *id,
            principal: grant.principal.clone(),
            pair: grant.pair,
        });
        let mut rows: Vec<Row> = custom.chain(self.role_rows(space)).collect();
        rows.sort_by_key(|row| row.id);
        rows
    }

    /// The rows that roles bring. Their ids are derived from what they say.
    pub(super) fn role_rows(&self, space: &Space) -> impl Iterator<Item = Row> {
        let live = self.has_roles() && space.status != SpaceStatus::Trashed;
        let assignments = space.assignments.iter().filter(move |_| live);
        assignments.filter_map(|(principal, role)| Some((principal, self.role(role)?))).flat_map(
            move |(principal, role)| {
                role.permissions.iter().map(move |pair| Row {
                    id: GrantId(ROLE_ROWS + (fingerprint(space.id, principal, *pair) >> 24)),
                    principal: principal.clone(),
                    pair: *pair,
                })
            },
        )
    }
}

/// FNV-1a over what makes a row: the same on every machine.
fn fingerprint(space: SpaceId, principal: &Principal, pair: Pair) -> u64 {
    let text = format!("{space} {principal:?} {pair}");
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
