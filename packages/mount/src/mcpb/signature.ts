/**
 * Checks the signature of an `.mcpb` bundle: a detached PKCS #7 signature (RFC 5652) of the archive. It finds out whether the archive is as
 * it was signed, and what the certificate of the signer says. Who issued the certificate is not checked: Node.js knows no authorities for
 * signed code.
 */
import type { KeyObject } from 'node:crypto';
import { createHash, createVerify, verify, X509Certificate } from 'node:crypto';

import type { DerValue } from './der.js';
import { childrenOf, DerReader, readDer, TAG } from './der.js';

/** A signature, and what it may sign. */
export interface SignedArchive {
  /** PKCS #7 in DER. */
  readonly der: Buffer;
  /** What may have been signed, each as the pieces of its bytes. */
  readonly signed: readonly (readonly Buffer[])[];
}

/** What is known of a signature. */
export type McpbSignature =
  /** The archive has none. */
  | { readonly state: 'none' }
  /** The archive is as it was signed. Times are milliseconds since 1970. */
  | {
      readonly state: 'valid';
      /** The name in the certificate. */
      readonly signer: string;
      /** The name of whoever issued the certificate. */
      readonly issuer: string;
      /** Whether the signer issued the certificate: then anyone can make one with this name. */
      readonly isSelfSigned: boolean;
      /** When the certificate ends. */
      readonly ends: number;
      /** The SHA-256 of the certificate, in hexadecimal digits with colons. */
      readonly fingerprint: string;
    }
  /** The archive was changed after it was signed, or the signature was not made with the key of its certificate. */
  | { readonly state: 'broken'; readonly problem: string }
  /** It cannot be checked. */
  | { readonly state: 'unknown'; readonly problem: string };

/** Object identifiers, as the hexadecimal digits of their DER. */
const OID = {
  signedData: '2a864886f70d010702',
  contentType: '2a864886f70d010903',
  messageDigest: '2a864886f70d010904',
} as const;
const HASHES: Readonly<Record<string, string>> = {
  '608648016503040201': 'sha256',
  '608648016503040202': 'sha384',
  '608648016503040203': 'sha512',
};
/** RSA (PKCS #1 1.5) and ECDSA, with the key that they need. */
const ALGORITHMS: Readonly<Record<string, 'rsa' | 'ec'>> = {
  '2a864886f70d010101': 'rsa',
  '2a864886f70d01010b': 'rsa',
  '2a864886f70d01010c': 'rsa',
  '2a864886f70d01010d': 'rsa',
  '2a8648ce3d040302': 'ec',
  '2a8648ce3d040303': 'ec',
  '2a8648ce3d040304': 'ec',
};

/** Signatures of companies, with all certificates and a time stamp, have less than 20,000 bytes. */
const MAX_BYTES = 1_000_000;

const hex = ({ content }: DerValue): string => content.toString('hex');

/** A signature that does not fit. */
class Broken extends Error {}

/** One signer. */
interface Signer {
  /** Issuer and serial number of the certificate; undefined: it is named in another way. */
  readonly certificate?: { issuer: Buffer; serial: Buffer };
  readonly hash: string;
  readonly key: 'rsa' | 'ec';
  /** What is signed in place of the archive: a list with its digest. */
  readonly attributes?: DerValue;
  readonly signature: Buffer;
}

function signerOf(value: DerValue): Signer {
  const reader = new DerReader(value);
  reader.next(TAG.INTEGER);
  const named = reader.any();
  const [issuer, serial] = named.tag === TAG.SEQUENCE ? childrenOf(named) : [];
  const hash = HASHES[hex(new DerReader(reader.next(TAG.SEQUENCE)).next(TAG.OID))];
  const attributes = reader.optional(TAG.CONTEXT);
  const key = ALGORITHMS[hex(new DerReader(reader.next(TAG.SEQUENCE)).next(TAG.OID))];
  if (hash === undefined || key === undefined) throw new Error('is of a kind that is not supported');
  return {
    ...(issuer === undefined || serial === undefined ? {} : { certificate: { issuer: issuer.whole, serial: serial.content } }),
    ...{ hash, key },
    ...(attributes === undefined ? {} : { attributes }),
    signature: reader.next(TAG.OCTETS).content,
  };
}

/** Reads a signature with one signer. @throws Error that says why it cannot be read */
function readSignature(der: Buffer): { type: string; signer: Signer; certificates: X509Certificate[] } {
  const outer = new DerReader(readDer(der));
  if (hex(outer.next(TAG.OID)) !== OID.signedData) throw new Error('is no PKCS #7 signature');
  const data = new DerReader(childrenOf(outer.next(TAG.CONTEXT))[0] ?? { tag: 0, whole: der, content: der });
  data.next(TAG.INTEGER);
  data.next(TAG.SET);
  const type = hex(new DerReader(data.next(TAG.SEQUENCE)).next(TAG.OID));
  const given = data.optional(TAG.CONTEXT);
  data.optional(TAG.CONTEXT + 1);
  const [first, ...others] = childrenOf(data.next(TAG.SET));
  if (first === undefined) throw new Error('has no signer');
  if (others.length > 0) throw new Error('has several signers');
  const certificates = given === undefined ? [] : childrenOf(given).filter(({ tag }) => tag === TAG.SEQUENCE);
  return { type, signer: signerOf(first), certificates: certificates.map(({ whole }) => new X509Certificate(whole)) };
}

/** Whether a certificate is the one that a signer names. */
function isNamed({ raw }: X509Certificate, { certificate }: Signer): boolean {
  if (certificate === undefined) return true;
  const body = new DerReader(new DerReader(readDer(raw)).next(TAG.SEQUENCE));
  body.optional(TAG.CONTEXT);
  const serial = body.next(TAG.INTEGER).content;
  body.next(TAG.SEQUENCE);
  return serial.equals(certificate.serial) && body.next(TAG.SEQUENCE).whole.equals(certificate.issuer);
}

/** The value of an attribute that is signed. @throws Broken if it is missing, or not there once */
function attributeOf(attributes: DerValue, type: string): Buffer {
  const found = childrenOf(attributes).map((one) => new DerReader(one));
  const values = found.flatMap((one) => (hex(one.next(TAG.OID)) === type ? childrenOf(one.next(TAG.SET)) : []));
  const [value, ...others] = values;
  if (value === undefined || others.length > 0) throw new Broken('it does not say what was signed');
  return value.content;
}

/** Whether the archive, or the list with its digest, was signed with a key. @throws Broken if the archive has another digest */
function isSignedWith(key: KeyObject, signer: Signer, type: string, signed: SignedArchive['signed']): boolean {
  const { attributes, hash, signature } = signer;
  if (key.asymmetricKeyType !== signer.key) return false;
  if (attributes === undefined)
    return signed.some((pieces) =>
      pieces.reduce((check, piece) => check.update(piece), createVerify(hash)).verify(key, signature),
    );
  const digests = signed.map((pieces) => pieces.reduce((digest, piece) => digest.update(piece), createHash(hash)).digest());
  const expected = attributeOf(attributes, OID.messageDigest);
  if (!digests.some((digest) => digest.equals(expected))) throw new Broken('the archive was changed after it was signed');
  if (attributeOf(attributes, OID.contentType).toString('hex') !== type) throw new Broken('it does not say what was signed');
  // What is signed is the list as a set, and not as the member of a structure.
  const list = Buffer.from(attributes.whole);
  list[0] = TAG.SET;
  return verify(hash, list, key, signature);
}

/** The name in a subject or an issuer of a certificate. */
function nameIn(text: string): string {
  const lines = text.split('\n');
  const found = ['CN=', 'O='].map((key) => lines.find((line) => line.startsWith(key))?.slice(key.length));
  return found.find((name) => name !== undefined && name !== '') ?? 'no name';
}

/**
 * Checks a signature.
 *
 * @param archive the signature, and what it may sign; undefined: the archive has none
 */
export function checkSignature(archive: SignedArchive | undefined): McpbSignature {
  if (archive === undefined) return { state: 'none' };
  if (archive.der.length > MAX_BYTES) return { state: 'unknown', problem: 'is too large' };
  try {
    const { type, signer, certificates } = readSignature(archive.der);
    const named = certificates.filter((one) => isNamed(one, signer));
    if (named.length === 0) return { state: 'unknown', problem: 'has no certificate of its signer' };
    const certificate = named.find(({ publicKey }) => isSignedWith(publicKey, signer, type, archive.signed));
    if (certificate === undefined) throw new Broken('it was not made with the key of its certificate');
    const { subject, issuer, fingerprint256: fingerprint, validTo, publicKey } = certificate;
    return {
      state: 'valid',
      signer: nameIn(subject),
      issuer: nameIn(issuer),
      isSelfSigned: subject === issuer && certificate.verify(publicKey),
      ends: Date.parse(validTo),
      fingerprint,
    };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { state: error instanceof Broken ? 'broken' : 'unknown', problem };
  }
}
