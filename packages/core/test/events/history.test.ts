/** What is kept of a partition for those who come back, and what they are told when it is not all there. */
import type { DaemonEvent, EventBus, EventBusOptions, KeptEvent } from '../../src/events/bus.js';
import { createEventBus } from '../../src/events/bus.js';
import { stopClock } from '../support.js';

const updated = (uri: string | number, partition = 'a'): DaemonEvent => ({
  type: 'resource_updated',
  partition,
  uri: String(uri),
});

const started = (callId: string, partition = 'a'): DaemonEvent => ({
  type: 'call_started',
  partition,
  callId,
  name: 'echo',
  mcp_type: 'tool',
  subject: 'ada',
  revision: '1',
  created_at: 1,
  client: null,
  recorded: true,
});

const busWith = (options: EventBusOptions = {}): EventBus =>
  createEventBus((error) => {
    throw error;
  }, options);

const uris = (kept: readonly KeptEvent[] | string): unknown =>
  typeof kept === 'string' ? kept : kept.map(({ event }) => (event.type === 'resource_updated' ? event.uri : event.type));

const nobody = (): void => undefined;

describe('following', () => {
  it('gets events of calls, which subscribers do not get', () => {
    const bus = busWith();
    const followed: string[] = [];
    const subscribed: string[] = [];
    bus.follow('a', ({ event }) => followed.push(event.type));
    bus.subscribe('a', (event) => subscribed.push(event.type));
    bus.publish(started('1'));
    bus.publish(updated('x'));
    bus.publish(started('2', 'b'));
    expect(followed).toEqual(['call_started', 'resource_updated']);
    expect(subscribed).toEqual(['resource_updated']);
  });

  it('makes the bus listen to calls; a subscriber does not', () => {
    const bus = busWith();
    bus.subscribe('a', nobody);
    expect(bus.listens('a')).toBe(false);
    bus.follow('a', nobody);
    expect(bus.listens('a')).toBe(true);
    expect(bus.listens('b')).toBe(false);
  });

  it('two followers see the same ids, and each may end twice', () => {
    const bus = busWith();
    const ids: string[] = [];
    const follower = ({ id }: KeptEvent): void => void ids.push(id);
    const first = bus.follow('a', follower);
    bus.follow('a', follower);
    bus.publish(updated('x'));
    expect(ids[0]).toBe(ids[1]);
    first.end();
    first.end();
    bus.publish(updated('y'));
    expect(ids).toHaveLength(3);
  });
});

describe('reconnecting', () => {
  it('returns exactly the events after the id', () => {
    const bus = busWith();
    const following = bus.follow('a', nobody);
    const before = following.position;
    for (let uri = 1; uri <= 3; uri += 1) bus.publish(updated(uri));
    expect(uris(following.after(before))).toEqual(['1', '2', '3']);
    const [first] = following.after(before) as KeptEvent[];
    expect(uris(following.after(first!.id))).toEqual(['2', '3']);
    expect(following.after(following.position)).toEqual([]);
  });

  it('reports a gap as soon as an event is no longer kept, not earlier', () => {
    const bus = busWith({ maxKept: 3 });
    const following = bus.follow('a', nobody);
    const positions = [following.position];
    for (let uri = 1; uri <= 7; uri += 1) {
      bus.publish(updated(uri));
      positions.push(following.position);
    }
    expect(positions.map((id) => uris(following.after(id)))).toEqual([
      'too_old',
      'too_old',
      'too_old',
      'too_old',
      ['5', '6', '7'],
      ['6', '7'],
      ['7'],
      [],
    ]);
  });

  it('reports an id of the future, of another history, and a malformed id', () => {
    const bus = busWith();
    const following = bus.follow('a', nobody);
    const [epoch] = following.position.split('-');
    expect(following.after(`${epoch}-1`)).toBe('future');
    expect(following.after(`${epoch}-999999999999999`)).toBe('future');
    const others = [bus.follow('b', nobody).position, busWith().follow('a', nobody).position];
    for (const id of [...others, '', '-', 'x', `${epoch}-`, `${epoch}--1`, `${epoch}-1e3`, `${epoch}-0\n`]) {
      expect(following.after(id)).toBe('unknown');
    }
  });

  it('returns events that happened without followers, for a while', async () => {
    const pass = stopClock();
    const bus = busWith({ lingerMs: 30 });
    const first = bus.follow('a', nobody);
    const { position } = first;
    first.end();
    bus.publish(updated('meanwhile'));
    await pass(29);
    expect(bus.listens('a')).toBe(true);
    const second = bus.follow('a', nobody);
    expect(uris(second.after(position))).toEqual(['meanwhile']);
    await pass(60);
    expect(bus.listens('a')).toBe(true); // the second came in time
    second.end();
    await pass(30);
    expect(bus.listens('a')).toBe(false);
    expect(bus.follow('a', nobody).after(position)).toBe('unknown');
  });
});
