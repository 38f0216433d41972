import { Readable } from 'node:stream';

import type { JsonObject, ToolOptions } from '../../src/index.js';
import { definePrompt, defineResource, defineTool, ForeignValue } from '../../src/index.js';
import { daemonWith, errorOf, legacy, modern, resultOf, tool, watchedStore } from '../support.js';

type Options = Partial<ToolOptions<JsonObject, JsonObject>>;

const VERSIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'];

/** What a tool's value becomes, for a client of a version. */
async function told(value: unknown, options: Options = {}, version = '2026-07-28'): Promise<JsonObject> {
  const daemon = daemonWith([defineTool({ name: 't', ...options, run: () => value } as ToolOptions<JsonObject, JsonObject>)]);
  const client = version === '2026-07-28' ? modern(daemon) : await legacy(daemon, { version });
  const { resultType: _type, _meta: _identity, ...result } = resultOf(await client.call('t'));
  return result;
}

const text = (words: string): JsonObject => ({ type: 'text', text: words });
const unusable = (why: string | RegExp): JsonObject => ({
  isError: true,
  content: [{ type: 'text', text: expect.stringMatching(why) as string }],
});

const PNG = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const png = Buffer.from(PNG).toString('base64');
const wav = Buffer.from('RIFF\u0001\u0002\u0003\u0004WAVE', 'latin1').toString('base64');

describe('a tool without a return type', () => {
  it.each<[string, unknown, JsonObject[]]>([
    ['a string', 'as it is\n', [text('as it is\n')]],
    ['an empty string', '', [text('')]],
    ['a number', 5, [text('5')]],
    ['a boolean', false, [text('false')]],
    ['a BigInt', 5n, [text('5')]],
    ['null', null, [text('null')]],
    ['nothing', undefined, []],
    ['an object', { a: [1, { b: 2 }] }, [text(JSON.stringify({ a: [1, { b: 2 }] }, null, 2))]],
    ['an array', ['a', 1], [text(JSON.stringify(['a', 1], null, 2))]],
    ['an object with a BigInt', { n: 2n ** 64n }, [text('{\n  "n": "18446744073709551616"\n}')]],
    ['a date', new Date(0), [text('"1970-01-01T00:00:00.000Z"')]],
    ['content that is none', { content: 'words' }, [text('{\n  "content": "words"\n}')]],
  ])('gives %s as text', async (_what, value, content) => expect(await told(value)).toEqual({ content }));

  it('returns an MCP result unchanged', async () => {
    const result = {
      content: [text('a'), { type: 'image', data: png, mimeType: 'image/png' }],
      structuredContent: { a: 1 },
      isError: false,
    };
    expect(await told(result)).toEqual(result);
  });

  it.each<[string, unknown, string]>([
    ['a circle', Object.assign([], { 0: 1 }) as unknown, ''],
    ['a function', () => 1, 'returned a function'],
    ['a symbol', Symbol('s'), 'returned a symbol'],
  ])('says what is wrong with %s', async (_what, value, why) => {
    if (why === '') {
      const circle: JsonObject = {};
      circle['self'] = [circle];
      expect(await told(circle)).toMatchObject(unusable('contains itself'));
    } else expect(await told(value)).toMatchObject(unusable(why));
  });

  it('says that JSON cannot encode a value whose toJSON throws', async () => {
    const shy = {
      toJSON() {
        throw new Error('secret');
      },
    };
    const result = await told(shy);
    expect(result).toMatchObject(unusable('JSON cannot encode'));
    expect(JSON.stringify(result)).not.toContain('secret');
  });
});

describe('the return type text', () => {
  it('treats a value that looks like a result as any other object', async () => {
    expect(await told({ content: [text('a')] }, { returnType: 'text' })).toMatchObject({
      content: [{ text: expect.stringContaining('"content"') as string }],
    });
  });
});

describe('the return type json', () => {
  it.each<[unknown]>([[{ a: 1 }], [[1, 2]], ['text'], [5], [null]])(
    'gives %j as text and as structured content',
    async (value) => {
      expect(await told(value, { returnType: 'json' })).toEqual({
        content: [text(JSON.stringify(value))],
        structuredContent: value,
      });
    },
  );

  it('returns no content for undefined', async () =>
    expect(await told(undefined, { returnType: 'json' })).toEqual({ content: [] }));

  it('converts a value as JSON does', async () => {
    const value = { date: new Date(0), skipped: undefined, n: Number.NaN };
    expect(await told(value, { returnType: 'json' })).toMatchObject({
      structuredContent: { date: '1970-01-01T00:00:00.000Z', n: null },
    });
  });
});

describe('the return types image and audio', () => {
  it.each<[string, unknown, JsonObject]>([
    ['bytes', PNG, { data: png, mimeType: 'image/png' }],
    ['a part of a buffer', new Uint8Array([0, ...PNG]).subarray(1), { data: png, mimeType: 'image/png' }],
    ['base64', png, { data: png, mimeType: 'image/png' }],
    ['base64 in lines', `${png.slice(0, 4)}\n${png.slice(4)}`, { data: png, mimeType: 'image/png' }],
    ['JPEG', '/9j/4AAQ', { data: '/9j/4AAQ', mimeType: 'image/jpeg' }],
    ['a data URI with a charset', `data:image/gif;charset=utf-8;base64,${png}`, { data: png, mimeType: 'image/gif' }],
    ['a data URI that is text', 'data:image/svg+xml,%3Csvg/%3E', { data: 'PHN2Zy8+', mimeType: 'image/svg+xml' }],
    ['an ArrayBuffer', PNG.slice().buffer, { data: png, mimeType: 'image/png' }],
    ['a Blob', new Blob([PNG]), { data: png, mimeType: 'image/png' }],
    ['a Blob with a type', new Blob([PNG], { type: 'image/x-own' }), { data: png, mimeType: 'image/x-own' }],
    ['a Blob as data', { data: new Blob([PNG]) }, { data: png, mimeType: 'image/png' }],
    ['a data URI', `data:image/gif;base64,${png}`, { data: png, mimeType: 'image/gif' }],
    ['data with a type', { data: PNG, mimeType: 'image/avif' }, { data: png, mimeType: 'image/avif' }],
    [
      'data with annotations',
      { data: png, annotations: { priority: 1 } },
      { data: png, mimeType: 'image/png', annotations: { priority: 1 } },
    ],
  ])('an image from %s', async (_what, value, block) => {
    expect(await told(value, { returnType: 'image' })).toEqual({ content: [{ type: 'image', ...block }] });
  });

  it('several images in one result', async () => {
    expect(await told([png, PNG], { returnType: 'image' })).toMatchObject({ content: [{ type: 'image' }, { type: 'image' }] });
  });

  it('audio, by its first bytes', async () => {
    expect(await told(wav, { returnType: 'audio' })).toEqual({ content: [{ type: 'audio', data: wav, mimeType: 'audio/wav' }] });
    expect(await told('SUQzAAAA', { returnType: 'audio' })).toMatchObject({ content: [{ mimeType: 'audio/mpeg' }] });
  });

  it.each<[type: string, first: string]>([
    ['image/png', '\x89PNG\r\n'],
    ['image/jpeg', '\xff\xd8\xff'],
    ['image/gif', 'GIF89a'],
    ['image/webp', 'RIFF....WEBP'],
    ['image/avif', '\0\0\0\x1cftypavif'],
    ['image/heic', '\0\0\0\x1cftypheic'],
    ['image/bmp', 'BM\x1e\0\0\0'],
    ['image/tiff', 'II*\0'],
    ['image/x-icon', '\0\0\x01\0\x01'],
    ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    [
      'image/svg+xml',
      '\xef\xbb\xbf<?xml version="1.0"?>\n<!-- made by hand -->\n<!DOCTYPE svg PUBLIC "-//W3C" "svg.dtd">\n<svg>',
    ],
    ['audio/mpeg', 'ID3\x04'],
    ['audio/mpeg', '\xff\xfb\x90\0'],
    ['audio/aac', '\xff\xf1\x50\x80'],
    ['audio/ogg', 'OggS'],
    ['audio/flac', 'fLaC'],
    ['audio/wav', 'RIFF....WAVE'],
    ['audio/mp4', '\0\0\0\x20ftypM4A '],
    ['audio/webm', '\x1aE\xdf\xa3'],
  ])('%s is recognised by its first bytes', async (mimeType, first) => {
    const type = mimeType.startsWith('image') ? 'image' : 'audio';
    expect(await told(Buffer.from(first, 'latin1'), { returnType: type })).toMatchObject({ content: [{ type, mimeType }] });
  });

  it.each(['image', 'audio'] as const)(
    'an unknown %s is an error that says what to return, never a guess',
    async (returnType) => {
      for (const value of ['AAAA', 'PHhtbC8+'])
        expect(await told(value, { returnType })).toMatchObject(unusable(/is not recognised: return \{ data, mimeType/));
      expect(await told({ data: 'AAAA', mimeType: 'x/y' }, { returnType })).toMatchObject({ content: [{ mimeType: 'x/y' }] });
    },
  );

  it('a data URI as the data of a block is decoded, or refused', async () => {
    const image = { type: 'image', data: `data:image/png;base64,${png}` };
    const decoded = { content: [{ type: 'image', data: png, mimeType: 'image/png' }] };
    expect(await told({ content: [image] })).toEqual(decoded);
    expect(await told({ content: [{ ...image, mimeType: 'image/png' }] })).toEqual(decoded);
    expect(await told({ content: [{ ...image, data: 'data:image/png;base64' }] })).toMatchObject(unusable('needs a comma'));
    expect(await told({ content: [{ ...image, data: 'data:image/png;base64,???' }] })).toMatchObject(unusable('must be bytes'));
  });

  it.each([undefined, null, 5, '', 'not base64!', {}, { data: 5 }])('not from %p', async (value) => {
    expect(await told(value, { returnType: 'image' })).toMatchObject(
      unusable('an image must be bytes, base64 text or a data URI'),
    );
  });
});

describe('the return type embedded_resource', () => {
  const uri = expect.stringMatching(/^result:\/\/t\/[0-9a-f-]{36}$/) as string;

  it.each<[string, unknown, JsonObject]>([
    ['text', 'words', { uri, mimeType: 'text/plain', text: 'words' }],
    ['bytes', PNG, { uri, mimeType: 'application/octet-stream', blob: png }],
    ['any other value', { a: 1 }, { uri, mimeType: 'application/json', text: '{\n  "a": 1\n}' }],
    ['text with a URI', { uri: 'x://y', text: 'words' }, { uri: 'x://y', mimeType: 'text/plain', text: 'words' }],
    ['text with a type', { text: '# a', mimeType: 'text/markdown' }, { uri, mimeType: 'text/markdown', text: '# a' }],
    ['a blob of bytes', { blob: PNG, mimeType: 'image/png' }, { uri, mimeType: 'image/png', blob: png }],
    ['a blob of base64', { blob: png }, { uri, mimeType: 'application/octet-stream', blob: png }],
    [
      'a whole one',
      { type: 'resource', resource: { uri: 'x://y', text: 'a', mimeType: 'text/x' } },
      { uri: 'x://y', mimeType: 'text/x', text: 'a' },
    ],
  ])('from %s', async (_what, value, resource) => {
    expect(await told(value, { returnType: 'embedded_resource' })).toEqual({ content: [{ type: 'resource', resource }] });
  });

  it('not from a blob that is neither', async () => {
    expect(await told({ blob: 5 }, { returnType: 'embedded_resource' })).toMatchObject(
      unusable('"blob" must be base64 text or bytes'),
    );
  });
});

describe('the return type resource_link', () => {
  it.each<[string, unknown, JsonObject]>([
    ['a URI', 'x://y', { uri: 'x://y', name: 'x://y' }],
    ['a URI and more', { uri: 'x://y', name: 'Y', mimeType: 'text/plain' }, { uri: 'x://y', name: 'Y', mimeType: 'text/plain' }],
  ])('from %s', async (_what, value, block) => {
    expect(await told(value, { returnType: 'resource_link' })).toEqual({ content: [{ type: 'resource_link', ...block }] });
  });

  it.each([undefined, null, 5, {}, { uri: 5 }])('not from %p', async (value) => {
    expect(await told(value, { returnType: 'resource_link' })).toMatchObject(unusable('a resource link must be a URI'));
  });
});

describe('the return type mcp', () => {
  it('accepts a result, or only its blocks', async () => {
    expect(await told({ content: [text('a')], isError: true }, { returnType: 'mcp' })).toEqual({
      content: [text('a')],
      isError: true,
    });
    expect(await told([text('a')], { returnType: 'mcp' })).toEqual({ content: [text('a')] });
    expect(await told({ structuredContent: { a: 1 } }, { returnType: 'mcp' })).toEqual({
      content: [],
      structuredContent: { a: 1 },
    });
  });

  it('accepts bytes in blocks', async () => {
    expect(await told([{ type: 'image', data: PNG, mimeType: 'image/png' }], { returnType: 'mcp' })).toEqual({
      content: [{ type: 'image', data: png, mimeType: 'image/png' }],
    });
    expect(await told([{ type: 'resource', resource: { uri: 'x://y', blob: PNG } }], { returnType: 'mcp' })).toMatchObject({
      content: [{ type: 'resource', resource: { uri: 'x://y', blob: png } }],
    });
  });

  it.each<[unknown, RegExp]>([
    [undefined, /must return \{ content/],
    ['text', /must return \{ content/],
    [{ content: 'text' }, /"content" must be an array/],
    [[5], /content\[0\] must be a content block/],
    [
      [text('a'), { type: 'video' }],
      /content\[1\] has the unknown type "video"; the types are text, image, audio, resource_link, resource/,
    ],
    [[{ type: 'text' }], /content\[0\] \(text\) needs "text" as a string/],
    [[{ type: 'image', data: 'AAAA' }], /needs "mimeType"/],
    [[{ type: 'resource_link', uri: 'x://y' }], /needs "name"/],
    [[{ type: 'resource', resource: {} }], /needs a "resource" with a "uri"/],
  ])('says what is wrong with %j', async (value, why) => {
    expect(await told(value, { returnType: 'mcp' })).toMatchObject(unusable(why));
  });
});

describe('features that an older version does not have', () => {
  it.each(VERSIONS)('%s: audio', async (version) => {
    const [block] = (await told(wav, { returnType: 'audio' }, version))['content'] as JsonObject[];
    expect(block?.['type']).toBe(version >= '2025-03-26' ? 'audio' : 'text');
  });

  it.each(VERSIONS)('%s: links', async (version) => {
    const { content } = await told({ uri: 'x://y', name: 'Y' }, { returnType: 'resource_link' }, version);
    expect(content).toEqual([version >= '2025-06-18' ? { type: 'resource_link', uri: 'x://y', name: 'Y' } : text('Y: x://y')]);
  });

  it.each(VERSIONS)('%s: structured content, which had to be an object at first', async (version) => {
    expect('structuredContent' in (await told({ a: 1 }, { returnType: 'json' }, version))).toBe(version >= '2025-06-18');
    expect('structuredContent' in (await told([1], { returnType: 'json' }, version))).toBe(version >= '2026-07-28');
  });

  it('the same in prompts', async () => {
    const prompt = definePrompt({
      name: 'p',
      run: () => [{ role: 'user', content: { type: 'audio', data: 'AAAA', mimeType: 'audio/x' } }],
    });
    const client = await legacy(daemonWith([prompt]), { version: '2024-11-05' });
    expect(resultOf(await client.request('prompts/get', { name: 'p' }))['messages']).toMatchObject([
      { role: 'user', content: { type: 'text', text: expect.stringContaining('audio/x') as string } },
    ]);
  });
});

describe('an output schema', () => {
  const outputSchema = { type: 'object', properties: { n: { type: 'number' } }, required: ['n'] } as const;

  it('makes the value structured content, and its text', async () => {
    expect(await told({ n: 1 }, { outputSchema })).toEqual({ content: [text('{"n":1}')], structuredContent: { n: 1 } });
  });

  it('keeps the blocks of a result that has structured content', async () => {
    const result = { content: [text('one')], structuredContent: { n: 1 } };
    expect(await told(result, { outputSchema })).toEqual(result);
  });

  it.each<[string, unknown, RegExp]>([
    ['a value that does not fit', { n: 'one' }, /does not fit its outputSchema: .*n/],
    ['nothing', undefined, /does not fit its outputSchema/],
    ['a result without structured content', { content: [text('one')] }, /returned no structuredContent/],
    ['structured content that does not fit', { content: [], structuredContent: {} }, /does not fit its outputSchema/],
  ])('refuses %s', async (_what, value, why) => expect(await told(value, { outputSchema })).toMatchObject(unusable(why)));

  it('is not required of an error result', async () => {
    expect(await told({ content: [text('no')], isError: true }, { outputSchema })).toEqual({
      content: [text('no')],
      isError: true,
    });
  });

  it('is checked for clients that are not sent structured content, too', async () => {
    expect(await told({ n: 'one' }, { outputSchema }, '2024-11-05')).toMatchObject(unusable('does not fit'));
    expect(await told({ n: 1 }, { outputSchema }, '2024-11-05')).toEqual({ content: [text('{"n":1}')] });
  });

  it('may be of anything in the modern era', async () => {
    const list: Options = { outputSchema: { type: 'array', items: { type: 'number' } } };
    expect(await told([1, 2], list)).toEqual({ content: [text('[1,2]')], structuredContent: [1, 2] });
    expect(await told([1, 2], list, '2025-11-25')).toEqual({ content: [text('[1,2]')] });
  });
});

describe('a result that says it is an error', () => {
  it('is recorded as one', async () => {
    const { store, rows } = watchedStore();
    const daemon = daemonWith([tool('t', () => ({ content: [text('no')], isError: true }))], { store });
    expect(resultOf(await modern(daemon).call('t'))['isError']).toBe(true);
    expect(rows()).toMatchObject([{ status: 'failed', fault: 'tool' }]);
  });
});

describe('what a resource returns', () => {
  const read = async (value: unknown, mimeType?: string): Promise<unknown> => {
    const resource = defineResource({
      name: 'r',
      uri: 'x://r',
      run: () => value,
      ...(mimeType === undefined ? {} : { mimeType }),
    });
    const answer = await modern(daemonWith([resource])).request('resources/read', { uri: 'x://r' });
    return 'error' in answer ? errorOf(answer) : resultOf(answer)['contents'];
  };
  const uri = 'x://r';

  it.each<[string, unknown, unknown]>([
    ['text', 'a', [{ uri, mimeType: 'text/plain', text: 'a' }]],
    ['empty text', '', [{ uri, mimeType: 'text/plain', text: '' }]],
    ['bytes', PNG, [{ uri, mimeType: 'application/octet-stream', blob: png }]],
    ['anything else', { a: 1 }, [{ uri, mimeType: 'application/json', text: '{\n  "a": 1\n}' }]],
    ['an array of anything', [1], [{ uri, mimeType: 'application/json', text: '[\n  1\n]' }]],
    ['a text', { text: 'a', mimeType: 'text/x' }, [{ uri, mimeType: 'text/x', text: 'a' }]],
    ['a blob of bytes', { blob: PNG }, [{ uri, mimeType: 'application/octet-stream', blob: png }]],
    [
      'a blob of base64',
      { blob: png, uri: 'x://other' },
      [{ uri: 'x://other', mimeType: 'application/octet-stream', blob: png }],
    ],
    [
      'several',
      [{ text: 'a' }, { uri: 'x://b', blob: png }],
      [
        { uri, mimeType: 'text/plain', text: 'a' },
        { uri: 'x://b', mimeType: 'application/octet-stream', blob: png },
      ],
    ],
    ['contents', { contents: [{ text: 'a', _meta: { n: 1 } }] }, [{ uri, mimeType: 'text/plain', text: 'a', _meta: { n: 1 } }]],
    ['no contents', { contents: [] }, []],
    [
      'a blob that is neither',
      { blob: 5 },
      { code: -32603, message: '"r" gave no usable result: "blob" must be base64 text or bytes' },
    ],
    ['a function', () => 1, { code: -32603, message: '"r" gave no usable result: it returned a function' }],
  ])('%s', async (_what, value, contents) => expect(await read(value)).toEqual(contents));

  it('is of the type that the resource declares', async () => {
    expect(await read('# a', 'text/markdown')).toEqual([{ uri, mimeType: 'text/markdown', text: '# a' }]);
    expect(await read(PNG, 'image/png')).toEqual([{ uri, mimeType: 'image/png', blob: png }]);
    expect(await read({ text: 'a', mimeType: 'text/x' }, 'text/markdown')).toMatchObject([{ mimeType: 'text/x' }]);
  });

  it('may have its own _meta', async () => {
    const resource = defineResource({ name: 'r', uri: 'x://r', run: () => ({ contents: [], _meta: { mine: 1 } }) });
    const client = await legacy(daemonWith([resource]));
    expect(resultOf(await client.request('resources/read', { uri: 'x://r' }))).toEqual({ contents: [], _meta: { mine: 1 } });
  });
});

describe('what a prompt returns', () => {
  const get = async (value: unknown): Promise<unknown> => {
    const client = await legacy(daemonWith([definePrompt({ name: 'p', description: 'Said.', run: () => value })]));
    const answer = await client.request('prompts/get', { name: 'p' });
    return 'error' in answer ? errorOf(answer).message : resultOf(answer);
  };
  const user = (words: string): JsonObject => ({ role: 'user', content: text(words) });

  it.each<[string, unknown, unknown]>([
    ['a string', 'a', [user('a')]],
    ['a block', text('a'), [user('a')]],
    ['a message', { role: 'assistant', content: 'a' }, [{ role: 'assistant', content: text('a') }]],
    ['a message with a block', { role: 'user', content: text('a') }, [user('a')]],
    ['a message without a role', { content: 'a' }, [user('a')]],
    [
      'several',
      ['a', { role: 'assistant', content: 'b' }, text('c')],
      [user('a'), { role: 'assistant', content: text('b') }, user('c')],
    ],
    ['messages', { messages: ['a'] }, [user('a')]],
    ['no messages', [], []],
  ])('%s', async (_what, value, messages) => expect(await get(value)).toEqual({ messages, description: 'Said.' }));

  it('may have its own description and _meta', async () => {
    expect(await get({ messages: ['a'], description: 'Other.', _meta: { mine: 1 } })).toEqual({
      messages: [user('a')],
      description: 'Other.',
      _meta: { mine: 1 },
    });
  });

  it.each<[unknown, RegExp]>([
    [undefined, /returned nothing/],
    [5, /must be a content block/],
    [{ role: 'system', content: 'a' }, /role must be "user" or "assistant", got "system"/],
    [{ role: 'user', content: 5 }, /must be a content block/],
    [{ type: 'video' }, /unknown type "video"/],
  ])('says what is wrong with %j', async (value, why) => expect(await get(value)).toMatch(why));
});

describe('_meta that is not an object', () => {
  it.each([null, 'text', 5, [1]])('%j is left out: clients refuse such a result', async (_meta) => {
    const odd = tool('odd', () => ({ content: [{ type: 'text', text: 'x' }], _meta }));
    const client = await legacy(daemonWith([odd]));
    expect(resultOf(await client.call('odd'))).toEqual({ content: [{ type: 'text', text: 'x' }] });
  });
});

describe('a value that JSON would write as an empty object', () => {
  it.each<[string, unknown, RegExp]>([
    ['a Map', new Map([['a', 1]]), /a Map: return Object\.fromEntries/],
    ['a Set', new Set([1]), /a Set: return \[\.\.\.set\]/],
    ['an Error', new TypeError('x'), /an Error: throw it/],
    ['a Response', new Response('x'), /a Response: return await response\.text\(\)/],
    ['a stream', new ReadableStream(), /a stream: read all of it/],
    ['a stream of Node', Readable.from(['x']), /a stream: read all of it/],
  ])('is refused, with advice on what to return: %s', async (_, value, why) => {
    expect(await told(value)).toMatchObject(unusable(why));
    expect(await told(value, { returnType: 'json' })).toMatchObject(unusable(why));
  });
});

describe('a single content block', () => {
  it.each([
    { type: 'text', text: 'a' },
    { type: 'image', data: png, mimeType: 'image/png' },
    { type: 'resource_link', uri: 'x://a', name: 'a' },
    { type: 'resource', resource: { uri: 'x://a', mimeType: 'text/plain', text: 'a' } },
  ])('is the content of the result: %j', async (block) => expect(await told(block)).toEqual({ content: [block] }));

  it.each([{ type: 'text', text: 'a', id: 1 }, { type: 'text' }, { type: 'circle', text: 'a' }])(
    'is data if it can be something else: %j',
    async (value) => expect(await told(value)).toEqual({ content: [text(JSON.stringify(value, null, 2))] }),
  );
});

describe('an error result of a tool with an output schema', () => {
  const outputSchema = { type: 'object', properties: { row: { type: 'integer' } }, required: ['row'] };

  it('loses structured content that does not fit, and keeps its text', async () => {
    const result = { content: [text('no such row')], structuredContent: { error: 'no such row' }, isError: true };
    expect(await told(result, { outputSchema })).toEqual({ content: [text('no such row')], isError: true });
  });

  it('gets a text if it had none', async () => {
    const result = { content: [], structuredContent: { error: 'x' }, isError: true };
    expect(await told(result, { outputSchema })).toEqual({ content: [text('{"error":"x"}')], isError: true });
  });

  it('keeps structured content that fits', async () => {
    const result = { content: [text('a')], structuredContent: { row: 1 }, isError: true };
    expect(await told(result, { outputSchema })).toEqual(result);
  });
});

it('bytes of a resource may be an ArrayBuffer, a Blob or a data URI', async () => {
  const values = [
    PNG.slice().buffer,
    new Blob([PNG], { type: 'image/png' }),
    { blob: `data:image/png;base64,${png}` },
    { blob: new Blob([PNG]) },
  ];
  const daemon = daemonWith(values.map((value, i) => defineResource({ name: `r${i}`, uri: `x://r${i}`, run: () => value })));
  const types = ['application/octet-stream', 'image/png', 'image/png', 'application/octet-stream'];
  for (const [i, mimeType] of types.entries()) {
    const { contents } = resultOf(await modern(daemon).request('resources/read', { uri: `x://r${i}` }));
    expect(contents).toEqual([{ uri: `x://r${i}`, mimeType, blob: png }]);
  }
});

describe('a value of another language', () => {
  it.each([{}, { returnType: 'text' as const }])('is its text with the options %j', async (options) => {
    expect(await told(new ForeignValue(5, '5.0'), options)).toEqual({ content: [text('5.0')] });
    expect(await told(new ForeignValue([1, 'a'], "[1, 'a']"), options)).toEqual({ content: [text("[1, 'a']")] });
    expect(await told(new ForeignValue(undefined, 'None'), options)).toEqual({ content: [text('None')] });
  });

  it('is its data with other return types and with an output schema', async () => {
    const list = new ForeignValue([1, true], '[1, True]');
    const data = { content: [text('[1,true]')], structuredContent: [1, true] };
    expect(await told(list, { returnType: 'json' })).toEqual(data);
    expect(await told(list, { outputSchema: { type: 'array' } })).toEqual(data);
    expect(await told(new ForeignValue(undefined, 'None'), { returnType: 'json' })).toEqual({ content: [] });
    expect(await told(new ForeignValue([png], 'text'), { returnType: 'image' })).toEqual({
      content: [{ type: 'image', data: png, mimeType: 'image/png' }],
    });
  });

  it('is its data in resources and prompts', async () => {
    const daemon = daemonWith([
      defineResource({ name: 'r', uri: 'x://r', run: () => new ForeignValue(5, '5.0') }),
      defineResource({ name: 'none', uri: 'x://none', run: () => new ForeignValue(undefined, 'None') }),
      definePrompt({ name: 'p', run: () => new ForeignValue(['one', 'two'], "['one', 'two']") }),
    ]);
    const client = modern(daemon);
    const read = resultOf(await client.request('resources/read', { uri: 'x://r' }));
    expect(read['contents']).toEqual([{ uri: 'x://r', mimeType: 'application/json', text: '5' }]);
    expect(errorOf(await client.request('resources/read', { uri: 'x://none' })).message).toMatch(/x:\/\/none/);
    const got = resultOf(await client.request('prompts/get', { name: 'p' }));
    expect(got['messages']).toEqual(['one', 'two'].map((each) => ({ role: 'user', content: text(each) })));
  });
});
