/**
 * All that a client can see of a server with the tools of `complete-servers.ts`, as data: a test compares what it gives directly with what it
 * gives through a mount.
 */
import type { JsonObject } from '@mcp-daemon/core';
import type { Client, ClientOptions } from '@modelcontextprotocol/client';

import { until } from '../../../tests/until.js';
import { textOf } from './support.js';

/** How a client connects whose answers are compared. */
export const COMPARED: ClientOptions = {
  capabilities: { elicitation: { form: {}, url: {} }, sampling: { tools: {}, context: {} }, roots: {} },
  versionNegotiation: { mode: 'auto' },
};

/** What a server cannot do. */
export type Missing = 'template' | 'logs' | 'elicitation' | 'sampling';

/** The resource that changes when the tool `touch` is called. */
const NOTE = 'note://one';

/** A client that answers every question, and says what it was asked. */
function answering(client: Client, asked: unknown[]): void {
  client.setRequestHandler('elicitation/create', ({ params }) => {
    asked.push(params);
    return { action: 'accept', content: { name: 'Ada' } };
  });
  client.setRequestHandler('sampling/createMessage', ({ params }) => {
    asked.push(params);
    return { role: 'assistant', content: { type: 'text', text: 'a sample' }, model: 'm', stopReason: 'endTurn' };
  });
  client.setRequestHandler('roots/list', () => ({ roots: [] }));
}

/** The lists of a server. */
export async function listsOf(client: Client): Promise<JsonObject> {
  const has = client.getServerCapabilities() ?? {};
  const { tools } = await client.listTools();
  return {
    // Legacy servers say that a tool makes no tasks; so do we, by saying nothing.
    tools: tools.map(({ execution: _, ...tool }) => tool),
    resources: has.resources === undefined ? [] : (await client.listResources()).resources,
    templates: has.resources === undefined ? [] : (await client.listResourceTemplates()).resourceTemplates,
    // Without arguments, we send an empty list.
    prompts:
      has.prompts === undefined
        ? []
        : (await client.listPrompts()).prompts.map(({ arguments: given = [], ...prompt }) => ({ ...prompt, arguments: given })),
  };
}

/** Errors as they are answered: their numbers and texts. */
const outcome = (work: Promise<unknown>): Promise<unknown> =>
  work.catch(({ code, message, data }: { code: unknown; message: string; data: unknown }) => ({ code, message, data }));

/** Follows the resource, changes it, and counts what arrives. */
async function updatesOf(client: Client): Promise<string[]> {
  const updated: string[] = [];
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => void updated.push(params.uri));
  const stream = client.getProtocolEra() === 'modern' ? await client.listen({ resourceSubscriptions: [NOTE] }) : undefined;
  if (stream === undefined) await client.subscribeResource({ uri: NOTE });
  // A mount subscribes in the background.
  await until(async () => {
    await client.callTool({ name: 'touch', arguments: {} });
    return updated.length > 0;
  }, 'the update');
  if (stream === undefined) await client.unsubscribeResource({ uri: NOTE });
  else await stream.close();
  return updated.slice(0, 1);
}

/** Calls until each step of progress arrives: the SDKs drop those that they read in one piece with the result. @returns the steps, and the result */
async function progressOf(client: Client): Promise<unknown[]> {
  let seen: unknown[] = [];
  await until(
    async () => {
      const steps: unknown[] = [];
      seen = [steps, await client.callTool({ name: 'progress', arguments: {} }, { onprogress: (step) => steps.push(step) })];
      return steps.length === 3;
    },
    () => `three steps of progress: ${JSON.stringify(seen)}`,
  );
  return seen;
}

/** Cancels a call. @returns how many calls the server saw cancelled */
async function cancelledOf(client: Client): Promise<string> {
  const over = new AbortController();
  const running = client.callTool({ name: 'wait', arguments: {} }, { signal: over.signal }).then(
    () => 'answered',
    () => 'gave up',
  );
  const counts = async (): Promise<{ started: number; cancelled: number }> =>
    JSON.parse(textOf(await client.callTool({ name: 'waited', arguments: {} }))) as never;
  const before = await counts();
  await until(async () => (await counts()).started > 0, 'the call at the server');
  over.abort();
  await until(async () => (await counts()).cancelled > before.cancelled, 'the cancellation at the server');
  return running;
}

/** Without the name of the server in `_meta` of each result (modern era): that of a mount is another one. */
function withoutName(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutName);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value)
    .filter(([key]) => key !== 'io.modelcontextprotocol/serverInfo')
    .map(([key, member]): [string, unknown] => [key, withoutName(member)])
    .filter(([key, member]) => key !== '_meta' || Object.keys(member as object).length > 0);
  return Object.fromEntries(members);
}

/** All that a client sees, but for names that the server does not know: a mount answers those itself. @param without what the server cannot do */
export async function seenBy(client: Client, without: readonly Missing[] = []): Promise<JsonObject> {
  const asked: unknown[] = [];
  answering(client, asked);
  const isModern = client.getProtocolEra() === 'modern';
  const call = (name: string, args: JsonObject = {}, options = {}): Promise<unknown> =>
    outcome(client.callTool({ name, arguments: args as Record<string, never> }, options));
  const logged: unknown[] = [];
  const seen: JsonObject = {
    instructions: client.getInstructions(),
    lists: await listsOf(client),
    echo: await call('echo', { text: 'hi' }),
    wrong: await call('echo', { text: 5 }),
    progressed: await progressOf(client),
    fails: await call('fails'),
    note: await outcome(client.readResource({ uri: NOTE })),
    greeting: await outcome(client.getPrompt({ name: 'greet', arguments: { who: 'Ada' } })),
    noArgument: await outcome(client.getPrompt({ name: 'greet', arguments: {} })),
    updates: await updatesOf(client),
    cancelled: await cancelledOf(client),
  };
  if (!without.includes('elicitation')) seen['elicited'] = await call('ask');
  if (!without.includes('sampling')) seen['sampled'] = await call('sample');
  if (!without.includes('template')) {
    seen['item'] = await outcome(client.readResource({ uri: 'item://7' }));
    const ref = { type: 'ref/resource', uri: 'item://{id}' } as const;
    seen['completed'] = await outcome(client.complete({ ref, argument: { name: 'id', value: '1' } }));
  }
  if (!without.includes('logs')) {
    client.setNotificationHandler('notifications/message', ({ params }) => void logged.push(params));
    if (!isModern) await client.setLoggingLevel('warning');
    const _meta = isModern ? { 'io.modelcontextprotocol/logLevel': 'warning' } : {};
    await client.callTool({ name: 'logs', arguments: {}, _meta });
    await until(() => logged.length > 0, 'the log messages');
    seen['logged'] = logged;
  }
  return withoutName({ ...seen, asked }) as JsonObject;
}
