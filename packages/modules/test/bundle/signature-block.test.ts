import { guardBundle } from '../../src/bundle/index.js';
import { u32, zipByHand } from './zip-by-hand.js';

const FILES = [{ name: 'manifest.json', content: '{}' }];
const DER = Buffer.from('a signature');

/** The block of a signature. @param size its size with zeros. Default: there are none */
function block(size = 0): Buffer {
  const parts = [Buffer.from('MCPB_SIG_V1'), u32(DER.length), DER, Buffer.from('MCPB_SIG_END')];
  const padding = Math.max(0, size - Buffer.concat(parts).length);
  return Buffer.concat([...parts.slice(0, 3), Buffer.alloc(padding), ...parts.slice(3)]);
}

/** What may have been signed. */
async function signedOf(bytes: Buffer): Promise<Buffer[]> {
  const { signature } = await guardBundle(bytes);
  expect(signature?.der).toEqual(DER);
  return (signature?.signed ?? []).map((pieces) => Buffer.concat(pieces));
}

describe('the signature block of a bundle', () => {
  it('is not there in a bundle without one', async () => {
    expect(await guardBundle(zipByHand(FILES))).not.toHaveProperty('signature');
  });

  it('signs the archive before it', async () => {
    expect(await signedOf(zipByHand(FILES, { tail: block() }))).toEqual([zipByHand(FILES)]);
  });

  it('signs the archive whose comment did not count it yet', async () => {
    expect(await signedOf(zipByHand(FILES, { comment: block() }))).toContainEqual(zipByHand(FILES));
  });

  it('signs the archive whose comment counts it already, and is filled up with zeros', async () => {
    const signed = zipByHand(FILES, { comment: block(16_384) });
    expect(await signedOf(signed)).toContainEqual(signed.subarray(0, -16_384));
  });

  it('is refused with other bytes than zeros behind the signature', async () => {
    const bytes = zipByHand(FILES, { comment: block(16_384) });
    bytes[bytes.length - 100] = 1;
    await expect(guardBundle(bytes)).rejects.toThrow('ends with a signature block whose length is wrong');
  });
});
