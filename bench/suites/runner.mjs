/**
 * What a call through a process of its own costs the daemon, beside a function in the daemon's process that awaits something, and
 * beside frames of bytes that nobody reads; and how long first calls take.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { path } from '../lib/contenders.mjs';
import { table } from '../lib/markdown.mjs';
import { ratios, span, summary } from '../lib/stats.mjs';

const SIZES = [
  { bytes: 100, budget: 10 },
  { bytes: 10_000, budget: 40 },
];
const MODES = ['none', 'later', 'frames', 'process'];
const NAMES = {
  none: 'in the daemon, returns at once',
  later: 'in the daemon, awaits a turn of the event loop',
  frames: 'frames of bytes on a pipe, by hand',
  process: 'isolation "process"',
};
const FIRST_RATIO = 1.5;
const SPARE_MS = 15;
/** First calls in a round. */
const STARTS = 5;

const program = path('../servers/runner.mjs');

async function run(...args) {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args.map(String)]);
  return JSON.parse(stdout);
}

export async function runner({ rounds, n, log }) {
  const cpu = new Map();
  const starts = { bare: [], first: [], spare: [] };
  const add = (key, value) => cpu.set(key, [...(cpu.get(key) ?? []), value]);
  for (let round = 0; round < rounds; round += 1) {
    for (const { bytes } of SIZES) {
      for (const mode of MODES) add(`${mode} ${bytes}`, (await run(mode, bytes, n)).cpu);
      const [process, later] = ['process', 'later'].map((mode) => cpu.get(`${mode} ${bytes}`).at(-1));
      add(`added ${bytes}`, process - later);
    }
    for (let start = 0; start < STARTS; start += 1) {
      const measured = await run('first');
      for (const [name, values] of Object.entries(starts)) values.push(measured[name]);
    }
    log(`runner: round ${round + 1} of ${rounds}`);
  }
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
    ].join('\n\n'),
    failures: new Map(),
    budgets: [
      ...SIZES.map(({ bytes, budget }) => ({
        what: `CPU that isolation adds to a call of ${bytes} bytes, beside a function that awaits, µs`,
        budget: `${budget} µs`,
        limit: budget,
        measured: summary(cpu.get(`added ${bytes}`)),
      })),
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
