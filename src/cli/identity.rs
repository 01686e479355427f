//! Whether the site that answered is the one that the policy and its lock are about.

use crate::confluence::address::AddressKind;
use crate::confluence::{Address, Settings, tenant_of};
use crate::diagnostic::Spanned;
use crate::model::{Origin, SiteIdentity, is_same_address};
use crate::policy::lock::{LOCK_FILE, LockedSite};

use super::{CliError, Failure};

/// The site that answered.
#[derive(Debug, Clone)]
pub(super) struct Met {
    pub(super) identity: SiteIdentity,
    pub(super) address: Address,
    /// How the site is called, as a policy in the directory would write it.
    pub(super) written: String,
    /// What said so, and the words of the person who did.
    pub(super) said: String,
}

/// What `site.url` of the policy names, and its place.
#[derive(Debug, Clone)]
pub(super) struct NamedSite {
    pub(super) address: Address,
    pub(super) place: Origin,
}

/// Ends the run unless they are all about one site.
pub(super) async fn check(
    met: &Met,
    locked: Option<&Spanned<LockedSite>>,
    policy: Option<&NamedSite>,
) -> Result<(), CliError> {
    let lock = locked.map(|site| &site.value);
    let policy_differs = match policy {
        None => false,
        Some(named)
            if agrees(met, &named.address) || lock.is_some_and(|lock| knows(lock, met, &named.address)) =>
        {
            false
        }
        Some(named) => !leads_to(&named.address, met).await,
    };
    let lock_differs = lock.is_some_and(|lock| !is_about(lock, met));
    if !policy_differs && !lock_differs {
        return Ok(());
    }
    let policy_place = policy.filter(|_| policy_differs).map(|named| named.place.clone());
    let place = policy_place.or_else(|| locked.map(|site| site.span.origin()));
    Err(stop(met, lock, policy, policy_differs).at(place))
}

/// Whether an address that the policy names is one of the site that answered, as far as that can be seen without
/// a request. On loopback only a cloud id counts, so that a snapshot passes for its site.
fn agrees(met: &Met, named: &Address) -> bool {
    if named.is_loopback() {
        return true;
    }
    match (named.kind(), &met.identity.cloud_id) {
        (AddressKind::Gateway { cloud_id }, Some(met)) => cloud_id.eq_ignore_ascii_case(met),
        (AddressKind::Gateway { .. }, None) => false,
        (AddressKind::AtlassianSite | AddressKind::Other, _) => {
            let named = named.to_string();
            met.address.is_loopback()
                || is_same_address(&named, &met.identity.base_url)
                || is_same_address(&named, &met.address.to_string())
        }
    }
}

/// Whether the lock, which is about the site that answered by its cloud id, knows the site under an address. Through
/// the gateway a site may call itself by its `atlassian.net` address, and by a custom domain to another token. A
/// custom domain itself is never asked: a policy could have any host asked by that.
fn knows(lock: &LockedSite, met: &Met, address: &Address) -> bool {
    let LockedSite::Identity(known) = lock else { return false };
    let (Some(known_id), Some(met_id)) = (&known.cloud_id, &met.identity.cloud_id) else { return false };
    known_id.eq_ignore_ascii_case(met_id) && is_same_address(&known.base_url, &address.to_string())
}

/// Whether an `atlassian.net` address says that it belongs to the site that answered: a site under a custom domain
/// has one too, and calls itself by the domain.
async fn leads_to(named: &Address, met: &Met) -> bool {
    let Some(cloud_id) = &met.identity.cloud_id else { return false };
    let tenant = tenant_of(named, &Settings::default()).await;
    tenant.is_some_and(|tenant| tenant.eq_ignore_ascii_case(cloud_id))
}

/// Whether a lock is about the site that answered.
fn is_about(lock: &LockedSite, met: &Met) -> bool {
    match lock {
        // The address of a sandbox says nothing: many are written for one made-up address.
        LockedSite::Identity(known) if met.address.is_loopback() && known.cloud_id.is_some() => {
            met.identity.cloud_id.is_some() && known.is_same_site(&met.identity)
        }
        LockedSite::Identity(known) => known.is_same_site(&met.identity),
        LockedSite::Address(known) if met.written == *known => true,
        LockedSite::Address(known) => match known.parse::<Address>() {
            Ok(address) if !address.is_loopback() && !met.address.is_loopback() => agrees(met, &address),
            _ => false,
        },
    }
}

/// The message that names all of them.
fn stop(met: &Met, lock: Option<&LockedSite>, policy: Option<&NamedSite>, policy_differs: bool) -> CliError {
    let mut lines = vec![
        "this is not the site that the policy is about; nothing was changed".to_owned(),
        format!("  this site      {}, at {}", met.identity, met.said),
    ];
    if let Some(named) = policy {
        lines.push(format!("  site.url       {} ({})", named.address, named.place));
    }
    if let Some(lock) = lock {
        lines.push(format!("  {LOCK_FILE}  {lock}"));
    }
    let custom = policy
        .filter(|named| matches!(named.address.kind(), AddressKind::Other) && !met.address.is_loopback());
    let hint = if let (true, Some(named)) = (policy_differs, custom) {
        format!(
            "if {} is a custom domain of this site, write `url: {}` under `site:` in the policy, or name the site with `--site`; otherwise correct `site.url` or CONFLUENCE_URL",
            named.address.origin(),
            met.identity.base_url
        )
    } else if policy_differs {
        "correct `site.url` or CONFLUENCE_URL, or name the site that you mean with `--site`".to_owned()
    } else if matches!(lock, Some(LockedSite::Address(_))) {
        format!(
            "this {LOCK_FILE} was written by version 0.1, which kept addresses only: run `confperm plan` once with \
             the address in it, which brings it up to date"
        )
    } else {
        format!(
            "name the site that the lock is about with `--site` or CONFLUENCE_URL; if the policy moves to this site for good, delete {LOCK_FILE} and read the next plan with care, since it has no lock to compare names with"
        )
    };
    CliError::failed(Failure::WrongSite, lines.join("\n")).with_hint(hint)
}
