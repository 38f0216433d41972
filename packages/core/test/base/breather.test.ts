import { setImmediate as turn } from 'node:timers/promises';

import { jest } from '@jest/globals';

import { createBreather } from '../../src/base/breather.js';

/** Blocks the event loop. */
function block(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end;);
}

it('others run between two parts', async () => {
  const breather = createBreather();
  const order: string[] = [];
  setImmediate(() => order.push('other'));
  order.push('part');
  await breather.rest(1);
  order.push('part');
  expect(order).toEqual(['part', 'other', 'part']);
});

it('parts become smaller if they take long, and larger if they are quick, within limits', async () => {
  let time = 0;
  const clock = jest.spyOn(performance, 'now').mockImplementation(() => time);
  try {
    const breather = createBreather({ items: 1_000, most: 3_000 });
    time += 40;
    await breather.rest(1_000);
    expect(breather.items).toBe(250);
    for (let index = 0; index < 5; index += 1) {
      time += 40;
      await breather.rest(breather.items);
    }
    expect(breather.items).toBe(50);
    for (let index = 0; index < 10; index += 1) await breather.rest(1_000_000);
    expect(breather.items).toBe(3_000);
  } finally {
    clock.mockRestore();
  }
});

it('it pauses for longer while others need the event loop', async () => {
  const breather = createBreather();
  let others = true;
  let turns = 0;
  const busy = (async () => {
    while (others) {
      block(2);
      turns += 1;
      await turn();
    }
  })();
  block(2);
  const began = performance.now();
  await breather.rest(1);
  const paused = performance.now() - began;
  others = false;
  await busy;
  // Twice: the turn, and a timer of four times the part.
  expect(paused).toBeGreaterThan(8);
  expect(turns).toBeGreaterThan(1); // more, unless the machine does something else meanwhile
});

it('an aborted signal ends the work, with its reason', async () => {
  const reason = new Error('gone');
  expect(() => createBreather({ signal: AbortSignal.abort(reason) })).toThrow(reason);
  const ending = new AbortController();
  const breather = createBreather({ signal: ending.signal });
  await breather.rest(1);
  ending.abort(reason);
  await expect(breather.rest(1)).rejects.toBe(reason);
});
