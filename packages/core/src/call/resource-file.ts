/** Resources that are files: what is in one, as text or as bytes. */
import type { FileBinding } from '../ports/definition.js';
import type { FileSource } from '../ports/files.js';
import type { ResolvedFunction } from '../ports/runner.js';
import { DaemonError } from '../protocol/errors.js';

/** Media types whose files are text. */
const TEXT = /^(text\/|application\/(json|xml|javascript|typescript|yaml|toml|sql|graphql)\b|[^;]*\+(json|xml)\b|image\/svg)/i;

/** The content of a file. Bytes that are not UTF-8 are a blob, whatever their media type says. */
function content(bytes: Uint8Array, mimeType: string | undefined): { text: string } | { blob: Uint8Array } {
  if (mimeType !== undefined && !TEXT.test(mimeType)) return { blob: bytes };
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { blob: bytes };
  }
}

/** The function of a resource that is a file. @throws DaemonError `module_not_found` if this server reads no files */
export function fileFunction({ path, mimeType, read, digest }: FileBinding, files: FileSource | undefined): ResolvedFunction {
  if (read !== undefined) return { call: async () => content(await read(), mimeType), digest: digest ?? null };
  if (files === undefined) throw new DaemonError('module_not_found', `file "${path}": this server does not serve files`);
  return { call: async () => content(await files.read(path), mimeType), digest: null };
}
