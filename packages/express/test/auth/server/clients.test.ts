/** Hosts that know nothing but the URL: the clients of both SDKs, and clients with a document at their id. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createDocumentFetch, isPublicAddress } from '../../../src/auth/server/client-document.js';
import { atEnd } from '../../support.js';
import { CLIENTS, Host } from '../sdk-clients.js';
import { PASSWORD } from '../support.js';
import { allow, ask, attempt, Browser, claimsOf, codeIn, exchange, listTools, register, serveOAuth } from './support.js';

const browse =
  (username = 'ann') =>
  async (url: URL): Promise<string> =>
    (await allow({ url: url.href } as never, { username })).url;

describe.each(CLIENTS)('the client of the SDK %s', (_version, connect) => {
  it('logs in, calls a tool, and goes on with its refresh token', async () => {
    const { base, errors } = await serveOAuth();
    const host = new Host();
    const client = await connect(`${base}/mcp`, host, browse());
    expect(await client.callTool({ name: 'echo', arguments: { text: 'hello' } })).toMatchObject({ content: [{ text: 'hello' }] });
    await client.close();
    const before = host.kept;
    expect(before).toMatchObject({ scope: 'mcp', refresh_token: expect.any(String) });
    host.kept = { ...before!, access_token: 'eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9.x.y' };
    host.asked = undefined;
    const again = await connect(`${base}/mcp`, host, () => Promise.reject(new Error('no browser is needed')));
    expect(await again.callTool({ name: 'echo', arguments: { text: 'again' } })).toMatchObject({ content: [{ text: 'again' }] });
    expect(host.kept?.refresh_token).not.toBe(before?.refresh_token);
    await again.close();
    expect(errors).toEqual([]);
  });

  it('logs in to another partition', async () => {
    const { base } = await serveOAuth();
    const host = new Host();
    const connecting = connect(`${base}/alpha/mcp`, host, browse('bob'));
    await connecting.then((client) => client.close()).catch(() => undefined); // there is nothing in this partition
    expect(claimsOf(host.kept?.access_token ?? '')).toMatchObject({ aud: `${base}/alpha/mcp`, sub: 'bob' });
  });

  it('registers again after its registration has expired', async () => {
    const { base } = await serveOAuth();
    const host = new Host();
    host.client = { client_id: 'of another time' };
    const shown = await new Browser().follow(attempt(base, 'of another time').url);
    expect([shown.page.status, shown.page.text]).toEqual([400, expect.stringContaining('Remove the log-in')]);
    host.client = undefined;
    await (await connect(`${base}/mcp`, host, browse())).close();
    expect(host.client).toMatchObject({ client_id: expect.stringMatching(/^[\w-]{22}$/) });
  });
});

/** A server with https on this machine, for documents. */
async function serveDocuments(
  answer: (path: string) => { status?: number; headers?: Record<string, string>; body: string },
): Promise<{
  url: string;
  ca: string;
  count: () => number;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-cimd-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
      ...['-keyout', keyFile, '-out', certFile, ...subject],
    ],
    { stdio: 'ignore' },
  );
  const ca = readFileSync(certFile, 'utf8');
  let count = 0;
  const server = createServer({ key: readFileSync(keyFile), cert: ca }, (req, res) => {
    count += 1;
    const { status = 200, headers = {}, body } = answer(req.url ?? '/');
    res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `https://localhost:${(server.address() as AddressInfo).port}`, ca, count: () => count };
}

describe('a client with a document at its id', () => {
  const document = (id: string, more: object = {}): string =>
    JSON.stringify({
      client_id: id,
      client_name: 'Documented',
      redirect_uris: ['http://127.0.0.1/callback'],
      token_endpoint_auth_method: 'none',
      ...more,
    });

  it('logs in without a registration', async () => {
    const documents = await serveDocuments((path) => ({ body: document(`${documents.url}${path}`) }));
    const { daemon } = await serveOAuth();
    const clientDocuments = { isAllowed: () => true, ca: documents.ca };
    const { base, errors } = await serveOAuth({ daemon, oauth: { state: () => daemon.state(), clientDocuments } });
    const id = `${documents.url}/client.json`;
    const begun = attempt(base, id);
    const browser = new Browser();
    const login = await browser.follow(begun.url);
    const consent = await browser.follow(login.url, { username: 'ann', password: PASSWORD });
    expect(consent.page.text).toContain(`${new URL(id).host} vouches for this name.`);
    const end = await browser.follow(consent.url, { answer: 'allow' });
    const { json } = await exchange(begun, codeIn(end.url));
    expect(claimsOf(String(json['access_token']))['client_id']).toBe(id);
    expect((await listTools(base, String(json['access_token']))).status).toBe(200);
    await allow(attempt(base, id));
    expect(documents.count()).toBe(1);
    expect(errors).toEqual([]);
  });

  it.each<[string, (id: string) => { status?: number; headers?: Record<string, string>; body: string }]>([
    ['is not found', () => ({ status: 404, body: '{}' })],
    ['is a redirect', () => ({ status: 302, headers: { location: 'https://localhost/other' }, body: '' })],
    ['is not JSON', () => ({ body: '<html>' })],
    ['is no object', () => ({ body: '[]' })],
    ['is of another client', () => ({ body: document('https://example.com/other') })],
    ['is too large', (id) => ({ body: document(id, { more: 'x'.repeat(20_000) }) })],
    ['has a secret', (id) => ({ body: document(id, { client_secret: 'x' }) })],
    ['has another redirect', (id) => ({ body: document(id, { redirect_uris: ['https://example.com/callback'] }) })],
    ['has a redirect to a script', (id) => ({ body: document(id, { redirect_uris: ['javascript:x'] }) })],
  ])('is refused where the document %s', async (_what, answer) => {
    const documents = await serveDocuments((path) => answer(`${documents.url}${path}`));
    const { daemon } = await serveOAuth();
    const clientDocuments = { isAllowed: () => true, ca: documents.ca };
    const { base } = await serveOAuth({ daemon, oauth: { state: () => daemon.state(), clientDocuments } });
    const { url, page } = await new Browser().follow(attempt(base, `${documents.url}/client.json`).url);
    expect([page.status, url.startsWith(base)]).toEqual([400, true]);
    expect([1, 2]).toContain(documents.count()); // again for the page of the error
  });

  it('is not fetched from this machine or a private network', async () => {
    const documents = await serveDocuments(() => ({ body: '{}' }));
    const { base } = await serveOAuth();
    for (const id of [`${documents.url}/client.json`, `${documents.url.replace('localhost', '127.0.0.1')}/client.json`]) {
      const { page } = await new Browser().follow(attempt(base, id).url);
      expect([id, page.status]).toEqual([id, 400]);
    }
    expect(documents.count()).toBe(0);
    await expect(createDocumentFetch()('http://example.com/')).rejects.toThrow('only https');
    await expect(createDocumentFetch()('https://[::1]/')).rejects.toThrow('not public');
    await expect(createDocumentFetch()('https://2130706433/')).rejects.toThrow('not public');
  });

  it('is not fetched again and again', async () => {
    const documents = await serveDocuments(() => ({ status: 500, body: '' }));
    const { daemon } = await serveOAuth();
    const clientDocuments = { isAllowed: () => true, ca: documents.ca };
    const { base } = await serveOAuth({ daemon, oauth: { state: () => daemon.state(), clientDocuments } });
    await Promise.all(Array.from({ length: 60 }, (_, at) => ask(attempt(base, `${documents.url}/${at}`).url)));
    expect(documents.count()).toBeLessThanOrEqual(40);
  });

  it.each([
    ['8.8.8.8', true],
    ['2606:4700::1111', true],
    ['127.0.0.1', false],
    ['10.1.2.3', false],
    ['172.31.255.255', false],
    ['172.32.0.1', true],
    ['192.168.1.1', false],
    ['169.254.169.254', false],
    ['100.64.0.1', false],
    ['0.0.0.0', false],
    ['224.0.0.1', false],
    ['255.255.255.255', false],
    ['::1', false],
    ['::', false],
    ['::ffff:127.0.0.1', false],
    ['::ffff:10.0.0.1', false],
    ['::7f00:1', false],
    ['64:ff9b::7f00:1', false],
    ['2002:7f00:1::', false],
    ['fd00::1', false],
    ['fe80::1', false],
    ['ff02::1', false],
    ['localhost', false],
  ])('an address is public or not: %s', (address, expected) => expect(isPublicAddress(address)).toBe(expected));
});

it('a client that VS Code would register gets what it asks for', async () => {
  const { base } = await serveOAuth();
  const { status, json } = await register(base, {
    client_name: 'Visual Studio Code',
    client_uri: 'https://code.visualstudio.com',
    grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    response_types: ['code'],
    redirect_uris: [
      'https://insiders.vscode.dev/redirect',
      'https://vscode.dev/redirect',
      'http://localhost/',
      'http://127.0.0.1/',
      'http://127.0.0.1:33418/',
    ],
    application_type: 'native',
  });
  expect([status, json]).toMatchObject([201, { application_type: 'native', client_name: 'Visual Studio Code' }]);
  const redirect = 'https://vscode.dev/redirect';
  const login = await new Browser().follow(attempt(base, String(json['client_id']), { redirect_uri: redirect }).url);
  expect(login.page.headers.get('content-security-policy')).toContain(`form-action 'self' https://vscode.dev;`);
});

it('a client with a scheme of its own is sent back by it', async () => {
  const { base } = await serveOAuth();
  const redirect = 'cursor://anysphere.cursor-mcp/oauth/callback';
  const { client_id: id } = (await register(base, { redirect_uris: [redirect] })).json;
  const { url } = await allow(attempt(base, String(id), { redirect_uri: redirect }));
  expect(url).toMatch(/^cursor:\/\/anysphere\.cursor-mcp\/oauth\/callback\?code=/);
});
