import type { CatalogDiff } from '../../src/catalog/diff.js';
import { diffCatalogs } from '../../src/catalog/diff.js';
import type { ConfigDocument } from '../../src/config/document.js';
import { normalizeConfig } from '../../src/config/normalize.js';
import type { CatalogDefinition } from '../../src/ports/definition.js';
import { changed, fullConfig } from '../config/samples.js';

const catalog = (changes: Record<string, unknown> = {}): CatalogDefinition =>
  normalizeConfig(changed(fullConfig(), changes) as unknown as ConfigDocument).definition;

/** Only what differs. */
function diff(before: CatalogDefinition, after: CatalogDefinition): Partial<CatalogDiff> {
  const entries = Object.entries(diffCatalogs(before, after)).filter(([, value]) =>
    Array.isArray(value) ? value.length > 0 : value === true,
  );
  return Object.fromEntries(entries) as Partial<CatalogDiff>;
}

const afterwards = (changes: Record<string, unknown>): Partial<CatalogDiff> => diff(catalog(), catalog(changes));

describe('catalogs that look the same to clients', () => {
  it('are equal ones', () => {
    expect(afterwards({})).toEqual({});
  });

  it.each([
    [{ 'module_links.0.timeout_ms': 1 }],
    [{ 'module_links.0.record': 'none' }],
    [{ 'module_links.0.task': 'required', 'module_links.0.task_poll_ms': 10, 'module_links.0.is_async': false }],
    [{ 'module_links.0.function_name': 'other' }],
    [{ 'module_links.0.return_type': 'text' }],
    [{ 'prompts.0.arguments.1.completions': ['x'] }],
    [{ instructions: 'other' }],
    [
      {
        'tools.0.inputSchema': { required: ['city'], properties: fullConfig().tools[0]!.inputSchema.properties, type: 'object' },
      },
    ],
  ])('%j changes no list', (changes) => {
    expect(afterwards(changes)).toEqual({});
  });

  it('another order changes no list', () => {
    const before = catalog();
    expect(diff(before, { ...before, functions: [...before.functions].reverse() })).toEqual({});
  });
});

describe('a change of', () => {
  it.each([
    ['a description', { 'tools.0.description': 'x' }, { tools: true, changed: ['forecast'] }],
    ['a schema', { 'tools.0.inputSchema.properties.city.maxLength': 3 }, { tools: true, changed: ['forecast'] }],
    ['an annotation', { 'tools.0.annotations.readOnlyHint': false }, { tools: true, changed: ['forecast'] }],
    ['a prompt argument', { 'prompts.0.arguments.1.required': true }, { prompts: true, changed: ['advise'] }],
    ['the number of arguments', { 'prompts.0.arguments': [] }, { prompts: true, changed: ['advise'] }],
    ['a resource', { 'resources.0.size': 13 }, { resources: true, changed: ['Server Status'], uris: ['status://server'] }],
    ["a resource's code", { 'module_links.1.function_name': 'x' }, { uris: ['status://server'] }],
    [
      "a resource's name",
      { 'resources.0.name': 'S' },
      { resources: true, added: ['S'], removed: ['Server Status'], uris: ['status://server'] },
    ],
    ["a resource's URI", { 'resources.0.uri': 'a://b' }, { resources: true, changed: ['Server Status'] }],
    [
      "a template's code",
      { 'modules.1': { module_name: './city.js', setting: { a: 1 } } },
      { uriTemplates: ['city://{name}{?units,lang*}'] },
    ],
    [
      'a template',
      { 'resource_templates.0.mimeType': 'text/plain' },
      { resources: true, changed: ['City'], uriTemplates: ['city://{name}{?units,lang*}'] },
    ],
  ])('%s', (_, changes, expected) => {
    expect(afterwards(changes)).toEqual(expected);
  });

  it('an added tool, and a removed one', () => {
    const more = catalog({ 'tools.1': { name: 'new' } });
    expect(diff(catalog(), more)).toEqual({ tools: true, added: ['new'] });
    expect(diff(more, catalog())).toEqual({ tools: true, removed: ['new'] });
  });

  it('the kind of a name changes both lists', () => {
    const before = catalog({ 'tools.1': { name: 'x' } });
    const after = catalog({ 'prompts.1': { name: 'x' } });
    expect(diff(before, after)).toEqual({ tools: true, prompts: true, added: ['x'], removed: ['x'] });
  });
});

it('a function of a program is compared by identity', () => {
  const withRun = (run: () => string): CatalogDefinition => {
    const { functions, revision } = catalog();
    return { revision, functions: functions.map((entry) => ({ ...entry, binding: { kind: 'inline', run } })) };
  };
  const run = (): string => 'a';
  expect(diff(withRun(run), withRun(run))).toEqual({});
  expect(
    diff(
      withRun(run),
      withRun(() => 'a'),
    ),
  ).toHaveProperty('uris', ['status://server']);
});
