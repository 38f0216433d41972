import fc from 'fast-check';

import { wholeSeconds } from '../../src/base/seconds.js';

describe('whole seconds of a time to wait', () => {
  it('are those until the moment, whatever fractions of milliseconds the clock shows', () => {
    fc.assert(
      fc.property(
        fc.nat(1e9).map((value) => value / 7_919),
        fc.integer({ min: 1, max: 100 }),
        (now, seconds) => {
          expect(wholeSeconds(now + seconds * 1_000 - now)).toBe(seconds);
        },
      ),
    );
  });

  it('are not fewer than the wait, and 0 where there is none', () => {
    expect([-5, 0, 1, 999, 1_000, 1_001].map(wholeSeconds)).toEqual([0, 0, 1, 1, 1, 2]);
  });
});
