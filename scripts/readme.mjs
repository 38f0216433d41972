/**
 * Runs the commands that README.md promises. A fence that follows `<!-- ci -->` runs in the clone; so does one that follows
 * `<!-- ci serve -->`, until what it serves has answered; one that follows `<!-- ci packed -->` runs in a folder into which the packed packages were installed; scripts/packed.mjs does that, and runs the
 * marked `js` fences of the packages' own READMEs there too, with no input.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { check, root, run } from './lib.mjs';

/** The contents of the fences that are marked so. */
export function fences(marker, { file = 'README.md', language = 'sh' } = {}) {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/^<!-- (.+) -->\s*\n```(\w+)\n([\s\S]*?)^```$/gm)]
    .filter((match) => match[1] === marker && match[2] === language)
    .map((match) => match[3]);
}

export const shell = (commands, cwd) => run('bash', ['-euo', 'pipefail', '-c', commands], { cwd });

/** Runs what serves, as a new user would use it, and ends it. */
async function served(commands) {
  const dataDir = await mkdtemp(join(tmpdir(), 'mcp-daemon-readme-'));
  // A group of its own: whoever presses Ctrl+C tells all of it.
  const child = spawn('bash', ['-euo', 'pipefail', '-c', commands], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PORT: '0', MCP_DATA_DIR: dataDir },
  });
  let output = '';
  const ended = new Promise((resolve) => child.once('close', resolve));
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  try {
    const url = await until(() => /listening on (http:\/\/[\d.:]+)/.exec(output)?.[1], ended);
    const post = (path, headers, body) =>
      fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
        body: JSON.stringify(body),
      }).then((answer) => answer.json());
    const { access_token: token } = await post('/auth/login', {}, { username: 'admin', password: 'admin123' });
    const params = {
      name: 'hello',
      arguments: { name: 'Ada' },
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    };
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'hello' };
    const answer = await post(
      '/mcp',
      { ...headers, authorization: `Bearer ${token}` },
      { jsonrpc: '2.0', id: 1, method: 'tools/call', params },
    );
    if (answer.result?.content?.[0]?.text !== 'Hello, Ada!') throw new Error(`unexpected answer: ${JSON.stringify(answer)}`);
    for (const path of ['/health', '/ready', '/docs'])
      if (!(await fetch(url + path)).ok) throw new Error(`${path} does not answer`);
    process.kill(-child.pid, 'SIGTERM');
    const code = await ended;
    if (code !== 0 && code !== 143) throw new Error(`it ended with ${code}`);
    if (!output.includes('"msg":"ended"')) throw new Error('it did not end by itself');
  } catch (error) {
    throw new Error(`${error.message}\n${output}`, { cause: error });
  } finally {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL');
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Waits for something, until whoever is to bring it has ended. */
async function until(probe, ended) {
  let over = false;
  void ended.then(() => (over = true));
  for (let found = probe(); ; found = probe()) {
    if (found !== undefined) return found;
    if (over) throw new Error('it ended before it listened');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const commands of fences('ci serve')) {
    await check(`README.md: ${commands.trim()}, logged in and called`, () => served(commands));
  }
  const found = fences('ci');
  await check('README.md has npm test among the commands for CI', () => {
    if (!found.some((commands) => /^npm test$/m.test(commands))) throw new Error('no `<!-- ci -->` fence with npm test');
  });
  for (const commands of found) {
    const title = commands.trim().split('\n').join('; ');
    await check(`README.md: ${title}`, () => shell(commands, root));
  }
}
