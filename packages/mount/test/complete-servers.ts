/** Servers of both SDKs with a tool for each thing that a server can do, for `compared.ts`. */
import { McpServer as McpServerV1, ResourceTemplate as TemplateV1 } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SubscribeRequestSchema, UnsubscribeRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import type { CreateMessageRequestParams, ElicitRequestFormParams } from '@modelcontextprotocol/server';
import { inputRequired, McpServer as McpServerV2, ResourceTemplate as TemplateV2 } from '@modelcontextprotocol/server';
import { z } from 'zod';

const QUESTION: ElicitRequestFormParams = {
  message: 'Who?',
  requestedSchema: {
    type: 'object',
    properties: { name: { type: 'string', title: 'Name', default: 'Bob' } },
    required: ['name'],
  },
};
const SAMPLE: CreateMessageRequestParams = {
  messages: [{ role: 'user', content: { type: 'text', text: 'Say something' } }],
  maxTokens: 10,
};
const text = (value: unknown): { content: [{ type: 'text'; text: string }] } => ({
  content: [{ type: 'text', text: typeof value === 'string' ? value : JSON.stringify(value) }],
});
const note = (uri: URL): { contents: { uri: string; text: string; _meta: { own: true } }[] } => ({
  contents: [{ uri: uri.href, text: `content of ${uri.href}`, _meta: { own: true } }],
});
const greeting = ({
  who,
}: {
  who: string;
}): {
  messages: { role: 'user'; content: { type: 'text'; text: string } }[];
} => ({ messages: [{ role: 'user', content: { type: 'text', text: `Hello ${who}` } }] });
const COMPLETE = { id: (value: string): string[] => [`${value}0`, `${value}1`] };

/** Calls of `wait`: how many began, and how many were cancelled. */
export interface Waited {
  started: number;
  cancelled: number;
}

/** Resolves when a call is cancelled. */
function waiting(waited: Waited, signal: AbortSignal): Promise<never> {
  waited.started += 1;
  return new Promise((_resolve, reject) =>
    signal.addEventListener('abort', () => {
      waited.cancelled += 1;
      reject(new Error('cancelled'));
    }),
  );
}

/** A server of SDK v1, for one session. */
export function completeV1(waited: Waited): McpServerV1 {
  const server = new McpServerV1(
    { name: 'complete', version: '1.0.0' },
    { capabilities: { logging: {}, resources: { subscribe: true } }, instructions: 'Use it.' },
  );
  const echo = { title: 'Echo', description: 'Says it again', annotations: { readOnlyHint: true }, _meta: { own: 1 } };
  server.registerTool(
    'echo',
    { ...echo, inputSchema: { text: z.string() }, outputSchema: { said: z.string() } },
    ({ text: said }) => ({ ...text(said), structuredContent: { said }, _meta: { from: 'v1' } }),
  );
  server.registerTool('fails', {}, () => ({ ...text('it went wrong'), isError: true }));
  server.registerTool('ask', {}, async () => text(await server.server.elicitInput(QUESTION as never)));
  server.registerTool('sample', {}, async () => text(await server.server.createMessage(SAMPLE as never)));
  server.registerTool('progress', {}, async ({ _meta, sendNotification }) => {
    const { progressToken } = _meta ?? {};
    for (let progress = 1; progressToken !== undefined && progress <= 3; progress += 1)
      await sendNotification({
        method: 'notifications/progress',
        params: { progressToken, progress, total: 3, message: `step ${progress}` },
      });
    return text('done');
  });
  server.registerTool('logs', {}, async ({ sendNotification }) => {
    for (const level of ['debug', 'error'] as const)
      if (level === 'error')
        await sendNotification({ method: 'notifications/message', params: { level, logger: 'own', data: { at: 'once' } } });
    return text('logged');
  });
  server.registerTool('wait', {}, ({ signal }) => waiting(waited, signal));
  server.registerTool('waited', {}, () => text(waited));
  server.registerTool('touch', {}, async () => {
    if (followed.has('note://one')) await server.server.sendResourceUpdated({ uri: 'note://one' });
    return text('touched');
  });
  server.registerResource('note', 'note://one', { title: 'A note', mimeType: 'text/plain' }, note);
  const template = new TemplateV1('item://{id}', { list: undefined, complete: COMPLETE });
  server.registerResource('item', template, { description: 'One item' }, note);
  server.registerPrompt('greet', { description: 'Greets', argsSchema: { who: z.string() } }, greeting);
  const followed = new Set<string>();
  server.server.setRequestHandler(SubscribeRequestSchema, ({ params }) => {
    followed.add(params.uri);
    return {};
  });
  server.server.setRequestHandler(UnsubscribeRequestSchema, ({ params }) => {
    followed.delete(params.uri);
    return {};
  });
  return server;
}

/** A server of SDK v2, for one request. @param touched called when the resource changes */
export function completeV2(waited: Waited, touched: () => void): McpServerV2 {
  const server = new McpServerV2(
    { name: 'complete', version: '2.0.0' },
    { capabilities: { logging: {}, resources: { subscribe: true } }, instructions: 'Use it.' },
  );
  const echo = { title: 'Echo', description: 'Says it again', annotations: { readOnlyHint: true }, _meta: { own: 1 } };
  server.registerTool(
    'echo',
    { ...echo, inputSchema: z.object({ text: z.string() }), outputSchema: z.object({ said: z.string() }) },
    ({ text: said }) => ({ ...text(said), structuredContent: { said }, _meta: { from: 'v2' } }),
  );
  server.registerTool('fails', {}, () => ({ ...text('it went wrong'), isError: true }));
  server.registerTool('ask', {}, ({ mcpReq }) => {
    const answer = mcpReq.inputResponses?.['who'];
    if (answer !== undefined) return text([answer, mcpReq.requestState()]);
    return inputRequired({ inputRequests: { who: inputRequired.elicit(QUESTION) }, requestState: 'the state' });
  });
  server.registerTool('sample', {}, ({ mcpReq }) => {
    const answer = mcpReq.inputResponses?.['said'];
    if (answer !== undefined) return text(answer);
    return inputRequired({ inputRequests: { said: inputRequired.createMessage(SAMPLE) } });
  });
  server.registerTool('progress', {}, async ({ mcpReq }) => {
    const { progressToken } = mcpReq._meta ?? {};
    for (let progress = 1; progressToken !== undefined && progress <= 3; progress += 1)
      await mcpReq.notify({
        method: 'notifications/progress',
        params: { progressToken, progress, total: 3, message: `step ${progress}` },
      });
    return text('done');
  });
  server.registerTool('logs', {}, async ({ mcpReq }) => {
    for (const level of ['debug', 'error'] as const) await mcpReq.log(level, { at: 'once' }, 'own');
    return text('logged');
  });
  server.registerTool('wait', {}, ({ mcpReq }) => waiting(waited, mcpReq.signal));
  server.registerTool('waited', {}, () => text(waited));
  server.registerTool('touch', {}, () => {
    touched();
    return text('touched');
  });
  server.registerResource('note', 'note://one', { title: 'A note', mimeType: 'text/plain' }, note);
  const template = new TemplateV2('item://{id}', { list: undefined, complete: COMPLETE });
  server.registerResource('item', template, { description: 'One item' }, note);
  server.registerPrompt('greet', { description: 'Greets', argsSchema: z.object({ who: z.string() }) }, greeting);
  return server;
}
