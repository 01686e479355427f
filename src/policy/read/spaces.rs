//! Spaces: modes, access, pages.

use super::sets::{ANYWHERE, ON_PAGES};
use super::{Reader, meant};
use crate::diagnostic::{Code, Diagnostic, Spanned, did_you_mean};
use crate::model::{Mode, Permission, SpaceKey};
use crate::policy::ast::{AccessLine, Grantee, Joining, ListItem, Listed, PageEntry, Right, SpaceDef};
use crate::policy::keys;
use crate::policy::pages::{InvalidSelector, Link, PageSelector};
use crate::policy::roles::bundle;
use crate::policy::yaml::{NodeKind, YamlNode};

const MODES: [(&str, Mode); 3] =
    [("authoritative", Mode::Authoritative), ("additive", Mode::Additive), ("paused", Mode::Paused)];

impl Reader {
    pub(super) fn spaces(&mut self, node: &YamlNode) {
        for (name, node) in self.entries(node, "`spaces`").unwrap_or_default() {
            if self.outdented(&name, node) {
                continue;
            }
            let Some(key) = self.space_key(&name) else { continue };
            let Some(space) = self.space(key, node) else { continue };
            if let Some(first) = self.policy.spaces.get(&space.key.value) {
                let first = first.key.span.clone();
                self.twice(&format!("the space `{}`", name.value), &first, &name.span);
            } else {
                self.policy.spaces.insert(space.key.value.clone(), space);
            }
        }
    }

    /// Whether what belongs to a space stands beside the keys of spaces, which has then been reported.
    fn outdented(&mut self, name: &Spanned<String>, node: &YamlNode) -> bool {
        let is_word = |name: &str| keys::names(keys::SPACE).any(|key| key == name);
        let is_space = matches!(&node.kind, NodeKind::Map(pairs)
            if pairs.iter().any(|(key, _)| key.scalar().is_some_and(is_word)));
        let outdented = is_word(&name.value) && !is_space;
        if outdented {
            self.report(
                Diagnostic::new(
                    Code::InvalidValue,
                    format!("`{}` is next to the keys of spaces, and belongs below one of them", name.value),
                )
                .at(&name.span, "")
                .help("indent it and what follows further than the key of its space"),
            );
        }
        outdented
    }

    pub(super) fn space_key(&mut self, name: &Spanned<String>) -> Option<Spanned<SpaceKey>> {
        let key = name.value.parse().ok().map(|key| Spanned::new(key, name.span.clone()));
        if key.is_none() {
            self.report(
                Diagnostic::new(Code::InvalidValue, format!("`{}` is not the key of a space", name.value))
                    .at(&name.span, "")
                    .help(key_help(&name.value)),
            );
        }
        key
    }

    fn space(&mut self, key: Spanned<SpaceKey>, node: &YamlNode) -> Option<SpaceDef> {
        let what = format!("the space `{}`", key.value);
        let this = &key.value;
        let fields = self.fields(node, &what, keys::SPACE)?;
        let has = |name| fields.iter().any(|(key, _)| key.value == name);
        let has_access = has("access") || has("like");
        let has_pages = ["pages", "page-only", "unlisted-pages", "restricted-pages"].into_iter().any(has);
        let mut mode = Some(Mode::Authoritative);
        let (mut access, mut like) = (Vec::new(), None);
        let mut leave = Vec::new();
        let mut pages = Vec::new();
        let (mut unlisted, mut page_only, mut restricted) = (None, Vec::new(), Joining::default());
        for (key, node) in fields {
            match key.value {
                "mode" => mode = self.mode(node),
                "leave" => leave = self.leave(node),
                "access" => access = self.access(node),
                "like" => like = self.like(node),
                "pages" => pages = self.pages(node, this),
                "unlisted-pages" => unlisted = self.unlisted_pages(node),
                "restricted-pages" => restricted = self.restricted_pages(node),
                _ => page_only = self.page_only(node, this),
            }
        }
        match mode {
            Some(Mode::Authoritative) if !has_access => self.missing(
                "access",
                &what,
                &key.span,
                "an authoritative space loses all access that is not declared: add `access:`, or write \
                 `mode: additive` to manage only what is listed",
            ),
            Some(Mode::Additive) if !has_access && !has_pages && leave.is_empty() => self.report(
                Diagnostic::new(Code::EmptyEntry, format!("{what} asks for nothing"))
                    .at(&key.span, "")
                    .help("add `access:` or `pages:`, or remove the space"),
            ),
            _ => {}
        }
        self.guests_who_administer(&access, &page_only);
        self.labels_open_nothing(&pages, unlisted.as_ref());
        self.labels_name_no_guests(&pages, &page_only);
        let mode = mode.unwrap_or(Mode::Additive);
        Some(SpaceDef { key, mode, leave, access, like, pages, unlisted, page_only, restricted })
    }

    fn mode(&mut self, node: &YamlNode) -> Option<Mode> {
        let text = self.text(node, "`mode`")?;
        let mode = MODES.into_iter().find(|(name, _)| *name == text.value).map(|(_, mode)| mode);
        if mode.is_none() {
            let help = meant(did_you_mean(&text.value, MODES.map(|(name, _)| name))).unwrap_or_else(|| {
                "`authoritative` removes what is not declared, `additive` leaves it, `paused` changes nothing".to_owned()
            });
            self.report(
                Diagnostic::new(Code::InvalidValue, format!("there is no mode `{}`", text.value))
                    .at(&text.span, "")
                    .help(help),
            );
        }
        mode
    }

    pub(super) fn access(&mut self, node: &YamlNode) -> Vec<AccessLine> {
        let entries = self.entries(node, "`access`").unwrap_or_default();
        if matches!(&node.kind, NodeKind::Map(pairs) if pairs.is_empty()) {
            self.report(
                Diagnostic::new(Code::EmptyEntry, "`access` has no entries").at(&node.span, "").help(
                    "add at least a line such as `admin: [group:NAME]`; a space needs an administrator",
                ),
            );
        }
        let mut lines = Vec::new();
        for (key, node) in entries {
            let right = self.right(&key);
            if right.is_none() && is_principal(&key.value) {
                continue;
            }
            let what = format!("`{}`", key.value);
            let items = self.list(node, &what, "group:NAME").unwrap_or_default();
            let (who, _) =
                self.listed_entries(items, &ANYWHERE, |policy, who| format!("`{}`", policy.show(who)));
            let Some(right) = right else { continue };
            self.anonymous_admin(&right, &who);
            lines.push(AccessLine { right, who });
        }
        lines
    }

    fn anonymous_admin(&mut self, right: &Spanned<Right>, who: &[ListItem<Grantee>]) {
        let administers = match &right.value {
            Right::Permission(permission) => *permission == Permission::AdministerSpace,
            Right::Role(role) => {
                bundle(role, &self.policy.roles).required.contains(&Permission::AdministerSpace)
            }
        };
        for entry in
            who.iter().map(|entry| &entry.who).filter(|who| administers && who.value == Grantee::Anonymous)
        {
            self.report(
                Diagnostic::new(
                    Code::AnonymousAdmin,
                    "visitors who are not signed in would administer this space",
                )
                .at(&entry.span, "")
                .at(&right.span, "this includes `administer/space`")
                .help("name a group here; to let everyone read, write `read/space: [anonymous]`"),
            );
        }
    }

    fn pages(&mut self, node: &YamlNode, space: &SpaceKey) -> Vec<PageEntry> {
        let entries = self.entries(node, "`pages`").unwrap_or_default();
        if matches!(&node.kind, NodeKind::Map(pairs) if pairs.is_empty()) {
            self.report(
                Diagnostic::new(Code::EmptyEntry, "`pages` names no page")
                    .at(&node.span, "")
                    .help("add an entry such as `/Runbooks: {edit: [group:NAME]}`, or remove the key"),
            );
        }
        entries.into_iter().filter_map(|(path, node)| self.page(&path, node, space)).collect()
    }

    /// A page of a space by a name, a pattern or an address, or how `parsed` has read it already.
    pub(super) fn page_selector(
        &mut self,
        text: &Spanned<String>,
        space: &SpaceKey,
        parsed: Result<PageSelector, InvalidSelector>,
    ) -> Option<Spanned<PageSelector>> {
        if let Some(Ok(link)) = Link::parse(&text.value) {
            if let Some(other) = link.space.as_ref().filter(|other| *other != space) {
                self.report(
                    Diagnostic::new(
                        Code::InvalidPages,
                        format!("this page belongs to the space `{other}`, but is listed under `{space}`"),
                    )
                    .at(&text.span, "")
                    .help(format!("move the entry to `{other}`, or name a page of `{space}`")),
                );
                return None;
            }
            self.policy.links.push(Spanned::new(link.origin, text.span.clone()));
        }
        match parsed {
            Ok(selector) => Some(Spanned::new(selector, text.span.clone())),
            Err(error) => {
                self.report(
                    Diagnostic::new(Code::InvalidPages, error.to_string())
                        .at(&text.span, "")
                        .help(error.help()),
                );
                None
            }
        }
    }

    fn page(&mut self, path: &Spanned<String>, node: &YamlNode, space: &SpaceKey) -> Option<PageEntry> {
        let pages = self.page_selector(path, space, path.value.parse());
        let what = format!("`{}`", path.value);
        let fields = self.fields(node, &what, keys::PAGE)?;
        if matches!(&node.kind, NodeKind::Map(pairs) if pairs.is_empty()) {
            self.report(
                Diagnostic::new(Code::EmptyEntry, format!("{what} says nothing about view or edit"))
                    .at(&path.span, "")
                    .help("add `view:` or `edit:` with `anyone` or a list, or `also-view:` with a list, or remove the entry"),
            );
            return None;
        }
        let (mut view, mut edit, mut also) = (None, None, Joining::default());
        for (key, node) in fields {
            if self.joins(&mut also, key.value, node) {
                continue;
            }
            let listed = self.listed(key.value, node).map(|listed| Spanned::new(listed, key.span.clone()));
            if key.value == "view" {
                view = listed;
            } else {
                edit = listed;
            }
        }
        if let (Some(Listed::Only(viewers)), Some(Listed::Only(editors))) =
            (view.as_ref().map(|list| &list.value), edit.as_ref().map(|list| &list.value))
        {
            for editor in editors {
                let editor = &editor.who;
                if viewers.iter().all(|viewer| viewer.who.value != editor.value) {
                    let place = view.as_ref().map_or(&editor.span, |list| &list.span);
                    self.report(edit_without_view(
                        &format!("`{}`", self.policy.show_named(&editor.value)),
                        &what,
                        &editor.span,
                        place,
                    ));
                }
            }
        }
        Some(PageEntry { pages: pages?, view, edit, also })
    }

    /// One of the two lists of a page.
    fn listed(&mut self, verb: &str, node: &YamlNode) -> Option<Listed> {
        match &node.kind {
            NodeKind::Scalar(text, _) if text == "anyone" => Some(Listed::Anyone),
            NodeKind::Null => {
                self.report(
                    Diagnostic::new(Code::NullValue, format!("`{verb}` has no value"))
                        .at(&node.span, "")
                        .help(format!(
                            "write `{verb}: anyone` to open it to everyone in the space, name a principal, or \
                             remove the key to leave the page as it is"
                        )),
                );
                None
            }
            NodeKind::Scalar(text, _) if audience_help(verb, text).is_some() => {
                self.wrong_kind(node, &format!("`{verb}`"), "`anyone` or a list", audience_help(verb, text));
                None
            }
            NodeKind::List(items) if items.is_empty() => {
                self.report(
                    Diagnostic::new(
                        Code::EmptyList,
                        "to Confluence an empty list means that the page is open to everyone in the space",
                    )
                    .at(&node.span, "")
                    .help(format!("write `{verb}: anyone` if that is meant, or name a principal")),
                );
                None
            }
            _ => {
                let items = self.list(node, &format!("`{verb}`"), "group:NAME")?;
                let (named, whole) = self.listed_entries(items, &ON_PAGES, |policy, named| {
                    format!("`{}`", policy.show_named(named))
                });
                (!named.is_empty() && whole).then_some(Listed::Only(named))
            }
        }
    }
}

/// What to write in place of a text that is no key of a space.
fn key_help(text: &str) -> String {
    let in_address = text.split("/spaces/").nth(1).and_then(|rest| rest.split(['/', '?', '#']).next());
    match (in_address, text.split_once('/')) {
        (Some(key), _) if key.parse::<SpaceKey>().is_ok() => format!("did you mean `{key}`?"),
        (_, Some((key, path))) if key.parse::<SpaceKey>().is_ok() && !path.is_empty() => {
            format!("pages go below their space: write `{key}:`, and below it `pages:` with `/{path}`")
        }
        _ if text.contains(['*', '?']) => {
            "a pattern of keys selects spaces in a rule, as in `rules: [{name: …, spaces: {key: \"TEAM*\"}, access: …}]`"
                .to_owned()
        }
        _ if text.is_empty() => "a page is written with its space, as in `ENG/Runbooks`".to_owned(),
        _ => "the key is in the address of the space, after `/spaces/`, as in `ENG`".to_owned(),
    }
}

fn is_principal(text: &str) -> bool {
    ["group:", "user:", "class:"].into_iter().any(|prefix| text.starts_with(prefix)) || text == "anonymous"
}

/// What to write in place of a word that is neither `anyone` nor a list.
fn audience_help(verb: &str, text: &str) -> Option<String> {
    match text.trim().to_lowercase().as_str() {
        "anyone" | "everyone" | "everybody" | "all" | "public" | "open" | "*" => Some(format!(
            "write `{verb}: anyone` to open it to everyone in the space; to leave it as it is, remove the key"
        )),
        "none" | "nobody" | "no-one" | "no one" | "no" | "false" | "closed" | "private" => Some(format!(
            "a list cannot be empty, because Confluence would open the page: name at least the account that runs confperm, \
             as in `{verb}: [user:NAME]`"
        )),
        _ => None,
    }
}

/// A principal is listed to edit what it is not listed to view.
pub(in crate::policy) fn edit_without_view(
    who: &str,
    page: &str,
    editor: &crate::diagnostic::Span,
    viewers: &crate::diagnostic::Span,
) -> Diagnostic {
    Diagnostic::new(
        Code::EditWithoutView,
        format!("{who} may edit {page} but is not among those who may view it"),
    )
    .at(editor, "may edit")
    .at(viewers, "not in this list")
    .help(format!("add {who} to `view` as well: editing needs view in Confluence"))
}
