/**
 * What a call of a mounted server costs the daemon, beside a function of its own, a proxy by hand, one of the official client and server,
 * and gateways; and what mounted servers cost that nobody uses.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { path } from '../lib/contenders.mjs';
import { table } from '../lib/markdown.mjs';
import { digits, span, summary } from '../lib/stats.mjs';
import { peers, runPeer } from './runner.mjs';

const NAMES = {
  direct: 'a function of our own that returns at once',
  hand: 'a proxy by hand, over stdin and stdout',
  sdk: 'a proxy of the official client and server, over stdin and stdout',
  stdio: 'a mounted server, over stdin and stdout',
  http: 'a mounted server, over HTTP with the protocol before 2026-07-28',
  'http-modern': 'a mounted server, over HTTP with 2026-07-28',
};
const STDIO_BUDGET = 40;
const PEER_FACTOR = 4;
const IDLE_MOUNTS = 20;
const IDLE_SECONDS = 30;
/** CPU seconds in that time that are nothing but the timers of the measurement. */
const IDLE_BUDGET = 0.05;

const program = path('../servers/mounts.mjs');

async function run(...args) {
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', program, ...args.map(String)]);
  return JSON.parse(stdout);
}

export async function mounts({ rounds, n, log }) {
  const gateways = await peers(log);
  const cpu = new Map();
  const add = (key, value) => cpu.set(key, [...(cpu.get(key) ?? []), value]);
  for (let round = 0; round < rounds; round += 1) {
    for (const mode of Object.keys(NAMES)) add(mode, (await run(mode, n)).cpu);
    const last = (mode) => cpu.get(mode).at(-1);
    add('added', last('stdio') - last('direct'));
    for (const [name, file] of gateways) {
      add(name, await runPeer(name, file));
      add(`by ${name}`, (last('http') - last('direct')) / last(name));
    }
    log(`mounts: round ${round + 1} of ${rounds}`);
  }
  const idle = await run('idle', IDLE_MOUNTS, IDLE_SECONDS);
  return {
    text: [
      `## Mounted servers: ${rounds} rounds`,
      'CPU of the daemon per call of 100 bytes, in µs: 64 running calls, nothing recorded.',
      table(
        ['call', 'µs'],
        Object.entries(NAMES).map(([mode, name]) => [name, span(cpu.get(mode))]),
      ),
      `A mount over stdin and stdout adds ${span(cpu.get('added'))} µs to a call.`,
      gateways.length === 0
        ? 'supergateway and mcp-proxy were not measured.'
        : `CPU of a gateway per call: ${gateways.map(([name]) => `${name} ${span(cpu.get(name))} µs`).join(', ')}.`,
      `${idle.mounts} mounted servers that nobody uses: ${digits(idle.cpu)} s of CPU in ${IDLE_SECONDS} s, and ${digits(idle.megabytes)} MB of the daemon for each.`,
    ].join('\n\n'),
    failures: new Map(),
    budgets: [
      {
        what: 'CPU of a call of a server that is mounted over stdin and stdout, µs',
        budget: `${STDIO_BUDGET} µs`,
        limit: STDIO_BUDGET,
        measured: summary(cpu.get('stdio')),
      },
      ...gateways.map(([name]) => ({
        what: `CPU that a mount over HTTP adds to a call, by that of a call through ${name}`,
        budget: `1/${PEER_FACTOR}`,
        limit: 1 / PEER_FACTOR,
        measured: summary(cpu.get(`by ${name}`)),
      })),
      {
        what: `CPU of ${IDLE_MOUNTS} mounted servers that nobody uses, s in ${IDLE_SECONDS} s`,
        budget: `${IDLE_BUDGET} s`,
        limit: IDLE_BUDGET,
        measured: summary([idle.cpu]),
      },
    ],
  };
}
