/** Daemons over HTTP that share one store, each in a process of its own that a test may kill. */
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';

import { CREDENTIALS, startDynalite } from '../../packages/aws/test/support.js';
import { envelope } from '../interop/raw.js';
import { bin, environment } from '../interop/sidecar.js';

/** The stores that several daemons can share. */
export const STORES = ['SQLite', 'DynamoDB'];

/** What a client that knows tasks declares. */
const CAPABILITIES = { elicitation: {}, extensions: { 'io.modelcontextprotocol/tasks': {} } };

export type Result = Record<string, unknown>;

/** A daemon. */
export interface HttpDaemon {
  /** Makes a request of the modern era. @throws Error with the JSON of an error that is the answer */
  send(method: string, params: Result): Promise<Result>;
  /** Follows tasks. @returns the notifications so far, in order; more are added */
  listen(taskIds: string[]): Promise<Result[]>;
  /** `kill -9`. Resolves when the process is gone. */
  kill(): Promise<void>;
}

/** A store, and daemons on it. */
export interface SharedStore {
  serve(config: string): Promise<HttpDaemon>;
  /** Kills all daemons: some still run calls that take a minute. Then stops the store. */
  end(): Promise<void>;
}

/** Opens a store that is empty. @param dataDir where it is, if it is a file */
export async function openShared(kind: string, dataDir: string): Promise<SharedStore> {
  const env: Record<string, string> = { ...environment(), MCP_DATA_DIR: dataDir, MCP_RATE_LIMIT: '0' };
  const dynamo = kind === 'DynamoDB' ? await startDynalite() : undefined;
  if (dynamo !== undefined) {
    Object.assign(env, {
      ...{ MCP_STORE: 'dynamodb', REGION_NAME: 'eu-central-1', DYNAMODB_ENDPOINT: dynamo.endpoint },
      ...{ AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId, AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey },
    });
    await promisify(execFile)(process.execPath, [bin, 'store', 'init'], { env });
  }
  const daemons: HttpDaemon[] = [];
  return {
    async serve(config) {
      const daemon = await startDaemon(config, env);
      daemons.push(daemon);
      return daemon;
    },
    async end() {
      await Promise.all(daemons.map((daemon) => daemon.kill()));
      await dynamo?.stop();
    },
  };
}

async function startDaemon(config: string, env: Record<string, string>): Promise<HttpDaemon> {
  const args = ['--transport', 'sse', '--port', '0', '--auth-provider', 'none', '--config', config];
  const child = spawn(process.execPath, [bin, ...args], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      const found = /"msg":"listening on (http:[^"]+)"/.exec(log)?.[1];
      if (found !== undefined) resolve(`${found}/mcp`);
    });
    void ended.then(() => reject(new Error(`the daemon ended before it served: ${log}`)));
  });
  let nextId = 0;

  function post(method: string, params: Result): Promise<Response> {
    const named = params['name'] ?? params['taskId'];
    const headers: Record<string, string> = {
      ...{ 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      ...{ 'mcp-protocol-version': '2026-07-28', 'mcp-method': method },
      ...(typeof named === 'string' ? { 'mcp-name': named } : {}),
    };
    const meta = { ...envelope(CAPABILITIES), ...(params['_meta'] as object | undefined) };
    const body = JSON.stringify({ jsonrpc: '2.0', id: (nextId += 1), method, params: { ...params, _meta: meta } });
    return fetch(url, { method: 'POST', headers, body });
  }

  return {
    async send(method, params) {
      const text = await (await post(method, params)).text();
      // An answer that takes a while comes as the last event of a stream.
      const json = text.startsWith('{')
        ? text
        : (/^data: (.*)$/gm.exec(text.slice(text.lastIndexOf('\ndata: ') + 1))?.[1] ?? text);
      const { result, error } = JSON.parse(json) as { result?: Result; error?: Result };
      if (result === undefined) throw new Error(JSON.stringify(error));
      return result;
    },
    async listen(taskIds) {
      const told: Result[] = [];
      const response = await post('subscriptions/listen', { notifications: { taskIds } });
      const read = async (): Promise<void> => {
        let rest = '';
        for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
          const lines = (rest + Buffer.from(chunk).toString()).split('\n');
          rest = lines.pop() ?? '';
          for (const line of lines) {
            if (!line.startsWith('data: {')) continue;
            const { method, params } = JSON.parse(line.slice(6)) as { method?: string; params: Result };
            if (method === 'notifications/tasks') told.push(params);
          }
        }
      };
      void read().catch(() => undefined); // the daemon is stopped, or killed
      return told;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
