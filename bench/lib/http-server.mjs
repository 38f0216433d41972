/**
 * Starts and stops an HTTP server under test.
 */
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePort } from '../../scripts/lib.mjs';
import { Connection, headersOf, httpLoad, jsonOf, openSession } from './http-client.mjs';
import { userHeaders } from './http-users.mjs';
import { request, textOf } from './messages.mjs';
import { start, stop } from './processes.mjs';

const START_MS = 20_000;
const SAID_KEPT = 2_000;

async function listening(port, ended) {
  for (const until = performance.now() + START_MS; performance.now() < until; await sleep(10)) {
    const socket = connect({ host: '127.0.0.1', port });
    const found = await Promise.race([
      once(socket, 'connect').then(
        () => true,
        () => false,
      ),
      ended.then((why) => why),
    ]);
    socket.destroy();
    if (found === true) return;
    if (found !== false) throw new Error(`the server has ended: ${found}`);
  }
  throw new Error('the server does not listen');
}

/** Checks that a server answers correctly. @returns the size of an answer in bytes */
async function check(server) {
  const connection = new Connection(server.url);
  const session = await openSession(connection, server);
  const call = async (name, args) => {
    const body = request(server.era, 7, 'tools/call', { name, arguments: args });
    const answer = await connection.request('POST', headersOf(server, 'tools/call', { session, name }), body);
    return { text: textOf(jsonOf(answer.body)), bytes: answer.body.length };
  };
  try {
    const { text } = await call('hello', { name: 'bench' });
    if (text !== 'Hello, BENCH!') throw new Error(`hello answered ${text}`);
    return (await call('add_numbers', { a: 2, b: 40 })).bytes;
  } finally {
    connection.destroy();
  }
}

/**
 * Starts a server, calls `work` with what its clients need, and stops it.
 *
 * @param node arguments of node itself
 * @param more further arguments of the server
 */
export async function withHttpServer(contender, { temporary, node = [], more = [], ipc = false }, work) {
  const folder = await mkdtemp(join(temporary, 'server-'));
  const log = join(folder, 'stderr');
  const errors = await open(log, 'a');
  try {
    const port = await freePort();
    const args = await contender.prepare(folder, port, contender.era);
    const child = start([...node, ...args, ...more], { errors: errors.fd, ipc, env: contender.env });
    child.stdout.resume();
    try {
      await listening(port, child.ended);
      const origin = `http://127.0.0.1:${port}`;
      const auths = contender.users ? userHeaders() : [{}];
      const server = { child, pid: child.pid, origin, url: `${origin}/mcp`, era: contender.era, auth: auths[0], folder };
      /** The same server, as one of its users. */
      server.as = (index) => ({ ...server, auth: auths[index % auths.length] });
      server.bytes = await check(server);
      server.load = (options) => httpLoad(server, options);
      return await work(server);
    } catch (error) {
      const said = (await readFile(log, 'utf8')).slice(-SAID_KEPT);
      throw new Error(`${error.message} ${said}`.trim(), { cause: error });
    } finally {
      await stop(child, 'SIGTERM');
    }
  } finally {
    await errors.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}
