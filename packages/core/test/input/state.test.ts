import fc from 'fast-check';

import type { CarriedState, StateBinding, StateSealer } from '../../src/input/state.js';
import { createStateSealer } from '../../src/input/state.js';
import type { DaemonError } from '../../src/protocol/errors.js';

const binding: StateBinding = { partition: 'default', subject: 'ann', target: 'tool:book', input: { city: 'Rome', nights: 2 } };
const carried: CarriedState = { state: { step: 1 }, inputs: { name: { action: 'accept' } }, rounds: 1 };
const limits = { ttlMs: 1_000, maxBytes: 64_000 };

/** The code of what a function throws. */
function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as DaemonError).code;
  }
  return 'nothing was thrown';
}

const opened = (sealer: StateSealer, sealed: string, other: Partial<StateBinding> = {}): string =>
  codeOf(() => sealer.open({ ...binding, ...other }, sealed));

describe('a sealed state', () => {
  it('returns its content to the request that it was sealed for', () => {
    const sealer = createStateSealer(limits);
    expect(sealer.open(binding, sealer.seal(binding, carried))).toMatchObject(carried);
  });

  it('does not care in which order the members of the arguments come', () => {
    const sealer = createStateSealer(limits);
    const sealed = sealer.seal({ ...binding, input: { a: { x: 1, y: [1, 2] }, b: 2 } }, carried);
    expect(sealer.open({ ...binding, input: { b: 2, a: { y: [1, 2], x: 1 } } }, sealed)).toMatchObject(carried);
    expect(codeOf(() => sealer.open({ ...binding, input: { b: 2, a: { y: [2, 1], x: 1 } } }, sealed))).toBe(
      'invalid_request_state',
    );
  });

  it('cannot be read by the client', () => {
    const sealed = createStateSealer(limits).seal(binding, { ...carried, state: 'the-secret-plan' });
    expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('secret');
  });

  it('is another text each time', () => {
    const sealer = createStateSealer(limits);
    expect(sealer.seal(binding, carried)).not.toBe(sealer.seal(binding, carried));
  });

  it.each<[string, Partial<StateBinding>]>([
    ['another partition', { partition: 'tenant' }],
    ['another subject', { subject: 'bob' }],
    ['another function', { target: 'tool:cancel' }],
    ['another kind of function', { target: 'prompt:book' }],
    ['other arguments', { input: { city: 'Oslo', nights: 2 } }],
    ['no arguments', { input: undefined }],
  ])('is refused to %s', (_who, other) => {
    const sealer = createStateSealer(limits);
    expect(opened(sealer, sealer.seal(binding, carried), other)).toBe('invalid_request_state');
  });

  it('is refused when any one of its characters was changed', () => {
    const sealer = createStateSealer(limits);
    const sealed = sealer.seal(binding, carried);
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.constantFrom(...'AZaz09-_=. '), (at, character) => {
        fc.pre(sealed[at] !== character);
        expect(opened(sealer, sealed.slice(0, at) + character + sealed.slice(at + 1))).toBe('invalid_request_state');
      }),
    );
  });

  it.each(['', 'x', '{}', 'A'.repeat(37), 'A'.repeat(100)])('is refused if it is not a state: %p', (text) => {
    expect(opened(createStateSealer(limits), text)).toBe('invalid_request_state');
  });

  it.each(['=', '\n', ' ', 'AA', '\u0000'])('is refused with something added: %p', (more) => {
    const sealer = createStateSealer(limits);
    expect(opened(sealer, sealer.seal(binding, carried) + more)).toBe('invalid_request_state');
  });

  it('is refused if it is too old', () => {
    let now = 0;
    const sealer = createStateSealer({ ...limits, now: () => now });
    const sealed = sealer.seal(binding, carried);
    now = 1_000;
    expect(sealer.open(binding, sealed)).toMatchObject(carried);
    now = 1_001;
    expect(opened(sealer, sealed)).toBe('invalid_request_state');
  });

  it('is opened by a daemon with the same secret, and by no other', () => {
    const sealed = createStateSealer({ ...limits, secret: 'shared' }).seal(binding, carried);
    expect(createStateSealer({ ...limits, secret: 'shared' }).open(binding, sealed)).toMatchObject(carried);
    expect(opened(createStateSealer({ ...limits, secret: 'other' }), sealed)).toBe('invalid_request_state');
    expect(opened(createStateSealer(limits), sealed)).toBe('invalid_request_state');
  });

  it('has a greatest size, both ways', () => {
    const small = createStateSealer({ ...limits, secret: 's', maxBytes: 300 });
    expect(codeOf(() => small.seal(binding, { ...carried, state: 'x'.repeat(300) }))).toBe('limit_exceeded');
    const large = createStateSealer({ ...limits, secret: 's' }).seal(binding, { ...carried, state: 'x'.repeat(300) });
    expect(opened(small, large)).toBe('invalid_request_state');
  });
});
