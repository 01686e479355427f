//! From `adversary:` to rules: names become ids of the site that the file describes.

use std::collections::BTreeSet;

use super::StateError;
use super::adversary::{ActorShape, Deed, ListName, Section, WhenShape};
use super::load::{Names, sense};
use crate::sandbox::adversary::{Actor, Adversary, Facet, Hidden, Kill, Lag, RuleError, When};
use crate::sandbox::world::{
    Action, ContentId, GroupId, ListKind, Object, Place, Principal, RoleId, SpaceId, World,
};

/// Reads `adversary:`.
pub(super) fn load(section: Section, world: &World) -> Result<Adversary, StateError> {
    let actors = load_actors(section.actors, world, "adversary.actors")?;
    let delays = [
        (Facet::Rows, section.lag.rows),
        (Facet::Roles, section.lag.roles),
        (Facet::Lists, section.lag.lists),
        (Facet::Search, section.lag.search),
    ];
    let mut lag = Lag::default();
    for (facet, delay) in delays {
        if let Some(delay) = delay {
            let place = || format!("adversary.lag.{}", facet.name());
            lag = lag.with(facet, delay.0.parse().map_err(|error| rule(place(), &error))?);
        }
    }
    let hide = section.hide.0.into_iter().map(|(name, status)| {
        let text = format!("{name}={status}");
        text.parse::<Hidden>().map_err(|error| rule(format!("adversary.hide.{name}"), &error))
    });
    let kill = match section.kill.map(|kill| (kill.before_write, kill.after_write)) {
        None => None,
        Some((Some(write @ 1..), None)) => Some(Kill::BeforeWrite(write)),
        Some((None, Some(write @ 1..))) => Some(Kill::AfterWrite(write)),
        Some(_) => {
            return Err(sense("adversary.kill", "takes `before-write` or `after-write`, counting from 1"));
        }
    };
    Ok(Adversary {
        actors,
        lag,
        disruptions: parse_each(&section.fail, "adversary.fail")?,
        hidden: hide.collect::<Result<_, _>>()?,
        manglings: parse_each(&section.mangle, "adversary.mangle")?,
        kill,
    })
}

/// Reads a list of actors; `place` leads to it.
pub(super) fn load_actors(
    actors: Vec<ActorShape>,
    world: &World,
    place: &str,
) -> Result<Vec<Actor>, StateError> {
    let names = Names::of_world(world);
    let load = |(index, actor): (usize, ActorShape)| {
        let place = format!("{place}[{index}]");
        let scene = Scene { world, names: &names, place: &place };
        let actions = actor.does.into_iter().map(|deed| scene.action(deed)).collect::<Result<_, _>>()?;
        Ok(Actor { name: actor.name, when: scene.when(actor.when)?, actions })
    };
    actors.into_iter().enumerate().map(load).collect()
}

fn parse_each<T: std::str::FromStr<Err = RuleError>>(
    texts: &[String],
    place: &str,
) -> Result<Vec<T>, StateError> {
    let parse = |(index, text): (usize, &String)| {
        text.parse().map_err(|error| rule(format!("{place}[{index}]"), &error))
    };
    texts.iter().enumerate().map(parse).collect()
}

fn rule(place: String, error: &RuleError) -> StateError {
    sense(place, error.to_string())
}

/// Where an actor stands in the file, and what its names mean.
struct Scene<'w> {
    world: &'w World,
    names: &'w Names,
    place: &'w str,
}

impl Scene<'_> {
    fn when(&self, when: WhenShape) -> Result<When, StateError> {
        let place = format!("{}.when", self.place);
        let pattern = |text: String| text.parse().map_err(|error| rule(place.clone(), &error));
        let n = when.nth;
        if n == 0 {
            return Err(sense(place, "`nth` counts from 1"));
        }
        let triggers = [
            when.before.map(|text| Ok(When::Before(pattern(text)?, n))),
            when.after_write.map(|text| Ok(When::AfterWrite(pattern(text)?, n))),
            when.after_rows_of.map(|key| Ok(When::after_rows(self.space(&key)?, n))),
            when.after_roles_of.map(|key| Ok(When::after_roles(self.space(&key)?, n))),
            when.after_lists_of.map(|id| Ok(When::after_lists(self.page(id)?, n))),
            when.after_search_with.map(|id| Ok(When::after_search(self.page(id)?, n))),
        ];
        let mut triggers = triggers.into_iter().flatten();
        match (triggers.next(), triggers.next()) {
            (Some(trigger), None) => trigger,
            _ => Err(sense(place, "takes one of `before`, `after-write`, `after-rows-of` and so on")),
        }
    }

    fn action(&self, deed: Deed) -> Result<Action, StateError> {
        Ok(match deed {
            Deed::Grant { space, who, permission } => {
                Action::Grant { space: self.space(&space)?, principal: self.who(&who)?, pair: permission }
            }
            Deed::Revoke { space, who, permission } => {
                Action::Revoke { space: self.space(&space)?, principal: self.who(&who)?, pair: permission }
            }
            Deed::AssignRole { space, who, role } => Action::AssignRole {
                space: self.space(&space)?,
                principal: self.who(&who)?,
                role: self.role(&role)?,
            },
            Deed::RemoveRole { space, who } => {
                Action::RemoveRole { space: self.space(&space)?, principal: self.who(&who)? }
            }
            Deed::SetList { page, list, who } => {
                let principals = who.iter().map(|who| self.who(who)).collect::<Result<BTreeSet<_>, _>>()?;
                Action::SetList { content: self.page(page)?, list: kind(list), principals }
            }
            Deed::AddToList { page, list, who } => {
                Action::AddToList { content: self.page(page)?, list: kind(list), principal: self.who(&who)? }
            }
            Deed::RemoveFromList { page, list, who } => Action::RemoveFromList {
                content: self.page(page)?,
                list: kind(list),
                principal: self.who(&who)?,
            },
            Deed::ClearList { page, list } => {
                Action::ClearList { content: self.page(page)?, list: kind(list) }
            }
            Deed::RenamePage { page, title } => Action::RenamePage { content: self.page(page)?, title },
            Deed::LabelPage { page, label } => {
                Action::LabelPage { content: self.page(page)?, label, on: true }
            }
            Deed::UnlabelPage { page, label } => {
                Action::LabelPage { content: self.page(page)?, label, on: false }
            }
            Deed::RenameGroup { group, name } => Action::RenameGroup { group: self.group(&group)?, name },
            Deed::RenameSpace { space, name } => Action::RenameSpace { space: self.space(&space)?, name },
            Deed::ChangeSpaceKey { space, key } => Action::ChangeSpaceKey { space: self.space(&space)?, key },
            Deed::MovePage { page, below } => {
                Action::MovePage { content: self.page(page)?, to: Place::Below(self.page(below)?) }
            }
            Deed::MovePageToTop { page, space } => {
                Action::MovePage { content: self.page(page)?, to: Place::Top(self.space(&space)?) }
            }
            Deed::ArchivePage { page } => Action::ArchivePage { content: self.page(page)? },
            Deed::DeletePage { page } => Action::DeletePage { content: self.page(page)? },
            Deed::AddMember { group, user } => Action::AddMember {
                group: self.group(&group)?,
                account: self.names.account(self.place, &user)?,
            },
            Deed::RemoveMember { group, user } => Action::RemoveMember {
                group: self.group(&group)?,
                account: self.names.account(self.place, &user)?,
            },
            Deed::DeleteGroup { group } => Action::DeleteGroup { group: self.group(&group)? },
        })
    }

    fn who(&self, text: &str) -> Result<Principal, StateError> {
        self.names.principal(self.place, text)
    }

    fn space(&self, key: &str) -> Result<SpaceId, StateError> {
        let found = self.world.space_keyed(key).map(|space| space.id);
        found.ok_or_else(|| sense(self.place, format!("there is no space `{key}`")))
    }

    fn page(&self, id: u64) -> Result<ContentId, StateError> {
        let id = ContentId(id);
        let found = self.world.content(id).map(|content| content.id);
        found.ok_or_else(|| sense(self.place, format!("there is no {}", Object::Content(id))))
    }

    fn group(&self, name: &str) -> Result<GroupId, StateError> {
        match self.who(&format!("group:{name}"))? {
            Principal::Group(id) => Ok(id),
            _ => Err(sense(self.place, format!("`{name}` is not a group"))),
        }
    }

    fn role(&self, name: &str) -> Result<RoleId, StateError> {
        self.names.role(self.place, name)
    }
}

fn kind(list: ListName) -> ListKind {
    match list {
        ListName::View => ListKind::Read,
        ListName::Edit => ListKind::Update,
    }
}
