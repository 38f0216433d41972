/**
 * The keys of module links and modules.
 */
import { isObject } from '../base/json.js';
import { parsePath } from '../base/json-path.js';
import { misspelledReference } from '../base/references.js';
import { MAX_TASK_TTL_MS, RETURN_TYPES, TASK_SUPPORTS } from '../ports/definition.js';
import { PROCESS_LIMITS } from '../ports/process-limits.js';
import { QUOTA_MAXIMA } from '../ports/quota.js';
import { RECORD_POLICIES } from '../ports/record-policy.js';
import { describe, quote, quoteAll } from '../schema/mistakes.js';
import { approval } from './approval-check.js';
import { LINK_TYPES } from './document.js';
import type { CheckRun, ValueCheck } from './shape.js';
import {
  anyObject,
  anyString,
  bool,
  checkShape,
  listOf,
  nonEmptyString,
  object,
  oneOf,
  plain,
  shape,
  stringWith,
} from './shape.js';

/** The longest time that a call may be given: a day. */
export const MAX_TIMEOUT_MS = 86_400_000;

/** Values that other versions support. All others are typing errors. */
const SOURCES = ['zip', 's3', 'mcp'];
const ISOLATIONS = ['none', 'process'];

const isolation: ValueCheck = (value, run) => {
  if (typeof value === 'string' && run.support.isolations.includes(value)) return;
  if (typeof value === 'string' && ISOLATIONS.includes(value))
    run.list.add(`isolation ${quote(value)} is not supported by this version: use ${quoteAll(run.support.isolations)}`);
  else oneOf(run.support.isolations)(value, run);
};

const source: ValueCheck = (value, run) => {
  if (value === '' || (typeof value === 'string' && run.support.sources.includes(value))) return;
  const leave = 'leave it out for an installed package or a file';
  if (typeof value === 'string' && SOURCES.includes(value))
    return run.list.add(`source ${quote(value)} is not supported by this version: ${leave}`);
  const { sources } = run.support;
  const others = sources.length === 0 ? '' : ` (or use ${quoteAll(sources)})`;
  run.list.add(
    `unknown source ${typeof value === 'string' ? quote(value) : describe(value)}: ${leave}${others}${typeof value === 'string' ? run.suggester.hint(value, sources) : ''}`,
  );
};

const redact = listOf(
  stringWith((path) =>
    parsePath(path) === undefined ? 'must be a JSON path such as "$.card.number" or "$.items[*].token"' : undefined,
  ),
  'JSON paths',
);
const recordObject = shape('a record policy', { bodies: oneOf(RECORD_POLICIES), redact });
/** What a call's record keeps. */
export const record: ValueCheck = (value, run) =>
  isObject(value) ? checkShape(value, recordObject, run) : oneOf(RECORD_POLICIES)(value, run);

const whole = (member: keyof typeof QUOTA_MAXIMA, least = 1): ValueCheck =>
  plain(
    (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= QUOTA_MAXIMA[member],
    `a whole number from ${least} to ${QUOTA_MAXIMA[member]}`,
  );

/** A quota. */
export const quota = shape(
  'a quota',
  {
    concurrent: whole('concurrent'),
    per_minute: whole('per_minute'),
    ms_per_minute: whole('ms_per_minute'),
    queue: whole('queue', 0),
  },
  {
    hints: {
      per_second: 'use per_minute',
      per_hour: 'use per_minute',
      timeout_ms: 'set it in module_links',
    },
    together: (value, run) => {
      if (typeof value['queue'] === 'number' && typeof value['concurrent'] !== 'number')
        run.list.warn('has no effect without concurrent: calls wait for others to end', 'queue');
    },
  },
);

const milliseconds = (least: number, most: number, words: string): ValueCheck =>
  plain(
    (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
    `a whole number of milliseconds from ${least} to ${most} (${words})`,
  );

const bound = (member: keyof typeof PROCESS_LIMITS): ValueCheck => {
  const [least, most] = PROCESS_LIMITS[member];
  const fits = (value: unknown): boolean => Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
  return plain(fits, `a whole number from ${least} to ${most}`);
};

/** Limits of processes. */
const limits = object(
  shape(
    'limits',
    {
      heap_mb: bound('heap_mb'),
      memory_mb: bound('memory_mb'),
      cpu_seconds: bound('cpu_seconds'),
      open_files: bound('open_files'),
    },
    { hints: { timeout_ms: 'set it in module_links', memory_bytes: 'use memory_mb', cpu_ms: 'use cpu_seconds' } },
  ),
);

/** Limits are of processes. */
function checkLimits(value: Record<string, unknown>, run: CheckRun): void {
  if (isObject(value['limits']) && value['isolation'] === 'none')
    run.list.warn('has no effect with "isolation": "none": the limits are of processes of their own', 'limits');
}

const TASK_KEYS = ['task', 'task_after_ms', 'task_ttl_ms', 'task_poll_ms'];

/** Checks the keys of tasks against each other. */
function checkTask(value: Record<string, unknown>, run: CheckRun): void {
  const { task, task_ttl_ms: ttl, timeout_ms: timeout, is_async: isAsync } = value;
  const type = value['type'] ?? 'tool';
  for (const key of TASK_KEYS.filter((name) => (value[name] ?? null) !== null)) {
    if (type !== 'tool' && LINK_TYPES.some((known) => known === type)) run.list.add('only tools can be run as tasks', key);
    else if (key !== 'task' && task !== 'optional' && task !== 'required' && isAsync !== true)
      run.list.warn('has no effect without "task": "optional" or "required"', key);
  }
  if (typeof ttl === 'number' && typeof timeout === 'number' && ttl < timeout)
    run.list.warn(`is shorter than timeout_ms: a task is ended after ${ttl} ms`, 'task_ttl_ms');
}

const returnType: ValueCheck = (value, run) => {
  if (value !== '') oneOf(RETURN_TYPES)(value, run);
};

/** A time limit of calls. */
export const timeoutMs = milliseconds(1, MAX_TIMEOUT_MS, 'a day');

/** An entry of `module_links`. */
export const link = shape(
  'a module link',
  {
    type: oneOf(LINK_TYPES),
    'name!': nonEmptyString,
    'module_name!': nonEmptyString,
    class_name: anyString,
    'function_name!': nonEmptyString,
    return_type: returnType,
    is_async: bool,
    timeout_ms: timeoutMs,
    task: oneOf(TASK_SUPPORTS),
    task_after_ms: milliseconds(0, MAX_TIMEOUT_MS, 'a day'),
    task_ttl_ms: milliseconds(1_000, MAX_TASK_TTL_MS, 'a week'),
    task_poll_ms: milliseconds(10, MAX_TIMEOUT_MS, 'a day'),
    isolation,
    limits,
    record,
    quota: object(quota),
    approve: approval,
  },
  {
    hints: {
      uri: 'links find resources by name',
      scopes: 'set them in the entry of the function',
      setting: 'set it in modules',
      package_name: 'set it in modules',
      source: 'set it in modules',
    },
    together: (value, run) => {
      checkTask(value, run);
      checkLimits(value, run);
    },
  },
);

const settingId: ValueCheck = (value, run) => {
  if (run.support.settingIds === true) return nonEmptyString(value, run);
  run.list.add('names a setting of a store, which a file that is served has not: write the setting itself, as setting');
};

/** Warns of texts that look like a reference to a secret and are none. The warning does not repeat them: they may be secrets. */
function checkReferences(value: unknown, run: CheckRun): void {
  if (typeof value === 'string') {
    const form = misspelledReference(value);
    if (form !== undefined) run.list.warn(`looks like a reference to a secret, but is used as it is: write ${quote(form)}`);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    run.list.path.push(Array.isArray(value) ? Number(key) : key);
    checkReferences(member, run);
    run.list.path.pop();
  }
}

const setting: ValueCheck = (value, run) => (isObject(value) ? checkReferences(value, run) : anyObject(value, run));

/** A setting is written here, or is in the store. */
function oneSetting(value: Record<string, unknown>, run: CheckRun): void {
  if (isObject(value['setting']) && typeof value['setting_id'] === 'string')
    run.list.add('has both setting and setting_id: remove one of the two');
}

/** An entry of `modules`. */
export const module = shape(
  'a module',
  {
    package_name: anyString,
    'module_name!': nonEmptyString,
    class_name: anyString,
    setting,
    setting_id: settingId,
    source,
    sha256: stringWith((digest) =>
      /^[0-9a-fA-F]{64}$/.test(digest) ? undefined : 'must be a SHA-256 digest: 64 hexadecimal digits',
    ),
    isolation,
    limits,
  },
  {
    hints: { settings: 'use setting', function_name: 'name functions in module_links', name: 'use module_name' },
    together: (value, run) => {
      oneSetting(value, run);
      checkLimits(value, run);
    },
  },
);
