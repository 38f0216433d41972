/** The wall clock may jump: limits and cached tokens do not depend on it. */
import { jest } from '@jest/globals';
import fc from 'fast-check';

import { createTokens } from '../../src/auth/local/tokens.js';
import { createThrottle } from '../../src/auth/throttle.js';
import { timeProblem } from '../../src/auth/token-times.js';
import { localAuth, mint, PASSWORD, SECRET } from './support.js';

afterEach(() => jest.restoreAllMocks());

const HOUR = 3_600_000;

describe('a clock that jumps', () => {
  it('changes no limit: the same attempts pass, whatever the wall clock shows', () => {
    const jump = fc.integer({ min: -40 * 24 * HOUR, max: 40 * 24 * HOUR });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 3_000 }), jump), { maxLength: 40 }), (steps) => {
        const run = (jumps: boolean): number[] => {
          let [elapsed, wall] = [0, 1_700_000_000_000];
          const clocks = [
            jest.spyOn(performance, 'now').mockImplementation(() => elapsed),
            jest.spyOn(Date, 'now').mockImplementation(() => wall),
          ];
          const throttle = createThrottle({ burst: 3, everyMs: 1_000, maxKeys: 10 });
          const waits = steps.map(([ms, by]) => {
            elapsed += ms;
            wall += jumps ? by : ms;
            return throttle.take('ann');
          });
          for (const clock of clocks) clock.mockRestore();
          return waits;
        };
        expect(run(true)).toEqual(run(false));
      }),
    );
  });

  it('refuses no user when it goes back: logins and earlier tokens are still accepted', async () => {
    const auth = await localAuth();
    const tokens = await createTokens({ secret: SECRET, issuer: 'mcp-daemon', seconds: 900 });
    const token = await tokens.issue('ann', { roles: ['user'], partitions: ['default'] });
    expect(await tokens.verify(token)).toMatchObject({ subject: 'ann' });
    const earlier = Date.now() - HOUR;
    jest.spyOn(Date, 'now').mockImplementation(() => earlier);
    expect(await tokens.verify(token)).toMatchObject({ subject: 'ann' });
    for (let count = 0; count < 5; count += 1)
      expect(await auth.login('ann', PASSWORD, '10.0.0.1')).toHaveProperty('accessToken');
  });
});

describe('the times of a token', () => {
  const now = Date.now() / 1_000;
  beforeEach(() => void jest.spyOn(Date, 'now').mockReturnValue(now * 1_000));
  it.each<[string, Record<string, number>, string | undefined]>([
    ['all now, with fractions of a second', { iat: now + 0.9, nbf: now + 0.9, exp: now + 60.5 }, undefined],
    ['issued in 55 seconds, by a clock that is ahead', { iat: now + 55, exp: now + 900 }, undefined],
    ['valid in 55 seconds', { iat: now, nbf: now + 55, exp: now + 900 }, undefined],
    ['expired 55 seconds ago', { iat: now - 900, exp: now - 55 }, undefined],
    ['issued in 70 seconds', { iat: now + 70, exp: now + 900 }, 'The token is not valid yet.'],
    ['valid in 70 seconds', { iat: now, nbf: now + 70, exp: now + 900 }, 'The token is not valid yet.'],
    ['expired 61 seconds ago', { iat: now - 900, exp: now - 61 }, 'The token has expired.'],
    ['not a number', { iat: NaN, exp: now }, 'The token is not valid.'],
  ])('have one tolerance of 60 seconds: %s', (_what, { iat = 0, nbf, exp = 0 }, problem) => {
    expect(timeProblem({ iat, nbf, exp })).toBe(problem);
  });

  it('may be fractions of a second, as Python writes them', async () => {
    const auth = await localAuth();
    const token = await mint({ iat: now + 0.25, nbf: now + 1.75, exp: now + 60.5 });
    const req = { headers: { authorization: `Bearer ${token}` }, url: '/mcp', socket: {} };
    expect(await auth.authenticate(req as never)).toMatchObject({ subject: 'ann' });
  });
});
