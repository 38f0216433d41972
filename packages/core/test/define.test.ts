import { z } from 'zod';

import type {
  Arguments,
  FunctionContext,
  FunctionDefinition,
  JsonObject,
  JsonSchema,
  StandardSchema,
  Structured,
  TypeOf,
} from '../src/index.js';
import { ConfigError, defineCatalog, definePrompt, defineResource, defineTool } from '../src/index.js';
import { daemonWith, legacy, modern, resultOf, textOf } from './support.js';

/** True for types that are the same, not only alike; a mismatch fails the type check. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_same: Same<A, B>): void => {};

const throwing = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('it did not throw');
};

describe('types from JSON Schema', () => {
  it('are those of the values', () => {
    same<TypeOf<{ type: 'string' }>, string>(true);
    same<TypeOf<{ type: 'integer' }>, number>(true);
    same<TypeOf<{ type: 'boolean' }>, boolean>(true);
    same<TypeOf<{ type: 'null' }>, null>(true);
    same<TypeOf<{ type: readonly ['string', 'null'] }>, string | null>(true);
    same<TypeOf<{ type: 'array'; items: { type: 'number' } }>, number[]>(true);
    same<TypeOf<{ type: 'array' }>, unknown[]>(true);
    same<TypeOf<{ type: 'object' }>, Record<string, unknown>>(true);
    same<TypeOf<{ enum: readonly ['a', 'b', 3] }>, 'a' | 'b' | 3>(true);
    same<TypeOf<{ const: 'only' }>, 'only'>(true);
    same<TypeOf<{ $ref: '#/$defs/x' }>, unknown>(true);
    same<TypeOf<{ type: 'string' }>, number>(false);
  });

  it('tell members that must be there from those that may', () => {
    defineTool({
      name: 't',
      inputSchema: {
        type: 'object',
        properties: {
          must: { type: 'string' },
          may: { type: 'number' },
          filled: { type: 'boolean', default: true },
          nested: { type: 'object', properties: { list: { type: 'array', items: { enum: ['x', 'y'] } } }, required: ['list'] },
        },
        required: ['must'],
      },
      run: (_args, _context) => {
        same<typeof _args, { must: string; filled: boolean; may?: number; nested?: { list: ('x' | 'y')[] } }>(true);
        same<typeof _context, FunctionContext>(true);
      },
    });
  });

  it('are unknown for a schema that is not known at compile time', () => {
    const inputSchema: JsonObject = { type: 'object' };
    defineTool({ name: 't', inputSchema, run: (_args) => same<typeof _args, unknown>(true) });
    same<Arguments<JsonSchema>, unknown>(true);
  });

  it('are unknown without a schema', () => {
    defineTool({ name: 't', run: (_args) => same<typeof _args, Record<string, unknown>>(true) });
  });

  it('refuse a wrong use', () => {
    const inputSchema = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] } as const;
    defineTool({
      name: 't',
      inputSchema,
      // @ts-expect-error there is no member m
      run: ({ m }) => m as string,
    });
    // @ts-expect-error a tool has a name
    defineTool({ inputSchema, run: () => 1 });
    // @ts-expect-error there is no such return type
    defineTool({ name: 't', returnType: 'video', run: () => 1 });
    // @ts-expect-error there is no such argument
    definePrompt({ name: 'p', arguments: [{ name: 'a' }], run: ({ b }) => b as string });
    definePrompt({
      name: 'p',
      arguments: [{ name: 'a' }, { name: 'b' }],
      run: (_args) => same<typeof _args, Partial<Record<'a' | 'b', string>>>(true),
    });
  });
});

describe('a schema of zod', () => {
  const order = z.object({
    count: z.coerce.number().int().min(1),
    size: z.enum(['s', 'm']).default('m'),
    name: z.string().transform((text) => text.toUpperCase()),
    tags: z.array(z.object({ id: z.number() })).optional(),
  });
  const tool = defineTool({
    name: 'order',
    inputSchema: z.object({ count: z.number().int().min(1), size: z.enum(['s', 'm']).default('m'), name: z.string().trim() }),
    run: (args) => {
      same<typeof args, { count: number; size: 's' | 'm'; name: string }>(true);
      return JSON.stringify(args);
    },
  });

  it('gives the output types of the schema, not the input types', () => {
    same<Arguments<typeof order>, { count: number; size: 's' | 'm'; name: string; tags?: { id: number }[] | undefined }>(true);
    const _made = z.object({ at: z.number().default(5) });
    same<Structured<typeof _made>, { at?: number | undefined }>(true);
  });

  it('is sent to clients as the JSON Schema of its input', async () => {
    const [listed] = resultOf(await modern(daemonWith([tool])).request('tools/list'))['tools'] as [JsonObject];
    expect(listed['inputSchema']).toMatchObject({
      type: 'object',
      properties: { count: { type: 'integer', minimum: 1 }, size: { enum: ['s', 'm'], default: 'm' }, name: { type: 'string' } },
      required: ['count', 'name'],
    });
  });

  it('checks, converts and fills in the arguments', async () => {
    const client = modern(daemonWith([tool]));
    expect(JSON.parse(textOf(await client.call('order', { count: 2, name: '  Ann ' })))).toEqual({
      count: 2,
      size: 'm',
      name: 'Ann',
    });
  });

  it('says what is wrong, and where', async () => {
    const deep = defineTool({ name: 'deep', inputSchema: order.omit({ name: true }), run: () => 'ran' });
    const client = modern(daemonWith([deep]));
    const result = resultOf(await client.call('deep', { count: 0, tags: [{ id: 1 }, { id: 'x' }] }));
    expect(result).toMatchObject({ isError: true });
    const [{ text }] = result['content'] as [{ text: string }];
    expect(text).toMatch(/^Invalid arguments for "deep":\n- count: .+\n- tags\[1\]\.id: /);
  });

  it('may check later', async () => {
    const slow = z.object({ name: z.string().refine(async (name) => Promise.resolve(name !== 'taken'), 'is taken') });
    const client = modern(daemonWith([defineTool({ name: 't', inputSchema: slow, run: ({ name }) => name })]));
    expect(textOf(await client.call('t', { name: 'free' }))).toBe('free');
    expect(textOf(await client.call('t', { name: 'taken' }))).toBe('Invalid arguments for "t":\n- name: is taken');
  });

  it('describes results, too', async () => {
    const t = defineTool({ name: 't', outputSchema: z.object({ n: z.number() }), run: () => ({ n: 1 }) });
    const client = await legacy(daemonWith([t]));
    expect((resultOf(await client.request('tools/list'))['tools'] as JsonObject[])[0]).toMatchObject({
      outputSchema: { type: 'object', properties: { n: { type: 'number' } } },
    });
    expect(resultOf(await client.call('t'))['structuredContent']).toEqual({ n: 1 });
  });

  it('that cannot be converted to JSON Schema is refused', () => {
    expect(throwing(() => defineTool({ name: 't', inputSchema: z.object({ at: z.date() }), run: () => 1 }))).toMatchObject({
      code: 'schema_invalid',
      message: expect.stringContaining('"zod"') as string,
    });
  });
});

describe('a schema of another library', () => {
  const standard = (more: object = {}): StandardSchema<{ n: number }> =>
    ({ '~standard': { version: 1, vendor: 'mine', validate: (value: unknown) => ({ value }), ...more } }) as StandardSchema<{
      n: number;
    }>;

  it('is refused if it has no JSON Schema', () => {
    expect(throwing(() => defineTool({ name: 't', inputSchema: standard(), run: () => 1 }))).toMatchObject({
      code: 'schema_invalid',
      message: expect.stringMatching(/"mine" cannot convert its schemas to JSON Schema/) as string,
    });
  });

  it('may be a function', async () => {
    const jsonSchema = { input: () => ({ type: 'object' }), output: () => ({ type: 'object' }) };
    const schema = Object.assign(() => 1, standard({ jsonSchema }));
    const t = defineTool({
      name: 't',
      inputSchema: schema,
      run: (args) => {
        same<typeof args, { n: number }>(true);
        return JSON.stringify(args);
      },
    });
    expect(textOf(await modern(daemonWith([t])).call('t', { n: 1 }))).toBe('{"n":1}');
  });

  it('may report problems in its own form: at most ten', async () => {
    const jsonSchema = { input: () => ({ type: 'object' }), output: () => ({ type: 'object' }) };
    const issues = [
      { message: 'whole' },
      { message: 'part', path: ['a', { key: 0 }, { key: 'b' }] },
      ...Array.from({ length: 20 }, () => ({ message: 'more' })),
    ];
    const t = defineTool({ name: 't', inputSchema: standard({ jsonSchema, validate: () => ({ issues }) }), run: () => 1 });
    const text = textOf(await modern(daemonWith([t])).call('t')).split('\n');
    expect(text.slice(1, 3)).toEqual(['- whole', '- a[0].b: part']);
    expect(text).toHaveLength(11);
  });

  it('that throws fails the call', async () => {
    const jsonSchema = { input: () => ({ type: 'object' }), output: () => ({ type: 'object' }) };
    const validate = (): never => {
      throw new Error('broken check');
    };
    for (const check of [validate, async () => Promise.resolve().then(validate)]) {
      const t = defineTool({ name: 't', inputSchema: standard({ jsonSchema, validate: check }), run: () => 1 });
      expect(resultOf(await modern(daemonWith([t])).call('t'))).toMatchObject({
        isError: true,
        content: [{ text: 'broken check' }],
      });
    }
  });
});

describe('a catalog of a program', () => {
  const run = (): number => 1;

  it('lists all mistakes at once', () => {
    const functions: FunctionDefinition[] = [
      defineTool({ name: 'a', run }),
      defineResource({ name: 'a', uri: 'x://a', run }),
      defineTool({
        name: 'b',
        inputSchema: { type: 'object', properties: { x: { type: 'strang' } } } as unknown as JsonSchema,
        run,
      }),
      defineTool({
        name: 'c',
        outputSchema: { type: 'object', properties: { n: { minimum: 'one' } } } as unknown as JsonSchema,
        run,
      }),
    ];
    const error = throwing(() => defineCatalog({ functions })) as ConfigError;
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ name: 'ConfigError', code: 'config_invalid', file: 'defineCatalog' });
    expect(error.mistakes.map(({ path }) => path)).toEqual([
      '$[1].name',
      '$[2].inputSchema.properties.x.type',
      '$[3].outputSchema.properties.n.minimum',
    ]);
    expect(error.message).toMatch(/^defineCatalog: 3 mistakes\n {2}\$\[1\]\.name: "a" is the name of \$\[0\] too/);
  });

  it('has a revision that names its content', () => {
    const revision = (functions: FunctionDefinition[], instructions?: string): string =>
      defineCatalog({ functions, ...(instructions === undefined ? {} : { instructions }) }).revision;
    const one = revision([defineTool({ name: 'a', run })]);
    expect(revision([defineTool({ name: 'a', run: () => 2 })])).toBe(one);
    const others = [
      revision([]),
      revision([defineTool({ name: 'b', run })]),
      revision([defineTool({ name: 'a', title: 'A', run })]),
      revision([defineTool({ name: 'a', run })], 'Be nice.'),
    ];
    expect(new Set([one, ...others]).size).toBe(5);
  });

  it('accepts a resource with a URI or a template, but not with both or neither', () => {
    const resource = (more: { uri?: string; uriTemplate?: string }): unknown =>
      throwing(() => defineResource({ name: 'r', run, ...more }));
    for (const more of [{}, { uri: 'x://a', uriTemplate: 'x://{a}' }]) {
      expect(resource(more)).toMatchObject({ code: 'usage', message: 'resource "r" needs a uri or a uriTemplate, and not both' });
    }
  });

  it('keeps only the known members of each function', () => {
    const shared = {
      title: 'T',
      description: 'D',
      icons: [{ src: 'https://example.com/i.png' }],
      annotations: { a: 1 },
      _meta: { m: 1 },
    };
    const more = { ...shared, timeoutMs: 5, record: { bodies: 'none' as const } };
    const kept = { ...shared, timeout_ms: 5, record: { bodies: 'none', redact: [] }, binding: { kind: 'inline', run } };
    expect(defineTool({ name: 'n', ...more, returnType: 'json', run })).toEqual({
      ...kept,
      kind: 'tool',
      name: 'n',
      inputSchema: { type: 'object' },
      return_type: 'json',
    });
    const long = { task: 'optional' as const, taskAfterMs: 0, taskTtlMs: 1, taskPollMs: 2, isAsync: true };
    expect(defineTool({ name: 'n', ...long, run })).toMatchObject({
      ...{ task: 'optional', task_after_ms: 0, task_ttl_ms: 1, task_poll_ms: 2, is_async: true },
    });
    expect(defineResource({ name: 'n', ...more, uri: 'x://a', mimeType: 'a/b', size: 1, run })).toEqual({
      ...kept,
      kind: 'resource',
      name: 'n',
      uri: 'x://a',
      mimeType: 'a/b',
      size: 1,
    });
    expect(defineResource({ name: 'n', uriTemplate: 'x://{a}', completions: { a: ['1'] }, run })).toEqual({
      kind: 'resource_template',
      name: 'n',
      uriTemplate: 'x://{a}',
      completions: { a: { kind: 'list', values: ['1'] } },
      binding: { kind: 'inline', run },
    });
    const complete = (): string[] => [];
    expect(definePrompt({ name: 'n', ...more, arguments: [{ name: 'a', required: true, completions: complete }], run })).toEqual({
      ...kept,
      kind: 'prompt',
      name: 'n',
      arguments: [{ name: 'a', required: true, completion: { kind: 'function', binding: { kind: 'inline', run: complete } } }],
    });
  });

  it('may have an invalid schema that only a call detects: the model and the log get the error', async () => {
    const broken = { ...defineTool({ name: 't', run }), inputSchema: { type: 'strang' } };
    const client = modern(daemonWith([], { catalog: { revision: '1', functions: [broken] } }));
    expect(resultOf(await client.call('t'))).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining('cannot be run') as string }],
    });
  });
});

describe('limits and paths without effect', () => {
  it.each([Infinity, 0, -1, 1.5, 2 ** 31, NaN])('a time limit of %s is a mistake', (timeoutMs) => {
    const functions = [defineTool({ name: 'limited', timeoutMs, run: () => 'x' })];
    expect(throwing(() => defineCatalog({ functions }))).toMatchObject({ mistakes: [{ path: '$[0].timeoutMs' }] });
  });

  it('a scope that no token can have is a mistake: nobody could call the function', () => {
    const functions = [
      defineTool({ name: 'a', scopes: ['ok', 'not ok'], run: () => 1 }),
      defineTool({ name: 'b', scopes: [], run: () => 1 }),
    ];
    expect(throwing(() => defineCatalog({ functions }))).toMatchObject({ mistakes: [{ path: '$[0].scopes[1]' }] });
    expect(functions[1]).not.toHaveProperty('scopes');
  });

  it.each([{ task: 'maybe' as 'never' }, { taskAfterMs: -1 }, { taskTtlMs: 604_800_001 }, { taskPollMs: 0 }])(
    'of tasks, %j is a mistake',
    (more) => {
      const functions = [defineTool({ name: 'long', ...more, run: () => 'x' })];
      expect(throwing(() => defineCatalog({ functions }))).toMatchObject({
        mistakes: [{ path: `$[0].${Object.keys(more)[0]}` }],
      });
    },
  );

  it('a redaction that is not a JSON path is a mistake: the values would be recorded', () => {
    const record = { redact: ['$.card', 'card.number'] };
    const functions = [defineResource({ name: 'r', uri: 'a://b', record, run: () => 'x' })];
    expect(throwing(() => defineCatalog({ functions }))).toMatchObject({ mistakes: [{ path: '$[0].record.redact[1]' }] });
  });
});
