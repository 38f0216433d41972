import type { DaemonEvent, EventBus } from '../../src/events/bus.js';
import { createEventBus } from '../../src/events/bus.js';

const updated = (partition: string, uri: string): DaemonEvent => ({ type: 'resource_updated', partition, uri });

function bus(): { bus: EventBus; errors: unknown[] } {
  const errors: unknown[] = [];
  return { bus: createEventBus((error) => errors.push(error)), errors };
}

describe('the event bus', () => {
  it('tells every listener of the partition, in order, before publish returns', () => {
    const { bus: events } = bus();
    const heard: string[] = [];
    events.subscribe('a', (event) => heard.push(`first ${event.type}`));
    events.subscribe('a', (event) => heard.push(`second ${event.type}`));
    events.publish(updated('a', 'file:///x'));
    expect(heard).toEqual(['first resource_updated', 'second resource_updated']);
  });

  it('reaches no other partition', () => {
    const { bus: events } = bus();
    const heard: DaemonEvent[] = [];
    events.subscribe('a', (event) => heard.push(event));
    events.publish(updated('b', 'file:///x'));
    expect(heard).toEqual([]);
  });

  it('harms no listener with another one that throws', () => {
    const { bus: events, errors } = bus();
    const heard: string[] = [];
    events.subscribe('a', () => {
      throw new Error('mine');
    });
    events.subscribe('a', () => heard.push('told'));
    events.publish(updated('a', 'file:///x'));
    expect(heard).toEqual(['told']);
    expect(errors).toEqual([new Error('mine')]);
  });

  it('does not call a removed listener, even if it is removed twice', () => {
    const { bus: events } = bus();
    const heard: string[] = [];
    const end = events.subscribe('a', () => heard.push('first'));
    end();
    events.subscribe('a', () => heard.push('second'));
    end();
    events.publish(updated('a', 'file:///x'));
    expect(heard).toEqual(['second']);
  });

  it('lets a listener remove itself while it is called', () => {
    const { bus: events } = bus();
    const heard: string[] = [];
    const end = events.subscribe('a', () => {
      heard.push('once');
      end();
    });
    events.subscribe('a', () => heard.push('always'));
    events.publish(updated('a', 'file:///x'));
    events.publish(updated('a', 'file:///x'));
    expect(heard).toEqual(['once', 'always', 'always']);
  });
});
