/** A task, as it is stored, and as clients get it. */
import { randomFillSync } from 'node:crypto';

import type { JsonObject } from '../base/json.js';
import type { InputRequest, JsonRpcErrorObject } from '../protocol/messages.js';
import type { TaskTools } from './tools.js';

/** Where a task is. The last three are final. */
export type TaskStatus = 'working' | 'input_required' | 'completed' | 'failed' | 'cancelled';

/** A task, as it is stored: JSON, in the partition of its call. */
export interface TaskEntry {
  /** `call`: a call of a function with `is_async`, which the methods of tasks do not find. */
  readonly kind: 'task' | 'call';
  /** Its time in milliseconds and 128 random bits, in hex; of a `call`, the id of its record. */
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

/** Prefix of the keys of all stored tasks. */
export const TASK_PREFIX = 'task/';

/** The key of a stored task. */
export const taskKey = (id: string): string => TASK_PREFIX + id;

/** Whether a task has ended: nothing of it changes any more. */
export const hasEnded = ({ status }: TaskEntry): boolean => status !== 'working' && status !== 'input_required';

/** When a task is removed, in milliseconds since 1970. */
export const expiryOf = ({ created, ttl }: TaskEntry): number => created + ttl;

const TIME_DIGITS = 12;
const RANDOM_BYTES = 16;
const ID = /^[0-9a-f]{44}$/;
/** Random bytes of the next ids, and how many of them are used: many at once are much cheaper. */
const pool = Buffer.alloc(256 * RANDOM_BYTES);
let used = pool.length;

/** The id of a new task. Ids ascend, so that SQLite stores new tasks side by side. @param now milliseconds since 1970 */
export function newTaskId(now: number): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += RANDOM_BYTES;
  return now.toString(16).padStart(TIME_DIGITS, '0') + pool.toString('hex', used - RANDOM_BYTES, used);
}

/** Whether a text can be the id of a task. */
export const isTaskId = (id: string): boolean => ID.test(id);

/** The text of a task without its result. By hand, where it has few members: each short task writes one. */
function headText(entry: TaskEntry): string {
  const { kind, id, callId, name, subject, owner, status, message, created, updated, ttl, poll, requests, answers, error } =
    entry;
  if (message !== undefined || requests !== undefined || answers !== undefined || error !== undefined) {
    const { result: _, ...others } = entry;
    return JSON.stringify(others);
  }
  const [nameText, subjectText] = [JSON.stringify(name), JSON.stringify(subject)];
  const of = `{"kind":"${kind}","id":"${id}","callId":"${callId}","name":${nameText},"subject":${subjectText},"owner":"${owner}"`;
  return `${of},"status":"${status}","created":${created},"updated":${updated},"ttl":${ttl},"poll":${poll}}`;
}

/**
 * The text of a task, as it is stored.
 *
 * @param encode JSON text of a result
 */
export function entryText(entry: TaskEntry, encode: (result: JsonObject) => string): string {
  const { result } = entry;
  // One flat text is less work for the garbage collector than a tree of its parts.
  return result === undefined ? headText(entry) : [headText(entry).slice(0, -1), ',"result":', encode(result), '}'].join('');
}

/** A stored task, from its text. */
export const readEntry = (value: string): TaskEntry => JSON.parse(value) as TaskEntry;

let [isoSecond, isoText] = [NaN, ''];

/** A time as clients get it. The part before the milliseconds is made once a second: it takes longer than all else in an answer. */
function timeText(time: number): string {
  const second = Math.floor(time / 1_000);
  if (second !== isoSecond) [isoSecond, isoText] = [second, new Date(second * 1_000).toISOString().slice(0, -4)];
  return `${isoText}${String(time - second * 1_000).padStart(3, '0')}Z`;
}

/** The members of a task that every answer about it has. */
export function taskMembers({ id, status, message, created, updated, ttl, poll }: TaskEntry): JsonObject {
  const members: JsonObject = { taskId: id, status };
  if (message !== undefined) members['statusMessage'] = message;
  members['createdAt'] = timeText(created);
  members['lastUpdatedAt'] = timeText(updated);
  members['ttlMs'] = ttl;
  members['pollIntervalMs'] = poll;
  return members;
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
 * The result of `tasks/get`: what {@link taskDetails} gives. The result of a task that has just ended here is not encoded again.
 *
 * @param tools.withText notes the JSON text of a result with it
 */
export function taskAnswer(
  entry: TaskEntry,
  { complete, encode, withText }: Pick<TaskTools, 'complete' | 'encode' | 'withText'>,
): JsonObject {
  const { status, result } = entry;
  if (status !== 'completed' || result === undefined) return complete(taskDetails(entry), 'modern');
  const answer = complete(taskMembers(entry), 'modern');
  const text = `${JSON.stringify(answer).slice(0, -1)},"result":${encode(result)}}`;
  answer['result'] = result;
  return withText(answer, text);
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
