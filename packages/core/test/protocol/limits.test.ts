import type { Limits } from '../../src/protocol/limits.js';
import { withDefaults } from '../../src/protocol/limits.js';

describe('limits', () => {
  it('all have a default', () => {
    for (const value of Object.values(withDefaults())) expect(value).toBeGreaterThan(0);
  });

  it('change the given limits, and keep the others', () => {
    const { pageSize: _given, ...others } = withDefaults();
    expect(withDefaults({ pageSize: 7 })).toEqual({ ...others, pageSize: 7 });
    expect(withDefaults({ pageSize: undefined } as unknown as Partial<Limits>)).toEqual(withDefaults());
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '5', null])('refuse %p, and say which one it was', (value) => {
    expect(() => withDefaults({ maxInFlight: value as number })).toThrow(
      expect.objectContaining({
        code: 'usage',
        message: expect.stringContaining('limits.maxInFlight must be a whole number') as string,
      }) as Error,
    );
  });

  it('refuse a time that is too long for a timer, which would end at once', () => {
    expect(withDefaults({ timeoutMs: 2 ** 31 - 1 }).timeoutMs).toBe(2 ** 31 - 1);
    expect(() => withDefaults({ timeoutMs: 2 ** 31 })).toThrow(/limits\.timeoutMs/);
    expect(withDefaults({ maxResultBytes: 2 ** 31 }).maxResultBytes).toBe(2 ** 31);
  });

  it('refuse an unknown name, and list the known ones', () => {
    expect(() => withDefaults({ timeout: 5 } as unknown as Partial<Limits>)).toThrow(
      /^unknown limit limits\.timeout; the limits are timeoutMs, /,
    );
  });
});
