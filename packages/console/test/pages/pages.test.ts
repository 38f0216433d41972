/** What pages work out before they show it: periods, filters, requests from forms, forms from questions. */
import type { CatalogEntry, Question } from '../../src/api/catalog.js';
import type { CallGroup } from '../../src/api/statistics.js';
import type { JsonObject } from '../../src/base/json.js';
import { filterOf, isFiltered, NO_FILTER } from '../../src/pages/filter.js';
import { answersOf, noteOf, questionSchema, requestOf, unanswerableOf } from '../../src/pages/function-call.js';
import { schemaOf } from '../../src/pages/function-schema.js';
import { beginOf, columnsOf, lengthOf, periodOf, sinceOf } from '../../src/pages/periods.js';
import { attentionOf } from '../../src/parts/mounted-attention.js';

const HOUR = 3_600_000;
const entry = (kind: CatalogEntry['kind'], more: JsonObject): CatalogEntry => ({
  ...{ kind, name: 'a', title: undefined, description: undefined },
  entry: { name: 'a', ...more },
});

describe('the attention that a mounted server needs', () => {
  const server = {
    name: 'web',
    state: 'READY',
    failure: undefined,
    title: 'web 1',
    protocol: '2025-11-25',
    functions: 1,
    changes: 0,
  };
  const fine = { ...server, login: undefined, loginEnds: undefined };

  it('is none while it is up', () => {
    expect(attentionOf({ ...fine, login: 'OK' })).toEqual([]);
  });

  it('says why it is down, and what to do about its log-in and its changes', () => {
    expect(attentionOf({ ...fine, state: 'DOWN', failure: 'the server "web" needs a log-in', login: 'NEEDED' })).toHaveLength(1);
    expect(attentionOf({ ...fine, login: 'NEEDED' })).toEqual(['It needs a log-in: mcp-daemon mounts login web']);
    expect(attentionOf({ ...fine, login: 'ENDING', changes: 2 })).toEqual([
      'Its log-in may end at any time: mcp-daemon mounts login web',
      '2 changes are not approved: mcp-daemon mounts check web',
    ]);
    expect(attentionOf({ ...fine, login: 'ENDING', loginEnds: 0 })[0]).toMatch(/^Its log-in ends \S/);
  });
});

describe('the periods of the overview', () => {
  it('are 24 hours unless the address names another', () => {
    expect(['7d', '30d', '24h', 'constructor', null].map(periodOf)).toEqual(['7d', '30d', '24h', '24h', '24h']);
    expect(lengthOf('7d')).toEqual({ hours: 168, by: 'HOUR' });
    expect(lengthOf('30d').by).toBe('DAY');
  });

  it('begin with a whole hour or day', () => {
    const until = new Date(2026, 2, 5, 14, 35, 12).getTime();
    expect(sinceOf('24h', until)).toBe(new Date(2026, 2, 4, 14).getTime());
    expect(sinceOf('30d', until)).toBe(new Date(2026, 1, 3).getTime());
    expect(beginOf(until, 'DAY')).toBe(new Date(2026, 2, 5).getTime());
  });

  it('have a column for each hour, and zeros where the server has counted nothing', () => {
    const since = new Date(2026, 2, 5, 10).getTime();
    const group = { start: since + HOUR, calls: 3, errors: 1, p50: 4, p95: 9 } as CallGroup;
    const columns = columnsOf([group], since, since + 2.5 * HOUR, 'HOUR');
    expect(columns.times).toEqual([since, since + HOUR, since + 2 * HOUR]);
    expect(columns).toMatchObject({ calls: [0, 3, 0], errors: [0, 1, 0], p95: [null, 9, null], p50: [null, 4, null] });
  });

  it('have a column for each day, however long the day is', () => {
    const days = columnsOf([], new Date(2026, 2, 1).getTime(), new Date(2026, 3, 10).getTime(), 'DAY').times;
    expect(days).toHaveLength(40);
    for (const day of days) expect(new Date(day).getHours()).toBe(0);
  });
});

describe('the filters of calls', () => {
  it('are read from the address, which may contain anything', () => {
    const filter = filterOf(new URLSearchParams('status=failed&name=a&name=b&admin=1'));
    expect(filter).toEqual({ ...NO_FILTER, status: 'failed', name: 'a' });
    expect([isFiltered(filter), isFiltered(NO_FILTER)]).toEqual([true, false]);
  });
});

describe('a function', () => {
  it('asks for what its kind takes', () => {
    expect(schemaOf(entry('tool', { inputSchema: { type: 'object', minProperties: 1 } }))).toEqual({
      type: 'object',
      minProperties: 1,
    });
    const list = [
      { name: 'to', required: true, description: 'Whom' },
      { name: 'tone', title: 'Tone' },
    ];
    expect(schemaOf(entry('prompt', { arguments: list }))).toEqual({
      type: 'object',
      properties: { to: { type: 'string', description: 'Whom' }, tone: { type: 'string', title: 'Tone' } },
      required: ['to'],
    });
    const template = schemaOf(entry('template', { uriTemplate: 'x://{a}/{+b,c*}{?d:3,a}' }));
    expect(Object.keys(template['properties'] as object)).toEqual(['a', 'b', 'c', 'd']);
    expect(schemaOf(entry('resource', { uri: 'x://y' }))).toEqual({ type: 'object', properties: {} });
  });

  it('is called by the request of its kind', () => {
    const given = { to: 'Ada b' };
    expect(requestOf(entry('tool', {}), given)).toEqual({ method: 'tools/call', params: { name: 'a', arguments: given } });
    expect(requestOf(entry('prompt', {}), given)).toEqual({ method: 'prompts/get', params: { name: 'a', arguments: given } });
    const read = (uri: string): object => ({ method: 'resources/read', params: { uri } });
    expect(requestOf(entry('resource', { uri: 'x://y' }), {})).toEqual(read('x://y'));
    expect(requestOf(entry('template', { uriTemplate: 'x://{to}' }), given)).toEqual(read('x://Ada%20b'));
    expect(requestOf(entry('template', { uriTemplate: 'x://{to}' }), null)).toEqual(read('x://'));
  });

  it('says how far it is, and what it logs', () => {
    expect(noteOf('notifications/progress', { progress: 1, total: 4, message: 'step' })).toBe('1 of 4 step');
    expect(noteOf('notifications/progress', { progress: 2 })).toBe('2');
    expect(noteOf('notifications/message', { data: 'text' })).toBe('text');
    expect(noteOf('notifications/message', { data: { a: 1 } })).toBe('{"a":1}');
    expect(noteOf('notifications/other', {})).toBeUndefined();
  });
});

describe('the questions of a function', () => {
  const question = (key: string, more: Partial<Question> = {}): Question => ({
    ...{ key, method: 'elicitation/create', message: `What is ${key}?`, schema: { type: 'object', properties: {} } },
    ...more,
  });

  it('become one form, and its content becomes their answers', () => {
    const one = [question('a')];
    expect(questionSchema(one)).toEqual({ type: 'object', properties: {} });
    expect(answersOf(one, 'accept', { x: 1 })).toEqual({ a: { action: 'accept', content: { x: 1 } } });
    expect(answersOf(one, 'decline', { x: 1 })).toEqual({ a: { action: 'decline' } });

    const two = [...one, question('b')];
    expect(questionSchema(two)).toMatchObject({
      properties: { a: { description: 'What is a?' }, b: { description: 'What is b?' } },
      required: ['a', 'b'],
    });
    expect(answersOf(two, 'accept', { a: { x: 1 } })).toEqual({
      a: { action: 'accept', content: { x: 1 } },
      b: { action: 'accept' },
    });
  });

  it('cannot be answered by people where they are for a model, or have no form', () => {
    const sampling = question('b', { method: 'sampling/createMessage', schema: undefined });
    expect(unanswerableOf([question('a'), sampling])).toBe(sampling);
    expect(unanswerableOf([question('a')])).toBeUndefined();
  });
});
