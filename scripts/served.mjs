/** Uses the HTTP server as a new user does: for the commands of the README, and for the packed packages. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Sends JSON. @returns the JSON of the answer */
export const post = (url, headers, body) =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: JSON.stringify(body),
  }).then((answer) => answer.json());

/** Logs in. */
export async function login(url, username, password) {
  const answer = await post(`${url}/auth/login`, {}, { username, password });
  if (answer.access_token === undefined) throw new Error(`no token for ${username}: ${JSON.stringify(answer)}`);
  return answer.access_token;
}

/** Calls `hello` for Ada, without a session. */
export async function greet(url, token) {
  const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
  const answer = await post(
    `${url}/mcp`,
    {
      ...{ 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'hello' },
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'hello', arguments: { name: 'Ada' }, _meta } },
  );
  if (answer.result?.content?.[0]?.text !== 'Hello, Ada!') throw new Error(`unexpected answer: ${JSON.stringify(answer)}`);
}

/** Fetches a page and everything that it loads. */
export async function open(url) {
  const page = await fetch(url);
  if (!page.ok) throw new Error(`${url}: ${page.status}`);
  const parts = [...(await page.text()).matchAll(/(?:src|href)="([^"#:]+)"/g)].map(([, path]) => new URL(path, url));
  for (const part of parts) if (!(await fetch(part)).ok) throw new Error(`${url}: ${part} does not load`);
  return parts.length;
}

/**
 * Runs a command that serves, on a free port and with its own record, calls `use` with its URL, and stops its whole process group.
 * `last` is text that it must print before a clean exit.
 */
export async function served(commands, { cwd, env, last = '"msg":"stopped"' }, use) {
  const dataDir = await mkdtemp(join(tmpdir(), 'mcp-daemon-served-'));
  // A process group of its own: Ctrl+C reaches all of its processes.
  const child = spawn('bash', ['-euo', 'pipefail', '-c', commands], {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PORT: '0', MCP_DATA_DIR: dataDir, ...env },
  });
  let output = '';
  const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)));
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  try {
    await use(await until(() => /listening on (http:\/\/[\d.:]+)/.exec(output)?.[1], ended));
    process.kill(-child.pid, 'SIGTERM');
    const code = await ended;
    // The exit codes of npm and npx differ, so the server's own output decides.
    if (![0, 143, 'SIGTERM'].includes(code)) throw new Error(`it ended with ${code}`);
    if (!output.includes(last)) throw new Error('it did not end by itself');
  } catch (error) {
    throw new Error(`${error.message}\n${output}`, { cause: error });
  } finally {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL');
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Waits for a condition, until the process that should fulfil it has exited. */
async function until(probe, ended) {
  let over = false;
  void ended.then(() => (over = true));
  for (let found = probe(); ; found = probe()) {
    if (found !== undefined) return found;
    if (over) throw new Error('it ended before it listened');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
