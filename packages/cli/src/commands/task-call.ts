/** Calls a tool that must be a task, as a client of 2026-07-28 does: it looks at the task until it ends, and answers its questions. */
import { setTimeout as sleep } from 'node:timers/promises';

import type { InputRequest, JsonObject } from '@mcp-daemon/core';

import { Failure } from '../errors.js';
import type { ClientHandlers, LocalClient } from './local-client.js';
import { CALL_CLIENT } from './local-client.js';

/** Milliseconds between two looks at a task, at most: somebody waits for it. */
const LOOK_EVERY_MS = 500;

/** What {@link callAsTask} takes. */
export interface TaskCall {
  readonly client: LocalClient;
  readonly handlers: ClientHandlers;
  readonly capabilities: JsonObject;
  /** The parameters of `tools/call`. */
  readonly params: JsonObject;
  /** Aborted when the user cancels the call. */
  readonly signal: AbortSignal;
  /** Gets what the function says of its progress. */
  status(text: string): void;
}

/** Makes the call. @returns its result @throws Failure if the task fails or is cancelled */
export async function callAsTask({ client, handlers, capabilities, params, signal, status }: TaskCall): Promise<JsonObject> {
  const extensions = { 'io.modelcontextprotocol/tasks': {} };
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': { ...capabilities, extensions },
    'io.modelcontextprotocol/clientInfo': CALL_CLIENT,
  };
  const send = (method: string, more: JsonObject): Promise<JsonObject> => client.request(method, { ...more, _meta: meta });

  async function answersTo(requests: unknown): Promise<JsonObject> {
    const answers: JsonObject = {};
    // One after the other, because a user can fill in only one form at a time.
    for (const [key, request] of Object.entries((requests ?? {}) as Record<string, InputRequest>))
      answers[key] = await handlers.onRequest(request.method, request.params ?? {});
    return answers;
  }

  /** Looks at a task until it ends. */
  async function resultOf(taskId: unknown): Promise<JsonObject> {
    let last: unknown;
    for (;;) {
      const task = await send('tasks/get', { taskId });
      const { statusMessage: message, pollIntervalMs: poll } = task;
      // The message of a task that failed is its error.
      if (typeof message === 'string' && message !== last && task['status'] !== 'failed') status(message);
      last = message;
      if (task['status'] === 'completed') return task['result'] as JsonObject;
      if (task['status'] === 'failed') throw new Failure(String((task['error'] as JsonObject)['message']));
      if (task['status'] === 'cancelled') throw new Failure('cancelled');
      if (task['status'] === 'input_required')
        await send('tasks/update', { taskId, inputResponses: await answersTo(task['inputRequests']) });
      else await sleep(Math.min(Number(poll), LOOK_EVERY_MS), undefined, { signal });
    }
  }

  let answer = await send('tools/call', params);
  while (answer['resultType'] === 'input_required')
    answer = await send('tools/call', {
      ...params,
      inputResponses: await answersTo(answer['inputRequests']),
      ...(answer['requestState'] === undefined ? {} : { requestState: answer['requestState'] }),
    });
  if (answer['resultType'] !== 'task') return answer;
  const { taskId } = answer;
  try {
    return await resultOf(taskId);
  } catch (error) {
    if (signal.aborted) await send('tasks/cancel', { taskId });
    throw error;
  }
}
