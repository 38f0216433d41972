/** The function of a link to a mounted server: sends the call there. */
import type {
  ContextSource,
  Implementation,
  InputRequired,
  JsonObject,
  LinkBinding,
  MountSetting,
  PassedAnswer,
} from '@mcp-daemon/core';
import { inputRequired, isObject, META, parameterHeaders } from '@mcp-daemon/core';

import { Unsent } from '../base/unsent.js';
import { modernMeta } from '../connection/handshake.js';
import type { Live, Upstream } from '../upstream.js';
import type { Users } from '../users.js';
import { callAsUser } from './as-user.js';
import type { RunEnd, RunSide } from './mounted-call.js';
import { metaOf, MountedCall, raiseLogLevel } from './mounted-call.js';
import type { ParkedCalls } from './parked.js';
import type { FollowOptions, TaskState } from './upstream-task.js';
import { followTask, resumeTask } from './upstream-task.js';

/** What all calls of one process share. */
export interface CallTools {
  readonly client: Implementation;
  readonly parked: ParkedCalls;
  /** The connections of users. */
  readonly users: Users;
  /** What a context was made from. */
  sourceOf(context: unknown): ContextSource | undefined;
}

/** What a run carries for the next one. */
type CarriedState =
  | { parked: string }
  /** The state of a modern server, and the questions that it asked with it. */
  | { requestState: unknown; asked: string[] }
  | TaskState;

const METHODS = {
  tool: 'tools/call',
  prompt: 'prompts/get',
  resource: 'resources/read',
  resource_template: 'resources/read',
} as const;

/** JSON-RPC: the parameters are wrong. */
const INVALID_PARAMS = -32602;
/** There is no such resource, before 2026-07-28. */
const LEGACY_NOT_FOUND = -32002;

/** Members of a result that belong to one connection. */
function ownResult(answer: PassedAnswer): PassedAnswer {
  const { result } = answer;
  if (result === undefined) return answer;
  delete result['resultType'];
  delete result['ttlMs'];
  delete result['cacheScope'];
  const { _meta } = result;
  if (isObject(_meta) && META.serverInfo in _meta) {
    const { [META.serverInfo]: _, ...rest } = _meta;
    if (Object.keys(rest).length > 0) result['_meta'] = rest;
    else delete result['_meta'];
  }
  return answer;
}

/** A modern server's question, as our function asks it. */
function questionOf(result: JsonObject): InputRequired {
  const { inputRequests, requestState } = result;
  const requests = isObject(inputRequests) ? inputRequests : {};
  const state: CarriedState = { requestState: requestState ?? null, asked: Object.keys(requests) };
  return inputRequired(requests as Parameters<typeof inputRequired>[0], state);
}

/** The parameters of the request, without `_meta`. */
function paramsOf(link: LinkBinding, input: unknown): JsonObject {
  const kind = link.use?.kind ?? 'tool';
  if (kind === 'resource' || kind === 'resource_template') return { uri: input };
  return { name: link.function_name, arguments: input };
}

/** The answers to a modern server's questions. */
function answersOf({ state, inputs }: ContextSource): JsonObject {
  const carried = state as CarriedState | undefined;
  if (carried === undefined || !('requestState' in carried)) return {};
  const answers = Object.fromEntries(carried.asked.flatMap((name) => (name in inputs ? [[name, inputs[name]]] : [])));
  return {
    ...(carried.asked.length > 0 && { inputResponses: answers }),
    ...(carried.requestState !== null && { requestState: carried.requestState }),
  };
}

/** The input schema of a tool, as its server sent it. */
const schemaOf = (upstream: Upstream, name: string): unknown =>
  upstream.offer?.tools.find((tool) => tool['name'] === name)?.['inputSchema'];

/** Runs a call until its answer or its next question. */
function begin(
  upstream: Upstream,
  live: Live,
  link: LinkBinding,
  input: unknown,
  run: RunSide,
  tools: CallTools,
): Promise<RunEnd> {
  const { source } = run;
  const { greeting, hasStreams, makesTasks } = live;
  const carried = source.state as CarriedState | undefined;
  if (carried !== undefined && 'task' in carried) return resumeTask(following(upstream, live, run, tools), carried);
  const method = METHODS[link.use?.kind === 'completion' ? 'tool' : (link.use?.kind ?? 'tool')];
  const params = paramsOf(link, input);
  let headers: Record<string, string> | undefined;
  if (greeting.era === 'modern') {
    Object.assign(params, answersOf(source));
    const schema = hasStreams && method === 'tools/call' ? schemaOf(upstream, link.function_name) : undefined;
    if (isObject(schema)) headers = parameterHeaders(schema, input as JsonObject);
  } else raiseLogLevel(source, live);
  const meta = metaOf(source, live, greeting.era === 'modern' ? modernMeta(tools.client, {}) : {});
  if (meta !== undefined) params['_meta'] = meta;
  const end = new MountedCall(live, run, tools.parked).start(method, params, headers);
  if (!makesTasks) return end;
  return end.then((answer) => {
    if (!('result' in answer) || answer.result?.['resultType'] !== 'task') return answer;
    return followTask(following(upstream, live, run, tools), answer.result);
  });
}

/** What it takes to follow a task of a server. After a lost connection, a user gets another one of their own. */
function following(upstream: Upstream, live: Live, run: RunSide, { client, users }: CallTools): FollowOptions {
  const { name, credentials } = upstream.mount;
  async function reach(): Promise<Live> {
    if (live.connection.closed === undefined) return live;
    if (credentials === 'per_user') return users.live(upstream, run.source.request.exchange.subject);
    return upstream.ready();
  }
  return { name, run, client, reach };
}

/**
 * Modern servers say with the number of invalid parameters that there is no such resource, and name it. The number of the legacy era
 * means only that, and core gives each caller the number of its era.
 */
function ownNumber(end: PassedAnswer, input: unknown): PassedAnswer {
  const { error } = end;
  if (error?.code !== INVALID_PARAMS || !isObject(error.data) || error.data['uri'] !== input) return end;
  return { error: { ...error, code: LEGACY_NOT_FOUND } };
}

/** @param input what the function was called with: the URI of a resource */
function ended(end: RunEnd, input: unknown): RunEnd {
  if ('resultType' in end) return end; // a question of a legacy server
  if (end.error !== undefined) return typeof input === 'string' ? ownNumber(end, input) : end;
  if (end.result?.['resultType'] === 'input_required') return questionOf(end.result);
  return ownResult(end);
}

/**
 * Calls a function of a mounted server.
 *
 * @returns the server's answer, or a question to the caller
 * @throws Error if the server cannot be reached, or ends before it answers
 */
export function callMounted(
  upstream: Upstream,
  link: LinkBinding,
  input: unknown,
  context: unknown,
  tools: CallTools,
): Promise<RunEnd> {
  const source = tools.sourceOf(context);
  if (source === undefined) return Promise.reject(new Error('a mounted function needs the context of a call'));
  const run = context as RunSide;
  const side: RunSide = {
    source,
    progress: (progress, total, message) => run.progress(progress, total, message),
    log: (level, data, logger) => run.log(level, data, logger),
  };
  const state = source.state as CarriedState | undefined;
  if (state !== undefined && 'parked' in state) return resumed(state.parked, side, input, tools);
  if (upstream.mount.credentials === 'per_user')
    return callAsUser(upstream, tools.users, source, link, async (own) =>
      ended(await begin(upstream, own, link, input, side, tools), input),
    );
  const { live } = upstream;
  const first =
    live === undefined
      ? upstream.ready().then((ready) => begin(upstream, ready, link, input, side, tools))
      : begin(upstream, live, link, input, side, tools);
  return first.then(
    (end) => ended(end, input),
    async (error: unknown) => {
      if (!(error instanceof Unsent) || upstream.live === live) throw error;
      // The session had ended. The server did nothing, so the call may be made in a new one.
      return ended(await begin(upstream, await upstream.ready(), link, input, side, tools), input);
    },
  );
}

async function resumed(key: string, side: RunSide, input: unknown, tools: CallTools): Promise<RunEnd> {
  return ended(await tools.parked.take(key).resume(side), input);
}

/** Completes an argument of a mounted prompt or template. @returns the server's `completion` @throws Error if the server refuses */
export async function completeMounted(
  upstream: Upstream,
  { ref, argument }: MountSetting,
  value: unknown,
  context: unknown,
  tools: CallTools,
): Promise<JsonObject> {
  const source = tools.sourceOf(context);
  const subject = source?.request.exchange.subject ?? '';
  const isPerUser = upstream.mount.credentials === 'per_user';
  const { connection, greeting } = await (isPerUser ? tools.users.live(upstream, subject) : upstream.ready());
  const variables = source?.variables ?? {};
  const params: JsonObject = { ref, argument: { name: argument, value } };
  if (Object.keys(variables).length > 0) params['context'] = { arguments: { ...variables } };
  if (greeting.era === 'modern') params['_meta'] = modernMeta(tools.client, {});
  const { result, error } = await connection.request('completion/complete', params);
  if (error !== undefined) throw new Error(error.message);
  const completion = result?.['completion'];
  return isObject(completion) && Array.isArray(completion['values']) ? completion : { values: [] };
}
