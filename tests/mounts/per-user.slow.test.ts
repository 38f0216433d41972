/** The whole way of a mounted server where each user logs in: the built command, its pages, and the calls of two users. */
import { spawn } from 'node:child_process';

import { Browser } from '../../packages/express/test/auth/server/support.js';
import type { Guarded } from '../../packages/mount/test/guarded-server.js';
import { followLogin, serveGuarded } from '../../packages/mount/test/guarded-server.js';
import { bin } from '../interop/sidecar.js';
import { connectV1, textOf } from '../tenants/people.js';
import type { Server, World } from '../tenants/world.js';
import { createWorld } from '../tenants/world.js';

const PASSWORDS = { ann: 'the password of ann', bob: 'the password of bob' };

let upstream: Guarded;
let world: World;
let server: Server;

/** The operator's log-in, which lists need: its address is for a browser. */
async function logInOperator(): Promise<void> {
  const child = spawn(process.execPath, [bin, 'mounts', 'login', 'web'], { env: world.env, cwd: world.folder });
  let said = '';
  const address = new Promise<string>((resolve) =>
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const [url] = /http:\/\/\S+\/authorize\?\S+(?=\n)/.exec(said) ?? [];
      if (url !== undefined) resolve(url);
    }),
  );
  const ended = new Promise((resolve) => child.once('close', resolve));
  await fetch(await followLogin(await address));
  expect(await ended).toBe(0);
}

beforeAll(async () => {
  upstream = await serveGuarded();
  world = await createWorld('SQLite');
  world.env['MCP_STATE_SECRET'] = 'a secret of more than thirty-two characters';
  await world.write('mcp.json', { mcpServers: { web: { url: upstream.url, credentials: 'per_user' } } });
  for (const [name, password] of Object.entries(PASSWORDS))
    expect(await world.runWith(`${password}\n`, 'users', 'add', name, '--password-stdin')).toMatchObject({ code: 0 });
  upstream.account = 'the operator';
  await logInOperator();
  server = await world.serve();
});
afterAll(async () => {
  await world.remove();
  await upstream.close();
});

async function clientOf(user: keyof typeof PASSWORDS) {
  const answer = await fetch(`${server.url}/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: user, password: PASSWORDS[user] }),
  });
  const { access_token: token } = (await answer.json()) as { access_token: string };
  return (await connectV1({ url: server.url, partition: 'default', token })).client;
}

test('a user is given a link, logs in, and calls with their own account; another user is not let in with it', async () => {
  const [ann, bob] = [await clientOf('ann'), await clientOf('bob')];
  const call = (client: typeof ann) => client.callTool({ name: 'web_echo', arguments: { text: 'hi' } });
  expect((await ann.listTools()).tools.map(({ name }) => name)).toContain('web_echo');

  const refused = await call(ann);
  expect(refused.isError).toBe(true);
  const [link = ''] = /http:\/\/\S+\/mounts\/login\?ticket=\S+/.exec(textOf(refused) ?? '') ?? [];
  const browser = new Browser();
  const page = await browser.go(link);
  expect(page.text).toContain('ann');
  expect(page.text).not.toContain('bob');
  // Whoever opens the link of someone else does not know their password.
  expect((await browser.go(link, { password: PASSWORDS.bob }, { origin: server.url })).status).toBe(401);
  const on = await browser.go(link, { password: PASSWORDS.ann }, { origin: server.url });
  expect(on.status).toBe(200);
  const [, next = ''] = /href="(http[^"]+authorize[^"]+)"/.exec(on.text) ?? [];
  upstream.account = 'ann elsewhere';
  const back = await followLogin(next.replaceAll('&amp;', '&'));
  expect((await new Browser().go(back.href)).status).not.toBe(200); // the browser of someone else
  expect((await browser.go(back.href)).text).toContain('Logged in');

  const before = upstream.calls.length;
  expect(textOf(await call(ann))).toBe('hi');
  expect((await call(bob)).isError).toBe(true);
  expect(upstream.calls.slice(before)).toEqual(['ann elsewhere']);

  expect(await world.run('mounts', 'logout', 'web', '--user', 'ann')).toMatchObject({ code: 0 });
  expect(upstream.revoked.length).toBeGreaterThan(0);
  await Promise.all([ann.close(), bob.close()]);
});
