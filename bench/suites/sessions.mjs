/**
 * Memory over HTTP, after a GC: idle sessions, open streams, what is left of sessions that clients abandoned without DELETE,
 * and calls.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { path } from '../lib/contenders.mjs';
import { Connection, headersOf, openSession } from '../lib/http-client.mjs';
import { httpContenders } from '../lib/http-contenders.mjs';
import { withHttpServer } from '../lib/http-server.mjs';
import { table } from '../lib/markdown.mjs';
import { request } from '../lib/messages.mjs';
import { Samples } from '../lib/rounds.mjs';
import { middle, span, summary } from '../lib/stats.mjs';

const SESSIONS = 1_000;
const WARM_SESSIONS = 100;
const OPENERS = 16;
const LEFT = 10_000;
const LEFT_IDLE_MS = 2_000;
const LEFT_WAIT_MS = 20_000;
const CALLS = 20_000;
const STREAM_MS = 10_000;
const KB = 1024;
/** A stream of the modern era has no session, so its budget is that of a session and its stream together. */
const BUDGETS = { session: 3, stream: 8, megabytes: 1, alone: 3 + 8 };

const measured = httpContenders.filter(({ group }) => ['floor', 'sdk', 'sqlite'].includes(group));
const node = ['--expose-gc', '--import', path('../servers/memory-hook.mjs')];

/** Bytes of heap in use. */
async function heap({ child }) {
  await sleep(300); // let the last answers be written
  let least = Infinity;
  for (let look = 0; look < 3; look += 1) {
    child.send('memory');
    const [usage] = await once(child, 'message');
    least = Math.min(least, usage.heapUsed);
  }
  return least;
}

/** Opens sessions of all users over a few connections. @returns each session, and the server as its user sees it */
async function openSessions(server, count) {
  const sessions = [];
  await Promise.all(
    Array.from({ length: OPENERS }, async () => {
      const connection = new Connection(server.url);
      while (sessions.length < count) {
        const mine = { as: server.as(sessions.length) };
        sessions.push(mine);
        mine.session = await openSession(connection, mine.as);
      }
      connection.destroy();
    }),
  );
  return sessions;
}

/** Opens a stream and keeps it open: the stream of a session, or of `subscriptions/listen`. */
async function openStream({ as: server, session }) {
  const connection = new Connection(server.url);
  const isModern = server.era === 'modern';
  const method = isModern ? 'subscriptions/listen' : 'GET';
  const body = isModern ? request('modern', 1, method, { notifications: { toolsListChanged: true } }) : '';
  const head = headersOf(server, method, { session });
  await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the stream did not open')), STREAM_MS);
    const done = (answer) => {
      clearTimeout(late);
      if (answer?.status !== undefined && answer.status !== 200) reject(new Error(`the stream: ${answer.status}`));
      else resolve();
    };
    const told = isModern ? { onBody: () => done() } : { onHead: done, onBody: () => undefined };
    connection.request(isModern ? 'POST' : 'GET', head, body, told).then(() => done({ status: 'ended' }), reject);
  });
  return connection;
}

async function idle(server) {
  const warm = await openSessions(server, WARM_SESSIONS);
  const streams = [];
  for (const each of warm) streams.push(await openStream(each));
  const before = await heap(server);
  const sessions = await openSessions(server, SESSIONS);
  const withSessions = await heap(server);
  for (const each of sessions) streams.push(await openStream(each));
  const withStreams = await heap(server);
  for (const stream of streams) stream.destroy();
  return {
    session: server.era === 'modern' ? NaN : (withSessions - before) / SESSIONS / KB,
    stream: (withStreams - withSessions) / SESSIONS / KB,
  };
}

/** Abandons sessions. @returns megabytes that are still in use after they have timed out */
async function left(server) {
  await openSessions(server, WARM_SESSIONS);
  await sleep(LEFT_IDLE_MS * 2);
  const before = await heap(server);
  await openSessions(server, LEFT);
  const most = (await heap(server)) - before;
  let after = most;
  for (const until = performance.now() + LEFT_WAIT_MS; performance.now() < until && after > KB * KB; await sleep(1_000))
    after = (await heap(server)) - before;
  return { leftMost: most / KB / KB, left: after / KB / KB };
}

/** Makes many calls, twice. @returns megabytes that the second half added */
async function calls(server) {
  const some = () => server.load({ count: CALLS, connections: OPENERS, limitMs: 60_000 });
  await some();
  const before = await heap(server);
  const { times } = await some();
  const after = await heap(server);
  return { calls: (after - before) / KB / KB, perCall: (after - before) / times.length };
}

async function measure(contender, temporary) {
  const options = { temporary, node, ipc: true };
  const sample = await withHttpServer(contender, options, idle);
  Object.assign(sample, await withHttpServer(contender, options, calls));
  // Only our server ends idle sessions.
  if (contender.group === 'sqlite' && contender.era === 'legacy') {
    const more = ['--session-idle-ms', String(LEFT_IDLE_MS), '--max-sessions', String(2 * LEFT)];
    Object.assign(sample, await withHttpServer(contender, { ...options, more }, left));
  }
  return sample;
}

export async function sessions({ rounds, temporary, log }) {
  const samples = new Samples(measured);
  for (let round = 0; round < rounds; round += 1) {
    await samples.round(
      round,
      (contender) => measure(contender, temporary),
      (text) => log(`sessions: ${text}`),
    );
  }

  const figure = (contender, name) => samples.of(contender, (sample) => sample[name] ?? NaN);
  const rows = measured.map((contender) => [
    contender.title,
    span(figure(contender, 'session')),
    span(figure(contender, 'stream')),
    span(figure(contender, 'perCall')),
    middle(figure(contender, 'leftMost')),
    span(figure(contender, 'left')),
  ]);
  const ours = measured.filter(({ group }) => group === 'sqlite');
  const budget = (contender, name, what, text, limit) => ({
    what: `${what}: ${contender.title}`,
    budget: `at most ${text}`,
    limit,
    measured: summary(figure(contender, name)),
  });
  return {
    text: [
      `## Memory over HTTP, after a collection: ${rounds} rounds`,
      table(
        [
          'server',
          'KB/idle session',
          '+ KB/open stream',
          'bytes/call',
          `MB with ${LEFT} abandoned sessions`,
          'MB when they are over',
        ],
        rows,
      ),
      `A stream is that of a session, or one of subscriptions/listen. Bytes a call: what ${CALLS} calls add to ${CALLS} before.`,
    ].join('\n\n'),
    failures: samples.failures,
    budgets: ours.flatMap((contender) => [
      ...(contender.era === 'legacy'
        ? [
            budget(contender, 'session', 'heap of an idle session', '3 KB', BUDGETS.session),
            budget(contender, 'stream', 'heap of its open stream', '8 KB more', BUDGETS.stream),
            budget(contender, 'left', `heap after ${LEFT} abandoned sessions`, 'begin + 1 MB', BUDGETS.megabytes),
          ]
        : [budget(contender, 'stream', 'heap of a stream without a session', '3 + 8 KB', BUDGETS.alone)]),
      budget(contender, 'calls', `heap after ${CALLS} more calls`, '1 MB more', BUDGETS.megabytes),
    ]),
  };
}
