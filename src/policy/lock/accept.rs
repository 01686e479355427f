//! `confperm lock --accept`: a person confirms that a name means the thing that has the name now.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use super::{Identity, Lock, unwritten};
use crate::diagnostic::Spanned;
use crate::model::{ContentId, GroupId, Live, RoleId, SpaceId, SpaceKey, visible};
use crate::policy::pages::{PageName, with_space};

/// A name that means something else from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedName {
    /// As `--accept` takes it, with its kind.
    pub name: String,
    pub was: String,
    pub now: String,
}

/// Why a name cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAccepted {
    #[error("`{0}` is not a name in the lock")]
    Unknown(String),
    #[error("`{name}` could be {}", names.join(" or "))]
    Ambiguous { name: String, names: Vec<String> },
    #[error("nothing else has the name `{0}` now")]
    NoOther(String),
    #[error("`{name}` is now the name of several: {}", ids.join(", "))]
    Several { name: String, ids: Vec<String> },
}

impl NotAccepted {
    /// What to do instead.
    pub const fn help(&self) -> &'static str {
        match self {
            Self::Unknown(_) => {
                "write it as the messages of `confperm plan` do: `group:NAME`, `role:NAME`, `KEY`, `KEY/Title/Title`"
            }
            Self::Ambiguous { .. } => "write it with its kind, as in this message",
            Self::NoOther(_) => "the name still means what it meant; if that is gone, correct the policy",
            Self::Several { .. } => "in the policy, write the id of the one that is meant",
        }
    }
}

/// A name that the lock has.
#[derive(Debug, Clone)]
enum LockedName {
    Group(String),
    Role(String),
    Space(SpaceKey),
    Page(SpaceKey, PageName),
}

impl LockedName {
    /// With its kind, and as the policy writes it.
    fn written(&self) -> [String; 2] {
        match self {
            Self::Group(name) => [format!("group:{name}"), name.clone()],
            Self::Role(name) => [format!("role:{name}"), name.clone()],
            Self::Space(key) => [key.to_string(), format!("space:{key}")],
            Self::Page(key, name) => [with_space(key, name), name.to_string()],
        }
    }
}

impl Lock {
    /// Lets a name mean what bears it now. A title and the path of a page at the top are one name here, and both mean
    /// what bears them.
    pub fn accept(&mut self, name: &str, live: &Live) -> Result<Vec<AcceptedName>, NotAccepted> {
        let mut accepted = Vec::new();
        let mut refused = None;
        for known in self.find(name)? {
            match self.accept_known(known, live) {
                Ok(now) => accepted.push(now),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        refused.filter(|_| accepted.is_empty()).map_or(Ok(accepted), Err)
    }

    fn accept_known(&mut self, known: LockedName, live: &Live) -> Result<AcceptedName, NotAccepted> {
        let [full, _] = known.written();
        match known {
            LockedName::Group(name) => {
                let bearers = live.directory.group_names().bearers(&name);
                let other: GroupId = other(&self.group(&name, bearers, &live.directory), &full)?;
                Ok(put(self.groups.get_mut(&name), other, full))
            }
            LockedName::Role(name) => {
                let other: RoleId = other(&self.role(&name, &live.roles), &full)?;
                Ok(put(self.roles.get_mut(&name), other, full))
            }
            LockedName::Space(key) => {
                let other: SpaceId = other(&self.space(&key, live), &full)?;
                // The pages of another space are other pages.
                self.pages.remove(&key);
                Ok(put(self.spaces.get_mut(&key), other, full))
            }
            LockedName::Page(key, name) => {
                let id = self.space(&key, live).meant().copied();
                let space = live.spaces.values().find(|space| Some(space.space.id) == id);
                let tree = space.and_then(|space| space.tree.as_ref());
                let Some((space, tree)) = space.zip(tree) else { return Err(NotAccepted::NoOther(full)) };
                let mut lock = self.clone();
                lock.rekey(&BTreeMap::from([(key.clone(), space.space.key.clone())]));
                let other: ContentId = other(&lock.page(&name, space, tree), &full)?;
                let page = self.pages.get_mut(&key).and_then(|pages| pages.get_mut(&name));
                Ok(put(page, other, full))
            }
        }
    }

    fn find(&self, name: &str) -> Result<Vec<LockedName>, NotAccepted> {
        let groups = self.groups.keys().cloned().map(LockedName::Group);
        let roles = self.roles.keys().cloned().map(LockedName::Role);
        let spaces = self.spaces.keys().cloned().map(LockedName::Space);
        let pages = self
            .pages
            .iter()
            .flat_map(|(key, pages)| pages.keys().map(|name| LockedName::Page(key.clone(), name.clone())));
        let all: Vec<LockedName> = groups.chain(roles).chain(spaces).chain(pages).collect();
        for form in 0..2 {
            let found: Vec<LockedName> =
                all.iter().filter(|known| known.written()[form] == name).cloned().collect();
            let names: BTreeSet<String> =
                found.iter().map(|known| format!("`{}`", visible(&known.written()[0]))).collect();
            match names.len() {
                0 => {}
                1 => return Ok(found),
                _ => {
                    let names = names.into_iter().collect();
                    return Err(NotAccepted::Ambiguous { name: visible(name).into_owned(), names });
                }
            }
        }
        Err(NotAccepted::Unknown(visible(name).into_owned()))
    }
}

/// The one thing that bears a name and is not what the name means.
fn other<T: Clone + Eq + Display>(identity: &Identity<T>, name: &str) -> Result<T, NotAccepted> {
    let name = || visible(name).into_owned();
    match identity.others() {
        [] => Err(NotAccepted::NoOther(name())),
        [only] => Ok(only.clone()),
        several => Err(NotAccepted::Several {
            name: name(),
            ids: several.iter().map(|id| visible(&id.to_string()).into_owned()).collect(),
        }),
    }
}

fn put<T: Display>(place: Option<&mut Spanned<T>>, now: T, name: String) -> AcceptedName {
    let mut accepted = AcceptedName { name, was: String::new(), now: now.to_string() };
    if let Some(place) = place {
        accepted.was = place.value.to_string();
        *place = unwritten(now);
    }
    accepted
}
