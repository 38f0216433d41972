/**
 * Retries and tasks: what a key of idempotency adds to a call, what a task costs beside the same call, and how soon a task can be looked at.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { bin, writeConfig } from '../lib/contenders.mjs';
import { undisturbed, watch } from '../lib/machine.mjs';
import { table } from '../lib/markdown.mjs';
import { TASKS } from '../lib/messages.mjs';
import { treeCpu } from '../lib/proc.mjs';
import { Samples } from '../lib/rounds.mjs';
import { withFiles, withServer } from '../lib/server.mjs';
import { percentile, ratios, span, summary } from '../lib/stats.mjs';

const WINDOW = 64;
const LIMIT_MS = 60_000;
/** Calls of a server in a round, relative to the throughput suite. */
const CALLS = 0.25;
/** Calls that warm the server up, relative to the measured ones. */
const WARM = 4;
/** Measurements of each kind in a round, in turn; their median counts. */
const TURNS = 3;
/** A server has done its delayed work, such as the import of records, when it uses less CPU than this in the time after it. */
const IDLE_SECONDS = 0.003;
const LOOK_MS = 200;
const MAX_LOOKS = 50;
const LOOKS = 200;
/** Only so many tasks of one user are kept: those of one measurement are gone before the next one begins. */
const TASK_TTL_MS = 1_000;
const BUDGETS = { key: 1.3, task: 2.5 };
const LOOK_BUDGET_MS = 5;

/** The names of a tool that is answered with a task, and of one that also runs for a while. */
const TASK = 'add_in_a_task';
const SLOW = 'add_slowly';

const KINDS = {
  plain: { title: 'a call', options: {} },
  key: { title: 'with a key that is new', options: { meta: () => ({ 'io.mcp-daemon/idempotencyKey': randomUUID() }) } },
  task: {
    title: 'as a task that ends at once',
    options: { tool: TASK, meta: () => TASKS, isRight: ({ result }) => result?.resultType === 'task' },
  },
};

const contenders = ['memory', 'sqlite'].map((store) => ({
  title: store === 'sqlite' ? 'SQLite' : store,
  era: 'modern',
  async prepare(folder) {
    const link = { task: 'required', task_ttl_ms: TASK_TTL_MS };
    await writeConfig(folder, 2, undefined, { [TASK]: link, [SLOW]: { ...link, function_name: SLOW } });
    const files = ['--config', `${folder}/mcp.json`, '--data-dir', `${folder}/data`];
    return [bin, '--transport', 'stdio', ...files, '--store', store];
  },
}));

/** Waits until a server has done what it has delayed, so that this work is measured, too, with the calls that made it. */
async function idle(pid) {
  let before = treeCpu(pid);
  for (let look = 0; look < MAX_LOOKS; look += 1) {
    await sleep(LOOK_MS);
    const now = treeCpu(pid);
    if (!(now - before > IDLE_SECONDS)) return;
    before = now;
  }
}

/** CPU per call in µs. */
async function cpuOf(client, pid, options, count) {
  const end = watch(pid);
  await client.load({ ...options, count, window: WINDOW, limitMs: LIMIT_MS });
  await idle(pid);
  const { server, otherCores } = end();
  await sleep(TASK_TTL_MS);
  return { cpu: (server / count) * 1e6, otherCores };
}

async function measure(contender, count, temporary) {
  return withFiles(contender, { temporary }, (args) =>
    withServer(contender, args, async (client, { pid }) => {
      await client.open();
      for (let turn = 0; turn < WARM; turn += 1)
        for (const { options } of Object.values(KINDS)) await cpuOf(client, pid, options, count);
      const sample = { otherCores: 0 };
      const turns = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, []]));
      for (let turn = 0; turn < TURNS; turn += 1)
        for (const [kind, { options }] of Object.entries(KINDS)) {
          const { cpu, otherCores } = await cpuOf(client, pid, options, count);
          turns[kind].push(cpu);
          sample.otherCores = Math.max(sample.otherCores, otherCores);
        }
      for (const kind of Object.keys(KINDS)) sample[kind] = percentile(turns[kind], 0.5);
      const looks = [];
      for (let look = 0; look < LOOKS; look += 1) looks.push(await client.timeToTask(SLOW));
      return { ...sample, look: percentile(looks, 0.5) };
    }),
  );
}

export async function retries({ rounds, n, temporary, log }) {
  const samples = new Samples(contenders);
  const count = Math.ceil(n * CALLS);
  for (let round = 0; round < rounds; round += 1)
    await samples.round(
      round,
      (contender) => undisturbed(() => measure(contender, count, temporary)),
      (text) => log(`retries: ${text}`),
    );
  const of = (contender, kind) => samples.of(contender, (sample) => sample[kind]);
  const byPlain = (contender, kind) => ratios(of(contender, kind), of(contender, 'plain'));
  return {
    text: [
      `## Retries and tasks: ${count} calls with ${WINDOW} running, ${rounds} rounds`,
      table(
        ['CPU µs/call', ...contenders.flatMap(({ title }) => [title, 'x a call'])],
        Object.entries(KINDS).map(([kind, { title }]) => [
          title,
          ...contenders.flatMap((contender) => [span(of(contender, kind)), span(byPlain(contender, kind))]),
        ]),
      ),
      `From the call to the answer of tasks/get, one at a time, p50 in ms: ${contenders
        .map((contender) => `${contender.title} ${span(of(contender, 'look'))}`)
        .join(', ')}.`,
    ].join('\n\n'),
    failures: samples.failures,
    budgets: contenders.flatMap((contender) => [
      ...Object.entries(BUDGETS).map(([kind, limit]) => ({
        what: `CPU of a call ${KINDS[kind].title}, by a call: ${contender.title}`,
        budget: `${limit} x`,
        limit,
        measured: summary(byPlain(contender, kind)),
      })),
      {
        what: `ms from a call to the answer of tasks/get: ${contender.title}`,
        budget: `${LOOK_BUDGET_MS} ms`,
        limit: LOOK_BUDGET_MS,
        measured: summary(of(contender, 'look')),
      },
    ]),
  };
}
