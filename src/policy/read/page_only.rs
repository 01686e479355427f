//! `page-only` and `unlisted-pages`: what is said about the pages that no entry names.

use super::sets::ON_PAGES;
use super::{Reader, meant};
use crate::diagnostic::{Code, Diagnostic, Spanned, did_you_mean};
use crate::model::{BuiltInRole, Permission, SpaceKey};
use crate::policy::ast::{AccessLine, Grantee, ListItem, Named, PageOnlyEntry, Right, RoleName, UnlistedDef};
use crate::policy::keys;
use crate::policy::pages::PageSelector;
use crate::policy::roles::bundle;
use crate::policy::yaml::{NodeKind, YamlNode};

const UNLISTED: [(&str, UnlistedDef); 2] = [("leave", UnlistedDef::Leave), ("open", UnlistedDef::Open)];

impl Reader {
    pub(super) fn unlisted_pages(&mut self, node: &YamlNode) -> Option<Spanned<UnlistedDef>> {
        let text = self.text(node, "`unlisted-pages`")?;
        if let Some((_, unlisted)) = UNLISTED.into_iter().find(|(name, _)| *name == text.value) {
            return Some(Spanned::new(unlisted, text.span));
        }
        let help = meant(did_you_mean(&text.value, UNLISTED.map(|(name, _)| name))).unwrap_or_else(|| {
            "`leave` keeps the restrictions of pages that no entry matches, `open` removes them".to_owned()
        });
        self.report(
            Diagnostic::new(Code::InvalidValue, format!("`unlisted-pages` cannot be `{}`", text.value))
                .at(&text.span, "")
                .help(help),
        );
        None
    }

    pub(super) fn page_only(&mut self, node: &YamlNode, space: &SpaceKey) -> Vec<PageOnlyEntry> {
        if !matches!(node.kind, NodeKind::List(_)) {
            let help = "begin each entry with `- who: […]`".to_owned();
            self.wrong_kind(node, "`page-only`", "a list", Some(help));
            return Vec::new();
        }
        let items =
            self.list(node, "`page-only`", "{who: [group:NAME], pages: [/Title]}").unwrap_or_default();
        items.iter().filter_map(|item| self.page_only_entry(item, space)).collect()
    }

    fn page_only_entry(&mut self, node: &YamlNode, space: &SpaceKey) -> Option<PageOnlyEntry> {
        let what = "an entry of `page-only`";
        let fields = self.fields(node, what, keys::PAGE_ONLY)?;
        for (key, help) in [
            ("who", "add `who:` with those who see these pages and nothing else, as in `who: [group:NAME]`"),
            ("pages", "add `pages:` with the pages that they see, as in `pages: [/Public/Onboarding]`"),
        ] {
            if fields.iter().all(|(name, _)| name.value != key) {
                self.missing(key, what, &node.span, help);
            }
        }
        let (mut who, mut pages, mut role) = (None, None, Some(RoleName::BuiltIn(BuiltInRole::Viewer)));
        for (key, node) in fields {
            match key.value {
                "who" => who = self.guests(node),
                "pages" => pages = self.named_pages(node, space),
                _ => role = self.guests_role(node),
            }
        }
        Some(PageOnlyEntry::new(node.span.clone(), who?, pages?, role?))
    }

    fn guests(&mut self, node: &YamlNode) -> Option<Vec<ListItem<Named>>> {
        let items = self.list(node, "`who`", "group:NAME")?;
        let (who, whole) =
            self.listed_entries(items, &ON_PAGES, |policy, named| format!("`{}`", policy.show_named(named)));
        (!who.is_empty() && whole).then_some(who)
    }

    fn named_pages(&mut self, node: &YamlNode, space: &SpaceKey) -> Option<Vec<Spanned<PageSelector>>> {
        let items = self.list(node, "`pages`", "/Public/Onboarding")?;
        let mut pages = Vec::new();
        for item in items {
            let Some(text) = self.text(item, "an entry of this list") else { continue };
            pages.extend(
                self.page_selector(&text, space, text.value.parse()).filter(|page| self.is_no_label(page)),
            );
        }
        self.repeated(&pages, |_, page| format!("`{page}`"));
        (pages.len() == items.len()).then_some(pages)
    }

    /// An administrator of a space can take lists off its pages, and so is no guest of it.
    fn guests_role(&mut self, node: &YamlNode) -> Option<RoleName> {
        let text = self.text(node, "`role`")?;
        let role = self.role_name(&text)?;
        if bundle(&role, &self.policy.roles).required.contains(&Permission::AdministerSpace) {
            self.report(
                Diagnostic::new(
                    Code::PageOnlyRole,
                    format!(
                        "`{}` includes `administer/space`, and with it the right to open any page",
                        text.value
                    ),
                )
                .at(&text.span, "")
                .help(
                    "`viewer` lets them read and comment, `collaborator` also edit the pages that are named",
                ),
            );
            return None;
        }
        Some(role)
    }

    /// A line of `access` may give a guest more rights, but not those over other people's pages.
    pub(super) fn guests_who_administer(&mut self, access: &[AccessLine], page_only: &[PageOnlyEntry]) {
        let administers = |line: &&AccessLine| match &line.right.value {
            Right::Permission(permission) => *permission == Permission::AdministerSpace,
            Right::Role(role) => {
                bundle(role, &self.policy.roles).required.contains(&Permission::AdministerSpace)
            }
        };
        let mut found = Vec::new();
        for guest in page_only.iter().flat_map(|entry| &entry.who) {
            for line in access.iter().filter(administers) {
                let same =
                    |entry: &&ListItem<Grantee>| entry.who.value == Grantee::Named(guest.who.value.clone());
                let admin = line.who.iter().find(same);
                found.extend(admin.map(|admin| (guest.who.clone(), admin.who.span.clone())));
            }
        }
        for (guest, admin) in found {
            let who = self.policy.show_named(&guest.value);
            self.report(
                Diagnostic::new(
                    Code::PageOnlyAdmin,
                    format!("`{who}` is limited to some pages of this space, and would also administer it"),
                )
                .at(&guest.span, "sees only these pages")
                .at(&admin, "administers the space")
                .help("administrators can take the restrictions off any page: remove one of the two"),
            );
        }
    }
}
