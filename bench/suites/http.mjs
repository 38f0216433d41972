/**
 * HTTP: tools/call over 32 keep-alive connections, each with its own session in the legacy era.
 */
import { groupOf, httpContenders } from '../lib/http-contenders.mjs';
import { withHttpServer } from '../lib/http-server.mjs';
import { undisturbed, watch } from '../lib/machine.mjs';
import { table } from '../lib/markdown.mjs';
import { treeMegabytes } from '../lib/proc.mjs';
import { Samples } from '../lib/rounds.mjs';
import { middle, percentile, ratios, span, summary } from '../lib/stats.mjs';

const CONNECTIONS = 32;
const LIMIT_MS = 20_000;
const WARM = 0.2;
/** Calls in one cell, relative to the throughput suite. */
const CALLS = 0.5;
const BY_FLOOR = { sqlite: 0.6, silent: 0.7 };
const TAIL = 1.5;
const BY_SDK = 3;

async function measure(contender, count, temporary) {
  return withHttpServer(contender, { temporary }, async ({ load, pid, bytes }) => {
    const work = { connections: CONNECTIONS, limitMs: LIMIT_MS };
    await load({ ...work, count: Math.ceil(count * WARM) });
    const end = watch(pid);
    const { times, seconds } = await load({ ...work, count });
    const { server, driver, otherCores } = end();
    return {
      rate: times.length / seconds,
      p50: percentile(times, 0.5),
      p99: percentile(times, 0.99),
      cpu: (server / times.length) * 1e6,
      driverCpu: (driver / times.length) * 1e6,
      bytes,
      otherCores,
      megabytes: treeMegabytes(pid, 'VmRSS'),
    };
  });
}

export async function http({ rounds, n, temporary, log }) {
  const samples = new Samples(httpContenders);
  const count = Math.ceil(n * CALLS);
  for (let round = 0; round < rounds; round += 1) {
    await samples.round(
      round,
      (contender) => undisturbed(() => measure(contender, count, temporary)),
      (text) => log(`http: ${text}`),
    );
  }

  const figure = (contender, name) => samples.of(contender, (sample) => sample[name]);
  const floorOf = (contender) => groupOf('floor', contender)[0];
  const byFloor = (contender, name) => ratios(figure(contender, name), figure(floorOf(contender), name));
  /** For each round, the rate of the fastest server that is built on an SDK. */
  const bestSdk = (contender) => {
    const rates = groupOf('sdk', contender).map((sdk) => figure(sdk, 'rate'));
    return Array.from({ length: rounds }, (_, round) => Math.max(...rates.map((of) => of[round]).filter(Number.isFinite)));
  };
  const rows = httpContenders.map((contender) => [
    contender.title,
    span(figure(contender, 'rate')),
    span(byFloor(contender, 'rate')),
    span(figure(contender, 'cpu')),
    span(byFloor(contender, 'cpu')),
    middle(figure(contender, 'p50')),
    middle(figure(contender, 'p99')),
    middle(figure(contender, 'megabytes')),
    middle(figure(contender, 'bytes')),
    middle(figure(contender, 'driverCpu')),
    middle(figure(contender, 'otherCores')),
  ]);
  const head = ['server', 'calls/s', 'by floor', 'CPU µs/call', 'x floor', 'p50 ms', 'p99 ms', 'RSS MB', 'answer bytes'];
  return {
    text: [
      `## HTTP, ${CONNECTIONS} connections: ${count} calls, ${rounds} rounds`,
      table([...head, 'driver CPU µs', 'other work, cores'], rows),
    ].join('\n\n'),
    failures: samples.failures,
    budgets: httpContenders
      .filter(({ group }) => group in BY_FLOOR)
      .flatMap((contender) => [
        {
          what: `HTTP calls/s, authenticated and recorded: ${contender.title}`,
          budget: `at least ${BY_FLOOR[contender.group]} of bare node:http`,
          atLeast: BY_FLOOR[contender.group],
          measured: summary(byFloor(contender, 'rate')),
        },
        {
          what: `HTTP p99, authenticated and recorded: ${contender.title}`,
          budget: `at most ${TAIL} x bare node:http`,
          limit: TAIL,
          measured: summary(byFloor(contender, 'p99')),
        },
        {
          what: `HTTP calls/s, authenticated and recorded: ${contender.title}`,
          budget: `at least ${BY_SDK} x the best on an SDK`,
          atLeast: BY_SDK,
          measured: summary(ratios(figure(contender, 'rate'), bestSdk(contender))),
        },
      ]),
  };
}
