//! What a run that is taken back does not give back, in words.

use std::collections::BTreeSet;

use crate::apply::undo::NotGivenBack;
use crate::model::Permission;
use crate::plan::Plan;

use super::access_words::ShownNames as _;
use super::style::list;

/// What does not come back, and why.
pub fn not_given_back(kept: &NotGivenBack, plan: &Plan) -> String {
    let words = |permissions: &BTreeSet<Permission>| {
        list(&permissions.iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    match kept {
        NotGivenBack::Requested { space, who } => format!(
            "{space}  {} does not get back what it had: that had ended, or the policy named it to be removed (--include-ended gives it back)",
            plan.name(who)
        ),
        NotGivenBack::SinglePermissions { space, who, permissions } => format!(
            "{space}  {} does not get back {}, and keeps what it has now: the site gives it access by roles alone",
            plan.name(who),
            words(permissions)
        ),
        NotGivenBack::Ungrantable { space, who, permissions } => format!(
            "{space}  {} does not get back {}: this site does not grant that by itself",
            plan.name(who),
            words(permissions)
        ),
        NotGivenBack::AddedBySite { space, who, permissions } => format!(
            "{space}  {} gets back {} only if the site adds that by itself along with the rest; look at it afterwards",
            plan.name(who),
            words(permissions)
        ),
        NotGivenBack::Doubtful { space, who, permissions } => format!(
            "{space}  {} gets back {} if this site grants that alone, which is not established for sites without space roles",
            plan.name(who),
            words(permissions)
        ),
        NotGivenBack::Role { space, who, role } => format!(
            "{space}  {} does not get back the role {}: the site does not have it any more",
            plan.name(who),
            plan.role(role)
        ),
        NotGivenBack::Beside { space, who, role } => format!(
            "{space}  {} does not get back the role {}: it holds single permissions that the run did not give, and the role would take their place",
            plan.name(who),
            plan.role(role)
        ),
        NotGivenBack::List { space, content, list } => {
            let page = plan
                .pages
                .get(content)
                .map_or_else(|| format!("id:{content}"), |page| page.path.as_str().to_owned());
            format!(
                "{space}  {page}: the {} list stays as it is, since nothing would be left of the one from before",
                list.as_str()
            )
        }
        NotGivenBack::OtherContents { role } => {
            format!("the role {} comes back and gives something else than it gave then", plan.role(role))
        }
    }
}
