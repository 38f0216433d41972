/** Which trace a call belongs to: in its record, and for its function to pass on. */
import type { Exchange, JsonObject } from '../../src/index.js';
import { daemonWith, legacy, META, textOf, tool, watchedStore } from '../support.js';

const IDS = '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331';
const MINE = `00-${IDS}-01`;
const OTHER = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00';

const traced = tool('traced', (_args, { traceparent = 'none' }) => traceparent);

/** The trace of a call that is handed over alone: what its function is told, and what its record says. */
async function handled(meta: JsonObject, more: Partial<Exchange> = {}): Promise<[told: string, recorded: string | null]> {
  const { store, rows } = watchedStore();
  const daemon = daemonWith([traced], { store });
  const exchange = { partition: 'default', subject: 'a', signal: new AbortController().signal, notify: () => undefined, ...more };
  const params = { name: 'traced', arguments: {}, _meta: { ...META, ...meta } };
  const answer = await daemon.handle({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }, exchange);
  return [textOf(answer), rows()[0]!.traceparent];
}

describe('a trace', () => {
  it('is that of the request, in the record and for the function', async () => {
    expect(await handled({ traceparent: MINE })).toEqual([MINE, MINE]);
  });

  it('comes from the transport if the request has none', async () => {
    expect(await handled({}, { traceparent: OTHER })).toEqual([OTHER, OTHER]);
    expect(await handled({ traceparent: MINE }, { traceparent: OTHER })).toEqual([MINE, MINE]);
    expect(await handled({ traceparent: 'nonsense' }, { traceparent: OTHER })).toEqual([OTHER, OTHER]);
    expect(await handled({}, { traceparent: undefined })).toEqual(['none', null]);
  });

  it.each([
    ['no text', 5],
    ['an object', { toString: 'x' }],
    ['empty', ''],
    ['cut off', MINE.slice(0, -1)],
    ['without flags', `00-${IDS}`],
    ['in upper case', MINE.toUpperCase()],
    ['of zeros as a trace', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
    ['of zeros as a parent', `00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`],
    ['of the version that is none', `ff-${IDS}-01`],
    ['of version 00 with more behind', `${MINE}-more`],
    ['with a line break behind', `${MINE}\n`],
    ['of a later version, run together', `01-${IDS}-01more`],
    ['two at once', `${MINE}, ${OTHER}`],
  ])('that is %s counts as none', async (_what, traceparent) => {
    expect(await handled({ traceparent })).toEqual(['none', null]);
    if (typeof traceparent === 'string') expect(await handled({}, { traceparent })).toEqual(['none', null]);
  });

  it.each([`01-${IDS}-01`, `cc-${IDS}-01-what-is-to-come`])('of a later version (%s) is read like version 00', async (given) => {
    expect(await handled({ traceparent: given })).toEqual([MINE, MINE]);
  });

  it('is passed to a session with each message, and applies to the whole batch', async () => {
    const { store, rows } = watchedStore();
    const client = await legacy(daemonWith([traced], { store }), { version: '2025-03-26' });
    const call = (id: number): JsonObject => ({ ...client.message('tools/call', { name: 'traced', arguments: {} }, id) });
    expect(textOf(await client.session.receive(call(1), MINE))).toBe(MINE);
    const batch = (await client.session.receive([call(2), call(3)], OTHER)) as unknown[];
    expect(batch.map(textOf)).toEqual([OTHER, OTHER]);
    expect(textOf(await client.session.receive(call(4)))).toBe('none');
    expect(rows().map(({ traceparent }) => traceparent)).toEqual([MINE, OTHER, OTHER, null]);
  });
});
