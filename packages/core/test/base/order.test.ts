import fc from 'fast-check';

import { compareText } from '../../src/base/order.js';

it('texts are sorted as their bytes in UTF-8 are', () => {
  const text = fc.string({
    unit: fc.oneof(fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }), fc.constantFrom('｡', '😀', '\uE000', 'a')),
  });
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareText(a, b))).toBe(Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b))));
    }),
    { numRuns: 1_000 },
  );
});
