"""Works on a sandbox with atlassian-python-api: its own methods where it has them, its generic ones elsewhere.

Says what it found wrong, and exits with 1. Run by tests/contract; ORIGIN, EMAIL, TOKEN and MODE are its input.
"""

import os
import sys
import traceback
import warnings

from requests import HTTPError

warnings.simplefilter("ignore")  # the client warns of its own names

from atlassian import ConfluenceV2  # noqa: E402
from atlassian.confluence import ConfluenceCloud  # noqa: E402

ORIGIN, EMAIL, MODE = (os.environ[name] for name in ("ORIGIN", "EMAIL", "MODE"))
HAS_ROLES = MODE != "pre-roles"
HAS_GRANTS = MODE != "roles"


def clients(token):
    access = {"username": EMAIL, "password": token, "cloud": True}
    return ConfluenceV2(f"{ORIGIN}/wiki", **access), ConfluenceCloud(f"{ORIGIN}/wiki", **access)


V2, CLOUD = clients(os.environ["TOKEN"])


def same(found, expected):
    assert found == expected, f"{found!r} is not {expected!r}"


def refused(status, call, *arguments, **named):
    try:
        answer = call(*arguments, **named)
    except HTTPError as error:
        same(error.response.status_code, status)
        return error.response.text
    except Exception as error:  # the client has errors of its own for some statuses
        cause = error.__cause__ or getattr(error, "reason", None)
        same(getattr(getattr(cause, "response", None), "status_code", None), status)
        return cause.response.text
    raise AssertionError(f"{status} expected: {answer!r}")


def rows():
    return list(V2._get_paged("api/v2/spaces/101/permissions", params={"limit": 5}))


def held(principal):
    found = [row["operation"] for row in rows() if row["principal"]["id"] == principal]
    return sorted(f"{operation['key']}/{operation['targetType']}" for operation in found)


def reads():
    keys = ["ENG", "OPS", "BIG"] if HAS_GRANTS else ["ENG", "BIG"]
    same([space["key"] for space in V2.get_spaces(limit=1)], keys)
    same(V2.get_space("101")["key"], "ENG")
    same(V2.get_space_by_key("BIG")["id"], "103")
    pages = list(V2._get_paged("api/v2/spaces/103/pages", params={"limit": 100}))
    same(len(pages), 262)
    assert len(rows()) > 5

    same(len(CLOUD.get_all_groups(limit=150)), 150)
    same(len(CLOUD.get_groups(start=150, limit=150)["results"]), 65)
    same(CLOUD.get_group("g-eng")["name"], "eng")
    members = [CLOUD.get_group_members("g-many", start=start, limit=200)["results"] for start in (0, 200)]
    same([len(page) for page in members], [200, 10])
    people = V2.bulk_get_users(data={"accountIds": ["a-ann", "a-ex", "nobody"]})
    same([person["accountStatus"] for person in people["results"]], ["active", "inactive"])


def permissions():
    path = "rest/api/space/ENG/permission"

    def grant(key, target):
        subject = {"type": "group", "identifier": "g-team"}
        return V2.post(path, data={"subject": subject, "operation": {"key": key, "target": target}})

    if not HAS_GRANTS:
        assert "roles-only" in refused(400, grant, "read", "space")
        return
    refused(400, grant, "create", "comment")
    row = grant("read", "space")
    assert "already exists" in refused(400, grant, "read", "space")
    grant("create", "comment")
    assert {"read/space", "create/comment"} <= set(held("g-team")), held("g-team")
    V2.delete(f"{path}/{row['id']}")
    same(held("g-team"), [])
    refused(404, V2.delete, f"{path}/{row['id']}")


def assignments():
    same(V2.get_space_role_mode()["mode"], MODE.upper().replace("-", "_"))
    path = "api/v2/spaces/101/role-assignments"
    if not HAS_ROLES:
        refused(404, V2.get_space_roles)
        refused(404, V2.get, path)
        return
    roles = {role["name"]: role["id"] for role in V2.get_space_roles(limit=10)["results"]}
    same(sorted(roles), ["Admin", "Auditor", "Collaborator", "Viewer"])
    same(V2.get_space_role(roles["Viewer"])["name"], "Viewer")
    assert V2.get_space_permissions(limit=5)["_links"]["next"]
    principal = {"principalType": "GROUP", "principalId": "g-team"}

    def assigned():
        found = V2._get_paged(path, params={"limit": 1})
        return [each["roleId"] for each in found if each["principal"] == principal]

    V2.post(path, data=[{"principal": principal, "roleId": roles["Viewer"]}])
    same(assigned(), [roles["Viewer"]])
    V2.post(path, data=[{"principal": principal}])
    same(assigned(), [])


def restrictions():
    path = "rest/api/content/2/restriction"

    def lists():
        found = V2.get(path)["results"]
        size = lambda each, kind: len(each["restrictions"][kind]["results"])  # noqa: E731
        return [(each["operation"], size(each, "user"), size(each, "group")) for each in found]

    same(lists(), [("read", 0, 0), ("update", 0, 0)])
    ann = {"type": "known", "accountId": "a-ann"}
    eng = {"type": "group", "id": "g-eng"}
    V2.put(
        path,
        data=[
            {"operation": "read", "restrictions": {"user": [ann], "group": [eng]}},
            {"operation": "update", "restrictions": {"user": [ann]}},
        ],
    )
    same(lists(), [("read", 1, 1), ("update", 1, 0)])
    V2.put(f"{path}/byOperation/read/user", params={"accountId": "a-bob"})
    same(lists(), [("read", 2, 1), ("update", 1, 0)])
    V2.delete(f"{path}/byOperation/read/user", params={"accountId": "a-bob"})
    for account, allowed in (("a-ann", True), ("a-eve", False)):
        question = {"subject": {"type": "user", "identifier": account}, "operation": "read"}
        same(V2.post("rest/api/content/2/permission/check", data=question)["hasPermission"], allowed)
    V2.delete(path)
    same(lists(), [("read", 0, 0), ("update", 0, 0)])
    refused(404, V2.get, "rest/api/content/999/restriction")


def errors():
    wrong, wrong_cloud = clients("wrong")
    refused(401, wrong.get_spaces)
    refused(401, wrong_cloud.get_groups)
    refused(404, V2.get_space, "999")
    refused(400, V2.bulk_get_users, data={"accountIds": []})


failed = False
for part in (reads, permissions, assignments, restrictions, errors):
    try:
        part()
    except Exception:
        failed = True
        print(f"{part.__name__} in {MODE}: {traceback.format_exc()}", file=sys.stderr)
sys.exit(failed)
