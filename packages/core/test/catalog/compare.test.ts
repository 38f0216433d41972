import { compareCatalogs } from '../../src/catalog/compare.js';
import { MASKED, maskSetting } from '../../src/catalog/mask.js';
import type { CatalogDefinition, FunctionDefinition, LinkBinding, ToolDefinition } from '../../src/ports/definition.js';

const binding: LinkBinding = {
  kind: 'link',
  package_name: 'm',
  module_name: 'm',
  class_name: 'A',
  function_name: 'f',
  setting: {},
};
const tool = (name: string, changes: Partial<ToolDefinition> = {}): ToolDefinition => ({
  kind: 'tool',
  name,
  inputSchema: { type: 'object', properties: { city: { type: 'string' } } },
  binding,
  ...changes,
});
const catalog = (functions: FunctionDefinition[], more: Partial<CatalogDefinition> = {}): CatalogDefinition => ({
  revision: 'r',
  functions,
  ...more,
});
/** Paths of all changes; those that break callers have their reason. */
const lines = (before: FunctionDefinition[], after: FunctionDefinition[]): string[] =>
  compareCatalogs(catalog(before), catalog(after)).map(
    ({ kind, path, breaking }) => `${kind} ${path}${breaking === undefined ? '' : ` ! ${breaking}`}`,
  );

describe('the comparison of catalogs', () => {
  it('says which scopes callers need now', () => {
    const [none, one, two] = [tool('a'), tool('a', { scopes: ['x'] }), tool('a', { scopes: ['x', 'y'] })];
    expect(lines([none], [two])).toEqual(['added $.tools.a.scopes ! callers need "x", "y" now']);
    expect(lines([one], [two])).toEqual(['changed $.tools.a.scopes ! callers need "y" now']);
    expect(lines([two], [one])).toEqual(['changed $.tools.a.scopes']);
    expect(lines([two], [none])).toEqual(['removed $.tools.a.scopes']);
  });

  it('finds nothing where only the order, or the name of the revision, is another', () => {
    expect(compareCatalogs(catalog([tool('a'), tool('b')]), catalog([tool('b'), tool('a')], { revision: 's' }))).toEqual([]);
  });

  it('lists changes by name and field, always in the same order', () => {
    const before = [tool('b'), tool('a', { description: 'x', timeout_ms: 5 }), tool('gone')];
    const after = [
      tool('new', { title: 'New' }),
      tool('a', { description: 'y', title: 'A', record: { bodies: 'none', redact: [] }, approve: 'always' }),
      tool('b'),
    ];
    const expected = [
      'added $.tools.a.title',
      'changed $.tools.a.description',
      'removed $.module_links.a.timeout_ms',
      'added $.module_links.a.record',
      'added $.module_links.a.approve',
      'removed $.tools.gone ! the tool is gone',
      'added $.tools.new',
    ];
    expect(lines(before, after)).toEqual(expected);
    expect(lines([...before].reverse(), [...after].reverse())).toEqual(expected);
    const [change] = compareCatalogs(catalog(before), catalog(after));
    expect(change).toEqual({ kind: 'added', name: 'a', path: '$.tools.a.title', after: 'A' });
  });

  it('compares how calls may outlive their requests, and marks tools that need tasks', () => {
    const before = [tool('a', { task: 'optional', task_ttl_ms: 5_000 })];
    const after = [tool('a', { task: 'required', task_after_ms: 5, task_poll_ms: 10, is_async: true })];
    expect(lines(before, after)).toEqual([
      'changed $.module_links.a.task ! clients without tasks are refused',
      'added $.module_links.a.task_after_ms',
      'removed $.module_links.a.task_ttl_ms',
      'added $.module_links.a.task_poll_ms',
      'added $.module_links.a.is_async',
    ]);
    expect(lines([tool('a', { task: 'optional' })], [tool('a')])).toEqual(['removed $.module_links.a.task']);
  });

  it('marks what breaks the callers of a tool', () => {
    const schema = (properties: object, more: object = {}): Partial<ToolDefinition> => ({
      inputSchema: { type: 'object', properties, ...more },
    });
    const before = tool(
      'x',
      schema(
        { gone: {}, unit: { enum: ['C', 'F', 'K'] }, days: { type: 'number', maximum: 7, default: 1 }, kept: { pattern: 'a' } },
        { required: ['days'] },
      ),
    );
    const after = tool(
      'x',
      schema(
        { added: {}, unit: { enum: ['C', 'R'] }, days: { type: 'integer', maximum: 5 }, kept: { pattern: 'b' } },
        { required: ['days', 'added'], additionalProperties: false },
      ),
    );
    expect(lines([before], [after])).toEqual([
      'added $.tools.x.inputSchema.additionalProperties ! some values that were accepted are refused',
      'added $.tools.x.inputSchema.properties.added',
      'removed $.tools.x.inputSchema.properties.days.default ! the argument is required, and has no default any more',
      'changed $.tools.x.inputSchema.properties.days.maximum ! some values that were accepted are refused',
      'changed $.tools.x.inputSchema.properties.days.type ! the type is narrower: number is not accepted any more',
      'removed $.tools.x.inputSchema.properties.gone ! the argument is gone',
      'changed $.tools.x.inputSchema.properties.kept.pattern ! may break: some values that were accepted may be refused',
      'changed $.tools.x.inputSchema.properties.unit.enum ! the values "F", "K" are gone',
      'changed $.tools.x.inputSchema.required ! "added" is required now',
    ]);
  });

  it('marks what breaks the readers of a result', () => {
    const result = (outputSchema?: object): ToolDefinition[] => [
      tool('x', outputSchema === undefined ? {} : { outputSchema: outputSchema as Record<string, unknown> }),
    ];
    const object = { type: 'object', properties: { a: { type: 'integer' }, b: {} }, required: ['a'] };
    expect(lines(result(), result(object))).toEqual(['added $.tools.x.outputSchema']);
    expect(lines(result(object), result())).toEqual(['removed $.tools.x.outputSchema ! the result has no schema any more']);
    expect(lines(result(object), result({ type: 'object', properties: { a: { type: 'number' }, c: {} } }))).toEqual([
      'changed $.tools.x.outputSchema.properties.a.type ! the result may have values that it could not have before',
      'removed $.tools.x.outputSchema.properties.b ! the member is gone from the result',
      'added $.tools.x.outputSchema.properties.c',
      'removed $.tools.x.outputSchema.required ! "a" may be missing from the result',
    ]);
    expect(lines(result({ pattern: 'a' }), result({ pattern: 'b' }))[0]).toContain('may break: the result');
    expect(lines(result({ maximum: 5 }), result({ maximum: 3 }))).toEqual(['changed $.tools.x.outputSchema.maximum']);
    expect(lines([tool('x')], [tool('x', { return_type: 'json' })])).toEqual([
      'added $.tools.x.return_type ! the result has another form',
    ]);
  });

  it('marks what breaks callers of resources, templates and prompts', () => {
    const resource = (uri: string): FunctionDefinition => ({ kind: 'resource', name: 'r', uri, binding });
    const template = (uriTemplate: string): FunctionDefinition => ({
      kind: 'resource_template',
      name: 't',
      uriTemplate,
      binding,
    });
    const prompt = (...args: { name: string; required?: boolean; description?: string }[]): FunctionDefinition => ({
      kind: 'prompt',
      name: 'p',
      arguments: args,
      binding,
    });
    expect(lines([resource('a://b'), template('a://{x}')], [resource('a://c'), template('a://{y}')])).toEqual([
      'changed $.resources.r.uri ! callers read it by its old uri',
      'changed $.resource_templates.t.uriTemplate ! callers read it by its old uriTemplate',
    ]);
    expect(
      lines(
        [prompt({ name: 'a' }, { name: 'b' }, { name: 'c', required: true })],
        [prompt({ name: 'b', required: true, description: 'B' }, { name: 'c' }, { name: 'd', required: true }, { name: 'e' })],
      ),
    ).toEqual([
      'removed $.prompts.p.arguments.a ! the argument is gone',
      'added $.prompts.p.arguments.b.description',
      'changed $.prompts.p.arguments.b.required ! "b" is required now',
      'changed $.prompts.p.arguments.c.required',
      'added $.prompts.p.arguments.d ! "d" is required now',
      'added $.prompts.p.arguments.e',
    ]);
    expect(lines([resource('a://b')], [tool('r')])).toEqual(['changed $.tools.r.kind ! it was a resource, and is a tool now']);
  });

  it('shows a module once, and no value of its setting', () => {
    const bound = (changes: Partial<LinkBinding>): FunctionDefinition[] =>
      ['a', 'b'].map((name) => tool(name, { binding: { ...binding, ...changes } }));
    const changes = compareCatalogs(
      catalog(bound({ setting: { key: 'secret', port: 1, on: true, ref: 'env:KEY' } }), { instructions: 'x' }),
      catalog(bound({ setting: { key: 'other', port: 2, on: false, ref: 'env:KEY', list: ['hush'] }, sha256: 'ab' })),
    );
    expect(changes).toEqual([
      { kind: 'removed', path: '$.instructions', before: 'x' },
      { kind: 'added', path: '$.modules["m.A"].sha256', after: 'ab' },
      { kind: 'changed', path: '$.modules["m.A"].setting.key', before: MASKED, after: MASKED },
      { kind: 'added', path: '$.modules["m.A"].setting.list', after: [MASKED] },
      { kind: 'changed', path: '$.modules["m.A"].setting.on', before: true, after: false },
      { kind: 'changed', path: '$.modules["m.A"].setting.port', before: MASKED, after: MASKED },
    ]);
    expect(lines(bound({}), bound({ function_name: 'g' }))).toEqual([
      'changed $.module_links.a.function_name',
      'changed $.module_links.b.function_name',
    ]);
    const inline = tool('a', { binding: { kind: 'inline', run: () => 1 } });
    expect(lines([inline], [tool('a', { binding: { kind: 'inline', run: () => 2 } })])).toEqual([]);
  });
});

it('masks texts and numbers, at any depth, and leaves references', () => {
  expect(maskSetting({ a: [{ b: 'secret', c: null }], d: '${env:KEY}', e: 'file:/run/x', f: 'env: no', g: 'see env:X' })).toEqual(
    {
      a: [{ b: MASKED, c: null }],
      d: '${env:KEY}',
      e: 'file:/run/x',
      f: MASKED,
      g: MASKED,
    },
  );
});
