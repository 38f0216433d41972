/** The command over HTTP with hostile clients: it keeps running, and its log contains no secrets. */
import { connect } from 'node:net';

import { arrival, TempFolder, toolsConfig } from '../support.js';

let temp: TempFolder;
beforeEach(async () => {
  temp = new TempFolder();
  await temp.write('mcp.json', toolsConfig('functions', 'one'));
  await temp.write('functions.mjs', `export const one = () => 'one';`);
});
afterEach(() => temp.remove());

/** Sends bytes. @returns the response up to its headers, or to the end */
const raw = (port: number, text: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'));
    let received = '';
    socket.setEncoding('latin1').on('data', (more: string) => {
      received += more;
      if (received.includes('\r\n\r\n')) socket.destroySoon();
    });
    socket.on('error', () => undefined).on('close', () => resolve(received));
  });

it('the daemon keeps serving and logs no secrets, whatever clients send', async () => {
  const secrets = {
    JWT_SECRET_KEY: 's1'.repeat(20),
    ADMIN_PASSWORD: 'the-password-s2',
    ADMIN_STATIC_TOKEN: 'the-static-token-s3',
  };
  const child = temp.start(['--port', '0', '--store', 'memory'], { env: { MCP_TRANSPORT: undefined, ...secrets } });
  let stderr = '';
  let stdout = '';
  child.stdout.on('data', (data) => (stdout += String(data)));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const url = await new Promise<string>((resolve) =>
    child.stderr.on('data', (data) => {
      stderr += String(data);
      const found = /"msg":"listening on (http:[^"]+)"/.exec(stderr)?.[1];
      if (found !== undefined) resolve(found);
    }),
  );
  const port = Number(new URL(url).port);
  const head = (start: string, more = ''): string => `${start} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;
  const login = (body: string): string =>
    head('POST /auth/login', `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`) + body;
  const token = `Authorization: Bearer ${secrets.ADMIN_STATIC_TOKEN}\r\n`;

  const answers = await Promise.all(
    [
      login(JSON.stringify({ username: 'admin', password: 'a-guess-s4' })),
      login(JSON.stringify({ username: 'typed-in-the-wrong-field-s5', password: secrets.ADMIN_PASSWORD })),
      login(`{"username":"admin","password":"${secrets.ADMIN_PASSWORD}"`),
      login(JSON.stringify({ username: 'admin\0', password: ['\0'] })),
      head('GET /me', 'Authorization: Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbi1zNiJ9.\r\n'),
      head('GET /me?access_token=in-a-query-s7'),
      head('GET /events?ticket=in-a-query-s8'),
      head('GET /mcp', `${token}Mcp-Session-Id: a-session-s9\r\n`),
      head('GET /%', token),
      head('GET http://[', token),
      head('OPTIONS *', token),
      head('GET /metrics', `Content-Length: 5\r\nTransfer-Encoding: chunked\r\n${token}`) + '0\r\n\r\n',
      head('GET /me', `X: ${'x'.repeat(20_000)}\r\n`),
      `${head('POST /mcp', `${token}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n`)}fffffffffffffffffff\r\n`,
      head('POST /mcp', `${token}Content-Type: application/json\r\nContent-Length: 99999999999\r\n`),
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', // TLS to a server without TLS
      '\0'.repeat(1_000),
    ].map((text) => arrival(raw(port, text), () => `the answer to ${text.slice(0, 200)}`)),
  );
  expect(answers.map((text) => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]))).toEqual([
    ...[401, 401, 400, 400, 401, 401, 401, 404, 404, 404, 404, 400, 431, 400, 413, 400, 400, 400],
  ]);
  expect(answers.join('\n')).not.toMatch(/s[1-9]\b|node:|\n +at /);

  expect((await fetch(`${url}/me`, { headers: { authorization: `Bearer ${secrets.ADMIN_STATIC_TOKEN}` } })).status).toBe(200);
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(stdout).toBe('');
  expect(stderr).toContain('"path":"/auth/login"');
  expect(stderr).not.toMatch(/s1s1|-s[2-9]\b|eyJ|node:internal|\\n +at /);
  expect(stderr).not.toContain('(node:');
  // What clients do is never logged as an error of the daemon.
  const levels = stderr
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { level: number }).level);
  expect(Math.max(...levels)).toBeLessThan(50);
});
