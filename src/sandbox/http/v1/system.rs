//! `GET /settings/systemInfo` (API v1, getSystemInfo): tells the edition.

use serde_json::json;

use super::super::answer::{Answer, Failure};
use super::super::ask::Ask;

pub(in crate::sandbox::http) fn info(ask: &mut Ask<'_>) -> Result<Answer, Failure> {
    ask.signed_in()?;
    let settings = &ask.world().settings;
    Ok(Answer::ok(json!({
        "cloudId": settings.cloud_id,
        "commitHash": "0000000000000000000000000000000000000000",
        "baseUrl": settings.url,
        "edition": settings.edition.id(),
        "siteTitle": "Confluence",
        "defaultLocale": "en_GB",
        "defaultTimeZone": "Etc/UTC",
    })))
}
