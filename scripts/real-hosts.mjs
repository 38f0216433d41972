/**
 * Lets real MCP hosts call a tool of our server, over stdio and over HTTP, and compares what their models see with docs/hosts.md.
 * Not part of CI: it installs the hosts from the npm registry, about 3 GB. Their models are a stand-in on loopback, and their keys
 * are made up. They have their telemetry and updates off; what they still try to reach is refused, and listed.
 *
 *   node scripts/real-hosts.mjs                    all hosts
 *   node scripts/real-hosts.mjs codex gemini       those whose name contains "codex" or "gemini"
 *   REAL_HOSTS_CACHE=/somewhere node scripts/…     where the hosts are kept for the next run; a folder in the temporary one by default
 *   REAL_HOSTS_OUTPUT=1 node scripts/…             also print what each host has printed
 *
 * Exits with 1 if anything differs from what the docs promise, or if a host does not run.
 */
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { differences } from './real-hosts/check.mjs';
import { HOSTS } from './real-hosts/hosts.mjs';
import { installHost, nodeFolder } from './real-hosts/install.mjs';
import { CLI, trial } from './real-hosts/trial.mjs';

const TRANSPORTS = ['stdio', 'http'];
/** Problems that are printed per cell of the table. */
const SHOWN = 3;
const COLUMNS = ['names', 'schemas', 'instructions', 'answer', 'record'];
const TITLES = ['host', 'version', 'transport', ...COLUMNS, 'tried to reach'];
const { REAL_HOSTS_CACHE: cache = join(tmpdir(), 'mcp-daemon-real-hosts'), REAL_HOSTS_OUTPUT: shows } = process.env;
const wanted = process.argv.slice(2).map((word) => word.toLowerCase());

const first = (error) => String(error.message).split('\n').slice(0, 12).join('\n');
const cell = (list) => (list.length === 0 ? 'as promised' : `${list.length} differ`);

/** The first of many problems, which are mostly alike. */
const shortList = (list) => (list.length <= SHOWN ? list : [...list.slice(0, SHOWN), `and ${list.length - SHOWN} more`]);

/** Runs one trial. @returns `{ cells, problems }`: its row after the transport, and what differs */
async function examine(host, transport, options) {
  const twins = host.twins === undefined;
  const shown = await trial(host, { transport, twins, ...options });
  if (shows) console.log(`--- ${host.name} over ${transport}: ${shown.end}\n${shown.output}`);
  const differing = differences(host, shown, twins);
  // What the stand-in does not have is no fault of ours; it explains a host that gives up.
  const outside = [...shown.seen.outside, ...shown.seen.unknown].map((place) => place.replace(/:443$/, ''));
  return {
    cells: [...COLUMNS.map((column) => cell(differing[column])), outside.join(', ')],
    problems: COLUMNS.flatMap((column) => shortList(differing[column])),
  };
}

/** A host that gives up when tools have the same name. @returns what differs */
async function examineTwins(host, options) {
  const { end, output, calls } = await trial(host, { transport: 'stdio', twins: true, ...options });
  const isRefused = end !== 'exit code 0' && host.twins.test(output) && calls.length === 0;
  return isRefused ? [] : [`with equal names it must end with ${host.twins}, but: ${end}: ${output.slice(-500)}`];
}

if (!existsSync(CLI)) throw new Error('build first: npm run setup');
const node = await nodeFolder(cache);
const rows = [];
const problems = [];
for (const host of HOSTS) {
  if (wanted.length > 0 && !wanted.some((word) => host.name.toLowerCase().includes(word))) continue;
  const version = Object.values(host.packages)[0];
  const note = (transport, list) => problems.push(...list.map((problem) => `${host.name} over ${transport}: ${problem}`));
  try {
    const at = await installHost(cache, host);
    for (const transport of TRANSPORTS) {
      const { cells, problems: found } = await examine(host, transport, { at, node });
      rows.push([host.name, version, transport, ...cells]);
      note(transport, found);
      process.stderr.write(`${host.name} over ${transport} done\n`);
    }
    if (host.twins !== undefined) note('stdio', await examineTwins(host, { at, node }));
  } catch (error) {
    rows.push([host.name, version, '', 'does not run', ...Array(COLUMNS.length).fill('')]);
    problems.push(`${host.name}: ${first(error)}`);
  }
}

const widths = TITLES.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at].length)));
for (const row of [TITLES, widths.map((width) => '-'.repeat(width)), ...rows])
  console.log(
    row
      .map((text, at) => text.padEnd(widths[at]))
      .join('  ')
      .trimEnd(),
  );
for (const problem of problems) console.log(`\n${problem}`);
if (rows.length === 0) console.log('there is no such host');
process.exit(problems.length === 0 && rows.length > 0 ? 0 : 1);
