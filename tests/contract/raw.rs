//! Requests of the tests' own: every operation that the sandbox serves, what it refuses among them. What is
//! wrong here is wrong on purpose; the answers have to be right all the same.

use serde_json::{Value, json};

use crate::exchange::{Exchange, Recorder, Sender};
use crate::site::{self, Mode, VIEWER};

/// Asks for everything in a mode.
pub(crate) fn everything(mode: Mode) -> Vec<Exchange> {
    let recorder = Recorder::before(&site::state(mode, "emails-visible: true"));
    recorder.scene(Sender::Test, format!("the tests, {}", mode.name()));
    let asker = Asker(&recorder);
    asker.reads();
    asker.searches();
    asker.roles(mode);
    asker.grants(mode);
    asker.restrictions();
    asker.directory();
    asker.admin_key();
    asker.removed();
    asker.refusals();
    recorder.exchanges()
}

struct Asker<'r>(&'r Recorder);

impl Asker<'_> {
    fn get(&self, path: &str) -> Value {
        self.ask("GET", path, None)
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Value {
        let (status, answer) = self.0.send("ann", method, path, body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    /// Something that is refused.
    fn refused(&self, who: &str, method: &str, path: &str, body: Option<&Value>) {
        let (status, answer) = self.0.send(who, method, path, body);
        assert!(status >= 400, "{method} {path} as {who}: {status} {answer}");
    }

    /// A list of v2 from page to page, by its links.
    fn pages(&self, first: &str) {
        let mut next = first.to_owned();
        for _ in 0..20 {
            let answer = self.get(&next);
            match answer["_links"]["next"].as_str() {
                // The links of v1 begin after `/wiki`.
                Some(link) if link.starts_with("/wiki") => link.clone_into(&mut next),
                Some(link) => next = format!("/wiki{link}"),
                None => return,
            }
        }
        panic!("{first} has no end");
    }

    fn reads(&self) {
        for list in [
            "/spaces?limit=1",
            "/spaces?sort=-key",
            "/spaces?ids=101&ids=102&status=current&type=global&labels=team",
            "/spaces/101/labels",
            "/labels?prefix=global&sort=-name&limit=1",
            "/pages/2/labels?prefix=global",
            "/spaces/103/permissions?limit=100",
            "/spaces/103/pages?limit=100&depth=all&status=current&status=archived",
            "/spaces/101/pages?depth=root&title=Home&sort=-title",
            "/spaces/101/blogposts",
            "/pages?id=1&id=2",
            "/pages?space-id=101&limit=3",
            "/blogposts?space-id=101",
            "/pages/1/direct-children?limit=2",
            "/pages/1/children?limit=2",
            "/pages/1/descendants?depth=3&limit=4",
            "/folders/6/descendants",
        ] {
            self.pages(&format!("/wiki/api/v2{list}"));
        }
        for path in [
            "/spaces/101",
            "/spaces/101?include-operations=true&include-permissions=true&include-labels=true",
            "/pages/2?include-labels=true&include-operations=true",
            "/blogposts/20?include-labels=true",
            "/spaces/101/operations",
        ] {
            self.get(&format!("/wiki/api/v2{path}"));
        }
        for (collection, id) in [
            ("pages", 7),
            ("folders", 6),
            ("whiteboards", 11),
            ("databases", 12),
            ("embeds", 13),
            ("blogposts", 20),
        ] {
            self.get(&format!("/wiki/api/v2/{collection}/{id}"));
            self.get(&format!("/wiki/api/v2/{collection}/{id}/operations"));
            if collection != "blogposts" {
                self.get(&format!("/wiki/api/v2/{collection}/{id}/ancestors"));
                self.get(&format!("/wiki/api/v2/{collection}/{id}/direct-children"));
                self.get(&format!("/wiki/api/v2/{collection}/{id}/descendants"));
            }
        }
        let ids = json!({"contentIds": ["1", "6", "11", "12", "13", "20", "999"]});
        self.ask("POST", "/wiki/api/v2/content/convert-ids-to-types", Some(&ids));
        let people = json!({"accountIds": ["a-ann", "a-ex", "a-left", "a-gus", "a-app", "a-carl", "nope"]});
        self.ask("POST", "/wiki/api/v2/users-bulk", Some(&people));
    }

    fn searches(&self) {
        let lists =
            "restrictions.read.restrictions.user,restrictions.read.restrictions.group,ancestors,space";
        for (path, query) in [
            ("content/search", "cql=space%3DBIG&limit=100".to_owned()),
            ("content/search", format!("cql=id%20in%20(3,5,2000)&expand={lists}")),
            ("content/search", "cql=id%3D4&expand=ancestors.restrictions,body.export_view".to_owned()),
            ("content/search", "cql=id%20in%20(1,2)&expand=version".to_owned()),
            ("content/search", "cql=id%3D1%20or%20(id%3D2%20and%20type%3Dpage)".to_owned()),
            ("search", "cql=type%20in%20(page,folder)&limit=50".to_owned()),
            ("search/user", "cql=user.fullname~Ann".to_owned()),
            ("search/user", "cql=type%3Duser&limit=50".to_owned()),
        ] {
            self.pages(&format!("/wiki/rest/api/{path}?{query}"));
        }
    }

    fn roles(&self, mode: Mode) {
        let answer = self.get("/wiki/api/v2/space-role-mode");
        assert!(answer["mode"].is_string(), "{answer}");
        let lists = [
            "/space-permissions?limit=10".to_owned(),
            "/space-roles?limit=1".to_owned(),
            "/space-roles?space-id=101&role-type=SYSTEM".to_owned(),
            format!("/space-roles/{VIEWER}"),
            "/spaces/103/role-assignments?limit=100".to_owned(),
            format!("/spaces/101/role-assignments?role-id={VIEWER}&principal-type=GROUP&principal-id=g-eng"),
        ];
        let assignments = "/wiki/api/v2/spaces/101/role-assignments";
        let group = json!({"principalType": "GROUP", "principalId": "g-ops"});
        let class = json!({"principalType": "ACCESS_CLASS", "principalId": "all-licensed-users"});
        let given = json!([{"principal": group, "roleId": VIEWER}, {"principal": class, "roleId": VIEWER}]);
        let taken = json!([{"principal": group}]);
        let made = "/wiki/api/v2/space-roles";
        let role = json!({"name": "Editors", "description": "Can edit", "spacePermissions": ["read/space", "update/page"]});
        if mode.has_roles() {
            for list in lists {
                self.pages(&format!("/wiki/api/v2{list}"));
            }
            self.ask("POST", assignments, Some(&given));
            self.ask("POST", assignments, Some(&taken));
            self.refused("ann", "POST", assignments, Some(&json!({"roleAssignments": []})));
            self.pages("/wiki/api/v2/space-roles?principal-type=GROUP&principal-id=g-eng");
            self.ask("POST", made, Some(&role));
            self.refused("ann", "POST", made, Some(&role));
            self.refused("bob", "POST", made, Some(&role));
            self.refused("bob", "POST", assignments, Some(&given));
        } else {
            for list in lists {
                self.refused("ann", "GET", &format!("/wiki/api/v2{list}"), None);
            }
            self.refused("ann", "POST", assignments, Some(&given));
            self.refused("ann", "POST", made, Some(&role));
        }
    }

    fn grants(&self, mode: Mode) {
        let path = "/wiki/rest/api/space/ENG/permission";
        let grant = |id: &str, key: &str, target: &str| json!({"subject": {"type": "group", "identifier": id}, "operation": {"key": key, "target": target}});
        if mode.has_grants() {
            let row = self.ask("POST", path, Some(&grant("g-team", "read", "space")));
            self.ask("POST", path, Some(&grant("g-team", "create", "comment")));
            self.refused("ann", "POST", path, Some(&grant("g-team", "read", "space")));
            self.ask("DELETE", &format!("{path}/{}", row["id"]), None);
            self.refused("ann", "DELETE", &format!("{path}/{}", row["id"]), None);
        } else {
            self.refused("ann", "POST", path, Some(&grant("g-team", "read", "space")));
        }
        self.refused("ann", "POST", path, Some(&grant("nope", "read", "space")));
        self.refused("bob", "POST", path, Some(&grant("g-team", "read", "space")));
        self.refused("ann", "POST", &path.replace("ENG", "NOPE"), Some(&grant("g-eng", "read", "space")));
    }

    fn restrictions(&self) {
        let path = "/wiki/rest/api/content/2/restriction";
        let ann = json!({"type": "known", "accountId": "a-ann"});
        let eng = json!({"type": "group", "id": "g-eng"});
        let both = json!([
            {"operation": "read", "restrictions": {"user": [ann], "group": [eng]}},
            {"operation": "update", "restrictions": {"user": {"results": [ann]}}},
        ]);
        self.get(&format!("{path}?start=0&limit=10&expand=restrictions.user"));
        self.ask("PUT", path, Some(&both));
        self.ask("POST", path, Some(&json!({"results": both})));
        self.get(&format!("{path}/byOperation"));
        self.get(&format!(
            "{path}/byOperation/read?start=1&limit=1&expand=restrictions.user,restrictions.group"
        ));
        for (method, id) in [("GET", "g-eng"), ("PUT", "g-ops"), ("DELETE", "g-ops")] {
            self.ask(method, &format!("{path}/byOperation/read/byGroupId/{id}"), None);
        }
        for (method, id) in [("GET", "a-ann"), ("PUT", "a-bob"), ("DELETE", "a-bob")] {
            self.ask(method, &format!("{path}/byOperation/read/user?accountId={id}"), None);
        }
        self.refused("ann", "GET", &format!("{path}/byOperation/read/byGroupId/g-ops"), None);
        self.refused("ann", "GET", &format!("{path}/byOperation/read/user?accountId=a-eve"), None);
        self.refused("ann", "PUT", &format!("{path}/byOperation/read/byGroupId/nope"), None);
        self.refused("ann", "PUT", path, Some(&json!([{"operation": "read", "restrictions": {}}])));
        self.refused("bob", "PUT", path, Some(&both));
        self.refused("ann", "GET", "/wiki/rest/api/content/999/restriction", None);
        let check = "/wiki/rest/api/content/2/permission/check";
        for (kind, id) in [("user", "a-bob"), ("user", "a-eve"), ("user", "anonymous"), ("group", "g-eng")] {
            let question = json!({"subject": {"type": kind, "identifier": id}, "operation": "read"});
            self.ask("POST", check, Some(&question));
            self.refused("bob", "POST", &check.replace("/2/", "/999/"), Some(&question));
        }
        self.ask("DELETE", path, None);
    }

    fn directory(&self) {
        for list in [
            "/group?limit=100",
            "/group?accessType=admin",
            "/group/picker?query=crowd&limit=150&shouldReturnTotalSize=true",
            "/group/g-many/membersByGroupId?limit=200",
            "/group/g-eng/membersByGroupId?expand=operations",
            "/group/nope/membersByGroupId",
            "/user/memberof?accountId=a-ann&limit=1",
        ] {
            self.pages(&format!("/wiki/rest/api{list}"));
        }
        for path in [
            "/group/by-id?id=g-eng",
            "/user?accountId=a-bob",
            "/user?accountId=a-carl",
            "/user/current",
            "/user/anonymous",
            "/user/bulk?accountId=a-bob&accountId=a-ann",
            "/settings/systemInfo",
        ] {
            self.get(&format!("/wiki/rest/api{path}"));
        }
        let group = self.ask("POST", "/wiki/rest/api/group", Some(&json!({"name": "new"})));
        let id = group["id"].as_str().unwrap();
        let member = format!("/wiki/rest/api/group/userByGroupId?groupId={id}");
        self.ask("POST", &member, Some(&json!({"accountId": "a-bob"})));
        self.ask("DELETE", &format!("{member}&accountId=a-bob"), None);
        self.refused("bob", "POST", &member, Some(&json!({"accountId": "a-bob"})));
        self.ask("DELETE", &format!("/wiki/rest/api/group/by-id?id={id}"), None);
        self.refused("ann", "GET", "/wiki/rest/api/group/by-id?id=nope", None);
        self.refused("ann", "GET", "/wiki/rest/api/user?accountId=nope", None);
        self.refused("ann", "GET", "/wiki/rest/api/group/g-many/membersByGroupId?limit=201", None);
    }

    fn admin_key(&self) {
        let path = "/wiki/api/v2/admin-key";
        self.refused("ann", "GET", path, None);
        self.refused("ann", "POST", path, Some(&json!({"durationInMinutes": 61})));
        self.refused("bob", "POST", path, Some(&json!({})));
        self.ask("POST", path, Some(&json!({"durationInMinutes": 60})));
        self.get(path);
        self.ask("DELETE", path, None);
    }

    /// What no document has: operations that were removed from v1, and collections that lack an operation.
    fn removed(&self) {
        for path in [
            "/space",
            "/space/ENG",
            "/space/ENG/content",
            "/space/ENG/content/page",
            "/space/ENG/property",
            "/content",
            "/content/1",
            "/content/1/child",
            "/content/1/child/page",
            "/content/1/history",
            "/content/1/property",
            "/group/eng",
            "/group/eng/member",
            "/user/bulk/migration",
            "/content/1/property/x",
            "/content/1/label",
            "/content/1/version",
            "/content/1/version/1",
            "/space/ENG/property/x",
            "/inlinetasks/search",
            "/inlinetasks/1",
            "/group/by-name",
        ] {
            self.refused("ann", "GET", &format!("/wiki/rest/api{path}"), None);
        }
        for (method, path) in [
            ("POST", "/content"),
            ("PUT", "/content/1"),
            ("DELETE", "/content/1"),
            ("POST", "/content/1/property"),
            ("PUT", "/content/1/property/x"),
            ("DELETE", "/content/1/property/x"),
            ("POST", "/space/ENG/property"),
            ("PUT", "/space/ENG/property/x"),
            ("DELETE", "/space/ENG/property/x"),
            ("PUT", "/inlinetasks/1"),
            ("DELETE", "/group/by-name"),
            ("POST", "/group/user"),
            ("DELETE", "/group/user"),
        ] {
            self.refused("ann", method, &format!("/wiki/rest/api{path}"), None);
        }
        for below in ["ancestors", "direct-children", "descendants"] {
            self.refused("ann", "GET", &format!("/wiki/api/v2/blogposts/20/{below}"), None);
        }
    }

    /// What is refused whatever the mode: credentials, ids, limits, removed operations, and empty requests.
    fn refusals(&self) {
        for (method, path) in [
            ("GET", "/wiki/api/v2/spaces"),
            ("GET", "/wiki/api/v2/spaces/101/permissions"),
            ("GET", "/wiki/rest/api/user/current"),
            ("GET", "/wiki/rest/api/content/2/restriction"),
        ] {
            self.refused("ann/wrong", method, path, None);
        }
        for path in [
            "/spaces?limit=0",
            "/spaces?limit=251",
            "/spaces/999",
            "/spaces/999/permissions",
            "/spaces/999/role-assignments",
            "/pages/999",
            "/pages/6",
            "/pages/1/descendants?depth=11",
            "/spaces?cursor=nonsense",
        ] {
            self.refused("ann", "GET", &format!("/wiki/api/v2{path}"), None);
        }
        self.refused("ann", "POST", "/wiki/api/v2/users-bulk", Some(&json!({"accountIds": []})));
        self.refused("ann", "POST", "/wiki/api/v2/content/convert-ids-to-types", Some(&json!({})));
        self.refused("ann", "GET", "/wiki/rest/api/content/search?cql=%3D", None);
        self.refused("ann", "GET", "/wiki/rest/api/group/picker", None);
        self.refused("", "GET", "/wiki/rest/api/group", None);
    }
}
