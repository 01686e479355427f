//! What Atlassian does not document, as switches: each behaviour marked NOT ESTABLISHED in the collected
//! facts that touches permissions. A program is right when it is right with every switch in every position.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::ContentId;
use super::pair::Pair;

/// The switches of a site, with the position the sandbox takes when a state file says nothing.
#[expect(clippy::struct_excessive_bools, reason = "a panel of switches")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Quirks {
    // Space permissions.
    /// Whether adding a row brings others along.
    pub companions: Companions,
    /// What `read/space` brings, where companions appear at all (live: folio, mig).
    pub read_companions: BTreeSet<Pair>,
    /// What `create/page` brings, where companions appear at all (live: folio, mig).
    pub page_companions: BTreeSet<Pair>,
    /// What `create/comment` brings, where companions appear at all. It has side effects (live: folio); which,
    /// is not established.
    pub comment_companions: BTreeSet<Pair>,
    /// What `update/blogpost` brings, where companions appear at all. It has side effects (live: folio); which,
    /// is not established. `create/blogpost` has none.
    pub blogpost_companions: BTreeSet<Pair>,
    /// What `administer/space` brings, where companions appear at all. It has side effects (live: folio);
    /// which, is not established.
    pub admin_companions: BTreeSet<Pair>,
    /// Whether removing a row removes those that it brought.
    pub producer_removal_takes_companion: bool,
    /// Whether removing `administer/space` removes `manage_users/space` (live: folio).
    pub admin_removal_takes_manage_users: bool,
    /// Whether the last admin of a space is kept (API v1, removePermission).
    pub last_admin_rule: bool,
    /// Whether a site in `pre-roles` mode accepts the 12 pairs that API v1 does not list.
    pub extra_pairs_in_pre_roles: bool,
    /// Whether v2 shows every row twice, with another id (live: mig).
    pub duplicate_rows: DuplicateRows,
    /// How v2 shows a row of anonymous.
    pub anonymous_row: AnonymousRow,
    /// Whether permissions and restrictions in an archived space can be changed.
    pub archived_spaces_writable: bool,
    /// Whether the restrictions of archived pages can be changed.
    pub archived_pages_writable: bool,
    /// Whether the read lists above an archived page still count for it: archiving has dropped an inherited
    /// restriction (CONFCLOUD-83913).
    pub archived_pages_inherit: bool,

    // Roles.
    /// What roles and the catalogue call the permissions of a role. Rows are always in pairs.
    pub role_vocabulary: RoleVocabulary,
    /// Whether assigning a role removes the custom rows of that principal.
    pub role_post_removes_custom_access: bool,
    /// What v1 answers when asked to delete a row that a role brings.
    pub role_row_delete: RoleRowDelete,
    /// Whether the last admin role of a space is kept, too.
    pub last_admin_rule_for_roles: bool,
    /// Whether all about roles but their mode answers 404: access to the beta has expired (seen by a connector).
    pub roles_beta_expired: bool,
    /// What single permissions that are left on a site with roles only still give.
    pub leftover_rows: LeftoverRows,
    /// Whether `GET /space-role-mode` leaves `mode` out.
    pub space_role_mode_absent: bool,

    // Restrictions.
    /// Whether replacing restrictions adds the caller to each list that is not empty.
    pub restriction_put_adds_caller: bool,
    /// Whether replacing restrictions keeps the list of an operation that the body does not mention.
    pub put_keeps_missing_operations: bool,
    /// Whether `{"user":{"results":[]},"group":{"results":[]}}` is accepted and opens the operation.
    pub empty_restriction: EmptyRestriction,
    /// Whether an `update` list may have entries that a non-empty `read` list lacks.
    pub update_without_read: UpdateWithoutRead,
    /// Whether folders, whiteboards, databases and embeds can be restricted; else they answer 404.
    pub folders_restrictable: bool,
    /// Whether a caller may take itself off a restriction, or leave itself out of one.
    pub self_removal: SelfRemoval,
    /// Whether restricting needs `restrict_content/space` (or `administer/space`) besides edit.
    pub restricting_needs_permission: bool,
    /// What the single-subject DELETE answers when the subject is not listed.
    pub unlisting_nobody: UnlistingNobody,

    // Access.
    /// Whether an `update` list also decides who may delete.
    pub update_list_guards_delete: bool,
    /// Whether rows of anonymous count for people who are signed in only where the site lets anonymous in.
    pub anonymous_rows_need_site_switch: bool,

    /// Whether rows and roles that name a guest, or a group that it is in, count in spaces that are not its own.
    pub guest_grants_elsewhere: bool,
    /// Whether a space that Jira Service Management opens to everyone who is signed in is open to guests of other
    /// spaces: one page of the documentation says everyone, another gives guests one space and the anonymous ones.
    pub guests_see_opened_spaces: bool,

    // People.
    /// What becomes of the rows and list entries of a group that is deleted.
    pub deleted_group_entries: DeletedGroupEntries,
    /// What replacing and adding restrictions make of groups that are deleted and accounts that are closed.
    pub deleted_subjects: DeletedSubjects,
    /// What adding rows, roles and entries of lists makes of accounts that are deactivated.
    pub inactive_subjects: InactiveSubjects,
    /// Whether e-mail addresses of others are shown; one's own always is.
    pub emails_visible: bool,
    /// Whether a wrong token is refused or makes the caller anonymous.
    pub bad_token: BadToken,

    // Reading.
    /// Content that CQL does not return: an index that lags.
    #[schemars(with = "BTreeSet<u64>")]
    pub search_misses: BTreeSet<ContentId>,
    /// Whether the list of the pages of a label has archived ones.
    pub label_lists_archived: bool,
    /// The largest page that v1 lists give, whatever `limit` says.
    pub page_cap: Option<usize>,
    /// Whether an empty page with a next link follows each page that has a next link.
    pub empty_pages: bool,
    /// Whether expanding `ancestors.restrictions` fails the whole search when an ancestor is unreadable
    /// (CONFCLOUD-77618).
    pub unreadable_ancestor_fails_batch: bool,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            companions: Companions::Always,
            read_companions: [Pair::ExportContent].into(),
            page_companions: [Pair::UpdatePage].into(),
            comment_companions: BTreeSet::new(),
            blogpost_companions: BTreeSet::new(),
            admin_companions: BTreeSet::new(),
            producer_removal_takes_companion: true,
            admin_removal_takes_manage_users: true,
            last_admin_rule: true,
            extra_pairs_in_pre_roles: false,
            duplicate_rows: DuplicateRows::None,
            anonymous_row: AnonymousRow::AccessClass,
            archived_spaces_writable: true,
            archived_pages_writable: true,
            archived_pages_inherit: true,
            role_vocabulary: RoleVocabulary::RoleIds,
            role_post_removes_custom_access: false,
            role_row_delete: RoleRowDelete::Refused,
            last_admin_rule_for_roles: false,
            roles_beta_expired: false,
            leftover_rows: LeftoverRows::Count,
            space_role_mode_absent: false,
            restriction_put_adds_caller: false,
            put_keeps_missing_operations: false,
            empty_restriction: EmptyRestriction::Accepted,
            update_without_read: UpdateWithoutRead::Accepted,
            folders_restrictable: false,
            self_removal: SelfRemoval::Allowed,
            restricting_needs_permission: true,
            unlisting_nobody: UnlistingNobody::NotFound,
            update_list_guards_delete: true,
            anonymous_rows_need_site_switch: false,
            guest_grants_elsewhere: false,
            guests_see_opened_spaces: false,
            deleted_group_entries: DeletedGroupEntries::Kept,
            deleted_subjects: DeletedSubjects::Refused,
            inactive_subjects: InactiveSubjects::Accepted,
            emails_visible: false,
            bad_token: BadToken::Unauthorized,
            search_misses: BTreeSet::new(),
            label_lists_archived: true,
            page_cap: None,
            empty_pages: false,
            unreadable_ancestor_fails_batch: true,
        }
    }
}

macro_rules! switch {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }
    };
}

switch!(
    /// Where companion rows appear.
    Companions {
        /// In every mode that has classic permissions.
        Always,
        /// In `roles-transition` mode, where they were measured, and not in `pre-roles`.
        RolesTransition,
        /// Nowhere.
        Never,
    }
);
switch!(
    /// Whether rows are doubled in v2.
    DuplicateRows {
        /// One row each.
        None,
        /// Two rows each; a grant is gone when both are deleted.
        Independent,
        /// Two rows each; deleting either deletes both.
        Linked,
        /// Two rows each; a grant is gone when both are deleted, and what goes along with it is when one is.
        CompanionsFirst,
    }
);
switch!(
    /// The v2 principal of a row of anonymous.
    AnonymousRow {
        /// `access-class` / `anonymous-users`.
        AccessClass,
        /// `user` / `anonymous`.
        User,
        /// The row is not shown.
        Omitted,
    }
);
switch!(
    /// The ids of `/space-roles` and `/space-permissions`.
    RoleVocabulary {
        /// The pairs of API v1 and of the rows of v2: `export_content/space`.
        Pairs,
        /// The ids of roles, as far as they were seen on real sites, and others in their form:
        /// `export/content`.
        RoleIds,
        /// The ids of roles, some of which say nothing or are newer than any client.
        PartlyUnknown,
    }
);
switch!(
    /// v1 DELETE of a row that a role brings.
    RoleRowDelete {
        /// 400.
        Refused,
        /// 204, and nothing changes.
        Ignored,
    }
);
switch!(
    /// Single permissions on a site with roles only.
    LeftoverRows {
        /// What they say.
        Count,
        /// Nothing; they are listed all the same.
        Void,
    }
);
switch!(
    /// A restriction body with empty lists.
    EmptyRestriction {
        /// It opens the operation.
        Accepted,
        /// 400.
        Refused,
        /// 500, and nothing changes.
        Failed,
    }
);
switch!(
    /// `update` entries that are not in `read`.
    UpdateWithoutRead {
        /// They are stored and give nothing.
        Accepted,
        /// 400.
        Refused,
    }
);
switch!(
    /// A caller that locks itself out of a page.
    SelfRemoval {
        /// It does.
        Allowed,
        /// 400, as on Data Center.
        Refused,
    }
);
switch!(
    /// Removing an entry that is not on the list.
    UnlistingNobody {
        /// 404.
        NotFound,
        /// 200.
        Ok,
    }
);
switch!(
    /// Entries of deleted groups.
    DeletedGroupEntries {
        /// They stay, and match no account.
        Kept,
        /// They go; a list that held only the group becomes open.
        Emptied,
    }
);
switch!(
    /// Deleted groups and closed accounts in a restriction body.
    DeletedSubjects {
        /// 400.
        Refused,
        /// Those that are on a list of the page may stay on the page; others are refused.
        Accepted,
        /// The same, but they are not stored; a list with no other entry becomes open.
        Dropped,
    }
);
switch!(
    /// Deactivated accounts in a write.
    InactiveSubjects {
        /// They are taken like all others.
        Accepted,
        /// 400, wherever one is given something or is on a list that is sent. What they have stays until it is removed.
        Refused,
    }
);
switch!(
    /// A wrong token.
    BadToken {
        /// 401.
        Unauthorized,
        /// The request goes on as anonymous.
        Anonymous,
    }
);
