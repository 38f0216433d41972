/** Sealed texts: encrypted and authenticated by AES-256-GCM, for what clients carry and for secrets at rest. */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Seals and opens texts with one key. */
export interface Seal {
  /**
   * Encrypts a text.
   *
   * @param bound what belongs to the text without being in it, such as its owner; it must be the same to open it
   * @returns base64url, different at each call
   */
  seal(text: string, bound: string | Uint8Array): string;
  /** Decrypts a text. @returns undefined if it was not sealed with this key, was changed, or is bound to something else */
  open(sealed: string, bound: string | Uint8Array): string | undefined;
}

/**
 * The key for one use of a secret. Keys of different uses open nothing of each other.
 *
 * @param secret processes with the same secret have the same key. Undefined: a random one for this process
 * @param use such as `request state`
 */
export const sealingKey = (secret: string | undefined, use: string): Buffer =>
  secret === undefined ? randomBytes(KEY_BYTES) : createHash('sha256').update(`mcp-daemon ${use}\0`).update(secret).digest();

/** Creates a seal. @param key 32 bytes; see {@link sealingKey} */
export function createSeal(key: Uint8Array): Seal {
  return {
    seal(text, bound) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(CIPHER, key, iv).setAAD(Buffer.from(bound));
      return Buffer.concat([iv, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url');
    },
    open(sealed, bound) {
      const bytes = Buffer.from(sealed, 'base64url');
      // Buffer ignores characters that are not base64url. So encode again and compare: nothing may be added to a sealed text.
      if (bytes.length < IV_BYTES + TAG_BYTES || bytes.toString('base64url') !== sealed) return undefined;
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES)).setAAD(Buffer.from(bound));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      try {
        return decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
      } catch {
        return undefined; // of another key, changed, or bound to something else
      }
    },
  };
}
