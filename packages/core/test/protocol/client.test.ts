import { keptCapabilities, keptClient } from '../../src/protocol/client.js';
import { collectGarbage } from '../support.js';

const LONG = 'x'.repeat(9_000_000);

describe('the kept description of a client', () => {
  it('has only its name, version and title', () => {
    expect(keptClient({ name: 'n', version: '1', title: 'T', description: 'd', icons: [], websiteUrl: 'u' })).toEqual({
      name: 'n',
      version: '1',
      title: 'T',
    });
    expect(keptClient({ name: 5 })).toEqual({ name: '', version: '' });
    for (const value of [undefined, null, 'x', []]) expect(keptClient(value)).toBeUndefined();
  });

  it('is cut if it is long, and does not keep the long text in memory', () => {
    expect(JSON.stringify(keptClient({ name: LONG, version: LONG, title: LONG }))).toHaveLength(
      JSON.stringify({ name: '', version: '', title: '' }).length + 600,
    );
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    // Texts of their own, as a parser makes them.
    const kept = Array.from({ length: 20 }, (_, index) =>
      keptClient(JSON.parse(`{"name":"${String.fromCharCode(97 + index).repeat(4_000_000)}","version":"1"}`)),
    );
    collectGarbage();
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(20_000_000);
    expect(kept).toHaveLength(20);
  });
});

describe('the capabilities that are kept', () => {
  it('are those of the protocol, as they were declared', () => {
    const capabilities = {
      elicitation: { form: {}, url: {} },
      sampling: { tools: {} },
      roots: { listChanged: true },
      tasks: { list: {}, requests: { sampling: { createMessage: {} } } },
      extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html'] } },
      experimental: { mine: { on: true, level: 3, nothing: null } },
    };
    expect(keptCapabilities({ ...capabilities, unheardOf: {}, [LONG]: {} })).toEqual(capabilities);
    expect(keptCapabilities({})).toEqual({});
    expect(keptCapabilities({ roots: null, sampling: undefined })).toEqual({});
  });

  it.each<[string, object]>([
    ['a long text', { experimental: { a: LONG }, elicitation: { form: {} } }],
    ['a long name', { experimental: { [LONG]: {} }, elicitation: { form: {} } }],
    ['many objects', { experimental: { a: Array.from({ length: 100_000 }, () => ({})) }, elicitation: { form: {} } }],
    [
      'many names',
      { experimental: Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [i, {}])), elicitation: { form: {} } },
    ],
    [
      'deep nesting',
      { experimental: JSON.parse(`${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`) as object, elicitation: { form: {} } },
    ],
    ['a prototype', JSON.parse('{"experimental":{"__proto__":{"a":1}},"elicitation":{"form":{}}}') as object],
  ])('are limited if there is %s', (_what, capabilities) => {
    const kept = keptCapabilities(capabilities as never);
    expect(kept.elicitation).toEqual({ form: {} });
    expect(JSON.stringify(kept).length).toBeLessThan(10_000);
    expect(Object.getPrototypeOf(kept['experimental'])).toBe(Object.prototype);
  });
});
