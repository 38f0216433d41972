/** The official client of the Tasks extension (`@modelcontextprotocol/ext-tasks`), on stdio and over HTTP. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import type { ApplicationInputHandler, TaskEnabledSession } from '@modelcontextprotocol/ext-tasks/client';
import { createTaskSessionFromClient, resultFromTaskOutcome } from '@modelcontextprotocol/ext-tasks/client';

import type { HomeServer } from '../interop/served.js';
import { fetchHere, serveHome } from '../interop/served.js';
import type { Home } from '../interop/sidecar.js';
import { createHome, environment } from '../interop/sidecar.js';

const TASKS = 'io.modelcontextprotocol/tasks';
const framing = {
  protocolVersion: '2026-07-28',
  clientInfo: { name: 'ext-tasks', version: '0.2.2' },
  clientCapabilities: { elicitation: {}, extensions: { [TASKS]: {} } },
};

interface Message {
  id?: string | number;
  method: string;
  params: { name?: string; taskId?: string };
  result?: unknown;
  error?: { code: number; message: string };
}

type Dispatched = { kind: 'result'; result: never } | { kind: 'error'; error: { code: number; message: string } };

const dispatched = ({ result, error }: Message): Dispatched =>
  error === undefined ? { kind: 'result', result: result as never } : { kind: 'error', error };

/** One connection: the SDK's client, and a way to send what it cannot. */
interface Connection {
  client: Client;
  send(message: Message): Promise<Dispatched>;
}

const newClient = (): Client =>
  new Client(
    { name: 'ext-tasks', version: '0.2.2' },
    { capabilities: framing.clientCapabilities, versionNegotiation: { mode: 'auto' } },
  );

let home: Home;
let server: HomeServer;
let nextId = 0;

beforeAll(async () => {
  home = await createHome();
  server = await serveHome(home);
});
afterAll(async () => {
  await server.stop();
  await home.remove();
});

/** Over stdio both share the process, so that tasks are those of one server. */
async function overStdio(): Promise<Connection> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: home.args(),
    env: environment(),
    stderr: 'ignore',
  });
  const client = newClient();
  await client.connect(transport);
  const waiting = new Map<string, (message: Message) => void>();
  const { onmessage } = transport;
  transport.onmessage = (message, ...more) => {
    const { id } = message as Message;
    const resolve = typeof id === 'string' ? waiting.get(id) : undefined;
    if (resolve === undefined) onmessage?.call(transport, message, ...more);
    else resolve(message as Message);
  };
  return {
    client,
    async send(message) {
      const id = `raw-${(nextId += 1)}`;
      const answer = new Promise<Message>((resolve) => waiting.set(id, resolve));
      await transport.send({ jsonrpc: '2.0', ...message, id } as never);
      return dispatched(await answer);
    },
  };
}

async function overHttp(): Promise<Connection> {
  const client = newClient();
  await client.connect(new StreamableHTTPClientTransport(new URL(server.http), { fetch: fetchHere }));
  return {
    client,
    async send(message) {
      const { method, params } = message;
      const response = await fetchHere(server.http, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-protocol-version': framing.protocolVersion,
          'mcp-method': method,
          ...(params.name === undefined ? {} : { 'mcp-name': params.name }),
          ...(params.taskId === undefined ? {} : { 'mcp-name': params.taskId }),
        },
        body: JSON.stringify({ jsonrpc: '2.0', ...message, id: (nextId += 1) }),
      });
      return dispatched((await response.json()) as Message);
    },
  };
}

describe.each([
  ['stdio', overStdio],
  ['HTTP', overHttp],
])('the client of ext-tasks over %s', (_, connect) => {
  let connection: Connection;
  let session: TaskEnabledSession;
  const asked: unknown[] = [];

  beforeAll(async () => {
    connection = await connect();
    const answer = { action: 'accept', content: { confirm: true, name: 'Alice' } };
    session = createTaskSessionFromClient(connection.client, {
      endpointId: 'everything',
      rawDispatch: (request) => connection.send(request as unknown as Message),
      v2RequestFraming: framing,
      onInputRequest: ((request: { params: unknown }) => {
        asked.push(request.params);
        return Promise.resolve(answer);
      }) as unknown as ApplicationInputHandler['handle'],
    });
  });
  afterAll(async () => {
    await session.close();
    await connection.client.close();
  });

  const outcomeOf = async (name: string, args: Record<string, string | number> = {}) => {
    const execution = await session.callTool(name, args);
    return { kind: execution.kind, ...(await execution.settle()) };
  };

  it('knows that the server has tasks', () => {
    expect(session.capabilities).toMatchObject({ execution: true, cancellation: true, inputResponses: true });
  });

  it('gets the result of a call that is no task', async () => {
    const { kind, outcome } = await outcomeOf('greet', { name: 'World' });
    expect(kind).toBe('immediate');
    expect(resultFromTaskOutcome(outcome)).toMatchObject({ content: [{ type: 'text', text: 'Hello, World!' }] });
  });

  it('gets the result of a task', async () => {
    const { kind, outcome } = await outcomeOf('slow_compute', { seconds: 0.3, label: 'much' });
    expect(kind).toBe('task');
    expect(resultFromTaskOutcome(outcome)).toMatchObject({ content: [{ text: 'Computed much in 0.3 s' }] });
  });

  it('tells an error for the model from an error of the protocol', async () => {
    const failed = await outcomeOf('failing_job');
    expect(failed.outcome).toMatchObject({ status: 'completed', result: { isError: true } });
    const broken = await outcomeOf('protocol_error_job');
    expect(broken.outcome).toMatchObject({ status: 'failed', error: { code: -32603 } });
  });

  it('answers questions in a task, one and several, and before it', async () => {
    asked.length = 0;
    expect(resultFromTaskOutcome((await outcomeOf('confirm_delete', { filename: 'a.txt' })).outcome)).toMatchObject({
      content: [{ text: 'Deleted a.txt' }],
    });
    expect(resultFromTaskOutcome((await outcomeOf('multi_input')).outcome)).toMatchObject({
      content: [{ text: 'Alice and Alice' }],
    });
    expect(resultFromTaskOutcome((await outcomeOf('test_tool_with_task')).outcome)).toMatchObject({
      content: [{ text: 'Hello, Alice!' }],
    });
    expect(asked).toHaveLength(4);
  });

  it('cancels a task, and takes one up again by its id', async () => {
    const execution = await session.callTool('slow_compute', { seconds: 60 });
    await execution.cancel();
    expect(await execution.result()).toMatchObject({ status: 'cancelled' });
    const other = await session.callTool('slow_compute', { seconds: 0.5, label: 'again' });
    if (other.kind !== 'task') throw new Error('not a task');
    const { taskId } = other.handle;
    await other.detach();
    const controller = session.task(taskId);
    expect(await controller.snapshot()).toMatchObject({ taskId, suggestedPollIntervalMs: 100, retentionMs: 3_600_000 });
    expect(resultFromTaskOutcome(await controller.result())).toMatchObject({ content: [{ text: 'Computed again in 0.5 s' }] });
  });
});
