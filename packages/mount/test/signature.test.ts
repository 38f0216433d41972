import { createHash } from 'node:crypto';

import type { McpbSignature } from '../src/mcpb/signature.js';
import { checkSignature } from '../src/mcpb/signature.js';
import { person, signDetached } from './signing.js';

const ARCHIVE = Buffer.from('an archive');
const root = person('Root', 'rsa');
const ann = person('Ann', 'ec', { by: root, serial: 7 });
const check = (der: Buffer, ...contents: readonly Buffer[]): McpbSignature =>
  checkSignature({ der, signed: contents.map((content) => [content.subarray(0, 3), content.subarray(3)]) });

describe('the signature of a bundle', () => {
  it('is none where there is none', () => expect(checkSignature(undefined)).toEqual({ state: 'none' }));

  it.each(['rsa', 'ec'] as const)('is valid with a key of %s, and says who signed', (type) => {
    const by = person('Bob & Co', type);
    expect(check(signDetached(ARCHIVE, by), ARCHIVE)).toEqual({
      state: 'valid',
      signer: 'Bob & Co',
      issuer: 'Bob & Co',
      isSelfSigned: true,
      ends: Date.UTC(2049, 11, 31, 23, 59, 59),
      fingerprint: expect.stringMatching(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/) as string,
    });
  });

  it('is valid where the archive itself is signed, and no list with its digest', () => {
    expect(check(signDetached(ARCHIVE, ann, { direct: true }), ARCHIVE)).toMatchObject({ state: 'valid', signer: 'Ann' });
    expect(check(signDetached(ARCHIVE, ann, { direct: true }), Buffer.from('another'))).toEqual({
      ...{ state: 'broken', problem: 'it was not made with the key of its certificate' },
    });
  });

  it('finds the certificate of the signer among those of issuers', () => {
    const der = signDetached(ARCHIVE, ann, { certificates: [root.certificate, ann.certificate] });
    expect(check(der, ARCHIVE)).toMatchObject({ state: 'valid', signer: 'Ann', issuer: 'Root', isSelfSigned: false });
  });

  it('is not self-signed only because issuer and signer have one name', () => {
    const other = person('Root', 'ec', { by: root, serial: 9 });
    expect(check(signDetached(ARCHIVE, other), ARCHIVE)).toMatchObject({ state: 'valid', isSelfSigned: false });
  });

  it('may be of any of the forms that the archive had', () => {
    expect(check(signDetached(ARCHIVE, ann), Buffer.from('its other form'), ARCHIVE)).toMatchObject({ state: 'valid' });
  });

  it('is broken if the archive was changed', () => {
    const changed = Buffer.from('an archivE');
    expect(check(signDetached(ARCHIVE, ann), changed)).toEqual({
      state: 'broken',
      problem: 'the archive was changed after it was signed',
    });
    // Someone without the key has put the digest of the changed archive in place of the other one.
    const [was, is] = [ARCHIVE, changed].map((content) => createHash('sha256').update(content).digest('hex'));
    const forged = signDetached(ARCHIVE, ann)
      .toString('hex')
      .replace(was ?? '', is ?? '');
    expect(check(Buffer.from(forged, 'hex'), changed)).toEqual({
      state: 'broken',
      problem: 'it was not made with the key of its certificate',
    });
  });

  it('is broken if another key has made it', () => {
    const mallory = { ...ann, key: person('Ann', 'ec').key };
    expect(check(signDetached(ARCHIVE, mallory), ARCHIVE)).toEqual({
      state: 'broken',
      problem: 'it was not made with the key of its certificate',
    });
  });

  it.each<[string, Buffer, string]>([
    [
      'no certificate of the signer',
      signDetached(ARCHIVE, ann, { certificates: [root.certificate] }),
      'has no certificate of its signer',
    ],
    ['SHA-1', signDetached(ARCHIVE, ann, { hash: 'sha1' }), 'is of a kind that is not supported'],
    ['two signers', signDetached(ARCHIVE, ann, { more: [Buffer.from([0x30, 0])] }), 'has several signers'],
    ['an end that is missing', signDetached(ARCHIVE, ann).subarray(0, -1), 'is cut off'],
    ['bytes behind its end', Buffer.concat([signDetached(ARCHIVE, ann), Buffer.from([0])]), 'has bytes behind its end'],
    ['nothing in it', Buffer.alloc(0), 'is cut off'],
    ['another structure', Buffer.from([0x30, 3, 2, 1, 1]), 'has an unknown structure'],
    ['another kind of content', Buffer.from([0x30, 5, 6, 3, 0x55, 4, 3]), 'is no PKCS #7 signature'],
    ['a length without an end', Buffer.from([0x30, 0x80, 0, 0]), 'has a length that is not DER'],
    ['too many bytes', Buffer.alloc(1_000_001), 'is too large'],
  ])('cannot be checked with %s', (_what, der, problem) => {
    expect(check(der, ARCHIVE)).toEqual({ state: 'unknown', problem });
  });

  it('never throws, whichever byte of it is another one', () => {
    const der = signDetached(ARCHIVE, ann);
    const states = new Set<string>();
    for (let at = 0; at < der.length; at += 1) {
      const damaged = Buffer.from(der);
      damaged[at] = (damaged[at] ?? 0) ^ 0xff;
      states.add(check(damaged, ARCHIVE).state);
    }
    expect(states).toContain('broken');
    expect(states).toContain('unknown');
  });
});
