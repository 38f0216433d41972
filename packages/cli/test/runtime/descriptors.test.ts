import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

import { BIN, Sidecar, TempFolder, toolsConfig } from '../support.js';

const pino = pathToFileURL(createRequire(import.meta.url).resolve('pino')).href;

/** Ways to read stdin, by name. Each returns what it read. */
const READERS: Record<string, string> = {
  spawn_inherit: `return output(spawn('cat', { stdio: ['inherit', 'pipe', 'inherit'] }))`,
  spawn_all: `return output(spawn('cat', { stdio: 'inherit' }))`,
  spawn_number: `return output(spawn('cat', { stdio: [0, 'pipe', 2] }))`,
  spawn_sync: `return String(spawnSync('cat', { stdio: ['inherit', 'pipe', 'inherit'] }).stdout)`,
  exec_sync: `return String(execSync('cat', { stdio: ['inherit', 'pipe', 'inherit'] }))`,
  read_sync: `const bytes = Buffer.alloc(100); return bytes.toString('utf8', 0, fs.readSync(0, bytes))`,
  read_file: `return fs.readFileSync(0, 'utf8')`,
  read_path: `return fs.readFileSync('/dev/stdin', 'utf8')`,
  read_stream: `let text = ''; for await (const chunk of fs.createReadStream(null, { fd: 0 })) text += chunk; return text`,
  process_stdin: `let text = ''; for await (const chunk of process.stdin) text += chunk; return text`,
  worker_read: `return inWorker("const bytes = Buffer.alloc(100); parentPort.postMessage(bytes.toString('utf8', 0, fs.readSync(0, bytes)))")`,
  worker_spawn: `return inWorker("parentPort.postMessage(String(spawnSync('cat', { stdio: ['inherit', 'pipe', 'inherit'] }).stdout))")`,
};

/** Ways to print that do not use the fs module of the main thread. Each prints its name. */
const WRITERS: Record<string, string> = {
  worker_write: `return inWorker("fs.writeSync(1, 'way:worker_write\\\\n'); parentPort.postMessage('')")`,
  worker_console: `return inWorker("console.log('way:worker_console'); parentPort.postMessage('')")`,
  worker_spawned: `return inWorker("spawnSync('echo', ['way:worker_spawned'], { stdio: 'inherit' }); parentPort.postMessage('')")`,
  worker_in_worker: `return inWorker("new Worker(\\"require('node:fs').writeSync(1, 'way:worker_in_worker\\\\\\\\n')\\", { eval: true }).once('exit', () => parentPort.postMessage(''))")`,
  pino_worker: `const logger = pino(pino.transport({ target: 'pino/file', options: { destination: 1 } })); logger.info('way:pino_worker'); await new Promise((done) => logger.flush(done)); return ''`,
};

const MODULE = `
import fs from 'node:fs';
import { execSync, spawn, spawnSync } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import { pino } from ${JSON.stringify(pino)};
const output = (child) => new Promise((done) => {
  let text = '';
  child.stdout?.on('data', (chunk) => (text += chunk));
  child.once('close', () => done(text));
});
const PRELUDE = "const fs = require('node:fs'); const { spawnSync } = require('node:child_process'); const { parentPort, Worker } = require('node:worker_threads');";
const inWorker = (code) => new Promise((done, fail) => {
  const worker = new Worker(PRELUDE + code, { eval: true });
  worker.once('message', done);
  worker.once('error', fail);
});
${Object.entries({ ...READERS, ...WRITERS })
  .map(([name, code]) => `export async function ${name}() { ${code}; }`)
  .join('\n')}
export const echo = ({ text }) => text;
export const links = () => ['0', '1', '2'].map((fd) => fs.readlinkSync('/proc/self/fd/' + fd)).join(' ');
`;

/** How a host connects: Node's own child processes have sockets, those of a shell and of Python have pipes. */
const CONNECTIONS: Record<string, string> = {
  sockets: `exec "$0" "$@"`,
  pipes: `cat | "$0" "$@" 2> >(cat >&2) | cat`,
  'pipes, with stderr in a log file': `cat | "$0" "$@" 2>> log.txt | cat; cat log.txt >&2`,
  'pipes, with a socket as stderr': `cat | "$0" "$@" | cat`,
};

/** Starts a sidecar that is connected in one of these ways. */
async function connect(temp: TempFolder, connection: string): Promise<Sidecar> {
  const script = CONNECTIONS[connection] ?? '';
  const sidecar = new Sidecar(spawn('bash', ['-c', script, process.execPath, BIN], { cwd: temp.path, env: temp.env() }));
  await sidecar.request('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'test', version: '1' },
  });
  sidecars.add(sidecar);
  return sidecar;
}
const sidecars = new Set<Sidecar>();
/** Closes the connections, so that no process stays behind after a failure. */
afterAll(() => {
  for (const { child } of sidecars) child.stdin.destroy();
});

describe.each(Object.keys(CONNECTIONS))('a host connects by %s', (connection) => {
  const temp = new TempFolder();
  afterAll(() => temp.remove());

  it('user code never reads a message and never writes to stdout', async () => {
    const names = [...Object.keys(READERS), ...Object.keys(WRITERS), 'echo'];
    await temp.write('mcp.json', toolsConfig('ways', ...names));
    await temp.write('ways.mjs', MODULE);
    const sidecar = await connect(temp, connection);
    for (const name of Object.keys(READERS)) {
      const reading = sidecar.ask('tools/call', { name, arguments: {} });
      // Messages that arrive while the function reads are the server's.
      const echoes = Array.from({ length: 10 }, (_, at) => sidecar.call('echo', { text: `${name} ${at}` }));
      expect(await Promise.all(echoes)).toEqual(Array.from({ length: 10 }, (_, at) => `${name} ${at}`));
      expect([name, (await sidecar.answer(reading)).result?.content?.[0]?.text]).toEqual([name, '']);
    }
    for (const name of Object.keys(WRITERS)) expect([name, await sidecar.call(name)]).toEqual([name, '']);

    sidecar.child.stdin.end();
    expect((await sidecar.exited).code).toBe(0);
    expect(sidecar.strays).toEqual([]);
    expect(Object.keys(WRITERS).filter((name) => !sidecar.stderr.includes(`way:${name}`))).toEqual([]);
  });
});

const onLinux = process.platform === 'linux' ? it : it.skip;

describe('the file descriptors of a sidecar on Linux', () => {
  const temp = new TempFolder();
  afterAll(() => temp.remove());

  onLinux(
    '0 is /dev/null and 1 is a copy of 2 where the host connects by pipes, so native code cannot reach the protocol',
    async () => {
      await temp.write('mcp.json', toolsConfig('ways', 'links'));
      await temp.write('ways.mjs', MODULE);
      const sidecar = await connect(temp, 'pipes');
      const [stdin, stdout, stderr] = (await sidecar.call('links')).split(' ');
      expect(stdin).toBe('/dev/null');
      expect(stdout).toBe(stderr);
      sidecar.child.stdin.end();
      await sidecar.exited;
    },
  );
});
