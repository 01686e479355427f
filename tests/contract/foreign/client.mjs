// Works on a sandbox with confluence.js, which validates every answer against schemas of its own.
// Says what it found wrong, and exits with 1. Run by tests/contract; ORIGIN, EMAIL, TOKEN and MODE are its input.
import assert from 'node:assert/strict';
import { createV1Client, createV2Client, isApiError } from 'confluence.js';

const { ORIGIN, EMAIL, TOKEN, MODE } = process.env;
const access = { host: ORIGIN, auth: { type: 'basic', email: EMAIL, apiToken: TOKEN } };
const [v1, v2] = [createV1Client(access), createV2Client(access)];

const roles = MODE !== 'pre-roles';
const grants = MODE !== 'roles';

/** All results of a list of v2, which tells where the next page begins in a link. */
async function all(list) {
  const found = [];
  let cursor;
  do {
    const page = await list(cursor);
    found.push(...page.results);
    const next = page._links?.next;
    cursor = next && new URL(next, ORIGIN).searchParams.get('cursor');
  } while (cursor);
  return found;
}

/** All results of a list of v1. */
async function offset(list, limit) {
  const found = [];
  for (;;) {
    const page = await list({ start: found.length, limit });
    found.push(...page.results);
    if (!page._links?.next) return found;
  }
}

async function refused(status, call) {
  const error = await call().then(() => undefined, (error) => error);
  assert.ok(isApiError(error), `${status} expected: ${error}`);
  assert.equal(error.status, status, String(error));
  return error;
}

const rows = () => all((cursor) => v2.spacePermissions.getSpacePermissionsAssignments({ id: 101, limit: 5, cursor }));
const held = async (id) =>
  (await rows()).filter((row) => row.principal.id === id).map((row) => `${row.operation.key}/${row.operation.targetType}`);

async function reads() {
  const spaces = await all((cursor) => v2.space.getSpaces({ limit: 1, cursor }));
  assert.deepEqual(spaces.map((space) => space.key), ['ENG', 'OPS', 'BIG'].filter((key) => key !== 'OPS' || grants));
  assert.equal((await v2.space.getSpaceById({ id: 101 })).key, 'ENG');
  const pages = await all((cursor) => v2.page.getPagesInSpace({ id: 103, limit: 100, cursor }));
  assert.equal(pages.length, 262);
  assert.ok((await rows()).length > 5);

  assert.equal((await offset((page) => v1.group.getGroups(page), 100)).length, 215);
  const members = await offset((page) => v1.group.getGroupMembersByGroupId({ groupId: 'g-many', ...page }), 100);
  assert.equal(members.length, 210);
  assert.equal((await v1.users.getCurrentUser()).accountId, 'a-ann');
  const people = await v2.user.createBulkUserLookup({ body: { accountIds: ['a-ann', 'a-ex', 'nobody'] } });
  assert.deepEqual(people.results.map((person) => person.accountStatus), ['active', 'inactive']);
}

async function permissions() {
  const grant = (key, target, identifier = 'g-team') => () =>
    v1.spacePermissions.addPermissionToSpace({
      spaceKey: 'ENG', subject: { type: 'group', identifier }, operation: { key, target },
    });
  if (!grants) {
    const error = await refused(400, grant('read', 'space'));
    assert.match(JSON.stringify(error), /roles-only/);
    return;
  }
  await refused(400, grant('create', 'comment'));
  const row = await grant('read', 'space')();
  const error = await refused(400, grant('read', 'space'));
  assert.match(JSON.stringify(error), /already exists/);
  await grant('create', 'comment')();
  const now = await held('g-team');
  assert.ok(now.includes('read/space') && now.includes('create/comment'), now.join());
  await v1.spacePermissions.removePermission({ spaceKey: 'ENG', id: row.id });
  assert.deepEqual(await held('g-team'), []);
  await refused(404, () => v1.spacePermissions.removePermission({ spaceKey: 'ENG', id: row.id }));
}

async function assignments() {
  assert.equal((await v2.spaceRoles.getSpaceRoleMode()).mode, MODE.toUpperCase().replace('-', '_'));
  const principal = { principalType: 'GROUP', principalId: 'g-team' };
  if (!roles) {
    await refused(404, () => v2.spaceRoles.getAvailableSpaceRoles({}));
    await refused(404, () => v2.spaceRoles.getSpaceRoleAssignments({ id: 101 }));
    return;
  }
  const known = await all((cursor) => v2.spaceRoles.getAvailableSpaceRoles({ limit: 1, cursor }));
  const viewer = known.find((role) => role.name === 'Viewer');
  assert.deepEqual(known.map((role) => role.name).sort(), ['Admin', 'Auditor', 'Collaborator', 'Viewer']);
  const of = async () => {
    const found = await all((cursor) => v2.spaceRoles.getSpaceRoleAssignments({ id: 101, limit: 1, cursor }));
    return found.filter((each) => each.principal.principalId === 'g-team').map((each) => each.roleId);
  };
  await v2.spaceRoles.setSpaceRoleAssignments({ id: 101, body: [{ principal, roleId: viewer.id }] });
  assert.deepEqual(await of(), [viewer.id]);
  await v2.spaceRoles.setSpaceRoleAssignments({ id: 101, body: [{ principal }] });
  assert.deepEqual(await of(), []);
}

async function restrictions() {
  const lists = async (id) =>
    (await v1.contentRestrictions.getRestrictions({ id })).results.map(({ operation, restrictions }) => [
      operation, restrictions.user.results.length, restrictions.group.results.length,
    ]);
  const open = [['read', 0, 0], ['update', 0, 0]];
  assert.deepEqual(await lists('2'), open);
  const ann = { type: 'known', accountId: 'a-ann' };
  await v1.contentRestrictions.updateRestrictions({
    id: '2',
    body: [
      { operation: 'read', restrictions: { user: [ann], group: [{ type: 'group', id: 'g-eng' }] } },
      { operation: 'update', restrictions: { user: [ann] } },
    ],
  });
  assert.deepEqual(await lists('2'), [['read', 1, 1], ['update', 1, 0]]);
  const group = { id: '2', operationKey: 'read', groupId: 'g-ops' };
  await v1.contentRestrictions.addGroupToContentRestrictionByGroupId(group);
  assert.deepEqual(await lists('2'), [['read', 1, 2], ['update', 1, 0]]);
  await v1.contentRestrictions.removeGroupFromContentRestriction(group);
  const check = (identifier) =>
    v1.contentPermissions.checkContentPermission({ id: '2', subject: { type: 'user', identifier }, operation: 'read' });
  assert.equal((await check('a-ann')).hasPermission, true);
  assert.equal((await check('a-eve')).hasPermission, false);
  await v1.contentRestrictions.deleteRestrictions({ id: '2' });
  assert.deepEqual(await lists('2'), open);
  await refused(404, () => v1.contentRestrictions.getRestrictions({ id: '999' }));
}

async function errors() {
  const wrong = { ...access, auth: { ...access.auth, apiToken: 'wrong' } };
  await refused(401, () => createV2Client(wrong).space.getSpaces({}));
  await refused(401, () => createV1Client(wrong).users.getCurrentUser());
  await refused(404, () => v2.space.getSpaceById({ id: 999 }));
  await refused(400, () => v2.user.createBulkUserLookup({ body: { accountIds: [] } }));
}

for (const part of [reads, permissions, assignments, restrictions, errors]) {
  try {
    await part();
  } catch (error) {
    console.error(`${part.name} in ${MODE}: ${error.stack ?? error}`);
    process.exitCode = 1;
  }
}
