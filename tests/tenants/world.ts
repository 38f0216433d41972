/** A store with daemons and commands on it, each a process of the built command, as an operator starts them. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { PythonEngine } from '../../packages/aws/test/python-engine.js';
import { openPythonEngine } from '../../packages/aws/test/python-engine.js';
import { createBucket, CREDENTIALS, startDynalite, startFauxqs } from '../../packages/aws/test/support.js';
import { bin, environment } from '../interop/sidecar.js';

/** The admin's token, of at least 32 bytes. */
export const ADMIN = 'an-admin-token-for-the-tests-of-many-tenants';
export const BUCKET = 'payloads';

/** The engines that are there: DynamoDB Local where DYNAMODB_LOCAL has its address. */
const { DYNAMODB_LOCAL: local = '', RADOSGW: radosgw = '' } = process.env;
export const DYNAMO_ENGINES = local === '' ? ['dynalite'] : ['dynalite', 'DynamoDB Local'];
export const ALL_ENGINES = ['SQLite', ...DYNAMO_ENGINES];

/** What a command has printed, and its exit code. */
export interface Output {
  code: number;
  stdout: string;
  stderr: string;
}

/** A running daemon. */
export interface Server {
  /** Its address, without a path. */
  readonly url: string;
  /** What it has logged so far. */
  readonly log: () => string;
  /** Ends it. @returns its exit code */
  stop(): Promise<number>;
}

/** A store, and where its daemons run. */
export interface World {
  readonly engine: string;
  /** The folder of daemons and commands: modules are there. */
  readonly folder: string;
  readonly env: Record<string, string>;
  /** The tables and the bucket as the Python engine uses them. Not for SQLite. */
  readonly python: PythonEngine;
  readonly endpoints: { readonly dynamo: string; readonly s3: string };
  /** Writes a file into the folder. @returns its path */
  write(name: string, content: string | object): Promise<string>;
  /** Runs a command to its end. */
  run(...args: string[]): Promise<Output>;
  /** The same with a text on stdin. */
  runWith(input: string, ...args: string[]): Promise<Output>;
  /** Starts a daemon; other variables go before those of the world. */
  serve(env?: Record<string, string>, ...args: string[]): Promise<Server>;
  /** Ends all that runs. */
  remove(): Promise<void>;
}

/** Runs a process to its end. */
function output(child: ChildProcess): Promise<Output> {
  const made = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]?.setEncoding('utf8').on('data', (text: string) => void (made[name] += text));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code: code ?? -1, ...made })));
}

async function startServer(args: readonly string[], env: Record<string, string>, cwd: string): Promise<Server> {
  const child = spawn(process.execPath, [bin, '--port', '0', ...args], { env, cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      const found = /"msg":"listening on (http:[^"]+)"/.exec(log)?.[1];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new Error(`the daemon ended before it served: ${log}`)));
  });
  return {
    url: new URL(url).origin,
    log: () => log,
    stop() {
      child.kill();
      return ended;
    },
  };
}

/** Makes a store on one of the engines, empty, with the Python engine's tables. */
export async function createWorld(engine: string): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'mcp-daemon-tenants-'));
  const ends: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true, maxRetries: 3 })];
  const env: Record<string, string> = {
    ...environment(),
    HOME: folder,
    ADMIN_STATIC_TOKEN: ADMIN,
    JWT_SECRET_KEY: 'a-secret-of-the-tests-of-many-tenants',
    LOCAL_USER_FILE: join(folder, 'users.json'),
    MCP_DATA_DIR: join(folder, 'data'),
    MCP_RATE_LIMIT: '0',
  };
  let python: PythonEngine | undefined;
  const endpoints = { dynamo: '', s3: '' };
  if (engine !== 'SQLite') {
    const dynamo = engine === 'dynalite' ? await startDynalite() : undefined;
    if (radosgw === '') {
      const s3 = await startFauxqs(BUCKET);
      ends.unshift(s3.stop);
      endpoints.s3 = s3.endpoint;
    } else {
      await createBucket(radosgw, BUCKET).catch(() => undefined); // another test has made it
      endpoints.s3 = radosgw;
    }
    endpoints.dynamo = dynamo?.endpoint ?? local;
    if (dynamo !== undefined) ends.unshift(dynamo.stop);
    const opened = await openPythonEngine(endpoints.dynamo, endpoints.s3, BUCKET);
    ends.unshift(() => opened.close());
    python = opened;
    Object.assign(env, {
      ...{ MCP_STORE: 'dynamodb', REGION_NAME: 'eu-central-1', DYNAMODB_ENDPOINT: endpoints.dynamo },
      ...{ AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId, AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey },
      ...{ FUNCT_BUCKET_NAME: BUCKET, S3_ENDPOINT: endpoints.s3 },
    });
  }
  const servers = new Set<Server>();
  const world = {
    engine,
    folder,
    env,
    endpoints,
    get python() {
      if (python === undefined) throw new Error('SQLite has no tables of the Python engine');
      return python;
    },
    async write(name: string, content: string | object) {
      const path = join(folder, name);
      await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
      return path;
    },
    run: (...args: string[]) => world.runWith('', ...args),
    runWith(input: string, ...args: string[]) {
      const child = spawn(process.execPath, [bin, ...args], { env, cwd: folder });
      child.stdin.end(input);
      return output(child);
    },
    async serve(more: Record<string, string> = {}, ...args: string[]) {
      const server = await startServer(args, { ...env, ...more }, folder);
      servers.add(server);
      return server;
    },
    async remove() {
      await Promise.all([...servers].map((server) => server.stop()));
      for (const end of ends) await end();
    },
  };
  return world;
}
