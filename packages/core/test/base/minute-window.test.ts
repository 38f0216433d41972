import * as fc from 'fast-check';

import { MinuteWindow } from '../../src/base/minute-window.js';

describe('an amount per minute', () => {
  it('is the sum of what was added in the last 60 seconds, counted in whole seconds', () => {
    const step = fc.record({ after: fc.integer({ min: 0, max: 90_000 }), amount: fc.integer({ min: 0, max: 1_000 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 0, max: 1e9 }), (steps, start) => {
        const window = new MinuteWindow();
        const added: [second: number, amount: number][] = [];
        let now = start;
        for (const { after, amount } of steps) {
          now += after;
          window.add(amount, now);
          added.push([Math.floor(now / 1_000), amount]);
          const second = Math.floor(now / 1_000);
          const expected = added.filter(([at]) => at > second - 60).reduce((sum, [, one]) => sum + one, 0);
          expect(window.total(now)).toBeCloseTo(expected, 6);
        }
      }),
    );
  });

  it('says when it is below a limit again, not earlier and not later', () => {
    const step = fc.record({ after: fc.integer({ min: 0, max: 10_000 }), amount: fc.integer({ min: 1, max: 10 }) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 50 }), (steps, limit) => {
        const window = new MinuteWindow();
        let now = 0;
        for (const { after, amount } of steps) window.add(amount, (now += after));
        const begin = Math.floor(now / 1_000) * 1_000;
        const wait = window.untilBelow(limit, now);
        if (wait > 0) expect(window.total(begin + wait - 1_000)).toBeGreaterThanOrEqual(limit);
        expect(window.total(begin + wait)).toBeLessThan(limit);
      }),
    );
  });

  it('may begin with what came before, which goes evenly', () => {
    const window = new MinuteWindow();
    window.addEvenly(120, 5_000);
    expect(window.total(5_000)).toBeCloseTo(120);
    expect(window.total(35_000)).toBeCloseTo(60);
    expect(window.total(65_000)).toBe(0);
  });
});
