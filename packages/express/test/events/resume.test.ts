/** Coming back: nothing is missed, nothing is told twice, and where something is missing it is said. */
import { sleep, until } from '../support.js';
import type { Watched } from './support.js';
import { ask, callOf, changed, read, Reader, watch } from './support.js';

/** Some events, and the id of each. */
async function told(watched: Watched, count: number): Promise<string[]> {
  const reader = await read(watched);
  for (let uri = 1; uri <= count; uri += 1) watched.daemon.events.publish(changed(uri));
  await until(() => reader.given.length === count);
  reader.leave();
  return reader.given.map(({ id }) => id);
}

describe('after the id seen last', () => {
  it('everything that came after is told, in order, and then goes on', async () => {
    const watched = await watch();
    const ids = await told(watched, 5);
    const reader = await read(watched, 'ada', ids[1]);
    await until(() => reader.ready);
    expect(reader.given).toHaveLength(3);
    watched.daemon.events.publish(changed('live'));
    await until(() => reader.given.length === 4);
    expect(reader.uris).toEqual(['3', '4', '5', 'live']);
    expect(reader.given.slice(0, 3).map(({ id }) => id)).toEqual(ids.slice(2));
  });

  it('the id may be in the URL; what a browser says by itself goes before it', async () => {
    const watched = await watch();
    const ids = await told(watched, 3);
    const path = `/events?lastEventId=${ids[0]}`;
    const first = new Reader(await ask(watched, { path }));
    await until(() => first.given.length === 2);
    const again = new Reader(await ask(watched, { path, headers: { 'last-event-id': ids[1]! } }));
    await until(() => again.given.length === 1);
    expect(again.uris).toEqual(['3']);
  });

  it('a stream that broke before its first event misses nothing either', async () => {
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

  it('under load, over many broken connections, every call is told once', async () => {
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
        await sleep(1);
      }
      calling = false;
    })();
    const take = (): void => {
      expect(reader.types).not.toContain('gap');
      seen.push(...reader.given.map(({ data }) => `${String(data['callId'])} ${String(data['type'])}`));
    };
    while (calling) {
      await sleep(10);
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

describe('a gap is said', () => {
  const gapAfter = async (watched: Watched, id: string): Promise<Reader> => {
    const reader = await read(watched, 'ada', id);
    await until(() => reader.given.length >= 1);
    return reader;
  };

  it('when what came after is no longer kept, and what comes from then on is complete', async () => {
    const watched = await watch();
    const [id] = await told(watched, 1);
    for (let uri = 0; uri < 1_001; uri += 1) watched.daemon.events.publish(changed(uri));
    const reader = await gapAfter(watched, id!);
    expect(reader.given).toEqual([{ type: 'gap', id: expect.any(String), data: { type: 'gap', reason: 'too_old' } }]);
    watched.daemon.events.publish(changed('after'));
    const again = await read(watched, 'ada', reader.given[0]!.id);
    await until(() => again.given.length === 1);
    expect(again.uris).toEqual(['after']);
  });

  it('when the id is of the future, of another process, or none at all', async () => {
    const watched = await watch();
    const [id] = await told(watched, 1);
    const other = await told(await watch(), 1);
    expect((await gapAfter(watched, id!.replace(/\d+$/, '99'))).given[0]!.data['reason']).toBe('future');
    for (const strange of [other[0]!, '0-0', 'nonsense', '../../etc', '1'.repeat(4_000)])
      expect((await gapAfter(watched, strange)).given[0]!.data['reason']).toBe('unknown');
  });

  it('and never repeats what the client said', async () => {
    const watched = await watch();
    const path = `/events?lastEventId=${encodeURIComponent('x\ndata: injected\n\nevent: evil')}`;
    const reader = new Reader(await ask(watched, { path }));
    await until(() => reader.given.length === 1);
    expect(reader.types).toEqual(['gap']);
    expect(reader.lastEventId).not.toContain('x');
  });
});
