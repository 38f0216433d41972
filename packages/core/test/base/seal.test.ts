import { createSeal, sealingKey } from '../../src/base/seal.js';

const seal = createSeal(sealingKey('a secret', 'a test'));

it.each(['', 'x', '{"é":"😀"}', 'x'.repeat(100_000)])('a text is opened as it was sealed', (text) => {
  expect(seal.open(seal.seal(text, 'ann'), 'ann')).toBe(text);
});

it('a text is sealed differently each time, in base64url', () => {
  const [one, two] = [seal.seal('x', 'ann'), seal.seal('x', 'ann')];
  expect(one).not.toBe(two);
  expect(one).toMatch(/^[\w-]+$/);
});

it('a text opens with its secret, its use and what it is bound to alone', () => {
  const sealed = seal.seal('x', 'ann');
  expect(createSeal(sealingKey('a secret', 'a test')).open(sealed, 'ann')).toBe('x');
  expect(seal.open(sealed, 'bob')).toBeUndefined();
  expect(createSeal(sealingKey('another', 'a test')).open(sealed, 'ann')).toBeUndefined();
  expect(createSeal(sealingKey('a secret', 'another use')).open(sealed, 'ann')).toBeUndefined();
  expect(createSeal(sealingKey(undefined, 'a test')).open(sealed, 'ann')).toBeUndefined();
});

it('a text that was changed, cut or extended does not open', () => {
  const sealed = seal.seal('some text', 'ann');
  const changed = [...sealed].map((char, at) => sealed.slice(0, at) + (char === 'A' ? 'B' : 'A') + sealed.slice(at + 1));
  for (const other of [...changed, sealed.slice(1), sealed.slice(0, -1), `${sealed}A`, `${sealed}=`, `${sealed}\n`, '', 'AAAA'])
    expect(seal.open(other, 'ann')).toBeUndefined();
});
