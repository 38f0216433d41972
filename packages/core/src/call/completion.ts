/**
 * `completion/complete`: values for the arguments of prompts and the variables of resource templates.
 *
 * @see https://modelcontextprotocol.io/specification/2026-07-28/server/utilities/completion
 */
import type { JsonObject } from '../base/json.js';
import { isObject } from '../base/json.js';
import type { Snapshot } from '../catalog/snapshot.js';
import type { Completion } from '../ports/definition.js';
import type { Logger } from '../ports/logger.js';
import { DaemonError, invalidParams, quoted } from '../protocol/errors.js';
import type { RequestContext } from '../protocol/exchange.js';
import type { HeldScopes } from '../protocol/scopes.js';
import { requireScopes } from '../protocol/scopes.js';
import { FunctionContext } from './context.js';
import { dataOf } from './foreign-value.js';
import type { Linker } from './linker.js';
import { messageOf } from './outcome.js';
import type { RunEndedBy } from './scope.js';

/** The maximum number of values that the protocol allows. */
const MAX_VALUES = 100;

interface Completed extends JsonObject {
  values: string[];
  total: number;
  hasMore: boolean;
}

function page(values: readonly string[], total = values.length): Completed {
  return { values: values.slice(0, MAX_VALUES), total, hasMore: total > MAX_VALUES };
}

/** Values that start with the typed text, then values that contain it. */
function ranked(values: readonly string[], typed: string): string[] {
  const needle = typed.toLowerCase();
  const starts = values.filter((value) => value.toLowerCase().startsWith(needle));
  const holds = values.filter((value) => value.toLowerCase().indexOf(needle) > 0);
  return [...starts, ...holds];
}

/**
 * The completion that a request refers to; undefined if the argument has none. Who may not call a function may not complete its
 * arguments either.
 */
function find(snapshot: Snapshot, ref: JsonObject, argument: string, held: HeldScopes): Completion | undefined {
  const { name: promptName, uri } = ref;
  if (ref['type'] === 'ref/prompt') {
    if (typeof promptName !== 'string') throw invalidParams('"ref.name" must be a string.');
    const prompt = snapshot.prompt(promptName);
    if (prompt === undefined) throw invalidParams(`unknown prompt "${quoted(promptName)}".`);
    requireScopes(prompt.scopes, held);
    const found = prompt.arguments.find(({ name }) => name === argument);
    if (found === undefined) throw invalidParams(`prompt "${prompt.name}" has no argument "${quoted(argument)}".`);
    return found.completion;
  }
  if (ref['type'] === 'ref/resource') {
    if (typeof uri !== 'string') throw invalidParams('"ref.uri" must be a string.');
    const template = snapshot.template(uri);
    const known = template ?? snapshot.resource(uri)?.definition;
    if (known === undefined) throw invalidParams(`unknown resource template "${quoted(uri)}".`);
    requireScopes(known.scopes, held);
    const completions = template?.completions ?? {};
    return Object.hasOwn(completions, argument) ? completions[argument] : undefined;
  }
  throw invalidParams('"ref.type" must be "ref/prompt" or "ref/resource".');
}

/** Reads what a completion function returned: an array of values, or `{ values, total? }`. */
function fromFunction(returned: unknown): Completed {
  const values: unknown = isObject(returned) ? returned['values'] : returned;
  if (!Array.isArray(values)) throw new Error('a completion function must return an array of strings');
  const total = isObject(returned) && typeof returned['total'] === 'number' ? returned['total'] : values.length;
  return page(values.map(String), Math.max(total, values.length));
}

/**
 * Completes one argument.
 *
 * @returns the result of the request, without the members that its era adds
 * @throws DaemonError `invalid_params`, `insufficient_scope`, or `internal_error` if a completion function failed or took longer than `timeoutMs`
 */
export async function complete(
  snapshot: Snapshot,
  params: JsonObject,
  request: RequestContext,
  { linker, logger, timeoutMs }: { linker: Linker; logger: Logger; timeoutMs: number },
): Promise<JsonObject> {
  const { ref, argument, context } = params;
  if (!isObject(ref)) throw invalidParams('"ref" must be an object.');
  if (!isObject(argument) || typeof argument['name'] !== 'string' || typeof argument['value'] !== 'string') {
    throw invalidParams('"argument" must be { name, value }, both strings.');
  }
  const { name, value } = argument as { name: string; value: string };
  const completion = find(snapshot, ref, name, request.exchange.scopes);
  if (completion === undefined) return { completion: page([]) };
  if (completion.kind === 'list') return { completion: page(ranked(completion.values, value)) };

  const over = new AbortController();
  const { signal } = over;
  let endedBy: RunEndedBy = 'cancelled';
  const stop = (): void => over.abort(new DOMException('The completion took too long, or was cancelled', 'AbortError'));
  const timer = setTimeout(() => {
    endedBy = 'timed_out';
    stop();
  }, timeoutMs);
  const { signal: left } = request.exchange;
  left.addEventListener('abort', stop, { once: true });
  const given = isObject(context) && isObject(context['arguments']) ? context['arguments'] : {};
  const functionContext = new FunctionContext({
    callId: '',
    request,
    inputs: {},
    state: undefined,
    variables: Object.fromEntries(
      Object.entries(given)
        .filter(([, member]) => typeof member !== 'object') // it may not be convertible to text
        .map(([key, member]) => [key, String(member)]),
    ),
    counters: { progress: 0, notifications: 0 },
    maxNotifications: 0,
    resourceUpdated: () => undefined,
    signal: () => signal,
    onEnd(listener) {
      if (signal.aborted) listener(endedBy);
      else signal.addEventListener('abort', () => listener(endedBy), { once: true });
    },
  });
  try {
    const ended = new Promise<never>((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(new Error('it took too long, or was cancelled')), { once: true }),
    );
    ended.catch(() => undefined); // if the function throws at once, nothing awaits this promise, and its rejection would end the process
    if (left.aborted) stop();
    const linked = await Promise.race([linker.resolve(completion.binding, request.exchange.partition), ended]);
    const returned = dataOf(await Promise.race([linked.call(value, functionContext), ended]));
    const { binding } = completion;
    const isPassed = binding.kind === 'link' && binding.passThrough === true && isObject(returned);
    return { completion: isPassed ? returned : fromFunction(returned) };
  } catch (cause) {
    logger.error({ argument: name, error: messageOf(cause) }, `the completion of "${name}" failed: ${messageOf(cause)}`);
    throw new DaemonError('internal_error', `The completion of "${name}" failed. The server's log says why.`, { cause });
  } finally {
    clearTimeout(timer);
    left.removeEventListener('abort', stop);
  }
}
