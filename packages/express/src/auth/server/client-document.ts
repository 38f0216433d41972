/**
 * Fetches what a client says about itself: the document at the URL that is its id. Anybody can make this server fetch a URL of their
 * choice, so only public addresses are asked, briefly, and little is read.
 *
 * @see https://datatracker.ietf.org/doc/draft-ietf-oauth-client-id-metadata-document/
 */
import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns';
import { request } from 'node:https';
import type { LookupFunction } from 'node:net';
import { BlockList, isIP } from 'node:net';

import { isObject } from '@mcp-daemon/core';

import { typeOfApplication } from './registration.js';

/** How long the whole request may take, with the look-up of the name. */
const TIMEOUT_MS = 5_000;
const MAX_BYTES = 16_384;

/** Networks that are not on the public internet, by their family. */
const PRIVATE: Readonly<Record<'ipv4' | 'ipv6', readonly (readonly [string, number])[]>> = {
  ipv4: [
    ['0.0.0.0', 8],
    ['10.0.0.0', 8],
    ['100.64.0.0', 10],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['172.16.0.0', 12],
    ['192.0.0.0', 24],
    ['192.0.2.0', 24],
    ['192.88.99.0', 24],
    ['192.168.0.0', 16],
    ['198.18.0.0', 15],
    ['198.51.100.0', 24],
    ['203.0.113.0', 24],
    ['224.0.0.0', 3],
  ],
  ipv6: [
    ['::', 96], // with IPv4 addresses in the old form
    ['::ffff:0:0', 96],
    ['64:ff9b::', 96],
    ['64:ff9b:1::', 48],
    ['100::', 64],
    ['2001::', 23],
    ['2001:db8::', 32],
    ['2002::', 16],
    ['3fff::', 20],
    ['5f00::', 16],
    ['fc00::', 7],
    ['fe80::', 10],
    ['fec0::', 10],
    ['ff00::', 8],
  ],
};

function blockList(family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const [network, bits] of PRIVATE[family]) list.addSubnet(network, bits, family);
  return list;
}

/** One for each family: in a common one, every IPv4 address would be in the network of IPv4 addresses in IPv6 form. */
const NOT_PUBLIC = { ipv4: blockList('ipv4'), ipv6: blockList('ipv6') };

/** Whether an address is on the public internet. */
export function isPublicAddress(address: string): boolean {
  const version = isIP(address);
  if (version === 0) return false;
  const family = version === 6 ? 'ipv6' : 'ipv4';
  return !NOT_PUBLIC[family].check(address, family);
}

/** What tests change. */
export interface ClientDocumentOptions {
  /** Which addresses may be asked. Default: {@link isPublicAddress}. */
  isAllowed?: ((address: string) => boolean) | undefined;
  /** The certificate authority to trust, in PEM. Default: those of Node. */
  ca?: string | undefined;
}

/** Adds what the library needs to know of a document: which redirects a client of that kind may have. */
function completed(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return text; // the library refuses it
  }
  if (!isObject(document) || document['application_type'] !== undefined || !Array.isArray(document['redirect_uris'])) return text;
  return JSON.stringify({ ...document, application_type: typeOfApplication(document['redirect_uris']) });
}

/**
 * Creates the function that fetches documents, in the form that the library wants. It never follows a redirect.
 *
 * @returns a function that rejects where the address is not allowed, or the answer is too slow or too large
 */
export function createDocumentFetch({ isAllowed = isPublicAddress, ca }: ClientDocumentOptions = {}): (
  url: string | URL,
) => Promise<Response> {
  /** Looks up a name, and gives out its allowed addresses alone: the one that is checked is the one that is connected to. */
  const lookUp: LookupFunction = (hostname, options, done) => {
    lookup(hostname, { ...options, all: true }, (error, found: LookupAddress[]) => {
      if (error !== null) return done(error, []);
      const allowed = found.filter(({ address }) => isAllowed(address));
      if (allowed.length === 0 || allowed.length < found.length)
        return done(new Error('the name leads to an address that is not public'), []);
      if (options.all === true) return done(null, allowed);
      const [{ address, family }] = allowed as [LookupAddress];
      return done(null, address, family);
    });
  };

  return (given) =>
    new Promise((resolve, reject) => {
      const url = new URL(given);
      const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
      if (url.protocol !== 'https:') return reject(new Error('only https is fetched'));
      // Node does not look up an address.
      if (isIP(host) !== 0 && !isAllowed(host)) return reject(new Error('the address is not public'));
      const signal = AbortSignal.timeout(TIMEOUT_MS);
      const headers = { accept: 'application/json', 'user-agent': 'mcp-daemon' };
      const req = request(url, { lookup: lookUp, signal, headers, agent: false, ...(ca === undefined ? {} : { ca }) }, (res) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        res.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > MAX_BYTES) res.destroy(new Error(`the document has more than ${MAX_BYTES} bytes`));
          else chunks.push(chunk);
        });
        res.on('error', reject);
        res.on('end', () => {
          const { statusCode: status = 500 } = res;
          const control = res.headers['cache-control'];
          const answer = new Response(status === 200 ? completed(Buffer.concat(chunks)) : null, {
            status: status === 200 ? 200 : 502,
            headers: control === undefined ? {} : { 'cache-control': control },
          });
          resolve(answer);
        });
      });
      req.on('error', reject);
      req.end();
    });
}
