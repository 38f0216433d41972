/**
 * Every key of the config file, and what its value must be.
 */
import { isObject } from '../base/json.js';
import { parsePath } from '../base/json-path.js';
import { RECORD_POLICIES, RETURN_TYPES } from '../ports/definition.js';
import type { SchemaRole } from '../schema/check.js';
import { addSchemaMistakes } from '../schema/check.js';
import { describe, quote } from '../schema/mistakes.js';
import { LINK_TYPES } from './document.js';
import type { CheckRun, ValueCheck } from './shape.js';
import {
  anyObject,
  anyString,
  bool,
  checkShape,
  filled,
  listOf,
  mapOf,
  object,
  oneOf,
  plain,
  shape,
  stringWith,
} from './shape.js';
import { readTemplate, uriProblem } from './uri-check.js';

/** The longest time that a call may be given: a day. */
export const MAX_TIMEOUT_MS = 86_400_000;

/** Sources and isolations that some build has; others are misspelled. */
const SOURCES = ['zip', 's3', 'mcp'];
const ISOLATIONS = ['none', 'process'];

const toolName = stringWith((name) =>
  /^[A-Za-z0-9_.-]{1,128}$/.test(name)
    ? undefined
    : 'must be 1 to 128 of the characters A-Z a-z 0-9 _ - . (clients refuse other tool names)',
);

const schemaFor =
  (role: SchemaRole): ValueCheck =>
  (value, run) =>
    addSchemaMistakes(run.list, value, role);

const icon = shape('an icon', {
  'src!': stringWith((src) =>
    /^(?:https?:\/\/.|data:.)/i.test(src) ? undefined : 'must begin with "https://", "http://" or "data:"',
  ),
  mimeType: anyString,
  sizes: listOf(
    stringWith((size) => (/^(?:[1-9]\d*x[1-9]\d*|any)$/.test(size) ? undefined : 'must be a size such as "48x48", or "any"')),
    'sizes',
  ),
  theme: oneOf(['light', 'dark']),
});

const toolAnnotations = shape('the annotations of a tool', {
  title: anyString,
  readOnlyHint: bool,
  destructiveHint: bool,
  idempotentHint: bool,
  openWorldHint: bool,
});

const ISO_TIME = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/;

const contentAnnotations = shape('the annotations of a resource', {
  audience: listOf(oneOf(['user', 'assistant']), 'audiences'),
  priority: plain((value) => typeof value === 'number' && value >= 0 && value <= 1, 'a number from 0 to 1'),
  lastModified: stringWith((time) =>
    ISO_TIME.test(time) ? undefined : 'must be an ISO 8601 time such as "2025-01-12T15:00:58Z"',
  ),
});

/** What all functions have in common. */
const common = {
  title: anyString,
  description: anyString,
  icons: listOf(object(icon), 'icons'),
  _meta: anyObject,
  is_async: bool,
};

const RUNS_ELSEWHERE = 'the code is named by an entry of module_links';
const linkHints = {
  module_name: RUNS_ELSEWHERE,
  class_name: RUNS_ELSEWHERE,
  function_name: RUNS_ELSEWHERE,
  timeout_ms: 'it belongs on the entry of module_links',
};

const tool = shape(
  'a tool',
  {
    'name!': toolName,
    inputSchema: schemaFor('input'),
    outputSchema: schemaFor('output'),
    annotations: object(toolAnnotations),
    ...common,
  },
  { hints: { ...linkHints, parameters: 'the arguments are described by inputSchema', uri: 'only resources have one' } },
);

const resource = shape(
  'a resource',
  {
    'uri!': stringWith(uriProblem),
    'name!': filled,
    mimeType: anyString,
    size: plain((value) => Number.isSafeInteger(value) && (value as number) >= 0, 'a whole number of bytes, from 0 up'),
    annotations: object(contentAnnotations),
    ...common,
  },
  { hints: { ...linkHints, uriTemplate: 'templates go into resource_templates' } },
);

const completionFunction = shape('a completion function', {
  'module_name!': filled,
  class_name: anyString,
  'function_name!': filled,
});

const completions: ValueCheck = (value, run) => {
  if (Array.isArray(value)) return listOf(anyString, 'strings')(value, run);
  if (!isObject(value))
    return run.list.add(`must be a list of strings, or an object with module_name and function_name; got ${describe(value)}`);
  checkShape(value, completionFunction, run);
};

/** Each completion must be for a variable of the template. */
function templateCompletions(value: Record<string, unknown>, run: CheckRun): void {
  const template = value['uriTemplate'];
  const given = value['completions'];
  if (typeof template !== 'string' || !isObject(given)) return;
  const { variables, problem } = readTemplate(template);
  if (problem !== undefined) return;
  for (const name of Object.keys(given).filter((key) => !variables.includes(key))) {
    run.list.add(
      `the template has no variable ${quote(name)}; it has ${variables.join(', ')}${run.suggester.hint(name, variables)}`,
      'completions',
      name,
    );
  }
}

const template = shape(
  'a resource template',
  {
    'uriTemplate!': stringWith((text) => readTemplate(text).problem),
    'name!': filled,
    mimeType: anyString,
    annotations: object(contentAnnotations),
    completions: mapOf(completions),
    ...common,
  },
  { hints: { ...linkHints, uri: 'write uriTemplate, or move the entry to resources' }, together: templateCompletions },
);

const argument = shape('a prompt argument', {
  'name!': filled,
  title: anyString,
  description: anyString,
  required: bool,
  completions,
});

function argumentNames(value: Record<string, unknown>, run: CheckRun): void {
  if (!Array.isArray(value['arguments'])) return;
  const seen = new Map<unknown, number>();
  for (const [index, entry] of value['arguments'].entries()) {
    const name: unknown = isObject(entry) ? entry['name'] : undefined;
    if (typeof name !== 'string') continue;
    const first = seen.get(name);
    if (first !== undefined)
      run.list.add(
        `${quote(name)} is already the name of ${run.list.pathTo('arguments', first)}: rename one`,
        'arguments',
        index,
        'name',
      );
    else seen.set(name, index);
  }
}

const prompt = shape(
  'a prompt',
  {
    'name!': filled,
    arguments: listOf(object(argument), 'prompt arguments'),
    annotations: plain(() => false, 'null: prompts have no annotations'),
    ...common,
  },
  {
    hints: { ...linkHints, inputSchema: 'a prompt has arguments: a list of {name, description, required}' },
    together: argumentNames,
  },
);

const isolation: ValueCheck = (value, run) => {
  if (typeof value === 'string' && run.support.isolations.includes(value)) return;
  const available = run.support.isolations.map((word) => JSON.stringify(word)).join(', ');
  if (typeof value === 'string' && ISOLATIONS.includes(value))
    run.list.add(`isolation ${quote(value)} is not available in this build; it has ${available}`);
  else oneOf(run.support.isolations)(value, run);
};

const source: ValueCheck = (value, run) => {
  if (value === '' || (typeof value === 'string' && run.support.sources.includes(value))) return;
  const leave = 'leave it out for an installed package or a file';
  if (typeof value === 'string' && SOURCES.includes(value))
    return run.list.add(`source ${quote(value)} is not available in this build: ${leave}`);
  const { sources } = run.support;
  const others = sources.length === 0 ? '' : ` (or write ${sources.map((word) => JSON.stringify(word)).join(' or ')})`;
  run.list.add(
    `${describe(value)} is no known source: ${leave}${others}${typeof value === 'string' ? run.suggester.hint(value, sources) : ''}`,
  );
};

const redact = listOf(
  stringWith((path) =>
    parsePath(path) === undefined ? 'must be a JSON path such as "$.card.number" or "$.items[*].token"' : undefined,
  ),
  'JSON paths',
);
const recordObject = shape('a record policy', { bodies: oneOf(RECORD_POLICIES), redact });
const record: ValueCheck = (value, run) =>
  isObject(value) ? checkShape(value, recordObject, run) : oneOf(RECORD_POLICIES)(value, run);

const returnType: ValueCheck = (value, run) => {
  if (value !== '') oneOf(RETURN_TYPES)(value, run);
};

const link = shape(
  'a module link',
  {
    type: oneOf(LINK_TYPES),
    'name!': filled,
    'module_name!': filled,
    class_name: anyString,
    'function_name!': filled,
    return_type: returnType,
    is_async: bool,
    timeout_ms: plain(
      (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_TIMEOUT_MS,
      `a whole number of milliseconds from 1 to ${MAX_TIMEOUT_MS} (a day)`,
    ),
    isolation,
    record,
  },
  {
    hints: {
      uri: 'a link finds its resource by name',
      setting: 'settings go into modules',
      package_name: 'it goes into modules',
      source: 'it goes into modules',
    },
  },
);

const module = shape(
  'a module',
  {
    package_name: anyString,
    'module_name!': filled,
    class_name: anyString,
    setting: anyObject,
    source,
    sha256: stringWith((digest) =>
      /^[0-9a-fA-F]{64}$/.test(digest) ? undefined : 'must be a SHA-256 digest: 64 hexadecimal digits',
    ),
    isolation,
  },
  { hints: { settings: 'write setting', function_name: 'functions are bound in module_links', name: 'write module_name' } },
);

/** The whole file. */
export const FILE = shape(
  'the config file',
  {
    $schema: anyString,
    name: filled,
    version: filled,
    title: filled,
    instructions: anyString,
    tools: listOf(object(tool), 'tools'),
    resources: listOf(object(resource), 'resources'),
    resource_templates: listOf(object(template), 'resource templates'),
    prompts: listOf(object(prompt), 'prompts'),
    module_links: listOf(object(link), 'module links'),
    modules: listOf(object(module), 'modules'),
  },
  {
    hints: {
      mcpServers:
        'that is how a host is told which servers to start; this file says what this server offers (tools, resources, prompts)',
      servers:
        'that is how a host is told which servers to start; this file says what this server offers (tools, resources, prompts)',
      settings: "a module's settings go into modules, as setting",
    },
  },
);
