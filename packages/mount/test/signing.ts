/** Makes certificates and PKCS #7 signatures for tests, so that they need no other program. */
import type { KeyObject } from 'node:crypto';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';

/** A value in DER. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(length);
  return Buffer.concat([Buffer.from([tag, 0x84]), size, content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const set = (...parts: readonly Buffer[]): Buffer => der(0x31, ...parts);
const integer = (value: number): Buffer => der(0x02, Buffer.from([value]));
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const time = (text: string): Buffer => der(0x17, Buffer.from(text));

const NAMES = { CN: '550403' } as const;
const SIGNED_DATA = '2a864886f70d010702';
const DATA = '2a864886f70d010701';
const CONTENT_TYPE = '2a864886f70d010903';
const DIGEST = '2a864886f70d010904';
const HASHES = { sha256: '608648016503040201', sha1: '2b0e03021a' } as const;
const ALGORITHMS = { rsa: '2a864886f70d01010b', ec: '2a8648ce3d040302' } as const;

/** A name and a key, with a certificate. */
export interface Person {
  readonly name: string;
  readonly key: KeyObject;
  readonly type: 'rsa' | 'ec';
  readonly certificate: Buffer;
  readonly issuer: string;
  readonly serial: number;
}

const nameOf = (name: string): Buffer => sequence(set(sequence(oid(NAMES.CN), der(0x0c, Buffer.from(name)))));

/**
 * Makes someone with a certificate.
 *
 * @param by who issues it. Default: they themselves
 */
export function person(name: string, type: 'rsa' | 'ec', { by, serial = 1 }: { by?: Person; serial?: number } = {}): Person {
  const pair =
    type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2_048 }) : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = by?.name ?? name;
  const signer = { key: by?.key ?? pair.privateKey, type: by?.type ?? type };
  const algorithm = sequence(oid(ALGORITHMS[signer.type]));
  const body = sequence(
    der(0xa0, integer(2)),
    integer(serial),
    algorithm,
    nameOf(issuer),
    sequence(time('250101000000Z'), time('491231235959Z')),
    nameOf(name),
    pair.publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = der(0x03, Buffer.from([0]), sign('sha256', body, signer.key));
  return { name, key: pair.privateKey, type, certificate: sequence(body, algorithm, signature), issuer, serial };
}

/** How a signature is made. */
export interface SignOptions {
  /** The certificates in it. Default: that of the signer. */
  certificates?: readonly Buffer[];
  /** The content whose digest it has. Default: the one that is signed. */
  digestOf?: Buffer;
  /** Whether the content is signed itself, and not a list with its digest. Default false. */
  direct?: boolean;
  hash?: keyof typeof HASHES;
  /** Signers besides. Default none. */
  more?: readonly Buffer[];
}

/** Signs a content, apart from it. @returns PKCS #7 in DER */
export function signDetached(content: Buffer, by: Person, options: SignOptions = {}): Buffer {
  const { certificates = [by.certificate], digestOf = content, direct = false, hash = 'sha256', more = [] } = options;
  const attributes = [
    sequence(oid(CONTENT_TYPE), set(oid(DATA))),
    sequence(oid(DIGEST), set(der(0x04, createHash(hash).update(digestOf).digest()))),
  ];
  const signature = sign(hash, direct ? content : set(...attributes), by.key);
  const signer = sequence(
    integer(1),
    sequence(nameOf(by.issuer), integer(by.serial)),
    sequence(oid(HASHES[hash])),
    ...(direct ? [] : [der(0xa0, ...attributes)]),
    sequence(oid(ALGORITHMS[by.type])),
    der(0x04, signature),
  );
  const data = sequence(
    integer(1),
    set(sequence(oid(HASHES[hash]))),
    sequence(oid(DATA)),
    der(0xa0, ...certificates),
    set(signer, ...more),
  );
  return sequence(oid(SIGNED_DATA), der(0xa0, data));
}
