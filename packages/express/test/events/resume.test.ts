/** Resuming streams: every event comes exactly once, and missing events are reported. */
import { until } from '../support.js';
import type { Watched } from './support.js';
import { ask, callOf, changed, read, Reader, watch } from './support.js';

/** Makes some events and returns their ids. */
async function idsOf(watched: Watched, count: number): Promise<string[]> {
  const reader = await read(watched);
  for (let uri = 1; uri <= count; uri += 1) watched.daemon.events.publish(changed(uri));
  await until(() => reader.given.length === count);
  reader.leave();
  return reader.given.map(({ id }) => id);
}

describe('a stream that resumes after an id', () => {
  it('sends all later events in order, then live ones', async () => {
    const watched = await watch();
    const ids = await idsOf(watched, 5);
    const reader = await read(watched, 'ada', ids[1]);
    await until(() => reader.ready);
    expect(reader.given).toHaveLength(3);
    watched.daemon.events.publish(changed('live'));
    await until(() => reader.given.length === 4);
    expect(reader.uris).toEqual(['3', '4', '5', 'live']);
    expect(reader.given.slice(0, 3).map(({ id }) => id)).toEqual(ids.slice(2));
  });

  it('takes the id from the URL, unless the browser sends the header', async () => {
    const watched = await watch();
    const ids = await idsOf(watched, 3);
    const path = `/events?lastEventId=${ids[0]}`;
    const first = new Reader(await ask(watched, { path }));
    await until(() => first.given.length === 2);
    const again = new Reader(await ask(watched, { path, headers: { 'last-event-id': ids[1]! } }));
    await until(() => again.given.length === 1);
    expect(again.uris).toEqual(['3']);
  });

  it('misses nothing if the connection was interrupted before the first event', async () => {
    const watched = await watch();
    const first = await read(watched);
    await until(() => first.lastEventId !== '');
    first.leave();
    await until(() => watched.events.streams === 0);
    watched.daemon.events.publish(changed('meanwhile'));
    const again = await read(watched, 'ada', first.lastEventId);
    await until(() => again.given.length === 1);
    expect(again.uris).toEqual(['meanwhile']);
  });

  it('reports every call once, under load and over many interrupted connections', async () => {
    const watched = await watch();
    const session = watched.session('ada');
    const calls = 3_000;
    const seen: string[] = [];
    let reader = await read(watched);
    let connections = 1;
    let calling = true;
    const load = (async () => {
      for (let made = 0; made < calls; made += 20) {
        await Promise.all(Array.from({ length: 20 }, () => callOf(session)));
        await new Promise(setImmediate);
      }
      calling = false;
    })();
    const take = (): void => {
      expect(reader.types).not.toContain('gap');
      seen.push(...reader.given.map(({ data }) => `${String(data['callId'])} ${String(data['type'])}`));
    };
    while (calling) {
      await until(() => reader.given.length > 0 || !calling);
      reader.leave();
      take();
      reader = await read(watched, 'ada', reader.lastEventId);
      connections += 1;
    }
    await load;
    await until(() => seen.length + reader.given.length >= calls * 2);
    take();
    expect(connections).toBeGreaterThan(5);
    expect(seen).toHaveLength(calls * 2);
    expect(new Set(seen).size).toBe(calls * 2);
  });
});

describe('a gap event is sent', () => {
  const gapAfter = async (watched: Watched, id: string): Promise<Reader> => {
    const reader = await read(watched, 'ada', id);
    await until(() => reader.given.length >= 1);
    return reader;
  };

  it('when later events are no longer kept; all events after it are complete', async () => {
    const watched = await watch();
    const [id] = await idsOf(watched, 1);
    for (let uri = 0; uri < 1_001; uri += 1) watched.daemon.events.publish(changed(uri));
    const reader = await gapAfter(watched, id!);
    expect(reader.given).toEqual([{ type: 'gap', id: expect.any(String), data: { type: 'gap', reason: 'too_old' } }]);
    watched.daemon.events.publish(changed('after'));
    const again = await read(watched, 'ada', reader.given[0]!.id);
    await until(() => again.given.length === 1);
    expect(again.uris).toEqual(['after']);
  });

  it('when the id is from the future, from another process, or malformed', async () => {
    const watched = await watch();
    const [id] = await idsOf(watched, 1);
    const other = await idsOf(await watch(), 1);
    expect((await gapAfter(watched, id!.replace(/\d+$/, '99'))).given[0]!.data['reason']).toBe('future');
    for (const strange of [other[0]!, '0-0', 'nonsense', '../../etc', '1'.repeat(4_000)])
      expect((await gapAfter(watched, strange)).given[0]!.data['reason']).toBe('unknown');
  });

  it('without repeating the id of the client', async () => {
    const watched = await watch();
    const path = `/events?lastEventId=${encodeURIComponent('x\ndata: injected\n\nevent: evil')}`;
    const reader = new Reader(await ask(watched, { path }));
    await until(() => reader.given.length === 1);
    expect(reader.types).toEqual(['gap']);
    expect(reader.lastEventId).not.toContain('x');
  });
});
