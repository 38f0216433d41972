/**
 * Throughput: tools/call with 64 running calls, and one at a time.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { contenders, floorOf, groupOf } from '../lib/contenders.mjs';
import { undisturbed, watch } from '../lib/machine.mjs';
import { table } from '../lib/markdown.mjs';
import { treeMegabytes } from '../lib/proc.mjs';
import { Samples } from '../lib/rounds.mjs';
import { withFiles, withServer } from '../lib/server.mjs';
import { middle, percentile, ratios, span, summary } from '../lib/stats.mjs';

const WINDOW = 64;
const LIMIT_MS = 60_000;
/** Calls that warm the server up, relative to the measured ones. */
const WARM = 0.15;
/** Calls one at a time, relative to those with a window. */
const ALONE = 0.25;
/** Time for work that a server has delayed, so that this work is measured, too. */
const REST_MS = 500;
const BUDGETS = { sqlite: { limit: 3, text: 'recorded in SQLite' }, none: { limit: 2, text: 'not recorded' } };
const TAIL = 1.5;
const ONE_BY_ONE = 0.55;

async function cell(client, pid, count, window) {
  const end = watch(pid);
  const { times, seconds } = await client.load({ count, window, limitMs: LIMIT_MS });
  await sleep(REST_MS);
  const { server, driver, otherCores } = end();
  return {
    rate: times.length / seconds,
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    cpu: (server / times.length) * 1e6,
    driverCpu: (driver / times.length) * 1e6,
    otherCores,
  };
}

async function measure(contender, n, temporary) {
  return withFiles(contender, { temporary, tools: 2 }, (args) =>
    withServer(contender, args, async (client, { pid }) => {
      await client.open();
      await client.list();
      await client.hello();
      const bytes = await client.add();
      await client.load({ count: Math.ceil(n * WARM), window: WINDOW, limitMs: LIMIT_MS });
      const many = await cell(client, pid, n, WINDOW);
      const alone = await cell(client, pid, Math.ceil(n * ALONE), 1);
      return {
        many,
        alone,
        bytes,
        megabytes: treeMegabytes(pid, 'VmRSS'),
        otherCores: Math.max(many.otherCores, alone.otherCores),
      };
    }),
  );
}

export async function load({ rounds, n, temporary, log }) {
  const samples = new Samples(contenders);
  for (let round = 0; round < rounds; round += 1) {
    await samples.round(
      round,
      (contender) => undisturbed(() => measure(contender, n, temporary)),
      (text) => log(`load: ${text}`),
    );
  }

  const figure = (contender, window, name) => samples.of(contender, (sample) => sample[window][name]);
  const byFloor = (contender, window, name) => ratios(figure(contender, window, name), figure(floorOf(contender), window, name));
  const plain = (contender, name) => samples.of(contender, (sample) => sample[name]);
  const many = contenders.map((contender) => [
    contender.title,
    span(figure(contender, 'many', 'cpu')),
    span(byFloor(contender, 'many', 'cpu')),
    span(figure(contender, 'many', 'rate')),
    span(byFloor(contender, 'many', 'rate')),
    middle(figure(contender, 'many', 'p50')),
    middle(figure(contender, 'many', 'p99')),
    middle(plain(contender, 'megabytes')),
    middle(plain(contender, 'bytes')),
    middle(figure(contender, 'many', 'driverCpu')),
    middle(plain(contender, 'otherCores')),
  ]);
  const alone = contenders.map((contender) => [
    contender.title,
    span(figure(contender, 'alone', 'cpu')),
    span(byFloor(contender, 'alone', 'cpu')),
    span(figure(contender, 'alone', 'rate')),
    span(byFloor(contender, 'alone', 'rate')),
    middle(figure(contender, 'alone', 'p50')),
    middle(figure(contender, 'alone', 'p99')),
  ]);
  const common = ['server', 'CPU µs/call', 'x floor', 'calls/s', 'by floor', 'p50 ms', 'p99 ms'];
  return {
    text: [
      `## Throughput, ${WINDOW} running calls: ${n} calls, ${rounds} rounds`,
      table([...common, 'RSS MB', 'answer bytes', 'driver CPU µs', 'other work, cores'], many),
      `## Throughput, one call at a time: ${Math.ceil(n * ALONE)} calls, ${rounds} rounds`,
      table(common, alone),
    ].join('\n\n'),
    failures: samples.failures,
    budgets: [
      ...contenders
        .filter(({ group }) => group in BUDGETS)
        .map((contender) => ({
          what: `server CPU per call, ${BUDGETS[contender.group].text}: ${contender.title}`,
          budget: `at most ${BUDGETS[contender.group].limit} x the floor`,
          limit: BUDGETS[contender.group].limit,
          measured: summary(byFloor(contender, 'many', 'cpu')),
        })),
      ...contenders
        .filter(({ group }) => group === 'sqlite')
        .flatMap((contender) => [
          ...groupOf('none', contender).map((unrecorded) => ({
            what: `p99 with ${WINDOW} running calls, recorded by not recorded: ${contender.title}`,
            budget: `at most ${TAIL}`,
            limit: TAIL,
            measured: summary(ratios(figure(contender, 'many', 'p99'), figure(unrecorded, 'many', 'p99'))),
          })),
          {
            what: `calls/s one at a time, recorded: ${contender.title}`,
            budget: `at least ${ONE_BY_ONE} of the floor`,
            atLeast: ONE_BY_ONE,
            measured: summary(byFloor(contender, 'alone', 'rate')),
          },
        ]),
    ],
  };
}
