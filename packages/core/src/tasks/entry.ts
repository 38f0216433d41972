/** A task, as it is stored, and as clients get it. */
import type { JsonObject } from '../base/json.js';
import type { InputRequest, JsonRpcErrorObject } from '../protocol/messages.js';

/** Where a task is. The last three are final. */
export type TaskStatus = 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled';

/** A task, as it is stored: JSON, in the partition of its call. */
export interface TaskEntry {
  /** `call`: a call of a function with `is_async`, which the methods of tasks do not find. */
  readonly kind: 'task' | 'call';
  /** 128 random bits in hex; of a `call`, the id of its record. */
  id: string;
  /** The id of the call, and of its record. */
  callId: string;
  /** The tool. */
  readonly name: string;
  /** Who called. Nobody else finds the task. */
  readonly subject: string;
  /** The process that runs it; see owner.ts. */
  readonly owner: string;
  status: TaskStatus;
  message?: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  updated: number;
  /** Milliseconds from its creation until it is removed. */
  readonly ttl: number;
  /** Milliseconds between two looks at it. */
  readonly poll: number;
  /** The questions that are not answered yet, by their keys. */
  requests?: Record<string, InputRequest>;
  /** The answers that its function has not got yet, by the same keys. */
  answers?: JsonObject;
  result?: JsonObject;
  error?: JsonRpcErrorObject;
}

/** The key of a stored task. */
export const taskKey = (id: string): string => `task/${id}`;

/** Whether a task has ended: nothing of it changes any more. */
export const hasEnded = ({ status }: TaskEntry): boolean => status !== 'working' && status !== 'input_required';

/** When a task is removed, in milliseconds since 1970. */
export const expiryOf = ({ created, ttl }: TaskEntry): number => created + ttl;

const ID = /^[0-9a-f]{32}$/;

/** Whether a text can be the id of a task. */
export const isTaskId = (id: string): boolean => ID.test(id);

/** A stored task, from its text. */
export const readEntry = (value: string): TaskEntry => JSON.parse(value) as TaskEntry;

/** The members of a task that every answer about it has. */
export function taskMembers({ id, status, message, created, updated, ttl, poll }: TaskEntry): JsonObject {
  return {
    taskId: id,
    status,
    ...(message === undefined ? {} : { statusMessage: message }),
    createdAt: new Date(created).toISOString(),
    lastUpdatedAt: new Date(updated).toISOString(),
    ttlMs: ttl,
    pollIntervalMs: poll,
  };
}

/** All that a client gets of a task, with its open questions, its result or its error. */
export function taskDetails(entry: TaskEntry): JsonObject {
  const members = taskMembers(entry);
  if (entry.status === 'input_required') members['inputRequests'] = entry.requests ?? {};
  else if (entry.status === 'completed') members['result'] = entry.result;
  else if (entry.status === 'failed') members['error'] = entry.error;
  return members;
}

/**
 * Adds answers to a task. Answers to questions that are not open are ignored.
 *
 * @returns the keys that were answered; none: nothing has changed
 */
export function addAnswers(entry: TaskEntry, responses: JsonObject): string[] {
  const { requests = {} } = entry;
  const keys = Object.keys(responses).filter((key) => Object.hasOwn(requests, key));
  if (entry.status !== 'input_required' || keys.length === 0) return [];
  const left = Object.entries(requests).filter(([key]) => !keys.includes(key));
  entry.requests = Object.fromEntries(left);
  entry.answers = { ...entry.answers, ...Object.fromEntries(keys.map((key) => [key, responses[key]])) };
  if (left.length === 0) entry.status = 'working';
  entry.updated = Date.now();
  return keys;
}
