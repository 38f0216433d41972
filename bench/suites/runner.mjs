/**
 * What a call through a process of its own costs the daemon, beside a function in the daemon's process that awaits something, and
 * beside frames of bytes that nobody reads, JSON over Node's IPC, and gateways that run
 * servers in processes; how long first calls take, and what idle processes keep in memory.
 */
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { path } from '../lib/contenders.mjs';
import { table } from '../lib/markdown.mjs';
import { digits, ratios, span, summary } from '../lib/stats.mjs';

const SIZES = [
  { bytes: 100, budget: 10 },
  { bytes: 10_000, budget: 40 },
];
const MODES = ['none', 'later', 'frames', 'ipc', 'process'];
const NAMES = {
  none: 'in the daemon, returns at once',
  later: 'in the daemon, awaits a turn of the event loop',
  frames: 'frames of bytes on a pipe, by hand',
  ipc: "JSON over Node's own IPC, by hand",
  process: 'isolation "process"',
};
/** Gateways that run MCP servers in processes of their own. */
const PEERS = {
  supergateway: { version: '4.0.0', program: 'dist/index.js' },
  'mcp-proxy': { version: '6.7.19', program: 'dist/bin/mcp-proxy.mjs' },
};
const PEER_FACTOR = 20;
const PEER_CALLS = 2_000;
const IDLE_CHILDREN = 50;
const FIRST_RATIO = 1.5;
const SPARE_MS = 15;
/** First calls in a round. */
const STARTS = 5;

const program = path('../servers/runner.mjs');

async function run(...args) {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args.map(String)]);
  return JSON.parse(stdout);
}

/** Where each gateway's program is: installed from npm at the first use. Empty where they have no network of their own. */
export async function peers(log) {
  try {
    await promisify(execFile)('unshare', ['-rn', 'ip', 'link', 'set', 'lo', 'up']);
  } catch {
    log('supergateway and mcp-proxy are left out: they listen on all addresses, and need a network of their own (unshare, ip)');
    return [];
  }
  const folder = path('../../node_modules/.cache/bench-peers');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
  const wanted = Object.entries(PEERS).map(([name, { version }]) => `${name}@${version}`);
  await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', ...wanted], { cwd: folder });
  return Object.entries(PEERS).map(([name, { program: file }]) => [name, join(folder, 'node_modules', name, file)]);
}

/** CPU of a gateway per call, in µs. */
export async function runPeer(name, file) {
  const script = path('../servers/runner-peers.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [script, name, file, String(PEER_CALLS)]);
  return JSON.parse(stdout).cpu;
}

export async function runner({ rounds, n, log }) {
  const gateways = await peers(log);
  const cpu = new Map();
  const starts = { bare: [], first: [], spare: [] };
  const add = (key, value) => cpu.set(key, [...(cpu.get(key) ?? []), value]);
  for (let round = 0; round < rounds; round += 1) {
    for (const { bytes } of SIZES) {
      for (const mode of MODES) add(`${mode} ${bytes}`, (await run(mode, bytes, n)).cpu);
      const [process, later] = ['process', 'later'].map((mode) => cpu.get(`${mode} ${bytes}`).at(-1));
      add(`added ${bytes}`, process - later);
    }
    for (const [name, file] of gateways) {
      const cost = await runPeer(name, file);
      add(name, cost);
      // What the daemon's own work costs is in the gateway's figure, too: the whole call is compared.
      add(`by ${name}`, cost / cpu.get(`process ${SIZES[0].bytes}`).at(-1));
    }
    for (let start = 0; start < STARTS; start += 1) {
      const measured = await run('first');
      for (const [name, values] of Object.entries(starts)) values.push(measured[name]);
    }
    log(`runner: round ${round + 1} of ${rounds}`);
  }
  const idle = await run('idle', IDLE_CHILDREN);
  const rows = MODES.map((mode) => [NAMES[mode], ...SIZES.map(({ bytes }) => span(cpu.get(`${mode} ${bytes}`)))]);
  const firsts = ratios(starts.first, starts.bare);
  return {
    text: [
      `## Functions in processes of their own: ${rounds} rounds`,
      `CPU of the daemon per call, in µs: 64 running calls, nothing recorded.`,
      table(['function', ...SIZES.map(({ bytes }) => `${bytes} bytes`)], rows),
      table(
        ['first calls', 'ms'],
        [
          ['start of a bare Node until it prints', span(starts.bare)],
          ['first call of a module, without a spare process', span(starts.first)],
          ['first call of a module that was loaded ahead', span(starts.spare)],
        ],
      ),
      gateways.length === 0
        ? 'supergateway and mcp-proxy were not measured.'
        : `CPU of a gateway per call of a tool in a process of its own, over HTTP: ${gateways.map(([name]) => `${name} ${span(cpu.get(name))} µs`).join(', ')}.`,
      `${idle.children} idle processes: ${digits(idle.resident)} MB resident each, of which ${digits(idle.own)} MB are its own; ${digits(idle.proportional * idle.children)} MB in all.`,
    ].join('\n\n'),
    failures: new Map(),
    budgets: [
      ...SIZES.map(({ bytes, budget }) => ({
        what: `CPU that isolation adds to a call of ${bytes} bytes, beside a function that awaits, µs`,
        budget: `${budget} µs`,
        limit: budget,
        measured: summary(cpu.get(`added ${bytes}`)),
      })),
      ...gateways.map(([name]) => ({
        what: `CPU of a call with isolation, by that of a call through ${name}`,
        budget: `1/${PEER_FACTOR}`,
        limit: 1 / PEER_FACTOR,
        measured: summary(cpu.get(`by ${name}`).map((factor) => 1 / factor)),
      })),
      {
        what: `${IDLE_CHILDREN} idle processes, MB`,
        budget: '2000 MB',
        limit: 2_000,
        measured: summary([idle.proportional * idle.children]),
      },
      {
        what: 'first call without a spare process',
        budget: `${FIRST_RATIO} x bare Node`,
        limit: FIRST_RATIO,
        measured: summary(firsts),
      },
      {
        what: 'first call of code that was loaded ahead, ms',
        budget: `${SPARE_MS} ms`,
        limit: SPARE_MS,
        measured: summary(starts.spare),
      },
    ],
  };
}
