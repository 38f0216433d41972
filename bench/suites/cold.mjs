/**
 * Cold start: from the spawn of a server to the first tool result, in the order of a host (handshake, tools/list, a call).
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { contenders, floorOf } from '../lib/contenders.mjs';
import { quiet } from '../lib/machine.mjs';
import { table } from '../lib/markdown.mjs';
import { treeCpu, treeMegabytes } from '../lib/proc.mjs';
import { Samples } from '../lib/rounds.mjs';
import { withFiles, withServer } from '../lib/server.mjs';
import { middle, ratios, span, summary } from '../lib/stats.mjs';

const BUDGET = 1.25;

async function startOnce(contender, args) {
  return withServer(contender, args, async (client, { pid, startedAt }) => {
    await client.open();
    const openMs = performance.now() - startedAt;
    await client.list();
    await client.add();
    const ms = performance.now() - startedAt;
    return { ms, openMs, cpuMs: treeCpu(pid) * 1000, megabytes: treeMegabytes(pid, 'VmHWM') };
  });
}

async function bareNode() {
  const started = performance.now();
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit');
  return performance.now() - started;
}

/** A contender keeps its files for all starts, as a user does. The first start creates the record, and is not counted. */
async function withAllFiles(remaining, options, work, known = new Map()) {
  const [contender, ...others] = remaining;
  if (contender === undefined) return work(known);
  return withFiles(contender, { ...options, tools: 2 }, (args) =>
    withAllFiles(others, options, work, known.set(contender, args)),
  );
}

export async function cold({ runs, temporary, log }) {
  const samples = new Samples(contenders);
  const bare = [];
  await withAllFiles(contenders, { temporary }, async (args) => {
    const measure = (contender) => startOnce(contender, args.get(contender));
    await new Samples(contenders).round(0, measure, () => {});
    for (let run = 0; run < runs; run += 1) {
      await quiet();
      bare.push(await bareNode());
      await samples.round(run, measure, () => {});
      log(`cold start: run ${run + 1} of ${runs}`);
    }
  });

  const figure = (contender, name) => samples.of(contender, (sample) => sample[name]);
  const byFloor = (contender) => ratios(figure(contender, 'ms'), figure(floorOf(contender), 'ms'));
  const rows = contenders.map((contender) => [
    contender.title,
    span(figure(contender, 'ms')),
    span(byFloor(contender)),
    middle(figure(contender, 'openMs')),
    span(figure(contender, 'cpuMs')),
    span(figure(contender, 'megabytes')),
  ]);
  return {
    text: [
      `## Cold start: spawn to the result of the first tool, ${runs} runs`,
      table(['server', 'ms', 'x floor', 'ms to the handshake', 'CPU ms', 'peak RSS MB'], rows),
      `\`node -e 0\` takes ${span(bare)} ms.`,
    ].join('\n\n'),
    failures: samples.failures,
    budgets: contenders
      .filter(({ group }) => group === 'sqlite')
      .map((contender) => ({
        what: `spawn to the first result, recorded: ${contender.title}`,
        budget: `at most ${BUDGET} x the floor`,
        limit: BUDGET,
        measured: summary(byFloor(contender)),
      })),
  };
}
