/**
 * Growth: the cost of a call, of the whole list, of a start and of memory as the catalog grows.
 */
import { contenders, floorOf } from '../lib/contenders.mjs';
import { undisturbed, watch } from '../lib/machine.mjs';
import { table } from '../lib/markdown.mjs';
import { treeMegabytes } from '../lib/proc.mjs';
import { Samples } from '../lib/rounds.mjs';
import { withFiles, withServer } from '../lib/server.mjs';
import { middle, ratios, span, summary } from '../lib/stats.mjs';
import { lastTool } from '../servers/tools.mjs';

const SIZES = [10, 100, 1_000, 10_000];
const WINDOW = 64;
const LIMIT_MS = 20_000;
const ANSWER_MS = 120_000;
/** How many lists are timed (fewer if they are long), and for how long at most. */
const LISTED_TOOLS = 200_000;
const MAX_LISTS = 200;
const LIST_MS = 8_000;
/** Calls in one cell, relative to the throughput suite. */
const CALLS = 0.25;
/** The largest ratio that counts as flat: two runs of the same thing differ by as much. */
const FLAT = 1.25;
/** The largest ratio to the floor that counts as "list pages are already made": the floor does nothing else. */
const READY_BYTES = 2;

/** One of our stores and one era of the SDKs are enough, because only the catalog grows. */
const measured = contenders.filter(
  ({ group, era }) => group === 'floor' || group === 'sqlite' || (group === 'sdk' && era === 'legacy'),
);
const ours = measured.filter(({ group }) => group === 'sqlite');

async function lists(client, pid, tools) {
  const count = Math.max(3, Math.min(MAX_LISTS, Math.floor(LISTED_TOOLS / tools)));
  const { tools: found, pages } = await client.list();
  if (found.length !== tools || found.at(-1) !== lastTool(tools))
    throw new Error(`${found.length} of ${tools} tools were listed`);
  const end = watch(pid);
  let done = 0;
  for (const started = performance.now(); done < count && performance.now() - started < LIST_MS; done += 1) await client.list();
  const { seconds, server, otherCores } = end();
  return { pages, listMs: (seconds / done) * 1000, listCpuMs: (server / done) * 1000, otherCores };
}

async function calls(client, pid, tools, count) {
  const work = { tool: lastTool(tools), window: WINDOW, limitMs: LIMIT_MS };
  await client.load({ ...work, count });
  const end = watch(pid);
  const { times } = await client.load({ ...work, count });
  const { server, otherCores } = end();
  return { callCpu: (server / times.length) * 1e6, otherCores };
}

async function measure(contender, tools, count, temporary) {
  const work = async (client, { pid, startedAt }) => {
    await client.open();
    await client.add(lastTool(tools));
    const startMs = performance.now() - startedAt;
    const call = await calls(client, pid, tools, count);
    const list = await lists(client, pid, tools);
    const otherCores = Math.max(call.otherCores, list.otherCores);
    return { startMs, ...call, ...list, otherCores, megabytes: treeMegabytes(pid, 'VmRSS') };
  };
  return withFiles(contender, { temporary, tools }, (args) => withServer(contender, args, work, { timeoutMs: ANSWER_MS }));
}

/** One value for every contender and size. */
function growthTable(samples, title, name) {
  const of = (contender, size) => samples.get(size).of(contender, (sample) => sample[name]);
  const most = SIZES.at(-1);
  const rows = measured.map((contender) => [
    contender.title,
    ...SIZES.map((size) => middle(of(contender, size))),
    middle(ratios(of(contender, most), of(contender, SIZES[0]))),
    middle(ratios(of(contender, most), of(floorOf(contender), most))),
  ]);
  return `### ${title}\n\n${table(['server', ...SIZES.map((size) => `${size} tools`), 'grows by', `x floor at ${most}`], rows)}`;
}

export async function growth({ rounds, n, temporary, log }) {
  const samples = new Map(SIZES.map((size) => [size, new Samples(measured)]));
  const count = Math.ceil(n * CALLS);
  for (let round = 0; round < rounds; round += 1) {
    for (const [size, of] of samples) {
      const once = (contender) => undisturbed(() => measure(contender, size, count, temporary));
      await of.round(round, once, (text) => log(`growth, ${size} tools: ${text}`));
    }
  }

  const of = (contender, size, name) => samples.get(size).of(contender, (sample) => sample[name]);
  const [least, most] = [SIZES[0], SIZES.at(-1)];
  const otherCores = SIZES.flatMap((size) => measured.flatMap((contender) => of(contender, size, 'otherCores')));
  const pages = ours.map((contender) => middle(of(contender, most, 'pages'))).join(' and ');
  return {
    text: [
      `## Growth of the catalog: medians of ${rounds} rounds`,
      growthTable(samples, `tools/call of the last tool: server CPU µs (${WINDOW} running calls)`, 'callCpu'),
      growthTable(samples, 'tools/list, all pages: server CPU ms', 'listCpuMs'),
      growthTable(samples, 'tools/list, all pages: ms', 'listMs'),
      growthTable(samples, 'Spawn to the result of the last tool: ms', 'startMs'),
      growthTable(samples, 'RSS MB at the end', 'megabytes'),
      `Ours and the floor list 1,000 tools a page (${pages} pages at ${most}), the SDKs all in one. Other work at the same time: ${span(otherCores)} cores.`,
    ].join('\n\n'),
    failures: new Map(
      [...samples].flatMap(([size, { failures }]) =>
        [...failures].map(([{ title }, why]) => [{ title: `${title}, ${size} tools` }, why]),
      ),
    ),
    budgets: ours.flatMap((contender) => [
      {
        what: `tools/call, ${least} to ${most} tools: ${contender.title}`,
        budget: `flat: at most ${FLAT} x`,
        limit: FLAT,
        measured: summary(ratios(of(contender, most, 'callCpu'), of(contender, least, 'callCpu'))),
      },
      {
        what: `tools/list of ${most} tools, server CPU: ${contender.title}`,
        budget: `bytes already made: at most ${READY_BYTES} x the floor`,
        limit: READY_BYTES,
        measured: summary(ratios(of(contender, most, 'listCpuMs'), of(floorOf(contender), most, 'listCpuMs'))),
      },
    ]),
  };
}
