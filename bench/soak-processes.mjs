/**
 * `node bench/soak-processes.mjs`: calls eight bundles (two in Python) in processes of their own, of which four misbehave at
 * random, while new versions are pushed, processes are killed, and now and then the launcher. Then it checks: no call of a bundle
 * that behaves failed; every call was answered and recorded once, and both say the truth; no process is left; memory and open
 * files did not grow. It fails if one of these is not true.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { bin, path } from './lib/contenders.mjs';
import { machine } from './lib/machine.mjs';
import { table } from './lib/markdown.mjs';
import { treeCpu, treeMegabytes } from './lib/proc.mjs';
import { start, stopAll } from './lib/processes.mjs';
import { digits } from './lib/stats.mjs';
import { callBundle, Gate, Wire } from './soak/bundle-calls.mjs';
import { BUNDLES, config, Pushes } from './soak/bundles.mjs';
import { CallLedger } from './soak/call-ledger.mjs';
import { childrenOf, family, isAlive, killAll, MARK, marked, openFiles } from './soak/process-watch.mjs';
import { Truth } from './soak/truth.mjs';

const text = { type: 'string' };
const { values } = parseArgs({ options: { seconds: text, swap: text, out: text, keep: { type: 'boolean' } } });
const seconds = Number(values.seconds ?? 300);
const swapSeconds = Number(values.swap ?? 10);
if (!(seconds >= 5 && seconds <= 36_000 && swapSeconds >= 1))
  throw new Error('usage: node bench/soak-processes.mjs [--seconds 300] [--swap 10] [--out FILE] [--keep]');

const CALLERS = { good: 3, bad: 3 };
const KILL_MS = 3_000;
const LAUNCHER_MS = Math.min(120_000, seconds * 400);
const CHECK_MS = 500;
/** Milliseconds for retired processes to end, before what is open is counted. */
const QUIET_MS = 3_000;
/** Measured so often, the first time when a fifth is over: until then caches fill. */
const MEASUREMENTS = 5;
const WARM = 0.2;
/** Allowed growth between the first and the last measurement. Two collections of the same heap differ by as much. */
const FLAT_MB = 4;
const FLAT_FILES = 3;
const ALL = Object.keys(BUNDLES);
const GOOD = ALL.filter((name) => BUNDLES[name].good);
const BAD = ALL.filter((name) => !BUNDLES[name].good);
const pick = (list) => list[Math.floor(Math.random() * list.length)];
const log = (line) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);

const mark = randomUUID();
const folder = await mkdtemp(join(tmpdir(), 'mcp-daemon-soak-'));
process.once('exit', stopAll);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));

async function startDaemon() {
  const zips = join(folder, 'zips');
  for (const name of [zips, join(folder, 'work'), join(folder, 'tmp')]) await mkdir(name);
  await writeFile(join(folder, 'mcp.json'), JSON.stringify(config));
  const pushes = new Pushes({ folder: zips, work: join(folder, 'work') });
  for (const name of ALL) await pushes.push(name);
  const errors = await open(join(folder, 'stderr'), 'a');
  const flags = {
    ...{ transport: 'stdio', config: join(folder, 'mcp.json'), 'data-dir': join(folder, 'data') },
    ...{ 'process-heap-mb': 64, 'process-memory-mb': 250, 'process-grace-ms': 500, 'process-idle-ms': 20_000 },
    ...{ 'process-max': 20, 'process-max-per-module': 2, 'record-max-count': 1_000_000_000, 'record-max-bytes': 1e12 },
  };
  const env = {
    FUNCT_ZIP_PATH: zips,
    MCP_BUNDLE_CHECK_MS: String(CHECK_MS),
    MCP_PROCESS_ENV: MARK,
    [MARK]: mark,
    TMPDIR: join(folder, 'tmp'),
  };
  const node = ['--expose-gc', '--import', path('../servers/memory-hook.mjs')];
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const child = start([...node, bin, ...args], { errors: errors.fd, ipc: true, env });
  await errors.close();
  return { child, pushes };
}

/** Memory and open files of the daemon and its launcher, without those that each child needs. */
async function measure(child) {
  const { launcher, children } = family(child.pid);
  child.send('memory');
  const [{ heapUsed, rss, external }] = await once(child, 'message');
  return {
    heap: (heapUsed + external) / 2 ** 20,
    rss: rss / 2 ** 20,
    launcher: treeMegabytes(launcher, 'VmRSS') - children.reduce((sum, pid) => sum + treeMegabytes(pid, 'VmRSS'), 0),
    files: openFiles(child.pid) - children.length,
    launcherFiles: openFiles(launcher) - 2 * children.length,
    children: children.length,
  };
}

try {
  const { child, pushes } = await startDaemon();
  const wire = new Wire(child);
  await wire.open();
  const ledger = new CallLedger();
  const truth = new Truth();
  const gate = new Gate();
  const began = Date.now();
  let stopped = false;
  const over = () => stopped || Date.now() - began > seconds * 1_000;
  child.ended.then(() => (stopped = true));
  /** Does something again and again. */
  const every = async (ms, work) => {
    for (;;) {
      for (const until = Date.now() + ms; Date.now() < until && !over();) await sleep(100);
      if (over()) return;
      await work();
    }
  };
  const quietly = async (work) => {
    const reopen = await gate.close(ALL);
    try {
      await work();
    } finally {
      reopen();
    }
  };
  /** One at a time: they close the same gates. */
  let turn = Promise.resolve();
  const inTurn = (work) => (turn = turn.then(work));

  const measured = [];
  const measureNow = () =>
    quietly(async () => {
      await sleep(QUIET_MS);
      measured.push({ at: Math.round((Date.now() - began) / 1000), ...(await measure(child)) });
      const { at, heap, rss, files, children } = measured.at(-1);
      log(
        `${at} s: heap ${digits(heap)} MB, RSS ${digits(rss)} MB, ${files} files, ${children} children, ${ledger.calls.size} calls`,
      );
    });

  const work = [
    ...ALL.flatMap((name) =>
      Array.from({ length: BUNDLES[name].good ? CALLERS.good : CALLERS.bad }, (_, index) =>
        callBundle({ name, who: `${name}${index}`, wire, gate, truth, ledger, over }),
      ),
    ),
    every(swapSeconds * 1_000, async () => {
      for (const name of [pick(GOOD), pick(BAD)]) {
        const version = await pushes.push(name, { broken: Math.random() < 0.1 });
        ledger.count(version === undefined ? 'pushes of versions that cannot be loaded' : 'pushes');
      }
    }),
    every(KILL_MS, () =>
      inTurn(async () => {
        // Calls that run in a process that is killed fail. So bundles that behave lose theirs between two calls.
        const name = pick(ALL);
        const reopen = BUNDLES[name].good ? await gate.close([name]) : () => undefined;
        const pids = childrenOf(child.pid, name);
        truth.happened(name, 'killed');
        killAll(pids);
        reopen();
        pids.forEach(() => ledger.count('processes killed'));
      }),
    ),
    every(LAUNCHER_MS, () =>
      inTurn(() =>
        quietly(async () => {
          const { launcher, children } = family(child.pid);
          if (launcher === undefined) return;
          for (const name of ALL) truth.happened(name, 'launcher');
          killAll([launcher]);
          // The kernel ends its children. Until then they would begin calls.
          while ([launcher, ...children].some(isAlive)) await sleep(5);
          ledger.count('launchers killed');
        }),
      ),
    ),
    (async () => {
      for (let index = 0; index < MEASUREMENTS - 1 && !over(); index += 1) {
        const due = began + seconds * 1_000 * (WARM + ((1 - WARM) * index) / (MEASUREMENTS - 1));
        while (Date.now() < due && !over()) await sleep(100);
        await inTurn(measureNow);
      }
    })(),
  ];
  const cpuBefore = treeCpu(child.pid);
  await Promise.all(work);
  const spent = (Date.now() - began) / 1000;
  const cpu = treeCpu(child.pid) - cpuBefore;
  await measureNow();
  child.stdin.end();
  const ended = await child.ended;
  if (ended !== 'exit code 0') ledger.error('the daemon ended', ended);
  await sleep(500);
  const left = marked(mark);
  if (left.length > 0) ledger.error('processes are left', left.join(', '));
  killAll(left);
  const temporary = await readdir(join(folder, 'tmp'));
  if (temporary.length > 0) ledger.error('temporary files are left', temporary.join(', '));

  const statuses = ledger.compare(join(folder, 'data/mcp-daemon.db'), pushes.known);
  const [first, last] = [measured[0], measured.at(-1)];
  if (last.heap - first.heap > FLAT_MB) ledger.error('memory is not flat', `${digits(last.heap - first.heap)} MB more heap`);
  if (last.files - first.files > FLAT_FILES)
    ledger.error('open files are not flat', `${last.files - first.files} more in the daemon`);
  if (last.launcherFiles - first.launcherFiles > FLAT_FILES)
    ledger.error('open files are not flat', `${last.launcherFiles - first.launcherFiles} more in the launcher`);
  const stderr = await readFile(join(folder, 'stderr'), 'utf8');
  for (const line of stderr.split('\n').filter((each) => each !== '' && !each.startsWith('{')))
    ledger.error('the daemon printed', line.slice(0, 300));

  const report = [
    `# Soak of processes: ${ALL.length} bundles, ${digits(spent)} s`,
    `${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC. Node ${process.version}. ${machine()}.`,
    table(
      ['what', 'count'],
      [
        ['calls', ledger.calls.size],
        ['CPU of all processes, cores', digits(cpu / spent)],
        ...[...statuses].map(([status, count]) => [`records: ${status}`, count]),
        ...[...ledger.counts].sort(([a], [b]) => (a < b ? -1 : 1)),
        ...[...truth.reasons].map(([reason, count]) => [`the process … ${reason}`, count]),
      ],
    ),
    table(
      ['after', 'heap and Buffers, MB', 'RSS, MB', 'RSS of the launcher, MB', 'files', 'files of the launcher', 'children'],
      measured.map(({ at, heap, rss, launcher, files, launcherFiles, children }) => [
        ...[`${at} s`, digits(heap), digits(rss), digits(launcher), files, launcherFiles, children],
      ]),
    ),
    ledger.failed ? `Errors:\n\n${ledger.errorLines().join('\n')}` : 'No error.',
  ].join('\n\n');
  process.stdout.write(`${report}\n`);
  if (values.out !== undefined) await writeFile(values.out, `${report}\n`);
  if (ledger.failed) process.exitCode = 1;
} finally {
  stopAll();
  killAll(marked(mark));
  if (values.keep !== true) await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  else log(`kept: ${folder}`);
}
