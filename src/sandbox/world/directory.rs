//! Groups and who is in them: the four writes that site admins have.

use super::{AccountId, Caller, DeletedGroupEntries, Group, GroupId, Principal, Refusal, World};

impl World {
    pub(super) fn create_group(&mut self, caller: &Caller, name: &str) -> Result<GroupId, Refusal> {
        self.check_site_admin(caller)?;
        if name.trim().is_empty() || self.groups().any(|group| group.name == name) {
            return Err(Refusal::BadGroupName);
        }
        let id = self.new_group_id();
        self.add_group(Group {
            id: id.clone(),
            name: name.to_owned(),
            members: [].into(),
            team: false,
            access: None,
        });
        Ok(id)
    }

    pub(super) fn delete_group(&mut self, caller: &Caller, id: &GroupId) -> Result<(), Refusal> {
        self.check_site_admin(caller)?;
        self.forget_group(id)
    }

    /// Removes a group without checking rights, with what goes along.
    pub(super) fn forget_group(&mut self, id: &GroupId) -> Result<(), Refusal> {
        let group = self.groups.remove(id).ok_or_else(|| Refusal::NoGroup(id.clone()))?;
        for member in &group.members {
            if let Some(groups) = self.memberships.get_mut(member) {
                groups.remove(id);
            }
        }
        if self.quirks.deleted_group_entries == DeletedGroupEntries::Emptied {
            let gone = Principal::Group(id.clone());
            for space in self.spaces.values_mut() {
                space.grants.retain(|_, grant| grant.principal != gone);
                space.assignments.remove(&gone);
            }
            for content in self.contents.values_mut() {
                content.lists.read.remove(&gone);
                content.lists.update.remove(&gone);
            }
        }
        Ok(())
    }

    pub(super) fn add_member(
        &mut self,
        caller: &Caller,
        id: &GroupId,
        account: &AccountId,
    ) -> Result<(), Refusal> {
        self.check_site_admin(caller)?;
        if self.user(account).is_none() {
            return Err(Refusal::UnknownPrincipal(Principal::User(account.clone())));
        }
        self.group(id).ok_or_else(|| Refusal::NoGroup(id.clone()))?;
        self.change_member(id, account, true);
        Ok(())
    }

    pub(super) fn remove_member(
        &mut self,
        caller: &Caller,
        id: &GroupId,
        account: &AccountId,
    ) -> Result<(), Refusal> {
        self.check_site_admin(caller)?;
        if self.user(account).is_none() {
            return Err(Refusal::NoUser(account.clone()));
        }
        self.group(id).ok_or_else(|| Refusal::NoGroup(id.clone()))?;
        self.change_member(id, account, false);
        Ok(())
    }

    /// Makes an account a member of a group, or no member, in both directions of the index.
    pub(super) fn change_member(&mut self, id: &GroupId, account: &AccountId, member: bool) {
        let Some(group) = self.groups.get_mut(id) else { return };
        if member {
            group.members.insert(account.clone());
            self.memberships.entry(account.clone()).or_default().insert(id.clone());
        } else {
            group.members.remove(account);
            if let Some(groups) = self.memberships.get_mut(account) {
                groups.remove(id);
            }
        }
    }

    pub(super) fn check_site_admin(&self, caller: &Caller) -> Result<(), Refusal> {
        let me = caller.account().and_then(|me| self.user(me));
        if me.is_some_and(|me| me.confluence_admin) { Ok(()) } else { Err(Refusal::NotSiteAdmin) }
    }

    /// The first id of its form that is free, so that the same writes give the same ids.
    fn new_group_id(&self) -> GroupId {
        let mut id = GroupId(String::new());
        for number in 1_u64.. {
            id = GroupId(format!("5a4db0c5-0000-4000-8000-{number:012x}"));
            if !self.groups.contains_key(&id) {
                break;
            }
        }
        id
    }
}
