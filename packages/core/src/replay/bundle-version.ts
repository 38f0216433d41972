/** A catalog in which the code of one function comes from one version of its bundle. */
import type { CatalogDefinition, LinkBinding } from '../ports/definition.js';
import { DaemonError } from '../protocol/errors.js';

const SHA256 = /^[0-9a-f]{64}$/i;

/**
 * The same catalog, in which the code of a function comes from one version of its bundle.
 *
 * @param name the function. A catalog without it comes back as it is
 * @param digest the SHA-256 of the bundle: the one that is served, or one that a push has replaced and that is still kept
 * @throws DaemonError `usage` if it is no digest, `not_replayable` if the code of the function does not come from a bundle
 */
export function withBundleVersion(definition: CatalogDefinition, name: string, digest: string): CatalogDefinition {
  if (!SHA256.test(digest)) throw new DaemonError('usage', 'must be the SHA-256 of a bundle: 64 hexadecimal digits');
  const found = definition.functions.find((one) => one.name === name);
  if (found === undefined) return definition;
  const { binding } = found;
  if (binding.kind !== 'link' || (binding.source !== 'zip' && binding.source !== 's3' && binding.source !== ''))
    throw new DaemonError('not_replayable', `The code of "${name}" does not come from a bundle.`);
  const pinned: LinkBinding = { ...binding, sha256: digest.toLowerCase() };
  return { ...definition, functions: definition.functions.map((one) => (one === found ? { ...one, binding: pinned } : one)) };
}
