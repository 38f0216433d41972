/**
 * Lists what public MCP servers offer, writes that into config files, and compares what our server lists of them. Not part of CI:
 * it installs the servers from the npm registry. They are started with made-up credentials, and only asked for their lists.
 *
 *   node scripts/real-servers.mjs            all servers
 *   node scripts/real-servers.mjs stripe     those whose name contains "stripe"
 *
 * Exits with 1 if a list is refused or comes back changed, or if fewer than 12 servers could be listed.
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isDeepStrictEqual, promisify } from 'node:util';

const CLI = join(import.meta.dirname, '../packages/cli/dist/bin.js');
const ENOUGH = 12;
const START_MS = 20_000;
const KEY = 'made-up-key-for-lists-only';

/** Package, arguments and variables of each server. No credential is real; nothing but lists is asked. */
const SERVERS = [
  ['@modelcontextprotocol/server-everything'],
  ['@modelcontextprotocol/server-filesystem', [tmpdir()]],
  ['@modelcontextprotocol/server-memory'],
  ['@modelcontextprotocol/server-sequential-thinking'],
  ['@modelcontextprotocol/server-github', [], { GITHUB_PERSONAL_ACCESS_TOKEN: KEY }],
  ['@modelcontextprotocol/server-gitlab', [], { GITLAB_PERSONAL_ACCESS_TOKEN: KEY }],
  ['@modelcontextprotocol/server-slack', [], { SLACK_BOT_TOKEN: 'xoxb-0', SLACK_TEAM_ID: 'T0' }],
  ['@modelcontextprotocol/server-brave-search', [], { BRAVE_API_KEY: KEY }],
  ['@modelcontextprotocol/server-google-maps', [], { GOOGLE_MAPS_API_KEY: KEY }],
  ['@notionhq/notion-mcp-server', [], { NOTION_TOKEN: `ntn_${KEY}` }],
  ['@playwright/mcp'],
  ['@upstash/context7-mcp'],
  ['firecrawl-mcp', [], { FIRECRAWL_API_KEY: `fc-${KEY}` }],
  ['tavily-mcp', [], { TAVILY_API_KEY: `tvly-${KEY}` }],
  ['exa-mcp-server', [], { EXA_API_KEY: KEY }],
  ['mcp-server-kubernetes'],
  ['chrome-devtools-mcp'],
  ['@eslint/mcp'],
  ['figma-developer-mcp', ['--stdio', `--figma-api-key=${KEY}`]],
  ['@supabase/mcp-server-supabase', [`--access-token=sbp_${'0'.repeat(40)}`]],
];

const wanted = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'real-servers-'));
const run = promisify(execFile);

/** Speaks MCP with a process over its pipes, long enough to ask for all lists. */
async function listsOf(command, args, env, cwd) {
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env.PATH, HOME: cwd, ...env },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const waiting = new Map();
  const gone = new Promise((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`it ended with code ${code}`)));
    setTimeout(() => reject(new Error(`no answer within ${START_MS / 1000} s`)), START_MS).unref();
  });
  gone.catch(() => undefined); // also after everything has been listed
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.startsWith('{')) return;
    const message = JSON.parse(line);
    if (message.method === undefined) waiting.get(message.id)?.(message);
    // Refuse requests of the server, so that it does not wait.
    else if (message.id !== undefined) send({ id: message.id, error: { code: -32601, message: 'not supported' } });
  });
  child.stdin.on('error', () => undefined); // the process has ended: `gone` says so
  function send(message) {
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  }
  function ask(method, params) {
    const id = waiting.size + 1;
    const answer = new Promise((resolve) => waiting.set(id, resolve));
    send({ id, method, params });
    return Promise.race([answer, gone]);
  }
  async function all(method, key) {
    const entries = [];
    let cursor;
    do {
      const { result } = await ask(method, cursor === undefined ? {} : { cursor });
      entries.push(...(result?.[key] ?? []));
      cursor = result?.nextCursor;
    } while (cursor);
    return entries;
  }
  try {
    const hello = await ask('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'real-servers', version: '1' },
    });
    if (hello.result === undefined) throw new Error(hello.error?.message ?? 'initialize failed');
    send({ method: 'notifications/initialized' });
    const { tools, resources, prompts } = hello.result.capabilities;
    return {
      tools: tools ? await all('tools/list', 'tools') : [],
      resources: resources ? await all('resources/list', 'resources') : [],
      resource_templates: resources ? await all('resources/templates/list', 'resourceTemplates') : [],
      prompts: prompts ? await all('prompts/list', 'prompts') : [],
    };
  } finally {
    child.stdin.end();
    child.kill();
    setTimeout(() => child.kill('SIGKILL'), 1_000).unref();
  }
}

/** The program of an installed package. */
function binOf(at, name) {
  const { bin } = JSON.parse(readFileSync(join(at, 'node_modules', name, 'package.json'), 'utf8'));
  const path = typeof bin === 'string' ? bin : Object.values(bin ?? {})[0];
  if (path === undefined) throw new Error('it has no program');
  return join(at, 'node_modules', name, path);
}

const KINDS = { tools: 'tool', resources: 'resource', resource_templates: 'resource_template', prompts: 'prompt' };

/** The first entry of each name, because names are unique in our files. */
const unique = (entries) => entries.filter(({ name }, index) => entries.findIndex((other) => other.name === name) === index);

/** An entry in the form of both servers: without members of older versions, and without empty members. */
function comparable(kind, listed) {
  const entry = { ...listed };
  delete entry.execution;
  if (kind === 'prompts' && (entry.arguments ?? []).length === 0) return { ...entry, arguments: [] };
  return JSON.parse(JSON.stringify(entry, (_key, value) => (value === null ? undefined : value)));
}

/** Serves one list by our server. */
async function compare(at, kind, entries) {
  const given = unique(entries);
  const links = given.map(({ name }) => ({ type: KINDS[kind], name, module_name: './echo.mjs', function_name: 'echo' }));
  const file = join(at, `${kind}.json`);
  writeFileSync(file, JSON.stringify({ [kind]: given, module_links: links }, undefined, 2));
  const checked = await run(process.execPath, [CLI, 'config', 'check', '--json', file]).catch((error) => error);
  const { errors, warnings } = JSON.parse(checked.stdout);
  if (errors.length > 0) return { warnings, problems: errors.map(({ path, message }) => `${path}: ${message}`) };
  const served = await listsOf(process.execPath, [CLI, '--transport', 'stdio', '--store', 'memory', '--config', file], {}, at);
  const changed = given.filter((entry) => {
    const ours = served[kind].find(({ name }) => name === entry.name);
    return ours === undefined || !isDeepStrictEqual(comparable(kind, entry), comparable(kind, ours));
  });
  // A warning about the entry says what is left out or added.
  const isWarned = (entry) => warnings.some(({ path }) => path.startsWith(`$.${kind}[${given.indexOf(entry)}]`));
  const problems = changed.filter((entry) => !isWarned(entry)).map(({ name }) => `${kind} "${name}" came back changed`);
  return { warnings, problems, warned: changed.length - problems.length };
}

async function examine([name, args = [], env = {}]) {
  const at = join(folder, name.replace(/\W/g, '_'));
  mkdirSync(at);
  writeFileSync(join(at, 'package.json'), '{"private":true}');
  writeFileSync(join(at, 'echo.mjs'), 'export const echo = (args) => args;\n');
  let lists;
  let version = '';
  try {
    // Without install scripts: nothing is built or downloaded but the packages.
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', name], { cwd: at });
    version = JSON.parse(readFileSync(join(at, 'node_modules', name, 'package.json'), 'utf8')).version;
    lists = await listsOf(process.execPath, [binOf(at, name), ...args], env, at);
  } catch (error) {
    return { name, version, failed: String(error.message).split('\n')[0].slice(0, 80) };
  }
  const results = [];
  for (const kind of Object.keys(KINDS)) if (lists[kind].length > 0) results.push(await compare(at, kind, lists[kind]));
  return {
    name,
    version,
    counts: Object.keys(KINDS).map((kind) => lists[kind].length),
    warnings: results.flatMap(({ warnings }) => warnings),
    problems: results.flatMap(({ problems }) => problems),
    warned: results.reduce((sum, { warned = 0 }) => sum + warned, 0),
  };
}

if (!existsSync(CLI)) throw new Error('build first: npm run setup');
const rows = [];
const queue = SERVERS.filter(([name]) => wanted.length === 0 || wanted.some((word) => name.includes(word)));
await Promise.all(
  Array.from({ length: 2 }, async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      rows.push(await examine(next));
      process.stderr.write(`${rows.at(-1).name} done\n`);
    }
  }),
);

const cells = rows.map(({ name, version, failed, counts = [], warnings = [], problems = [], warned }) => [
  name,
  version,
  ...(failed === undefined
    ? [...counts, warnings.length, problems.length > 0 ? problems.length : warned === 0 ? 'same' : `${warned} changed as warned`]
    : ['', '', '', '', '', failed]),
]);
const titles = ['server', 'version', 'tools', 'resources', 'templates', 'prompts', 'warnings', 'listed by us'];
const widths = titles.map((title, i) => Math.max(title.length, ...cells.map((row) => String(row[i]).length)));
for (const row of [titles, widths.map((width) => '-'.repeat(width)), ...cells])
  console.log(
    row
      .map((cell, i) => String(cell).padEnd(widths[i]))
      .join('  ')
      .trimEnd(),
  );
for (const { name, problems = [] } of rows) for (const problem of problems) console.log(`${name}: ${problem}`);
const kinds = new Map();
for (const { message } of rows.flatMap(({ warnings = [] }) => warnings)) {
  const kind = message.replace(/"[^"]*"|\d+/g, '…').slice(0, 110);
  kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
}
console.log('\nwarnings by kind:');
for (const [kind, count] of [...kinds].sort((a, b) => b[1] - a[1])) console.log(`${String(count).padStart(5)}  ${kind}`);

rmSync(folder, { recursive: true, force: true });
const listed = rows.filter(({ failed }) => failed === undefined);
const isEnough = wanted.length > 0 || listed.length >= ENOUGH;
if (!isEnough) console.log(`only ${listed.length} servers could be listed; at least ${ENOUGH} are needed`);
process.exit(isEnough && listed.every(({ problems }) => problems.length === 0) ? 0 : 1);
