import { jest } from '@jest/globals';
import fc from 'fast-check';

import { createThrottle } from '../../src/auth/throttle.js';

const OPTIONS = { burst: 20, everyMs: 3_000, maxKeys: 10 };

it('the seconds to wait are exact, whatever fractions of milliseconds the clock shows', () => {
  fc.assert(
    fc.property(
      fc.nat(1e9).map((value) => value / 7_919),
      (now) => {
        const clock = jest.spyOn(performance, 'now').mockReturnValue(now);
        const throttle = createThrottle(OPTIONS);
        const taken = Array.from({ length: 22 }, () => throttle.take('a'));
        const spent = [throttle.spend('b', 20), throttle.spend('b', 1), throttle.spend('b', 1)];
        clock.mockRestore();
        expect([taken, spent]).toEqual([
          [...Array<number>(20).fill(0), 3, 3],
          [0, 0, 3],
        ]);
      },
    ),
  );
});
