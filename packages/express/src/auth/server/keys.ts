/** The keys of the authorization server. All are derived from one secret, so that restarts and replicas agree without storing any. */
import { createPrivateKey, hkdfSync } from 'node:crypto';

/** An Ed25519 key in JWK form, with its private part. */
export interface SigningKey {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  readonly d: string;
  readonly use: 'sig';
  readonly alg: 'EdDSA';
}

/** Keys with one use each. Whoever has one of them cannot compute another. */
export interface OAuthKeys {
  /** Signs access tokens, with HS256. */
  readonly accessTokens: Buffer;
  /** Encrypts what is kept in the state store. */
  readonly sealing: Buffer;
  /** Signs cookies. */
  readonly cookies: string;
  /** Makes the tokens against forged forms. */
  readonly forms: Buffer;
  /** The key that `/oauth/jwks` shows. No token is signed with it; the library and OpenID clients want one. */
  readonly signing: SigningKey;
}

/** What precedes the 32 bytes of an Ed25519 private key in PKCS #8 (RFC 8410). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** Derives the keys. @param secret the secret that signs the tokens of the server */
export function deriveKeys(secret: string): OAuthKeys {
  const derive = (use: string): Buffer => Buffer.from(hkdfSync('sha256', secret, 'mcp-daemon oauth', use, 32));
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, derive('signing')]), format: 'der', type: 'pkcs8' });
  const { x = '', d = '' } = privateKey.export({ format: 'jwk' });
  return {
    accessTokens: derive('access tokens'),
    sealing: derive('sealing'),
    cookies: derive('cookies').toString('base64url'),
    forms: derive('forms'),
    signing: { kty: 'OKP', crv: 'Ed25519', x, d, use: 'sig', alg: 'EdDSA' },
  };
}
